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
 * Not here: what the run is a function of (run_plan.c), saved runs (run_file.c), capture files
 * (run_pcapng.c), stopping at something (run_watch.c). */
#include "lessons/run.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "lessons/library.h"
#include "lessons/run_private.h"
#include "sim/net/intervene.h"
#include "sim/tls/tls.h"

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
  return run_event_text(r, g_array_index(list, uint32_t, low - 1));
}

const uint32_t *
run_series(const struct run *r, uint32_t host, const char *subject, const char *key, size_t *n)
{
  struct event_key probe = {host, subject, key};
  const GArray *list = g_hash_table_lookup(r->by_key, &probe);
  *n = list ? list->len : 0;
  return list ? (const uint32_t *)(const void *)list->data : NULL;
}

/* ---- the sink of the world ---- */

static bool
tap_sees(const struct run *r, const struct world_frame *f)
{
  switch (r->tap) {
  case TAP_SENDER:
    return f->is_sender && !f->is_unseen;
  case TAP_ALL:
    return !f->is_unseen;
  case TAP_LINK:
    return f->link == r->tap_link && !f->is_unseen;
  }
  return false;
}

static uint32_t
frame_of_packet(const struct run *r, uint64_t packet)
{
  guint value = GPOINTER_TO_UINT(g_hash_table_lookup(r->by_packet, &packet));
  return value ? value - 1 : TRACE_NONE;
}

/* What the limit of memory counts: beside its octets a frame has a record, flights and an entry by
 * its packet's number; a state event has four strings. */
enum { FRAME_OCTETS = 256, EVENT_OCTETS = 128 };

static uint16_t
interface_of(const struct run *r, const struct world_frame *f)
{
  return r->tap == TAP_ALL ? (uint16_t)f->link : 0;
}

static uint32_t
append_frame(struct run *r, const struct world_frame *f)
{
  uint32_t frame = trace_append(r->trace, interface_of(r, f), TRACE_SIM_EPOCH_NS + f->time_ns,
                                f->octets, f->n_octets, f->n_octets);
  if (frame == TRACE_NONE)
    return frame;
  world_hold(r->world, FRAME_OCTETS + (int64_t)f->n_octets);
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
  if (!r->has_frames)
    return;
  if (r->is_streamed) {
    if (r->stream.frame && tap_sees(r, f))
      r->stream.frame(r->stream.data, interface_of(r, f), f);
    r->end_ns = f->time_ns;
    return;
  }
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

/* A person reached into a packet on the wire: its way ends otherwise than it looked. */
static void
take_change(void *data, const struct world_change *c)
{
  struct run *r = data;
  for (guint i = r->flights->len; i > 0; i--) {
    struct run_flight *f = &g_array_index(r->flights, struct run_flight, i - 1);
    if (f->packet != c->packet || f->link != c->link || f->from_host != c->from_host)
      continue;
    f->is_lost = c->is_lost;
    f->arrive_ns = c->arrival_ns;
    if (c->is_lost && f->frame != TRACE_NONE)
      g_array_index(r->frame_is_lost, guint8, f->frame) = true;
    return;
  }
}

static void
take_event(void *data, const struct world_event *e)
{
  struct run *r = data;
  if (r->is_streamed) {
    if (r->stream.event)
      r->stream.event(r->stream.data, e);
    r->end_ns = e->time_ns;
    return;
  }
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
  world_hold(r->world, EVENT_OCTETS);
}

/* With the secret the trace opens the records that come with later frames. */
static void
take_secret(void *data, const char *line)
{
  struct run *r = data;
  if (!r->has_frames)
    return;
  if (r->is_streamed) {
    if (r->stream.secret)
      r->stream.secret(r->stream.data, line);
    return;
  }
  gsize before = r->keylog->len;
  g_string_append_printf(r->keylog, "%s\n", line);
  trace_add_keylog(r->trace, r->keylog->str + before, r->keylog->len - before);
  world_hold(r->world, (int64_t)(r->keylog->len - before));
}

/* ---- reading what run.c itself needs of a scenario ---- */

static const char *const scenario_keys[] = {
    "title",   "about", "kind",     "seed",  "until",   "limits", "hosts", "links", "faults",
    "changes", "zones", "services", "users", "actions", "inputs", "tap",   NULL,
};

static bool
read_scenario(struct run *r, int64_t *until_ns, GError **error)
{
  const struct run_plan *plan = r->plan;
  r->scenario = plan_scenario(plan, error);
  const struct tree_node *root = r->scenario;
  if (!root || !tree_known(root, scenario_keys, error))
    return false;
  const char *en = NULL, *th = NULL;
  int64_t seed = 1, until = 0;
  if (!tree_pair(root, "title", &en, &th, error) ||
      !tree_pair(root, "about", &r->about_en, &r->about_th, error) ||
      !tree_int(root, "seed", 1, 1, INT64_MAX, &seed, error) ||
      !tree_duration(root, "until", 0, &until, error))
    return false;
  r->title_en = g_strdup(en ? en : plan->id);
  r->title_th = g_strdup(th ? th : r->title_en);
  r->seed = plan->seed ? plan->seed : (uint64_t)seed;
  *until_ns = plan->until_ns > 0 ? plan->until_ns : until;
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
  /* Each link is a point of view of its own: what is passed on is no retransmission. */
  trace_set_separate_interfaces(r->trace, r->tap == TAP_ALL);
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
              r->plan->id, tap, names->str);
  return false;
}

