/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.c -- whether a decoded frame fits a compiled filter.
 *
 *     expression ──evaluate──> its values in the frame, none to many ──> one pair fits, or all do
 *
 * A key may occur several times in a frame; an expression has a value for each occurrence, or for
 * each pair of them. A test whose expressions have no value fits nothing, `!=` included, as in
 * Wireshark. Secrets are compared as they are on the wire. */
#include "capture/filter/tree.h"

#include <string.h>

enum {
  VALUES_INLINE = 4,
  VALUES_MAX = 65536, /* of one expression: two keys that occur 256 times each, multiplied */
};

struct values {
  struct filter_value inside[VALUES_INLINE];
  struct filter_value *v; /* `inside` or the heap */
  unsigned n, room;
};

static void
values_init(struct values *values)
{
  values->v = values->inside;
  values->n = 0;
  values->room = VALUES_INLINE;
}

static void
values_clear(struct values *values)
{
  for (unsigned i = 0; i < values->n; i++)
    g_free(values->v[i].made);
  if (values->v != values->inside)
    g_free(values->v);
}

/* Takes the value. */
static void
values_add(struct values *values, struct filter_value value)
{
  if (values->n == VALUES_MAX) {
    g_free(value.made);
    return;
  }
  if (values->n == values->room) {
    values->room *= 4;
    if (values->v == values->inside) {
      values->v = g_new(struct filter_value, values->room);
      memcpy(values->v, values->inside, sizeof values->inside);
    } else {
      values->v = g_renew(struct filter_value, values->v, values->room);
    }
  }
  values->v[values->n++] = value;
}

/* ---- values of keys ---- */

/* The octets that a protocol's layer stands for: from its header to the end of its source, padding
 * of the link excluded. */
static size_t
protocol_octets(const struct decode *d, const struct field *f)
{
  size_t end = d->sources[f->source].octets->len;
  for (unsigned i = 0; f->source == 0 && f->first > 0 && i < d->fields->len; i++) {
    const struct field *other = decode_field(d, i);
    if (other->depth == 0 && other->source == 0 && other->first > f->first &&
        (strcmp(other->def->key, "eth.padding") == 0 ||
         strcmp(other->def->key, "eth.trailer") == 0))
      end = other->first;
  }
  return end - f->first;
}

static struct filter_value
field_value(const struct decode *d, const struct field *f)
{
  struct filter_value v = {.number = f->number};
  const uint8_t *octets = d->sources[f->source].octets->data; /* NULL: a frame of no octets */
  const char *text = f->text == UINT32_MAX ? NULL : (const char *)d->text->data + f->text;
  switch (f->def->type) {
  case FIELD_TEXT:
    v.octets = (const uint8_t *)(text ? text : "");
    v.n_octets = text ? strlen(text) : 0;
    break;
  case FIELD_PROTOCOL:
    v.octets = octets ? octets + f->first : NULL;
    v.n_octets = protocol_octets(d, f);
    break;
  case FIELD_ETHER:
  case FIELD_IPV4:
  case FIELD_IPV6:
  case FIELD_OCTETS:
    v.octets = octets ? octets + f->first : NULL;
    v.n_octets = f->n_octets;
    v.prefix_bits = 128;
    break;
  case FIELD_TIME:
  case FIELD_SPAN:
    v.number = (int64_t)f->number;
    break;
  case FIELD_UINT:
    if (f->def->is_signed)
      v.number = (int64_t)f->number;
    break;
  default:
    break;
  }
  return v;
}

/* 1 for the outermost layer of its protocol in the frame. */
static unsigned
layer_of(const struct decode *d, unsigned field)
{
  while (decode_field(d, field)->parent != UINT16_MAX)
    field = decode_field(d, field)->parent;
  const struct field_def *def = decode_field(d, field)->def;
  unsigned layer = 0;
  for (unsigned i = 0; i <= field; i++)
    layer += decode_field(d, i)->parent == UINT16_MAX && decode_field(d, i)->def == def;
  return layer;
}

