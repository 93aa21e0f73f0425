/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_imap.c -- IMAP as seen from outside: tags, literals, LOGIN and AUTHENTICATE, states.
 *
 * A command is lines and literals in turn: "{n}" at a line's end means that n octets and another
 * line follow, at once with "{n+}" (RFC 7888), else when the server said "+" (or when the client
 * simply goes on, which a one-sided capture shows). Answers are matched by tag. A server's line may
 * end in a literal too, but not the human text of OK, NO, BAD and BYE.
 *
 *     NOT AUTHENTICATED ─LOGIN/AUTHENTICATE OK─> AUTHENTICATED ─SELECT OK─> SELECTED
 *           │ STARTTLS OK─> TLS                        ^──CLOSE/UNSELECT OK────┘   any ─BYE─>
 * LOGOUT
 *
 * RFC 3501, 9051, 2177 (IDLE), 4959 (SASL-IR), 4978 (COMPRESS), 5530 (response codes). */
#include <glib.h>
#include <string.h>

#include "capture/trace/appsession_private.h"

static void
imap_start(struct appsession *s)
{
  s->state = IMAP_STATE_NOT_AUTHENTICATED;
}

/* A tag is compared by its hash (FNV-1a, 64 bits), so that any length of tag costs eight octets. */
static uint64_t
tag_hash(const uint8_t *p, size_t n)
{
  uint64_t h = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < n; i++)
    h = (h ^ p[i]) * UINT64_C(1099511628211);
  return h;
}

static size_t
skip_word(const struct app_line *line, size_t at)
{
  const uint8_t *p = line->p;
  size_t n = line->n_text;
  while (at < n && p[at] != ' ')
    at++;
  return at;
}

static bool
is_tag(const uint8_t *p, size_t n)
{
  static const bool is_special[128] = {['('] = true, [')'] = true, ['{'] = true,  ['%'] = true,
                                       ['*'] = true, ['"'] = true, ['\\'] = true, ['+'] = true};
  for (size_t i = 0; i < n; i++)
    if (p[i] <= 0x20 || p[i] >= 0x7f || is_special[p[i]])
      return false;
  return n > 0;
}

/* ---- what an answer does ---- */

static void
imap_completed(struct appsession *s, enum imap_verb verb, bool ok)
{
  switch (verb) {
  case IMAP_LOGIN:
  case IMAP_AUTHENTICATE:
    if (ok && s->state == IMAP_STATE_NOT_AUTHENTICATED)
      s->state = IMAP_STATE_AUTHENTICATED;
    break;
  case IMAP_SELECT:
  case IMAP_EXAMINE: /* a failed one leaves no mailbox selected (RFC 3501 section 6.3.1) */
    s->state = ok ? IMAP_STATE_SELECTED : IMAP_STATE_AUTHENTICATED;
    break;
  case IMAP_CLOSE:
  case IMAP_UNSELECT:
    if (ok)
      s->state = IMAP_STATE_AUTHENTICATED;
    break;
  case IMAP_LOGOUT:
    if (ok)
      s->state = IMAP_STATE_LOGOUT;
    break;
  case IMAP_STARTTLS:
    s->tls_asked = false;
    if (ok)
      s->state = IMAP_STATE_TLS;
    break;
  default:
    break;
  }
}

static void
imap_take_answer(struct appsession *s, unsigned i, enum imap_status status, uint8_t verdict,
                 uint32_t frame)
{
  struct app_command *c = app_at(s, i);
  bool ok = status == IMAP_STATUS_OK;
  imap_completed(s, (enum imap_verb)c->verb, ok);
  if (c->tag == s->u.imap.tag) { /* whatever was to follow does not */
    s->u.imap.command_continues = false;
    s->u.imap.login = NULL;
    s->sides[SIDE_CLIENT].assume = APP_MODE_LINES;
  }
  if (c->auth)
    auth_finish(s, c->auth, verdict, frame);
  s->synced = true;
  app_remove(s, i);
}

