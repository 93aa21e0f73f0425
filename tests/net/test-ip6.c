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

/* What the n-th ICMPv6 error from `from` says, as type << 24 | code << 16, and its second word. */
static uint32_t
icmp6_error_of(const struct rig *r, const char *from, unsigned n, uint32_t *rest)
{
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    if (!f->is_sender || f->from_host != rig_host(r, from) || get_be16(f->octets + 12) != 0x86dd ||
        f->octets[20] != IP_PROTO_ICMPV6 || f->octets[54] >= 128 || n-- > 0)
      continue;
    *rest = get_be32(f->octets + 58);
    return (uint32_t)f->octets[54] << 24 | (uint32_t)f->octets[55] << 16;
  }
  *rest = 0;
  return 0;
}

static unsigned
n_frames(const struct rig *r)
{
  return r->frames->len;
}

/* An IPv6 packet of `n` octets behind its header, as if it came in at a host's first interface. */
static void
inject(struct rig *r, const char *to_host, const char *src, const char *dst, uint8_t next,
       const void *p, size_t n)
{
  struct host *h = r->net->hosts[rig_host(r, to_host)];
  struct packet *packet = packet_new(r->net, h->index, IPV6_OCTETS + n);
  struct eth eth = {.type = ETHER_IPV6, .src = {2, 9, 9, 9, 9, 9}};
  memcpy(eth.dst, h->ifaces[0].mac, 6);
  eth_put(packet->octets, &eth);
  struct ip_addr from = {0}, to = {0};
  g_assert_true(ip_addr_parse(src, &from) && ip_addr_parse(dst, &to));
  struct ipv6 ip = {.payload_octets = (uint16_t)n, .next_header = next, .hop_limit = 64};
  memcpy(ip.src, from.octets, 16);
  memcpy(ip.dst, to.octets, 16);
  ipv6_put(packet->octets + PACKET_IP, &ip);
  memcpy(packet->octets + PACKET_IP + IPV6_OCTETS, p, n);
  packet->n = (uint32_t)(PACKET_IP + IPV6_OCTETS + n);
  host_input(&h->ifaces[0], packet);
}

/* The same for ICMPv6 with its checksum made and hop limit 255. */
static void
inject_icmp6(struct rig *r, const char *to_host, const char *src, const char *dst, uint8_t *p,
             size_t n)
{
  struct host *h = r->net->hosts[rig_host(r, to_host)];
  struct ip_addr from = {0}, to = {0};
  g_assert_true(ip_addr_parse(src, &from) && ip_addr_parse(dst, &to));
  put_be16(p + 2, 0);
  uint32_t sum = checksum_pseudo(&from, &to, IP_PROTO_ICMPV6, (uint32_t)n);
  put_be16(p + 2, checksum_finish(checksum_add(sum, p, n)));
  struct ip_datagram d = {
      .src = from, .dst = to, .proto = IP_PROTO_ICMPV6, .ttl = 255, .payload = p, .n = (uint32_t)n};
  icmp6_input(&h->ifaces[0], packet_new(r->net, h->index, 64), &d);
}

#define PC "2001:db8:1::10"
#define ROUTER "2001:db8:1::1"
#define SERVER "2001:db8:2::25"

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

/* ---- neighbours ---- */

static GString *
states_of(const struct rig *r, const char *host, const char *subject, const char *key)
{
  GString *all = g_string_new(NULL);
  for (unsigned i = 0; i < r->events->len; i++) {
    const struct rig_event *e = &g_array_index(r->events, struct rig_event, i);
    if (e->host != rig_host(r, host) || strcmp(e->subject, subject) != 0 ||
        strcmp(e->key, key) != 0)
      continue;
    g_autofree char *word = g_strndup(e->value, strcspn(e->value, " "));
    g_string_append_printf(all, "%s%s@%d", all->len ? " " : "", word, (int)(e->time_ns / SECOND));
  }
  return all;
}

