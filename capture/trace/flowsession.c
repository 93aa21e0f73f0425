/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flowsession.c -- one connection's application session, and the frames behind its octets.
 *
 *     stream runs ─flowsession_feed─> appsession ─element, login, notice─> session ─with evidence─>
 * pass 1's sink └─> ring of the last FLOWSESSION_RUNS_MAX runs per side: offset ─> frame, place in
 * it
 *
 * Which side is the client is first guessed from the SYN or the ports; when what is said shows the
 * opposite (appsession_is_swapped), the flow's client is corrected. */
#include "capture/trace/flowsession.h"

#include "capture/trace/aligned.h"
#include "capture/trace/opening.h"

struct place {
  int64_t time_ns;
  uint32_t offset; /* low 32 bits: the few runs that are remembered lie near each other */
  uint32_t n_octets;
  uint32_t frame, frame_offset;
};

/* The time to live of one side's datagrams, while the connection is in its opening. */
struct ttl_watch {
  struct evidence at; /* the first octets that came with another one; n_octets 0: none */
  int64_t time_ns;
};

/* What every run touches comes first: one line of the cache, and one for the run's place. */
struct flowsession {
  struct appsession *app;
  struct flow *flow;
  struct trace_flow *seen; /* NULL: the pass forgets */
  const struct pass1_sink *sink;
  void *data;
  int64_t time_ns; /* of the last run */
  uint32_t now;    /* the frame that pass 1 is at */
  uint8_t client;  /* direction that is fed as the client's */
  uint8_t n_places[2], next_place[2];
  bool ttl_has_begun[2];
  bool ttl_is_mixed[2]; /* already when its first octets came, so it tells nothing */
  bool has_opening[2];
  struct flowsession_count count;
  bool repeat_told;
  uint32_t flow_index;
  struct place places[2][FLOWSESSION_RUNS_MAX]; /* rings */
  struct opening openings[2];
  struct ttl_watch ttls[2];
  bool is_heard; /* one end has acknowledged octets of the other, of which none was seen */
  struct finding_flow *where; /* who speaks with whom, for these roles; NULL: not asked yet */
  bool was_swapped;
  void *memory; /* in which this struct begins at a line of the cache */
};

static inline void
add_place(struct flowsession *s, unsigned direction, const struct stream_run *run)
{
  unsigned next = s->next_place[direction];
  s->places[direction][next] = (struct place){.offset = (uint32_t)run->offset,
                                              .time_ns = run->time_ns,
                                              .n_octets = run->n_octets,
                                              .frame = run->frame,
                                              .frame_offset = run->frame_offset};
  s->next_place[direction] = (uint8_t)((next + 1) % FLOWSESSION_RUNS_MAX);
  if (s->n_places[direction] < FLOWSESSION_RUNS_MAX)
    s->n_places[direction]++;
}

/* The evidence for [offset, offset + n) of one direction, oldest first, at most n_max pieces;
 * *time_ns becomes that of the first piece. */
static unsigned
find_evidence(const struct flowsession *s, unsigned direction, uint64_t offset, uint64_t n,
              unsigned n_max, struct evidence *out, int64_t *time_ns)
{
  unsigned found = 0;
  const struct place *places = s->places[direction];
  unsigned n_places = s->n_places[direction], next = s->next_place[direction];
  if (!n_places)
    return 0;
  const struct place *newest = &places[(next - 1) % FLOWSESSION_RUNS_MAX];
  int64_t into = (int32_t)((uint32_t)offset - newest->offset);
  if (n && n_max && newest->frame_offset && into >= 0 && into + (int64_t)n <= newest->n_octets) {
    *time_ns = newest->time_ns; /* as mostly: all of it came just now */
    out[0] = (struct evidence){.frame = newest->frame,
                               .first_octet = newest->frame_offset + (uint32_t)into,
                               .n_octets = (uint32_t)n};
    return 1;
  }
  for (unsigned i = 0; i < n_places && found < n_max; i++) {
    const struct place *p =
        &places[(next + FLOWSESSION_RUNS_MAX - n_places + i) % FLOWSESSION_RUNS_MAX];
    /* Counted from `offset`. */
    int64_t at = (int32_t)(p->offset - (uint32_t)offset);
    int64_t first = at > 0 ? at : 0;
    int64_t end = at + p->n_octets < (int64_t)n ? at + p->n_octets : (int64_t)n;
    if (first >= end)
      continue;
    if (!found)
      *time_ns = p->time_ns;
    /* In a reassembled datagram (frame_offset 0) there is no place in the frame itself. */
    bool in_frame = p->frame_offset != 0;
    out[found++] =
        (struct evidence){.frame = p->frame,
                          .first_octet = in_frame ? p->frame_offset + (uint32_t)(first - at) : 0,
                          .n_octets = in_frame ? (uint32_t)(end - first) : 0};
  }
  return found;
}

