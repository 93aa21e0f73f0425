/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.c -- one Ethernet link between two interfaces, each direction by itself.
 *
 *   link_send ─> queue (drop-tail) ─> start: on the wire for size/rate ─> + delay ─> host_input
 *             full, down: dropped        │ link_fate(): rules, chance, interventions; then the tap
 *
 * A frame's time in the trace is when its first bit leaves. Frames shorter than Ethernet's minimum
 * are padded with zeros, as a network card does. SIMPLIFIED: preamble, frame check sequence and the
 * gap between frames take no time, so that "octets x 8 / rate" on the board is what the trace
 * shows. A copy that the link makes of a frame takes its turn right behind it and suffers nothing
 * more. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"
#include "sim/net/intervene.h"

enum { FRAME_OCTETS_MIN = ETH_OCTETS + ETH_MIN_PAYLOAD };

static void
drop(struct link_way *w, struct packet *p, enum drop_reason reason)
{
  host_drop(w->from->host, p, reason, w->link->name);
  packet_free(w->link->net, p);
}

void
link_arrive(void *data)
{
  struct packet *p = data;
  struct iface *to = p->to;
  struct link_way *w = &to->link->ways[1 - to->way];
  if (w->link->net->intervene)
    intervene_land(w, p);
  p->to = NULL;
  p->is_copy = false;
  if (p->n_downs != w->n_downs) {
    drop(w, p, DROP_LINK_DOWN);
    return;
  }
  if (p->is_bad) {
    host_drop(to->host, p, DROP_FRAME_CHECK, w->link->name);
    packet_free(w->link->net, p);
    return;
  }
  host_input(to, p);
}

static void
tell_tap(struct link_way *w, const struct packet *p, int64_t due_ns, bool is_unseen)
{
  const struct net *n = w->link->net;
  if (!world_wants_frames(n->world) && !n->ears)
    return;
  struct world_frame frame = {.time_ns = world_now(n->world),
                              .link = w->link->index,
                              .from_host = w->from->host->index,
                              .to_host = w->to->host->index,
                              .is_sender = p->maker == w->from->host->index && !p->is_copy,
                              .is_unseen = is_unseen,
                              .is_lost = p->is_lost,
                              .arrival_ns = p->is_lost ? -1 : due_ns,
                              .due_ns = due_ns,
                              .octets = p->octets,
                              .n_octets = p->n,
                              .packet = p->journey};
  if (world_wants_frames(n->world))
    world_emit_frame(n->world, &frame);
  for (guint i = 0; n->ears && !is_unseen && i < n->ears->len; i++) {
    const struct ear *ear = &g_array_index(n->ears, struct ear, i);
    if (ear->link == frame.link)
      ear->hear(ear->data, &frame);
  }
}

/* Will the link go down before a frame that leaves now arrives? */
static bool
goes_down(const struct link_way *w, int64_t now_ns, int64_t due_ns)
{
  for (unsigned i = 0; i < w->downs->len; i++) {
    int64_t down_ns = g_array_index(w->downs, int64_t, i);
    if (down_ns > now_ns && down_ns <= due_ns)
      return true;
  }
  return false;
}

static void start_next(void *data);

static void
wait_turn(struct link_way *w)
{
  if (w->is_waiting)
    return;
  w->is_waiting = true;
  struct world *world = w->link->net->world;
  world_at(world, MAX(w->busy_until_ns, world_now(world)), WORLD_LINK, w->from->host->index,
           start_next, w);
}

static void
send_copy(void *data)
{
  struct packet *p = data;
  struct iface *to = p->to;
  struct link_way *w = &to->link->ways[1 - to->way];
  packet_queue_push_front(&w->queue, p);
  wait_turn(w);
}

static void
duplicate(struct link_way *w, const struct packet *p, int64_t behind_ns)
{
  struct packet *copy = packet_copy(w->link->net, p);
  struct world *world = w->link->net->world;
  copy->is_copy = true;
  copy->to = w->to;
  if (behind_ns > 0)
    world_at(world, world_now(world) + behind_ns, WORLD_LINK, w->from->host->index, send_copy,
             copy);
  else
    send_copy(copy);
}

