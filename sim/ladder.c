/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ladder.c -- a run as text: one line for each frame, and what was said on it.
 *
 *     ladder     0.012345  alice-pc   > mx-alice    TCP   49152 > 587 [SYN] …
 *                                       C: EHLO alice-pc          lines that the frame completed
 *     dialogue   one block for each conversation, C: and S: lines
 *     json       one object for each frame, JSON Lines
 *
 * Secrets of a run are shown: they belong to nobody, and the lesson is that the wire shows them.
 * Not here: what a frame means (capture/decode), the steps of a lesson (lessons/). */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/decode/decode.h"
#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "capture/wire/tls.h"
#include "lessons/lesson.h"
#include "sim/cmd.h"

/* A silence on the wire is played at most this long, so that a class does not wait for a timer. */
static const double silence_s_max = 0.8;
/* And a step's prose is left alone this long; nobody is kept waiting when nobody watches. */
static const double step_s = 2.5;
enum { PROSE_COLUMNS = 76, MESSAGE_LINE_MAX = 2000, SAID_COLUMN = 18 };

struct ladder {
  const struct run *run;
  const struct trace *trace;
  struct decode *decode;
  GHashTable *by_address; /* IP or Ethernet address as text -> host index + 1 */
  int name_columns;
  const volatile int *stop;
};

/* Virtual times have nine decimals everywhere: as exact as the run. */
char *
ladder_seconds(int64_t time_ns)
{
  return g_strdup_printf("%" G_GINT64_FORMAT ".%09" G_GINT64_FORMAT, time_ns / 1000000000,
                         time_ns % 1000000000);
}

/* ---- names of hosts ---- */

static void
remember(struct ladder *l, const char *address, uint32_t host)
{
  if (!g_hash_table_contains(l->by_address, address))
    g_hash_table_insert(l->by_address, g_strdup(address), GUINT_TO_POINTER(host + 1));
}

/* The first hop of each packet tells which host has which Ethernet address. */
static void
gather_names(struct ladder *l)
{
  for (uint32_t i = 0; i < run_n_hosts(l->run); i++) {
    struct host_info host = run_host(l->run, i);
    char text[ADDR_TEXT_MAX];
    if (host.addr.version)
      remember(l, ip_addr_format(&host.addr, text), i);
    l->name_columns = MAX(l->name_columns, (int)strlen(host.name));
  }
  size_t n = 0;
  const struct run_flight *flights = run_flights(l->run, &n);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GHashTable) seen = g_hash_table_new(g_int64_hash, g_int64_equal);
  for (size_t i = 0; i < n; i++) {
    if (flights[i].frame == TRACE_NONE || !g_hash_table_add(seen, (gpointer)&flights[i].packet))
      continue;
    char text[ETHER_TEXT_MAX];
    if (trace_octets(l->trace, flights[i].frame, octets) && octets->len >= 14)
      remember(l, ether_format(octets->data + 6, text), flights[i].from_host);
  }
}

static const char *
name_of(const struct ladder *l, const char *address)
{
  guint host = GPOINTER_TO_UINT(g_hash_table_lookup(l->by_address, address));
  return host ? run_host(l->run, host - 1).name : NULL;
}

/* Who sent a frame and to whom: by IP address, else by Ethernet address. */
static void
ends_of(struct ladder *l, uint32_t frame, char from[ADDR_TEXT_MAX], char to[ADDR_TEXT_MAX])
{
  struct frame_layers layers;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  trace_octets(l->trace, frame, octets);
  frame_walk(trace_link(l->trace, frame), octets->data, octets->len, &layers);
  if (layers.ip_version) {
    ip_addr_format(&layers.src, from);
    ip_addr_format(&layers.dst, to);
    return;
  }
  from[0] = to[0] = '\0';
  if (octets->len >= 14) {
    ether_format(octets->data + 6, from);
    ether_format(octets->data, to);
  }
}

static const char *
shown_name(const struct ladder *l, const char *address)
{
  const char *name = name_of(l, address);
  if (name)
    return name;
  return strcmp(address, "ff:ff:ff:ff:ff:ff") == 0 ? lang_text("everybody", "ทุกเครื่อง") : address;
}

/* ---- what was said ---- */

