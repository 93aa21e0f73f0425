/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_server.c -- the SMTP server machine, for relaying (25) and submission (587).
 *
 *     GREETED ─EHLO─> READY ─MAIL─> MAIL ─RCPT─> RCPT ─DATA─> DATA ─CRLF.CRLF─> READY
 *                      │ ^            └──────── RSET, EHLO ────────┘
 *                     AUTH┘                                         QUIT from anywhere
 *
 * A verb is a row: the states it may come in, its check, its act. Replies carry enhanced codes (RFC
 * 2034). Only CRLF "." CRLF ends data; a message with a CR or LF alone is refused whole (RFC
 * 5321 2.3.8, and the smuggling attacks of 2023). Commands may be pipelined. Not here: STARTTLS,
 * BDAT, DSN, SMTPUTF8. */
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/date.h"
#include "sim/mail/machine.h"
#include "sim/mail/mime.h"
#include "sim/mail/smtp.h"

enum data_at { DATA_LINE_START, DATA_DOT, DATA_DOT_CR, DATA_TEXT, DATA_CR };

#define COMMAND_TIMEOUT_NS (5 * 60 * MACHINE_SECOND) /* RFC 5321 4.5.3.2.7 */

/* Which question the site will answer later. */
enum pending { PENDING_NONE, PENDING_GREET, PENDING_HELO, PENDING_MAIL, PENDING_RCPT, N_PENDING };

const char SMTP_LATER[] = "later";

enum {
  /* What a client may send ahead while the site thinks: more than a transaction is no pipelining.
   */
  HELD_EXTRA = 1 << 16,
};

struct smtp_server {
  struct endpoint endpoint;
  struct smtp_server_config config;
  char *name, *peer;
  enum smtp_state state;
  struct lines lines;
  char *helo;
  bool is_esmtp;
  const struct store_user *user;
  struct auth_server auth;
  struct smtp_session session;
  enum pending pending;
  bool is_open;       /* the site knows of it */
  char *pending_text; /* PENDING_HELO: the name before; PENDING_RCPT: the address */
  bool was_esmtp;
  unsigned n_bad;
  int64_t now_ns;
  char *sender; /* NULL: no transaction */
  GPtrArray *recipients;
  GByteArray *data;
  enum data_at data_at;
  size_t data_line_octets, data_octets;
  bool has_bare, has_long_line;
};

static void
set_state(struct smtp_server *s, enum smtp_state state)
{
  if (s->state == state)
    return;
  s->state = state;
  machine_emit(&s->endpoint, "state", "%s", smtp_states[state].name);
}

static void
reply(struct smtp_server *s, const char *line)
{
  machine_printf(&s->endpoint, "%s\r\n", line);
}

static void
hang_up(struct smtp_server *s)
{
  set_state(s, SMTP_STATE_QUIT);
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
}

/* A refused command; too many of them end the session. */
static void
refuse(struct smtp_server *s, const char *line)
{
  if (++s->n_bad >= SMTP_BAD_MAX) {
    machine_printf(&s->endpoint, "421 4.7.0 %s Too many errors, closing connection\r\n", s->name);
    hang_up(s);
    return;
  }
  reply(s, line);
}

static void
forget_transaction(struct smtp_server *s)
{
  g_clear_pointer(&s->sender, g_free);
  g_ptr_array_set_size(s->recipients, 0);
  g_byte_array_set_size(s->data, 0);
}

/* ---- what the site decides ---- */

/* The session as the site may see it now. */
static const struct smtp_session *
session(struct smtp_server *s)
{
  s->session = (struct smtp_session){
      .server = &s->endpoint,
      .role = s->config.role,
      .peer = s->peer,
      .helo = s->helo,
      .sender = s->sender,
      .n_recipients = s->recipients->len,
      .user = s->user,
      .security = s->endpoint.security,
      .is_esmtp = s->is_esmtp,
      .is_trusted =
          s->user || (s->config.role == SMTP_ROLE_SUBMISSION && !s->config.is_auth_required),
      .own = s->session.own,
  };
  return &s->session;
}

static void greeted(struct smtp_server *s, const char *refusal);
static void introduced(struct smtp_server *s, const char *refusal);
static void sender_judged(struct smtp_server *s, const char *refusal);
static void recipient_judged(struct smtp_server *s, const char *refusal);

