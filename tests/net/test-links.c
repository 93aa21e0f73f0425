/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-links.c -- links by themselves: times computed by hand, shares of chance within bounds that
 * a fair coin keeps, rules, changes, and what is said about every frame that goes no further. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)
#define US INT64_C(1000)

/* Two hosts and one link; `more` stands behind the ends. */
#define PAIR(more)                                                                                 \
  "hosts:\n  a: {address: 10.0.0.1/24}\n  b: {address: 10.0.0.2/24}\n"                             \
  "links:\n  l: {ends: [a, b]" more "}\n"

static void
ignore(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  (*(unsigned *)data)++;
}

static void
begin(struct rig *r, const char *yaml, uint64_t seed, unsigned *n_received)
{
  rig_init(r, yaml, seed);
  *n_received = 0;
  g_assert_cmpuint(udp_bind(r->net->hosts[1], 9, ignore, NULL, n_received), ==, 9);
}

/* A datagram that makes a frame of so many octets. */
static void
send_frame(struct rig *r, const char *from, const char *to, uint32_t frame_octets)
{
  static const uint8_t zeros[9000];
  struct ip_addr addr = rig_addr(r, to);
  uint32_t n = frame_octets - ETH_OCTETS - IPV4_OCTETS - UDP_OCTETS;
  g_assert_true(udp_send(r->net->hosts[rig_host(r, from)], 4000, &addr, 9, zeros, n));
}

/* ARP done, so that what follows is only what the test sends. */
static void
warm_up(struct rig *r)
{
  send_frame(r, "a", "b", 60);
  rig_run(r, SECOND);
}

static unsigned
first_udp_behind(const struct rig *r, unsigned i)
{
  while (i < r->frames->len && get_be16(rig_frame_at(r, i)->octets + 12) != ETHER_IPV4)
    i++;
  return i;
}

static const char *
drop_of(const struct rig *r, const char *host, const struct world_frame *f)
{
  g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, f->packet);
  return rig_value(r, host, "drop", number);
}

static unsigned
count_events(const struct rig *r, const char *subject, const char *value)
{
  unsigned n = 0;
  for (unsigned i = 0; i < r->events->len; i++) {
    const struct rig_event *e = &g_array_index(r->events, struct rig_event, i);
    n += strcmp(e->subject, subject) == 0 && g_str_has_prefix(e->value, value);
  }
  return n;
}

/* ---- rate, delay, queue: by hand ---- */

static void
test_rate_delay_and_queue(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", rate: 1Mbit/s, delay: 10ms"), 1, &n);
  warm_up(&r);
  unsigned first = r.frames->len;
  for (unsigned i = 0; i < 3; i++)
    send_frame(&r, "a", "b", 1000);
  rig_run(&r, 2 * SECOND);
  /* 1000 octets x 8 / 1 Mbit/s = 8 ms on the wire, then 10 ms under way */
  for (unsigned i = 0; i < 3; i++) {
    const struct world_frame *f = rig_frame_at(&r, first + i);
    g_assert_cmpint(f->time_ns, ==, SECOND + i * 8 * MS);
    g_assert_cmpint(f->arrival_ns, ==, SECOND + (i + 1) * 8 * MS + 10 * MS);
  }
  g_assert_cmpuint(n, ==, 4);
  rig_clear(&r);
}

static void
test_directions_differ(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", delay: 3ms, a-to-b: {rate: 8Mbit/s}, b-to-a: {rate: 800kbit/s, delay: 50ms}"),
        1, &n);
  warm_up(&r);
  unsigned first = r.frames->len;
  send_frame(&r, "a", "b", 1000);
  rig_run(&r, 2 * SECOND);
  send_frame(&r, "b", "a", 1000); /* nobody listens: ICMP comes back */
  rig_run(&r, 3 * SECOND);
  g_assert_cmpint(rig_frame_at(&r, first)->arrival_ns, ==, SECOND + 1 * MS + 3 * MS);
  g_assert_cmpint(rig_frame_at(&r, first + 1)->arrival_ns, ==, 2 * SECOND + 10 * MS + 50 * MS);
  rig_clear(&r);
}

