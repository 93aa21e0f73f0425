/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_ZONE_H
#define SIM_NET_DNS_ZONE_H

/* Zones: what the name servers of sim/net know with authority. */
#include "sim/net/dns_rr.h"
#include "sim/net/host.h"

enum {
  DNS_RECORDS_MAX = 4096, /* per zone */
  ZONE_SERVERS_MAX = 13,  /* as many as the root has names */
};

struct zone {
  char *name;                         /* "" is the root */
  uint32_t servers[ZONE_SERVERS_MAX]; /* hosts */
  unsigned n_servers;
  uint32_t ttl_s;
  GArray *records; /* struct dns_rr: the SOA and NS records, delegations and their glue included */
};

/* The zone with the longest name that `name` lies in, of those that host `server` serves
 * (UINT32_MAX: of all). NULL when there is none. */
const struct zone *zone_find(const struct net *n, uint32_t server, const char *name);
/* The zone of exactly that name, or NULL. */
const struct zone *zone_named(const struct net *n, const char *name);
/* The SOA record, always there. A negative answer carries it with zone_negative_ttl(). */
const struct dns_rr *zone_soa(const struct zone *z);
/* Whether the zone holds the name itself or one below it (RFC 8020). */
bool zone_has_name(const struct zone *z, const char *name);
/* Appends the records of exactly this name and type (255: all), delegated or not. Returns how many.
 */
unsigned zone_records(const struct zone *z, const char *name, uint16_t type, GArray *out);

/* RFC 1034 4.3.2 step 3 inside one zone, with wildcards (RFC 4592). */
enum zone_found {
  ZONE_ANSWER,   /* appended: the records */
  ZONE_ALIAS,    /* appended: the CNAME, whose target has to be looked for next */
  ZONE_REFERRAL, /* appended: the NS records of the zone below */
  ZONE_NO_DATA,  /* the name is there, without records of this type */
  ZONE_NO_NAME,
};
enum zone_found zone_look_up(const struct zone *z, const char *name, uint16_t type, GArray *out);

#endif
