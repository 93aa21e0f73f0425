/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_GUESS_H
#define SIM_ATTACK_GUESS_H

/* A client machine that does nothing but try names and passwords on one connection, for SMTP, POP3
 * and IMAP and every mechanism of sim/mail/auth.h. It works inside the simulated network only. */
#include "sim/mail/auth.h"

enum guess_outcome {
  GUESS_RIGHT, /* let in */
  GUESS_WRONG, /* refused */
  GUESS_LATER, /* "not now": 4yz, [UNAVAILABLE], [SYS/TEMP]: perhaps a lock */
  GUESS_LOST,  /* the connection ended before the answer */
  GUESS_UNFIT, /* the mechanism is not to be had here: no further guess makes sense */
};

struct guess_config {
  enum auth_protocol protocol;
  enum auth_mechanism mech; /* AUTH_COMMAND, AUTH_APOP, or of SASL */
  const struct random_stream *random;
  int64_t pace_ns; /* between an answer and the next guess */
  /* The next pair, borrowed until result(); false: no more, the machine leaves. */
  bool (*next)(void *data, const char **user, const char **password);
  /* What became of it; `text` is the server's line, or "". */
  void (*result)(void *data, enum guess_outcome outcome, const char *text, int64_t now_ns);
  void *data;
};

struct endpoint *guess_new(const struct guess_config *config);
/* "right", "wrong", "later", "lost", "unfit". */
const char *guess_outcome_name(enum guess_outcome outcome);

#endif
