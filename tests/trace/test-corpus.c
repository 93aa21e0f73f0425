/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-corpus.c -- real captures: frame by frame what tshark says; broken ones: read without harm.
 *
 * The folder is named by ENVELOSCOPE_CORPUS (with real/, onefeature/ and malformed/ in it). Where
 * tshark shows the packet that an ICMP error quotes as if it were the frame's own, the frame is
 * left out. */
#include <string.h>

#include "capture/wire/frame.h"
#include "tests/trace/packets.h"

static GPtrArray *
list_captures(const char *folder)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
  const char *root = g_getenv("ENVELOSCOPE_CORPUS");
  g_autofree char *path = root ? g_build_filename(root, folder, NULL) : NULL;
  g_autoptr(GDir) dir = path ? g_dir_open(path, 0, NULL) : NULL;
  if (!dir)
    g_test_skip("ENVELOSCOPE_CORPUS names no folder of captures");
  for (const char *name; dir && (name = g_dir_read_name(dir));)
    if (strstr(name, ".pcap"))
      g_ptr_array_add(paths, g_build_filename(path, name, NULL));
  return paths;
}

enum { NUMBER, STREAM_TCP, STREAM_UDP, SRC, DST, SPORT, DPORT, SEQ, ACK, LENGTH, ICMP, N_FIELDS };
static const char *const keys[N_FIELDS] = {
    "frame.number", "tcp.stream",  "udp.stream",  "ip.src",  "ip.dst",   "tcp.srcport",
    "tcp.dstport",  "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "icmp.type"};

static void
expect_number(const char *text, bool is_there, uint64_t value)
{
  if (!is_there)
    g_assert_cmpstr(text, ==, "");
  else
    g_assert_cmpuint(g_ascii_strtoull(text, NULL, 10), ==, value);
}

static void
compare_frame(const struct trace *t, uint32_t i, char *const *theirs)
{
  const struct trace_frame f = trace_frame(t, i);
  const struct trace_flow *flow = f.flow == TRACE_NONE ? NULL : trace_flow(t, f.flow);
  bool is_tcp = flow && flow->proto == IP_PROTO_TCP, is_udp = flow && flow->proto == IP_PROTO_UDP;
  expect_number(theirs[NUMBER], true, i + 1);
  if (*theirs[ICMP])
    return;
  expect_number(theirs[STREAM_TCP], is_tcp, is_tcp ? flow->stream : 0);
  expect_number(theirs[STREAM_UDP], is_udp, is_udp ? flow->stream : 0);
  if (!is_tcp)
    return;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_assert_true(trace_octets(t, i, octets));
  struct frame_layers l;
  frame_walk(trace_link(t, i), octets->data, octets->len, &l);
  char text[ADDR_TEXT_MAX];
  if (l.ip_version == 4) {
    g_assert_cmpstr(theirs[SRC], ==, ip_addr_format(&flow->ends[f.direction].addr, text));
    g_assert_cmpstr(theirs[DST], ==, ip_addr_format(&flow->ends[!f.direction].addr, text));
  }
  expect_number(theirs[SPORT], true, flow->ends[f.direction].port);
  expect_number(theirs[DPORT], true, flow->ends[!f.direction].port);
  expect_number(theirs[SEQ], true, l.tcp.seq);
  expect_number(theirs[ACK], true, l.tcp.ack);
  expect_number(theirs[LENGTH], true, f.payload_octets);
}

static bool
compare_capture(const char *path)
{
  const char *argv[8 + 2 * N_FIELDS] = {"tshark", "-r", path, "-T", "fields"};
  for (int i = 0; i < N_FIELDS; i++) {
    argv[5 + 2 * i] = "-e";
    argv[6 + 2 * i] = keys[i];
  }
  g_autofree char *out = packets_run(argv);
  if (!out)
    return false;
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) error = NULL;
  g_assert_true(trace_load_file(t, path, NULL, &error));
  g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, trace_n_frames(t) + 1);
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
    g_test_message("%s, frame %u", path, i + 1);
    g_assert_cmpuint(g_strv_length(fields), ==, N_FIELDS);
    compare_frame(t, i, fields);
  }
  return true;
}

static void
test_real_captures_agree_with_tshark(void)
{
  g_autoptr(GPtrArray) paths = list_captures("real");
  for (guint i = 0; i < paths->len; i++)
    if (!compare_capture(g_ptr_array_index(paths, i))) {
      g_test_skip("tshark is not installed");
      return;
    }
}

static void
read_everything(const struct trace *t)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    g_assert_true(trace_octets(t, i, octets));
    g_assert_cmpuint(octets->len, ==, trace_frame(t, i).captured_octets);
    trace_element_at(t, i);
    if (trace_frame(t, i).flags & TRACE_FRAME_REASSEMBLED)
      g_assert_true(trace_datagram(t, i, octets, pieces));
  }
  for (uint32_t i = 0; i < trace_n_elements(t); i++)
    g_assert_true(trace_element_octets(t, i, octets, pieces));
}

static void
test_broken_captures_are_read_without_harm(void)
{
  g_autoptr(GPtrArray) paths = list_captures("malformed");
  for (guint i = 0; i < paths->len; i++) {
    g_autoptr(trace_owned) t = trace_new();
    g_autoptr(GError) warning = NULL;
    g_autoptr(GError) error = NULL;
    g_test_message("%s", (const char *)g_ptr_array_index(paths, i));
    if (!trace_load_file(t, g_ptr_array_index(paths, i), &warning, &error)) {
      g_assert_nonnull(error);
      continue;
    }
    g_assert_true(trace_damage(t).ended_early == (warning != NULL));
    read_everything(t);
    packets_assert_next_elements(t, 1);
  }
}

/* What lies behind an element in the trace is what pass 1 saw, in sessions whose octets are known.
 */
static void
test_elements_of_known_sessions_are_their_lines(void)
{
  g_autoptr(GPtrArray) paths = list_captures("onefeature");
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (guint i = 0; i < paths->len; i++) {
    g_autoptr(trace_owned) t = trace_new();
    g_assert_true(trace_load_file(t, g_ptr_array_index(paths, i), NULL, NULL));
    g_test_message("%s", (const char *)g_ptr_array_index(paths, i));
    g_assert_cmpuint(trace_n_elements(t), >, 0);
    packets_assert_next_elements(t, 1);
    for (uint32_t k = 0; k < trace_n_elements(t); k++) {
      const struct element e = trace_element(t, k);
      g_assert_true(trace_element_octets(t, k, octets, pieces));
      uint32_t n_found = 0;
      for (guint p = 0; p < pieces->len; p++)
        n_found += g_array_index(pieces, struct trace_piece, p).n_octets;
      g_assert_cmpuint(n_found, ==, e.kind == ELEMENT_GAP ? 0 : e.n_octets);
      if (e.kind == ELEMENT_COMMAND || e.kind == ELEMENT_REPLY)
        g_assert_cmpint(octets->data[octets->len - 1], ==, '\n');
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/real-captures-agree-with-tshark", test_real_captures_agree_with_tshark);
  g_test_add_func("/broken-captures-are-read-without-harm",
                  test_broken_captures_are_read_without_harm);
  g_test_add_func("/elements-of-known-sessions-are-their-lines",
                  test_elements_of_known_sessions_are_their_lines);
  return g_test_run();
}