static unsigned
find_tag(struct appsession *s, uint64_t tag)
{
  unsigned i = 0;
  while (i < s->queue.n && app_at(s, i)->tag != tag)
    i++;
  return i;
}

/* The command with this tag is complete: its answer may have been seen already. */
static void
imap_take_early(struct appsession *s, uint64_t tag)
{
  unsigned at = find_tag(s, tag);
  if (s->n_early == 0 || at == s->queue.n)
    return;
  struct app_auth *a = app_at(s, at)->auth;
  if (a && !a->complete && a->step < MAX(sasl_n_messages(a->sasl), 1))
    return;
  for (unsigned i = 0; i < s->n_early; i++)
    if (s->early[i].tag == tag) {
      struct app_early early = s->early[i];
      memmove(s->early + i, s->early + i + 1, (s->n_early - i - 1) * sizeof early);
      s->n_early--;
      imap_take_answer(s, at, (enum imap_status)early.code, early.detail, early.frame);
      return;
    }
}

/* ---- client ---- */

/* The arguments of LOGIN that are in this line from `at` on. */
static void
imap_login_arguments(struct appsession *s, const struct app_line *line, size_t at,
                     struct app_out *out)
{
  struct app_auth *a = s->u.imap.login;
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  s->u.imap.in_argument = false;
  while (s->u.imap.n_arguments < 2) {
    struct imap_string string;
    size_t taken = imap_string_scan(line->p + at, line->n_text - at, &string);
    if (taken == 0)
      break;
    if (string.odd)
      out->flags |= ELEMENT_FLAG_ODD;
    if (string.kind == IMAP_STRING_LITERAL) {
      s->u.imap.in_argument = true;
      if (s->u.imap.n_arguments == 0)
        auth_add_user(a, NULL, 0);
      else
        auth_set_secret(a, NULL, 0, line->offset + line->n_octets, (size_t)string.literal_octets,
                        ELEMENT_NONE);
      return;
    }
    uint8_t value[AUTH_VALUE_MAX];
    size_t n = imap_string_copy(&string, value, sizeof value);
    size_t value_at = (size_t)(string.p - line->p);
    if (s->u.imap.n_arguments == 0) {
      auth_set_user(a, value, n);
    } else {
      auth_set_secret(a, value, n, line->offset + value_at, string.n, line->first_frame);
      out->secret_first = value_at;
      out->secret_octets = line->n_text - value_at;
      if (string.kind == IMAP_STRING_QUOTED && !string.odd)
        out->secret_octets = string.n;
      memset(value, 0, n);
    }
    s->u.imap.n_arguments++;
    at += taken;
  }
  if (s->u.imap.n_arguments < 2 || at < line->n_text)
    out->flags |= ELEMENT_FLAG_ODD;
  if (out->secret_octets && at < line->n_text)
    out->secret_octets = line->n_text - out->secret_first;
}

static void
imap_begin_authenticate(struct appsession *s, const struct app_line *line, size_t at,
                        struct app_out *out, struct app_auth **auth)
{
  size_t mechanism = at < line->n_text ? at + 1 : at, end = skip_word(line, mechanism);
  struct app_auth *a = auth_new(s, "AUTH ", line->p + mechanism, end - mechanism);
  auth_add_frame(a, line->first_frame);
  auth_add_frame(a, line->last_frame);
  if (end == mechanism)
    out->flags |= ELEMENT_FLAG_ODD;
  if (end + 1 < line->n_text)
    auth_message(a, line, end + 1, line->n_text - end - 1, out);
  *auth = a;
}

