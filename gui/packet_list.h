/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_PACKET_LIST_H
#define GUI_PACKET_LIST_H

/* The packet list: the frames that fit the filter, one row each, drawn by an own scrollable widget
 * over the compact records of the trace, so that millions of rows cost nothing but what is visible.
 * The returned widget holds the header of column buttons, the list and its scrollbar.
 *
 * Keys: Up, Down, PageUp, PageDown, Home, End; a printable key goes to the filter entry. Ctrl+Up
 * and Ctrl+Down work in the window as well: packet_list_move(). */
#include "gui/session.h"

GtkWidget *packet_list_new(Session *session);

/* Selects the row `by` rows further (negative: back); the first or last at the ends. */
void packet_list_move(GtkWidget *list, int64_t by);
/* The part that takes the keyboard. */
void packet_list_focus(GtkWidget *list);
/* Where typed letters go: the widget from filter_entry_new(). */
void packet_list_set_filter_entry(GtkWidget *list, GtkWidget *filter_entry);

#endif
