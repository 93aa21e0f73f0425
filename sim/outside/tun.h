/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_OUTSIDE_TUN_H
#define SIM_OUTSIDE_TUN_H

/* A TUN device of the kernel, tied to a host of kind "outside": IP packets that the kernel sends
 * into the device leave that host in the simulated network, and what comes to that host the kernel
 * receives.
 *
 *     kernel's TCP/IP ── device NAME ── file descriptor ── outside_tun ── host ── simulated links
 *
 * Needs CAP_NET_ADMIN and /dev/net/tun. */
#include <glib.h>

#include "sim/net/net.h"
#include "sim/outside/loop.h"

#define OUTSIDE_ERROR (g_quark_from_static_string("enveloscope-outside"))
enum outside_error { OUTSIDE_ERROR_FORBIDDEN, OUTSIDE_ERROR_FAILED };

struct outside_tun;

/* Opens (makes, when it is not there) the device `name`, gives it the host's addresses and MTU,
 * brings it up and adds a route for every other net of the simulated network. What was made goes
 * with outside_tun_free(). NULL with error, which says what to do. */
struct outside_tun *outside_tun_new(struct net *n, uint32_t host, const char *name,
                                    struct outside_loop *loop, GError **error);
void outside_tun_free(struct outside_tun *t);

struct outside_tun_counts {
  uint64_t n_in, n_out; /* packets from and to the kernel */
  uint64_t n_refused;   /* from the kernel, but to no place in the simulated network */
  uint64_t n_dropped;   /* the kernel's queue was full */
};
struct outside_tun_counts outside_tun_counts(const struct outside_tun *t);

#endif
