/* SPDX-License-Identifier: GPL-3.0-or-later */
/* filter_entry.c -- the display filter: an entry that judges itself while one types.
 *
 *   typing ──judge()──> green: is a filter │ yellow: is one, but seldom meant │ red: is none, and
 * why Enter  ──apply()──> session ──"filter-changed"──> every view, and the text here
 *
 * Colour is never the only sign: an icon and a sentence below say the same, and the wrong word is
 * underlined. Completion offers keys for the word at the cursor and never more than a screenful. */
#include "gui/filter_entry.h"

#include <string.h>

#include "gui/pane.h"

/* Completions offered at once, and filters remembered. */
enum { COMPLETIONS_MAX = 40, HISTORY_MAX = 50, ABOUT_CHARS = 48 };

enum verdict { VERDICT_EMPTY, VERDICT_GOOD, VERDICT_DOUBTFUL, VERDICT_BAD };

struct filter_box {
  Session *session;
  GtkWidget *entry, *message, *revealer, *apply;
  GtkListStore *keys;
  GPtrArray *history; /* char *, oldest first */
  int history_at;     /* index, or history->len: what is being typed */
  char *typed;        /* what stood here before walking the history */
  char *applied;      /* the session's filter as it was last seen */
  gboolean is_own;    /* the entry's text is being set by us */
  gboolean was_filtering;
};

static struct filter_box *
box_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "filter-entry");
}

static const char *
text_of(struct filter_box *b)
{
  return gtk_entry_get_text(GTK_ENTRY(b->entry));
}

/* ---- judging ---- */

static void
show_verdict(struct filter_box *b, enum verdict verdict, const char *message)
{
  static const char *const classes[] = {"", "env-good", "env-doubtful", "env-bad"};
  static const char *const icons[] = {"edit-find-symbolic", "emblem-ok-symbolic",
                                      "dialog-warning-symbolic", "dialog-error-symbolic"};
  GtkStyleContext *context = gtk_widget_get_style_context(b->entry);
  for (size_t i = 1; i < G_N_ELEMENTS(classes); i++)
    gtk_style_context_remove_class(context, classes[i]);
  if (*classes[verdict])
    gtk_style_context_add_class(context, classes[verdict]);
  gtk_entry_set_icon_from_icon_name(GTK_ENTRY(b->entry), GTK_ENTRY_ICON_PRIMARY, icons[verdict]);
  gtk_entry_set_icon_tooltip_text(GTK_ENTRY(b->entry), GTK_ENTRY_ICON_PRIMARY, message);
  gtk_label_set_text(GTK_LABEL(b->message), message ? message : "");
  gtk_revealer_set_reveal_child(GTK_REVEALER(b->revealer), message != NULL);
  gtk_widget_set_sensitive(b->apply, verdict != VERDICT_BAD);
  pane_set_accessible(b->entry, lang_text("Display filter", "ตัวกรองการแสดงผล"),
                      message
                          ? message
                          : lang_text("Enter applies the filter, Escape restores the applied one",
                                      "กด Enter เพื่อใช้ตัวกรอง กด Escape เพื่อกลับไปใช้ตัวกรองเดิม"));
}

static void
mark_error(struct filter_box *b, unsigned at, unsigned n_octets)
{
  PangoAttrList *attributes = pango_attr_list_new();
  if (n_octets > 0) {
    PangoAttribute *underline = pango_attr_underline_new(PANGO_UNDERLINE_ERROR);
    underline->start_index = at;
    underline->end_index = at + n_octets;
    pango_attr_list_insert(attributes, underline);
  }
  gtk_entry_set_attributes(GTK_ENTRY(b->entry), attributes);
  pango_attr_list_unref(attributes);
}

/* A filter that is allowed but seldom does what is meant; NULL when there is nothing to say. */
static const char *
doubt(const char *text)
{
  static const char *const both[] = {"ip.addr", "tcp.port", "udp.port", "eth.addr", "ipv6.addr"};
  for (size_t i = 0; i < G_N_ELEMENTS(both); i++) {
    const char *at = strstr(text, both[i]);
    if (!at)
      continue;
    at += strlen(both[i]);
    while (*at == ' ')
      at++;
    if (g_str_has_prefix(at, "!=") || g_str_has_prefix(at, "ne "))
      return lang_text("This field occurs twice in a frame; != asks that neither of them is equal.",
                       "ฟิลด์นี้มีสองค่าในหนึ่งเฟรม เครื่องหมาย != จะเลือกเฟรมที่ไม่มีค่าใดเท่ากับค่านี้เลย");
  }
  return NULL;
}

