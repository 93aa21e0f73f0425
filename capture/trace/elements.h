/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_ELEMENTS_H
#define CAPTURE_TRACE_ELEMENTS_H

/* The elements of a trace, packed; every field comes out as it went in. For trace.c and
 * trace_read.c, and for tests. */
#include "capture/trace/element.h"
#include "capture/trace/records.h"
#include "capture/trace/shapes.h"

/* One element. On the mail capture of records.h there are 0.8 per packet; one in 300 has a value
 * that does not fit and lies in `wide` as it came (most of those come at the end of a connection,
 * when their frame is of another flow).
 *
 *   word     bits                        largest value here that needs no `wide`
 *   last      32  last_frame; flow is that frame's, any; the same flow
 *   offset    32  offset in the stream   1 TiB, with the 8 bits in `size`
 *   size      24  n_octets               16 MiB
 *              8  offset's upper bits
 *   first     24  frames from first_frame to last_frame: 16,777,215
 *              8  shape's lower bits     65,535 different ones (700 there)
 *   command   24  elements since the command: 16,777,214; itself: 0; none: all ones
 *              8  shape's upper bits */
struct packed_element {
  uint32_t last; /* or the index in `wide` */
  uint32_t offset, size, first, command;
};
_Static_assert(sizeof(struct packed_element) == 20, "the trace's element takes 20 octets");

enum { ELEMENT_WIDE = SHAPES_FULL };

/* What many elements have in common: most secrets lie at few places and are of few lengths. */
struct element_shape {
  uint16_t code, secret_first, secret_octets;
  uint8_t app, kind, side, state, flags;
  uint8_t zero[5];
};
_Static_assert(sizeof(struct element_shape) == sizeof(struct shape), "a shape has 16 octets");

struct elements {
  struct blocks packed; /* struct packed_element */
  struct blocks wide;   /* struct element */
  struct shapes shapes;
};

void elements_init(struct elements *s);
void elements_clear(struct elements *s);

/* Appends an element; `frame_flow` is what records_flow() will say of its last_frame, or
 * TRACE_NONE. False when there is no room (BLOCKS_ITEMS_MAX). */
bool elements_add(struct elements *s, const struct element *e, uint32_t frame_flow);

static inline uint32_t
elements_n(const struct elements *s)
{
  return s->packed.n;
}

/* The element at an index below elements_n(). `records` holds the record of its last_frame. */
struct element elements_get(const struct elements *s, const struct records *records,
                            uint32_t index);

/* The first element of [index, end) whose last octets may have come with frame `last` or before it;
 * `end` when there is none. Those in `wide` may all. */
uint32_t elements_find_old(const struct elements *s, uint32_t index, uint32_t end, uint32_t last);

/* Its flow alone. */
uint32_t elements_flow(const struct elements *s, const struct records *records, uint32_t index);

uint64_t elements_octets(const struct elements *s);

#endif
