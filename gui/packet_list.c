/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_list.c -- the packet list: a header of real buttons, the drawn rows, and their menu.
 *
 *   ┌ No. ┬ Time ┬ Source ┬ … ┬ Info ──────────┐  buttons; the right edge of each resizes its
 * column │ rows (packet_view.c)                     ▒│  both scroll sideways together
 *   └───────────────────────────────────────────┘ */
#include "gui/packet_list.h"

#include "gui/filter_entry.h"
#include "gui/packet_view.h"
#include "gui/pane.h"
#include "gui/what_if_menu.h"

/* How near to a header button's right edge a press begins resizing. */
enum { GRIP = 7 };

struct list {
  PacketView *view;
  GtkWidget *buttons[PACKET_N_COLUMNS];
  GtkWidget *margin;
  GtkWidget *filter_entry; /* weak */
  int dragged;             /* column, or -1 */
  double drag_x;
  int drag_width;
};

static struct list *
list_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "packet-list");
}

static void
place_header(struct list *l)
{
  gtk_widget_set_size_request(l->margin, packet_view_column_x(l->view, PACKET_NUMBER), -1);
  for (int i = 0; i < PACKET_N_COLUMNS; i++) {
    enum packet_column column = (enum packet_column)i;
    if (column != PACKET_INFO)
      gtk_widget_set_size_request(l->buttons[i], packet_view_column_width(l->view, column), -1);
  }
}

static void
name_header(struct list *l)
{
  for (int i = 0; i < PACKET_N_COLUMNS; i++) {
    gtk_button_set_label(GTK_BUTTON(l->buttons[i]),
                         packet_view_column_title(l->view, (enum packet_column)i));
    GtkWidget *label = gtk_bin_get_child(GTK_BIN(l->buttons[i]));
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_widget_set_tooltip_text(
        l->buttons[i],
        i == PACKET_TIME
            ? lang_text("Shows the time since the start, since the row above, or in UTC. Drag the "
                        "edge to resize.",
                        "สลับเวลานับจากเริ่มต้น นับจากแถวก่อน หรือเวลา UTC ลากขอบเพื่อปรับความกว้าง")
            : lang_text("Fits the column to what is visible. Drag the edge to resize.",
                        "ปรับความกว้างให้พอดีกับที่เห็น ลากขอบเพื่อปรับเอง"));
  }
  pane_set_accessible(GTK_WIDGET(l->view), lang_text("Packet list", "รายการแพ็กเก็ต"),
                      lang_text("The frames that fit the filter", "เฟรมที่ตรงกับตัวกรอง"));
}

static int
column_of_button(struct list *l, GtkWidget *button)
{
  for (int i = 0; i < PACKET_N_COLUMNS; i++)
    if (l->buttons[i] == button)
      return i;
  g_assert_not_reached();
}

static void
on_header_clicked(GtkWidget *button, struct list *l)
{
  int column = column_of_button(l, button);
  if (column == PACKET_TIME) {
    packet_view_set_time_format(l->view, (packet_view_time_format(l->view) + 1) % PACKET_TIME_N);
    name_header(l);
  } else {
    packet_view_set_column_width(l->view, (enum packet_column)column,
                                 packet_view_fitting_width(l->view, (enum packet_column)column));
  }
  place_header(l);
}

static gboolean
near_edge(GtkWidget *button, double x)
{
  return x >= gtk_widget_get_allocated_width(button) - GRIP;
}

static gboolean
on_header_press(GtkWidget *button, GdkEventButton *event, struct list *l)
{
  int column = column_of_button(l, button);
  if (event->button != 1 || column == PACKET_INFO || !near_edge(button, event->x))
    return FALSE;
  l->dragged = column;
  l->drag_x = event->x_root;
  l->drag_width = packet_view_column_width(l->view, (enum packet_column)column);
  return TRUE;
}

static gboolean
on_header_motion(GtkWidget *button, GdkEventMotion *event, struct list *l)
{
  if (l->dragged >= 0) {
    packet_view_set_column_width(l->view, (enum packet_column)l->dragged,
                                 l->drag_width + (int)(event->x_root - l->drag_x));
    place_header(l);
    return TRUE;
  }
  gboolean edge = near_edge(button, event->x) && column_of_button(l, button) != PACKET_INFO;
  g_autoptr(GdkCursor) cursor =
      edge ? gdk_cursor_new_from_name(gtk_widget_get_display(button), "col-resize") : NULL;
  gdk_window_set_cursor(event->window, cursor);
  return FALSE;
}

