/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hops.c -- the way of one packet through the network, device by device.
 *
 * The twin of a run is the same run seen on all links: its frames and its flights are the same
 * list. The flights of one packet form a tree, because switches flood; the way is the branch that
 * ends where the packet was meant to go:
 *
 *     pc ──> switch ──> router ──> server       flights of the packet by time; the parent of a
 * flight └──> printer                 is the last one that came to where it starts
 *
 * What each layer did on the way is told in hops_tell.c. */
#include "lessons/hops.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "lessons/hops_private.h"
#include "lessons/library.h"
#include "sim/net/drop.h"

enum { DEVICES_MAX = 300 }; /* more than a TTL allows, switches between them included */
#define NO_FLIGHT SIZE_MAX

/* ---- life ---- */

static void
change_free(gpointer change)
{
  struct hop_change *c = change;
  g_free(c->key);
  g_free(c->before);
  g_free(c->after);
  g_free(c);
}

static void
step_free(gpointer step)
{
  struct hop_step *s = step;
  g_free(s->sentence);
  g_ptr_array_unref(s->changes);
  g_free(s);
}

static void
hop_free(gpointer hop)
{
  struct hop *h = hop;
  g_ptr_array_unref(h->steps);
  g_free(h);
}

void
hops_free(struct hops *h)
{
  if (!h)
    return;
  g_ptr_array_unref(h->devices);
  g_free(h->fate_sentence);
  g_free(h);
}

struct hop_step *
hops_add_step(struct hop *hop, enum hop_layer layer, enum hop_way way, char *sentence)
{
  struct hop_step *s = g_new0(struct hop_step, 1);
  *s = (struct hop_step){layer, way, sentence, g_ptr_array_new_with_free_func(change_free)};
  g_ptr_array_add(hop->steps, s);
  return s;
}

/* ---- the branch ---- */

struct journey {
  struct run *twin;
  const struct run_flight *all; /* of the twin */
  GArray *mine; /* size_t: places in `all` of this packet's flights, by leave time */
};

static const struct run_flight *
flight(const struct journey *j, size_t i)
{
  return &j->all[g_array_index(j->mine, size_t, i)];
}

/* The flight that brought the packet to where flight i starts; NO_FLIGHT: it was made there. */
static size_t
parent(const struct journey *j, size_t i)
{
  const struct run_flight *f = flight(j, i);
  size_t found = NO_FLIGHT;
  for (size_t k = 0; k < j->mine->len; k++) {
    const struct run_flight *g = flight(j, k);
    if (k != i && !g->is_lost && g->to_host == f->from_host && g->arrive_ns <= f->leave_ns)
      found = k;
  }
  return found;
}

static bool
is_passed_on(const struct journey *j, size_t i)
{
  const struct run_flight *f = flight(j, i);
  for (size_t k = 0; k < j->mine->len; k++)
    if (flight(j, k)->from_host == f->to_host && flight(j, k)->leave_ns >= f->arrive_ns)
      return true;
  return false;
}

/* Whether the packet was meant for the device that flight i came to: its IP or ARP destination is
 * one of that device's addresses, as the frame says it there (behind a NAT box, say). */
static bool
is_meant_for(const struct journey *j, size_t i, struct decode *d)
{
  static const char *const keys[] = {"ip.dst", "ipv6.dst", "arp.dst.proto_ipv4"};
  const struct run_flight *f = flight(j, i);
  struct net *n = run_net(j->twin);
  if (f->frame == TRACE_NONE || !decode_frame(d, f->frame))
    return false;
  for (unsigned k = 0; k < G_N_ELEMENTS(keys); k++) {
    const struct field *field = decode_find(d, keys[k], 0);
    struct ip_addr to;
    if (!field || !ip_addr_parse(decode_value(d, field), &to))
      continue;
    for (uint32_t a = 0; a < net_n_addresses(n, f->to_host); a++) {
      struct host_address own = net_address(n, f->to_host, a);
      if (ip_addr_equal(&to, &own.addr))
        return true;
    }
    return false; /* the outermost header decides */
  }
  return false;
}

