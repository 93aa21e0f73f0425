/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime.c -- takes a stored message apart into ranges (the structure part of mime.h).
 *
 *     header ─ empty line ─ body            a leaf
 *     header ─ empty line ─ preamble --b CRLF part CRLF --b CRLF part CRLF --b-- epilogue
 *
 * What Content-Type says is read by GMime. The cut at the boundaries is made here, because IMAP
 * counts in octets of the stored message, and GMime's public interface tells no ranges of headers
 * and multiparts; the tests compare the leaves' ranges with those of GMime's parser. RFC 2046 5.1.
 */
#include "sim/mail/objects.h"
#include <string.h>

#include "capture/wire/mail.h"
#include "sim/mail/mime.h"

struct parse {
  const uint8_t *p;
  unsigned n_parts;
};

static struct mime_part *parse_part(struct parse *parse, size_t at, size_t end, bool is_digest,
                                    unsigned depth);

void
mime_free(struct mime_part *part)
{
  if (!part)
    return;
  g_ptr_array_unref(part->children);
  g_free(part->type);
  g_free(part->subtype);
  g_free(part);
}

/* Is the line at p[at..end) the delimiter "--boundary" (or the closing one)? */
static bool
is_delimiter(const uint8_t *p, size_t at, size_t end, const char *boundary, bool *is_last)
{
  size_t n = strlen(boundary);
  if (end - at < n + 2 || p[at] != '-' || p[at + 1] != '-' || memcmp(p + at + 2, boundary, n) != 0)
    return false;
  size_t i = at + 2 + n;
  *is_last = end - i >= 2 && p[i] == '-' && p[i + 1] == '-';
  if (*is_last)
    i += 2;
  while (i < end && (p[i] == ' ' || p[i] == '\t'))
    i++;
  return i == end || p[i] == '\r' || p[i] == '\n';
}

static void
add_child(struct parse *parse, struct mime_part *part, size_t at, size_t end, unsigned depth)
{
  bool is_digest = g_ascii_strcasecmp(part->subtype, "digest") == 0;
  if (parse->n_parts < MIME_PARTS_MAX)
    g_ptr_array_add(
        part->children,
        parse_part(parse, at, end, part->kind == MIME_MULTIPART && is_digest, depth + 1));
}

/* Cuts the body of a multipart into its children. */
static void
parse_multipart(struct parse *parse, struct mime_part *part, const char *boundary, unsigned depth)
{
  const uint8_t *p = parse->p;
  size_t child_at = SIZE_MAX;
  bool is_last = false;
  for (size_t at = part->body_at; at < part->end && !is_last;) {
    size_t n = line_find(p + at, part->end - at);
    if (n == 0)
      n = part->end - at;
    if (is_delimiter(p, at, at + n, boundary, &is_last)) {
      if (child_at != SIZE_MAX) {
        size_t end = at; /* the line end before the delimiter belongs to it */
        if (end > child_at && p[end - 1] == '\n')
          end--;
        if (end > child_at && p[end - 1] == '\r')
          end--;
        add_child(parse, part, child_at, end, depth);
      }
      child_at = at + n;
    }
    at += n;
  }
  if (child_at != SIZE_MAX && !is_last) /* never closed: the rest is the last part */
    add_child(parse, part, MIN(child_at, part->end), part->end, depth);
}

