/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_BLOCKS_H
#define CAPTURE_TRACE_BLOCKS_H

/* A growing array of equal items in blocks: nothing is copied when it grows, and what was handed
 * out never moves. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define BLOCKS_ITEMS_MAX (UINT32_MAX - 1) /* UINT32_MAX is no index */

struct blocks {
  GPtrArray *blocks;
  uint32_t item_octets;
  unsigned bits; /* items per block, as a power of two */
  uint32_t n;
};

/* With item_octets << bits a multiple of 2 MiB no memory is wasted at a block's end. */
void blocks_init(struct blocks *b, uint32_t item_octets, unsigned bits);
void blocks_clear(struct blocks *b);

static inline void *
blocks_get(const struct blocks *b, uint32_t index)
{
  char *block = b->blocks->pdata[index >> b->bits];
  return block + (size_t)(index & ((1u << b->bits) - 1)) * b->item_octets;
}

/* As blocks_add(), for an item that begins a block. */
void *blocks_add_block(struct blocks *b);

/* Room for one item more, or NULL when BLOCKS_ITEMS_MAX are there. */
static inline void *
blocks_add(struct blocks *b)
{
  if ((b->n & ((1u << b->bits) - 1)) == 0 || b->n >= BLOCKS_ITEMS_MAX)
    return blocks_add_block(b);
  return blocks_get(b, b->n++);
}

/* What the items take. */
static inline uint64_t
blocks_octets(const struct blocks *b)
{
  return (uint64_t)b->n * b->item_octets;
}

#endif
