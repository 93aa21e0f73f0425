/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_server.c -- the IMAP server machine: its life, the gathering of commands, the verb table,
 * login.
 *
 *     NOT_AUTHENTICATED ─LOGIN, AUTHENTICATE─> AUTHENTICATED ─SELECT, EXAMINE─> SELECTED
 *            │                                    │      ^── CLOSE, UNSELECT, failed SELECT ─┘
 *            └──────────────── LOGOUT ────────────┴──> LOGOUT
 *
 * Lines and literals are gathered into one command ("{n}" asks for a go-ahead, "{n+}" does not),
 * then its verb's row says in which states it may come (RFC 3501 3 and 6) and who acts. */
#include "sim/mail/imap_session.h"

#include <stdarg.h>
#include <string.h>

#define AUTOLOGOUT_NS (30 * 60 * MACHINE_SECOND) /* RFC 3501 5.4: at least thirty minutes */

#define CAPABILITIES                                                                               \
  "IMAP4rev1 SASL-IR LITERAL+ ENABLE ID NAMESPACE CHILDREN UNSELECT IDLE UIDPLUS MOVE"

void
imap_set_state(struct imap_server *s, enum imap_state state)
{
  if (s->is_started && s->state == state)
    return;
  s->is_started = true;
  s->state = state;
  machine_emit(&s->endpoint, "state", "%s", imap_states[state].name);
}

static void end_job(struct imap_server *s);

static void
hang_up(struct imap_server *s)
{
  end_job(s);
  imap_view_close(s);
  imap_set_state(s, IMAP_STATE_LOGOUT);
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
}

void
imap_ok(struct imap_server *s, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  imap_view_sync(s, s->may_expunge);
  machine_printf(&s->endpoint, "%s OK %s\r\n", s->tag, text);
}

void
imap_no(struct imap_server *s, const char *text)
{
  imap_view_sync(s, s->may_expunge);
  machine_printf(&s->endpoint, "%s NO %s\r\n", s->tag, text);
}

void
imap_bad(struct imap_server *s, const char *text)
{
  if (++s->n_bad >= IMAP_BAD_MAX) {
    machine_printf(&s->endpoint, "* BYE Too many errors\r\n");
    hang_up(s);
    return;
  }
  machine_printf(&s->endpoint, "%s BAD %s\r\n", s->tag ? s->tag : "*", text);
}

/* ---- any state ---- */

static void
append_capabilities(const struct imap_server *s, GString *out)
{
  g_string_append(out, CAPABILITIES);
  if (s->state == IMAP_STATE_NOT_AUTHENTICATED)
    g_string_append_printf(out, " AUTH=PLAIN AUTH=LOGIN%s", s->nonce ? " AUTH=CRAM-MD5" : "");
}

static void
act_capability(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GString) capabilities = g_string_new(NULL);
  append_capabilities(s, capabilities);
  machine_printf(&s->endpoint, "* CAPABILITY %s\r\n", capabilities->str);
  imap_ok(s, "CAPABILITY completed");
}

static void
act_noop(struct imap_server *s, struct imap_text *t)
{
  imap_ok(s, "Completed");
}

static void
act_logout(struct imap_server *s, struct imap_text *t)
{
  machine_printf(&s->endpoint, "* BYE %s closing connection\r\n%s OK LOGOUT completed\r\n", s->name,
                 s->tag);
  hang_up(s);
}

static void
act_id(struct imap_server *s, struct imap_text *t)
{
  machine_printf(&s->endpoint, "* ID (\"name\" \"Enveloscope\")\r\n");
  imap_ok(s, "ID completed");
}

/* ---- login ---- */

static void
logged_in(struct imap_server *s, struct store_user *user)
{
  s->user = user;
  machine_emit(&s->endpoint, "user", "%s", user->name);
  imap_set_state(s, IMAP_STATE_AUTHENTICATED);
  imap_ok(s, "[CAPABILITY %s] Logged in", CAPABILITIES);
}

