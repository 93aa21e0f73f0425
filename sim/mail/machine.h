/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_MACHINE_H
#define SIM_MAIL_MACHINE_H

/* What the bodies of all endpoints share: the head's life, octets out, events, and the cutting of
 * what comes in into lines. */
#include "sim/mail/endpoint.h"

enum {
  /* A client that never reads must not make its server grow without end: the binding stops feeding
   * input while this much waits in `out`. */
  MACHINE_OUT_MAX = 1 << 20,
};

#define MACHINE_SECOND INT64_C(1000000000)

void machine_init(struct endpoint *e, const struct endpoint_ops *ops);
void machine_clear(struct endpoint *e);
void machine_send(struct endpoint *e, const void *p, size_t n);
void machine_printf(struct endpoint *e, const char *format, ...) G_GNUC_PRINTF(2, 3);
void machine_emit(struct endpoint *e, const char *key, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* ---- lines ---- */
struct lines {
  GByteArray *held; /* octets that came and are not yet taken */
  size_t at;        /* taken up to here */
  size_t scanned;   /* no LF before here */
  size_t max;       /* octets of a line with its end */
  bool skipping;    /* inside a line that is too long */
};

enum lines_got {
  LINES_MORE,     /* no whole line yet */
  LINES_ONE,      /* a line; *n is without its line end */
  LINES_BARE,     /* as LINES_ONE, but a CR or LF stands alone in it or at its end */
  LINES_TOO_LONG, /* said once per line, as soon as it is known; the rest of the line is thrown away
                   */
};

void lines_init(struct lines *l, size_t max);
void lines_clear(struct lines *l);
void lines_feed(struct lines *l, const uint8_t *p, size_t n);
/* The next line; *p is valid until the next lines_feed(). */
enum lines_got lines_next(struct lines *l, const uint8_t **p, size_t *n);
/* Takes up to `max` octets without looking for lines (message content, literals). */
size_t lines_take(struct lines *l, size_t max, const uint8_t **p);
/* Octets that wait. */
size_t lines_waiting(const struct lines *l);

/* ---- TLS begun inside the protocol ---- */

/* At the go-ahead: what is here already came in clear and may be somebody else's. It is thrown away
 * and told (RFC 3207 4.2, 9051 6.2.1; CVE-2011-0411). With `keeps`, on purpose for a lesson, it is
 * told and stays. */
void machine_forget_clear(struct endpoint *e, struct lines *l, bool keeps);
/* A client is not offered TLS, or is refused it: told. True when it goes on in clear. */
bool machine_goes_on_clear(struct endpoint *e, enum tls_use use);

#endif
