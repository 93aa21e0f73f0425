/* SPDX-License-Identifier: GPL-3.0-or-later */
/* complete.c -- what could stand at the cursor of a filter that is being typed.
 *
 *     start ──key──> EXPECT_OPERATOR ──op──> EXPECT_VALUE ──value──> EXPECT_JOIN ──and──> start
 *
 * Only the tokens before the cursor are looked at, and no grammar: half a filter has none. */
#include "capture/filter/tree.h"

#include <string.h>

enum expected { EXPECT_KEY, EXPECT_OPERATOR, EXPECT_VALUE, EXPECT_JOIN };

struct place {
  enum expected expected;
  const struct field_def *key; /* the last one */
  size_t first;                /* of the word that the cursor touches */
};

struct operator_row {
  const char *sign;
  unsigned classes;
  struct lang_pair about;
};

enum {
  ORDERED = ~(1u << CLASS_NOTHING),
  SEARCHED = 1u << CLASS_TEXT | 1u << CLASS_OCTETS | 1u << CLASS_PROTOCOL | 1u << CLASS_ETHER,
};

static const struct operator_row operators[] = {
    {"==", ORDERED, {"One occurrence is equal.", "มีค่าหนึ่งเท่ากัน"}},
    {"!=", ORDERED, {"It occurs, and no occurrence is equal.", "มีฟิลด์นี้ และไม่มีค่าใดเท่ากัน"}},
    {"contains", SEARCHED, {"Octets or text are found inside.", "พบออกเตตหรือข้อความข้างใน"}},
    {"matches", SEARCHED, {"A regular expression fits, case ignored.", "ตรงกับนิพจน์ปรกติ ไม่แยกตัวพิมพ์"}},
    {"in", ORDERED, {"It is one of a set { , .. }.", "เป็นค่าหนึ่งในเซต { , .. }"}},
    {">", ORDERED, {"One occurrence is larger.", "มีค่าหนึ่งมากกว่า"}},
    {"<", ORDERED, {"One occurrence is smaller.", "มีค่าหนึ่งน้อยกว่า"}},
    {">=", ORDERED, {"One occurrence is larger or equal.", "มีค่าหนึ่งมากกว่าหรือเท่ากัน"}},
    {"<=", ORDERED, {"One occurrence is smaller or equal.", "มีค่าหนึ่งน้อยกว่าหรือเท่ากัน"}},
    {"===", ORDERED, {"Every occurrence is equal.", "ทุกค่าเท่ากัน"}},
    {"!==", ORDERED, {"One occurrence differs.", "มีค่าหนึ่งต่างออกไป"}},
    {"&",
     1u << CLASS_NUMBER | 1u << CLASS_IPV4,
     {"Keeps the bits of a mask; true when one is left.", "เก็บเฉพาะบิตของตัวพราง เป็นจริงเมื่อมีบิตเหลือ"}},
};

static const struct {
  const char *word;
  bool begins; /* before a key, else between tests */
  struct lang_pair about;
} joins[] = {
    {"and", false, {"Both tests fit.", "ตรงทั้งสองเงื่อนไข"}},
    {"or", false, {"One of the tests fits, or both.", "ตรงเงื่อนไขใดเงื่อนไขหนึ่งหรือทั้งสอง"}},
    {"xor", false, {"One of the tests fits, not both.", "ตรงเงื่อนไขเดียวเท่านั้น"}},
    {"not", true, {"The test behind does not fit.", "ไม่ตรงเงื่อนไขที่ตามมา"}},
    {"any", true, {"One occurrence has to fit.", "ต้องมีค่าหนึ่งที่ตรง"}},
    {"all", true, {"Every occurrence has to fit.", "ทุกค่าต้องตรง"}},
};

