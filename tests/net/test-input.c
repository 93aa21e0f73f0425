/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-input.c -- the input log: its text form both ways, its order, its limits and what it
 * refuses. */
#include <string.h>

#include "sim/core/input.h"

/* Each verb once, as a person writes it. */
static const char *const samples[] = {
    "{at: 0s, do: drop, link: wan}",
    "{at: 1.5s, do: drop, link: wan, from: router, packet: 42}",
    "{at: 1.5s, do: delay, link: wan, packet: 42, by: 200ms}",
    "{at: 1.5s, do: duplicate, link: wan, packet: 42, by: 0}",
    "{at: 1500000001ns, do: alter, link: wan, packet: 9223372036854775807, offset: 54, octets: "
    "0d0A}",
    "{at: 2s, do: reset, from: '10.0.0.5:50112', to: '10.0.0.2:25'}",
    "{at: 2s, do: reset, from: '[2001:db8::5]:50112', to: '[2001:db8::2]:25'}",
    "{at: 2s, do: set, link: wan, key: loss, value: 5%}",
    "{at: 2s, do: down, link: 'name with, comma: #'}",
    "{at: 2s, do: up, link: \"\\\"quoted\\\"\"}",
    "{at: 1min, do: open, as: c1, host: alice-pc, to: 'mail.bob.test:25'}",
    "{at: 1min, do: open, as: c1, host: alice-pc, to: '[2001:db8::2]:25'}",
    "{at: 1h, do: take, as: c1, host: alice-pc, from: '10.0.0.5:50112', to: '10.0.0.2:25'}",
    "{at: 1h, do: type, as: c1, line: สวัสดี}",
    "{at: 1h, do: type, as: c1, line: \"tab\\tnul-free \\x01 \\x7f \\u2028 \\ufeff\", end: "
    "\"\\n\"}",
    "{at: 1h, do: type, as: c1, line: '', end: ''}",
    "{at: 1h, do: type, as: c1, line: 'null'}",
    "{at: 87600h, do: close, as: c1}",
};

static struct input_log *
read_samples(void)
{
  struct input_log *log = input_log_new();
  for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
    GError *error = NULL;
    if (!input_log_parse(log, samples[i], "sample", &error))
      g_error("%s: %s", samples[i], error->message);
  }
  return log;
}

static void
test_values(void)
{
  struct input_log *log = read_samples();
  const struct input *i = input_log_at(log, 1);
  g_assert_cmpint(i->time_ns, ==, INT64_C(1500000000));
  g_assert_cmpint(i->verb, ==, INPUT_DROP);
  g_assert_cmpstr(i->link, ==, "wan");
  g_assert_cmpstr(i->from_host, ==, "router");
  g_assert_cmpuint(i->packet, ==, 42);
  g_assert_cmpint(input_log_at(log, 2)->by_ns, ==, 200000000);
  i = input_log_at(log, 4);
  g_assert_cmpint(i->time_ns, ==, INT64_C(1500000001));
  g_assert_cmpuint(i->offset, ==, 54);
  g_assert_cmpmem(i->octets, i->n_octets, "\r\n", 2);
  i = input_log_at(log, 6);
  g_assert_cmpint(i->from.version, ==, 6);
  g_assert_cmpint(i->to_port, ==, 25);
  i = input_log_at(log, 14);
  g_assert_cmpstr(i->line, ==, "tab\tnul-free \x01 \x7f \u2028 \ufeff");
  g_assert_cmpstr(i->end, ==, "\n");
  g_assert_null(input_log_at(log, 13)->end);
  g_assert_cmpstr(input_log_at(log, 15)->end, ==, "");
  input_log_free(log);
}

/* What is written reads back to what is written. */
static void
test_round_trip(void)
{
  struct input_log *log = read_samples(), *again = input_log_new();
  for (unsigned i = 0; i < input_log_n(log); i++) {
    g_autofree char *text = input_format(input_log_at(log, i));
    g_assert_null(strchr(text, '\n'));
    GError *error = NULL;
    input_log_parse(again, text, "again", &error);
    g_assert_no_error(error);
    g_autofree char *second = input_format(input_log_at(again, i));
    g_assert_cmpstr(text, ==, second);
    if (input_log_at(log, i)->verb == INPUT_TYPE)
      g_assert_cmpstr(input_log_at(log, i)->line, ==, input_log_at(again, i)->line);
  }
  struct input_log *copy = input_log_copy(again);
  g_assert_cmpuint(input_log_n(copy), ==, G_N_ELEMENTS(samples));
  input_log_free(again);
  g_autofree char *last = input_format(input_log_at(copy, input_log_n(copy) - 1));
  g_assert_cmpstr(last, ==, "{at: 315360000.000000000s, do: close, as: c1}");
  input_log_free(copy);
  input_log_free(log);
}

static void
test_cut(void)
{
  struct input_log *log = read_samples();
  input_log_cut(log, INT64_C(1500000000)); /* at or behind goes */
  g_assert_cmpuint(input_log_n(log), ==, 1);
  input_log_cut(log, INT64_C(1500000000));
  g_assert_cmpuint(input_log_n(log), ==, 1);
  input_log_cut(log, 0);
  g_assert_cmpuint(input_log_n(log), ==, 0);
  input_log_free(log);
}

