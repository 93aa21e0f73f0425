/* SPDX-License-Identifier: GPL-3.0-or-later */
/* run.c -- a scenario, run: where the simulator's frames meet the trace.
 *
 * The world hands over every frame as it leaves one end of a link, and every state event. What the
 * chosen tap sees goes into the trace; every hop is kept as a flight, every event by time.
 *
 *     world ── frame ──> flights (all hops)
 *                  └───> trace    "sender": each packet once, as it leaves its maker; one
 * interface, since both directions of a conversation must meet in it "all": every hop, one
 * interface for each link; NAME: that link only world ── event ──> events, and an index (host,
 * subject, key) -> its events, ascending
 *
 * Not here: reading lessons (lesson.c), which file an id means (library.c), the pcapng form
 * (capture/source/writer.h). */
#include "lessons/run.h"

#include <string.h>

#include "capture/source/writer.h"
#include "capture/wire/lang.h"
#include "lessons/library.h"
#include "sim/mail/build.h"
#include "sim/outside/place.h"

enum tap { TAP_SENDER, TAP_ALL, TAP_LINK };

struct run {
  char *id, *title_en, *title_th;
  uint64_t seed;
  struct tree_node *scenario;
  struct world *world;
  struct net *net;
  struct mail *mail;
  struct trace *trace;
  enum tap tap;
  uint32_t tap_link;
  int64_t end_ns;
  GArray *flights;       /* struct run_flight, by leave time */
  GArray *events;        /* struct run_event, by time */
  GStringChunk *strings; /* of the events */
  GHashTable *by_key;    /* struct event_key -> GArray of uint32_t: indexes into events */
  GHashTable *by_packet; /* sender tap: packet number -> frame index + 1 */
  GArray *frame_is_lost; /* guint8 for each frame of the trace */
};

/* ---- the event index ---- */

struct event_key {
  uint32_t host;
  const char *subject, *key;
};

static guint
event_key_hash(gconstpointer p)
{
  const struct event_key *k = p;
  return g_str_hash(k->subject) * 31 + g_str_hash(k->key) * 7 + k->host;
}

static gboolean
event_key_equal(gconstpointer a, gconstpointer b)
{
  const struct event_key *x = a, *y = b;
  return x->host == y->host && strcmp(x->subject, y->subject) == 0 && strcmp(x->key, y->key) == 0;
}

static void
index_event(struct run *r, uint32_t index)
{
  const struct run_event *e = &g_array_index(r->events, struct run_event, index);
  struct event_key probe = {e->host, e->subject, e->key};
  GArray *list = g_hash_table_lookup(r->by_key, &probe);
  if (!list) {
    struct event_key *kept = g_new(struct event_key, 1);
    *kept = probe; /* the strings live in r->strings */
    list = g_array_new(false, false, sizeof(uint32_t));
    g_hash_table_insert(r->by_key, kept, list);
  }
  g_array_append_val(list, index);
}

const char *
run_value_at(const struct run *r, int64_t time_ns, uint32_t host, const char *subject,
             const char *key)
{
  struct event_key probe = {host, subject, key};
  const GArray *list = g_hash_table_lookup(r->by_key, &probe);
  if (!list)
    return NULL;
  guint low = 0, high = list->len; /* first event behind time_ns */
  while (low < high) {
    guint middle = low + (high - low) / 2;
    uint32_t index = g_array_index(list, uint32_t, middle);
    if (g_array_index(r->events, struct run_event, index).time_ns <= time_ns)
      low = middle + 1;
    else
      high = middle;
  }
  if (low == 0)
    return NULL;
  uint32_t index = g_array_index(list, uint32_t, low - 1);
  return g_array_index(r->events, struct run_event, index).value;
}

/* ---- the sink of the world ---- */

static bool
tap_sees(const struct run *r, const struct world_frame *f)
{
  switch (r->tap) {
  case TAP_SENDER:
    return f->is_sender;
  case TAP_ALL:
    return true;
  case TAP_LINK:
    return f->link == r->tap_link;
  }
  return false;
}

static uint32_t
frame_of_packet(const struct run *r, uint64_t packet)
{
  guint value = GPOINTER_TO_UINT(g_hash_table_lookup(r->by_packet, &packet));
  return value ? value - 1 : TRACE_NONE;
}

