/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_SNIFFER_H
#define SIM_ATTACK_SNIFFER_H

/* clang-format off */
/* The verb `sniff` of a scenario's timeline: a host at a tap of a link, which sees every frame there
 * and sends none. It knows nothing but the octets of the frames it saw.
 *
 *     - do: sniff
 *       host: mallory                 who listens
 *       link: wan                     where
 *       for: 10min                    then it tells what TLS hid and is done; default: 1min
 *
 * State events, subject "sniffer LINK" at the host that listens: key = number of the fact from 1, value
 * "KIND: TEXT (CLIENT > SERVER)"; kinds as in overhear.h. In the end "frames", "conversations" and
 * "facts". */
/* clang-format on */
#include "sim/net/action.h"

enum {
  SNIFFER_FLOWS_MAX = 4096, /* conversations that are followed; later ones are not heard */
  SNIFFER_HELD_MAX = 64,    /* segments of one direction that came early */
};

struct sniffers;

struct sniffers *sniffers_new(struct net *n);
/* Behind actions_free(), before the net. */
void sniffers_free(struct sniffers *all);
struct action_table sniffers_table(struct sniffers *all);

#endif
