/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_CAPTURE_DIALOG_H
#define GUI_CAPTURE_DIALOG_H

/* Capturing from an interface: the dialog that asks from where and what, and the key that starts
 * and stops. */
#include "gui/window.h"

void capture_dialog_show(struct window *w);
/* Stops a capture that goes on; otherwise captures as last time, or asks when there was none. */
void capture_dialog_toggle(struct window *w);
/* Asks for a comment on the selected packet. */
void capture_dialog_comment(struct window *w);

#endif
