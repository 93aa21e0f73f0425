/* SPDX-License-Identifier: GPL-3.0-or-later */
/* parse.c -- reads a display filter into a tree of tests; the grammar stands in filter.h.
 *
 *     tokens ──or/xor/and/not──> filter_node ──test──> filter_expr  (& then + - then * / % then
 * sign)
 *
 * The first error ends the reading. It names the octets that are wrong and what was expected. Not
 * here: tokens (lex.c), what fits what (check.c), values (value.c), matching (match.c). */
#include "capture/filter/tree.h"

#include <stdlib.h>
#include <string.h>

static struct filter_node *parse_or(struct filter_reading *r);
static struct filter_expr *parse_expr(struct filter_reading *r);

static const char *
key_wanted(void)
{
  return lang_text("a key such as tcp.port", "คีย์ เช่น tcp.port");
}

static const char *
operator_wanted(void)
{
  return lang_text("an operator such as ==, contains or in", "ตัวดำเนินการ เช่น ==, contains หรือ in");
}

/* Every bracket and sign that opens one more level comes through here. */
static bool
enter(struct filter_reading *r)
{
  if (r->depth < FILTER_DEPTH_MAX) {
    r->depth++;
    return !r->failed;
  }
  filter_fail(r, r->first, r->at - r->first,
              lang_text("More than %d parentheses are open; write a simpler filter.",
                        "วงเล็บซ้อนกันเกิน %d ชั้น ให้เขียนตัวกรองที่ง่ายกว่านี้"),
              FILTER_DEPTH_MAX);
  r->depth++;
  return false;
}

static bool
expect(struct filter_reading *r, enum filter_token token, const char *what)
{
  if (!r->failed && r->token != token)
    filter_fail_here(r, what);
  if (r->failed)
    return false;
  filter_next_token(r);
  return !r->failed;
}

/* ---- slices and layers ---- */

static bool
slice_number(const char **p, int32_t *out)
{
  char *end;
  long value = strtol(*p, &end, 0);
  if (end == *p || g_ascii_isspace(**p) || value > INT32_MAX || value < INT32_MIN)
    return false;
  *p = end;
  *out = (int32_t)value;
  return true;
}

/* One run inside brackets: "4", "0:3", "1-2", ":4", "4:", ":". False when it is none. */
static bool
slice_parse(const char *text, size_t n, struct filter_slice *out)
{
  g_autofree char *copy = g_strstrip(g_strndup(text, n));
  const char *p = copy;
  *out = (struct filter_slice){0};
  if (*p != ':') {
    if (!slice_number(&p, &out->first))
      return false;
  }
  while (*p == ' ')
    p++;
  if (*p == '\0') {
    out->n_octets = 1;
    return p != copy;
  }
  char sign = *p++;
  while (*p == ' ')
    p++;
  if (sign == ':' && *p == '\0') {
    out->to_end = true;
    return true;
  }
  int32_t value;
  if ((sign != ':' && sign != '-') || !slice_number(&p, &value) || *p)
    return false;
  if (sign == '-') {
    out->by_last = true;
    out->last = value;
    return (out->first < 0) != (value < 0) || value > out->first;
  }
  out->n_octets = value;
  return value > 0;
}

/* What stands behind "[" up to "]", into *slices; returns the place behind "]". */
static size_t
parse_ranges(struct filter_reading *r, struct filter_slice **slices, unsigned *n_slices)
{
  const char *open = r->text + r->at, *close = memchr(open, ']', r->n - r->at);
  size_t first = r->first;
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(struct filter_slice));
  bool fine = close != NULL;
  while (fine && open <= close) {
    const char *comma = memchr(open, ',', (size_t)(close - open));
    const char *end = comma ? comma : close;
    struct filter_slice slice;
    fine = found->len < FILTER_SLICES_MAX && slice_parse(open, (size_t)(end - open), &slice);
    g_array_append_val(found, slice);
    open = end + 1;
  }
  if (!fine) {
    filter_fail(
        r, first, r->at - first,
        lang_text("These brackets name no octets; write [first:count], [first-last] or [index].",
                  "วงเล็บนี้ไม่ได้ระบุออกเตต ให้เขียน [ตำแหน่งเริ่ม:จำนวน] [แรก-ท้าย] หรือ [ตำแหน่ง]"));
    return r->at;
  }
  *n_slices = found->len;
  *slices = (struct filter_slice *)(void *)g_array_free(g_steal_pointer(&found), FALSE);
  size_t end = (size_t)(close + 1 - r->text);
  r->at = end;
  filter_next_token(r);
  return end;
}

