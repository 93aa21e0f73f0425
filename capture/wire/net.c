/* SPDX-License-Identifier: GPL-3.0-or-later */
/* net.c -- the headers below TCP as tables of bits and as plain structs, and the Internet checksum.
 *
 * The tables are the documentation: every row is one field of the RFC's diagram. The structs are
 * what the simulated hosts and the fast first pass use; tests hold the two against each other.
 * Not here: TCP (tcp.c), IPv6 extension headers and the walk from link to transport (frame.c). */
#include "capture/wire/net.h"

#include "capture/wire/bytes.h"

#define N_FIELDS(table) ((uint16_t)(sizeof(table) / sizeof(table)[0]))

static const struct wire_field eth_fields[] = {
    {"eth.dst", "Destination", 0, 48, WIRE_ETHER},
    {"eth.src", "Source", 48, 48, WIRE_ETHER},
    {"eth.type", "Type", 96, 16, WIRE_HEX},
};
const struct wire_header eth_header = {"eth", "Ethernet II", ETH_OCTETS, N_FIELDS(eth_fields),
                                       eth_fields};

static const struct wire_field vlan_fields[] = {
    {"vlan.priority", "Priority", 0, 3, WIRE_UINT},
    {"vlan.dei", "DEI", 3, 1, WIRE_FLAG},
    {"vlan.id", "VLAN id", 4, 12, WIRE_UINT},
    {"vlan.etype", "Type", 16, 16, WIRE_HEX},
};
const struct wire_header vlan_header = {"vlan", "802.1Q VLAN", VLAN_OCTETS, N_FIELDS(vlan_fields),
                                        vlan_fields};

static const struct wire_field sll_fields[] = {
    {"sll.pkttype", "Packet type", 0, 16, WIRE_UINT},
    {"sll.hatype", "Address type", 16, 16, WIRE_UINT},
    {"sll.halen", "Address length", 32, 16, WIRE_UINT},
    {"sll.src.eth", "Source", 48, 48, WIRE_ETHER},
    {"sll.unused", "Unused", 96, 16, WIRE_HEX},
    {"sll.etype", "Protocol", 112, 16, WIRE_HEX},
};
const struct wire_header sll_header = {"sll", "Linux cooked capture v1", SLL_OCTETS,
                                       N_FIELDS(sll_fields), sll_fields};

static const struct wire_field sll2_fields[] = {
    {"sll.etype", "Protocol", 0, 16, WIRE_HEX},
    {"sll.reserved", "Reserved", 16, 16, WIRE_HEX},
    {"sll.ifindex", "Interface", 32, 32, WIRE_UINT},
    {"sll.hatype", "Address type", 64, 16, WIRE_UINT},
    {"sll.pkttype", "Packet type", 80, 8, WIRE_UINT},
    {"sll.halen", "Address length", 88, 8, WIRE_UINT},
    {"sll.src.eth", "Source", 96, 48, WIRE_ETHER},
    {"sll.unused", "Unused", 144, 16, WIRE_HEX},
};
const struct wire_header sll2_header = {"sll", "Linux cooked capture v2", SLL2_OCTETS,
                                        N_FIELDS(sll2_fields), sll2_fields};

static const struct wire_field arp_fields[] = {
    {"arp.hw.type", "Hardware type", 0, 16, WIRE_UINT},
    {"arp.proto.type", "Protocol type", 16, 16, WIRE_HEX},
    {"arp.hw.size", "Hardware size", 32, 8, WIRE_UINT},
    {"arp.proto.size", "Protocol size", 40, 8, WIRE_UINT},
    {"arp.opcode", "Opcode", 48, 16, WIRE_UINT},
    {"arp.src.hw_mac", "Sender MAC", 64, 48, WIRE_ETHER},
    {"arp.src.proto_ipv4", "Sender IP", 112, 32, WIRE_IPV4},
    {"arp.dst.hw_mac", "Target MAC", 144, 48, WIRE_ETHER},
    {"arp.dst.proto_ipv4", "Target IP", 192, 32, WIRE_IPV4},
};
const struct wire_header arp_header = {"arp", "ARP", ARP_OCTETS, N_FIELDS(arp_fields), arp_fields};

