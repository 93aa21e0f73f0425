/* SPDX-License-Identifier: GPL-3.0-or-later */
/* detail_tree.c -- the decoded fields of the selected frame, and the sentence that explains one.
 *
 *   ┌ tree ──────────────────────────────┐   one row per visible field; what was expanded stays so
 *   │ ▾ Transmission Control Protocol    │   by key from frame to frame
 *   │     Source Port: 50112             │
 *   ├────────────────────────────────────┤
 *   │ sentence for the selected field    │   decode_explain(), in the language of now
 *   │ tcp.srcport            [ reveal ]  │   secrets are masked until revealed
 *   └────────────────────────────────────┘ */
#include "gui/detail_tree.h"

#include <string.h>

#include "gui/mask.h"
#include "gui/pane.h"

enum { COLUMN_TEXT, COLUMN_FIELD, COLUMN_WEIGHT, COLUMN_STYLE, COLUMN_COLOR, COLUMN_N };

struct detail {
  GtkWidget *pane;
  Session *session;
  GtkTreeStore *store;
  GtkWidget *tree, *key, *sentence, *reveal;
  GHashTable *expanded; /* key -> GINT_TO_POINTER(1 expanded, 2 collapsed), the user's choices */
  gboolean is_own;      /* rows are being built or selected by us */
  uint32_t frame_shown;
};

static struct detail *
detail_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "detail-tree");
}

/* ---- rows ---- */

static char *
field_text(struct decode *d, const struct field *f)
{
  g_autofree char *line = decode_line(d, f);
  g_autofree char *valid = g_utf8_make_valid(line ? line : "", -1);
  if ((f->flags & FIELD_FLAG_GENERATED) && valid[0] != '[')
    return g_strdup_printf("[%s]", valid);
  return g_steal_pointer(&valid);
}

/* Fields of a depth follow their parents, so one row per depth is enough to hang them up. */
static void
fill(struct detail *v)
{
  struct decode *d = session_decode(v->session);
  unsigned n = decode_n_fields(d);
  g_autofree GtkTreeIter *iters = g_new0(GtkTreeIter, n + 1);
  g_autofree bool *shown = g_new0(bool, n + 1);
  GdkRGBA odd = style_color(v->tree, "risk");
  GdkRGBA generated = style_color(v->tree, "faint");
  for (unsigned i = 0; i < n; i++) {
    const struct field *f = decode_field(d, i);
    gboolean has_parent = f->parent != UINT16_MAX && f->parent < i;
    if ((f->flags & FIELD_FLAG_HIDDEN) || (has_parent && !shown[f->parent]))
      continue;
    shown[i] = true;
    g_autofree char *text = field_text(d, f);
    const GdkRGBA *color = f->flags & FIELD_FLAG_ODD         ? &odd
                           : f->flags & FIELD_FLAG_GENERATED ? &generated
                                                             : NULL;
    gtk_tree_store_insert_with_values(
        v->store, &iters[i], has_parent ? &iters[f->parent] : NULL, -1, COLUMN_TEXT, text,
        COLUMN_FIELD, i, COLUMN_WEIGHT,
        f->def->type == FIELD_PROTOCOL ? PANGO_WEIGHT_SEMIBOLD : PANGO_WEIGHT_NORMAL, COLUMN_STYLE,
        f->flags & FIELD_FLAG_GENERATED ? PANGO_STYLE_ITALIC : PANGO_STYLE_NORMAL, COLUMN_COLOR,
        color, -1);
  }
}

