/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_fragment.c -- cuts a datagram that is too large for a link. reassemble.c is the way back.
 *
 *   IPv4 | header, options | 0 .. 8k | more |   | header, some options | 8k .. | last |   RFC
 * 791 3.2 IPv6 | header | fragment header  | 0 .. 8k |  ...            only by the sender: RFC
 * 8200 4.5
 */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"

enum { OPTION_COPIED = 0x80, OPTION_END = 0, OPTION_NOP = 1 };

/* The header of the second and later pieces: options without the copy bit stay behind (RFC 791
 * 3.1). Returns its octets; `out` holds IPV4_HEADER_MAX. */
static uint32_t
later_header(const uint8_t *header, uint32_t n, uint8_t *out)
{
  uint32_t at = IPV4_OCTETS, filled = IPV4_OCTETS;
  memcpy(out, header, IPV4_OCTETS);
  while (at < n && header[at] != OPTION_END) {
    uint32_t octets = header[at] == OPTION_NOP ? 1 : at + 1 < n ? header[at + 1] : 0;
    if (octets == 0 || at + octets > n || (octets == 1 && header[at] != OPTION_NOP))
      break;
    if (header[at] & OPTION_COPIED) {
      memcpy(out + filled, header + at, octets);
      filled += octets;
    }
    at += octets;
  }
  while (filled % 4 != 0)
    out[filled++] = OPTION_END;
  out[0] = (uint8_t)(0x40 | filled / 4);
  return filled;
}

void
ip_fragment(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p)
{
  struct ipv4 ip;
  uint8_t later[IPV4_HEADER_MAX];
  ipv4_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip);
  const uint8_t *header = p->octets + PACKET_IP, *payload = header + ip.header_octets;
  uint32_t n_header = ip.header_octets, n = (uint32_t)ip.total_octets - ip.header_octets;
  uint32_t n_later = later_header(header, n_header, later), piece;
  for (uint32_t at = 0; at < n; at += piece) {
    if (at > 0) {
      header = later;
      n_header = n_later;
    }
    piece = MIN((iface_mtu(out) - n_header) & ~7u, n - at);
    struct packet *f = packet_new(h->net, p->maker, n_header + piece);
    f->journey = p->journey;
    uint8_t *q = f->octets + PACKET_IP;
    bool more = ip.more_fragments || at + piece < n;
    memcpy(q, header, n_header);
    put_be16(q + 2, (uint16_t)(n_header + piece));
    put_be16(q + 6, (uint16_t)((more ? 0x2000 : 0) | (ip.fragment_offset + at) / 8));
    put_be16(q + 10, 0);
    put_be16(q + 10, checksum_finish(checksum_add(0, q, n_header)));
    memcpy(q + n_header, payload + at, piece);
    f->n = PACKET_IP + n_header + piece;
    ip_transmit(h, out, next, f);
  }
  packet_free(h->net, p);
}

void
ip6_fragment(struct host *h, struct iface *out, const struct ip_addr *next, struct packet *p,
             uint32_t mtu)
{
  const uint8_t *header = p->octets + PACKET_IP, *payload = header + IPV6_OCTETS;
  uint32_t n = p->n - PACKET_IP - IPV6_OCTETS, id = h->next_fragment_id++;
  uint32_t step = (mtu - IPV6_OCTETS - IPV6_FRAGMENT_OCTETS) & ~7u;
  for (uint32_t at = 0; at < n; at += step) {
    uint32_t piece = MIN(step, n - at);
    struct packet *f = packet_new(h->net, p->maker, IPV6_OCTETS + IPV6_FRAGMENT_OCTETS + piece);
    f->journey = p->journey;
    uint8_t *q = f->octets + PACKET_IP, *fragment = q + IPV6_OCTETS;
    memcpy(q, header, IPV6_OCTETS);
    put_be16(q + 4, (uint16_t)(IPV6_FRAGMENT_OCTETS + piece));
    q[6] = IP_PROTO_FRAGMENT;
    fragment[0] = header[6];
    fragment[1] = 0;
    put_be16(fragment + 2, (uint16_t)(at | (at + piece < n)));
    put_be32(fragment + 4, id);
    memcpy(fragment + IPV6_FRAGMENT_OCTETS, payload + at, piece);
    f->n = PACKET_IP + IPV6_OCTETS + IPV6_FRAGMENT_OCTETS + piece;
    nd_send(out, next, f);
  }
  packet_free(h->net, p);
}
