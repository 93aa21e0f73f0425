/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime.c -- GMime behind a small door: octets in, texts out.
 *
 * Hostile octets get to GMime only in bounded amounts, and what comes back is made valid UTF-8. */
#include "capture/decode/mime.h"

#include <gmime/gmime.h>
#include <string.h>

enum { HEAD_OCTETS_MAX = 256 * 1024 }; /* mail servers take headers of a few 10 KiB */

void
mime_init(void)
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

static char *
address_text(InternetAddressList *list)
{
  g_autofree char *text = list ? internet_address_list_to_string(list, NULL, FALSE) : NULL;
  return valid_text(text);
}

static void
head_fill(struct mime_head *head, GMimeMessage *m)
{
  head->message_id = valid_text(g_mime_message_get_message_id(m));
  head->subject = valid_text(g_mime_message_get_subject(m));
  head->from = address_text(g_mime_message_get_from(m));
  head->to = address_text(g_mime_message_get_to(m));
  head->date = g_strstrip(valid_text(g_mime_object_get_header(GMIME_OBJECT(m), "Date")));
}

void
mime_head_read(struct mime_head *head, const uint8_t *p, size_t n)
{
  mime_init();
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