/* Does this line end in a literal? Then the octets that follow are its octets. */
static bool
imap_expect_literal(struct appsession *s, const struct app_line *line, uint32_t command)
{
  struct app_side *side = &s->sides[SIDE_CLIENT];
  uint64_t n;
  bool waits;
  if (line->unfinished || !imap_literal_at_end(line->p, line->n_text, &n, &waits))
    return false;
  if (s->u.imap.verb == IMAP_APPEND)
    from_begin(&s->sides[SIDE_CLIENT]);
  bool secret = s->u.imap.login && s->u.imap.in_argument && s->u.imap.n_arguments == 1;
  uint8_t flags = secret ? ELEMENT_FLAG_SECRET : 0;
  if (n == 0 || !waits) {
    app_expect_octets(s, SIDE_CLIENT, ELEMENT_LITERAL, n, command, flags);
  } else {
    side->assume = APP_MODE_COUNT;
    side->left = n;
    side->run_kind = ELEMENT_LITERAL;
    side->run_command = command;
    side->run_flags = flags;
  }
  return true;
}

/* A line of a command has been given out; either a literal follows or the command is complete. */
static void
imap_go_on(struct appsession *s, const struct app_line *line)
{
  s->u.imap.command_continues = false;
  if (imap_expect_literal(s, line, s->u.imap.command))
    return;
  if (s->u.imap.login)
    s->u.imap.login->complete = true;
  s->u.imap.login = NULL;
  imap_take_early(s, s->u.imap.tag);
}

static bool
ends_in_literal(const struct app_line *line)
{
  uint64_t n;
  bool waits;
  return imap_literal_at_end(line->p, line->n_text, &n, &waits);
}

static void
imap_rest(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_REST, .code = s->u.imap.verb, .command = s->u.imap.command};
  if (s->u.imap.login)
    imap_login_arguments(s, line, 0, &out);
  if (ends_in_literal(line))
    out.flags |= ELEMENT_FLAG_MORE;
  app_emit_line(s, SIDE_CLIENT, line, &out);
  imap_go_on(s, line);
}

static void
imap_done(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_COMMAND,
                        .code = IMAP_DONE,
                        .flags = ELEMENT_FLAG_ODD,
                        .command = ELEMENT_NONE};
  for (unsigned i = 0; i < s->queue.n; i++)
    if (app_at(s, i)->verb == IMAP_IDLE) {
      out.command = app_at(s, i)->element;
      out.flags = 0;
    }
  app_emit_line(s, SIDE_CLIENT, line, &out);
}

/* The connection's start is not in the capture, and this is no command: the middle of something.
 * Its tag is not known: the first tagged answer is taken for its own. */
static void
imap_join(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_AUTH, .code = IMAP_AUTHENTICATE, .command = ELEMENT_NONE};
  struct app_auth *a = auth_join(s, line, &out);
  if (!a)
    out = (struct app_out){.kind = ELEMENT_COMMAND, .command = ELEMENT_NONE};
  out.flags |= ELEMENT_FLAG_ODD;
  out.secret_first = 0;
  out.secret_octets = line->n_text;
  uint32_t element = app_emit_line(s, SIDE_CLIENT, line, &out);
  if (!a) {
    s->u.imap.command = element;
    imap_expect_literal(s, line, element); /* of a message, say */
    return;
  }
  struct app_command *c = app_push(s, IMAP_AUTHENTICATE, element);
  c->auth = a;
  s->exchange = a;
  s->exchange_element = element;
}

/* The same within a LOGIN whose name was a literal: "alice {6}", a name and the size of a password.
 * Larger literals are rather messages of APPEND. */
