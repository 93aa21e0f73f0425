/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_client.c -- the SMTP and LMTP client machine: hands messages to one server.
 *
 *     GREETING ─> EHLO ─(STARTTLS, TLS, EHLO)─(AUTH)─> MAIL ─> RCPT… ─> DATA ─> CONTENT ─> QUIT
 *                  └> HELO                     ^                    └─> BDAT… ─────┤
 *                                              └── RSET <── the next message ──────┘
 *
 * A step is a row: how long its reply may take, which replies it may have, what they do. Every
 * command that was said waits in `awaited` for its reply: one at a time, or with PIPELINING several
 * (RFC 2920). A server that breaks the protocol gets no content and is left; the message counts as
 * not sent. RFC 5321 4.2.4, 4.5.3.2, 4.5.4.1; 2033 (LMTP: a reply for each recipient); 3030 (BDAT);
 * 3207. */
#include <string.h>

#include "sim/mail/smtp_client_private.h"

static void
set_state(struct smtp_client *c, enum smtp_state state)
{
  if (c->state == state)
    return;
  c->state = state;
  machine_emit(&c->endpoint, "state", "%s", smtp_states[state].name);
}

static void begin_letter(struct smtp_client *c);

/* ---- the fate of the recipients ---- */

static void
decide(struct smtp_client *c, unsigned i, enum smtp_outcome outcome, const char *text)
{
  if (c->is_decided[i])
    return;
  c->is_decided[i] = true;
  c->results[i] =
      (struct smtp_recipient_result){.outcome = outcome,
                                     .code = c->code,
                                     .text = g_strdup(text),
                                     .is_dsn_passed_on = outcome == SMTP_OUTCOME_ACCEPTED &&
                                                         smtp_client_has(c, SMTP_EXTENSION_DSN)};
}

static void
decide_rest(struct smtp_client *c, enum smtp_outcome outcome, const char *text)
{
  for (unsigned i = 0; i < c->envelope->n_recipients; i++)
    decide(c, i, outcome, text);
}

/* Of the last message it comes when the connection is over, so that what follows begins after it.
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
  c->is_over = true;
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

/* ---- asking ---- */

static void
ask(struct smtp_client *c, enum smtp_step step, unsigned index)
{
  struct smtp_awaited a = {step, index};
  if (c->awaited->len == 0 && lines_waiting(&c->lines) > 0 && !c->has_met_haste) {
    c->has_met_haste =
        true; /* seen only when both come in one piece, so that nothing hangs on it */
    machine_emit(&c->endpoint, "log", "%s",
                 lang_text("the server answered a command that was not said yet",
                           "เซิร์ฟเวอร์ตอบคำสั่งที่ยังไม่ได้ส่ง"));
  }
  g_array_append_val(c->awaited, a);
  smtp_client_say(c, step, index);
}

static void
say_goodbye(struct smtp_client *c)
{
  set_state(c, SMTP_STATE_QUIT);
  ask(c, STEP_QUIT, 0);
}

/* ---- letters ---- */

static void
letter_clear(struct smtp_client *c)
{
  for (unsigned i = 0; c->envelope && i < c->envelope->n_recipients; i++)
    g_free(c->results[i].text);
  g_clear_pointer(&c->results, g_free);
  g_clear_pointer(&c->is_decided, g_free);
  g_clear_pointer(&c->is_accepted, g_free);
  g_clear_pointer(&c->envelope, envelope_free);
  g_clear_pointer(&c->octets, g_bytes_unref);
}

static void
letter_take(struct smtp_client *c, const struct envelope *e, GBytes *octets)
{
  struct envelope *copy = envelope_copy(e);
  GBytes *kept = g_bytes_ref(octets);
  letter_clear(c);
  c->envelope = copy;
  c->octets = kept;
  c->needs = smtp_letter_needs(copy, kept);
  c->results = g_new0(struct smtp_recipient_result, copy->n_recipients);
  c->is_decided = g_new0(bool, copy->n_recipients);
  c->is_accepted = g_new0(bool, copy->n_recipients);
  c->n_accepted = 0;
  c->chunk_at = 0;
  c->is_told = c->is_mail_refused = c->is_content_said = false;
}

/* Every recipient's fate is known, and every reply has come: the next letter, or the end. */
static void
letter_over(struct smtp_client *c)
{
  struct smtp_letter next = {0};
  if (c->config.next) {
    tell(c);
    if (c->config.next(c->config.data, &next)) {
      letter_take(c, &next.envelope, next.octets);
      if (c->needs_rset)
        ask(c, STEP_RSET, 0);
      else
        begin_letter(c);
      return;
    }
  }
  say_goodbye(c);
}

