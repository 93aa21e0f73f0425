/* SPDX-License-Identifier: GPL-3.0-or-later */
/* topology.c -- hosts, links and the packets on their way.
 *
 * Two layers: hosts and links change with what is shown, the size and the look, and are kept in a
 * surface; packets are drawn over it at every move of the time cursor.
 *
 *     run:      every hop between leave and arrival is a packet at its share of the way; a hop that
 *               just ended leaves a trail, so that a link of 20 µs is seen at all; a lost one ends
 *               in a cross
 *     capture:  the frame at the cursor is drawn on the line between its two addresses
 *
 * Colour says the protocol, and a label says it again. */
#include "gui/topology.h"

#include <math.h>

#include "gui/canvas.h"
#include "gui/hosts.h"
#include "gui/label_place.h"
#include "gui/sentence.h"
#include "gui/style.h"
#include "gui/topology_icons.h"
#include "gui/what_if_menu.h"

#define TEXT_PIXELS 12.5
#define SMALL_PIXELS 10.5
#define HOST_PIXELS 40.0 /* the icon's square */
/* A hop that has ended is shown this long, in real time at the current speed. */
#define TRAIL_REAL_S 0.5
enum { PACKETS_DRAWN_MAX = 200, INFO_CHARS_MAX = 46 };

struct drawn_packet {
  uint32_t frame;
  double x, y;
};

struct topology {
  Session *session;
  GtkWidget *canvas;
  cairo_surface_t *still; /* hosts and links */
  int width, height;
  GArray *packets; /* struct drawn_packet, as last drawn */
  GArray *taken;   /* struct label_rect: icons and names of the still layer */
  uint32_t focus;  /* host that the keyboard is on */
};

/* ---- places ---- */

static double
unit(struct topology *t)
{
  double room = MIN(t->width / 760.0, t->height / 300.0), scale = session_scale(t->session);
  return CLAMP(room, 0.62 * scale, 1.5 * scale);
}

/* Words stay readable where pictures may shrink. */
static double
text_unit(struct topology *t)
{
  return MAX(unit(t), 0.84 * session_scale(t->session));
}

/* Hosts keep a margin for their names. */
static void
place_of(struct topology *t, uint32_t host, double *x, double *y)
{
  const struct host_row *r = hosts_get(hosts_of(t->session), host);
  double u = unit(t), left = 66 * u, top = 26 * u, bottom = 20 * u + 46 * text_unit(t);
  *x = left + r->x * MAX(t->width - 2 * left, 1);
  *y = top + r->y * MAX(t->height - top - bottom, 1);
}

/* ---- hosts ---- */

static void
take(struct topology *t, double x, double y, double width, double height)
{
  struct label_rect r = {x, y, width, height};
  g_array_append_val(t->taken, r);
}

/* Text on a plate of paper, over any link. At (x, y) is the middle of its upper
 * edge (`side` 0), of its lower edge (2), or the middle of its left (1) or right (-1) edge. Returns
 * its extents. */