/* Whether #[ ] names this layer; negative numbers count from the innermost. */
static bool
layer_fits(const struct filter_expr *e, const struct decode *d, unsigned field)
{
  if (e->n_slices == 0)
    return true;
  int layer = (int)layer_of(d, field), innermost = layer;
  for (unsigned i = field + 1; i < d->fields->len; i++)
    if (decode_field(d, i)->def == e->def)
      innermost = (int)layer_of(d, i);
  for (unsigned i = 0; i < e->n_slices; i++) {
    const struct filter_slice *s = &e->slices[i];
    int first = s->first < 0 ? innermost + 1 + s->first : s->first;
    int last = s->to_end    ? INT_MAX
               : s->by_last ? (s->last < 0 ? innermost + 1 + s->last : s->last)
                            : first + s->n_octets - 1;
    if (layer >= first && layer <= last)
      return true;
  }
  return false;
}

static bool
is_field(const struct filter_expr *e, const struct decode *d, unsigned i)
{
  return decode_field(d, i)->def == e->def && layer_fits(e, d, i);
}

/* ---- slices, functions, arithmetic ---- */

static void
append_slice(GByteArray *out, const struct filter_value *v, const struct filter_slice *s)
{
  int64_t n = (int64_t)v->n_octets;
  int64_t first = s->first < 0 ? n + s->first : s->first;
  int64_t end = s->to_end    ? n
                : s->by_last ? (s->last < 0 ? n + s->last : s->last) + 1
                             : first + s->n_octets;
  if (first < 0 || first >= n || end > n || end <= first)
    return;
  g_byte_array_append(out, v->octets + first, (guint)(end - first));
}

/* Runs that lie outside the value are left out; nothing left is no value. */
static void
add_slice(struct values *out, const struct filter_expr *e, const struct filter_value *v)
{
  GByteArray *made = g_byte_array_new();
  for (unsigned i = 0; i < e->n_slices; i++)
    append_slice(made, v, &e->slices[i]);
  size_t n = made->len;
  uint8_t *octets = g_byte_array_free(made, n == 0);
  if (n)
    values_add(out, (struct filter_value){
                        .octets = octets, .n_octets = n, .made = octets, .prefix_bits = 128});
}

/* What len() says of a protocol: Wireshark gives these their header alone, the others all that
 * follows too. */
static bool
is_header_alone(const char *key)
{
  static const char *const keys[] = {"eth", "ip", "udp"};
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
    if (strcmp(keys[i], key) == 0)
      return true;
  return false;
}

static size_t
field_octets(const struct decode *d, const struct field *f)
{
  enum filter_class class = filter_class_of(f->def);
  if (class == CLASS_NUMBER) {
    unsigned bits = filter_key_bits(f->def);
    return bits == 64 ? f->n_octets : bits / 8;
  }
  if (class == CLASS_PROTOCOL && is_header_alone(f->def->key))
    return f->n_octets;
  if (filter_class_is_octets(class))
    return field_value(d, f).n_octets;
  return f->n_octets;
}

static struct filter_value
text_value(char *text)
{
  return (struct filter_value){
      .octets = (uint8_t *)text, .n_octets = strlen(text), .made = (uint8_t *)text};
}

/* string() */
static struct filter_value
value_as_text(enum filter_class class, const struct filter_value *v)
{
  char text[ADDR_TEXT_MAX];
  if (class == CLASS_ETHER && v->n_octets == 6)
    return text_value(g_strdup(ether_format(v->octets, text)));
  if ((class == CLASS_IPV4 && v->n_octets == 4) || (class == CLASS_IPV6 && v->n_octets == 16)) {
    struct ip_addr a = class == CLASS_IPV4 ? ip_addr_v4(v->octets) : ip_addr_v6(v->octets);
    return text_value(g_strdup(ip_addr_format(&a, text)));
  }
  if (v->number < 0)
    return text_value(g_strdup_printf("%" G_GINT64_FORMAT, (int64_t)v->number));
  return text_value(g_strdup_printf("%" G_GUINT64_FORMAT, (uint64_t)v->number));
}

