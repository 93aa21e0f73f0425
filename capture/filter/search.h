/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_SEARCH_H
#define CAPTURE_FILTER_SEARCH_H

/* Octets that are looked for in many frames. Private to this folder. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct filter_search {
  uint8_t *octets; /* g_free(); with `caseless` in small letters. NULL: nothing is looked for */
  size_t n_octets;
  bool caseless; /* letters of ASCII in either case */
  bool is_whole; /* made from a pattern: the pattern says no more than these octets */
};

/* What `contains` looks for. */
void filter_search_init(struct filter_search *s, const uint8_t *octets, size_t n);
/* Octets without which a frame cannot match a caseless pattern; `s->octets` is NULL when the
 * pattern is not plain enough to say. */
void filter_search_init_pattern(struct filter_search *s, const char *pattern);
void filter_search_clear(struct filter_search *s);

/* Whether they occur in p[0..n). Nothing is found in every run that is long enough, in none when
 * it is looked for. */
bool filter_search_found(const struct filter_search *s, const uint8_t *p, size_t n);

#endif
