/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store.c -- users, mailboxes and messages in memory, and the telling of every change.
 *
 * One function appends, one changes flags, one removes; each raises the mailbox's modseq and tells
 * the listener, so no change can go untold. Not here: sessions' views (imap_view.c), delivery rules
 * (post.c). */
#include "sim/mail/store.h"

#include <openssl/crypto.h>
#include <string.h>

#include "sim/mail/date.h"
#include "sim/mail/mime.h"

struct store {
  char *client; /* host name, or NULL */
  store_listener listener;
  void *listener_data;
  GPtrArray *users;           /* struct store_user* */
  uint32_t next_uid_validity; /* rises with every mailbox, RFC 3501 2.3.1.1 */
};

struct watch {
  void (*changed)(void *data);
  void *data;
};

static const struct {
  unsigned flag;
  const char *name;
} flag_names[] = {{FLAG_ANSWERED, "\\Answered"},
                  {FLAG_FLAGGED, "\\Flagged"},
                  {FLAG_DELETED, "\\Deleted"},
                  {FLAG_SEEN, "\\Seen"},
                  {FLAG_DRAFT, "\\Draft"}};

/* ---- messages ---- */

struct store_message *
store_message_ref(struct store_message *m)
{
  g_atomic_ref_count_inc(&m->refs);
  return m;
}

void
store_message_unref(struct store_message *m)
{
  if (!g_atomic_ref_count_dec(&m->refs))
    return;
  g_bytes_unref(m->octets);
  mime_cached_clear(&m->mime);
  g_free(m->subject);
  g_free(m);
}

unsigned
store_flag_find(const char *text, size_t n)
{
  for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
    if (strlen(flag_names[i].name) == n && g_ascii_strncasecmp(flag_names[i].name, text, n) == 0)
      return flag_names[i].flag;
  }
  return 0;
}

char *
store_flags_text(const struct mailbox *b, unsigned flags, uint64_t keywords, char separator)
{
  GString *text = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(flag_names); i++) {
    if (flags & flag_names[i].flag) {
      if (text->len)
        g_string_append_c(text, separator);
      g_string_append(text, flag_names[i].name);
    }
  }
  for (guint i = 0; i < b->keywords->len; i++) {
    if (keywords & UINT64_C(1) << i) {
      if (text->len)
        g_string_append_c(text, separator);
      g_string_append(text, b->keywords->pdata[i]);
    }
  }
  return g_string_free(text, FALSE);
}

/* ---- telling ---- */

