/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_BENCH_BENCH_PROGRAMS_H
#define TESTS_BENCH_BENCH_PROGRAMS_H

/* Parts of bench-capture: whole programs on the same file, and captures that grow. */

/* The audit, built beside this program (`self` is argv[0]), and what of tcpdump, tshark, dsniff and
 * ndpiReader is installed, in turns, as ratios to `tcpdump -r FILE -w /dev/null`. */
void bench_programs(const char *self, const char *path, int n_runs);

/* CPU time of reading n and 2n of each kind in tests/trace/growth.h. */
void bench_growth(void);

#endif
