/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build_link.c -- links of a scenario, and how they change while it runs. The form of both is
 * described in build.c. */
#include "sim/net/build.h"

#include <string.h>

#include "capture/wire/lang.h"

static struct iface *
add_iface(struct host *h, struct link *l, unsigned way)
{
  h->ifaces = g_renew(struct iface, h->ifaces, h->n_ifaces + 1);
  struct iface *i = &h->ifaces[h->n_ifaces];
  *i = (struct iface){.host = h, .index = h->n_ifaces, .link = l, .way = way};
  /* A locally administered address that tells host and interface. */
  uint32_t number = h->index + 1;
  const uint8_t mac[6] = {0x02,
                          (uint8_t)(number >> 24),
                          (uint8_t)(number >> 16),
                          (uint8_t)(number >> 8),
                          (uint8_t)number,
                          (uint8_t)h->n_ifaces};
  memcpy(i->mac, mac, 6);
  h->n_ifaces++;
  return i;
}

static bool
read_ends(struct net *n, const struct tree_node *node, uint32_t ends[2], GError **error)
{
  const struct tree_node *list = tree_get(node, "ends");
  if (!list || list->kind != TREE_LIST || list->children->len != 2)
    return tree_fail(error, list ? list : node,
                     lang_text("link \"%s\" needs two ends: ends: [one-host, other-host]",
                               "ลิงก์ \"%s\" ต้องมีปลายสองด้าน: ends: [one-host, other-host]"),
                     node->key);
  for (unsigned i = 0; i < 2; i++) {
    ends[i] = build_find_host(n, list->children->pdata[i], error);
    if (ends[i] == UINT32_MAX)
      return false;
    const struct host *h = n->hosts[ends[i]];
    if (h->n_ifaces == HOST_IFACES_MAX)
      return tree_fail(error, list,
                       lang_text("host \"%s\" has %d links already; add a switch",
                                 "โฮสต์ \"%s\" มีลิงก์ %d เส้นแล้ว ให้เพิ่มสวิตช์"),
                       h->name, HOST_IFACES_MAX);
  }
  if (ends[0] == ends[1])
    return tree_fail(error, list,
                     lang_text("link \"%s\" has the same host at both ends; name two hosts",
                               "ลิงก์ \"%s\" มีโฮสต์เดียวกันทั้งสองปลาย ให้ระบุสองโฮสต์"),
                     node->key);
  return true;
}

/* The names under which a link's directions stand: "alice-pc-to-router". */
static char *
way_name(const struct net *n, const uint32_t ends[2], unsigned way)
{
  return g_strdup_printf("%s-to-%s", n->hosts[ends[way]]->name, n->hosts[ends[1 - way]]->name);
}

static bool
read_link_keys(const struct tree_node *node, char *const ways[2], GError **error)
{
  const char *keys[LINK_PROPERTIES + 4] = {"ends", ways[0], ways[1]};
  for (unsigned i = 0; i < LINK_PROPERTIES; i++)
    keys[3 + i] = link_property_names[i];
  return tree_known(node, keys, error);
}

/* What stands at the link counts for both directions; what stands under a direction, for that. */
static bool
read_settings(struct link *l, const struct tree_node *node, char *const ways[2], GError **error)
{
  int64_t both[LINK_PROPERTIES];
  link_defaults(both);
  if (!link_read(node, both, NULL, error))
    return false;
  for (unsigned i = 0; i < 2; i++) {
    const struct tree_node *way = tree_get(node, ways[i]);
    memcpy(l->ways[i].set, both, sizeof both);
    if (way && (!tree_known(way, link_property_names, error) ||
                !link_read(way, l->ways[i].set, NULL, error)))
      return false;
  }
  return true;
}

