/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_change.c -- what the user of a device has done and the server has not confirmed yet.
 *
 * What a message shows is always computed anew: the server's flags, then every waiting change on
 * top in its order. So a change that is dropped leaves no trace, and one that is confirmed is told
 * by the server itself. */
#include "sim/mail/imap_change.h"

#include <string.h>

static const struct {
  const char *name;
  bool hides; /* the message leaves the folder at once */
} kinds[IMAP_N_CHANGES] = {
    [IMAP_CHANGE_FLAG] = {"flag", false},    [IMAP_CHANGE_UNFLAG] = {"unflag", false},
    [IMAP_CHANGE_COPY] = {"copy", false},    [IMAP_CHANGE_MOVE] = {"move", true},
    [IMAP_CHANGE_DELETE] = {"delete", true}, [IMAP_CHANGE_APPEND] = {"append", false},
};

const char *
imap_change_name(enum imap_change_kind kind)
{
  return kinds[kind].name;
}

static void
change_free(struct imap_change *change)
{
  g_free(change->folder);
  g_free(change->keywords);
  g_free(change->to);
  g_clear_pointer(&change->uids, g_array_unref);
  g_clear_pointer(&change->base, g_array_unref);
  g_clear_pointer(&change->octets, g_bytes_unref);
  g_free(change);
}

static bool
concerns(const struct imap_change *change, uint32_t uid)
{
  for (guint i = 0; change->uids && i < change->uids->len; i++)
    if (g_array_index(change->uids, uint32_t, i) == uid)
      return true;
  return false;
}

/* What the message shows with every waiting change on top of what the server said. */
static void
show(struct imap_folder *f, struct imap_cached *m)
{
  unsigned flags = m->server_flags;
  g_autofree char *keywords = g_strdup(m->server_keywords);
  bool is_leaving = false, was_leaving = m->is_leaving;
  for (guint i = 0; i < f->cache->changes->len; i++) {
    const struct imap_change *change = f->cache->changes->pdata[i];
    if (strcmp(change->folder, f->name) != 0 || !concerns(change, m->uid))
      continue;
    is_leaving |= kinds[change->kind].hides;
    if (change->kind != IMAP_CHANGE_FLAG && change->kind != IMAP_CHANGE_UNFLAG)
      continue;
    bool adds = change->kind == IMAP_CHANGE_FLAG;
    flags = adds ? flags | change->flags : flags & ~change->flags;
    char *changed = adds ? imap_keywords_join(keywords, change->keywords)
                         : imap_keywords_without(keywords, change->keywords);
    g_free(keywords);
    keywords = changed;
  }
  if (m->flags == flags && strcmp(m->keywords, keywords) == 0 && is_leaving == was_leaving)
    return;
  m->flags = flags;
  g_free(m->keywords);
  m->keywords = g_steal_pointer(&keywords);
  m->is_leaving = is_leaving;
  if (!is_leaving || !was_leaving)
    imap_cached_tell(f, m);
}

static void
show_all(struct imap_cache *c, const char *folder, const GArray *uids)
{
  struct imap_folder *f = imap_cache_folder(c, folder, false);
  for (guint i = 0; f && uids && i < uids->len; i++) {
    struct imap_cached *m = imap_folder_message(f, g_array_index(uids, uint32_t, i));
    if (m)
      show(f, m);
  }
}

void
imap_change_server_flags(struct imap_folder *f, struct imap_cached *m, unsigned flags,
                         const char *keywords)
{
  m->server_flags = flags;
  g_free(m->server_keywords);
  m->server_keywords = g_strdup(keywords ? keywords : "");
  show(f, m);
}

static void
remember_base(struct imap_cache *c, struct imap_change *change)
{
  const struct imap_folder *f = imap_cache_folder(c, change->folder, false);
  change->base = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (guint i = 0; i < change->uids->len; i++) {
    const struct imap_cached *m =
        f ? imap_folder_message(f, g_array_index(change->uids, uint32_t, i)) : NULL;
    unsigned flags = m ? m->server_flags : 0;
    g_array_append_val(change->base, flags);
  }
}

