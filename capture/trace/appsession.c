/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession.c -- cuts the two octet streams of a connection into elements, protocol by state.
 *
 * Each side is in one mode, which says how its next octets are read. Only the protocols change it.
 *
 *            app_expect_message        app_expect_octets
 *     DOT <──────────────────── LINES ───────────────────> COUNT
 *      └──────── "." ────────────> ^ <──────── left = 0 ──────┘
 *                                  └── app_start_tls ──> TLS ── no record ──> OTHER
 *     TUNNEL ─> HELD ─ tunnel_open ─> detection begins again, see appsession_tunnel.c
 *
 * A whole line that arrives in one call is read where it lies; only lines and records cut by calls
 * are copied. Message octets are never held, except "." or ".CR" that may begin the terminator.
 * What lines mean is in appsession_smtp.c, _pop3.c, _imap.c; which protocol it is, in _detect.c. */
#include "capture/trace/aligned.h"
#include "capture/trace/appsession_private.h"

#include <assert.h>
#include <glib.h>
#include <string.h>

/* What hangs on a session and is counted as so many octets, see appsession_held(). */
enum {
  HELD_COMMAND = 352,      /* an argument: appsession_envelope.c keeps 320 octets of it */
  HELD_DETECT = 1536,      /* two lines and their places, usually */
  HELD_INFLATER = 40 << 10 /* zlib's window of 32 KiB and its tables */
};

void
app_emit(struct appsession *s, enum side side, struct element *e, const uint8_t *p, size_t n)
{
  if (s->sink->drops_elements)
    return;
  e->flow = s->flow;
  e->app = s->app;
  e->side = (uint8_t)side;
  e->state = s->state;
  s->sink->element(s->data, e, p, n);
}

/* A line that is too long to be read: a secret that was not found may stand behind its words. */
static bool
may_hold_secret(const struct appsession *s, enum side side, const struct app_out *out)
{
  if (side != SIDE_CLIENT)
    return false;
  return out->kind == ELEMENT_AUTH || out->kind == ELEMENT_REST ||
         (s->app == APP_SMTP ? out->code == SMTP_AUTH
          : s->app == APP_POP3
              ? out->code == POP_PASS || out->code == POP_APOP || out->code == POP_AUTH
              : out->code == IMAP_LOGIN || out->code == IMAP_AUTHENTICATE);
}

uint32_t
app_hand_out_line(struct appsession *s, enum side side, const struct app_line *line,
                  const struct app_out *out)
{
  struct element e = {
      .offset = line->offset,
      .n_octets = line->n_octets > UINT32_MAX ? UINT32_MAX : (uint32_t)line->n_octets,
      .flow = s->flow,
      .first_frame = line->first_frame,
      .last_frame = line->last_frame,
      .command = out->command,
      .code = out->code,
      .app = s->app,
      .kind = (uint8_t)out->kind,
      .side = (uint8_t)side,
      .state = s->state,
      .flags = (uint8_t)(out->flags | line->flags),
  };
  size_t secret_octets = out->secret_octets;
  if (line->flags & ELEMENT_FLAG_CUT && (secret_octets || may_hold_secret(s, side, out)))
    secret_octets = SIZE_MAX; /* what was not read may belong to it */
  if (secret_octets) {
    e.flags |= ELEMENT_FLAG_SECRET;
    e.secret_first = (uint16_t)MIN(out->secret_first, UINT16_MAX);
    e.secret_octets = (uint16_t)MIN(secret_octets, ELEMENT_SECRET_TO_END);
  }
  return s->sink->element(s->data, &e, line->p, line->n);
}

void
app_notice(struct appsession *s, enum notice_kind kind, uint32_t element, uint32_t frame)
{
  struct notice n = {.kind = kind, .app = (enum app)s->app, .element = element, .frame = frame};
  s->sink->notice(s->data, &n);
}

void
app_notice_line(struct appsession *s, enum notice_kind kind, enum side side,
                const struct app_line *line, uint32_t element, uint16_t code)
{
  struct notice n = {.kind = kind,
                     .app = (enum app)s->app,
                     .side = side,
                     .code = code,
                     .element = element,
                     .frame = line->last_frame,
                     .offset = line->offset,
                     .n_octets = (uint32_t)MIN(line->n_octets, UINT32_MAX),
                     .text = line->p,
                     .n_text = line->n_text};
  s->sink->notice(s->data, &n);
}