static gboolean
on_header_release(GtkWidget *button, GdkEventButton *event, struct list *l)
{
  if (l->dragged < 0)
    return FALSE;
  l->dragged = -1;
  return TRUE;
}

/* ---- menu ---- */

static void
copy_text(GtkMenuItem *item, gpointer data)
{
  GtkClipboard *clipboard = gtk_clipboard_get(GDK_SELECTION_CLIPBOARD);
  gtk_clipboard_set_text(clipboard, g_object_get_data(G_OBJECT(item), "text"), -1);
}

static void
follow_conversation(GtkMenuItem *item, gpointer data)
{
  session_set_filter(data, g_object_get_data(G_OBJECT(item), "text"), NULL);
}

static void
add_item(GtkWidget *menu, const char *label, char *text, GCallback activate, gpointer data)
{
  GtkWidget *item = gtk_menu_item_new_with_label(label);
  g_object_set_data_full(G_OBJECT(item), "text", text, g_free);
  g_signal_connect(item, "activate", activate, data);
  gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
}

static void
open_menu(struct list *l, uint32_t row, enum packet_column column, const GdkEvent *event)
{
  Session *session = packet_view_session(l->view);
  GtkWidget *menu = gtk_menu_new();
  packet_view_select_row(l->view, row);
  g_autofree char *filter = packet_view_cell_filter(l->view, row, column);
  if (filter)
    pane_menu_add_filters(GTK_MENU_SHELL(menu), session, filter);
  uint32_t frame = packet_view_frame_at(l->view, row);
  uint32_t flow = trace_frame(session_trace(session), frame).flow;
  if (flow != TRACE_NONE) {
    const struct trace_flow *f = trace_flow(session_trace(session), flow);
    add_item(
        menu, lang_text("Only this conversation", "เฉพาะการสนทนานี้"),
        g_strdup_printf("%s.stream == %u", f->proto == IP_PROTO_TCP ? "tcp" : "udp", f->stream),
        G_CALLBACK(follow_conversation), session);
  }
  add_item(menu, lang_text("Copy this cell", "คัดลอกช่องนี้"),
           packet_view_cell_text(l->view, row, column), G_CALLBACK(copy_text), NULL);
  gtk_menu_attach_to_widget(GTK_MENU(menu), GTK_WIDGET(l->view), NULL);
  what_if_menu_add(GTK_MENU_SHELL(menu), session);
  g_signal_connect(menu, "selection-done", G_CALLBACK(gtk_widget_destroy), NULL);
  gtk_widget_show_all(menu);
  GdkRectangle area;
  if (event)
    gtk_menu_popup_at_pointer(GTK_MENU(menu), event);
  else if (packet_view_row_area(l->view, row, &area))
    gtk_menu_popup_at_rect(GTK_MENU(menu), gtk_widget_get_window(GTK_WIDGET(l->view)), &area,
                           GDK_GRAVITY_SOUTH_WEST, GDK_GRAVITY_NORTH_WEST, NULL);
}

static gboolean
on_view_press(GtkWidget *view, GdkEventButton *event, struct list *l)
{
  uint32_t row;
  enum packet_column column;
  if (!gdk_event_triggers_context_menu((GdkEvent *)event) ||
      !packet_view_hit(l->view, event->x, event->y, &row, &column))
    return FALSE;
  gtk_widget_grab_focus(view);
  packet_view_select_row(l->view, row);
  open_menu(l, row, column, (GdkEvent *)event);
  return TRUE;
}

static gboolean
on_popup_menu(GtkWidget *view, struct list *l)
{
  uint32_t row = packet_view_selected_row(l->view);
  if (row != SESSION_NONE)
    open_menu(l, row, PACKET_INFO, NULL);
  return TRUE;
}

/* A letter typed in the list begins or continues the filter. */
static gboolean
on_view_key(GtkWidget *view, GdkEventKey *event, struct list *l)
{
  if (!l->filter_entry || !gtk_widget_get_mapped(l->filter_entry) ||
      (event->state & (GDK_CONTROL_MASK | GDK_MOD1_MASK | GDK_SUPER_MASK)))
    return FALSE;
  gunichar c = gdk_keyval_to_unicode(event->keyval);
  /* No filter begins with + or -, and the window has a use for them (speed). */
  if (c == 0 || c == '+' || c == '-' || !g_unichar_isgraph(c))
    return FALSE;
  char text[8] = {0};
  g_unichar_to_utf8(c, text);
  filter_entry_type(l->filter_entry, text);
  return TRUE;
}

