/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_client.c -- the SMTP client machine: hands one message to one server.
 *
 *     GREETING ─220─> EHLO ─250─> (AUTH ─235─>) MAIL ─250─> RCPT… ─250─> DATA ─354─> CONTENT ─250─>
 * QUIT └5yz─> HELO ┘              any 4yz, 5yz: fate of the recipients, then QUIT
 *
 * A step is a row: what it sends, how long it waits, what a reply does. A server that breaks the
 * protocol (another code where 354 must stand, lines of different codes, endless lines) gets no
 * content and is left; the message counts as not sent (RFC 5321 4.2.4, 4.5.3.2, 4.5.4.1). Commands
 * are not pipelined: each reply answers one visible line. */
#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/smtp.h"

enum step {
  STEP_GREETING,
  STEP_EHLO,
  STEP_HELO,
  STEP_AUTH,
  STEP_MAIL,
  STEP_RCPT,
  STEP_DATA,
  STEP_CONTENT,
  STEP_QUIT,
  STEP_OVER,
  N_STEPS
};

struct smtp_client {
  struct endpoint endpoint;
  struct smtp_client_config config;
  char *name;
  struct envelope *envelope;
  struct smtp_recipient_result *results;
  bool *is_decided;
  bool is_told;
  enum step step;
  enum smtp_state state;
  struct lines lines;
  unsigned n_lines, code; /* of the reply that is coming in */
  char *text;             /* its last line's text */
  unsigned next_recipient, n_accepted;
  struct auth_client auth;
  bool has_size, has_8bit; /* what EHLO offered */
  guint64 size_limit;
};

static void set_step(struct smtp_client *c, enum step step, int64_t now_ns);

static void
set_state(struct smtp_client *c, enum smtp_state state)
{
  if (c->state == state)
    return;
  c->state = state;
  machine_emit(&c->endpoint, "state", "%s", smtp_states[state].name);
}

/* ---- the fate of the recipients ---- */

static void
decide(struct smtp_client *c, unsigned i, enum smtp_outcome outcome, const char *text)
{
  if (c->is_decided[i])
    return;
  c->is_decided[i] = true;
  c->results[i] =
      (struct smtp_recipient_result){.outcome = outcome, .code = c->code, .text = g_strdup(text)};
}

static void
decide_rest(struct smtp_client *c, enum smtp_outcome outcome, const char *text)
{
  for (unsigned i = 0; i < c->envelope->n_recipients; i++)
    decide(c, i, outcome, text);
}

/* The callback comes when the connection is over, so that what follows a message begins after it.
 */
static void
tell(struct smtp_client *c)
{
  if (c->is_told)
    return;
  c->is_told = true;
  if (c->config.done)
    c->config.done(c->config.data, c->results, c->envelope->n_recipients);
}

static void
leave(struct smtp_client *c)
{
  c->step = STEP_OVER;
  c->endpoint.wants_close = true;
  c->endpoint.deadline_ns = ENDPOINT_NEVER;
  set_state(c, SMTP_STATE_QUIT);
  tell(c);
}

/* The server broke the protocol: nothing it says from here on can be trusted. */
static void
give_up(struct smtp_client *c, struct lang_pair why)
{
  machine_emit(&c->endpoint, "log", "%s", lang_pick(why));
  c->code = 0;
  decide_rest(c, SMTP_OUTCOME_TEMPORARY, why.en); /* a bounce carries it over the wire */
  leave(c);
}

static enum smtp_outcome
outcome_of(unsigned code)
{
  return code >= 500 ? SMTP_OUTCOME_PERMANENT : SMTP_OUTCOME_TEMPORARY;
}

static void
refused(struct smtp_client *c, int64_t now_ns)
{
  decide_rest(c, outcome_of(c->code), c->text);
  set_step(c, STEP_QUIT, now_ns);
}

/* ---- sending ---- */

static void
send_ehlo(struct smtp_client *c)
{
  c->auth.offered = 0;
  machine_printf(&c->endpoint, "EHLO %s\r\n", c->name);
}

static void
send_helo(struct smtp_client *c)
{
  machine_printf(&c->endpoint, "HELO %s\r\n", c->name);
}