/* key#1, key#[1-2]: only what lies in these layers of the key's protocol. */
static void
parse_layers(struct filter_reading *r, struct filter_expr *e)
{
  size_t first = r->first;
  if (r->at < r->n && r->text[r->at] == '[') {
    r->first = r->at++;
    parse_ranges(r, &e->slices, &e->n_slices);
    return;
  }
  filter_next_token(r);
  char *end = NULL;
  unsigned long layer =
      r->token == T_WORD && r->first == first + 1 && g_ascii_isdigit(r->text[r->first])
          ? strtoul(r->value->str, &end, 10)
          : 0;
  if (!end || *end || layer > 255) {
    filter_fail(r, first, r->at - first,
                lang_text("Behind # stands a layer's number, 1 for the outermost: ip.addr#1.",
                          "หลัง # ต้องเป็นลำดับชั้น โดย 1 คือชั้นนอกสุด เช่น ip.addr#1"));
    return;
  }
  e->slices = g_new0(struct filter_slice, 1);
  e->slices[0] = (struct filter_slice){.first = (int32_t)layer, .n_octets = 1};
  e->n_slices = 1;
  filter_next_token(r);
}

/* ---- expressions ---- */

static struct filter_expr *
expr_new(enum filter_expr_kind kind, size_t first, size_t end)
{
  struct filter_expr *e = g_new0(struct filter_expr, 1);
  e->kind = kind;
  e->first = (uint32_t)first;
  e->n = (uint32_t)(end - first);
  return e;
}

static void
expr_add(struct filter_expr *e, struct filter_expr *arg)
{
  if (!arg)
    return;
  e->args = g_renew(struct filter_expr *, e->args, e->n_args + 1);
  e->args[e->n_args++] = arg;
}

/* name( … ) */
static struct filter_expr *
parse_function(struct filter_reading *r, enum filter_function function, size_t first)
{
  struct filter_expr *e = expr_new(EXPR_FUNCTION, first, first);
  e->function = function;
  if (!enter(r) || !expect(r, T_OPEN, "("))
    return e;
  while (r->token != T_CLOSE && !r->failed) {
    if (e->n_args == FILTER_ARGS_MAX) {
      filter_fail(r, r->first, r->at - r->first,
                  lang_text("A function takes at most %d values.", "ฟังก์ชันรับได้ไม่เกิน %d ค่า"),
                  FILTER_ARGS_MAX);
      break;
    }
    expr_add(e, parse_expr(r));
    if (r->token != T_COMMA)
      break;
    filter_next_token(r);
    if (r->token == T_CLOSE)
      filter_fail_here(r, key_wanted());
  }
  e->n = (uint32_t)(r->at - first);
  r->depth--;
  expect(r, T_CLOSE, ")");
  return e;
}

