/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-worlds.c -- seeded random worlds: all octets arrive once and in order, or the end says why
 * not.
 *
 * A world draws a topology, links that lose, reorder, repeat, damage, cut and fall silent, TCP of
 * different makes, and talks between hosts: one way, both ways at once, question and answer over a
 * half-closed connection, octet by octet, with readers that stop reading. Invariants of the TCP
 * block are asserted after each event by tcp_conn_show(), because somebody listens to its states.
 * Then the same worlds with ties of the event queue permuted must bring the same octets.
 * A failure prints the line that repeats it:
 *
 *     NET_WORLD=17 test-net-worlds */
#include <stdlib.h>
#include <string.h>

#include "sim/net/host.h"
#include "tests/net/world_draw.h"

enum { WORLDS = 600, PERMUTED = 300, TALKS_MAX = 4, FIRST_PORT = 4000 };
#define SECOND INT64_C(1000000000)
#define DAY (86400 * SECOND)

struct talk;

/* One end of a connection: what it has to say and what it heard. */
struct end {
  struct talk *talk;
  unsigned side; /* 0: opened the connection */
  struct conn *conn;
  uint32_t n, n_sent, n_received, n_pauses;
  bool is_intact, heard_end, was_told; /* told: that the connection failed */
  bool is_done;                        /* all is said and the connection closed or shut down */
  int64_t drip_ns;                     /* 0: as much as goes; else a little, so often */
};

enum manner { TALK_ONE_WAY, TALK_BOTH_WAYS, TALK_QUESTION, TALK_MANNERS };

struct talk {
  struct world *world;
  struct net *net;
  uint32_t hosts[2];
  uint16_t port;
  enum manner manner;
  struct end ends[2];
};

static uint8_t
pattern(const struct end *from, uint32_t i)
{
  return (uint8_t)(i * 37 + (i >> 8) + (i >> 16) + from->talk->port * 2u + from->side);
}

/* ---- what an end does ---- */

static void drip(void *data);

static void
say(struct end *e)
{
  while (e->n_sent < e->n) {
    uint8_t p[4096];
    uint32_t most = e->drip_ns ? 1 + e->n_sent % 700 : (uint32_t)sizeof p;
    uint32_t n = MIN(most, e->n - e->n_sent);
    for (uint32_t i = 0; i < n; i++)
      p[i] = pattern(e, e->n_sent + i);
    size_t taken = conn_send(e->conn, p, n);
    e->n_sent += (uint32_t)taken;
    if (taken < n)
      return; /* `writable` comes */
    if (e->drip_ns && e->n_sent < e->n) {
      world_at(e->talk->world, world_now(e->talk->world) + e->drip_ns, WORLD_APP,
               e->talk->hosts[e->side], drip, e);
      return;
    }
  }
  if (e->is_done)
    return;
  e->is_done = true;
  if (e->talk->manner == TALK_ONE_WAY && e->side == 0)
    conn_close(e->conn);
  else
    conn_shutdown(e->conn); /* who closes after the peer's end is told of no failure any more */
  if (e->heard_end)
    e->conn = NULL;
}

static void
drip(void *data)
{
  struct end *e = data;
  if (e->conn && !e->is_done)
    say(e);
}

static void
on_connected(void *data, struct conn *c)
{
  say(data);
}

static void
on_writable(void *data, struct conn *c)
{
  struct end *e = data;
  if (!e->is_done && (e->side == 0 || e->talk->manner != TALK_QUESTION || e->heard_end))
    say(e);
}

static void
resume(void *data)
{
  struct end *e = data;
  if (e->conn)
    conn_pause(e->conn, false);
}

static void
on_received(void *data, struct conn *c, const uint8_t *p, size_t n)
{
  struct end *e = data;
  const struct end *from = &e->talk->ends[!e->side];
  for (size_t i = 0; i < n; i++)
    e->is_intact = e->is_intact && p[i] == pattern(from, e->n_received + (uint32_t)i);
  e->is_intact = e->is_intact && !e->heard_end;
  e->n_received += (uint32_t)n;
  if (e->n_pauses > 0) {
    e->n_pauses--;
    conn_pause(c, true);
    world_at(e->talk->world, world_now(e->talk->world) + 3 * SECOND, WORLD_APP, conn_host(c),
             resume, e);
  }
}

