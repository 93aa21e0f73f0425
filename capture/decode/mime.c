/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime.c -- GMime behind a small door: octets in, texts out.
 *
 * Hostile octets get to GMime only in bounded amounts, and what comes back is made valid UTF-8. */
#include "capture/decode/mime.h"

#include <gmime/gmime.h>
#include <idn2.h>
#include <string.h>

#include "capture/tls/memory.h"
#include "capture/wire/mail.h"

enum {
  HEAD_OCTETS_MAX = 256 * 1024, /* mail servers take headers of a few 10 KiB */
  WORD_OCTETS_MAX = 2048,       /* RFC 2047 section 2 allows 75 */
};

void
mime_prepare(void)
{
  static gsize done;
  if (g_once_init_enter(&done)) {
    g_mime_init();
    g_once_init_leave(&done, 1);
  }
}

/* The octets up to the empty line, that line included. */
static size_t
head_octets(const uint8_t *p, size_t n)
{
  n = MIN(n, HEAD_OCTETS_MAX);
  size_t line = 0;
  while (line < n) {
    const uint8_t *lf = memchr(p + line, '\n', n - line);
    size_t end = lf ? (size_t)(lf - p) + 1 : n;
    if (p[line] == '\n' || (p[line] == '\r' && end - line == 2))
      return end;
    line = end;
  }
  return n;
}

static char *
valid_text(const char *text)
{
  return g_utf8_make_valid(text ? text : "", -1);
}

/* ---- encoded words, RFC 2047: by hand, because GMime drops what follows padding in base64 ---- */

/* Q encoding: "_" is a space, "=E4" an octet. Returns the octets. */
static size_t
q_decode(const char *in, size_t n, uint8_t *out)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    if (in[i] == '=' && i + 2 < n && g_ascii_isxdigit(in[i + 1]) && g_ascii_isxdigit(in[i + 2])) {
      out[k++] = (uint8_t)(g_ascii_xdigit_value(in[i + 1]) * 16 + g_ascii_xdigit_value(in[i + 2]));
      i += 2;
    } else {
      out[k++] = in[i] == '_' ? ' ' : (uint8_t)in[i];
    }
  }
  return k;
}

/* The encoded word at text[0..n): appended as UTF-8. Returns its octets, 0 when it is none. */
static size_t
encoded_word(const char *text, size_t n, GString *out)
{
  n = MIN(n, WORD_OCTETS_MAX);
  if (n < 8 || text[0] != '=' || text[1] != '?')
    return 0;
  const char *end = text + n, *charset = text + 2;
  const char *encoding = memchr(charset, '?', (size_t)(end - charset));
  if (!encoding || end - encoding < 4 || encoding[2] != '?')
    return 0;
  const char *data = encoding + 3;
  const char *close = g_strstr_len(data, end - data, "?=");
  if (!close)
    return 0;
  size_t data_octets = (size_t)(close - data), octets = 0;
  g_autofree uint8_t *raw = g_malloc(data_octets + 4);
  if (encoding[1] == 'B' || encoding[1] == 'b')
    base64_decode(data, data_octets, raw, &octets);
  else if (encoding[1] == 'Q' || encoding[1] == 'q')
    octets = q_decode(data, data_octets, raw);
  else
    return 0;
  g_autofree char *name = g_strndup(charset, strcspn(charset, "?*")); /* "*th": RFC 2231 5 */
  g_autofree char *utf8 =
      g_convert((const char *)raw, (gssize)octets, "UTF-8", name, NULL, NULL, NULL);
  if (!utf8)
    utf8 = g_utf8_make_valid((const char *)raw, (gssize)octets);
  g_string_append(out, utf8);
  return (size_t)(close + 2 - text);
}

/* Words that stand side by side are one text, without the white space between them. */
static size_t
encoded_run(const char *text, size_t n, GString *out)
{
  size_t at = encoded_word(text, n, out), next = at;
  while (at) {
    next = at;
    while (next < n && (text[next] == ' ' || text[next] == '\t'))
      next++;
    size_t taken = next > at ? encoded_word(text + next, n - next, out) : 0;
    if (taken == 0)
      break;
    at = next + taken;
  }
  return at;
}

