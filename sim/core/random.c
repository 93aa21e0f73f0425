/* SPDX-License-Identifier: GPL-3.0-or-later */
/* random.c -- counter-based random streams: number i of a stream is a keyed hash of i.
 *
 * The key comes from (seed, host, purpose), so drawing more in one place changes nothing in
 * another, and adding a host to a scenario leaves the other hosts' numbers as they were. The hash
 * is SipHash-2-4 (Aumasson and Bernstein, 2012); it also serves RFC 6528's initial sequence
 * numbers. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/core/world.h"

static inline uint64_t
rotate(uint64_t v, unsigned n)
{
  return v << n | v >> (64 - n);
}

static inline void
sip_round(uint64_t v[4])
{
  v[0] += v[1];
  v[1] = rotate(v[1], 13) ^ v[0];
  v[0] = rotate(v[0], 32);
  v[2] += v[3];
  v[3] = rotate(v[3], 16) ^ v[2];
  v[0] += v[3];
  v[3] = rotate(v[3], 21) ^ v[0];
  v[2] += v[1];
  v[1] = rotate(v[1], 17) ^ v[2];
  v[2] = rotate(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t m)
{
  v[3] ^= m;
  sip_round(v);
  sip_round(v);
  v[0] ^= m;
}

uint64_t
random_hash(const uint64_t key[2], const uint8_t *p, size_t n)
{
  uint64_t v[4] = {key[0] ^ UINT64_C(0x736f6d6570736575), key[1] ^ UINT64_C(0x646f72616e646f6d),
                   key[0] ^ UINT64_C(0x6c7967656e657261), key[1] ^ UINT64_C(0x7465646279746573)};
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    sip_word(v, get_le64(p + i));
  uint8_t rest[8] = {0};
  if (n > i)
    memcpy(rest, p + i, n - i);
  sip_word(v, get_le64(rest) | (uint64_t)n << 56);
  v[2] ^= 0xff;
  for (int r = 0; r < 4; r++)
    sip_round(v);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct random_stream
world_random(const struct world *w, uint32_t host, const char *purpose)
{
  const uint64_t seed_key[2] = {world_seed(w), host};
  const uint64_t other_key[2] = {~world_seed(w), host};
  const uint8_t *p = (const uint8_t *)purpose;
  size_t n = strlen(purpose);
  return (struct random_stream){.key = {random_hash(seed_key, p, n), random_hash(other_key, p, n)}};
}

uint64_t
random_next(struct random_stream *r)
{
  uint8_t octets[8];
  put_be64(octets, r->counter++);
  return random_hash(r->key, octets, sizeof octets);
}

uint64_t
random_below(struct random_stream *r, uint64_t bound)
{
  g_assert(bound > 0);
  /* Values below 2^64 mod bound would make small results likelier. */
  uint64_t least = -bound % bound;
  for (;;) {
    uint64_t v = random_next(r);
    if (v >= least)
      return v % bound;
  }
}

void
random_octets(struct random_stream *r, uint8_t *out, size_t n)
{
  for (size_t i = 0; i < n; i += 8) {
    uint8_t octets[8];
    put_be64(octets, random_next(r));
    memcpy(out + i, octets, MIN(n - i, 8));
  }
}
