/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dialogue.c -- what client and server of the selected conversation said to each other.
 *
 *   ◀ ▶  alice-pc 10.0.0.5:50112 ⇄ 10.0.0.2:25 · SMTP                     [Copy]
 *   0.041200  S:  220 mx.alice.test ESMTP                                 #12
 *   0.052310  C:  EHLO alice-pc                                           #14   <- time cursor: lit
 *   0.060000  S:  250 mx.alice.test                                       #16   <- later: dimmed
 *   [◀ lines 1–2,000 of 51,234 ▶]
 *
 * dialogue_rows.c gathers the lines; here a page of them stands in a tree, whose opened rows show
 * the message behind "1,234 octets of message". What is copied is what is seen: masked. */
#include "gui/dialogue.h"

#include "gui/dialogue_rows.h"
#include "gui/flow_view.h"
#include "gui/pane.h"

enum { PAGE_ROWS = 2000, RUN_LINES_MAX = 2000 };
enum { COLUMN_ROW, COLUMN_IS_LINE, COLUMN_TIME, COLUMN_SIDE, COLUMN_TEXT, COLUMN_FRAME, COLUMN_N };

struct view {
  Session *session;
  struct dialogue_rows rows;
  guint page_first;
  int current; /* row at the time cursor, or -1 */
  GtkTreeStore *store;
  GtkWidget *tree, *title, *pager, *page_label, *older, *newer, *back, *forth, *copy, *stack,
      *empty;
  gboolean is_own;
};

static struct view *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "dialogue");
}

/* ---- rows ---- */

static void
insert_row(struct view *v, guint i)
{
  const struct dialogue_row *row = dialogue_row(&v->rows, i);
  g_autofree char *text = dialogue_row_text(&v->rows, i, session_reveal(v->session));
  g_autofree char *time = pane_format_time(session_frame_time(v->session, row->frame));
  g_autofree char *frame = g_strdup_printf("#%u", row->frame + 1);
  g_autofree char *side =
      g_strdup_printf("%s%s", row->is_inner ? "TLS " : "", row->side == SIDE_CLIENT ? "C:" : "S:");
  GtkTreeIter iter, child;
  gtk_tree_store_insert_with_values(v->store, &iter, NULL, -1, COLUMN_ROW, i, COLUMN_TIME, time,
                                    COLUMN_SIDE, side, COLUMN_TEXT, text, COLUMN_FRAME, frame, -1);
  /* A child that is replaced when the row is opened. */
  if (dialogue_row_is_folded(row))
    gtk_tree_store_insert_with_values(v->store, &child, &iter, -1, COLUMN_ROW, i, COLUMN_IS_LINE,
                                      TRUE, COLUMN_TEXT, NULL, -1);
}

static void
show_pager(struct view *v)
{
  guint n = v->rows.rows->len;
  guint end = MIN(v->page_first + PAGE_ROWS, n);
  g_autofree char *first = pane_format_count(v->page_first + 1);
  g_autofree char *last = pane_format_count(end);
  g_autofree char *all = pane_format_count(n);
  g_autofree char *text = g_strdup_printf(
      lang_text("lines %1$s to %2$s of %3$s", "บรรทัดที่ %1$s ถึง %2$s จาก %3$s"), first, last, all);
  gtk_label_set_text(GTK_LABEL(v->page_label), text);
  gtk_widget_set_visible(v->pager, n > PAGE_ROWS);
  gtk_widget_set_sensitive(v->older, v->page_first > 0);
  gtk_widget_set_sensitive(v->newer, end < n);
}

static void
fill(struct view *v)
{
  v->is_own = TRUE;
  gtk_tree_view_set_model(GTK_TREE_VIEW(v->tree), NULL);
  gtk_tree_store_clear(v->store);
  guint end = MIN(v->page_first + PAGE_ROWS, v->rows.rows->len);
  for (guint i = v->page_first; i < end; i++)
    insert_row(v, i);
  gtk_tree_view_set_model(GTK_TREE_VIEW(v->tree), GTK_TREE_MODEL(v->store));
  v->is_own = FALSE;
  show_pager(v);
}

/* ---- title ---- */

