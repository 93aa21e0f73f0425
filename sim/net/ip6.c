/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip6.c -- IPv6 on hosts and routers, RFC 8200.
 *
 *   ip6_send ─> route, source ─> header ─> [fragment] ─> nd_send
 *   ip6_input ─> header good? ─> hop-by-hop options ─> for us: headers ─> ICMPv6, UDP, TCP
 *                                                  └> router: hop limit - 1 ─> nd_send
 *   headers: hop-by-hop 0 │ routing 43 │ fragment 44 ─> reassemble │ destination options 60
 *
 * Every refusal says where in the packet the trouble is (ICMPv6 parameter problem). Not here: AH,
 * ESP and segment routing, which are refused as unknown. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"

enum { HEADERS_MAX = 16 }; /* in one packet: RFC 8200 4.1 needs at most 8 */

/* ---- sending ---- */

/* RFC 6437 3: packets of one conversation carry the same label, which tells nothing. */
static uint32_t
flow_label(const struct host *h, const struct ip_addr *src, const struct ip_sending *s,
           const uint8_t *payload, size_t n)
{
  uint64_t x = h->isn_key[0] ^ s->proto;
  for (unsigned i = 0; i < 16; i += 8)
    x = (x ^ get_be64(src->octets + i) ^ get_be64(s->dst.octets + i) * 31) *
        UINT64_C(0x9e3779b97f4a7c15);
  if ((s->proto == IP_PROTO_TCP || s->proto == IP_PROTO_UDP) && n >= 4)
    x = (x ^ get_be32(payload)) * UINT64_C(0x9e3779b97f4a7c15);
  return (uint32_t)(x >> 44);
}

static void
put_header(struct host *h, const struct ip_sending *s, const struct ip_addr *src,
           const struct iface *out, struct packet *p, size_t n)
{
  uint8_t hops = out->nd && out->nd->hop_limit ? out->nd->hop_limit : h->ttl;
  struct ipv6 ip = {.traffic_class = s->tos,
                    .flow_label = flow_label(h, src, s, packet_payload(p), n),
                    .payload_octets = (uint16_t)n,
                    .next_header = s->proto,
                    .hop_limit = s->ttl ? s->ttl : hops};
  memcpy(ip.src, src->octets, 16);
  memcpy(ip.dst, s->dst.octets, 16);
  p->octets = packet_payload(p) - IPV6_OCTETS - PACKET_IP;
  ipv6_put(p->octets + PACKET_IP, &ip);
  p->n = (uint32_t)(PACKET_IP + IPV6_OCTETS + n);
}

static void
loop_back(void *data)
{
  struct packet *p = data;
  struct iface *at = p->to;
  p->to = NULL;
  p->at = at;
  ip6_input(at, p);
}

bool
ip6_send(struct host *h, const struct ip_sending *s, struct packet *p, size_t n)
{
  struct ip_addr next = s->dst;
  struct iface *out = s->out ? s->out : ip_route(h, &s->dst, &next);
  struct ip_addr src = s->src.version || !out ? s->src : ip_source_on(out, &s->dst);
  bool is_group = ip6_is_multicast(&s->dst);
  if (!is_group)
    ip_tell_route(h, &s->dst);
  if (!out || !out->nd || src.version != 6 || n > UINT16_MAX) {
    ip_drop(h, p, DROP_NO_ROUTE);
    return false;
  }
  put_header(h, s, &src, out, p, n);
  if (host_has_addr(h, &s->dst)) { /* to itself: on no wire, so in no trace */
    struct world *w = h->net->world;
    p->to = out;
    world_at(w, world_now(w), WORLD_LINK, h->index, loop_back, p);
    return true;
  }
  uint32_t mtu = is_group ? iface_mtu(out) : ip_mtu_on(out, &s->dst);
  if (IPV6_OCTETS + n <= mtu) {
    nd_send(out, &next, p);
    return true;
  }
  if (s->df) {
    ip_drop(h, p, DROP_TOO_BIG);
    return false;
  }
  ip6_fragment(h, out, &next, p, mtu);
  return true;
}

