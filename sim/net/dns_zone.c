/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_zone.c -- resource records, zones, and the `zones` of a scenario, RFC 1034 and 1035.
 *
 * Each zone gets a SOA record and, when the scenario names no NS record for it, the name server
 * "ns.ZONE" with the address of its host: the least that RFC 1034 4.2.1 asks of a zone. */
#include "sim/net/dns_zone.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/build.h"

enum { TTL_DEFAULT_S = 3600, TTL_MAX_S = 7 * 86400, NEGATIVE_TTL_MAX_S = 3600, SERIAL = 1 };

void
dns_rr_clear(struct dns_rr *r)
{
  g_free(r->name);
  g_free(r->target);
}

struct dns_rr
dns_rr_copy(const struct dns_rr *r)
{
  struct dns_rr copy = *r;
  copy.name = g_strdup(r->name);
  copy.target = g_strdup(r->target);
  return copy;
}

GArray *
dns_rrs_new(void)
{
  GArray *a = g_array_new(FALSE, TRUE, sizeof(struct dns_rr));
  g_array_set_clear_func(a, (GDestroyNotify)dns_rr_clear);
  return a;
}

void
zone_free(struct zone *z)
{
  g_free(z->name);
  g_free(z->primary);
  g_free(z->mailbox);
  g_array_free(z->records, TRUE);
  g_free(z);
}

/* ---- looking up ---- */

static bool
is_in(const char *name, const char *zone)
{
  size_t n = strlen(name), n_zone = strlen(zone);
  if (n_zone == 0)
    return true;
  return n >= n_zone && g_ascii_strcasecmp(name + n - n_zone, zone) == 0 &&
         (n == n_zone || name[n - n_zone - 1] == '.');
}

const struct zone *
zone_find(const struct net *n, const char *name)
{
  const struct zone *best = NULL;
  for (unsigned i = 0; i < n->zones->len; i++) {
    const struct zone *z = n->zones->pdata[i];
    if (is_in(name, z->name) && (!best || strlen(z->name) > strlen(best->name)))
      best = z;
  }
  return best;
}

bool
zone_has_name(const struct zone *z, const char *name)
{
  if (dns_name_equal(z->name, name))
    return true;
  for (unsigned i = 0; i < z->records->len; i++)
    if (is_in(g_array_index(z->records, struct dns_rr, i).name, name))
      return true;
  return false;
}

unsigned
zone_lookup(const struct net *n, uint32_t server, const char *name, uint16_t type, GArray *out)
{
  const struct zone *z = zone_find(n, name);
  unsigned found = 0;
  if (!z || z->server != server)
    return 0;
  for (unsigned i = 0; i < z->records->len; i++) {
    const struct dns_rr *r = &g_array_index(z->records, struct dns_rr, i);
    if ((r->type != type && type != DNS_RR_ANY) || !dns_name_equal(r->name, name))
      continue;
    struct dns_rr copy = dns_rr_copy(r);
    g_array_append_val(out, copy);
    found++;
  }
  return found;
}

void
dns_rrs_write(struct dns_writer *w, enum dns_section s, const GArray *records)
{
  for (unsigned i = 0; i < records->len; i++) {
    const struct dns_rr *r = &g_array_index(records, struct dns_rr, i);
    switch (r->type) {
    case DNS_RR_A:
      dns_writer_address(w, s, r->name, r->ttl_s, &r->addr);
      break;
    case DNS_RR_MX:
      dns_writer_mx(w, s, r->name, r->ttl_s, r->preference, r->target);
      break;
    case DNS_RR_TXT:
      dns_writer_txt(w, s, r->name, r->ttl_s, r->target);
      break;
    default:
      dns_writer_name(w, s, r->name, r->type, r->ttl_s, r->target);
    }
  }
}

void
zone_write_soa(struct dns_writer *w, const struct zone *z)
{
  const struct dns_soa soa = {.primary = z->primary,
                              .mailbox = z->mailbox,
                              .serial = SERIAL,
                              .refresh_s = 86400,
                              .retry_s = 7200,
                              .expire_s = 3600000,
                              .minimum_s = MIN(z->ttl_s, NEGATIVE_TTL_MAX_S)};
  /* RFC 2308 3: the TTL of the SOA in a negative answer is the smaller of the two. */
  dns_writer_soa(w, DNS_AUTHORITY, z->name, soa.minimum_s, &soa);
}

/* ---- the scenario ---- */

/* "@", "mx" and "mx.other.test." inside a zone; NULL with error when the result is no name. */
static char *
complete(const struct zone *z, const struct tree_node *node, GError **error)
{
  const char *text = node->kind == TREE_SCALAR ? node->text : "";
  size_t n = strlen(text);
  char *name = NULL;
  if (strcmp(text, "@") == 0)
    name = g_ascii_strdown(z->name, -1);
  else if (n > 1 && text[n - 1] == '.')
    name = g_ascii_strdown(text, (gssize)n - 1);
  else if (n > 0) {
    g_autofree char *joined = *z->name ? g_strdup_printf("%s.%s", text, z->name) : g_strdup(text);
    name = g_ascii_strdown(joined, -1);
  }
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
  } types[] = {{"A", DNS_RR_A},   {"MX", DNS_RR_MX},   {"CNAME", DNS_RR_CNAME},
               {"NS", DNS_RR_NS}, {"TXT", DNS_RR_TXT}, {"PTR", DNS_RR_PTR}};
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
      lang_text("record type \"%s\" is not known here; write A, MX, CNAME, NS, TXT or PTR",
                "ไม่รู้จักชนิดระเบียน \"%s\" ให้เขียน A, MX, CNAME, NS, TXT หรือ PTR"),
      text);
}

