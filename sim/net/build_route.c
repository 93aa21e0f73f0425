/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_route.c -- addresses and routes of a scenario: what refers to hosts and links by
 * name.
 *
 * A host's routes are its own nets, then `routes`, then `gateway` as 0.0.0.0/0 and ::/0; the
 * longest prefix wins. Every next hop must lie on a net of the host, otherwise nobody could ever
 * answer for it.
 */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"
#include "sim/net/nd.h"

bool
build_prefixed(const struct tree_node *node, struct ip_addr *addr, uint8_t *prefix, GError **error)
{
  const char *text = node->kind == TREE_SCALAR ? node->text : "";
  g_auto(GStrv) parts = g_strsplit(text, "/", 2);
  guint64 n;
  if (g_strv_length(parts) == 2 && ip_addr_parse(parts[0], addr) &&
      g_ascii_string_to_unsigned(parts[1], 10, 0, addr->version == 6 ? 128 : 32, &n, NULL)) {
    *prefix = (uint8_t)n;
    return true;
  }
  return tree_fail(error, node,
                   lang_text("\"%s\" is no IP address with prefix; write it like 10.0.1.10/24 or "
                             "2001:db8:1::10/64",
                             "\"%s\" ไม่ใช่ที่อยู่ IP พร้อม prefix ให้เขียนแบบ 10.0.1.10/24 หรือ "
                             "2001:db8:1::10/64"),
                   text);
}

static bool
refuse_clash(struct net *n, const struct tree_node *node, const struct iface *at,
             const struct ip_addr *addr, GError **error)
{
  char text[ADDR_TEXT_MAX];
  bool is_local = addr->version == 6 && ip6_is_link_local(addr);
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (n->hosts[i]->claim == HOST_CLAIM_NONE && host_has_addr(n->hosts[i], addr) &&
        (!is_local || n->hosts[i] == at->host))
      return tree_fail(error, node,
                       lang_text("the address %s is already host \"%s\"'s; give each host its own",
                                 "ที่อยู่ %s เป็นของโฮสต์ \"%s\" อยู่แล้ว ให้แต่ละโฮสต์มีที่อยู่ของตัวเอง"),
                       ip_addr_format(addr, text), n->hosts[i]->name);
  return true;
}

static bool
is_single_host(const struct ip_addr *addr, uint8_t prefix)
{
  struct ip_addr net = ip_addr_net(addr, prefix);
  if (prefix == 0)
    return false;
  if (addr->version ==
      6) { /* not ::/8 (any, loopback, mapped), not a group, not its router anycast */
    return addr->octets[0] != 0 && !ip6_is_multicast(addr) &&
           (prefix >= 127 || !ip_addr_equal(addr, &net));
  }
  uint32_t mask = UINT32_MAX << (32 - prefix), host_part = addr_number(addr) & ~mask;
  return addr->octets[0] != 0 && addr->octets[0] != 127 && addr->octets[0] < 224 &&
         (prefix >= 31 || (host_part != 0 && host_part != ~mask));
}

