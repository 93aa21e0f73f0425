/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action.c -- what people do with mail: the verbs send, fetch-pop and read-imap of a scenario's
 * timeline (sim/net/action.h). The keys stand in build.h.
 *
 *     begin ─> resolve the server's name ─> connect, client machine ─> action_finish */
#include "sim/mail/action.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/compose.h"
#include "sim/mail/imap.h"
#include "sim/mail/pop.h"
#include "sim/mail/smtp.h"

/* What one host keeps of the mail it read. */
struct keeper {
  uint32_t host;
  struct mail_verbs *verbs;
  struct store *store;
  struct mailbox *mailbox;
  GHashTable *known; /* UIDLs of messages that it has */
};

/* One action: its keys. */
struct errand {
  struct mail_verbs *verbs;
  struct action *action;
  struct endpoint *(*make)(struct errand *e);

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
};

struct mail_verbs {
  struct ports *ports;
  struct world *world;
  GPtrArray *keepers; /* struct keeper* */
};

/* ---- running ---- */

static void
keeper_event(void *data, const char *subject, const char *key, const char *value)
{
  struct keeper *k = data;
  world_emit(k->verbs->world, k->host, subject, key, "%s", value);
}

static struct keeper *
keeper_of(struct mail_verbs *all, uint32_t host)
{
  for (guint i = 0; i < all->keepers->len; i++) {
    struct keeper *k = all->keepers->pdata[i];
    if (k->host == host)
      return k;
  }
  struct keeper *k = g_new0(struct keeper, 1);
  k->host = host;
  k->verbs = all;
  k->store = store_new(net_host_info(ports_net(all->ports), host).name, keeper_event, k);
  k->mailbox = store_find(store_add_user(k->store, "local", NULL), "INBOX");
  k->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add(all->keepers, k);
  return k;
}

static void
sent(void *data, const struct smtp_recipient_result *results, unsigned n)
{
  struct errand *e = data;
  bool is_good = true;
  for (unsigned i = 0; i < n; i++) {
    is_good &= results[i].outcome == SMTP_OUTCOME_ACCEPTED;
    if (results[i].outcome != SMTP_OUTCOME_ACCEPTED)
      world_emit(e->verbs->world, action_host(e->action), "log", action_id(e->action),
                 "<%s>: %u %s", g_array_index(e->to, struct compose_person, i).address,
                 results[i].code, results[i].text);
  }
  action_finish(e->action, is_good);
}

static void
over(void *data, bool is_good)
{
  const struct errand *e = data;
  action_finish(e->action, is_good);
}

/* The attachment's octets: as given, or `size` octets that look like some file. */
static GBytes *
attachment_octets(const struct errand *e, struct random_stream *random)
{
  if (e->attachment)
    return g_bytes_ref(e->attachment);
  uint8_t *octets = g_malloc((gsize)e->attachment_octets + 1);
  random_octets(random, octets, (size_t)e->attachment_octets);
  return g_bytes_new_take(octets, (gsize)e->attachment_octets);
}

static struct endpoint *
make_sender(struct errand *e)
{
  struct world *w = e->verbs->world;
  uint32_t host = action_host(e->action);
  g_autofree char *purpose = g_strdup_printf("letter %s", action_id(e->action));
  struct random_stream random = world_random(w, host, purpose);
  g_autoptr(GBytes) attachment = e->attachment_name ? attachment_octets(e, &random) : NULL;
  struct compose_letter letter = {.from = e->from,
                                  .to = &g_array_index(e->to, struct compose_person, 0),
                                  .n_to = e->to->len,
                                  .subject = e->subject,
                                  .text = e->text,
                                  .attachment_name = e->attachment_name,
                                  .attachment_type = e->attachment_type,
                                  .attachment = attachment};
  g_autoptr(GBytes) octets = compose_message(&letter, world_now(w), &random);
  g_autoptr(GPtrArray) recipients = g_ptr_array_new();
  for (guint i = 0; i < e->to->len; i++)
    g_ptr_array_add(recipients, (char *)g_array_index(e->to, struct compose_person, i).address);
  char addr[ADDR_TEXT_MAX];
  struct host_info info = net_host_info(ports_net(e->verbs->ports), host);
  g_autofree char *name = g_strdup_printf("[%s%s]", info.addr.version == 6 ? "IPv6:" : "",
                                          ip_addr_format(&info.addr, addr));
  struct smtp_client_config config = {.name = name, /* RFC 5321 4.1.3: a host without a name */
                                      .user = e->user,
                                      .password = e->password,
                                      .mech = e->mech,
                                      .sender = e->from.address,
                                      .recipients = (char *const *)recipients->pdata,
                                      .n_recipients = recipients->len,
                                      .octets = octets,
                                      .done = sent,
                                      .data = e};
  return smtp_client_new(&config);
}