static const struct lang_pair function_abouts[FUNCTION_N] = {
    [FUNCTION_LEN] = {"The length in octets.", "ความยาวเป็นออกเตต"},
    [FUNCTION_COUNT] = {"How often the key occurs in the frame.", "จำนวนครั้งที่คีย์นี้ปรากฏในเฟรม"},
    [FUNCTION_LOWER] = {"Text in small letters.", "ข้อความเป็นตัวพิมพ์เล็ก"},
    [FUNCTION_UPPER] = {"Text in capitals.", "ข้อความเป็นตัวพิมพ์ใหญ่"},
    [FUNCTION_STRING] = {"A number or address as text.", "ตัวเลขหรือที่อยู่ในรูปข้อความ"},
    [FUNCTION_MAX] = {"The largest of all values.", "ค่ามากที่สุด"},
    [FUNCTION_MIN] = {"The smallest of all values.", "ค่าน้อยที่สุด"},
    [FUNCTION_ABS] = {"The number without its sign.", "ตัวเลขโดยไม่คิดเครื่องหมาย"},
};

/* ---- where the cursor is ---- */

static bool
is_word_token(enum filter_token token)
{
  return token == T_WORD || token == T_AND || token == T_OR || token == T_XOR || token == T_NOT ||
         token == T_IN || token == T_ANY || token == T_ALL || token == T_OP ||
         token == T_ARITHMETIC;
}

static void
walk_word(struct place *p, const char *word)
{
  const struct field_def *def = field_def_find(word + (*word == '.'));
  if (p->expected == EXPECT_KEY && filter_function_find(word))
    return;
  if (p->expected == EXPECT_KEY && def)
    p->key = def;
  p->expected = p->expected == EXPECT_KEY ? EXPECT_OPERATOR : EXPECT_JOIN;
}

static void
walk_token(struct filter_reading *r, struct place *p)
{
  const char *close;
  switch (r->token) {
  case T_WORD:
    walk_word(p, r->value->str);
    break;
  case T_LITERAL:
  case T_REFERENCE:
    p->expected = EXPECT_JOIN;
    break;
  case T_OP:
  case T_IN:
    p->expected = EXPECT_VALUE;
    break;
  case T_ARITHMETIC:
    if (p->expected == EXPECT_OPERATOR)
      p->expected = EXPECT_KEY;
    else if (p->expected == EXPECT_JOIN)
      p->expected = EXPECT_VALUE;
    break;
  case T_RANGE:
    p->expected = EXPECT_VALUE;
    break;
  case T_COMMA: /* of a set, or of a function */
    p->expected = p->expected == EXPECT_OPERATOR ? EXPECT_KEY : EXPECT_VALUE;
    break;
  case T_RBRACE:
    p->expected = EXPECT_JOIN;
    break;
  case T_CLOSE: /* of a function on the left: an operator follows; and it may do elsewhere */
    break;
  case T_LBRACKET:
    close = memchr(r->text + r->at, ']', r->n - r->at);
    r->at = close ? (size_t)(close + 1 - r->text) : r->n;
    break;
  case T_AND:
  case T_OR:
  case T_XOR:
    p->expected = EXPECT_KEY;
    break;
  default:
    break;
  }
}

static struct place
find_place(const char *text, size_t cursor)
{
  struct place p = {.expected = EXPECT_KEY, .first = cursor};
  g_autofree char *before = g_strndup(text, MIN(cursor, (size_t)FILTER_TEXT_MAX));
  struct filter_reading r = {.text = before, .n = strlen(before), .value = g_string_new(NULL)};
  for (;;) {
    filter_next_token(&r);
    if (r.token == T_END || r.token == T_BAD)
      break;
    bool touches = r.at == r.n && is_word_token(r.token);
    if (touches && (g_ascii_isalnum(r.text[r.first]) || r.text[r.first] == '.')) {
      p.first = r.first + (r.text[r.first] == '.');
      break;
    }
    walk_token(&r, &p);
  }
  g_string_free(r.value, TRUE);
  return p;
}

/* ---- candidates ---- */

struct gathering {
  GPtrArray *candidates;
  const char *prefix;
  size_t n_prefix;
  unsigned n_max;
};

static void
candidate_free(gpointer data)
{
  struct filter_candidate *c = data;
  g_free(c->text);
  g_free(c->about);
  g_free(c);
}

static void
offer(struct gathering *g, enum filter_candidate_kind kind, const char *text, const char *about)
{
  if (g->candidates->len >= g->n_max)
    return;
  struct filter_candidate *c = g_new(struct filter_candidate, 1);
  *c = (struct filter_candidate){kind, g_strdup(text), g_strdup(about)};
  g_ptr_array_add(g->candidates, c);
}

