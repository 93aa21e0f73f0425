/* SPDX-License-Identifier: GPL-3.0-or-later */
/* once.c -- rows in the order in which they came, and slots that find them by what they say.
 *
 *     slots:  | hash, row + 1 | 0 | hash, row + 1 | ...     open addressing, at most half full
 *
 * Most notices of a capture repeat what was said of a server before, so the way to "known already"
 * is what costs: a hash of a few words, one slot, one row. The hash begins with a random number, so
 * that who sends the packets chooses neither slots nor equal hashes: 64 bits of it stand for server
 * and subject, whose octets lie elsewhere. */
#include "capture/findings/once.h"

#include <string.h>

#include "capture/findings/mix.h"

enum { SLOTS_FIRST = 256 };

struct slot {
  uint32_t hash;
  uint32_t row; /* + 1; 0: free */
};

struct once_table {
  GArray *rows; /* struct once */
  struct slot *slots;
  uint32_t n_slots; /* a power of two */
  uint64_t seed;
};

struct once_table *
once_new(void)
{
  struct once_table *t = g_new0(struct once_table, 1);
  t->rows = g_array_new(FALSE, FALSE, sizeof(struct once));
  t->n_slots = SLOTS_FIRST;
  t->slots = g_new0(struct slot, t->n_slots);
  t->seed = (uint64_t)g_random_int() << 32 | g_random_int();
  return t;
}

void
once_free(struct once_table *t)
{
  g_array_unref(t->rows);
  g_free(t->slots);
  g_free(t);
}

static uint64_t
hash_of(const struct once_table *t, const struct once *key)
{
  uint64_t h = mix_number(t->seed, (uintptr_t)key->rule);
  h = mix_number(mix_addr(h, &key->server), key->port);
  return key->subject ? mix_octets(h, key->subject, strlen(key->subject)) : h;
}

struct once *
once_find(const struct once_table *t, const struct once *key, uint64_t *place)
{
  uint64_t h = *place = hash_of(t, key);
  for (uint32_t i = (uint32_t)h;; i++) {
    const struct slot *s = &t->slots[i & (t->n_slots - 1)];
    if (!s->row)
      return NULL;
    if (s->hash != (uint32_t)(h >> 32))
      continue;
    struct once *row = &g_array_index(t->rows, struct once, s->row - 1);
    if (row->hash == h && row->rule == key->rule && row->port == key->port)
      return row;
  }
}

static void
fill(struct once_table *t, struct slot s, uint32_t from)
{
  while (t->slots[from & (t->n_slots - 1)].row)
    from++;
  t->slots[from & (t->n_slots - 1)] = s;
}

static void
grow(struct once_table *t)
{
  g_free(t->slots);
  t->n_slots *= 2;
  t->slots = g_new0(struct slot, t->n_slots);
  for (uint32_t i = 0; i < t->rows->len; i++) {
    uint64_t h = g_array_index(t->rows, struct once, i).hash;
    fill(t, (struct slot){.hash = (uint32_t)(h >> 32), .row = i + 1}, (uint32_t)h);
  }
}

void
once_add(struct once_table *t, const struct once *row, uint64_t place)
{
  if (2 * (t->rows->len + 1) > t->n_slots)
    grow(t);
  g_array_append_val(t->rows, *row);
  g_array_index(t->rows, struct once, t->rows->len - 1).hash = place;
  fill(t, (struct slot){.hash = (uint32_t)(place >> 32), .row = t->rows->len}, (uint32_t)place);
}

unsigned
once_n(const struct once_table *t)
{
  return t->rows->len;
}

const struct once *
once_get(const struct once_table *t, unsigned i)
{
  return &g_array_index(t->rows, struct once, i);
}
