/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent.c -- a table with a maximum: a hash table whose items also form a list by age.
 *
 *     chains[key] ─> item ─> item        items with the same place in the table
 *     oldest <-> ... <-> newest          get: to the front; full: the oldest is made anew
 *
 * Items are taken from slabs and never given back before the table goes. */
#include "capture/findings/recent.h"

#include <glib.h>
#include <string.h>

enum {
  ITEM_CHAINS = 4,   /* for each item: most lookups find nothing, and should see no item for it */
  CHAINS_FIRST = 64, /* at first */
  SLAB_OCTETS = 1 << 14, /* of items that are made together */
};

struct recent {
  struct recent_item **chains;
  unsigned chain_bits;
  struct recent_item *newest, *oldest;
  unsigned n, n_max;
  size_t item_octets;
  uint8_t *slab; /* the next free item of the last one */
  size_t slab_left;
  GPtrArray *slabs;
};

static unsigned
chain_of(const struct recent *r, uint64_t key)
{
  return (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - r->chain_bits));
}

struct recent *
recent_new(unsigned n_max, size_t item_octets)
{
  struct recent *r = g_new0(struct recent, 1);
  r->n_max = n_max;
  r->item_octets = (item_octets + 7) & ~(size_t)7;
  while (1u << r->chain_bits < CHAINS_FIRST)
    r->chain_bits++;
  r->chains = g_new0(struct recent_item *, CHAINS_FIRST);
  r->slabs = g_ptr_array_new_with_free_func(g_free);
  return r;
}

void
recent_free(struct recent *r)
{
  if (!r)
    return;
  g_free(r->chains);
  g_ptr_array_unref(r->slabs);
  g_free(r);
}

static void
unlink_item(struct recent *r, struct recent_item *i)
{
  *(i->newer ? &i->newer->older : &r->newest) = i->older;
  *(i->older ? &i->older->newer : &r->oldest) = i->newer;
}

static void
link_newest(struct recent *r, struct recent_item *i)
{
  i->newer = NULL;
  i->older = r->newest;
  *(r->newest ? &r->newest->newer : &r->oldest) = i;
  r->newest = i;
}

static void
chain(struct recent *r, struct recent_item *i)
{
  struct recent_item **first = &r->chains[chain_of(r, i->key)];
  i->next = *first;
  *first = i;
}

static void
unchain(struct recent *r, const struct recent_item *i)
{
  struct recent_item **link = &r->chains[chain_of(r, i->key)];
  while (*link != i)
    link = &(*link)->next;
  *link = i->next;
}

static void
grow(struct recent *r)
{
  g_free(r->chains);
  r->chain_bits++;
  r->chains = g_new0(struct recent_item *, (gsize)1 << r->chain_bits);
  for (struct recent_item *i = r->oldest; i; i = i->newer)
    chain(r, i);
}

void *
recent_find(struct recent *r, uint64_t key)
{
  struct recent_item *i = r->chains[chain_of(r, key)];
  while (i && i->key != key)
    i = i->next;
  if (!i || i == r->newest)
    return i;
  unlink_item(r, i);
  link_newest(r, i);
  return i;
}

/* An item of zeroes that is in no list: a new one, or the oldest. */
static struct recent_item *
make_item(struct recent *r)
{
  if (r->n == r->n_max) {
    struct recent_item *oldest = r->oldest;
    unlink_item(r, oldest);
    unchain(r, oldest);
    memset(oldest, 0, r->item_octets);
    return oldest;
  }
  if (r->slab_left < r->item_octets) {
    r->slab_left = MAX((size_t)SLAB_OCTETS, r->item_octets);
    r->slab = g_malloc0(r->slab_left);
    g_ptr_array_add(r->slabs, r->slab);
  }
  struct recent_item *made = (void *)r->slab;
  r->slab += r->item_octets;
  r->slab_left -= r->item_octets;
  if (++r->n * ITEM_CHAINS > 1u << r->chain_bits)
    grow(r);
  return made;
}

void *
recent_get(struct recent *r, uint64_t key, bool *is_new)
{
  struct recent_item *i = recent_find(r, key);
  if (is_new)
    *is_new = !i;
  if (i)
    return i;
  i = make_item(r);
  i->key = key;
  link_newest(r, i);
  chain(r, i);
  return i;
}