static bool
imap_join_login(struct appsession *s, const struct app_line *line)
{
  enum { PASSWORD_MAX = 128 };
  struct imap_string name, size;
  size_t taken = imap_string_scan(line->p, line->n_text, &name);
  if (taken == 0 || name.kind == IMAP_STRING_LITERAL || name.odd || line->p[0] == ' ' ||
      !imap_string_scan(line->p + taken, line->n_text - taken, &size) ||
      size.kind != IMAP_STRING_LITERAL || size.literal_octets > PASSWORD_MAX)
    return false;
  struct app_out out = {.kind = ELEMENT_COMMAND,
                        .code = IMAP_LOGIN,
                        .flags = ELEMENT_FLAG_ODD | ELEMENT_FLAG_MORE,
                        .command = ELEMENT_NONE};
  struct app_auth *a = auth_new(s, "LOGIN", NULL, 0);
  s->u.imap.tag = 0;
  s->u.imap.verb = IMAP_LOGIN;
  s->u.imap.login = a;
  s->u.imap.n_arguments = 0;
  imap_login_arguments(s, line, 0, &out);
  s->u.imap.command = app_emit_line(s, SIDE_CLIENT, line, &out);
  app_push(s, IMAP_LOGIN, s->u.imap.command)->auth = a;
  imap_go_on(s, line);
  return true;
}

static void
imap_command(struct appsession *s, const struct app_line *line)
{
  size_t n_tag = skip_word(line, 0), verb_at = MIN(n_tag + 1, line->n_text);
  size_t end = skip_word(line, verb_at);
  bool tagged = is_tag(line->p, n_tag);
  enum imap_verb verb = imap_verb_find((const char *)line->p + verb_at, end - verb_at);
  bool first = s->mid_stream && !s->joined;
  s->joined = true;
  if (first && (!tagged || verb == IMAP_UNKNOWN)) {
    if (!imap_join_login(s, line))
      imap_join(s, line);
    return;
  }
  struct app_out out = {.kind = ELEMENT_COMMAND, .code = (uint16_t)verb, .command = ELEMENT_NONE};
  if (!tagged || verb == IMAP_UNKNOWN)
    out.flags |= ELEMENT_FLAG_ODD;
  if (s->sides[SIDE_CLIENT].after_gap && out.flags) {
    out.secret_octets = line->n_text; /* the rest of a lost line; perhaps of a password */
    app_emit_line(s, SIDE_CLIENT, line, &out);
    return;
  }
  if (app_is_pipelined(s))
    out.flags |= ELEMENT_FLAG_PIPELINED;
  s->u.imap.tag = tag_hash(line->p, n_tag);
  s->u.imap.verb = (uint16_t)verb;
  s->u.imap.login = NULL;
  s->u.imap.n_arguments = 0;
  struct app_auth *auth = NULL;
  if (verb == IMAP_LOGIN) {
    auth = s->u.imap.login = auth_new(s, "LOGIN", NULL, 0);
    imap_login_arguments(s, line, end, &out);
  } else if (verb == IMAP_AUTHENTICATE) {
    imap_begin_authenticate(s, line, end, &out, &auth);
  }
  if (ends_in_literal(line))
    out.flags |= ELEMENT_FLAG_MORE;
  uint32_t element = app_emit_line(s, SIDE_CLIENT, line, &out);
  s->u.imap.command = element;
  struct app_command *c = app_push(s, (uint16_t)verb, element);
  c->tag = s->u.imap.tag;
  c->auth = auth;
  if (auth && verb == IMAP_AUTHENTICATE) {
    s->exchange = auth;
    s->exchange_element = element;
    s->exchange_asked = false;
  } else if (verb == IMAP_STARTTLS) {
    starttls_asked(s, line);
  }
  if (auth)
    starttls_goes_on(s, line, (uint16_t)verb, out.secret_octets ? out.secret_first : 0, true);
  else if (verb == IMAP_UNKNOWN)
    starttls_filled_command(s, line, line->p + verb_at, end - verb_at);
  imap_go_on(s, line);
}

static void
imap_auth_line(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {
      .kind = ELEMENT_AUTH, .code = IMAP_AUTHENTICATE, .command = s->exchange_element};
  auth_answered(s);
  if (line->n_text == 1 && line->p[0] == '*')
    s->exchange->cancelled = true;
  else
    auth_message(s->exchange, line, 0, line->n_text, &out);
  app_emit_line(s, SIDE_CLIENT, line, &out);
  for (unsigned i = 0; i < s->queue.n; i++)
    if (app_at(s, i)->auth == s->exchange) {
      imap_take_early(s, app_at(s, i)->tag);
      return;
    }
}

