/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_tls.c -- rules about TLS itself and the policies that demand it.
 *
 *     HELLO ──> TLS-001 (version), TLS-002 (suite)
 *     CERTIFICATE ──chain, each once──> TLS-003 (dates), 004 (issuer), 005 (name), 006 (strength)
 *          └─ 003, 004 or 005: memo ──> CLIENT_DATA ──> TLS-007
 *     DNS answer ──> names of addresses, POL-001
 *
 * Only TLS of mail is told here: flows that began with STARTTLS, and flows from the start whose
 * server's port is one of mail (appsession_handshake.c says which). A chain is read and verified
 * once, however many connections show it; dates are held against the capture's time, since a
 * capture may be old. The certificates of TLS 1.3 are encrypted: without a key log none is judged.
 *
 * A name is held against the certificate when the client asked for it (SNI), else when a DNS answer
 * of the capture gave the server's address to it; with neither, nothing is said. */
#include <string.h>

#include "capture/findings/findings_tls.h"
#include "capture/tls/certificate.h"
#include "capture/tls/handshake.h"
#include "capture/wire/bytes.h"
#include "capture/wire/tls.h"

enum {
  CHAINS_MAX = 1024,           /* kept; then all are read anew */
  CHAINS_OCTETS_MAX = 4 << 20, /* of all together */
  SUITE_SLOTS = 64,            /* suites at once whose strength is remembered */
  PORT_SMTP = 25,
  PORT_LMTP = 24, /* between servers nobody insists on names: RFC 7435 */
};

/* What the rules found, in a connection's memo. */
enum memo { MEMO_DATES = 1, MEMO_TRUST = 2, MEMO_NAME = 4, MEMO_UNSURE = 8 };

/* A certificate message, read. */
struct chain {
  uint64_t hash;
  uint8_t *octets;
  size_t n_octets;
  struct certificate *leaf; /* NULL: not readable */
  enum trust trust;
  char *weak_key, *weak_signature; /* "RSA 1024", "RSA-SHA1"; NULL: none in the chain */
  char *early, *late;              /* what TLS-003 says of it, once it did */
};

struct judged_suite {
  uint16_t suite;
  uint8_t strength; /* enum tls_strength */
  bool is_set;
};

struct tls_state {
  struct findings *findings;
  GHashTable *chains; /* struct chain -> itself */
  size_t n_octets;
  struct trust_store *store;
  bool store_tried;
  struct dns_names *names;
  struct judged_suite suites[SUITE_SLOTS];
};

/* ---- chains, each once ---- */

static uint64_t
hash_octets(const uint8_t *p, size_t n)
{
  uint64_t h = n;
  for (; n >= 8; p += 8, n -= 8) {
    h = (h ^ get_be64(p)) * UINT64_C(0x9e3779b97f4a7c15);
    h ^= h >> 29;
  }
  for (; n; p++, n--)
    h = (h ^ *p) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 32;
}

static guint
chain_hash(gconstpointer data)
{
  return (guint)((const struct chain *)data)->hash;
}

static gboolean
chain_equal(gconstpointer a, gconstpointer b)
{
  const struct chain *x = a, *y = b;
  return x->hash == y->hash && x->n_octets == y->n_octets &&
         memcmp(x->octets, y->octets, x->n_octets) == 0;
}

static void
chain_free(gpointer data)
{
  struct chain *c = data;
  g_free(c->octets);
  certificate_free(c->leaf);
  g_free(c->weak_key);
  g_free(c->weak_signature);
  g_free(c->early);
  g_free(c->late);
  g_free(c);
}

/* The store is opened with the first chain; without one only self-signed certificates are told. */
static struct trust_store *
get_store(struct tls_state *s)
{
  const char *path = findings_trust(s->findings);
  if (!s->store_tried && path)
    s->store = trust_store_new(path, NULL);
  s->store_tried = true;
  return s->store;
}

/* The weakest points of a chain. A root's own signature protects nothing, so it does not count. */
static void
judge_strength(struct chain *c, const struct certificate *x)
{
  if (x->key_is_short && !c->weak_key)
    c->weak_key = g_strdup_printf("%s %u", x->key, x->key_bits);
  if (x->digest_is_weak && !x->is_self_signed && !c->weak_signature)
    c->weak_signature = g_strdup(x->signature);
}

