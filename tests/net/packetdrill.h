/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_NET_PACKETDRILL_H
#define TESTS_NET_PACKETDRILL_H

#include <glib.h>
#include <stdbool.h>

/* Runs one timed script against a struct tcp_stack in virtual time, over IP `version` 4 or 6; the
 * notation is described in packetdrill.c. False with error "FILE:LINE: what was expected and what
 * came". */
bool packetdrill_run(const char *path, unsigned version, GError **error);

/* What a script is about, from its comment and settings. */
struct packetdrill_about {
  char *section; /* "RFC 9293 3.10.5", the first one that is named; NULL: none */
  bool runs_on_v4, runs_on_v6;
};
/* False when the file cannot be read. Free `section`. */
bool packetdrill_about(const char *path, struct packetdrill_about *out);

#endif
