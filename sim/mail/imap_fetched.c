/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_fetched.c -- what a FETCH response tells about one message: flags, envelope, structure,
 * pieces of its body.
 *
 * Each item is a row of a table. NIL is allowed wherever a server may say it, and in places where
 * it may not, too: then the item is as if it had not come. */
#include "sim/mail/imap_fetched.h"

#include <string.h>

#include "sim/mail/imap_flags.h"
#include "sim/mail/mime.h"
#include "sim/mail/store.h"

/* ---- flags ---- */

void
imap_fetched_flags(const struct imap_value *list, unsigned *flags, char **keywords)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  *flags = 0;
  for (guint i = 0; imap_value_at(list, i); i++) {
    g_autofree char *text = imap_value_text(imap_value_at(list, i));
    if (!text || !*text)
      continue;
    if (text[0] == '\\')
      *flags |= store_flag_find(text, strlen(text)); /* 0 for \Recent and \* */
    else if (words->len < IMAP_KEYWORDS_MAX)
      g_ptr_array_add(words, g_steal_pointer(&text));
  }
  g_free(*keywords);
  *keywords = imap_keywords_of(words);
}

static bool
take_flags(struct imap_fetched *f, const struct imap_value *v)
{
  if (v->kind != IMAP_VALUE_LIST)
    return false;
  f->has_flags = true;
  imap_fetched_flags(v, &f->flags, &f->keywords);
  return true;
}

/* ---- numbers ---- */

static bool
take_uid(struct imap_fetched *f, const struct imap_value *v)
{
  uint64_t n;
  if (!imap_value_number(v, &n) || n == 0 || n > UINT32_MAX)
    return false;
  f->uid = (uint32_t)n;
  return true;
}

static bool
take_size(struct imap_fetched *f, const struct imap_value *v)
{
  f->has_size = imap_value_number(v, &f->n_octets);
  return f->has_size;
}

/* MODSEQ (12): RFC 7162 3.1.4.2. */
static bool
take_modseq(struct imap_fetched *f, const struct imap_value *v)
{
  return imap_value_number(imap_value_at(v, 0), &f->modseq);
}

/* ---- envelope ---- */

/* A header's text as a person reads it: encoded words decoded, on one line, not too long. */
static char *
readable(const struct imap_value *v)
{
  g_autofree char *raw = imap_value_text(v);
  if (!raw)
    return g_strdup("");
  for (char *c = raw; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 0x7f)
      *c = ' ';
  raw[MIN(strlen(raw), IMAP_HEADER_TEXT_MAX)] = '\0';
  g_autofree char *header = g_strdup_printf("Subject: %s\r\n", raw);
  g_autofree char *text =
      mime_header_decoded((const uint8_t *)header, 0, strlen(header), "Subject");
  return text ? g_utf8_make_valid(text, -1) : g_strdup("");
}

/* The first of a list of (name route mailbox host): "mailbox@host". */
static char *
first_address(const struct imap_value *list)
{
  const struct imap_value *person = imap_value_at(list, 0);
  g_autofree char *mailbox = imap_value_text(imap_value_at(person, 2));
  g_autofree char *host = imap_value_text(imap_value_at(person, 3));
  g_autofree char *raw = g_strdup_printf("%s@%s", mailbox ? mailbox : "", host ? host : "");
  raw[MIN(strlen(raw), IMAP_HEADER_TEXT_MAX)] = '\0';
  return g_utf8_make_valid(raw, -1);
}

static bool
take_envelope(struct imap_fetched *f, const struct imap_value *v)
{
  if (v->kind != IMAP_VALUE_LIST || f->subject)
    return v->kind == IMAP_VALUE_NIL;
  f->date = readable(imap_value_at(v, 0));
  f->subject = readable(imap_value_at(v, 1));
  f->from = first_address(imap_value_at(v, 2));
  f->message_id = readable(imap_value_at(v, 9));
  return true;
}

