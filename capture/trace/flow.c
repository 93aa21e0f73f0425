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
#include "capture/trace/flow.h"

#include <string.h>

enum {
  SLOTS_MIN = 1024,
  BLOCK_BITS = 9, /* flows per block: 512 */
  BLOCK_FLOWS = 1 << BLOCK_BITS,
  RESERVED_MAX = 1 << 16, /* quoted flows of a capture full of ICMP errors */
};

struct slot {
  uint32_t hash;
  uint32_t index1; /* 0: empty */
};

struct flow_table {
  struct slot *slots;
  uint32_t mask;
  uint32_t n_used;
  GPtrArray *blocks;
  uint32_t n_flows;
  GArray *free_indexes; /* uint32_t */
  uint32_t n_tcp, n_udp;
  uint64_t key[2];
  bool by_interface;
  struct flow_table *reserved; /* stream numbers given before a flow's first frame; may be NULL */
};

__extension__ typedef unsigned __int128 wide;

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
  wide product = (wide)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
hash_end(const struct flow_table *t, const struct ip_addr *addr, uint16_t port)
{
  uint64_t a, b = 0;
  uint32_t v4;
  if (addr->version == 4) {
    memcpy(&v4, addr->octets, 4);
    a = v4;
  } else {
    memcpy(&a, addr->octets, 8);
    memcpy(&b, addr->octets + 8, 8);
    a = mix(a ^ t->key[0], b ^ t->key[1]);
  }
  return mix(a ^ t->key[0], (uint64_t)port << 40 ^ t->key[1]);
}

static uint32_t
hash_key(const struct flow_table *t, const struct frame_layers *l, uint16_t interface)
{
  uint64_t both = hash_end(t, &l->src, l->src_port) + hash_end(t, &l->dst, l->dst_port);
  uint64_t rest = (uint64_t)l->ip_proto << 8 | l->ip_version;
  if (t->by_interface)
    rest |= (uint64_t)interface << 16;
  return (uint32_t)mix(both ^ rest, t->key[1] | 1);
}

static inline bool
same_addr(const struct ip_addr *a, const struct ip_addr *b)
{
  return memcmp(a, b, sizeof *a) == 0;
}

static bool
is_key(const struct flow_table *t, const struct flow *f, const struct frame_layers *l,
       uint16_t interface)
{
  const struct trace_flow_end *e = f->seen.ends;
  if (f->seen.proto != l->ip_proto || (t->by_interface && f->seen.interface != interface))
    return false;
  if (e[0].port == l->src_port && e[1].port == l->dst_port && same_addr(&e[0].addr, &l->src) &&
      same_addr(&e[1].addr, &l->dst))
    return true;
  return e[1].port == l->src_port && e[0].port == l->dst_port && same_addr(&e[1].addr, &l->src) &&
         same_addr(&e[0].addr, &l->dst);
}

struct flow_table *
flow_table_new(bool by_interface)
{
  struct flow_table *t = g_new0(struct flow_table, 1);
  t->by_interface = by_interface;
  t->mask = SLOTS_MIN - 1;
  t->slots = g_new0(struct slot, SLOTS_MIN);
  t->blocks = g_ptr_array_new_with_free_func(g_free);
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
  g_ptr_array_unref(t->blocks);
  g_array_unref(t->free_indexes);
  g_free(t);
}

void
flow_table_set_by_interface(struct flow_table *t, bool by_interface)
{
  g_assert(t->n_flows == 0);
  t->by_interface = by_interface;
}

struct flow *
flow_table_get(const struct flow_table *t, uint32_t index)
{
  struct flow *block = g_ptr_array_index(t->blocks, index >> BLOCK_BITS);
  return &block[index & (BLOCK_FLOWS - 1)];
}

uint32_t
flow_table_n(const struct flow_table *t)
{
  return t->n_flows;
}

uint32_t
flow_table_n_streams(const struct flow_table *t, uint8_t proto)
{
  return proto == IP_PROTO_TCP ? t->n_tcp : t->n_udp;
}

/* The slot of the key, or the empty one where it would go. */
static struct slot *
find_slot(const struct flow_table *t, const struct frame_layers *l, uint16_t interface,
          uint32_t hash)
{
  for (uint32_t i = hash & t->mask;; i = (i + 1) & t->mask) {
    struct slot *s = &t->slots[i];
    if (!s->index1 ||
        (s->hash == hash && is_key(t, flow_table_get(t, s->index1 - 1), l, interface)))
      return s;
  }
}

uint32_t
flow_table_find(struct flow_table *t, const struct frame_layers *layers, uint16_t interface)
{
  const struct slot *s = find_slot(t, layers, interface, hash_key(t, layers, interface));
  return s->index1 ? s->index1 - 1 : TRACE_NONE;
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
  if (t->n_flows >> BLOCK_BITS == t->blocks->len)
    g_ptr_array_add(t->blocks, g_new0(struct flow, BLOCK_FLOWS));
  return t->n_flows++;
}

void
flow_table_reserve(struct flow_table *t, const struct frame_layers *layers, uint16_t interface)
{
  if (flow_table_find(t, layers, interface) != TRACE_NONE)
    return;
  if (!t->reserved)
    t->reserved = flow_table_new(t->by_interface);
  struct flow_table *r = t->reserved;
  if (r->n_flows >= RESERVED_MAX || flow_table_find(r, layers, interface) != TRACE_NONE)
    return;
  struct flow *f = flow_table_get(r, flow_table_add(r, layers, interface));
  f->seen.stream = layers->ip_proto == IP_PROTO_TCP ? t->n_tcp++ : t->n_udp++;
}

/* The number that was reserved for this key, or the next one. */
static uint32_t
take_stream(struct flow_table *t, const struct frame_layers *layers, uint16_t interface)
{
  uint32_t index = t->reserved ? flow_table_find(t->reserved, layers, interface) : TRACE_NONE;
  if (index == TRACE_NONE)
    return layers->ip_proto == IP_PROTO_TCP ? t->n_tcp++ : t->n_udp++;
  uint32_t stream = flow_table_get(t->reserved, index)->seen.stream;
  flow_table_remove(t->reserved, index);
  return stream;
}

uint32_t
flow_table_add(struct flow_table *t, const struct frame_layers *layers, uint16_t interface)
{
  if ((uint64_t)t->n_used * 8 >= (uint64_t)(t->mask + 1) * 5)
    grow(t);
  uint32_t hash = hash_key(t, layers, interface);
  struct slot *s = find_slot(t, layers, interface, hash);
  uint32_t index = new_index(t);
  struct flow *f = flow_table_get(t, index);
  *f = (struct flow){.hash = hash};
  f->seen.proto = layers->ip_proto;
  f->seen.interface = interface;
  f->seen.stream = take_stream(t, layers, interface);
  f->seen.ends[0].addr = layers->src;
  f->seen.ends[0].port = layers->src_port;
  f->seen.ends[1].addr = layers->dst;
  f->seen.ends[1].port = layers->dst_port;
  f->sides[0].window_scale = f->sides[1].window_scale = -1;
  if (!s->index1)
    t->n_used++;
  *s = (struct slot){.hash = hash, .index1 = index + 1};
  return index;
}

void
flow_table_remove(struct flow_table *t, uint32_t index)
{
  struct flow *f = flow_table_get(t, index);
  uint32_t i = f->hash & t->mask;
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
  f->is_free = true;
  g_array_append_val(t->free_indexes, index);
}