static const struct wire_field ipv4_fields[] = {
    {"ip.version", "Version", 0, 4, WIRE_UINT},
    {"ip.hdr_len", "IHL", 4, 4, WIRE_UINT},
    {"ip.dsfield.dscp", "DSCP", 8, 6, WIRE_UINT},
    {"ip.dsfield.ecn", "ECN", 14, 2, WIRE_UINT},
    {"ip.len", "Total length", 16, 16, WIRE_UINT},
    {"ip.id", "Identification", 32, 16, WIRE_HEX},
    {"ip.flags.rb", "R", 48, 1, WIRE_FLAG},
    {"ip.flags.df", "DF", 49, 1, WIRE_FLAG},
    {"ip.flags.mf", "MF", 50, 1, WIRE_FLAG},
    {"ip.frag_offset", "Fragment offset", 51, 13, WIRE_UINT},
    {"ip.ttl", "TTL", 64, 8, WIRE_UINT},
    {"ip.proto", "Protocol", 72, 8, WIRE_UINT},
    {"ip.checksum", "Header checksum", 80, 16, WIRE_HEX},
    {"ip.src", "Source address", 96, 32, WIRE_IPV4},
    {"ip.dst", "Destination address", 128, 32, WIRE_IPV4},
};
const struct wire_header ipv4_header = {"ip", "IPv4", IPV4_OCTETS, N_FIELDS(ipv4_fields),
                                        ipv4_fields};

static const struct wire_field ipv6_fields[] = {
    {"ipv6.version", "Version", 0, 4, WIRE_UINT},
    {"ipv6.tclass", "Traffic class", 4, 8, WIRE_HEX},
    {"ipv6.flow", "Flow label", 12, 20, WIRE_HEX},
    {"ipv6.plen", "Payload length", 32, 16, WIRE_UINT},
    {"ipv6.nxt", "Next header", 48, 8, WIRE_UINT},
    {"ipv6.hlim", "Hop limit", 56, 8, WIRE_UINT},
    {"ipv6.src", "Source address", 64, 128, WIRE_IPV6},
    {"ipv6.dst", "Destination address", 192, 128, WIRE_IPV6},
};
const struct wire_header ipv6_header = {"ipv6", "IPv6", IPV6_OCTETS, N_FIELDS(ipv6_fields),
                                        ipv6_fields};

static const struct wire_field icmp_fields[] = {
    {"icmp.type", "Type", 0, 8, WIRE_UINT},
    {"icmp.code", "Code", 8, 8, WIRE_UINT},
    {"icmp.checksum", "Checksum", 16, 16, WIRE_HEX},
    {"icmp.ident", "Identifier", 32, 16, WIRE_UINT},
    {"icmp.seq", "Sequence", 48, 16, WIRE_UINT},
};
const struct wire_header icmp_header = {"icmp", "ICMP", ICMP_OCTETS, N_FIELDS(icmp_fields),
                                        icmp_fields};

static const struct wire_field icmpv6_fields[] = {
    {"icmpv6.type", "Type", 0, 8, WIRE_UINT},
    {"icmpv6.code", "Code", 8, 8, WIRE_UINT},
    {"icmpv6.checksum", "Checksum", 16, 16, WIRE_HEX},
    {"icmpv6.echo.identifier", "Identifier", 32, 16, WIRE_UINT},
    {"icmpv6.echo.sequence_number", "Sequence", 48, 16, WIRE_UINT},
};
const struct wire_header icmpv6_header = {"icmpv6", "ICMPv6", ICMP_OCTETS, N_FIELDS(icmpv6_fields),
                                          icmpv6_fields};

static const struct wire_field udp_fields[] = {
    {"udp.srcport", "Source port", 0, 16, WIRE_UINT},
    {"udp.dstport", "Destination port", 16, 16, WIRE_UINT},
    {"udp.length", "Length", 32, 16, WIRE_UINT},
    {"udp.checksum", "Checksum", 48, 16, WIRE_HEX},
};
const struct wire_header udp_header = {"udp", "UDP", UDP_OCTETS, N_FIELDS(udp_fields), udp_fields};

size_t
eth_get(const uint8_t *p, size_t n, struct eth *out)
{
  if (n < ETH_OCTETS)
    return 0;
  memcpy(out->dst, p, 6);
  memcpy(out->src, p + 6, 6);
  out->type = get_be16(p + 12);
  return ETH_OCTETS;
}

