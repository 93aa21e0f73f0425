/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FINDINGS_RECENT_H
#define CAPTURE_FINDINGS_RECENT_H

/* What rules remember to compare connections: items found by a number, the one that was not asked
 * for longest giving way. So a rule's memory is bounded whatever the capture holds, and the same
 * capture always forgets the same. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of an item. */
struct recent_item {
  uint64_t key;
  struct recent_item *newer, *older;
  struct recent_item *next; /* of the same chain */
};

struct recent;

/* At most n_max items of item_octets each, found by numbers that mix.h makes. */
struct recent *recent_new(unsigned n_max, size_t item_octets);
void recent_free(struct recent *r);

/* The item with this key, which becomes the newest; NULL when there is none. */
void *recent_find(struct recent *r, uint64_t key);
/* The same, made of zeroes when there is none; *is_new (may be NULL) tells. */
void *recent_get(struct recent *r, uint64_t key, bool *is_new);

#endif
