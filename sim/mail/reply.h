/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_REPLY_H
#define SIM_MAIL_REPLY_H

/* Knows whose turn it is in a dialogue that somebody types: it reads along what was typed to a
 * server and what came back, and says when the server owes nothing more. It judges nothing: illegal
 * commands are followed as well as legal ones.
 *
 *     SMTP   a reply ends with "250 text" (RFC 5321 4.2.1); content behind 354 is owed nothing
 * until CRLF.CRLF, a BDAT chunk is part of its command; LMTP owes a reply per recipient POP3   one
 * line, or lines to "." for LIST, RETR… when they say +OK (RFC 1939 3) IMAP   the line with the
 * command's tag; "+" when a literal, AUTHENTICATE or IDLE goes on (RFC 3501 7) */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum reply_protocol {
  REPLY_LINE, /* unknown: any line is an answer */
  REPLY_SMTP,
  REPLY_LMTP,
  REPLY_POP3,
  REPLY_IMAP,
  REPLY_N_PROTOCOLS
};

enum {
  REPLY_TEXT_MAX = 64 << 10,   /* what is kept of an answer, for who looks into it */
  REPLY_LINE_MAX = 64 << 10,   /* of the server; of a longer one only the head is looked at */
  REPLY_PENDING_MAX = 1 << 16, /* commands that were typed and not answered */
};

/* "smtp", "lmtp", "pop3", "imap"; REPLY_LINE for others. */
enum reply_protocol reply_protocol_find(const char *name);
/* By the standard ports of mail. */
enum reply_protocol reply_protocol_of_port(uint16_t port);

struct reply_watch;

/* A connection begins: a greeting is owed. */
struct reply_watch *reply_watch_new(enum reply_protocol protocol);
void reply_watch_free(struct reply_watch *w);

/* Octets in the order in which they left and came, in pieces of any size. */
void reply_watch_typed(struct reply_watch *w, const uint8_t *p, size_t n);
void reply_watch_heard(struct reply_watch *w, const uint8_t *p, size_t n);
/* True when the server owes nothing: it is the turn of who types. */
bool reply_watch_is_settled(const struct reply_watch *w);
/* What came since something was typed last, at most REPLY_TEXT_MAX octets of it, NUL-terminated (a
 * NUL that came is a space); borrowed until the next call. */
const char *reply_watch_text(const struct reply_watch *w);
/* Nothing is owed any more: TLS begins, or who types does not want to wait. */
void reply_watch_forgive(struct reply_watch *w);

#endif
