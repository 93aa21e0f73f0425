/* SPDX-License-Identifier: GPL-3.0-or-later */
/* action.c -- what people do with mail: the verbs of a scenario's timeline (sim/net/action.h). The
 * keys stand in build.h; each verb's own are read in action_send.c, action_read.c and
 * action_talk.c.
 *
 *     begin ─> resolve the server's name ─> connect, client machine ─> action_finish */
#include "sim/mail/action.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/action_errand.h"
#include "sim/mail/action_letter.h"
#include "sim/mail/pop_client.h"

/* ---- what hosts keep ---- */

static void
keeper_event(void *data, const char *subject, const char *key, const char *value)
{
  struct keeper *k = data;
  world_emit(k->verbs->world, k->host, subject, key, "%s", value);
}

static void
cache_free(void *cache)
{
  imap_changes_clear(cache);
  imap_cache_free(cache);
}

struct keeper *
action_keeper(struct mail_verbs *all, uint32_t host)
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
  k->known = pop_known_new();
  k->caches = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, cache_free);
  g_ptr_array_add(all->keepers, k);
  return k;
}

struct imap_cache *
action_cache(struct errand *e)
{
  struct keeper *k = action_keeper(e->verbs, action_host(e->action));
  char *account = g_strdup_printf("%s@%s", e->user, e->server);
  struct imap_cache *cache = g_hash_table_lookup(k->caches, account);
  if (cache) {
    g_free(account);
    return cache;
  }
  cache = imap_cache_new(net_host_info(ports_net(e->verbs->ports), k->host).name, keeper_event, k);
  g_hash_table_insert(k->caches, account, cache);
  return cache;
}

/* ---- running ---- */

static void
connect_to(struct action *action, const struct ip_addr *addr, void *own)
{
  struct errand *e = own;
  ports_connect(e->verbs->ports, action_host(action), addr, e->port,
                secure_connect(&e->secure, e->make(e), e->server), NULL, NULL);
}

void
action_errand_begin(struct action *action, void *own)
{
  const struct errand *e = own;
  action_resolve(action, e->server, 0, connect_to);
}

void
action_errand_over(void *data, bool is_good)
{
  const struct errand *e = data;
  action_finish(e->action, is_good);
}

const struct random_stream *
action_errand_random(struct errand *e)
{
  g_autofree char *purpose = g_strdup_printf("auth %s", action_id(e->action));
  e->random = world_random(e->verbs->world, action_host(e->action), purpose);
  return &e->random;
}

/* ---- reading ---- */

/* How to log in. */
static bool
read_auth(struct errand *e, const struct tree_node *node, GError **error)
{
  const char *auth;
  bool is_clear;
  if (!tree_text(node, "auth", NULL, &auth, error) ||
      !tree_text(node, "token", NULL, &e->token, error) ||
      !tree_text(node, "authzid", NULL, &e->authzid, error) ||
      !tree_bool(node, "clear", true, &is_clear, error))
    return false;
  e->is_careful = !is_clear;
  if (!auth)
    return true;
  e->mech = auth_find(auth, strlen(auth));
  if (e->mech == AUTH_NONE)
    return tree_fail(error, tree_get(node, "auth"), "%s",
                     lang_text("`auth` is best, or a mechanism such as PLAIN, CRAM-MD5 or "
                               "SCRAM-SHA-256",
                               "`auth` ต้องเป็น best หรือกลไก เช่น PLAIN, CRAM-MD5 หรือ "
                               "SCRAM-SHA-256"));
  if ((e->mech == AUTH_XOAUTH2 || e->mech == AUTH_OAUTHBEARER) && !e->token)
    return tree_fail(
        error, tree_get(node, "auth"), "%s",
        lang_text("this mechanism shows a token: give `token`", "กลไกนี้ใช้โทเค็น: ระบุ `token`"));
  return true;
}

/* Where a service is served with implicit TLS (RFC 8314). */
static int64_t
implicit_port(int64_t port)
{
  return port == 110 ? 995 : port == 143 ? 993 : 465;
}

bool
action_read_account(struct errand *e, int64_t standard_port, bool logs_in, GError **error)
{
  const struct tree_node *node = action_node(e->action);
  int64_t port;
  if (!tree_text(node, "server", NULL, &e->server, error) ||
      !tree_text(node, "user", NULL, &e->user, error) ||
      !tree_text(node, "password", NULL, &e->password, error) ||
      !secure_read_client(e->verbs->secure, node, action_host(e->action), &e->secure, error) ||
      !tree_int(node, "port", e->secure.is_implicit ? implicit_port(standard_port) : standard_port,
                1, 65535, &port, error) ||
      !read_auth(e, node, error))
    return false;
  e->port = (uint16_t)port;
  if (!e->server)
    return tree_fail(error, node, "%s",
                     lang_text("the action needs `server`: a name or an address",
                               "การกระทำนี้ต้องมี `server`: ชื่อหรือที่อยู่"));
  bool needs_password = e->mech != AUTH_EXTERNAL && e->mech != AUTH_ANONYMOUS && !e->token;
  if (logs_in && (!e->user || (needs_password && !e->password)))
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

void
action_errand_free(void *own)
{
  struct errand *e = own;
  g_free(e->text);
  g_clear_pointer(&e->to, g_array_unref);
  if (e->own)
    e->own_free(e->own);
  g_free(e);
}

struct errand *
action_errand_new(void *owner, struct action *action, struct endpoint *(*make)(struct errand *e))
{
  struct errand *e = g_new0(struct errand, 1);
  e->verbs = owner;
  e->action = action;
  e->make = make;
  return e;
}

/* The errand, or NULL when reading it failed. */
void *
action_errand_kept(struct errand *e, bool is_good)
{
  if (is_good)
    return e;
  action_errand_free(e);
  return NULL;
}

/* ---- the table ---- */

#define ACCOUNT_KEYS                                                                               \
  "server", "port", "tls", "verify", "user", "password", "auth", "token", "authzid", "clear"
#define SMTP_KEYS "pipelining", "chunking", "chunk", "copies", "notify", "return", "envelope_id"

static const char *const send_keys[] = {ACCOUNT_KEYS, "from",      "to",        "subject",
                                        "text",       "text_file", "html_file", ACTION_LETTER_KEYS,
                                        SMTP_KEYS,    NULL};
static const char *const fetch_keys[] = {ACCOUNT_KEYS, "keep",   "delete_after",
                                         "headers",    "wanted", "size_max",
                                         "pipeline",   "quit",   NULL};
static const char *const imap_keys[] = {ACCOUNT_KEYS, "mailbox",  "mode",     "line",
                                        "keep",       "pipeline", "compress", "identify",
                                        "chunk",      "ignore",   "steps",    NULL};
static const char *const talk_keys[] = {"server", "port", "tls",      "verify", "protocol",
                                        "lines",  "pace", "patience", NULL};

static const struct action_verb verbs[] = {
    {"send", send_keys, action_read_send, action_errand_begin, action_errand_free},
    {"fetch-pop", fetch_keys, action_read_fetch_pop, action_errand_begin, action_errand_free},
    {"read-imap", imap_keys, action_read_imap, action_begin_imap, action_errand_free},
    {"talk", talk_keys, action_read_talk, action_errand_begin, action_errand_free},
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
  g_hash_table_unref(k->caches);
  g_free(k);
}

struct mail_verbs *
mail_verbs_new(struct ports *ports, struct secure *secure)
{
  struct mail_verbs *all = g_new0(struct mail_verbs, 1);
  all->ports = ports;
  all->secure = secure;
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