static void
on_ended(void *data, struct conn *c, enum conn_end how)
{
  struct end *e = data;
  if (how != CONN_CLOSED_BY_PEER) {
    e->was_told = true;
    e->conn = NULL;
    return;
  }
  e->heard_end = true;
  if (e->is_done)
    e->conn = NULL; /* it ends by itself */
  else if (e->side == 1 && e->talk->manner != TALK_BOTH_WAYS)
    say(e); /* the answer, over the half-closed connection */
}

static const struct conn_ops ops = {
    .connected = on_connected, .received = on_received, .writable = on_writable, .ended = on_ended};

static void
on_accepted(void *data, struct conn *c, const struct conn_ops **out_ops, void **conn_data)
{
  struct talk *t = data;
  if (t->ends[1].conn || t->ends[1].is_done) {
    /* an old SYN that came twice: nobody talks on it */
    static const struct conn_ops nothing = {0};
    *out_ops = &nothing;
    *conn_data = NULL;
    return;
  }
  t->ends[1].conn = c;
  *out_ops = &ops;
  *conn_data = &t->ends[1];
  if (t->manner == TALK_BOTH_WAYS)
    say(&t->ends[1]);
}

static void
begin(void *data)
{
  struct talk *t = data;
  struct ip_addr to = net_host_info(t->net, t->hosts[1]).addr;
  t->ends[0].conn = net_connect(t->net, t->hosts[0], &to, t->port, &ops, &t->ends[0]);
}

/* ---- a world ---- */

struct laboratory {
  struct tree_node *tree;
  struct world *world;
  struct net *net;
  char *yaml;
  bool is_hopeless, is_clean;
  struct talk talks[TALKS_MAX];
  unsigned n_talks;
  unsigned n_frames, n_lost;
};

static void
count_frame(void *data, const struct world_frame *f)
{
  struct laboratory *l = data;
  l->n_frames++;
  l->n_lost += f->is_lost;
}

static void
hear_event(void *data, const struct world_event *e)
{
  /* that somebody listens makes tcp_conn_show() look at every block */
}

static void
draw_end(struct end *e, struct talk *t, unsigned side, struct random_stream *r)
{
  *e = (struct end){.talk = t, .side = side, .is_intact = true};
  uint64_t bits = 6 + random_below(r, 12);
  uint32_t n = (uint32_t)random_below(r, UINT64_C(1) << bits);
  if (side == 0 || t->manner != TALK_ONE_WAY)
    e->n = n;
  if (random_below(r, 4) == 0) {
    e->drip_ns = 1 + (int64_t)random_below(r, 300000000);
    e->n = MIN(e->n, 20000);
  }
  e->n_pauses = random_below(r, 4) == 0 ? 1 + (uint32_t)random_below(r, 3) : 0;
}

static void
begin_talk(struct laboratory *l, const struct world_drawn *drawn, uint32_t from, uint32_t to,
           int64_t start_ns)
{
  struct talk *t = &l->talks[l->n_talks++];
  t->hosts[0] = net_find_host(l->net, drawn->ends[from]);
  t->hosts[1] = net_find_host(l->net, drawn->ends[to]);
  g_assert_true(net_listen(l->net, t->hosts[1], t->port, on_accepted, t));
  world_at(l->world, start_ns, WORLD_APP, t->hosts[0], begin, t);
}

static void
draw_talk(struct laboratory *l, struct random_stream *r)
{
  struct talk *t = &l->talks[l->n_talks];
  *t = (struct talk){.world = l->world,
                     .net = l->net,
                     .port = (uint16_t)(FIRST_PORT + l->n_talks),
                     .manner = (enum manner)random_below(r, TALK_MANNERS)};
  for (unsigned side = 0; side < 2; side++)
    draw_end(&t->ends[side], t, side, r);
}

