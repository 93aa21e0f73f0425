/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_thread.c -- THREAD: what SEARCH would find, as conversations.
 *
 *     THREAD REFERENCES UTF-8 ALL     * THREAD (2)(3 6 (4 23)(44 7 96))
 *                                                └ 6 answers 3; 4 and 44 both answer 6
 *
 * ORDEREDSUBJECT goes by base subject and date. REFERENCES builds a forest from Message-ID,
 * References and In-Reply-To, with dummies for messages that are not there, then joins threads of
 * one subject. All walks are over flat lists: a chain of a million answers is no deep recursion.
 * RFC 5256 3. */
#include <string.h>

#include "sim/mail/imap_search.h"
#include "sim/mail/mime.h"

enum {
  REFERENCES_MAX = 100, /* of one message, the last ones: bounds dummies and the search for loops */
  IS_DUMMY = G_MAXUINT,
};

struct node {
  struct node *parent;
  GPtrArray *children; /* struct node*, borrowed */
  guint place;         /* in the view, or IS_DUMMY */
  int64_t sent_ns;
  char *subject; /* base subject, casemapped; NULL for dummies */
  bool is_reply;
  bool is_gone; /* pruned */
};

struct forest {
  GPtrArray *nodes;  /* all, in order of their making */
  GHashTable *by_id; /* message id -> node, borrowed */
  GPtrArray *roots;  /* borrowed */
};

static void
node_free(void *data)
{
  struct node *n = data;
  g_ptr_array_unref(n->children);
  g_free(n->subject);
  g_free(n);
}

static struct node *
node_new(struct forest *f)
{
  struct node *n = g_new0(struct node, 1);
  n->children = g_ptr_array_new();
  n->place = IS_DUMMY;
  g_ptr_array_add(f->nodes, n);
  return n;
}

static void
fill_node(const struct imap_server *s, struct node *n, guint place)
{
  const struct store_message *m = imap_view_at(s, place)->m;
  n->place = place;
  n->sent_ns = imap_sent_ns(m);
  n->subject = imap_base_subject(m, &n->is_reply);
}

static void
detach(struct node *n)
{
  if (n->parent)
    g_ptr_array_remove(n->parent->children, n);
  n->parent = NULL;
}

static void
attach(struct node *parent, struct node *n)
{
  detach(n);
  n->parent = parent;
  g_ptr_array_add(parent->children, n);
}

