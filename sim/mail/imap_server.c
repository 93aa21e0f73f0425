/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_server.c -- the IMAP server machine: its life, its states, the verb table.
 *
 *     NOT_AUTHENTICATED ─LOGIN, AUTHENTICATE─> AUTHENTICATED ─SELECT, EXAMINE─> SELECTED
 *            │                                    │      ^── CLOSE, UNSELECT, failed SELECT ─┘
 *            └──────────────── LOGOUT, BYE ───────┴──> LOGOUT
 *
 * imap_gather makes commands of octets; a verb's row says in which states it may come (RFC 3501 3
 * and 6) and who acts. */
#include <stdarg.h>
#include <string.h>

#include "sim/mail/imap_session.h"

#define AUTOLOGOUT_NS (30 * 60 * MACHINE_SECOND) /* RFC 3501 5.4: at least thirty minutes */

void
imap_set_state(struct imap_server *s, enum imap_state state)
{
  if (s->is_started && s->state == state)
    return;
  s->is_started = true;
  s->state = state;
  machine_emit(&s->endpoint, "state", "%s", imap_states[state].name);
}

static void
end_job(struct imap_server *s)
{
  struct imap_job job = s->job;
  s->job = (struct imap_job){0};
  if (job.free)
    job.free(job.data);
}

void
imap_hang_up(struct imap_server *s)
{
  end_job(s);
  imap_view_close(s);
  imap_set_state(s, IMAP_STATE_LOGOUT);
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
}

/* The news of the mailbox stand before the tagged reply. False when the session ended with them. */
static bool
tell_news(struct imap_server *s)
{
  imap_view_sync(s, s->may_expunge);
  if (s->mailbox && !s->may_expunge)
    imap_view_tell_delayed(s);
  return !s->endpoint.wants_close;
}

void
imap_ok(struct imap_server *s, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  s->n_bad = 0;
  if (tell_news(s))
    machine_printf(&s->endpoint, "%s OK %s\r\n", s->tag, text);
}

void
imap_no(struct imap_server *s, const char *text)
{
  if (tell_news(s))
    machine_printf(&s->endpoint, "%s NO %s\r\n", s->tag, text);
}

void
imap_bad(struct imap_server *s, const char *text)
{
  machine_printf(&s->endpoint, "%s BAD %s\r\n", s->tag ? s->tag : "*", text);
  if (++s->n_bad < IMAP_BAD_MAX)
    return;
  machine_printf(&s->endpoint, "* BYE Too many errors\r\n");
  imap_hang_up(s);
}

/* ---- answers in slices ---- */

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

/* `out` may have been sent in the meantime: the answer goes on, then the commands behind it. */
static void
server_flush(struct endpoint *e, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  bool waits = s->job.step || lines_waiting(&s->lines) > 0;
  if (!waits || e->wants_close || e->wants != ENDPOINT_AS_IS || s->auth.is_held ||
      e->out->len >= MACHINE_OUT_MAX)
    return;
  s->now_ns = now_ns;
  if (s->job.step)
    e->deadline_ns = now_ns + AUTOLOGOUT_NS;
  run_job(s);
  imap_gather_go_on(s);
  if (e->wants_close)
    e->deadline_ns = ENDPOINT_NEVER;
}

/* ---- IDLE ---- */

static void
act_idle(struct imap_server *s, struct imap_text *t)
{
  imap_view_sync(s, true);
  if (s->endpoint.wants_close)
    return; /* the mailbox is gone */
  machine_printf(&s->endpoint, "+ idling\r\n");
  s->is_idle = true;
}

