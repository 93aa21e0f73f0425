/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-wire.c -- the header tables tile, and structs and tables say the same about the same octets.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/net.h"
#include "capture/wire/tcp.h"

static const struct wire_header *const headers[] = {
    &eth_header,  &vlan_header, &sll_header,    &sll2_header, &arp_header, &ipv4_header,
    &ipv6_header, &icmp_header, &icmpv6_header, &udp_header,  &tcp_header};

static void
test_tables_tile(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(headers); i++)
    g_assert_true(wire_tiles(headers[i]));
}

static void
test_get_put_round_trip(void)
{
  uint8_t octets[64];
  for (size_t h = 0; h < G_N_ELEMENTS(headers); h++) {
    for (unsigned i = 0; i < headers[h]->n_fields; i++) {
      const struct wire_field *f = &headers[h]->fields[i];
      if (f->n_bits > 64)
        continue;
      for (int fill = 0; fill < 2; fill++) {
        memset(octets, fill ? 0xff : 0, sizeof octets);
        uint64_t mask = f->n_bits == 64 ? UINT64_MAX : (UINT64_C(1) << f->n_bits) - 1;
        uint64_t value = UINT64_C(0x9e3779b97f4a7c15) & mask;
        wire_put(octets, f, value);
        g_assert_cmpuint(wire_get(octets, f), ==, value);
        /* the neighbours are untouched: filling the field again gives the plain fill */
        wire_put(octets, f, fill ? mask : 0);
        for (size_t k = 0; k < sizeof octets; k++)
          g_assert_cmphex(octets[k], ==, fill ? 0xff : 0);
      }
    }
  }
}

/* The SYN that RFC 9293 section 3.1 lays out, put together by hand. */
static const uint8_t syn[] = {0xc0, 0x01, 0x00, 0x19, 0x01, 0x02, 0x03, 0x04,
                              0x00, 0x00, 0x00, 0x00, 0x60, 0x02, 0xfa, 0xf0,
                              0x12, 0x34, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4};

static void
test_tcp_struct_and_table_agree(void)
{
  struct tcp t;
  g_assert_cmpuint(tcp_get(syn, sizeof syn, &t), ==, 24);
  g_assert_cmpuint(t.src_port, ==, 49153);
  g_assert_cmpuint(t.dst_port, ==, 25);
  g_assert_cmphex(t.seq, ==, 0x01020304);
  g_assert_cmphex(t.flags, ==, TCP_SYN);
  g_assert_cmpuint(t.window, ==, 64240);
  g_assert_cmpuint(wire_get(syn, wire_find(&tcp_header, "tcp.srcport")), ==, t.src_port);
  g_assert_cmpuint(wire_get(syn, wire_find(&tcp_header, "tcp.hdr_len")), ==, 6);
  g_assert_cmpuint(wire_get(syn, wire_find(&tcp_header, "tcp.flags.syn")), ==, 1);
  g_assert_cmpuint(wire_get(syn, wire_find(&tcp_header, "tcp.flags.ack")), ==, 0);
  g_assert_cmpuint(wire_get(syn, wire_find(&tcp_header, "tcp.window_size_value")), ==, t.window);
  struct tcp_options o;
  tcp_options_get(syn + 20, 4, &o);
  g_assert_true(o.has_mss);
  g_assert_cmpuint(o.mss, ==, 1460);
  uint8_t out[20];
  tcp_put(out, &t);
  g_assert_cmpmem(out, 20, syn, 20);
}

