/* SPDX-License-Identifier: GPL-3.0-or-later */
/* scan.c -- runs a filter over a trace by its plan.
 *
 *     block of records ──tests, a column each──> true, false, open ──and/or/xor/not──> one verdict
 *     open frames ──settle: octets of the frame──> still open ──decode, filter_match──> true, false
 *
 * Answers of a flow and direction are kept in the leaf, so a test over addresses and ports costs
 * one look per frame. What a flow may hold (TLS behind STARTTLS) can grow with the trace; those
 * answers are forgotten then. */
#include "capture/filter/scan.h"

#include <string.h>

#include "capture/filter/outer.h"
#include "capture/filter/plan.h"

enum {
  /* The clock is asked again after so many decoded frames. */
  CLOCK_DECODED = 16,
};

struct filter_scan {
  const struct filter *filter;
  const struct trace *trace;
  struct plan *plan;
  struct filter_block *block;
  GPtrArray *temps;               /* uint8_t[VERDICT_BLOCK], by depth */
  GPtrArray *leaves;              /* struct leaf, of the plan */
  uint32_t n_known;               /* frames of the trace when answers of flows were kept */
  uint8_t answers[VERDICT_BLOCK]; /* of the block's flows, to `asked`; for several columns */
  const GByteArray *asked;        /* NULL: nothing of this block */
  struct trace_window *window;
  GByteArray *octets;      /* of a frame without a flow */
  struct trace_flow outer; /* what such a frame's headers say */
  uint32_t outer_frame;    /* whose they are; TRACE_NONE: of none yet */
  bool has_outer;
  struct filter_scan_cost cost;
};

/* ---- tests ---- */

static struct filter_row
row_of(const struct filter_scan *s, uint32_t i)
{
  uint32_t frame = s->block->first + i;
  struct filter_row row = {
      .trace = s->trace, .index = frame, .frame = trace_frame(s->trace, frame)};
  if (row.frame.flow != TRACE_NONE)
    row.flow = trace_flow(s->trace, row.frame.flow);
  return row;
}

static uint8_t
row_verdict(const struct leaf *leaf, const struct filter_row *row)
{
  return filter_test_matches(leaf->test, &(struct filter_subject){.row = row}) ? VERDICT_TRUE
                                                                               : VERDICT_FALSE;
}

/* What the flow in that slot says, asked for the first time; in both directions, while it is near.
 */
static uint8_t
flow_ask(const struct filter_scan *s, struct leaf *leaf, uint32_t slot)
{
  uint32_t flow = (slot - 1) / 2;
  struct filter_row row = {.trace = s->trace, .flow = trace_flow(s->trace, flow)};
  row.frame.flow = flow;
  for (uint32_t direction = 0; direction < 2; direction++) {
    row.frame.direction = (uint8_t)direction;
    leaf->flows->data[1 + flow * 2 + direction] = (uint8_t)filter_leaf_flow(leaf, &row);
  }
  return leaf->flows->data[slot];
}

/* What flows say, frame by frame. */
static void
flows_block(struct filter_scan *s, struct leaf *leaf, uint8_t *restrict out)
{
  const uint32_t *slots = filter_block_slots(s->block);
  const uint8_t *known = leaf->flows->data;
  uint32_t n = s->block->n;
  uint8_t least = VERDICT_OPEN;
  for (uint32_t i = 0; i < n; i++) {
    out[i] = known[slots[i]];
    least = MIN(least, out[i]);
  }
  for (uint32_t i = 0; i < n && least == VERDICT_UNASKED; i++)
    if (out[i] == VERDICT_UNASKED)
      out[i] = known[slots[i]] ? known[slots[i]] : flow_ask(s, leaf, slots[i]);
}

