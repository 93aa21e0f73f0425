/* SPDX-License-Identifier: GPL-3.0-or-later */
/* nat.c -- a router that gives many hosts one address: RFC 4787 (UDP), 5382 (TCP), 5508 (ICMP).
 *
 *   inside ── src 192.168.1.10:50000 ─> nat_leave ── src 203.0.113.1:4711 ─> outside
 *   inside <─ dst 192.168.1.10:50000 ── nat_arrive <─ dst 203.0.113.1:4711 ── outside
 *   inside ── dst 203.0.113.1:4711 ──> nat_arrive: both, and back inside (hairpin, RFC 4787 REQ-9)
 *
 * Checksums follow each changed word (RFC 1624), so damage done before is still seen behind. ICMP
 * errors are translated outside and in what they quote. Fragments are joined first, since only the
 * first has ports. What comes from outside for nobody is dropped without a word (RFC 5382 REQ-4),
 * except for the box's own ports: those below 600 and the dynamic ones. Not here: application
 * gateways, address pools. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/tcp.h"
#include "sim/net/host.h"

enum { OWN_PORTS_BELOW = 600, OWN_PORTS_FROM = 49152 }; /* see nat_table.c */
enum { SUM_TCP = 16, SUM_UDP = 6, SUM_ICMP = 2, ICMP_ID = 4 };

/* One IP packet with what a translation touches. */
struct parts {
  uint8_t *ip, *l4;
  size_t n; /* octets at l4: a quoted packet may end early */
  uint8_t proto;
  struct ip_addr src, dst;
  uint16_t src_port, dst_port; /* an echo's identifier is both */
  uint16_t tcp_flags;
  bool is_icmp_error;
};

/* False when it cannot be translated. */
static bool
take_apart(uint8_t *ip, size_t n, struct parts *out)
{
  struct ipv4 head;
  size_t header = ipv4_get(ip, n, &head);
  if (!header || n < header + 8)
    return false;
  *out = (struct parts){.ip = ip,
                        .l4 = ip + header,
                        .n = MIN(n, (size_t)MAX(head.total_octets, header)) - header,
                        .proto = head.proto,
                        .src = ip_addr_v4(head.src),
                        .dst = ip_addr_v4(head.dst)};
  if (out->n < 8)
    return false;
  if (head.proto == IP_PROTO_TCP || head.proto == IP_PROTO_UDP) {
    out->src_port = get_be16(out->l4);
    out->dst_port = get_be16(out->l4 + 2);
    if (head.proto == IP_PROTO_TCP && out->n > 13)
      out->tcp_flags = out->l4[13];
    return true;
  }
  if (head.proto != IP_PROTO_ICMP)
    return false;
  out->is_icmp_error = out->l4[0] != ICMP_TYPE_ECHO && out->l4[0] != ICMP_TYPE_ECHO_REPLY;
  out->src_port = out->dst_port = get_be16(out->l4 + ICMP_ID);
  return true;
}

/* ---- octets ---- */

/* Writes a word that an outer checksum (or NULL) covers. */
static void
set_word(uint8_t *at, uint16_t value, uint8_t *outer)
{
  if (outer)
    put_be16(outer, checksum_update(get_be16(outer), get_be16(at), value));
  put_be16(at, value);
}

static uint8_t *
sum_of(const struct parts *p)
{
  size_t place = p->proto == IP_PROTO_TCP ? SUM_TCP : p->proto == IP_PROTO_UDP ? SUM_UDP : SUM_ICMP;
  if (place + 2 > p->n || (p->proto == IP_PROTO_UDP && get_be16(p->l4 + place) == 0))
    return NULL; /* cut off, or a datagram without a checksum */
  return p->l4 + place;
}

static void
follow(uint8_t *sum, uint16_t before, uint16_t after, bool is_udp, uint8_t *outer)
{
  uint16_t value = checksum_update(get_be16(sum), before, after);
  set_word(sum, value == 0 && is_udp ? 0xffff : value, outer); /* RFC 768: 0 means none */
}

