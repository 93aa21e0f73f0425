/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_user.c -- fills the stores of a scenario's mail hosts: `users`, their mailboxes and
 * messages, and the mailboxes that users share. The keys stand in build.h. */
#include "sim/mail/build_private.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/compose.h"
#include "sim/mail/mailfile.h"

/* ---- users ---- */

/* A message of a user, into the mailbox that it names; or of a shared mailbox, `into`. */
static bool
add_message(struct site *s, struct store_user *user, struct mailbox *into,
            const struct tree_node *node, GError **error)
{
  static const char *const user_keys[] = {"from", "subject", "text", "mailbox", "seen", NULL};
  static const char *const shared_keys[] = {"from", "subject", "text", "seen", NULL};
  const char *const *keys = into ? shared_keys : user_keys;
  const char *from, *subject, *text, *mailbox;
  bool is_seen;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("a message is a map: {from: a@b.test, subject: …, text: …}",
                               "ข้อความต้องเขียนเป็น {from: a@b.test, subject: …, text: …}"));
  if (!tree_known(node, keys, error) ||
      !tree_text(node, "from", "nobody@example.test", &from, error) ||
      !tree_text(node, "subject", "", &subject, error) ||
      !tree_text(node, "text", "", &text, error) ||
      !tree_text(node, "mailbox", "INBOX", &mailbox, error) ||
      !tree_bool(node, "seen", false, &is_seen, error))
    return false;
  struct mailbox *b = into ? into : store_find(user, mailbox);
  if (!b)
    b = store_create(user, mailbox);
  if (!b)
    return tree_fail(error, node,
                     lang_text("\"%s\" cannot be a mailbox name", "\"%s\" ใช้เป็นชื่อกล่องจดหมายไม่ได้"),
                     mailbox);
  g_autofree char *address =
      g_strdup_printf("%s@%s", into ? strrchr(into->name, '/') + 1 : user->name,
                      s->domains[0] ? s->domains[0] : s->name);
  struct compose_person to = {.address = address};
  struct compose_letter letter = {
      .from = {.address = from}, .to = &to, .n_to = 1, .subject = subject, .text = text};
  g_autoptr(GBytes) octets = compose_message(&letter, 0, &s->random);
  if (!store_append(b, octets, is_seen ? FLAG_SEEN : 0, 0, 0))
    return tree_fail(error, node,
                     lang_text("the message does not fit into the user's quota: raise `quota`",
                               "ข้อความเกินโควตาของผู้ใช้: เพิ่ม `quota`"));
  return true;
}

/* `maildir` and `mbox`: files beside the scenario. */
static bool
add_files(struct store_user *user, const struct tree_node *node, GError **error)
{
  const char *names[2], *text;
  if (!tree_text(node, "maildir", NULL, &names[0], error) ||
      !tree_text(node, "mbox", NULL, &names[1], error) ||
      !tree_text(node, "mbox_text", NULL, &text, error))
    return false;
  GError *wrong = NULL;
  if (text && !mbox_read(store_find(user, "INBOX"), (const uint8_t *)text, strlen(text), MBOX_ANY,
                         NULL, &wrong)) {
    tree_fail(error, tree_get(node, "mbox_text"), "%s", wrong->message);
    g_error_free(wrong);
    return false;
  }
  for (unsigned i = 0; i < 2; i++) {
    if (!names[i])
      continue;
    g_autofree char *folder = g_path_get_dirname(node->file);
    g_autofree char *path = g_build_filename(folder, names[i], NULL);
    GError *reason = NULL;
    bool is_good = i == 0 ? maildir_load(user, path, false, NULL, &reason)
                          : mbox_load(store_find(user, "INBOX"), path, MBOX_ANY, NULL, &reason);
    if (is_good)
      continue;
    tree_fail(error, tree_get(node, i == 0 ? "maildir" : "mbox"), "%s", reason->message);
    g_error_free(reason);
    return false;
  }
  return true;
}