static struct mime_part *
parse_part(struct parse *parse, size_t at, size_t end, bool is_digest, unsigned depth)
{
  struct mime_part *part = g_new0(struct mime_part, 1);
  parse->n_parts++;
  part->header_at = at;
  part->body_at = mime_header_end(parse->p, at, end);
  part->end = end;
  part->is_digest = is_digest;
  part->children = g_ptr_array_new_with_free_func((GDestroyNotify)mime_free);
  g_autofree char *value = mime_header_text(parse->p, at, end, "Content-Type");
  const char *slash = value ? strchr(value, '/') : NULL;
  if (value && (!slash || (size_t)(slash - value) > strcspn(value, "; \t")))
    g_clear_pointer(&value, g_free); /* RFC 2045 5.2: what is no type counts as text/plain */
  g_autoptr(GMimeContentType) type = value       ? g_mime_content_type_parse(NULL, value)
                                     : is_digest ? g_mime_content_type_new("message", "rfc822")
                                                 : g_mime_content_type_new("text", "plain");
  part->type = g_strdup(g_mime_content_type_get_media_type(type));
  part->subtype = g_strdup(g_mime_content_type_get_media_subtype(type));
  if (depth >= MIME_DEPTH_MAX)
    return part;
  const char *boundary = g_mime_content_type_get_parameter(type, "boundary");
  if (g_mime_content_type_is_type(type, "multipart", "*")) {
    part->kind = MIME_MULTIPART;
    if (boundary && *boundary)
      parse_multipart(parse, part, boundary, depth);
    if (part->children->len == 0) /* the grammar of BODYSTRUCTURE wants one part at least */
      add_child(parse, part, part->end, part->end, depth);
    if (part->children->len == 0)
      part->kind = MIME_LEAF;
  } else if (g_mime_content_type_is_type(type, "message", "rfc822") &&
             parse->n_parts < MIME_PARTS_MAX) {
    part->kind = MIME_MESSAGE;
    add_child(parse, part, part->body_at, end, depth);
  }
  return part;
}

struct mime_part *
mime_parse(GBytes *octets)
{
  mime_init();
  gsize n;
  struct parse parse = {.p = g_bytes_get_data(octets, &n)};
  return parse_part(&parse, 0, n, false, 0);
}

const struct mime_part *
mime_find(const struct mime_part *root, const unsigned *numbers, unsigned n_numbers)
{
  const struct mime_part *part = root;
  for (unsigned i = 0; i < n_numbers; i++) {
    if (i > 0 && part->kind == MIME_LEAF)
      return NULL;
    bool is_inside = i > 0 && part->kind == MIME_MESSAGE;
    const struct mime_part *message = is_inside ? part->children->pdata[0] : part;
    if (message->kind == MIME_MULTIPART) {
      if (numbers[i] < 1 || numbers[i] > message->children->len)
        return NULL;
      part = message->children->pdata[numbers[i] - 1];
    } else {
      if (numbers[i] != 1)
        return NULL;
      part = message;
    }
  }
  return part;
}

/* ---- decoding ---- */

char *
mime_encoding_name(const uint8_t *p, const struct mime_part *part)
{
  char *name = mime_header_text(p, part->header_at, part->body_at, "Content-Transfer-Encoding");
  char *to = name;
  unsigned depth = 0; /* comments nest */
  for (const char *c = name; c && *c; c++) {
    if (*c == '(')
      depth++;
    else if (depth == 0)
      *to++ = *c;
    else if (*c == ')')
      depth--;
    else if (*c == '\\' && c[1])
      c++;
  }
  if (name)
    *to = '\0';
  if (name && *g_strstrip(name))
    return name;
  g_free(name);
  return g_strdup("7bit");
}

/* The transfer encoding of a part; false when nobody knows it. */
static bool
find_encoding(const uint8_t *p, const struct mime_part *part, GMimeContentEncoding *encoding)
{
  g_autofree char *name = mime_encoding_name(p, part);
  *encoding = g_mime_content_encoding_from_string(name);
  return *encoding != GMIME_CONTENT_ENCODING_DEFAULT;
}

static bool
is_encoded(GMimeContentEncoding encoding)
{
  return encoding == GMIME_CONTENT_ENCODING_BASE64 ||
         encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ||
         encoding == GMIME_CONTENT_ENCODING_UUENCODE;
}

static void
append(GByteArray *out, const uint8_t *p, size_t at, size_t end)
{
  if (end > at) /* p may be NULL in an empty message */
    g_byte_array_append(out, p + at, (guint)(end - at));
}

/* Quoted-printable without the space that relays put behind its lines (RFC 2045 6.7 (3)): it is no
 * part of the text, and an '=' in front of it is still a soft line break. */
