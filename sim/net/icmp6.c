/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp6.c -- ICMPv6, RFC 4443: echo, and reports of trouble.
 *
 *   icmp_error ─> icmp6_error ─allowed? (2.4 e, f)─> as much of the packet as 1280 octets hold
 *   icmp6_input ─> echo: reply │ reply: a ping │ error: the transport that sent │ the rest: nd.c */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"
#include "sim/net/ping.h"

static const struct {
  uint8_t type, code;
} troubles[N_IP_TROUBLES] = {
    [IP_NO_NET] = {ICMP6_UNREACHABLE, 0},
    [IP_NO_HOST] = {ICMP6_UNREACHABLE, 3},
    [IP_NO_PROTOCOL] = {ICMP6_PARAMETER, 1},
    [IP_NO_PORT] = {ICMP6_UNREACHABLE, 4},
    [IP_TOO_BIG] = {ICMP6_TOO_BIG, 0},
    [IP_SOURCE_ROUTE_FAILED] = {ICMP6_UNREACHABLE, 7},
    [IP_PROHIBITED] = {ICMP6_UNREACHABLE, 1},
    [IP_HOP_LIMIT] = {ICMP6_TIME_EXCEEDED, 0},
    [IP_REASSEMBLY] = {ICMP6_TIME_EXCEEDED, 1},
    [IP_PARAMETER] = {ICMP6_PARAMETER, 0},
    [IP_UNKNOWN_HEADER] = {ICMP6_PARAMETER, 1},
    [IP_UNKNOWN_OPTION] = {ICMP6_PARAMETER, 2},
    [IP_INCOMPLETE_HEADERS] = {ICMP6_PARAMETER, 3},
    [IP_BEYOND_SCOPE] = {ICMP6_UNREACHABLE, 2},
};

/* The transport header of a quoted packet: its offset, or 0 when it is not there. */
static uint32_t
find_transport(const uint8_t *p, size_t n, uint8_t *proto)
{
  struct ipv6 ip;
  size_t at = ipv6_get(p, n, &ip);
  if (!at)
    return 0;
  *proto = ip.next_header;
  while (at + 8 <= n) {
    if (*proto == IP_PROTO_FRAGMENT) {
      if (get_be16(p + at + 2) & 0xfff8)
        return 0; /* not the first piece: nobody's header */
      *proto = p[at];
      at += IPV6_FRAGMENT_OCTETS;
    } else if (*proto == IP_PROTO_HOPOPTS || *proto == IP_PROTO_ROUTING ||
               *proto == IP_PROTO_DSTOPTS) {
      *proto = p[at];
      at += 8 + 8u * p[at + 1];
    } else {
      return (uint32_t)at;
    }
  }
  return 0;
}

/* ---- trouble of ours ---- */

static void
tell_sender(struct host *h, struct ip_error *e, const uint8_t *quoted, size_t n)
{
  uint32_t at = find_transport(quoted, n, &e->proto);
  struct ipv6 ip;
  if (!at || !ipv6_get(quoted, n, &ip))
    return;
  e->src = ip_addr_v6(ip.src);
  e->dst = ip_addr_v6(ip.dst);
  e->quoted = quoted + at;
  e->n = (uint32_t)(n - at);
  if (e->trouble == IP_TOO_BIG && e->from.version)
    e->mtu = ip_learn_mtu(h, &e->dst, e->mtu, (uint32_t)n);
  if (e->proto == IP_PROTO_TCP)
    socket_error(h, e);
  else if (e->proto == IP_PROTO_UDP)
    udp_error(h, e);
  else if (e->proto == IP_PROTO_ICMPV6)
    ping_error(h, e);
  char text[ADDR_TEXT_MAX];
  host_log(h, "icmp", "ICMPv6 type %u code %u about a packet to %s",
           "ICMPv6 ชนิด %u รหัส %u แจ้งเรื่องแพ็กเก็ตที่ส่งถึง %s", e->type, e->code,
           ip_addr_format(&e->dst, text));
}

static void
error_came(struct host *h, const struct ip_datagram *d, const struct icmp *icmp)
{
  for (unsigned i = 0; i < N_IP_TROUBLES; i++) {
    if (troubles[i].type != icmp->type ||
        (troubles[i].code != icmp->code && icmp->type != ICMP6_TOO_BIG))
      continue;
    struct ip_error e = {.trouble = (enum ip_trouble)i,
                         .type = icmp->type,
                         .code = icmp->code,
                         .from = d->src,
                         .mtu = i == IP_TOO_BIG ? icmp->rest : 0};
    tell_sender(h, &e, d->payload + ICMP_OCTETS, d->n - ICMP_OCTETS);
    return;
  }
}

/* ---- trouble of others ---- */

