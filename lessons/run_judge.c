/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run_judge.c -- rules under `faults` that name a packet by a display filter.
 *
 * The simulator knows no display filter, and the filter no simulator: here they meet. Each link
 * that has such a rule gets a trace of its own that grows with the frames that leave on it, both
 * directions, so that a filter may ask for what only the conversation tells (smtp.req.command,
 * tcp.analysis…).
 *
 *     link.c ── frame leaves ──> judge ──> side trace of the link ──decode, filter──> fits or not
 *
 * The answer comes from the frames so far and from nothing else, so a run stays a function. */
#include "capture/filter/filter.h"
#include "capture/wire/lang.h"
#include "lessons/run_private.h"

/* What left one link so far. */
struct side_trace {
  uint32_t link;
  struct trace *trace;
  struct decode *decode;
  int64_t time_ns; /* of the last frame: several rules ask about the same one */
  uint64_t packet;
  uint32_t from_host;
};

struct run_judge {
  GPtrArray *filters; /* struct filter*, by rule; owned */
  GPtrArray *sides;   /* struct side_trace*, by rule; rules of one link share one */
  GPtrArray *owned;   /* struct side_trace*, each once */
};

static void
side_free(void *data)
{
  struct side_trace *s = data;
  decode_free(s->decode);
  trace_free(s->trace);
  g_free(s);
}

static struct side_trace *
side_of(struct run_judge *judge, uint32_t link)
{
  for (guint i = 0; i < judge->owned->len; i++) {
    struct side_trace *s = judge->owned->pdata[i];
    if (s->link == link)
      return s;
  }
  struct side_trace *s = g_new(struct side_trace, 1);
  *s = (struct side_trace){.link = link, .trace = trace_new(), .time_ns = -1};
  trace_add_interface(s->trace, NULL, LINK_ETHERNET);
  s->decode = decode_new(s->trace);
  g_ptr_array_add(judge->owned, s);
  return s;
}

static bool
fits(void *data, uint32_t rule, const struct world_frame *f)
{
  const struct run_judge *judge = data;
  struct side_trace *s = judge->sides->pdata[rule];
  bool is_known =
      s->time_ns == f->time_ns && s->packet == f->packet && s->from_host == f->from_host;
  if (!is_known) {
    if (trace_append(s->trace, 0, TRACE_SIM_EPOCH_NS + f->time_ns, f->octets, f->n_octets,
                     f->n_octets) == TRACE_NONE)
      return false;
    s->time_ns = f->time_ns;
    s->packet = f->packet;
    s->from_host = f->from_host;
  }
  return filter_match_frame(judge->filters->pdata[rule], s->decode, trace_n_frames(s->trace) - 1);
}

void
judge_free(struct run_judge *judge)
{
  if (!judge)
    return;
  g_ptr_array_unref(judge->filters);
  g_ptr_array_unref(judge->sides);
  g_ptr_array_unref(judge->owned);
  g_free(judge);
}

bool
judge_new(struct run *r, GError **error)
{
  uint32_t n = net_n_filters(r->net);
  if (n == 0)
    return true;
  struct run_judge *judge = r->judge = g_new(struct run_judge, 1);
  judge->filters = g_ptr_array_new_with_free_func((GDestroyNotify)filter_free);
  judge->sides = g_ptr_array_new();
  judge->owned = g_ptr_array_new_with_free_func(side_free);
  for (uint32_t i = 0; i < n; i++) {
    struct net_filter rule = net_filter(r->net, i);
    struct filter_error wrong;
    struct filter *filter = filter_compile(rule.text, &wrong);
    if (!filter) {
      tree_fail(error, rule.node,
                lang_text("“%s” is no display filter: %s", "“%s” ไม่ใช่ฟิลเตอร์แสดงผล: %s"), rule.text,
                wrong.message);
      filter_error_clear(&wrong);
      return false;
    }
    g_ptr_array_add(judge->filters, filter);
    g_ptr_array_add(judge->sides, side_of(judge, rule.link));
  }
  net_set_judge(r->net, fits, judge);
  return true;
}