static GByteArray *
without_trailing_space(const uint8_t *p, size_t n)
{
  GByteArray *out = g_byte_array_sized_new((guint)n);
  size_t at = 0, kept = 0; /* of the line: where it begins, where its last visible octet ends */
  for (size_t i = 0; i < n; i++) {
    bool is_end = p[i] == '\n' || (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n');
    if (is_end) {
      append(out, p, at, kept);
      at = i;
    }
    if (is_end || (p[i] != ' ' && p[i] != '\t'))
      kept = i + 1;
  }
  append(out, p, at, kept);
  return out;
}

/* Content of a leaf without its encoding. */
static void
append_decoded(GByteArray *out, const uint8_t *p, const struct mime_part *part,
               GMimeContentEncoding encoding)
{
  size_t n = part->end - part->body_at;
  if (!is_encoded(encoding)) {
    append(out, p, part->body_at, part->end);
    return;
  }
  const uint8_t *content = p + part->body_at;
  g_autoptr(GByteArray) clean = NULL;
  if (encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
    clean = without_trailing_space(content, n);
    content = clean->data;
    n = clean->len;
  }
  GMimeEncoding decoder;
  g_mime_encoding_init_decode(&decoder, encoding);
  g_autofree char *octets = g_malloc(g_mime_encoding_outlen(&decoder, n) + 1);
  size_t n_octets = g_mime_encoding_flush(&decoder, (const char *)content, n, octets);
  g_byte_array_append(out, (const uint8_t *)octets, (guint)n_octets);
}

/* A header whose Content-Transfer-Encoding says what the decoded content is. */
static void
append_header(GByteArray *out, const uint8_t *p, const struct mime_part *part, bool is_decoded)
{
  static const char field[] = "Content-Transfer-Encoding";
  size_t at = part->header_at, field_at, name_n, field_end;
  while (mime_next_field(p, &at, part->body_at, &field_at, &name_n, &field_end)) {
    if (is_decoded && text_is(p + field_at, name_n, field)) {
      g_byte_array_append(out, (const uint8_t *)field, sizeof field - 1);
      g_byte_array_append(out, (const uint8_t *)": binary\r\n", 10);
    } else {
      g_byte_array_append(out, p + field_at, (guint)(field_end - field_at));
    }
  }
  append(out, p, at, part->body_at);
}

static bool
append_entity(GByteArray *out, const uint8_t *p, const struct mime_part *part, bool with_header)
{
  GMimeContentEncoding encoding;
  if (!find_encoding(p, part, &encoding))
    return false;
  bool is_leaf = part->children->len == 0;
  if (with_header)
    append_header(out, p, part, is_leaf && is_encoded(encoding));
  if (is_leaf) {
    append_decoded(out, p, part, encoding);
    return true;
  }
  size_t at = part->body_at;
  for (guint i = 0; i < part->children->len; i++) {
    const struct mime_part *child = part->children->pdata[i];
    append(out, p, at, child->header_at); /* delimiters */
    if (!append_entity(out, p, child, true))
      return false;
    at = child->end;
  }
  append(out, p, at, part->end);
  return true;
}

GBytes *
mime_decode(GBytes *message, const struct mime_part *part, bool with_header)
{
  GByteArray *out = g_byte_array_new();
  if (append_entity(out, g_bytes_get_data(message, NULL), part, with_header))
    return g_byte_array_free_to_bytes(out);
  g_byte_array_unref(out);
  return NULL;
}

char *
mime_part_text(const uint8_t *p, const struct mime_part *part)
{
  g_autofree char *value = mime_header_text(p, part->header_at, part->body_at, "Content-Type");
  g_autoptr(GMimeContentType) type = value ? g_mime_content_type_parse(NULL, value) : NULL;
  const char *charset = type ? g_mime_content_type_get_parameter(type, "charset") : NULL;
  g_autoptr(GByteArray) octets = g_byte_array_new();
  GMimeContentEncoding encoding;
  find_encoding(p, part, &encoding); /* an unknown one: as it is */
  append_decoded(octets, p, part, encoding);
  const char *content = octets->len > 0 ? (const char *)octets->data : "";
  char *text = charset ? g_convert(content, octets->len, "UTF-8",
                                   g_mime_charset_iconv_name(charset), NULL, NULL, NULL)
                       : NULL;
  return text ? text : g_utf8_make_valid(content, octets->len);
}
