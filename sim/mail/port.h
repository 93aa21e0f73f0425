/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_PORT_H
#define SIM_MAIL_PORT_H

/* Binds mail machines to the connections of the simulated network: octets both ways with
 * back-pressure, deadlines as events of the world, state events under "PROTOCOL LOCAL REMOTE". */
#include "sim/mail/endpoint.h"
#include "sim/net/net.h"

struct ports;

struct ports *ports_new(struct net *n);
/* Also frees the machines of all open connections. */
void ports_free(struct ports *ports);
struct net *ports_net(const struct ports *ports);
struct world *ports_world(const struct ports *ports);

/* A server: `make` gives a machine for each connection; `peer` is its address, "10.0.0.5". */
typedef struct endpoint *(*port_make)(void *data, const char *peer);
/* False when the port is taken. */
bool ports_listen(struct ports *ports, uint32_t host, uint16_t port, port_make make, void *data);

/* The next connection to that port is `make`'s and nobody else's; the ones behind it are again for
 * who listens there. Without a listener the port is opened for it. `make` may return NULL: then the
 * usual machine answers. False when the port cannot be opened. */
bool ports_intercept(struct ports *ports, uint32_t host, uint16_t port, port_make make, void *data);

/* How many connections that the host accepted are open now. */
unsigned ports_n_accepted(const struct ports *ports, uint32_t host);

/* A client. Owns the machine; frees it when the connection is over. A connection that cannot be
 * made ends the machine by its eof. `over` may be NULL and is called last. */
void ports_connect(struct ports *ports, uint32_t host, const struct ip_addr *to, uint16_t port,
                   struct endpoint *e, void (*over)(void *data), void *data);

/* While a machine is told of its connection's end: what broke it, "the connection was refused";
 * NULL when the peer has closed it, and at any other time. For who keeps the reason (a queue). */
const char *ports_trouble(const struct ports *ports);

/* The hosts stop serving: machines that have last words say them and close. */
void ports_shut_down(struct ports *ports);

/* Sends what the machines have to say now, for who put octets into one from outside. */
void ports_pump(struct ports *ports);

/* Puts another machine at the host's end of an open connection between two addresses, given in
 * either order. Returns the machine that was there, which the caller owns from now on; NULL when
 * there is no such connection (then `e` stays the caller's). What the old one had not sent yet
 * leaves first. */
struct endpoint *ports_take(struct ports *ports, uint32_t host, const struct ip_addr *a,
                            uint16_t a_port, const struct ip_addr *b, uint16_t b_port,
                            struct endpoint *e);

#endif
