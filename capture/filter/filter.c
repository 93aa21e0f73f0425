/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter.c -- reads a display filter into a tree of tests; grammar in filter.h.
 *
 *     text ──next_token──> word  "quoted"  ==  &&  (  {  [ ──parse_or/and/not/test──> filter_node
 *
 * The first error ends the reading. It names the octets that are wrong, what was expected, and for
 * an unknown key the known one that is most like it. Not here: values (value.c), matching
 * (match.c). */
#include "capture/filter/tree.h"

#include <stdlib.h>
#include <string.h>

enum token {
  T_END,
  T_WORD,
  T_QUOTED,
  T_OP,
  T_AND,
  T_OR,
  T_NOT,
  T_IN,
  T_OPEN,
  T_CLOSE,
  T_LBRACE,
  T_RBRACE,
  T_COMMA,
  T_LBRACKET,
  T_MASK,
  T_BAD
};

struct reading {
  const char *text;
  size_t n;
  size_t at;    /* behind the current token */
  size_t first; /* of the current token */
  enum token token;
  enum filter_op op; /* of T_OP */
  GString *value;    /* of T_WORD and T_QUOTED */
  unsigned depth;
  unsigned n_tests;
  struct filter_error *error;
  bool failed;
};

enum { FILTER_TESTS_MAX = 4096 }; /* chains of and/or are walked by recursion */

static struct filter_node *parse_or(struct reading *r);

/* ---- errors ---- */

static void fail_at(struct reading *r, size_t first, size_t n, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static void
fail_at(struct reading *r, size_t first, size_t n, const char *format, ...)
{
  if (r->failed)
    return;
  r->failed = true;
  va_list args;
  va_start(args, format);
  if (r->error) {
    r->error->at = (unsigned)first;
    r->error->n_octets = (unsigned)n;
    r->error->message = g_strdup_vprintf(format, args);
  }
  va_end(args);
}

static void
fail_here(struct reading *r, const char *expected)
{
  if (r->token == T_END)
    fail_at(r, r->n, 0,
            lang_text("The filter ends too early: %s is missing here.",
                      "ตัวกรองจบเร็วเกินไป ตรงนี้ยังขาด %s"),
            expected);
  else
    fail_at(r, r->first, r->at - r->first,
            lang_text("“%1$.*2$s” does not fit here; write %3$s instead.",
                      "“%1$.*2$s” ใช้ตรงนี้ไม่ได้ ให้เขียน %3$s แทน"),
            r->text + r->first, (int)(r->at - r->first), expected);
}

/* ---- tokens ---- */

struct word_op {
  const char *word;
  enum token token;
  enum filter_op op;
};

static const struct word_op word_ops[] = {
    {"and", T_AND, 0},
    {"or", T_OR, 0},
    {"not", T_NOT, 0},
    {"in", T_IN, 0},
    {"eq", T_OP, OP_EQ},
    {"any_eq", T_OP, OP_EQ},
    {"all_eq", T_OP, OP_ALL_EQ},
    {"ne", T_OP, OP_NE},
    {"all_ne", T_OP, OP_NE},
    {"any_ne", T_OP, OP_ANY_NE},
    {"gt", T_OP, OP_GT},
    {"lt", T_OP, OP_LT},
    {"ge", T_OP, OP_GE},
    {"le", T_OP, OP_LE},
    {"contains", T_OP, OP_CONTAINS},
    {"matches", T_OP, OP_MATCHES},
};

/* Longer signs first. */
static const struct word_op sign_ops[] = {
    {"===", T_OP, OP_ALL_EQ}, {"!==", T_OP, OP_ANY_NE}, {"==", T_OP, OP_EQ},
    {"!=", T_OP, OP_NE},      {">=", T_OP, OP_GE},      {"<=", T_OP, OP_LE},
    {"&&", T_AND, 0},         {"||", T_OR, 0},          {">", T_OP, OP_GT},
    {"<", T_OP, OP_LT},       {"!", T_NOT, 0},          {"~", T_OP, OP_MATCHES},
    {"(", T_OPEN, 0},         {")", T_CLOSE, 0},        {"{", T_LBRACE, 0},
    {"}", T_RBRACE, 0},       {",", T_COMMA, 0},        {"[", T_LBRACKET, 0},
    {"&", T_MASK, 0},
};

static bool
is_word_char(char c)
{
  return g_ascii_isalnum(c) || strchr("_.:/-+%", c) != NULL || (c & 0x80);
}

/* The character behind a backslash at text[*at]; moves *at. */
static void
unescape(struct reading *r)
{
  static const char names[] = "abfnrtv", values[] = "\a\b\f\n\r\t\v";
  char c = r->text[r->at++];
  const char *named = c ? strchr(names, c) : NULL;
  if (named) {
    g_string_append_c(r->value, values[named - names]);
  } else if (c == 'x' && r->at + 1 < r->n && g_ascii_isxdigit(r->text[r->at]) &&
             g_ascii_isxdigit(r->text[r->at + 1])) {
    g_string_append_c(r->value, (char)(g_ascii_xdigit_value(r->text[r->at]) * 16 +
                                       g_ascii_xdigit_value(r->text[r->at + 1])));
    r->at += 2;
  } else if (c >= '0' && c <= '7') {
    int octet = c - '0';
    for (int i = 0; i < 2 && r->at < r->n && r->text[r->at] >= '0' && r->text[r->at] <= '7'; i++)
      octet = octet * 8 + (r->text[r->at++] - '0');
    g_string_append_c(r->value, (char)octet);
  } else {
    g_string_append_c(r->value, c);
  }
}

/* `raw`: r"..." where backslashes are themselves, as regular expressions like it. */
static void
read_quoted(struct reading *r, bool raw)
{
  r->at = r->first + (raw ? 2 : 1);
  r->token = T_QUOTED;
  while (r->at < r->n && r->text[r->at] != '"') {
    if (r->text[r->at] == '\\' && r->at + 1 < r->n && !raw) {
      r->at++;
      unescape(r);
    } else {
      g_string_append_c(r->value, r->text[r->at++]);
    }
  }
  if (r->at == r->n) {
    r->token = T_BAD;
    fail_at(r, r->first, r->n - r->first,
            lang_text("The closing quotation mark is missing; write \" at the end of the text.",
                      "ขาดเครื่องหมายคำพูดปิด ให้เขียน \" ที่ท้ายข้อความ"));
    return;
  }
  r->at++;
}

static void
next_token(struct reading *r)
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
  if (*p == '"' || (p[0] == 'r' && r->at + 1 < r->n && p[1] == '"')) {
    read_quoted(r, *p == 'r');
    return;
  }
  if (is_word_char(*p)) {
    while (r->at < r->n && is_word_char(r->text[r->at]) && strncmp(r->text + r->at, "..", 2) != 0)
      g_string_append_c(r->value, r->text[r->at++]);
    if (r->at == r->first) { /* ".." between the ends of a range */
      g_string_append(r->value, "..");
      r->at += 2;
    }
    r->token = T_WORD;
    for (size_t i = 0; i < G_N_ELEMENTS(word_ops); i++)
      if (g_ascii_strcasecmp(r->value->str, word_ops[i].word) == 0) {
        r->token = word_ops[i].token;
        r->op = word_ops[i].op;
      }
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(sign_ops); i++) {
    size_t n = strlen(sign_ops[i].word);
    if (r->n - r->at >= n && memcmp(p, sign_ops[i].word, n) == 0) {
      r->token = sign_ops[i].token;
      r->op = sign_ops[i].op;
      r->at += n;
      return;
    }
  }
  r->token = T_BAD;
  r->at++;
  if (*p == '=')
    fail_at(r, r->first, 1,
            lang_text("A single “=” compares nothing; write “==”.",
                      "เครื่องหมาย “=” ตัวเดียวใช้เปรียบเทียบไม่ได้ ให้เขียน “==”"));
  else
    fail_at(r, r->first, 1,
            lang_text("The character “%c” means nothing here; remove it or put it in quotes.",
                      "อักขระ “%c” ไม่มีความหมายตรงนี้ ให้ลบออกหรือใส่ในเครื่องหมายคำพูด"),
            *p);
}

/* ---- keys ---- */

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
      unsigned substituted = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = MIN(substituted, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[nb];
}

static void
fail_unknown_key(struct reading *r, const char *key)
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
  if (best)
    fail_at(r, r->first, r->at - r->first,
            lang_text("There is no key “%s”. Did you mean “%s”?", "ไม่มีคีย์ “%s” คุณหมายถึง “%s” หรือไม่"),
            key, best);
  else
    fail_at(
        r, r->first, r->at - r->first,
        lang_text("There is no key “%s”. Keys look like ip.addr or smtp.req.command; the command "
                  "“fields” lists them.",
                  "ไม่มีคีย์ “%s” คีย์มีรูปแบบเช่น ip.addr หรือ smtp.req.command คำสั่ง “fields” แสดงคีย์ทั้งหมด"),
        key);
}

static const char *
operator_wanted(void)
{
  return lang_text("an operator such as ==, contains or in", "ตัวดำเนินการ เช่น ==, contains หรือ in");
}

static enum filter_function
function_find(const char *word)
{
  static const char *const names[] = {[FUNCTION_LEN] = "len",
                                      [FUNCTION_COUNT] = "count",
                                      [FUNCTION_LOWER] = "lower",
                                      [FUNCTION_UPPER] = "upper"};
  for (unsigned i = FUNCTION_LEN; i < G_N_ELEMENTS(names); i++)
    if (strcmp(names[i], word) == 0)
      return (enum filter_function)i;
  return FUNCTION_NONE;
}

/* One run inside brackets: "4", "0:3", "1-2", ":4", "4:". False when it is none. */
static bool
slice_parse(const char *text, size_t n, struct filter_slice *out)
{
  g_autofree char *copy = g_strstrip(g_strndup(text, n));
  char *p = copy, *end;
  *out = (struct filter_slice){0};
  if (*p != ':') {
    out->first = (int32_t)strtol(p, &end, 10);
    if (end == p)
      return false;
    p = end;
  }
  if (*p == '\0') {
    out->n_octets = 1;
    return p != copy;
  }
  char sign = *p++;
  if (sign == ':' && *p == '\0') {
    out->to_end = true;
    return true;
  }
  long value = strtol(p, &end, 10);
  if (end == p || *end || (sign != ':' && sign != '-'))
    return false;
  if (sign == '-') {
    out->by_last = true;
    out->last = (int32_t)value;
    return true;
  }
  out->n_octets = (int32_t)value;
  return value > 0;
}

/* What stands behind "[": up to "]". */
static void
parse_slices(struct reading *r, struct filter_operand *o)
{
  const char *open = r->text + r->at, *close = memchr(open, ']', r->n - r->at);
  size_t first = r->first;
  enum field_type type = o->def->type;
  bool sliceable = type == FIELD_TEXT || type == FIELD_OCTETS || type == FIELD_ETHER ||
                   type == FIELD_IPV4 || type == FIELD_IPV6 || type == FIELD_PROTOCOL;
  if (!sliceable) {
    fail_at(r, first, 1,
            lang_text("“%s” is a number; only addresses, text and octets can be cut with [ ].",
                      "“%s” เป็นตัวเลข ใช้ [ ] ตัดได้เฉพาะที่อยู่ ข้อความ และออกเตต"),
            o->def->key);
    return;
  }
  while (close && open <= close) {
    const char *comma = memchr(open, ',', (size_t)(close - open));
    const char *end = comma ? comma : close;
    if (o->n_slices == FILTER_SLICES_MAX ||
        !slice_parse(open, (size_t)(end - open), &o->slices[o->n_slices])) {
      close = NULL;
      break;
    }
    o->n_slices++;
    open = end + 1;
  }
  if (!close) {
    fail_at(
        r, first, r->at - first,
        lang_text("These brackets name no octets; write [first:count], [first-last] or [index].",
                  "วงเล็บนี้ไม่ได้ระบุออกเตต ให้เขียน [ตำแหน่งเริ่ม:จำนวน] [แรก-ท้าย] หรือ [ตำแหน่ง]"));
    return;
  }
  r->at = (size_t)(close + 1 - r->text);
  next_token(r);
}

/* key, key[..], function(key), key & mask. False after an error. */
static bool
parse_operand(struct reading *r, struct filter_operand *o)
{
  *o = (struct filter_operand){0};
  const char *key_wanted = lang_text("a key such as tcp.port", "คีย์ เช่น tcp.port");
  if (r->token != T_WORD) {
    fail_here(r, key_wanted);
    return false;
  }
  o->function = function_find(r->value->str);
  if (o->function) {
    next_token(r);
    if (r->token != T_OPEN) {
      fail_here(r, "(");
      return false;
    }
    next_token(r);
    if (r->token != T_WORD) {
      fail_here(r, key_wanted);
      return false;
    }
  }
  o->def = field_def_find(r->value->str);
  if (!o->def) {
    fail_unknown_key(r, r->value->str);
    return false;
  }
  size_t key_first = r->first, key_end = r->at;
  next_token(r);
  if (r->token == T_LBRACKET)
    parse_slices(r, o);
  bool wants_text = o->function == FUNCTION_LOWER || o->function == FUNCTION_UPPER;
  if (wants_text && o->def->type != FIELD_TEXT)
    fail_at(r, key_first, key_end - key_first,
            lang_text("lower and upper work on text; “%s” is none.",
                      "lower และ upper ใช้กับข้อความเท่านั้น “%s” ไม่ใช่ข้อความ"),
            o->def->key);
  if (o->function == FUNCTION_LEN &&
      (filter_operand_class(&(struct filter_operand){.def = o->def}) == CLASS_NUMBER ||
       o->def->type == FIELD_TIME || o->def->type == FIELD_SPAN))
    fail_at(r, key_first, key_end - key_first,
            lang_text("len counts octets of text, addresses or protocols; “%s” is a number.",
                      "len นับออกเตตของข้อความ ที่อยู่ หรือโปรโตคอล แต่ “%s” เป็นตัวเลข"),
            o->def->key);
  if (o->function && !r->failed) {
    if (r->token != T_CLOSE) {
      fail_here(r, ")");
      return false;
    }
    next_token(r);
  }
  if (r->token == T_MASK && !r->failed) {
    next_token(r);
    char *end = NULL;
    if (filter_operand_class(o) != CLASS_NUMBER || r->token != T_WORD) {
      fail_here(r, lang_text("a bit mask such as 0x02 behind a number's key",
                             "ตัวพรางบิต เช่น 0x02 หลังคีย์ที่เป็นตัวเลข"));
      return false;
    }
    o->has_mask = true;
    o->mask = strtoull(r->value->str, &end, 0);
    if (*end)
      fail_here(r, lang_text("a number such as 0x02", "ตัวเลข เช่น 0x02"));
    next_token(r);
  }
  return !r->failed;
}

/* ---- tests ---- */

static bool
parse_literal(struct reading *r, struct filter_node *t, struct filter_value *out)
{
  const char *hint;
  if (r->token != T_WORD && r->token != T_QUOTED) {
    if (r->token >= T_OP &&
        r->token <= T_IN) { /* a word of the language as a text: == "and" needs quotes */
      fail_here(r, lang_text("a value", "ค่า"));
      return false;
    }
    fail_here(r, lang_text("a value", "ค่า"));
    return false;
  }
  if (!filter_value_parse(out, &t->left, t->op, r->value->str, r->value->len, r->token == T_QUOTED,
                          &hint)) {
    filter_value_clear(out);
    fail_at(r, r->first, r->at - r->first,
            lang_text("“%1$s” is no value for %2$s; it takes %3$s.",
                      "“%1$s” ใช้เป็นค่าของ %2$s ไม่ได้ คีย์นี้รับ %3$s"),
            r->value->str, t->left.def->key, hint);
    return false;
  }
  next_token(r);
  return !r->failed;
}

static void
parse_set(struct reading *r, struct filter_node *t)
{
  g_autoptr(GArray) entries = g_array_new(FALSE, TRUE, sizeof(struct filter_entry));
  next_token(r);
  if (r->token != T_LBRACE) {
    fail_here(r, "{");
    return;
  }
  do {
    next_token(r);
    if (entries->len == 0 && r->token == T_RBRACE)
      break;
    struct filter_entry e = {0};
    e.to.class = CLASS_NOTHING;
    if (entries->len == FILTER_ENTRIES_MAX)
      fail_at(r, r->first, r->at - r->first,
              lang_text("A set holds at most %d values; use a range a..b.",
                        "เซตมีได้ไม่เกิน %d ค่า ให้ใช้ช่วง a..b"),
              FILTER_ENTRIES_MAX);
    if (!r->failed && parse_literal(r, t, &e.from) && r->token == T_WORD &&
        strcmp(r->value->str, "..") == 0) {
      next_token(r);
      parse_literal(r, t, &e.to);
    }
    g_array_append_val(entries, e);
  } while (!r->failed && r->token == T_COMMA);
  t->n_entries = entries->len;
  t->entries = (struct filter_entry *)(void *)g_array_free(g_steal_pointer(&entries), FALSE);
  if (r->failed)
    return;
  if (r->token != T_RBRACE)
    fail_here(r, lang_text("“,” or “}”", "“,” หรือ “}”"));
  next_token(r);
}

static void
parse_regex(struct reading *r, struct filter_node *t)
{
  enum filter_class class = filter_operand_class(&t->left);
  if (class != CLASS_TEXT && class != CLASS_OCTETS) {
    fail_at(r, r->first, r->at - r->first,
            lang_text(
                "“matches” searches in text or octets; %s is neither. Compare it with == instead.",
                "“matches” ค้นหาในข้อความหรือออกเตต แต่ %s ไม่ใช่ทั้งสองอย่าง ให้เปรียบเทียบด้วย == แทน"),
            t->left.def->key);
    return;
  }
  if (r->token != T_QUOTED && r->token != T_WORD) {
    fail_here(r, lang_text("a pattern in quotes", "รูปแบบในเครื่องหมายคำพูด"));
    return;
  }
  g_autoptr(GError) error = NULL;
  t->regex =
      g_regex_new(r->value->str, G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, &error);
  if (!t->regex)
    fail_at(r, r->first, r->at - r->first,
            lang_text("This is no regular expression: %s", "นี่ไม่ใช่นิพจน์ปรกติ: %s"), error->message);
  next_token(r);
}

/* Whether the key on the right can be compared with the left side. */
static void
parse_right_field(struct reading *r, struct filter_node *t)
{
  size_t first = r->first, n = r->at - r->first;
  t->right_is_field = true;
  if (parse_operand(r, &t->right) &&
      filter_operand_class(&t->right) != filter_operand_class(&t->left))
    fail_at(r, first, n,
            lang_text("%s and %s are of different kinds and cannot be compared.",
                      "%s และ %s เป็นคนละชนิดกัน เปรียบเทียบไม่ได้"),
            t->left.def->key, t->right.def->key);
}

static void
parse_comparison(struct reading *r, struct filter_node *t)
{
  size_t first = r->first, n = r->at - r->first;
  t->op = r->op;
  enum filter_class class = filter_operand_class(&t->left);
  if (t->op == OP_CONTAINS && class != CLASS_TEXT && class != CLASS_OCTETS) {
    fail_at(r, first, n,
            lang_text(
                "“contains” searches in text or octets; %s is neither. Compare it with == instead.",
                "“contains” ค้นหาในข้อความหรือออกเตต แต่ %s ไม่ใช่ทั้งสองอย่าง ให้เปรียบเทียบด้วย == แทน"),
            t->left.def->key);
    return;
  }
  next_token(r);
  if (t->op == OP_MATCHES) {
    parse_regex(r, t);
    return;
  }
  if (r->token == T_WORD && (field_def_find(r->value->str) || function_find(r->value->str)) &&
      class != CLASS_TEXT) {
    parse_right_field(r, t);
    return;
  }
  if (r->token == T_WORD && class == CLASS_TEXT && strchr(r->value->str, '.') &&
      field_def_find(r->value->str)) {
    parse_right_field(r, t);
    return;
  }
  t->entries = g_new0(struct filter_entry, 1);
  t->n_entries = 1; /* also when the word behind the value is wrong: the value is to be freed */
  t->entries[0].to.class = CLASS_NOTHING;
  if (parse_literal(r, t, &t->entries[0].from))
    t->n_entries = 1;
}

static struct filter_node *
parse_test(struct reading *r)
{
  struct filter_node *t = g_new0(struct filter_node, 1);
  t->kind = NODE_TEST;
  if (++r->n_tests > FILTER_TESTS_MAX) {
    fail_at(r, r->first, r->at - r->first,
            lang_text("A filter holds at most %d tests; use a set: key in {a, b}.",
                      "ตัวกรองมีเงื่อนไขได้ไม่เกิน %d ข้อ ให้ใช้เซต: key in {a, b}"),
            FILTER_TESTS_MAX);
    return t;
  }
  if (!parse_operand(r, &t->left))
    return t;
  if (r->token == T_OP) {
    parse_comparison(r, t);
  } else if (r->token == T_IN) {
    t->op = OP_IN;
    parse_set(r, t);
  } else if (t->left.function) {
    fail_here(r, operator_wanted());
  } else {
    t->op = OP_PRESENT;
  }
  return t;
}

static struct filter_node *
parse_not(struct reading *r)
{
  struct filter_node *n;
  if (r->failed || r->depth == FILTER_DEPTH_MAX) {
    fail_at(r, r->first, r->at - r->first,
            lang_text("More than %d parentheses are open; write a simpler filter.",
                      "วงเล็บซ้อนกันเกิน %d ชั้น ให้เขียนตัวกรองที่ง่ายกว่านี้"),
            FILTER_DEPTH_MAX);
    return NULL;
  }
  if (r->token == T_NOT) {
    n = g_new0(struct filter_node, 1);
    n->kind = NODE_NOT;
    next_token(r);
    r->depth++;
    n->a = parse_not(r);
    r->depth--;
    return n;
  }
  if (r->token != T_OPEN)
    return parse_test(r);
  next_token(r);
  r->depth++;
  n = parse_or(r);
  r->depth--;
  if (!r->failed && r->token != T_CLOSE)
    fail_here(r, lang_text("“)”", "“)”"));
  if (!r->failed)
    next_token(r);
  return n;
}

/* A chain of one operator, left to right. */
static struct filter_node *
parse_chain(struct reading *r, enum token token, enum filter_kind kind,
            struct filter_node *(*inner)(struct reading *))
{
  struct filter_node *left = inner(r);
  while (!r->failed && r->token == token) {
    struct filter_node *n = g_new0(struct filter_node, 1);
    n->kind = kind;
    n->a = left;
    next_token(r);
    n->b = inner(r);
    left = n;
  }
  return left;
}

static struct filter_node *
parse_and(struct reading *r)
{
  return parse_chain(r, T_AND, NODE_AND, parse_not);
}

static struct filter_node *
parse_or(struct reading *r)
{
  return parse_chain(r, T_OR, NODE_OR, parse_and);
}

/* ---- public ---- */

void
filter_node_free(struct filter_node *node)
{
  if (!node)
    return;
  filter_node_free(node->a);
  filter_node_free(node->b);
  for (unsigned i = 0; i < node->n_entries; i++) {
    filter_value_clear(&node->entries[i].from);
    filter_value_clear(&node->entries[i].to);
  }
  g_free(node->entries);
  if (node->regex)
    g_regex_unref(node->regex);
  g_free(node);
}

struct filter *
filter_compile(const char *text, struct filter_error *error)
{
  if (error)
    *error = (struct filter_error){0};
  struct reading r = {.text = text, .n = strlen(text), .value = g_string_new(NULL), .error = error};
  struct filter_node *root = NULL;
  if (r.n > FILTER_TEXT_MAX) {
    fail_at(&r, FILTER_TEXT_MAX, 0,
            lang_text("The filter is longer than %d octets; shorten it.",
                      "ตัวกรองยาวเกิน %d ออกเตต ให้ทำให้สั้นลง"),
            FILTER_TEXT_MAX);
  } else {
    next_token(&r);
    if (r.token == T_END) {
      root = g_new0(struct filter_node, 1);
      root->kind = NODE_ALL;
    } else if (!r.failed) {
      root = parse_or(&r);
    }
    if (!r.failed && r.token != T_END)
      fail_here(&r,
                lang_text("“and” or “or” between two tests", "“and” หรือ “or” คั่นระหว่างสองเงื่อนไข"));
  }
  g_string_free(r.value, TRUE);
  if (r.failed) {
    filter_node_free(root);
    return NULL;
  }
  struct filter *f = g_new0(struct filter, 1);
  f->root = root;
  return f;
}

void
filter_free(struct filter *f)
{
  if (!f)
    return;
  filter_node_free(f->root);
  g_free(f);
}

void
filter_error_clear(struct filter_error *error)
{
  g_free(error->message);
  *error = (struct filter_error){0};
}

const char **
filter_complete(const char *prefix)
{
  size_t n, n_prefix = strlen(prefix);
  const struct field_def *const *all = field_defs(&n);
  GPtrArray *found = g_ptr_array_new();
  for (size_t i = 0; i < n; i++)
    if (strncmp(all[i]->key, prefix, n_prefix) == 0)
      g_ptr_array_add(found, (gpointer)(uintptr_t)all[i]->key);
  g_ptr_array_add(found, NULL);
  return (const char **)g_ptr_array_free(found, FALSE);
}
