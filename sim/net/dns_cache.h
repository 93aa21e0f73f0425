/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_CACHE_H
#define SIM_NET_DNS_CACHE_H

/* What a resolver remembers: sets of records and negative answers, each until its TTL has run down.
 * Changes are state events of subject "dns" (sim/core/world.h). */
#include "sim/net/dns_rr.h"
#include "sim/net/host.h"

struct dns_cache;

/* How far data can be believed, RFC 2181 5.4.1. */
enum dns_trust {
  DNS_TRUST_GLUE,   /* came along in a referral or additional section: good for finding servers */
  DNS_TRUST_ANSWER, /* was asked for: may be passed on as an answer */
};

struct dns_cached {
  uint8_t rcode;   /* OK or NO_NAME */
  GArray *records; /* struct dns_rr with the TTL that is left; empty: NODATA or NXDOMAIN */
  GArray *soa;     /* of a negative answer: the SOA record with the TTL that is left */
};

struct dns_cache *dns_cache_new(struct host *h);
void dns_cache_free(struct dns_cache *c);

/* Keeps the records of one name and type; a TTL of 0 is not kept, and data that are better and
 * still fresh are not replaced. */
void dns_cache_put(struct dns_cache *c, const char *name, uint16_t type, enum dns_trust trust,
                   const GArray *records);
/* Keeps "no" for the smaller of the SOA's TTL and minimum (RFC 2308 5): of a name and type (rcode
 * OK), or of a name with all types (NO_NAME). Without a SOA record nothing is kept. */
void dns_cache_put_no(struct dns_cache *c, const char *name, uint16_t type, uint8_t rcode,
                      const struct dns_rr *soa);
/* What is known, or NULL; good until the next call. */
const struct dns_cached *dns_cache_get(struct dns_cache *c, const char *name, uint16_t type,
                                       enum dns_trust trust);

#endif
