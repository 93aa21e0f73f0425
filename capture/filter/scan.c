/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scan.c -- runs a filter over a trace by its plan.
 *
 *     block of records ──tests, a column each──> true, false, open ──and/or/xor/not──> one verdict
 *     open frames ──settle: octets of the window──> still open ──decode, filter_match──> true,
 * false
 *
 * Answers of a flow and direction are kept in the leaf, so a test over addresses and ports costs
 * one look per frame. What a flow may hold (TLS behind STARTTLS) can grow with the trace; those
 * answers are forgotten then. */
#include "capture/filter/scan.h"

#include <string.h>

#include "capture/filter/plan.h"

enum {
  BLOCK = 256, /* frames at a time: their records fit into the first cache */
  /* The clock is asked again after so many decoded frames. */
  CLOCK_DECODED = 16,
};

struct filter_scan {
  const struct filter *filter;
  const struct trace *trace;
  struct plan *plan;
  struct filter_block block;
  uint8_t plain[BLOCK];
  int64_t column[BLOCK];
  GPtrArray *temps;  /* uint8_t[BLOCK], by depth */
  GPtrArray *leaves; /* struct leaf, of the plan */
  uint32_t n_known;  /* frames of the trace when answers of flows were kept */
  struct trace_window *window;
  struct filter_scan_cost cost;
};

/* What a record says of its frame. */
enum plain {
  PLAIN_NOT,    /* no flow, or a fragment: its layers are not those of the record */
  PLAIN_CUT,    /* headers only */
  PLAIN_SILENT, /* nothing of an application is in it: no payload, nothing completed */
  PLAIN_FULL,
};

/* ---- blocks ---- */

static void
block_load(struct filter_scan *s, uint32_t first, uint32_t n)
{
  struct filter_block *b = &s->block;
  b->before_ns = trace_time_ns(s->trace, first ? first - 1 : 0);
  b->first = first;
  b->n = n;
  trace_frames(s->trace, first, n, b->frames);
  for (uint32_t i = 0; i < n; i++) {
    const struct trace_frame *f = &b->frames[i];
    uint8_t odd = f->flags & (TRACE_FRAME_REASSEMBLED | TRACE_FRAME_FRAGMENT | TRACE_FRAME_ODD);
    s->plain[i] = f->flow == TRACE_NONE || odd ? PLAIN_NOT
                  : f->flags & TRACE_FRAME_CUT ? PLAIN_CUT
                  : f->payload_octets          ? PLAIN_FULL
                                               : PLAIN_SILENT;
  }
}

static struct filter_row
row_of(const struct filter_scan *s, uint32_t i)
{
  const struct trace_frame *f = &s->block.frames[i];
  return (struct filter_row){.trace = s->trace,
                             .index = s->block.first + i,
                             .frame = *f,
                             .flow = f->flow == TRACE_NONE ? NULL : trace_flow(s->trace, f->flow)};
}

/* ---- tests ---- */

static enum verdict
flow_ask(const struct filter_scan *s, struct leaf *leaf, uint32_t i)
{
  struct filter_row row = row_of(s, i);
  enum verdict v = filter_leaf_flow(leaf, &row);
  size_t at = (size_t)row.frame.flow * 2 + row.frame.direction;
  if (leaf->flows->len <= at) {
    guint before = leaf->flows->len, after = MAX(trace_n_flows(s->trace) * 2, (guint)at + 1);
    g_byte_array_set_size(leaf->flows, after);
    memset(leaf->flows->data + before, VERDICT_UNASKED, after - before);
  }
  leaf->flows->data[at] = (uint8_t)v;
  return v;
}

static inline enum verdict
flow_verdict(const struct filter_scan *s, struct leaf *leaf, uint32_t i)
{
  const struct trace_frame *f = &s->block.frames[i];
  size_t at = (size_t)f->flow * 2 + f->direction;
  if (at < leaf->flows->len && leaf->flows->data[at] != VERDICT_UNASKED)
    return (enum verdict)leaf->flows->data[at];
  return flow_ask(s, leaf, i);
}

