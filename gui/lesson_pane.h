/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_LESSON_PANE_H
#define GUI_LESSON_PANE_H

/* The lesson beside the run: prose with links into it, steps that move the time cursor, questions.
 */
#include "gui/session.h"

GtkWidget *lesson_pane_new(Session *session);

#endif
