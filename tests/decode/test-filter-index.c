/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-filter-index.c -- a filter over the index selects exactly what decoding every frame selects.
 *
 * Both ways run over every capture there is, malformed ones too: with the index allowed
 * (filter_scan_run) and with it forbidden (filter_match of every decoded frame). The same file as
 * it grows, cut into slices of time, and read again after it has shrunk. */
#include <glib/gstdio.h>
#include <string.h>

#include "capture/filter/scan.h"
#include "tests/decode/filter-list.h"
#include "tests/trace/packets.h"

enum { FRAMES_MAX = 200 }; /* of one capture: 300 filters decode what the index leaves open */

/* Forms that the list for tshark does not have. */
static const char *const more[] = {
    "frame",
    "not frame",
    "",
    "frame.interface_id == 0",
    "frame.time_epoch > 0 and frame.time > \"1970-01-01 00:00:00Z\"",
    "tcp.flags & 0xe00",
    "tcp.flags & 0x100 or tcp.flags.ae",
    "tcp.flags > 0x200",
    "tcp.analysis",
    "tcp.analysis.keep_alive_ack or tcp.analysis.zero_window_probe",
    "tcp.analysis.zero_window_probe_ack xor tcp.analysis.window_update",
    "count(ip.addr) == 2",
    "count(tcp) == 1",
    "count(ip) > 1",
    "string(tcp.port) matches \"5$\"",
    "ip.addr[0] == 0a or ip.src == 0.0.0.0",
    "ip.src[1:2] == ip.dst[1:2]",
    "max(frame.number, tcp.srcport) > 5000",
    "max(tcp.port, udp.port) > 5000",
    "min(ip.addr, ip.src) == 10.0.0.1",
    "all ip.addr == 10.0.0.0/8 or all ipv6.addr != ::1",
    "tcp.len == tcp.srcport or tcp.len < frame.len",
    "frame.number > tcp.stream and frame.len == 60",
    "tcp.stream in {frame.number, 0 .. 2}",
    "tcp.port == 80 xor tcp.flags.syn",
    "ipv6.src == 2001:db8::/32 xor ip",
    "smtp xor tcp.len == 0",
    "imf or tls",
    "imf.from contains \"@\"",
    "not smtp.req and not pop.request and not imap.request",
    "not (tcp.analysis.flags or udp or icmp)",
    "tcp.payload contains 0d or frame contains 0a",
    "tcp.payload matches \"^[A-Z]\" and tcp.port < 1024",
    "not tcp.payload contains \"a\"",
    "frame contains \"a\" and not frame contains \"e\"",
    "frame contains \"\"",
    "tcp.port == 25 and not frame matches \"[0-9]\"",
    "udp.port == 53 or udp.stream < 3 or udp.srcport > udp.dstport",
    "arp or icmp or icmpv6",
    "arp.opcode == 1 or icmp.type == 3",
    "ip.ttl == 64 and tcp.flags.ack",
    "tcp.seq == 1 or udp.length > 8",
    "frame.len > {50 + 4} or frame.len < -1",
    "frame.len in {0..59, 61..100} and not frame.number in {2..3}",
    "all tcp.port > 1000 or any ip.addr != 10.0.0.1",
    "tcp.port in {20..30} xor all tcp.port in {20..30, 1000..2000}",
    "udp.srcport & 1 or tcp.srcport & 2",
    "ip.addr in {10.0.0.1, 192.168.0.0/16} and not ip.proto == 6",
    "ip.proto == 1 or ipv6.addr == fe80::/10",
    "not (ip or ipv6) and not arp",
    "frame and not tcp.analysis.retransmission and tcp.flags.syn == 0",
    "frame.time_delta > 0.001 and frame.time_relative < 1",
    "frame matches \"ehlo\" or frame matches \"a.*b\" or tcp.payload matches \"OK$\"",
    "(tcp.flags.syn or tcp.flags.fin) and tcp.flags.ack == 0 or tcp.flags & 4",
    "eth.src[0] & 1 or tcp.flags.reset",
    NULL,
};

