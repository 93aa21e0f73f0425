/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-frame.c -- the walk over hand-made frames of every link type, whole and cut at every octet.
 */
#include <string.h>

#include "capture/wire/frame.h"
#include "tests/trace/packets.h"

/* 10.0.0.1:1000 to 10.0.0.2:25, sequence 1, acknowledgment 2, PSH and ACK, "hello" (RFC 791, 9293).
 */
#define TCP_HELLO "03e8 0019 00000001 00000002 5018 03e8 0000 0000 68656c6c6f"
#define IPV4_HELLO "4500 002d 0001 4000 4006 0000 0a000001 0a000002" TCP_HELLO
/* 2001:db8::1 to ::2, hop limit 64 */
#define IPV6_ADDRS "20010db8000000000000000000000001 20010db8000000000000000000000002"
#define IPV6_HELLO "60000000 0019 06 40" IPV6_ADDRS TCP_HELLO
#define MACS "020000000002 020000000001"

struct expected {
  const char *name;
  enum link_type link;
  const char *hex;
  unsigned ip_at, transport_at, payload_at;
  unsigned n_vlans, vlan_id, version;
};

static const struct expected frames[] = {
    {"ethernet", LINK_ETHERNET, MACS "0800" IPV4_HELLO, 14, 34, 54, 0, 0, 4},
    {"ethernet-ipv6", LINK_ETHERNET, MACS "86dd" IPV6_HELLO, 14, 54, 74, 0, 0, 6},
    {"vlan", LINK_ETHERNET, MACS "8100 2005 0800" IPV4_HELLO, 18, 38, 58, 1, 5, 4},
    {"qinq", LINK_ETHERNET, MACS "88a8 0064 8100 0005 0800" IPV4_HELLO, 22, 42, 62, 2, 100, 4},
    {"old-qinq", LINK_ETHERNET, MACS "9100 0064 8100 0005 86dd" IPV6_HELLO, 22, 62, 82, 2, 100, 6},
    {"snap", LINK_ETHERNET, MACS "0035 aaaa03 000000 0800" IPV4_HELLO, 22, 42, 62, 0, 0, 4},
    {"pppoe", LINK_ETHERNET, MACS "8864 11 00 1234 002f 0021" IPV4_HELLO, 22, 42, 62, 0, 0, 4},
    {"pppoe-in-vlan", LINK_ETHERNET, MACS "8100 0007 8864 11 00 1234 0043 0057" IPV6_HELLO, 26, 66,
     86, 1, 7, 6},
    {"pppoe-short-protocol", LINK_ETHERNET, MACS "8864 11 00 1234 002e 21" IPV4_HELLO, 21, 41, 61, 0, 0, 4},
    {"ppp", LINK_PPP, "0021" IPV4_HELLO, 2, 22, 42, 0, 0, 4},
    {"ppp-hdlc", LINK_PPP_HDLC, "ff03 0057" IPV6_HELLO, 4, 44, 64, 0, 0, 6},
    {"sll", LINK_LINUX_SLL, "0000 0001 0006 020000000001 0000 0800" IPV4_HELLO, 16, 36, 56, 0, 0,
     4},
    {"sll2", LINK_LINUX_SLL2, "86dd 0000 00000002 0001 00 06 020000000001 0000" IPV6_HELLO, 20, 60,
     80, 0, 0, 6},
    {"null-le", LINK_NULL, "02000000" IPV4_HELLO, 4, 24, 44, 0, 0, 4},
    {"null-be", LINK_NULL, "00000002" IPV4_HELLO, 4, 24, 44, 0, 0, 4},
    {"null-macos-ipv6", LINK_NULL, "1e000000" IPV6_HELLO, 4, 44, 64, 0, 0, 6},
    {"null-freebsd-ipv6", LINK_NULL, "0000001c" IPV6_HELLO, 4, 44, 64, 0, 0, 6},
    {"loop", LINK_LOOP, "00000002" IPV4_HELLO, 4, 24, 44, 0, 0, 4},
    {"loop-openbsd-ipv6", LINK_LOOP, "00000018" IPV6_HELLO, 4, 44, 64, 0, 0, 6},
    {"raw-12", LINK_RAW_BSD12, IPV4_HELLO, 0, 20, 40, 0, 0, 4},
    {"raw-14", LINK_RAW_BSD14, IPV6_HELLO, 0, 40, 60, 0, 0, 6},
    {"raw-101", LINK_RAW, IPV6_HELLO, 0, 40, 60, 0, 0, 6},
    {"raw-228", LINK_IPV4, IPV4_HELLO, 0, 20, 40, 0, 0, 4},
    {"raw-229", LINK_IPV6, IPV6_HELLO, 0, 40, 60, 0, 0, 6},
    {"ipv4-options", LINK_IPV4,
     "4600 0031 0001 4000 4006 0000 0a000001 0a000002 01010100" TCP_HELLO, 0, 24, 44, 0, 0, 4},
    {"ipv4-ah", LINK_IPV4,
     "4500 0045 0001 4000 4033 0000 0a000001 0a000002"
     "06 04 0000 00000001 00000001 000000000000000000000000" TCP_HELLO,
     0, 44, 64, 0, 0, 4},
    {"ipv6-extensions", LINK_IPV6, /* hop-by-hop, destination, routing, atomic fragment, AH */
     "60000000 0051 00 40" IPV6_ADDRS "3c 00 010400000000 2b 00 010400000000 2c 00 000000000000"
     "33 00 0000 00000007 06 04 0000 00000001 00000001 000000000000000000000000" TCP_HELLO,
     0, 96, 116, 0, 0, 6},
    {"tcp-options", LINK_IPV4,
     "4500 0031 0001 4000 4006 0000 0a000001 0a000002"
     "03e8 0019 00000001 00000002 6018 03e8 0000 0000 01030307 68656c6c6f",
     0, 20, 44, 0, 0, 4},
    {"udp", LINK_IPV4,
     "4500 0021 0001 4000 4011 0000 0a000001 0a000002 03e8 0019 000d 0000 68656c6c6f", 0, 20, 28, 0,
     0, 4},
};

