/* SPDX-License-Identifier: GPL-3.0-or-later */
/* link_fault.c -- what becomes of one frame on one direction of a link: rules first, then chance.
 *
 *   link_fate ─> rules of the scenario, each with its own count of the frames that fit
 *             └> chance: loss, duplicate, reorder, corrupt, jitter, one random stream each
 *
 * Burst loss is Gilbert's chain (E. N. Gilbert, 1960; Elliott's with certain loss in the bad
 * state): frames are lost while it is bad. It leaves the bad state with 1 / B, so bad spells last B
 * frames in the mean, and enters it with L / (B (1 - L)), so that the share L of all frames is
 * lost. */
#include <string.h>

#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"

enum { PPM = 1000000 };
enum { ICMP6_ND_FIRST = 133, ICMP6_ND_LAST = 137 }; /* RFC 4861 4 */

/* ---- rules ---- */

static bool
is_neighbour_talk(const struct frame_layers *l, const uint8_t *octets)
{
  if (l->ether_type == ETHER_ARP)
    return true;
  if (l->ip_proto != IP_PROTO_ICMPV6 || l->ip_payload_octets == 0)
    return false;
  uint8_t type = octets[l->ip_payload_offset];
  return type >= ICMP6_ND_FIRST && type <= ICMP6_ND_LAST;
}

static bool
fits_sort(enum fault_of of, const struct frame_layers *l, const uint8_t *octets)
{
  bool is_tcp = l->ip_proto == IP_PROTO_TCP && l->transport_offset > 0;
  uint16_t flags = is_tcp ? l->tcp.flags : 0;
  switch (of) {
  case FAULT_ANY:
    return true;
  case FAULT_DATA:
    return is_tcp && l->payload_octets > 0;
  case FAULT_SYN:
    return flags & TCP_SYN;
  case FAULT_FIN:
    return flags & TCP_FIN;
  case FAULT_ACK:
    return l->payload_octets == 0 && (flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) == TCP_ACK;
  case FAULT_UDP:
    return l->ip_proto == IP_PROTO_UDP && l->transport_offset > 0;
  case FAULT_ICMP:
    return l->ip_proto == IP_PROTO_ICMP ||
           (l->ip_proto == IP_PROTO_ICMPV6 && !is_neighbour_talk(l, octets));
  case FAULT_ARP:
    return is_neighbour_talk(l, octets);
  case FAULT_SORTS:
    break;
  }
  return false;
}

static bool
fits(struct link_way *w, const struct fault *f, const struct packet *p,
     const struct frame_layers *l)
{
  bool good = fits_sort(f->of, l, p->octets) &&
              (!f->port || l->src_port == f->port || l->dst_port == f->port);
  if (f->filter == UINT32_MAX)
    return good;
  /* The judge follows the conversation, so it sees every frame of the link. */
  const struct net *n = w->link->net;
  const struct world_frame frame = {.time_ns = world_now(n->world),
                                    .link = w->link->index,
                                    .from_host = w->from->host->index,
                                    .to_host = w->to->host->index,
                                    .is_sender = p->maker == w->from->host->index,
                                    .arrival_ns = -1,
                                    .due_ns = -1,
                                    .octets = p->octets,
                                    .n_octets = p->n,
                                    .packet = p->journey};
  return n->judge && n->judge(n->judge_data, f->filter, &frame) && good;
}

static int64_t
reorder_delay(const struct link_way *w)
{
  if (w->set[LINK_REORDER_DELAY] > 0)
    return w->set[LINK_REORDER_DELAY];
  /* Two full frames that follow at once pass, a third does not: too few for a fast retransmit. */
  return (ETH_OCTETS + w->set[LINK_MTU]) * 8 * 1000000000 / w->set[LINK_RATE] * 5 / 2;
}

static const struct {
  const char *name, *en, *th;
} act_names[FAULT_ACTS] = {
    [FAULT_DROP] = {"drop", "lost", "ทำให้สูญหาย"},
    [FAULT_DELAY] = {"delay", "delayed", "ถูกหน่วงเวลา"},
    [FAULT_DUPLICATE] = {"duplicate", "duplicated", "ถูกทำซ้ำ"},
    [FAULT_CORRUPT] = {"corrupt", "damaged", "เกิดความเสียหาย"},
    [FAULT_REORDER] = {"reorder", "held back, so that others overtake it", "ถูกกักไว้จนเฟรมอื่นแซง"},
    [FAULT_MARK] = {"mark", "marked: congestion experienced", "ถูกทำเครื่องหมายว่าพบความคับคั่ง"},
    [FAULT_HIDE] = {"hide", "on its way, but missed by the capture", "ไปถึง แต่การดักจับพลาดไป"},
};

