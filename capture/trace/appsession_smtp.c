/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_smtp.c -- SMTP and LMTP as seen from outside: commands, replies, message octets, AUTH.
 *
 * Commands wait in a queue and each reply answers its head, so that pipelining (RFC 2920) comes out
 * right. The greeting and the reply behind a message wait there too. A capture may hold a reply
 * before its command, or lack either; see smtp_match.
 *
 *     CONNECTED ─220─> GREETED ─EHLO 250─> READY ─MAIL 250─> MAIL ─RCPT 250─> RCPT ─DATA 354─> DATA
 *                                 ^ │ AUTH ... 235/5xx                                │
 *                                 └─┴──────────────<── "." 250, RSET 250 ──<──────────┘
 *
 * RFC 5321, 2033 (LMTP), 2920, 3030 (BDAT), 3207 (STARTTLS), 4954 (AUTH). */
#include <string.h>

#include "capture/trace/appsession_private.h"

enum smtp_waiting {
  WAITING_COMMAND,
  WAITING_GREETING,
  WAITING_MESSAGE, /* the reply behind "." */
  WAITING_LOST,    /* the reply to a command that the capture lacks */
  WAITING_ASSUMED, /* DATA whose message came before any reply */
  WAITING_LAST,    /* BDAT LAST */
};

static void
smtp_start(struct appsession *s)
{
  s->state = SMTP_STATE_CONNECTED;
  s->u.smtp.reply_command = ELEMENT_NONE;
  if (!s->mid_stream)
    app_push(s, SMTP_UNKNOWN, ELEMENT_NONE)->kind = WAITING_GREETING;
}

/* ---- what an answer does ---- */

static uint8_t
smtp_idle_state(const struct appsession *s)
{
  return s->u.smtp.ehlo ? SMTP_STATE_READY : SMTP_STATE_GREETED;
}

static void
smtp_answered(struct appsession *s, const struct app_command *c, unsigned code)
{
  bool ok = code >= 200 && code < 300;
  if (c->kind == WAITING_GREETING) {
    s->state = SMTP_STATE_GREETED;
    return;
  }
  if (c->kind == WAITING_MESSAGE) {
    if (s->queue.n <= 1 || app_at(s, 1)->kind != WAITING_MESSAGE) {
      s->state = smtp_idle_state(s);
      s->u.smtp.n_recipients = 0;
    }
    return;
  }
  switch ((enum smtp_verb)c->verb) {
  case SMTP_HELO:
  case SMTP_EHLO:
  case SMTP_LHLO:
    if (ok) {
      s->u.smtp.ehlo = true;
      s->u.smtp.lmtp = c->verb == SMTP_LHLO;
      s->state = SMTP_STATE_READY;
    }
    break;
  case SMTP_MAIL:
    if (ok)
      s->state = SMTP_STATE_MAIL;
    break;
  case SMTP_RCPT:
    if (ok) {
      s->state = SMTP_STATE_RCPT;
      s->u.smtp.n_recipients++;
    }
    break;
  case SMTP_RSET:
    if (ok) {
      s->state = smtp_idle_state(s);
      s->u.smtp.n_recipients = 0;
    }
    break;
  case SMTP_BDAT:
    if (c->kind == WAITING_LAST)
      s->state = smtp_idle_state(s);
    break;
  case SMTP_QUIT:
    s->state = SMTP_STATE_QUIT;
    break;
  case SMTP_DATA:
    if (c->kind == WAITING_ASSUMED)
      break;
    s->sides[SIDE_CLIENT].assume = APP_MODE_LINES;
    if (code == 354) {
      s->state = SMTP_STATE_DATA;
      if (s->sides[SIDE_CLIENT].mode == APP_MODE_LINES)
        app_expect_message(s, SIDE_CLIENT, c->element);
    }
    break;
  case SMTP_STARTTLS:
    s->tls_asked = false;
    if (code == 220)
      s->state = SMTP_STATE_TLS;
    break;
  case SMTP_AUTH:
    if (code != 334)
      s->state = s->u.smtp.before_auth;
    break;
  default:
    break;
  }
}

/* What a reply says of an attempt to log in: RFC 4954 section 6, RFC 5248 (enhanced codes). 523,
 * 530, 534 and 538, or x.7.9 to x.7.11, want TLS or a stronger mechanism; 4xx is trouble of the
 * server, and 500 to 504 dislike the command, not the secret. */