static void
test_link_types(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(frames); i++) {
    const struct expected *e = &frames[i];
    g_autoptr(GByteArray) f = packets_hex(e->hex);
    struct frame_layers l;
    frame_walk(e->link, f->data, f->len, &l);
    g_test_message("%s", e->name);
    g_assert_cmpint(l.trouble, ==, FRAME_FINE);
    g_assert_cmpuint(l.ip_offset, ==, e->ip_at);
    g_assert_cmpuint(l.transport_offset, ==, e->transport_at);
    g_assert_cmpuint(l.payload_offset, ==, e->payload_at);
    g_assert_cmpmem(f->data + l.payload_offset, l.payload_octets, "hello", 5);
    g_assert_cmpuint(l.payload_wire, ==, 5);
    g_assert_cmpuint(l.n_vlans, ==, e->n_vlans);
    g_assert_cmpuint(l.vlan_id, ==, e->vlan_id);
    g_assert_cmpuint(l.ip_version, ==, e->version);
    g_assert_cmpuint(l.ether_type, ==, e->version == 4 ? ETHER_IPV4 : ETHER_IPV6);
    g_assert_cmpuint(l.src_port, ==, 1000);
    g_assert_cmpuint(l.dst_port, ==, 25);
    char text[ADDR_TEXT_MAX];
    g_assert_cmpstr(ip_addr_format(&l.src, text), ==, e->version == 4 ? "10.0.0.1" : "2001:db8::1");
    g_assert_cmpstr(ip_addr_format(&l.dst, text), ==, e->version == 4 ? "10.0.0.2" : "2001:db8::2");
    g_assert_false(l.is_fragment);
  }
}

/* A frame cut by the snap length says what is there and never reads behind it (the copy is exact,
 * so a sanitizer sees one octet too many). */
static void
test_cut_at_every_octet(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(frames); i++) {
    const struct expected *e = &frames[i];
    g_autoptr(GByteArray) f = packets_hex(e->hex);
    for (guint cut = 0; cut < f->len; cut++) {
      uint8_t *copy = g_memdup2(f->data, cut);
      struct frame_layers l;
      frame_walk(e->link, copy, cut, &l);
      g_test_message("%s cut at %u", e->name, cut);
      if (cut >= e->payload_at) {
        g_assert_cmpint(l.trouble, ==, FRAME_FINE);
        g_assert_cmpuint(l.payload_octets, ==, cut - e->payload_at);
        g_assert_cmpuint(l.payload_wire, ==, 5);
      } else if (strcmp(e->name, "snap") != 0 || cut >= 22) {
        g_assert_cmpint(l.trouble, ==, FRAME_SHORT);
        g_assert_cmpuint(l.payload_octets, ==, 0);
      }
      g_free(copy);
    }
  }
}

static enum frame_trouble
walk(enum link_type link, const char *hex, struct frame_layers *l)
{
  g_autoptr(GByteArray) f = packets_hex(hex);
  frame_walk(link, f->data, f->len, l);
  return l->trouble;
}

