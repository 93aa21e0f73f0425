/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_server.c -- the POP3 server machine: life, verb table, and the way in.
 *
 *     AUTHORIZATION ─PASS, APOP, AUTH─> TRANSACTION ─QUIT─> UPDATE: what is marked goes, the end
 *       │  ^ └STLS┘                        └── line drops, autologout ──> end, nothing is deleted
 *       └── QUIT ──> end
 *
 * Commands may be pipelined (RFC 2449 6.6); what comes behind STLS in the same breath is thrown
 * away. A line is at most 255 octets (RFC 2449 4), of an AUTH exchange AUTH_LINE_MAX. RFC 1939,
 * 2449, 2595, 3206, 5034, 6856. */
#include "sim/mail/pop_session.h"

#include <string.h>

#include "capture/wire/lang.h"

#define AUTOLOGOUT_NS (10 * 60 * MACHINE_SECOND) /* RFC 1939 3: at least ten minutes */

static void
set_state(struct pop_server *s, enum pop_state state)
{
  if (s->is_started && s->state == state)
    return;
  s->is_started = true;
  s->state = state;
  machine_emit(&s->endpoint, "state", "%s", pop_states[state].name);
}

void
pop_reply(struct pop_server *s, const char *line)
{
  machine_printf(&s->endpoint, "%s\r\n", line);
}

static void
hang_up(struct pop_server *s)
{
  pop_drop_close(s);
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
}

void
pop_refuse(struct pop_server *s, const char *line)
{
  if (++s->n_bad >= POP_BAD_MAX) {
    pop_reply(s, "-ERR Too many errors, closing connection");
    hang_up(s);
    return;
  }
  pop_reply(s, line);
}

/* ---- AUTHORIZATION ---- */

/* LOGIN-DELAY (RFC 2449 6.5): refuses who comes too soon after the last login. */
static bool
refuse_soon(struct pop_server *s, const struct store_user *user)
{
  if (s->policy.login_delay_ns == 0 ||
      auth_site_may_return(s->auth.site, user->name, s->policy.login_delay_ns, s->now_ns))
    return false;
  g_autofree char *line =
      g_strdup_printf("-ERR [LOGIN-DELAY] At least %" G_GINT64_FORMAT " seconds between logins",
                      s->policy.login_delay_ns / MACHINE_SECOND);
  pop_refuse(s, line);
  return true;
}

/* Enters TRANSACTION. */
static void
log_in(struct pop_server *s, const struct auth_result *r)
{
  if (refuse_soon(s, r->user))
    return;
  s->user = r->user;
  s->is_read_only = r->is_read_only;
  if (!pop_drop_open(s)) {
    s->user = NULL;
    pop_refuse(s, "-ERR [IN-USE] The maildrop is locked by another session");
    return;
  }
  auth_site_note_login(s->auth.site, s->user->name, s->now_ns);
  machine_emit(&s->endpoint, "user", "%s", s->user->name);
  set_state(s, POP_STATE_TRANSACTION);
  unsigned n;
  uint64_t octets = pop_drop_octets(s, &n);
  machine_printf(&s->endpoint,
                 "+OK %s's maildrop has %u messages (%" G_GUINT64_FORMAT " octets)\r\n",
                 s->user->name, n, octets);
}

/* What a login command or a line of an exchange has led to. */
static void
auth_result(struct pop_server *s, const struct auth_result *r)
{
  switch (r->outcome) {
  case AUTH_CONTINUE:
    machine_printf(&s->endpoint, "+ %s\r\n", r->challenge);
    break;
  case AUTH_HELD:
    s->endpoint.deadline_ns = s->auth.until_ns;
    break;
  case AUTH_DONE:
    log_in(s, r);
    break;
  default:
    if (r->ends) {
      pop_reply(s, "-ERR [AUTH] Too many failed logins, closing connection");
      hang_up(s);
    } else {
      pop_refuse(s, auth_reply(AUTH_POP3, r->outcome));
    }
    break;
  }
}