static void
test_queue_bounded_in_frames(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", rate: 1Mbit/s, queue: 3"), 1, &n);
  warm_up(&r);
  for (unsigned i = 0; i < 6; i++)
    send_frame(&r, "a", "b", 1000);
  rig_run(&r, 2 * SECOND);
  /* one on the wire, three wait, two find no room */
  g_assert_cmpuint(n, ==, 1 + 4);
  g_assert_cmpuint(count_events(&r, "drop", "queue-full at=l"), ==, 2);
  g_assert_cmpstr(rig_value(&r, "a", "queue", "l"), ==, "0");
  g_assert_cmpuint(count_events(&r, "queue", "3"), ==, 1);
  rig_clear(&r);
}

static void
test_queue_bounded_in_octets(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", rate: 1Mbit/s, queue_octets: 2500"), 1, &n);
  warm_up(&r);
  for (unsigned i = 0; i < 5; i++)
    send_frame(&r, "a", "b", 1000);
  send_frame(&r, "a", "b", 300); /* fits behind two of 1000, where a third does not */
  rig_run(&r, 2 * SECOND);
  g_assert_cmpuint(n, ==, 1 + 1 + 2 + 1);
  g_assert_cmpuint(count_events(&r, "drop", "queue-full at=l"), ==, 2);
  rig_clear(&r);
}

/* ---- chance ---- */

enum { FRAMES = 20000 };

/* Sends frames far apart, so that nothing queues. */
static void
send_many(struct rig *r, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    send_frame(r, "a", "b", 100);
    rig_run(r, world_now(r->world) + 100 * US);
  }
  rig_run(r, world_now(r->world) + SECOND);
}

static void
test_random_loss(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", b-to-a: {loss: 0}, a-to-b: {loss: 10%}"), 5, &n);
  send_many(&r, FRAMES);
  unsigned n_lost = 0, n_pairs = 0, n_sent = 0;
  bool was_lost = false;
  for (unsigned i = first_udp_behind(&r, 0); i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    if (f->from_host != 0)
      continue;
    n_sent++;
    n_lost += f->is_lost;
    n_pairs += f->is_lost && was_lost;
    was_lost = f->is_lost;
    g_assert_cmpint(f->arrival_ns, ==, f->is_lost ? -1 : f->due_ns);
  }
  /* mean 2000, deviation 42: six deviations. Each by itself: a tenth of the lost follow a lost one.
   */
  g_assert_cmpuint(n_lost, >, FRAMES / 10 - 260);
  g_assert_cmpuint(n_lost, <, FRAMES / 10 + 260);
  g_assert_cmpuint(n_pairs, >, n_lost / 10 - 90);
  g_assert_cmpuint(n_pairs, <, n_lost / 10 + 90);
  g_assert_cmpuint(count_events(&r, "drop", "loss at=l"), >=, n_lost);
  g_assert_cmpuint(n, ==, n_sent - n_lost);
  rig_clear(&r);
}

static void
test_burst_loss(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", a-to-b: {loss: 10%, burst: 5}"), 5, &n);
  send_many(&r, FRAMES);
  unsigned n_lost = 0, n_spells = 0;
  bool was_lost = false;
  for (unsigned i = first_udp_behind(&r, 0); i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    if (f->from_host != 0)
      continue;
    n_lost += f->is_lost;
    n_spells += f->is_lost && !was_lost;
    was_lost = f->is_lost;
  }
  /* Gilbert: 2000 frames in 400 spells; the deviations are near 130 and 20. */
  g_assert_cmpuint(n_lost, >, 1400);
  g_assert_cmpuint(n_lost, <, 2600);
  g_assert_cmpuint(n_lost * 10 / n_spells, >, 42);
  g_assert_cmpuint(n_lost * 10 / n_spells, <, 58);
  g_assert_cmpuint(count_events(&r, "drop", "burst-loss at=l"), >=, n_lost);
  rig_clear(&r);
}

/* Fills `lost` with the places of lost frames from a to b. */
static void
lost_places(const char *yaml, GArray *lost)
{
  struct rig r;
  unsigned n, place = 0;
  begin(&r, yaml, 11, &n);
  send_many(&r, 500);
  for (unsigned i = first_udp_behind(&r, 0); i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    if (f->from_host != 0 || !f->is_sender)
      continue;
    if (f->is_lost)
      g_array_append_val(lost, place);
    place++;
  }
  rig_clear(&r);
}

