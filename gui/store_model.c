/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_model.c -- what servers and clients store at a time.
 *
 *   t=1.20  mailbox bob/INBOX  1  "size=812 flags= subject=…"        -> new
 *   t=2.31  mailbox bob/INBOX  1  "size=812 flags=\Seen subject=…"   -> changed
 *   t=3.02  mailbox bob/INBOX  1  ""                                 -> removed
 *
 * Marked is what the last change touched, together with what changed in the same millisecond: one
 * command may touch many messages. A removed message stays listed until the next change. */
#include "gui/store_model.h"

#include <string.h>

#define BATCH_NS INT64_C(1000000)

static void
entry_free(gpointer data)
{
  struct store_entry *e = data;
  g_free(e->key);
  g_free(e->size);
  g_free(e->flags);
  g_free(e->subject);
  g_free(e->old_flags);
  g_free(e);
}

static void
store_free(gpointer data)
{
  struct store *s = data;
  g_free(s->name);
  g_ptr_array_unref(s->entries);
  g_free(s);
}

static struct store *
find_store(struct stores *s, const struct run_event *event)
{
  gboolean is_server = g_str_has_prefix(event->subject, "mailbox ");
  const char *name = strchr(event->subject, ' ') + 1;
  for (guint i = 0; i < s->all->len; i++) {
    struct store *store = g_ptr_array_index(s->all, i);
    if (store->host == event->host && store->is_server == is_server &&
        strcmp(store->name, name) == 0)
      return store;
  }
  struct store *store = g_new0(struct store, 1);
  store->host = event->host;
  store->is_server = is_server;
  store->name = g_strdup(name);
  store->entries = g_ptr_array_new_with_free_func(entry_free);
  g_ptr_array_add(s->all, store);
  return store;
}

static struct store_entry *
find_entry(struct store *store, const char *key, guint *index)
{
  for (guint i = 0; i < store->entries->len; i++) {
    struct store_entry *e = g_ptr_array_index(store->entries, i);
    if (strcmp(e->key, key) == 0) {
      *index = i;
      return e;
    }
  }
  return NULL;
}

/* "size=812 flags=\Seen \Flagged subject=anything to the end": each value runs to the next key. */
static char *
value_of(const char *text, const char *key)
{
  static const char *const keys[] = {" size=", " flags=", " subject="};
  g_autofree char *padded = g_strconcat(" ", text, NULL);
  g_autofree char *wanted = g_strconcat(" ", key, "=", NULL);
  char *at = strstr(padded, wanted);
  char *subject = strstr(padded, " subject=");
  if (!at || (subject && at > subject))
    return g_strdup("");
  at += strlen(wanted);
  char *end = at + strlen(at);
  if (strcmp(key, "subject") != 0)
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
      char *next = strstr(at - 1, keys[i]);
      if (next && next < end)
        end = MAX(next, at);
    }
  return g_strndup(at, (gsize)(end - at));
}

static void
set_entry(struct store_entry *e, const char *value)
{
  g_free(e->size);
  g_free(e->flags);
  g_free(e->subject);
  e->size = value_of(value, "size");
  e->flags = value_of(value, "flags");
  e->subject = value_of(value, "subject");
}

static void
apply(struct stores *s, const struct run_event *event, gboolean is_last)
{
  struct store *store = find_store(s, event);
  guint index;
  struct store_entry *e = find_entry(store, event->key, &index);
  if (!*event->value) {
    if (e && is_last)
      e->change = STORE_REMOVED;
    else if (e)
      g_ptr_array_remove_index(store->entries, index);
    return;
  }
  if (!e) {
    e = g_new0(struct store_entry, 1);
    e->key = g_strdup(event->key);
    e->change = is_last ? STORE_NEW : STORE_SAME;
    g_ptr_array_add(store->entries, e);
  } else if (is_last) {
    if (e->change == STORE_SAME) {
      e->old_flags = g_steal_pointer(&e->flags);
      e->change = STORE_CHANGED;
    } else if (e->change == STORE_REMOVED) {
      e->change = STORE_CHANGED;
    }
  }
  set_entry(e, event->value);
}

static gboolean
is_store(const struct run_event *event)
{
  return g_str_has_prefix(event->subject, "mailbox ") || g_str_has_prefix(event->subject, "store ");
}

void
stores_at(struct stores *s, const struct run_event *events, size_t n, int64_t time_ns)
{
  s->all = g_ptr_array_new_with_free_func(store_free);
  s->changed_ns = -1;
  size_t end = 0;
  for (; end < n && events[end].time_ns <= time_ns; end++)
    if (is_store(&events[end]))
      s->changed_ns = events[end].time_ns;
  for (size_t i = 0; i < end; i++)
    if (is_store(&events[i]))
      apply(s, &events[i], events[i].time_ns > s->changed_ns - BATCH_NS);
}

void
stores_clear(struct stores *s)
{
  g_clear_pointer(&s->all, g_ptr_array_unref);
}
