/* SPDX-License-Identifier: GPL-3.0-or-later */
/* traffic.c -- the verbs of a timeline that have to do with the network itself: the table, and the
 * short ones. `transfer` has a file of its own. Their keys stand in traffic.h. */
#include "sim/net/traffic.h"

#include <string.h>

#include "capture/wire/dns.h"
#include "capture/wire/lang.h"
#include "sim/net/host.h"
#include "sim/net/transfer.h"

enum { PING_COUNT_MAX = 1000, DATAGRAM_OCTETS_MAX = 65000 };
#define SECOND INT64_C(1000000000)

struct traffic {
  struct net *net;
  struct transfer_listeners *listeners;
};

/* One action of a verb of this file; which members count is the verb's business. */
struct errand {
  struct action *action;
  struct net *net;
  struct traffic_server server;
  struct ip_addr addr; /* of the server, once found */
  int64_t count, interval_ns, size, ttl, port, local_port, n_sent;
  bool df, uses_icmp;
  uint16_t type; /* lookup */
  char name[DNS_NAME_TEXT_MAX];
};

/* ---- servers ---- */

bool
traffic_read_server(struct action *a, struct traffic_server *out, GError **error)
{
  const struct tree_node *node = action_node(a);
  int64_t family;
  if (!tree_text(node, "server", NULL, &out->text, error) ||
      !tree_int(node, "family", 0, 4, 6, &family, error))
    return false;
  if (!out->text)
    return tree_fail(error, node, "%s",
                     lang_text("the action needs `server`: a host, a name or an address",
                               "การกระทำนี้ต้องมี `server`: โฮสต์ ชื่อ หรือที่อยู่"));
  if (family == 5)
    return tree_fail(error, tree_get(node, "family"), "%s",
                     lang_text("`family` is 4 or 6", "`family` ต้องเป็น 4 หรือ 6"));
  out->version = (uint8_t)family;
  return true;
}

void
traffic_find_server(struct action *a, const struct traffic_server *s,
                    void (*found)(struct action *a, const struct ip_addr *addr, void *own))
{
  struct net *n = action_net(a);
  uint32_t host = net_find_host(n, s->text);
  if (host == UINT32_MAX) {
    action_resolve(a, s->text, s->version, found);
    return;
  }
  for (uint32_t i = 0; i < net_n_addresses(n, host); i++) {
    struct host_address at = net_address(n, host, i);
    if (s->version == 0 || at.addr.version == s->version) {
      char text[ADDR_TEXT_MAX];
      action_resolve(a, ip_addr_format(&at.addr, text), s->version, found);
      return;
    }
  }
  action_log(a, lang_text("the server has no address of that kind", "เซิร์ฟเวอร์ไม่มีที่อยู่ชนิดนั้น"));
  action_finish(a, false);
}

static void
errand_free(void *own)
{
  g_free(own);
}

static struct errand *
errand_new(void *owner, struct action *a)
{
  const struct traffic *t = owner;
  struct errand *e = g_new0(struct errand, 1);
  e->action = a;
  e->net = t->net;
  return e;
}

static void *
kept(struct errand *e, bool is_good)
{
  if (is_good)
    return e;
  errand_free(e);
  return NULL;
}

/* ---- lookup ---- */

static const char *const lookup_keys[] = {"server", "type", NULL};

static void *
lookup_read(void *owner, struct action *a, GError **error)
{
  static const char *const names[] = {"A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", NULL};
  static const uint16_t types[] = {DNS_TYPE_A,   DNS_TYPE_NS, DNS_TYPE_CNAME, DNS_TYPE_SOA,
                                   DNS_TYPE_PTR, DNS_TYPE_MX, DNS_TYPE_TXT,   DNS_TYPE_AAAA};
  struct errand *e = errand_new(owner, a);
  const char *type;
  struct ip_addr addr;
  if (!traffic_read_server(a, &e->server, error) ||
      !tree_text(action_node(a), "type", NULL, &type, error))
    return kept(e, false);
  bool is_addr = ip_addr_parse(e->server.text, &addr);
  if (is_addr)
    dns_reverse_name(&addr, e->name);
  else
    g_strlcpy(e->name, e->server.text, sizeof e->name);
  type = type ? type : is_addr ? "PTR" : "A";
  for (unsigned i = 0; names[i]; i++)
    if (g_ascii_strcasecmp(names[i], type) == 0)
      e->type = types[i];
  if (e->type)
    return e;
  tree_fail(
      error, tree_get(action_node(a), "type"),
      lang_text("record type \"%s\" is not known here; write A, AAAA, MX, NS, CNAME, SOA, TXT "
                "or PTR",
                "ไม่รู้จักชนิดระเบียน \"%s\" ให้เขียน A, AAAA, MX, NS, CNAME, SOA, TXT หรือ PTR"),
      type);
  return kept(e, false);
}