static struct label_rect
draw_plate(struct topology *t, cairo_t *cr, double x, double y, int side, double pixels,
           const char *color, const char *text, double width_max)
{
  g_autoptr(PangoLayout) layout = style_layout(t->canvas, pixels, FALSE);
  PangoRectangle ink;
  pango_layout_set_text(layout, text, -1);
  pango_layout_set_alignment(layout,
                             side == 0 || side == 2 ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
  pango_layout_set_width(layout, (int)(width_max * PANGO_SCALE));
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_height(layout, -2);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  pango_layout_get_pixel_extents(layout, NULL, &ink);
  x -= ink.x + (side == 1 ? 0 : side < 0 ? ink.width : ink.width / 2.0);
  y -= side == 0 ? 0 : side == 2 ? ink.height : ink.height / 2.0;
  x = CLAMP(x, 2 - ink.x, MAX(2, t->width - 2 - ink.width) - ink.x);
  topology_rounded(cr, x + ink.x - 3, y, ink.width + 6, ink.height, 3);
  style_set_source_alpha(cr, t->canvas, "paper", 0.92);
  cairo_fill(cr);
  cairo_move_to(cr, x, y);
  style_set_source(cr, t->canvas, color);
  pango_cairo_show_layout(cr, layout);
  return (struct label_rect){x + ink.x, y, ink.width, ink.height};
}

static double
draw_text(struct topology *t, cairo_t *cr, double x, double y, double pixels, const char *color,
          const char *text, double width_max)
{
  return draw_plate(t, cr, x, y, 0, pixels, color, text, width_max).height;
}

static const struct label_rect *
taken(struct topology *t)
{
  return (const struct label_rect *)(const void *)t->taken->data;
}

/* The name or address of a host, which later labels leave free. `must`: drawn even where it covers
 * another; one that need not be is left out there: selecting the host tells it. Returns its height.
 */
static double
draw_name(struct topology *t, cairo_t *cr, double x, double y, int side, double pixels,
          const char *color, const char *text, gboolean must)
{
  cairo_push_group(cr);
  struct label_rect r = draw_plate(t, cr, x, y, side, pixels, color, text, 124 * text_unit(t));
  cairo_pattern_t *drawn = cairo_pop_group(cr);
  if (must || !label_covers(&r, taken(t), t->taken->len)) {
    cairo_set_source(cr, drawn);
    cairo_paint(cr);
    take(t, r.x, r.y, r.width, r.height);
  }
  cairo_pattern_destroy(drawn);
  return r.height;
}

/* The selected packet's label: on a framed plate where it covers no host and no name. */
static void
draw_label(struct topology *t, cairo_t *cr, double x, double y, const char *color, const char *text)
{
  double tu = text_unit(t), pad = 5 * tu;
  g_autoptr(PangoLayout) layout = style_layout(t->canvas, TEXT_PIXELS * tu, FALSE);
  int width, height;
  pango_layout_set_text(layout, text, -1);
  pango_layout_set_width(layout, (int)(MIN(230 * tu, t->width * 0.6) * PANGO_SCALE));
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_height(layout, -2);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  pango_layout_get_pixel_size(layout, &width, &height);
  struct label_rect r = label_place(x, y, 20 * unit(t), width + 2 * pad, height + pad, t->width,
                                    t->height, taken(t), t->taken->len);
  cairo_new_path(cr);
  topology_rounded(cr, r.x + 0.5, r.y + 0.5, r.width - 1, r.height - 1, 4 * tu);
  style_set_source_alpha(cr, t->canvas, "paper", 0.95);
  cairo_fill_preserve(cr);
  style_set_source(cr, t->canvas, color);
  cairo_set_line_width(cr, 1);
  cairo_stroke(cr);
  cairo_move_to(cr, r.x + pad, r.y + pad / 2);
  pango_cairo_show_layout(cr, layout);
}

static double
icon_size(struct topology *t, const struct host_row *r)
{
  return HOST_PIXELS * unit(t) * (r->kind == HOST_SWITCH ? 0.8 : 1);
}

static void
draw_icon(struct topology *t, cairo_t *cr, uint32_t host)
{
  const struct host_row *r = hosts_get(hosts_of(t->session), host);
  double x, y, u = unit(t), size = icon_size(t, r);
  place_of(t, host, &x, &y);
  cairo_new_path(cr); /* text leaves a current point behind */
  cairo_save(cr);
  cairo_translate(cr, x, y);
  cairo_set_line_width(cr, 1.6 * u);
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  topology_draw_icon(t->canvas, cr, r, size);
  cairo_restore(cr);
  take(t, x - size / 2, y - size / 2, size, size);
}

static gboolean
is_between(const struct host_row *r)
{
  return r->kind == HOST_SWITCH || r->kind == HOST_ROUTER;
}

static void
draw_names(struct topology *t, cairo_t *cr, uint32_t host)
{
  const struct host_row *r = hosts_get(hosts_of(t->session), host);
  double x, y, tu = text_unit(t);
  place_of(t, host, &x, &y);
  y += icon_size(t, r) * 0.5 + 2;
  gboolean has_name = g_strcmp0(host_name(r), r->address) != 0;
  if (has_name)
    y += draw_name(t, cr, x, y, 0, TEXT_PIXELS * tu, "ink", host_name(r), !is_between(r));
  if (r->address[0])
    draw_name(t, cr, x, y, 0, SMALL_PIXELS * tu, has_name ? "faint" : "ink", r->address, !has_name);
}

static void
draw_still(struct topology *t, cairo_t *cr)
{
  struct hosts *h = hosts_of(t->session);
  double u = unit(t), x, y;
  g_array_set_size(t->taken, 0);
  cairo_set_line_width(cr, 1.5 * u);
  style_set_source(cr, t->canvas, "line");
  for (uint32_t i = 0; i < hosts_n_lines(h); i++) {
    const struct host_line *line = hosts_line(h, i);
    place_of(t, line->ends[0], &x, &y);
    cairo_move_to(cr, x, y);
    place_of(t, line->ends[1], &x, &y);
    cairo_line_to(cr, x, y);
  }
  cairo_stroke(cr);
  for (uint32_t i = 0; i < hosts_n(h); i++)
    draw_icon(t, cr, i);
  /* Where room is short, the names of the ends come first. */
  for (int between = 0; between < 2; between++)
    for (uint32_t i = 0; i < hosts_n(h); i++)
      if (is_between(hosts_get(h, i)) == between)
        draw_names(t, cr, i);
}

/* ---- packets ---- */

/* A short word for what the packet says: the summary's info without the rest of a long line. */
static char *
packet_label(struct topology *t, uint32_t frame, const char **color, char **protocol)
{
  struct decode *d = session_row_decode(t->session);
  decode_summary_only(d, frame);
  *color = style_protocol(d->summary.protocol);
  *protocol = g_strdup(d->summary.protocol ? d->summary.protocol : "?");
  const char *info = d->summary.info ? d->summary.info : "";
  if (g_utf8_strlen(info, -1) <= INFO_CHARS_MAX)
    return g_strdup(info);
  g_autofree char *cut = g_utf8_substring(info, 0, INFO_CHARS_MAX - 1);
  return g_strconcat(cut, "…", NULL);
}

static void
draw_envelope(struct topology *t, cairo_t *cr, double x, double y, const char *color,
              gboolean selected)
{
  double u = unit(t), w = 26 * u, h = 17 * u;
  cairo_save(cr);
  cairo_translate(cr, x, y);
  if (selected) {
    topology_rounded(cr, -w / 2 - 4 * u, -h / 2 - 4 * u, w + 8 * u, h + 8 * u, 5 * u);
    style_set_source(cr, t->canvas, "select");
    cairo_fill_preserve(cr);
    style_set_source(cr, t->canvas, "select_line");
    cairo_set_line_width(cr, 1.5 * u);
    cairo_stroke(cr);
  }
  topology_rounded(cr, -w / 2, -h / 2, w, h, 2 * u);
  style_set_source(cr, t->canvas, color);
  cairo_fill(cr);
  cairo_move_to(cr, -w / 2 + 2 * u, -h / 2 + 2 * u);
  cairo_line_to(cr, 0, h * 0.12);
  cairo_line_to(cr, w / 2 - 2 * u, -h / 2 + 2 * u);
  style_set_source(cr, t->canvas, "paper");
  cairo_set_line_width(cr, 1.4 * u);
  cairo_stroke(cr);
  cairo_restore(cr);
}

static void
draw_cross(struct topology *t, cairo_t *cr, double x, double y)
{
  double r = 9 * unit(t);
  cairo_move_to(cr, x - r, y - r);
  cairo_line_to(cr, x + r, y + r);
  cairo_move_to(cr, x + r, y - r);
  cairo_line_to(cr, x - r, y + r);
  style_set_source(cr, t->canvas, "risk");
  cairo_set_line_width(cr, 3.5 * unit(t));
  cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
  cairo_stroke(cr);
}

/* `level`: it moves along a level line, which its label must not cover. */
static void
draw_packet(struct topology *t, cairo_t *cr, uint32_t frame, double x, double y, gboolean lost,
            gboolean level)
{
  const char *color;
  g_autofree char *protocol = NULL;
  g_autofree char *info = packet_label(t, frame, &color, &protocol);
  gboolean selected = frame == session_frame(t->session);
  double u = unit(t);
  draw_envelope(t, cr, x, y, color, selected);
  if (lost) {
    draw_cross(t, cr, x, y);
    draw_text(t, cr, x, y + 13 * u, SMALL_PIXELS * u, "risk", lang_text("lost", "สูญหาย"), 120 * u);
  }
  if (selected) {
    g_autofree char *label = g_strdup_printf("%s  %s", protocol, info);
    draw_label(t, cr, x, y, color, label);
  } else {
    int side = level ? 2 : x < t->width * 0.55 ? 1 : -1; /* where there is more room */
    double away = 18 * u;
    draw_name(t, cr, level ? x : x + side * away, level ? y - 0.7 * away : y, side,
              SMALL_PIXELS * text_unit(t), color, protocol, FALSE);
  }
  struct drawn_packet drawn = {frame, x, y};
  g_array_append_val(t->packets, drawn);
}

static void
along(struct topology *t, uint32_t from, uint32_t to, double part, double *x, double *y)
{
  double x0, y0, x1, y1;
  place_of(t, from, &x0, &y0);
  place_of(t, to, &x1, &y1);
  /* Packets leave at the edge of a host's icon, not from its middle. */
  double length = hypot(x1 - x0, y1 - y0), edge = MIN(24 * unit(t) / MAX(length, 1), 0.4);
  part = edge + part * (1 - 2 * edge);
  *x = x0 + (x1 - x0) * part;
  *y = y0 + (y1 - y0) * part;
}

static gboolean
is_level(struct topology *t, uint32_t from, uint32_t to)
{
  double x0, y0, x1, y1;
  place_of(t, from, &x0, &y0);
  place_of(t, to, &x1, &y1);
  return fabs(y1 - y0) < 0.35 * fabs(x1 - x0);
}

static void
hop_line(struct topology *t, cairo_t *cr, uint32_t from, uint32_t to, double part,
         const char *color, double alpha)
{
  double x, y;
  along(t, from, to, 0, &x, &y);
  cairo_move_to(cr, x, y);
  along(t, from, to, part, &x, &y);
  cairo_line_to(cr, x, y);
  style_set_source_alpha(cr, t->canvas, color, alpha);
  cairo_set_line_width(cr, 4 * unit(t));
  cairo_stroke(cr);
}

static void
draw_lost(struct topology *t, cairo_t *cr, const struct run_flight *f)
{
  double x, y;
  along(t, f->from_host, f->to_host, 0.5, &x, &y);
  draw_cross(t, cr, x, y);
  draw_text(t, cr, x, y + 13 * unit(t), SMALL_PIXELS * text_unit(t), "risk",
            lang_text("lost", "สูญหาย"), 120 * text_unit(t));
}

/* The selected frame's whole way: each hop as a line, so that a step shows where it went. */
static void
draw_way_of_selected(struct topology *t, cairo_t *cr, const struct run_flight *all)
{
  const uint32_t *flights;
  uint32_t frame = session_frame(t->session);
  if (frame == SESSION_NONE)
    return;
  uint32_t n = hosts_flights(hosts_of(t->session), frame, &flights);
  struct decode *d = session_row_decode(t->session);
  decode_summary_only(d, frame);
  const char *color = style_protocol(d->summary.protocol);
  for (uint32_t i = 0; i < n; i++) {
    const struct run_flight *f = &all[flights[i]];
    hop_line(t, cr, f->from_host, f->to_host, f->is_lost ? 0.5 : 1, color, 0.35);
    if (f->is_lost)
      draw_lost(t, cr, f);
  }
}

/* Whether anything of the selected frame is on its way now; if not, it is drawn at rest. */
static void
draw_flights(struct topology *t, cairo_t *cr)
{
  size_t n = 0;
  Session *s = t->session;
  const struct run_flight *all = run_flights(session_run(s), &n);
  int64_t now = session_time(s), trail = (int64_t)(TRAIL_REAL_S * 1e9 * session_speed(s));
  gboolean selected_moves = FALSE, playing = session_is_playing(s);
  /* A step shows its own packet and no other: what is still on its way would only be in the way. */
  gboolean is_step = !playing && session_frame(s) != SESSION_NONE &&
                     session_frame_time(s, session_frame(s)) == now;
  if (!playing)
    draw_way_of_selected(t, cr, all);
  size_t low = 0, high = n; /* the first flight that leaves behind now */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (all[middle].leave_ns > now)
      high = middle;
    else
      low = middle + 1;
  }
  for (size_t i = low, seen = 0; i-- > 0 && seen < PACKETS_DRAWN_MAX; seen++) {
    const struct run_flight *f = &all[i];
    int64_t end = MAX(f->arrive_ns, f->leave_ns + 1);
    double part = (double)(now - f->leave_ns) / (double)(end - f->leave_ns), x, y;
    if (f->frame == TRACE_NONE || now > end + trail || (is_step && f->frame != session_frame(s)))
      continue;
    if (f->is_lost && part >= 0.5) {
      along(t, f->from_host, f->to_host, 0.5, &x, &y);
      draw_packet(t, cr, f->frame, x, y, TRUE, is_level(t, f->from_host, f->to_host));
      selected_moves |= f->frame == session_frame(s);
    } else if (now <= end && (playing || part > 0)) {
      along(t, f->from_host, f->to_host, part, &x, &y);
      draw_packet(t, cr, f->frame, x, y, FALSE, is_level(t, f->from_host, f->to_host));
      selected_moves |= f->frame == session_frame(s);
    } else if (playing && now > end) {
      struct decode *d = session_row_decode(s);
      decode_summary_only(d, f->frame);
      hop_line(t, cr, f->from_host, f->to_host, 1, style_protocol(d->summary.protocol),
               0.5 * (1 - (double)(now - end) / (double)MAX(trail, 1)));
    }
  }
  const uint32_t *flights;
  uint32_t frame = session_frame(s);
  if (playing || selected_moves || frame == SESSION_NONE ||
      hosts_flights(hosts_of(s), frame, &flights) == 0)
    return;
  double x, y;
  const struct run_flight *first = &all[flights[0]];
  along(t, first->from_host, first->to_host, 0.5, &x, &y);
  draw_packet(t, cr, frame, x, y, first->is_lost, is_level(t, first->from_host, first->to_host));
}