/* The direction in which the named role sends. */
static unsigned
direction_of(const struct flowsession *s, enum side side)
{
  unsigned client = appsession_is_swapped(s->app) ? !s->client : s->client;
  return side == SIDE_CLIENT ? client : !client;
}

/* Who speaks with whom, put together once. */
static const struct finding_flow *
describe(struct flowsession *s)
{
  bool swapped = appsession_is_swapped(s->app);
  if (s->where && s->was_swapped == swapped)
    return s->where;
  unsigned client = direction_of(s, SIDE_CLIENT);
  if (!s->where)
    s->where = g_new(struct finding_flow, 1);
  s->was_swapped = swapped;
  *s->where = (struct finding_flow){.flow = s->flow_index, .stream = s->flow->stream};
  flow_end(s->flow, client, &s->where->client, &s->where->client_port);
  flow_end(s->flow, !client, &s->where->server, &s->where->server_port);
  return s->where;
}

static uint32_t
on_element(void *data, const struct element *element, const uint8_t *octets, size_t n)
{
  struct flowsession *s = data;
  /* Octets that waited for earlier ones came in an earlier frame; complete they are only now. */
  struct element e = *element;
  if (e.last_frame < s->now)
    e.last_frame = s->now;
  return s->sink->element(s->data, &e, octets, n);
}

static void
on_login(void *data, const struct login *login)
{
  struct flowsession *s = data;
  struct evidence evidence[FINDING_EVIDENCE_MAX];
  int64_t time_ns = s->time_ns;
  unsigned n = find_evidence(s, direction_of(s, SIDE_CLIENT), login->secret_offset,
                             login->secret_wire_octets, FINDING_EVIDENCE_MAX, evidence, &time_ns);
  int64_t challenge_ns; /* a digest is proved by what it answers, too */
  n +=
      find_evidence(s, direction_of(s, SIDE_SERVER), login->challenge_offset,
                    login->challenge_octets, FINDING_EVIDENCE_MAX - n, evidence + n, &challenge_ns);
  if (s->sink->login)
    s->sink->login(s->data, login, &(struct finding_place){*describe(s), time_ns, evidence, n});
}

/* One side's octets are not there: are they missing, or had it nothing to say? A mail server speaks
 * first; but a client may take its greeting and close the connection. */
static bool
is_one_sided(const struct flowsession *s)
{
  const struct flow_side *client = &s->flow->sides[direction_of(s, SIDE_CLIENT)];
  return s->is_heard || client->next_offset || !(client->all_flags & (TCP_FIN | TCP_RST));
}

