/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_cache.c -- what one device keeps of one IMAP account. */
#include "sim/mail/imap_cache.h"

#include <stdlib.h>
#include <string.h>

#include "sim/mail/store.h"

/* ---- messages ---- */

static void
tell(const struct imap_folder *f, const struct imap_cached *m, const char *value)
{
  const struct imap_cache *c = f->cache;
  g_autofree char *subject = g_strdup_printf("store %s/%s", c->device, f->name);
  g_autofree char *key =
      m->uid ? g_strdup_printf("%u", m->uid) : g_strdup_printf("new-%u", m->number);
  if (c->listener)
    c->listener(c->data, subject, key, value);
}

static uint64_t
octets_here(const struct imap_cached *m)
{
  GHashTableIter iter;
  void *octets;
  uint64_t n = 0;
  g_hash_table_iter_init(&iter, m->pieces);
  while (g_hash_table_iter_next(&iter, NULL, &octets))
    n += g_bytes_get_size(octets);
  return n;
}

void
imap_cached_tell(const struct imap_folder *f, const struct imap_cached *m)
{
  static const char *const held[] = {"header", "text", "whole"};
  if (m->is_leaving) {
    tell(f, m, "");
    return;
  }
  g_autofree char *flags = imap_flags_text(m->flags, m->keywords);
  g_autofree char *value =
      g_strdup_printf("held=%s size=%" G_GUINT64_FORMAT " flags=%s subject=%s", held[m->held],
                      octets_here(m), flags, m->subject ? m->subject : "");
  tell(f, m, value);
}

static void
cached_free(void *data)
{
  struct imap_cached *m = data;
  g_free(m->keywords);
  g_free(m->server_keywords);
  g_free(m->subject);
  g_free(m->from);
  g_free(m->message_id);
  g_clear_pointer(&m->parts, g_ptr_array_unref);
  g_hash_table_unref(m->pieces);
  g_free(m);
}

static struct imap_cached *
cached_new(uint32_t uid)
{
  struct imap_cached *m = g_new0(struct imap_cached, 1);
  m->uid = uid;
  m->keywords = g_strdup("");
  m->server_keywords = g_strdup("");
  m->pieces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  return m;
}

