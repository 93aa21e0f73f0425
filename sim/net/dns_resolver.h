/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_NET_DNS_RESOLVER_H
#define SIM_NET_DNS_RESOLVER_H

/* Finds out for others: asks server after server, remembers, and hands over an answer. */
#include "sim/net/dns_cache.h"
#include "sim/net/dns_reply.h"

struct dns_resolver;

struct dns_resolver *dns_resolver_new(struct host *h);
/* Whoever waits is not told any more. */
void dns_resolver_free(struct dns_resolver *r);
const struct dns_cached *dns_resolver_cached(struct dns_resolver *r, const char *name,
                                             uint16_t type);

/* `reply` is borrowed; its additional section is empty. May be called from inside
 * dns_resolver_ask(). */
typedef void (*dns_resolved)(void *data, const struct dns_reply *reply);
/* False when too many questions are waiting: then `done` is never called. */
bool dns_resolver_ask(struct dns_resolver *r, const char *name, uint16_t type, dns_resolved done,
                      void *data);

#endif