void
imap_idle_line(struct imap_server *s, const uint8_t *p, size_t n)
{
  s->is_idle = false;
  if (text_is(p, n, "DONE"))
    imap_ok(s, "IDLE terminated");
  else
    imap_bad(s, "DONE was expected");
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
    [IMAP_CAPABILITY] = {ANY, ARG_NONE, imap_act_capability},
    [IMAP_NOOP] = {ANY, ARG_NONE, imap_act_noop},
    [IMAP_LOGOUT] = {ANY, ARG_NONE, imap_act_logout},
    [IMAP_ID] = {ANY, ARG_WANTED, imap_act_id},
    [IMAP_STARTTLS] = {IN(NOT_AUTHENTICATED), ARG_NONE, imap_act_starttls},
    [IMAP_LOGIN] = {IN(NOT_AUTHENTICATED), ARG_WANTED, imap_act_login},
    [IMAP_AUTHENTICATE] = {IN(NOT_AUTHENTICATED), ARG_WANTED, imap_act_authenticate},
    [IMAP_ENABLE] = {IN(AUTHENTICATED), ARG_WANTED, imap_act_enable},
    [IMAP_COMPRESS] = {LOGGED_IN, ARG_WANTED, imap_act_compress},
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
    [IMAP_GETQUOTA] = {LOGGED_IN, ARG_WANTED, imap_act_getquota},
    [IMAP_GETQUOTAROOT] = {LOGGED_IN, ARG_WANTED, imap_act_getquotaroot},
    [IMAP_SETQUOTA] = {LOGGED_IN, ARG_WANTED, imap_act_setquota},
    [IMAP_NAMESPACE] = {LOGGED_IN, ARG_NONE, imap_act_namespace},
    [IMAP_IDLE] = {LOGGED_IN, ARG_NONE, act_idle},
    [IMAP_CHECK] = {IN(SELECTED), ARG_NONE, imap_act_noop},
    [IMAP_CLOSE] = {IN(SELECTED), ARG_NONE, imap_act_close},
    [IMAP_UNSELECT] = {IN(SELECTED), ARG_NONE, imap_act_unselect},
    [IMAP_EXPUNGE] = {IN(SELECTED), ARG_NONE, imap_act_expunge, .has_uid = true},
    [IMAP_SEARCH] = {IN(SELECTED), ARG_WANTED, imap_act_search, true, true},
    [IMAP_SORT] = {IN(SELECTED), ARG_WANTED, imap_act_sort, true, true},
    [IMAP_THREAD] = {IN(SELECTED), ARG_WANTED, imap_act_thread, true, true},
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

/* What a guest may not do (RFC 4505 5: anonymous access must not be more than it has to be). */
static bool
changes_something(enum imap_verb verb)
{
  switch (verb) {
  case IMAP_CREATE:
  case IMAP_DELETE:
  case IMAP_RENAME:
  case IMAP_SUBSCRIBE:
  case IMAP_UNSUBSCRIBE:
  case IMAP_APPEND:
  case IMAP_STORE:
  case IMAP_COPY:
  case IMAP_MOVE:
  case IMAP_EXPUNGE:
  case IMAP_SETQUOTA:
    return true;
  default:
    return false;
  }
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
  if (s->is_guest && changes_something(verb))
    imap_no(s, "[NOPERM] ANONYMOUS may only read");
  else
    row->act(s, t);
}

static void
act_uid(struct imap_server *s, struct imap_text *t)
{
  run_verb(s, t, true);
}

/* RFC 3501 9: tag. "+" would read as a continuation. */
char *
imap_take_tag(struct imap_text *t)
{
  size_t n = 0;
  while (n < t->n && t->p[n] > ' ' && t->p[n] < 0x7f && !strchr("(){%*\"\\+", t->p[n]))
    n++;
  if (n == 0 || n >= t->n || t->p[n] != ' ')
    return NULL;
  t->at = n + 1;
  return g_strndup((const char *)t->p, n);
}

void
imap_run_command(struct imap_server *s)
{
  struct imap_text t = {.p = s->command->data, .n = s->command->len};
  g_free(s->tag);
  s->tag = imap_take_tag(&t);
  if (s->tag)
    run_verb(s, &t, false);
  else
    imap_bad(s, "A tag and a command are wanted");
}

bool
imap_refuse_early(struct imap_server *s, uint64_t octets)
{
  struct imap_text t = {.p = s->command->data, .n = s->command->len};
  g_free(s->tag);
  s->tag = imap_take_tag(&t);
  g_autofree char *word = s->tag ? imap_parse_atom(&t) : NULL;
  enum imap_verb verb = word ? imap_verb_find(word, strlen(word)) : IMAP_UNKNOWN;
  const char *refusal =
      !s->tag ? "A tag and a command are wanted" : check(s, &verbs[verb], imap_parse_space(&t));
  s->may_expunge = false;
  if (refusal) {
    imap_bad(s, refusal);
    return true;
  }
  if (verb == IMAP_LOGIN)
    return imap_refuses_password(s);
  const char *no = verb == IMAP_APPEND ? imap_append_refusal(s, &t, octets) : NULL;
  if (no)
    imap_no(s, no);
  return no != NULL;
}

/* ---- the machine ---- */

static void
server_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  if (e->wants_close)
    return;
  s->now_ns = now_ns;
  if (!s->auth.is_held)
    e->deadline_ns = now_ns + AUTOLOGOUT_NS;
  imap_gather_feed(s, p, n);
  if (e->wants_close)
    e->deadline_ns = ENDPOINT_NEVER;
}

