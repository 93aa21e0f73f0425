/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ACTION_H
#define SIM_MAIL_ACTION_H

/* The timeline of a scenario: what its people do and when. The keys stand in build.h. */
#include "sim/core/tree.h"
#include "sim/mail/port.h"

enum {
  ACTION_LIST_MAX = 10000,         /* of one scenario */
  ACTION_ATTACHMENT_MAX = 8 << 20, /* octets made for `size` */
};

struct actions;

/* Plans all; NULL with error. `list` may be NULL: nothing happens. */
struct actions *actions_new(struct ports *ports, const struct tree_node *list, GError **error);
void actions_free(struct actions *a);

#endif
