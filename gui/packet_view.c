/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_view.c -- the drawn rows of the packet list.
 *
 * A row costs nothing until it is visible: its frame number comes from the session's row array, its
 * texts from a summary decode when it is first drawn, and its Pango layouts stay in a small cache
 * that rows share by number. The vertical adjustment counts rows (a double holds 2^53 of them
 * exactly), so neither 16-bit window coordinates nor 32-bit pixel heights limit the list.
 *
 *   value 1234.25 ──> first row 1234, drawn a quarter row above the top edge
 *
 * Not here: header and menu (packet_list.c), the table for screen readers (packet_access.c). */
#include <math.h>

#include "gui/packet_row.h"
#include "gui/packet_view_private.h"
#include "gui/pane.h"

enum { PROP_0, PROP_HADJUSTMENT, PROP_VADJUSTMENT, PROP_HPOLICY, PROP_VPOLICY };

G_DEFINE_TYPE_WITH_CODE(PacketView, packet_view, GTK_TYPE_DRAWING_AREA,
                        G_IMPLEMENT_INTERFACE(GTK_TYPE_SCROLLABLE, NULL))

/* ---- cache ---- */

static void
cache_drop_row(struct cached_row *c)
{
  for (int i = 0; i < PACKET_N_COLUMNS; i++)
    g_clear_object(&c->cells[i]);
  c->row = SESSION_NONE;
}

static void
cache_clear(PacketView *view)
{
  for (int i = 0; i < CACHE_ROWS; i++)
    cache_drop_row(&view->cache[i]);
}

static void
lay_out_cell(PacketView *view, PangoLayout *layout, enum packet_column column)
{
  int width = MAX(packet_view_column_width(view, column) - 2 * PAD, 1);
  pango_layout_set_width(layout, width * PANGO_SCALE);
  pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  pango_layout_set_single_paragraph_mode(layout, TRUE);
  if (column == PACKET_NUMBER || column == PACKET_LENGTH || column == PACKET_TIME)
    pango_layout_set_alignment(layout, PANGO_ALIGN_RIGHT);
}

static struct cached_row *
cache_row(PacketView *view, uint32_t row)
{
  struct cached_row *c = &view->cache[row % CACHE_ROWS];
  uint32_t frame = packet_view_frame_at(view, row);
  if (c->row == row && c->frame == frame)
    return c;
  cache_drop_row(c);
  char *texts[PACKET_N_COLUMNS];
  uint32_t before = row > 0 ? packet_view_frame_at(view, row - 1) : SESSION_NONE;
  packet_row_texts(view->session, frame, before, view->time_format, texts);
  for (int i = 0; i < PACKET_N_COLUMNS; i++) {
    c->cells[i] = gtk_widget_create_pango_layout(GTK_WIDGET(view), texts[i]);
    lay_out_cell(view, c->cells[i], (enum packet_column)i);
  }
  c->color = style_protocol(texts[PACKET_PROTOCOL]);
  for (int i = 0; i < PACKET_N_COLUMNS; i++)
    g_free(texts[i]);
  c->row = row;
  c->frame = frame;
  return c;
}

/* ---- geometry ---- */

int
packet_view_column_width(PacketView *view, enum packet_column column)
{
  if (column != PACKET_INFO)
    return view->widths[column];
  int used = GUTTER;
  for (int i = 0; i < PACKET_INFO; i++)
    used += view->widths[i];
  return MAX(view->widths[PACKET_INFO], gtk_widget_get_allocated_width(GTK_WIDGET(view)) - used);
}

int
packet_view_column_x(PacketView *view, enum packet_column column)
{
  int x = GUTTER;
  for (int i = 0; i < (int)column; i++)
    x += view->widths[i];
  return x;
}

static int
natural_width(PacketView *view)
{
  return packet_view_column_x(view, PACKET_INFO) + view->widths[PACKET_INFO];
}

int
packet_view_row_height(PacketView *view)
{
  if (view->row_height == 0) {
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(GTK_WIDGET(view), "Agกี่ปู้");
    int height;
    pango_layout_get_pixel_size(layout, NULL, &height);
    view->row_height = height + 4;
  }
  return view->row_height;
}

