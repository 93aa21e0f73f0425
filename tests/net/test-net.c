/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-net.c -- Ethernet, ARP, IP, ICMP, UDP and sockets, judged by the frames that leave. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

/* 1500 less IP, TCP and timestamps (RFC 7323 appendix A). */
enum { FULL_OCTETS = 1448 };
#define SECOND INT64_C(1000000000)
#define RUN_HASH UINT64_C(0x811b5cc7753eb04c)

#define LAN                                                                                        \
  "hosts:\n"                                                                                       \
  "  a: {address: 10.0.0.1/24}\n"                                                                  \
  "  b: {address: 10.0.0.2/24}\n"                                                                  \
  "  c: {address: 10.0.0.3/24}\n"                                                                  \
  "  sw: {kind: switch}\n"                                                                         \
  "links:\n"                                                                                       \
  "  la: {ends: [a, sw]}\n"                                                                        \
  "  lb: {ends: [b, sw]}\n"                                                                        \
  "  lc: {ends: [c, sw]}\n"

static struct frame_layers
walk(const struct world_frame *f)
{
  struct frame_layers l;
  frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
  return l;
}

/* Every checksum of every frame is right, and no frame is shorter than Ethernet allows. */
static void
assert_frames_sound(const struct rig *r)
{
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l = walk(f);
    g_assert_cmpint(l.trouble, ==, FRAME_FINE);
    g_assert_cmpuint(f->n_octets, >=, 60);
    if (l.ip_version != 4)
      continue;
    const uint8_t *ip = f->octets + l.ip_offset, *p = f->octets + l.ip_payload_offset;
    g_assert_cmphex(checksum_finish(checksum_add(0, ip, 20)), ==, 0);
    uint32_t sum = checksum_pseudo(&l.src, &l.dst, l.ip_proto, l.ip_payload_octets);
    if (l.is_fragment)
      continue;
    if (l.ip_proto == IP_PROTO_ICMP)
      sum = 0;
    g_assert_cmphex(checksum_finish(checksum_add(sum, p, l.ip_payload_octets)), ==, 0);
  }
}

static unsigned
count_arp(const struct rig *r, uint16_t opcode)
{
  unsigned n = 0;
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct arp arp;
    if (f->is_sender && get_be16(f->octets + 12) == ETHER_ARP &&
        arp_get(f->octets + 14, f->n_octets - 14, &arp) && arp.opcode == opcode)
      n++;
  }
  return n;
}

static const struct world_frame *
find_icmp(const struct rig *r, uint8_t type, uint8_t code)
{
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l = walk(f);
    if (f->is_sender && l.ip_proto == IP_PROTO_ICMP && l.fragment_offset == 0 &&
        f->octets[l.ip_payload_offset] == type && f->octets[l.ip_payload_offset + 1] == code)
      return f;
  }
  return NULL;
}

static void
test_arp_once_then_packets(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  struct ip_addr b = rig_addr(&r, "b");
  net_ping(r.net, rig_host(&r, "a"), &b, 3, SECOND);
  rig_run(&r, 10 * SECOND);
  assert_frames_sound(&r);
  g_assert_cmpuint(count_arp(&r, ARP_REQUEST), ==, 1);
  g_assert_cmpuint(count_arp(&r, ARP_REPLY), ==, 1);
  /* Request: to all, asking for the target with an empty address (RFC 826). */
  const struct world_frame *f = rig_frame_at(&r, 0);
  static const uint8_t want[42] = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0,  0, 0, 1, 0, 0x08, 0x06, 0, 1, 8, 0,  6, 4, 0,
      1,    0x02, 0,    0,    0,    1,    0,    10, 0, 0, 1, 0, 0,    0,    0, 0, 0, 10, 0, 0, 2};
  g_assert_cmpmem(f->octets, 42, want, 42);
  g_assert_cmpstr(rig_value(&r, "a", "arp", "10.0.0.2"), ==, "02:00:00:00:02:00");
  g_assert_cmpstr(rig_value(&r, "b", "arp", "10.0.0.1"), ==, "02:00:00:00:01:00");
  g_assert_nonnull(rig_value(&r, "a", "ping 10.0.0.2", "3"));
  rig_clear(&r);
}