static bool
read_link(struct net *n, const struct tree_node *node, GError **error)
{
  uint32_t ends[2];
  if (node->kind != TREE_MAP || !read_ends(n, node, ends, error))
    return node->kind == TREE_MAP ? false
                                  : tree_fail(error, node,
                                              lang_text("link \"%s\" is a map; write {ends: "
                                                        "[one-host, other-host], delay: 1ms}",
                                                        "ลิงก์ \"%s\" ต้องเป็นแมป ให้เขียน {ends: "
                                                        "[one-host, other-host], delay: 1ms}"),
                                              node->key);
  g_autofree char *there = way_name(n, ends, 0), *back = way_name(n, ends, 1);
  char *const ways[2] = {there, back};
  struct link *l = g_new0(struct link, 1);
  l->net = n;
  l->index = n->n_links;
  l->name = g_strdup(node->key);
  n->links = g_renew(struct link *, n->links, n->n_links + 1);
  n->links[n->n_links++] = l;
  for (unsigned way = 0; way < 2; way++) {
    add_iface(n->hosts[ends[way]], l, way);
    l->ways[way].link = l;
  }
  return read_link_keys(node, ways, error) && read_settings(l, node, ways, error);
}

/* Interfaces do not move any more: the links may point at them. */
static void
tie_links(struct net *n)
{
  for (uint32_t i = 0; i < n->n_hosts; i++) {
    struct host *h = n->hosts[i];
    for (uint32_t k = 0; k < h->n_ifaces; k++) {
      struct iface *f = &h->ifaces[k];
      f->link->ways[f->way].from = f;
      f->link->ways[1 - f->way].to = f;
    }
  }
  for (uint32_t i = 0; i < n->n_links; i++)
    for (unsigned way = 0; way < 2; way++)
      link_way_settle(&n->links[i]->ways[way]);
}

static uint32_t
group_of(uint32_t *groups, uint32_t i)
{
  while (groups[i] != i)
    i = groups[i] = groups[groups[i]];
  return i;
}

/* A ring of switches would pass a broadcast round for ever. */
static bool
refuse_loops(struct net *n, const struct tree_node *links, GError **error)
{
  g_autofree uint32_t *groups = g_new(uint32_t, n->n_hosts);
  for (uint32_t i = 0; i < n->n_hosts; i++)
    groups[i] = i;
  for (uint32_t i = 0; i < n->n_links; i++) {
    const struct host *a = n->links[i]->ways[0].from->host, *b = n->links[i]->ways[1].from->host;
    if (a->kind != HOST_SWITCH || b->kind != HOST_SWITCH)
      continue;
    uint32_t x = group_of(groups, a->index), y = group_of(groups, b->index);
    if (x == y)
      return tree_fail(
          error, links->children->pdata[i],
          lang_text("link \"%s\" closes a ring of switches, in which a broadcast never "
                    "ends; remove one link of the ring or put a router into it",
                    "ลิงก์ \"%s\" ทำให้สวิตช์ต่อกันเป็นวง บรอดแคสต์จะวนไม่รู้จบ "
                    "ให้ตัดลิงก์หนึ่งเส้นในวงหรือใส่เราเตอร์คั่น"),
          n->links[i]->name);
    groups[x] = y;
  }
  return true;
}

bool
build_links(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *links = tree_get(scenario, "links");
  if (!links)
    return true;
  if (links->kind != TREE_MAP || links->children->len > NET_LINKS_MAX)
    return tree_fail(error, links,
                     lang_text("\"links\" is a map of at most %d names, each with its ends",
                               "\"links\" ต้องเป็นแมปที่มีชื่อไม่เกิน %d ชื่อ แต่ละชื่อมีปลายของลิงก์"),
                     NET_LINKS_MAX);
  for (unsigned i = 0; i < links->children->len; i++)
    if (!read_link(n, links->children->pdata[i], error))
      return false;
  tie_links(n);
  return refuse_loops(n, links, error);
}

/* ---- what stands in `faults` and `changes` ---- */

