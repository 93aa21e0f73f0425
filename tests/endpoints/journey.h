/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_ENDPOINTS_JOURNEY_H
#define TESTS_ENDPOINTS_JOURNEY_H

/* A scenario that runs, and what the world told of it. */
#include <glib.h>

#include "sim/mail/build.h"

struct record {
  GHashTable *last;  /* "HOST SUBJECT KEY" -> value */
  GPtrArray *events; /* "HOST SUBJECT KEY VALUE" */
  struct world *world;
  struct net *net;
  struct mail *mail;
  struct tree_node *scenario;
};

/* Reads and runs the scenario for so many seconds of virtual time; all of it must be good. */
void run_text(struct record *r, const char *text, int64_t seconds);
/* Reads it, with that seed, and runs nothing yet. */
void record_open(struct record *r, const char *text, uint64_t seed);
void record_clear(struct record *r);
/* The last value, or "(never)". */
const char *last(const struct record *r, const char *name);
/* Events that begin with `prefix` and hold `part`. */
unsigned count(const struct record *r, const char *prefix, const char *part);
/* The octets of message `uid` in "bob/INBOX" of a host, with a NUL behind them; NULL when there is
 * none. */
char *message_text(const struct record *r, const char *host, const char *mailbox, uint32_t uid);
bool has_message(const struct record *r, const char *host, const char *mailbox, uint32_t uid);

#endif
