/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ledger.c -- an append-only list of records that takes the same memory however long it gets.
 *
 *     block 0 | block 1 | ...            | block n-1 | block n
 *     '---- in the file, at its number --'---- in memory ----'
 *
 * A record lies whole in one block; its place is kept in four octets. A block that was spilled is
 * read again as a whole, so that reading in order costs one read per block. When no temporary file
 * can be made or written, the blocks stay in memory: nothing is lost for want of a disk. */
#include "capture/findings/ledger.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

enum {
  ALIGN_BITS = 3,
  BLOCK_BITS = 16,
  BLOCK_OCTETS = 1 << BLOCK_BITS,
  PLACE_BITS = BLOCK_BITS - ALIGN_BITS,
};

struct ledger {
  GPtrArray *blocks; /* NULL for those in the file */
  GArray *places;    /* uint32_t: block << PLACE_BITS | offset >> ALIGN_BITS */
  size_t n_used;     /* of the last block */
  guint first_in_memory;
  int fd; /* -1: none yet */
  bool may_spill;
  uint8_t *cache; /* a block of the file */
  guint cached;   /* its number; G_MAXUINT: none */
};

struct ledger *
ledger_new(bool may_spill)
{
  struct ledger *l = g_new0(struct ledger, 1);
  l->blocks = g_ptr_array_new_with_free_func(g_free);
  l->places = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  l->n_used = BLOCK_OCTETS;
  l->fd = -1;
  l->may_spill = may_spill;
  l->cached = G_MAXUINT;
  return l;
}

void
ledger_free(struct ledger *l)
{
  if (!l)
    return;
  if (l->fd >= 0)
    close(l->fd);
  g_ptr_array_unref(l->blocks);
  g_array_unref(l->places);
  g_free(l->cache);
  g_free(l);
}

/* Writes n octets from `from`, or reads as many to `to`: one of the two is NULL. */
static bool
move_octets(int fd, const uint8_t *from, uint8_t *to, size_t n, uint64_t at)
{
  for (size_t done = 0; done < n;) {
    off_t place = (off_t)(at + done);
    ssize_t moved =
        from ? pwrite(fd, from + done, n - done, place) : pread(fd, to + done, n - done, place);
    if (moved < 0 && errno == EINTR)
      continue;
    if (moved <= 0)
      return false;
    done += (size_t)moved;
  }
  return true;
}

static void
spill(struct ledger *l)
{
  if (l->fd < 0) {
    g_autofree char *name = NULL;
    l->fd = g_file_open_tmp("enveloscope-XXXXXX", &name, NULL);
    if (l->fd >= 0)
      g_unlink(name);
  }
  void **block = &l->blocks->pdata[l->first_in_memory];
  uint64_t at = (uint64_t)l->first_in_memory << BLOCK_BITS;
  if (l->fd < 0 || !move_octets(l->fd, *block, NULL, BLOCK_OCTETS, at)) {
    l->may_spill = false;
    return;
  }
  g_clear_pointer(block, g_free);
  l->first_in_memory++;
}

void
ledger_add(struct ledger *l, const void *octets, size_t n)
{
  g_assert(n <= LEDGER_RECORD_MAX);
  if (BLOCK_OCTETS - l->n_used < n) {
    if (l->may_spill && l->blocks->len - l->first_in_memory == LEDGER_BLOCKS_IN_MEMORY)
      spill(l);
    g_ptr_array_add(l->blocks, g_malloc0(BLOCK_OCTETS));
    l->n_used = 0;
  }
  uint8_t *block = g_ptr_array_index(l->blocks, l->blocks->len - 1);
  memcpy(block + l->n_used, octets, n);
  uint32_t place = (l->blocks->len - 1) << PLACE_BITS | (uint32_t)(l->n_used >> ALIGN_BITS);
  g_array_append_val(l->places, place);
  l->n_used = (l->n_used + n + (1 << ALIGN_BITS) - 1) & ~(size_t)((1 << ALIGN_BITS) - 1);
}

uint32_t
ledger_n(const struct ledger *l)
{
  return l->places->len;
}

static guint
block_of(const struct ledger *l, uint32_t index, size_t *at)
{
  g_assert(index < l->places->len);
  uint32_t place = g_array_index(l->places, uint32_t, index);
  *at = (size_t)(place & ((1u << PLACE_BITS) - 1)) << ALIGN_BITS;
  return place >> PLACE_BITS;
}

const void *
ledger_get(struct ledger *l, uint32_t index)
{
  size_t at;
  guint number = block_of(l, index, &at);
  uint8_t *block = g_ptr_array_index(l->blocks, number);
  if (block)
    return block + at;
  if (l->cached != number) {
    if (!l->cache)
      l->cache = g_malloc(BLOCK_OCTETS);
    bool ok = move_octets(l->fd, NULL, l->cache, BLOCK_OCTETS, (uint64_t)number << BLOCK_BITS);
    l->cached = ok ? number : G_MAXUINT;
  }
  return l->cached == number ? l->cache + at : NULL;
}

void
ledger_patch(struct ledger *l, uint32_t index, size_t at, const void *octets, size_t n)
{
  size_t first;
  guint number = block_of(l, index, &first);
  uint8_t *block = g_ptr_array_index(l->blocks, number);
  if (block) {
    memcpy(block + first + at, octets, n);
    return;
  }
  if (l->cached == number)
    memcpy(l->cache + first + at, octets, n);
  if (!move_octets(l->fd, octets, NULL, n, ((uint64_t)number << BLOCK_BITS) + first + at))
    g_debug("a record keeps what it said: %s", g_strerror(errno));
}