/* What was said of this letter is answered as far as it matters. */
static void
letter_refused(struct smtp_client *c, const char *text)
{
  decide_rest(c, outcome_of(c->code), text);
  if (c->awaited->len == 0)
    letter_over(c);
}

static bool
is_pipelining(const struct smtp_client *c)
{
  return c->config.pipelines && smtp_client_has(c, SMTP_EXTENSION_PIPELINING);
}

static bool
is_chunking(const struct smtp_client *c)
{
  return smtp_client_has(c, SMTP_EXTENSION_CHUNKING) &&
         (c->config.chunks || (c->needs.is_binary && !c->config.sends_bare));
}

static void
begin_letter(struct smtp_client *c)
{
  struct lang_pair obstacle;
  c->needs_rset = false;
  if (smtp_letter_obstacle(c, &obstacle)) {
    machine_emit(&c->endpoint, "log", "%s", lang_pick(obstacle));
    c->code = 0;
    decide_rest(c, SMTP_OUTCOME_PERMANENT, obstacle.en);
    letter_over(c);
    return;
  }
  ask(c, STEP_MAIL, 0);
  if (!is_pipelining(c))
    return;
  for (unsigned i = 0; i < c->envelope->n_recipients; i++)
    ask(c, STEP_RCPT, i);
  if (!is_chunking(c))
    ask(c, STEP_DATA, 0);
}

/* The replies behind the message: one, or in LMTP one for each recipient that was taken. */
static void
await_fates(struct smtp_client *c)
{
  c->is_content_said = true;
  for (unsigned i = 0; c->config.is_lmtp && i < c->envelope->n_recipients; i++) {
    struct smtp_awaited a = {STEP_CONTENT, i};
    if (c->is_accepted[i])
      g_array_append_val(c->awaited, a);
  }
  if (!c->config.is_lmtp || c->n_accepted == 0) {
    struct smtp_awaited a = {STEP_CONTENT, 0};
    g_array_append_val(c->awaited, a);
  }
}

static void
say_chunk(struct smtp_client *c)
{
  set_state(c, SMTP_STATE_DATA);
  do {
    smtp_client_say(c, STEP_BDAT, 0);
    if (c->chunk_at == g_bytes_get_size(c->octets)) {
      await_fates(c);
    } else {
      struct smtp_awaited a = {STEP_BDAT, 0};
      g_array_append_val(c->awaited, a);
    }
  } while (!c->is_content_said && is_pipelining(c));
}

/* ---- what a reply does ---- */

