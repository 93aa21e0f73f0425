/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-open.c -- what a window asks of a capture that is open: pass 2 of 50 frames, and a walk
 * over all records. */
#include "tests/bench/bench-open.h"

#include <stdlib.h>
#include <time.h>

#include "capture/decode/decode.h"

enum { N_TRIES = 201, N_FRAMES = 50, RUN_FRAMES = 256 };

static double
cpu_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

enum way { SCATTERED, PAGE, ROWS };

static double
decode_fifty(const struct trace *t, enum way way)
{
  static double ms[N_TRIES];
  uint32_t n = trace_n_frames(t), seed = 1;
  struct decode *d = decode_new(t);
  for (int i = 0; i < N_TRIES; i++) {
    seed = seed * 1664525 + 1013904223; /* the same places in every run */
    uint32_t first = (uint32_t)((uint64_t)seed * n >> 32);
    double before = cpu_ms();
    for (uint32_t k = 0; k < N_FRAMES; k++) {
      uint32_t step = way == SCATTERED ? 104729 : 1;
      uint32_t frame = (uint32_t)(((uint64_t)first + (uint64_t)k * step) % n);
      way == ROWS ? decode_summary_only(d, frame) : decode_frame(d, frame);
    }
    ms[i] = cpu_ms() - before;
  }
  decode_free(d);
  qsort(ms, N_TRIES, sizeof *ms, compare);
  return ms[N_TRIES / 2];
}

static double
walk(const struct trace *t)
{
  struct trace_frame run[RUN_FRAMES];
  uint32_t n = trace_n_frames(t);
  uint64_t sum = 0;
  double before = cpu_ms();
  for (uint32_t i = 0; i < n; i += RUN_FRAMES) {
    uint32_t here = n - i < RUN_FRAMES ? n - i : RUN_FRAMES;
    trace_frames(t, i, here, run);
    for (uint32_t k = 0; k < here; k++)
      sum += run[k].tcp_flags + run[k].wire_octets;
  }
  double ms = cpu_ms() - before;
  return sum ? ms * 1e6 / n : 0;
}

struct open_result
bench_open(const struct trace *t)
{
  return (struct open_result){.scattered_ms = decode_fifty(t, SCATTERED),
                              .page_ms = decode_fifty(t, PAGE),
                              .rows_ms = decode_fifty(t, ROWS),
                              .walk_ms = walk(t)};
}
