/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_VIEWS_H
#define GUI_VIEWS_H

/* The table of views: one row each, in both languages. The window makes every view once and moves
 * it between the places of its perspectives. */
#include "gui/session.h"

enum view {
  VIEW_TOPOLOGY,
  VIEW_LADDER,
  VIEW_LESSON,
  VIEW_FILTER,
  VIEW_PACKETS,
  VIEW_DETAIL,
  VIEW_HEX,
  VIEW_ENCAPSULATION,
  VIEW_DIALOGUE,
  VIEW_STATES,
  VIEW_STORE,
  VIEW_EVENTS,
  VIEW_PLOT,
  VIEW_HOPS,
  VIEW_COMPARE,
  VIEW_HAND,
  VIEW_RISK,
  N_VIEWS
};

struct view_row {
  const char *id; /* for --view and for the accessibility tree */
  struct lang_pair title;
  GtkWidget *(*make)(Session *session);
};

extern const struct view_row view_rows[N_VIEWS];

/* The view with that id, or N_VIEWS. */
enum view view_find(const char *id);
/* A new widget of that view. */
GtkWidget *view_make(enum view view, Session *session);

#endif