static void
act_user(struct pop_server *s, const char *arg)
{
  if (!auth_server_offers(&s->auth, AUTH_COMMAND)) { /* before the password is said */
    pop_refuse(s, auth_reply(AUTH_POP3, auth_server_refusal(&s->auth, AUTH_COMMAND)));
    return;
  }
  /* whether the name exists is not told: PASS will */
  g_free(s->user_name);
  s->user_name = g_strdup(arg);
  pop_reply(s, "+OK Send PASS");
}

static void
act_pass(struct pop_server *s, const char *arg)
{
  if (!s->user_name) {
    pop_refuse(s, "-ERR Send USER first");
    return;
  }
  g_autofree char *name = g_steal_pointer(&s->user_name);
  struct auth_result r = auth_server_command(&s->auth, name, arg, s->now_ns);
  auth_result(s, &r);
}

/* RFC 1939 7: the MD5 of the greeting's stamp and the shared secret. */
static void
act_apop(struct pop_server *s, const char *arg)
{
  const char *space = strrchr(arg, ' ');
  if (!space || space == arg || strlen(space + 1) != 32) {
    pop_refuse(s, "-ERR Syntax: APOP name digest");
    return;
  }
  g_autofree char *name = g_strndup(arg, (gsize)(space - arg));
  struct auth_result r = auth_server_apop(&s->auth, name, space + 1, s->now_ns);
  auth_result(s, &r);
}

static void
act_auth(struct pop_server *s, const char *arg)
{
  size_t n = strcspn(arg, " ");
  const char *initial = arg[n] ? arg + n + 1 : NULL;
  struct auth_result r =
      auth_server_open(&s->auth, arg, n, initial, initial ? strlen(initial) : 0, s->now_ns);
  auth_result(s, &r);
}

/* RFC 2595 4. */
static void
act_stls(struct pop_server *s, const char *arg)
{
  if (!s->offers_tls || s->endpoint.security) {
    pop_refuse(s, s->offers_tls ? "-ERR TLS runs already" : "-ERR STLS is not offered here");
    return;
  }
  pop_reply(s, "+OK Begin TLS negotiation");
  set_state(s, POP_STATE_TLS);
  machine_forget_clear(&s->endpoint, &s->lines, s->keeps_clear);
  s->endpoint.wants = ENDPOINT_TLS;
}

/* RFC 6856 2: for names, passwords and headers. */
static void
act_utf8(struct pop_server *s, const char *arg)
{
  if (!s->policy.offers_utf8) {
    pop_refuse(s, "-ERR Unknown command");
    return;
  }
  s->has_utf8 = true;
  pop_reply(s, "+OK UTF8 enabled");
}

/* ---- any state ---- */

/* RFC 6856 3: the texts of these replies are English only. */
static void
act_lang(struct pop_server *s, const char *arg)
{
  if (!s->policy.offers_utf8)
    pop_refuse(s, "-ERR Unknown command");
  else if (!*arg)
    machine_printf(&s->endpoint, "+OK Language listing follows\r\nen English\r\n.\r\n");
  else if (strcmp(arg, "*") == 0 || g_ascii_strcasecmp(arg, "en") == 0 ||
           g_ascii_strcasecmp(arg, "i-default") == 0)
    pop_reply(s, "+OK en Replies are in English");
  else
    pop_refuse(s, "-ERR This language is not known here");
}

/* "EXPIRE 30" and "LOGIN-DELAY 300": RFC 2449 6.5, 6.7. */
static void
say_policy(struct pop_server *s)
{
  if (s->policy.expire_days < 0)
    pop_reply(s, "EXPIRE NEVER");
  else
    machine_printf(&s->endpoint, "EXPIRE %d\r\n", s->policy.expire_days);
  if (s->policy.login_delay_ns > 0)
    machine_printf(&s->endpoint, "LOGIN-DELAY %" G_GINT64_FORMAT "\r\n",
                   s->policy.login_delay_ns / MACHINE_SECOND);
}

