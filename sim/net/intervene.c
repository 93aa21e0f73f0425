/* SPDX-License-Identifier: GPL-3.0-or-later */
/* intervene.c -- what a person does to packets and links while the world runs.
 *
 *   drop, delay, duplicate, alter    the packet on the wire, else the next that starts and fits
 *   reset                            an RST is sent from the host of `from`, with the sequence
 * number that `to` expects, as one who listens on the way would know it set, down, up a property of
 * the link
 *
 * A packet that is on the wire has been seen by the taps already: dropping it there changes no
 * frame of the trace, only where its way ends (world_emit_change). Nothing here costs a run without
 * inputs. */
#include "sim/net/intervene.h"

#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "sim/net/build.h"
#include "sim/net/host.h"

struct rule {
  struct net *net;
  const struct input *input;
  const struct tree_node *node;
  unsigned number; /* 1-based place in the log */
  struct link *link;
  int way;                /* -1: both */
  struct tree_node value; /* SET, DOWN, UP */
  struct host *sender;    /* RESET */
  bool is_heard;          /* RESET: the conversation was seen and next_seq is known */
  uint32_t next_seq;
};

/* A packet between the ends of a link. */
struct flyer {
  struct packet *packet;
  uint64_t event;
  int64_t due_ns;
};

struct intervene {
  GPtrArray *rules;   /* struct rule* */
  GPtrArray *waiting; /* struct rule*, borrowed: packets that have not left yet */
  GPtrArray *resets;  /* struct rule*, borrowed: they listen until their time */
  GArray **wires;     /* struct flyer, for each link and direction; NULL until needed */
};

void
intervene_tell(struct world *w, unsigned number, enum intervene_outcome outcome)
{
  static const char *const words[] = {"waiting", "done", "nothing"};
  char key[16];
  g_snprintf(key, sizeof key, "%u", number);
  world_emit(w, 0, "input", key, "%s", words[outcome]);
}

/* ---- packets ---- */

static bool
fits(const struct rule *r, const struct link_way *w, const struct packet *p)
{
  return r->link == w->link && (r->way < 0 || w == &r->link->ways[r->way]) &&
         (r->input->packet == 0 || r->input->packet == p->journey);
}

/* False when nothing of it lies inside the frame. */
static bool
alter(const struct input *i, struct packet *p)
{
  if (i->offset >= p->n)
    return false;
  memcpy(p->octets + i->offset, i->octets, MIN(i->n_octets, p->n - i->offset));
  return true;
}

static GArray **
wire_of(const struct link_way *w)
{
  const struct link *l = w->link;
  return &l->net->intervene->wires[2 * l->index + (w == &l->ways[1])];
}

void
intervene_fly(struct link_way *w, struct packet *p, uint64_t event, int64_t due_ns)
{
  GArray **wire = wire_of(w);
  if (!*wire)
    *wire = g_array_new(FALSE, FALSE, sizeof(struct flyer));
  struct flyer flyer = {p, event, due_ns};
  g_array_append_val(*wire, flyer);
}

void
intervene_land(struct link_way *w, const struct packet *p)
{
  GArray *wire = *wire_of(w);
  for (guint i = 0; wire && i < wire->len; i++) {
    if (g_array_index(wire, struct flyer, i).packet != p)
      continue;
    g_array_remove_index(wire, i);
    return;
  }
}

static void
tell_change(const struct link_way *w, const struct packet *p, bool is_lost, int64_t arrival_ns)
{
  const struct link *l = w->link;
  world_emit_change(l->net->world, &(struct world_change){.link = l->index,
                                                          .from_host = w->from->host->index,
                                                          .packet = p->journey,
                                                          .is_lost = is_lost,
                                                          .arrival_ns = arrival_ns});
}

/* Acts on the flyer number `at`. */
static bool
act_on_flyer(const struct rule *r, struct link_way *w, guint at)
{
  GArray *wire = *wire_of(w);
  struct flyer f = g_array_index(wire, struct flyer, at);
  struct net *n = r->net;
  uint32_t to = w->to->host->index;
  int64_t due_ns = f.due_ns + r->input->by_ns;
  if (r->input->verb == INPUT_ALTER)
    return alter(r->input, f.packet);
  if (r->input->verb == INPUT_DUPLICATE) {
    struct packet *copy = packet_copy(n, f.packet);
    copy->to = f.packet->to;
    intervene_fly(w, copy, world_at(n->world, due_ns, WORLD_LINK, to, link_arrive, copy), due_ns);
    return true;
  }
  world_cancel(n->world, f.event);
  g_array_remove_index(wire, at);
  if (r->input->verb == INPUT_DELAY) {
    tell_change(w, f.packet, false, due_ns);
    intervene_fly(w, f.packet, world_at(n->world, due_ns, WORLD_LINK, to, link_arrive, f.packet),
                  due_ns);
    return true;
  }
  tell_change(w, f.packet, true, f.due_ns);
  host_drop(w->from->host, f.packet, DROP_INTERVENTION, w->link->name);
  packet_free(n, f.packet);
  return true;
}