static struct filter_value
value_in_case(const struct filter_value *v, bool upper)
{
  uint8_t *made = g_malloc(v->n_octets + 1);
  for (size_t i = 0; i < v->n_octets; i++)
    made[i] = (uint8_t)(upper ? g_ascii_toupper((char)v->octets[i])
                              : g_ascii_tolower((char)v->octets[i]));
  return (struct filter_value){.octets = made, .n_octets = v->n_octets, .made = made};
}

/* Both as numbers; a division by zero has no value, nor has what leaves the numbers there are. */
static void
add_number(struct values *out, char op, filter_number a, filter_number b)
{
  if ((op == '/' || op == '%') && b == 0)
    return;
  filter_number n = 0;
  bool too_large =
      false; /* a chain of factors can leave 128 bits: nothing on a wire is that large */
  switch (op) {
  case '+':
    too_large = __builtin_add_overflow(a, b, &n);
    break;
  case '-':
    too_large = __builtin_sub_overflow(a, b, &n);
    break;
  case '*':
    too_large = __builtin_mul_overflow(a, b, &n);
    break;
  case '/':
  case '%':
    too_large = b == -1 && __builtin_sub_overflow((filter_number)0, a, &n);
    if (!too_large)
      n = op == '/' ? a / b : a % b;
    break;
  default:
    n = a & b;
  }
  if (!too_large)
    values_add(out, (struct filter_value){.number = n});
}

/* & of octets, as long as the shorter one. */
static void
add_masked(struct values *out, const struct filter_value *a, const struct filter_value *b)
{
  size_t n = MIN(a->n_octets, b->n_octets);
  uint8_t *made = g_malloc(n + 1);
  for (size_t i = 0; i < n; i++)
    made[i] = a->octets[i] & b->octets[i];
  values_add(
      out, (struct filter_value){.octets = made, .n_octets = n, .made = made, .prefix_bits = 128});
}

static void evaluate(const struct filter_expr *e, const struct filter_subject *s,
                     struct values *out);

static void
evaluate_arithmetic(const struct filter_expr *e, const struct filter_subject *s, struct values *out)
{
  struct values a, b;
  values_init(&a);
  values_init(&b);
  evaluate(e->args[0], s, &a);
  evaluate(e->args[1], s, &b);
  bool numbers = e->class == CLASS_NUMBER || e->class == CLASS_SPAN;
  for (unsigned i = 0; i < a.n; i++)
    for (unsigned k = 0; k < b.n && out->n < VALUES_MAX; k++)
      if (numbers)
        add_number(out, e->arithmetic, a.v[i].number, b.v[k].number);
      else
        add_masked(out, &a.v[i], &b.v[k]);
  values_clear(&a);
  values_clear(&b);
}

/* The largest or smallest value of all arguments. */
static void
evaluate_extreme(const struct filter_expr *e, const struct filter_subject *s, struct values *out)
{
  struct values all;
  values_init(&all);
  for (unsigned i = 0; i < e->n_args; i++)
    evaluate(e->args[i], s, &all);
  unsigned best = 0;
  for (unsigned i = 1; i < all.n; i++) {
    int order = filter_value_compare(e->class, &all.v[i], &all.v[best]);
    if (e->function == FUNCTION_MAX ? order > 0 : order < 0)
      best = i;
  }
  if (all.n) {
    values_add(out, all.v[best]);
    all.v[best].made = NULL;
  }
  values_clear(&all);
}

/* Every occurrence of a key, in the decoded frame or in its row of the index. */
static void
field_values(const struct filter_expr *e, const struct filter_subject *s, struct values *out)
{
  if (s->row) {
    struct filter_value found[FILTER_ROW_VALUES_MAX];
    unsigned n = filter_row_values(s->row, e->row_key, found);
    for (unsigned i = 0; i < n; i++)
      values_add(out, found[i]);
    return;
  }
  for (unsigned i = 0; i < s->d->fields->len; i++)
    if (is_field(e, s->d, i))
      values_add(out, field_value(s->d, decode_field(s->d, i)));
}

