/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_BRANCH_BAR_H
#define GUI_BRANCH_BAR_H

/* Above the views while a branch is shown: what was changed, how to compare, and the way back. */
#include "gui/session.h"

GtkWidget *branch_bar_new(Session *session);
/* An input as a sentence: "frame 25 is lost on wan". g_free() */
char *branch_bar_say(Session *session, const struct input *input);

#endif