/* Row by row, where `before` has not decided already. */
static void
rows_block(struct filter_scan *s, struct leaf *leaf, const uint8_t *before, uint8_t settled,
           uint8_t *out)
{
  bool any_frame = leaf->scope == SCOPE_FRAME;
  const uint8_t *partial = any_frame ? NULL : filter_block_partial(s->block);
  for (uint32_t i = 0; i < s->block->n; i++) {
    if (before && before[i] == settled) {
      out[i] = settled;
    } else if (any_frame || (out[i] == VERDICT_TRUE && !partial[i])) {
      struct filter_row row = row_of(s, i);
      out[i] = row_verdict(leaf, &row);
    } else if (partial[i] && out[i] != VERDICT_FALSE) {
      out[i] = VERDICT_OPEN;
    }
  }
}

/* Numbers that stand in the records. */
static void
column_block(struct filter_scan *s, struct leaf *leaf, uint8_t *out)
{
  column_test_run(&leaf->column, s->block, out);
  if (leaf->scope == SCOPE_FRAME)
    return;
  if (s->asked != leaf->flows)
    flows_block(s, leaf, s->answers);
  s->asked = leaf->flows;
  verdicts_or_open(out, filter_block_partial(s->block));
  verdicts_and(out, s->answers);
}

/* A silent frame holds no key of an application. */
static void
silence_block(struct filter_scan *s, uint8_t *out)
{
  if (verdicts_count(out, s->block->n, VERDICT_OPEN) == 0)
    return;
  const uint8_t *silent = filter_block_silent(s->block);
  for (uint32_t i = 0; i < s->block->n; i++)
    if (silent[i])
      out[i] = VERDICT_FALSE;
}

/* Frames for which `before` (may be NULL) is `settled` need no answer: the other side of and, or,
 * has decided. */
static const uint8_t *
leaf_block(struct filter_scan *s, struct leaf *leaf, const uint8_t *before, uint8_t settled)
{
  uint8_t *out = leaf->here;
  if (leaf->is_column) {
    column_block(s, leaf, out);
    return out;
  }
  if (leaf->scope != SCOPE_FRAME && (leaf->families || leaf->scope != SCOPE_NONE))
    flows_block(s, leaf, out);
  else
    memset(out, VERDICT_OPEN, VERDICT_BLOCK);
  if (leaf->scope == SCOPE_FRAME || leaf->scope == SCOPE_RECORD)
    rows_block(s, leaf, before, settled, out);
  else if (leaf->families & FAMILIES_APP)
    silence_block(s, out);
  return out;
}

/* ---- and, or, xor, not ---- */

static uint8_t *
temp_get(struct filter_scan *s, unsigned depth)
{
  while (s->temps->len <= depth)
    g_ptr_array_add(s->temps, g_malloc0(VERDICT_BLOCK));
  return g_ptr_array_index(s->temps, depth);
}

static uint8_t
join(enum filter_kind kind, uint8_t a, uint8_t b)
{
  return kind == NODE_AND  ? verdict_and(a, b)
         : kind == NODE_OR ? verdict_or(a, b)
                           : verdict_xor(a, b);
}

static void
join_block(enum filter_kind kind, uint8_t *restrict a, const uint8_t *restrict b)
{
  if (kind == NODE_AND)
    verdicts_and(a, b);
  else if (kind == NODE_OR)
    verdicts_or(a, b);
  else
    verdicts_xor(a, b);
}

static void
plan_block(struct filter_scan *s, const struct plan *p, uint8_t *out, unsigned depth)
{
  if (p->kind == NODE_ALL) {
    memset(out, VERDICT_TRUE, VERDICT_BLOCK);
    return;
  }
  if (p->kind == NODE_TEST) {
    memcpy(out, leaf_block(s, p->leaf, NULL, 0), VERDICT_BLOCK);
    return;
  }
  plan_block(s, p->a, out, depth);
  if (p->kind == NODE_NOT) {
    verdicts_not(out);
    return;
  }
  uint8_t settled = p->kind == NODE_AND ? VERDICT_FALSE : VERDICT_TRUE;
  bool may_skip = p->kind != NODE_XOR;
  if (may_skip && verdicts_count(out, s->block->n, (enum verdict)settled) == s->block->n)
    return;
  if (p->b->kind == NODE_TEST) {
    join_block(p->kind, out, leaf_block(s, p->b->leaf, may_skip ? out : NULL, settled));
    return;
  }
  uint8_t *b = temp_get(s, depth);
  plan_block(s, p->b, b, depth + 1);
  join_block(p->kind, out, b);
}