static bool
set_address(struct net *n, struct iface *i, const struct tree_node *node, GError **error)
{
  struct ip_addr addr;
  uint8_t prefix;
  if (node->kind == TREE_SCALAR && strcmp(node->text, "dhcp") == 0) {
    i->wants_lease = true; /* build_service.c */
    return true;
  }
  if (node->kind == TREE_SCALAR && strcmp(node->text, "auto") == 0) {
    if (i->host->kind != HOST_ROUTER) {
      nd_start(i)->is_automatic = true;
      return true;
    }
    return tree_fail(error, node, "%s",
                     lang_text("a router's address cannot be \"auto\", since it is routers that "
                               "give them; write 2001:db8:1::1/64",
                               "ที่อยู่ของเราเตอร์เป็น \"auto\" ไม่ได้ เพราะเราเตอร์เป็นผู้ให้ที่อยู่ ให้เขียน "
                               "2001:db8:1::1/64"));
  }
  if (!build_prefixed(node, &addr, &prefix, error))
    return false;
  if (!is_single_host(&addr, prefix))
    return tree_fail(error, node,
                     lang_text("%s is no address for one host (net, broadcast, loopback or group); "
                               "choose another",
                               "%s ไม่ใช่ที่อยู่ของโฮสต์เดียว (เป็นเครือข่าย บรอดแคสต์ ลูปแบ็ก หรือกลุ่ม) "
                               "ให้เลือกที่อยู่อื่น"),
                     node->text);
  if (addr.version == 6 && iface_mtu(i) < IPV6_MTU_MIN)
    return tree_fail(
        error, node,
        lang_text("IPv6 needs links with an MTU of %d or more (RFC 8200 5), \"%s\" has "
                  "%u; raise \"mtu\"",
                  "IPv6 ต้องใช้ลิงก์ที่มี MTU ตั้งแต่ %d ขึ้นไป (RFC 8200 5) แต่ \"%s\" มี "
                  "%u ให้เพิ่ม \"mtu\""),
        IPV6_MTU_MIN, i->link->name, iface_mtu(i));
  if (i->host->claim == HOST_CLAIM_NONE && !refuse_clash(n, node, i, &addr, error))
    return false;
  if (!iface_add_addr(i, &addr, prefix))
    return tree_fail(error, node,
                     lang_text("an interface has at most %d addresses; remove some",
                               "อินเทอร์เฟซหนึ่งมีที่อยู่ได้ไม่เกิน %d ที่อยู่ ให้ลบออกบ้าง"),
                     IFACE_ADDRS_MAX);
  if (addr.version == 6)
    nd_start(i);
  return true;
}

/* One address or a list of them. */
static bool
set_addresses(struct net *n, struct iface *i, const struct tree_node *node, GError **error)
{
  if (node->kind != TREE_LIST)
    return set_address(n, i, node, error);
  for (unsigned k = 0; k < node->children->len; k++)
    if (!set_address(n, i, node->children->pdata[k], error))
      return false;
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
    if (!set_addresses(n, i, node, error))
      return false;
  }
  return true;
}

/* The links on which a router answers hosts that ask for one. */
static bool
read_advertise(struct host *h, const struct tree_node *list, GError **error)
{
  if (h->kind != HOST_ROUTER || list->kind != TREE_LIST)
    return tree_fail(error, list, "%s",
                     lang_text("\"advertise\" is a router's list of links: advertise: [lan]",
                               "\"advertise\" เป็นรายการลิงก์ของเราเตอร์: advertise: [lan]"));
  for (unsigned k = 0; k < list->children->len; k++) {
    const struct tree_node *name = list->children->pdata[k];
    struct iface *i = name->kind == TREE_SCALAR ? iface_on(h, name->text) : NULL;
    if (!i || !i->nd)
      return tree_fail(
          error, name,
          lang_text("router \"%s\" has no IPv6 address on \"%s\", so it has nothing to advertise "
                    "there; give it one under \"addresses\"",
                    "เราเตอร์ \"%s\" ไม่มีที่อยู่ IPv6 บน \"%s\" จึงไม่มีอะไรให้ประกาศ "
                    "ให้เพิ่มไว้ใน \"addresses\""),
          h->name, name->kind == TREE_SCALAR ? name->text : "?");
    i->nd->advertises = true;
  }
  return true;
}

static bool
read_ip6(struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const ids[] = {"eui64", "stable", NULL};
  const struct tree_node *advertise = tree_get(node, "advertise");
  bool dad;
  const char *id;
  if (!tree_bool(node, "dad", false, &dad, error) ||
      !tree_text(node, "interface_id", "eui64", &id, error))
    return false;
  if (strcmp(id, ids[0]) != 0 && strcmp(id, ids[1]) != 0)
    return tree_fail(error, tree_get(node, "interface_id"),
                     lang_text("\"interface_id\" is \"%s\"; write eui64 or stable",
                               "\"interface_id\" มีค่า \"%s\" ให้เขียน eui64 หรือ stable"),
                     id);
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    if (!h->ifaces[i].nd)
      continue;
    h->ifaces[i].nd->probes_all = dad;
    h->ifaces[i].nd->is_stable = strcmp(id, ids[1]) == 0;
  }
  return !advertise || read_advertise(h, advertise, error);
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
  if (one && !set_addresses(n, &h->ifaces[0], one, error))
    return false;
  return (!many || read_addresses(n, h, many, error)) && read_ip6(h, node, error);
}

