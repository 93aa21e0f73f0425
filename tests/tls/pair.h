/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

/* Two endpoints with a wire between them, and a machine that does what the test says. */
#include "sim/tls/tls.h"

/* A machine that keeps what it hears. Hearing "STARTTLS\n" it answers "GO\n" and asks for TLS;
 * hearing "GO\n" it asks for TLS. */
struct tester {
  struct endpoint endpoint;
  GByteArray *heard;
  bool is_started, is_upgraded, has_eof, echoes, closes_at_eof;
  char *problem;
};
struct tester *tester_new(void);
void tester_say(struct tester *t, const char *text);

/* Everything that an endpoint tells: "key=value\n" each. */
void watch(struct endpoint *e, GString *events);

struct pair {
  struct endpoint *client, *server; /* owned */
  GString *client_events, *server_events;
  GByteArray *to_server, *to_client; /* all that crossed the wire */
  size_t step;                       /* octets handed over at once; 0: all */
  int64_t now_ns;
};
void pair_init(struct pair *p, struct endpoint *client, struct endpoint *server);
void pair_start(struct pair *p);
/* Carries octets until nothing moves. */
void pair_run(struct pair *p);
void pair_clear(struct pair *p);

#endif
