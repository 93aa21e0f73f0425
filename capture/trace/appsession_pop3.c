/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_pop3.c -- POP3 as seen from outside: commands, answers of one or many lines, messages,
 * USER/PASS, APOP and AUTH.
 *
 * Answers carry no number, so they are matched to commands in order (RFC 2449 section 6.8 allows
 * pipelining). Which command waits says whether "+OK" is the whole answer or begins a list or a
 * message; a message ends at the line ".", whatever size was announced.
 *
 *     AUTHORIZATION ─PASS/APOP/AUTH +OK─> TRANSACTION ─QUIT─> UPDATE
 *           └─────STLS +OK─────> TLS
 *
 * RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH), 6856 (LANG). */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession_private.h"

enum pop_waiting {
  WAITING_LINE, /* the answer is one line */
  WAITING_LIST, /* "+OK", then lines up to "." */
  WAITING_MESSAGE,
  WAITING_GREETING,
  WAITING_LOST,
};

enum pop_listing { LISTING_NONE, LISTING_TEXT, LISTING_CAPABILITIES };

static void
pop_start(struct appsession *s)
{
  s->state = POP_STATE_AUTHORIZATION;
  if (!s->mid_stream)
    app_push(s, POP_UNKNOWN, ELEMENT_NONE)->kind = WAITING_GREETING;
}

static size_t
skip_spaces(const struct app_line *line, size_t at)
{
  while (at < line->n_text && line->p[at] == ' ')
    at++;
  return at;
}

static size_t
skip_word(const struct app_line *line, size_t at)
{
  while (at < line->n_text && line->p[at] != ' ')
    at++;
  return at;
}

/* ---- client ---- */

static void
pop_remember_user(struct appsession *s, const struct app_line *line, size_t at)
{
  size_t n = MIN(line->n_text - at, AUTH_VALUE_MAX);
  g_free(s->u.pop.user);
  s->u.pop.user = g_memdup2(line->p + at, n);
  s->u.pop.n_user = n;
  s->u.pop.has_user = true;
  s->u.pop.user_frames[0] = line->first_frame;
  s->u.pop.user_frames[1] = line->last_frame;
}

/* Everything behind "PASS " is the password, spaces included (RFC 1939 section 7). */
static struct app_auth *
pop_pass(struct appsession *s, const struct app_line *line, size_t n_word, struct app_out *out)
{
  size_t at = MIN(n_word + 1, line->n_text);
  struct app_auth *a = auth_new(s, "USER/PASS", NULL, 0);
  if (s->u.pop.has_user) {
    auth_set_user(a, s->u.pop.user, s->u.pop.n_user);
    auth_add_frame(a, s->u.pop.user_frames[0]);
    auth_add_frame(a, s->u.pop.user_frames[1]);
  } else {
    out->flags |= ELEMENT_FLAG_ODD;
  }
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  auth_set_secret(a, line->p + at, line->n_text - at, line->offset + at, line->n_text - at,
                  line->first_frame);
  out->secret_first = at;
  out->secret_octets = line->n_text - at;
  return a;
}

static struct app_auth *
pop_apop(struct appsession *s, const struct app_line *line, size_t n_word, struct app_out *out)
{
  size_t user = skip_spaces(line, n_word), digest = line->n_text;
  while (digest > user && line->p[digest - 1] != ' ')
    digest--;
  struct app_auth *a = auth_new(s, "APOP", NULL, 0);
  a->secret_kind = SECRET_DIGEST;
  a->challenge_offset = s->u.pop.greeting_offset;
  a->challenge_octets = s->u.pop.greeting_octets;
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  if (digest <= user + 1) {
    out->flags |= ELEMENT_FLAG_ODD;
    digest = user;
  } else {
    auth_set_user(a, line->p + user, digest - 1 - user);
    auth_set_secret(a, line->p + digest, line->n_text - digest, line->offset + digest,
                    line->n_text - digest, line->first_frame);
  }
  out->secret_first = digest;
  out->secret_octets = line->n_text - digest;
  return a;
}

static struct app_auth *
pop_auth(struct appsession *s, const struct app_line *line, size_t n_word, struct app_out *out)
{
  size_t at = skip_spaces(line, n_word), end = skip_word(line, at);
  if (at == end)
    return NULL; /* asks for the list of mechanisms */
  struct app_auth *a = auth_new(s, "AUTH ", line->p + at, end - at);
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  size_t initial = skip_spaces(line, end), stop = line->n_text;
  while (stop > initial && line->p[stop - 1] == ' ')
    stop--;
  if (initial < stop)
    auth_message(a, line, initial, stop - initial, out);
  return a;
}

