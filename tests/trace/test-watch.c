/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-watch.c -- the short ways of pass 1 find exactly what the long one finds.
 *
 * Three passes read the captures of ENVELOSCOPE_CORPUS and sessions that were cut, repeated, lost,
 * reordered, overlapped and begun anew at random: one that walks every frame, one that forgets, and
 * one with records, of which both take most frames at a glance (frame_sort). Everything they tell
 * is compared, all records and flows too, and every frame that frame_sort takes is walked. */
#include <stdlib.h>
#include <string.h>

#include "capture/source/reader.h"
#include "capture/trace/pass1.h"
#include "capture/wire/frame_sort.h"
#include "tests/trace/packets.h"

/* ---- three passes side by side ---- */

static void
tell(GString *to, const struct finding_place *place)
{
  char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];
  const struct finding_flow *where = &place->where;
  g_string_append_printf(to, " stream %u %s:%u > %s:%u at %" G_GINT64_FORMAT, where->stream,
                         ip_addr_format(&where->client, client), where->client_port,
                         ip_addr_format(&where->server, server), where->server_port,
                         place->time_ns);
  for (unsigned i = 0; i < place->n_evidence; i++) {
    const struct evidence *e = &place->evidence[i];
    g_string_append_printf(to, " [%u %u+%u]", e->frame, e->first_octet, e->n_octets);
  }
  g_string_append_c(to, '\n');
}

static void
on_login(void *data, const struct login *l, const struct finding_place *place)
{
  GString *to = data;
  g_string_append_printf(to, "%u %s %.*s/%.*s %u %u %u frames", l->app, l->mechanism,
                         (int)l->user_octets, (const char *)l->user, (int)l->secret_octets,
                         (const char *)l->secret, l->secret_kind, l->outcome, l->mid_stream);
  for (unsigned i = 0; i < l->n_frames; i++)
    g_string_append_printf(to, " %u", l->frames[i]);
  tell(to, place);
}

static void
on_notice(void *data, const struct notice *n, const struct finding_place *place)
{
  g_string_append_printf(data, "notice %u %u %u", n->kind, n->app, n->frame);
  tell(data, place);
}

enum { WALKS, FORGETS, RECORDS, N_PASSES };

struct trio {
  struct pass1 *passes[N_PASSES];
  GString *told[N_PASSES];
  uint32_t n_frames, n_short;
};

static struct trio
trio_new(void)
{
  static const struct pass1_sink sink = {.login = on_login, .notice = on_notice};
  struct trio p = {0};
  for (int i = 0; i < N_PASSES; i++) {
    struct pass1_options options = {.forgets = i == FORGETS, .walks_all = i == WALKS};
    p.told[i] = g_string_new(NULL);
    p.passes[i] = pass1_new(&options, &sink, p.told[i]);
  }
  return p;
}

/* What the glance says has to be what the walk says. */
static void
check_sort(struct trio *p, const uint8_t *octets, size_t n)
{
  struct frame_segment s = {0};
  struct frame_layers l;
  enum frame_sort sort = frame_sort(octets, n, &s);
  frame_walk(LINK_ETHERNET, octets, n, &l);
  if (sort == FRAME_SPECIAL)
    return;
  p->n_short++;
  g_assert_cmpint(l.trouble, ==, FRAME_FINE);
  g_assert_false(l.is_fragment);
  g_assert_cmpuint(l.ip_proto, ==, sort == FRAME_UDP ? IP_PROTO_UDP : IP_PROTO_TCP);
  g_assert_cmpuint(s.src_port, ==, l.src_port);
  g_assert_cmpuint(s.dst_port, ==, l.dst_port);
  if (sort == FRAME_UDP)
    return;
  g_assert_cmpuint(s.version, ==, l.ip_version);
  g_assert_cmpuint(s.ttl, ==, l.ttl);
  g_assert_cmpmem(s.src, s.version == 4 ? 4 : 16, l.src.octets, s.version == 4 ? 4 : 16);
  g_assert_cmpmem(s.dst, s.version == 4 ? 4 : 16, l.dst.octets, s.version == 4 ? 4 : 16);
  g_assert_cmpuint(s.seq, ==, l.tcp.seq);
  g_assert_cmpuint(s.ack, ==, l.tcp.ack);
  g_assert_cmpuint(s.flags, ==, l.tcp.flags & 0xff);
  g_assert_cmpuint(s.payload_offset, ==, l.payload_offset);
  g_assert_cmpuint(s.n_payload, ==, l.payload_octets);
  g_assert_cmpuint(s.n_payload, ==, l.payload_wire);
  g_assert_true(s.payload == octets + l.payload_offset);
}