static gint
by_date(gconstpointer a, gconstpointer b)
{
  const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
  if (x->sent_ns != y->sent_ns)
    return x->sent_ns < y->sent_ns ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

/* ---- the answer ---- */

static void
put_number(const struct imap_server *s, const struct node *n, GString *out, bool is_first)
{
  g_string_append_printf(out, "%s%u", is_first ? "" : " ",
                         s->is_uid ? imap_view_at(s, n->place)->m->uid : n->place + 1);
}

/* One thread: chains in a line, several answers each in parentheses. */
static void
put_threads(const struct imap_server *s, const GPtrArray *roots, GString *out)
{
  g_autoptr(GPtrArray) todo = g_ptr_array_new(); /* struct node*; NULL closes one */
  for (guint i = roots->len; i > 0; i--)
    g_ptr_array_add(todo, roots->pdata[i - 1]);
  while (todo->len > 0) {
    const struct node *n = g_ptr_array_steal_index(todo, todo->len - 1);
    if (!n) {
      g_string_append_c(out, ')');
      continue;
    }
    g_string_append_c(out, '(');
    g_ptr_array_add(todo, NULL);
    bool is_first = true;
    for (;;) {
      if (n->place != IS_DUMMY) {
        put_number(s, n, out, is_first);
        is_first = false;
      }
      if (n->children->len != 1)
        break;
      n = n->children->pdata[0];
    }
    if (n->children->len > 0 && !is_first)
      g_string_append_c(out, ' ');
    for (guint i = n->children->len; i > 0; i--)
      g_ptr_array_add(todo, n->children->pdata[i - 1]);
  }
}

/* ---- ORDEREDSUBJECT ---- */

static gint
by_subject(gconstpointer a, gconstpointer b)
{
  const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
  int difference = strcmp(x->subject, y->subject);
  return difference ? difference : by_date(a, b);
}

static void
thread_by_subject(struct forest *f)
{
  g_autoptr(GPtrArray) sorted = g_ptr_array_new();
  for (guint i = 0; i < f->nodes->len; i++)
    g_ptr_array_add(sorted, f->nodes->pdata[i]);
  g_ptr_array_sort(sorted, by_subject);
  struct node *root = NULL;
  for (guint i = 0; i < sorted->len; i++) {
    struct node *n = sorted->pdata[i];
    if (root && strcmp(root->subject, n->subject) == 0) {
      attach(root, n);
    } else {
      root = n;
      g_ptr_array_add(f->roots, n);
    }
  }
  g_ptr_array_sort(f->roots, by_date);
}

/* ---- REFERENCES, step 1: who answers whom ---- */

/* The next "<…>" of a field, without quotes, blanks and brackets; NULL at the end. */
static char *
next_id(const char **at)
{
  for (;;) {
    const char *begin = strchr(*at, '<');
    const char *end = begin ? strchr(begin, '>') : NULL;
    if (!end)
      return NULL;
    *at = end + 1;
    GString *id = g_string_new(NULL);
    for (const char *c = begin + 1; c < end; c++) {
      if (!strchr(" \t\"\\", *c))
        g_string_append_c(id, *c);
    }
    if (strchr(id->str, '@'))
      return g_string_free(id, FALSE);
    g_string_free(id, TRUE);
  }
}

/* The ids that a message names as its ancestors, oldest first. */
static GPtrArray *
references(const uint8_t *p, size_t n)
{
  GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *field = mime_header_text(p, 0, n, "References");
  const char *at = field;
  char *id;
  while (at && (id = next_id(&at)) != NULL)
    g_ptr_array_add(ids, id);
  if (ids->len > REFERENCES_MAX)
    g_ptr_array_remove_range(ids, 0, ids->len - REFERENCES_MAX);
  if (ids->len > 0)
    return ids;
  g_autofree char *in_reply_to = mime_header_text(p, 0, n, "In-Reply-To");
  at = in_reply_to;
  if (at && (id = next_id(&at)) != NULL)
    g_ptr_array_add(ids, id);
  return ids;
}

static struct node *
node_of(struct forest *f, const char *id)
{
  struct node *n = g_hash_table_lookup(f->by_id, id);
  if (!n) {
    n = node_new(f);
    g_hash_table_insert(f->by_id, g_strdup(id), n);
  }
  return n;
}

/* Is `n` the node or above it? */
static bool
is_above(const struct node *n, const struct node *below)
{
  while (below && below != n)
    below = below->parent;
  return below != NULL;
}

static void
add_message(const struct imap_server *s, struct forest *f, guint place)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(imap_view_at(s, place)->m->octets, &n);
  g_autofree char *field = mime_header_text(p, 0, n, "Message-ID");
  const char *at = field ? field : "";
  g_autofree char *id = next_id(&at);
  struct node *own = id ? node_of(f, id) : node_new(f);
  if (own->place != IS_DUMMY) /* the id has a message: this one counts as without id */
    own = node_new(f);
  fill_node(s, own, place);
  g_autoptr(GPtrArray) ids = references(p, n);
  struct node *parent = NULL;
  for (guint i = 0; i < ids->len; i++) {
    struct node *child = node_of(f, ids->pdata[i]);
    if (parent && !child->parent && !is_above(child, parent))
      attach(parent, child);
    parent = child;
  }
  /* its own word about its parent counts more than what others said */
  if (parent && !is_above(own, parent))
    attach(parent, own);
  else if (!parent)
    detach(own);
}

/* ---- steps 2 to 4: roots, and dummies taken out ---- */

static void
give_children_to(struct node *from, struct node *to)
{
  for (guint i = 0; i < from->children->len; i++) {
    struct node *child = from->children->pdata[i];
    child->parent = to;
    if (to)
      g_ptr_array_add(to->children, child);
  }
  g_ptr_array_set_size(from->children, 0);
}

static void
prune(struct forest *f)
{
  for (guint i = 0; i < f->nodes->len; i++) {
    struct node *n = f->nodes->pdata[i];
    struct node *parent = n->parent;
    bool is_useless = n->place == IS_DUMMY && (parent || n->children->len <= 1);
    if (!is_useless)
      continue;
    detach(n);
    give_children_to(n, parent);
    n->is_gone = true;
  }
}

/* A parent that lost children may be left with one or none. */
static void
prune_all(struct forest *f)
{
  prune(f);
  prune(f);
  for (guint i = 0; i < f->nodes->len; i++) {
    struct node *n = f->nodes->pdata[i];
    if (!n->parent && !n->is_gone)
      g_ptr_array_add(f->roots, n);
  }
}

