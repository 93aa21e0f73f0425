/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_message.c -- STORE, COPY, MOVE and EXPUNGE: the commands that change messages.
 *
 * RFC 3501 6.4; UID EXPUNGE and COPYUID 4315, MOVE 6851. */
#include "sim/mail/imap_session.h"

#include <string.h>

/* Takes the sequence set; NULL after BAD. Elements are guint places in the view. */
static GArray *
take_set(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) set = imap_parse_set(t);
  GArray *chosen = set ? imap_view_select(s, set) : NULL;
  if (!chosen)
    imap_bad(s, set ? "No such message" : "A sequence set is wanted");
  return chosen;
}

static bool
refuses_change(struct imap_server *s)
{
  if (!s->is_read_only)
    return false;
  imap_no(s, "[READ-ONLY] The mailbox was opened by EXAMINE");
  return true;
}

/* ---- STORE ---- */

enum store_mode { STORE_REPLACE, STORE_ADD, STORE_REMOVE };

static bool
parse_item(struct imap_text *t, enum store_mode *mode, bool *is_silent)
{
  *mode = imap_parse_octet(t, '+')   ? STORE_ADD
          : imap_parse_octet(t, '-') ? STORE_REMOVE
                                     : STORE_REPLACE;
  g_autofree char *word = imap_parse_word(t);
  *is_silent = g_strcmp0(word, "FLAGS.SILENT") == 0;
  return *is_silent || g_strcmp0(word, "FLAGS") == 0;
}

static void
store_one(struct imap_server *s, guint i, enum store_mode mode, unsigned flags, uint64_t keywords)
{
  struct store_message *m = imap_view_at(s, i)->m;
  if (store_by_uid(s->mailbox, m->uid, NULL) != m)
    return; /* expunged by another session */
  switch (mode) {
  case STORE_REPLACE:
    break;
  case STORE_ADD:
    flags |= m->flags;
    keywords |= m->keywords;
    break;
  case STORE_REMOVE:
    flags = m->flags & ~flags;
    keywords = m->keywords & ~keywords;
    break;
  }
  store_set_flags(s->mailbox, m, flags, keywords);
}

void
imap_act_store(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) chosen = take_set(s, t);
  enum store_mode mode;
  bool is_silent;
  if (!chosen)
    return;
  g_autoptr(GPtrArray) names = NULL;
  if (imap_parse_space(t) && parse_item(t, &mode, &is_silent) && imap_parse_space(t))
    names = imap_parse_flags(t, true);
  if (!names || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: STORE set FLAGS (flags)");
    return;
  }
  if (refuses_change(s))
    return;
  unsigned flags;
  uint64_t keywords;
  if (!imap_flags_resolve(s->mailbox, names, &flags, &keywords)) {
    imap_bad(s, "Unknown system flag");
    return;
  }
  if (s->n_keywords_told < s->mailbox->keywords->len)
    imap_view_tell_flags(s);
  for (guint i = 0; i < chosen->len; i++) {
    guint at = g_array_index(chosen, guint, i);
    struct imap_entry *entry = imap_view_at(s, at);
    bool is_news =
        entry->m->modseq > entry->told_modseq; /* of another session: told also if silent */
    store_one(s, at, mode, flags, keywords);
    if (is_silent && !is_news)
      entry->told_modseq = entry->m->modseq;
    if (is_silent)
      continue;
    entry->told_modseq = entry->m->modseq;
    g_autoptr(GString) text = g_string_new(NULL);
    imap_view_flags(s, entry, text);
    machine_printf(&s->endpoint, "* %u FETCH (", at + 1);
    if (s->is_uid)
      machine_printf(&s->endpoint, "UID %u ", entry->m->uid);
    machine_printf(&s->endpoint, "FLAGS %s)\r\n", text->str);
  }
  imap_ok(s, "STORE completed");
}

/* ---- COPY, MOVE ---- */

/* UIDs as a set of ranges, for COPYUID. */
static void
append_uid(GString *set, uint32_t uid, uint32_t *first, uint32_t *last)
{
  if (*last != 0 && uid == *last + 1) {
    *last = uid;
    return;
  }
  if (*last != 0)
    g_string_append_printf(set, *last > *first ? "%u:%u," : "%u,", *first, *last);
  *first = *last = uid;
}

