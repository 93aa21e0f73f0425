/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dns_zone.c -- looking a name up in a zone, RFC 1034 4.3.2. Zones are read in dns_zone_read.c.
 *
 *   is a part of the name below the zone's top delegated?  ─> ZONE_REFERRAL
 *   does the name have records? of the type                ─> ZONE_ANSWER, a CNAME ─> ZONE_ALIAS
 *   else is it or a name below it there?                   ─> ZONE_NO_DATA
 *   else is there "*" below the nearest name that is?      ─> as if the name had its records
 *   else                                                   ─> ZONE_NO_NAME */
#include "sim/net/dns_zone.h"

#include <string.h>

void
zone_free(struct zone *z)
{
  g_free(z->name);
  g_array_free(z->records, TRUE);
  g_free(z);
}

static bool
serves(const struct zone *z, uint32_t server)
{
  for (unsigned i = 0; i < z->n_servers; i++)
    if (z->servers[i] == server)
      return true;
  return server == UINT32_MAX;
}

const struct zone *
zone_find(const struct net *n, uint32_t server, const char *name)
{
  const struct zone *best = NULL;
  for (unsigned i = 0; i < n->zones->len; i++) {
    const struct zone *z = n->zones->pdata[i];
    if (serves(z, server) && dns_name_is_in(name, z->name) &&
        (!best || strlen(z->name) > strlen(best->name)))
      best = z;
  }
  return best;
}

const struct zone *
zone_named(const struct net *n, const char *name)
{
  for (unsigned i = 0; i < n->zones->len; i++) {
    const struct zone *z = n->zones->pdata[i];
    if (dns_name_equal(z->name, name))
      return z;
  }
  return NULL;
}

const struct dns_rr *
zone_soa(const struct zone *z)
{
  const struct dns_rr *soa = dns_rrs_find(z->records, z->name, DNS_RR_SOA);
  g_assert(soa);
  return soa;
}

bool
zone_has_name(const struct zone *z, const char *name)
{
  if (dns_name_equal(z->name, name))
    return true;
  for (unsigned i = 0; i < z->records->len; i++)
    if (dns_name_is_in(dns_rrs_at(z->records, i)->name, name))
      return true;
  return false;
}

/* As zone_records(), under another owner: what a wildcard makes. */
static unsigned
append_as(const struct zone *z, const char *name, uint16_t type, const char *owner, GArray *out)
{
  unsigned found = 0;
  for (unsigned i = 0; i < z->records->len; i++) {
    const struct dns_rr *r = dns_rrs_at(z->records, i);
    if ((r->type != type && type != DNS_RR_ANY) || !dns_name_equal(r->name, name))
      continue;
    struct dns_rr copy = dns_rr_copy(r);
    if (owner != name) {
      g_free(copy.name);
      copy.name = g_strdup(owner);
    }
    g_array_append_val(out, copy);
    found++;
  }
  return found;
}

unsigned
zone_records(const struct zone *z, const char *name, uint16_t type, GArray *out)
{
  return append_as(z, name, type, name, out);
}

/* The topmost cut between the zone's top and the name, or NULL. */
static const char *
find_cut(const struct zone *z, const char *name)
{
  const char *cut = NULL;
  for (const char *c = name; c && !dns_name_equal(c, z->name); c = dns_name_up(c))
    if (dns_rrs_find(z->records, c, DNS_RR_NS))
      cut = c;
  return cut;
}

static enum zone_found
look_at(const struct zone *z, const char *name, uint16_t type, const char *owner, GArray *out)
{
  if (append_as(z, name, type, owner, out) > 0)
    return ZONE_ANSWER;
  return append_as(z, name, DNS_RR_CNAME, owner, out) > 0 ? ZONE_ALIAS : ZONE_NO_DATA;
}

enum zone_found
zone_look_up(const struct zone *z, const char *name, uint16_t type, GArray *out)
{
  const char *cut = find_cut(z, name);
  if (cut) {
    zone_records(z, cut, DNS_RR_NS, out);
    return ZONE_REFERRAL;
  }
  if (zone_has_name(z, name))
    return look_at(z, name, type, name, out);
  const char *encloser = name;
  while (!zone_has_name(z, encloser))
    encloser = dns_name_up(encloser);
  g_autofree char *wildcard = *encloser ? g_strdup_printf("*.%s", encloser) : g_strdup("*");
  if (zone_has_name(z, wildcard))
    return look_at(z, wildcard, type, name, out);
  return ZONE_NO_NAME;
}
