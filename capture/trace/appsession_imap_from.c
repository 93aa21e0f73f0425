/* SPDX-License-Identifier: GPL-3.0-or-later */
/* appsession_imap_from.c -- where IMAP brings header fields, and whom ENVELOPE says a message is
 * from.
 *
 *     * 1 FETCH (BODY[HEADER] {99}            the literal that follows is a header: from_begin()
 *     * 1 FETCH (ENVELOPE ("date" "subject" (("name" NIL "anna" "a.test")) ...      told from the
 * line
 *                                             '-- the third item: from whom
 *
 * RFC 3501 section 7.4.2. Not here: an envelope that holds literals, of which a line shows the
 * start only. */
#include <string.h>

#include "capture/trace/appsession_private.h"

enum { ADDRESS_MAX = 320 /* RFC 5321 section 4.5.3.1 */ };

static bool
ends_in(const uint8_t *p, size_t n, const char *item)
{
  size_t k = strlen(item);
  return n >= k && text_is(p + n - k, k, item) &&
         (n == k || p[n - k - 1] == ' ' || p[n - k - 1] == '(');
}

bool
imap_from_is_header(const uint8_t *p, size_t n)
{
  static const char *const items[] = {"BODY[]", "BINARY[]", "RFC822", "BODY[HEADER]",
                                      "RFC822.HEADER"};
  while (n && p[n - 1] != '{') /* the literal's size */
    n--;
  while (n && (p[n - 1] == '{' || p[n - 1] == ' ' || p[n - 1] == '~'))
    n--;
  if (n >= 3 && memcmp(p + n - 3, "<0>", 3) == 0) /* a part from the start on */
    n -= 3;
  for (size_t i = 0; i < G_N_ELEMENTS(items); i++)
    if (ends_in(p, n, items[i]))
      return true;
  if (n < 2 || p[n - 1] != ']' || p[n - 2] != ')')
    return false;
  while (n && p[n - 1] != '[')
    n--;
  static const char fields[] = "HEADER.FIELDS (";
  return ends_in(p, n ? n - 1 : 0, "BODY") && text_is(p + n, sizeof fields - 1, fields);
}

/* A quoted string or NIL at *at, which moves behind it. */
static bool
take_string(const struct app_line *line, size_t *at, struct imap_string *out)
{
  const uint8_t *p = line->p + *at;
  size_t n = line->n_text - *at, skipped = n && p[0] == ' ';
  *out = (struct imap_string){0};
  if (n >= skipped + 3 && text_is(p + skipped, 3, "NIL")) {
    *at += skipped + 3;
    return true;
  }
  if (n <= skipped || p[skipped] != '"')
    return false;
  size_t taken = imap_string_scan(p, n, out);
  *at += taken;
  return taken && !out->odd;
}

/* "(name route mailbox host)" */
static bool
take_address(struct appsession *s, const struct app_line *line, size_t *at)
{
  struct imap_string part[4];
  size_t first = *at;
  if (*at >= line->n_text || line->p[*at] != '(')
    return false;
  ++*at;
  for (unsigned i = 0; i < G_N_ELEMENTS(part); i++)
    if (!take_string(line, at, &part[i]))
      return false;
  if (*at >= line->n_text || line->p[*at] != ')')
    return false;
  ++*at;
  if (!part[2].n || !part[3].n) /* NIL: a group begins or ends */
    return true;
  uint8_t text[2 * ADDRESS_MAX + 1];
  size_t n = imap_string_copy(&part[2], text, ADDRESS_MAX);
  text[n++] = '@';
  n += imap_string_copy(&part[3], text + n, ADDRESS_MAX);
  struct notice notice = {.kind = NOTICE_FROM,
                          .app = (enum app)s->app,
                          .side = SIDE_SERVER,
                          .element = ELEMENT_NONE,
                          .frame = line->last_frame,
                          .offset = line->offset + first,
                          .n_octets = (uint32_t)(*at - first),
                          .text = text,
                          .n_text = n};
  s->sink->notice(s->data, &notice);
  return true;
}

static void
take_envelope(struct appsession *s, const struct app_line *line, size_t at)
{
  struct imap_string ignored;
  if (!take_string(line, &at, &ignored) || !take_string(line, &at, &ignored)) /* date, subject */
    return;
  if (at + 2 > line->n_text || line->p[at] != ' ' || line->p[at + 1] != '(')
    return;
  at += 2;
  while (take_address(s, line, &at))
    continue;
}

/* Whether the word stands anywhere, in quotes or not: few lines have it, and every one is asked. */
static bool
names_envelope(const uint8_t *p, size_t n)
{
  static const char word[] = "ENVELOPE ";
  const size_t n_word = sizeof word - 1;
  const uint8_t *end = p + n, *at = n ? memchr(p, '(', n) : NULL;
  for (; at; at = at + 1 < end ? memchr(at + 1, '(', (size_t)(end - at - 1)) : NULL)
    if ((size_t)(at - p) >= n_word && text_is(at - n_word, n_word, word))
      return true;
  return false;
}

void
imap_from_envelope(struct appsession *s, const struct app_line *line)
{
  if (!names_envelope(line->p, line->n_text))
    return;
  static const char word[] = "ENVELOPE (";
  static const bool stops[256] = {['"'] = true, ['E'] = true, ['e'] = true};
  const size_t n_word = sizeof word - 1;
  const uint8_t *p = line->p;
  size_t n = line->n_text > n_word ? line->n_text - n_word : 0; /* where the word may begin */
  for (size_t i = 0; i < n; i++) {
    while (i < n && !stops[p[i]])
      i++;
    if (i == n)
      return;
    if (p[i] != '"') {
      if ((p[i + 1] | 0x20) == 'n' && text_is(p + i, n_word, word))
        take_envelope(s, line, i + n_word);
      continue;
    }
    const uint8_t *end = memchr(p + i + 1, '"', n - i - 1); /* of the quoted string */
    if (!end)
      return;
    if (end[-1] != '\\') {
      i = (size_t)(end - p);
      continue;
    }
    for (i++; i < n && p[i] != '"'; i++)
      i += p[i] == '\\';
  }
}