/* The text with its encoded words read; `again`: each run of them as one encoded word in UTF-8.
 * NULL when there is none. */
static char *
read_words(const char *text, bool again)
{
  size_t n = strlen(text);
  bool any = false;
  g_autoptr(GString) out = g_string_sized_new(n);
  g_autoptr(GString) run = g_string_new(NULL);
  for (size_t i = 0; i < n;) {
    g_string_truncate(run, 0);
    size_t taken = encoded_run(text + i, n - i, run);
    if (taken == 0) {
      g_string_append_c(out, text[i++]);
      continue;
    }
    any = true;
    i += taken;
    if (again) {
      g_autofree char *base64 = g_base64_encode((const guchar *)run->str, run->len);
      g_string_append_printf(out, "=?utf-8?b?%s?=", base64);
    } else {
      g_string_append_len(out, run->str, (gssize)run->len);
    }
  }
  return any ? g_utf8_make_valid(out->str, (gssize)out->len) : NULL;
}

char *
mime_words(const char *text)
{
  return strstr(text, "=?") ? read_words(text, false) : NULL;
}

/* A header field's value as people read it: unfolded, its encoded words read. */
static char *
header_text(GMimeMessage *m, const char *name)
{
  GMimeHeader *header =
      g_mime_header_list_get_header(g_mime_object_get_header_list(GMIME_OBJECT(m)), name);
  const char *raw = header ? g_mime_header_get_raw_value(header) : NULL;
  g_autoptr(GString) text = g_string_new(NULL);
  for (const char *p = raw ? raw : ""; *p; p++)
    if (*p != '\r' && *p != '\n')
      g_string_append_c(text, *p);
  g_autofree char *valid = g_strstrip(valid_text(text->str));
  char *words = mime_words(valid);
  return words ? words : g_steal_pointer(&valid);
}

static void
head_fill(struct mime_head *head, GMimeMessage *m)
{
  head->message_id = valid_text(g_mime_message_get_message_id(m));
  head->subject = header_text(m, "Subject");
  head->from = header_text(m, "From");
  head->to = header_text(m, "To");
  head->date = header_text(m, "Date");
}

void
mime_head_read(struct mime_head *head, const uint8_t *p, size_t n)
{
  mime_prepare();
  GMimeStream *stream = g_mime_stream_mem_new_with_buffer((const char *)p, head_octets(p, n));
  GMimeParser *parser = g_mime_parser_new_with_stream(stream);
  g_mime_parser_set_format(parser, GMIME_FORMAT_MESSAGE);
  GMimeMessage *m = g_mime_parser_construct_message(parser, NULL);
  *head = (struct mime_head){0};
  if (m) {
    head_fill(head, m);
    g_object_unref(m);
  } else {
    head->message_id = g_strdup("");
    head->subject = g_strdup("");
    head->from = g_strdup("");
    head->to = g_strdup("");
    head->date = g_strdup("");
  }
  g_object_unref(parser);
  g_object_unref(stream);
}

void
mime_head_clear(struct mime_head *head)
{
  g_free(head->message_id);
  g_free(head->subject);
  g_free(head->from);
  g_free(head->to);
  g_free(head->date);
  memset(head, 0, sizeof *head);
}

static unsigned
addresses_each(InternetAddressList *list, unsigned n_max, mime_address each, void *data)
{
  unsigned n = 0;
  for (int i = 0; list && i < internet_address_list_length(list) && n < n_max; i++) {
    InternetAddress *a = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_GROUP(a)) {
      InternetAddressList *members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a));
      n += addresses_each(members, n_max - n, each, data);
      continue;
    }
    const char *mailbox = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a));
    if (!mailbox)
      continue;
    g_autofree char *name = valid_text(internet_address_get_name(a));
    g_autofree char *valid = valid_text(mailbox);
    g_autofree char *ascii =
        valid_text(internet_address_mailbox_get_idn_addr(INTERNET_ADDRESS_MAILBOX(a)));
    each(data, name[0] ? name : NULL, valid, ascii);
    n++;
  }
  return n;
}

