/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action.c -- carries out the actions of a scenario at their virtual time.
 *
 *     at / after+delay ─> resolve the server's name ─> connect, client machine ─> done ─> those
 * after it
 *
 * An action is read and checked when the scenario is read; nothing in it can fail later but the
 * network. State events: subject "action", key = id or number, value "started", "done", "failed".
 */
#include "sim/mail/action.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/compose.h"
#include "sim/mail/imap.h"
#include "sim/mail/pop.h"
#include "sim/mail/smtp.h"

enum kind { KIND_SEND, KIND_FETCH_POP, KIND_READ_IMAP, KIND_PING, N_KINDS };

static const char *const kind_names[N_KINDS] = {"send", "fetch-pop", "read-imap", "ping"};

#define PING_INTERVAL_NS INT64_C(1000000000)

/* What one host keeps of the mail it read. */
struct keeper {
  uint32_t host;
  struct actions *actions;
  struct store *store;
  struct mailbox *mailbox;
  GHashTable *known; /* UIDLs of messages that it has */
};

struct action {
  struct actions *actions;
  const struct tree_node *node;
  char *id, *after;
  enum kind kind;
  uint32_t host;
  int64_t at_ns, delay_ns;

  const char *server, *user, *password, *subject;
  uint16_t port;
  enum sasl_mechanism mech;
  struct compose_person from;
  GArray *to; /* struct compose_person */
  char *text;
  const char *attachment_name, *attachment_type;
  GBytes *attachment; /* NULL: made from `size` when it is sent */
  int64_t attachment_octets;
  bool keeps;
  int64_t count;
};

struct actions {
  struct ports *ports;
  struct world *world;
  GPtrArray *list;    /* struct action* */
  GPtrArray *keepers; /* struct keeper* */
};

static void begin(void *data);

/* ---- running ---- */

static void
tell(const struct action *a, const char *state)
{
  world_emit(a->actions->world, a->host, "action", a->id, "%s", state);
}

static void
finish(struct action *a, bool is_good)
{
  struct actions *all = a->actions;
  tell(a, is_good ? "done" : "failed");
  for (guint i = 0; i < all->list->len; i++) {
    struct action *next = all->list->pdata[i];
    if (g_strcmp0(next->after, a->id) == 0)
      world_at(all->world, world_now(all->world) + next->delay_ns, WORLD_APP, next->host, begin,
               next);
  }
}

static void
keeper_event(void *data, const char *subject, const char *key, const char *value)
{
  struct keeper *k = data;
  world_emit(k->actions->world, k->host, subject, key, "%s", value);
}

static struct keeper *
keeper_of(struct actions *all, uint32_t host)
{
  for (guint i = 0; i < all->keepers->len; i++) {
    struct keeper *k = all->keepers->pdata[i];
    if (k->host == host)
      return k;
  }
  struct keeper *k = g_new0(struct keeper, 1);
  k->host = host;
  k->actions = all;
  k->store = store_new(net_host_info(ports_net(all->ports), host).name, keeper_event, k);
  k->mailbox = store_find(store_add_user(k->store, "local", NULL), "INBOX");
  k->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add(all->keepers, k);
  return k;
}

static void
sent(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct action *a = data;
  bool is_good = true;
  for (unsigned i = 0; i < n; i++) {
    is_good &= results[i].outcome == SMTP_OUTCOME_ACCEPTED;
    if (results[i].outcome != SMTP_OUTCOME_ACCEPTED)
      world_emit(a->actions->world, a->host, "log", a->id, "<%s>: %u %s",
                 g_array_index(a->to, struct compose_person, i).address, results[i].code,
                 results[i].text);
  }
  finish(a, is_good);
}

static void
over(void *data, bool is_good)
{
  finish(data, is_good);
}

