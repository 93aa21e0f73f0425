/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_INTERVENE_H
#define SIM_NET_INTERVENE_H

/* Carries out the inputs that concern packets, links and connections (see sim/core/input.h): plans
 * them as events that come first in their instant, and acts on the packets that link.c shows it.
 *
 *     input at its time ──> packet on the wire? act ──> else remembered until link.c starts it
 *
 * State events: subject "input", key = 1-based place in the log, value "waiting", "done" or
 * "nothing" (there was nothing to act on). */
#include "sim/core/input.h"
#include "sim/net/net.h"

/* Plans the network's inputs of a log. Once, behind net_new() and before the first event. False
 * with error naming the input: no such link, host or property. The log must live as long as the
 * net. */
bool intervene_plan(struct net *n, const struct input_log *log, GError **error);
void intervene_clear(struct net *n);

/* Says what became of an input; for all who carry inputs out. */
enum intervene_outcome { INTERVENE_WAITING, INTERVENE_DONE, INTERVENE_NOTHING };
void intervene_tell(struct world *w, unsigned number, enum intervene_outcome outcome);

/* ---- for link.c, when net->intervene is not NULL ---- */
struct fate;
struct link_way;
struct packet;

/* A packet's first bit leaves: changes its octets and adds to its fate what the inputs want. */
void intervene_start(struct link_way *w, struct packet *p, struct fate *fate);
/* It is on the wire until it lands; `event` is the world's event of its arrival. */
void intervene_fly(struct link_way *w, struct packet *p, uint64_t event, int64_t due_ns);
void intervene_land(struct link_way *w, const struct packet *p);

#endif
