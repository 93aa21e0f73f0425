/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_dot.c -- message octets up to the line "." that ends them (RFC 5321 4.1.1.4, RFC 1939
 * 3).
 *
 *     INSIDE ─CR─> CR ─LF─> LINE ─"."─> LINE_DOT ─CR─> LINE_DOT_CR ─LF─> the end
 *        ^──────────┴─────────┴────────────┴──────other──────┘
 *
 * Where a client's lines end in LF alone, LF . LF ends its message too. Octets are given out as
 * they come; only "." and "." CR at the end of a delivery are held, since they may begin the end.
 */
#include <string.h>

#include "capture/trace/appsession_private.h"

/* The line "." has come: its octets are the first n_end of p behind what is pending. */
static void
end_message(struct appsession *s, enum side which, const uint8_t *p, size_t n_end, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  app_side_keep(side, p, n_end, APPSESSION_LINE_MAX, frame);
  side->mode = APP_MODE_LINES;
  uint64_t offset = side->offset;
  uint32_t n = (uint32_t)side->n_pending;
  app_side_taken(side);
  struct element e = {.offset = offset,
                      .n_octets = n,
                      .first_frame = side->first_frame,
                      .last_frame = side->last_frame,
                      .command = side->run_command,
                      .kind = ELEMENT_END,
                      .flags = n == 2 ? ELEMENT_FLAG_ODD : 0};
  s->protocol->run_done(s, which);
  app_emit(s, which, &e, side->kept, side->n_kept);
}

/* The first octets of p decide about a "." or ".CR" that was held. Returns how many were taken. */
static size_t
read_held(struct appsession *s, enum side which, const uint8_t *p, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  bool has_cr = side->dot == DOT_LINE_DOT_CR;
  if (*p == '\n' && (has_cr || side->bare_lf)) {
    end_message(s, which, p, 1, frame);
    return 1;
  }
  if (*p == '\r' && !has_cr) {
    app_side_keep(side, p, 1, APPSESSION_LINE_MAX, frame);
    side->dot = DOT_LINE_DOT_CR;
    return 1;
  }
  app_flush_run(s, which, ELEMENT_MESSAGE, 0);
  side->dot = has_cr ? DOT_CR : DOT_INSIDE;
  return 0;
}

/* At p[i], inside a line: goes to the next "." at a line's start, or to the end. Other line ends
 * before a dot are told (appsession_smuggle.c). */
static size_t
skip_to_dot(struct appsession *s, enum side which, const uint8_t *p, size_t i, size_t n,
            uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  for (size_t from = i;;) {
    const uint8_t *dot = memchr(p + from, '.', n - from);
    size_t at = dot ? (size_t)(dot - p) : n;
    if (dot && at > 0 && p[at - 1] > '\r') { /* within a line, as most are */
      from = at + 1;
      continue;
    }
    bool lf = at > i && p[at - 1] == '\n';
    bool line = lf && (side->bare_lf || (at > i + 1 && p[at - 2] == '\r'));
    if (dot && !line) {
      uint8_t before = at > 0 ? p[at - 1] : side->last[1];
      if ((before == '\r' || before == '\n') && which == SIDE_CLIENT)
        smuggle_dot(s, p, n, at, frame);
      from = at + 1;
      continue;
    }
    side->dot = line ? DOT_LINE : at > i && p[at - 1] == '\r' ? DOT_CR : DOT_INSIDE;
    return at;
  }
}

/* Message octets up to the terminator; returns how many were taken. */
static size_t
read_dot(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  struct app_side *side = &s->sides[which];
  if (side->n_pending) {
    size_t taken = read_held(s, which, p, frame);
    if (taken)
      return taken;
  }
  size_t i = 0;
  while (i < n) {
    if (side->dot == DOT_CR) {
      if (p[i] == '.' && which == SIDE_CLIENT)
        smuggle_dot(s, p, n, i, frame);
      side->dot = p[i] == '\n' ? DOT_LINE : p[i] == '\r' ? DOT_CR : DOT_INSIDE;
      i++;
    } else if (side->dot == DOT_INSIDE) {
      i = skip_to_dot(s, which, p, i, n, frame);
    } else if (p[i] != '.') {
      side->dot = p[i] == '\r' ? DOT_CR : p[i] == '\n' && side->bare_lf ? DOT_LINE : DOT_INSIDE;
      i++;
    } else {
      if (which == SIDE_CLIENT)
        smuggle_dot(s, p, n, i, frame);
      size_t k = i + 1;
      bool cr = k < n && p[k] == '\r';
      k += cr;
      if (k == n) {
        app_emit_run(s, which, ELEMENT_MESSAGE, 0, p, i, frame);
        app_side_keep(side, p + i, n - i, APPSESSION_LINE_MAX, frame);
        side->dot = cr ? DOT_LINE_DOT_CR : DOT_LINE_DOT;
        return n;
      }
      if (p[k] == '\n' && (cr || side->bare_lf)) {
        app_emit_run(s, which, ELEMENT_MESSAGE, 0, p, i, frame);
        end_message(s, which, p + i, k + 1 - i, frame);
        return k + 1;
      }
      side->dot = cr ? DOT_CR : DOT_INSIDE;
      i = k;
    }
  }
  app_emit_run(s, which, ELEMENT_MESSAGE, 0, p, n, frame);
  return n;
}

size_t
dot_feed(struct appsession *s, enum side which, const uint8_t *p, size_t n, uint32_t frame)
{
  uint64_t base = s->sides[which].offset + s->sides[which].n_pending;
  if (which == SIDE_CLIENT)
    smuggle_before(s, p, n, base, frame);
  size_t taken = read_dot(s, which, p, n, frame);
  if (which == SIDE_CLIENT)
    smuggle_after(s, p, taken, base, frame);
  from_feed(s, which, p, taken, base, frame);
  return taken;
}
