/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off: the reference below is laid out by hand */
/* build.c -- makes the hosts, links, zones and faults of a network from a scenario.
 *
 * hosts:
 *   alice-pc:                       a name; hosts are numbered in the order of the file
 *     kind: pc                      pc, phone, server, router, switch, or outside: a host whose IP is the
 *                                   kernel's when `enveloscope-sim attach` runs the scenario
 *     title: {en: …, th: …}         default: the name
 *     place: [10, 40]               percent of the topology's width and height; default: on a circle
 *     address: 10.0.1.10/24         a host with one link; with several links, by link:
 *     addresses: {lan: 10.0.1.1/24, wan: 10.0.9.1/30}
 *     gateway: 10.0.1.1             where all else goes: an address of a net this host is on, or the
 *                                   name of a host on such a net
 *     routes: [{to: 10.0.3.0/24, via: 10.0.9.2}]
 *     dns: 10.0.1.53                the resolver this host asks: an address or a host's name
 *     resolver: true                answers the questions of other hosts: asks the servers of `zones`
 *                                   and remembers what they said
 *     ttl: 64                       of the IP packets it makes
 *     tcp: {window: 64240, scale: 7, delayed_ack: 40ms, initial_segments: 10, rto_min: 1s, nagle: true}
 * links:
 *   lan:                            its name in the topology and in saved files
 *     {ends: [alice-pc, switch1], rate: 100Mbit/s, delay: 100us, loss: 0%, mtu: 1500, queue: 100}
 *                                   loss for each frame and direction; queue in frames
 * zones:                            the DNS; the NS record, its address and the SOA record are made
 *   alice.test:
 *     server: ns1                   the host that answers for this zone
 *     ttl: 1h                       of its records
 *     records:                      name: "@" is the zone itself, "mx" is mx.alice.test, "mx.b.test."
 *       - {name: "@", type: MX, preference: 10, value: mx}       with a dot at its end is complete
 *       - {name: mx, type: A, value: 10.0.1.25}                  A, MX, CNAME, NS, TXT, PTR
 * faults:
 *   - {link: lan, from: alice-pc, drop: 3, of: data, port: 25, times: 1}
 *                                   loses the third frame that fits `of`: any, data (a TCP segment with
 *                                   data), syn, fin, ack (TCP without data), udp, icmp or arp; `port`
 *                                   is either port; `times`: so many in a row */
/* clang-format on */
#include "sim/net/build.h"

#include <string.h>

#include "capture/wire/lang.h"

/* ---- links ---- */

#define RATE_DEFAULT (INT64_C(100) * 1000000)
#define RATE_MAX (INT64_C(100) * 1000000000)
#define DELAY_DEFAULT_NS (INT64_C(100) * 1000)
#define DELAY_MAX_NS (INT64_C(600) * 1000000000) /* ten minutes: light to Mars and half back */
enum { QUEUE_DEFAULT = 100 };

uint32_t
build_find_host(struct net *n, const struct tree_node *name, GError **error)
{
  if (name->kind != TREE_SCALAR) {
    tree_fail(error, name, "%s",
              lang_text("the name of a host is expected here", "ตรงนี้ต้องเป็นชื่อโฮสต์"));
    return UINT32_MAX;
  }
  uint32_t host = net_find_host(n, name->text);
  if (host != UINT32_MAX)
    return host;
  g_autofree const char **names = g_new0(const char *, n->n_hosts + 1);
  for (uint32_t i = 0; i < n->n_hosts; i++)
    names[i] = n->hosts[i]->name;
  const char *nearest = tree_nearest(name->text, names);
  if (nearest)
    tree_fail(error, name,
              lang_text("there is no host \"%s\"; did you mean \"%s\"?",
                        "ไม่มีโฮสต์ \"%s\" หมายถึง \"%s\" หรือไม่"),
              name->text, nearest);
  else
    tree_fail(error, name,
              lang_text("there is no host \"%s\"; add it to \"hosts\" or name one that is there",
                        "ไม่มีโฮสต์ \"%s\" ให้เพิ่มไว้ใน \"hosts\" หรือใช้ชื่อโฮสต์ที่มีอยู่"),
              name->text);
  return UINT32_MAX;
}

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

