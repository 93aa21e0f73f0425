/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_route.c -- addresses and routes of a scenario: what refers to hosts and links by
 * name.
 *
 * A host's routes are its own nets, then `routes`, then `gateway` as 0.0.0.0/0; the longest prefix
 * wins. Every next hop must lie on a net of the host, otherwise nobody could ever answer its ARP.
 */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"

static uint32_t
mask_of(unsigned prefix)
{
  return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

/* "10.0.1.10/24" */
static bool
read_prefixed(const struct tree_node *node, struct ip_addr *addr, uint8_t *prefix, GError **error)
{
  const char *text = node->kind == TREE_SCALAR ? node->text : "";
  g_auto(GStrv) parts = g_strsplit(text, "/", 2);
  guint64 n;
  if (g_strv_length(parts) == 2 && ip_addr_parse(parts[0], addr) && addr->version == 4 &&
      g_ascii_string_to_unsigned(parts[1], 10, 0, 32, &n, NULL)) {
    *prefix = (uint8_t)n;
    return true;
  }
  return tree_fail(error, node,
                   lang_text("\"%s\" is no IPv4 address with prefix; write it like 10.0.1.10/24",
                             "\"%s\" ไม่ใช่ที่อยู่ IPv4 พร้อม prefix ให้เขียนแบบ 10.0.1.10/24"),
                   text);
}

static bool
refuse_clash(struct net *n, const struct tree_node *node, const struct ip_addr *addr,
             GError **error)
{
  char text[ADDR_TEXT_MAX];
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (n->hosts[i]->claim == HOST_CLAIM_NONE && host_has_addr(n->hosts[i], addr))
      return tree_fail(error, node,
                       lang_text("the address %s is already host \"%s\"'s; give each host its own",
                                 "ที่อยู่ %s เป็นของโฮสต์ \"%s\" อยู่แล้ว ให้แต่ละโฮสต์มีที่อยู่ของตัวเอง"),
                       ip_addr_format(addr, text), n->hosts[i]->name);
  return true;
}

static bool
set_address(struct net *n, struct iface *i, const struct tree_node *node, GError **error)
{
  struct ip_addr addr;
  uint8_t prefix;
  if (!read_prefixed(node, &addr, &prefix, error))
    return false;
  uint32_t host_part = addr_number(&addr) & ~mask_of(prefix);
  if (prefix == 0 || addr.octets[0] == 0 || addr.octets[0] == 127 || addr.octets[0] >= 224 ||
      (prefix < 31 && (host_part == 0 || host_part == ~mask_of(prefix))))
    return tree_fail(error, node,
                     lang_text("%s is no address for one host (net, broadcast, loopback or group); "
                               "choose another",
                               "%s ไม่ใช่ที่อยู่ของโฮสต์เดียว (เป็นเครือข่าย บรอดแคสต์ ลูปแบ็ก หรือกลุ่ม) "
                               "ให้เลือกที่อยู่อื่น"),
                     node->text);
  if (i->host->claim == HOST_CLAIM_NONE && !refuse_clash(n, node, &addr, error))
    return false;
  iface_add_addr(i, &addr, prefix);
  return true;
}

static struct iface *
iface_on(struct host *h, const char *link)
{
  for (uint32_t i = 0; i < h->n_ifaces; i++)
    if (strcmp(h->ifaces[i].link->name, link) == 0)
      return &h->ifaces[i];
  return NULL;
}

static bool
read_addresses(struct net *n, struct host *h, const struct tree_node *map, GError **error)
{
  if (map->kind != TREE_MAP)
    return tree_fail(error, map, "%s",
                     lang_text("\"addresses\" is a map from link to address: {lan: 10.0.1.1/24}",
                               "\"addresses\" เป็นแมปจากลิงก์ไปยังที่อยู่: {lan: 10.0.1.1/24}"));
  for (unsigned k = 0; k < map->children->len; k++) {
    const struct tree_node *node = map->children->pdata[k];
    struct iface *i = iface_on(h, node->key);
    if (!i) {
      g_autofree const char **names = g_new0(const char *, h->n_ifaces + 1);
      for (uint32_t m = 0; m < h->n_ifaces; m++)
        names[m] = h->ifaces[m].link->name;
      g_autofree char *all = g_strjoinv(", ", (char **)names);
      return tree_fail(error, node,
                       lang_text("host \"%1$s\" is not on a link \"%2$s\"; its links: %3$s",
                                 "โฮสต์ \"%1$s\" ไม่ได้อยู่บนลิงก์ \"%2$s\" ลิงก์ที่มี: %3$s"),
                       h->name, node->key, all);
    }
    if (!set_address(n, i, node, error))
      return false;
  }
  return true;
}

bool
build_host_addresses(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  const struct tree_node *one = tree_get(node, "address"), *many = tree_get(node, "addresses");
  const struct tree_node *any = one ? one : many;
  if (any && h->kind == HOST_SWITCH)
    return tree_fail(
        error, any,
        lang_text("\"%s\" is a switch, which has no IP address; remove it or make it a router",
                  "\"%s\" เป็นสวิตช์ซึ่งไม่มีที่อยู่ IP ให้ลบออกหรือเปลี่ยนเป็นเราเตอร์"),
        h->name);
  if (!any && h->kind != HOST_SWITCH)
    return tree_fail(error, node,
                     lang_text("host \"%s\" has no address; write address: 10.0.1.10/24",
                               "โฮสต์ \"%s\" ไม่มีที่อยู่ ให้เขียน address: 10.0.1.10/24"),
                     h->name);
  if (any && h->n_ifaces == 0)
    return tree_fail(error, any,
                     lang_text("host \"%s\" has an address but no link; add a link that ends at it",
                               "โฮสต์ \"%s\" มีที่อยู่แต่ไม่มีลิงก์ ให้เพิ่มลิงก์ที่ต่อถึงโฮสต์นี้"),
                     h->name);
  if (one && many)
    return tree_fail(error, many, "%s",
                     lang_text("\"address\" and \"addresses\" do not go together; keep one",
                               "ใช้ \"address\" พร้อมกับ \"addresses\" ไม่ได้ ให้เหลือเพียงอย่างเดียว"));
  if (one && h->n_ifaces > 1)
    return tree_fail(
        error, one,
        lang_text("host \"%s\" has several links; write addresses: {LINK: 10.0.1.1/24, …}",
                  "โฮสต์ \"%s\" มีหลายลิงก์ ให้เขียน addresses: {LINK: 10.0.1.1/24, …}"),
        h->name);
  if (one)
    return set_address(n, &h->ifaces[0], one, error);
  return !many || read_addresses(n, h, many, error);
}

/* The interface on whose net an address lies, or NULL. */
static struct iface *
iface_near(struct host *h, const struct ip_addr *a)
{
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    const struct iface *f = &h->ifaces[i];
    for (unsigned k = 0; k < f->n_addrs; k++)
      if (ip_addr_shares_net(&f->addrs[k].addr, a, f->addrs[k].prefix))
        return &h->ifaces[i];
  }
  return NULL;
}

