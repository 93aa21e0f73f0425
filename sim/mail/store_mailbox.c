/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_mailbox.c -- mailboxes of a user: names and hierarchy, life, subscriptions, special uses.
 *
 *     mailbox ──delete, has children──> name without a mailbox ──create──> mailbox, new UIDVALIDITY
 *        └──────delete, no children──> gone (a session that looks at it still holds it)
 *
 * RFC 3501 5.1 and 6.3, RFC 6154 (special uses), RFC 2342 (shared mailboxes). */
#include "sim/mail/store_private.h"

#include <string.h>

static const char *const use_names[STORE_N_USES] = {"\\All",  "\\Archive", "\\Drafts", "\\Flagged",
                                                    "\\Junk", "\\Sent",    "\\Trash"};

struct watch {
  void (*changed)(void *data);
  void *data;
};

/* ---- one mailbox ---- */

struct mailbox *
store_mailbox_new(struct store_user *u, const char *name)
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
  b->gone = g_array_new(FALSE, FALSE, sizeof(struct store_gone));
  b->uses = 1;
  g_ptr_array_add(u->mailboxes, b);
  store_tell_mailbox(b, false);
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
  g_array_unref(b->gone);
  g_clear_pointer(&b->members, g_ptr_array_unref);
  g_clear_pointer(&b->readers, g_ptr_array_unref);
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

/* A session may close its view, and so its watch, when it hears that the mailbox is gone: from the
 * last to the first, so that none is left out. */
void
store_call_watches(struct mailbox *b)
{
  for (guint i = b->watches->len; i > 0; i--) {
    if (i > b->watches->len)
      continue;
    struct watch watch = g_array_index(b->watches, struct watch, i - 1);
    watch.changed(watch.data);
  }
}

/* ---- finding ---- */

bool
store_is_inbox(const char *name)
{
  return g_ascii_strcasecmp(name, "INBOX") == 0;
}

static bool
is_shared_name(const char *name)
{
  return g_str_has_prefix(name, STORE_SHARED_PREFIX);
}

static bool
has_name(const GPtrArray *names, const char *name)
{
  for (guint i = 0; names && i < names->len; i++) {
    if (g_ascii_strcasecmp(names->pdata[i], name) == 0)
      return true;
  }
  return false;
}

enum store_access
store_access(const struct mailbox *b, const struct store_user *u)
{
  if (b->user == u)
    return STORE_WRITABLE;
  if (b->user != u->store->shared)
    return STORE_HIDDEN;
  if (has_name(b->readers, u->name))
    return STORE_READABLE;
  return !b->members || has_name(b->members, u->name) ? STORE_WRITABLE : STORE_HIDDEN;
}

static struct mailbox *
find_of(const struct store_user *owner, const char *name)
{
  for (guint i = 0; owner && i < owner->mailboxes->len; i++) {
    struct mailbox *b = owner->mailboxes->pdata[i];
    if (strcmp(b->name, name) == 0)
      return b;
  }
  return NULL;
}

struct mailbox *
store_find_name(const struct store_user *u, const char *name)
{
  if (store_is_inbox(name))
    return u->mailboxes->len > 0 ? u->mailboxes->pdata[0] : NULL;
  if (!is_shared_name(name))
    return find_of(u, name);
  struct mailbox *b = find_of(u->store->shared, name);
  return b && store_access(b, u) != STORE_HIDDEN ? b : NULL;
}

struct mailbox *
store_find(const struct store_user *u, const char *name)
{
  struct mailbox *b = store_find_name(u, name);
  return b && !b->is_noselect ? b : NULL;
}

GPtrArray *
store_list(const struct store_user *u)
{
  GPtrArray *all = g_ptr_array_new();
  const struct store_user *owners[] = {u, u->store->shared};
  for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
    for (guint k = 0; owners[i] && k < owners[i]->mailboxes->len; k++) {
      struct mailbox *b = owners[i]->mailboxes->pdata[k];
      if (store_access(b, u) != STORE_HIDDEN)
        g_ptr_array_add(all, b);
    }
  }
  return all;
}

