/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_server.c -- the POP3 server machine.
 *
 *     AUTHORIZATION ─PASS, APOP, AUTH─> TRANSACTION ─QUIT─> UPDATE: marked messages go, connection
 * ends └── QUIT ──> end                  └── line drops, autologout ──> end, nothing is deleted
 *
 * STLS (RFC 2595 4) begins TLS inside AUTHORIZATION, which starts anew behind it.
 *
 * The maildrop is a snapshot of INBOX taken at login and locked (RFC 1939 4): message numbers and
 * sizes stay as they were told. Sizes are those of the stored octets; stuffed dots are not counted.
 */
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/mime.h"
#include "sim/mail/pop.h"

#define AUTOLOGOUT_NS (10 * 60 * MACHINE_SECOND) /* RFC 1939 3: at least ten minutes */

struct pop_server {
  struct endpoint endpoint;
  struct store *store;
  char *name;
  enum pop_state state;
  bool is_started;
  struct lines lines;
  char *user_name; /* between USER and PASS */
  struct auth_server auth;
  struct store_user *user;
  GPtrArray *drop; /* struct store_message*, the snapshot */
  bool *is_deleted;
  unsigned n_bad;
  int64_t now_ns;
  bool offers_tls, keeps_clear;
};

static void
set_state(struct pop_server *s, enum pop_state state)
{
  if (s->is_started && s->state == state)
    return;
  s->is_started = true;
  s->state = state;
  machine_emit(&s->endpoint, "state", "%s", pop_states[state].name);
}

static void
reply(struct pop_server *s, const char *line)
{
  machine_printf(&s->endpoint, "%s\r\n", line);
}

static void
hang_up(struct pop_server *s)
{
  if (s->user)
    store_unlock(s->user, s);
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
}

static void
refuse(struct pop_server *s, const char *line)
{
  if (++s->n_bad >= POP_BAD_MAX) {
    reply(s, "-ERR Too many errors, closing connection");
    hang_up(s);
    return;
  }
  reply(s, line);
}

/* ---- the maildrop ---- */

static uint64_t
drop_octets(const struct pop_server *s, unsigned *n_messages)
{
  uint64_t octets = 0;
  *n_messages = 0;
  for (guint i = 0; i < s->drop->len; i++) {
    const struct store_message *m = s->drop->pdata[i];
    if (!s->is_deleted[i]) {
      ++*n_messages;
      octets += g_bytes_get_size(m->octets);
    }
  }
  return octets;
}

/* Enters TRANSACTION as `user`. */
static void
log_in(struct pop_server *s, struct store_user *user)
{
  if (!store_lock(user, s)) {
    refuse(s, "-ERR [IN-USE] The maildrop is locked by another session");
    return;
  }
  s->user = user;
  struct mailbox *inbox = store_find(user, "INBOX");
  for (guint i = 0; i < inbox->messages->len; i++)
    g_ptr_array_add(s->drop, store_message_ref(inbox->messages->pdata[i]));
  s->is_deleted = g_new0(bool, s->drop->len + 1);
  machine_emit(&s->endpoint, "user", "%s", user->name);
  set_state(s, POP_STATE_TRANSACTION);
  unsigned n;
  uint64_t octets = drop_octets(s, &n);
  machine_printf(&s->endpoint,
                 "+OK %s's maildrop has %u messages (%" G_GUINT64_FORMAT " octets)\r\n", user->name,
                 n, octets);
}

/* "2" as the message of that number that is not deleted. Replies and returns NULL otherwise. */
static struct store_message *
find_message(struct pop_server *s, const char *text, guint *index)
{
  guint64 number;
  if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &number, NULL)) {
    refuse(s, "-ERR A message number is wanted");
    return NULL;
  }
  if (number > s->drop->len) {
    refuse(s, "-ERR No such message");
    return NULL;
  }
  if (s->is_deleted[number - 1]) {
    refuse(s, "-ERR That message is marked as deleted");
    return NULL;
  }
  *index = (guint)number - 1;
  return s->drop->pdata[*index];
}

