/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_ATTACK_SPRAY_H
#define SIM_ATTACK_SPRAY_H

/* clang-format off */
/* The verb `spray` of a scenario's timeline: guesses names and passwords at a server of the simulated
 * network, from one host or several. Password spraying (one password, many names) and brute force
 * (one name, many passwords) differ in the order only.
 *
 *     - do: spray
 *       server: mail.bob.test         or an address
 *       protocol: imap                smtp, pop3 or imap
 *       port: 143                     default 587, 110, 143
 *       auth: PLAIN                   a mechanism; default USER (LOGIN, USER and PASS), in smtp PLAIN
 *       users: [alice, bob]
 *       passwords: [123456, qwerty]
 *       order: passwords              all names with one password, then the next (spraying);
 *                                     users: all passwords for one name, then the next (brute force)
 *       hosts: [bot-1, bot-2]         who tries, side by side; default: the host that acts
 *       pace: 1s                      between two guesses of one of them; and before it connects again
 *       for: 10min                    after this it gives up; default: never
 *       stop: true                    at the first pair that is right; false tries all others, too
 *
 * State events, subject "spray ID", at the host that acts: key = number of the guess from 1, value
 * "HOST USER PASSWORD OUTCOME ANSWER" (outcomes: sim/attack/guess.h), "found" = "USER PASSWORD",
 * in the end "guesses", "found-n", "wrong-n", "later-n", "lost-n" and "seconds". The action is done when
 * something was found. */
/* clang-format on */
#include "sim/mail/port.h"
#include "sim/net/action.h"

enum {
  SPRAY_LIST_MAX = 1000,   /* names, and passwords */
  SPRAY_HOSTS_MAX = 100,   /* that try side by side */
  SPRAY_CONNECTS_MAX = 10, /* connections in a row that bring no guess: the server lets nobody in */
};

struct spray_verbs;

struct spray_verbs *spray_verbs_new(struct ports *ports);
/* Behind actions_free(). */
void spray_verbs_free(struct spray_verbs *all);
struct action_table spray_table(struct spray_verbs *all);

#endif
