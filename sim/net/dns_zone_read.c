/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_zone_read.c -- the `zones` of a scenario (described in build.c), RFC 1035 5.
 *
 * Each zone gets a SOA record and, when the scenario names no NS record for it, name servers
 * "ns.ZONE" (several: "ns1.ZONE", "ns2.ZONE"; of the root: "a.root", "b.root") with the addresses
 * of their hosts: the least that RFC 1034 4.2.1 asks of a zone. A zone inside another zone of the
 * scenario is delegated from there: its NS records, and those servers' addresses as glue when their
 * names lie in it. */
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"
#include "sim/net/dns_zone.h"

enum { TTL_DEFAULT_S = 3600, TTL_MAX_S = 7 * 86400, NEGATIVE_TTL_MAX_S = 3600, SERIAL = 1 };

/* "@", "mx" and "mx.other.test." inside a zone; NULL with error when the result is no name. */
static char *
complete(const struct zone *z, const struct tree_node *node, GError **error)
{
  const char *text = node->kind == TREE_SCALAR ? node->text : "";
  size_t n = strlen(text);
  char *name = NULL;
  if (strcmp(text, "@") == 0)
    name = g_strdup(z->name);
  else if (n > 1 && text[n - 1] == '.')
    name = g_strndup(text, n - 1);
  else if (n > 0)
    name = *z->name ? g_strdup_printf("%s.%s", text, z->name) : g_strdup(text);
  uint8_t wire[DNS_NAME_MAX];
  if (name && dns_name_put(wire, name))
    return name;
  g_free(name);
  tree_fail(error, node,
            lang_text("\"%s\" is no domain name; labels have 1 to 63 characters, for example mx",
                      "\"%s\" ไม่ใช่ชื่อโดเมน แต่ละส่วนมี 1 ถึง 63 อักขระ เช่น mx"),
            text);
  return NULL;
}

static bool
read_type(const struct tree_node *node, uint16_t *out, GError **error)
{
  static const struct {
    const char *name;
    uint16_t type;
  } types[] = {{"A", DNS_RR_A},         {"AAAA", DNS_RR_AAAA}, {"MX", DNS_RR_MX},
               {"CNAME", DNS_RR_CNAME}, {"NS", DNS_RR_NS},     {"TXT", DNS_RR_TXT},
               {"PTR", DNS_RR_PTR}};
  const char *text;
  if (!tree_text(node, "type", "A", &text, error))
    return false;
  for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
    if (g_ascii_strcasecmp(types[i].name, text) == 0) {
      *out = types[i].type;
      return true;
    }
  }
  return tree_fail(
      error, tree_get(node, "type"),
      lang_text("record type \"%s\" is not known here; write A, AAAA, MX, CNAME, NS, TXT or PTR",
                "ไม่รู้จักชนิดระเบียน \"%s\" ให้เขียน A, AAAA, MX, CNAME, NS, TXT หรือ PTR"),
      text);
}

static bool
read_address(struct net *n, const struct tree_node *value, struct dns_rr *r, GError **error)
{
  uint8_t version = r->type == DNS_RR_A ? 4 : 6;
  uint32_t host = value->kind == TREE_SCALAR ? net_find_host(n, value->text) : UINT32_MAX;
  if (host != UINT32_MAX) {
    r->addr = host_addr(n->hosts[host], version);
    if (r->addr.version)
      return true;
  }
  if (value->kind == TREE_SCALAR && ip_addr_parse(value->text, &r->addr) &&
      r->addr.version == version)
    return true;
  return tree_fail(error, value,
                   lang_text("\"%1$s\" is no IPv%2$u address and no host with one; write for "
                             "example %3$s",
                             "\"%1$s\" ไม่ใช่ที่อยู่ IPv%2$u และไม่ใช่โฮสต์ที่มีที่อยู่นั้น ให้เขียนเช่น %3$s"),
                   value->kind == TREE_SCALAR ? value->text : "", version,
                   version == 4 ? "10.0.1.25" : "2001:db8:1::25");
}

static bool
read_value(struct net *n, const struct zone *z, const struct tree_node *value, struct dns_rr *r,
           GError **error)
{
  if (r->type == DNS_RR_A || r->type == DNS_RR_AAAA)
    return read_address(n, value, r, error);
  if (r->type == DNS_RR_TXT) {
    if (value->kind != TREE_SCALAR || strlen(value->text) > 255)
      return tree_fail(error, value, "%s",
                       lang_text("the text of a TXT record has at most 255 octets",
                                 "ข้อความของระเบียน TXT มีได้ไม่เกิน 255 ออกเตต"));
    r->target = g_strdup(value->text);
    return true;
  }
  bool is_root = value->kind == TREE_SCALAR && strcmp(value->text, ".") == 0;
  r->target = r->type == DNS_RR_MX && is_root ? g_strdup("") /* null MX, RFC 7505 */
                                              : complete(z, value, error);
  return r->target != NULL;
}

