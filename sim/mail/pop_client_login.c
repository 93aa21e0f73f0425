/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop_client_login.c -- from the greeting to the TRANSACTION state.
 *
 *     greeting ─┬─> CAPA ─> STLS ─> CAPA ─┬─> AUTH …  (RFC 5034)
 *               └─ when nothing of it is ─┴─> APOP    (RFC 1939 7: the greeting's stamp and an MD5)
 *                  wanted                 └─> USER, PASS
 *
 * A client that requires TLS says neither name nor password before it has TLS. */
#include <string.h>

#include "sim/mail/pop_client_private.h"

/* ---- CAPA ---- */

static void
take_capability(struct pop_client *c, struct pop_command *cmd, const uint8_t *p, size_t n)
{
  g_autofree char *line = g_strndup((const char *)p, n);
  g_auto(GStrv) words = g_strsplit(line, " ", -1);
  const struct {
    const char *word;
    bool *has;
  } rows[] = {{"STLS", &c->has_stls},
              {"PIPELINING", &c->has_pipelining},
              {"USER", &c->has_user},
              {"TOP", &c->has_top},
              {"UIDL", &c->has_uidl}};
  for (guint i = 0; words[0] && i < G_N_ELEMENTS(rows); i++)
    if (g_ascii_strcasecmp(words[0], rows[i].word) == 0)
      *rows[i].has = true;
  if (words[0] && g_ascii_strcasecmp(words[0], "SASL") == 0)
    for (char **word = words + 1; *word; word++)
      auth_client_offered(&c->auth, *word, strlen(*word));
}

/* An old server: USER and PASS are all that it has. */
static void
has_no_capa(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "CAPA: %s", text);
  c->has_user = c->has_uidl = c->has_top = true;
}

static void
ask_capa(struct pop_client *c)
{
  c->knows_caps = true;
  c->auth.offered &= 1u << AUTH_APOP; /* that is the greeting's */
  c->has_stls = c->has_pipelining = c->has_user = c->has_top = c->has_uidl = false;
  struct pop_command *cmd = pop_client_say(c, NULL, "CAPA");
  cmd->line = take_capability;
  cmd->err = has_no_capa;
}

/* ---- the login ---- */

static void
logged_in(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  if (!auth_client_may_trust(&c->auth)) {
    pop_client_suspect(c, "%s",
                       lang_text("the server says yes without having proved that it "
                                 "knows the password",
                                 "เซิร์ฟเวอร์ตอบรับโดยไม่พิสูจน์ว่ารู้รหัสผ่าน"));
    pop_client_give_up(c, lang_text("the server is not trusted", "ไม่เชื่อถือเซิร์ฟเวอร์นี้"));
    return;
  }
  pop_client_set_state(c, POP_STATE_TRANSACTION);
  c->next = pop_client_fetch;
}

static void
took_user(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_say(c, logged_in, "PASS %s", c->auth.password ? c->auth.password : "");
}

static void
challenged(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  g_autofree char *answer = g_steal_pointer(&c->first_answer);
  if (!answer)
    answer = auth_client_step(&c->auth, text, strlen(text));
  if (!answer && c->auth.problem)
    pop_client_log(c, "%s", c->auth.problem);
  pop_client_answer(c, answer ? answer : "*");
}

static void
say_auth(struct pop_client *c)
{
  enum { LINE_MAX_OCTETS = 255 }; /* RFC 2449 4; a longer first answer comes behind "+" */
  const char *name = auth_name(c->auth.mech);
  g_autofree char *initial = auth_client_initial(&c->auth);
  bool fits = initial && strlen("AUTH  \r\n") + strlen(name) + strlen(initial) <= LINE_MAX_OCTETS;
  struct pop_command *cmd =
      pop_client_say(c, logged_in, "AUTH %s%s%s", name, fits ? " " : "", fits ? initial : "");
  if (initial && !fits)
    c->first_answer = g_steal_pointer(&initial);
  cmd->more = challenged;
}

