/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_DIALOGUE_H
#define GUI_DIALOGUE_H

/* What client and server of the selected conversation said to each other, line by line, each line
 * linked to the frame that completed it. Lines behind the time cursor are dimmed. */
#include "gui/session.h"

GtkWidget *dialogue_new(Session *session);

#endif
