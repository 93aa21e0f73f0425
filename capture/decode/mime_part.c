/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_part.c -- bodies: the parts of a multipart, a message inside a message, decoded contents.
 *
 *     --boundary CRLF   header   empty line   body CRLF   --boundary-- CRLF
 *                       └ part ──────────────────┘
 *                                  base64, quoted-printable ──> a source of decoded octets
 *
 * GMime reads types, names, character sets and encodings. Where a part begins and ends is found
 * here, because GMime keeps no places of parts, and broken letters must have places too. */
#include "capture/decode/message_field.h"

#include <string.h>

#include "capture/decode/mime.h"

enum {
  PARTS_MAX = 100,          /* of one multipart */
  DEPTH_MAX = 8,            /* forwarded letters in letters */
  SOURCES_SPARE = 4,        /* kept for what comes behind the letter in the same frame */
  CONTENT_TEXT_MAX = 65536, /* BUILD_TEXT_MAX: of a decoded text as a field */
};

/* Whether a line is "--boundary" (1), "--boundary--" (2) or neither (0). */
static int
boundary_kind(struct slice line, const char *boundary, size_t n)
{
  while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
    line.n--;
  if (line.n < n + 2 || memcmp(line.p, "--", 2) != 0 || memcmp(line.p + 2, boundary, n) != 0)
    return 0;
  if (line.n == n + 2)
    return 1;
  return line.n == n + 4 && memcmp(line.p + n + 2, "--", 2) == 0 ? 2 : 0;
}

/* The line end before a boundary belongs to the boundary: RFC 2046 section 5.1.1. */
static struct slice
without_line_end(struct slice s)
{
  uint32_t n = s.n;
  if (n && s.p[n - 1] == '\n')
    n--;
  if (n < s.n && n && s.p[n - 1] == '\r')
    n--;
  return slice_cut(s, n);
}

static void
part_build(struct decode *d, struct slice s, unsigned depth)
{
  unsigned group = build_string(d, &message_defs[PART], s, "");
  struct body_kind kind = {0};
  build_open(d, group);
  struct slice body = header_build(d, s, true, &kind);
  if (body.n)
    build_none(d, &message_defs[PART_BODY], body);
  body_build(d, without_line_end(body), &kind, depth + 1);
  build_close(d, group);
  if (group != BUILD_NOTHING) { /* the part is named by its type, known only now */
    struct field *f = &g_array_index(d->fields, struct field, group);
    f->text = d->text->len;
    const char *words = kind.content_type ? kind.content_type : "text/plain"; /* RFC 2045 5.2 */
    g_autofree char *valid = g_utf8_make_valid(words, -1);
    g_byte_array_append(d->text, (const uint8_t *)valid, (guint)strlen(valid) + 1);
  }
  body_kind_clear(&kind);
}

static void
multipart_build(struct decode *d, struct slice s, const struct mime_type *type, unsigned depth)
{
  size_t n_boundary = strlen(type->boundary);
  unsigned layer = build_layer(d, &message_defs[MULTIPART], s, NULL), parts = 0;
  build_text(d, &message_defs[MULTIPART_TYPE], slice_none(s), type->type, strlen(type->type));
  struct slice rest = s, part = slice_none(s);
  bool in_part = false, last = false;
  while (rest.n && !last && parts < PARTS_MAX) {
    size_t n = line_find(rest.p, rest.n);
    struct slice line = slice_cut(rest, n ? (uint32_t)n : rest.n);
    struct slice bare = line_cut(line);
    int kind = boundary_kind(bare, type->boundary, n_boundary);
    rest = slice_skip(rest, line.n);
    if (kind == 0)
      continue;
    if (in_part) {
      part_build(d, slice_cut(part, line.first - part.first), depth);
      parts++;
    }
    build_text(d, &message_defs[BOUNDARY], line, line.p, line.n);
    in_part = kind == 1;
    last = kind == 2;
    part = rest;
  }
  if (in_part && part.n)
    part_build(d, part, depth);
  build_layer_end(d, layer, s.n);
}

/* The decoded octets as a source; n is 0 when there is none. */
static struct slice
decoded_slice(struct decode *d, struct slice body, enum mime_coding coding)
{
  struct decode_work *w = d->work;
  mime_decode_body(coding, body.p, body.n, w->octets);
  uint8_t source = 0;
  if (w->octets->len && d->n_sources + SOURCES_SPARE < DECODE_SOURCES_MAX)
    source =
        build_source(d, coding == MIME_BASE64 ? SOURCE_BASE64 : SOURCE_QUOTED, w->octets, NULL);
  if (source == 0) {
    build_flag(d, build_none(d, &message_defs[CONTENT_BAD], slice_none(body)),
               FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
    return slice_none(body);
  }
  d->sources[source].parent_source = body.source;
  d->sources[source].parent_first = body.first;
  d->sources[source].parent_octets = body.n;
  return build_source_slice(d, source);
}

static void
content_build(struct decode *d, struct slice s, const struct mime_type *type)
{
  build_generated(d, build_number(d, &message_defs[CONTENT_SIZE], slice_none(s), s.n));
  g_autofree char *text = g_str_has_prefix(type->type, "text/")
                              ? mime_text(type->charset, s.p, MIN(s.n, CONTENT_TEXT_MAX))
                              : NULL;
  if (text)
    build_string(d, &message_defs[CONTENT_TEXT], s, text);
  else
    build_octets(d, &message_defs[CONTENT_DATA], s);
}

void
body_build(struct decode *d, struct slice body, const struct body_kind *kind, unsigned depth)
{
  struct mime_type type;
  if (d->work->summary_only)
    return;
  mime_type_read(&type, kind->content_type, kind->disposition);
  if (type.name)
    build_generated(d, build_string(d, &message_defs[PART_NAME], slice_none(body), type.name));
  if (type.charset)
    build_generated(d,
                    build_string(d, &message_defs[PART_CHARSET], slice_none(body), type.charset));
  bool is_multipart = g_str_has_prefix(type.type, "multipart/") && type.boundary;
  bool is_message =
      strcmp(type.type, "message/rfc822") == 0 || strcmp(type.type, "message/global") == 0;
  enum mime_coding coding = mime_coding_find(kind->encoding);
  if (body.n == 0) {
    /* a header alone */
  } else if ((is_multipart || is_message) && depth >= DEPTH_MAX) {
    build_flag(d, build_none(d, &message_defs[TOO_DEEP], body), FIELD_FLAG_ODD);
  } else if (is_multipart) {
    multipart_build(d, body, &type, depth);
  } else {
    struct slice content = coding == MIME_PLAIN ? body : decoded_slice(d, body, coding);
    if (is_message && content.n)
      message_build(d, content, depth + 1);
    else if (coding != MIME_PLAIN && content.n)
      content_build(d, content, &type);
  }
  mime_type_clear(&type);
}
