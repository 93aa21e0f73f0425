/* SPDX-License-Identifier: GPL-3.0-or-later */
/* auth_prep.c -- SASLprep (RFC 4013): names and passwords in one form before they are compared.
 *
 *     map (spaces to SP, some characters to nothing) ─> NFKC ─> prohibited? ─> both directions?
 *
 * SIMPLIFIED: NFKC and the classes of characters are GLib's, that is of a newer Unicode than the
 * profile's 3.2, and unassigned code points pass as they do in queries (RFC 3454 7); a character is
 * right-to-left by its script instead of by table D.1. */
#include <string.h>

#include "sim/mail/auth_private.h"

/* RFC 3454 table B.1. */
static bool
is_mapped_to_nothing(gunichar c)
{
  return c == 0xad || c == 0x34f || c == 0x1806 || (c >= 0x180b && c <= 0x180d) ||
         (c >= 0x200b && c <= 0x200d) || c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

/* Tables C.1.2, C.2.1, C.2.2, C.3 to C.9. */
static bool
is_prohibited(gunichar c)
{
  switch (g_unichar_type(c)) {
  case G_UNICODE_CONTROL:
  case G_UNICODE_FORMAT: /* C.2.2, C.8, C.9 */
  case G_UNICODE_PRIVATE_USE:
  case G_UNICODE_SURROGATE:
  case G_UNICODE_LINE_SEPARATOR:
  case G_UNICODE_PARAGRAPH_SEPARATOR:
    return true;
  case G_UNICODE_SPACE_SEPARATOR:
    return c != ' ';
  default:
    break;
  }
  return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) ||       /* C.4 */
         (c >= 0xfff9 && c <= 0xfffd) || (c >= 0x2ff0 && c <= 0x2ffb) || /* C.6, C.7 */
         c == 0x340 || c == 0x341;                                       /* C.8 */
}

static bool
is_right_to_left(gunichar c)
{
  if (!g_unichar_isalpha(c))
    return false;
  switch (g_unichar_get_script(c)) {
  case G_UNICODE_SCRIPT_HEBREW:
  case G_UNICODE_SCRIPT_ARABIC:
  case G_UNICODE_SCRIPT_SYRIAC:
  case G_UNICODE_SCRIPT_THAANA:
    return true;
  default:
    return false;
  }
}

/* RFC 3454 6: with a right-to-left character no left-to-right one, and it stands first and last. */
static bool
has_bad_direction(const char *text)
{
  bool has_left = false, has_right = false;
  for (const char *p = text; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (is_right_to_left(c))
      has_right = true;
    else if (g_unichar_isalpha(c))
      has_left = true;
  }
  if (!has_right)
    return false;
  const char *last = g_utf8_prev_char(text + strlen(text));
  return has_left || !is_right_to_left(g_utf8_get_char(text)) ||
         !is_right_to_left(g_utf8_get_char(last));
}

char *
auth_prep(const char *text)
{
  if (!g_utf8_validate(text, -1, NULL))
    return NULL;
  g_autoptr(GString) mapped = g_string_new(NULL);
  for (const char *p = text; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (g_unichar_type(c) == G_UNICODE_SPACE_SEPARATOR || c == 0x200b)
      g_string_append_c(mapped, ' '); /* C.1.2 */
    else if (!is_mapped_to_nothing(c))
      g_string_append_unichar(mapped, c);
  }
  g_autofree char *normal = g_utf8_normalize(mapped->str, -1, G_NORMALIZE_ALL_COMPOSE);
  for (const char *p = normal; *p; p = g_utf8_next_char(p)) {
    if (is_prohibited(g_utf8_get_char(p)))
      return NULL;
  }
  return has_bad_direction(normal) ? NULL : g_steal_pointer(&normal);
}
