/* SPDX-License-Identifier: GPL-3.0-or-later */
/* structure.c -- ENVELOPE and BODYSTRUCTURE, as IMAP writes them (the last part of mime.h).
 *
 * Values are given as they were sent: encoded words stay encoded (RFC 3501 7.4.2 leaves decoding to
 * the client). */
#include "sim/mail/objects.h"
#include <string.h>

#include "sim/mail/address.h"
#include "sim/mail/mime.h"

enum { PARAMETERS_MAX = 100 }; /* of one field: nobody sends more */

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

/* A token or quoted string of a MIME field; NULL when there is none. Comments are passed over. */
static char *
take_value(const char **at)
{
  const char *c = *at;
  GString *text = g_string_new(NULL);
  while (*c == ' ' || *c == '\t')
    c++;
  if (*c == '"') {
    for (c++; *c && *c != '"'; c++) {
      if (*c == '\\' && c[1])
        c++;
      g_string_append_c(text, *c);
    }
    if (*c)
      c++;
  } else {
    gsize n = strcspn(c, " \t;=()\"");
    g_string_append_len(text, c, (gssize)n);
    c += n;
  }
  while (*c == ' ' || *c == '\t' || *c == '(')
    c += *c == '(' ? strcspn(c, ")") + (strchr(c, ')') != NULL) : 1;
  *at = c;
  return g_string_free(text, FALSE);
}

struct parameter {
  char *name;
  GString *value;
};

static void
parameter_clear(void *data)
{
  struct parameter *parameter = data;
  g_free(parameter->name);
  g_string_free(parameter->value, TRUE);
}

/* Joins "name*0=a; name*1=b" (RFC 2231 3); "name*0*=utf-8''%E0" becomes "name*", its value as sent.
 */
static void
add_parameter(GArray *list, char *name, const char *value)
{
  char *star = strchr(name, '*');
  bool is_continued = star && g_ascii_isdigit(star[1]);
  if (is_continued) {
    const char *behind = star + 1 + strspn(star + 1, "0123456789");
    star[*behind == '*'] = '\0';
  }
  for (guint i = 0; i < list->len && is_continued; i++) {
    struct parameter *p = &g_array_index(list, struct parameter, i);
    size_t n = strcspn(p->name, "*");
    if (n == strcspn(name, "*") && g_ascii_strncasecmp(p->name, name, n) == 0) {
      g_string_append(p->value, value);
      return;
    }
  }
  struct parameter new = {g_strdup(name), g_string_new(value)};
  g_array_append_val(list, new);
}

/* The parameters of a field's value, as they were sent. */
static GArray *
parse_parameters(const char *value)
{
  GArray *list = g_array_new(FALSE, FALSE, sizeof(struct parameter));
  g_array_set_clear_func(list, parameter_clear);
  const char *at = value;
  g_free(take_value(&at));
  while (*at) {
    if (*at != ';') { /* nothing that belongs here */
      at++;
      continue;
    }
    at++;
    g_autofree char *name = take_value(&at);
    if (*at != '=')
      continue;
    at++;
    g_autofree char *text = take_value(&at);
    if (*name && list->len < PARAMETERS_MAX)
      add_parameter(list, name, text);
  }
  return list;
}

static void
append_parameters(GString *out, const GArray *list)
{
  if (list->len == 0) {
    g_string_append(out, "NIL");
    return;
  }
  for (guint i = 0; i < list->len; i++) {
    const struct parameter *p = &g_array_index(list, struct parameter, i);
    g_string_append_c(out, i == 0 ? '(' : ' ');
    mime_nstring(out, p->name);
    g_string_append_c(out, ' ');
    mime_nstring(out, p->value->str);
  }
  g_string_append_c(out, ')');
}

/* Text without a charset is US-ASCII, and it is said (RFC 2045 5.2). */
static void
append_type_parameters(GString *out, const uint8_t *p, const struct mime_part *part)
{
  g_autofree char *value = mime_header_text(p, part->header_at, part->body_at, "Content-Type");
  g_autoptr(GArray) list = parse_parameters(value ? value : "");
  bool has_charset = g_ascii_strcasecmp(part->type, "text") != 0;
  for (guint i = 0; i < list->len; i++)
    has_charset |=
        g_ascii_strncasecmp(g_array_index(list, struct parameter, i).name, "charset", 7) == 0;
  if (!has_charset)
    add_parameter(list, (char[]){"charset"}, "us-ascii");
  append_parameters(out, list);
}

/* "en, th" as ("en" "th"). */
static void
append_language(GString *out, const char *value)
{
  g_auto(GStrv) words = g_strsplit_set(value ? value : "", ", \t", -1);
  unsigned n = 0;
  for (char **word = words; *word; word++) {
    if (!**word)
      continue;
    g_string_append_c(out, n++ == 0 ? '(' : ' ');
    mime_nstring(out, *word);
  }
  g_string_append(out, n > 0 ? ")" : "NIL");
}

/* Disposition, language, location, which close both forms of the extension data. */
static void
append_extension(GString *out, const uint8_t *p, const struct mime_part *part)
{
  size_t at = part->header_at, end = part->body_at;
  g_autofree char *value = mime_header_text(p, at, end, "Content-Disposition");
  const char *behind = value;
  g_autofree char *disposition = value ? take_value(&behind) : NULL;
  g_string_append_c(out, ' ');
  if (disposition && *disposition) {
    g_autoptr(GArray) list = parse_parameters(value);
    g_string_append_c(out, '(');
    mime_nstring(out, disposition);
    g_string_append_c(out, ' ');
    append_parameters(out, list);
    g_string_append_c(out, ')');
  } else {
    g_string_append(out, "NIL");
  }
  g_autofree char *language = mime_header_text(p, at, end, "Content-Language");
  g_string_append_c(out, ' ');
  append_language(out, language);
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
  g_autofree char *encoding = mime_encoding_name(p, part);
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
  mime_nstring(out, encoding);
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
