/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_PERSPECTIVES_H
#define GUI_PERSPECTIVES_H

/* The four arrangements of the same views. Views are made once; entering a perspective moves them
 * into its places. */
#include "gui/settings.h"
#include "gui/views.h"

enum perspective {
  PERSPECTIVE_LEARN,
  PERSPECTIVE_INSPECT,
  PERSPECTIVE_AUDIT,
  PERSPECTIVE_PRESENT,
  N_PERSPECTIVES
};

struct perspective_row {
  const char *id;
  struct lang_pair title;
};
extern const struct perspective_row perspective_rows[N_PERSPECTIVES];

struct perspectives;

/* Makes every view and every arrangement. Freed with its widget. */
struct perspectives *perspectives_new(Session *session, struct settings *settings);
GtkWidget *perspectives_widget(struct perspectives *p);

enum perspective perspectives_current(const struct perspectives *p);
void perspectives_enter(struct perspectives *p, enum perspective perspective);
/* The view that Present shows large. */
enum view perspectives_presented(const struct perspectives *p);
void perspectives_present(struct perspectives *p, enum view view);
GtkWidget *perspectives_view(struct perspectives *p, enum view view);
/* Brings a view of the current perspective to the front of its tabs; enters a perspective that has
 * it when the current one has not. */
void perspectives_show_view(struct perspectives *p, enum view view);
/* Says titles in the current language. */
void perspectives_relabel(struct perspectives *p);
/* Remembers dividers and tabs. */
void perspectives_remember(struct perspectives *p, struct settings *settings);

#endif
