/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.c -- writes a message with GMime: header, text in one or two forms, attachments.
 *
 *     multipart/mixed                  only with attachments
 *     ├── multipart/alternative        only with HTML
 *     │   ├── text/plain               7bit when it is ASCII, else as asked for
 *     │   └── multipart/related        only with inline parts
 *     │       ├── text/html
 *     │       └── image/png            Content-ID: <logo>, shown by "cid:logo"
 *     └── attachment                   base64
 *
 * GMime would take time and random numbers from the machine; boundary, Message-ID and Date are
 * therefore set here from virtual time and the world's random stream. RFC 5322, 2045, 2046, 2047,
 * 2183, 2231, 2387.
 */
#include "sim/mail/compose.h"

#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/mime.h"
#include "sim/mail/objects.h"

static char *
random_word(struct random_stream *random)
{
  return g_strdup_printf("%016" G_GINT64_MODIFIER "x", random_next(random));
}

static bool
is_ascii(const char *text)
{
  for (; *text; text++) {
    if (*text & 0x80)
      return false;
  }
  return true;
}

/* RFC 2046 4.1.1: text is sent with CRLF, also inside base64. */
static char *
with_crlf(const char *text)
{
  GString *out = g_string_new(NULL);
  for (const char *c = text; *c; c++) {
    if (*c == '\n' && (c == text || c[-1] != '\r'))
      g_string_append_c(out, '\r');
    g_string_append_c(out, *c);
  }
  return g_string_free(out, FALSE);
}

bool
compose_can_say(const char *text, const char *charset)
{
  g_autofree char *octets = g_convert(text, -1, charset, "UTF-8", NULL, NULL, NULL);
  return octets != NULL;
}

/* Content of a part, whose transfer encoding is then put on by GMime. */
static void
set_content(GMimePart *part, const char *p, gsize n)
{
  g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(p ? p : "", n);
  g_autoptr(GMimeDataWrapper) content =
      g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
  g_mime_part_set_content(part, content);
}

static GMimeObject *
text_part(const struct compose_letter *letter, const char *text, const char *subtype)
{
  static const GMimeContentEncoding encodings[] = {[COMPOSE_BASE64] = GMIME_CONTENT_ENCODING_BASE64,
                                                   [COMPOSE_QUOTED_PRINTABLE] =
                                                       GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE,
                                                   [COMPOSE_8BIT] = GMIME_CONTENT_ENCODING_8BIT};
  const char *charset = letter->charset ? letter->charset : "utf-8";
  g_autofree char *lines = with_crlf(text);
  gsize n;
  g_autofree char *octets = g_convert(lines, -1, charset, "UTF-8", NULL, &n, NULL);
  GMimePart *part = GMIME_PART(g_mime_text_part_new_with_subtype(subtype));
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part), "charset",
                                           octets ? charset : "utf-8");
  set_content(part, octets ? octets : lines, octets ? n : strlen(lines));
  g_mime_part_set_content_encoding(part, is_ascii(text) ? GMIME_CONTENT_ENCODING_7BIT
                                                        : encodings[letter->encoding]);
  return GMIME_OBJECT(part);
}

static GMimeObject *
attachment_part(const struct compose_attachment *attachment)
{
  g_autoptr(GMimeContentType) type = g_mime_content_type_parse(
      NULL, attachment->type ? attachment->type : "application/octet-stream");
  GMimePart *part = g_mime_part_new_with_type(g_mime_content_type_get_media_type(type),
                                              g_mime_content_type_get_media_subtype(type));
  gsize n;
  const char *p = g_bytes_get_data(attachment->octets, &n);
  set_content(part, p, n);
  g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
  if (attachment->content_id) {
    g_mime_part_set_content_id(part, attachment->content_id);
    g_mime_object_set_disposition(GMIME_OBJECT(part), "inline");
  }
  if (attachment->name)
    g_mime_part_set_filename(part, attachment->name);
  return GMIME_OBJECT(part);
}

/* A multipart that begins with `first`, which it takes. */
static GMimeMultipart *
multipart(const char *subtype, GMimeObject *first, struct random_stream *random)
{
  g_autofree char *word = random_word(random);
  g_autofree char *boundary = g_strdup_printf("=_%s", word);
  GMimeMultipart *whole = g_mime_multipart_new_with_subtype(subtype);
  g_mime_multipart_set_boundary(whole, boundary);
  g_mime_multipart_add(whole, first);
  g_object_unref(first);
  return whole;
}

