/* SPDX-License-Identifier: GPL-3.0-or-later */
/* records.c -- frames' records, packed into 32 octets and unpacked again.
 *
 *     records_add ─> pack ─┬─ every value fits ─> struct packed_record
 *                          └─ one does not ─────> struct trace_frame in `wide`, its index here
 *
 * A value fits when unpacking gives it back: nothing is rounded and nothing is left out. */
#include "capture/trace/records.h"

enum {
  PACKED_BITS = 16, /* 2 MiB per block: one large page */
  BASES_BITS = 16,
  WIDE_BITS = 8,
  POSITION_MAX = (1 << 24) - 1,
  FLOW_NONE = (1 << 24) - 1,
  NEIGHBOUR_MAX = (1 << 20) - 1,
  TCP_FLAGS_MAX = (1 << 12) - 1,
  APP_MAX = 15,
  FLAGS_MAX = 31,
  ELEMENT_MAX = (1 << 15) - 1,
  STATE_MAX = 63,
  NO_PAYLOAD = 15,
};
#define TIME_MAX_NS (INT64_C(1) << 39)
#define WIDE (UINT64_C(1) << 63)

/* Where each value stands in its word. */
enum {
  TIME_SHIFT = 24,
  ELEMENT_SHIFT = 24,
  WIRE_SHIFT = 39,
  APP_SHIFT = 55,
  FLAGS_SHIFT = 59,
  ANALYSIS_SHIFT = 32,
  TCP_FLAGS_SHIFT = 48,
  TRAILER_SHIFT = 60,
  NEXT_SHIFT = 20,
  PAYLOAD_SHIFT = 40,
  INTERFACE_SHIFT = 48,
  STATE_SHIFT = 56,
  DIRECTION_SHIFT = 62,
};

void
records_init(struct records *r)
{
  *r = (struct records){.cut_octets = 0};
  blocks_init(&r->packed, sizeof(struct packed_record), PACKED_BITS);
  blocks_init(&r->bases, sizeof(struct record_base), BASES_BITS);
  blocks_init(&r->wide, sizeof(struct trace_frame), WIDE_BITS);
}

void
records_clear(struct records *r)
{
  blocks_clear(&r->packed);
  blocks_clear(&r->bases);
  blocks_clear(&r->wide);
}

static inline bool
is_wide(const struct packed_record *p)
{
  return p->near & WIDE;
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
  return blocks_get(&r->wide, (uint32_t)p->place);
}

/* ---- packing ---- */

/* What the frame says behind its payload: how many octets, or that there is no payload; more than
 * NO_PAYLOAD when the record cannot say it. */
static inline uint32_t
trailer_of(const struct trace_frame *f)
{
  if (!f->payload_octets)
    return NO_PAYLOAD;
  uint64_t end = (uint64_t)f->payload_offset + f->payload_octets;
  uint64_t trailer = f->captured_octets - end; /* huge when the payload is longer than the frame */
  return trailer < NO_PAYLOAD ? (uint32_t)trailer : UINT32_MAX;
}

/* The distance to a neighbour, 0 when there is none; NEIGHBOUR_MAX + 1 when it does not fit. */
static inline uint32_t
pack_neighbour(uint32_t neighbour, uint32_t distance)
{
  if (neighbour == TRACE_NONE)
    return 0;
  return distance - 1 < NEIGHBOUR_MAX ? distance : NEIGHBOUR_MAX + 1;
}

/* Whether unpacking will know how much was captured. */
static inline bool
pack_captured(struct records *r, const struct trace_frame *f)
{
  if (!(f->flags & TRACE_FRAME_CUT))
    return f->captured_octets == f->wire_octets;
  if (!r->cut_octets)
    r->cut_octets = f->captured_octets;
  return f->captured_octets == r->cut_octets && r->cut_octets != 0;
}