/* The attachment's octets: as given, or `size` octets that look like some file. */
static GBytes *
attachment_octets(const struct action *a, struct random_stream *random)
{
  if (a->attachment)
    return g_bytes_ref(a->attachment);
  uint8_t *octets = g_malloc((gsize)a->attachment_octets + 1);
  random_octets(random, octets, (size_t)a->attachment_octets);
  return g_bytes_new_take(octets, (gsize)a->attachment_octets);
}

static struct endpoint *
make_sender(struct action *a)
{
  struct world *w = a->actions->world;
  g_autofree char *purpose = g_strdup_printf("letter %s", a->id);
  struct random_stream random = world_random(w, a->host, purpose);
  g_autoptr(GBytes) attachment = a->attachment_name ? attachment_octets(a, &random) : NULL;
  struct compose_letter letter = {.from = a->from,
                                  .to = &g_array_index(a->to, struct compose_person, 0),
                                  .n_to = a->to->len,
                                  .subject = a->subject,
                                  .text = a->text,
                                  .attachment_name = a->attachment_name,
                                  .attachment_type = a->attachment_type,
                                  .attachment = attachment};
  g_autoptr(GBytes) octets = compose_message(&letter, world_now(w), &random);
  g_autoptr(GPtrArray) recipients = g_ptr_array_new();
  for (guint i = 0; i < a->to->len; i++)
    g_ptr_array_add(recipients, (char *)g_array_index(a->to, struct compose_person, i).address);
  char addr[ADDR_TEXT_MAX];
  struct host_info info = net_host_info(ports_net(a->actions->ports), a->host);
  g_autofree char *name = g_strdup_printf("[%s]", ip_addr_format(&info.addr, addr));
  struct smtp_client_config config = {.name = name, /* RFC 5321 4.1.3: a host without a name */
                                      .user = a->user,
                                      .password = a->password,
                                      .mech = a->mech,
                                      .sender = a->from.address,
                                      .recipients = (char *const *)recipients->pdata,
                                      .n_recipients = recipients->len,
                                      .octets = octets,
                                      .done = sent,
                                      .data = a};
  return smtp_client_new(&config);
}

static struct endpoint *
make_popper(struct action *a)
{
  struct keeper *k = keeper_of(a->actions, a->host);
  struct pop_client_config config = {.user = a->user,
                                     .password = a->password,
                                     .into = k->mailbox,
                                     .keeps = a->keeps,
                                     .known = k->known,
                                     .done = over,
                                     .data = a};
  return pop_client_new(&config);
}

static struct endpoint *
make_reader(struct action *a)
{
  struct keeper *k = keeper_of(a->actions, a->host);
  struct imap_client_config config = {
      .user = a->user, .password = a->password, .into = k->mailbox, .done = over, .data = a};
  return imap_client_new(&config);
}

static void
pinged(void *data)
{
  finish(data, true);
}

static void
connect_to(struct action *a, const struct ip_addr *addr)
{
  static struct endpoint *(*const make[N_KINDS])(struct action *) = {
      [KIND_SEND] = make_sender, [KIND_FETCH_POP] = make_popper, [KIND_READ_IMAP] = make_reader};
  struct actions *all = a->actions;
  if (a->kind == KIND_PING) {
    net_ping(ports_net(all->ports), a->host, addr, (unsigned)a->count, PING_INTERVAL_NS);
    world_at(all->world, world_now(all->world) + a->count * PING_INTERVAL_NS, WORLD_APP, a->host,
             pinged, a);
    return;
  }
  ports_connect(all->ports, a->host, addr, a->port, make[a->kind](a), NULL, NULL);
}

static void
resolved(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct action *a = data;
  if (status == DNS_FOUND && n > 0) {
    connect_to(a, &answers[0].addr);
    return;
  }
  world_emit(a->actions->world, a->host, "log", a->id,
             lang_text("the name %s has no address", "ชื่อ %s ไม่มีที่อยู่"), a->server);
  finish(a, false);
}

