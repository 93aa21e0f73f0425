/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ready.c -- a host that still waits for its address, and what waits for that host.
 *
 *   host_wait ─> probing (arp_claim.c), asking for a lease (dhcp_client.c) ─> host_settle ─>
 * callbacks
 *
 * A host that gets no address in the end is settled too: what waited begins and fails for a reason.
 */
#include "sim/net/host.h"

struct waiting {
  world_callback callback;
  void *data;
};

void
host_wait(struct host *h)
{
  h->n_waits++;
}

void
host_settle(struct host *h)
{
  struct world *w = h->net->world;
  g_assert(h->n_waits > 0);
  if (--h->n_waits > 0 || !h->when_ready)
    return;
  for (unsigned i = 0; i < h->when_ready->len; i++) {
    const struct waiting *waiting = &g_array_index(h->when_ready, struct waiting, i);
    world_at(w, world_now(w), WORLD_APP, h->index, waiting->callback, waiting->data);
  }
  g_array_set_size(h->when_ready, 0);
}

bool
net_is_ready(const struct net *n, uint32_t host)
{
  return n->hosts[host]->n_waits == 0;
}

void
net_when_ready(struct net *n, uint32_t host, world_callback callback, void *data)
{
  struct host *h = n->hosts[host];
  if (h->n_waits == 0) {
    world_at(n->world, world_now(n->world), WORLD_APP, host, callback, data);
    return;
  }
  if (!h->when_ready)
    h->when_ready = g_array_new(FALSE, FALSE, sizeof(struct waiting));
  const struct waiting waiting = {callback, data};
  g_array_append_val(h->when_ready, waiting);
}

void
host_ready_clear(struct host *h)
{
  if (h->when_ready)
    g_array_free(h->when_ready, TRUE);
}
