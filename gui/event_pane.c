/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event_pane.c -- the state events of a run as a list that can be narrowed.
 *
 *   [ Mail and logins v ] [ words ... ]
 *   0.549  mallory  sniffer wan   password: lotus-27 of alice by PLAIN
 *   0.555  mx       smtp log      Authentication of alice by PLAIN: accepted
 *
 * Every event of the world has a subject, whose first word says what it is about; the table below
 * sorts these words into groups (sim/core/world.h lists them). */
#include "gui/event_pane.h"

#include <string.h>

#include "gui/pane.h"
#include "lessons/run.h"

/* A list longer than this is narrowed before it is read. */
enum { ROWS_MAX = 5000, WHAT_CHARS = 20 };

enum group {
  GROUP_STORY,
  GROUP_LOGS,
  GROUP_ATTACK,
  GROUP_STORE,
  GROUP_NETWORK,
  GROUP_ALL,
  N_GROUPS
};

static const struct lang_pair group_names[N_GROUPS] = {
    [GROUP_STORY] = {"Mail and logins", "อีเมลและการเข้าสู่ระบบ"},
    [GROUP_LOGS] = {"Sentences of the logs", "ข้อความในบันทึก"},
    [GROUP_ATTACK] = {"Attackers", "ผู้โจมตี"},
    [GROUP_STORE] = {"Mailboxes", "กล่องจดหมาย"},
    [GROUP_NETWORK] = {"Network", "เครือข่าย"},
    [GROUP_ALL] = {"Everything", "ทุกเหตุการณ์"},
};

/* First words of subjects. What is not here is of the network. */
static const struct {
  const char *word;
  enum group group;
} words[] = {
    {"smtp", GROUP_STORY},        {"smtp-client", GROUP_STORY}, {"lmtp", GROUP_STORY},
    {"lmtp-client", GROUP_STORY}, {"pop3", GROUP_STORY},        {"pop3-client", GROUP_STORY},
    {"imap", GROUP_STORY},        {"imap-client", GROUP_STORY}, {"mail-queue", GROUP_STORY},
    {"mail-policy", GROUP_STORY}, {"action", GROUP_STORY},      {"talk", GROUP_STORY},
    {"hand", GROUP_STORY},        {"auth", GROUP_STORY},        {"login", GROUP_STORY},
    {"sniffer", GROUP_ATTACK},    {"on-path", GROUP_ATTACK},    {"spray", GROUP_ATTACK},
    {"smuggle", GROUP_ATTACK},    {"bomber", GROUP_ATTACK},     {"relay-finder", GROUP_ATTACK},
    {"mailbox", GROUP_STORE},     {"folders", GROUP_STORE},     {"store", GROUP_STORE},
};

enum { COLUMN_INDEX, COLUMN_TIME, COLUMN_HOST, COLUMN_WHAT, COLUMN_VALUE, N_COLUMNS };

struct view {
  Session *session;
  GtkWidget *empty, *body, *chooser, *entry, *tree, *note;
  GtkListStore *store;
  char *needle; /* case folded, or NULL */
  guint n_past; /* rows at or before the cursor */
  gboolean is_own;
};

static struct view *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "event-pane");
}

/* ---- which events ---- */

static enum group
group_of(const char *subject)
{
  size_t n = strcspn(subject, " ");
  for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
    if (strlen(words[i].word) == n && strncmp(words[i].word, subject, n) == 0)
      return words[i].group;
  return GROUP_NETWORK;
}

static gboolean
is_wanted(enum group wanted, const struct run_event *e)
{
  enum group own = group_of(e->subject);
  if (wanted == GROUP_LOGS)
    return strcmp(e->key, "log") == 0 || strcmp(e->key, "suspicion") == 0;
  if (wanted == GROUP_STORY) /* what attackers say belongs to the story */
    return own == GROUP_STORY || own == GROUP_ATTACK;
  return wanted == GROUP_ALL || own == wanted;
}

