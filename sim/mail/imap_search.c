/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_search.c -- SEARCH: the keys as a tree, and each message tried against it.
 *
 * A key is a row: its word, what it takes, how it is tried. Text is compared without case: headers
 * decoded (RFC 2047), bodies as they are stored and texts also without their transfer encoding, as
 * UTF-8. RFC 3501 6.4.4. */
#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/imap_session.h"
#include "sim/mail/mime.h"

enum takes {
  TAKES_NOTHING,
  TAKES_TEXT,
  TAKES_NUMBER,
  TAKES_DAY,
  TAKES_HEADER,
  TAKES_KEYWORD,
  TAKES_SET,
  TAKES_KEYS
};

struct key;

struct subject {
  const struct imap_server *s;
  const struct imap_entry *entry;
  guint number; /* sequence number */
};

typedef bool (*try_function)(const struct key *k, const struct subject *m);

struct key {
  try_function try;
  unsigned flag;
  const char *header; /* of the row */
  char *name, *text;
  int64_t number;
  GArray *set;
  GPtrArray *children; /* struct key* */
};

static bool
try_all(const struct key *k, const struct subject *m)
{
  return true;
}

static bool
try_flag(const struct key *k, const struct subject *m)
{
  return m->entry->m->flags & k->flag;
}

static bool
try_no_flag(const struct key *k, const struct subject *m)
{
  return !(m->entry->m->flags & k->flag);
}

static bool
try_recent(const struct key *k, const struct subject *m)
{
  return m->entry->is_recent;
}

static bool
try_old(const struct key *k, const struct subject *m)
{
  return !m->entry->is_recent;
}

static bool
try_new(const struct key *k, const struct subject *m)
{
  return m->entry->is_recent && !(m->entry->m->flags & FLAG_SEEN);
}

static bool
try_keyword(const struct key *k, const struct subject *m)
{
  return m->entry->m->keywords & store_keyword(m->s->mailbox, k->text, false);
}

static bool
try_unkeyword(const struct key *k, const struct subject *m)
{
  return !try_keyword(k, m);
}

static bool
try_larger(const struct key *k, const struct subject *m)
{
  return (int64_t)g_bytes_get_size(m->entry->m->octets) > k->number;
}

static bool
try_smaller(const struct key *k, const struct subject *m)
{
  return (int64_t)g_bytes_get_size(m->entry->m->octets) < k->number;
}

/* ---- dates ---- */

static bool
try_before(const struct key *k, const struct subject *m)
{
  return date_day(m->entry->m->internal_ns) < k->number;
}

static bool
try_on(const struct key *k, const struct subject *m)
{
  return date_day(m->entry->m->internal_ns) == k->number;
}

static bool
try_since(const struct key *k, const struct subject *m)
{
  return date_day(m->entry->m->internal_ns) >= k->number;
}

/* The day in the Date header; false when there is none. */
static bool
sent_day(const struct subject *m, int64_t *day)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->entry->m->octets, &n);
  g_autofree char *text = mime_header_text(p, 0, n, "Date");
  if (!text)
    return false;
  const char *at = strchr(text, ',') ? strchr(text, ',') + 1 : text;
  g_auto(GStrv) words = g_strsplit_set(at, " \t", -1);
  g_autoptr(GString) date = g_string_new(NULL);
  unsigned n_words = 0;
  for (char **word = words; *word && n_words < 3; word++) {
    if (**word)
      g_string_append_printf(date, "%s%s", n_words++ ? "-" : "", *word);
  }
  return date_parse_day(date->str, day);
}

static bool
try_sent_before(const struct key *k, const struct subject *m)
{
  int64_t day;
  return sent_day(m, &day) && day < k->number;
}

static bool
try_sent_on(const struct key *k, const struct subject *m)
{
  int64_t day;
  return sent_day(m, &day) && day == k->number;
}

static bool
try_sent_since(const struct key *k, const struct subject *m)
{
  int64_t day;
  return sent_day(m, &day) && day >= k->number;
}

/* ---- text ---- */

static bool
text_has(const char *text, const char *wanted)
{
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *folded = g_utf8_casefold(valid, -1);
  return strstr(folded, wanted) != NULL;
}

static bool
try_header(const struct key *k, const struct subject *m)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->entry->m->octets, &n);
  g_autofree char *text = mime_header_decoded(p, 0, n, k->name ? k->name : k->header);
  return text && text_has(text, k->text);
}

static bool
octets_have(const uint8_t *p, size_t n, const char *wanted)
{
  g_autofree char *text = g_strndup((const char *)p, n);
  return text_has(text, wanted);
}

/* In the texts of a part and of all that is in it. */
static bool
part_has(const uint8_t *p, const struct mime_part *part, const char *wanted)
{
  for (guint i = 0; i < part->children->len; i++) {
    if (part_has(p, part->children->pdata[i], wanted))
      return true;
  }
  if (part->kind != MIME_LEAF || g_ascii_strcasecmp(part->type, "text") != 0)
    return false;
  g_autofree char *text = mime_part_text(p, part);
  return text_has(text, wanted);
}

