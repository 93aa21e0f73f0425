/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lex.c -- cuts the text of a display filter into tokens, and says what is wrong with a place in
 * it.
 *
 *     text ──filter_next_token──> word  "quoted"  'c'  ==  &&  (  {  [  #  ..  ${key}
 *
 * Words are keys, functions and literals without quotes; which one is for parse.c to say. As in
 * Wireshark 4.0 a "-" inside a word belongs to it (00-1f-33), and so does "/" behind an address
 * (10.0.0.0/8): elsewhere both are arithmetic. */
#include "capture/filter/tree.h"

#include <string.h>

/* ---- errors ---- */

void
filter_fail(struct filter_reading *r, size_t first, size_t n, const char *format, ...)
{
  if (r->failed)
    return;
  r->failed = true;
  if (!r->error)
    return;
  va_list args;
  va_start(args, format);
  r->error->at = (unsigned)first;
  r->error->n_octets = (unsigned)n;
  r->error->message = g_strdup_vprintf(format, args);
  va_end(args);
}

void
filter_fail_here(struct filter_reading *r, const char *expected)
{
  if (r->failed)
    return;
  if (r->token == T_END) {
    filter_fail(r, r->n, 0,
                lang_text("The filter ends too early: %s is missing here.",
                          "ตัวกรองจบเร็วเกินไป ตรงนี้ยังขาด %s"),
                expected);
    return;
  }
  g_autofree char *word = g_strndup(r->text + r->first, MIN(r->at - r->first, 60));
  g_autofree char *valid = g_utf8_make_valid(word, -1);
  filter_fail(r, r->first, r->at - r->first,
              lang_text("“%1$s” does not fit here; write %2$s instead.",
                        "“%1$s” ใช้ตรงนี้ไม่ได้ ให้เขียน %2$s แทน"),
              valid, expected);
}

static unsigned
edit_distance(const char *a, const char *b)
{
  unsigned row[64];
  size_t na = strlen(a), nb = strlen(b);
  if (na >= G_N_ELEMENTS(row) || nb >= G_N_ELEMENTS(row))
    return UINT_MAX;
  for (size_t j = 0; j <= nb; j++)
    row[j] = (unsigned)j;
  for (size_t i = 1; i <= na; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= nb; j++) {
      unsigned substituted = diagonal + (g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[j - 1]));
      diagonal = row[j];
      row[j] = MIN(substituted, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[nb];
}

void
filter_fail_unknown_key(struct filter_reading *r, size_t first, const char *key)
{
  size_t n;
  const struct field_def *const *all = field_defs(&n);
  const char *best = NULL;
  unsigned best_distance = 1 + (unsigned)strlen(key) / 3;
  for (size_t i = 0; i < n; i++) {
    unsigned distance = edit_distance(key, all[i]->key);
    if (distance <= best_distance && (!best || distance < best_distance)) {
      best = all[i]->key;
      best_distance = distance;
    }
  }
  g_autofree char *valid = g_utf8_make_valid(key, -1);
  if (best)
    filter_fail(
        r, first, strlen(key),
        lang_text("There is no key “%s”. Did you mean “%s”?", "ไม่มีคีย์ “%s” คุณหมายถึง “%s” หรือไม่"),
        valid, best);
  else
    filter_fail(
        r, first, strlen(key),
        lang_text("There is no key “%s”. Keys look like ip.addr or smtp.req.command; the command "
                  "“fields” lists them.",
                  "ไม่มีคีย์ “%s” คีย์มีรูปแบบเช่น ip.addr หรือ smtp.req.command คำสั่ง “fields” แสดงคีย์ทั้งหมด"),
        valid);
}

/* ---- words and signs that mean something ---- */

struct sign {
  const char *word;
  enum filter_token token;
  enum filter_op op;
  bool all;
  char arithmetic;
};

static const struct sign word_signs[] = {
    {"and", T_AND, 0, false, 0},
    {"or", T_OR, 0, false, 0},
    {"xor", T_XOR, 0, false, 0},
    {"not", T_NOT, 0, false, 0},
    {"in", T_IN, OP_IN, false, 0},
    {"any", T_ANY, 0, false, 0},
    {"all", T_ALL, 0, false, 0},
    {"eq", T_OP, OP_EQ, false, 0},
    {"any_eq", T_OP, OP_EQ, false, 0},
    {"all_eq", T_OP, OP_EQ, true, 0},
    {"ne", T_OP, OP_NE, true, 0},
    {"all_ne", T_OP, OP_NE, true, 0},
    {"any_ne", T_OP, OP_NE, false, 0},
    {"gt", T_OP, OP_GT, false, 0},
    {"lt", T_OP, OP_LT, false, 0},
    {"ge", T_OP, OP_GE, false, 0},
    {"le", T_OP, OP_LE, false, 0},
    {"contains", T_OP, OP_CONTAINS, false, 0},
    {"matches", T_OP, OP_MATCHES, false, 0},
    {"bitwise_and", T_ARITHMETIC, 0, false, '&'},
};

/* Longer signs first. */
static const struct sign signs[] = {
    {"===", T_OP, OP_EQ, true, 0},      {"!==", T_OP, OP_NE, false, 0},
    {"==", T_OP, OP_EQ, false, 0},      {"!=", T_OP, OP_NE, true, 0},
    {"~=", T_OP, OP_NE, false, 0},      {">=", T_OP, OP_GE, false, 0},
    {"<=", T_OP, OP_LE, false, 0},      {"&&", T_AND, 0, false, 0},
    {"||", T_OR, 0, false, 0},          {"^^", T_XOR, 0, false, 0},
    {"..", T_RANGE, 0, false, 0},       {">", T_OP, OP_GT, false, 0},
    {"<", T_OP, OP_LT, false, 0},       {"!", T_NOT, 0, false, 0},
    {"~", T_OP, OP_MATCHES, false, 0},  {"(", T_OPEN, 0, false, 0},
    {")", T_CLOSE, 0, false, 0},        {"{", T_LBRACE, 0, false, 0},
    {"}", T_RBRACE, 0, false, 0},       {",", T_COMMA, 0, false, 0},
    {"[", T_LBRACKET, 0, false, 0},     {"#", T_LAYER, 0, false, 0},
    {"&", T_ARITHMETIC, 0, false, '&'}, {"+", T_ARITHMETIC, 0, false, '+'},
    {"-", T_ARITHMETIC, 0, false, '-'}, {"*", T_ARITHMETIC, 0, false, '*'},
    {"/", T_ARITHMETIC, 0, false, '/'}, {"%", T_ARITHMETIC, 0, false, '%'},
};

const char *const filter_words[] = {
    "and", "or", "xor", "not", "in",     "any",    "all",    "contains", "matches",     "eq", "ne",
    "gt",  "lt", "ge",  "le",  "any_eq", "all_eq", "any_ne", "all_ne",   "bitwise_and", NULL};

static void
take_sign(struct filter_reading *r, const struct sign *s)
{
  r->token = s->token;
  r->op = s->op;
  r->all = s->all;
  r->arithmetic = s->arithmetic;
}

/* ---- quoted text ---- */

static bool
read_hex(struct filter_reading *r, unsigned n_max, uint32_t *out)
{
  unsigned n = 0;
  *out = 0;
  for (; n < n_max && r->at < r->n && g_ascii_isxdigit(r->text[r->at]); n++)
    *out = *out * 16 + (uint32_t)g_ascii_xdigit_value(r->text[r->at++]);
  return n > 0;
}

/* What stands behind a backslash at text[at]; moves at. */
static void
unescape(struct filter_reading *r)
{
  static const char names[] = "abfnrtv'\"\\", values[] = "\a\b\f\n\r\t\v'\"\\";
  size_t first = r->at - 1;
  char c = r->text[r->at++];
  const char *named = c ? strchr(names, c) : NULL;
  uint32_t number = 0;
  if (named) {
    g_string_append_c(r->value, values[named - names]);
  } else if (c == 'x' && read_hex(r, 2, &number)) {
    g_string_append_c(r->value, (char)number);
  } else if (c >= '0' && c <= '7') {
    number = (uint32_t)(c - '0');
    for (int i = 0; i < 2 && r->at < r->n && r->text[r->at] >= '0' && r->text[r->at] <= '7'; i++)
      number = number * 8 + (uint32_t)(r->text[r->at++] - '0');
    g_string_append_c(r->value, (char)number);
  } else if ((c == 'u' || c == 'U') && read_hex(r, c == 'u' ? 4 : 8, &number) &&
             g_unichar_validate(number)) {
    g_string_append_unichar(r->value, number);
  } else {
    filter_fail(r, first, r->at - first,
                lang_text("A backslash before this character means nothing. Write two backslashes "
                          "for one, or a raw text: r\"…\".",
                          "แบ็กสแลชหน้าอักขระนี้ไม่มีความหมาย ให้เขียนแบ็กสแลชสองตัวแทนหนึ่งตัว "
                          "หรือใช้ข้อความดิบ r\"…\""));
  }
}

/* Between `quote` and the next one. Raw: r"..." where backslashes are themselves, as regular
 * expressions like it; \" still does not end it. */
static void
read_quoted(struct filter_reading *r, char quote, enum filter_literal literal)
{
  r->at = r->first + (literal == LITERAL_RAW ? 2 : 1);
  r->token = T_LITERAL;
  r->literal = literal;
  while (r->at < r->n && r->text[r->at] != quote && !r->failed) {
    char c = r->text[r->at++];
    if (c != '\\' || r->at == r->n) {
      g_string_append_c(r->value, c);
    } else if (literal == LITERAL_RAW) {
      g_string_append_c(r->value, c);
      g_string_append_c(r->value, r->text[r->at++]);
    } else {
      unescape(r);
    }
  }
  if (r->at == r->n) {
    filter_fail(r, r->first, r->n - r->first,
                lang_text("The closing quotation mark is missing; write %c at the end of the text.",
                          "ขาดเครื่องหมายคำพูดปิด ให้เขียน %c ที่ท้ายข้อความ"),
                quote);
    r->token = T_BAD;
    return;
  }
  r->at++;
  if (literal == LITERAL_CHAR && r->value->len != 1)
    filter_fail(r, r->first, r->at - r->first,
                lang_text("Single quotes hold one character, such as 'a' or '\\n'; text stands "
                          "between double ones.",
                          "เครื่องหมายคำพูดเดี่ยวใส่ได้หนึ่งอักขระ เช่น 'a' หรือ '\\n' "
                          "ส่วนข้อความให้ใส่ในเครื่องหมายคำพูดคู่"));
}

/* ${key} */
static void
read_reference(struct filter_reading *r)
{
  const char *open = r->text + r->first + 2, *close = memchr(open, '}', r->n - r->first - 2);
  r->token = T_REFERENCE;
  r->at = close ? (size_t)(close + 1 - r->text) : r->n;
  if (!close) {
    filter_fail(r, r->first, r->n - r->first,
                lang_text("“}” is missing behind the key of the selected frame.",
                          "ขาด “}” หลังคีย์ของเฟรมที่เลือกไว้"));
    return;
  }
  g_string_append_len(r->value, open, close - open);
}

/* ---- words ---- */

static bool
is_word_char(char c)
{
  return g_ascii_isalnum(c) || c == '_' || c == '.' || c == ':' || (c & 0x80);
}

/* Whether "/8" behind this word is a network's length. */
static bool
is_address(const char *word)
{
  struct ip_addr addr;
  return ip_addr_parse(word, &addr);
}

static void
read_word(struct filter_reading *r)
{
  while (r->at < r->n) {
    char c = r->text[r->at], next = r->at + 1 < r->n ? r->text[r->at + 1] : '\0';
    if (c == '.' && next == '.')
      break;
    bool joins = c == '-' && r->at > r->first && (is_word_char(next) || next == '-') && next != '.';
    bool prefix = c == '/' && g_ascii_isdigit(next) && is_address(r->value->str);
    if (!is_word_char(c) && !joins && !prefix)
      break;
    g_string_append_c(r->value, c);
    r->at++;
  }
  r->token = T_WORD;
  for (size_t i = 0; i < G_N_ELEMENTS(word_signs); i++)
    if (strcmp(r->value->str, word_signs[i].word) == 0)
      take_sign(r, &word_signs[i]);
}

static void
fail_sign(struct filter_reading *r)
{
  const char *p = r->text + r->first;
  r->token = T_BAD;
  r->at++;
  if (*p == '=')
    filter_fail(r, r->first, 1,
                lang_text("A single “=” compares nothing; write “==”.",
                          "เครื่องหมาย “=” ตัวเดียวใช้เปรียบเทียบไม่ได้ ให้เขียน “==”"));
  else if (*p == '|' || *p == '^')
    filter_fail(r, r->first, 1,
                lang_text("A single “%1$c” joins nothing; write “%1$c%1$c”.",
                          "เครื่องหมาย “%1$c” ตัวเดียวใช้เชื่อมไม่ได้ ให้เขียน “%1$c%1$c”"),
                *p);
  else
    filter_fail(r, r->first, 1,
                lang_text("The character “%c” means nothing here; remove it or put it in quotes.",
                          "อักขระ “%c” ไม่มีความหมายตรงนี้ ให้ลบออกหรือใส่ในเครื่องหมายคำพูด"),
                *p);
}

void
filter_next_token(struct filter_reading *r)
{
  g_string_truncate(r->value, 0);
  while (r->at < r->n && g_ascii_isspace(r->text[r->at]))
    r->at++;
  r->first = r->at;
  if (r->at == r->n) {
    r->token = T_END;
    return;
  }
  const char *p = r->text + r->at;
  char next = r->at + 1 < r->n ? p[1] : '\0';
  if (*p == '"') {
    read_quoted(r, '"', LITERAL_QUOTED);
  } else if ((*p == 'r' || *p == 'R') && next == '"') {
    read_quoted(r, '"', LITERAL_RAW);
  } else if (*p == '\'') {
    read_quoted(r, '\'', LITERAL_CHAR);
  } else if (*p == '$' && next == '{') {
    read_reference(r);
  } else if (is_word_char(*p) && strncmp(p, "..", 2) != 0) {
    read_word(r);
  } else {
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
      size_t n = strlen(signs[i].word);
      if (r->n - r->at >= n && memcmp(p, signs[i].word, n) == 0) {
        take_sign(r, &signs[i]);
        r->at += n;
        return;
      }
    }
    fail_sign(r);
  }
}
