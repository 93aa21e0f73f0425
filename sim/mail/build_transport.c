/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_transport.c -- how a mail host of a scenario passes mail on: aliases and lists, the queue,
 * and what it decides about those who connect. The keys stand in build.h. */
#include "sim/mail/build_private.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"

#define HOUR_NS INT64_C(3600000000000)

const char *const build_transport_keys[] = {"relay",         "relay_networks",
                                            "relay_domains", "relay_host",
                                            "lmtp_to",       "retry",
                                            "expire",        "warn",
                                            "connections",   "full",
                                            "aliases",       "lists",
                                            "virtual",       "catch_all",
                                            "subaddress",    "subaddress_folders",
                                            "policy",        NULL};

/* ---- who is behind an address ---- */

/* The value of a map's entry as a list of names. */
static bool
read_members(const struct tree_node *map, const struct tree_node *entry, char ***members,
             GError **error)
{
  if (!build_read_names(map, entry->key, members, error))
    return false;
  if ((*members)[0])
    return true;
  g_strfreev(*members);
  return tree_fail(error, entry, "%s",
                   lang_text("an alias needs somebody behind it", "นามแฝงต้องมีผู้รับอย่างน้อยหนึ่งคน"));
}

static bool
add_alias(struct site *s, const struct tree_node *at, const char *name, char **members,
          GError **error)
{
  if (directory_add_alias(s->directory, name, members))
    return true;
  return tree_fail(error, at,
                   lang_text("\"%s\" is there twice, or there are too many aliases",
                             "\"%s\" ซ้ำกัน หรือมีนามแฝงมากเกินไป"),
                   name);
}

static bool
is_map(const struct tree_node *node, GError **error)
{
  if (!node || node->kind == TREE_MAP)
    return true;
  return tree_fail(error, node, "%s",
                   lang_text("a map is wanted: {name: [members]}", "ต้องเขียนเป็น {ชื่อ: [สมาชิก]}"));
}

/* {postmaster: bob, team: [a, b@other.test]}; `domain` is put behind the names of a virtual one. */
static bool
read_aliases(struct site *s, const struct tree_node *map, const char *domain, GError **error)
{
  if (!is_map(map, error))
    return false;
  for (guint i = 0; map && i < map->children->len; i++) {
    const struct tree_node *entry = map->children->pdata[i];
    g_auto(GStrv) members = NULL;
    g_autofree char *name =
        domain ? g_strdup_printf("%s@%s", entry->key, domain) : g_strdup(entry->key);
    if (!read_members(map, entry, &members, error) || !add_alias(s, entry, name, members, error))
      return false;
  }
  return true;
}

static bool
read_virtual(struct site *s, const struct tree_node *map, GError **error)
{
  if (!is_map(map, error))
    return false;
  for (guint i = 0; map && i < map->children->len; i++) {
    const struct tree_node *domain = map->children->pdata[i];
    directory_add_domain(s->directory, domain->key);
    if (!read_aliases(s, domain, domain->key, error))
      return false;
  }
  return true;
}

/* {club: {owner: bob, members: [a, b@other.test]}} */
static bool
read_lists(struct site *s, const struct tree_node *map, GError **error)
{
  static const char *const keys[] = {"owner", "members", NULL};
  if (!is_map(map, error))
    return false;
  for (guint i = 0; map && i < map->children->len; i++) {
    const struct tree_node *list = map->children->pdata[i];
    g_auto(GStrv) members = NULL;
    const char *owner;
    if (!is_map(list, error) || !tree_known(list, keys, error) ||
        !tree_text(list, "owner", "postmaster", &owner, error) ||
        !build_read_names(list, "members", &members, error))
      return false;
    if (!directory_add_list(s->directory, list->key, owner, members))
      return tree_fail(error, list,
                       lang_text("the name \"%s\" or \"%s-owner\" is there already",
                                 "มีชื่อ \"%s\" หรือ \"%s-owner\" อยู่แล้ว"),
                       list->key, list->key);
  }
  return true;
}

static bool
read_catch_all(struct site *s, const struct tree_node *node, GError **error)
{
  const char *who;
  if (!tree_text(node, "catch_all", NULL, &who, error))
    return false;
  for (char **domain = s->domains; who && *domain; domain++) {
    g_autofree char *name = g_strdup_printf("*@%s", *domain);
    char *const members[] = {(char *)who, NULL};
    directory_add_alias(s->directory, name, members);
  }
  return true;
}

/* The domains, and the host's addresses as RFC 5321 4.1.3 writes them: bob@[10.0.2.25] is bob. */
static char **
with_literals(const struct site *s)
{
  GPtrArray *all = g_ptr_array_new();
  for (char **domain = s->domains; *domain; domain++)
    g_ptr_array_add(all, g_strdup(*domain));
  for (uint32_t i = 0; all->len > 0 && i < net_n_addresses(s->mail->net, s->host); i++) {
    struct host_address own = net_address(s->mail->net, s->host, i);
    char text[ADDR_TEXT_MAX];
    g_ptr_array_add(all, g_strdup_printf("[%s%s]", own.addr.version == 6 ? "IPv6:" : "",
                                         ip_addr_format(&own.addr, text)));
  }
  g_ptr_array_add(all, NULL);
  return (char **)g_ptr_array_free(all, FALSE);
}