void
mime_each_address(const char *text, unsigned n_max, mime_address each, void *data)
{
  mime_prepare();
  g_autofree char *valid = valid_text(text);
  g_autofree char *joined = read_words(valid, true);
  InternetAddressList *list = internet_address_list_parse(NULL, joined ? joined : valid);
  addresses_each(list, n_max, each, data);
  if (list)
    g_object_unref(list);
}

bool
mime_domain(const char *domain, char **ascii, char **unicode)
{
  char *a = NULL, *u = NULL;
  *ascii = *unicode = NULL;
  if (!g_utf8_validate(domain, -1, NULL) ||
      !memory_idn2(idn2_to_ascii_8z(domain, &a, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)))
    return false;
  if (memory_idn2(idn2_to_unicode_8z8z(a, &u, 0)) && strcmp(a, u) != 0) {
    *ascii = g_strdup(a);
    *unicode = g_utf8_make_valid(u, -1);
  }
  idn2_free(a);
  idn2_free(u);
  return *ascii != NULL;
}

static char *
parameter(GMimeParamList *list, const char *name)
{
  GMimeParam *param = list ? g_mime_param_list_get_parameter(list, name) : NULL;
  return param && g_mime_param_get_value(param) ? valid_text(g_mime_param_get_value(param)) : NULL;
}

void
mime_type_read(struct mime_type *type, const char *content_type, const char *disposition)
{
  mime_prepare();
  *type = (struct mime_type){0};
  GMimeContentType *c = g_mime_content_type_parse(NULL, content_type ? content_type : "text/plain");
  if (c) {
    g_autofree char *name = g_mime_content_type_get_mime_type(c);
    g_autofree char *lower = g_ascii_strdown(name, -1);
    type->type = valid_text(lower);
    GMimeParamList *parameters = g_mime_content_type_get_parameters(c);
    type->boundary = parameter(parameters, "boundary");
    type->charset = parameter(parameters, "charset");
    type->name = parameter(parameters, "name");
    g_object_unref(c);
  }
  if (!type->type)
    type->type = g_strdup("text/plain");
  GMimeContentDisposition *s =
      disposition ? g_mime_content_disposition_parse(NULL, disposition) : NULL;
  if (s) {
    char *file = parameter(g_mime_content_disposition_get_parameters(s), "filename");
    if (file) {
      g_free(type->name);
      type->name = file;
    }
    g_object_unref(s);
  }
}

void
mime_type_clear(struct mime_type *type)
{
  g_free(type->type);
  g_free(type->boundary);
  g_free(type->charset);
  g_free(type->name);
  *type = (struct mime_type){0};
}

enum mime_coding
mime_coding_find(const char *encoding)
{
  GMimeContentEncoding e =
      encoding ? g_mime_content_encoding_from_string(encoding) : GMIME_CONTENT_ENCODING_DEFAULT;
  return e == GMIME_CONTENT_ENCODING_BASE64            ? MIME_BASE64
         : e == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE ? MIME_QUOTED
                                                       : MIME_PLAIN;
}

void
mime_decode_body(enum mime_coding coding, const uint8_t *p, size_t n, GByteArray *out)
{
  g_byte_array_set_size(out, 0);
  if (coding == MIME_PLAIN) {
    g_byte_array_append(out, p, (guint)n);
    return;
  }
  GMimeEncoding state;
  g_mime_encoding_init_decode(&state, coding == MIME_BASE64
                                          ? GMIME_CONTENT_ENCODING_BASE64
                                          : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  g_byte_array_set_size(out, (guint)g_mime_encoding_outlen(&state, n));
  size_t decoded = g_mime_encoding_flush(&state, (const char *)p, n, (char *)out->data);
  g_byte_array_set_size(out, (guint)decoded);
}

char *
mime_text(const char *charset, const uint8_t *p, size_t n)
{
  if (!charset || g_ascii_strcasecmp(charset, "utf-8") == 0 ||
      g_ascii_strcasecmp(charset, "us-ascii") == 0)
    return g_utf8_make_valid((const char *)p, (gssize)n);
  g_autofree char *text =
      g_convert_with_fallback((const char *)p, (gssize)n, "UTF-8", charset, "?", NULL, NULL, NULL);
  return text ? g_utf8_make_valid(text, -1) : NULL;
}
