/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_client_login.c -- from the greeting to the authenticated state.
 *
 *     greeting ─> CAPABILITY? ─> STARTTLS ─> CAPABILITY ─> AUTHENTICATE or LOGIN ─> CAPABILITY?
 *       ─> ID ─> COMPRESS ─> ENABLE ─> the user's steps
 *
 * A client that requires TLS says no name and no password before it has TLS: not when the server
 * does not offer it (perhaps somebody on the way has taken the word out), and not when the server
 * says PREAUTH, which leaves no state in which STARTTLS could be said. RFC 3501 6.2, 8314 5.1. */
#include <string.h>

#include "sim/mail/imap_client_private.h"

void
imap_client_greeted(struct imap_client *c, const char *word)
{
  c->is_greeted = true;
  if (strcmp(word, "OK") == 0) {
    imap_client_set_state(c, IMAP_STATE_NOT_AUTHENTICATED);
  } else if (strcmp(word, "PREAUTH") == 0) {
    if (c->config.tls_use == TLS_REQUIRED && !c->endpoint.security) {
      imap_client_suspect(c, "%s",
                          lang_text("PREAUTH in clear: TLS is impossible from here on, and nobody "
                                    "knows into whose mailbox this leads",
                                    "PREAUTH บนช่องทางที่ไม่เข้ารหัส: เริ่ม TLS ไม่ได้อีก "
                                    "และไม่รู้ว่านี่คือกล่องจดหมายของใคร"));
      imap_client_give_up(c, lang_text("TLS is required and cannot be had: nothing was said",
                                       "ต้องใช้ TLS แต่ใช้ไม่ได้: ไม่ได้ส่งอะไรออกไป"));
      return;
    }
    c->is_preauth = true;
    imap_client_set_state(c, IMAP_STATE_AUTHENTICATED);
  } else {
    imap_client_give_up(c, lang_text("the server does not let us in", "เซิร์ฟเวอร์ไม่ให้เข้าใช้งาน"));
  }
}

/* ---- TLS ---- */

/* Nothing is said any more when TLS is required. */
static void
stay_clear(struct imap_client *c)
{
  if (machine_goes_on_clear(&c->endpoint, c->config.tls_use))
    return;
  c->is_good = false;
  imap_client_leave(c);
}

static void
tls_answered(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
             const char *code)
{
  if (status != IMAP_STATUS_OK) {
    stay_clear(c);
    return;
  }
  if (imap_replies_waiting(&c->replies) > 0)
    imap_client_suspect(c,
                        lang_text("%zu octets in clear behind the go-ahead of STARTTLS: somebody "
                                  "wants them to be taken for octets from inside TLS",
                                  "มี %zu ออกเตตที่ไม่เข้ารหัสต่อท้ายคำตอบ STARTTLS: "
                                  "มีผู้ต้องการให้เข้าใจว่ามาจากภายใน TLS"),
                        imap_replies_waiting(&c->replies));
  machine_forget_clear(&c->endpoint, &c->replies.lines, c->config.keeps_clear);
  c->knows_caps = false; /* what was said in clear counts no more (RFC 3501 6.2.1) */
  c->caps = 0;
  c->auth.offered = 0;
  c->endpoint.wants = ENDPOINT_TLS;
}

static void
begin_tls(struct imap_client *c)
{
  if (c->config.tls_use == TLS_NEVER || c->endpoint.security || c->is_preauth)
    return;
  if (imap_client_can(c, IMAP_CAP_STARTTLS)) {
    struct imap_command *cmd = imap_client_say(c, "STARTTLS");
    cmd->done = tls_answered;
    cmd->is_alone = true;
  } else {
    stay_clear(c);
  }
}

/* ---- the login ---- */

static void
logged_in(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
          const char *code)
{
  if (status != IMAP_STATUS_OK) {
    c->is_good = false;
    imap_client_leave(c);
  } else if (!auth_client_may_trust(&c->auth)) {
    imap_client_suspect(c, "%s",
                        lang_text("the server says yes without having proved that it "
                                  "knows the password",
                                  "เซิร์ฟเวอร์ตอบรับโดยไม่พิสูจน์ว่ารู้รหัสผ่าน"));
    imap_client_give_up(c, lang_text("the server is not trusted", "ไม่เชื่อถือเซิร์ฟเวอร์นี้"));
  } else {
    imap_client_set_state(c, IMAP_STATE_AUTHENTICATED);
    c->knows_caps = imap_reply_code_is(code, "CAPABILITY", NULL);
  }
}

