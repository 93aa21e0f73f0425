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
 *                                     octets   largest value here that needs no `wide`
 *   last_frame; flow is that frame's       4   any; the same flow
 *   offset in the stream                   5   1 TiB
 *   n_octets                               3   16 MiB
 *   first_frame before last_frame          3   16,777,215 frames
 *   command before this element            3   16,777,213 elements; itself; none
 *   number of its shape                    2   65,535 different ones (700 there)
 *                                         20 */
struct packed_element {
  uint32_t last_frame; /* or the index in `wide` */
  uint32_t offset_low;
  uint8_t offset_high;
  uint8_t n_octets[3];
  uint8_t first_back[3];
  uint8_t command_back[3]; /* 2^24 - 1: none */
  uint16_t shape;          /* or ELEMENT_WIDE */
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

/* Its flow alone. */
uint32_t elements_flow(const struct elements *s, const struct records *records, uint32_t index);

uint64_t elements_octets(const struct elements *s);

#endif
