/* SPDX-License-Identifier: GPL-3.0-or-later */
/* secure.c -- what a scenario says about TLS becomes sides and layers (sim/tls/tls.h).
 *
 *     services.HOST.tls ─> secure_server ┐
 *     actions[].tls     ─> secure_client ┴─> a layer around each machine that may need it
 */
#include "sim/mail/secure.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/mail/build_private.h"

struct secure {
  struct world *world;
  struct tls *tls;
};

struct secure *
secure_new(struct world *w)
{
  struct secure *s = g_new0(struct secure, 1);
  s->world = w;
  return s;
}

void
secure_free(struct secure *s)
{
  tls_free(s->tls);
  g_free(s);
}

const struct tls *
secure_tls(const struct secure *s)
{
  return s->tls;
}

/* ---- words ---- */

static bool
unknown(const struct tree_node *map, const char *key, const char *words, GError **error)
{
  const struct tree_node *at = map->kind == TREE_MAP ? tree_get(map, key) : map;
  return tree_fail(error, at ? at : map, lang_text("`%1$s` is %2$s", "`%1$s` ต้องเป็น %2$s"), key,
                   words);
}

static bool
use_find(const char *word, enum tls_use *out)
{
  static const char *const words[] = {
      [TLS_NEVER] = "never", [TLS_OPPORTUNISTIC] = "opportunistic", [TLS_REQUIRED] = "required"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    if (strcmp(words[i], word) == 0) {
      *out = (enum tls_use)i;
      return true;
    }
  }
  return false;
}

static bool
read_versions(const struct tree_node *map, enum tls_version *min, enum tls_version *max,
              GError **error)
{
  static const char versions[] = "1.0, 1.1, 1.2, 1.3";
  const char *low, *high;
  if (!tree_text(map, "min", "default", &low, error) ||
      !tree_text(map, "max", "default", &high, error))
    return false;
  if (!tls_version_find(low, min))
    return unknown(map, "min", versions, error);
  if (!tls_version_find(high, max))
    return unknown(map, "max", versions, error);
  if (*min && *max && *min > *max)
    return tree_fail(error, map,
                     lang_text("`min` is above `max`: no version is left",
                               "`min` สูงกว่า `max` จึงไม่เหลือรุ่นใดให้ใช้"));
  return true;
}

/* A complaint of OpenSSL gets the scenario's file and line. */
static bool
placed(const struct tree_node *at, GError *reason, GError **error)
{
  if (!reason)
    return true;
  tree_fail(error, at, "%s", reason->message);
  g_error_free(reason);
  return false;
}

static bool
set_up(struct secure *s, const struct tree_node *at, GError **error)
{
  GError *reason = NULL;
  if (!s->tls)
    s->tls = tls_new(s->world, &reason);
  return placed(at, reason, error);
}

/* ---- clients ---- */

static bool
make_side(struct secure *s, const struct tree_node *at, const struct tls_client_config *config,
          struct secure_client *out, GError **error)
{
  GError *reason = NULL;
  if (!set_up(s, at, error))
    return false;
  out->side = tls_client_new(s->tls, config, &reason);
  return placed(at, reason, error);
}

bool
secure_make_client(struct secure *s, const struct tree_node *node, uint32_t host, enum tls_use use,
                   bool verifies, struct secure_client *out, GError **error)
{
  struct tls_client_config config = {.host = host, .is_lenient = !verifies};
  *out = (struct secure_client){.use = use};
  return use == TLS_NEVER || make_side(s, node, &config, out, error);
}

bool
secure_read_client(struct secure *s, const struct tree_node *action, uint32_t host,
                   struct secure_client *out, GError **error)
{
  static const char *const keys[] = {"use", "min", "max", "certificate", "keeps_clear", NULL};
  const struct tree_node *node = tree_get(action, "tls");
  struct tls_client_config config = {.host = host};
  const char *use = "never";
  bool verifies;
  *out = (struct secure_client){0};
  if (node && node->kind == TREE_MAP) {
    if (!tree_known(node, keys, error) || !read_versions(node, &config.min, &config.max, error) ||
        !tree_text(node, "use", "required", &use, error) ||
        !tree_text(node, "certificate", NULL, &config.user, error) ||
        !tree_bool(node, "keeps_clear", false, &out->keeps_clear, error))
      return false;
  } else if (!tree_text(action, "tls", "never", &use, error)) {
    return false;
  }
  out->is_implicit = strcmp(use, "implicit") == 0;
  if (!out->is_implicit && !use_find(use, &out->use))
    return unknown(node, node->kind == TREE_MAP ? "use" : "tls",
                   "never, opportunistic, required, implicit", error);
  /* who takes clear text when there is nothing else gains nothing by refusing a bad certificate:
   * RFC 7435 */
  if (!tree_bool(action, "verify", out->use != TLS_OPPORTUNISTIC, &verifies, error))
    return false;
  config.is_lenient = !verifies;
  return (!out->is_implicit && out->use == TLS_NEVER) || make_side(s, node, &config, out, error);
}

