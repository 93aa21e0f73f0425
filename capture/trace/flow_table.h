/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_TRACE_FLOW_TABLE_H
#define CAPTURE_TRACE_FLOW_TABLE_H

/* The inside of flow.c's table, for flow.c and for the short way of pass1.c, which looks up a flow
 * for every frame of a capture and must not pay for calls. Nobody else includes this. */
#include <string.h>

#include "capture/trace/blocks.h"
#include "capture/trace/flow.h"

enum { CACHE_LINE = 64 };

struct slot {
  uint32_t hash;
  uint32_t index1; /* 0: empty */
};

struct flow_table {
  struct slot *slots;
  uint32_t mask;
  uint32_t n_used;
  struct blocks flows;  /* struct flow, or struct flow_record */
  GArray *free_indexes; /* uint32_t */
  uint32_t n_tcp, n_udp;
  uint64_t key[2];
  bool with_records, by_interface;
  struct flow_table *reserved; /* stream numbers given before a flow's first frame; may be NULL */
};

__extension__ typedef unsigned __int128 flow_wide;

static inline uint64_t
flow_mix(uint64_t a, uint64_t b)
{
  flow_wide product = (flow_wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* One number for an IPv4 end. */
static inline uint64_t
flow_end_number(const uint8_t *addr, uint16_t port)
{
  uint32_t octets;
  memcpy(&octets, addr, 4);
  return (uint64_t)octets << 16 | port;
}

/* An IPv4 end has 48 bits: what else is in the key goes above them. */
static inline uint32_t
flow_table_hash(const struct flow_table *t, const struct flow_key *k)
{
  uint64_t h = flow_mix(k->low[0] ^ k->rest << 48 ^ t->key[0],
                        k->high[0] ^ (k->rest >> 16 & 0xffff) << 48 ^ t->key[1]);
  if (flow_key_version(k) != 4)
    h = flow_mix(h ^ k->low[1] ^ k->rest >> 32, k->high[1] ^ t->key[0]);
  return (uint32_t)(h ^ h >> 32);
}

static inline void
flow_table_look_up_wide(const struct flow_ends *e, struct flow_lookup *out)
{
  struct flow_key *k = &out->key;
  uint64_t src[2], dst[2], src_port = e->src_port, dst_port = e->dst_port;
  memcpy(src, e->src, 16);
  memcpy(dst, e->dst, 16);
  bool swapped = src[0] != dst[0]   ? src[0] > dst[0]
                 : src[1] != dst[1] ? src[1] > dst[1]
                                    : src_port > dst_port;
  for (unsigned i = 0; i < 2; i++) {
    k->low[i] = swapped ? dst[i] : src[i];
    k->high[i] = swapped ? src[i] : dst[i];
  }
  k->rest |= swapped ? dst_port << 48 | src_port << 32 : src_port << 48 | dst_port << 32;
  out->is_swapped = swapped;
}

G_ALWAYS_INLINE static inline void
flow_table_look_up(const struct flow_table *t, const struct flow_ends *e, uint16_t interface,
                   struct flow_lookup *out)
{
  struct flow_key *k = &out->key;
  k->rest = e->version | (uint64_t)e->proto << 8;
  if (t->by_interface)
    k->rest |= (uint64_t)interface << 16;
  if (e->version == 4) {
    uint64_t src = flow_end_number(e->src, e->src_port), dst = flow_end_number(e->dst, e->dst_port);
    out->is_swapped = src > dst;
    k->low[0] = src < dst ? src : dst;
    k->high[0] = src < dst ? dst : src;
    k->low[1] = k->high[1] = 0;
  } else {
    flow_table_look_up_wide(e, out);
  }
  out->hash = flow_table_hash(t, k);
}

/* Without branches: nearly always they are equal. */
static inline bool
flow_is_key(const struct flow_key *a, const struct flow_key *b)
{
  return ((a->low[0] ^ b->low[0]) | (a->high[0] ^ b->high[0]) | (a->low[1] ^ b->low[1]) |
          (a->high[1] ^ b->high[1]) | (a->rest ^ b->rest)) == 0;
}

static inline struct flow *
flow_table_at(const struct flow_table *t, uint32_t index)
{
  return blocks_get(&t->flows, index);
}

/* With many flows the record is in no cache: all its lines are asked for at once. */
static inline void
flow_table_fetch(const struct flow_table *t, const struct flow *f)
{
  const char *at = (const char *)f;
  __builtin_prefetch(at, 1);
  __builtin_prefetch(at + CACHE_LINE, 1);
  if (!t->with_records)
    return;
  for (unsigned line = 2; line < sizeof(struct flow_record) / CACHE_LINE; line++)
    __builtin_prefetch(at + line * CACHE_LINE, 1);
}

/* The slot of the key and its flow, or the empty one where it would go and NULL. */
G_ALWAYS_INLINE static inline struct slot *
flow_table_slot(const struct flow_table *t, const struct flow_lookup *lookup, struct flow **flow)
{
  for (uint32_t i = lookup->hash & t->mask;; i = (i + 1) & t->mask) {
    struct slot *s = &t->slots[i];
    *flow = NULL;
    if (!s->index1)
      return s;
    if (s->hash != lookup->hash)
      continue;
    *flow = flow_table_at(t, s->index1 - 1);
    flow_table_fetch(t, *flow);
    if (flow_is_key(&(*flow)->key, &lookup->key))
      return s;
  }
}

/* Look-up and find at once, for the flow that is mostly there, and the frame's direction in it. */
G_ALWAYS_INLINE static inline struct flow *
flow_table_seek(const struct flow_table *t, const struct flow_ends *ends, uint16_t interface,
                uint32_t *index, unsigned *direction)
{
  struct flow_lookup lookup;
  struct flow *f;
  flow_table_look_up(t, ends, interface, &lookup);
  *index = flow_table_slot(t, &lookup, &f)->index1 - 1;
  *direction = f ? flow_direction(f, &lookup) : 0;
  return f;
}

#endif
