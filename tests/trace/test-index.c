/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-index.c -- the packed index: what went in comes out, and it takes the octets it may take. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "capture/trace/elements.h"
#include "capture/trace/records.h"
#include "tests/trace/packets.h"

enum { OCTETS_PER_PACKET_MAX = 64, MIX_PACKETS = 60000 };

static void
assert_elements_equal(const struct element *a, const struct element *b)
{
  g_assert_cmpuint(a->offset, ==, b->offset);
  g_assert_cmpuint(a->n_octets, ==, b->n_octets);
  g_assert_cmpuint(a->flow, ==, b->flow);
  g_assert_cmpuint(a->first_frame, ==, b->first_frame);
  g_assert_cmpuint(a->last_frame, ==, b->last_frame);
  g_assert_cmpuint(a->command, ==, b->command);
  g_assert_cmpuint(a->code, ==, b->code);
  g_assert_cmpuint(a->secret_first, ==, b->secret_first);
  g_assert_cmpuint(a->secret_octets, ==, b->secret_octets);
  g_assert_cmpuint(a->app, ==, b->app);
  g_assert_cmpuint(a->kind, ==, b->kind);
  g_assert_cmpuint(a->side, ==, b->side);
  g_assert_cmpuint(a->state, ==, b->state);
  g_assert_cmpuint(a->flags, ==, b->flags);
}

/* A number that often lies at the border of 8, 16, 20, 24, 32, 40 or 48 bits, and often is small.
 */
static uint64_t
any_number(GRand *r)
{
  static const unsigned borders[] = {0, 1, 8, 16, 20, 24, 32, 40, 47, 48, 63};
  uint64_t border = UINT64_C(1) << borders[g_rand_int_range(r, 0, G_N_ELEMENTS(borders))];
  switch (g_rand_int_range(r, 0, 5)) {
  case 0:
    return 0;
  case 1:
    return border + (uint64_t)g_rand_int_range(r, 0, 3) - 1;
  case 2:
    return ~border;
  case 3:
    return (uint64_t)g_rand_int(r) << 32 | g_rand_int(r);
  default:
    return (uint64_t)g_rand_int_range(r, 0, 2000);
  }
}

/* A frame as they are: at 1,500 octets one behind the other. */
static struct trace_frame
usual_frame(uint32_t index)
{
  return (struct trace_frame){.position = 40 + (uint64_t)index * 1516,
                              .time_ns = TRACE_SIM_EPOCH_NS + (int64_t)index * 12345,
                              .captured_octets = 1500,
                              .wire_octets = 1500,
                              .flow = index % 7,
                              .prev_in_flow = index < 7 ? TRACE_NONE : index - 7,
                              .next_in_flow = TRACE_NONE,
                              .element = index,
                              .stream_offset = index * 1434,
                              .payload_octets = 1434,
                              .payload_offset = 66,
                              .tcp_flags = 0x18,
                              .app = APP_SMTP,
                              .direction = index & 1,
                              .state = 3};
}

/* ---- records ---- */

/* What a column should hold of a frame. */
static uint32_t
column_value(const struct trace_frame *f, enum trace_column what)
{
  switch (what) {
  case TRACE_COLUMN_FLOW: {
    unsigned odd = TRACE_FRAME_REASSEMBLED | TRACE_FRAME_FRAGMENT | TRACE_FRAME_ODD;
    bool tells = f->flow != TRACE_NONE && !(f->flags & odd);
    return tells ? 1 + f->flow * 2 + f->direction : 0;
  }
  case TRACE_COLUMN_FLAGS:
    return f->flags;
  case TRACE_COLUMN_WIRE:
    return f->wire_octets;
  case TRACE_COLUMN_CAPTURED:
    return f->captured_octets;
  case TRACE_COLUMN_PAYLOAD_OFFSET:
    return f->payload_offset;
  case TRACE_COLUMN_PAYLOAD_OCTETS:
    return f->payload_octets;
  case TRACE_COLUMN_TCP_FLAGS:
    return f->tcp_flags;
  case TRACE_COLUMN_ANALYSIS:
    return f->analysis;
  case TRACE_COLUMN_INTERFACE:
    return f->interface;
  default:
    return f->element;
  }
}

