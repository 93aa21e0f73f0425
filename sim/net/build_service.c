/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_service.c -- what a host of a scenario does for its net, and how it comes by its address:
 * `table` and `ageing` of a switch, `claim`. The form is described in build.c. */
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

bool
build_services(struct net *n, const struct tree_node *scenario, GError **error)
{
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (n->hosts[i]->claim != HOST_CLAIM_NONE)
      start_claims(n->hosts[i]);
  return true;
}