static uint8_t
smtp_verdict(unsigned code, const uint8_t *text, size_t n)
{
  if (code >= 200 && code < 300)
    return LOGIN_ACCEPTED;
  bool enhanced = n >= 5 && text[1] == '.' && text[2] == '7' && text[3] == '.';
  bool tls_first = enhanced && (text[4] == '9' ||
                                (n >= 6 && text[4] == '1' && text[5] <= '1' && text[5] >= '0'));
  if (code == 523 || code == 530 || code == 534 || code == 538 || (tls_first && code >= 400))
    return LOGIN_REFUSED;
  return LOGIN_REJECTED | (code > 504 ? AUTH_VERDICT_WRONG : 0);
}

/* A command has its last answer (or an intermediate one: 334). */
static void
smtp_take_answer(struct appsession *s, unsigned code, uint8_t verdict, uint32_t frame)
{
  struct app_command *c = app_head(s);
  envelope_answered(s, c, code, frame);
  smtp_answered(s, c, code);
  if (c->auth && code == 334) {
    s->exchange = c->auth;
    s->exchange_element = c->element;
    auth_asked(s);
    auth_add_frame(c->auth, frame);
    return;
  }
  if (c->auth) {
    s->u.smtp.authenticated |= verdict == LOGIN_ACCEPTED;
    auth_finish(s, c->auth, verdict, frame);
  }
  app_remove(s, 0);
  s->synced = true;
}

/* Replies that a capture shows before their commands are taken as soon as these come. */
static void
smtp_take_early(struct appsession *s)
{
  while (s->n_early && s->queue.n) {
    struct app_early early = s->early[0];
    s->n_early--;
    memmove(s->early, s->early + 1, s->n_early * sizeof early);
    struct app_command *c = app_head(s);
    bool auth_code = early.code == 235 || early.code == 334 || early.code >= 400;
    if ((c->verb == SMTP_AUTH) != auth_code && early.code < 400)
      continue; /* a reply nobody asked for */
    bool goes_on = c->auth && early.code == 334;
    smtp_take_answer(s, early.code, early.detail, early.frame);
    if (goes_on)
      return; /* the next one answers the next line */
  }
}

/* ---- client ---- */

/* Recipient of this attempt's verdict comes later; the exchange's next line may come now. */
static void
smtp_auth_line(struct appsession *s, const struct app_line *line)
{
  struct app_auth *a = s->exchange;
  struct app_out out = {.kind = ELEMENT_AUTH, .code = SMTP_AUTH, .command = s->exchange_element};
  auth_answered(s);
  if (line->n_text == 1 && line->p[0] == '*')
    a->cancelled = true;
  else
    auth_message(a, line, 0, line->n_text, &out);
  app_emit_line(s, SIDE_CLIENT, line, &out);
  smtp_take_early(s);
}

static void
smtp_begin_auth(struct appsession *s, const struct app_line *line, size_t at, struct app_out *out,
                struct app_auth **auth)
{
  while (at < line->n_text && line->p[at] == ' ')
    at++;
  size_t end = at;
  while (end < line->n_text && line->p[end] != ' ')
    end++;
  struct app_auth *a = auth_new(s, "AUTH ", line->p + at, end - at);
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  while (end < line->n_text && line->p[end] == ' ')
    end++;
  if (end < line->n_text) {
    size_t stop = line->n_text;
    while (stop > end && line->p[stop - 1] == ' ')
      stop--;
    auth_message(a, line, end, stop - end, out);
  }
  if (s->state != SMTP_STATE_AUTH)
    s->u.smtp.before_auth = s->state;
  s->state = SMTP_STATE_AUTH;
  *auth = a;
}

static void
smtp_begin_bdat(struct appsession *s, const struct app_line *line, size_t at, uint32_t element)
{
  uint64_t n = 0;
  unsigned n_digits = 0;
  while (at < line->n_text && line->p[at] == ' ')
    at++;
  for (; at < line->n_text && line->p[at] >= '0' && line->p[at] <= '9' && n_digits < 19; at++)
    n = n * 10 + (unsigned)(line->p[at] - '0'), n_digits++;
  if (line->n_text - at == 5 && text_is(line->p + at, 5, " LAST") && s->queue.n)
    app_at(s, s->queue.n - 1)->kind = WAITING_LAST;
  if (!s->u.smtp.chunked)
    from_begin(&s->sides[SIDE_CLIENT]);
  s->u.smtp.chunked = true;
  if (n_digits)
    app_expect_octets(s, SIDE_CLIENT, ELEMENT_MESSAGE, n, element, 0);
}

