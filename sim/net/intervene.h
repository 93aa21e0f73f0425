/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_INTERVENE_H
#define SIM_NET_INTERVENE_H

/* Carries out the inputs that concern packets, links and connections (see sim/core/input.h): plans
 * them as events that come first in their instant, and acts on the packets that link.c shows it.
 *
 *     input at its time ──> packet on the wire? act ──> else remembered until link.c starts it
 */
#include "sim/core/input.h"
#include "sim/net/net.h"

/* Plans the network's inputs of a log. Once, behind net_new() and before the first event. False
 * with error naming the input: no such link, host or property. The log must live as long as the
 * net. */
bool intervene_plan(struct net *n, const struct input_log *log, GError **error);
void intervene_clear(struct net *n);

/* ---- for link.c ---- */
struct link_way;
struct packet;

/* What is to happen to a packet that starts on a link. `octets` are altered in place. */
struct intervention {
  bool drop;
  int64_t delay_ns;     /* it arrives so much later */
  int64_t duplicate_ns; /* -1: no copy; else the copy arrives so much later */
};
/* Called for every packet whose first bit leaves, when net->intervene is not NULL. */
struct intervention intervene_start(struct link_way *w, struct packet *p);

#endif