static double
top_row(PacketView *view)
{
  return view->vadjustment ? gtk_adjustment_get_value(view->vadjustment) : 0;
}

static double
left_x(PacketView *view)
{
  return view->hadjustment ? floor(gtk_adjustment_get_value(view->hadjustment)) : 0;
}

uint32_t
packet_view_visible(PacketView *view, uint32_t *first)
{
  uint32_t n = packet_view_n_rows(view);
  double top = top_row(view);
  double page =
      (double)gtk_widget_get_allocated_height(GTK_WIDGET(view)) / packet_view_row_height(view);
  *first = (uint32_t)CLAMP(floor(top), 0, n);
  double end = MIN(ceil(top + page), (double)n);
  return end > *first ? (uint32_t)end - *first : 0;
}

gboolean
packet_view_row_area(PacketView *view, uint32_t row, GdkRectangle *area)
{
  uint32_t first, n = packet_view_visible(view, &first);
  if (row < first || row - first >= n)
    return FALSE;
  int height = packet_view_row_height(view);
  *area = (GdkRectangle){.x = 0,
                         .y = (int)floor(((double)row - top_row(view)) * height),
                         .width = gtk_widget_get_allocated_width(GTK_WIDGET(view)),
                         .height = height};
  return TRUE;
}

gboolean
packet_view_hit(PacketView *view, double x, double y, uint32_t *row, enum packet_column *column)
{
  double at = top_row(view) + y / packet_view_row_height(view);
  if (at < 0 || at >= packet_view_n_rows(view))
    return FALSE;
  *row = (uint32_t)at;
  x += left_x(view);
  *column = PACKET_INFO;
  for (int i = 0; i < PACKET_INFO; i++)
    if (x < packet_view_column_x(view, (enum packet_column)(i + 1))) {
      *column = (enum packet_column)i;
      break;
    }
  return TRUE;
}

static void
configure_adjustments(PacketView *view)
{
  GtkWidget *widget = GTK_WIDGET(view);
  double page = (double)gtk_widget_get_allocated_height(widget) / packet_view_row_height(view);
  double n = packet_view_n_rows(view);
  if (view->vadjustment) {
    double value = CLAMP(gtk_adjustment_get_value(view->vadjustment), 0, MAX(0, n - page));
    gtk_adjustment_configure(view->vadjustment, value, 0, MAX(n, page), 1, MAX(1, page - 1), page);
  }
  if (view->hadjustment) {
    double width = gtk_widget_get_allocated_width(widget);
    double natural = MAX(natural_width(view), width);
    double value = CLAMP(gtk_adjustment_get_value(view->hadjustment), 0, natural - width);
    gtk_adjustment_configure(view->hadjustment, value, 0, natural, 24, width * 0.9, width);
  }
}

static void
scroll_to_row(PacketView *view, uint32_t row)
{
  if (!view->vadjustment || row == SESSION_NONE)
    return;
  double page = gtk_adjustment_get_page_size(view->vadjustment);
  double value = gtk_adjustment_get_value(view->vadjustment);
  if (row < value)
    gtk_adjustment_set_value(view->vadjustment, row);
  else if (row + 1 > value + page)
    gtk_adjustment_set_value(view->vadjustment, row + 1 - page);
}

static void
widths_changed(PacketView *view)
{
  for (int i = 0; i < CACHE_ROWS; i++)
    for (int c = 0; c < PACKET_N_COLUMNS; c++)
      if (view->cache[i].cells[c])
        lay_out_cell(view, view->cache[i].cells[c], (enum packet_column)c);
  configure_adjustments(view);
  /* A selected row that was in view stays there when the list shrinks or its type grows. */
  if (view->is_following && view->session)
    scroll_to_row(view, packet_view_selected_row(view));
  gtk_widget_queue_draw(GTK_WIDGET(view));
}

void
packet_view_set_column_width(PacketView *view, enum packet_column column, int width)
{
  view->widths[column] = MAX(width, WIDTH_MIN);
  widths_changed(view);
}

