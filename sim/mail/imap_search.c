/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_search.c -- SEARCH: the command and its answers.
 *
 *     SEARCH UNSEEN                        * SEARCH 2 5 9
 *     SEARCH RETURN (MIN COUNT) UNSEEN     * ESEARCH (TAG "a1") MIN 2 COUNT 3
 *     SEARCH RETURN (SAVE) UNSEEN          nothing; "$" stands for 2,5,9 from now on
 *
 * RFC 3501 6.4.4; ESEARCH 4731, "$" 5182, MODSEQ 7162 3.1.5, after ENABLE IMAP4rev2 always ESEARCH
 * (RFC 9051 6.4.4). */
#include "sim/mail/imap_search.h"
#include "sim/mail/mime.h"

#include <string.h>

bool
imap_check_charset(struct imap_server *s, const char *name)
{
  if (g_ascii_strcasecmp(name, "UTF-8") == 0 || g_ascii_strcasecmp(name, "US-ASCII") == 0)
    return true;
  imap_no(s, "[BADCHARSET (US-ASCII UTF-8)] Charset not supported");
  return false;
}

bool
imap_parse_return(struct imap_text *t, unsigned *options)
{
  static const struct {
    const char *word;
    unsigned option;
  } words[] = {{"MIN", RETURN_MIN},
               {"MAX", RETURN_MAX},
               {"ALL", RETURN_ALL},
               {"COUNT", RETURN_COUNT},
               {"SAVE", RETURN_SAVE}};
  struct imap_text ahead = *t;
  g_autofree char *begin = imap_parse_word(&ahead);
  *options = 0;
  if (g_strcmp0(begin, "RETURN") != 0)
    return true;
  if (!imap_parse_space(&ahead) || !imap_parse_octet(&ahead, '('))
    return false;
  while (imap_parse_peek(&ahead) != ')') {
    g_autofree char *word =
        *options == 0 || imap_parse_space(&ahead) ? imap_parse_word(&ahead) : NULL;
    size_t i = 0;
    while (i < G_N_ELEMENTS(words) && g_strcmp0(word, words[i].word) != 0)
      i++;
    if (i == G_N_ELEMENTS(words))
      return false;
    *options |= words[i].option;
  }
  if (*options == 0) /* "()" means ALL: RFC 4731 3.1 */
    *options = RETURN_ALL;
  *t = ahead;
  return imap_parse_octet(t, ')') && imap_parse_space(t);
}

/* ---- the answers ---- */

