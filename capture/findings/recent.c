/* SPDX-License-Identifier: GPL-3.0-or-later */
/* recent.c -- a table with a maximum: a hash table whose items also form a list by age.
 *
 *     oldest <-> ... <-> newest      get: to the front; full: the oldest goes
 */
#include "capture/findings/recent.h"

#include <glib.h>

struct recent {
  GHashTable *items; /* key, inside the item -> the item */
  struct recent_item *newest, *oldest;
  unsigned n_max;
  size_t item_octets;
};

struct recent *
recent_new(unsigned n_max, size_t item_octets)
{
  struct recent *r = g_new0(struct recent, 1);
  r->items = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
  r->n_max = n_max;
  r->item_octets = item_octets;
  return r;
}

void
recent_free(struct recent *r)
{
  if (!r)
    return;
  g_hash_table_unref(r->items);
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

void *
recent_find(struct recent *r, uint64_t key)
{
  struct recent_item *i = g_hash_table_lookup(r->items, &key);
  if (!i)
    return NULL;
  unlink_item(r, i);
  link_newest(r, i);
  return i;
}

void *
recent_get(struct recent *r, uint64_t key, bool *is_new)
{
  struct recent_item *i = recent_find(r, key);
  if (is_new)
    *is_new = !i;
  if (i)
    return i;
  if (g_hash_table_size(r->items) >= r->n_max) {
    struct recent_item *oldest = r->oldest;
    unlink_item(r, oldest);
    g_hash_table_remove(r->items, &oldest->key);
  }
  i = g_malloc0(r->item_octets);
  i->key = key;
  link_newest(r, i);
  g_hash_table_insert(r->items, &i->key, i);
  return i;
}

/* FNV-1a. */
uint64_t
recent_mix(uint64_t key, const void *p, size_t n)
{
  const uint8_t *octets = p;
  for (size_t i = 0; i < n; i++)
    key = (key ^ octets[i]) * UINT64_C(1099511628211);
  return (key ^ n) * UINT64_C(1099511628211);
}

uint64_t
recent_mix_addr(uint64_t key, const struct ip_addr *a)
{
  return recent_mix(key, a->octets, a->version == 4 ? 4 : 16);
}
