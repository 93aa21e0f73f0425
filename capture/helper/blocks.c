/* SPDX-License-Identifier: GPL-3.0-or-later */
/* blocks.c -- the four kinds of pcapng block that a capture is written in.
 *
 *     section | interface | (packet* statistics)*
 *
 * A file that is cut anywhere is readable up to its last whole block; the statistics of each second
 * then still tell what was lost until then. */
#include "capture/helper/blocks.h"

#include <assert.h>

#include "capture/wire/bytes.h"
#include "capture/wire/pcapng.h"

static void
add_u16(struct blocks *b, unsigned v)
{
  put_le16(b->octets + b->n, (uint16_t)v);
  b->n += 2;
}

static void
add_u32(struct blocks *b, uint32_t v)
{
  put_le32(b->octets + b->n, v);
  b->n += 4;
}

static void
add_padded(struct blocks *b, const void *octets, size_t n)
{
  memcpy(b->octets + b->n, octets, n);
  memset(b->octets + b->n + n, 0, (4 - n % 4) % 4);
  b->n += (n + 3) / 4 * 4;
}

static void
add_option(struct blocks *b, unsigned code, const void *octets, size_t n)
{
  add_u16(b, code);
  add_u16(b, (unsigned)n);
  add_padded(b, octets, n);
}

static void
add_text(struct blocks *b, unsigned code, const char *text)
{
  size_t n = strnlen(text, BLOCKS_TEXT_MAX);
  if (n)
    add_option(b, code, text, n);
}

static void
add_count(struct blocks *b, unsigned code, uint64_t v)
{
  uint8_t octets[8];
  put_le64(octets, v);
  add_option(b, code, octets, sizeof octets);
}

static void
add_time(struct blocks *b, unsigned code, int64_t time_ns)
{
  uint8_t octets[8];
  put_le32(octets, (uint32_t)((uint64_t)time_ns >> 32));
  put_le32(octets + 4, (uint32_t)(uint64_t)time_ns);
  add_option(b, code, octets, sizeof octets);
}

/* Returns where the block begins, for end(). */
static size_t
begin(struct blocks *b, uint32_t type)
{
  size_t at = b->n;
  assert(b->max - b->n >= BLOCKS_ROOM);
  add_u32(b, type);
  add_u32(b, 0);
  return at;
}

static void
end(struct blocks *b, size_t at)
{
  uint32_t total = (uint32_t)(b->n - at) + 4;
  add_u32(b, total);
  put_le32(b->octets + at + 4, total);
}

void
blocks_section(struct blocks *b, const char *os)
{
  size_t at = begin(b, PCAPNG_BLOCK_SECTION);
  add_u32(b, PCAPNG_ORDER_MAGIC);
  add_u16(b, 1);
  add_u16(b, 0);
  add_u32(b, UINT32_MAX); /* section length: not given */
  add_u32(b, UINT32_MAX);
  add_text(b, PCAPNG_SHB_OS, os);
  add_text(b, PCAPNG_SHB_USERAPPL, "Enveloscope " ENVELOSCOPE_VERSION);
  add_option(b, PCAPNG_OPT_END, "", 0);
  end(b, at);
}

void
blocks_interface(struct blocks *b, uint16_t link, uint32_t snap_octets, const char *name,
                 const char *filter, const char *os)
{
  static const uint8_t nanoseconds = 9;
  size_t at = begin(b, PCAPNG_BLOCK_INTERFACE), n_filter = strnlen(filter, BLOCKS_TEXT_MAX);
  add_u16(b, link);
  add_u16(b, 0);
  add_u32(b, snap_octets);
  add_text(b, PCAPNG_IF_NAME, name);
  add_option(b, PCAPNG_IF_TSRESOL, &nanoseconds, 1);
  if (n_filter) {
    uint8_t value[1 + BLOCKS_TEXT_MAX] = {0};
    memcpy(value + 1, filter, n_filter);
    add_option(b, PCAPNG_IF_FILTER, value, 1 + n_filter);
  }
  add_text(b, PCAPNG_IF_OS, os);
  add_option(b, PCAPNG_OPT_END, "", 0);
  end(b, at);
}

void
blocks_packet(struct blocks *b, int64_t time_ns, const uint8_t *octets, uint32_t captured,
              uint32_t wire)
{
  assert(captured <= BLOCKS_FRAME_MAX);
  size_t at = begin(b, PCAPNG_BLOCK_PACKET);
  add_u32(b, 0);
  add_u32(b, (uint32_t)((uint64_t)time_ns >> 32));
  add_u32(b, (uint32_t)(uint64_t)time_ns);
  add_u32(b, captured);
  add_u32(b, wire);
  add_padded(b, octets, captured);
  end(b, at);
}

void
blocks_statistics(struct blocks *b, const struct blocks_counters *c)
{
  size_t at = begin(b, PCAPNG_BLOCK_STATISTICS);
  add_u32(b, 0);
  add_u32(b, (uint32_t)((uint64_t)c->now_ns >> 32));
  add_u32(b, (uint32_t)(uint64_t)c->now_ns);
  add_time(b, PCAPNG_ISB_STARTTIME, c->start_ns);
  add_time(b, PCAPNG_ISB_ENDTIME, c->now_ns);
  add_count(b, PCAPNG_ISB_IFDROP, c->n_dropped_interface);
  add_count(b, PCAPNG_ISB_FILTERACCEPT, c->n_received);
  add_count(b, PCAPNG_ISB_OSDROP, c->n_dropped_kernel);
  add_count(b, PCAPNG_ISB_USRDELIV, c->n_written);
  add_option(b, PCAPNG_OPT_END, "", 0);
  end(b, at);
}
