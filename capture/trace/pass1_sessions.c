/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pass1_sessions.c -- the application sessions of flows: begun with the first octet, ended, put
 * down.
 *
 *     pass1_outlets ─> get_session ─> flowsession_feed | flowsession_gap | flowsession_repeat
 *     pass1_end_session   both ends are done, the ports are reused, or the capture ends
 *     put_down_session    a pass that forgets has too many: what comes later is read like a
 *                         conversation whose start was not captured
 *     pass1_forget_one    looks at flows in turn and gives up what is idle: constant memory */
#include "capture/trace/flow_table.h"
#include "capture/trace/flowsession.h"
#include "capture/trace/pass1_private.h"

/* Idle flows are given up when forgetting: closed ones may still see a late repetition. */
enum { IDLE_CLOSED_UNITS = 10, IDLE_OPEN_UNITS = 300 };
/* And when there are too many, whose memory nothing else bounds: the longest idle of a few goes. */
enum {
  FLOWS_MAX_FORGETS = 1 << 16,    /* 8 MiB */
  SESSIONS_MAX_FORGETS = 1 << 12, /* about 8 MiB; a server with more open connections is rare */
  LOOKED_AT = 16,
};

static void
free_session(struct pass1 *p, struct flow *f)
{
  p->n_sessions -= f->session != NULL;
  g_clear_pointer(&f->session, flowsession_free);
}

void
pass1_drop_flow(struct pass1 *p, struct flow *f)
{
  for (int d = 0; d < 2; d++)
    stream_clear(&f->sides[d], &p->budget);
  free_session(p, f);
}

/* ---- the stream's outlets ---- */

static void put_down_session(struct pass1 *p, const struct flow *except);

static struct flowsession *
get_session(const struct pass1_feeding *to)
{
  struct flow *f = to->flow;
  struct pass1 *p = to->pass;
  if (f->session || f->session_is_over)
    return f->session;
  if (p->options.forgets && p->n_sessions >= SESSIONS_MAX_FORGETS)
    put_down_session(p, f);
  p->n_sessions++;
  f->session = flowsession_new(f, p->options.forgets ? NULL : &flow_record(f)->seen, to->flow_index,
                               !((f->sides[0].all_flags | f->sides[1].all_flags) & TCP_SYN),
                               p->options.keys, &p->sink, p->data);
  return f->session;
}

void
pass1_octets(void *data, const struct stream_run *run)
{
  struct pass1_feeding *to = data;
  struct flowsession *s = get_session(to);
  if (!s)
    return;
  flowsession_feed(s, to->direction, run, to->pass->last_index);
  if (!flowsession_is_over(s))
    return;
  free_session(to->pass, to->flow);
  to->flow->session_is_over = true;
}

static void
on_gap(void *data, uint64_t offset, uint64_t n, uint32_t frame)
{
  struct pass1_feeding *to = data;
  struct flowsession *s = get_session(to);
  if (s)
    flowsession_gap(s, to->direction, offset, n, frame);
}

static void
on_repeat(void *data, const struct stream_run *run, const uint8_t *first)
{
  struct pass1_feeding *to = data;
  if (to->flow->session)
    flowsession_repeat(to->flow->session, to->direction, run, first);
}

const struct stream_sink pass1_outlets = {
    .octets = pass1_octets, .gap = on_gap, .repeat = on_repeat};

void
pass1_end_session(struct pass1 *p, struct flow *f, uint32_t index)
{
  for (unsigned d = 0; d < 2; d++) {
    struct pass1_feeding to = {.pass = p, .flow = f, .flow_index = index, .direction = d};
    stream_finish(&f->sides[d], f->last_frame, &p->budget, &pass1_outlets, &to);
  }
  if (f->session)
    flowsession_end(f->session);
  free_session(p, f);
  f->session_is_over = true;
}

/* The flow that is idle longest of the next few that are wanted, or NULL. */
static struct flow *
find_idle(struct pass1 *p, const struct flow *except, bool with_session, uint32_t *index)
{
  struct flow *found = NULL;
  uint32_t n = flow_table_n(p->flows);
  for (unsigned i = 0; i < LOOKED_AT && n; i++) {
    p->hand = (p->hand + 1) % n;
    struct flow *f = flow_table_get(p->flows, p->hand);
    if (flow_is_free(f) || f == except || (with_session && !f->session))
      continue;
    if (found && (int32_t)(f->last_frame - found->last_frame) >= 0)
      continue;
    found = f;
    *index = p->hand;
  }
  return found;
}

/* Ends an idle session that may have more to say: what comes then is read like a conversation whose
 * start was not captured. */
static void
put_down_session(struct pass1 *p, const struct flow *except)
{
  uint32_t index;
  struct flow *f = find_idle(p, except, true, &index);
  if (!f)
    return;
  pass1_end_session(p, f, index);
  f->session_is_over = false;
  for (int d = 0; d < 2; d++)
    f->sides[d].all_flags &= (uint8_t)~TCP_SYN;
  p->n_put_down++;
}

/* ---- forgetting ---- */

static void
forget(struct pass1 *p, struct flow *f, uint32_t index)
{
  pass1_end_session(p, f, index);
  pass1_drop_flow(p, f);
  flow_table_remove(p->flows, index);
}

void
pass1_make_room(struct pass1 *p)
{
  if (flow_table_n_live(p->flows) < FLOWS_MAX_FORGETS)
    return;
  uint32_t index;
  struct flow *f = find_idle(p, NULL, false, &index);
  if (!f)
    return;
  p->n_put_down += f->session != NULL;
  forget(p, f, index);
}

void
pass1_forget_one(struct pass1 *p, int64_t time_ns)
{
  uint32_t n = flow_table_n(p->flows);
  if (!n)
    return;
  p->sweep = (p->sweep + 1) % n;
  struct flow *f = flow_table_get(p->flows, p->sweep);
  /* The next one is in no cache, and there are some frames until it is looked at. */
  __builtin_prefetch(flow_table_get(p->flows, (p->sweep + 1) % n));
  int32_t idle_units = (int32_t)(flow_unit(time_ns) - f->last_unit);
  if (flow_is_free(f) || idle_units <= (f->is_closed ? IDLE_CLOSED_UNITS : IDLE_OPEN_UNITS))
    return;
  forget(p, f, p->sweep);
}