size_t
eth_put(uint8_t *p, const struct eth *in)
{
  memcpy(p, in->dst, 6);
  memcpy(p + 6, in->src, 6);
  put_be16(p + 12, in->type);
  return ETH_OCTETS;
}

size_t
vlan_get(const uint8_t *p, size_t n, struct vlan *out)
{
  if (n < VLAN_OCTETS)
    return 0;
  uint16_t tag = get_be16(p);
  *out = (struct vlan){.priority = (uint8_t)(tag >> 13),
                       .dei = (tag >> 12 & 1) != 0,
                       .id = tag & 0xfff,
                       .type = get_be16(p + 2)};
  return VLAN_OCTETS;
}

size_t
vlan_put(uint8_t *p, const struct vlan *in)
{
  put_be16(p, (uint16_t)(in->priority << 13 | (unsigned)in->dei << 12 | (in->id & 0xfffu)));
  put_be16(p + 2, in->type);
  return VLAN_OCTETS;
}

size_t
arp_get(const uint8_t *p, size_t n, struct arp *out)
{
  if (n < ARP_OCTETS || get_be16(p) != 1 || get_be16(p + 2) != ETHER_IPV4 || p[4] != 6 || p[5] != 4)
    return 0;
  out->opcode = get_be16(p + 6);
  memcpy(out->sender_mac, p + 8, 6);
  memcpy(out->sender_ip, p + 14, 4);
  memcpy(out->target_mac, p + 18, 6);
  memcpy(out->target_ip, p + 24, 4);
  return ARP_OCTETS;
}

size_t
arp_put(uint8_t *p, const struct arp *in)
{
  put_be16(p, 1);
  put_be16(p + 2, ETHER_IPV4);
  p[4] = 6;
  p[5] = 4;
  put_be16(p + 6, in->opcode);
  memcpy(p + 8, in->sender_mac, 6);
  memcpy(p + 14, in->sender_ip, 4);
  memcpy(p + 18, in->target_mac, 6);
  memcpy(p + 24, in->target_ip, 4);
  return ARP_OCTETS;
}

size_t
ipv4_get(const uint8_t *p, size_t n, struct ipv4 *out)
{
  if (n < IPV4_OCTETS || p[0] >> 4 != 4)
    return 0;
  size_t header_octets = (size_t)(p[0] & 0xf) * 4;
  if (header_octets < IPV4_OCTETS || header_octets > n)
    return 0;
  uint16_t fragment = get_be16(p + 6);
  *out = (struct ipv4){.header_octets = (uint8_t)header_octets,
                       .dscp = p[1] >> 2,
                       .ecn = p[1] & 3,
                       .total_octets = get_be16(p + 2),
                       .id = get_be16(p + 4),
                       .dont_fragment = (fragment & 0x4000) != 0,
                       .more_fragments = (fragment & 0x2000) != 0,
                       .fragment_offset = (uint16_t)((fragment & 0x1fff) * 8),
                       .ttl = p[8],
                       .proto = p[9],
                       .checksum = get_be16(p + 10)};
  memcpy(out->src, p + 12, 4);
  memcpy(out->dst, p + 16, 4);
  return header_octets;
}

size_t
ipv4_put(uint8_t *p, const struct ipv4 *in)
{
  p[0] = (uint8_t)(4 << 4 | in->header_octets / 4);
  p[1] = (uint8_t)(in->dscp << 2 | (in->ecn & 3));
  put_be16(p + 2, in->total_octets);
  put_be16(p + 4, in->id);
  put_be16(p + 6, (uint16_t)((in->dont_fragment ? 0x4000 : 0) | (in->more_fragments ? 0x2000 : 0) |
                             in->fragment_offset / 8));
  p[8] = in->ttl;
  p[9] = in->proto;
  put_be16(p + 10, in->checksum);
  memcpy(p + 12, in->src, 4);
  memcpy(p + 16, in->dst, 4);
  return IPV4_OCTETS;
}

size_t
ipv6_get(const uint8_t *p, size_t n, struct ipv6 *out)
{
  if (n < IPV6_OCTETS || p[0] >> 4 != 6)
    return 0;
  *out = (struct ipv6){.traffic_class = (uint8_t)(get_be16(p) >> 4),
                       .flow_label = get_be32(p) & 0xfffff,
                       .payload_octets = get_be16(p + 4),
                       .next_header = p[6],
                       .hop_limit = p[7]};
  memcpy(out->src, p + 8, 16);
  memcpy(out->dst, p + 24, 16);
  return IPV6_OCTETS;
}

