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
  bool tcp = flow->proto == IP_PROTO_TCP;
  uint8_t version = flow->ends[0].addr.version;
  unsigned lacking = (tcp ? 0 : FAMILY_TCP | FAMILIES_APP) |
                     (flow->proto == IP_PROTO_UDP ? 0 : FAMILY_UDP) |
                     (version == 4 ? 0 : FAMILY_IP4) | (version == 6 ? 0 : FAMILY_IP6);
  if (tcp || flow->proto == IP_PROTO_UDP)
    lacking |= FAMILY_NO_FLOW;
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
  if (leaf->scope == SCOPE_RECORD)
    return VERDICT_TRUE;
  if (leaf->scope != SCOPE_FLOW)
    return VERDICT_OPEN;
  bool fits = filter_node_matches(leaf->test, &(struct filter_subject){.row = row});
  return fits ? VERDICT_TRUE : VERDICT_FALSE;
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

/* ---- leaves ---- */

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
  leaf->flows = g_byte_array_new();
  if (t->kind != NODE_TEST) {
    leaf->scope = SCOPE_FLOW;
    return leaf;
  }
  leaf->scope = test_scope(t);
  leaf->families = expr_families(t->left);
  if (t->right && t->op != OP_MATCHES)
    leaf->families |= expr_families(t->right);
  leaf->octets = octets_of(t);
  if (leaf->octets && t->op == OP_MATCHES)
    filter_search_init_pattern(&leaf->search, t->right->text->str);
  else if (leaf->octets)
    filter_search_init(&leaf->search, t->right->value.octets, t->right->value.n_octets);
  if (leaf->scope == SCOPE_FRAME || leaf->scope == SCOPE_RECORD)
    leaf->is_column = column_test_init(&leaf->column, t);
  return leaf;
}

static void
leaf_free(struct leaf *leaf)
{
  g_byte_array_unref(leaf->flows);
  column_test_clear(&leaf->column);
  filter_search_clear(&leaf->search);
  g_free(leaf);
}

/* ---- plans ---- */

/* Whether the flow answers all of it. */
static bool
is_of_flow(const struct filter_node *node)
{
  if (node->kind == NODE_TEST)
    return test_scope(node) == SCOPE_FLOW;
  return node->kind != NODE_ALL && is_of_flow(node->a) && (!node->b || is_of_flow(node->b));
}

/* Only the order counts: a loop over numbers, a look per frame, octets or decoding, values of rows
 * calculated frame by frame. */
static unsigned
cost_of(const struct plan *p)
{
  if (!p->leaf)
    return (p->a ? cost_of(p->a) : 0) + (p->b ? cost_of(p->b) : 0);
  return p->leaf->is_column             ? 1
         : p->leaf->scope == SCOPE_FLOW ? 2
         : p->leaf->scope == SCOPE_NONE ? 4
                                        : 100;
}

static void
put_cheaper_first(struct plan *p)
{
  if ((p->kind == NODE_AND || p->kind == NODE_OR) && cost_of(p->b) < cost_of(p->a)) {
    struct plan *a = p->a;
    p->a = p->b;
    p->b = a;
  }
}

struct plan *
filter_plan_new(const struct filter_node *node)
{
  if (!node)
    return NULL;
  struct plan *p = g_new0(struct plan, 1);
  p->kind = node->kind;
  if (node->kind == NODE_TEST || is_of_flow(node)) {
    p->kind = NODE_TEST;
    p->leaf = leaf_new(node);
    return p;
  }
  p->a = filter_plan_new(node->a);
  p->b = filter_plan_new(node->b);
  put_cheaper_first(p);
  return p;
}

void
filter_plan_free(struct plan *plan)
{
  if (!plan)
    return;
  filter_plan_free(plan->a);
  filter_plan_free(plan->b);
  if (plan->leaf)
    leaf_free(plan->leaf);
  g_free(plan);
}
