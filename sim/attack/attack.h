/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_ATTACK_H
#define SIM_ATTACK_ATTACK_H

/* clang-format off */
/* Attackers as verbs of a scenario's timeline (sim/net/action.h). They reach the hosts of the simulated
 * network only: everything they open is a connection of that network.
 *
 *   do: find-relays                   asks the hosts of a net on port 25 whether they pass on mail of strangers
 *     net: 10.0.2.0/24                at most 256 addresses; or targets: [10.0.2.25, mx.b.test]
 *     port: 25
 *     victim: victim@elsewhere.test   whom it pretends to write to; nothing is ever sent: each try ends by RSET
 *     at_once: 8                      hosts asked at one time
 *   do: bomb                          many messages
 *     server: mx.b.test               port: 25, or with user and password: 587
 *     from: spammer@x.test            or a list, one after the other
 *     to: bob@b.test                  or a list: a message for each in turn
 *     count: 100                      messages; pace: 100ms between two of them
 *     at_once: 5                      connections at one time
 *     size: 500                       octets of text; subject: text
 *     hosts: [zombie1, zombie2]       these take part too, in turn
 *
 * State events: subject "relay-finder"; key = address, value "asking", "closed", "open", "safe" or
 * "no-smtp: what it said"; key "10.0.2.25 quoted" = the reply to that trick; key "result", value
 * "hosts=3 smtp=2 open=1". Subject "bomber", keys "sent", "refused", "failed" = how many, "last" = the last
 * refusal. */
/* clang-format on */
#include "sim/mail/port.h"
#include "sim/net/action.h"

struct relay_finder;
struct relay_finder *relay_finder_new(struct ports *ports);
/* Behind actions_free(), as the other. */
void relay_finder_free(struct relay_finder *f);
struct action_table relay_finder_table(struct relay_finder *f);

struct bomber;
struct bomber *bomber_new(struct ports *ports);
void bomber_free(struct bomber *b);
struct action_table bomber_table(struct bomber *b);

#endif