static bool
read_link(struct net *n, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"ends", "rate", "delay", "loss", "mtu", "queue", NULL};
  uint32_t ends[2], loss_ppm;
  int64_t rate, delay_ns, mtu, queue;
  if (!tree_known(node, keys, error) || !read_ends(n, node, ends, error) ||
      !tree_rate(node, "rate", RATE_DEFAULT, &rate, error) ||
      !tree_duration(node, "delay", DELAY_DEFAULT_NS, &delay_ns, error) ||
      !tree_ratio(node, "loss", 0, &loss_ppm, error) ||
      !tree_int(node, "mtu", ETH_MTU, LINK_MTU_MIN, LINK_MTU_MAX, &mtu, error) ||
      !tree_int(node, "queue", QUEUE_DEFAULT, 1, LINK_QUEUE_MAX, &queue, error))
    return false;
  if (rate > RATE_MAX || delay_ns > DELAY_MAX_NS)
    return tree_fail(error, node,
                     lang_text("link \"%s\" is beyond 100Gbit/s or 10min; use smaller figures",
                               "ลิงก์ \"%s\" เกิน 100Gbit/s หรือ 10min ให้ใช้ค่าที่น้อยลง"),
                     node->key);
  struct link *l = g_new0(struct link, 1);
  *l = (struct link){.net = n,
                     .index = n->n_links,
                     .name = g_strdup(node->key),
                     .rate_bit_s = rate,
                     .delay_ns = delay_ns,
                     .loss_ppm = loss_ppm,
                     .mtu = (uint32_t)mtu,
                     .queue_max = (uint32_t)queue};
  n->links = g_renew(struct link *, n->links, n->n_links + 1);
  n->links[n->n_links++] = l;
  for (unsigned way = 0; way < 2; way++) {
    add_iface(n->hosts[ends[way]], l, way);
    g_autofree char *purpose = g_strdup_printf("loss %s", l->name);
    l->ways[way].link = l;
    l->ways[way].loss = world_random(n->world, ends[way], purpose);
  }
  return true;
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

static bool
read_links(struct net *n, const struct tree_node *scenario, GError **error)
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

/* ---- hosts ---- */

static bool
read_kind(const struct tree_node *node, enum host_kind *out, GError **error)
{
  static const char *const kinds[] = {
      [HOST_PC] = "pc",         [HOST_PHONE] = "phone",   [HOST_SERVER] = "server",
      [HOST_ROUTER] = "router", [HOST_SWITCH] = "switch", [HOST_OUTSIDE] = "outside", NULL};
  const char *text;
  if (!tree_text(node, "kind", "pc", &text, error))
    return false;
  for (unsigned i = 0; kinds[i]; i++) {
    if (strcmp(kinds[i], text) == 0) {
      *out = (enum host_kind)i;
      return true;
    }
  }
  return tree_fail(error, tree_get(node, "kind"),
                   lang_text("kind \"%s\" is unknown; write pc, phone, server, router, switch or "
                             "outside",
                             "ไม่รู้จัก kind \"%s\" ให้เขียน pc, phone, server, router, switch "
                             "หรือ outside"),
                   text);
}

static bool
read_place(struct net *n, struct host *h, const struct tree_node *node, uint32_t n_hosts,
           GError **error)
{
  const struct tree_node *place = tree_get(node, "place");
  /* Without a place: in rows of six, so that nothing covers anything. */
  h->x = 10 + (int)(h->index % 6) * 16;
  h->y = 15 + (int)(h->index / 6) * 70 / (int)MAX(n_hosts / 6, 1);
  if (!place)
    return true;
  int64_t xy[2];
  bool good = place->kind == TREE_LIST && place->children->len == 2;
  for (unsigned i = 0; good && i < 2; i++) {
    const struct tree_node *number = place->children->pdata[i];
    good = number->kind == TREE_SCALAR &&
           g_ascii_string_to_signed(number->text, 10, 0, 100, &xy[i], NULL);
  }
  if (!good)
    return tree_fail(error, place, "%s",
                     lang_text("\"place\" is two whole numbers from 0 to 100, for example [10, 40]",
                               "\"place\" คือจำนวนเต็มสองตัวตั้งแต่ 0 ถึง 100 เช่น [10, 40]"));
  h->x = (int)xy[0];
  h->y = (int)xy[1];
  return true;
}