static void
test_one_feature_leaves_the_others_draws(void)
{
  g_autoptr(GArray) alone = g_array_new(FALSE, FALSE, sizeof(unsigned));
  g_autoptr(GArray) among = g_array_new(FALSE, FALSE, sizeof(unsigned));
  lost_places(PAIR(", a-to-b: {loss: 20%}"), alone);
  lost_places(
      PAIR(", a-to-b: {loss: 20%, jitter: 10us, duplicate: 30%, corrupt: 10%, reorder: 10%}"),
      among);
  g_assert_cmpuint(alone->len, >, 50);
  g_assert_cmpmem(alone->data, alone->len * sizeof(unsigned), among->data,
                  among->len * sizeof(unsigned));
}

/* Frames that left in a row; how many arrive before one that left earlier. */
static unsigned
count_overtaken(const struct rig *r, unsigned first, int64_t *least, int64_t *most)
{
  unsigned n = 0;
  int64_t latest = 0;
  *least = INT64_MAX;
  *most = 0;
  for (unsigned i = first; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    int64_t under_way = f->arrival_ns - f->time_ns - (int64_t)f->n_octets * 80;
    n += f->arrival_ns < latest;
    latest = MAX(latest, f->arrival_ns);
    *least = MIN(*least, under_way);
    *most = MAX(*most, under_way);
  }
  return n;
}

static void
test_jitter(void)
{
  static const char *const texts[] = {
      PAIR(", delay: 5ms, a-to-b: {jitter: 2ms}"),
      PAIR(", delay: 5ms, a-to-b: {jitter: 2ms, keep_order: false}")};
  for (unsigned k = 0; k < 2; k++) {
    struct rig r;
    unsigned n;
    int64_t least, most;
    begin(&r, texts[k], 3, &n);
    warm_up(&r);
    unsigned first = r.frames->len;
    for (unsigned i = 0; i < 1000; i++) {
      send_frame(&r, "a", "b", 125); /* 10 us at 100 Mbit/s */
      rig_run(&r, world_now(r.world) + 20 * US);
    }
    rig_run(&r, world_now(r.world) + SECOND);
    unsigned n_overtaken = count_overtaken(&r, first, &least, &most);
    g_assert_cmpint(least, >=, 5 * MS);
    g_assert_cmpint(most, <=, 7 * MS);
    g_assert_cmpint(most, >, 6900 * US);
    if (k == 0)
      g_assert_cmpuint(n_overtaken, ==, 0);
    else
      g_assert_cmpuint(n_overtaken, >, 700); /* a hundred frames within one jitter */
    g_assert_cmpuint(n, ==, 1001);
    rig_clear(&r);
  }
}

static void
test_reorder_lets_two_full_frames_pass(void)
{
  struct rig r;
  unsigned n;
  begin(&r,
        PAIR(", rate: 10Mbit/s, delay: 1ms") "faults:\n"
                                             "  - {link: l, from: a, of: udp, do: reorder, "
                                             "occurrence: 3}\n",
        1, &n);
  warm_up(&r);
  unsigned first = r.frames->len;
  for (unsigned i = 0; i < 6; i++)
    send_frame(&r, "a", "b", 1514);
  rig_run(&r, 2 * SECOND);
  int64_t arrival[6];
  for (unsigned i = 0; i < 6; i++)
    arrival[i] = rig_frame_at(&r, first + i)->arrival_ns;
  /* the warm-up was the first */
  g_assert_cmpint(arrival[1], >, arrival[3]);
  g_assert_cmpint(arrival[1], <, arrival[4]);
  g_assert_cmpint(arrival[2], <, arrival[3]);
  g_assert_cmpuint(count_events(&r, "fault", "reorder at=l"), ==, 1);
  rig_clear(&r);
}

static void
test_duplicates(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", a-to-b: {duplicate: 100%}"), 1, &n);
  warm_up(&r);
  unsigned first = r.frames->len;
  g_assert_cmpuint(n, ==, 2);
  send_frame(&r, "a", "b", 1000);
  rig_run(&r, 2 * SECOND);
  g_assert_cmpuint(n, ==, 4);
  /* the copy takes its turn behind the original, is no second frame of the sender's, and makes no
   * third */
  const struct world_frame *f = rig_frame_at(&r, first), *copy = rig_frame_at(&r, first + 1);
  g_assert_cmpuint(r.frames->len, ==, first + 2);
  g_assert_cmpint(copy->time_ns, ==, f->time_ns + 80 * US);
  g_assert_cmpuint(copy->packet, ==, f->packet);
  g_assert_true(f->is_sender);
  g_assert_false(copy->is_sender);
  g_assert_cmpmem(copy->octets, copy->n_octets, f->octets, f->n_octets);
  rig_clear(&r);
}

