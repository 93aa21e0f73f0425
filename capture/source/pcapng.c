/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pcapng.c -- walks the blocks of a pcapng file (draft-ietf-opsawg-pcapng).
 *
 *     section header: sets the byte order, forgets the section's interfaces
 *       interface description: link type, snap length, clock, name
 *       enhanced, simple or old packet block: one frame
 *       decryption secrets: the lines of a TLS key log, gathered
 *       names, statistics, comments: pcapng_notes.c
 *       everything else (custom blocks, journals): passed over by its length
 *
 * Interfaces are numbered over the whole file; each section counts its own from 0. A packet block
 * that contradicts itself is counted and passed over; a length that leaves no next block ends the
 * file. The total length behind each block is not compared: the leading one alone decides. */
#include "capture/source/pcapng.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/pcapng.h"

enum {
  BLOCK_MIN = 12,
  MAJOR = 1,
  OPTIONS_READ_MAX = 1 << 17, /* of an interface block: two options of the greatest length */
  NAME_MAX_OCTETS = 255,      /* an interface's name is a label on screen */
  FILTER_MAX_OCTETS = 16384,
};

#define NS_PER_S UINT64_C(1000000000)

__extension__ typedef unsigned __int128 wide;

struct pcapng_clock
pcapng_clock(uint8_t resolution, int64_t offset_s)
{
  struct pcapng_clock c = {0};
  unsigned exponent = resolution & 0x7f;
  if (resolution & 0x80 && exponent) {
    c.shift = (uint8_t)exponent;
  } else if (resolution & 0x80 || exponent <= 9) {
    c.multiply = NS_PER_S;
    for (unsigned i = 0; i < (resolution & 0x80 ? 0 : exponent); i++)
      c.multiply /= 10;
  } else if (exponent <= 28) {
    c.divide = 1;
    for (unsigned i = 9; i < exponent; i++)
      c.divide *= 10;
  }
  if (offset_s > INT64_MAX / (int64_t)NS_PER_S)
    c.offset_ns = INT64_MAX;
  else if (offset_s < INT64_MIN / (int64_t)NS_PER_S)
    c.offset_ns = INT64_MIN;
  else
    c.offset_ns = offset_s * (int64_t)NS_PER_S;
  return c;
}

int64_t
pcapng_time_ns(const struct pcapng_clock *clock, uint64_t stamp)
{
  wide ns = 0;
  if (clock->multiply)
    ns = (wide)stamp * clock->multiply;
  else if (clock->shift)
    ns = (wide)stamp * NS_PER_S >> clock->shift;
  else if (clock->divide)
    ns = stamp / clock->divide;
  int64_t fits = ns > INT64_MAX ? INT64_MAX : (int64_t)ns, sum;
  if (__builtin_add_overflow(fits, clock->offset_ns, &sum))
    return clock->offset_ns > 0 ? INT64_MAX : INT64_MIN;
  return sum;
}

void
pcapng_init(struct pcapng *ng, GArray *interfaces)
{
  *ng = (struct pcapng){.interfaces = interfaces};
  ng->local = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  ng->clocks = g_array_new(FALSE, FALSE, sizeof(struct pcapng_clock));
  pcapng_notes_init(ng);
}

void
pcapng_clear(struct pcapng *ng)
{
  g_clear_pointer(&ng->local, g_array_unref);
  g_clear_pointer(&ng->clocks, g_array_unref);
  g_clear_pointer(&ng->secrets, g_byte_array_unref);
  pcapng_notes_clear(ng);
}

/* Reads the options p[0..n) of an interface block. */
static void
read_options(struct pcapng *ng, const uint8_t *p, size_t n, struct reader_interface *i,
             struct pcapng_clock *clock)
{
  uint8_t resolution = 6;
  int64_t offset_s = 0;
  struct pcapng_option o;
  for (size_t at = 0; pcapng_option(ng, p, n, &at, &o);) {
    if (o.code == PCAPNG_IF_NAME && !i->name)
      i->name = pcapng_text(o.octets, o.n_octets, NAME_MAX_OCTETS);
    else if (o.code == PCAPNG_IF_DESCRIPTION && !i->description)
      i->description = pcapng_text(o.octets, o.n_octets, NAME_MAX_OCTETS);
    else if (o.code == PCAPNG_IF_FILTER && !i->filter && o.n_octets > 1 && o.octets[0] == 0)
      i->filter = pcapng_text(o.octets + 1, o.n_octets - 1u, FILTER_MAX_OCTETS);
    else if (o.code == PCAPNG_IF_TSRESOL && o.n_octets >= 1)
      resolution = o.octets[0];
    else if (o.code == PCAPNG_IF_TSOFFSET && o.n_octets >= 8)
      offset_s = (int64_t)(ng->is_big_endian ? get_be64(o.octets) : get_le64(o.octets));
  }
  *clock = pcapng_clock(resolution, offset_s);
}

