/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TRACE_GROWTH_H
#define TESTS_TRACE_GROWTH_H

/* Captures that grow in one direction, for the test that they are read rightly and the benchmark
 * that reading them grows no faster than they do. They are made frame by frame and never stored. */
#include <stdint.h>

enum growth {
  GROWTH_LINE,     /* SMTP; a line of n octets, then a login */
  GROWTH_COMMANDS, /* IMAP; n commands with their answers, then a login */
  GROWTH_LATE,     /* IMAP; n commands, then all answers, then a login */
  GROWTH_FLOWS,    /* n POP3 connections side by side, each with a login */
  GROWTH_N
};
extern const char *const growth_names[GROWTH_N];

struct growth_result {
  uint64_t n_frames, n_logins, n_accepted, n_put_down;
};

/* Reads it in a pass that forgets. */
struct growth_result growth_read(enum growth kind, uint32_t n);

#endif