static char *
title_text(struct view *v)
{
  const struct trace_flow *flow = trace_flow(v->rows.trace, v->rows.flow);
  g_autofree char *client = flow_view_end_name(v->session, v->rows.flow, SIDE_CLIENT);
  g_autofree char *server = flow_view_end_name(v->session, v->rows.flow, SIDE_SERVER);
  return g_strdup_printf(
      lang_text("Client %1$s ⇄ server %2$s  %3$s", "ไคลเอนต์ %1$s ⇄ เซิร์ฟเวอร์ %2$s  %3$s"), client,
      server, flow_view_app_name(flow->app));
}

static const char *
empty_text(struct view *v)
{
  if (v->rows.flow == TRACE_NONE)
    return lang_text("Select a frame of a TCP connection to read what was said on it.",
                     "เลือกเฟรมของการเชื่อมต่อ TCP เพื่ออ่านบทสนทนาบนการเชื่อมต่อนั้น");
  if (trace_flow(v->rows.trace, v->rows.flow)->proto != IP_PROTO_TCP)
    return lang_text(
        "This is an exchange of UDP datagrams; there is no stream of lines. See its fields.",
        "นี่เป็นการรับส่งดาตาแกรม UDP จึงไม่มีสตรีมที่แบ่งเป็นบรรทัด ดูที่ฟิลด์ของเฟรมแทน");
  return lang_text("No SMTP, POP3 or IMAP line was seen on this connection.",
                   "ไม่พบบรรทัดของ SMTP, POP3 หรือ IMAP บนการเชื่อมต่อนี้");
}

static void
show_title(struct view *v)
{
  gboolean has_rows = v->rows.rows->len > 0;
  g_autofree char *title = v->rows.flow == TRACE_NONE ? g_strdup("") : title_text(v);
  gtk_label_set_text(GTK_LABEL(v->title), title);
  gtk_widget_set_tooltip_text(v->title, title);
  gtk_label_set_text(GTK_LABEL(v->empty), empty_text(v));
  gtk_stack_set_visible_child_name(GTK_STACK(v->stack), has_rows ? "lines" : "empty");
  gtk_widget_set_sensitive(v->copy, has_rows);
}

/* ---- the time cursor ---- */

static void
show_cursor(struct view *v)
{
  uint32_t frame = session_frame(v->session);
  v->current = frame == SESSION_NONE ? -1 : dialogue_rows_at(&v->rows, frame);
  if (v->current >= 0 &&
      ((guint)v->current < v->page_first || (guint)v->current >= v->page_first + PAGE_ROWS)) {
    v->page_first = (guint)v->current / PAGE_ROWS * PAGE_ROWS;
    fill(v);
  }
  GtkTreeSelection *selection = gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree));
  v->is_own = TRUE;
  if (v->current >= 0) {
    g_autoptr(GtkTreePath) path =
        gtk_tree_path_new_from_indices(v->current - (int)v->page_first, -1);
    gtk_tree_selection_select_path(selection, path);
    gtk_tree_view_scroll_to_cell(GTK_TREE_VIEW(v->tree), path, NULL, FALSE, 0, 0);
  } else {
    gtk_tree_selection_unselect_all(selection);
  }
  v->is_own = FALSE;
  gtk_widget_queue_draw(v->tree);
}

static gboolean
is_later(struct view *v, guint row)
{
  uint32_t frame = session_frame(v->session);
  return row < v->rows.rows->len &&
         (frame == SESSION_NONE || dialogue_row(&v->rows, row)->frame > frame);
}

static void
paint_cell(GtkTreeViewColumn *column, GtkCellRenderer *cell, GtkTreeModel *model, GtkTreeIter *iter,
           gpointer data)
{
  struct view *v = data;
  int text_column = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(cell), "column"));
  guint row;
  gboolean is_line;
  g_autofree char *text = NULL;
  gtk_tree_model_get(model, iter, COLUMN_ROW, &row, COLUMN_IS_LINE, &is_line, text_column, &text,
                     -1);
  if (row >= v->rows.rows->len)
    return;
  const struct dialogue_row *r = dialogue_row(&v->rows, row);
  const char *color = "ink";
  if (is_later(v, row) || text_column == COLUMN_TIME)
    color = "faint";
  else if (text_column == COLUMN_SIDE)
    color = r->side == SIDE_CLIENT ? "client" : "server";
  else if (text_column == COLUMN_FRAME)
    color = "client";
  else if (r->kind == ELEMENT_GAP)
    color = "risk";
  GdkRGBA rgba = style_color(v->tree, color);
  if (is_later(v, row))
    rgba.alpha = 0.6;
  g_object_set(cell, "text", text ? text : "", "foreground-rgba", &rgba, NULL);
}

