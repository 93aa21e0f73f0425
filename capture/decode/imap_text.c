/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_text.c -- the words of which IMAP lines are made (RFC 3501 section 9): tokens, mailbox
 * names, sets of numbers, items with a section, announcements of literals. */
#include <string.h>

#include "capture/decode/imap_field.h"
#include "capture/decode/words.h"

/* ---- tokens ---- */

/* The octets of a quoted string with both quotes; all that is there when the second is missing. */
static uint32_t
quoted_octets(struct slice s)
{
  uint32_t n = 1;
  while (n < s.n && s.p[n] != '"')
    n += s.p[n] == '\\' ? 2 : 1;
  return MIN(n + 1, s.n);
}

/* An atom ends at a space or parenthesis outside brackets: "BODY[HEADER.FIELDS (DATE)]<0>". */
static uint32_t
atom_octets(struct slice s)
{
  uint32_t n = 0;
  for (unsigned depth = 0; n < s.n; n++) {
    uint8_t c = s.p[n];
    if (depth == 0 && (c == ' ' || c == '(' || c == ')'))
      break;
    depth += c == '[';
    depth -= c == ']' && depth > 0;
  }
  return n;
}

struct imap_token
imap_token_take(struct slice *rest)
{
  struct slice s = word_skip_blanks(*rest);
  struct imap_token token = {.kind = IMAP_TOKEN_END, .at = s, .inner = s};
  uint64_t octets;
  bool waits;
  uint32_t n = 1;
  if (s.n == 0) {
    *rest = s;
    return token;
  }
  if (s.p[0] == '(' || s.p[0] == ')') {
    token.kind = s.p[0] == '(' ? IMAP_TOKEN_OPEN : IMAP_TOKEN_CLOSE;
  } else if (s.p[0] == '"') {
    n = quoted_octets(s);
    token.kind = IMAP_TOKEN_QUOTED;
    bool closed = n > 1 && s.p[n - 1] == '"';
    token.inner = slice_part(s, 1, n - 1 - closed);
  } else if ((s.p[0] == '{' || s.p[0] == '~') && imap_literal_at_end(s.p, s.n, &octets, &waits) &&
             s.n <= 24) { /* "~{", 20 digits, "+}" */
    n = s.n;
    token.kind = IMAP_TOKEN_LITERAL;
  } else {
    n = atom_octets(s);
    token.kind = IMAP_TOKEN_ATOM;
  }
  token.at = slice_cut(s, n);
  if (token.kind != IMAP_TOKEN_QUOTED)
    token.inner = token.at;
  *rest = slice_skip(s, n);
  return token;
}

struct imap_token
imap_token_take_if(struct slice *rest, enum imap_token_kind kind)
{
  struct slice behind = *rest;
  struct imap_token token = imap_token_take(&behind);
  if (token.kind == kind)
    *rest = behind;
  else
    token.kind = IMAP_TOKEN_END;
  return token;
}

unsigned
imap_string_build(struct decode *d, const struct field_def *def, struct imap_token token)
{
  if (token.kind != IMAP_TOKEN_ATOM && token.kind != IMAP_TOKEN_QUOTED)
    return BUILD_NOTHING;
  struct slice s = token.inner.n ? token.inner : token.at; /* of "" both quotes */
  if (token.kind == IMAP_TOKEN_ATOM || token.inner.n == 0 || !memchr(s.p, '\\', s.n))
    return build_text(d, def, s, token.inner.p, token.inner.n);
  GString *plain = d->work->line;
  g_string_truncate(plain, 0);
  for (uint32_t i = 0; i < s.n; i++) {
    if (s.p[i] == '\\' && i + 1 < s.n)
      i++;
    g_string_append_c(plain, (char)s.p[i]);
  }
  return build_text(d, def, s, plain->str, plain->len);
}

void
imap_list_build(struct decode *d, unsigned def, struct slice *rest)
{
  for (unsigned depth = 1; depth > 0;) {
    struct imap_token token = imap_token_take(rest);
    if (token.kind == IMAP_TOKEN_END)
      return;
    depth += token.kind == IMAP_TOKEN_OPEN;
    depth -= token.kind == IMAP_TOKEN_CLOSE;
    imap_string_build(d, &imap_part_defs[def], token);
  }
}

/* ---- mailbox names ---- */

static int
base64_value(uint8_t c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* One run between "&" and "-": UTF-16 in base64 whose "/" is ",". */
static void
append_utf16_run(GString *out, struct slice run)
{
  uint32_t bits = 0, n_bits = 0;
  gunichar high = 0;
  for (uint32_t i = 0; i < run.n && base64_value(run.p[i]) >= 0; i++) {
    bits = bits << 6 | (uint32_t)base64_value(run.p[i]);
    n_bits += 6;
    if (n_bits < 16)
      continue;
    n_bits -= 16;
    gunichar unit = bits >> n_bits & 0xffff;
    bits &= (1u << n_bits) - 1;
    if (unit >= 0xd800 && unit < 0xdc00) {
      high = unit;
      continue;
    }
    if (unit >= 0xdc00 && unit < 0xe000 && high)
      unit = 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00);
    high = 0;
    if (unit && g_unichar_validate(unit))
      g_string_append_unichar(out, unit);
  }
}

