/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tree.c -- scenario text: lines, typed readings, and complaints that name file, line and
 * remedy. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/core/tree.h"
#include "sim/net/net.h"

static struct tree_node *
parse(const char *text, GError **error)
{
  return tree_parse(text, strlen(text), "s.yaml", error);
}

/* The whole message, because it is what a teacher reads. */
static void
assert_refused(const char *text, const char *message)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(parse(text, &error));
  g_assert_nonnull(error);
  g_assert_cmpstr(error->message, ==, message);
}

static void
test_lines_and_kinds(void)
{
  g_autoptr(GError) error = NULL;
  struct tree_node *t = parse("# a comment\nhosts:\n  pc:\n    place: [10, 40]\nseed: 7\n", &error);
  g_assert_no_error(error);
  const struct tree_node *place = tree_path(t, "hosts.pc.place");
  g_assert_cmpint(place->kind, ==, TREE_LIST);
  g_assert_cmpuint(place->line, ==, 4);
  g_assert_cmpstr(((struct tree_node *)tree_path(t, "hosts.pc.place.1"))->text, ==, "40");
  g_assert_cmpuint(tree_get(t, "seed")->line, ==, 5);
  g_assert_null(tree_path(t, "hosts.mx"));
  g_assert_null(tree_path(t, "seed.x"));
  tree_free(t);
}

static void
test_duplicate_keys(void)
{
  assert_refused("a: 1\nb: 2\na: 3\n",
                 "s.yaml:3: the key \"a\" is already on line 1; remove or rename one of them");
}

static void
test_aliases(void)
{
  assert_refused("a: &x 1\nb: *x\n", "s.yaml:2: the alias *x is not read; write its content out");
}

static void
test_second_document(void)
{
  assert_refused("a: 1\n---\nb: 2\n",
                 "s.yaml:3: a second document begins; keep one document per file");
}

static void
test_list_as_key(void)
{
  assert_refused("? [a, b]\n: 1\n", "s.yaml:1: a list or map stands where a key is expected; use "
                                    "plain text as key");
}

static void
test_empty(void)
{
  assert_refused("", "s.yaml:1: the file is empty; a map of keys is expected");
  assert_refused("# nothing\n", "s.yaml:1: the file is empty; a map of keys is expected");
}

static void
test_broken_yaml_names_its_line(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(parse("a: 1\nb: [1, 2\nc: 3\n", &error));
  g_assert_true(g_str_has_prefix(error->message, "s.yaml:3: this is not YAML: "));
}

static void
test_not_utf8_names_its_line(void)
{
  assert_refused("a: 1\nb: \xff\n", "s.yaml:2: not UTF-8 at octet 8; save the file as UTF-8");
}

static void
test_depth_is_limited(void)
{
  g_autoptr(GString) text = g_string_new("a: ");
  for (int i = 0; i < TREE_DEPTH_MAX; i++)
    g_string_append_c(text, '[');
  for (int i = 0; i < TREE_DEPTH_MAX; i++)
    g_string_append_c(text, ']');
  assert_refused(text->str, "s.yaml:1: nested deeper than 64 levels; make the structure flatter");
}

static void
test_size_is_limited(void)
{
  g_autofree char *text = g_malloc(TREE_FILE_MAX + 1);
  memset(text, ' ', TREE_FILE_MAX + 1);
  g_autoptr(GError) error = NULL;
  g_assert_null(tree_parse(text, TREE_FILE_MAX + 1, "s.yaml", &error));
  g_assert_cmpstr(error->message, ==, "s.yaml:1: larger than 4 MiB; a scenario is a page of text");
}

static void
test_files_that_are_none(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(tree_load("/nonexistent.yaml", &error));
  g_assert_true(g_str_has_prefix(error->message, "/nonexistent.yaml:1: cannot be opened: "));
  g_clear_error(&error);
  g_assert_null(tree_load("/", &error));
  g_assert_cmpstr(error->message, ==, "/:1: this is a folder; name a YAML file in it");
}

