/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_ALIGNED_H
#define CAPTURE_TRACE_ALIGNED_H

/* Structs whose first fields are needed for every segment: where they begin at a line of the cache,
 * one line is fetched for them and not two. A capture interleaves a thousand conversations, and all
 * of them together lie in no cache. */
#include <glib.h>
#include <stdint.h>

enum { ALIGNED_OCTETS = 64 };

/* Room for n octets, not cleared. g_free(*memory) gives it back. */
static inline void *
aligned_new(size_t n, void **memory)
{
  *memory = g_malloc(n + ALIGNED_OCTETS - 1);
  return (void *)(((uintptr_t)*memory + ALIGNED_OCTETS - 1) & ~(uintptr_t)(ALIGNED_OCTETS - 1));
}

#endif
