/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-ip4.c -- IPv4 beyond the plain way: options, errors and their rules, path MTU, redirects,
 * ping and traceroute. Places and octets are computed by hand from RFC 791, 792, 1122 and 1191. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)

/* The n-th ICMP error (not echo) from a host: type << 8 | code, and its second word. */
static int
error_of(const struct rig *r, const char *from, unsigned n, uint32_t *rest)
{
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    const uint8_t *ip = f->octets + 14;
    if (!f->is_sender || f->from_host != rig_host(r, from) || get_be16(f->octets + 12) != 0x0800 ||
        ip[9] != 1)
      continue;
    const uint8_t *icmp = ip + (ip[0] & 15) * 4;
    if (icmp[0] == 0 || icmp[0] == 8 || n-- > 0)
      continue;
    *rest = get_be32(icmp + 4);
    return icmp[0] << 8 | icmp[1];
  }
  *rest = 0;
  return -1;
}

/* The first echo reply that a host sends, at its IP header. */
static const uint8_t *
reply_of(const struct rig *r, const char *from)
{
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    const uint8_t *ip = f->octets + 14;
    if (f->from_host == rig_host(r, from) && get_be16(f->octets + 12) == 0x0800 && ip[9] == 1 &&
        ip[(ip[0] & 15) * 4] == 0)
      return ip;
  }
  return NULL;
}

static void
ping_with(struct rig *r, const struct ping_request *more, const uint8_t *options, uint8_t n)
{
  struct ping_request want = *more;
  want.to = rig_addr(r, "server");
  want.options = options;
  want.n_options = n;
  want.count = want.count ? want.count : 1;
  net_ping_with(r->net, rig_host(r, "pc"), &want);
}

/* ---- options ---- */

/* RFC 791: sender, router (its way out), receiver on the way there, router on the way back. */
static void
test_record_route(void)
{
  static const uint8_t options[40] = {7, 39, 4};
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  ping_with(&r, &(struct ping_request){.size = 8}, options, 40);
  rig_run(&r, 5 * SECOND);
  static const uint8_t want[] = {7, 39, 16, 10, 0, 1, 10, 10, 0, 2, 1, 10, 0, 2, 25, 0};
  const uint8_t *ip = reply_of(&r, "server");
  g_assert_nonnull(ip);
  g_assert_cmphex(ip[0], ==, 0x4f);
  g_assert_cmpmem(ip + 20, sizeof want, want, sizeof want);
  const uint8_t *back = reply_of(&r, "router");
  static const uint8_t last[] = {7, 39, 20, 10, 0,  1,  10, 10, 0, 2,
                                 1, 10, 0,  2,  25, 10, 0,  1,  1, 0};
  g_assert_cmpmem(back + 20, sizeof last, last, sizeof last);
  g_assert_cmphex(checksum_finish(checksum_add(0, back, 60)), ==, 0);
  rig_clear(&r);
}

/* Room for one time only: the others are counted in the overflow (the high four bits). */
static void
test_timestamps(void)
{
  static const uint8_t options[8] = {68, 8, 5, 0};
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  rig_run(&r, SECOND);
  ping_with(&r, &(struct ping_request){.size = 8}, options, 8);
  rig_run(&r, 5 * SECOND);
  const uint8_t *ip = reply_of(&r, "server");
  static const uint8_t want[] = {68, 8, 9, 0x20};
  g_assert_cmpmem(ip + 20, 4, want, 4);
  g_assert_cmpuint(get_be32(ip + 24), ==, 1000); /* the sender's clock: a second past midnight */
  rig_clear(&r);
}

static const struct {
  const char *name;
  uint8_t options[8];
  int type_code; /* of the first error from anybody; -1: it arrives */
  uint32_t rest;
} cases[] = {
    {"router-alert", {148, 4, 0, 0}, -1, 0},
    {"unknown-is-passed-on", {30, 4, 1, 2}, -1, 0},
    {"loose-source-route", {131, 7, 4, 10, 0, 2, 1, 0}, 3 << 8 | 5, 0},
    {"strict-source-route", {137, 7, 4, 10, 0, 2, 1, 0}, 3 << 8 | 5, 0},
    /* RFC 792: the place of the wrong octet stands in the first of the second word */
    {"length-0", {7, 0, 4, 0}, 12 << 8, UINT32_C(21) << 24},
    {"length-beyond", {30, 9, 0, 0}, 12 << 8, UINT32_C(21) << 24},
    {"pointer-in-the-option-head", {1, 7, 7, 3, 0, 0, 0, 0}, 12 << 8, UINT32_C(23) << 24},
};

