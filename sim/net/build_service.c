/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_service.c -- what a host of a scenario does for its net, and how it comes by its address:
 * `table` and `ageing` of a switch, `claim`, `nat`. The form is described in build.c. */
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

bool
build_services(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *hosts = tree_get(scenario, "hosts");
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (!read_nat(n, n->hosts[i], hosts->children->pdata[i], error))
      return false;
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (n->hosts[i]->claim != HOST_CLAIM_NONE)
      start_claims(n->hosts[i]);
  return true;
}
