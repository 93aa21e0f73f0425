/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-dhcp.c -- asking for an address, by RFC 2131: who says what when, what is kept, and what
 * happens when nobody answers, somebody else has the address, or the lease runs out. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)

/* pc asks; box is router and server; srv lies behind it. */
#define LAN(pc, dhcp, more)                                                                        \
  "until: 1h\n"                                                                                    \
  "hosts:\n"                                                                                       \
  "  pc: {address: dhcp" pc "}\n"                                                                  \
  "  box: {kind: router, addresses: {up: 10.0.0.1/24, wan: 10.0.2.1/24}" dhcp "}\n"                \
  "  sw: {kind: switch}\n"                                                                         \
  "  srv: {kind: server, address: 10.0.2.25/24, gateway: box}\n" more "links:\n"                   \
  "  l1: {ends: [pc, sw]}\n  up: {ends: [sw, box]}\n  wan: {ends: [box, srv]}\n"
#define RANGE ", dhcp: {range: [10.0.0.100, 10.0.0.110], lease: 100s, dns: srv, domain: alice.test}"

struct said {
  int64_t time_ns;
  uint32_t from;
  struct dhcp m;
  struct ip_addr src, dst;
  uint8_t type;
  const uint8_t *p;
  size_t n;
};

/* The DHCP messages as their senders sent them. */
static GArray *
all_said(const struct rig *r)
{
  GArray *all = g_array_new(FALSE, TRUE, sizeof(struct said));
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l;
    struct said s = {.time_ns = f->time_ns, .from = f->from_host};
    struct dhcp_option o;
    frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
    if (!f->is_sender || l.ip_proto != IP_PROTO_UDP || (l.dst_port != 67 && l.dst_port != 68))
      continue;
    s.p = f->octets + l.payload_offset;
    s.n = l.payload_octets;
    g_assert_cmpuint(dhcp_get(s.p, s.n, &s.m), ==, 240);
    g_assert_true(dhcp_option_find(s.p, s.n, DHCP_MESSAGE_TYPE, &o));
    s.type = o.p[0];
    s.src = l.src;
    s.dst = l.dst;
    g_array_append_val(all, s);
  }
  return all;
}

#define SAID(all, i) (&g_array_index(all, struct said, i))

static char *
words(const GArray *all)
{
  GString *text = g_string_new(NULL);
  for (unsigned i = 0; i < all->len; i++)
    g_string_append_printf(text, "%s%s", i ? " " : "", dhcp_type_name(SAID(all, i)->type));
  return g_string_free(text, FALSE);
}

static void
assert_said(const struct rig *r, const char *want)
{
  g_autoptr(GArray) all = all_said(r);
  g_autofree char *got = words(all);
  g_assert_cmpstr(got, ==, want);
}

static struct ip_addr
option_addr(const struct said *s, uint8_t code)
{
  struct dhcp_option o;
  return dhcp_option_find(s->p, s->n, code, &o) ? ip_addr_v4(o.p) : (struct ip_addr){0};
}

static const char *
text_of(const struct ip_addr *a)
{
  static char text[ADDR_TEXT_MAX];
  return a->version ? ip_addr_format(a, text) : "none";
}

static void
assert_addr(struct ip_addr a, const char *want)
{
  g_assert_cmpstr(text_of(&a), ==, want);
}

static void
note(void *data)
{
  struct rig *r = *(struct rig **)data;
  *(struct rig **)data = NULL;
  assert_addr(rig_addr(r, "pc"), "10.0.0.100");
}