static void
act_capa(struct pop_server *s, const char *arg)
{
  g_autoptr(GString) mechanisms = g_string_new(NULL);
  auth_server_list(&s->auth, "", mechanisms);
  pop_reply(s, "+OK Capability list follows");
  if (auth_server_offers(&s->auth, AUTH_COMMAND))
    pop_reply(s, "USER");
  if (mechanisms->len > 0)
    machine_printf(&s->endpoint, "SASL%s\r\n", mechanisms->str);
  if (s->offers_tls && !s->endpoint.security && s->state == POP_STATE_AUTHORIZATION)
    pop_reply(s, "STLS");
  machine_printf(&s->endpoint, "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n");
  say_policy(s);
  if (s->policy.offers_utf8)
    machine_printf(&s->endpoint, "UTF8 USER\r\nLANG\r\n");
  machine_printf(&s->endpoint, "IMPLEMENTATION Enveloscope\r\n.\r\n");
}

static void
act_noop(struct pop_server *s, const char *arg)
{
  pop_reply(s, "+OK");
}

static void
act_quit(struct pop_server *s, const char *arg)
{
  bool is_whole = true;
  if (s->state == POP_STATE_TRANSACTION) {
    set_state(s, POP_STATE_UPDATE);
    is_whole = pop_drop_update(s);
  }
  if (is_whole)
    machine_printf(&s->endpoint, "+OK %s signing off\r\n", s->name);
  else
    pop_reply(s, "-ERR [SYS/TEMP] Some deleted messages were not removed");
  hang_up(s);
}

/* ---- the table ---- */

enum argument { ARG_NONE, ARG_OPTIONAL, ARG_WANTED };

#define IN(state) (1u << POP_STATE_##state)

static const struct verb {
  unsigned states;
  enum argument argument;
  void (*act)(struct pop_server *s, const char *arg);
} verbs[POP_N_VERBS] = {
    [POP_USER] = {IN(AUTHORIZATION), ARG_WANTED, act_user},
    [POP_PASS] = {IN(AUTHORIZATION), ARG_WANTED, act_pass},
    [POP_APOP] = {IN(AUTHORIZATION), ARG_WANTED, act_apop},
    [POP_AUTH] = {IN(AUTHORIZATION), ARG_WANTED, act_auth},
    [POP_STLS] = {IN(AUTHORIZATION), ARG_NONE, act_stls},
    [POP_UTF8] = {IN(AUTHORIZATION), ARG_NONE, act_utf8},
    [POP_CAPA] = {IN(AUTHORIZATION) | IN(TRANSACTION), ARG_NONE, act_capa},
    [POP_LANG] = {IN(AUTHORIZATION) | IN(TRANSACTION), ARG_OPTIONAL, act_lang},
    [POP_STAT] = {IN(TRANSACTION), ARG_NONE, pop_act_stat},
    [POP_LIST] = {IN(TRANSACTION), ARG_OPTIONAL, pop_act_list},
    [POP_RETR] = {IN(TRANSACTION), ARG_WANTED, pop_act_retr},
    [POP_DELE] = {IN(TRANSACTION), ARG_WANTED, pop_act_dele},
    [POP_NOOP] = {IN(TRANSACTION), ARG_NONE, act_noop},
    [POP_RSET] = {IN(TRANSACTION), ARG_NONE, pop_act_rset},
    [POP_TOP] = {IN(TRANSACTION), ARG_WANTED, pop_act_top},
    [POP_UIDL] = {IN(TRANSACTION), ARG_OPTIONAL, pop_act_uidl},
    [POP_QUIT] = {IN(AUTHORIZATION) | IN(TRANSACTION), ARG_NONE, act_quit},
};

