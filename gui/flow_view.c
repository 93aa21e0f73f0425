/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow_view.c -- what is known of the selected conversation at the time cursor.
 *
 * A capture tells states by its segments (tcp_view.c) and by the elements of pass 1; a run also has
 * the word of the ends themselves, which is preferred because a segment that is under way has not
 * arrived yet. */
#include "gui/flow_view.h"

#include <string.h>

#include "capture/wire/mail.h"

/* Steps back from the cursor before the flow is walked from its start instead. */
enum { STEPS_BACK_MAX = 4096 };

static uint32_t
last_frame_at(const struct trace *t, uint32_t flow, uint32_t frame)
{
  const struct trace_flow *f = trace_flow(t, flow);
  if (frame == SESSION_NONE || frame < f->first_frame || trace_n_frames(t) == 0)
    return TRACE_NONE;
  if (frame >= f->last_frame)
    return f->last_frame;
  for (uint32_t i = frame, steps = 0; steps < STEPS_BACK_MAX; i--, steps++) {
    if (trace_frame(t, i).flow == flow)
      return i;
    if (i == f->first_frame)
      break;
  }
  uint32_t found = f->first_frame;
  for (uint32_t i = found; i != TRACE_NONE && i <= frame; i = trace_frame(t, i).next_in_flow)
    found = i;
  return found;
}

static void
find_states(const struct trace *t, struct flow_view *v)
{
  v->app = trace_flow(t, v->flow)->app;
  switch (v->app) {
  case APP_SMTP:
    v->states = smtp_states;
    v->n_states = SMTP_N_STATES;
    break;
  case APP_POP3:
    v->states = pop_states;
    v->n_states = POP_N_STATES;
    break;
  case APP_IMAP:
    v->states = imap_states;
    v->n_states = IMAP_N_STATES;
    break;
  default:
    return;
  }
  v->state = v->n_states;
  if (v->frame != TRACE_NONE)
    v->state = MIN(trace_frame(t, v->frame).state, v->n_states);
}

static uint32_t
host_of(struct run *run, const struct ip_addr *addr)
{
  for (uint32_t i = 0; i < run_n_hosts(run); i++) {
    struct host_info host = run_host(run, i);
    if (host.addr.version && ip_addr_equal(&host.addr, addr))
      return i;
  }
  return UINT32_MAX;
}

gboolean
flow_view_names(Session *session, uint32_t flow, enum side side, struct flow_view_names *out)
{
  struct run *run = session_run(session);
  if (!run)
    return FALSE;
  const struct trace_flow *f = trace_flow(session_trace(session), flow);
  unsigned end = side == SIDE_CLIENT ? f->client : !f->client;
  out->host = host_of(run, &f->ends[end].addr);
  if (out->host == UINT32_MAX)
    return FALSE;
  /* Both ends may name the connection in the same order: the host tells whose it is. */
  char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];
  endpoint_format(&f->ends[end].addr, f->ends[end].port, local);
  endpoint_format(&f->ends[!end].addr, f->ends[!end].port, remote);
  out->from_here = g_strdup_printf("tcp %s %s", local, remote);
  out->from_there = g_strdup_printf("tcp %s %s", remote, local);
  return TRUE;
}

void
flow_view_names_clear(struct flow_view_names *names)
{
  g_free(names->from_here);
  g_free(names->from_there);
}

const char *
flow_view_variable(Session *session, const struct flow_view *v, enum side side, const char *key)
{
  struct flow_view_names names;
  if (v->flow == TRACE_NONE || !v->is_tcp || !flow_view_names(session, v->flow, side, &names))
    return NULL;
  struct run *run = session_run(session);
  int64_t now = session_time(session);
  const char *value = run_value_at(run, now, names.host, names.from_here, key);
  if (!value)
    value = run_value_at(run, now, names.host, names.from_there, key);
  flow_view_names_clear(&names);
  return value;
}

void
flow_view_at_cursor(Session *session, struct flow_view *v)
{
  struct trace *t = session_trace(session);
  *v = (struct flow_view){.flow = session_flow(session), .frame = TRACE_NONE};
  v->is_run = session_run(session) != NULL;
  if (v->flow == SESSION_NONE || v->flow >= trace_n_flows(t)) {
    v->flow = TRACE_NONE;
    return;
  }
  const struct trace_flow *f = trace_flow(t, v->flow);
  v->is_tcp = f->proto == IP_PROTO_TCP;
  v->client = f->client;
  v->frame = last_frame_at(t, v->flow, session_frame(session));
  find_states(t, v);
  struct tcp_view tcp;
  if (!v->is_tcp)
    return;
  if (v->frame == TRACE_NONE) {
    v->tcp[SIDE_CLIENT] = TCP_VIEW_CLOSED;
    v->tcp[SIDE_SERVER] = TCP_VIEW_LISTEN;
  } else {
    tcp_view_at(t, v->flow, v->frame, &tcp);
    v->tcp[SIDE_CLIENT] = tcp.ends[v->client].state;
    v->tcp[SIDE_SERVER] = tcp.ends[!v->client].state;
    v->mid_stream = tcp.mid_stream;
    v->was_reset = tcp.was_reset;
  }
  for (int side = 0; side < 2; side++) {
    const char *said = flow_view_variable(session, v, (enum side)side, "state");
    enum tcp_view_state state = tcp_view_state_find(said);
    if (state != TCP_VIEW_UNKNOWN)
      v->tcp[side] = state;
  }
}

char *
flow_view_end_name(Session *session, uint32_t flow, enum side side)
{
  const struct trace_flow *f = trace_flow(session_trace(session), flow);
  const struct trace_flow_end *end = &f->ends[side == SIDE_CLIENT ? f->client : !f->client];
  struct run *run = session_run(session);
  char text[ENDPOINT_TEXT_MAX];
  endpoint_format(&end->addr, end->port, text);
  uint32_t host = run ? host_of(run, &end->addr) : UINT32_MAX;
  return host != UINT32_MAX ? g_strdup_printf("%s %s", run_host(run, host).name, text)
                            : g_strdup(text);
}

const char *
flow_view_app_name(uint8_t app)
{
  static const char *const names[APP_N] = {"", "SMTP", "POP3", "IMAP", "TLS",
                                             "DNS", "SOCKS", "HTTP"};
  return app < APP_N ? names[app] : "";
}