bool
imap_change_add(struct imap_cache *c, struct imap_change change)
{
  bool is_empty = change.kind != IMAP_CHANGE_APPEND && (!change.uids || change.uids->len == 0);
  struct imap_change *kept = g_new(struct imap_change, 1);
  *kept = change;
  if (!kept->keywords)
    kept->keywords = g_strdup("");
  if (is_empty || c->changes->len >= IMAP_CHANGES_MAX) {
    change_free(kept);
    return false;
  }
  if (kept->kind == IMAP_CHANGE_DELETE)
    remember_base(c, kept);
  g_ptr_array_add(c->changes, kept);
  show_all(c, kept->folder, kept->uids);
  return true;
}

/* The local message that an APPEND shows until the server has its own. */
static void
forget_new(struct imap_cache *c, const struct imap_change *change)
{
  struct imap_folder *f = imap_cache_folder(c, change->folder, false);
  for (guint i = 0; f && change->number && i < f->messages->len; i++) {
    struct imap_cached *m = f->messages->pdata[i];
    if (m->uid == 0 && m->number == change->number) {
      imap_folder_vanish(f, m);
      return;
    }
  }
}

/* Out of the queue; the cache shows what is left. */
static void
remove_at(struct imap_cache *c, guint i)
{
  struct imap_change *change = c->changes->pdata[i];
  g_ptr_array_remove_index(c->changes, i);
  forget_new(c, change);
  show_all(c, change->folder, change->uids);
  change_free(change);
}

/* What the server has confirmed is the server's from now on, even when it said nothing (.SILENT).
 */
static void
confirm(struct imap_cache *c, const struct imap_change *change)
{
  struct imap_folder *f = imap_cache_folder(c, change->folder, false);
  for (guint i = 0; f && change->uids && i < change->uids->len; i++) {
    struct imap_cached *m = imap_folder_message(f, g_array_index(change->uids, uint32_t, i));
    if (!m || (change->kind != IMAP_CHANGE_FLAG && change->kind != IMAP_CHANGE_UNFLAG))
      continue;
    bool adds = change->kind == IMAP_CHANGE_FLAG;
    m->server_flags = adds ? m->server_flags | change->flags : m->server_flags & ~change->flags;
    char *keywords = adds ? imap_keywords_join(m->server_keywords, change->keywords)
                          : imap_keywords_without(m->server_keywords, change->keywords);
    g_free(m->server_keywords);
    m->server_keywords = keywords;
  }
}

void
imap_change_done(struct imap_cache *c)
{
  confirm(c, c->changes->pdata[0]);
  remove_at(c, 0);
}

void
imap_change_drop(struct imap_cache *c)
{
  remove_at(c, 0);
}

unsigned
imap_change_drop_folder(struct imap_cache *c, const char *folder)
{
  unsigned n = 0;
  for (guint i = c->changes->len; i > 0; i--) {
    const struct imap_change *change = c->changes->pdata[i - 1];
    if (change->kind == IMAP_CHANGE_APPEND || strcmp(change->folder, folder) != 0)
      continue;
    remove_at(c, i - 1);
    n++;
  }
  return n;
}

void
imap_change_without(struct imap_cache *c, uint32_t uid)
{
  struct imap_change *change = c->changes->pdata[0];
  for (guint i = 0; change->uids && i < change->uids->len; i++) {
    if (g_array_index(change->uids, uint32_t, i) == uid) {
      g_array_remove_index(change->uids, i);
      if (change->base)
        g_array_remove_index(change->base, i);
      break;
    }
  }
  struct imap_folder *f = imap_cache_folder(c, change->folder, false);
  struct imap_cached *m = f ? imap_folder_message(f, uid) : NULL;
  if (m)
    show(f, m);
}

void
imap_changes_clear(struct imap_cache *c)
{
  for (guint i = 0; i < c->changes->len; i++)
    change_free(c->changes->pdata[i]);
  g_ptr_array_set_size(c->changes, 0);
}