/* RFC 4861 7.3: reachable for 15 to 45 s, then stale; used again: 5 s later a unicast question. */
static void
test_neighbour_states(void)
{
  struct rig r;
  struct ip_addr router;
  ip_addr_parse(ROUTER, &router);
  rig_init(&r, ROUTED6("", "", ""), 1);
  net_ping(r.net, rig_host(&r, "pc"), &router, 2, 50 * SECOND);
  rig_run(&r, 200 * SECOND);
  g_autoptr(GString) all = states_of(&r, "pc", "nd", ROUTER);
  g_assert_cmpstr(all->str, ==, "INCOMPLETE@0 REACHABLE@0 STALE@50 DELAY@50 PROBE@55 REACHABLE@55");
  const struct world_frame *probe = find_icmp6(&r, "pc", ICMP6_NEIGHBOUR_SOLICIT, 1);
  g_assert_nonnull(probe);
  g_assert_cmphex(probe->octets[0], ==, 0x02); /* to its own address, not to a group */
  rig_clear(&r);
}

/* Three questions a second apart; then the router reports "address unreachable". */
static void
test_nobody_answers(void)
{
  struct rig r;
  struct ip_addr nobody;
  uint32_t rest;
  ip_addr_parse("2001:db8:2::99", &nobody);
  rig_init(&r, ROUTED6("", "", ""), 1);
  net_ping(r.net, rig_host(&r, "pc"), &nobody, 1, SECOND);
  rig_run(&r, 20 * SECOND);
  for (unsigned i = 0; i < 3; i++) {
    const struct world_frame *f = find_icmp6(&r, "router", ICMP6_NEIGHBOUR_SOLICIT, i + 1);
    g_assert_nonnull(f); /* its first one asked for pc */
  }
  g_assert_cmphex(icmp6_error_of(&r, "router", 0, &rest), ==, 0x01030000);
  g_assert_cmpstr(rig_value(&r, "pc", "ping 2001:db8:2::99", "1"), ==, "no-host from=" ROUTER);
  rig_clear(&r);
}

/* What comes with a hop limit below 255 came over a router and is no neighbour's. */
static void
test_solicitation_from_beyond(void)
{
  struct rig r;
  rig_init(&r, ROUTED6("", "", ""), 1);
  rig_run(&r, SECOND);
  uint8_t m[24] = {135};
  struct ip_addr pc;
  ip_addr_parse(PC, &pc);
  memcpy(m + 8, pc.octets, 16);
  unsigned before = n_frames(&r);
  struct ip_addr from;
  ip_addr_parse(ROUTER, &from);
  uint32_t sum = checksum_pseudo(&from, &pc, IP_PROTO_ICMPV6, sizeof m);
  put_be16(m + 2, checksum_finish(checksum_add(sum, m, sizeof m)));
  inject(&r, "pc", ROUTER, PC, IP_PROTO_ICMPV6, m, sizeof m); /* hop limit 64 */
  rig_run(&r, 5 * SECOND);
  g_assert_cmpuint(n_frames(&r), ==, before);
  inject_icmp6(&r, "pc", ROUTER, PC, m, sizeof m);
  rig_run(&r, 5 * SECOND);
  g_assert_cmpuint(n_frames(&r), >, before);
  rig_clear(&r);
}

/* ---- addresses from routers ---- */

#define AUTOMATIC(more)                                                                            \
  "hosts:\n"                                                                                       \
  "  phone: {kind: phone, address: auto" more "}\n"                                                \
  "  router: {kind: router, address: ['2001:db8:1::1/64', 10.0.1.1/24], advertise: [lan], "        \
  "dns: '2001:db8:1::53'}\n"                                                                       \
  "links:\n  lan: {ends: [phone, router], mtu: 1400}\n"

/* phone is host 0: MAC 02:00:00:00:01:00, identifier 0000:00ff:fe00:0100 (RFC 4291 appendix A). */
static void
test_autoconfiguration(void)
{
  struct rig r;
  rig_init(&r, AUTOMATIC(""), 1);
  rig_run(&r, 30 * SECOND);
  const char *local = "fe80::ff:fe00:100", *global = "2001:db8:1::ff:fe00:100";
  g_assert_cmpstr(rig_value(&r, "phone", "address", local), ==, "lan/64 preferred link-local");
  g_assert_cmpstr(rig_value(&r, "phone", "address", global), ==, "lan/64 preferred from a prefix");
  struct host *h = r.net->hosts[rig_host(&r, "phone")];
  struct ip_addr far, next, want;
  ip_addr_parse("2001:db8:ffff::1", &far);
  ip_addr_parse(global, &want);
  g_assert_nonnull(ip_route(h, &far, &next));
  g_assert_true(ip6_is_link_local(&next));
  struct ip_addr src = ip_source(h, &far);
  g_assert_true(ip_addr_equal(&src, &want));
  g_assert_cmpuint(ip_mtu(h, &far), ==, 1400);
  g_assert_cmpuint(h->dns[0].version, ==, 6);
  /* the probe comes from ::, to the solicited-node group, without a link-layer address */
  const struct world_frame *f = find_icmp6(&r, "phone", ICMP6_NEIGHBOUR_SOLICIT, 0);
  static const uint8_t zeros[16];
  g_assert_cmpmem(f->octets + 22, 16, zeros, 16);
  g_assert_cmpuint(f->n_octets, ==, 14 + 40 + 24);
  g_assert_nonnull(find_icmp6(&r, "phone", ICMP6_ROUTER_SOLICIT, 0));
  rig_clear(&r);
}