static inline bool
pack(struct records *r, const struct trace_frame *f, uint32_t index, struct packed_record *out)
{
  const struct record_base *base = base_of(r, index);
  uint64_t position = f->position - base->position;
  int64_t time_ns = (int64_t)((uint64_t)f->time_ns - (uint64_t)base->time_ns);
  uint32_t element = f->element - base->element, trailer = trailer_of(f);
  uint32_t prev = pack_neighbour(f->prev_in_flow, index - f->prev_in_flow);
  uint32_t next = pack_neighbour(f->next_in_flow, f->next_in_flow - index);
  uint32_t flow = f->flow == TRACE_NONE ? FLOW_NONE : f->flow;
  if (position > POSITION_MAX || time_ns < -TIME_MAX_NS || time_ns >= TIME_MAX_NS ||
      flow > FLOW_NONE || (flow == FLOW_NONE && f->flow != TRACE_NONE) || element > ELEMENT_MAX ||
      f->wire_octets > UINT16_MAX || f->app > APP_MAX || f->flags > FLAGS_MAX ||
      f->tcp_flags > TCP_FLAGS_MAX || trailer > NO_PAYLOAD || prev > NEIGHBOUR_MAX ||
      next > NEIGHBOUR_MAX || f->payload_offset > UINT8_MAX || f->interface > UINT8_MAX ||
      f->state > STATE_MAX || f->direction > 1 || !pack_captured(r, f))
    return false;
  out->place = position | (uint64_t)time_ns << TIME_SHIFT;
  out->owner = flow | (uint64_t)element << ELEMENT_SHIFT | (uint64_t)f->wire_octets << WIRE_SHIFT |
               (uint64_t)f->app << APP_SHIFT | (uint64_t)f->flags << FLAGS_SHIFT;
  out->stream = f->stream_offset | (uint64_t)f->analysis << ANALYSIS_SHIFT |
                (uint64_t)f->tcp_flags << TCP_FLAGS_SHIFT | (uint64_t)trailer << TRAILER_SHIFT;
  out->near = prev | (uint64_t)next << NEXT_SHIFT | (uint64_t)f->payload_offset << PAYLOAD_SHIFT |
              (uint64_t)f->interface << INTERFACE_SHIFT | (uint64_t)f->state << STATE_SHIFT |
              (uint64_t)f->direction << DIRECTION_SHIFT;
  return true;
}

static void
store_wide(struct records *r, struct packed_record *p, const struct trace_frame *f)
{
  /* There are never more of them than of packed ones, so there is room. */
  *(struct trace_frame *)blocks_add(&r->wide) = *f;
  *p = (struct packed_record){.place = r->wide.n - 1, .near = WIDE};
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
  int64_t behind = (int64_t)p->place >> TIME_SHIFT; /* with its sign */
  return (int64_t)((uint64_t)base->time_ns + (uint64_t)behind);
}

static inline uint32_t
unpack_flow(const struct packed_record *p)
{
  uint32_t flow = (uint32_t)p->owner & FLOW_NONE;
  return flow == FLOW_NONE ? TRACE_NONE : flow;
}

static inline uint32_t
unpack_next(const struct packed_record *p, uint32_t index)
{
  uint32_t next = (uint32_t)(p->near >> NEXT_SHIFT) & NEIGHBOUR_MAX;
  return next ? index + next : TRACE_NONE;
}

static inline uint32_t
unpack_element(const struct packed_record *p, const struct record_base *base)
{
  return base->element + ((uint32_t)(p->owner >> ELEMENT_SHIFT) & ELEMENT_MAX);
}

static inline uint32_t
unpack_captured(const struct records *r, const struct packed_record *p)
{
  bool is_cut = p->owner >> FLAGS_SHIFT & TRACE_FRAME_CUT;
  return is_cut ? r->cut_octets : (uint16_t)(p->owner >> WIRE_SHIFT);
}

static inline uint32_t
unpack_payload(const struct records *r, const struct packed_record *p)
{
  uint32_t trailer = p->stream >> TRAILER_SHIFT, offset = (uint8_t)(p->near >> PAYLOAD_SHIFT);
  return trailer == NO_PAYLOAD ? 0 : unpack_captured(r, p) - offset - trailer;
}

