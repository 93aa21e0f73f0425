/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_COLUMN_H
#define CAPTURE_FILTER_COLUMN_H

/* A run of frames, value by value, and tests of one number over all of them. Private to this
 * folder. */
#include "capture/filter/tree.h"
#include "capture/filter/verdict.h"

/* Frames that lie behind one another. What the records say of them is fetched when it is asked for,
 * one value of all frames at a time. */
struct filter_block {
  const struct trace *trace;
  uint32_t first, n;
  unsigned fetched; /* bits by enum trace_column, and behind them those of the derived ones */
  uint32_t values[TRACE_COLUMN_N][VERDICT_BLOCK];
  uint8_t partial[VERDICT_BLOCK];
  uint8_t silent[VERDICT_BLOCK];
  int64_t times[VERDICT_BLOCK];
  uint32_t numbers[VERDICT_BLOCK];
};

/* Frames first to first + n - 1, at most VERDICT_BLOCK. */
void filter_block_begin(struct filter_block *b, const struct trace *t, uint32_t first, uint32_t n);

/* One value of each frame; like the following, valid until the next filter_block_begin(). */
const uint32_t *filter_block_values(struct filter_block *b, enum trace_column what);

/* Where answers of a flow in a direction are kept: TRACE_COLUMN_FLOW. */
const uint32_t *filter_block_slots(struct filter_block *b);

/* VERDICT_OPEN where the record does not say everything about a segment: slot 0, or cut by the snap
 * length; else 0. */
const uint8_t *filter_block_partial(struct filter_block *b);

/* VERDICT_TRUE where nothing of an application is in the frame: no payload, and nothing was
 * completed in it (a hole that was given up, octets that waited). */
const uint8_t *filter_block_silent(struct filter_block *b);

/* ---- tests ---- */

/* A test that a loop can make: key op number, key in { numbers }, key & mask. It fits when the
 * (masked) number lies in one of the ranges, or with `is_outside` in none. */
struct column_test {
  struct filter_column column;
  uint32_t mask; /* of the value; of an absent or false flag nothing is left */
  bool is_outside;
  int64_t (*ranges)[2]; /* both ends included; of times */
  uint32_t (*spans)[2]; /* the same of everything else: where it begins, how far it goes */
  unsigned n_ranges, n_spans;
};

/* False when the test is no such test. */
bool column_test_init(struct column_test *c, const struct filter_node *t);
void column_test_clear(struct column_test *c);

/* VERDICT_TRUE or VERDICT_FALSE of each frame of the block, as if it had the key. */
void column_test_run(const struct column_test *c, struct filter_block *b, uint8_t *out);

#endif
