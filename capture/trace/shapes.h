/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_SHAPES_H
#define CAPTURE_TRACE_SHAPES_H

/* A numbered set of 16-octet values: what many records have in common stands here once, and a
 * record keeps its number. */
#include <stdbool.h>
#include <stdint.h>

enum { SHAPES_MAX = UINT16_MAX, SHAPES_FULL = UINT16_MAX };

struct shape {
  uint64_t halves[2];
};

/* A slot of the hash table, half a line of the cache. */
struct shape_slot {
  struct shape value;
  uint16_t number1; /* number + 1; 0: empty */
  uint8_t unused[14];
};

struct shapes {
  struct shape *values; /* by number */
  struct shape_slot *slots;
  uint32_t n, mask;
  uint64_t key;
};

void shapes_init(struct shapes *s);
void shapes_clear(struct shapes *s);

/* The value's number, given when it is new; SHAPES_FULL when it is new and SHAPES_MAX are there. */
uint16_t shapes_number(struct shapes *s, struct shape value);

static inline struct shape
shapes_get(const struct shapes *s, uint16_t number)
{
  return s->values[number];
}

uint64_t shapes_octets(const struct shapes *s);

#endif
