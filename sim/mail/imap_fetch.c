/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_fetch.c -- FETCH: what is asked of a message, and the answer cut from its stored octets.
 *
 *     BODY.PEEK[2.1.HEADER.FIELDS (FROM TO)]<0.100>
 *          │     │   │                        └ part of those octets
 *          │     │   └ which octets of the part
 *          │     └ part numbers (mime.h)
 *          └ does not set \Seen
 *
 * RFC 3501 6.4.5, 7.4.2. Not here: BINARY, PREVIEW. */
#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/imap_session.h"
#include "sim/mail/mime.h"

enum item_kind {
  ITEM_FLAGS,
  ITEM_UID,
  ITEM_INTERNALDATE,
  ITEM_SIZE,
  ITEM_ENVELOPE,
  ITEM_BODY, /* the short structure */
  ITEM_BODYSTRUCTURE,
  ITEM_SECTION,
};

enum section {
  SECTION_WHOLE,
  SECTION_HEADER,
  SECTION_FIELDS,
  SECTION_FIELDS_NOT,
  SECTION_TEXT,
  SECTION_MIME
};

struct item {
  enum item_kind kind;
  enum section section;
  bool is_peek;
  unsigned numbers[IMAP_SECTION_DEPTH_MAX];
  unsigned n_numbers;
  GPtrArray *fields; /* char* */
  bool is_partial;
  uint32_t from, count;
  char *label; /* as it stands in the answer */
};

static void
item_clear(void *data)
{
  struct item *item = data;
  g_clear_pointer(&item->fields, g_ptr_array_unref);
  g_free(item->label);
}

/* ---- what is asked ---- */

static const struct {
  const char *word;
  struct item item;
} words[] = {
    {"FLAGS", {.kind = ITEM_FLAGS}},
    {"UID", {.kind = ITEM_UID}},
    {"INTERNALDATE", {.kind = ITEM_INTERNALDATE}},
    {"RFC822.SIZE", {.kind = ITEM_SIZE}},
    {"ENVELOPE", {.kind = ITEM_ENVELOPE}},
    {"BODYSTRUCTURE", {.kind = ITEM_BODYSTRUCTURE}},
    {"BODY", {.kind = ITEM_BODY}},
    {"RFC822", {.kind = ITEM_SECTION, .section = SECTION_WHOLE}},
    {"RFC822.HEADER", {.kind = ITEM_SECTION, .section = SECTION_HEADER, .is_peek = true}},
    {"RFC822.TEXT", {.kind = ITEM_SECTION, .section = SECTION_TEXT}},
};

static const struct {
  const char *word;
  const char *items[6];
} macros[] = {{"ALL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"}},
              {"FAST", {"FLAGS", "INTERNALDATE", "RFC822.SIZE"}},
              {"FULL", {"FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"}}};

static const struct {
  const char *word;
  enum section section;
} sections[] = {{"HEADER", SECTION_HEADER},
                {"HEADER.FIELDS", SECTION_FIELDS},
                {"HEADER.FIELDS.NOT", SECTION_FIELDS_NOT},
                {"TEXT", SECTION_TEXT},
                {"MIME", SECTION_MIME}};

/* "1.2." before the section's word. */
static bool
parse_numbers(struct imap_text *t, struct item *item)
{
  while (g_ascii_isdigit(imap_parse_peek(t))) {
    uint32_t number;
    if (!imap_parse_number(t, &number) || number == 0 || item->n_numbers >= IMAP_SECTION_DEPTH_MAX)
      return false;
    item->numbers[item->n_numbers++] = number;
    if (imap_parse_peek(t) == ']')
      return true;
    if (!imap_parse_octet(t, '.') || imap_parse_peek(t) == ']')
      return false;
  }
  return true;
}

static bool
parse_fields(struct imap_text *t, struct item *item)
{
  item->fields = g_ptr_array_new_with_free_func(g_free);
  if (!imap_parse_space(t) || !imap_parse_octet(t, '('))
    return false;
  do {
    char *name = imap_parse_astring(t);
    if (!name || !*name) {
      g_free(name);
      return false;
    }
    g_ptr_array_add(item->fields, name);
  } while (imap_parse_space(t));
  return imap_parse_octet(t, ')');
}

