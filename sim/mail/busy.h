/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_BUSY_H
#define SIM_MAIL_BUSY_H

/* The server machine of a host that has too many connections: says so in place of a greeting, in
 * the words of its protocol, and hangs up. RFC 5321 3.8 (421), 1939 3 (-ERR), 3501 7.1.5 (BYE). */
#include "sim/mail/endpoint.h"

/* `protocol` is that of endpoint_ops ("smtp", "lmtp", "pop3", "imap"), a literal; `name` (copied)
 * is what the server calls itself. */
struct endpoint *busy_server_new(const char *protocol, const char *name);

#endif
