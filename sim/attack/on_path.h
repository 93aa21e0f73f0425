/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_ON_PATH_H
#define SIM_ATTACK_ON_PATH_H

/* clang-format off: the reference below is laid out by hand */
/* An attacker between client and server: a router of the scenario that ends TCP connections to some
 * ports at itself (net_intercept), opens its own to the server, and passes on what both say,
 * changed by starttls.h. Works inside the simulated network only. Verbs of the timeline:
 *
 *   - do: strip-starttls              from now on, for connections that begin from now on
 *     host: router                    a router on the way
 *     ports: [25, 587, 110, 143]      default: these four
 *   - do: inject-starttls
 *     host: router
 *     ports: [587]
 *     commands: |                     to the server, behind the client's STARTTLS
 *       MAIL FROM:<mallory@evil.test>
 *     replies: |                      to the client, behind the server's go-ahead
 *       250 fine
 *
 * State events: subject "on-path CLIENT SERVER" (addresses with ports), key "log": what was done.
 * The server sees the router's address in place of the client's. */
/* clang-format on */
#include "sim/net/action.h"

struct on_path;

enum {
  ON_PATH_CONNECTIONS_MAX = 1024, /* at once; more are refused */
  ON_PATH_HELD_MAX = 1 << 20, /* octets that wait for the slower side: then the other is paused */
};

struct on_path *on_path_new(struct net *n);
/* Before the net. */
void on_path_free(struct on_path *all);
struct action_table on_path_table(struct on_path *all);

#endif
