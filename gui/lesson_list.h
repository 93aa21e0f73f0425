/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_LESSON_LIST_H
#define GUI_LESSON_LIST_H

/* All lessons and scenarios to choose from: by kind, with what each is about, and an entry that
 * narrows the list while one types. Arrows go through it, Enter opens. */
#include <gtk/gtk.h>

/* `picked` gets the id. The list is read when it is made; it takes the keyboard when it is mapped.
 */
GtkWidget *lesson_list_new(void (*picked)(const char *id, gpointer data), gpointer data);

#endif