int
packet_view_fitting_width(PacketView *view, enum packet_column column)
{
  g_autoptr(PangoLayout) title =
      gtk_widget_create_pango_layout(GTK_WIDGET(view), packet_view_column_title(view, column));
  int widest;
  pango_layout_get_pixel_size(title, &widest, NULL);
  widest += 14; /* the button's own padding */
  uint32_t first, n = packet_view_visible(view, &first);
  for (uint32_t i = 0; i < n; i++) {
    g_autofree char *text = packet_view_cell_text(view, first + i, column);
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(GTK_WIDGET(view), text);
    int width;
    pango_layout_get_pixel_size(layout, &width, NULL);
    widest = MAX(widest, width);
  }
  return widest + 2 * PAD + 2;
}

enum packet_time
packet_view_time_format(PacketView *view)
{
  return view->time_format;
}

/* Column widths from what they hold at most in ordinary captures, in the font of now. */
static void
measure_widths(PacketView *view)
{
  static const char *const widest[PACKET_N_COLUMNS] = {
      "1234567", "1234.123456", "2001:db8::1234", "2001:db8::1234", "TLSv1.2x", "65535", "Info"};
  for (int i = 0; i < PACKET_N_COLUMNS; i++) {
    const char *sample = i == PACKET_TIME && view->time_format == PACKET_TIME_UTC
                             ? "2026-01-01 00:00:00.123456"
                             : widest[i];
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(GTK_WIDGET(view), sample);
    g_autoptr(PangoLayout) title = gtk_widget_create_pango_layout(
        GTK_WIDGET(view), packet_view_column_title(view, (enum packet_column)i));
    int width, title_width;
    pango_layout_get_pixel_size(layout, &width, NULL);
    pango_layout_get_pixel_size(title, &title_width, NULL);
    view->widths[i] = MAX(width, title_width + 14) + 2 * PAD;
  }
  view->widths[PACKET_INFO] = MAX(view->widths[PACKET_INFO], 160);
}

void
packet_view_set_time_format(PacketView *view, enum packet_time format)
{
  view->time_format = format;
  cache_clear(view);
  measure_widths(view);
  widths_changed(view);
}

/* ---- drawing ---- */

static void
draw_empty(PacketView *view, cairo_t *cr)
{
  GtkWidget *widget = GTK_WIDGET(view);
  g_autofree char *text = packet_row_empty_text(view->session);
  g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, text);
  int width = gtk_widget_get_allocated_width(widget);
  pango_layout_set_width(layout, MAX(width - 40, 50) * PANGO_SCALE);
  pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_set_alignment(layout, PANGO_ALIGN_CENTER);
  int height;
  pango_layout_get_pixel_size(layout, NULL, &height);
  pane_set_source(cr, style_color(widget, "faint"), 1);
  cairo_move_to(cr, 20, MAX(8, (gtk_widget_get_allocated_height(widget) - height) / 2));
  pango_cairo_show_layout(cr, layout);
}

static void
draw_row(PacketView *view, cairo_t *cr, uint32_t row, double y, gboolean selected)
{
  GtkWidget *widget = GTK_WIDGET(view);
  struct cached_row *c = cache_row(view, row);
  int height = packet_view_row_height(view);
  double width = MAX(natural_width(view), gtk_widget_get_allocated_width(widget));
  GdkRGBA stripe = style_color(widget, c->color);
  if (selected)
    style_set_source(cr, widget, "select");
  else
    pane_set_source(cr, stripe, 0.07);
  cairo_rectangle(cr, 0, y, width, height);
  cairo_fill(cr);
  if (selected) {
    style_set_source(cr, widget, "select_line");
    cairo_rectangle(cr, 0, y, width, 1);
    cairo_rectangle(cr, 0, y + height - 1, width, 1);
    cairo_fill(cr);
  }
  pane_set_source(cr, stripe, 1);
  cairo_rectangle(cr, 0, y, 5, height);
  cairo_fill(cr);
  const struct trace_frame f = trace_frame(session_trace(view->session), c->frame);
  if (f.flags & TRACE_FRAME_RISK)
    packet_row_draw_risk(widget, cr, 7, y, height);
  GdkRGBA text = style_color(widget, "ink");
  for (int i = 0; i < PACKET_N_COLUMNS; i++) {
    double x = packet_view_column_x(view, (enum packet_column)i);
    double cell_width = packet_view_column_width(view, (enum packet_column)i);
    cairo_save(cr);
    cairo_rectangle(cr, x, y, cell_width, height);
    cairo_clip(cr);
    if (i == PACKET_INFO)
      x += packet_row_draw_badges(widget, cr, &f, x + PAD, y, height);
    pane_set_source(cr, text, 1);
    cairo_move_to(cr, x + PAD, y + 2);
    pango_cairo_show_layout(cr, c->cells[i]);
    cairo_restore(cr);
  }
}

