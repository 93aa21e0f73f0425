/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words.c -- words of a line of text as fields. */
#include "capture/decode/words.h"

#include <string.h>

#include "capture/wire/mail.h"

struct slice
slice_part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

struct slice
word_skip_blanks(struct slice s)
{
  uint32_t n = 0;
  while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
    n++;
  return slice_skip(s, n);
}

struct slice
word_take(struct slice *rest)
{
  struct slice s = word_skip_blanks(*rest);
  uint32_t n = 0;
  while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
    n++;
  *rest = slice_skip(s, n);
  return slice_cut(s, n);
}

struct slice
word_take_until(struct slice *rest, uint8_t end)
{
  struct slice s = *rest;
  const uint8_t *found = s.n ? memchr(s.p, end, s.n) : NULL;
  uint32_t n = found ? (uint32_t)(found - s.p) : s.n;
  *rest = slice_skip(s, found ? n + 1 : n);
  return slice_cut(s, n);
}

bool
word_is(struct slice word, const char *literal)
{
  return text_is(word.p, word.n, literal);
}

bool
word_begins(struct slice word, const char *literal)
{
  return text_is(word.p, MIN(word.n, strlen(literal)), literal);
}

bool
word_number(struct slice word, uint64_t *number)
{
  uint64_t value = 0;
  for (uint32_t i = 0; i < word.n; i++) {
    if (word.p[i] < '0' || word.p[i] > '9' || value > (UINT64_MAX - 9) / 10)
      return false;
    value = value * 10 + (word.p[i] - '0');
  }
  *number = value;
  return word.n > 0;
}

unsigned
word_build(struct decode *d, const struct field_def *def, struct slice word)
{
  return word.n ? build_text(d, def, word, word.p, word.n) : BUILD_NOTHING;
}

unsigned
word_number_build(struct decode *d, const struct field_def *def, struct slice word)
{
  uint64_t number;
  return word_number(word, &number) ? build_number(d, def, word, number) : BUILD_NOTHING;
}

unsigned
word_mark_build(struct decode *d, const struct field_def *def, struct slice word)
{
  return word.n ? build_none(d, def, word) : BUILD_NOTHING;
}
