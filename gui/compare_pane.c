/* SPDX-License-Identifier: GPL-3.0-or-later */
/* compare_pane.c -- two ladders with the same rows: what happened, and what happens in the branch.
 *
 *     Original                     │ =  │ Branch
 *      time    alice     server    │    │  time    alice     server
 *      0.510   │── MAIL ──>│       │ ≠  │  0.510   │── MAIL ─×         lost in the second run only
 *              (nothing)           │ +  │  0.710   │── MAIL ──>│
 *
 * The sign between them says how a row differs (= same, ~ other time, ≠ changed, − only in the
 * original,
 * + only in the branch), and a line below the head says why for the selected row. The first
 * difference carries a bar. Rows are drawn from the scroll position, as in the ladder. */
#include "gui/compare_pane.h"

#include <math.h>

#include "gui/canvas.h"
#include "gui/hosts.h"
#include "gui/pane.h"
#include "gui/style.h"
#include "lessons/compare.h"

#define TEXT_PIXELS 11.5
#define TIME_PIXELS 10.5

/* Where a frame of a run comes from and goes to. */
struct way {
  uint32_t from, to;
  gboolean is_lost;
};

struct compare_pane {
  Session *session;
  GtkWidget *canvas, *why, *first;
  GtkAdjustment *adjustment; /* in rows */
  struct compare *compare;   /* NULL: no branch is shown */
  struct decode *decodes[2];
  GArray *ways[2]; /* struct way by frame */
  unsigned generation;
  guint row; /* the selected one */
  double row_height, head, gutter;
  int width, height;
};

static struct compare_pane *
pane_of(GtkWidget *pane)
{
  return g_object_get_data(G_OBJECT(pane), "compare-pane");
}

static const struct compare_row *
row_at(const struct compare_pane *p, guint i)
{
  return &g_array_index(p->compare->rows, struct compare_row, i);
}

static guint
n_rows(const struct compare_pane *p)
{
  return p->compare ? p->compare->rows->len : 0;
}

/* ---- loading ---- */

static void
forget(struct compare_pane *p)
{
  g_clear_pointer(&p->compare, compare_free);
  for (int i = 0; i < 2; i++) {
    g_clear_pointer(&p->decodes[i], decode_free);
    g_array_set_size(p->ways[i], 0);
  }
}

static void
find_ways(GArray *ways, const struct run *run)
{
  size_t n = 0;
  const struct run_flight *all = run_flights(run, &n);
  struct way none = {SESSION_NONE, SESSION_NONE, FALSE};
  g_array_set_size(ways, 0);
  for (uint32_t i = 0; i < trace_n_frames(run_trace(run)); i++)
    g_array_append_val(ways, none);
  for (size_t i = 0; i < n; i++) {
    if (all[i].frame == TRACE_NONE || all[i].frame >= ways->len)
      continue;
    struct way *w = &g_array_index(ways, struct way, all[i].frame);
    if (w->from == SESSION_NONE)
      w->from = all[i].from_host;
    w->to = all[i].to_host;
    w->is_lost |= all[i].is_lost;
  }
}

static void
load(struct compare_pane *p)
{
  forget(p);
  p->generation = session_generation(p->session);
  p->row = 0;
  if (!session_run(p->session) || session_n_branches(p->session) == 0)
    return;
  const struct run *runs[] = {session_original(p->session), session_run(p->session)};
  p->compare = compare_new(runs[0], runs[1]);
  for (int i = 0; i < 2; i++) {
    p->decodes[i] = decode_new(run_trace(runs[i]));
    decode_set_reveal(p->decodes[i], TRUE); /* runs show their secrets: they are the lesson */
    find_ways(p->ways[i], runs[i]);
  }
}

/* ---- drawing ---- */

static void
words(struct compare_pane *p, cairo_t *cr, double x, double y, double width, double pixels,
      const char *plate, const char *color, const char *text)
{
  g_autoptr(PangoLayout) layout =
      style_layout(p->canvas, pixels * session_scale(p->session), FALSE);
  pango_layout_set_text(layout, text, -1);
  pango_layout_set_single_paragraph_mode(layout, TRUE);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_width(layout, (int)(MAX(width, 8) * PANGO_SCALE));
  if (plate) { /* lanes do not cross the words */
    int w, h;
    pango_layout_get_pixel_size(layout, &w, &h);
    cairo_rectangle(cr, x - 2, y, w + 4, h);
    style_set_source(cr, p->canvas, plate);
    cairo_fill(cr);
  }
  cairo_move_to(cr, x, y);
  style_set_source(cr, p->canvas, color);
  pango_cairo_show_layout(cr, layout);
}

