/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_server.c -- the SMTP server machine, for relaying (25), submission (587) and LMTP (24).
 *
 *     GREETED ─EHLO─> READY ─MAIL─> MAIL ─RCPT─> RCPT ─DATA─> DATA ─CRLF.CRLF─> READY
 *        ^             │ ^             │           └─BDAT─ its octets ─LAST─┘
 *        └─ TLS ─STARTTLS┤            └──────── RSET, EHLO ──> READY
 *                     AUTH┘                                        QUIT from anywhere
 *
 * A verb is a row: the states it may come in, its check, its act (smtp_private.h says in which
 * file). Replies carry enhanced codes (RFC 2034). Commands may be pipelined (RFC 2920): each is
 * answered in its turn, and where the site has to think, what follows waits. RFC 5321, 2033 (LMTP),
 * 3207. */
#include <string.h>

#include "sim/mail/smtp_private.h"

#define COMMAND_TIMEOUT_NS (5 * 60 * MACHINE_SECOND) /* RFC 5321 4.5.3.2.7 */

enum {
  /* What a client may send ahead while the site thinks, over the size of a message: more is no
   * pipelining. */
  HELD_EXTRA = 1 << 16,
};

const char SMTP_LATER[] = "later";

/* ---- state, replies ---- */

void
smtp_set_state(struct smtp_server *s, enum smtp_state state)
{
  if (s->state == state)
    return;
  s->state = state;
  machine_emit(&s->endpoint, "state", "%s", smtp_states[state].name);
}

void
smtp_reply(struct smtp_server *s, const char *line)
{
  machine_printf(&s->endpoint, "%s\r\n", line);
}

void
smtp_hang_up(struct smtp_server *s)
{
  smtp_set_state(s, SMTP_STATE_QUIT);
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
}

void
smtp_refuse(struct smtp_server *s, const char *line)
{
  if (strncmp(line, "421", 3) == 0) {
    smtp_reply(s, line);
    smtp_hang_up(s);
  } else if (++s->n_bad >= SMTP_BAD_MAX) {
    machine_printf(&s->endpoint, "421 4.7.0 %s Too many errors, closing connection\r\n", s->name);
    smtp_hang_up(s);
  } else {
    smtp_reply(s, line);
  }
}

void
smtp_forget(struct smtp_server *s)
{
  g_free((char *)s->envelope.sender);
  g_free((char *)s->envelope.envid);
  s->envelope = (struct envelope){0};
  g_array_set_size(s->recipients, 0);
  smtp_recipient_clear(&s->recipient);
  smtp_content_reset(&s->content);
}

bool
smtp_offers(const struct smtp_server *s, enum smtp_extension extension)
{
  const struct smtp_server_config *c = &s->config;
  if (c->without & 1u << extension)
    return false;
  switch (extension) {
  case SMTP_EXTENSION_STARTTLS:
    return c->offers_tls && !s->endpoint.security;
  case SMTP_EXTENSION_AUTH:
    return c->auth != NULL;
  case SMTP_EXTENSION_BINARYMIME:
    return !(c->without & 1u << SMTP_EXTENSION_CHUNKING); /* of no use without: RFC 3030 3 */
  case SMTP_EXTENSION_VRFY:
    return c->vrfy == SMTP_INQUIRY_ANSWERED;
  case SMTP_EXTENSION_EXPN:
    return c->expn == SMTP_INQUIRY_ANSWERED;
  case SMTP_EXTENSION_HELP:
    return c->help == SMTP_INQUIRY_ANSWERED;
  default:
    return true;
  }
}

/* ---- what the site decides ---- */

