/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_RECORDS_H
#define CAPTURE_TRACE_RECORDS_H

/* The records of a trace's frames, packed: what goes in as a struct trace_frame comes out with the
 * same values in every field. For trace.c, trace_load.c and trace_read.c, and for tests. */
#include <stdint.h>

#include "capture/trace/blocks.h"
#include "capture/trace/shapes.h"
#include "capture/trace/trace.h"

/* What a record's place and time are counted from: one for RECORDS_PER_BASE frames. */
enum { RECORDS_PER_BASE = 1024 };
struct record_base {
  uint64_t position;
  int64_t time_ns;
  uint32_t element;
};

/* One frame. On a mail capture of 1,000,000 packets (373 octets each) every field fits but for a
 * few frames in a thousand; a frame with a value that does not fit lies in `wide` as it came.
 *
 *                                     octets   largest value here that needs no `wide`
 *   flow, stream_offset                    8   any
 *   place in the file behind the base's    4   4 GiB within 1,024 frames
 *   time behind the base's                 6   39 hours either way, to the nanosecond
 *   captured, what the wire had more       4   65,535 each
 *   neighbours in the flow                 5   1,048,575 frames away
 *   first element behind the base's        2   65,535
 *   state of the application               1   any
 *   number of its shape                    2   65,535 different ones (800 there)
 *                                         32   = half a line of the cache, 65,536 on a large page
 */
struct packed_record {
  uint32_t flow;
  uint32_t stream_offset;
  uint32_t position; /* or the index in `wide` */
  uint32_t time_low;
  uint16_t time_high;
  uint16_t captured_octets;
  uint16_t wire_more;
  uint16_t element;
  uint16_t shape;              /* or RECORD_WIDE */
  uint16_t prev_low, next_low; /* distances; 0: none */
  uint8_t neighbours_high;     /* four bits of each, prev in the low ones */
  uint8_t state;
};
_Static_assert(sizeof(struct packed_record) == 32, "the trace's record takes 32 octets");

enum { RECORD_WIDE = SHAPES_FULL };

/* What many frames have in common. */
struct record_shape {
  uint16_t payload_offset, analysis, tcp_flags, interface;
  uint8_t app, direction, flags;
  uint8_t trailer; /* octets behind the payload: padding of short frames; RECORD_NO_PAYLOAD */
  uint8_t zero[4];
};
_Static_assert(sizeof(struct record_shape) == sizeof(struct shape), "a shape has 16 octets");

struct records {
  struct blocks packed; /* struct packed_record */
  struct blocks bases;  /* struct record_base */
  struct blocks wide;   /* struct trace_frame */
  struct shapes shapes;
};

void records_init(struct records *r);
void records_clear(struct records *r);

/* Appends a record; false when there is no room (BLOCKS_ITEMS_MAX). */
bool records_add(struct records *r, const struct trace_frame *frame);

static inline uint32_t
records_n(const struct records *r)
{
  return r->packed.n;
}

/* The record at an index below records_n(). */
struct trace_frame records_get(const struct records *r, uint32_t index);

/* Fills out[0..n) with the records from `first` on. */
void records_get_run(const struct records *r, uint32_t first, uint32_t n, struct trace_frame *out);

/* One value alone. */
uint32_t records_flow(const struct records *r, uint32_t index);
int64_t records_time_ns(const struct records *r, uint32_t index);
uint32_t records_next_in_flow(const struct records *r, uint32_t index);
uint32_t records_element(const struct records *r, uint32_t index);

/* What becomes known later: the flow's next frame, marks. */
void records_set_next(struct records *r, uint32_t index, uint32_t next);
void records_add_flags(struct records *r, uint32_t index, uint8_t flags);

/* What all of it takes. */
uint64_t records_octets(const struct records *r);

#endif