static void
server_start(struct endpoint *e, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  imap_set_state(s, IMAP_STATE_NOT_AUTHENTICATED);
  g_autoptr(GString) capabilities = g_string_new(NULL);
  imap_put_capabilities(s, capabilities);
  machine_printf(e, "* OK [CAPABILITY %s] %s IMAP Enveloscope\r\n", capabilities->str, s->name);
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
}

static void
server_eof(struct endpoint *e, int64_t now_ns)
{
  imap_hang_up((struct imap_server *)e);
}

static void
server_timeout(struct endpoint *e, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  if (s->auth.is_held) {
    s->now_ns = now_ns;
    e->deadline_ns = now_ns + AUTOLOGOUT_NS;
    imap_auth_release(s);
    imap_gather_go_on(s);
    return;
  }
  machine_printf(e, "* BYE Autologout: idle for too long\r\n");
  imap_hang_up((struct imap_server *)e);
}

/* RFC 3501 7.1.5. In the midst of a long answer nothing can be said: perhaps a literal is under
 * way. */
static void
server_shut_down(struct endpoint *e, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  if (e->wants_close || e->wants != ENDPOINT_AS_IS)
    return;
  s->now_ns = now_ns;
  if (!s->job.step)
    machine_printf(e, "* BYE %s is shutting down\r\n", s->name);
  imap_hang_up(s);
}

static void
server_free(struct endpoint *e)
{
  struct imap_server *s = (struct imap_server *)e;
  end_job(s);
  imap_view_close(s);
  auth_server_clear(&s->auth);
  lines_clear(&s->lines);
  g_byte_array_unref(s->command);
  g_clear_pointer(&s->saved, g_array_unref);
  g_free(s->tag);
  g_free(s->name);
  machine_clear(e);
  g_free(s);
}

/* TLS or compression is there, or cannot be had: then nothing more can be said. */
static void
server_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct imap_server *s = (struct imap_server *)e;
  s->now_ns = now_ns;
  if (problem) {
    imap_hang_up(s);
  } else if (what == ENDPOINT_TLS && s->is_started) {
    imap_set_state(s, IMAP_STATE_NOT_AUTHENTICATED);
    imap_gather_go_on(s); /* what a machine that is vulnerable on purpose has kept */
  }
}

static const struct endpoint_ops imap_server_ops = {.protocol = "imap",
                                                    .start = server_start,
                                                    .input = server_input,
                                                    .eof = server_eof,
                                                    .timeout = server_timeout,
                                                    .upgraded = server_upgraded,
                                                    .flush = server_flush,
                                                    .shut_down = server_shut_down,
                                                    .free = server_free};

struct endpoint *
imap_server_new(const struct imap_server_config *config)
{
  struct imap_server *s = g_new0(struct imap_server, 1);
  machine_init(&s->endpoint, &imap_server_ops);
  s->store = config->store;
  s->name = g_strdup(config->name);
  auth_server_init(&s->auth, config->auth, &s->endpoint, AUTH_IMAP, config->peer);
  s->offers_tls = config->offers_tls;
  s->auth.needs_tls = config->needs_tls;
  s->keeps_clear = config->keeps_clear;
  s->offers_deflate = config->offers_deflate;
  s->is_literal_minus = config->is_literal_minus;
  s->command = g_byte_array_new();
  lines_init(&s->lines, IMAP_LINE_MAX);
  return &s->endpoint;
}
