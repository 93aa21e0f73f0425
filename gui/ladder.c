/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ladder.c -- arrows between lanes: the frames that fit the filter, time downwards.
 *
 *      time   alice        server        One row per frame, all of the same height: in seconds a
 * pause 0.500    │── SYN ─────>│          would push the next burst off the screen. A thin wavy gap
 *      0.520    │<─ SYN, ACK ─│          line says that time passed. Rows are computed from the
 *      ~~~~~~~~~~~~~~~~~~~~~~~~~         scroll position, so ten million frames cost what is seen.
 *
 * Frames behind the time cursor are dimmed; a frame whose predict question is open is not shown. */
#include "gui/ladder.h"

#include <math.h>

#include "gui/canvas.h"
#include "gui/hosts.h"
#include "gui/pane.h"
#include "gui/sentence.h"
#include "gui/style.h"
#include "gui/what_if_menu.h"

#define TEXT_PIXELS 12.0
#define TIME_PIXELS 10.5
#define LANE_PIXELS 12.0
/* From here on a pause between two rows is marked. */
#define GAP_NS (INT64_C(200) * 1000 * 1000)

struct ladder {
  Session *session;
  GtkWidget *box, *canvas, *scrollbar;
  GtkAdjustment *adjustment; /* in rows */
  double row_height, head_height, gutter, text_height;
  int width, height;
  gboolean is_scrolling; /* we set the adjustment */
};

/* ---- measures ---- */

static void
measure(struct ladder *l)
{
  double scale = session_scale(l->session);
  l->text_height = style_row_height(l->canvas, TEXT_PIXELS * scale, FALSE);
  l->row_height = l->text_height + 13 * scale;
  double line = style_row_height(l->canvas, LANE_PIXELS * scale, FALSE);
  l->head_height = (session_run(l->session) ? 2 : 1) * line + 9 * scale; /* a run has long names */
  l->gutter = 78 * scale;
}

static uint32_t
n_rows(struct ladder *l)
{
  const uint32_t *rows;
  return session_rows(l->session, &rows);
}

static uint32_t
frame_of_row(struct ladder *l, uint32_t row)
{
  const uint32_t *rows;
  uint32_t n = session_rows(l->session, &rows);
  return row >= n ? SESSION_NONE : rows ? rows[row] : row;
}

