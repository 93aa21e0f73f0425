/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_DROP_H
#define GUI_DROP_H

/* Files that a file manager drops on the window. The first that can be opened is shown, as one window
 * shows one run or capture; what stayed behind is said. What is no file of this computer, and what
 * cannot be opened, is said too, and what was shown stays. */
#include "gui/window.h"

/* The whole window takes files, whatever lies under the pointer: entries and text views, which would
 * take a file's name as text or refuse it, pass files on and still take text. */
void drop_install(struct window *w);

#endif
