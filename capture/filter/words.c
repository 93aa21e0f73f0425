/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.c -- how wide the numbers of a key are, and what they are called.
 *
 * The widths are those of the headers, so that tcp.port == 70000 is an error and not a filter that
 * never selects anything; tests compare them with tshark's. A key that is missing here takes any
 * number. The words are the decoders' own: ip.proto == "TCP". */
#include "capture/filter/tree.h"

#include <string.h>

#include "capture/wire/dhcp.h"
#include "capture/wire/dns.h"
#include "capture/wire/nd.h"
#include "capture/wire/tls.h"

/* clang-format off */
static const char *const bits_8[] = {
    "ah.next_header", "arp.hw.size", "arp.proto.size", "dhcp.hops", "dhcp.hw.len", "dhcp.hw.type",
    "dhcp.option.dhcp", "dhcp.option.end", "dhcp.option.length", "dhcp.option.request_list_item",
    "dhcp.option.type", "dhcp.type", "dns.resp.edns0_version", "dns.resp.ext_rcode",
    "dns.tlsa.certificate_usage", "dns.tlsa.matching_type", "dns.tlsa.selector", "dns.txt.length",
    "icmp.checksum.status", "icmp.code", "icmp.type", "icmpv6.checksum.status", "icmpv6.code",
    "icmpv6.nd.ra.cur_hop_limit", "icmpv6.nd.ra.flag", "icmpv6.nd.ra.flag.prf",
    "icmpv6.nd.ra.flag.rsv", "icmpv6.opt.length", "icmpv6.opt.prefix.flag",
    "icmpv6.opt.prefix.flag.reserved", "icmpv6.opt.prefix.length", "icmpv6.opt.type",
    "icmpv6.type", "ip.checksum.status", "ip.dsfield", "ip.dsfield.dscp", "ip.dsfield.ecn",
    "ip.flags", "ip.hdr_len", "ip.opt.flag", "ip.opt.len", "ip.opt.overflow", "ip.opt.ptr",
    "ip.opt.type", "ip.opt.type.class", "ip.opt.type.number", "ip.proto", "ip.ttl", "ip.version",
    "ipv6.dstopts.len", "ipv6.dstopts.nxt", "ipv6.fraghdr.nxt", "ipv6.hlim", "ipv6.hopopts.len",
    "ipv6.hopopts.nxt", "ipv6.nxt", "ipv6.opt.length", "ipv6.opt.type", "ipv6.opt.type.action",
    "ipv6.opt.type.rest", "ipv6.routing.len", "ipv6.routing.nxt", "ipv6.routing.segleft",
    "ipv6.routing.type", "ipv6.version", "tcp.checksum.status", "tcp.hdr_len", "tcp.option_kind",
    "tcp.option_len", "tcp.options.sack.count", "tcp.options.wscale.shift",
    "tls.alert_message.desc", "tls.alert_message.level", "tls.handshake.comp_method",
    "tls.handshake.comp_methods_length", "tls.handshake.type", "tls.record.content_type",
    "tls.record.opaque_type", "udp.checksum.status",
};

static const char *const bits_16[] = {
    "arp.hw.type", "arp.opcode", "arp.proto.type", "dhcp.flags", "dhcp.flags.reserved",
    "dhcp.secs", "dns.count.add_rr", "dns.count.answers", "dns.count.auth_rr", "dns.count.labels",
    "dns.count.queries", "dns.flags", "dns.flags.opcode", "dns.flags.rcode", "dns.id",
    "dns.length", "dns.mx.preference", "dns.qry.class", "dns.qry.name.len", "dns.qry.type",
    "dns.resp.class", "dns.resp.len", "dns.resp.type", "dns.resp.z", "dns.resp.z.reserved",
    "dns.rr.udp_payload_size", "dns.srv.port", "dns.srv.priority", "dns.srv.weight", "eth.len",
    "eth.type", "icmp.checksum", "icmp.ident", "icmp.mtu", "icmp.seq", "icmpv6.checksum",
    "icmpv6.echo.identifier", "icmpv6.echo.sequence_number", "icmpv6.nd.ra.router_lifetime",
    "ip.checksum", "ip.frag_offset", "ip.id", "ip.len", "ip.opt.ra", "ipv6.fraghdr.offset",
    "ipv6.opt.router_alert", "ipv6.plen", "llc.type", "sll.etype", "sll.halen", "sll.hatype",
    "sll.pkttype", "tcp.checksum", "tcp.dstport", "tcp.flags", "tcp.options.mss_val",
    "tcp.options.wscale.multiplier", "tcp.port", "tcp.srcport", "tcp.urgent_pointer",
    "tcp.window_size_value", "tls.handshake.cipher_suites_length", "tls.handshake.ciphersuite",
    "tls.handshake.extension.len", "tls.handshake.extension.type",
    "tls.handshake.extensions.supported_version", "tls.handshake.extensions_key_share_group",
    "tls.handshake.extensions_length", "tls.handshake.extensions_supported_group",
    "tls.handshake.session_id_length", "tls.handshake.sig_hash_alg", "tls.handshake.version",
    "tls.record.length", "tls.record.version", "udp.checksum", "udp.dstport", "udp.length",
    "udp.port", "udp.srcport", "vlan.etype", "vlan.id", "vlan.priority",
};