static double
half(const struct compare_pane *p)
{
  return (p->width - 26 * session_scale(p->session)) / 2;
}

static double
left_of(const struct compare_pane *p, int side)
{
  return side ? p->width - half(p) : 0;
}

static double
lane_x(const struct compare_pane *p, int side, uint32_t lane)
{
  uint32_t n = MAX(hosts_n_lanes(hosts_of(p->session)), 1);
  return left_of(p, side) + p->gutter + (half(p) - p->gutter) * (lane + 0.5) / n;
}

static uint32_t
lane_of(const struct compare_pane *p, uint32_t host)
{
  struct hosts *h = hosts_of(p->session);
  return host < hosts_n(h) ? hosts_get(h, host)->lane : SESSION_NONE;
}

static char *
label_of(struct compare_pane *p, int side, uint32_t frame, const char **color)
{
  struct decode *d = p->decodes[side];
  decode_summary_only(d, frame);
  *color = style_protocol(d->summary.protocol);
  return g_strdup_printf("%u  %s  %s", frame + 1, d->summary.protocol ? d->summary.protocol : "?",
                         d->summary.info ? d->summary.info : "");
}

static void
draw_arrow(struct compare_pane *p, cairo_t *cr, int side, const struct way *w, double y,
           const char *color)
{
  double s = session_scale(p->session);
  uint32_t from = lane_of(p, w->from), to = lane_of(p, w->to);
  if (from == SESSION_NONE)
    return;
  double x0 = lane_x(p, side, from);
  double x1 = to != SESSION_NONE && to != from
                  ? lane_x(p, side, to)
                  : x0 + 24 * s * (x0 > left_of(p, side) + half(p) * 0.7 ? -1 : 1);
  double way = x1 >= x0 ? 1 : -1, end = w->is_lost ? x0 + (x1 - x0) * 0.6 : x1;
  cairo_move_to(cr, x0, y);
  cairo_line_to(cr, end, y);
  style_set_source(cr, p->canvas, color);
  cairo_set_line_width(cr, 1.6 * s);
  cairo_stroke(cr);
  if (w->is_lost) {
    cairo_move_to(cr, end - 4 * s, y - 4 * s);
    cairo_line_to(cr, end + 4 * s, y + 4 * s);
    cairo_move_to(cr, end - 4 * s, y + 4 * s);
    cairo_line_to(cr, end + 4 * s, y - 4 * s);
    style_set_source(cr, p->canvas, "risk");
    cairo_set_line_width(cr, 2.4 * s);
    cairo_stroke(cr);
    return;
  }
  cairo_move_to(cr, end, y);
  cairo_line_to(cr, end - way * 7 * s, y - 4 * s);
  cairo_line_to(cr, end - way * 7 * s, y + 4 * s);
  cairo_close_path(cr);
  cairo_fill(cr);
}

static void
draw_side(struct compare_pane *p, cairo_t *cr, int side, uint32_t frame, double y)
{
  double s = session_scale(p->session), x = left_of(p, side);
  const struct run *runs[] = {p->compare->a, p->compare->b};
  const char *color;
  if (frame == TRACE_NONE) {
    words(p, cr, x + p->gutter, y + 2 * s, half(p) - p->gutter, TEXT_PIXELS, NULL, "faint",
          lang_text("(nothing here)", "(ไม่มี)"));
    return;
  }
  g_autofree char *label = label_of(p, side, frame, &color);
  g_autofree char *time =
      pane_format_time(trace_frame(run_trace(runs[side]), frame).time_ns - TRACE_SIM_EPOCH_NS);
  const struct way *w = &g_array_index(p->ways[side], struct way, frame);
  words(p, cr, x + 6 * s, y + 2 * s, p->gutter - 8 * s, TIME_PIXELS, NULL, "faint", time);
  words(p, cr, x + p->gutter, y + 2 * s, half(p) - p->gutter - 4 * s, TEXT_PIXELS, "paper",
        w->is_lost ? "risk" : color, label);
  draw_arrow(p, cr, side, w, y + p->row_height - 7 * s, color);
}

static const char *
sign_of(enum compare_kind kind)
{
  static const char *const signs[] = {[COMPARE_SAME] = "=",
                                      [COMPARE_MOVED] = "~",
                                      [COMPARE_CHANGED] = "≠",
                                      [COMPARE_ONLY_A] = "−",
                                      [COMPARE_ONLY_B] = "+"};
  return signs[kind];
}