/* Where the UID is, or would be: those without one sort behind all others. */
static guint
place_of(const struct imap_folder *f, uint32_t uid)
{
  guint low = 0, high = f->messages->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    const struct imap_cached *m = f->messages->pdata[middle];
    if (m->uid != 0 && m->uid < uid)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

struct imap_cached *
imap_folder_message(const struct imap_folder *f, uint32_t uid)
{
  guint at = place_of(f, uid);
  struct imap_cached *m = uid && at < f->messages->len ? f->messages->pdata[at] : NULL;
  return m && m->uid == uid ? m : NULL;
}

static void
fill_text(char **to, const char *from)
{
  if (*to || !from)
    return;
  *to = g_strdup(from);
}

struct imap_cached *
imap_folder_put(struct imap_folder *f, uint32_t uid, const struct imap_fetched *fetched)
{
  struct imap_cached *m = imap_folder_message(f, uid);
  if (!m) {
    if (f->messages->len >= IMAP_CACHE_MESSAGES_MAX)
      return NULL;
    m = cached_new(uid);
    g_ptr_array_insert(f->messages, (gint)place_of(f, uid), m);
  }
  fill_text(&m->subject, fetched->subject);
  fill_text(&m->from, fetched->from);
  fill_text(&m->message_id, fetched->message_id);
  if (fetched->has_size)
    m->n_octets = fetched->n_octets;
  if (fetched->modseq > m->modseq)
    m->modseq = fetched->modseq;
  if (!m->parts && fetched->parts)
    m->parts = g_ptr_array_ref(fetched->parts);
  return m;
}

struct imap_cached *
imap_folder_put_new(struct imap_folder *f, GBytes *octets, unsigned flags)
{
  struct imap_cached *m = cached_new(0);
  gsize n;
  m->number = ++f->cache->n_new;
  m->flags = flags;
  g_bytes_get_data(octets, &n);
  m->n_octets = n;
  g_ptr_array_add(f->messages, m);
  if (imap_cached_keep(f, m, "", octets))
    m->held = IMAP_HELD_WHOLE;
  return m;
}

void
imap_folder_vanish(struct imap_folder *f, struct imap_cached *m)
{
  if (!m->is_leaving)
    tell(f, m, "");
  f->cache->n_octets -= octets_here(m);
  g_ptr_array_remove(f->messages, m);
}

guint
imap_folder_n_on_server(const struct imap_folder *f)
{
  return place_of(f, UINT32_MAX) + (imap_folder_message(f, UINT32_MAX) ? 1 : 0);
}

uint32_t
imap_folder_last_uid(const struct imap_folder *f)
{
  guint n = imap_folder_n_on_server(f);
  return n ? ((struct imap_cached *)f->messages->pdata[n - 1])->uid : 0;
}

bool
imap_cached_keep(struct imap_folder *f, struct imap_cached *m, const char *section, GBytes *octets)
{
  gsize n = g_bytes_get_size(octets);
  GBytes *before = imap_cached_piece(m, section);
  f->cache->n_octets -= before ? g_bytes_get_size(before) : 0;
  if (f->cache->n_octets + n > IMAP_CACHE_OCTETS_MAX) {
    g_hash_table_remove(m->pieces, section);
    return false;
  }
  f->cache->n_octets += n;
  g_hash_table_replace(m->pieces, g_strdup(section), g_bytes_ref(octets));
  return true;
}

GBytes *
imap_cached_piece(const struct imap_cached *m, const char *section)
{
  return g_hash_table_lookup(m->pieces, section);
}

/* ---- which ---- */

static bool
is_meant(const struct imap_folder *f, const struct imap_cached *m, const char *which)
{
  if (strcmp(which, "all") == 0)
    return true;
  if (strcmp(which, "unseen") == 0)
    return !(m->flags & FLAG_SEEN);
  if (strcmp(which, "new") == 0)
    return m->held != IMAP_HELD_WHOLE;
  if (strcmp(which, "downloaded") == 0)
    return m->held == IMAP_HELD_WHOLE;
  if (strcmp(which, "found") == 0) {
    for (guint i = 0; i < f->cache->found->len; i++)
      if (g_array_index(f->cache->found, uint32_t, i) == m->uid)
        return true;
    return false;
  }
  if (*which && which[strspn(which, "0123456789")] == '\0')
    return strtoull(which, NULL, 10) == m->uid;
  return m->subject && strstr(m->subject, which);
}

GArray *
imap_folder_which(const struct imap_folder *f, const char *which)
{
  GArray *uids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (guint i = 0; i < f->messages->len; i++) {
    const struct imap_cached *m = f->messages->pdata[i];
    if (m->uid != 0 && !m->is_leaving && is_meant(f, m, which))
      g_array_append_val(uids, m->uid);
  }
  return uids;
}

/* ---- folders ---- */

static void
folder_free(void *data)
{
  struct imap_folder *f = data;
  g_ptr_array_unref(f->messages);
  g_free(f->special_use);
  g_free(f->name);
  g_free(f);
}

static bool
is_inbox(const char *name)
{
  return g_ascii_strcasecmp(name, "INBOX") == 0;
}

struct imap_folder *
imap_cache_folder(struct imap_cache *c, const char *name, bool create)
{
  for (guint i = 0; i < c->folders->len; i++) {
    struct imap_folder *f = c->folders->pdata[i];
    if (strcmp(f->name, name) == 0 || (is_inbox(name) && is_inbox(f->name)))
      return f;
  }
  if (!create || c->folders->len >= IMAP_CACHE_FOLDERS_MAX)
    return NULL;
  struct imap_folder *f = g_new0(struct imap_folder, 1);
  *f = (struct imap_folder){.cache = c,
                            .name = g_strdup(is_inbox(name) ? "INBOX" : name),
                            .is_selectable = true,
                            .messages = g_ptr_array_new_with_free_func(cached_free)};
  g_ptr_array_add(c->folders, f);
  return f;
}

struct imap_folder *
imap_cache_special(const struct imap_cache *c, const char *use)
{
  for (guint i = 0; i < c->folders->len; i++) {
    struct imap_folder *f = c->folders->pdata[i];
    if (f->special_use && g_ascii_strcasecmp(f->special_use, use) == 0)
      return f;
  }
  return NULL;
}

void
imap_folder_forget(struct imap_folder *f)
{
  while (f->messages->len > 0)
    imap_folder_vanish(f, f->messages->pdata[f->messages->len - 1]);
  f->is_known = false;
  f->modseq = 0;
  f->uid_next = f->uid_validity = 0;
}

void
imap_cache_remove_folder(struct imap_cache *c, const char *name)
{
  struct imap_folder *f = imap_cache_folder(c, name, false);
  if (!f)
    return;
  imap_folder_forget(f);
  g_ptr_array_remove(c->folders, f);
}

/* The folders below it move, too (RFC 3501 6.3.5). Their messages are told under the new name. */
void
imap_cache_rename_folder(struct imap_cache *c, const char *from, const char *to)
{
  size_t n = strlen(from);
  for (guint i = 0; i < c->folders->len; i++) {
    struct imap_folder *f = c->folders->pdata[i];
    bool is_below = f->delimiter && strncmp(f->name, from, n) == 0 && f->name[n] == f->delimiter;
    if (strcmp(f->name, from) != 0 && !is_below)
      continue;
    for (guint k = 0; k < f->messages->len; k++)
      tell(f, f->messages->pdata[k], "");
    char *name = g_strconcat(to, f->name + n, NULL);
    g_free(f->name);
    f->name = name;
    for (guint k = 0; k < f->messages->len; k++)
      imap_cached_tell(f, f->messages->pdata[k]);
  }
}

struct imap_cache *
imap_cache_new(const char *device, imap_cache_listener listener, void *data)
{
  struct imap_cache *c = g_new0(struct imap_cache, 1);
  c->device = g_strdup(device);
  c->listener = listener;
  c->data = data;
  c->folders = g_ptr_array_new_with_free_func(folder_free);
  c->changes = g_ptr_array_new();
  c->found = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  return c;
}

void
imap_cache_free(struct imap_cache *c)
{
  if (!c)
    return;
  g_ptr_array_unref(c->folders);
  g_ptr_array_unref(c->changes);
  g_array_unref(c->found);
  g_free(c->device);
  g_free(c);
}
