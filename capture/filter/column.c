/* SPDX-License-Identifier: GPL-3.0-or-later */
/* column.c -- one value of many frames, and tests of numbers over it.
 *
 *     tcp.flags & 0xe00 in {0x200, 0x600..0x7ff}
 *
 *     records ──one value each──> column ──& mask──> in one of the spans? ──> verdicts
 *
 * A span is compared by one subtraction: what lies before it becomes a large number. Times have 64
 * bits and ranges of their own. */
#include "capture/filter/column.h"

#include <string.h>

enum { HAS_PARTIAL = TRACE_COLUMN_N, HAS_SILENT };

void
filter_block_begin(struct filter_block *b, const struct trace *t, uint32_t first, uint32_t n)
{
  b->trace = t;
  b->first = first;
  b->n = n;
  b->fetched = 0;
}

static bool
is_fetched(struct filter_block *b, unsigned what)
{
  bool was = b->fetched & 1u << what;
  b->fetched |= 1u << what;
  return was;
}

const uint32_t *
filter_block_values(struct filter_block *b, enum trace_column what)
{
  if (!is_fetched(b, what))
    trace_column(b->trace, what, b->first, b->n, b->values[what]);
  return b->values[what];
}

static void
partial_make(const uint32_t *restrict slots, const uint32_t *restrict flags,
             uint8_t *restrict partial)
{
  for (int i = 0; i < VERDICT_BLOCK; i++)
    partial[i] = ((slots[i] == 0) | ((flags[i] & TRACE_FRAME_CUT) != 0)) ? VERDICT_OPEN : 0;
}

const uint32_t *
filter_block_slots(struct filter_block *b)
{
  return filter_block_values(b, TRACE_COLUMN_FLOW);
}

const uint8_t *
filter_block_partial(struct filter_block *b)
{
  if (is_fetched(b, HAS_PARTIAL))
    return b->partial;
  partial_make(filter_block_slots(b), filter_block_values(b, TRACE_COLUMN_FLAGS), b->partial);
  return b->partial;
}

const uint8_t *
filter_block_silent(struct filter_block *b)
{
  if (is_fetched(b, HAS_SILENT))
    return b->silent;
  const uint32_t *slots = filter_block_slots(b);
  const uint8_t *partial = filter_block_partial(b);
  const uint32_t *payload = filter_block_values(b, TRACE_COLUMN_PAYLOAD_OCTETS);
  const uint32_t *element = filter_block_values(b, TRACE_COLUMN_ELEMENT);
  for (uint32_t i = 0; i < b->n; i++) {
    uint32_t end = i + 1 < b->n ? element[i + 1] : trace_elements_end(b->trace, b->first + i);
    b->silent[i] = slots[i] && !partial[i] && !payload[i] && element[i] == end;
  }
  return b->silent;
}

/* ---- which tests ---- */

/* No key is in it, and no ${key} either: another frame may be selected before the next scan. */
static bool
is_fixed(const struct filter_expr *e)
{
  if (e->kind == EXPR_FIELD || e->kind == EXPR_REFERENCE)
    return false;
  for (unsigned i = 0; i < e->n_args; i++)
    if (!is_fixed(e->args[i]))
      return false;
  return true;
}

static bool
number_of(const struct filter_expr *e, int64_t *out)
{
  filter_number n;
  if (!e || !is_fixed(e) || !filter_constant(e, &n) || n > INT64_MAX || n < INT64_MIN)
    return false;
  *out = (int64_t)n;
  return true;
}

static bool is_number_class(enum filter_class class)
{
  return class == CLASS_NUMBER || class == CLASS_BOOL || class == CLASS_SPAN || class == CLASS_TIME;
}

/* The range of numbers for which a comparison holds; false for one that no number fits. */
static bool
range_of(enum filter_op op, int64_t number, int64_t range[2])
{
  range[0] = op == OP_GT || op == OP_GE || op == OP_EQ || op == OP_NE ? number : INT64_MIN;
  range[1] = op == OP_LT || op == OP_LE || op == OP_EQ || op == OP_NE ? number : INT64_MAX;
  if ((op == OP_GT && number == INT64_MAX) || (op == OP_LT && number == INT64_MIN))
    return false;
  range[0] += op == OP_GT;
  range[1] -= op == OP_LT;
  return true;
}

static bool
ranges_find(const struct filter_node *t, struct column_test *c, bool has_mask)
{
  int64_t number = 0;
  if (t->op == OP_PRESENT) { /* of a mask: a bit is left */
    c->is_outside = has_mask;
    c->ranges[0][0] = has_mask ? 0 : INT64_MIN;
    c->ranges[0][1] = has_mask ? 0 : INT64_MAX;
    return true;
  }
  if (t->op != OP_IN) {
    c->is_outside = t->op == OP_NE;
    return number_of(t->right, &number) && range_of(t->op, number, c->ranges[0]);
  }
  for (unsigned i = 0; i < t->n_entries; i++) {
    const struct filter_entry *e = &t->entries[i];
    if (!number_of(e->from, &c->ranges[i][0]) ||
        !number_of(e->to ? e->to : e->from, &c->ranges[i][1]))
      return false;
  }
  return t->n_entries > 0;
}

static bool
is_in_ranges(const struct column_test *c, int64_t n)
{
  for (unsigned i = 0; i < c->n_ranges; i++)
    if (n >= c->ranges[i][0] && n <= c->ranges[i][1])
      return true;
  return false;
}