static double
row_y(const struct compare_pane *p, guint row)
{
  return p->head + (row - gtk_adjustment_get_value(p->adjustment)) * p->row_height;
}

static void
draw_row(struct compare_pane *p, cairo_t *cr, guint i)
{
  const struct compare_row *row = row_at(p, i);
  double s = session_scale(p->session), y = row_y(p, i), middle = half(p);
  gboolean is_same = row->kind == COMPARE_SAME;
  cairo_rectangle(cr, middle, y, p->width - 2 * middle, p->row_height);
  style_set_source(cr, p->canvas, is_same ? "band" : "select");
  cairo_fill(cr);
  words(p, cr, middle + 8 * s, y + p->row_height / 4, 18 * s, 14, NULL, is_same ? "faint" : "ink",
        sign_of(row->kind));
  draw_side(p, cr, 0, row->a, y);
  draw_side(p, cr, 1, row->b, y);
  if (i == p->compare->first) {
    cairo_rectangle(cr, 0, y - 1, p->width, 2 * s);
    style_set_source(cr, p->canvas, "risk");
    cairo_fill(cr);
  }
  if (i == p->row) {
    cairo_rectangle(cr, 1, y + 0.5, p->width - 2, p->row_height - 1);
    style_set_source(cr, p->canvas, "select_line");
    cairo_set_line_width(cr, 1.6 * s);
    cairo_stroke(cr);
  }
}

static void
draw_head(struct compare_pane *p, cairo_t *cr)
{
  struct hosts *h = hosts_of(p->session);
  double s = session_scale(p->session), line = p->head / 2;
  cairo_rectangle(cr, 0, 0, p->width, p->head);
  style_set_source(cr, p->canvas, "panel");
  cairo_fill(cr);
  for (int side = 0; side < 2; side++) {
    words(p, cr, left_of(p, side) + 6 * s, 2 * s, half(p) - 12 * s, 13, NULL, "ink",
          side ? lang_text("Branch", "แขนง") : lang_text("Original", "ต้นฉบับ"));
    uint32_t n = hosts_n_lanes(h);
    double room = (half(p) - p->gutter) / MAX(n, 1);
    for (uint32_t lane = 0; lane < n; lane++)
      words(p, cr, lane_x(p, side, lane) - room / 2 + 2, line, room - 4, TIME_PIXELS, NULL, "faint",
            host_name(hosts_get(h, hosts_lane(h, lane))));
  }
}

static void
draw_lanes(struct compare_pane *p, cairo_t *cr)
{
  uint32_t n = hosts_n_lanes(hosts_of(p->session));
  style_set_source(cr, p->canvas, "line");
  cairo_set_line_width(cr, 1);
  for (int side = 0; side < 2; side++)
    for (uint32_t lane = 0; lane < n; lane++) {
      double x = floor(lane_x(p, side, lane)) + 0.5;
      cairo_move_to(cr, x, p->head);
      cairo_line_to(cr, x, p->height);
    }
  cairo_stroke(cr);
}

static double
rows_on_screen(const struct compare_pane *p)
{
  return MAX((p->height - p->head) / p->row_height, 1);
}

static void
measure(struct compare_pane *p, int width, int height)
{
  double s = session_scale(p->session);
  double line = style_row_height(p->canvas, TEXT_PIXELS * s, FALSE);
  p->width = width;
  p->height = height;
  p->row_height = line + 14 * s;
  p->head = 2 * line + 8 * s;
  p->gutter = 66 * s;
  double page = rows_on_screen(p), upper = MAX(n_rows(p), page);
  double value = CLAMP(gtk_adjustment_get_value(p->adjustment), 0, upper - page);
  gtk_adjustment_configure(p->adjustment, value, 0, upper, 1, MAX(page - 1, 1), page);
}

static void
draw(void *data, cairo_t *cr, int width, int height)
{
  struct compare_pane *p = data;
  measure(p, width, height);
  if (!p->compare) {
    words(p, cr, 16, 16, width - 32, 14, NULL, "faint",
          lang_text("Nothing to compare yet: ask “What if…” (Ctrl+I) of a packet first.",
                    "ยังไม่มีอะไรให้เปรียบเทียบ ลองใช้ “ถ้าหาก…” (Ctrl+I) กับแพ็กเก็ตก่อน"));
    return;
  }
  draw_lanes(p, cr);
  for (guint i = (guint)gtk_adjustment_get_value(p->adjustment); i < n_rows(p); i++) {
    if (row_y(p, i) > height)
      break;
    draw_row(p, cr, i);
  }
  draw_head(p, cr);
}