bool
store_name_is_good(const char *name)
{
  size_t n = strlen(name);
  unsigned n_levels = 1;
  if (n == 0 || n > STORE_NAME_MAX || name[0] == STORE_DELIMITER ||
      name[n - 1] == STORE_DELIMITER || strstr(name, "//") || !g_utf8_validate(name, -1, NULL))
    return false;
  for (const char *p = name; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (c < ' ' || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 || c == '*' || c == '%')
      return false;
    n_levels += c == STORE_DELIMITER;
  }
  return n_levels <= STORE_LEVELS_MAX;
}

static bool
is_below(const char *name, const char *parent)
{
  size_t n = strlen(parent);
  return strncmp(name, parent, n) == 0 && name[n] == STORE_DELIMITER;
}

bool
store_has_children(const struct mailbox *b)
{
  for (guint i = 0; i < b->user->mailboxes->len; i++) {
    const struct mailbox *other = b->user->mailboxes->pdata[i];
    if (is_below(other->name, b->name))
      return true;
  }
  return false;
}

/* ---- life ---- */

/* The names above it that do not exist yet; RFC 3501 6.3.3. False when there are too many. */
static bool
make_parents(struct store_user *u, const char *name)
{
  for (const char *slash = strchr(name, STORE_DELIMITER); slash;
       slash = strchr(slash + 1, STORE_DELIMITER)) {
    g_autofree char *parent = g_strndup(name, (gsize)(slash - name));
    if (find_of(u, parent) || strcmp(parent, "Shared") == 0)
      continue;
    if (u->mailboxes->len >= STORE_MAILBOXES_MAX)
      return false;
    store_mailbox_new(u, parent);
  }
  return true;
}

static struct mailbox *
create_of(struct store_user *u, const char *name)
{
  struct mailbox *b = find_of(u, name);
  if (!store_name_is_good(name) || (b && !b->is_noselect))
    return NULL;
  if (b) {
    b->is_noselect = false;
    b->uid_validity = u->store->next_uid_validity++;
    b->uid_next = b->recent_from = 1;
    b->gone_from = b->modseq;
    g_array_set_size(b->gone, 0);
    store_tell_mailbox(b, false);
    return b;
  }
  if (!make_parents(u, name) || u->mailboxes->len >= STORE_MAILBOXES_MAX)
    return NULL;
  return store_mailbox_new(u, name);
}

struct mailbox *
store_create(struct store_user *u, const char *name)
{
  if (store_is_inbox(name) || is_shared_name(name) || strcmp(name, "Shared") == 0)
    return NULL;
  return create_of(u, name);
}

static GPtrArray *
copy_names(char **names)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func(g_free);
  for (; names && *names; names++)
    g_ptr_array_add(copy, g_strdup(*names));
  return copy;
}

struct mailbox *
store_share(struct store *s, const char *name, char **members, char **readers)
{
  g_autofree char *whole = g_strconcat(STORE_SHARED_PREFIX, name, NULL);
  if (!s->shared)
    s->shared = store_user_new(s, "shared", NULL);
  struct mailbox *b = create_of(s->shared, whole);
  if (b && members)
    b->members = copy_names(members);
  if (b)
    b->readers = copy_names(readers);
  return b;
}

struct store_user *
store_shared_owner(const struct store *s)
{
  return s->shared;
}

bool
store_delete(struct mailbox *b)
{
  bool has_children = store_has_children(b);
  if (store_is_inbox(b->name) || (b->is_noselect && has_children))
    return false;
  while (b->messages->len > 0)
    store_expunge(b, b->messages->pdata[b->messages->len - 1]);
  b->special = 0;
  struct mailbox *held = store_hold(b);
  if (has_children) { /* sessions leave it; its name stays */
    struct mailbox *name = store_mailbox_new(b->user, b->name);
    name->is_noselect = true;
    store_tell_mailbox(name, false);
  } else {
    store_tell_mailbox(b, true);
  }
  b->is_gone = true;
  b->modseq++;
  g_ptr_array_remove(b->user->mailboxes, b);
  store_call_watches(held);
  store_release(held);
  return true;
}