/* May the verb come now, with this argument? NULL, or the refusal. */
static const char *
check(const struct pop_server *s, const struct verb *row, const char *arg, size_t n)
{
  if (n + 2 > POP_COMMAND_MAX)
    return "-ERR Line too long";
  if (!row->act)
    return "-ERR Unknown command";
  if (!(row->states & 1u << s->state))
    return s->state == POP_STATE_AUTHORIZATION ? "-ERR Log in first" : "-ERR Already logged in";
  if (row->argument == ARG_NONE && *arg)
    return "-ERR This command takes no argument";
  if (row->argument == ARG_WANTED && !*arg)
    return "-ERR This command needs an argument";
  return NULL;
}

static void
command(struct pop_server *s, const uint8_t *p, size_t n)
{
  g_autofree char *line = g_strndup((const char *)p, n);
  if (strlen(line) != n) {
    pop_refuse(s, "-ERR Line not understood");
    return;
  }
  size_t n_verb = strcspn(line, " ");
  enum pop_verb verb = pop_verb_find(line, n_verb);
  const struct verb *row = &verbs[verb];
  const char *arg = line[n_verb] ? line + n_verb + 1 : line + n_verb;
  if (verb != POP_PASS) { /* a password may hold spaces anywhere: RFC 1939 7 */
    while (*arg == ' ')
      arg++;
    g_strchomp(line);
  }
  /* RFC 1939 7: PASS comes immediately behind a successful USER */
  if (verb != POP_PASS && verb != POP_USER)
    g_clear_pointer(&s->user_name, g_free);
  const char *refusal = check(s, row, arg, n);
  if (refusal)
    pop_refuse(s, refusal);
  else
    row->act(s, arg);
}

/* ---- the machine ---- */

static void
server_start(struct endpoint *e, int64_t now_ns)
{
  struct pop_server *s = (struct pop_server *)e;
  set_state(s, POP_STATE_AUTHORIZATION);
  machine_printf(e, "+OK %s POP3 Enveloscope%s%s\r\n", s->name, s->auth.stamp ? " " : "",
                 s->auth.stamp ? s->auth.stamp : "");
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
}

/* A whole line, or one that is too long. */
static void
take_line(struct pop_server *s, enum lines_got got, const uint8_t *p, size_t n)
{
  if (s->auth.is_open) {
    struct auth_result r = got == LINES_TOO_LONG
                               ? auth_server_line_too_long(&s->auth)
                               : auth_server_line(&s->auth, (const char *)p, n, s->now_ns);
    auth_result(s, &r);
  } else if (got == LINES_TOO_LONG) {
    pop_refuse(s, "-ERR Line too long");
  } else {
    command(s, p, n);
  }
}

/* Takes what waits, until a failed login has to wait or TLS is to begin. */
static void
go_on(struct pop_server *s, int64_t now_ns)
{
  struct endpoint *e = &s->endpoint;
  s->now_ns = now_ns;
  while (!e->wants_close && !s->auth.is_held && e->wants == ENDPOINT_AS_IS) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&s->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    e->deadline_ns = now_ns + AUTOLOGOUT_NS; /* RFC 1939 3: any command */
    take_line(s, got, line, n_line);
  }
}

static void
server_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct pop_server *s = (struct pop_server *)e;
  if (e->wants_close)
    return;
  lines_feed(&s->lines, p, n);
  if (s->auth.is_held && lines_waiting(&s->lines) > AUTH_HELD_MAX) {
    pop_reply(s, "-ERR Too much was sent ahead");
    hang_up(s);
  }
  go_on(s, now_ns);
}

static void
server_eof(struct endpoint *e, int64_t now_ns)
{
  hang_up((struct pop_server *)e); /* without QUIT nothing is deleted: RFC 1939 6 */
}