/* Whether each number lies in one of the ranges, or with `is_outside` in none. */
static void
simple_column(const struct simple_test *t, const int64_t *column, uint32_t n, uint8_t *out)
{
  int64_t mask = t->has_mask ? t->mask : -1, low = t->ranges[0][0], high = t->ranges[0][1];
  for (uint32_t i = 0; i < n; i++)
    out[i] = (uint8_t)(((column[i] & mask) >= low) & ((column[i] & mask) <= high));
  for (unsigned k = 1; k < t->n_ranges; k++) {
    low = t->ranges[k][0];
    high = t->ranges[k][1];
    for (uint32_t i = 0; i < n; i++)
      out[i] |= (uint8_t)(((column[i] & mask) >= low) & ((column[i] & mask) <= high));
  }
  for (uint32_t i = 0; t->is_outside && i < n; i++)
    out[i] ^= 1;
}

static enum verdict
record_verdict(const struct filter_scan *s, const struct leaf *leaf, uint32_t i)
{
  struct filter_row row = row_of(s, i);
  return filter_test_matches(leaf->test, &(struct filter_subject){.row = &row}) ? VERDICT_TRUE
                                                                                : VERDICT_FALSE;
}

/* A silent frame holds no key of an application, unless something was completed in it: a hole that
 * was given up, octets that waited. */
static bool
is_silent(const struct filter_scan *s, uint32_t i)
{
  uint32_t frame = s->block.first + i;
  return s->plain[i] == PLAIN_SILENT &&
         s->block.frames[i].element == trace_elements_end(s->trace, frame);
}

/* Of a frame that belongs to a flow, or whose test needs none. */
static enum verdict
leaf_verdict(const struct filter_scan *s, struct leaf *leaf, uint32_t i)
{
  if (leaf->scope == SCOPE_FRAME)
    return record_verdict(s, leaf, i);
  if (s->plain[i] == PLAIN_NOT)
    return VERDICT_OPEN;
  enum verdict v = flow_verdict(s, leaf, i);
  if (v != VERDICT_OPEN)
    return v;
  if (leaf->scope == SCOPE_RECORD)
    return s->plain[i] == PLAIN_CUT ? VERDICT_OPEN : record_verdict(s, leaf, i);
  if ((leaf->families & FAMILIES_APP) && is_silent(s, i))
    return VERDICT_FALSE;
  return VERDICT_OPEN;
}

/* A test of numbers over the whole block. A mark that is not set is absent. */
static void
column_block(struct filter_scan *s, struct leaf *leaf, uint8_t *out)
{
  filter_row_column(&s->block, leaf->simple.key, s->column);
  simple_column(&leaf->simple, s->column, s->block.n, out);
  if (leaf->scope == SCOPE_FRAME)
    return;
  for (uint32_t i = 0; i < s->block.n; i++) {
    if (s->plain[i] == PLAIN_NOT || s->plain[i] == PLAIN_CUT)
      out[i] = VERDICT_OPEN;
    else if (out[i] && flow_verdict(s, leaf, i) == VERDICT_FALSE)
      out[i] = VERDICT_FALSE;
  }
}

/* Frames for which `before` (may be NULL) is `settled` already need no answer: the other side of
 * and, or, has decided. */
static void
leaf_block(struct filter_scan *s, struct leaf *leaf, const uint8_t *before, uint8_t settled,
           uint8_t *out)
{
  if (leaf->simple.is_simple) {
    column_block(s, leaf, out);
    return;
  }
  const struct trace_frame *f = s->block.frames;
  for (uint32_t i = 0; i < s->block.n; i++) {
    size_t at = (size_t)f[i].flow * 2 + f[i].direction;
    if (before && before[i] == settled)
      out[i] = settled;
    else if (leaf->scope == SCOPE_FLOW && s->plain[i] != PLAIN_NOT && at < leaf->flows->len &&
             leaf->flows->data[at] != VERDICT_UNASKED)
      out[i] = leaf->flows->data[at]; /* nearly always */
    else
      out[i] = (uint8_t)leaf_verdict(s, leaf, i);
  }
}

