/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-nat.c -- a NAT box judged by what leaves it: addresses, ports, checksums, lives of mappings,
 * errors and what comes unasked, by RFC 4787, 5382 and 5508. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)

/* Inside pc and pc2, outside server and other; behind another router with a small link: far. */
#define NAT(nat, lan)                                                                              \
  "hosts:\n"                                                                                       \
  "  pc: {address: 192.168.1.10/24, gateway: box}\n"                                               \
  "  pc2: {address: 192.168.1.11/24, gateway: box}\n"                                              \
  "  box: {kind: router, addresses: {up: 192.168.1.1/24, wan: 203.0.113.1/24}, gateway: r2, nat: " \
  "{outside: wan" nat "}}\n"                                                                       \
  "  server: {kind: server, address: 203.0.113.80/24, gateway: r2}\n"                              \
  "  other: {kind: server, address: 203.0.113.81/24}\n"                                            \
  "  r2: {kind: router, addresses: {r2l: 203.0.113.2/24, fl: 198.51.100.1/24}}\n"                  \
  "  far: {kind: server, address: 198.51.100.9/24, gateway: r2}\n"                                 \
  "  in: {kind: switch}\n  out: {kind: switch}\n"                                                  \
  "links:\n"                                                                                       \
  "  l1: {ends: [pc, in]" lan "}\n  l2: {ends: [pc2, in]}\n  up: {ends: [in, box]}\n"              \
  "  wan: {ends: [box, out]}\n  sl: {ends: [server, out]}\n  ol: {ends: [other, out]}\n"           \
  "  r2l: {ends: [r2, out]}\n  fl: {ends: [r2, far], r2-to-far: {mtu: 900}}\n"

static uint32_t
link_of(const struct rig *r, const char *name)
{
  for (uint32_t i = 0; i < net_n_links(r->net); i++)
    if (strcmp(net_link_info(r->net, i).name, name) == 0)
      return i;
  g_assert_not_reached();
}

static struct frame_layers
walk(const struct world_frame *f)
{
  struct frame_layers l;
  frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
  return l;
}

static bool
is_private(const struct ip_addr *a)
{
  return a->octets[0] == 192 && a->octets[1] == 168;
}

/* Every checksum right, also in what ICMP errors quote of an IP header; nothing private outside. */
static void
assert_translated(const struct rig *r)
{
  uint32_t inside[] = {link_of(r, "l1"), link_of(r, "l2"), link_of(r, "up")};
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l = walk(f);
    if (l.ip_version != 4)
      continue;
    const uint8_t *p = f->octets + l.ip_payload_offset;
    g_assert_cmphex(checksum_finish(checksum_add(0, f->octets + l.ip_offset, 20)), ==, 0);
    if (!l.is_fragment) {
      uint32_t sum = l.ip_proto == IP_PROTO_ICMP
                         ? 0
                         : checksum_pseudo(&l.src, &l.dst, l.ip_proto, l.ip_payload_octets);
      g_assert_cmphex(checksum_finish(checksum_add(sum, p, l.ip_payload_octets)), ==, 0);
    }
    if (l.ip_proto == IP_PROTO_ICMP && (p[0] == 3 || p[0] == 11))
      g_assert_cmphex(checksum_finish(checksum_add(0, p + 8, 20)), ==, 0);
    bool is_inside = f->link == inside[0] || f->link == inside[1] || f->link == inside[2];
    if (!is_inside) {
      g_assert_false(is_private(&l.src));
      g_assert_false(is_private(&l.dst));
    }
  }
}

static unsigned n_got, n_failed;
static struct ip_addr got_from;
static uint16_t got_port;

static void
got(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  n_got++;
  got_from = *from;
  got_port = from_port;
}

static void
failed(void *data, const struct ip_error *e)
{
  n_failed++;
  g_assert_cmpint(e->trouble, ==, IP_NO_PORT);
}

static void
begin(struct rig *r, const char *yaml)
{
  static const char *const names[] = {"pc", "pc2", "server", "other", "far"};
  rig_init(r, yaml, 1);
  n_got = n_failed = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    g_assert_cmpuint(udp_bind(r->net->hosts[rig_host(r, names[i])], 4000, got, failed, NULL), ==,
                     4000);
}