/* The packet that the rule means, when it is on the wire now. With both directions open: the first
 * end's comes first. */
static bool
find_flyer(const struct rule *r, struct link_way **way, guint *at)
{
  for (unsigned k = 0; k < 2; k++) {
    struct link_way *w = &r->link->ways[k];
    const GArray *wire = *wire_of(w);
    for (guint i = 0; wire && i < wire->len; i++) {
      if (!fits(r, w, g_array_index(wire, struct flyer, i).packet))
        continue;
      *way = w;
      *at = i;
      return true;
    }
  }
  return false;
}

static void
act_on_packet(struct rule *r)
{
  struct link_way *w;
  guint at;
  if (find_flyer(r, &w, &at)) {
    bool is_done = act_on_flyer(r, w, at);
    intervene_tell(r->net->world, r->number, is_done ? INTERVENE_DONE : INTERVENE_NOTHING);
    return;
  }
  g_ptr_array_add(r->net->intervene->waiting, r);
  intervene_tell(r->net->world, r->number, INTERVENE_WAITING);
}

static bool
add_to_fate(const struct input *i, struct packet *p, struct fate *fate)
{
  switch (i->verb) {
  case INPUT_DROP:
    fate->lost = DROP_INTERVENTION;
    return true;
  case INPUT_DELAY:
    fate->delay_ns += i->by_ns;
    fate->may_overtake = true; /* those behind it do not wait for it */
    return true;
  case INPUT_DUPLICATE:
    fate->is_duplicated = true;
    fate->duplicate_ns = i->by_ns;
    return true;
  default:
    return alter(i, p);
  }
}

/* ---- resets ---- */

static bool
is_end(const struct ip_addr *a, uint16_t port, const struct ip_addr *b, uint16_t other_port)
{
  return port == other_port && ip_addr_equal(a, b);
}

/* What goes by tells which number the victim expects next: behind the last octet of `from`, or what
 * the victim acknowledged. */
static void
overhear(struct rule *r, const struct frame_layers *f)
{
  const struct input *i = r->input;
  if (is_end(&f->src, f->src_port, &i->from, i->from_port) &&
      is_end(&f->dst, f->dst_port, &i->to, i->to_port) && !(f->tcp.flags & TCP_RST)) {
    uint32_t end = f->tcp.seq + f->payload_octets + ((f->tcp.flags & TCP_SYN) != 0) +
                   ((f->tcp.flags & TCP_FIN) != 0);
    if (!r->is_heard || (f->tcp.flags & TCP_SYN) || (int32_t)(end - r->next_seq) > 0)
      r->next_seq = end;
    r->is_heard = true;
  } else if (!r->is_heard && (f->tcp.flags & TCP_ACK) &&
             is_end(&f->src, f->src_port, &i->to, i->to_port) &&
             is_end(&f->dst, f->dst_port, &i->from, i->from_port)) {
    r->next_seq = f->tcp.ack;
    r->is_heard = true;
  }
}

static void
send_reset(const struct rule *r)
{
  const struct input *i = r->input;
  struct packet *p = packet_new(r->net, r->sender->index, TCP_OCTETS);
  uint8_t *q = packet_payload(p);
  struct tcp tcp = {.src_port = i->from_port,
                    .dst_port = i->to_port,
                    .seq = r->next_seq,
                    .header_octets = TCP_OCTETS,
                    .flags = TCP_RST};
  tcp_put(q, &tcp);
  put_be16(q + 16, 0);
  uint32_t sum = checksum_pseudo(&i->from, &i->to, IP_PROTO_TCP, TCP_OCTETS);
  put_be16(q + 16, checksum_finish(checksum_add(sum, q, TCP_OCTETS)));
  struct ip_sending sending = {.src = i->from, .dst = i->to, .proto = IP_PROTO_TCP, .df = true};
  bool is_sent = ip_send(r->sender, &sending, p, TCP_OCTETS);
  intervene_tell(r->net->world, r->number, is_sent ? INTERVENE_DONE : INTERVENE_NOTHING);
}

static void
reset(struct rule *r)
{
  g_ptr_array_remove(r->net->intervene->resets, r);
  if (r->is_heard)
    send_reset(r);
  else
    intervene_tell(r->net->world, r->number, INTERVENE_NOTHING);
}

/* ---- for link.c ---- */

void
intervene_start(struct link_way *w, struct packet *p, struct fate *fate)
{
  struct intervene *all = w->link->net->intervene;
  for (guint k = 0; k < all->waiting->len;) {
    struct rule *r = all->waiting->pdata[k];
    if (!fits(r, w, p)) {
      k++;
      continue;
    }
    g_ptr_array_remove_index(all->waiting, k);
    bool is_done = add_to_fate(r->input, p, fate);
    intervene_tell(r->net->world, r->number, is_done ? INTERVENE_DONE : INTERVENE_NOTHING);
  }
  if (all->resets->len == 0)
    return;
  struct frame_layers f;
  frame_walk(LINK_ETHERNET, p->octets, p->n, &f);
  if (f.ip_proto == IP_PROTO_TCP && f.transport_offset)
    for (guint k = 0; k < all->resets->len; k++)
      overhear(all->resets->pdata[k], &f);
}

