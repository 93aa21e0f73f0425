/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_PACKET_VIEW_PRIVATE_H
#define GUI_PACKET_VIEW_PRIVATE_H

/* Shared by packet_view.c (drawing, scrolling, keys) and packet_view_rows.c (what the rows are). */
#include "gui/packet_view.h"

/* Rows whose texts and layouts are kept: more than a tall screen shows, a few hundred KiB at most.
 */
enum { CACHE_ROWS = 256, PAD = 6, GUTTER = 26, WIDTH_MIN = 24 };

struct cached_row {
  uint32_t row; /* SESSION_NONE: empty */
  uint32_t frame;
  const char *color;
  PangoLayout *cells[PACKET_N_COLUMNS];
};

struct _PacketView {
  GtkDrawingArea parent;
  Session *session;
  GtkAdjustment *hadjustment, *vadjustment;
  GtkScrollablePolicy hpolicy, vpolicy;
  int widths[PACKET_N_COLUMNS];
  int row_height;
  enum packet_time time_format;
  struct cached_row cache[CACHE_ROWS];
  uint32_t n_rows_told; /* to the adjustment and to screen readers */
  uint32_t selected_told;
  gboolean is_following; /* the selected row is in view */
};

#endif