/* What of the ranges numbers of 32 bits can reach. */
static void
spans_make(struct column_test *c)
{
  c->spans = g_malloc_n(c->n_ranges, sizeof *c->spans);
  for (unsigned i = 0; i < c->n_ranges; i++) {
    int64_t low = MAX(c->ranges[i][0], 0), high = MIN(c->ranges[i][1], (int64_t)UINT32_MAX);
    if (low > high)
      continue;
    c->spans[c->n_spans][0] = (uint32_t)low;
    c->spans[c->n_spans++][1] = (uint32_t)(high - low);
  }
}

/* A flag is its bits; of its two values the test was asked already. A mark that is not set is
 * absent, which fits nothing. */
static void
spans_make_flag(struct column_test *c, bool is_mark, uint32_t mask)
{
  bool fits_zero = !is_mark && is_in_ranges(c, 0) != c->is_outside;
  bool fits_one = is_in_ranges(c, mask & 1) != c->is_outside;
  c->spans = g_malloc(sizeof *c->spans);
  c->spans[0][0] = 0;
  c->spans[0][1] = fits_zero == fits_one ? UINT32_MAX : 0;
  c->n_spans = 1;
  c->is_outside = !fits_zero;
  c->mask = c->column.bits;
}

static bool
is_time(const struct column_test *c)
{
  return c->column.kind >= COLUMN_TIME;
}

bool
column_test_init(struct column_test *c, const struct filter_node *t)
{
  const struct filter_expr *key = t->left;
  int64_t mask = -1;
  bool has_mask =
      key->kind == EXPR_ARITHMETIC && key->arithmetic == '&' && number_of(key->args[1], &mask);
  if (has_mask)
    key = key->args[0];
  *c = (struct column_test){.mask = (uint32_t)mask};
  if (key->kind != EXPR_FIELD || key->n_slices)
    return false;
  bool is_mark = key->class == CLASS_NOTHING && t->op == OP_PRESENT;
  bool is_layer = key->class == CLASS_PROTOCOL && t->op == OP_PRESENT;
  c->column = filter_row_column(key->row_key);
  if (c->column.kind == COLUMN_NONE || !(is_mark || is_layer || is_number_class(key->class)) ||
      (has_mask && is_time(c)))
    return false;
  c->n_ranges = t->op == OP_IN ? MAX(t->n_entries, 1) : 1;
  c->ranges = g_malloc_n(c->n_ranges, sizeof *c->ranges);
  if (!ranges_find(t, c, has_mask)) {
    column_test_clear(c);
    return false;
  }
  if (c->column.kind == COLUMN_FLAG)
    spans_make_flag(c, is_mark, (uint32_t)mask);
  else if (!is_time(c))
    spans_make(c);
  return true;
}

void
column_test_clear(struct column_test *c)
{
  g_clear_pointer(&c->ranges, g_free);
  g_clear_pointer(&c->spans, g_free);
}

/* ---- running them ---- */

static const uint32_t *
numbers_of(const struct column_test *c, struct filter_block *b)
{
  if (c->column.kind == COLUMN_VALUE || c->column.kind == COLUMN_FLAG)
    return filter_block_values(b, c->column.value);
  bool is_number = c->column.kind == COLUMN_NUMBER;
  for (uint32_t i = 0; i < VERDICT_BLOCK; i++)
    b->numbers[i] = is_number ? b->first + i + 1 : 1;
  return b->numbers;
}

static const int64_t *
times_of(const struct column_test *c, struct filter_block *b)
{
  trace_times_ns(b->trace, b->first, b->n, b->times);
  uint64_t before = (uint64_t)trace_time_ns(b->trace, 0);
  if (c->column.kind == COLUMN_TIME_RELATIVE)
    for (uint32_t i = 0; i < b->n; i++)
      b->times[i] = (int64_t)((uint64_t)b->times[i] - before);
  if (c->column.kind != COLUMN_TIME_DELTA)
    return b->times;
  before = (uint64_t)trace_time_ns(b->trace, b->first ? b->first - 1 : 0);
  for (uint32_t i = 0; i < b->n; i++) {
    uint64_t now = (uint64_t)b->times[i];
    b->times[i] = (int64_t)(now - before);
    before = now;
  }
  return b->times;
}

static void
times_run(const struct column_test *c, const int64_t *restrict times, uint8_t *restrict out)
{
  for (unsigned k = 0; k < c->n_ranges; k++) {
    int64_t low = c->ranges[k][0], high = c->ranges[k][1];
    for (int i = 0; i < VERDICT_BLOCK; i++)
      out[i] |= (uint8_t)((times[i] >= low) & (times[i] <= high));
  }
}

static void
spans_run(const struct column_test *c, const uint32_t *restrict numbers, uint8_t *restrict out)
{
  uint32_t mask = c->mask;
  for (unsigned k = 0; k < c->n_spans; k++) {
    uint32_t low = c->spans[k][0], length = c->spans[k][1];
    for (int i = 0; i < VERDICT_BLOCK; i++)
      out[i] |= (uint8_t)((numbers[i] & mask) - low <= length);
  }
}

void
column_test_run(const struct column_test *c, struct filter_block *b, uint8_t *out)
{
  memset(out, 0, VERDICT_BLOCK);
  if (is_time(c))
    times_run(c, times_of(c, b), out);
  else
    spans_run(c, numbers_of(c, b), out);
  uint8_t outside = c->is_outside;
  for (int i = 0; i < VERDICT_BLOCK; i++) /* 1 fits, 0 does not */
    out[i] = (uint8_t)(VERDICT_FALSE - (out[i] ^ outside));
}