struct tested {
  const char *text;
  struct filter *filter;
  struct filter_scan *scan;
  GArray *index, *pass2;
};

static void
tested_clear(gpointer data)
{
  struct tested *one = data;
  filter_scan_free(one->scan);
  filter_free(one->filter);
  g_array_unref(one->index);
  g_array_unref(one->pass2);
}

static void
add_filters(GArray *all, const struct trace *t, const char *const *texts)
{
  for (; *texts; texts++) {
    struct filter_error error;
    struct tested one = {.text = *texts, .filter = filter_compile(*texts, &error)};
    if (!one.filter)
      g_error("%s: %s", *texts, error.message);
    one.scan = filter_scan_new(one.filter, t);
    one.index = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    one.pass2 = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_array_append_val(all, one);
  }
}

static GArray *
all_filters(const struct trace *t)
{
  GArray *all = g_array_new(FALSE, FALSE, sizeof(struct tested));
  g_array_set_clear_func(all, tested_clear);
  add_filters(all, t, filter_list);
  add_filters(all, t, more);
  return all;
}

/* Without the index, each frame decoded once. */
static void
forbid(GArray *all, struct decode *d, uint32_t first, uint32_t end)
{
  for (uint32_t k = first; k < end; k++) {
    decode_frame(d, k);
    for (guint i = 0; i < all->len; i++) {
      struct tested *one = &g_array_index(all, struct tested, i);
      if (filter_match(one->filter, d))
        g_array_append_val(one->pass2, k);
    }
  }
}

static bool
is_same(const GArray *a, const GArray *b)
{
  return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len * 4) == 0);
}

static unsigned
compare(GArray *all, const char *name)
{
  unsigned n_different = 0;
  for (guint i = 0; i < all->len; i++) {
    const struct tested *one = &g_array_index(all, struct tested, i);
    if (is_same(one->index, one->pass2))
      continue;
    uint32_t at = 0;
    while (at < one->index->len && at < one->pass2->len &&
           g_array_index(one->index, uint32_t, at) == g_array_index(one->pass2, uint32_t, at))
      at++;
    g_test_message("%s: %s: %u frames by the index, %u by pass 2; the first that differs is %u, %u",
                   name, one->text, one->index->len, one->pass2->len,
                   at < one->index->len ? g_array_index(one->index, uint32_t, at) + 1 : 0,
                   at < one->pass2->len ? g_array_index(one->pass2, uint32_t, at) + 1 : 0);
    n_different++;
  }
  return n_different;
}

static uint64_t n_open, n_asked;

static unsigned
compare_trace(const struct trace *t, const char *name)
{
  struct decode *d = decode_new(t);
  uint32_t end = MIN(trace_n_frames(t), (uint32_t)FRAMES_MAX);
  g_autoptr(GArray) all = all_filters(t);
  forbid(all, d, 0, end);
  for (guint i = 0; i < all->len; i++) {
    struct tested *one = &g_array_index(all, struct tested, i);
    g_assert_cmpuint(filter_scan_run(one->scan, d, 0, end, 0, one->index), ==, end);
    n_open += filter_scan_cost(one->scan).n_decoded;
    n_asked += end;
  }
  decode_free(d);
  return compare(all, name);
}

static void
test_captures(gconstpointer data)
{
  const char *corpus = g_getenv("ENVELOSCOPE_CORPUS");
  if (!corpus) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set");
    return;
  }
  g_autofree char *captures = g_build_filename(corpus, data, NULL);
  g_autoptr(GDir) dir = g_dir_open(captures, 0, NULL);
  g_assert_nonnull(dir);
  unsigned n_different = 0, n = 0;
  n_open = n_asked = 0;
  for (const char *file; (file = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(captures, file, NULL);
    g_autoptr(trace_owned) t = trace_new();
    if (strstr(file, ".pcap") && trace_load_file(t, path, NULL, NULL)) {
      n_different += compare_trace(t, file);
      n++;
    }
  }
  g_test_message("%u captures; %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " answers were decoded",
                 n, n_open, n_asked);
  g_assert_cmpuint(n, >, 5);
  g_assert_cmpuint(n_open, <, n_asked / 2);
  g_assert_cmpuint(n_different, ==, 0);
}

