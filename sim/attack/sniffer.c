/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sniffer.c -- a host at a tap: frames ─> TCP streams in order ─> overhear.c ─> facts as events.
 *
 * Each direction is put in order by sequence numbers, as the receiver does; a segment that was lost
 * behind the tap comes again and is known already. What the tap itself missed leaves a gap: when
 * too much waits behind it, the listener goes on without it. */
#include "sim/attack/sniffer.h"

#include <string.h>

#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "sim/attack/overhear.h"

struct segment {
  uint32_t seq;
  GBytes *octets;
};

struct direction {
  bool has_next;
  uint32_t next;
  GArray *held; /* struct segment */
};

struct sniffer;

struct flow {
  struct sniffer *sniffer;
  struct ip_addr addrs[2]; /* of enum overhear_side */
  uint16_t ports[2];
  struct direction ways[2];
  struct overhear *overhear;
  unsigned n_fins;
  bool is_over;
};

struct sniffer {
  struct sniffers *all;
  struct action *action;
  char *subject;
  uint32_t link;
  int64_t for_ns;
  GPtrArray *flows; /* struct flow* */
  unsigned n_facts;
  uint64_t n_frames;
};

struct sniffers {
  struct net *net;
  struct world *world;
};

/* ---- flows ---- */

static void
segment_clear(void *data)
{
  g_bytes_unref(((struct segment *)data)->octets);
}

static void
learnt(void *data, const char *kind, const char *text)
{
  struct flow *f = data;
  struct sniffer *s = f->sniffer;
  char key[16], client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
  g_snprintf(key, sizeof key, "%u", ++s->n_facts);
  world_emit(s->all->world, action_host(s->action), s->subject, key, "%s: %s (%s > %s)", kind, text,
             endpoint_format(&f->addrs[0], f->ports[0], client),
             endpoint_format(&f->addrs[1], f->ports[1], server));
}

static void
flow_free(void *data)
{
  struct flow *f = data;
  for (int i = 0; i < 2; i++)
    g_array_unref(f->ways[i].held);
  overhear_free(f->overhear);
  g_free(f);
}