/* Those that stand in the scenario and those of the plan, by time; at one time the scenario's
 * first. */
static struct input_log *
all_inputs(const struct run *r, GError **error)
{
  struct input_log *own = input_log_new(), *all = input_log_new();
  const struct input_log *sources[2] = {own, r->plan->inputs};
  unsigned at[2] = {0, 0};
  bool ok = input_log_read(own, tree_get(r->scenario, "inputs"), error);
  while (ok && (at[0] < input_log_n(own) || at[1] < input_log_n(sources[1]))) {
    unsigned s = at[0] == input_log_n(own) ||
                 (at[1] < input_log_n(sources[1]) &&
                  input_log_at(sources[1], at[1])->time_ns < input_log_at(own, at[0])->time_ns);
    ok = input_log_add_at(all, input_log_at(sources[s], at[s]), input_log_node(sources[s], at[s]),
                          error);
    at[s]++;
  }
  if (!ok)
    g_clear_pointer(&all, input_log_free);
  input_log_free(own);
  return all;
}

static bool
build(struct run *r, GError **error)
{
  static const struct world_sink sink = {
      .frame = take_frame, .event = take_event, .changed = take_change, .secret = take_secret};
  r->trace = trace_new();
  trace_set_simulated(r->trace, true);
  r->world = world_new(r->seed, &sink, r);
  if (r->is_streamed) { /* it lasts as long as somebody serves: only memory can run out */
    struct world_limits limits = world_limits_default;
    limits.events = UINT64_MAX;
    world_set_limits(r->world, &limits);
  }
  if (!world_read_limits(r->world, r->scenario, error))
    return false;
  r->net = net_new(r->world, r->scenario, error);
  const char *tap = NULL; /* the scenario's own point of view, when nobody chose another */
  if (!r->net || !tree_text(r->scenario, "tap", NULL, &tap, error) ||
      !choose_tap(r, r->plan->tap ? r->plan->tap : tap, error))
    return false;
  r->mail = mail_new(r->net, r->scenario, error);
  r->inputs = all_inputs(r, error);
  return r->mail && r->inputs && judge_new(r, error) && intervene_plan(r->net, r->inputs, error) &&
         mail_plan(r->mail, r->inputs, error);
}

static void
free_array(gpointer array)
{
  g_array_free(array, true);
}

/* The scenario's own end does not cut off the answer to what somebody types: a time behind the last
 * input of a hand. */
static int64_t
hand_end_ns(const struct input_log *inputs)
{
  for (unsigned i = input_log_n(inputs); i > 0; i--)
    if (input_log_at(inputs, i - 1)->verb >= INPUT_OPEN)
      return input_log_at(inputs, i - 1)->time_ns + RUN_HAND_NS;
  return 0;
}

/* A saved run that comes to something else was made by another simulator, or was edited. */
static bool
check_hash(const struct run *r, GError **error)
{
  const struct run_plan *plan = r->plan;
  if (!plan->has_hash || plan->hash == run_hash(r))
    return true;
  if (plan->openssl && strcmp(plan->openssl, run_openssl(r) ? run_openssl(r) : "") != 0) {
    g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_DIFFERS,
                lang_text("%1$s: this run has TLS in it and was saved with OpenSSL %2$s, here is "
                          "OpenSSL %3$s, which may say other octets; play it on a computer with "
                          "the former, or save it anew",
                          "%1$s: การจำลองนี้มี TLS และบันทึกด้วย OpenSSL %2$s แต่เครื่องนี้ใช้ "
                          "OpenSSL %3$s ซึ่งอาจให้ออกเตตต่างกัน ให้เล่นบนเครื่องที่ใช้รุ่นเดิม หรือบันทึกใหม่"),
                plan->saved_as, plan->openssl, tls_library());
    return false;
  }
  g_set_error(error, LIBRARY_ERROR, LIBRARY_ERROR_DIFFERS,
              lang_text("%s: this run comes to the hash %016" G_GINT64_MODIFIER
                        "x here and came to %016" G_GINT64_MODIFIER
                        "x when it was saved: the file was edited, or another version of the "
                        "program made it; save it anew with this one",
                        "%s: เล่นแล้วได้แฮช %016" G_GINT64_MODIFIER
                        "x แต่ตอนบันทึกได้ %016" G_GINT64_MODIFIER
                        "x ไฟล์ถูกแก้ไข หรือสร้างด้วยโปรแกรมรุ่นอื่น ให้บันทึกใหม่ด้วยรุ่นนี้"),
              plan->saved_as, run_hash(r), plan->hash);
  return false;
}

