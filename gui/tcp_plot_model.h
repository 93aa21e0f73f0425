/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_TCP_PLOT_MODEL_H
#define GUI_TCP_PLOT_MODEL_H

/* One direction of a TCP connection as curves over time.
 *
 *   windows   what the sender may have under way: congestion window, slow start threshold, the
 *             receiver's window, and what is under way. A run's ends tell them; of a capture only
 * the last two can be seen, as its segments show them. sequence  every segment from its first to
 * its last octet, and the other end's acknowledgements and the right edge of its window (RFC
 * 9293, 3.3.1), relative to the initial numbers. */
#include "gui/flow_view.h"

enum { PLOT_SEGMENTS_MAX = 20000 }; /* decoded at once: some hundredths of a second */

enum plot_line {
  PLOT_CWND,
  PLOT_SSTHRESH,
  PLOT_WINDOW,
  PLOT_FLIGHT,
  PLOT_ACK,
  PLOT_EDGE,
  N_PLOT_LINES
};

/* A value holds until the next point. */
struct plot_point {
  int64_t time_ns;
  double value;
};

struct plot_segment {
  int64_t time_ns;
  uint32_t frame;
  double first, last; /* sequence numbers; equal: no payload */
  gboolean is_again;  /* retransmitted */
};

/* What the sender says it is doing ("slow-start", sim/core/world.h), from then on. */
struct plot_phase {
  int64_t time_ns;
  const char *name; /* borrowed of the run */
};

struct tcp_plot_model {
  uint32_t flow; /* TRACE_NONE: nothing to draw */
  enum side from;
  gboolean is_tcp, is_cut;     /* cut: only the first PLOT_SEGMENTS_MAX segments */
  GArray *lines[N_PLOT_LINES]; /* struct plot_point, by time */
  GArray *segments;            /* struct plot_segment */
  GArray *phases;              /* struct plot_phase */
  int64_t first_ns, last_ns;
};

struct plot_line_row {
  const char *name; /* as TCP's own texts call it */
  struct lang_pair meaning;
};
extern const struct plot_line_row plot_line_rows[N_PLOT_LINES];

void tcp_plot_model_init(struct tcp_plot_model *m);
void tcp_plot_model_clear(struct tcp_plot_model *m);
/* The selected conversation's octets that `from` sends. */
void tcp_plot_model_load(struct tcp_plot_model *m, Session *session, enum side from);
/* The side that sends more octets. */
enum side tcp_plot_model_busier(Session *session, uint32_t flow);

/* The value of a line at a time; false before its first point. */
gboolean tcp_plot_value_at(const struct tcp_plot_model *m, enum plot_line line, int64_t time_ns,
                           double *value);
const char *tcp_plot_phase_at(const struct tcp_plot_model *m, int64_t time_ns); /* or NULL */

#endif