/* The text of an element for a terminal: line end off, anything but text as \xNN. */
static char *
printable(const uint8_t *p, size_t n)
{
  while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r'))
    n--;
  GString *out = g_string_sized_new(n);
  while (n > 0) {
    gunichar c = g_utf8_get_char_validated((const char *)p, (gssize)n);
    if (c == (gunichar)-1 || c == (gunichar)-2 || c < 0x20 || c == 0x7f ||
        (c >= 0x80 && c < 0xa0)) {
      g_string_append_printf(out, *p == '\t' ? "    " : "\\x%02x", *p);
      p++;
      n--;
      continue;
    }
    int octets = g_unichar_to_utf8(c, NULL);
    g_string_append_len(out, (const char *)p, octets);
    p += octets;
    n -= (size_t)octets;
  }
  return g_string_free(out, false);
}

static bool
is_run_of_octets(const struct element *e)
{
  return e->kind == ELEMENT_MESSAGE || e->kind == ELEMENT_LITERAL || e->kind == ELEMENT_OTHER;
}

static char
side_letter(const struct element *e)
{
  return e->side == SIDE_CLIENT ? 'C' : 'S';
}

/* What a record is for, as far as it can be known. */
static const char *
record_name(const struct trace *t, const struct element *e)
{
  struct trace_plain plain;
  const char *name = tls_content_name(trace_plain(t, e, &plain) ? plain.type : e->code & 0xff);
  return name ? name : "?";
}

static void
print_said(struct ladder *l, uint32_t frame, const char *info)
{
  uint32_t first = trace_frame(l->trace, frame).element;
  uint32_t end = trace_elements_end(l->trace, frame);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(false, false, sizeof(struct trace_piece));
  for (uint32_t i = first; i < end; i++) {
    const struct element e = trace_element(l->trace, i);
    if (e.kind == ELEMENT_GAP || e.kind == ELEMENT_TLS || e.kind == ELEMENT_DEFLATE ||
        is_run_of_octets(&e))
      continue; /* the rung counts them */
    trace_element_octets(l->trace, i, octets, pieces);
    g_autofree char *text = printable(octets->data, octets->len);
    if (strstr(info, text))
      continue; /* the line above says it already */
    printf("%*c: %s\n", SAID_COLUMN, side_letter(&e), text);
  }
}

/* ---- ladder ---- */

char *
ladder_rung(struct ladder *l, uint32_t frame)
{
  char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
  ends_of(l, frame, from, to);
  decode_summary_only(l->decode, frame);
  const struct decode_summary *s = &l->decode->summary;
  return g_strdup_printf(
      "%-*s > %-*s  %-5s %s%s", l->name_columns, shown_name(l, from), l->name_columns,
      shown_name(l, to), s->protocol, s->info,
      run_is_lost(l->run, frame) ? lang_text("  ✗ lost on its way", "  ✗ หายระหว่างทาง") : "");
}

static void
print_rung(struct ladder *l, uint32_t frame)
{
  g_autofree char *rung = ladder_rung(l, frame);
  int64_t time_us = (trace_frame(l->trace, frame).time_ns - TRACE_SIM_EPOCH_NS) / 1000;
  printf("%4" G_GINT64_FORMAT ".%06" G_GINT64_FORMAT "  %s\n", time_us / 1000000, time_us % 1000000,
         rung);
  const char *info = l->decode->summary.info;
  print_said(l, frame, info ? info : "");
}

/* ---- a lesson, told between the rungs ---- */

static void
wait_s(const struct ladder *l, double seconds)
{
  fflush(stdout);
  if (seconds <= 0 || (l->stop && *l->stop))
    return;
  struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&t, NULL); /* a signal ends it early, and then *stop is set */
}

/* Prints a paragraph in lines of about PROSE_COLUMNS; Thai breaks where its writer put spaces. */
static void
print_wrapped(const char *text, const char *indent)
{
  g_auto(GStrv) words = g_strsplit_set(text, " \n", -1);
  glong column = 0;
  for (char **w = words; *w; w++) {
    glong n = g_utf8_strlen(*w, -1);
    if (n == 0)
      continue;
    if (column > 0 && column + 1 + n > PROSE_COLUMNS) {
      printf("\n");
      column = 0;
    }
    printf("%s%s", column == 0 ? indent : " ", *w);
    column += n + (column > 0);
  }
  printf("\n");
}