static uint8_t
pop_answer_kind(enum pop_verb verb, bool has_argument)
{
  switch (verb) {
  case POP_RETR:
  case POP_TOP:
    return WAITING_MESSAGE;
  case POP_CAPA:
    return WAITING_LIST;
  case POP_LIST:
  case POP_UIDL:
  case POP_LANG:
  case POP_AUTH:
    return has_argument ? WAITING_LINE : WAITING_LIST;
  default:
    return WAITING_LINE;
  }
}

/* The connection's start is not in the capture, and this is no command: the middle of something. */
static void
pop_join(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_AUTH, .code = POP_AUTH, .command = ELEMENT_NONE};
  struct app_auth *a = auth_join(s, line, &out);
  if (!a)
    out = (struct app_out){.kind = ELEMENT_COMMAND, .command = ELEMENT_NONE};
  out.flags |= ELEMENT_FLAG_ODD;
  out.secret_first = 0;
  out.secret_octets = line->n_text;
  struct app_command *c = app_push(s, a ? POP_AUTH : POP_UNKNOWN, ELEMENT_NONE);
  c->auth = a;
  c->element = app_emit_line(s, SIDE_CLIENT, line, &out);
}

static void pop_take_early(struct appsession *s);

static void
pop_command(struct appsession *s, const struct app_line *line)
{
  size_t n_word = skip_word(line, 0);
  enum pop_verb verb = pop_verb_find((const char *)line->p, n_word);
  bool first = s->mid_stream && !s->joined;
  s->joined = true;
  if (first && verb == POP_UNKNOWN) {
    pop_join(s, line);
    return;
  }
  struct app_out out = {.kind = ELEMENT_COMMAND, .code = (uint16_t)verb, .command = ELEMENT_NONE};
  if (verb == POP_UNKNOWN)
    out.flags |= ELEMENT_FLAG_ODD;
  if (s->sides[SIDE_CLIENT].after_gap && verb == POP_UNKNOWN) {
    out.secret_octets = line->n_text; /* the rest of a lost line; perhaps of a password */
    app_emit_line(s, SIDE_CLIENT, line, &out);
    return;
  }
  if (app_is_pipelined(s))
    out.flags |= ELEMENT_FLAG_PIPELINED;
  size_t argument = skip_spaces(line, n_word);
  struct app_auth *auth = NULL;
  if (verb == POP_USER)
    pop_remember_user(s, line, argument);
  else if (verb == POP_PASS)
    auth = pop_pass(s, line, n_word, &out);
  else if (verb == POP_APOP)
    auth = pop_apop(s, line, n_word, &out);
  else if (verb == POP_AUTH)
    auth = pop_auth(s, line, n_word, &out);
  else if (verb == POP_QUIT && s->state == POP_STATE_TRANSACTION)
    s->state = POP_STATE_UPDATE;
  uint32_t element = app_emit_line(s, SIDE_CLIENT, line, &out);
  struct app_command *c = app_push(s, (uint16_t)verb, element);
  c->kind = pop_answer_kind(verb, argument < line->n_text);
  c->auth = auth;
  if (auth && verb == POP_AUTH) {
    s->exchange = auth;
    s->exchange_element = element;
    s->exchange_asked = false;
  } else if (verb == POP_STLS) {
    starttls_asked(s, line);
  }
  if (auth || verb == POP_USER)
    starttls_goes_on(s, line, (uint16_t)verb, out.secret_octets ? out.secret_first : 0, true);
  else if (verb == POP_UNKNOWN)
    starttls_filled_command(s, line, line->p, n_word);
  pop_take_early(s);
}

static void
pop_auth_line(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_AUTH, .code = POP_AUTH, .command = s->exchange_element};
  auth_answered(s);
  if (line->n_text == 1 && line->p[0] == '*')
    s->exchange->cancelled = true;
  else
    auth_message(s->exchange, line, 0, line->n_text, &out);
  app_emit_line(s, SIDE_CLIENT, line, &out);
  pop_take_early(s);
}

/* ---- server ---- */

/* The codes in brackets of RFC 2449 section 8 and RFC 3206 section 4: trouble of the system and too
 * early a login judge no secret, a maildrop in use is told only to who has the right one. A server
 * that wants TLS first has no code of its own. */
