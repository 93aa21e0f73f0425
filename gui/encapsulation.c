/* SPDX-License-Identifier: GPL-3.0-or-later */
/* encapsulation.c -- the selected frame as envelopes inside envelopes.
 *
 *   ├─ eth ─┼── ip ──┼─── tcp ───┼── smtp ──┤   the whole frame to scale
 *   Ethernet II · 14 octets ─────────────────┐
 *   │ 0       8       16      24      31     │   headers in rows of 32 bits, all at one scale
 *   │ IPv4 · 20 octets ───────────────────┐  │
 *   │ │ version │ IHL │ …                 │  │
 *
 * envelope.c says what lies where; here rectangles are made of it (encapsulation_layout.c), drawn,
 * and turned back into fields when somebody points at them. All sizes are multiples of the font's
 * height, which projector mode and zoom change for every widget. */
#include "gui/encapsulation.h"

#include <math.h>

#include "gui/encapsulation_private.h"

static struct encapsulation *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "encapsulation");
}

static gboolean
on_draw(GtkWidget *area, cairo_t *cr, struct encapsulation *v)
{
  encapsulation_draw(v, cr);
  return FALSE;
}

/* ---- pointing and keys ---- */

static int
cell_under(struct encapsulation *v, double x, double y)
{
  for (int i = (int)v->cells->len - 1; i >= 0; i--) {
    const struct encapsulation_cell *c = encapsulation_cell(v, i);
    for (unsigned k = 0; k < c->n_parts; k++)
      if (x >= c->parts[k].x && x < c->parts[k].x + c->parts[k].width && y >= c->parts[k].y &&
          y < c->parts[k].y + c->parts[k].height)
        return i;
  }
  return -1;
}

static void
select_cell(struct encapsulation *v, int i)
{
  const struct encapsulation_cell *c = encapsulation_cell(v, i);
  if (c->field != UINT32_MAX)
    session_select_field(v->session, c->field);
  else
    session_select_octet(v->session, c->source, c->first_octet);
}

static gboolean
on_press(GtkWidget *area, GdkEventButton *event, struct encapsulation *v)
{
  gtk_widget_grab_focus(area);
  int i = cell_under(v, event->x, event->y);
  if (event->button != 1 || i < 0)
    return FALSE;
  v->focused = i;
  select_cell(v, i);
  gtk_widget_queue_draw(area);
  return TRUE;
}

static gboolean
on_motion(GtkWidget *area, GdkEventMotion *event, struct encapsulation *v)
{
  int i = cell_under(v, event->x, event->y);
  if (i != v->hovered) {
    v->hovered = i;
    gtk_widget_queue_draw(area);
  }
  return FALSE;
}

static gboolean
on_leave(GtkWidget *area, GdkEventCrossing *event, struct encapsulation *v)
{
  v->hovered = -1;
  gtk_widget_queue_draw(area);
  return FALSE;
}

static gboolean
on_tooltip(GtkWidget *area, int x, int y, gboolean keyboard, GtkTooltip *tooltip,
           struct encapsulation *v)
{
  int i = keyboard ? v->focused : cell_under(v, x, y);
  struct decode *d = session_decode(v->session);
  if (i < 0 || encapsulation_cell(v, i)->field >= decode_n_fields(d))
    return FALSE;
  const struct field *f = decode_field(d, encapsulation_cell(v, i)->field);
  g_autofree char *line = decode_line(d, f);
  g_autofree char *explain = decode_explain(d, f);
  g_autofree char *all = g_strdup_printf("%s\n%s", line, explain);
  g_autofree char *valid = g_utf8_make_valid(all, -1);
  gtk_tooltip_set_text(tooltip, valid);
  return TRUE;
}

/* The nearest cell whose first part lies above or below. */
static int
cell_in_row(struct encapsulation *v, int from, int direction)
{
  const struct encapsulation_part *p = &encapsulation_cell(v, from)->parts[0];
  double x = p->x + p->width / 2, best = G_MAXDOUBLE;
  int found = from;
  for (int i = 0; i < (int)v->cells->len; i++) {
    const struct encapsulation_part *q = &encapsulation_cell(v, i)->parts[0];
    double dy = (q->y - p->y) * direction;
    double dx = x < q->x ? q->x - x : x > q->x + q->width ? x - q->x - q->width : 0;
    if (dy > 1 && dy * 100 + dx < best) {
      best = dy * 100 + dx;
      found = i;
    }
  }
  return found;
}

