/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_RR_H
#define SIM_NET_DNS_RR_H

/* Resource records outside of messages, as zones, cache and resolver keep them. */
#include <glib.h>

#include "capture/wire/dns.h"

enum {
  DNS_CHAIN_MAX = 8, /* CNAMEs behind each other */
};

struct dns_rr {
  char *name; /* complete, without final dot, letters as they were written */
  uint16_t type;
  uint16_t preference; /* MX */
  uint32_t ttl_s;
  char *target;  /* MX, CNAME, NS, PTR: a name; TXT: the text; SOA: the primary server */
  char *mailbox; /* SOA, and its five numbers */
  uint32_t serial, refresh_s, retry_s, expire_s, minimum_s;
  struct ip_addr addr; /* A, AAAA */
};

void dns_rr_clear(struct dns_rr *r);
struct dns_rr dns_rr_copy(const struct dns_rr *r);
GArray *dns_rrs_new(void); /* of struct dns_rr, cleared with it */
void dns_rrs_append(GArray *to, const GArray *from);
static inline const struct dns_rr *
dns_rrs_at(const GArray *a, unsigned i)
{
  return &g_array_index(a, struct dns_rr, i);
}
/* The first record of a name and type, or NULL. */
const struct dns_rr *dns_rrs_find(const GArray *a, const char *name, uint16_t type);
/* The smallest TTL of some records; 0 without any (RFC 2181 5.2). */
uint32_t dns_rrs_ttl(const GArray *a);

/* Whether a name is a domain or lies below it; "" is the root. */
bool dns_name_is_in(const char *name, const char *domain);
/* The name without its first label; NULL behind the root. */
const char *dns_name_up(const char *name);

/* "10.0.0.25", "10 mx.bob.test", a name, a text: what the record says, for people. */
void dns_rr_describe(const struct dns_rr *r, GString *out);

/* Writes records into a section of a message. */
void dns_rrs_write(struct dns_writer *w, enum dns_section s, const GArray *records);
/* Reads `count` records at message[*at], as far as they are of the kinds that are kept; *at moves
 * behind the section. An OPT record goes to `opt` (NULL: to nobody) and sets *has_opt. False when
 * the section is malformed: `out` then holds what stood before that place. */
bool dns_rrs_read(const uint8_t *message, size_t n, size_t *at, unsigned count, GArray *out,
                  struct dns_opt *opt, bool *has_opt);

#endif