/* The flow of a segment; a SYN opens one, so the client is known. NULL when it is not followed. */
static struct flow *
find_flow(struct sniffer *s, const struct frame_layers *l, enum overhear_side *side)
{
  for (guint i = s->flows->len; i-- > 0;) {
    struct flow *f = s->flows->pdata[i];
    for (int c = 0; c < 2; c++) {
      if (!f->is_over && l->src_port == f->ports[c] && l->dst_port == f->ports[1 - c] &&
          ip_addr_equal(&l->src, &f->addrs[c]) && ip_addr_equal(&l->dst, &f->addrs[1 - c])) {
        *side = (enum overhear_side)c;
        return f;
      }
    }
  }
  if ((l->tcp.flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || s->flows->len >= SNIFFER_FLOWS_MAX)
    return NULL;
  struct flow *f = g_new0(struct flow, 1);
  f->sniffer = s;
  f->addrs[0] = l->src;
  f->addrs[1] = l->dst;
  f->ports[0] = l->src_port;
  f->ports[1] = l->dst_port;
  for (int i = 0; i < 2; i++) {
    f->ways[i].held = g_array_new(FALSE, FALSE, sizeof(struct segment));
    g_array_set_clear_func(f->ways[i].held, segment_clear);
  }
  f->overhear = overhear_new(learnt, f);
  g_ptr_array_add(s->flows, f);
  *side = OVERHEAR_CLIENT;
  return f;
}

/* Gives what is next of p[0..n); false when it lies ahead. */
static bool
give(struct flow *f, enum overhear_side side, uint32_t seq, const uint8_t *p, size_t n)
{
  struct direction *w = &f->ways[side];
  uint32_t skip = w->next - seq;
  if (seq_gt(seq, w->next))
    return false;
  if (skip < n) {
    overhear_feed(f->overhear, side, p + skip, n - skip);
    w->next = seq + (uint32_t)n;
  }
  return true;
}

/* What was held and has become the next. */
static void
give_held(struct flow *f, enum overhear_side side)
{
  struct direction *w = &f->ways[side];
  for (guint i = 0; i < w->held->len;) {
    const struct segment *held = &g_array_index(w->held, struct segment, i);
    gsize n;
    const uint8_t *p = g_bytes_get_data(held->octets, &n);
    if (give(f, side, held->seq, p, n)) {
      g_array_remove_index(w->held, i);
      i = 0;
    } else {
      i++;
    }
  }
}

/* The tap missed something that will not come any more: go on behind it. */
static void
jump(struct flow *f, enum overhear_side side)
{
  struct direction *w = &f->ways[side];
  uint32_t first = g_array_index(w->held, struct segment, 0).seq;
  for (guint i = 1; i < w->held->len; i++) {
    uint32_t seq = g_array_index(w->held, struct segment, i).seq;
    first = seq_lt(seq, first) ? seq : first;
  }
  overhear_gap(f->overhear, side);
  w->next = first;
  give_held(f, side);
}

static void
take_segment(struct flow *f, enum overhear_side side, const struct frame_layers *l,
             const uint8_t *p)
{
  struct direction *w = &f->ways[side];
  uint32_t seq = l->tcp.seq + (l->tcp.flags & TCP_SYN ? 1 : 0);
  if (!w->has_next) {
    w->has_next = true;
    w->next = seq;
  }
  const uint8_t *payload = p + l->payload_offset;
  if (l->payload_octets > 0 && !give(f, side, seq, payload, l->payload_octets)) {
    struct segment ahead = {seq, g_bytes_new(payload, l->payload_octets)};
    g_array_append_val(w->held, ahead);
    if (w->held->len >= SNIFFER_HELD_MAX)
      jump(f, side);
  }
  give_held(f, side);
  f->n_fins += (l->tcp.flags & TCP_FIN) != 0;
  if (l->tcp.flags & TCP_RST || f->n_fins == 2) {
    f->is_over = true;
    overhear_end(f->overhear);
  }
}

static void
hear(void *data, const struct world_frame *frame)
{
  struct sniffer *s = data;
  struct frame_layers l;
  enum overhear_side side;
  s->n_frames++;
  frame_walk(LINK_ETHERNET, frame->octets, frame->n_octets, &l);
  if (l.trouble != FRAME_FINE || l.ip_proto != 6 || l.transport_offset == 0)
    return;
  struct flow *f = find_flow(s, &l, &side);
  if (f)
    take_segment(f, side, &l, frame->octets);
}

/* ---- the verb ---- */

static void
finish(void *data)
{
  struct sniffer *s = data;
  struct world *w = s->all->world;
  uint32_t host = action_host(s->action);
  net_stop_ear(s->all->net, s);
  for (guint i = 0; i < s->flows->len; i++) {
    struct flow *f = s->flows->pdata[i];
    if (!f->is_over)
      overhear_end(f->overhear);
    f->is_over = true;
  }
  world_emit(w, host, s->subject, "frames", "%" G_GUINT64_FORMAT, s->n_frames);
  world_emit(w, host, s->subject, "conversations", "%u", s->flows->len);
  world_emit(w, host, s->subject, "facts", "%u", s->n_facts);
  action_finish(s->action, true);
}

static void
begin(struct action *action, void *own)
{
  struct sniffer *s = own;
  struct world *w = s->all->world;
  net_overhear(s->all->net, s->link, hear, s);
  world_at(w, world_now(w) + s->for_ns, WORLD_APP, action_host(action), finish, s);
}

static void
sniffer_free(void *own)
{
  struct sniffer *s = own;
  net_stop_ear(s->all->net, s);
  g_ptr_array_unref(s->flows);
  g_free(s->subject);
  g_free(s);
}

static bool
read_link(struct sniffer *s, const struct tree_node *node, GError **error)
{
  const char *name;
  if (!tree_text(node, "link", NULL, &name, error) ||
      !tree_duration(node, "for", INT64_C(60000000000), &s->for_ns, error))
    return false;
  for (uint32_t i = 0; name && i < net_n_links(s->all->net); i++) {
    if (strcmp(net_link_info(s->all->net, i).name, name) == 0) {
      s->link = i;
      s->subject = g_strdup_printf("sniffer %s", name);
      return true;
    }
  }
  return tree_fail(error, action_place(node, "link"),
                   lang_text("`sniff` listens at a link of the scenario: add `link: wan`",
                             "`sniff` ดักฟังที่ลิงก์ของสถานการณ์: เพิ่ม `link: wan`"));
}

static void *
read_sniff(void *owner, struct action *action, GError **error)
{
  struct sniffer *s = g_new0(struct sniffer, 1);
  s->all = owner;
  s->action = action;
  s->flows = g_ptr_array_new_with_free_func(flow_free);
  if (read_link(s, action_node(action), error))
    return s;
  sniffer_free(s);
  return NULL;
}

static const char *const sniff_keys[] = {"link", "for", NULL};

static const struct action_verb verbs[] = {
    {"sniff", sniff_keys, read_sniff, begin, sniffer_free},
};

struct action_table
sniffers_table(struct sniffers *all)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), all};
}

struct sniffers *
sniffers_new(struct net *n)
{
  struct sniffers *all = g_new0(struct sniffers, 1);
  all->net = n;
  all->world = net_world(n);
  return all;
}

void
sniffers_free(struct sniffers *all)
{
  g_free(all);
}