/* An interface block of `total` octets; its first octets are in the buffer as far as they are read.
 */
static bool
read_interface(struct pcapng *ng, struct input *in, uint64_t total)
{
  uint32_t index = UINT32_MAX;
  if (total >= 20 && ng->interfaces->len < READER_INTERFACES_MAX) {
    size_t n = total - 4 < OPTIONS_READ_MAX ? (size_t)total - 4 : OPTIONS_READ_MAX;
    if (!input_need(in, n))
      return false;
    const uint8_t *p = input_here(in);
    struct reader_interface i = {.link = pcapng_get16(ng, p + 8),
                                 .snap_octets = pcapng_get32(ng, p + 12)};
    struct pcapng_clock clock;
    read_options(ng, p + 16, n - 16, &i, &clock);
    index = ng->interfaces->len;
    g_array_append_val(ng->interfaces, i);
    g_array_append_val(ng->clocks, clock);
  } else {
    ng->n_bad_records++;
  }
  if (ng->local->len < READER_INTERFACES_MAX)
    g_array_append_val(ng->local, index);
  return true;
}

/* A block of decryption secrets: type 4 | length 4 | secrets. It may be longer than the input's
 * buffer, so it is taken piece by piece. */
static bool
read_secrets(struct pcapng *ng, struct input *in, uint64_t total)
{
  enum { HEADER = 16 };
  if (total < HEADER + 4) {
    ng->n_bad_records++;
    return true;
  }
  if (!input_need(in, HEADER))
    return false;
  const uint8_t *p = input_here(in);
  uint32_t n = pcapng_get32(ng, p + 12);
  if (n > total - HEADER - 4) {
    ng->n_bad_records++;
    return true;
  }
  if (!ng->secrets)
    ng->secrets = g_byte_array_new();
  if (pcapng_get32(ng, p + 8) != PCAPNG_SECRETS_TLS || n >= PCAPNG_SECRETS_MAX - ng->secrets->len)
    return true;
  if (!input_skip(in, HEADER))
    return false;
  ng->pending_octets = total - HEADER;
  while (n > 0) {
    size_t piece = MIN(n, INPUT_CHUNK);
    if (!input_need(in, piece))
      return false;
    g_byte_array_append(ng->secrets, input_here(in), (guint)piece);
    if (!input_skip(in, piece))
      return false;
    n -= (uint32_t)piece;
    ng->pending_octets -= piece;
  }
  g_byte_array_append(ng->secrets, (const uint8_t *)"\n", 1);
  return true;
}

/* Where the captured octets of a packet block begin, behind `total`'s header; 0 when it is no
 * packet. */
static size_t
packet_header_octets(uint32_t type)
{
  return type == PCAPNG_BLOCK_PACKET || type == PCAPNG_BLOCK_OLD_PACKET ? 28
         : type == PCAPNG_BLOCK_SIMPLE                                  ? 12
                                                                        : 0;
}

/* Reads the head of a packet block into `out`; false when it contradicts itself. */
static bool
read_packet(const struct pcapng *ng, uint32_t type, const uint8_t *p, uint64_t room,
            struct reader_frame *out)
{
  uint32_t local = type == PCAPNG_BLOCK_PACKET   ? pcapng_get32(ng, p + 8)
                   : type == PCAPNG_BLOCK_SIMPLE ? 0
                                                 : pcapng_get16(ng, p + 8);
  uint32_t index = pcapng_interface_index(ng, local);
  if (index == UINT32_MAX)
    return false;
  const struct reader_interface *i = &g_array_index(ng->interfaces, struct reader_interface, index);
  out->interface = (uint16_t)index;
  out->link = i->link;
  out->time_ns = 0;
  if (type == PCAPNG_BLOCK_SIMPLE) {
    out->wire_octets = pcapng_get32(ng, p + 8);
    out->captured_octets = out->wire_octets;
    if (i->snap_octets && out->captured_octets > i->snap_octets)
      out->captured_octets = i->snap_octets;
    if (out->captured_octets > room)
      out->captured_octets = (uint32_t)room;
  } else {
    uint64_t stamp = (uint64_t)pcapng_get32(ng, p + 12) << 32 | pcapng_get32(ng, p + 16);
    out->time_ns = pcapng_time_ns(&g_array_index(ng->clocks, struct pcapng_clock, index), stamp);
    out->captured_octets = pcapng_get32(ng, p + 20);
    out->wire_octets = pcapng_get32(ng, p + 24);
  }
  if (out->wire_octets < out->captured_octets)
    out->wire_octets = out->captured_octets;
  return out->captured_octets <= room && out->captured_octets <= READER_FRAME_MAX;
}

