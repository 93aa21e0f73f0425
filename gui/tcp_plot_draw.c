/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_plot_draw.c -- the picture of a TCP connection over time.
 *
 *     at 0.512345 s  ● cwnd 14,600  ■ ssthresh 65,535 …      the marks' shapes name the lines
 *     ┌ slow start ┬ fast recovery ┐
 *     │      ┌─────●               │ cwnd                    a line's name stands at its end
 *     │  ┌───┘     │               │
 *     └──┴────┴────┴────┴──▲───────┘                         ▲ sent again, × lost
 *       0.1  0.2  0.3  0.4 s
 *
 * Every line has a dash and a mark of its own, so that the picture is read without colours. A value
 * far above the others (a threshold that is still "without limit") is cut off and said with ↑. */
#include <math.h>

#include "gui/hosts.h"
#include "gui/sentence.h"
#include "gui/style.h"
#include "gui/tcp_plot_private.h"

#define TEXT_PIXELS 12.0
#define SMALL_PIXELS 10.5
#define MARK_PIXELS 4.0
/* A line that rises more than this above the leading ones does not decide the scale. */
#define OUTLIER 1.6

static const struct {
  const char *color, *mark;
  double width;
  double dash[4];
  int n_dash;
} looks[N_PLOT_LINES] = {
    [PLOT_CWND] = {"client", "●", 2.4, {0}, 0},
    [PLOT_SSTHRESH] = {"server", "■", 1.8, {7, 4}, 2},
    [PLOT_WINDOW] = {"imap", "▲", 1.6, {8, 3, 2, 3}, 4},
    [PLOT_FLIGHT] = {"ink", "◆", 1.2, {0}, 0},
    [PLOT_ACK] = {"server", "■", 1.6, {0}, 0},
    [PLOT_EDGE] = {"imap", "▲", 1.6, {8, 3, 2, 3}, 4},
};

const enum plot_line *
tcp_plot_lines(enum plot_mode mode, unsigned *n)
{
  static const enum plot_line windows[] = {PLOT_FLIGHT, PLOT_WINDOW, PLOT_SSTHRESH, PLOT_CWND};
  static const enum plot_line sequence[] = {PLOT_EDGE, PLOT_ACK};
  *n = mode == PLOT_WINDOWS ? G_N_ELEMENTS(windows) : G_N_ELEMENTS(sequence);
  return mode == PLOT_WINDOWS ? windows : sequence;
}

const char *
tcp_plot_phase_name(const char *name)
{
  static const struct {
    const char *key;
    struct lang_pair name;
  } phases[] = {
      {"slow-start", {"slow start", "เริ่มช้า (slow start)"}},
      {"avoidance", {"congestion avoidance", "เลี่ยงความคับคั่ง (congestion avoidance)"}},
      {"recovery", {"fast recovery", "กู้คืนเร็ว (fast recovery)"}},
      {"loss", {"recovery after a timeout", "กู้คืนหลังหมดเวลา"}},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(phases); i++)
    if (g_str_equal(name, phases[i].key))
      return lang_pick(phases[i].name);
  return name;
}

/* ---- scales ---- */

double
tcp_plot_x(const struct tcp_plot *p, int64_t time_ns)
{
  return p->x + p->width * (double)(time_ns - p->from_ns) / (double)MAX(p->to_ns - p->from_ns, 1);
}

int64_t
tcp_plot_time(const struct tcp_plot *p, double x)
{
  double part = CLAMP((x - p->x) / MAX(p->width, 1), 0, 1);
  return p->from_ns + (int64_t)(part * (double)(p->to_ns - p->from_ns));
}

double
tcp_plot_y(const struct tcp_plot *p, double value)
{
  return p->y + p->height * (1 - (value - p->base) / MAX(p->top - p->base, 1));
}

static void
grow(const GArray *points, double *low, double *high)
{
  for (guint i = 0; i < points->len; i++) {
    double v = g_array_index(points, struct plot_point, i).value;
    *low = MIN(*low, v);
    *high = MAX(*high, v);
  }
}

static double
highest(const GArray *points)
{
  double low = 0, high = 0;
  grow(points, &low, &high);
  return high;
}