/* The innermost layer is open at first: it is what one looks for. */
static void
expand(struct detail *v)
{
  struct decode *d = session_decode(v->session);
  unsigned innermost = UINT32_MAX;
  for (unsigned i = 0; i < decode_n_fields(d); i++)
    if (decode_field(d, i)->depth == 0 && !(decode_field(d, i)->flags & FIELD_FLAG_HIDDEN))
      innermost = i;
  GtkTreeIter iter;
  GtkTreeModel *model = GTK_TREE_MODEL(v->store);
  GQueue queue = G_QUEUE_INIT;
  if (gtk_tree_model_get_iter_first(model, &iter))
    do
      g_queue_push_tail(&queue, gtk_tree_model_get_path(model, &iter));
    while (gtk_tree_model_iter_next(model, &iter));
  GtkTreePath *path;
  while ((path = g_queue_pop_head(&queue))) {
    guint index;
    gtk_tree_model_get_iter(model, &iter, path);
    gtk_tree_model_get(model, &iter, COLUMN_FIELD, &index, -1);
    const struct field *f = decode_field(d, index);
    int choice = GPOINTER_TO_INT(g_hash_table_lookup(v->expanded, f->def->key));
    if (choice == 1 || (choice == 0 && index == innermost)) {
      gtk_tree_view_expand_row(GTK_TREE_VIEW(v->tree), path, FALSE);
      GtkTreeIter child;
      if (gtk_tree_model_iter_children(model, &child, &iter))
        do
          if (gtk_tree_model_iter_has_child(model, &child))
            g_queue_push_tail(&queue, gtk_tree_model_get_path(model, &child));
        while (gtk_tree_model_iter_next(model, &child));
    }
    gtk_tree_path_free(path);
  }
}

struct search {
  guint field;
  GtkTreePath *path;
};

static gboolean
find_field(GtkTreeModel *model, GtkTreePath *path, GtkTreeIter *iter, gpointer data)
{
  struct search *s = data;
  guint index;
  gtk_tree_model_get(model, iter, COLUMN_FIELD, &index, -1);
  if (index != s->field)
    return FALSE;
  s->path = gtk_tree_path_copy(path);
  return TRUE;
}

static void
show_selection(struct detail *v)
{
  GtkTreeSelection *selection = gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree));
  struct search s = {.field = session_field(v->session)};
  v->is_own = TRUE;
  if (s.field != SESSION_NONE)
    gtk_tree_model_foreach(GTK_TREE_MODEL(v->store), find_field, &s);
  if (s.path) {
    g_autoptr(GtkTreePath) parent = gtk_tree_path_copy(s.path);
    if (gtk_tree_path_up(parent) && gtk_tree_path_get_depth(parent) > 0)
      gtk_tree_view_expand_to_path(GTK_TREE_VIEW(v->tree), parent);
    gtk_tree_selection_select_path(selection, s.path);
    GtkTreePath *cursor = NULL;
    gtk_tree_view_get_cursor(GTK_TREE_VIEW(v->tree), &cursor, NULL);
    if (!cursor || gtk_tree_path_compare(cursor, s.path) != 0)
      gtk_tree_view_set_cursor(GTK_TREE_VIEW(v->tree), s.path, NULL, FALSE);
    gtk_tree_view_scroll_to_cell(GTK_TREE_VIEW(v->tree), s.path, NULL, FALSE, 0, 0);
    g_clear_pointer(&cursor, gtk_tree_path_free);
    gtk_tree_path_free(s.path);
  } else {
    gtk_tree_selection_unselect_all(selection);
  }
  v->is_own = FALSE;
}

/* ---- the sentence ---- */

/* The mask knows more than the fields: a secret may lie inside a field that is no secret as a
 * whole. */
static gboolean
frame_has_secret(struct decode *d)
{
  struct mask mask;
  gboolean any = FALSE;
  mask_init(&mask, d);
  for (int i = 0; i < DECODE_SOURCES_MAX; i++)
    any = any || mask.sources[i];
  mask_clear(&mask);
  return any;
}

static char *
key_line(struct decode *d, const struct field *f)
{
  GString *out = g_string_new(f->def->key);
  if (f->n_octets > 0) {
    g_autofree char *octets = pane_format_octets(f->n_octets);
    g_string_append_printf(out, lang_text("  ·  %1$s from octet %2$u", "  ·  %1$s เริ่มที่ออกเตต %2$u"),
                           octets, f->first);
  } else if (f->flags & FIELD_FLAG_GENERATED) {
    g_string_append(out,
                    lang_text("  ·  computed, not in the octets", "  ·  คำนวณขึ้น ไม่ได้อยู่ในข้อมูลจริง"));
  }
  return g_string_free(out, FALSE);
}