static char *
error_message(const struct filter_error *error)
{
  return g_strdup_printf(lang_text("At character %1$u: %2$s", "ที่อักขระที่ %1$u: %2$s"), error->column,
                         error->message ? error->message : "");
}

static enum verdict
judge(struct filter_box *b)
{
  const char *text = text_of(b);
  mark_error(b, 0, 0);
  if (strspn(text, " \t") == strlen(text)) {
    show_verdict(b, VERDICT_EMPTY, NULL);
    return VERDICT_EMPTY;
  }
  struct filter_error error = {0};
  struct filter *filter = filter_compile(text, &error);
  if (!filter) {
    g_autofree char *message = error_message(&error);
    mark_error(b, error.at, error.n_octets);
    show_verdict(b, VERDICT_BAD, message);
    filter_error_clear(&error);
    return VERDICT_BAD;
  }
  filter_free(filter);
  const char *warning = doubt(text);
  show_verdict(b, warning ? VERDICT_DOUBTFUL : VERDICT_GOOD, warning);
  return warning ? VERDICT_DOUBTFUL : VERDICT_GOOD;
}

/* ---- applying and history ---- */

static void
set_text(struct filter_box *b, const char *text)
{
  b->is_own = TRUE;
  gtk_entry_set_text(GTK_ENTRY(b->entry), text ? text : "");
  gtk_editable_set_position(GTK_EDITABLE(b->entry), -1);
  b->is_own = FALSE;
  judge(b);
}

static void
remember(struct filter_box *b, const char *text)
{
  if (*text) {
    for (guint i = 0; i < b->history->len; i++)
      if (strcmp(g_ptr_array_index(b->history, i), text) == 0) {
        g_ptr_array_remove_index(b->history, i);
        break;
      }
    if (b->history->len == HISTORY_MAX)
      g_ptr_array_remove_index(b->history, 0);
    g_ptr_array_add(b->history, g_strdup(text));
  }
  b->history_at = (int)b->history->len;
}

static void
apply(struct filter_box *b)
{
  g_autofree char *text = g_strstrip(g_strdup(text_of(b)));
  struct filter_error error = {0};
  if (!session_set_filter(b->session, text, &error)) {
    g_autofree char *message = error_message(&error);
    show_verdict(b, VERDICT_BAD, message);
    filter_error_clear(&error);
    return;
  }
  remember(b, text);
  judge(b);
}

static void
walk_history(struct filter_box *b, int by)
{
  int n = (int)b->history->len;
  int at = CLAMP(b->history_at + by, 0, n);
  if (at == b->history_at)
    return;
  if (b->history_at == n) {
    g_free(b->typed);
    b->typed = g_strdup(text_of(b));
  }
  b->history_at = at;
  set_text(b, at == n ? b->typed : g_ptr_array_index(b->history, (guint)at));
}

/* ---- completion ---- */

/* Columns of the model behind the list. */
enum { COLUMN_TEXT, COLUMN_ABOUT, COLUMN_KIND };

static size_t
cursor_offset(struct filter_box *b)
{
  const char *text = text_of(b);
  int position = gtk_editable_get_position(GTK_EDITABLE(b->entry));
  return (size_t)(g_utf8_offset_to_pointer(text, position) - text);
}

/* Nothing is offered where nothing was begun, so that Enter applies the filter and not the first
 * candidate; behind a key or an operator that is typed with a blank the next words are. */
static void
offer_candidates(struct filter_box *b)
{
  const char *text = text_of(b);
  size_t cursor = cursor_offset(b);
  gtk_list_store_clear(b->keys);
  struct filter_completion *c = filter_completion_new(text, cursor, COMPLETIONS_MAX);
  bool begun = c->n_octets >= 2;
  bool is_whole = false;
  for (guint i = 0; i < c->candidates->len; i++) {
    const struct filter_candidate *one = g_ptr_array_index(c->candidates, i);
    is_whole |=
        strlen(one->text) == c->n_octets && strncmp(text + c->first, one->text, c->n_octets) == 0;
  }
  bool value = c->candidates->len && cursor > 0 && text[cursor - 1] == ' ' &&
               ((struct filter_candidate *)c->candidates->pdata[0])->kind == CANDIDATE_VALUE;
  for (guint i = 0; (begun || value) && i < c->candidates->len; i++) {
    const struct filter_candidate *one = g_ptr_array_index(c->candidates, i);
    if (!(is_whole && c->candidates->len == 1))
      gtk_list_store_insert_with_values(b->keys, NULL, -1, COLUMN_TEXT, one->text, COLUMN_ABOUT,
                                        one->about, COLUMN_KIND, (int)one->kind, -1);
  }
  filter_completion_free(c);
}

