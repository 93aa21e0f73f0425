/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_CANVAS_H
#define GUI_CANVAS_H

/* A drawing area whose drawn things are also there for assistive technology: every item has a name,
 * a place and can be activated, as if it were a widget. */
#include <gtk/gtk.h>

struct canvas_ops {
  void (*draw)(void *data, cairo_t *cr, int width, int height);
  unsigned (*n_items)(void *data);
  char *(*item_name)(void *data, unsigned item);                          /* g_free() */
  gboolean (*item_place)(void *data, unsigned item, GdkRectangle *place); /* in the widget */
  void (*item_activate)(void *data, unsigned item);
  gboolean (*item_is_selected)(void *data, unsigned item);
};

/* `ops` is static; `data` lives as long as the widget. */
GtkWidget *canvas_new(const struct canvas_ops *ops, void *data);
/* The canvas in one sentence: its text twin. */
void canvas_say(GtkWidget *canvas, const char *name, const char *sentence);
/* The items are others now (or have other names). */
void canvas_items_changed(GtkWidget *canvas);

#endif