static void
test_arp_entries_age(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  struct ip_addr b = rig_addr(&r, "b");
  net_ping(r.net, rig_host(&r, "a"), &b, 2, 61 * SECOND);
  rig_run(&r, 100 * SECOND);
  /* a asks again; b still knows a, whose first entry was made by a's question and renewed by the
   * second */
  g_assert_cmpuint(count_arp(&r, ARP_REQUEST), ==, 2);
  g_assert_nonnull(rig_value(&r, "a", "ping", "2"));
  rig_clear(&r);
}

static void
test_arp_gives_up(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  struct rig_transfer t = {0};
  static const uint8_t nobody_octets[4] = {10, 0, 0, 99};
  struct ip_addr nobody = ip_addr_v4(nobody_octets);
  rig_transfer(&r, &t, "a", "b", 25, 0);
  net_ping(r.net, rig_host(&r, "c"), &nobody, 1, SECOND);
  rig_run(&r, 20 * SECOND);
  g_assert_cmpuint(count_arp(&r, ARP_REQUEST), ==, 1 + 3);
  g_assert_cmpstr(rig_value(&r, "c", "arp", "10.0.0.99"), ==, "");
  g_assert_cmpstr(rig_value(&r, "c", "log", "arp"), ==, "no answer from 10.0.0.99");
  rig_clear(&r);
}

static unsigned
count_on_link(const struct rig *r, uint32_t link, unsigned first)
{
  unsigned n = 0;
  for (unsigned i = first; i < r->frames->len; i++)
    n += rig_frame_at(r, i)->link == link;
  return n;
}

static void
test_switch_learns(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  struct ip_addr b = rig_addr(&r, "b");
  net_ping(r.net, rig_host(&r, "a"), &b, 5, SECOND);
  rig_run(&r, 10 * SECOND);
  /* c sees the broadcast question only: the reply's receiver is known by then */
  g_assert_cmpuint(count_on_link(&r, 2, 0), ==, 1);
  /* the other links: question, reply, five times echo and reply */
  g_assert_cmpuint(count_on_link(&r, 0, 0), ==, 12);
  g_assert_cmpuint(count_on_link(&r, 1, 0), ==, 12);
  g_assert_cmpstr(rig_value(&r, "sw", "switch", "02:00:00:00:01:00"), ==, "la");
  rig_clear(&r);
}

static void
test_router_lowers_ttl_and_keeps_the_journey(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  struct ip_addr server = rig_addr(&r, "server");
  net_ping(r.net, rig_host(&r, "pc"), &server, 1, SECOND);
  rig_run(&r, 10 * SECOND);
  assert_frames_sound(&r);
  const struct world_frame *first = find_icmp(&r, ICMP_TYPE_ECHO, 0), *second = NULL;
  g_assert_nonnull(first);
  for (unsigned i = 0; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    if (f->packet == first->packet && f->link != first->link)
      second = f;
  }
  g_assert_nonnull(second);
  g_assert_true(first->is_sender);
  g_assert_false(second->is_sender);
  g_assert_cmpuint(first->octets[22], ==, 64);
  g_assert_cmpuint(second->octets[22], ==, 63);
  /* all but MAC addresses, TTL and header checksum is the same */
  g_assert_cmpmem(first->octets + 26, first->n_octets - 26, second->octets + 26,
                  second->n_octets - 26);
  g_assert_nonnull(rig_value(&r, "pc", "ping 10.0.2.25", "1"));
  rig_clear(&r);
}

static void
test_ttl_exceeded(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED(", ttl: 1", "", ""), 1);
  struct ip_addr server = rig_addr(&r, "server");
  net_ping(r.net, rig_host(&r, "pc"), &server, 1, SECOND);
  rig_run(&r, 10 * SECOND);
  assert_frames_sound(&r);
  const struct world_frame *f = find_icmp(&r, ICMP_TYPE_TIME_EXCEEDED, 0);
  g_assert_nonnull(f);
  g_assert_cmpuint(f->from_host, ==, rig_host(&r, "router"));
  /* it quotes the packet: header and at least eight octets (RFC 792) */
  g_assert_cmphex(f->octets[14 + 20 + 8], ==, 0x45);
  g_assert_cmpuint(f->octets[14 + 20 + 8 + 20], ==, ICMP_TYPE_ECHO);
  g_assert_cmpstr(rig_value(&r, "pc", "ping 10.0.2.25", "1"), ==, "hop-limit from=10.0.1.1");
  rig_clear(&r);
}