static void
test_corruption_is_found(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(", a-to-b: {corrupt: 100%}"), 1, &n);
  /* ARP has no checksum: the card drops it, nobody answers */
  send_frame(&r, "a", "b", 60);
  rig_run(&r, 10 * SECOND);
  g_assert_cmpuint(count_events(&r, "drop", "frame-check at=l"), ==, 3);
  rig_clear(&r);

  begin(&r, PAIR("") "changes:\n  - {at: 1s, link: l, from: a, corrupt: 100%}\n", 1, &n);
  warm_up(&r);
  unsigned first = r.frames->len;
  for (unsigned i = 0; i < 300; i++) {
    send_frame(&r, "a", "b", 200);
    rig_run(&r, world_now(r.world) + MS);
  }
  g_assert_cmpuint(n, ==, 1);
  unsigned n_sent = 0;
  for (unsigned i = first; i < r.frames->len; i++) {
    const struct world_frame *f = rig_frame_at(&r, i);
    const uint8_t *ip = f->octets + 14;
    if (f->from_host != 0)
      continue;
    n_sent++;
    bool header_good = checksum_finish(checksum_add(0, ip, 20)) == 0;
    struct ip_addr src = ip_addr_v4(ip + 12), dst = ip_addr_v4(ip + 16);
    uint32_t sum = checksum_pseudo(&src, &dst, IP_PROTO_UDP, 166);
    bool udp_good = checksum_finish(checksum_add(sum, ip + 20, 166)) == 0;
    g_assert_false(header_good && udp_good);
    g_assert_cmpuint(get_be16(f->octets + 12), ==, ETHER_IPV4);
  }
  g_assert_cmpuint(n_sent, ==, 300);
  g_assert_cmpuint(count_events(&r, "fault", "corrupt at=l"), ==, 300);
  rig_clear(&r);
}

/* ---- MTU, ECN, down and up ---- */

static void
test_longer_than_the_mtu(void)
{
  struct rig r;
  unsigned n;
  begin(&r,
        "hosts:\n  a: {address: 10.0.0.1/24}\n  b: {address: 10.0.0.2/24}\n  s: {kind: switch}\n"
        "links:\n  la: {ends: [a, s]}\n  lb: {ends: [s, b], mtu: 600}\n",
        1, &n);
  send_frame(&r, "a", "b", 614);
  rig_run(&r, SECOND);
  g_assert_cmpuint(n, ==, 1);
  send_frame(&r, "a", "b", 615);
  rig_run(&r, 2 * SECOND);
  g_assert_cmpuint(n, ==, 1);
  const struct world_frame *f = rig_frame_at(&r, r.frames->len - 1);
  g_assert_cmpstr(drop_of(&r, "s", f), ==, "mtu at=lb");
  rig_clear(&r);
}

/* RFC 3168 5: only ECN-capable packets are marked, and the header's checksum stays right. */
static void
test_mark(void)
{
  for (unsigned ecn = 0; ecn < 4; ecn++) {
    struct packet *p = g_malloc0(sizeof *p + 64);
    p->octets = p->store;
    p->n = 54;
    struct ipv4 ip = {.header_octets = 20,
                      .total_octets = 40,
                      .ttl = 64,
                      .proto = 6,
                      .ecn = (uint8_t)ecn,
                      .dscp = 10,
                      .src = {10, 0, 0, 1},
                      .dst = {10, 0, 0, 2}};
    put_be16(p->octets + 12, ETHER_IPV4);
    ipv4_put(p->octets + 14, &ip);
    put_be16(p->octets + 24, checksum_finish(checksum_add(0, p->octets + 14, 20)));
    g_assert_cmpint(link_mark(p), ==, ecn != 0);
    ipv4_get(p->octets + 14, 40, &ip);
    g_assert_cmpuint(ip.ecn, ==, ecn ? 3 : 0);
    g_assert_cmpuint(ip.dscp, ==, 10);
    g_assert_cmphex(checksum_finish(checksum_add(0, p->octets + 14, 20)), ==, 0);

    struct ipv6 ip6 = {.traffic_class = (uint8_t)(0x28 | ecn), .flow_label = 0x12345};
    put_be16(p->octets + 12, ETHER_IPV6);
    ipv6_put(p->octets + 14, &ip6);
    g_assert_cmpint(link_mark(p), ==, ecn != 0);
    ipv6_get(p->octets + 14, 40, &ip6);
    g_assert_cmpuint(ip6.traffic_class, ==, ecn ? 0x2b : 0x28);
    g_assert_cmphex(ip6.flow_label, ==, 0x12345);
    g_free(p);
  }
}