static bool
add_messages(struct site *s, struct store_user *user, struct mailbox *into,
             const struct tree_node *node, GError **error)
{
  const struct tree_node *messages = tree_get(node, "messages");
  if (messages && messages->kind != TREE_LIST)
    return tree_fail(error, messages, lang_text("`messages` is a list", "`messages` ต้องเป็นรายการ"));
  for (guint i = 0; messages && i < messages->children->len; i++) {
    if (!add_message(s, user, into, messages->children->pdata[i], error))
      return false;
  }
  return true;
}

/* `token`: a text, or {value: …, expires: 10min}. `account`: good, disabled or expired. */
static bool
read_credentials(struct site *s, const char *name, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"value", "expires", NULL};
  static const char *const states[] = {"good", "disabled", "expired"};
  const struct tree_node *token = tree_get(node, "token");
  const char *value = token && token->kind == TREE_SCALAR ? token->text : NULL, *account;
  int64_t expires_ns = ENDPOINT_NEVER;
  if (token && token->kind == TREE_MAP &&
      (!tree_known(token, keys, error) || !tree_text(token, "value", NULL, &value, error) ||
       !tree_duration(token, "expires", ENDPOINT_NEVER, &expires_ns, error)))
    return false;
  if (token && (!value || !*value))
    return tree_fail(error, token,
                     lang_text("a token is a text, or {value: ya29.abc, expires: 10min}",
                               "โทเค็นเป็นข้อความ หรือ {value: ya29.abc, expires: 10min}"));
  if (value)
    auth_site_add_token(s->auth, name, value, expires_ns);
  if (!tree_text(node, "account", "good", &account, error))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
    if (strcmp(account, states[i]) == 0) {
      auth_site_set_account(s->auth, name, (enum auth_account)i);
      return true;
    }
  }
  return tree_fail(error, tree_get(node, "account"),
                   lang_text("`account` is good, disabled or expired",
                             "`account` ต้องเป็น good, disabled หรือ expired"));
}

/* What mail programs call their special mailboxes, so that they find them (RFC 6154). */
static unsigned
use_of_name(const char *name)
{
  static const struct {
    const char *name;
    unsigned use;
  } uses[] = {{"Archive", STORE_USE_ARCHIVE}, {"Drafts", STORE_USE_DRAFTS},
              {"Junk", STORE_USE_JUNK},       {"Spam", STORE_USE_JUNK},
              {"Sent", STORE_USE_SENT},       {"Trash", STORE_USE_TRASH}};
  for (size_t i = 0; i < G_N_ELEMENTS(uses); i++) {
    if (strcmp(uses[i].name, name) == 0)
      return uses[i].use;
  }
  return 0;
}

static bool
add_mailboxes(struct store_user *user, const struct tree_node *node, GError **error)
{
  g_auto(GStrv) names = NULL;
  if (!build_read_names(node, "mailboxes", &names, error))
    return false;
  for (char **name = names; *name; name++) {
    struct mailbox *b = store_find(user, *name);
    if (!b)
      b = store_create(user, *name);
    if (!b)
      return tree_fail(error, tree_get(node, "mailboxes"),
                       lang_text("\"%s\" cannot be a mailbox name", "\"%s\" ใช้เป็นชื่อกล่องจดหมายไม่ได้"),
                       *name);
    store_subscribe(user, *name);
    if (use_of_name(*name))
      store_set_use(b, use_of_name(*name));
  }
  return true;
}

static bool
fill_user(struct site *s, struct store_user *user, const struct tree_node *node, GError **error)
{
  int64_t quota, quota_messages;
  if (!tree_int(node, "quota", 0, 0, INT64_C(1) << 40, &quota, error) ||
      !tree_int(node, "quota_messages", 0, 0, STORE_MESSAGES_MAX, &quota_messages, error))
    return false;
  user->quota_octets = (uint64_t)quota;
  user->quota_messages = (uint64_t)quota_messages;
  return add_mailboxes(user, node, error) && add_files(user, node, error) &&
         add_messages(s, user, NULL, node, error);
}

