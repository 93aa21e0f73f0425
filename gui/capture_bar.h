/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_CAPTURE_BAR_H
#define GUI_CAPTURE_BAR_H

/* Above the views while frames are captured, and until something else is opened: from where, how
 * many, how many were lost, and how to stop, go on and save. */
#include "gui/session.h"

GtkWidget *capture_bar_new(Session *session);
/* What the bar says; NULL when it is not shown. g_free() */
char *capture_bar_text(Session *session);

#endif
