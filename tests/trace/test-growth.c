/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-growth.c -- what grows without end is read to its end: a line of 10 MB, 100,000 commands in
 * one stream, 100,000 connections open at a time. That the cost grows no faster than the input is
 * the benchmark's matter; here a cost that does would not end in time. */
#include <glib.h>

#include "tests/trace/growth.h"

static void
test_a_line_of_ten_million_octets(void)
{
  struct growth_result r = growth_read(GROWTH_LINE, 10000000);
  g_assert_cmpuint(r.n_logins, ==, 1);
  g_assert_cmpuint(r.n_accepted, ==, 1);
}

static void
test_a_hundred_thousand_commands(void)
{
  for (int late = 0; late < 2; late++) {
    struct growth_result r = growth_read(late ? GROWTH_LATE : GROWTH_COMMANDS, 100000);
    g_assert_cmpuint(r.n_logins, ==, 1);
    g_assert_cmpuint(r.n_accepted, ==, 1);
  }
}

static void
test_a_hundred_thousand_flows(void)
{
  struct growth_result r = growth_read(GROWTH_FLOWS, 100000);
  g_assert_cmpuint(r.n_frames, ==, 800000);
  g_assert_cmpuint(r.n_logins, ==, 100000);
  g_assert_cmpuint(r.n_accepted, ==, 100000);
  /* Their connections stay open, which no memory of a fixed size can remember: it is told. */
  g_assert_cmpuint(r.n_put_down, >, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/growth/a-line-of-ten-million-octets", test_a_line_of_ten_million_octets);
  g_test_add_func("/growth/a-hundred-thousand-commands", test_a_hundred_thousand_commands);
  g_test_add_func("/growth/a-hundred-thousand-flows", test_a_hundred_thousand_flows);
  return g_test_run();
}
