/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stream.c -- puts the segments of one direction in order (RFC 9293 3.4, 3.10.7.4).
 *
 *     offset 0            next_offset          held ──> held ──> held
 *     |  delivered  ......|      hole          |####|   |####|###|
 *
 *     stream_feed: at next_offset ─> sink at once ─> take_held
 *                  behind it      ─> dropped (the first arrival of an octet wins)
 *                  ahead          ─> hold, until the hole is filled, or given up:
 *     give_up: acknowledged by the other end but unseen for STREAM_HOLE_ACKED_NS, unacknowledged
 * for STREAM_HOLE_UNACKED_NS, a limit reached, or the capture's end ─> gap
 *
 * A receiver may keep the later of two different octets for one place; which one is not defined
 * (RFC 9293 3.10.7.4 leaves it open). The first one is what an honest sender sent. */
#include "capture/trace/stream.h"

enum { PIECE_OVERHEAD = 64 }; /* counted for each held piece, so that tiny ones cost too */

static void
forget(struct flow_side *side, struct stream_held *h, struct stream_budget *budget)
{
  uint32_t cost = h->n_octets + PIECE_OVERHEAD;
  side->hole->held_octets -= cost;
  side->hole->n_held--;
  budget->held_octets -= cost;
  g_free(h);
}

static void
deliver(struct flow_side *side, const struct stream_run *run, const struct stream_sink *sink,
        void *data)
{
  side->next_offset = run->offset + run->n_octets;
  if (run->n_octets)
    sink->octets(data, run);
}

static void
close_hole(struct flow_side *side)
{
  g_free(side->hole);
  side->hole = NULL;
}

/* Delivers the held pieces that the hole no longer keeps back. */
static void
take_held(struct flow_side *side, struct stream_budget *budget, const struct stream_sink *sink,
          void *data)
{
  struct stream_hole *hole = side->hole;
  while (hole->first && hole->first->offset <= side->next_offset) {
    struct stream_held *h = hole->first;
    hole->first = h->next;
    uint64_t skip = side->next_offset - h->offset;
    if (skip < h->n_octets) {
      struct stream_run run = {.octets = h->octets + skip,
                               .n_octets = (uint32_t)(h->n_octets - skip),
                               .offset = side->next_offset,
                               .frame = h->frame,
                               .frame_offset = h->frame_offset + (uint32_t)skip,
                               .time_ns = h->time_ns};
      deliver(side, &run, sink, data);
    }
    forget(side, h, budget);
  }
  hole->acked_since_ns = 0;
  if (!hole->first)
    close_hole(side);
}

static void
note_end(struct flow_side *side)
{
  if (side->fin_known && (int32_t)((uint32_t)side->next_offset - side->fin_low) >= 0)
    side->is_ended = true;
}

/* The hole in front of the first held piece will not be filled. */
static void
give_up(struct flow_side *side, uint32_t frame, struct stream_budget *budget,
        const struct stream_sink *sink, void *data)
{
  const struct stream_held *first = side->hole->first;
  uint64_t n = first->offset - side->next_offset;
  uint64_t at = side->next_offset;
  side->next_offset += n;
  side->hole->held_since_ns = first->time_ns;
  sink->gap(data, at, n, frame);
  take_held(side, budget, sink, data);
  note_end(side);
}

static void
hold_piece(struct stream_hole *hole, struct stream_held *after, const struct stream_run *run,
           struct stream_budget *budget)
{
  struct stream_held *h = g_malloc(sizeof *h + run->n_octets);
  *h = (struct stream_held){.offset = run->offset,
                            .n_octets = run->n_octets,
                            .frame = run->frame,
                            .frame_offset = run->frame_offset,
                            .time_ns = run->time_ns};
  memcpy(h->octets, run->octets, run->n_octets);
  struct stream_held **link = after ? &after->next : &hole->first;
  h->next = *link;
  *link = h;
  if (!h->next)
    hole->last = h;
  uint32_t cost = h->n_octets + PIECE_OVERHEAD;
  hole->held_octets += cost;
  hole->n_held++;
  budget->held_octets += cost;
}

/* The part of the run from `at` on, at most n octets, was there before. */
static void
tell_repeat(const struct stream_run *run, uint64_t at, uint64_t n, const uint8_t *first,
            const struct stream_sink *sink, void *data)
{
  uint64_t skip = at - run->offset;
  if (!sink->repeat || skip >= run->n_octets)
    return;
  struct stream_run part = *run;
  part.octets += skip;
  part.offset = at;
  part.frame_offset += (uint32_t)skip;
  part.n_octets = (uint32_t)(run->n_octets - skip < n ? run->n_octets - skip : n);
  sink->repeat(data, &part, first);
}