/* Columns say what the records say, from any frame on. */
static void
assert_columns(const struct records *r)
{
  enum { MOST = 1000 };
  uint32_t values[MOST], n = records_n(r);
  int64_t times[MOST];
  for (uint32_t first = 0, length = 1; first < n; first += length, length = length * 7 % MOST + 1) {
    length = MIN(length, n - first);
    for (int what = 0; what < TRACE_COLUMN_N; what++) {
      records_column(r, (enum trace_column)what, first, length, values);
      for (uint32_t i = 0; i < length; i++) {
        struct trace_frame f = records_get(r, first + i);
        g_assert_cmpuint(values[i], ==, column_value(&f, (enum trace_column)what));
      }
    }
    records_times_ns(r, first, length, times);
    for (uint32_t i = 0; i < length; i++)
      g_assert_cmpint(times[i], ==, records_get(r, first + i).time_ns);
  }
}

static void
test_usual_frames_take_no_more(void)
{
  enum { N = 200000 };
  struct records r;
  records_init(&r);
  for (uint32_t i = 0; i < N; i++) {
    struct trace_frame f = usual_frame(i);
    g_assert_true(records_add(&r, &f));
    if (f.prev_in_flow != TRACE_NONE)
      records_set_next(&r, f.prev_in_flow, i);
  }
  g_assert_cmpuint(records_n(&r), ==, N);
  g_assert_cmpuint(r.wide.n, ==, 0);
  g_assert_cmpuint(records_octets(&r), <, 33 * N);
  g_autofree struct trace_frame *run = g_new(struct trace_frame, N);
  records_get_run(&r, 0, N, run);
  for (uint32_t i = 0; i < N; i++) {
    struct trace_frame want = usual_frame(i), got = records_get(&r, i);
    want.next_in_flow = i + 7 < N ? i + 7 : TRACE_NONE;
    packets_assert_same_frame(&got, &want);
    packets_assert_same_frame(&run[i], &want);
  }
  assert_columns(&r);
  records_clear(&r);
}

/* One field after the other takes strange values, alone: none may come out changed. */
static void
test_every_field_keeps_strange_values(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(5);
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct trace_frame));
  struct records r;
  records_init(&r);
  for (uint32_t i = 0; i < 60000; i++) {
    struct trace_frame f = usual_frame(i);
    uint64_t v = any_number(rand);
    switch (i % 19) {
    case 0:
      f.position = v;
      break;
    case 1:
      f.time_ns = (int64_t)v;
      break;
    case 2:
      f.captured_octets = (uint32_t)v;
      break;
    case 3:
      f.wire_octets = (uint32_t)v;
      break;
    case 4:
      f.flow = (uint32_t)v;
      break;
    case 5:
      f.prev_in_flow = (uint32_t)v;
      break;
    case 6:
      f.next_in_flow = (uint32_t)v;
      break;
    case 7:
      f.element = (uint32_t)v;
      break;
    case 8:
      f.stream_offset = (uint32_t)v;
      break;
    case 9:
      f.payload_octets = (uint32_t)v;
      break;
    case 10:
      f.payload_offset = (uint16_t)v;
      break;
    case 11:
      f.analysis = (uint16_t)v;
      break;
    case 12:
      f.tcp_flags = (uint16_t)v;
      break;
    case 13:
      f.interface = (uint16_t)v;
      break;
    case 14:
      f.app = (uint8_t)v;
      break;
    case 15:
      f.direction = (uint8_t)v;
      break;
    case 16:
      f.flags = (uint8_t)v;
      break;
    case 17:
      f.state = (uint8_t)v;
      break;
    default:
      f.next_in_flow = i + (uint32_t)(v % (3 << 20));
      break;
    }
    g_array_append_val(all, f);
    g_assert_true(records_add(&r, &f));
  }
  g_assert_cmpuint(r.wide.n, >, 1000);  /* so both ways were gone */
  g_assert_cmpuint(r.wide.n, <, 50000); /* a strange base makes its 64 frames wide */
  for (uint32_t i = 0; i < all->len; i++) {
    const struct trace_frame *want = &g_array_index(all, struct trace_frame, i);
    struct trace_frame got = records_get(&r, i);
    packets_assert_same_frame(&got, want);
    g_assert_cmpuint(records_flow(&r, i), ==, want->flow);
    g_assert_cmpint(records_time_ns(&r, i), ==, want->time_ns);
    g_assert_cmpuint(records_next_in_flow(&r, i), ==, want->next_in_flow);
    g_assert_cmpuint(records_element(&r, i), ==, want->element);
  }
  assert_columns(&r);
  records_clear(&r);
}

