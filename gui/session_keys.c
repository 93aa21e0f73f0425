/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_keys.c -- the key log by which a session opens TLS.
 *
 * The octets of TLS are opened while a capture is read, so a key log that comes later means reading
 * the capture once more. The keys are kept for captures that are opened afterwards; they are
 * secrets, so they are wiped when others take their place. */
#include <string.h>

#include "gui/session_private.h"

/* Some 100,000 connections; a capture and its key log are recorded side by side. */
enum { KEYLOG_OCTETS_MAX = 64 << 20 };

void
session_keys_clear(Session *s)
{
  if (s->keylog)
    memset(s->keylog, 0, strlen(s->keylog));
  g_clear_pointer(&s->keylog, g_free);
}

size_t
session_keys_apply(Session *s, struct trace *trace)
{
  return s->keylog ? trace_add_keylog(trace, s->keylog, strlen(s->keylog)) : 0;
}

/* How many lines of the text are of use. */
static size_t
count_keys(const char *text)
{
  g_autoptr(trace_owned) none = trace_new();
  return trace_add_keylog(none, text, strlen(text));
}

gboolean
session_open_keylog(Session *s, const char *path, GError **error)
{
  g_autofree char *name = g_filename_display_name(path);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileInfo) info =
      g_file_query_info(file, G_FILE_ATTRIBUTE_STANDARD_SIZE, G_FILE_QUERY_INFO_NONE, NULL, error);
  char *text = NULL;
  if (!info)
    return FALSE;
  if (g_file_info_get_size(info) > KEYLOG_OCTETS_MAX) {
    g_set_error(
        error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
        lang_text("%s is too large for a key log. Choose the file that SSLKEYLOGFILE named.",
                  "%s ใหญ่เกินกว่าจะเป็นบันทึกกุญแจ โปรดเลือกไฟล์ที่กำหนดไว้ใน SSLKEYLOGFILE"),
        name);
    return FALSE;
  }
  if (!g_file_get_contents(path, &text, NULL, error))
    return FALSE;
  if (count_keys(text) == 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                lang_text("%s holds no secrets of TLS. Choose the file that SSLKEYLOGFILE named.",
                          "%s ไม่มีกุญแจของ TLS โปรดเลือกไฟล์ที่กำหนดไว้ใน SSLKEYLOGFILE"),
                name);
    g_free(text);
    return FALSE;
  }
  session_keys_clear(s);
  s->keylog = text;
  g_autofree char *capture = g_strdup(s->capture_path);
  return !capture || session_open(s, capture, error);
}
