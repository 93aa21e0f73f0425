/* SPDX-License-Identifier: GPL-3.0-or-later */
/* search.c -- looks for a few octets in many short runs, sixteen places at a time.
 *
 *     run     . . A U T H . . . . . . . . . .
 *     first   ^ ^ ^ ^ ^ ^ …      is it the first octet there?
 *     last          ^ ^ ^ ^ ^ ^ …   and the last one so far behind?
 *
 * Only where both fit the octets between are compared. memmem() prepares a table of the needle at
 * each call, which costs more than the search through one frame does.
 *
 * Of a regular expression a run of plain letters is looked for first: without it nothing matches.
 */
#include "capture/filter/search.h"

#include <glib.h>
#include <string.h>

enum { LANES = 16 };

/* The compiler makes vector instructions of it, or a loop. */
typedef uint8_t lanes __attribute__((vector_size(LANES)));
typedef uint64_t halves __attribute__((vector_size(LANES)));

static lanes
lanes_at(const uint8_t *p)
{
  lanes v;
  memcpy(&v, p, LANES);
  return v;
}

static lanes
lanes_of(uint8_t c)
{
  lanes v;
  memset(&v, c, LANES);
  return v;
}

static inline uint8_t
small_letter(uint8_t c)
{
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* In capital letters this bit is not set; other octets keep it. */
static inline uint8_t
case_bit(const struct filter_search *s, uint8_t c)
{
  return s->caseless && c >= 'a' && c <= 'z' ? 0x20 : 0;
}

static bool
is_here(const struct filter_search *s, const uint8_t *p)
{
  if (!s->caseless)
    return memcmp(p, s->octets, s->n_octets) == 0;
  for (size_t i = 0; i < s->n_octets; i++)
    if (small_letter(p[i]) != s->octets[i])
      return false;
  return true;
}

static bool
any_lane(lanes v)
{
  halves h;
  memcpy(&h, &v, sizeof h);
  return (h[0] | h[1]) != 0;
}

bool
filter_search_found(const struct filter_search *s, const uint8_t *p, size_t n)
{
  if (s->n_octets == 0 || n < s->n_octets)
    return false;
  size_t places = n - s->n_octets + 1, last = s->n_octets - 1, at = 0;
  uint8_t first_case = case_bit(s, s->octets[0]), last_case = case_bit(s, s->octets[last]);
  lanes first_cases = lanes_of(first_case), firsts = lanes_of(s->octets[0]);
  lanes last_cases = lanes_of(last_case), lasts = lanes_of(s->octets[last]);
  for (; at + LANES <= places; at += LANES) {
    lanes is_first = (lanes)((lanes_at(p + at) | first_cases) == firsts);
    lanes is_last = (lanes)((lanes_at(p + at + last) | last_cases) == lasts);
    lanes both = is_first & is_last;
    if (G_LIKELY(!any_lane(both)))
      continue;
    for (size_t i = 0; i < LANES; i++)
      if (both[i] && is_here(s, p + at + i))
        return true;
  }
  for (; at < places; at++)
    if ((p[at] | first_case) == s->octets[0] && is_here(s, p + at))
      return true;
  return false;
}

void
filter_search_init(struct filter_search *s, const uint8_t *octets, size_t n)
{
  *s = (struct filter_search){.octets = g_malloc(n + 1), .n_octets = n};
  if (n)
    memcpy(s->octets, octets, n);
}

/* ---- patterns ---- */

/* Octets that mean themselves wherever they stand in a pattern. Those above 127 may be letters of
 * either case to the library, so they are none. */
static bool
is_plain(char c)
{
  return g_ascii_isalnum(c) || (c && strchr(" _-@:;,=<>/%&!\"'~\t", c));
}

/* Behind the octet that `from` names: it may be there any number of times, or not at all. */
static bool
may_be_absent(const char *from)
{
  return *from == '*' || *from == '?' || *from == '{';
}

void
filter_search_init_pattern(struct filter_search *s, const char *pattern)
{
  *s = (struct filter_search){.caseless = true};
  if (strpbrk(pattern, "|()[]\\#"))
    return; /* alternatives, groups, classes, options, escapes */
  size_t n_best = 0;
  const char *best = NULL;
  for (const char *at = pattern; *at;) {
    size_t n = 0;
    while (is_plain(at[n]))
      n++;
    size_t sure = n && may_be_absent(at + n) ? n - 1 : n;
    if (sure > n_best) {
      best = at;
      n_best = sure;
    }
    at += n;
    if (*at == '{') /* numbers of a repetition */
      at += strcspn(at, "}");
    at += *at != '\0';
  }
  if (!best)
    return;
  s->octets = (uint8_t *)g_ascii_strdown(best, (gssize)n_best);
  s->n_octets = n_best;
  s->is_whole = n_best == strlen(pattern);
}

void
filter_search_clear(struct filter_search *s)
{
  g_clear_pointer(&s->octets, g_free);
}
