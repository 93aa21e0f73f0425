/* SPDX-License-Identifier: GPL-3.0-or-later */
/* build.c -- makes the hosts, links, zones and faults of a network from a scenario.
 *
 * hosts:
 *   alice-pc:                       a name; hosts are numbered in the order of the file
 *     kind: pc                      pc, phone, server, router or switch
 *     title: {en: …, th: …}         default: the name
 *     place: [10, 40]               percent of the topology's width and height; default: on a circle
 *     address: 10.0.1.10/24         a host with one link; with several links, by link:
 *     addresses: {lan: 10.0.1.1/24, wan: 10.0.9.1/30}
 *     gateway: 10.0.1.1             where all else goes: an address of a net this host is on, or the
 *                                   name of a host on such a net
 *     routes: [{to: 10.0.3.0/24, via: 10.0.9.2}]
 *     dns: 10.0.1.53                the resolver this host asks: an address or a host's name
 *     resolver: true                answers the questions of other hosts: asks the servers of `zones`
 *                                   and remembers what they said
 *     ttl: 64                       of the IP packets it makes
 *     tcp: {window: 64240, scale: 7, delayed_ack: 40ms, initial_segments: 10, rto_min: 1s, nagle: true}
 * links:
 *   lan:                            its name in the topology and in saved files
 *     {ends: [alice-pc, switch1], rate: 100Mbit/s, delay: 100us, loss: 0%, mtu: 1500, queue: 100}
 *                                   loss for each frame and direction; queue in frames
 * zones:                            the DNS; the NS record, its address and the SOA record are made
 *   alice.test:
 *     server: ns1                   the host that answers for this zone
 *     ttl: 1h                       of its records
 *     records:                      name: "@" is the zone itself, "mx" is mx.alice.test, "mx.b.test."
 *       - {name: "@", type: MX, preference: 10, value: mx}       with a dot at its end is complete
 *       - {name: mx, type: A, value: 10.0.1.25}                  A, MX, CNAME, NS, TXT, PTR
 * faults:
 *   - {link: lan, from: alice-pc, drop: 3, of: data, port: 25, times: 1}
 *                                   loses the third frame that fits `of`: any, data (a TCP segment with
 *                                   data), syn, fin, ack (TCP without data), udp, icmp or arp; `port`
 *                                   is either port; `times`: so many in a row */
