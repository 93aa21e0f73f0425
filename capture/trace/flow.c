/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flow.c -- finds the flow of a frame in constant time, whatever the capture holds.
 *
 *     slots: 8 octets each, open addressing, at most 5/8 full      blocks of flows, never moved
 *     +----------+---------+                                       +------+------+------+--
 *     | hash (32)| index+1 | ─────────────────────────────────────>| flow | flow | flow |
 *     +----------+---------+                                       +------+------+------+--
 *
 * The hash is the same for both directions and keyed with random numbers, so that nobody can send a
 * capture whose flows all meet in one slot. The order of slots is never looked at: flows are
 * numbered by their first frame, so results do not depend on the key. */
#include "capture/trace/flow_table.h"

enum {
  SLOTS_MIN = 1024,
  RESERVED_MAX = 1 << 16, /* quoted flows of a capture full of ICMP errors */
  FLOW_BITS = 11,         /* flows per block: 256 KiB */
  RECORD_BITS = 14,       /* records per block: 6 MiB, on large pages but for the first 2 MiB */
};

void
flow_table_lookup(const struct flow_table *t, const struct frame_layers *l, uint16_t interface,
                  struct flow_lookup *out)
{
  struct flow_ends ends = {.src = l->src.octets,
                           .dst = l->dst.octets,
                           .src_port = l->src_port,
                           .dst_port = l->dst_port,
                           .version = l->ip_version,
                           .proto = l->ip_proto};
  flow_table_look_up(t, &ends, interface, out);
}

void
flow_end(const struct flow *f, unsigned end, struct ip_addr *addr, uint16_t *port)
{
  bool is_high = (end == 0) == f->first_is_swapped;
  const uint64_t *number = is_high ? f->key.high : f->key.low;
  *addr = (struct ip_addr){.version = flow_key_version(&f->key)};
  if (addr->version == 4) {
    uint32_t octets = (uint32_t)(number[0] >> 16);
    memcpy(addr->octets, &octets, 4);
    *port = (uint16_t)number[0];
  } else {
    memcpy(addr->octets, number, 16);
    *port = (uint16_t)(f->key.rest >> (is_high ? 32 : 48));
  }
}

struct flow_table *
flow_table_new(bool by_interface, bool with_records)
{
  struct flow_table *t = g_new0(struct flow_table, 1);
  t->by_interface = by_interface;
  t->with_records = with_records;
  blocks_init(&t->flows, with_records ? sizeof(struct flow_record) : sizeof(struct flow),
              with_records ? RECORD_BITS : FLOW_BITS);
  t->mask = SLOTS_MIN - 1;
  t->slots = g_new0(struct slot, SLOTS_MIN);
  t->free_indexes = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (int i = 0; i < 2; i++)
    t->key[i] = (uint64_t)g_random_int() << 32 | g_random_int();
  return t;
}

void
flow_table_free(struct flow_table *t)
{
  if (!t)
    return;
  flow_table_free(t->reserved);
  g_free(t->slots);
  blocks_clear(&t->flows);
  g_array_unref(t->free_indexes);
  g_free(t);
}

void
flow_table_set_by_interface(struct flow_table *t, bool by_interface)
{
  g_assert(t->flows.n == 0);
  t->by_interface = by_interface;
}

struct flow *
flow_table_get(const struct flow_table *t, uint32_t index)
{
  return flow_table_at(t, index);
}

uint32_t
flow_table_n(const struct flow_table *t)
{
  return t->flows.n;
}

uint32_t
flow_table_n_live(const struct flow_table *t)
{
  return t->flows.n - t->free_indexes->len;
}

uint32_t
flow_table_n_streams(const struct flow_table *t, uint8_t proto)
{
  return proto == IP_PROTO_TCP ? t->n_tcp : t->n_udp;
}

struct flow *
flow_table_find(const struct flow_table *t, const struct flow_lookup *lookup, uint32_t *index)
{
  struct flow *f;
  *index = flow_table_slot(t, lookup, &f)->index1 - 1;
  return f;
}

