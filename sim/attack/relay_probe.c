/* SPDX-License-Identifier: GPL-3.0-or-later */
/* relay_probe.c -- one conversation of the relay finder.
 *
 *     220 ─> EHLO ─250─> ┌ MAIL ─250─> RCPT ─any─> RSET ─250─┐ ─> QUIT
 *              └5yz HELO └──────────── next trick <──────────┘
 *
 * The tricks are the oldest ways to make a host pass on mail: plainly, with the null sender, as if
 * from the host itself, and with routes inside the address (RFC 5321 F.2, the percent hack and bang
 * paths of RFC 1123 5.2.16). A trick whose MAIL is refused counts as refused. */
#include "sim/attack/relay_probe.h"

#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/smtp.h"

const struct relay_trick relay_tricks[RELAY_N_TRICKS] = {
    {"plain", "probe@{D}", "{V}"},           {"null-sender", "", "{V}"},
    {"own-sender", "postmaster@{T}", "{V}"}, {"percent", "probe@{D}", "{U}%{D}@{T}"},
    {"quoted", "probe@{D}", "\"{V}\"@{T}"},  {"source-route", "probe@{D}", "@{T}:{V}"},
    {"bang", "probe@{D}", "{D}!{U}@{T}"},
};

enum probe_step {
  PROBE_GREETING,
  PROBE_EHLO,
  PROBE_HELO,
  PROBE_MAIL,
  PROBE_RCPT,
  PROBE_RSET,
  PROBE_QUIT
};

enum { PROBE_LINES_MAX = 200 /* of one reply: who talks on and on is left */ };

#define PROBE_PATIENCE_NS (30 * MACHINE_SECOND)

struct relay_probe {
  struct endpoint endpoint;
  struct relay_probe_config config;
  char *name, *target, *victim;
  struct lines lines;
  enum probe_step step;
  unsigned trick, n_lines;
  bool is_smtp, is_told;
  char *last;
};

static void
over(struct relay_probe *p)
{
  p->endpoint.wants_close = true;
  p->endpoint.deadline_ns = ENDPOINT_NEVER;
  if (p->is_told)
    return;
  p->is_told = true;
  p->config.done(p->config.data, p->is_smtp, p->last);
}

/* A template with the victim and the target in it. */
static char *
fill(const struct relay_probe *p, const char *template)
{
  const char *domain = smtp_domain(p->victim);
  g_autofree char *user = g_strndup(p->victim, strcspn(p->victim, "@"));
  g_autofree char *literal =
      g_strdup_printf("[%s%s]", strchr(p->target, ':') ? "IPv6:" : "", p->target);
  g_autoptr(GString) text = g_string_new(template);
  g_string_replace(text, "{V}", p->victim, 0);
  g_string_replace(text, "{U}", user, 0);
  g_string_replace(text, "{D}", domain, 0);
  g_string_replace(text, "{T}", literal, 0);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
go_to(struct relay_probe *p, enum probe_step step)
{
  p->step = step;
  if (step == PROBE_MAIL && p->trick >= RELAY_N_TRICKS)
    p->step = PROBE_QUIT;
  const struct relay_trick *t = &relay_tricks[MIN(p->trick, RELAY_N_TRICKS - 1u)];
  g_autofree char *sender = fill(p, t->sender), *recipient = fill(p, t->recipient);
  switch (p->step) {
  case PROBE_GREETING:
    break;
  case PROBE_EHLO:
    machine_printf(&p->endpoint, "EHLO %s\r\n", p->name);
    break;
  case PROBE_HELO:
    machine_printf(&p->endpoint, "HELO %s\r\n", p->name);
    break;
  case PROBE_MAIL:
    machine_printf(&p->endpoint, "MAIL FROM:<%s>\r\n", sender);
    break;
  case PROBE_RCPT:
    machine_printf(&p->endpoint, "RCPT TO:<%s>\r\n", recipient);
    break;
  case PROBE_RSET:
    machine_printf(&p->endpoint, "RSET\r\n");
    break;
  case PROBE_QUIT:
    machine_printf(&p->endpoint, "QUIT\r\n");
    break;
  }
}

static void
tell(struct relay_probe *p, bool is_open)
{
  p->config.answered(p->config.data, &relay_tricks[p->trick], p->last, is_open);
}

static void
on_reply(struct relay_probe *p, unsigned code)
{
  bool is_good = code / 100 == 2;
  switch (p->step) {
  case PROBE_GREETING:
    p->is_smtp = code == 220;
    go_to(p, p->is_smtp ? PROBE_EHLO : PROBE_QUIT);
    break;
  case PROBE_EHLO:
    go_to(p, is_good ? PROBE_MAIL : PROBE_HELO);
    break;
  case PROBE_HELO:
    go_to(p, is_good ? PROBE_MAIL : PROBE_QUIT);
    break;
  case PROBE_MAIL:
    if (!is_good)
      tell(p, false);
    go_to(p, is_good ? PROBE_RCPT : PROBE_RSET);
    break;
  case PROBE_RCPT:
    tell(p, is_good);
    go_to(p, PROBE_RSET);
    break;
  case PROBE_RSET:
    p->trick++;
    go_to(p, is_good ? PROBE_MAIL : PROBE_QUIT);
    break;
  case PROBE_QUIT:
    over(p);
    break;
  }
}

static void
take_line(struct relay_probe *p, const uint8_t *line, size_t n)
{
  unsigned code;
  bool more;
  size_t text_at;
  g_free(p->last);
  p->last = g_utf8_make_valid((const char *)line, (gssize)n);
  if (!smtp_reply_parse(line, n, &code, &more, &text_at) || ++p->n_lines > PROBE_LINES_MAX) {
    over(p);
    return;
  }
  if (more)
    return;
  p->n_lines = 0;
  if (code == 421)
    over(p);
  else
    on_reply(p, code);
}

static void
probe_start(struct endpoint *e, int64_t now_ns)
{
  e->deadline_ns = now_ns + PROBE_PATIENCE_NS;
}

static void
probe_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct relay_probe *probe = (struct relay_probe *)e;
  if (e->wants_close)
    return;
  e->deadline_ns = now_ns + PROBE_PATIENCE_NS;
  lines_feed(&probe->lines, p, n);
  const uint8_t *line;
  size_t n_line;
  while (!e->wants_close) {
    enum lines_got got = lines_next(&probe->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG)
      over(probe);
    else
      take_line(probe, line, n_line);
  }
}

static void
probe_eof(struct endpoint *e, int64_t now_ns)
{
  over((struct relay_probe *)e);
}

static void
probe_free(struct endpoint *e)
{
  struct relay_probe *p = (struct relay_probe *)e;
  lines_clear(&p->lines);
  g_free(p->last);
  g_free(p->name);
  g_free(p->target);
  g_free(p->victim);
  machine_clear(e);
  g_free(p);
}

static const struct endpoint_ops probe_ops = {.protocol = "smtp-client",
                                              .start = probe_start,
                                              .input = probe_input,
                                              .eof = probe_eof,
                                              .timeout = probe_eof,
                                              .free = probe_free};

struct endpoint *
relay_probe_new(const struct relay_probe_config *config)
{
  struct relay_probe *p = g_new0(struct relay_probe, 1);
  machine_init(&p->endpoint, &probe_ops);
  p->config = *config;
  p->name = g_strdup(config->name);
  p->target = g_strdup(config->target);
  p->victim = g_strdup(config->victim);
  lines_init(&p->lines, SMTP_REPLY_LINE_MAX);
  return &p->endpoint;
}
