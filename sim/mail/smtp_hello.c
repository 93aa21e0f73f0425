/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_hello.c -- how an SMTP session begins: the greeting, HELO, EHLO, LHLO, and anew by STARTTLS.
 *
 *     connected ─(pause)─> 220 ─EHLO─> 250-… ─STARTTLS─> 220, TLS, everything forgotten ─EHLO─> …
 *
 * A client that speaks during the pause is no mail server and is sent away (RFC 5321 3.1, 4.3.1).
 * RFC 5321 4.1.1.1, 4.1.4; 2033 4.1 (LHLO); 3207 4.2: what was buffered in clear is thrown away. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/smtp_private.h"

/* ---- the greeting ---- */

/* A server that is weak on purpose says so, where everybody sees it. */
static void
confess(struct smtp_server *s)
{
  const struct smtp_lenience *l = &s->config.lenience;
  if (l->ends)
    machine_emit(&s->endpoint, "log", "%s",
                 lang_text("vulnerable on purpose: more than CRLF.CRLF ends the data",
                           "เปิดช่องโหว่ไว้โดยตั้งใจ: ไม่ได้มีแค่ CRLF.CRLF ที่จบข้อมูล"));
  if (l->passes_bare)
    machine_emit(&s->endpoint, "log", "%s",
                 lang_text("vulnerable on purpose: a CR or LF that stands alone is let through",
                           "เปิดช่องโหว่ไว้โดยตั้งใจ: ปล่อยให้ CR หรือ LF ที่อยู่เดี่ยวผ่านไปได้"));
  if (l->keeps_clear_input)
    machine_emit(&s->endpoint, "log", "%s",
                 lang_text("vulnerable on purpose: what came in clear behind STARTTLS is obeyed",
                           "เปิดช่องโหว่ไว้โดยตั้งใจ: ทำตามคำสั่งแบบไม่เข้ารหัสที่ต่อท้าย STARTTLS"));
}

static void
greeted(struct smtp_server *s, const char *refusal)
{
  if (refusal) {
    smtp_reply(s, refusal);
    smtp_hang_up(s);
    return;
  }
  machine_printf(&s->endpoint, "220 %s %s Enveloscope\r\n", s->name,
                 s->config.role == SMTP_ROLE_LMTP ? "LMTP" : "ESMTP");
}

void
smtp_greet(struct smtp_server *s)
{
  const struct smtp_site *site = &s->config.site;
  if (s->has_spoken_early) {
    machine_emit(&s->endpoint, "log", "%s",
                 lang_text("the client spoke before the greeting", "ไคลเอนต์ส่งข้อมูลก่อนคำทักทาย"));
    smtp_reply(s, "554 5.5.0 You spoke before the greeting");
    smtp_hang_up(s);
    return;
  }
  /* While the site thinks, what comes is held, not early: the pause was long enough. */
  smtp_set_state(s, SMTP_STATE_GREETED);
  smtp_decide(s, site->greet ? site->greet(site->data, smtp_session(s)) : NULL, greeted);
}

void
smtp_begin(struct smtp_server *s)
{
  const struct smtp_site *site = &s->config.site;
  if (site->open)
    s->session.own = site->open(site->data, smtp_session(s));
  s->is_open = true;
  confess(s);
  if (s->config.greet_pause_ns > 0)
    s->endpoint.deadline_ns = s->now_ns + s->config.greet_pause_ns;
  else
    smtp_greet(s);
}

/* ---- HELO, EHLO, LHLO ---- */

const char *
smtp_check_hello(const struct smtp_server *s, const char *arg)
{
  if (!*arg || strlen(arg) > SMTP_DOMAIN_MAX)
    return "501 5.5.4 Give the name of your host";
  for (const char *c = arg; *c; c++) { /* some hosts have an underscore in their name */
    if (!g_ascii_isalnum(*c) && !strchr(".-_:[]", *c))
      return "501 5.5.4 A host's name or [address] is wanted";
  }
  return NULL;
}

/* AUTH and those mechanisms that are possible now; no line when there are none. */
static void
add_mechanisms(const struct smtp_server *s, GPtrArray *lines)
{
  g_autoptr(GString) names = g_string_new(NULL);
  auth_server_list(&s->auth, "", names);
  if (names->len > 0)
    g_ptr_array_add(lines, g_strdup_printf("AUTH%s", names->str));
}

