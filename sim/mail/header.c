/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header.c -- finds header fields in stored octets (the header part of mime.h).
 *
 * Fields are looked for by hand because their place is needed: FETCH HEADER.FIELDS returns octets
 * as they were sent. What a value means (encoded words, addresses) is GMime's business. RFC
 * 5322 2.2. */
#include <gmime/gmime.h>
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/address.h"
#include "sim/mail/date.h"
#include "sim/mail/mime.h"

void
mime_init(void)
{
  static gsize once;
  if (g_once_init_enter(&once)) {
    g_mime_init();
    g_once_init_leave(&once, 1);
  }
}

/* The octets of the line at p[at..end), with its LF where it has one. */
static size_t
line_octets(const uint8_t *p, size_t at, size_t end)
{
  size_t n = line_find(p + at, end - at);
  return n ? n : end - at;
}

bool
mime_next_field(const uint8_t *p, size_t *at, size_t end, size_t *field_at, size_t *name_n,
                size_t *field_end)
{
  if (*at >= end)
    return false;
  size_t n = line_octets(p, *at, end);
  if (line_trim(p + *at, n) == 0) {
    return false;
  }
  *field_at = *at;
  const uint8_t *colon = memchr(p + *at, ':', n);
  *name_n = colon ? (size_t)(colon - (p + *at)) : 0;
  while (*name_n > 0 && (p[*at + *name_n - 1] == ' ' || p[*at + *name_n - 1] == '\t'))
    (*name_n)--;
  *at += n;
  while (*at < end && (p[*at] == ' ' || p[*at] == '\t')) {
    n = line_octets(p, *at, end);
    *at += n;
  }
  *field_end = *at;
  return true;
}

size_t
mime_header_end(const uint8_t *p, size_t at, size_t end)
{
  size_t field_at, name_n, field_end;
  while (mime_next_field(p, &at, end, &field_at, &name_n, &field_end))
    ;
  return at < end ? at + line_octets(p, at, end) : end;
}

bool
mime_header(const uint8_t *p, size_t at, size_t end, const char *name, size_t *value_at,
            size_t *value_end)
{
  size_t field_at, name_n, field_end;
  while (mime_next_field(p, &at, end, &field_at, &name_n, &field_end)) {
    if (!text_is(p + field_at, name_n, name))
      continue;
    const uint8_t *colon = memchr(p + field_at, ':', field_end - field_at);
    if (!colon) /* a line that is no field has the name "" */
      continue;
    *value_at = (size_t)(colon - p) + 1;
    *value_end = *value_at + line_trim(p + *value_at, field_end - *value_at);
    return true;
  }
  return false;
}

char *
mime_header_text(const uint8_t *p, size_t at, size_t end, const char *name)
{
  size_t from, to;
  if (!mime_header(p, at, end, name, &from, &to))
    return NULL;
  while (from < to && (p[from] == ' ' || p[from] == '\t'))
    from++;
  GString *text = g_string_sized_new(to - from);
  for (size_t i = from; i < to; i++) {
    if (p[i] != '\r' && p[i] != '\n' && p[i] != '\0') /* unfolding takes only the line end away */
      g_string_append_c(text, (char)p[i]);
  }
  return g_string_free(text, FALSE);
}

char *
mime_decode_words(const char *text)
{
  mime_init();
  g_autofree char *decoded = g_mime_utils_header_decode_text(NULL, text);
  return g_utf8_make_valid(decoded, -1);
}

char *
mime_header_decoded(const uint8_t *p, size_t at, size_t end, const char *name)
{
  g_autofree char *raw = mime_header_text(p, at, end, name);
  return raw ? mime_decode_words(raw) : NULL;
}

char *
mime_addresses(const uint8_t *p, size_t at, size_t end, const char *name)
{
  g_autofree char *value = mime_header_text(p, at, end, name);
  if (!value)
    return NULL;
  g_autoptr(GArray) list = address_parse(value);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < list->len; i++) {
    const struct address *a = &g_array_index(list, struct address, i);
    g_autofree char *decoded = a->name ? mime_decode_words(a->name) : NULL;
    if (decoded)
      g_string_append_printf(out, "%s ", decoded);
    if (a->host)
      g_string_append_printf(out, "<%s@%s>, ", a->mailbox, a->host);
    else if (a->mailbox)
      g_string_append_printf(out, "%s: ", a->mailbox);
  }
  g_autofree char *text = g_string_free(out, FALSE);
  return g_utf8_make_valid(text, -1);
}

bool
mime_date(const uint8_t *p, size_t at, size_t end, int64_t *time_ns, int64_t *day)
{
  mime_init();
  g_autofree char *value = mime_header_text(p, at, end, "Date");
  g_autoptr(GDateTime) date = value ? g_mime_utils_header_decode_date(value) : NULL;
  if (!date)
    return false;
  int64_t seconds = g_date_time_to_unix(date);
  int64_t offset = g_date_time_get_utc_offset(date) / G_TIME_SPAN_SECOND;
  *time_ns = date_from_unix(seconds);
  *day = date_day_of_unix(seconds + offset);
  return true;
}

char *
mime_subject(GBytes *octets)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  char *subject = mime_header_decoded(p, 0, n, "Subject");
  return subject ? g_strdelimit(subject, "\t\r\n", ' ') : g_strdup("");
}