const struct smtp_session *
smtp_session(struct smtp_server *s)
{
  s->session = (struct smtp_session){
      .server = &s->endpoint,
      .role = s->config.role,
      .peer = s->peer,
      .helo = s->helo,
      .sender = s->envelope.sender,
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

void
smtp_decide(struct smtp_server *s, const char *answer,
            void (*decided)(struct smtp_server *s, const char *refusal))
{
  s->decided = answer == SMTP_LATER ? decided : NULL;
  if (s->decided)
    s->endpoint.deadline_ns = ENDPOINT_NEVER;
  else
    decided(s, answer);
}

/* ---- the verbs without a file of their own ---- */

static const char *
check_no_argument(const struct smtp_server *s, const char *arg)
{
  return *arg ? "501 5.5.4 This command takes no argument" : NULL;
}

static void
act_rset(struct smtp_server *s, const char *arg)
{
  smtp_forget(s);
  if (s->state != SMTP_STATE_GREETED)
    smtp_set_state(s, SMTP_STATE_READY);
  smtp_reply(s, "250 2.0.0 Reset");
}

static void
act_noop(struct smtp_server *s, const char *arg)
{
  smtp_reply(s, "250 2.0.0 OK");
}

static void
act_quit(struct smtp_server *s, const char *arg)
{
  machine_printf(&s->endpoint, "221 2.0.0 %s closing connection\r\n", s->name);
  smtp_hang_up(s);
}

/* ---- the table ---- */

#define IN(state) (1u << SMTP_STATE_##state)
#define ANY (IN(GREETED) | IN(READY) | IN(MAIL) | IN(RCPT))

enum { IN_SMTP = 1, IN_LMTP = 2, IN_BOTH = 3 };

static const struct verb {
  unsigned states;
  const char *elsewhere; /* the reply in any other state */
  const char *(*check)(const struct smtp_server *s, const char *arg); /* NULL, or the refusal */
  void (*act)(struct smtp_server *s, const char *arg);
  unsigned extra_octets; /* over SMTP_COMMAND_MAX, from the extensions' RFCs */
  unsigned protocols;    /* IN_…; 0: both */
  bool before_tls;       /* also where TLS is demanded and not there yet (RFC 3207 4) */
  bool between_chunks;   /* also when a BDAT without LAST was taken (RFC 3030 2) */
} verbs[SMTP_N_VERBS] = {
    [SMTP_HELO] = {ANY, "", smtp_check_hello, smtp_act_helo, 0, IN_SMTP, true, true},
    [SMTP_EHLO] = {ANY, "", smtp_check_hello, smtp_act_ehlo, 0, IN_SMTP, true, true},
    [SMTP_LHLO] = {ANY, "", smtp_check_hello, smtp_act_ehlo, 0, IN_LMTP, true, true},
    /* SIZE, BODY, AUTH, SMTPUTF8, RET with ENVID */
    [SMTP_MAIL] = {IN(READY), "503 5.5.1 Say EHLO first, and finish what was begun",
                   smtp_check_mail, smtp_act_mail, 26 + 17 + 500 + 10 + 120},
    /* NOTIFY and ORCPT */
    [SMTP_RCPT] = {IN(MAIL) | IN(RCPT), "503 5.5.1 Need MAIL before RCPT", smtp_check_rcpt,
                   smtp_act_rcpt, 28 + 7 + 500},
    [SMTP_DATA] = {IN(RCPT), "503 5.5.1 Need RCPT before DATA", smtp_check_data, smtp_act_data},
    [SMTP_BDAT] = {ANY, "", NULL, smtp_act_bdat, .before_tls = true, .between_chunks = true},
    [SMTP_RSET] = {ANY, "", check_no_argument, act_rset, .between_chunks = true},
    [SMTP_NOOP] = {ANY, "", NULL, act_noop, .before_tls = true, .between_chunks = true},
    [SMTP_QUIT] = {ANY, "", check_no_argument, act_quit, .before_tls = true,
                   .between_chunks = true},
    [SMTP_VRFY] = {ANY, "", smtp_check_vrfy, smtp_act_vrfy, 10, .between_chunks = true},
    [SMTP_EXPN] = {ANY, "", smtp_check_expn, smtp_act_expn, 10, .between_chunks = true},
    [SMTP_HELP] = {ANY, "", smtp_check_help, smtp_act_help, .between_chunks = true},
    [SMTP_STARTTLS] = {IN(READY), "503 5.5.1 STARTTLS comes after EHLO and outside a transaction",
                       smtp_check_starttls, smtp_act_starttls, .before_tls = true},
    [SMTP_AUTH] = {IN(READY), "503 5.5.1 AUTH comes after EHLO and outside a transaction",
                   smtp_check_auth, smtp_act_auth, AUTH_LINE_MAX - SMTP_COMMAND_MAX},
};

bool
smtp_has_verb(const struct smtp_server *s, enum smtp_verb verb)
{
  unsigned protocol = s->config.role == SMTP_ROLE_LMTP ? IN_LMTP : IN_SMTP;
  return verbs[verb].act && (!verbs[verb].protocols || verbs[verb].protocols & protocol);
}

/* NULL when the command may be carried out, else the reply. */
static const char *
refusal_of(const struct smtp_server *s, enum smtp_verb verb, size_t n_line, const char *arg)
{
  const struct verb *row = &verbs[verb];
  if (!smtp_has_verb(s, verb))
    return verb == SMTP_UNKNOWN ? "500 5.5.2 Command not recognized"
                                : "502 5.5.1 Command not implemented";
  if (n_line + 2 > SMTP_COMMAND_MAX + row->extra_octets)
    return "500 5.5.6 Line too long";
  if (s->config.needs_tls && !s->endpoint.security && !row->before_tls)
    return "530 5.7.0 Must issue a STARTTLS command first";
  if (s->content.is_in_chunks && !row->between_chunks)
    return "503 5.5.1 A message comes in chunks: BDAT goes on, RSET gives up";
  if (!(row->states & 1u << s->state))
    return row->elsewhere;
  return row->check ? row->check(s, arg) : NULL;
}

static void
command(struct smtp_server *s, const uint8_t *p, size_t n)
{
  g_autofree char *line = g_strndup((const char *)p, n);
  if (strlen(line) != n) {
    smtp_refuse(s, "500 5.5.2 A NUL stands in the line");
    return;
  }
  size_t n_verb = strcspn(line, " ");
  enum smtp_verb verb = smtp_verb_find(line, n_verb);
  const char *arg = line + n_verb;
  while (*arg == ' ')
    arg++;
  g_strchomp(line); /* as all servers do; RFC 5321 4.1.1 asks to tolerate it */
  const char *refusal = refusal_of(s, verb, n, arg);
  if (refusal)
    smtp_refuse(s, refusal);
  else
    verbs[verb].act(s, arg);
}

/* ---- input ---- */

static void
take_line(struct smtp_server *s, enum lines_got got, const uint8_t *p, size_t n)
{
  if (s->state == SMTP_STATE_AUTH && got != LINES_BARE) {
    smtp_auth_line(s, got == LINES_TOO_LONG ? NULL : (const char *)p, n);
  } else if (got == LINES_TOO_LONG) {
    smtp_refuse(s, "500 5.5.6 Line too long");
  } else if (got == LINES_BARE) {
    smtp_refuse(s, "500 5.5.2 A CR or LF stands alone; lines end with CRLF");
  } else {
    command(s, p, n);
  }
}

/* Does what comes have to wait: the site thinks, or a failed login is told later? */
static bool
is_held(const struct smtp_server *s)
{
  return s->decided || s->auth.is_held;
}

/* Takes what waits, until it has to wait longer or TLS begins. */
static void
go_on(struct smtp_server *s)
{
  while (!s->endpoint.wants_close && !is_held(s) && s->endpoint.wants == ENDPOINT_AS_IS) {
    if (s->content.way != SMTP_CONTENT_NONE) {
      if (!smtp_content_take(s))
        return;
      smtp_content_done(s);
      continue;
    }
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&s->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    take_line(s, got, line, n_line);
  }
}

static void
server_start(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  s->now_ns = now_ns;
  e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  smtp_begin(s);
}

static void
server_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (e->wants_close)
    return;
  s->now_ns = now_ns;
  if (s->state == SMTP_STATE_CONNECTED) { /* RFC 5321 3.1: a client waits for the greeting */
    s->has_spoken_early = true;
    smtp_greet(s);
    return;
  }
  lines_feed(&s->lines, p, n);
  size_t held_max = s->auth.is_held ? AUTH_HELD_MAX : s->config.size_max + HELD_EXTRA;
  if (is_held(s) && lines_waiting(&s->lines) > held_max) {
    s->decided = NULL;
    machine_printf(e, "421 4.7.0 %s Too much was sent ahead\r\n", s->name);
    smtp_hang_up(s);
  }
  if (!is_held(s) && !e->wants_close)
    e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  go_on(s);
}

void
smtp_server_answer(struct endpoint *server, const char *refusal, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)server;
  void (*decided)(struct smtp_server *, const char *) = s->decided;
  if (!decided)
    return;
  s->now_ns = now_ns;
  s->endpoint.deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  smtp_decide(s, refusal, decided);
  go_on(s);
}