static bool
read_directory(struct site *s, const struct tree_node *node, GError **error)
{
  const char *separator;
  bool uses_folders;
  g_auto(GStrv) domains = with_literals(s);
  s->directory = directory_new(domains, s->store);
  if (!read_aliases(s, tree_get(node, "aliases"), NULL, error) ||
      !read_lists(s, tree_get(node, "lists"), error) ||
      !read_virtual(s, tree_get(node, "virtual"), error) || !read_catch_all(s, node, error) ||
      !tree_text(node, "subaddress", "", &separator, error) ||
      !tree_bool(node, "subaddress_folders", false, &uses_folders, error))
    return false;
  if (strlen(separator) > 1 || (*separator && !strchr("+-_.=#", *separator)))
    return tree_fail(
        error, tree_get(node, "subaddress"), "%s",
        lang_text("`subaddress` is one character: \"+\"", "`subaddress` เป็นอักขระตัวเดียว: \"+\""));
  directory_set_subaddress(s->directory, *separator, uses_folders);
  return true;
}

/* ---- the queue ---- */

/* "HOST", "HOST:PORT", an address or a name of the DNS; *host newly allocated, NULL when absent. */
static bool
read_place(struct site *s, const struct tree_node *map, const char *key, uint16_t standard_port,
           char **host, uint16_t *port, GError **error)
{
  const char *text;
  guint64 number;
  *port = standard_port;
  if (!tree_text(map, key, NULL, &text, error))
    return false;
  if (!text)
    return true;
  struct ip_addr addr;
  const char *colon = ip_addr_parse(text, &addr) ? NULL : strrchr(text, ':');
  g_autofree char *name = colon ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
  if (colon && !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL))
    return tree_fail(error, tree_get(map, key),
                     lang_text("\"%s\" has no good port; write HOST or HOST:PORT",
                               "\"%s\" มีพอร์ตไม่ถูกต้อง เขียนเป็น HOST หรือ HOST:PORT"),
                     text);
  if (colon)
    *port = (uint16_t)number;
  uint32_t index = net_find_host(s->mail->net, name);
  char digits[ADDR_TEXT_MAX];
  if (index != UINT32_MAX) {
    addr = net_host_info(s->mail->net, index).addr;
    *host = g_strdup(ip_addr_format(&addr, digits));
  } else {
    *host = g_steal_pointer(&name);
  }
  return true;
}

static bool
read_full(const struct tree_node *node, enum queue_full *full, GError **error)
{
  const char *text;
  if (!tree_text(node, "full", "later", &text, error))
    return false;
  *full = strcmp(text, "refuse") == 0 ? QUEUE_FULL_REFUSE : QUEUE_FULL_LATER;
  if (*full == QUEUE_FULL_REFUSE || strcmp(text, "later") == 0)
    return true;
  return tree_fail(error, tree_get(node, "full"), "%s",
                   lang_text("`full` is later or refuse", "`full` ต้องเป็น later หรือ refuse"));
}

static bool
read_queue(struct site *s, const struct tree_node *node, enum queue_full full, GError **error)
{
  struct queue_config config = {.ports = s->mail->ports,
                                .host = s->host,
                                .name = s->name,
                                .directory = s->directory,
                                .full = full,
                                .sends = &s->sends,
                                .secure = s->secure.relay.side ? &s->secure.relay : NULL};
  g_autofree char *relay_host = NULL, *lmtp_host = NULL;
  int64_t connections;
  if (!tree_durations(node, "retry", QUEUE_RETRIES_MAX, config.retry_ns, &config.n_retries,
                      error) ||
      !tree_duration(node, "expire", 0, &config.expire_ns, error) ||
      !tree_duration(node, "warn", 4 * HOUR_NS, &config.warn_ns, error) ||
      !tree_int(node, "connections", QUEUE_CONNECTIONS_MAX, 1, 1000, &connections, error) ||
      !read_place(s, node, "relay_host", 25, &relay_host, &config.relay_port, error) ||
      !read_place(s, node, "lmtp_to", 24, &lmtp_host, &config.lmtp_port, error))
    return false;
  for (unsigned i = 0; i < config.n_retries; i++) {
    if (config.retry_ns[i] <= 0)
      return tree_fail(error, tree_get(node, "retry"), "%s",
                       lang_text("a wait is longer than nothing", "ระยะรอต้องมากกว่าศูนย์"));
  }
  config.connections_max = (unsigned)connections;
  config.relay_host = relay_host;
  config.lmtp_host = lmtp_host;
  s->queue = queue_new(&config);
  return true;
}

/* ---- policy ---- */

