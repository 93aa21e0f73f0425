/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_fetch.c -- FETCH: the answer, cut from the stored octets and given in slices.
 *
 *     fetch ─ message ─ item ─ octets of an item, 64 KiB at a time
 *
 * However many messages are asked for, no more than MACHINE_OUT_MAX waits to be sent: the job stops
 * in the middle, even of a literal, and goes on when there is room. Numbers do not change
 * meanwhile: news of the mailbox are told with the tagged reply. RFC 3501 6.4.5, 7.4.2; RFC
 * 7162 3.1.4 and 3.2.6 (CHANGEDSINCE, VANISHED); RFC 3516. Not here: PREVIEW. */
#include "sim/mail/imap_fetch.h"

#include <string.h>

#include "sim/mail/date.h"

enum { PIECE_MAX = 64 << 10 }; /* octets of a literal that are copied at once */

struct fetch {
  GArray *items;  /* struct item */
  GArray *chosen; /* guint places in the view */
  uint64_t changed_since;
  bool has_since;

  guint at;      /* in `chosen` */
  guint item_at; /* the next item of that message */
  bool is_open;  /* its "* n FETCH (" has been written */
  bool tells_flags;
  bool is_encoding_unknown;
  GString *text; /* of the answer, not yet in `out` */
  GBytes *rest;  /* octets of a literal that follow the text */
  gsize rest_at;
};

static void
fetch_free(void *data)
{
  struct fetch *f = data;
  g_array_unref(f->items);
  g_array_unref(f->chosen);
  g_string_free(f->text, TRUE);
  g_clear_pointer(&f->rest, g_bytes_unref);
  g_free(f);
}

static bool
has(const GArray *items, enum item_kind kind)
{
  for (guint i = 0; i < items->len; i++) {
    if (g_array_index(items, struct item, i).kind == kind)
      return true;
  }
  return false;
}

/* Reading sets \Seen; true when the flags must be told with the answer. */
static bool
mark_seen(struct imap_server *s, struct imap_entry *entry, const GArray *items)
{
  bool reads = false;
  for (guint i = 0; i < items->len; i++) {
    const struct item *item = &g_array_index(items, struct item, i);
    reads |= (item->kind == ITEM_SECTION || item->kind == ITEM_BINARY) && !item->is_peek;
  }
  struct store_message *m = entry->m;
  if (!reads || s->is_read_only || m->flags & FLAG_SEEN ||
      store_by_uid(s->mailbox, m->uid, NULL) != m)
    return false;
  store_set_flags(s->mailbox, m, m->flags | FLAG_SEEN, m->keywords);
  entry->told_modseq = m->modseq;
  return true;
}

static void
put_octets(struct fetch *f, const struct item *item, const struct imap_entry *entry)
{
  g_autoptr(GBytes) octets = NULL;
  const struct mime_part *root = mime_cached_root(&entry->m->mime, entry->m->octets);
  enum section_result result = imap_section(item, entry->m->octets, root, &octets);
  if (result == SECTION_UNKNOWN)
    f->is_encoding_unknown = true;
  if (item->kind == ITEM_BINARY_SIZE) {
    g_string_append_printf(f->text, "%" G_GSIZE_FORMAT, octets ? g_bytes_get_size(octets) : 0);
    return;
  }
  if (result != SECTION_FOUND) { /* no such part: nothing, as other servers say it */
    g_string_append(f->text, "\"\"");
    return;
  }
  gsize n = g_bytes_get_size(octets);
  gsize from = item->is_partial ? MIN(item->from, n) : 0;
  n -= from;
  if (item->is_partial)
    n = MIN(n, item->count);
  gsize n_all = g_bytes_get_size(octets);
  bool has_nul = item->kind == ITEM_BINARY && n_all > 0 &&
                 memchr(g_bytes_get_data(octets, NULL), '\0', n_all); /* literal8: RFC 3516 6 */
  f->rest = g_bytes_new_from_bytes(octets, from, n);
  f->rest_at = 0;
  g_string_append_printf(f->text, "%s{%" G_GSIZE_FORMAT "}\r\n", has_nul ? "~" : "", n);
}

static void
put_item(struct imap_server *s, struct fetch *f, const struct imap_entry *entry,
         const struct item *item)
{
  struct store_message *m = entry->m;
  char date[DATE_TEXT_MAX];
  g_string_append(f->text, item->label);
  g_string_append_c(f->text, ' ');
  switch (item->kind) {
  case ITEM_FLAGS:
    imap_view_flags(s, entry, f->text);
    break;
  case ITEM_UID:
    g_string_append_printf(f->text, "%u", m->uid);
    break;
  case ITEM_INTERNALDATE:
    g_string_append_printf(f->text, "\"%s\"",
                           date_format_imap(m->internal_ns, m->zone_minutes, date));
    break;
  case ITEM_SIZE:
    g_string_append_printf(f->text, "%" G_GSIZE_FORMAT, g_bytes_get_size(m->octets));
    break;
  case ITEM_MODSEQ:
    g_string_append_printf(f->text, "(%" G_GUINT64_FORMAT ")", m->modseq);
    break;
  case ITEM_ENVELOPE:
    g_string_append(f->text, mime_cached_envelope(&m->mime, m->octets));
    break;
  case ITEM_BODY:
    g_string_append(f->text, mime_cached_structure(&m->mime, m->octets, false));
    break;
  case ITEM_BODYSTRUCTURE:
    g_string_append(f->text, mime_cached_structure(&m->mime, m->octets, true));
    break;
  case ITEM_SECTION:
  case ITEM_BINARY:
  case ITEM_BINARY_SIZE:
    put_octets(f, item, entry);
    break;
  }
}