size_t
ipv6_put(uint8_t *p, const struct ipv6 *in)
{
  put_be32(p, 6u << 28 | (uint32_t)in->traffic_class << 20 | (in->flow_label & 0xfffff));
  put_be16(p + 4, in->payload_octets);
  p[6] = in->next_header;
  p[7] = in->hop_limit;
  memcpy(p + 8, in->src, 16);
  memcpy(p + 24, in->dst, 16);
  return IPV6_OCTETS;
}

size_t
icmp_get(const uint8_t *p, size_t n, struct icmp *out)
{
  if (n < ICMP_OCTETS)
    return 0;
  *out = (struct icmp){
      .type = p[0], .code = p[1], .checksum = get_be16(p + 2), .rest = get_be32(p + 4)};
  return ICMP_OCTETS;
}

size_t
icmp_put(uint8_t *p, const struct icmp *in)
{
  p[0] = in->type;
  p[1] = in->code;
  put_be16(p + 2, in->checksum);
  put_be32(p + 4, in->rest);
  return ICMP_OCTETS;
}

size_t
udp_get(const uint8_t *p, size_t n, struct udp *out)
{
  if (n < UDP_OCTETS)
    return 0;
  *out = (struct udp){.src_port = get_be16(p),
                      .dst_port = get_be16(p + 2),
                      .length = get_be16(p + 4),
                      .checksum = get_be16(p + 6)};
  return UDP_OCTETS;
}

size_t
udp_put(uint8_t *p, const struct udp *in)
{
  put_be16(p, in->src_port);
  put_be16(p + 2, in->dst_port);
  put_be16(p + 4, in->length);
  put_be16(p + 6, in->checksum);
  return UDP_OCTETS;
}

/* The sum of whole 32-octet blocks, folded to 16 bits. It is taken in the machine's own byte order
 * and turned afterwards, which RFC 1071 section 2 (B) allows; the two lanes are what compilers make
 * vector additions of. */
static uint32_t
add_blocks(const uint8_t *p, size_t n)
{
  uint64_t low = 0, high = 0;
  for (size_t i = 0; i < n; i += 8) {
    uint64_t v;
    memcpy(&v, p + i, sizeof v);
    low += v & 0xffffffff;
    high += v >> 32;
  }
  uint64_t wide = (low & 0xffffffff) + (low >> 32) + (high & 0xffffffff) + (high >> 32);
  wide = (wide & 0xffff) + (wide >> 16 & 0xffff) + (wide >> 32);
  wide = (wide & 0xffff) + (wide >> 16);
  wide = (wide & 0xffff) + (wide >> 16);
  uint16_t native = (uint16_t)wide;
  uint8_t octets[2];
  memcpy(octets, &native, sizeof native);
  return get_be16(octets);
}

uint32_t
checksum_add(uint32_t sum, const uint8_t *p, size_t n)
{
  size_t blocks = n & ~(size_t)31;
  uint64_t wide = (uint64_t)sum + add_blocks(p, blocks);
  p += blocks;
  n -= blocks;
  while (n >= 4) {
    wide += get_be32(p);
    p += 4;
    n -= 4;
  }
  if (n >= 2) {
    wide += get_be16(p);
    p += 2;
    n -= 2;
  }
  if (n)
    wide += (uint32_t)p[0] << 8;
  /* 2^32 = 2^16 = 1 in one's complement arithmetic of 16 bits, so folding keeps the sum */
  wide = (wide & 0xffffffff) + (wide >> 32);
  wide = (wide & 0xffff) + (wide >> 16);
  wide = (wide & 0xffff) + (wide >> 16);
  return (uint32_t)wide;
}

uint16_t
checksum_finish(uint32_t sum)
{
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

uint16_t
checksum_update(uint16_t checksum, uint16_t before, uint16_t after)
{
  uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~before + after;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

uint32_t
checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto,
                uint32_t n_octets)
{
  size_t n = src->version == 6 ? 16 : 4;
  uint8_t tail[8] = {0};
  put_be32(tail, n_octets);
  tail[7] = proto;
  uint32_t sum = checksum_add(0, src->octets, n);
  sum = checksum_add(sum, dst->octets, n);
  return checksum_add(sum, tail, sizeof tail);
}
