/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_TCP_PLOT_PRIVATE_H
#define GUI_TCP_PLOT_PRIVATE_H

/* What tcp_plot.c (the pane) and tcp_plot_draw.c (its picture) share. */
#include "gui/pane.h"
#include "gui/tcp_plot_model.h"

enum plot_mode { PLOT_WINDOWS, PLOT_SEQUENCE, N_PLOT_MODES };

struct tcp_plot {
  Session *session;
  GtkWidget *canvas;
  GtkWidget *modes[N_PLOT_MODES], *direction, *zooms[3], *note;
  struct tcp_plot_model model;
  enum plot_mode mode;
  int side; /* enum side, or -1: the busier one */
  gboolean is_relabelling;
  /* What the model holds. */
  unsigned generation;
  uint32_t flow, n_frames;
  /* What is seen of it. */
  int64_t from_ns, to_ns;
  double top; /* the highest value that fits */
  double base;
  /* Where the curves lie, in the canvas. */
  double x, y, width, height;
};

/* The lines of a mode, in drawing order; their number in *n. */
const enum plot_line *tcp_plot_lines(enum plot_mode mode, unsigned *n);
void tcp_plot_draw(struct tcp_plot *p, cairo_t *cr, int width, int height);
double tcp_plot_x(const struct tcp_plot *p, int64_t time_ns);
int64_t tcp_plot_time(const struct tcp_plot *p, double x);
double tcp_plot_y(const struct tcp_plot *p, double value);
/* "● cwnd 14,600", or with "–" before the line begins; g_free(). */
char *tcp_plot_say_value(const struct tcp_plot *p, enum plot_line line, int64_t time_ns);
/* In the current language. */
const char *tcp_plot_phase_name(const char *name);

#endif