static void
send_auth(struct smtp_client *c)
{
  g_autofree char *initial = auth_client_initial(&c->auth);
  set_state(c, SMTP_STATE_AUTH);
  machine_emit(&c->endpoint, "auth", "%s", auth_name(c->auth.mech));
  machine_printf(&c->endpoint, "AUTH %s%s%s\r\n", auth_name(c->auth.mech), initial ? " " : "",
                 initial ? initial : "");
}

static bool
has_8bit_octets(GBytes *octets)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  for (gsize i = 0; i < n; i++) {
    if (p[i] & 0x80)
      return true;
  }
  return false;
}

static void
send_mail(struct smtp_client *c)
{
  machine_printf(&c->endpoint, "MAIL FROM:<%s>", c->envelope->sender);
  if (c->has_size)
    machine_printf(&c->endpoint, " SIZE=%" G_GSIZE_FORMAT, g_bytes_get_size(c->config.octets));
  if (c->has_8bit && has_8bit_octets(c->config.octets))
    machine_printf(&c->endpoint, " BODY=8BITMIME");
  machine_printf(&c->endpoint, "\r\n");
}

static void
send_rcpt(struct smtp_client *c)
{
  machine_printf(&c->endpoint, "RCPT TO:<%s>\r\n",
                 c->envelope->recipients[c->next_recipient].address);
}

static void
send_data(struct smtp_client *c)
{
  machine_printf(&c->endpoint, "DATA\r\n");
}

/* RFC 5321 4.5.2: a dot is put before each line that begins with one. */
static void
send_content(struct smtp_client *c)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(c->config.octets, &n);
  size_t at = 0;
  while (at < n) {
    size_t line = line_find(p + at, n - at);
    if (line == 0)
      line = n - at;
    if (p[at] == '.')
      machine_send(&c->endpoint, ".", 1);
    machine_send(&c->endpoint, p + at, line);
    at += line;
  }
  machine_printf(&c->endpoint, n >= 2 && p[n - 2] == '\r' && p[n - 1] == '\n' ? ".\r\n"
                               : n == 0                                       ? ".\r\n"
                                                                              : "\r\n.\r\n");
}

static void
send_quit(struct smtp_client *c)
{
  set_state(c, SMTP_STATE_QUIT);
  machine_printf(&c->endpoint, "QUIT\r\n");
}

/* ---- replies ---- */

static void
on_greeting(struct smtp_client *c, int64_t now_ns)
{
  if (c->code != 220) {
    refused(c, now_ns);
    return;
  }
  set_state(c, SMTP_STATE_GREETED);
  set_step(c, STEP_EHLO, now_ns);
}

/* How to log in; false when nothing fits. */
static bool
choose_mechanism(struct smtp_client *c, struct lang_pair *why)
{
  enum auth_mechanism wanted = c->config.mech ? c->config.mech : AUTH_PLAIN;
  enum auth_mechanism mech =
      auth_client_choose(&c->auth, wanted, c->config.is_careful, c->endpoint.security != NULL, why);
  auth_client_begin(&c->auth, mech);
  return mech != AUTH_NONE;
}

/* Behind EHLO or HELO: what comes next. */
static void
on_hello(struct smtp_client *c, int64_t now_ns)
{
  if (c->code != 250 && c->step == STEP_EHLO && c->code >= 500) {
    set_step(c, STEP_HELO, now_ns);
    return;
  }
  if (c->code != 250) {
    refused(c, now_ns);
    return;
  }
  set_state(c, SMTP_STATE_READY);
  c->code = 0;
  struct lang_pair why;
  if (c->auth.user && !choose_mechanism(c, &why)) {
    machine_emit(&c->endpoint, "log", "%s", lang_pick(why));
    decide_rest(c, SMTP_OUTCOME_PERMANENT, why.en);
    set_step(c, STEP_QUIT, now_ns);
  } else if (c->has_size && c->size_limit > 0 &&
             g_bytes_get_size(c->config.octets) > c->size_limit) {
    decide_rest(c, SMTP_OUTCOME_PERMANENT, "the message is larger than the server's SIZE");
    set_step(c, STEP_QUIT, now_ns);
  } else {
    set_step(c, c->auth.user ? STEP_AUTH : STEP_MAIL, now_ns);
  }
}

