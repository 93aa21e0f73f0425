/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_TALK_H
#define SIM_MAIL_TALK_H

/* A dialogue that was written down before: the client side of any mail protocol, legal or not. Each
 * line leaves when the server owes nothing more (reply.h).
 *
 * State events: "typed" (a line that was sent), "log" (an answer that was not expected, or none).
 */
#include "sim/mail/endpoint.h"
#include "sim/mail/reply.h"

enum {
  TALK_STEPS_MAX = 10000,
  TALK_OCTETS_MAX = 8 << 20,  /* of all steps: what a scenario may make a host say */
  TALK_TYPED_EVENTS_MAX = 20, /* of one step: the frames hold the rest */
};

enum talk_do {
  TALK_SAY,
  TALK_WAIT,    /* silence for `ns` */
  TALK_TLS,     /* the handshake, behind the go-ahead */
  TALK_DEFLATE, /* compression, behind the OK */
  TALK_CLOSED,  /* waits until the server hangs up */
  TALK_DROP,    /* hangs up at once */
};

struct talk_step {
  enum talk_do what;
  GBytes *octets;     /* SAY: with its line end */
  unsigned n_repeats; /* SAY: 1 for once; the answers are waited for in the end */
  bool is_early;      /* SAY: does not wait for what is owed */
  int64_t ns;
  const char *expect; /* must stand in what the server answers to this step; NULL: anything */
};

struct talk_config {
  enum reply_protocol protocol;
  const struct talk_step *steps; /* borrowed, as `expect` is */
  guint n_steps;
  int64_t pace_ns;     /* between an answer and the next line */
  int64_t patience_ns; /* after this the next line leaves without an answer; 0: TALK_PATIENCE_NS */
  /* Once. Good: all was said and every expectation was met. */
  void (*done)(void *data, bool is_good);
  void *data;
};

#define TALK_PATIENCE_NS (INT64_C(30) * 1000000000)

struct endpoint *talk_new(const struct talk_config *config);

#endif
