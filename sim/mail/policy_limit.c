/* SPDX-License-Identifier: GPL-3.0-or-later */
/* policy_limit.c -- what is remembered of peers: rates in windows, and the triplets of greylisting.
 *
 *     unknown ─first mail─> waiting ─delay over, seen again─> known ─kept anew by each mail─┐
 *        ^                     └─ not again within the window ──┐                           │
 *        └──────────────────────────────────────────────────────┴─────── forgotten <────────┘
 *
 * RFC 6647: the peer counts by its network (/24, IPv6 /64), since large senders retry from another
 * machine of the same net (section 5). Both memories are bounded; the oldest entry goes first. */
#include <string.h>

#include "sim/mail/machine.h"
#include "sim/mail/policy_private.h"

enum { GREYLIST_PREFIX_4 = 24, GREYLIST_PREFIX_6 = 64 };

struct peer {
  char *address;
  int64_t window_ns; /* began */
  unsigned counts[POLICY_N_COUNTS];
  unsigned n_open;
};

struct triplet {
  char *key;
  int64_t first_ns, until_ns; /* forgotten then */
  bool is_known;
};

static void
peer_free(void *data)
{
  struct peer *peer = data;
  g_free(peer->address);
  g_free(peer);
}

static void
triplet_free(void *data)
{
  struct triplet *t = data;
  g_free(t->key);
  g_free(t);
}

void
policy_limit_init(struct policy *p)
{
  p->peers = g_hash_table_new(g_str_hash, g_str_equal);
  p->triplets = g_hash_table_new(g_str_hash, g_str_equal);
  g_queue_init(&p->peer_order);
  g_queue_init(&p->triplet_order);
}

void
policy_limit_clear(struct policy *p)
{
  g_queue_clear_full(&p->peer_order, peer_free);
  g_queue_clear_full(&p->triplet_order, triplet_free);
  g_hash_table_unref(p->peers);
  g_hash_table_unref(p->triplets);
}

/* ---- rates ---- */

static struct peer *
peer_of(struct policy *p, const char *address)
{
  struct peer *peer = g_hash_table_lookup(p->peers, address);
  if (peer)
    return peer;
  if (p->peer_order.length >= POLICY_PEERS_MAX) {
    struct peer *oldest = g_queue_pop_head(&p->peer_order);
    g_hash_table_remove(p->peers, oldest->address);
    peer_free(oldest);
  }
  peer = g_new0(struct peer, 1);
  peer->address = g_strdup(address);
  peer->window_ns = world_now(p->world);
  g_queue_push_tail(&p->peer_order, peer);
  g_hash_table_insert(p->peers, peer->address, peer);
  return peer;
}

bool
policy_count(struct policy *p, const char *address, enum policy_count what)
{
  const struct policy_rate *rate = &p->config.rate;
  const unsigned limits[POLICY_N_COUNTS] = {[POLICY_CONNECTION] = rate->connections,
                                            [POLICY_MESSAGE] = rate->messages,
                                            [POLICY_RECIPIENT] = rate->recipients};
  if (limits[what] == 0)
    return true;
  struct peer *peer = peer_of(p, address);
  if (world_now(p->world) - peer->window_ns >= rate->window_ns) {
    peer->window_ns = world_now(p->world);
    memset(peer->counts, 0, sizeof peer->counts);
  }
  if (peer->counts[what] >= limits[what])
    return false;
  peer->counts[what]++;
  return true;
}

bool
policy_open(struct policy *p, const char *address)
{
  if (p->config.rate.at_once == 0)
    return true;
  struct peer *peer = peer_of(p, address);
  return ++peer->n_open <= p->config.rate.at_once;
}

void
policy_close(struct policy *p, const char *address)
{
  struct peer *peer = p->config.rate.at_once ? g_hash_table_lookup(p->peers, address) : NULL;
  if (peer && peer->n_open > 0)
    peer->n_open--;
}

/* ---- greylisting ---- */

/* "10.0.0.0/24 <a@a.test> <b@b.test>" */
static char *
triplet_key(const struct ip_addr *addr, const char *sender, const char *recipient)
{
  struct ip_addr net = *addr;
  unsigned prefix = addr->version == 6 ? GREYLIST_PREFIX_6 : GREYLIST_PREFIX_4;
  for (unsigned i = prefix / 8; i < sizeof net.octets; i++)
    net.octets[i] = 0;
  char text[ADDR_TEXT_MAX];
  g_autofree char *key =
      g_strdup_printf("%s/%u <%s> <%s>", ip_addr_format(&net, text), prefix, sender, recipient);
  return g_utf8_strdown(key, -1);
}

static void
tell_triplet(const struct policy *p, const struct triplet *t, const char *format, int64_t seconds)
{
  g_autofree char *key = g_strdup_printf("greylist %s", t->key);
  g_autofree char *value = g_strdup_printf(format, seconds);
  world_emit(p->world, p->config.host, "mail-policy", key, "%s", value);
}

static void
forget(struct policy *p, struct triplet *t)
{
  tell_triplet(p, t, "", 0);
  g_hash_table_remove(p->triplets, t->key);
  g_queue_remove(&p->triplet_order, t);
  triplet_free(t);
}

static struct triplet *
triplet_new(struct policy *p, char *key, int64_t now_ns)
{
  if (p->triplet_order.length >= POLICY_TRIPLETS_MAX)
    forget(p, g_queue_peek_head(&p->triplet_order));
  struct triplet *t = g_new0(struct triplet, 1);
  t->key = key;
  t->first_ns = now_ns;
  t->until_ns = now_ns + p->config.greylist.window_ns;
  g_queue_push_tail(&p->triplet_order, t);
  g_hash_table_insert(p->triplets, t->key, t);
  return t;
}

int64_t
policy_greylist(struct policy *p, const struct ip_addr *addr, const char *sender,
                const char *recipient)
{
  const struct policy_greylist *g = &p->config.greylist;
  int64_t now_ns = world_now(p->world);
  if (g->delay_ns == 0)
    return 0;
  g_autofree char *key = triplet_key(addr, sender, recipient);
  struct triplet *t = g_hash_table_lookup(p->triplets, key);
  if (t && now_ns >= t->until_ns) {
    forget(p, t);
    t = NULL;
  }
  if (!t)
    t = triplet_new(p, g_steal_pointer(&key), now_ns);
  int64_t left_ns = t->is_known ? 0 : t->first_ns + g->delay_ns - now_ns;
  if (left_ns > 0) {
    int64_t seconds = (left_ns + MACHINE_SECOND - 1) / MACHINE_SECOND;
    tell_triplet(p, t, "waiting %" G_GINT64_FORMAT, seconds);
    return seconds;
  }
  t->is_known = true;
  t->until_ns = now_ns + g->keep_ns;
  tell_triplet(p, t, "known", 0);
  return 0;
}
