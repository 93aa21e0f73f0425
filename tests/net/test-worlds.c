/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-worlds.c -- seeded random worlds: all octets arrive once and in order, or the end says why
 * not.
 *
 * Each world draws rates, delays, losses, queues, MTUs, windows and sizes. The invariants of the
 * TCP block are asserted after each call by tcp_conn_show(). A failure prints the line that repeats
 * it:
 *
 *     NET_WORLD=17 test-net-worlds */
#include <stdlib.h>

#include "tests/net/rig.h"

enum { WORLDS = 500 };
#define SECOND INT64_C(1000000000)

static char *
link_settings(struct random_stream *r, uint64_t loss_percent_max)
{
  static const char *const rates[] = {"64kbit/s", "1Mbit/s", "10Mbit/s", "100Mbit/s", "1Gbit/s"};
  return g_strdup_printf(", rate: %s, delay: %dus, loss: 0.%02d, queue: %d, mtu: %d",
                         rates[random_below(r, G_N_ELEMENTS(rates))], (int)random_below(r, 80000),
                         (int)random_below(r, loss_percent_max + 1), 1 + (int)random_below(r, 60),
                         576 + (int)random_below(r, 925));
}

static char *
tcp_settings(struct random_stream *r)
{
  static const char *const yes_no[] = {"true", "false"};
  return g_strdup_printf(", tcp: {window: %d, scale: %d, delayed_ack: %dms, initial_segments: %d, "
                         "nagle: %s}",
                         2000 + (int)random_below(r, 63000), (int)random_below(r, 9) - 1,
                         (int)random_below(r, 200), 1 + (int)random_below(r, 10),
                         yes_no[random_below(r, 2)]);
}

static char *
make_world(struct random_stream *r)
{
  /* one world in eight is hopeless: there giving up is right */
  uint64_t loss = random_below(r, 8) == 0 ? 60 : random_below(r, 2) ? 10 : 0;
  g_autofree char *pc = tcp_settings(r), *server = tcp_settings(r);
  g_autofree char *lan = link_settings(r, loss), *wan = link_settings(r, loss);
  return g_strdup_printf(
      "hosts:\n"
      "  pc: {address: 10.0.1.10/24, gateway: router%s}\n"
      "  router: {kind: router, addresses: {lan: 10.0.1.1/24, wan: 10.0.2.1/24}}\n"
      "  server: {address: 10.0.2.25/24, gateway: router%s}\n"
      "links:\n  lan: {ends: [pc, router]%s}\n  wan: {ends: [router, server]%s}\n",
      pc, server, lan, wan);
}

static bool
is_fine(const struct rig_transfer *t)
{
  if (!t->is_intact || t->n_received > t->n)
    return false;
  bool is_whole = t->n_received == t->n && t->server_ended && t->server_end == CONN_CLOSED_BY_PEER;
  bool failed = t->client_ended && t->client_end != CONN_CLOSED_BY_PEER;
  /* The server may have all and the client be told of a failure (a lost last ACK), never the
   * reverse. */
  return is_whole || failed;
}

static unsigned
count_lost(const struct rig *r)
{
  unsigned n = 0;
  for (unsigned i = 0; i < r->frames->len; i++)
    n += rig_frame_at(r, i)->is_lost;
  return n;
}

static bool
run_world(uint64_t seed, unsigned *n_whole, unsigned *n_lost)
{
  struct world *dice = world_new(seed, NULL, NULL);
  struct random_stream r = world_random(dice, 0, "worlds");
  g_autofree char *yaml = make_world(&r);
  struct rig_transfer t = {.server_pauses = random_below(&r, 4) == 0};
  uint32_t n = (uint32_t)random_below(&r, 1 << (8 + random_below(&r, 11)));
  struct rig rig;
  rig_init(&rig, yaml, seed);
  rig_transfer(&rig, &t, "pc", "server", 25, n);
  rig_run(&rig, 3600 * SECOND);
  bool fine = is_fine(&t);
  *n_whole += t.n_received == t.n;
  *n_lost += count_lost(&rig);
  if (!fine)
    g_printerr("# NET_WORLD=%d: %u of %u octets, intact %d, client %d %d, server %d %d\n%s",
               (int)seed, t.n_received, t.n, t.is_intact, t.client_ended, t.client_end,
               t.server_ended, t.server_end, yaml);
  rig_clear(&rig);
  world_free(dice);
  return fine;
}

static void
test_worlds(void)
{
  const char *one = g_getenv("NET_WORLD");
  unsigned n_whole = 0, n_lost = 0;
  if (one) {
    g_assert_true(run_world(strtoull(one, NULL, 10), &n_whole, &n_lost));
    return;
  }
  for (uint64_t seed = 1; seed <= WORLDS; seed++)
    g_assert_true(run_world(seed, &n_whole, &n_lost));
  g_test_message("%u of %d transfers whole, %u frames lost", n_whole, WORLDS, n_lost);
  /* The dice must reach both: worlds that carry everything in spite of losses, and hopeless ones.
   */
  g_assert_cmpuint(n_whole, >, WORLDS / 2);
  g_assert_cmpuint(n_whole, <, WORLDS);
  g_assert_cmpuint(n_lost, >, WORLDS);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/worlds/octets-arrive-once-in-order-or-failure-is-told", test_worlds);
  return g_test_run();
}
