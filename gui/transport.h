/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_TRANSPORT_H
#define GUI_TRANSPORT_H

/* The transport bar: play, step, scrub, speed. Its buttons are the window's actions, so keys and
 * menu items do the same. */
#include "gui/session.h"

GtkWidget *transport_new(Session *session);
/* The button that a newcomer presses first. */
GtkWidget *transport_play_button(GtkWidget *transport);

#endif