/* Sends a datagram and lets it arrive. How many arrived anywhere? */
static unsigned
say(struct rig *r, const char *from, uint16_t from_port, const char *to, uint16_t port, size_t n)
{
  static const uint8_t octets[4000] = {1, 2, 3};
  struct ip_addr addr;
  unsigned before = n_got;
  if (!ip_addr_parse(to, &addr))
    addr = rig_addr(r, to);
  g_assert_true(udp_send(r->net->hosts[rig_host(r, from)], from_port, &addr, port, octets, n));
  rig_run(r, world_now(r->world) + SECOND);
  return n_got - before;
}

static void
test_transfer(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 50000);
  rig_run(&r, 60 * SECOND);
  g_assert_cmpuint(t.n_received, ==, 50000);
  g_assert_true(t.is_intact);
  assert_translated(&r);
  /* one packet, one journey: what left pc appears outside under the same number, from the box */
  unsigned n_journeys = 0;
  for (unsigned i = 0; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    struct frame_layers l = walk(f);
    if (f->link != link_of(&r, "wan") || f->from_host != rig_host(&r, "box") || l.ip_version != 4)
      continue;
    g_assert_false(f->is_sender);
    for (unsigned k = 0; k < i; k++) {
      const struct world_frame *before = rig_frame_at(&r, k);
      if (before->packet == f->packet && before->is_sender) {
        g_assert_cmpuint(before->from_host, ==, rig_host(&r, "pc"));
        g_assert_cmpuint(walk(before).tcp.seq, ==, l.tcp.seq);
        n_journeys++;
        break;
      }
    }
  }
  g_assert_cmpuint(n_journeys, >, 35);
  rig_clear(&r);
}

/* RFC 4787 REQ-1, REQ-3, REQ-4. */
static void
test_ports(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  g_assert_cmpuint(say(&r, "pc", 4000, "server", 4000, 10), ==, 1);
  uint16_t first = got_port;
  g_assert_cmpuint(say(&r, "pc", 4000, "other", 4000, 10), ==, 1);
  g_assert_cmpuint(got_port, ==, first); /* one mapping for all peers */
  g_assert_cmpuint(say(&r, "pc2", 4000, "server", 4000, 10), ==, 1);
  g_assert_cmpuint(got_port, !=, first); /* no port for two */
  g_assert_cmpuint(first % 2, ==, 0);
  for (uint16_t port = 5001; port < 5021; port += 2) {
    say(&r, "pc", port, "server", 4000, 10);
    g_assert_cmpuint(got_port % 2, ==, 1);
    g_assert_cmpuint(got_port, >=, 1024);
    g_assert_cmpuint(got_port, <, 49152);
  }
  say(&r, "pc", 500, "server", 4000, 10);
  g_assert_cmpuint(got_port, <, 1024);
  g_autofree char *value = g_strdup_printf("203.0.113.1:%u", first);
  g_assert_cmpstr(rig_value(&r, "box", "nat", "udp 192.168.1.10:4000"), ==, value);
  assert_translated(&r);
  rig_clear(&r);
}

static void
test_filtering(void)
{
  static const struct {
    const char *yaml;
    bool other_port, other_host;
  } cases[] = {{NAT(", filtering: none", ""), true, true},
               {NAT("", ""), true, false}, /* address: RFC 4787 REQ-8 */
               {NAT(", filtering: address-and-port", ""), false, false}};
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rig r;
    begin(&r, cases[i].yaml);
    say(&r, "pc", 4000, "server", 4000, 10);
    uint16_t port = got_port;
    g_assert_cmpuint(say(&r, "server", 4000, "203.0.113.1", port, 10), ==, 1);
    g_assert_cmpuint(say(&r, "server", 4001, "203.0.113.1", port, 10), ==, cases[i].other_port);
    g_assert_cmpuint(say(&r, "other", 4000, "203.0.113.1", port, 10), ==, cases[i].other_host);
    unsigned n_drops = 0;
    for (unsigned k = 0; k < r.events->len; k++)
      n_drops +=
          strcmp(g_array_index(r.events, struct rig_event, k).value, "nat-no-mapping at=wan") == 0;
    g_assert_cmpuint(n_drops, ==, 2u - cases[i].other_port - cases[i].other_host);
    rig_clear(&r);
  }
}

