/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_smuggle.c -- looks in a client's message for ends that are none.
 *
 * A message ends with CR LF . CR LF and with nothing else (RFC 5321 sections 2.3.8, 4.1.1.4).
 * Servers that take other line ends around the dot for the end too read what follows as commands;
 * to the server before them it was text. That difference is SMTP smuggling (CVE-2023-51764 and its
 * kin).
 *
 *     line end, "." ─smuggle_dot─> DOT ─LF─────────────> TEXT ─4 letters─> NOTICE_SMUGGLING
 *                                   └──CR─> DOT_CR ─LF──^       (code 1: they are a command's)
 *                                             └─other───^
 *     CR LF . CR LF leads back to NONE: it is the end.
 *
 * The dots are found by the reader of messages (appsession.c), which looks at each of them anyway.
 * Line ends without their other half are looked for in the first octets of a message only: a
 * program that writes them writes them everywhere. */
#include <string.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/scan.h"

enum smuggle_state { SMUGGLE_NONE, SMUGGLE_DOT, SMUGGLE_DOT_CR, SMUGGLE_TEXT };

enum { EXAMINED_MAX = 2048 }; /* the fields of a message, mostly */

void
smuggle_begin(struct app_side *side)
{
  side->smuggle = SMUGGLE_NONE;
  side->n_examined = 0;
  side->last[0] = '\r';
  side->last[1] = '\n';
  side->smuggle_next = 0;
}

/* The reader of messages takes what follows for the begin of a line, and so does this; whether a
 * line end at the hole stood alone nobody knows. */
void
smuggle_gap(struct app_side *side)
{
  side->smuggle = SMUGGLE_NONE;
  side->n_examined = EXAMINED_MAX;
  side->last[0] = '\r';
  side->last[1] = '\n';
}

static void
tell(struct appsession *s, enum notice_kind kind, uint16_t code, uint64_t offset, uint32_t n_octets,
     uint32_t frame)
{
  struct notice n = {.kind = kind,
                     .app = (enum app)s->app,
                     .side = SIDE_CLIENT,
                     .code = code,
                     .element = ELEMENT_NONE,
                     .frame = frame,
                     .offset = offset,
                     .n_octets = n_octets};
  char text[24];
  if (kind == NOTICE_SMUGGLING) {
    const struct app_side *side = &s->sides[SIDE_CLIENT];
    g_snprintf(text, sizeof text, "%s . %s", side->false_ends[0], side->false_ends[1]);
    n.text = (const uint8_t *)text;
    n.n_text = strlen(text);
  }
  s->sink->notice(s->data, &n);
}

static bool
is_command(const uint8_t verb[4])
{
  static const char verbs[][5] = {"MAIL", "EHLO", "HELO", "LHLO", "RCPT", "DATA",
                                  "RSET", "AUTH", "BDAT", "VRFY", "STAR"};
  for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
    if (text_is(verb, 4, verbs[i]))
      return true;
  return false;
}

/* One octet behind the dot; `at` is its offset in the stream. */
static void
step(struct appsession *s, struct app_side *side, uint8_t c, uint64_t at, uint32_t frame)
{
  switch ((enum smuggle_state)side->smuggle) {
  case SMUGGLE_NONE:
    return;
  case SMUGGLE_DOT:
    /* A client whose lines all end in LF ends its message so too. */
    if (c == '\n')
      side->smuggle = side->bare_lf ? SMUGGLE_NONE : SMUGGLE_TEXT;
    else
      side->smuggle = c == '\r' ? SMUGGLE_DOT_CR : SMUGGLE_NONE;
    side->false_ends[1] = c == '\n' ? "LF" : "CR";
    return;
  case SMUGGLE_DOT_CR:
    if (c == '\n') { /* CR LF behind the dot: the true end, unless what is before it is odd */
      bool end = side->false_end_is_strict || side->bare_lf;
      side->smuggle = end ? SMUGGLE_NONE : SMUGGLE_TEXT;
      side->false_ends[1] = "CRLF";
      return;
    }
    side->smuggle = SMUGGLE_TEXT;
    break;
  case SMUGGLE_TEXT:
    break;
  }
  side->verb[side->n_verb++] = c;
  bool letter = g_ascii_isalpha(c);
  if (letter && side->n_verb < sizeof side->verb)
    return;
  side->smuggle = SMUGGLE_NONE;
  bool command = letter && is_command(side->verb);
  uint64_t first = side->false_end - side->false_end_octets;
  if (command)
    s->u.smtp.smuggled = true;
  tell(s, NOTICE_SMUGGLING, command, first, (uint32_t)(at + command - first), frame);
}

void
smuggle_dot(struct appsession *s, const uint8_t *p, size_t n, size_t at, uint32_t frame)
{
  struct app_side *side = &s->sides[SIDE_CLIENT];
  uint64_t base = side->offset + side->n_pending;
  if (base + at < side->smuggle_next)
    return; /* seen already */
  uint8_t before = at > 0 ? p[at - 1] : side->last[1];
  uint8_t before_that = at > 1 ? p[at - 2] : at == 1 ? side->last[1] : side->last[0];
  side->false_end_is_strict = before == '\n' && before_that == '\r';
  side->false_end_octets = side->false_end_is_strict ? 2 : 1;
  side->false_ends[0] = side->false_end_is_strict ? "CRLF" : before == '\n' ? "LF" : "CR";
  side->false_end = base + at;
  side->n_verb = 0;
  side->smuggle = SMUGGLE_DOT;
  for (size_t i = at + 1; i < n && side->smuggle != SMUGGLE_NONE; i++) {
    step(s, side, p[i], base + i, frame);
    side->smuggle_next = base + i + 1;
  }
}

/* Only LF and CR that stand alone; a CR at the end of what is here may yet get its LF. p[0] has the
 * offset `base`. */
static void
find_bare(struct appsession *s, struct app_side *side, const uint8_t *p, size_t n, uint64_t base,
          uint32_t frame)
{
  size_t examine = MIN(n, EXAMINED_MAX - side->n_examined);
  if (examine == 0)
    return;
  bool is_first = (p[0] == '\n') != (side->last[1] == '\r');
  size_t at = is_first ? 0 : scan_bare_end(p, 1, examine);
  if (at == examine) {
    side->n_examined += (uint32_t)examine;
    return;
  }
  bool is_lf = p[at] == '\n';
  side->n_examined = EXAMINED_MAX;
  tell(s, NOTICE_BARE_LINE_END, is_lf ? '\n' : '\r', base + at - !is_lf, 1, frame);
}

void
smuggle_before(struct appsession *s, const uint8_t *p, size_t n, uint64_t base, uint32_t frame)
{
  struct app_side *side = &s->sides[SIDE_CLIENT];
  for (size_t i = 0; i < n && side->smuggle != SMUGGLE_NONE; i++)
    if (base + i >= side->smuggle_next) {
      step(s, side, p[i], base + i, frame);
      side->smuggle_next = base + i + 1;
    }
}

void
smuggle_after(struct appsession *s, const uint8_t *p, size_t n, uint64_t base, uint32_t frame)
{
  struct app_side *side = &s->sides[SIDE_CLIENT];
  if (side->n_examined < EXAMINED_MAX && !side->bare_lf)
    find_bare(s, side, p, n, base, frame);
  if (n > 0) {
    side->last[0] = n > 1 ? p[n - 2] : side->last[1];
    side->last[1] = p[n - 1];
  }
}