/* A key, a function's name or a literal. */
static struct filter_expr *
parse_word(struct filter_reading *r)
{
  size_t first = r->first, end = r->at;
  const char *word = r->value->str;
  bool is_key = *word == '.';
  const struct field_def *def = field_def_find(word + is_key);
  struct filter_expr *e;
  if (def) {
    e = expr_new(EXPR_FIELD, first, end);
    e->def = def;
    filter_next_token(r);
    if (r->token == T_LAYER && r->first == end)
      parse_layers(r, e);
    return e;
  }
  g_autofree char *name = g_strdup(word);
  enum filter_function function = filter_function_find(word);
  if (is_key)
    filter_fail_unknown_key(r, first + 1, word + 1);
  filter_next_token(r);
  if (function)
    return parse_function(r, function, first);
  if (r->token == T_OPEN && g_ascii_isalpha(*name)) {
    g_autofree char *names = g_strjoinv(" ", (char **)(uintptr_t)(filter_function_names + 1));
    filter_fail(r, first, end - first,
                lang_text("There is no function “%s”; the functions are: %s.",
                          "ไม่มีฟังก์ชัน “%s” ฟังก์ชันที่มีคือ %s"),
                name, names);
  }
  e = expr_new(EXPR_LITERAL, first, end);
  e->literal = LITERAL_WORD;
  e->text = g_string_new(name);
  return e;
}

static struct filter_expr *
parse_reference(struct filter_reading *r)
{
  struct filter_expr *e = expr_new(EXPR_REFERENCE, r->first, r->at);
  e->def = field_def_find(r->value->str);
  if (!e->def)
    filter_fail_unknown_key(r, r->first + 2, r->value->str);
  else
    g_ptr_array_add(r->references, e);
  filter_next_token(r);
  return e;
}

static struct filter_expr *
parse_primary(struct filter_reading *r)
{
  struct filter_expr *e = NULL;
  if (r->failed)
    return NULL;
  switch (r->token) {
  case T_WORD:
    e = parse_word(r);
    break;
  case T_LITERAL:
    e = expr_new(EXPR_LITERAL, r->first, r->at);
    e->literal = r->literal;
    e->text = g_string_new_len(r->value->str, (gssize)r->value->len);
    filter_next_token(r);
    break;
  case T_REFERENCE:
    e = parse_reference(r);
    break;
  case T_LBRACE:
    if (enter(r)) {
      filter_next_token(r);
      e = parse_expr(r);
      expect(r, T_RBRACE, "}");
    }
    r->depth--;
    break;
  default:
    filter_fail_here(r, key_wanted());
    return NULL;
  }
  for (unsigned i = 0; e && !r->failed && r->token == T_LBRACKET; i++) {
    struct filter_expr *cut = expr_new(EXPR_SLICE, e->first, r->at);
    expr_add(cut, e);
    e = cut;
    if (i == FILTER_CHAIN_MAX) {
      filter_fail_here(r, operator_wanted());
      break;
    }
    cut->n = (uint32_t)(parse_ranges(r, &cut->slices, &cut->n_slices) - cut->first);
  }
  return e;
}

static struct filter_expr *
parse_signed(struct filter_reading *r)
{
  if (r->token != T_ARITHMETIC || (r->arithmetic != '-' && r->arithmetic != '+'))
    return parse_primary(r);
  struct filter_expr *e = NULL;
  size_t first = r->first;
  bool negated = r->arithmetic == '-';
  if (enter(r)) {
    filter_next_token(r);
    e = parse_signed(r);
    if (negated && e) {
      struct filter_expr *minus = expr_new(EXPR_NEGATED, first, e->first + e->n);
      expr_add(minus, e);
      e = minus;
    }
  }
  r->depth--;
  return e;
}

/* Operators of equal rank, left to right; ranks from the weakest: "&", "+-", "*", "/", "%". */
static struct filter_expr *
parse_ranked(struct filter_reading *r, unsigned rank)
{
  static const char *const ranks[] = {"&", "+-", "*/%"};
  if (rank == G_N_ELEMENTS(ranks))
    return parse_signed(r);
  struct filter_expr *left = parse_ranked(r, rank + 1);
  for (unsigned i = 0;
       left && !r->failed && r->token == T_ARITHMETIC && strchr(ranks[rank], r->arithmetic); i++) {
    if (i == FILTER_CHAIN_MAX)
      filter_fail(r, r->first, r->at - r->first,
                  lang_text("At most %d arithmetic operators stand in one row.",
                            "ตัวดำเนินการเลขคณิตเรียงกันได้ไม่เกิน %d ตัว"),
                  FILTER_CHAIN_MAX);
    struct filter_expr *e = expr_new(EXPR_ARITHMETIC, left->first, r->at);
    e->arithmetic = r->arithmetic;
    expr_add(e, left);
    filter_next_token(r);
    struct filter_expr *right = parse_ranked(r, rank + 1);
    expr_add(e, right);
    if (right)
      e->n = right->first + right->n - e->first;
    left = e;
  }
  return left;
}

