/* SPDX-License-Identifier: GPL-3.0-or-later */
/* structure.c -- ENVELOPE and BODYSTRUCTURE, as IMAP writes them (the last part of mime.h).
 *
 * Values are given as they were sent: encoded words stay encoded (RFC 3501 7.4.2 leaves decoding to
 * the client). */
#include "sim/mail/objects.h"
#include <string.h>

#include "sim/mail/address.h"
#include "sim/mail/mime.h"

void
mime_nstring(GString *out, const char *text)
{
  if (!text) {
    g_string_append(out, "NIL");
    return;
  }
  for (const char *c = text; *c; c++) {
    if ((unsigned char)*c < ' ' || (unsigned char)*c > '~') {
      g_string_append_printf(out, "{%" G_GSIZE_FORMAT "}\r\n%s", strlen(text), text);
      return;
    }
  }
  g_string_append_c(out, '"');
  for (const char *c = text; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_c(out, '\\');
    g_string_append_c(out, *c);
  }
  g_string_append_c(out, '"');
}

/* ---- ENVELOPE ---- */

/* False when there is no such field or it holds no address. */
static bool
append_address_field(GString *out, const uint8_t *p, size_t at, size_t end, const char *name)
{
  g_autofree char *value = mime_header_text(p, at, end, name);
  g_autoptr(GArray) list = value ? address_parse(value) : NULL;
  if (!list || list->len == 0)
    return false;
  g_string_append_c(out, '(');
  for (guint i = 0; i < list->len; i++) {
    const struct address *a = &g_array_index(list, struct address, i);
    const char *const texts[] = {a->name, a->route, a->mailbox, a->host};
    for (size_t j = 0; j < G_N_ELEMENTS(texts); j++) {
      g_string_append_c(out, j == 0 ? '(' : ' ');
      mime_nstring(out, texts[j]);
    }
    g_string_append_c(out, ')');
  }
  g_string_append_c(out, ')');
  return true;
}

static void
append_text_field(GString *out, const uint8_t *p, size_t at, size_t end, const char *name)
{
  g_autofree char *text = mime_header_text(p, at, end, name);
  mime_nstring(out, text);
}

void
mime_envelope(GString *out, const uint8_t *p, size_t at, size_t end)
{
  static const struct {
    const char *name, *fallback;
  } fields[] = {{"From", NULL}, {"Sender", "From"}, {"Reply-To", "From"},
                {"To", NULL},   {"Cc", NULL},       {"Bcc", NULL}};
  mime_init();
  g_string_append_c(out, '(');
  append_text_field(out, p, at, end, "Date");
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "Subject");
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
    g_string_append_c(out, ' ');
    if (!append_address_field(out, p, at, end, fields[i].name) &&
        !(fields[i].fallback && append_address_field(out, p, at, end, fields[i].fallback)))
      g_string_append(out, "NIL");
  }
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "In-Reply-To");
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "Message-ID");
  g_string_append_c(out, ')');
}

/* ---- BODYSTRUCTURE ---- */

static void
append_parameters(GString *out, GMimeParamList *list)
{
  int n = list ? g_mime_param_list_length(list) : 0;
  if (n == 0) {
    g_string_append(out, "NIL");
    return;
  }
  for (int i = 0; i < n; i++) {
    GMimeParam *param = g_mime_param_list_get_parameter_at(list, i);
    g_string_append_c(out, i == 0 ? '(' : ' ');
    mime_nstring(out, g_mime_param_get_name(param));
    g_string_append_c(out, ' ');
    mime_nstring(out, g_mime_param_get_value(param));
  }
  g_string_append_c(out, ')');
}

static void
append_type_parameters(GString *out, const uint8_t *p, const struct mime_part *part)
{
  g_autofree char *value = mime_header_text(p, part->header_at, part->body_at, "Content-Type");
  g_autoptr(GMimeContentType) type = value ? g_mime_content_type_parse(NULL, value) : NULL;
  if (!type && !part->is_digest)
    g_string_append(out, "(\"charset\" \"us-ascii\")"); /* RFC 2045 5.2 */
  else
    append_parameters(out, type ? g_mime_content_type_get_parameters(type) : NULL);
}