static void
challenged(struct imap_client *c, struct imap_command *cmd, const char *text)
{
  g_autofree char *answer = NULL;
  if (*text == '\0' && cmd->at_answer) {
    answer = g_strdup(cmd->at_answer); /* the initial response, where SASL-IR is not offered */
    g_clear_pointer(&cmd->at_answer, g_free);
  } else {
    answer = auth_client_step(&c->auth, text, strlen(text));
  }
  if (!answer && c->auth.problem)
    imap_client_log(c, "%s", c->auth.problem);
  imap_client_answer(c, answer ? answer : "*");
}

static void
say_login(struct imap_client *c)
{
  struct imap_command *cmd = imap_command_begin(c);
  imap_command_text(cmd, "LOGIN ");
  imap_command_string(c, cmd, c->auth.user ? c->auth.user : "");
  imap_command_text(cmd, " ");
  imap_command_string(c, cmd, c->auth.password ? c->auth.password : "");
  imap_command_end(c, cmd);
  cmd->done = logged_in;
  cmd->is_alone = cmd->is_secret = true;
}

static void
say_authenticate(struct imap_client *c)
{
  g_autofree char *initial = auth_client_initial(&c->auth);
  bool is_at_once = initial && imap_client_can(c, IMAP_CAP_SASL_IR);
  struct imap_command *cmd = imap_client_say(c, "AUTHENTICATE %s%s%s", auth_name(c->auth.mech),
                                             is_at_once ? " " : "", is_at_once ? initial : "");
  if (initial && !is_at_once)
    cmd->at_answer = g_strdup(strcmp(initial, "=") == 0 ? "" : initial);
  cmd->done = logged_in;
  cmd->go_on = challenged;
  cmd->is_alone = cmd->is_secret = true;
}

static void
log_in(struct imap_client *c)
{
  struct lang_pair why;
  enum auth_mechanism wanted = c->config.mech == AUTH_NONE ? AUTH_COMMAND : c->config.mech;
  if (!imap_client_can(c, IMAP_CAP_LOGINDISABLED))
    c->auth.offered |= 1u << AUTH_COMMAND;
  enum auth_mechanism mech = auth_client_choose(&c->auth, wanted, c->config.is_careful,
                                                c->endpoint.security != NULL, &why);
  if (mech == AUTH_NONE) {
    imap_client_log(c, "%s", lang_pick(why));
    c->is_good = false;
    imap_client_leave(c);
    return;
  }
  auth_client_begin(&c->auth, mech);
  machine_emit(&c->endpoint, "auth", "%s", auth_name(mech));
  if (auth_is_sasl(mech))
    say_authenticate(c);
  else
    say_login(c);
}

/* ---- behind the login ---- */

static void
compress_answered(struct imap_client *c, struct imap_command *cmd, enum imap_status status,
                  const char *code)
{
  if (status != IMAP_STATUS_OK)
    return;
  if (imap_replies_waiting(&c->replies) > 0)
    imap_client_give_up(c,
                        lang_text("octets came behind the OK of COMPRESS that are not compressed",
                                  "มีออกเตตที่ไม่ได้บีบอัดต่อท้ายคำตอบ OK ของ COMPRESS"));
  else
    c->endpoint.wants = ENDPOINT_DEFLATE;
}

static void
begin_compression(struct imap_client *c)
{
  if (!c->config.compresses || !imap_client_can(c, IMAP_CAP_COMPRESS))
    return;
  struct imap_command *cmd = imap_client_say(c, "COMPRESS DEFLATE");
  cmd->done = compress_answered;
  cmd->is_alone = true;
}

static void
whatever(struct imap_client *c, struct imap_command *cmd, enum imap_status status, const char *code)
{
}

static void
enable(struct imap_client *c)
{
  if (c->config.mode == IMAP_ONLINE || !imap_client_can(c, IMAP_CAP_ENABLE))
    return;
  if (imap_client_can(c, IMAP_CAP_QRESYNC))
    imap_client_say(c, "ENABLE QRESYNC")->done = whatever;
}

bool
imap_client_login(struct imap_client *c, struct imap_job *job)
{
  switch (job->phase) {
  case 0:
  case 2: /* again behind STARTTLS, and behind the login, unless the server has told by itself */
  case 4:
    if (!c->knows_caps)
      imap_client_say(c, "CAPABILITY")->is_alone = true;
    return true;
  case 1:
    begin_tls(c);
    return true;
  case 3:
    if (!c->is_preauth)
      log_in(c);
    return true;
  case 5:
    if (c->config.identifies && imap_client_can(c, IMAP_CAP_ID))
      imap_client_say(c, "ID (\"name\" \"Enveloscope\")")->done = whatever;
    if (c->config.identifies && imap_client_can(c, IMAP_CAP_NAMESPACE))
      imap_client_say(c, "NAMESPACE")->done = whatever;
    return true;
  case 6:
    begin_compression(c);
    return true;
  default:
    enable(c);
    return false;
  }
}