static void
sort_all(struct forest *f)
{
  for (guint i = 0; i < f->nodes->len; i++) {
    struct node *n = f->nodes->pdata[i];
    if (n->children->len > 1)
      g_ptr_array_sort(n->children, by_date);
  }
  for (guint i = 0; i < f->roots->len; i++) { /* a dummy has the date of its first child */
    struct node *n = f->roots->pdata[i];
    if (n->place == IS_DUMMY)
      n->sent_ns = ((struct node *)n->children->pdata[0])->sent_ns;
  }
  g_ptr_array_sort(f->roots, by_date);
}

/* ---- step 5: threads of one subject ---- */

/* The message that speaks for a root: itself, or a dummy's first child. */
static const struct node *
speaker(const struct node *n)
{
  return n->place == IS_DUMMY ? n->children->pdata[0] : n;
}

static GHashTable *
subject_table(const struct forest *f)
{
  GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < f->roots->len; i++) {
    struct node *n = f->roots->pdata[i];
    const struct node *said = speaker(n);
    const struct node *known = *said->subject ? g_hash_table_lookup(table, said->subject) : NULL;
    bool is_better = known && ((known->place != IS_DUMMY && n->place == IS_DUMMY) ||
                               (speaker(known)->is_reply && !said->is_reply));
    if (*said->subject && (!known || is_better))
      g_hash_table_replace(table, said->subject, n);
  }
  return table;
}

/* Puts root `n` together with root `known` of the same subject. */
static struct node *
join(struct forest *f, struct node *known, struct node *n)
{
  if (known->place == IS_DUMMY && n->place == IS_DUMMY) {
    give_children_to(n, known);
    n->is_gone = true;
    return known;
  }
  if (known->place == IS_DUMMY || (n->is_reply && !known->is_reply)) {
    attach(known, n);
    return known;
  }
  struct node *dummy = node_new(f);
  attach(dummy, known);
  attach(dummy, n);
  return dummy;
}

static void
join_subjects(struct forest *f)
{
  g_autoptr(GHashTable) table = subject_table(f);
  guint n_roots = f->roots->len;
  for (guint i = 0; i < n_roots; i++) {
    struct node *n = f->roots->pdata[i];
    if (n->parent || n->is_gone)
      continue;
    const char *subject = speaker(n)->subject;
    struct node *known = *subject ? g_hash_table_lookup(table, subject) : NULL;
    if (!known || known == n)
      continue;
    struct node *joined = join(f, known, n);
    if (joined != known) {
      g_ptr_array_add(f->roots, joined);
      g_hash_table_replace(table, (gpointer)subject, joined);
    }
  }
  for (guint i = f->roots->len; i > 0; i--) {
    const struct node *n = f->roots->pdata[i - 1];
    if (n->parent || n->is_gone)
      g_ptr_array_remove_index(f->roots, i - 1);
  }
}

static void
thread_by_references(struct forest *f)
{
  prune_all(f);
  sort_all(f);
  join_subjects(f);
  sort_all(f);
}

/* ---- the command ---- */

void
imap_act_thread(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_word(t);
  bool by_references = g_strcmp0(name, "REFERENCES") == 0;
  if (!by_references && g_strcmp0(name, "ORDEREDSUBJECT") != 0) {
    imap_bad(s, "Threading algorithm not known");
    return;
  }
  struct imap_key *k = imap_take_charset_and_keys(s, t, "Syntax: THREAD algorithm charset keys");
  if (!k)
    return;
  g_autoptr(GArray) found = imap_find(k, s);
  imap_key_free(k);
  struct forest f = {.nodes = g_ptr_array_new_with_free_func(node_free),
                     .by_id = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                     .roots = g_ptr_array_new()};
  for (guint i = 0; i < found->len; i++) {
    guint place = g_array_index(found, guint, i);
    if (by_references)
      add_message(s, &f, place);
    else
      fill_node(s, node_new(&f), place);
  }
  if (by_references)
    thread_by_references(&f);
  else
    thread_by_subject(&f);
  g_autoptr(GString) out = g_string_new("* THREAD");
  if (f.roots->len > 0)
    g_string_append_c(out, ' ');
  put_threads(s, f.roots, out);
  g_string_append(out, "\r\n");
  machine_send(&s->endpoint, out->str, out->len);
  g_ptr_array_unref(f.roots);
  g_hash_table_unref(f.by_id);
  g_ptr_array_unref(f.nodes);
  imap_ok(s, "THREAD completed");
}