static void
test_options(void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rig r;
    uint32_t rest;
    rig_init(&r, RIG_ROUTED("", "", ""), 1);
    ping_with(&r, &(struct ping_request){.size = 8}, cases[i].options, 8);
    rig_run(&r, 5 * SECOND);
    g_test_message("%s", cases[i].name);
    g_assert_cmpint(error_of(&r, "router", 0, &rest), ==, cases[i].type_code);
    g_assert_cmphex(rest, ==, cases[i].rest);
    g_assert_true((reply_of(&r, "server") != NULL) == (cases[i].type_code < 0));
    rig_clear(&r);
  }
}

/* RFC 791 3.1: without the copy bit an option stands in the first fragment only. */
static void
test_options_in_fragments(void)
{
  static const uint8_t options[12] = {7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0};
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ", mtu: 600"), 1);
  ping_with(&r, &(struct ping_request){.size = 1000}, options, 12);
  rig_run(&r, 5 * SECOND);
  unsigned n_first = 0, n_later = 0;
  for (unsigned i = 0; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    const uint8_t *ip = f->octets + 14;
    if (f->from_host != rig_host(&r, "router") || f->to_host != rig_host(&r, "server") ||
        get_be16(f->octets + 12) != 0x0800)
      continue;
    static const uint8_t later[] = {148, 4, 0, 0};
    if ((get_be16(ip + 6) & 0x1fff) == 0) {
      n_first++;
      g_assert_cmphex(ip[0], ==, 0x48);
      g_assert_cmpuint(get_be16(ip + 2), ==, 600); /* 32 + 568 */
    } else {
      n_later++;
      g_assert_cmphex(ip[0], ==, 0x46);
      g_assert_cmpmem(ip + 20, 4, later, 4);
    }
  }
  g_assert_cmpuint(n_first, ==, 1);
  g_assert_cmpuint(n_later, ==, 1);
  g_assert_nonnull(reply_of(&r, "server"));
  rig_clear(&r);
}

/* ---- size ---- */

/* RFC 1191 4 and 6.3: at 301 s the report still counts and nothing leaves, at 602 s it is
 * forgotten. */
static void
test_path_mtu(void)
{
  struct rig r;
  uint32_t rest;
  rig_init(&r, RIG_ROUTED("", "", ", mtu: 800"), 1);
  ping_with(
      &r, &(struct ping_request){.size = 1400, .df = true, .count = 3, .interval_ns = 301 * SECOND},
      NULL, 0);
  rig_run(&r, 1000 * SECOND);
  g_assert_cmpint(error_of(&r, "router", 0, &rest), ==, 3 << 8 | 4);
  g_assert_cmpuint(rest, ==, 800); /* in the low half of the word */
  g_assert_cmpstr(rig_value(&r, "pc", "pmtu", "10.0.2.25"), ==, "800");
  g_assert_cmpstr(rig_value(&r, "pc", "ping 10.0.2.25", "1"), ==, "too-big mtu=800 from=10.0.1.1");
  g_assert_cmpstr(rig_value(&r, "pc", "ping 10.0.2.25", "2"), ==, "too-big mtu=800 from=10.0.1.10");
  g_assert_cmpstr(rig_value(&r, "pc", "ping 10.0.2.25", "3"), ==, "too-big mtu=800 from=10.0.1.1");
  g_assert_cmpint(error_of(&r, "router", 1, &rest), ==, 3 << 8 | 4);
  g_assert_cmpint(error_of(&r, "router", 2, &rest), ==, -1);
  rig_clear(&r);
}

/* RFC 1191 7.1: a router that names no size; the next plateau below 1400 octets is 1006. */
static void
test_plateaus(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  struct ip_addr server = rig_addr(&r, "server");
  struct host *pc = r.net->hosts[rig_host(&r, "pc")];
  g_assert_cmpuint(ip_learn_mtu(pc, &server, 0, 1400), ==, 1006);
  g_assert_cmpuint(ip_learn_mtu(pc, &server, 0, 1006), ==, 508);
  g_assert_cmpuint(ip_learn_mtu(pc, &server, 1200, 1400), ==, 508); /* never up */
  g_assert_cmpuint(ip_learn_mtu(pc, &server, 20, 508), ==, 68);     /* RFC 791: the least */
  rig_clear(&r);
}

