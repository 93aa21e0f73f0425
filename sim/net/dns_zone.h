/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_ZONE_H
#define SIM_NET_DNS_ZONE_H

/* Resource records and zones: what the servers of sim/net know. */
#include "capture/wire/dns.h"
#include "sim/net/host.h"

enum {
  DNS_RECORDS_MAX = 4096, /* per zone */
  DNS_CHAIN_MAX = 8,      /* CNAMEs behind each other */
};

struct dns_rr {
  char *name; /* complete, lower case, without final dot */
  uint16_t type;
  uint16_t preference; /* MX */
  uint32_t ttl_s;
  char *target;        /* MX, CNAME, NS, PTR: a name; TXT: the text */
  struct ip_addr addr; /* A */
};

struct zone {
  char *name;
  uint32_t server; /* host */
  uint32_t ttl_s;
  char *primary, *mailbox; /* of its SOA */
  GArray *records;         /* struct dns_rr */
};

void dns_rr_clear(struct dns_rr *r);
struct dns_rr dns_rr_copy(const struct dns_rr *r);
GArray *dns_rrs_new(void); /* of struct dns_rr, cleared with it */

/* The zone with the longest name that `name` lies in, or NULL. */
const struct zone *zone_find(const struct net *n, const char *name);
/* Whether the zone holds the name itself or one below it. */
bool zone_has_name(const struct zone *z, const char *name);
/* Appends the records of a name and type (255: all) from all zones of a server. Returns how many.
 */
unsigned zone_lookup(const struct net *n, uint32_t server, const char *name, uint16_t type,
                     GArray *out);

/* Writes records into a section of a message, and the SOA of a zone. */
void dns_rrs_write(struct dns_writer *w, enum dns_section s, const GArray *records);
void zone_write_soa(struct dns_writer *w, const struct zone *z);

#endif
