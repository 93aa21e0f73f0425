/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-stream.c -- however segments and fragments arrive, the same octets come out. */
#include <string.h>

#include "capture/trace/fragments.h"
#include "capture/trace/stream.h"
#include "tests/trace/packets.h"

enum { TEXT_OCTETS = 26, ROUNDS = 2000 };
static const char text[] = "abcdefghijklmnopqrstuvwxyz";

struct collected {
  GString *octets; /* '_' for each octet of a gap */
  uint64_t n_gap_octets;
};

static void
on_octets(void *data, const struct stream_run *run)
{
  struct collected *c = data;
  g_assert_cmpuint(run->offset, ==, c->octets->len);
  g_string_append_len(c->octets, (const char *)run->octets, run->n_octets);
}

static void
on_gap(void *data, uint64_t offset, uint64_t n, uint32_t frame)
{
  struct collected *c = data;
  g_assert_cmpuint(offset, ==, c->octets->len);
  for (uint64_t i = 0; i < n; i++)
    g_string_append_c(c->octets, '_');
  c->n_gap_octets += n;
}

static const struct stream_sink sink = {.octets = on_octets, .gap = on_gap};

struct fixture {
  struct flow_side side;
  struct stream_budget budget;
  struct collected out;
  uint32_t isn, frame;
};

static void
begin(struct fixture *f, uint32_t isn)
{
  *f = (struct fixture){.budget.held_octets_max = 1 << 20, .isn = isn};
  f->out.octets = g_string_new(NULL);
  struct stream_segment syn = {.seq = isn + 1, .is_syn = true};
  stream_feed(&f->side, &syn, &f->budget, &sink, &f->out);
}

static void
feed(struct fixture *f, unsigned at, const char *octets, unsigned n, bool is_fin, int64_t time_ns)
{
  uint8_t *copy = g_memdup2(octets, n); /* what the stream keeps, it must have copied */
  struct stream_segment s = {.octets = copy,
                             .n_octets = n,
                             .n_wire = n,
                             .seq = f->isn + 1 + at,
                             .is_fin = is_fin,
                             .frame = f->frame++,
                             .frame_offset = 40,
                             .time_ns = time_ns};
  g_assert_cmpuint(stream_feed(&f->side, &s, &f->budget, &sink, &f->out), ==, at);
  memset(copy, '!', n);
  g_free(copy);
}

static void
expect(struct fixture *f, const char *octets)
{
  stream_finish(&f->side, f->frame, &f->budget, &sink, &f->out);
  g_assert_cmpstr(f->out.octets->str, ==, octets);
  g_assert_cmpuint(f->budget.held_octets, ==, 0);
  g_string_free(f->out.octets, TRUE);
}