static gboolean
packet_view_draw(GtkWidget *widget, cairo_t *cr)
{
  PacketView *view = PACKET_VIEW(widget);
  GtkStyleContext *context = gtk_widget_get_style_context(widget);
  int height = packet_view_row_height(view);
  gtk_render_background(context, cr, 0, 0, gtk_widget_get_allocated_width(widget),
                        gtk_widget_get_allocated_height(widget));
  uint32_t first, n = packet_view_visible(view, &first);
  if (packet_view_n_rows(view) == 0) {
    draw_empty(view, cr);
    return FALSE;
  }
  uint32_t selected = packet_view_selected_row(view);
  view->is_following = selected != SESSION_NONE && selected >= first && selected - first < n;
  cairo_translate(cr, -left_x(view), 0);
  double y = floor(((double)first - top_row(view)) * height);
  for (uint32_t i = 0; i < n; i++)
    draw_row(view, cr, first + i, y + (double)i * height, first + i == selected);
  if (gtk_widget_has_visible_focus(widget)) {
    GdkRectangle area;
    if (selected != SESSION_NONE && packet_view_row_area(view, selected, &area))
      gtk_render_focus(context, cr, left_x(view) + 1, area.y, area.width - 2, area.height);
    else
      gtk_render_focus(context, cr, left_x(view), 0, gtk_widget_get_allocated_width(widget),
                       gtk_widget_get_allocated_height(widget));
  }
  return FALSE;
}

/* ---- news ---- */

void
packet_view_update(PacketView *view, unsigned news)
{
  AtkObject *table = gtk_widget_get_accessible(GTK_WIDGET(view));
  if (news & PANE_LOOK) {
    view->row_height = 0;
    measure_widths(view);
    gtk_widget_queue_resize(GTK_WIDGET(view));
  }
  if (news & (PANE_LOADED | PANE_FILTER | PANE_LOOK))
    cache_clear(view);
  uint32_t n = packet_view_n_rows(view);
  configure_adjustments(view);
  if (news & (PANE_LOADED | PANE_FILTER)) {
    if ((news & PANE_LOADED) && view->vadjustment)
      gtk_adjustment_set_value(view->vadjustment, 0);
    packet_access_reset(table);
  } else if (n > view->n_rows_told) {
    packet_access_rows_inserted(table, view->n_rows_told, n - view->n_rows_told);
  }
  view->n_rows_told = n;
  if (news & (PANE_SELECTION | PANE_FILTER | PANE_LOADED)) {
    uint32_t selected = packet_view_selected_row(view);
    if (selected != view->selected_told || (news & (PANE_FILTER | PANE_LOADED))) {
      view->selected_told = selected;
      view->is_following = selected != SESSION_NONE;
      scroll_to_row(view, selected);
      packet_access_selection_changed(table);
    }
  }
  gtk_widget_queue_draw(GTK_WIDGET(view));
}

/* ---- input ---- */

static gboolean
packet_view_key_press(GtkWidget *widget, GdkEventKey *event)
{
  PacketView *view = PACKET_VIEW(widget);
  int64_t page =
      view->vadjustment ? (int64_t)gtk_adjustment_get_page_size(view->vadjustment) - 1 : 1;
  page = MAX(page, 1);
  if (event->state & (GDK_MOD1_MASK | GDK_SHIFT_MASK))
    return GTK_WIDGET_CLASS(packet_view_parent_class)->key_press_event(widget, event);
  switch (event->keyval) {
  case GDK_KEY_Up:
  case GDK_KEY_KP_Up:
    packet_view_move(view, -1);
    return TRUE;
  case GDK_KEY_Down:
  case GDK_KEY_KP_Down:
    packet_view_move(view, 1);
    return TRUE;
  case GDK_KEY_Page_Up:
  case GDK_KEY_KP_Page_Up:
    packet_view_move(view, -page);
    return TRUE;
  case GDK_KEY_Page_Down:
  case GDK_KEY_KP_Page_Down:
    packet_view_move(view, page);
    return TRUE;
  case GDK_KEY_Home:
  case GDK_KEY_KP_Home:
    packet_view_move(view, INT32_MIN);
    return TRUE;
  case GDK_KEY_End:
  case GDK_KEY_KP_End:
    packet_view_move(view, UINT32_MAX);
    return TRUE;
  default:
    return GTK_WIDGET_CLASS(packet_view_parent_class)->key_press_event(widget, event);
  }
}