/* A block of names or statistics, or a section's own options. What is longer than anybody writes is
 * passed over. */
static bool
read_notes(struct pcapng *ng, struct input *in, uint32_t type, uint64_t total)
{
  if (total > PCAPNG_NOTES_MAX)
    return true;
  size_t n = (size_t)total - 4;
  if (!input_need(in, n))
    return false;
  if (type == PCAPNG_BLOCK_SECTION)
    pcapng_notes_section(ng, input_here(in), n);
  else if (type == PCAPNG_BLOCK_NAMES)
    pcapng_notes_names(ng, input_here(in), n);
  else
    pcapng_notes_statistics(ng, input_here(in), n);
  return true;
}

/* The options behind the octets of a packet block, when there are any and the file goes on so far.
 */
static void
find_options(struct input *in, size_t header_octets, uint64_t total, struct reader_frame *out)
{
  size_t at = header_octets + (out->captured_octets + 3) / 4 * 4;
  out->n_options = 0;
  if (total < at + 4 + 4 + 4 || total > INPUT_NEED_MAX || !input_need(in, (size_t)total - 4))
    return;
  out->options = input_here(in) + at;
  out->n_options = (uint32_t)(total - 4 - at);
}

enum pcapng_status
pcapng_next(struct pcapng *ng, struct input *in, struct reader_frame *out)
{
  for (;;) {
    if (ng->pending_octets && !input_skip(in, ng->pending_octets))
      return PCAPNG_CUT;
    ng->pending_octets = 0;
    if (!input_need(in, BLOCK_MIN))
      return in->n == in->at ? PCAPNG_END : PCAPNG_CUT;
    const uint8_t *p = input_here(in);
    uint32_t type = pcapng_get32(ng, p);
    if (get_le32(p) == PCAPNG_BLOCK_SECTION) { /* the same in both byte orders */
      if (get_be32(p + 8) != PCAPNG_ORDER_MAGIC && get_le32(p + 8) != PCAPNG_ORDER_MAGIC)
        return PCAPNG_DAMAGED;
      ng->is_big_endian = get_be32(p + 8) == PCAPNG_ORDER_MAGIC;
      if (!input_need(in, BLOCK_MIN + 2))
        return PCAPNG_CUT;
      p = input_here(in);
      if (pcapng_get16(ng, p + BLOCK_MIN) != MAJOR)
        return PCAPNG_DAMAGED;
      g_array_set_size(ng->local, 0);
      type = PCAPNG_BLOCK_SECTION;
    }
    uint64_t total = ((uint64_t)pcapng_get32(ng, p + 4) + 3) / 4 * 4;
    if (total < (type == PCAPNG_BLOCK_SECTION ? 28 : BLOCK_MIN))
      return PCAPNG_DAMAGED;
    ng->n_blocks++;
    ng->pending_octets = total;
    size_t header_octets = packet_header_octets(type);
    if (type == PCAPNG_BLOCK_INTERFACE && !read_interface(ng, in, total))
      return PCAPNG_CUT;
    if (type == PCAPNG_BLOCK_SECRETS && !read_secrets(ng, in, total))
      return PCAPNG_CUT;
    if ((type == PCAPNG_BLOCK_SECTION || type == PCAPNG_BLOCK_NAMES ||
         type == PCAPNG_BLOCK_STATISTICS) &&
        !read_notes(ng, in, type, total))
      return PCAPNG_CUT;
    if (!header_octets)
      continue;
    if (total < header_octets + 4) {
      ng->n_bad_records++;
      continue;
    }
    if (!input_need(in, header_octets))
      return PCAPNG_CUT;
    if (!read_packet(ng, type, input_here(in), total - header_octets - 4, out)) {
      ng->n_bad_records++;
      continue;
    }
    if (!input_need(in, header_octets + out->captured_octets))
      return PCAPNG_CUT;
    find_options(in, header_octets, total, out);
    out->octets = input_here(in) + header_octets;
    out->position = input_position(in) + header_octets;
    return PCAPNG_FRAME;
  }
}
