/* SPDX-License-Identifier: GPL-3.0-or-later */
/* choose.c -- a name's addresses of both families, the best first: RFC 6724 6, RFC 8305 3.
 *
 *   net_resolve_address ─> AAAA, when this host has a global IPv6 address ─┐
 *                       └> A, when it has an IPv4 address ─────────────────┴─> sorted ─> done
 *
 * Addresses that this host has a way to come first, and of those IPv6 before IPv4. A host of one
 * family asks one question, as ever. SIMPLIFIED: who connects tries them one after the other;
 * nothing is raced (RFC 8305 5). */
#include "sim/net/nd.h"

enum { ADDRESSES_MAX = 32 };

struct choice {
  struct host *host;
  unsigned n_waiting;
  enum dns_status status; /* of the answer without addresses */
  struct dns_answer *answers;
  unsigned n_answers;
  void (*done)(void *data, enum dns_status status, const struct dns_answer *answers,
               unsigned n_answers);
  void *data;
};

/* 0 is best. */
static unsigned
rank(struct host *h, const struct ip_addr *a)
{
  bool has_way = ip_source(h, a).version != 0;
  return (has_way ? 0 : 2) + (a->version == 6 ? 0 : 1);
}

static void
answered(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct choice *c = data;
  for (unsigned i = 0; i < n && c->n_answers < ADDRESSES_MAX; i++) {
    unsigned at = c->n_answers++;
    for (; at > 0 && rank(c->host, &c->answers[at - 1].addr) > rank(c->host, &answers[i].addr);
         at--)
      c->answers[at] = c->answers[at - 1];
    c->answers[at] = answers[i];
  }
  if (status != DNS_FOUND && (c->status == DNS_NO_DATA || status == DNS_FAILED))
    c->status = status;
  if (--c->n_waiting > 0)
    return;
  c->done(c->data, c->n_answers > 0 ? DNS_FOUND : c->status, c->answers, c->n_answers);
  g_ptr_array_remove_fast(c->host->choices, c);
}

static void
choice_free(void *data)
{
  struct choice *c = data;
  g_free(c->answers);
  g_free(c);
}

static bool
has_global6(const struct host *h)
{
  struct ip_addr a = host_addr(h, 6);
  return a.version == 6 && !ip6_is_link_local(&a);
}

void
net_resolve_address(struct net *n, uint32_t host, const char *name,
                    void (*done)(void *data, enum dns_status status,
                                 const struct dns_answer *answers, unsigned n_answers),
                    void *data)
{
  struct host *h = n->hosts[host];
  bool wants6 = has_global6(h), wants4 = host_addr(h, 4).version == 4 || !wants6;
  if (!h->choices)
    h->choices = g_ptr_array_new_with_free_func(choice_free);
  struct choice *c = g_new0(struct choice, 1);
  *c = (struct choice){.host = h,
                       .n_waiting = (unsigned)wants4 + wants6,
                       .status = DNS_NO_DATA,
                       .answers = g_new0(struct dns_answer, ADDRESSES_MAX),
                       .done = done,
                       .data = data};
  g_ptr_array_add(h->choices, c);
  if (wants6)
    net_resolve(n, host, name, DNS_TYPE_AAAA, answered, c);
  if (wants4)
    net_resolve(n, host, name, DNS_TYPE_A, answered, c);
}

void
choose_clear(struct host *h)
{
  if (h->choices)
    g_ptr_array_free(h->choices, TRUE);
}
