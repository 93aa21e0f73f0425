/* SPDX-License-Identifier: GPL-3.0-or-later */
/* elements.c -- what was said, packed into 20 octets each and unpacked again, as records.c does. */
#include "capture/trace/elements.h"

#include <string.h>

enum {
  PACKED_BITS = 19, /* 10 MiB per block: five large pages */
  WIDE_BITS = 8,
  LOW_BITS = 24, /* of a word's first value; the second one has the rest */
  LOW_MAX = (1 << LOW_BITS) - 1,
  NO_COMMAND = LOW_MAX,
};
#define OFFSET_MAX ((UINT64_C(1) << 40) - 1)

void
elements_init(struct elements *s)
{
  blocks_init(&s->packed, sizeof(struct packed_element), PACKED_BITS);
  blocks_init(&s->wide, sizeof(struct element), WIDE_BITS);
  shapes_init(&s->shapes);
}

void
elements_clear(struct elements *s)
{
  blocks_clear(&s->packed);
  blocks_clear(&s->wide);
  shapes_clear(&s->shapes);
}

static uint16_t
shape_number(struct elements *s, const struct element *e)
{
  struct element_shape shape = {.code = e->code,
                                .secret_first = e->secret_first,
                                .secret_octets = e->secret_octets,
                                .app = e->app,
                                .kind = e->kind,
                                .side = e->side,
                                .state = e->state,
                                .flags = e->flags};
  struct shape value;
  memcpy(&value, &shape, sizeof value);
  return shapes_number(&s->shapes, value);
}

static inline bool
pack(struct elements *s, const struct element *e, uint32_t index, uint32_t frame_flow,
     struct packed_element *out)
{
  uint32_t first_back = e->last_frame - e->first_frame;
  uint32_t command_back = e->command == ELEMENT_NONE ? NO_COMMAND : index - e->command;
  uint16_t shape;
  if (e->flow != frame_flow || e->offset > OFFSET_MAX || e->n_octets > LOW_MAX ||
      first_back > LOW_MAX || (e->command != ELEMENT_NONE && command_back >= NO_COMMAND) ||
      (shape = shape_number(s, e)) == ELEMENT_WIDE)
    return false;
  out->last = e->last_frame;
  out->offset = (uint32_t)e->offset;
  out->size = e->n_octets | (uint32_t)(e->offset >> 32) << LOW_BITS;
  out->first = first_back | (uint32_t)shape << LOW_BITS;
  out->command = command_back | (uint32_t)(shape >> 8) << LOW_BITS;
  return true;
}

static inline uint16_t
shape_of(const struct packed_element *p)
{
  return (uint16_t)(p->first >> LOW_BITS | p->command >> LOW_BITS << 8);
}

bool
elements_add(struct elements *s, const struct element *e, uint32_t frame_flow)
{
  struct packed_element *p = blocks_add(&s->packed);
  if (!p)
    return false;
  if (pack(s, e, s->packed.n - 1, frame_flow, p))
    return true;
  /* There are never more of them than of packed ones, so there is room. */
  *(struct element *)blocks_add(&s->wide) = *e;
  *p = (struct packed_element){.last = s->wide.n - 1,
                               .first = (uint32_t)ELEMENT_WIDE << LOW_BITS,
                               .command = (uint32_t)(ELEMENT_WIDE >> 8) << LOW_BITS};
  return true;
}

struct element
elements_get(const struct elements *s, const struct records *records, uint32_t index)
{
  g_assert(index < s->packed.n);
  const struct packed_element *p = blocks_get(&s->packed, index);
  if (shape_of(p) == ELEMENT_WIDE)
    return *(const struct element *)blocks_get(&s->wide, p->last);
  struct element_shape shape;
  memcpy(&shape, &s->shapes.values[shape_of(p)], sizeof shape);
  uint32_t command_back = p->command & LOW_MAX;
  return (struct element){.offset = (uint64_t)(p->size >> LOW_BITS) << 32 | p->offset,
                          .n_octets = p->size & LOW_MAX,
                          .flow = records_flow(records, p->last),
                          .first_frame = p->last - (p->first & LOW_MAX),
                          .last_frame = p->last,
                          .command =
                              command_back == NO_COMMAND ? ELEMENT_NONE : index - command_back,
                          .code = shape.code,
                          .secret_first = shape.secret_first,
                          .secret_octets = shape.secret_octets,
                          .app = shape.app,
                          .kind = shape.kind,
                          .side = shape.side,
                          .state = shape.state,
                          .flags = shape.flags};
}

uint32_t
elements_find_old(const struct elements *s, uint32_t index, uint32_t end, uint32_t last)
{
  for (; index < end; index++) {
    const struct packed_element *p = blocks_get(&s->packed, index);
    if (p->last <= last || shape_of(p) == ELEMENT_WIDE)
      break;
  }
  return index;
}

uint32_t
elements_flow(const struct elements *s, const struct records *records, uint32_t index)
{
  g_assert(index < s->packed.n);
  const struct packed_element *p = blocks_get(&s->packed, index);
  if (shape_of(p) == ELEMENT_WIDE)
    return ((const struct element *)blocks_get(&s->wide, p->last))->flow;
  return records_flow(records, p->last);
}

uint64_t
elements_octets(const struct elements *s)
{
  return blocks_octets(&s->packed) + blocks_octets(&s->wide) + shapes_octets(&s->shapes);
}
