/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world.c -- the virtual clock: a binary heap of events, and what leaves a run.
 *
 * An event is a slot (callback, data) and an entry in the heap (its key); each slot knows its place
 * in the heap, so cancelling is one sift and leaves nothing behind:
 *
 *     world_at ──> slot taken from the free list, key sifted up      heap[0] is the next event
 *     world_step ─> heap[0] taken out, slot freed, callback called    order: see event_key
 *     world_cancel > the slot's entry taken out of the middle
 *
 * The key's second word is class, host, and a counter per host: events of one instant run in an
 * order that depends on nothing but the scenario, the seed and the inputs. Ids carry a generation,
 * so an id that has fired cancels nothing. Random streams are in random.c. */
#include "sim/core/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "capture/wire/bytes.h"

enum { HOST_BITS = 20, HOSTS_MAX = 1 << HOST_BITS };
/* A state event's value is a line on the screen. */
enum { VALUE_OCTETS_MAX = 1024 };

struct entry {
  int64_t time_ns;
  uint64_t order; /* class (4 bits), host (20 bits), sequence (40 bits) */
  uint32_t slot;
};

struct slot {
  world_callback callback;
  void *data;
  uint32_t place; /* in the heap; for a free slot the next free one */
  uint32_t generation;
};

struct world {
  uint64_t seed;
  int64_t now_ns;
  struct world_sink sink;
  void *sink_data;
  struct entry *heap;
  struct slot *slots;
  uint32_t n_heap, n_slots, n_room; /* n_room: allocated, of both arrays */
  uint32_t free_slot;               /* head of the free list, UINT32_MAX: none */
  uint64_t *sequences;              /* per host */
  uint32_t n_sequences;
  uint64_t n_run;
  int64_t n_held; /* octets, see world_hold() */
  struct world_limits limits;
  enum world_limit limit;
  uint64_t permutation; /* 0: hosts in the order of their numbers */
  uint64_t hash;
};

#define NO_SLOT UINT32_MAX

struct world *
world_new(uint64_t seed, const struct world_sink *sink, void *sink_data)
{
  struct world *w = g_new0(struct world, 1);
  w->seed = seed;
  if (sink)
    w->sink = *sink;
  w->sink_data = sink_data;
  w->free_slot = NO_SLOT;
  w->limits = world_limits_default;
  w->hash = UINT64_C(0x6a09e667f3bcc908);
  return w;
}

void
world_free(struct world *w)
{
  if (!w)
    return;
  g_free(w->heap);
  g_free(w->slots);
  g_free(w->sequences);
  g_free(w);
}

uint64_t
world_seed(const struct world *w)
{
  return w->seed;
}

int64_t
world_now(const struct world *w)
{
  return w->now_ns;
}

void
world_permute_ties(struct world *w, uint64_t permutation)
{
  g_assert(w->n_sequences == 0 && permutation != 0);
  w->permutation = permutation;
}

void
world_set_limits(struct world *w, const struct world_limits *limits)
{
  w->limits = *limits;
}

struct world_limits
world_limits(const struct world *w)
{
  return w->limits;
}

enum world_limit
world_limit(const struct world *w)
{
  return w->limit;
}

bool
world_hit_limit(const struct world *w)
{
  return w->limit != WORLD_LIMIT_NONE;
}

uint64_t
world_hash(const struct world *w)
{
  return w->hash;
}

bool
world_wants_frames(const struct world *w)
{
  return w->sink.frame != NULL;
}

bool
world_wants_events(const struct world *w)
{
  return w->sink.event != NULL;
}

/* ---- the heap ---- */