static void
on_notice(void *data, const struct notice *notice)
{
  struct flowsession *s = data;
  if (s->seen)
    s->seen->has_tls |= notice->kind == NOTICE_TLS_STARTED;
  if (!s->sink->notice || (notice->kind == NOTICE_ONE_SIDED && !is_one_sided(s)))
    return;
  struct evidence evidence[2 * FINDING_EVIDENCE_MAX];
  evidence[0] = (struct evidence){.frame = notice->frame};
  struct finding_place place = {
      .where = *describe(s), .time_ns = s->time_ns, .evidence = evidence, .n_evidence = 1};
  unsigned direction = direction_of(s, notice->side), n_other = 0;
  if (notice->other_octets)
    n_other = find_evidence(s, !direction, notice->other_offset, notice->other_octets,
                            FINDING_EVIDENCE_MAX, evidence, &place.time_ns);
  if (notice->n_octets)
    place.n_evidence =
        n_other + find_evidence(s, direction, notice->offset, notice->n_octets,
                                FINDING_EVIDENCE_MAX, evidence + n_other, &place.time_ns);
  s->sink->notice(s->data, notice, &place);
}

static bool
on_plain(void *data, const struct app_plain *plain)
{
  struct flowsession *s = data;
  struct app_plain p = *plain;
  if (p.frame < s->now)
    p.frame = s->now;
  return s->sink->plain && s->sink->plain(s->data, s->flow_index, &p);
}

static const struct appsession_sink app_sink = {
    .element = on_element, .login = on_login, .notice = on_notice, .plain = on_plain};
static const struct appsession_sink app_sink_without_elements = {
    .drops_elements = true, .login = on_login, .notice = on_notice, .plain = on_plain};

struct flowsession *
flowsession_new(struct flow *f, struct trace_flow *seen, uint32_t flow_index, bool mid_stream,
                const struct keylog *keys, const struct pass1_sink *sink, void *data)
{
  unsigned client = f->client;
  struct ip_addr addr;
  uint16_t ports[2];
  flow_end(f, client, &addr, &ports[0]);
  flow_end(f, !client, &addr, &ports[1]);
  void *memory;
  struct flowsession *s = aligned_new(sizeof *s, &memory);
  s->memory = memory;
  s->flow = f;
  s->seen = seen;
  s->flow_index = flow_index;
  s->client = (uint8_t)client;
  s->sink = sink;
  s->data = data;
  s->time_ns = 0;
  s->now = 0;
  for (unsigned d = 0; d < 2; d++) {
    s->n_places[d] = s->next_place[d] = 0;
    s->ttl_has_begun[d] = s->ttl_is_mixed[d] = s->has_opening[d] = false;
    s->openings[d] = (struct opening){0};
    s->ttls[d] = (struct ttl_watch){0};
  }
  s->repeat_told = s->is_heard = false;
  s->where = NULL;
  s->count = (struct flowsession_count){0};
  s->app = appsession_new(flow_index, ports[0], ports[1], mid_stream,
                          sink->element ? &app_sink : &app_sink_without_elements, s);
  if (sink->plain)
    appsession_set_keys(s->app, keys);
  return s;
}

void
flowsession_free(struct flowsession *s)
{
  if (!s)
    return;
  appsession_free(s->app);
  opening_clear(&s->openings[0]);
  opening_clear(&s->openings[1]);
  g_free(s->where);
  g_free(s->memory);
}

/* ---- forged answers ---- */

static void
tell_about_place(struct flowsession *s, enum notice_kind kind, unsigned direction,
                 const struct evidence *at, unsigned n, int64_t time_ns)
{
  enum side side = direction == direction_of(s, SIDE_CLIENT) ? SIDE_CLIENT : SIDE_SERVER;
  struct notice notice = {.kind = kind,
                          .app = appsession_app(s->app),
                          .side = side,
                          .element = ELEMENT_NONE,
                          .frame = at[n - 1].frame};
  if (s->sink->notice)
    s->sink->notice(s->data, &notice, &(struct finding_place){*describe(s), time_ns, at, n});
}

static struct evidence
evidence_of(const struct stream_run *run)
{
  bool in_frame = run->frame_offset != 0;
  return (struct evidence){.frame = run->frame,
                           .first_octet = in_frame ? run->frame_offset : 0,
                           .n_octets = in_frame ? run->n_octets : 0};
}

/* The run has been read. In the opening of a connection its octets and their TTL are remembered.
 * The first octets of a side may have another TTL than its SYN: a balancer or a SYN proxy answers
 * that. */