/* RFC 4862 5.4.3: another host's probe for the same address; with stable identifiers the next one
 * is tried, else the interface stays without. */
static void
test_duplicate_address(void)
{
  for (unsigned stable = 0; stable < 2; stable++) {
    struct rig r;
    rig_init(&r, stable ? AUTOMATIC(", interface_id: stable") : AUTOMATIC(""), 1);
    struct host *h = r.net->hosts[rig_host(&r, "phone")];
    rig_run(&r, 1000);
    struct ip_addr target = h->ifaces[0].addrs[0].addr;
    g_assert_cmpuint(h->ifaces[0].addrs[0].state, ==, ADDR_TENTATIVE);
    uint8_t m[24] = {135};
    char group[ADDR_TEXT_MAX];
    struct ip_addr to = ip6_solicited_node(&target);
    memcpy(m + 8, target.octets, 16);
    inject_icmp6(&r, "phone", "::", ip_addr_format(&to, group), m, sizeof m);
    g_assert_cmpuint(h->ifaces[0].addrs[0].state, ==, ADDR_DUPLICATE);
    rig_run(&r, 30 * SECOND);
    g_assert_false(host_has_addr(h, &target));
    g_assert_cmpint(host_addr(h, 6).octets[0] == 0x20, ==, stable == 1);
    rig_clear(&r);
  }
}

/* ---- errors ---- */

static void
test_hop_limit_and_traceroute(void)
{
  struct rig r;
  struct trace_request want = {.n_probes = 1};
  ip_addr_parse(SERVER, &want.to);
  for (unsigned i = 0; i < 2; i++) {
    want.uses_icmp = i == 0;
    rig_init(&r, ROUTED6("", "", ""), 1);
    g_assert_true(net_traceroute(r.net, rig_host(&r, "pc"), &want));
    rig_run(&r, 60 * SECOND);
    g_assert_true(
        g_str_has_prefix(rig_value(&r, "pc", "traceroute " SERVER, "1"), ROUTER " rtt_us="));
    g_assert_true(
        g_str_has_prefix(rig_value(&r, "pc", "traceroute " SERVER, "2"), SERVER " rtt_us="));
    g_assert_null(rig_value(&r, "pc", "traceroute " SERVER, "3"));
    uint32_t rest;
    g_assert_cmphex(icmp6_error_of(&r, "router", 0, &rest), ==, 0x03000000);
    g_assert_cmphex(icmp6_error_of(&r, "server", 0, &rest), ==, i == 0 ? 0 : 0x01040000);
    rig_clear(&r);
  }
}

/* A header chain behind the IPv6 header, what the host must answer, and the second word. */
struct refusal {
  const char *name;
  uint8_t next;
  uint8_t n;
  uint8_t octets[32];
  uint32_t type_code, rest; /* 0: dropped without a word */
};