static gboolean
packet_view_button_press(GtkWidget *widget, GdkEventButton *event)
{
  PacketView *view = PACKET_VIEW(widget);
  gtk_widget_grab_focus(widget);
  uint32_t row;
  enum packet_column column;
  if (!packet_view_hit(view, event->x, event->y, &row, &column))
    return FALSE;
  if (event->type == GDK_BUTTON_PRESS && (event->button == 1 || event->button == 3))
    packet_view_select_row(view, row);
  return event->button == 1;
}

/* Three rows per wheel notch, as tables do; smooth devices scroll by their own distance. */
static gboolean
packet_view_scroll(GtkWidget *widget, GdkEventScroll *event)
{
  PacketView *view = PACKET_VIEW(widget);
  double dx = 0, dy = 0;
  if (event->direction == GDK_SCROLL_UP)
    dy = -1;
  else if (event->direction == GDK_SCROLL_DOWN)
    dy = 1;
  else if (!gdk_event_get_scroll_deltas((GdkEvent *)event, &dx, &dy) || dx != 0)
    return FALSE;
  if (!view->vadjustment || (event->state & (GDK_SHIFT_MASK | GDK_CONTROL_MASK)))
    return FALSE;
  gtk_adjustment_set_value(view->vadjustment, top_row(view) + dy * 3);
  return TRUE;
}

static gboolean
packet_view_query_tooltip(GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip)
{
  PacketView *view = PACKET_VIEW(widget);
  uint32_t row = packet_view_selected_row(view);
  enum packet_column column = PACKET_INFO;
  if (!keyboard && !packet_view_hit(view, x, y, &row, &column))
    return FALSE;
  g_autofree char *marks = packet_view_row_marks(view, row);
  if (!marks)
    return FALSE;
  gtk_tooltip_set_text(tooltip, marks);
  GdkRectangle area;
  if (packet_view_row_area(view, row, &area))
    gtk_tooltip_set_tip_area(tooltip, &area);
  return TRUE;
}

/* ---- GObject ---- */

static void
value_changed(PacketView *view)
{
  gtk_widget_queue_draw(GTK_WIDGET(view));
}

static void
set_adjustment(PacketView *view, GtkAdjustment **slot, GtkAdjustment *adjustment)
{
  if (*slot) {
    g_signal_handlers_disconnect_by_func(*slot, value_changed, view);
    g_clear_object(slot);
  }
  if (!adjustment)
    adjustment = gtk_adjustment_new(0, 0, 0, 0, 0, 0);
  *slot = g_object_ref_sink(adjustment);
  g_signal_connect_swapped(adjustment, "value-changed", G_CALLBACK(value_changed), view);
  if (view->session)
    configure_adjustments(view);
}

