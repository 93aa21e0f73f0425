/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_OUTSIDE_LOOP_H
#define SIM_OUTSIDE_LOOP_H

/* Real time drives a world: virtual time follows the machine's monotonic clock, and file
 * descriptors are served in between.
 *
 *     outside_loop_turn: world up to now ─> wait for the next event or a descriptor ─> world up to
 * now ─> ready descriptors' callbacks, at virtual time = now
 *
 * Callbacks may call into the network (conn_send(), net_outside_send() …): virtual time stands then
 * where real time stands. When the machine is too slow for a world, virtual time stays behind and
 * the lateness is counted; nothing is lost. */
#include <poll.h>

#include "sim/core/world.h"

struct outside_loop;

/* The world is borrowed; its virtual time goes on from where it stands. */
struct outside_loop *outside_loop_new(struct world *w);
void outside_loop_free(struct outside_loop *l);

/* Watches a descriptor (borrowed) for POLLIN and POLLOUT as in `events`; 0 watches for hang-ups
 * only. Returns a number above 0 for the two calls below, or 0 when OUTSIDE_WATCHES_MAX are
 * watched. */
enum { OUTSIDE_WATCHES_MAX = 4096 }; /* a class of gateway connections, far above 100 */
typedef void (*outside_ready)(void *data, short revents);
unsigned outside_loop_watch(struct outside_loop *l, int fd, short events, outside_ready ready,
                            void *data);
void outside_loop_change(struct outside_loop *l, unsigned watch, short events);
/* May be called from inside any callback, also the watch's own. */
void outside_loop_unwatch(struct outside_loop *l, unsigned watch);

/* One turn, as drawn above; waits at most until virtual time `until_ns` (or a signal). False when
 * the world has hit its limit of events. */
bool outside_loop_turn(struct outside_loop *l, int64_t until_ns);

/* How far virtual time has been behind real time at most, in ns. */
int64_t outside_loop_lateness_ns(const struct outside_loop *l);

#endif
