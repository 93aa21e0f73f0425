/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_EVENT_PANE_H
#define GUI_EVENT_PANE_H

/* What happened inside the hosts of a run: sentences of server logs, logins, queues, policies,
 * mailboxes, what attackers learnt, or the network's own changes; up to the time cursor in full
 * ink. Choosing a row puts the cursor at its time. */
#include "gui/session.h"

GtkWidget *event_pane_new(Session *session);

#endif