/* The keywords that this server offers now, each with its values. */
static void
say_extensions(struct smtp_server *s)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (int i = 0; i < SMTP_N_EXTENSIONS; i++) {
    const char *keyword = smtp_extensions[i].keyword;
    if (!smtp_offers(s, (enum smtp_extension)i))
      continue;
    if (i == SMTP_EXTENSION_SIZE)
      g_ptr_array_add(lines, g_strdup_printf("%s %" G_GSIZE_FORMAT, keyword, s->config.size_max));
    else if (i == SMTP_EXTENSION_AUTH)
      add_mechanisms(s, lines);
    else
      g_ptr_array_add(lines, g_strdup(keyword));
  }
  machine_printf(&s->endpoint, "250%c%s Hello %s\r\n", lines->len ? '-' : ' ', s->name, s->peer);
  for (guint i = 0; i < lines->len; i++)
    machine_printf(&s->endpoint, "250%c%s\r\n", i + 1 < lines->len ? '-' : ' ',
                   (char *)lines->pdata[i]);
}

/* RFC 5321 4.1.4: refused, everything stays as it was; else it ends the transaction. */
static void
introduced(struct smtp_server *s, const char *refusal)
{
  g_autofree char *before = g_steal_pointer(&s->helo_before);
  if (refusal) {
    g_free(s->helo);
    s->helo = g_steal_pointer(&before);
    s->is_esmtp = s->was_esmtp;
    smtp_refuse(s, refusal);
    return;
  }
  smtp_forget(s);
  smtp_set_state(s, SMTP_STATE_READY);
  if (s->is_esmtp)
    say_extensions(s);
  else
    machine_printf(&s->endpoint, "250 %s\r\n", s->name);
}

static void
introduce(struct smtp_server *s, const char *arg, bool is_esmtp)
{
  const struct smtp_site *site = &s->config.site;
  s->helo_before = s->helo;
  s->was_esmtp = s->is_esmtp;
  s->helo = g_strdup(arg);
  s->is_esmtp = is_esmtp;
  smtp_decide(s, site->helo ? site->helo(site->data, smtp_session(s)) : NULL, introduced);
}

void
smtp_act_helo(struct smtp_server *s, const char *arg)
{
  introduce(s, arg, false);
}

void
smtp_act_ehlo(struct smtp_server *s, const char *arg)
{
  introduce(s, arg, true);
}

/* ---- STARTTLS ---- */

const char *
smtp_check_starttls(const struct smtp_server *s, const char *arg)
{
  if (*arg)
    return "501 5.5.4 STARTTLS takes no argument";
  if (s->endpoint.security)
    return "503 5.5.1 TLS is already there";
  return smtp_offers(s, SMTP_EXTENSION_STARTTLS) ? NULL : "502 5.5.1 STARTTLS is not offered here";
}

void
smtp_act_starttls(struct smtp_server *s, const char *arg)
{
  smtp_reply(s, "220 2.0.0 Ready to start TLS");
  smtp_set_state(s, SMTP_STATE_TLS);
  s->endpoint.wants = ENDPOINT_TLS;
  size_t n = lines_waiting(&s->lines);
  if (n == 0)
    return;
  machine_emit(
      &s->endpoint, "log",
      lang_text("%" G_GSIZE_FORMAT " octets stood in clear behind STARTTLS: %s",
                "มี %" G_GSIZE_FORMAT " ออกเตตที่ไม่เข้ารหัสต่อท้าย STARTTLS: %s"),
      n,
      s->config.lenience.keeps_clear_input
          ? lang_text("they will be obeyed as if TLS had brought them", "จะถูกทำตามเสมือนส่งมาทาง TLS")
          : lang_text("they are thrown away", "ถูกทิ้งไป"));
  if (!s->config.lenience.keeps_clear_input) {
    const uint8_t *p;
    lines_take(&s->lines, n, &p);
  }
}

void
smtp_upgraded(struct smtp_server *s, const char *problem)
{
  if (problem) {
    smtp_hang_up(s);
    return;
  }
  smtp_forget(s);
  g_clear_pointer(&s->helo, g_free);
  s->is_esmtp = false;
  s->user = NULL;
  smtp_set_state(s, SMTP_STATE_GREETED);
}
