/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_BENCH_BENCH_OPEN_H
#define TESTS_BENCH_BENCH_OPEN_H

/* What a window asks of a capture that is open. */
#include "capture/trace/trace.h"

/* Milliseconds of CPU, in the middle of many tries: what it takes to decode 50 frames. */
struct open_result {
  double scattered_ms; /* every field, anywhere in the file */
  double page_ms;      /* every field, one behind the other: a page of a detailed print */
  double rows_ms;      /* only the summaries of a page: what the packet list draws */
  double walk_ms;      /* unpacking every record, per million */
};

/* Not for an empty trace. */
struct open_result bench_open(const struct trace *t);

#endif
