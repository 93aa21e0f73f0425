/* SPDX-License-Identifier: GPL-3.0-or-later */
/* check.c -- what fits what: every expression of a test gets its class, every literal its value.
 *
 *     tcp.port + 1 == 26       left: NUMBER; so 26 is read as a number of tcp.port
 *     eth.src[0:3] == 00:1f    left: OCTETS; so 00:1f are two octets
 *     ip.src == tcp.port       IPV4 and NUMBER: fails, and says so
 *
 * The left side decides: it has to begin with a key, as in Wireshark 4.0. */
#include "capture/filter/tree.h"

#include <string.h>

enum filter_class
filter_class_of(const struct field_def *def)
{
  static const enum filter_class classes[] = {
      [FIELD_PROTOCOL] = CLASS_PROTOCOL, [FIELD_UINT] = CLASS_NUMBER, [FIELD_HEX] = CLASS_NUMBER,
      [FIELD_FRAME] = CLASS_NUMBER,      [FIELD_BOOL] = CLASS_BOOL,   [FIELD_ETHER] = CLASS_ETHER,
      [FIELD_IPV4] = CLASS_IPV4,         [FIELD_IPV6] = CLASS_IPV6,   [FIELD_OCTETS] = CLASS_OCTETS,
      [FIELD_TEXT] = CLASS_TEXT,         [FIELD_TIME] = CLASS_TIME,   [FIELD_SPAN] = CLASS_SPAN,
      [FIELD_NONE] = CLASS_NOTHING};
  return classes[def->type];
}

bool filter_class_is_octets(enum filter_class class)
{
  return class == CLASS_ETHER || class == CLASS_IPV4 || class == CLASS_IPV6 ||
         class == CLASS_OCTETS || class == CLASS_PROTOCOL || class == CLASS_TEXT;
}

static const char *class_word(enum filter_class class)
{
  switch (class) {
  case CLASS_NUMBER:
    return lang_text("a number", "ตัวเลข");
  case CLASS_BOOL:
    return lang_text("true or false", "จริงหรือเท็จ");
  case CLASS_SPAN:
    return lang_text("a number of seconds", "จำนวนวินาที");
  case CLASS_TIME:
    return lang_text("a date and time", "วันและเวลา");
  case CLASS_ETHER:
    return lang_text("an Ethernet address", "ที่อยู่อีเทอร์เน็ต");
  case CLASS_IPV4:
    return lang_text("an IPv4 address", "ที่อยู่ IPv4");
  case CLASS_IPV6:
    return lang_text("an IPv6 address", "ที่อยู่ IPv6");
  case CLASS_OCTETS:
    return lang_text("octets", "ออกเตต");
  case CLASS_PROTOCOL:
    return lang_text("a protocol", "โปรโตคอล");
  case CLASS_TEXT:
    return lang_text("text", "ข้อความ");
  default:
    return lang_text("a mark without a value", "เครื่องหมายที่ไม่มีค่า");
  }
}

/* The key whose width and words a literal beside this expression has; NULL when it has none. */
static const struct field_def *
expr_def(const struct filter_expr *e)
{
  if (e->kind == EXPR_FIELD || e->kind == EXPR_REFERENCE)
    return e->def;
  bool keeps =
      e->kind == EXPR_ARITHMETIC || e->kind == EXPR_NEGATED ||
      (e->kind == EXPR_FUNCTION &&
       (e->function == FUNCTION_MAX || e->function == FUNCTION_MIN || e->function == FUNCTION_ABS));
  for (unsigned i = 0; keeps && i < e->n_args; i++) {
    const struct field_def *def = expr_def(e->args[i]);
    if (def)
      return def;
  }
  return NULL;
}

/* The octets of the filter's text that an expression stands for, as a valid string. */
static char *
expr_text(const struct filter_reading *r, const struct filter_expr *e)
{
  g_autofree char *part = g_strndup(r->text + e->first, MIN(e->n, 60u));
  return g_utf8_make_valid(part, -1);
}

static void
fail_pair(struct filter_reading *r, const struct filter_expr *a, const struct filter_expr *b)
{
  g_autofree char *left = expr_text(r, a), *right = expr_text(r, b);
  filter_fail(r, b->first, b->n,
              lang_text("%1$s is %3$s and %2$s is %4$s: of different kinds they cannot be compared "
                        "or combined.",
                        "%1$s เป็น%3$s ส่วน %2$s เป็น%4$s เป็นคนละชนิดกัน จึงเปรียบเทียบหรือรวมกันไม่ได้"),
              left, right, class_word(a->class), class_word(b->class));
}

