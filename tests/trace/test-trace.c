/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-trace.c -- the store: octets, chains, elements, logins with their places, files in steps. */
#include <glib/gstdio.h>
#include <string.h>

#include "capture/findings/findings.h"
#include "capture/source/reader.h"
#include "capture/trace/pass1.h"
#include "tests/trace/packets.h"

/* A POP3 login, the password split over two segments that arrive in the wrong order. */
static const struct packets_segment pop[] = {
    {0, 100, 0, TCP_SYN, 0, 0, NULL, 0},
    {1, 500, 101, TCP_SYN | TCP_ACK, 0, 0, NULL, 1000},
    {0, 101, 501, TCP_ACK, 0, 0, NULL, 1000},
    {1, 501, 101, TCP_ACK, 0, 0, "+OK ready\r\n", 1000},
    {0, 101, 512, TCP_ACK, 0, 0, "USER alice\r\n", 1000},
    {1, 512, 113, TCP_ACK, 0, 0, "+OK\r\n", 1000},
    {0, 121, 517, TCP_ACK, 0, 0, "et\r\n", 1000}, /* frame 6 */
    {0, 113, 517, TCP_ACK, 0, 0, "PASS sec", 1000},
    {1, 517, 125, TCP_ACK, 0, 0, "+OK in\r\n", 1000},
    {0, 125, 525, TCP_ACK | TCP_FIN, 0, 0, NULL, 1000},
    {1, 525, 126, TCP_ACK | TCP_FIN, 0, 0, NULL, 1000},
    {0, 126, 526, TCP_ACK, 0, 0, NULL, 1000},
};

static struct packets_feed
play_pop(void)
{
  struct packets_feed f = packets_begin(LINK_IPV4);
  for (gsize i = 0; i < G_N_ELEMENTS(pop); i++)
    packets_segment(&f, pop[i]);
  return f;
}

static void
test_octets_and_records(void)
{
  struct packets_feed f = play_pop();
  g_autoptr(GByteArray) octets = g_byte_array_new();
  uint32_t last = TRACE_NONE;
  for (uint32_t i = 0; i < trace_n_frames(f.trace); i++) {
    const struct trace_frame r = trace_frame(f.trace, i);
    g_autoptr(GByteArray) expected = packets_tcp(&pop[i]);
    g_assert_true(trace_octets(f.trace, i, octets));
    g_assert_cmpmem(octets->data, octets->len, expected->data, expected->len);
    g_assert_cmpuint(r.prev_in_flow, ==, last);
    g_assert_cmpuint(r.direction, ==, pop[i].from);
    g_assert_cmpuint(r.payload_octets, ==, pop[i].text ? strlen(pop[i].text) : 0);
    g_assert_cmpuint(r.payload_offset, ==, 40);
    last = i;
  }
  const struct trace_flow *flow = trace_flow(f.trace, 0);
  g_assert_cmpuint(trace_n_flows(f.trace), ==, 1);
  g_assert_cmpuint(flow->first_frame, ==, 0);
  g_assert_cmpuint(flow->last_frame, ==, 11);
  g_assert_cmpuint(flow->ends[0].n_frames, ==, 7);
  g_assert_cmpuint(flow->ends[0].n_octets, ==, 24);
  g_assert_cmpuint(flow->ends[1].n_octets, ==, 24);
  g_assert_true(flow->ends[0].fin_seen && flow->ends[1].fin_seen && flow->ends[0].syn_seen);
  g_assert_cmpuint(flow->app, ==, APP_POP3);
  trace_free(f.trace);
}

