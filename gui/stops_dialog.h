/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_STOPS_DIALOG_H
#define GUI_STOPS_DIALOG_H

/* The breakpoints: what time stops at. */
#include "gui/window.h"

void stops_dialog_show(struct window *w);
/* On to the next place where one fits; opens the dialog when there is none yet. */
void stops_run_on(struct window *w);
/* To the end of this command's exchange. */
void stops_step_out(struct window *w);

#endif
