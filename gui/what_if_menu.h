/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_WHAT_IF_MENU_H
#define GUI_WHAT_IF_MENU_H

/* What views offer for the selected frame: "lose it", "what if…". */
#include "gui/session.h"

/* The hops of the selected frame's packet: indexes into the returned run_flights(). NULL, with *n
 * 0, when nothing of a run is selected. */
const struct run_flight *what_if_flights(Session *session, const uint32_t **indexes, uint32_t *n);
/* Whether the selected frame can be meddled with: it belongs to a run. */
gboolean what_if_is_possible(Session *session);

/* Appends the entries for the selected frame; `menu` must be attached to a widget in the window. */
void what_if_menu_add(GtkMenuShell *menu, Session *session);
/* A menu of them alone, at the pointer (or, with event NULL, in the widget's middle). */
void what_if_popup(GtkWidget *widget, Session *session, const GdkEvent *event);

#endif