static void
imap_client_line(struct appsession *s, const struct app_line *line)
{
  if (s->u.imap.command_continues)
    imap_rest(s, line);
  else if (s->exchange && (s->exchange_asked || auth_wants(s->exchange, line)))
    imap_auth_line(s, line);
  else if (text_is(line->p, line->n_text, "DONE"))
    imap_done(s, line);
  else
    imap_command(s, line);
}

/* ---- server ---- */

/* The text of a CAPABILITY answer or code within this line; NULL when there is none. */
static const uint8_t *
imap_capabilities(const uint8_t *p, size_t n, size_t *n_out)
{
  for (size_t i = 1; i + 11 <= n; i++) {
    if ((p[i] | 0x20) != 'c' || !text_equals(p + i, 11, "CAPABILITY "))
      continue;
    if (p[i - 1] != '[' && p[i - 1] != ' ')
      continue;
    const uint8_t *at = p + i + 11, *end = memchr(at, ']', n - i - 11);
    *n_out = end ? (size_t)(end - at) : n - i - 11;
    return at;
  }
  return NULL;
}

/* LOGIN is on offer unless LOGINDISABLED stands in the list (RFC 3501 section 6.2.3). */
static bool
imap_offers_clear_login(const uint8_t *text, size_t n_text)
{
  bool login_disabled = false, plain = false;
  for (size_t i = 0; i < n_text;) {
    const uint8_t *space = memchr(text + i, ' ', n_text - i);
    size_t end = space ? (size_t)(space - text) : n_text;
    login_disabled |= text_is(text + i, end - i, "LOGINDISABLED");
    plain |= text_is(text + i, end - i, "AUTH=PLAIN") || text_is(text + i, end - i, "AUTH=LOGIN");
    i = end + 1;
  }
  return plain || !login_disabled;
}

static enum imap_status
imap_status_word(const uint8_t *p, size_t n)
{
  static const struct {
    const char *word;
    enum imap_status status;
  } words[] = {{"OK", IMAP_STATUS_OK},
               {"NO", IMAP_STATUS_NO},
               {"BAD", IMAP_STATUS_BAD},
               {"BYE", IMAP_STATUS_BYE},
               {"PREAUTH", IMAP_STATUS_PREAUTH}};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (text_is(p, n, words[i].word))
      return words[i].status;
  return IMAP_STATUS_UNTAGGED;
}

static bool
has_code(const struct app_line *line, size_t at, const char *code)
{
  size_t n_code = strlen(code);
  return at + n_code + 2 <= line->n_text && line->p[at] == '[' &&
         text_is(line->p + at + 1, n_code, code) &&
         (line->p[at + 1 + n_code] == ']' || line->p[at + 1 + n_code] == ' ');
}

/* What the answer to a login says: RFC 5530 section 3. A secret that has expired, or fails for
 * another reason than itself, is no wrong guess. */
static uint8_t
imap_verdict(const struct app_line *line, enum imap_status status, size_t at)
{
  static const struct {
    const char *code;
    uint8_t verdict;
  } codes[] = {{"PRIVACYREQUIRED", LOGIN_REFUSED},
               {"UNAVAILABLE", LOGIN_REJECTED},
               {"INUSE", LOGIN_REJECTED},
               {"LIMIT", LOGIN_REJECTED},
               {"AUTHORIZATIONFAILED", LOGIN_ACCEPTED},
               {"EXPIRED", LOGIN_REJECTED},
               {"CONTACTADMIN", LOGIN_REJECTED}};
  if (status == IMAP_STATUS_OK)
    return LOGIN_ACCEPTED;
  if (status == IMAP_STATUS_BAD)
    return LOGIN_REJECTED;
  for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
    if (has_code(line, at, codes[i].code))
      return codes[i].verdict;
  return LOGIN_REJECTED | AUTH_VERDICT_WRONG;
}

