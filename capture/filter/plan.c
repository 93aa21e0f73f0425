/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan.c -- decides for each test of a filter how far the index answers it.
 *
 *     tcp.port == 25 and smtp.req.command == "QUIT"
 *     └ SCOPE_FLOW: once per flow      └ families TCP, SMTP: false in flows without them, else open
 *
 * A test is indexed when every key in it is; its answer then comes from the same code as in pass 2
 * (match.c), with the row's values. Any other test is false where a key that it needs cannot occur,
 * and open elsewhere. */
#include "capture/filter/plan.h"

#include <string.h>

/* ---- families ---- */

static const struct {
  const char *prefix; /* a key, or the beginning of keys with a point behind */
  unsigned families;
} families[] = {
    {"tcp", FAMILY_TCP},
    {"udp", FAMILY_UDP},
    {"ip", FAMILY_IP4},
    {"ipv6", FAMILY_IP6},
    {"arp", FAMILY_NO_FLOW},
    {"icmp", FAMILY_NO_FLOW},
    {"icmpv6", FAMILY_NO_FLOW},
    {"smtp", FAMILY_TCP | FAMILY_SMTP},
    {"pop", FAMILY_TCP | FAMILY_POP},
    {"imap", FAMILY_TCP | FAMILY_IMAP},
    {"tls", FAMILY_TCP | FAMILY_TLS},
    {"imf", FAMILY_TCP | FAMILY_MESSAGE},
};

static unsigned
families_of(const char *key)
{
  for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
    size_t n = strlen(families[i].prefix);
    if (strncmp(key, families[i].prefix, n) == 0 && (key[n] == '\0' || key[n] == '.'))
      return families[i].families;
  }
  return 0;
}

/* Without which protocols the expression has no value. */
static unsigned
expr_families(const struct filter_expr *e)
{
  if (e->kind == EXPR_FIELD)
    return families_of(e->def->key);
  if (e->kind == EXPR_FUNCTION && (e->function == FUNCTION_MAX || e->function == FUNCTION_MIN))
    return 0;
  unsigned all = 0;
  for (unsigned i = 0; i < e->n_args; i++)
    all |= expr_families(e->args[i]);
  return all;
}

/* Protocols that may lie inside others (tunnels, TLS) or whose flow is not told yet. */
static bool
may_hold(const struct trace_flow *flow, unsigned family)
{
  static const enum app apps[] = {APP_SMTP, APP_POP3, APP_IMAP};
  bool is_mail = flow->app == APP_SMTP || flow->app == APP_POP3 || flow->app == APP_IMAP;
  if (!is_mail || flow->has_tls)
    return true;
  for (unsigned i = 0; i < G_N_ELEMENTS(apps); i++)
    if (family == (unsigned)FAMILY_SMTP << i)
      return flow->app == apps[i];
  return family != FAMILY_TLS;
}

static bool
lacks_family(const struct trace_flow *flow, unsigned wanted)
{
  bool tcp = flow->proto == IP_PROTO_TCP, v4 = flow->ends[0].addr.version == 4;
  unsigned lacking = FAMILY_NO_FLOW | (tcp ? FAMILY_UDP : FAMILY_TCP | FAMILIES_APP) |
                     (v4 ? FAMILY_IP6 : FAMILY_IP4);
  if (wanted & lacking)
    return true;
  for (unsigned family = FAMILY_SMTP; family <= FAMILY_MESSAGE; family <<= 1)
    if ((wanted & family) && !may_hold(flow, family))
      return true;
  return false;
}

enum verdict
filter_leaf_flow(const struct leaf *leaf, const struct filter_row *row)
{
  if (lacks_family(row->flow, leaf->families))
    return VERDICT_FALSE;
  if (leaf->scope != SCOPE_FLOW)
    return VERDICT_OPEN;
  return filter_test_matches(leaf->test, &(struct filter_subject){.row = row}) ? VERDICT_TRUE
                                                                               : VERDICT_FALSE;
}

/* ---- scopes ---- */

/* The widest scope of two that are both indexed. */
static enum filter_scope
join_scopes(enum filter_scope a, enum filter_scope b)
{
  if (a == SCOPE_NONE || b == SCOPE_NONE)
    return SCOPE_NONE;
  if (a == b)
    return a;
  return SCOPE_RECORD; /* of a flow's frame: frame.* with ip.*, or a flow with a record */
}

/* Literals, and ${key} of the selected frame, whose values are known before the scan. */
static bool
is_constant(const struct filter_expr *e)
{
  if (e->kind == EXPR_FIELD)
    return false;
  for (unsigned i = 0; i < e->n_args; i++)
    if (!is_constant(e->args[i]))
      return false;
  return true;
}

/* `presence`: only whether the key occurs is asked, so that a protocol will do. */
static enum filter_scope
expr_scope(const struct filter_expr *e, bool presence)
{
  enum filter_scope scope = SCOPE_NONE;
  if (e->kind == EXPR_FIELD) {
    filter_row_key(e->def, &scope);
    bool unasked = e->n_slices || (e->class == CLASS_PROTOCOL && !presence);
    return unasked ? SCOPE_NONE : scope;
  }
  if (e->kind == EXPR_LITERAL || e->kind == EXPR_REFERENCE)
    return SCOPE_FRAME;
  if (e->kind == EXPR_FUNCTION && e->function == FUNCTION_LEN)
    return SCOPE_NONE;
  bool counts = e->kind == EXPR_FUNCTION && e->function == FUNCTION_COUNT;
  bool any = false;
  for (unsigned i = 0; i < e->n_args; i++) {
    if (is_constant(e->args[i]))
      continue;
    enum filter_scope one = expr_scope(e->args[i], counts);
    scope = any ? join_scopes(scope, one) : one;
    any = true;
  }
  return any ? scope : SCOPE_FRAME;
}