static void
grow(struct flow_table *t)
{
  uint32_t n_old = t->mask + 1;
  struct slot *old = t->slots;
  t->mask = n_old * 2 - 1;
  t->slots = g_new0(struct slot, (gsize)n_old * 2);
  for (uint32_t i = 0; i < n_old; i++) {
    if (!old[i].index1)
      continue;
    uint32_t to = old[i].hash & t->mask;
    while (t->slots[to].index1)
      to = (to + 1) & t->mask;
    t->slots[to] = old[i];
  }
  g_free(old);
}

static uint32_t
new_index(struct flow_table *t)
{
  if (t->free_indexes->len) {
    uint32_t index = g_array_index(t->free_indexes, uint32_t, t->free_indexes->len - 1);
    g_array_set_size(t->free_indexes, t->free_indexes->len - 1);
    return index;
  }
  blocks_add(&t->flows);
  return t->flows.n - 1;
}

void
flow_table_reserve(struct flow_table *t, const struct flow_lookup *lookup)
{
  uint32_t index;
  if (flow_table_find(t, lookup, &index))
    return;
  if (!t->reserved)
    t->reserved = flow_table_new(t->by_interface, false);
  struct flow_table *r = t->reserved;
  if (r->flows.n >= RESERVED_MAX || flow_table_find(r, lookup, &index))
    return;
  struct flow *f = flow_table_add(r, lookup, &index);
  f->stream = flow_key_proto(&lookup->key) == IP_PROTO_TCP ? t->n_tcp++ : t->n_udp++;
}

/* The number that was reserved for this key, or the next one. */
static uint32_t
take_stream(struct flow_table *t, const struct flow_lookup *lookup)
{
  uint32_t index;
  const struct flow *r = t->reserved ? flow_table_find(t->reserved, lookup, &index) : NULL;
  if (!r)
    return flow_key_proto(&lookup->key) == IP_PROTO_TCP ? t->n_tcp++ : t->n_udp++;
  uint32_t stream = r->stream;
  flow_table_remove(t->reserved, index);
  return stream;
}

/* What a trace tells of a flow from its first frame on. */
static void
begin_record(struct flow_record *r)
{
  memset((char *)r + sizeof r->flow, 0, sizeof *r - sizeof r->flow);
  r->seen.proto = flow_key_proto(&r->flow.key);
  r->seen.stream = r->flow.stream;
  for (unsigned i = 0; i < 2; i++) {
    flow_end(&r->flow, i, &r->seen.ends[i].addr, &r->seen.ends[i].port);
    r->numbers[i].window_scale = -1;
  }
}

struct flow *
flow_table_add(struct flow_table *t, const struct flow_lookup *lookup, uint32_t *index)
{
  if ((uint64_t)t->n_used * 8 >= (uint64_t)(t->mask + 1) * 5)
    grow(t);
  struct flow *f;
  struct slot *s = flow_table_slot(t, lookup, &f);
  *index = new_index(t);
  f = flow_table_get(t, *index);
  *f = (struct flow){
      .key = lookup->key, .first_is_swapped = lookup->is_swapped, .stream = take_stream(t, lookup)};
  if (t->with_records)
    begin_record(flow_record(f));
  if (!s->index1)
    t->n_used++;
  *s = (struct slot){.hash = lookup->hash, .index1 = *index + 1};
  return f;
}

void
flow_table_remove(struct flow_table *t, uint32_t index)
{
  struct flow *f = flow_table_get(t, index);
  uint32_t i = flow_table_hash(t, &f->key) & t->mask;
  while (t->slots[i].index1 && t->slots[i].index1 != index + 1)
    i = (i + 1) & t->mask;
  if (t->slots[i].index1) { /* not hidden by a newer flow */
    for (uint32_t next = (i + 1) & t->mask; t->slots[next].index1; next = (next + 1) & t->mask) {
      uint32_t home = t->slots[next].hash & t->mask;
      if (((next - home) & t->mask) >= ((next - i) & t->mask)) {
        t->slots[i] = t->slots[next];
        i = next;
      }
    }
    t->slots[i] = (struct slot){0};
    t->n_used--;
  }
  f->key.rest &= ~UINT64_C(0xff00);
  g_array_append_val(t->free_indexes, index);
}