/* What is no drop but is no ordinary passage either: event "fault". Drops tell themselves. */
static void
tell(struct link_way *w, const struct packet *p, enum fault_act act)
{
  struct host *h = w->from->host;
  if (!world_wants_events(h->net->world))
    return;
  char number[24];
  g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, p->journey);
  world_emit(h->net->world, h->index, "fault", number, "%s at=%s", act_names[act].name,
             w->link->name);
  host_log(h, "fault", "packet %s on %s: %s", "แพ็กเก็ต %s บน %s: %s", number, w->link->name,
           lang_text(act_names[act].en, act_names[act].th));
}

static void
suffer(struct link_way *w, struct packet *p, enum fault_act act, int64_t by_ns, uint64_t dice,
       struct fate *fate)
{
  switch (act) {
  case FAULT_DROP:
    fate->lost = DROP_RULE;
    return;
  case FAULT_DELAY:
    fate->delay_ns += by_ns;
    fate->may_overtake = true;
    break;
  case FAULT_REORDER:
    fate->delay_ns += by_ns > 0 ? by_ns : reorder_delay(w);
    fate->may_overtake = true;
    break;
  case FAULT_DUPLICATE:
    fate->is_duplicated = true;
    fate->duplicate_ns = by_ns;
    break;
  case FAULT_CORRUPT:
    link_corrupt(p, dice);
    break;
  case FAULT_MARK:
    if (!link_mark(p))
      return;
    break;
  case FAULT_HIDE:
    fate->is_unseen = true;
    break;
  case FAULT_ACTS:
    g_assert_not_reached();
  }
  tell(w, p, act);
}

static void
apply_rules(struct link_way *w, struct packet *p, struct fate *fate)
{
  GArray *faults = w->link->faults;
  unsigned way = w->from->way;
  struct frame_layers layers;
  frame_walk(LINK_ETHERNET, p->octets, p->n, &layers);
  for (unsigned i = 0; i < faults->len; i++) {
    struct fault *f = &g_array_index(faults, struct fault, i);
    bool is_fit = fits(w, f, p, &layers); /* asked for both directions: the judge listens */
    if (!(f->ways & 1u << way) || !is_fit)
      continue;
    f->n_seen++;
    if (f->n_seen >= f->first && f->n_seen < f->first + f->times)
      suffer(w, p, f->act, f->by_ns,
             f->act == FAULT_CORRUPT ? random_next(&w->chance->rule_place) : 0, fate);
  }
}

/* ---- chance ---- */

static bool
happens(struct random_stream *r, int64_t ppm)
{
  return ppm > 0 && random_below(r, PPM) < (uint64_t)ppm;
}

static enum drop_reason
lose_by_chance(struct link_way *w)
{
  struct link_chance *c = w->chance;
  uint64_t loss = (uint64_t)w->set[LINK_LOSS], burst = (uint64_t)w->set[LINK_BURST];
  if (loss == 0)
    return DROP_NONE;
  if (burst == 0)
    return random_below(&c->loss, PPM) < loss ? DROP_LOSS : DROP_NONE;
  if (c->is_bad)
    c->is_bad = loss == PPM || random_below(&c->loss, burst) != 0;
  else
    c->is_bad = loss == PPM || random_below(&c->loss, burst * (PPM - loss)) < loss;
  return c->is_bad ? DROP_BURST_LOSS : DROP_NONE;
}

static void
try_luck(struct link_way *w, struct packet *p, struct fate *fate)
{
  struct link_chance *c = w->chance;
  enum drop_reason lost = lose_by_chance(w);
  if (!fate->lost)
    fate->lost = lost;
  if (happens(&c->duplicate, w->set[LINK_DUPLICATE]))
    suffer(w, p, FAULT_DUPLICATE, 0, 0, fate);
  if (happens(&c->reorder, w->set[LINK_REORDER]))
    suffer(w, p, FAULT_REORDER, 0, 0, fate);
  if (happens(&c->corrupt, w->set[LINK_CORRUPT]))
    suffer(w, p, FAULT_CORRUPT, 0, random_next(&c->corrupt_place), fate);
  if (w->set[LINK_JITTER] > 0) {
    fate->delay_ns += (int64_t)random_below(&c->jitter, (uint64_t)w->set[LINK_JITTER] + 1);
    fate->may_overtake = fate->may_overtake || !w->set[LINK_KEEP_ORDER];
  }
}

struct fate
link_fate(struct link_way *w, struct packet *p)
{
  struct fate fate = {0};
  if (w->link->faults)
    apply_rules(w, p, &fate);
  try_luck(w, p, &fate);
  return fate;
}