static void
login_failed(struct imap_server *s)
{
  imap_no(s, "[AUTHENTICATIONFAILED] Invalid user or password");
  if (++s->n_auth_failures >= IMAP_AUTH_FAILURES_MAX) {
    machine_printf(&s->endpoint, "* BYE Too many failed logins\r\n");
    hang_up(s);
  }
}

static void
act_login(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_astring(t);
  g_autofree char *password = name && imap_parse_space(t) ? imap_parse_astring(t) : NULL;
  if (!password || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: LOGIN name password");
    return;
  }
  struct store_user *user = store_login(s->store, name, password);
  if (user)
    logged_in(s, user);
  else
    login_failed(s);
}

static void
auth_step(struct imap_server *s, const char *answer, size_t n)
{
  g_autoptr(GString) challenge = g_string_new(NULL);
  struct store_user *who = NULL;
  enum auth_result result = auth_server_step(&s->auth, answer, n, challenge, &who);
  s->is_in_auth = result == AUTH_CONTINUE;
  if (s->is_in_auth) {
    machine_printf(&s->endpoint, "+ %s\r\n", challenge->str);
    return;
  }
  auth_server_clear(&s->auth);
  if (result == AUTH_DONE)
    logged_in(s, who);
  else if (result == AUTH_REFUSED)
    login_failed(s);
  else
    imap_bad(s, result == AUTH_CANCELLED ? "AUTHENTICATE cancelled"
                                         : "base64 of the mechanism's form is wanted");
}

static void
act_authenticate(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_atom(t);
  const char *initial = NULL;
  size_t n_initial = 0;
  if (name && imap_parse_space(t)) { /* SASL-IR */
    initial = (const char *)t->p + t->at;
    n_initial = t->n - t->at;
    t->at = t->n;
  }
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: AUTHENTICATE mechanism");
    return;
  }
  enum sasl_mechanism mech = auth_find(name, strlen(name));
  if (mech == SASL_UNKNOWN || (mech == SASL_CRAM_MD5 && !s->nonce)) {
    imap_no(s, "Authentication mechanism not offered");
    return;
  }
  auth_server_init(&s->auth, mech, s->store, s->nonce);
  auth_step(s, initial, n_initial);
}

/* ---- authenticated ---- */

static void
act_enable(struct imap_server *s, struct imap_text *t)
{
  machine_printf(&s->endpoint, "* ENABLED\r\n"); /* RFC 5161: nothing of ours needs to be enabled */
  imap_ok(s, "ENABLE completed");
}

static void
act_idle(struct imap_server *s, struct imap_text *t)
{
  imap_view_sync(s, true);
  machine_printf(&s->endpoint, "+ idling\r\n");
  s->is_idle = true;
}

/* ---- the table ---- */

static void act_uid(struct imap_server *s, struct imap_text *t);

#define IN(state) (1u << IMAP_STATE_##state)
#define LOGGED_IN (IN(AUTHENTICATED) | IN(SELECTED))
#define ANY (IN(NOT_AUTHENTICATED) | LOGGED_IN)

enum argument { ARG_NONE, ARG_WANTED };