static uint32_t
append_frame(struct run *r, const struct world_frame *f)
{
  uint16_t interface = r->tap == TAP_ALL ? (uint16_t)f->link : 0;
  uint32_t frame = trace_append(r->trace, interface, TRACE_SIM_EPOCH_NS + f->time_ns, f->octets,
                                f->n_octets, f->n_octets);
  if (frame == TRACE_NONE)
    return frame;
  guint8 is_lost = false;
  g_array_append_val(r->frame_is_lost, is_lost);
  if (r->tap != TAP_ALL) {
    uint64_t *packet = g_new(uint64_t, 1);
    *packet = f->packet;
    g_hash_table_insert(r->by_packet, packet, GUINT_TO_POINTER(frame + 1));
  }
  return frame;
}

static void
take_frame(void *data, const struct world_frame *f)
{
  struct run *r = data;
  uint32_t frame = tap_sees(r, f) ? append_frame(r, f) : frame_of_packet(r, f->packet);
  if (f->is_lost && frame != TRACE_NONE) /* here, or on a later hop of the packet that was seen */
    g_array_index(r->frame_is_lost, guint8, frame) = true;
  struct run_flight flight = {
      .leave_ns = f->time_ns,
      .arrive_ns = f->due_ns,
      .link = f->link,
      .from_host = f->from_host,
      .to_host = f->to_host,
      .frame = frame,
      .packet = f->packet,
      .is_lost = f->is_lost,
  };
  g_array_append_val(r->flights, flight);
  r->end_ns = MAX(r->end_ns, f->time_ns);
}

static void
take_event(void *data, const struct world_event *e)
{
  struct run *r = data;
  struct run_event kept = {
      .time_ns = e->time_ns,
      .host = e->host,
      .subject = g_string_chunk_insert_const(r->strings, e->subject),
      .key = g_string_chunk_insert_const(r->strings, e->key),
      .value = g_string_chunk_insert_const(r->strings, e->value),
  };
  g_array_append_val(r->events, kept);
  index_event(r, r->events->len - 1);
  r->end_ns = MAX(r->end_ns, e->time_ns);
}

/* ---- reading what run.c itself needs of a scenario ---- */

static const char *const scenario_keys[] = {
    "title",  "about", "kind",     "seed",  "until",   "hosts", "links",
    "faults", "changes", "zones", "services", "users", "actions", NULL,
};

static bool
apply_settings(struct tree_node *scenario, char *const *set, GError **error)
{
  for (; set && *set; set++) {
    const char *equals = strchr(*set, '=');
    g_autofree char *path = equals ? g_strndup(*set, (gsize)(equals - *set)) : NULL;
    if (!path || !*path) {
      g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
                  lang_text("--set %s: write KEY=VALUE, for example links.wan.loss=0.05",
                            "--set %s: ให้เขียนในรูป KEY=VALUE เช่น links.wan.loss=0.05"),
                  *set);
      return false;
    }
    if (!tree_set(scenario, path, equals + 1)) {
      g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
                  lang_text("--set %1$s: %2$s has no place “%3$s”; a key is a path of names as in "
                            "the file, joined by dots",
                            "--set %1$s: ใน %2$s ไม่มีตำแหน่ง “%3$s” "
                            "คีย์คือพาธของชื่อตามที่อยู่ในไฟล์ คั่นด้วยจุด"),
                  *set, scenario->file, path);
      return false;
    }
  }
  return true;
}