/* "[…]<…>" behind BODY or BODY.PEEK, and the label. */
static bool
parse_section(struct imap_text *t, struct item *item)
{
  size_t from = t->at;
  if (!imap_parse_octet(t, '[') || !parse_numbers(t, item))
    return false;
  if (imap_parse_peek(t) != ']') {
    g_autofree char *word = imap_parse_word(t);
    size_t i = 0;
    while (i < G_N_ELEMENTS(sections) && g_strcmp0(word, sections[i].word) != 0)
      i++;
    if (i == G_N_ELEMENTS(sections))
      return false;
    item->section = sections[i].section;
    if (item->section == SECTION_MIME && item->n_numbers == 0)
      return false;
    if ((item->section == SECTION_FIELDS || item->section == SECTION_FIELDS_NOT) &&
        !parse_fields(t, item))
      return false;
  }
  if (!imap_parse_octet(t, ']'))
    return false;
  g_autofree char *text = g_strndup((const char *)t->p + from, t->at - from);
  if (imap_parse_octet(t, '<')) {
    item->is_partial = imap_parse_number(t, &item->from) && imap_parse_octet(t, '.') &&
                       imap_parse_number(t, &item->count) && item->count > 0 &&
                       imap_parse_octet(t, '>');
    if (!item->is_partial)
      return false;
    item->label = g_strdup_printf("BODY%s<%u>", text, item->from);
  } else {
    item->label = g_strdup_printf("BODY%s", text);
  }
  return true;
}

static bool
add_word(GArray *items, const char *word)
{
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (strcmp(words[i].word, word) == 0) {
      struct item item = words[i].item;
      item.label = g_strdup(word);
      g_array_append_val(items, item);
      return true;
    }
  }
  return false;
}

static bool
parse_item(struct imap_text *t, GArray *items)
{
  g_autofree char *word = imap_parse_word(t);
  if (!word)
    return false;
  bool is_peek = strcmp(word, "BODY.PEEK") == 0;
  if (imap_parse_peek(t) != '[')
    return add_word(items, word);
  if (!is_peek && strcmp(word, "BODY") != 0)
    return false;
  struct item item = {.kind = ITEM_SECTION, .is_peek = is_peek};
  bool is_good = parse_section(t, &item);
  g_array_append_val(items, item);
  return is_good;
}

/* One item, a list of them, or a macro. */
static bool
parse_items(struct imap_text *t, GArray *items)
{
  if (imap_parse_octet(t, '(')) {
    do {
      if (!parse_item(t, items))
        return false;
    } while (imap_parse_space(t));
    return imap_parse_octet(t, ')') && imap_parse_end(t);
  }
  struct imap_text ahead = *t;
  g_autofree char *word = imap_parse_word(&ahead);
  for (size_t i = 0; i < G_N_ELEMENTS(macros); i++) {
    if (g_strcmp0(word, macros[i].word) != 0)
      continue;
    for (const char *const *name = macros[i].items; *name; name++)
      add_word(items, *name);
    return imap_parse_end(&ahead);
  }
  return parse_item(t, items) && imap_parse_end(t);
}

/* ---- the answer ---- */

/* Header fields that are named (or, with `is_not`, all others), and the empty line. */
static void
append_fields(GString *out, const uint8_t *p, size_t at, size_t end, const GPtrArray *names,
              bool is_not)
{
  size_t field_at, name_n, field_end;
  while (mime_next_field(p, &at, end, &field_at, &name_n, &field_end)) {
    bool is_named = false;
    for (guint i = 0; i < names->len && !is_named; i++)
      is_named = text_is(p + field_at, name_n, names->pdata[i]);
    if (is_named != is_not)
      g_string_append_len(out, (const char *)p + field_at, (gssize)(field_end - field_at));
  }
  g_string_append(out, "\r\n");
}

/* The entity whose HEADER and TEXT are meant: the message itself, or the one inside message/rfc822.
 */
static const struct mime_part *
inner_message(const struct mime_part *part, bool is_root)
{
  if (is_root)
    return part;
  return part->kind == MIME_MESSAGE ? part->children->pdata[0] : NULL;
}

/* The octets of a section into `out`; false when the message has no such part. */
static bool
section_octets(const struct item *item, const uint8_t *p, const struct mime_part *root,
               GString *out)
{
  bool is_root = item->n_numbers == 0;
  const struct mime_part *part = is_root ? root : mime_find(root, item->numbers, item->n_numbers);
  if (!part)
    return false;
  const struct mime_part *message = inner_message(part, is_root);
  size_t at = part->body_at, end = part->end;
  switch (item->section) {
  case SECTION_WHOLE:
    if (is_root)
      at = part->header_at;
    break;
  case SECTION_MIME:
    at = part->header_at;
    end = part->body_at;
    break;
  case SECTION_TEXT:
  case SECTION_HEADER:
    if (!message)
      return false;
    at = item->section == SECTION_TEXT ? message->body_at : message->header_at;
    end = item->section == SECTION_TEXT ? message->end : message->body_at;
    break;
  case SECTION_FIELDS:
  case SECTION_FIELDS_NOT:
    if (!message)
      return false;
    append_fields(out, p, message->header_at, message->body_at, item->fields,
                  item->section == SECTION_FIELDS_NOT);
    return true;
  }
  g_string_append_len(out, (const char *)p + at, (gssize)(end - at));
  return true;
}

