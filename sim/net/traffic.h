/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_TRAFFIC_H
#define SIM_NET_TRAFFIC_H

/* clang-format off */
/* Verbs of a scenario's timeline (sim/net/action.h) that have to do with the network itself:
 *
 *   do: transfer                      a TCP connection, octets both ways, an end
 *     server: HOST                    a host's name, an address, or a name for the DNS; family: 4 or 6
 *     port: 5000
 *     local_port: 40000               of the host that acts; default: a seeded one
 *     listen: true                    false: nobody is made to listen at the server (closed port,
 *                                     simultaneous open, a service that is there anyway)
 *     send: 20000                     octets to the server; in pieces of `piece: 100` every `every: 1s`
 *     receive: 0                      octets from the server, sent when it has all of `send`; at once with
 *                                     together: true
 *     pause: {who: server, after: 8000, for: 3s}     stops reading when it has so many octets
 *     keepalive: {idle: 5s, interval: 1s, probes: 3} of the host that acts
 *     wait: 0s                        silence before the end
 *     close: client                   who ends it: client or server (the other follows); both, at one instant;
 *                                     half (the client when it has sent, the server when it has); abort or
 *                                     server-abort (RST); none
 *   do: lookup                        {server: NAME or address, type: A}, like nslookup: A, AAAA, MX, NS,
 *                                     CNAME, SOA, TXT, PTR (of an address: its name)
 *   do: ping                          {server, family, count: 1, interval: 1s, size: 56, ttl: 64, df: false}
 *   do: traceroute                    {server, family, method: udp or icmp, probes: 3, max_hops: 30}
 *   do: datagrams                     {server, family, port, local_port, count: 1, interval: 1s, size: 64} of
 *                                     UDP; to port 7 for an answer
 *
 * State events: "lookup NAME TYPE", key = number of the answer from 1, value what it says with
 * "ttl=", or key "1" and NXDOMAIN, NODATA or "no answer"; "transfer ID" (at both hosts), keys sent,
 * received and end ("closed", "reset", "timed out", "refused", "unreachable"). */
/* clang-format on */
#include "sim/net/action.h"

struct traffic;

struct traffic *traffic_new(struct net *n);
/* Behind actions_free(). */
void traffic_free(struct traffic *t);
struct action_table traffic_table(struct traffic *t);

#endif
