/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_view_rows.c -- which frames the rows of the packet list are, and moving among them. */
#include "gui/packet_row.h"
#include "gui/packet_view_private.h"

Session *
packet_view_session(PacketView *view)
{
  return view->session;
}

uint32_t
packet_view_n_rows(PacketView *view)
{
  const uint32_t *rows;
  return session_rows(view->session, &rows);
}

uint32_t
packet_view_frame_at(PacketView *view, uint32_t row)
{
  const uint32_t *rows = NULL;
  uint32_t n = session_rows(view->session, &rows);
  if (row >= n)
    return SESSION_NONE;
  return rows ? rows[row] : row;
}

uint32_t
packet_view_selected_row(PacketView *view)
{
  uint32_t frame = session_frame(view->session);
  return frame == SESSION_NONE ? SESSION_NONE : session_row_of(view->session, frame);
}

void
packet_view_select_row(PacketView *view, uint32_t row)
{
  uint32_t frame = packet_view_frame_at(view, row);
  if (frame != SESSION_NONE)
    session_select_frame(view->session, frame);
}

/* The row to move from when the selected frame is filtered out: the last one before it. */
static int64_t
row_before(PacketView *view, uint32_t frame)
{
  int64_t low = 0, high = packet_view_n_rows(view);
  while (low < high) {
    int64_t middle = (low + high) / 2;
    if (packet_view_frame_at(view, (uint32_t)middle) <= frame)
      low = middle + 1;
    else
      high = middle;
  }
  return low - 1;
}

void
packet_view_move(PacketView *view, int64_t by)
{
  int64_t n = packet_view_n_rows(view);
  if (n == 0)
    return;
  uint32_t frame = session_frame(view->session);
  int64_t from = frame == SESSION_NONE ? -1 : row_before(view, frame);
  if (frame == SESSION_NONE && by < 0)
    from = 0;
  int64_t to = from + by;
  if (by < 0 && from >= 0 && packet_view_selected_row(view) == SESSION_NONE)
    to++;
  packet_view_select_row(view, (uint32_t)CLAMP(to, 0, n - 1));
}

char *
packet_view_cell_text(PacketView *view, uint32_t row, enum packet_column column)
{
  uint32_t frame = packet_view_frame_at(view, row);
  if (frame == SESSION_NONE)
    return g_strdup("");
  uint32_t before = row > 0 ? packet_view_frame_at(view, row - 1) : SESSION_NONE;
  return packet_row_text(view->session, frame, before, column, view->time_format);
}

const char *
packet_view_column_title(PacketView *view, enum packet_column column)
{
  switch (column) {
  case PACKET_NUMBER:
    return lang_text("No.", "ที่");
  case PACKET_TIME:
    switch (view->time_format) {
    case PACKET_TIME_PREVIOUS:
      return lang_text("Time Δ", "เวลา Δ");
    case PACKET_TIME_UTC:
      return lang_text("Time UTC", "เวลา UTC");
    default:
      return lang_text("Time", "เวลา");
    }
  case PACKET_SOURCE:
    return lang_text("Source", "ต้นทาง");
  case PACKET_DESTINATION:
    return lang_text("Destination", "ปลายทาง");
  case PACKET_PROTOCOL:
    return lang_text("Protocol", "โปรโตคอล");
  case PACKET_LENGTH:
    return lang_text("Length", "ความยาว");
  default:
    return lang_text("Info", "สาระ");
  }
}

char *
packet_view_row_marks(PacketView *view, uint32_t row)
{
  uint32_t frame = packet_view_frame_at(view, row);
  return frame == SESSION_NONE ? NULL : packet_row_marks(view->session, frame);
}

char *
packet_view_cell_filter(PacketView *view, uint32_t row, enum packet_column column)
{
  uint32_t frame = packet_view_frame_at(view, row);
  return frame == SESSION_NONE ? NULL : packet_row_filter(view->session, frame, column);
}