static void
test_connect_without_route(void)
{
  struct rig r;
  rig_init(&r,
           "hosts:\n"
           "  pc: {address: 10.0.1.10/24, gateway: router}\n"
           "  far: {address: 10.0.9.1/24}\n"
           "  other: {address: 10.0.9.2/24}\n"
           "  router: {kind: router, addresses: {lan: 10.0.1.1/24}}\n"
           "links:\n  lan: {ends: [pc, router]}\n  l: {ends: [far, other]}\n",
           1);
  struct rig_transfer t = {0}, u = {0};
  rig_transfer(&r, &t, "pc", "far", 25, 10);   /* the router says net unreachable */
  rig_transfer(&r, &u, "other", "pc", 25, 10); /* no route at home */
  rig_run(&r, 10 * SECOND);
  g_assert_nonnull(find_icmp(&r, ICMP_TYPE_UNREACHABLE, ICMP_CODE_NET_UNREACHABLE));
  g_assert_true(t.client_ended && t.client_end == CONN_UNREACHABLE);
  g_assert_true(u.client_ended && u.client_end == CONN_UNREACHABLE);
  rig_clear(&r);
}

static void
ignore_end(void *data, struct conn *c, enum conn_end how)
{
  *(int *)data = (int)how;
}

static void
test_connect_refused(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  static const struct conn_ops ops = {.ended = ignore_end};
  struct ip_addr b = rig_addr(&r, "b");
  int how = -1;
  net_connect(r.net, rig_host(&r, "a"), &b, 99, &ops, &how);
  rig_run(&r, 10 * SECOND);
  g_assert_cmpint(how, ==, CONN_REFUSED);
  rig_clear(&r);
}

/* ---- UDP and fragments ---- */

struct inbox {
  unsigned n;
  size_t n_octets;
  bool is_intact;
  int failed;
};

static void
take_datagram(void *data, const struct ip_addr *from, uint16_t port, const uint8_t *p, size_t n)
{
  struct inbox *in = data;
  in->n++;
  in->n_octets = n;
  in->is_intact = true;
  for (size_t i = 0; i < n; i++)
    in->is_intact = in->is_intact && p[i] == (uint8_t)(i * 11);
}

static void
take_failure(void *data, const struct ip_error *e)
{
  struct inbox *in = data;
  in->failed = e->type << 8 | e->code;
}

static void
send_datagram(struct rig *r, size_t n, struct inbox *sender)
{
  struct host *pc = r->net->hosts[rig_host(r, "pc")];
  g_autofree uint8_t *p = g_malloc(n);
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)(i * 11);
  struct ip_addr to = rig_addr(r, "server");
  uint16_t port = udp_bind(pc, 0, take_datagram, take_failure, sender);
  g_assert_cmpuint(port, >=, 49152);
  g_assert_true(udp_send(pc, port, &to, 9, p, n));
}

static void
test_fragments_are_joined(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ", mtu: 600"), 1);
  struct inbox in = {0}, sender = {0};
  udp_bind(r.net->hosts[rig_host(&r, "server")], 9, take_datagram, NULL, &in);
  send_datagram(&r, 4000, &sender);
  rig_run(&r, 10 * SECOND);
  assert_frames_sound(&r);
  g_assert_cmpuint(in.n, ==, 1);
  g_assert_cmpuint(in.n_octets, ==, 4000);
  g_assert_true(in.is_intact);
  /* 4008 octets over 1480: 3 pieces; each cut again to 576: 3 + 3 + 2 on the second link */
  unsigned lan = 0, wan = 0;
  for (unsigned i = 0; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    struct frame_layers l = walk(f);
    lan += f->link == 0 && l.ip_proto == IP_PROTO_UDP;
    wan += f->link == 1 && l.ip_proto == IP_PROTO_UDP;
    if (f->link == 1 && l.is_fragment && l.more_fragments)
      g_assert_cmpuint(l.ip_payload_octets % 8, ==, 0);
  }
  g_assert_cmpuint(lan, ==, 3);
  g_assert_cmpuint(wan, ==, 8);
  rig_clear(&r);
}

static void
test_lost_fragment_times_out(void)
{
  struct rig r;
  rig_init(
      &r,
      RIG_ROUTED("", "", ", mtu: 600") "faults:\n  - {link: wan, from: router, of: any, drop: 4}\n",
      1);
  struct inbox in = {0}, sender = {0};
  udp_bind(r.net->hosts[rig_host(&r, "server")], 9, take_datagram, NULL, &in);
  send_datagram(&r, 4000, &sender);
  rig_run(&r, 70 * SECOND);
  g_assert_cmpuint(in.n, ==, 0);
  const struct world_frame *f = find_icmp(&r, ICMP_TYPE_TIME_EXCEEDED, 1);
  g_assert_nonnull(f);
  g_assert_cmpint(f->time_ns / SECOND, ==, 60); /* RFC 1122 3.3.2: 60 to 120 s */
  rig_clear(&r);
}