static const char *const bits_24[] = {
    "ipv6.flow", "tls.handshake.certificate_length", "tls.handshake.length",
};

static const char *const bits_32[] = {
    "data.len", "dhcp.id", "dhcp.option.ip_address_lease_time",
    "dhcp.option.rebinding_time_value", "dhcp.option.renewal_time_value", "dns.resp.ttl",
    "dns.response_in", "dns.response_to", "dns.soa.expire_limit", "dns.soa.minimum_ttl",
    "dns.soa.refresh_interval", "dns.soa.retry_interval", "dns.soa.serial_number",
    "frame.cap_len", "frame.interface_id", "frame.len", "frame.number", "icmp.pointer",
    "icmpv6.mtu", "icmpv6.nd.na.flag", "icmpv6.nd.na.flag.rsv", "icmpv6.nd.ra.reachable_time",
    "icmpv6.nd.ra.retrans_timer", "icmpv6.opt.mtu", "icmpv6.opt.prefix.preferred_lifetime",
    "icmpv6.opt.prefix.valid_lifetime", "icmpv6.opt.rdnss.lifetime", "icmpv6.pointer",
    "imap.response_to", "ip.fragment", "ip.fragment.count", "ip.opt.time_stamp",
    "ip.reassembled.length", "ip.reassembled_in", "ipv6.fraghdr.ident", "ipv6.fragment",
    "ipv6.fragment.count", "ipv6.opt.jumbo", "ipv6.reassembled.in", "ipv6.reassembled.length",
    "ipv6.tclass", "null.family", "sll.ifindex", "smtp.response.code", "tcp.ack", "tcp.ack_raw",
    "tcp.analysis.duplicate_ack_frame", "tcp.analysis.duplicate_ack_num", "tcp.len", "tcp.nxtseq",
    "tcp.options.sack_le", "tcp.options.sack_re", "tcp.options.timestamp.tsecr",
    "tcp.options.timestamp.tsval", "tcp.reassembled.length", "tcp.reassembled_in", "tcp.segment",
    "tcp.segment.count", "tcp.seq", "tcp.seq_raw", "tcp.stream", "tcp.window_size",
    "tcp.window_size_scalefactor", "udp.stream",
};

/* clang-format on */

static bool
is_listed(const char *key, const char *const *list, size_t n)
{
  for (size_t low = 0, high = n; low < high;) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(key, list[middle]);
    if (order == 0)
      return true;
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return false;
}

unsigned
filter_key_bits(const struct field_def *def)
{
  if (is_listed(def->key, bits_8, G_N_ELEMENTS(bits_8)))
    return 8;
  if (is_listed(def->key, bits_16, G_N_ELEMENTS(bits_16)))
    return 16;
  if (is_listed(def->key, bits_24, G_N_ELEMENTS(bits_24)))
    return 24;
  return is_listed(def->key, bits_32, G_N_ELEMENTS(bits_32)) ? 32 : 64;
}

/* ---- words ---- */

