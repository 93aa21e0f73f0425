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
  ARGUMENT_ROOM = 64,     /* at least: most addresses, so that one place serves all commands */
  ENVELOPE_ROOM = 256,    /* at first: a few recipients */
  RECIPIENTS_UNKNOWN = 5, /* a person mistypes one or two; the catalogue's run begins here */
};

struct app_argument {
  uint64_t offset; /* of the command's line */
  uint32_t n_line;
  uint32_t frame;
  uint16_t n, room;
  uint8_t octets[];
};

/* What was accepted so far: sender NUL recipient NUL ... */
struct app_envelope {
  bool is_open; /* behind an accepted MAIL */
  uint16_t n, room;
  uint8_t octets[];
};

static size_t
skip_path_end(const uint8_t *p, size_t at, size_t n)
{
  static const bool is_special[256] = {['\\'] = true, ['"'] = true, ['>'] = true, [' '] = true};
  bool quoted = false;
  for (; at < n; at++) {
    if (!is_special[p[at]])
      continue;
    if (quoted && p[at] == '\\')
      at++;
    else if (p[at] == '"')
      quoted = !quoted;
    else if (!quoted && (p[at] == '>' || p[at] == ' '))
      return at;
  }
  return n;
}

/* The last one that was forgotten, if it has the room. */
static struct app_argument *
take_argument(struct appsession *s, size_t n)
{
  struct app_argument *a = s->u.smtp.spare;
  if (a && a->room >= n) {
    s->u.smtp.spare = NULL;
    return a;
  }
  size_t room = MAX(n, (size_t)ARGUMENT_ROOM);
  a = g_malloc(sizeof *a + room);
  a->room = (uint16_t)room;
  return a;
}

void
envelope_command(struct appsession *s, struct app_command *c, const struct app_line *line,
                 size_t at)
{
  const uint8_t *colon = c->verb == SMTP_MAIL || c->verb == SMTP_RCPT
                             ? memchr(line->p + at, ':', line->n_text - at)
                             : NULL;
  if (colon)
    at = (size_t)(colon - line->p) + 1;
  while (at < line->n_text && (line->p[at] == ' ' || line->p[at] == '<'))
    at++;
  size_t n = MIN(skip_path_end(line->p, at, line->n_text) - at, (size_t)ARGUMENT_MAX);
  struct app_argument *a = take_argument(s, n);
  a->offset = line->offset;
  a->n_line = (uint32_t)MIN(line->n_octets, UINT32_MAX);
  a->frame = line->last_frame;
  a->n = (uint16_t)n;
  memcpy(a->octets, line->p + at, n);
  c->argument = a;
}

void
envelope_forget(struct appsession *s, struct app_command *c)
{
  if (!c->argument)
    return;
  g_free(s->u.smtp.spare);
  s->u.smtp.spare = c->argument;
  c->argument = NULL;
}

void
envelope_end(struct appsession *s)
{
  g_clear_pointer(&s->u.smtp.spare, g_free);
  g_clear_pointer(&s->u.smtp.envelope, g_free);
}

static void
forget_envelope(struct appsession *s)
{
  if (s->u.smtp.envelope)
    s->u.smtp.envelope->is_open = false;
}

static void
open_envelope(struct appsession *s)
{
  struct app_envelope *e = s->u.smtp.envelope;
  if (!e) {
    e = s->u.smtp.envelope = g_malloc(sizeof *e + ENVELOPE_ROOM);
    e->room = ENVELOPE_ROOM;
  }
  e->is_open = true;
  e->n = 0;
}

static void
add_to_envelope(struct appsession *s, const struct app_argument *a)
{
  struct app_envelope *to = s->u.smtp.envelope;
  if (!to || !to->is_open || to->n + a->n + 1u > ENVELOPE_MAX || memchr(a->octets, 0, a->n))
    return;
  if (to->n + a->n + 1u > to->room) {
    unsigned room = MIN(MAX(2u * to->room, to->n + a->n + 1u), ENVELOPE_MAX);
    to = s->u.smtp.envelope = g_realloc(to, sizeof *to + room);
    to->room = (uint16_t)room;
  }
  memcpy(to->octets + to->n, a->octets, a->n);
  to->octets[to->n + a->n] = 0;
  to->n = (uint16_t)(to->n + a->n + 1);
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
  const struct app_envelope *envelope = s->u.smtp.envelope;
  struct notice n = {.kind = NOTICE_MESSAGE,
                     .app = (enum app)s->app,
                     .side = SIDE_CLIENT,
                     .code = (uint16_t)((s->u.smtp.authenticated ? MESSAGE_AUTHENTICATED : 0) |
                                        (s->u.smtp.lmtp ? MESSAGE_LMTP : 0)),
                     .element = ELEMENT_NONE,
                     .frame = s->u.smtp.envelope_frame,
                     .offset = s->u.smtp.envelope_offset,
                     .n_octets = s->u.smtp.envelope_octets,
                     .text = envelope->octets,
                     .n_text = envelope->n};
  s->sink->notice(s->data, &n);
  forget_envelope(s);
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
    if (ok && s->u.smtp.envelope && s->u.smtp.envelope->is_open && c->kind != 0)
      tell_message(s);
    return;
  }
  if (c->verb == SMTP_RSET || c->verb == SMTP_EHLO || c->verb == SMTP_HELO)
    forget_envelope(s);
  if (!a)
    return;
  switch ((enum smtp_verb)c->verb) {
  case SMTP_MAIL:
    forget_envelope(s);
    if (!ok)
      break;
    open_envelope(s);
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