static const struct refusal refusals[] = {
    /* RFC 5095: type 0 with a segment left; the place is the routing type: 40 + 2 */
    {"routing-0", 43, 24, {59, 2, 0, 1}, 0x04000000, 42},
    {"routing-0-done", 43, 24, {59, 2, 0, 0}, 0, 0},
    /* RFC 8200 4.2: the two highest bits of an unknown option; it stands at 40 + 2 */
    {"option-00", 60, 8, {59, 0, 0x3e, 4}, 0, 0},
    {"option-01", 60, 8, {59, 0, 0x7e, 4}, 0, 0},
    {"option-10", 60, 8, {59, 0, 0xbe, 4}, 0x04020000, 42},
    {"option-11", 60, 8, {59, 0, 0xfe, 4}, 0x04020000, 42},
    {"option-too-long", 60, 8, {59, 0, 1, 5}, 0x04000000, 43},
    /* a protocol that nobody reads: named at 6; behind a destination header: at 40 */
    {"protocol", 253, 8, {0}, 0x04010000, 6},
    {"protocol-behind-options", 60, 16, {253, 0, 1, 4}, 0x04010000, 40},
    {"hop-by-hop-not-first", 60, 16, {0, 0, 1, 4}, 0x04010000, 40},
    {"nothing-follows", 59, 8, {0}, 0, 0},
    /* fragments: no multiple of 8; beyond 65535; the first one without its transport header */
    {"fragment-length", 44, 13, {17, 0, 0, 1, 0, 0, 0, 1}, 0x04000000, 4},
    {"fragment-beyond", 44, 24, {17, 0, 0xff, 0xf8, 0, 0, 0, 2}, 0x04000000, 42},
    {"fragment-without-header", 44, 16, {60, 0, 0, 1, 0, 0, 0, 3, 6}, 0x04030000, 0},
    /* UDP without checksum: RFC 8200 8.1; and with a port that nobody has */
    {"udp-no-checksum", 17, 8, {0, 9, 0, 9, 0, 8, 0, 0}, 0, 0},
    {"udp-nobody", 17, 8, {0, 9, 0, 9, 0, 8, 0xa4, 0x22}, 0x01040000, 0},
    /* RFC 6946: a fragment that is the whole datagram */
    {"fragment-of-one",
     44,
     16,
     {17, 0, 0, 0, 0, 0, 0, 4, 0, 9, 0, 9, 0, 8, 0xa4, 0x22},
     0x01040000,
     0},
};

static void
test_refusals(void)
{
  struct rig r;
  rig_init(&r, ROUTED6("", "", ""), 1);
  struct ip_addr server;
  ip_addr_parse(SERVER, &server);
  net_ping(r.net, rig_host(&r, "pc"), &server, 1, SECOND); /* all neighbours are known */
  rig_run(&r, 2 * SECOND);
  unsigned n_errors = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS(refusals); i++) {
    const struct refusal *want = &refusals[i];
    uint32_t rest, next_rest;
    inject(&r, "server", PC, SERVER, want->next, want->octets, want->n);
    rig_run(&r, (int64_t)(3 + i) * SECOND);
    uint32_t got = icmp6_error_of(&r, "server", n_errors, &rest);
    if (g_test_verbose())
      g_test_message("%s: %08x %u", want->name, got, rest);
    g_assert_cmphex(got, ==, want->type_code);
    g_assert_cmphex(rest, ==, want->rest);
    n_errors += want->type_code != 0;
    g_assert_cmphex(icmp6_error_of(&r, "server", n_errors, &next_rest), ==, 0);
  }
  rig_clear(&r);
}

/* RFC 4443 2.4 e: never about an error, a redirect, a group, or from nobody in particular. */
static void
test_no_error_about(void)
{
  struct rig r;
  uint32_t rest;
  static const uint8_t to_nobody[8] = {0, 9, 0, 9, 0, 8, 0, 1};
  static const uint8_t error[56] = {1, 4};
  rig_init(&r, ROUTED6("", "", ""), 1);
  rig_run(&r, SECOND);
  inject(&r, "server", "2001:db8:1::10", "ff02::1", 253, to_nobody, 8);
  inject(&r, "server", "::", SERVER, 253, to_nobody, 8);
  inject(&r, "server", "ff02::5", SERVER, 253, to_nobody, 8);
  uint8_t chain[64] = {58, 0, 0xbe, 4}; /* an unknown option before an ICMPv6 error */
  memcpy(chain + 8, error, sizeof error);
  inject(&r, "server", PC, SERVER, 60, chain, sizeof chain);
  rig_run(&r, 10 * SECOND);
  g_assert_cmphex(icmp6_error_of(&r, "server", 0, &rest), ==, 0);
  rig_clear(&r);
}