static void
on_greeting(struct smtp_client *c, unsigned index)
{
  if (c->code != 220) {
    decide_rest(c, outcome_of(c->code), c->text);
    say_goodbye(c);
    return;
  }
  set_state(c, SMTP_STATE_GREETED);
  ask(c, STEP_EHLO, 0);
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

static void
log_in(struct smtp_client *c)
{
  struct lang_pair why;
  if (!c->auth.user) {
    begin_letter(c);
  } else if (choose_mechanism(c, &why)) {
    set_state(c, SMTP_STATE_AUTH);
    ask(c, STEP_AUTH, 0);
  } else {
    machine_emit(&c->endpoint, "log", "%s", lang_pick(why));
    c->code = 0;
    decide_rest(c, SMTP_OUTCOME_PERMANENT, why.en);
    say_goodbye(c);
  }
}

/* Behind EHLO or HELO: TLS first, when it is wanted. */
static void
on_hello(struct smtp_client *c, enum smtp_step step)
{
  if (c->code != 250 && step == STEP_EHLO && c->code >= 500 && !c->config.is_lmtp) {
    ask(c, STEP_HELO, 0);
    return;
  }
  if (c->code != 250) {
    decide_rest(c, outcome_of(c->code), c->text);
    say_goodbye(c);
    return;
  }
  set_state(c, SMTP_STATE_READY);
  bool wants_tls = c->config.tls_use != TLS_NEVER && !c->endpoint.security && !c->is_tls_refused;
  if (wants_tls && smtp_client_has(c, SMTP_EXTENSION_STARTTLS)) {
    ask(c, STEP_STARTTLS, 0);
  } else if (wants_tls && c->config.tls_use == TLS_REQUIRED) {
    give_up(c, lang_pair("TLS is required and the server offers no STARTTLS: nothing is sent",
                         "ต้องใช้ TLS แต่เซิร์ฟเวอร์ไม่เสนอ STARTTLS จึงไม่ส่งอะไรเลย"));
  } else {
    if (wants_tls)
      machine_goes_on_clear(&c->endpoint, c->config.tls_use);
    log_in(c);
  }
}

static void
on_ehlo(struct smtp_client *c, unsigned index)
{
  on_hello(c, STEP_EHLO);
}

static void
on_helo(struct smtp_client *c, unsigned index)
{
  on_hello(c, STEP_HELO);
}

/* RFC 3207 4: whatever was behind the go-ahead came in clear and from anybody. */
static void
on_starttls(struct smtp_client *c, unsigned index)
{
  if (c->code == 220 && lines_waiting(&c->lines) > 0) {
    give_up(c, lang_pair("octets came in clear behind the go-ahead of STARTTLS: an injection",
                         "มีออกเตตที่ไม่เข้ารหัสตามหลังคำตอบ STARTTLS: เป็นการแทรกข้อมูล"));
  } else if (c->code == 220) {
    set_state(c, SMTP_STATE_TLS);
    c->endpoint.wants = ENDPOINT_TLS;
  } else if (c->config.tls_use == TLS_REQUIRED) {
    give_up(c, lang_pair("TLS is required and the server refuses it: nothing is sent",
                         "ต้องใช้ TLS แต่เซิร์ฟเวอร์ปฏิเสธ จึงไม่ส่งอะไรเลย"));
  } else {
    c->is_tls_refused = true;
    machine_goes_on_clear(&c->endpoint, c->config.tls_use);
    log_in(c);
  }
}

static void
on_auth(struct smtp_client *c, unsigned index)
{
  if (c->code == 334) {
    struct smtp_awaited a = {STEP_AUTH, 0};
    g_autofree char *answer = auth_client_step(&c->auth, c->text, strlen(c->text));
    if (!answer)
      machine_emit(&c->endpoint, "log", "%s", c->auth.problem);
    machine_printf(&c->endpoint, "%s\r\n", answer ? answer : "*");
    g_array_append_val(c->awaited, a);
    return;
  }
  set_state(c, SMTP_STATE_READY);
  if (c->code == 235 && !auth_client_may_trust(&c->auth)) {
    give_up(c, lang_pair("the server says yes and has not proved that it knows the password",
                         "เซิร์ฟเวอร์ตอบรับโดยไม่ได้พิสูจน์ว่ารู้รหัสผ่าน"));
  } else if (c->code == 235) {
    begin_letter(c);
  } else {
    decide_rest(c, outcome_of(c->code), c->text);
    say_goodbye(c);
  }
}

static void
on_mail(struct smtp_client *c, unsigned index)
{
  if (c->code / 100 != 2) {
    c->is_mail_refused = true;
    letter_refused(c, c->text);
    return;
  }
  c->needs_rset = true;
  set_state(c, SMTP_STATE_MAIL);
  if (!is_pipelining(c))
    ask(c, STEP_RCPT, 0);
}

/* All RCPT are answered and nothing else is said yet. */
static void
content_may_come(struct smtp_client *c)
{
  if (c->n_accepted == 0)
    letter_over(c);
  else if (is_chunking(c))
    say_chunk(c);
  else
    ask(c, STEP_DATA, 0);
}

static void
on_rcpt(struct smtp_client *c, unsigned index)
{
  if (c->code / 100 == 2 && !c->is_mail_refused) {
    c->is_accepted[index] = true;
    c->n_accepted++;
    set_state(c, SMTP_STATE_RCPT);
  } else {
    decide(c, index, outcome_of(c->code), c->text);
  }
  if (index + 1 < c->envelope->n_recipients) {
    if (!is_pipelining(c))
      ask(c, STEP_RCPT, index + 1);
  } else if (c->awaited->len == 0) {
    content_may_come(c);
  }
}

static void
on_data(struct smtp_client *c, unsigned index)
{
  if (c->code == 354) {
    set_state(c, SMTP_STATE_DATA);
    smtp_client_say_content(c);
    await_fates(c);
  } else if (c->code >= 400) {
    letter_refused(c, c->text);
  } else {
    give_up(c,
            lang_pair("the server answered DATA with something else than 354: no content is sent",
                      "เซิร์ฟเวอร์ตอบ DATA ด้วยรหัสอื่นที่ไม่ใช่ 354 จึงไม่ส่งเนื้อความ"));
  }
}

static void
on_content(struct smtp_client *c, unsigned index)
{
  bool is_good = c->code / 100 == 2;
  enum smtp_outcome outcome = is_good ? SMTP_OUTCOME_ACCEPTED : outcome_of(c->code);
  if (c->config.is_lmtp && c->n_accepted > 0)
    decide(c, index, outcome, c->text);
  else
    decide_rest(c, outcome, c->text);
  if (c->awaited->len > 0)
    return;
  set_state(c, SMTP_STATE_READY);
  c->needs_rset = false; /* the transaction is over, whatever became of it */
  letter_over(c);
}

static void
on_bdat(struct smtp_client *c, unsigned index)
{
  if (c->code / 100 == 2) {
    if (!c->is_content_said)
      say_chunk(c);
    return;
  }
  decide_rest(c, outcome_of(c->code), c->text);
  if (c->awaited->len == 0)
    letter_over(c);
  else if (c->config.is_lmtp)
    leave(c); /* how many replies LAST would have now is not said anywhere */
}

static void
on_rset(struct smtp_client *c, unsigned index)
{
  if (c->code / 100 != 2) {
    decide_rest(c, outcome_of(c->code), c->text);
    say_goodbye(c);
    return;
  }
  set_state(c, SMTP_STATE_READY);
  begin_letter(c);
}

static void
on_quit(struct smtp_client *c, unsigned index)
{
  leave(c);
}

#define MINUTES(n) ((n)*60 * MACHINE_SECOND)

/* Waits: RFC 5321 4.5.3.2. Of 2yz and 3yz the digits that may come; 4yz and 5yz always may. */
static const struct {
  void (*on_reply)(struct smtp_client *c, unsigned index);
  int64_t wait_ns;
  const char *digits;
} steps[N_STEPS] = {
    [STEP_GREETING] = {on_greeting, MINUTES(5), "2"},
    [STEP_EHLO] = {on_ehlo, MINUTES(5), "2"},
    [STEP_HELO] = {on_helo, MINUTES(5), "2"},
    [STEP_STARTTLS] = {on_starttls, MINUTES(5), "2"},
    [STEP_AUTH] = {on_auth, MINUTES(5), "23"},
    [STEP_MAIL] = {on_mail, MINUTES(5), "2"},
    [STEP_RCPT] = {on_rcpt, MINUTES(5), "2"},
    [STEP_DATA] = {on_data, MINUTES(2), "23"},
    [STEP_CONTENT] = {on_content, MINUTES(10), "2"},
    [STEP_BDAT] = {on_bdat, MINUTES(10), "2"},
    [STEP_RSET] = {on_rset, MINUTES(5), "2"},
    [STEP_QUIT] = {on_quit, MINUTES(5), "2"},
};

/* ---- input ---- */

/* The clock of the reply that is awaited next. */
static void
set_deadline(struct smtp_client *c)
{
  if (c->is_over)
    return;
  c->endpoint.deadline_ns =
      c->awaited->len > 0
          ? c->now_ns + steps[g_array_index(c->awaited, struct smtp_awaited, 0).step].wait_ns
          : c->now_ns + MINUTES(5); /* the TLS handshake */
}

static void
take_reply(struct smtp_client *c)
{
  if (c->awaited->len == 0) {
    give_up(c, lang_pair("the server spoke without being asked", "เซิร์ฟเวอร์ส่งคำตอบทั้งที่ไม่ได้ถาม"));
    return;
  }
  struct smtp_awaited a = g_array_index(c->awaited, struct smtp_awaited, 0);
  g_array_remove_index(c->awaited, 0);
  if (c->code == 421 && a.step != STEP_QUIT) { /* the server is about to close: 3.8 */
    decide_rest(c, SMTP_OUTCOME_TEMPORARY, c->text);
    leave(c);
    return;
  }
  if (c->code < 400 && !strchr(steps[a.step].digits, (char)('0' + c->code / 100))) {
    give_up(c, lang_pair("the server's code cannot be the answer to what was said",
                         "รหัสจากเซิร์ฟเวอร์ไม่อาจเป็นคำตอบของคำสั่งที่ส่งไป"));
    return;
  }
  steps[a.step].on_reply(c, a.index);
}

/* Is this a line of EHLO's answer with a keyword? */
static bool
is_offer(const struct smtp_client *c)
{
  return c->awaited->len > 0 && c->code == 250 && c->n_lines > 0 &&
         g_array_index(c->awaited, struct smtp_awaited, 0).step == STEP_EHLO;
}

/* True when a whole reply is there. */
static bool
take_reply_line(struct smtp_client *c, const uint8_t *p, size_t n)
{
  unsigned code;
  bool more, is_odd = false;
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
  c->text = smtp_letter_clean(p + text_at, n - text_at, c->needs.is_utf8, &is_odd);
  if (is_odd && !c->has_said_odd) {
    c->has_said_odd = true;
    machine_emit(&c->endpoint, "log", "%s",
                 lang_text("a reply holds octets that may not stand in one; they are shown as ?",
                           "คำตอบมีออกเตตที่ห้ามใช้ในคำตอบ จึงแสดงเป็น ?"));
  }
  if (is_offer(c))
    smtp_client_note_offer(c, c->text);
  c->n_lines = more ? c->n_lines + 1 : 0;
  return !more;
}

static void
client_start(struct endpoint *e, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  struct smtp_awaited a = {STEP_GREETING, 0};
  c->is_started = true;
  c->now_ns = now_ns;
  g_array_append_val(c->awaited, a);
  set_deadline(c);
}

static void
client_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (c->is_over)
    return;
  c->now_ns = now_ns;
  lines_feed(&c->lines, p, n);
  while (!c->is_over && e->wants == ENDPOINT_AS_IS) {
    const uint8_t *line;
    size_t n_line;
    enum lines_got got = lines_next(&c->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG) {
      give_up(c, lang_pair("the server's line does not end", "บรรทัดจากเซิร์ฟเวอร์ยาวไม่รู้จบ"));
      return;
    }
    if (take_reply_line(c, line, n_line)) {
      take_reply(c);
      set_deadline(c);
    }
  }
}