static void
test_four_messages(void)
{
  struct rig r;
  struct rig *waits = &r;
  rig_init(&r, LAN("", RANGE, ""), 1);
  g_assert_false(net_is_ready(r.net, 0));
  net_when_ready(r.net, 0, note, &waits);
  rig_run(&r, 20 * SECOND);
  assert_said(&r, "Discover Offer Request ACK");
  g_autoptr(GArray) all = all_said(&r);
  const struct said *d = SAID(all, 0), *o = SAID(all, 1), *q = SAID(all, 2), *a = SAID(all, 3);
  for (unsigned i = 0; i < 4; i++) { /* RFC 2131 4.1, 4.4.1 */
    assert_addr(SAID(all, i)->dst, "255.255.255.255");
    g_assert_cmphex(SAID(all, i)->m.id, ==, d->m.id);
    g_assert_cmpuint(SAID(all, i)->m.op, ==, i % 2 ? 2 : 1);
    g_assert_cmpmem(SAID(all, i)->m.mac, 6, r.net->hosts[0]->ifaces[0].mac, 6);
    g_assert_cmpuint(SAID(all, i)->n, >=, 300);
  }
  assert_addr(d->src, "0.0.0.0");
  assert_addr(o->src, "10.0.0.1");
  assert_addr(ip_addr_v4(o->m.your), "10.0.0.100");
  assert_addr(option_addr(q, DHCP_REQUESTED), "10.0.0.100");
  assert_addr(option_addr(q, DHCP_SERVER_ID), "10.0.0.1");
  assert_addr(option_addr(d, DHCP_SERVER_ID), "none");
  assert_addr(ip_addr_v4(q->m.client), "0.0.0.0");
  assert_addr(option_addr(a, DHCP_MASK), "255.255.255.0");
  assert_addr(option_addr(a, DHCP_ROUTER), "10.0.0.1");
  assert_addr(option_addr(a, DHCP_DNS), "10.0.2.25");
  assert_addr(r.net->hosts[0]->dns[0], "10.0.2.25");
  g_assert_null(waits);
  /* 100 s: T1 at 50 s, T2 at 87.5 s, which the option says in whole seconds */
  struct dhcp_option t;
  g_assert_true(dhcp_option_find(a->p, a->n, DHCP_T1, &t));
  g_assert_cmpuint(get_be32(t.p), ==, 50);
  g_assert_true(dhcp_option_find(a->p, a->n, DHCP_T2, &t));
  g_assert_cmpuint(get_be32(t.p), ==, 87);
  /* the address works, and so does the way out */
  struct ip_addr srv = rig_addr(&r, "srv");
  net_ping(r.net, 0, &srv, 1, SECOND);
  rig_run(&r, 25 * SECOND);
  g_assert_nonnull(rig_value(&r, "pc", "ping 10.0.2.25", "1"));
  g_assert_cmpstr(rig_value(&r, "pc", "dhcp", "l1"), ==,
                  "bound 10.0.0.100/24 lease=100s server=10.0.0.1");
  g_assert_cmpstr(rig_value(&r, "box", "lease", "10.0.0.100"), ==, "bound 02:00:00:00:01:00");
  rig_clear(&r);
}

/* RFC 2131 4.1: 4, 8, 16, 32 s, each a second more or less. */
static void
test_nobody_answers(void)
{
  struct rig r;
  rig_init(&r, LAN("", "", ""), 5);
  rig_run(&r, 3600 * SECOND);
  assert_said(&r, "Discover Discover Discover Discover Discover");
  g_autoptr(GArray) all = all_said(&r);
  int64_t waits[] = {4, 8, 16, 32};
  for (unsigned i = 0; i < 4; i++) {
    int64_t gap = SAID(all, i + 1)->time_ns - SAID(all, i)->time_ns;
    g_assert_cmpint(gap, >=, (waits[i] - 1) * SECOND);
    g_assert_cmpint(gap, <=, (waits[i] + 1) * SECOND);
    g_assert_cmpuint(SAID(all, i + 1)->m.seconds, ==,
                     (SAID(all, i + 1)->time_ns - SAID(all, 0)->time_ns) / SECOND);
  }
  g_assert_cmpstr(rig_value(&r, "pc", "dhcp", "l1"), ==, "failed");
  g_assert_cmpstr(rig_value(&r, "pc", "log", "dhcp"), ==, "no server offered an address");
  g_assert_true(net_is_ready(r.net, 0));
  rig_clear(&r);
}

