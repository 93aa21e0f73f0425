/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-neighbours.c -- switches that learn, and ARP: asking, giving up, claiming and defending an
 * address by the rules of RFC 826, 1122 2.3.2 and 5227. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)

#define HOSTS(a, b, c, sw)                                                                         \
  "hosts:\n"                                                                                       \
  "  a: {address: 10.0.0.1/24" a "}\n"                                                             \
  "  b: {address: 10.0.0.2/24" b "}\n"                                                             \
  "  c: {address: " c "}\n"                                                                        \
  "  sw: {kind: switch" sw "}\n"                                                                   \
  "links:\n"                                                                                       \
  "  la: {ends: [a, sw]}\n"                                                                        \
  "  lb: {ends: [b, sw]}\n"                                                                        \
  "  lc: {ends: [c, sw]}\n"

static unsigned
count_frames(const struct rig *r, uint32_t link, unsigned first)
{
  unsigned n = 0;
  for (unsigned i = first; i < r->frames->len; i++)
    n += rig_frame_at(r, i)->link == link;
  return n;
}

static void
ping(struct rig *r, const char *from, const char *to, unsigned count, int64_t interval_ns)
{
  struct ip_addr addr;
  if (!ip_addr_parse(to, &addr))
    addr = rig_addr(r, to);
  net_ping(r->net, rig_host(r, from), &addr, count, interval_ns);
}

/* A frame from a made-up card on a link towards the switch. */
static void
inject(struct rig *r, const char *host, const uint8_t src[6], const uint8_t dst[6])
{
  struct host *h = r->net->hosts[rig_host(r, host)];
  struct packet *p = packet_new(r->net, h->index, 100);
  struct eth eth = {.type = 0x88b5}; /* IEEE 802: local experiments */
  memcpy(eth.src, src, 6);
  memcpy(eth.dst, dst, 6);
  memset(p->octets, 0, 60);
  eth_put(p->octets, &eth);
  p->n = 60;
  link_send(&h->ifaces[0], p);
}

static const uint8_t mac_x[6] = {0x02, 0x99, 0, 0, 0, 1}, mac_y[6] = {0x02, 0x99, 0, 0, 0, 2},
                     mac_z[6] = {0x02, 0x99, 0, 0, 0, 3};

static void
test_switch_ages_and_moves(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.3/24", ", ageing: 10s"), 1);
  inject(&r, "a", mac_x, mac_y); /* unknown receiver: to b and c */
  rig_run(&r, SECOND);
  g_assert_cmpuint(count_frames(&r, 1, 0), ==, 1);
  g_assert_cmpuint(count_frames(&r, 2, 0), ==, 1);
  g_assert_cmpstr(rig_value(&r, "sw", "switch", "02:99:00:00:00:01"), ==, "la");
  inject(&r, "b", mac_y, mac_x); /* known: to a only */
  rig_run(&r, 2 * SECOND);
  g_assert_cmpuint(count_frames(&r, 2, 0), ==, 1);
  inject(&r, "c", mac_x, mac_y); /* x moved */
  rig_run(&r, 3 * SECOND);
  g_assert_cmpstr(rig_value(&r, "sw", "switch", "02:99:00:00:00:01"), ==, "lc");
  g_assert_cmpstr(rig_value(&r, "sw", "log", "switch"), ==, "02:99:00:00:00:01 moved to lc");
  unsigned first = r.frames->len;
  rig_run(&r, 13 * SECOND); /* x was seen at 2 s: 11 s ago */
  inject(&r, "b", mac_y, mac_x);
  rig_run(&r, 14 * SECOND);
  g_assert_cmpstr(rig_value(&r, "sw", "switch", "02:99:00:00:00:01"), ==, "");
  g_assert_cmpuint(count_frames(&r, 0, first), ==, 1);
  g_assert_cmpuint(count_frames(&r, 2, first), ==, 1);
  rig_clear(&r);
}

