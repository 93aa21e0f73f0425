/* SPDX-License-Identifier: GPL-3.0-or-later */
/* loop.c -- the only clock in sim/: virtual time follows CLOCK_MONOTONIC.
 *
 *     virtual now = real now - zero_ns         zero_ns grows when the machine cannot keep up
 *
 * The world is run in slices of at most SLICE_NS of virtual time, so that descriptors are served
 * even while a busy world catches up. When virtual time is more than LATE_NS behind, the difference
 * is given up: TCP's timers would otherwise fire in a burst that no network ever saw. */
#include "sim/outside/loop.h"

#include <sys/prctl.h>
#include <time.h>

#define SLICE_NS INT64_C(2000000)
#define LATE_NS INT64_C(50000000)

struct watch {
  outside_ready ready; /* NULL: a free place */
  void *data;
  unsigned generation; /* callbacks of this turn for an older owner are not made */
};

struct outside_loop {
  struct world *world;
  int64_t zero_ns;
  bool is_started; /* at the first turn: what is prepared before it takes no virtual time */
  int64_t late_ns_max;
  struct pollfd *fds; /* one for each watch, fd -1 when free */
  struct watch *watches;
  unsigned n, n_room;
};

static int64_t
real_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

struct outside_loop *
outside_loop_new(struct world *w)
{
  struct outside_loop *l = g_new0(struct outside_loop, 1);
  l->world = w;
  return l;
}

void
outside_loop_free(struct outside_loop *l)
{
  if (!l)
    return;
  g_free(l->fds);
  g_free(l->watches);
  g_free(l);
}

unsigned
outside_loop_watch(struct outside_loop *l, int fd, short events, outside_ready ready, void *data)
{
  unsigned i = 0;
  while (i < l->n && l->watches[i].ready)
    i++;
  if (i == OUTSIDE_WATCHES_MAX)
    return 0;
  if (i == l->n_room) {
    l->n_room = l->n_room ? l->n_room * 2 : 16;
    l->fds = g_renew(struct pollfd, l->fds, l->n_room);
    l->watches = g_renew(struct watch, l->watches, l->n_room);
  }
  if (i == l->n) {
    l->watches[i].generation = 0;
    l->n++;
  }
  l->fds[i] = (struct pollfd){.fd = fd, .events = events};
  l->watches[i] = (struct watch){ready, data, l->watches[i].generation + 1};
  return i + 1;
}

void
outside_loop_change(struct outside_loop *l, unsigned watch, short events)
{
  l->fds[watch - 1].events = events;
}

void
outside_loop_unwatch(struct outside_loop *l, unsigned watch)
{
  l->fds[watch - 1].fd = -1;
  l->fds[watch - 1].revents = 0;
  l->watches[watch - 1].ready = NULL;
}

/* Brings the world to real time, or as far towards it as one slice reaches. */
static bool
catch_up(struct outside_loop *l)
{
  int64_t now = real_ns() - l->zero_ns, next = world_next_ns(l->world);
  int64_t late = next < now ? now - next : 0; /* the oldest event that should have been already */
  if (late > LATE_NS) {
    l->late_ns_max = MAX(l->late_ns_max, late);
    l->zero_ns += late - LATE_NS;
    now -= late - LATE_NS;
  }
  /* A silent stretch costs nothing and is passed at once. */
  int64_t start = MAX(world_now(l->world), MIN(next, now));
  int64_t until = MIN(now, start + SLICE_NS);
  if (until > world_now(l->world))
    world_run(l->world, until);
  return !world_hit_limit(l->world);
}

static void
serve(struct outside_loop *l, int n_ready)
{
  unsigned n = l->n;
  g_autofree unsigned *generations = g_new(unsigned, n + 1);
  for (unsigned i = 0; i < n; i++)
    generations[i] = l->watches[i].generation;
  for (unsigned i = 0; i < n && n_ready > 0; i++) {
    short revents = l->fds[i].revents;
    if (revents == 0)
      continue;
    n_ready--;
    struct watch w = l->watches[i];
    if (w.ready && w.generation == generations[i] && l->fds[i].fd >= 0)
      w.ready(w.data, revents);
  }
}

bool
outside_loop_turn(struct outside_loop *l, int64_t until_ns)
{
  if (!l->is_started) {
    l->zero_ns = real_ns() - world_now(l->world);
    prctl(PR_SET_TIMERSLACK, 1UL); /* else each hop of a packet waits up to 50 us more than its link */
  }
  l->is_started = true;
  if (!catch_up(l))
    return false;
  int64_t wake = MIN(world_next_ns(l->world), until_ns);
  int64_t wait = wake == INT64_MAX ? INT64_MAX : MAX(wake + l->zero_ns - real_ns(), 0);
  struct timespec timeout = {.tv_sec = wait / INT64_C(1000000000),
                             .tv_nsec = wait % INT64_C(1000000000)};
  for (unsigned i = 0; i < l->n; i++)
    l->fds[i].revents = 0;
  int n_ready = ppoll(l->fds, l->n, wait == INT64_MAX ? NULL : &timeout, NULL);
  if (!catch_up(l))
    return false;
  if (n_ready > 0)
    serve(l, n_ready);
  return true;
}

int64_t
outside_loop_lateness_ns(const struct outside_loop *l)
{
  return l->late_ns_max;
}
