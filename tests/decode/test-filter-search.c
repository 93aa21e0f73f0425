/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-filter-search.c -- octets are found where they are, and a pattern's own octets never hide a
 * match.
 *
 * The judges are a search place by place, and GRegex itself. */
#include <glib.h>
#include <string.h>

#include "capture/filter/search.h"

/* Exactly as many octets as are allowed to be read. */
static uint8_t *
any_octets(GRand *rand, size_t n, unsigned n_kinds)
{
  uint8_t *p = g_malloc(n ? n : 1);
  for (size_t i = 0; i < n; i++)
    p[i] = (uint8_t)("abAB"
                     "\x80\x00"
                     "@`[{"[g_rand_int_range(rand, 0, (int)n_kinds)]);
  return p;
}

static bool
found_by_hand(const uint8_t *what, size_t n_what, const uint8_t *p, size_t n, bool caseless)
{
  for (size_t at = 0; n_what && at + n_what <= n; at++) {
    size_t i = 0;
    while (i < n_what &&
           (caseless ? g_ascii_tolower((char)what[i]) == g_ascii_tolower((char)p[at + i])
                     : what[i] == p[at + i]))
      i++;
    if (i == n_what)
      return true;
  }
  return false;
}

static void
test_every_length(void)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed(7);
  unsigned n_found = 0, n_not = 0;
  for (unsigned round = 0; round < 60000; round++) {
    size_t n = (size_t)g_rand_int_range(rand, 0, 70), n_what = (size_t)g_rand_int_range(rand, 0, 9);
    unsigned n_kinds = (unsigned)g_rand_int_range(rand, 2, 11);
    g_autofree uint8_t *p = any_octets(rand, n, n_kinds), *what = any_octets(rand, n_what, n_kinds);
    struct filter_search s;
    filter_search_init(&s, what, n_what);
    bool found = filter_search_found(&s, p, n);
    g_assert_true(found == found_by_hand(what, n_what, p, n, false));
    n_found += found;
    n_not += !found;
    filter_search_clear(&s);
  }
  g_assert_cmpuint(n_found, >, 5000);
  g_assert_cmpuint(n_not, >, 5000);
}

/* At each place of a run that is longer than what is compared at once, alone and behind a false
 * beginning. */
static void
test_every_place(void)
{
  struct filter_search s;
  filter_search_init(&s, (const uint8_t *)"needle", 6);
  for (size_t n = 6; n < 60; n++)
    for (size_t at = 0; at + 6 <= n; at++) {
      g_autofree uint8_t *p = g_malloc(n);
      memset(p, 'n', n);
      memcpy(p + at, "needle", 6);
      g_assert_true(filter_search_found(&s, p, n));
      p[at + 3] ^= 0x20;
      g_assert_false(filter_search_found(&s, p, n));
    }
  filter_search_clear(&s);
}

static const struct {
  const char *pattern;
  const char *octets; /* NULL: none can be said */
  bool is_whole;
} patterns[] = {
    {"auth plain", "auth plain", true},
    {"AUTH Plain", "auth plain", true},
    {"^EHLO .*test$", "ehlo ", false},
    {"ab*c", "a", false},
    {"abc?d+e", "ab", false},
    {"abcd{0,3}ef", "abc", false},
    {"x{2}longer", "longer", false},
    {".*", NULL, false},
    {"a|b", NULL, false},
    {"(?i)ehlo", NULL, false},
    {"[ab]c", NULL, false},
    {"\\d+", NULL, false},
    {"", NULL, false},
    {"k", "k", true}, /* no Kelvin sign: patterns are octets, not UTF-8 */
};

static void
test_octets_of_patterns(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
    struct filter_search s;
    filter_search_init_pattern(&s, patterns[i].pattern);
    if (patterns[i].octets) {
      g_assert_cmpmem(s.octets, s.n_octets, patterns[i].octets, strlen(patterns[i].octets));
      g_assert_true(s.is_whole == patterns[i].is_whole);
    } else {
      g_assert_null(s.octets);
    }
    filter_search_clear(&s);
  }
}

/* What GRegex matches holds the pattern's octets; when they are the whole pattern, and only then,
 * the other way round too. */
static void
test_patterns_against_regex(void)
{
  static const char pieces[] = "abAB .*+?^${},0-1";
  g_autoptr(GRand) rand = g_rand_new_with_seed(11);
  unsigned n_matched = 0, n_sure = 0;
  for (unsigned round = 0; round < 40000; round++) {
    char pattern[10] = {0};
    for (int i = 0, n = g_rand_int_range(rand, 1, 9); i < n; i++)
      pattern[i] = pieces[g_rand_int_range(rand, 0, sizeof pieces - 1)];
    g_autoptr(GRegex) regex = g_regex_new(
        pattern, G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_OPTIMIZE | G_REGEX_NEWLINE_LF, 0, NULL);
    if (!regex)
      continue;
    struct filter_search s;
    filter_search_init_pattern(&s, pattern);
    for (int k = 0; k < 8 && s.octets; k++) {
      size_t n = (size_t)g_rand_int_range(rand, 0, 24);
      g_autofree uint8_t *p = any_octets(rand, n, 4);
      bool matches = g_regex_match_full(regex, (char *)p, (gssize)n, 0, 0, NULL, NULL);
      bool found = filter_search_found(&s, p, n);
      if (matches && !found)
        g_error("“%s” matches without “%.*s”", pattern, (int)s.n_octets, s.octets);
      g_assert_true(!s.is_whole || matches == found);
      n_matched += matches;
      n_sure += s.is_whole;
    }
    filter_search_clear(&s);
  }
  g_assert_cmpuint(n_matched, >, 1000);
  g_assert_cmpuint(n_sure, >, 1000);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/filter/search/every-length", test_every_length);
  g_test_add_func("/filter/search/every-place", test_every_place);
  g_test_add_func("/filter/search/octets-of-patterns", test_octets_of_patterns);
  g_test_add_func("/filter/search/patterns-against-regex", test_patterns_against_regex);
  return g_test_run();
}