/* ---- what is still open ---- */

static uint8_t
octets_verdict(struct filter_scan *s, const struct leaf *leaf, uint32_t i)
{
  struct filter_block *b = s->block;
  const struct filter_node *t = leaf->test;
  uint32_t captured = filter_block_values(b, TRACE_COLUMN_CAPTURED)[i], first = 0, n = captured;
  if (leaf->octets == OCTETS_PAYLOAD) {
    if (filter_block_partial(b)[i])
      return VERDICT_OPEN;
    first = filter_block_values(b, TRACE_COLUMN_PAYLOAD_OFFSET)[i];
    n = filter_block_values(b, TRACE_COLUMN_PAYLOAD_OCTETS)[i];
    if (n == 0)
      return VERDICT_FALSE;
    if (first == 0)
      return VERDICT_OPEN;
  }
  const uint8_t *octets = trace_window_octets(s->window, b->first + i);
  if (!octets || first + n > captured)
    return VERDICT_OPEN;
  s->cost.n_read++;
  bool holds = true;
  if (leaf->search.octets)
    holds = filter_search_found(&leaf->search, octets + first, n);
  if (holds && t->op == OP_MATCHES && !leaf->search.is_whole)
    holds = g_regex_match_full(t->regex, (const char *)octets + first, (gssize)n, 0, 0, NULL, NULL);
  return holds ? VERDICT_TRUE : VERDICT_FALSE;
}

/* Of a frame without a flow, from its headers. */
static uint8_t
outer_verdict(struct filter_scan *s, const struct leaf *leaf, uint32_t i)
{
  uint32_t frame = s->block->first + i;
  if (s->outer_frame != frame) {
    s->outer_frame = frame;
    s->has_outer = filter_outer_tell(s->trace, frame, s->octets, &s->outer);
  }
  if (!s->has_outer)
    return VERDICT_OPEN;
  struct filter_row row = row_of(s, i);
  row.flow = &s->outer;
  uint8_t v = (uint8_t)filter_leaf_flow(leaf, &row);
  return leaf->scope == SCOPE_RECORD && v == VERDICT_TRUE ? row_verdict(leaf, &row) : v;
}

