/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_key.c -- search keys: a tree of conditions, and each message tried against it.
 *
 * A key is a row: its word, what it takes, how it is tried. Texts are compared by i;unicode-casemap
 * (casemap.h) as parts of each other: header fields decoded (RFC 2047), addresses also in their
 * plain form without comments, text parts without transfer encoding and as UTF-8, embedded messages
 * with their headers. RFC 3501 6.4.4; OLDER and YOUNGER 5032, MODSEQ 7162 3.1.5. */
#include <string.h>

#include "sim/mail/casemap.h"
#include "sim/mail/date.h"
#include "sim/mail/imap_search.h"
#include "sim/mail/mime.h"

enum takes {
  TAKES_NOTHING,
  TAKES_TEXT,
  TAKES_NUMBER,
  TAKES_SECONDS,
  TAKES_DAY,
  TAKES_HEADER,
  TAKES_KEYWORD,
  TAKES_MODSEQ,
  TAKES_UIDS,
  TAKES_KEYS
};

/* A message on trial; texts are made when a key first asks for them. */
struct candidate {
  const struct imap_server *s;
  guint place;
  struct imap_entry *entry;
  char *header, *body; /* casemapped */
};

typedef bool (*try_function)(const struct imap_key *k, struct candidate *m);

struct imap_key {
  try_function try;
  unsigned flag;
  const char *header; /* of the row */
  char *name, *text;
  int64_t number;
  GByteArray *places;  /* 1 where the set has the message */
  GPtrArray *children; /* struct imap_key* */
};

static const uint8_t *
octets_of(const struct candidate *m, size_t *n)
{
  gsize size;
  const uint8_t *p = g_bytes_get_data(m->entry->m->octets, &size);
  *n = size;
  return p;
}

/* ---- flags, sizes, times ---- */

static bool
try_all(const struct imap_key *k, struct candidate *m)
{
  return true;
}

static bool
try_flag(const struct imap_key *k, struct candidate *m)
{
  return m->entry->m->flags & k->flag;
}

static bool
try_no_flag(const struct imap_key *k, struct candidate *m)
{
  return !(m->entry->m->flags & k->flag);
}

static bool
try_recent(const struct imap_key *k, struct candidate *m)
{
  return m->entry->is_recent;
}

static bool
try_old(const struct imap_key *k, struct candidate *m)
{
  return !m->entry->is_recent;
}

static bool
try_new(const struct imap_key *k, struct candidate *m)
{
  return m->entry->is_recent && !(m->entry->m->flags & FLAG_SEEN);
}

static bool
try_keyword(const struct imap_key *k, struct candidate *m)
{
  return m->entry->m->keywords & store_keyword(m->s->mailbox, k->text, false);
}

static bool
try_unkeyword(const struct imap_key *k, struct candidate *m)
{
  return !try_keyword(k, m);
}

static bool
try_larger(const struct imap_key *k, struct candidate *m)
{
  return (int64_t)g_bytes_get_size(m->entry->m->octets) > k->number;
}

static bool
try_smaller(const struct imap_key *k, struct candidate *m)
{
  return (int64_t)g_bytes_get_size(m->entry->m->octets) < k->number;
}

static bool
try_modseq(const struct imap_key *k, struct candidate *m)
{
  return m->entry->m->modseq >= (uint64_t)k->number;
}

/* Seconds since the internal date, in virtual time. */
static int64_t
age(const struct candidate *m)
{
  return (m->s->now_ns - m->entry->m->internal_ns) / MACHINE_SECOND;
}

static bool
try_younger(const struct imap_key *k, struct candidate *m)
{
  return age(m) <= k->number; /* "within": RFC 5032 2 */
}

static bool
try_older(const struct imap_key *k, struct candidate *m)
{
  return age(m) > k->number;
}

/* The day of the internal date as FETCH shows it: RFC 3501 6.4.4 disregards time and zone. */
static int64_t
internal_day(const struct candidate *m)
{
  const struct store_message *message = m->entry->m;
  return date_day(message->internal_ns + (int64_t)message->zone_minutes * 60 * MACHINE_SECOND);
}

static bool
try_before(const struct imap_key *k, struct candidate *m)
{
  return internal_day(m) < k->number;
}