/* RFC 4443 2.4 f: 50 at once, then one each 10 ms. */
static void
test_errors_are_limited(void)
{
  struct rig r;
  rig_init(&r, ROUTED6("", "", ", queue: 1000"), 1);
  struct ip_addr server;
  ip_addr_parse(SERVER, &server);
  net_ping(r.net, rig_host(&r, "pc"), &server, 1, SECOND);
  rig_run(&r, 2 * SECOND);
  uint8_t octets[8] = {0};
  for (unsigned i = 0; i < 200; i++)
    inject(&r, "server", PC, SERVER, 253, octets, sizeof octets);
  rig_run(&r, 3 * SECOND);
  uint32_t rest;
  g_assert_cmphex(icmp6_error_of(&r, "server", 49, &rest), ==, 0x04010000);
  g_assert_cmphex(icmp6_error_of(&r, "server", 50, &rest), ==, 0);
  rig_clear(&r);
}

/* ---- size ---- */

/* 2000 octets of echo data over links of 1500 and 1280: the router says 1280, and the second
 * question is cut to that: RFC 8201. Pieces: 1280 = 40 + 8 + 1232. */
static void
test_packet_too_big(void)
{
  struct rig r;
  struct ping_request want = {.count = 2, .interval_ns = SECOND, .size = 2000};
  ip_addr_parse(SERVER, &want.to);
  rig_init(&r, ROUTED6("", "", ", mtu: 1280"), 1);
  net_ping_with(r.net, rig_host(&r, "pc"), &want);
  rig_run(&r, 100 * SECOND);
  uint32_t rest;
  g_assert_cmphex(icmp6_error_of(&r, "router", 0, &rest), ==, 0x02000000);
  g_assert_cmpuint(rest, ==, 1280);
  g_assert_cmpstr(rig_value(&r, "pc", "pmtu", SERVER), ==, "1280");
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping " SERVER, "2"), "rtt_us="));
  unsigned n_whole = 0;
  for (unsigned i = 0; i < n_frames(&r); i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    if (f->from_host == rig_host(&r, "pc") && f->octets[20] == 44)
      n_whole += f->n_octets == 14 + 1280 && get_be16(f->octets + 18) == 8 + 1232;
  }
  g_assert_cmpuint(n_whole, ==, 1);
  rig_clear(&r);
}

static void
test_transfer_over_a_narrow_link(void)
{
  struct rig r;
  struct rig_transfer t = {0};
  rig_init(&r, ROUTED6("", "", ", mtu: 1300"), 1);
  rig_transfer(&r, &t, "pc", "server", 2525, 50000);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received, ==, t.n);
  g_assert_true(t.is_intact);
  rig_clear(&r);
}

/* ---- fragments that come in ---- */

struct inbox {
  unsigned n;
  size_t n_octets;
  uint8_t octets[64];
};

static void
take_datagram(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p,
              size_t n)
{
  struct inbox *in = data;
  in->n++;
  in->n_octets = n;
  memcpy(in->octets, p, MIN(n, sizeof in->octets));
}

/* Pieces of a UDP datagram of 8 + 16 octets to port 9, whose checksum was computed apart. */
static void
inject_piece(struct rig *r, unsigned id, unsigned first, unsigned n, bool more)
{
  static const uint8_t whole[24] = {0,   9,   0,   9,   0,   24,  0x60, 0xb7, 'a', 'b', 'c', 'd',
                                    'e', 'f', 'g', 'h', 'i', 'j', 'k',  'l',  'm', 'n', 'o', 'p'};
  uint8_t piece[8 + 24] = {17, 0, 0, (uint8_t)(first | more), 0, 0, 0, (uint8_t)id};
  memcpy(piece + 8, whole + first, n);
  inject(r, "server", PC, SERVER, 44, piece, 8 + n);
}