/* len and count; the index is not asked for lengths (plan.c). */
static void
measure(const struct filter_expr *e, const struct filter_subject *s, struct values *out)
{
  const struct filter_expr *key = e->args[0];
  filter_number n = 0;
  if (s->row) {
    struct filter_value found[FILTER_ROW_VALUES_MAX];
    n = filter_row_values(s->row, key->row_key, found);
  }
  for (unsigned i = 0; !s->row && i < s->d->fields->len; i++)
    if (is_field(key, s->d, i)) {
      n++;
      if (e->function == FUNCTION_LEN)
        values_add(out, (struct filter_value){
                            .number = (filter_number)field_octets(s->d, decode_field(s->d, i))});
    }
  if (e->function == FUNCTION_COUNT && n)
    values_add(out, (struct filter_value){.number = n});
}

static void
evaluate_function(const struct filter_expr *e, const struct filter_subject *s, struct values *out)
{
  const struct filter_expr *arg = e->args[0];
  if (e->function == FUNCTION_MAX || e->function == FUNCTION_MIN) {
    evaluate_extreme(e, s, out);
    return;
  }
  if (e->function == FUNCTION_LEN || e->function == FUNCTION_COUNT) {
    measure(e, s, out);
    return;
  }
  struct values in;
  values_init(&in);
  evaluate(arg, s, &in);
  for (unsigned i = 0; i < in.n; i++) {
    const struct filter_value *v = &in.v[i];
    if (e->function == FUNCTION_STRING)
      values_add(out, value_as_text(arg->class, v));
    else if (e->function == FUNCTION_ABS && v->number >= 0)
      values_add(out, (struct filter_value){.number = v->number});
    else if (e->function == FUNCTION_ABS)
      add_number(out, '-', 0, v->number);
    else
      values_add(out, value_in_case(v, e->function == FUNCTION_UPPER));
  }
  values_clear(&in);
}

/* All values of an expression in the frame. */
static void
evaluate(const struct filter_expr *e, const struct filter_subject *s, struct values *out)
{
  switch (e->kind) {
  case EXPR_LITERAL: {
    struct filter_value v = e->value;
    v.made = NULL;
    values_add(out, v);
    break;
  }
  case EXPR_FIELD:
    field_values(e, s, out);
    break;
  case EXPR_REFERENCE:
    for (unsigned i = 0; e->referred && i < e->referred->len; i++) {
      struct filter_value v = g_array_index(e->referred, struct filter_value, i);
      v.made = NULL;
      values_add(out, v);
    }
    break;
  case EXPR_FUNCTION:
    evaluate_function(e, s, out);
    break;
  case EXPR_ARITHMETIC:
    evaluate_arithmetic(e, s, out);
    break;
  default: {
    struct values in;
    values_init(&in);
    evaluate(e->args[0], s, &in);
    for (unsigned i = 0; i < in.n; i++)
      if (e->kind == EXPR_SLICE)
        add_slice(out, e, &in.v[i]);
      else
        add_number(out, '-', 0, in.v[i].number);
    values_clear(&in);
  }
  }
}

/* ---- comparisons ---- */

static int
compare_octets(const uint8_t *a, size_t na, const uint8_t *b, size_t nb)
{
  size_t n = MIN(na, nb);
  int c = n ? memcmp(a, b, n) : 0;
  return c ? c : (na > nb) - (na < nb);
}

/* The first `bits` of two addresses. */
static int
compare_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
  int c = memcmp(a, b, bits / 8);
  if (c || bits % 8 == 0)
    return c;
  unsigned mask = 0xff00u >> bits % 8 & 0xff;
  return (int)(a[bits / 8] & mask) - (int)(b[bits / 8] & mask);
}