static void (*const verdicts[N_PENDING])(struct smtp_server *s,
                                         const char *refusal) = {[PENDING_GREET] = greeted,
                                                                 [PENDING_HELO] = introduced,
                                                                 [PENDING_MAIL] = sender_judged,
                                                                 [PENDING_RCPT] = recipient_judged};

/* The site's answer to a question, or that it will answer later. */
static void
answered(struct smtp_server *s, enum pending what, const char *refusal)
{
  s->pending = refusal == SMTP_LATER ? what : PENDING_NONE;
  if (s->pending)
    s->endpoint.deadline_ns = ENDPOINT_NEVER;
  else
    verdicts[what](s, refusal);
}

/* A refusal by the site; 421 ends the session. */
static void
turn_down(struct smtp_server *s, const char *refusal)
{
  if (strncmp(refusal, "421", 3) == 0) {
    reply(s, refusal);
    hang_up(s);
  } else {
    refuse(s, refusal);
  }
}

/* ---- EHLO, HELO ---- */

static const char *
check_greeting(const struct smtp_server *s, const char *arg)
{
  return *arg && !strchr(arg, ' ') ? NULL : "501 5.5.4 Give the name of your host";
}

static void
greeted(struct smtp_server *s, const char *refusal)
{
  if (refusal) {
    reply(s, refusal);
    hang_up(s);
  } else {
    machine_printf(&s->endpoint, "220 %s ESMTP Enveloscope\r\n", s->name);
  }
}

static void
say_hello(struct smtp_server *s)
{
  if (!s->is_esmtp) {
    machine_printf(&s->endpoint, "250 %s\r\n", s->name);
    return;
  }
  machine_printf(&s->endpoint,
                 "250-%s Hello %s\r\n"
                 "250-PIPELINING\r\n"
                 "250-SIZE %" G_GSIZE_FORMAT "\r\n",
                 s->name, s->peer, s->config.size_max);
  g_autoptr(GString) mechanisms = g_string_new(NULL);
  auth_server_list(&s->auth, "", mechanisms);
  if (mechanisms->len > 0)
    machine_printf(&s->endpoint, "250-AUTH%s\r\n", mechanisms->str);
  machine_printf(&s->endpoint, "250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n");
}

/* RFC 5321 4.1.4: refused, everything stays as it was; else it ends the transaction. */
static void
introduced(struct smtp_server *s, const char *refusal)
{
  char *before = g_steal_pointer(&s->pending_text);
  bool was_esmtp = s->was_esmtp;
  if (refusal) {
    g_free(s->helo);
    s->helo = before;
    s->is_esmtp = was_esmtp;
    turn_down(s, refusal);
    return;
  }
  g_free(before);
  forget_transaction(s);
  set_state(s, SMTP_STATE_READY);
  say_hello(s);
}

static void
take_greeting(struct smtp_server *s, const char *arg, bool is_esmtp)
{
  const struct smtp_site *site = &s->config.site;
  s->pending_text = s->helo;
  s->was_esmtp = s->is_esmtp;
  s->helo = g_strdup(arg);
  s->is_esmtp = is_esmtp;
  answered(s, PENDING_HELO, site->helo ? site->helo(site->data, session(s)) : NULL);
}

static void
act_helo(struct smtp_server *s, const char *arg)
{
  take_greeting(s, arg, false);
}

static void
act_ehlo(struct smtp_server *s, const char *arg)
{
  take_greeting(s, arg, true);
}

/* ---- MAIL, RCPT ---- */

/* "FROM:" or "TO:", and the spaces that many clients put behind it; NULL when it is not there. */
static const char *
skip_word(const char *arg, const char *word)
{
  size_t n = strlen(word);
  if (g_ascii_strncasecmp(arg, word, n) != 0)
    return NULL;
  arg += n;
  while (*arg == ' ')
    arg++;
  return arg;
}

static const char *
check_mail(const struct smtp_server *s, const char *arg)
{
  if (s->config.is_auth_required && !s->user)
    return "530 5.7.0 Authentication required";
  return skip_word(arg, "FROM:") ? NULL : "501 5.5.4 Syntax: MAIL FROM:<address>";
}