static void
packet_view_set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  PacketView *view = PACKET_VIEW(object);
  switch (id) {
  case PROP_HADJUSTMENT:
    set_adjustment(view, &view->hadjustment, g_value_get_object(value));
    break;
  case PROP_VADJUSTMENT:
    set_adjustment(view, &view->vadjustment, g_value_get_object(value));
    break;
  case PROP_HPOLICY:
    view->hpolicy = g_value_get_enum(value);
    break;
  case PROP_VPOLICY:
    view->vpolicy = g_value_get_enum(value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void
packet_view_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  PacketView *view = PACKET_VIEW(object);
  switch (id) {
  case PROP_HADJUSTMENT:
    g_value_set_object(value, view->hadjustment);
    break;
  case PROP_VADJUSTMENT:
    g_value_set_object(value, view->vadjustment);
    break;
  case PROP_HPOLICY:
    g_value_set_enum(value, view->hpolicy);
    break;
  case PROP_VPOLICY:
    g_value_set_enum(value, view->vpolicy);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void
packet_view_size_allocate(GtkWidget *widget, GtkAllocation *allocation)
{
  PacketView *view = PACKET_VIEW(widget);
  GTK_WIDGET_CLASS(packet_view_parent_class)->size_allocate(widget, allocation);
  widths_changed(view);
}

static void
packet_view_preferred_height(GtkWidget *widget, int *minimum, int *natural)
{
  int height = packet_view_row_height(PACKET_VIEW(widget));
  *minimum = 3 * height;
  *natural = 12 * height;
}

static void
packet_view_preferred_width(GtkWidget *widget, int *minimum, int *natural)
{
  *minimum = 120;
  *natural = natural_width(PACKET_VIEW(widget));
}

static void
packet_view_style_updated(GtkWidget *widget)
{
  PacketView *view = PACKET_VIEW(widget);
  GTK_WIDGET_CLASS(packet_view_parent_class)->style_updated(widget);
  view->row_height = 0;
  if (!view->session)
    return;
  cache_clear(view);
  measure_widths(view);
  configure_adjustments(view);
}

static void
packet_view_dispose(GObject *object)
{
  PacketView *view = PACKET_VIEW(object);
  cache_clear(view);
  for (int i = 0; i < 2; i++) {
    GtkAdjustment **slot = i ? &view->hadjustment : &view->vadjustment;
    if (*slot)
      g_signal_handlers_disconnect_by_func(*slot, value_changed, view);
    g_clear_object(slot);
  }
  G_OBJECT_CLASS(packet_view_parent_class)->dispose(object);
}

static void
packet_view_finalize(GObject *object)
{
  PacketView *view = PACKET_VIEW(object);
  g_clear_object(&view->session);
  G_OBJECT_CLASS(packet_view_parent_class)->finalize(object);
}

static void
packet_view_class_init(PacketViewClass *class)
{
  GObjectClass *object = G_OBJECT_CLASS(class);
  GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
  object->set_property = packet_view_set_property;
  object->get_property = packet_view_get_property;
  object->dispose = packet_view_dispose;
  object->finalize = packet_view_finalize;
  widget->draw = packet_view_draw;
  widget->size_allocate = packet_view_size_allocate;
  widget->get_preferred_height = packet_view_preferred_height;
  widget->get_preferred_width = packet_view_preferred_width;
  widget->style_updated = packet_view_style_updated;
  widget->key_press_event = packet_view_key_press;
  widget->button_press_event = packet_view_button_press;
  widget->scroll_event = packet_view_scroll;
  widget->query_tooltip = packet_view_query_tooltip;
  gtk_widget_class_set_css_name(widget, "packetlist");
  gtk_widget_class_set_accessible_type(widget, packet_view_accessible_get_type());
  g_object_class_override_property(object, PROP_HADJUSTMENT, "hadjustment");
  g_object_class_override_property(object, PROP_VADJUSTMENT, "vadjustment");
  g_object_class_override_property(object, PROP_HPOLICY, "hscroll-policy");
  g_object_class_override_property(object, PROP_VPOLICY, "vscroll-policy");
}

static void
packet_view_init(PacketView *view)
{
  GtkWidget *widget = GTK_WIDGET(view);
  view->selected_told = SESSION_NONE;
  for (int i = 0; i < CACHE_ROWS; i++)
    view->cache[i].row = SESSION_NONE;
  gtk_widget_set_can_focus(widget, TRUE);
  gtk_widget_set_has_tooltip(widget, TRUE);
  gtk_widget_add_events(widget, GDK_BUTTON_PRESS_MASK | GDK_SCROLL_MASK | GDK_SMOOTH_SCROLL_MASK |
                                    GDK_KEY_PRESS_MASK);
  gtk_style_context_add_class(gtk_widget_get_style_context(widget), GTK_STYLE_CLASS_VIEW);
}

GtkWidget *
packet_view_new(Session *session)
{
  PacketView *view = g_object_new(PACKET_TYPE_VIEW, NULL);
  view->session = g_object_ref(session);
  measure_widths(view);
  configure_adjustments(view);
  return GTK_WIDGET(view);
}