static struct chain *
read_chain(struct tls_state *s, const struct chain *key, bool is_13)
{
  struct certificate_octets list[CERTIFICATE_CHAIN_MAX];
  struct chain *c = g_memdup2(key, sizeof *key);
  c->octets = g_memdup2(key->octets, key->n_octets);
  unsigned n = certificate_list(c->octets, c->n_octets, is_13, list);
  for (unsigned i = 0; i < n; i++) {
    struct certificate *x = certificate_read(list[i].octets, list[i].n);
    if (x)
      judge_strength(c, x);
    if (i == 0)
      c->leaf = x;
    else
      certificate_free(x);
  }
  c->trust = c->leaf ? trust_store_check(get_store(s), list, n) : TRUST_UNREADABLE;
  return c;
}

static struct chain *
find_chain(struct tls_state *s, const struct tls_facts *facts)
{
  struct chain key = {.octets = (uint8_t *)(uintptr_t)facts->certificates,
                      .n_octets = facts->n_certificates};
  key.hash = hash_octets(key.octets, key.n_octets);
  struct chain *found = g_hash_table_lookup(s->chains, &key);
  if (found)
    return found;
  if (g_hash_table_size(s->chains) >= CHAINS_MAX || s->n_octets > CHAINS_OCTETS_MAX) {
    g_hash_table_remove_all(s->chains);
    s->n_octets = 0;
  }
  found = read_chain(s, &key, facts->version >= 0x0304);
  s->n_octets += found->n_octets;
  g_hash_table_add(s->chains, found);
  return found;
}

/* ---- the rules ---- */

/* The name of a suite is read once, as few of them are in use. */
static enum tls_strength
strength_of(struct tls_state *s, uint16_t suite)
{
  struct judged_suite *j = &s->suites[suite % SUITE_SLOTS];
  if (!j->is_set || j->suite != suite)
    *j = (struct judged_suite){suite, (uint8_t)tls_cipher_strength(suite), true};
  return (enum tls_strength)j->strength;
}

static void
on_hello(struct tls_state *s, const struct tls_facts *t, const struct finding_place *place)
{
  struct finding_tls_counts *counts = findings_count_tls(s->findings);
  counts->n_connections++;
  unsigned minor = t->version >= 0x0300 && t->version <= 0x0304 ? t->version & 7u : 5;
  counts->by_version[minor]++;
  if (t->version < 0x0303) {
    const char *name = tls_version_name(t->version);
    findings_add_once(s->findings, &tls_001, place, name ? name : "?");
  }
  enum tls_strength strength = strength_of(s, t->suite);
  if (strength != TLS_STRENGTH_WEAK && strength != TLS_STRENGTH_NO_FORWARD_SECRECY)
    return;
  struct finding *found =
      findings_add_once(s->findings, &tls_002, place, tls_cipher_name(t->suite));
  if (found && strength == TLS_STRENGTH_NO_FORWARD_SECRECY)
    findings_set_severity(s->findings, found, SEVERITY_LOW);
}

/* "CN = mail.example.net, 2024-01-31": made once, as a busy server shows its chain all day. */
static const char *
describe_date(struct chain *c, bool is_late)
{
  char **text = is_late ? &c->late : &c->early;
  if (*text)
    return *text;
  g_autoptr(GDateTime) date =
      g_date_time_new_from_unix_utc(is_late ? c->leaf->not_after_s : c->leaf->not_before_s);
  g_autofree char *day = date ? g_date_time_format(date, "%Y-%m-%d") : g_strdup("?");
  *text = g_strdup_printf("%s, %s", c->leaf->subject, day);
  return *text;
}

static uint8_t
judge_dates(struct tls_state *s, struct chain *c, const struct finding_place *place)
{
  const struct certificate *x = c->leaf;
  int64_t now_s = place->time_ns / 1000000000;
  bool is_early = x->not_before_s != INT64_MIN && now_s < x->not_before_s;
  bool is_late = x->not_after_s != INT64_MIN && now_s > x->not_after_s;
  if (!is_early && !is_late)
    return 0;
  findings_add_once(s->findings, &tls_003, place, describe_date(c, is_late));
  return MEMO_DATES;
}

static uint8_t
judge_trust(struct tls_state *s, const struct chain *c, const struct finding_place *place)
{
  if (c->trust != TRUST_SELF_SIGNED && c->trust != TRUST_UNKNOWN_ISSUER && c->trust != TRUST_BROKEN)
    return 0;
  struct finding *found = findings_add_once(s->findings, &tls_004, place, c->leaf->issuer);
  /* Clients may know an issuer of their own house, which this system's store does not. */
  bool is_unsure = c->trust == TRUST_UNKNOWN_ISSUER &&
                   g_strcmp0(findings_trust(s->findings), trust_store_system()) == 0;
  if (found && is_unsure)
    found->confidence = CONFIDENCE_MEDIUM;
  return is_unsure ? MEMO_TRUST | MEMO_UNSURE : MEMO_TRUST;
}