/* The last flight of the way: to whom it was meant for, else where it was lost, else the last. */
static size_t
last_flight(const struct journey *j, struct decode *d)
{
  size_t lost = NO_FLIGHT, last = NO_FLIGHT;
  for (size_t i = 0; i < j->mine->len; i++) {
    if (flight(j, i)->is_lost) {
      lost = i;
      continue;
    }
    if (is_passed_on(j, i))
      continue;
    if (is_meant_for(j, i, d))
      return i;
    last = i;
  }
  return lost != NO_FLIGHT ? lost : last;
}

/* ---- devices ---- */

static unsigned
count_copies(const struct journey *j, const struct run_flight *f)
{
  unsigned n = 0;
  for (size_t i = 0; i < j->mine->len; i++)
    n += flight(j, i)->from_host == f->from_host;
  return n;
}

static struct hop *
add_device(struct hops *h, const struct run_flight *in, const struct run_flight *out)
{
  struct hop *hop = g_new0(struct hop, 1);
  *hop = (struct hop){
      .host = in ? in->to_host : out->from_host,
      .link_in = in ? in->link : UINT32_MAX,
      .link_out = out ? out->link : UINT32_MAX,
      .in_ns = in ? in->arrive_ns : -1,
      .out_ns = out ? out->leave_ns : -1,
      .frame_in = in ? in->frame : TRACE_NONE,
      .frame_out = out ? out->frame : TRACE_NONE,
      .steps = g_ptr_array_new_with_free_func(step_free),
  };
  g_ptr_array_add(h->devices, hop);
  return hop;
}

/* Why the packet went no further at a host, in the current language; NULL when nothing says so. */
static const char *
drop_reason_at(struct run *twin, uint32_t host, uint64_t packet)
{
  char key[24];
  g_snprintf(key, sizeof key, "%" G_GUINT64_FORMAT, packet);
  const char *value = run_value_at(twin, INT64_MAX, host, "drop", key);
  if (!value)
    return NULL;
  g_autofree char *word = g_strndup(value, strcspn(value, " "));
  enum drop_reason reason = drop_find(word);
  return reason == DROP_NONE ? NULL : drop_sentence(reason);
}

static void
tell_device(const struct journey *j, const struct hops *h, unsigned i, const size_t *way,
            const char *reason)
{
  struct hop *hop = h->devices->pdata[i];
  bool is_last = i + 1 == h->devices->len;
  struct hop_scene s = {.twin = j->twin,
                        .hop = hop,
                        .is_last = is_last,
                        .fate = is_last ? h->fate : HOP_DELIVERED,
                        .reason = is_last ? reason : NULL};
  if (hop->link_out != UINT32_MAX)
    s.n_copies = count_copies(j, flight(j, way[i]));
  for (unsigned k = i + 1; k < h->devices->len && !s.next_name; k++) {
    struct host_info next = run_host(j->twin, ((struct hop *)h->devices->pdata[k])->host);
    s.next_name = next.kind == HOST_SWITCH ? NULL : next.name;
  }
  const struct trace *t = run_trace(j->twin);
  struct decode *in = hop->frame_in != TRACE_NONE ? decode_new(t) : NULL;
  struct decode *out = hop->frame_out != TRACE_NONE ? decode_new(t) : NULL;
  s.in = in && decode_frame(in, hop->frame_in) ? in : NULL;
  s.out = out && decode_frame(out, hop->frame_out) ? out : NULL;
  hops_tell(&s);
  if (in)
    decode_free(in);
  if (out)
    decode_free(out);
}

static void
tell_fate(struct hops *h, const struct journey *j, const char *reason)
{
  const struct hop *last = h->devices->pdata[h->devices->len - 1];
  const char *name = run_host(j->twin, last->host).name;
  switch (h->fate) {
  case HOP_DELIVERED:
    h->fate_sentence =
        g_strdup_printf(lang_text("It reached %s, which kept it.", "ไปถึง %s ซึ่งรับไว้แล้ว"), name);
    break;
  case HOP_LOST:
    h->fate_sentence = g_strdup_printf(
        lang_text("It was lost on the link %s behind %s%s%s.", "สูญหายบนลิงก์ %s หลังออกจาก %s%s%s"),
        run_link(j->twin, last->link_out).name, name, reason ? ": " : "", reason ? reason : "");
    break;
  case HOP_DROPPED:
    h->fate_sentence =
        g_strdup_printf(lang_text("%s dropped it: %s.", "%s ทิ้งแพ็กเก็ตนี้: %s"), name, reason);
    break;
  }
}