static struct filter_expr *
parse_expr(struct filter_reading *r)
{
  if (++r->n_tests > FILTER_TESTS_MAX * 2) {
    filter_fail(r, r->first, r->at - r->first,
                lang_text("A filter holds at most %d tests; use a set: key in {a, b}.",
                          "ตัวกรองมีเงื่อนไขได้ไม่เกิน %d ข้อ ให้ใช้เซต: key in {a, b}"),
                FILTER_TESTS_MAX);
    return NULL;
  }
  return parse_ranked(r, 0);
}

/* ---- tests ---- */

static void
parse_set(struct filter_reading *r, struct filter_node *t)
{
  g_autoptr(GArray) entries = g_array_new(FALSE, TRUE, sizeof(struct filter_entry));
  filter_next_token(r);
  if (r->token != T_LBRACE)
    filter_fail_here(r, "{");
  while (!r->failed) {
    filter_next_token(r);
    struct filter_entry e = {0};
    if (entries->len == FILTER_ENTRIES_MAX)
      filter_fail(r, r->first, r->at - r->first,
                  lang_text("A set holds at most %d values; use a range a..b.",
                            "เซตมีได้ไม่เกิน %d ค่า ให้ใช้ช่วง a..b"),
                  FILTER_ENTRIES_MAX);
    if (r->token == T_RBRACE || r->token == T_END)
      filter_fail_here(r, lang_text("a value of the set", "ค่าของเซต"));
    e.from = parse_signed(r);
    if (!r->failed && r->token == T_RANGE) {
      filter_next_token(r);
      if (r->token == T_RBRACE || r->token == T_END)
        filter_fail_here(r, lang_text("the end of the range", "ค่าท้ายของช่วง"));
      e.to = parse_signed(r);
    }
    g_array_append_val(entries, e);
    if (r->token != T_COMMA)
      break;
  }
  t->n_entries = entries->len;
  t->entries = (struct filter_entry *)(void *)g_array_free(g_steal_pointer(&entries), FALSE);
  expect(r, T_RBRACE, lang_text("“,” or “}”", "“,” หรือ “}”"));
}

static struct filter_node *
node_new(enum filter_kind kind)
{
  struct filter_node *n = g_new0(struct filter_node, 1);
  n->kind = kind;
  return n;
}

static struct filter_node *
node_join(enum filter_kind kind, struct filter_node *a, struct filter_node *b)
{
  struct filter_node *n = node_new(kind);
  n->a = a;
  n->b = b;
  return n;
}

/* What stands behind the left side of one comparison; `quantor` is T_ANY, T_ALL or T_END. */
static struct filter_node *
parse_comparison(struct filter_reading *r, struct filter_expr *left, enum filter_token quantor)
{
  struct filter_node *t = node_new(NODE_TEST);
  t->left = left;
  t->op_first = (uint32_t)r->first;
  t->op_n = (uint32_t)(r->at - r->first);
  t->op = r->op;
  t->all = quantor == T_ALL || (quantor == T_END && r->all);
  if (r->token == T_IN) {
    t->op = OP_IN;
    t->all = quantor == T_ALL;
    parse_set(r, t);
  } else {
    filter_next_token(r);
    if (r->token == T_END || r->token == T_CLOSE)
      filter_fail_here(r, lang_text("a value or a key", "ค่าหรือคีย์"));
    t->right = parse_expr(r);
  }
  if (!r->failed)
    filter_check_test(r, t);
  return t;
}