/* ---- literals get the class of what they stand beside ---- */

static void
convert(struct filter_reading *r, struct filter_expr *e, enum filter_class class,
        const struct field_def *def, bool for_search)
{
  if (r->failed || e->class != CLASS_UNTYPED)
    return;
  e->class = class;
  if (e->kind != EXPR_LITERAL) {
    for (unsigned i = 0; i < e->n_args; i++)
      convert(r, e->args[i], class, def, for_search);
    bool counts = class == CLASS_NUMBER || class == CLASS_SPAN;
    if (!counts && !(e->kind == EXPR_FUNCTION && e->function != FUNCTION_ABS))
      filter_fail(
          r, e->first, e->n,
          lang_text("There is nothing to calculate here: %s is wanted.", "ตรงนี้คำนวณไม่ได้ ต้องเป็น%s"),
          class_word(class));
    return;
  }
  const char *hint;
  if (filter_literal_read(e, class, def, for_search, &hint))
    return;
  g_autofree char *word = g_utf8_make_valid(e->text->str, -1);
  if (def)
    filter_fail(r, e->first, e->n,
                lang_text("“%1$s” is no value for %2$s; it takes %3$s.",
                          "“%1$s” ใช้เป็นค่าของ %2$s ไม่ได้ คีย์นี้รับ %3$s"),
                word, def->key, hint);
  else
    filter_fail(r, e->first, e->n,
                lang_text("“%1$s” does not fit here; write %2$s instead.",
                          "“%1$s” ใช้ตรงนี้ไม่ได้ ให้เขียน %2$s แทน"),
                word, hint);
}

/* ---- classes of expressions ---- */

static void infer(struct filter_reading *r, struct filter_expr *e);

/* The argument has to be a key of these classes. */
static bool
takes_key(struct filter_reading *r, const struct filter_expr *e, unsigned classes,
          const char *wanted)
{
  const struct filter_expr *arg = e->n_args ? e->args[0] : NULL;
  if (e->n_args == 1 && arg->kind == EXPR_FIELD && (classes >> arg->class & 1))
    return true;
  const struct filter_expr *place = e->n_args == 1 ? arg : e;
  const char *name = filter_function_names[e->function];
  if (arg && arg->kind == EXPR_LITERAL && arg->literal == LITERAL_WORD && e->n_args == 1) {
    filter_fail_unknown_key(r, arg->first, arg->text->str);
    return false;
  }
  g_autofree char *given = expr_text(r, place);
  filter_fail(r, place->first, place->n,
              lang_text("%1$s() takes one key: %2$s; “%3$s” is not such a key.",
                        "%1$s() รับหนึ่งคีย์ คือ %2$s แต่ “%3$s” ไม่ใช่คีย์แบบนั้น"),
              name, wanted, given);
  return false;
}

enum {
  ANY_CLASS = ~0,
  TEXTS = 1 << CLASS_TEXT,
  STRINGABLE = 1 << CLASS_NUMBER | 1 << CLASS_ETHER | 1 << CLASS_IPV4 | 1 << CLASS_IPV6,
  MEASURABLE = 1 << CLASS_NUMBER | 1 << CLASS_SPAN,
  ORDERED = MEASURABLE | 1 << CLASS_TIME | 1 << CLASS_IPV4 | 1 << CLASS_IPV6 | 1 << CLASS_ETHER |
            1 << CLASS_TEXT | 1 << CLASS_OCTETS,
};

/* Arguments of one class: max, min, abs and arithmetic. All literals: the whole is one. */
static void
infer_alike(struct filter_reading *r, struct filter_expr *e, unsigned classes)
{
  const struct filter_expr *typed = NULL;
  for (unsigned i = 0; i < e->n_args && !typed; i++)
    if (e->args[i]->class != CLASS_UNTYPED)
      typed = e->args[i];
  e->class = typed ? typed->class : CLASS_UNTYPED;
  if (!typed)
    return;
  if (!(classes >> typed->class & 1)) {
    g_autofree char *text = expr_text(r, typed);
    filter_fail(r, typed->first, typed->n,
                lang_text("%1$s is %2$s; nothing like this can be calculated with it.",
                          "%1$s เป็น%2$s ใช้คำนวณแบบนี้ไม่ได้"),
                text, class_word(typed->class));
  }
  for (unsigned i = 0; i < e->n_args && !r->failed; i++) {
    convert(r, e->args[i], typed->class, expr_def(typed), false);
    if (e->args[i]->class != typed->class)
      fail_pair(r, typed, e->args[i]);
  }
}

