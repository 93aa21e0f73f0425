/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_GUI_PANE_RIG_H
#define TESTS_GUI_PANE_RIG_H

/* What every case of test-panes.c stands on. main() sets the first two. */
#include "gui/session.h"

extern char *capture_path;
extern gboolean has_display;

struct stage {
  Session *session;
  GtkWidget *window, *pane;
};

/* Runs what the main loop has waiting. */
void settle(void);
/* A session that has read the capture; in English. */
Session *open_capture(void);
/* Shows a pane over such a session. FALSE, and the case skipped, without a display. */
gboolean put_on_stage(struct stage *s, GtkWidget *(*make)(Session *));
void clear_stage(struct stage *s);

/* The widget of that type behind the first n of them, depth first; NULL when there is none. */
GtkWidget *find(GtkWidget *root, GType type, int n);
/* Everything that visible labels say; g_free() it. */
char *words(GtkWidget *root);
void expect_words(GtkWidget *root, const char *expected);
void expect_no_words(GtkWidget *root, const char *unexpected);
/* The index of the first field with that key in the selected frame. */
uint32_t field_index(Session *session, const char *key);
void press(GtkWidget *widget, guint keyval);

#endif