static void
test_port_unreachable(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  struct inbox sender = {0};
  send_datagram(&r, 100, &sender);
  rig_run(&r, 10 * SECOND);
  assert_frames_sound(&r);
  g_assert_nonnull(find_icmp(&r, ICMP_TYPE_UNREACHABLE, ICMP_CODE_PORT_UNREACHABLE));
  g_assert_cmphex((unsigned)sender.failed, ==, 0x0303);
  rig_clear(&r);
}

/* ---- sockets ---- */

static void
assert_whole(const struct rig_transfer *t)
{
  g_assert_true(t->is_connected);
  g_assert_true(t->is_intact);
  g_assert_cmpuint(t->n_received, ==, t->n);
  g_assert_true(t->client_ended && t->client_end == CONN_CLOSED_BY_PEER);
  g_assert_true(t->server_ended && t->server_end == CONN_CLOSED_BY_PEER);
}

static void
test_transfer_clean(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", ", rate: 10Mbit/s", ", rate: 10Mbit/s, delay: 5ms"), 1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 300000);
  rig_run(&r, 200 * SECOND);
  assert_whole(&t);
  assert_frames_sound(&r);
  const char *pc = rig_value(&r, "pc", "tcp ", "state"),
             *server = rig_value(&r, "server", "tcp ", "state");
  g_assert_cmpstr(pc, ==, "CLOSED");
  g_assert_cmpstr(server, ==, "CLOSED");
  g_assert_cmpstr(rig_value(&r, "pc", "tcp ", "flight"), ==, "0");
  rig_clear(&r);
}

static void
test_transfer_paused_reader(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ""), 1);
  struct rig_transfer t = {.server_pauses = true};
  rig_transfer(&r, &t, "pc", "server", 25, 300000);
  rig_run(&r, 200 * SECOND);
  assert_whole(&t);
  bool was_closed = false;
  for (unsigned i = 0; i < r.frames->len; i++) {
    struct frame_layers l = walk(rig_frame_at(&r, i));
    was_closed = was_closed || (l.src_port == 25 && l.tcp.window == 0);
  }
  g_assert_true(was_closed);
  rig_clear(&r);
}

static void
test_transfer_path_mtu(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", ", mtu: 800"), 1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "server", "pc", 25, 50000); /* the small link is its own */
  struct rig_transfer u = {0};
  rig_transfer(&r, &u, "pc", "server", 26, 50000); /* the small link is the router's */
  rig_run(&r, 200 * SECOND);
  assert_whole(&t);
  assert_whole(&u);
  for (unsigned i = 0; i < r.frames->len; i++)
    if (rig_frame_at(&r, i)->link == 1)
      g_assert_cmpuint(rig_frame_at(&r, i)->n_octets, <=, 814);
  rig_clear(&r);
}

static void
test_transfer_path_mtu_discovered(void)
{
  struct rig r;
  /* a third hop is narrow: neither end's own link shows it */
  rig_init(
      &r,
      "hosts:\n"
      "  pc: {address: 10.0.1.10/24, gateway: r1}\n"
      "  r1: {kind: router, addresses: {lan: 10.0.1.1/24, mid: 10.0.3.1/24}, gateway: r2}\n"
      "  r2: {kind: router, addresses: {mid: 10.0.3.2/24, wan: 10.0.2.1/24}, gateway: r1}\n"
      "  server: {address: 10.0.2.25/24, gateway: r2}\n"
      "links:\n"
      "  lan: {ends: [pc, r1]}\n  mid: {ends: [r1, r2], mtu: 900}\n  wan: {ends: [r2, server]}\n",
      1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 50000);
  rig_run(&r, 200 * SECOND);
  assert_whole(&t);
  const struct world_frame *f =
      find_icmp(&r, ICMP_TYPE_UNREACHABLE, ICMP_CODE_FRAGMENTATION_NEEDED);
  g_assert_nonnull(f);
  g_assert_cmpuint(get_be16(f->octets + 14 + 20 + 6), ==, 900); /* RFC 1191 4 */
  rig_clear(&r);
}

