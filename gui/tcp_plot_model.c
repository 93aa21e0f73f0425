/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_plot_model.c -- the curves of one direction of a TCP connection.
 *
 *     run:      state events "tcp A B" of the sending host ──> cwnd, ssthresh, window, flight,
 * phase capture:  segments ──> flight = highest octet sent - highest acknowledged; window as
 * offered both:     segments ──> sequence numbers, acknowledgements, right edge of the window */
#include "gui/tcp_plot_model.h"

#include <string.h>

const struct plot_line_row plot_line_rows[N_PLOT_LINES] = {
    [PLOT_CWND] = {"cwnd", {"congestion window", "หน้าต่างความคับคั่ง"}},
    [PLOT_SSTHRESH] = {"ssthresh", {"slow start threshold", "ขีดสิ้นสุด slow start"}},
    [PLOT_WINDOW] = {"window", {"window of the receiver", "หน้าต่างของฝั่งรับ"}},
    [PLOT_FLIGHT] = {"flight", {"octets under way", "ออกเตตที่กำลังเดินทาง"}},
    [PLOT_ACK] = {"ACK", {"acknowledged", "ได้รับการตอบรับแล้ว"}},
    [PLOT_EDGE] = {"ACK + window", {"right edge of the window", "ขอบขวาของหน้าต่าง"}},
};

void
tcp_plot_model_init(struct tcp_plot_model *m)
{
  *m = (struct tcp_plot_model){.flow = TRACE_NONE};
  for (int i = 0; i < N_PLOT_LINES; i++)
    m->lines[i] = g_array_new(FALSE, FALSE, sizeof(struct plot_point));
  m->segments = g_array_new(FALSE, FALSE, sizeof(struct plot_segment));
  m->phases = g_array_new(FALSE, FALSE, sizeof(struct plot_phase));
}

void
tcp_plot_model_clear(struct tcp_plot_model *m)
{
  for (int i = 0; i < N_PLOT_LINES; i++)
    g_array_unref(m->lines[i]);
  g_array_unref(m->segments);
  g_array_unref(m->phases);
}

enum side
tcp_plot_model_busier(Session *session, uint32_t flow)
{
  const struct trace_flow *f = trace_flow(session_trace(session), flow);
  uint64_t client = f->ends[f->client].n_octets, server = f->ends[!f->client].n_octets;
  return server > client ? SIDE_SERVER : SIDE_CLIENT;
}

/* Several values of one instant: the last one holds. */
static void
append(struct tcp_plot_model *m, enum plot_line line, int64_t time_ns, double value)
{
  GArray *a = m->lines[line];
  struct plot_point p = {time_ns, value};
  if (a->len > 0) {
    struct plot_point *last = &g_array_index(a, struct plot_point, a->len - 1);
    if (last->value == value)
      return;
    if (last->time_ns == time_ns) {
      last->value = value;
      return;
    }
  }
  g_array_append_val(a, p);
}

/* ---- from the run's own word ---- */

static void
take_event(struct tcp_plot_model *m, const struct run_event *e)
{
  static const struct {
    const char *key;
    enum plot_line line;
  } keys[] = {{"cwnd", PLOT_CWND},
              {"ssthresh", PLOT_SSTHRESH},
              {"snd_wnd", PLOT_WINDOW},
              {"flight", PLOT_FLIGHT}};
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
    if (strcmp(e->key, keys[i].key) == 0) {
      append(m, keys[i].line, e->time_ns, g_ascii_strtod(e->value, NULL));
      m->last_ns = MAX(m->last_ns, e->time_ns); /* an answer arrives behind the last frame */
    }
  if (strcmp(e->key, "phase") == 0) {
    struct plot_phase p = {e->time_ns, e->value};
    g_array_append_val(m->phases, p);
  }
}

static void
load_events(struct tcp_plot_model *m, Session *session)
{
  size_t n = 0;
  const struct run_event *events = run_events(session_run(session), &n);
  struct flow_view_names names;
  if (!flow_view_names(session, m->flow, m->from, &names))
    return;
  for (size_t i = 0; i < n; i++)
    if (events[i].host == names.host && (g_str_equal(events[i].subject, names.from_here) ||
                                         g_str_equal(events[i].subject, names.from_there)))
      take_event(m, &events[i]);
  flow_view_names_clear(&names);
}

/* ---- from the segments ---- */

struct seen {
  double sent, acked; /* highest, relative */
  gboolean is_acked;
};

