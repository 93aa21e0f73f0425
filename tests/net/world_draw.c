/* SPDX-License-Identifier: GPL-3.0-or-later */
/* world_draw.c -- random scenarios:
 *
 *     pair      h0 ── h1
 *     switched  h0..h3 ── switch [── switch]
 *     routed    h0 ── r0 ── (r1 ──)* h1
 *     office    h0, h1 ── switch ── r0 ── h2 */
#include "tests/net/world_draw.h"

static const char *const names[WORLD_DRAW_ENDS] = {"h0", "h1", "h2", "h3"};

static bool
one_in(struct random_stream *r, unsigned n)
{
  return random_below(r, n) == 0;
}

/* lowest..highest. Each number is drawn in a statement of its own: compilers differ in the order in
 * which they evaluate arguments, and the same seed is the same world everywhere. */
static int
between(struct random_stream *r, int lowest, int highest)
{
  return lowest + (int)random_below(r, (uint64_t)(highest - lowest) + 1);
}

/* `format` has one number, drawn between the two. */

static void
add_number(GString *y, struct random_stream *r, const char *format, int lowest, int highest)
{
  int value = between(r, lowest, highest);
  g_string_append_printf(y, format, value);
}

/* Settings of one direction. Shares are in percent. */
static void
add_settings(GString *y, struct random_stream *r, bool is_hopeless, bool is_clean, bool is_regular)
{
  static const char *const rates[] = {"64kbit/s", "1Mbit/s", "10Mbit/s", "100Mbit/s", "1Gbit/s"};
  /* a queue before the slowest rate is longer than ARP's patience: there a frame too late is lost
   */
  const char *rate = rates[between(r, is_clean ? 1 : 0, (int)G_N_ELEMENTS(rates) - 1)];
  int delay_us = between(r, 0, 80000);
  g_string_append_printf(y, "rate: %s, delay: %dus", is_regular ? "10Mbit/s" : rate,
                         is_regular ? 1000 : delay_us);
  if (is_hopeless)
    add_number(y, r, ", loss: %d%%", 40, 100);
  if (is_hopeless || is_clean)
    return;
  if (one_in(r, 2)) {
    add_number(y, r, ", loss: %d%%", 0, 8);
  } else if (one_in(r, 3)) {
    add_number(y, r, ", loss: %d%%", 1, 6);
    add_number(y, r, ", burst: %d", 2, 5);
  }
  if (one_in(r, 3)) {
    add_number(y, r, ", jitter: %dus", 1, 40000);
    g_string_append(y, one_in(r, 2) ? ", keep_order: true" : ", keep_order: false");
  }
  if (one_in(r, 3))
    add_number(y, r, ", reorder: %d%%", 1, 10);
  if (one_in(r, 3))
    add_number(y, r, ", duplicate: %d%%", 1, 10);
  if (one_in(r, 3))
    add_number(y, r, ", corrupt: %d%%", 1, 6);
  if (one_in(r, 4))
    add_number(y, r, ", mark: %d", 1, 20);
  add_number(y, r, ", queue: %d", 2, 60);
}

struct drawing {
  GString *hosts, *links, *changes;
  struct random_stream *r;
  bool is_hopeless, is_clean, is_regular;
  unsigned n_links;
  bool has_switch; /* it cannot say that a frame is too big: one MTU for all */
};

static void
add_link(struct drawing *d, const char *a, const char *b)
{
  struct random_stream *r = d->r;
  g_string_append_printf(d->links, "  l%u: {ends: [%s, %s], ", d->n_links, a, b);
  if (!d->has_switch && one_in(r, 2))
    add_number(d->links, r, "mtu: %d, ", 576, 1500);
  add_settings(d->links, r, d->is_hopeless, d->is_clean, d->is_regular);
  if (one_in(r, 4)) {
    g_string_append_printf(d->links, ", %s-to-%s: {", a, b);
    add_settings(d->links, r, d->is_hopeless, d->is_clean, d->is_regular);
    g_string_append(d->links, "}");
  }
  g_string_append(d->links, "}\n");
  if (!d->is_clean && one_in(r, 6)) { /* silent for a while */
    int down_ms = between(r, 500, 8500), ms = between(r, 200, 15000);
    g_string_append_printf(d->changes,
                           "  - {at: %dms, link: l%u, up: false}\n"
                           "  - {at: %dms, link: l%u, up: true}\n",
                           down_ms, d->n_links, down_ms + ms, d->n_links);
  }
  d->n_links++;
}

static void
add_host(struct drawing *d, const char *name, const char *address, const char *gateway)
{
  g_string_append_printf(d->hosts, "  %s: {address: %s/24", name, address);
  if (gateway)
    g_string_append_printf(d->hosts, ", gateway: %s", gateway);
  g_string_append(d->hosts, "}\n");
}

static unsigned
draw_pair(struct drawing *d)
{
  add_host(d, "h0", "10.0.0.1", NULL);
  add_host(d, "h1", "10.0.0.2", NULL);
  add_link(d, "h0", "h1");
  return 2;
}