static uint8_t
pop_failure(const struct app_line *line)
{
  static const struct {
    const char *code;
    uint8_t verdict;
  } codes[] = {{"[SYS/TEMP", LOGIN_REJECTED},
               {"[SYS/PERM", LOGIN_REJECTED},
               {"[LOGIN-DELAY", LOGIN_REJECTED},
               {"[IN-USE", LOGIN_ACCEPTED}};
  size_t at = skip_spaces(line, skip_word(line, 0));
  for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
    size_t n = strlen(codes[i].code);
    bool here = line->n_text - at > n && text_is(line->p + at, n, codes[i].code);
    if (here && (line->p[at + n] == ']' || line->p[at + n] == '/')) /* "/": more detail */
      return codes[i].verdict;
  }
  return LOGIN_REJECTED | AUTH_VERDICT_WRONG;
}

/* The head of the queue is answered by this status; what it opens is done here. */
static void
pop_take_answer(struct appsession *s, enum pop_status status, uint8_t verdict, uint32_t frame)
{
  struct app_command *c = app_head(s);
  if (c->auth && status == POP_STATUS_CONTINUE) {
    s->exchange = c->auth;
    s->exchange_element = c->element;
    auth_asked(s);
    auth_add_frame(c->auth, frame);
    return;
  }
  bool ok = status == POP_STATUS_OK;
  if (c->auth) {
    auth_finish(s, c->auth, verdict, frame);
    if (ok && s->state == POP_STATE_AUTHORIZATION)
      s->state = POP_STATE_TRANSACTION;
  }
  if (c->verb == POP_STLS) {
    s->tls_asked = false;
    if (ok)
      s->state = POP_STATE_TLS;
  }
  s->synced = true;
  app_remove(s, 0);
}

static void
pop_take_early(struct appsession *s)
{
  while (s->n_early && s->queue.n) {
    struct app_early early = s->early[0];
    struct app_command *c = app_head(s);
    bool wants_more = c->auth && sasl_n_messages(c->auth->sasl) > c->auth->step;
    if (c->verb == POP_AUTH && wants_more && early.code == POP_STATUS_OK)
      return; /* its own answer, but a message is still to come */
    s->n_early--;
    memmove(s->early, s->early + 1, s->n_early * sizeof early);
    bool goes_on = c->auth && early.code == POP_STATUS_CONTINUE;
    pop_take_answer(s, (enum pop_status)early.code, early.detail, early.frame);
    if (goes_on)
      return;
  }
}

/* "+OK 120 octets": a message follows, though its RETR is not in the capture (or comes late). */
static bool
pop_announces_message(const struct app_line *line)
{
  size_t at = skip_word(line, 0), digits = skip_spaces(line, at), i = digits;
  while (i < line->n_text && g_ascii_isdigit(line->p[i]))
    i++;
  return i > digits && line->n_text - i >= 7 && text_is(line->p + i, 7, " octets");
}

static bool
pop_offers_clear_login(const uint8_t *p, size_t n)
{
  if (n >= 4 && text_is(p, 4, "USER") && (n == 4 || p[4] == ' '))
    return true;
  if (n < 5 || !text_is(p, 5, "SASL "))
    return false;
  for (size_t i = 5; i < n;) {
    size_t end = i;
    while (end < n && p[end] != ' ')
      end++;
    if (text_is(p + i, end - i, "PLAIN") || text_is(p + i, end - i, "LOGIN"))
      return true;
    i = end + 1;
  }
  return false;
}

/* A line of a list, "." included; outside of a list a line that is no answer. */
static void
pop_text(struct appsession *s, const struct app_line *line)
{
  bool listed = s->u.pop.listing != LISTING_NONE;
  bool end = listed && line->n_text == 1 && line->p[0] == '.';
  struct app_out out = {.kind = ELEMENT_TEXT,
                        .flags = listed ? (end ? 0 : ELEMENT_FLAG_MORE) : ELEMENT_FLAG_ODD,
                        .command = listed ? s->u.pop.list_command : ELEMENT_NONE};
  bool offers = s->u.pop.listing == LISTING_CAPABILITIES && s->state == POP_STATE_AUTHORIZATION &&
                pop_offers_clear_login(line->p, line->n_text);
  if (s->u.pop.listing == LISTING_CAPABILITIES) {
    starttls_list_line(s, line);
    if (end)
      starttls_list_end(s, line);
    else
      starttls_word(s, line, line->p, skip_word(line, 0));
  }
  if (end)
    s->u.pop.listing = LISTING_NONE;
  uint32_t element = app_emit_line(s, SIDE_SERVER, line, &out);
  if (listed && line->n_text > 15 && text_is(line->p, 15, "IMPLEMENTATION "))
    app_notice_line(s, NOTICE_SOFTWARE, SIDE_SERVER, line, element, 0);
  if (offers && !s->offer_noticed) {
    s->offer_noticed = true;
    app_notice_line(s, NOTICE_CLEAR_LOGIN_OFFERED, SIDE_SERVER, line, element, 0);
  }
}

