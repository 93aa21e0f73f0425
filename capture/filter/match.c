/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.c -- whether a decoded frame fits a compiled filter.
 *
 * A key may occur several times in a frame; each operator says whether one occurrence has to fit or
 * all (tree.h). A key that does not occur fits no comparison, `!=` included, as in Wireshark.
 * Secrets are compared as they are on the wire. */
#include "capture/filter/tree.h"

#include <string.h>

/* One value of a field in the frame, borrowed from the decode, or made by a function or slice. */
struct found {
  uint64_t number;
  const uint8_t *octets;
  size_t n_octets;
  const char *word;
  GByteArray *made;
};

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

static void
plain_value(const struct decode *d, const struct field *f, struct found *out)
{
  *out = (struct found){.number = f->number};
  const char *text = f->text == UINT32_MAX ? NULL : (const char *)d->text->data + f->text;
  switch (f->def->type) {
  case FIELD_TEXT:
    out->octets = (const uint8_t *)(text ? text : "");
    out->n_octets = text ? strlen(text) : 0;
    break;
  case FIELD_PROTOCOL:
    out->octets = d->sources[f->source].octets->data + f->first;
    out->n_octets = protocol_octets(d, f);
    break;
  case FIELD_ETHER:
  case FIELD_IPV4:
  case FIELD_IPV6:
  case FIELD_OCTETS:
    out->octets = d->sources[f->source].octets->data + f->first;
    out->n_octets = f->n_octets;
    break;
  default:
    out->word = text;
  }
}

static void
append_slice(GByteArray *out, const struct found *v, const struct filter_slice *s)
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

/* Applies function, mask and slices. False when a slice lies outside the value. */
static bool
operand_value(const struct decode *d, const struct filter_operand *o, const struct field *f,
              struct found *v)
{
  plain_value(d, f, v);
  if (o->has_mask)
    v->number &= o->mask;
  if (o->n_slices) {
    GByteArray *made = g_byte_array_new();
    for (unsigned i = 0; i < o->n_slices; i++)
      append_slice(made, v, &o->slices[i]);
    v->made = made;
    v->octets = made->data;
    v->n_octets = made->len;
    if (made->len == 0)
      return false;
  }
  if (o->function == FUNCTION_LEN) {
    v->number = v->n_octets;
  } else if (o->function == FUNCTION_LOWER || o->function == FUNCTION_UPPER) {
    GByteArray *made = g_byte_array_new();
    for (size_t i = 0; i < v->n_octets; i++) {
      char c = (char)v->octets[i];
      c = o->function == FUNCTION_LOWER ? g_ascii_tolower(c) : g_ascii_toupper(c);
      g_byte_array_append(made, (const uint8_t *)&c, 1);
    }
    if (v->made)
      g_byte_array_unref(v->made);
    v->made = made;
    v->octets = made->data;
    v->n_octets = made->len;
  }
  return true;
}

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

/* <0, 0, >0; *fits is false when the two cannot be compared. */
static int
compare(enum filter_class class, const struct found *v, const struct filter_value *with, bool *fits)
{
  *fits = true;
  switch (class) {
  case CLASS_NUMBER:
    if (with->word) {
      *fits = v->word != NULL;
      return *fits ? g_ascii_strcasecmp(v->word, with->word) : 0;
    }
    return (v->number > with->number) - (v->number < with->number);
  case CLASS_SIGNED:
    return ((int64_t)v->number > (int64_t)with->number) -
           ((int64_t)v->number < (int64_t)with->number);
  case CLASS_ADDRESS:
    *fits = v->n_octets == with->n_octets;
    return *fits ? compare_prefix(v->octets, with->octets, with->prefix_bits) : 0;
  default:
    return compare_octets(v->octets, v->n_octets, with->octets, with->n_octets);
  }
}

static bool
op_holds(enum filter_op op, int c)
{
  switch (op) {
  case OP_EQ:
  case OP_ALL_EQ:
    return c == 0;
  case OP_NE:
  case OP_ANY_NE:
    return c != 0;
  case OP_GT:
    return c > 0;
  case OP_LT:
    return c < 0;
  case OP_GE:
    return c >= 0;
  case OP_LE:
    return c <= 0;
  default:
    return false;
  }
}

static bool
is_contained(const struct found *v, const struct filter_value *what)
{
  return what->n_octets == 0 || (v->n_octets >= what->n_octets &&
                                 memmem(v->octets, v->n_octets, what->octets, what->n_octets));
}

