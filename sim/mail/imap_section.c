/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_section.c -- the octets of a message that BODY[…] and BINARY[…] mean.
 *
 * A section is a slice of the stored octets; only HEADER.FIELDS (fields left out) and BINARY
 * (transfer encoding taken off) make octets of their own. RFC 3501 6.4.5, RFC 3516 4.2. */
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/imap_fetch.h"

static GBytes *
take_string(GString *text)
{
  return g_string_free_to_bytes(text);
}

/* Header fields that are named (or, with `is_not`, all others), and the empty line. */
static GBytes *
fields(const uint8_t *p, size_t at, size_t end, const GPtrArray *names, bool is_not)
{
  GString *out = g_string_new(NULL);
  size_t field_at, name_n, field_end;
  while (mime_next_field(p, &at, end, &field_at, &name_n, &field_end)) {
    bool is_named = false;
    for (guint i = 0; i < names->len && !is_named; i++)
      is_named = text_is(p + field_at, name_n, names->pdata[i]);
    if (is_named != is_not)
      g_string_append_len(out, (const char *)p + field_at, (gssize)(field_end - field_at));
  }
  g_string_append(out, "\r\n");
  return take_string(out);
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

enum section_result
imap_section(const struct item *item, GBytes *message, const struct mime_part *root,
             GBytes **octets)
{
  bool is_root = item->n_numbers == 0;
  const struct mime_part *part = is_root ? root : mime_find(root, item->numbers, item->n_numbers);
  if (!part)
    return SECTION_MISSING;
  const uint8_t *p = g_bytes_get_data(message, NULL);
  const struct mime_part *inner = inner_message(part, is_root);
  if (item->kind != ITEM_SECTION &&
      (item->section == SECTION_WHOLE || (item->section == SECTION_TEXT && inner))) {
    bool is_whole = item->section == SECTION_WHOLE;
    *octets = mime_decode(message, is_whole ? part : inner, is_whole && is_root);
    return *octets ? SECTION_FOUND : SECTION_UNKNOWN;
  }
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
    if (!inner)
      return SECTION_MISSING;
    at = item->section == SECTION_TEXT ? inner->body_at : inner->header_at;
    end = item->section == SECTION_TEXT ? inner->end : inner->body_at;
    break;
  case SECTION_FIELDS:
  case SECTION_FIELDS_NOT:
    if (!inner)
      return SECTION_MISSING;
    *octets = fields(p, inner->header_at, inner->body_at, item->fields,
                     item->section == SECTION_FIELDS_NOT);
    return SECTION_FOUND;
  }
  *octets = g_bytes_new_from_bytes(message, at, end - at);
  return SECTION_FOUND;
}
