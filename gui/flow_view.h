/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_FLOW_VIEW_H
#define GUI_FLOW_VIEW_H

/* What is known of the selected conversation at the time cursor: the states of its two ends and of
 * the application protocol, from the trace and, in runs, from the simulated ends themselves. */
#include "capture/trace/tcp_view.h"
#include "gui/session.h"

struct flow_view {
  uint32_t flow;  /* TRACE_NONE: none is selected */
  uint32_t frame; /* its last frame at or before the cursor, TRACE_NONE before its first */
  gboolean is_tcp, is_run;
  unsigned client; /* which of trace_flow.ends */
  /* By side: SIDE_CLIENT, SIDE_SERVER. */
  enum tcp_view_state tcp[2];
  gboolean mid_stream, was_reset;
  uint8_t app;                     /* enum app */
  const struct mail_state *states; /* the protocol's table, NULL when it has none */
  unsigned n_states;
  unsigned state; /* index, or n_states: unknown */
};

void flow_view_at_cursor(Session *session, struct flow_view *v);

/* How the state events of one side's simulated TCP are found: its host and the connection's name,
 * in either order of the ends. False when it is not a run's. */
struct flow_view_names {
  uint32_t host;
  char *from_here, *from_there;
};
gboolean flow_view_names(Session *session, uint32_t flow, enum side side,
                         struct flow_view_names *out);
void flow_view_names_clear(struct flow_view_names *names);

/* A variable of one side's simulated TCP ("cwnd", …), or NULL when it is not known (captures). */
const char *flow_view_variable(Session *session, const struct flow_view *v, enum side side,
                               const char *key);

/* "alice-pc 10.0.0.5:50112"; the name only in runs. g_free() it. */
char *flow_view_end_name(Session *session, uint32_t flow, enum side side);

/* "SMTP"; "" for none. */
const char *flow_view_app_name(uint8_t app);

#endif