static void
server_timeout(struct endpoint *e, int64_t now_ns)
{
  struct pop_server *s = (struct pop_server *)e;
  if (s->auth.is_held) {
    struct auth_result r = auth_server_release(&s->auth);
    e->deadline_ns = now_ns + AUTOLOGOUT_NS;
    s->now_ns = now_ns;
    auth_result(s, &r);
    go_on(s, now_ns);
    return;
  }
  if (e->out->len > 0) { /* a slow line is not an idle client */
    e->deadline_ns = now_ns + AUTOLOGOUT_NS;
    return;
  }
  /* RFC 1939 3: closes without a word and without UPDATE */
  machine_emit(e, "log", "%s",
               lang_text("autologout: nothing is deleted", "ออกจากระบบอัตโนมัติ: ไม่มีการลบข้อความใด"));
  hang_up(s);
}

static void
server_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct pop_server *s = (struct pop_server *)e;
  if (problem) {
    hang_up(s);
    return;
  }
  if (!s->is_started) /* implicit TLS: the greeting is still to come */
    return;
  s->has_utf8 = false; /* RFC 2595 4: what the client said in clear is forgotten */
  g_clear_pointer(&s->user_name, g_free);
  set_state(s, POP_STATE_AUTHORIZATION);
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
  go_on(s, now_ns); /* with keeps_clear something may wait */
}

static void
server_free(struct endpoint *e)
{
  struct pop_server *s = (struct pop_server *)e;
  pop_drop_close(s);
  g_ptr_array_unref(s->drop);
  g_free(s->marks);
  g_free(s->user_name);
  g_free(s->name);
  auth_server_clear(&s->auth);
  lines_clear(&s->lines);
  machine_clear(e);
  g_free(s);
}

static const struct endpoint_ops pop_server_ops = {.protocol = "pop3",
                                                   .start = server_start,
                                                   .input = server_input,
                                                   .eof = server_eof,
                                                   .timeout = server_timeout,
                                                   .upgraded = server_upgraded,
                                                   .free = server_free};

const struct pop_policy pop_policy_default = {.expire_days = -1, .offers_utf8 = true};

bool
pop_policy_read(const struct tree_node *service, struct pop_policy *policy, GError **error)
{
  const char *expire, *utf8;
  gint64 days = -1;
  *policy = pop_policy_default;
  if (service->kind != TREE_MAP)
    return true;
  if (!tree_text(service, "expire", "never", &expire, error) ||
      !tree_duration(service, "login_delay", 0, &policy->login_delay_ns, error) ||
      !tree_text(service, "utf8", "true", &utf8, error) ||
      !tree_bool(service, "update_fails", false, &policy->update_fails, error))
    return false;
  if (strcmp(expire, "never") != 0 && !g_ascii_string_to_signed(expire, 10, 0, 10000, &days, NULL))
    return tree_fail(error, tree_get(service, "expire"),
                     lang_text("`expire` is never or a number of days, 0 to 10000",
                               "`expire` ต้องเป็น never หรือจำนวนวันตั้งแต่ 0 ถึง 10000"));
  policy->expire_days = (int)days;
  policy->is_utf8_strict = strcmp(utf8, "strict") == 0;
  if (!policy->is_utf8_strict && !tree_bool(service, "utf8", true, &policy->offers_utf8, error))
    return false;
  return true;
}

struct endpoint *
pop_server_new(const struct pop_server_config *config)
{
  struct pop_server *s = g_new0(struct pop_server, 1);
  machine_init(&s->endpoint, &pop_server_ops);
  s->store = config->store;
  s->name = g_strdup(config->name);
  s->policy = config->policy ? *config->policy : pop_policy_default;
  s->offers_tls = config->offers_tls;
  s->keeps_clear = config->keeps_clear;
  auth_server_init(&s->auth, config->auth, &s->endpoint, AUTH_POP3, config->peer);
  s->auth.needs_tls = config->needs_tls;
  s->drop = g_ptr_array_new_with_free_func((GDestroyNotify)store_message_unref);
  lines_init(&s->lines, AUTH_LINE_MAX);
  return &s->endpoint;
}