static bool
try_body(const struct key *k, const struct subject *m)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->entry->m->octets, &n);
  size_t at = mime_header_end(p, 0, n);
  if (octets_have(p + at, n - at, k->text))
    return true;
  struct mime_part *root = mime_parse(m->entry->m->octets);
  bool has = part_has(p, root, k->text);
  mime_free(root);
  return has;
}

static bool
try_text(const struct key *k, const struct subject *m)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->entry->m->octets, &n);
  size_t at = 0, field_at, name_n, field_end;
  if (octets_have(p, mime_header_end(p, 0, n), k->text))
    return true;
  while (mime_next_field(p, &at, n, &field_at, &name_n, &field_end)) {
    g_autofree char *name = g_strndup((const char *)p + field_at, name_n);
    g_autofree char *value = mime_header_decoded(p, field_at, field_end, name);
    if (value && text_has(value, k->text))
      return true;
  }
  return try_body(k, m);
}

/* ---- sets, and keys of keys ---- */

static bool
try_numbers(const struct key *k, const struct subject *m)
{
  return imap_set_has(k->set, m->number, m->s->view->len);
}

static bool
try_uid(const struct key *k, const struct subject *m)
{
  const struct imap_server *s = m->s;
  uint32_t last = imap_view_at(s, s->view->len - 1)->m->uid;
  return imap_set_has(k->set, m->entry->m->uid, last);
}

static bool
try_key(const struct key *k, const struct subject *m)
{
  return k->try(k, m);
}

static bool
try_not(const struct key *k, const struct subject *m)
{
  return !try_key(k->children->pdata[0], m);
}

static bool
try_or(const struct key *k, const struct subject *m)
{
  return try_key(k->children->pdata[0], m) || try_key(k->children->pdata[1], m);
}

static bool
try_and(const struct key *k, const struct subject *m)
{
  for (guint i = 0; i < k->children->len; i++) {
    if (!try_key(k->children->pdata[i], m))
      return false;
  }
  return true;
}

/* ---- the table ---- */

static const struct row {
  const char *word;
  enum takes takes;
  try_function try;
  unsigned flag; /* or the number of keys */
  const char *header;
} rows[] = {
    {"ALL", TAKES_NOTHING, try_all},
    {"ANSWERED", TAKES_NOTHING, try_flag, FLAG_ANSWERED},
    {"DELETED", TAKES_NOTHING, try_flag, FLAG_DELETED},
    {"DRAFT", TAKES_NOTHING, try_flag, FLAG_DRAFT},
    {"FLAGGED", TAKES_NOTHING, try_flag, FLAG_FLAGGED},
    {"SEEN", TAKES_NOTHING, try_flag, FLAG_SEEN},
    {"UNANSWERED", TAKES_NOTHING, try_no_flag, FLAG_ANSWERED},
    {"UNDELETED", TAKES_NOTHING, try_no_flag, FLAG_DELETED},
    {"UNDRAFT", TAKES_NOTHING, try_no_flag, FLAG_DRAFT},
    {"UNFLAGGED", TAKES_NOTHING, try_no_flag, FLAG_FLAGGED},
    {"UNSEEN", TAKES_NOTHING, try_no_flag, FLAG_SEEN},
    {"NEW", TAKES_NOTHING, try_new},
    {"OLD", TAKES_NOTHING, try_old},
    {"RECENT", TAKES_NOTHING, try_recent},
    {"KEYWORD", TAKES_KEYWORD, try_keyword},
    {"UNKEYWORD", TAKES_KEYWORD, try_unkeyword},
    {"BEFORE", TAKES_DAY, try_before},
    {"ON", TAKES_DAY, try_on},
    {"SINCE", TAKES_DAY, try_since},
    {"SENTBEFORE", TAKES_DAY, try_sent_before},
    {"SENTON", TAKES_DAY, try_sent_on},
    {"SENTSINCE", TAKES_DAY, try_sent_since},
    {"LARGER", TAKES_NUMBER, try_larger},
    {"SMALLER", TAKES_NUMBER, try_smaller},
    {"BCC", TAKES_TEXT, try_header, 0, "Bcc"},
    {"CC", TAKES_TEXT, try_header, 0, "Cc"},
    {"FROM", TAKES_TEXT, try_header, 0, "From"},
    {"SUBJECT", TAKES_TEXT, try_header, 0, "Subject"},
    {"TO", TAKES_TEXT, try_header, 0, "To"},
    {"HEADER", TAKES_HEADER, try_header},
    {"BODY", TAKES_TEXT, try_body},
    {"TEXT", TAKES_TEXT, try_text},
    {"UID", TAKES_SET, try_uid},
    {"NOT", TAKES_KEYS, try_not, 1},
    {"OR", TAKES_KEYS, try_or, 2},
};

static void
key_free(void *data)
{
  struct key *k = data;
  g_free(k->name);
  g_free(k->text);
  g_clear_pointer(&k->set, g_array_unref);
  g_clear_pointer(&k->children, g_ptr_array_unref);
  g_free(k);
}

