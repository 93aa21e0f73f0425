/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_plot.c -- the pane around the picture of a TCP connection over time.
 *
 *     [Windows | Sequence numbers]  [alice-pc → mail server v]        [−][+][whole]
 *     the picture (tcp_plot_draw.c) of the curves (tcp_plot_model.c)
 *
 * A click puts the time cursor there (on a segment of the sequence picture: selects its frame); Up
 * and Down walk the connection's frames, + and − by the buttons widen and narrow the time that is
 * seen. */
#include "gui/tcp_plot.h"

#include <math.h>

#include "gui/canvas.h"
#include "gui/tcp_plot_private.h"

/* The narrowest stretch of time that is worth seeing. */
#define SPAN_MIN_NS (INT64_C(10) * 1000)
enum { ZOOM_OUT, ZOOM_IN, ZOOM_WHOLE };

static struct tcp_plot *
plot_of(GtkWidget *pane)
{
  return g_object_get_data(G_OBJECT(pane), "tcp-plot");
}

static gboolean
has_curves(const struct tcp_plot *p)
{
  return p->model.flow != TRACE_NONE && p->model.is_tcp;
}

/* ---- what is seen ---- */

static void
see_whole(struct tcp_plot *p)
{
  int64_t span = MAX(p->model.last_ns - p->model.first_ns, SPAN_MIN_NS);
  p->from_ns = p->model.first_ns - span / 50;
  p->to_ns = p->model.first_ns + span + span / 50;
}

/* Around a time that stays where it is. */
static void
see_part(struct tcp_plot *p, int64_t around_ns, double factor)
{
  int64_t whole = MAX(p->model.last_ns - p->model.first_ns, SPAN_MIN_NS);
  double span = (double)(p->to_ns - p->from_ns);
  if (span * factor > (double)whole * 1.04) {
    see_whole(p);
  } else if (span * factor >= SPAN_MIN_NS) {
    p->from_ns = around_ns - (int64_t)((double)(around_ns - p->from_ns) * factor);
    p->to_ns = p->from_ns + (int64_t)(span * factor);
  }
  gtk_widget_queue_draw(p->canvas);
}

static void
zoom_clicked(GtkWidget *button, struct tcp_plot *p)
{
  int64_t now = session_time(p->session);
  if (now < p->from_ns || now > p->to_ns)
    now = p->from_ns + (p->to_ns - p->from_ns) / 2;
  if (button == p->zooms[ZOOM_WHOLE]) {
    see_whole(p);
    gtk_widget_queue_draw(p->canvas);
  } else {
    see_part(p, now, button == p->zooms[ZOOM_IN] ? 0.5 : 2);
  }
}

static gboolean
scrolled(GtkWidget *canvas, GdkEventScroll *event, struct tcp_plot *p)
{
  double dx = 0, dy = 0;
  if (event->state & GDK_CONTROL_MASK)
    return GDK_EVENT_PROPAGATE;
  if (!gdk_event_get_scroll_deltas((GdkEvent *)event, &dx, &dy))
    dy = event->direction == GDK_SCROLL_UP ? -1 : event->direction == GDK_SCROLL_DOWN ? 1 : 0;
  see_part(p, tcp_plot_time(p, event->x), pow(1.25, dy));
  return GDK_EVENT_STOP;
}

/* A cursor that leaves what is seen takes the view along. */
static void
follow_cursor(struct tcp_plot *p)
{
  int64_t now = session_time(p->session), span = p->to_ns - p->from_ns;
  if ((now < p->from_ns || now > p->to_ns) && now >= p->model.first_ns && now <= p->model.last_ns) {
    p->from_ns = now - span / 2;
    p->to_ns = p->from_ns + span;
  }
}

/* ---- selecting ---- */