static void
draw_capture_frame(struct topology *t, cairo_t *cr)
{
  uint32_t frame = session_frame(t->session);
  if (frame == SESSION_NONE)
    return;
  struct host_way way = hosts_way(hosts_of(t->session), frame);
  if (way.from == SESSION_NONE)
    return;
  double x, y;
  if (way.to == SESSION_NONE || way.to == way.from) {
    place_of(t, way.from, &x, &y);
    draw_packet(t, cr, frame, x + 46 * unit(t), y, FALSE, FALSE);
    return;
  }
  struct decode *d = session_row_decode(t->session);
  decode_summary_only(d, frame);
  hop_line(t, cr, way.from, way.to, 1, style_protocol(d->summary.protocol), 0.35);
  along(t, way.from, way.to, 0.62, &x, &y);
  draw_packet(t, cr, frame, x, y, FALSE, is_level(t, way.from, way.to));
}

static void
draw_host_mark(struct topology *t, cairo_t *cr, uint32_t host, const char *color)
{
  double x, y, u = unit(t), r = HOST_PIXELS * u * 0.64;
  if (host >= hosts_n(hosts_of(t->session)))
    return;
  place_of(t, host, &x, &y);
  topology_rounded(cr, x - r, y - r, 2 * r, 2 * r, 7 * u);
  style_set_source(cr, t->canvas, color);
  cairo_set_line_width(cr, 2.2 * u);
  cairo_stroke(cr);
}

