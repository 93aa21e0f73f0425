/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_cache.c -- a resolver's memory, RFC 1034 5.3.1, RFC 2181 5, RFC 2308 (negative caching).
 *
 *   put ─> "bob.test/15" ─> records, until ─get─> records with the TTL that is left
 *                                          └ at `until` nobody acts: the next get forgets it
 *
 * NXDOMAIN is kept under the type 0 and answers for all types. Entries also stand in a queue in the
 * order in which they came: when the cache is full the oldest goes. */
#include "sim/net/dns_cache.h"

enum { CACHE_MAX = 10000, TYPE_NO_NAME = 0 };
#define SECOND INT64_C(1000000000)
/* RFC 2308 5: hours are sensible for "no", days are not. */
enum { NEGATIVE_TTL_MAX_S = 3 * 3600 };

struct entry {
  struct dns_cached cached;
  char *key;
  char *shown; /* "bob.test MX": the key of its state events */
  int64_t until_ns;
  enum dns_trust trust;
  GList *place; /* in the queue */
};

struct dns_cache {
  struct host *host;
  GHashTable *entries; /* key → struct entry */
  GQueue order;        /* struct entry */
};

static char *
make_key(const char *name, uint16_t type)
{
  g_autofree char *lower = g_ascii_strdown(name, -1);
  return g_strdup_printf("%s/%u", lower, type);
}

static void
entry_free(struct entry *e)
{
  g_array_free(e->cached.records, TRUE);
  if (e->cached.soa)
    g_array_free(e->cached.soa, TRUE);
  g_free(e->key);
  g_free(e->shown);
  g_free(e);
}

static int64_t
now_ns(const struct dns_cache *c)
{
  return world_now(c->host->net->world);
}

static void
tell(struct dns_cache *c, const struct entry *e)
{
  struct world *w = c->host->net->world;
  if (!world_wants_events(w))
    return;
  g_autoptr(GString) value = g_string_new(NULL);
  for (unsigned i = 0; i < e->cached.records->len; i++) {
    dns_rr_describe(dns_rrs_at(e->cached.records, i), value);
    g_string_append_c(value, ' ');
  }
  if (e->cached.records->len == 0)
    g_string_append(value, e->cached.rcode == DNS_RCODE_NO_NAME ? "NXDOMAIN " : "NODATA ");
  g_string_append_printf(value, "ttl=%" G_GINT64_FORMAT, (e->until_ns - now_ns(c)) / SECOND);
  world_emit(w, c->host->index, "dns", e->shown, "%s", value->str);
}

/* `is_told`: its place is not taken by another at once. */
static void
forget(struct dns_cache *c, struct entry *e, bool is_told)
{
  if (is_told)
    world_emit(c->host->net->world, c->host->index, "dns", e->shown, "%s", "");
  g_hash_table_remove(c->entries, e->key);
  g_queue_delete_link(&c->order, e->place);
  entry_free(e);
}

static struct entry *
find_fresh(struct dns_cache *c, const char *name, uint16_t type)
{
  g_autofree char *key = make_key(name, type);
  struct entry *e = g_hash_table_lookup(c->entries, key);
  if (e && e->until_ns <= now_ns(c)) {
    forget(c, e, true);
    return NULL;
  }
  return e;
}

/* Takes the cached part. `type` is the key's, `asked` the one that is shown. */
static void
keep(struct dns_cache *c, const char *name, uint16_t type, uint16_t asked, enum dns_trust trust,
     uint32_t ttl_s, struct dns_cached *cached)
{
  struct entry *old = find_fresh(c, name, type);
  if (old)
    forget(c, old, false);
  else if (g_hash_table_size(c->entries) >= CACHE_MAX)
    forget(c, g_queue_peek_head(&c->order), true);
  const char *type_name = dns_type_name(asked);
  struct entry *e = g_new0(struct entry, 1);
  e->cached = *cached;
  e->key = make_key(name, type);
  e->shown = g_strdup_printf("%s %s", *name ? name : ".", type_name ? type_name : "?");
  e->until_ns = now_ns(c) + ttl_s * SECOND;
  e->trust = trust;
  g_queue_push_tail(&c->order, e);
  e->place = g_queue_peek_tail_link(&c->order);
  g_hash_table_insert(c->entries, e->key, e);
  tell(c, e);
}

void
dns_cache_put(struct dns_cache *c, const char *name, uint16_t type, enum dns_trust trust,
              const GArray *records)
{
  uint32_t ttl_s = dns_rrs_ttl(records);
  const struct entry *old = find_fresh(c, name, type);
  if (ttl_s == 0 || (old && old->trust > trust))
    return;
  struct dns_cached cached = {.rcode = DNS_RCODE_OK, .records = dns_rrs_new()};
  dns_rrs_append(cached.records, records);
  keep(c, name, type, type, trust, ttl_s, &cached);
}

void
dns_cache_put_no(struct dns_cache *c, const char *name, uint16_t type, uint8_t rcode,
                 const struct dns_rr *soa)
{
  uint32_t ttl_s = soa ? MIN(MIN(soa->ttl_s, soa->minimum_s), NEGATIVE_TTL_MAX_S) : 0;
  if (ttl_s == 0)
    return;
  struct dns_cached cached = {.rcode = rcode, .records = dns_rrs_new(), .soa = dns_rrs_new()};
  struct dns_rr copy = dns_rr_copy(soa);
  g_array_append_val(cached.soa, copy);
  keep(c, name, rcode == DNS_RCODE_NO_NAME ? TYPE_NO_NAME : type, type, DNS_TRUST_ANSWER, ttl_s,
       &cached);
}

static void
set_ttl(GArray *records, uint32_t ttl_s)
{
  for (unsigned i = 0; records && i < records->len; i++)
    g_array_index(records, struct dns_rr, i).ttl_s = ttl_s;
}

const struct dns_cached *
dns_cache_get(struct dns_cache *c, const char *name, uint16_t type, enum dns_trust trust)
{
  struct entry *e = find_fresh(c, name, TYPE_NO_NAME);
  if (!e)
    e = find_fresh(c, name, type);
  if (!e || e->trust < trust)
    return NULL;
  uint32_t left_s = (uint32_t)((e->until_ns - now_ns(c)) / SECOND);
  set_ttl(e->cached.records, left_s);
  set_ttl(e->cached.soa, left_s);
  return &e->cached;
}

struct dns_cache *
dns_cache_new(struct host *h)
{
  struct dns_cache *c = g_new0(struct dns_cache, 1);
  c->host = h;
  c->entries = g_hash_table_new(g_str_hash, g_str_equal);
  g_queue_init(&c->order);
  return c;
}

void
dns_cache_free(struct dns_cache *c)
{
  g_hash_table_destroy(c->entries);
  g_queue_clear_full(&c->order, (GDestroyNotify)entry_free);
  g_free(c);
}
