/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_stack_packet.c -- the TCP stack with an IP layer just large enough: whole packets in and out,
 * and ICMP errors about segments.
 *
 *   octets ─> header good, for us? ─TCP──> tcp_stack_segment
 *                                  └ICMP─> what it quotes ─> tcp_stack_trouble ─> its connection
 *   tcp_stack.c ─> packet_take ─> packet_finish ─> ops.packet, or the queue of tcp_stack_pop
 *
 * RFC 791, 8200, 792, 4443; 1191 and 8201 (path MTU); 1122 4.2.3.9, 5461 and 5927 (what an ICMP
 * error may do to a connection). Not here: fragments, routing, neighbours. */
#include <errno.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/net.h"
#include "sim/net/tcp_stack_inside.h"

enum {
  ICMP_SOURCE_QUENCH = 4,
  ICMP_PARAMETER = 12,
  ICMP6_UNREACHABLE = 1,
  ICMP6_TOO_BIG = 2,
  ICMP6_TIME_EXCEEDED = 3,
  ICMP6_PARAMETER = 4,
  MTU_LEAST_V6 = 1280,
  PATHS_MAX = 4096, /* remembered path MTUs */
  IPV6_HEADERS_MAX = 8,
};
/* RFC 1191 6.3: how long a path's MTU is believed. */
#define PATH_NS (INT64_C(600) * 1000000000)

struct tcp_packet {
  size_t n;
  uint8_t octets[];
};

struct path_mtu {
  struct ip_addr addr;
  uint32_t mtu;
  int64_t until_ns;
};

/* ---- out ---- */

static size_t
header_octets(const struct ip_addr *a)
{
  return a->version == 6 ? IPV6_OCTETS : IPV4_OCTETS;
}

uint8_t *
packet_take(struct tcp_stack *t, const struct ip_addr *remote, size_t n)
{
  size_t header = header_octets(remote);
  t->packet = g_malloc(sizeof *t->packet + header + n);
  return t->packet->octets + header;
}

void
packet_untake(struct tcp_stack *t)
{
  g_clear_pointer(&t->packet, g_free);
}

bool
packet_finish(struct tcp_stack *t, const struct tcp_stack_ip *ip, size_t n)
{
  struct tcp_packet *p = g_steal_pointer(&t->packet);
  p->n = header_octets(&ip->dst) + n;
  if (ip->dst.version == 6) {
    struct ipv6 v6 = {.traffic_class = (uint8_t)(ip->dscp << 2 | ip->ecn),
                      .payload_octets = (uint16_t)n,
                      .next_header = IP_PROTO_TCP,
                      .hop_limit = ip->ttl};
    memcpy(v6.src, ip->src.octets, 16);
    memcpy(v6.dst, ip->dst.octets, 16);
    ipv6_put(p->octets, &v6);
  } else {
    struct ipv4 v4 = {.header_octets = IPV4_OCTETS,
                      .dscp = ip->dscp,
                      .ecn = ip->ecn,
                      .total_octets = (uint16_t)p->n,
                      .id = t->next_id++,
                      .dont_fragment = true,
                      .ttl = ip->ttl,
                      .proto = IP_PROTO_TCP};
    memcpy(v4.src, ip->src.octets, 4);
    memcpy(v4.dst, ip->dst.octets, 4);
    ipv4_put(p->octets, &v4);
    put_be16(p->octets + 10, 0);
    put_be16(p->octets + 10, checksum_finish(checksum_add(0, p->octets, IPV4_OCTETS)));
  }
  if (!t->ops->packet && t->packets.length < TCP_STACK_PACKETS_MAX) {
    g_queue_push_tail(&t->packets, p);
    return true;
  }
  if (t->ops->packet)
    t->ops->packet(t->data, p->octets, p->n);
  g_free(p);
  return true;
}

size_t
tcp_stack_pop(struct tcp_stack *t, uint8_t *out, size_t room)
{
  struct tcp_packet *p = g_queue_peek_head(&t->packets);
  if (!p || p->n > room)
    return 0;
  size_t n = p->n;
  memcpy(out, p->octets, n);
  g_free(g_queue_pop_head(&t->packets));
  return n;
}

