/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_status.c -- STATUS, and the quota commands: what may be known without opening a mailbox.
 *
 * RFC 3501 6.3.10; 7162 3.1.7 (HIGHESTMODSEQ), 8438 (SIZE), 9051 6.3.11 (DELETED), 9208 (QUOTA,
 * DELETED-STORAGE). Quota roots are two: "User quota" of the user's own mailboxes, "Shared quota"
 * of the shared ones. A root without limits is not told: nothing is limited there. */
#include <string.h>

#include "sim/mail/imap_session.h"

/* ---- STATUS ---- */

enum item {
  ITEM_MESSAGES,
  ITEM_RECENT,
  ITEM_UIDNEXT,
  ITEM_UIDVALIDITY,
  ITEM_UNSEEN,
  ITEM_DELETED,
  ITEM_SIZE,
  ITEM_HIGHESTMODSEQ,
  ITEM_DELETED_STORAGE,
  N_ITEMS
};

static const char *const item_names[N_ITEMS] = {
    [ITEM_MESSAGES] = "MESSAGES",
    [ITEM_RECENT] = "RECENT",
    [ITEM_UIDNEXT] = "UIDNEXT",
    [ITEM_UIDVALIDITY] = "UIDVALIDITY",
    [ITEM_UNSEEN] = "UNSEEN",
    [ITEM_DELETED] = "DELETED",
    [ITEM_SIZE] = "SIZE",
    [ITEM_HIGHESTMODSEQ] = "HIGHESTMODSEQ",
    [ITEM_DELETED_STORAGE] = "DELETED-STORAGE",
};

static enum item
find_item(const char *word)
{
  int i = 0;
  while (i < N_ITEMS && strcmp(item_names[i], word) != 0)
    i++;
  return (enum item)i;
}

GPtrArray *
imap_parse_status_items(struct imap_text *t)
{
  GPtrArray *items = g_ptr_array_new_with_free_func(g_free);
  if (imap_parse_octet(t, '(')) {
    do {
      char *word = imap_parse_word(t);
      if (!word || find_item(word) == N_ITEMS || items->len >= N_ITEMS) {
        g_free(word);
        goto bad;
      }
      g_ptr_array_add(items, word);
    } while (imap_parse_space(t));
    if (imap_parse_octet(t, ')'))
      return items;
  }
bad:
  g_ptr_array_unref(items);
  return NULL;
}

static void
count(const struct mailbox *b, uint64_t values[N_ITEMS])
{
  values[ITEM_MESSAGES] = b->messages->len;
  values[ITEM_UIDNEXT] = b->uid_next;
  values[ITEM_UIDVALIDITY] = b->uid_validity;
  values[ITEM_HIGHESTMODSEQ] = b->modseq;
  for (guint i = 0; i < b->messages->len; i++) {
    const struct store_message *m = b->messages->pdata[i];
    uint64_t n = g_bytes_get_size(m->octets);
    values[ITEM_UNSEEN] += !(m->flags & FLAG_SEEN);
    values[ITEM_RECENT] += m->uid >= b->recent_from;
    values[ITEM_SIZE] += n;
    values[ITEM_DELETED] += (m->flags & FLAG_DELETED) != 0;
    values[ITEM_DELETED_STORAGE] += m->flags & FLAG_DELETED ? n : 0;
  }
}

void
imap_tell_status(struct imap_server *s, struct mailbox *b, const GPtrArray *items)
{
  uint64_t values[N_ITEMS] = {0};
  g_autoptr(GString) text = g_string_new("* STATUS ");
  count(b, values);
  imap_put_name(s, text, b->name);
  for (guint i = 0; i < items->len; i++) {
    enum item item = find_item(items->pdata[i]);
    if (item == ITEM_HIGHESTMODSEQ)
      imap_enable_condstore(s);
    g_string_append_printf(text, "%s%s %" G_GUINT64_FORMAT, i ? " " : " (", item_names[item],
                           values[item]);
  }
  machine_printf(&s->endpoint, "%s)\r\n", text->str);
}

void
imap_act_status(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_name(s, t);
  g_autoptr(GPtrArray) items = name && imap_parse_space(t) ? imap_parse_status_items(t) : NULL;
  if (!items || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: STATUS mailbox (items)");
    return;
  }
  struct mailbox *b = store_find(s->user, name);
  if (!b) {
    imap_no(s, "[NONEXISTENT] No such mailbox");
    return;
  }
  imap_tell_status(s, b, items);
  imap_ok(s, "STATUS completed");
}

/* ---- QUOTA ---- */

enum { QUOTA_UNIT = 1024 }; /* of STORAGE: RFC 9208 5.1 */

static const char *
root_of(const struct imap_server *s, const struct store_user *owner)
{
  if (owner->quota_octets == 0 && owner->quota_messages == 0)
    return NULL;
  return owner == s->user ? "User quota" : "Shared quota";
}

static void
tell_quota(struct imap_server *s, const struct store_user *owner)
{
  g_autoptr(GString) text = g_string_new(NULL);
  if (owner->quota_octets > 0)
    g_string_append_printf(text, "STORAGE %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                           (owner->used_octets + QUOTA_UNIT - 1) / QUOTA_UNIT,
                           owner->quota_octets / QUOTA_UNIT);
  if (owner->quota_messages > 0)
    g_string_append_printf(text, "%sMESSAGE %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                           text->len ? " " : "", owner->used_messages, owner->quota_messages);
  machine_printf(&s->endpoint, "* QUOTA \"%s\" (%s)\r\n", root_of(s, owner), text->str);
}

void
imap_act_getquota(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_astring(t);
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: GETQUOTA root");
    return;
  }
  const struct store_user *owners[] = {s->user, store_shared_owner(s->store)};
  for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
    if (!owners[i] || g_strcmp0(root_of(s, owners[i]), name) != 0)
      continue;
    tell_quota(s, owners[i]);
    imap_ok(s, "GETQUOTA completed");
    return;
  }
  imap_no(s, "[NONEXISTENT] No such quota root");
}

void
imap_act_getquotaroot(struct imap_server *s, struct imap_text *t)
{
  g_autofree char *name = imap_parse_name(s, t);
  if (!name || !imap_parse_end(t)) {
    imap_bad(s, "Syntax: GETQUOTAROOT mailbox");
    return;
  }
  const struct mailbox *b = store_find_name(s->user, name);
  if (!b) {
    imap_no(s, "[NONEXISTENT] No such mailbox");
    return;
  }
  const char *root = root_of(s, b->user);
  g_autoptr(GString) text = g_string_new("* QUOTAROOT ");
  imap_put_name(s, text, b->name);
  machine_printf(&s->endpoint, root ? "%s \"%s\"\r\n" : "%s\r\n", text->str, root);
  if (root)
    tell_quota(s, b->user);
  imap_ok(s, "GETQUOTAROOT completed");
}

void
imap_act_setquota(struct imap_server *s, struct imap_text *t)
{
  imap_no(s, "[NOPERM] Quotas are set by the administrator");
}
