/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_view.c -- what one session knows of its mailbox, and the untagged news between that and the
 * store.
 *
 *     store: 1 3 4 5 6      view: 1 2 3 4 5      news: "* 2 EXPUNGE", "* 5 EXISTS", "* 1 FETCH (…)"
 *
 * Sequence numbers are places in the view, so they change only when the client is told (RFC 3501
 * 2.3.1.2, 7.4.1). The mailbox's modseq says cheaply that nothing happened. How news are worded
 * depends on what the client has enabled: VANISHED with UIDs instead of EXPUNGE (QRESYNC), MODSEQ
 * beside FLAGS (CONDSTORE), no RECENT (IMAP4rev2). */
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
  s->seen_modseq = s->expunged_modseq = b->modseq;
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
  bool is_recent = entry->is_recent && !s->is_rev2;
  g_autofree char *flags = store_flags_text(s->mailbox, entry->m->flags, entry->m->keywords, ' ');
  g_string_append_printf(out, "(%s%s%s)", flags, is_recent && *flags ? " " : "",
                         is_recent ? "\\Recent" : "");
}

void
imap_view_tell_flags(struct imap_server *s)
{
  bool is_full = s->mailbox->keywords->len >= STORE_KEYWORDS_MAX;
  uint64_t all = is_full ? UINT64_MAX : (UINT64_C(1) << s->mailbox->keywords->len) - 1;
  g_autofree char *flags = store_flags_text(s->mailbox, FLAG_ALL, all, ' ');
  machine_printf(&s->endpoint, "* FLAGS (%s)\r\n", flags);
  if (s->is_read_only)
    machine_printf(&s->endpoint, "* OK [PERMANENTFLAGS ()] Nothing can be changed\r\n");
  else
    machine_printf(&s->endpoint, "* OK [PERMANENTFLAGS (%s%s)] Flags that are kept\r\n", flags,
                   is_full ? "" : " \\*");
  s->n_keywords_told = s->mailbox->keywords->len;
}

void
imap_view_tell_keywords(struct imap_server *s)
{
  if (s->n_keywords_told < s->mailbox->keywords->len)
    imap_view_tell_flags(s);
}

void
imap_view_tell_count(struct imap_server *s)
{
  machine_printf(&s->endpoint, "* %u EXISTS\r\n", s->view->len);
  if (!s->is_rev2) /* RFC 9051 appendix E: no RECENT */
    machine_printf(&s->endpoint, "* %u RECENT\r\n", imap_view_recent(s));
}

void
imap_view_tell_entry(struct imap_server *s, guint i)
{
  struct imap_entry *entry = imap_view_at(s, i);
  entry->told_modseq = entry->m->modseq;
  g_autoptr(GString) text = g_string_new(NULL);
  if (s->has_qresync || s->is_rev2 || s->is_uid)
    g_string_append_printf(text, "UID %u ", entry->m->uid);
  g_string_append(text, "FLAGS ");
  imap_view_flags(s, entry, text);
  if (s->has_condstore)
    g_string_append_printf(text, " MODSEQ (%" G_GUINT64_FORMAT ")", entry->m->modseq);
  machine_printf(&s->endpoint, "* %u FETCH (%s)\r\n", i + 1, text->str);
}

/* ---- synchronisation ---- */

void
imap_put_range(GString *out, uint32_t low, uint32_t high)
{
  g_string_append_printf(out, high > low ? "%s%u:%u" : "%s%u", out->len ? "," : "", low, high);
}

/* The places of the view whose messages were expunged since this was last told, from the last to
 * the first. */
static GArray *
gone_places(const struct imap_server *s)
{
  GArray *places = g_array_new(FALSE, FALSE, sizeof(guint));
  g_autoptr(GArray) gone = store_gone_since(s->mailbox, s->expunged_modseq);
  for (guint r = gone->len; r > 0; r--) {
    struct store_range range = g_array_index(gone, struct store_range, r - 1);
    guint low = imap_view_place(s, range.low);
    guint high = range.high == UINT32_MAX ? s->view->len : imap_view_place(s, range.high + 1);
    for (guint i = high; i > low; i--) {
      guint place = i - 1;
      g_array_append_val(places, place);
    }
  }
  return places;
}

/* Takes the places (falling) out of the view at once. */
static void
remove_places(struct imap_server *s, const GArray *places)
{
  for (guint k = 0; k < places->len;) {
    guint last = g_array_index(places, guint, k), first = last;
    while (++k < places->len && g_array_index(places, guint, k) + 1 == first)
      first--;
    g_array_remove_range(s->view, first, last - first + 1);
  }
}

