/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_OUTSIDE_GATEWAY_H
#define SIM_OUTSIDE_GATEWAY_H

/* Byte streams across the border: a socket of this machine on one side, a TCP connection of a
 * simulated host on the other.
 *
 *     inward   real client ── loopback socket ─┐            ┌─ simulated connection ── simulated
 * server ├─ gateway ──┤ outward  real server ── loopback socket ─┘            └─ simulated
 * connection ── simulated client
 *
 * Back-pressure is real in both directions: a socket is read only as far as the simulated send
 * buffer has room, and the simulated connection is paused (its window closes) while the socket
 * takes no more. A FIN is passed on as a half-close, a reset as a reset. One stalled connection
 * holds up no other. All connections live in one outside_loop. */
#include <glib.h>

#include "sim/net/net.h"
#include "sim/outside/loop.h"

struct outside_gateway;

/* Connections at once; more are refused by a reset and counted. */
enum { GATEWAY_CONNECTIONS_MAX = 1024 };

struct outside_gateway *outside_gateway_new(struct net *n, struct outside_loop *loop);
/* Aborts what is still open, on both sides. */
void outside_gateway_free(struct outside_gateway *g);

/* Inward: listens on `address` (a numeric one, "127.0.0.1" or "::1"; anything else is the caller's
 * decision) and `port` (0: any free one). Each connection becomes one from the simulated host
 * `from` to `to`:`to_port`. Returns the port, or 0 with error (OUTSIDE_ERROR) that names address
 * and remedy. */
uint16_t outside_gateway_listen(struct outside_gateway *g, const char *address, uint16_t port,
                                uint32_t from, const struct ip_addr *to, uint16_t to_port,
                                GError **error);

/* Outward: what connects to port `port` of the simulated host `host` reaches `address`:`to_port` of
 * this machine; a simulated server that listens there hears nothing more. False when the address is
 * not numeric. */
bool outside_gateway_forward(struct outside_gateway *g, uint32_t host, uint16_t port,
                             const char *address, uint16_t to_port);

struct outside_gateway_counts {
  unsigned n_open;
  uint64_t n_accepted;          /* either way */
  uint64_t n_refused;           /* too many at once, or nobody on the other side */
  uint64_t n_inward, n_outward; /* octets carried into and out of the simulated network */
};
struct outside_gateway_counts outside_gateway_counts(const struct outside_gateway *g);

#endif
