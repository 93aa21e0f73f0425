/* SPDX-License-Identifier: GPL-3.0-or-later */
/* records.c -- frames' records, packed into 32 octets and unpacked again.
 *
 *     records_add ─> pack ─┬─ every value fits ─> struct packed_record + a number of its shape
 *                          └─ one does not ─────> struct trace_frame in `wide`, its index here
 *
 * A value fits when unpacking gives it back: nothing is rounded and nothing is left out. */
#include "capture/trace/records.h"

#include <string.h>

enum {
  PACKED_BITS = 16, /* 2 MiB per block: one large page */
  BASES_BITS = 10,
  WIDE_BITS = 8,
  RECORD_NO_PAYLOAD = UINT8_MAX,
  NEIGHBOUR_MAX = (1 << 20) - 1,
};
#define TIME_MAX_NS (INT64_C(1) << 47)

void
records_init(struct records *r)
{
  blocks_init(&r->packed, sizeof(struct packed_record), PACKED_BITS);
  blocks_init(&r->bases, sizeof(struct record_base), BASES_BITS);
  blocks_init(&r->wide, sizeof(struct trace_frame), WIDE_BITS);
  shapes_init(&r->shapes);
}

void
records_clear(struct records *r)
{
  blocks_clear(&r->packed);
  blocks_clear(&r->bases);
  blocks_clear(&r->wide);
  shapes_clear(&r->shapes);
}

static inline struct packed_record *
packed_at(const struct records *r, uint32_t index)
{
  g_assert(index < r->packed.n);
  return blocks_get(&r->packed, index);
}

static inline const struct record_base *
base_of(const struct records *r, uint32_t index)
{
  return blocks_get(&r->bases, index / RECORDS_PER_BASE);
}

static inline struct trace_frame *
wide_of(const struct records *r, const struct packed_record *p)
{
  return blocks_get(&r->wide, p->position);
}

/* ---- packing ---- */

/* The shape's number, or RECORD_WIDE. */
static inline uint16_t
shape_number(struct records *r, const struct trace_frame *f)
{
  uint32_t trailer = RECORD_NO_PAYLOAD;
  if (f->payload_octets) {
    trailer = f->captured_octets - f->payload_offset - f->payload_octets;
    if (trailer >= RECORD_NO_PAYLOAD ||
        (uint64_t)f->payload_offset + f->payload_octets > f->captured_octets)
      return RECORD_WIDE;
  }
  struct record_shape s = {.payload_offset = f->payload_offset,
                           .analysis = f->analysis,
                           .tcp_flags = f->tcp_flags,
                           .interface = f->interface,
                           .app = f->app,
                           .direction = f->direction,
                           .flags = f->flags,
                           .trailer = (uint8_t)trailer};
  struct shape value;
  memcpy(&value, &s, sizeof value);
  return shapes_number(&r->shapes, value);
}

/* The distance to a neighbour, 0 when there is none; false when it does not fit. */
static inline bool
pack_neighbour(uint32_t *out, uint32_t neighbour, uint32_t distance)
{
  *out = neighbour == TRACE_NONE ? 0 : distance;
  return neighbour == TRACE_NONE || (distance != 0 && distance <= NEIGHBOUR_MAX);
}

static inline uint32_t
distance_prev(const struct packed_record *p)
{
  return p->prev_low | (p->neighbours_high & 0x0fu) << 16;
}

static inline uint32_t
distance_next(const struct packed_record *p)
{
  return p->next_low | (p->neighbours_high & 0xf0u) << 12;
}

static inline bool
pack(struct records *r, const struct trace_frame *f, uint32_t index, struct packed_record *out)
{
  const struct record_base *base = base_of(r, index);
  uint64_t position = f->position - base->position;
  int64_t time_ns = (int64_t)((uint64_t)f->time_ns - (uint64_t)base->time_ns);
  uint32_t more = f->wire_octets - f->captured_octets, element = f->element - base->element;
  uint32_t prev, next;
  uint16_t shape;
  if (position > UINT32_MAX || time_ns < -TIME_MAX_NS || time_ns >= TIME_MAX_NS ||
      f->captured_octets > UINT16_MAX || more > UINT16_MAX || element > UINT16_MAX ||
      !pack_neighbour(&prev, f->prev_in_flow, index - f->prev_in_flow) ||
      !pack_neighbour(&next, f->next_in_flow, f->next_in_flow - index) ||
      (shape = shape_number(r, f)) == RECORD_WIDE)
    return false;
  out->flow = f->flow;
  out->stream_offset = f->stream_offset;
  out->position = (uint32_t)position;
  out->time_low = (uint32_t)time_ns;
  out->time_high = (uint16_t)((uint64_t)time_ns >> 32);
  out->captured_octets = (uint16_t)f->captured_octets;
  out->wire_more = (uint16_t)more;
  out->element = (uint16_t)element;
  out->prev_low = (uint16_t)prev;
  out->next_low = (uint16_t)next;
  out->neighbours_high = (uint8_t)(prev >> 16 | (next >> 16) << 4);
  out->state = f->state;
  out->shape = shape;
  return true;
}