/* Whether the operator may stand again behind its right side: a < b < c. */
static bool
is_chained(const struct filter_reading *r, const struct filter_node *t)
{
  return !r->failed && r->token == T_OP && t->op != OP_IN && t->op != OP_CONTAINS &&
         t->op != OP_MATCHES && r->op != OP_CONTAINS && r->op != OP_MATCHES;
}

static struct filter_node *
parse_test(struct filter_reading *r)
{
  enum filter_token quantor = T_END;
  if (r->token == T_ANY || r->token == T_ALL) {
    quantor = r->token;
    filter_next_token(r);
  }
  struct filter_expr *left = parse_expr(r);
  struct filter_node *t;
  bool negated = !r->failed && r->token == T_NOT;
  if (negated) { /* key not in { … } */
    size_t first = r->first, at = r->at;
    filter_next_token(r);
    if (r->token != T_IN) {
      r->first = first;
      r->at = at;
      filter_fail_here(
          r, lang_text("“and” or “or” between two tests", "“and” หรือ “or” คั่นระหว่างสองเงื่อนไข"));
    }
  }
  if (!r->failed && (r->token == T_OP || r->token == T_IN)) {
    t = parse_comparison(r, left, quantor);
    struct filter_node *last = t;
    while (is_chained(r, last)) {
      last->right_is_shared = true;
      struct filter_node *next = parse_comparison(r, last->right, quantor);
      t = node_join(NODE_AND, t, next);
      last = next;
    }
    return negated ? node_join(NODE_NOT, t, NULL) : t;
  }
  t = node_new(NODE_TEST);
  t->left = left;
  t->op = OP_PRESENT;
  if (quantor != T_END)
    filter_fail_here(r, operator_wanted());
  else if (!r->failed && left->kind == EXPR_FUNCTION)
    filter_fail_here(r, operator_wanted());
  else if (!r->failed)
    filter_check_test(r, t);
  return t;
}

static struct filter_node *
parse_not(struct filter_reading *r)
{
  struct filter_node *n = NULL;
  if (r->failed)
    return NULL;
  if (r->token != T_NOT && r->token != T_OPEN)
    return parse_test(r);
  bool is_not = r->token == T_NOT;
  if (enter(r)) {
    filter_next_token(r);
    n = is_not ? node_join(NODE_NOT, parse_not(r), NULL) : parse_or(r);
    if (!is_not)
      expect(r, T_CLOSE, lang_text("“)”", "“)”"));
  }
  r->depth--;
  return n;
}

/* A chain of one operator, left to right. */
static struct filter_node *
parse_chain(struct filter_reading *r, enum filter_token token, enum filter_kind kind,
            struct filter_node *(*inner)(struct filter_reading *))
{
  struct filter_node *left = inner(r);
  while (!r->failed && r->token == token) {
    if (++r->n_tests > FILTER_TESTS_MAX * 2) {
      filter_fail(r, r->first, r->at - r->first,
                  lang_text("A filter holds at most %d tests; use a set: key in {a, b}.",
                            "ตัวกรองมีเงื่อนไขได้ไม่เกิน %d ข้อ ให้ใช้เซต: key in {a, b}"),
                  FILTER_TESTS_MAX);
      break;
    }
    filter_next_token(r);
    left = node_join(kind, left, inner(r));
  }
  return left;
}

static struct filter_node *
parse_and(struct filter_reading *r)
{
  return parse_chain(r, T_AND, NODE_AND, parse_not);
}

/* Between and and or, as in Wireshark since 4.2; 4.0 has none. */
static struct filter_node *
parse_xor(struct filter_reading *r)
{
  return parse_chain(r, T_XOR, NODE_XOR, parse_and);
}

static struct filter_node *
parse_or(struct filter_reading *r)
{
  return parse_chain(r, T_OR, NODE_OR, parse_xor);
}

/* ---- public ---- */

void
filter_value_clear(struct filter_value *value)
{
  g_free(value->made);
  *value = (struct filter_value){0};
}