static void
test_ipv4_checksum_of_rfc_1071_kind(void)
{
  /* a header whose checksum is known: 45 00 00 73 00 00 40 00 40 11 b8 61 c0 a8 00 01 c0 a8 00 c7
   */
  static const uint8_t ip[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
                               0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
  g_assert_cmphex(checksum_finish(checksum_add(0, ip, sizeof ip)), ==, 0);
  struct ipv4 h;
  g_assert_cmpuint(ipv4_get(ip, sizeof ip, &h), ==, 20);
  g_assert_true(h.dont_fragment);
  g_assert_cmpuint(h.total_octets, ==, 0x73);
  uint8_t out[20];
  ipv4_put(out, &h);
  g_assert_cmpmem(out, 20, ip, 20);
  /* odd lengths and any way of cutting at even places give the same sum */
  uint8_t data[31];
  for (size_t i = 0; i < sizeof data; i++)
    data[i] = (uint8_t)(i * 37 + 11);
  uint16_t whole = checksum_finish(checksum_add(0, data, sizeof data));
  for (size_t cut = 0; cut <= 30; cut += 2)
    g_assert_cmphex(
        checksum_finish(checksum_add(checksum_add(0, data, cut), data + cut, sizeof data - cut)),
        ==, whole);
}

static void
test_short_headers_are_refused(void)
{
  /* each on an exact heap copy, so that a sanitizer sees one octet read too many */
  for (size_t n = 0; n < sizeof syn; n++) {
    g_autofree uint8_t *copy = g_memdup2(syn, n);
    struct tcp t;
    g_assert_cmpuint(tcp_get(copy, n, &t), ==, 0);
  }
  uint8_t bad[20] = {0};
  bad[12] = 0x40; /* data offset 4: below 5 is impossible */
  struct tcp t;
  g_assert_cmpuint(tcp_get(bad, sizeof bad, &t), ==, 0);
  bad[0] = 0x44;
  struct ipv4 h;
  g_assert_cmpuint(ipv4_get(bad, sizeof bad, &h), ==, 0);
}

static void
test_options_round_trip(void)
{
  struct tcp_options in = {.has_mss = true,
                           .mss = 1460,
                           .has_sack_permitted = true,
                           .has_timestamps = true,
                           .ts_value = 7,
                           .ts_echo = 9,
                           .has_wscale = true,
                           .wscale = 7};
  uint8_t octets[40];
  size_t n = tcp_options_put(octets, &in);
  g_assert_cmpuint(n % 4, ==, 0);
  struct tcp_options out;
  tcp_options_get(octets, n, &out);
  g_assert_true(out.has_mss && out.has_sack_permitted && out.has_timestamps && out.has_wscale);
  g_assert_cmpuint(out.mss, ==, 1460);
  g_assert_cmpuint(out.ts_value, ==, 7);
  g_assert_cmpuint(out.ts_echo, ==, 9);
  g_assert_cmpuint(out.wscale, ==, 7);
  /* a zero length ends the walk instead of looping */
  static const uint8_t loop[] = {1, 5, 0, 0};
  tcp_options_get(loop, sizeof loop, &out);
  g_assert_cmpuint(out.n_sack, ==, 0);
}

static void
test_sequence_numbers_wrap(void)
{
  g_assert_true(seq_lt(0xfffffff0, 0x10));
  g_assert_true(seq_gt(0x10, 0xfffffff0));
  g_assert_true(seq_le(5, 5));
  g_assert_false(seq_lt(5, 5));
}

static void
test_addresses(void)
{
  struct ip_addr a;
  char text[ADDR_TEXT_MAX], end[ENDPOINT_TEXT_MAX];
  g_assert_true(ip_addr_parse("2001:db8:0:0::1", &a));
  g_assert_cmpstr(ip_addr_format(&a, text), ==, "2001:db8::1");
  g_assert_cmpstr(endpoint_format(&a, 25, end), ==, "[2001:db8::1]:25");
  g_assert_true(ip_addr_parse("10.1.0.10", &a));
  g_assert_cmpstr(endpoint_format(&a, 143, end), ==, "10.1.0.10:143");
  g_assert_false(ip_addr_parse("10.1.0", &a));
}

/* Every pattern of zero groups, written as the system's library writes it (RFC 5952). */
static void
test_ip6_text(void)
{
  static const uint16_t values[] = {0xd, 0xb8f, 0xfe80, 0x20};
  for (unsigned zeroes = 0; zeroes < 256; zeroes++) {
    struct ip_addr a = {.version = 6};
    char text[ADDR_TEXT_MAX], expected[INET6_ADDRSTRLEN];
    for (unsigned i = 0; i < 8; i++)
      put_be16(a.octets + 2 * i, zeroes >> i & 1 ? 0 : values[(i + zeroes) % 4]);
    inet_ntop(AF_INET6, a.octets, expected, sizeof expected);
    g_assert_cmpstr(ip_addr_format(&a, text), ==, expected);
    put_be16(a.octets + 10, 0xffff); /* perhaps ::ffff:a.b.c.d */
    inet_ntop(AF_INET6, a.octets, expected, sizeof expected);
    g_assert_cmpstr(ip_addr_format(&a, text), ==, expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/wire/ip6-text-is-that-of-inet-ntop", test_ip6_text);
  g_test_add_func("/wire/tables-tile-their-header", test_tables_tile);
  g_test_add_func("/wire/put-then-get-and-neighbours-stay", test_get_put_round_trip);
  g_test_add_func("/wire/tcp-struct-and-table-agree", test_tcp_struct_and_table_agree);
  g_test_add_func("/wire/ipv4-checksum", test_ipv4_checksum_of_rfc_1071_kind);
  g_test_add_func("/wire/short-headers-are-refused", test_short_headers_are_refused);
  g_test_add_func("/wire/tcp-options-round-trip", test_options_round_trip);
  g_test_add_func("/wire/sequence-numbers-wrap", test_sequence_numbers_wrap);
  g_test_add_func("/wire/addresses", test_addresses);
  return g_test_run();
}
