/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_VERDICT_H
#define CAPTURE_FILTER_VERDICT_H

/* Three-valued answers of many frames at once. Private to this folder.
 *
 *     bit 0: may be true    bit 1: may be false    both: open
 *
 * So and, or, xor, not are operations on bits, and a loop over octets makes many at a time. All
 * loops run over a whole block, whose length the compiler knows. */
#include <stdbool.h>
#include <stdint.h>

enum { VERDICT_BLOCK = 256 }; /* frames at a time: their records fit into the first cache */

enum verdict {
  VERDICT_UNASKED = 0,
  VERDICT_TRUE = 1,
  VERDICT_FALSE = 2,
  VERDICT_OPEN = 3, /* pass 2 has to say */
};

static inline uint8_t
verdict_and(uint8_t a, uint8_t b)
{
  return (uint8_t)((a & b & VERDICT_TRUE) | ((a | b) & VERDICT_FALSE));
}

static inline uint8_t
verdict_or(uint8_t a, uint8_t b)
{
  return (uint8_t)(((a | b) & VERDICT_TRUE) | (a & b & VERDICT_FALSE));
}

static inline uint8_t
verdict_not(uint8_t a)
{
  return (uint8_t)((a & VERDICT_TRUE) << 1 | (a & VERDICT_FALSE) >> 1);
}

static inline uint8_t
verdict_xor(uint8_t a, uint8_t b)
{
  return verdict_or(verdict_and(a, verdict_not(b)), verdict_and(verdict_not(a), b));
}

static inline void
verdicts_and(uint8_t *restrict a, const uint8_t *restrict b)
{
  for (int i = 0; i < VERDICT_BLOCK; i++)
    a[i] = verdict_and(a[i], b[i]);
}

static inline void
verdicts_or(uint8_t *restrict a, const uint8_t *restrict b)
{
  for (int i = 0; i < VERDICT_BLOCK; i++)
    a[i] = verdict_or(a[i], b[i]);
}

static inline void
verdicts_xor(uint8_t *restrict a, const uint8_t *restrict b)
{
  for (int i = 0; i < VERDICT_BLOCK; i++)
    a[i] = verdict_xor(a[i], b[i]);
}

/* Open where b says so (and 0 elsewhere). */
static inline void
verdicts_or_open(uint8_t *restrict a, const uint8_t *restrict b)
{
  for (int i = 0; i < VERDICT_BLOCK; i++)
    a[i] |= b[i];
}

static inline void
verdicts_not(uint8_t *a)
{
  for (int i = 0; i < VERDICT_BLOCK; i++)
    a[i] = verdict_not(a[i]);
}

/* How many of the first n are this one. */
static inline uint32_t
verdicts_count(const uint8_t *a, uint32_t n, enum verdict v)
{
  uint32_t count = 0;
  if (n == VERDICT_BLOCK)
    for (int i = 0; i < VERDICT_BLOCK; i++)
      count += a[i] == v;
  else
    for (uint32_t i = 0; i < n; i++)
      count += a[i] == v;
  return count;
}

#endif