static gboolean
on_key(GtkWidget *area, GdkEventKey *event, struct encapsulation *v)
{
  int n = (int)v->cells->len;
  if (n == 0 || (event->state & (GDK_CONTROL_MASK | GDK_MOD1_MASK)))
    return FALSE;
  int at = v->focused;
  switch (event->keyval) {
  case GDK_KEY_Right:
    at = MIN(at + 1, n - 1);
    break;
  case GDK_KEY_Left:
    at = MAX(at - 1, 0);
    break;
  case GDK_KEY_Down:
    at = at < 0 ? 0 : cell_in_row(v, at, 1);
    break;
  case GDK_KEY_Up:
    at = at < 0 ? 0 : cell_in_row(v, at, -1);
    break;
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_space:
    if (at >= 0)
      select_cell(v, at);
    return TRUE;
  default:
    return FALSE;
  }
  v->focused = at;
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(v->scrolled));
  const struct encapsulation_part *p = &encapsulation_cell(v, at)->parts[0];
  gtk_adjustment_clamp_page(adjustment, p->y - v->unit * 2, p->y + p->height + v->unit);
  gtk_widget_queue_draw(area);
  return TRUE;
}

/* ---- the whole ---- */

/* The drawing in words, for those who do not see it. */
static void
describe(struct encapsulation *v)
{
  g_autofree char *sentence = encapsulation_sentence(v);
  GString *out = g_string_new(sentence);
  for (unsigned i = 0; i < v->envelope.n_layers; i++) {
    g_autofree char *octets = pane_format_octets(v->envelope.layers[i].header_octets);
    g_string_append_printf(out, " %s: %s;", v->envelope.layers[i].header->title, octets);
  }
  for (guint i = 0; i < v->payload->len; i++)
    g_string_append_printf(out, " %s", (char *)g_ptr_array_index(v->payload, i));
  pane_set_accessible(v->area, lang_text("Encapsulation of the frame", "การห่อหุ้มข้อมูลของเฟรม"),
                      out->str);
  g_string_free(out, TRUE);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct encapsulation *v = view_of(pane);
  encapsulation_lay_out(v);
  describe(v);
}

static void
on_allocate(GtkWidget *scrolled, GtkAllocation *allocation, struct encapsulation *v)
{
  if (fabs(v->room - allocation->width) > 0.5)
    encapsulation_lay_out(v);
}

static void
view_free(gpointer data)
{
  struct encapsulation *v = data;
  g_object_unref(v->session);
  g_array_unref(v->cells);
  g_ptr_array_unref(v->payload);
  g_free(v);
}

GtkWidget *
encapsulation_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct encapsulation *v = g_new0(struct encapsulation, 1);
  v->session = g_object_ref(session);
  v->cells = g_array_new(FALSE, TRUE, sizeof(struct encapsulation_cell));
  g_array_set_clear_func(v->cells, encapsulation_cell_clear);
  v->payload = g_ptr_array_new_with_free_func(g_free);
  v->hovered = v->focused = -1;
  v->scale = 1;
  g_object_set_data_full(G_OBJECT(pane), "encapsulation", v, view_free);
  v->area = gtk_drawing_area_new();
  gtk_widget_set_can_focus(v->area, TRUE);
  gtk_widget_set_has_tooltip(v->area, TRUE);
  gtk_style_context_add_class(gtk_widget_get_style_context(v->area), "env-canvas");
  gtk_widget_add_events(v->area, GDK_BUTTON_PRESS_MASK | GDK_POINTER_MOTION_MASK |
                                     GDK_LEAVE_NOTIFY_MASK | GDK_KEY_PRESS_MASK);
  g_signal_connect(v->area, "draw", G_CALLBACK(on_draw), v);
  g_signal_connect(v->area, "button-press-event", G_CALLBACK(on_press), v);
  g_signal_connect(v->area, "motion-notify-event", G_CALLBACK(on_motion), v);
  g_signal_connect(v->area, "leave-notify-event", G_CALLBACK(on_leave), v);
  g_signal_connect(v->area, "key-press-event", G_CALLBACK(on_key), v);
  g_signal_connect(v->area, "query-tooltip", G_CALLBACK(on_tooltip), v);
  v->scrolled = pane_scrolled(v->area);
  gtk_box_pack_start(GTK_BOX(pane), v->scrolled, TRUE, TRUE, 0);
  g_signal_connect(v->scrolled, "size-allocate", G_CALLBACK(on_allocate), v);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