/* Disposition, language, location, which close both forms of the extension data. */
static void
append_extension(GString *out, const uint8_t *p, const struct mime_part *part)
{
  size_t at = part->header_at, end = part->body_at;
  g_autofree char *value = mime_header_text(p, at, end, "Content-Disposition");
  g_autoptr(GMimeContentDisposition) disposition =
      value ? g_mime_content_disposition_parse(NULL, value) : NULL;
  g_string_append_c(out, ' ');
  if (disposition) {
    g_string_append_c(out, '(');
    mime_nstring(out, g_mime_content_disposition_get_disposition(disposition));
    g_string_append_c(out, ' ');
    append_parameters(out, g_mime_content_disposition_get_parameters(disposition));
    g_string_append_c(out, ')');
  } else {
    g_string_append(out, "NIL");
  }
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "Content-Language");
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "Content-Location");
}

static unsigned
count_lines(const uint8_t *p, size_t at, size_t end)
{
  unsigned n = 0;
  for (const uint8_t *lf; at < end && (lf = memchr(p + at, '\n', end - at)); n++)
    at = (size_t)(lf - p) + 1;
  return n;
}

static void
append_leaf(GString *out, const uint8_t *p, const struct mime_part *part, bool is_extended)
{
  size_t at = part->header_at, end = part->body_at;
  g_autofree char *encoding = mime_header_text(p, at, end, "Content-Transfer-Encoding");
  mime_nstring(out, part->type);
  g_string_append_c(out, ' ');
  mime_nstring(out, part->subtype);
  g_string_append_c(out, ' ');
  append_type_parameters(out, p, part);
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "Content-ID");
  g_string_append_c(out, ' ');
  append_text_field(out, p, at, end, "Content-Description");
  g_string_append_c(out, ' ');
  mime_nstring(out, encoding ? g_strstrip(encoding) : "7bit");
  g_string_append_printf(out, " %" G_GSIZE_FORMAT, part->end - part->body_at);
  if (part->kind == MIME_MESSAGE) {
    const struct mime_part *message = part->children->pdata[0];
    g_string_append_c(out, ' ');
    mime_envelope(out, p, message->header_at, message->body_at);
    g_string_append_c(out, ' ');
    mime_structure(out, p, message, is_extended);
  }
  if (part->kind == MIME_MESSAGE || g_ascii_strcasecmp(part->type, "text") == 0)
    g_string_append_printf(out, " %u", count_lines(p, part->body_at, part->end));
  if (is_extended) {
    g_string_append_c(out, ' ');
    append_text_field(out, p, at, end, "Content-MD5");
    append_extension(out, p, part);
  }
}

void
mime_structure(GString *out, const uint8_t *p, const struct mime_part *part, bool is_extended)
{
  g_string_append_c(out, '(');
  if (part->kind == MIME_MULTIPART) {
    for (guint i = 0; i < part->children->len; i++)
      mime_structure(out, p, part->children->pdata[i], is_extended);
    g_string_append_c(out, ' ');
    mime_nstring(out, part->subtype);
    if (is_extended) {
      g_string_append_c(out, ' ');
      append_type_parameters(out, p, part);
      append_extension(out, p, part);
    }
  } else {
    append_leaf(out, p, part, is_extended);
  }
  g_string_append_c(out, ')');
}

/* ---- kept ---- */

const struct mime_part *
mime_cached_root(struct mime_cached *c, GBytes *octets)
{
  if (!c->root)
    c->root = mime_parse(octets);
  return c->root;
}

const char *
mime_cached_envelope(struct mime_cached *c, GBytes *octets)
{
  if (!c->envelope) {
    gsize n;
    const uint8_t *p = g_bytes_get_data(octets, &n);
    GString *text = g_string_new(NULL);
    mime_envelope(text, p, 0, mime_header_end(p, 0, n));
    c->envelope = g_string_free(text, FALSE);
  }
  return c->envelope;
}

const char *
mime_cached_structure(struct mime_cached *c, GBytes *octets, bool is_extended)
{
  char **kept = is_extended ? &c->structure : &c->body;
  if (!*kept) {
    GString *text = g_string_new(NULL);
    mime_structure(text, g_bytes_get_data(octets, NULL), mime_cached_root(c, octets), is_extended);
    *kept = g_string_free(text, FALSE);
  }
  return *kept;
}

void
mime_cached_clear(struct mime_cached *c)
{
  mime_free(c->root);
  g_free(c->envelope);
  g_free(c->body);
  g_free(c->structure);
  *c = (struct mime_cached){0};
}