static void
append_section(GString *out, const struct item *item, const uint8_t *p,
               const struct mime_part *root)
{
  g_autoptr(GString) octets = g_string_new(NULL);
  g_string_append_printf(out, "%s ", item->label);
  if (!section_octets(item, p, root, octets)) {
    g_string_append(out, "NIL");
    return;
  }
  size_t from = item->is_partial ? MIN(item->from, octets->len) : 0;
  size_t n = octets->len - from;
  if (item->is_partial)
    n = MIN(n, item->count);
  g_string_append_printf(out, "{%" G_GSIZE_FORMAT "}\r\n", n);
  g_string_append_len(out, octets->str + from, (gssize)n);
}

static void
append_item(struct imap_server *s, GString *out, const struct imap_entry *entry,
            const struct item *item, const struct mime_part *root)
{
  const struct store_message *m = entry->m;
  gsize n;
  const uint8_t *p = g_bytes_get_data(m->octets, &n);
  char date[DATE_TEXT_MAX];
  if (item->kind != ITEM_SECTION)
    g_string_append_printf(out, "%s ", item->label);
  switch (item->kind) {
  case ITEM_FLAGS:
    imap_view_flags(s, entry, out);
    break;
  case ITEM_UID:
    g_string_append_printf(out, "%u", m->uid);
    break;
  case ITEM_INTERNALDATE:
    g_string_append_printf(out, "\"%s\"", date_format_imap(m->internal_ns, date));
    break;
  case ITEM_SIZE:
    g_string_append_printf(out, "%" G_GSIZE_FORMAT, n);
    break;
  case ITEM_ENVELOPE:
    mime_envelope(out, p, 0, root->body_at);
    break;
  case ITEM_BODY:
  case ITEM_BODYSTRUCTURE:
    mime_structure(out, p, root, item->kind == ITEM_BODYSTRUCTURE);
    break;
  case ITEM_SECTION:
    append_section(out, item, p, root);
    break;
  }
}

static bool
needs_structure(const GArray *items)
{
  for (guint i = 0; i < items->len; i++) {
    if (g_array_index(items, struct item, i).kind >= ITEM_ENVELOPE)
      return true;
  }
  return false;
}

static bool
has(const GArray *items, enum item_kind kind)
{
  for (guint i = 0; i < items->len; i++) {
    if (g_array_index(items, struct item, i).kind == kind)
      return true;
  }
  return false;
}

/* Reading sets \Seen; true when the flags must be told with the answer. */
static bool
mark_seen(struct imap_server *s, struct imap_entry *entry, const GArray *items)
{
  bool reads = false;
  for (guint i = 0; i < items->len; i++) {
    const struct item *item = &g_array_index(items, struct item, i);
    reads |= item->kind == ITEM_SECTION && !item->is_peek;
  }
  struct store_message *m = entry->m;
  if (!reads || s->is_read_only || m->flags & FLAG_SEEN ||
      store_by_uid(s->mailbox, m->uid, NULL) != m)
    return false;
  store_set_flags(s->mailbox, m, m->flags | FLAG_SEEN, m->keywords);
  entry->told_modseq = m->modseq;
  return !has(items, ITEM_FLAGS);
}

static void
fetch_one(struct imap_server *s, guint at, const GArray *items)
{
  struct imap_entry *entry = imap_view_at(s, at);
  bool tells_flags = mark_seen(s, entry, items);
  struct mime_part *root = needs_structure(items) ? mime_parse(entry->m->octets) : NULL;
  g_autoptr(GString) out = g_string_new(NULL);
  g_string_append_printf(out, "* %u FETCH (", at + 1);
  if (s->is_uid && !has(items, ITEM_UID))
    g_string_append_printf(out, "UID %u ", entry->m->uid);
  for (guint i = 0; i < items->len; i++) {
    if (i > 0)
      g_string_append_c(out, ' ');
    append_item(s, out, entry, &g_array_index(items, struct item, i), root);
  }
  if (tells_flags) {
    g_string_append(out, " FLAGS ");
    imap_view_flags(s, entry, out);
  }
  g_string_append(out, ")\r\n");
  machine_send(&s->endpoint, out->str, out->len);
  mime_free(root);
}

void
imap_act_fetch(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) set = imap_parse_set(t);
  g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(struct item));
  g_array_set_clear_func(items, item_clear);
  if (!set || !imap_parse_space(t) || !parse_items(t, items)) {
    imap_bad(s, "Syntax: FETCH set items");
    return;
  }
  g_autoptr(GArray) chosen = imap_view_select(s, set);
  if (!chosen) {
    imap_bad(s, "No such message");
    return;
  }
  for (guint i = 0; i < chosen->len; i++)
    fetch_one(s, g_array_index(chosen, guint, i), items);
  imap_ok(s, "FETCH completed");
}
