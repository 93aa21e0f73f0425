/* SPDX-License-Identifier: GPL-3.0-or-later */
/* machine.c -- what the bodies of all endpoints share.
 *
 * A line ends with LF. Whether a CR stood before it is reported, not forgiven: SMTP refuses bare
 * line ends (RFC 5321 2.3.8), the others accept them from people who type by hand. */
#include "sim/mail/machine.h"

#include <stdarg.h>
#include <string.h>

#include "capture/wire/lang.h"
#include "capture/wire/mail.h"

void
machine_init(struct endpoint *e, const struct endpoint_ops *ops)
{
  e->ops = ops;
  e->out = g_byte_array_new();
  e->wants_close = false;
  e->deadline_ns = ENDPOINT_NEVER;
}

void
machine_clear(struct endpoint *e)
{
  g_clear_pointer(&e->out, g_byte_array_unref);
}

void
machine_send(struct endpoint *e, const void *p, size_t n)
{
  g_byte_array_append(e->out, p, (guint)n);
}

void
machine_printf(struct endpoint *e, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  machine_send(e, text, strlen(text));
}

void
machine_emit(struct endpoint *e, const char *key, const char *format, ...)
{
  if (!e->event)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  e->event(e->event_data, key, text);
}

void
lines_init(struct lines *l, size_t max)
{
  *l = (struct lines){.held = g_byte_array_new(), .max = max};
}

void
lines_clear(struct lines *l)
{
  g_clear_pointer(&l->held, g_byte_array_unref);
}

void
lines_feed(struct lines *l, const uint8_t *p, size_t n)
{
  if (l->at > 0) {
    g_byte_array_remove_range(l->held, 0, (guint)l->at);
    l->scanned -= l->at;
    l->at = 0;
  }
  g_byte_array_append(l->held, p, (guint)n);
}

static bool
has_bare_end(const uint8_t *p, size_t n)
{
  return n < 2 || p[n - 2] != '\r' || memchr(p, '\r', n - 2) != NULL;
}

/* The line p[at..at+whole) is complete, LF included. */
static enum lines_got
take_line(struct lines *l, size_t whole, const uint8_t **p, size_t *n)
{
  const uint8_t *line = l->held->data + l->at;
  l->at += whole;
  l->scanned = l->at;
  if (l->skipping) {
    l->skipping = false;
    return LINES_MORE;
  }
  if (whole > l->max)
    return LINES_TOO_LONG;
  *p = line;
  *n = line_trim(line, whole);
  return has_bare_end(line, whole) ? LINES_BARE : LINES_ONE;
}

enum lines_got
lines_next(struct lines *l, const uint8_t **p, size_t *n)
{
  while (l->at < l->held->len) {
    const uint8_t *from = l->held->data + l->scanned;
    size_t whole = line_find(from, l->held->len - l->scanned);
    if (whole > 0) {
      enum lines_got got = take_line(l, l->scanned - l->at + whole, p, n);
      if (got != LINES_MORE)
        return got;
      continue;
    }
    l->scanned = l->held->len;
    if (l->skipping || l->held->len - l->at > l->max) {
      bool is_news = !l->skipping;
      l->skipping = true;
      l->at = l->scanned = l->held->len;
      return is_news ? LINES_TOO_LONG : LINES_MORE;
    }
    break;
  }
  return LINES_MORE;
}

size_t
lines_take(struct lines *l, size_t max, const uint8_t **p)
{
  size_t n = MIN(max, lines_waiting(l));
  *p = l->held->data ? l->held->data + l->at : NULL;
  l->at += n;
  l->scanned = MAX(l->scanned, l->at);
  return n;
}

size_t
lines_waiting(const struct lines *l)
{
  return l->held->len - l->at;
}

void
machine_forget_clear(struct endpoint *e, struct lines *l, bool keeps)
{
  unsigned n = (unsigned)lines_waiting(l);
  const uint8_t *p;
  if (n == 0)
    return;
  if (keeps) {
    machine_emit(
        e, "log",
        lang_text("vulnerable on purpose: %u octets that came in clear are obeyed under TLS",
                  "จงใจให้มีช่องโหว่: %u ออกเตตที่มาแบบไม่เข้ารหัสจะถูกปฏิบัติตามภายใต้ TLS"),
        n);
    return;
  }
  lines_take(l, n, &p);
  machine_emit(e, "log",
               lang_text("%u octets came in clear behind the go-ahead and are thrown away: "
                         "somebody may have put them there",
                         "มี %u ออกเตตที่มาแบบไม่เข้ารหัสต่อท้ายคำตอบตกลง จึงทิ้งไป "
                         "อาจมีผู้แทรกเข้ามา"),
               n);
}

bool
machine_goes_on_clear(struct endpoint *e, enum tls_use use)
{
  bool goes_on = use != TLS_REQUIRED;
  machine_emit(e, "log", "%s",
               goes_on ? lang_text("the server offers no TLS: going on in clear",
                                   "เซิร์ฟเวอร์ไม่เสนอ TLS จึงทำต่อแบบไม่เข้ารหัส")
                       : lang_text("the server offers no TLS, or somebody removed the offer: no "
                                   "name and no password is sent",
                                   "เซิร์ฟเวอร์ไม่เสนอ TLS หรือมีผู้ลบข้อเสนอออก จึงไม่ส่งชื่อและรหัสผ่าน"));
  return goes_on;
}
