/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_ACTIONS_H
#define GUI_ACTIONS_H

/* Everything the window can do, as GActions with their keys; menus, buttons and tests use these. */
#include "gui/window.h"

void actions_install(struct window *w, GtkApplication *application);
/* Keys that are no accelerators because text entries and lists need them first: Space, arrows, Page
 * Up and Down, Home, End. True when the key did something. */
gboolean actions_key(struct window *w, GdkEventKey *event);
/* The primary menu in the current language. */
GMenuModel *actions_menu(struct window *w);
/* Brings states (playing, dark, language …) of the actions up to date. */
void actions_update(struct window *w);

#endif
