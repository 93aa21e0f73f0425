/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_STORE_PANE_H
#define GUI_STORE_PANE_H

/* What the server stores and what the clients keep, side by side at the time cursor; what the last
 * step changed is marked. Only runs know it: a capture shows no mailbox from inside. */
#include "gui/session.h"

GtkWidget *store_pane_new(Session *session);

#endif
