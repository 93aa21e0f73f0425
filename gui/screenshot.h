/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_SCREENSHOT_H
#define GUI_SCREENSHOT_H

/* A picture of a widget as it is drawn now. False with error when it has no size or the file cannot
 * be written. */
#include <gtk/gtk.h>

gboolean screenshot_write(GtkWidget *widget, const char *path, GError **error);

#endif