/* ---- events ---- */

static void
on_selected(GtkTreeSelection *selection, struct view *v)
{
  GtkTreeIter iter;
  guint row;
  if (v->is_own || !gtk_tree_selection_get_selected(selection, NULL, &iter))
    return;
  gtk_tree_model_get(GTK_TREE_MODEL(v->store), &iter, COLUMN_ROW, &row, -1);
  if (row < v->rows.rows->len)
    session_select_frame(v->session, dialogue_row(&v->rows, row)->frame);
}

/* Opening a folded run reads it. */
static gboolean
on_expand(GtkTreeView *tree, GtkTreeIter *iter, GtkTreePath *path, struct view *v)
{
  GtkTreeIter child;
  guint row;
  g_autofree char *first = NULL;
  GtkTreeModel *model = GTK_TREE_MODEL(v->store);
  gtk_tree_model_get(model, iter, COLUMN_ROW, &row, -1);
  if (!gtk_tree_model_iter_children(model, &child, iter))
    return FALSE;
  gtk_tree_model_get(model, &child, COLUMN_TEXT, &first, -1);
  if (first)
    return FALSE;
  g_auto(GStrv) lines = dialogue_row_lines(&v->rows, row, RUN_LINES_MAX);
  for (int i = 0; lines[i]; i++) {
    GtkTreeIter line;
    gtk_tree_store_insert_with_values(v->store, &line, iter, -1, COLUMN_ROW, row, COLUMN_IS_LINE,
                                      TRUE, COLUMN_TEXT, lines[i], -1);
  }
  gtk_tree_store_remove(v->store, &child);
  return FALSE;
}

static gboolean
on_key(GtkWidget *tree, GdkEventKey *event, struct view *v)
{
  GtkTreePath *path = NULL;
  gtk_tree_view_get_cursor(GTK_TREE_VIEW(tree), &path, NULL);
  if (!path)
    return FALSE;
  gboolean done = TRUE;
  if (event->keyval == GDK_KEY_Right)
    gtk_tree_view_expand_row(GTK_TREE_VIEW(tree), path, FALSE);
  else if (event->keyval == GDK_KEY_Left)
    gtk_tree_view_collapse_row(GTK_TREE_VIEW(tree), path);
  else
    done = FALSE;
  gtk_tree_path_free(path);
  return done;
}

static void
on_copy(GtkButton *button, struct view *v)
{
  GString *out = g_string_new(NULL);
  guint end = MIN(v->page_first + PAGE_ROWS, v->rows.rows->len);
  for (guint i = v->page_first; i < end; i++) {
    g_autofree char *text = dialogue_row_text(&v->rows, i, session_reveal(v->session));
    g_string_append_printf(out, "%s %s\n",
                           dialogue_row(&v->rows, i)->side == SIDE_CLIENT ? "C:" : "S:", text);
  }
  gtk_clipboard_set_text(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD), out->str, (int)out->len);
  g_string_free(out, TRUE);
}

static void
turn_page(struct view *v, int by)
{
  v->page_first = (guint)MAX(0, (int)v->page_first + by * PAGE_ROWS);
  fill(v);
}

static void
on_older(GtkButton *button, struct view *v)
{
  turn_page(v, -1);
}

static void
on_newer(GtkButton *button, struct view *v)
{
  turn_page(v, 1);
}

/* The next conversation on which a mail protocol is spoken. */
static void
select_conversation(struct view *v, int by)
{
  struct trace *t = session_trace(v->session);
  int64_t n = trace_n_flows(t);
  int64_t at = v->rows.flow == TRACE_NONE ? (by > 0 ? -1 : n) : (int64_t)v->rows.flow;
  for (at += by; at >= 0 && at < n; at += by) {
    const struct trace_flow *flow = trace_flow(t, (uint32_t)at);
    if (flow->proto == IP_PROTO_TCP && flow->app != APP_NONE && flow->app != APP_DNS) {
      session_select_flow(v->session, (uint32_t)at);
      return;
    }
  }
}

