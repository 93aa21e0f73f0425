/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mask.c -- which octets of a decoded frame's sources belong to a secret.
 *
 *   secret field in decoded base64 ──parent range──> the line in the stream ──pieces──> the frame
 *   element with a secret (pass 1) ──stream offset──────────────────────────────────> the frame
 *
 * The second way covers a segment that holds only a part of a secret line, before any field of this
 * frame names it. */
#include "gui/mask.h"

#include <string.h>

/* Elements looked at for one frame: a segment of 64 KiB holds no more lines that matter. */
enum { ELEMENTS_MAX = 4096 };

static void
cover(struct mask *m, const struct decode *d, unsigned source, int64_t first, int64_t n)
{
  if (source >= d->n_sources)
    return;
  int64_t length = d->sources[source].octets->len;
  int64_t end = MIN(first + n, length);
  first = MAX(first, 0);
  if (first >= end)
    return;
  if (!m->sources[source]) {
    m->sources[source] = g_byte_array_sized_new((guint)length);
    g_byte_array_set_size(m->sources[source], (guint)length);
    memset(m->sources[source]->data, 0, (size_t)length);
  }
  memset(m->sources[source]->data + first, 1, (size_t)(end - first));
}

static bool
covers_any(const GByteArray *octets, uint32_t first, uint32_t n)
{
  for (uint32_t i = first; i < octets->len && i - first < n; i++)
    if (octets->data[i])
      return true;
  return false;
}

/* Octets of a stream or datagram lie in the frame, or in the datagram that the frame completes. */
static unsigned
source_below(const struct decode *d, unsigned source)
{
  for (unsigned i = 1; i < source; i++)
    if (d->sources[i].kind == SOURCE_DATAGRAM)
      return i;
  return 0;
}

static void
cover_origin(struct mask *m, const struct decode *d, unsigned source)
{
  const struct source *s = &d->sources[source];
  const GByteArray *octets = m->sources[source];
  if (s->kind == SOURCE_BASE64 || s->kind == SOURCE_QUOTED) {
    if (covers_any(octets, 0, octets->len))
      cover(m, d, s->parent_source, s->parent_first, s->parent_octets);
    return;
  }
  for (guint i = 0; s->pieces && i < s->pieces->len; i++) {
    const struct trace_piece *piece = &g_array_index(s->pieces, struct trace_piece, i);
    if (piece->frame != d->frame || piece->frame_offset == TRACE_NONE)
      continue;
    unsigned below = source_below(d, source);
    for (uint32_t k = 0; k < piece->n_octets && piece->first + k < octets->len; k++)
      if (octets->data[piece->first + k])
        cover(m, d, below, (int64_t)piece->frame_offset + k, 1);
  }
}

static void
cover_elements(struct mask *m, const struct decode *d)
{
  const struct trace *t = d->trace;
  if (d->frame >= trace_n_frames(t))
    return;
  const struct trace_frame f = trace_frame(t, d->frame);
  if (f.flow == TRACE_NONE || f.payload_octets == 0 || f.payload_offset == 0)
    return;
  const struct trace_flow *flow = trace_flow(t, f.flow);
  if (flow->proto != IP_PROTO_TCP)
    return;
  uint32_t first = trace_element_at(t, d->frame);
  uint32_t n = trace_n_elements(t);
  for (uint32_t i = first; i != ELEMENT_NONE && i < n && i - first < ELEMENTS_MAX; i++) {
    const struct element e = trace_element(t, i);
    if (e.flow != f.flow || !(e.flags & ELEMENT_FLAG_SECRET) || e.flags & ELEMENT_FLAGS_INSIDE ||
        trace_side_direction(flow, (enum side)e.side) != f.direction)
      continue;
    uint32_t start = (uint32_t)e.offset + e.secret_first;
    int64_t at = (int32_t)(start - f.stream_offset);
    int64_t end = MIN(at + element_secret_end(&e) - e.secret_first, (int64_t)f.payload_octets);
    at = MAX(at, 0);
    cover(m, d, 0, f.payload_offset + at, end - at);
  }
}

void
mask_init(struct mask *m, const struct decode *d)
{
  memset(m, 0, sizeof *m);
  if (d->reveal)
    return;
  for (unsigned i = 0; i < d->secrets->len; i++) {
    const struct decode_secret *s = &g_array_index(d->secrets, struct decode_secret, i);
    cover(m, d, s->source, s->first, s->n_octets);
  }
  cover_elements(m, d);
  for (unsigned i = d->n_sources; i-- > 1;)
    if (m->sources[i])
      cover_origin(m, d, i);
}

void
mask_clear(struct mask *m)
{
  for (int i = 0; i < DECODE_SOURCES_MAX; i++)
    g_clear_pointer(&m->sources[i], g_byte_array_unref);
}

bool
mask_has(const struct mask *m, unsigned source, uint32_t octet)
{
  return source < DECODE_SOURCES_MAX && m->sources[source] && octet < m->sources[source]->len &&
         m->sources[source]->data[octet];
}