/* A server's data line may end in a literal; then it goes on behind it. */
static void
imap_reply_literal(struct appsession *s, const struct app_line *line, struct app_out *out)
{
  uint64_t n;
  bool waits;
  uint32_t command = out->command;
  bool literal = !line->unfinished && imap_literal_at_end(line->p, line->n_text, &n, &waits);
  if (literal)
    out->flags |= ELEMENT_FLAG_MORE;
  s->u.imap.reply_continues = false;
  app_emit_line(s, SIDE_SERVER, line, out);
  if (!line->unfinished)
    imap_from_envelope(s, line);
  if (literal && imap_from_is_header(line->p, line->n_text))
    from_begin(&s->sides[SIDE_SERVER]);
  if (literal)
    app_expect_octets(s, SIDE_SERVER, ELEMENT_LITERAL, n, command, 0);
}

/* Before login: what the server says of itself (its list of capabilities, or NULL), and what it
 * says that only TLS could vouch for. */
static void
imap_look_at_opening(struct appsession *s, const struct app_line *line, const uint8_t *list,
                     size_t n_list)
{
  static const char *const mailbox[] = {"EXISTS", "RECENT", "EXPUNGE", "FETCH", "FLAGS",
                                        "LIST",   "LSUB",   "STATUS",  "SEARCH"};
  if (list)
    starttls_list_in_line(s, line, list, n_list);
  size_t word = MIN(skip_word(line, 0) + 1, line->n_text), end = skip_word(line, word);
  size_t behind = MIN(end + 1, line->n_text);
  if (has_code(line, behind, "ALERT"))
    starttls_unprotected(s, line, "ALERT");
  else if (has_code(line, behind, "REFERRAL"))
    starttls_unprotected(s, line, "REFERRAL");
  bool is_number = end > word && g_ascii_isdigit(line->p[word]);
  size_t name = is_number ? behind : word, name_end = skip_word(line, name);
  for (size_t i = 0; i < G_N_ELEMENTS(mailbox) && line->p[0] == '*'; i++)
    if (text_is(line->p + name, name_end - name, mailbox[i]))
      starttls_unprotected(s, line, mailbox[i]);
}

static void
imap_notice_offer(struct appsession *s, const struct app_line *line, uint32_t element,
                  const uint8_t *list, size_t n_list)
{
  if (s->offer_noticed || !list || !imap_offers_clear_login(list, n_list))
    return;
  s->offer_noticed = true;
  app_notice_line(s, NOTICE_CLEAR_LOGIN_OFFERED, SIDE_SERVER, line, element, 0);
}

static void
imap_continue(struct appsession *s, const struct app_line *line)
{
  struct app_out out = {.kind = ELEMENT_REPLY, .code = IMAP_STATUS_CONTINUE};
  struct app_command *c = app_head(s);
  out.command = c ? c->element : ELEMENT_NONE;
  if (s->exchange) {
    auth_asked(s);
    out.command = s->exchange_element;
    auth_add_frame(s->exchange, line->last_frame);
    auth_challenge(s->exchange, line, MIN(2, line->n_text));
  } else if (s->sides[SIDE_CLIENT].assume == APP_MODE_COUNT) {
    out.command = s->u.imap.command;
  }
  app_emit_line(s, SIDE_SERVER, line, &out);
}