static void
on_back(GtkButton *button, struct view *v)
{
  select_conversation(v, -1);
}

static void
on_forth(GtkButton *button, struct view *v)
{
  select_conversation(v, 1);
}

/* ---- the whole ---- */

static void
name_buttons(struct view *v)
{
  gtk_button_set_label(GTK_BUTTON(v->copy), lang_text("Copy", "คัดลอก"));
  gtk_widget_set_tooltip_text(v->copy,
                              lang_text("Copies the lines as they are shown; secrets stay masked",
                                        "คัดลอกบรรทัดตามที่แสดง ข้อมูลลับยังคงถูกปิดไว้"));
  gtk_widget_set_tooltip_text(v->back, lang_text("Previous conversation", "การสนทนาก่อนหน้า"));
  gtk_widget_set_tooltip_text(v->forth, lang_text("Next conversation", "การสนทนาถัดไป"));
  gtk_button_set_label(GTK_BUTTON(v->older), lang_text("Earlier", "ก่อนหน้า"));
  gtk_button_set_label(GTK_BUTTON(v->newer), lang_text("Later", "ถัดไป"));
  pane_set_accessible(v->back, lang_text("Previous conversation", "การสนทนาก่อนหน้า"), NULL);
  pane_set_accessible(v->forth, lang_text("Next conversation", "การสนทนาถัดไป"), NULL);
  pane_set_accessible(
      v->tree, lang_text("Dialogue of client and server", "บทสนทนาระหว่างไคลเอนต์กับเซิร์ฟเวอร์"), NULL);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct view *v = view_of(pane);
  struct trace *t = session_trace(v->session);
  uint32_t flow = session_flow(v->session);
  if (flow == SESSION_NONE || flow >= trace_n_flows(t))
    flow = TRACE_NONE;
  gboolean refill = FALSE;
  if ((news & PANE_LOADED) || flow != v->rows.flow) {
    dialogue_rows_open(&v->rows, t, flow);
    v->page_first = 0;
    refill = TRUE;
  }
  guint n_before = v->rows.rows->len;
  if (dialogue_rows_update(&v->rows, !session_is_loading(v->session, NULL)))
    refill = refill || n_before < v->page_first + PAGE_ROWS;
  if (news & PANE_LOOK) {
    name_buttons(v);
    refill = TRUE;
  }
  if (refill)
    fill(v);
  else
    show_pager(v);
  show_title(v);
  if (refill || (news & (PANE_TIME | PANE_SELECTION)))
    show_cursor(v);
}

static void
view_free(gpointer data)
{
  struct view *v = data;
  dialogue_rows_clear(&v->rows);
  g_object_unref(v->session);
  g_object_unref(v->store);
  g_free(v);
}

static void
add_column(struct view *v, int text_column, gboolean expand)
{
  GtkCellRenderer *cell = gtk_cell_renderer_text_new();
  GtkTreeViewColumn *column = gtk_tree_view_column_new();
  g_object_set_data(G_OBJECT(cell), "column", GINT_TO_POINTER(text_column));
  g_object_set(cell, "single-paragraph-mode", TRUE, "family",
               "Noto Sans Mono, DejaVu Sans Mono, Noto Sans Thai, monospace", "ypad", 1, NULL);
  if (text_column == COLUMN_SIDE)
    g_object_set(cell, "weight", PANGO_WEIGHT_BOLD, NULL);
  if (text_column == COLUMN_FRAME)
    g_object_set(cell, "xalign", 1.0, NULL);
  if (text_column == COLUMN_TEXT) {
    g_object_set(cell, "ellipsize", PANGO_ELLIPSIZE_END, NULL);
    gtk_tree_view_column_set_min_width(column, 160);
  }
  gtk_tree_view_column_pack_start(column, cell, TRUE);
  gtk_tree_view_column_set_expand(column, expand);
  gtk_tree_view_column_set_cell_data_func(column, cell, paint_cell, v, NULL);
  gtk_tree_view_append_column(GTK_TREE_VIEW(v->tree), column);
  if (text_column == COLUMN_TEXT)
    gtk_tree_view_set_expander_column(GTK_TREE_VIEW(v->tree), column);
}

