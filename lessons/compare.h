/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_COMPARE_H
#define LESSONS_COMPARE_H

/* Two runs side by side: which frame of one is which frame of the other, and where they part.
 *
 * Frames are paired by what they are and not by their place: the conversation (hosts, service, how
 * many before it), the direction, the sequence and acknowledgement numbers from its start, the
 * length, and how often this was sent before. So a run may be compared with a branch, and with one
 * of another seed whose ports and numbers all differ. Both runs have to be seen at the same kind of
 * tap. */
#include "lessons/run.h"

enum compare_kind {
  COMPARE_SAME,    /* the same octets at the same time, with the same fate */
  COMPARE_MOVED,   /* the same octets and fate at another time */
  COMPARE_CHANGED, /* other octets, or one of them was lost */
  COMPARE_ONLY_A,
  COMPARE_ONLY_B,
};

struct compare_row {
  enum compare_kind kind;
  uint32_t a, b;      /* frame indexes; TRACE_NONE: not in this run, or not at this place */
  uint32_t elsewhere; /* ONLY_…: the frame of the other run that is paired but overtook others */
  int64_t time_ns;    /* virtual, of a, else of b */
};

struct compare {
  const struct run *a, *b; /* borrowed: they must live as long as this */
  GArray *rows;            /* struct compare_row: both columns ascend */
  guint first;             /* the first row that is not SAME; rows->len when all are */
  size_t first_event;      /* the first state event that differs; SIZE_MAX when none does */
};

struct compare *compare_new(const struct run *a, const struct run *b);
void compare_free(struct compare *c);

/* Why a row is not SAME, in the current language: "tcp.ack: 1585 > 125", "0.2 s later", "lost on
 * its way in the second run only". "" for SAME. g_free() */
char *compare_explain(const struct compare *c, guint row);

#endif