static void
rename_one(struct mailbox *b, char *name)
{
  for (guint i = 0; i < b->messages->len; i++)
    store_tell(b, b->messages->pdata[i], true);
  store_tell_mailbox(b, true);
  g_free(b->name);
  b->name = name;
  store_tell_mailbox(b, false);
  for (guint i = 0; i < b->messages->len; i++)
    store_tell(b, b->messages->pdata[i], false);
}

/* RFC 3501 6.3.5: the messages of INBOX move, INBOX stays, its children too. */
static bool
rename_inbox(struct mailbox *b, const char *to)
{
  struct mailbox *target = store_create(b->user, to);
  if (!target)
    return false;
  while (b->messages->len > 0) {
    struct store_message *m = store_message_ref(b->messages->pdata[0]);
    uint64_t keywords = store_map_keywords(b, target, m->keywords);
    store_expunge(b, m);
    struct store_message *moved =
        store_append(target, m->octets, m->flags, keywords, m->internal_ns);
    if (moved)
      moved->zone_minutes = m->zone_minutes;
    store_message_unref(m);
  }
  return true;
}

/* Do the new names of all children keep the limits? */
static bool
children_fit(const struct mailbox *b, const char *to)
{
  size_t n = strlen(b->name);
  for (guint i = 0; i < b->user->mailboxes->len; i++) {
    const struct mailbox *child = b->user->mailboxes->pdata[i];
    if (!is_below(child->name, b->name))
      continue;
    g_autofree char *name = g_strconcat(to, child->name + n, NULL);
    if (!store_name_is_good(name))
      return false;
  }
  return true;
}

bool
store_rename(struct mailbox *b, const char *to)
{
  struct store_user *u = b->user;
  g_autofree char *from = g_strdup(b->name);
  if (!store_name_is_good(to) || store_find_name(u, to) || is_shared_name(to))
    return false;
  if (store_is_inbox(from))
    return rename_inbox(b, to);
  if (is_below(to, from) || !children_fit(b, to))
    return false;
  if (!make_parents(u, to))
    return false;
  for (guint i = 0; i < u->mailboxes->len; i++) {
    struct mailbox *child = u->mailboxes->pdata[i];
    if (child != b && is_below(child->name, from))
      rename_one(child, g_strconcat(to, child->name + strlen(from), NULL));
  }
  rename_one(b, g_strdup(to));
  return true;
}

/* ---- subscriptions ---- */

/* The place of the name, or where it belongs. */
static guint
subscription_place(const struct store_user *u, const char *name)
{
  guint i = 0;
  while (i < u->subscriptions->len && strcmp(u->subscriptions->pdata[i], name) < 0)
    i++;
  return i;
}

bool
store_is_subscribed(const struct store_user *u, const char *name)
{
  guint i = subscription_place(u, name);
  return i < u->subscriptions->len && strcmp(u->subscriptions->pdata[i], name) == 0;
}

static void
tell_subscription(const struct store_user *u, const char *name)
{
  const struct mailbox *b = store_find_name(u, name);
  if (b && b->user == u)
    store_tell_mailbox(b, false);
}

bool
store_subscribe(struct store_user *u, const char *name)
{
  if (store_is_subscribed(u, name))
    return true;
  if (u->subscriptions->len >= STORE_SUBSCRIPTIONS_MAX)
    return false;
  g_ptr_array_insert(u->subscriptions, (gint)subscription_place(u, name), g_strdup(name));
  tell_subscription(u, name);
  return true;
}

bool
store_unsubscribe(struct store_user *u, const char *name)
{
  if (!store_is_subscribed(u, name))
    return false;
  g_ptr_array_remove_index(u->subscriptions, subscription_place(u, name));
  tell_subscription(u, name);
  return true;
}

/* ---- special uses ---- */

const char *
store_use_name(unsigned use)
{
  for (unsigned i = 0; i < STORE_N_USES; i++) {
    if (use == 1u << i)
      return use_names[i];
  }
  return NULL;
}

unsigned
store_use_find(const char *text)
{
  for (unsigned i = 0; i < STORE_N_USES; i++) {
    if (g_ascii_strcasecmp(use_names[i], text) == 0)
      return 1u << i;
  }
  return 0;
}

void
store_set_use(struct mailbox *b, unsigned uses)
{
  b->special = uses;
  store_tell_mailbox(b, false);
}
