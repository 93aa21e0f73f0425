/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_inquiry.c -- VRFY, EXPN and HELP: answered, answered vaguely, or not at all, as configured.
 *
 * RFC 5321 3.5, 4.1.1.6 to 4.1.1.8; 7.3: whoever may ask can list the users. UTF-8 stands in an
 * answer only when the command ended with SMTPUTF8 (RFC 6531 3.7.4.2). */
#include <string.h>

#include "sim/mail/smtp_private.h"

static const char *
check_name(enum smtp_inquiry inquiry, const char *arg)
{
  if (inquiry == SMTP_INQUIRY_OFF)
    return "502 5.5.1 Command not implemented";
  return *arg ? NULL : "501 5.5.4 Syntax: the command and a name";
}

/* The name without "<>" and SMTPUTF8 behind it; *is_utf8 when that stood there. */
static char *
read_name(const struct smtp_server *s, const char *arg, bool *is_utf8)
{
  size_t n = strlen(arg);
  *is_utf8 = smtp_offers(s, SMTP_EXTENSION_SMTPUTF8) && n > 9 &&
             g_ascii_strcasecmp(arg + n - 9, " SMTPUTF8") == 0;
  g_autofree char *text = g_strndup(arg, *is_utf8 ? n - 9 : n);
  g_strstrip(text);
  n = strlen(text);
  return n > 2 && text[0] == '<' && text[n - 1] == '>' ? g_strndup(text + 1, n - 2)
                                                       : g_strdup(text);
}

static bool
is_ascii_list(const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    if (!smtp_is_ascii(lines->pdata[i]))
      return false;
  }
  return true;
}

static void
inquire(struct smtp_server *s, const char *arg, enum smtp_inquiry inquiry,
        GPtrArray *(*ask)(void *data, const struct smtp_session *session, const char *name),
        const char *unknown)
{
  bool is_utf8;
  g_autofree char *name = read_name(s, arg, &is_utf8);
  if (!smtp_is_ascii(name) && (!is_utf8 || !g_utf8_validate(name, -1, NULL))) {
    smtp_refuse(s, "553 5.6.7 A name beyond ASCII needs SMTPUTF8 behind it");
    return;
  }
  g_autoptr(GPtrArray) found = inquiry == SMTP_INQUIRY_ANSWERED && ask
                                   ? ask(s->config.site.data, smtp_session(s), name)
                                   : NULL;
  if (!found) {
    smtp_reply(s, "252 2.5.0 Cannot verify, send the message and see");
  } else if (found->len == 0) {
    smtp_refuse(s, unknown);
  } else if (!is_utf8 && !is_ascii_list(found)) {
    smtp_reply(s, "252 2.6.8 The answer needs SMTPUTF8 behind the name");
  } else {
    for (guint i = 0; i < found->len; i++)
      machine_printf(&s->endpoint, "250%c2.1.5 %s\r\n", i + 1 < found->len ? '-' : ' ',
                     (char *)found->pdata[i]);
  }
}

const char *
smtp_check_vrfy(const struct smtp_server *s, const char *arg)
{
  return check_name(s->config.vrfy, arg);
}

void
smtp_act_vrfy(struct smtp_server *s, const char *arg)
{
  inquire(s, arg, s->config.vrfy, s->config.site.verify, "550 5.1.1 No such user here");
}

const char *
smtp_check_expn(const struct smtp_server *s, const char *arg)
{
  return check_name(s->config.expn, arg);
}

void
smtp_act_expn(struct smtp_server *s, const char *arg)
{
  inquire(s, arg, s->config.expn, s->config.site.expand, "550 5.1.1 No such list here");
}

/* ---- HELP ---- */

const char *
smtp_check_help(const struct smtp_server *s, const char *arg)
{
  return s->config.help == SMTP_INQUIRY_OFF ? "502 5.5.1 Command not implemented" : NULL;
}

/* Would the verb do anything here? */
static bool
is_of_use(const struct smtp_server *s, enum smtp_verb verb)
{
  return smtp_has_verb(s, verb) && (verb != SMTP_AUTH || smtp_offers(s, SMTP_EXTENSION_AUTH)) &&
         (verb != SMTP_STARTTLS || smtp_offers(s, SMTP_EXTENSION_STARTTLS)) &&
         (verb != SMTP_BDAT || smtp_offers(s, SMTP_EXTENSION_CHUNKING)) &&
         (verb != SMTP_VRFY || s->config.vrfy != SMTP_INQUIRY_OFF) &&
         (verb != SMTP_EXPN || s->config.expn != SMTP_INQUIRY_OFF);
}

void
smtp_act_help(struct smtp_server *s, const char *arg)
{
  enum smtp_verb wanted = smtp_verb_find(arg, strlen(arg));
  if (*arg && wanted != SMTP_UNKNOWN && smtp_has_verb(s, wanted)) {
    machine_printf(&s->endpoint, "214 2.0.0 %s: see %s\r\n", smtp_verbs[wanted].name,
                   smtp_verbs[wanted].rfc);
    return;
  }
  if (*arg) {
    smtp_refuse(s, "504 5.5.4 HELP knows nothing about that");
    return;
  }
  machine_printf(&s->endpoint, "214-2.0.0 These commands are understood:\r\n214 2.0.0");
  for (int i = 1; i < SMTP_N_VERBS; i++) {
    if (is_of_use(s, (enum smtp_verb)i))
      machine_printf(&s->endpoint, " %s", smtp_verbs[i].name);
  }
  machine_printf(&s->endpoint, "\r\n");
}
