/* SPDX-License-Identifier: GPL-3.0-or-later */
/* directory.c -- who is behind an address: users, aliases, lists, virtual domains, subaddresses.
 *
 * An alias is looked for before a user of the same name, so that a user's mail can be sent on; the
 * same name among its own members means the mailbox. Circles end in DIRECTORY_CIRCLE. The rules are
 * drawn in directory.h. */
#include "sim/mail/directory.h"

#include <string.h>

#include "sim/mail/smtp.h"

struct entry {
  char *name; /* "team", "info@other.test", "*@other.test" */
  char **members;
  struct directory_list *list; /* NULL: an alias */
};

struct directory {
  char **domains;
  GPtrArray *virtual_domains; /* char* */
  struct store *store;
  GPtrArray *entries;  /* struct entry*, in the order of the scenario */
  GHashTable *by_name; /* lower case name -> struct entry*, not iterated */
  char separator;
  bool uses_folders;
};

/* ---- life ---- */

static void
list_free(struct directory_list *l)
{
  if (!l)
    return;
  g_free(l->name);
  g_free(l->address);
  g_free(l->sender);
  g_free(l);
}

static void
entry_free(void *data)
{
  struct entry *e = data;
  g_free(e->name);
  g_strfreev(e->members);
  list_free(e->list);
  g_free(e);
}

static void
target_free(void *data)
{
  struct directory_target *t = data;
  g_free(t->address);
  g_free(t->folder);
  g_free(t->via);
  g_free(t);
}

struct directory *
directory_new(char *const *domains, struct store *store)
{
  struct directory *d = g_new0(struct directory, 1);
  d->domains = g_strdupv((char **)domains);
  d->virtual_domains = g_ptr_array_new_with_free_func(g_free);
  d->store = store;
  d->entries = g_ptr_array_new_with_free_func(entry_free);
  d->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return d;
}

void
directory_free(struct directory *d)
{
  g_strfreev(d->domains);
  g_ptr_array_unref(d->virtual_domains);
  g_ptr_array_unref(d->entries);
  g_hash_table_unref(d->by_name);
  g_free(d);
}

void
directory_set_subaddress(struct directory *d, char separator, bool uses_folders)
{
  d->separator = separator;
  d->uses_folders = uses_folders;
}

/* ---- domains ---- */

static bool
is_own_domain(const struct directory *d, const char *domain)
{
  for (char **own = d->domains; *own; own++) {
    if (smtp_domain_equal(*own, domain))
      return true;
  }
  return false;
}

static bool
is_virtual_domain(const struct directory *d, const char *domain)
{
  for (guint i = 0; i < d->virtual_domains->len; i++) {
    if (smtp_domain_equal(d->virtual_domains->pdata[i], domain))
      return true;
  }
  return false;
}

void
directory_add_domain(struct directory *d, const char *domain)
{
  if (!is_own_domain(d, domain) && !is_virtual_domain(d, domain))
    g_ptr_array_add(d->virtual_domains, g_strdup(domain));
}

bool
directory_is_local(const struct directory *d, const char *address)
{
  const char *domain = smtp_domain(address);
  return !*domain || is_own_domain(d, domain) || is_virtual_domain(d, domain);
}

char *
directory_address(const struct directory *d, const char *name)
{
  if (strchr(name, '@') || !d->domains[0])
    return g_strdup(name);
  return g_strdup_printf("%s@%s", name, d->domains[0]);
}

/* ---- entries ---- */

static struct entry *
find_entry(const struct directory *d, const char *name)
{
  g_autofree char *lower = g_utf8_strdown(name, -1);
  return g_hash_table_lookup(d->by_name, lower);
}

static struct entry *
add_entry(struct directory *d, const char *name, char *const *members)
{
  if (d->entries->len >= DIRECTORY_ENTRIES_MAX || find_entry(d, name))
    return NULL;
  struct entry *e = g_new0(struct entry, 1);
  e->name = g_strdup(name);
  e->members = g_strdupv((char **)members);
  g_ptr_array_add(d->entries, e);
  g_hash_table_insert(d->by_name, g_utf8_strdown(name, -1), e);
  const char *domain = smtp_domain(name);
  if (*domain)
    directory_add_domain(d, domain);
  return e;
}

bool
directory_add_alias(struct directory *d, const char *name, char *const *members)
{
  return add_entry(d, name, members) != NULL;
}

bool
directory_add_list(struct directory *d, const char *name, const char *owner, char *const *members)
{
  g_autofree char *address = directory_address(d, name);
  size_t n_local = strcspn(address, "@");
  g_autofree char *sender =
      g_strdup_printf("%.*s-owner%s", (int)n_local, address, address + n_local);
  g_autofree char *owner_name = g_strdup(strchr(name, '@') ? sender : "");
  if (!*owner_name) {
    g_free(owner_name);
    owner_name = g_strdup_printf("%s-owner", name);
  }
  char *const owners[] = {(char *)owner, NULL};
  struct entry *e = add_entry(d, name, members);
  if (!e)
    return false;
  e->list = g_new0(struct directory_list, 1);
  *e->list = (struct directory_list){.name = g_strndup(address, n_local),
                                     .address = g_steal_pointer(&address),
                                     .sender = g_steal_pointer(&sender)};
  return add_entry(d, owner_name, owners) != NULL;
}

/* ---- resolving ---- */

struct walk {
  const struct directory *directory;
  GPtrArray *found;
  const struct entry *path[DIRECTORY_DEPTH_MAX];
  unsigned depth;
};