static gboolean
fits(const struct view *v, const char *host, const char *what, const char *value)
{
  if (!v->needle)
    return TRUE;
  g_autofree char *all = g_strdup_printf("%s %s %s", host, what, value);
  g_autofree char *folded = g_utf8_casefold(all, -1);
  return strstr(folded, v->needle) != NULL;
}

/* "smtp log", "mailbox bob/INBOX 1": the subject without the two ends of a connection, and the key.
 */
static char *
what_of(const struct run_event *e)
{
  size_t n = strcspn(e->subject, " ");
  enum group own = group_of(e->subject);
  gboolean has_ends = own == GROUP_STORY && strchr(e->subject, ':') != NULL;
  return has_ends ? g_strdup_printf("%.*s %s", (int)n, e->subject, e->key)
                  : g_strdup_printf("%s %s", e->subject, e->key);
}

/* ---- filling ---- */

static void
fill(struct view *v)
{
  struct run *run = session_run(v->session);
  enum group wanted = (enum group)MAX(gtk_combo_box_get_active(GTK_COMBO_BOX(v->chooser)), 0);
  size_t n;
  const struct run_event *events = run_events(run, &n);
  guint n_rows = 0, n_fit = 0;
  v->is_own = TRUE;
  gtk_tree_view_set_model(GTK_TREE_VIEW(v->tree), NULL);
  gtk_list_store_clear(v->store);
  for (size_t i = 0; i < n; i++) {
    const struct run_event *e = &events[i];
    if (!is_wanted(wanted, e))
      continue;
    const char *host = run_host(run, e->host).name;
    g_autofree char *what = what_of(e);
    g_autofree char *value = g_utf8_make_valid(run_event_text(run, i), -1);
    if (!fits(v, host, what, value))
      continue;
    n_fit++;
    if (n_rows >= ROWS_MAX)
      continue;
    n_rows++;
    g_autofree char *time = pane_format_time(e->time_ns);
    gtk_list_store_insert_with_values(v->store, NULL, -1, COLUMN_INDEX, (guint)i, COLUMN_TIME, time,
                                      COLUMN_HOST, host, COLUMN_WHAT, what, COLUMN_VALUE, value,
                                      -1);
  }
  gtk_tree_view_set_model(GTK_TREE_VIEW(v->tree), GTK_TREE_MODEL(v->store));
  g_autofree char *all = pane_format_count(n_fit);
  g_autofree char *shown = pane_format_count(n_rows);
  g_autofree char *note =
      n_fit == 0 ? g_strdup(lang_text("Nothing of this kind happens in this run.",
                                      "ไม่มีเหตุการณ์ประเภทนี้ในการจำลองนี้"))
      : n_fit > n_rows
          ? g_strdup_printf(
                lang_text("The first %1$s of %2$s events; narrow the list to see the others.",
                          "แสดง %1$s เหตุการณ์แรกจาก %2$s กรองรายการเพื่อดูเหตุการณ์อื่น"),
                shown, all)
          : g_strdup_printf(lang_text("%s events", "%s เหตุการณ์"), all);
  gtk_label_set_text(GTK_LABEL(v->note), note);
  v->is_own = FALSE;
}

/* The last row at or before the cursor comes into sight. */
static void
follow_time(struct view *v)
{
  size_t n;
  const struct run_event *events = run_events(session_run(v->session), &n);
  int64_t now_ns = session_time(v->session);
  GtkTreeModel *model = GTK_TREE_MODEL(v->store);
  guint low = 0, high = (guint)gtk_tree_model_iter_n_children(model, NULL);
  while (low < high) {
    guint middle = low + (high - low) / 2, index = 0;
    GtkTreeIter iter;
    gtk_tree_model_iter_nth_child(model, &iter, NULL, (int)middle);
    gtk_tree_model_get(model, &iter, COLUMN_INDEX, &index, -1);
    if (index < n && events[index].time_ns <= now_ns)
      low = middle + 1;
    else
      high = middle;
  }
  v->n_past = low;
  if (low > 0) {
    GtkTreePath *path = gtk_tree_path_new_from_indices((int)low - 1, -1);
    gtk_tree_view_scroll_to_cell(GTK_TREE_VIEW(v->tree), path, NULL, TRUE, 0.6f, 0);
    gtk_tree_path_free(path);
  }
  gtk_widget_queue_draw(v->tree);
}