/* ---- structure ---- */

static void
part_free(void *data)
{
  struct imap_part *p = data;
  g_free(p->section);
  g_free(p->type);
  g_free(p->encoding);
  g_free(p->file_name);
  g_free(p);
}

/* The value behind the name in ("name" "value" …), or NULL. */
static char *
parameter(const struct imap_value *list, const char *name)
{
  for (guint i = 0; imap_value_at(list, i + 1); i += 2) {
    g_autofree char *key = imap_value_text(imap_value_at(list, i));
    if (key && g_ascii_strcasecmp(key, name) == 0)
      return imap_value_text(imap_value_at(list, i + 1));
  }
  return NULL;
}

/* The disposition stands behind the MD5, whose place depends on the kind of part. */
static void
take_disposition(struct imap_part *p, const struct imap_value *leaf)
{
  guint at = g_str_has_prefix(p->type, "text/")       ? 9
             : strcmp(p->type, "message/rfc822") == 0 ? 11
                                                      : 8;
  const struct imap_value *disposition = imap_value_at(leaf, at);
  g_autofree char *kind = imap_value_text(imap_value_at(disposition, 0));
  p->is_attachment = kind && g_ascii_strcasecmp(kind, "attachment") == 0;
  g_autofree char *name = parameter(imap_value_at(disposition, 1), "filename");
  p->file_name = name ? g_steal_pointer(&name) : parameter(imap_value_at(leaf, 2), "name");
  p->is_attachment |= p->file_name != NULL;
}

static void
take_leaf(struct imap_fetched *f, const struct imap_value *leaf, const char *section)
{
  g_autofree char *type = imap_value_text(imap_value_at(leaf, 0));
  g_autofree char *subtype = imap_value_text(imap_value_at(leaf, 1));
  if (!type || !subtype || f->parts->len >= IMAP_PARTS_MAX)
    return;
  struct imap_part *p = g_new0(struct imap_part, 1);
  g_autofree char *full = g_strdup_printf("%s/%s", type, subtype);
  g_autofree char *encoding = imap_value_text(imap_value_at(leaf, 5));
  p->section = g_strdup(section);
  p->type = g_ascii_strdown(full, -1);
  p->encoding = g_ascii_strdown(encoding ? encoding : "", -1);
  imap_value_number(imap_value_at(leaf, 6), &p->n_octets);
  take_disposition(p, leaf);
  g_ptr_array_add(f->parts, p);
}

/* A multipart is a list that begins with lists. `prefix` is "" at the top. */
static void
take_part(struct imap_fetched *f, const struct imap_value *v, const char *prefix, unsigned depth)
{
  if (depth > IMAP_PART_DEPTH_MAX)
    return;
  const struct imap_value *first = imap_value_at(v, 0);
  if (!first || first->kind != IMAP_VALUE_LIST) {
    take_leaf(f, v, *prefix ? prefix : "1");
    return;
  }
  for (guint i = 0; imap_value_at(v, i) && imap_value_at(v, i)->kind == IMAP_VALUE_LIST; i++) {
    g_autofree char *section = g_strdup_printf("%s%s%u", prefix, *prefix ? "." : "", i + 1);
    take_part(f, imap_value_at(v, i), section, depth + 1);
  }
}

static bool
take_structure(struct imap_fetched *f, const struct imap_value *v)
{
  if (v->kind != IMAP_VALUE_LIST || f->parts)
    return v->kind == IMAP_VALUE_NIL;
  f->parts = g_ptr_array_new_with_free_func(part_free);
  take_part(f, v, "", 0);
  return true;
}

const struct imap_part *
imap_part_to_read(const GPtrArray *parts)
{
  static const char *const wanted[] = {"text/plain", "text/html"};
  for (guint k = 0; parts && k < G_N_ELEMENTS(wanted); k++) {
    for (guint i = 0; i < parts->len; i++) {
      const struct imap_part *p = parts->pdata[i];
      if (!p->is_attachment && strcmp(p->type, wanted[k]) == 0)
        return p;
    }
  }
  return parts && parts->len > 0 ? parts->pdata[0] : NULL;
}

