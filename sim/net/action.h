/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_ACTION_H
#define SIM_NET_ACTION_H

/* The timeline of a scenario: what its hosts do, and when. This module knows times, names and
 * order; what an action does is a verb, and each room brings a table of its verbs (traffic.c,
 * sim/mail).
 *
 *   actions:
 *     - id: letter                    optional, for `after`
 *       at: 1s                        virtual time; or `after: ID` with `delay: 500ms`
 *       host: alice-pc                who acts
 *       do: VERB                      and the verb's own keys
 *
 * An action is read and checked when the scenario is read; nothing in it can fail later but the
 * network. State events: subject "action", key = id or number, value "started", "done", "failed".
 */
#include "sim/net/net.h"

enum { ACTION_LIST_MAX = 10000 }; /* of one scenario */

struct action;
struct actions;

struct action_verb {
  const char *name;
  const char *const *keys; /* its own, NULL-terminated: others are refused */
  /* Reads and checks; returns what `begin` needs, or NULL with error. `owner` is the table's. */
  void *(*read)(void *owner, struct action *a, GError **error);
  /* Called at its time from the event loop. In the end action_finish() must be called, once. */
  void (*begin)(struct action *a, void *own);
  void (*free)(void *own); /* may be called while the action is under way: the run is over */
};

struct action_table {
  const struct action_verb *verbs;
  unsigned n;
  void *owner;
};

/* Plans all; NULL with error "FILE:LINE: message". `list` may be NULL: nothing happens. The tree
 * and the tables' verbs must outlive it. */
struct actions *actions_new(struct net *n, const struct tree_node *list,
                            const struct action_table *tables, unsigned n_tables, GError **error);
void actions_free(struct actions *all);
/* Those that are not finished; some may wait for one that never is. */
unsigned actions_n_left(const struct actions *all);

/* ---- for verbs ---- */
const struct tree_node *action_node(const struct action *a);
struct net *action_net(const struct action *a);
uint32_t action_host(const struct action *a);
const char *action_id(const struct action *a);
/* Says something in the log of the host that acts. */
void action_log(const struct action *a, const char *text);
/* Those that wait for this one may begin. */
void action_finish(struct action *a, bool is_good);

/* Where to point when map[key] is wrong: at it, or at the map when it is missing. */
const struct tree_node *action_place(const struct tree_node *map, const char *key);

/* Finds the address of a server, which is written as an address, or as a name for the DNS. Calls
 * `found` from here or later; without an address the action is finished as failed instead. With
 * version 0 it is the IPv4 address if there is one and else the IPv6 address. */
void action_resolve(struct action *a, const char *server, uint8_t version,
                    void (*found)(struct action *a, const struct ip_addr *addr, void *own));

#endif