static unsigned
count_lost(const struct rig *r)
{
  unsigned n = 0;
  for (unsigned i = 0; i < r->frames->len; i++)
    n += rig_frame_at(r, i)->is_lost;
  return n;
}

static void
test_fault_loses_exactly_one(void)
{
  struct rig r;
  rig_init(&r,
           RIG_ROUTED("", "",
                      "") "faults:\n  - {link: wan, from: router, drop: 3, of: data, port: 25}\n",
           1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 20000);
  rig_run(&r, 200 * SECOND);
  assert_whole(&t);
  g_assert_cmpuint(count_lost(&r), ==, 1);
  /* the lost one is the third with data, and it comes again by fast retransmit, within the second
   */
  uint32_t lost_seq = 0;
  unsigned n_data = 0, n_same = 0;
  for (unsigned i = 0; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    struct frame_layers l = walk(f);
    if (f->link != 1 || l.dst_port != 25 || l.payload_octets == 0)
      continue;
    n_data++;
    if (f->is_lost) {
      g_assert_cmpuint(n_data, ==, 3);
      g_assert_cmpint(f->arrival_ns, ==, -1);
      lost_seq = l.tcp.seq;
    } else if (lost_seq && l.tcp.seq == lost_seq) {
      n_same++;
      g_assert_cmpint(f->time_ns, <, SECOND);
    }
  }
  g_assert_cmpuint(n_same, ==, 1);
  rig_clear(&r);
}

static void
test_full_queue_drops(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", ", rate: 1Gbit/s", ", rate: 1Mbit/s, queue: 5"), 1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 100000);
  rig_run(&r, 200 * SECOND);
  assert_whole(&t);
  g_assert_true(g_str_has_suffix(rig_value(&r, "router", "log", "drop"),
                                 " dropped (wan): the queue in front of the link is full"));
  rig_clear(&r);
}

static void
test_peer_that_vanishes(void)
{
  struct rig r;
  /* everything behind the fifth data segment is lost for ever */
  rig_init(
      &r,
      RIG_ROUTED("", "",
                 "") "faults:\n  - {link: wan, from: router, drop: 5, of: data, times: 1000000}\n",
      1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 20000);
  rig_run(&r, 1000 * SECOND);
  g_assert_true(t.client_ended);
  g_assert_cmpint(t.client_end, ==, CONN_TIMED_OUT);
  g_assert_cmpuint(t.n_received, ==, 4 * FULL_OCTETS);
  rig_clear(&r);
}

static void
test_host_talks_to_itself(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "a", "a", 25, 20000);
  rig_run(&r, 100 * SECOND);
  assert_whole(&t);
  g_assert_cmpuint(r.frames->len, ==, 0);
  rig_clear(&r);
}

static void
abort_when_connected(void *data, struct conn *c)
{
  conn_abort(c);
}

static void
test_abort_resets_the_peer(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  static const struct conn_ops ops = {.connected = abort_when_connected, .ended = ignore_end};
  struct rig_transfer t = {0};
  struct ip_addr b = rig_addr(&r, "b");
  rig_transfer(&r, &t, "c", "b", 25, 0);
  rig_run(&r, SECOND);
  t = (struct rig_transfer){.rig = &r, .is_intact = true};
  int how = -1;
  net_connect(r.net, rig_host(&r, "a"), &b, 25, &ops, &how);
  rig_run(&r, 10 * SECOND);
  g_assert_cmpint(how, ==, -1); /* no further callback */
  g_assert_true(t.server_ended && t.server_end == CONN_RESET);
  rig_clear(&r);
}

static void
test_port_taken(void)
{
  struct rig r;
  rig_init(&r, LAN, 1);
  g_assert_true(net_listen(r.net, 0, 25, NULL, NULL));
  g_assert_false(net_listen(r.net, 0, 25, NULL, NULL));
  g_assert_true(net_listen(r.net, 1, 25, NULL, NULL));
  rig_clear(&r);
}

/* RFC 1071 by the letter, 16 bits at a time, against the one in use: all lengths, and places in
 * memory. */
