/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_OVERHEAR_H
#define SIM_ATTACK_OVERHEAR_H

/* What a passive listener understands of one mail conversation: octets of both sides in order go
 * in, facts come out. It changes nothing and knows nothing but these octets (capture/wire only).
 *
 *   service      the greeting               user, password, digest, token, anonymous   with the
 * mechanism login        accepted or refused        sender, recipient, from, to, subject       of
 * mail size         octets of a message        tls, server-name                           versions,
 * cipher, SNI hidden       what TLS leaves to see: octets and records each way */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum overhear_side { OVERHEAR_CLIENT, OVERHEAR_SERVER };

enum {
  OVERHEAR_LINE_MAX = 16384,  /* longer lines are cut */
  OVERHEAR_VALUE_MAX = 200,   /* octets of one fact */
  OVERHEAR_HEADER_MAX = 8192, /* octets of a literal that are looked at */
};

typedef void (*overhear_learnt)(void *data, const char *kind, const char *text);

struct overhear;

struct overhear *overhear_new(overhear_learnt learnt, void *data);
void overhear_feed(struct overhear *o, enum overhear_side side, const uint8_t *p, size_t n);
/* Octets are missing: the line they stood in is given up. */
void overhear_gap(struct overhear *o, enum overhear_side side);
/* The conversation is over: tells what TLS hid. */
void overhear_end(struct overhear *o);
void overhear_free(struct overhear *o);

#endif