static void
tell(struct mailbox *b, const struct store_message *m, bool is_gone)
{
  struct store *s = b->user->store;
  if (!s->listener)
    return;
  g_autofree char *subject = s->client ? g_strdup_printf("store %s", s->client)
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

/* ---- mailboxes ---- */

static struct mailbox *
mailbox_new(struct store_user *u, const char *name)
{
  struct mailbox *b = g_new0(struct mailbox, 1);
  b->name = g_strdup(name);
  b->user = u;
  b->uid_validity = u->store->next_uid_validity++;
  b->uid_next = 1;
  b->recent_from = 1;
  b->modseq = 1;
  b->messages = g_ptr_array_new_with_free_func((GDestroyNotify)store_message_unref);
  b->keywords = g_ptr_array_new_with_free_func(g_free);
  b->watches = g_array_new(FALSE, FALSE, sizeof(struct watch));
  b->is_subscribed = true;
  b->uses = 1;
  g_ptr_array_add(u->mailboxes, b);
  return b;
}

struct mailbox *
store_hold(struct mailbox *b)
{
  b->uses++;
  return b;
}

void
store_release(struct mailbox *b)
{
  if (--b->uses > 0)
    return;
  g_free(b->name);
  g_ptr_array_unref(b->messages);
  g_ptr_array_unref(b->keywords);
  g_array_unref(b->watches);
  g_free(b);
}

void
store_watch(struct mailbox *b, void (*changed)(void *data), void *data)
{
  struct watch watch = {.changed = changed, .data = data};
  g_array_append_val(b->watches, watch);
}

void
store_unwatch(struct mailbox *b, void *data)
{
  for (guint i = 0; i < b->watches->len; i++) {
    if (g_array_index(b->watches, struct watch, i).data == data) {
      g_array_remove_index(b->watches, i);
      return;
    }
  }
}

static void
call_watches(struct mailbox *b)
{
  for (guint i = 0; i < b->watches->len; i++) {
    struct watch watch = g_array_index(b->watches, struct watch, i);
    watch.changed(watch.data);
  }
}

static bool
name_is_inbox(const char *name)
{
  return g_ascii_strcasecmp(name, "INBOX") == 0;
}

struct mailbox *
store_find(const struct store_user *u, const char *name)
{
  for (guint i = 0; i < u->mailboxes->len; i++) {
    struct mailbox *b = u->mailboxes->pdata[i];
    if (strcmp(b->name, name) == 0 || (i == 0 && name_is_inbox(name)))
      return b;
  }
  return NULL;
}

/* Names are modified UTF-7 (RFC 3501 5.1.3): printable ASCII, without wildcards, and no empty
 * level. */
bool
store_name_is_good(const char *name)
{
  size_t n = strlen(name);
  if (n == 0 || n > STORE_NAME_MAX || name[0] == STORE_DELIMITER ||
      name[n - 1] == STORE_DELIMITER || strstr(name, "//"))
    return false;
  for (size_t i = 0; i < n; i++) {
    if (name[i] < ' ' || name[i] > '~' || name[i] == '*' || name[i] == '%')
      return false;
  }
  return true;
}

struct mailbox *
store_create(struct store_user *u, const char *name)
{
  if (!store_name_is_good(name) || store_find(u, name))
    return NULL;
  if (u->mailboxes->len >= STORE_MAILBOXES_MAX)
    return NULL;
  for (const char *slash = strchr(name, STORE_DELIMITER); slash;
       slash = strchr(slash + 1, STORE_DELIMITER)) {
    g_autofree char *parent = g_strndup(name, (gsize)(slash - name));
    if (!store_find(u, parent))
      mailbox_new(u, parent);
  }
  return mailbox_new(u, name);
}

bool
store_has_children(const struct mailbox *b)
{
  size_t n = strlen(b->name);
  for (guint i = 0; i < b->user->mailboxes->len; i++) {
    const struct mailbox *other = b->user->mailboxes->pdata[i];
    if (strncmp(other->name, b->name, n) == 0 && other->name[n] == STORE_DELIMITER)
      return true;
  }
  return false;
}

bool
store_delete(struct mailbox *b)
{
  if (b == b->user->mailboxes->pdata[0])
    return false;
  while (b->messages->len > 0)
    store_expunge(b, b->messages->pdata[b->messages->len - 1]);
  b->is_gone = true;
  g_ptr_array_remove(b->user->mailboxes, b); /* frees it unless a session holds it */
  return true;
}

static void
rename_one(struct mailbox *b, char *name)
{
  for (guint i = 0; i < b->messages->len; i++)
    tell(b, b->messages->pdata[i], true);
  g_free(b->name);
  b->name = name;
  for (guint i = 0; i < b->messages->len; i++)
    tell(b, b->messages->pdata[i], false);
}

bool
store_rename(struct mailbox *b, const char *to)
{
  struct store_user *u = b->user;
  g_autofree char *from = g_strdup(b->name);
  size_t n = strlen(from);
  if (!store_name_is_good(to) || store_find(u, to) ||
      (strncmp(to, from, n) == 0 && to[n] == STORE_DELIMITER && b != u->mailboxes->pdata[0]))
    return false;
  if (b == u->mailboxes->pdata[0]) { /* RFC 3501 6.3.5: moves the messages, INBOX stays */
    struct mailbox *target = store_create(u, to);
    if (!target)
      return false;
    while (b->messages->len > 0) {
      struct store_message *m = store_message_ref(b->messages->pdata[0]);
      uint64_t keywords = store_map_keywords(b, target, m->keywords);
      store_expunge(b, m);
      store_append(target, m->octets, m->flags, keywords, m->internal_ns);
      store_message_unref(m);
    }
    return true;
  }
  struct mailbox *target = store_create(u, to); /* for its parents */
  if (!target)
    return false;
  store_delete(target);
  for (guint i = 0; i < u->mailboxes->len; i++) {
    struct mailbox *child = u->mailboxes->pdata[i];
    if (child != b && strncmp(child->name, from, n) == 0 && child->name[n] == STORE_DELIMITER)
      rename_one(child, g_strconcat(to, child->name + n, NULL));
  }
  rename_one(b, g_strdup(to));
  return true;
}

uint64_t
store_keyword(struct mailbox *b, const char *name, bool create)
{
  for (guint i = 0; i < b->keywords->len; i++) {
    if (g_ascii_strcasecmp(b->keywords->pdata[i], name) == 0)
      return UINT64_C(1) << i;
  }
  if (!create || b->keywords->len >= STORE_KEYWORDS_MAX)
    return 0;
  g_ptr_array_add(b->keywords, g_strdup(name));
  return UINT64_C(1) << (b->keywords->len - 1);
}

uint64_t
store_map_keywords(const struct mailbox *from, struct mailbox *to, uint64_t keywords)
{
  uint64_t mapped = 0;
  for (guint i = 0; i < from->keywords->len; i++) {
    if (keywords & UINT64_C(1) << i)
      mapped |= store_keyword(to, from->keywords->pdata[i], true);
  }
  return mapped;
}

/* ---- messages in mailboxes ---- */

bool
store_has_room(const struct store_user *u, size_t n)
{
  return u->quota_octets == 0 || u->used_octets + n <= u->quota_octets;
}

struct store_message *
store_append_as(struct mailbox *b, GBytes *octets, const char *subject, unsigned flags,
                uint64_t keywords, int64_t internal_ns)
{
  size_t n = g_bytes_get_size(octets);
  if (!store_has_room(b->user, n) || b->messages->len >= STORE_MESSAGES_MAX ||
      b->uid_next == UINT32_MAX)
    return NULL;
  struct store_message *m = g_new0(struct store_message, 1);
  g_atomic_ref_count_init(&m->refs);
  m->uid = b->uid_next++;
  m->flags = flags & FLAG_ALL;
  m->keywords = keywords;
  m->internal_ns = internal_ns;
  m->modseq = ++b->modseq;
  m->octets = g_bytes_ref(octets);
  m->subject = subject ? g_strdup(subject) : mime_subject(octets);
  g_ptr_array_add(b->messages, m);
  b->user->used_octets += n;
  tell(b, m, false);
  call_watches(b);
  return m;
}

struct store_message *
store_append(struct mailbox *b, GBytes *octets, unsigned flags, uint64_t keywords,
             int64_t internal_ns)
{
  return store_append_as(b, octets, NULL, flags, keywords, internal_ns);
}

void
store_set_flags(struct mailbox *b, struct store_message *m, unsigned flags, uint64_t keywords)
{
  flags &= FLAG_ALL;
  if (m->flags == flags && m->keywords == keywords)
    return;
  m->flags = flags;
  m->keywords = keywords;
  m->modseq = ++b->modseq;
  tell(b, m, false);
  call_watches(b);
}

struct store_message *
store_by_uid(const struct mailbox *b, uint32_t uid, guint *index)
{
  guint low = 0, high = b->messages->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    struct store_message *m = b->messages->pdata[middle];
    if (m->uid == uid) {
      if (index)
        *index = middle;
      return m;
    }
    if (m->uid < uid)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

void
store_expunge(struct mailbox *b, struct store_message *m)
{
  guint index;
  if (store_by_uid(b, m->uid, &index) != m)
    return; /* another session was quicker */
  b->user->used_octets -= g_bytes_get_size(m->octets);
  b->modseq++;
  tell(b, m, true);
  g_ptr_array_remove_index(b->messages, index);
  call_watches(b);
}

/* ---- users ---- */

static void
user_free(struct store_user *u)
{
  g_ptr_array_unref(u->mailboxes);
  g_free(u->name);
  g_free(u->password);
  g_free(u);
}

struct store_user *
store_add_user(struct store *s, const char *name, const char *password)
{
  struct store_user *u = store_find_user(s, name);
  if (u)
    return u;
  u = g_new0(struct store_user, 1);
  u->store = s;
  u->name = g_strdup(name);
  u->password = g_strdup(password);
  u->mailboxes = g_ptr_array_new_with_free_func((GDestroyNotify)store_release);
  g_ptr_array_add(s->users, u);
  mailbox_new(u, "INBOX");
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
store_first_user(const struct store *s)
{
  return s->users->len > 0 ? s->users->pdata[0] : NULL;
}

struct store_user *
store_login(const struct store *s, const char *name, const char *password)
{
  struct store_user *u = store_find_user(s, name);
  if (!u || !u->password)
    return NULL;
  size_t n = strlen(password);
  if (n != strlen(u->password) || CRYPTO_memcmp(u->password, password, n) != 0)
    return NULL;
  return u;
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
  g_free(s->client);
  g_free(s);
}
