/* SPDX-License-Identifier: GPL-3.0-or-later */
/* intercept.c -- a router that keeps what it should pass on: TCP to some ports ends at itself,
 * under the address of the server that was meant.
 *
 *     client ──SYN to server:25──> router: ip_input ─intercept_takes─> its own TCP
 *            <─SYN, ACK from server:25─┘
 *
 * That is how a transparent proxy works, and an attacker on the path. The connection's local
 * address is the server's; one that the router itself opens has its own. Whole segments only: who
 * fragments TCP gets past it. */
#include <string.h>

#include "sim/net/host.h"

bool
net_intercept(struct net *n, uint32_t host, uint16_t port)
{
  struct host *h = n->hosts[host];
  if (h->kind != HOST_ROUTER)
    return false;
  for (unsigned i = 0; i < h->n_intercepts; i++) {
    if (h->intercepts[i] == port)
      return true;
  }
  if (h->n_intercepts == HOST_INTERCEPTS_MAX)
    return false;
  h->intercepts[h->n_intercepts++] = port;
  return true;
}

bool
intercept_takes(const struct host *h, uint8_t proto, bool is_fragment, const uint8_t *segment,
                size_t n)
{
  if (h->n_intercepts == 0 || proto != IP_PROTO_TCP || is_fragment || n < 4)
    return false;
  uint16_t port = (uint16_t)(segment[2] << 8 | segment[3]);
  for (unsigned i = 0; i < h->n_intercepts; i++) {
    if (h->intercepts[i] == port)
      return true;
  }
  return false;
}
