/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_ARP_H
#define SIM_NET_ARP_H

/* ARP on a host: finding neighbours (arp.c, RFC 826) and holding addresses (arp_claim.c, RFC 5227).
 * Included through host.h. */
#include "capture/wire/net.h"

struct host;
struct iface;
struct packet;

/* ---- arp.c ---- */
void arp_input(struct iface *at, struct packet *p);
/* Sends an IP packet to a neighbour, asking for its address first when needed; takes the packet. */
void arp_send(struct iface *out, const struct ip_addr *neighbour, struct packet *p);
void arp_clear(struct host *h);
/* Puts one ARP message on the wire, in a frame to `to_mac`. */
void arp_put_out(struct iface *out, const struct arp *arp, const uint8_t to_mac[6]);
extern const uint8_t arp_to_all[6];

/* ---- arp_claim.c ---- */
enum arp_claim_how {
  ARP_CLAIM_PROBE, /* ask three times whether somebody has it, then announce it: RFC 5227 2.1, 2.3
                    */
  ARP_CLAIM_ANNOUNCE, /* take it and say so (gratuitous ARP), as older systems do */
};
enum arp_claim_end {
  ARP_CLAIM_OURS,  /* the interface has the address from now on */
  ARP_CLAIM_TAKEN, /* somebody else has it or wants it too */
  ARP_CLAIM_LOST,  /* it was ours, and a second conflict made this host give it up: RFC 5227 2.4 (b)
                    */
};
typedef void (*arp_claimed)(void *data, enum arp_claim_end end);
/* Claims an address that the interface does not have yet. `told` (may be NULL) hears OURS or TAKEN,
 * and LOST after OURS. */
void arp_claim(struct iface *at, const struct ip_addr *addr, uint8_t prefix, enum arp_claim_how how,
               arp_claimed told, void *data);
/* Ends a claim without a word and takes the address from the interface. */
void arp_disclaim(struct iface *at, const struct ip_addr *addr);
/* An ARP message came in: true when it conflicts with an address that this interface has or claims.
 */
bool arp_claim_hears(struct iface *at, const struct arp *arp);
void arp_claims_clear(struct host *h);

#endif