static void
test_somebody_has_it(void)
{
  struct rig r;
  rig_init(&r, LAN("", RANGE, "  old: {address: 10.0.0.100/24}\n") "  l2: {ends: [old, sw]}\n", 1);
  rig_run(&r, 40 * SECOND);
  assert_said(&r, "Discover Offer Request ACK Decline Discover Offer Request ACK");
  g_autoptr(GArray) all = all_said(&r);
  const struct said *d = SAID(all, 4);
  assert_addr(option_addr(d, DHCP_REQUESTED), "10.0.0.100");
  assert_addr(option_addr(d, DHCP_SERVER_ID), "10.0.0.1");
  assert_addr(ip_addr_v4(d->m.client), "0.0.0.0"); /* RFC 2131 table 5 */
  assert_addr(d->dst, "255.255.255.255");
  g_assert_cmpint(SAID(all, 5)->time_ns - d->time_ns, >=, 10 * SECOND); /* 3.1 5 */
  g_assert_cmphex(SAID(all, 5)->m.id, !=, d->m.id);
  assert_addr(rig_addr(&r, "pc"), "10.0.0.101");
  g_assert_true(g_str_has_prefix(rig_value(&r, "box", "lease", "10.0.0.100"), "declined "));
  rig_clear(&r);
}

static void
test_renewing(void)
{
  struct rig r;
  rig_init(&r, LAN("", RANGE, ""), 1);
  rig_run(&r, 170 * SECOND);
  assert_said(&r, "Discover Offer Request ACK Request ACK Request ACK Request ACK");
  g_autoptr(GArray) all = all_said(&r);
  for (unsigned i = 4; i < all->len; i += 2) {
    const struct said *q = SAID(all, i);
    /* at T1 of the lease before, asked from the address itself, of the server itself (4.3.6) */
    int64_t gap_ns = q->time_ns - SAID(all, i - 2)->time_ns; /* and a millisecond for ARP */
    g_assert_cmpint(gap_ns, >=, 50 * SECOND - 1000000);
    g_assert_cmpint(gap_ns, <=, 50 * SECOND + 1000000);
    assert_addr(q->src, "10.0.0.100");
    assert_addr(q->dst, "10.0.0.1");
    assert_addr(ip_addr_v4(q->m.client), "10.0.0.100");
    assert_addr(option_addr(q, DHCP_REQUESTED), "none");
    assert_addr(option_addr(q, DHCP_SERVER_ID), "none");
    assert_addr(SAID(all, i + 1)->dst, "10.0.0.100");
  }
  rig_clear(&r);
}

static void
test_rebinding_and_end(void)
{
  struct rig r;
  rig_init(&r,
           LAN("", RANGE, "") "changes:\n  - {at: 20s, link: up, up: false}\n"
                              "  - {at: 115s, link: up, up: true}\n",
           1);
  rig_run(&r, 15 * SECOND);
  struct ip_addr box = {4, {10, 0, 0, 1}};
  net_ping(r.net, 0, &box, 1, SECOND); /* so that its card is known when the link is down */
  rig_run(&r, 200 * SECOND);
  g_autoptr(GArray) all = all_said(&r);
  int64_t from = SAID(all, 2)->time_ns;
  /* T1: to the server; T2: to all; the end: from the beginning, and the same address again */
  g_assert_cmpint(SAID(all, 4)->time_ns, ==, from + 50 * SECOND);
  assert_addr(SAID(all, 4)->dst, "10.0.0.1");
  const struct said *rebind = SAID(all, 5);
  g_assert_cmpint(rebind->time_ns, ==, from + 87 * SECOND);
  assert_addr(rebind->dst, "255.255.255.255");
  assert_addr(rebind->src, "10.0.0.100");
  g_assert_cmpuint(SAID(all, 6)->type, ==, DHCP_DISCOVER);
  g_assert_cmpint(SAID(all, 6)->time_ns, ==, from + 100 * SECOND);
  assert_addr(SAID(all, 6)->src, "0.0.0.0");
  g_assert_cmpstr(rig_value(&r, "pc", "log", "dhcp"), ==, "the lease has run out");
  assert_addr(rig_addr(&r, "pc"), "10.0.0.100");
  rig_clear(&r);
}

