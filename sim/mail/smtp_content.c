/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_content.c -- the octets of a message: DATA and BDAT, and where they end.
 *
 *              ┌────────── CRLF ─────────┐
 *     LINE_START ── "." ─> DOT ── CR ─> DOT_CR ── LF ─> the end
 *        └──── other ─> TEXT ── CR ─> CR ── LF ─> LINE_START         content_octet()
 *
 *     BDAT n: exactly n octets, dots and all                          chunk_take()
 *
 * Only CRLF "." CRLF ends the data (RFC 5321 4.1.1.4); the look-alikes of smtp_end.h are noticed,
 * and end it only in a server that a lesson has made weak. A refused BDAT still swallows its
 * octets, or they would be read as commands (RFC 3030 2). What is refused stands in smtp_verdict.c.
 */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/smtp_private.h"

void
smtp_content_reset(struct smtp_content *c)
{
  g_byte_array_set_size(c->octets, 0);
  /* The line of DATA ended with CRLF, so that a dot may come first. */
  *c = (struct smtp_content){.octets = c->octets};
  c->tail[SMTP_END_OCTETS_MAX - 2] = '\r';
  c->tail[SMTP_END_OCTETS_MAX - 1] = '\n';
}

static void
keep(struct smtp_server *s, const uint8_t *p, size_t n)
{
  struct smtp_content *c = &s->content;
  c->n_octets += n;
  c->n_line += n;
  if (c->n_octets <= s->config.size_max)
    g_byte_array_append(c->octets, p, (guint)n);
}

static void
remember(struct smtp_content *c, const uint8_t *p, size_t n)
{
  size_t m = MIN(n, SMTP_END_OCTETS_MAX);
  memmove(c->tail, c->tail + m, SMTP_END_OCTETS_MAX - m);
  memcpy(c->tail + SMTP_END_OCTETS_MAX - m, p + n - m, m);
}

/* Octets that are nothing but text: no line end, no NUL, and not at a place where a dot counts. */
static size_t
plain_run(const struct smtp_content *c, const uint8_t *p, size_t n)
{
  size_t run = 0;
  if (c->at != CONTENT_TEXT)
    return 0;
  while (run < n && p[run] != '\r' && p[run] != '\n' && p[run] != '.' && p[run] != '\0')
    run++;
  return run;
}

/* ---- DATA ---- */

const char *
smtp_check_data(const struct smtp_server *s, const char *arg)
{
  if (*arg)
    return "501 5.5.4 This command takes no argument";
  return s->envelope.body == ENVELOPE_BODY_BINARYMIME
             ? "503 5.5.1 BINARYMIME comes by BDAT, not by DATA" /* RFC 3030 3 */
             : NULL;
}

void
smtp_act_data(struct smtp_server *s, const char *arg)
{
  smtp_content_reset(&s->content);
  s->content.way = SMTP_CONTENT_LINES;
  smtp_set_state(s, SMTP_STATE_DATA);
  smtp_reply(s, "354 Start mail input; end with <CRLF>.<CRLF>");
}

/* Something that looks like the end has come. True when this server takes it for one. */
static bool
look_alike(struct smtp_server *s, enum smtp_end end)
{
  struct smtp_content *c = &s->content;
  if (end == SMTP_N_ENDS)
    return false;
  c->ends_seen |= 1u << end;
  if (!(s->config.lenience.ends & 1u << end))
    return false;
  machine_emit(&s->endpoint, "log",
               lang_text("%s was taken for the end of the data: what follows is obeyed as commands",
                         "ถือว่า %s เป็นจุดจบของข้อมูล: สิ่งที่ตามมาจะถูกทำตามเป็นคำสั่ง"),
               smtp_ends[end].name);
  c->n_octets -= c->octets->len - c->dot_at;
  g_byte_array_set_size(c->octets, c->dot_at);
  return true;
}

/* One octet of content. True when it ends the data. */
static bool
content_octet(struct smtp_server *s, uint8_t octet)
{
  static const uint8_t cr = '\r', crlf[] = "\r\n";
  struct smtp_content *c = &s->content;
  bool was_cr = c->at == CONTENT_CR || c->at == CONTENT_DOT_CR;
  if (was_cr && octet == '\n') {
    if (c->at == CONTENT_DOT_CR)
      return true;
    keep(s, crlf, 2);
    c->has_long_line |= c->n_line > SMTP_TEXT_LINE_MAX;
    c->n_line = 0;
    c->at = CONTENT_LINE_START;
    return false;
  }
  if (was_cr) { /* it stood alone */
    keep(s, &cr, 1);
    c->has_bare = true;
    c->at = CONTENT_TEXT;
  }
  if (octet == '\r') {
    c->at = c->at == CONTENT_DOT ? CONTENT_DOT_CR : CONTENT_CR;
    return false;
  }
  c->has_bare |= octet == '\n';
  c->has_nul |= octet == '\0';
  if (octet == '.') {
    c->dot_at = c->octets->len;
    if (c->at == CONTENT_LINE_START) {
      c->at = CONTENT_DOT; /* a stuffed dot, or the end */
      return false;
    }
  }
  keep(s, &octet, 1);
  c->at = CONTENT_TEXT;
  return false;
}