static void
server_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (s->state == SMTP_STATE_CONNECTED && !problem)
    return; /* implicit TLS: the greeting comes now */
  s->now_ns = now_ns;
  e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
  smtp_upgraded(s, problem);
  go_on(s);
}

static void
server_eof(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  s->decided = NULL;
  smtp_hang_up(s); /* an unfinished message was never promised: 4.1.1.4 */
}

static void
server_timeout(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  s->now_ns = now_ns;
  if (s->state == SMTP_STATE_CONNECTED) {
    e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
    smtp_greet(s);
    return;
  }
  if (s->auth.is_held) {
    e->deadline_ns = now_ns + COMMAND_TIMEOUT_NS;
    smtp_auth_release(s);
    go_on(s);
    return;
  }
  machine_printf(e, "421 4.4.2 %s Timeout, closing connection\r\n", s->name);
  smtp_hang_up(s);
}

/* RFC 5321 3.8: the client is told before the connection closes, also inside the data. */
static void
server_shut_down(struct endpoint *e, int64_t now_ns)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (e->wants_close || e->wants != ENDPOINT_AS_IS)
    return;
  s->decided = NULL;
  machine_printf(e, "421 4.3.2 %s Service is shutting down\r\n", s->name);
  smtp_hang_up(s);
}

static void
server_free(struct endpoint *e)
{
  struct smtp_server *s = (struct smtp_server *)e;
  if (s->is_open && s->config.site.close)
    s->config.site.close(s->config.site.data, smtp_session(s));
  smtp_forget(s);
  g_array_unref(s->recipients);
  g_byte_array_unref(s->content.octets);
  auth_server_clear(&s->auth);
  lines_clear(&s->lines);
  g_free(s->helo_before);
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
                                                    .shut_down = server_shut_down,
                                                    .upgraded = server_upgraded,
                                                    .free = server_free};