static void
draw_empty(struct topology *t, cairo_t *cr)
{
  draw_text(
      t, cr, t->width / 2.0, t->height / 2.0 - 20, 15 * session_scale(t->session), "faint",
      session_is_loading(t->session, NULL)
          ? lang_text("Reading…", "กำลังอ่าน…")
          : lang_text("No conversation to draw. Open a lesson (Lessons) or a capture (Ctrl+O).",
                      "ไม่มีบทสนทนาให้วาด เปิดบทเรียน (ปุ่มบทเรียน) หรือไฟล์ดักจับ (Ctrl+O)"),
      MIN(t->width - 40, 520));
}

static void
draw(void *data, cairo_t *cr, int width, int height)
{
  struct topology *t = data;
  if (!t->still || width != t->width || height != t->height) {
    t->width = width;
    t->height = height;
    g_clear_pointer(&t->still, cairo_surface_destroy);
    t->still = gdk_window_create_similar_surface(gtk_widget_get_window(t->canvas),
                                                 CAIRO_CONTENT_COLOR_ALPHA, width, height);
    cairo_t *still = cairo_create(t->still);
    draw_still(t, still);
    cairo_destroy(still);
  }
  g_array_set_size(t->packets, 0);
  if (hosts_n(hosts_of(t->session)) == 0) {
    draw_empty(t, cr);
    return;
  }
  cairo_set_source_surface(cr, t->still, 0, 0);
  cairo_paint(cr);
  draw_host_mark(t, cr, session_host(t->session), "select_line");
  if (gtk_widget_has_focus(t->canvas))
    draw_host_mark(t, cr, t->focus, "client");
  guint n_still = t->taken->len; /* the labels of packets give way to each other, too */
  if (session_run(t->session))
    draw_flights(t, cr);
  else
    draw_capture_frame(t, cr);
  g_array_set_size(t->taken, n_still);
}

