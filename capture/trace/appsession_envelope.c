/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_envelope.c -- whom SMTP's commands name, and what the server says to it.
 *
 *     MAIL FROM:<a> ─250─> envelope = a NUL
 *     RCPT TO:<b>   ─25x─> envelope = a NUL b NUL      ─550─> counted as unknown
 *                   ─────> NOTICE_RECIPIENT
 *     DATA ... "."  ─250─> NOTICE_MESSAGE
 *     VRFY, EXPN    ─────> NOTICE_PROBE
 *
 * The rules about relaying, floods, enumeration and look-alike addresses read these notices;
 * nothing else does. Answers come after their commands, so a command keeps its argument until then.
 */
#include <string.h>

#include "capture/trace/appsession_private.h"

enum {
  ARGUMENT_MAX = 320,     /* RFC 5321 4.5.3.1: local part 64, domain 255, and the @ */
  ENVELOPE_MAX = 16384,   /* what exceeds it is left out of the notice: some hundred recipients */
  RECIPIENTS_UNKNOWN = 5, /* a person mistypes one or two; the catalogue's run begins here */
};

struct app_argument {
  uint64_t offset; /* of the command's line */
  uint32_t n_line;
  uint32_t frame;
  uint16_t n;
  uint8_t octets[];
};

static size_t
skip_path_end(const uint8_t *p, size_t at, size_t n)
{
  bool quoted = false;
  for (; at < n; at++) {
    if (quoted && p[at] == '\\')
      at++;
    else if (p[at] == '"')
      quoted = !quoted;
    else if (!quoted && (p[at] == '>' || p[at] == ' '))
      return at;
  }
  return n;
}

void
envelope_command(struct app_command *c, const struct app_line *line, size_t at)
{
  const uint8_t *colon = c->verb == SMTP_MAIL || c->verb == SMTP_RCPT
                             ? memchr(line->p + at, ':', line->n_text - at)
                             : NULL;
  if (colon)
    at = (size_t)(colon - line->p) + 1;
  while (at < line->n_text && (line->p[at] == ' ' || line->p[at] == '<'))
    at++;
  size_t n = MIN(skip_path_end(line->p, at, line->n_text) - at, (size_t)ARGUMENT_MAX);
  struct app_argument *a = g_malloc(sizeof *a + n);
  *a = (struct app_argument){.offset = line->offset,
                             .n_line = (uint32_t)MIN(line->n_octets, UINT32_MAX),
                             .frame = line->last_frame,
                             .n = (uint16_t)n};
  memcpy(a->octets, line->p + at, n);
  c->argument = a;
}

void
envelope_forget(struct app_command *c)
{
  g_clear_pointer(&c->argument, g_free);
}

void
envelope_clear(struct appsession *s)
{
  g_clear_pointer(&s->u.smtp.envelope, g_byte_array_unref);
}

static void
add_to_envelope(struct appsession *s, const struct app_argument *a)
{
  GByteArray *to = s->u.smtp.envelope;
  static const uint8_t end = 0;
  if (!to || to->len + a->n + 1u > ENVELOPE_MAX || memchr(a->octets, 0, a->n))
    return;
  g_byte_array_append(to, a->octets, a->n);
  g_byte_array_append(to, &end, 1);
  s->u.smtp.envelope_octets = (uint32_t)(a->offset + a->n_line - s->u.smtp.envelope_offset);
  s->u.smtp.envelope_frame = a->frame;
}

static void
tell(struct appsession *s, enum notice_kind kind, unsigned code, const struct app_argument *a)
{
  struct notice n = {.kind = kind,
                     .app = (enum app)s->app,
                     .side = SIDE_CLIENT,
                     .code = (uint16_t)code,
                     .element = ELEMENT_NONE,
                     .frame = a->frame,
                     .offset = a->offset,
                     .n_octets = a->n_line,
                     .text = a->octets,
                     .n_text = a->n};
  s->sink->notice(s->data, &n);
}

static void
tell_message(struct appsession *s)
{
  const GByteArray *envelope = s->u.smtp.envelope;
  struct notice n = {.kind = NOTICE_MESSAGE,
                     .app = (enum app)s->app,
                     .side = SIDE_CLIENT,
                     .code = (uint16_t)((s->u.smtp.authenticated ? MESSAGE_AUTHENTICATED : 0) |
                                        (s->u.smtp.lmtp ? MESSAGE_LMTP : 0)),
                     .element = ELEMENT_NONE,
                     .frame = s->u.smtp.envelope_frame,
                     .offset = s->u.smtp.envelope_offset,
                     .n_octets = s->u.smtp.envelope_octets,
                     .text = envelope->data,
                     .n_text = envelope->len};
  s->sink->notice(s->data, &n);
  envelope_clear(s);
}

/* RFC 5321 4.2.3, RFC 3463 3.2: no such mailbox, as against "not allowed". */
static bool
is_unknown_mailbox(const struct appsession *s, unsigned code)
{
  return (code == 550 || code == 551 || code == 553) && !s->u.smtp.denied;
}

void
envelope_answered(struct appsession *s, const struct app_command *c, unsigned code, uint32_t frame)
{
  bool ok = code >= 200 && code < 300;
  const struct app_argument *a = c->argument;
  if (c->verb == SMTP_DATA || c->verb == SMTP_BDAT) {
    if (ok && s->u.smtp.envelope && c->kind != 0)
      tell_message(s);
    return;
  }
  if (c->verb == SMTP_RSET || c->verb == SMTP_EHLO || c->verb == SMTP_HELO)
    envelope_clear(s);
  if (!a)
    return;
  switch ((enum smtp_verb)c->verb) {
  case SMTP_MAIL:
    envelope_clear(s);
    if (!ok)
      break;
    s->u.smtp.envelope = g_byte_array_new();
    s->u.smtp.envelope_offset = a->offset;
    add_to_envelope(s, a);
    break;
  case SMTP_RCPT:
    if (!s->u.smtp.lmtp)
      tell(s, NOTICE_RECIPIENT, code, a);
    if (ok)
      add_to_envelope(s, a);
    else if (is_unknown_mailbox(s, code) && ++s->u.smtp.n_unknown == RECIPIENTS_UNKNOWN)
      tell(s, NOTICE_RECIPIENTS_UNKNOWN, RECIPIENTS_UNKNOWN, a);
    break;
  case SMTP_VRFY:
  case SMTP_EXPN:
    tell(s, NOTICE_PROBE, code, a);
    break;
  default:
    break;
  }
}