/* ---- commands that wait ---- */

static void
queue_grow(struct app_queue *q)
{
  unsigned room = q->room * 2; /* a power of two: places are found with a mask */
  struct app_command *items = g_new(struct app_command, room);
  for (unsigned i = 0; i < q->n; i++)
    items[i] = q->items[(q->head + i) & (q->room - 1)];
  if (q->items != q->first)
    g_free(q->items);
  q->items = items;
  q->room = room;
  q->head = 0;
}

struct app_command *
app_push(struct appsession *s, uint16_t verb, uint32_t element)
{
  struct app_queue *q = &s->queue;
  if (q->n == APP_COMMANDS_MAX) /* far behind: the oldest will hardly be answered any more */
    app_give_up(s, 0);
  if (q->n == q->room)
    queue_grow(q);
  q->n++;
  struct app_command *c = app_at(s, q->n - 1);
  *c = (struct app_command){.element = element, .verb = verb};
  return c;
}

void
app_remove(struct appsession *s, unsigned i)
{
  struct app_queue *q = &s->queue;
  struct app_command *c = app_at(s, i);
  struct app_auth *a = c->auth;
  envelope_forget(s, c);
  if (a) {
    if (s->exchange == a)
      s->exchange = NULL;
    auth_free(a);
  }
  for (; i > 0; i--)
    *app_at(s, i) = *app_at(s, i - 1);
  q->head = (q->head + 1) & (q->room - 1);
  q->n--;
}

void
app_give_up(struct appsession *s, unsigned i)
{
  struct app_auth *a = app_at(s, i)->auth;
  if (a)
    auth_finish(s, a, LOGIN_UNKNOWN, ELEMENT_NONE);
  app_remove(s, i);
}

void
app_keep_early(struct appsession *s, struct app_early early)
{
  if (s->n_early < APP_EARLY_MAX)
    s->early[s->n_early++] = early;
}

void
app_clear_queue(struct appsession *s)
{
  while (s->queue.n)
    app_remove(s, 0);
}

/* ---- pending octets ---- */

void
app_side_keep(struct app_side *side, const uint8_t *p, size_t n, size_t max, uint32_t frame)
{
  if (side->n_pending == 0) {
    side->first_frame = frame;
    side->n_kept = 0;
  }
  side->last_frame = frame;
  side->n_pending += n;
  size_t take = MIN(n, max - side->n_kept);
  if (side->n_kept + take > side->kept_room) {
    uint32_t room = MAX(side->kept_room * 2, 128);
    while (room < side->n_kept + take)
      room *= 2;
    side->kept = g_realloc(side->kept, room);
    side->kept_room = room;
  }
  if (take)
    memcpy(side->kept + side->n_kept, p, take);
  side->n_kept += (uint32_t)take;
}

/* Gives the pending octets out as a run of this kind. */
void
app_flush_run(struct appsession *s, enum side which, enum element_kind kind, uint8_t flags)
{
  struct app_side *side = &s->sides[which];
  if (side->n_pending == 0)
    return;
  struct element e = {.offset = side->offset,
                      .n_octets = (uint32_t)MIN(side->n_pending, UINT32_MAX),
                      .first_frame = side->first_frame,
                      .last_frame = side->last_frame,
                      .command = kind == ELEMENT_MESSAGE ? side->run_command : ELEMENT_NONE,
                      .kind = (uint8_t)kind,
                      .flags = flags};
  app_side_taken(side);
  app_emit(s, which, &e, side->kept, side->n_kept);
}

/* A run of octets that lie in the caller's buffer. */
void
app_hand_out_run(struct appsession *s, enum side which, enum element_kind kind, uint8_t flags,
                 const uint8_t *p, size_t n, uint32_t frame)
{
  const struct app_side *side = &s->sides[which];
  struct element e = {.offset = side->offset,
                      .n_octets = (uint32_t)n,
                      .first_frame = frame,
                      .last_frame = frame,
                      .command = kind == ELEMENT_OTHER ? ELEMENT_NONE : side->run_command,
                      .kind = (uint8_t)kind,
                      .flags = flags};
  if (flags & ELEMENT_FLAG_SECRET)
    e.secret_octets = (uint16_t)MIN(n, ELEMENT_SECRET_TO_END);
  app_emit(s, which, &e, p, n);
}

/* ---- modes ---- */

