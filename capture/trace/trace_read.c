/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace_read.c -- what views and decoders ask: records, octets, datagrams, streams, elements.
 *
 * All of it is computed from the records: a flow's frames are a chain (prev_in_flow, next_in_flow),
 * and each TCP record knows the offset of its payload in its stream, so a stream is put together
 * again from any place on, with the same rule as in pass 1: the first arrival of an octet wins. */
#include <string.h>

#include "capture/trace/trace.h"
#include "capture/trace/trace_store.h"
#include "capture/wire/tls.h"

enum {
  BACK_FRAMES = 256, /* octets that came early lie before the frame of their run's first octet */
  BEYOND_FRAMES =
      4096, /* behind the last wanted octet: late arrivals; then what misses is missing */
  ELEMENT_FRAMES = 4096, /* how far ahead an element may be completed: a line of 64 KiB in octets */
};

uint32_t
trace_n_frames(const struct trace *t)
{
  return records_n(&t->records);
}

struct trace_frame
trace_frame(const struct trace *t, uint32_t index)
{
  return records_get(&t->records, index);
}

void
trace_frames(const struct trace *t, uint32_t first, uint32_t n, struct trace_frame *out)
{
  g_assert(first <= records_n(&t->records) && n <= records_n(&t->records) - first);
  records_get_run(&t->records, first, n, out);
}

void
trace_column(const struct trace *t, enum trace_column what, uint32_t first, uint32_t n,
             uint32_t *out)
{
  g_assert(first <= records_n(&t->records) && n <= records_n(&t->records) - first);
  records_column(&t->records, what, first, n, out);
}

void
trace_times_ns(const struct trace *t, uint32_t first, uint32_t n, int64_t *out)
{
  g_assert(first <= records_n(&t->records) && n <= records_n(&t->records) - first);
  records_times_ns(&t->records, first, n, out);
}

uint32_t
trace_flow_of(const struct trace *t, uint32_t frame)
{
  return records_flow(&t->records, frame);
}

int64_t
trace_time_ns(const struct trace *t, uint32_t frame)
{
  return records_time_ns(&t->records, frame);
}

uint32_t
trace_next_in_flow(const struct trace *t, uint32_t frame)
{
  return records_next_in_flow(&t->records, frame);
}

uint32_t
trace_n_interfaces(const struct trace *t)
{
  return t->interfaces->len;
}

const struct trace_interface *
trace_interface(const struct trace *t, uint16_t index)
{
  g_assert(index < t->interfaces->len);
  return &g_array_index(t->interfaces, struct trace_interface, index);
}

enum link_type
trace_link(const struct trace *t, uint32_t frame)
{
  return trace_interface(t, trace_frame(t, frame).interface)->link;
}

/* Copies n octets that begin `skip` octets into a frame. */
static bool
read_octets(const struct trace *t, uint32_t frame, uint32_t skip, uint8_t *out, uint32_t n)
{
  const struct trace_frame f = trace_frame(t, frame);
  g_assert(skip <= f.captured_octets && n <= f.captured_octets - skip);
  if (!n)
    return true;
  if (t->reader)
    return reader_octets(t->reader, f.position + skip, out, n);
  const uint8_t *block = g_ptr_array_index(t->arena, f.position / STORE_ARENA);
  memcpy(out, block + f.position % STORE_ARENA + skip, n);
  return true;
}

bool
trace_is_readable(const struct trace *t)
{
  return !t->reader || reader_is_same(t->reader);
}

bool
trace_octets(const struct trace *t, uint32_t frame, GByteArray *out)
{
  g_byte_array_set_size(out, trace_frame(t, frame).captured_octets);
  if (read_octets(t, frame, 0, out->data, out->len))
    return true;
  g_byte_array_set_size(out, 0);
  return false;
}

/* ---- datagrams ---- */