static bool
begins(const struct gathering *g, const char *text)
{
  return g_ascii_strncasecmp(text, g->prefix, g->n_prefix) == 0;
}

static void
offer_key(struct gathering *g, const struct field_def *def)
{
  g_auto(GStrv) parts = g_strsplit(lang_pick(def->explain), "%s", 2);
  g_autofree char *about = g_strjoinv("…", parts);
  offer(g, CANDIDATE_KEY, def->key, about);
}

static void
offer_keys(struct gathering *g)
{
  size_t n;
  const struct field_def *const *all = field_defs(&n);
  for (size_t i = 0; i < n; i++)
    if (begins(g, all[i]->key))
      offer_key(g, all[i]);
  for (unsigned i = FUNCTION_LEN; i < FUNCTION_N; i++)
    if (begins(g, filter_function_names[i])) {
      g_autofree char *call = g_strconcat(filter_function_names[i], "(", NULL);
      offer(g, CANDIDATE_FUNCTION, call, lang_pick(function_abouts[i]));
    }
  for (size_t i = 0; i < G_N_ELEMENTS(joins); i++)
    if (joins[i].begins && begins(g, joins[i].word))
      offer(g, CANDIDATE_JOIN, joins[i].word, lang_pick(joins[i].about));
  for (size_t i = 0; i < n && g->n_prefix >= 3; i++)
    if (!begins(g, all[i]->key) && strstr(all[i]->key, g->prefix))
      offer_key(g, all[i]);
}

static void
offer_operators(struct gathering *g, const struct field_def *key)
{
  for (size_t i = 0; key && i < G_N_ELEMENTS(operators); i++)
    if ((operators[i].classes >> filter_class_of(key) & 1) && begins(g, operators[i].sign))
      offer(g, CANDIDATE_OPERATOR, operators[i].sign, lang_pick(operators[i].about));
}

static void
offer_joins(struct gathering *g)
{
  for (size_t i = 0; i < G_N_ELEMENTS(joins); i++)
    if (!joins[i].begins && begins(g, joins[i].word))
      offer(g, CANDIDATE_JOIN, joins[i].word, lang_pick(joins[i].about));
}

static void
offer_values(struct gathering *g, const struct field_def *key)
{
  enum { WORDS_MAX = 512 };
  const char *words[WORDS_MAX];
  uint64_t numbers[WORDS_MAX];
  if (key->type == FIELD_BOOL) {
    if (begins(g, "True"))
      offer(g, CANDIDATE_VALUE, "True", lang_text("The flag is set.", "บิตถูกตั้งไว้"));
    if (begins(g, "False"))
      offer(g, CANDIDATE_VALUE, "False", lang_text("The flag is not set.", "บิตไม่ได้ตั้งไว้"));
    return;
  }
  unsigned n = filter_key_words(key, words, numbers, WORDS_MAX);
  for (unsigned i = 0; i < n; i++)
    if (begins(g, words[i])) {
      g_autofree char *quoted = g_strdup_printf("\"%s\"", words[i]);
      g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, numbers[i]);
      offer(g, CANDIDATE_VALUE, quoted, number);
    }
}

struct filter_completion *
filter_completion_new(const char *text, size_t cursor, unsigned n_max)
{
  cursor = MIN(cursor, strlen(text));
  struct place p = find_place(text, cursor);
  g_autofree char *prefix = g_strndup(text + p.first, cursor - p.first);
  struct filter_completion *c = g_new(struct filter_completion, 1);
  c->first = (unsigned)p.first;
  c->n_octets = (unsigned)(cursor - p.first);
  c->candidates = g_ptr_array_new_with_free_func(candidate_free);
  struct gathering g = {c->candidates, prefix, strlen(prefix), n_max};
  switch (p.expected) {
  case EXPECT_KEY:
    offer_keys(&g);
    break;
  case EXPECT_OPERATOR:
    offer_operators(&g, p.key);
    offer_joins(&g);
    break;
  case EXPECT_VALUE:
    if (p.key)
      offer_values(&g, p.key);
    break;
  case EXPECT_JOIN:
  default:
    offer_joins(&g);
  }
  return c;
}

void
filter_completion_free(struct filter_completion *completion)
{
  if (!completion)
    return;
  g_ptr_array_unref(completion->candidates);
  g_free(completion);
}
