/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_ENDPOINTS_SCRIPT_IMAP_H
#define TESTS_ENDPOINTS_SCRIPT_IMAP_H

/* Lines of a dialogue that set up an IMAP server and its store:
 *
 *     imap offers-tls needs-tls literal-minus     switches of the server
 *     quota bob 1000 3                            octets and messages; 0: none
 *     share team alice,bob carol                  Shared/team, its members, its readers */
#include "sim/mail/imap.h"

/* Obeys the line, or says false. */
bool script_imap_line(struct imap_server_config *config, struct store *store, const char *line);

#endif