static bool
try_on(const struct imap_key *k, struct candidate *m)
{
  return internal_day(m) == k->number;
}

static bool
try_since(const struct imap_key *k, struct candidate *m)
{
  return internal_day(m) >= k->number;
}

/* The day that the Date header names, whatever its zone; false when there is none. */
static bool
sent_day(const struct candidate *m, int64_t *day)
{
  size_t n;
  const uint8_t *p = octets_of(m, &n);
  int64_t ignored;
  return mime_date(p, 0, n, &ignored, day);
}

static bool
try_sent_before(const struct imap_key *k, struct candidate *m)
{
  int64_t day;
  return sent_day(m, &day) && day < k->number;
}

static bool
try_sent_on(const struct imap_key *k, struct candidate *m)
{
  int64_t day;
  return sent_day(m, &day) && day == k->number;
}

static bool
try_sent_since(const struct imap_key *k, struct candidate *m)
{
  int64_t day;
  return sent_day(m, &day) && day >= k->number;
}

/* ---- text ---- */

static bool
text_has(const char *text, const char *wanted)
{
  g_autofree char *mapped = casemap(text);
  return strstr(mapped, wanted) != NULL;
}

static bool
field_has(const uint8_t *p, size_t at, size_t end, const char *name, const char *wanted)
{
  g_autofree char *value = mime_header_decoded(p, at, end, name);
  if (value && text_has(value, wanted))
    return true;
  g_autofree char *plain = value ? mime_addresses(p, at, end, name) : NULL;
  return plain && text_has(plain, wanted);
}

/* In any field of that name. */
static bool
try_header(const struct imap_key *k, struct candidate *m)
{
  size_t n, at = 0, field_at, name_n, field_end;
  const uint8_t *p = octets_of(m, &n);
  const char *name = k->name ? k->name : k->header;
  while (mime_next_field(p, &at, n, &field_at, &name_n, &field_end)) {
    if (text_is(p + field_at, name_n, name) && field_has(p, field_at, field_end, name, k->text))
      return true;
  }
  return false;
}

/* Fields as sent and decoded, casemapped, a line each. */
static void
append_header(GString *out, const uint8_t *p, size_t at, size_t end)
{
  size_t field_at, name_n, field_end;
  while (mime_next_field(p, &at, end, &field_at, &name_n, &field_end)) {
    g_autofree char *name = g_strndup((const char *)p + field_at, name_n);
    g_autofree char *raw = mime_header_text(p, field_at, field_end, name);
    g_autofree char *decoded = raw ? mime_header_decoded(p, field_at, field_end, name) : NULL;
    g_autofree char *line = g_strconcat(name, ": ", raw ? raw : "", "\n", NULL);
    g_autofree char *mapped = casemap(line);
    g_string_append(out, mapped);
    if (decoded && strcmp(decoded, raw) != 0) {
      g_autofree char *mapped_value = casemap(decoded);
      g_string_append(out, mapped_value);
      g_string_append_c(out, '\n');
    }
  }
}

/* The texts of a part and of all that is in it. */
static void
append_part(GString *out, const uint8_t *p, const struct mime_part *part, bool is_root)
{
  if (!is_root)
    append_header(out, p, part->header_at, part->body_at);
  for (guint i = 0; i < part->children->len; i++)
    append_part(out, p, part->children->pdata[i], false);
  if (part->children->len > 0 || g_ascii_strcasecmp(part->type, "text") != 0)
    return;
  g_autofree char *text = mime_part_text(p, part);
  g_autofree char *mapped = casemap(text);
  g_string_append(out, mapped);
  g_string_append_c(out, '\n');
}

static bool
try_body(const struct imap_key *k, struct candidate *m)
{
  if (!m->body) {
    size_t n;
    const uint8_t *p = octets_of(m, &n);
    GString *text = g_string_new(NULL);
    append_part(text, p, mime_cached_root(&m->entry->m->mime, m->entry->m->octets), true);
    m->body = g_string_free(text, FALSE);
  }
  return strstr(m->body, k->text) != NULL;
}

static bool
try_text(const struct imap_key *k, struct candidate *m)
{
  if (!m->header) {
    size_t n;
    const uint8_t *p = octets_of(m, &n);
    GString *text = g_string_new(NULL);
    append_header(text, p, 0, n);
    m->header = g_string_free(text, FALSE);
  }
  return strstr(m->header, k->text) || try_body(k, m);
}