/* After a hole: the client mostly waits, so when it has gone on, one answer was lost. */
static void
pop_resync(struct appsession *s)
{
  if (s->after_gap && s->queue.n > 1)
    app_give_up(s, 0);
  s->after_gap = false;
}

/* A greeting with "<" in it offers APOP (RFC 1939 section 7). */
static void
pop_remember_greeting(struct appsession *s, const struct app_line *line)
{
  if (!line->n_text || !memchr(line->p, '<', line->n_text))
    return;
  s->u.pop.greeting_offset = line->offset;
  s->u.pop.greeting_octets = (uint32_t)MIN(line->n_octets, UINT32_MAX);
}

static void
pop_status_line(struct appsession *s, const struct app_line *line, enum pop_status status)
{
  pop_resync(s);
  struct app_command *c = app_head(s);
  struct app_out out = {
      .kind = ELEMENT_REPLY, .code = (uint16_t)status, .command = c ? c->element : ELEMENT_NONE};
  if (status == POP_STATUS_CONTINUE && !(c && c->auth))
    out.flags |= ELEMENT_FLAG_ODD;
  bool ok = status == POP_STATUS_OK;
  bool tls = c && c->verb == POP_STLS && ok;
  uint8_t kind = !ok ? WAITING_LINE : c ? c->kind : WAITING_LINE;
  bool capabilities = c && c->verb == POP_CAPA;
  if (!c && ok && pop_announces_message(line))
    kind = WAITING_MESSAGE;
  if (kind == WAITING_MESSAGE || kind == WAITING_LIST)
    out.flags |= ELEMENT_FLAG_MORE;
  uint8_t verdict = ok ? LOGIN_ACCEPTED : pop_failure(line);
  if (status == POP_STATUS_CONTINUE && s->exchange)
    auth_challenge(s->exchange, line, MIN(2, line->n_text));
  if (c && kind == WAITING_GREETING)
    pop_remember_greeting(s, line);
  if (c && c->verb == POP_STLS && status == POP_STATUS_ERR)
    starttls_refused(s, line);
  if (c && !auth_is_asked(s, c))
    pop_take_answer(s, status, verdict, line->last_frame);
  else if (c || s->synced)
    app_keep_early(s, (struct app_early){
                          .code = (uint16_t)status, .frame = line->last_frame, .detail = verdict});
  uint32_t element = app_emit_line(s, SIDE_SERVER, line, &out);
  if (kind == WAITING_LIST) {
    s->u.pop.listing = capabilities ? LISTING_CAPABILITIES : LISTING_TEXT;
    s->u.pop.list_command = out.command;
  } else if (kind == WAITING_MESSAGE) {
    app_expect_message(s, SIDE_SERVER, out.command);
  }
  if (tls)
    app_start_tls(s, element, line->last_frame);
}

static void
pop_server_line(struct appsession *s, const struct app_line *line)
{
  if (s->u.pop.listing != LISTING_NONE) {
    pop_text(s, line);
    return;
  }
  size_t n_word = skip_word(line, 0);
  if (text_is(line->p, n_word, "+OK"))
    pop_status_line(s, line, POP_STATUS_OK);
  else if (text_is(line->p, n_word, "-ERR"))
    pop_status_line(s, line, POP_STATUS_ERR);
  else if (n_word == 1 && line->p[0] == '+')
    pop_status_line(s, line, POP_STATUS_CONTINUE);
  else
    pop_text(s, line);
}

static void
pop_line(struct appsession *s, enum side side, const struct app_line *line)
{
  if (side == SIDE_SERVER)
    pop_server_line(s, line);
  else if (s->exchange && (s->exchange_asked || auth_wants(s->exchange, line)))
    pop_auth_line(s, line);
  else
    pop_command(s, line);
}

static void
pop_run(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame)
{
}

static void
pop_run_done(struct appsession *s, enum side side)
{
}

static void
pop_gap(struct appsession *s, enum side side)
{
  if (side == SIDE_SERVER)
    return;
  s->synced = false;
  s->u.pop.has_user = false;
  if (s->exchange) {
    auth_lost_message(s);
    pop_take_early(s);
  } else if (s->n_early)
    memmove(s->early, s->early + 1, --s->n_early * sizeof s->early[0]);
  else
    app_push(s, POP_UNKNOWN, ELEMENT_NONE)->kind = WAITING_LOST;
}

const struct app_protocol app_pop3 = {
    .start = pop_start,
    .line = pop_line,
    .run = pop_run,
    .run_done = pop_run_done,
    .assumed = pop_run_done,
    .gap = pop_gap,
};