static void
test_switch_table_full(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.3/24", ", table: 2, ageing: 10s"), 1);
  inject(&r, "a", mac_x, mac_z);
  inject(&r, "b", mac_y, mac_z);
  rig_run(&r, SECOND);
  inject(&r, "c", mac_z, mac_x); /* known receiver, but z is not learned any more */
  rig_run(&r, 2 * SECOND);
  g_assert_null(rig_value(&r, "sw", "switch", "02:99:00:00:00:03"));
  g_assert_cmpstr(rig_value(&r, "sw", "log", "switch"), ==,
                  "table of 2 addresses is full: no more are learned");
  unsigned first = r.frames->len;
  inject(&r, "a", mac_x, mac_z); /* so everybody hears what is for z */
  rig_run(&r, 3 * SECOND);
  g_assert_cmpuint(count_frames(&r, 1, first), ==, 1);
  g_assert_cmpuint(count_frames(&r, 2, first), ==, 1);
  rig_run(&r, 20 * SECOND); /* x and y are forgotten, z is learned */
  inject(&r, "c", mac_z, mac_x);
  rig_run(&r, 21 * SECOND);
  g_assert_cmpstr(rig_value(&r, "sw", "switch", "02:99:00:00:00:03"), ==, "lc");
  g_assert_cmpstr(rig_value(&r, "sw", "switch", "02:99:00:00:00:02"), ==, "");
  rig_clear(&r);
}

/* Hundreds of addresses that come, age and come again: the table always knows the last port. */
static void
test_switch_remembers_many(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.3/24", ", table: 300, ageing: 5s"), 1);
  static const char *const names[] = {"a", "b", "c"}, *const links[] = {"la", "lb", "lc"};
  for (unsigned round = 0; round < 3; round++) {
    for (unsigned i = 0; i < 300; i++) {
      uint8_t mac[6] = {0x02, 0x77, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
      inject(&r, names[(i + round) % 3], mac, mac_x);
      rig_run(&r, world_now(r.world) + 1000000);
    }
    for (unsigned i = 0; i < 300; i += 7) {
      g_autofree char *text = g_strdup_printf("02:77:00:00:%02x:%02x", i >> 8, i & 255);
      g_assert_cmpstr(rig_value(&r, "sw", "switch", text), ==, links[(i + round) % 3]);
      uint8_t mac[6] = {0x02, 0x77, 0, 0, (uint8_t)(i >> 8), (uint8_t)i};
      unsigned first = r.frames->len, from = (i + round + 1) % 3;
      uint8_t known[6] = {0x02, 0x77, 0, 0, 0, (uint8_t)((from + 3 - round) % 3)};
      inject(&r, names[from], known, mac); /* goes to one port, not to the third */
      rig_run(&r, world_now(r.world) + 1000000);
      g_assert_cmpuint(count_frames(&r, (i + round) % 3, first), ==, 1);
      g_assert_cmpuint(r.frames->len, ==, first + 2);
    }
    if (round == 1)
      rig_run(&r, world_now(r.world) + 6 * SECOND);
  }
  rig_clear(&r);
}

/* ---- ARP ---- */

/* Fields of an ARP message, to be compared as a whole. */
static char *
arp_text(const struct world_frame *f)
{
  struct arp arp;
  if (get_be16(f->octets + 12) != ETHER_ARP || !arp_get(f->octets + 14, f->n_octets - 14, &arp))
    return NULL;
  struct ip_addr sender = ip_addr_v4(arp.sender_ip), target = ip_addr_v4(arp.target_ip);
  char s[ADDR_TEXT_MAX], t[ADDR_TEXT_MAX];
  return g_strdup_printf("%u %s %s", arp.opcode, ip_addr_format(&sender, s),
                         ip_addr_format(&target, t));
}

/* The ARP messages that a host sent, one per line with its time in ms when asked for. */
static char *
arp_of(const struct rig *r, const char *host)
{
  GString *all = g_string_new(NULL);
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    g_autofree char *text = f->from_host == rig_host(r, host) && f->is_sender ? arp_text(f) : NULL;
    if (text)
      g_string_append_printf(all, "%s\n", text);
  }
  return g_string_free(all, FALSE);
}

static void
assert_arp(const struct rig *r, const char *host, const char *want)
{
  g_autofree char *got = arp_of(r, host);
  g_assert_cmpstr(got, ==, want);
}

static void
test_arp_asks_three_times(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.3/24", ""), 1);
  ping(&r, "a", "10.0.0.99", 1, SECOND);
  rig_run(&r, 1500000000);
  g_assert_cmpstr(rig_value(&r, "a", "arp", "10.0.0.99"), ==, "asking 2");
  rig_run(&r, 10 * SECOND);
  assert_arp(&r, "a", "1 10.0.0.1 10.0.0.99\n1 10.0.0.1 10.0.0.99\n1 10.0.0.1 10.0.0.99\n");
  g_assert_cmpint(rig_frame_at(&r, r.frames->len - 1)->time_ns, <, 3 * SECOND);
  g_assert_cmpstr(rig_value(&r, "a", "arp", "10.0.0.99"), ==, "");
  g_assert_cmpstr(rig_value(&r, "a", "drop", "1"), ==, "no-neighbour at=la");
  rig_clear(&r);
}