static void
begin(void *data)
{
  struct action *a = data;
  struct ip_addr addr;
  struct net *net = ports_net(a->actions->ports);
  if (!net_is_ready(net, a->host)) { /* it waits for its own address */
    net_when_ready(net, a->host, begin, a);
    return;
  }
  tell(a, "started");
  if (ip_addr_parse(a->server, &addr))
    connect_to(a, &addr);
  else
    net_resolve(net, a->host, a->server, DNS_TYPE_A, resolved, a);
}

/* ---- reading ---- */

/* Where to point when map[key] is wrong: at it, or at the map when it is missing. */
static const struct tree_node *
place_of(const struct tree_node *map, const char *key)
{
  const struct tree_node *at = tree_get(map, key);
  return at ? at : map;
}

/* A person is an address, or {name: …, address: …}. */
static bool
read_person(const struct tree_node *node, struct compose_person *person, GError **error)
{
  static const char *const keys[] = {"name", "address", NULL};
  *person = (struct compose_person){0};
  if (node->kind == TREE_SCALAR)
    person->address = node->text;
  else if (node->kind == TREE_MAP && (!tree_known(node, keys, error) ||
                                      !tree_text(node, "name", NULL, &person->name, error) ||
                                      !tree_text(node, "address", NULL, &person->address, error)))
    return false;
  g_autofree char *path = g_strdup_printf("<%s>", person->address ? person->address : "");
  g_autofree char *address = NULL;
  size_t n;
  const char *wrong;
  if (!smtp_path_parse(path, strlen(path), false, &address, &n, &wrong) || n != strlen(path))
    return tree_fail(error, node,
                     lang_text("\"%s\" is no address; write one such as alice@alice.test",
                               "\"%s\" ไม่ใช่ที่อยู่อีเมล ให้เขียนเช่น alice@alice.test"),
                     person->address ? person->address : "");
  return true;
}

static bool
read_to(struct action *a, GError **error)
{
  const struct tree_node *to = tree_get(a->node, "to");
  a->to = g_array_new(FALSE, FALSE, sizeof(struct compose_person));
  if (!to || (to->kind == TREE_LIST && to->children->len == 0))
    return tree_fail(error, a->node,
                     lang_text("`send` needs `to`: add `to: bob@bob.test`",
                               "`send` ต้องมี `to`: เพิ่ม `to: bob@bob.test`"));
  for (guint i = 0; i < (to->kind == TREE_LIST ? to->children->len : 1); i++) {
    struct compose_person person;
    if (!read_person(to->kind == TREE_LIST ? to->children->pdata[i] : to, &person, error))
      return false;
    g_array_append_val(a->to, person);
  }
  return true;
}

/* A file beside the scenario. */
static bool
read_file(const struct tree_node *node, const char *name, char **text, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(node->file);
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) reason = NULL;
  if (!g_file_get_contents(path, text, NULL, &reason))
    return tree_fail(error, node, "%s", reason->message);
  if (!g_utf8_validate(*text, -1, NULL))
    return tree_fail(error, node,
                     lang_text("%s is not UTF-8: save it as UTF-8", "%s ไม่ใช่ UTF-8: บันทึกเป็น UTF-8"),
                     path);
  return true;
}

static bool
read_text(struct action *a, GError **error)
{
  const char *text, *file;
  if (!tree_text(a->node, "text", NULL, &text, error) ||
      !tree_text(a->node, "text_file", NULL, &file, error))
    return false;
  if (text && file)
    return tree_fail(error, a->node,
                     lang_text("`text` and `text_file` exclude each other: remove one",
                               "`text` กับ `text_file` ใช้พร้อมกันไม่ได้: ลบออกหนึ่งอย่าง"));
  if (file)
    return read_file(tree_get(a->node, "text_file"), file, &a->text, error);
  a->text = g_strdup(text ? text : "");
  return true;
}