void
app_expect_message(struct appsession *s, enum side which, uint32_t command)
{
  struct app_side *side = &s->sides[which];
  side->mode = APP_MODE_DOT;
  side->dot = DOT_LINE;
  if (which == SIDE_CLIENT)
    smuggle_begin(side);
  from_begin(side);
  side->run_kind = ELEMENT_MESSAGE;
  side->run_flags = 0;
  side->run_command = command;
}

void
app_expect_octets(struct appsession *s, enum side which, enum element_kind kind, uint64_t n,
                  uint32_t command, uint8_t flags)
{
  struct app_side *side = &s->sides[which];
  side->run_kind = (uint8_t)kind;
  side->run_command = command;
  side->run_flags = flags;
  side->left = n;
  side->mode = n ? APP_MODE_COUNT : APP_MODE_LINES;
  if (n == 0)
    s->protocol->run_done(s, which);
}

void
app_set_mode_both(struct appsession *s, enum app_mode mode)
{
  for (int i = 0; i < 2; i++) {
    if (s->sides[i].mode == APP_MODE_LINES)
      app_flush_run(s, (enum side)i, ELEMENT_OTHER, ELEMENT_FLAG_ODD);
    s->sides[i].mode = (uint8_t)mode;
    s->sides[i].assume = APP_MODE_LINES;
  }
}

void
app_start_tls(struct appsession *s, uint32_t element, uint32_t frame)
{
  s->tls_asked = false;
  starttls_accepted(s, frame);
  bool client_has_begun = s->sides[SIDE_CLIENT].mode == APP_MODE_TLS;
  if (client_has_begun) {
    s->sides[SIDE_SERVER].mode = APP_MODE_TLS;
  } else {
    app_set_mode_both(s, APP_MODE_TLS);
  }
  auth_finish_all(s);
  app_clear_queue(s);
  if (!s->tls_started)
    app_notice(s, NOTICE_TLS_STARTED, element, frame);
  s->tls_started = true;
}

static size_t
feed_count(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  size_t take = (size_t)MIN(n, side->left);
  uint64_t base = side->offset + side->n_pending;
  side->left -= take;
  app_emit_run(s, which, (enum element_kind)side->run_kind, side->run_flags, p, take, frame);
  s->protocol->run(s, which, p, take, frame);
  from_feed(s, which, p, take, base, frame);
  if (side->left == 0) {
    side->mode = APP_MODE_LINES;
    s->protocol->run_done(s, which);
  }
  return take;
}

/* Hands a line over; its octets have been taken from the side already. */
static void
give_line(struct appsession *s, enum side which, struct app_line *line)
{
  struct app_side *side = &s->sides[which];
  line->n_text = line->n;
  if (line->n_octets > APPSESSION_LINE_MAX) {
    line->flags |= ELEMENT_FLAG_CUT;
  } else if (line->unfinished) {
    line->flags |= ELEMENT_FLAG_ODD;
  } else {
    line->n_text = line_trim(line->p, line->n);
    side->bare_lf = line->n - line->n_text == 1;
    if (side->bare_lf)
      line->flags |= ELEMENT_FLAG_ODD;
  }
  if (which == SIDE_CLIENT)
    starttls_clear_line(s, line);
  s->protocol->line(s, which, line);
  if (which == SIDE_SERVER && s->login_rejected) {
    s->login_rejected = false;
    app_notice_line(s, NOTICE_LOGIN_REJECTED, which, line, ELEMENT_NONE, 0);
  }
  if (which == SIDE_SERVER && !s->greeting_told) {
    s->greeting_told = true;
    if (!side->after_gap)
      app_notice_line(s, NOTICE_GREETING, which, line, ELEMENT_NONE, 0);
  }
  side->after_gap = false;
}

static size_t
feed_line(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  if (side->n_pending == 0) {
    if (side->assume != APP_MODE_LINES) {
      side->mode = side->assume;
      side->assume = APP_MODE_LINES;
      s->protocol->assumed(s, which);
      return 0;
    }
    if (s->tls_asked && which == SIDE_CLIENT && p[0] == 0x16) {
      starttls_begun(s);
      side->mode = APP_MODE_TLS; /* it did not wait, or the answer is not in the capture */
      return 0;
    }
  }
  const uint8_t *lf = memchr(p, '\n', n);
  size_t take = lf ? (size_t)(lf - p) + 1 : n;
  struct app_line line = {.offset = side->offset, .first_frame = frame, .last_frame = frame};
  if (!lf || side->n_pending) {
    app_side_keep(side, p, take, APPSESSION_LINE_MAX, frame);
    if (!lf)
      return take;
    line.p = side->kept;
    line.n = side->n_kept;
    line.n_octets = side->n_pending;
    line.first_frame = side->first_frame;
    app_side_taken(side);
  } else {
    line.p = p;
    line.n = MIN(take, APPSESSION_LINE_MAX);
    line.n_octets = take;
    side->offset += take;
  }
  give_line(s, which, &line);
  return take;
}

