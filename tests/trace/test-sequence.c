/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-sequence.c -- one short conversation per analysis item, with the items that Wireshark's
 * users' guide ("TCP Analysis") gives for it; then the same conversations through tshark, where it
 * is. */
#include <glib/gstdio.h>
#include <string.h>

#include "tests/trace/packets.h"

#define MS INT64_C(1000000)
#define SYN TCP_SYN
#define ACK TCP_ACK
#define RETRANSMISSION ANALYSIS_RETRANSMISSION

struct step {
  struct packets_segment s;
  unsigned items;
};

/* from, seq, ack, flags, window (0: 1000, -1: none), scale, text, after */
#define HANDSHAKE                                                                                  \
  {{0, 100, 0, SYN, 0, 0, NULL, 0}, 0}, {{1, 500, 101, SYN | ACK, 0, 0, NULL, 10 * MS}, 0},        \
  {                                                                                                \
    {0, 101, 501, ACK, 0, 0, NULL, MS}, 0                                                          \
  }

static const struct conversation {
  const char *name;
  struct step steps[16];
} conversations[] = {
    {"nothing-unusual",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{1, 501, 104, ACK, 0, 0, "de", MS}, 0},
      {{0, 104, 503, ACK | TCP_FIN, 0, 0, NULL, MS}, 0},
      {{1, 503, 105, ACK | TCP_FIN, 0, 0, NULL, MS}, 0},
      {{0, 105, 504, ACK, 0, 0, NULL, MS}, 0}}},
    {"retransmission-after-a-timeout",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{0, 101, 501, ACK, 0, 0, "abc", 300 * MS}, RETRANSMISSION}}},
    {"fast-retransmission-after-duplicate-acks",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{0, 104, 501, ACK, 0, 0, "def", MS}, 0},
      {{0, 107, 501, ACK, 0, 0, "ghi", MS}, 0},
      {{1, 501, 101, ACK, 0, 0, NULL, MS}, ANALYSIS_DUPLICATE_ACK},
      {{1, 501, 101, ACK, 0, 0, NULL, MS}, ANALYSIS_DUPLICATE_ACK},
      {{1, 501, 101, ACK, 0, 0, NULL, MS}, ANALYSIS_DUPLICATE_ACK},
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, RETRANSMISSION | ANALYSIS_FAST_RETRANSMISSION}}},
    {"spurious-retransmission-of-acknowledged-octets",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{1, 501, 104, ACK, 0, 0, NULL, MS}, 0},
      {{0, 101, 501, ACK, 0, 0, "abc", 300 * MS},
       RETRANSMISSION | ANALYSIS_SPURIOUS_RETRANSMISSION}}},
    {"out-of-order-within-a-round-trip",
     {HANDSHAKE,
      {{0, 104, 501, ACK, 0, 0, "def", MS}, ANALYSIS_LOST_SEGMENT},
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, ANALYSIS_OUT_OF_ORDER}}},
    {"previous-segment-not-captured-and-acked",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{1, 501, 110, ACK, 0, 0, NULL, MS}, ANALYSIS_ACK_LOST_SEGMENT},
      {{0, 110, 501, ACK, 0, 0, "ghi", MS}, ANALYSIS_LOST_SEGMENT}}},
    {"zero-window-probe-and-update",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{1, 501, 104, ACK, -1, 0, NULL, MS}, ANALYSIS_ZERO_WINDOW},
      {{0, 104, 501, ACK, 0, 0, "d", 200 * MS}, ANALYSIS_ZERO_WINDOW_PROBE},
      {{1, 501, 104, ACK, -1, 0, NULL, MS}, ANALYSIS_ZERO_WINDOW | ANALYSIS_ZERO_WINDOW_PROBE_ACK},
      {{1, 501, 104, ACK, 0, 0, NULL, 300 * MS}, ANALYSIS_WINDOW_UPDATE}}},
    {"the-window-is-full",
     {{{0, 100, 0, SYN, 10, 0, NULL, 0}, 0},
      {{1, 500, 101, SYN | ACK, 3, 0, NULL, MS}, 0},
      {{0, 101, 501, ACK, 10, 0, NULL, MS}, 0},
      {{0, 101, 501, ACK, 10, 0, "ab", MS}, 0},
      {{0, 103, 501, ACK, 10, 0, "c", MS}, ANALYSIS_WINDOW_FULL}}},
    {"a-scaled-window-is-full",
     {{{0, 100, 0, SYN, 10, 1, NULL, 0}, 0},
      {{1, 500, 101, SYN | ACK, 3, 2, NULL, MS}, 0},
      {{0, 101, 501, ACK, 10, 0, NULL, MS}, 0},
      {{0, 101, 501, ACK, 10, 0, "abc", MS}, ANALYSIS_WINDOW_FULL}, /* a SYN's window is unscaled */
      {{1, 501, 104, ACK, 3, 0, NULL, MS}, 0},
      {{0, 104, 501, ACK, 10, 0, "def", MS}, 0},
      {{0, 107, 501, ACK, 10, 0, "ghi", MS}, ANALYSIS_WINDOW_FULL}}},
    {"keep-alive-and-its-ack",
     {HANDSHAKE,
      {{0, 101, 501, ACK, 0, 0, "abc", MS}, 0},
      {{1, 501, 104, ACK, 0, 0, NULL, MS}, 0},
      {{0, 103, 501, ACK, 0, 0, NULL, 2000 * MS}, ANALYSIS_KEEP_ALIVE},
      {{1, 501, 104, ACK, 0, 0, NULL, MS}, ANALYSIS_KEEP_ALIVE_ACK}}},
    {"the-same-ports-again",
     {HANDSHAKE,
      {{0, 101, 501, ACK | TCP_RST, 0, 0, NULL, MS}, 0},
      {{0, 9000, 0, SYN, 0, 0, NULL, MS}, ANALYSIS_REUSED_PORTS},
      {{1, 7000, 9001, SYN | ACK, 0, 0, NULL, MS}, 0}}},
    {"the-syn-again",
     {{{0, 100, 0, SYN, 0, 0, NULL, 0}, 0},
      {{0, 100, 0, SYN, 0, 0, NULL, 1000 * MS}, RETRANSMISSION},
      {{1, 500, 101, SYN | ACK, 0, 0, NULL, MS}, 0},
      {{1, 500, 101, SYN | ACK, 0, 0, NULL, MS}, RETRANSMISSION}}},
    {"seen-from-the-middle",
     {{{0, 1000, 5000, ACK, 0, 0, "abc", 0}, 0},
      {{1, 5000, 1003, ACK, 0, 0, "de", MS}, 0},
      {{0, 1003, 5002, ACK, 0, 0, NULL, MS}, 0},
      {{0, 1000, 5002, ACK, 0, 0, "abc", 400 * MS},
       RETRANSMISSION | ANALYSIS_SPURIOUS_RETRANSMISSION}}},
};

