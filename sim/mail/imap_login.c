/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_login.c -- what may be said in any state, and the way from NOT_AUTHENTICATED in:
 * CAPABILITY, ID, NOOP, LOGOUT, STARTTLS, LOGIN, AUTHENTICATE; then ENABLE and COMPRESS.
 *
 * With needs_tls nothing that could be a password is taken in clear: LOGINDISABLED is advertised,
 * and a LOGIN that comes all the same is refused, if possible before its literals (RFC 3501 6.2.3,
 * 11.2; PRIVACYREQUIRED: RFC 5530). RFC 5161 (ENABLE), 2971 (ID), 4959 (SASL-IR), 4978 (COMPRESS).
 */
#include <string.h>

#include "sim/mail/imap_session.h"

/* ---- capabilities ---- */

enum when {
  ALWAYS,
  BEFORE_LOGIN,
  AFTER_LOGIN,
  WITH_TLS_OFFER,   /* not yet encrypted */
  WITH_NO_CLEAR,    /* passwords are not taken now */
  WITH_LITERAL_ALL, /* non-synchronising literals of any size */
  WITH_LITERAL_4096,
  WITH_DEFLATE,
};

static const struct {
  const char *name;
  enum when when;
} capabilities[] = {
    {"IMAP4rev1", ALWAYS},
    {"IMAP4rev2", ALWAYS},
    {"SASL-IR", BEFORE_LOGIN},
    {"LITERAL+", WITH_LITERAL_ALL},
    {"LITERAL-", WITH_LITERAL_4096},
    {"ENABLE", ALWAYS},
    {"ID", ALWAYS},
    {"STARTTLS", WITH_TLS_OFFER},
    {"LOGINDISABLED", WITH_NO_CLEAR},
    {"NAMESPACE", AFTER_LOGIN},
    {"UNSELECT", AFTER_LOGIN},
    {"IDLE", AFTER_LOGIN},
    {"UIDPLUS", AFTER_LOGIN},
    {"MOVE", AFTER_LOGIN},
    {"CHILDREN", AFTER_LOGIN},
    {"LIST-EXTENDED", AFTER_LOGIN},
    {"LIST-STATUS", AFTER_LOGIN},
    {"SPECIAL-USE", AFTER_LOGIN},
    {"CREATE-SPECIAL-USE", AFTER_LOGIN},
    {"STATUS=SIZE", AFTER_LOGIN},
    {"CONDSTORE", AFTER_LOGIN},
    {"QRESYNC", AFTER_LOGIN},
    {"MULTIAPPEND", AFTER_LOGIN},
    {"UTF8=ACCEPT", AFTER_LOGIN},
    {"QUOTA", AFTER_LOGIN},
    {"QUOTA=RES-STORAGE", AFTER_LOGIN},
    {"QUOTA=RES-MESSAGE", AFTER_LOGIN},
    {"ESEARCH", AFTER_LOGIN},
    {"SEARCHRES", AFTER_LOGIN},
    {"WITHIN", AFTER_LOGIN},
    {"BINARY", AFTER_LOGIN},
    {"SORT", AFTER_LOGIN},
    {"SORT=DISPLAY", AFTER_LOGIN},
    {"ESORT", AFTER_LOGIN},
    {"THREAD=ORDEREDSUBJECT", AFTER_LOGIN},
    {"THREAD=REFERENCES", AFTER_LOGIN},
    {"COMPRESS=DEFLATE", WITH_DEFLATE},
};

static bool
is_now(const struct imap_server *s, enum when when)
{
  switch (when) {
  case ALWAYS:
    return true;
  case BEFORE_LOGIN:
    return !s->user;
  case AFTER_LOGIN:
    return s->user;
  case WITH_TLS_OFFER:
    return !s->user && s->offers_tls && !s->endpoint.security;
  case WITH_NO_CLEAR:
    return !s->user && !auth_server_offers(&s->auth, AUTH_COMMAND);
  case WITH_LITERAL_ALL:
    return !s->is_literal_minus;
  case WITH_LITERAL_4096:
    return s->is_literal_minus;
  case WITH_DEFLATE:
    return s->user && s->offers_deflate && !s->is_compressed;
  }
  return false;
}