/* ---- and, or, xor, not of three values ---- */

enum { F = VERDICT_FALSE, T = VERDICT_TRUE, U = VERDICT_OPEN };

/* [kind][a][b]; not looks at a alone. */
static const uint8_t joins[][3][3] = {
    [NODE_AND] = {[F] = {F, F, F}, [T] = {F, T, U}, [U] = {F, U, U}},
    [NODE_OR] = {[F] = {F, T, U}, [T] = {T, T, T}, [U] = {U, T, U}},
    [NODE_XOR] = {[F] = {F, T, U}, [T] = {T, F, U}, [U] = {U, U, U}},
    [NODE_NOT] = {[F] = {T, T, T}, [T] = {F, F, F}, [U] = {U, U, U}},
};
_Static_assert(F == 0 && T == 1 && U == 2, "the order of the rows above");

static uint8_t *
temp_get(struct filter_scan *s, unsigned depth)
{
  while (s->temps->len <= depth)
    g_ptr_array_add(s->temps, g_malloc(BLOCK));
  return g_ptr_array_index(s->temps, depth);
}

static void
plan_block(struct filter_scan *s, const struct plan *p, uint8_t *out, unsigned depth)
{
  if (p->kind == NODE_ALL) {
    memset(out, VERDICT_TRUE, s->block.n);
    return;
  }
  if (p->kind == NODE_TEST) {
    leaf_block(s, p->leaf, NULL, 0, out);
    return;
  }
  plan_block(s, p->a, out, depth);
  uint8_t *b = out, settled = p->kind == NODE_AND ? VERDICT_FALSE : VERDICT_TRUE;
  bool may_skip = p->kind == NODE_AND || p->kind == NODE_OR;
  if (may_skip) {
    uint32_t i = 0;
    while (i < s->block.n && out[i] == settled)
      i++;
    if (i == s->block.n)
      return;
  }
  if (p->b) {
    b = temp_get(s, depth);
    if (p->b->kind == NODE_TEST)
      leaf_block(s, p->b->leaf, may_skip ? out : NULL, settled, b);
    else
      plan_block(s, p->b, b, depth + 1);
  }
  for (uint32_t i = 0; i < s->block.n; i++)
    out[i] = joins[p->kind][out[i]][b[i]];
}

/* ---- what is still open ---- */

static enum verdict
octets_verdict(struct filter_scan *s, struct leaf *leaf, uint32_t i)
{
  const struct trace_frame *f = &s->block.frames[i];
  const struct filter_node *t = leaf->test;
  uint32_t first = 0, n = f->captured_octets;
  if (leaf->octets == OCTETS_PAYLOAD) {
    if (s->plain[i] == PLAIN_SILENT)
      return VERDICT_FALSE;
    if (s->plain[i] != PLAIN_FULL || f->payload_offset == 0)
      return VERDICT_OPEN;
    first = f->payload_offset;
    n = f->payload_octets;
  }
  const uint8_t *octets = trace_window_octets(s->window, s->block.first + i);
  if (!octets || first + n > f->captured_octets)
    return VERDICT_OPEN;
  s->cost.n_read++;
  bool holds;
  if (t->op == OP_MATCHES) {
    holds = g_regex_match_full(t->regex, (const char *)octets + first, (gssize)n, 0, 0, NULL, NULL);
  } else {
    const struct filter_value *what = &t->right->value;
    holds = what->n_octets && what->n_octets <= n &&
            memmem(octets + first, n, what->octets, what->n_octets) != NULL;
  }
  return holds ? VERDICT_TRUE : VERDICT_FALSE;
}