static void
end_uids(GString *set, uint32_t first, uint32_t last)
{
  if (last > first)
    g_string_append_printf(set, "%u:%u", first, last);
  else
    g_string_append_printf(set, "%u", first);
}

/* All or nothing (RFC 3501 6.4.7). The COPYUID code, "" when nothing was chosen, NULL over quota.
 */
static char *
copy_chosen(struct imap_server *s, const GArray *chosen, struct mailbox *to)
{
  size_t n_octets = 0;
  for (guint i = 0; i < chosen->len; i++)
    n_octets += g_bytes_get_size(imap_view_at(s, g_array_index(chosen, guint, i))->m->octets);
  if (!store_has_room(s->user, n_octets))
    return NULL;
  if (chosen->len == 0)
    return g_strdup("");
  g_autoptr(GString) from_set = g_string_new(NULL);
  g_autoptr(GString) to_set = g_string_new(NULL);
  uint32_t from_first = 0, from_last = 0, to_first = 0, to_last = 0;
  for (guint i = 0; i < chosen->len; i++) {
    const struct store_message *m = imap_view_at(s, g_array_index(chosen, guint, i))->m;
    uint64_t keywords = store_map_keywords(s->mailbox, to, m->keywords);
    const struct store_message *copy =
        store_append(to, m->octets, m->flags, keywords, m->internal_ns);
    if (!copy)
      return NULL;
    append_uid(from_set, m->uid, &from_first, &from_last);
    append_uid(to_set, copy->uid, &to_first, &to_last);
  }
  end_uids(from_set, from_first, from_last);
  end_uids(to_set, to_first, to_last);
  return g_strdup_printf("[COPYUID %u %s %s] ", to->uid_validity, from_set->str, to_set->str);
}

/* The arguments of both; false after the refusal was sent. */
static bool
parse_copy(struct imap_server *s, struct imap_text *t, GArray **chosen, struct mailbox **to)
{
  *chosen = take_set(s, t);
  if (!*chosen)
    return false;
  g_autofree char *name = imap_parse_space(t) ? imap_parse_astring(t) : NULL;
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "A set and a mailbox name are wanted");
    return false;
  }
  *to = store_find(s->user, name);
  if (!*to)
    imap_no(s, "[TRYCREATE] No such mailbox");
  return *to != NULL;
}

void
imap_act_copy(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) chosen = NULL;
  struct mailbox *to;
  if (!parse_copy(s, t, &chosen, &to))
    return;
  g_autofree char *code = copy_chosen(s, chosen, to);
  if (code)
    imap_ok(s, "%sCOPY completed", code);
  else
    imap_no(s, "[OVERQUOTA] The user's quota is exceeded");
}

void
imap_act_move(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) chosen = NULL;
  struct mailbox *to;
  if (!parse_copy(s, t, &chosen, &to) || refuses_change(s))
    return;
  g_autofree char *code = copy_chosen(s, chosen, to);
  if (!code) {
    imap_no(s, "[OVERQUOTA] The user's quota is exceeded");
    return;
  }
  if (*code)
    machine_printf(&s->endpoint, "* OK %sMoved\r\n", code);
  for (guint i = 0; i < chosen->len; i++)
    store_expunge(s->mailbox, imap_view_at(s, g_array_index(chosen, guint, i))->m);
  imap_ok(s, "MOVE completed");
}

/* ---- EXPUNGE ---- */

void
imap_act_expunge(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) set = s->is_uid ? imap_parse_set(t) : NULL;
  if ((s->is_uid && !set) || !imap_parse_end(t)) {
    imap_bad(s, "A sequence set is wanted");
    return;
  }
  if (refuses_change(s))
    return;
  uint32_t star = s->view->len > 0 ? imap_view_at(s, s->view->len - 1)->m->uid : 0;
  for (guint i = s->view->len; i > 0; i--) {
    struct store_message *m = imap_view_at(s, i - 1)->m;
    if (m->flags & FLAG_DELETED && (!set || imap_set_has(set, m->uid, star)))
      store_expunge(s->mailbox, m);
  }
  imap_ok(s, "EXPUNGE completed");
}