static void
test_down_and_up(void)
{
  struct rig r;
  unsigned n;
  begin(&r,
        PAIR(", rate: 1Mbit/s, delay: 20ms") "changes:\n"
                                             "  - {at: 1010ms, link: l, up: false}\n"
                                             "  - {at: 2s, link: l, up: true}\n",
        1, &n);
  warm_up(&r);
  unsigned first = r.frames->len;
  for (unsigned i = 0; i < 4; i++)
    send_frame(&r, "a", "b", 1000); /* 8 ms each: two have left at 1010 ms, none has arrived */
  rig_run(&r, 1500 * MS);
  g_assert_cmpuint(r.frames->len, ==, first + 2);
  for (unsigned i = 0; i < 2; i++) {
    const struct world_frame *f = rig_frame_at(&r, first + i);
    g_assert_true(f->is_lost); /* known when it left, since the change stands in the scenario */
    g_assert_cmpint(f->due_ns, ==, SECOND + (i + 1) * 8 * MS + 20 * MS);
  }
  g_assert_cmpuint(count_events(&r, "drop", "link-down at=l"), ==, 4);
  send_frame(&r, "a", "b", 1000);
  g_assert_cmpuint(count_events(&r, "drop", "link-down at=l"), ==, 5);
  g_assert_cmpstr(rig_value(&r, "a", "link", "l up"), ==, "false");
  rig_run(&r, 2 * SECOND);
  send_frame(&r, "a", "b", 1000);
  rig_run(&r, 3 * SECOND);
  g_assert_cmpstr(rig_value(&r, "a", "link", "l up"), ==, "true");
  g_assert_cmpuint(n, ==, 2);
  rig_clear(&r);
}

static void
test_changes(void)
{
  struct rig r;
  unsigned n;
  begin(&r,
        PAIR(", rate: 1Mbit/s, delay: 5ms") "changes:\n"
                                            "  - {at: 1s, link: l, from: a, rate: 2Mbit/s, loss: "
                                            "2.5%}\n"
                                            "  - {at: 1s, link: l, delay: 1ms}\n",
        1, &n);
  rig_run(&r, SECOND);
  g_assert_cmpstr(rig_value(&r, "a", "link", "l rate"), ==, "2Mbit/s");
  g_assert_cmpstr(rig_value(&r, "a", "link", "l loss"), ==, "2.5000%");
  g_assert_cmpstr(rig_value(&r, "b", "link", "l delay"), ==, "1ms");
  g_assert_null(rig_value(&r, "b", "link", "l rate"));
  const int64_t *a = r.net->links[0]->ways[0].set, *b = r.net->links[0]->ways[1].set;
  g_assert_cmpint(a[LINK_RATE], ==, 2000000);
  g_assert_cmpint(b[LINK_RATE], ==, 1000000);
  g_assert_cmpint(a[LINK_LOSS], ==, 25000);
  g_assert_cmpint(b[LINK_DELAY], ==, 1 * MS);
  rig_clear(&r);
}

/* ---- rules ---- */

