/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_parse.c -- the grammar of IMAP commands, over the octets of one whole command.
 *
 * The machine gathers lines and literals first, so nothing here waits for more. Numbers are at most
 * 32 bits and never overflow; a NUL is nowhere allowed but inside a message. RFC 3501 section 9. */
#include "sim/mail/imap_parse.h"

#include <string.h>

bool
imap_parse_end(const struct imap_text *t)
{
  return t->at == t->n;
}

char
imap_parse_peek(const struct imap_text *t)
{
  return t->at < t->n ? (char)t->p[t->at] : '\0';
}

bool
imap_parse_octet(struct imap_text *t, char c)
{
  if (t->at >= t->n || t->p[t->at] != (uint8_t)c)
    return false;
  t->at++;
  return true;
}

bool
imap_parse_space(struct imap_text *t)
{
  return imap_parse_octet(t, ' ');
}

static char *
take_while(struct imap_text *t, bool (*belongs)(uint8_t c))
{
  size_t from = t->at;
  while (t->at < t->n && belongs(t->p[t->at]))
    t->at++;
  return t->at > from ? g_strndup((const char *)t->p + from, t->at - from) : NULL;
}

static bool
is_in_word(uint8_t c)
{
  return c > ' ' && c < 0x7f && !strchr("()[]{}<>\"", c);
}

static bool
is_in_pattern(uint8_t c)
{
  return c > ' ' && c < 0x7f && !strchr("(){\"\\", c);
}

static bool
is_in_astring(uint8_t c)
{
  return is_in_pattern(c) && c != '%' && c != '*';
}

static bool
is_in_atom(uint8_t c)
{
  return is_in_astring(c) && c != ']';
}

char *
imap_parse_word(struct imap_text *t)
{
  char *word = take_while(t, is_in_word);
  for (char *c = word; c && *c; c++)
    *c = g_ascii_toupper(*c);
  return word;
}

char *
imap_parse_atom(struct imap_text *t)
{
  return take_while(t, is_in_atom);
}

/* A quoted string; NULL and nothing taken when it is none. */
static GString *
parse_quoted(struct imap_text *t)
{
  GString *text = g_string_new(NULL);
  for (size_t i = t->at + 1; i < t->n; i++) {
    uint8_t c = t->p[i];
    if (c == '"') {
      t->at = i + 1;
      return text;
    }
    if (c == '\\') {
      if (++i >= t->n || (t->p[i] != '"' && t->p[i] != '\\'))
        break;
      c = t->p[i];
    }
    if (c == '\r' || c == '\n' || c == '\0')
      break;
    g_string_append_c(text, (char)c);
  }
  g_string_free(text, TRUE);
  return NULL;
}

static GString *
parse_literal(struct imap_text *t)
{
  size_t i = t->at + 1;
  uint64_t n = 0;
  while (i < t->n && g_ascii_isdigit(t->p[i]) && n <= UINT32_MAX)
    n = n * 10 + t->p[i++] - '0';
  if (i == t->at + 1)
    return NULL;
  if (i < t->n && (t->p[i] == '+' || t->p[i] == '-'))
    i++;
  if (t->n - i < 3 || memcmp(t->p + i, "}\r\n", 3) != 0 || t->n - i - 3 < n)
    return NULL;
  GString *text = g_string_new_len((const char *)t->p + i + 3, (gssize)n);
  t->at = i + 3 + n;
  return text;
}

GBytes *
imap_parse_octets(struct imap_text *t)
{
  char c = imap_parse_peek(t);
  GString *text = c == '"' ? parse_quoted(t) : c == '{' ? parse_literal(t) : NULL;
  return text ? g_string_free_to_bytes(text) : NULL;
}

static char *
parse_string(struct imap_text *t, bool (*belongs)(uint8_t c))
{
  char c = imap_parse_peek(t);
  if (c != '"' && c != '{')
    return take_while(t, belongs);
  g_autoptr(GBytes) octets = imap_parse_octets(t);
  if (!octets)
    return NULL;
  gsize n;
  const char *p = g_bytes_get_data(octets, &n);
  return n > 0 && memchr(p, '\0', n) ? NULL : g_strndup(n > 0 ? p : "", n);
}

char *
imap_parse_astring(struct imap_text *t)
{
  return parse_string(t, is_in_astring);
}

char *
imap_parse_pattern(struct imap_text *t)
{
  return parse_string(t, is_in_pattern);
}