/* Sends p[0..n) with dots stuffed, a line end where it lacks one, and the final dot. */
static void
send_lines(struct pop_server *s, const uint8_t *p, size_t n)
{
  size_t at = 0;
  while (at < n) {
    size_t line = line_find(p + at, n - at);
    if (line == 0)
      line = n - at;
    if (p[at] == '.')
      machine_send(&s->endpoint, ".", 1);
    machine_send(&s->endpoint, p + at, line);
    at += line;
  }
  if (n > 0 && p[n - 1] != '\n')
    machine_send(&s->endpoint, "\r\n", 2);
  machine_send(&s->endpoint, ".\r\n", 3);
}

/* ---- AUTHORIZATION ---- */

static void
act_user(struct pop_server *s, const char *arg)
{
  /* whether the name exists is not told: PASS will */
  g_free(s->user_name);
  s->user_name = g_strdup(arg);
  reply(s, "+OK Send PASS");
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
    log_in(s, r->user);
    break;
  default:
    if (r->ends) {
      reply(s, "-ERR [AUTH] Too many failed logins, closing connection");
      hang_up(s);
    } else {
      refuse(s, auth_reply(AUTH_POP3, r->outcome));
    }
    break;
  }
}

static void
act_pass(struct pop_server *s, const char *arg)
{
  if (!s->user_name) {
    refuse(s, "-ERR Send USER first");
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
  if (!space || strlen(space + 1) != 32) {
    refuse(s, "-ERR Syntax: APOP name digest");
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

/* RFC 2595 4. What was said before is forgotten. */
static void
act_stls(struct pop_server *s, const char *arg)
{
  if (s->endpoint.security || !s->offers_tls) {
    refuse(s, s->endpoint.security ? "-ERR TLS is active already" : "-ERR TLS is not offered here");
    return;
  }
  reply(s, "+OK Begin TLS negotiation");
  set_state(s, POP_STATE_TLS);
  machine_forget_clear(&s->endpoint, &s->lines, s->keeps_clear);
  s->endpoint.wants = ENDPOINT_TLS;
}

/* ---- any state ---- */

static void
act_capa(struct pop_server *s, const char *arg)
{
  g_autoptr(GString) mechanisms = g_string_new(NULL);
  auth_server_list(&s->auth, "", mechanisms);
  reply(s, "+OK Capability list follows");
  if (s->offers_tls && !s->endpoint.security)
    reply(s, "STLS");
  if (auth_server_offers(&s->auth, AUTH_COMMAND))
    reply(s, "USER");
  if (mechanisms->len > 0)
    machine_printf(&s->endpoint, "SASL%s\r\n", mechanisms->str);
  machine_printf(&s->endpoint, "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n"
                               "EXPIRE NEVER\r\nIMPLEMENTATION Enveloscope\r\n.\r\n");
}

static void
act_quit(struct pop_server *s, const char *arg)
{
  if (s->state == POP_STATE_TRANSACTION) {
    set_state(s, POP_STATE_UPDATE);
    struct mailbox *inbox = store_find(s->user, "INBOX");
    for (guint i = 0; i < s->drop->len; i++) {
      if (s->is_deleted[i])
        store_expunge(inbox, s->drop->pdata[i]);
    }
  }
  machine_printf(&s->endpoint, "+OK %s signing off\r\n", s->name);
  hang_up(s);
}

/* ---- TRANSACTION ---- */

static void
act_stat(struct pop_server *s, const char *arg)
{
  unsigned n;
  uint64_t octets = drop_octets(s, &n);
  machine_printf(&s->endpoint, "+OK %u %" G_GUINT64_FORMAT "\r\n", n, octets);
}

static void
list_size(struct pop_server *s, guint i, const char *before)
{
  const struct store_message *m = s->drop->pdata[i];
  machine_printf(&s->endpoint, "%s%u %" G_GSIZE_FORMAT "\r\n", before, i + 1,
                 g_bytes_get_size(m->octets));
}

/* UIDVALIDITY and UID: never given to another message (RFC 1939 7). */
static void
list_id(struct pop_server *s, guint i, const char *before)
{
  const struct store_message *m = s->drop->pdata[i];
  machine_printf(&s->endpoint, "%s%u %08x%08x\r\n", before, i + 1,
                 store_find(s->user, "INBOX")->uid_validity, m->uid);
}

/* LIST and UIDL: one line for one message, or all. */
static void
list(struct pop_server *s, const char *arg, void (*one)(struct pop_server *, guint, const char *))
{
  guint index;
  if (*arg) {
    if (find_message(s, arg, &index))
      one(s, index, "+OK ");
    return;
  }
  unsigned n;
  uint64_t octets = drop_octets(s, &n);
  machine_printf(&s->endpoint, "+OK %u messages (%" G_GUINT64_FORMAT " octets)\r\n", n, octets);
  for (guint i = 0; i < s->drop->len; i++) {
    if (!s->is_deleted[i])
      one(s, i, "");
  }
  reply(s, ".");
}

static void
act_list(struct pop_server *s, const char *arg)
{
  list(s, arg, list_size);
}

static void
act_uidl(struct pop_server *s, const char *arg)
{
  list(s, arg, list_id);
}

static void
act_retr(struct pop_server *s, const char *arg)
{
  guint index;
  struct store_message *m = find_message(s, arg, &index);
  if (!m)
    return;
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  machine_printf(&s->endpoint, "+OK %" G_GSIZE_FORMAT " octets\r\n", n);
  send_lines(s, p, n);
}

static void
act_top(struct pop_server *s, const char *arg)
{
  g_auto(GStrv) words = g_strsplit(arg, " ", 2);
  guint64 n_lines;
  guint index;
  if (!words[0] || !words[1] ||
      !g_ascii_string_to_unsigned(words[1], 10, 0, G_MAXUINT32, &n_lines, NULL)) {
    refuse(s, "-ERR Syntax: TOP message lines");
    return;
  }
  struct store_message *m = find_message(s, words[0], &index);
  if (!m)
    return;
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  size_t at = mime_header_end(p, 0, n);
  for (; n_lines > 0 && at < n; n_lines--) {
    size_t line = line_find(p + at, n - at);
    at = line ? at + line : n;
  }
  reply(s, "+OK Top of the message follows");
  send_lines(s, p, at);
}

static void
act_dele(struct pop_server *s, const char *arg)
{
  guint index;
  if (!find_message(s, arg, &index))
    return;
  s->is_deleted[index] = true;
  machine_emit(&s->endpoint, "marked", "%u", index + 1);
  machine_printf(&s->endpoint, "+OK Message %u marked as deleted\r\n", index + 1);
}

static void
act_noop(struct pop_server *s, const char *arg)
{
  reply(s, "+OK");
}

static void
act_rset(struct pop_server *s, const char *arg)
{
  memset(s->is_deleted, 0, s->drop->len * sizeof *s->is_deleted);
  unsigned n;
  uint64_t octets = drop_octets(s, &n);
  machine_emit(&s->endpoint, "marked", "%s", "");
  machine_printf(&s->endpoint, "+OK Maildrop has %u messages (%" G_GUINT64_FORMAT " octets)\r\n", n,
                 octets);
}

/* ---- the table ---- */

enum argument { ARG_NONE, ARG_OPTIONAL, ARG_WANTED };

#define IN(state) (1u << POP_STATE_##state)

static const struct verb {
  unsigned states;
  enum argument argument;
  void (*act)(struct pop_server *s, const char *arg);
  unsigned octets_max; /* 0: POP_COMMAND_MAX */
} verbs[POP_N_VERBS] = {
    [POP_USER] = {IN(AUTHORIZATION), ARG_WANTED, act_user},
    [POP_PASS] = {IN(AUTHORIZATION), ARG_WANTED, act_pass},
    [POP_APOP] = {IN(AUTHORIZATION), ARG_WANTED, act_apop},
    [POP_AUTH] = {IN(AUTHORIZATION), ARG_WANTED, act_auth, AUTH_LINE_MAX},
    [POP_STLS] = {IN(AUTHORIZATION), ARG_NONE, act_stls},
    [POP_CAPA] = {IN(AUTHORIZATION) | IN(TRANSACTION), ARG_NONE, act_capa},
    [POP_STAT] = {IN(TRANSACTION), ARG_NONE, act_stat},
    [POP_LIST] = {IN(TRANSACTION), ARG_OPTIONAL, act_list},
    [POP_RETR] = {IN(TRANSACTION), ARG_WANTED, act_retr},
    [POP_DELE] = {IN(TRANSACTION), ARG_WANTED, act_dele},
    [POP_NOOP] = {IN(TRANSACTION), ARG_NONE, act_noop},
    [POP_RSET] = {IN(TRANSACTION), ARG_NONE, act_rset},
    [POP_TOP] = {IN(TRANSACTION), ARG_WANTED, act_top},
    [POP_UIDL] = {IN(TRANSACTION), ARG_OPTIONAL, act_uidl},
    [POP_QUIT] = {IN(AUTHORIZATION) | IN(TRANSACTION), ARG_NONE, act_quit},
};

/* May the verb come now, with this argument? NULL, or the refusal. */
static const char *
check(const struct pop_server *s, const struct verb *row, const char *arg, size_t n)
{
  if (!row->act)
    return "-ERR Unknown command";
  if (n + 2 > (row->octets_max ? row->octets_max : POP_COMMAND_MAX))
    return "-ERR Line too long";
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
    refuse(s, "-ERR Line not understood");
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
  /* RFC 2449 and 1939: PASS must follow USER at once */
  if (verb != POP_PASS && verb != POP_USER)
    g_clear_pointer(&s->user_name, g_free);
  const char *refusal = check(s, row, arg, n);
  if (refusal)
    refuse(s, refusal);
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

/* Takes what waits, until a failed login has to wait. */
static void
go_on(struct pop_server *s, int64_t now_ns)
{
  s->now_ns = now_ns;
  while (!s->endpoint.wants_close && !s->auth.is_held && s->endpoint.wants == ENDPOINT_AS_IS) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&s->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (s->auth.is_open) {
      struct auth_result r = got == LINES_TOO_LONG
                                 ? auth_server_line_too_long(&s->auth)
                                 : auth_server_line(&s->auth, (const char *)line, n_line, now_ns);
      auth_result(s, &r);
    } else if (got == LINES_TOO_LONG) {
      refuse(s, "-ERR Line too long");
    } else {
      command(s, line, n_line);
    }
  }
}

static void
server_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct pop_server *s = (struct pop_server *)e;
  if (e->wants_close)
    return;
  lines_feed(&s->lines, p, n);
  if (s->auth.is_held) {
    if (lines_waiting(&s->lines) > AUTH_HELD_MAX) {
      reply(s, "-ERR Too much was sent ahead");
      hang_up(s);
    }
    return;
  }
  e->deadline_ns = now_ns + AUTOLOGOUT_NS;
  go_on(s, now_ns);
}

/* TLS is there, or cannot be had: then nothing more can be said. With implicit TLS the greeting is
 * still to come. */
static void
server_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct pop_server *s = (struct pop_server *)e;
  if (problem) {
    hang_up(s);
  } else if (s->is_started) {
    set_state(s, POP_STATE_AUTHORIZATION);
    server_input(e, NULL, 0, now_ns);
  }
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
    auth_result(s, &r);
    go_on(s, now_ns);
    return;
  }
  /* RFC 1939 3: closes without a word and without UPDATE */
  machine_emit(e, "log", "%s",
               lang_text("autologout: nothing is deleted", "ออกจากระบบอัตโนมัติ: ไม่มีการลบข้อความใด"));
  hang_up(s);
}

static void
server_free(struct endpoint *e)
{
  struct pop_server *s = (struct pop_server *)e;
  if (s->user)
    store_unlock(s->user, s);
  g_ptr_array_unref(s->drop);
  g_free(s->is_deleted);
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

struct endpoint *
pop_server_new(const struct pop_server_config *config)
{
  struct pop_server *s = g_new0(struct pop_server, 1);
  machine_init(&s->endpoint, &pop_server_ops);
  s->store = config->store;
  s->name = g_strdup(config->name);
  auth_server_init(&s->auth, config->auth, &s->endpoint, AUTH_POP3, config->peer);
  s->auth.needs_tls = config->needs_tls;
  s->offers_tls = config->offers_tls;
  s->keeps_clear = config->keeps_clear;
  s->drop = g_ptr_array_new_with_free_func((GDestroyNotify)store_message_unref);
  lines_init(&s->lines, AUTH_LINE_MAX);
  return &s->endpoint;
}