/* ---- sets, and keys of keys ---- */

static bool
try_places(const struct imap_key *k, struct candidate *m)
{
  return m->place < k->places->len && k->places->data[m->place];
}

static bool
try_not(const struct imap_key *k, struct candidate *m)
{
  const struct imap_key *child = k->children->pdata[0];
  return !child->try(child, m);
}

static bool
try_or(const struct imap_key *k, struct candidate *m)
{
  const struct imap_key *a = k->children->pdata[0], *b = k->children->pdata[1];
  return a->try(a, m) || b->try(b, m);
}

static bool
try_and(const struct imap_key *k, struct candidate *m)
{
  for (guint i = 0; i < k->children->len; i++) {
    const struct imap_key *child = k->children->pdata[i];
    if (!child->try(child, m))
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
    {"OLDER", TAKES_SECONDS, try_older},
    {"YOUNGER", TAKES_SECONDS, try_younger},
    {"LARGER", TAKES_NUMBER, try_larger},
    {"SMALLER", TAKES_NUMBER, try_smaller},
    {"MODSEQ", TAKES_MODSEQ, try_modseq},
    {"BCC", TAKES_TEXT, try_header, 0, "Bcc"},
    {"CC", TAKES_TEXT, try_header, 0, "Cc"},
    {"FROM", TAKES_TEXT, try_header, 0, "From"},
    {"SUBJECT", TAKES_TEXT, try_header, 0, "Subject"},
    {"TO", TAKES_TEXT, try_header, 0, "To"},
    {"HEADER", TAKES_HEADER, try_header},
    {"BODY", TAKES_TEXT, try_body},
    {"TEXT", TAKES_TEXT, try_text},
    {"UID", TAKES_UIDS, try_places},
    {"NOT", TAKES_KEYS, try_not, 1},
    {"OR", TAKES_KEYS, try_or, 2},
};

static void
key_free(void *data)
{
  struct imap_key *k = data;
  g_free(k->name);
  g_free(k->text);
  g_clear_pointer(&k->places, g_byte_array_unref);
  g_clear_pointer(&k->children, g_ptr_array_unref);
  g_free(k);
}

void
imap_key_free(struct imap_key *k)
{
  key_free(k);
}

static struct imap_key *
key_new(try_function try)
{
  struct imap_key *k = g_new0(struct imap_key, 1);
  k->try = try;
  return k;
}

/* ---- the grammar ---- */

static struct imap_key *parse_key(struct imap_server *s, struct imap_text *t, unsigned depth);

/* Keys between spaces; all must hold. */
static bool
parse_all(struct imap_server *s, struct imap_text *t, struct imap_key *k, unsigned depth)
{
  k->children = g_ptr_array_new_with_free_func(key_free);
  do {
    struct imap_key *child = parse_key(s, t, depth);
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

/* Maps what is to be found; false when it is no UTF-8. */
static bool
map_text(struct imap_key *k)
{
  if (!k->text || !g_utf8_validate(k->text, -1, NULL))
    return false;
  g_autofree char *text = k->text;
  k->text = casemap(text);
  return true;
}

static bool
parse_set(struct imap_server *s, struct imap_text *t, struct imap_key *k, bool is_uid)
{
  g_autoptr(GArray) set = imap_parse_set(t);
  if (!set)
    return false;
  g_autoptr(GArray) chosen = imap_view_match(s, set, is_uid);
  k->places = g_byte_array_new();
  g_byte_array_set_size(k->places, s->view->len);
  if (s->view->len > 0)
    memset(k->places->data, 0, s->view->len);
  for (guint i = 0; i < chosen->len; i++)
    k->places->data[g_array_index(chosen, guint, i)] = 1;
  return true;
}

/* MODSEQ ["/flags/\\Seen" all] 12: the entry is read and ignored, as RFC 7162 3.1.5 allows a server
 * that keeps one number per message. */
static bool
parse_modseq(struct imap_text *t, struct imap_key *k)
{
  uint64_t modseq;
  if (!imap_parse_space(t))
    return false;
  if (imap_parse_peek(t) == '"') {
    g_autofree char *entry = imap_parse_astring(t);
    g_autofree char *type = entry && imap_parse_space(t) ? imap_parse_word(t) : NULL;
    if (!type || !g_str_has_prefix(entry, "/flags/") ||
        (strcmp(type, "ALL") != 0 && strcmp(type, "PRIV") != 0 && strcmp(type, "SHARED") != 0) ||
        !imap_parse_space(t))
      return false;
  }
  if (!imap_parse_modseq(t, &modseq))
    return false;
  k->number = (int64_t)modseq;
  return true;
}

static bool
parse_children(struct imap_server *s, struct imap_text *t, struct imap_key *k, unsigned n,
               unsigned depth)
{
  k->children = g_ptr_array_new_with_free_func(key_free);
  for (unsigned i = 0; i < n; i++) {
    struct imap_key *child = imap_parse_space(t) ? parse_key(s, t, depth) : NULL;
    if (!child)
      return false;
    g_ptr_array_add(k->children, child);
  }
  return true;
}

static bool
parse_argument(struct imap_server *s, struct imap_text *t, const struct row *row,
               struct imap_key *k, unsigned depth)
{
  g_autofree char *day = NULL;
  uint32_t number;
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
    return map_text(k);
  case TAKES_KEYWORD:
    k->text = imap_parse_space(t) ? imap_parse_atom(t) : NULL;
    return k->text;
  case TAKES_NUMBER:
  case TAKES_SECONDS:
    if (!imap_parse_space(t) || !imap_parse_number(t, &number))
      return false;
    k->number = number;
    return row->takes == TAKES_NUMBER || number > 0;
  case TAKES_DAY:
    day = take_text(t);
    return day && date_parse_day(day, &k->number);
  case TAKES_MODSEQ:
    return parse_modseq(t, k);
  case TAKES_UIDS:
    return imap_parse_space(t) && parse_set(s, t, k, true);
  case TAKES_KEYS:
    return parse_children(s, t, k, row->flag, depth);
  }
  return false;
}

static bool
parse_word(struct imap_server *s, struct imap_text *t, struct imap_key *k, unsigned depth)
{
  g_autofree char *word = imap_parse_word(t);
  for (size_t i = 0; word && i < G_N_ELEMENTS(rows); i++) {
    if (strcmp(rows[i].word, word) != 0)
      continue;
    k->try = rows[i].try;
    k->flag = rows[i].flag;
    k->header = rows[i].header;
    return parse_argument(s, t, &rows[i], k, depth + 1);
  }
  return false;
}

static struct imap_key *
parse_key(struct imap_server *s, struct imap_text *t, unsigned depth)
{
  if (depth >= IMAP_SEARCH_DEPTH_MAX)
    return NULL;
  char c = imap_parse_peek(t);
  struct imap_key *k = key_new(try_places);
  bool is_good;
  if (imap_parse_octet(t, '(')) {
    k->try = try_and;
    is_good = parse_all(s, t, k, depth + 1) && imap_parse_octet(t, ')');
  } else if (c == '*' || c == '$' || g_ascii_isdigit(c)) {
    is_good = parse_set(s, t, k, false);
  } else {
    is_good = parse_word(s, t, k, depth);
  }
  if (is_good)
    return k;
  key_free(k);
  return NULL;
}

struct imap_key *
imap_parse_keys(struct imap_server *s, struct imap_text *t)
{
  struct imap_key *k = key_new(try_and);
  if (parse_all(s, t, k, 0) && imap_parse_end(t))
    return k;
  key_free(k);
  return NULL;
}

/* ---- use ---- */

bool
imap_key_has_modseq(const struct imap_key *k)
{
  bool has = k->try == try_modseq;
  for (guint i = 0; k->children && i < k->children->len && !has; i++)
    has = imap_key_has_modseq(k->children->pdata[i]);
  return has;
}

bool
imap_key_try(const struct imap_key *k, const struct imap_server *s, guint place)
{
  struct candidate m = {.s = s, .place = place, .entry = imap_view_at(s, place)};
  bool is_found = k->try(k, &m);
  g_free(m.header);
  g_free(m.body);
  return is_found;
}

GArray *
imap_find(const struct imap_key *k, const struct imap_server *s)
{
  GArray *found = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < s->view->len; i++) {
    if (imap_key_try(k, s, i))
      g_array_append_val(found, i);
  }
  return found;
}