/* ---- the whole ---- */

static void
update(GtkWidget *pane, unsigned news)
{
  struct list *l = list_of(pane);
  packet_view_update(l->view, news);
  if (news & (PANE_LOOK | PANE_LOADED)) {
    name_header(l);
    place_header(l);
  }
}

static void
list_free(gpointer data)
{
  struct list *l = data;
  g_clear_weak_pointer(&l->filter_entry);
  g_free(l);
}

static GtkWidget *
make_header(struct list *l)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(box), "env-header");
  l->margin = gtk_label_new(NULL);
  gtk_box_pack_start(GTK_BOX(box), l->margin, FALSE, FALSE, 0);
  for (int i = 0; i < PACKET_N_COLUMNS; i++) {
    GtkWidget *button = gtk_button_new_with_label("");
    gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
    gtk_widget_add_events(button, GDK_POINTER_MOTION_MASK);
    g_signal_connect(button, "clicked", G_CALLBACK(on_header_clicked), l);
    g_signal_connect(button, "button-press-event", G_CALLBACK(on_header_press), l);
    g_signal_connect(button, "button-release-event", G_CALLBACK(on_header_release), l);
    g_signal_connect(button, "motion-notify-event", G_CALLBACK(on_header_motion), l);
    gtk_box_pack_start(GTK_BOX(box), button, i == PACKET_INFO, i == PACKET_INFO, 0);
    l->buttons[i] = button;
  }
  return box;
}

/* Two adjustments, because header and rows differ in width by the scrollbar. */
static void
follow_sideways(GtkAdjustment *rows, GtkAdjustment *header)
{
  gtk_adjustment_set_value(header, gtk_adjustment_get_value(rows));
}

GtkWidget *
packet_list_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct list *l = g_new0(struct list, 1);
  l->dragged = -1;
  g_object_set_data_full(G_OBJECT(pane), "packet-list", l, list_free);
  l->view = PACKET_VIEW(packet_view_new(session));

  GtkWidget *rows = gtk_scrolled_window_new(NULL, NULL);
  gtk_scrolled_window_set_kinetic_scrolling(GTK_SCROLLED_WINDOW(rows), FALSE);
  gtk_scrolled_window_set_overlay_scrolling(GTK_SCROLLED_WINDOW(rows), FALSE);
  gtk_container_add(GTK_CONTAINER(rows), GTK_WIDGET(l->view));

  GtkWidget *header = gtk_scrolled_window_new(NULL, NULL);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(header), GTK_POLICY_EXTERNAL,
                                 GTK_POLICY_NEVER);
  gtk_container_add(GTK_CONTAINER(header), make_header(l));
  g_signal_connect_object(gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(rows)),
                          "value-changed", G_CALLBACK(follow_sideways),
                          gtk_scrolled_window_get_hadjustment(GTK_SCROLLED_WINDOW(header)), 0);

  gtk_box_pack_start(GTK_BOX(pane), header, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), rows, TRUE, TRUE, 0);
  g_signal_connect(l->view, "button-press-event", G_CALLBACK(on_view_press), l);
  g_signal_connect(l->view, "popup-menu", G_CALLBACK(on_popup_menu), l);
  g_signal_connect(l->view, "key-press-event", G_CALLBACK(on_view_key), l);
  name_header(l);
  place_header(l);
  pane_attach(pane, session, PANE_LOADED | PANE_FRAMES | PANE_SELECTION | PANE_FILTER | PANE_LOOK,
              update);
  gtk_widget_show_all(pane);
  return pane;
}

void
packet_list_move(GtkWidget *list, int64_t by)
{
  packet_view_move(list_of(list)->view, by);
}

void
packet_list_focus(GtkWidget *list)
{
  gtk_widget_grab_focus(GTK_WIDGET(list_of(list)->view));
}

void
packet_list_set_filter_entry(GtkWidget *list, GtkWidget *filter_entry)
{
  g_set_weak_pointer(&list_of(list)->filter_entry, filter_entry);
}