static uint32_t
segment_near(struct tcp_plot *p, double x, double y)
{
  double best = 14 * session_scale(p->session);
  uint32_t found = SESSION_NONE;
  for (guint i = 0; i < p->model.segments->len; i++) {
    const struct plot_segment *s = &g_array_index(p->model.segments, struct plot_segment, i);
    double y0 = tcp_plot_y(p, s->first), y1 = tcp_plot_y(p, s->last);
    double dy = y > y0 ? y - y0 : y < y1 ? y1 - y : 0;
    double d = hypot(tcp_plot_x(p, s->time_ns) - x, dy);
    if (d < best) {
      best = d;
      found = s->frame;
    }
  }
  return found;
}

static gboolean
pressed(GtkWidget *canvas, GdkEventButton *event, struct tcp_plot *p)
{
  gtk_widget_grab_focus(canvas);
  if (!has_curves(p) || event->button != 1)
    return GDK_EVENT_PROPAGATE;
  uint32_t frame = p->mode == PLOT_SEQUENCE ? segment_near(p, event->x, event->y) : SESSION_NONE;
  session_set_playing(p->session, FALSE);
  if (frame != SESSION_NONE && frame < session_barrier(p->session))
    session_select_frame(p->session, frame);
  else if (event->x >= p->x)
    session_set_time(p->session, tcp_plot_time(p, event->x));
  return GDK_EVENT_STOP;
}

static gboolean
key(GtkWidget *canvas, GdkEventKey *event, struct tcp_plot *p)
{
  gboolean down = event->keyval == GDK_KEY_Down;
  uint32_t frame = session_frame(p->session);
  if ((!down && event->keyval != GDK_KEY_Up) || !has_curves(p) || frame == SESSION_NONE ||
      (event->state & gtk_accelerator_get_default_mod_mask()))
    return GDK_EVENT_PROPAGATE;
  const struct trace_frame f = trace_frame(session_trace(p->session), frame);
  uint32_t to = down ? f.next_in_flow : f.prev_in_flow;
  if (to != TRACE_NONE && to < session_barrier(p->session))
    session_select_frame(p->session, to);
  return GDK_EVENT_STOP;
}

/* ---- drawing ---- */

static const char *
empty_text(const struct tcp_plot *p)
{
  if (p->model.flow == TRACE_NONE)
    return lang_text("Select a frame of a TCP connection to see its windows over time.",
                     "เลือกเฟรมของการเชื่อมต่อ TCP เพื่อดูหน้าต่างตามเวลา");
  return lang_text("UDP has no windows: nothing limits what its sender may send.",
                   "UDP ไม่มีหน้าต่าง จึงไม่มีสิ่งใดจำกัดปริมาณที่ผู้ส่งส่งได้");
}

static void
draw(void *data, cairo_t *cr, int width, int height)
{
  struct tcp_plot *p = data;
  if (has_curves(p)) {
    tcp_plot_draw(p, cr, width, height);
    return;
  }
  g_autoptr(PangoLayout) layout = style_layout(p->canvas, 14 * session_scale(p->session), FALSE);
  pango_layout_set_text(layout, empty_text(p), -1);
  pango_layout_set_width(layout, MAX(width - 32, 20) * PANGO_SCALE);
  cairo_move_to(cr, 16, 16);
  style_set_source(cr, p->canvas, "faint");
  pango_cairo_show_layout(cr, layout);
}

/* ---- for assistive technology: a row per line, then the segments ---- */

static unsigned
n_lines(const struct tcp_plot *p)
{
  unsigned n;
  tcp_plot_lines(p->mode, &n);
  return n;
}

static unsigned
n_items(void *data)
{
  struct tcp_plot *p = data;
  return has_curves(p) ? n_lines(p) + p->model.segments->len : 0;
}

static char *
line_name(struct tcp_plot *p, enum plot_line line)
{
  g_autofree char *value = tcp_plot_say_value(p, line, session_time(p->session));
  return g_strdup_printf(lang_text("%1$s (%2$s)", "%1$s (%2$s)"), value,
                         lang_pick(plot_line_rows[line].meaning));
}