static void
lookup_tell(const struct errand *e, unsigned number, const char *text)
{
  char key[12];
  g_autofree char *subject = g_strdup_printf("lookup %s %s", e->name, dns_type_name(e->type));
  g_snprintf(key, sizeof key, "%u", number);
  world_emit(net_world(e->net), action_host(e->action), subject, key, "%s", text);
}

static void
looked_up(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  static const char *const words[] = {
      [DNS_NO_NAME] = "NXDOMAIN", [DNS_NO_DATA] = "NODATA", [DNS_FAILED] = "no answer"};
  struct errand *e = data;
  for (unsigned i = 0; i < n; i++) {
    const struct dns_answer *a = &answers[i];
    char addr[ADDR_TEXT_MAX];
    g_autofree char *text =
        a->addr.version ? g_strdup_printf("%s ttl=%u", ip_addr_format(&a->addr, addr), a->ttl_s)
        : e->type == DNS_TYPE_MX ? g_strdup_printf("%u %s ttl=%u", a->preference, a->name, a->ttl_s)
                                 : g_strdup_printf("%s ttl=%u", a->name, a->ttl_s);
    lookup_tell(e, i + 1, text);
  }
  if (status != DNS_FOUND)
    lookup_tell(e, 1, words[status]);
  action_finish(e->action, status == DNS_FOUND);
}

static void
lookup_begin(struct action *a, void *own)
{
  struct errand *e = own;
  net_resolve(e->net, action_host(a), e->name, e->type, looked_up, e);
}

/* ---- ping ---- */

static const char *const ping_keys[] = {"server", "family", "count", "interval",
                                        "size",   "ttl",    "df",    NULL};

static void *
ping_read(void *owner, struct action *a, GError **error)
{
  struct errand *e = errand_new(owner, a);
  const struct tree_node *node = action_node(a);
  return kept(e, traffic_read_server(a, &e->server, error) &&
                     tree_int(node, "count", 1, 1, PING_COUNT_MAX, &e->count, error) &&
                     tree_duration(node, "interval", SECOND, &e->interval_ns, error) &&
                     tree_int(node, "size", PING_SIZE, 0, PING_SIZE_MAX, &e->size, error) &&
                     tree_int(node, "ttl", 0, 1, 255, &e->ttl, error) &&
                     tree_bool(node, "df", false, &e->df, error));
}

/* It is done when as much time has passed as the answers have, whether they came or not. */
static void
pinged(void *data)
{
  const struct errand *e = data;
  action_finish(e->action, true);
}

static void
ping_found(struct action *a, const struct ip_addr *addr, void *own)
{
  const struct errand *e = own;
  struct world *w = net_world(e->net);
  const struct ping_request want = {.to = *addr,
                                    .count = (unsigned)e->count,
                                    .interval_ns = e->interval_ns,
                                    .size = (uint32_t)e->size,
                                    .ttl = (uint8_t)e->ttl,
                                    .df = e->df};
  net_ping_with(e->net, action_host(a), &want);
  world_at(w, world_now(w) + e->count * e->interval_ns, WORLD_APP, action_host(a), pinged, own);
}

static void
ping_begin(struct action *a, void *own)
{
  const struct errand *e = own;
  traffic_find_server(a, &e->server, ping_found);
}

/* ---- traceroute ---- */

static const char *const trace_keys[] = {"server", "family", "method", "probes", "max_hops", NULL};

static void *
trace_read(void *owner, struct action *a, GError **error)
{
  struct errand *e = errand_new(owner, a);
  const struct tree_node *node = action_node(a);
  const char *method;
  if (!traffic_read_server(a, &e->server, error) ||
      !tree_text(node, "method", "udp", &method, error) ||
      !tree_int(node, "probes", 3, 1, 10, &e->count, error) ||
      !tree_int(node, "max_hops", 30, 1, 255, &e->ttl, error))
    return kept(e, false);
  e->uses_icmp = strcmp(method, "icmp") == 0;
  if (e->uses_icmp || strcmp(method, "udp") == 0)
    return e;
  tree_fail(
      error, tree_get(node, "method"),
      lang_text("`method` is udp or icmp, not \"%s\"", "`method` ต้องเป็น udp หรือ icmp ไม่ใช่ \"%s\""),
      method);
  return kept(e, false);
}

