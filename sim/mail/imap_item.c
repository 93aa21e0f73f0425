/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_item.c -- the grammar of FETCH items.
 *
 *     BODY.PEEK[2.1.HEADER.FIELDS (FROM TO)]<0.100>
 *          │     │   │                        └ part of those octets
 *          │     │   └ which octets of the part
 *          │     └ part numbers (mime.h)
 *          └ does not set \Seen
 *
 * RFC 3501 6.4.5 and 9 (fetch-att), RFC 3516 (BINARY), RFC 7162 (MODSEQ). DEVIATION: BINARY takes
 * the same sections as BODY, of which RFC 3516 names only part numbers; other servers do so too. */
#include <string.h>

#include "sim/mail/imap_fetch.h"

static void
item_clear(void *data)
{
  struct item *item = data;
  g_clear_pointer(&item->fields, g_ptr_array_unref);
  g_free(item->label);
}

static const struct {
  const char *word;
  struct item item;
} words[] = {
    {"FLAGS", {.kind = ITEM_FLAGS}},
    {"UID", {.kind = ITEM_UID}},
    {"INTERNALDATE", {.kind = ITEM_INTERNALDATE}},
    {"RFC822.SIZE", {.kind = ITEM_SIZE}},
    {"MODSEQ", {.kind = ITEM_MODSEQ}},
    {"ENVELOPE", {.kind = ITEM_ENVELOPE}},
    {"BODYSTRUCTURE", {.kind = ITEM_BODYSTRUCTURE}},
    {"BODY", {.kind = ITEM_BODY}},
    {"RFC822", {.kind = ITEM_SECTION, .section = SECTION_WHOLE}},
    {"RFC822.HEADER", {.kind = ITEM_SECTION, .section = SECTION_HEADER, .is_peek = true}},
    {"RFC822.TEXT", {.kind = ITEM_SECTION, .section = SECTION_TEXT}},
};

/* Words that are followed by "[…]". */
static const struct {
  const char *word, *label;
  enum item_kind kind;
  bool is_peek;
} bracketed[] = {{"BODY", "BODY", ITEM_SECTION, false},
                 {"BODY.PEEK", "BODY", ITEM_SECTION, true},
                 {"BINARY", "BINARY", ITEM_BINARY, false},
                 {"BINARY.PEEK", "BINARY", ITEM_BINARY, true},
                 {"BINARY.SIZE", "BINARY.SIZE", ITEM_BINARY_SIZE, true}};

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
parse_numbers(struct imap_text *t, struct item *item, GString *label)
{
  while (g_ascii_isdigit(imap_parse_peek(t))) {
    uint32_t number;
    if (!imap_parse_number(t, &number) || number == 0 || item->n_numbers >= IMAP_SECTION_DEPTH_MAX)
      return false;
    item->numbers[item->n_numbers++] = number;
    g_string_append_printf(label, "%u", number);
    if (imap_parse_peek(t) == ']')
      return true;
    if (!imap_parse_octet(t, '.') || imap_parse_peek(t) == ']')
      return false;
    g_string_append_c(label, '.');
  }
  return true;
}

/* A field name may come as a literal; in the answer it is an atom or a quoted string. */
static void
put_name(GString *label, const char *name)
{
  bool is_atom = true;
  for (const char *c = name; *c && is_atom; c++)
    is_atom = *c > ' ' && *c <= '~' && !strchr("(){}%*\"\\]", *c);
  if (is_atom)
    g_string_append(label, name);
  else
    mime_nstring(label, name);
}

static bool
parse_fields(struct imap_text *t, struct item *item, GString *label)
{
  item->fields = g_ptr_array_new_with_free_func(g_free);
  if (!imap_parse_space(t) || !imap_parse_octet(t, '('))
    return false;
  g_string_append(label, " (");
  do {
    char *name = imap_parse_astring(t);
    if (!name || !*name) {
      g_free(name);
      return false;
    }
    if (item->fields->len > 0)
      g_string_append_c(label, ' ');
    put_name(label, name);
    g_ptr_array_add(item->fields, name);
  } while (imap_parse_space(t));
  g_string_append_c(label, ')');
  return imap_parse_octet(t, ')');
}