static void
test_elements_lie_in_their_frames(void)
{
  struct packets_feed f = play_pop();
  trace_finish(f.trace);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  /* The password's end came in frame 6, its line could be read in frame 7. */
  uint32_t element = trace_element_at(f.trace, 6);
  g_assert_cmpuint(element, ==, trace_element_at(f.trace, 7));
  const struct element e = trace_element(f.trace, element);
  g_assert_cmpuint(e.kind, ==, ELEMENT_COMMAND);
  g_assert_cmpuint(e.first_frame, ==, 7);
  g_assert_cmpuint(e.last_frame, ==, 7);
  g_assert_cmpuint(trace_frame(f.trace, 7).element, <=, element);
  g_assert_cmpuint(trace_elements_end(f.trace, 7), >, element);
  g_assert_true(trace_element_octets(f.trace, element, octets, pieces));
  g_assert_cmpmem(octets->data, octets->len, "PASS secet\r\n", 12);
  trace_free(f.trace);
}

/* Ends a session with half a line, by a SYN of the same ports or by the capture's end: elements of
 * one flow come out with a frame of another, or with none. */
static void
test_next_elements_of_a_flow(void)
{
  static const char *const said[] = {"+OK ready\r\n", "CAPA\r\n", "USER a\r\nPA"};
  struct packets_feed f = packets_begin(LINK_RAW);
  for (uint32_t round = 0; round < 4; round++) {
    uint32_t seq[2] = {1000 + round * 50000, 9000 + round * 50000};
    packets_segment(&f, (struct packets_segment){.seq = seq[0] - 1, .flags = TCP_SYN});
    packets_segment(&f,
                    (struct packets_segment){
                        .from = 1, .seq = seq[1] - 1, .ack = seq[0], .flags = TCP_SYN | TCP_ACK});
    for (unsigned i = 0; i < G_N_ELEMENTS(said); i++) {
      unsigned from = i == 0;
      packets_segment(&f, (struct packets_segment){.from = from,
                                                   .seq = seq[from],
                                                   .ack = seq[!from],
                                                   .flags = TCP_ACK,
                                                   .text = said[i]});
      seq[from] += (uint32_t)strlen(said[i]);
    }
  }
  trace_finish(f.trace);
  unsigned n_elsewhere = 0, n_last = 0;
  for (uint32_t i = 0; i < trace_n_elements(f.trace); i++) {
    const struct element e = trace_element(f.trace, i);
    n_elsewhere += e.last_frame + 1 < trace_n_frames(f.trace) &&
                   i >= trace_elements_end(f.trace, e.last_frame);
    n_last += i >= trace_elements_end(f.trace, trace_n_frames(f.trace) - 1);
  }
  g_test_message("%u elements with a later frame, %u behind all frames", n_elsewhere, n_last);
  g_assert_cmpuint(n_elsewhere, >, 0);
  g_assert_cmpuint(n_last, >, 0);
  packets_assert_next_elements(f.trace, 1);
  trace_free(f.trace);
}

static void
test_a_login_carries_its_place_in_both_frames(void)
{
  struct packets_feed f = play_pop();
  trace_finish(f.trace);
  const struct findings *found = trace_findings(f.trace);
  g_assert_cmpuint(findings_n_logins(found), ==, 1);
  const struct login_record *login = findings_get_login(found, 0);
  gsize n;
  const char *secret = g_bytes_get_data(login->secret, &n);
  g_assert_cmpmem(secret, n, "secet", 5);
  g_assert_cmpint(login->outcome, ==, LOGIN_ACCEPTED);
  g_assert_cmpuint(login->where.client_port, ==, 1000);
  const struct finding *finding = NULL;
  for (unsigned i = 0; i < findings_n(found) && !finding; i++)
    if (findings_get(found, i)->login == 0)
      finding = findings_get(found, i);
  g_assert_nonnull(finding);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GString) evidence = g_string_new(NULL);
  for (unsigned i = 0; i < finding->n_evidence; i++) {
    const struct evidence *e = &finding->evidence[i];
    g_assert_true(trace_octets(f.trace, e->frame, octets));
    g_string_append_len(evidence, (const char *)octets->data + e->first_octet, e->n_octets);
    g_assert_cmpint(trace_frame(f.trace, e->frame).flags & TRACE_FRAME_RISK, !=, 0);
  }
  g_assert_cmpstr(evidence->str, ==, "secet");
  trace_free(f.trace);
}

