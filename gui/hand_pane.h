/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_HAND_PANE_H
#define GUI_HAND_PANE_H

/* A protocol typed by hand in the run that is shown: sit at a host and connect, or be a server and
 * wait for the scenario's client. Each line is an input of a branch, so it can be taken back,
 * compared and saved. */
#include "gui/session.h"

GtkWidget *hand_pane_new(Session *session);
/* Puts the keyboard where the next line is typed, or on the button that begins. */
void hand_pane_focus(GtkWidget *pane);

#endif
