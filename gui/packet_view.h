/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_PACKET_VIEW_H
#define GUI_PACKET_VIEW_H

/* The drawn rows of the packet list: a GtkScrollable whose vertical adjustment counts rows, not
 * pixels, so that four thousand million rows scroll as exactly as ten. packet_list.c puts a header
 * around it. */
#include "gui/session.h"

enum packet_column {
  PACKET_NUMBER,
  PACKET_TIME,
  PACKET_SOURCE,
  PACKET_DESTINATION,
  PACKET_PROTOCOL,
  PACKET_LENGTH,
  PACKET_INFO,
  PACKET_N_COLUMNS
};

enum packet_time { PACKET_TIME_START, PACKET_TIME_PREVIOUS, PACKET_TIME_UTC, PACKET_TIME_N };

#define PACKET_TYPE_VIEW (packet_view_get_type())
G_DECLARE_FINAL_TYPE(PacketView, packet_view, PACKET, VIEW, GtkDrawingArea)

GtkWidget *packet_view_new(Session *session);
Session *packet_view_session(PacketView *view);

uint32_t packet_view_n_rows(PacketView *view);
/* SESSION_NONE when there is no such row. */
uint32_t packet_view_frame_at(PacketView *view, uint32_t row);
uint32_t packet_view_selected_row(PacketView *view); /* SESSION_NONE when none */
void packet_view_select_row(PacketView *view, uint32_t row);
void packet_view_move(PacketView *view, int64_t by);

/* The text of a cell as shown, secrets masked; g_free(). */
char *packet_view_cell_text(PacketView *view, uint32_t row, enum packet_column column);
const char *packet_view_column_title(PacketView *view, enum packet_column column);
/* The marks of a row in words ("retransmission; plaintext login"), or NULL; g_free(). */
char *packet_view_row_marks(PacketView *view, uint32_t row);
/* A filter that the cell's frame fits, from its decoded fields; NULL when there is none; g_free().
 */
char *packet_view_cell_filter(PacketView *view, uint32_t row, enum packet_column column);

int packet_view_column_x(PacketView *view, enum packet_column column);
int packet_view_column_width(PacketView *view, enum packet_column column);
void packet_view_set_column_width(PacketView *view, enum packet_column column, int width);
/* The width that shows all of what is visible in a column now. */
int packet_view_fitting_width(PacketView *view, enum packet_column column);
enum packet_time packet_view_time_format(PacketView *view);
void packet_view_set_time_format(PacketView *view, enum packet_time format);

int packet_view_row_height(PacketView *view);
/* Rows and columns under a point of the widget; false beside them. */
gboolean packet_view_hit(PacketView *view, double x, double y, uint32_t *row,
                         enum packet_column *column);
/* Where a row is drawn, in widget coordinates; false when it is not visible. */
gboolean packet_view_row_area(PacketView *view, uint32_t row, GdkRectangle *area);
/* First visible row and the number of (partly) visible ones. */
uint32_t packet_view_visible(PacketView *view, uint32_t *first);

/* What the session said (pane.h); tells screen readers. */
void packet_view_update(PacketView *view, unsigned news);

/* packet_access.c */
GType packet_view_accessible_get_type(void);
void packet_access_rows_inserted(AtkObject *table, uint32_t first, uint32_t n);
void packet_access_reset(AtkObject *table);
void packet_access_selection_changed(AtkObject *table);

#endif