static void
test_udp_life(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  say(&r, "pc", 4000, "server", 4000, 10); /* at 0 s */
  uint16_t port = got_port;
  rig_run(&r, 290 * SECOND);
  g_assert_cmpuint(say(&r, "server", 4000, "203.0.113.1", port, 10), ==, 1);
  rig_run(&r, 310 * SECOND); /* what comes in does not keep it alive: REQ-6 */
  g_assert_cmpuint(say(&r, "server", 4000, "203.0.113.1", port, 10), ==, 0);
  g_assert_cmpstr(rig_value(&r, "box", "nat", "udp 192.168.1.10:4000"), ==, "");
  say(&r, "pc", 4000, "server", 4000, 10);
  port = got_port;
  rig_run(&r, 600 * SECOND);
  say(&r, "pc", 4000, "server", 4000, 10); /* what goes out does */
  g_assert_cmpuint(got_port, ==, port);
  rig_run(&r, 890 * SECOND);
  g_assert_cmpuint(say(&r, "server", 4000, "203.0.113.1", port, 10), ==, 1);
  rig_clear(&r);
}

/* RFC 5382 REQ-5: an established connection lives long without a word, a half-open one does not. */
static void
test_tcp_life(void)
{
  struct rig r;
  begin(&r, NAT(", tcp_idle: 1h, tcp_transitory: 10s", ""));
  struct nat *n = r.net->hosts[rig_host(&r, "box")]->nat;
  struct ip_addr pc = rig_addr(&r, "pc");
  struct nat_mapping *m = nat_add(n, IP_PROTO_TCP, &pc, 40000);
  uint16_t port = m->out_port;
  nat_refresh(n, m, nat_session(m, 1, 25, true), true, TCP_SYN);
  rig_run(&r, 9 * SECOND);
  g_assert_nonnull(nat_find_out(n, IP_PROTO_TCP, port));
  nat_refresh(n, m, nat_session(m, 1, 25, true), false, TCP_SYN | TCP_ACK);
  rig_run(&r, 18 * SECOND);
  g_assert_nonnull(nat_find_out(n, IP_PROTO_TCP, port));
  nat_refresh(n, m, nat_session(m, 1, 25, true), true, TCP_ACK);
  nat_refresh(n, m, nat_session(m, 1, 25, true), false, TCP_ACK);
  rig_run(&r, 3600 * SECOND);
  g_assert_nonnull(nat_find_out(n, IP_PROTO_TCP, port));
  nat_refresh(n, m, nat_session(m, 1, 25, true), true, TCP_ACK | TCP_FIN);
  nat_refresh(n, m, nat_session(m, 1, 25, true), false, TCP_ACK | TCP_FIN);
  rig_run(&r, 3609 * SECOND);
  g_assert_nonnull(nat_find_out(n, IP_PROTO_TCP, port));
  rig_run(&r, 3611 * SECOND);
  g_assert_null(nat_find_out(n, IP_PROTO_TCP, port));
  rig_clear(&r);
}

static void
test_icmp(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  struct ip_addr server = rig_addr(&r, "server"), box = {4, {203, 0, 113, 1}};
  net_ping(r.net, rig_host(&r, "pc"), &server, 2, SECOND);
  net_ping(r.net, rig_host(&r, "server"), &box, 1, SECOND); /* the box itself answers */
  rig_run(&r, 10 * SECOND);
  g_assert_nonnull(rig_value(&r, "pc", "ping 203.0.113.80", "2"));
  g_assert_nonnull(rig_value(&r, "server", "ping 203.0.113.1", "1"));
  /* an error about a datagram: nobody listens at that port. The sender's own port is told. */
  g_assert_cmpuint(say(&r, "pc", 4000, "server", 9, 10), ==, 0);
  g_assert_cmpuint(n_failed, ==, 1);
  /* and about one that came in: pc closes its port */
  say(&r, "pc", 4000, "server", 4000, 10);
  uint16_t port = got_port;
  udp_unbind(r.net->hosts[rig_host(&r, "pc")], 4000);
  g_assert_cmpuint(say(&r, "server", 4000, "203.0.113.1", port, 10), ==, 0);
  g_assert_cmpuint(n_failed, ==, 2);
  assert_translated(&r);
  rig_clear(&r);
}

/* Path MTU discovery through the box: without translated errors the transfer would never end. */
static void
test_path_mtu(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "far", 25, 50000);
  rig_run(&r, 60 * SECOND);
  g_assert_cmpuint(t.n_received, ==, 50000);
  unsigned n_errors = 0;
  for (unsigned i = 0; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    struct frame_layers l = walk(f);
    if (l.ip_proto != IP_PROTO_ICMP || f->link != link_of(&r, "l1"))
      continue;
    const uint8_t *p = f->octets + l.ip_payload_offset;
    g_assert_cmpuint(p[0] << 8 | p[1], ==, 3 << 8 | 4);
    g_assert_cmpmem(p + 8 + 12, 4, ((uint8_t[]){192, 168, 1, 10}), 4);
    n_errors++;
  }
  g_assert_cmpuint(n_errors, >, 0);
  assert_translated(&r);
  rig_clear(&r);
}

