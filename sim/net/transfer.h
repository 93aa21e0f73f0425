/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_TRANSFER_H
#define SIM_NET_TRANSFER_H

/* The verb `transfer`, used by traffic.c only. Its keys stand in traffic.h. */
#include "sim/net/action.h"

/* Who listens for transfers: one entry for each server host and port. */
struct transfer_listeners;
struct transfer_listeners *transfer_listeners_new(struct net *n);
void transfer_listeners_free(struct transfer_listeners *l);

extern const char *const transfer_keys[];
/* As in struct action_verb; the owner is the listeners. */
void *transfer_read(struct transfer_listeners *l, struct action *a, GError **error);
void transfer_begin(struct action *a, void *own);
void transfer_free(void *own);

/* What traffic.c and transfer.c both read: `server` and `family`. */
struct traffic_server {
  const char *text;
  uint8_t version; /* 0: any */
};
bool traffic_read_server(struct action *a, struct traffic_server *out, GError **error);
/* The address of a host that is written by its name, or what action_resolve() finds. */
void traffic_find_server(struct action *a, const struct traffic_server *s,
                         void (*found)(struct action *a, const struct ip_addr *addr, void *own));

#endif
