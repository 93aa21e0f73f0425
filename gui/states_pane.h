/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_STATES_PANE_H
#define GUI_STATES_PANE_H

/* The states at the time cursor: TCP of both ends (RFC 9293) and the application protocol, the
 * current one lit; in runs the variables of the simulated TCP as well. */
#include "gui/session.h"

GtkWidget *states_pane_new(Session *session);

#endif