static void
test_forwarded_port_and_hairpin(void)
{
  static const char yaml[] = NAT(", forward: [{port: 25, to: pc, to_port: 2525}]", "");
  const char *const from[] = {"server", "pc2"};
  for (unsigned i = 0; i < 2; i++) {
    struct rig r;
    begin(&r, yaml);
    struct rig_transfer t = {0};
    g_assert_cmpstr(rig_value(&r, "box", "nat", "tcp 192.168.1.10:2525"), ==,
                    "203.0.113.1:25 fixed");
    rig_transfer_to(&r, &t, from[i], "pc", 2525, &(struct ip_addr){4, {203, 0, 113, 1}}, 25, 20000);
    rig_run(&r, 60 * SECOND);
    g_assert_cmpuint(t.n_received, ==, 20000);
    assert_translated(&r);
    /* RFC 4787 REQ-9: to pc the one inside looks as if it were outside */
    struct ip_addr local, remote;
    uint16_t local_port, remote_port;
    bool seen = false;
    for (unsigned k = 0; k < r.frames->len; k++) {
      struct frame_layers l = walk(rig_frame_at(&r, k));
      if (l.ip_proto != IP_PROTO_TCP || l.dst_port != 2525)
        continue;
      local = l.dst;
      remote = l.src;
      local_port = l.dst_port;
      remote_port = l.src_port;
      seen = true;
      g_assert_cmpuint(remote.octets[3], ==, i == 0 ? 80 : 1);
      g_assert_false(is_private(&remote));
      g_assert_true(is_private(&local));
      g_assert_cmpuint(local_port, !=, remote_port);
    }
    g_assert_true(seen);
    rig_clear(&r);
  }
}

/* RFC 5382 REQ-4: what comes unasked gets no answer. */
static void
test_unasked(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  struct rig_transfer t = {0};
  rig_transfer_to(&r, &t, "server", "pc", 3000, &(struct ip_addr){4, {203, 0, 113, 1}}, 3000, 10);
  rig_run(&r, 20 * SECOND);
  g_assert_false(t.client_ended);
  for (unsigned i = 0; i < r.frames->len; i++)
    g_assert_true(rig_frame_at(&r, i)->from_host != rig_host(&r, "box") ||
                  walk(rig_frame_at(&r, i)).ip_version == 0);
  struct ip_addr pc = rig_addr(&r, "pc");
  struct route route = {.to = ip_addr_net(&pc, 24), .prefix = 24, .via = {4, {203, 0, 113, 1}}};
  host_add_route(r.net->hosts[rig_host(&r, "other")], &route);
  g_assert_cmpuint(say(&r, "other", 4000, "pc", 4000, 10), ==,
                   0); /* nor does anybody get in by name */
  rig_clear(&r);
}

static void
test_fragments(void)
{
  struct rig r;
  begin(&r, NAT("", ""));
  g_assert_cmpuint(say(&r, "pc", 4000, "server", 4000, 3500), ==, 1);
  g_assert_cmpuint(say(&r, "server", 4000, "203.0.113.1", got_port, 3500), ==, 1);
  g_assert_cmpuint(got_from.octets[3], ==, 80);
  assert_translated(&r);
  rig_clear(&r);
}

/* RFC 1624: damage from before the box is still damage behind it. */
static void
test_damage_stays(void)
{
  struct rig r;
  begin(&r, NAT("", "") "changes:\n  - {at: 2s, link: l1, from: pc, corrupt: 100%}\n");
  g_assert_cmpuint(say(&r, "pc", 4000, "server", 4000, 200), ==, 1);
  rig_run(&r, 3 * SECOND);
  for (unsigned i = 0; i < 50; i++) /* before pc must ask by ARP again */
    g_assert_cmpuint(say(&r, "pc", 4000, "server", 4000, 200), ==, 0);
  rig_clear(&r);
}