/* ---- planning ---- */

static void
fire(void *data)
{
  struct rule *r = data;
  switch (r->input->verb) {
  case INPUT_RESET:
    reset(r);
    return;
  case INPUT_SET:
  case INPUT_DOWN:
  case INPUT_UP:
    link_set(r->link, r->way, r->input->verb == INPUT_SET ? r->input->key : "up", &r->value);
    intervene_tell(r->net->world, r->number, INTERVENE_DONE);
    return;
  default:
    act_on_packet(r);
  }
}

static bool
find_link(struct rule *r, GError **error)
{
  struct net *n = r->net;
  g_autofree const char **names = g_new0(const char *, n->n_links + 1);
  for (uint32_t i = 0; i < n->n_links && !r->link; i++) {
    names[i] = n->links[i]->name;
    if (strcmp(names[i], r->input->link) == 0)
      r->link = n->links[i];
  }
  if (!r->link) {
    const char *nearest = tree_nearest(r->input->link, names);
    return tree_fail(error, r->node,
                     lang_text("there is no link \"%s\"; write %s", "ไม่มีลิงก์ \"%s\" ให้เขียน %s"),
                     r->input->link,
                     nearest      ? nearest
                     : n->n_links ? names[0]
                                  : "NAME");
  }
  r->way = -1;
  for (int k = 0; k < 2 && r->input->from_host; k++)
    if (strcmp(r->link->ways[k].from->host->name, r->input->from_host) == 0)
      r->way = k;
  return !r->input->from_host || r->way >= 0 ||
         tree_fail(error, r->node,
                   lang_text("host \"%s\" is not at an end of link \"%s\"; write %s or %s",
                             "โฮสต์ \"%s\" ไม่ได้อยู่ที่ปลายลิงก์ \"%s\" ให้เขียน %s หรือ %s"),
                   r->input->from_host, r->link->name, r->link->ways[0].from->host->name,
                   r->link->ways[1].from->host->name);
}

static bool
find_sender(struct rule *r, GError **error)
{
  char text[ADDR_TEXT_MAX];
  for (uint32_t i = 0; i < r->net->n_hosts && !r->sender; i++)
    if (host_has_addr(r->net->hosts[i], &r->input->from))
      r->sender = r->net->hosts[i];
  return r->sender || tree_fail(error, r->node,
                                lang_text("no host has the address %s; name an end of a connection",
                                          "ไม่มีโฮสต์ที่ใช้ที่อยู่ %s ให้ระบุปลายของการเชื่อมต่อ"),
                                ip_addr_format(&r->input->from, text));
}

static bool
prepare(struct rule *r, GError **error)
{
  enum input_verb verb = r->input->verb;
  if (verb == INPUT_RESET) {
    g_ptr_array_add(r->net->intervene->resets, r);
    return find_sender(r, error);
  }
  if (!find_link(r, error))
    return false;
  if (verb != INPUT_SET && verb != INPUT_DOWN && verb != INPUT_UP)
    return true;
  r->value = *r->node;
  r->value.text =
      verb == INPUT_SET ? r->input->value : (char *)(verb == INPUT_UP ? "true" : "false");
  if (verb == INPUT_DOWN)
    link_plan_down(r->link, r->way, r->input->time_ns);
  return link_check(r->net, verb == INPUT_SET ? r->input->key : "up", &r->value, error);
}

bool
intervene_plan(struct net *n, const struct input_log *log, GError **error)
{
  if (input_log_n(log) == 0)
    return true;
  struct intervene *all = n->intervene = g_new0(struct intervene, 1);
  all->rules = g_ptr_array_new_with_free_func(g_free);
  all->waiting = g_ptr_array_new();
  all->resets = g_ptr_array_new();
  all->wires = g_new0(GArray *, 2 * (gsize)n->n_links);
  for (unsigned i = 0; i < input_log_n(log); i++) {
    const struct input *input = input_log_at(log, i);
    if (input->verb >= INPUT_OPEN)
      continue; /* those are typed by a hand: sim/mail/hand.c */
    struct rule *r = g_new0(struct rule, 1);
    *r = (struct rule){.net = n, .input = input, .node = input_log_node(log, i), .number = i + 1};
    g_ptr_array_add(all->rules, r);
    if (!prepare(r, error))
      return false;
    world_at(n->world, input->time_ns, WORLD_INPUT, 0, fire, r);
  }
  return true;
}

void
intervene_clear(struct net *n)
{
  struct intervene *all = n->intervene;
  if (!all)
    return;
  for (uint32_t i = 0; i < 2 * n->n_links; i++)
    if (all->wires[i])
      g_array_free(all->wires[i], TRUE);
  g_free(all->wires);
  g_ptr_array_unref(all->waiting);
  g_ptr_array_unref(all->resets);
  g_ptr_array_unref(all->rules);
  g_free(all);
  n->intervene = NULL;
}