static void
check_flows(const struct trio *p)
{
  const struct flow_table *walked = pass1_flows(p->passes[WALKS]),
                          *recorded = pass1_flows(p->passes[RECORDS]);
  g_assert_cmpuint(flow_table_n(walked), ==, flow_table_n(recorded));
  for (uint32_t i = 0; i < flow_table_n(walked); i++) {
    const struct trace_flow *a = &flow_record(flow_table_get(walked, i))->seen,
                            *b = &flow_record(flow_table_get(recorded, i))->seen;
    g_assert_cmpuint(a->last_frame, ==, b->last_frame);
    g_assert_cmpuint(a->app, ==, b->app);
    g_assert_cmpuint(a->state, ==, b->state);
    g_assert_cmpuint(a->client, ==, b->client);
    for (int d = 0; d < 2; d++) {
      g_assert_cmpuint(a->ends[d].n_frames, ==, b->ends[d].n_frames);
      g_assert_cmpuint(a->ends[d].n_octets, ==, b->ends[d].n_octets);
      g_assert_cmpuint(a->ends[d].isn, ==, b->ends[d].isn);
      g_assert_cmpuint(a->ends[d].n_retransmits, ==, b->ends[d].n_retransmits);
      g_assert_cmpuint(a->ends[d].fin_seen, ==, b->ends[d].fin_seen);
    }
  }
}

static void
trio_frame(struct trio *p, const struct pass1_input *in)
{
  struct pass1_input numbered = *in;
  struct trace_frame walked = {0}, recorded = {0};
  numbered.index = p->n_frames++;
  pass1_frame(p->passes[WALKS], &numbered, &walked);
  pass1_frame(p->passes[FORGETS], &numbered, NULL);
  pass1_frame(p->passes[RECORDS], &numbered, &recorded);
  packets_assert_same_frame(&walked, &recorded);
  if (in->link == LINK_ETHERNET)
    check_sort(p, in->octets, in->captured_octets);
}