/* ---- selecting ---- */

static uint32_t
host_at(struct topology *t, double at_x, double at_y)
{
  for (uint32_t i = 0; i < hosts_n(hosts_of(t->session)); i++) {
    double x, y, r = HOST_PIXELS * unit(t) * 0.65;
    place_of(t, i, &x, &y);
    if (fabs(at_x - x) <= r && fabs(at_y - y) <= r)
      return i;
  }
  return SESSION_NONE;
}

static gboolean
pressed(GtkWidget *widget, GdkEventButton *event, struct topology *t)
{
  gtk_widget_grab_focus(widget);
  for (guint i = t->packets->len; i-- > 0;) {
    struct drawn_packet *p = &g_array_index(t->packets, struct drawn_packet, i);
    if (fabs(event->x - p->x) <= 18 * unit(t) && fabs(event->y - p->y) <= 13 * unit(t)) {
      session_select_frame(t->session, p->frame);
      if (gdk_event_triggers_context_menu((GdkEvent *)event))
        what_if_popup(widget, t->session, (GdkEvent *)event);
      return GDK_EVENT_STOP;
    }
  }
  uint32_t host = host_at(t, event->x, event->y);
  if (host != SESSION_NONE)
    t->focus = host;
  session_select_host(t->session, host);
  gtk_widget_queue_draw(widget);
  return GDK_EVENT_STOP;
}

