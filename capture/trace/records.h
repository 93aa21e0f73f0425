/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_RECORDS_H
#define CAPTURE_TRACE_RECORDS_H

/* The records of a trace's frames, packed: what goes in as a struct trace_frame comes out with the
 * same values in every field. For trace.c, trace_load.c and trace_read.c, and for tests. */
#include <stdint.h>

#include "capture/trace/blocks.h"
#include "capture/trace/trace.h"

/* What a record's place and time are counted from: one for RECORDS_PER_BASE frames. */
enum { RECORDS_PER_BASE = 64 };
struct record_base {
  uint64_t position;
  int64_t time_ns;
  uint32_t element;
};

/* One frame, 256 bits. On a mail capture of 1,000,000 packets (373 octets each) every value fits; a
 * frame with one that does not lies in `wide` as it came.
 *
 *   word    bits                    largest value that needs no `wide`
 *   place    24  position           16 MiB behind the base's: 64 frames of the largest size
 *            40  time_ns            549 s before or behind the base's, to the nanosecond
 *   owner    24  flow               16,777,214; all ones: none
 *            15  element            32,767 behind the base's
 *            16  wire_octets        65,535; what was captured is as much, or `cut_octets`
 *             4  app                15
 *             5  flags              all five
 *   stream   32  stream_offset      any
 *            16  analysis           any
 *            12  tcp_flags          any in a header
 *             4  trailer            14 octets behind the payload (padding); 15: no payload
 *   near     20  prev_in_flow       1,048,575 frames away; 0: none
 *            20  next_in_flow       the same
 *             8  payload_offset     255
 *             8  interface          255
 *             6  state              63
 *             1  direction
 *             1  is in `wide`, `place` is the index there
 *
 * A table of common combinations, numbered, would be smaller still; looking a frame's up in it cost
 * twice what clearing these octets does. */
struct packed_record {
  uint64_t place, owner, stream, near;
};
_Static_assert(sizeof(struct packed_record) == 32, "half a line of the cache");

struct records {
  struct blocks packed; /* struct packed_record */
  struct blocks bases;  /* struct record_base */
  struct blocks wide;   /* struct trace_frame */
  uint32_t cut_octets;  /* what the first frame kept that the snap length cut; 0: none was yet */
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

/* Fills out[0..n) with one value of the records from `first` on. */
void records_column(const struct records *r, enum trace_column what, uint32_t first, uint32_t n,
                    uint32_t *out);
void records_times_ns(const struct records *r, uint32_t first, uint32_t n, int64_t *out);

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
