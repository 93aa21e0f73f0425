/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_service.c -- makes the mail hosts of a scenario: `services`.
 *
 *     services.HOST ─> store, queue, listeners ─> a machine for every connection
 *
 * The keys stand in build.h. */
#include "sim/mail/build_private.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/busy.h"
#include "sim/mail/deflate_layer.h"
#include "sim/mail/imap.h"
#include "sim/mail/pop.h"
#include "sim/mail/smtp.h"

/* A port of implicit TLS (RFC 8314) speaks as another service does in clear. */
static const struct {
  const char *key;
  uint16_t port;
  enum service speaks;
  bool is_implicit;
} services[N_SERVICES] = {
    [SERVICE_SMTP] = {"smtp", 25, SERVICE_SMTP},
    [SERVICE_LMTP] = {"lmtp", 24, SERVICE_LMTP},
    [SERVICE_SUBMISSION] = {"submission", 587, SERVICE_SUBMISSION},
    [SERVICE_SUBMISSIONS] = {"submissions", 465, SERVICE_SUBMISSION, true},
    [SERVICE_POP3] = {"pop3", 110, SERVICE_POP3},
    [SERVICE_POP3S] = {"pop3s", 995, SERVICE_POP3, true},
    [SERVICE_IMAP] = {"imap", 143, SERVICE_IMAP},
    [SERVICE_IMAPS] = {"imaps", 993, SERVICE_IMAP, true},
};

static const char *const protocols[N_SERVICES] = {[SERVICE_SMTP] = "smtp",
                                                  [SERVICE_LMTP] = "lmtp",
                                                  [SERVICE_SUBMISSION] = "smtp",
                                                  [SERVICE_POP3] = "pop3",
                                                  [SERVICE_IMAP] = "imap"};

/* Connections of a host at once, unless the scenario says otherwise: a class of 100 with ten each.
 */
enum { SESSIONS_DEFAULT = 1000, SESSIONS_MAX = 100000 };

/* ---- machines ---- */

static void
site_event(void *data, const char *subject, const char *key, const char *value)
{
  struct site *s = data;
  world_emit(s->mail->world, s->host, subject, key, "%s", value);
}

static struct endpoint *
make_smtp(const struct listening *l, const char *peer)
{
  struct site *s = l->site;
  enum service speaks = services[l->service].speaks;
  bool is_submission = speaks == SERVICE_SUBMISSION;
  struct smtp_lenience lenience = l->smtp.lenience;
  lenience.keeps_clear_input = s->secure.keeps_clear;
  struct smtp_server_config config = {.role = is_submission            ? SMTP_ROLE_SUBMISSION
                                              : speaks == SERVICE_LMTP ? SMTP_ROLE_LMTP
                                                                       : SMTP_ROLE_MTA,
                                      .name = s->name,
                                      .peer = peer,
                                      .auth = is_submission ? s->auth : NULL,
                                      .is_auth_required = l->is_auth_required,
                                      .size_max = (size_t)s->size_max,
                                      .offers_tls = s->secure.offers,
                                      .needs_tls = s->secure.needs,
                                      .without = l->smtp.without,
                                      .vrfy = l->smtp.vrfy,
                                      .expn = l->smtp.expn,
                                      .help = l->smtp.help,
                                      .greet_pause_ns = l->smtp.greet_pause_ns,
                                      .lenience = lenience,
                                      .site = policy_site(s->policy)};
  return smtp_server_new(&config);
}