static char *
item_name(void *data, unsigned item)
{
  struct tcp_plot *p = data;
  unsigned n;
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  if (item < n)
    return line_name(p, lines[item]);
  if (item - n >= p->model.segments->len)
    return g_strdup("");
  const struct plot_segment *s = &g_array_index(p->model.segments, struct plot_segment, item - n);
  g_autofree char *first = pane_format_count((uint64_t)MAX(s->first, 0));
  g_autofree char *last = pane_format_count((uint64_t)MAX(s->last, 0));
  g_autofree char *time = pane_format_time(s->time_ns);
  return g_strdup_printf(s->is_again
                             ? lang_text("Frame %1$u at %2$s: octets %3$s to %4$s, sent again",
                                         "เฟรม %1$u ที่ %2$s: ออกเตต %3$s ถึง %4$s ส่งซ้ำ")
                             : lang_text("Frame %1$u at %2$s: octets %3$s to %4$s",
                                         "เฟรม %1$u ที่ %2$s: ออกเตต %3$s ถึง %4$s"),
                         s->frame + 1, time, first, last);
}

static gboolean
item_place(void *data, unsigned item, GdkRectangle *place)
{
  struct tcp_plot *p = data;
  unsigned n = n_lines(p);
  *place = (GdkRectangle){(int)p->x, (int)p->y, (int)p->width, (int)p->height};
  if (item < n || item - n >= p->model.segments->len)
    return TRUE;
  const struct plot_segment *s = &g_array_index(p->model.segments, struct plot_segment, item - n);
  double y0 = tcp_plot_y(p, s->first), y1 = tcp_plot_y(p, s->last);
  *place = (GdkRectangle){(int)tcp_plot_x(p, s->time_ns) - 2, (int)y1, 4, (int)MAX(y0 - y1, 2)};
  return TRUE;
}

static void
item_activate(void *data, unsigned item)
{
  struct tcp_plot *p = data;
  unsigned n = n_lines(p);
  if (item < n || item - n >= p->model.segments->len)
    return;
  uint32_t frame = g_array_index(p->model.segments, struct plot_segment, item - n).frame;
  if (frame < session_barrier(p->session))
    session_select_frame(p->session, frame);
}

static gboolean
item_is_selected(void *data, unsigned item)
{
  struct tcp_plot *p = data;
  unsigned n = n_lines(p);
  return item >= n && item - n < p->model.segments->len &&
         g_array_index(p->model.segments, struct plot_segment, item - n).frame ==
             session_frame(p->session);
}

static const struct canvas_ops ops = {draw,       n_items,       item_name,
                                      item_place, item_activate, item_is_selected};

/* ---- following the session ---- */

static void
say(struct tcp_plot *p)
{
  GString *out = g_string_new(NULL);
  unsigned n;
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  const char *phase = tcp_plot_phase_at(&p->model, session_time(p->session));
  if (!has_curves(p))
    g_string_append(out, empty_text(p));
  else
    for (unsigned i = n; i-- > 0;)
      if (p->model.lines[lines[i]]->len > 0) {
        g_autofree char *text = line_name(p, lines[i]);
        g_string_append_printf(out, "%s ", text);
      }
  if (has_curves(p) && phase)
    g_string_append(out, tcp_plot_phase_name(phase));
  canvas_say(p->canvas, lang_text("TCP over time", "TCP ตามเวลา"), out->str);
  g_string_free(out, TRUE);
}

static void
label_directions(struct tcp_plot *p)
{
  GtkComboBoxText *box = GTK_COMBO_BOX_TEXT(p->direction);
  p->is_relabelling = TRUE;
  gtk_combo_box_text_remove_all(box);
  gtk_widget_set_sensitive(p->direction, has_curves(p));
  for (int side = 0; side < 2 && has_curves(p); side++) {
    g_autofree char *from = flow_view_end_name(p->session, p->model.flow, (enum side)side);
    g_autofree char *to = flow_view_end_name(p->session, p->model.flow, (enum side) !side);
    g_autofree char *text = g_strdup_printf("%s → %s", from, to);
    gtk_combo_box_text_append_text(box, text);
  }
  if (has_curves(p))
    gtk_combo_box_set_active(GTK_COMBO_BOX(box), (int)p->model.from);
  p->is_relabelling = FALSE;
}

