/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compose.c -- writes a message with GMime: header, text, attachment.
 *
 *     multipart/mixed            only with an attachment
 *     ├── text/plain; utf-8      base64 when it is not ASCII, or as it is
 *     └── attachment             base64
 *
 * GMime would take time and random numbers from the machine; boundary, Message-ID and Date are
 * therefore set here from virtual time and the world's random stream. RFC 5322, 2045, 2047, 2183.
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

static GMimeObject *
text_part(const char *text, bool is_8bit)
{
  g_autofree char *lines = with_crlf(text);
  GMimeTextPart *part = g_mime_text_part_new_with_subtype("plain");
  g_mime_text_part_set_charset(part, "utf-8");
  g_mime_text_part_set_text(part, lines);
  g_mime_part_set_content_encoding(GMIME_PART(part), is_ascii(text) ? GMIME_CONTENT_ENCODING_7BIT
                                                     : is_8bit      ? GMIME_CONTENT_ENCODING_8BIT
                                                               : GMIME_CONTENT_ENCODING_BASE64);
  return GMIME_OBJECT(part);
}

static GMimeObject *
attachment_part(const struct compose_letter *letter)
{
  g_autoptr(GMimeContentType) type = g_mime_content_type_parse(
      NULL, letter->attachment_type ? letter->attachment_type : "application/octet-stream");
  GMimePart *part = g_mime_part_new_with_type(g_mime_content_type_get_media_type(type),
                                              g_mime_content_type_get_media_subtype(type));
  gsize n;
  const char *p = g_bytes_get_data(letter->attachment, &n);
  g_autoptr(GMimeStream) stream = g_mime_stream_mem_new_with_buffer(p ? p : "", n);
  g_autoptr(GMimeDataWrapper) content =
      g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
  g_mime_part_set_content(part, content);
  g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
  g_mime_part_set_filename(part, letter->attachment_name);
  return GMIME_OBJECT(part);
}

static GMimeObject *
body(const struct compose_letter *letter, struct random_stream *random)
{
  GMimeObject *text = text_part(letter->text ? letter->text : "", letter->is_8bit);
  if (!letter->attachment_name)
    return text;
  g_autofree char *word = random_word(random);
  g_autofree char *boundary = g_strdup_printf("=_%s", word);
  GMimeMultipart *multipart = g_mime_multipart_new_with_subtype("mixed");
  g_mime_multipart_set_boundary(multipart, boundary);
  GMimeObject *attachment = attachment_part(letter);
  g_mime_multipart_add(multipart, text);
  g_mime_multipart_add(multipart, attachment);
  g_object_unref(text);
  g_object_unref(attachment);
  return GMIME_OBJECT(multipart);
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
  g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, letter->from.name,
                             letter->from.address);
  for (unsigned i = 0; i < letter->n_to; i++)
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, letter->to[i].name,
                               letter->to[i].address);
  g_mime_message_set_subject(message, letter->subject ? letter->subject : "", "utf-8");
  g_mime_message_set_date(message, date);
  g_mime_message_set_message_id(message, id);
  GMimeObject *content = body(letter, random);
  g_mime_message_set_mime_part(message, content);
  g_object_unref(content);
  return write_out(message);
}
