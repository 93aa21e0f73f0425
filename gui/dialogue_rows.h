/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_DIALOGUE_ROWS_H
#define GUI_DIALOGUE_ROWS_H

/* The lines of one conversation: elements of the trace, where runs of message octets, literals and
 * TLS records are folded into one row each. No widgets here, so that tests need no display. */
#include "capture/trace/trace.h"

struct dialogue_row {
  uint32_t element; /* the first of the run */
  uint32_t n_elements;
  uint32_t frame;  /* completed the (last) element */
  uint8_t side;    /* enum side */
  uint8_t kind;    /* enum element_kind */
  bool is_inner;   /* said inside TLS, which a key log opened */
  bool is_sealed;  /* records of TLS that nothing opened */
  uint64_t offset; /* in the side's stream */
  uint64_t n_octets;
};

struct dialogue_rows {
  const struct trace *trace;
  uint32_t flow;
  uint32_t walked; /* last frame of the flow that was read, TRACE_NONE before the first */
  bool is_finished;
  GArray *rows; /* struct dialogue_row */
};

void dialogue_rows_init(struct dialogue_rows *r);
void dialogue_rows_clear(struct dialogue_rows *r);
/* Begins another flow (TRACE_NONE: none). */
void dialogue_rows_open(struct dialogue_rows *r, const struct trace *t, uint32_t flow);
/* Reads what the flow gained since; true when rows were added or grew. `is_finished`: the trace
 * will not grow, what its end completed belongs to the flow too. */
bool dialogue_rows_update(struct dialogue_rows *r, bool is_finished);

static inline const struct dialogue_row *
dialogue_row(const struct dialogue_rows *r, guint i)
{
  return &g_array_index(r->rows, struct dialogue_row, i);
}

/* The last row completed at or before a frame, or -1. */
int dialogue_rows_at(const struct dialogue_rows *r, uint32_t frame);

/* Whether a row stands for a run that can be opened. */
bool dialogue_row_is_folded(const struct dialogue_row *row);
/* The row in words: the line, control octets made visible, the secret masked unless `reveal`;
 * "1,234 octets of message" for runs. g_free() it. */
char *dialogue_row_text(const struct dialogue_rows *r, guint i, bool reveal);
/* The lines of a folded run, at most `n_max`, the last one saying what is left out; g_strfreev().
 */
char **dialogue_row_lines(const struct dialogue_rows *r, guint i, guint n_max);

#endif