static void
test_arp_announcement_renews_caches(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.3/24, claim: announce", ""), 1);
  rig_run(&r, 10 * SECOND);
  /* RFC 5227 2.3: two announcements, the address in both places */
  assert_arp(&r, "c", "1 10.0.0.3 10.0.0.3\n1 10.0.0.3 10.0.0.3\n");
  /* Nobody asked for it, so nobody keeps it: RFC 826 merges only. */
  g_assert_null(rig_value(&r, "a", "arp", "10.0.0.3"));
  g_assert_cmpstr(rig_value(&r, "c", "address", "10.0.0.3"), ==, "ours");
  rig_clear(&r);
}

static void
test_probe_of_a_free_address(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.3/24, claim: probe", ""), 3);
  uint32_t c = rig_host(&r, "c");
  g_assert_false(net_is_ready(r.net, c));
  rig_run(&r, 30 * SECOND);
  assert_arp(&r, "c",
             "1 0.0.0.0 10.0.0.3\n1 0.0.0.0 10.0.0.3\n1 0.0.0.0 10.0.0.3\n"
             "1 10.0.0.3 10.0.0.3\n1 10.0.0.3 10.0.0.3\n");
  int64_t t[5];
  unsigned n = 0;
  for (unsigned i = 0; i < r.frames->len; i++)
    if (rig_frame_at(&r, i)->from_host == c)
      t[n++] = rig_frame_at(&r, i)->time_ns;
  g_assert_cmpuint(n, ==, 5);
  g_assert_cmpint(t[0], <=, SECOND); /* PROBE_WAIT */
  for (unsigned i = 1; i < 3; i++) { /* PROBE_MIN, PROBE_MAX */
    g_assert_cmpint(t[i] - t[i - 1], >=, SECOND);
    g_assert_cmpint(t[i] - t[i - 1], <=, 2 * SECOND);
  }
  g_assert_cmpint(t[3] - t[2], ==, 2 * SECOND); /* ANNOUNCE_WAIT */
  g_assert_cmpint(t[4] - t[3], ==, 2 * SECOND); /* ANNOUNCE_INTERVAL */
  g_assert_true(net_is_ready(r.net, c));
  ping(&r, "a", "10.0.0.3", 1, SECOND);
  rig_run(&r, 40 * SECOND);
  g_assert_nonnull(rig_value(&r, "a", "ping 10.0.0.3", "1"));
  rig_clear(&r);
}

static void
note_time(void *data)
{
  struct rig *r = *(struct rig **)data;
  *(struct rig **)data = NULL;
  g_assert_true(net_is_ready(r->net, rig_host(r, "c")));
}

static void
test_probe_of_a_taken_address(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", "", "10.0.0.2/24, claim: probe", ""), 3);
  struct rig *when = &r;
  net_when_ready(r.net, rig_host(&r, "c"), note_time, &when);
  rig_run(&r, 30 * SECOND);
  assert_arp(&r, "c", "1 0.0.0.0 10.0.0.2\n");
  assert_arp(&r, "b", "2 10.0.0.2 0.0.0.0\n");
  g_assert_cmpstr(rig_value(&r, "c", "address", "10.0.0.2"), ==, "taken");
  g_assert_cmpuint(net_host_info(r.net, rig_host(&r, "c")).addr.version, ==, 0);
  g_assert_cmpstr(rig_value(&r, "c", "log", "arp"), ==,
                  "10.0.0.2 is also used or wanted by 02:00:00:00:02:00");
  g_assert_null(when);
  ping(&r, "a", "10.0.0.2", 1, SECOND); /* b still has it */
  rig_run(&r, 40 * SECOND);
  g_assert_cmpstr(rig_value(&r, "a", "arp", "10.0.0.2"), ==, "02:00:00:00:02:00");
  rig_clear(&r);
}

/* RFC 5227 2.1.1: two probe for the same address at once, neither may have it. */
static void
test_two_probe_at_once(void)
{
  struct rig r;
  rig_init(&r,
           "hosts:\n  a: {address: 10.0.0.9/24, claim: probe}\n"
           "  b: {address: 10.0.0.9/24, claim: probe}\nlinks:\n  l: {ends: [a, b]}\n",
           3);
  rig_run(&r, 30 * SECOND);
  const char *a = rig_value(&r, "a", "address", "10.0.0.9"),
             *b = rig_value(&r, "b", "address", "10.0.0.9");
  /* who hears the other's probe first gives way; the other finds it free */
  g_assert_true((strcmp(a, "taken") == 0) != (strcmp(b, "taken") == 0));
  g_assert_true((strcmp(a, "ours") == 0) != (strcmp(b, "ours") == 0));
  rig_clear(&r);
}