static bool
read_value(struct net *n, const struct zone *z, const struct tree_node *value, struct dns_rr *r,
           GError **error)
{
  if (r->type == DNS_RR_A)
    return build_address(n, value, &r->addr, error);
  if (r->type == DNS_RR_TXT) {
    if (value->kind != TREE_SCALAR || strlen(value->text) > 255)
      return tree_fail(error, value, "%s",
                       lang_text("the text of a TXT record has at most 255 octets",
                                 "ข้อความของระเบียน TXT มีได้ไม่เกิน 255 ออกเตต"));
    r->target = g_strdup(value->text);
    return true;
  }
  r->target = complete(z, value, error);
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
  if (good && !is_in(r.name, z->name))
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
    const struct dns_rr *a = &g_array_index(z->records, struct dns_rr, i);
    if (a->type != DNS_RR_CNAME)
      continue;
    for (unsigned k = 0; k < z->records->len; k++)
      if (k != i && strcmp(g_array_index(z->records, struct dns_rr, k).name, a->name) == 0)
        return tree_fail(error, records->children->pdata[i],
                         lang_text("\"%s\" has a CNAME and other records; a CNAME stands alone "
                                   "(RFC 1034 3.6.2)",
                                   "\"%s\" มี CNAME พร้อมกับระเบียนอื่น CNAME ต้องอยู่เพียงลำพัง "
                                   "(RFC 1034 3.6.2)"),
                         a->name);
  }
  return true;
}

static void
add_name_server(struct net *n, struct zone *z)
{
  g_autofree char *ns = *z->name ? g_strdup_printf("ns.%s", z->name) : g_strdup("ns");
  z->mailbox = *z->name ? g_strdup_printf("hostmaster.%s", z->name) : g_strdup("hostmaster");
  for (unsigned i = 0; i < z->records->len; i++) {
    const struct dns_rr *r = &g_array_index(z->records, struct dns_rr, i);
    if (r->type == DNS_RR_NS && strcmp(r->name, z->name) == 0) {
      z->primary = g_strdup(r->target);
      return;
    }
  }
  z->primary = g_strdup(ns);
  struct dns_rr record = {
      .name = g_strdup(z->name), .type = DNS_RR_NS, .ttl_s = z->ttl_s, .target = g_strdup(ns)};
  g_array_append_val(z->records, record);
  if (zone_has_name(z, ns))
    return;
  struct dns_rr address = {.name = g_strdup(ns),
                           .type = DNS_RR_A,
                           .ttl_s = z->ttl_s,
                           .addr = net_host_info(n, z->server).addr};
  g_array_append_val(z->records, address);
}

static bool
read_zone(struct net *n, const struct tree_node *node, GError **error)
{
  static const char *const keys[] = {"server", "ttl", "records", NULL};
  if (!tree_known(node, keys, error))
    return false;
  const struct tree_node *server = tree_get(node, "server"), *records = tree_get(node, "records");
  if (!server)
    return tree_fail(error, node,
                     lang_text("zone \"%s\" has no server; write server: HOST",
                               "โซน \"%s\" ไม่มีเซิร์ฟเวอร์ ให้เขียน server: HOST"),
                     node->key);
  uint32_t host = build_find_host(n, server, error);
  int64_t ttl_ns;
  if (host == UINT32_MAX ||
      !tree_duration(node, "ttl", (int64_t)TTL_DEFAULT_S * 1000000000, &ttl_ns, error))
    return false;
  struct zone *z = g_new0(struct zone, 1);
  z->name = g_ascii_strdown(node->key, -1);
  z->records = dns_rrs_new();
  z->server = host;
  z->ttl_s = (uint32_t)MIN(ttl_ns / 1000000000, TTL_MAX_S);
  g_ptr_array_add(n->zones, z);
  uint8_t wire[DNS_NAME_MAX];
  if (!dns_name_put(wire, z->name))
    return tree_fail(error, node,
                     lang_text("\"%s\" is no domain name; write a zone like bob.test",
                               "\"%s\" ไม่ใช่ชื่อโดเมน ให้เขียนโซนแบบ bob.test"),
                     node->key);
  if (net_host_info(n, host).addr.version != 4)
    return tree_fail(error, server,
                     lang_text("host \"%s\" has no address and cannot serve a zone; name another",
                               "โฮสต์ \"%s\" ไม่มีที่อยู่จึงให้บริการโซนไม่ได้ ให้ระบุโฮสต์อื่น"),
                     server->text);
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
  add_name_server(n, z);
  dns_server_start(n->hosts[host], false);
  return true;
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
  return true;
}