struct endpoint *
secure_connect(const struct secure_client *client, struct endpoint *machine,
               const char *server_name)
{
  return client->side ? tls_layer_new(client->side, machine, server_name, client->is_implicit)
                      : machine;
}

/* ---- servers ---- */

static bool
read_server_map(const struct tree_node *map, struct tls_server_config *config,
                struct secure_server *out, const char **relay, GError **error)
{
  static const char *const keys[] = {
      "certificate", "key",  "min",  "max", "client_certificate", "starttls", "keeps_clear",
      "relay",       "name", "also", NULL};
  const char *certificate, *key, *ask, *starttls;
  *relay = "opportunistic";
  if (!tree_known(map, keys, error) || !read_versions(map, &config->min, &config->max, error) ||
      !tree_text(map, "certificate", "good", &certificate, error) ||
      !tree_text(map, "key", "p256", &key, error) ||
      !tree_text(map, "client_certificate", "none", &ask, error) ||
      !tree_text(map, "starttls", "offered", &starttls, error) ||
      !tree_text(map, "name", config->name, &config->name, error) ||
      !tree_text(map, "relay", *relay, relay, error) ||
      !tree_bool(map, "keeps_clear", false, &out->keeps_clear, error))
    return false;
  if (!tls_certificate_find(certificate, &config->certificate))
    return unknown(map, "certificate", "good, expired, early, self-signed, wrong-name, weak",
                   error);
  if (!tls_key_find(key, &config->key))
    return unknown(map, "key", "p256, rsa, ed25519", error);
  if (!tls_ask_find(ask, &config->ask))
    return unknown(map, "client_certificate", "none, optional, required", error);
  out->needs = strcmp(starttls, "needed") == 0;
  out->offers = out->needs || strcmp(starttls, "offered") == 0;
  return out->offers || strcmp(starttls, "none") == 0 ||
         unknown(map, "starttls", "none, offered, needed", error);
}

static bool
make_server(struct secure *s, const struct tree_node *at, const struct tls_server_config *config,
            enum tls_use relay, struct secure_server *out, GError **error)
{
  GError *reason = NULL;
  if (!set_up(s, at, error))
    return false;
  out->side = tls_server_new(s->tls, config, &reason);
  return placed(at, reason, error) &&
         secure_make_client(s, at, config->host, relay, relay == TLS_REQUIRED, &out->relay, error);
}

bool
secure_read_server(struct secure *s, const struct tree_node *services, uint32_t host,
                   const char *name, bool is_wanted, struct secure_server *out, GError **error)
{
  const struct tree_node *node = tree_get(services, "tls");
  struct tls_server_config config = {.host = host, .name = name};
  const char *relay = "never";
  enum tls_use use;
  g_auto(GStrv) also = NULL;
  *out = (struct secure_server){0};
  if (node && node->kind == TREE_MAP) {
    if (!read_server_map(node, &config, out, &relay, error) ||
        !build_read_names(node, "also", &also, error))
      return false;
    config.also = also;
    is_wanted = true;
  } else if (node) {
    if (!tree_bool(services, "tls", false, &out->offers, error))
      return false;
    is_wanted |= out->offers;
    relay = out->offers ? "opportunistic" : relay;
  }
  if (!use_find(relay, &use))
    return unknown(node, "relay", "never, opportunistic, required", error);
  return !is_wanted || make_server(s, node ? node : services, &config, use, out, error);
}

struct endpoint *
secure_serve(const struct secure_server *server, struct endpoint *machine, bool is_implicit)
{
  return server->side && (is_implicit || server->offers)
             ? tls_layer_new(server->side, machine, NULL, is_implicit)
             : machine;
}