static void
test_checksum_is_the_plain_sum(void)
{
  uint8_t octets[400];
  for (unsigned i = 0; i < sizeof octets; i++)
    octets[i] = (uint8_t)(i * 151 + 200);
  for (unsigned at = 0; at < 9; at++) {
    for (unsigned n = 0; n + at <= sizeof octets; n++) {
      uint32_t plain = 0;
      for (unsigned i = 0; i < n; i++)
        plain += (uint32_t)octets[at + i] << (i % 2 ? 0 : 8);
      g_assert_cmphex(checksum_finish(checksum_add(0, octets + at, n)), ==, checksum_finish(plain));
    }
  }
  memset(octets, 0xff, sizeof octets);
  g_assert_cmphex(checksum_finish(checksum_add(0, octets, 400)), ==, 0);
}

/* ---- one run is one function ---- */

static void
run_lossy(uint64_t seed, uint64_t *hash, struct frame_layers *syn, uint16_t *ip_id)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", ", loss: 3%", ", loss: 3%"), seed);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 25, 100000);
  rig_run(&r, 1000 * SECOND);
  *hash = world_hash(r.world);
  for (unsigned i = 0; i < r.frames->len; i++) {
    *syn = walk(rig_frame_at(&r, i));
    if (syn->ip_proto == IP_PROTO_TCP) {
      *ip_id = get_be16(rig_frame_at(&r, i)->octets + 18);
      break;
    }
  }
  rig_clear(&r);
}

static void
test_same_seed_same_run(void)
{
  uint64_t hash[3];
  struct frame_layers syn[3];
  uint16_t id[3];
  run_lossy(7, &hash[0], &syn[0], &id[0]);
  run_lossy(7, &hash[1], &syn[1], &id[1]);
  run_lossy(8, &hash[2], &syn[2], &id[2]);
  g_assert_cmphex(hash[0], ==, hash[1]);
  g_assert_cmphex(hash[0], !=, hash[2]);
  g_assert_cmpuint(syn[0].src_port, !=, syn[2].src_port);
  g_assert_cmphex(syn[0].tcp.seq, !=, syn[2].tcp.seq);
  g_assert_cmphex(id[0], !=, id[2]);
}

/* The same on every compiler, level and machine: a change of this number is a change of the format
 * of runs, and is meant. */
static void
test_hash_is_portable(void)
{
  uint64_t hash;
  struct frame_layers syn;
  uint16_t id;
  run_lossy(7, &hash, &syn, &id);
  g_test_message("hash of seed 7: %016" G_GINT64_MODIFIER "x", hash);
  g_assert_cmphex(hash, ==, RUN_HASH);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ip/checksum-is-the-plain-sum", test_checksum_is_the_plain_sum);
  g_test_add_func("/arp/once-then-packets", test_arp_once_then_packets);
  g_test_add_func("/arp/entries-age", test_arp_entries_age);
  g_test_add_func("/arp/gives-up-after-three-questions", test_arp_gives_up);
  g_test_add_func("/switch/learns", test_switch_learns);
  g_test_add_func("/ip/router-lowers-ttl-and-keeps-the-journey",
                  test_router_lowers_ttl_and_keeps_the_journey);
  g_test_add_func("/icmp/ttl-exceeded", test_ttl_exceeded);
  g_test_add_func("/icmp/port-unreachable", test_port_unreachable);
  g_test_add_func("/ip/fragments-are-joined", test_fragments_are_joined);
  g_test_add_func("/ip/lost-fragment-times-out", test_lost_fragment_times_out);
  g_test_add_func("/socket/no-route-is-unreachable", test_connect_without_route);
  g_test_add_func("/socket/closed-port-refuses", test_connect_refused);
  g_test_add_func("/socket/transfer-clean", test_transfer_clean);
  g_test_add_func("/socket/transfer-with-paused-reader", test_transfer_paused_reader);
  g_test_add_func("/socket/transfer-over-small-links", test_transfer_path_mtu);
  g_test_add_func("/socket/path-mtu-is-discovered", test_transfer_path_mtu_discovered);
  g_test_add_func("/socket/fault-loses-exactly-one", test_fault_loses_exactly_one);
  g_test_add_func("/socket/full-queue-drops", test_full_queue_drops);
  g_test_add_func("/socket/vanished-peer-times-out", test_peer_that_vanishes);
  g_test_add_func("/socket/host-talks-to-itself", test_host_talks_to_itself);
  g_test_add_func("/socket/abort-resets-the-peer", test_abort_resets_the_peer);
  g_test_add_func("/socket/port-taken", test_port_taken);
  g_test_add_func("/run/same-seed-same-run", test_same_seed_same_run);
  g_test_add_func("/run/hash-is-portable", test_hash_is_portable);
  return g_test_run();
}
