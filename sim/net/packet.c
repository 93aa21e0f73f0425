/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet.c -- frames under way: a pool of the usual size, and first-in-first-out queues.
 *
 * A packet is made once by its sender and handed from queue to link to host until somebody frees
 * it; only a switch that floods and a router that fragments copy. Larger ones (jumbo frames,
 * reassembled datagrams) are allocated by themselves. A short frame has room for its padding. */
#include <string.h>

#include "sim/net/host.h"

enum {
  POOLED_ROOM = PACKET_HEADROOM + ETH_MTU + 60, /* a segment with all TCP options */
  POOL_MAX = 4096, /* kept for the next ones: 7 MiB; a storm of broadcasts leaves no more behind */
};

static struct packet *
take(struct net *n, size_t room)
{
  struct packet *p = n->pool;
  if (room <= POOLED_ROOM && p) {
    n->pool = p->next;
    n->n_pool--;
    return p;
  }
  room = MAX(room, (size_t)POOLED_ROOM);
  p = g_malloc(sizeof *p + room);
  world_hold(n->world, (int64_t)(sizeof *p + room));
  p->room = (uint32_t)room;
  p->older = n->newest;
  p->newer = NULL;
  if (n->newest)
    n->newest->newer = p;
  n->newest = p;
  return p;
}

struct packet *
packet_new(struct net *n, uint32_t maker, size_t n_payload)
{
  struct packet *p = take(n, PACKET_HEADROOM + MAX(n_payload, (size_t)ETH_MIN_PAYLOAD));
  p->octets = p->store + PACKET_HEADROOM - ETH_OCTETS;
  p->next = NULL;
  p->to = NULL;
  p->at = NULL;
  p->journey = ++n->n_journeys;
  p->n = 0;
  p->maker = maker;
  p->is_lost = p->is_copy = p->is_bad = false;
  p->n_downs = 0;
  return p;
}

struct packet *
packet_copy(struct net *n, const struct packet *p)
{
  size_t before = (size_t)(p->octets - p->store);
  struct packet *copy = take(n, before + MAX(p->n, (uint32_t)ETH_OCTETS + ETH_MIN_PAYLOAD));
  copy->octets = copy->store + before;
  copy->next = NULL;
  copy->to = NULL;
  copy->at = NULL;
  copy->journey = p->journey;
  copy->n = p->n;
  copy->maker = p->maker;
  copy->is_lost = copy->is_copy = false;
  copy->is_bad = p->is_bad;
  copy->n_downs = p->n_downs;
  memcpy(copy->octets, p->octets, p->n);
  return copy;
}

static void
release(struct net *n, struct packet *p)
{
  if (p->older)
    p->older->newer = p->newer;
  if (p->newer)
    p->newer->older = p->older;
  else
    n->newest = p->older;
  world_hold(n->world, -(int64_t)(sizeof *p + p->room));
  g_free(p);
}

void
packet_free(struct net *n, struct packet *p)
{
  if (p->room != POOLED_ROOM || n->n_pool >= POOL_MAX) {
    release(n, p);
    return;
  }
  p->next = n->pool;
  n->pool = p;
  n->n_pool++;
}

void
packet_unmake(struct net *n, struct packet *p)
{
  g_assert(p->journey == n->n_journeys);
  n->n_journeys--;
  packet_free(n, p);
}

void
packet_pool_clear(struct net *n)
{
  while (n->newest)
    release(n, n->newest);
  n->pool = NULL;
  n->n_pool = 0;
}

void
packet_queue_push(struct packet_queue *q, struct packet *p)
{
  p->next = NULL;
  if (q->last)
    q->last->next = p;
  else
    q->first = p;
  q->last = p;
  q->n++;
  q->n_octets += p->n;
}

void
packet_queue_push_front(struct packet_queue *q, struct packet *p)
{
  p->next = q->first;
  q->first = p;
  if (!q->last)
    q->last = p;
  q->n++;
  q->n_octets += p->n;
}

struct packet *
packet_queue_pop(struct packet_queue *q)
{
  struct packet *p = q->first;
  if (!p)
    return NULL;
  q->first = p->next;
  if (!q->first)
    q->last = NULL;
  q->n--;
  q->n_octets -= p->n;
  p->next = NULL;
  return p;
}

void
packet_queue_clear(struct net *n, struct packet_queue *q)
{
  for (struct packet *p; (p = packet_queue_pop(q));)
    packet_free(n, p);
}