void
imap_put_capabilities(const struct imap_server *s, GString *out)
{
  for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++) {
    if (is_now(s, capabilities[i].when))
      g_string_append_printf(out, "%s%s", out->len ? " " : "", capabilities[i].name);
  }
  if (!s->user)
    auth_server_list(&s->auth, "AUTH=", out);
}

void
imap_act_capability(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GString) text = g_string_new(NULL);
  imap_put_capabilities(s, text);
  machine_printf(&s->endpoint, "* CAPABILITY %s\r\n", text->str);
  imap_ok(s, "CAPABILITY completed");
}

/* ---- any state ---- */

void
imap_act_noop(struct imap_server *s, struct imap_text *t)
{
  imap_ok(s, "Completed");
}

void
imap_act_logout(struct imap_server *s, struct imap_text *t)
{
  machine_printf(&s->endpoint, "* BYE %s closing connection\r\n%s OK LOGOUT completed\r\n", s->name,
                 s->tag);
  imap_hang_up(s);
}

/* "NIL" or a list of at most 30 pairs: RFC 2971 3.3. */
static bool
parse_id(struct imap_text *t)
{
  enum { PAIRS_MAX = 30, FIELD_MAX = 30, VALUE_MAX = 1024 };
  if (!imap_parse_octet(t, '(')) {
    g_autofree char *nil = imap_parse_atom(t);
    return nil && g_ascii_strcasecmp(nil, "NIL") == 0 && imap_parse_end(t);
  }
  unsigned n = 0;
  while (!imap_parse_octet(t, ')')) {
    g_autoptr(GBytes) field = n == 0 || imap_parse_space(t) ? imap_parse_octets(t) : NULL;
    if (!field || g_bytes_get_size(field) > FIELD_MAX || !imap_parse_space(t) || ++n > PAIRS_MAX)
      return false;
    g_autoptr(GBytes) value = imap_parse_octets(t);
    g_autofree char *nil = value ? NULL : imap_parse_atom(t);
    if (value ? g_bytes_get_size(value) > VALUE_MAX : !nil || g_ascii_strcasecmp(nil, "NIL") != 0)
      return false;
  }
  return imap_parse_end(t);
}

void
imap_act_id(struct imap_server *s, struct imap_text *t)
{
  if (!parse_id(t)) {
    imap_bad(s, "Syntax: ID (\"name\" \"value\" …) or ID NIL");
    return;
  }
  machine_printf(&s->endpoint, "* ID (\"name\" \"Enveloscope\")\r\n");
  imap_ok(s, "ID completed");
}

/* ---- TLS and compression ---- */

void
imap_act_starttls(struct imap_server *s, struct imap_text *t)
{
  if (s->endpoint.security) {
    imap_bad(s, "TLS is active already");
    return;
  }
  if (!s->offers_tls) {
    imap_bad(s, "STARTTLS is not offered here");
    return;
  }
  imap_ok(s, "Begin TLS negotiation now");
  imap_set_state(s, IMAP_STATE_TLS);
  s->endpoint.wants = ENDPOINT_TLS;
}

void
imap_act_compress(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_atom(t);
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: COMPRESS DEFLATE");
  } else if (s->is_compressed) {
    imap_no(s, "[COMPRESSIONACTIVE] DEFLATE is active already");
  } else if (!s->offers_deflate || g_ascii_strcasecmp(name, "DEFLATE") != 0) {
    imap_no(s, "[CANNOT] No such compression here");
  } else {
    imap_ok(s, "DEFLATE active");
    s->is_compressed = true;
    s->endpoint.wants = ENDPOINT_DEFLATE;
  }
}

/* ---- login ---- */

static void
logged_in(struct imap_server *s, const struct auth_result *r)
{
  s->user = r->user;
  s->is_guest = r->is_read_only;
  machine_emit(&s->endpoint, "user", "%s", r->user->name);
  imap_set_state(s, IMAP_STATE_AUTHENTICATED);
  g_autoptr(GString) text = g_string_new(NULL);
  imap_put_capabilities(s, text);
  imap_ok(s, "[CAPABILITY %s] Logged in", text->str);
}

/* "NO [CODE] …" or "BAD …" of the table. */
static void
refuse_login(struct imap_server *s, enum auth_outcome outcome)
{
  const char *reply = auth_reply(AUTH_IMAP, outcome);
  if (g_str_has_prefix(reply, "BAD "))
    imap_bad(s, reply + 4);
  else
    imap_no(s, reply + 3);
}