/* ---- selecting ---- */

static void
reveal(struct compare_pane *p, guint row)
{
  double page = rows_on_screen(p), value = gtk_adjustment_get_value(p->adjustment);
  double keep = page > 8 ? 3 : 0; /* what came before stays in sight */
  if (row + 1 > value + page)
    value = row + 1 + keep - page;
  if (row < value + keep)
    value = row - keep;
  gtk_adjustment_set_value(p->adjustment, CLAMP(value, 0, MAX(n_rows(p) - page, 0)));
}

static void
say(struct compare_pane *p)
{
  g_autofree char *why =
      p->compare && p->row < n_rows(p) ? compare_explain(p->compare, p->row) : g_strdup("");
  const char *same = lang_text("The same in both.", "เหมือนกันทั้งสองฝั่ง");
  const char *text = !p->compare ? "" : *why ? why : same;
  gtk_label_set_text(GTK_LABEL(p->why), text);
  canvas_say(p->canvas, lang_text("Original and branch", "ต้นฉบับและแขนง"), text);
}

/* A row that is in the original alone has no frame to select: time goes there. */
static void
select_row(struct compare_pane *p, guint row)
{
  if (row >= n_rows(p))
    return;
  const struct compare_row *r = row_at(p, row);
  p->row = row;
  if (r->b != TRACE_NONE)
    session_select_frame(p->session, r->b);
  else
    session_set_time(p->session, r->time_ns);
  p->row = row;
  reveal(p, row);
  say(p);
  gtk_widget_queue_draw(p->canvas);
}

static gboolean
pressed(GtkWidget *canvas, GdkEventButton *event, struct compare_pane *p)
{
  gtk_widget_grab_focus(canvas);
  if (event->y >= p->head)
    select_row(
        p, (guint)(gtk_adjustment_get_value(p->adjustment) + (event->y - p->head) / p->row_height));
  return GDK_EVENT_STOP;
}

static gboolean
scrolled(GtkWidget *canvas, GdkEventScroll *event, struct compare_pane *p)
{
  double dx = 0, dy = 0;
  if (event->state & GDK_CONTROL_MASK)
    return GDK_EVENT_PROPAGATE;
  if (!gdk_event_get_scroll_deltas((GdkEvent *)event, &dx, &dy))
    dy = event->direction == GDK_SCROLL_UP ? -1 : event->direction == GDK_SCROLL_DOWN ? 1 : 0;
  gtk_adjustment_set_value(p->adjustment, gtk_adjustment_get_value(p->adjustment) + 3 * dy);
  return GDK_EVENT_STOP;
}

static gboolean
key(GtkWidget *canvas, GdkEventKey *event, struct compare_pane *p)
{
  if (!p->compare || (event->state & gtk_accelerator_get_default_mod_mask()))
    return GDK_EVENT_PROPAGATE;
  if (event->keyval == GDK_KEY_Down)
    select_row(p, p->row + 1);
  else if (event->keyval == GDK_KEY_Up && p->row > 0)
    select_row(p, p->row - 1);
  else if (event->keyval != GDK_KEY_Up)
    return GDK_EVENT_PROPAGATE;
  return GDK_EVENT_STOP;
}

static void
first_clicked(GtkWidget *button, struct compare_pane *p)
{
  if (p->compare)
    select_row(p, p->compare->first);
}

/* ---- for assistive technology ---- */

static guint
first_visible(const struct compare_pane *p)
{
  return (guint)MAX(gtk_adjustment_get_value(p->adjustment), 0);
}

static unsigned
n_items(void *data)
{
  struct compare_pane *p = data;
  guint first = first_visible(p), n = n_rows(p);
  return first < n && p->row_height > 0 ? MIN(n - first, (guint)ceil(rows_on_screen(p))) : 0;
}

static char *
item_name(void *data, unsigned item)
{
  struct compare_pane *p = data;
  guint i = first_visible(p) + item;
  const char *color;
  if (i >= n_rows(p))
    return g_strdup("");
  const struct compare_row *row = row_at(p, i);
  g_autofree char *a =
      row->a == TRACE_NONE ? g_strdup(lang_text("nothing", "ไม่มี")) : label_of(p, 0, row->a, &color);
  g_autofree char *b =
      row->b == TRACE_NONE ? g_strdup(lang_text("nothing", "ไม่มี")) : label_of(p, 1, row->b, &color);
  g_autofree char *why = compare_explain(p->compare, i);
  return g_strdup_printf(
      lang_text("%1$s original: %2$s; branch: %3$s. %4$s", "%1$s ต้นฉบับ: %2$s; แขนง: %3$s %4$s"),
      sign_of(row->kind), a, b, why);
}