/* The bare order of RFC 5321 section 4.1.4; what the server makes of it is its reply's matter. */
static bool
smtp_is_out_of_order(const struct appsession *s, enum smtp_verb verb)
{
  switch (verb) {
  case SMTP_UNKNOWN:
    return true;
  case SMTP_MAIL:
    return s->synced && !s->u.smtp.ehlo && s->queue.n == 0;
  case SMTP_RCPT:
    return s->synced && s->state < SMTP_STATE_MAIL && s->queue.n == 0;
  case SMTP_DATA:
    return s->synced && s->state != SMTP_STATE_RCPT && s->queue.n == 0;
  default:
    return false;
  }
}

/* Nothing of the server is in the capture: its consent is assumed, so that states make sense. */
static void
smtp_assume_answer(struct appsession *s, enum smtp_verb verb)
{
  struct app_command c = {.verb = (uint16_t)verb};
  if (!s->sides[SIDE_SERVER].seen && verb != SMTP_DATA && verb != SMTP_STARTTLS &&
      verb != SMTP_AUTH)
    smtp_answered(s, &c, 250);
}

/* The connection's start is not in the capture, and this is no command: the middle of something. */
static void
smtp_join(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_AUTH, .code = SMTP_AUTH, .command = ELEMENT_NONE};
  struct app_auth *a = auth_join(s, line, &out);
  if (!a)
    out = (struct app_out){.kind = ELEMENT_COMMAND, .command = ELEMENT_NONE};
  out.flags |= ELEMENT_FLAG_ODD;
  out.secret_first = 0;
  out.secret_octets = line->n_text;
  struct app_command *c = app_push(s, a ? SMTP_AUTH : SMTP_UNKNOWN, ELEMENT_NONE);
  c->auth = a;
  c->element = app_emit_line(s, SIDE_CLIENT, line, &out);
  s->u.smtp.before_auth = SMTP_STATE_READY;
}

static bool
has_word(const uint8_t *p, size_t n, const char *word)
{
  for (size_t i = 0; i < n;) {
    while (i < n && (p[i] == ' ' || p[i] == '='))
      i++;
    size_t at = i;
    while (i < n && p[i] != ' ' && p[i] != '=')
      i++;
    if (i > at && text_is(p + at, i - at, word))
      return true;
  }
  return false;
}

/* RFC 6531 section 3.4: an address in UTF-8 has to be announced with MAIL. */
static void
smtp_watch_address(struct appsession *s, const struct app_line *line, enum smtp_verb verb)
{
  size_t i = 0;
  while (i < line->n_text && line->p[i] < 0x80)
    i++;
  if (i == line->n_text)
    return;
  const char *what = smtp_verbs[verb].name;
  struct notice n = {.kind = NOTICE_UTF8_UNDECLARED,
                     .app = APP_SMTP,
                     .side = SIDE_CLIENT,
                     .element = ELEMENT_NONE,
                     .frame = line->last_frame,
                     .offset = line->offset,
                     .n_octets = (uint32_t)line->n,
                     .text = (const uint8_t *)what,
                     .n_text = strlen(what)};
  s->sink->notice(s->data, &n);
}