static void
tell_step(const struct ladder *l, const struct lesson *lesson, unsigned step)
{
  const struct lesson_prose *prose = lesson_prose(lesson, step);
  printf("\n── %u. %s ──\n", step + 1, prose->title);
  for (guint p = 0; p < prose->paragraphs->len; p++) {
    const struct lesson_paragraph *paragraph =
        &g_array_index(prose->paragraphs, struct lesson_paragraph, p);
    g_autoptr(GString) text = g_string_new(NULL);
    if (paragraph->block == LESSON_ITEM && paragraph->number == 0)
      g_string_append(text, "• ");
    else if (paragraph->block == LESSON_ITEM && paragraph->number != UINT_MAX)
      g_string_append_printf(text, "%u. ", paragraph->number);
    for (guint i = 0; i < paragraph->spans->len; i++)
      g_string_append(text, g_array_index(paragraph->spans, struct lesson_span, i).text);
    print_wrapped(text->str, "   ");
  }
}

/* Tells every step whose frame has come, in order; steps without a frame follow their neighbour. */
static unsigned
tell_until(const struct ladder *l, const struct lesson *lesson, unsigned told, uint32_t frame)
{
  while (told < lesson_n_steps(lesson)) {
    uint32_t focus = lesson_step(lesson, told)->focus_frame;
    if (focus != TRACE_NONE && focus > frame)
      break;
    tell_step(l, lesson, told++);
  }
  return told;
}

static void
print_ladder(struct ladder *l, double pace, const struct lesson *lesson)
{
  uint32_t n = trace_n_frames(l->trace);
  int64_t before_ns = n ? trace_frame(l->trace, 0).time_ns : 0;
  unsigned told = 0;
  bool paced = pace > 0 && isatty(STDOUT_FILENO);
  for (uint32_t i = 0; i < n && !(l->stop && *l->stop); i++) {
    if (lesson) {
      unsigned before = told;
      told = tell_until(l, lesson, told, i);
      if (told > before)
        printf("\n");
      if (paced)
        wait_s(l, (told - before) * step_s);
    }
    int64_t time_ns = trace_frame(l->trace, i).time_ns;
    if (paced)
      wait_s(l, MIN((double)(time_ns - before_ns) / 1e9 / pace, silence_s_max));
    before_ns = time_ns;
    print_rung(l, i);
  }
  if (lesson && !(l->stop && *l->stop))
    tell_until(l, lesson, told, TRACE_NONE - 1);
}

/* ---- dialogue ---- */

/* Message octets come in runs that end anywhere; they are printed line by line. */
static void
print_lines(GString *pending, char side, bool all)
{
  for (char *end; (end = memchr(pending->str, '\n', pending->len)) ||
                  pending->len > MESSAGE_LINE_MAX || (all && pending->len > 0);) {
    size_t n = end ? (size_t)(end - pending->str) + 1 : pending->len;
    g_autofree char *text = printable((const uint8_t *)pending->str, n);
    printf("%c: %s\n", side, text);
    g_string_erase(pending, 0, (gssize)n);
  }
}

