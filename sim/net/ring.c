/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ring.c -- a ring of octets whose memory comes with the first octet and goes with the last. */
#include "sim/net/ring.h"

#include <glib.h>
#include <string.h>

enum { RING_ROOM_MIN = 2048 }; /* one segment: most mail dialogues never need more */

void
ring_clear(struct ring *r)
{
  g_free(r->octets);
  *r = (struct ring){0};
}

static void
make_room(struct ring *r, uint32_t n)
{
  if (n <= r->room)
    return;
  uint32_t room = r->room ? r->room : RING_ROOM_MIN;
  while (room < n)
    room *= 2;
  uint8_t *octets = g_malloc(room);
  if (r->octets) {
    /* All of the old ring, for octets written behind those held count as well. */
    uint32_t first = r->room - r->head;
    memcpy(octets, r->octets + r->head, first);
    memcpy(octets + first, r->octets, r->head);
    g_free(r->octets);
  }
  r->octets = octets;
  r->room = room;
  r->head = 0;
}

void
ring_write(struct ring *r, uint32_t offset, const uint8_t *p, uint32_t n)
{
  if (n == 0)
    return;
  make_room(r, r->used + offset + n);
  uint32_t at = (r->head + r->used + offset) & (r->room - 1);
  uint32_t first = MIN(n, r->room - at);
  memcpy(r->octets + at, p, first);
  memcpy(r->octets, p + first, n - first);
}

void
ring_grow(struct ring *r, uint32_t n)
{
  g_assert(r->used + n <= r->room);
  r->used += n;
}

void
ring_append(struct ring *r, const uint8_t *p, uint32_t n)
{
  ring_write(r, 0, p, n);
  r->used += n;
}

void
ring_read(const struct ring *r, uint32_t offset, uint8_t *out, uint32_t n)
{
  if (n == 0)
    return;
  g_assert(offset + n <= r->used);
  uint32_t at = (r->head + offset) & (r->room - 1);
  uint32_t first = MIN(n, r->room - at);
  memcpy(out, r->octets + at, first);
  memcpy(out + first, r->octets, n - first);
}

uint32_t
ring_peek(const struct ring *r, const uint8_t **out)
{
  *out = r->octets + r->head;
  return MIN(r->used, r->room - r->head);
}

void
ring_drop(struct ring *r, uint32_t n, bool may_free)
{
  if (n == 0)
    return;
  g_assert(n <= r->used);
  r->used -= n;
  r->head = (r->head + n) & (r->room - 1);
  if (r->used == 0 && may_free)
    ring_clear(r);
}