static void
client_upgraded(struct endpoint *e, enum endpoint_upgrade what, const char *problem, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (c->is_over || (!c->is_started && !problem))
    return; /* implicit TLS: the server greets next */
  c->now_ns = now_ns;
  if (problem) {
    give_up(c, lang_pair("TLS could not be made", "สร้าง TLS ไม่สำเร็จ"));
    return;
  }
  ask(c, STEP_EHLO, 0);
  set_deadline(c);
}

static void
client_eof(struct endpoint *e, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (c->is_over)
    return;
  if (c->awaited->len > 0 && g_array_index(c->awaited, struct smtp_awaited, 0).step == STEP_QUIT)
    leave(c);
  else
    give_up(c, lang_pair("the connection ended before the message was taken",
                         "การเชื่อมต่อจบลงก่อนที่เซิร์ฟเวอร์จะรับข้อความ"));
}

static void
client_timeout(struct endpoint *e, int64_t now_ns)
{
  struct smtp_client *c = (struct smtp_client *)e;
  if (!c->is_over)
    give_up(c, lang_pair("the server did not answer in time", "เซิร์ฟเวอร์ไม่ตอบภายในเวลา"));
}

static void
client_free(struct endpoint *e)
{
  struct smtp_client *c = (struct smtp_client *)e;
  letter_clear(c);
  g_array_unref(c->awaited);
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
                                                    .upgraded = client_upgraded,
                                                    .free = client_free};
static const struct endpoint_ops lmtp_client_ops = {.protocol = "lmtp-client",
                                                    .start = client_start,
                                                    .input = client_input,
                                                    .eof = client_eof,
                                                    .timeout = client_timeout,
                                                    .upgraded = client_upgraded,
                                                    .free = client_free};

struct endpoint *
smtp_client_new(const struct smtp_client_config *config)
{
  struct smtp_client *c = g_new0(struct smtp_client, 1);
  machine_init(&c->endpoint, config->is_lmtp ? &lmtp_client_ops : &smtp_client_ops);
  c->config = *config;
  c->name = g_strdup(config->name);
  auth_client_init(&c->auth, &(struct auth_login){.user = config->user,
                                                  .password = config->password,
                                                  .token = config->token,
                                                  .authzid = config->authzid,
                                                  .random = config->random});
  c->awaited = g_array_new(FALSE, FALSE, sizeof(struct smtp_awaited));
  letter_take(c, &config->envelope, config->octets);
  lines_init(&c->lines, SMTP_REPLY_LINE_MAX);
  return &c->endpoint;
}