/* ---- extension headers ---- */

/* A walk over a packet's headers; offsets count from the IPv6 header. */
struct walk {
  struct host *host;
  struct packet *p;
  uint32_t n;       /* octets of the IPv6 packet */
  uint32_t at;      /* the header to be read */
  uint32_t next_at; /* where the header before it names it */
  uint8_t proto;
  bool is_group;
};

static const uint8_t *
octet(const struct walk *w, uint32_t at)
{
  return w->p->octets + PACKET_IP + at;
}

static void
refuse(struct walk *w, enum ip_trouble trouble, uint32_t at, enum drop_reason reason)
{
  icmp_error(w->host, w->p, trouble, at);
  ip_drop(w->host, w->p, reason);
  w->p = NULL;
}

/* RFC 8200 4.2: an option that nobody knows says in its two highest bits what to do with the
 * packet. False when the packet is gone. */
static bool
option_is_harmless(struct walk *w, uint32_t at)
{
  switch (*octet(w, at) >> 6) {
  case 0:
    return true;
  case 1:
    ip_drop(w->host, w->p, DROP_OPTION);
    w->p = NULL;
    return false;
  case 3:
    if (w->is_group) {
      ip_drop(w->host, w->p, DROP_OPTION);
      w->p = NULL;
      return false;
    }
    break;
  }
  refuse(w, IP_UNKNOWN_OPTION, at, DROP_OPTION);
  return false;
}

/* Pad1 0, PadN 1, router alert 5 (RFC 2711). False when the packet is gone. */
static bool
read_options(struct walk *w, uint32_t first, uint32_t end)
{
  for (uint32_t at = first; at < end;) {
    uint8_t type = *octet(w, at);
    if (type == 0) {
      at++;
      continue;
    }
    if (at + 2 > end || at + 2u + *octet(w, at + 1) > end) {
      refuse(w, IP_PARAMETER, at + 1 < end ? at + 1 : at, DROP_HEADER);
      return false;
    }
    bool is_known = type == 1 || (type == 5 && *octet(w, at + 1) == 2);
    if (!is_known && !option_is_harmless(w, at))
      return false;
    at += 2u + *octet(w, at + 1);
  }
  return true;
}

/* One header of the form next, length in eights. Its octets, or 0 when the packet is gone. */
static uint32_t
extension_octets(struct walk *w)
{
  uint32_t octets = w->at + 8 <= w->n ? 8 + 8u * *octet(w, w->at + 1) : 0;
  if (octets && w->at + octets <= w->n)
    return octets;
  refuse(w, IP_PARAMETER, octets ? w->at + 1 : 4, DROP_HEADER);
  return 0;
}

static bool
skip_options(struct walk *w)
{
  uint32_t octets = extension_octets(w);
  if (!octets || !read_options(w, w->at + 2, w->at + octets))
    return false;
  w->proto = *octet(w, w->at);
  w->next_at = w->at;
  w->at += octets;
  return true;
}

/* RFC 8200 4.4, RFC 5095: no type is followed; one with nothing left to visit is passed over. */
static bool
skip_routing(struct walk *w)
{
  uint32_t octets = extension_octets(w);
  if (!octets)
    return false;
  if (*octet(w, w->at + 3) != 0) {
    refuse(w, IP_PARAMETER, w->at + 2, DROP_SOURCE_ROUTE);
    return false;
  }
  w->proto = *octet(w, w->at);
  w->next_at = w->at;
  w->at += octets;
  return true;
}

