/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_OPENING_H
#define CAPTURE_TRACE_OPENING_H

/* What one side of a mail connection has said before TLS, kept for as long as an attacker may want
 * to keep the two from it: who forges an answer cannot take back the true one, which comes later in
 * the same place of the stream. */
#include <stdint.h>

enum {
  OPENING_OCTETS_MAX = 2048, /* a list of capabilities and some lines; then the oldest go */
  /* A keep-alive repeats one octet of any value (RFC 9293 3.8.4), and a damaged segment differs
   * from its repetition in a few; a forged line differs in more. */
  OPENING_DIFFERENT_MIN = 4,
};

struct opening {
  uint64_t first; /* offset of octets[0] in the stream */
  uint8_t *octets;
  uint32_t n_octets, room;
};

/* The next octets of the side were delivered. */
void opening_add(struct opening *o, uint64_t offset, const uint8_t *p, uint32_t n);
/* These octets came again, or others for the same place: how many differ, counting only places that
 * are still known. */
uint32_t opening_compare(const struct opening *o, uint64_t offset, const uint8_t *p, uint32_t n);
uint32_t opening_count(const uint8_t *a, const uint8_t *b, uint32_t n);
void opening_clear(struct opening *o);

#endif
