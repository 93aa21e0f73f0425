/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_WHAT_IF_H
#define GUI_WHAT_IF_H

/* What if this packet were lost, late, there twice, or other octets? What if this link were slower?
 * Answers are branches of the run (session.h). */
#include "gui/window.h"

/* At once: the selected frame is lost on its first link. */
void what_if_drop(struct window *w);
/* The dialog with every choice. */
void what_if_ask(struct window *w);

#endif