static struct packets_feed
play(const struct conversation *c)
{
  struct packets_feed f = packets_begin(LINK_IPV4);
  for (const struct step *s = c->steps; s->s.flags; s++)
    packets_segment(&f, s->s);
  trace_finish(f.trace);
  return f;
}

static void
test_conversation(const void *data)
{
  const struct conversation *c = data;
  struct packets_feed f = play(c);
  for (uint32_t i = 0; i < trace_n_frames(f.trace); i++) {
    g_test_message("frame %u", i + 1);
    g_assert_cmphex(trace_frame(f.trace, i).analysis, ==, c->steps[i].items);
  }
  trace_free(f.trace);
}

static void
test_relative_numbers_and_streams(void)
{
  struct packets_feed f = play(&conversations[10]); /* the same ports again */
  g_assert_cmpuint(trace_n_flows(f.trace), ==, 2);
  g_assert_cmpuint(trace_flow(f.trace, 0)->ends[0].isn, ==, 100);
  g_assert_cmpuint(trace_flow(f.trace, 0)->ends[1].isn, ==, 500);
  g_assert_true(trace_flow(f.trace, 0)->ends[0].rst_seen);
  g_assert_cmpuint(trace_flow(f.trace, 1)->ends[0].isn, ==, 9000);
  g_assert_cmpuint(trace_flow(f.trace, 1)->stream, ==, 1);
  g_assert_cmpuint(trace_find_stream(f.trace, IP_PROTO_TCP, 1), ==, 1);
  g_assert_cmpuint(trace_find_stream(f.trace, IP_PROTO_TCP, 2), ==, TRACE_NONE);
  g_assert_cmpuint(trace_find_stream(f.trace, IP_PROTO_UDP, 0), ==, TRACE_NONE);
  trace_free(f.trace);
  f = play(&conversations[12]); /* from the middle: one before the first seen, and before the ACK */
  g_assert_cmpuint(trace_flow(f.trace, 0)->ends[0].isn, ==, 999);
  g_assert_cmpuint(trace_flow(f.trace, 0)->ends[1].isn, ==, 4999);
  g_assert_cmpuint(trace_flow(f.trace, 0)->client, ==, 0); /* port 1000 asks port 25 */
  trace_free(f.trace);
}

