/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action.c -- the actions of a scenario, begun at their virtual time.
 *
 *     at / after+delay ─> begin (the verb's) ─> … ─> action_finish ─> begin of those after it */
#include "sim/net/action.h"

#include <string.h>

#include "capture/wire/lang.h"

struct action {
  struct actions *actions;
  const struct tree_node *node;
  const struct action_verb *verb;
  void *own;
  char *id, *after;
  uint32_t host;
  int64_t at_ns, delay_ns;
  bool is_over;
  /* while a name is looked for */
  const char *server;
  void (*found)(struct action *a, const struct ip_addr *addr, void *own);
};

struct actions {
  struct net *net;
  struct world *world;
  GPtrArray *list; /* struct action* */
};

/* ---- running ---- */

static void
tell(const struct action *a, const char *state)
{
  world_emit(a->actions->world, a->host, "action", a->id, "%s", state);
}

static void
begin(void *data)
{
  struct action *a = data;
  if (!net_is_ready(a->actions->net, a->host)) { /* it waits for its own address */
    net_when_ready(a->actions->net, a->host, begin, a);
    return;
  }
  tell(a, "started");
  a->verb->begin(a, a->own);
}

void
action_finish(struct action *a, bool is_good)
{
  struct actions *all = a->actions;
  tell(a, is_good ? "done" : "failed");
  a->is_over = true;
  for (guint i = 0; i < all->list->len; i++) {
    struct action *next = all->list->pdata[i];
    if (g_strcmp0(next->after, a->id) == 0)
      world_at(all->world, world_now(all->world) + next->delay_ns, WORLD_APP, next->host, begin,
               next);
  }
}

unsigned
actions_n_left(const struct actions *all)
{
  unsigned n = 0;
  for (guint i = 0; i < all->list->len; i++)
    n += !((const struct action *)all->list->pdata[i])->is_over;
  return n;
}

const struct tree_node *
action_node(const struct action *a)
{
  return a->node;
}

struct net *
action_net(const struct action *a)
{
  return a->actions->net;
}

uint32_t
action_host(const struct action *a)
{
  return a->host;
}

const char *
action_id(const struct action *a)
{
  return a->id;
}

void
action_log(const struct action *a, const char *text)
{
  world_emit(a->actions->world, a->host, "log", a->id, "%s", text);
}

const struct tree_node *
action_place(const struct tree_node *map, const char *key)
{
  const struct tree_node *at = tree_get(map, key);
  return at ? at : map;
}

/* ---- names ---- */

static void
resolved(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct action *a = data;
  if (status == DNS_FOUND && n > 0) {
    a->found(a, &answers[0].addr, a->own);
    return;
  }
  g_autofree char *text =
      g_strdup_printf(lang_text("the name %s has no address", "ชื่อ %s ไม่มีที่อยู่"), a->server);
  action_log(a, text);
  action_finish(a, false);
}

void
action_resolve(struct action *a, const char *server, uint8_t version,
               void (*found)(struct action *a, const struct ip_addr *addr, void *own))
{
  struct ip_addr addr;
  if (ip_addr_parse(server, &addr)) {
    found(a, &addr, a->own);
    return;
  }
  a->server = server;
  a->found = found;
  if (version == 0)
    net_resolve_address(a->actions->net, a->host, server, resolved, a);
  else
    net_resolve(a->actions->net, a->host, server, version == 6 ? DNS_TYPE_AAAA : DNS_TYPE_A,
                resolved, a);
}

/* ---- reading ---- */

static const char *const common_keys[] = {"id", "at", "after", "delay", "host", "do"};

static bool
read_when(struct action *a, GError **error)
{
  const char *after;
  if (!tree_text(a->node, "after", NULL, &after, error) ||
      !tree_duration(a->node, "at", 0, &a->at_ns, error) ||
      !tree_duration(a->node, "delay", 0, &a->delay_ns, error))
    return false;
  if (after && tree_get(a->node, "at"))
    return tree_fail(error, a->node, "%s",
                     lang_text("`at` and `after` exclude each other: remove one",
                               "`at` กับ `after` ใช้พร้อมกันไม่ได้: ลบออกหนึ่งอย่าง"));
  a->after = g_strdup(after);
  if (!after)
    a->at_ns += a->delay_ns;
  return true;
}

static bool
read_host(struct action *a, GError **error)
{
  const char *host;
  if (!tree_text(a->node, "host", "", &host, error))
    return false;
  a->host = net_find_host(a->actions->net, host);
  if (a->host != UINT32_MAX)
    return true;
  return tree_fail(error, action_place(a->node, "host"),
                   lang_text("there is no host \"%s\": name one of `hosts` in `host`",
                             "ไม่มีเครื่อง \"%s\": ระบุชื่อใน `hosts` ให้ `host`"),
                   host);
}

static bool
refuse_verb(const struct action *a, const char *name, const struct action_table *tables,
            unsigned n_tables, GError **error)
{
  g_autoptr(GString) all = g_string_new(NULL);
  for (unsigned t = 0; t < n_tables; t++)
    for (unsigned i = 0; i < tables[t].n; i++)
      g_string_append_printf(all, "%s%s", all->len ? ", " : "", tables[t].verbs[i].name);
  return tree_fail(error, action_place(a->node, "do"),
                   lang_text("`do` is one of %1$s, not \"%2$s\"",
                             "`do` ต้องเป็นอย่างใดอย่างหนึ่งใน %1$s ไม่ใช่ \"%2$s\""),
                   all->str, name);
}

static bool
check_keys(const struct action *a, GError **error)
{
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  for (unsigned i = 0; i < G_N_ELEMENTS(common_keys); i++)
    g_ptr_array_add(keys, (gpointer)common_keys[i]);
  for (const char *const *k = a->verb->keys; *k; k++)
    g_ptr_array_add(keys, (gpointer)*k);
  g_ptr_array_add(keys, NULL);
  return tree_known(a->node, (const char *const *)keys->pdata, error);
}

static bool
read_action(struct action *a, unsigned number, const struct action_table *tables, unsigned n_tables,
            GError **error)
{
  const char *id, *name;
  void *owner = NULL;
  if (a->node->kind != TREE_MAP)
    return tree_fail(error, a->node, "%s",
                     lang_text("an action is a map with `do` and `host`",
                               "การกระทำต้องเป็นแมปที่มี `do` และ `host`"));
  if (!tree_text(a->node, "id", NULL, &id, error) || !tree_text(a->node, "do", "", &name, error))
    return false;
  a->id = id ? g_strdup(id) : g_strdup_printf("%u", number);
  for (unsigned t = 0; t < n_tables && !a->verb; t++) {
    for (unsigned i = 0; i < tables[t].n && !a->verb; i++)
      if (strcmp(tables[t].verbs[i].name, name) == 0)
        a->verb = &tables[t].verbs[i];
    owner = tables[t].owner;
  }
  if (!a->verb)
    return refuse_verb(a, name, tables, n_tables, error);
  return check_keys(a, error) && read_host(a, error) && read_when(a, error) &&
         (a->own = a->verb->read(owner, a, error)) != NULL;
}

static struct action *
find_action(const struct actions *all, const char *id)
{
  for (guint i = 0; i < all->list->len; i++) {
    struct action *a = all->list->pdata[i];
    if (strcmp(a->id, id) == 0)
      return a;
  }
  return NULL;
}

/* Every `after` leads, in the end, to an action with a time. */
static bool
check_order(const struct actions *all, GError **error)
{
  for (guint i = 0; i < all->list->len; i++) {
    const struct action *a = all->list->pdata[i];
    if (find_action(all, a->id) != a)
      return tree_fail(error, a->node,
                       lang_text("two actions have the id \"%s\": rename one",
                                 "มีการกระทำสองรายการที่ใช้ id \"%s\": เปลี่ยนชื่อหนึ่งรายการ"),
                       a->id);
    const struct action *before = a;
    for (guint steps = 0; before->after; steps++) {
      const char *wanted = before->after;
      before = find_action(all, wanted);
      if (!before || steps > all->list->len)
        return tree_fail(
            error, action_place(a->node, "after"),
            before ? lang_text("the actions wait for each other in a circle at \"%s\"",
                               "การกระทำรอกันเป็นวงที่ \"%s\"")
                   : lang_text("there is no action with the id \"%s\"", "ไม่มีการกระทำที่มี id \"%s\""),
            wanted);
    }
  }
  return true;
}

/* ---- life ---- */

static void
action_free(void *data)
{
  struct action *a = data;
  if (a->own && a->verb->free)
    a->verb->free(a->own);
  g_free(a->id);
  g_free(a->after);
  g_free(a);
}

void
actions_free(struct actions *all)
{
  g_ptr_array_unref(all->list);
  g_free(all);
}

static bool
read_all(struct actions *all, const struct tree_node *list, const struct action_table *tables,
         unsigned n_tables, GError **error)
{
  if (list->kind != TREE_LIST || list->children->len > ACTION_LIST_MAX)
    return tree_fail(error, list, "%s",
                     lang_text("`actions` is a list of at most 10,000 actions",
                               "`actions` ต้องเป็นรายการไม่เกิน 10,000 การกระทำ"));
  for (guint i = 0; i < list->children->len; i++) {
    struct action *a = g_new0(struct action, 1);
    a->actions = all;
    a->node = list->children->pdata[i];
    g_ptr_array_add(all->list, a);
    if (!read_action(a, i + 1, tables, n_tables, error))
      return false;
  }
  return check_order(all, error);
}

struct actions *
actions_new(struct net *n, const struct tree_node *list, const struct action_table *tables,
            unsigned n_tables, GError **error)
{
  struct actions *all = g_new0(struct actions, 1);
  all->net = n;
  all->world = net_world(n);
  all->list = g_ptr_array_new_with_free_func(action_free);
  if (list && !read_all(all, list, tables, n_tables, error)) {
    actions_free(all);
    return NULL;
  }
  for (guint i = 0; i < all->list->len; i++) {
    struct action *a = all->list->pdata[i];
    if (!a->after)
      world_at(all->world, a->at_ns, WORLD_APP, a->host, begin, a);
  }
  return all;
}