/* Some talks between anybody at any time; or all around a circle the same at the same time. */
static void
draw_talks(struct laboratory *l, struct random_stream *r, const struct world_drawn *drawn)
{
  unsigned n = 1 + (unsigned)random_below(r, TALKS_MAX - 1);
  while (!drawn->is_regular && l->n_talks < n) {
    draw_talk(l, r);
    uint32_t from = (uint32_t)random_below(r, drawn->n_ends);
    uint32_t to = (from + 1 + (uint32_t)random_below(r, drawn->n_ends - 1)) % drawn->n_ends;
    begin_talk(l, drawn, from, to, (int64_t)random_below(r, 5 * (uint64_t)SECOND));
  }
  while (drawn->is_regular && l->n_talks < drawn->n_ends) {
    struct random_stream again = *r;
    draw_talk(l, &again);
    begin_talk(l, drawn, l->n_talks, (l->n_talks + 1) % drawn->n_ends, 0);
  }
}

static void
laboratory_init(struct laboratory *l, uint64_t seed, uint64_t permutation)
{
  static const struct world_sink sink = {.frame = count_frame, .event = hear_event};
  struct world *dice = world_new(seed, NULL, NULL);
  struct random_stream r = world_random(dice, 0, "worlds");
  struct world_drawn drawn;
  world_draw(&drawn, &r);
  g_autoptr(GError) error = NULL;
  *l = (struct laboratory){
      .yaml = drawn.yaml, .is_hopeless = drawn.is_hopeless, .is_clean = drawn.is_clean};
  l->tree = tree_parse(l->yaml, strlen(l->yaml), "world.yaml", &error);
  g_assert_no_error(error);
  l->world = world_new(seed, &sink, l);
  if (permutation)
    world_permute_ties(l->world, permutation);
  l->net = net_new(l->world, l->tree, &error);
  g_assert_no_error(error);
  for (unsigned i = 0; i < drawn.n_ends; i++)
    world_draw_profile(&l->net->hosts[net_find_host(l->net, drawn.ends[i])]->profile, &r);
  draw_talks(l, &r, &drawn);
  world_free(dice);
}

static void
laboratory_clear(struct laboratory *l)
{
  net_free(l->net);
  world_free(l->world);
  tree_free(l->tree);
  g_free(l->yaml);
}

static bool
is_whole(const struct end *from, const struct end *to)
{
  return to->n_received == from->n && to->heard_end;
}

/* Octets are right as far as they came; where some are missing, the one who sent them was told, or
 * had not begun and the other was. */
static bool
is_fine(const struct end *from, const struct end *to)
{
  if (!to->is_intact || to->n_received > from->n_sent)
    return false;
  if (is_whole(from, to))
    return true;
  bool has_begun = from->n_sent > 0 || from->is_done;
  return !to->heard_end && (from->was_told || (!has_begun && to->was_told));
}

static bool
is_world_whole(const struct laboratory *l)
{
  bool whole = true;
  for (unsigned i = 0; i < l->n_talks; i++)
    for (unsigned side = 0; side < 2; side++)
      whole = whole && is_whole(&l->talks[i].ends[side], &l->talks[i].ends[!side]);
  return whole;
}

static void
print_world(const struct laboratory *l, uint64_t seed)
{
  g_printerr("# repeat it: NET_WORLD=%d %s\n%s", (int)seed, g_get_prgname(), l->yaml);
  for (unsigned i = 0; i < l->n_talks; i++)
    for (unsigned side = 0; side < 2; side++) {
      const struct end *e = &l->talks[i].ends[side];
      g_printerr("# port %d, manner %d, side %u, host %u: sent %u of %u, received %u of %u, intact "
                 "%d, heard the end %d, told of failure %d, done %d\n",
                 l->talks[i].port, (int)l->talks[i].manner, side, l->talks[i].hosts[side],
                 e->n_sent, e->n, e->n_received, l->talks[i].ends[!side].n, e->is_intact,
                 e->heard_end, e->was_told, e->is_done);
    }
}

