/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_NET_PACKETDRILL_H
#define TESTS_NET_PACKETDRILL_H

#include <glib.h>
#include <stdbool.h>

/* Runs one timed script against a struct tcp_conn in virtual time; the notation is described in
 * packetdrill.c. False with error "FILE:LINE: what was expected and what came". */
bool packetdrill_run(const char *path, GError **error);

#endif
