/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_COMPOSE_H
#define SIM_MAIL_COMPOSE_H

/* Writes a message as a mail program does. The same input and random stream give the same octets.
 */
#include <glib.h>
#include <stdbool.h>

#include "sim/core/world.h"

struct compose_person {
  const char *name; /* or NULL */
  const char *address;
};

/* How text that is not all ASCII travels (RFC 2045 6). */
enum compose_encoding {
  COMPOSE_BASE64,
  COMPOSE_QUOTED_PRINTABLE,
  COMPOSE_8BIT, /* needs 8BITMIME on the way (RFC 6152) */
};

struct compose_attachment {
  const char *name;       /* any language: RFC 2231 where it needs it; NULL: none */
  const char *type;       /* "text/plain"; NULL: application/octet-stream */
  const char *content_id; /* inline, for "cid:…" in the HTML; NULL: an attachment */
  GBytes *octets;
};

struct compose_letter {
  struct compose_person from;
  const struct compose_person *to, *cc;
  unsigned n_to, n_cc;
  const struct compose_person *reply_to; /* or NULL */
  const char *in_reply_to;               /* the message-id that is answered, without <>; or NULL */
  const char *references;                /* ids with <> before it, or NULL */
  const char *subject;                   /* UTF-8 */
  const char *text;                      /* UTF-8, LF or CRLF */
  const char *html;                      /* a second form of the text, or NULL */
  const char *charset;                   /* "tis-620" for one; NULL: UTF-8 */
  enum compose_encoding encoding;
  const struct compose_attachment *attachments;
  unsigned n_attachments;
};

/* Can the text be written in that charset? */
bool compose_can_say(const char *text, const char *charset);

/* The octets, with CRLF line ends. */
GBytes *compose_message(const struct compose_letter *letter, int64_t now_ns,
                        struct random_stream *random);

#endif
