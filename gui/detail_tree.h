/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_DETAIL_TREE_H
#define GUI_DETAIL_TREE_H

/* The decoded fields of the selected frame as a tree, and below it the sentence that explains the
 * selected field. Selection goes both ways with session_field(). */
#include "gui/session.h"

GtkWidget *detail_tree_new(Session *session);

#endif