static void
test_refused(void)
{
  static const struct {
    const char *text, *says;
  } bad[] = {
      {"", "empty"},
      {"[a]", "map"},
      {"drop", "map"},
      {"{at: 1s}", "do"},
      {"{at: 1s, do: explode, link: wan}", "explode"},
      {"{do: drop, link: wan}", "at"},
      {"{at: soon, do: drop, link: wan}", "soon"},
      {"{at: -1s, do: drop, link: wan}", "-1s"},
      {"{at: 87601h, do: drop, link: wan}", "ten years"},
      {"{at: 1s, do: drop}", "link"},
      {"{at: 1s, do: drop, link: wan, paket: 4}", "packet"},
      {"{at: 1s, do: drop, link: wan, packet: 0}", "packet"},
      {"{at: 1s, do: drop, link: wan, line: x}", "line"},
      {"{at: 1s, do: drop, link: {a: b}}", "link"},
      {"{at: 1s, do: delay, link: wan}", "by"},
      {"{at: 1s, do: alter, link: wan, octets: 0}", "octets"},
      {"{at: 1s, do: alter, link: wan, octets: zz}", "octets"},
      {"{at: 1s, do: alter, link: wan}", "octets"},
      {"{at: 1s, do: alter, link: wan, offset: 9014, octets: 00}", "octets"},
      {"{at: 1s, do: reset, from: 10.0.0.1, to: '10.0.0.2:25'}", "10.0.0.1"},
      {"{at: 1s, do: reset, from: '10.0.0.1:99999', to: '10.0.0.2:25'}", "99999"},
      {"{at: 1s, do: reset, from: '[::1]:4', to: '10.0.0.2:25'}", "ends"},
      {"{at: 1s, do: set, link: wan, key: loss}", "value"},
      {"{at: 1s, do: open, as: a, host: b, to: mail.bob.test}", "mail.bob.test"},
      {"{at: 1s, do: type, as: a}", "line"},
      {"{at: 1s, do: type, line: a}", "as"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    struct input_log *log = input_log_new();
    g_autoptr(GError) error = NULL;
    if (input_log_parse(log, bad[i].text, "bad.txt", &error))
      g_error("taken: %s", bad[i].text);
    if (!g_str_has_prefix(error->message, "bad.txt:1: ") || !strstr(error->message, bad[i].says))
      g_error("%s: %s", bad[i].text, error->message);
    g_assert_cmpuint(input_log_n(log), ==, 0);
    input_log_free(log);
  }
}

static void
test_time_backwards(void)
{
  static const char text[] = "- {at: 2s, do: down, link: a}\n- {at: 2s, do: up, link: a}\n"
                             "- {at: 1.999999999s, do: up, link: a}\n";
  GError *error = NULL;
  struct tree_node *root = tree_parse(text, strlen(text), "t.yaml", NULL);
  struct input_log *log = input_log_new();
  g_assert_false(input_log_read(log, root, &error));
  g_assert_true(g_str_has_prefix(error->message, "t.yaml:3: "));
  g_clear_error(&error);
  g_assert_cmpuint(input_log_n(log), ==, 2);
  g_assert_cmpuint(input_log_node(log, 1)->line, ==, 2);
  struct input early = {.time_ns = 5, .verb = INPUT_UP, .link = (char *)"a"};
  g_assert_false(input_log_add(log, &early, &error));
  g_clear_error(&error);
  tree_free(root);
  input_log_free(log);
}

static void
test_limits(void)
{
  struct input_log *log = input_log_new();
  GError *error = NULL;
  struct input up = {.verb = INPUT_UP, .link = (char *)"a"};
  for (int i = 0; i < INPUTS_MAX; i++)
    g_assert_true(input_log_add(log, &up, NULL));
  g_assert_false(input_log_add(log, &up, &error));
  g_assert_nonnull(strstr(error->message, "10000"));
  g_clear_error(&error);
  input_log_cut(log, 0);
  g_autofree char *line = g_strnfill(INPUT_LINE_OCTETS_MAX + 1, 'x');
  struct input type = {.verb = INPUT_TYPE, .hand = (char *)"h", .line = line};
  g_assert_false(input_log_add(log, &type, &error));
  g_clear_error(&error);
  line[INPUT_LINE_OCTETS_MAX] = '\0';
  g_assert_true(input_log_add(log, &type, NULL));
  type.line = (char *)"\xff";
  g_assert_false(input_log_add(log, &type, NULL));
  input_log_free(log);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/input/values", test_values);
  g_test_add_func("/input/round-trip", test_round_trip);
  g_test_add_func("/input/cut", test_cut);
  g_test_add_func("/input/refused", test_refused);
  g_test_add_func("/input/time-backwards", test_time_backwards);
  g_test_add_func("/input/limits", test_limits);
  return g_test_run();
}
