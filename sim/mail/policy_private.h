/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POLICY_PRIVATE_H
#define SIM_MAIL_POLICY_PRIVATE_H

/* Between policy.c (what is decided when), policy_ask.c (questions to the DNS) and policy_limit.c
 * (rates and greylisting). */
#include "capture/wire/lang.h"
#include "sim/mail/policy.h"

struct policy {
  struct policy_config config;
  struct world *world;
  char *name;
  char **relay_domains, **dnsbl;
  GHashTable *peers; /* address -> struct peer*; never iterated */
  GQueue peer_order;
  GHashTable *triplets; /* text -> struct triplet*; never iterated */
  GQueue triplet_order;
  struct random_stream random;
  GPtrArray *visits; /* struct visit*: owned */
};

/* One connection. It outlives the session while a question to the DNS is under way. */
struct visit {
  struct policy *policy;
  struct endpoint *server; /* NULL: the session is over */
  char *peer;
  struct ip_addr addr;
  bool is_exempt;          /* from our networks */
  uint64_t size;           /* declared for the message; 0: not */
  GPtrArray *questions;    /* struct question*, without an answer yet */
  unsigned n_reverse_left; /* names of the peer whose addresses are not known yet */
  bool is_reverse_good;
  bool is_held; /* the server waits for an answer about `address` */
  char *sender, *address;
  char *blocked;        /* a whole reply, from a question; NULL: nothing against it */
  char *sender_blocked; /* likewise, about the sender of this transaction */
  char *reply;          /* lent to the server */
};

/* Tells what was decided, as an event and as a sentence. */
void policy_tell(const struct policy *p, const char *what, const char *peer, const char *value,
                 struct lang_pair sentence, const char *argument);

/* ---- policy_ask.c ---- */
/* The questions about a peer begin. */
void policy_ask_peer(struct visit *v);
void policy_ask_helo(struct visit *v, const char *helo);
void policy_ask_sender(struct visit *v, const char *sender);
struct visit *policy_visit_new(struct policy *p);
void policy_visit_free(void *visit);
/* The session is over; what is still asked is of no interest. */
void policy_visit_end(struct visit *v);
/* All answers are there (policy.c). */
void policy_answered(struct visit *v);

/* ---- policy_limit.c ---- */
void policy_limit_init(struct policy *p);
void policy_limit_clear(struct policy *p);
enum policy_count { POLICY_CONNECTION, POLICY_MESSAGE, POLICY_RECIPIENT, POLICY_N_COUNTS };
/* Counts one more; false when that is too many. */
bool policy_count(struct policy *p, const char *peer, enum policy_count what);
/* A connection of the peer opens; false when it has too many. And one closes. */
bool policy_open(struct policy *p, const char *peer);
void policy_close(struct policy *p, const char *peer);
/* Seconds that this triplet has to wait still; 0: it is welcome. */
int64_t policy_greylist(struct policy *p, const struct ip_addr *addr, const char *sender,
                        const char *recipient);

#endif
