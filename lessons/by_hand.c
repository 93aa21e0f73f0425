/* SPDX-License-Identifier: GPL-3.0-or-later */
/* by_hand.c -- the dialogue of a hand, read from the inputs and the state events of a run.
 *
 *     inputs type, tls ──────────────┐
 *     events "hand NAME" heard, tls, ├─by time─> lines
 *                        state ──────┘
 *     events "hand NAME" turn ─────────────────> whose turn it is (at a client's end)
 *
 * Pieces of one line that came in several segments are put together again. Not here: the words for
 * what a client waits for (by_hand_hint.c). */
#include "lessons/by_hand.h"

#include <string.h>

#include "capture/wire/frame.h"

/* A client at whose other end a person sits has fallen silent when it says nothing for so long. */
#define QUIET_NS (INT64_C(500) * 1000000)
/* And so long it has for its first word. */
#define SILENCE_NS (INT64_C(3) * 1000000000)

struct by_hand {
  const struct run *run;
  char *subject;             /* "hand NAME" */
  const struct input *begin; /* open, take or listen; NULL: there is no such hand */
  GArray *lines;             /* struct by_hand_line, by time */
  GArray *turns;             /* struct turn, by time */
  GStringChunk *texts;
  uint32_t flow;
  uint16_t port;
};

struct turn {
  int64_t time_ns;
  bool is_mine;
};

/* ---- lines ---- */

static void
add_line(struct by_hand *h, int64_t time_ns, enum by_hand_kind kind, const char *text,
         const char *end)
{
  struct by_hand_line line = {.time_ns = time_ns,
                              .kind = kind,
                              .text = g_string_chunk_insert(h->texts, text),
                              .end = g_string_chunk_insert_const(h->texts, end)};
  g_array_append_val(h->lines, line);
}

/* What the event writes as \\\\ and \\t is text that a person may see as it is. */
static char *
unescape(const char *p, size_t n)
{
  GString *out = g_string_sized_new(n);
  for (size_t i = 0; i < n; i++) {
    bool is_pair = p[i] == '\\' && i + 1 < n && strchr("\\t", p[i + 1]);
    if (is_pair)
      i++;
    g_string_append_c(out, is_pair && p[i] == 't' ? '\t' : p[i]);
  }
  return g_string_free(out, false);
}

/* "250 OK\r\n", as the event writes it, into "250 OK" and "␍␊". */
static char *
split_end(const char *escaped, const char **end)
{
  static const struct {
    const char *written, *shown;
  } ends[] = {{"\\r\\n", "␍␊"}, {"\\n", "␊"}, {"\\r", "␍"}};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(escaped, ends[i].written)) {
      *end = ends[i].shown;
      return unescape(escaped, strlen(escaped) - strlen(ends[i].written));
    }
  *end = "";
  return unescape(escaped, strlen(escaped));
}

/* Joins what came to the line before it, when that has no end yet. */
static void
add_heard(struct by_hand *h, int64_t time_ns, const char *escaped)
{
  const char *end;
  g_autofree char *text = split_end(escaped, &end);
  struct by_hand_line *last =
      h->lines->len > 0 ? &g_array_index(h->lines, struct by_hand_line, h->lines->len - 1) : NULL;
  if (!last || last->kind != BY_HAND_HEARD || strcmp(last->end, "␍␊") == 0 ||
      strcmp(last->end, "␊") == 0) {
    add_line(h, time_ns, BY_HAND_HEARD, text, end);
    return;
  }
  g_autofree char *whole = g_strconcat(last->text, last->end, text, NULL);
  last->time_ns = time_ns;
  last->text = g_string_chunk_insert(h->texts, whole);
  last->end = g_string_chunk_insert_const(h->texts, end);
}

/* A typed text may hold several lines. */
static void
add_said(struct by_hand *h, const struct input *i)
{
  const char *end = i->end ? i->end : "\r\n";
  g_autofree char *all = g_strconcat(i->line, end, NULL);
  for (const char *p = all; *p;) {
    const char *feed = strchr(p, '\n');
    size_t n = feed ? (size_t)(feed - p) + 1 : strlen(p);
    bool has_cr = feed && feed > p && feed[-1] == '\r';
    g_autofree char *text = g_strndup(p, n - (feed ? 1 : 0) - (has_cr ? 1 : 0));
    add_line(h, i->time_ns, BY_HAND_SAID, text, has_cr ? "␍␊" : feed ? "␊" : "");
    p += n;
  }
}

static void
take_event(struct by_hand *h, const struct run_event *e)
{
  if (strcmp(e->key, "heard") == 0) {
    add_heard(h, e->time_ns, e->value);
  } else if (strcmp(e->key, "state") == 0) {
    add_line(h, e->time_ns, BY_HAND_STATE, e->value, "");
  } else if (strcmp(e->key, "tls") == 0) {
    add_line(h, e->time_ns, BY_HAND_TLS, e->value, "");
  } else if (strcmp(e->key, "turn") == 0) {
    struct turn turn = {e->time_ns, strcmp(e->value, "mine") == 0};
    g_array_append_val(h->turns, turn);
  }
}