static bool
parse_section_word(struct imap_text *t, struct item *item, GString *label)
{
  g_autofree char *word = imap_parse_word(t);
  size_t i = 0;
  while (i < G_N_ELEMENTS(sections) && g_strcmp0(word, sections[i].word) != 0)
    i++;
  if (i == G_N_ELEMENTS(sections))
    return false;
  item->section = sections[i].section;
  g_string_append(label, word);
  if (item->section == SECTION_MIME) /* the message itself has none: RFC 3501 6.4.5 */
    return item->n_numbers > 0;
  return (item->section != SECTION_FIELDS && item->section != SECTION_FIELDS_NOT) ||
         parse_fields(t, item, label);
}

/* "0.100>"; as other servers do, "0>" is taken too: to the end. */
static bool
parse_partial(struct imap_text *t, struct item *item)
{
  item->is_partial = true;
  item->count = UINT32_MAX;
  if (!imap_parse_number(t, &item->from))
    return false;
  if (imap_parse_octet(t, '.') && (!imap_parse_number(t, &item->count) || item->count == 0))
    return false;
  return imap_parse_octet(t, '>');
}

/* "[…]<…>" behind the word, and the label. */
static bool
parse_section(struct imap_text *t, struct item *item, const char *word)
{
  g_autoptr(GString) label = g_string_new(word);
  g_string_append_c(label, '[');
  if (!imap_parse_octet(t, '[') || !parse_numbers(t, item, label))
    return false;
  if (imap_parse_peek(t) != ']' && !parse_section_word(t, item, label))
    return false;
  if (!imap_parse_octet(t, ']'))
    return false;
  g_string_append_c(label, ']');
  if (item->kind != ITEM_BINARY_SIZE && imap_parse_octet(t, '<')) {
    if (!parse_partial(t, item))
      return false;
    g_string_append_printf(label, "<%u>", item->from);
  }
  item->label = g_strdup(label->str);
  return true;
}

/* A word twice is answered once. */
static bool
add_word(GArray *items, const char *word)
{
  for (guint i = 0; i < items->len; i++) {
    if (g_strcmp0(g_array_index(items, struct item, i).label, word) == 0)
      return true;
  }
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
  if (imap_parse_peek(t) != '[')
    return add_word(items, word);
  for (size_t i = 0; i < G_N_ELEMENTS(bracketed); i++) {
    if (strcmp(bracketed[i].word, word) != 0)
      continue;
    struct item item = {.kind = bracketed[i].kind, .is_peek = bracketed[i].is_peek};
    bool is_good = parse_section(t, &item, bracketed[i].label);
    g_array_append_val(items, item);
    return is_good;
  }
  return false;
}

static bool
parse_all(struct imap_text *t, GArray *items)
{
  if (imap_parse_octet(t, '(')) {
    do {
      if (!parse_item(t, items))
        return false;
    } while (imap_parse_space(t));
    return imap_parse_octet(t, ')');
  }
  struct imap_text ahead = *t;
  g_autofree char *word = imap_parse_word(&ahead);
  for (size_t i = 0; i < G_N_ELEMENTS(macros); i++) {
    if (g_strcmp0(word, macros[i].word) != 0)
      continue;
    for (const char *const *name = macros[i].items; *name; name++)
      add_word(items, *name);
    *t = ahead;
    return true;
  }
  return parse_item(t, items);
}

GArray *
imap_parse_items(struct imap_text *t)
{
  GArray *items = g_array_new(FALSE, FALSE, sizeof(struct item));
  g_array_set_clear_func(items, item_clear);
  if (parse_all(t, items))
    return items;
  g_array_unref(items);
  return NULL;
}
