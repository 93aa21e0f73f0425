/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-envrun.c -- any text as a saved run: it is refused with a sentence, or it runs some thousand
 * events and gives the same hash twice. The seeds carry their scenario, so scenarios are reached
 * too. */
#include <glib.h>
#include <string.h>

#include "lessons/run_private.h"
#include "sim/core/world.h"
#include "tests/fuzz/fuzz.h"

enum {
  EVENTS_MAX = 3000
}; /* behind the first exchange of a letter; an input takes some milliseconds */

/* The digest is left out of the seeds: what is read is compared with what stands there, so the
 * target puts the right one in. */
#define HOSTS                                                                                      \
  "  hosts:\n    a: {address: 10.0.0.1/24}\n    b: {kind: server, address: 10.0.0.2/24}\n"         \
  "  links:\n    lan: {ends: [a, b], rate: 1Mbit/s, loss: 1%}\n"                                   \
  "  services:\n    b: {name: b.test, domains: [b.test], smtp: {port: 25}}\n"                      \
  "  users:\n    - {name: bob, password: x, host: b}\n"                                            \
  "  actions:\n    - {host: a, do: send, server: 10.0.0.2, port: 25, from: a@a.test,\n"            \
  "       to: bob@b.test, subject: hi, text_file: letter.txt}\n"

const struct fuzz_seed fuzz_seeds[] = {
    {"letter",
     TEXT_SEED("envrun: 1\nscenario: s\nseed: 7\ntext: |2\n" HOSTS "files: {letter.txt: hello}\n")},
    {"inputs",
     TEXT_SEED("envrun: 1\nscenario: s\nuntil: 9s\nset: [\"links.lan.delay=3ms\"]\ninputs:\n"
               "- {at: 1ms, do: drop, link: lan}\n"
               "- {at: 2ms, do: delay, link: lan, from: a, by: 9ms}\n"
               "- {at: 3ms, do: duplicate, link: lan, packet: 9, by: 1us}\n"
               "- {at: 3ms, do: alter, link: lan, offset: 20, octets: \"ffff\"}\n"
               "- {at: 4ms, do: reset, from: \"10.0.0.2:25\", to: \"10.0.0.1:5000\"}\n"
               "- {at: 5ms, do: set, link: lan, key: rate, value: 9kbit/s}\n"
               "- {at: 6ms, do: down, link: lan}\n- {at: 7ms, do: up, link: lan}\n"
               "- {at: 8ms, do: open, as: h, host: a, to: \"10.0.0.2:25\"}\n"
               "- {at: 9ms, do: type, as: h, line: \"EHLO \\u0e01\"}\n"
               "- {at: 10ms, do: close, as: h}\ntext: |2\n" HOSTS "files: {letter.txt: \"\"}\n")},
    {"filter", TEXT_SEED("envrun: 1\nscenario: s\ntext: |2\n" HOSTS
                         "  faults:\n    - {link: lan, from: a, do: corrupt, filter: tcp.len > 0}\n"
                         "files: {letter.txt: hello}\n")},
    {"library", TEXT_SEED("envrun: 1\nscenario: ../../etc/passwd\n")},
    {"other format", TEXT_SEED("envrun: 2\n")},
    {NULL, NULL, 0}};

/* The plan of a text, its digest made right when that alone is wrong. */
static struct run_plan *
read_plan(const char *text, size_t n)
{
  g_autoptr(GError) error = NULL;
  struct run_plan *plan = plan_parse(text, n, "fuzz.envrun", NULL, &error);
  if (plan)
    return plan;
  g_assert_true(g_utf8_validate(error->message, -1, NULL));
  g_autoptr(GError) ignored = NULL;
  struct tree_node *root = tree_parse(text, n, "fuzz.envrun", &ignored);
  const struct tree_node *scenario = root ? tree_get(root, "text") : NULL;
  const struct tree_node *files = root ? tree_get(root, "files") : NULL;
  if (scenario && scenario->kind == TREE_SCALAR && !tree_get(root, "sha256")) {
    struct run_plan sum = {.files = g_hash_table_new(g_str_hash, g_str_equal)};
    for (guint i = 0; files && files->kind == TREE_MAP && i < files->children->len; i++) {
      struct tree_node *file = files->children->pdata[i];
      if (file->kind == TREE_SCALAR)
        g_hash_table_insert(sum.files, file->key, file->text);
    }
    plan_take_text(&sum, g_strdup(scenario->text), strlen(scenario->text));
    g_autofree char *whole = g_strdup_printf("sha256: %s\n%.*s", sum.sha256, (int)n, text);
    g_bytes_unref(sum.text);
    g_hash_table_unref(sum.files);
    plan = plan_parse(whole, strlen(whole), "fuzz.envrun", NULL, NULL);
  }
  tree_free(root);
  return plan;
}

static uint64_t
play(const struct run_plan *plan, bool *is_good)
{
  static const struct run_options held = {.is_held = true};
  struct run_plan *copy = plan_copy(plan);
  g_autoptr(GError) error = NULL;
  struct run *r = run_from(copy, &held, &error);
  *is_good = r != NULL;
  if (!r) {
    g_assert_true(error && g_utf8_validate(error->message, -1, NULL));
    return 0;
  }
  for (unsigned i = 0; i < EVENTS_MAX && world_step(run_world(r)); i++)
    continue;
  run_settle(r);
  uint64_t hash = run_hash(r);
  run_free(r);
  return hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  struct run_plan *plan = read_plan((const char *)p, n);
  if (!plan)
    return 0;
  bool is_good, is_good_again;
  uint64_t first = play(plan, &is_good), second = play(plan, &is_good_again);
  g_assert_true(first == second && is_good == is_good_again);
  /* what is saved of it is read back as the same */
  g_autofree char *text = plan_format(plan, plan->seed ? plan->seed : 1, NULL, NULL);
  if (text) {
    g_autoptr(GError) error = NULL;
    struct run_plan *again = plan_parse(text, strlen(text), "again.envrun", NULL, &error);
    g_assert_no_error(error);
    g_autofree char *second_text = plan_format(again, again->seed, NULL, NULL);
    g_assert_cmpstr(text, ==, second_text);
    plan_free(again);
  }
  plan_free(plan);
  return 0;
}
