/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_sort.c -- SORT: what SEARCH would find, in the order of some criteria.
 *
 *     SORT (REVERSE DATE SUBJECT) UTF-8 UNSEEN        * SORT 7 2 9
 *
 * A criterion is a row; what it compares is made once per message. Texts are compared by
 * i;unicode-casemap, octet by octet (RFC 5051, so also Thai by code point), equals by sequence
 * number. RFC 5256 3; DISPLAYFROM and DISPLAYTO 5957; RETURN (…) 5267 3.1. */
#include <string.h>

#include "sim/mail/address.h"
#include "sim/mail/casemap.h"
#include "sim/mail/imap_search.h"
#include "sim/mail/mime.h"

enum { CRITERIA_MAX = 16 }; /* there are nine; each may be named once more for nothing */

struct value {
  int64_t number;
  char *text; /* NULL where numbers are compared */
};

struct sorted {
  guint place;
  struct value values[CRITERIA_MAX];
};

typedef void (*value_function)(struct store_message *m, const char *field, struct value *value);

int64_t
imap_sent_ns(const struct store_message *m)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  int64_t time_ns, ignored;
  return mime_date(p, 0, n, &time_ns, &ignored) ? time_ns : m->internal_ns; /* RFC 5256 2.2 */
}

char *
imap_base_subject(const struct store_message *m, bool *is_reply)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  g_autofree char *decoded = mime_header_decoded(p, 0, n, "Subject");
  g_autofree char *base = base_subject(decoded, is_reply);
  return casemap(base);
}

static void
arrival(struct store_message *m, const char *field, struct value *value)
{
  value->number = m->internal_ns;
}

static void
date(struct store_message *m, const char *field, struct value *value)
{
  value->number = imap_sent_ns(m);
}

static void
size(struct store_message *m, const char *field, struct value *value)
{
  value->number = (int64_t)g_bytes_get_size(m->octets);
}

static void
subject(struct store_message *m, const char *field, struct value *value)
{
  value->text = imap_base_subject(m, NULL);
}

/* The local part of the first address, or (`is_shown`) what a reader sees of it: RFC 5957 3. */
static char *
first_address(const struct store_message *m, const char *field, bool is_shown)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  g_autofree char *value = mime_header_text(p, 0, n, field);
  g_autoptr(GArray) list = value ? address_parse(value) : NULL;
  if (!list || list->len == 0)
    return g_strdup("");
  const struct address *a = &g_array_index(list, struct address, 0);
  if (!is_shown || !a->host)
    return casemap(a->mailbox ? a->mailbox : "");
  g_autofree char *name = a->name ? mime_decode_words(a->name) : NULL;
  g_autofree char *address = g_strdup_printf("%s@%s", a->mailbox, a->host);
  return casemap(name && *name ? name : address);
}

static void
mailbox_of(struct store_message *m, const char *field, struct value *value)
{
  value->text = first_address(m, field, false);
}

static void
display_of(struct store_message *m, const char *field, struct value *value)
{
  value->text = first_address(m, field, true);
}

static const struct criterion {
  const char *word;
  value_function make;
  const char *field;
} criteria[] = {{"ARRIVAL", arrival},
                {"CC", mailbox_of, "Cc"},
                {"DATE", date},
                {"DISPLAYFROM", display_of, "From"},
                {"DISPLAYTO", display_of, "To"},
                {"FROM", mailbox_of, "From"},
                {"SIZE", size},
                {"SUBJECT", subject},
                {"TO", mailbox_of, "To"}};

struct order {
  const struct criterion *by[CRITERIA_MAX];
  bool is_reverse[CRITERIA_MAX];
  unsigned n;
};

/* "(REVERSE DATE SUBJECT)" */
static bool
parse_order(struct imap_text *t, struct order *order)
{
  if (!imap_parse_octet(t, '('))
    return false;
  do {
    g_autofree char *word = imap_parse_word(t);
    bool is_reverse = g_strcmp0(word, "REVERSE") == 0;
    if (is_reverse) {
      g_free(word);
      word = imap_parse_space(t) ? imap_parse_word(t) : NULL;
    }
    size_t i = 0;
    while (i < G_N_ELEMENTS(criteria) && g_strcmp0(word, criteria[i].word) != 0)
      i++;
    if (i == G_N_ELEMENTS(criteria) || order->n == CRITERIA_MAX)
      return false;
    order->is_reverse[order->n] = is_reverse;
    order->by[order->n++] = &criteria[i];
  } while (imap_parse_space(t));
  return imap_parse_octet(t, ')');
}

static gint
compare(gconstpointer a, gconstpointer b, gpointer data)
{
  const struct sorted *x = a, *y = b;
  const struct order *order = data;
  for (unsigned i = 0; i < order->n; i++) {
    const struct value *v = &x->values[i], *w = &y->values[i];
    int difference = v->text                 ? strcmp(v->text, w->text)
                     : v->number < w->number ? -1
                                             : v->number > w->number;
    if (difference != 0)
      return order->is_reverse[i] ? -difference : difference;
  }
  return x->place < y->place ? -1 : x->place > y->place;
}

static void
sorted_clear(void *data)
{
  struct sorted *row = data;
  for (unsigned i = 0; i < CRITERIA_MAX; i++)
    g_free(row->values[i].text);
}

static void
sort_found(const struct imap_server *s, GArray *found, struct order *order)
{
  g_autoptr(GArray) rows = g_array_sized_new(FALSE, TRUE, sizeof(struct sorted), found->len);
  g_array_set_clear_func(rows, sorted_clear);
  g_array_set_size(rows, found->len);
  for (guint i = 0; i < found->len; i++) {
    struct sorted *row = &g_array_index(rows, struct sorted, i);
    row->place = g_array_index(found, guint, i);
    for (unsigned j = 0; j < order->n; j++)
      order->by[j]->make(imap_view_at(s, row->place)->m, order->by[j]->field, &row->values[j]);
  }
  g_array_sort_with_data(rows, compare, order);
  for (guint i = 0; i < found->len; i++)
    g_array_index(found, guint, i) = g_array_index(rows, struct sorted, i).place;
}

struct imap_key *
imap_take_charset_and_keys(struct imap_server *s, struct imap_text *t, const char *syntax)
{
  g_autofree char *charset = imap_parse_space(t) ? imap_parse_astring(t) : NULL;
  if (!charset || !imap_parse_space(t)) {
    imap_bad(s, syntax);
    return NULL;
  }
  if (!imap_check_charset(s, charset))
    return NULL;
  struct imap_key *k = imap_parse_keys(s, t);
  if (!k)
    imap_bad(s, "Search key not understood");
  return k;
}

void
imap_act_sort(struct imap_server *s, struct imap_text *t)
{
  static const char syntax[] = "Syntax: SORT (criteria) charset keys";
  unsigned options;
  struct order order = {0};
  if (!imap_parse_return(t, &options) || !parse_order(t, &order)) {
    imap_bad(s, syntax);
    return;
  }
  struct imap_key *k = imap_take_charset_and_keys(s, t, syntax);
  if (!k)
    return;
  bool has_modseq = imap_key_has_modseq(k);
  if (has_modseq)
    imap_enable_condstore(s);
  g_autoptr(GArray) found = imap_find(k, s);
  imap_key_free(k);
  sort_found(s, found, &order);
  if (options)
    imap_tell_found(s, found, options, has_modseq);
  else
    imap_tell_numbers(s, "SORT", found, has_modseq);
  imap_ok(s, "SORT completed");
}