static bool
read_scenario(struct run *r, const char *path, const struct run_options *options, int64_t *until_ns,
              GError **error)
{
  r->scenario = tree_load(path, error);
  if (!r->scenario)
    return false;
  const struct tree_node *root = r->scenario;
  if (root->kind != TREE_MAP)
    return tree_fail(error, root,
                     lang_text("a scenario is a map with “hosts” and “links”; this file holds "
                               "something else",
                               "สถานการณ์จำลองต้องเป็นแมปที่มี “hosts” และ “links” "
                               "แต่ไฟล์นี้เก็บข้อมูลอย่างอื่น"));
  if (!apply_settings(r->scenario, options->set, error) || !tree_known(root, scenario_keys, error) ||
      (options->has_outside && !place_outside(r->scenario, error)))
    return false;
  const char *en = NULL, *th = NULL;
  int64_t seed = 1, until = 0;
  if (!tree_pair(root, "title", &en, &th, error) ||
      !tree_int(root, "seed", 1, 1, INT64_MAX, &seed, error) ||
      !tree_duration(root, "until", 0, &until, error))
    return false;
  r->title_en = g_strdup(en ? en : r->id);
  r->title_th = g_strdup(th ? th : r->title_en);
  r->seed = options->seed ? options->seed : (uint64_t)seed;
  *until_ns = options->until_ns > 0 ? options->until_ns : until;
  return true;
}

/* ---- building ---- */

static bool
choose_tap(struct run *r, const char *tap, GError **error)
{
  if (!tap || strcmp(tap, "sender") == 0) {
    r->tap = TAP_SENDER;
    trace_add_interface(r->trace, "sender", LINK_ETHERNET);
    return true;
  }
  if (strcmp(tap, "all") == 0)
    r->tap = TAP_ALL;
  g_autoptr(GString) names = g_string_new(NULL);
  for (uint32_t i = 0; i < net_n_links(r->net); i++) {
    struct link_info info = net_link_info(r->net, i);
    if (r->tap == TAP_ALL) {
      trace_add_interface(r->trace, info.name, LINK_ETHERNET);
    } else if (strcmp(info.name, tap) == 0) {
      r->tap = TAP_LINK;
      r->tap_link = i;
      trace_add_interface(r->trace, info.name, LINK_ETHERNET);
    }
    g_string_append_printf(names, ", %s", info.name);
  }
  if (r->tap != TAP_SENDER)
    return true;
  g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING,
              lang_text("%1$s has no link “%2$s” to tap; there are: sender, all%3$s",
                        "%1$s ไม่มีลิงก์ชื่อ “%2$s” ให้ดักดู ที่เลือกได้คือ sender, all%3$s"),
              r->id, tap, names->str);
  return false;
}

static bool
build(struct run *r, const struct run_options *options, GError **error)
{
  static const struct world_sink sink = {take_frame, take_event};
  r->trace = trace_new();
  r->world = world_new(r->seed, &sink, r);
  r->net = net_new(r->world, r->scenario, error);
  if (!r->net || !choose_tap(r, options->tap, error))
    return false;
  r->mail = mail_new(r->net, r->scenario, error);
  return r->mail != NULL;
}

static void
free_array(gpointer array)
{
  g_array_free(array, true);
}

struct run *
run_new(const char *what, const struct run_options *options, GError **error)
{
  static const struct run_options defaults = {0};
  if (!options)
    options = &defaults;
  struct library_place place;
  if (!library_find(what, &place, error))
    return NULL;

  struct run *r = g_new0(struct run, 1);
  r->id = g_steal_pointer(&place.id);
  r->flights = g_array_new(false, false, sizeof(struct run_flight));
  r->events = g_array_new(false, false, sizeof(struct run_event));
  r->frame_is_lost = g_array_new(false, false, 1);
  r->strings = g_string_chunk_new(1 << 16);
  r->by_key = g_hash_table_new_full(event_key_hash, event_key_equal, g_free, free_array);
  r->by_packet = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

  int64_t until_ns = 0;
  bool ok = read_scenario(r, place.scenario, options, &until_ns, error) && build(r, options, error);
  library_place_clear(&place);
  if (!ok) {
    run_free(r);
    return NULL;
  }
  if (options->is_held)
    return r;
  world_run(r->world, until_ns > 0 ? until_ns : INT64_MAX);
  run_settle(r);
  return r;
}

struct world *
run_world(struct run *r)
{
  return r->world;
}

struct net *
run_net(struct run *r)
{
  return r->net;
}

void
run_settle(struct run *r)
{
  trace_finish(r->trace);
}