static void
test_own_captures(void)
{
  static const char *const runs[] = {
      "mail-journey",        "mail-journey-v6", "fragmentation", "tcp-zero-window",
      "tcp-timeout",         "traceroute",      "dhcp",          "implicit-tls",
      "starttls-submission", "path-mtu",        "imap-states",   "pop3-three-states"};
  const char *sim = g_getenv("ENVELOSCOPE_SIM");
  if (!sim) {
    g_test_skip("ENVELOSCOPE_SIM is not set");
    return;
  }
  g_autofree char *folder = g_dir_make_tmp("filter-XXXXXX", NULL);
  g_autofree char *capture = g_build_filename(folder, "run.pcapng", NULL);
  unsigned n_different = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
    const char *const argv[] = {sim, "run", runs[i], "--quiet", "-w", capture, NULL};
    g_autofree char *ignored = packets_run(argv);
    g_assert_nonnull(ignored);
    g_autoptr(trace_owned) t = trace_new();
    g_assert_true(trace_load_file(t, capture, NULL, NULL));
    n_different += compare_trace(t, runs[i]);
  }
  g_assert_cmpuint(n_different, ==, 0);
  g_unlink(capture);
  g_rmdir(folder);
}

/* A session that begins TLS, with reserved bits, a cut frame, repetitions and a hole. */
static void
feed_some(struct packets_feed *f, unsigned round)
{
  static const char *const said[] = {
      "220 mx.test ready\r\n", "EHLO client.test\r\n", "250-mx.test\r\n250 STARTTLS\r\n",
      "STARTTLS\r\n",          "220 go on\r\n",        "\x16\x03\x01\x00\x05hello"};
  uint32_t seq[2] = {1000 + round * 100000, 5000 + round * 100000};
  packets_segment(f, (struct packets_segment){.from = 0, .seq = seq[0] - 1, .flags = TCP_SYN});
  packets_segment(f, (struct packets_segment){
                         .from = 1, .seq = seq[1] - 1, .ack = seq[0], .flags = TCP_SYN | TCP_ACK});
  for (unsigned i = 0; i < G_N_ELEMENTS(said); i++) {
    unsigned from = i % 2 == 0;
    if (i == G_N_ELEMENTS(said) - 1)
      from = 0;
    struct packets_segment s = {.from = from,
                                .seq = seq[from],
                                .ack = seq[!from],
                                .flags = TCP_ACK | TCP_PSH,
                                .text = said[i]};
    packets_segment(f, s);
    if (i == 1)
      packets_segment(f, s);
    seq[from] += (uint32_t)strlen(said[i]);
    packets_segment(
        f, (struct packets_segment){
               .from = !from, .seq = seq[!from], .ack = seq[from], .flags = TCP_ACK | TCP_ECE});
  }
}

/* Rows are asked for while the trace grows: each frame is tested when it has come. */
static void
test_growing(void)
{
  struct packets_feed f = packets_begin(LINK_RAW);
  struct decode *d = decode_new(f.trace);
  g_autoptr(GArray) all = all_filters(f.trace);
  uint32_t tested = 0;
  for (unsigned round = 0; round < 40; round++) {
    feed_some(&f, round);
    uint32_t end = trace_n_frames(f.trace);
    forbid(all, d, tested, end);
    for (guint i = 0; i < all->len; i++) {
      struct tested *one = &g_array_index(all, struct tested, i);
      filter_scan_run(one->scan, d, tested, end, 0, one->index);
    }
    tested = end;
  }
  g_assert_cmpuint(compare(all, "growing"), ==, 0);
  decode_free(d);
  trace_finish(f.trace);
  trace_free(f.trace);
}

