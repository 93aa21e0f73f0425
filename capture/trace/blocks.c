/* SPDX-License-Identifier: GPL-3.0-or-later */
/* blocks.c -- a growing array whose pages cost little.
 *
 * Most of the price of an index is that the system clears each page when it is first touched: 0.7
 * ns an octet with pages of 4 KiB, 0.15 ns with pages of 2 MiB (measured). So blocks lie on large
 * pages where the system has them; not the first one's start, so that a small trace stays small. */
#include "capture/trace/blocks.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 1 << 21, CACHE_LINE = 64 };

void
blocks_init(struct blocks *b, uint32_t item_octets, unsigned bits)
{
  *b = (struct blocks){.item_octets = item_octets, .bits = bits};
  b->blocks = g_ptr_array_new_with_free_func(free);
}

void
blocks_clear(struct blocks *b)
{
  g_clear_pointer(&b->blocks, g_ptr_array_unref);
  b->n = 0;
}

static void *
new_block(size_t octets, bool is_first)
{
  void *block = NULL;
  bool is_large = octets >= LARGE_PAGE;
  if (posix_memalign(&block, is_large ? LARGE_PAGE : CACHE_LINE, octets) != 0)
    g_error("no memory for %zu octets of the trace's index", octets);
  size_t small = is_first ? LARGE_PAGE : 0;
  if (is_large && octets > small)
    madvise((char *)block + small, octets - small, MADV_HUGEPAGE);
  return block;
}

void *
blocks_add_block(struct blocks *b)
{
  if (b->n >= BLOCKS_ITEMS_MAX)
    return NULL;
  if (b->n >> b->bits == b->blocks->len)
    g_ptr_array_add(b->blocks, new_block((size_t)b->item_octets << b->bits, b->blocks->len == 0));
  return blocks_get(b, b->n++);
}