/* What LOGIN, AUTHENTICATE or a line of its exchange has led to. */
static void
auth_result(struct imap_server *s, const struct auth_result *r)
{
  switch (r->outcome) {
  case AUTH_CONTINUE:
    machine_printf(&s->endpoint, "+ %s\r\n", r->challenge);
    break;
  case AUTH_HELD:
    s->endpoint.deadline_ns = s->auth.until_ns;
    break;
  case AUTH_DONE:
    logged_in(s, r);
    break;
  default:
    refuse_login(s, r->outcome);
    if (r->ends && !s->endpoint.wants_close) {
      machine_printf(&s->endpoint, "* BYE Too many failed logins\r\n");
      imap_hang_up(s);
    }
    break;
  }
}

bool
imap_refuses_password(struct imap_server *s)
{
  if (auth_server_offers(&s->auth, AUTH_COMMAND))
    return false;
  refuse_login(s, auth_server_refusal(&s->auth, AUTH_COMMAND));
  return true;
}

void
imap_act_login(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_astring(t);
  g_autofree char *password = name && imap_parse_space(t) ? imap_parse_astring(t) : NULL;
  if (!password || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: LOGIN name password");
    return;
  }
  struct auth_result r = auth_server_command(&s->auth, name, password, s->now_ns);
  auth_result(s, &r);
}

void
imap_auth_line(struct imap_server *s, const uint8_t *p, size_t n)
{
  struct auth_result r = auth_server_line(&s->auth, (const char *)p, n, s->now_ns);
  auth_result(s, &r);
}

void
imap_auth_release(struct imap_server *s)
{
  struct auth_result r = auth_server_release(&s->auth);
  auth_result(s, &r);
}

void
imap_act_authenticate(struct imap_server *s, struct imap_text *t)
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
  struct auth_result r =
      auth_server_open(&s->auth, name, strlen(name), initial, n_initial, s->now_ns);
  auth_result(s, &r);
}

/* ---- ENABLE ---- */

void
imap_enable_condstore(struct imap_server *s)
{
  if (s->has_condstore)
    return;
  s->has_condstore = true;
  if (s->mailbox) /* RFC 7162 3.1: in the middle of a session it is told at once */
    machine_printf(&s->endpoint,
                   "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Modification sequences are told\r\n",
                   s->mailbox->modseq);
}

/* One word of ENABLE; what is unknown is ignored (RFC 5161 3.1). The name as told, or NULL. */
static const char *
enable(struct imap_server *s, const char *word)
{
  if (g_ascii_strcasecmp(word, "CONDSTORE") == 0) {
    imap_enable_condstore(s);
    return "CONDSTORE";
  }
  if (g_ascii_strcasecmp(word, "QRESYNC") == 0) { /* RFC 7162 3.2.3: enables CONDSTORE too */
    imap_enable_condstore(s);
    s->has_qresync = true;
    return "QRESYNC";
  }
  if (g_ascii_strcasecmp(word, "UTF8=ACCEPT") == 0) {
    s->has_utf8 = true;
    return "UTF8=ACCEPT";
  }
  if (g_ascii_strcasecmp(word, "IMAP4rev2") == 0) {
    s->is_rev2 = true;
    return "IMAP4rev2";
  }
  return NULL;
}

void
imap_act_enable(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GString) enabled = g_string_new("* ENABLED");
  struct imap_text ahead = *t; /* nothing is enabled by a command that is BAD */
  do {
    g_autofree char *word = imap_parse_atom(&ahead);
    if (!word) {
      imap_bad(s, "Syntax: ENABLE capability …");
      return;
    }
  } while (imap_parse_space(&ahead));
  if (!imap_parse_end(&ahead)) {
    imap_bad(s, "Syntax: ENABLE capability …");
    return;
  }
  do {
    g_autofree char *word = imap_parse_atom(t);
    const char *name = enable(s, word);
    if (name)
      g_string_append_printf(enabled, " %s", name);
  } while (imap_parse_space(t));
  machine_printf(&s->endpoint, "%s\r\n", enabled->str);
  imap_ok(s, "ENABLE completed");
}