static const struct verb {
  unsigned states;
  enum argument argument;
  void (*act)(struct imap_server *s, struct imap_text *t);
  bool has_uid;       /* may follow UID */
  bool keeps_numbers; /* no EXPUNGE before its reply: it speaks in sequence numbers */
} verbs[IMAP_N_VERBS] = {
    [IMAP_CAPABILITY] = {ANY, ARG_NONE, act_capability},
    [IMAP_NOOP] = {ANY, ARG_NONE, act_noop},
    [IMAP_LOGOUT] = {ANY, ARG_NONE, act_logout},
    [IMAP_ID] = {ANY, ARG_WANTED, act_id},
    [IMAP_LOGIN] = {IN(NOT_AUTHENTICATED), ARG_WANTED, act_login},
    [IMAP_AUTHENTICATE] = {IN(NOT_AUTHENTICATED), ARG_WANTED, act_authenticate},
    [IMAP_ENABLE] = {IN(AUTHENTICATED), ARG_WANTED, act_enable},
    [IMAP_SELECT] = {LOGGED_IN, ARG_WANTED, imap_act_select},
    [IMAP_EXAMINE] = {LOGGED_IN, ARG_WANTED, imap_act_examine},
    [IMAP_CREATE] = {LOGGED_IN, ARG_WANTED, imap_act_create},
    [IMAP_DELETE] = {LOGGED_IN, ARG_WANTED, imap_act_delete},
    [IMAP_RENAME] = {LOGGED_IN, ARG_WANTED, imap_act_rename},
    [IMAP_SUBSCRIBE] = {LOGGED_IN, ARG_WANTED, imap_act_subscribe},
    [IMAP_UNSUBSCRIBE] = {LOGGED_IN, ARG_WANTED, imap_act_unsubscribe},
    [IMAP_LIST] = {LOGGED_IN, ARG_WANTED, imap_act_list},
    [IMAP_LSUB] = {LOGGED_IN, ARG_WANTED, imap_act_lsub},
    [IMAP_STATUS] = {LOGGED_IN, ARG_WANTED, imap_act_status},
    [IMAP_APPEND] = {LOGGED_IN, ARG_WANTED, imap_act_append},
    [IMAP_NAMESPACE] = {LOGGED_IN, ARG_NONE, imap_act_namespace},
    [IMAP_IDLE] = {LOGGED_IN, ARG_NONE, act_idle},
    [IMAP_CHECK] = {IN(SELECTED), ARG_NONE, act_noop},
    [IMAP_CLOSE] = {IN(SELECTED), ARG_NONE, imap_act_close},
    [IMAP_UNSELECT] = {IN(SELECTED), ARG_NONE, imap_act_unselect},
    [IMAP_EXPUNGE] = {IN(SELECTED), ARG_NONE, imap_act_expunge, .has_uid = true},
    [IMAP_SEARCH] = {IN(SELECTED), ARG_WANTED, imap_act_search, true, true},
    [IMAP_FETCH] = {IN(SELECTED), ARG_WANTED, imap_act_fetch, true, true},
    [IMAP_STORE] = {IN(SELECTED), ARG_WANTED, imap_act_store, true, true},
    [IMAP_COPY] = {IN(SELECTED), ARG_WANTED, imap_act_copy, .has_uid = true},
    [IMAP_MOVE] = {IN(SELECTED), ARG_WANTED, imap_act_move, .has_uid = true},
    [IMAP_UID] = {IN(SELECTED), ARG_WANTED, act_uid},
};

/* May the verb come now? NULL, or the text of BAD. */
static const char *
check(const struct imap_server *s, const struct verb *row, bool has_argument)
{
  if (!row->act)
    return "Unknown command";
  if (!(row->states & 1u << s->state)) {
    if (s->state == IMAP_STATE_NOT_AUTHENTICATED)
      return "Log in first";
    return row->states & IN(NOT_AUTHENTICATED) ? "Already logged in"
           : row->states & IN(AUTHENTICATED)   ? "Not while a mailbox is selected"
                                               : "Select a mailbox first";
  }
  if (row->argument == ARG_NONE && has_argument)
    return "This command takes no argument";
  if (row->argument == ARG_WANTED && !has_argument)
    return "This command needs arguments";
  return NULL;
}

static void
run_verb(struct imap_server *s, struct imap_text *t, bool is_uid)
{
  g_autofree char *word = imap_parse_atom(t);
  enum imap_verb verb = word ? imap_verb_find(word, strlen(word)) : IMAP_UNKNOWN;
  const struct verb *row = &verbs[verb];
  bool has_argument = !imap_parse_end(t);
  if (!word || (has_argument && !imap_parse_space(t))) {
    imap_bad(s, "Command not understood");
    return;
  }
  bool is_uid_expunge = is_uid && verb == IMAP_EXPUNGE; /* UIDPLUS: with a set */
  const char *refusal = is_uid && !row->has_uid ? "UID takes no such command"
                        : is_uid_expunge        ? NULL
                                                : check(s, row, has_argument);
  if (refusal) {
    imap_bad(s, refusal);
    return;
  }
  s->is_uid = is_uid;
  s->may_expunge = is_uid || !row->keeps_numbers;
  row->act(s, t);
}