/* One frame again, with the octets of the window. */
static enum verdict
settle(struct filter_scan *s, const struct plan *p, uint32_t i)
{
  if (p->kind == NODE_ALL)
    return VERDICT_TRUE;
  if (p->kind == NODE_TEST) {
    enum verdict v = leaf_verdict(s, p->leaf, i);
    return v == VERDICT_OPEN && p->leaf->octets ? octets_verdict(s, p->leaf, i) : v;
  }
  enum verdict a = settle(s, p->a, i);
  if (!p->b || (p->kind == NODE_AND && a == VERDICT_FALSE) ||
      (p->kind == NODE_OR && a == VERDICT_TRUE))
    return p->b ? a : (enum verdict)joins[p->kind][a][a];
  return (enum verdict)joins[p->kind][a][settle(s, p->b, i)];
}

static void
gather_leaves(const struct plan *p, GPtrArray *out)
{
  if (!p)
    return;
  if (p->leaf)
    g_ptr_array_add(out, p->leaf);
  gather_leaves(p->a, out);
  gather_leaves(p->b, out);
}

/* The trace has grown. */
static void
forget_flows(struct filter_scan *s)
{
  for (guint i = 0; i < s->leaves->len; i++) {
    struct leaf *leaf = g_ptr_array_index(s->leaves, i);
    if (leaf->families & FAMILIES_APP)
      g_byte_array_set_size(leaf->flows, 0);
  }
  s->n_known = trace_n_frames(s->trace);
}

/* ---- public ---- */

struct filter_scan *
filter_scan_new(const struct filter *f, const struct trace *t)
{
  struct filter_scan *s = g_new0(struct filter_scan, 1);
  s->filter = f;
  s->trace = t;
  s->plan = filter_plan_new(f->root);
  s->block.trace = t;
  s->block.frames = g_new(struct trace_frame, BLOCK);
  s->temps = g_ptr_array_new_with_free_func(g_free);
  s->leaves = g_ptr_array_new();
  gather_leaves(s->plan, s->leaves);
  for (guint i = 0; i < s->leaves->len && !s->window; i++)
    if (((struct leaf *)g_ptr_array_index(s->leaves, i))->octets)
      s->window = trace_window_new(t);
  return s;
}

void
filter_scan_free(struct filter_scan *scan)
{
  if (!scan)
    return;
  filter_plan_free(scan->plan);
  g_free(scan->block.frames);
  g_ptr_array_unref(scan->temps);
  g_ptr_array_unref(scan->leaves);
  trace_window_free(scan->window);
  g_free(scan);
}

uint32_t
filter_scan_run(struct filter_scan *scan, struct decode *d, uint32_t first, uint32_t end,
                int64_t until_us, GArray *rows)
{
  uint8_t verdicts[BLOCK];
  end = MIN(end, trace_n_frames(scan->trace));
  if (scan->n_known != trace_n_frames(scan->trace))
    forget_flows(scan);
  while (first < end) {
    block_load(scan, first, MIN(end - first, (uint32_t)BLOCK));
    plan_block(scan, scan->plan, verdicts, 0);
    unsigned n_decoded = 0;
    for (uint32_t i = 0; i < scan->block.n; i++) {
      uint32_t frame = first + i;
      enum verdict v = (enum verdict)verdicts[i];
      if (v == VERDICT_OPEN && scan->window)
        v = settle(scan, scan->plan, i);
      bool fits = v == VERDICT_TRUE;
      if (v == VERDICT_OPEN) {
        fits = filter_match_frame(scan->filter, d, frame);
        scan->cost.n_decoded++;
        n_decoded++;
      }
      scan->cost.n_frames++;
      if (fits)
        g_array_append_val(rows, frame);
      if (n_decoded == CLOCK_DECODED && until_us) {
        n_decoded = 0;
        if (g_get_monotonic_time() >= until_us)
          return frame + 1;
      }
    }
    first += scan->block.n;
    if (until_us && g_get_monotonic_time() >= until_us)
      break;
  }
  return first;
}

bool
filter_scan_frame(struct filter_scan *scan, struct decode *d, uint32_t frame)
{
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  filter_scan_run(scan, d, frame, frame + 1, 0, rows);
  return rows->len > 0;
}

struct filter_scan_cost
filter_scan_cost(const struct filter_scan *scan)
{
  return scan->cost;
}