static void
test_durations(void)
{
  static const struct {
    const char *text;
    int64_t ns;
  } good[] = {{"20ms", 20000000},    {"1.5s", 1500000000}, {"200us", 200000},      {"0", 0},
              {"1h", 3600000000000}, {"0.25 ms", 250000},  {"2min", 120000000000}, {"7ns", 7}};
  static const char *const bad[] = {"20", "ms", "-1s", "1.5ns", "1e3s", "99999999999s", "5 apples"};
  for (unsigned i = 0; i < G_N_ELEMENTS(good); i++) {
    g_autofree char *text = g_strdup_printf("d: %s\n", good[i].text);
    g_autoptr(GError) error = NULL;
    struct tree_node *t = parse(text, NULL);
    int64_t ns;
    g_assert_true(tree_duration(t, "d", -1, &ns, &error));
    g_assert_cmpint(ns, ==, good[i].ns);
    tree_free(t);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *text = g_strdup_printf("d: %s\n", bad[i]);
    g_autoptr(GError) error = NULL;
    struct tree_node *t = parse(text, NULL);
    int64_t ns;
    g_assert_false(tree_duration(t, "d", -1, &ns, &error));
    g_assert_true(g_str_has_prefix(error->message, "s.yaml:1: \"d\" is \""));
    g_assert_nonnull(strstr(error->message, "for example 20ms"));
    tree_free(t);
  }
}

static void
test_rates_and_ratios(void)
{
  struct tree_node *t =
      parse("r: 1.5Mbit/s\nz: 0bit/s\np: 5%\nq: 0.05\nh: 1.5\nn: 0.0001%\n", NULL);
  g_autoptr(GError) error = NULL;
  int64_t rate;
  uint32_t ppm;
  g_assert_true(tree_rate(t, "r", 0, &rate, &error));
  g_assert_cmpint(rate, ==, 1500000);
  g_assert_true(tree_rate(t, "absent", 42, &rate, &error));
  g_assert_cmpint(rate, ==, 42);
  g_assert_true(tree_ratio(t, "p", 0, &ppm, &error));
  g_assert_cmpuint(ppm, ==, 50000);
  g_assert_true(tree_ratio(t, "q", 0, &ppm, &error));
  g_assert_cmpuint(ppm, ==, 50000);
  g_assert_true(tree_ratio(t, "n", 0, &ppm, &error));
  g_assert_cmpuint(ppm, ==, 1);
  g_assert_false(tree_rate(t, "z", 0, &rate, &error));
  g_assert_true(g_str_has_prefix(error->message, "s.yaml:2: "));
  g_clear_error(&error);
  g_assert_false(tree_ratio(t, "h", 0, &ppm, &error));
  g_assert_true(g_str_has_prefix(error->message, "s.yaml:5: "));
  tree_free(t);
}

static void
test_integers_and_booleans(void)
{
  struct tree_node *t = parse("n: 70000\nb: maybe\nl: [1]\n", NULL);
  g_autoptr(GError) error = NULL;
  int64_t v;
  bool b;
  g_assert_false(tree_int(t, "n", 0, 1, 65535, &v, &error));
  g_assert_cmpstr(error->message, ==,
                  "s.yaml:1: \"n\" is \"70000\"; write a whole number from 1 to 65535");
  g_clear_error(&error);
  g_assert_false(tree_bool(t, "b", false, &b, &error));
  g_assert_cmpstr(error->message, ==, "s.yaml:2: \"b\" is \"maybe\"; write true or false");
  g_clear_error(&error);
  g_assert_false(tree_int(t, "l", 0, 1, 2, &v, &error));
  g_assert_cmpstr(error->message, ==, "s.yaml:3: \"l\" is a list or a map; write one value");
  tree_free(t);
}

