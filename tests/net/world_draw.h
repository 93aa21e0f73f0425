/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_NET_WORLD_DRAW_H
#define TESTS_NET_WORLD_DRAW_H

/* Draws random scenarios for tests: which hosts, how they are joined, what their links do. */
#include "sim/core/world.h"
#include "sim/net/tcp_conn.h"

enum { WORLD_DRAW_ENDS = 4 };

struct world_drawn {
  char *yaml; /* the caller frees it */
  const char *ends[WORLD_DRAW_ENDS];
  unsigned n_ends;  /* 2..WORLD_DRAW_ENDS: hosts that can talk with each other */
  bool is_hopeless; /* so much is lost that giving up is right */
  bool is_regular;  /* all links alike: much happens at the same instant */
  bool is_clean;    /* nothing is lost but by queues */
};

void world_draw(struct world_drawn *out, struct random_stream *r);

/* A TCP of one of the makes, with sizes and habits drawn. */
void world_draw_profile(struct tcp_profile *out, struct random_stream *r);

#endif
