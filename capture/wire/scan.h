/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_WIRE_SCAN_H
#define CAPTURE_WIRE_SCAN_H

/* Looks for octets and pairs of them in the text of messages, many places at a time: most of a capture of
 * mail is text in which nothing is to be found. The vectors are those of gcc and clang; they become
 * whatever the machine has. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t scan_octets __attribute__((vector_size(16)));
enum { SCAN_STEP = 16 };

/* Octets that are not 0 at p + i where LF has no CR before it, or something else has. */
static inline scan_octets
scan_ends(const uint8_t *p)
{
  scan_octets here, before;
  memcpy(&here, p, sizeof here);
  memcpy(&before, p - 1, sizeof before);
  return (scan_octets)((here == '\n') ^ (before == '\r'));
}

static inline bool
scan_any(scan_octets v)
{
  uint64_t half[2];
  memcpy(half, &v, sizeof half);
  return (half[0] | half[1]) != 0;
}

/* The first i of from..n-1 at which LF has no CR before it, or something else has, or n. from > 0.
 */
static inline size_t
scan_bare_end(const uint8_t *p, size_t from, size_t n)
{
  size_t i = from;
  for (; i + 4 * SCAN_STEP <= n; i += 4 * SCAN_STEP)
    if (scan_any(scan_ends(p + i) | scan_ends(p + i + SCAN_STEP) |
                 scan_ends(p + i + 2 * SCAN_STEP) | scan_ends(p + i + 3 * SCAN_STEP)))
      break;
  while (i + SCAN_STEP <= n && !scan_any(scan_ends(p + i)))
    i += SCAN_STEP;
  while (i < n && (p[i] == '\n') == (p[i - 1] == '\r'))
    i++;
  return i;
}

static inline scan_octets
scan_load(const uint8_t *p)
{
  scan_octets v;
  memcpy(&v, p, sizeof v);
  return v & 0x80;
}

/* The first i of 0..n-1 at which an octet beyond ASCII stands, or n. */
static inline size_t
scan_high(const uint8_t *p, size_t n)
{
  size_t i = 0;
  for (; i + 4 * SCAN_STEP <= n; i += 4 * SCAN_STEP)
    if (scan_any(scan_load(p + i) | scan_load(p + i + SCAN_STEP) |
                 scan_load(p + i + 2 * SCAN_STEP) | scan_load(p + i + 3 * SCAN_STEP)))
      break;
  while (i + SCAN_STEP <= n && !scan_any(scan_load(p + i)))
    i += SCAN_STEP;
  while (i < n && p[i] < 0x80)
    i++;
  return i;
}

#endif