static bool
lines_of_content_take(struct smtp_server *s)
{
  struct smtp_content *c = &s->content;
  const uint8_t *p;
  size_t n;
  while ((n = lines_waiting(&s->lines)) > 0) {
    lines_take(&s->lines, 0, &p);
    size_t run = plain_run(c, p, n);
    if (run > 0) {
      keep(s, p, run);
      remember(c, p, run);
      lines_take(&s->lines, run, &p);
      continue;
    }
    if (look_alike(s, smtp_end_match(c->tail, SMTP_END_OCTETS_MAX, *p)))
      return true; /* a CR was the end: this octet belongs to the next command */
    lines_take(&s->lines, 1, &p);
    bool is_end = content_octet(s, *p);
    remember(c, p, 1);
    if (is_end || look_alike(s, smtp_end_match(c->tail, SMTP_END_OCTETS_MAX, -1)))
      return true;
  }
  return false;
}

/* ---- BDAT ---- */

/* "1000" or "1000 LAST" (RFC 3030 2). */
static bool
read_chunk(const char *arg, uint64_t *n, bool *is_last)
{
  size_t digits = strspn(arg, "0123456789");
  const char *rest = arg + digits;
  g_autofree char *number = g_strndup(arg, digits);
  guint64 value;
  while (*rest == ' ')
    rest++;
  *is_last = g_ascii_strcasecmp(rest, "LAST") == 0;
  if (digits == 0 || (arg[digits] && arg[digits] != ' ') || (*rest && !*is_last) ||
      !g_ascii_string_to_unsigned(number, 10, 0, G_MAXINT64, &value, NULL))
    return false;
  *n = value;
  return true;
}

static const char *
bdat_refusal(const struct smtp_server *s, uint64_t n)
{
  if (s->config.needs_tls && !s->endpoint.security)
    return "530 5.7.0 Must issue a STARTTLS command first";
  if (!smtp_offers(s, SMTP_EXTENSION_CHUNKING))
    return "502 5.5.1 BDAT is not offered here";
  if (s->state != SMTP_STATE_RCPT)
    return "503 5.5.1 Need RCPT before BDAT";
  return n > s->config.size_max || s->content.n_octets + n > s->config.size_max
             ? "552 5.3.4 Message too big for this server"
             : NULL;
}

void
smtp_act_bdat(struct smtp_server *s, const char *arg)
{
  struct smtp_content *c = &s->content;
  uint64_t n;
  bool is_last;
  if (!read_chunk(arg, &n, &is_last)) {
    /* How many octets follow is not known: none of them may be read as a command. */
    smtp_reply(s, "501 5.5.4 Syntax: BDAT octets [LAST]; closing connection");
    smtp_hang_up(s);
    return;
  }
  if (s->state == SMTP_STATE_RCPT && !c->is_in_chunks) {
    smtp_content_reset(c);
    c->at = CONTENT_LINE_START;
  }
  c->chunk_refusal = bdat_refusal(s, n);
  c->way = SMTP_CONTENT_CHUNK;
  c->n_chunk = c->n_left = n;
  c->is_last = is_last;
  if (!c->chunk_refusal) {
    c->is_in_chunks = true;
    smtp_set_state(s, SMTP_STATE_DATA);
  }
}

/* Looks at the octets of a chunk as lines: nothing ends them, but bare line ends do not belong to a
 * message that is no BINARYMIME. */
static void
chunk_look(struct smtp_content *c, const uint8_t *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    bool was_cr = c->at == CONTENT_CR;
    c->n_line++;
    c->has_nul |= p[i] == '\0';
    c->has_bare |= was_cr != (p[i] == '\n');
    c->at = p[i] == '\r' ? CONTENT_CR : CONTENT_TEXT;
    if (was_cr && p[i] == '\n') {
      c->has_long_line |= c->n_line > SMTP_TEXT_LINE_MAX;
      c->n_line = 0;
    }
  }
}

static bool
chunk_take(struct smtp_server *s)
{
  struct smtp_content *c = &s->content;
  const uint8_t *p;
  size_t n = lines_take(&s->lines, (size_t)MIN(c->n_left, G_MAXSIZE), &p);
  c->n_left -= n;
  if (n > 0 && !c->chunk_refusal) {
    chunk_look(c, p, n);
    c->n_octets += n;
    g_byte_array_append(c->octets, p, (guint)n);
  }
  if (c->n_left == 0 && c->is_last && c->at == CONTENT_CR)
    c->has_bare = true;
  return c->n_left == 0;
}

bool
smtp_content_take(struct smtp_server *s)
{
  return s->content.way == SMTP_CONTENT_CHUNK ? chunk_take(s) : lines_of_content_take(s);
}
