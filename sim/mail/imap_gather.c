/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_gather.c -- from octets to whole IMAP commands: lines, literals, and what is refused early.
 *
 *     a1 APPEND INBOX {310} CRLF   ── "+ …" ──>   310 octets CRLF   ──> one command
 *     a2 LOGIN {3+} CRLF bob {6+} CRLF secret CRLF                 ──> one command, nothing awaited
 *
 * A command is run when its last line is there, so one runs at a time and none starts before the
 * one before it has been answered (RFC 3501 5.5). Where the client waits for "+", a command that
 * cannot succeed is refused instead, before its octets come (RFC 9051 4.3). Where it does not wait,
 * the octets come anyhow: they are thrown away, and beyond IMAP_DISCARD_MAX the connection ends
 * (RFC 7888 4). RFC 3516: "~{n}" is a literal that may hold NUL. */
#include <string.h>

#include "sim/mail/imap_session.h"

/* "…{12}", "…{12+}" or "…~{12}" at the end of a line. */
static bool
ends_in_literal(const uint8_t *p, size_t n, uint64_t *octets, bool *is_waiting)
{
  if (n < 3 || p[n - 1] != '}')
    return false;
  size_t end = n - 1;
  *is_waiting = p[end - 1] != '+';
  if (!*is_waiting)
    end--;
  size_t at = end;
  while (at > 0 && g_ascii_isdigit(p[at - 1]))
    at--;
  if (at == end || at == 0 || p[at - 1] != '{' || end - at > 10)
    return false;
  *octets = 0;
  for (; at < end; at++)
    *octets = *octets * 10 + p[at] - '0';
  return true;
}

void
imap_gather_forget(struct imap_server *s)
{
  g_byte_array_set_size(s->command, 0);
  s->literal_left = 0;
  s->is_too_big = false;
}

/* The tag of a command that is not complete. */
static void
take_tag(struct imap_server *s)
{
  struct imap_text t = {.p = s->command->data, .n = s->command->len};
  g_free(s->tag);
  s->tag = imap_take_tag(&t);
}

static void
end_session(struct imap_server *s, const char *why)
{
  machine_printf(&s->endpoint, "* BYE %s\r\n", why);
  imap_hang_up(s);
}

/* A literal was announced; the command up to here stands in s->command. */
static void
begin_literal(struct imap_server *s, uint64_t octets, bool is_waiting)
{
  uint64_t max = s->user ? IMAP_LITERAL_MAX : IMAP_LITERAL_AUTH_MAX;
  bool breaks_minus = !is_waiting && s->is_literal_minus && octets > IMAP_LITERAL_MINUS_MAX;
  bool is_too_big =
      octets > max || s->command->len + octets > IMAP_COMMAND_MAX || breaks_minus || s->is_too_big;
  if (is_waiting && is_too_big) {
    take_tag(s);
    imap_no(s, "[TOOBIG] Literal too large");
    imap_gather_forget(s);
    return;
  }
  if (is_waiting && imap_refuse_early(s, octets)) {
    imap_gather_forget(s);
    return;
  }
  if (is_too_big && octets > (s->user ? IMAP_DISCARD_MAX : IMAP_LITERAL_AUTH_MAX)) {
    end_session(s, "[TOOBIG] Literal too large");
    return;
  }
  s->is_too_big = is_too_big;
  s->literal_left = octets;
  if (is_waiting)
    machine_printf(&s->endpoint, "+ Ready for %" G_GUINT64_FORMAT " octets\r\n", octets);
}

static void
take_line(struct imap_server *s, const uint8_t *p, size_t n)
{
  if (s->auth.is_open) {
    imap_auth_line(s, p, n);
    return;
  }
  if (s->is_idle) {
    imap_idle_line(s, p, n);
    return;
  }
  uint64_t octets;
  bool is_waiting;
  if (!s->is_too_big)
    g_byte_array_append(s->command, p, (guint)n);
  if (ends_in_literal(p, n, &octets, &is_waiting)) {
    if (!s->is_too_big)
      g_byte_array_append(s->command, (const uint8_t *)"\r\n", 2);
    begin_literal(s, octets, is_waiting);
    return;
  }
  if (s->is_too_big) {
    take_tag(s);
    imap_no(s, "[TOOBIG] Literal too large");
  } else if (s->command->len > IMAP_COMMAND_MAX) {
    end_session(s, "Command too large");
  } else {
    imap_run_command(s);
  }
  imap_gather_forget(s);
}

/* Not while the connection changes its form, an answer is still being given, a failed login has to
 * wait for its, or more waits to be sent than should: a few octets can ask for much. */
static bool
may_go_on(const struct imap_server *s)
{
  return !s->endpoint.wants_close && s->endpoint.wants == ENDPOINT_AS_IS && !s->job.step &&
         !s->auth.is_held && s->endpoint.out->len <= MACHINE_OUT_MAX;
}

void
imap_gather_feed(struct imap_server *s, const uint8_t *p, size_t n)
{
  lines_feed(&s->lines, p, n);
  if (s->auth.is_held && lines_waiting(&s->lines) > AUTH_HELD_MAX)
    end_session(s, "Too much was sent ahead");
  imap_gather_go_on(s);
}

void
imap_gather_go_on(struct imap_server *s)
{
  while (may_go_on(s)) {
    const uint8_t *line;
    size_t n_line;
    if (s->literal_left > 0) {
      n_line = lines_take(&s->lines, s->literal_left, &line);
      if (n_line == 0)
        return;
      s->literal_left -= n_line;
      if (!s->is_too_big)
        g_byte_array_append(s->command, line, (guint)n_line);
      continue;
    }
    enum lines_got got = lines_next(&s->lines, &line, &n_line);
    if (got == LINES_MORE)
      return;
    if (got == LINES_TOO_LONG) /* its end may have announced a literal: nobody knows what follows */
      end_session(s, "[TOOBIG] Line too long");
    else
      take_line(s, line, n_line);
  }
  if (s->endpoint.wants != ENDPOINT_AS_IS)
    machine_forget_clear(&s->endpoint, &s->lines,
                         s->keeps_clear && s->endpoint.wants == ENDPOINT_TLS);
}