/* Takes apart what build() made and read_scenario() read. */
static void
unbuild(struct run *r)
{
  g_clear_pointer(&r->judge, judge_free);
  if (r->net)
    intervene_clear(r->net);
  g_clear_pointer(&r->mail, mail_free);
  g_clear_pointer(&r->net, net_free);
  g_clear_pointer(&r->world, world_free);
  g_clear_pointer(&r->scenario, tree_free);
  g_clear_pointer(&r->trace, trace_free);
  g_clear_pointer(&r->inputs, input_log_free); /* those who carry them out are gone */
  g_clear_pointer(&r->title_en, g_free);
  g_clear_pointer(&r->title_th, g_free);
}

/* Takes the plan. What the hosts write into their logs is told in one language: else the same run
 * would come to another hash for another reader. */
static struct run *
run_told(struct run_plan *plan, const struct run_options *options, enum lang told, GError **error)
{
  struct run *r = g_new0(struct run, 1);
  r->plan = plan;
  r->has_frames = !options->is_told_only;
  r->is_streamed = options->stream != NULL;
  if (options->stream)
    r->stream = *options->stream;
  r->flights = g_array_new(false, false, sizeof(struct run_flight));
  r->events = g_array_new(false, false, sizeof(struct run_event));
  r->frame_is_lost = g_array_new(false, false, 1);
  r->keylog = g_string_new(NULL);
  r->strings = g_string_chunk_new(1 << 16);
  r->by_key = g_hash_table_new_full(event_key_hash, event_key_equal, g_free, free_array);
  r->by_packet = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);

  int64_t until_ns = 0;
  GError *reason = NULL;
  enum lang user = lang_get();
  lang_set(told);
  bool ok = read_scenario(r, &until_ns, &reason) && build(r, &reason);
  if (!ok && told != user) { /* what is wrong is said in the user's language */
    g_clear_error(&reason);
    unbuild(r);
    lang_set(user);
    ok = read_scenario(r, &until_ns, &reason) && build(r, &reason);
  }
  lang_set(user);
  if (ok)
    r->watch = watch_new(r, options, &reason);
  if (!ok || reason) {
    g_propagate_error(error, reason);
    run_free(r);
    return NULL;
  }
  r->is_held = options->is_held;
  if (options->is_held)
    return r;
  if (until_ns <= 0)
    until_ns = INT64_MAX;
  else if (plan->until_ns <= 0)
    until_ns = MAX(until_ns, hand_end_ns(r->inputs));
  lang_set(told);
  if (r->watch)
    watch_run(r->watch, until_ns);
  else
    world_run(r->world, until_ns);
  lang_set(user);
  run_settle(r);
  if (check_hash(r, error))
    return r;
  run_free(r);
  return NULL;
}

struct run *
run_from(struct run_plan *plan, const struct run_options *options, GError **error)
{
  return run_told(plan, options, options->is_held ? lang_get() : LANG_EN, error);
}

struct run *
run_new(const char *what, const struct run_options *options, GError **error)
{
  static const struct run_options defaults = {0};
  if (!options)
    options = &defaults;
  struct run_plan *plan = g_str_has_suffix(what, ".envrun") ? plan_load(what, options, error)
                                                            : plan_new(what, options, error);
  return plan ? run_from(plan, options, error) : NULL;
}

/* ---- other runs of the same function ---- */

static struct run *
run_varied(struct run_plan *plan, GError **error)
{
  static const struct run_options defaults = {0};
  plan->has_hash = false;
  return run_from(plan, &defaults, error);
}

struct run *
run_branch(const struct run *r, int64_t time_ns, const struct input *inputs, size_t n,
           GError **error)
{
  return run_branch_until(r, time_ns, inputs, n, r->plan->until_ns, error);
}