/* One "KEYWORD=VALUE" of MAIL. Returns the reply of a refusal, or NULL. */
static const char *
mail_parameter(const struct smtp_server *s, const char *word)
{
  if (!s->is_esmtp)
    return "555 5.5.4 HELO allows no parameters, say EHLO";
  if (g_ascii_strncasecmp(word, "SIZE=", 5) == 0) {
    guint64 size;
    if (!g_ascii_string_to_unsigned(word + 5, 10, 0, G_MAXUINT64, &size, NULL))
      return "501 5.5.4 SIZE takes a number";
    return size > s->config.size_max ? "552 5.3.4 Message too big for this server" : NULL;
  }
  if (g_ascii_strcasecmp(word, "BODY=7BIT") == 0 || g_ascii_strcasecmp(word, "BODY=8BITMIME") == 0)
    return NULL;
  if (g_ascii_strncasecmp(word, "BODY=", 5) == 0)
    return "501 5.5.4 BODY is 7BIT or 8BITMIME";
  if (s->config.auth && g_ascii_strncasecmp(word, "AUTH=", 5) == 0 && word[5])
    return NULL; /* RFC 4954 5: accepted, and not trusted */
  return "555 5.5.4 Parameter not recognized";
}

/* The words behind the path. Returns the reply of a refusal, or NULL. */
static const char *
parameters(const struct smtp_server *s, const char *text,
           const char *(*take)(const struct smtp_server *, const char *))
{
  if (*text && *text != ' ')
    return "501 5.1.7 Nothing may follow the address but a space";
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  for (char **word = words; *word; word++) {
    const char *refusal = **word ? take(s, *word) : NULL;
    if (refusal)
      return refusal;
  }
  return NULL;
}

static void
act_mail(struct smtp_server *s, const char *arg)
{
  const char *path = skip_word(arg, "FROM:"), *error;
  g_autofree char *address = NULL;
  size_t n_read;
  if (!smtp_path_parse(path, strlen(path), true, &address, &n_read, &error)) {
    g_autofree char *line = g_strdup_printf("501 5.1.7 Bad sender: %s", error);
    refuse(s, line);
    return;
  }
  const char *refusal = parameters(s, path + n_read, mail_parameter);
  if (refusal) {
    refuse(s, refusal);
    return;
  }
  const struct smtp_site *site = &s->config.site;
  s->sender = g_steal_pointer(&address);
  const struct envelope envelope = {.sender = s->sender};
  answered(s, PENDING_MAIL, site->mail ? site->mail(site->data, session(s), &envelope) : NULL);
}

static void
sender_judged(struct smtp_server *s, const char *refusal)
{
  if (refusal) {
    forget_transaction(s);
    turn_down(s, refusal);
    return;
  }
  set_state(s, SMTP_STATE_MAIL);
  reply(s, "250 2.1.0 Sender OK");
}

static const char *
check_rcpt(const struct smtp_server *s, const char *arg)
{
  return skip_word(arg, "TO:") ? NULL : "501 5.5.4 Syntax: RCPT TO:<address>";
}

static const char *
rcpt_parameter(const struct smtp_server *s, const char *word)
{
  return "555 5.5.4 Parameter not recognized";
}

static void
act_rcpt(struct smtp_server *s, const char *arg)
{
  const char *path = skip_word(arg, "TO:"), *error;
  g_autofree char *address = NULL;
  size_t n_read;
  if (!smtp_path_parse(path, strlen(path), false, &address, &n_read, &error)) {
    g_autofree char *line = g_strdup_printf("501 5.1.3 Bad recipient: %s", error);
    refuse(s, line);
    return;
  }
  const char *refusal = parameters(s, path + n_read, rcpt_parameter);
  if (!refusal && s->recipients->len >= SMTP_RECIPIENTS_MAX) {
    reply(s, "452 4.5.3 Too many recipients"); /* no mistake of the client: 4.5.3.1.10 */
    return;
  }
  if (refusal) {
    refuse(s, refusal);
    return;
  }
  const struct envelope_recipient r = {.address = address};
  const struct smtp_site *site = &s->config.site;
  s->pending_text = g_strdup(address);
  answered(s, PENDING_RCPT, site->recipient(site->data, session(s), &r));
}