/* ---- the whole ---- */

/* The packet that a frame shows; 0 when it shows none of this run. */
static uint64_t
packet_of(const struct run *r, uint32_t frame)
{
  size_t n = 0;
  const struct run_flight *f = run_flights(r, &n);
  for (size_t i = 0; i < n; i++)
    if (f[i].frame == frame)
      return f[i].packet;
  return 0;
}

static GArray *
flights_of(const struct run *r, uint64_t packet)
{
  size_t n = 0;
  const struct run_flight *f = run_flights(r, &n);
  GArray *mine = g_array_new(false, false, sizeof(size_t));
  for (size_t i = 0; i < n; i++)
    if (f[i].packet == packet)
      g_array_append_val(mine, i);
  return mine;
}

static struct hops *
follow(const struct journey *j)
{
  struct hops *h = g_new0(struct hops, 1);
  h->devices = g_ptr_array_new_with_free_func(hop_free);
  h->trace = run_trace(j->twin);
  struct decode *d = decode_new(h->trace);
  size_t way[DEVICES_MAX];
  unsigned n = 0;
  size_t last = last_flight(j, d);
  for (size_t i = last; i != NO_FLIGHT && n < DEVICES_MAX; i = parent(j, i))
    way[n++] = i;
  for (unsigned i = 0; i < n / 2; i++) {
    size_t swap = way[i];
    way[i] = way[n - 1 - i];
    way[n - 1 - i] = swap;
  }
  for (unsigned i = 0; i < n; i++)
    add_device(h, i > 0 ? flight(j, way[i - 1]) : NULL, flight(j, way[i]));
  const struct run_flight *end = flight(j, last);
  const char *reason = drop_reason_at(j->twin, end->from_host, end->packet);
  if (end->is_lost) {
    h->fate = HOP_LOST;
  } else {
    add_device(h, end, NULL);
    reason = drop_reason_at(j->twin, end->to_host, end->packet);
    h->fate = reason ? HOP_DROPPED : HOP_DELIVERED;
  }
  for (unsigned i = 0; i < h->devices->len; i++)
    tell_device(j, h, i, way, reason);
  tell_fate(h, j, reason);
  decode_free(d);
  return h;
}

struct hops *
hops_new(struct run *r, uint32_t frame, GError **error)
{
  struct run *twin = run_on_all_links(r, error);
  if (!twin)
    return NULL;
  uint64_t packet = packet_of(r, frame);
  size_t n = 0;
  struct journey j = {.twin = twin, .all = run_flights(twin, &n), .mine = flights_of(twin, packet)};
  struct hops *h = NULL;
  if (packet != 0 && j.mine->len > 0)
    h = follow(&j);
  else
    g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
                lang_text("frame %u belongs to no packet of this run",
                          "เฟรม %u ไม่ได้เป็นของแพ็กเก็ตใดในการจำลองนี้"),
                frame + 1);
  g_array_unref(j.mine);
  return h;
}

const struct hop *
hops_at(const struct hops *h, uint32_t host)
{
  for (unsigned i = 0; i < h->devices->len; i++) {
    const struct hop *hop = h->devices->pdata[i];
    if (hop->host == host)
      return hop;
  }
  return NULL;
}

const char *
hop_layer_name(enum hop_layer layer)
{
  static const struct lang_pair names[N_HOP_LAYERS] = {
      [HOP_LINK] = {"link layer", "ชั้นเชื่อมโยง"},
      [HOP_NETWORK] = {"network layer", "ชั้นเครือข่าย"},
      [HOP_TRANSPORT] = {"transport layer", "ชั้นขนส่ง"},
      [HOP_APPLICATION] = {"application layer", "ชั้นแอปพลิเคชัน"},
  };
  return lang_pick(names[layer]);
}
