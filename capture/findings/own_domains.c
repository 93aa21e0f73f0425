/* SPDX-License-Identifier: GPL-3.0-or-later */
/* own_domains.c -- what shows that a domain is a server's own.
 *
 *     220 mx1.example.net, 250 mx1.example.net ─> it, example.net, and what lies under them
 *     example.net MX 10 mx1.example.net, mx1.example.net A 192.0.2.25 ─> example.net
 *     MAIL FROM:<anna@example.net> after a login; a login as anna@example.net ─> example.net
 *
 * Left out on purpose: the sender's domain of a client that merely stands near (an infected one
 * forges it), and Received fields, which the message itself may bring along. Domains are kept as
 * hashes beside the server's address, in tables of a fixed size whose oldest entries give way. */
#include "capture/findings/own_domains.h"

#include <glib.h>
#include <string.h>

#include "capture/findings/mix.h"
#include "capture/findings/recent.h"
#include "capture/tls/memory.h"
#include "capture/wire/dns.h"
#include "capture/wire/mail.h"

#include <idn2.h> /* behind GLib, whose macros it would define */

enum {
  SERVERS_MAX = 4096,
  DOMAINS_MAX = 16384,
  EXCHANGES_MAX = 4096,
  EXCHANGE_DOMAINS_MAX = 16, /* of one exchange; a hoster's has more, and the newest are kept */
  DOMAIN_MAX = 255,          /* RFC 5321 section 4.5.3.1.2 */
  RECORDS_MAX = 64,
};

/* Of a server: the domain alone, or also what lies under it. */
enum extent { EXTENT_DOMAIN, EXTENT_TREE };

struct known {
  struct recent_item item;
  bool is_tree;
};

/* A host that is the exchange of domains, a ring of their numbers. */
struct exchange {
  struct recent_item item;
  uint64_t domains[EXCHANGE_DOMAINS_MAX];
  unsigned n, next;
};

struct server {
  struct ip_addr addr;
  char *name;
};

struct own_domains {
  GHashTable *servers; /* struct server -> itself */
  struct recent *known, *exchanges;
};

static guint
server_hash(gconstpointer p)
{
  return ip_addr_hash_value(&((const struct server *)p)->addr);
}

static gboolean
server_equal(gconstpointer a, gconstpointer b)
{
  return ip_addr_equal(&((const struct server *)a)->addr, &((const struct server *)b)->addr);
}

static void
server_free(void *data)
{
  struct server *s = data;
  g_free(s->name);
  g_free(s);
}

struct own_domains *
own_domains_new(void)
{
  struct own_domains *o = g_new0(struct own_domains, 1);
  o->servers = g_hash_table_new_full(server_hash, server_equal, server_free, NULL);
  o->known = recent_new(DOMAINS_MAX, sizeof(struct known));
  o->exchanges = recent_new(EXCHANGES_MAX, sizeof(struct exchange));
  return o;
}

void
own_domains_free(struct own_domains *o)
{
  g_hash_table_unref(o->servers);
  recent_free(o->known);
  recent_free(o->exchanges);
  g_free(o);
}

/* ---- domains as numbers ---- */

static uint64_t
domain_number(const char *domain)
{
  return mix_octets(MIX_KEY, domain, strlen(domain));
}

static uint64_t
key_of(const struct ip_addr *server, uint64_t number)
{
  return mix_number(mix_addr(MIX_KEY, server), number);
}

static void
learn(struct own_domains *o, const struct ip_addr *server, uint64_t number, enum extent extent)
{
  struct known *k = recent_get(o->known, key_of(server, number), NULL);
  k->is_tree |= extent == EXTENT_TREE;
}

/* The domain in lower case and with A-labels, as greetings and DNS have it (RFC 6531 section
 * 3.7.3); false when there is none. */
static bool
domain_of(const char *address, char out[DOMAIN_MAX + 1])
{
  const char *at = strrchr(address, '@');
  size_t n = 0;
  if (!at || at[1] == '[')
    return false;
  for (at++; at[n] && n < DOMAIN_MAX; n++)
    out[n] = g_ascii_tolower(at[n]);
  if (n && out[n - 1] == '.')
    n--;
  out[n] = 0;
  if (!g_str_is_ascii(out)) {
    char *ascii = NULL;
    if (memory_idn2(idn2_to_ascii_8z(out, &ascii, IDN2_NONTRANSITIONAL)))
      g_strlcpy(out, ascii, DOMAIN_MAX + 1);
    idn2_free(ascii);
  }
  return n > 0;
}

/* ---- learning ---- */