static void
test_release(void)
{
  struct rig r;
  rig_init(&r, LAN(", release: 30s", RANGE, ""), 1);
  rig_run(&r, 300 * SECOND);
  assert_said(&r, "Discover Offer Request ACK Release");
  g_autoptr(GArray) all = all_said(&r);
  const struct said *e = SAID(all, 4);
  g_assert_cmpint(e->time_ns, >=, 30 * SECOND);
  g_assert_cmpint(e->time_ns, <, 30 * SECOND + 2000000); /* behind ARP */
  assert_addr(e->dst, "10.0.0.1");
  assert_addr(ip_addr_v4(e->m.client), "10.0.0.100");
  assert_addr(option_addr(e, DHCP_SERVER_ID), "10.0.0.1");
  g_assert_cmpuint(rig_addr(&r, "pc").version, ==, 0);
  g_assert_cmpstr(rig_value(&r, "box", "lease", "10.0.0.100"), ==, "");
  g_assert_cmpstr(rig_value(&r, "pc", "dhcp", "l1"), ==, "released");
  rig_clear(&r);
}

/* Both offer, one is chosen, the other takes its offer back. */
static void
test_two_servers(void)
{
  struct rig r;
  rig_init(&r,
           LAN("", RANGE,
               "  two: {kind: server, address: 10.0.0.2/24, dhcp: {range: [10.0.0.200, "
               "10.0.0.201]}}\n") "  l2: {ends: [two, sw], delay: 5ms}\n",
           1);
  rig_run(&r, 20 * SECOND);
  assert_said(&r, "Discover Offer Request ACK Offer"); /* the second comes late */
  assert_addr(rig_addr(&r, "pc"), "10.0.0.100");
  g_assert_cmpstr(rig_value(&r, "two", "lease", "10.0.0.200"), ==, "");
  rig_clear(&r);
}

/* A refusal sends the client back to its beginning: RFC 2131 4.4.5. */
static void
test_refusal(void)
{
  struct rig r;
  rig_init(
      &r, LAN("", RANGE, "") "faults:\n  - {link: up, from: box, drop: 2, of: udp, times: 1}\n", 1);
  rig_run(&r, 2 * SECOND); /* Discover, Offer, Request; the ACK is lost */
  g_autoptr(GArray) all = all_said(&r);
  uint8_t p[300] = {0};
  struct dhcp m = SAID(all, 0)->m;
  m.op = DHCP_OP_REPLY;
  size_t at = dhcp_put(p, &m);
  dhcp_option_put(p, &at, DHCP_MESSAGE_TYPE, &(uint8_t){DHCP_NAK}, 1);
  p[at++] = DHCP_END;
  struct host *box = r.net->hosts[1];
  struct ip_sending s = {.dst = {4, {255, 255, 255, 255}}, .out = &box->ifaces[0]};
  s.src = iface_addr(s.out, 4)->addr;
  g_assert_true(udp_send_with(box, &s, 67, 68, p, sizeof p));
  rig_run(&r, 20 * SECOND);
  assert_said(&r, "Discover Offer Request ACK NAK Discover Offer Request ACK");
  assert_addr(rig_addr(&r, "pc"), "10.0.0.100");
  rig_clear(&r);
}