static gint
by_uid(gconstpointer a, gconstpointer b)
{
  const uint32_t *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

/* RFC 5182 2.1: of MIN and MAX without ALL and COUNT only these are kept. */
static void
save_found(struct imap_server *s, const GArray *found, unsigned options)
{
  bool has_all = options & (RETURN_ALL | RETURN_COUNT) || !(options & (RETURN_MIN | RETURN_MAX));
  g_clear_pointer(&s->saved, g_array_unref);
  s->saved = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (guint i = 0; i < found->len; i++) {
    bool is_kept = has_all || (options & RETURN_MIN && i == 0) ||
                   (options & RETURN_MAX && i == found->len - 1);
    if (is_kept)
      g_array_append_val(s->saved, imap_view_at(s, g_array_index(found, guint, i))->m->uid);
  }
  g_array_sort(s->saved, by_uid);
}

static uint32_t
number_of(const struct imap_server *s, guint place)
{
  return s->is_uid ? imap_view_at(s, place)->m->uid : place + 1;
}

/* The highest modification sequence of what is told: RFC 7162 3.1.10. */
static uint64_t
highest_modseq(const struct imap_server *s, const GArray *found, unsigned options)
{
  uint64_t highest = 0;
  bool is_part = !(options & (RETURN_ALL | RETURN_COUNT)) && options & (RETURN_MIN | RETURN_MAX);
  for (guint i = 0; i < found->len; i++) {
    bool is_told = !is_part || (options & RETURN_MIN && i == 0) ||
                   (options & RETURN_MAX && i == found->len - 1);
    if (is_told)
      highest = MAX(highest, imap_view_at(s, g_array_index(found, guint, i))->m->modseq);
  }
  return highest;
}

void
imap_tell_found(struct imap_server *s, const GArray *found, unsigned options, bool has_modseq)
{
  if (options & RETURN_SAVE)
    save_found(s, found, options);
  if (options == RETURN_SAVE)
    return;
  g_autoptr(GString) out = g_string_new("* ESEARCH (TAG ");
  mime_nstring(out, s->tag);
  g_string_append(out, s->is_uid ? ") UID" : ")");
  if (options & RETURN_MIN && found->len > 0)
    g_string_append_printf(out, " MIN %u", number_of(s, g_array_index(found, guint, 0)));
  if (options & RETURN_MAX && found->len > 0)
    g_string_append_printf(out, " MAX %u",
                           number_of(s, g_array_index(found, guint, found->len - 1)));
  if (options & RETURN_ALL && found->len > 0) {
    struct imap_set_writer w;
    g_string_append(out, " ALL ");
    imap_set_begin(&w, out);
    for (guint i = 0; i < found->len; i++)
      imap_set_add(&w, number_of(s, g_array_index(found, guint, i)));
    imap_set_end(&w);
  }
  if (options & RETURN_COUNT)
    g_string_append_printf(out, " COUNT %u", found->len);
  if (has_modseq && found->len > 0)
    g_string_append_printf(out, " MODSEQ %" G_GUINT64_FORMAT, highest_modseq(s, found, options));
  g_string_append(out, "\r\n");
  machine_send(&s->endpoint, out->str, out->len);
}

void
imap_tell_numbers(struct imap_server *s, const char *word, const GArray *found, bool has_modseq)
{
  g_autoptr(GString) out = g_string_new("* ");
  g_string_append(out, word);
  for (guint i = 0; i < found->len; i++)
    g_string_append_printf(out, " %u", number_of(s, g_array_index(found, guint, i)));
  if (has_modseq && found->len > 0)
    g_string_append_printf(out, " (MODSEQ %" G_GUINT64_FORMAT ")", highest_modseq(s, found, 0));
  g_string_append(out, "\r\n");
  machine_send(&s->endpoint, out->str, out->len);
}

/* "CHARSET UTF-8 " at the beginning. False after NO or BAD. */
static bool
take_charset(struct imap_server *s, struct imap_text *t)
{
  struct imap_text ahead = *t;
  g_autofree char *word = imap_parse_word(&ahead);
  if (g_strcmp0(word, "CHARSET") != 0)
    return true;
  g_autofree char *name = imap_parse_space(&ahead) ? imap_parse_astring(&ahead) : NULL;
  if (!name || !imap_parse_space(&ahead))
    return true; /* the keys will be BAD */
  *t = ahead;
  if (s->has_utf8) { /* RFC 6855 3 */
    imap_bad(s, "No CHARSET after UTF8=ACCEPT: strings are UTF-8");
    return false;
  }
  return imap_check_charset(s, name);
}

void
imap_act_search(struct imap_server *s, struct imap_text *t)
{
  unsigned options;
  if (!imap_parse_return(t, &options)) {
    imap_bad(s, "Return options not understood");
    return;
  }
  if (!take_charset(s, t)) {
    if (options & RETURN_SAVE && !s->has_utf8) /* RFC 5182 2.1: NO empties "$" */
      g_clear_pointer(&s->saved, g_array_unref);
    return;
  }
  struct imap_key *k = imap_parse_keys(s, t);
  if (!k) {
    imap_bad(s, "Search key not understood");
    return;
  }
  bool has_modseq = imap_key_has_modseq(k);
  if (has_modseq)
    imap_enable_condstore(s);
  g_autoptr(GArray) found = imap_find(k, s);
  imap_key_free(k);
  if (options == 0 && s->is_rev2)
    options = RETURN_ALL;
  if (options)
    imap_tell_found(s, found, options, has_modseq);
  else
    imap_tell_numbers(s, "SEARCH", found, has_modseq);
  imap_ok(s, options & RETURN_SAVE ? "SEARCH completed, result saved" : "SEARCH completed");
}