/* What modified UTF-7 means by a name; false when it holds nothing to decode. */
static bool
utf7_decode(GString *out, struct slice name)
{
  bool any = false;
  g_string_truncate(out, 0);
  while (name.n) {
    if (name.p[0] != '&') {
      g_string_append_c(out, (char)name.p[0]);
      name = slice_skip(name, 1);
      continue;
    }
    any = true;
    name = slice_skip(name, 1);
    struct slice run = word_take_until(&name, '-');
    if (run.n == 0)
      g_string_append_c(out, '&');
    else
      append_utf16_run(out, run);
  }
  return any;
}

void
imap_mailbox_build(struct decode *d, struct imap_token token)
{
  unsigned group = imap_string_build(d, &imap_part_defs[F_MAILBOX], token);
  GString *plain = d->work->line;
  if (group == BUILD_NOTHING || !utf7_decode(plain, token.inner))
    return;
  build_open(d, group);
  build_generated(
      d, build_text(d, &imap_part_defs[F_MAILBOX_DECODED], token.inner, plain->str, plain->len));
  build_close(d, group);
}

/* ---- sets ---- */

static void
set_end_build(struct decode *d, unsigned def, struct slice number)
{
  if (word_is(number, "*"))
    word_mark_build(d, &imap_part_defs[F_SET_LARGEST], number);
  else
    word_number_build(d, &imap_part_defs[def], number);
}

void
imap_set_build(struct decode *d, unsigned def, struct slice set)
{
  unsigned group = word_build(d, &imap_part_defs[def], set);
  if (group == BUILD_NOTHING)
    return;
  build_open(d, group);
  if (word_is(set, "$"))
    word_mark_build(d, &imap_part_defs[F_SET_SAVED], set);
  while (set.n) {
    struct slice last = word_take_until(&set, ','), first = word_take_until(&last, ':');
    set_end_build(d, F_SET_FIRST, first);
    set_end_build(d, F_SET_LAST, last);
  }
  build_close(d, group);
}

/* ---- items with a section ---- */

/* "1.2.HEADER.FIELDS (DATE FROM)": the part's numbers, then what of it. */
static void
section_build(struct decode *d, struct slice section)
{
  unsigned group = word_build(d, &imap_part_defs[F_SECTION], section);
  build_open(d, group);
  uint32_t n = 0;
  while (n < section.n && (g_ascii_isdigit(section.p[n]) || section.p[n] == '.'))
    n++;
  uint32_t n_part = n && section.p[n - 1] == '.' ? n - 1 : n;
  word_build(d, &imap_part_defs[F_SECTION_PART], slice_cut(section, n_part));
  struct slice rest = slice_skip(section, n);
  word_build(d, &imap_part_defs[F_SECTION_SPECIFIER], word_take(&rest));
  if (imap_token_take_if(&rest, IMAP_TOKEN_OPEN).kind == IMAP_TOKEN_OPEN)
    imap_list_build(d, F_SECTION_HEADER, &rest);
  build_close(d, group);
}

struct slice
imap_item_build(struct decode *d, struct slice item)
{
  struct slice behind = item, name = word_take_until(&behind, '[');
  unsigned group = word_build(d, &imap_part_defs[F_ITEM], item);
  build_open(d, group);
  if (name.n < item.n) {
    const uint8_t *end = behind.n ? memrchr(behind.p, ']', behind.n) : NULL;
    uint32_t n = end ? (uint32_t)(end - behind.p) : behind.n;
    section_build(d, slice_cut(behind, n));
    struct slice partial = slice_skip(behind, n + 1);
    if (partial.n >= 2 && partial.p[0] == '<') {
      struct slice count =
          slice_part(partial, 1, partial.n - 1 - (partial.p[partial.n - 1] == '>'));
      struct slice origin = word_take_until(&count, '.');
      word_number_build(d, &imap_part_defs[F_PARTIAL_ORIGIN], origin);
      word_number_build(d, &imap_part_defs[F_PARTIAL_COUNT], count);
    }
  }
  build_close(d, group);
  return name;
}

/* ---- literals ---- */

void
imap_literal_build(struct decode *d, struct slice line)
{
  uint64_t octets;
  bool waits;
  if (!imap_literal_at_end(line.p, line.n, &octets, &waits))
    return;
  uint32_t at = line.n;
  while (at > 0 && line.p[at - 1] != '{')
    at--;
  bool nonsync = !waits; /* "{5+}", RFC 7888 */
  struct slice digits = slice_part(line, at, line.n - at - 1 - nonsync);
  if (at >= 2 && line.p[at - 2] == '~')
    build_none(d, &imap_part_defs[F_LITERAL_BINARY], slice_part(line, at - 2, 1));
  build_number(d, &imap_part_defs[F_LITERAL_OCTETS], digits, octets);
  if (nonsync)
    build_none(d, &imap_part_defs[F_LITERAL_NONSYNC], slice_part(line, line.n - 2, 1));
}