/* RFC 2131 4.3.2: who asks for what it may not have is refused, and that is said to all. */
static void
test_server_refuses(void)
{
  struct rig r;
  rig_init(&r, LAN("", RANGE, "  odd: {address: 10.0.0.9/24}\n") "  l2: {ends: [odd, sw]}\n", 1);
  rig_run(&r, 20 * SECOND);
  struct host *odd = r.net->hosts[rig_host(&r, "odd")];
  uint8_t p[300] = {0};
  struct dhcp m = {.op = 1, .hw_type = 1, .hw_octets = 6, .id = 77};
  memcpy(m.mac, odd->ifaces[0].mac, 6);
  size_t at = dhcp_put(p, &m);
  dhcp_option_put(p, &at, DHCP_MESSAGE_TYPE, &(uint8_t){DHCP_REQUEST}, 1);
  dhcp_option_put(p, &at, DHCP_SERVER_ID, (uint8_t[]){10, 0, 0, 1}, 4);
  dhcp_option_put(p, &at, DHCP_REQUESTED, (uint8_t[]){10, 0, 0, 100}, 4);
  p[at++] = DHCP_END;
  struct ip_sending s = {.dst = {4, {255, 255, 255, 255}}, .out = &odd->ifaces[0]};
  s.src = iface_addr(s.out, 4)->addr;
  g_assert_true(udp_send_with(odd, &s, 68, 67, p, sizeof p));
  rig_run(&r, 21 * SECOND);
  assert_said(&r, "Discover Offer Request ACK Request NAK");
  g_autoptr(GArray) all = all_said(&r);
  assert_addr(SAID(all, 5)->dst, "255.255.255.255");
  assert_addr(ip_addr_v4(SAID(all, 5)->m.your), "0.0.0.0");
  rig_clear(&r);
}

static void
test_range_used_up(void)
{
  struct rig r;
  rig_init(&r,
           LAN("", ", dhcp: {range: [10.0.0.100, 10.0.0.100]}",
               "  pc2: {address: dhcp}\n") "  l2: {ends: [pc2, sw]}\n",
           1);
  rig_run(&r, 100 * SECOND);
  unsigned n = (rig_addr(&r, "pc").version == 4) + (rig_addr(&r, "pc2").version == 4);
  g_assert_cmpuint(n, ==, 1);
  g_assert_cmpstr(rig_value(&r, "box", "log", "dhcp"), ==, "no address is free");
  rig_clear(&r);
}

/* A home: the box outside gets its address from the provider, and its hosts share that. */
static void
test_nat_box_with_a_lease(void)
{
  struct rig r;
  rig_init(
      &r,
      "until: 60s\nhosts:\n"
      "  pc: {address: dhcp}\n"
      "  box: {kind: router, addresses: {in: 192.168.1.1/24, wan: dhcp}, nat: {outside: wan},\n"
      "        dhcp: {range: [192.168.1.100, 192.168.1.110]}}\n"
      "  isp: {kind: router, addresses: {wan: 203.0.113.1/24, far: 198.51.100.1/24},\n"
      "        dhcp: {range: [203.0.113.50, 203.0.113.60]}}\n"
      "  srv: {kind: server, address: 198.51.100.9/24, gateway: isp}\n"
      "links:\n  in: {ends: [pc, box]}\n  wan: {ends: [box, isp]}\n  far: {ends: [isp, srv]}\n",
      1);
  rig_run(&r, 30 * SECOND);
  struct ip_addr srv = rig_addr(&r, "srv");
  net_ping(r.net, 0, &srv, 1, SECOND);
  rig_run(&r, 40 * SECOND);
  g_assert_nonnull(rig_value(&r, "pc", "ping 198.51.100.9", "1"));
  rig_clear(&r);
}

static void
test_options(void)
{
  struct dhcp_option o;
  size_t at = 0;
  static const uint8_t good[] = {0, 0, 53, 1, 5, 0, 12, 2, 'p', 'c', 255, 1, 4};
  g_assert_true(dhcp_option_next(good, sizeof good, &at, &o));
  g_assert_cmpuint(o.code * 100u + o.n * 10u + o.p[0], ==, 5315);
  g_assert_true(dhcp_option_next(good, sizeof good, &at, &o));
  g_assert_cmpmem(o.p, o.n, "pc", 2);
  g_assert_false(dhcp_option_next(good, sizeof good, &at, &o)); /* the end mark */
  for (size_t n = 0; n < sizeof good; n++) {                    /* cut anywhere */
    g_autofree uint8_t *copy = g_memdup2(good, n);
    for (at = 0; dhcp_option_next(copy, n, &at, &o);)
      g_assert_cmpuint(at, <=, n);
  }
}