static void
take_input(struct by_hand *h, const struct input *i)
{
  if (i->verb == INPUT_TYPE)
    add_said(h, i);
  else if (i->verb == INPUT_TLS)
    add_line(h, i->time_ns, BY_HAND_TLS, "", "");
}

/* ---- the connection ---- */

/* "hand 10.0.1.11:63644 10.0.1.25:25" -> the flow between these, the last that began by then. */
static void
find_flow(struct by_hand *h, const struct run_event *e)
{
  g_auto(GStrv) words = g_strsplit(e->subject, " ", -1);
  const struct trace *t = run_trace(h->run);
  if (g_strv_length(words) != 3)
    return;
  const char *local_port = strrchr(words[1], ':'), *remote_port = strrchr(words[2], ':');
  if (!local_port || !remote_port)
    return;
  uint16_t local = (uint16_t)g_ascii_strtoull(local_port + 1, NULL, 10);
  uint16_t remote = (uint16_t)g_ascii_strtoull(remote_port + 1, NULL, 10);
  for (uint32_t i = 0; i < trace_n_flows(t); i++) {
    const struct trace_flow *f = trace_flow(t, i);
    char text[2][ENDPOINT_TEXT_MAX];
    int64_t first_ns = trace_frame(t, f->first_frame).time_ns - TRACE_SIM_EPOCH_NS;
    if (f->proto != IP_PROTO_TCP || first_ns > e->time_ns)
      continue;
    for (unsigned k = 0; k < 2; k++)
      endpoint_format(&f->ends[k].addr, f->ends[k].port, text[k]);
    if ((strcmp(text[0], words[1]) == 0 && strcmp(text[1], words[2]) == 0) ||
        (strcmp(text[1], words[1]) == 0 && strcmp(text[0], words[2]) == 0)) {
      h->flow = i;
      h->port = f->ends[f->client].port == local ? remote : local;
    }
  }
}

/* ---- reading ---- */

static void
find_begin(struct by_hand *h, const char *hand)
{
  const struct input_log *log = run_inputs(h->run);
  for (unsigned i = 0; i < input_log_n(log) && !h->begin; i++) {
    const struct input *one = input_log_at(log, i);
    if ((one->verb == INPUT_OPEN || one->verb == INPUT_TAKE || one->verb == INPUT_LISTEN) &&
        strcmp(one->hand, hand) == 0)
      h->begin = one;
  }
  if (h->begin)
    h->port = h->begin->to_port;
}

struct by_hand *
by_hand_read(const struct run *r, const char *hand)
{
  struct by_hand *h = g_new0(struct by_hand, 1);
  h->run = r;
  h->subject = g_strdup_printf("hand %s", hand);
  h->lines = g_array_new(false, false, sizeof(struct by_hand_line));
  h->turns = g_array_new(false, false, sizeof(struct turn));
  h->texts = g_string_chunk_new(4096);
  h->flow = TRACE_NONE;
  find_begin(h, hand);
  const struct input_log *log = run_inputs(r);
  size_t n = 0;
  const struct run_event *events = run_events(r, &n);
  unsigned at = 0;
  for (size_t i = 0; i < n; i++) {
    /* An input comes before whatever else happens at its time. */
    for (; at < input_log_n(log) && input_log_at(log, at)->time_ns <= events[i].time_ns; at++)
      if (input_log_at(log, at)->hand && strcmp(input_log_at(log, at)->hand, hand) == 0)
        take_input(h, input_log_at(log, at));
    if (strcmp(events[i].subject, h->subject) == 0)
      take_event(h, &events[i]);
    else if (strcmp(events[i].key, "hand") == 0 && strcmp(events[i].value, hand) == 0)
      find_flow(h, &events[i]);
  }
  return h;
}

void
by_hand_free(struct by_hand *h)
{
  if (!h)
    return;
  g_array_free(h->lines, true);
  g_array_free(h->turns, true);
  g_string_chunk_free(h->texts);
  g_free(h->subject);
  g_free(h);
}

unsigned
by_hand_n_lines(const struct by_hand *h)
{
  return h->lines->len;
}

struct by_hand_line
by_hand_line(const struct by_hand *h, unsigned i)
{
  return g_array_index(h->lines, struct by_hand_line, i);
}

bool
by_hand_is_server(const struct by_hand *h)
{
  return h->begin && h->begin->verb == INPUT_LISTEN;
}

uint16_t
by_hand_port(const struct by_hand *h)
{
  return h->port;
}

uint32_t
by_hand_flow(const struct by_hand *h)
{
  return h->flow;
}