static void
act_uid(struct imap_server *s, struct imap_text *t)
{
  run_verb(s, t, true);
}

static void
run_command(struct imap_server *s)
{
  struct imap_text t = {.p = s->command->data, .n = s->command->len};
  size_t n = 0;
  while (n < t.n && t.p[n] > ' ' && t.p[n] < 0x7f && !strchr("(){%*\"\\+", t.p[n]))
    n++;
  g_clear_pointer(&s->tag, g_free);
  if (n == 0 || n >= t.n || t.p[n] != ' ') {
    imap_bad(s, "A tag and a command are wanted");
    return;
  }
  s->tag = g_strndup((const char *)t.p, n);
  t.at = n + 1;
  run_verb(s, &t, false);
}

/* ---- gathering ---- */

/* "…{12}" or "…{12+}" at the end of a line. */
static bool
ends_in_literal(const uint8_t *p, size_t n, uint64_t *octets, bool *is_waiting)
{
  if (n < 3 || p[n - 1] != '}')
    return false;
  size_t end = n - 1;
  *is_waiting = p[end - 1] != '+';
  if (!*is_waiting)
    end--;
  size_t at = end;
  while (at > 0 && g_ascii_isdigit(p[at - 1]))
    at--;
  if (at == end || at == 0 || p[at - 1] != '{' || end - at > 10)
    return false;
  *octets = 0;
  for (; at < end; at++)
    *octets = *octets * 10 + p[at] - '0';
  return true;
}

static void
forget_command(struct imap_server *s)
{
  g_byte_array_set_size(s->command, 0);
  s->literal_left = 0;
  s->is_too_big = false;
}

/* The tag of a command that is not complete. */
static void
take_tag(struct imap_server *s)
{
  g_free(s->tag);
  const uint8_t *space = s->command->len ? memchr(s->command->data, ' ', s->command->len) : NULL;
  s->tag = space && space > s->command->data
               ? g_strndup((const char *)s->command->data, (gsize)(space - s->command->data))
               : g_strdup("*");
}

/* A literal was announced. */
static void
begin_literal(struct imap_server *s, uint64_t octets, bool is_waiting)
{
  uint64_t max = s->user ? IMAP_LITERAL_MAX : IMAP_LITERAL_AUTH_MAX;
  bool is_too_big = octets > max || s->command->len + octets > IMAP_COMMAND_MAX;
  if (is_too_big && is_waiting) {
    take_tag(s);
    imap_no(s, "[TOOBIG] Literal too large");
    forget_command(s);
    return;
  }
  s->is_too_big |= is_too_big;
  s->literal_left = octets;
  if (is_waiting)
    machine_printf(&s->endpoint, "+ Ready for %" G_GUINT64_FORMAT " octets\r\n", octets);
}

static void
take_line(struct imap_server *s, const uint8_t *p, size_t n)
{
  if (s->is_in_auth) {
    auth_step(s, (const char *)p, n);
    return;
  }
  if (s->is_idle) {
    s->is_idle = false;
    if (text_is(p, n, "DONE"))
      imap_ok(s, "IDLE terminated");
    else
      imap_bad(s, "DONE was expected");
    return;
  }
  uint64_t octets;
  bool is_waiting;
  if (!s->is_too_big || s->command->len + n < IMAP_LINE_MAX)
    g_byte_array_append(s->command, p, (guint)n);
  if (ends_in_literal(p, n, &octets, &is_waiting)) {
    if (!s->is_too_big)
      g_byte_array_append(s->command, (const uint8_t *)"\r\n", 2);
    begin_literal(s, octets, is_waiting);
    return;
  }
  if (s->is_too_big) {
    take_tag(s);
    imap_no(s, "[TOOBIG] Literal too large");
  } else {
    run_command(s);
  }
  forget_command(s);
}

