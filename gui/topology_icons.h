/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_TOPOLOGY_ICONS_H
#define GUI_TOPOLOGY_ICONS_H

/* The pictures of hosts on the topology. */
#include "gui/hosts.h"

/* Around the origin, `size` pixels square, in the accent of the host's role; line width and caps
 * are the caller's. */
void topology_draw_icon(GtkWidget *canvas, cairo_t *cr, const struct host_row *host, double size);

/* A path: a rectangle with round corners. */
void topology_rounded(cairo_t *cr, double x, double y, double w, double h, double r);

#endif