struct run *
run_branch_until(const struct run *r, int64_t time_ns, const struct input *inputs, size_t n,
                 int64_t until_ns, GError **error)
{
  struct run_plan *plan = plan_copy(r->plan);
  plan->seed = r->seed;
  plan->until_ns = until_ns;
  input_log_cut(plan->inputs, time_ns);
  for (size_t i = 0; i < n; i++)
    if (!input_log_add(plan->inputs, &inputs[i], error)) {
      plan_free(plan);
      return NULL;
    }
  return run_varied(plan, error);
}

struct run *
run_without(const struct run *r, unsigned input, GError **error)
{
  struct run_plan *plan = plan_copy(r->plan);
  plan->seed = r->seed;
  input_log_free(plan->inputs);
  plan->inputs = input_log_new();
  for (unsigned i = 0; i < input_log_n(r->plan->inputs); i++)
    if (i != input)
      input_log_add_at(plan->inputs, input_log_at(r->plan->inputs, i),
                       input_log_node(r->plan->inputs, i), NULL);
  return run_varied(plan, error);
}

/* The run that differs from r in the language of its logs only. Made when a reader of Thai first
 * asks: the same function is simulated once more, without frames. NULL when it cannot be had. */
static const struct run *
told_in_thai(struct run *r)
{
  if (r->told || r->is_held || r->is_untold)
    return r->told;
  static const struct run_options options = {.is_told_only = true};
  struct run_plan *plan = plan_copy(r->plan);
  plan->seed = r->seed;
  plan->has_hash = false;
  r->told = run_told(plan, &options, LANG_TH, NULL);
  r->is_untold = !r->told;
  return r->told;
}

const char *
run_event_text(const struct run *r, size_t index)
{
  const struct run_event *e = &g_array_index(r->events, struct run_event, index);
  if (lang_get() != LANG_TH)
    return e->value;
  const struct run *told = told_in_thai((struct run *)(uintptr_t)r); /* a cache inside */
  if (!told || index >= told->events->len)
    return e->value;
  const struct run_event *t = &g_array_index(told->events, struct run_event, index);
  return t->host == e->host && t->time_ns == e->time_ns && strcmp(t->subject, e->subject) == 0
             ? t->value
             : e->value;
}

struct run *
run_again(const struct run *r, const char *tap, GError **error)
{
  struct run_plan *plan = plan_copy(r->plan);
  plan->seed = r->seed;
  g_free(plan->tap);
  plan->tap = g_strdup(tap);
  return run_varied(plan, error);
}

struct run *
run_on_all_links(struct run *r, GError **error)
{
  if (r->tap == TAP_ALL)
    return r;
  if (!r->twin)
    r->twin = run_again(r, "all", error);
  return r->twin;
}

bool
run_save(const struct run *r, const char *path, GError **error)
{
  g_autofree char *text = plan_format(r->plan, r->seed, r, error);
  return text && g_file_set_contents(path, text, -1, error);
}

char *
run_fingerprint(const struct run *r)
{
  g_autofree char *text = plan_format(r->plan, r->seed, NULL, NULL);
  g_autofree char *all = g_strconcat(text ? text : "", run_openssl(r), NULL);
  char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
  sum[16] = '\0'; /* short enough to be read aloud, long enough for a school */
  return sum;
}

const struct input_log *
run_inputs(const struct run *r)
{
  return r->plan->inputs;
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

struct mail *
run_mail(struct run *r)
{
  return r->mail;
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
  g_clear_pointer(&r->twin, run_free);
  g_clear_pointer(&r->told, run_free);
  watch_free(r->watch);
  unbuild(r);
  g_array_free(r->flights, true);
  g_array_free(r->events, true);
  g_array_free(r->frame_is_lost, true);
  g_string_free(r->keylog, true);
  g_hash_table_unref(r->by_key);
  g_hash_table_unref(r->by_packet);
  g_string_chunk_free(r->strings);
  plan_free(r->plan);
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
  return r->plan->id;
}

const char *
run_title(const struct run *r)
{
  return lang_get() == LANG_TH ? r->title_th : r->title_en;
}

const char *
run_about(const struct run *r)
{
  return lang_get() == LANG_TH && r->about_th ? r->about_th : r->about_en;
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

char *
run_limit_text(const struct run *r)
{
  return world_limit_text(r->world);
}

const char *
run_openssl(const struct run *r)
{
  return r->mail && mail_tls(r->mail) ? tls_library() : NULL;
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

bool
run_is_lost(const struct run *r, uint32_t frame)
{
  return frame < r->frame_is_lost->len && g_array_index(r->frame_is_lost, guint8, frame);
}