/* Returns how many octets were taken: all, unless a tunnel opened behind them or the reading ended.
 */
static size_t
feed_side(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  const uint8_t *first = p;
  side->seen = true;
  s->last_frame = frame;
  while (n > 0 && s->app != APP_NONE && !s->given_up) {
    size_t taken = 0;
    switch ((enum app_mode)side->mode) {
    case APP_MODE_LINES:
      taken = feed_line(s, which, p, n, frame);
      break;
    case APP_MODE_DOT:
      taken = dot_feed(s, which, p, n, frame);
      break;
    case APP_MODE_COUNT:
      taken = feed_count(s, which, p, n, frame);
      break;
    case APP_MODE_TLS:
      taken = tls_feed(s, which, p, n, frame);
      break;
    case APP_MODE_DEFLATE:
      taken = deflate_feed(s, which, p, n, frame);
      break;
    case APP_MODE_TUNNEL:
      taken = tunnel_feed(s, which, p, n, frame);
      break;
    case APP_MODE_HELD:
      app_side_keep(side, p, n, APPSESSION_LINE_MAX, frame);
      taken = n;
      break;
    case APP_MODE_OTHER:
      taken = which == SIDE_SERVER && s->starttls.skips_text ? starttls_skip_text(s, p, n) : n;
      app_emit_run(s, which, ELEMENT_OTHER, 0, p, taken, frame);
      break;
    }
    p += taken;
    n -= taken;
  }
  return (size_t)(p - first);
}

/* An unfinished line: shown, but nothing is concluded from it. Behind its first word it may hold a
 * password, and in an exchange anywhere. */
static void
flush_line(struct appsession *s, enum side which)
{
  struct app_side *side = &s->sides[which];
  struct app_line line = {.p = side->kept,
                          .n = side->n_kept,
                          .n_text = side->n_kept,
                          .n_octets = side->n_pending,
                          .offset = side->offset,
                          .first_frame = side->first_frame,
                          .last_frame = side->last_frame,
                          .flags = ELEMENT_FLAG_ODD,
                          .unfinished = true};
  if (line.n_octets > APPSESSION_LINE_MAX)
    line.flags |= ELEMENT_FLAG_CUT;
  struct app_out out = {.command = ELEMENT_NONE};
  out.kind = which == SIDE_SERVER ? ELEMENT_REPLY : s->exchange ? ELEMENT_AUTH : ELEMENT_COMMAND;
  if (which == SIDE_CLIENT) {
    const uint8_t *space = memchr(line.p, ' ', line.n);
    bool all = s->exchange || side->after_gap || (s->app == APP_IMAP && s->u.imap.login);
    out.secret_first = all ? 0 : space ? (size_t)(space - line.p) + 1 : line.n;
    out.secret_octets = line.n - out.secret_first;
  }
  if (s->app == APP_HTTP) {
    out.kind = ELEMENT_TUNNEL;
    out.code = s->u.tunnel.next[which];
  }
  app_side_taken(side);
  app_emit_line(s, which, &line, &out);
}

static void
flush_side(struct appsession *s, enum side which)
{
  struct app_side *side = &s->sides[which];
  if (side->n_pending == 0)
    return;
  switch ((enum app_mode)side->mode) {
  case APP_MODE_LINES:
    flush_line(s, which);
    break;
  case APP_MODE_DOT:
    app_flush_run(s, which, ELEMENT_MESSAGE, 0);
    break;
  case APP_MODE_TLS:
    app_flush_run(s, which, ELEMENT_TLS, ELEMENT_FLAG_ODD | ELEMENT_FLAG_CUT);
    break;
  case APP_MODE_TUNNEL:
    tunnel_flush(s, which);
    break;
  case APP_MODE_HELD:
    app_flush_run(s, which, ELEMENT_OTHER, 0);
    break;
  case APP_MODE_COUNT:
  case APP_MODE_DEFLATE:
  case APP_MODE_OTHER:
    break; /* never hold octets */
  }
}