void
filter_expr_free(struct filter_expr *e)
{
  if (!e)
    return;
  for (unsigned i = 0; i < e->n_args; i++)
    filter_expr_free(e->args[i]);
  g_free(e->args);
  g_free(e->slices);
  filter_value_clear(&e->value);
  if (e->text)
    g_string_free(e->text, TRUE);
  if (e->referred)
    g_array_unref(e->referred);
  g_free(e);
}

void
filter_node_free(struct filter_node *node)
{
  if (!node)
    return;
  filter_node_free(node->a);
  filter_node_free(node->b);
  for (unsigned i = 0; i < node->n_entries; i++) {
    filter_expr_free(node->entries[i].from);
    filter_expr_free(node->entries[i].to);
  }
  g_free(node->entries);
  filter_expr_free(node->left);
  if (!node->right_is_shared)
    filter_expr_free(node->right);
  if (node->regex)
    g_regex_unref(node->regex);
  g_free(node);
}

/* Octets that begin a character, before `at`. */
static unsigned
column_of(const char *text, unsigned at)
{
  unsigned column = 1;
  for (unsigned i = 0; i < at && text[i]; i++)
    column += ((unsigned char)text[i] & 0xc0) != 0x80;
  return column;
}

struct filter *
filter_compile(const char *text, struct filter_error *error)
{
  if (error)
    *error = (struct filter_error){0};
  struct filter_reading r = {.text = text,
                             .n = strlen(text),
                             .value = g_string_new(NULL),
                             .references = g_ptr_array_new(),
                             .error = error};
  struct filter_node *root = NULL;
  if (r.n > FILTER_TEXT_MAX) {
    filter_fail(&r, FILTER_TEXT_MAX, 0,
                lang_text("The filter is longer than %d octets; shorten it.",
                          "ตัวกรองยาวเกิน %d ออกเตต ให้ทำให้สั้นลง"),
                FILTER_TEXT_MAX);
  } else {
    filter_next_token(&r);
    root = r.token == T_END ? node_new(NODE_ALL) : parse_or(&r);
    if (!r.failed && r.token != T_END)
      filter_fail_here(
          &r, lang_text("“and” or “or” between two tests", "“and” หรือ “or” คั่นระหว่างสองเงื่อนไข"));
  }
  g_string_free(r.value, TRUE);
  if (r.failed) {
    if (error)
      error->column = column_of(text, error->at);
    filter_node_free(root);
    g_ptr_array_unref(r.references);
    return NULL;
  }
  struct filter *f = g_new0(struct filter, 1);
  f->root = root;
  f->references = r.references;
  return f;
}

void
filter_free(struct filter *f)
{
  if (!f)
    return;
  filter_node_free(f->root);
  g_ptr_array_unref(f->references);
  g_free(f);
}

void
filter_error_clear(struct filter_error *error)
{
  g_free(error->message);
  *error = (struct filter_error){0};
}

/* Columns of a terminal. */
static unsigned
width_of(gunichar c)
{
  return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

char *
filter_error_show(const char *text, const struct filter_error *error)
{
  size_t n = strlen(text), at = MIN(n, (size_t)error->at);
  unsigned end = error->column + column_of(text + at, error->n_octets) - 1;
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *line = g_string_new("  ");
  g_autoptr(GString) carets = g_string_new("  ");
  unsigned column = 1;
  for (const char *p = valid; *p; p = g_utf8_next_char(p), column++) {
    gunichar c = g_utf8_get_char(p);
    bool shown = !g_unichar_iscntrl(c);
    g_string_append_unichar(line, shown ? c : ' ');
    for (unsigned i = shown ? width_of(c) : 1; i > 0 && column < end; i--)
      g_string_append_c(carets, column < error->column ? ' ' : '^');
  }
  if (error->n_octets == 0)
    g_string_append_c(carets, '^');
  g_string_append_printf(line, "\n%s\n", carets->str);
  return g_string_free(line, FALSE);
}