static void
test_what_becomes_known_later(void)
{
  enum { N = (1 << 20) + 3000 };
  struct records r;
  records_init(&r);
  for (uint32_t i = 0; i < N; i++) {
    struct trace_frame f = usual_frame(i);
    records_add(&r, &f);
  }
  static const uint32_t nexts[] = {1, 255, 65535, 65536, 1048575, 1048576, 1048577, TRACE_NONE};
  for (uint32_t i = 0; i < G_N_ELEMENTS(nexts); i++) {
    uint32_t next = nexts[i] == TRACE_NONE ? TRACE_NONE : i + nexts[i];
    struct trace_frame want = usual_frame(i);
    records_set_next(&r, i, next);
    want.next_in_flow = next;
    records_add_flags(&r, i, TRACE_FRAME_RISK);
    records_add_flags(&r, i, TRACE_FRAME_RISK);
    want.flags = TRACE_FRAME_RISK;
    struct trace_frame got = records_get(&r, i);
    packets_assert_same_frame(&got, &want);
    g_assert_cmpuint(records_next_in_flow(&r, i), ==, next);
  }
  g_assert_cmpuint(r.wide.n, ==, 2); /* the two that are too far away */
  records_clear(&r);
}

/* Whatever is said of a frame, and whoever carries it, costs nothing more. */
static void
test_every_flag_and_protocol_fits(void)
{
  struct records r;
  records_init(&r);
  for (uint32_t i = 0; i < 32 * APP_N; i++) {
    struct trace_frame f = usual_frame(i);
    f.flags = (uint8_t)(i % 32);
    f.app = (uint8_t)(i / 32);
    f.tcp_flags = (uint16_t)(i * 13 % 4096);
    f.analysis = (uint16_t)(i * 251);
    g_assert_true(records_add(&r, &f));
    struct trace_frame got = records_get(&r, i);
    packets_assert_same_frame(&got, &f);
  }
  g_assert_cmpuint(TRACE_FRAME_ODD, <, 32);
  g_assert_cmpuint(r.wide.n, ==, 0);
  records_clear(&r);
}

/* A capture whose snap length cut every frame takes no more; other lengths come out all the same.
 */
static void
test_cut_frames(void)
{
  enum { N = 5000, SNAP = 96 };
  struct records r;
  records_init(&r);
  for (uint32_t i = 0; i < N; i++) {
    struct trace_frame f = usual_frame(i);
    f.flags = TRACE_FRAME_CUT;
    f.captured_octets = i % 1000 == 999 ? 0 : i % 1000 == 998 ? SNAP + 1 : SNAP;
    f.wire_octets = 100 + i;
    f.payload_octets = f.captured_octets > 66 ? f.captured_octets - 66 : 0;
    g_assert_true(records_add(&r, &f));
  }
  g_assert_cmpuint(r.wide.n, ==, 10);
  for (uint32_t i = 0; i < N; i++) {
    struct trace_frame got = records_get(&r, i);
    uint32_t captured = i % 1000 == 999 ? 0 : i % 1000 == 998 ? SNAP + 1 : SNAP;
    g_assert_cmpuint(got.captured_octets, ==, captured);
    g_assert_cmpuint(got.wire_octets, ==, 100 + i);
    g_assert_cmpuint(got.payload_octets, ==, captured > 66 ? captured - 66 : 0);
  }
  assert_columns(&r);
  records_clear(&r);
}

/* ---- elements ---- */