static void
test_rules(void)
{
  static const struct {
    const char *rule, *event;
    unsigned n_received;
  } cases[] = {
      {"{link: l, from: a, of: udp, drop: 2}", "rule", 2},
      {"{link: l, from: a, of: udp, do: drop, occurrence: 2, times: 2}", "rule", 1},
      {"{link: l, from: b, of: udp, drop: 2}", NULL, 3},
      {"{link: l, from: a, of: udp, do: duplicate, occurrence: 2, by: 5ms}", "duplicate", 4},
      {"{link: l, from: a, of: udp, do: corrupt, occurrence: 2}", "corrupt", 2},
      {"{link: l, from: a, of: udp, port: 9, do: delay, by: 1s, occurrence: 2}", "delay", 3},
      {"{link: l, from: a, of: udp, port: 10, do: drop}", NULL, 3},
      {"{link: l, from: a, of: udp, do: mark, occurrence: 2}", NULL, 3}, /* not ECN-capable */
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct rig r;
    unsigned n;
    g_autofree char *yaml = g_strconcat(PAIR("") "faults:\n  - ", cases[i].rule, "\n", NULL);
    begin(&r, yaml, 1, &n);
    for (unsigned k = 0; k < 3; k++) {
      send_frame(&r, "a", "b", 100);
      rig_run(&r, world_now(r.world) + 100 * MS);
    }
    rig_run(&r, 10 * SECOND);
    g_assert_cmpuint(n, ==, cases[i].n_received);
    if (cases[i].event)
      g_assert_cmpuint(count_events(&r, "drop", cases[i].event) +
                           count_events(&r, "fault", cases[i].event),
                       >=, 1);
    else
      g_assert_cmpuint(count_events(&r, "fault", "") + count_events(&r, "drop", "rule"), ==, 0);
    rig_clear(&r);
  }
}

struct judged {
  unsigned n_asked;
  uint32_t filter;
};

static bool
judge(void *data, uint32_t filter, const struct world_frame *f)
{
  struct judged *j = data;
  j->n_asked++;
  j->filter = filter;
  return f->n_octets == 333;
}

static void
test_display_filter_rules(void)
{
  struct rig r;
  unsigned n;
  struct judged j = {0};
  begin(&r,
        PAIR("") "faults:\n  - {link: l, filter: 'frame.len == 333', occurrence: 2, do: drop}\n", 1,
        &n);
  g_assert_cmpuint(net_n_filters(r.net), ==, 1);
  g_assert_cmpstr(net_filter(r.net, 0).text, ==, "frame.len == 333");
  g_assert_cmpuint(net_filter(r.net, 0).node->line, ==, 7);
  net_set_judge(r.net, judge, &j);
  warm_up(&r);
  for (unsigned i = 0; i < 3; i++) {
    send_frame(&r, "a", "b", 200);
    send_frame(&r, "a", "b", 333);
  }
  rig_run(&r, 2 * SECOND);
  g_assert_cmpuint(n, ==, 1 + 5);
  g_assert_cmpuint(j.n_asked, ==, r.frames->len); /* ARP of both directions too */
  rig_clear(&r);
}

/* ---- refusals ---- */