static void
watch_opening(struct flowsession *s, unsigned direction, const struct stream_run *run)
{
  bool changed = s->flow->sides[direction].ttl_changed;
  if (!s->ttl_has_begun[direction])
    s->ttl_is_mixed[direction] = changed;
  s->ttl_has_begun[direction] = true;
  if (!appsession_is_opening(s->app)) {
    if (s->has_opening[direction])
      opening_clear(&s->openings[direction]);
    s->has_opening[direction] = false;
    return;
  }
  opening_add(&s->openings[direction], run->offset, run->octets, run->n_octets);
  s->has_opening[direction] = true;
  struct ttl_watch *t = &s->ttls[direction];
  if (changed && !s->ttl_is_mixed[direction] && !t->time_ns) {
    t->at = evidence_of(run);
    t->time_ns = run->time_ns;
  }
}

void
flowsession_repeat(struct flowsession *s, unsigned direction, const struct stream_run *run,
                   const uint8_t *first)
{
  if (s->repeat_told || !appsession_is_opening(s->app))
    return;
  uint32_t n_different =
      first ? opening_count(first, run->octets, run->n_octets)
            : opening_compare(&s->openings[direction], run->offset, run->octets, run->n_octets);
  if (n_different < OPENING_DIFFERENT_MIN)
    return;
  s->repeat_told = true;
  struct evidence at[FINDING_EVIDENCE_MAX + 1];
  int64_t time_ns = run->time_ns;
  unsigned n =
      find_evidence(s, direction, run->offset, run->n_octets, FINDING_EVIDENCE_MAX, at, &time_ns);
  at[n++] = evidence_of(run);
  tell_about_place(s, NOTICE_REPEAT_DIFFERS, direction, at, n, time_ns);
}

static inline void
update_flow(struct flowsession *s)
{
  struct trace_flow *f = s->seen;
  if (!f) /* the pass forgets */
    return;
  f->app = (uint8_t)appsession_app(s->app);
  f->state = appsession_state(s->app);
  f->client = (uint8_t)direction_of(s, SIDE_CLIENT);
}

void
flowsession_feed(struct flowsession *s, unsigned direction, const struct stream_run *run,
                 uint32_t now)
{
  s->now = now;
  s->time_ns = run->time_ns;
  add_place(s, direction, run);
  appsession_feed(s->app, direction == s->client ? SIDE_CLIENT : SIDE_SERVER, run->octets,
                  run->n_octets, run->frame);
  watch_opening(s, direction, run);
  update_flow(s);
}

void
flowsession_gap(struct flowsession *s, unsigned direction, uint64_t offset, uint64_t n,
                uint32_t frame)
{
  s->now = frame;
  appsession_gap(s->app, direction == s->client ? SIDE_CLIENT : SIDE_SERVER, n, frame);
  update_flow(s);
}

void
flowsession_hear_unseen(struct flowsession *s)
{
  s->is_heard = true;
}

bool
flowsession_is_over(const struct flowsession *s)
{
  return appsession_is_over(s->app);
}

void
flowsession_end(struct flowsession *s)
{
  appsession_end(s->app);
  enum app app = appsession_app(s->app);
  bool is_mail = app == APP_SMTP || app == APP_POP3 || app == APP_IMAP;
  for (unsigned d = 0; d < 2 && is_mail && !appsession_has_tls(s->app); d++)
    if (s->ttls[d].time_ns)
      tell_about_place(s, NOTICE_TTL_CHANGED, d, &s->ttls[d].at, 1, s->ttls[d].time_ns);
  update_flow(s);
}

size_t
flowsession_held(const struct flowsession *s)
{
  size_t held = sizeof *s + appsession_held(s->app);
  for (unsigned d = 0; d < 2; d++)
    held += s->has_opening[d] ? s->openings[d].room : 0;
  return held;
}

struct flowsession_count *
flowsession_count(struct flowsession *s)
{
  return &s->count;
}