/* ---- errors ---- */

static void
inject(struct rig *r, const char *to_host, const uint8_t *src, const uint8_t *dst, uint8_t proto,
       const uint8_t eth_dst[6], const void *p, size_t n)
{
  struct host *h = r->net->hosts[rig_host(r, to_host)];
  struct packet *packet = packet_new(r->net, h->index, IPV4_OCTETS + n);
  struct eth eth = {.type = ETHER_IPV4, .src = {2, 9, 9, 9, 9, 9}};
  memcpy(eth.dst, eth_dst ? eth_dst : h->ifaces[0].mac, 6);
  eth_put(packet->octets, &eth);
  struct ipv4 ip = {
      .header_octets = 20, .total_octets = (uint16_t)(20 + n), .ttl = 9, .proto = proto};
  memcpy(ip.src, src, 4);
  memcpy(ip.dst, dst, 4);
  uint8_t *q = packet->octets + PACKET_IP;
  ipv4_put(q, &ip);
  put_be16(q + 10, 0);
  put_be16(q + 10, checksum_finish(checksum_add(0, q, 20)));
  memcpy(q + 20, p, n);
  packet->n = (uint32_t)(PACKET_IP + 20 + n);
  host_input(&h->ifaces[0], packet);
}

/* RFC 1122 3.2.2: what must never be answered by an error, and the two that must. */
static void
test_error_rules(void)
{
  static const uint8_t pc[4] = {10, 0, 1, 10}, server[4] = {10, 0, 2, 25}, none[4] = {0, 0, 0, 0},
                       all[4] = {255, 255, 255, 255}, net[4] = {10, 0, 2, 255},
                       group[4] = {224, 0, 0, 1};
  static const uint8_t to_all[6] = {255, 255, 255, 255, 255, 255};
  static const uint8_t udp[8] = {0, 9, 0, 9, 0, 8, 0, 0};
  static const uint8_t error[8] = {3, 3, 0xfc, 0xfc};
  struct rig r;
  uint32_t rest;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  ping_with(&r, &(struct ping_request){.size = 8}, NULL, 0);
  rig_run(&r, 2 * SECOND);
  inject(&r, "server", pc, all, 17, to_all, udp, 8);
  inject(&r, "server", pc, net, 17, to_all, udp, 8);
  inject(&r, "server", pc, server, 17, to_all, udp, 8); /* a broadcast of the link */
  inject(&r, "server", pc, group, 17, NULL, udp, 8);
  inject(&r, "server", none, server, 17, NULL, udp, 8);
  inject(&r, "server", group, server, 17, NULL, udp, 8);
  inject(&r, "server", pc, server, 1, NULL, error, 8);
  rig_run(&r, 5 * SECOND);
  g_assert_cmpint(error_of(&r, "server", 0, &rest), ==, -1);
  inject(&r, "server", pc, server, 17, NULL, udp, 8);
  inject(&r, "server", pc, server, 200, NULL, udp, 8);
  rig_run(&r, 8 * SECOND);
  g_assert_cmpint(error_of(&r, "server", 0, &rest), ==, 3 << 8 | 3);
  g_assert_cmpint(error_of(&r, "server", 1, &rest), ==, 3 << 8 | 2);
  rig_clear(&r);
}

static void
test_traceroute(void)
{
  for (unsigned uses_icmp = 0; uses_icmp < 2; uses_icmp++) {
    struct rig r;
    rig_init(&r, RIG_ROUTED("", "", ""), 1);
    struct trace_request want = {.to = rig_addr(&r, "server"), .uses_icmp = uses_icmp};
    g_assert_true(net_traceroute(r.net, rig_host(&r, "pc"), &want));
    rig_run(&r, 100 * SECOND);
    const char *first = rig_value(&r, "pc", "traceroute 10.0.2.25", "1");
    const char *second = rig_value(&r, "pc", "traceroute 10.0.2.25", "2");
    g_assert_true(g_regex_match_simple("^10\\.0\\.1\\.1( rtt_us=[0-9]+){3}$", first, 0, 0));
    g_assert_true(g_regex_match_simple("^10\\.0\\.2\\.25( rtt_us=[0-9]+){3}$", second, 0, 0));
    g_assert_null(rig_value(&r, "pc", "traceroute 10.0.2.25", "3"));
    rig_clear(&r);
  }
}