/* The first bit leaves. */
static void
start(struct link_way *w, struct packet *p)
{
  struct link *l = w->link;
  struct world *world = l->net->world;
  int64_t now = world_now(world);
  if (p->n < FRAME_OCTETS_MIN) {
    memset(p->octets + p->n, 0, FRAME_OCTETS_MIN - p->n);
    p->n = FRAME_OCTETS_MIN;
  }
  w->busy_until_ns = now + (int64_t)p->n * 8 * 1000000000 / w->set[LINK_RATE];
  struct fate fate = {0};
  if (!w->is_plain && !p->is_copy)
    fate = link_fate(w, p);
  if (l->net->intervene && !p->is_copy)
    intervene_start(w, p, &fate);
  int64_t due_ns = w->busy_until_ns + w->set[LINK_DELAY] + fate.delay_ns;
  if (!fate.may_overtake) {
    due_ns = MAX(due_ns, w->last_due_ns);
    w->last_due_ns = due_ns;
  }
  p->is_lost = fate.lost != DROP_NONE || (w->downs && goes_down(w, now, due_ns));
  p->n_downs = w->n_downs;
  tell_tap(w, p, due_ns, fate.is_unseen);
  if (fate.is_duplicated)
    duplicate(w, p, fate.duplicate_ns);
  if (fate.lost) {
    drop(w, p, fate.lost);
    return;
  }
  p->to = w->to;
  uint64_t event = world_at(world, due_ns, WORLD_LINK, w->to->host->index, link_arrive, p);
  if (l->net->intervene)
    intervene_fly(w, p, event, due_ns);
}

static void
tell_queue(struct link_way *w)
{
  struct world *world = w->link->net->world;
  if (world_wants_events(world))
    world_emit(world, w->from->host->index, "queue", w->link->name, "%u", w->queue.n);
}

static void
start_next(void *data)
{
  struct link_way *w = data;
  w->is_waiting = false;
  struct packet *p = packet_queue_pop(&w->queue);
  if (!p)
    return; /* the link went down meanwhile and lost them */
  if (!p->is_copy)
    tell_queue(w);
  start(w, p);
  if (w->queue.n > 0)
    wait_turn(w);
}

static void
mark(struct link_way *w, struct packet *p)
{
  struct world *world = w->link->net->world;
  if (!link_mark(p) || !world_wants_events(world))
    return;
  char number[24];
  g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, p->journey);
  world_emit(world, w->from->host->index, "mark", number, "ce at=%s queue=%u", w->link->name,
             w->queue.n);
}

/* Is there room in the queue, which always has room for one frame? */
static bool
has_room(const struct link_way *w, const struct packet *p)
{
  int64_t octets_max = w->set[LINK_QUEUE_OCTETS];
  return w->queue.n < w->set[LINK_QUEUE] &&
         (octets_max == 0 || w->queue.n == 0 || (int64_t)w->queue.n_octets + p->n <= octets_max);
}

void
link_send(struct iface *from, struct packet *p)
{
  struct link_way *w = &from->link->ways[from->way];
  struct world *world = w->link->net->world;
  if (!w->set[LINK_UP]) {
    drop(w, p, DROP_LINK_DOWN);
    return;
  }
  if (p->n > ETH_OCTETS + (uint64_t)w->set[LINK_MTU] && p->n > FRAME_OCTETS_MIN) {
    drop(w, p, DROP_MTU);
    return;
  }
  if (!w->is_waiting && world_now(world) >= w->busy_until_ns) {
    start(w, p);
    return;
  }
  if (!has_room(w, p)) {
    drop(w, p, DROP_QUEUE_FULL);
    return;
  }
  if (w->set[LINK_MARK] > 0 && w->queue.n >= w->set[LINK_MARK])
    mark(w, p);
  packet_queue_push(&w->queue, p);
  tell_queue(w);
  wait_turn(w);
}

void
link_lose_queue(struct link_way *w)
{
  if (w->queue.n == 0)
    return;
  for (struct packet *p; (p = packet_queue_pop(&w->queue));)
    drop(w, p, DROP_LINK_DOWN);
  tell_queue(w);
}

void
link_clear(struct link *l)
{
  for (unsigned i = 0; i < 2; i++) {
    struct link_way *w = &l->ways[i];
    packet_queue_clear(l->net, &w->queue);
    g_free(w->chance);
    if (w->downs)
      g_array_free(w->downs, TRUE);
  }
  if (l->faults)
    g_array_free(l->faults, TRUE);
  g_free(l->name);
  g_free(l);
}