static void
smtp_command(struct appsession *s, const struct app_line *line)
{
  size_t n_word = 0;
  while (n_word < line->n_text && line->p[n_word] != ' ')
    n_word++;
  enum smtp_verb verb = smtp_verb_find((const char *)line->p, n_word);
  bool first = s->mid_stream && !s->joined;
  s->joined = true;
  if (first && verb == SMTP_UNKNOWN) {
    smtp_join(s, line);
    return;
  }
  struct app_out out = {.kind = ELEMENT_COMMAND, .code = (uint16_t)verb, .command = ELEMENT_NONE};
  if (s->sides[SIDE_CLIENT].after_gap && verb == SMTP_UNKNOWN) {
    out.flags = ELEMENT_FLAG_ODD; /* the rest of a lost line; perhaps of a password */
    out.secret_octets = line->n_text;
    app_emit_line(s, SIDE_CLIENT, line, &out);
    return;
  }
  if (app_is_pipelined(s))
    out.flags |= ELEMENT_FLAG_PIPELINED;
  if (smtp_is_out_of_order(s, verb))
    out.flags |= ELEMENT_FLAG_ODD;
  struct app_auth *auth = NULL;
  if (verb == SMTP_AUTH)
    smtp_begin_auth(s, line, n_word, &out, &auth);
  else if (verb == SMTP_QUIT)
    s->state = SMTP_STATE_QUIT;
  else
    smtp_assume_answer(s, verb);
  uint32_t element = app_emit_line(s, SIDE_CLIENT, line, &out);
  struct app_command *c = app_push(s, (uint16_t)verb, element);
  c->auth = auth;
  if (auth) {
    s->exchange = auth;
    s->exchange_element = element;
    s->exchange_asked = false;
  } else if (verb == SMTP_DATA) {
    s->sides[SIDE_CLIENT].assume = APP_MODE_DOT;
    s->sides[SIDE_CLIENT].run_command = element;
  } else if (verb == SMTP_STARTTLS) {
    starttls_asked(s, line);
  }
  if (verb == SMTP_MAIL || verb == SMTP_RCPT || verb == SMTP_VRFY || verb == SMTP_EXPN)
    envelope_command(s, c, line, n_word);
  if (verb == SMTP_AUTH || verb == SMTP_MAIL)
    starttls_goes_on(s, line, (uint16_t)verb, out.secret_octets ? out.secret_first : 0,
                     verb == SMTP_AUTH);
  else if (verb == SMTP_UNKNOWN)
    starttls_filled_command(s, line, line->p, n_word);
  if (verb == SMTP_MAIL) {
    s->u.smtp.chunked = false;
    s->u.smtp.wants_ascii = !has_word(line->p + n_word, line->n_text - n_word, "SMTPUTF8");
  }
  if ((verb == SMTP_MAIL || verb == SMTP_RCPT) && s->u.smtp.wants_ascii)
    smtp_watch_address(s, line, verb);
  if (verb == SMTP_BDAT)
    smtp_begin_bdat(s, line, n_word, element);
  smtp_take_early(s);
}

static void
smtp_client_line(struct appsession *s, const struct app_line *line)
{
  if (s->exchange && (s->exchange_asked || auth_wants(s->exchange, line)))
    smtp_auth_line(s, line);
  else
    smtp_command(s, line);
}

/* ---- server ---- */

/* After a hole in the server's octets some replies are missing. The client mostly waits for each,
 * so when it has gone on by one command, the answer to the one before was lost; some codes answer
 * only some commands. */
static bool
smtp_fits(const struct app_command *c, unsigned code)
{
  if (c->kind == WAITING_GREETING)
    return code == 220 || code == 554 || code == 421;
  if (code >= 400)
    return true;
  switch ((enum smtp_verb)c->verb) {
  case SMTP_AUTH:
    return code == 235 || code == 334;
  case SMTP_STARTTLS:
    return code == 220;
  case SMTP_QUIT:
    return code == 221;
  case SMTP_DATA:
    return c->kind == WAITING_MESSAGE ? code == 250 : code == 354;
  default:
    return code != 220 && code != 221 && code != 235 && code != 334 && code != 354;
  }
}

static void
smtp_resync(struct appsession *s, unsigned code)
{
  if (!s->after_gap)
    return;
  s->after_gap = false;
  if (s->queue.n > 1 && !app_head(s)->auth)
    app_give_up(s, 0);
  while (s->queue.n > 1 && !smtp_fits(app_head(s), code))
    app_give_up(s, 0);
}

/* The start of an AUTH LOGIN was not captured, but its questions are here. */
static void
smtp_join_exchange(struct appsession *s, const uint8_t *text, size_t n)
{
  uint8_t question[64];
  size_t n_question = 0;
  if (n > 80 || !base64_decode((const char *)text, n, question, &n_question) || n_question < 8)
    return;
  bool user = text_is(question, 8, "Username"), password = text_is(question, 8, "Password");
  if (!user && !password)
    return;
  struct app_command *c = app_push(s, SMTP_AUTH, ELEMENT_NONE);
  c->auth = auth_new(s, "AUTH ", (const uint8_t *)"LOGIN", 5);
  c->auth->step = password;
  s->exchange = c->auth;
  s->exchange_element = ELEMENT_NONE;
  s->u.smtp.before_auth = SMTP_STATE_READY;
  s->state = SMTP_STATE_AUTH;
}