static void
paint(GtkTreeViewColumn *column, GtkCellRenderer *cell, GtkTreeModel *model, GtkTreeIter *iter,
      gpointer data)
{
  struct view *v = data;
  GtkTreePath *path = gtk_tree_model_get_path(model, iter);
  gboolean is_later = (guint)gtk_tree_path_get_indices(path)[0] >= v->n_past;
  int c = GPOINTER_TO_INT(g_object_get_data(G_OBJECT(cell), "column"));
  GdkRGBA rgba = style_color(v->tree, is_later || c == COLUMN_TIME ? "faint"
                                      : c == COLUMN_HOST           ? "server"
                                                                   : "ink");
  g_object_set(cell, "foreground-rgba", &rgba, NULL);
  gtk_tree_path_free(path);
}

/* ---- events ---- */

static void
on_selected(GtkTreeSelection *selection, struct view *v)
{
  GtkTreeIter iter;
  GtkTreeModel *model;
  guint index;
  size_t n;
  if (v->is_own || !gtk_tree_selection_get_selected(selection, &model, &iter))
    return;
  gtk_tree_model_get(model, &iter, COLUMN_INDEX, &index, -1);
  const struct run_event *events = run_events(session_run(v->session), &n);
  if (index < n)
    session_set_time(v->session, events[index].time_ns);
}

static void
refill(struct view *v)
{
  if (!session_run(v->session) || v->is_own)
    return;
  fill(v);
  follow_time(v);
}

static void
on_typed(GtkSearchEntry *entry, struct view *v)
{
  g_autofree char *text = g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(entry))));
  g_free(v->needle);
  v->needle = *text ? g_utf8_casefold(text, -1) : NULL;
  refill(v);
}

static void
set_words(struct view *v)
{
  static const struct lang_pair titles[N_COLUMNS] = {[COLUMN_TIME] = {"Time", "เวลา"},
                                                     [COLUMN_HOST] = {"Host", "เครื่อง"},
                                                     [COLUMN_WHAT] = {"What", "เรื่อง"},
                                                     [COLUMN_VALUE] = {"Event", "เหตุการณ์"}};
  int active = gtk_combo_box_get_active(GTK_COMBO_BOX(v->chooser));
  v->is_own = TRUE;
  gtk_combo_box_text_remove_all(GTK_COMBO_BOX_TEXT(v->chooser));
  for (int i = 0; i < N_GROUPS; i++)
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(v->chooser), lang_pick(group_names[i]));
  gtk_combo_box_set_active(GTK_COMBO_BOX(v->chooser), MAX(active, 0));
  v->is_own = FALSE;
  for (int c = COLUMN_TIME; c < N_COLUMNS; c++)
    gtk_tree_view_column_set_title(gtk_tree_view_get_column(GTK_TREE_VIEW(v->tree), c - 1),
                                   lang_pick(titles[c]));
  gtk_entry_set_placeholder_text(GTK_ENTRY(v->entry), lang_text("Words", "คำค้น"));
  pane_set_accessible(v->chooser, lang_text("Kind of events", "ประเภทของเหตุการณ์"), NULL);
  pane_set_accessible(v->entry, lang_text("Only events with these words", "เฉพาะเหตุการณ์ที่มีคำเหล่านี้"),
                      NULL);
  pane_set_accessible(v->tree, lang_text("Events of the run", "เหตุการณ์ของการจำลอง"), NULL);
  gtk_label_set_text(
      GTK_LABEL(v->empty),
      lang_text("A capture tells nothing of what its hosts thought. Open a lesson or a scenario to "
                "read its logs.",
                "ไฟล์ดักจับไม่ได้บอกว่าเครื่องต่าง ๆ คิดอะไร เปิดบทเรียนหรือสถานการณ์จำลองเพื่ออ่านบันทึก"));
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct view *v = view_of(pane);
  gboolean is_run = session_run(v->session) != NULL;
  if (news & PANE_LOOK)
    set_words(v);
  gtk_widget_set_visible(v->body, is_run);
  gtk_widget_set_visible(v->empty, !is_run);
  if (!is_run) {
    gtk_list_store_clear(v->store);
    return;
  }
  if (news & (PANE_LOADED | PANE_LOOK))
    fill(v);
  follow_time(v);
}