static void
traced(void *data, bool is_reached, unsigned n_hops)
{
  const struct errand *e = data;
  action_finish(e->action, is_reached);
}

static void
trace_found(struct action *a, const struct ip_addr *addr, void *own)
{
  const struct errand *e = own;
  const struct trace_request want = {.to = *addr,
                                     .uses_icmp = e->uses_icmp,
                                     .max_hops = (uint8_t)e->ttl,
                                     .n_probes = (uint8_t)e->count,
                                     .done = traced,
                                     .data = own};
  if (!net_traceroute(e->net, action_host(a), &want))
    action_finish(a, false);
}

static void
trace_begin(struct action *a, void *own)
{
  const struct errand *e = own;
  traffic_find_server(a, &e->server, trace_found);
}

/* ---- datagrams ---- */

static const char *const datagram_keys[] = {"server", "family",   "port", "local_port",
                                            "count",  "interval", "size", NULL};

static void *
datagram_read(void *owner, struct action *a, GError **error)
{
  struct errand *e = errand_new(owner, a);
  const struct tree_node *node = action_node(a);
  bool is_good = traffic_read_server(a, &e->server, error) &&
                 tree_int(node, "port", 7, 1, UINT16_MAX, &e->port, error) &&
                 tree_int(node, "local_port", 0, 1, UINT16_MAX, &e->local_port, error) &&
                 tree_int(node, "count", 1, 1, PING_COUNT_MAX, &e->count, error) &&
                 tree_duration(node, "interval", SECOND, &e->interval_ns, error) &&
                 tree_int(node, "size", 64, 0, DATAGRAM_OCTETS_MAX, &e->size, error);
  return kept(e, is_good);
}

/* Answers are looked at by nobody but the student. */
static void
datagram_came(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p,
              size_t n)
{
}

static void
datagram_send(void *data)
{
  struct errand *e = data;
  struct host *h = e->net->hosts[action_host(e->action)];
  struct world *w = e->net->world;
  if (e->n_sent == e->count) {
    udp_unbind(h, (uint16_t)e->local_port);
    action_finish(e->action, true);
    return;
  }
  g_autofree uint8_t *p = g_malloc((gsize)e->size + 1);
  for (int64_t i = 0; i < e->size; i++)
    p[i] = (uint8_t)('a' + i % 26);
  udp_send(h, (uint16_t)e->local_port, &e->addr, (uint16_t)e->port, p, (size_t)e->size);
  e->n_sent++;
  world_at(w, world_now(w) + e->interval_ns, WORLD_APP, h->index, datagram_send, e);
}

static void
datagram_found(struct action *a, const struct ip_addr *addr, void *own)
{
  struct errand *e = own;
  e->addr = *addr;
  e->local_port =
      udp_bind(e->net->hosts[action_host(a)], (uint16_t)e->local_port, datagram_came, NULL, e);
  if (e->local_port)
    datagram_send(e);
  else
    action_finish(a, false); /* the port is taken */
}

static void
datagram_begin(struct action *a, void *own)
{
  const struct errand *e = own;
  traffic_find_server(a, &e->server, datagram_found);
}

/* ---- the table ---- */

static void *
read_transfer(void *owner, struct action *a, GError **error)
{
  const struct traffic *t = owner;
  return transfer_read(t->listeners, a, error);
}

static const struct action_verb verbs[] = {
    {"transfer", transfer_keys, read_transfer, transfer_begin, transfer_free},
    {"lookup", lookup_keys, lookup_read, lookup_begin, errand_free},
    {"ping", ping_keys, ping_read, ping_begin, errand_free},
    {"traceroute", trace_keys, trace_read, trace_begin, errand_free},
    {"datagrams", datagram_keys, datagram_read, datagram_begin, errand_free},
};

struct action_table
traffic_table(struct traffic *t)
{
  return (struct action_table){verbs, G_N_ELEMENTS(verbs), t};
}

struct traffic *
traffic_new(struct net *n)
{
  struct traffic *t = g_new0(struct traffic, 1);
  t->net = n;
  t->listeners = transfer_listeners_new(n);
  return t;
}

void
traffic_free(struct traffic *t)
{
  transfer_listeners_free(t->listeners);
  g_free(t);
}
