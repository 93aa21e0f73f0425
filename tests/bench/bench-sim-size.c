/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-sim-size.c -- what hosts and idle connections take in memory, and a run of 10,000 hosts.
 *
 *     core ── router of each net ── switch of the net ──5── switches of 50 hosts each
 *
 * Host k of each of 40 nets connects to host k of the next net across three routers and sends
 * 2,000 octets; then all 10,000 connections stay open without a word; then they close. What one
 * more connection takes is measured between two hosts, where nothing else is new. Octets are those
 * that the allocator has handed out (mallinfo2), the scenario's own text and tree not counted.
 * Nothing is asserted but that all arrives. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/net/net.h"

enum {
  NETS = 40,
  SWITCHES = 5, /* of a net */
  HOSTS = 50,   /* of a switch */
  PER_NET = SWITCHES * HOSTS,
  CONNECTIONS = NETS * PER_NET,
  OCTETS = 2000,
  PORT = 25,
};
#define SECOND INT64_C(1000000000)

static size_t
in_use(void)
{
  struct mallinfo2 m = mallinfo2();
  return m.uordblks + m.hblkhd;
}

static double
cpu_s(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the scenario ---- */

static char *
make_scenario(void)
{
  GString *y = g_string_new("hosts:\n  core: {kind: router, addresses: {");
  for (int n = 0; n < NETS; n++)
    g_string_append_printf(y, "%sup%d: 10.200.%d.1/30", n ? ", " : "", n, n);
  g_string_append(y, "}, routes: [");
  for (int n = 0; n < NETS; n++)
    g_string_append_printf(y, "%s{to: 10.%d.0.0/16, via: 10.200.%d.2}", n ? ", " : "", n, n);
  g_string_append(y, "]}\n");
  for (int n = 0; n < NETS; n++) {
    g_string_append_printf(y,
                           "  r%d: {kind: router, addresses: {up%d: 10.200.%d.2/30, net%d: "
                           "10.%d.0.1/16}, gateway: 10.200.%d.1}\n  s%d: {kind: switch}\n",
                           n, n, n, n, n, n, n);
    for (int s = 0; s < SWITCHES; s++)
      g_string_append_printf(y, "  s%d-%d: {kind: switch}\n", n, s);
    for (int h = 0; h < PER_NET; h++)
      g_string_append_printf(y, "  h%d-%d: {address: 10.%d.1.%d/16, gateway: 10.%d.0.1}\n", n, h, n,
                             h + 1, n);
  }
  g_string_append(y, "links:\n");
  for (int n = 0; n < NETS; n++) {
    g_string_append_printf(y, "  up%d: {ends: [core, r%d], rate: 1Gbit/s, queue: 10000}\n", n, n);
    g_string_append_printf(y, "  net%d: {ends: [r%d, s%d], rate: 1Gbit/s, queue: 10000}\n", n, n,
                           n);
    for (int s = 0; s < SWITCHES; s++)
      g_string_append_printf(y, "  l%d-%d: {ends: [s%d, s%d-%d], queue: 10000}\n", n, s, n, n, s);
    for (int h = 0; h < PER_NET; h++)
      g_string_append_printf(y, "  a%d-%d: {ends: [s%d-%d, h%d-%d]}\n", n, h, n, h / HOSTS, n, h);
  }
  return g_string_free(y, FALSE);
}

/* ---- connections ---- */

struct run {
  struct world *w;
  struct net *net;
  struct conn **ends; /* both of each connection; NULL when gone */
  uint32_t n_accepted, n_over;
  uint64_t n_received;
  size_t sent_first;
};

static void
on_connected(void *data, struct conn *c)
{
  static const uint8_t octets[OCTETS];
  struct run *r = data;
  r->sent_first += conn_send(c, octets, OCTETS);
}

static void
on_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct run *r = data;
  r->n_received += n;
}

static void
on_ended(void *data, struct conn *c, enum conn_end how)
{
  struct run *r = data;
  r->n_over++;
  if (how == CONN_CLOSED_BY_PEER)
    conn_close(c);
}

static const struct conn_ops ops = {
    .connected = on_connected, .received = on_received, .ended = on_ended};

static void
on_accepted(void *data, struct conn *c, const struct conn_ops **out, void **conn_data)
{
  struct run *r = data;
  r->n_accepted++;
  *out = &ops;
  *conn_data = r;
}

