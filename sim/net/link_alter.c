/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link_alter.c -- what links do to octets: damage them, and mark congestion.
 *
 * Damage is one wrong bit where a checksum of IP, ICMP, UDP or TCP covers it, so that the receiver
 * finds it: a sum of 16-bit words sees every single wrong bit (RFC 1071). A real network card would
 * have dropped the frame because of its check sequence; here that happens to frames that no
 * checksum covers. */
#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "sim/net/host.h"

enum { ECN_NOT_ECT = 0, ECN_CE = 3 }; /* RFC 3168 5 */

static bool
has_checksum(uint8_t proto)
{
  return proto == IP_PROTO_TCP || proto == IP_PROTO_UDP || proto == IP_PROTO_ICMP ||
         proto == IP_PROTO_ICMPV6;
}

void
link_corrupt(struct packet *p, uint64_t dice)
{
  struct frame_layers l;
  frame_walk(LINK_ETHERNET, p->octets, p->n, &l);
  size_t first = ETH_OCTETS, n = p->n - ETH_OCTETS;
  if (l.ip_version == 4) {
    first = l.ip_offset;
    n = l.ip_payload_offset - l.ip_offset;
    if (has_checksum(l.ip_proto))
      n += l.ip_payload_octets;
  } else if (l.ip_version == 6 && has_checksum(l.ip_proto) && l.ip_payload_octets > 0) {
    first = l.ip_payload_offset;
    n = l.ip_payload_octets;
  } else {
    p->is_bad = true;
  }
  uint64_t bit = dice % (n * 8);
  p->octets[first + bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
}

bool
link_mark(struct packet *p)
{
  uint8_t *ip = p->octets + PACKET_IP;
  uint16_t type = get_be16(p->octets + ETH_OCTETS - 2);
  uint16_t before = get_be16(ip);
  unsigned shift = type == ETHER_IPV6 ? 4 : 0; /* the traffic class lies across two octets */
  if ((type != ETHER_IPV4 && type != ETHER_IPV6) || (before >> shift & 3) == ECN_NOT_ECT)
    return false;
  uint16_t after = before | (uint16_t)(ECN_CE << shift);
  put_be16(ip, after);
  if (type == ETHER_IPV4)
    put_be16(ip + 10, checksum_update(get_be16(ip + 10), before, after));
  return true;
}