struct sums {
  unsigned n_whole, n_told, n_frames, n_lost;
};

static uint64_t running; /* for on_abort() */

/* An assertion deep inside must name its world too. */
static void
on_abort(const char *domain, GLogLevelFlags level, const char *message, void *data)
{
  g_printerr("# repeat it: NET_WORLD=%d %s\n", (int)running, g_get_prgname());
  g_log_default_handler(domain, level, message, data);
}

static bool
run_world(uint64_t seed, struct sums *sums)
{
  struct laboratory l;
  running = seed;
  laboratory_init(&l, seed, 0);
  world_run(l.world, DAY);
  bool fine = !world_hit_limit(l.world);
  for (unsigned i = 0; i < l.n_talks; i++)
    for (unsigned side = 0; side < 2; side++) {
      const struct end *e = &l.talks[i].ends[side];
      fine = fine && is_fine(e, &l.talks[i].ends[!side]);
      sums->n_told += e->was_told;
    }
  sums->n_whole += is_world_whole(&l);
  sums->n_frames += l.n_frames;
  sums->n_lost += l.n_lost;
  if (!fine)
    print_world(&l, seed);
  laboratory_clear(&l);
  return fine;
}

static uint64_t
one_world(void)
{
  const char *one = g_getenv("NET_WORLD");
  return one ? strtoull(one, NULL, 10) : 0;
}

static void
test_worlds(void)
{
  struct sums sums = {0};
  uint64_t one = one_world();
  if (one) {
    g_assert_true(run_world(one, &sums));
    return;
  }
  for (uint64_t seed = 1; seed <= WORLDS; seed++)
    g_assert_true(run_world(seed, &sums));
  g_test_message("%u of %d worlds whole, %u ends told of failure, %u frames, %u lost", sums.n_whole,
                 WORLDS, sums.n_told, sums.n_frames, sums.n_lost);
  /* The dice must reach both: worlds that carry everything in spite of losses, and hopeless ones.
   */
  g_assert_cmpuint(sums.n_whole, >, WORLDS * 3 / 4);
  g_assert_cmpuint(sums.n_whole, <, WORLDS);
  g_assert_cmpuint(sums.n_told, >, 10);
  g_assert_cmpuint(sums.n_lost, >, WORLDS);
}

/* Which frame is lost may depend on the order of ties, so a world that loses may lose its last ARP
 * request in one order only. Where nothing is lost, all must arrive in either. */
static void
test_permuted_ties(void)
{
  unsigned n_other = 0, n_whole[2] = {0};
  uint64_t one = one_world(), first = one ? one : 1, last = one ? one : PERMUTED;
  for (uint64_t seed = first; seed <= last; seed++) {
    struct laboratory plain, permuted;
    running = seed;
    laboratory_init(&plain, seed, 0);
    laboratory_init(&permuted, seed, seed * 7919);
    world_run(plain.world, DAY);
    world_run(permuted.world, DAY);
    n_other += world_hash(plain.world) != world_hash(permuted.world);
    n_whole[0] += is_world_whole(&plain);
    n_whole[1] += is_world_whole(&permuted);
    if (plain.is_clean && !(is_world_whole(&plain) && is_world_whole(&permuted))) {
      print_world(&permuted, seed);
      g_test_fail();
    }
    laboratory_clear(&plain);
    laboratory_clear(&permuted);
  }
  g_test_message("%u runs had another order; %u and %u worlds whole", n_other, n_whole[0],
                 n_whole[1]);
  if (!one)
    g_assert_cmpuint(n_other, >, 0); /* ties are there, and the mode does permute them */
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_log_set_default_handler(on_abort, NULL);
  g_test_add_func("/worlds/octets-arrive-once-in-order-or-failure-is-told", test_worlds);
  g_test_add_func("/worlds/the-order-of-ties-changes-no-octet", test_permuted_ties);
  return g_test_run();
}