struct link *
build_find_link(struct net *n, const struct tree_node *node, GError **error)
{
  const struct tree_node *name = tree_get(node, "link");
  g_autofree const char **names = g_new0(const char *, n->n_links + 1);
  for (uint32_t i = 0; i < n->n_links; i++) {
    names[i] = n->links[i]->name;
    if (name && name->kind == TREE_SCALAR && strcmp(name->text, names[i]) == 0)
      return n->links[i];
  }
  const char *text = name && name->kind == TREE_SCALAR ? name->text : "";
  const char *nearest = tree_nearest(text, names);
  tree_fail(
      error, name ? name : node,
      lang_text("there is no link \"%1$s\"; write link: %2$s", "ไม่มีลิงก์ \"%1$s\" ให้เขียน link: %2$s"),
      text,
      nearest      ? nearest
      : n->n_links ? names[0]
                   : "NAME");
  return NULL;
}

/* A direction by the host that it leads away from: 0 or 1; -1 for both when there is no `from`; -2
 * with error. */
int
build_find_way(struct net *n, const struct link *l, const struct tree_node *node, GError **error)
{
  const struct tree_node *from = tree_get(node, "from");
  if (!from)
    return -1;
  uint32_t host = build_find_host(n, from, error);
  if (host == UINT32_MAX)
    return -2;
  for (int i = 0; i < 2; i++)
    if (l->ways[i].from->host->index == host)
      return i;
  tree_fail(error, from,
            lang_text("host \"%s\" is not at an end of link \"%s\"; name one of its two ends",
                      "โฮสต์ \"%s\" ไม่ได้อยู่ที่ปลายลิงก์ \"%s\" ให้ระบุโฮสต์ที่ปลายใดปลายหนึ่ง"),
            from->text, l->name);
  return -2;
}

/* ---- changes ---- */

struct link_change {
  struct link *link;
  int way;
  uint32_t given; /* a bit for each property */
  int64_t set[LINK_PROPERTIES];
};

static void
change(void *data)
{
  const struct link_change *c = data;
  for (unsigned i = 0; i < LINK_PROPERTIES; i++)
    if (c->given & 1u << i)
      link_put(c->link, c->way, (enum link_property)i, c->set[i]);
}

static bool
read_change(struct net *n, const struct tree_node *node, GError **error)
{
  const char *keys[LINK_PROPERTIES + 4] = {"at", "link", "from"};
  for (unsigned i = 0; i < LINK_PROPERTIES; i++)
    keys[3 + i] = link_property_names[i];
  if (!tree_known(node, keys, error))
    return false;
  struct link *l = build_find_link(n, node, error);
  int way = l ? build_find_way(n, l, node, error) : -2;
  int64_t at_ns;
  if (way == -2)
    return false;
  struct link_change *c = g_new0(struct link_change, 1);
  g_ptr_array_add(n->changes, c);
  c->link = l;
  c->way = way;
  /* What is not given stays, so limits between settings are those of the link as it began. */
  memcpy(c->set, l->ways[MAX(way, 0)].set, sizeof c->set);
  if (!tree_duration(node, "at", -1, &at_ns, error) || !link_read(node, c->set, &c->given, error))
    return false;
  if (at_ns < 0 || c->given == 0)
    return tree_fail(
        error, node, "%s",
        lang_text("a change needs a time, a link and what changes: {at: 5s, link: wan, "
                  "loss: 5%}",
                  "การเปลี่ยนแปลงต้องมีเวลา ลิงก์ และสิ่งที่เปลี่ยน: {at: 5s, link: wan, "
                  "loss: 5%}"));
  if (c->given & 1u << LINK_UP && !c->set[LINK_UP])
    link_plan_down(l, way, at_ns);
  world_at(n->world, at_ns, WORLD_LINK, l->ways[0].from->host->index, change, c);
  return true;
}

bool
build_changes(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *changes = tree_get(scenario, "changes");
  if (!changes)
    return true;
  if (changes->kind != TREE_LIST || changes->children->len > NET_CHANGES_MAX)
    return tree_fail(
        error, changes,
        lang_text("\"changes\" is a list of at most %d: - {at: 5s, link: wan, up: false}",
                  "\"changes\" เป็นรายการไม่เกิน %d ข้อ: - {at: 5s, link: wan, up: false}"),
        NET_CHANGES_MAX);
  for (unsigned i = 0; i < changes->children->len; i++)
    if (!read_change(n, changes->children->pdata[i], error))
      return false;
  return true;
}
