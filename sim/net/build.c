/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
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
 *                                   one address or a list of both families: [10.0.1.10/24, "2001:db8:1::10/64"];
 *                                   "auto": the host makes its own IPv6 address with the prefix that a router
 *                                   advertises, and takes the way out and the DNS server from it
 *     gateway: 10.0.1.1             where all else goes: an address of a net this host is on, or the
 *                                   name of a host on such a net (then for both families); or a list
 *     advertise: [lan]              of a router: links where it tells hosts its IPv6 prefixes
 *     interface_id: eui64           how own IPv6 addresses end: from the MAC, or stable (RFC 7217)
 *     dad: false                    true: written IPv6 addresses are tested too before they are used
 *     routes: [{to: 10.0.3.0/24, via: 10.0.9.2}]
 *     dns: 10.0.1.53                the resolver this host asks: an address or a host's name; or a
 *                                   list of up to three, asked one after the other
 *     resolver: true                answers the questions of other hosts and remembers what it found:
 *                                   walks down from the zone "." when there is one, else asks the
 *                                   servers of `zones` directly
 *     small_services: [echo, discard, chargen]     ports 7, 9 and 19, RFC 862 to 864
 *     claim: probe                  asks first whether somebody has its address (RFC 5227); announce: takes
 *                                   it and says so; none: silently. With probe and announce the address
 *                                   may be another host's too
 *     table: 8192                   of a switch: addresses that it remembers; ageing: 300s, so long
 *     nat: {outside: wan, forward: [{proto: tcp, port: 25, to: mail, to_port: 2525}]}
 *                                   of a router: hosts behind the other links share its address on `outside`;
 *                                   `forward` opens a port to a host inside; filtering: none, address or
 *                                   address-and-port; hairpin: true; udp: 5min, tcp_idle: 124min,
 *                                   tcp_transitory: 4min and icmp: 60s end unused mappings
 *     address: dhcp                 asks for one when the run begins; what the host does waits for it; release: 30s
 *                                   gives it back. A scenario with DHCP needs `until`, since leases are renewed
 *                                   for ever
 *     dhcp: {range: [10.0.1.100, 10.0.1.150], lease: 1h, router: 10.0.1.1, dns: ns, domain: alice.test}
 *                                   gives addresses of a net that this host is on to hosts that ask
 *     ttl: 64                       of the IP packets it makes
 *     tcp: {profile: linux, window: 64240, …}
 *                                   what its TCP chooses: build_tcp.c
 * links:
 *   lan:                            its name in the topology and in saved files
 *     ends: [alice-pc, switch1]     two hosts
 *     rate: 100Mbit/s               of each direction; all that follows may also stand under a direction:
 *     alice-pc-to-switch1: {delay: 2ms, loss: 1%}
 *     delay: 100us                  from the last bit sent to the last bit received
 *     jitter: 5ms                   up to so much more, anew for each frame; keep_order: false lets frames
 *                                   overtake each other by it
 *     loss: 2%                      of the frames; burst: 4 loses them in spells of four in the mean
 *     reorder: 1%                   of the frames are held back by reorder_delay: 3ms; without it, so long
 *                                   that two full frames overtake
 *     duplicate: 1%                 of the frames come twice
 *     corrupt: 1%                   of the frames come with one wrong bit
 *     mtu: 1500                     octets of the largest IP packet
 *     queue: 100                    frames that wait at most; queue_octets: 64000 bounds them by size
 *     mark: 20                      sets CE in ECN-capable packets when so many frames wait
 *     up: true
 * zones:                            the DNS; NS records, their addresses and the SOA record are made
 *   alice.test:                     "." is the root; a zone within another one is delegated from there
 *     server: ns1                   the host that answers for this zone, or a list of hosts
 *     ttl: 1h                       of its records
 *     negative_ttl: 5min            how long "there is no such name" may be remembered; at most ttl
 *     records:                      name: "@" is the zone itself, "mx" is mx.alice.test, "mx.b.test."
 *       - {name: "@", type: MX, preference: 10, value: mx}       with a dot at its end is complete;
 *       - {name: mx, type: A, value: 10.0.1.25}                  "*" stands for all that are not there
 *                                   A, AAAA (an address or a host), MX, CNAME, NS, TXT, PTR (in a zone
 *                                   like 1.0.10.in-addr.arpa); an MX with the value "." takes no mail
 * faults:
 *   - {link: lan, from: alice-pc, drop: 3, of: data, port: 25, times: 1}
 *                                   loses the third frame that fits `of`: any, data (a TCP segment with
 *                                   data), syn, fin, ack (TCP without data), udp, icmp or arp (with
 *                                   IPv6's neighbour discovery); `port` is either port; `times`: so many
 *                                   in a row
 *   - {link: lan, from: router, do: delay, by: 200ms, of: ack, occurrence: 2}
 *                                   drop, delay, duplicate (by: so long after), corrupt, reorder, mark, or
 *                                   hide: it passes, but the taps of this link miss it
 *   - {link: lan, filter: 'smtp.req.command == "DATA"', occurrence: 1, do: drop}
 *                                   what a display filter selects; without `from`, of both directions
 * changes:
 *   - {at: 5s, link: lan, from: router, loss: 5%}
 *                                   from then on; any setting of a link, in the direction away from
 *                                   `from` or in both */
/* clang-format on */
#include "sim/net/build.h"

#include <string.h>

#include "capture/wire/lang.h"

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

/* ---- hosts ---- */

static bool
read_kind(const struct tree_node *node, enum host_kind *out, GError **error)
{
  static const char *const kinds[] = {[HOST_PC] = "pc",
                                      [HOST_PHONE] = "phone",
                                      [HOST_SERVER] = "server",
                                      [HOST_ROUTER] = "router",
                                      [HOST_SWITCH] = "switch",
                                      [HOST_OUTSIDE] = "outside",
                                      NULL};
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
read_host(struct net *n, const struct tree_node *node, uint32_t n_hosts, GError **error)
{
  static const char *const keys[] = {
      "kind",   "title",  "place",    "address", "addresses",    "gateway",
      "routes", "dns",    "resolver", "ttl",     "tcp",          "small_services",
      "table",  "ageing", "claim",    "dad",     "interface_id", "advertise",
      "nat",    "dhcp",   "release",  NULL};
  enum host_kind kind = HOST_PC;
  if (!tree_known(node, keys, error) || !read_kind(node, &kind, error))
    return false;
  struct host *h = host_new(n, node->key, kind);
  n->hosts[n->n_hosts++] = h;
  const char *en, *th;
  int64_t ttl;
  if (!tree_pair(node, "title", &en, &th, error) || !read_place(n, h, node, n_hosts, error) ||
      !tree_int(node, "ttl", h->ttl, 1, 255, &ttl, error) || !build_tcp(h, node, error) ||
      !build_host_nature(h, node, error))
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

static bool
read_dns(struct net *n, struct host *h, const struct tree_node *dns, GError **error)
{
  if (dns->kind != TREE_LIST)
    return build_address(n, dns, &h->dns[0], error);
  if (dns->children->len > HOST_DNS_MAX)
    return tree_fail(error, dns,
                     lang_text("a host asks at most %d resolvers; remove some",
                               "โฮสต์หนึ่งถามรีโซลเวอร์ได้ไม่เกิน %d ตัว ให้ลบออกบ้าง"),
                     HOST_DNS_MAX);
  for (unsigned i = 0; i < dns->children->len; i++)
    if (!build_address(n, dns->children->pdata[i], &h->dns[i], error))
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
    if (!build_host_routes(n, h, node, error) || (dns && !read_dns(n, h, dns, error)))
      return false;
  }
  return true;
}

static bool
start_services(struct net *n, const struct tree_node *hosts, GError **error)
{
  for (uint32_t i = 0; i < n->n_hosts; i++) {
    bool is_resolver;
    if (!tree_bool(hosts->children->pdata[i], "resolver", false, &is_resolver, error))
      return false;
    if (is_resolver)
      dns_server_start(n->hosts[i], true);
    if (!build_small_services(n->hosts[i], hosts->children->pdata[i], error))
      return false;
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
  return read_hosts(n, hosts, error) && build_links(n, scenario, error) &&
         finish_hosts(n, hosts, error) && build_zones(n, scenario, error) &&
         start_services(n, hosts, error) && build_faults(n, scenario, error) &&
         build_changes(n, scenario, error) && build_services(n, scenario, error);
}