static bool
read_networks(struct site *s, const struct tree_node *map, struct policy_config *config,
              GError **error)
{
  const struct tree_node *list = tree_get(map, "relay_networks");
  if (!list)
    return true;
  if (list->kind != TREE_LIST || list->children->len > POLICY_NETWORKS_MAX)
    return tree_fail(error, list,
                     lang_text("`relay_networks` is a list of at most %d networks: [10.0.1.0/24]",
                               "`relay_networks` เป็นรายการเครือข่ายไม่เกิน %d รายการ: [10.0.1.0/24]"),
                     POLICY_NETWORKS_MAX);
  for (guint i = 0; i < list->children->len; i++) {
    struct policy_network *network = &config->networks[config->n_networks++];
    if (!build_prefixed(list->children->pdata[i], &network->addr, &network->prefix, error))
      return false;
  }
  return true;
}

static bool
read_greylist(const struct tree_node *policy, struct policy_greylist *g, GError **error)
{
  static const char *const keys[] = {"delay", "window", "keep", NULL};
  const struct tree_node *map = tree_get(policy, "greylist");
  if (!map)
    return true;
  return is_map(map, error) && tree_known(map, keys, error) &&
         tree_duration(map, "delay", HOUR_NS / 12, &g->delay_ns, error) &&
         tree_duration(map, "window", 24 * HOUR_NS, &g->window_ns, error) &&
         tree_duration(map, "keep", 35 * 24 * HOUR_NS, &g->keep_ns, error);
}

static bool
read_rate(const struct tree_node *policy, struct policy_rate *rate, GError **error)
{
  static const char *const keys[] = {"window",     "connections", "messages",
                                     "recipients", "at_once",     NULL};
  const struct tree_node *map = tree_get(policy, "rate");
  int64_t connections, messages, recipients, at_once;
  if (!map)
    return true;
  if (!is_map(map, error) || !tree_known(map, keys, error) ||
      !tree_duration(map, "window", HOUR_NS / 60, &rate->window_ns, error) ||
      !tree_int(map, "connections", 0, 0, 1000000, &connections, error) ||
      !tree_int(map, "messages", 0, 0, 1000000, &messages, error) ||
      !tree_int(map, "recipients", 0, 0, 1000000, &recipients, error) ||
      !tree_int(map, "at_once", 0, 0, 1000000, &at_once, error))
    return false;
  rate->connections = (unsigned)connections;
  rate->messages = (unsigned)messages;
  rate->recipients = (unsigned)recipients;
  rate->at_once = (unsigned)at_once;
  return true;
}

static bool
read_checks(const struct tree_node *policy, struct policy_config *config, GError **error)
{
  g_auto(GStrv) names = NULL;
  if (!build_read_names(policy, "check", &names, error))
    return false;
  for (char **name = names; *name; name++) {
    bool *wanted = strcmp(*name, "helo") == 0      ? &config->checks_helo
                   : strcmp(*name, "reverse") == 0 ? &config->checks_reverse
                   : strcmp(*name, "sender") == 0  ? &config->checks_sender
                                                   : NULL;
    if (!wanted)
      return tree_fail(error, tree_get(policy, "check"),
                       lang_text("\"%s\" cannot be checked: write helo, reverse or sender",
                                 "ตรวจ \"%s\" ไม่ได้: เขียน helo, reverse หรือ sender"),
                       *name);
    *wanted = true;
  }
  return true;
}

static bool
read_policy_map(const struct tree_node *node, struct policy_config *config, char ***dnsbl,
                GError **error)
{
  static const char *const keys[] = {"own_sender", "complete", "greylist", "rate",
                                     "dnsbl",      "check",    NULL};
  const struct tree_node *map = tree_get(node, "policy");
  config->completes = true;
  if (!map)
    return true;
  if (!is_map(map, error) || !tree_known(map, keys, error) ||
      !tree_bool(map, "own_sender", false, &config->needs_own_sender, error) ||
      !tree_bool(map, "complete", true, &config->completes, error) ||
      !read_greylist(map, &config->greylist, error) || !read_rate(map, &config->rate, error) ||
      !read_checks(map, config, error) || !build_read_names(map, "dnsbl", dnsbl, error))
    return false;
  if (g_strv_length(*dnsbl) > POLICY_ZONES_MAX)
    return tree_fail(error, tree_get(map, "dnsbl"),
                     lang_text("at most %d blocklists", "บัญชีดำได้ไม่เกิน %d บัญชี"), POLICY_ZONES_MAX);
  return true;
}

bool
build_mail_transport(struct site *s, const struct tree_node *node, GError **error)
{
  struct policy_config config = {.ports = s->mail->ports, .host = s->host, .name = s->name};
  g_auto(GStrv) relay_domains = NULL, dnsbl = NULL;
  if (!read_directory(s, node, error) || !read_full(node, &config.full, error) ||
      !read_queue(s, node, config.full, error) ||
      !tree_bool(node, "relay", false, &config.is_open_relay, error) ||
      !build_read_names(node, "relay_domains", &relay_domains, error) ||
      !read_networks(s, node, &config, error) || !read_policy_map(node, &config, &dnsbl, error))
    return false;
  config.directory = s->directory;
  config.queue = s->queue;
  config.relay_domains = relay_domains;
  config.dnsbl = dnsbl;
  s->policy = policy_new(&config);
  return true;
}