static void
infer_function(struct filter_reading *r, struct filter_expr *e)
{
  switch (e->function) {
  case FUNCTION_LEN:
  case FUNCTION_COUNT:
    takes_key(r, e, (unsigned)ANY_CLASS, lang_text("any", "คีย์ใดก็ได้"));
    e->class = CLASS_NUMBER;
    break;
  case FUNCTION_LOWER:
  case FUNCTION_UPPER:
    takes_key(r, e, TEXTS, lang_text("one of text", "คีย์ที่เป็นข้อความ"));
    e->class = CLASS_TEXT;
    break;
  case FUNCTION_STRING:
    takes_key(r, e, STRINGABLE, lang_text("one of a number or an address", "คีย์ที่เป็นตัวเลขหรือที่อยู่"));
    e->class = CLASS_TEXT;
    break;
  case FUNCTION_ABS:
  case FUNCTION_MAX:
  case FUNCTION_MIN:
  default:
    if (e->n_args == 0 || (e->function == FUNCTION_ABS && e->n_args != 1))
      filter_fail(r, e->first, e->n,
                  lang_text("%s() wants values between its parentheses.", "%s() ต้องมีค่าในวงเล็บ"),
                  filter_function_names[e->function]);
    infer_alike(r, e, e->function == FUNCTION_ABS ? MEASURABLE : ORDERED);
  }
}

static void
infer_arithmetic(struct filter_reading *r, struct filter_expr *e)
{
  unsigned classes = e->arithmetic == '+' || e->arithmetic == '-' ? MEASURABLE
                     : e->arithmetic == '&' ? 1 << CLASS_NUMBER | 1 << CLASS_IPV4 |
                                                  1 << CLASS_ETHER | 1 << CLASS_OCTETS
                                            : 1 << CLASS_NUMBER;
  infer_alike(r, e, classes);
}

static void
infer(struct filter_reading *r, struct filter_expr *e)
{
  for (unsigned i = 0; i < e->n_args; i++)
    infer(r, e->args[i]);
  if (r->failed)
    return;
  switch (e->kind) {
  case EXPR_FIELD:
  case EXPR_REFERENCE:
    e->class = filter_class_of(e->def);
    e->row_key = filter_row_key(e->def, &(enum filter_scope){SCOPE_NONE});
    break;
  case EXPR_SLICE:
    e->class = CLASS_OCTETS;
    if (!filter_class_is_octets(e->args[0]->class)) {
      g_autofree char *text = expr_text(r, e->args[0]);
      uint32_t bracket = e->args[0]->first + e->args[0]->n;
      filter_fail(r, bracket, 1,
                  lang_text("“%1$s” is %2$s; only addresses, text and octets can be cut with [ ].",
                            "“%1$s” เป็น%2$s ใช้ [ ] ตัดได้เฉพาะที่อยู่ ข้อความ และออกเตต"),
                  text, class_word(e->args[0]->class));
    }
    break;
  case EXPR_FUNCTION:
    infer_function(r, e);
    break;
  case EXPR_ARITHMETIC:
    infer_arithmetic(r, e);
    break;
  case EXPR_NEGATED:
    infer_alike(r, e, MEASURABLE);
    break;
  case EXPR_LITERAL:
  default:
    e->class = CLASS_UNTYPED;
  }
}

/* ---- tests ---- */

/* The left side begins with a key. */
static bool
check_left(struct filter_reading *r, const struct filter_expr *left)
{
  const struct filter_expr *e = left;
  while (e->n_args &&
         (e->kind == EXPR_ARITHMETIC || e->kind == EXPR_SLICE || e->class == CLASS_UNTYPED))
    e = e->args[0];
  if (e->kind != EXPR_LITERAL)
    return true;
  if (e->literal == LITERAL_WORD && !g_ascii_isdigit(e->text->str[0])) {
    filter_fail_unknown_key(r, e->first, e->text->str);
    return false;
  }
  g_autofree char *text = expr_text(r, e);
  filter_fail(r, e->first, e->n,
              lang_text("A test begins with a key: write key == %s, the value behind.",
                        "เงื่อนไขต้องเริ่มด้วยคีย์ ให้เขียน key == %s โดยค่าอยู่ด้านหลัง"),
              text);
  return false;
}

