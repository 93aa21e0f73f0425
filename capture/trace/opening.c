/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opening.c -- the last octets that a side has said, to hold repetitions against. */
#include "capture/trace/opening.h"

#include <glib.h>
#include <string.h>

void
opening_add(struct opening *o, uint64_t offset, const uint8_t *p, uint32_t n)
{
  if (o->n_octets && o->first + o->n_octets != offset) /* behind a hole */
    o->n_octets = 0;
  if (n > OPENING_OCTETS_MAX) {
    p += n - OPENING_OCTETS_MAX;
    offset += n - OPENING_OCTETS_MAX;
    n = OPENING_OCTETS_MAX;
    o->n_octets = 0;
  }
  if (o->n_octets + n > OPENING_OCTETS_MAX) { /* half of it goes, so that each octet moves once */
    uint32_t keep = MIN(o->n_octets, MIN(OPENING_OCTETS_MAX / 2, OPENING_OCTETS_MAX - n));
    memmove(o->octets, o->octets + o->n_octets - keep, keep);
    o->n_octets = keep;
  }
  if (o->n_octets + n > o->room) {
    o->room = MAX(o->room * 2, 256);
    while (o->room < o->n_octets + n)
      o->room *= 2;
    o->octets = g_realloc(o->octets, o->room);
  }
  if (n)
    memcpy(o->octets + o->n_octets, p, n);
  o->first = offset - o->n_octets;
  o->n_octets += n;
}

uint32_t
opening_count(const uint8_t *a, const uint8_t *b, uint32_t n)
{
  uint32_t found = 0;
  for (uint32_t i = 0; i < n; i++)
    found += a[i] != b[i];
  return found;
}

uint32_t
opening_compare(const struct opening *o, uint64_t offset, const uint8_t *p, uint32_t n)
{
  uint64_t end = o->first + o->n_octets;
  if (!o->n_octets || offset >= end)
    return 0;
  if (offset < o->first) {
    if (o->first - offset >= n)
      return 0;
    uint32_t skip = (uint32_t)(o->first - offset);
    p += skip;
    n -= skip;
    offset = o->first;
  }
  if (n > end - offset)
    n = (uint32_t)(end - offset);
  return opening_count(o->octets + (offset - o->first), p, n);
}

void
opening_clear(struct opening *o)
{
  g_clear_pointer(&o->octets, g_free);
  o->n_octets = o->room = 0;
}