static void
say_apop(struct pop_client *c, const char *stamp)
{
  g_autofree char *digest = auth_client_apop(stamp, c->auth.password ? c->auth.password : "");
  pop_client_say(c, logged_in, "APOP %s %s", c->auth.user, digest ? digest : "");
}

static void
log_in(struct pop_client *c)
{
  struct lang_pair why;
  enum auth_mechanism wanted = c->config.mech == AUTH_NONE ? AUTH_COMMAND : c->config.mech;
  c->next = NULL;
  if (!c->knows_caps || c->has_user)
    c->auth.offered |= 1u << AUTH_COMMAND;
  enum auth_mechanism mech = auth_client_choose(&c->auth, wanted, c->config.is_careful,
                                                c->endpoint.security != NULL, &why);
  if (mech == AUTH_NONE) {
    pop_client_log(c, "%s", lang_pick(why));
    pop_client_quit(c, true);
    return;
  }
  auth_client_begin(&c->auth, mech);
  machine_emit(&c->endpoint, "auth", "%s", auth_name(mech));
  if (mech == AUTH_APOP)
    say_apop(c, c->greeting);
  else if (auth_is_sasl(mech))
    say_auth(c);
  else
    pop_client_say(c, took_user, "USER %s", c->auth.user ? c->auth.user : "");
}

/* ---- TLS ---- */

static void
stay_clear(struct pop_client *c)
{
  if (!machine_goes_on_clear(&c->endpoint, c->config.tls_use))
    pop_client_quit(c, true);
}

/* RFC 2595 4: what the server said before TLS is not believed, and asked for again. */
static void
ask_again(struct pop_client *c)
{
  c->next = log_in;
  ask_capa(c);
}

static void
tls_begins(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  if (lines_waiting(&c->lines) > 0)
    pop_client_suspect(c,
                       lang_text("%zu octets in clear behind the go-ahead of STLS: somebody wants "
                                 "them to be taken for octets from inside TLS",
                                 "มี %zu ออกเตตที่ไม่เข้ารหัสต่อท้ายคำตอบ STLS: "
                                 "มีผู้ต้องการให้เข้าใจว่ามาจากภายใน TLS"),
                       lines_waiting(&c->lines));
  machine_forget_clear(&c->endpoint, &c->lines, c->config.keeps_clear);
  pop_client_set_state(c, POP_STATE_TLS);
  c->next = ask_again;
  c->endpoint.wants = ENDPOINT_TLS;
}

static void
tls_refused(struct pop_client *c, struct pop_command *cmd, const char *text)
{
  pop_client_log(c, "STLS: %s", text);
  stay_clear(c);
}

static void
begin_tls(struct pop_client *c)
{
  c->next = log_in;
  if (c->config.tls_use == TLS_NEVER || c->endpoint.security)
    return;
  if (!c->has_stls) {
    stay_clear(c);
    return;
  }
  struct pop_command *cmd = pop_client_say(c, tls_begins, "STLS");
  cmd->err = tls_refused;
  cmd->is_alone = true;
}

/* ---- the greeting ---- */

void
pop_client_greeted(struct pop_client *c, const char *line)
{
  g_autofree char *digest = auth_client_apop(line, "");
  c->is_greeted = true;
  c->greeting = g_strdup(line);
  if (digest)
    c->auth.offered |= 1u << AUTH_APOP;
  pop_client_set_state(c, POP_STATE_AUTHORIZATION);
  bool is_tls_wanted = c->config.tls_use != TLS_NEVER && !c->endpoint.security;
  bool is_sasl =
      c->config.mech != AUTH_NONE && c->config.mech != AUTH_COMMAND && c->config.mech != AUTH_APOP;
  c->next = log_in;
  if (!is_tls_wanted && !is_sasl && !c->config.pipelines)
    return;
  c->next = begin_tls;
  ask_capa(c);
}
