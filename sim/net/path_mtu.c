/* SPDX-License-Identifier: GPL-3.0-or-later */
/* path_mtu.c -- what routers reported about how large a packet may be on the way to an address,
 * RFC 1191 and RFC 8201.
 *
 *   "too big, MTU m" ─> ip_learn_mtu ─> ip_mtu: for ten minutes the smaller of m and the link's
 */
#include "capture/wire/bytes.h"
#include "sim/net/nd.h"

enum { PATHS_MAX = 4096 }; /* destinations with a report; with more all are forgotten */
#define AGE_NS (INT64_C(600) * 1000000000)

struct path_mtu {
  struct ip_addr to;
  uint32_t mtu;
  int64_t until_ns;
};

uint32_t
ip_mtu_on(const struct iface *out, const struct ip_addr *to)
{
  const struct host *h = out->host;
  uint32_t mtu = iface_mtu(out);
  if (to->version == 6 && out->nd && out->nd->mtu)
    mtu = MIN(mtu, out->nd->mtu);
  const struct path_mtu *m = h->path_mtus ? g_hash_table_lookup(h->path_mtus, to) : NULL;
  return m && world_now(h->net->world) < m->until_ns ? MIN(mtu, m->mtu) : mtu;
}

uint32_t
ip_mtu(struct host *h, const struct ip_addr *to)
{
  struct ip_addr next;
  const struct iface *out = ip_route(h, to, &next);
  return out ? ip_mtu_on(out, to) : 0;
}

/* RFC 1191 7.1: the plateaus; the next below the packet's size. */
static uint32_t
plateau_below(uint32_t n_packet)
{
  static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};
  for (unsigned i = 0; i < G_N_ELEMENTS(plateaus); i++)
    if (plateaus[i] < n_packet)
      return plateaus[i];
  return LINK_MTU_MIN;
}

uint32_t
ip_learn_mtu(struct host *h, const struct ip_addr *to, uint32_t mtu, uint32_t n_packet)
{
  if (mtu == 0 && to->version == 4)
    mtu = plateau_below(n_packet);
  /* RFC 8201 4: never below 1280; a smaller figure is a mistake or an attack. */
  mtu = MAX(mtu, to->version == 6 ? (uint32_t)IPV6_MTU_MIN : (uint32_t)LINK_MTU_MIN);
  if (!h->path_mtus)
    h->path_mtus = g_hash_table_new_full(ip_addr_hash, ip_addr_is_key, NULL, g_free);
  if (g_hash_table_size(h->path_mtus) >= PATHS_MAX)
    g_hash_table_remove_all(h->path_mtus);
  uint32_t known = ip_mtu(h, to);
  if (known && known <= mtu) /* a report never raises it */
    return known;
  struct path_mtu *m = g_new(struct path_mtu, 1);
  *m = (struct path_mtu){*to, mtu, world_now(h->net->world) + AGE_NS};
  g_hash_table_replace(h->path_mtus, &m->to, m);
  char text[ADDR_TEXT_MAX];
  world_emit(h->net->world, h->index, "pmtu", ip_addr_format(to, text), "%u", mtu);
  return mtu;
}

void
ip_mtus_clear(struct host *h)
{
  if (h->path_mtus)
    g_hash_table_destroy(h->path_mtus);
}
