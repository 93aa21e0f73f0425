/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_from.c -- finds whom a message says it is from, while its octets go by.
 *
 *     START ─"from:"─> VALUE ─line end─> (a blank first: VALUE goes on) ─> tell the addresses
 *       └─other─> SKIP ─line end─> START          an empty line, or HEADER_MAX octets: DONE
 *
 * RFC 5322 sections 2.2.3 (folding), 3.6.2. Only the octets of this one field are kept. What lies
 * between "<" and ">" is an address, or else each word with an "@". Not here: comments and groups,
 * which hide nothing from the rules that read this (look-alike addresses). */
#include <string.h>

#include "capture/trace/appsession_private.h"
#include "capture/wire/scan.h"

enum from_state { FROM_DONE, FROM_START, FROM_SKIP, FROM_VALUE };
enum { HEADER_MAX = 8192, VALUE_MAX = 998, ADDRESSES_MAX = 8 };

struct app_from {
  uint32_t n_seen;
  uint64_t offset; /* of the field */
  uint32_t frame;
  uint8_t state;
  uint8_t n_matched; /* of "from:" */
  bool is_watched;   /* octets beyond ASCII were told */
  bool collecting;   /* the field's value may go on in the next line */
  uint16_t n;
  uint8_t value[VALUE_MAX];
};

void
from_begin(struct app_side *side)
{
  if (!side->from)
    side->from = g_new(struct app_from, 1);
  *side->from = (struct app_from){.state = FROM_START};
}

static void
tell_address(struct appsession *s, enum side which, const struct app_from *f, size_t first,
             size_t end, uint64_t next)
{
  struct notice n = {.kind = NOTICE_FROM,
                     .app = (enum app)s->app,
                     .side = which,
                     .element = ELEMENT_NONE,
                     .frame = f->frame,
                     .offset = f->offset,
                     .n_octets = (uint32_t)(next - f->offset),
                     .text = f->value + first,
                     .n_text = end - first};
  s->sink->notice(s->data, &n);
}

/* The field ends before the octet with the offset `next`. */
static void
tell_addresses(struct appsession *s, enum side which, struct app_from *f, uint64_t next)
{
  static const bool ends_word[256] = {
      [0] = true,   [' '] = true, ['\t'] = true, [','] = true, [';'] = true,
      ['<'] = true, ['>'] = true, ['"'] = true,  ['('] = true, [')'] = true};
  unsigned n_told = 0;
  f->collecting = false;
  for (size_t i = 0; i < f->n && n_told < ADDRESSES_MAX;) {
    size_t end = i;
    bool at = false;
    while (end < f->n && !ends_word[f->value[end]]) {
      at |= f->value[end] == '@';
      end++;
    }
    if (at) {
      tell_address(s, which, f, i, end, next);
      n_told++;
    }
    i = end + 1;
  }
}

void
from_end(struct appsession *s, enum side which, uint64_t next)
{
  struct app_from *f = s->sides[which].from;
  if (!f || f->state == FROM_DONE)
    return;
  if (f->collecting)
    tell_addresses(s, which, f, next);
  f->state = FROM_DONE;
}

/* At the start of a line: p[0] is its next octet. False when the header has ended. */
static bool
start_line(struct appsession *s, enum side which, struct app_from *f, uint8_t c, uint64_t at,
           uint32_t frame)
{
  static const char name[] = "from:";
  if (f->n_matched == 0) {
    if (f->collecting && (c == ' ' || c == '\t')) {
      f->state = FROM_VALUE;
      return true;
    }
    if (f->collecting)
      tell_addresses(s, which, f, at);
    if (c == '\r' || c == '\n')
      return false;
  }
  if (g_ascii_tolower((char)c) != name[f->n_matched]) {
    f->state = FROM_SKIP;
    return true;
  }
  if (f->n_matched++ == 0) {
    f->offset = at;
    f->frame = frame;
  }
  if (!name[f->n_matched]) {
    f->state = FROM_VALUE;
    f->collecting = true;
    f->n = 0;
  }
  return true;
}

/* Returns how many of the octets belong to the header. */
static size_t
read_header(struct appsession *s, enum side which, struct app_from *f, const uint8_t *p, size_t n,
            uint64_t base, uint32_t frame)
{
  for (size_t i = 0; i < n;) {
    if (f->n_seen + i > HEADER_MAX) {
      f->state = FROM_DONE;
      return i;
    }
    if (f->state == FROM_START) {
      uint8_t c = p[i];
      bool is_other = f->n_matched == 0 && !f->collecting && c > '\r' && (c | 0x20) != 'f';
      if (is_other) { /* most lines of a header: on to the next one, if it is here */
        const uint8_t *lf = memchr(p + i, '\n', n - i);
        f->state = lf ? FROM_START : FROM_SKIP;
        i = lf ? (size_t)(lf - p) + 1 : n;
        continue;
      }
      if (!start_line(s, which, f, c, base + i, frame)) {
        f->state = FROM_DONE;
        return i;
      }
      if (f->state == FROM_SKIP)
        continue; /* this octet may be the line's end */
      i++;
      continue;
    }
    const uint8_t *lf = memchr(p + i, '\n', n - i);
    size_t end = lf ? (size_t)(lf - p) : n;
    if (f->state == FROM_VALUE) {
      size_t take = MIN(end - i, VALUE_MAX - (size_t)f->n);
      memcpy(f->value + f->n, p + i, take);
      f->n = (uint16_t)(f->n + take);
      while (lf && f->n && (f->value[f->n - 1] == '\r'))
        f->n--;
      f->frame = frame;
    }
    if (lf) {
      f->state = FROM_START;
      f->n_matched = 0;
    }
    i = end + (lf != NULL);
  }
  f->n_seen += (uint32_t)n;
  return n;
}

/* RFC 6531 section 3.4: a header with octets beyond ASCII has to be announced with MAIL. */
static void
watch_octets(struct appsession *s, struct app_from *f, const uint8_t *p, size_t n, uint64_t base,
             uint32_t frame)
{
  size_t i = scan_high(p, n);
  if (i == n)
    return;
  static const char what[] = "header";
  struct notice notice = {.kind = NOTICE_UTF8_UNDECLARED,
                          .app = APP_SMTP,
                          .side = SIDE_CLIENT,
                          .element = ELEMENT_NONE,
                          .frame = frame,
                          .offset = base + i,
                          .n_octets = 1,
                          .text = (const uint8_t *)what,
                          .n_text = sizeof what - 1};
  s->sink->notice(s->data, &notice);
  f->is_watched = true;
}

void
from_feed(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint64_t base,
          uint32_t frame)
{
  struct app_from *f = s->sides[which].from;
  if (!f || f->state == FROM_DONE)
    return;
  size_t n_header = read_header(s, which, f, p, n, base, frame);
  if (s->app == APP_SMTP && which == SIDE_CLIENT && s->u.smtp.wants_ascii && !f->is_watched)
    watch_octets(s, f, p, n_header, base, frame);
}