bool
imap_parse_number(struct imap_text *t, uint32_t *number)
{
  uint64_t value = 0;
  size_t from = t->at;
  while (t->at < t->n && g_ascii_isdigit(t->p[t->at]) && value <= UINT32_MAX)
    value = value * 10 + t->p[t->at++] - '0';
  *number = (uint32_t)value;
  return t->at > from && value <= UINT32_MAX;
}

bool
imap_parse_modseq(struct imap_text *t, uint64_t *modseq)
{
  size_t from = t->at;
  *modseq = 0;
  while (t->at < t->n && g_ascii_isdigit(t->p[t->at])) {
    unsigned digit = t->p[t->at++] - '0';
    if (*modseq > ((uint64_t)INT64_MAX - digit) / 10)
      return false;
    *modseq = *modseq * 10 + digit;
  }
  return t->at > from;
}

GPtrArray *
imap_parse_flags(struct imap_text *t, bool is_open)
{
  GPtrArray *flags = g_ptr_array_new_with_free_func(g_free);
  bool has_parenthesis = imap_parse_octet(t, '(');
  if (!has_parenthesis && !is_open)
    goto bad;
  if (has_parenthesis && imap_parse_octet(t, ')'))
    return flags;
  do {
    bool is_system = imap_parse_octet(t, '\\');
    g_autofree char *name = imap_parse_atom(t);
    if (!name)
      goto bad;
    g_ptr_array_add(flags, g_strconcat(is_system ? "\\" : "", name, NULL));
  } while (imap_parse_space(t));
  if (!has_parenthesis || imap_parse_octet(t, ')'))
    return flags;
bad:
  g_ptr_array_unref(flags);
  return NULL;
}

/* ---- wildcards ---- */

enum { WORDS = IMAP_PATTERN_MAX / 64 + 1 };

/* A set of places in the pattern, as bits. */
struct places {
  uint64_t words[WORDS];
};

static void
add_place(struct places *set, size_t i)
{
  set->words[i / 64] |= UINT64_C(1) << i % 64;
}

/* a |= (b & c) moved on by one place. */
static void
add_next(struct places *a, const struct places *b, const struct places *c)
{
  uint64_t carry = 0;
  for (size_t w = 0; w < WORDS; w++) {
    uint64_t both = b->words[w] & c->words[w];
    a->words[w] |= both << 1 | carry;
    carry = both >> 63;
  }
}

static void
add_same(struct places *a, const struct places *b, const struct places *c)
{
  for (size_t w = 0; w < WORDS; w++)
    a->words[w] |= b->words[w] & c->words[w];
}

/* "%*%" is "*", "%%" is "%": so no two wildcards follow one another. */
static char *
collapse(const char *pattern)
{
  GString *out = g_string_new(NULL);
  for (; *pattern; pattern++) {
    bool is_wild = *pattern == '*' || *pattern == '%';
    char *last = out->len > 0 ? &out->str[out->len - 1] : NULL;
    if (!is_wild || !last || (*last != '*' && *last != '%'))
      g_string_append_c(out, *pattern);
    else if (*pattern == '*')
      *last = '*';
  }
  return g_string_free(out, FALSE);
}

/* The pattern is a machine with a state for each of its places, all tried at once: bit i says that
 * pattern[i] is to be matched next. So no choice of wildcards costs more than another. */
bool
imap_pattern_matches(const char *pattern, const char *name)
{
  g_autofree char *plain = collapse(pattern);
  size_t n = strlen(plain);
  bool is_inbox = g_ascii_strcasecmp(name, "INBOX") == 0; /* in any case: RFC 3501 5.1 */
  if (n > IMAP_PATTERN_MAX)
    return false;
  struct places stars = {0}, wild = {0}, live = {0};
  struct places same[256] = {0};
  for (size_t i = 0; i < n; i++) {
    if (plain[i] == '*')
      add_place(&stars, i);
    if (plain[i] == '*' || plain[i] == '%')
      add_place(&wild, i);
    else
      add_place(&same[(uint8_t)(is_inbox ? g_ascii_toupper(plain[i]) : plain[i])], i);
  }
  add_place(&live, 0);
  add_next(&live, &live, &wild);
  for (; *name; name++) {
    struct places next = {0};
    add_same(&next, &live, *name == '/' ? &stars : &wild);
    add_next(&next, &live, &same[(uint8_t)*name]);
    add_next(&next, &next, &wild);
    live = next;
  }
  return live.words[n / 64] >> n % 64 & 1;
}
