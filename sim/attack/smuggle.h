/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_SMUGGLE_H
#define SIM_ATTACK_SMUGGLE_H

/* clang-format off */
/* The verb `smuggle` of a scenario's timeline: SMTP smuggling. For each look-alike of the end of data
 * (sim/mail/smtp_end.h) it hands one message to a server of the simulated network; behind the
 * look-alike stand the commands and the text of a second message with a forged sender.
 *
 *     - do: smuggle
 *       server: mx.outer.test         or an address: the victim's server, or a relay on the way to it
 *       port: 25
 *       from: mallory@outer.test      who sends the outer message
 *       forge: boss@inner.test        who seems to send the smuggled one
 *       to: bob@inner.test            who gets both
 *       ends: [LF.LF, CR.CR]          default: all
 *       pace: 1s                      between two attempts
 *
 * State events, subject "smuggle ID", at the host that acts: key = the look-alike, value
 *   "refused ANSWER"    the server threw the whole message away
 *   "passed ANSWER"     it took one message; what the server behind it makes of that shows in mailboxes
 *   "obeyed ANSWER"     it took the look-alike for the end: the smuggled commands were answered
 *   "lost"              the connection ended, or nothing came, before an answer
 * and in the end "refused-n", "passed-n", "obeyed-n", "lost-n". The action is done when something was
 * passed or obeyed. */
/* clang-format on */
#include "sim/mail/port.h"
#include "sim/mail/smtp_end.h"
#include "sim/net/action.h"

enum smuggle_outcome { SMUGGLE_REFUSED, SMUGGLE_PASSED, SMUGGLE_OBEYED, SMUGGLE_LOST, SMUGGLE_N };

/* "refused", … */
const char *smuggle_outcome_name(enum smuggle_outcome outcome);

struct smuggler_config {
  const char *name; /* for EHLO */
  const char *from, *forge, *to;
  enum smtp_end end;
  /* Once, when the connection is over. `answer` is the first reply behind the data, or "". */
  void (*done)(void *data, enum smuggle_outcome outcome, const char *answer);
  void *data;
};

/* One attempt: a client machine. Strings are copied. */
struct endpoint *smuggler_new(const struct smuggler_config *config);

struct smuggle_verbs;

struct smuggle_verbs *smuggle_verbs_new(struct ports *ports);
/* Behind actions_free(). */
void smuggle_verbs_free(struct smuggle_verbs *all);
struct action_table smuggle_table(struct smuggle_verbs *all);

#endif