static bool
read_attachment(struct action *a, GError **error)
{
  static const char *const keys[] = {"name", "text", "size", "type", NULL};
  const struct tree_node *node = tree_get(a->node, "attachment");
  const char *text;
  if (!node)
    return true;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("an attachment is a map: {name: plan.txt, text: …}",
                               "ไฟล์แนบต้องเขียนเป็น {name: plan.txt, text: …}"));
  if (!tree_known(node, keys, error) ||
      !tree_text(node, "name", "attachment.txt", &a->attachment_name, error) ||
      !tree_text(node, "text", NULL, &text, error) ||
      !tree_text(node, "type", text ? "text/plain" : NULL, &a->attachment_type, error) ||
      !tree_int(node, "size", 1000, 0, ACTION_ATTACHMENT_MAX, &a->attachment_octets, error))
    return false;
  if (text)
    a->attachment = g_bytes_new(text, strlen(text));
  return true;
}

static bool
read_send(struct action *a, GError **error)
{
  const struct tree_node *from = tree_get(a->node, "from");
  const char *auth;
  if (!from)
    return tree_fail(error, a->node,
                     lang_text("`send` needs `from`: add `from: alice@alice.test`",
                               "`send` ต้องมี `from`: เพิ่ม `from: alice@alice.test`"));
  if (!read_person(from, &a->from, error) || !read_to(a, error) || !read_text(a, error) ||
      !read_attachment(a, error) || !tree_text(a->node, "subject", "", &a->subject, error) ||
      !tree_text(a->node, "auth", "PLAIN", &auth, error))
    return false;
  a->mech = auth_find(auth, strlen(auth));
  if (a->mech == SASL_UNKNOWN)
    return tree_fail(
        error, tree_get(a->node, "auth"),
        lang_text("`auth` is PLAIN, LOGIN or CRAM-MD5", "`auth` ต้องเป็น PLAIN, LOGIN หรือ CRAM-MD5"));
  return true;
}

static bool
read_account(struct action *a, GError **error)
{
  int64_t port;
  int64_t standard = a->kind == KIND_FETCH_POP ? 110 : a->kind == KIND_READ_IMAP ? 143 : 25;
  if (!tree_text(a->node, "server", NULL, &a->server, error) ||
      !tree_text(a->node, "user", NULL, &a->user, error) ||
      !tree_text(a->node, "password", NULL, &a->password, error))
    return false;
  if (a->kind == KIND_SEND && a->user)
    standard = 587;
  if (!tree_int(a->node, "port", standard, 1, 65535, &port, error))
    return false;
  a->port = (uint16_t)port;
  if (!a->server)
    return tree_fail(error, a->node,
                     lang_text("the action needs `server`: a name or an address",
                               "การกระทำนี้ต้องมี `server`: ชื่อหรือที่อยู่"));
  bool logs_in = a->kind == KIND_FETCH_POP || a->kind == KIND_READ_IMAP || a->user;
  if (logs_in && (!a->user || !a->password))
    return tree_fail(error, a->node,
                     lang_text("the action logs in: give `user` and `password`",
                               "การกระทำนี้ต้องเข้าสู่ระบบ: ระบุ `user` และ `password`"));
  for (const char *c = logs_in ? a->user : ""; *c; c++) {
    if ((unsigned char)*c < ' ')
      return tree_fail(error, tree_get(a->node, "user"),
                       lang_text("a name has no control characters", "ชื่อต้องไม่มีอักขระควบคุม"));
  }
  return true;
}

static bool
read_when(struct action *a, GError **error)
{
  const char *after;
  if (!tree_text(a->node, "after", NULL, &after, error) ||
      !tree_duration(a->node, "at", 0, &a->at_ns, error) ||
      !tree_duration(a->node, "delay", 0, &a->delay_ns, error))
    return false;
  if (after && tree_get(a->node, "at"))
    return tree_fail(error, a->node,
                     lang_text("`at` and `after` exclude each other: remove one",
                               "`at` กับ `after` ใช้พร้อมกันไม่ได้: ลบออกหนึ่งอย่าง"));
  a->after = g_strdup(after);
  if (!after)
    a->at_ns += a->delay_ns;
  return true;
}