static const struct {
  const char *name, *text, *en, *th;
} refused[] = {
    {"no-until",
     "hosts:\n  a: {address: dhcp}\n  b: {address: 10.0.0.1/24}\nlinks:\n  l: {ends: [a, b]}\n",
     "s.yaml:2: leases are renewed for ever: a scenario with address: dhcp needs an end, for "
     "example "
     "until: 60s",
     "s.yaml:2: สัญญาเช่าจะถูกต่ออายุไปเรื่อย ๆ สถานการณ์ที่มี address: dhcp จึงต้องมีเวลาสิ้นสุด เช่น until: "
     "60s"},
    {"range-of-one", LAN("", ", dhcp: {range: [10.0.0.100]}", ""),
     "s.yaml:4: \"range\" is the first and the last of at most 65536 IPv4 addresses: range: "
     "[10.0.1.100, 10.0.1.150]",
     "s.yaml:4: \"range\" คือที่อยู่ IPv4 ตัวแรกและตัวสุดท้าย รวมไม่เกิน 65536 ที่อยู่: range: [10.0.1.100, "
     "10.0.1.150]"},
    {"range-backwards", LAN("", ", dhcp: {range: [10.0.0.100, 10.0.0.50]}", ""),
     "s.yaml:4: \"range\" is the first and the last of at most 65536 IPv4 addresses: range: "
     "[10.0.1.100, 10.0.1.150]",
     "s.yaml:4: \"range\" คือที่อยู่ IPv4 ตัวแรกและตัวสุดท้าย รวมไม่เกิน 65536 ที่อยู่: range: [10.0.1.100, "
     "10.0.1.150]"},
    {"range-elsewhere", LAN("", ", dhcp: {range: [10.9.0.100, 10.9.0.150]}", ""),
     "s.yaml:4: host \"box\" has no fixed address in the net of this range; give it one, or choose "
     "a "
     "range of its net",
     "s.yaml:4: โฮสต์ \"box\" ไม่มีที่อยู่คงที่ในเครือข่ายของช่วงนี้ ให้กำหนดที่อยู่ "
     "หรือเลือกช่วงในเครือข่ายของโฮสต์"},
    {"short-lease", LAN("", ", dhcp: {range: [10.0.0.100, 10.0.0.110], lease: 1s}", ""),
     "s.yaml:4: a lease lasts 8s or longer; write for example 1h",
     "s.yaml:4: สัญญาเช่าต้องนานตั้งแต่ 8s ขึ้นไป ให้เขียน เช่น 1h"},
    {"release-of-nothing",
     "hosts:\n  a: {address: 10.0.0.2/24, release: 5s}\n  b: {address: 10.0.0.1/24}\nlinks:\n"
     "  l: {ends: [a, b]}\n",
     "s.yaml:2: \"release\" belongs to a host with address: dhcp; remove it",
     "s.yaml:2: \"release\" ใช้กับโฮสต์ที่มี address: dhcp เท่านั้น ให้ลบออก"},
    {"empty-domain", LAN("", ", dhcp: {range: [10.0.0.100, 10.0.0.110], domain: ''}", ""),
     "s.yaml:4: \"domain\" is a name of 1 to 128 octets",
     "s.yaml:4: \"domain\" เป็นชื่อยาว 1 ถึง 128 ออกเตต"},
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
  g_test_add_func("/dhcp/four-messages", test_four_messages);
  g_test_add_func("/dhcp/nobody-answers", test_nobody_answers);
  g_test_add_func("/dhcp/somebody-has-it", test_somebody_has_it);
  g_test_add_func("/dhcp/renewing", test_renewing);
  g_test_add_func("/dhcp/rebinding-and-end", test_rebinding_and_end);
  g_test_add_func("/dhcp/release", test_release);
  g_test_add_func("/dhcp/two-servers", test_two_servers);
  g_test_add_func("/dhcp/refusal", test_refusal);
  g_test_add_func("/dhcp/server-refuses", test_server_refuses);
  g_test_add_func("/dhcp/range-used-up", test_range_used_up);
  g_test_add_func("/dhcp/nat-box-with-a-lease", test_nat_box_with_a_lease);
  g_test_add_func("/dhcp/options", test_options);
  for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *path = g_strconcat("/dhcp/refused/", refused[i].name, NULL);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), test_refused);
  }
  return g_test_run();
}