static const struct endpoint_ops lmtp_server_ops = {.protocol = "lmtp",
                                                    .start = server_start,
                                                    .input = server_input,
                                                    .eof = server_eof,
                                                    .timeout = server_timeout,
                                                    .shut_down = server_shut_down,
                                                    .upgraded = server_upgraded,
                                                    .free = server_free};

struct endpoint *
smtp_server_new(const struct smtp_server_config *config)
{
  struct smtp_server *s = g_new0(struct smtp_server, 1);
  bool is_lmtp = config->role == SMTP_ROLE_LMTP;
  machine_init(&s->endpoint, is_lmtp ? &lmtp_server_ops : &smtp_server_ops);
  s->config = *config;
  if (s->config.size_max == 0)
    s->config.size_max = SMTP_SIZE_MAX;
  s->name = g_strdup(config->name);
  s->peer = g_strdup(config->peer ? config->peer : "unknown");
  auth_server_init(&s->auth, config->auth, &s->endpoint, AUTH_SMTP, s->peer);
  s->auth.needs_tls = config->needs_tls;
  s->recipients = g_array_new(FALSE, FALSE, sizeof(struct envelope_recipient));
  g_array_set_clear_func(s->recipients, smtp_recipient_clear);
  s->content.octets = g_byte_array_new();
  lines_init(&s->lines, AUTH_LINE_MAX);
  return &s->endpoint;
}
