/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-sim.c -- CPU per simulated packet as a ratio to a floor measured in the same process.
 *
 * The floor is what any simulation of byte-exact packets must do for each: one event, one copy, one
 * checksum made and one verified, over a full Ethernet frame. Every second packet of a bulk
 * transfer is a bare ACK, so the real work per packet is less than the floor assumes. Nothing is
 * asserted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "capture/wire/net.h"
#include "sim/net/net.h"

enum { FLOOR_EVENTS = 400000, FRAME = 1514, BULK_OCTETS = 400 << 20, CHUNK = 16384 };
enum { CLIENTS = 1000, CLIENT_OCTETS = 20000, ROUNDS = 3 };

static double
cpu_s(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the floor ---- */

struct floor {
  struct world *w;
  uint8_t from[FRAME], to[FRAME];
  unsigned n;
  unsigned n_bad;
};

static void
floor_event(void *data)
{
  struct floor *f = data;
  f->from[f->n % FRAME]++;
  memcpy(f->to, f->from, FRAME);
  uint16_t sum = checksum_finish(checksum_add(0, f->to, FRAME));
  f->n_bad += checksum_finish(checksum_add(sum, f->to, FRAME)) != 0;
  if (++f->n < FLOOR_EVENTS)
    world_at(f->w, world_now(f->w) + 1000, WORLD_LINK, 0, floor_event, f);
}

static double
measure_floor(void)
{
  double best = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    struct floor *f = g_new0(struct floor, 1);
    f->w = world_new(1, NULL, NULL);
    double start = cpu_s();
    floor_event(f);
    world_run(f->w, INT64_MAX);
    best = MIN(best, (cpu_s() - start) / FLOOR_EVENTS);
    world_free(f->w);
    g_free(f);
  }
  return best;
}

/* ---- transfers ---- */

struct stream {
  struct net *net;
  uint64_t n_left;
};

static uint8_t chunk[CHUNK];

static void
push(struct stream *s, struct conn *c)
{
  while (s->n_left > 0) {
    size_t n = MIN(s->n_left, CHUNK), taken = conn_send(c, chunk, n);
    s->n_left -= taken;
    if (taken < n)
      return;
  }
  conn_close(c);
}

static void
connected(void *data, struct conn *c)
{
  push(data, c);
}

static void
received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  *(uint64_t *)data += n;
}

static void
ended(void *data, struct conn *c, enum conn_end how)
{
  if (how == CONN_CLOSED_BY_PEER)
    conn_close(c);
}

static void
accepted(void *data, struct conn *c, const struct conn_ops **ops, void **conn_data)
{
  static const struct conn_ops server_ops = {.received = received, .ended = ended};
  *ops = &server_ops;
  *conn_data = data;
}

struct arena {
  uint8_t *octets;
  size_t n, room;
  uint64_t n_frames;
};

static void
keep_frame(void *data, const struct world_frame *f)
{
  struct arena *a = data;
  if (a->n + f->n_octets + 16 > a->room)
    a->n = 0; /* a ring: memory bandwidth counts, not how much memory this machine has */
  memcpy(a->octets + a->n, f, 16);
  memcpy(a->octets + a->n + 16, f->octets, f->n_octets);
  a->n += f->n_octets + 16;
  a->n_frames++;
}

static void
count_frame(void *data, const struct world_frame *f)
{
  ((struct arena *)data)->n_frames++;
}

#define BULK                                                                                       \
  "hosts:\n  a: {address: 10.0.0.1/24}\n  b: {address: 10.0.0.2/24}\n"                             \
  "links:\n  l: {ends: [a, b], rate: 1Gbit/s, delay: 50us}\n"

static struct net *
make_net(struct world *w, struct tree_node **tree, const char *yaml)
{
  g_autoptr(GError) error = NULL;
  *tree = tree_parse(yaml, strlen(yaml), "bench", &error);
  struct net *n = *tree ? net_new(w, *tree, &error) : NULL;
  if (!n) {
    fprintf(stderr, "%s\n", error->message);
    exit(1);
  }
  return n;
}

static void
start_stream(void *data)
{
  static const struct conn_ops ops = {
      .connected = connected, .writable = connected, .ended = ended};
  struct stream *s = data;
  struct ip_addr to = net_host_info(s->net, 1).addr;
  net_connect(s->net, 0, &to, 25, &ops, s);
}

/* Seconds of CPU for the whole run, set-up included. */
static double
run_streams(const char *yaml, unsigned n_clients, uint64_t octets, const struct world_sink *sink,
            struct arena *arena)
{
  double start = cpu_s();
  struct tree_node *tree;
  struct world *w = world_new(1, sink, arena);
  struct net *n = make_net(w, &tree, yaml);
  uint64_t n_received = 0;
  net_listen(n, 1, 25, accepted, &n_received);
  g_autofree struct stream *streams = g_new0(struct stream, n_clients);
  for (unsigned i = 0; i < n_clients; i++) {
    streams[i] = (struct stream){.net = n, .n_left = octets};
    world_at(w, (int64_t)i * 250000, WORLD_APP, 0, start_stream, &streams[i]);
  }
  world_run(w, INT64_MAX);
  if (n_received != n_clients * octets)
    fprintf(stderr, "only %" G_GUINT64_FORMAT " octets arrived\n", n_received);
  net_free(n);
  world_free(w);
  tree_free(tree);
  return cpu_s() - start;
}

static void
report(const char *name, double per_packet_s, double floor_s)
{
  printf("  %-40s %10.0f %8.2f\n", name, 1 / per_packet_s, per_packet_s / floor_s);
  fflush(stdout);
}

static void
bench(const char *name, const char *yaml, unsigned n_clients, uint64_t octets, double floor_s)
{
  static const struct world_sink counting = {count_frame, NULL}, keeping = {keep_frame, NULL};
  struct arena arena = {.room = 64 << 20};
  arena.octets = g_malloc(arena.room);
  memset(arena.octets, 1, arena.room);
  run_streams(yaml, n_clients, octets, &counting, &arena);
  double n = (double)arena.n_frames, plain = 1e9, kept = 1e9;
  for (int round = 0; round < ROUNDS; round++) {
    plain = MIN(plain, run_streams(yaml, n_clients, octets, NULL, NULL) / n);
    kept = MIN(kept, run_streams(yaml, n_clients, octets, &keeping, &arena) / n);
  }
  g_autofree char *with = g_strdup_printf("%s, with capture", name);
  report(name, plain, floor_s);
  report(with, kept, floor_s);
  g_free(arena.octets);
}

int
main(int argc, char **argv)
{
  uint64_t octets = argc > 1 ? strtoull(argv[1], NULL, 10) : BULK_OCTETS;
  double floor_s = measure_floor();
  printf("simulating, best of %d rounds\n  %-40s %10s %8s\n", ROUNDS, "", "packets/s", "x floor");
  report("floor (event, copy, checksum, verify)", floor_s, floor_s);
  bench("bulk transfer", BULK, 1, octets, floor_s);
  bench("1000 clients x 20 kB", BULK, CLIENTS, CLIENT_OCTETS, floor_s);
  return 0;
}