static void
on_auth(struct smtp_client *c, int64_t now_ns)
{
  if (c->code == 334) {
    g_autofree char *answer = auth_client_step(&c->auth, c->text, strlen(c->text));
    if (!answer)
      machine_emit(&c->endpoint, "log", "%s", c->auth.problem);
    machine_printf(&c->endpoint, "%s\r\n", answer ? answer : "*");
    return;
  }
  set_state(c, SMTP_STATE_READY);
  if (c->code == 235 && !auth_client_may_trust(&c->auth))
    give_up(c, lang_pair("the server says yes and has not proved that it knows the password",
                         "เซิร์ฟเวอร์ตอบรับโดยไม่ได้พิสูจน์ว่ารู้รหัสผ่าน"));
  else if (c->code == 235)
    set_step(c, STEP_MAIL, now_ns);
  else
    refused(c, now_ns);
}

static void
on_mail(struct smtp_client *c, int64_t now_ns)
{
  if (c->code / 100 != 2) {
    refused(c, now_ns);
    return;
  }
  set_state(c, SMTP_STATE_MAIL);
  set_step(c, STEP_RCPT, now_ns);
}

static void
on_rcpt(struct smtp_client *c, int64_t now_ns)
{
  if (c->code / 100 == 2) {
    c->n_accepted++;
    set_state(c, SMTP_STATE_RCPT);
  } else {
    decide(c, c->next_recipient, outcome_of(c->code), c->text);
  }
  if (++c->next_recipient < c->envelope->n_recipients)
    set_step(c, STEP_RCPT, now_ns);
  else
    set_step(c, c->n_accepted > 0 ? STEP_DATA : STEP_QUIT, now_ns);
}

static void
on_data(struct smtp_client *c, int64_t now_ns)
{
  if (c->code == 354) {
    set_state(c, SMTP_STATE_DATA);
    set_step(c, STEP_CONTENT, now_ns);
  } else if (c->code >= 400) {
    refused(c, now_ns);
  } else {
    give_up(c,
            lang_pair("the server answered DATA with something else than 354: no content is sent",
                      "เซิร์ฟเวอร์ตอบ DATA ด้วยรหัสอื่นที่ไม่ใช่ 354 จึงไม่ส่งเนื้อความ"));
  }
}

static void
on_content(struct smtp_client *c, int64_t now_ns)
{
  set_state(c, SMTP_STATE_READY);
  if (c->code / 100 == 2) {
    decide_rest(c, SMTP_OUTCOME_ACCEPTED, c->text);
    set_step(c, STEP_QUIT, now_ns);
  } else {
    refused(c, now_ns);
  }
}

static void
on_quit(struct smtp_client *c, int64_t now_ns)
{
  leave(c);
}

#define MINUTES(n) ((n)*60 * MACHINE_SECOND)

/* Waits: RFC 5321 4.5.3.2. */
static const struct {
  void (*send)(struct smtp_client *c);
  void (*on_reply)(struct smtp_client *c, int64_t now_ns);
  int64_t wait_ns;
} steps[N_STEPS] = {
    [STEP_GREETING] = {NULL, on_greeting, MINUTES(5)},
    [STEP_EHLO] = {send_ehlo, on_hello, MINUTES(5)},
    [STEP_HELO] = {send_helo, on_hello, MINUTES(5)},
    [STEP_AUTH] = {send_auth, on_auth, MINUTES(5)},
    [STEP_MAIL] = {send_mail, on_mail, MINUTES(5)},
    [STEP_RCPT] = {send_rcpt, on_rcpt, MINUTES(5)},
    [STEP_DATA] = {send_data, on_data, MINUTES(2)},
    [STEP_CONTENT] = {send_content, on_content, MINUTES(10)},
    [STEP_QUIT] = {send_quit, on_quit, MINUTES(5)},
};

static void
set_step(struct smtp_client *c, enum step step, int64_t now_ns)
{
  c->step = step;
  c->endpoint.deadline_ns = now_ns + steps[step].wait_ns;
  if (steps[step].send)
    steps[step].send(c);
}

/* ---- input ---- */

/* A capability line of EHLO. */
static void
take_capability(struct smtp_client *c, const char *text)
{
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  if (!words[0])
    return;
  if (g_ascii_strcasecmp(words[0], "SIZE") == 0) {
    c->has_size = true;
    c->size_limit = words[1] ? g_ascii_strtoull(words[1], NULL, 10) : 0;
  } else if (g_ascii_strcasecmp(words[0], "8BITMIME") == 0) {
    c->has_8bit = true;
  } else if (g_ascii_strcasecmp(words[0], "AUTH") == 0) {
    for (char **word = words + 1; *word; word++)
      auth_client_offered(&c->auth, *word, strlen(*word));
  }
}

