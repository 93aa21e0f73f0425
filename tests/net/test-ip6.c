/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-ip6.c -- IPv6 of hosts and routers: TCP and UDP over it, neighbours, addresses from routers,
 * errors, path MTU, fragments. Expected octets are computed by hand from the RFCs. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/nd.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)

/* pc -- lan -- router -- wan -- server; addresses 2001:db8:1::10, ::1, 2001:db8:2::1, ::25. */
#define ROUTED6(pc, lan, wan)                                                                      \
  "hosts:\n"                                                                                       \
  "  pc: {address: '2001:db8:1::10/64', gateway: router" pc "}\n"                                  \
  "  router: {kind: router, addresses: {lan: '2001:db8:1::1/64', wan: '2001:db8:2::1/64'}}\n"      \
  "  server: {kind: server, address: '2001:db8:2::25/64', gateway: '2001:db8:2::1'}\n"             \
  "links:\n"                                                                                       \
  "  lan: {ends: [pc, router]" lan "}\n"                                                           \
  "  wan: {ends: [router, server]" wan "}\n"

/* The n-th frame (from 0) that host `from` sends as ICMPv6 of that type, or NULL. */
static const struct world_frame *
find_icmp6(const struct rig *r, const char *from, uint8_t type, unsigned n)
{
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    if (f->is_sender && f->from_host == rig_host(r, from) && get_be16(f->octets + 12) == 0x86dd &&
        f->octets[20] == IP_PROTO_ICMPV6 && f->octets[54] == type && n-- == 0)
      return f;
  }
  return NULL;
}

static void
test_transfer_over_a_router(void)
{
  struct rig r;
  struct rig_transfer t = {0};
  rig_init(&r, ROUTED6("", "", ", rate: 10Mbit/s, delay: 5ms"), 1);
  rig_transfer(&r, &t, "pc", "server", 2525, 100000);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received, ==, t.n);
  g_assert_true(t.is_intact);
  g_assert_cmpstr(rig_value(&r, "pc", "route", "2001:db8:2::25"), ==,
                  "via 2001:db8:1::1 dev lan: default route (::/0)");
  g_assert_cmpstr(rig_value(&r, "router", "route", "2001:db8:2::25"), ==,
                  "dev wan: its own net (2001:db8:2::/64)");
  rig_clear(&r);
}

/* RFC 4861: the first question, octet by octet. pc is host 0: MAC 02:00:00:00:01:00. */
static void
test_solicitation_octets(void)
{
  struct rig r;
  rig_init(&r, ROUTED6("", "", ""), 1);
  struct ip_addr server = rig_addr(&r, "server");
  net_ping(r.net, rig_host(&r, "pc"), &server, 1, SECOND);
  rig_run(&r, 10 * SECOND);
  static const uint8_t want[86] = {
      0x33, 0x33, 0xff, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x01, 0x00, 0x86, 0xdd, /* eth */
      0x60, 0,    0,    0,    0,    32,   58,   255, /* flow label compared below */
      0x20, 0x01, 0x0d, 0xb8, 0,    1,    0,    0,    0,    0,    0,    0,    0,    0,
      0,    0x10, /* from 2001:db8:1::10 */
      0xff, 0x02, 0,    0,    0,    0,    0,    0,    0,    0,    0,    1,    0xff, 0,
      0,    1,                                     /* to ff02::1:ff00:1 */
      135,  0,    0x1b, 0x19, 0,    0,    0,    0, /* sum: computed apart */
      0x20, 0x01, 0x0d, 0xb8, 0,    1,    0,    0,    0,    0,    0,    0,    0,    0,
      0,    1,                                         /* target 2001:db8:1::1 */
      1,    1,    0x02, 0x00, 0x00, 0x00, 0x01, 0x00}; /* source link-layer address */
  const struct world_frame *f = find_icmp6(&r, "pc", ICMP6_NEIGHBOUR_SOLICIT, 0);
  g_assert_nonnull(f);
  g_assert_cmpmem(f->octets, 15, want, 15);
  g_assert_cmpmem(f->octets + 18, f->n_octets - 18, want + 18, sizeof want - 18);
  const struct world_frame *a = find_icmp6(&r, "router", ICMP6_NEIGHBOUR_ADVERT, 0);
  g_assert_nonnull(a);
  g_assert_cmphex(a->octets[58], ==, 0xe0); /* router, solicited, override */
  g_assert_cmphex(a->octets[78], ==, ND_TARGET_LINK);
  g_assert_cmpuint(find_icmp6(&r, "pc", ICMP6_ECHO, 0)->octets[21], ==, 64);
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping 2001:db8:2::25", "1"), "rtt_us="));
  g_assert_true(g_str_has_suffix(rig_value(&r, "pc", "ping 2001:db8:2::25", "1"), " ttl=63"));
  rig_clear(&r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ip6/transfer-over-a-router", test_transfer_over_a_router);
  g_test_add_func("/ip6/solicitation-octets", test_solicitation_octets);
  return g_test_run();
}
