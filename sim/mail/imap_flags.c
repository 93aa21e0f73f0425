/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_flags.c -- flags and keywords on a client's side. RFC 3501 2.3.2. */
#include "sim/mail/imap_flags.h"

#include <stdbool.h>
#include <string.h>

#include "sim/mail/store.h"

static const struct {
  unsigned flag;
  const char *name;
} names[] = {{FLAG_ANSWERED, "\\Answered"},
             {FLAG_FLAGGED, "\\Flagged"},
             {FLAG_DELETED, "\\Deleted"},
             {FLAG_SEEN, "\\Seen"},
             {FLAG_DRAFT, "\\Draft"}};

char *
imap_flags_text(unsigned flags, const char *keywords)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (flags & names[i].flag)
      g_string_append_printf(text, "%s ", names[i].name);
  g_string_append(text, keywords);
  return g_strchomp(g_string_free(text, FALSE));
}

static int
compare(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *
imap_keywords_of(GPtrArray *words)
{
  g_ptr_array_sort(words, compare);
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < words->len; i++)
    if (i == 0 || strcmp(words->pdata[i], words->pdata[i - 1]) != 0)
      g_string_append_printf(out, "%s ", (const char *)words->pdata[i]);
  return g_string_free(out, FALSE);
}

void
imap_flags_read(const char *text, unsigned *flags, char **keywords)
{
  g_auto(GStrv) all = g_strsplit_set(text, " ,", -1);
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  *flags = 0;
  for (char **word = all; *word; word++) {
    if (**word == '\\')
      *flags |= store_flag_find(*word, strlen(*word));
    else if (**word && words->len < IMAP_KEYWORDS_MAX)
      g_ptr_array_add(words, *word);
  }
  *keywords = imap_keywords_of(words);
}

static bool
has_keyword(const char *keywords, const char *word)
{
  size_t n = strlen(word);
  for (const char *at = keywords; (at = strstr(at, word)); at += n)
    if ((at == keywords || at[-1] == ' ') && at[n] == ' ')
      return true;
  return false;
}

static char *
combine(const char *a, const char *b, bool joins)
{
  g_auto(GStrv) first = g_strsplit(a, " ", -1), second = g_strsplit(b, " ", -1);
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  for (char **word = first; *word; word++)
    if (**word && (joins || !has_keyword(b, *word)))
      g_ptr_array_add(words, *word);
  for (char **word = second; joins && *word; word++)
    if (**word && words->len < IMAP_KEYWORDS_MAX)
      g_ptr_array_add(words, *word);
  return imap_keywords_of(words);
}

char *
imap_keywords_join(const char *a, const char *b)
{
  return combine(a, b, true);
}

char *
imap_keywords_without(const char *a, const char *b)
{
  return combine(a, b, false);
}