static void
test_tshark_says_the_same(void)
{
  static const char *const items[] = {"retransmission",
                                      "fast_retransmission",
                                      "spurious_retransmission",
                                      "out_of_order",
                                      "lost_segment",
                                      "ack_lost_segment",
                                      "duplicate_ack",
                                      "keep_alive",
                                      "keep_alive_ack",
                                      "zero_window",
                                      "window_full",
                                      "window_update",
                                      "zero_window_probe",
                                      "zero_window_probe_ack",
                                      "reused_ports"};
  g_autofree char *folder = g_dir_make_tmp("enveloscope-sequence-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "conversation.pcapng", NULL);
  g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
  static const char *const head[] = {"tshark", "-r", NULL, "-T", "fields"};
  for (gsize i = 0; i < G_N_ELEMENTS(head); i++)
    g_ptr_array_add(argv, g_strdup(head[i] ? head[i] : path));
  for (gsize i = 0; i < G_N_ELEMENTS(items); i++) {
    g_ptr_array_add(argv, g_strdup("-e"));
    g_ptr_array_add(argv, g_strdup_printf("tcp.analysis.%s", items[i]));
  }
  g_ptr_array_add(argv, NULL);
  for (gsize c = 0; c < G_N_ELEMENTS(conversations); c++) {
    struct packets_feed f = play(&conversations[c]);
    packets_write(path, f.trace);
    g_autofree char *out = packets_run((const char *const *)(void *)argv->pdata);
    if (!out) {
      trace_free(f.trace);
      g_test_skip("tshark is not installed");
      break;
    }
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    for (uint32_t i = 0; i < trace_n_frames(f.trace); i++) {
      g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
      unsigned bits = 0;
      for (gsize k = 0; k < G_N_ELEMENTS(items); k++)
        bits |= fields[k] && *fields[k] ? 1u << k : 0;
      g_test_message("%s, frame %u", conversations[c].name, i + 1);
      g_assert_cmphex(trace_frame(f.trace, i).analysis, ==, bits);
    }
    trace_free(f.trace);
  }
  g_unlink(path);
  g_rmdir(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(conversations); i++) {
    g_autofree char *path = g_strdup_printf("/%s", conversations[i].name);
    g_test_add_data_func(path, &conversations[i], test_conversation);
  }
  g_test_add_func("/relative-numbers-and-streams", test_relative_numbers_and_streams);
  g_test_add_func("/tshark-says-the-same", test_tshark_says_the_same);
  return g_test_run();
}