static void
fail_operator(struct filter_reading *r, const struct filter_node *t)
{
  g_autofree char *op = g_strndup(r->text + t->op_first, t->op_n);
  g_autofree char *left = expr_text(r, t->left);
  if (t->left->class == CLASS_NOTHING)
    filter_fail(r, t->op_first, t->op_n,
                lang_text("%s has no value to compare: it is present or not. Ask for it by its "
                          "name alone; it has no value.",
                          "%s ไม่มีค่าให้เปรียบเทียบ มีเพียงปรากฏหรือไม่ปรากฏ ให้ใช้ชื่อคีย์อย่างเดียว"),
                left);
  else
    filter_fail(
        r, t->op_first, t->op_n,
        lang_text("“%1$s” searches in text or octets; %2$s is %3$s. Compare it with == instead, or "
                  "search in string(%2$s).",
                  "“%1$s” ค้นหาในข้อความหรือออกเตต แต่ %2$s เป็น%3$s ให้เปรียบเทียบด้วย == แทน "
                  "หรือค้นหาใน string(%2$s)"),
        op, left, class_word(t->left->class));
}

static void
check_regex(struct filter_reading *r, struct filter_node *t)
{
  const struct filter_expr *e = t->right;
  if (e->kind != EXPR_LITERAL || (e->literal != LITERAL_QUOTED && e->literal != LITERAL_RAW)) {
    g_autofree char *text = expr_text(r, e);
    filter_fail(r, e->first, e->n,
                lang_text("“%1$s” does not fit here; write %2$s instead.",
                          "“%1$s” ใช้ตรงนี้ไม่ได้ ให้เขียน %2$s แทน"),
                text, lang_text("a pattern in quotes", "รูปแบบในเครื่องหมายคำพูด"));
    return;
  }
  g_autoptr(GError) error = NULL;
  if (strlen(e->text->str) == e->text->len)
    t->regex = g_regex_new(e->text->str,
                           G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_OPTIMIZE | G_REGEX_NEWLINE_LF,
                           0, &error);
  if (!t->regex)
    filter_fail(r, e->first, e->n,
                lang_text("This is no regular expression: %s", "นี่ไม่ใช่นิพจน์ปรกติ: %s"),
                error ? error->message : "NUL");
}

/* An expression on the right: a literal is read for the left side, a key has to be of its kind. */
static void
check_right(struct filter_reading *r, struct filter_node *t, struct filter_expr *right)
{
  if (!right || r->failed)
    return;
  infer(r, right);
  struct filter_expr *left = t->left;
  convert(r, right, left->class, expr_def(left), t->op == OP_CONTAINS);
  if (r->failed || left->class == right->class)
    return;
  bool octets = left->class == CLASS_OCTETS || left->class == CLASS_ETHER;
  bool alike = octets && (right->class == CLASS_OCTETS || right->class == CLASS_ETHER);
  bool cut = left->kind == EXPR_SLICE || right->kind == EXPR_SLICE;
  if (alike || (cut && filter_class_is_octets(left->class) && filter_class_is_octets(right->class)))
    return;
  fail_pair(r, left, right);
}

void
filter_check_test(struct filter_reading *r, struct filter_node *t)
{
  infer(r, t->left);
  if (r->failed || !check_left(r, t->left) || t->op == OP_PRESENT)
    return;
  enum filter_class class = t->left->class;
  bool searchable = class == CLASS_TEXT || class == CLASS_OCTETS || class == CLASS_PROTOCOL ||
                    class == CLASS_ETHER;
  bool searches = t->op == OP_CONTAINS || t->op == OP_MATCHES;
  if (class == CLASS_NOTHING || (searches && !searchable)) {
    fail_operator(r, t);
    return;
  }
  if (t->op == OP_MATCHES) {
    check_regex(r, t);
    return;
  }
  check_right(r, t, t->right);
  for (unsigned i = 0; i < t->n_entries; i++) {
    check_right(r, t, t->entries[i].from);
    check_right(r, t, t->entries[i].to);
  }
}