static const struct trace_datagram_entry *
find_datagram(const struct trace *t, uint32_t frame)
{
  guint low = 0, high = t->datagrams->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const struct trace_datagram_entry *e =
        &g_array_index(t->datagrams, struct trace_datagram_entry, middle);
    if (e->frame == frame)
      return e;
    if (e->frame < frame)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

bool
trace_datagram(const struct trace *t, uint32_t frame, GByteArray *out, GArray *pieces)
{
  const struct trace_datagram_entry *e = find_datagram(t, frame);
  g_byte_array_set_size(out, 0);
  if (pieces)
    g_array_set_size(pieces, 0);
  if (!e)
    return false;
  for (uint32_t i = 0; i < e->n_pieces; i++) {
    const struct trace_piece *p =
        &g_array_index(t->datagram_pieces, struct trace_piece, e->first_piece + i);
    g_byte_array_set_size(out, (guint)p->first + p->n_octets);
    if (!read_octets(t, p->frame, p->frame_offset, out->data + p->first, p->n_octets)) {
      g_byte_array_set_size(out, 0);
      return false;
    }
    if (pieces)
      g_array_append_vals(pieces, p, 1);
  }
  return true;
}

/* ---- flows ---- */

uint32_t
trace_n_flows(const struct trace *t)
{
  return flow_table_n(pass1_flows(t->pass));
}

const struct trace_flow *
trace_flow(const struct trace *t, uint32_t index)
{
  g_assert(index < trace_n_flows(t));
  return &flow_record(flow_table_get(pass1_flows(t->pass), index))->seen;
}

uint32_t
trace_find_stream(const struct trace *t, uint8_t proto, uint32_t stream)
{
  if (proto != IP_PROTO_TCP && proto != IP_PROTO_UDP)
    return TRACE_NONE;
  const GArray *streams = t->streams[proto == IP_PROTO_UDP];
  return stream < streams->len ? g_array_index(streams, uint32_t, stream) : TRACE_NONE;
}

int
trace_side_direction(const struct trace_flow *flow, enum side side)
{
  return side == SIDE_CLIENT ? flow->client : !flow->client;
}

/* ---- streams ---- */

struct gathering {
  GByteArray *out;
  GArray *pieces; /* sorted by `first`, no overlaps */
  uint64_t offset;
  uint32_t n, n_found;
  bool is_unreadable;
};

/* The payload octets of a frame from `skip` on. */
static bool
read_payload(const struct trace *t, uint32_t frame, uint32_t skip, uint8_t *out, uint32_t n,
             uint32_t *frame_offset)
{
  const struct trace_frame f = trace_frame(t, frame);
  if (!(f.flags & TRACE_FRAME_REASSEMBLED)) {
    *frame_offset = f.payload_offset + skip;
    return read_octets(t, frame, *frame_offset, out, n);
  }
  g_autoptr(GByteArray) whole = g_byte_array_new();
  if (!trace_datagram(t, frame, whole, NULL) || whole->len < f.payload_octets)
    return false;
  *frame_offset = whole->len - f.payload_octets + skip;
  memcpy(out, whole->data + *frame_offset, n);
  return true;
}

/* Takes those octets of the frame that are wanted and not there yet. */
static void
gather(const struct trace *t, uint32_t frame, int64_t ahead, struct gathering *g)
{
  const struct trace_frame f = trace_frame(t, frame);
  int64_t first = ahead < 0 ? 0 : ahead;
  int64_t end = ahead + f.payload_octets < g->n ? ahead + f.payload_octets : g->n;
  for (guint i = 0; first < end;) {
    const struct trace_piece *next =
        i < g->pieces->len ? &g_array_index(g->pieces, struct trace_piece, i) : NULL;
    if (next && (int64_t)next->first + next->n_octets <= first) {
      i++;
      continue;
    }
    if (next && (int64_t)next->first <= first) {
      first = (int64_t)next->first + next->n_octets;
      continue;
    }
    int64_t stop = next && (int64_t)next->first < end ? (int64_t)next->first : end;
    struct trace_piece piece = {
        .first = (uint64_t)first, .n_octets = (uint32_t)(stop - first), .frame = frame};
    if (!read_payload(t, frame, (uint32_t)(first - ahead), g->out->data + first, piece.n_octets,
                      &piece.frame_offset)) {
      g->is_unreadable = true;
      return;
    }
    g_array_insert_val(g->pieces, i, piece);
    g->n_found += piece.n_octets;
    first = stop;
  }
}

bool
trace_stream(const struct trace *t, uint32_t flow, int direction, uint32_t near_frame,
             uint64_t offset, uint32_t n, GByteArray *out, GArray *pieces)
{
  g_byte_array_set_size(out, 0);
  g_array_set_size(pieces, 0);
  if (trace_flow(t, flow)->proto != IP_PROTO_TCP)
    return false;
  if (n == 0)
    return true;
  g_byte_array_set_size(out, n);
  memset(out->data, 0, n);
  struct gathering g = {.out = out, .pieces = pieces, .offset = offset, .n = n};
  uint32_t frame = near_frame;
  if (trace_frame(t, frame).flow != flow)
    frame = trace_flow(t, flow)->last_frame;
  for (int i = 0; i < BACK_FRAMES && trace_frame(t, frame).prev_in_flow != TRACE_NONE; i++)
    frame = trace_frame(t, frame).prev_in_flow;
  for (int beyond = 0;
       frame != TRACE_NONE && g.n_found < n && beyond < BEYOND_FRAMES && !g.is_unreadable;
       frame = trace_frame(t, frame).next_in_flow) {
    const struct trace_frame f = trace_frame(t, frame);
    if (f.direction != direction || !f.payload_octets)
      continue;
    int64_t ahead = (int32_t)(f.stream_offset - (uint32_t)offset);
    if (ahead >= (int64_t)n)
      beyond++;
    else if (ahead + f.payload_octets > 0)
      gather(t, frame, ahead, &g);
  }
  if (g.is_unreadable) {
    g_byte_array_set_size(out, 0);
    g_array_set_size(pieces, 0);
  }
  return !g.is_unreadable;
}

/* ---- what was opened of TLS ---- */

/* The first record at or behind `wanted`, which is an offset of records or, with `in_app`, of
 * application data; then of the records that hold that octet the last one, which is no empty one.
 */
static guint
find_record(const GArray *records, uint64_t wanted, bool in_app)
{
  guint low = 0, high = records->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const struct trace_record *r = &g_array_index(records, struct trace_record, middle);
    if (in_app ? r->app_at <= wanted : r->offset < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return in_app && low > 0 ? low - 1 : low;
}

bool
trace_plain(const struct trace *t, const struct element *record, struct trace_plain *out)
{
  const struct plain_flow *f = trace_plain_flow(t, record->flow);
  if (!f || record->kind != ELEMENT_TLS)
    return false;
  const struct plain_side *s = &f->opened[record->side];
  if (!s->records)
    return false;
  guint i = find_record(s->records, record->offset, false);
  const struct trace_record *r =
      i < s->records->len ? &g_array_index(s->records, struct trace_record, i) : NULL;
  if (!r || r->offset != record->offset)
    return false;
  *out = (struct trace_plain){
      .type = r->type, .octets = s->octets->data + r->at, .n_octets = r->n_octets};
  return true;
}

/* As trace_stream(), of the application data that was opened, or what was inflated. */
static bool
read_opened(const struct trace *t, const struct element *e, uint64_t offset, uint32_t n,
            GByteArray *out, GArray *pieces)
{
  const struct plain_flow *f = trace_plain_flow(t, e->flow);
  g_byte_array_set_size(out, n);
  memset(out->data, 0, n);
  g_array_set_size(pieces, 0);
  const struct plain_side *s = !f                                 ? NULL
                               : e->flags & ELEMENT_FLAG_INFLATED ? &f->inflated[e->side]
                                                                  : &f->opened[e->side];
  if (!s || !s->records)
    return false;
  for (guint i = find_record(s->records, offset, true); i < s->records->len; i++) {
    const struct trace_record *r = &g_array_index(s->records, struct trace_record, i);
    if (r->app_at >= offset + n)
      break;
    uint64_t end = r->app_at + r->n_octets;
    if (r->type != TLS_APPLICATION_DATA || end <= offset)
      continue;
    uint64_t from = MAX(r->app_at, offset), to = MIN(end, offset + n);
    memcpy(out->data + (from - offset), s->octets->data + r->at + (from - r->app_at), to - from);
    struct trace_piece piece = {.first = from - offset,
                                .n_octets = (uint32_t)(to - from),
                                .frame = r->frame,
                                .frame_offset = TRACE_NONE};
    g_array_append_val(pieces, piece);
  }
  return true;
}

bool
trace_element_stream(const struct trace *t, const struct element *e, uint32_t near_frame,
                     uint64_t offset, uint32_t n, GByteArray *out, GArray *pieces)
{
  if (e->flags & ELEMENT_FLAGS_INSIDE)
    return read_opened(t, e, offset, n, out, pieces);
  return trace_stream(t, e->flow, trace_side_direction(trace_flow(t, e->flow), e->side), near_frame,
                      offset, n, out, pieces);
}

/* ---- elements ---- */

uint32_t
trace_n_elements(const struct trace *t)
{
  return elements_n(&t->elements);
}

struct element
trace_element(const struct trace *t, uint32_t index)
{
  return elements_get(&t->elements, &t->records, index);
}

uint32_t
trace_element_flow(const struct trace *t, uint32_t index)
{
  return elements_flow(&t->elements, &t->records, index);
}

uint32_t
trace_elements_end(const struct trace *t, uint32_t frame)
{
  return frame + 1 < records_n(&t->records) ? records_element(&t->records, frame + 1)
                                            : t->n_elements_in_frames;
}

/* The first element of the flow in [k, end), looked at one by one. */
static uint32_t
element_among(const struct trace *t, uint32_t k, uint32_t end, uint32_t flow)
{
  while (k < end && trace_element_flow(t, k) != flow)
    k++;
  return k < end ? k : ELEMENT_NONE;
}

/* The same behind the flow's last frame: what is left of it came out when another flow took its
 * ports, or in trace_finish(). */
static uint32_t
element_left(const struct trace *t, uint32_t k, uint32_t end, uint32_t flow, uint32_t last_frame)
{
  for (; (k = elements_find_old(&t->elements, k, end, last_frame)) < end; k++)
    if (trace_element_flow(t, k) == flow)
      return k;
  return ELEMENT_NONE;
}

uint32_t
trace_element_next(const struct trace *t, uint32_t index, uint32_t end)
{
  const struct element e = trace_element(t, index);
  uint32_t frame = e.last_frame, last = frame, k = index + 1;
  end = MIN(end, elements_n(&t->elements));
  if (trace_flow_of(t, frame) != e.flow)
    return element_among(t, k, end, e.flow);
  for (int n = 0; n < ELEMENT_FRAMES && frame != TRACE_NONE && k < end; n++) {
    uint32_t behind = MIN(trace_elements_end(t, frame), end);
    k = MAX(k, records_element(&t->records, frame));
    uint32_t found = element_among(t, k, behind, e.flow);
    if (found != ELEMENT_NONE)
      return found;
    k = MAX(k, behind);
    last = frame;
    frame = trace_next_in_flow(t, frame);
  }
  return frame == TRACE_NONE ? element_left(t, k, end, e.flow, last)
                             : element_among(t, k, end, e.flow);
}

static bool
overlaps(const struct element *e, const struct trace_frame *f, uint32_t flow, enum side side)
{
  if (e->flow != flow || e->side != side || e->flags & ELEMENT_FLAGS_INSIDE)
    return false;
  int32_t ahead = (int32_t)((uint32_t)e->offset - f->stream_offset);
  return ahead < (int64_t)f->payload_octets && ahead + (int64_t)e->n_octets > 0;
}

uint32_t
trace_element_at(const struct trace *t, uint32_t frame)
{
  const struct trace_frame f = trace_frame(t, frame);
  if (f.flow == TRACE_NONE || !f.payload_octets || trace_flow(t, f.flow)->proto != IP_PROTO_TCP)
    return ELEMENT_NONE;
  enum side side = f.direction == trace_flow(t, f.flow)->client ? SIDE_CLIENT : SIDE_SERVER;
  uint32_t at = frame;
  for (int n = 0; n < ELEMENT_FRAMES && at != TRACE_NONE; n++) {
    for (uint32_t i = trace_frame(t, at).element, end = trace_elements_end(t, at); i < end; i++) {
      const struct element e = trace_element(t, i);
      if (overlaps(&e, &f, f.flow, side))
        return i;
    }
    at = trace_frame(t, at).next_in_flow;
  }
  /* What is left of a conversation comes out at its end, or when another takes its ports. */
  const struct trace_flow *flow = trace_flow(t, f.flow);
  uint32_t last = flow->last_frame, end = elements_n(&t->elements);
  uint32_t k = flow->app == APP_NONE ? t->n_elements_in_frames : trace_elements_end(t, last);
  for (; (k = element_left(t, k, end, f.flow, last)) != ELEMENT_NONE; k++) {
    const struct element e = trace_element(t, k);
    if (overlaps(&e, &f, f.flow, side))
      return k;
  }
  return ELEMENT_NONE;
}

bool
trace_element_octets(const struct trace *t, uint32_t element, GByteArray *out, GArray *pieces)
{
  const struct element e = trace_element(t, element);
  return trace_element_stream(t, &e, e.first_frame, e.offset, e.n_octets, out, pieces);
}

/* ---- the rest ---- */

struct trace_damage
trace_damage(const struct trace *t)
{
  return t->damage;
}

uint64_t
trace_index_octets(const struct trace *t)
{
  return records_octets(&t->records) + elements_octets(&t->elements) +
         (uint64_t)trace_n_flows(t) * sizeof(struct flow_record) +
         (uint64_t)(t->streams[0]->len + t->streams[1]->len) * sizeof(uint32_t) +
         (uint64_t)t->datagrams->len * sizeof(struct trace_datagram_entry) +
         (uint64_t)t->datagram_pieces->len * sizeof(struct trace_piece);
}

const struct findings *
trace_findings(const struct trace *t)
{
  return t->findings;
}