/* The first row whose frame is `frame` or later. */
static uint32_t
row_at_or_behind(struct ladder *l, uint32_t frame)
{
  const uint32_t *rows;
  uint32_t high = session_rows(l->session, &rows), low = 0;
  if (!rows)
    return MIN(frame, high);
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (rows[middle] < frame)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static double
rows_on_screen(struct ladder *l)
{
  return MAX((l->height - l->head_height) / l->row_height, 1);
}

static double
lane_x(struct ladder *l, uint32_t lane)
{
  uint32_t n = hosts_n_lanes(hosts_of(l->session));
  double room = l->width - l->gutter;
  return l->gutter + room * (lane + 0.5) / MAX(n, 1);
}

static double
row_y(struct ladder *l, uint32_t row)
{
  return l->head_height + (row - gtk_adjustment_get_value(l->adjustment)) * l->row_height;
}

/* ---- text ---- */

/* Draws text that fits into `width` at x (alignment 0 left, 0.5 middle, 1 right). */
static void
draw_text(struct ladder *l, cairo_t *cr, double x, double y, double width, double align,
          double pixels, gboolean mono, const char *color, double alpha, const char *text)
{
  g_autoptr(PangoLayout) layout = style_layout(l->canvas, pixels * session_scale(l->session), mono);
  int w, h;
  pango_layout_set_text(layout, text, -1);
  pango_layout_set_single_paragraph_mode(layout, TRUE);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_width(layout, (int)(MAX(width, 8) * PANGO_SCALE));
  pango_layout_get_pixel_size(layout, &w, &h);
  double left = x - align * w;
  cairo_rectangle(cr, left - 2, y, w + 4, h); /* lanes do not cross the words */
  style_set_source(cr, l->canvas, "paper");
  cairo_fill(cr);
  cairo_move_to(cr, left, y);
  pango_layout_set_alignment(layout, PANGO_ALIGN_LEFT);
  style_set_source_alpha(cr, l->canvas, color, alpha);
  pango_cairo_show_layout(cr, layout);
}

/* ---- head and lanes ---- */

static const char *
lane_color(const struct host_row *r)
{
  if (r->kind == HOST_ROUTER || r->is_rest)
    return "faint";
  return r->kind == HOST_SERVER || (r->is_server && !r->is_client) ? "server" : "client";
}

/* The host's name, with its address below where there is room; else the name in two lines. */
static void
draw_lane_name(struct ladder *l, cairo_t *cr, double x, double room, const struct host_row *r)
{
  double s = session_scale(l->session), y = 3 * s;
  gboolean narrow = room < 96 * s, has_name = g_strcmp0(host_name(r), r->address) != 0;
  if (!narrow || !has_name) {
    draw_text(l, cr, x, y, room, 0.5, LANE_PIXELS, FALSE, lane_color(r), 1, host_name(r));
    if (has_name && r->address[0])
      draw_text(l, cr, x, y + (l->head_height - 9 * s) / 2, room, 0.5, TIME_PIXELS, FALSE, "faint",
                1, r->address);
    return;
  }
  g_autoptr(PangoLayout) layout = style_layout(l->canvas, TIME_PIXELS * s, FALSE);
  pango_layout_set_text(layout, host_name(r), -1);
  pango_layout_set_width(layout, (int)(MAX(room, 8) * PANGO_SCALE));
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_height(layout, -2);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
  cairo_move_to(cr, x - room / 2, y);
  style_set_source(cr, l->canvas, lane_color(r));
  pango_cairo_show_layout(cr, layout);
}

static void
draw_head(struct ladder *l, cairo_t *cr)
{
  struct hosts *h = hosts_of(l->session);
  uint32_t n = hosts_n_lanes(h);
  double room = (l->width - l->gutter) / MAX(n, 1) - 6;
  style_set_source(cr, l->canvas, "paper");
  cairo_rectangle(cr, 0, 0, l->width, l->head_height);
  cairo_fill(cr);
  for (uint32_t i = 0; i < n; i++) {
    const struct host_row *r = hosts_get(h, hosts_lane(h, i));
    draw_lane_name(l, cr, lane_x(l, i), room, r);
  }
  cairo_set_line_width(cr, 1);
  style_set_source(cr, l->canvas, "line");
  cairo_move_to(cr, 0, floor(l->head_height) + 0.5);
  cairo_line_to(cr, l->width, floor(l->head_height) + 0.5);
  cairo_stroke(cr);
}

static void
draw_lanes(struct ladder *l, cairo_t *cr)
{
  struct hosts *h = hosts_of(l->session);
  cairo_set_line_width(cr, 1.5 * session_scale(l->session));
  for (uint32_t i = 0; i < hosts_n_lanes(h); i++) {
    style_set_source_alpha(cr, l->canvas, lane_color(hosts_get(h, hosts_lane(h, i))), 0.45);
    cairo_move_to(cr, lane_x(l, i), l->head_height);
    cairo_line_to(cr, lane_x(l, i), l->height);
    cairo_stroke(cr);
  }
}

/* ---- arrows ---- */

struct arrow {
  double x0, x1, y, alpha;
  const char *color;
  gboolean is_lost, is_thick;
};

static void
draw_tip(struct ladder *l, cairo_t *cr, double x, double y, double way)
{
  double s = session_scale(l->session) * 6;
  cairo_move_to(cr, x, y);
  cairo_line_to(cr, x - way * 1.5 * s, y - 0.75 * s);
  cairo_line_to(cr, x - way * 1.5 * s, y + 0.75 * s);
  cairo_close_path(cr);
  cairo_fill(cr);
}

static void
draw_arrow(struct ladder *l, cairo_t *cr, const struct arrow *a)
{
  double s = session_scale(l->session), way = a->x1 >= a->x0 ? 1 : -1;
  double end = a->is_lost ? a->x0 + (a->x1 - a->x0) * 0.62 : a->x1;
  style_set_source_alpha(cr, l->canvas, a->color, a->alpha);
  cairo_set_line_width(cr, (a->is_thick ? 2.0 : 1.3) * s);
  cairo_move_to(cr, a->x0, a->y);
  cairo_line_to(cr, a->is_lost ? end : end - way * 6 * s, a->y);
  cairo_stroke(cr);
  if (!a->is_lost) {
    draw_tip(l, cr, end - way * s, a->y, way);
    return;
  }
  style_set_source_alpha(cr, l->canvas, "risk", MAX(a->alpha, 0.6));
  cairo_set_line_width(cr, 2.6 * s);
  cairo_move_to(cr, end - 5 * s, a->y - 5 * s);
  cairo_line_to(cr, end + 5 * s, a->y + 5 * s);
  cairo_move_to(cr, end - 5 * s, a->y + 5 * s);
  cairo_line_to(cr, end + 5 * s, a->y - 5 * s);
  cairo_stroke(cr);
}

/* What stands over an arrow: the protocol when it is not plain TCP, then the summary. */
static char *
arrow_label(struct ladder *l, uint32_t frame, gboolean lost, const char **color, gboolean *thick)
{
  struct decode *d = session_row_decode(l->session);
  decode_summary_only(d, frame);
  const char *protocol = d->summary.protocol ? d->summary.protocol : "?";
  const char *info = d->summary.info ? d->summary.info : "";
  *color = style_protocol(protocol);
  *thick = trace_frame(session_trace(l->session), frame).payload_octets > 0;
  if (lost)
    return g_strdup_printf(lang_text("%1$s  %2$s — lost", "%1$s  %2$s — สูญหาย"), protocol, info);
  return g_strdup_printf("%s  %s", protocol, info);
}

static void
draw_row_arrow(struct ladder *l, cairo_t *cr, uint32_t frame, double y, double alpha)
{
  struct hosts *h = hosts_of(l->session);
  struct host_way way = hosts_way(h, frame);
  struct arrow a = {.alpha = alpha};
  g_autofree char *label = arrow_label(l, frame, way.is_lost, &a.color, &a.is_thick);
  uint32_t from = way.from == SESSION_NONE ? SESSION_NONE : hosts_get(h, way.from)->lane;
  uint32_t to = way.to == SESSION_NONE ? SESSION_NONE : hosts_get(h, way.to)->lane;
  double s = session_scale(l->session);
  a.y = y + l->text_height + 6 * s;
  a.is_lost = way.is_lost;
  double width = l->width - l->gutter - 8, middle = l->gutter + width / 2;
  /* To everybody: it ends between two lanes, so that it points at nobody. */
  double stub = MIN(70 * s, 0.5 * (l->width - l->gutter) / MAX(hosts_n_lanes(h), 1));
  if (from != SESSION_NONE) {
    a.x0 = lane_x(l, from);
    a.x1 = to != SESSION_NONE && to != from ? lane_x(l, to)
                                            : a.x0 + stub * (a.x0 > l->width * 0.7 ? -1 : 1);
    middle = (a.x0 + a.x1) / 2;
    draw_arrow(l, cr, &a);
    if (way.is_broadcast) { /* to everybody: rings at the end */
      for (int i = 1; i <= 2; i++) {
        cairo_arc(cr, a.x1, a.y, (4 + 4 * i) * s, 0, 2 * G_PI);
        style_set_source_alpha(cr, l->canvas, a.color, 0.6 * alpha);
        cairo_stroke(cr);
      }
    }
  }
  g_autoptr(PangoLayout) measure = style_layout(l->canvas, TEXT_PIXELS * s, FALSE);
  int w;
  pango_layout_set_text(measure, label, -1);
  pango_layout_get_pixel_size(measure, &w, NULL);
  double half = MIN(w, width) / 2.0;
  middle = CLAMP(middle, l->gutter + half + 2, MAX(l->width - half - 6, l->gutter + half + 2));
  draw_text(l, cr, middle, y + 1 * s, width, 0.5, TEXT_PIXELS, FALSE,
            way.is_lost ? "risk" : a.color, alpha, label);
}

static void
draw_gap(struct ladder *l, cairo_t *cr, double y, int64_t gap_ns)
{
  double s = session_scale(l->session);
  g_autofree char *text = g_strdup_printf("+%.1f s", (double)gap_ns / 1e9);
  style_set_source(cr, l->canvas, "line");
  cairo_set_line_width(cr, 1);
  cairo_move_to(cr, l->gutter, y);
  for (double x = l->gutter; x < l->width; x += 12 * s)
    cairo_curve_to(cr, x + 4 * s, y - 4 * s, x + 8 * s, y + 4 * s, x + 12 * s, y);
  cairo_stroke(cr);
  /* Below the wave: above it stands the time of the row before. */
  draw_text(l, cr, l->gutter - 8 * s, y + 1, l->gutter - 10 * s, 1, TIME_PIXELS * 0.9, FALSE,
            "faint", 1, text);
}

/* The first frame that is not shown because its question is open. */
static uint32_t
veil_from(struct ladder *l)
{
  return session_barrier(l->session);
}

static void
draw_veil(struct ladder *l, cairo_t *cr, double y)
{
  style_set_source(cr, l->canvas, "band");
  cairo_rectangle(cr, l->gutter, y, l->width - l->gutter, l->row_height);
  cairo_fill(cr);
  draw_text(l, cr, l->gutter + (l->width - l->gutter) / 2, y + 5 * session_scale(l->session),
            l->width - l->gutter - 20, 0.5, TEXT_PIXELS, FALSE, "client", 1,
            lang_text("? What comes next — answer in the lesson", "? อะไรจะเกิดต่อไป — ตอบในบทเรียน"));
}

static void
draw_row(struct ladder *l, cairo_t *cr, uint32_t row, uint32_t frame, uint32_t n_past)
{
  Session *s = l->session;
  double y = row_y(l, row), scale = session_scale(s);
  gboolean selected = frame == session_frame(s);
  if (selected) {
    style_set_source(cr, l->canvas, "select");
    cairo_rectangle(cr, 0, y, l->gutter - 4 * scale, l->row_height);
    cairo_fill(cr);
    style_set_source(cr, l->canvas, "select_line");
    cairo_set_line_width(cr, 1.5 * scale);
    cairo_rectangle(cr, 1, y + 0.5, l->width - 2, l->row_height - 1);
    cairo_stroke(cr);
  }
  /* A capture is read like a book: nothing in it is still to come. */
  double alpha = session_run(s) && frame >= n_past ? 0.33 : 1;
  g_autofree char *time = pane_format_time(session_frame_time(s, frame));
  cairo_save(cr);
  if (selected) {
    draw_row_arrow(l, cr, frame, y, alpha);
    style_set_source(cr, l->canvas, "ink");
  } else {
    draw_row_arrow(l, cr, frame, y, alpha);
  }
  cairo_restore(cr);
  g_autoptr(PangoLayout) layout = style_layout(l->canvas, TIME_PIXELS * scale, FALSE);
  int w, h;
  pango_layout_set_text(layout, time, -1);
  pango_layout_get_pixel_size(layout, &w, &h);
  cairo_move_to(cr, l->gutter - 8 * scale - w, y + l->text_height + 6 * scale - h / 2.0);
  style_set_source_alpha(cr, l->canvas, selected ? "ink" : "faint", alpha);
  pango_cairo_show_layout(cr, layout);
}

static void
draw_rows(struct ladder *l, cairo_t *cr)
{
  double first = gtk_adjustment_get_value(l->adjustment);
  uint32_t n = n_rows(l), past = session_frames_until(l->session, session_time(l->session));
  uint32_t veil = veil_from(l);
  if (session_frame(l->session) != SESSION_NONE)
    past = MAX(past, session_frame(l->session) + 1);
  for (uint32_t row = (uint32_t)MAX(floor(first), 0); row < n; row++) {
    uint32_t frame = frame_of_row(l, row);
    if (row_y(l, row) > l->height)
      break;
    if (frame >= veil) {
      draw_veil(l, cr, row_y(l, row));
      break;
    }
    draw_row(l, cr, row, frame, past);
    if (row > 0) {
      int64_t gap = session_frame_time(l->session, frame) -
                    session_frame_time(l->session, frame_of_row(l, row - 1));
      if (gap >= GAP_NS)
        draw_gap(l, cr, row_y(l, row), gap);
    }
  }
}

static void
draw_empty(struct ladder *l, cairo_t *cr)
{
  gboolean filtered = *session_filter(l->session) && trace_n_frames(session_trace(l->session)) > 0;
  draw_text(l, cr, l->width / 2.0, l->height / 2.0, l->width - 30, 0.5, 14, FALSE, "faint", 1,
            filtered
                ? lang_text("No frame fits the filter. Clear it with Escape in the filter entry.",
                            "ไม่มีเฟรมใดตรงกับตัวกรอง กด Escape ในช่องตัวกรองเพื่อล้าง")
                : lang_text("No frames yet.", "ยังไม่มีเฟรม"));
}

static void
fit_adjustment(struct ladder *l)
{
  double page = rows_on_screen(l), upper = MAX(n_rows(l), page);
  double value = CLAMP(gtk_adjustment_get_value(l->adjustment), 0, upper - page);
  gtk_adjustment_configure(l->adjustment, value, 0, upper, 1, MAX(page - 1, 1), page);
}

static void
draw(void *data, cairo_t *cr, int width, int height)
{
  struct ladder *l = data;
  if (width != l->width || height != l->height) {
    l->width = width;
    l->height = height;
    fit_adjustment(l);
  }
  if (n_rows(l) == 0) {
    draw_empty(l, cr);
    return;
  }
  draw_lanes(l, cr);
  draw_rows(l, cr);
  draw_head(l, cr);
}

/* ---- scrolling and selecting ---- */

static void
reveal_row(struct ladder *l, uint32_t row)
{
  double page = rows_on_screen(l), value = gtk_adjustment_get_value(l->adjustment);
  double keep = page > 5 ? 1.5 : 0; /* the neighbours stay in sight */
  if (row + 1 + keep > value + page)
    value = row + 1 + keep - page;
  if (row < value + keep)
    value = row - keep;
  gtk_adjustment_set_value(l->adjustment, CLAMP(value, 0, MAX(n_rows(l) - page, 0)));
}

static void
follow(Session *session, struct ladder *l)
{
  uint32_t frame = session_frame(session);
  g_autofree char *sentence = sentence_selection(session);
  canvas_say(l->canvas, lang_text("Ladder", "แผนภาพลำดับ"), sentence);
  fit_adjustment(l);
  if (frame == SESSION_NONE)
    gtk_adjustment_set_value(l->adjustment, 0);
  else
    reveal_row(l, MIN(row_at_or_behind(l, frame), MAX(n_rows(l), 1) - 1));
  gtk_widget_queue_draw(l->canvas);
}

static gboolean
scrolled(GtkWidget *widget, GdkEventScroll *event, struct ladder *l)
{
  double dx = 0, dy = 0;
  if (!gdk_event_get_scroll_deltas((GdkEvent *)event, &dx, &dy))
    dy = event->direction == GDK_SCROLL_UP ? -1 : event->direction == GDK_SCROLL_DOWN ? 1 : 0;
  if (event->state & GDK_CONTROL_MASK) {
    session_set_zoom(l->session, session_zoom(l->session) * pow(1.1, -dy));
    return GDK_EVENT_STOP;
  }
  gtk_adjustment_set_value(l->adjustment, gtk_adjustment_get_value(l->adjustment) + 3 * dy);
  return GDK_EVENT_STOP;
}

static void
select_row(struct ladder *l, int64_t row)
{
  int64_t n = n_rows(l);
  if (n == 0)
    return;
  uint32_t frame = frame_of_row(l, (uint32_t)CLAMP(row, 0, n - 1));
  if (frame < veil_from(l))
    session_select_frame(l->session, frame);
}

static gboolean
pressed(GtkWidget *widget, GdkEventButton *event, struct ladder *l)
{
  gtk_widget_grab_focus(widget);
  double row =
      gtk_adjustment_get_value(l->adjustment) + (event->y - l->head_height) / l->row_height;
  if (event->y >= l->head_height && row < n_rows(l))
    select_row(l, (int64_t)row);
  else if (event->y < l->head_height) {
    struct hosts *h = hosts_of(l->session);
    for (uint32_t i = 0; i < hosts_n_lanes(h); i++)
      if (fabs(event->x - lane_x(l, i)) < (l->width - l->gutter) / MAX(hosts_n_lanes(h), 1) / 2)
        session_select_host(l->session, hosts_lane(h, i));
  }
  if (gdk_event_triggers_context_menu((GdkEvent *)event))
    what_if_popup(l->canvas, l->session, (GdkEvent *)event);
  return GDK_EVENT_STOP;
}

static gboolean
menu_key(GtkWidget *widget, struct ladder *l)
{
  what_if_popup(widget, l->session, NULL);
  return TRUE;
}

static gboolean
key(GtkWidget *widget, GdkEventKey *event, struct ladder *l)
{
  uint32_t frame = session_frame(l->session);
  int64_t row = frame == SESSION_NONE ? -1 : (int64_t)row_at_or_behind(l, frame);
  if (event->state & gtk_accelerator_get_default_mod_mask())
    return GDK_EVENT_PROPAGATE;
  switch (event->keyval) {
  case GDK_KEY_Down:
    select_row(l, row + 1);
    return GDK_EVENT_STOP;
  case GDK_KEY_Up:
    select_row(l, MAX(row - 1, 0));
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

/* ---- for assistive technology: the rows that are on the screen ---- */

static uint32_t
first_visible(struct ladder *l)
{
  return (uint32_t)MAX(gtk_adjustment_get_value(l->adjustment), 0);
}

static unsigned
n_items(void *data)
{
  struct ladder *l = data;
  uint32_t n = n_rows(l), first = first_visible(l), veil = veil_from(l);
  if (veil != SESSION_NONE)
    n = MIN(n, row_at_or_behind(l, veil));
  return first < n ? MIN(n - first, (uint32_t)ceil(rows_on_screen(l))) : 0;
}

static char *
item_name(void *data, unsigned item)
{
  struct ladder *l = data;
  struct hosts *h = hosts_of(l->session);
  uint32_t frame = frame_of_row(l, first_visible(l) + item);
  if (frame == SESSION_NONE)
    return g_strdup("");
  struct host_way way = hosts_way(h, frame);
  const char *color;
  gboolean thick;
  g_autofree char *label = arrow_label(l, frame, way.is_lost, &color, &thick);
  g_autofree char *time = sentence_time(session_frame_time(l->session, frame));
  return g_strdup_printf(
      lang_text("%1$u, %2$s, %3$s to %4$s, %5$s", "%1$u, %2$s, %3$s ถึง %4$s, %5$s"), frame + 1,
      time, way.from == SESSION_NONE ? "?" : host_name(hosts_get(h, way.from)),
      way.to == SESSION_NONE ? lang_text("all", "ทุกเครื่อง") : host_name(hosts_get(h, way.to)),
      label);
}

static gboolean
item_place(void *data, unsigned item, GdkRectangle *place)
{
  struct ladder *l = data;
  double y = row_y(l, first_visible(l) + item);
  *place = (GdkRectangle){0, (int)y, l->width, (int)l->row_height};
  return TRUE;
}

static void
item_activate(void *data, unsigned item)
{
  select_row(data, (int64_t)first_visible(data) + item);
}

static gboolean
item_is_selected(void *data, unsigned item)
{
  struct ladder *l = data;
  return frame_of_row(l, first_visible(l) + item) == session_frame(l->session);
}

static const struct canvas_ops ops = {draw,       n_items,       item_name,
                                      item_place, item_activate, item_is_selected};

/* ---- following the session ---- */

static void
changed(Session *session, struct ladder *l)
{
  measure(l);
  follow(session, l);
  canvas_items_changed(l->canvas);
}

static void
moved(Session *session, struct ladder *l)
{
  gtk_widget_queue_draw(l->canvas);
}

static void
ladder_free(GtkWidget *box, struct ladder *l)
{
  g_signal_handlers_disconnect_by_data(l->session, l);
  g_signal_handlers_disconnect_by_data(l->adjustment, l);
  g_object_unref(l->adjustment);
  g_object_unref(l->session);
  g_free(l);
}

GtkWidget *
ladder_new(Session *session)
{
  struct ladder *l = g_new0(struct ladder, 1);
  l->session = g_object_ref(session);
  l->box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  l->canvas = canvas_new(&ops, l);
  l->adjustment = g_object_ref_sink(gtk_adjustment_new(0, 0, 1, 1, 1, 1));
  l->scrollbar = gtk_scrollbar_new(GTK_ORIENTATION_VERTICAL, l->adjustment);
  gtk_widget_set_size_request(l->canvas, 200, 90);
  gtk_box_pack_start(GTK_BOX(l->box), l->canvas, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(l->box), l->scrollbar, FALSE, FALSE, 0);
  g_signal_connect_swapped(l->adjustment, "value-changed", G_CALLBACK(gtk_widget_queue_draw),
                           l->canvas);
  g_signal_connect(l->canvas, "button-press-event", G_CALLBACK(pressed), l);
  g_signal_connect(l->canvas, "popup-menu", G_CALLBACK(menu_key), l);
  g_signal_connect(l->canvas, "scroll-event", G_CALLBACK(scrolled), l);
  g_signal_connect(l->canvas, "key-press-event", G_CALLBACK(key), l);
  g_signal_connect(l->box, "destroy", G_CALLBACK(ladder_free), l);
  static const char *const all[] = {"loaded", "frames-added", "filter-changed", "look-changed",
                                    "lesson-changed"};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    g_signal_connect(session, all[i], G_CALLBACK(changed), l);
  g_signal_connect(session, "selection-changed", G_CALLBACK(follow), l);
  g_signal_connect(session, "time-changed", G_CALLBACK(moved), l);
  changed(session, l);
  gtk_widget_show_all(l->box);
  return l->box;
}
