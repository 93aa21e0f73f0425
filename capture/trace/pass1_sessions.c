/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pass1_sessions.c -- the application sessions of flows: begun with the first octet, ended, put
 * down.
 *
 *     pass1_outlets ─> get_session ─> flowsession_feed | flowsession_gap | flowsession_repeat
 *     pass1_end_session   both ends are done, the ports are reused, or the capture ends
 *     put_down_session    a pass that forgets has too much of them: what comes later is read like
 *                         a conversation whose start was not captured
 *     pass1_forget_one    looks at flows in turn and gives up what is idle: constant memory */
#include "capture/trace/flow_table.h"
#include "capture/trace/flowsession.h"
#include "capture/trace/pass1_private.h"

/* Idle flows are given up when forgetting: closed ones may still see a late repetition. */
enum { IDLE_CLOSED_UNITS = 10, IDLE_OPEN_UNITS = 300 };
/* And when there are too many, whose memory nothing else bounds: the longest idle of a few goes. */
enum {
  FLOWS_MAX_FORGETS = 1 << 15, /* 4 MiB */
  LOOKED_AT = 16,
};
/* Of all sessions together, unfinished lines and unanswered commands included: some thousand open
 * connections. */
#define SESSION_OCTETS_MAX_FORGETS ((size_t)6 << 20)

static void
add_session(struct pass1 *p, const struct flow *f, uint32_t index)
{
  flowsession_count(f->session)->place = p->session_flows->len;
  g_array_append_val(p->session_flows, index);
}

/* The last one of the list takes its place. */
static void
remove_session(struct pass1 *p, const struct flow *f)
{
  const struct flowsession_count *count = flowsession_count(f->session);
  uint32_t last = g_array_index(p->session_flows, uint32_t, p->session_flows->len - 1);
  g_array_index(p->session_flows, uint32_t, count->place) = last;
  flowsession_count(flow_table_get(p->flows, last)->session)->place = count->place;
  g_array_set_size(p->session_flows, p->session_flows->len - 1);
  p->session_octets -= count->octets;
}

static void
free_session(struct pass1 *p, struct flow *f)
{
  if (f->session && p->options.forgets)
    remove_session(p, f);
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

static bool put_down_session(struct pass1 *p, const struct flow *except);

/* Counts the session of `f` anew. Idle ones make room when all together are too much. */
static void
count_session(struct pass1 *p, const struct flow *f)
{
  struct flowsession_count *count = flowsession_count(f->session);
  size_t held = flowsession_held(f->session);
  p->session_octets += held - count->octets;
  count->octets = held;
  while (p->session_octets > SESSION_OCTETS_MAX_FORGETS && put_down_session(p, f))
    ;
}

static struct flowsession *
get_session(const struct pass1_feeding *to)
{
  struct flow *f = to->flow;
  struct pass1 *p = to->pass;
  if (f->session || f->session_is_over)
    return f->session;
  f->session = flowsession_new(f, p->options.forgets ? NULL : &flow_record(f)->seen, to->flow_index,
                               !((f->sides[0].all_flags | f->sides[1].all_flags) & TCP_SYN),
                               p->options.keys, &p->sink, p->data);
  if (p->options.forgets)
    add_session(p, f, to->flow_index);
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
  if (flowsession_is_over(s)) {
    free_session(to->pass, to->flow);
    to->flow->session_is_over = true;
  } else if (to->pass->options.forgets) {
    count_session(to->pass, to->flow);
  }
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

static bool
is_idler(const struct flow *f, const struct flow *than)
{
  return !than || (int32_t)(f->last_frame - than->last_frame) < 0;
}

/* The flow that is idle longest of the next few, or NULL. */
static struct flow *
find_idle_flow(struct pass1 *p, uint32_t *index)
{
  struct flow *found = NULL;
  uint32_t n = flow_table_n(p->flows);
  for (unsigned i = 0; i < LOOKED_AT && n; i++) {
    p->hand = (p->hand + 1) % n;
    struct flow *f = flow_table_get(p->flows, p->hand);
    if (flow_is_free(f) || !is_idler(f, found))
      continue;
    found = f;
    *index = p->hand;
  }
  return found;
}

/* The same of those that have a session, but for `except`. */
static struct flow *
find_idle_session(struct pass1 *p, const struct flow *except, uint32_t *index)
{
  struct flow *found = NULL;
  uint32_t n = p->session_flows->len;
  for (unsigned i = 0; i < LOOKED_AT && n; i++) {
    p->session_hand = (p->session_hand + 1) % n;
    uint32_t at = g_array_index(p->session_flows, uint32_t, p->session_hand);
    struct flow *f = flow_table_get(p->flows, at);
    if (f == except || !is_idler(f, found))
      continue;
    found = f;
    *index = at;
  }
  return found;
}

/* Ends an idle session that may have more to say: what comes then is read like a conversation whose
 * start was not captured. False when there is none. Its held octets come out and are counted, but
 * put down no other. */
static bool
put_down_session(struct pass1 *p, const struct flow *except)
{
  uint32_t index;
  struct flow *f = p->is_putting_down ? NULL : find_idle_session(p, except, &index);
  if (!f)
    return false;
  p->is_putting_down = true;
  pass1_end_session(p, f, index);
  p->is_putting_down = false;
  f->session_is_over = false;
  for (int d = 0; d < 2; d++)
    f->sides[d].all_flags &= (uint8_t)~TCP_SYN;
  p->n_put_down++;
  return true;
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
  struct flow *f = find_idle_flow(p, &index);
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