static void
test_reassembly(void)
{
  struct rig r;
  struct inbox in = {0};
  uint32_t rest;
  rig_init(&r, ROUTED6("", "", ""), 1);
  udp_bind(r.net->hosts[rig_host(&r, "server")], 9, take_datagram, NULL, &in);
  rig_run(&r, SECOND);
  inject_piece(&r, 1, 16, 8, false); /* backwards, one piece twice */
  inject_piece(&r, 1, 8, 8, true);
  inject_piece(&r, 1, 8, 8, true);
  g_assert_cmpuint(in.n, ==, 0);
  inject_piece(&r, 1, 0, 8, true);
  g_assert_cmpuint(in.n, ==, 1);
  g_assert_cmpmem(in.octets, in.n_octets, "abcdefghijklmnop", 16);
  /* RFC 5722: an overlap ends it, also for what comes later, and nobody is told */
  inject_piece(&r, 2, 0, 16, true);
  inject_piece(&r, 2, 8, 16, false);
  inject_piece(&r, 2, 0, 16, true);
  inject_piece(&r, 2, 16, 8, false);
  g_assert_cmpuint(in.n, ==, 1);
  rig_run(&r, 100 * SECOND);
  g_assert_cmphex(icmp6_error_of(&r, "server", 0, &rest), ==, 0);
  /* without its first piece nobody is told either; with it after 60 s: type 3, code 1 */
  inject_piece(&r, 3, 16, 8, false);
  rig_run(&r, 200 * SECOND);
  g_assert_cmphex(icmp6_error_of(&r, "server", 0, &rest), ==, 0);
  inject_piece(&r, 4, 0, 8, true);
  rig_run(&r, 259 * SECOND);
  g_assert_cmphex(icmp6_error_of(&r, "server", 0, &rest), ==, 0);
  rig_run(&r, 261 * SECOND);
  g_assert_cmphex(icmp6_error_of(&r, "server", 0, &rest), ==, 0x03010000);
  g_assert_cmpuint(in.n, ==, 1);
  rig_clear(&r);
}

/* ---- groups, redirects, choices ---- */

static void
test_ping_to_all_nodes(void)
{
  struct rig r;
  struct ip_addr all;
  ip_addr_parse("ff02::1", &all);
  rig_init(&r, ROUTED6("", "", ""), 1);
  net_ping(r.net, rig_host(&r, "pc"), &all, 1, SECOND);
  rig_run(&r, 10 * SECOND);
  const struct world_frame *f = find_icmp6(&r, "pc", ICMP6_ECHO, 0);
  static const uint8_t mac[6] = {0x33, 0x33, 0, 0, 0, 1};
  g_assert_cmpmem(f->octets, 6, mac, 6);
  const struct world_frame *a = find_icmp6(&r, "router", ICMP6_ECHO_REPLY, 0);
  g_assert_nonnull(a);
  g_assert_cmphex(a->octets[22], ==, 0xfe); /* from one address of its own */
  rig_clear(&r);
}

/* pc's router sends what is for the far net back onto the LAN, to the other router: RFC 4861 8.
 * Only a next hop that is known by its link-local address can be believed (8.1). */
static void
test_redirect(void)
{
  struct rig r;
  rig_init(&r,
           "hosts:\n"
           "  pc: {address: '2001:db8:1::10/64', gateway: 'fe80::ff:fe00:300'}\n"
           "  sw: {kind: switch}\n"
           "  near: {kind: router, address: '2001:db8:1::1/64', routes: [{to: '2001:db8:2::/64', "
           "via: 'fe80::ff:fe00:400'}]}\n"
           "  other: {kind: router, addresses: {l3: '2001:db8:1::2/64', far: '2001:db8:2::1/64'}}\n"
           "  server: {address: '2001:db8:2::25/64', gateway: other}\n"
           "links:\n  l1: {ends: [pc, sw]}\n  l2: {ends: [near, sw]}\n  l3: {ends: [other, sw]}\n"
           "  far: {ends: [other, server]}\n",
           1);
  struct ip_addr server = rig_addr(&r, "server");
  net_ping(r.net, rig_host(&r, "pc"), &server, 2, SECOND);
  rig_run(&r, 10 * SECOND);
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping " SERVER, "1"), "rtt_us="));
  g_assert_true(g_str_has_prefix(rig_value(&r, "pc", "ping " SERVER, "2"), "rtt_us="));
  const struct world_frame *f = find_icmp6(&r, "near", ICMP6_REDIRECT, 0);
  g_assert_nonnull(f);
  struct ip_addr target = ip_addr_v6(f->octets + 62), dst = ip_addr_v6(f->octets + 78);
  g_assert_true(ip_addr_equal(&dst, &server));
  g_assert_true(ip6_is_link_local(&target));
  g_assert_null(find_icmp6(&r, "near", ICMP6_REDIRECT, 1));
  g_assert_true(g_str_has_suffix(rig_value(&r, "pc", "route", SERVER),
                                 "a router knew a shorter way (2001:db8:2::25/128)"));
  rig_clear(&r);
}