static inline void
unpack(const struct records *r, uint32_t index, struct trace_frame *out)
{
  const struct packed_record *p = packed_at(r, index);
  if (is_wide(p)) {
    *out = *wide_of(r, p);
    return;
  }
  const struct record_base *base = base_of(r, index);
  uint32_t prev = (uint32_t)p->near & NEIGHBOUR_MAX;
  out->position = base->position + (p->place & POSITION_MAX);
  out->time_ns = unpack_time(p, base);
  out->captured_octets = unpack_captured(r, p);
  out->wire_octets = (uint16_t)(p->owner >> WIRE_SHIFT);
  out->flow = unpack_flow(p);
  out->prev_in_flow = prev ? index - prev : TRACE_NONE;
  out->next_in_flow = unpack_next(p, index);
  out->element = unpack_element(p, base);
  out->stream_offset = (uint32_t)p->stream;
  out->payload_octets = unpack_payload(r, p);
  out->payload_offset = (uint8_t)(p->near >> PAYLOAD_SHIFT);
  out->analysis = (uint16_t)(p->stream >> ANALYSIS_SHIFT);
  out->tcp_flags = (p->stream >> TCP_FLAGS_SHIFT) & TCP_FLAGS_MAX;
  out->interface = (uint8_t)(p->near >> INTERFACE_SHIFT);
  out->app = (p->owner >> APP_SHIFT) & APP_MAX;
  out->direction = (p->near >> DIRECTION_SHIFT) & 1;
  out->flags = (uint8_t)(p->owner >> FLAGS_SHIFT); /* the word's last bits */
  out->state = (p->near >> STATE_SHIFT) & STATE_MAX;
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

/* ---- columns ---- */

enum { NO_LAYERS = TRACE_FRAME_REASSEMBLED | TRACE_FRAME_FRAGMENT | TRACE_FRAME_ODD };

/* `what` is a constant wherever these are called, so that one shift remains of the switch. */
static inline G_ALWAYS_INLINE uint32_t
packed_value(const struct records *r, const struct packed_record *p, uint32_t index,
             enum trace_column what)
{
  switch (what) {
  case TRACE_COLUMN_FLOW: {
    uint32_t flow = (uint32_t)p->owner & FLOW_NONE, flags = (uint32_t)(p->owner >> FLAGS_SHIFT);
    uint32_t slot = 1 + flow * 2 + ((p->near >> DIRECTION_SHIFT) & 1);
    bool is_told = (flow != FLOW_NONE) & ((flags & NO_LAYERS) == 0);
    return is_told ? slot : 0;
  }
  case TRACE_COLUMN_FLAGS:
    return (uint32_t)(p->owner >> FLAGS_SHIFT);
  case TRACE_COLUMN_WIRE:
    return (uint16_t)(p->owner >> WIRE_SHIFT);
  case TRACE_COLUMN_CAPTURED:
    return unpack_captured(r, p);
  case TRACE_COLUMN_PAYLOAD_OFFSET:
    return (uint8_t)(p->near >> PAYLOAD_SHIFT);
  case TRACE_COLUMN_PAYLOAD_OCTETS:
    return unpack_payload(r, p);
  case TRACE_COLUMN_TCP_FLAGS:
    return (p->stream >> TCP_FLAGS_SHIFT) & TCP_FLAGS_MAX;
  case TRACE_COLUMN_ANALYSIS:
    return (uint16_t)(p->stream >> ANALYSIS_SHIFT);
  case TRACE_COLUMN_INTERFACE:
    return (uint8_t)(p->near >> INTERFACE_SHIFT);
  case TRACE_COLUMN_ELEMENT:
  default:
    return unpack_element(p, base_of(r, index));
  }
}

static uint32_t
wide_value(const struct trace_frame *f, enum trace_column what)
{
  switch (what) {
  case TRACE_COLUMN_FLOW:
    return f->flow == TRACE_NONE || (f->flags & NO_LAYERS) ? 0 : 1 + f->flow * 2 + f->direction;
  case TRACE_COLUMN_FLAGS:
    return f->flags;
  case TRACE_COLUMN_WIRE:
    return f->wire_octets;
  case TRACE_COLUMN_CAPTURED:
    return f->captured_octets;
  case TRACE_COLUMN_PAYLOAD_OFFSET:
    return f->payload_offset;
  case TRACE_COLUMN_PAYLOAD_OCTETS:
    return f->payload_octets;
  case TRACE_COLUMN_TCP_FLAGS:
    return f->tcp_flags;
  case TRACE_COLUMN_ANALYSIS:
    return f->analysis;
  case TRACE_COLUMN_INTERFACE:
    return f->interface;
  case TRACE_COLUMN_ELEMENT:
  default:
    return f->element;
  }
}

/* How many of n records lie in one block, behind one another. */
static inline uint32_t
run_of(uint32_t first, uint32_t n)
{
  uint32_t left = (1u << PACKED_BITS) - (first & ((1u << PACKED_BITS) - 1));
  return MIN(n, left);
}

static inline G_ALWAYS_INLINE void
column(const struct records *r, enum trace_column what, uint32_t first, uint32_t n, uint32_t *out)
{
  for (uint32_t run = 0; n; first += run, out += run, n -= run) {
    const struct packed_record *p = blocks_get(&r->packed, first);
    run = run_of(first, n);
    for (uint32_t i = 0; i < run; i++)
      out[i] = G_UNLIKELY(is_wide(&p[i])) ? wide_value(wide_of(r, &p[i]), what)
                                          : packed_value(r, &p[i], first + i, what);
  }
}

void
records_column(const struct records *r, enum trace_column what, uint32_t first, uint32_t n,
               uint32_t *out)
{
  switch (what) {
  case TRACE_COLUMN_FLOW:
    column(r, TRACE_COLUMN_FLOW, first, n, out);
    break;
  case TRACE_COLUMN_FLAGS:
    column(r, TRACE_COLUMN_FLAGS, first, n, out);
    break;
  case TRACE_COLUMN_WIRE:
    column(r, TRACE_COLUMN_WIRE, first, n, out);
    break;
  case TRACE_COLUMN_CAPTURED:
    column(r, TRACE_COLUMN_CAPTURED, first, n, out);
    break;
  case TRACE_COLUMN_PAYLOAD_OFFSET:
    column(r, TRACE_COLUMN_PAYLOAD_OFFSET, first, n, out);
    break;
  case TRACE_COLUMN_PAYLOAD_OCTETS:
    column(r, TRACE_COLUMN_PAYLOAD_OCTETS, first, n, out);
    break;
  case TRACE_COLUMN_TCP_FLAGS:
    column(r, TRACE_COLUMN_TCP_FLAGS, first, n, out);
    break;
  case TRACE_COLUMN_ANALYSIS:
    column(r, TRACE_COLUMN_ANALYSIS, first, n, out);
    break;
  case TRACE_COLUMN_INTERFACE:
    column(r, TRACE_COLUMN_INTERFACE, first, n, out);
    break;
  case TRACE_COLUMN_ELEMENT:
  default:
    column(r, TRACE_COLUMN_ELEMENT, first, n, out);
  }
}

void
records_times_ns(const struct records *r, uint32_t first, uint32_t n, int64_t *out)
{
  for (uint32_t i = 0; i < n; i++)
    out[i] = records_time_ns(r, first + i);
}

/* ---- one value alone ---- */

uint32_t
records_flow(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  return is_wide(p) ? wide_of(r, p)->flow : unpack_flow(p);
}

int64_t
records_time_ns(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  return is_wide(p) ? wide_of(r, p)->time_ns : unpack_time(p, base_of(r, index));
}

uint32_t
records_next_in_flow(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  return is_wide(p) ? wide_of(r, p)->next_in_flow : unpack_next(p, index);
}

uint32_t
records_element(const struct records *r, uint32_t index)
{
  const struct packed_record *p = packed_at(r, index);
  return is_wide(p) ? wide_of(r, p)->element : unpack_element(p, base_of(r, index));
}

/* ---- what becomes known later ---- */

/* Puts a changed frame where an older one was. */
static void
replace(struct records *r, uint32_t index, const struct trace_frame *frame)
{
  struct packed_record *p = packed_at(r, index);
  if (is_wide(p))
    *wide_of(r, p) = *frame;
  else if (!pack(r, frame, index, p))
    store_wide(r, p, frame);
}

void
records_set_next(struct records *r, uint32_t index, uint32_t next)
{
  struct packed_record *p = packed_at(r, index);
  uint32_t distance = pack_neighbour(next, next - index);
  if (!is_wide(p) && distance <= NEIGHBOUR_MAX) {
    p->near &= ~((uint64_t)NEIGHBOUR_MAX << NEXT_SHIFT);
    p->near |= (uint64_t)distance << NEXT_SHIFT;
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
  return blocks_octets(&r->packed) + blocks_octets(&r->bases) + blocks_octets(&r->wide);
}