static inline bool
is_before(const struct entry *a, const struct entry *b)
{
  return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

static inline void
put_entry(struct world *w, uint32_t place, const struct entry *e)
{
  w->heap[place] = *e;
  w->slots[e->slot].place = place;
}

static void
sift_up(struct world *w, uint32_t place, struct entry e)
{
  while (place > 0) {
    uint32_t parent = (place - 1) / 2;
    if (!is_before(&e, &w->heap[parent]))
      break;
    put_entry(w, place, &w->heap[parent]);
    place = parent;
  }
  put_entry(w, place, &e);
}

static void
sift_down(struct world *w, uint32_t place, struct entry e)
{
  for (;;) {
    uint32_t child = 2 * place + 1;
    if (child >= w->n_heap)
      break;
    if (child + 1 < w->n_heap && is_before(&w->heap[child + 1], &w->heap[child]))
      child++;
    if (!is_before(&w->heap[child], &e))
      break;
    put_entry(w, place, &w->heap[child]);
    place = child;
  }
  put_entry(w, place, &e);
}

/* Takes the entry at a place out of the heap. */
static void
heap_remove(struct world *w, uint32_t place)
{
  w->n_heap--;
  if (place == w->n_heap)
    return;
  struct entry last = w->heap[w->n_heap];
  if (place > 0 && is_before(&last, &w->heap[(place - 1) / 2]))
    sift_up(w, place, last);
  else
    sift_down(w, place, last);
}

static uint32_t
slot_take(struct world *w)
{
  if (w->free_slot != NO_SLOT) {
    uint32_t slot = w->free_slot;
    w->free_slot = w->slots[slot].place;
    return slot;
  }
  if (w->n_slots == w->n_room) {
    w->n_room = w->n_room ? w->n_room * 2 : 64;
    w->heap = g_renew(struct entry, w->heap, w->n_room);
    w->slots = g_renew(struct slot, w->slots, w->n_room);
  }
  w->slots[w->n_slots].generation = 1;
  return w->n_slots++;
}

static void
slot_free(struct world *w, uint32_t slot)
{
  w->slots[slot].generation++;
  if (w->slots[slot].generation == 0)
    w->slots[slot].generation = 1;
  w->slots[slot].place = w->free_slot;
  w->free_slot = slot;
}

static uint64_t
next_sequence(struct world *w, uint32_t host)
{
  if (host >= w->n_sequences) {
    uint32_t n = MAX(host + 1, w->n_sequences * 2);
    w->sequences = g_renew(uint64_t, w->sequences, n);
    memset(w->sequences + w->n_sequences, 0, (n - w->n_sequences) * sizeof *w->sequences);
    w->n_sequences = n;
  }
  return w->sequences[host]++;
}

/* What happens until the running event is over still happens; then nothing more. */
static void
stop_at(struct world *w, enum world_limit limit)
{
  if (w->limit)
    return;
  w->limit = limit;
  g_autofree char *text = world_limit_text(w);
  world_emit(w, 0, "log", "world", "%s", text);
}

void
world_hold(struct world *w, int64_t octets)
{
  w->n_held += octets;
  if (w->n_held > 0 && (uint64_t)w->n_held > w->limits.octets)
    stop_at(w, WORLD_LIMIT_OCTETS);
}

/* The host's turn within an instant: its number, or its place in that instant's permutation, which
 * is one because both steps can be undone. */
static uint32_t
turn(const struct world *w, int64_t time_ns, uint32_t host)
{
  if (!w->permutation)
    return host;
  uint64_t key = ((uint64_t)time_ns ^ w->permutation) * UINT64_C(0x9e3779b97f4a7c15);
  uint32_t odd = (uint32_t)(key >> 32) | 1;
  return (host ^ (uint32_t)(key >> 8 & (HOSTS_MAX - 1))) * odd & (HOSTS_MAX - 1);
}

uint64_t
world_at(struct world *w, int64_t time_ns, enum world_class class, uint32_t host,
         world_callback callback, void *data)
{
  g_assert(time_ns >= w->now_ns && host < HOSTS_MAX && callback);
  if (w->n_heap >= w->limits.waiting)
    stop_at(w, WORLD_LIMIT_WAITING);
  uint32_t slot = slot_take(w);
  w->slots[slot].callback = callback;
  w->slots[slot].data = data;
  struct entry e = {.time_ns = time_ns,
                    .order = (uint64_t) class << 60 | (uint64_t)turn(w, time_ns, host) << 40 |
                             next_sequence(w, host),
                    .slot = slot};
  w->n_heap++;
  sift_up(w, w->n_heap - 1, e);
  return (uint64_t)w->slots[slot].generation << 32 | slot;
}

void
world_cancel(struct world *w, uint64_t id)
{
  uint32_t slot = (uint32_t)id;
  if (slot >= w->n_slots || w->slots[slot].generation != id >> 32)
    return;
  heap_remove(w, w->slots[slot].place);
  slot_free(w, slot);
}

bool
world_step(struct world *w)
{
  if (w->n_heap > 0 && w->n_run >= w->limits.events)
    stop_at(w, WORLD_LIMIT_EVENTS);
  if (w->n_heap == 0 || w->limit)
    return false;
  w->n_run++;
  struct entry e = w->heap[0];
  struct slot s = w->slots[e.slot];
  heap_remove(w, 0);
  slot_free(w, e.slot);
  w->now_ns = e.time_ns;
  s.callback(s.data);
  return true;
}

bool
world_run(struct world *w, int64_t until_ns)
{
  while (w->n_heap > 0 && w->heap[0].time_ns <= until_ns)
    if (!world_step(w))
      return false;
  /* Time passes even when nothing happens, so that inputs can be placed at `until_ns`; "for ever"
   * stops at the last event. */
  if (until_ns > w->now_ns && until_ns < INT64_MAX)
    w->now_ns = until_ns;
  return w->n_heap > 0 && !w->limit;
}

int64_t
world_next_ns(const struct world *w)
{
  return w->n_heap > 0 ? w->heap[0].time_ns : INT64_MAX;
}

/* ---- the rolling hash and the outlets ---- */

static inline uint64_t
fold(uint64_t h, uint64_t v)
{
  h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 29;
}

/* Four lanes, because one chain of multiplications would cost more than all else a frame costs. */
static uint64_t
fold_octets(uint64_t h, const uint8_t *p, size_t n)
{
  uint64_t lane[4] = {h, h + 1, h + 2, h + 3};
  size_t i = 0;
  for (; i + 32 <= n; i += 32)
    for (unsigned k = 0; k < 4; k++)
      lane[k] = fold(lane[k], get_le64(p + i + 8 * k));
  for (unsigned k = 0; i < n; k = (k + 1) % 4, i += 8) {
    uint8_t rest[8] = {0};
    memcpy(rest, p + i, MIN(n - i, 8));
    lane[k] = fold(lane[k], get_le64(rest));
  }
  h = fold(fold(lane[0], lane[1]), fold(lane[2], lane[3]));
  return fold(h, n);
}

enum hashed_kind { HASHED_FRAME = 1, HASHED_EVENT = 2 };

static void
hash_head(struct world *w, int64_t time_ns, uint32_t host, enum hashed_kind kind)
{
  w->hash = fold(fold(w->hash, (uint64_t)time_ns), (uint64_t)host << 8 | kind);
}

void
world_emit_frame(struct world *w, const struct world_frame *frame)
{
  if (!w->sink.frame)
    return;
  hash_head(w, frame->time_ns, frame->from_host, HASHED_FRAME);
  w->hash = fold_octets(w->hash, frame->octets, frame->n_octets);
  w->sink.frame(w->sink_data, frame);
}

void
world_emit_change(struct world *w, const struct world_change *change)
{
  if (w->sink.changed)
    w->sink.changed(w->sink_data, change);
}

void
world_emit_secret(struct world *w, const char *line)
{
  if (w->sink.secret)
    w->sink.secret(w->sink_data, line);
}

void
world_emit(struct world *w, uint32_t host, const char *subject, const char *key, const char *format,
           ...)
{
  if (!w->sink.event)
    return;
  char value[VALUE_OCTETS_MAX];
  va_list args;
  va_start(args, format);
  vsnprintf(value, sizeof value, format, args);
  va_end(args);
  /* A cut inside a letter would not be text any more. */
  const char *end;
  if (!g_utf8_validate(value, -1, &end))
    value[end - value] = '\0';
  hash_head(w, w->now_ns, host, HASHED_EVENT);
  const char *const texts[] = {subject, key, value};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    w->hash = fold_octets(w->hash, (const uint8_t *)texts[i], strlen(texts[i]));
  const struct world_event event = {w->now_ns, host, subject, key, value};
  w->sink.event(w->sink_data, &event);
}