static void
append_hex(struct packets_feed *f, const char *hex)
{
  g_autoptr(GByteArray) frame = packets_hex(hex);
  packets_append(f, frame, 1000000);
}

#define ETHER "02 00 00 00 00 02  02 00 00 00 00 01 "
#define ARP_BODY                                                                                   \
  "00 01 08 00 06 04 00 01  02 00 00 00 00 01 0a 00 00 01  00 00 00 00 00 00 0a 00 00 02 "
#define ADDRESSES "0a 00 00 01 0a 00 00 02 "
#define QUOTED                                                                                     \
  "45 00 00 1c 00 07 00 00 40 11 00 00 0a 00 00 02 0a 00 00 03  10 00 00 35 00 08 00 00 "
#define ADDRESSES6                                                                                 \
  "fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01 ff 02 00 00 00 00 00 00 00 00 00 00 00 00 00 "  \
  "02 "

/* Frames of no flow: the first ones are told without pass 2, the others are decoded; both ways say
 * the same. */
static void
test_without_flow(void)
{
  static const char *const told[] = {
      ETHER "08 06 " ARP_BODY,
      ETHER "08 06 " ARP_BODY "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
      ETHER "08 00 45 00 00 1c 00 03 00 00 40 01 00 00 " ADDRESSES "08 00 f7 fe 00 01 00 00",
      ETHER "08 00 45 00 00 1d 00 03 00 00 40 01 00 00 " ADDRESSES "00 00 f7 fe 00 01 00 00 41",
      ETHER "86 dd 60 00 00 00 00 08 3a ff " ADDRESSES6 "80 00 00 00 00 01 00 00",
  };
  static const char *const others[] = {
      /* Port unreachable: it quotes addresses and ports. */
      ETHER "08 00 45 00 00 38 00 04 00 00 40 01 00 00 " ADDRESSES
            "03 03 00 00 00 00 00 00 " QUOTED,
      /* Options, a fragment, an echo request that was cut short, half an ARP, ARP behind a tag. */
      ETHER "08 00 46 00 00 20 00 03 00 00 40 01 00 00 " ADDRESSES
            "94 04 00 00 08 00 f7 fe 00 01 00 00",
      ETHER "08 00 45 00 00 1c 00 03 20 00 40 01 00 00 " ADDRESSES "08 00 f7 fe 00 01 00 00",
      ETHER "08 00 45 00 00 40 00 03 00 00 40 01 00 00 " ADDRESSES "08 00 f7 fe 00 01 00 00",
      ETHER "08 06 00 01 08 00 06 04 00 01",
      ETHER "81 00 00 05 08 06 " ARP_BODY,
      /* OSPF; a neighbour solicitation. */
      ETHER "08 00 45 00 00 18 00 03 00 00 40 59 00 00 " ADDRESSES "02 01 00 04",
      ETHER "86 dd 60 00 00 00 00 18 3a ff " ADDRESSES6
            "87 00 00 00 00 00 00 00 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 09",
  };
  struct packets_feed f = packets_begin(LINK_ETHERNET);
  for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
    append_hex(&f, told[i]);
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    append_hex(&f, others[i]);
  trace_finish(f.trace);
  g_assert_cmpuint(compare_trace(f.trace, "without flow"), ==, 0);
  struct decode *d = decode_new(f.trace);
  struct filter *filter = filter_compile("tcp.port == 53 or ip.addr == 10.0.0.3 or arp", NULL);
  struct filter_scan *scan = filter_scan_new(filter, f.trace);
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  filter_scan_run(scan, d, 0, G_N_ELEMENTS(told), 0, rows);
  g_assert_cmpuint(filter_scan_cost(scan).n_decoded, ==, 0);
  g_assert_cmpuint(rows->len, ==, 2); /* both ARP */
  filter_scan_run(scan, d, G_N_ELEMENTS(told), trace_n_frames(f.trace), 0, rows);
  g_assert_cmpuint(filter_scan_cost(scan).n_decoded, ==, G_N_ELEMENTS(others));
  filter_scan_free(scan);
  filter_free(filter);
  decode_free(d);
  trace_free(f.trace);
}