void
packet_clear_all(struct tcp_stack *t)
{
  packet_untake(t);
  g_queue_clear_full(&t->packets, g_free);
  g_clear_pointer(&t->path_mtus, g_hash_table_destroy);
}

/* ---- addresses and paths ---- */

bool
tcp_stack_add_addr(struct tcp_stack *t, const struct ip_addr *addr)
{
  if (t->n_addrs == TCP_STACK_ADDRS_MAX)
    return false;
  t->addrs[t->n_addrs++] = *addr;
  return true;
}

static bool
is_ours(const struct tcp_stack *t, const struct ip_addr *a)
{
  for (unsigned i = 0; i < t->n_addrs; i++)
    if (ip_addr_equal(&t->addrs[i], a))
      return true;
  return false;
}

static guint
addr_hash(gconstpointer p)
{
  const struct ip_addr *a = p;
  return get_be32(a->octets) * 31 ^ get_be32(a->octets + 12);
}

static gboolean
addr_equal(gconstpointer a, gconstpointer b)
{
  return ip_addr_equal(a, b);
}

bool
packet_route(struct tcp_stack *t, const struct ip_addr *remote, struct ip_addr *local,
             uint32_t *mtu, int64_t now_ns)
{
  unsigned i = 0;
  while (i < t->n_addrs && t->addrs[i].version != remote->version)
    i++;
  if (i == t->n_addrs)
    return false;
  *local = t->addrs[i];
  *mtu = t->mtu;
  const struct path_mtu *path = t->path_mtus ? g_hash_table_lookup(t->path_mtus, remote) : NULL;
  if (path && now_ns < path->until_ns)
    *mtu = MIN(*mtu, path->mtu);
  return true;
}

static void
learn_mtu(struct tcp_stack *t, const struct ip_addr *remote, uint32_t mtu, int64_t now_ns)
{
  if (!t->path_mtus)
    t->path_mtus = g_hash_table_new_full(addr_hash, addr_equal, NULL, g_free);
  if (g_hash_table_size(t->path_mtus) >= PATHS_MAX)
    g_hash_table_remove_all(t->path_mtus);
  struct path_mtu *path = g_new(struct path_mtu, 1);
  *path = (struct path_mtu){*remote, mtu, now_ns + PATH_NS};
  g_hash_table_replace(t->path_mtus, &path->addr, path);
}

/* ---- trouble ---- */

enum effect { EFFECT_NONE, EFFECT_TOO_BIG, EFFECT_UNREACHABLE, EFFECT_SOFT };

struct trouble {
  uint8_t version, type;
  int code; /* -1: any other */
  enum effect effect;
  int error;
};

/* RFC 1122 4.2.3.9 calls some codes hard; RFC 5461 and 5927 5.2 let none of them end an established
 * connection. While connecting, "unreachable" is final. */
static const struct trouble troubles[] = {
    {4, ICMP_TYPE_UNREACHABLE, ICMP_CODE_NET_UNREACHABLE, EFFECT_UNREACHABLE, ENETUNREACH},
    {4, ICMP_TYPE_UNREACHABLE, 2, EFFECT_UNREACHABLE, ENOPROTOOPT},
    {4, ICMP_TYPE_UNREACHABLE, ICMP_CODE_PORT_UNREACHABLE, EFFECT_UNREACHABLE, ECONNREFUSED},
    {4, ICMP_TYPE_UNREACHABLE, ICMP_CODE_FRAGMENTATION_NEEDED, EFFECT_TOO_BIG, EMSGSIZE},
    {4, ICMP_TYPE_UNREACHABLE, 6, EFFECT_UNREACHABLE, ENETUNREACH},
    {4, ICMP_TYPE_UNREACHABLE, 9, EFFECT_UNREACHABLE, ENETUNREACH},
    {4, ICMP_TYPE_UNREACHABLE, 11, EFFECT_UNREACHABLE, ENETUNREACH},
    {4, ICMP_TYPE_UNREACHABLE, -1, EFFECT_UNREACHABLE, EHOSTUNREACH},
    {4, ICMP_TYPE_TIME_EXCEEDED, -1, EFFECT_SOFT, EHOSTUNREACH},
    {4, ICMP_PARAMETER, -1, EFFECT_SOFT, EPROTO},
    {4, ICMP_SOURCE_QUENCH, -1, EFFECT_NONE, 0}, /* RFC 6633: ignored */
    {6, ICMP6_UNREACHABLE, 0, EFFECT_UNREACHABLE, ENETUNREACH},
    {6, ICMP6_UNREACHABLE, 1, EFFECT_UNREACHABLE, EACCES},
    {6, ICMP6_UNREACHABLE, 4, EFFECT_UNREACHABLE, ECONNREFUSED},
    {6, ICMP6_UNREACHABLE, -1, EFFECT_UNREACHABLE, EHOSTUNREACH},
    {6, ICMP6_TOO_BIG, -1, EFFECT_TOO_BIG, EMSGSIZE},
    {6, ICMP6_TIME_EXCEEDED, -1, EFFECT_SOFT, EHOSTUNREACH},
    {6, ICMP6_PARAMETER, -1, EFFECT_SOFT, EPROTO},
};

