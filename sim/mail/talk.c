/* SPDX-License-Identifier: GPL-3.0-or-later */
/* talk.c -- types a dialogue that was written down before.
 *
 *              ┌────────────────────────────────────────────────┐
 *     start ─> settle: wait until nothing is owed ─> pace ─> do_step ─> … ─> close
 *                 │ patience is over: a log event, then on
 *                 └ the server hangs up: bad, unless the last step waits for that */
#include "sim/mail/talk.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"

/* What the deadline is for. */
enum waiting { WAITING_ANSWER, WAITING_PACE, WAITING_SILENCE, WAITING_LAYER, WAITING_END };

struct talk {
  struct endpoint endpoint;
  struct talk_config config;
  struct reply_watch *watch;
  guint at; /* the next step */
  enum waiting waiting;
  const char *expect; /* of the step that was done last */
  bool is_paced, is_over, is_good;
};

static void advance(struct talk *t, int64_t now_ns);

static void
finish(struct talk *t)
{
  if (t->is_over)
    return;
  t->is_over = true;
  t->endpoint.wants_close = true;
  t->endpoint.deadline_ns = ENDPOINT_NEVER;
  if (t->config.done)
    t->config.done(t->config.data, t->is_good);
}

static void
fail(struct talk *t, const char *why)
{
  machine_emit(&t->endpoint, "log", "%s", why);
  t->is_good = false;
  finish(t);
}

static void
wait_for(struct talk *t, enum waiting waiting, int64_t until_ns)
{
  t->waiting = waiting;
  t->endpoint.deadline_ns = until_ns;
}

/* ---- steps ---- */

static void
tell_typed(struct talk *t, const uint8_t *p, size_t n)
{
  for (unsigned i = 0; i < TALK_TYPED_EVENTS_MAX && n > 0; i++) {
    size_t whole = line_find(p, n);
    whole = whole ? whole : n;
    g_autofree char *raw = g_strndup((const char *)p, MIN(line_trim(p, whole), 200));
    g_autofree char *text = g_utf8_make_valid(raw, -1);
    machine_emit(&t->endpoint, "typed", "%s", text);
    p += whole;
    n -= whole;
  }
}

static void
say(struct talk *t, const struct talk_step *s)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(s->octets, &n);
  for (unsigned i = 0; i < s->n_repeats; i++) {
    machine_send(&t->endpoint, p, n);
    reply_watch_typed(t->watch, p, n);
  }
  tell_typed(t, p, n);
}

/* Does the next step. False when the dialogue goes on later. */
static bool
do_step(struct talk *t, int64_t now_ns)
{
  const struct talk_step *s = &t->config.steps[t->at++];
  t->expect = s->expect;
  t->is_paced = false;
  switch (s->what) {
  case TALK_SAY:
    say(t, s);
    return true;
  case TALK_WAIT:
    wait_for(t, WAITING_SILENCE, now_ns + s->ns);
    return false;
  case TALK_TLS:
  case TALK_DEFLATE:
    t->endpoint.wants = s->what == TALK_TLS ? ENDPOINT_TLS : ENDPOINT_DEFLATE;
    reply_watch_forgive(t->watch);
    wait_for(t, WAITING_LAYER, now_ns + t->config.patience_ns);
    return false;
  case TALK_CLOSED:
    wait_for(t, WAITING_END, now_ns + t->config.patience_ns);
    return false;
  case TALK_DROP:
    finish(t);
    return false;
  }
  return true;
}

static bool
is_as_expected(struct talk *t)
{
  const char *expect = t->expect;
  t->expect = NULL;
  if (!expect || strstr(reply_watch_text(t->watch), expect))
    return true;
  const char *text = reply_watch_text(t->watch);
  g_autofree char *line = g_strndup(text, MIN(strcspn(text, "\r\n"), 200));
  g_autofree char *shown = g_utf8_make_valid(line, -1);
  g_autofree char *why =
      g_strdup_printf(lang_text("the answer should hold \"%1$s\", it is \"%2$s\"",
                                "คำตอบควรมี \"%1$s\" แต่ได้ \"%2$s\""),
                      expect, shown);
  fail(t, why);
  return false;
}