char *
by_hand_numbers(const struct run *r, uint32_t frame)
{
  static const struct {
    uint16_t flag;
    const char *name;
  } names[] = {
      {TCP_SYN, "SYN"}, {TCP_FIN, "FIN"}, {TCP_RST, "RST"}, {TCP_PSH, "PSH"}, {TCP_ACK, "ACK"}};
  const struct trace *t = run_trace(r);
  const struct trace_frame f = trace_frame(t, frame);
  const struct trace_flow_end *ends = trace_flow(t, f.flow)->ends;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct frame_layers layers;
  trace_octets(t, frame, octets);
  frame_walk(trace_link(t, frame), octets->data, octets->len, &layers);
  GString *out = g_string_new("[");
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (layers.tcp.flags & names[i].flag)
      g_string_append_printf(out, "%s%s", out->len > 1 ? ", " : "", names[i].name);
  g_string_append_printf(out, "] seq %u", layers.tcp.seq - ends[f.direction].isn);
  if (layers.tcp.flags & TCP_ACK)
    g_string_append_printf(out, " ack %u", layers.tcp.ack - ends[!f.direction].isn);
  return g_string_free(out, false);
}

/* ---- whose turn ---- */

const char *
by_hand_state(const struct by_hand *h, int64_t time_ns)
{
  const char *state = NULL;
  for (guint i = 0; i < h->lines->len; i++) {
    const struct by_hand_line *line = &g_array_index(h->lines, struct by_hand_line, i);
    if (line->kind == BY_HAND_STATE && line->time_ns <= time_ns)
      state = line->text;
  }
  return state;
}

bool
by_hand_is_over(const struct by_hand *h, int64_t time_ns)
{
  const char *state = by_hand_state(h, time_ns);
  return state && (strcmp(state, "closed") == 0 || strcmp(state, "failed") == 0);
}

/* When the connection ended, at or behind a time. */
static int64_t
over_ns(const struct by_hand *h, int64_t since_ns)
{
  for (guint i = 0; i < h->lines->len; i++) {
    const struct by_hand_line *line = &g_array_index(h->lines, struct by_hand_line, i);
    if (line->kind == BY_HAND_STATE && line->time_ns >= since_ns &&
        (strcmp(line->text, "closed") == 0 || strcmp(line->text, "failed") == 0))
      return line->time_ns;
  }
  return BY_HAND_NEVER;
}

/* When what was asked for at that time is there: TLS; the time itself when nothing was. */
static int64_t
agreed_ns(const struct by_hand *h, int64_t since_ns)
{
  bool is_asked = false;
  for (guint i = 0; i < h->lines->len; i++) {
    const struct by_hand_line *line = &g_array_index(h->lines, struct by_hand_line, i);
    if (line->kind != BY_HAND_TLS || line->time_ns < since_ns)
      continue;
    if (*line->text)
      return line->time_ns;
    is_asked = true;
  }
  return is_asked ? BY_HAND_NEVER : since_ns;
}

static int64_t
client_turn_ns(const struct by_hand *h, int64_t since_ns)
{
  bool is_mine = false;
  for (guint i = 0; i < h->turns->len; i++) {
    const struct turn *turn = &g_array_index(h->turns, struct turn, i);
    if (turn->time_ns > since_ns) {
      if (is_mine)
        return since_ns; /* nothing was owed */
      if (turn->is_mine)
        return turn->time_ns;
    }
    is_mine = turn->is_mine;
  }
  return is_mine ? since_ns : BY_HAND_NEVER;
}

/* The end of the first group of lines that came since then; when none comes, what was typed was no
 * whole reply, and whoever types may go on. */
static int64_t
server_turn_ns(const struct by_hand *h, int64_t since_ns, bool is_waiting)
{
  int64_t last_ns = BY_HAND_NEVER;
  for (guint i = 0; i < h->lines->len; i++) {
    const struct by_hand_line *line = &g_array_index(h->lines, struct by_hand_line, i);
    bool is_open = line->kind == BY_HAND_STATE && strcmp(line->text, "open") == 0;
    if (line->time_ns < since_ns || (line->kind != BY_HAND_HEARD && !is_open))
      continue;
    if (last_ns != BY_HAND_NEVER ? line->time_ns > last_ns + QUIET_NS
                                 : !is_waiting && line->time_ns > since_ns + SILENCE_NS)
      break;
    last_ns = line->time_ns;
  }
  if (last_ns != BY_HAND_NEVER)
    return last_ns + QUIET_NS;
  return is_waiting ? BY_HAND_NEVER : since_ns + SILENCE_NS;
}

int64_t
by_hand_turn_ns(const struct by_hand *h, int64_t since_ns)
{
  const char *state = by_hand_state(h, since_ns);
  bool is_waiting = state && strcmp(state, "waiting") == 0; /* a client may take its time */
  int64_t turn_ns =
      by_hand_is_server(h) ? server_turn_ns(h, since_ns, is_waiting) : client_turn_ns(h, since_ns);
  if (g_strcmp0(state, "closing") == 0)
    turn_ns = BY_HAND_NEVER; /* nothing but the end is awaited */
  if (turn_ns == since_ns)
    turn_ns = agreed_ns(h, since_ns);
  turn_ns = MIN(turn_ns, over_ns(h, since_ns));
  return is_waiting || turn_ns == BY_HAND_NEVER || turn_ns <= since_ns + BY_HAND_PATIENCE_NS
             ? turn_ns
             : BY_HAND_NEVER;
}