static bool
has_name(const struct certificate *c, const char *name)
{
  struct ip_addr addr;
  return certificate_has_name(c, name) ||
         (ip_addr_parse(name, &addr) && certificate_has_address(c, &addr));
}

static uint8_t
judge_name(struct tls_state *s, const struct certificate *c, const char *asked,
           const struct finding_place *place)
{
  const char *const *known = asked ? NULL : dns_names_of(s->names, &place->where.server);
  const char *name = asked ? asked : known ? known[0] : NULL;
  if (!name || (asked && has_name(c, asked)))
    return 0;
  for (; known && *known; known++)
    if (has_name(c, *known))
      return 0;
  struct finding *found = findings_add_once(s->findings, &tls_005, place, name);
  if (found && !asked) /* the client may have known the server by another name */
    found->confidence = CONFIDENCE_MEDIUM;
  return MEMO_NAME;
}

static void
on_certificate(struct tls_state *s, const struct tls_facts *t, const struct finding_place *place)
{
  findings_count_tls(s->findings)->n_judged++;
  struct chain *c = find_chain(s, t);
  if (!c->leaf)
    return;
  *t->memo = judge_dates(s, c, place) | judge_trust(s, c, place) |
             judge_name(s, c->leaf, t->server_name, place);
  if (c->weak_key)
    findings_add_once(s->findings, &tls_006, place, c->weak_key);
  if (c->weak_signature) {
    struct finding *found = findings_add_once(s->findings, &tls_006, place, c->weak_signature);
    if (found)
      findings_set_severity(s->findings, found, SEVERITY_MEDIUM);
  }
}

static void
on_client_data(struct tls_state *s, const struct tls_facts *t, const struct finding_place *place)
{
  uint8_t memo = *t->memo;
  g_autofree char *why =
      g_strdup_printf("%s%s%s", memo & MEMO_DATES ? "TLS-003 " : "",
                      memo & MEMO_TRUST ? "TLS-004 " : "", memo & MEMO_NAME ? "TLS-005 " : "");
  struct finding *found = findings_add_once(s->findings, &tls_007, place, g_strchomp(why));
  uint16_t port = place->where.server_port;
  if (found && memo == (MEMO_TRUST | MEMO_UNSURE))
    found->confidence = CONFIDENCE_LOW;
  if (found && (port == PORT_SMTP || port == PORT_LMTP))
    findings_set_severity(s->findings, found, SEVERITY_MEDIUM);
}

/* ---- the module ---- */

static void *
start(struct findings *f)
{
  struct tls_state *s = g_new0(struct tls_state, 1);
  s->findings = f;
  s->chains = g_hash_table_new_full(chain_hash, chain_equal, chain_free, NULL);
  s->names = dns_names_new();
  return s;
}

static void
stop(void *state)
{
  struct tls_state *s = state;
  g_hash_table_unref(s->chains);
  trust_store_free(s->store);
  dns_names_free(s->names);
  g_free(s);
}

static void
on_notice(void *state, const struct notice *n, const struct finding_place *place)
{
  switch (n->kind) {
  case NOTICE_TLS_HELLO:
    on_hello(state, n->tls, place);
    break;
  case NOTICE_TLS_CERTIFICATE:
    on_certificate(state, n->tls, place);
    break;
  case NOTICE_TLS_CLIENT_DATA:
    on_client_data(state, n->tls, place);
    break;
  case NOTICE_DNS_ANSWER: {
    struct tls_state *s = state;
    dns_names_take(s->names, s->findings, n->text, n->n_text, place);
    break;
  }
  default:
    break;
  }
}

const struct finding_module finding_module_tls = {
    .rules = finding_rules_tls,
    .start = start,
    .notice = on_notice,
    .notices = NOTICE_BIT(NOTICE_TLS_HELLO) | NOTICE_BIT(NOTICE_TLS_CERTIFICATE) |
               NOTICE_BIT(NOTICE_TLS_CLIENT_DATA) | NOTICE_BIT(NOTICE_DNS_ANSWER),
    .stop = stop};