static void
recipient_judged(struct smtp_server *s, const char *refusal)
{
  g_autofree char *address = g_steal_pointer(&s->pending_text);
  if (refusal) {
    turn_down(s, refusal);
    return;
  }
  g_ptr_array_add(s->recipients, g_steal_pointer(&address));
  set_state(s, SMTP_STATE_RCPT);
  reply(s, "250 2.1.5 Recipient OK");
}

/* ---- DATA ---- */

static const char *
check_no_argument(const struct smtp_server *s, const char *arg)
{
  return *arg ? "501 5.5.4 This command takes no argument" : NULL;
}

static void
act_data(struct smtp_server *s, const char *arg)
{
  g_byte_array_set_size(s->data, 0);
  s->data_at = DATA_LINE_START;
  s->data_line_octets = s->data_octets = 0;
  s->has_bare = s->has_long_line = false;
  set_state(s, SMTP_STATE_DATA);
  reply(s, "354 Start mail input; end with <CRLF>.<CRLF>");
}

static void
data_keep(struct smtp_server *s, const uint8_t *p, size_t n)
{
  s->data_octets += n;
  s->data_line_octets += n;
  if (s->data_octets <= s->config.size_max)
    g_byte_array_append(s->data, p, (guint)n);
}

/* One octet of content. True when it ends the data. */
static bool
data_octet(struct smtp_server *s, uint8_t c)
{
  static const uint8_t cr = '\r', crlf[] = "\r\n";
  bool was_cr = s->data_at == DATA_CR || s->data_at == DATA_DOT_CR;
  if (was_cr && c == '\n') {
    if (s->data_at == DATA_DOT_CR)
      return true;
    data_keep(s, crlf, 2);
    s->has_long_line |= s->data_line_octets > SMTP_TEXT_LINE_MAX;
    s->data_line_octets = 0;
    s->data_at = DATA_LINE_START;
    return false;
  }
  if (was_cr) { /* it stood alone */
    data_keep(s, &cr, 1);
    s->has_bare = true;
    s->data_at = DATA_TEXT;
  }
  if (c == '\r') {
    s->data_at = s->data_at == DATA_DOT ? DATA_DOT_CR : DATA_CR;
    return false;
  }
  if (c == '\n')
    s->has_bare = true;
  if (c == '.' && s->data_at == DATA_LINE_START) {
    s->data_at = DATA_DOT; /* a stuffed dot, or the end */
    return false;
  }
  data_keep(s, &c, 1);
  s->data_at = DATA_TEXT;
  return false;
}

/* Takes content from the input; true when the data has ended. */
static bool
data_take(struct smtp_server *s)
{
  const uint8_t *p;
  size_t n;
  while ((n = lines_waiting(&s->lines)) > 0) {
    lines_take(&s->lines, 0, &p);
    size_t run = 0;
    if (s->data_at == DATA_TEXT) {
      while (run < n && p[run] != '\r' && p[run] != '\n')
        run++;
    }
    if (run > 0) {
      data_keep(s, p, run);
      lines_take(&s->lines, run, &p);
      continue;
    }
    lines_take(&s->lines, 1, &p);
    if (data_octet(s, *p))
      return true;
  }
  return false;
}

static unsigned
count_received(const GByteArray *data)
{
  size_t at = 0, field_at, name_n, field_end;
  unsigned n = 0;
  while (mime_next_field(data->data, &at, data->len, &field_at, &name_n, &field_end))
    n += text_is(data->data + field_at, name_n, "Received");
  return n;
}

/* RFC 5321 4.4: the trace of this hop on top of the message. */
static GBytes *
with_received(const struct smtp_server *s, int64_t now_ns)
{
  char date[DATE_TEXT_MAX];
  GString *header = g_string_new(NULL);
  g_string_printf(header, "Received: from %s ([%s])\r\n\tby %s with %s%s", s->helo, s->peer,
                  s->name, s->is_esmtp ? "ESMTP" : "SMTP", s->user && s->is_esmtp ? "A" : "");
  if (s->recipients->len == 1) /* more would tell one recipient of the others: 7.6 */
    g_string_append_printf(header, "\r\n\tfor <%s>", (char *)s->recipients->pdata[0]);
  g_string_append_printf(header, ";\r\n\t%s\r\n", date_format(now_ns, date));
  g_string_append_len(header, (const char *)s->data->data, s->data->len);
  return g_string_free_to_bytes(header);
}

