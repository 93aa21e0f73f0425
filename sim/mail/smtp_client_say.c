/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_client_say.c -- what the SMTP client says in each step.
 *
 *     MAIL FROM:<alice@a.test> SIZE=2000 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=QQ314
 *     RCPT TO:<bob@b.test> NOTIFY=FAILURE,DELAY ORCPT=rfc822;bob@b.test
 *
 * Parameters go only where the server offered their extension, and only when they say something. */
#include <string.h>

#include "sim/mail/smtp_client_private.h"

bool
smtp_client_has(const struct smtp_client *c, enum smtp_extension extension)
{
  return c->offers & ~c->config.without & 1u << extension;
}

/* ---- what EHLO offered ---- */

void
smtp_client_note_offer(struct smtp_client *c, const char *text)
{
  g_auto(GStrv) words = g_strsplit_set(text, " =", -1); /* "AUTH=LOGIN" is an old mistake */
  if (!words[0])
    return;
  enum smtp_extension extension = smtp_extension_find(words[0], strlen(words[0]));
  if (extension == SMTP_N_EXTENSIONS)
    return;
  c->offers |= 1u << extension;
  if (extension == SMTP_EXTENSION_SIZE)
    c->size_limit = words[1] ? g_ascii_strtoull(words[1], NULL, 10) : 0;
  for (char **word = words + 1; extension == SMTP_EXTENSION_AUTH && *word; word++)
    auth_client_offered(&c->auth, *word, strlen(*word));
}

/* ---- one step each ---- */

static void
say_ehlo(struct smtp_client *c, unsigned index)
{
  c->offers = c->auth.offered = 0;
  machine_printf(&c->endpoint, "%s %s\r\n", c->config.is_lmtp ? "LHLO" : "EHLO", c->name);
}

static void
say_helo(struct smtp_client *c, unsigned index)
{
  c->offers = c->auth.offered = 0;
  machine_printf(&c->endpoint, "HELO %s\r\n", c->name);
}

static void
say_starttls(struct smtp_client *c, unsigned index)
{
  machine_printf(&c->endpoint, "STARTTLS\r\n");
}

static void
say_auth(struct smtp_client *c, unsigned index)
{
  g_autofree char *initial = auth_client_initial(&c->auth);
  machine_emit(&c->endpoint, "auth", "%s", auth_name(c->auth.mech));
  machine_printf(&c->endpoint, "AUTH %s%s%s\r\n", auth_name(c->auth.mech), initial ? " " : "",
                 initial ? initial : "");
}

static void
say_mail(struct smtp_client *c, unsigned index)
{
  const struct envelope *e = c->envelope;
  GString *line = g_string_new(NULL);
  g_string_printf(line, "MAIL FROM:<%s>", e->sender);
  if (smtp_client_has(c, SMTP_EXTENSION_SIZE))
    g_string_append_printf(line, " SIZE=%" G_GSIZE_FORMAT, g_bytes_get_size(c->octets));
  if (c->needs.is_binary && smtp_client_has(c, SMTP_EXTENSION_BINARYMIME) && !c->config.sends_bare)
    g_string_append(line, " BODY=BINARYMIME");
  else if (c->needs.is_8bit && smtp_client_has(c, SMTP_EXTENSION_8BITMIME))
    g_string_append(line, " BODY=8BITMIME");
  if (c->needs.is_utf8)
    g_string_append(line, " SMTPUTF8");
  if (smtp_client_has(c, SMTP_EXTENSION_DSN)) {
    if (e->ret != ENVELOPE_RET_NONE)
      g_string_append_printf(line, " RET=%s", e->ret == ENVELOPE_RET_FULL ? "FULL" : "HDRS");
    g_autofree char *envid = e->envid ? smtp_xtext_encode(e->envid) : NULL;
    if (envid)
      g_string_append_printf(line, " ENVID=%s", envid);
  }
  machine_printf(&c->endpoint, "%s\r\n", line->str);
  g_string_free(line, TRUE);
}

static void
say_rcpt(struct smtp_client *c, unsigned index)
{
  const struct envelope_recipient *r = &c->envelope->recipients[index];
  GString *line = g_string_new(NULL);
  g_string_printf(line, "RCPT TO:<%s>", r->address);
  if (smtp_client_has(c, SMTP_EXTENSION_DSN)) {
    g_autofree char *notify = r->notify ? smtp_notify_format(r->notify) : NULL;
    if (notify)
      g_string_append_printf(line, " NOTIFY=%s", notify);
    const char *semicolon = r->orcpt ? strchr(r->orcpt, ';') : NULL;
    g_autofree char *original = semicolon ? smtp_xtext_encode(semicolon + 1) : NULL;
    if (original)
      g_string_append_printf(line, " ORCPT=%.*s;%s", (int)(semicolon - r->orcpt), r->orcpt,
                             original);
  }
  machine_printf(&c->endpoint, "%s\r\n", line->str);
  g_string_free(line, TRUE);
}

static void
say_data(struct smtp_client *c, unsigned index)
{
  machine_printf(&c->endpoint, "DATA\r\n");
}

/* Is p[at] behind CRLF, or the first octet? A dot is stuffed only there: behind a bare LF it is
 * text, whatever a careless server makes of it. */
static bool
is_line_start(const uint8_t *p, size_t at)
{
  return at == 0 || (at >= 2 && p[at - 2] == '\r' && p[at - 1] == '\n');
}

void
smtp_client_say_content(struct smtp_client *c)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(c->octets, &n);
  if (c->n_accepted == 0)
    n = 0;
  size_t at = 0;
  while (at < n) { /* RFC 5321 4.5.2: a dot is put before each line that begins with one */
    size_t line = line_find(p + at, n - at);
    if (line == 0)
      line = n - at;
    if (p[at] == '.' && is_line_start(p, at))
      machine_send(&c->endpoint, ".", 1);
    machine_send(&c->endpoint, p + at, line);
    at += line;
  }
  machine_printf(&c->endpoint, is_line_start(p, n) ? ".\r\n" : "\r\n.\r\n");
}

static void
say_bdat(struct smtp_client *c, unsigned index)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(c->octets, &n);
  gsize chunk = n - c->chunk_at;
  if (c->config.chunk_octets > 0)
    chunk = MIN(chunk, c->config.chunk_octets);
  bool is_last = c->chunk_at + chunk == n;
  machine_printf(&c->endpoint, "BDAT %" G_GSIZE_FORMAT "%s\r\n", chunk, is_last ? " LAST" : "");
  machine_send(&c->endpoint, p + c->chunk_at, chunk);
  c->chunk_at += chunk;
}

static void
say_rset(struct smtp_client *c, unsigned index)
{
  machine_printf(&c->endpoint, "RSET\r\n");
}

static void
say_quit(struct smtp_client *c, unsigned index)
{
  machine_printf(&c->endpoint, "QUIT\r\n");
}

void
smtp_client_say(struct smtp_client *c, enum smtp_step step, unsigned index)
{
  static void (*const says[N_STEPS])(struct smtp_client * c, unsigned index) = {
      [STEP_EHLO] = say_ehlo, [STEP_HELO] = say_helo, [STEP_STARTTLS] = say_starttls,
      [STEP_AUTH] = say_auth, [STEP_MAIL] = say_mail, [STEP_RCPT] = say_rcpt,
      [STEP_DATA] = say_data, [STEP_BDAT] = say_bdat, [STEP_RSET] = say_rset,
      [STEP_QUIT] = say_quit};
  if (says[step])
    says[step](c, index);
}