/* Takes what waits, up to a command whose answer cannot be given at once. */
static void
take_input(struct imap_server *s)
{
  while (!s->endpoint.wants_close && !s->job.step) {
    const uint8_t *line;
    size_t n_line;
    if (s->literal_left > 0) {
      n_line = lines_take(&s->lines, s->literal_left, &line);
      if (n_line == 0)
        return;
      s->literal_left -= n_line;
      if (!s->is_too_big)
        g_byte_array_append(s->command, line, (guint)n_line);
      continue;
    }
    enum lines_got got = lines_next(&s->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG) {
      take_tag(s);
      imap_bad(s, "Line too long");
      forget_command(s);
      s->is_in_auth = s->is_idle = false;
    } else {
      take_line(s, line, n_line);
    }
  }
}

static void
end_job(struct imap_server *s)
{
  struct imap_job job = s->job;
  s->job = (struct imap_job){0};
  if (job.free)
    job.free(job.data);
}

static void
run_job(struct imap_server *s)
{
  while (s->job.step && s->endpoint.out->len < MACHINE_OUT_MAX) {
    if (s->job.step(s, s->job.data))
      end_job(s);
  }
}

void
imap_begin_job(struct imap_server *s, const struct imap_job *job)
{
  s->job = *job;
  run_job(s);
}

static void
server_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  if (e->wants_close)
    return;
  s->now_ns = now_ns;
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
  lines_feed(&s->lines, p, n);
  take_input(s);
}

/* `out` may have been sent in the meantime: the answer goes on, then the commands behind it. */
static void
server_flush(struct endpoint *e, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  if (!s->job.step || e->out->len >= MACHINE_OUT_MAX)
    return;
  s->now_ns = now_ns;
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
  run_job(s);
  take_input(s);
}

/* ---- the machine ---- */

static void
server_start(struct endpoint *e, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  imap_set_state(s, IMAP_STATE_NOT_AUTHENTICATED);
  g_autoptr(GString) capabilities = g_string_new(NULL);
  append_capabilities(s, capabilities);
  machine_printf(e, "* OK [CAPABILITY %s] %s IMAP Enveloscope\r\n", capabilities->str, s->name);
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
}

static void
server_eof(struct endpoint *e, int64_t now_ns)
{
  hang_up((struct imap_server *)e);
}

static void
server_timeout(struct endpoint *e, int64_t now_ns)
{
  machine_printf(e, "* BYE Autologout: idle for too long\r\n");
  hang_up((struct imap_server *)e);
}

static void
server_free(struct endpoint *e)
{
  struct imap_server *s = (struct imap_server *)e;
  end_job(s);
  imap_view_close(s);
  g_clear_pointer(&s->saved, g_array_unref);
  auth_server_clear(&s->auth);
  lines_clear(&s->lines);
  g_byte_array_unref(s->command);
  g_free(s->tag);
  g_free(s->name);
  g_free(s->nonce);
  machine_clear(e);
  g_free(s);
}

static const struct endpoint_ops imap_server_ops = {.protocol = "imap",
                                                    .start = server_start,
                                                    .input = server_input,
                                                    .eof = server_eof,
                                                    .timeout = server_timeout,
                                                    .flush = server_flush,
                                                    .free = server_free};

struct endpoint *
imap_server_new(const struct imap_server_config *config)
{
  struct imap_server *s = g_new0(struct imap_server, 1);
  machine_init(&s->endpoint, &imap_server_ops);
  s->store = config->store;
  s->name = g_strdup(config->name);
  s->nonce = g_strdup(config->nonce);
  s->command = g_byte_array_new();
  lines_init(&s->lines, IMAP_LINE_MAX);
  return &s->endpoint;
}