static bool
read_kind(struct action *a, GError **error)
{
  const char *name, *host;
  if (!tree_text(a->node, "do", "", &name, error) || !tree_text(a->node, "host", "", &host, error))
    return false;
  a->host = net_find_host(ports_net(a->actions->ports), host);
  if (a->host == UINT32_MAX)
    return tree_fail(error, place_of(a->node, "host"),
                     lang_text("there is no host \"%s\": name one of `hosts` in `host`",
                               "ไม่มีเครื่อง \"%s\": ระบุชื่อใน `hosts` ให้ `host`"),
                     host);
  for (int i = 0; i < N_KINDS; i++) {
    if (strcmp(kind_names[i], name) == 0) {
      a->kind = (enum kind)i;
      return true;
    }
  }
  return tree_fail(error, place_of(a->node, "do"),
                   lang_text("`do` is send, fetch-pop, read-imap or ping, not \"%s\"",
                             "`do` ต้องเป็น send, fetch-pop, read-imap หรือ ping ไม่ใช่ \"%s\""),
                   name);
}

static bool
read_action(struct action *a, unsigned number, GError **error)
{
  static const char *const keys[] = {"id",        "at",         "after", "delay",   "host",
                                     "do",        "server",     "port",  "user",    "password",
                                     "auth",      "from",       "to",    "subject", "text",
                                     "text_file", "attachment", "keep",  "count",   NULL};
  const char *id;
  if (a->node->kind != TREE_MAP)
    return tree_fail(error, a->node,
                     lang_text("an action is a map with `do`, `host` and `server`",
                               "การกระทำต้องเป็นแผนที่ที่มี `do`, `host` และ `server`"));
  if (!tree_known(a->node, keys, error) || !tree_text(a->node, "id", NULL, &id, error) ||
      !tree_bool(a->node, "keep", false, &a->keeps, error) ||
      !tree_int(a->node, "count", 1, 1, 1000, &a->count, error))
    return false;
  a->id = id ? g_strdup(id) : g_strdup_printf("%u", number);
  return read_kind(a, error) && read_when(a, error) && read_account(a, error) &&
         (a->kind != KIND_SEND || read_send(a, error));
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
            error, place_of(a->node, "after"),
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
  g_free(a->id);
  g_free(a->after);
  g_free(a->text);
  g_clear_pointer(&a->to, g_array_unref);
  g_clear_pointer(&a->attachment, g_bytes_unref);
  g_free(a);
}

static void
keeper_free(void *data)
{
  struct keeper *k = data;
  store_free(k->store);
  g_hash_table_unref(k->known);
  g_free(k);
}

void
actions_free(struct actions *all)
{
  g_ptr_array_unref(all->list);
  g_ptr_array_unref(all->keepers);
  g_free(all);
}

static bool
read_all(struct actions *all, const struct tree_node *list, GError **error)
{
  if (list->kind != TREE_LIST || list->children->len > ACTION_LIST_MAX)
    return tree_fail(error, list,
                     lang_text("`actions` is a list of at most 10,000 actions",
                               "`actions` ต้องเป็นรายการไม่เกิน 10,000 การกระทำ"));
  for (guint i = 0; i < list->children->len; i++) {
    struct action *a = g_new0(struct action, 1);
    a->actions = all;
    a->node = list->children->pdata[i];
    g_ptr_array_add(all->list, a);
    if (!read_action(a, i + 1, error))
      return false;
  }
  return check_order(all, error);
}

struct actions *
actions_new(struct ports *ports, const struct tree_node *list, GError **error)
{
  struct actions *all = g_new0(struct actions, 1);
  all->ports = ports;
  all->world = ports_world(ports);
  all->list = g_ptr_array_new_with_free_func(action_free);
  all->keepers = g_ptr_array_new_with_free_func(keeper_free);
  if (list && !read_all(all, list, error)) {
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