static bool
smtp_offers_clear_login(const uint8_t *p, size_t n)
{
  return n > 5 && text_is(p, 4, "AUTH") && (p[4] == ' ' || p[4] == '=') &&
         (has_word(p + 5, n - 5, "PLAIN") || has_word(p + 5, n - 5, "LOGIN"));
}

/* The end of a message fell into a hole, but its reply is here: commands go on. */
static void
smtp_leave_message(struct appsession *s)
{
  s->sides[SIDE_CLIENT].mode = APP_MODE_LINES;
  s->sides[SIDE_CLIENT].after_gap = true;
  s->u.smtp.message_gap = false;
  s->state = smtp_idle_state(s);
}

/* A line of the answer to EHLO: the first names the server, each other one thing that it can. */
static void
smtp_capability(struct appsession *s, const struct app_line *line, size_t at, bool is_first,
                bool more)
{
  size_t end = at;
  while (end < line->n_text && line->p[end] != ' ')
    end++;
  starttls_list_line(s, line);
  if (!is_first || text_is(line->p + at, end - at, "STARTTLS"))
    starttls_word(s, line, line->p + at, end - at);
  if (!more)
    starttls_list_end(s, line);
}

/* No command waits: the capture lacks it, shows it late, or the server speaks unasked (421). */
static void
smtp_unasked(struct appsession *s, const struct app_early *reply, const struct app_line *line)
{
  unsigned code = reply->code;
  if (!s->sides[SIDE_CLIENT].seen && code == 354)
    s->state = SMTP_STATE_DATA;
  else if (s->mid_stream && s->state == SMTP_STATE_CONNECTED && code == 220)
    s->state = SMTP_STATE_GREETED;
  if (s->u.smtp.message_gap && s->sides[SIDE_CLIENT].mode == APP_MODE_DOT && code != 354) {
    smtp_leave_message(s);
    return;
  }
  if (s->u.smtp.smuggled && (code == 250 || code == 354)) {
    s->u.smtp.smuggled = false;
    app_notice_line(s, NOTICE_SMUGGLED, SIDE_SERVER, line, ELEMENT_NONE, (uint16_t)code);
  }
  bool may_be_early = s->synced && code != 421;
  if (may_be_early)
    app_keep_early(s, *reply);
}

/* The connection's start is not in the capture, and the client did not wait for the greeting: 220
 * answers none of the commands before it. XCLIENT and its like, whose answer it is, are not known
 * here. */
static bool
smtp_is_late_greeting(struct appsession *s, unsigned code)
{
  const struct app_command *c = app_head(s);
  return s->mid_stream && !s->synced && code == 220 && c && c->kind == WAITING_COMMAND &&
         c->verb != SMTP_STARTTLS && c->verb != SMTP_UNKNOWN;
}

/* RFC 3463 3.8: 5.7.X is policy. Old servers say it in words. */
static bool
smtp_denies(const uint8_t *text, size_t n)
{
  if (n >= 4 && memcmp(text, "5.7.", 4) == 0)
    return true;
  for (size_t i = 0; i + 5 <= n; i++)
    if (text_is(text + i, 5, "relay"))
      return true;
  return false;
}