static bool
read_record(struct net *n, struct zone *z, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"name", "type", "value", "preference", "ttl", NULL};
  if (!tree_known(node, keys, error))
    return false;
  const struct tree_node *name = tree_get(node, "name"), *value = tree_get(node, "value");
  if (!name || !value)
    return tree_fail(
        error, node, "%s",
        lang_text("a record needs name and value: {name: mx, type: A, value: 10.0.1.25}",
                  "ระเบียนต้องมี name และ value: {name: mx, type: A, value: 10.0.1.25}"));
  struct dns_rr r = {0};
  int64_t preference, ttl_ns;
  bool good = read_type(node, &r.type, error) &&
              tree_int(node, "preference", 10, 0, UINT16_MAX, &preference, error) &&
              tree_duration(node, "ttl", (int64_t)z->ttl_s * 1000000000, &ttl_ns, error) &&
              (r.name = complete(z, name, error)) && read_value(n, z, value, &r, error);
  if (good && !dns_name_is_in(r.name, z->name))
    good = tree_fail(error, name,
                     lang_text("\"%s\" does not lie in the zone \"%s\"; put it into its own zone",
                               "\"%s\" ไม่ได้อยู่ในโซน \"%s\" ให้ย้ายไปไว้ในโซนของมันเอง"),
                     r.name, z->name);
  if (!good) {
    dns_rr_clear(&r);
    return false;
  }
  r.preference = (uint16_t)preference;
  r.ttl_s = (uint32_t)MIN(ttl_ns / 1000000000, TTL_MAX_S);
  g_array_append_val(z->records, r);
  return true;
}

/* RFC 1034 3.6.2: a name with a CNAME has no other records. */
static bool
refuse_mixed_cname(const struct zone *z, const struct tree_node *records, GError **error)
{
  for (unsigned i = 0; i < z->records->len; i++) {
    const struct dns_rr *a = dns_rrs_at(z->records, i);
    if (a->type != DNS_RR_CNAME)
      continue;
    for (unsigned k = 0; k < z->records->len; k++)
      if (k != i && dns_name_equal(dns_rrs_at(z->records, k)->name, a->name))
        return tree_fail(error, records->children->pdata[i],
                         lang_text("\"%s\" has a CNAME and other records; a CNAME stands alone "
                                   "(RFC 1034 3.6.2)",
                                   "\"%s\" มี CNAME พร้อมกับระเบียนอื่น CNAME ต้องอยู่เพียงลำพัง "
                                   "(RFC 1034 3.6.2)"),
                         a->name);
  }
  return true;
}

/* The addresses of a name server's host under its name, unless the scenario gives some. */
static void
add_addresses(struct net *n, struct zone *z, uint32_t host, const char *name)
{
  static const uint16_t types[] = {[4] = DNS_RR_A, [6] = DNS_RR_AAAA};
  if (!dns_name_is_in(name, z->name) || zone_has_name(z, name))
    return;
  for (uint8_t version = 4; version <= 6; version += 2) {
    struct dns_rr r = {.type = types[version], .ttl_s = z->ttl_s};
    r.addr = host_addr(n->hosts[host], version);
    if (r.addr.version == 0)
      continue;
    r.name = g_strdup(name);
    g_array_append_val(z->records, r);
  }
}

static char *
server_name(const struct zone *z, unsigned i)
{
  if (!*z->name)
    return g_strdup_printf("%c.root", 'a' + (int)i);
  return z->n_servers == 1 ? g_strdup_printf("ns.%s", z->name)
                           : g_strdup_printf("ns%u.%s", i + 1, z->name);
}

static void
add_name_servers(struct net *n, struct zone *z, uint32_t negative_ttl_s)
{
  if (!dns_rrs_find(z->records, z->name, DNS_RR_NS)) {
    for (unsigned i = 0; i < z->n_servers; i++) {
      struct dns_rr ns = {.name = g_strdup(z->name),
                          .type = DNS_RR_NS,
                          .ttl_s = z->ttl_s,
                          .target = server_name(z, i)};
      add_addresses(n, z, z->servers[i], ns.target);
      g_array_append_val(z->records, ns);
    }
  }
  struct dns_rr soa = {.name = g_strdup(z->name),
                       .type = DNS_RR_SOA,
                       .ttl_s = z->ttl_s,
                       .target = g_strdup(dns_rrs_find(z->records, z->name, DNS_RR_NS)->target),
                       .mailbox = *z->name ? g_strdup_printf("hostmaster.%s", z->name)
                                           : g_strdup("hostmaster"),
                       .serial = SERIAL,
                       .refresh_s = 86400,
                       .retry_s = 7200,
                       .expire_s = 3600000,
                       .minimum_s = negative_ttl_s};
  g_array_append_val(z->records, soa);
}