static gboolean
item_place(void *data, unsigned item, GdkRectangle *place)
{
  struct compare_pane *p = data;
  *place = (GdkRectangle){0, (int)row_y(p, first_visible(p) + item), p->width, (int)p->row_height};
  return TRUE;
}

static void
item_activate(void *data, unsigned item)
{
  select_row(data, first_visible(data) + item);
}

static gboolean
item_is_selected(void *data, unsigned item)
{
  struct compare_pane *p = data;
  return first_visible(p) + item == p->row;
}

static const struct canvas_ops ops = {draw,       n_items,       item_name,
                                      item_place, item_activate, item_is_selected};

/* ---- following the session ---- */

static void
follow(struct compare_pane *p)
{
  uint32_t frame = session_frame(p->session);
  if (!p->compare || frame == SESSION_NONE || (p->row < n_rows(p) && row_at(p, p->row)->b == frame))
    return;
  /* a row that only the original has stays selected while time stands at it */
  if (p->row < n_rows(p) && row_at(p, p->row)->b == TRACE_NONE &&
      row_at(p, p->row)->time_ns == session_time(p->session))
    return;
  for (guint i = 0; i < n_rows(p); i++)
    if (row_at(p, i)->b == frame) {
      p->row = i;
      reveal(p, i);
      return;
    }
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct compare_pane *p = pane_of(pane);
  if (p->generation != session_generation(p->session)) {
    load(p);
    canvas_items_changed(p->canvas);
  }
  gtk_button_set_label(GTK_BUTTON(p->first), lang_text("First difference", "ความแตกต่างแรก"));
  gtk_widget_set_sensitive(p->first, p->compare != NULL);
  measure(p, gtk_widget_get_allocated_width(p->canvas), gtk_widget_get_allocated_height(p->canvas));
  follow(p);
  say(p);
  gtk_widget_queue_draw(p->canvas);
}

/* The runs that are compared go when something else is opened: let go of them at once, seen or not.
 */
static void
loaded(Session *session, struct compare_pane *p)
{
  forget(p);
}

static void
pane_free(gpointer data)
{
  struct compare_pane *p = data;
  g_signal_handlers_disconnect_by_data(p->session, p);
  forget(p);
  g_array_unref(p->ways[0]);
  g_array_unref(p->ways[1]);
  g_object_unref(p->adjustment);
  g_object_unref(p->session);
  g_free(p);
}

GtkWidget *
compare_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *both = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  struct compare_pane *p = g_new0(struct compare_pane, 1);
  p->session = g_object_ref(session);
  p->generation = UINT_MAX;
  for (int i = 0; i < 2; i++)
    p->ways[i] = g_array_new(FALSE, FALSE, sizeof(struct way));
  g_object_set_data_full(G_OBJECT(pane), "compare-pane", p, pane_free);
  gtk_style_context_add_class(gtk_widget_get_style_context(bar), "env-top-bar");
  p->first = gtk_button_new_with_label("");
  p->why = pane_label(NULL, TRUE);
  gtk_box_pack_start(GTK_BOX(bar), p->first, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(bar), p->why, TRUE, TRUE, 0);
  p->canvas = canvas_new(&ops, p);
  gtk_widget_set_size_request(p->canvas, 300, 120);
  p->adjustment = g_object_ref_sink(gtk_adjustment_new(0, 0, 1, 1, 1, 1));
  gtk_box_pack_start(GTK_BOX(both), p->canvas, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(both), gtk_scrollbar_new(GTK_ORIENTATION_VERTICAL, p->adjustment),
                     FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), bar, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), both, TRUE, TRUE, 0);
  g_signal_connect_swapped(p->adjustment, "value-changed", G_CALLBACK(gtk_widget_queue_draw),
                           p->canvas);
  g_signal_connect(p->canvas, "button-press-event", G_CALLBACK(pressed), p);
  g_signal_connect(p->canvas, "scroll-event", G_CALLBACK(scrolled), p);
  g_signal_connect(p->canvas, "key-press-event", G_CALLBACK(key), p);
  g_signal_connect(p->first, "clicked", G_CALLBACK(first_clicked), p);
  g_signal_connect(session, "loaded", G_CALLBACK(loaded), p);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