/* ---- the outside ---- */

struct appsession *
appsession_new(uint32_t flow, uint16_t client_port, uint16_t server_port, bool mid_stream,
               const struct appsession_sink *sink, void *data)
{
  void *memory;
  struct appsession *s = aligned_new(sizeof *s, &memory);
  memset(s, 0, sizeof *s);
  s->memory = memory;
  s->queue.items = s->queue.first;
  s->queue.room = APP_COMMANDS_FIRST;
  s->flow = flow;
  s->client_port = client_port;
  s->server_port = server_port;
  s->mid_stream = mid_stream;
  s->synced = !mid_stream;
  s->greeting_told = mid_stream;
  s->sink = sink;
  s->data = data;
  return s;
}

void
appsession_set_keys(struct appsession *s, const struct keylog *keys)
{
  s->keys = s->sink->plain ? keys : NULL;
}

void
appsession_free(struct appsession *s)
{
  if (!s)
    return;
  app_clear_queue(s);
  if (s->queue.items != s->queue.first)
    g_free(s->queue.items);
  if (s->app == APP_POP3)
    g_free(s->u.pop.user);
  if (s->app == APP_SMTP)
    envelope_end(s);
  detect_free(s->detect);
  opener_free(s->opener);
  handshake_free(s->handshake);
  if (s->opened)
    g_byte_array_unref(s->opened);
  appsession_free(s->inner);
  deflate_clear(&s->sides[0]);
  deflate_clear(&s->sides[1]);
  g_free(s->sides[0].from);
  g_free(s->sides[1].from);
  g_free(s->sides[0].kept);
  g_free(s->sides[1].kept);
  g_free(s->memory);
}

static const struct app_protocol *const protocols[APP_N] = {[APP_SMTP] = &app_smtp,
                                                            [APP_POP3] = &app_pop3,
                                                            [APP_IMAP] = &app_imap,
                                                            [APP_SOCKS] = &app_socks,
                                                            [APP_HTTP] = &app_http};

static void
begin_protocol(struct appsession *s)
{
  s->protocol = protocols[s->app];
  if (s->swapped) {
    struct app_side side = s->sides[0];
    s->sides[0] = s->sides[1];
    s->sides[1] = side;
  }
  if (s->app == APP_TLS)
    app_set_mode_both(s, APP_MODE_TLS);
  else
    s->protocol->start(s);
  struct detect *held = s->detect;
  s->detect = NULL;
  detect_replay(s, held);
  detect_free(held);
}

const struct app_protocol *
app_protocol_of(enum app app)
{
  return protocols[app];
}

/* Looks for the protocol; returns how many octets were taken. */
static size_t
feed_detect(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame)
{
  if (!s->detect && detect_at_once(s, side, p, n)) {
    begin_protocol(s);
    return 0;
  }
  if (!s->detect)
    s->detect = detect_new();
  size_t used = 0;
  switch (detect_feed(s, side, p, n, frame, &used)) {
  case VERDICT_WAIT:
    return n;
  case VERDICT_NONE:
    s->given_up = true;
    detect_free(s->detect);
    s->detect = NULL;
    return n;
  case VERDICT_FOUND:
    begin_protocol(s);
    break;
  }
  return used;
}

void
appsession_feed(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame)
{
  assert(!s->ended);
  for (size_t used = 0; n > 0 && !s->given_up; p += used, n -= used) {
    if (s->app == APP_NONE)
      used = feed_detect(s, side, p, n, frame);
    else
      used = feed_side(s, s->swapped ? (enum side) !side : side, p, n, frame);
  }
}