static const struct trouble *
find_trouble(uint8_t version, uint8_t type, uint8_t code)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(troubles); i++)
    if (troubles[i].version == version && troubles[i].type == type &&
        (troubles[i].code == code || troubles[i].code < 0))
      return &troubles[i];
  return NULL;
}

/* The MTU that a "too big" means, or 0 for one that is not believed. A router that names none (RFC
 * 1191 5) is given the next plateau below what did not fit; a claim that would have let the quoted
 * packet pass is forged (RFC 5927 7.2); one below IPv6's least is discarded (RFC 8201 4). */
static uint32_t
claimed_mtu(uint8_t version, uint32_t rest, uint32_t quoted_octets)
{
  static const uint16_t plateaus[] = {32000, 17914, 8166, 4352, 2002, 1492, 1006, 508};
  uint32_t mtu = version == 6 ? rest : rest & 0xffff;
  if (version == 4 && mtu == 0)
    for (unsigned i = 0; i < G_N_ELEMENTS(plateaus) && mtu == 0; i++)
      mtu = plateaus[i] < quoted_octets ? plateaus[i] : 0;
  return mtu >= quoted_octets || (version == 6 && mtu < MTU_LEAST_V6) ? 0 : mtu;
}

void
tcp_stack_trouble(struct tcp_stack *t, const struct ip_addr *local, const struct ip_addr *remote,
                  uint8_t type, uint8_t code, uint32_t rest, uint32_t quoted_octets,
                  const uint8_t *q, size_t n, int64_t now_ns)
{
  const struct trouble *trouble = find_trouble(remote->version, type, code);
  if (n < 8 || !trouble || trouble->effect == EFFECT_NONE)
    return;
  struct tcp_stack_flow flow = {.local = *local,
                                .remote = *remote,
                                .local_port = get_be16(q),
                                .remote_port = get_be16(q + 2)};
  struct tcp_sock *s = sock_find(t, &flow);
  uint32_t seq = get_be32(q + 4);
  /* RFC 5927 4.1: only what is in flight can be in trouble. */
  if (!s || seq_lt(seq, s->tcp.snd_una) || seq_ge(seq, s->tcp.snd_max))
    return;
  if (trouble->effect == EFFECT_TOO_BIG) {
    if (quoted_octets == 0)
      quoted_octets = tcp_conn_packet_octets(&s->tcp);
    uint32_t mtu = claimed_mtu(remote->version, rest, quoted_octets);
    if (mtu == 0 || !tcp_conn_too_big(&s->tcp, seq, mtu))
      return;
    if (!t->ops->take)
      learn_mtu(t, remote, tcp_conn_packet_octets(&s->tcp), now_ns);
  } else if (trouble->effect == EFFECT_UNREACHABLE && s->tcp.state == TCP_SYN_SENT) {
    s->error = trouble->error;
    tcp_conn_abort(&s->tcp, now_ns);
  } else {
    s->soft_error = trouble->error;
  }
  sock_work(s, now_ns);
}

/* ---- in ---- */

/* What an IP packet carries. */
struct carried {
  struct ip_addr src, dst;
  uint8_t proto, ecn;
  uint32_t total_octets;
  const uint8_t *q;
  size_t n;
};