int
filter_value_compare(enum filter_class class, const struct filter_value *a,
                     const struct filter_value *b)
{
  switch (class) {
  case CLASS_NUMBER:
  case CLASS_BOOL:
  case CLASS_SPAN:
  case CLASS_TIME:
    return (a->number > b->number) - (a->number < b->number);
  case CLASS_IPV4:
  case CLASS_IPV6:
    if (a->n_octets == b->n_octets)
      return compare_prefix(a->octets, b->octets,
                            MIN(MIN(a->prefix_bits, b->prefix_bits), (unsigned)a->n_octets * 8));
    return compare_octets(a->octets, a->n_octets, b->octets, b->n_octets);
  default:
    return compare_octets(a->octets, a->n_octets, b->octets, b->n_octets);
  }
}

bool
filter_op_holds(enum filter_op op, int order)
{
  switch (op) {
  case OP_EQ:
    return order == 0;
  case OP_NE:
    return order != 0;
  case OP_GT:
    return order > 0;
  case OP_LT:
    return order < 0;
  case OP_GE:
    return order >= 0;
  case OP_LE:
    return order <= 0;
  default:
    return false;
  }
}

static bool
pair_holds(const struct filter_node *t, const struct filter_value *a, const struct filter_value *b)
{
  if (t->op == OP_CONTAINS)
    return b->n_octets == 0 ? false
                            : a->n_octets >= b->n_octets &&
                                  memmem(a->octets, a->n_octets, b->octets, b->n_octets);
  enum filter_class class = t->left->class == t->right->class ? t->left->class : CLASS_OCTETS;
  return filter_op_holds(t->op, filter_value_compare(class, a, b));
}

static bool
entry_holds(const struct filter_expr *left, const struct filter_entry *e,
            const struct filter_value *v, const struct filter_subject *s)
{
  enum filter_class class = left->class == e->from->class ? left->class : CLASS_OCTETS;
  if (e->from->kind == EXPR_LITERAL && (!e->to || e->to->kind == EXPR_LITERAL)) {
    int order = filter_value_compare(class, v, &e->from->value);
    return e->to ? order >= 0 && filter_value_compare(class, v, &e->to->value) <= 0 : order == 0;
  }
  struct values from, to;
  values_init(&from);
  values_init(&to);
  evaluate(e->from, s, &from);
  if (e->to)
    evaluate(e->to, s, &to);
  bool holds = false;
  for (unsigned i = 0; i < from.n && !holds; i++) {
    int order = filter_value_compare(class, v, &from.v[i]);
    holds = !e->to && order == 0;
    for (unsigned k = 0; k < to.n && order >= 0 && !holds; k++)
      holds = filter_value_compare(class, v, &to.v[k]) <= 0;
  }
  values_clear(&from);
  values_clear(&to);
  return holds;
}

static bool
is_in_set(const struct filter_node *t, const struct filter_value *v, const struct filter_subject *s)
{
  for (unsigned i = 0; i < t->n_entries; i++)
    if (entry_holds(t->left, &t->entries[i], v, s))
      return true;
  return false;
}

/* An expression alone: it has a value; a calculated one has to be more than zero. */
static bool
is_present(const struct filter_expr *e, const struct values *left)
{
  if (e->kind != EXPR_ARITHMETIC && e->kind != EXPR_NEGATED)
    return left->n > 0;
  for (unsigned i = 0; i < left->n; i++) {
    if (left->v[i].number != 0)
      return true;
    for (size_t k = 0; k < left->v[i].n_octets; k++)
      if (left->v[i].octets[k])
        return true;
  }
  return false;
}

/* One value of the left side against those of the right; with `all` each of them has to fit. */
static bool
left_value_holds(const struct filter_node *t, const struct filter_value *v,
                 const struct values *right, const struct filter_subject *s)
{
  if (t->op == OP_MATCHES)
    return g_regex_match_full(t->regex, v->octets ? (const char *)v->octets : "",
                              (gssize)v->n_octets, 0, 0, NULL, NULL);
  if (t->op == OP_IN)
    return is_in_set(t, v, s);
  for (unsigned i = 0; i < right->n; i++)
    if (pair_holds(t, v, &right->v[i]) != t->all)
      return !t->all;
  return t->all;
}