/* `first`, or a multipart of it and the attachments that are inline or not. */
static GMimeObject *
with_attachments(const struct compose_letter *letter, const char *subtype, GMimeObject *first,
                 bool is_inline, struct random_stream *random)
{
  GMimeMultipart *whole = NULL;
  for (unsigned i = 0; i < letter->n_attachments; i++) {
    const struct compose_attachment *attachment = &letter->attachments[i];
    if ((letter->html && attachment->content_id) != is_inline)
      continue;
    if (!whole)
      whole = multipart(subtype, first, random);
    GMimeObject *part = attachment_part(attachment);
    g_mime_multipart_add(whole, part);
    g_object_unref(part);
  }
  return whole ? GMIME_OBJECT(whole) : first;
}

static GMimeObject *
body(const struct compose_letter *letter, struct random_stream *random)
{
  GMimeObject *content = text_part(letter, letter->text ? letter->text : "", "plain");
  if (letter->html) {
    GMimeObject *html = text_part(letter, letter->html, "html");
    html = with_attachments(letter, "related", html, true, random);
    GMimeMultipart *both = multipart("alternative", content, random);
    g_mime_multipart_add(both, html);
    g_object_unref(html);
    content = GMIME_OBJECT(both);
  }
  return with_attachments(letter, "mixed", content, false, random);
}

static GBytes *
write_out(GMimeMessage *message)
{
  g_autoptr(GMimeFormatOptions) format = g_mime_format_options_new();
  g_mime_format_options_set_newline_format(format, GMIME_NEWLINE_FORMAT_DOS);
  g_autoptr(GMimeStream) stream = g_mime_stream_mem_new();
  g_mime_object_write_to_stream(GMIME_OBJECT(message), format, stream);
  GByteArray *octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
  return g_bytes_new(octets->data, octets->len);
}

static void
add_people(GMimeMessage *message, GMimeAddressType type, const struct compose_person *people,
           unsigned n, const char *charset)
{
  InternetAddressList *list = g_mime_message_get_addresses(message, type);
  for (unsigned i = 0; i < n; i++) {
    InternetAddress *person = internet_address_mailbox_new(people[i].name, people[i].address);
    if (charset)
      internet_address_set_charset(person, charset);
    internet_address_list_add(list, person);
    g_object_unref(person);
  }
}

GBytes *
compose_message(const struct compose_letter *letter, int64_t now_ns, struct random_stream *random)
{
  mime_init();
  g_autoptr(GMimeMessage) message = g_mime_message_new(TRUE);
  g_autoptr(GDateTime) date =
      g_date_time_new_from_unix_utc(DATE_EPOCH_S + now_ns / INT64_C(1000000000));
  const char *at = strrchr(letter->from.address, '@');
  g_autofree char *word = random_word(random);
  g_autofree char *id = g_strdup_printf("%s@%s", word, at ? at + 1 : "localhost");
  g_autofree char *answered =
      letter->in_reply_to ? g_strdup_printf("<%s>", letter->in_reply_to) : NULL;
  add_people(message, GMIME_ADDRESS_TYPE_FROM, &letter->from, 1, letter->charset);
  add_people(message, GMIME_ADDRESS_TYPE_TO, letter->to, letter->n_to, letter->charset);
  add_people(message, GMIME_ADDRESS_TYPE_CC, letter->cc, letter->n_cc, letter->charset);
  if (letter->reply_to)
    add_people(message, GMIME_ADDRESS_TYPE_REPLY_TO, letter->reply_to, 1, letter->charset);
  g_mime_message_set_subject(message, letter->subject ? letter->subject : "",
                             letter->charset ? letter->charset : "utf-8");
  g_mime_message_set_date(message, date);
  g_mime_message_set_message_id(message, id);
  if (answered) { /* RFC 5322 3.6.4 */
    g_autofree char *references = letter->references
                                      ? g_strdup_printf("%s %s", letter->references, answered)
                                      : g_strdup(answered);
    g_mime_object_set_header(GMIME_OBJECT(message), "In-Reply-To", answered, NULL);
    g_mime_object_set_header(GMIME_OBJECT(message), "References", references, NULL);
  }
  GMimeObject *content = body(letter, random);
  g_mime_message_set_mime_part(message, content);
  g_object_unref(content);
  return write_out(message);
}