/* The interface on whose net an address lies, or NULL. */
static struct iface *
iface_near(struct host *h, const struct ip_addr *a)
{
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    struct iface *f = &h->ifaces[i];
    for (unsigned k = 0; k < f->n_addrs; k++)
      if (ip_addr_shares_net(&f->addrs[k].addr, a, f->addrs[k].prefix))
        return f;
  }
  return NULL;
}

bool
build_address(struct net *n, const struct tree_node *node, struct ip_addr *out, GError **error)
{
  if (node->kind == TREE_SCALAR && ip_addr_parse(node->text, out))
    return true;
  uint32_t host = build_find_host(n, node, error);
  if (host == UINT32_MAX)
    return false;
  *out = host_addr(n->hosts[host], 0);
  if (out->version)
    return true;
  return tree_fail(
      error, node,
      lang_text("host \"%s\" has no address; name another", "โฮสต์ \"%s\" ไม่มีที่อยู่ ให้ระบุโฮสต์อื่น"),
      node->text);
}

/* The address of `version` that host o has on a net of h, with h's interface there. */
static struct iface *
meet(struct host *h, const struct host *o, uint8_t version, struct ip_addr *via)
{
  for (uint32_t i = 0; i < o->n_ifaces; i++) {
    const struct iface *f = &o->ifaces[i];
    for (unsigned k = 0; k < f->n_addrs; k++) {
      *via = f->addrs[k].addr;
      struct iface *near = via->version == version ? iface_near(h, via) : NULL;
      if (near)
        return near;
    }
  }
  return NULL;
}

/* A next hop for a route of one family: an address, or a host of which one address is near. */
static bool
read_next_hop(struct net *n, struct host *h, const struct tree_node *node, struct route *out,
              GError **error)
{
  struct iface *near = NULL;
  uint32_t other = node->kind == TREE_SCALAR ? net_find_host(n, node->text) : UINT32_MAX;
  if (other != UINT32_MAX) {
    near = meet(h, n->hosts[other], out->to.version, &out->via);
  } else {
    if (!build_address(n, node, &out->via, error))
      return false;
    if (out->via.version != out->to.version)
      return tree_fail(error, node,
                       lang_text("\"%s\" is of the other IP version than the route; name a next "
                                 "hop of the same version",
                                 "\"%s\" เป็น IP คนละรุ่นกับเส้นทาง ให้ระบุจุดถัดไปที่เป็นรุ่นเดียวกัน"),
                       node->text);
    near = iface_near(h, &out->via);
    if (!near && out->via.version == 6 && ip6_is_link_local(&out->via)) {
      struct ip_addr next;
      near = ip_route(h, &out->via, &next); /* the first link with IPv6 */
    }
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
  if (!build_prefixed(to, &net, &prefix, error))
    return false;
  struct route r = {.to = ip_addr_net(&net, prefix), .prefix = prefix, .origin = ROUTE_STATIC};
  return read_next_hop(n, h, via, &r, error);
}

/* By name a host is the gateway of both families, as far as it shares a net in each. */
static bool
read_gateway(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  uint32_t other = node->kind == TREE_SCALAR ? net_find_host(n, node->text) : UINT32_MAX;
  struct ip_addr via;
  struct route r = {.to = {.version = 4}, .origin = ROUTE_GATEWAY};
  if (other == UINT32_MAX) {
    if (!build_address(n, node, &via, error))
      return false;
    r.to.version = via.version;
    return read_next_hop(n, h, node, &r, error);
  }
  struct route r6 = {.to = {.version = 6}, .origin = ROUTE_GATEWAY};
  bool has6 = meet(h, n->hosts[other], 6, &via) != NULL;
  bool has4 = meet(h, n->hosts[other], 4, &via) != NULL;
  return (!has6 || read_next_hop(n, h, node, &r6, error)) &&
         ((has6 && !has4) || read_next_hop(n, h, node, &r, error));
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
  if (!gateway)
    return true;
  if (gateway->kind != TREE_LIST)
    return read_gateway(n, h, gateway, error);
  for (unsigned i = 0; i < gateway->children->len; i++)
    if (!read_gateway(n, h, gateway->children->pdata[i], error))
      return false;
  return true;
}