static struct endpoint *
make_machine(const struct listening *l, const char *peer)
{
  struct site *s = l->site;
  if (services[l->service].speaks == SERVICE_POP3) {
    struct pop_server_config config = {.name = s->name,
                                       .store = s->store,
                                       .policy = &s->pop,
                                       .auth = s->auth,
                                       .peer = peer,
                                       .offers_tls = s->secure.offers,
                                       .needs_tls = s->secure.needs,
                                       .keeps_clear = s->secure.keeps_clear};
    return pop_server_new(&config);
  }
  if (services[l->service].speaks == SERVICE_IMAP) {
    struct imap_server_config config = {.name = s->name,
                                        .store = s->store,
                                        .auth = s->auth,
                                        .peer = peer,
                                        .offers_tls = s->secure.offers,
                                        .needs_tls = s->secure.needs,
                                        .keeps_clear = s->secure.keeps_clear,
                                        .offers_deflate = s->compresses_imap,
                                        .is_literal_minus = s->is_literal_minus};
    return deflate_layer_new(imap_server_new(&config));
  }
  return make_smtp(l, peer);
}

static struct endpoint *
make(void *data, const char *peer)
{
  const struct listening *l = data;
  const struct site *s = l->site;
  bool is_busy = ports_n_accepted(s->mail->ports, s->host) >= s->sessions_max;
  struct endpoint *machine = is_busy
                                 ? busy_server_new(protocols[services[l->service].speaks], s->name)
                                 : make_machine(l, peer);
  return secure_serve(&s->secure, machine, services[l->service].is_implicit);
}

/* ---- services ---- */

bool
build_read_names(const struct tree_node *map, const char *key, char ***names, GError **error)
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

/* The keys of a service's map: its port, submission's `auth`, and the switches of its protocol. */
static bool
known_service_keys(const struct tree_node *node, enum service speaks, GError **error)
{
  static const char *const pop_keys[] = {"expire", "login_delay", "utf8", "update_fails", NULL};
  static const char *const imap_keys[] = {"compress", "literal_minus", NULL};
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  bool is_smtp = speaks == SERVICE_SMTP || speaks == SERVICE_LMTP || speaks == SERVICE_SUBMISSION;
  g_ptr_array_add(all, (char *)"port");
  if (speaks == SERVICE_SUBMISSION)
    g_ptr_array_add(all, (char *)"auth");
  for (const char *const *key = build_smtp_keys; is_smtp && *key; key++)
    g_ptr_array_add(all, (char *)*key);
  for (const char *const *key = pop_keys; speaks == SERVICE_POP3 && *key; key++)
    g_ptr_array_add(all, (char *)*key);
  for (const char *const *key = imap_keys; speaks == SERVICE_IMAP && *key; key++)
    g_ptr_array_add(all, (char *)*key);
  g_ptr_array_add(all, NULL);
  return tree_known(node, (const char *const *)all->pdata, error);
}

/* One service of a host: absent, true, false or a map. *port is 0 when it is not wanted. */
static bool
read_service(const struct tree_node *map, enum service service, int64_t *port, bool *auth,
             GError **error)
{
  const struct tree_node *node = tree_get(map, services[service].key);
  bool is_submission = services[service].speaks == SERVICE_SUBMISSION, is_wanted = false;
  *port = 0;
  *auth = is_submission;
  if (!node)
    return true;
  if (node->kind == TREE_MAP)
    return known_service_keys(node, services[service].speaks, error) &&
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
    if (i == SERVICE_LMTP && port == 25) /* RFC 2033 5 */
      return tree_fail(error, tree_get(node, "lmtp"),
                       lang_text("LMTP must not be served on port 25: use 24",
                                 "ห้ามให้บริการ LMTP ที่พอร์ต 25: ใช้พอร์ต 24"));
    s->listening[i] = (struct listening){
        .site = s, .service = (enum service)i, .port = (uint16_t)port, .is_auth_required = auth};
    if (!build_smtp_read(tree_get(node, services[i].key), &s->listening[i].smtp, error))
      return false;
    s->sends.bare |= s->listening[i].smtp.lenience.passes_bare;
    if (!ports_listen(s->mail->ports, s->host, (uint16_t)port, make, &s->listening[i]))
      return tree_fail(error, node,
                       lang_text("port %1$d of this host is taken twice: give %2$s another port",
                                 "พอร์ต %1$d ของเครื่องนี้ถูกใช้ซ้ำ: ให้ %2$s ใช้พอร์ตอื่น"),
                       (int)port, services[i].key);
  }
  return true;
}