static void
show_sentence(struct detail *v)
{
  struct decode *d = session_decode(v->session);
  uint32_t index = session_field(v->session);
  if (index != SESSION_NONE && index < decode_n_fields(d)) {
    const struct field *f = decode_field(d, index);
    g_autofree char *sentence = decode_explain(d, f);
    g_autofree char *valid = g_utf8_make_valid(sentence, -1);
    g_autofree char *key = key_line(d, f);
    gtk_label_set_text(GTK_LABEL(v->sentence), valid);
    gtk_label_set_text(GTK_LABEL(v->key), key);
  } else {
    gtk_label_set_text(GTK_LABEL(v->key), "");
    gtk_label_set_text(
        GTK_LABEL(v->sentence),
        decode_n_fields(d) > 0
            ? lang_text("Select a field to read what it is for.", "เลือกฟิลด์เพื่ออ่านว่าฟิลด์นั้นมีไว้ทำอะไร")
            : lang_text("Select a frame to see its fields.", "เลือกเฟรมเพื่อดูฟิลด์ต่าง ๆ ของเฟรมนั้น"));
  }
  gboolean secret = session_reveal(v->session) || frame_has_secret(d);
  gtk_widget_set_visible(v->reveal, secret);
  v->is_own = TRUE;
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(v->reveal), session_reveal(v->session));
  v->is_own = FALSE;
}

/* ---- events ---- */

static void
on_selected(GtkTreeSelection *selection, struct detail *v)
{
  GtkTreeIter iter;
  if (v->is_own)
    return;
  if (!gtk_tree_selection_get_selected(selection, NULL, &iter))
    return;
  guint index;
  gtk_tree_model_get(GTK_TREE_MODEL(v->store), &iter, COLUMN_FIELD, &index, -1);
  session_select_field(v->session, index);
}

static void
remember_row(struct detail *v, GtkTreeIter *iter, int choice)
{
  if (v->is_own)
    return;
  guint index;
  gtk_tree_model_get(GTK_TREE_MODEL(v->store), iter, COLUMN_FIELD, &index, -1);
  struct decode *d = session_decode(v->session);
  if (index < decode_n_fields(d))
    g_hash_table_insert(v->expanded, (gpointer)decode_field(d, index)->def->key,
                        GINT_TO_POINTER(choice));
}

static void
on_expanded(GtkTreeView *tree, GtkTreeIter *iter, GtkTreePath *path, struct detail *v)
{
  remember_row(v, iter, 1);
}

static void
on_collapsed(GtkTreeView *tree, GtkTreeIter *iter, GtkTreePath *path, struct detail *v)
{
  remember_row(v, iter, 2);
}

/* Wireshark's keys: Shift+Right and Shift+Left open and close a subtree, Ctrl with them all. */
static gboolean
on_key(GtkWidget *tree, GdkEventKey *event, struct detail *v)
{
  GtkTreePath *path = NULL;
  gtk_tree_view_get_cursor(GTK_TREE_VIEW(tree), &path, NULL);
  gboolean done = TRUE;
  if (event->keyval == GDK_KEY_Right && (event->state & GDK_CONTROL_MASK))
    gtk_tree_view_expand_all(GTK_TREE_VIEW(tree));
  else if (event->keyval == GDK_KEY_Left && (event->state & GDK_CONTROL_MASK))
    gtk_tree_view_collapse_all(GTK_TREE_VIEW(tree));
  else if (event->keyval == GDK_KEY_Right && path)
    gtk_tree_view_expand_row(GTK_TREE_VIEW(tree), path, (event->state & GDK_SHIFT_MASK) != 0);
  else if (event->keyval == GDK_KEY_Left && path) {
    if (!gtk_tree_view_collapse_row(GTK_TREE_VIEW(tree), path) &&
        gtk_tree_path_get_depth(path) > 1) {
      gtk_tree_path_up(path);
      gtk_tree_view_set_cursor(GTK_TREE_VIEW(tree), path, NULL, FALSE);
    }
  } else
    done = FALSE;
  g_clear_pointer(&path, gtk_tree_path_free);
  return done;
}