/* ---- life ---- */

static void
view_free(gpointer data)
{
  struct view *v = data;
  g_object_unref(v->session);
  g_object_unref(v->store);
  g_free(v->needle);
  g_free(v);
}

static GtkWidget *
make_tree(struct view *v)
{
  GtkWidget *tree = gtk_tree_view_new();
  gtk_style_context_add_class(gtk_widget_get_style_context(tree), "env-paper");
  for (int c = COLUMN_TIME; c < N_COLUMNS; c++) {
    GtkCellRenderer *cell = gtk_cell_renderer_text_new();
    GtkTreeViewColumn *column = gtk_tree_view_column_new_with_attributes("", cell, "text", c, NULL);
    g_object_set_data(G_OBJECT(cell), "column", GINT_TO_POINTER(c));
    g_object_set(cell, "single-paragraph-mode", TRUE, NULL);
    if (c == COLUMN_WHAT) /* a policy's key may be three addresses long */
      g_object_set(cell, "ellipsize", PANGO_ELLIPSIZE_END, "width-chars", WHAT_CHARS, NULL);
    gtk_tree_view_column_set_cell_data_func(column, cell, paint, v, NULL);
    gtk_tree_view_column_set_resizable(column, TRUE);
    gtk_tree_view_append_column(GTK_TREE_VIEW(tree), column);
  }
  gtk_tree_view_set_enable_search(GTK_TREE_VIEW(tree), FALSE);
  gtk_tree_view_set_tooltip_column(GTK_TREE_VIEW(tree), -1);
  g_signal_connect(gtk_tree_view_get_selection(GTK_TREE_VIEW(tree)), "changed",
                   G_CALLBACK(on_selected), v);
  return tree;
}

GtkWidget *
event_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct view *v = g_new0(struct view, 1);
  v->session = g_object_ref(session);
  v->store = gtk_list_store_new(N_COLUMNS, G_TYPE_UINT, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING,
                                G_TYPE_STRING);
  g_object_set_data_full(G_OBJECT(pane), "event-pane", v, view_free);
  v->empty = pane_label("env-faint", FALSE);
  g_object_set(v->empty, "margin", 16, NULL);
  v->body = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
  GtkWidget *bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 6);
  g_object_set(bar, "margin", 4, NULL);
  v->chooser = gtk_combo_box_text_new();
  v->entry = gtk_search_entry_new();
  gtk_entry_set_width_chars(GTK_ENTRY(v->entry), 8);
  gtk_box_pack_start(GTK_BOX(bar), v->chooser, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(bar), v->entry, TRUE, TRUE, 0);
  v->tree = make_tree(v);
  v->note = pane_label("env-faint", FALSE);
  g_object_set(v->note, "margin-start", 6, "margin-bottom", 2, NULL);
  gtk_box_pack_start(GTK_BOX(v->body), bar, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(v->body), pane_scrolled(v->tree), TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(v->body), v->note, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), v->empty, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(pane), v->body, TRUE, TRUE, 0);
  g_signal_connect_swapped(v->chooser, "changed", G_CALLBACK(refill), v);
  g_signal_connect(v->entry, "search-changed", G_CALLBACK(on_typed), v);
  gtk_widget_show_all(v->body);
  gtk_widget_set_no_show_all(v->empty, TRUE);
  gtk_widget_set_no_show_all(v->body, TRUE);
  pane_attach(pane, session, PANE_LOADED | PANE_TIME | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