static bool
read_servers(struct net *n, struct zone *z, const struct tree_node *node, GError **error)
{
  const struct tree_node *server = tree_get(node, "server");
  unsigned count = !server ? 0 : server->kind == TREE_LIST ? server->children->len : 1;
  if (count == 0 || count > ZONE_SERVERS_MAX)
    return tree_fail(error, server ? server : node,
                     lang_text("zone \"%s\" needs 1 to %d servers; write server: HOST",
                               "โซน \"%s\" ต้องมีเซิร์ฟเวอร์ 1 ถึง %d เครื่อง ให้เขียน server: HOST"),
                     node->key, ZONE_SERVERS_MAX);
  for (unsigned i = 0; i < count; i++) {
    const struct tree_node *one = server->kind == TREE_LIST ? server->children->pdata[i] : server;
    uint32_t host = build_find_host(n, one, error);
    if (host == UINT32_MAX)
      return false;
    if (net_host_info(n, host).addr.version == 0)
      return tree_fail(error, one,
                       lang_text("host \"%s\" has no address and cannot serve a zone; name another",
                                 "โฮสต์ \"%s\" ไม่มีที่อยู่จึงให้บริการโซนไม่ได้ ให้ระบุโฮสต์อื่น"),
                       one->text);
    z->servers[z->n_servers++] = host;
  }
  return true;
}

static bool
read_zone(struct net *n, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"server", "ttl", "negative_ttl", "records", NULL};
  const struct tree_node *records = tree_get(node, "records");
  int64_t ttl_ns, negative_ttl_ns;
  struct zone *z = g_new0(struct zone, 1);
  z->name = g_strdup(strcmp(node->key, ".") == 0 ? "" : node->key);
  z->records = dns_rrs_new();
  g_ptr_array_add(n->zones, z);
  uint8_t wire[DNS_NAME_MAX];
  if (!dns_name_put(wire, z->name))
    return tree_fail(error, node,
                     lang_text("\"%s\" is no domain name; write a zone like bob.test",
                               "\"%s\" ไม่ใช่ชื่อโดเมน ให้เขียนโซนแบบ bob.test"),
                     node->key);
  if (!tree_known(node, keys, error) || !read_servers(n, z, node, error) ||
      !tree_duration(node, "ttl", (int64_t)TTL_DEFAULT_S * 1000000000, &ttl_ns, error))
    return false;
  z->ttl_s = (uint32_t)MIN(ttl_ns / 1000000000, TTL_MAX_S);
  if (!tree_duration(node, "negative_ttl", (int64_t)MIN(z->ttl_s, NEGATIVE_TTL_MAX_S) * 1000000000,
                     &negative_ttl_ns, error))
    return false;
  if (records && (records->kind != TREE_LIST || records->children->len > DNS_RECORDS_MAX))
    return tree_fail(error, records,
                     lang_text("\"records\" is a list of at most %d records",
                               "\"records\" เป็นรายการระเบียนไม่เกิน %d ระเบียน"),
                     DNS_RECORDS_MAX);
  for (unsigned i = 0; records && i < records->children->len; i++)
    if (!read_record(n, z, records->children->pdata[i], error))
      return false;
  if (records && !refuse_mixed_cname(z, records, error))
    return false;
  add_name_servers(n, z, (uint32_t)MIN(negative_ttl_ns / 1000000000, TTL_MAX_S));
  for (unsigned i = 0; i < z->n_servers; i++)
    dns_server_start(n->hosts[z->servers[i]], false);
  return true;
}

/* What the zone above has to say of a zone: who serves it, and where those are when nobody else can
 * tell (RFC 1034 4.2.1). */
static void
delegate(struct net *n, const struct zone *z)
{
  const char *up = dns_name_up(z->name);
  struct zone *parent = up ? (struct zone *)zone_find(n, UINT32_MAX, up) : NULL;
  if (!parent || dns_rrs_find(parent->records, z->name, DNS_RR_NS))
    return;
  unsigned first = parent->records->len;
  zone_records(z, z->name, DNS_RR_NS, parent->records);
  unsigned end = parent->records->len;
  for (unsigned i = first; i < end; i++) {
    g_autofree char *target = g_strdup(dns_rrs_at(parent->records, i)->target);
    if (!dns_name_is_in(target, z->name))
      continue;
    zone_records(z, target, DNS_RR_A, parent->records);
    zone_records(z, target, DNS_RR_AAAA, parent->records);
  }
}

bool
build_zones(struct net *n, const struct tree_node *scenario, GError **error)
{
  const struct tree_node *zones = tree_get(scenario, "zones");
  if (!zones)
    return true;
  if (zones->kind != TREE_MAP)
    return tree_fail(error, zones, "%s",
                     lang_text("\"zones\" is a map: bob.test: {server: HOST, records: […]}",
                               "\"zones\" เป็นแมป: bob.test: {server: HOST, records: […]}"));
  for (unsigned i = 0; i < zones->children->len; i++)
    if (!read_zone(n, zones->children->pdata[i], error))
      return false;
  for (unsigned i = 0; i < n->zones->len; i++)
    delegate(n, n->zones->pdata[i]);
  return true;
}