static void
test_every_order_of_four_segments(void)
{
  for (int order = 0; order < 256; order++) {
    int at[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
    if ((1 << at[0] | 1 << at[1] | 1 << at[2] | 1 << at[3]) != 15)
      continue;
    struct fixture f;
    begin(&f, UINT32_MAX - 12); /* wraps in the middle */
    for (int i = 0; i < 4; i++)
      feed(&f, (unsigned)at[i] * 6, text + at[i] * 6, at[i] == 3 ? 8 : 6, at[i] == 3, 0);
    g_assert_true(f.side.is_ended);
    expect(&f, text);
  }
}

/* Pieces of random place and length, in random order, overlapping and repeated: the same stream. */
static void
test_permuted_duplicated_and_overlapping_pieces(void)
{
  for (int round = 0; round < ROUNDS; round++) {
    struct fixture f;
    begin(&f, g_test_rand_int());
    bool have[TEXT_OCTETS] = {false};
    for (unsigned n_have = 0; n_have < TEXT_OCTETS;) {
      unsigned at = (unsigned)g_test_rand_int_range(0, TEXT_OCTETS);
      unsigned n = (unsigned)g_test_rand_int_range(1, (gint)(TEXT_OCTETS - at) + 1);
      feed(&f, at, text + at, n, false, 0);
      for (unsigned i = at; i < at + n; i++) {
        n_have += !have[i];
        have[i] = true;
      }
    }
    g_assert_null(f.side.hole);
    expect(&f, text);
  }
}

static void
test_the_first_arrival_of_an_octet_wins(void)
{
  struct fixture f;
  begin(&f, 7);
  feed(&f, 4, "EF", 2, false, 0);       /* waits */
  feed(&f, 0, "abcdefgh", 8, false, 0); /* fills the hole, runs over E and F */
  feed(&f, 6, "XXij", 4, false, 0);     /* the first two came before */
  feed(&f, 0, "0123456789", 10, false, 0);
  expect(&f, "abcdEFghij");
}

static void
test_a_hole_at_the_end_becomes_a_gap(void)
{
  struct fixture f;
  begin(&f, 7);
  feed(&f, 0, "ab", 2, false, 0);
  feed(&f, 5, "fg", 2, false, 0);
  feed(&f, 9, "jk", 2, false, 0);
  expect(&f, "ab___fg__jk");
}

/* The tap lost the segment; its repetition comes 0.4 s behind the acknowledgment. */
static void
test_an_acknowledged_hole_is_filled_late(void)
{
  struct fixture f;
  begin(&f, 7);
  feed(&f, 3, "def", 3, false, 1000);
  stream_acknowledged(&f.side, 8 + 6, 1, 2000, &f.budget, &sink, &f.out);
  stream_acknowledged(&f.side, 8 + 6, 2, 400000000, &f.budget, &sink, &f.out);
  feed(&f, 0, "abc", 3, false, 400002000);
  expect(&f, "abcdef");
}

static void
test_an_acknowledged_hole_is_given_up_in_time(void)
{
  struct fixture f;
  begin(&f, 7);
  feed(&f, 3, "def", 3, false, 1000);
  stream_acknowledged(&f.side, 8, 1, 2000, &f.budget, &sink, &f.out); /* nothing beyond the hole */
  stream_acknowledged(&f.side, 8 + 6, 2, 3000, &f.budget, &sink, &f.out);
  stream_acknowledged(&f.side, 8 + 6, 3, 3000 + STREAM_HOLE_ACKED_NS, &f.budget, &sink, &f.out);
  g_assert_cmpstr(f.out.octets->str, ==, "");
  stream_acknowledged(&f.side, 8 + 6, 4, 3001 + STREAM_HOLE_ACKED_NS, &f.budget, &sink, &f.out);
  g_assert_cmpstr(f.out.octets->str, ==, "___def");
  feed(&f, 0, "abc", 3, false, 0); /* too late */
  expect(&f, "___def");
}

static void
test_waiting_octets_are_bounded(void)
{
  struct fixture f;
  begin(&f, 7);
  for (unsigned i = 0; i < 4000; i++) {
    feed(&f, 1 + 2 * i, "x", 1, false, 0);
    g_assert_cmpuint(f.side.hole ? f.side.hole->held_octets : 0, <=, STREAM_HELD_OCTETS_MAX);
    g_assert_cmpuint(f.side.hole ? f.side.hole->n_held : 0, <=, STREAM_HELD_PIECES_MAX);
  }
  struct stream_segment far = {.octets = (const uint8_t *)"y", .n_octets = 1, .n_wire = 1};
  far.seq = f.isn + 1 + (uint32_t)f.side.next_offset + STREAM_AHEAD_MAX + 1;
  stream_feed(&f.side, &far, &f.budget, &sink, &f.out); /* no octet of this stream */
  stream_finish(&f.side, 0, &f.budget, &sink, &f.out);
  g_assert_cmpuint(f.out.octets->len, ==, 8000);
  g_assert_cmpuint(f.out.n_gap_octets, ==, 4000);
  g_string_free(f.out.octets, TRUE);
}

static void
test_a_cut_segment_leaves_a_gap(void)
{
  struct fixture f;
  begin(&f, 7);
  struct stream_segment s = {
      .octets = (const uint8_t *)"abcd", .n_octets = 4, .n_wire = 10, .seq = 8};
  stream_feed(&f.side, &s, &f.budget, &sink, &f.out);
  feed(&f, 10, "klm", 3, false, 0);
  expect(&f, "abcd______klm");
}

static void
test_without_a_syn_the_first_octet_seen_begins(void)
{
  struct fixture f = {.budget.held_octets_max = 1000, .isn = 99};
  f.out.octets = g_string_new(NULL);
  struct stream_segment keep_alive = {.seq = 99}; /* one too low, and empty */
  stream_feed(&f.side, &keep_alive, &f.budget, &sink, &f.out);
  feed(&f, 0, "abc", 3, false, 0);
  expect(&f, "abc");
}

/* ---- fragments ---- */

static GByteArray *
long_datagram(void)
{
  struct packets_segment s = {.seq = 1, .ack = 2, .flags = TCP_ACK, .text = text};
  return packets_tcp(&s);
}

static bool
feed_fragment(struct fragments *f, const GByteArray *frame, uint32_t index, int64_t time_ns,
              struct fragments_datagram *out)
{
  struct frame_layers l;
  frame_walk(LINK_IPV4, frame->data, frame->len, &l);
  g_assert_true(l.is_fragment);
  return fragments_feed(f, &l, frame->data, index, time_ns, out);
}

static void
check_datagram(const struct fragments_datagram *d, const GByteArray *whole)
{
  g_assert_cmpmem(d->octets, d->n_octets, whole->data + IPV4_OCTETS, whole->len - IPV4_OCTETS);
  g_assert_cmpuint(d->ip_proto, ==, IP_PROTO_TCP);
  uint64_t at = 0;
  for (unsigned i = 0; i < d->n_pieces; i++) {
    g_assert_cmpuint(d->pieces[i].first, ==, at);
    at += d->pieces[i].n_octets;
  }
  g_assert_cmpuint(at, ==, d->n_octets);
}

static void
test_fragments_in_every_order(void)
{
  g_autoptr(GByteArray) whole = long_datagram();
  g_autoptr(GPtrArray) parts = packets_fragments(whole, 9, 16); /* 46 octets: 16, 16, 14 */
  g_assert_cmpuint(parts->len, ==, 3);
  static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                   {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (int o = 0; o < 6; o++) {
    struct fragments *f = fragments_new();
    struct fragments_datagram d;
    g_assert_false(feed_fragment(f, g_ptr_array_index(parts, orders[o][0]), 0, 0, &d));
    g_assert_false(feed_fragment(f, g_ptr_array_index(parts, orders[o][0]), 1, 0, &d)); /* again */
    g_assert_false(feed_fragment(f, g_ptr_array_index(parts, orders[o][1]), 2, 0, &d));
    g_assert_true(feed_fragment(f, g_ptr_array_index(parts, orders[o][2]), 3, 0, &d));
    check_datagram(&d, whole);
    fragments_free(f);
  }
}

static void
test_overlapping_fragments_keep_what_came_first(void)
{
  g_autoptr(GByteArray) whole = long_datagram();
  g_autoptr(GByteArray) other = long_datagram();
  memset(other->data + IPV4_OCTETS, '#', other->len - IPV4_OCTETS);
  g_autoptr(GPtrArray) parts = packets_fragments(whole, 9, 16);
  g_autoptr(GPtrArray) wide = packets_fragments(other, 9, 32); /* 32, 14 */
  struct fragments *f = fragments_new();
  struct fragments_datagram d;
  g_assert_false(feed_fragment(f, g_ptr_array_index(parts, 1), 0, 0, &d));
  g_assert_false(feed_fragment(f, g_ptr_array_index(parts, 0), 1, 0, &d));
  g_assert_false(feed_fragment(f, g_ptr_array_index(wide, 0), 2, 0, &d)); /* brings nothing new */
  g_assert_true(feed_fragment(f, g_ptr_array_index(parts, 2), 3, 0, &d));
  check_datagram(&d, whole);
  fragments_free(f);
}

static void
test_fragments_of_other_datagrams_do_not_mix(void)
{
  g_autoptr(GByteArray) whole = long_datagram();
  g_autoptr(GPtrArray) a = packets_fragments(whole, 1, 24);
  g_autoptr(GPtrArray) b = packets_fragments(whole, 2, 24);
  struct fragments *f = fragments_new();
  struct fragments_datagram d;
  g_assert_false(feed_fragment(f, g_ptr_array_index(a, 0), 0, 0, &d));
  g_assert_false(feed_fragment(f, g_ptr_array_index(b, 1), 1, 0, &d));
  g_assert_true(feed_fragment(f, g_ptr_array_index(a, 1), 2, 0, &d));
  check_datagram(&d, whole);
  /* b's first fragment comes after the time is over */
  g_assert_false(feed_fragment(f, g_ptr_array_index(b, 0), 3, FRAGMENTS_TIMEOUT_NS + 1, &d));
  fragments_free(f);
}

/* A connection whose data segment came in fragments: the trace shows its octets and where they lie.
 */
static void
test_a_fragmented_segment_is_part_of_its_stream(void)
{
  struct packets_feed feed = packets_begin(LINK_IPV4);
  packets_segment(&feed, (struct packets_segment){.seq = 99, .flags = TCP_SYN});
  packets_segment(&feed,
                  (struct packets_segment){.seq = 100, .ack = 1, .flags = TCP_ACK, .text = "AB"});
  struct packets_segment s = {.seq = 102, .ack = 1, .flags = TCP_ACK, .text = text};
  g_autoptr(GByteArray) whole = packets_tcp(&s);
  g_autoptr(GPtrArray) parts = packets_fragments(whole, 5, 24);
  packets_append(&feed, g_ptr_array_index(parts, 1), 1);
  uint32_t last = packets_append(&feed, g_ptr_array_index(parts, 0), 1);
  trace_finish(feed.trace);
  const struct trace_frame f = trace_frame(feed.trace, last);
  g_assert_cmpint(f.flags & TRACE_FRAME_REASSEMBLED, !=, 0);
  g_assert_cmpuint(trace_frame(feed.trace, last - 1).flow, ==, TRACE_NONE);
  g_assert_cmpuint(f.flow, ==, 0);
  g_assert_cmpuint(f.payload_octets, ==, TEXT_OCTETS);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  g_assert_true(trace_datagram(feed.trace, last, octets, pieces));
  g_assert_cmpmem(octets->data, octets->len, whole->data + IPV4_OCTETS, whole->len - IPV4_OCTETS);
  g_assert_cmpuint(pieces->len, ==, 2);
  g_assert_true(trace_stream(feed.trace, 0, 0, last, 1, 5, octets, pieces));
  g_assert_cmpmem(octets->data, octets->len, "Babcd", 5);
  g_assert_cmpuint(pieces->len, ==, 2);
  g_assert_cmpuint(g_array_index(pieces, struct trace_piece, 1).frame, ==, last);
  g_assert_cmpuint(g_array_index(pieces, struct trace_piece, 1).frame_offset, ==, TCP_OCTETS);
  trace_free(feed.trace);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/every-order-of-four-segments", test_every_order_of_four_segments);
  g_test_add_func("/permuted-duplicated-and-overlapping-pieces",
                  test_permuted_duplicated_and_overlapping_pieces);
  g_test_add_func("/the-first-arrival-of-an-octet-wins", test_the_first_arrival_of_an_octet_wins);
  g_test_add_func("/a-hole-at-the-end-becomes-a-gap", test_a_hole_at_the_end_becomes_a_gap);
  g_test_add_func("/an-acknowledged-hole-is-filled-late", test_an_acknowledged_hole_is_filled_late);
  g_test_add_func("/an-acknowledged-hole-is-given-up-in-time",
                  test_an_acknowledged_hole_is_given_up_in_time);
  g_test_add_func("/waiting-octets-are-bounded", test_waiting_octets_are_bounded);
  g_test_add_func("/a-cut-segment-leaves-a-gap", test_a_cut_segment_leaves_a_gap);
  g_test_add_func("/without-a-syn-the-first-octet-seen-begins",
                  test_without_a_syn_the_first_octet_seen_begins);
  g_test_add_func("/fragments-in-every-order", test_fragments_in_every_order);
  g_test_add_func("/overlapping-fragments-keep-what-came-first",
                  test_overlapping_fragments_keep_what_came_first);
  g_test_add_func("/fragments-of-other-datagrams-do-not-mix",
                  test_fragments_of_other_datagrams_do_not_mix);
  g_test_add_func("/a-fragmented-segment-is-part-of-its-stream",
                  test_a_fragmented_segment_is_part_of_its_stream);
  return g_test_run();
}
