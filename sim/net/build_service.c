/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_service.c -- what a host of a scenario does for its net, and how it comes by its address:
 * `table` and `ageing` of a switch, `claim`, `nat`, `dhcp`, `release`. The form is described in
 * build.c. */
#include "sim/net/build.h"

#include <string.h>

#include "capture/wire/lang.h"

#define AGEING_DEFAULT_NS (INT64_C(300) * 1000000000) /* IEEE 802.1D 7.9.2 */
enum { SWITCH_TABLE_DEFAULT = 8192 };                 /* a usual figure for small switches */

static bool
read_switch(struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"table", "ageing", NULL};
  for (unsigned i = 0; keys[i]; i++)
    if (tree_get(node, keys[i]) && h->kind != HOST_SWITCH)
      return tree_fail(error, tree_get(node, keys[i]),
                       lang_text("\"%s\" belongs to a switch; remove it or write kind: switch",
                                 "\"%s\" ใช้กับสวิตช์เท่านั้น ให้ลบออกหรือเขียน kind: switch"),
                       keys[i]);
  if (h->kind != HOST_SWITCH)
    return true;
  int64_t table, ageing_ns;
  if (!tree_int(node, "table", SWITCH_TABLE_DEFAULT, 1, SWITCH_TABLE_MAX, &table, error) ||
      !tree_duration(node, "ageing", AGEING_DEFAULT_NS, &ageing_ns, error))
    return false;
  if (ageing_ns == 0)
    return tree_fail(error, tree_get(node, "ageing"), "%s",
                     lang_text("\"ageing\" is longer than 0; write for example 300s",
                               "\"ageing\" ต้องมากกว่า 0 ให้เขียน เช่น 300s"));
  switch_init(h, (uint32_t)table, ageing_ns);
  return true;
}

bool
build_host_nature(struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const claims[] = {"none", "probe", "announce", NULL};
  const char *claim;
  if (!read_switch(h, node, error) || !tree_text(node, "claim", "none", &claim, error))
    return false;
  for (unsigned i = 0; claims[i]; i++) {
    if (strcmp(claims[i], claim) == 0) {
      h->claim = (enum host_claim)i;
      return true;
    }
  }
  return tree_fail(error, tree_get(node, "claim"),
                   lang_text("\"claim\" is \"%s\"; write none, probe or announce",
                             "\"claim\" มีค่า \"%s\" ให้เขียน none, probe หรือ announce"),
                   claim);
}

/* ---- addresses that a host claims when it starts ---- */

static void
claimed(void *data, enum arp_claim_end how)
{
  struct host *h = data;
  if (how != ARP_CLAIM_LOST)
    host_settle(h);
}

/* The scenario's IPv4 addresses become wishes. */
static void
start_claims(struct host *h)
{
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    struct iface *f = &h->ifaces[i];
    for (const struct iface_addr *a; (a = iface_addr(f, 4));) {
      struct iface_addr wish = *a;
      iface_remove_addr(f, &wish.addr);
      host_wait(h);
      arp_claim(f, &wish.addr, wish.prefix,
                h->claim == HOST_CLAIM_PROBE ? ARP_CLAIM_PROBE : ARP_CLAIM_ANNOUNCE, claimed, h);
    }
  }
}

/* ---- NAT ---- */

static bool
read_forward(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"proto", "port", "to", "to_port", NULL};
  const struct tree_node *to = tree_get(node, "to");
  const char *proto;
  int64_t port, to_port;
  struct ip_addr addr;
  if (!tree_known(node, keys, error) || !tree_text(node, "proto", "tcp", &proto, error) ||
      !tree_int(node, "port", 0, 1, UINT16_MAX, &port, error) ||
      !tree_int(node, "to_port", port, 1, UINT16_MAX, &to_port, error))
    return false;
  bool is_tcp = strcmp(proto, "tcp") == 0;
  if (!to || port == 0 || (!is_tcp && strcmp(proto, "udp") != 0))
    return tree_fail(
        error, node, "%s",
        lang_text("write {proto: tcp, port: 25, to: HOST, to_port: 2525}, with proto tcp "
                  "or udp",
                  "ให้เขียน {proto: tcp, port: 25, to: HOST, to_port: 2525} โดย proto เป็น tcp "
                  "หรือ udp"));
  if (!build_address(n, to, &addr, error))
    return false;
  if (nat_map(h, is_tcp ? IP_PROTO_TCP : IP_PROTO_UDP, (uint16_t)port, &addr, (uint16_t)to_port))
    return true;
  return tree_fail(
      error, node, "%s",
      lang_text("this port, or this place inside, is forwarded already; choose another",
                "พอร์ตนี้หรือปลายทางภายในนี้ถูกส่งต่อไว้แล้ว ให้เลือกค่าอื่น"));
}