static void
test_padding_is_cut(void)
{
  struct frame_layers l;
  walk(LINK_ETHERNET, MACS "0800" IPV4_HELLO "000000000000", &l);
  g_assert_cmpuint(l.payload_octets, ==, 5);
  walk(LINK_ETHERNET, MACS "86dd" IPV6_HELLO "ffff", &l);
  g_assert_cmpuint(l.payload_octets, ==, 5);
}

static void
test_offloaded_datagram_takes_what_is_there(void)
{
  struct frame_layers l;
  g_assert_cmpint(walk(LINK_IPV4, "4500 0000 0001 4000 4006 0000 0a000001 0a000002" TCP_HELLO, &l),
                  ==, FRAME_FINE);
  g_assert_cmpuint(l.payload_octets, ==, 5);
}

static void
test_impossible_headers_are_named(void)
{
  static const struct {
    enum link_type link;
    const char *hex;
    enum frame_trouble trouble;
  } cases[] = {
      {LINK_IPV4, "4400 002d 0001 4000 4006 0000 0a000001 0a000002" TCP_HELLO, FRAME_BAD_LENGTH},
      {LINK_IPV4, "4500 0013 0001 4000 4006 0000 0a000001 0a000002" TCP_HELLO, FRAME_BAD_LENGTH},
      {LINK_IPV4, IPV6_HELLO, FRAME_BAD_VERSION},
      {LINK_IPV6, IPV4_HELLO, FRAME_BAD_VERSION},
      {LINK_RAW, "15" IPV4_HELLO, FRAME_BAD_VERSION},
      {LINK_ETHERNET, MACS "0800" IPV6_HELLO, FRAME_BAD_VERSION},
      {LINK_ETHERNET, MACS "86dd" IPV4_HELLO, FRAME_BAD_VERSION},
      {113 + 1000, IPV4_HELLO, FRAME_UNKNOWN_LINK},
      {LINK_IPV4, /* data offset of 16 octets */
       "4500 002d 0001 4000 4006 0000 0a000001 0a000002 03e8 0019 00000001 00000002 4018 03e8 0000"
       "0000 68656c6c6f",
       FRAME_BAD_LENGTH},
      {LINK_IPV4, /* UDP length of 7 */
       "4500 0021 0001 4000 4011 0000 0a000001 0a000002 03e8 0019 0007 0000 68656c6c6f",
       FRAME_BAD_LENGTH},
      {LINK_ETHERNET,
       MACS "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001"
            "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 8100 0001"
            "8100 0001 0800" IPV4_HELLO,
       FRAME_TOO_DEEP},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct frame_layers l;
    g_test_message("case %zu", i);
    g_assert_cmpint(walk(cases[i].link, cases[i].hex, &l), ==, cases[i].trouble);
    g_assert_cmpuint(l.payload_octets, ==, 0);
  }
}

static void
test_fragments_are_marked(void)
{
  struct frame_layers l;
  walk(LINK_IPV4, "4500 002d 0007 2000 4006 0000 0a000001 0a000002" TCP_HELLO, &l);
  g_assert_true(l.is_fragment && l.is_first_fragment && l.more_fragments);
  g_assert_cmpuint(l.fragment_id, ==, 7);
  g_assert_cmpuint(l.transport_offset, ==, 20);
  walk(LINK_IPV4, "4500 002d 0007 0003 4006 0000 0a000001 0a000002" TCP_HELLO, &l);
  g_assert_true(l.is_fragment && !l.is_first_fragment && !l.more_fragments);
  g_assert_cmpuint(l.fragment_offset, ==, 24);
  g_assert_cmpuint(l.transport_offset, ==, 0);
  walk(LINK_IPV6, "60000000 0021 2c 40" IPV6_ADDRS "06 00 0019 00000009" TCP_HELLO, &l);
  g_assert_true(l.is_fragment && !l.is_first_fragment && l.more_fragments);
  g_assert_cmpuint(l.fragment_offset, ==, 24);
  g_assert_cmpuint(l.fragment_id, ==, 9);
  g_assert_cmpuint(l.ip_payload_offset, ==, 48);
  g_assert_cmpuint(l.ip_proto, ==, IP_PROTO_TCP);
}

static void
test_reassembled_payload_is_walked(void)
{
  g_autoptr(GByteArray) p = packets_hex("06 00 010400000000" TCP_HELLO);
  struct frame_layers l = {.ip_version = 6, .ip_proto = IP_PROTO_DSTOPTS, .is_fragment = true};
  frame_walk_transport(p->data, p->len, p->len, &l);
  g_assert_cmpint(l.trouble, ==, FRAME_FINE);
  g_assert_cmpuint(l.ip_proto, ==, IP_PROTO_TCP);
  g_assert_cmpuint(l.transport_offset, ==, 8);
  g_assert_cmpuint(l.payload_offset, ==, 28);
  g_assert_cmpuint(l.payload_octets, ==, 5);
  g_assert_false(l.is_fragment);
}