static void
on_reveal(GtkToggleButton *button, struct detail *v)
{
  if (!v->is_own)
    session_set_reveal(v->session, gtk_toggle_button_get_active(button));
}

static void
copy_text(GtkMenuItem *item, gpointer data)
{
  gtk_clipboard_set_text(gtk_clipboard_get(GDK_SELECTION_CLIPBOARD),
                         g_object_get_data(G_OBJECT(item), "text"), -1);
}

static void
open_menu(struct detail *v, const GdkEvent *event)
{
  struct decode *d = session_decode(v->session);
  uint32_t index = session_field(v->session);
  if (index == SESSION_NONE || index >= decode_n_fields(d))
    return;
  const struct field *f = decode_field(d, index);
  GtkWidget *menu = gtk_menu_new();
  g_autofree char *filter = pane_filter_for_field(d, f);
  if (filter)
    pane_menu_add_filters(GTK_MENU_SHELL(menu), v->session, filter);
  GtkWidget *copy = gtk_menu_item_new_with_label(lang_text("Copy this line", "คัดลอกบรรทัดนี้"));
  g_object_set_data_full(G_OBJECT(copy), "text", field_text(d, f), g_free);
  g_signal_connect(copy, "activate", G_CALLBACK(copy_text), NULL);
  gtk_menu_shell_append(GTK_MENU_SHELL(menu), copy);
  gtk_menu_attach_to_widget(GTK_MENU(menu), v->tree, NULL);
  g_signal_connect(menu, "selection-done", G_CALLBACK(gtk_widget_destroy), NULL);
  gtk_widget_show_all(menu);
  if (event)
    gtk_menu_popup_at_pointer(GTK_MENU(menu), event);
  else
    gtk_menu_popup_at_widget(GTK_MENU(menu), v->tree, GDK_GRAVITY_CENTER, GDK_GRAVITY_CENTER, NULL);
}

static gboolean
on_press(GtkWidget *tree, GdkEventButton *event, struct detail *v)
{
  GtkTreePath *path = NULL;
  if (!gdk_event_triggers_context_menu((GdkEvent *)event) ||
      !gtk_tree_view_get_path_at_pos(GTK_TREE_VIEW(tree), (int)event->x, (int)event->y, &path, NULL,
                                     NULL, NULL))
    return FALSE;
  gtk_tree_view_set_cursor(GTK_TREE_VIEW(tree), path, NULL, FALSE);
  gtk_tree_path_free(path);
  open_menu(v, (GdkEvent *)event);
  return TRUE;
}

static gboolean
on_popup_menu(GtkWidget *tree, struct detail *v)
{
  open_menu(v, NULL);
  return TRUE;
}

/* ---- the whole ---- */

static void
update(GtkWidget *pane, unsigned news)
{
  struct detail *v = detail_of(pane);
  if (news & PANE_LOOK) {
    pane_set_accessible(v->tree, lang_text("Fields of the frame", "ฟิลด์ของเฟรม"), NULL);
    gtk_button_set_label(GTK_BUTTON(v->reveal), lang_text("Show secrets", "แสดงข้อมูลลับ"));
    gtk_widget_set_tooltip_text(
        v->reveal, lang_text("Passwords in this capture are masked until you ask for them.",
                             "รหัสผ่านในไฟล์นี้ถูกปิดไว้จนกว่าจะสั่งให้แสดง"));
  }
  uint32_t frame = session_frame(v->session);
  if ((news & (PANE_LOADED | PANE_LOOK)) || frame != v->frame_shown) {
    v->frame_shown = frame;
    v->is_own = TRUE;
    gtk_tree_view_set_model(GTK_TREE_VIEW(v->tree), NULL);
    gtk_tree_store_clear(v->store);
    if (decode_n_fields(session_decode(v->session)) > 0)
      fill(v);
    gtk_tree_view_set_model(GTK_TREE_VIEW(v->tree), GTK_TREE_MODEL(v->store));
    expand(v);
    v->is_own = FALSE;
  }
  show_selection(v);
  show_sentence(v);
}

