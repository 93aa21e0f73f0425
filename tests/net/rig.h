/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_NET_RIG_H
#define TESTS_NET_RIG_H

/* A world with a network from YAML text, and everything that left it. */
#include "sim/net/net.h"

struct rig_frame {
  struct world_frame f; /* octets are the rig's copy */
};

struct rig_event {
  int64_t time_ns;
  uint32_t host;
  char *subject, *key, *value;
};

struct rig {
  struct world *world;
  struct net *net;
  struct tree_node *tree;
  GArray *frames; /* struct rig_frame */
  GArray *events; /* struct rig_event */
};

/* Fails the test with the message when the text is no scenario. */
void rig_init(struct rig *r, const char *yaml, uint64_t seed);
void rig_clear(struct rig *r);
uint32_t rig_host(const struct rig *r, const char *name);
struct ip_addr rig_addr(const struct rig *r, const char *name);
/* Runs until nothing is left to do, or to a time. */
void rig_run(struct rig *r, int64_t until_ns);
const struct world_frame *rig_frame_at(const struct rig *r, unsigned i);
/* The last value of a state, or NULL. */
const char *rig_value(const struct rig *r, const char *host, const char *subject, const char *key);

/* A transfer of n octets from `from` to `to` with both ends closing; its outcome. */
struct rig_transfer {
  struct rig *rig;
  uint32_t n, n_sent, n_received;
  bool is_connected, is_intact, client_ended, server_ended;
  enum conn_end client_end, server_end;
  bool server_pauses; /* stops reading for a second after the first octets */
  struct conn *server;
};
/* The same to an address and port behind which `to` listens at `port`. */
void rig_transfer_to(struct rig *r, struct rig_transfer *t, const char *from, const char *to,
                     uint16_t port, const struct ip_addr *addr, uint16_t addr_port, uint32_t n);
void rig_transfer(struct rig *r, struct rig_transfer *t, const char *from, const char *to,
                  uint16_t port, uint32_t n);

/* pc -- link -- router -- link -- server, with room for link and host settings. */
#define RIG_ROUTED(pc, lan, wan)                                                                   \
  "hosts:\n"                                                                                       \
  "  pc: {kind: pc, address: 10.0.1.10/24, gateway: router" pc "}\n"                               \
  "  router: {kind: router, addresses: {lan: 10.0.1.1/24, wan: 10.0.2.1/24}}\n"                    \
  "  server: {kind: server, address: 10.0.2.25/24, gateway: 10.0.2.1}\n"                           \
  "links:\n"                                                                                       \
  "  lan: {ends: [pc, router]" lan "}\n"                                                           \
  "  wan: {ends: [router, server]" wan "}\n"

#endif