/* A router that says nothing gives stars, and the way goes on. */
static void
test_traceroute_without_answer(void)
{
  struct rig r;
  rig_init(&r,
           RIG_ROUTED("", "",
                      "") "faults:\n  - {link: lan, from: router, of: icmp, drop: 1, times: 3}\n",
           1);
  struct trace_request want = {.to = rig_addr(&r, "server"), .wait_ns = SECOND};
  g_assert_true(net_traceroute(r.net, rig_host(&r, "pc"), &want));
  rig_run(&r, 100 * SECOND);
  g_assert_cmpstr(rig_value(&r, "pc", "traceroute 10.0.2.25", "1"), ==, "* * *");
  g_assert_nonnull(rig_value(&r, "pc", "traceroute 10.0.2.25", "2"));
  rig_clear(&r);
}

/* Two routers on one LAN: the nearer one sends on and tells of the better way (RFC 792, code 1). */
static void
test_redirect(void)
{
  struct rig r;
  uint32_t rest;
  rig_init(&r,
           "hosts:\n"
           "  pc: {address: 10.0.1.10/24, gateway: 10.0.1.1}\n  sw: {kind: switch}\n"
           "  near: {kind: router, address: 10.0.1.1/24, routes: [{to: 10.0.2.0/24, via: other}]}\n"
           "  other: {kind: router, addresses: {l3: 10.0.1.2/24, far: 10.0.2.1/24}}\n"
           "  server: {address: 10.0.2.25/24, gateway: other}\n"
           "links:\n  l1: {ends: [pc, sw]}\n  l2: {ends: [near, sw]}\n  l3: {ends: [other, sw]}\n"
           "  far: {ends: [other, server]}\n",
           1);
  ping_with(&r, &(struct ping_request){.size = 8, .count = 2, .interval_ns = SECOND}, NULL, 0);
  rig_run(&r, 10 * SECOND);
  g_assert_cmpint(error_of(&r, "near", 0, &rest), ==, 5 << 8 | 1);
  g_assert_cmphex(rest, ==, 0x0a000102);
  g_assert_cmpint(error_of(&r, "near", 1, &rest), ==, -1);
  g_assert_cmpstr(rig_value(&r, "pc", "route", "10.0.2.25"), ==,
                  "via 10.0.1.2 dev l1: a router knew a shorter way (10.0.2.25/32)");
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping 10.0.2.25", "2"), "rtt_us="));
  rig_clear(&r);
}

/* A host of two families: both addresses work, and the default route by name is one of each. */
static void
test_dual_stack(void)
{
  struct rig r;
  rig_init(&r,
           "hosts:\n"
           "  pc: {address: [10.0.1.10/24, '2001:db8:1::10/64'], gateway: router}\n"
           "  router: {kind: router, addresses: {lan: [10.0.1.1/24, '2001:db8:1::1/64'],"
           " wan: [10.0.2.1/24, '2001:db8:2::1/64']}}\n"
           "  server: {address: [10.0.2.25/24, '2001:db8:2::25/64'], gateway: [10.0.2.1, "
           "'2001:db8:2::1']}\n"
           "links:\n  lan: {ends: [pc, router]}\n  wan: {ends: [router, server]}\n",
           1);
  static const char *const servers[] = {"10.0.2.25", "2001:db8:2::25"};
  for (unsigned i = 0; i < 2; i++) {
    struct ip_addr to;
    ip_addr_parse(servers[i], &to);
    net_ping(r.net, rig_host(&r, "pc"), &to, 1, SECOND);
  }
  rig_run(&r, 10 * SECOND);
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping 10.0.2.25", "1"), "rtt_us="));
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping 2001:db8:2::25", "1"), "rtt_us="));
  rig_clear(&r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ip4/record-route", test_record_route);
  g_test_add_func("/ip4/timestamps", test_timestamps);
  g_test_add_func("/ip4/options", test_options);
  g_test_add_func("/ip4/options-in-fragments", test_options_in_fragments);
  g_test_add_func("/ip4/path-mtu", test_path_mtu);
  g_test_add_func("/ip4/path-mtu-plateaus", test_plateaus);
  g_test_add_func("/ip4/error-rules", test_error_rules);
  g_test_add_func("/ip4/traceroute", test_traceroute);
  g_test_add_func("/ip4/traceroute-without-answer", test_traceroute_without_answer);
  g_test_add_func("/ip4/redirect", test_redirect);
  g_test_add_func("/ip4/dual-stack", test_dual_stack);
  return g_test_run();
}