/* Connection i begins i ms later: ten thousand ARP requests at once would be a storm. */
static void
connect_all(struct run *r)
{
  for (uint32_t i = 0; i < CONNECTIONS; i++) {
    world_run(r->w, i * SECOND / 1000);
    char from[32], to[32];
    snprintf(from, sizeof from, "h%u-%u", i / PER_NET, i % PER_NET);
    snprintf(to, sizeof to, "h%u-%u", (i / PER_NET + 1) % NETS, i % PER_NET);
    uint32_t peer = net_find_host(r->net, to);
    struct ip_addr addr = net_host_info(r->net, peer).addr;
    net_listen(r->net, peer, PORT, on_accepted, r);
    r->ends[i] = net_connect(r->net, net_find_host(r->net, from), &addr, PORT, &ops, r);
  }
}

static void
count_frame(void *data, const struct world_frame *f)
{
  ++*(uint64_t *)data;
}

/* What one more connection takes: ten thousand between the same two hosts, both ends in this
 * process. False when not all came up. */
static bool
measure_connections(void)
{
  static const char text[] = "hosts: {a: {address: 10.0.0.1/24}, b: {address: 10.0.0.2/24}}\n"
                             "links: {l: {ends: [a, b], rate: 1Gbit/s, queue: 10000}}\n";
  struct tree_node *tree = tree_parse(text, strlen(text), "bench", NULL);
  struct run r = {.w = world_new(1, NULL, NULL)};
  r.net = net_new(r.w, tree, NULL);
  uint32_t a = net_find_host(r.net, "a"), b = net_find_host(r.net, "b");
  struct ip_addr addr = net_host_info(r.net, b).addr;
  net_listen(r.net, b, PORT, on_accepted, &r);
  size_t before = in_use();
  for (uint32_t i = 0; i < CONNECTIONS; i++) {
    world_run(r.w, i * SECOND / 1000);
    net_connect(r.net, a, &addr, PORT, &ops, &r);
  }
  world_run(r.w, 70 * SECOND);
  printf("  %-44s %10.0f\n", "octets per idle connection, both ends",
         (double)(in_use() - before) / CONNECTIONS);
  bool all = r.n_received == (uint64_t)CONNECTIONS * OCTETS;
  net_free(r.net);
  world_free(r.w);
  tree_free(tree);
  return all;
}

int
main(void)
{
  static const struct world_sink sink = {.frame = count_frame};
  uint64_t n_frames = 0;
  g_autofree char *text = make_scenario();
  g_autoptr(GError) error = NULL;
  double start_s = cpu_s();
  struct tree_node *tree = tree_parse(text, strlen(text), "bench", &error);
  size_t empty = in_use();
  struct run r = {.w = world_new(1, &sink, &n_frames)};
  r.net = tree ? net_new(r.w, tree, &error) : NULL;
  if (!r.net) {
    fprintf(stderr, "bench-sim-size: %s\n", error->message);
    return 3;
  }
  size_t built = in_use();
  uint32_t n_hosts = net_n_hosts(r.net);
  r.ends = g_new0(struct conn *, CONNECTIONS);
  size_t before = in_use();
  connect_all(&r);
  world_run(r.w, 70 * SECOND);
  size_t idle = in_use();
  bool arrived = r.n_accepted == CONNECTIONS && r.n_received == (uint64_t)CONNECTIONS * OCTETS;
  for (uint32_t i = 0; i < CONNECTIONS; i++) {
    world_run(r.w, 70 * SECOND + i * SECOND / 1000);
    conn_close(r.ends[i]);
  }
  world_run(r.w, 600 * SECOND);
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("simulating %u hosts, %d connections of %d octets across three routers\n", n_hosts,
         CONNECTIONS, OCTETS);
  printf("  %-44s %10.0f\n", "octets per host and its link", (double)(built - empty) / n_hosts);
  printf("  %-44s %10.0f\n", "octets per end, with the host's TCP and ARP entry",
         (double)(idle - before) / (2.0 * CONNECTIONS));
  printf("  %-44s %10" G_GUINT64_FORMAT "\n", "frames", n_frames);
  printf("  %-44s %10.2f\n", "CPU-s, scenario read and net built included", cpu_s() - start_s);
  printf("  %-44s %10.1f\n", "peak MiB of the process", (double)u.ru_maxrss / 1024);
  arrived = measure_connections() && arrived;
  if (!arrived || r.n_over != 2 * CONNECTIONS || world_hit_limit(r.w)) {
    fprintf(stderr,
            "bench-sim-size: not all arrived: %u accepted, %" G_GUINT64_FORMAT
            " octets, %u ends told\n",
            r.n_accepted, r.n_received, r.n_over);
    return 1;
  }
  g_free(r.ends);
  net_free(r.net);
  world_free(r.w);
  tree_free(tree);
  return 0;
}