bool
build_address(struct net *n, const struct tree_node *node, struct ip_addr *out, GError **error)
{
  if (node->kind == TREE_SCALAR && ip_addr_parse(node->text, out) && out->version == 4)
    return true;
  uint32_t host = build_find_host(n, node, error);
  if (host == UINT32_MAX)
    return false;
  *out = net_host_info(n, host).addr;
  if (out->version == 4)
    return true;
  return tree_fail(
      error, node,
      lang_text("host \"%s\" has no address; name another", "โฮสต์ \"%s\" ไม่มีที่อยู่ ให้ระบุโฮสต์อื่น"),
      node->text);
}

/* A next hop: an address, or a host of which one address is near. */
static bool
read_next_hop(struct net *n, struct host *h, const struct tree_node *node, struct route *out,
              GError **error)
{
  struct iface *near = NULL;
  uint32_t other = node->kind == TREE_SCALAR ? net_find_host(n, node->text) : UINT32_MAX;
  if (other != UINT32_MAX) {
    const struct host *o = n->hosts[other];
    for (uint32_t i = 0; i < o->n_ifaces && !near; i++) {
      const struct iface_addr *a = iface_addr(&o->ifaces[i], 4);
      out->via = a ? a->addr : (struct ip_addr){0};
      near = a ? iface_near(h, &out->via) : NULL;
    }
  } else {
    if (!build_address(n, node, &out->via, error))
      return false;
    near = iface_near(h, &out->via);
  }
  if (!near || host_has_addr(h, &out->via))
    return tree_fail(
        error, node,
        lang_text("host \"%1$s\" cannot reach \"%2$s\" directly; a gateway lies on one of "
                  "the host's own nets",
                  "โฮสต์ \"%1$s\" ไปถึง \"%2$s\" โดยตรงไม่ได้ เกตเวย์ต้องอยู่ในเครือข่าย"
                  "เดียวกับโฮสต์"),
        h->name, node->text);
  out->iface = near->index;
  host_add_route(h, out);
  return true;
}

static bool
read_route(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"to", "via", NULL};
  if (!tree_known(node, keys, error))
    return false;
  const struct tree_node *to = tree_get(node, "to"), *via = tree_get(node, "via");
  if (!to || !via)
    return tree_fail(error, node, "%s",
                     lang_text("a route needs both: {to: 10.0.3.0/24, via: 10.0.9.2}",
                               "เส้นทางต้องมีทั้งสองอย่าง: {to: 10.0.3.0/24, via: 10.0.9.2}"));
  struct ip_addr net;
  uint8_t prefix;
  if (!read_prefixed(to, &net, &prefix, error))
    return false;
  struct route r = {.to = ip_addr_net(&net, prefix), .prefix = prefix, .origin = ROUTE_STATIC};
  return read_next_hop(n, h, via, &r, error);
}

bool
build_host_routes(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  const struct tree_node *routes = tree_get(node, "routes"), *gateway = tree_get(node, "gateway");
  if (routes && (routes->kind != TREE_LIST || routes->children->len > HOST_ROUTES_MAX))
    return tree_fail(error, routes,
                     lang_text("\"routes\" is a list of at most %d routes",
                               "\"routes\" เป็นรายการเส้นทางไม่เกิน %d เส้นทาง"),
                     HOST_ROUTES_MAX);
  for (unsigned i = 0; routes && i < routes->children->len; i++)
    if (!read_route(n, h, routes->children->pdata[i], error))
      return false;
  struct route r = {.to = {.version = 4}, .origin = ROUTE_GATEWAY};
  return !gateway || read_next_hop(n, h, gateway, &r, error);
}
