/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_HISTORY_H
#define GUI_HISTORY_H

/* Frames that were looked at, to go back to (Alt+Left) and forth (Alt+Right). Playing leaves no
 * trace in it. It belongs to the session and starts anew with what is opened. */
#include "gui/session.h"

/* From the oldest ones are forgotten. */
enum { HISTORY_MAX = 256 };

void history_start(Session *session);
/* Selects the frame that was selected before (-1) or behind (+1) this one; nothing at the ends. */
void history_go(Session *session, int by);

#endif