static GtkWidget *
make_lines(struct view *v)
{
  v->store = gtk_tree_store_new(COLUMN_N, G_TYPE_UINT, G_TYPE_BOOLEAN, G_TYPE_STRING, G_TYPE_STRING,
                                G_TYPE_STRING, G_TYPE_STRING);
  v->tree = gtk_tree_view_new_with_model(GTK_TREE_MODEL(v->store));
  gtk_style_context_add_class(gtk_widget_get_style_context(v->tree), "env-paper");
  gtk_tree_view_set_headers_visible(GTK_TREE_VIEW(v->tree), FALSE);
  gtk_tree_view_set_search_column(GTK_TREE_VIEW(v->tree), COLUMN_TEXT);
  add_column(v, COLUMN_TIME, FALSE);
  add_column(v, COLUMN_SIDE, FALSE);
  add_column(v, COLUMN_TEXT, TRUE);
  add_column(v, COLUMN_FRAME, FALSE);
  g_signal_connect(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)), "changed",
                   G_CALLBACK(on_selected), v);
  g_signal_connect(v->tree, "test-expand-row", G_CALLBACK(on_expand), v);
  g_signal_connect(v->tree, "key-press-event", G_CALLBACK(on_key), v);
  return pane_scrolled(v->tree);
}

static GtkWidget *
icon_button(const char *icon, GCallback clicked, struct view *v)
{
  GtkWidget *button = gtk_button_new_from_icon_name(icon, GTK_ICON_SIZE_BUTTON);
  gtk_button_set_relief(GTK_BUTTON(button), GTK_RELIEF_NONE);
  g_signal_connect(button, "clicked", clicked, v);
  return button;
}

static GtkWidget *
make_top(struct view *v)
{
  GtkWidget *top = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
  v->back = icon_button("go-previous-symbolic", G_CALLBACK(on_back), v);
  v->forth = icon_button("go-next-symbolic", G_CALLBACK(on_forth), v);
  v->title = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(v->title), 0);
  gtk_label_set_ellipsize(GTK_LABEL(v->title), PANGO_ELLIPSIZE_END);
  v->copy = gtk_button_new_with_label("");
  g_signal_connect(v->copy, "clicked", G_CALLBACK(on_copy), v);
  gtk_box_pack_start(GTK_BOX(top), v->back, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(top), v->forth, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(top), v->title, TRUE, TRUE, 4);
  gtk_box_pack_start(GTK_BOX(top), v->copy, FALSE, FALSE, 4);
  return top;
}

static GtkWidget *
make_pager(struct view *v)
{
  v->pager = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  v->older = gtk_button_new_with_label("");
  v->newer = gtk_button_new_with_label("");
  v->page_label = gtk_label_new(NULL);
  g_signal_connect(v->older, "clicked", G_CALLBACK(on_older), v);
  g_signal_connect(v->newer, "clicked", G_CALLBACK(on_newer), v);
  gtk_box_pack_start(GTK_BOX(v->pager), v->older, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(v->pager), v->page_label, TRUE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(v->pager), v->newer, FALSE, FALSE, 0);
  gtk_widget_show_all(v->pager);
  gtk_widget_set_no_show_all(v->pager, TRUE);
  gtk_widget_hide(v->pager);
  return v->pager;
}

GtkWidget *
dialogue_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct view *v = g_new0(struct view, 1);
  v->session = g_object_ref(session);
  v->current = -1;
  dialogue_rows_init(&v->rows);
  v->rows.trace = session_trace(session);
  g_object_set_data_full(G_OBJECT(pane), "dialogue", v, view_free);
  gtk_box_pack_start(GTK_BOX(pane), make_top(v), FALSE, FALSE, 0);
  v->stack = gtk_stack_new();
  gtk_stack_add_named(GTK_STACK(v->stack), make_lines(v), "lines");
  v->empty = pane_label("env-faint", FALSE);
  g_object_set(v->empty, "margin", 16, "yalign", 0.0, NULL);
  gtk_stack_add_named(GTK_STACK(v->stack), v->empty, "empty");
  gtk_box_pack_start(GTK_BOX(pane), v->stack, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(pane), make_pager(v), FALSE, FALSE, 0);
  pane_attach(pane, session, PANE_LOADED | PANE_FRAMES | PANE_SELECTION | PANE_TIME | PANE_LOOK,
              update);
  gtk_widget_show_all(pane);
  return pane;
}