static gboolean
match_all(GtkEntryCompletion *completion, const char *key, GtkTreeIter *iter, gpointer data)
{
  return TRUE; /* the store holds only what fits */
}

static gboolean
on_key_chosen(GtkEntryCompletion *completion, GtkTreeModel *model, GtkTreeIter *iter,
              struct filter_box *b)
{
  g_autofree char *chosen = NULL;
  gtk_tree_model_get(model, iter, COLUMN_TEXT, &chosen, -1);
  const char *text = text_of(b);
  size_t cursor = cursor_offset(b);
  struct filter_completion *c = filter_completion_new(text, cursor, 0);
  size_t start = c->first;
  filter_completion_free(c);
  g_autofree char *whole = g_strdup_printf("%.*s%s%s", (int)start, text, chosen, text + cursor);
  glong position = g_utf8_strlen(whole, (gssize)(start + strlen(chosen)));
  b->is_own = TRUE;
  gtk_entry_set_text(GTK_ENTRY(b->entry), whole);
  b->is_own = FALSE;
  gtk_editable_set_position(GTK_EDITABLE(b->entry), (int)position);
  judge(b);
  return TRUE;
}

static void
add_completion(struct filter_box *b)
{
  g_autoptr(GtkEntryCompletion) completion = gtk_entry_completion_new();
  b->keys = gtk_list_store_new(3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_INT);
  gtk_entry_completion_set_model(completion, GTK_TREE_MODEL(b->keys));
  gtk_entry_completion_set_text_column(completion, COLUMN_TEXT);
  GtkCellRenderer *name = gtk_cell_renderer_text_new();
  g_object_set(name, "style", PANGO_STYLE_ITALIC, "xpad", 12, "ellipsize", PANGO_ELLIPSIZE_END,
               "width-chars", ABOUT_CHARS, NULL);
  gtk_cell_layout_pack_end(GTK_CELL_LAYOUT(completion), name, FALSE);
  gtk_cell_layout_add_attribute(GTK_CELL_LAYOUT(completion), name, "text", COLUMN_ABOUT);
  gtk_entry_completion_set_match_func(completion, match_all, NULL, NULL);
  gtk_entry_completion_set_minimum_key_length(completion, 2);
  gtk_entry_completion_set_popup_set_width(completion, FALSE);
  g_signal_connect(completion, "match-selected", G_CALLBACK(on_key_chosen), b);
  gtk_entry_set_completion(GTK_ENTRY(b->entry), completion);
}

/* ---- events ---- */

static void
on_changed(GtkEditable *entry, struct filter_box *b)
{
  if (b->is_own)
    return;
  b->history_at = (int)b->history->len;
  judge(b);
}

static void
on_cursor(GObject *entry, GParamSpec *spec, struct filter_box *b)
{
  if (!b->is_own)
    offer_candidates(b);
}

static void
on_activate(GtkEntry *entry, struct filter_box *b)
{
  apply(b);
}

static void
on_clicked_apply(GtkButton *button, struct filter_box *b)
{
  apply(b);
}

static void
on_icon(GtkEntry *entry, GtkEntryIconPosition position, GdkEvent *event, struct filter_box *b)
{
  if (position != GTK_ENTRY_ICON_SECONDARY)
    return;
  set_text(b, "");
  apply(b);
}

static gboolean
on_key(GtkWidget *entry, GdkEventKey *event, struct filter_box *b)
{
  switch (event->keyval) {
  case GDK_KEY_Up:
    walk_history(b, -1);
    return TRUE;
  case GDK_KEY_Down:
    if (gtk_tree_model_iter_n_children(GTK_TREE_MODEL(b->keys), NULL) > 0 &&
        b->history_at == (int)b->history->len)
      return FALSE;
    walk_history(b, 1);
    return TRUE;
  case GDK_KEY_Escape:
    if (session_is_filtering(b->session, NULL))
      session_filter_cancel(b->session);
    else if (strcmp(text_of(b), session_filter(b->session) ? session_filter(b->session) : "") != 0)
      set_text(b, session_filter(b->session));
    else if (*text_of(b)) {
      set_text(b, "");
      apply(b);
    } else {
      return FALSE;
    }
    return TRUE;
  default:
    return FALSE;
  }
}

/* A filter that needs its frames decoded goes on in the background; how far it is, and how to end
 * it. */