static bool
read_tcp(struct host *h, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"window",  "scale", "delayed_ack", "initial_segments",
                                     "rto_min", "nagle", NULL};
  const struct tree_node *tcp = tree_get(node, "tcp");
  struct tcp_profile *p = &h->profile;
  if (!tcp)
    return true;
  int64_t window, scale, segments;
  if (!tree_known(tcp, keys, error) ||
      !tree_int(tcp, "window", p->receive_octets, 1, 1 << 24, &window, error) ||
      !tree_int(tcp, "scale", p->wscale, -1, 14, &scale, error) ||
      !tree_duration(tcp, "delayed_ack", p->delayed_ack_ns, &p->delayed_ack_ns, error) ||
      !tree_int(tcp, "initial_segments", p->initial_segments, 1, 10, &segments, error) ||
      !tree_duration(tcp, "rto_min", p->rto_min_ns, &p->rto_min_ns, error) ||
      !tree_bool(tcp, "nagle", p->nagle, &p->nagle, error))
    return false;
  if (p->delayed_ack_ns > 500000000)
    return tree_fail(error, tree_get(tcp, "delayed_ack"), "%s",
                     lang_text("an ACK may wait 500ms at most (RFC 9293 3.8.6.3); write less",
                               "ACK รอได้ไม่เกิน 500ms (RFC 9293 3.8.6.3) ให้เขียนค่าที่น้อยกว่านี้"));
  if (p->rto_min_ns < 1000000 || p->rto_min_ns > p->rto_max_ns)
    return tree_fail(
        error, tree_get(tcp, "rto_min"), "%s",
        lang_text("\"rto_min\" lies between 1ms and 60s", "\"rto_min\" ต้องอยู่ระหว่าง 1ms ถึง 60s"));
  p->receive_octets = (uint32_t)window;
  p->wscale = (int8_t)scale;
  p->initial_segments = (uint32_t)segments;
  return true;
}

static bool
read_host(struct net *n, const struct tree_node *node, uint32_t n_hosts, GError **error)
{
  static const char *const keys[] = {"kind",      "title",   "place",  "address",
                                     "addresses", "gateway", "routes", "dns",
                                     "resolver",  "ttl",     "tcp",    NULL};
  enum host_kind kind = HOST_PC;
  if (!tree_known(node, keys, error) || !read_kind(node, &kind, error))
    return false;
  struct host *h = host_new(n, node->key, kind);
  n->hosts[n->n_hosts++] = h;
  const char *en, *th;
  int64_t ttl;
  if (!tree_pair(node, "title", &en, &th, error) || !read_place(n, h, node, n_hosts, error) ||
      !tree_int(node, "ttl", h->ttl, 1, 255, &ttl, error) || !read_tcp(h, node, error))
    return false;
  h->title_en = g_strdup(en ? en : h->name);
  h->title_th = g_strdup(th ? th : h->name);
  h->ttl = (uint8_t)ttl;
  return true;
}

static bool
read_hosts(struct net *n, const struct tree_node *hosts, GError **error)
{
  unsigned n_hosts = hosts->children->len;
  n->hosts = g_new0(struct host *, n_hosts);
  for (unsigned i = 0; i < n_hosts; i++)
    if (!read_host(n, hosts->children->pdata[i], n_hosts, error))
      return false;
  return true;
}

/* What needs all hosts and links: addresses, routes, resolvers. */
static bool
finish_hosts(struct net *n, const struct tree_node *hosts, GError **error)
{
  for (uint32_t i = 0; i < n->n_hosts; i++)
    if (!build_host_addresses(n, n->hosts[i], hosts->children->pdata[i], error))
      return false;
  for (uint32_t i = 0; i < n->n_hosts; i++) {
    const struct tree_node *node = hosts->children->pdata[i], *dns = tree_get(node, "dns");
    struct host *h = n->hosts[i];
    if (!build_host_routes(n, h, node, error) || (dns && !build_address(n, dns, &h->dns, error)))
      return false;
  }
  return true;
}

static bool
start_resolvers(struct net *n, const struct tree_node *hosts, GError **error)
{
  for (uint32_t i = 0; i < n->n_hosts; i++) {
    bool is_resolver;
    if (!tree_bool(hosts->children->pdata[i], "resolver", false, &is_resolver, error))
      return false;
    if (is_resolver)
      dns_server_start(n->hosts[i], true);
  }
  return true;
}

bool
build_network(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *hosts = tree_get(scenario, "hosts");
  if (!hosts || hosts->kind != TREE_MAP || hosts->children->len == 0 ||
      hosts->children->len > NET_HOSTS_MAX)
    return tree_fail(
        error, hosts ? hosts : scenario,
        lang_text("\"hosts\" is missing or empty; a scenario needs a map of 1 to %d hosts",
                  "ไม่มี \"hosts\" หรือว่างเปล่า สถานการณ์ต้องมีแมปของโฮสต์ 1 ถึง %d โฮสต์"),
        NET_HOSTS_MAX);
  return read_hosts(n, hosts, error) && read_links(n, scenario, error) &&
         finish_hosts(n, hosts, error) && build_zones(n, scenario, error) &&
         start_resolvers(n, hosts, error) && build_faults(n, scenario, error);
}
