/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.c -- makes the mail hosts of a scenario: `services`, `users`, and (action.c) `actions`.
 *
 *     services.HOST ─> store, queue, listeners ─> a machine for every connection
 *     users         ─> accounts and mailboxes in the store of their host
 *
 * The keys stand in build.h. Every complaint names file, line and what to do. */
#include "sim/mail/build.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action.h"
#include "sim/mail/compose.h"
#include "sim/mail/hand.h"
#include "sim/mail/imap.h"
#include "sim/mail/pop.h"
#include "sim/mail/queue.h"
#include "sim/mail/smtp.h"
#include "sim/net/traffic.h"

enum service { SERVICE_SMTP, SERVICE_SUBMISSION, SERVICE_POP3, SERVICE_IMAP, N_SERVICES };

static const struct {
  const char *key;
  uint16_t port;
} services[N_SERVICES] = {[SERVICE_SMTP] = {"smtp", 25},
                          [SERVICE_SUBMISSION] = {"submission", 587},
                          [SERVICE_POP3] = {"pop3", 110},
                          [SERVICE_IMAP] = {"imap", 143}};

struct site;

/* One listener. */
struct listening {
  struct site *site;
  enum service service;
  bool is_auth_required;
};

/* One mail host. */
struct site {
  struct mail *mail;
  uint32_t host;
  char *name;
  char **domains;
  struct store *store;
  struct queue *queue;
  int64_t size_max;
  struct random_stream random;
  unsigned n_nonces;
  struct listening listening[N_SERVICES];
};

struct mail {
  struct net *net;
  struct world *world;
  struct ports *ports;
  GPtrArray *sites; /* struct site* */
  struct traffic *traffic;
  struct mail_verbs *verbs;
  struct actions *actions;
  struct hands *hands; /* NULL unless somebody types */
};

/* ---- machines ---- */

static void
site_event(void *data, const char *subject, const char *key, const char *value)
{
  struct site *s = data;
  world_emit(s->mail->world, s->host, subject, key, "%s", value);
}

/* "<unique@host>" for APOP and CRAM-MD5. */
static char *
nonce(struct site *s)
{
  return g_strdup_printf("<%u.%" G_GUINT64_FORMAT "@%s>", ++s->n_nonces,
                         random_below(&s->random, UINT64_C(1000000000000)), s->name);
}

static struct endpoint *
make_smtp(const struct listening *l, const char *peer, const char *stamp)
{
  struct site *s = l->site;
  bool is_submission = l->service == SERVICE_SUBMISSION;
  struct smtp_server_config config = {.role = is_submission ? SMTP_ROLE_SUBMISSION : SMTP_ROLE_MTA,
                                      .name = s->name,
                                      .peer = peer,
                                      .store = is_submission ? s->store : NULL,
                                      .is_auth_required = l->is_auth_required,
                                      .size_max = (size_t)s->size_max,
                                      .nonce = stamp,
                                      .site = queue_site(s->queue)};
  return smtp_server_new(&config);
}

static struct endpoint *
make(void *data, const char *peer)
{
  const struct listening *l = data;
  struct site *s = l->site;
  g_autofree char *stamp = nonce(s);
  if (l->service == SERVICE_POP3) {
    struct pop_server_config config = {.name = s->name, .store = s->store, .nonce = stamp};
    return pop_server_new(&config);
  }
  if (l->service == SERVICE_IMAP) {
    struct imap_server_config config = {.name = s->name, .store = s->store, .nonce = stamp};
    return imap_server_new(&config);
  }
  return make_smtp(l, peer, stamp);
}

/* ---- services ---- */

/* The texts of a list, or of one scalar; NULL-terminated. False when it is neither. */
static bool
read_names(const struct tree_node *map, const char *key, char ***names, GError **error)
{
  const struct tree_node *node = tree_get(map, key);
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
  if (node && node->kind == TREE_SCALAR)
    g_ptr_array_add(found, g_strdup(node->text));
  for (guint i = 0; node && node->kind == TREE_LIST && i < node->children->len; i++) {
    const struct tree_node *child = node->children->pdata[i];
    if (child->kind != TREE_SCALAR)
      return tree_fail(error, child, lang_text("a name is wanted here", "ตรงนี้ต้องเป็นชื่อ"));
    g_ptr_array_add(found, g_strdup(child->text));
  }
  if (node && node->kind == TREE_MAP)
    return tree_fail(error, node,
                     lang_text("a list is wanted: [one, two]", "ต้องเป็นรายการ: [หนึ่ง, สอง]"));
  g_ptr_array_add(found, NULL);
  *names = (char **)g_ptr_array_steal(found, NULL);
  return true;
}

