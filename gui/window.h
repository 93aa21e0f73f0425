/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_WINDOW_H
#define GUI_WINDOW_H

/* The window: four perspectives over one session. */
#include "gui/perspectives.h"
#include "gui/session.h"
#include "gui/settings.h"

struct window;

/* Makes and shows the window of an application. Takes the session and the settings. */
struct window *window_new(GtkApplication *application, Session *session, struct settings *settings);
GtkWidget *window_widget(struct window *w);
Session *window_session(struct window *w);
struct perspectives *window_perspectives(struct window *w);

/* Opens a lesson, scenario or capture and goes to the perspective that fits; on failure shows the
 * message (a copy in *message, when not NULL), leaves everything else as it was and returns false.
 */
gboolean window_open(struct window *w, const char *what, char **message);

/* A message above the views that stays until it is closed or something else is opened. */
void window_say(struct window *w, const char *text, GtkMessageType type);
/* Large words over the views, while something is dragged; NULL takes them away. */
void window_set_hint(struct window *w, const char *text);

enum perspective window_perspective(struct window *w);
void window_set_perspective(struct window *w, enum perspective perspective);
/* Opens the primary menu. */
void window_pop_menu(struct window *w);

#endif