static void
test_the_same_hop_twice_is_two_flows_only_on_request(void)
{
  for (int separate = 0; separate < 2; separate++) {
    struct trace *t = trace_new();
    uint16_t a = trace_add_interface(t, "a", LINK_IPV4), b = trace_add_interface(t, "b", LINK_IPV4);
    trace_set_separate_interfaces(t, separate);
    struct packets_segment s = {.seq = 1, .ack = 1, .flags = TCP_ACK, .text = "abc"};
    g_autoptr(GByteArray) frame = packets_tcp(&s);
    trace_append(t, a, 1, frame->data, frame->len, frame->len);
    uint32_t second = trace_append(t, b, 2, frame->data, frame->len, frame->len);
    g_assert_cmpuint(trace_n_flows(t), ==, separate ? 2 : 1);
    g_assert_cmphex(trace_frame(t, second).analysis, ==, separate ? 0 : ANALYSIS_RETRANSMISSION);
    trace_free(t);
  }
}

/* An ICMP "port unreachable" that quotes a UDP flow before the flow's own first frame. */
static void
test_a_quoted_flow_has_its_number_reserved(void)
{
  struct packets_feed f = packets_begin(LINK_IPV4);
#define UDP4(ports) "4500 001c 0001 0000 4011 0000 0a000001 0a000002" ports "0008 0000"
  g_autoptr(GByteArray) icmp = packets_hex("4500 0038 0001 0000 4001 0000 0a000002 0a000001"
                                           "03 03 0000 00000000" UDP4("1111 2222"));
  g_autoptr(GByteArray) other = packets_hex(UDP4("3333 4444"));
  g_autoptr(GByteArray) quoted = packets_hex(UDP4("1111 2222"));
  g_assert_cmpuint(trace_frame(f.trace, packets_append(&f, icmp, 1)).flow, ==, TRACE_NONE);
  packets_append(&f, other, 1);
  packets_append(&f, quoted, 1);
  g_assert_cmpuint(trace_n_flows(f.trace), ==, 2);
  g_assert_cmpuint(trace_flow(f.trace, 0)->stream, ==, 1);
  g_assert_cmpuint(trace_flow(f.trace, 1)->stream, ==, 0);
  g_assert_cmpuint(trace_find_stream(f.trace, IP_PROTO_UDP, 0), ==, 1);
  g_assert_cmpuint(trace_find_stream(f.trace, IP_PROTO_UDP, 1), ==, 0);
  trace_free(f.trace);
}

static char *
save(const struct trace *t, char **folder)
{
  *folder = g_dir_make_tmp("enveloscope-trace-XXXXXX", NULL);
  char *path = g_build_filename(*folder, "saved.pcapng", NULL);
  packets_write(path, t);
  return path;
}

static void
test_a_saved_trace_loads_the_same_in_steps(void)
{
  struct packets_feed f = play_pop();
  trace_finish(f.trace);
  g_autofree char *folder = NULL;
  g_autofree char *path = save(f.trace, &folder);
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) error = NULL;
  struct trace_loader *l = trace_loader_new(t, path, &error);
  g_assert_no_error(error);
  double fraction = 0, before = 0;
  enum trace_load state;
  do {
    state = trace_loader_step(l, 5, &fraction, &error);
    g_assert_cmpfloat(fraction, >=, before);
    before = fraction;
  } while (state == TRACE_LOAD_MORE);
  g_assert_cmpint(state, ==, TRACE_LOAD_DONE);
  g_assert_cmpfloat(fraction, ==, 1);
  trace_loader_free(l);
  g_assert_cmpuint(trace_n_frames(t), ==, trace_n_frames(f.trace));
  g_assert_cmpuint(trace_n_elements(t), ==, trace_n_elements(f.trace));
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    struct trace_frame a = trace_frame(t, i), b = trace_frame(f.trace, i);
    a.position = b.position = 0;
    packets_assert_same_frame(&a, &b);
  }
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_assert_true(trace_octets(t, 3, octets));
  g_unlink(path);
  g_assert_true(trace_octets(t, 3, octets)); /* the file is open: removing its name harms nothing */
  g_rmdir(folder);
  trace_free(f.trace);
}