/* The most frequent test of a row, key op literal, without room for many values: it is asked of
 * every flow. */
static bool
row_matches(const struct filter_node *t, const struct filter_row *row)
{
  struct filter_value v[FILTER_ROW_VALUES_MAX];
  unsigned n = filter_row_values(row, t->left->row_key, v);
  for (unsigned i = 0; i < n; i++)
    if (pair_holds(t, &v[i], &t->right->value) != t->all)
      return !t->all;
  return t->all && n;
}

bool
filter_test_matches(const struct filter_node *t, const struct filter_subject *s)
{
  bool is_usual = s->row && t->left->kind == EXPR_FIELD && t->right &&
                  t->right->kind == EXPR_LITERAL && t->op != OP_MATCHES;
  if (is_usual)
    return row_matches(t, s->row);
  struct values left, right;
  values_init(&left);
  values_init(&right);
  evaluate(t->left, s, &left);
  bool holds;
  if (t->op == OP_PRESENT) {
    holds = is_present(t->left, &left);
  } else {
    bool alone = t->op == OP_IN || t->op == OP_MATCHES;
    if (left.n && !alone)
      evaluate(t->right, s, &right);
    holds = t->all && left.n && (right.n || alone);
    bool decided = !left.n || (!right.n && !alone);
    for (unsigned i = 0; i < left.n && !decided; i++)
      if (left_value_holds(t, &left.v[i], &right, s) != t->all) {
        holds = !t->all;
        decided = true;
      }
  }
  values_clear(&left);
  values_clear(&right);
  return holds;
}

bool
filter_node_matches(const struct filter_node *n, const struct filter_subject *s)
{
  switch (n->kind) {
  case NODE_AND:
    return filter_node_matches(n->a, s) && filter_node_matches(n->b, s);
  case NODE_OR:
    return filter_node_matches(n->a, s) || filter_node_matches(n->b, s);
  case NODE_XOR:
    return filter_node_matches(n->a, s) != filter_node_matches(n->b, s);
  case NODE_NOT:
    return !filter_node_matches(n->a, s);
  case NODE_TEST:
    return filter_test_matches(n, s);
  case NODE_ALL:
  default:
    return true;
  }
}

bool
filter_constant(const struct filter_expr *e, filter_number *out)
{
  struct values values;
  values_init(&values);
  evaluate(e, &(struct filter_subject){.d = NULL}, &values);
  bool is_one = values.n == 1;
  if (is_one)
    *out = values.v[0].number;
  values_clear(&values);
  return is_one;
}

bool
filter_match(const struct filter *f, struct decode *d)
{
  return filter_node_matches(f->root, &(struct filter_subject){.d = d});
}

bool
filter_match_frame(const struct filter *f, struct decode *d, uint32_t frame)
{
  decode_frame(d, frame);
  return filter_match(f, d);
}

void
filter_refer(struct filter *f, const struct decode *selected)
{
  for (guint i = 0; i < f->references->len; i++) {
    struct filter_expr *e = g_ptr_array_index(f->references, i);
    if (e->referred)
      g_array_unref(e->referred);
    e->referred = g_array_new(FALSE, FALSE, sizeof(struct filter_value));
    g_array_set_clear_func(e->referred, (GDestroyNotify)filter_value_clear);
    for (unsigned k = 0; k < selected->fields->len; k++) {
      if (decode_field(selected, k)->def != e->def)
        continue;
      struct filter_value v = field_value(selected, decode_field(selected, k));
      v.made = g_memdup2(v.octets, v.n_octets);
      v.octets = v.made;
      g_array_append_val(e->referred, v);
    }
  }
}

bool
filter_has_references(const struct filter *f)
{
  return f->references->len > 0;
}