/* ---- pieces ---- */

static void
piece_free(void *data)
{
  struct imap_piece *p = data;
  g_free(p->section);
  g_clear_pointer(&p->octets, g_bytes_unref);
  g_free(p);
}

/* "BODY[1.2]<4096>" and "BINARY[…]". */
static bool
take_piece(struct imap_fetched *f, const char *name, const struct imap_value *v)
{
  const char *open = strchr(name, '[');
  const char *close = strrchr(name, ']');
  if (!open || !close || close < open || v->kind == IMAP_VALUE_LIST)
    return false;
  struct imap_piece *p = g_new0(struct imap_piece, 1);
  g_autofree char *section = g_strndup(open + 1, (gsize)(close - open - 1));
  p->section = g_ascii_strup(section, -1);
  p->is_partial = close[1] == '<';
  p->origin = p->is_partial ? g_ascii_strtoull(close + 2, NULL, 10) : 0;
  p->octets = v->kind == IMAP_VALUE_NIL ? NULL : g_bytes_ref(v->octets);
  g_ptr_array_add(f->pieces, p);
  return true;
}

/* RFC822, RFC822.HEADER, RFC822.TEXT: the old names (RFC 3501 6.4.5). */
static bool
take_old_name(struct imap_fetched *f, const char *name, const struct imap_value *v)
{
  static const char *const names[][2] = {
      {"RFC822", "BODY[]"}, {"RFC822.HEADER", "BODY[HEADER]"}, {"RFC822.TEXT", "BODY[TEXT]"}};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_ascii_strcasecmp(name, names[i][0]) == 0)
      return take_piece(f, names[i][1], v);
  return true; /* an item that we do not know: RFC 3501 2.2.2 */
}

/* ---- items ---- */

static const struct {
  const char *name;
  bool (*take)(struct imap_fetched *f, const struct imap_value *v);
} items[] = {{"UID", take_uid},           {"FLAGS", take_flags},
             {"RFC822.SIZE", take_size},  {"MODSEQ", take_modseq},
             {"ENVELOPE", take_envelope}, {"BODYSTRUCTURE", take_structure},
             {"BODY", take_structure}};

static bool
take_item(struct imap_fetched *f, const struct imap_value *name, const struct imap_value *v)
{
  if (name->kind != IMAP_VALUE_ATOM)
    return false;
  g_autofree char *text = imap_value_text(name);
  for (guint i = 0; i < G_N_ELEMENTS(items); i++)
    if (g_ascii_strcasecmp(text, items[i].name) == 0)
      return items[i].take(f, v);
  if (strchr(text, '['))
    return take_piece(f, text, v);
  return take_old_name(f, text, v);
}

bool
imap_fetched_parse(struct imap_fetched *f, struct imap_text *t)
{
  *f = (struct imap_fetched){.pieces = g_ptr_array_new_with_free_func(piece_free)};
  g_autoptr(imap_value) list = imap_value_parse(t);
  if (!list || list->kind != IMAP_VALUE_LIST || !imap_parse_end(t) || list->children->len % 2 != 0)
    return false;
  for (guint i = 0; i < list->children->len; i += 2)
    if (!take_item(f, list->children->pdata[i], list->children->pdata[i + 1]))
      return false;
  return true;
}

void
imap_fetched_clear(struct imap_fetched *f)
{
  g_free(f->keywords);
  g_free(f->subject);
  g_free(f->from);
  g_free(f->date);
  g_free(f->message_id);
  g_clear_pointer(&f->parts, g_ptr_array_unref);
  g_clear_pointer(&f->pieces, g_ptr_array_unref);
  *f = (struct imap_fetched){0};
}