static void
show_progress(struct filter_box *b)
{
  double fraction;
  gboolean goes_on = session_is_filtering(b->session, &fraction);
  GtkEntry *entry = GTK_ENTRY(b->entry);
  if (goes_on || gtk_entry_get_progress_fraction(entry) > 0)
    gtk_entry_set_progress_fraction(entry, goes_on ? fraction : 0);
  /* An empty bar would show a stump. */
  GtkStyleContext *context = gtk_widget_get_style_context(b->entry);
  (goes_on ? gtk_style_context_add_class : gtk_style_context_remove_class)(context,
                                                                           "env-searching");
  if (goes_on) {
    g_autofree char *message = g_strdup_printf(
        lang_text("%d%% of the frames are tested; Escape ends it and shows all frames.",
                  "ทดสอบเฟรมแล้ว %d%% กด Escape เพื่อหยุดและแสดงทุกเฟรม"),
        (int)(fraction * 100));
    gtk_label_set_text(GTK_LABEL(b->message), message);
    gtk_revealer_set_reveal_child(GTK_REVEALER(b->revealer), TRUE);
  } else if (b->was_filtering) {
    judge(b);
  }
  b->was_filtering = goes_on;
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct filter_box *b = box_of(pane);
  if (news & PANE_LOOK) {
    gtk_entry_set_placeholder_text(GTK_ENTRY(b->entry),
                                   lang_text("Display filter, for example: imap or tcp.port == 25",
                                             "ตัวกรองการแสดงผล เช่น imap or tcp.port == 25"));
    gtk_button_set_label(GTK_BUTTON(b->apply), lang_text("Apply", "ใช้ตัวกรอง"));
    gtk_entry_set_icon_tooltip_text(GTK_ENTRY(b->entry), GTK_ENTRY_ICON_SECONDARY,
                                    lang_text("Clear the filter", "ล้างตัวกรอง"));
  }
  const char *applied = session_filter(b->session) ? session_filter(b->session) : "";
  if ((news & PANE_LOADED) || g_strcmp0(applied, b->applied) != 0) {
    g_free(b->applied);
    b->applied = g_strdup(applied);
    set_text(b, applied);
    remember(b, text_of(b));
  } else if (!(news & PANE_FILTER)) {
    judge(b); /* not at every slice of a filter that goes on: what is being typed stays as it is */
  }
  show_progress(b);
}

static void
box_free(gpointer data)
{
  struct filter_box *b = data;
  g_object_unref(b->session);
  g_object_unref(b->keys);
  g_ptr_array_unref(b->history);
  g_free(b->typed);
  g_free(b->applied);
  g_free(b);
}

GtkWidget *
filter_entry_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct filter_box *b = g_new0(struct filter_box, 1);
  b->session = g_object_ref(session);
  b->history = g_ptr_array_new_with_free_func(g_free);
  g_object_set_data_full(G_OBJECT(pane), "filter-entry", b, box_free);

  GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  b->entry = gtk_entry_new();
  gtk_entry_set_icon_from_icon_name(GTK_ENTRY(b->entry), GTK_ENTRY_ICON_SECONDARY,
                                    "edit-clear-symbolic");
  b->apply = gtk_button_new_with_label("");
  gtk_box_pack_start(GTK_BOX(row), b->entry, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(row), b->apply, FALSE, FALSE, 0);
  b->message = pane_label("env-message", FALSE);
  b->revealer = gtk_revealer_new();
  gtk_revealer_set_transition_type(GTK_REVEALER(b->revealer), GTK_REVEALER_TRANSITION_TYPE_NONE);
  gtk_container_add(GTK_CONTAINER(b->revealer), b->message);
  gtk_box_pack_start(GTK_BOX(pane), row, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), b->revealer, FALSE, FALSE, 0);
  add_completion(b);

  g_signal_connect(b->entry, "changed", G_CALLBACK(on_changed), b);
  g_signal_connect(b->entry, "notify::cursor-position", G_CALLBACK(on_cursor), b);
  g_signal_connect(b->entry, "activate", G_CALLBACK(on_activate), b);
  g_signal_connect(b->entry, "icon-release", G_CALLBACK(on_icon), b);
  g_signal_connect(b->entry, "key-press-event", G_CALLBACK(on_key), b);
  g_signal_connect(b->apply, "clicked", G_CALLBACK(on_clicked_apply), b);
  pane_attach(pane, session, PANE_LOADED | PANE_FILTER | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}

void
filter_entry_focus(GtkWidget *entry)
{
  struct filter_box *b = box_of(entry);
  gtk_widget_grab_focus(b->entry);
}

void
filter_entry_type(GtkWidget *entry, const char *text)
{
  struct filter_box *b = box_of(entry);
  gtk_entry_grab_focus_without_selecting(GTK_ENTRY(b->entry));
  int at = gtk_entry_get_text_length(GTK_ENTRY(b->entry));
  gtk_editable_insert_text(GTK_EDITABLE(b->entry), text, -1, &at);
  gtk_editable_set_position(GTK_EDITABLE(b->entry), -1);
}
