/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ACTION_H
#define SIM_MAIL_ACTION_H

/* The verbs of a scenario's timeline that have to do with mail: send, fetch-pop, read-imap. The
 * keys stand in build.h. */
#include "sim/mail/port.h"
#include "sim/net/action.h"

enum { ACTION_ATTACHMENT_MAX = 8 << 20 }; /* octets made for `size` */

struct mail_verbs;
struct secure;

/* Both are borrowed. */
struct mail_verbs *mail_verbs_new(struct ports *ports, struct secure *secure);
/* Behind actions_free(). */
void mail_verbs_free(struct mail_verbs *all);
struct action_table mail_verbs_table(struct mail_verbs *all);

#endif