static bool
in_set(const struct filter_node *t, enum filter_class class, const struct found *v)
{
  for (unsigned i = 0; i < t->n_entries; i++) {
    const struct filter_entry *e = &t->entries[i];
    bool fits, fits_to = true;
    int c = compare(class, v, &e->from, &fits);
    if (!fits)
      continue;
    if (e->to.class == CLASS_NOTHING
            ? c == 0
            : c >= 0 && compare(class, v, &e->to, &fits_to) <= 0 && fits_to)
      return true;
  }
  return false;
}

/* One value of the left side against the right side. */
static bool
value_holds(const struct filter_node *t, const struct found *v)
{
  enum filter_class class = filter_operand_class(&t->left);
  bool fits;
  switch (t->op) {
  case OP_PRESENT:
    return !t->left.has_mask || v->number != 0;
  case OP_CONTAINS:
    return is_contained(v, &t->entries[0].from);
  case OP_MATCHES:
    return g_regex_match_full(t->regex, (const char *)v->octets, (gssize)v->n_octets, 0, 0, NULL,
                              NULL);
  case OP_IN:
    return in_set(t, class, v);
  default: {
    int c = compare(class, v, &t->entries[0].from, &fits);
    return fits && op_holds(t->op, c);
  }
  }
}

/* One value of the left side against every value of the key on the right. */
static bool
field_holds(const struct filter_node *t, const struct decode *d, const struct found *v)
{
  bool all = t->op == OP_NE || t->op == OP_ALL_EQ, any_value = false;
  enum filter_class class = filter_operand_class(&t->left);
  for (unsigned i = 0; i < d->fields->len; i++) {
    const struct field *f = decode_field(d, i);
    struct found other;
    if (f->def != t->right.def || !operand_value(d, &t->right, f, &other)) {
      if (f->def == t->right.def && other.made)
        g_byte_array_unref(other.made);
      continue;
    }
    struct filter_value with = {.class = class,
                                .number = other.number,
                                .octets = (uint8_t *)(uintptr_t)other.octets,
                                .n_octets = other.n_octets,
                                .prefix_bits = (unsigned)other.n_octets * 8};
    bool fits;
    int c = compare(class, v, &with, &fits);
    bool holds = fits && op_holds(t->op, c);
    if (t->op == OP_CONTAINS)
      holds = is_contained(v, &with);
    if (other.made)
      g_byte_array_unref(other.made);
    any_value = true;
    if (holds != all)
      return holds;
  }
  return any_value && all;
}

static bool
test_matches(const struct filter_node *t, const struct decode *d)
{
  if (t->left.function == FUNCTION_COUNT) {
    struct found v = {0};
    for (unsigned i = 0; i < d->fields->len; i++)
      v.number += decode_field(d, i)->def == t->left.def;
    return v.number > 0 && (t->right_is_field ? field_holds(t, d, &v) : value_holds(t, &v));
  }
  bool all = t->op == OP_NE || t->op == OP_ALL_EQ, any_value = false;
  for (unsigned i = 0; i < d->fields->len; i++) {
    const struct field *f = decode_field(d, i);
    if (f->def != t->left.def)
      continue;
    struct found v;
    bool there = operand_value(d, &t->left, f, &v);
    bool holds = there && (t->right_is_field ? field_holds(t, d, &v) : value_holds(t, &v));
    if (v.made)
      g_byte_array_unref(v.made);
    if (!there)
      continue;
    any_value = true;
    if (holds != all)
      return holds;
  }
  return any_value && all;
}

static bool
node_matches(const struct filter_node *n, const struct decode *d)
{
  switch (n->kind) {
  case NODE_AND:
    return node_matches(n->a, d) && node_matches(n->b, d);
  case NODE_OR:
    return node_matches(n->a, d) || node_matches(n->b, d);
  case NODE_NOT:
    return !node_matches(n->a, d);
  case NODE_TEST:
    return test_matches(n, d);
  case NODE_ALL:
  default:
    return true;
  }
}

bool
filter_match(const struct filter *f, struct decode *d)
{
  return node_matches(f->root, d);
}

bool
filter_match_frame(const struct filter *f, struct decode *d, uint32_t frame)
{
  decode_frame(d, frame);
  return filter_match(f, d);
}
