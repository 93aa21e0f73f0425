/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_CORE_RANDOM_H
#define SIM_CORE_RANDOM_H

/* Randomness that repeats: streams that count, and the keyed hash under them. Knows no world; a
 * world hands out one stream per (seed, host, purpose). */
#include <stddef.h>
#include <stdint.h>

struct random_stream {
  uint64_t key[2];
  uint64_t counter;
};
uint64_t random_next(struct random_stream *r);
/* 0 <= value < bound, without bias. */
uint64_t random_below(struct random_stream *r, uint64_t bound);
void random_octets(struct random_stream *r, uint8_t *out, size_t n);
/* SipHash-2-4 of n octets: the keyed function of RFC 6528. */
uint64_t random_hash(const uint64_t key[2], const uint8_t *p, size_t n);

#endif