static int
compare_lines(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of a text in order of their octets. A pass that forgets ends a silent conversation
 * before the capture's end, so what is told of ends comes earlier there. */
static char *
sorted(const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  qsort(lines, g_strv_length(lines), sizeof *lines, compare_lines);
  return g_strjoinv("\n", lines);
}

/* Compares and frees; returns how many lines were told. */
static unsigned
trio_end(struct trio *p)
{
  for (int i = 0; i < N_PASSES; i++)
    pass1_finish(p->passes[i]);
  g_autofree char *walked = sorted(p->told[WALKS]->str);
  g_assert_cmpstr(p->told[RECORDS]->str, ==, p->told[WALKS]->str);
  for (int i = 1; i < N_PASSES; i++) {
    g_autofree char *told = sorted(p->told[i]->str);
    g_assert_cmpstr(told, ==, walked);
    g_assert_cmpuint(flow_table_n_streams(pass1_flows(p->passes[i]), IP_PROTO_TCP), ==,
                     flow_table_n_streams(pass1_flows(p->passes[WALKS]), IP_PROTO_TCP));
  }
  check_flows(p);
  unsigned n = 0;
  for (const char *c = p->told[WALKS]->str; *c; c++)
    n += *c == '\n';
  for (int i = 0; i < N_PASSES; i++) {
    pass1_free(p->passes[i]);
    g_string_free(p->told[i], TRUE);
  }
  return n;
}

/* ---- captures ---- */

static void
test_corpus(void)
{
  const char *root = g_getenv("ENVELOSCOPE_CORPUS");
  static const char *const folders[] = {"real", "onefeature", "malformed"};
  unsigned n_told = 0, n_short = 0;
  if (!root) {
    g_test_skip("ENVELOSCOPE_CORPUS is not set");
    return;
  }
  for (size_t k = 0; k < G_N_ELEMENTS(folders); k++) {
    g_autofree char *folder = g_build_filename(root, folders[k], NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_assert_nonnull(dir);
    for (const char *name; (name = g_dir_read_name(dir));) {
      g_autofree char *path = g_build_filename(folder, name, NULL);
      struct reader *r = strstr(name, ".pcap") ? reader_new(path, NULL) : NULL;
      if (!r)
        continue;
      g_test_message("%s", name);
      struct trio p = trio_new();
      struct reader_frame f;
      while (reader_next(r, &f, NULL) == READER_FRAME) {
        struct pass1_input in = {.octets = f.octets,
                                 .time_ns = f.time_ns,
                                 .captured_octets = f.captured_octets,
                                 .wire_octets = f.wire_octets,
                                 .link = reader_interface(r, f.interface)->link,
                                 .interface = f.interface};
        trio_frame(&p, &in);
      }
      n_short += p.n_short;
      n_told += trio_end(&p);
      reader_free(r);
    }
  }
  g_assert_cmpuint(n_told, >, 50);
  g_assert_cmpuint(n_short, >, 1000);
}

/* ---- sessions at random ---- */

/* A letter for the side, then what it says; lines end in CR LF. */
static const char *const sessions[][12] = {
    {"S220 mx ESMTP\r\n", "CEHLO pc\r\n", "S250-mx\r\n250 AUTH PLAIN LOGIN\r\n",
     "CAUTH PLAIN AGFsaWNlAHMzY3JldA==\r\n", "S235 2.7.0 ok\r\n",
     "CMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\n", "S250 ok\r\n250 ok\r\n354 go\r\n",
     "CSubject: x\r\n\r\nAUTH PLAIN AGJvYgBib2I=\r\n..\r\ntext\r\n.\r\n", "S250 queued\r\n"},
    {"S+OK ready\r\n", "CUSER bob\r\n", "S+OK\r\n", "CPASS secret word\r\n", "S-ERR no\r\n",
     "CUSER bob\r\nPASS another\r\n", "S+OK\r\n+OK in\r\n", "CRETR 1\r\n",
     "S+OK 20 octets\r\nUSER x\r\nPASS y\r\n.\r\n", "CQUIT\r\n", "S+OK bye\r\n"},
    {"S* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n", "Ca LOGIN {5}\r\n", "S+ ok\r\n",
     "Calice {7}\r\n", "S+ ok\r\n", "Cpass wd\r\n", "Sa OK in\r\n", "Cb SELECT INBOX\r\n",
     "S* 3 EXISTS\r\nb OK\r\n", "Cc FETCH 1 BODY[]\r\n",
     "S* 1 FETCH (BODY[] {21}\r\na LOGIN nobody none\r\n)\r\nc OK\r\n"},
    {"S\x16\x03\x03", "CGET / HTTP/1.0\r\n\r\n", "SHTTP/1.0 200 OK\r\n\r\n<html>"},
};

struct end {
  uint32_t seq[2];
  int64_t time_ns;
};

/* The datagram of a segment in IPv4 or IPv6, with or without a tag, on Ethernet. */
static void
send_segment(struct trio *p, GRand *r, struct end *e, unsigned from, uint32_t seq, uint16_t flags,
             const char *text, size_t n)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_byte_array_append(octets, (const guint8 *)text, (guint)n);
  int window = g_rand_int_range(r, 0, 8) ? 0 : g_rand_int_range(r, -1, 60);
  g_autoptr(GByteArray) v4 = packets_tcp(&(struct packets_segment){.from = from,
                                                                   .seq = seq,
                                                                   .ack = e->seq[!from],
                                                                   .flags = flags,
                                                                   .window = window,
                                                                   .octets = octets});
  g_autoptr(GByteArray) frame = g_byte_array_new();
  bool tagged = g_rand_int_range(r, 0, 8) == 0;
  static const guint8 head[18] = {[12] = 0x08, [16] = 0x08}, tag[4] = {0x81, 0, 0, 7};
  g_byte_array_append(frame, head, 12);
  if (tagged)
    g_byte_array_append(frame, tag, 4);
  g_byte_array_append(frame, head + 12, 2);
  g_byte_array_append(frame, v4->data, v4->len);
  if (g_rand_int_range(r, 0, 4) == 0)
    g_byte_array_append(frame, head, 6); /* padding */
  uint32_t captured = frame->len;
  if (g_rand_int_range(r, 0, 60) == 0)
    captured -= (uint32_t)g_rand_int_range(r, 1, 10);
  struct pass1_input in = {.octets = frame->data,
                           .time_ns = e->time_ns += g_rand_int_range(r, 1, 900000),
                           .captured_octets = captured,
                           .wire_octets = frame->len,
                           .link = LINK_ETHERNET};
  trio_frame(p, &in);
}

/* Says a text in segments of any size, some of which are lost, repeated, late or overlapping. */
static void
say(struct trio *p, GRand *r, struct end *e, unsigned from, const char *text, unsigned trouble)
{
  size_t n = strlen(text), late_at = 0, late_n = 0;
  uint32_t base = e->seq[from];
  for (size_t at = 0; at < n;) {
    size_t take = (size_t)g_rand_int_range(r, 1, 24);
    take = MIN(take, n - at);
    unsigned what = (unsigned)g_rand_int_range(r, 0, 100);
    if (what < trouble) {
      if (what % 3 == 0) {
        late_at = at;
        late_n = take;
      } else if (what % 3 == 1) {
        send_segment(p, r, e, from, base + (uint32_t)at, TCP_ACK, text + at, take);
        send_segment(p, r, e, from, base + (uint32_t)at, TCP_ACK, text + at, take);
      }
    } else {
      size_t before = what % 5 == 0 ? MIN(at, 3) : 0;
      send_segment(p, r, e, from, base + (uint32_t)(at - before), TCP_ACK | TCP_PSH,
                   text + at - before, take + before);
    }
    at += take;
    if (what % 2)
      send_segment(p, r, e, !from, e->seq[!from], TCP_ACK, "", 0);
  }
  if (late_n)
    send_segment(p, r, e, from, base + (uint32_t)late_at, TCP_ACK, text + late_at, late_n);
  e->seq[from] = base + (uint32_t)n;
  send_segment(p, r, e, !from, e->seq[!from], TCP_ACK, "", 0);
}

static void
test_random_sessions(void)
{
  unsigned n_told = 0, n_short = 0;
  for (uint32_t seed = 0; seed < 400; seed++) {
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    struct trio p = trio_new();
    struct end e = {.time_ns = 1000000000};
    unsigned trouble = seed % 4 * 10;
    for (int c = 0; c < 4; c++) { /* the same ports again and again */
      const char *const *session = sessions[g_rand_int_range(r, 0, 4)];
      e.seq[0] = g_rand_int(r);
      e.seq[1] = g_rand_int(r);
      bool has_syn = g_rand_int_range(r, 0, 5) > 0;
      if (has_syn) {
        send_segment(&p, r, &e, 0, e.seq[0]++, TCP_SYN, "", 0);
        send_segment(&p, r, &e, 1, e.seq[1]++, TCP_SYN | TCP_ACK, "", 0);
        send_segment(&p, r, &e, 0, e.seq[0], TCP_ACK, "", 0);
      }
      for (int i = 0; i < 12 && session[i]; i++)
        say(&p, r, &e, session[i][0] == 'S', session[i] + 1, trouble);
      if (g_rand_int_range(r, 0, 2)) {
        send_segment(&p, r, &e, 0, e.seq[0]++, TCP_FIN | TCP_ACK, "", 0);
        send_segment(&p, r, &e, 1, e.seq[1]++, TCP_FIN | TCP_ACK, "", 0);
        send_segment(&p, r, &e, 0, e.seq[0], TCP_ACK, "", 0);
      } else if (g_rand_int_range(r, 0, 2)) {
        send_segment(&p, r, &e, 1, e.seq[1], TCP_RST, "gone", 4);
      }
      e.time_ns += INT64_C(1000000000);
    }
    n_short += p.n_short;
    n_told += trio_end(&p);
  }
  g_assert_cmpuint(n_told, >, 1500);
  g_assert_cmpuint(n_short, >, 20000);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/watch/corpus", test_corpus);
  g_test_add_func("/watch/random-sessions", test_random_sessions);
  return g_test_run();
}