/* RFC 7112: the first piece holds all headers, the transport's included. */
static bool
holds_all_headers(const struct walk *w, uint8_t proto, uint32_t at)
{
  for (unsigned i = 0; i < HEADERS_MAX; i++) {
    if (proto != IP_PROTO_ROUTING && proto != IP_PROTO_DSTOPTS && proto != IP_PROTO_HOPOPTS)
      break;
    if (at + 8 > w->n)
      return false;
    proto = *octet(w, at);
    at += 8 + 8u * *octet(w, at + 1);
  }
  uint32_t needs = proto == IP_PROTO_TCP ? TCP_OCTETS : proto == IP_PROTO_NONE ? 0 : 8;
  return at + needs <= w->n;
}

/* False while pieces are missing, or when the packet is gone. */
static bool
join_fragment(struct walk *w)
{
  if (w->at + IPV6_FRAGMENT_OCTETS > w->n) {
    refuse(w, IP_PARAMETER, 4, DROP_HEADER);
    return false;
  }
  const uint8_t *f = octet(w, w->at);
  struct ip_piece piece = {.src = ip_addr_v6(octet(w, 8)),
                           .dst = ip_addr_v6(octet(w, 24)),
                           .proto = f[0],
                           .id = get_be32(f + 4),
                           .first = get_be16(f + 2) & 0xfff8u,
                           .more = f[3] & 1,
                           .data_at = w->at + IPV6_FRAGMENT_OCTETS,
                           .head_octets = w->at,
                           .next_at = w->next_at};
  piece.n = w->n - piece.data_at;
  if (piece.more && piece.n % 8 != 0) {
    refuse(w, IP_PARAMETER, 4, DROP_HEADER);
    return false;
  }
  if (piece.first + piece.n + piece.head_octets - IPV6_OCTETS > UINT16_MAX) {
    refuse(w, IP_PARAMETER, w->at + 2, DROP_HEADER);
    return false;
  }
  if (piece.first == 0 && piece.more && !holds_all_headers(w, f[0], piece.data_at)) {
    refuse(w, IP_INCOMPLETE_HEADERS, 0, DROP_HEADERS);
    return false;
  }
  if (piece.first == 0 && !piece.more) { /* RFC 6946: a whole datagram by itself */
    w->proto = f[0];
    w->next_at = w->at;
    w->at = piece.data_at;
    return true;
  }
  w->p = ip_reassemble(w->host, w->p, &piece);
  if (!w->p)
    return false;
  w->n = w->p->n - PACKET_IP;
  w->proto = *octet(w, w->next_at);
  return true;
}

/* ---- receiving ---- */

static void
deliver(struct iface *at, struct walk *w)
{
  const uint8_t *ip = octet(w, 0);
  struct ip_datagram d = {.src = ip_addr_v6(ip + 8),
                          .dst = ip_addr_v6(ip + 24),
                          .proto = w->proto,
                          .tos = (uint8_t)(get_be16(ip) >> 4),
                          .ttl = ip[7],
                          .payload = w->p->octets + PACKET_IP + w->at,
                          .n = w->n - w->at};
  switch (w->proto) {
  case IP_PROTO_TCP:
    if (!w->is_group) {
      socket_input(at, w->p, &d);
      return;
    }
    break;
  case IP_PROTO_UDP:
    udp_input(at, w->p, &d);
    return;
  case IP_PROTO_ICMPV6:
    icmp6_input(at, w->p, &d);
    return;
  case IP_PROTO_NONE:
    break;
  default:
    refuse(w, IP_UNKNOWN_HEADER, w->next_at, DROP_NO_PROTOCOL);
    return;
  }
  packet_free(w->host->net, w->p);
}

static void
read_headers(struct iface *at, struct walk *w)
{
  for (unsigned i = 0; i < HEADERS_MAX; i++) {
    bool goes_on;
    if (w->proto == IP_PROTO_DSTOPTS)
      goes_on = skip_options(w);
    else if (w->proto == IP_PROTO_ROUTING)
      goes_on = skip_routing(w);
    else if (w->proto == IP_PROTO_FRAGMENT)
      goes_on = join_fragment(w);
    else { /* hop-by-hop in another place than the first is unknown too: RFC 8200 4.1 */
      deliver(at, w);
      return;
    }
    if (!goes_on)
      return;
  }
  ip_drop(w->host, w->p, DROP_HEADERS);
}