static gboolean
menu_key(GtkWidget *widget, struct topology *t)
{
  what_if_popup(widget, t->session, NULL);
  return TRUE;
}

/* Up and Down walk the hosts, Return selects one; Left and Right stay with time. */
static gboolean
key(GtkWidget *widget, GdkEventKey *event, struct topology *t)
{
  uint32_t n = hosts_n(hosts_of(t->session));
  if (n == 0 || (event->state & gtk_accelerator_get_default_mod_mask()))
    return GDK_EVENT_PROPAGATE;
  switch (event->keyval) {
  case GDK_KEY_Down:
    t->focus = (t->focus + 1) % n;
    break;
  case GDK_KEY_Up:
    t->focus = (t->focus + n - 1) % n;
    break;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
    session_select_host(t->session, t->focus);
    break;
  default:
    return GDK_EVENT_PROPAGATE;
  }
  gtk_widget_queue_draw(widget);
  return GDK_EVENT_STOP;
}

/* ---- for assistive technology ---- */

static unsigned
n_items(void *data)
{
  return hosts_n(hosts_of(((struct topology *)data)->session));
}

static char *
item_name(void *data, unsigned item)
{
  const struct host_row *r = hosts_get(hosts_of(((struct topology *)data)->session), item);
  if (!r->address[0] || g_strcmp0(host_name(r), r->address) == 0)
    return g_strdup(host_name(r));
  return g_strdup_printf("%s, %s", host_name(r), r->address);
}