static void
data_done(struct smtp_server *s, int64_t now_ns)
{
  const char *refusal = NULL, *id = NULL;
  if (s->has_bare)
    refusal = "550 5.6.11 A CR or LF stands alone; lines end with CRLF";
  else if (s->data_octets > s->config.size_max)
    refusal = "552 5.3.4 Message too big for this server";
  else if (s->has_long_line)
    refusal = "554 5.6.0 A line is longer than 1000 octets";
  else if (count_received(s->data) >= SMTP_RECEIVED_MAX)
    refusal = "554 5.4.6 Too many Received headers: mail loop";
  if (!refusal) {
    g_autoptr(GBytes) octets = with_received(s, now_ns);
    g_autofree struct envelope_recipient *to =
        g_new0(struct envelope_recipient, s->recipients->len);
    for (guint i = 0; i < s->recipients->len; i++)
      to[i].address = s->recipients->pdata[i];
    const struct envelope envelope = {
        .sender = s->sender, .recipients = to, .n_recipients = s->recipients->len};
    struct smtp_message m = {.envelope = &envelope, .octets = octets, .user = s->user};
    id = s->config.site.message(s->config.site.data, session(s), &m, now_ns, &refusal);
  }
  forget_transaction(s);
  set_state(s, SMTP_STATE_READY);
  if (id)
    machine_printf(&s->endpoint, "250 2.0.0 Queued as %s\r\n", id);
  else
    turn_down(s, refusal);
}

/* ---- AUTH ---- */

static const char *
check_auth(const struct smtp_server *s, const char *arg)
{
  if (!s->config.auth)
    return "502 5.5.1 AUTH is not offered here";
  if (s->user)
    return "503 5.5.1 Already authenticated";
  return *arg ? NULL : "501 5.5.4 Syntax: AUTH mechanism";
}

/* What an AUTH command or a line of the exchange has led to. */
static void
auth_result(struct smtp_server *s, const struct auth_result *r)
{
  set_state(s, r->outcome == AUTH_CONTINUE || r->outcome == AUTH_HELD ? SMTP_STATE_AUTH
                                                                      : SMTP_STATE_READY);
  switch (r->outcome) {
  case AUTH_CONTINUE:
    machine_printf(&s->endpoint, "334 %s\r\n", r->challenge);
    break;
  case AUTH_HELD:
    s->endpoint.deadline_ns = s->auth.until_ns;
    break;
  case AUTH_DONE:
    s->user = r->user;
    machine_emit(&s->endpoint, "user", "%s", r->user->name);
    reply(s, "235 2.7.0 Authentication successful");
    break;
  default:
    if (r->ends) {
      machine_printf(&s->endpoint, "421 4.7.0 %s Too many failed logins\r\n", s->name);
      hang_up(s);
    } else {
      refuse(s, auth_reply(AUTH_SMTP, r->outcome));
    }
    break;
  }
}

static void
act_auth(struct smtp_server *s, const char *arg)
{
  size_t n = strcspn(arg, " ");
  const char *initial = arg[n] && arg[n + 1] ? arg + n + 1 : NULL;
  struct auth_result r =
      auth_server_open(&s->auth, arg, n, initial, initial ? strlen(initial) : 0, s->now_ns);
  auth_result(s, &r);
}

/* ---- the rest ---- */

static void
act_rset(struct smtp_server *s, const char *arg)
{
  forget_transaction(s);
  if (s->state != SMTP_STATE_GREETED)
    set_state(s, SMTP_STATE_READY);
  reply(s, "250 2.0.0 Reset");
}

static void
act_noop(struct smtp_server *s, const char *arg)
{
  reply(s, "250 2.0.0 OK");
}

static void
act_quit(struct smtp_server *s, const char *arg)
{
  machine_printf(&s->endpoint, "221 2.0.0 %s closing connection\r\n", s->name);
  hang_up(s);
}

static const char *
check_vrfy(const struct smtp_server *s, const char *arg)
{
  return *arg ? NULL : "501 5.5.4 Syntax: VRFY name";
}