static bool
open_v4(const uint8_t *p, size_t n, bool is_quoted, struct carried *out)
{
  struct ipv4 ip;
  size_t header = ipv4_get(p, n, &ip);
  if (!header || ip.fragment_offset > 0 || ip.total_octets < header)
    return false;
  if (!is_quoted && (ip.more_fragments || ip.total_octets > n ||
                     checksum_finish(checksum_add(0, p, header)) != 0))
    return false;
  *out = (struct carried){.src = ip_addr_v4(ip.src),
                          .dst = ip_addr_v4(ip.dst),
                          .proto = ip.proto,
                          .ecn = ip.ecn,
                          .total_octets = ip.total_octets,
                          .q = p + header,
                          .n = MIN(ip.total_octets, n) - header};
  return true;
}

/* Steps over extension headers; a Fragment header that holds the whole packet is one (RFC 6946). */
static bool
skip_extensions(struct carried *c)
{
  for (unsigned i = 0; i < IPV6_HEADERS_MAX; i++) {
    size_t octets;
    if (c->n < 8)
      return c->proto == IP_PROTO_TCP || c->proto == IP_PROTO_ICMPV6;
    if (c->proto == IP_PROTO_HOPOPTS || c->proto == IP_PROTO_ROUTING ||
        c->proto == IP_PROTO_DSTOPTS)
      octets = 8 + (size_t)c->q[1] * 8;
    else if (c->proto == IP_PROTO_FRAGMENT && (get_be16(c->q + 2) & 0xfff9) == 0)
      octets = 8;
    else
      return c->proto != IP_PROTO_FRAGMENT;
    if (octets > c->n)
      return false;
    c->proto = c->q[0];
    c->q += octets;
    c->n -= octets;
  }
  return false;
}

static bool
open_v6(const uint8_t *p, size_t n, bool is_quoted, struct carried *out)
{
  struct ipv6 ip;
  size_t header = ipv6_get(p, n, &ip);
  if (!header || (!is_quoted && ip.payload_octets > n - header))
    return false;
  *out = (struct carried){.src = ip_addr_v6(ip.src),
                          .dst = ip_addr_v6(ip.dst),
                          .proto = ip.next_header,
                          .ecn = ip.traffic_class & 3,
                          .total_octets = (uint32_t)header + ip.payload_octets,
                          .q = p + header,
                          .n = MIN(ip.payload_octets, n - header)};
  return skip_extensions(out);
}

static bool
open_packet(const uint8_t *p, size_t n, bool is_quoted, struct carried *out)
{
  return n > 0 && (p[0] >> 4 == 6 ? open_v6(p, n, is_quoted, out) : open_v4(p, n, is_quoted, out));
}

static bool
input_icmp(struct tcp_stack *t, const struct carried *c, int64_t now_ns)
{
  struct icmp icmp;
  struct carried quoted;
  uint32_t sum = c->proto == IP_PROTO_ICMPV6
                     ? checksum_pseudo(&c->src, &c->dst, IP_PROTO_ICMPV6, (uint32_t)c->n)
                     : 0;
  if (!icmp_get(c->q, c->n, &icmp) || checksum_finish(checksum_add(sum, c->q, c->n)) != 0 ||
      !open_packet(c->q + ICMP_OCTETS, c->n - ICMP_OCTETS, true, &quoted) ||
      quoted.proto != IP_PROTO_TCP || !is_ours(t, &quoted.src) ||
      quoted.src.version != c->dst.version)
    return false;
  tcp_stack_trouble(t, &quoted.src, &quoted.dst, icmp.type, icmp.code, icmp.rest,
                    quoted.total_octets, quoted.q, quoted.n, now_ns);
  return true;
}

bool
tcp_stack_input(struct tcp_stack *t, const uint8_t *octets, size_t n, int64_t now_ns)
{
  struct carried c;
  if (!open_packet(octets, n, false, &c) || !is_ours(t, &c.dst))
    return false;
  if (c.proto == IP_PROTO_TCP) {
    tcp_stack_segment(t, &c.src, &c.dst, c.ecn, c.q, c.n, now_ns);
    return true;
  }
  if (c.proto == (c.dst.version == 6 ? IP_PROTO_ICMPV6 : IP_PROTO_ICMP))
    return input_icmp(t, &c, now_ns);
  return false;
}