void
run_free(struct run *r)
{
  if (!r)
    return;
  g_clear_pointer(&r->mail, mail_free);
  g_clear_pointer(&r->net, net_free);
  g_clear_pointer(&r->world, world_free);
  g_clear_pointer(&r->scenario, tree_free);
  g_clear_pointer(&r->trace, trace_free);
  g_array_free(r->flights, true);
  g_array_free(r->events, true);
  g_array_free(r->frame_is_lost, true);
  g_hash_table_unref(r->by_key);
  g_hash_table_unref(r->by_packet);
  g_string_chunk_free(r->strings);
  g_free(r->id);
  g_free(r->title_en);
  g_free(r->title_th);
  g_free(r);
}

/* ---- reading ---- */

struct trace *
run_trace(const struct run *r)
{
  return r->trace;
}

const char *
run_id(const struct run *r)
{
  return r->id;
}

const char *
run_title(const struct run *r)
{
  return lang_get() == LANG_TH ? r->title_th : r->title_en;
}

uint64_t
run_seed(const struct run *r)
{
  return r->seed;
}

uint64_t
run_hash(const struct run *r)
{
  return world_hash(r->world);
}

int64_t
run_end_ns(const struct run *r)
{
  return r->end_ns;
}

bool
run_hit_limit(const struct run *r)
{
  return world_hit_limit(r->world);
}

uint32_t
run_n_hosts(const struct run *r)
{
  return net_n_hosts(r->net);
}

struct host_info
run_host(const struct run *r, uint32_t host)
{
  return net_host_info(r->net, host);
}

uint32_t
run_n_links(const struct run *r)
{
  return net_n_links(r->net);
}

struct link_info
run_link(const struct run *r, uint32_t link)
{
  return net_link_info(r->net, link);
}

const struct run_flight *
run_flights(const struct run *r, size_t *n)
{
  *n = r->flights->len;
  return (const struct run_flight *)(const void *)r->flights->data;
}

const struct run_event *
run_events(const struct run *r, size_t *n)
{
  *n = r->events->len;
  return (const struct run_event *)(const void *)r->events->data;
}

/* ---- pcapng ---- */

/* An interface's description: what it is connected to. The sender tap is on no single link. */
static char *
describe_interface(const struct run *r, uint32_t index)
{
  if (r->tap == TAP_SENDER)
    return g_strdup("each packet once, as it leaves its sender");
  struct link_info link = net_link_info(r->net, r->tap == TAP_LINK ? r->tap_link : index);
  return g_strdup_printf("%s - %s", net_host_info(r->net, link.ends[0]).name,
                         net_host_info(r->net, link.ends[1]).name);
}

static bool
write_head(const struct run *r, struct pcapng_writer *w, GError **error)
{
  for (uint16_t i = 0; i < trace_n_interfaces(r->trace); i++) {
    const struct trace_interface *interface = trace_interface(r->trace, i);
    g_autofree char *description = describe_interface(r, i);
    if (!pcapng_writer_interface(w, interface->link, interface->snap_octets, interface->name,
                                 description, error))
      return false;
  }
  for (uint32_t i = 0; i < net_n_hosts(r->net); i++) {
    struct host_info host = net_host_info(r->net, i);
    if (host.addr.version != 0 &&
        !pcapng_writer_name(w, host.addr.version, host.addr.octets, host.name, error))
      return false;
  }
  return true;
}

bool
run_write_pcapng(const struct run *r, GOutputStream *out, GError **error)
{
  g_autofree char *comment = g_strdup_printf("Enveloscope %s, scenario %s, seed %" G_GUINT64_FORMAT,
                                             ENVELOSCOPE_VERSION, r->id, r->seed);
  struct pcapng_writer *w = pcapng_writer_new(out, comment);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  bool ok = write_head(r, w, error);
  for (uint32_t i = 0; ok && i < trace_n_frames(r->trace); i++) {
    const struct trace_frame *f = trace_frame(r->trace, i);
    trace_octets(r->trace, i, octets);
    ok = pcapng_writer_packet(
        w, f->interface, f->time_ns, octets->data, octets->len, f->wire_octets,
        g_array_index(r->frame_is_lost, guint8, i) ? "lost on its way" : NULL,
        error);
  }
  ok = ok && pcapng_writer_flush(w, error);
  pcapng_writer_free(w);
  return ok;
}