static void
advance(struct talk *t, int64_t now_ns)
{
  while (!t->is_over) {
    bool is_early = t->at < t->config.n_steps && t->config.steps[t->at].is_early;
    if (!is_early && !reply_watch_is_settled(t->watch)) {
      wait_for(t, WAITING_ANSWER, now_ns + t->config.patience_ns);
      return;
    }
    if (!is_early && !is_as_expected(t))
      return;
    if (t->at == t->config.n_steps) {
      finish(t);
      return;
    }
    if (t->config.pace_ns > 0 && !t->is_paced && !is_early) {
      t->is_paced = true;
      wait_for(t, WAITING_PACE, now_ns + t->config.pace_ns);
      return;
    }
    if (!do_step(t, now_ns))
      return;
  }
}

/* ---- the machine ---- */

static void
talk_start(struct endpoint *e, int64_t now_ns)
{
  advance((struct talk *)e, now_ns);
}

static void
talk_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct talk *t = (struct talk *)e;
  while (n > 0 && !t->is_over) { /* line by line: what comes in one piece is no other dialogue */
    size_t whole = line_find(p, n);
    whole = whole ? whole : n;
    reply_watch_heard(t->watch, p, whole);
    if (t->waiting == WAITING_ANSWER)
      advance(t, now_ns);
    p += whole;
    n -= whole;
  }
}

static void
talk_eof(struct endpoint *e, int64_t now_ns)
{
  struct talk *t = (struct talk *)e;
  if (t->is_over)
    return;
  bool is_expected = t->waiting == WAITING_END && t->at == t->config.n_steps;
  bool is_next = t->at + 1 == t->config.n_steps && reply_watch_is_settled(t->watch) &&
                 t->config.steps[t->at].what == TALK_CLOSED;
  if (!is_expected && !is_next)
    fail(t, lang_text("the server hung up before all was said and answered",
                      "เซิร์ฟเวอร์วางสายก่อนที่จะพูดและตอบครบ"));
  else if (is_as_expected(t))
    finish(t);
}

static void
talk_timeout(struct endpoint *e, int64_t now_ns)
{
  struct talk *t = (struct talk *)e;
  if (t->is_over)
    return;
  if (t->waiting == WAITING_LAYER) {
    fail(t, lang_text("there is no such layer at this connection", "การเชื่อมต่อนี้ไม่มีชั้นดังกล่าว"));
    return;
  }
  if (t->waiting == WAITING_END) {
    fail(t, lang_text("the server did not hang up", "เซิร์ฟเวอร์ไม่วางสาย"));
    return;
  }
  if (t->waiting == WAITING_ANSWER) {
    machine_emit(e, "log", "%s",
                 lang_text("no complete answer in time: the next line leaves without it",
                           "ไม่มีคำตอบที่ครบภายในเวลา: ส่งบรรทัดถัดไปโดยไม่รอ"));
    reply_watch_forgive(t->watch);
  }
  t->waiting = WAITING_ANSWER;
  advance(t, now_ns);
}

static void
talk_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct talk *t = (struct talk *)e;
  if (t->is_over)
    return;
  if (problem) {
    fail(t, problem);
  } else if (t->waiting == WAITING_LAYER) {
    t->waiting = WAITING_ANSWER;
    advance(t, now_ns);
  }
}

static void
talk_free(struct endpoint *e)
{
  struct talk *t = (struct talk *)e;
  reply_watch_free(t->watch);
  machine_clear(e);
  g_free(t);
}

static const struct endpoint_ops talk_ops = {.protocol = "talk",
                                             .start = talk_start,
                                             .input = talk_input,
                                             .eof = talk_eof,
                                             .timeout = talk_timeout,
                                             .upgraded = talk_upgraded,
                                             .free = talk_free};

struct endpoint *
talk_new(const struct talk_config *config)
{
  struct talk *t = g_new0(struct talk, 1);
  machine_init(&t->endpoint, &talk_ops);
  t->config = *config;
  if (t->config.patience_ns == 0)
    t->config.patience_ns = TALK_PATIENCE_NS;
  t->watch = reply_watch_new(config->protocol);
  t->is_good = true;
  return &t->endpoint;
}