static const struct {
  const char *scenario, *message;
} refused[] = {
    {"hosts:\n  a: {address: '2001:db8::1/129'}\n  b: {address: '2001:db8::2/64'}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:2: \"2001:db8::1/129\" is no IP address with prefix; write it like 10.0.1.10/24 or "
     "2001:db8:1::10/64"},
    {"hosts:\n  a: {address: '2001:db8::/64'}\n  b: {address: '2001:db8::2/64'}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:2: 2001:db8::/64 is no address for one host (net, broadcast, loopback or group); "
     "choose "
     "another"},
    {"hosts:\n  a: {address: '2001:db8::1/64'}\n  b: {address: [10.0.0.1/8, '2001:db8::1/64']}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:3: the address 2001:db8::1 is already host \"a\"'s; give each host its own"},
    {"hosts:\n  a: {address: '2001:db8::1/64', gateway: '2001:db8:9::1'}\n  b: {address: auto}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:2: host \"a\" cannot reach \"2001:db8:9::1\" directly; a gateway lies on one of the "
     "host's own nets"},
    {"hosts:\n  a: {kind: router, address: auto}\n  b: {address: auto}\nlinks:\n  l: {ends: [a, "
     "b]}\n",
     "s.yaml:2: a router's address cannot be \"auto\", since it is routers that give them; write "
     "2001:db8:1::1/64"},
    {"hosts:\n  a: {address: '2001:db8::1/64'}\n  b: {address: auto}\n"
     "links:\n  l: {ends: [a, b], mtu: 1000}\n",
     "s.yaml:2: IPv6 needs links with an MTU of 1280 or more (RFC 8200 5), \"l\" has 1000; raise "
     "\"mtu\""},
    {"hosts:\n  a: {address: '2001:db8::1/64', routes: [{to: 10.0.0.0/8, via: '2001:db8::2'}]}\n"
     "  b: {address: auto}\nlinks:\n  l: {ends: [a, b]}\n",
     "s.yaml:2: \"2001:db8::2\" is of the other IP version than the route; name a next hop of the "
     "same version"},
    {"hosts:\n  a: {kind: router, address: 10.0.0.1/8, advertise: [l]}\n  b: {address: auto}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:2: router \"a\" has no IPv6 address on \"l\", so it has nothing to advertise there; "
     "give it one under \"addresses\""},
};

static void
test_refused_scenarios(void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    struct tree_node *tree =
        tree_parse(refused[i].scenario, strlen(refused[i].scenario), "s.yaml", &error);
    g_assert_no_error(error);
    struct world_sink sink = {0};
    struct world *w = world_new(1, &sink, NULL);
    struct net *n = net_new(w, tree, &error);
    g_assert_null(n);
    g_assert_cmpstr(error->message, ==, refused[i].message);
    world_free(w);
    tree_free(tree);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ip6/transfer-over-a-router", test_transfer_over_a_router);
  g_test_add_func("/ip6/solicitation-octets", test_solicitation_octets);
  g_test_add_func("/ip6/neighbour-states", test_neighbour_states);
  g_test_add_func("/ip6/nobody-answers", test_nobody_answers);
  g_test_add_func("/ip6/solicitation-from-beyond-the-link", test_solicitation_from_beyond);
  g_test_add_func("/ip6/autoconfiguration", test_autoconfiguration);
  g_test_add_func("/ip6/duplicate-address", test_duplicate_address);
  g_test_add_func("/ip6/hop-limit-and-traceroute", test_hop_limit_and_traceroute);
  g_test_add_func("/ip6/refused-headers", test_refusals);
  g_test_add_func("/ip6/no-error-about-errors-and-groups", test_no_error_about);
  g_test_add_func("/ip6/errors-are-limited", test_errors_are_limited);
  g_test_add_func("/ip6/packet-too-big", test_packet_too_big);
  g_test_add_func("/ip6/transfer-over-a-narrow-link", test_transfer_over_a_narrow_link);
  g_test_add_func("/ip6/reassembly", test_reassembly);
  g_test_add_func("/ip6/ping-to-all-nodes", test_ping_to_all_nodes);
  g_test_add_func("/ip6/redirect", test_redirect);
  g_test_add_func("/ip6/refused-scenarios", test_refused_scenarios);
  return g_test_run();
}