static void
forward(struct iface *at, struct packet *p, const struct ipv6 *ip)
{
  struct host *h = at->host;
  struct ip_addr src = ip_addr_v6(ip->src), dst = ip_addr_v6(ip->dst), next;
  if (ip6_is_multicast(&dst) || ip6_is_link_local(&dst) || ip_addr_equal(&src, &ip6_any)) {
    ip_drop(h, p, DROP_SCOPE);
    return;
  }
  if (ip->hop_limit <= 1) {
    icmp_error(h, p, IP_HOP_LIMIT, 0);
    ip_drop(h, p, DROP_TTL);
    return;
  }
  struct iface *out = ip_route(h, &dst, &next);
  ip_tell_route(h, &dst);
  if (!out || !out->nd) {
    icmp_error(h, p, IP_NO_NET, 0);
    ip_drop(h, p, DROP_NO_ROUTE);
    return;
  }
  if (ip6_is_link_local(&src)) {
    icmp_error(h, p, IP_BEYOND_SCOPE, 0);
    ip_drop(h, p, DROP_SCOPE);
    return;
  }
  if (p->n - PACKET_IP > iface_mtu(out)) {
    icmp_error(h, p, IP_TOO_BIG, iface_mtu(out));
    ip_drop(h, p, DROP_TOO_BIG);
    return;
  }
  if (out == at)
    redirect6_send(at, p, &dst, &next);
  p->octets[PACKET_IP + 7]--;
  nd_send(out, &next, p);
}

/* Groups that every node is in, and the solicited-node groups of its addresses, also of those under
 * test. */
bool
ip6_is_for(const struct iface *at, const struct ip_addr *dst)
{
  if (!ip6_is_multicast(dst))
    return host_has_addr(at->host, dst);
  struct ip_addr all = *dst;
  if (dst->octets[1] != 1 && dst->octets[1] != 2)
    return false; /* beyond interface and link */
  all.octets[1] = 2;
  if (ip_addr_equal(&all, &ip6_all_nodes))
    return true;
  if (ip_addr_equal(&all, &ip6_all_routers))
    return at->host->kind == HOST_ROUTER;
  for (unsigned k = 0; k < at->n_addrs; k++) {
    struct ip_addr group = ip6_solicited_node(&at->addrs[k].addr);
    if (at->addrs[k].addr.version == 6 && ip_addr_equal(dst, &group))
      return true;
  }
  return false;
}

void
ip6_input(struct iface *at, struct packet *p)
{
  struct host *h = at->host;
  struct ipv6 ip;
  if (!ipv6_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip) ||
      (uint32_t)IPV6_OCTETS + ip.payload_octets > p->n - PACKET_IP || ip.src[0] == 0xff) {
    ip_drop(h, p, DROP_HEADER);
    return;
  }
  p->n = (uint32_t)PACKET_IP + IPV6_OCTETS + ip.payload_octets; /* without padding */
  struct ip_addr dst = ip_addr_v6(ip.dst);
  struct walk w = {.host = h,
                   .p = p,
                   .n = p->n - PACKET_IP,
                   .at = IPV6_OCTETS,
                   .next_at = 6,
                   .proto = ip.next_header,
                   .is_group = ip6_is_multicast(&dst)};
  bool is_ours = ip6_is_for(at, &dst) ||
                 intercept_takes(h, ip.next_header, false, p->octets + PACKET_IP + IPV6_OCTETS,
                                 ip.payload_octets);
  if (!is_ours && h->kind != HOST_ROUTER) {
    packet_free(h->net, p);
    return;
  }
  if (is_ours && !w.is_group && outside_take(h, p))
    return;
  if (w.proto == IP_PROTO_HOPOPTS && !skip_options(&w))
    return;
  if (is_ours)
    read_headers(at, &w);
  else
    forward(at, p, &ip);
}
