/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_list.c -- LIST in both forms, LSUB and NAMESPACE.
 *
 *     LIST (SUBSCRIBED RECURSIVEMATCH) "" (% Work/%) RETURN (CHILDREN STATUS (MESSAGES))
 *            └ selection: which names     └ patterns          └ return: what is told of each
 *
 * All names are gathered first: mailboxes that the user sees, names above them, names that are only
 * subscribed. Each is a row that knows what it is; selection and patterns choose among the rows.
 * With RECURSIVEMATCH a row is told, too, when something below it is selected and is not told
 * itself (CHILDINFO); LSUB with "%" does the same with \Noselect. RFC 3501 6.3.8 and 6.3.9, 5258,
 * 5819 (STATUS), 6154 (SPECIAL-USE), 3348 (CHILDREN), 2342. */
#include <string.h>

#include "sim/mail/imap_session.h"

struct row {
  char *name;
  struct mailbox *b; /* NULL: no mailbox of that name */
  bool is_subscribed, has_children;
  bool is_told;  /* matches the patterns */
  bool is_above; /* of something that is selected and not told */
};

struct request {
  bool is_extended, is_lsub;
  bool selects_subscribed, selects_special, is_recursive;
  bool returns_subscribed, returns_children, returns_special;
  GPtrArray *status;   /* char*; NULL: no STATUS */
  GPtrArray *patterns; /* char*, with the reference */
  bool asks_delimiter;
};

/* ---- the request ---- */

static bool
parse_selection(struct imap_text *t, struct request *r)
{
  bool has_base = false;
  if (imap_parse_octet(t, ')'))
    return true;
  do {
    g_autofree char *word = imap_parse_word(t);
    if (g_strcmp0(word, "SUBSCRIBED") == 0)
      r->selects_subscribed = r->returns_subscribed = has_base = true;
    else if (g_strcmp0(word, "SPECIAL-USE") == 0)
      r->selects_special = has_base = true;
    else if (g_strcmp0(word, "RECURSIVEMATCH") == 0)
      r->is_recursive = true;
    else if (g_strcmp0(word, "REMOTE") != 0) /* nothing here is remote: RFC 5258 3.1 */
      return false;
  } while (imap_parse_space(t));
  return imap_parse_octet(t, ')') && (has_base || !r->is_recursive);
}

static bool
parse_return(struct imap_text *t, struct request *r)
{
  g_autofree char *return_word = imap_parse_word(t);
  if (g_strcmp0(return_word, "RETURN") != 0 || !imap_parse_space(t) || !imap_parse_octet(t, '('))
    return false;
  if (imap_parse_octet(t, ')'))
    return true;
  do {
    g_autofree char *word = imap_parse_word(t);
    if (g_strcmp0(word, "SUBSCRIBED") == 0)
      r->returns_subscribed = true;
    else if (g_strcmp0(word, "CHILDREN") == 0)
      r->returns_children = true;
    else if (g_strcmp0(word, "SPECIAL-USE") == 0)
      r->returns_special = true;
    else if (g_strcmp0(word, "STATUS") == 0 && !r->status && imap_parse_space(t))
      r->status = imap_parse_status_items(t);
    else
      return false;
  } while (imap_parse_space(t));
  return imap_parse_octet(t, ')');
}

static bool
add_pattern(const struct imap_server *s, struct imap_text *t, struct request *r,
            const char *reference)
{
  g_autofree char *pattern = imap_parse_pattern(t);
  if (!pattern || r->patterns->len >= IMAP_PATTERNS_MAX)
    return false;
  r->asks_delimiter = !*pattern;
  g_autofree char *whole =
      g_strconcat(pattern[0] == STORE_DELIMITER ? "" : reference, pattern, NULL);
  g_ptr_array_add(r->patterns, imap_name_from_wire(s, whole));
  return true;
}

static bool
parse_patterns(const struct imap_server *s, struct imap_text *t, struct request *r,
               const char *reference)
{
  if (!imap_parse_octet(t, '('))
    return add_pattern(s, t, r, reference);
  r->is_extended = true;
  do {
    if (!add_pattern(s, t, r, reference))
      return false;
  } while (imap_parse_space(t));
  return imap_parse_octet(t, ')');
}

static bool
parse_request(const struct imap_server *s, struct imap_text *t, struct request *r)
{
  if (!r->is_lsub && imap_parse_octet(t, '(')) {
    r->is_extended = true;
    if (!parse_selection(t, r) || !imap_parse_space(t))
      return false;
  }
  g_autofree char *reference = imap_parse_astring(t);
  if (!reference || !imap_parse_space(t))
    return false;
  bool has_list = imap_parse_peek(t) == '(';
  if ((r->is_lsub && has_list) || !parse_patterns(s, t, r, reference))
    return false;
  if (!r->is_lsub && imap_parse_space(t)) {
    r->is_extended = true;
    if (!parse_return(t, r))
      return false;
  }
  return imap_parse_end(t);
}