static void
tell_vanished(struct imap_server *s, const GArray *places)
{
  g_autoptr(GString) uids = g_string_new(NULL);
  for (guint k = places->len; k > 0;) {
    uint32_t low = imap_view_at(s, g_array_index(places, guint, k - 1))->m->uid, high = low;
    while (--k > 0 && imap_view_at(s, g_array_index(places, guint, k - 1))->m->uid == high + 1)
      high++;
    imap_put_range(uids, low, high);
  }
  machine_printf(&s->endpoint, "* VANISHED %s\r\n", uids->str);
}

/* What is both in low:high and in the set. */
static void
put_common(GString *uids, const GArray *set, uint32_t low, uint32_t high)
{
  if (!set)
    imap_put_range(uids, low, high);
  for (guint i = 0; set && i < set->len; i++) {
    struct imap_range r = g_array_index(set, struct imap_range, i);
    if (MAX(low, r.low) <= MIN(high, r.high))
      imap_put_range(uids, MAX(low, r.low), MIN(high, r.high));
  }
}

/* The same without those that the client still counts: their expunge is told without EARLIER, so
 * that it takes them out of its numbers (RFC 7162 3.2.10.1). */
static void
put_unseen(const struct imap_server *s, GString *uids, const GArray *set, uint32_t low,
           uint32_t high)
{
  for (guint i = imap_view_place(s, low); i < s->view->len && low <= high; i++) {
    uint32_t uid = imap_view_at(s, i)->m->uid;
    if (uid > high)
      break;
    if (uid > low)
      put_common(uids, set, low, uid - 1);
    low = uid + 1;
  }
  if (low <= high)
    put_common(uids, set, low, high);
}

void
imap_tell_vanished(struct imap_server *s, const GArray *set, uint64_t modseq, uint32_t behind)
{
  g_autoptr(GArray) gone = store_gone_since(s->mailbox, modseq);
  g_autoptr(GArray) plain = set ? imap_set_plain(set, s->mailbox->uid_next - 1) : NULL;
  g_autoptr(GString) uids = g_string_new(NULL);
  for (guint i = 0; i < gone->len; i++) {
    struct store_range range = g_array_index(gone, struct store_range, i);
    if (range.high > behind)
      put_unseen(s, uids, plain, MAX(range.low, behind + 1), range.high);
  }
  if (uids->len > 0)
    machine_printf(&s->endpoint, "* VANISHED (EARLIER) %s\r\n", uids->str);
}

static void
sync_expunged(struct imap_server *s)
{
  g_autoptr(GArray) places = gone_places(s);
  s->expunged_modseq = s->mailbox->modseq;
  if (places->len == 0)
    return;
  if (s->has_qresync) /* RFC 7162 3.2.10 */
    tell_vanished(s, places);
  for (guint k = 0; k < places->len && !s->has_qresync; k++)
    machine_printf(&s->endpoint, "* %u EXPUNGE\r\n", g_array_index(places, guint, k) + 1);
  remove_places(s, places);
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
  imap_view_tell_count(s);
}

static void
sync_flags(struct imap_server *s)
{
  imap_view_tell_keywords(s);
  for (guint i = 0; i < s->view->len; i++) {
    const struct imap_entry *entry = imap_view_at(s, i);
    if (entry->m->modseq > entry->told_modseq)
      imap_view_tell_entry(s, i);
  }
}

void
imap_view_tell_delayed(struct imap_server *s)
{
  if (!s->has_qresync || s->expunged_modseq == s->mailbox->modseq)
    return;
  g_autoptr(GArray) places = gone_places(s);
  if (places->len > 0)
    machine_printf(&s->endpoint,
                   "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] Expunges follow later\r\n",
                   s->expunged_modseq);
  else
    s->expunged_modseq = s->mailbox->modseq;
}

void
imap_view_sync(struct imap_server *s, bool may_expunge)
{
  struct mailbox *b = s->mailbox;
  if (!b || (s->seen_modseq == b->modseq && !(may_expunge && s->expunged_modseq < b->modseq)))
    return;
  if (b->is_gone) { /* RFC 2180 3.3 */
    machine_printf(&s->endpoint, "* BYE The selected mailbox was deleted\r\n");
    imap_hang_up(s);
    return;
  }
  s->seen_modseq = b->modseq;
  if (may_expunge)
    sync_expunged(s);
  sync_new(s);
  sync_flags(s);
}