/* In slices of no time at all the rows are the same, and every slice gets on. */
static void
test_slices(void)
{
  struct packets_feed f = packets_begin(LINK_RAW);
  for (unsigned round = 0; round < 200; round++)
    feed_some(&f, round);
  trace_finish(f.trace);
  struct decode *d = decode_new(f.trace);
  static const char *const texts[] = {"smtp.req", "tcp.port == 25 and tcp.len > 0", "tcp.seq == 1"};
  for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
    struct filter *filter = filter_compile(texts[i], NULL);
    struct filter_scan *scan = filter_scan_new(filter, f.trace);
    g_autoptr(GArray) whole = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) sliced = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    uint32_t n = trace_n_frames(f.trace), at = 0;
    unsigned n_slices = 0;
    filter_scan_run(scan, d, 0, n, 0, whole);
    g_assert_cmpuint(whole->len, >, 0);
    for (uint32_t before = 0; at < n; before = at, n_slices++) {
      at = filter_scan_run(scan, d, at, n, 1, sliced);
      g_assert_cmpuint(at, >, before);
    }
    g_assert_cmpuint(n_slices, >, 1);
    g_assert_true(is_same(whole, sliced));
    filter_scan_free(scan);
    filter_free(filter);
  }
  decode_free(d);
  trace_free(f.trace);
}

/* A filter of indexed keys decodes nothing; one of mail decodes only frames of mail. */
static void
test_cost(void)
{
  struct packets_feed f = packets_begin(LINK_RAW);
  for (unsigned round = 0; round < 20; round++)
    feed_some(&f, round);
  trace_finish(f.trace);
  struct decode *d = decode_new(f.trace);
  static const struct {
    const char *text;
    unsigned decoded; /* per thousand frames, at most */
  } rows[] = {
      {"tcp.port == 25 and tcp.flags.syn == 1 and not tcp.analysis.flags", 0},
      {"ip.addr == 10.0.0.1 or frame.len > 60 or tcp.len in {1..10}", 0},
      {"udp or dns and ipv6 or icmp.type == 3", 1000},
      {"udp.port == 53 and dns.qry.name contains \"a\"", 0},
      {"frame contains \"EHLO\" or tcp.payload contains \"STARTTLS\"", 0},
      {"tcp.srcport == 25 and smtp.response.code == 220", 300},
      {"pop.request.command == \"USER\"", 600},
      {"frame.number < 10 and tcp.seq == 1", 50},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct filter *filter = filter_compile(rows[i].text, NULL);
    g_assert_nonnull(filter);
    struct filter_scan *scan = filter_scan_new(filter, f.trace);
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    filter_scan_run(scan, d, 0, trace_n_frames(f.trace), 0, found);
    struct filter_scan_cost cost = filter_scan_cost(scan);
    g_assert_cmpuint(cost.n_frames, ==, trace_n_frames(f.trace));
    if (cost.n_decoded * 1000 > cost.n_frames * rows[i].decoded)
      g_error("%s decodes %u of %u frames", rows[i].text, (unsigned)cost.n_decoded,
              (unsigned)cost.n_frames);
    filter_scan_free(scan);
    filter_free(filter);
  }
  decode_free(d);
  trace_free(f.trace);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/filter/index/growing-trace", test_growing);
  g_test_add_func("/filter/index/slices", test_slices);
  g_test_add_func("/filter/index/without-flow", test_without_flow);
  g_test_add_func("/filter/index/decodes-only-what-is-open", test_cost);
  g_test_add_func("/filter/index/own-captures", test_own_captures);
  g_test_add_data_func("/filter/index/one-feature-each", "onefeature", test_captures);
  g_test_add_data_func("/filter/index/real-sessions", "real", test_captures);
  g_test_add_data_func("/filter/index/malformed", "malformed", test_captures);
  return g_test_run();
}