static void
imap_untagged(struct appsession *s, const struct app_line *line)
{
  size_t word = MIN(2, line->n_text), end = skip_word(line, word);
  enum imap_status status = imap_status_word(line->p + word, end - word);
  struct app_command *c = app_head(s);
  struct app_out out = {
      .kind = ELEMENT_REPLY, .code = (uint16_t)status, .command = c ? c->element : ELEMENT_NONE};
  bool greeting = !s->u.imap.greeted && !s->mid_stream;
  s->u.imap.greeted = true;
  size_t n_list = 0;
  const uint8_t *list = NULL;
  if (s->state == IMAP_STATE_NOT_AUTHENTICATED && !s->mid_stream)
    list = imap_capabilities(line->p, line->n_text, &n_list);
  if (s->state == IMAP_STATE_NOT_AUTHENTICATED && !s->mid_stream && status != IMAP_STATUS_PREAUTH)
    imap_look_at_opening(s, line, list, n_list);
  if (greeting && status == IMAP_STATUS_UNTAGGED && !s->after_gap)
    out.flags |= ELEMENT_FLAG_ODD;
  if (status == IMAP_STATUS_PREAUTH && s->state == IMAP_STATE_NOT_AUTHENTICATED)
    s->state = IMAP_STATE_AUTHENTICATED;
  if (status == IMAP_STATUS_BYE)
    s->state = IMAP_STATE_LOGOUT;
  if (status == IMAP_STATUS_UNTAGGED && !text_is(line->p + word, end - word, "CAPABILITY")) {
    imap_reply_literal(s, line, &out);
    if (text_is(line->p + word, end - word, "ID"))
      app_notice_line(s, NOTICE_SOFTWARE, SIDE_SERVER, line, ELEMENT_NONE, 0);
    return;
  }
  bool may_offer = s->state == IMAP_STATE_NOT_AUTHENTICATED && !s->mid_stream;
  uint32_t element = app_emit_line(s, SIDE_SERVER, line, &out);
  if (may_offer)
    imap_notice_offer(s, line, element, list, n_list);
}

/* The server answers what it has, but the capture has not shown yet: the octets come late. */
static bool
imap_is_ahead(struct appsession *s, const struct app_command *c, enum imap_status status)
{
  if (auth_is_asked(s, c))
    return true;
  return c->verb == IMAP_LOGIN && c->auth && !c->auth->complete && status == IMAP_STATUS_OK;
}

static void
imap_tagged(struct appsession *s, const struct app_line *line, size_t n_tag)
{
  size_t word = MIN(n_tag + 1, line->n_text), end = skip_word(line, word);
  enum imap_status status = imap_status_word(line->p + word, end - word);
  struct app_out out = {.kind = ELEMENT_REPLY, .code = (uint16_t)status, .command = ELEMENT_NONE};
  bool is_answer =
      is_tag(line->p, n_tag) &&
      (status == IMAP_STATUS_OK || status == IMAP_STATUS_NO || status == IMAP_STATUS_BAD);
  if (!is_answer) {
    out.code = IMAP_STATUS_UNTAGGED;
    out.flags |= ELEMENT_FLAG_ODD;
    app_emit_line(s, SIDE_SERVER, line, &out);
    return;
  }
  out.flags |= ELEMENT_FLAG_TAGGED;
  uint64_t tag = tag_hash(line->p, n_tag);
  unsigned at = find_tag(s, tag);
  if (at == s->queue.n && s->mid_stream)
    at = find_tag(s, 0);
  uint8_t verdict = imap_verdict(line, status, MIN(end + 1, line->n_text));
  enum imap_verb verb = IMAP_UNKNOWN;
  if (at < s->queue.n && imap_is_ahead(s, app_at(s, at), status)) {
    out.command = app_at(s, at)->element;
    app_keep_early(s, (struct app_early){.tag = app_at(s, at)->tag,
                                         .code = (uint16_t)status,
                                         .frame = line->last_frame,
                                         .detail = verdict});
  } else if (at < s->queue.n) {
    verb = (enum imap_verb)app_at(s, at)->verb;
    out.command = app_at(s, at)->element;
    imap_take_answer(s, at, status, verdict, line->last_frame);
  } else {
    if (s->n_early == APP_EARLY_MAX)
      memmove(s->early, s->early + 1, --s->n_early * sizeof s->early[0]);
    app_keep_early(
        s, (struct app_early){
               .tag = tag, .code = (uint16_t)status, .frame = line->last_frame, .detail = verdict});
    if (s->synced)
      out.flags |= ELEMENT_FLAG_ODD;
  }
  bool ok = status == IMAP_STATUS_OK;
  if (verb == IMAP_STARTTLS && !ok)
    starttls_refused(s, line);
  bool is_opening = s->state == IMAP_STATE_NOT_AUTHENTICATED && !s->mid_stream;
  size_t n_list = 0;
  const uint8_t *list = is_opening ? imap_capabilities(line->p, line->n_text, &n_list) : NULL;
  if (is_opening)
    imap_look_at_opening(s, line, list, n_list);
  uint32_t element = app_emit_line(s, SIDE_SERVER, line, &out);
  if (ok && verb == IMAP_STARTTLS)
    app_start_tls(s, element, line->last_frame);
  else if (ok && verb == IMAP_COMPRESS)
    app_start_deflate(s);
  else if (is_opening)
    imap_notice_offer(s, line, element, list, n_list);
}