static bool
is_icmp6_error(const uint8_t *quoted, size_t n)
{
  uint8_t proto = 0;
  uint32_t at = find_transport(quoted, n, &proto);
  /* Errors have types below 128; a redirect counts as one: RFC 4443 2.4 e. */
  return at && proto == IP_PROTO_ICMPV6 && (quoted[at] < 128 || quoted[at] == ICMP6_REDIRECT);
}

static bool
may_be_reported(const struct ipv6 *ip, const uint8_t *quoted, size_t n, enum ip_trouble trouble)
{
  struct ip_addr src = ip_addr_v6(ip->src);
  bool about_groups = trouble == IP_TOO_BIG || trouble == IP_UNKNOWN_OPTION;
  if (ip->src[0] == 0xff || ip_addr_equal(&src, &ip6_any) || is_icmp6_error(quoted, n))
    return false;
  return ip->dst[0] != 0xff || about_groups;
}

void
icmp6_error(struct host *h, const struct packet *p, enum ip_trouble trouble, uint32_t rest)
{
  struct ipv6 ip;
  const uint8_t *quoted = p->octets + PACKET_IP;
  size_t n = p->n - PACKET_IP;
  uint8_t type = troubles[trouble].type, code = troubles[trouble].code;
  if (!ipv6_get(quoted, n, &ip) || !may_be_reported(&ip, quoted, n, trouble))
    return;
  struct ip_addr to = ip_addr_v6(ip.src), dst = ip_addr_v6(ip.dst);
  if (host_has_addr(h, &to)) {
    struct ip_error e = {.trouble = trouble, .type = type, .code = code, .mtu = rest};
    tell_sender(h, &e, quoted, n);
    return;
  }
  if (!icmp_may_report(h))
    return;
  n = MIN(n, (size_t)IPV6_MTU_MIN - IPV6_OCTETS - ICMP_OCTETS);
  struct ip_sending s = {.dst = to, .proto = IP_PROTO_ICMPV6};
  s.out = ip6_is_link_local(&to) ? p->at : NULL;
  s.src = host_has_addr(h, &dst) ? dst : s.out ? ip_source_on(s.out, &to) : ip_source(h, &to);
  if (s.src.version != 6)
    return;
  struct packet *e = packet_new(h->net, h->index, ICMP_OCTETS + n);
  uint8_t *q = packet_payload(e);
  icmp_put(q, &(struct icmp){.type = type, .code = code, .rest = rest});
  memcpy(q + ICMP_OCTETS, quoted, n);
  uint32_t sum = checksum_pseudo(&s.src, &to, IP_PROTO_ICMPV6, (uint32_t)(ICMP_OCTETS + n));
  put_be16(q + 2, checksum_finish(checksum_add(sum, q, ICMP_OCTETS + n)));
  ip_send(h, &s, e, ICMP_OCTETS + n);
}

/* ---- echo ---- */

/* The question turns round with its data; what was asked of a group is answered by its member. */
static void
reply(struct iface *at, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct ip_sending s = {.dst = d->src, .proto = IP_PROTO_ICMPV6, .tos = d->tos & 0xfc};
  s.out = ip6_is_link_local(&d->src) ? at : NULL;
  s.src = !ip6_is_multicast(&d->dst) ? d->dst : ip_source_on(at, &d->src);
  if (s.src.version != 6 || ip_addr_equal(&d->src, &ip6_any))
    return;
  struct packet *r = packet_new(h->net, h->index, d->n);
  uint8_t *q = packet_payload(r);
  memcpy(q, d->payload, d->n);
  q[0] = ICMP6_ECHO_REPLY;
  put_be16(q + 2, 0);
  uint32_t sum = checksum_pseudo(&s.src, &s.dst, IP_PROTO_ICMPV6, d->n);
  put_be16(q + 2, checksum_finish(checksum_add(sum, q, d->n)));
  ip_send(h, &s, r, d->n);
}

void
icmp6_input(struct iface *at, struct packet *p, const struct ip_datagram *d)
{
  struct host *h = at->host;
  struct icmp icmp;
  uint32_t sum = checksum_pseudo(&d->src, &d->dst, IP_PROTO_ICMPV6, d->n);
  if (!icmp_get(d->payload, d->n, &icmp) ||
      checksum_finish(checksum_add(sum, d->payload, d->n)) != 0) {
    ip_drop(h, p, DROP_CHECKSUM_ICMP);
    return;
  }
  if (icmp.type == ICMP6_ECHO)
    reply(at, d);
  else if (icmp.type == ICMP6_ECHO_REPLY)
    ping_answer(h, d, icmp.rest);
  else if (icmp.type >= ICMP6_ROUTER_SOLICIT && icmp.type <= ICMP6_REDIRECT)
    nd_input(at, d);
  else if (icmp.type < 128)
    error_came(h, d, &icmp);
  packet_free(h->net, p);
}