/* Plain TCP on Ethernet is walked in one step, behind a cooked header (two octets longer) layer by
 * layer: whatever octets the datagram has, both say the same. */
static void
test_one_step_says_what_the_layers_say(void)
{
  g_autoptr(GByteArray) cooked =
      packets_hex("0000 0001 0006 020000000001 0000 0800" IPV4_HELLO "0000");
  for (unsigned at = 14; at + 2 < cooked->len; at++)
    for (unsigned value = 0; value < 256; value++)
      for (unsigned cut = 0; cut <= cooked->len - 16; cut += value % 16 ? 99 : 1) {
        g_autofree uint8_t *p = g_memdup2(cooked->data, cooked->len);
        p[at] = (uint8_t)value;
        struct frame_layers slow, fast;
        frame_walk(LINK_LINUX_SLL, p, cooked->len - cut, &slow);
        frame_walk(LINK_ETHERNET, p + 2, cooked->len - cut - 2, &fast);
        uint32_t *const offsets[] = {&slow.link_octets, &slow.ip_offset, &slow.ip_payload_offset,
                                     &slow.transport_offset, &slow.payload_offset};
        for (unsigned i = 0; i < G_N_ELEMENTS(offsets); i++)
          *offsets[i] -= *offsets[i] ? 2 : 0;
        g_assert_cmpint(slow.trouble, ==, fast.trouble);
        g_assert_cmpuint(slow.ether_type, ==, fast.ether_type);
        g_assert_cmpuint(slow.n_vlans, ==, fast.n_vlans);
        g_assert_cmpuint(slow.ip_version, ==, fast.ip_version);
        g_assert_cmpuint(slow.ip_proto, ==, fast.ip_proto);
        g_assert_cmpint(slow.is_fragment, ==, fast.is_fragment);
        g_assert_cmpuint(slow.fragment_id, ==, fast.fragment_id);
        g_assert_cmpuint(slow.fragment_offset, ==, fast.fragment_offset);
        g_assert_cmpuint(slow.link_octets, ==, fast.link_octets);
        g_assert_cmpuint(slow.ip_offset, ==, fast.ip_offset);
        g_assert_cmpuint(slow.ip_payload_offset, ==, fast.ip_payload_offset);
        g_assert_cmpuint(slow.ip_payload_octets, ==, fast.ip_payload_octets);
        g_assert_cmpuint(slow.ip_payload_wire, ==, fast.ip_payload_wire);
        g_assert_cmpuint(slow.transport_offset, ==, fast.transport_offset);
        g_assert_cmpuint(slow.payload_offset, ==, fast.payload_offset);
        g_assert_cmpuint(slow.payload_octets, ==, fast.payload_octets);
        g_assert_cmpuint(slow.payload_wire, ==, fast.payload_wire);
        g_assert_cmpuint(slow.src_port, ==, fast.src_port);
        g_assert_cmpuint(slow.dst_port, ==, fast.dst_port);
        g_assert_cmpmem(slow.src.octets, 16, fast.src.octets, 16);
        g_assert_cmpmem(slow.dst.octets, 16, fast.dst.octets, 16);
        g_assert_cmpuint(slow.src.version, ==, fast.src.version);
        g_assert_cmpuint(slow.dst.version, ==, fast.dst.version);
        g_assert_cmpuint(slow.tcp.seq, ==, fast.tcp.seq);
        g_assert_cmpuint(slow.tcp.ack, ==, fast.tcp.ack);
        g_assert_cmpuint(slow.tcp.flags, ==, fast.tcp.flags);
        g_assert_cmpuint(slow.tcp.window, ==, fast.tcp.window);
        g_assert_cmpuint(slow.tcp.header_octets, ==, fast.tcp.header_octets);
      }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/link-types", test_link_types);
  g_test_add_func("/cut-at-every-octet", test_cut_at_every_octet);
  g_test_add_func("/padding-is-cut", test_padding_is_cut);
  g_test_add_func("/offloaded-datagram-takes-what-is-there",
                  test_offloaded_datagram_takes_what_is_there);
  g_test_add_func("/impossible-headers-are-named", test_impossible_headers_are_named);
  g_test_add_func("/fragments-are-marked", test_fragments_are_marked);
  g_test_add_func("/reassembled-payload-is-walked", test_reassembled_payload_is_walked);
  g_test_add_func("/one-step-says-what-the-layers-say", test_one_step_says_what_the_layers_say);
  return g_test_run();
}