static void
test_elements_keep_strange_values(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(6);
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct element));
  struct records r;
  struct elements s;
  records_init(&r);
  elements_init(&s);
  for (uint32_t i = 0; i < 60000; i++) {
    struct trace_frame f = usual_frame(i);
    records_add(&r, &f);
  }
  for (uint32_t i = 0; i < 60000; i++) {
    struct element e = {.offset = (uint64_t)i * 40,
                        .n_octets = 40,
                        .flow = i % 7,
                        .first_frame = i,
                        .last_frame = i,
                        .command = i - (i > 0),
                        .code = 250,
                        .app = APP_SMTP,
                        .kind = ELEMENT_REPLY,
                        .side = SIDE_SERVER,
                        .state = 4};
    uint64_t v = any_number(rand);
    switch (i % 14) {
    case 0:
      e.offset = v;
      break;
    case 1:
      e.n_octets = (uint32_t)v;
      break;
    case 2:
      e.flow = (uint32_t)v;
      break;
    case 3:
      e.first_frame = (uint32_t)v;
      break;
    case 4:
      e.command = (uint32_t)v;
      break;
    case 5:
      e.code = (uint16_t)v;
      break;
    case 6:
      e.secret_first = (uint16_t)v;
      break;
    case 7:
      e.secret_octets = (uint16_t)v;
      break;
    case 8:
      e.app = (uint8_t)v;
      break;
    case 9:
      e.kind = (uint8_t)v;
      break;
    case 10:
      e.side = (uint8_t)v;
      break;
    case 11:
      e.state = (uint8_t)v;
      break;
    case 12:
      e.flags = (uint8_t)v;
      break;
    default:
      e.command = ELEMENT_NONE;
      break;
    }
    g_array_append_val(all, e);
    g_assert_true(elements_add(&s, &e, i % 7));
  }
  g_assert_cmpuint(elements_n(&s), ==, 60000);
  g_assert_cmpuint(s.wide.n, >, 1000);
  g_assert_cmpuint(s.wide.n, <, 20000);
  for (uint32_t i = 0; i < all->len; i++) {
    struct element got = elements_get(&s, &r, i);
    assert_elements_equal(&got, &g_array_index(all, struct element, i));
    g_assert_cmpuint(elements_flow(&s, &r, i), ==, got.flow);
  }
  elements_clear(&s);
  records_clear(&r);
}

/* More different shapes than have a number: the others are kept as they came. */
static void
test_more_shapes_than_numbers(void)
{
  enum { N = 80000 };
  struct records r;
  struct elements s;
  struct trace_frame frame = usual_frame(0);
  records_init(&r);
  elements_init(&s);
  records_add(&r, &frame);
  for (uint32_t i = 0; i < N; i++) {
    struct element e = {.code = (uint16_t)i, .state = (uint8_t)(i >> 16), .command = ELEMENT_NONE};
    g_assert_true(elements_add(&s, &e, frame.flow));
  }
  g_assert_cmpuint(s.wide.n, ==, N - SHAPES_MAX);
  for (uint32_t i = 0; i < N; i++) {
    struct element got = elements_get(&s, &r, i);
    g_assert_cmpuint(got.code, ==, (uint16_t)i);
    g_assert_cmpuint(got.state, ==, i >> 16);
    g_assert_cmpuint(got.command, ==, ELEMENT_NONE);
    g_assert_cmpuint(got.flow, ==, 0);
  }
  elements_clear(&s);
  records_clear(&r);
}

/* ---- what it takes ---- */

static void
test_octets_per_packet_of_a_mail_mix(void)
{
  const char *generator = g_getenv("GEN_CAPTURE");
  g_assert_nonnull(generator);
  g_autofree char *folder = g_dir_make_tmp("enveloscope-index-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "mix.pcap", NULL);
  g_autofree char *count = g_strdup_printf("%d", MIX_PACKETS);
  const char *command[] = {generator, path, count, NULL};
  g_autoptr(GError) error = NULL;
  int status = -1;
  g_spawn_sync(NULL, (char **)command, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
               &status, &error);
  g_assert_no_error(error);
  g_assert_cmpint(status, ==, 0);
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, path, NULL, &error));
  g_assert_cmpuint(trace_n_frames(t), ==, MIX_PACKETS);
  g_assert_cmpuint(trace_n_elements(t), >, MIX_PACKETS / 4);
  g_assert_cmpuint(trace_index_octets(t), >, MIX_PACKETS * 32);
  g_assert_cmpuint(trace_index_octets(t), <=, MIX_PACKETS * OCTETS_PER_PACKET_MAX);
  packets_assert_next_elements(t, 13);
  g_unlink(path);
  g_rmdir(folder);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/index/usual-frames-take-no-more", test_usual_frames_take_no_more);
  g_test_add_func("/index/every-field-keeps-strange-values", test_every_field_keeps_strange_values);
  g_test_add_func("/index/what-becomes-known-later", test_what_becomes_known_later);
  g_test_add_func("/index/every-flag-and-protocol-fits", test_every_flag_and_protocol_fits);
  g_test_add_func("/index/cut-frames", test_cut_frames);
  g_test_add_func("/index/more-shapes-than-numbers", test_more_shapes_than_numbers);
  g_test_add_func("/index/elements-keep-strange-values", test_elements_keep_strange_values);
  g_test_add_func("/index/octets-per-packet-of-a-mail-mix", test_octets_per_packet_of_a_mail_mix);
  return g_test_run();
}
