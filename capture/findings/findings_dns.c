/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_dns.c -- what DNS answers in the capture say about mail servers.
 *
 *     A, AAAA of mx.example.net    address ─> name, which a certificate has to hold (TLS-005)
 *     TXT of _mta-sts.example.net, TLSA of _25._tcp.mx.example.net    not there ─> POL-001
 *
 * Only answers count: without DNS in the capture nothing can be said, and a failed query (SERVFAIL)
 * says nothing either. Whether a chain of CNAMEs leads on, the answer's last address tells: the
 * name that was asked for is the one that the client knows. RFC 8461 section 3.1, RFC 6698, 7672.
 */
#include <string.h>

#include "capture/findings/findings_tls.h"
#include "capture/wire/dns.h"

enum {
  ADDRESSES_MAX = 4096, /* then the table begins anew: a name is used soon after its answer */
  NAMES_MAX = 8,        /* of one address; more share it at big hosters, the newest are kept */
  POLICIES_MAX = 4096,  /* names that were told, so that each is told once */
  RECORDS_MAX = 64,     /* of one answer that are read */
};

struct named {
  struct ip_addr addr;
  char *names[NAMES_MAX + 1];
};

struct dns_names {
  GHashTable *addresses; /* struct named -> itself */
  GHashTable *told;      /* names of policies */
};

static guint
named_hash(gconstpointer data)
{
  return ip_addr_hash_value(&((const struct named *)data)->addr);
}

static gboolean
named_equal(gconstpointer a, gconstpointer b)
{
  return ip_addr_equal(&((const struct named *)a)->addr, &((const struct named *)b)->addr);
}

static void
named_free(gpointer data)
{
  struct named *s = data;
  for (int i = 0; s->names[i]; i++)
    g_free(s->names[i]);
  g_free(s);
}

struct dns_names *
dns_names_new(void)
{
  struct dns_names *d = g_new0(struct dns_names, 1);
  d->addresses = g_hash_table_new_full(named_hash, named_equal, named_free, NULL);
  d->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return d;
}

void
dns_names_free(struct dns_names *d)
{
  g_hash_table_unref(d->addresses);
  g_hash_table_unref(d->told);
  g_free(d);
}

const char *const *
dns_names_of(const struct dns_names *d, const struct ip_addr *addr)
{
  struct named key = {.addr = *addr};
  const struct named *found = g_hash_table_lookup(d->addresses, &key);
  return found ? (const char *const *)found->names : NULL;
}

static void
add_name(struct dns_names *d, const struct ip_addr *addr, const char *name)
{
  struct named key = {.addr = *addr};
  struct named *found = g_hash_table_lookup(d->addresses, &key);
  if (!found) {
    if (g_hash_table_size(d->addresses) >= ADDRESSES_MAX)
      g_hash_table_remove_all(d->addresses);
    found = g_memdup2(&key, sizeof key);
    g_hash_table_add(d->addresses, found);
  }
  unsigned n = 0;
  for (; found->names[n]; n++)
    if (dns_name_equal(found->names[n], name))
      return;
  if (n == NAMES_MAX)
    g_free(found->names[--n]);
  memmove(found->names + 1, found->names, n * sizeof found->names[0]);
  found->names[0] = g_ascii_strdown(name, -1);
}

/* "v=STSv1" at the start of the record's text: the policy is announced (RFC 8461 3.1). */
static bool
is_sts(const uint8_t *message, const struct dns_record *r)
{
  static const char mark[] = "v=STSv1";
  const uint8_t *p = message + r->data_at;
  return r->data_octets > sizeof mark - 1 && p[0] >= sizeof mark - 1 &&
         memcmp(p + 1, mark, sizeof mark - 1) == 0;
}

static void
tell_missing(struct dns_names *d, struct findings *f, const char *name,
             const struct finding_place *place)
{
  g_autofree char *lower = g_ascii_strdown(name, -1);
  if (g_hash_table_contains(d->told, lower))
    return;
  if (g_hash_table_size(d->told) >= POLICIES_MAX) {
    findings_drop(f);
    return;
  }
  findings_add(f, &pol_001, place, lower);
  g_hash_table_add(d->told, g_steal_pointer(&lower));
}

void
dns_names_take(struct dns_names *d, struct findings *f, const uint8_t *message, size_t n,
               const struct finding_place *place)
{
  struct dns_head head;
  size_t at = dns_head_get(message, n, &head);
  struct dns_question q;
  if (!at || !head.response || head.opcode || head.n_questions != 1 || head.truncated ||
      (head.rcode != DNS_RCODE_OK && head.rcode != DNS_RCODE_NO_NAME))
    return;
  /* One look at type and first label: most answers are about neither. */
  if (!dns_question_get(message, n, &at, &q))
    return;
  bool is_address = q.type == DNS_RR_A || q.type == DNS_RR_AAAA;
  bool is_sts_query = q.type == DNS_RR_TXT && g_ascii_strncasecmp(q.name, "_mta-sts.", 9) == 0;
  bool is_dane = q.type == DNS_RR_TLSA && g_ascii_strncasecmp(q.name, "_25._tcp.", 9) == 0;
  if (!is_address && !is_sts_query && !is_dane)
    return;
  findings_count_mail(f)->n_policies += !is_address;
  bool is_there = false;
  struct dns_record r;
  for (unsigned i = 0; i < head.n_answers && i < RECORDS_MAX; i++) {
    struct ip_addr addr;
    if (!dns_record_get(message, n, &at, &r))
      return;
    if (is_address && r.type == q.type && dns_record_address(message, &r, &addr))
      add_name(d, &addr, q.name);
    is_there |= (is_dane && r.type == DNS_RR_TLSA) ||
                (is_sts_query && r.type == DNS_RR_TXT && is_sts(message, &r));
  }
  if (!is_address && !is_there)
    tell_missing(d, f, q.name, place);
}