static void
relabel(struct tcp_plot *p)
{
  const char *modes[] = {lang_text("Windows", "หน้าต่าง"),
                         lang_text("Sequence numbers", "หมายเลขลำดับ")};
  const char *zooms[] = {lang_text("See more time", "ดูช่วงเวลากว้างขึ้น"),
                         lang_text("See less time, larger", "ดูช่วงเวลาแคบลงให้ใหญ่ขึ้น"),
                         lang_text("See the whole connection", "ดูทั้งการเชื่อมต่อ")};
  for (int i = 0; i < N_PLOT_MODES; i++)
    gtk_button_set_label(GTK_BUTTON(p->modes[i]), modes[i]);
  for (int i = 0; i < 3; i++) {
    gtk_widget_set_tooltip_text(p->zooms[i], zooms[i]);
    atk_object_set_name(gtk_widget_get_accessible(p->zooms[i]), zooms[i]);
  }
  pane_set_accessible(p->direction, lang_text("Direction", "ทิศทาง"),
                      lang_text("Whose octets are drawn", "วาดออกเตตของฝั่งใด"));
}

/* Curves of an unknown end: a capture does not show what a sender allows itself. */
static void
update_note(struct tcp_plot *p)
{
  const char *text = "";
  if (has_curves(p) && p->model.is_cut)
    text = lang_text("A long connection: its first 20,000 segments are drawn.",
                     "การเชื่อมต่อนี้ยาว จึงวาดเฉพาะ 20,000 เซกเมนต์แรก");
  else if (has_curves(p) && !session_run(p->session) && p->mode == PLOT_WINDOWS)
    text = lang_text("cwnd and ssthresh live inside the sender: a capture does not show them.",
                     "cwnd และ ssthresh อยู่ภายในฝั่งส่ง ไฟล์ดักจับจึงมองไม่เห็น");
  gtk_label_set_text(GTK_LABEL(p->note), text);
  gtk_widget_set_visible(p->note, *text != '\0');
}

static void
load(struct tcp_plot *p)
{
  uint32_t flow = session_flow(p->session);
  enum side side = p->side >= 0 ? (enum side)p->side : SIDE_CLIENT;
  if (p->side < 0 && flow != SESSION_NONE && flow < trace_n_flows(session_trace(p->session)))
    side = tcp_plot_model_busier(p->session, flow);
  tcp_plot_model_load(&p->model, p->session, side);
  p->generation = session_generation(p->session);
  p->flow = flow;
  p->n_frames = trace_n_frames(session_trace(p->session));
  see_whole(p);
  label_directions(p);
  canvas_items_changed(p->canvas);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct tcp_plot *p = plot_of(pane);
  gboolean other =
      p->generation != session_generation(p->session) || p->flow != session_flow(p->session);
  if (other)
    p->side = -1;
  if (other || p->n_frames != trace_n_frames(session_trace(p->session)))
    load(p);
  if (news & PANE_LOOK) {
    relabel(p);
    label_directions(p);
  }
  update_note(p);
  follow_cursor(p);
  say(p);
  gtk_widget_queue_draw(p->canvas);
}

static void
mode_toggled(GtkToggleButton *button, struct tcp_plot *p)
{
  if (!gtk_toggle_button_get_active(button))
    return;
  p->mode = GTK_WIDGET(button) == p->modes[PLOT_SEQUENCE] ? PLOT_SEQUENCE : PLOT_WINDOWS;
  update_note(p);
  say(p);
  canvas_items_changed(p->canvas);
  gtk_widget_queue_draw(p->canvas);
}

