/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_COMPOSE_H
#define SIM_MAIL_COMPOSE_H

/* Writes a message as a mail program does. The same input and random stream give the same octets.
 */
#include <glib.h>

#include "sim/core/world.h"

struct compose_person {
  const char *name; /* or NULL */
  const char *address;
};

struct compose_letter {
  struct compose_person from;
  const struct compose_person *to;
  unsigned n_to;
  const char *subject;         /* UTF-8 */
  const char *text;            /* UTF-8, LF or CRLF */
  bool is_8bit;                /* text beyond ASCII goes as it is (RFC 6152), not in base64 */
  const char *attachment_name; /* NULL: none */
  const char *attachment_type; /* "text/plain"; NULL: application/octet-stream */
  GBytes *attachment;
};

/* The octets, with CRLF line ends. */
GBytes *compose_message(const struct compose_letter *letter, int64_t now_ns,
                        struct random_stream *random);

#endif
