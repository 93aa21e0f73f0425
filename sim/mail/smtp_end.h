/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SMTP_END_H
#define SIM_MAIL_SMTP_END_H

/* What looks like the end of the data and is none. Only CRLF "." CRLF ends it (RFC 5321 4.1.1.4);
 * a server that also takes one of these, behind a server that lets it through, can be made to see
 * two messages where the first saw one (SMTP smuggling). The server recognises them, and the
 * smuggler of sim/attack tries them. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum smtp_end {
  SMTP_END_LF_LF,
  SMTP_END_LF_CR,
  SMTP_END_LF_CRLF,
  SMTP_END_CR_LF,
  SMTP_END_CR_CR,
  SMTP_END_CR_CRLF,
  SMTP_END_CRLF_LF,
  SMTP_END_CRLF_CR,
  SMTP_END_LF_CRCRLF,
  SMTP_END_CRLF_CRCRLF,
  SMTP_END_CRCRLF_CRCRLF,
  SMTP_END_NUL_BEFORE,
  SMTP_END_NUL_BEHIND,
  SMTP_N_ENDS
};

enum {
  SMTP_END_OCTETS_MAX = 8, /* the longest, and one octet before it */
  SMTP_ENDS_ALL = (1 << SMTP_N_ENDS) - 1,
};

struct smtp_end_look {
  const char *name;   /* "LF.LF", as in scenarios and events */
  const char *octets; /* with its dot */
  size_t n_octets;
};
extern const struct smtp_end_look smtp_ends[SMTP_N_ENDS];

/* The row of that name, SMTP_N_ENDS when there is none. */
enum smtp_end smtp_end_find(const char *name);
/* What the octets tail[0..n) (the newest last) end with, when `next` follows; SMTP_N_ENDS for
 * nothing. `next` is -1 when it is not known: then only what ends with LF is found, since a CR may
 * be the first half of CRLF. */
enum smtp_end smtp_end_match(const uint8_t *tail, size_t n, int next);

#endif