static bool
read_user(struct mail *m, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name",      "password", "host",    "quota", "quota_messages",
                                     "mailboxes", "messages", "maildir", "mbox",  "mbox_text",
                                     "token",     "account",  NULL};
  const char *name, *password, *host;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("a user is a map: {name: bob, password: …, host: …}",
                               "ผู้ใช้ต้องเขียนเป็น {name: bob, password: …, host: …}"));
  if (!tree_known(node, keys, error) || !tree_text(node, "name", NULL, &name, error) ||
      !tree_text(node, "password", "", &password, error) ||
      !tree_text(node, "host", "", &host, error))
    return false;
  if (!name || !*name || strpbrk(name, " @<>\t\r\n"))
    return tree_fail(
        error, node,
        lang_text("a user needs a `name` without spaces and @", "ผู้ใช้ต้องมี `name` ที่ไม่มีช่องว่างและ @"));
  uint32_t index = net_find_host(m->net, host);
  struct site *s = index == UINT32_MAX ? NULL : build_find_site(m, index);
  if (!s)
    return tree_fail(error, node,
                     lang_text("the `host` of a user must be one of `services`, \"%s\" is not",
                               "`host` ของผู้ใช้ต้องอยู่ใน `services` แต่ไม่มี \"%s\""),
                     host);
  if (store_find_user(s->store, name))
    return tree_fail(
        error, node,
        lang_text("user \"%s\" exists already on this host", "มีผู้ใช้ \"%s\" อยู่แล้วบนเครื่องนี้"), name);
  return read_credentials(s, name, node, error) &&
         fill_user(s, store_add_user(s->store, name, password), node, error);
}

bool
build_mail_users(struct mail *m, const struct tree_node *node, GError **error)
{
  if (!node)
    return true;
  if (node->kind != TREE_LIST)
    return tree_fail(error, node, lang_text("`users` is a list", "`users` ต้องเป็นรายการ"));
  for (guint i = 0; i < node->children->len; i++) {
    if (!read_user(m, node->children->pdata[i], error))
      return false;
  }
  return true;
}

/* ---- shared mailboxes ---- */

/* A list of users of this host; NULL when the key is not there. */
static bool
read_people(const struct site *s, const struct tree_node *node, const char *key, char ***names,
            GError **error)
{
  *names = NULL;
  if (!tree_get(node, key))
    return true;
  if (!build_read_names(node, key, names, error))
    return false;
  for (char **name = *names; *name; name++) {
    if (!store_find_user(s->store, *name))
      return tree_fail(error, tree_get(node, key),
                       lang_text("\"%s\" is no user of this host: add it to `users`",
                                 "\"%s\" ไม่ใช่ผู้ใช้ของเครื่องนี้: เพิ่มใน `users`"),
                       *name);
  }
  return true;
}

static bool
read_shared(struct site *s, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name", "members", "readers", "messages", NULL};
  const char *name;
  g_auto(GStrv) members = NULL;
  g_auto(GStrv) readers = NULL;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("a shared mailbox is a map: {name: team, members: [alice, bob]}",
                               "กล่องจดหมายร่วมต้องเขียนเป็น {name: team, members: [alice, bob]}"));
  if (!tree_known(node, keys, error) || !tree_text(node, "name", "", &name, error) ||
      !read_people(s, node, "members", &members, error) ||
      !read_people(s, node, "readers", &readers, error))
    return false;
  struct mailbox *b = store_share(s->store, name, members, readers);
  if (!b)
    return tree_fail(error, node,
                     lang_text("\"%s\" cannot be the name of one more shared mailbox",
                               "\"%s\" ใช้เป็นชื่อกล่องจดหมายร่วมอีกกล่องไม่ได้"),
                     name);
  return add_messages(s, b->user, b, node, error);
}

bool
build_mail_shared(struct mail *m, const struct tree_node *services, GError **error)
{
  for (guint i = 0; services && i < services->children->len; i++) {
    const struct tree_node *host = services->children->pdata[i];
    const struct tree_node *list = tree_get(host, "shared");
    if (!list)
      continue;
    if (list->kind != TREE_LIST)
      return tree_fail(error, list, lang_text("`shared` is a list", "`shared` ต้องเป็นรายการ"));
    struct site *s = build_find_site(m, net_find_host(m->net, host->key));
    for (guint k = 0; k < list->children->len; k++) {
      if (!read_shared(s, list->children->pdata[k], error))
        return false;
    }
  }
  return true;
}