static gboolean
number_of(struct decode *d, const char *key, double *out)
{
  const struct field *f = decode_find(d, key, 0);
  if (f)
    *out = (double)f->number;
  return f != NULL;
}

static void
take_sent(struct tcp_plot_model *m, const struct trace_frame *f, uint32_t frame, int64_t time_ns,
          double sequence, struct seen *seen)
{
  double last = sequence + f->payload_octets;
  struct plot_segment s = {time_ns, frame, sequence, last,
                           (f->analysis & ANALYSIS_RETRANSMISSION) != 0};
  g_array_append_val(m->segments, s);
  seen->sent = MAX(seen->sent, last);
}

static void
take_answer(struct tcp_plot_model *m, struct decode *d, int64_t time_ns, struct seen *seen)
{
  double ack, window;
  if (!number_of(d, "tcp.ack", &ack))
    return;
  seen->acked = seen->is_acked ? MAX(seen->acked, ack) : ack;
  seen->is_acked = TRUE;
  append(m, PLOT_ACK, time_ns, seen->acked);
  if (number_of(d, "tcp.window_size", &window)) {
    append(m, PLOT_EDGE, time_ns, seen->acked + window);
    if (m->lines[PLOT_CWND]->len == 0)
      append(m, PLOT_WINDOW, time_ns, window);
  }
}

static void
load_segments(struct tcp_plot_model *m, Session *session)
{
  struct trace *t = session_trace(session);
  const struct trace_flow *flow = trace_flow(t, m->flow);
  unsigned end = m->from == SIDE_CLIENT ? flow->client : !flow->client;
  gboolean is_told = m->lines[PLOT_CWND]->len > 0; /* the run's word is better */
  struct decode *d = session_row_decode(session);
  struct seen seen = {0};
  uint32_t n = 0;
  for (uint32_t i = flow->first_frame; i != TRACE_NONE; i = trace_frame(t, i).next_in_flow, n++) {
    const struct trace_frame f = trace_frame(t, i);
    int64_t time_ns = session_frame_time(session, i);
    double sequence;
    m->last_ns = MAX(m->last_ns, time_ns);
    if (n >= PLOT_SEGMENTS_MAX) {
      m->is_cut = TRUE;
      break;
    }
    if (!decode_frame(d, i) || !number_of(d, "tcp.seq", &sequence))
      continue;
    if (f.direction == end)
      take_sent(m, &f, i, time_ns, sequence, &seen);
    else
      take_answer(m, d, time_ns, &seen);
    if (!is_told && seen.is_acked)
      append(m, PLOT_FLIGHT, time_ns, MAX(seen.sent - seen.acked, 0));
  }
}

void
tcp_plot_model_load(struct tcp_plot_model *m, Session *session, enum side from)
{
  struct trace *t = session_trace(session);
  for (int i = 0; i < N_PLOT_LINES; i++)
    g_array_set_size(m->lines[i], 0);
  g_array_set_size(m->segments, 0);
  g_array_set_size(m->phases, 0);
  m->is_cut = m->is_tcp = FALSE;
  m->from = from;
  m->flow = session_flow(session);
  if (m->flow == SESSION_NONE || m->flow >= trace_n_flows(t)) {
    m->flow = TRACE_NONE;
    return;
  }
  m->is_tcp = trace_flow(t, m->flow)->proto == IP_PROTO_TCP;
  if (!m->is_tcp)
    return;
  m->first_ns = m->last_ns = session_frame_time(session, trace_flow(t, m->flow)->first_frame);
  if (session_run(session))
    load_events(m, session);
  load_segments(m, session);
}

/* ---- reading ---- */

gboolean
tcp_plot_value_at(const struct tcp_plot_model *m, enum plot_line line, int64_t time_ns,
                  double *value)
{
  const GArray *a = m->lines[line];
  guint low = 0, high = a->len; /* the first point behind time_ns */
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (g_array_index(a, struct plot_point, middle).time_ns > time_ns)
      high = middle;
    else
      low = middle + 1;
  }
  if (low == 0)
    return FALSE;
  *value = g_array_index(a, struct plot_point, low - 1).value;
  return TRUE;
}

const char *
tcp_plot_phase_at(const struct tcp_plot_model *m, int64_t time_ns)
{
  const char *name = NULL;
  for (guint i = 0; i < m->phases->len; i++) {
    const struct plot_phase *p = &g_array_index(m->phases, struct plot_phase, i);
    if (p->time_ns > time_ns)
      break;
    name = p->name;
  }
  return name;
}
