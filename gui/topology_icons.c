/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topology_icons.c -- the pictures of hosts: what a device is, is told by its shape; its role by
 * colour. */
#include "gui/topology_icons.h"

#include <math.h>

#include "gui/style.h"

void
topology_rounded(cairo_t *cr, double x, double y, double w, double h, double r)
{
  cairo_new_sub_path(cr);
  cairo_arc(cr, x + w - r, y + r, r, -G_PI_2, 0);
  cairo_arc(cr, x + w - r, y + h - r, r, 0, G_PI_2);
  cairo_arc(cr, x + r, y + h - r, r, G_PI_2, G_PI);
  cairo_arc(cr, x + r, y + r, r, G_PI, 3 * G_PI_2);
  cairo_close_path(cr);
}

static void
fill_and_line(GtkWidget *canvas, cairo_t *cr, const char *color)
{
  style_set_source(cr, canvas, "paper");
  cairo_fill_preserve(cr);
  style_set_source_alpha(cr, canvas, color, 0.12);
  cairo_fill_preserve(cr);
  style_set_source(cr, canvas, color);
  cairo_stroke(cr);
}

static void
draw_pc(GtkWidget *canvas, cairo_t *cr, double s, const char *color)
{
  topology_rounded(cr, -0.46 * s, -0.42 * s, 0.92 * s, 0.62 * s, 0.06 * s);
  fill_and_line(canvas, cr, color);
  cairo_rectangle(cr, -0.37 * s, -0.33 * s, 0.74 * s, 0.44 * s);
  style_set_source_alpha(cr, canvas, color, 0.22);
  cairo_fill(cr);
  cairo_move_to(cr, 0, 0.2 * s);
  cairo_line_to(cr, 0, 0.36 * s);
  cairo_move_to(cr, -0.24 * s, 0.38 * s);
  cairo_line_to(cr, 0.24 * s, 0.38 * s);
  style_set_source(cr, canvas, color);
  cairo_stroke(cr);
}

static void
draw_phone(GtkWidget *canvas, cairo_t *cr, double s, const char *color)
{
  topology_rounded(cr, -0.24 * s, -0.46 * s, 0.48 * s, 0.9 * s, 0.08 * s);
  fill_and_line(canvas, cr, color);
  cairo_rectangle(cr, -0.17 * s, -0.34 * s, 0.34 * s, 0.6 * s);
  style_set_source_alpha(cr, canvas, color, 0.22);
  cairo_fill(cr);
  cairo_arc(cr, 0, 0.35 * s, 0.035 * s, 0, 2 * G_PI);
  style_set_source(cr, canvas, color);
  cairo_fill(cr);
}

static void
draw_server(GtkWidget *canvas, cairo_t *cr, double s, const char *color)
{
  for (int i = 0; i < 3; i++) {
    double y = (-0.46 + i * 0.31) * s;
    topology_rounded(cr, -0.4 * s, y, 0.8 * s, 0.27 * s, 0.05 * s);
    fill_and_line(canvas, cr, color);
    cairo_arc(cr, -0.27 * s, y + 0.135 * s, 0.045 * s, 0, 2 * G_PI);
    style_set_source(cr, canvas, color);
    cairo_fill(cr);
    cairo_move_to(cr, -0.1 * s, y + 0.135 * s);
    cairo_line_to(cr, 0.28 * s, y + 0.135 * s);
    style_set_source_alpha(cr, canvas, color, 0.55);
    cairo_stroke(cr);
  }
}

static void
draw_router(GtkWidget *canvas, cairo_t *cr, double s, const char *color)
{
  cairo_arc(cr, 0, 0, 0.42 * s, 0, 2 * G_PI);
  fill_and_line(canvas, cr, color);
  style_set_source(cr, canvas, color);
  for (int i = 0; i < 4; i++) { /* arrows in two, out two: what a router does */
    double a = G_PI_4 + i * G_PI_2, c = cos(a), d = sin(a);
    double tip = i % 2 ? 0.1 * s : 0.33 * s, tail = i % 2 ? 0.33 * s : 0.1 * s;
    double back = i % 2 ? 0.11 * s : -0.11 * s;
    cairo_move_to(cr, tail * c, tail * d);
    cairo_line_to(cr, tip * c, tip * d);
    cairo_move_to(cr, tip * c + back * cos(a + 0.6), tip * d + back * sin(a + 0.6));
    cairo_line_to(cr, tip * c, tip * d);
    cairo_line_to(cr, tip * c + back * cos(a - 0.6), tip * d + back * sin(a - 0.6));
  }
  cairo_stroke(cr);
}

static void
draw_switch(GtkWidget *canvas, cairo_t *cr, double s, const char *color)
{
  topology_rounded(cr, -0.46 * s, -0.22 * s, 0.92 * s, 0.44 * s, 0.06 * s);
  fill_and_line(canvas, cr, color);
  style_set_source(cr, canvas, color);
  for (int i = 0; i < 2; i++) {
    double y = (i ? 0.08 : -0.08) * s, way = i ? -1 : 1;
    cairo_move_to(cr, -0.28 * s, y);
    cairo_line_to(cr, 0.28 * s, y);
    cairo_move_to(cr, way * 0.17 * s, y - 0.06 * s);
    cairo_line_to(cr, way * 0.28 * s, y);
    cairo_line_to(cr, way * 0.17 * s, y + 0.06 * s);
  }
  cairo_stroke(cr);
}

/* The accent of the role: an end that only asks is a client, one that only answers a server. */
static const char *
role_color(const struct host_row *r)
{
  if (r->kind == HOST_ROUTER || r->kind == HOST_SWITCH || r->is_rest)
    return "faint";
  if (r->kind == HOST_SERVER || (r->is_server && !r->is_client))
    return "server";
  return "client";
}

void
topology_draw_icon(GtkWidget *canvas, cairo_t *cr, const struct host_row *host, double size)
{
  static void (*const draw[])(GtkWidget *, cairo_t *, double, const char *) = {
      [HOST_PC] = draw_pc,         [HOST_PHONE] = draw_phone,   [HOST_SERVER] = draw_server,
      [HOST_ROUTER] = draw_router, [HOST_SWITCH] = draw_switch,
  };
  gboolean is_known = host->kind < G_N_ELEMENTS(draw) && draw[host->kind];
  (is_known ? draw[host->kind] : draw_router)(canvas, cr, size, role_color(host));
}
