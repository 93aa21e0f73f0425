/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_COMPARE_PANE_H
#define GUI_COMPARE_PANE_H

/* The original and its branch as two ladders side by side, frame beside frame. */
#include "gui/session.h"

GtkWidget *compare_pane_new(Session *session);

#endif