static void
scale_values(struct tcp_plot *p)
{
  const struct tcp_plot_model *m = &p->model;
  double low = 0, high = 0;
  if (p->mode == PLOT_WINDOWS) {
    grow(m->lines[PLOT_CWND], &low, &high);
    grow(m->lines[PLOT_FLIGHT], &low, &high);
    double leading = high;
    enum plot_line guests[] = {PLOT_WINDOW, PLOT_SSTHRESH};
    for (size_t i = 0; i < G_N_ELEMENTS(guests); i++)
      if (leading <= 0 || highest(m->lines[guests[i]]) <= leading * OUTLIER)
        grow(m->lines[guests[i]], &low, &high);
  } else {
    for (guint i = 0; i < m->segments->len; i++)
      high = MAX(high, g_array_index(m->segments, struct plot_segment, i).last);
    grow(m->lines[PLOT_ACK], &low, &high);
    if (highest(m->lines[PLOT_EDGE]) <= high * OUTLIER)
      grow(m->lines[PLOT_EDGE], &low, &high);
  }
  p->base = 0;
  p->top = MAX(high * 1.08, 1);
}

/* The step of 1, 2 or 5 times a power of ten that gives at most `n_max` ticks. */
static double
tick_step(double span, double n_max)
{
  double raw = span / MAX(n_max, 1), power = pow(10, floor(log10(MAX(raw, 1e-9))));
  double part = raw / power;
  return power * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

/* ---- words ---- */

static PangoLayout *
words(struct tcp_plot *p, double pixels, const char *text, int *width, int *height)
{
  PangoLayout *layout = style_layout(p->canvas, pixels * session_scale(p->session), FALSE);
  pango_layout_set_text(layout, text, -1);
  pango_layout_get_pixel_size(layout, width, height);
  return layout;
}

static void
measure(struct tcp_plot *p, double pixels, const char *text, int *width, int *height)
{
  g_object_unref(words(p, pixels, text, width, height));
}

/* (x, y) is the text's left, middle or right (`align` 0, 0.5, 1) of its upper edge. */
static void
draw_words(struct tcp_plot *p, cairo_t *cr, double x, double y, double align, double pixels,
           const char *color, const char *text)
{
  int width, height;
  g_autoptr(PangoLayout) layout = words(p, pixels, text, &width, &height);
  cairo_move_to(cr, x - align * width, y);
  style_set_source(cr, p->canvas, color);
  pango_cairo_show_layout(cr, layout);
}

char *
tcp_plot_say_value(const struct tcp_plot *p, enum plot_line line, int64_t time_ns)
{
  double value;
  const char *name = plot_line_rows[line].name;
  if (!tcp_plot_value_at(&p->model, line, time_ns, &value))
    return g_strdup_printf("%s %s –", looks[line].mark, name);
  g_autofree char *count = pane_format_count((uint64_t)MAX(value, 0));
  return g_strdup_printf("%s %s %s", looks[line].mark, name, count);
}

/* What the marks at the bottom mean, when there are any; NULL when not. */
static const char *
say_marks(struct tcp_plot *p)
{
  struct hosts *h = hosts_of(p->session);
  gboolean any_again = FALSE, any_lost = FALSE;
  for (guint i = 0; i < p->model.segments->len; i++) {
    const struct plot_segment *s = &g_array_index(p->model.segments, struct plot_segment, i);
    any_again |= s->is_again;
    any_lost |= session_run(p->session) && hosts_way(h, s->frame).is_lost;
  }
  if (any_again && any_lost)
    return lang_text("× lost  ▲ sent again", "× สูญหาย  ▲ ส่งซ้ำ");
  return any_again  ? lang_text("▲ sent again", "▲ ส่งซ้ำ")
         : any_lost ? lang_text("× lost", "× สูญหาย")
                    : NULL;
}

struct readout {
  double x, y, right, height;
};

/* One group of words behind the last, on a new line where it does not fit. */
static void
read_out(struct tcp_plot *p, cairo_t *cr, struct readout *r, const char *color, const char *text)
{
  double s = session_scale(p->session);
  int w, h;
  g_autoptr(PangoLayout) layout = words(p, TEXT_PIXELS, text, &w, &h);
  if (r->x + w > r->right && r->x > 12 * s) {
    r->x = 10 * s;
    r->y += h + 2 * s;
  }
  cairo_move_to(cr, r->x, r->y);
  style_set_source(cr, p->canvas, color);
  pango_cairo_show_layout(cr, layout);
  r->x += w + 16 * s;
  r->height = h;
}

/* The first lines: the values at the time cursor. Returns their height. */
static double
draw_readout(struct tcp_plot *p, cairo_t *cr, double width)
{
  int64_t now = session_time(p->session);
  double s = session_scale(p->session);
  struct readout r = {10 * s, 6 * s, width - 6 * s, 0};
  unsigned n;
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  const char *marks = say_marks(p);
  g_autofree char *time = sentence_time(now);
  read_out(p, cr, &r, "ink", time);
  for (unsigned i = n; i-- > 0;) {
    if (p->model.lines[lines[i]]->len == 0)
      continue;
    g_autofree char *text = tcp_plot_say_value(p, lines[i], now);
    read_out(p, cr, &r, looks[lines[i]].color, text);
  }
  if (marks)
    read_out(p, cr, &r, "risk", marks);
  return r.y + r.height + 6 * s;
}

/* ---- axes ---- */

static void
draw_value_axis(struct tcp_plot *p, cairo_t *cr)
{
  double s = session_scale(p->session), step = tick_step(p->top - p->base, p->height / (34 * s));
  cairo_set_line_width(cr, 1);
  for (double v = 0; v <= p->top; v += MAX(step, 1)) {
    double y = floor(tcp_plot_y(p, v)) + 0.5;
    g_autofree char *text = pane_format_count((uint64_t)v);
    style_set_source(cr, p->canvas, "line");
    cairo_move_to(cr, p->x, y);
    cairo_line_to(cr, p->x + p->width, y);
    cairo_stroke(cr);
    draw_words(p, cr, p->x - 6 * s, y - 8 * s, 1, SMALL_PIXELS, "faint", text);
  }
}

static void
draw_time_axis(struct tcp_plot *p, cairo_t *cr)
{
  double s = session_scale(p->session), span = (double)(p->to_ns - p->from_ns) / 1e9;
  double step = tick_step(span, p->width / (78 * s)), from = (double)p->from_ns / 1e9;
  int digits = (int)CLAMP(ceil(-log10(step)), 0, 6);
  double bottom = p->y + p->height;
  for (double t = ceil(from / step) * step; t <= from + span; t += step) {
    double x = floor(tcp_plot_x(p, (int64_t)(t * 1e9))) + 0.5;
    g_autofree char *text = g_strdup_printf("%.*f s", digits, t);
    style_set_source(cr, p->canvas, "line");
    cairo_move_to(cr, x, p->y);
    cairo_line_to(cr, x, bottom + 4 * s);
    cairo_stroke(cr);
    draw_words(p, cr, x, bottom + 5 * s, 0.5, SMALL_PIXELS, "faint", text);
  }
}

static void
draw_phases(struct tcp_plot *p, cairo_t *cr)
{
  const GArray *phases = p->model.phases;
  double s = session_scale(p->session), high = 18 * s;
  for (guint i = 0; i < phases->len && p->mode == PLOT_WINDOWS; i++) {
    const struct plot_phase *phase = &g_array_index(phases, struct plot_phase, i);
    int64_t end = i + 1 < phases->len ? phase[1].time_ns : p->model.last_ns;
    double x0 = MAX(tcp_plot_x(p, phase->time_ns), p->x);
    double x1 = MIN(tcp_plot_x(p, end), p->x + p->width);
    if (x1 <= x0)
      continue;
    cairo_rectangle(cr, x0, p->y - high, x1 - x0, high);
    style_set_source_alpha(cr, p->canvas, i % 2 ? "line" : "band", 0.8);
    cairo_fill(cr);
    int w, h;
    g_autoptr(PangoLayout) layout =
        words(p, SMALL_PIXELS, tcp_plot_phase_name(phase->name), &w, &h);
    if (x1 - x0 < 40 * s)
      continue;
    pango_layout_set_width(layout, (int)((x1 - x0 - 6 * s) * PANGO_SCALE));
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
    cairo_move_to(cr, x0 + 4 * s, p->y - high + (high - h) / 2);
    style_set_source(cr, p->canvas, "ink");
    pango_cairo_show_layout(cr, layout);
  }
}

/* ---- curves ---- */

static void
trace_line(struct tcp_plot *p, cairo_t *cr, enum plot_line line)
{
  const GArray *points = p->model.lines[line];
  double y = 0;
  for (guint i = 0; i < points->len; i++) {
    const struct plot_point *point = &g_array_index(points, struct plot_point, i);
    /* cairo counts in 24 bits: what is far outside stays just outside */
    double x = CLAMP(tcp_plot_x(p, point->time_ns), p->x - p->width, p->x + 2 * p->width);
    double next = MAX(tcp_plot_y(p, point->value), p->y - p->height);
    if (i == 0)
      cairo_move_to(cr, x, next);
    else
      cairo_line_to(cr, x, y);
    cairo_line_to(cr, x, next);
    y = next;
  }
  if (points->len > 0)
    cairo_line_to(cr, tcp_plot_x(p, p->model.last_ns), y);
}

static void
draw_line(struct tcp_plot *p, cairo_t *cr, enum plot_line line)
{
  double s = session_scale(p->session), dash[4];
  if (p->model.lines[line]->len == 0)
    return;
  if (line == PLOT_FLIGHT) { /* what is under way fills the room below it */
    const struct plot_point *first = &g_array_index(p->model.lines[line], struct plot_point, 0);
    trace_line(p, cr, line);
    cairo_line_to(cr, tcp_plot_x(p, p->model.last_ns), tcp_plot_y(p, 0));
    cairo_line_to(cr, tcp_plot_x(p, first->time_ns), tcp_plot_y(p, 0));
    cairo_close_path(cr);
    style_set_source_alpha(cr, p->canvas, "ink", 0.1);
    cairo_fill(cr);
  }
  for (int i = 0; i < looks[line].n_dash; i++)
    dash[i] = looks[line].dash[i] * s;
  trace_line(p, cr, line);
  style_set_source(cr, p->canvas, looks[line].color);
  cairo_set_line_width(cr, looks[line].width * s);
  cairo_set_dash(cr, dash, looks[line].n_dash, 0);
  cairo_stroke(cr);
  cairo_set_dash(cr, NULL, 0, 0);
}

static void
draw_mark(struct tcp_plot *p, cairo_t *cr, enum plot_line line, double x, double y)
{
  double r = MARK_PIXELS * session_scale(p->session);
  cairo_new_path(cr);
  switch (line) {
  case PLOT_CWND:
    cairo_arc(cr, x, y, r, 0, 2 * G_PI);
    break;
  case PLOT_SSTHRESH:
  case PLOT_ACK:
    cairo_rectangle(cr, x - r, y - r, 2 * r, 2 * r);
    break;
  case PLOT_WINDOW:
  case PLOT_EDGE:
    cairo_move_to(cr, x, y - r * 1.2);
    cairo_line_to(cr, x + r * 1.2, y + r);
    cairo_line_to(cr, x - r * 1.2, y + r);
    cairo_close_path(cr);
    break;
  default:
    cairo_move_to(cr, x, y - r * 1.3);
    cairo_line_to(cr, x + r * 1.3, y);
    cairo_line_to(cr, x, y + r * 1.3);
    cairo_line_to(cr, x - r * 1.3, y);
    cairo_close_path(cr);
  }
  style_set_source(cr, p->canvas, looks[line].color);
  cairo_fill(cr);
}

static void
draw_cross(struct tcp_plot *p, cairo_t *cr, double x, double y)
{
  double r = 4 * session_scale(p->session);
  cairo_move_to(cr, x - r, y - r);
  cairo_line_to(cr, x + r, y + r);
  cairo_move_to(cr, x + r, y - r);
  cairo_line_to(cr, x - r, y + r);
  style_set_source(cr, p->canvas, "risk");
  cairo_set_line_width(cr, r / 2);
  cairo_stroke(cr);
}

static void
draw_again(struct tcp_plot *p, cairo_t *cr, double x, double y)
{
  double r = 4.5 * session_scale(p->session);
  cairo_move_to(cr, x, y);
  cairo_line_to(cr, x + r, y + 1.7 * r);
  cairo_line_to(cr, x - r, y + 1.7 * r);
  cairo_close_path(cr);
  style_set_source(cr, p->canvas, "risk");
  cairo_fill(cr);
}

/* Segments as bars from their first to their last octet; without payload a dot. */
static void
draw_segments(struct tcp_plot *p, cairo_t *cr)
{
  struct hosts *h = hosts_of(p->session);
  double s = session_scale(p->session), bottom = p->y + p->height;
  for (guint i = 0; i < p->model.segments->len; i++) {
    const struct plot_segment *seg = &g_array_index(p->model.segments, struct plot_segment, i);
    double x = tcp_plot_x(p, seg->time_ns);
    double y0 = tcp_plot_y(p, seg->first), y1 = tcp_plot_y(p, seg->last);
    gboolean is_lost = session_run(p->session) && hosts_way(h, seg->frame).is_lost;
    if (x < p->x || x > p->x + p->width)
      continue;
    if (p->mode == PLOT_SEQUENCE) {
      gboolean selected = seg->frame == session_frame(p->session);
      style_set_source(cr, p->canvas, seg->is_again || is_lost ? "risk" : "client");
      cairo_set_line_width(cr, (selected ? 4.5 : 2.5) * s);
      cairo_move_to(cr, x, MIN(y0, y1 + 1.5 * s) + (y0 - y1 < 2 ? 1.5 * s : 0));
      cairo_line_to(cr, x, y1 - (y0 - y1 < 2 ? 1.5 * s : 0));
      cairo_stroke(cr);
    }
    if (is_lost)
      draw_cross(p, cr, x, p->mode == PLOT_SEQUENCE ? (y0 + y1) / 2 : bottom - 7 * s);
    else if (seg->is_again)
      draw_again(p, cr, x, p->mode == PLOT_SEQUENCE ? y0 + 3 * s : bottom - 11 * s);
  }
}

struct end_label {
  enum plot_line line;
  double y, value;
};

static int
compare_labels(gconstpointer a, gconstpointer b)
{
  const struct end_label *x = a, *y = b;
  return x->y < y->y ? -1 : x->y > y->y;
}

/* The lines' names at their right ends, apart from each other. */
static void
draw_end_labels(struct tcp_plot *p, cairo_t *cr)
{
  unsigned n, used = 0;
  struct end_label labels[N_PLOT_LINES];
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  double s = session_scale(p->session);
  double high = style_row_height(p->canvas, SMALL_PIXELS * s, FALSE);
  for (unsigned i = 0; i < n; i++) {
    double value;
    if (!tcp_plot_value_at(&p->model, lines[i], p->to_ns, &value))
      continue;
    labels[used].line = lines[i];
    labels[used].value = value;
    labels[used++].y = MAX(tcp_plot_y(p, value), p->y);
  }
  qsort(labels, used, sizeof labels[0], compare_labels);
  double free_y = p->y - high / 2;
  for (unsigned i = 0; i < used; i++) {
    double y = MAX(labels[i].y - high / 2, free_y);
    const char *above = labels[i].value > p->top ? " ↑" : "";
    g_autofree char *text = g_strconcat(plot_line_rows[labels[i].line].name, above, NULL);
    draw_words(p, cr, p->x + p->width + 6 * s, y, 0, SMALL_PIXELS, looks[labels[i].line].color,
               text);
    free_y = y + high;
  }
}

static void
draw_cursor(struct tcp_plot *p, cairo_t *cr)
{
  int64_t now = session_time(p->session);
  double x = tcp_plot_x(p, now);
  unsigned n;
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  if (now < p->from_ns || now > p->to_ns)
    return;
  cairo_move_to(cr, x, p->y);
  cairo_line_to(cr, x, p->y + p->height);
  style_set_source(cr, p->canvas, "select_line");
  cairo_set_line_width(cr, 1.6 * session_scale(p->session));
  cairo_stroke(cr);
  for (unsigned i = 0; i < n; i++) {
    double value;
    if (tcp_plot_value_at(&p->model, lines[i], now, &value) && value <= p->top)
      draw_mark(p, cr, lines[i], x, tcp_plot_y(p, value));
  }
}

static double
end_label_width(struct tcp_plot *p)
{
  int widest = 0, w, h;
  unsigned n;
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = g_strconcat(plot_line_rows[lines[i]].name, " ↑", NULL);
    measure(p, SMALL_PIXELS, text, &w, &h);
    widest = MAX(widest, w);
  }
  return widest;
}

void
tcp_plot_draw(struct tcp_plot *p, cairo_t *cr, int width, int height)
{
  double s = session_scale(p->session);
  scale_values(p);
  g_autofree char *widest = pane_format_count((uint64_t)p->top);
  int w, h;
  measure(p, SMALL_PIXELS, widest, &w, &h);
  double head = draw_readout(p, cr, width);
  p->x = w + 16 * s;
  p->y = head + (p->mode == PLOT_WINDOWS && p->model.phases->len > 0 ? 20 * s : 6 * s);
  p->width = MAX(width - p->x - end_label_width(p) - 14 * s, 20);
  p->height = MAX(height - p->y - h - 12 * s, 20);
  draw_value_axis(p, cr);
  draw_time_axis(p, cr);
  draw_phases(p, cr);
  cairo_save(cr);
  cairo_rectangle(cr, p->x, p->y - 1, p->width, p->height + 2);
  cairo_clip(cr);
  unsigned n;
  const enum plot_line *lines = tcp_plot_lines(p->mode, &n);
  for (unsigned i = 0; i < n; i++)
    draw_line(p, cr, lines[i]);
  draw_segments(p, cr);
  draw_cursor(p, cr);
  cairo_restore(cr);
  draw_end_labels(p, cr);
}