static void
begin_message(struct imap_server *s, struct fetch *f)
{
  guint place = g_array_index(f->chosen, guint, f->at);
  struct imap_entry *entry = imap_view_at(s, place);
  f->item_at = 0;
  if (f->has_since && entry->m->modseq <= f->changed_since) {
    f->at++;
    return;
  }
  f->is_open = true;
  f->tells_flags = mark_seen(s, entry, f->items);
  bool has_flags = has(f->items, ITEM_FLAGS);
  if (has_flags || f->tells_flags)
    imap_view_tell_keywords(s); /* a keyword of another session is told before it is used */
  if (has_flags && (!s->has_condstore || has(f->items, ITEM_MODSEQ)))
    entry->told_modseq = entry->m->modseq; /* else news of it follow, with MODSEQ */
  g_string_append_printf(f->text, "* %u FETCH (", place + 1);
  if (s->is_uid && !has(f->items, ITEM_UID))
    g_string_append_printf(f->text, "UID %u%s", entry->m->uid, f->items->len > 0 ? " " : "");
}

static void
end_message(struct imap_server *s, struct fetch *f, const struct imap_entry *entry)
{
  if (f->tells_flags && !has(f->items, ITEM_FLAGS)) {
    g_string_append(f->text, " FLAGS ");
    imap_view_flags(s, entry, f->text);
  }
  if (f->tells_flags && s->has_condstore && !has(f->items, ITEM_MODSEQ))
    g_string_append_printf(f->text, " MODSEQ (%" G_GUINT64_FORMAT ")", entry->m->modseq);
  g_string_append(f->text, ")\r\n");
  f->is_open = false;
  f->at++;
}

static void
send_rest(struct imap_server *s, struct fetch *f)
{
  gsize n;
  const uint8_t *p = g_bytes_get_data(f->rest, &n);
  gsize piece = MIN(n - f->rest_at, PIECE_MAX);
  if (piece > 0)
    machine_send(&s->endpoint, p + f->rest_at, piece);
  f->rest_at += piece;
  if (f->rest_at == n)
    g_clear_pointer(&f->rest, g_bytes_unref);
}

static bool
step(struct imap_server *s, void *data)
{
  struct fetch *f = data;
  if (f->rest) {
    send_rest(s, f);
    return false;
  }
  if (f->at == f->chosen->len) {
    if (f->is_encoding_unknown)
      imap_no(s, "[UNKNOWN-CTE] A part has a transfer encoding that is not known");
    else
      imap_ok(s, "FETCH completed");
    return true;
  }
  if (!f->is_open) {
    begin_message(s, f);
  } else {
    const struct imap_entry *entry = imap_view_at(s, g_array_index(f->chosen, guint, f->at));
    if (f->item_at < f->items->len) {
      if (f->item_at > 0)
        g_string_append_c(f->text, ' ');
      put_item(s, f, entry, &g_array_index(f->items, struct item, f->item_at++));
    } else {
      end_message(s, f, entry);
    }
  }
  if (!f->is_open || f->rest || f->text->len >= PIECE_MAX) {
    machine_send(&s->endpoint, f->text->str, f->text->len);
    g_string_truncate(f->text, 0);
  }
  return false;
}

/* " (CHANGEDSINCE 12 VANISHED)"; false when it is wrong. */
static bool
parse_modifiers(struct imap_server *s, struct imap_text *t, struct fetch *f, bool *wants_vanished)
{
  if (imap_parse_end(t))
    return true;
  if (!imap_parse_space(t) || !imap_parse_octet(t, '('))
    return false;
  do {
    g_autofree char *word = imap_parse_word(t);
    if (g_strcmp0(word, "CHANGEDSINCE") == 0) {
      if (!imap_parse_space(t) || !imap_parse_modseq(t, &f->changed_since))
        return false;
      f->has_since = true;
    } else if (g_strcmp0(word, "VANISHED") == 0) {
      *wants_vanished = true;
    } else {
      return false;
    }
  } while (imap_parse_space(t));
  /* RFC 7162 3.2.6: VANISHED only with UID FETCH, CHANGEDSINCE, and after ENABLE QRESYNC */
  return imap_parse_octet(t, ')') && imap_parse_end(t) &&
         (!*wants_vanished || (f->has_since && s->is_uid && s->has_qresync));
}

void
imap_act_fetch(struct imap_server *s, struct imap_text *t)
{
  g_autoptr(GArray) set = imap_parse_set(t);
  GArray *items = set && imap_parse_space(t) ? imap_parse_items(t) : NULL;
  if (!items) {
    imap_bad(s, "Syntax: FETCH set items");
    return;
  }
  struct fetch *f = g_new0(struct fetch, 1);
  bool wants_vanished = false;
  f->items = items;
  f->text = g_string_new(NULL);
  f->chosen = imap_view_select(s, set);
  if (!f->chosen || !parse_modifiers(s, t, f, &wants_vanished)) {
    imap_bad(s, f->chosen ? "Syntax: FETCH set items (CHANGEDSINCE n)" : "No such message");
    if (!f->chosen)
      f->chosen = g_array_new(FALSE, FALSE, sizeof(guint));
    fetch_free(f);
    return;
  }
  if (f->has_since && !has(items, ITEM_MODSEQ)) { /* RFC 7162 3.1.4.1 */
    struct item item = {.kind = ITEM_MODSEQ, .label = g_strdup("MODSEQ")};
    g_array_append_val(items, item);
  }
  if (has(items, ITEM_MODSEQ))
    imap_enable_condstore(s);
  if (wants_vanished)
    imap_tell_vanished(s, set, f->changed_since, 0);
  imap_begin_job(s, &(struct imap_job){.step = step, .free = fetch_free, .data = f});
}
