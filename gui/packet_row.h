/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_PACKET_ROW_H
#define GUI_PACKET_ROW_H

/* What one row of the packet list says and how its marks are drawn. No state: everything comes from
 * the session and the frame's record. */
#include "gui/packet_view.h"

/* All texts of a row (g_free() each); `before` is the frame of the row above or SESSION_NONE. */
void packet_row_texts(Session *session, uint32_t frame, uint32_t before, enum packet_time format,
                      char *texts[PACKET_N_COLUMNS]);
char *packet_row_text(Session *session, uint32_t frame, uint32_t before, enum packet_column column,
                      enum packet_time format);

/* The marks in words, or NULL. */
char *packet_row_marks(Session *session, uint32_t frame);

/* A filter that the frame fits, made of what the column shows; NULL when there is none. */
char *packet_row_filter(Session *session, uint32_t frame, enum packet_column column);

/* Why there is no row. */
char *packet_row_empty_text(Session *session);

/* A triangle with "!" in class "risk". */
void packet_row_draw_risk(GtkWidget *widget, cairo_t *cr, double x, double y, double height);
/* A boxed letter for each analysis mark; returns the width they take. */
double packet_row_draw_badges(GtkWidget *widget, cairo_t *cr, const struct trace_frame *f, double x,
                              double y, double height);

#endif
