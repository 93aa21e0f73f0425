/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DROP_H
#define SIM_NET_DROP_H

/* Why a frame or packet goes no further: one table for links, switches, hosts and routers. */
#include <stdbool.h>
#include <stdint.h>

enum drop_reason {
  DROP_NONE,
  /* on a link */
  DROP_QUEUE_FULL,
  DROP_LOSS,
  DROP_BURST_LOSS,
  DROP_RULE,
  DROP_INTERVENTION,
  DROP_LINK_DOWN,
  DROP_MTU,
  DROP_FRAME_CHECK,
  /* on a host or router */
  DROP_HEADER,
  DROP_CHECKSUM_IP,
  DROP_CHECKSUM_ICMP,
  DROP_CHECKSUM_UDP,
  DROP_CHECKSUM_TCP,
  DROP_TTL,
  DROP_NO_ROUTE,
  DROP_TOO_BIG,
  DROP_NO_NEIGHBOUR,
  DROP_NEIGHBOUR_QUEUE,
  DROP_NEIGHBOUR_TABLE,
  DROP_REASSEMBLY,
  DROP_REASSEMBLY_TABLE,
  DROP_FRAGMENT_AGAIN,
  DROP_FRAGMENT_OVERLAP,
  DROP_OPTION,
  DROP_SOURCE_ROUTE,
  DROP_HEADERS,
  DROP_NO_PROTOCOL,
  DROP_SCOPE,
  DROP_NAT_NO_MAPPING,
  DROP_NAT_TABLE,
  DROP_NAT_PROTOCOL,
  DROP_REASONS
};

/* The word of a reason in a state event, "queue-full", and its sentence in the current language. */
const char *drop_name(enum drop_reason reason);
const char *drop_sentence(enum drop_reason reason);
/* The reason with that word, DROP_NONE when there is none. */
enum drop_reason drop_find(const char *name);

struct host;
struct packet;
/* Tells that a host drops packet p (borrowed; the caller frees it) at a place, a link's name or a
 * layer's: state event "drop" and a sentence in the log. */
void host_drop(struct host *h, const struct packet *p, enum drop_reason reason, const char *where);

#endif