static void
detail_free(gpointer data)
{
  struct detail *v = data;
  g_object_unref(v->session);
  g_object_unref(v->store);
  g_hash_table_unref(v->expanded);
  g_free(v);
}

static GtkWidget *
make_tree(struct detail *v)
{
  v->store = gtk_tree_store_new(COLUMN_N, G_TYPE_STRING, G_TYPE_UINT, G_TYPE_INT, PANGO_TYPE_STYLE,
                                GDK_TYPE_RGBA);
  v->tree = gtk_tree_view_new_with_model(GTK_TREE_MODEL(v->store));
  gtk_style_context_add_class(gtk_widget_get_style_context(v->tree), "env-paper");
  gtk_tree_view_set_headers_visible(GTK_TREE_VIEW(v->tree), FALSE);
  gtk_tree_view_set_enable_search(GTK_TREE_VIEW(v->tree), TRUE);
  gtk_tree_view_insert_column_with_attributes(
      GTK_TREE_VIEW(v->tree), -1, NULL, gtk_cell_renderer_text_new(), "text", COLUMN_TEXT, "weight",
      COLUMN_WEIGHT, "style", COLUMN_STYLE, "foreground-rgba", COLUMN_COLOR, NULL);
  gtk_tree_view_set_search_column(GTK_TREE_VIEW(v->tree), COLUMN_TEXT);
  g_signal_connect(gtk_tree_view_get_selection(GTK_TREE_VIEW(v->tree)), "changed",
                   G_CALLBACK(on_selected), v);
  g_signal_connect(v->tree, "row-expanded", G_CALLBACK(on_expanded), v);
  g_signal_connect(v->tree, "row-collapsed", G_CALLBACK(on_collapsed), v);
  g_signal_connect(v->tree, "key-press-event", G_CALLBACK(on_key), v);
  g_signal_connect(v->tree, "button-press-event", G_CALLBACK(on_press), v);
  g_signal_connect(v->tree, "popup-menu", G_CALLBACK(on_popup_menu), v);
  return pane_scrolled(v->tree);
}

GtkWidget *
detail_tree_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct detail *v = g_new0(struct detail, 1);
  v->pane = pane;
  v->session = g_object_ref(session);
  v->expanded = g_hash_table_new(g_str_hash, g_str_equal);
  v->frame_shown = SESSION_NONE;
  g_object_set_data_full(G_OBJECT(pane), "detail-tree", v, detail_free);
  gtk_box_pack_start(GTK_BOX(pane), make_tree(v), TRUE, TRUE, 0);

  GtkWidget *below = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
  gtk_style_context_add_class(gtk_widget_get_style_context(below), "env-explanation");
  v->sentence = pane_label(NULL, TRUE);
  v->key = pane_label("env-faint", TRUE);
  v->reveal = gtk_toggle_button_new_with_label("");
  gtk_widget_set_no_show_all(v->reveal, TRUE);
  gtk_widget_set_halign(v->reveal, GTK_ALIGN_END);
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  gtk_box_pack_start(GTK_BOX(line), v->key, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(line), v->reveal, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(below), v->sentence, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(below), line, FALSE, FALSE, 0);
  g_signal_connect(v->reveal, "toggled", G_CALLBACK(on_reveal), v);
  gtk_box_pack_start(GTK_BOX(pane), below, FALSE, FALSE, 0);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