/* One frame again, with the octets of the window. */
static uint8_t
settle(struct filter_scan *s, const struct plan *p, uint32_t i)
{
  if (p->kind == NODE_ALL)
    return VERDICT_TRUE;
  if (p->kind == NODE_TEST) {
    uint8_t v = p->leaf->here[i];
    if (v == VERDICT_OPEN && p->leaf->octets)
      v = octets_verdict(s, p->leaf, i);
    bool may_tell = p->leaf->scope != SCOPE_NONE || p->leaf->families;
    if (v == VERDICT_OPEN && may_tell && filter_block_slots(s->block)[i] == 0)
      v = outer_verdict(s, p->leaf, i);
    return v;
  }
  uint8_t a = settle(s, p->a, i);
  if (p->kind == NODE_NOT)
    return verdict_not(a);
  if ((p->kind == NODE_AND && a == VERDICT_FALSE) || (p->kind == NODE_OR && a == VERDICT_TRUE))
    return a;
  return join(p->kind, a, settle(s, p->b, i));
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

/* Tests of records that need the same protocols ask flows the same. */
static void
share_flows(GPtrArray *leaves)
{
  for (guint i = 0; i < leaves->len; i++)
    for (guint k = i + 1; k < leaves->len; k++) {
      struct leaf *a = leaves->pdata[i], *b = leaves->pdata[k];
      if (a->scope != SCOPE_RECORD || b->scope != SCOPE_RECORD || a->families != b->families)
        continue;
      g_byte_array_unref(b->flows);
      b->flows = g_byte_array_ref(a->flows);
      break;
    }
}

/* Room for the answers of every flow; what may have changed is asked again. */
static void
prepare_flows(struct filter_scan *s)
{
  bool has_grown = s->n_known != trace_n_frames(s->trace);
  guint needed = 1 + 2 * trace_n_flows(s->trace);
  for (guint i = 0; i < s->leaves->len; i++) {
    struct leaf *leaf = g_ptr_array_index(s->leaves, i);
    if (has_grown && (leaf->families & FAMILIES_APP))
      g_byte_array_set_size(leaf->flows, 0);
    guint before = leaf->flows->len;
    if (leaf->scope == SCOPE_FRAME || before >= needed)
      continue;
    g_byte_array_set_size(leaf->flows, needed);
    memset(leaf->flows->data + before, VERDICT_UNASKED, needed - before);
    leaf->flows->data[0] = leaf->scope == SCOPE_RECORD ? VERDICT_TRUE : VERDICT_OPEN;
  }
  s->n_known = trace_n_frames(s->trace);
}

/* The frames of a block whose verdicts are all certain. */
static void
append_rows(const struct filter_block *b, const uint8_t *verdicts, GArray *rows)
{
  if (verdicts_count(verdicts, b->n, VERDICT_TRUE) == 0)
    return;
  guint n = rows->len;
  g_array_set_size(rows, n + b->n + 1); /* the last one is written and not kept */
  uint32_t *out = (uint32_t *)(void *)rows->data;
  for (uint32_t i = 0; i < b->n; i++) {
    out[n] = b->first + i;
    n += verdicts[i] & VERDICT_TRUE;
  }
  g_array_set_size(rows, n);
}

/* ---- public ---- */

struct filter_scan *
filter_scan_new(const struct filter *f, const struct trace *t)
{
  struct filter_scan *s = g_new0(struct filter_scan, 1);
  s->filter = f;
  s->trace = t;
  s->plan = filter_plan_new(f->root);
  s->block = g_new0(struct filter_block, 1);
  s->octets = g_byte_array_new();
  s->outer_frame = TRACE_NONE;
  s->temps = g_ptr_array_new_with_free_func(g_free);
  s->leaves = g_ptr_array_new();
  gather_leaves(s->plan, s->leaves);
  share_flows(s->leaves);
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
  g_free(scan->block);
  g_byte_array_unref(scan->octets);
  g_ptr_array_unref(scan->temps);
  g_ptr_array_unref(scan->leaves);
  trace_window_free(scan->window);
  g_free(scan);
}

/* The frames of the block one by one. Returns how many of them were tested before the time was
 * over.
 */
static uint32_t
settle_block(struct filter_scan *s, struct decode *d, const uint8_t *verdicts, int64_t until_us,
             GArray *rows)
{
  unsigned n_decoded = 0;
  for (uint32_t i = 0; i < s->block->n; i++) {
    uint32_t frame = s->block->first + i;
    uint8_t v = verdicts[i];
    if (v == VERDICT_OPEN)
      v = settle(s, s->plan, i);
    bool fits = v == VERDICT_TRUE;
    if (v == VERDICT_OPEN) {
      fits = filter_match_frame(s->filter, d, frame);
      s->cost.n_decoded++;
      n_decoded++;
    }
    if (fits)
      g_array_append_val(rows, frame);
    if (n_decoded == CLOCK_DECODED && until_us) {
      n_decoded = 0;
      if (g_get_monotonic_time() >= until_us)
        return i + 1;
    }
  }
  return s->block->n;
}

uint32_t
filter_scan_run(struct filter_scan *scan, struct decode *d, uint32_t first, uint32_t end,
                int64_t until_us, GArray *rows)
{
  uint8_t verdicts[VERDICT_BLOCK] = {0};
  end = MIN(end, trace_n_frames(scan->trace));
  prepare_flows(scan);
  while (first < end) {
    uint32_t n = MIN(end - first, (uint32_t)VERDICT_BLOCK);
    filter_block_begin(scan->block, scan->trace, first, n);
    scan->asked = NULL;
    plan_block(scan, scan->plan, verdicts, 0);
    uint32_t tested = n;
    if (verdicts_count(verdicts, n, VERDICT_OPEN))
      tested = settle_block(scan, d, verdicts, until_us, rows);
    else
      append_rows(scan->block, verdicts, rows);
    scan->cost.n_frames += tested;
    first += tested;
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