/* Gives one end of a packet another address and port. */
static void
translate(const struct parts *p, bool is_src, const struct ip_addr *addr, uint16_t port,
          uint8_t *outer)
{
  uint8_t *sum = sum_of(p), *place = p->ip + (is_src ? 12 : 16);
  bool is_udp = p->proto == IP_PROTO_UDP;
  for (unsigned i = 0; i < 4; i += 2) {
    uint16_t before = get_be16(place + i), after = get_be16(addr->octets + i);
    follow(p->ip + 10, before, after, false, outer);
    if (sum && p->proto != IP_PROTO_ICMP) /* whose checksum has no pseudo-header */
      follow(sum, before, after, is_udp, outer);
    set_word(place + i, after, outer);
  }
  if (p->is_icmp_error)
    return;
  place = p->proto == IP_PROTO_ICMP ? p->l4 + ICMP_ID : p->l4 + (is_src ? 0 : 2);
  if (sum)
    follow(sum, get_be16(place), port, is_udp, outer);
  set_word(place, port, outer);
}

/* ---- decisions ---- */

static bool
drop(struct nat *n, struct packet *p, enum drop_reason reason)
{
  host_drop(n->host, p, reason, n->set.outside->link->name);
  packet_free(n->host->net, p);
  return false;
}

/* What a packet quotes that an ICMP error is about. */
static bool
take_quote(const struct parts *p, struct parts *quote)
{
  return p->n > ICMP_OCTETS && take_apart(p->l4 + ICMP_OCTETS, p->n - ICMP_OCTETS, quote) &&
         !quote->is_icmp_error;
}

/* An error about a packet that went out: RFC 5508 4.2. */
static void
error_in(struct nat *n, const struct parts *p, bool is_hairpin)
{
  struct parts quote;
  if (!take_quote(p, &quote))
    return;
  struct nat_mapping *m = nat_find_out(n, quote.proto, quote.src_port);
  if (!m || !ip_addr_equal(&quote.src, &n->addr))
    return;
  uint8_t *sum = sum_of(p);
  if (is_hairpin) {
    struct nat_mapping *other = nat_find_in(n, quote.proto, &quote.dst, quote.dst_port);
    if (other)
      translate(&quote, false, &n->addr, other->out_port, sum);
    translate(p, true, &n->addr, 0, NULL);
  }
  translate(&quote, true, &m->in, m->in_port, sum);
  translate(p, false, &m->in, 0, NULL);
}

/* An error about a packet that came in. */
static bool
error_out(struct nat *n, const struct parts *p)
{
  struct parts quote;
  if (!take_quote(p, &quote))
    return false;
  struct nat_mapping *m = nat_find_in(n, quote.proto, &quote.dst, quote.dst_port);
  if (!m)
    return false;
  translate(&quote, false, &n->addr, m->out_port, sum_of(p));
  translate(p, true, &n->addr, 0, NULL);
  return true;
}

/* Gives the sender inside its port outside. */
static enum drop_reason
send_out(struct nat *n, struct parts *p)
{
  struct nat_mapping *m = nat_find_in(n, p->proto, &p->src, p->src_port);
  if (!m)
    m = nat_add(n, p->proto, &p->src, p->src_port);
  if (!m)
    return DROP_NAT_TABLE;
  uint16_t peer = p->proto == IP_PROTO_ICMP ? 0 : p->dst_port;
  nat_refresh(n, m, nat_session(m, addr_number(&p->dst), peer, true), true, p->tcp_flags);
  translate(p, true, &n->addr, m->out_port, NULL);
  p->src = n->addr;
  p->src_port = m->out_port;
  return DROP_NONE;
}

