/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shapes.c -- a numbered set: a hash table with open addressing, resized, seeded at random. */
#include "capture/trace/shapes.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 256 };

static struct shape_slot *
new_slots(uint32_t n)
{
  void *slots = NULL;
  if (posix_memalign(&slots, 64, n * sizeof(struct shape_slot)) != 0)
    g_error("no memory for %u slots of the trace's index", n);
  return memset(slots, 0, n * sizeof(struct shape_slot));
}

void
shapes_init(struct shapes *s)
{
  *s = (struct shapes){.mask = SLOTS_MIN - 1};
  s->slots = new_slots(SLOTS_MIN);
  s->values = g_new(struct shape, SLOTS_MIN / 2);
  s->key = (uint64_t)g_random_int() << 32 | g_random_int();
}

void
shapes_clear(struct shapes *s)
{
  free(s->slots);
  s->slots = NULL;
  g_clear_pointer(&s->values, g_free);
}

static uint32_t
hash(const struct shapes *s, struct shape v)
{
  uint64_t h = (v.halves[0] ^ s->key) * UINT64_C(0x9e3779b97f4a7c15);
  h = ((h ^ h >> 32) + v.halves[1]) * UINT64_C(0xd6e8feb86659fd93);
  return (uint32_t)(h >> 32);
}

static inline bool
is_same(struct shape a, struct shape b)
{
  return ((a.halves[0] ^ b.halves[0]) | (a.halves[1] ^ b.halves[1])) == 0;
}

/* The slot of the value, or the empty one where it would go. */
static inline struct shape_slot *
find(const struct shapes *s, struct shape v)
{
  for (uint32_t i = hash(s, v) & s->mask;; i = (i + 1) & s->mask)
    if (!s->slots[i].number1 || is_same(s->slots[i].value, v))
      return &s->slots[i];
}

static void
grow(struct shapes *s)
{
  uint32_t n_slots = (s->mask + 1) * 2;
  free(s->slots);
  s->slots = new_slots(n_slots);
  s->values = g_renew(struct shape, s->values, n_slots / 2);
  s->mask = n_slots - 1;
  for (uint32_t i = 0; i < s->n; i++)
    *find(s, s->values[i]) =
        (struct shape_slot){.value = s->values[i], .number1 = (uint16_t)(i + 1)};
}

uint16_t
shapes_number(struct shapes *s, struct shape value)
{
  struct shape_slot *slot = find(s, value);
  if (!slot->number1) {
    if (s->n == SHAPES_MAX)
      return SHAPES_FULL;
    if (s->n == (s->mask + 1) / 2) {
      grow(s);
      slot = find(s, value);
    }
    s->values[s->n++] = value;
    *slot = (struct shape_slot){.value = value, .number1 = (uint16_t)s->n};
  }
  return (uint16_t)(slot->number1 - 1);
}

uint64_t
shapes_octets(const struct shapes *s)
{
  return s->n * sizeof *s->values + ((uint64_t)s->mask + 1) * sizeof *s->slots;
}
