/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store.c -- the store's life and users, and the telling of every change to its listener.
 *
 * Mailboxes are in store_mailbox.c, messages in store_message.c. Not here: sessions' views
 * (imap_view.c), delivery rules (queue.c). */
#include "sim/mail/store_private.h"

#include <string.h>

#include "sim/mail/date.h"

/* ---- telling ---- */

void
store_tell(struct mailbox *b, const struct store_message *m, bool is_gone)
{
  struct store *s = b->user->store;
  if (!s->listener)
    return;
  g_autofree char *subject = s->client ? g_strdup_printf("store %s", s->client)
                             : b->user == s->shared
                                 ? g_strdup_printf("mailbox %s", b->name)
                                 : g_strdup_printf("mailbox %s/%s", b->user->name, b->name);
  g_autofree char *key = g_strdup_printf("%u", m->uid);
  if (is_gone) {
    s->listener(s->listener_data, subject, key, "");
    return;
  }
  g_autofree char *flags = store_flags_text(b, m->flags, m->keywords, ' ');
  g_autofree char *value = g_strdup_printf("size=%" G_GSIZE_FORMAT " flags=%s subject=%s",
                                           g_bytes_get_size(m->octets), flags, m->subject);
  s->listener(s->listener_data, subject, key, value);
}

void
store_tell_mailbox(const struct mailbox *b, bool is_gone)
{
  struct store *s = b->user->store;
  if (!s->listener || s->client)
    return;
  g_autofree char *subject = g_strdup_printf("folders %s", b->user->name);
  g_autoptr(GString) value = g_string_new(NULL);
  if (!is_gone) {
    g_string_append_printf(value, "uidvalidity=%u", b->uid_validity);
    for (unsigned i = 0; i < STORE_N_USES; i++) {
      if (b->special & 1u << i)
        g_string_append_printf(value, " use=%s", store_use_name(1u << i));
    }
    g_string_append(value, store_is_subscribed(b->user, b->name) ? " subscribed" : "");
    g_string_append(value, b->is_noselect ? " noselect" : "");
  }
  s->listener(s->listener_data, subject, b->name, value->str);
}

/* ---- users ---- */

static void
user_free(struct store_user *u)
{
  g_ptr_array_unref(u->mailboxes);
  g_ptr_array_unref(u->subscriptions);
  g_free(u->name);
  g_free(u->password);
  g_free(u);
}

struct store_user *
store_user_new(struct store *s, const char *name, const char *password)
{
  struct store_user *u = g_new0(struct store_user, 1);
  u->store = s;
  u->name = g_strdup(name);
  u->password = g_strdup(password);
  u->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)store_release);
  u->subscriptions = g_ptr_array_new_with_free_func(g_free);
  return u;
}

struct store_user *
store_add_user(struct store *s, const char *name, const char *password)
{
  struct store_user *u = store_find_user(s, name);
  if (u)
    return u;
  u = store_user_new(s, name, password);
  g_ptr_array_add(s->users, u);
  store_subscribe(u, "INBOX");
  store_mailbox_new(u, "INBOX");
  return u;
}

struct store_user *
store_find_user(const struct store *s, const char *name)
{
  for (guint i = 0; i < s->users->len; i++) {
    struct store_user *u = s->users->pdata[i];
    if (g_ascii_strcasecmp(u->name, name) == 0)
      return u;
  }
  return NULL;
}

struct store_user *
store_user_at(const struct store *s, unsigned i)
{
  return i < s->users->len ? s->users->pdata[i] : NULL;
}

struct store_user *
store_first_user(const struct store *s)
{
  return s->users->len > 0 ? s->users->pdata[0] : NULL;
}

bool
store_lock(struct store_user *u, const void *owner)
{
  if (u->maildrop_owner && u->maildrop_owner != owner)
    return false;
  u->maildrop_owner = owner;
  return true;
}

void
store_unlock(struct store_user *u, const void *owner)
{
  if (u->maildrop_owner == owner)
    u->maildrop_owner = NULL;
}

struct store *
store_new(const char *client, store_listener listener, void *data)
{
  struct store *s = g_new0(struct store, 1);
  s->client = g_strdup(client);
  s->listener = listener;
  s->listener_data = data;
  s->users = g_ptr_array_new_with_free_func((GDestroyNotify)user_free);
  s->next_uid_validity = (uint32_t)DATE_EPOCH_S;
  return s;
}

void
store_free(struct store *s)
{
  if (!s)
    return;
  g_ptr_array_unref(s->users);
  g_clear_pointer(&s->shared, user_free);
  g_free(s->client);
  g_free(s);
}