/* Keeps those octets of the run that no held piece has. */
static void
hold(struct flow_side *side, struct stream_run run, struct stream_budget *budget,
     const struct stream_sink *sink, void *data)
{
  if (!side->hole) {
    side->hole = g_new0(struct stream_hole, 1);
    side->hole->held_since_ns = run.time_ns;
  }
  struct stream_hole *hole = side->hole;
  struct stream_held *after = NULL;
  if (hole->first && hole->last->offset + hole->last->n_octets <= run.offset)
    after = hole->last;
  for (struct stream_held *h = after ? NULL : hole->first; run.n_octets; h = h->next) {
    uint64_t end = run.offset + run.n_octets;
    if (!h || end <= h->offset)
      break;
    if (run.offset < h->offset) { /* the part in front of h */
      struct stream_run front = run;
      front.n_octets = (uint32_t)(h->offset - run.offset);
      hold_piece(hole, after, &front, budget);
    }
    uint64_t behind = h->offset + h->n_octets;
    uint64_t both = run.offset > h->offset ? run.offset : h->offset;
    if (behind > both)
      tell_repeat(&run, both, behind - both, h->octets + (both - h->offset), sink, data);
    uint64_t skip = behind > run.offset ? behind - run.offset : 0;
    if (skip >= run.n_octets)
      return;
    run.octets += skip;
    run.n_octets -= (uint32_t)skip;
    run.offset += skip;
    run.frame_offset += (uint32_t)skip;
    after = h;
  }
  if (run.n_octets)
    hold_piece(hole, after, &run, budget);
}

static bool
is_full(const struct flow_side *side, const struct stream_budget *budget)
{
  return side->hole->held_octets > STREAM_HELD_OCTETS_MAX ||
         side->hole->n_held > STREAM_HELD_PIECES_MAX ||
         budget->held_octets > budget->held_octets_max;
}

uint32_t
stream_feed(struct flow_side *side, const struct stream_segment *s, struct stream_budget *budget,
            const struct stream_sink *sink, void *data)
{
  if (!side->has_base) {
    /* Not from an empty segment: a keep-alive's number is one too low. */
    side->has_base = s->is_syn || s->is_fin || s->n_wire;
    side->base_seq = s->seq;
  }
  uint32_t low = s->seq - side->base_seq;
  if (!s->n_wire && !s->is_fin)
    return low;
  int64_t ahead = (int32_t)(low - (uint32_t)side->next_offset);
  if (ahead > STREAM_AHEAD_MAX)
    return low;
  struct stream_run run = {.octets = s->octets,
                           .n_octets = s->n_octets,
                           .offset = side->next_offset + (uint64_t)ahead,
                           .frame = s->frame,
                           .frame_offset = s->frame_offset,
                           .time_ns = s->time_ns};
  if (!ahead && !side->hole && !side->fin_known && !s->is_fin && s->n_octets == s->n_wire) {
    deliver(side, &run, sink, data); /* what most segments bring: the next octets, whole */
    return low;
  }
  if (s->is_fin && !side->fin_known && ahead + (int64_t)s->n_wire >= 0) {
    side->fin_known = true;
    side->fin_low = (uint32_t)run.offset + s->n_wire;
  }
  if (ahead > 0) {
    if (run.n_octets)
      hold(side, run, budget, sink, data);
    while (side->hole && is_full(side, budget))
      give_up(side, s->frame, budget, sink, data);
    return low;
  }
  uint32_t skip = (uint32_t)-ahead;
  if (skip)
    tell_repeat(&run, run.offset, skip, NULL, sink, data);
  if (skip < run.n_octets) {
    run.octets += skip;
    run.n_octets -= skip;
    run.offset += skip;
    run.frame_offset += skip;
    if (side->hole && side->hole->first->offset < run.offset + run.n_octets) {
      /* Octets that came first win: only what lies in front of the held piece is new; the rest of
       * the run goes through hold(), which keeps what is new in it. */
      hold(side, run, budget, sink, data);
      take_held(side, budget, sink, data);
    } else {
      deliver(side, &run, sink, data);
    }
  }
  if (s->n_wire > s->n_octets && skip < s->n_wire && !side->hole &&
      side->next_offset == run.offset + run.n_octets) {
    /* The snap length cut the segment: its end is a gap that nothing will fill. */
    uint64_t n = s->n_wire - (skip > s->n_octets ? skip : s->n_octets);
    uint64_t at = side->next_offset;
    side->next_offset += n;
    sink->gap(data, at, n, s->frame);
  }
  if (side->hole)
    take_held(side, budget, sink, data);
  note_end(side);
  return low;
}

void
stream_acknowledged(struct flow_side *side, uint32_t ack, uint32_t frame, int64_t time_ns,
                    struct stream_budget *budget, const struct stream_sink *sink, void *data)
{
  if (!side->hole)
    return;
  int64_t beyond = (int32_t)(ack - side->base_seq - (uint32_t)side->next_offset);
  if (beyond > 0 && !side->hole->acked_since_ns)
    side->hole->acked_since_ns = time_ns;
  while (side->hole && ((side->hole->acked_since_ns &&
                         time_ns - side->hole->acked_since_ns > STREAM_HOLE_ACKED_NS) ||
                        time_ns - side->hole->held_since_ns > STREAM_HOLE_UNACKED_NS))
    give_up(side, frame, budget, sink, data);
}

void
stream_finish(struct flow_side *side, uint32_t frame, struct stream_budget *budget,
              const struct stream_sink *sink, void *data)
{
  while (side->hole)
    give_up(side, frame, budget, sink, data);
}

void
stream_clear(struct flow_side *side, struct stream_budget *budget)
{
  if (!side->hole)
    return;
  while (side->hole->first) {
    struct stream_held *h = side->hole->first;
    side->hole->first = h->next;
    forget(side, h, budget);
  }
  close_hole(side);
}
