/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link.c -- one Ethernet link between two interfaces, each direction by itself.
 *
 *   link_send ─> queue (drop-tail) ─> start: on the wire for size/rate ─> + delay ─> host_input
 *                     full: dropped      │ tap; lost here by chance or by a fault rule
 *
 * A frame's time in the trace is when its first bit leaves. Frames shorter than Ethernet's minimum
 * are padded with zeros, as a network card does. SIMPLIFIED: preamble, frame check sequence and the
 * gap between frames take no time, so that "octets x 8 / rate" on the board is what the trace
 * shows. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "sim/net/host.h"

enum { FRAME_OCTETS_MIN = ETH_OCTETS + ETH_MIN_PAYLOAD };
enum { PPM = 1000000 };

/* ---- faults ---- */

/* What a rule may ask of a frame. */
struct frame_sort {
  bool is_tcp, is_udp, is_icmp, is_arp;
  uint16_t src_port, dst_port, flags;
  uint32_t n_data;
};

static struct frame_sort
sort_frame(const struct packet *p)
{
  struct frame_sort s = {0};
  struct eth eth;
  struct ipv4 ip;
  eth_get(p->octets, p->n, &eth);
  s.is_arp = eth.type == ETHER_ARP;
  if (eth.type != ETHER_IPV4 || !ipv4_get(p->octets + PACKET_IP, p->n - PACKET_IP, &ip))
    return s;
  const uint8_t *q = p->octets + PACKET_IP + ip.header_octets;
  size_t n = ip.total_octets - ip.header_octets;
  s.is_icmp = ip.proto == IP_PROTO_ICMP;
  struct tcp tcp;
  if (ip.proto == IP_PROTO_TCP && tcp_get(q, n, &tcp)) {
    s.is_tcp = true;
    s.flags = tcp.flags;
    s.n_data = (uint32_t)(n - tcp.header_octets);
    s.src_port = tcp.src_port;
    s.dst_port = tcp.dst_port;
  }
  struct udp udp;
  if (ip.proto == IP_PROTO_UDP && udp_get(q, n, &udp)) {
    s.is_udp = true;
    s.src_port = udp.src_port;
    s.dst_port = udp.dst_port;
  }
  return s;
}

static bool
fits(const struct fault *f, const struct frame_sort *s)
{
  if (f->port && s->src_port != f->port && s->dst_port != f->port)
    return false;
  switch (f->of) {
  case FAULT_ANY:
    return true;
  case FAULT_DATA:
    return s->is_tcp && s->n_data > 0;
  case FAULT_SYN:
    return s->is_tcp && (s->flags & TCP_SYN);
  case FAULT_FIN:
    return s->is_tcp && (s->flags & TCP_FIN);
  case FAULT_ACK:
    return s->is_tcp && s->n_data == 0 &&
           (s->flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) == TCP_ACK;
  case FAULT_UDP:
    return s->is_udp;
  case FAULT_ICMP:
    return s->is_icmp;
  case FAULT_ARP:
    return s->is_arp;
  }
  return false;
}

static bool
is_faulty(struct link_way *w, const struct packet *p)
{
  if (!w->faults)
    return false;
  struct frame_sort s = sort_frame(p);
  bool lost = false;
  for (unsigned i = 0; i < w->faults->len; i++) {
    struct fault *f = &g_array_index(w->faults, struct fault, i);
    if (!fits(f, &s))
      continue;
    f->n_seen++;
    lost = lost || (f->n_seen >= f->first && f->n_seen < f->first + f->times);
  }
  return lost;
}

/* ---- sending ---- */

static void
arrive(void *data)
{
  struct packet *p = data;
  struct iface *to = p->to;
  p->to = NULL;
  host_input(to, p);
}

static void
tell_tap(struct link_way *w, const struct packet *p, int64_t arrival_ns)
{
  struct world *world = w->link->net->world;
  if (!world_wants_frames(world))
    return;
  world_emit_frame(world, &(struct world_frame){.time_ns = world_now(world),
                                                .link = w->link->index,
                                                .from_host = w->from->host->index,
                                                .to_host = w->to->host->index,
                                                .is_sender = p->maker == w->from->host->index,
                                                .is_lost = p->is_lost,
                                                .arrival_ns = p->is_lost ? -1 : arrival_ns,
                                                .octets = p->octets,
                                                .n_octets = p->n,
                                                .packet = p->journey});
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
  w->busy_until_ns = now + (int64_t)p->n * 8 * 1000000000 / l->rate_bit_s;
  int64_t arrival_ns = w->busy_until_ns + l->delay_ns;
  p->is_lost = is_faulty(w, p);
  if (l->loss_ppm > 0 && random_below(&w->loss, PPM) < l->loss_ppm)
    p->is_lost = true;
  tell_tap(w, p, arrival_ns);
  if (p->is_lost) {
    packet_free(l->net, p);
    return;
  }
  p->to = w->to;
  world_at(world, arrival_ns, WORLD_LINK, w->to->host->index, arrive, p);
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
  struct world *world = w->link->net->world;
  w->is_waiting = false;
  struct packet *p = packet_queue_pop(&w->queue);
  g_assert(p);
  tell_queue(w);
  start(w, p);
  if (w->queue.n > 0) {
    w->is_waiting = true;
    world_at(world, w->busy_until_ns, WORLD_LINK, w->from->host->index, start_next, w);
  }
}

void
link_send(struct iface *from, struct packet *p)
{
  struct link_way *w = &from->link->ways[from->way];
  struct world *world = w->link->net->world;
  if (!w->is_waiting && world_now(world) >= w->busy_until_ns) {
    start(w, p);
    return;
  }
  if (w->queue.n >= w->link->queue_max) {
    host_log(from->host, "link", "queue of %s is full: frame dropped", "คิวของ %s เต็ม จึงทิ้งเฟรม",
             w->link->name);
    packet_free(w->link->net, p);
    return;
  }
  packet_queue_push(&w->queue, p);
  tell_queue(w);
  if (!w->is_waiting) {
    w->is_waiting = true;
    world_at(world, w->busy_until_ns, WORLD_LINK, from->host->index, start_next, w);
  }
}

void
link_clear(struct link *l)
{
  for (unsigned i = 0; i < 2; i++) {
    packet_queue_clear(l->net, &l->ways[i].queue);
    if (l->ways[i].faults)
      g_array_free(l->ways[i].faults, TRUE);
  }
  g_free(l->name);
  g_free(l);
}