static const char *
ip_proto(uint32_t n)
{
  return n == IP_PROTO_ICMP     ? "ICMP"
         : n == 2               ? "IGMP"
         : n == IP_PROTO_TCP    ? "TCP"
         : n == IP_PROTO_UDP    ? "UDP"
         : n == IP_PROTO_ICMPV6 ? "ICMPv6"
                                : NULL;
}

static const char *
checksum_status(uint32_t n)
{
  return n == 0 ? "Bad" : n == 1 ? "Good" : n == 2 ? "Unverified" : NULL;
}

static const char *
ether_type(uint32_t n)
{
  return n == ETHER_IPV4 ? "IPv4" : n == ETHER_ARP ? "ARP" : n == ETHER_IPV6 ? "IPv6" : NULL;
}

static const char *
arp_opcode(uint32_t n)
{
  return n == 1 ? "request" : n == 2 ? "reply" : NULL;
}

#define NARROW(name, call, type)                                                                   \
  static const char *name(uint32_t n)                                                              \
  {                                                                                                \
    return call((type)n);                                                                          \
  }
NARROW(dns_type, dns_type_name, uint16_t)
NARROW(dns_class, dns_class_name, uint16_t)
NARROW(dns_opcode, dns_opcode_name, uint8_t)
NARROW(dns_rcode, dns_rcode_name, uint8_t)
NARROW(tls_content, tls_content_name, uint8_t)
NARROW(tls_version, tls_version_name, uint16_t)
NARROW(tls_handshake, tls_handshake_name, uint8_t)
NARROW(tls_extension, tls_extension_name, uint16_t)
NARROW(tls_cipher, tls_cipher_name, uint16_t)
NARROW(tls_group, tls_group_name, uint16_t)
NARROW(tls_alert, tls_alert_name, uint8_t)

static const struct words {
  const char *key;
  const char *(*name)(uint32_t number); /* NULL when it has none */
  uint32_t last;
} words[] = {
    {"arp.opcode", arp_opcode, 2},
    {"dhcp.option.dhcp", dhcp_type_name, 255},
    {"dhcp.option.type", dhcp_option_name, 255},
    {"dns.flags.opcode", dns_opcode, 15},
    {"dns.flags.rcode", dns_rcode, 15},
    {"dns.qry.class", dns_class, 65535},
    {"dns.qry.type", dns_type, 65535},
    {"dns.resp.class", dns_class, 65535},
    {"dns.resp.type", dns_type, 65535},
    {"eth.type", ether_type, 65535},
    {"icmpv6.opt.type", nd_option_name, 255},
    {"icmpv6.type", icmp6_type_name, 255},
    {"ip.checksum.status", checksum_status, 2},
    {"ip.proto", ip_proto, 255},
    {"ipv6.nxt", ip_proto, 255},
    {"tcp.checksum.status", checksum_status, 2},
    {"tls.alert_message.desc", tls_alert, 255},
    {"tls.handshake.ciphersuite", tls_cipher, 65535},
    {"tls.handshake.extension.type", tls_extension, 65535},
    {"tls.handshake.extensions_supported_group", tls_group, 65535},
    {"tls.handshake.type", tls_handshake, 255},
    {"tls.handshake.version", tls_version, 65535},
    {"tls.record.content_type", tls_content, 255},
    {"tls.record.version", tls_version, 65535},
    {"udp.checksum.status", checksum_status, 2},
    {"vlan.etype", ether_type, 65535},
};

static const struct words *
words_of(const struct field_def *def)
{
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(words[i].key, def->key) == 0)
      return &words[i];
  return NULL;
}

bool
filter_key_word(const struct field_def *def, const char *word, uint64_t *number, bool *has_words)
{
  const struct words *w = words_of(def);
  *has_words = w != NULL;
  for (uint32_t i = 0; w && i <= w->last; i++) {
    const char *name = w->name(i);
    if (name && g_ascii_strcasecmp(name, word) == 0) {
      *number = i;
      return true;
    }
  }
  return false;
}

unsigned
filter_key_words(const struct field_def *def, const char **out, uint64_t *numbers, unsigned max)
{
  const struct words *w = words_of(def);
  unsigned n = 0;
  for (uint32_t i = 0; w && i <= w->last && n < max; i++) {
    const char *name = w->name(i);
    if (!name)
      continue;
    out[n] = name;
    numbers[n++] = i;
  }
  return n;
}