/* RFC 5227 2.4 (b): one announcement in defence; who sees a second conflict within 10 s gives up.
 */
static void
test_defence(void)
{
  struct rig r;
  rig_init(&r, HOSTS("", ", kind: server", "10.0.0.2/24, claim: announce", ""), 3);
  rig_run(&r, 30 * SECOND);
  assert_arp(&r, "b", "1 10.0.0.2 10.0.0.2\n"); /* a server defends once in 10 s and stays */
  /* takes it, sees the defence, defends too, announces again, then nothing: no further conflict
   * came */
  assert_arp(&r, "c", "1 10.0.0.2 10.0.0.2\n1 10.0.0.2 10.0.0.2\n1 10.0.0.2 10.0.0.2\n");
  g_assert_cmpstr(rig_value(&r, "b", "address", "10.0.0.2"), !=, "lost");
  rig_clear(&r);

  rig_init(&r, HOSTS("", "", "10.0.0.2/24, claim: announce", ""), 3);
  rig_run(&r, 30 * SECOND);
  /* b defends once; c's answer to that is the second conflict within 10 s */
  assert_arp(&r, "b", "1 10.0.0.2 10.0.0.2\n");
  g_assert_cmpstr(rig_value(&r, "b", "address", "10.0.0.2"), ==, "lost");
  g_assert_cmpuint(net_host_info(r.net, rig_host(&r, "b")).addr.version, ==, 0);
  g_assert_cmpuint(net_host_info(r.net, rig_host(&r, "c")).addr.version, ==, 4);
  rig_clear(&r);
}

static const struct {
  const char *name, *text, *en, *th;
} refused[] = {
    {"claim", HOSTS(", claim: maybe", "", "10.0.0.3/24", ""),
     "s.yaml:2: \"claim\" is \"maybe\"; write none, probe or announce",
     "s.yaml:2: \"claim\" มีค่า \"maybe\" ให้เขียน none, probe หรือ announce"},
    {"clash-without-claim", HOSTS("", "", "10.0.0.2/24", ""),
     "s.yaml:4: the address 10.0.0.2 is already host \"b\"'s; give each host its own",
     "s.yaml:4: ที่อยู่ 10.0.0.2 เป็นของโฮสต์ \"b\" อยู่แล้ว ให้แต่ละโฮสต์มีที่อยู่ของตัวเอง"},
    {"table-of-a-pc", HOSTS(", table: 5", "", "10.0.0.3/24", ""),
     "s.yaml:2: \"table\" belongs to a switch; remove it or write kind: switch",
     "s.yaml:2: \"table\" ใช้กับสวิตช์เท่านั้น ให้ลบออกหรือเขียน kind: switch"},
    {"table-of-none", HOSTS("", "", "10.0.0.3/24", ", table: 0"),
     "s.yaml:5: \"table\" is \"0\"; write a whole number from 1 to 131072",
     "s.yaml:5: \"table\" มีค่า \"0\" ให้เขียนจำนวนเต็มตั้งแต่ 1 ถึง 131072"},
    {"ageing-at-once", HOSTS("", "", "10.0.0.3/24", ", ageing: 0"),
     "s.yaml:5: \"ageing\" is longer than 0; write for example 300s",
     "s.yaml:5: \"ageing\" ต้องมากกว่า 0 ให้เขียน เช่น 300s"},
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
  g_test_add_func("/switch/ages-and-moves", test_switch_ages_and_moves);
  g_test_add_func("/switch/table-full", test_switch_table_full);
  g_test_add_func("/switch/remembers-many", test_switch_remembers_many);
  g_test_add_func("/arp/asks-three-times", test_arp_asks_three_times);
  g_test_add_func("/arp/announcement", test_arp_announcement_renews_caches);
  g_test_add_func("/arp/probe-of-a-free-address", test_probe_of_a_free_address);
  g_test_add_func("/arp/probe-of-a-taken-address", test_probe_of_a_taken_address);
  g_test_add_func("/arp/two-probe-at-once", test_two_probe_at_once);
  g_test_add_func("/arp/defence", test_defence);
  for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *path = g_strconcat("/neighbours/refused/", refused[i].name, NULL);
    g_test_add_data_func(path, GUINT_TO_POINTER(i), test_refused);
  }
  return g_test_run();
}
