/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_REPLY_H
#define SIM_NET_DNS_REPLY_H

/* An answer while it is put together: from the zones of a host, from a resolver; then as octets. */
#include "sim/net/dns_zone.h"

struct dns_reply {
  uint16_t rcode;
  bool authoritative;
  GArray *answers, *authorities, *additionals; /* struct dns_rr */
};
void dns_reply_init(struct dns_reply *r);
void dns_reply_clear(struct dns_reply *r);

enum dns_from_zones {
  DNS_FROM_NONE,     /* not our business: the name lies in no zone of this host */
  DNS_FROM_ZONE,     /* all that can be said: records, NODATA, NXDOMAIN */
  DNS_FROM_REFERRAL, /* others know: their NS records stand in the authority section */
};
/* Appends what the zones of a host say of a name, RFC 1034 4.3.2. CNAMEs are followed, at most
 * DNS_CHAIN_MAX; `name` becomes the end of the chain, which may lie outside (DNS_FROM_NONE, with
 * answers). Sets `authoritative` when the first name lies in a zone and not below a cut. */
enum dns_from_zones dns_reply_from_zones(struct dns_reply *r, const struct net *n, uint32_t host,
                                         uint16_t type, char name[DNS_NAME_TEXT_MAX]);

/* The question as it was asked, and what its sender can take. */
struct dns_asked {
  struct dns_head head;
  struct dns_question question;
  bool has_opt;
  uint16_t udp_octets; /* offered by EDNS */
};
/* Reads a question. False: not even an error can be answered. *rcode: what is wrong with it, or
 * DNS_RCODE_OK. */
bool dns_asked_read(const uint8_t *message, size_t n, struct dns_asked *out, uint16_t *rcode);

/* The message in `out` (DNS_TCP_MAX octets of room), for UDP or TCP. Too long for the asker:
 * without additional records, and when that is not enough with the question alone and TC set (RFC
 * 2181 9). Returns its octets. */
size_t dns_reply_write(const struct dns_reply *r, const struct dns_asked *asked,
                       bool recursion_available, bool over_tcp, uint8_t *out);

#endif
