/* SPDX-License-Identifier: GPL-3.0-or-later */
/* casemap.c -- texts made comparable, and what is left of a subject without "Re:" and its
 * relatives.
 *
 *     "Re: [list] Fwd: plan (fwd)"  ->  "plan"           RFC 5256 2.1, steps 1 to 6
 */
#include "sim/mail/casemap.h"

#include <glib.h>
#include <string.h>

char *
casemap(const char *text)
{
  enum { PARTS_MAX = 18 }; /* the longest full decomposition of one character */
  g_autofree char *valid = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);
  GString *out = g_string_sized_new(strlen(text));
  for (const char *c = valid ? valid : text; *c; c = g_utf8_next_char(c)) {
    if ((unsigned char)*c < 0x80) {
      g_string_append_c(out, g_ascii_toupper(*c));
      continue;
    }
    gunichar parts[PARTS_MAX];
    gsize n =
        g_unichar_fully_decompose(g_unichar_totitle(g_utf8_get_char(c)), TRUE, parts, PARTS_MAX);
    for (gsize i = 0; i < n; i++)
      g_string_append_unichar(out, parts[i]);
  }
  return g_string_free(out, FALSE);
}

/* ---- base subject ---- */

static bool
begins_with(const char *text, const char *word)
{
  return g_ascii_strncasecmp(text, word, strlen(word)) == 0;
}

/* Step 1: one space for each run of white space. */
static char *
plain_spaces(const char *subject)
{
  GString *out = g_string_new(NULL);
  for (const char *c = subject; *c; c++) {
    bool is_space = g_ascii_isspace(*c);
    if (!is_space)
      g_string_append_c(out, *c);
    else if (out->len == 0 || out->str[out->len - 1] != ' ')
      g_string_append_c(out, ' ');
  }
  return g_string_free(out, FALSE);
}

/* subj-trailer = "(fwd)" / WSP, at the end, as often as it is there. */
static void
cut_trailer(char *text, bool *is_reply)
{
  for (size_t n = strlen(text); n > 0; n = strlen(text)) {
    if (text[n - 1] == ' ') {
      text[n - 1] = '\0';
    } else if (n >= 5 && begins_with(text + n - 5, "(fwd)")) {
      text[n - 5] = '\0';
      *is_reply = true;
    } else {
      return;
    }
  }
}

/* subj-blob = "[" *BLOBCHAR "]" *WSP: the octets of it, or 0. */
static size_t
blob_octets(const char *text)
{
  if (text[0] != '[')
    return 0;
  size_t n = 1 + strcspn(text + 1, "[]");
  if (text[n] != ']')
    return 0;
  for (n++; text[n] == ' '; n++)
    ;
  return n;
}

/* subj-leader = (*subj-blob subj-refwd) / WSP; subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob]
 * ":". The octets of it, or 0. */
static size_t
leader_octets(const char *text)
{
  if (text[0] == ' ')
    return 1;
  size_t n = 0, blob;
  while ((blob = blob_octets(text + n)) > 0)
    n += blob;
  if (begins_with(text + n, "re"))
    n += 2;
  else if (begins_with(text + n, "fwd"))
    n += 3;
  else if (begins_with(text + n, "fw"))
    n += 2;
  else
    return 0;
  while (text[n] == ' ')
    n++;
  n += blob_octets(text + n);
  return text[n] == ':' ? n + 1 : 0;
}

/* Steps 3 to 5: leaders, and a blob as long as something stays behind it. */
static char *
cut_leaders(char *text, bool *is_reply)
{
  for (;;) {
    size_t n = leader_octets(text);
    if (n > 0) {
      *is_reply |= n > 1;
      text += n;
      continue;
    }
    n = blob_octets(text);
    if (n == 0 || text[n] == '\0')
      return text;
    text += n;
  }
}

char *
base_subject(const char *subject, bool *is_reply)
{
  bool ignored;
  if (!is_reply)
    is_reply = &ignored;
  *is_reply = false;
  g_autofree char *whole = plain_spaces(subject ? subject : "");
  char *text = whole;
  for (;;) {
    cut_trailer(text, is_reply);
    text = cut_leaders(text, is_reply);
    size_t n = strlen(text);
    if (!begins_with(text, "[fwd:") || n == 0 || text[n - 1] != ']') /* step 6 */
      return g_strdup(text);
    text[n - 1] = '\0';
    text += 5;
    *is_reply = true;
  }
}