static void
smtp_reply(struct appsession *s, const struct app_line *line)
{
  unsigned code = 0;
  bool more = false;
  size_t text_at = 0;
  struct app_out out = {.kind = ELEMENT_REPLY, .command = ELEMENT_NONE};
  bool is_reply = smtp_reply_parse(line->p, line->n_text, &code, &more, &text_at);
  if (!is_reply)
    out.flags |= ELEMENT_FLAG_ODD;
  if (is_reply && !s->more)
    smtp_resync(s, code);
  if (is_reply && !s->queue.n && code == 334 && s->mid_stream)
    smtp_join_exchange(s, line->p + text_at, line->n_text - text_at);
  if (s->more && code != s->u.smtp.reply_code)
    out.flags |= ELEMENT_FLAG_ODD;
  struct app_command *c = is_reply && smtp_is_late_greeting(s, code) ? NULL : app_head(s);
  out.code = (uint16_t)code;
  out.command = c ? c->element : ELEMENT_NONE;
  if (more)
    out.flags |= ELEMENT_FLAG_MORE;
  bool lists = is_reply && c && (c->verb == SMTP_EHLO || c->verb == SMTP_LHLO) && code == 250;
  bool greets = lists || (is_reply && c && c->verb == SMTP_HELO && code == 250);
  if (greets && !s->more)
    app_notice_line(s, NOTICE_HELLO, SIDE_SERVER, line, ELEMENT_NONE, 0);
  if (lists)
    smtp_capability(s, line, text_at, !s->more, more);
  else if (is_reply && !more && code >= 400 && c && c->verb == SMTP_STARTTLS)
    starttls_refused(s, line);
  bool offers = lists && smtp_offers_clear_login(line->p + text_at, line->n_text - text_at);
  bool tls = c && c->verb == SMTP_STARTTLS && c->kind == WAITING_COMMAND && code == 220 && !more;
  if (is_reply) {
    s->more = more;
    s->u.smtp.reply_code = (uint16_t)code;
  }
  s->u.smtp.denied = code >= 500 && smtp_denies(line->p + text_at, line->n_text - text_at);
  if (is_reply && !more) {
    struct app_early reply = {.code = (uint16_t)code,
                              .frame = line->last_frame,
                              .detail =
                                  smtp_verdict(code, line->p + text_at, line->n_text - text_at)};
    if (code == 334 && s->exchange)
      auth_challenge(s->exchange, line, text_at);
    if (c && auth_is_asked(s, c))
      app_keep_early(s, reply);
    else if (c)
      smtp_take_answer(s, code, reply.detail, line->last_frame);
    else
      smtp_unasked(s, &reply, line);
  }
  uint32_t element = app_emit_line(s, SIDE_SERVER, line, &out);
  if (offers && !s->offer_noticed) {
    s->offer_noticed = true;
    app_notice_line(s, NOTICE_CLEAR_LOGIN_OFFERED, SIDE_SERVER, line, element, 0);
  }
  if (tls)
    app_start_tls(s, element, line->last_frame);
}

static void
smtp_line(struct appsession *s, enum side side, const struct app_line *line)
{
  if (side == SIDE_CLIENT)
    smtp_client_line(s, line);
  else
    smtp_reply(s, line);
}

static void
smtp_run(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame)
{
}

/* The message has ended: the reply that follows answers it. LMTP answers once per recipient. A BDAT
 * chunk is answered as the command that it is. */
static void
smtp_run_done(struct appsession *s, enum side side)
{
  if (s->sides[side].mode != APP_MODE_LINES || side != SIDE_CLIENT)
    return;
  if (s->state != SMTP_STATE_DATA)
    return;
  uint32_t n = s->u.smtp.lmtp && s->u.smtp.n_recipients ? s->u.smtp.n_recipients : 1;
  for (uint32_t i = 0; i < n && i < APP_COMMANDS_MAX; i++) {
    struct app_command *c = app_push(s, SMTP_DATA, s->sides[side].run_command);
    c->kind = WAITING_MESSAGE;
  }
  if (!s->sides[SIDE_SERVER].seen)
    s->state = smtp_idle_state(s);
  smtp_take_early(s);
}

/* The client sends its message though no 354 was seen: it is not in the capture, or comes late. */
static void
smtp_assumed(struct appsession *s, enum side side)
{
  s->state = SMTP_STATE_DATA;
  if (s->queue.n && app_at(s, s->queue.n - 1)->verb == SMTP_DATA)
    app_at(s, s->queue.n - 1)->kind = WAITING_ASSUMED;
  app_expect_message(s, SIDE_CLIENT, s->sides[side].run_command);
}

static void
smtp_gap(struct appsession *s, enum side side)
{
  if (side == SIDE_SERVER)
    return;
  s->synced = false;
  if (s->exchange) {
    auth_lost_message(s);
    smtp_take_early(s);
    return;
  }
  bool in_message = s->sides[side].mode == APP_MODE_DOT;
  s->u.smtp.message_gap = in_message;
  if (in_message ? s->n_early == 0 : s->sides[side].mode != APP_MODE_LINES)
    return;
  if (in_message)
    smtp_leave_message(s);
  if (s->n_early)
    memmove(s->early, s->early + 1, --s->n_early * sizeof s->early[0]);
  else
    app_push(s, SMTP_UNKNOWN, ELEMENT_NONE)->kind = WAITING_LOST;
}

const struct app_protocol app_smtp = {
    .start = smtp_start,
    .line = smtp_line,
    .run = smtp_run,
    .run_done = smtp_run_done,
    .assumed = smtp_assumed,
    .gap = smtp_gap,
};