/* Finds the receiver inside. */
static enum drop_reason
bring_in(struct nat *n, struct parts *p)
{
  struct nat_mapping *m = nat_find_out(n, p->proto, p->dst_port);
  uint16_t peer = p->proto == IP_PROTO_ICMP ? 0 : p->src_port;
  if (!m || !nat_admits(n, m, addr_number(&p->src), peer))
    return DROP_NAT_NO_MAPPING;
  nat_refresh(n, m, nat_session(m, addr_number(&p->src), peer, true), false, p->tcp_flags);
  translate(p, false, &m->in, m->in_port, NULL);
  return DROP_NONE;
}

/* Without a mapping: is it for the box itself? */
static bool
is_own(const struct parts *p)
{
  if (p->proto == IP_PROTO_ICMP)
    return true;
  return p->dst_port < OWN_PORTS_BELOW || p->dst_port >= OWN_PORTS_FROM;
}

/* The address outside may have come by DHCP and changed. False without one. */
static bool
know_address(struct nat *n)
{
  const struct iface_addr *own = iface_addr(n->set.outside, 4);
  if (own && !ip_addr_equal(&own->addr, &n->addr)) {
    n->addr = own->addr;
    nat_forget_all(n);
  }
  return own != NULL;
}

/* A packet for the address outside. True when it may go on. */
static bool
for_outside_address(struct nat *n, struct iface *at, struct packet *p, struct parts *parts)
{
  bool is_hairpin = at != n->set.outside;
  if (parts->is_icmp_error) {
    error_in(n, parts, is_hairpin);
    return true; /* translated, or about the box's own packets */
  }
  if (parts->proto == IP_PROTO_ICMP && (is_hairpin || parts->l4[0] == ICMP_TYPE_ECHO))
    return true; /* the box itself answers */
  if (!nat_find_out(n, parts->proto, parts->dst_port))
    return is_own(parts) || is_hairpin || drop(n, p, DROP_NAT_NO_MAPPING);
  if (parts->ip[8] <= 1) { /* the router's business, while the sender still knows its packet */
    icmp_error(n->host, p, IP_HOP_LIMIT, 0);
    return drop(n, p, DROP_TTL);
  }
  if (is_hairpin && !n->set.hairpin)
    return drop(n, p, DROP_NAT_NO_MAPPING);
  enum drop_reason reason = is_hairpin ? send_out(n, parts) : DROP_NONE;
  if (!reason)
    reason = bring_in(n, parts);
  return !reason || drop(n, p, reason);
}

struct packet *
nat_arrive(struct iface *at, struct packet *p)
{
  struct nat *n = at->host->nat;
  struct ipv4 ip;
  ipv4_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip);
  struct ip_addr dst = ip_addr_v4(ip.dst);
  bool is_for_box = host_has_addr(at->host, &dst) || ip.dst[0] >= 224;
  if (!know_address(n))
    return p;
  if (!is_for_box && at == n->set.outside) {
    drop(n, p, DROP_NAT_NO_MAPPING);
    return NULL;
  }
  bool is_for_outside = ip_addr_equal(&dst, &n->addr);
  if (is_for_box && !is_for_outside)
    return p;
  if (ip.more_fragments || ip.fragment_offset > 0) {
    p = ip4_reassemble(at->host, p, &ip);
    if (!p)
      return NULL;
  }
  struct parts parts;
  if (!is_for_outside || !take_apart(p->octets + PACKET_IP, p->n - PACKET_IP, &parts))
    return p;
  return for_outside_address(n, at, p, &parts) ? p : NULL;
}

bool
nat_leave(struct iface *at, struct iface *out, struct packet *p)
{
  struct nat *n = at->host->nat;
  if (out != n->set.outside || at == out)
    return true;
  struct parts parts;
  if (!know_address(n))
    return drop(n, p, DROP_NO_ROUTE);
  if (!take_apart(p->octets + PACKET_IP, p->n - PACKET_IP, &parts))
    return drop(n, p, DROP_NAT_PROTOCOL);
  if (parts.is_icmp_error)
    return error_out(n, &parts) || drop(n, p, DROP_NAT_NO_MAPPING);
  enum drop_reason reason = send_out(n, &parts);
  return !reason || drop(n, p, reason);
}