static const struct {
  const char *name, *text, *en, *th;
} refused[] = {
    {"loss-above-all", PAIR(", loss: 300%"),
     "s.yaml:5: \"loss\" is \"300%\"; write a share from 0 to 1 or a percentage, for example 0.05 "
     "or 5%",
     "s.yaml:5: \"loss\" มีค่า \"300%\" ให้เขียนสัดส่วนตั้งแต่ 0 ถึง 1 หรือร้อยละ เช่น 0.05 หรือ 5%"},
    {"rate-too-high", PAIR(", rate: 200Gbit/s"),
     "s.yaml:5: \"rate\" is \"200Gbit/s\"; the most is 100000Mbit/s",
     "s.yaml:5: \"rate\" มีค่า \"200Gbit/s\" ค่ามากที่สุดคือ 100000Mbit/s"},
    {"delay-too-long", PAIR(", a-to-b: {delay: 11min}"),
     "s.yaml:5: \"delay\" is \"11min\"; the most is 600000ms",
     "s.yaml:5: \"delay\" มีค่า \"11min\" ค่ามากที่สุดคือ 600000ms"},
    {"mtu-too-small", PAIR(", mtu: 60"),
     "s.yaml:5: \"mtu\" is \"60\"; write a whole number from 68 to 9000",
     "s.yaml:5: \"mtu\" มีค่า \"60\" ให้เขียนจำนวนเต็มตั้งแต่ 68 ถึง 9000"},
    {"queue-of-nothing", PAIR(", queue: 0"),
     "s.yaml:5: \"queue\" is \"0\"; write a whole number from 1 to 100000",
     "s.yaml:5: \"queue\" มีค่า \"0\" ให้เขียนจำนวนเต็มตั้งแต่ 1 ถึง 100000"},
    {"direction-of-another", PAIR(", a-to-c: {delay: 1ms}"),
     "s.yaml:5: unknown key \"a-to-c\"; did you mean \"a-to-b\"?",
     "s.yaml:5: ไม่รู้จักคีย์ \"a-to-c\" หมายถึง \"a-to-b\" หรือไม่"},
    {"no-map", "hosts:\n  a: {address: 10.0.0.1/24}\nlinks:\n  l: fast\n",
     "s.yaml:4: link \"l\" is a map; write {ends: [one-host, other-host], delay: 1ms}",
     "s.yaml:4: ลิงก์ \"l\" ต้องเป็นแมป ให้เขียน {ends: [one-host, other-host], delay: 1ms}"},
    {"burst-too-short", PAIR(", loss: 80%, burst: 2"),
     "s.yaml:5: bursts of 2 frames cannot lose so large a share; write burst: 4 or more, or less "
     "loss",
     "s.yaml:5: การสูญหายติดกันครั้งละ 2 เฟรมทำให้สูญหายมากเท่านี้ไม่ได้ ให้เขียน burst: 4 ขึ้นไป หรือลด loss"},
    {"fault-without-act", PAIR("") "faults:\n  - {link: l, from: a}\n",
     "s.yaml:7: a fault needs to know what it does: drop: 3, or do: delay with occurrence: 3",
     "s.yaml:7: ความผิดปกติต้องบอกว่าทำอะไร: drop: 3 หรือ do: delay พร้อม occurrence: 3"},
    {"fault-from-nowhere", PAIR("") "faults:\n  - {link: l, drop: 1}\n",
     "s.yaml:7: a fault needs the end that its frames come from: {link: lan, from: alice-pc, drop: "
     "3}",
     "s.yaml:7: ความผิดปกติต้องบอกปลายที่เฟรมออกมา: {link: lan, from: alice-pc, drop: 3}"},
    {"fault-of", PAIR("") "faults:\n  - {link: l, from: a, of: tea, drop: 1}\n",
     "s.yaml:7: \"of\" is \"tea\"; write one of: any, data, syn, fin, ack, udp, icmp, arp",
     "s.yaml:7: \"of\" มีค่า \"tea\" ให้เขียนค่าใดค่าหนึ่งใน: any, data, syn, fin, ack, udp, icmp, arp"},
    {"fault-do", PAIR("") "faults:\n  - {link: l, from: a, do: eat}\n",
     "s.yaml:7: \"do\" is \"eat\"; write one of: drop, delay, duplicate, corrupt, reorder, mark, "
     "hide",
     "s.yaml:7: \"do\" มีค่า \"eat\" ให้เขียนค่าใดค่าหนึ่งใน: drop, delay, duplicate, corrupt, reorder, "
     "mark, hide"},
    {"delay-without-time", PAIR("") "faults:\n  - {link: l, from: a, do: delay}\n",
     "s.yaml:7: a delay needs its time, for example by: 200ms",
     "s.yaml:7: การหน่วงต้องบอกเวลา เช่น by: 200ms"},
    {"drop-by", PAIR("") "faults:\n  - {link: l, from: a, do: drop, by: 1s}\n",
     "s.yaml:7: \"by\" is the time of delay, reorder or duplicate; remove it",
     "s.yaml:7: \"by\" เป็นเวลาของ delay, reorder หรือ duplicate ให้ลบออก"},
    {"drop-and-do", PAIR("") "faults:\n  - {link: l, from: a, do: delay, drop: 1}\n",
     "s.yaml:7: \"drop\" stands alone; with \"do\" write occurrence: 3",
     "s.yaml:7: ใช้ \"drop\" ร่วมกับ \"do\" หรือ \"occurrence\" ไม่ได้ ให้เขียน occurrence: 3"},
    {"change-without-time", PAIR("") "changes:\n  - {link: l, loss: 5%}\n",
     "s.yaml:7: a change needs a time, a link and what changes: {at: 5s, link: wan, loss: 5%}",
     "s.yaml:7: การเปลี่ยนแปลงต้องมีเวลา ลิงก์ และสิ่งที่เปลี่ยน: {at: 5s, link: wan, loss: 5%}"},
    {"change-of-nothing", PAIR("") "changes:\n  - {at: 1s, link: l}\n",
     "s.yaml:7: a change needs a time, a link and what changes: {at: 5s, link: wan, loss: 5%}",
     "s.yaml:7: การเปลี่ยนแปลงต้องมีเวลา ลิงก์ และสิ่งที่เปลี่ยน: {at: 5s, link: wan, loss: 5%}"},
    {"changes-are-a-list", PAIR("") "changes: {at: 1s}\n",
     "s.yaml:6: \"changes\" is a list of at most 10000: - {at: 5s, link: wan, up: false}",
     "s.yaml:6: \"changes\" เป็นรายการไม่เกิน 10000 ข้อ: - {at: 5s, link: wan, up: false}"},
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

/* What the input log sets is checked by the same table. */
static void
test_setting_by_name(void)
{
  struct rig r;
  unsigned n;
  begin(&r, PAIR(""), 1, &n);
  struct tree_node value = {.kind = TREE_SCALAR, .line = 3, .text = (char *)"7%", .file = "log"};
  struct tree_node bad = value;
  bad.text = (char *)"much";
  g_autoptr(GError) error = NULL;
  g_assert_true(link_check(r.net, "loss", &value, &error));
  link_set(r.net->links[0], 1, "loss", &value);
  g_assert_cmpint(r.net->links[0]->ways[0].set[LINK_LOSS], ==, 0);
  g_assert_cmpint(r.net->links[0]->ways[1].set[LINK_LOSS], ==, 70000);
  g_assert_false(link_check(r.net, "loss", &bad, &error));
  g_assert_true(g_str_has_prefix(error->message, "log:3: \"loss\" is \"much\""));
  g_clear_error(&error);
  g_assert_false(link_check(r.net, "los", &value, &error));
  g_assert_cmpstr(error->message, ==, "log:3: a link has no property \"los\"; write loss");
  rig_clear(&r);
}

static void
test_drop_words(void)
{
  for (unsigned i = DROP_NONE + 1; i < DROP_REASONS; i++) {
    g_assert_nonnull(drop_name((enum drop_reason)i));
    g_assert_cmpint(drop_find(drop_name((enum drop_reason)i)), ==, i);
    const char *en = drop_sentence((enum drop_reason)i);
    lang_set(LANG_TH);
    g_assert_cmpstr(en, !=, drop_sentence((enum drop_reason)i));
    lang_set(LANG_EN);
  }
  g_assert_cmpint(drop_find("tired"), ==, DROP_NONE);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/link/rate-delay-and-queue", test_rate_delay_and_queue);
  g_test_add_func("/link/directions-differ", test_directions_differ);
  g_test_add_func("/link/queue-bounded-in-frames", test_queue_bounded_in_frames);
  g_test_add_func("/link/queue-bounded-in-octets", test_queue_bounded_in_octets);
  g_test_add_func("/link/random-loss", test_random_loss);
  g_test_add_func("/link/burst-loss", test_burst_loss);
  g_test_add_func("/link/one-feature-leaves-the-others-draws",
                  test_one_feature_leaves_the_others_draws);
  g_test_add_func("/link/jitter", test_jitter);
  g_test_add_func("/link/reorder-lets-two-full-frames-pass",
                  test_reorder_lets_two_full_frames_pass);
  g_test_add_func("/link/duplicates", test_duplicates);
  g_test_add_func("/link/corruption-is-found", test_corruption_is_found);
  g_test_add_func("/link/longer-than-the-mtu", test_longer_than_the_mtu);
  g_test_add_func("/link/mark", test_mark);
  g_test_add_func("/link/down-and-up", test_down_and_up);
  g_test_add_func("/link/changes", test_changes);
  g_test_add_func("/link/rules", test_rules);
  g_test_add_func("/link/display-filter-rules", test_display_filter_rules);
  g_test_add_func("/link/setting-by-name", test_setting_by_name);
  g_test_add_func("/link/drop-words", test_drop_words);
  for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *path = g_strconcat("/link/refused/", refused[i].name, NULL);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), test_refused);
  }
  return g_test_run();
}