/* ---- the rows ---- */

static void
row_clear(void *data)
{
  g_free(((struct row *)data)->name);
}

/* By levels, INBOX first: a parent stands directly before its children. */
static int
by_name(gconstpointer a, gconstpointer b)
{
  const char *x = ((const struct row *)a)->name, *y = ((const struct row *)b)->name;
  bool x_is_inbox = store_is_inbox(x), y_is_inbox = store_is_inbox(y);
  if (x_is_inbox != y_is_inbox)
    return x_is_inbox ? -1 : 1;
  while (*x && *x == *y)
    x++, y++;
  int x_octet = *x == STORE_DELIMITER ? 1 : (guchar)*x,
      y_octet = *y == STORE_DELIMITER ? 1 : (guchar)*y;
  return x_octet - y_octet;
}

static void
add_row(GArray *rows, GHashTable *known, const char *name, size_t n, struct mailbox *b)
{
  g_autofree char *text = g_strndup(name, n);
  if (g_hash_table_contains(known, text))
    return;
  struct row row = {.name = g_strdup(text), .b = b && !b->is_noselect ? b : NULL};
  g_array_append_val(rows, row);
  g_hash_table_add(known, g_steal_pointer(&text));
}

/* The names above it that are none yet. */
static void
add_parents(GArray *rows, GHashTable *known, const char *name)
{
  for (const char *slash = strchr(name, STORE_DELIMITER); slash;
       slash = strchr(slash + 1, STORE_DELIMITER))
    add_row(rows, known, name, (size_t)(slash - name), NULL);
}

/* Every name, in order; subscribed ones without mailbox only where subscriptions are asked for. */
static GArray *
make_rows(const struct imap_server *s, bool with_subscriptions)
{
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(struct row));
  g_array_set_clear_func(rows, row_clear);
  g_autoptr(GHashTable) known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) all = store_list(s->user);
  for (guint i = 0; i < all->len; i++) {
    struct mailbox *b = all->pdata[i];
    add_row(rows, known, b->name, strlen(b->name), b);
  }
  for (guint i = 0; i < all->len; i++)
    add_parents(rows, known, ((const struct mailbox *)all->pdata[i])->name);
  for (guint i = 0; i < rows->len; i++) { /* a parent is there when its children are */
    const char *name = g_array_index(rows, struct row, i).name;
    const char *slash = strrchr(name, STORE_DELIMITER);
    g_autofree char *parent = slash ? g_strndup(name, (gsize)(slash - name)) : NULL;
    for (guint k = 0; parent && k < rows->len; k++) {
      struct row *row = &g_array_index(rows, struct row, k);
      if (strcmp(row->name, parent) == 0)
        row->has_children = true;
    }
  }
  const GPtrArray *subscriptions = s->user->subscriptions;
  for (guint i = 0; with_subscriptions && i < subscriptions->len; i++) {
    const char *name = subscriptions->pdata[i];
    add_row(rows, known, name, strlen(name), NULL);
    add_parents(rows, known, name);
  }
  g_array_sort(rows, by_name);
  for (guint i = 0; i < rows->len; i++) {
    struct row *row = &g_array_index(rows, struct row, i);
    row->is_subscribed = store_is_subscribed(s->user, row->name);
  }
  return rows;
}

/* ---- choosing ---- */

static bool
matches(const struct request *r, const char *name)
{
  for (guint i = 0; i < r->patterns->len; i++) {
    if (imap_pattern_matches(r->patterns->pdata[i], name))
      return true;
  }
  return false;
}

static bool
is_selected(const struct request *r, const struct row *row)
{
  if (r->selects_subscribed && !row->is_subscribed)
    return false;
  if (r->selects_special && !(row->b && row->b->special))
    return false;
  return true;
}

/* Marks the rows above a selected one that the patterns leave out. Rows are in order, so the rows
 * above stand before it. */
static void
mark_above(GArray *rows, guint at)
{
  const char *name = g_array_index(rows, struct row, at).name;
  for (guint i = 0; i < at; i++) {
    struct row *row = &g_array_index(rows, struct row, i);
    size_t n = strlen(row->name);
    if (strncmp(row->name, name, n) == 0 && name[n] == STORE_DELIMITER)
      row->is_above = true;
  }
}