static bool
read_filtering(const struct tree_node *nat, struct nat_settings *set, GError **error)
{
  static const char *const words[] = {"none", "address", "address-and-port", NULL};
  const char *text;
  if (!tree_text(nat, "filtering", words[set->filtering], &text, error))
    return false;
  for (unsigned i = 0; words[i]; i++) {
    if (strcmp(words[i], text) == 0) {
      set->filtering = (enum nat_filtering)i;
      return true;
    }
  }
  return tree_fail(error, tree_get(nat, "filtering"),
                   lang_text("\"filtering\" is \"%s\"; write none, address or address-and-port",
                             "\"filtering\" มีค่า \"%s\" ให้เขียน none, address หรือ address-and-port"),
                   text);
}

static struct iface *
find_outside(const struct host *h, const struct tree_node *nat)
{
  const struct tree_node *outside = tree_get(nat, "outside");
  for (uint32_t i = 0; outside && outside->kind == TREE_SCALAR && i < h->n_ifaces; i++)
    if (strcmp(h->ifaces[i].link->name, outside->text) == 0)
      return &h->ifaces[i];
  return NULL;
}

static bool
read_nat(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"outside", "forward",  "filtering",
                                     "hairpin", "tcp_idle", "tcp_transitory",
                                     "udp",     "icmp",     NULL};
  const struct tree_node *nat = tree_get(node, "nat");
  if (!nat)
    return true;
  if (h->kind != HOST_ROUTER)
    return tree_fail(error, nat, "%s",
                     lang_text("\"nat\" belongs to a router; write kind: router or remove it",
                               "\"nat\" ใช้กับเราเตอร์เท่านั้น ให้เขียน kind: router หรือลบออก"));
  struct nat_settings set = nat_defaults;
  if (!tree_known(nat, keys, error) || !read_filtering(nat, &set, error) ||
      !tree_bool(nat, "hairpin", set.hairpin, &set.hairpin, error) ||
      !tree_duration(nat, "tcp_idle", set.tcp_idle_ns, &set.tcp_idle_ns, error) ||
      !tree_duration(nat, "tcp_transitory", set.tcp_transitory_ns, &set.tcp_transitory_ns, error) ||
      !tree_duration(nat, "udp", set.udp_ns, &set.udp_ns, error) ||
      !tree_duration(nat, "icmp", set.icmp_ns, &set.icmp_ns, error))
    return false;
  set.outside = find_outside(h, nat);
  if (!set.outside || h->n_ifaces < 2)
    return tree_fail(error, nat, "%s",
                     lang_text("a NAT box has at least two links and names the one that leads "
                               "outside: nat: {outside: LINK}",
                               "กล่อง NAT ต้องมีลิงก์อย่างน้อยสองเส้นและระบุเส้นที่ออกสู่ภายนอก: nat: "
                               "{outside: LINK}"));
  nat_init(h, &set);
  const struct tree_node *forward = tree_get(nat, "forward");
  if (forward && forward->kind != TREE_LIST)
    return tree_fail(error, forward, "%s",
                     lang_text("\"forward\" is a list: - {proto: tcp, port: 25, to: HOST}",
                               "\"forward\" เป็นรายการ: - {proto: tcp, port: 25, to: HOST}"));
  for (unsigned i = 0; forward && i < forward->children->len; i++)
    if (!read_forward(n, h, forward->children->pdata[i], error))
      return false;
  return true;
}

/* ---- DHCP ---- */

#define LEASE_DEFAULT_NS (INT64_C(3600) * 1000000000)
#define LEASE_MIN_NS (INT64_C(8) * 1000000000) /* an eighth of it is a second */

/* Two addresses of one net of the host. */
static bool
read_range(struct host *h, const struct tree_node *dhcp, struct dhcp_settings *set, GError **error)
{
  const struct tree_node *range = tree_get(dhcp, "range");
  struct ip_addr ends[2] = {{0}, {0}};
  bool good = range && range->kind == TREE_LIST && range->children->len == 2;
  for (unsigned i = 0; good && i < 2; i++) {
    const struct tree_node *end = range->children->pdata[i];
    good = end->kind == TREE_SCALAR && ip_addr_parse(end->text, &ends[i]) && ends[i].version == 4;
  }
  set->first = ends[0];
  set->last = ends[1];
  if (!good || addr_number(&ends[0]) > addr_number(&ends[1]) ||
      addr_number(&ends[1]) - addr_number(&ends[0]) >= DHCP_RANGE_MAX)
    return tree_fail(error, range ? range : dhcp,
                     lang_text("\"range\" is the first and the last of at most %d IPv4 addresses: "
                               "range: [10.0.1.100, 10.0.1.150]",
                               "\"range\" คือที่อยู่ IPv4 ตัวแรกและตัวสุดท้าย รวมไม่เกิน %d ที่อยู่: "
                               "range: [10.0.1.100, 10.0.1.150]"),
                     DHCP_RANGE_MAX);
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    const struct iface_addr *own = iface_addr(&h->ifaces[i], 4);
    if (own && ip_addr_shares_net(&own->addr, &ends[0], own->prefix) &&
        ip_addr_shares_net(&own->addr, &ends[1], own->prefix)) {
      set->iface = &h->ifaces[i];
      return true;
    }
  }
  return tree_fail(error, range,
                   lang_text("host \"%s\" has no fixed address in the net of this range; give it "
                             "one, or choose a range of its net",
                             "โฮสต์ \"%s\" ไม่มีที่อยู่คงที่ในเครือข่ายของช่วงนี้ ให้กำหนดที่อยู่ "
                             "หรือเลือกช่วงในเครือข่ายของโฮสต์"),
                   h->name);
}

