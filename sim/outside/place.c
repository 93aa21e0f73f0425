/* SPDX-License-Identifier: GPL-3.0-or-later */
/* place.c -- gives a scenario that knows no outside a host for it, as a teacher would by hand.
 *
 *     links: lan: {ends: [pc, switch]}      ──>  hosts: outside: {kind: outside, address: free one,
 *     hosts: pc: {address: 10.0.1.10/24, …}              gateway: the pc's}
 *                                                links: outside-link: {ends: [outside, switch]}
 *
 * Works on the tree, before anything is built, so that all checks of a scenario hold for it too.
 * What is odd in the scenario is left for those checks to name. */
#include "sim/outside/place.h"

#include <string.h>

#include "capture/wire/addr.h"
#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"

enum { FREE_FIRST = 200, FREE_LAST = 254 }; /* last octets that scenarios seldom use */

static const char *
text_of(const struct tree_node *map, const char *key)
{
  const struct tree_node *node = map->kind == TREE_MAP ? tree_get(map, key) : NULL;
  return node && node->kind == TREE_SCALAR ? node->text : NULL;
}

static bool
is_kind(const struct tree_node *host, const char *kind)
{
  return g_strcmp0(text_of(host, "kind"), kind) == 0;
}

static const struct tree_node *
host_of_kind(const struct tree_node *hosts, const char *kind)
{
  for (unsigned i = 0; i < hosts->children->len; i++)
    if (is_kind(hosts->children->pdata[i], kind))
      return hosts->children->pdata[i];
  return NULL;
}

/* The switch at the other end of the link that `host` is on, or NULL. */
static const char *
switch_of(const struct tree_node *hosts, const struct tree_node *links, const char *host)
{
  for (unsigned i = 0; i < links->children->len; i++) {
    const struct tree_node *link = links->children->pdata[i];
    const struct tree_node *ends = link->kind == TREE_MAP ? tree_get(link, "ends") : NULL;
    if (!ends || ends->kind != TREE_LIST || ends->children->len != 2)
      continue;
    for (unsigned k = 0; k < 2; k++) {
      const struct tree_node *here = ends->children->pdata[k],
                             *there = ends->children->pdata[1 - k];
      const struct tree_node *other =
          there->kind == TREE_SCALAR ? tree_get(hosts, there->text) : NULL;
      if (here->kind == TREE_SCALAR && strcmp(here->text, host) == 0 && other &&
          is_kind(other, "switch"))
        return other->key;
    }
  }
  return NULL;
}

/* True when an address stands anywhere among the hosts. */
static bool
is_used(const struct tree_node *node, const char *address)
{
  if (node->kind == TREE_SCALAR) {
    size_t n = strlen(address);
    return strncmp(node->text, address, n) == 0 && (node->text[n] == '/' || node->text[n] == '\0');
  }
  for (unsigned i = 0; i < node->children->len; i++)
    if (is_used(node->children->pdata[i], address))
      return true;
  return false;
}

/* A free address on the net of "10.0.1.10/24" or "2001:db8:1::10/64", quoted and with its prefix;
 * NULL when the net is too small to tell. The caller frees it. */
static char *
free_address(const struct tree_node *hosts, const char *neighbour)
{
  g_auto(GStrv) parts = g_strsplit(neighbour, "/", 2);
  struct ip_addr addr;
  guint64 prefix;
  if (g_strv_length(parts) != 2 || !ip_addr_parse(parts[0], &addr) ||
      !g_ascii_string_to_unsigned(parts[1], 10, 8, addr.version == 4 ? 24 : 120, &prefix, NULL))
    return NULL;
  for (unsigned last = FREE_FIRST; last <= FREE_LAST; last++) {
    char text[ADDR_TEXT_MAX];
    addr.octets[addr.version == 4 ? 3 : 15] = (uint8_t)last;
    if (!is_used(hosts, ip_addr_format(&addr, text)))
      return g_strdup_printf("\"%s/%u\"", text, (unsigned)prefix);
  }
  return NULL;
}

/* A free one for each address of a host, "[\"10.0.1.200/24\", …]"; NULL when it has none. */
static char *
free_addresses(const struct tree_node *hosts, const struct tree_node *host)
{
  const struct tree_node *own = host->kind == TREE_MAP ? tree_get(host, "address") : NULL;
  g_autoptr(GString) out = g_string_new("[");
  unsigned n = own && own->kind == TREE_LIST ? own->children->len : own != NULL;
  for (unsigned i = 0; i < n; i++) {
    const struct tree_node *one = own->kind == TREE_LIST ? own->children->pdata[i] : own;
    g_autofree char *text = one->kind == TREE_SCALAR ? free_address(hosts, one->text) : NULL;
    if (text)
      g_string_append_printf(out, "%s%s", out->len > 1 ? ", " : "", text);
  }
  if (out->len == 1)
    return NULL;
  return g_strdup_printf("%s]", out->str);
}

static bool
join_switch(struct tree_node *scenario, const struct tree_node *hosts,
            const struct tree_node *links)
{
  for (unsigned i = 0; i < hosts->children->len; i++) {
    const struct tree_node *host = hosts->children->pdata[i];
    const char *joint = switch_of(hosts, links, host->key), *gateway = text_of(host, "gateway");
    g_autofree char *addresses = joint ? free_addresses(hosts, host) : NULL;
    if (!addresses)
      continue;
    g_autofree char *yaml =
        g_strdup_printf("hosts:\n  outside:\n    kind: outside\n    title: {en: this computer, th: "
                        "เครื่องนี้}\n    address: %s\n%s%s%s"
                        "links:\n  outside-link: {ends: [outside, \"%s\"], delay: 0, queue: 2000}\n",
                        addresses, gateway ? "    gateway: \"" : "", gateway ? gateway : "",
                        gateway ? "\"\n" : "", joint);
    tree_merge(scenario, yaml);
    return true;
  }
  return false;
}

static bool
join_router(struct tree_node *scenario, const struct tree_node *hosts)
{
  const struct tree_node *router = host_of_kind(hosts, "router");
  const struct tree_node *addresses = router ? tree_get(router, "addresses") : NULL;
  if (!addresses || addresses->kind != TREE_MAP)
    return false;
  g_autofree char *yaml =
      g_strdup_printf("hosts:\n  \"%s\":\n    addresses: {outside-link: 198.51.100.1/24}\n"
                      "  outside:\n    kind: outside\n    title: {en: this computer, th: เครื่องนี้}\n"
                      "    address: 198.51.100.2/24\n    gateway: 198.51.100.1\n"
                      "links:\n  outside-link: {ends: [outside, \"%s\"], delay: 0, queue: 2000}\n",
                      router->key, router->key);
  tree_merge(scenario, yaml);
  return true;
}

bool
place_outside(struct tree_node *scenario, GError **error)
{
  const struct tree_node *hosts = tree_get(scenario, "hosts"), *links = tree_get(scenario, "links");
  if (!hosts || hosts->kind != TREE_MAP || host_of_kind(hosts, "outside"))
    return true;
  bool can = links && links->kind == TREE_MAP && !tree_get(hosts, "outside") &&
             !tree_get(links, "outside-link");
  if (can && (join_switch(scenario, hosts, links) || join_router(scenario, hosts)))
    return true;
  return tree_fail(
      error, hosts, "%s",
      lang_text("there is no place for the outside; add a host of kind outside with an "
                "address and a link",
                "ไม่มีที่ให้ภายนอกต่อเข้ามา ให้เพิ่มโฮสต์ชนิด outside พร้อมที่อยู่และลิงก์"));
}