static bool
has_percent(const struct request *r)
{
  for (guint i = 0; i < r->patterns->len; i++) {
    if (strchr(r->patterns->pdata[i], '%'))
      return true;
  }
  return false;
}

static void
choose(const struct request *r, GArray *rows)
{
  bool looks_below = r->is_recursive || (r->is_lsub && has_percent(r));
  for (guint i = 0; i < rows->len; i++) {
    struct row *row = &g_array_index(rows, struct row, i);
    row->is_told = matches(r, row->name);
    if (looks_below && !row->is_told && is_selected(r, row))
      mark_above(rows, i);
  }
}

/* ---- telling ---- */

static void
add_attribute(GString *out, const char *attribute)
{
  g_string_append_printf(out, "%s%s", out->len ? " " : "", attribute);
}

static void
put_attributes(const struct imap_server *s, const struct request *r, const struct row *row,
               GString *out)
{
  if (r->is_lsub) {
    if (!row->b || !row->is_subscribed)
      add_attribute(out, "\\Noselect");
    return;
  }
  if (!row->b) /* RFC 5258 3: \NonExistent implies \Noselect, for who knows it */
    add_attribute(out, r->is_extended || s->is_rev2 ? "\\NonExistent" : "\\Noselect");
  if (r->returns_subscribed && row->is_subscribed)
    add_attribute(out, "\\Subscribed");
  add_attribute(out, row->has_children ? "\\HasChildren" : "\\HasNoChildren");
  for (unsigned i = 0; row->b && i < STORE_N_USES; i++) {
    if (row->b->special & 1u << i)
      add_attribute(out, store_use_name(1u << i));
  }
}

static void
tell_row(struct imap_server *s, const struct request *r, const struct row *row)
{
  g_autoptr(GString) attributes = g_string_new(NULL);
  g_autoptr(GString) name = g_string_new(NULL);
  bool has_info = r->is_recursive && row->is_above;
  put_attributes(s, r, row, attributes);
  imap_put_name(s, name, row->name);
  machine_printf(&s->endpoint, "* %s (%s) \"%c\" %s%s%s%s\r\n", r->is_lsub ? "LSUB" : "LIST",
                 attributes->str, STORE_DELIMITER, name->str, has_info ? " (\"CHILDINFO\" (" : "",
                 !has_info               ? ""
                 : r->selects_subscribed ? "\"SUBSCRIBED\""
                                         : "\"SPECIAL-USE\"",
                 has_info ? "))" : "");
  if (r->status && row->b && is_selected(r, row))
    imap_tell_status(s, row->b, r->status);
}

static void
list(struct imap_server *s, struct request *r)
{
  g_autoptr(GArray) rows = make_rows(s, r->selects_subscribed);
  choose(r, rows);
  for (guint i = 0; i < rows->len; i++) {
    const struct row *row = &g_array_index(rows, struct row, i);
    if (row->is_told && (row->is_above || is_selected(r, row)))
      tell_row(s, r, row);
  }
}

static void
act_list(struct imap_server *s, struct imap_text *t, bool is_lsub)
{
  struct request r = {.is_lsub = is_lsub, .selects_subscribed = is_lsub};
  r.patterns = g_ptr_array_new_with_free_func(g_free);
  if (!parse_request(s, t, &r)) {
    imap_bad(s, "Syntax: LIST (selection) reference (patterns) RETURN (options)");
  } else if (r.asks_delimiter && !r.is_extended) { /* RFC 3501 6.3.8 */
    machine_printf(&s->endpoint, "* %s (\\Noselect) \"%c\" \"\"\r\n", is_lsub ? "LSUB" : "LIST",
                   STORE_DELIMITER);
    imap_ok(s, "%s completed", is_lsub ? "LSUB" : "LIST");
  } else {
    list(s, &r);
    imap_ok(s, "%s completed", is_lsub ? "LSUB" : "LIST");
  }
  g_ptr_array_unref(r.patterns);
  g_clear_pointer(&r.status, g_ptr_array_unref);
}

void
imap_act_list(struct imap_server *s, struct imap_text *t)
{
  act_list(s, t, false);
}

void
imap_act_lsub(struct imap_server *s, struct imap_text *t)
{
  act_list(s, t, true);
}

/* ---- NAMESPACE ---- */

void
imap_act_namespace(struct imap_server *s, struct imap_text *t)
{
  machine_printf(&s->endpoint, "* NAMESPACE ((\"\" \"%c\")) NIL %s\r\n", STORE_DELIMITER,
                 store_shared_owner(s->store) ? "((\"" STORE_SHARED_PREFIX "\" \"/\"))" : "NIL");
  imap_ok(s, "NAMESPACE completed");
}