static void
act_vrfy(struct smtp_server *s, const char *arg)
{
  if (!s->config.answers_vrfy) {
    reply(s, "252 2.5.0 Cannot verify, send the message and see");
    return;
  }
  const struct smtp_site *site = &s->config.site;
  g_autoptr(GPtrArray) found =
      site->verify ? site->verify(site->data, session(s), arg) : g_ptr_array_new();
  if (!found)
    reply(s, "252 2.5.0 Cannot verify, send the message and see");
  else if (found->len == 0)
    refuse(s, "550 5.1.1 No such user here");
  else
    machine_printf(&s->endpoint, "250 2.1.5 %s\r\n", (char *)found->pdata[0]);
}

static void
act_help(struct smtp_server *s, const char *arg)
{
  enum smtp_verb verb = smtp_verb_find(arg, strlen(arg));
  if (*arg && verb != SMTP_UNKNOWN)
    machine_printf(&s->endpoint, "214 2.0.0 %s: see %s\r\n", smtp_verbs[verb].name,
                   smtp_verbs[verb].rfc);
  else
    reply(s, "214 2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP QUIT VRFY AUTH HELP");
}

/* ---- the table ---- */

#define IN(state) (1u << SMTP_STATE_##state)
#define ANY (IN(GREETED) | IN(READY) | IN(MAIL) | IN(RCPT))

static const struct verb {
  unsigned states;
  const char *elsewhere; /* the reply in any other state */
  const char *(*check)(const struct smtp_server *s, const char *arg); /* NULL, or the refusal */
  void (*act)(struct smtp_server *s, const char *arg);
  unsigned extra_octets; /* over SMTP_COMMAND_MAX, from the extensions' RFCs */
} verbs[SMTP_N_VERBS] = {
    [SMTP_HELO] = {ANY, "", check_greeting, act_helo},
    [SMTP_EHLO] = {ANY, "", check_greeting, act_ehlo},
    [SMTP_MAIL] = {IN(READY), "503 5.5.1 Say EHLO first, and finish what was begun", check_mail,
                   act_mail, 26 + 17 + 500}, /* SIZE, BODY, AUTH */
    [SMTP_RCPT] = {IN(MAIL) | IN(RCPT), "503 5.5.1 Need MAIL before RCPT", check_rcpt, act_rcpt},
    [SMTP_DATA] = {IN(RCPT), "503 5.5.1 Need RCPT before DATA", check_no_argument, act_data},
    [SMTP_RSET] = {ANY, "", check_no_argument, act_rset},
    [SMTP_NOOP] = {ANY, "", NULL, act_noop},
    [SMTP_QUIT] = {ANY, "", check_no_argument, act_quit},
    [SMTP_VRFY] = {ANY, "", check_vrfy, act_vrfy},
    [SMTP_HELP] = {ANY, "", NULL, act_help},
    [SMTP_AUTH] = {IN(READY), "503 5.5.1 AUTH comes after EHLO and outside a transaction",
                   check_auth, act_auth, AUTH_LINE_MAX - SMTP_COMMAND_MAX},
};

static void
command(struct smtp_server *s, const uint8_t *p, size_t n)
{
  g_autofree char *line = g_strndup((const char *)p, n);
  size_t n_verb = strcspn(line, " ");
  enum smtp_verb verb = smtp_verb_find(line, n_verb);
  const struct verb *row = &verbs[verb];
  if (strlen(line) != n) { /* a NUL inside */
    refuse(s, "500 5.5.2 Line not understood");
    return;
  }
  if (!row->act) {
    refuse(s, verb == SMTP_UNKNOWN ? "500 5.5.2 Command not recognized"
                                   : "502 5.5.1 Command not implemented");
    return;
  }
  if (n + 2 > SMTP_COMMAND_MAX + row->extra_octets) {
    refuse(s, "500 5.5.6 Line too long");
    return;
  }
  const char *arg = line + n_verb;
  while (*arg == ' ')
    arg++;
  g_strchomp(line);
  const char *refusal = row->states & 1u << s->state ? NULL : row->elsewhere;
  if (!refusal && row->check)
    refusal = row->check(s, arg);
  if (refusal)
    refuse(s, refusal);
  else
    row->act(s, arg);
}

/* ---- the machine ---- */

