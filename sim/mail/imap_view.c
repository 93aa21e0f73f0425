/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_view.c -- what one session knows of its mailbox, and the untagged news between that and the
 * store.
 *
 *     store: 1 2 3 4 5      view: 1 2 3 4      news: "* 2 EXPUNGE", "* 4 EXISTS", "* 1 FETCH (FLAGS
 * …)"
 *
 * Sequence numbers are places in the view, so they change only when the client is told (RFC
 * 3501 2.3.1.2, 7.4.1). The mailbox's modseq says cheaply that nothing happened. */
#include "sim/mail/imap_session.h"

struct imap_entry *
imap_view_at(const struct imap_server *s, guint i)
{
  return &g_array_index(s->view, struct imap_entry, i);
}

static void
entry_clear(void *data)
{
  store_message_unref(((struct imap_entry *)data)->m);
}

static void
add_entry(struct imap_server *s, struct store_message *m)
{
  struct imap_entry entry = {.m = store_message_ref(m), .told_modseq = m->modseq};
  entry.is_recent = m->uid >= s->mailbox->recent_from;
  g_array_append_val(s->view, entry);
}

/* News while the client idles. */
static void
mailbox_changed(void *data)
{
  struct imap_server *s = data;
  if (s->is_idle)
    imap_view_sync(s, true);
}

void
imap_view_open(struct imap_server *s, struct mailbox *b, bool is_read_only)
{
  s->mailbox = store_hold(b);
  s->is_read_only = is_read_only;
  s->view = g_array_new(FALSE, FALSE, sizeof(struct imap_entry));
  g_array_set_clear_func(s->view, entry_clear);
  for (guint i = 0; i < b->messages->len; i++)
    add_entry(s, b->messages->pdata[i]);
  if (!is_read_only)
    b->recent_from = b->uid_next;
  s->seen_modseq = b->modseq;
  s->has_gone = false;
  s->n_keywords_told = b->keywords->len;
  g_clear_pointer(&s->saved, g_array_unref); /* RFC 5182 2.1 */
  store_watch(b, mailbox_changed, s);
}

void
imap_view_close(struct imap_server *s)
{
  if (!s->mailbox)
    return;
  store_unwatch(s->mailbox, s);
  g_clear_pointer(&s->view, g_array_unref);
  g_clear_pointer(&s->mailbox, store_release);
}

unsigned
imap_view_recent(const struct imap_server *s)
{
  unsigned n = 0;
  for (guint i = 0; i < s->view->len; i++)
    n += imap_view_at(s, i)->is_recent;
  return n;
}

void
imap_view_flags(const struct imap_server *s, const struct imap_entry *entry, GString *out)
{
  g_autofree char *flags = store_flags_text(s->mailbox, entry->m->flags, entry->m->keywords, ' ');
  g_string_append_printf(out, "(%s%s%s)", flags, entry->is_recent && *flags ? " " : "",
                         entry->is_recent ? "\\Recent" : "");
}

void
imap_view_tell_flags(struct imap_server *s)
{
  uint64_t all = s->mailbox->keywords->len == STORE_KEYWORDS_MAX
                     ? UINT64_MAX
                     : (UINT64_C(1) << s->mailbox->keywords->len) - 1;
  g_autofree char *flags = store_flags_text(s->mailbox, FLAG_ALL, all, ' ');
  machine_printf(&s->endpoint, "* FLAGS (%s)\r\n", flags);
  if (s->is_read_only)
    machine_printf(&s->endpoint, "* OK [PERMANENTFLAGS ()] Nothing can be changed\r\n");
  else
    machine_printf(&s->endpoint, "* OK [PERMANENTFLAGS (%s \\*)] Flags that are kept\r\n", flags);
  s->n_keywords_told = s->mailbox->keywords->len;
}

static bool
is_gone(const struct imap_server *s, const struct imap_entry *entry)
{
  return store_by_uid(s->mailbox, entry->m->uid, NULL) != entry->m;
}

static void
sync_expunged(struct imap_server *s, bool may_expunge)
{
  s->has_gone = false;
  for (guint i = s->view->len; i > 0; i--) {
    if (!is_gone(s, imap_view_at(s, i - 1)))
      continue;
    if (!may_expunge) {
      s->has_gone = true;
      return;
    }
    machine_printf(&s->endpoint, "* %u EXPUNGE\r\n", i);
    g_array_remove_index(s->view, i - 1);
  }
}

static void
sync_new(struct imap_server *s)
{
  struct mailbox *b = s->mailbox;
  uint32_t last = s->view->len > 0 ? imap_view_at(s, s->view->len - 1)->m->uid : 0;
  guint n_before = s->view->len;
  guint from = b->messages->len;
  while (from > 0 && ((struct store_message *)b->messages->pdata[from - 1])->uid > last)
    from--;
  for (guint i = from; i < b->messages->len; i++)
    add_entry(s, b->messages->pdata[i]);
  if (s->view->len == n_before)
    return;
  if (!s->is_read_only)
    b->recent_from = b->uid_next;
  machine_printf(&s->endpoint, "* %u EXISTS\r\n* %u RECENT\r\n", s->view->len, imap_view_recent(s));
}

static void
sync_flags(struct imap_server *s)
{
  if (s->n_keywords_told < s->mailbox->keywords->len)
    imap_view_tell_flags(s);
  for (guint i = 0; i < s->view->len; i++) {
    struct imap_entry *entry = imap_view_at(s, i);
    if (entry->m->modseq <= entry->told_modseq)
      continue;
    entry->told_modseq = entry->m->modseq;
    g_autoptr(GString) flags = g_string_new(NULL);
    imap_view_flags(s, entry, flags);
    machine_printf(&s->endpoint, "* %u FETCH (FLAGS %s)\r\n", i + 1, flags->str);
  }
}

void
imap_view_sync(struct imap_server *s, bool may_expunge)
{
  if (!s->mailbox || (s->seen_modseq == s->mailbox->modseq && !(s->has_gone && may_expunge)))
    return;
  s->seen_modseq = s->mailbox->modseq;
  sync_expunged(s, may_expunge);
  sync_new(s);
  sync_flags(s);
}