void
own_domains_host(struct own_domains *o, const struct ip_addr *server, const uint8_t *p, size_t n)
{
  char name[DOMAIN_MAX + 1];
  size_t n_name = 0;
  while (n_name < n && n_name < DOMAIN_MAX && p[n_name] > ' ' && p[n_name] < 0x7f) {
    name[n_name] = g_ascii_tolower((char)p[n_name]);
    n_name++;
  }
  name[n_name] = 0;
  if (!strchr(name, '.') || name[0] == '[' || (n_name < n && p[n_name] != ' '))
    return;
  struct server key = {.addr = *server};
  if (!g_hash_table_contains(o->servers, &key) && g_hash_table_size(o->servers) < SERVERS_MAX) {
    key.name = g_strdup(name);
    g_hash_table_add(o->servers, g_memdup2(&key, sizeof key));
  }
  /* mx1.a.example.net is in a.example.net, whose other hosts are its own, too; and it may serve
   * example.net, whose other hosts need not be. */
  unsigned depth = 0;
  for (const char *d = name; d && strchr(d, '.'); d = strchr(d, '.') + 1)
    learn(o, server, domain_number(d), depth++ < 2 ? EXTENT_TREE : EXTENT_DOMAIN);
}

void
own_domains_address(struct own_domains *o, const struct ip_addr *server, const char *address)
{
  char domain[DOMAIN_MAX + 1];
  if (domain_of(address, domain))
    learn(o, server, domain_number(domain), EXTENT_DOMAIN);
}

/* Of a name in any case, as DNS has it. */
static uint64_t
name_number(const char *name)
{
  uint8_t folded[DNS_NAME_TEXT_MAX];
  size_t n = MIN(strlen(name), sizeof folded);
  ascii_fold(folded, (const uint8_t *)name, n);
  return mix_octets(MIX_KEY, folded, n);
}

static void
learn_exchange(struct own_domains *o, const char *exchange, const char *domain)
{
  struct exchange *e = recent_get(o->exchanges, name_number(exchange), NULL);
  uint64_t number = name_number(domain);
  for (unsigned i = 0; i < e->n; i++)
    if (e->domains[i] == number)
      return;
  e->domains[e->next] = number;
  e->next = (e->next + 1) % EXCHANGE_DOMAINS_MAX;
  e->n = MIN(e->n + 1, EXCHANGE_DOMAINS_MAX);
}

static void
learn_address(struct own_domains *o, const char *host, const struct ip_addr *addr)
{
  const struct exchange *e = recent_find(o->exchanges, name_number(host));
  for (unsigned i = 0; e && i < e->n; i++)
    learn(o, addr, e->domains[i], EXTENT_DOMAIN);
}

void
own_domains_dns(struct own_domains *o, const uint8_t *message, size_t n)
{
  struct dns_head head;
  struct dns_question q;
  size_t at = dns_head_get(message, n, &head);
  if (!at || !head.response || head.opcode || head.n_questions != 1 || head.rcode != DNS_RCODE_OK ||
      !dns_question_get(message, n, &at, &q))
    return;
  if (q.type != DNS_RR_MX && q.type != DNS_RR_A && q.type != DNS_RR_AAAA)
    return;
  unsigned n_records = (unsigned)head.n_answers + head.n_authorities + head.n_additionals;
  for (unsigned i = 0; i < n_records && i < RECORDS_MAX; i++) {
    struct dns_record r;
    struct ip_addr addr;
    char exchange[DNS_NAME_TEXT_MAX];
    if (!dns_record_get(message, n, &at, &r))
      return;
    if (r.type == DNS_RR_MX && dns_record_name(message, n, &r, exchange, NULL))
      learn_exchange(o, exchange, r.name);
    else if (dns_record_address(message, &r, &addr))
      learn_address(o, r.name, &addr);
  }
}

/* ---- asking ---- */

const char *
own_domains_name(const struct own_domains *o, const struct ip_addr *server)
{
  struct server key = {.addr = *server};
  const struct server *s = g_hash_table_lookup(o->servers, &key);
  return s ? s->name : NULL;
}

bool
own_domains_has(struct own_domains *o, const struct ip_addr *server, const char *address)
{
  char domain[DOMAIN_MAX + 1];
  if (!domain_of(address, domain))
    return true;
  for (const char *d = domain; d; d = strchr(d, '.') ? strchr(d, '.') + 1 : NULL) {
    const struct known *k = recent_find(o->known, key_of(server, domain_number(d)));
    if (k && (d == domain || k->is_tree))
      return true;
  }
  return false;
}
