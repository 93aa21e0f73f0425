/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_OUTSIDE_PLACE_H
#define SIM_OUTSIDE_PLACE_H

/* Where the outside joins a scenario. */
#include "sim/core/tree.h"

/* Does nothing when the scenario has a host of kind "outside". Otherwise adds the host "outside" with
 * a link "outside-link": to the first switch that a host with an address is on, with the next free
 * address of that host's net and its gateway; without a switch to the first router, as a net of its
 * own (198.51.100.0/24, RFC 5737). False with error naming file and remedy when there is neither. */
bool place_outside(struct tree_node *scenario, GError **error);

#endif