/* One service of a host: absent, true, false or a map. *port is 0 when it is not wanted. */
static bool
read_service(const struct tree_node *map, enum service service, int64_t *port, bool *auth,
             GError **error)
{
  static const char *const keys[] = {"port", NULL};
  static const char *const submission_keys[] = {"port", "auth", NULL};
  const struct tree_node *node = tree_get(map, services[service].key);
  bool is_submission = service == SERVICE_SUBMISSION, is_wanted = false;
  *port = 0;
  *auth = is_submission;
  if (!node)
    return true;
  if (node->kind == TREE_MAP)
    return tree_known(node, is_submission ? submission_keys : keys, error) &&
           tree_int(node, "port", services[service].port, 1, 65535, port, error) &&
           tree_bool(node, "auth", *auth, auth, error);
  if (!tree_bool(map, services[service].key, false, &is_wanted, error))
    return false;
  if (is_wanted)
    *port = services[service].port;
  return true;
}

static bool
listen_all(struct site *s, const struct tree_node *node, GError **error)
{
  for (int i = 0; i < N_SERVICES; i++) {
    int64_t port;
    bool auth;
    if (!read_service(node, (enum service)i, &port, &auth, error))
      return false;
    if (port == 0)
      continue;
    s->listening[i] =
        (struct listening){.site = s, .service = (enum service)i, .is_auth_required = auth};
    if (!ports_listen(s->mail->ports, s->host, (uint16_t)port, make, &s->listening[i]))
      return tree_fail(error, node,
                       lang_text("port %1$d of this host is taken twice: give %2$s another port",
                                 "พอร์ต %1$d ของเครื่องนี้ถูกใช้ซ้ำ: ให้ %2$s ใช้พอร์ตอื่น"),
                       (int)port, services[i].key);
  }
  return true;
}

static struct site *
find_site(const struct mail *m, uint32_t host)
{
  for (guint i = 0; i < m->sites->len; i++) {
    struct site *s = m->sites->pdata[i];
    if (s->host == host)
      return s;
  }
  return NULL;
}

static void
site_free(void *data)
{
  struct site *s = data;
  g_clear_pointer(&s->queue, queue_free);
  store_free(s->store);
  g_strfreev(s->domains);
  g_free(s->name);
  g_free(s);
}

static bool
read_site(struct mail *m, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name",     "domains", "smtp",  "submission", "pop3", "imap",
                                     "size_max", "relay",   "retry", "expire",     NULL};
  uint32_t host = net_find_host(m->net, node->key);
  if (host == UINT32_MAX)
    return tree_fail(
        error, node,
        lang_text("there is no host \"%s\": add it to `hosts`", "ไม่มีเครื่อง \"%s\": เพิ่มใน `hosts`"),
        node->key);
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("the services of a host are a map: {smtp: {port: 25}}",
                               "บริการของเครื่องต้องเขียนเป็น {smtp: {port: 25}}"));
  struct site *s = g_new0(struct site, 1);
  const char *name;
  bool is_open_relay;
  int64_t retry_ns, expire_ns;
  s->mail = m;
  s->host = host;
  s->random = world_random(m->world, host, "mail");
  s->store = store_new(NULL, site_event, s);
  g_ptr_array_add(m->sites, s);
  if (!tree_known(node, keys, error) || !tree_text(node, "name", node->key, &name, error) ||
      !read_names(node, "domains", &s->domains, error) ||
      !tree_int(node, "size_max", SMTP_SIZE_MAX, 1024, 1 << 30, &s->size_max, error) ||
      !tree_bool(node, "relay", false, &is_open_relay, error) ||
      !tree_duration(node, "retry", 0, &retry_ns, error) ||
      !tree_duration(node, "expire", 0, &expire_ns, error))
    return false;
  s->name = g_strdup(name);
  struct queue_config config = {.ports = m->ports,
                                .host = host,
                                .name = s->name,
                                .domains = s->domains,
                                .store = s->store,
                                .is_open_relay = is_open_relay,
                                .retry_ns = retry_ns,
                                .expire_ns = expire_ns};
  s->queue = queue_new(&config);
  return listen_all(s, node, error);
}