static void
server_start(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  const struct smtp_site *site = &s->config.site;
  set_state(s, SMTP_STATE_GREETED);
  e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  if (site->open)
    s->session.own = site->open(site->data, session(s));
  s->is_open = true;
  answered(s, PENDING_GREET, site->greet ? site->greet(site->data, session(s)) : NULL);
}

static void
server_line(struct smtp_server *s, enum lines_got got, const uint8_t *p, size_t n)
{
  struct auth_result r;
  if (s->state == SMTP_STATE_AUTH && got != LINES_BARE) {
    r = got == LINES_TOO_LONG ? auth_server_line_too_long(&s->auth)
                              : auth_server_line(&s->auth, (const char *)p, n, s->now_ns);
    auth_result(s, &r);
  } else if (got == LINES_TOO_LONG) {
    refuse(s, "500 5.5.6 Line too long");
  } else if (got == LINES_BARE) {
    refuse(s, "500 5.5.2 A CR or LF stands alone; lines end with CRLF");
  } else {
    command(s, p, n);
  }
}

/* Takes what waits, until the site has to think or a failed login has to wait. */
static void
go_on(struct smtp_server *s, int64_t now_ns)
{
  s->now_ns = now_ns;
  while (!s->endpoint.wants_close && !s->pending && !s->auth.is_held) {
    if (s->state == SMTP_STATE_DATA) {
      if (!data_take(s))
        return;
      data_done(s, now_ns);
      continue;
    }
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&s->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    server_line(s, got, line, n_line);
  }
}

static void
server_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (e->wants_close)
    return;
  lines_feed(&s->lines, p, n);
  size_t held_max = s->auth.is_held ? AUTH_HELD_MAX : s->config.size_max + HELD_EXTRA;
  if ((s->pending || s->auth.is_held) && lines_waiting(&s->lines) > held_max) {
    s->pending = PENDING_NONE;
    machine_printf(e, "421 4.7.0 %s Too much was sent ahead\r\n", s->name);
    hang_up(s);
  }
  if (!s->pending && !s->auth.is_held && !e->wants_close)
    e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  go_on(s, now_ns);
}

void
smtp_server_answer(struct endpoint *server, const char *refusal, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)server;
  enum pending what = s->pending;
  if (!what)
    return;
  s->endpoint.deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  answered(s, what, refusal);
  go_on(s, now_ns);
}

static void
server_eof(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  s->pending = PENDING_NONE;
  hang_up(s); /* an unfinished message was never promised: 4.1.1.4 */
}

static void
server_timeout(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (s->auth.is_held) {
    struct auth_result r = auth_server_release(&s->auth);
    e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
    auth_result(s, &r);
    go_on(s, now_ns);
    return;
  }
  machine_printf(e, "421 4.4.2 %s Timeout, closing connection\r\n", s->name);
  hang_up(s);
}

static void
server_free(struct endpoint *e)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (s->is_open && s->config.site.close)
    s->config.site.close(s->config.site.data, session(s));
  forget_transaction(s);
  g_free(s->pending_text);
  g_ptr_array_unref(s->recipients);
  g_byte_array_unref(s->data);
  auth_server_clear(&s->auth);
  lines_clear(&s->lines);
  g_free(s->helo);
  g_free(s->name);
  g_free(s->peer);
  machine_clear(e);
  g_free(s);
}

static const struct endpoint_ops smtp_server_ops = {.protocol = "smtp",
                                                    .start = server_start,
                                                    .input = server_input,
                                                    .eof = server_eof,
                                                    .timeout = server_timeout,
                                                    .free = server_free};

struct endpoint *
smtp_server_new(const struct smtp_server_config *config)
{
  struct smtp_server *s = g_new0(struct smtp_server, 1);
  machine_init(&s->endpoint, &smtp_server_ops);
  s->config = *config;
  if (s->config.size_max == 0)
    s->config.size_max = SMTP_SIZE_MAX;
  s->name = g_strdup(config->name);
  s->peer = g_strdup(config->peer ? config->peer : "unknown");
  auth_server_init(&s->auth, config->auth, &s->endpoint, AUTH_SMTP, s->peer);
  s->recipients = g_ptr_array_new_with_free_func(g_free);
  s->data = g_byte_array_new();
  lines_init(&s->lines, AUTH_LINE_MAX);
  return &s->endpoint;
}