static void
print_conversation(struct ladder *l, uint32_t flow, const GArray *elements)
{
  const struct trace_flow *f = trace_flow(l->trace, flow);
  const struct trace_flow_end *client = &f->ends[f->client], *server = &f->ends[!f->client];
  char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
  ip_addr_format(&client->addr, from);
  ip_addr_format(&server->addr, to);
  printf(
      lang_text("# stream %u: %s port %u > %s port %u\n", "# สตรีม %u: %s พอร์ต %u > %s พอร์ต %u\n"),
      f->stream, shown_name(l, from), client->port, shown_name(l, to), server->port);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(false, false, sizeof(struct trace_piece));
  g_autoptr(GString) pending = g_string_new(NULL);
  char side = 'C';
  for (guint i = 0; i < elements->len; i++) {
    uint32_t index = g_array_index(elements, uint32_t, i);
    const struct element e = trace_element(l->trace, index);
    struct trace_plain plain;
    if (e.kind == ELEMENT_DEFLATE)
      continue;
    if (e.kind == ELEMENT_TLS) {
      print_lines(pending, side, true);
      if (!trace_plain(l->trace, &e, &plain) || plain.type != TLS_APPLICATION_DATA)
        printf(lang_text("%c: (TLS record: %s, %u octets)\n", "%c: (เรคคอร์ด TLS: %s, %u ออกเตต)\n"),
               side_letter(&e), record_name(l->trace, &e), e.n_octets);
      continue; /* what was said inside comes in elements of its own */
    }
    trace_element_octets(l->trace, index, octets, pieces);
    if (!is_run_of_octets(&e) || side != side_letter(&e))
      print_lines(pending, side, true);
    side = side_letter(&e);
    if (e.kind == ELEMENT_GAP)
      printf(lang_text("%c: (%u octets missing)\n", "%c: (ขาดไป %u ออกเตต)\n"), side, e.n_octets);
    else
      g_string_append_len(pending, (const char *)octets->data, octets->len);
    print_lines(pending, side, !is_run_of_octets(&e));
  }
  print_lines(pending, side, true);
}

static void
print_dialogue(struct ladder *l)
{
  uint32_t n_flows = trace_n_flows(l->trace);
  g_autoptr(GPtrArray) by_flow = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  for (uint32_t i = 0; i < n_flows; i++)
    g_ptr_array_add(by_flow, g_array_new(false, false, sizeof(uint32_t)));
  for (uint32_t i = 0; i < trace_n_elements(l->trace); i++)
    g_array_append_val((GArray *)by_flow->pdata[trace_element(l->trace, i).flow], i);
  bool first = true;
  for (uint32_t i = 0; i < n_flows; i++) {
    const GArray *elements = by_flow->pdata[i];
    if (elements->len == 0)
      continue;
    if (!first)
      printf("\n");
    first = false;
    print_conversation(l, i, elements);
  }
}

/* ---- json ---- */

static void
append_text(GString *out, const char *name, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
  JsonNode *node = json_node_init_string(json_node_alloc(), valid);
  g_autofree char *quoted = json_to_string(node, false);
  json_node_unref(node);
  g_string_append_printf(out, ",\"%s\":%s", name, quoted);
}

static void
print_json(struct ladder *l)
{
  for (uint32_t i = 0; i < trace_n_frames(l->trace); i++) {
    const struct trace_frame f = trace_frame(l->trace, i);
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    ends_of(l, i, from, to);
    decode_summary_only(l->decode, i);
    g_autofree char *time = ladder_seconds(f.time_ns - TRACE_SIM_EPOCH_NS);
    g_autoptr(GString) out = g_string_new(NULL);
    g_string_append_printf(out, "{\"frame\":%u,\"time\":%s", i + 1, time);
    append_text(out, "from", shown_name(l, from));
    append_text(out, "to", shown_name(l, to));
    append_text(out, "source", l->decode->summary.source);
    append_text(out, "destination", l->decode->summary.destination);
    append_text(out, "protocol", l->decode->summary.protocol);
    append_text(out, "info", l->decode->summary.info);
    g_string_append_printf(out, ",\"octets\":%u,\"lost\":%s}\n", f.wire_octets,
                           run_is_lost(l->run, i) ? "true" : "false");
    fputs(out->str, stdout);
  }
}

struct ladder *
ladder_new(const struct run *r)
{
  struct ladder *l = g_new0(struct ladder, 1);
  l->run = r;
  l->trace = run_trace(r);
  l->decode = decode_new(run_trace(r));
  l->by_address = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  decode_set_reveal(l->decode, true);
  gather_names(l);
  return l;
}

void
ladder_free(struct ladder *l)
{
  g_hash_table_unref(l->by_address);
  decode_free(l->decode);
  g_free(l);
}

void
ladder_print(const struct run *r, enum ladder_format format, double pace,
             const struct lesson *lesson, const volatile int *stop)
{
  if (format == LADDER_NONE)
    return;
  struct ladder *l = ladder_new(r);
  l->stop = stop;
  if (format == LADDER_LADDER)
    print_ladder(l, pace, lesson);
  else if (format == LADDER_DIALOGUE)
    print_dialogue(l);
  else
    print_json(l);
  ladder_free(l);
}
