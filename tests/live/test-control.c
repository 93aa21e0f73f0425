/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-control.c -- the messages between the capture helper and its caller: octets, limits, order.
 */
#include <glib.h>
#include <string.h>

#include "capture/helper/control.h"
#include "tests/trace/packets.h"

/* Laid out by hand after the picture in control.h. */
static const struct {
  struct control_message message;
  const char *hex;
} samples[] = {
    {{.type = CONTROL_READY, .link = 276, .snap_octets = 262144}, "01010000 1401 0000 00000400"},
    {{.type = CONTROL_COMMIT, .n_octets = 0x123456789a, .n_frames = 3},
     "02010000 9a78563412000000 0300000000000000"},
    {{.type = CONTROL_STATS,
      .n_received = 10,
      .n_dropped_kernel = 2,
      .n_dropped_interface = 1,
      .n_written = 8},
     "03010000 0a00000000000000 0200000000000000 0100000000000000 0800000000000000"},
    {{.type = CONTROL_ROTATED, .n_octets = 1, .n_frames = 2},
     "04010000 0100000000000000 0200000000000000"},
    {{.type = CONTROL_ERROR, .error = CONTROL_ERROR_FILTER, .text = "syntax"},
     "05010000 0400 0600 73796e746178"},
    {{.type = CONTROL_BYE, .n_octets = 5, .n_frames = 0},
     "06010000 0500000000000000 0000000000000000"},
    {{.type = CONTROL_STOP}, "40010000"},
    {{.type = CONTROL_ROTATE}, "41010000"},
};

static void
test_octets(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
    uint8_t octets[CONTROL_MESSAGE_MAX];
    g_autoptr(GByteArray) expected = packets_hex(samples[i].hex);
    size_t n = control_put(&samples[i].message, octets);
    g_assert_cmpmem(octets, n, expected->data, expected->len);
    struct control_message back;
    g_assert_true(control_get(octets, n, &back));
    g_assert_cmpmem(&back, sizeof back, &samples[i].message, sizeof back);
  }
}

static void
test_other_lengths_are_refused(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
    uint8_t octets[CONTROL_MESSAGE_MAX + 1] = {0};
    struct control_message m;
    size_t n = control_put(&samples[i].message, octets);
    for (size_t other = 0; other <= sizeof octets; other++)
      g_assert_true(control_get(octets, other, &m) == (other == n));
  }
}

static void
test_strange_octets_are_refused(void)
{
  static const char *const strange[] = {
      "00010000",          /* no such type */
      "07010000 00000000", /* nor this */
      "40020000",          /* another version */
      "40010100",
      "40010001",                       /* what is zero is zero */
      "01010000 0100 0100 00000400",    /* here too */
      "05010000 0000 0000",             /* an error that is none */
      "05010000 0c00 0000",             /* one that does not exist */
      "05010000 0400 0700 73796e746178" /* a text that is longer than the packet */
  };
  for (size_t i = 0; i < G_N_ELEMENTS(strange); i++) {
    g_autoptr(GByteArray) octets = packets_hex(strange[i]);
    struct control_message m;
    g_assert_false(control_get(octets->data, octets->len, &m));
  }
}

static void
test_long_and_wild_texts(void)
{
  struct control_message m = {.type = CONTROL_ERROR, .error = CONTROL_ERROR_CAPTURE}, back;
  uint8_t octets[CONTROL_MESSAGE_MAX];
  memset(m.text, 'x', CONTROL_TEXT_MAX);
  size_t n = control_put(&m, octets);
  g_assert_cmpuint(n, ==, CONTROL_MESSAGE_MAX);
  g_assert_true(control_get(octets, n, &back));
  g_assert_cmpuint(strlen(back.text), ==, CONTROL_TEXT_MAX);
  memcpy(octets + 8, "\033[2J\n\177", 6);
  g_assert_true(control_get(octets, n, &back));
  g_assert_cmpmem(back.text, 6, "?[2J??", 6);
}

static void
test_the_order_of_what_the_helper_says(void)
{
  static const struct {
    const enum control_type said[6];
    int n_fit; /* how many of them may come */
  } cases[] = {
      {{CONTROL_READY, CONTROL_COMMIT, CONTROL_STATS, CONTROL_ROTATED, CONTROL_ERROR, CONTROL_BYE},
       6},
      {{CONTROL_ERROR, CONTROL_BYE, CONTROL_READY}, 2},
      {{CONTROL_READY, CONTROL_ERROR, CONTROL_STATS, CONTROL_COMMIT, CONTROL_ERROR}, 4},
      {{CONTROL_READY, CONTROL_READY}, 1},
      {{CONTROL_READY, CONTROL_BYE, CONTROL_COMMIT}, 2},
      {{CONTROL_ERROR, CONTROL_READY}, 1},
      {{CONTROL_COMMIT}, 0},
      {{CONTROL_STATS}, 0},
      {{CONTROL_BYE}, 0},
      {{CONTROL_STOP}, 0},
      {{CONTROL_READY, CONTROL_ROTATE}, 1},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    unsigned said = 0;
    int n = 0;
    while (n < 6 && cases[i].said[n] && control_may_follow(&said, cases[i].said[n]))
      n++;
    g_assert_cmpint(n, ==, cases[i].n_fit);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/control/octets", test_octets);
  g_test_add_func("/control/lengths", test_other_lengths_are_refused);
  g_test_add_func("/control/strange-octets", test_strange_octets_are_refused);
  g_test_add_func("/control/texts", test_long_and_wild_texts);
  g_test_add_func("/control/order", test_the_order_of_what_the_helper_says);
  return g_test_run();
}