static void
direction_chosen(GtkComboBox *box, struct tcp_plot *p)
{
  int side = gtk_combo_box_get_active(box);
  if (p->is_relabelling || side < 0)
    return;
  p->side = side;
  load(p);
  update_note(p);
  say(p);
  gtk_widget_queue_draw(p->canvas);
}

static void
plot_free(gpointer data)
{
  struct tcp_plot *p = data;
  tcp_plot_model_clear(&p->model);
  g_object_unref(p->session);
  g_free(p);
}

static GtkWidget *
make_bar(struct tcp_plot *p)
{
  static const char *const icons[] = {"zoom-out-symbolic", "zoom-in-symbolic",
                                      "zoom-fit-best-symbolic"};
  GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *joined = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(bar), "env-top-bar");
  gtk_style_context_add_class(gtk_widget_get_style_context(joined), "linked");
  p->modes[0] = gtk_radio_button_new(NULL);
  p->modes[1] = gtk_radio_button_new_from_widget(GTK_RADIO_BUTTON(p->modes[0]));
  for (int i = 0; i < N_PLOT_MODES; i++) {
    gtk_toggle_button_set_mode(GTK_TOGGLE_BUTTON(p->modes[i]), FALSE);
    gtk_box_pack_start(GTK_BOX(joined), p->modes[i], FALSE, FALSE, 0);
    g_signal_connect(p->modes[i], "toggled", G_CALLBACK(mode_toggled), p);
  }
  gtk_box_pack_start(GTK_BOX(bar), joined, FALSE, FALSE, 0);
  p->direction = gtk_combo_box_text_new();
  g_autoptr(GList) cells = gtk_cell_layout_get_cells(GTK_CELL_LAYOUT(p->direction));
  g_object_set(cells->data, "ellipsize", PANGO_ELLIPSIZE_MIDDLE, "width-chars", 12, NULL);
  g_signal_connect(p->direction, "changed", G_CALLBACK(direction_chosen), p);
  gtk_box_pack_start(GTK_BOX(bar), p->direction, TRUE, TRUE, 0);
  for (int i = 0; i < 3; i++) {
    p->zooms[i] = gtk_button_new_from_icon_name(icons[i], GTK_ICON_SIZE_BUTTON);
    gtk_button_set_relief(GTK_BUTTON(p->zooms[i]), GTK_RELIEF_NONE);
    g_signal_connect(p->zooms[i], "clicked", G_CALLBACK(zoom_clicked), p);
    gtk_box_pack_start(GTK_BOX(bar), p->zooms[i], FALSE, FALSE, 0);
  }
  return bar;
}

GtkWidget *
tcp_plot_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct tcp_plot *p = g_new0(struct tcp_plot, 1);
  p->session = g_object_ref(session);
  p->side = -1;
  p->flow = SESSION_NONE;
  p->generation = UINT_MAX;
  tcp_plot_model_init(&p->model);
  g_object_set_data_full(G_OBJECT(pane), "tcp-plot", p, plot_free);
  p->canvas = canvas_new(&ops, p);
  gtk_widget_set_size_request(p->canvas, 200, 140);
  g_signal_connect(p->canvas, "button-press-event", G_CALLBACK(pressed), p);
  g_signal_connect(p->canvas, "scroll-event", G_CALLBACK(scrolled), p);
  g_signal_connect(p->canvas, "key-press-event", G_CALLBACK(key), p);
  p->note = pane_label("env-message", FALSE);
  gtk_widget_set_no_show_all(p->note, TRUE);
  gtk_box_pack_start(GTK_BOX(pane), make_bar(p), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->canvas, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(pane), p->note, FALSE, FALSE, 4);
  pane_attach(pane, session, PANE_LOADED | PANE_FRAMES | PANE_SELECTION | PANE_TIME | PANE_LOOK,
              update);
  gtk_widget_show_all(pane);
  return pane;
}