static struct endpoint *
make_popper(struct errand *e)
{
  struct keeper *k = keeper_of(e->verbs, action_host(e->action));
  struct pop_client_config config = {.user = e->user,
                                     .password = e->password,
                                     .into = k->mailbox,
                                     .keeps = e->keeps,
                                     .known = k->known,
                                     .done = over,
                                     .data = e};
  return pop_client_new(&config);
}

static struct endpoint *
make_reader(struct errand *e)
{
  struct keeper *k = keeper_of(e->verbs, action_host(e->action));
  struct imap_client_config config = {
      .user = e->user, .password = e->password, .into = k->mailbox, .done = over, .data = e};
  return imap_client_new(&config);
}

static void
connect_to(struct action *action, const struct ip_addr *addr, void *own)
{
  struct errand *e = own;
  ports_connect(e->verbs->ports, action_host(action), addr, e->port, e->make(e), NULL, NULL);
}

static void
begin(struct action *action, void *own)
{
  const struct errand *e = own;
  action_resolve(action, e->server, 0, connect_to);
}

/* ---- reading ---- */

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
read_to(struct errand *e, GError **error)
{
  const struct tree_node *to = tree_get(action_node(e->action), "to");
  e->to = g_array_new(FALSE, FALSE, sizeof(struct compose_person));
  if (!to || (to->kind == TREE_LIST && to->children->len == 0))
    return tree_fail(error, action_node(e->action),
                     lang_text("`send` needs `to`: add `to: bob@bob.test`",
                               "`send` ต้องมี `to`: เพิ่ม `to: bob@bob.test`"));
  for (guint i = 0; i < (to->kind == TREE_LIST ? to->children->len : 1); i++) {
    struct compose_person person;
    if (!read_person(to->kind == TREE_LIST ? to->children->pdata[i] : to, &person, error))
      return false;
    g_array_append_val(e->to, person);
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
read_text(struct errand *e, GError **error)
{
  const char *text, *file;
  if (!tree_text(action_node(e->action), "text", NULL, &text, error) ||
      !tree_text(action_node(e->action), "text_file", NULL, &file, error))
    return false;
  if (text && file)
    return tree_fail(error, action_node(e->action),
                     lang_text("`text` and `text_file` exclude each other: remove one",
                               "`text` กับ `text_file` ใช้พร้อมกันไม่ได้: ลบออกหนึ่งอย่าง"));
  if (file)
    return read_file(tree_get(action_node(e->action), "text_file"), file, &e->text, error);
  e->text = g_strdup(text ? text : "");
  return true;
}

static bool
read_attachment(struct errand *e, GError **error)
{
  static const char *const keys[] = {"name", "text", "size", "type", NULL};
  const struct tree_node *node = tree_get(action_node(e->action), "attachment");
  const char *text;
  if (!node)
    return true;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("an attachment is a map: {name: plan.txt, text: …}",
                               "ไฟล์แนบต้องเขียนเป็น {name: plan.txt, text: …}"));
  if (!tree_known(node, keys, error) ||
      !tree_text(node, "name", "attachment.txt", &e->attachment_name, error) ||
      !tree_text(node, "text", NULL, &text, error) ||
      !tree_text(node, "type", text ? "text/plain" : NULL, &e->attachment_type, error) ||
      !tree_int(node, "size", 1000, 0, ACTION_ATTACHMENT_MAX, &e->attachment_octets, error))
    return false;
  if (text)
    e->attachment = g_bytes_new(text, strlen(text));
  return true;
}

static bool
read_send(struct errand *e, GError **error)
{
  const struct tree_node *from = tree_get(action_node(e->action), "from");
  const char *auth;
  if (!from)
    return tree_fail(error, action_node(e->action),
                     lang_text("`send` needs `from`: add `from: alice@alice.test`",
                               "`send` ต้องมี `from`: เพิ่ม `from: alice@alice.test`"));
  if (!read_person(from, &e->from, error) || !read_to(e, error) || !read_text(e, error) ||
      !read_attachment(e, error) ||
      !tree_text(action_node(e->action), "subject", "", &e->subject, error) ||
      !tree_text(action_node(e->action), "auth", "PLAIN", &auth, error))
    return false;
  e->mech = auth_find(auth, strlen(auth));
  if (e->mech == SASL_UNKNOWN)
    return tree_fail(
        error, tree_get(action_node(e->action), "auth"),
        lang_text("`auth` is PLAIN, LOGIN or CRAM-MD5", "`auth` ต้องเป็น PLAIN, LOGIN หรือ CRAM-MD5"));
  return true;
}

static bool
read_account(struct errand *e, int64_t standard_port, bool logs_in, GError **error)
{
  const struct tree_node *node = action_node(e->action);
  int64_t port;
  if (!tree_text(node, "server", NULL, &e->server, error) ||
      !tree_text(node, "user", NULL, &e->user, error) ||
      !tree_text(node, "password", NULL, &e->password, error) ||
      !tree_int(node, "port", standard_port, 1, 65535, &port, error))
    return false;
  e->port = (uint16_t)port;
  if (!e->server)
    return tree_fail(error, node, "%s",
                     lang_text("the action needs `server`: a name or an address",
                               "การกระทำนี้ต้องมี `server`: ชื่อหรือที่อยู่"));
  if (logs_in && (!e->user || !e->password))
    return tree_fail(error, node, "%s",
                     lang_text("the action logs in: give `user` and `password`",
                               "การกระทำนี้ต้องเข้าสู่ระบบ: ระบุ `user` และ `password`"));
  for (const char *c = logs_in ? e->user : ""; *c; c++) {
    if ((unsigned char)*c < ' ')
      return tree_fail(error, tree_get(node, "user"), "%s",
                       lang_text("a name has no control characters", "ชื่อต้องไม่มีอักขระควบคุม"));
  }
  return true;
}

/* ---- the table ---- */

static void
errand_free(void *own)
{
  struct errand *e = own;
  g_free(e->text);
  g_clear_pointer(&e->to, g_array_unref);
  g_clear_pointer(&e->attachment, g_bytes_unref);
  g_free(e);
}

static struct errand *
errand_new(void *owner, struct action *action, struct endpoint *(*make)(struct errand *e))
{
  struct errand *e = g_new0(struct errand, 1);
  e->verbs = owner;
  e->action = action;
  e->make = make;
  return e;
}

/* The errand, or NULL when reading it failed. */
static void *
kept(struct errand *e, bool is_good)
{
  if (is_good)
    return e;
  errand_free(e);
  return NULL;
}

static void *
read_send_verb(void *owner, struct action *action, GError **error)
{
  struct errand *e = errand_new(owner, action, make_sender);
  const char *user;
  return kept(e, tree_text(action_node(action), "user", NULL, &user, error) &&
                     read_account(e, user ? 587 : 25, user != NULL, error) && read_send(e, error));
}

static void *
read_fetch_verb(void *owner, struct action *action, GError **error)
{
  struct errand *e = errand_new(owner, action, make_popper);
  return kept(e, read_account(e, 110, true, error) &&
                     tree_bool(action_node(action), "keep", false, &e->keeps, error));
}

static void *
read_imap_verb(void *owner, struct action *action, GError **error)
{
  struct errand *e = errand_new(owner, action, make_reader);
  return kept(e, read_account(e, 143, true, error));
}

#define ACCOUNT_KEYS "server", "port", "user", "password"
static const char *const send_keys[] = {ACCOUNT_KEYS, "auth",      "from",       "to", "subject",
                                        "text",       "text_file", "attachment", NULL};
static const char *const fetch_keys[] = {ACCOUNT_KEYS, "keep", NULL};
static const char *const imap_keys[] = {ACCOUNT_KEYS, NULL};

static const struct action_verb verbs[] = {
    {"send", send_keys, read_send_verb, begin, errand_free},
    {"fetch-pop", fetch_keys, read_fetch_verb, begin, errand_free},
    {"read-imap", imap_keys, read_imap_verb, begin, errand_free},
};

struct action_table
mail_verbs_table(struct mail_verbs *all)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), all};
}

/* ---- life ---- */

static void
keeper_free(void *data)
{
  struct keeper *k = data;
  store_free(k->store);
  g_hash_table_unref(k->known);
  g_free(k);
}

struct mail_verbs *
mail_verbs_new(struct ports *ports)
{
  struct mail_verbs *all = g_new0(struct mail_verbs, 1);
  all->ports = ports;
  all->world = ports_world(ports);
  all->keepers = g_ptr_array_new_with_free_func(keeper_free);
  return all;
}

void
mail_verbs_free(struct mail_verbs *all)
{
  g_ptr_array_unref(all->keepers);
  g_free(all);
}
