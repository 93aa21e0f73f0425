/* SPDX-License-Identifier: GPL-3.0-or-later */
/* screenshot.c -- draws a widget into a PNG, for documentation and for eyes. */
#include "gui/screenshot.h"

struct picture {
  GtkWidget *widget;
  cairo_t *cr;
};

/* Column headers lie in a window of their own, which gtk_widget_draw() leaves out. */
static void
draw_headers(GtkWidget *widget, gpointer data)
{
  struct picture *picture = data;
  if (!gtk_widget_get_mapped(widget))
    return;
  if (GTK_IS_TREE_VIEW(widget) && gtk_tree_view_get_headers_visible(GTK_TREE_VIEW(widget))) {
    g_autoptr(GList) columns = gtk_tree_view_get_columns(GTK_TREE_VIEW(widget));
    for (GList *l = columns; l; l = l->next) {
      GtkWidget *button = gtk_tree_view_column_get_button(l->data);
      int x, y;
      if (!gtk_widget_get_mapped(button) ||
          !gtk_widget_translate_coordinates(button, picture->widget, 0, 0, &x, &y))
        continue;
      cairo_save(picture->cr);
      cairo_translate(picture->cr, x, y);
      gtk_widget_draw(button, picture->cr);
      cairo_restore(picture->cr);
    }
  } else if (GTK_IS_CONTAINER(widget)) {
    gtk_container_forall(GTK_CONTAINER(widget), draw_headers, picture);
  }
}

gboolean
screenshot_write(GtkWidget *widget, const char *path, GError **error)
{
  int width = gtk_widget_get_allocated_width(widget);
  int height = gtk_widget_get_allocated_height(widget);
  if (width <= 1 || height <= 1 || !gtk_widget_get_mapped(widget)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: the view is not on the screen",
                path);
    return FALSE;
  }
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height);
  cairo_t *cr = cairo_create(surface);
  /* Views without a background of their own stand on the window's. */
  GtkWidget *top = gtk_widget_get_toplevel(widget);
  gtk_render_background(gtk_widget_get_style_context(top), cr, 0, 0, width, height);
  gtk_widget_draw(widget, cr);
  struct picture picture = {widget, cr};
  draw_headers(widget, &picture);
  cairo_destroy(cr);
  cairo_status_t status = cairo_surface_write_to_png(surface, path);
  cairo_surface_destroy(surface);
  if (status != CAIRO_STATUS_SUCCESS)
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%s: %s", path,
                cairo_status_to_string(status));
  return status == CAIRO_STATUS_SUCCESS;
}