static unsigned
draw_switched(struct drawing *d)
{
  unsigned n = 2 + (unsigned)random_below(d->r, 3),
           n_switches = 1 + (unsigned)random_below(d->r, 2);
  d->has_switch = true;
  for (unsigned i = 0; i < n_switches; i++)
    g_string_append_printf(d->hosts, "  s%u: {kind: switch}\n", i);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *address = g_strdup_printf("10.0.0.%u", i + 1);
    add_host(d, names[i], address, NULL);
    add_link(d, names[i], between(d->r, 0, (int)n_switches - 1) ? "s1" : "s0");
  }
  if (n_switches == 2)
    add_link(d, "s0", "s1");
  return n;
}

/* Router k stands between the nets 10.0.k.0 and 10.0.(k+1).0. */
static void
add_router(struct drawing *d, unsigned k, unsigned n_routers)
{
  g_string_append_printf(d->hosts,
                         "  r%u: {kind: router, addresses: {l%u: 10.0.%u.1/24, l%u: 10.0.%u.2/24}",
                         k, k, k, k + 1, k + 1);
  g_string_append(d->hosts, ", routes: [");
  for (unsigned net = 0; net <= n_routers; net++)
    if (net < k)
      g_string_append_printf(d->hosts, "{to: 10.0.%u.0/24, via: 10.0.%u.2}, ", net, k);
    else if (net > k + 1)
      g_string_append_printf(d->hosts, "{to: 10.0.%u.0/24, via: 10.0.%u.1}, ", net, k + 1);
  g_string_append(d->hosts, "]}\n");
}

static unsigned
draw_routed(struct drawing *d)
{
  static const char *const routers[] = {"r0", "r1", "r2"};
  unsigned n = 1 + (unsigned)random_below(d->r, 3);
  g_autofree char *last = g_strdup_printf("10.0.%u.9", n), *gateway = NULL;
  gateway = g_strdup_printf("10.0.%u.2", n);
  add_host(d, "h0", "10.0.0.9", "10.0.0.1");
  add_host(d, "h1", last, gateway);
  for (unsigned k = 0; k < n; k++)
    add_router(d, k, n);
  for (unsigned k = 0; k <= n; k++)
    add_link(d, k == 0 ? "h0" : routers[k - 1], k == n ? "h1" : routers[k]);
  return 2;
}

static unsigned
draw_office(struct drawing *d)
{
  d->has_switch = true;
  add_host(d, "h0", "10.0.0.10", "10.0.0.1");
  add_host(d, "h1", "10.0.0.11", "10.0.0.1");
  add_host(d, "h2", "10.0.1.9", "10.0.1.2");
  g_string_append(d->hosts, "  s0: {kind: switch}\n");
  add_router(d, 0, 1);
  add_link(d, "r0", "s0");
  add_link(d, "r0", "h2");
  add_link(d, "h0", "s0");
  add_link(d, "h1", "s0");
  return 3;
}

void
world_draw(struct world_drawn *out, struct random_stream *r)
{
  static unsigned (*const topologies[])(struct drawing *) = {draw_pair, draw_switched, draw_routed,
                                                             draw_office};
  struct drawing d = {.hosts = g_string_new("hosts:\n"),
                      .links = g_string_new("links:\n"),
                      .changes = g_string_new(NULL),
                      .r = r};
  d.is_hopeless = one_in(r, 10);
  d.is_regular = one_in(r, 4);
  d.is_clean = one_in(r, d.is_regular ? 2 : 6);
  *out = (struct world_drawn){.is_hopeless = d.is_hopeless,
                              .is_regular = d.is_regular,
                              .is_clean = d.is_clean && !d.is_hopeless};
  out->n_ends = topologies[random_below(r, G_N_ELEMENTS(topologies))](&d);
  for (unsigned i = 0; i < out->n_ends; i++)
    out->ends[i] = names[i];
  if (d.changes->len)
    g_string_append_printf(d.links, "changes:\n%s", d.changes->str);
  g_string_append(d.hosts, d.links->str);
  g_string_free(d.changes, TRUE);
  g_string_free(d.links, TRUE);
  out->yaml = g_string_free(d.hosts, FALSE);
}

void
world_draw_profile(struct tcp_profile *out, struct random_stream *r)
{
  static const char *const makes[] = {"rfc", "linux", "freebsd", "minimal"};
  *out = *tcp_profile_by_name(makes[random_below(r, G_N_ELEMENTS(makes))]);
  if (one_in(r, 2))
    out->receive_octets = 1500 + (uint32_t)random_below(r, 200000);
  if (one_in(r, 3))
    out->wscale = (int8_t)((int)random_below(r, 9) - 1);
  if (one_in(r, 2))
    out->delayed_ack_ns = (int64_t)random_below(r, 200000001);
  if (one_in(r, 3))
    out->nagle = !out->nagle;
  if (one_in(r, 3))
    out->control = one_in(r, 2) ? TCP_RENO : TCP_CUBIC;
  if (one_in(r, 3))
    out->ecn = (enum tcp_ecn)random_below(r, 3);
  if (one_in(r, 2))
    out->initial_segments = 1 + (uint32_t)random_below(r, 10);
  if (one_in(r, 3))
    out->sack = !out->sack;
  if (one_in(r, 3))
    out->timestamps = !out->timestamps;
}
