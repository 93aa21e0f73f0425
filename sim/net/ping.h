/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_PING_H
#define SIM_NET_PING_H

/* Echo questions of a host, both families: what icmp.c and icmp6.c hand to ping.c and traceroute.c.
 * Users start them through net.h. */
#include "sim/net/host.h"

/* An echo reply came; rest: identifier and sequence number. */
void ping_answer(struct host *h, const struct ip_datagram *d, uint32_t rest);
/* An ICMP error about an echo question of this host. */
void ping_error(struct host *h, const struct ip_error *e);
void ping_clear(struct host *h);

/* ---- for traceroute.c: one question ---- */
/* Sends one echo question with n octets of data. False when there is no way. */
bool ping_send(struct host *h, const struct ip_sending *to, uint16_t id, uint16_t seq, uint32_t n);

void traceroute_answer(struct host *h, const struct ip_datagram *d, uint32_t rest);
void traceroute_error(struct host *h, const struct ip_error *e);
void traceroute_clear(struct host *h);

#endif
