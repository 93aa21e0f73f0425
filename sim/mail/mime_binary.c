/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_binary.c -- a message with binary parts becomes one that every command of IMAP can hand out.
 *
 *     Content-Transfer-Encoding: binary  ──>  Content-Transfer-Encoding: base64
 *     any octets, NUL too                     lines of 76 characters
 *
 * APPEND with "~{n}" brings such messages (RFC 3516 4.4), but BODY[] and RETR know no NUL. The
 * octets of all other parts stay as they are, so BINARY[] gives back what was appended. RFC
 * 2045 6.8. */
#include "sim/mail/mime.h"

#include <string.h>

#include "capture/wire/mail.h"

struct copy {
  const uint8_t *p;
  size_t at; /* copied up to here */
  GString *out;
};

static void
copy_to(struct copy *c, size_t end)
{
  g_string_append_len(c->out, (const char *)c->p + c->at, (gssize)(end - c->at));
  c->at = end;
}

/* The word of the part's Content-Transfer-Encoding without the space around it. */
static bool
find_encoding(const uint8_t *p, const struct mime_part *part, size_t *at, size_t *end)
{
  if (!mime_header(p, part->header_at, part->body_at, "Content-Transfer-Encoding", at, end))
    return false;
  while (*at < *end && g_ascii_isspace(p[*at]))
    ++*at;
  while (*end > *at && g_ascii_isspace(p[*end - 1]))
    --*end;
  return true;
}

static void
append_base64(GString *out, const uint8_t *p, size_t n)
{
  enum { LINE_OCTETS = 57 }; /* 76 characters */
  char line[4 * ((LINE_OCTETS + 2) / 3) + 1];
  for (size_t i = 0; i < n; i += LINE_OCTETS) {
    g_string_append(out, i > 0 ? "\r\n" : "");
    base64_encode(p + i, MIN(LINE_OCTETS, n - i), line);
    g_string_append(out, line);
  }
}

static void
copy_part(struct copy *c, const struct mime_part *part)
{
  size_t at, end;
  for (guint i = 0; i < part->children->len; i++)
    copy_part(c, part->children->pdata[i]);
  if (part->kind != MIME_LEAF || !find_encoding(c->p, part, &at, &end) ||
      !text_is(c->p + at, end - at, "binary"))
    return;
  copy_to(c, at);
  g_string_append(c->out, "base64");
  c->at = end;
  copy_to(c, part->body_at);
  append_base64(c->out, c->p + part->body_at, part->end - part->body_at);
  c->at = part->end;
}

GBytes *
mime_without_binary(GBytes *octets)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(octets, &n);
  struct copy c = {.p = p, .out = g_string_new(NULL)};
  struct mime_part *root = mime_parse(octets);
  copy_part(&c, root);
  mime_free(root);
  if (c.at == 0) {
    g_string_free(c.out, TRUE);
    return g_bytes_ref(octets);
  }
  copy_to(&c, n);
  return g_string_free_to_bytes(c.out);
}