static void
test_unknown_keys_name_the_nearest(void)
{
  static const char *const keys[] = {"rate", "delay", "loss", NULL};
  struct tree_node *t = parse("rate: 1\ndealy: 2\n", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_false(tree_known(t, keys, &error));
  g_assert_cmpstr(error->message, ==, "s.yaml:2: unknown key \"dealy\"; did you mean \"delay\"?");
  tree_free(t);
  g_clear_error(&error);
  t = parse("colour: red\n", NULL);
  g_assert_false(tree_known(t, keys, &error));
  g_assert_cmpstr(error->message, ==,
                  "s.yaml:1: unknown key \"colour\"; known here: rate, delay, loss");
  tree_free(t);
}

static void
test_pairs_need_both_languages(void)
{
  struct tree_node *t = parse("a: {en: one, th: หนึ่ง}\nb: {en: one}\nc: both\n", NULL);
  g_autoptr(GError) error = NULL;
  const char *en, *th;
  g_assert_true(tree_pair(t, "a", &en, &th, &error));
  g_assert_cmpstr(th, ==, "หนึ่ง");
  g_assert_true(tree_pair(t, "c", &en, &th, &error));
  g_assert_cmpstr(th, ==, "both");
  g_assert_false(tree_pair(t, "b", &en, &th, &error));
  g_assert_true(g_str_has_prefix(error->message, "s.yaml:2: "));
  tree_free(t);
}

static void
test_set_replaces_and_adds(void)
{
  struct tree_node *t = parse("links:\n  wan: {loss: 0}\nlist: [a, b]\n", NULL);
  g_assert_true(tree_set(t, "links.wan.loss", "5%"));
  g_assert_true(tree_set(t, "links.lan.rate", "1Mbit/s"));
  g_assert_true(tree_set(t, "list.1", "c"));
  g_assert_false(tree_set(t, "links.wan.loss.more", "1"));
  g_assert_false(tree_set(t, "list.7", "1"));
  g_assert_false(tree_set(t, "a..b", "1"));
  g_assert_cmpstr(tree_path(t, "links.wan.loss")->text, ==, "5%");
  g_assert_cmpstr(tree_path(t, "links.lan.rate")->text, ==, "1Mbit/s");
  g_assert_cmpstr(tree_path(t, "list.1")->text, ==, "c");
  tree_free(t);
}

static void
test_complaints_in_thai(void)
{
  lang_set(LANG_TH);
  assert_refused("a: &x 1\nb: *x\n", "s.yaml:2: ไม่รองรับ alias *x ให้เขียนเนื้อหาออกมาเต็ม ๆ");
  lang_set(LANG_EN);
}

/* ---- what a scenario of a network is refused for ---- */

#define PC "  pc: {address: 10.0.0.1/24}\n"
#define MX "  mx: {address: 10.0.0.2/24}\n"
static const struct {
  const char *name, *text, *message;
} refused[] = {
    {"no-hosts", "links: {}\n",
     "s.yaml:1: \"hosts\" is missing or empty; a scenario needs a map of 1 to 100000 hosts"},
    {"unknown-host", "hosts:\n" PC MX "links:\n  lan: {ends: [pc, mxx]}\n",
     "s.yaml:5: there is no host \"mxx\"; did you mean \"mx\"?"},
    {"one-end", "hosts:\n" PC "links:\n  lan: {ends: [pc]}\n",
     "s.yaml:4: link \"lan\" needs two ends: ends: [one-host, other-host]"},
    {"rate-zero", "hosts:\n" PC MX "links:\n  lan: {ends: [pc, mx], rate: 0bit/s}\n",
     "s.yaml:5: \"rate\" is \"0bit/s\"; write a rate above zero with its unit (bit/s, kbit/s, "
     "Mbit/s, "
     "Gbit/s), for example 100Mbit/s"},
    {"address-clash",
     "hosts:\n" PC "  mx: {address: 10.0.0.1/24}\nlinks:\n  lan: {ends: [pc, mx]}\n",
     "s.yaml:3: the address 10.0.0.1 is already host \"pc\"'s; give each host its own"},
    {"broadcast-address",
     "hosts:\n" PC "  mx: {address: 10.0.0.255/24}\nlinks:\n  lan: {ends: [pc, mx]}\n",
     "s.yaml:3: 10.0.0.255/24 is no address for one host (net, broadcast, loopback or group); "
     "choose "
     "another"},
    {"far-gateway",
     "hosts:\n  pc: {address: 10.0.0.1/24, gateway: 10.9.9.9}\n" MX
     "links:\n  lan: {ends: [pc, mx]}\n",
     "s.yaml:2: host \"pc\" cannot reach \"10.9.9.9\" directly; a gateway lies on one of the "
     "host's "
     "own nets"},
    {"far-route",
     "hosts:\n  pc: {address: 10.0.0.1/24, routes: [{to: 10.5.0.0/16, via: 10.9.9.9}]}\n" MX
     "links:\n  lan: {ends: [pc, mx]}\n",
     "s.yaml:2: host \"pc\" cannot reach \"10.9.9.9\" directly; a gateway lies on one of the "
     "host's "
     "own nets"},
    {"no-link", "hosts:\n" PC,
     "s.yaml:2: host \"pc\" has an address but no link; add a link that ends at it"},
    {"switch-loop",
     "hosts:\n  a: {kind: switch}\n  b: {kind: switch}\n  c: {kind: switch}\nlinks:\n"
     "  x: {ends: [a, b]}\n  y: {ends: [b, c]}\n  z: {ends: [c, a]}\n",
     "s.yaml:8: link \"z\" closes a ring of switches, in which a broadcast never ends; remove one "
     "link "
     "of the ring or put a router into it"},
    {"switch-address", "hosts:\n  a: {kind: switch, address: 10.0.0.1/24}\n",
     "s.yaml:2: \"a\" is a switch, which has no IP address; remove it or make it a router"},
    {"kind", "hosts:\n  a: {kind: toaster}\n",
     "s.yaml:2: kind \"toaster\" is unknown; write pc, phone, server, router, switch or outside"},
    {"host-key", "hosts:\n  a: {adress: 10.0.0.1/24}\n",
     "s.yaml:2: unknown key \"adress\"; did you mean \"address\"?"},
    {"fault-link",
     "hosts:\n" PC MX
     "links:\n  lan: {ends: [pc, mx]}\nfaults:\n  - {link: lam, from: pc, drop: 1}\n",
     "s.yaml:7: there is no link \"lam\"; write link: lan"},
    {"zone-server",
     "hosts:\n" PC MX "links:\n  lan: {ends: [pc, mx]}\nzones:\n  bob.test: {records: []}\n",
     "s.yaml:7: zone \"bob.test\" needs 1 to 13 servers; write server: HOST"},
    {"cname-and-more",
     "hosts:\n" PC MX "links:\n  lan: {ends: [pc, mx]}\nzones:\n  b.test:\n    server: mx\n"
     "    records:\n      - {name: w, type: CNAME, value: x}\n      - {name: w, value: 10.0.0.2}\n",
     "s.yaml:10: \"w.b.test\" has a CNAME and other records; a CNAME stands alone (RFC 1034 "
     "3.6.2)"},
};

static void
test_refused(gconstpointer data)
{
  unsigned i = GPOINTER_TO_UINT(data);
  g_autoptr(GError) error = NULL;
  struct tree_node *t = parse(refused[i].text, &error);
  g_assert_no_error(error);
  struct world *w = world_new(1, NULL, NULL);
  g_assert_null(net_new(w, t, &error));
  g_assert_cmpstr(error->message, ==, refused[i].message);
  world_free(w);
  tree_free(t);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tree/lines-and-kinds", test_lines_and_kinds);
  g_test_add_func("/tree/duplicate-keys-refused", test_duplicate_keys);
  g_test_add_func("/tree/aliases-refused", test_aliases);
  g_test_add_func("/tree/second-document-refused", test_second_document);
  g_test_add_func("/tree/list-as-key-refused", test_list_as_key);
  g_test_add_func("/tree/empty-refused", test_empty);
  g_test_add_func("/tree/broken-yaml-names-its-line", test_broken_yaml_names_its_line);
  g_test_add_func("/tree/not-utf8-names-its-line", test_not_utf8_names_its_line);
  g_test_add_func("/tree/depth-is-limited", test_depth_is_limited);
  g_test_add_func("/tree/size-is-limited", test_size_is_limited);
  g_test_add_func("/tree/files-that-are-none", test_files_that_are_none);
  g_test_add_func("/tree/durations", test_durations);
  g_test_add_func("/tree/rates-and-ratios", test_rates_and_ratios);
  g_test_add_func("/tree/integers-and-booleans", test_integers_and_booleans);
  g_test_add_func("/tree/unknown-keys-name-the-nearest", test_unknown_keys_name_the_nearest);
  g_test_add_func("/tree/pairs-need-both-languages", test_pairs_need_both_languages);
  g_test_add_func("/tree/set-replaces-and-adds", test_set_replaces_and_adds);
  g_test_add_func("/tree/complaints-in-thai", test_complaints_in_thai);
  for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *name = g_strdup_printf("/scenario/refused-%s", refused[i].name);
    g_test_add_data_func(name, GUINT_TO_POINTER(i), test_refused);
  }
  return g_test_run();
}