static void
store_wide(struct records *r, struct packed_record *p, const struct trace_frame *f)
{
  /* There are never more of them than of packed ones, so there is room. */
  *(struct trace_frame *)blocks_add(&r->wide) = *f;
  *p = (struct packed_record){.flow = f->flow, .position = r->wide.n - 1, .shape = RECORD_WIDE};
}

bool
records_add(struct records *r, const struct trace_frame *frame)
{
  struct packed_record *p = blocks_add(&r->packed);
  if (!p)
    return false;
  uint32_t index = r->packed.n - 1;
  if (index % RECORDS_PER_BASE == 0)
    *(struct record_base *)blocks_add(&r->bases) = (struct record_base){
        .position = frame->position, .time_ns = frame->time_ns, .element = frame->element};
  if (!pack(r, frame, index, p))
    store_wide(r, p, frame);
  return true;
}

/* ---- unpacking ---- */

static inline int64_t
unpack_time(const struct packed_record *p, const struct record_base *base)
{
  uint64_t high = (uint64_t)(int64_t)(int16_t)p->time_high << 32;
  return (int64_t)((uint64_t)base->time_ns + (high | p->time_low));
}

static inline void
unpack(const struct records *r, uint32_t index, struct trace_frame *out)
{
  const struct packed_record *p = packed_at(r, index);
  if (p->shape == RECORD_WIDE) {
    *out = *wide_of(r, p);
    return;
  }
  const struct record_base *base = base_of(r, index);
  struct record_shape s;
  memcpy(&s, &r->shapes.values[p->shape], sizeof s);
  uint32_t prev = distance_prev(p), next = distance_next(p);
  out->position = base->position + p->position;
  out->time_ns = unpack_time(p, base);
  out->captured_octets = p->captured_octets;
  out->wire_octets = (uint32_t)p->captured_octets + p->wire_more;
  out->flow = p->flow;
  out->prev_in_flow = prev ? index - prev : TRACE_NONE;
  out->next_in_flow = next ? index + next : TRACE_NONE;
  out->element = base->element + p->element;
  out->stream_offset = p->stream_offset;
  out->payload_octets =
      s.trailer == RECORD_NO_PAYLOAD ? 0 : p->captured_octets - s.payload_offset - s.trailer;
  out->payload_offset = s.payload_offset;
  out->analysis = s.analysis;
  out->tcp_flags = s.tcp_flags;
  out->interface = s.interface;
  out->app = s.app;
  out->direction = s.direction;
  out->flags = s.flags;
  out->state = p->state;
}

struct trace_frame
records_get(const struct records *r, uint32_t index)
{
  struct trace_frame frame;
  unpack(r, index, &frame);
  return frame;
}

void
records_get_run(const struct records *r, uint32_t first, uint32_t n, struct trace_frame *out)
{
  for (uint32_t i = 0; i < n; i++)
    unpack(r, first + i, &out[i]);
}

uint32_t
records_flow(const struct records *r, uint32_t index)
{
  return packed_at(r, index)->flow;
}

int64_t
records_time_ns(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  return p->shape == RECORD_WIDE ? wide_of(r, p)->time_ns : unpack_time(p, base_of(r, index));
}

uint32_t
records_next_in_flow(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  if (p->shape == RECORD_WIDE)
    return wide_of(r, p)->next_in_flow;
  uint32_t next = distance_next(p);
  return next ? index + next : TRACE_NONE;
}

uint32_t
records_element(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  return p->shape == RECORD_WIDE ? wide_of(r, p)->element : base_of(r, index)->element + p->element;
}

/* ---- what becomes known later ---- */

/* Puts a changed frame where an older one was. */
static void
replace(struct records *r, uint32_t index, const struct trace_frame *frame)
{
  struct packed_record *p = packed_at(r, index);
  if (p->shape == RECORD_WIDE)
    *wide_of(r, p) = *frame;
  else if (!pack(r, frame, index, p))
    store_wide(r, p, frame);
}

void
records_set_next(struct records *r, uint32_t index, uint32_t next)
{
  struct packed_record *p = packed_at(r, index);
  uint32_t distance;
  if (p->shape != RECORD_WIDE && pack_neighbour(&distance, next, next - index)) {
    p->next_low = (uint16_t)distance;
    p->neighbours_high = (uint8_t)((p->neighbours_high & 0x0f) | (distance >> 16) << 4);
    return;
  }
  struct trace_frame frame = records_get(r, index);
  frame.next_in_flow = next;
  replace(r, index, &frame);
}

void
records_add_flags(struct records *r, uint32_t index, uint8_t flags)
{
  struct trace_frame frame = records_get(r, index);
  if ((frame.flags & flags) == flags)
    return;
  frame.flags |= flags;
  replace(r, index, &frame);
}

uint64_t
records_octets(const struct records *r)
{
  return blocks_octets(&r->packed) + blocks_octets(&r->bases) + blocks_octets(&r->wide) +
         shapes_octets(&r->shapes);
}
