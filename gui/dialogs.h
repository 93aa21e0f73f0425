/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_DIALOGS_H
#define GUI_DIALOGS_H

/* The few dialogs of the window. */
#include "gui/window.h"

void dialogs_open(struct window *w);
/* A key log file, by which TLS is opened. */
void dialogs_keylog(struct window *w);
void dialogs_save(struct window *w);
/* The run itself, as scenario, seed and inputs: NAME.envrun. */
void dialogs_save_run(struct window *w);
void dialogs_goto(struct window *w);
void dialogs_shortcuts(struct window *w);
void dialogs_about(struct window *w);

#endif