static gboolean
item_place(void *data, unsigned item, GdkRectangle *place)
{
  struct topology *t = data;
  double x, y, r = HOST_PIXELS * unit(t) / 2;
  place_of(t, item, &x, &y);
  *place = (GdkRectangle){(int)(x - r), (int)(y - r), (int)(2 * r), (int)(2 * r)};
  return TRUE;
}

static void
item_activate(void *data, unsigned item)
{
  session_select_host(((struct topology *)data)->session, item);
}

static gboolean
item_is_selected(void *data, unsigned item)
{
  return session_host(((struct topology *)data)->session) == item;
}

static const struct canvas_ops ops = {draw,       n_items,       item_name,
                                      item_place, item_activate, item_is_selected};

/* ---- following the session ---- */

static void
say(Session *session, struct topology *t)
{
  g_autofree char *sentence = sentence_selection(session);
  canvas_say(t->canvas, lang_text("Network", "เครือข่าย"), sentence);
  gtk_widget_queue_draw(t->canvas);
}

static void
redraw_all(Session *session, struct topology *t)
{
  g_clear_pointer(&t->still, cairo_surface_destroy);
  if (t->focus >= hosts_n(hosts_of(session)))
    t->focus = 0;
  canvas_items_changed(t->canvas);
  say(session, t);
}

static void
moved(Session *session, struct topology *t)
{
  gtk_widget_queue_draw(t->canvas);
}

static void
topology_free(GtkWidget *canvas, struct topology *t)
{
  g_signal_handlers_disconnect_by_data(t->session, t);
  g_clear_pointer(&t->still, cairo_surface_destroy);
  g_array_unref(t->packets);
  g_array_unref(t->taken);
  g_object_unref(t->session);
  g_free(t);
}

GtkWidget *
topology_new(Session *session)
{
  struct topology *t = g_new0(struct topology, 1);
  t->session = g_object_ref(session);
  t->packets = g_array_new(FALSE, FALSE, sizeof(struct drawn_packet));
  t->taken = g_array_new(FALSE, FALSE, sizeof(struct label_rect));
  t->canvas = canvas_new(&ops, t);
  gtk_widget_set_size_request(t->canvas, 200, 120);
  g_signal_connect(t->canvas, "button-press-event", G_CALLBACK(pressed), t);
  g_signal_connect(t->canvas, "key-press-event", G_CALLBACK(key), t);
  g_signal_connect(t->canvas, "popup-menu", G_CALLBACK(menu_key), t);
  g_signal_connect(t->canvas, "destroy", G_CALLBACK(topology_free), t);
  g_signal_connect_swapped(t->canvas, "style-updated", G_CALLBACK(gtk_widget_queue_draw),
                           t->canvas);
  g_signal_connect(session, "loaded", G_CALLBACK(redraw_all), t);
  g_signal_connect(session, "frames-added", G_CALLBACK(redraw_all), t);
  g_signal_connect(session, "look-changed", G_CALLBACK(redraw_all), t);
  g_signal_connect(session, "selection-changed", G_CALLBACK(say), t);
  g_signal_connect(session, "playing-changed", G_CALLBACK(moved), t);
  g_signal_connect(session, "time-changed", G_CALLBACK(moved), t);
  redraw_all(session, t);
  gtk_widget_show(t->canvas);
  return t->canvas;
}