static bool
read_dhcp_dns(struct net *n, const struct tree_node *dhcp, struct dhcp_settings *set,
              GError **error)
{
  const struct tree_node *dns = tree_get(dhcp, "dns");
  if (!dns)
    return true;
  if (dns->kind != TREE_LIST)
    return build_address(n, dns, &set->dns[0], error);
  if (dns->children->len > DHCP_SERVERS_MAX)
    return tree_fail(error, dns,
                     lang_text("at most %d DNS servers fit; remove some",
                               "ระบุเซิร์ฟเวอร์ DNS ได้ไม่เกิน %d ตัว ให้ลบออกบ้าง"),
                     DHCP_SERVERS_MAX);
  for (unsigned i = 0; i < dns->children->len; i++)
    if (!build_address(n, dns->children->pdata[i], &set->dns[i], error))
      return false;
  return true;
}

static bool
read_dhcp_server(struct net *n, struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"range", "lease", "router", "dns", "domain", NULL};
  const struct tree_node *dhcp = tree_get(node, "dhcp");
  struct dhcp_settings set = {0};
  if (!dhcp)
    return true;
  if (!tree_known(dhcp, keys, error) || !read_range(h, dhcp, &set, error) ||
      !tree_duration(dhcp, "lease", LEASE_DEFAULT_NS, &set.lease_ns, error) ||
      !tree_text(dhcp, "domain", NULL, &set.domain, error) || !read_dhcp_dns(n, dhcp, &set, error))
    return false;
  if (set.lease_ns < LEASE_MIN_NS || set.lease_ns / 1000000000 > UINT32_MAX)
    return tree_fail(error, tree_get(dhcp, "lease"), "%s",
                     lang_text("a lease lasts 8s or longer; write for example 1h",
                               "สัญญาเช่าต้องนานตั้งแต่ 8s ขึ้นไป ให้เขียน เช่น 1h"));
  if (set.domain && (strlen(set.domain) == 0 || strlen(set.domain) > 128))
    return tree_fail(error, tree_get(dhcp, "domain"), "%s",
                     lang_text("\"domain\" is a name of 1 to 128 octets",
                               "\"domain\" เป็นชื่อยาว 1 ถึง 128 ออกเตต"));
  const struct tree_node *router = tree_get(dhcp, "router");
  if (router ? !build_address(n, router, &set.router, error) : false)
    return false;
  if (!router && h->kind == HOST_ROUTER)
    set.router = iface_addr(set.iface, 4)->addr;
  dhcp_server_init(h, &set);
  return true;
}

static bool
start_client(struct host *h, const struct tree_node *scenario, const struct tree_node *node,
             GError **error)
{
  const struct tree_node *release = tree_get(node, "release");
  int64_t release_ns;
  bool asks = false;
  if (!tree_duration(node, "release", -1, &release_ns, error))
    return false;
  for (uint32_t i = 0; i < h->n_ifaces; i++) {
    if (!h->ifaces[i].wants_lease)
      continue;
    asks = true;
    dhcp_client_init(&h->ifaces[i], release_ns);
  }
  if (release && !asks)
    return tree_fail(error, release, "%s",
                     lang_text("\"release\" belongs to a host with address: dhcp; remove it",
                               "\"release\" ใช้กับโฮสต์ที่มี address: dhcp เท่านั้น ให้ลบออก"));
  if (asks && !tree_get(scenario, "until"))
    return tree_fail(
        error, node, "%s",
        lang_text("leases are renewed for ever: a scenario with address: dhcp needs an "
                  "end, for example until: 60s",
                  "สัญญาเช่าจะถูกต่ออายุไปเรื่อย ๆ สถานการณ์ที่มี address: dhcp "
                  "จึงต้องมีเวลาสิ้นสุด เช่น until: 60s"));
  return true;
}

bool
build_services(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *hosts = tree_get(scenario, "hosts");
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (!read_nat(n, n->hosts[i], hosts->children->pdata[i], error) ||
        !read_dhcp_server(n, n->hosts[i], hosts->children->pdata[i], error) ||
        !start_client(n->hosts[i], scenario, hosts->children->pdata[i], error))
      return false;
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (n->hosts[i]->claim != HOST_CLAIM_NONE)
      start_claims(n->hosts[i]);
  return true;
}