static void
test_a_cut_file_keeps_what_was_read(void)
{
  struct packets_feed f = play_pop();
  g_autofree char *folder = NULL;
  g_autofree char *path = save(f.trace, &folder);
  g_autofree char *text = NULL;
  gsize n;
  g_file_get_contents(path, &text, &n, NULL);
  g_file_set_contents(path, text, (gssize)n - 100, NULL);
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) warning = NULL;
  g_assert_true(trace_load_file(t, path, &warning, NULL));
  g_assert_error(warning, SOURCE_ERROR, SOURCE_ERROR_CUT);
  g_assert_true(trace_damage(t).ended_early);
  g_assert_cmpuint(trace_n_frames(t), ==, 10);
  g_assert_cmpuint(findings_n_logins(trace_findings(t)), ==, 1);
  g_unlink(path);
  g_rmdir(folder);
  trace_free(f.trace);
}

/* ---- pass 1 without a store ---- */

static void
count_login(void *data, const struct login *login, const struct finding_place *place)
{
  unsigned *n = data;
  ++*n;
  g_assert_cmpuint(place->where.stream, <, 10000);
}

/* Ten thousand short connections, a second apart: streams are counted on while idle ones are
 * forgotten. */
static void
test_streaming_forgets_idle_flows(void)
{
  unsigned n_logins = 0;
  static const struct pass1_sink sink = {.login = count_login};
  struct pass1 *p = pass1_new(&(struct pass1_options){.forgets = true}, &sink, &n_logins);
  uint32_t index = 0;
  for (unsigned c = 0; c < 10000; c++)
    for (gsize i = 0; i < G_N_ELEMENTS(pop); i++) {
      g_autoptr(GByteArray) frame = packets_tcp(&pop[i]);
      frame->data[pop[i].from ? 18 : 14] = (uint8_t)(c >> 8); /* another client */
      frame->data[pop[i].from ? 19 : 15] = (uint8_t)c;
      struct pass1_input in = {.octets = frame->data,
                               .time_ns = (int64_t)c * 1000000000 + (int64_t)i * 1000,
                               .index = index++,
                               .captured_octets = frame->len,
                               .wire_octets = frame->len,
                               .link = LINK_IPV4};
      pass1_frame(p, &in, NULL);
    }
  pass1_finish(p);
  g_assert_cmpuint(n_logins, ==, 10000);
  g_assert_cmpuint(flow_table_n_streams(pass1_flows(p), IP_PROTO_TCP), ==, 10000);
  g_assert_cmpuint(flow_table_n(pass1_flows(p)), <, 200);
  pass1_free(p);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/octets-and-records", test_octets_and_records);
  g_test_add_func("/elements-lie-in-their-frames", test_elements_lie_in_their_frames);
  g_test_add_func("/next-elements-of-a-flow", test_next_elements_of_a_flow);
  g_test_add_func("/a-login-carries-its-place-in-both-frames",
                  test_a_login_carries_its_place_in_both_frames);
  g_test_add_func("/the-same-hop-twice-is-two-flows-only-on-request",
                  test_the_same_hop_twice_is_two_flows_only_on_request);
  g_test_add_func("/a-quoted-flow-has-its-number-reserved",
                  test_a_quoted_flow_has_its_number_reserved);
  g_test_add_func("/a-saved-trace-loads-the-same-in-steps",
                  test_a_saved_trace_loads_the_same_in_steps);
  g_test_add_func("/a-cut-file-keeps-what-was-read", test_a_cut_file_keeps_what_was_read);
  g_test_add_func("/streaming-forgets-idle-flows", test_streaming_forgets_idle_flows);
  return g_test_run();
}