uint16_t
mail_service_port(const struct mail *m, uint32_t host, const char *service)
{
  const struct site *s = build_find_site(m, host);
  for (int i = 0; s && i < N_SERVICES; i++)
    if (strcmp(services[i].key, service) == 0)
      return s->listening[i].port;
  return 0;
}

/* The switches of IMAP; those of `imap` are also those of `imaps`. */
static bool
read_imap(struct site *s, const struct tree_node *host, GError **error)
{
  const struct tree_node *node = tree_get(host, "imap");
  if (!node || node->kind != TREE_MAP)
    node = tree_get(host, "imaps");
  s->compresses_imap = true;
  return !node || node->kind != TREE_MAP ||
         (tree_bool(node, "compress", true, &s->compresses_imap, error) &&
          tree_bool(node, "literal_minus", false, &s->is_literal_minus, error));
}

struct site *
build_find_site(const struct mail *m, uint32_t host)
{
  for (guint i = 0; i < m->sites->len; i++) {
    struct site *s = m->sites->pdata[i];
    if (s->host == host)
      return s;
  }
  return NULL;
}

void
build_site_free(void *data)
{
  struct site *s = data;
  policy_free(s->policy);
  g_clear_pointer(&s->queue, queue_free);
  g_clear_pointer(&s->directory, directory_free);
  auth_site_free(s->auth);
  store_free(s->store);
  g_strfreev(s->domains);
  g_free(s->name);
  g_free(s);
}

/* Is a port of implicit TLS served? */
static bool
has_implicit(const struct tree_node *node)
{
  for (int i = 0; i < N_SERVICES; i++) {
    if (services[i].is_implicit && tree_get(node, services[i].key))
      return true;
  }
  return false;
}

/* The keys of this file and those of build_transport.c. */
static bool
known_keys(const struct tree_node *node, const char *const *own, GError **error)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  for (; *own; own++)
    g_ptr_array_add(all, (char *)*own);
  for (const char *const *key = build_transport_keys; *key; key++)
    g_ptr_array_add(all, (char *)*key);
  g_ptr_array_add(all, NULL);
  return tree_known(node, (const char *const *)all->pdata, error);
}

static bool
read_site(struct mail *m, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name",   "domains", "smtp",     "submission", "pop3",
                                     "lmtp",   "imap",    "size_max", "sessions",   "submissions",
                                     "pop3s",  "imaps",   "tls",      "auth",       "sends",
                                     "shared", NULL};
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
  s->mail = m;
  s->host = host;
  s->random = world_random(m->world, host, "mail");
  s->store = store_new(NULL, site_event, s);
  g_ptr_array_add(m->sites, s);
  if (!known_keys(node, keys, error) || !tree_text(node, "name", node->key, &name, error) ||
      !build_read_names(node, "domains", &s->domains, error) ||
      !tree_int(node, "size_max", SMTP_SIZE_MAX, 1024, 1 << 30, &s->size_max, error) ||
      !tree_int(node, "sessions", SESSIONS_DEFAULT, 1, SESSIONS_MAX, &s->sessions_max, error))
    return false;
  struct auth_policy policy;
  const struct tree_node *pop =
      tree_get(node, "pop3") ? tree_get(node, "pop3") : tree_get(node, "pop3s");
  s->pop = pop_policy_default;
  if (!auth_policy_read(node, &policy, error) || (pop && !pop_policy_read(pop, &s->pop, error)) ||
      !read_imap(s, node, error))
    return false;
  s->name = g_strdup(name);
  struct random_stream random = world_random(m->world, host, "auth");
  s->auth = auth_site_new(&policy, s->store, s->name, &random);
  return build_smtp_sends(node, &s->sends, error) &&
         secure_read_server(m->secure, node, host, name, has_implicit(node), &s->secure, error) &&
         build_mail_transport(s, node, error) && listen_all(s, node, error);
}

bool
build_mail_services(struct mail *m, const struct tree_node *node, GError **error)
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