static void
gap_side(struct appsession *s, enum side which, uint64_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  flush_side(s, which);
  struct element e = {.offset = side->offset,
                      .n_octets = (uint32_t)MIN(n, UINT32_MAX),
                      .first_frame = frame,
                      .last_frame = frame,
                      .command = ELEMENT_NONE,
                      .kind = ELEMENT_GAP};
  side->offset += n;
  bool in_lines = side->mode == APP_MODE_LINES;
  starttls_gap(s, which);
  if (s->handshake)
    handshake_stop(s->handshake, which);
  if (side->mode == APP_MODE_DOT) {
    side->dot = DOT_LINE; /* a hole mostly ends where a segment, and so a line, begins */
    smuggle_gap(side);
  } else if (side->mode == APP_MODE_COUNT) {
    in_lines = n > side->left;
    side->left = in_lines ? 0 : side->left - n;
    if (side->left == 0) {
      side->mode = APP_MODE_LINES;
      s->protocol->run_done(s, which);
    }
  }
  app_emit(s, which, &e, NULL, 0);
  struct notice lost = {.kind = NOTICE_GAP,
                        .app = (enum app)s->app,
                        .side = which,
                        .element = ELEMENT_NONE,
                        .frame = frame,
                        .n_octets = e.n_octets};
  s->sink->notice(s->data, &lost);
  if (in_lines && side->mode == APP_MODE_LINES) {
    side->after_gap = true;
    side->assume = APP_MODE_LINES;
  }
  if (which == SIDE_SERVER)
    s->after_gap = true;
  else
    s->client_gap = true;
  if (s->protocol)
    s->protocol->gap(s, which);
}

void
appsession_gap(struct appsession *s, enum side side, uint64_t n, uint32_t frame)
{
  assert(!s->ended);
  if (n == 0 || s->given_up)
    return;
  if (s->app == APP_NONE) {
    if (!s->detect)
      s->detect = detect_new();
    detect_gap(s, side, n, frame);
    return;
  }
  gap_side(s, s->swapped ? (enum side) !side : side, n, frame);
}

/* Mail in clear, or TLS of mail. */
static void
tell_ending(struct appsession *s)
{
  bool is_mail = s->app == APP_SMTP || s->app == APP_POP3 || s->app == APP_IMAP;
  if (!is_mail && !s->handshake)
    return;
  struct app_ending ending = {.is_sealed = s->tls_started && !s->inner,
                              .is_mid_stream = s->mid_stream};
  if (s->handshake)
    ending.tls_version = handshake_facts(s->handshake)->version;
  for (unsigned side = 0; side < 2; side++) {
    ending.n_records[side] = s->n_sealed_records[side];
    ending.n_octets[side] = s->n_sealed_octets[side];
  }
  struct notice n = {.kind = NOTICE_ENDED,
                     .app = (enum app)s->app,
                     .element = ELEMENT_NONE,
                     .frame = s->last_frame,
                     .ending = &ending};
  s->sink->notice(s->data, &n);
}

void
appsession_end(struct appsession *s)
{
  if (s->ended)
    return;
  if (s->app == APP_NONE && s->detect && detect_end(s) == VERDICT_FOUND)
    begin_protocol(s);
  s->ended = true;
  if (s->app == APP_NONE)
    return;
  flush_side(s, SIDE_CLIENT);
  flush_side(s, SIDE_SERVER);
  starttls_end(s);
  if (s->protocol && s->sides[SIDE_CLIENT].seen != s->sides[SIDE_SERVER].seen)
    app_notice(s, NOTICE_ONE_SIDED, ELEMENT_NONE, s->last_frame);
  auth_finish_all(s);
  tell_ending(s);
  if (s->inner)
    appsession_end(s->inner);
}

enum app
appsession_app(const struct appsession *s)
{
  if (s->inner && s->inner->app != APP_NONE)
    return appsession_app(s->inner);
  return (enum app)(s->app != APP_NONE ? s->app : s->outer);
}

size_t
appsession_held(const struct appsession *s)
{
  size_t held = sizeof *s + s->auth_octets + s->sides[0].kept_room + s->sides[1].kept_room;
  if (s->queue.items != s->queue.first)
    held += s->queue.room * sizeof *s->queue.items + s->queue.n * HELD_COMMAND;
  if (s->detect)
    held += HELD_DETECT;
  for (unsigned i = 0; i < 2; i++)
    if (s->sides[i].inflater)
      held += HELD_INFLATER;
  return s->inner ? held + appsession_held(s->inner) : held;
}

uint8_t
appsession_state(const struct appsession *s)
{
  return s->inner && s->inner->app != APP_NONE ? appsession_state(s->inner) : s->state;
}

bool
appsession_is_over(const struct appsession *s)
{
  return s->given_up;
}

bool
appsession_is_opening(const struct appsession *s)
{
  bool is_mail = s->app == APP_SMTP || s->app == APP_POP3 || s->app == APP_IMAP;
  return is_mail && !s->tls_started && !s->went_on && !s->given_up;
}

bool
appsession_has_tls(const struct appsession *s)
{
  return s->tls_started;
}

bool
appsession_is_swapped(const struct appsession *s)
{
  return s->swapped;
}