static void
test_checksum_update(void)
{
  /* RFC 1624 4: HC = 0xDD2F, m = 0x5555, m' = 0x3285 gives 0x0000 */
  g_assert_cmphex(checksum_update(0xdd2f, 0x5555, 0x3285), ==, 0x0000);
  uint8_t p[40];
  for (unsigned seed = 0; seed < 200; seed++) {
    for (unsigned i = 0; i < sizeof p; i++)
      p[i] = (uint8_t)(seed * 37 + i * 101 + (i * seed >> 3));
    uint16_t before = checksum_finish(checksum_add(0, p, sizeof p));
    uint16_t word = get_be16(p + 6);
    put_be16(p + 6, (uint16_t)(word * 31 + seed));
    uint16_t after = checksum_update(before, word, get_be16(p + 6));
    g_assert_cmphex(after, ==, checksum_finish(checksum_add(0, p, sizeof p)));
  }
}

static const struct {
  const char *name, *text, *en, *th;
} refused[] = {
    {"no-outside",
     "hosts:\n  a: {address: 10.0.0.1/24}\n  b: {kind: router, address: 10.0.0.2/24, nat: "
     "{outside: l}}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:3: a NAT box has at least two links and names the one that leads outside: nat: "
     "{outside: LINK}",
     "s.yaml:3: กล่อง NAT ต้องมีลิงก์อย่างน้อยสองเส้นและระบุเส้นที่ออกสู่ภายนอก: nat: {outside: LINK}"},
    {"nat-of-a-pc",
     "hosts:\n  a: {address: 10.0.0.1/24}\n  b: {address: 10.0.0.2/24, nat: {outside: l}}\n"
     "links:\n  l: {ends: [a, b]}\n",
     "s.yaml:3: \"nat\" belongs to a router; write kind: router or remove it",
     "s.yaml:3: \"nat\" ใช้กับเราเตอร์เท่านั้น ให้เขียน kind: router หรือลบออก"},
    {"filtering", NAT(", filtering: some", ""),
     "s.yaml:4: \"filtering\" is \"some\"; write none, address or address-and-port",
     "s.yaml:4: \"filtering\" มีค่า \"some\" ให้เขียน none, address หรือ address-and-port"},
    {"forward-twice", NAT(", forward: [{port: 25, to: pc}, {port: 25, to: pc2}]", ""),
     "s.yaml:4: this port, or this place inside, is forwarded already; choose another",
     "s.yaml:4: พอร์ตนี้หรือปลายทางภายในนี้ถูกส่งต่อไว้แล้ว ให้เลือกค่าอื่น"},
    {"forward-to-nobody", NAT(", forward: [{port: 25}]", ""),
     "s.yaml:4: write {proto: tcp, port: 25, to: HOST, to_port: 2525}, with proto tcp or udp",
     "s.yaml:4: ให้เขียน {proto: tcp, port: 25, to: HOST, to_port: 2525} โดย proto เป็น tcp หรือ udp"},
    {"forward-map", NAT(", forward: {port: 25}", ""),
     "s.yaml:4: \"forward\" is a list: - {proto: tcp, port: 25, to: HOST}",
     "s.yaml:4: \"forward\" เป็นรายการ: - {proto: tcp, port: 25, to: HOST}"},
};

static void
test_refused(gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT(data);
  for (unsigned k = 0; k < 2; k++) {
    g_autoptr(GError) error = NULL;
    lang_set(k == 0 ? LANG_EN : LANG_TH);
    struct tree_node *t = tree_parse(refused[i].text, strlen(refused[i].text), "s.yaml", &error);
    g_assert_no_error(error);
    struct world *w = world_new(1, NULL, NULL);
    g_assert_null(net_new(w, t, &error));
    g_assert_cmpstr(error->message, ==, k == 0 ? refused[i].en : refused[i].th);
    world_free(w);
    tree_free(t);
  }
  lang_set(LANG_EN);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/nat/transfer", test_transfer);
  g_test_add_func("/nat/ports", test_ports);
  g_test_add_func("/nat/filtering", test_filtering);
  g_test_add_func("/nat/udp-life", test_udp_life);
  g_test_add_func("/nat/tcp-life", test_tcp_life);
  g_test_add_func("/nat/icmp", test_icmp);
  g_test_add_func("/nat/path-mtu", test_path_mtu);
  g_test_add_func("/nat/forwarded-port-and-hairpin", test_forwarded_port_and_hairpin);
  g_test_add_func("/nat/unasked", test_unasked);
  g_test_add_func("/nat/fragments", test_fragments);
  g_test_add_func("/nat/damage-stays", test_damage_stays);
  g_test_add_func("/nat/checksum-update", test_checksum_update);
  for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *path = g_strconcat("/nat/refused/", refused[i].name, NULL);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), test_refused);
  }
  return g_test_run();
}
