/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fragments.c -- datagrams that wait for their missing fragments.
 *
 *     fragments_feed: key (source, destination, identification, version; IPv4 also protocol)
 *       ─> waiting datagram ─> new octets only (the first arrival of an octet wins) ─> complete?
 *
 * Overlaps: later fragments never replace octets that are there, so that teardrop-like captures
 * show what came first; RFC 5722 would drop such IPv6 datagrams, and a reader wants to see them. A
 * last fragment that disagrees with an earlier one about the length is ignored. Bounded: datagrams,
 * pieces, octets, and time by the capture's own stamps. */
#include "capture/trace/fragments.h"

#include <string.h>

struct waiting {
  struct ip_addr src, dst;
  uint32_t id;
  uint8_t proto; /* IPv4: part of the key; IPv6: of the first fragment */
  bool end_known;
  uint32_t n_octets; /* once end_known */
  uint32_t n_present;
  int64_t time_ns; /* of its first fragment */
  GByteArray *octets;
  GArray *pieces; /* struct trace_piece, sorted, no overlaps */
};

struct fragments {
  GPtrArray *waiting; /* struct waiting, oldest first */
  size_t n_held;      /* octets that they take */
  struct waiting *done;
};

static void
waiting_free(void *data)
{
  struct waiting *w = data;
  if (!w)
    return;
  g_byte_array_unref(w->octets);
  g_array_unref(w->pieces);
  g_free(w);
}

static size_t
held(const struct waiting *w)
{
  return sizeof *w + w->octets->len + w->pieces->len * sizeof(struct trace_piece);
}

struct fragments *
fragments_new(void)
{
  struct fragments *f = g_new0(struct fragments, 1);
  f->waiting = g_ptr_array_new_with_free_func(waiting_free);
  return f;
}

void
fragments_free(struct fragments *f)
{
  if (!f)
    return;
  g_ptr_array_unref(f->waiting);
  waiting_free(f->done);
  g_free(f);
}

static bool
is_of(const struct waiting *w, const struct frame_layers *l)
{
  return w->id == l->fragment_id && (l->ip_version == 6 || w->proto == l->ip_proto) &&
         ip_addr_equal(&w->src, &l->src) && ip_addr_equal(&w->dst, &l->dst);
}

static unsigned
find(struct fragments *f, const struct frame_layers *l, int64_t time_ns)
{
  while (f->waiting->len) {
    const struct waiting *oldest = g_ptr_array_index(f->waiting, 0);
    if (time_ns - oldest->time_ns <= FRAGMENTS_TIMEOUT_NS &&
        f->waiting->len <= FRAGMENTS_DATAGRAMS_MAX && f->n_held <= FRAGMENTS_HELD_MAX)
      break;
    f->n_held -= held(oldest);
    g_ptr_array_remove_index(f->waiting, 0);
  }
  for (unsigned i = 0; i < f->waiting->len; i++)
    if (is_of(g_ptr_array_index(f->waiting, i), l))
      return i;
  struct waiting *w = g_new0(struct waiting, 1);
  w->src = l->src;
  w->dst = l->dst;
  w->id = l->fragment_id;
  w->proto = l->ip_proto;
  w->time_ns = time_ns;
  w->octets = g_byte_array_new();
  w->pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  g_ptr_array_add(f->waiting, w);
  f->n_held += held(w);
  return f->waiting->len - 1;
}

/* Adds those octets of [first, first + n) that no piece has yet. */
static void
add(struct waiting *w, uint32_t first, const uint8_t *p, uint32_t n, uint32_t frame,
    uint32_t frame_offset)
{
  uint32_t at = first, end = first + n;
  if (w->octets->len < end) {
    guint old = w->octets->len;
    g_byte_array_set_size(w->octets, end);
    memset(w->octets->data + old, 0, end - old);
  }
  unsigned i = w->pieces->len;
  while (i > 0) { /* the first piece that ends behind `at`; fragments mostly come in order */
    const struct trace_piece *q = &g_array_index(w->pieces, struct trace_piece, i - 1);
    if (q->first + q->n_octets <= at)
      break;
    i--;
  }
  while (at < end && w->pieces->len < FRAGMENTS_PIECES_MAX) {
    const struct trace_piece *next =
        i < w->pieces->len ? &g_array_index(w->pieces, struct trace_piece, i) : NULL;
    if (next && next->first <= at) {
      at = (uint32_t)next->first + next->n_octets;
      i++;
      continue;
    }
    uint32_t stop = next && next->first < end ? (uint32_t)next->first : end;
    struct trace_piece piece = {.first = at,
                                .n_octets = stop - at,
                                .frame = frame,
                                .frame_offset = frame_offset + (at - first)};
    memcpy(w->octets->data + at, p + (at - first), stop - at);
    g_array_insert_val(w->pieces, i, piece);
    w->n_present += stop - at;
    at = stop;
    i++;
  }
}

bool
fragments_feed(struct fragments *f, const struct frame_layers *layers, const uint8_t *frame,
               uint32_t index, int64_t time_ns, struct fragments_datagram *out)
{
  uint32_t first = layers->fragment_offset, n = layers->ip_payload_octets;
  if (!n || first + n > FRAGMENTS_OCTETS_MAX || n < layers->ip_payload_wire)
    return false; /* nothing, more than a datagram holds, or cut by the snap length */
  if (layers->more_fragments && n % 8)
    return false; /* RFC 791: only the last one may have another length */
  unsigned at = find(f, layers, time_ns);
  struct waiting *w = g_ptr_array_index(f->waiting, at);
  if (!first)
    w->proto = layers->ip_proto;
  if (!layers->more_fragments && !w->end_known) {
    w->end_known = true;
    w->n_octets = first + n;
  }
  if (w->end_known && first + n > w->n_octets)
    return false;
  f->n_held -= held(w);
  add(w, first, frame + layers->ip_payload_offset, n, index, layers->ip_payload_offset);
  f->n_held += held(w);
  if (!w->end_known || w->n_present < w->n_octets || w->octets->len > w->n_octets)
    return false;
  waiting_free(f->done);
  f->done = g_ptr_array_steal_index(f->waiting, at);
  f->n_held -= held(f->done);
  *out = (struct fragments_datagram){.octets = w->octets->data,
                                     .n_octets = w->n_octets,
                                     .ip_proto = w->proto,
                                     .pieces = (const struct trace_piece *)(void *)w->pieces->data,
                                     .n_pieces = w->pieces->len};
  return true;
}