static bool
read_services(struct mail *m, const struct tree_node *node, GError **error)
{
  if (!node)
    return true;
  if (node->kind != TREE_MAP)
    return tree_fail(error, node,
                     lang_text("`services` is a map of hosts", "`services` ต้องเป็นแผนที่ของเครื่อง"));
  for (guint i = 0; i < node->children->len; i++) {
    if (!read_site(m, node->children->pdata[i], error))
      return false;
  }
  return true;
}

/* ---- users ---- */

static bool
add_message(struct site *s, struct store_user *user, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"from", "subject", "text", "mailbox", "seen", NULL};
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
  struct mailbox *b = store_find(user, mailbox);
  if (!b)
    b = store_create(user, mailbox);
  if (!b)
    return tree_fail(error, node,
                     lang_text("\"%s\" cannot be a mailbox name", "\"%s\" ใช้เป็นชื่อกล่องจดหมายไม่ได้"),
                     mailbox);
  g_autofree char *address =
      g_strdup_printf("%s@%s", user->name, s->domains[0] ? s->domains[0] : s->name);
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

static bool
fill_user(struct site *s, struct store_user *user, const struct tree_node *node, GError **error)
{
  g_auto(GStrv) names = NULL;
  int64_t quota;
  if (!read_names(node, "mailboxes", &names, error) ||
      !tree_int(node, "quota", 0, 0, INT64_C(1) << 40, &quota, error))
    return false;
  user->quota_octets = (uint64_t)quota;
  for (char **name = names; *name; name++) {
    if (!store_find(user, *name) && !store_create(user, *name))
      return tree_fail(error, tree_get(node, "mailboxes"),
                       lang_text("\"%s\" cannot be a mailbox name", "\"%s\" ใช้เป็นชื่อกล่องจดหมายไม่ได้"),
                       *name);
  }
  const struct tree_node *messages = tree_get(node, "messages");
  if (messages && messages->kind != TREE_LIST)
    return tree_fail(error, messages, lang_text("`messages` is a list", "`messages` ต้องเป็นรายการ"));
  for (guint i = 0; messages && i < messages->children->len; i++) {
    if (!add_message(s, user, messages->children->pdata[i], error))
      return false;
  }
  return true;
}

static bool
read_user(struct mail *m, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name",      "password", "host", "quota",
                                     "mailboxes", "messages", NULL};
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
  struct site *s = index == UINT32_MAX ? NULL : find_site(m, index);
  if (!s)
    return tree_fail(error, node,
                     lang_text("the `host` of a user must be one of `services`, \"%s\" is not",
                               "`host` ของผู้ใช้ต้องอยู่ใน `services` แต่ไม่มี \"%s\""),
                     host);
  if (store_find_user(s->store, name))
    return tree_fail(
        error, node,
        lang_text("user \"%s\" exists already on this host", "มีผู้ใช้ \"%s\" อยู่แล้วบนเครื่องนี้"), name);
  return fill_user(s, store_add_user(s->store, name, password), node, error);
}

static bool
read_users(struct mail *m, const struct tree_node *node, GError **error)
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

/* ---- life ---- */

struct mail *
mail_new(struct net *n, const struct tree_node *scenario, GError **error)
{
  struct mail *m = g_new0(struct mail, 1);
  m->net = n;
  m->world = net_world(n);
  m->ports = ports_new(n);
  m->sites = g_ptr_array_new_with_free_func(site_free);
  m->traffic = traffic_new(n);
  m->verbs = mail_verbs_new(m->ports);
  const struct action_table tables[] = {mail_verbs_table(m->verbs), traffic_table(m->traffic)};
  if (read_services(m, tree_get(scenario, "services"), error) &&
      read_users(m, tree_get(scenario, "users"), error))
    m->actions = actions_new(n, tree_get(scenario, "actions"), tables, G_N_ELEMENTS(tables), error);
  if (m->actions)
    return m;
  mail_free(m);
  return NULL;
}

bool
mail_plan(struct mail *m, const struct input_log *log, GError **error)
{
  m->hands = hands_new(m->ports, log, error);
  return m->hands != NULL;
}

void
mail_free(struct mail *m)
{
  if (!m)
    return;
  ports_free(m->ports); /* the machines first: they look at stores */
  hands_free(m->hands);
  g_clear_pointer(&m->actions, actions_free);
  mail_verbs_free(m->verbs);
  traffic_free(m->traffic);
  g_ptr_array_unref(m->sites);
  g_free(m);
}