/* True when a whole reply is there. */
static bool
take_reply_line(struct smtp_client *c, const uint8_t *p, size_t n)
{
  unsigned code;
  bool more;
  size_t text_at;
  if (!smtp_reply_parse(p, n, &code, &more, &text_at)) {
    give_up(c, lang_pair("the server's line is no SMTP reply", "บรรทัดจากเซิร์ฟเวอร์ไม่ใช่คำตอบ SMTP"));
    return false;
  }
  if ((c->n_lines > 0 && code != c->code) || c->n_lines >= SMTP_REPLY_LINES_MAX) {
    give_up(c, lang_pair("the lines of one reply carry different codes, or there are too many",
                         "บรรทัดในคำตอบเดียวกันมีรหัสต่างกัน หรือมีบรรทัดมากเกินไป"));
    return false;
  }
  c->code = code;
  g_free(c->text);
  c->text = g_strndup((const char *)p + text_at, n - text_at);
  if (c->step == STEP_EHLO && code == 250 && c->n_lines > 0)
    take_capability(c, c->text);
  c->n_lines = more ? c->n_lines + 1 : 0;
  return !more;
}

static void
client_start(struct endpoint *e, int64_t now_ns)
{
  set_step((struct smtp_client *)e, STEP_GREETING, now_ns);
}

static void
client_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (c->step == STEP_OVER)
    return;
  lines_feed(&c->lines, p, n);
  while (c->step != STEP_OVER) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&c->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG) {
      give_up(c, lang_pair("the server's line does not end", "บรรทัดจากเซิร์ฟเวอร์ยาวไม่รู้จบ"));
      return;
    }
    if (!take_reply_line(c, line, n_line))
      continue;
    if (c->code == 421 && c->step != STEP_QUIT) { /* the server is about to close: 3.8 */
      decide_rest(c, SMTP_OUTCOME_TEMPORARY, c->text);
      leave(c);
    } else if (c->step != STEP_OVER) {
      steps[c->step].on_reply(c, now_ns);
    }
  }
}

static void
client_eof(struct endpoint *e, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (c->step == STEP_OVER)
    return;
  if (c->step == STEP_QUIT)
    leave(c);
  else
    give_up(c, lang_pair("the connection ended before the message was taken",
                         "การเชื่อมต่อจบลงก่อนที่เซิร์ฟเวอร์จะรับข้อความ"));
}

static void
client_timeout(struct endpoint *e, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (c->step != STEP_OVER)
    give_up(c, lang_pair("the server did not answer in time", "เซิร์ฟเวอร์ไม่ตอบภายในเวลา"));
}

static void
client_free(struct endpoint *e)
{
  struct smtp_client *c = (struct smtp_client *)e;
  for (unsigned i = 0; i < c->envelope->n_recipients; i++)
    g_free(c->results[i].text);
  g_free(c->results);
  g_free(c->is_decided);
  envelope_free(c->envelope);
  g_bytes_unref(c->config.octets);
  lines_clear(&c->lines);
  g_free(c->text);
  g_free(c->name);
  auth_client_clear(&c->auth);
  machine_clear(e);
  g_free(c);
}

static const struct endpoint_ops smtp_client_ops = {.protocol = "smtp-client",
                                                    .start = client_start,
                                                    .input = client_input,
                                                    .eof = client_eof,
                                                    .timeout = client_timeout,
                                                    .free = client_free};

struct endpoint *
smtp_client_new(const struct smtp_client_config *config)
{
  struct smtp_client *c = g_new0(struct smtp_client, 1);
  machine_init(&c->endpoint, &smtp_client_ops);
  c->config = *config;
  c->name = g_strdup(config->name);
  auth_client_init(&c->auth, &(struct auth_login){.user = config->user,
                                                  .password = config->password,
                                                  .token = config->token,
                                                  .authzid = config->authzid,
                                                  .random = config->random});
  c->envelope = envelope_copy(&config->envelope);
  c->results = g_new0(struct smtp_recipient_result, c->envelope->n_recipients);
  c->is_decided = g_new0(bool, c->envelope->n_recipients);
  g_bytes_ref(config->octets);
  lines_init(&c->lines, SMTP_REPLY_LINE_MAX);
  return &c->endpoint;
}