static void
add_target(struct walk *w, enum directory_kind kind, const char *address, struct store_user *user,
           const char *folder)
{
  const struct entry *via = w->depth > 0 ? w->path[0] : NULL;
  const struct directory_list *list = NULL;
  for (unsigned i = 0; i < w->depth; i++)
    list = w->path[i]->list ? w->path[i]->list : list;
  for (guint i = 0; i < w->found->len; i++) {
    const struct directory_target *other = w->found->pdata[i];
    if (other->kind == kind && g_strcmp0(other->folder, folder) == 0 &&
        (user ? other->user == user : g_ascii_strcasecmp(other->address, address) == 0))
      return; /* one message for each, however many ways lead there */
  }
  if (w->found->len >= DIRECTORY_TARGETS_MAX)
    return;
  struct directory_target *t = g_new0(struct directory_target, 1);
  t->kind = kind;
  t->address = directory_address(w->directory, address);
  t->user = user;
  t->folder = g_strdup(folder);
  t->via = via ? directory_address(w->directory, via->name) : NULL;
  t->list = list;
  g_ptr_array_add(w->found, t);
}

static bool
is_on_path(const struct walk *w, const struct entry *e)
{
  for (unsigned i = 0; i < w->depth; i++) {
    if (w->path[i] == e)
      return true;
  }
  return false;
}

static void walk(struct walk *w, const char *address);

static void
walk_members(struct walk *w, const struct entry *e)
{
  w->path[w->depth++] = e;
  for (char **member = e->members; *member; member++)
    walk(w, *member);
  w->depth--;
}

/* The entry for a local address: the whole of it first, then, outside virtual domains, its name. */
static const struct entry *
entry_of(const struct directory *d, const char *local, const char *domain)
{
  const struct entry *e = NULL;
  if (*domain) {
    g_autofree char *whole = g_strdup_printf("%s@%s", local, domain);
    e = find_entry(d, whole);
  }
  return e || is_virtual_domain(d, domain) ? e : find_entry(d, local);
}

/* The mailbox "work" of bob+work, whatever its case; NULL when there is none. */
static const char *
folder_of(const struct directory *d, const struct store_user *user, const char *tag)
{
  if (!d->uses_folders || !tag)
    return NULL;
  for (guint i = 0; i < user->mailboxes->len; i++) {
    const struct mailbox *b = user->mailboxes->pdata[i];
    if (g_ascii_strcasecmp(b->name, tag) == 0)
      return b->name;
  }
  return NULL;
}

/* True when the name is an entry or a user. */
static bool
walk_name(struct walk *w, const char *address, const char *local, const char *tag)
{
  const struct directory *d = w->directory;
  const char *domain = smtp_domain(address);
  const struct entry *e = entry_of(d, local, domain);
  struct store_user *user = is_virtual_domain(d, domain) ? NULL : store_find_user(d->store, local);
  if (e && !is_on_path(w, e) && w->depth < DIRECTORY_DEPTH_MAX) {
    walk_members(w, e);
    return true;
  }
  if (user) { /* also a member that is its own alias: the mailbox */
    add_target(w, DIRECTORY_MAILBOX, address, user, folder_of(d, user, tag));
    return true;
  }
  if (e)
    add_target(w, DIRECTORY_CIRCLE, address, NULL, NULL);
  return e != NULL;
}

static bool
walk_catch_all(struct walk *w, const char *address)
{
  g_autofree char *name = g_strdup_printf("*@%s", smtp_domain(address));
  const struct entry *e = find_entry(w->directory, name);
  if (!e || is_on_path(w, e) || w->depth >= DIRECTORY_DEPTH_MAX)
    return false;
  walk_members(w, e);
  return true;
}

static void
walk(struct walk *w, const char *address)
{
  const struct directory *d = w->directory;
  if (!directory_is_local(d, address)) {
    add_target(w, DIRECTORY_REMOTE, address, NULL, NULL);
    return;
  }
  const char *at = strrchr(address, '@');
  g_autofree char *local = at ? g_strndup(address, (gsize)(at - address)) : g_strdup(address);
  if (walk_name(w, address, local, NULL))
    return;
  char *tag = d->separator ? strchr(local, d->separator) : NULL;
  if (tag && tag > local) {
    *tag++ = '\0';
    if (walk_name(w, address, local, tag))
      return;
  }
  if (walk_catch_all(w, address))
    return;
  struct store_user *first = store_first_user(d->store);
  if (g_ascii_strcasecmp(local, "postmaster") == 0 && first)
    add_target(w, DIRECTORY_MAILBOX, address, first, NULL);
  else
    add_target(w, DIRECTORY_UNKNOWN, address, NULL, NULL);
}

GPtrArray *
directory_resolve(const struct directory *d, const char *address)
{
  struct walk w = {.directory = d, .found = g_ptr_array_new_with_free_func(target_free)};
  walk(&w, address);
  if (w.found->len == 0) /* an entry without members */
    add_target(&w, DIRECTORY_UNKNOWN, address, NULL, NULL);
  return w.found;
}

char *const *
directory_members(const struct directory *d, const char *address)
{
  if (!directory_is_local(d, address))
    return NULL;
  const char *at = strrchr(address, '@');
  g_autofree char *local = at ? g_strndup(address, (gsize)(at - address)) : g_strdup(address);
  const struct entry *e = entry_of(d, local, smtp_domain(address));
  return e ? e->members : NULL;
}

bool
directory_may_send_as(const struct directory *d, const struct store_user *user, const char *address)
{
  if (!*address || !directory_is_local(d, address))
    return false;
  g_autoptr(GPtrArray) found = directory_resolve(d, address);
  for (guint i = 0; i < found->len; i++) {
    const struct directory_target *t = found->pdata[i];
    if (t->kind == DIRECTORY_MAILBOX && t->user == user && !t->list)
      return true;
  }
  return false;
}