static void
imap_server_line(struct appsession *s, const struct app_line *line)
{
  size_t n_word = skip_word(line, 0);
  if (s->u.imap.reply_continues) {
    struct app_command *c = app_head(s);
    struct app_out out = {.kind = ELEMENT_REPLY,
                          .code = IMAP_STATUS_UNTAGGED,
                          .command = c ? c->element : ELEMENT_NONE};
    imap_reply_literal(s, line, &out);
  } else if (n_word == 1 && line->p[0] == '*') {
    imap_untagged(s, line);
  } else if (n_word == 1 && line->p[0] == '+') {
    imap_continue(s, line);
  } else {
    imap_tagged(s, line, n_word);
  }
}

static void
imap_line(struct appsession *s, enum side side, const struct app_line *line)
{
  if (side == SIDE_CLIENT)
    imap_client_line(s, line);
  else
    imap_server_line(s, line);
}

static void
imap_run(struct appsession *s, enum side side, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_auth *a = s->u.imap.login;
  if (side != SIDE_CLIENT || !a || !s->u.imap.in_argument)
    return;
  auth_add_frame(a, frame);
  if (s->u.imap.n_arguments == 0) {
    auth_add_user(a, p, n);
    return;
  }
  if (a->secret_frame == ELEMENT_NONE)
    a->secret_frame = frame;
  auth_add_secret(a, p, n);
}

static void
imap_run_done(struct appsession *s, enum side side)
{
  from_end(s, side, s->sides[side].offset);
  if (side == SIDE_SERVER) {
    s->u.imap.reply_continues = true;
    return;
  }
  s->u.imap.command_continues = true;
  if (s->u.imap.login && s->u.imap.in_argument) {
    s->u.imap.n_arguments++;
    s->u.imap.in_argument = false;
  }
}

static void
imap_assumed(struct appsession *s, enum side side)
{
  /* the literal's octets come: its size and kind were set when it was announced */
}

static void
imap_gap(struct appsession *s, enum side side)
{
  if (side == SIDE_SERVER) {
    if (s->sides[side].mode == APP_MODE_LINES)
      s->u.imap.reply_continues = false;
    return;
  }
  s->synced = false;
  if (s->exchange)
    auth_lost_message(s);
  for (unsigned i = 0; s->u.imap.login && i < s->queue.n; i++) {
    struct app_command *c = app_at(s, i);
    if (c->auth == s->u.imap.login) { /* name or password is not whole */
      auth_free(c->auth);
      c->auth = NULL;
    }
  }
  s->u.imap.login = NULL;
  if (s->sides[side].mode == APP_MODE_LINES)
    s->u.imap.command_continues = false;
}

const struct app_protocol app_imap = {
    .start = imap_start,
    .line = imap_line,
    .run = imap_run,
    .run_done = imap_run_done,
    .assumed = imap_assumed,
    .gap = imap_gap,
};