static enum filter_scope
test_scope(const struct filter_node *t)
{
  enum filter_scope scope = expr_scope(t->left, t->op == OP_PRESENT);
  if (t->right && t->op != OP_MATCHES && !is_constant(t->right))
    scope = join_scopes(scope, expr_scope(t->right, false));
  for (unsigned i = 0; i < t->n_entries; i++) {
    const struct filter_entry *e = &t->entries[i];
    if (!is_constant(e->from))
      scope = join_scopes(scope, expr_scope(e->from, false));
    if (e->to && !is_constant(e->to))
      scope = join_scopes(scope, expr_scope(e->to, false));
  }
  return scope;
}

/* ---- tests for loops ---- */

static bool
number_of(const struct filter_expr *e, int64_t *out)
{
  if (!e || e->kind != EXPR_LITERAL || e->value.number > INT64_MAX || e->value.number < INT64_MIN)
    return false;
  *out = (int64_t)e->value.number;
  return true;
}

static bool is_number_class(enum filter_class class)
{
  return class == CLASS_NUMBER || class == CLASS_BOOL || class == CLASS_SPAN || class == CLASS_TIME;
}

/* The range of numbers for which a comparison holds; false for one that no number fits. */
static bool
range_of(enum filter_op op, int64_t number, int64_t range[2])
{
  range[0] = op == OP_GT || op == OP_GE || op == OP_EQ || op == OP_NE ? number : INT64_MIN;
  range[1] = op == OP_LT || op == OP_LE || op == OP_EQ || op == OP_NE ? number : INT64_MAX;
  if ((op == OP_GT && number == INT64_MAX) || (op == OP_LT && number == INT64_MIN))
    return false;
  range[0] += op == OP_GT;
  range[1] -= op == OP_LT;
  return true;
}

static bool
ranges_find(const struct filter_node *t, struct simple_test *s)
{
  int64_t number = 0;
  if (t->op == OP_PRESENT) { /* of a mask: a bit is left */
    s->is_outside = s->has_mask;
    s->ranges[0][0] = s->has_mask ? 0 : INT64_MIN;
    s->ranges[0][1] = s->has_mask ? 0 : INT64_MAX;
    return true;
  }
  if (t->op != OP_IN) {
    s->is_outside = t->op == OP_NE;
    return number_of(t->right, &number) && range_of(t->op, number, s->ranges[0]);
  }
  for (unsigned i = 0; i < t->n_entries; i++) {
    const struct filter_entry *e = &t->entries[i];
    if (!number_of(e->from, &s->ranges[i][0]) ||
        !number_of(e->to ? e->to : e->from, &s->ranges[i][1]))
      return false;
  }
  return t->n_entries > 0;
}

static void
simple_find(struct leaf *leaf)
{
  const struct filter_node *t = leaf->test;
  struct simple_test *s = &leaf->simple;
  const struct filter_expr *key = t->left;
  if (key->kind == EXPR_ARITHMETIC && key->arithmetic == '&' && number_of(key->args[1], &s->mask)) {
    s->has_mask = true;
    key = key->args[0];
  }
  bool is_mark = key->class == CLASS_NOTHING && t->op == OP_PRESENT;
  if (key->kind != EXPR_FIELD || !(is_mark || is_number_class(key->class)))
    return;
  s->key = key->row_key;
  s->n_ranges = t->op == OP_IN ? t->n_entries : 1;
  s->ranges = g_malloc_n(s->n_ranges ? s->n_ranges : 1, sizeof *s->ranges);
  s->is_simple = ranges_find(t, s);
  if (is_mark) /* a column of 1 and 0 */
    s->ranges[0][0] = s->ranges[0][1] = 1;
}

static enum octets_of
octets_of(const struct filter_node *t)
{
  const struct filter_expr *e = t->left;
  bool searches = t->op == OP_MATCHES || (t->op == OP_CONTAINS && t->right->kind == EXPR_LITERAL);
  if (!searches || e->kind != EXPR_FIELD || e->n_slices)
    return OCTETS_NONE;
  return strcmp(e->def->key, "frame") == 0         ? OCTETS_FRAME
         : strcmp(e->def->key, "tcp.payload") == 0 ? OCTETS_PAYLOAD
                                                   : OCTETS_NONE;
}

static struct leaf *
leaf_new(const struct filter_node *t)
{
  struct leaf *leaf = g_new0(struct leaf, 1);
  leaf->test = t;
  leaf->scope = test_scope(t);
  leaf->families = expr_families(t->left);
  if (t->right && t->op != OP_MATCHES)
    leaf->families |= expr_families(t->right);
  leaf->octets = octets_of(t);
  leaf->flows = g_byte_array_new();
  if (leaf->scope == SCOPE_FRAME || leaf->scope == SCOPE_RECORD)
    simple_find(leaf);
  return leaf;
}

struct plan *
filter_plan_new(const struct filter_node *node)
{
  if (!node)
    return NULL;
  struct plan *p = g_new0(struct plan, 1);
  p->kind = node->kind;
  p->a = filter_plan_new(node->a);
  p->b = filter_plan_new(node->b);
  if (node->kind == NODE_TEST)
    p->leaf = leaf_new(node);
  return p;
}

void
filter_plan_free(struct plan *plan)
{
  if (!plan)
    return;
  filter_plan_free(plan->a);
  filter_plan_free(plan->b);
  if (plan->leaf) {
    g_byte_array_unref(plan->leaf->flows);
    g_free(plan->leaf->simple.ranges);
    g_free(plan->leaf);
  }
  g_free(plan);
}