static struct key *
key_new(try_function try)
{
  struct key *k = g_new0(struct key, 1);
  k->try = try;
  return k;
}

static struct key *parse_key(struct imap_text *t, unsigned depth);

/* Keys between spaces; all must hold. */
static bool
parse_all(struct imap_text *t, struct key *k, unsigned depth)
{
  k->children = g_ptr_array_new_with_free_func(key_free);
  do {
    struct key *child = parse_key(t, depth);
    if (!child)
      return false;
    g_ptr_array_add(k->children, child);
  } while (imap_parse_space(t));
  return true;
}

static char *
take_text(struct imap_text *t)
{
  return imap_parse_space(t) ? imap_parse_astring(t) : NULL;
}

static bool
parse_number(struct imap_text *t, int64_t *number)
{
  uint32_t value;
  if (!imap_parse_space(t) || !imap_parse_number(t, &value))
    return false;
  *number = value;
  return true;
}

/* Folds what is to be found; false when it is no UTF-8. */
static bool
fold_text(struct key *k)
{
  if (!k->text || !g_utf8_validate(k->text, -1, NULL))
    return false;
  g_autofree char *text = k->text;
  k->text = g_utf8_casefold(text, -1);
  return true;
}

static bool
parse_argument(struct imap_text *t, const struct row *row, struct key *k, unsigned depth)
{
  g_autofree char *day = NULL;
  switch (row->takes) {
  case TAKES_NOTHING:
    return true;
  case TAKES_HEADER:
    k->name = take_text(t);
    if (!k->name)
      return false;
    __attribute__((fallthrough));
  case TAKES_TEXT:
    k->text = take_text(t);
    return fold_text(k);
  case TAKES_KEYWORD:
    k->text = imap_parse_space(t) ? imap_parse_atom(t) : NULL;
    return k->text;
  case TAKES_NUMBER:
    return parse_number(t, &k->number);
  case TAKES_DAY:
    day = take_text(t);
    return day && date_parse_day(day, &k->number);
  case TAKES_SET:
    k->set = imap_parse_space(t) ? imap_parse_set(t) : NULL;
    return k->set;
  case TAKES_KEYS:
    k->children = g_ptr_array_new_with_free_func(key_free);
    for (unsigned i = 0; i < row->flag; i++) {
      struct key *child = imap_parse_space(t) ? parse_key(t, depth) : NULL;
      if (!child)
        return false;
      g_ptr_array_add(k->children, child);
    }
    return true;
  }
  return false;
}

static struct key *
parse_key(struct imap_text *t, unsigned depth)
{
  if (depth >= IMAP_SEARCH_DEPTH_MAX)
    return NULL;
  char c = imap_parse_peek(t);
  struct key *k = key_new(try_numbers);
  bool is_good = false;
  if (imap_parse_octet(t, '(')) {
    k->try = try_and;
    is_good = parse_all(t, k, depth + 1) && imap_parse_octet(t, ')');
  } else if (c == '*' || g_ascii_isdigit(c)) {
    k->set = imap_parse_set(t);
    is_good = k->set;
  } else {
    g_autofree char *word = imap_parse_word(t);
    for (size_t i = 0; word && i < G_N_ELEMENTS(rows); i++) {
      if (strcmp(rows[i].word, word) != 0)
        continue;
      k->try = rows[i].try;
      k->flag = rows[i].flag;
      k->header = rows[i].header;
      is_good = parse_argument(t, &rows[i], k, depth + 1);
    }
  }
  if (is_good)
    return k;
  key_free(k);
  return NULL;
}

/* "CHARSET UTF-8 " at the beginning. False after NO. */
static bool
take_charset(struct imap_server *s, struct imap_text *t)
{
  struct imap_text ahead = *t;
  g_autofree char *word = imap_parse_word(&ahead);
  if (g_strcmp0(word, "CHARSET") != 0)
    return true;
  g_autofree char *name = take_text(&ahead);
  if (!name || !imap_parse_space(&ahead))
    return true; /* the keys will be BAD */
  *t = ahead;
  if (g_ascii_strcasecmp(name, "UTF-8") == 0 || g_ascii_strcasecmp(name, "US-ASCII") == 0)
    return true;
  imap_no(s, "[BADCHARSET (US-ASCII UTF-8)] Charset not supported");
  return false;
}

void
imap_act_search(struct imap_server *s, struct imap_text *t)
{
  if (!take_charset(s, t))
    return;
  struct key *k = key_new(try_and);
  if (!parse_all(t, k, 0) || !imap_parse_end(t)) {
    imap_bad(s, "Search key not understood");
    key_free(k);
    return;
  }
  g_autoptr(GString) found = g_string_new("* SEARCH");
  for (guint i = 0; i < s->view->len; i++) {
    struct subject m = {.s = s, .entry = imap_view_at(s, i), .number = i + 1};
    if (try_key(k, &m))
      g_string_append_printf(found, " %u", s->is_uid ? m.entry->m->uid : i + 1);
  }
  key_free(k);
  machine_printf(&s->endpoint, "%s\r\n", found->str);
  imap_ok(s, "SEARCH completed");
}
