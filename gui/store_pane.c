/* SPDX-License-Identifier: GPL-3.0-or-later */
/* store_pane.c -- what the server stores and what the clients keep, side by side at the time
 * cursor.
 *
 *   ┌ On the server ─────────────────┐ ┌ On the clients ─────────────────┐
 *   │ bob/INBOX on mail.bob.test     │ │ bob-pc                          │
 *   │ 1  Lunch?   812   \Seen  + new │ │ 1  Lunch?   812                 │
 *   └────────────────────────────────┘ └─────────────────────────────────┘
 *   Last change at 1.204 s
 *
 * store_model.c computes; here it becomes labels, anew only when the cursor passed a change. */
#include "gui/store_pane.h"

#include "gui/pane.h"
#include "gui/store_model.h"

/* Messages listed of one store: a lesson has a handful. */
enum { ENTRIES_SHOWN_MAX = 200 };

struct view {
  Session *session;
  GtkWidget *empty, *body, *columns[2], *heads[2], *note;
  int64_t changed_shown; /* the change up to which it is drawn, or -2 */
  size_t n_events_shown;
};

static struct view *
view_of(GtkWidget *widget)
{
  return g_object_get_data(G_OBJECT(widget), "store-pane");
}

static const struct {
  const char *sign;
  struct lang_pair words;
  const char *css_class;
} changes[] = {
    [STORE_SAME] = {"", {"", ""}, NULL},
    [STORE_NEW] = {"+", {"new", "ใหม่"}, "env-new"},
    [STORE_CHANGED] = {"~", {"changed", "เปลี่ยน"}, "env-changed"},
    [STORE_REMOVED] = {"−", {"removed", "ถูกลบ"}, "env-removed"},
};

static GtkWidget *
cell(GtkWidget *grid, int column, int row, const char *string, const struct store_entry *e)
{
  GtkWidget *label = gtk_label_new(NULL);
  g_autofree char *valid = g_utf8_make_valid(string ? string : "", -1);
  gtk_label_set_text(GTK_LABEL(label), valid);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
  if (column == 1)
    gtk_widget_set_hexpand(label, TRUE);
  else
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_NONE);
  if (e && changes[e->change].css_class)
    gtk_style_context_add_class(gtk_widget_get_style_context(label), changes[e->change].css_class);
  if (e && e->change == STORE_REMOVED && column < 2) {
    PangoAttrList *attributes = pango_attr_list_new();
    pango_attr_list_insert(attributes, pango_attr_strikethrough_new(TRUE));
    gtk_label_set_attributes(GTK_LABEL(label), attributes);
    pango_attr_list_unref(attributes);
  }
  gtk_grid_attach(GTK_GRID(grid), label, column, row, 1, 1);
  return label;
}

static char *
flags_text(const struct store_entry *e)
{
  const char *none = lang_text("no flags", "ไม่มีธง");
  const char *now = e->flags && *e->flags ? e->flags : none;
  if (e->change != STORE_CHANGED || g_strcmp0(e->old_flags, e->flags) == 0)
    return g_strdup(e->flags);
  return g_strdup_printf("%s → %s", e->old_flags && *e->old_flags ? e->old_flags : none, now);
}

static void
add_entry(GtkWidget *grid, int row, const struct store_entry *e)
{
  g_autofree char *flags = flags_text(e);
  g_autofree char *size =
      *e->size ? pane_format_octets(g_ascii_strtoull(e->size, NULL, 10)) : g_strdup("");
  g_autofree char *mark =
      e->change == STORE_SAME
          ? g_strdup("")
          : g_strdup_printf("%s %s", changes[e->change].sign, lang_pick(changes[e->change].words));
  g_autofree char *rest = g_strdup_printf("%s%s%s", size, *size && *flags ? " · " : "", flags);
  cell(grid, 0, 2 * row, e->key, e);
  cell(grid, 1, 2 * row, *e->subject ? e->subject : lang_text("(no subject)", "(ไม่มีหัวเรื่อง)"), e);
  cell(grid, 2, 2 * row, mark, e);
  GtkWidget *below = cell(grid, 1, 2 * row + 1, rest, NULL);
  gtk_label_set_ellipsize(GTK_LABEL(below), PANGO_ELLIPSIZE_NONE);
  gtk_label_set_line_wrap(GTK_LABEL(below), TRUE);
  gtk_style_context_add_class(gtk_widget_get_style_context(below), "env-faint");
  gtk_widget_set_tooltip_text(below, rest);
}

static void
add_store(struct view *v, const struct store *store)
{
  struct run *run = session_run(v->session);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
  gtk_style_context_add_class(gtk_widget_get_style_context(box), "env-card");
  GtkWidget *title = pane_label(store->is_server ? "env-server" : "env-client", FALSE);
  gtk_style_context_add_class(gtk_widget_get_style_context(title), "env-heading");
  const char *host = store->host < run_n_hosts(run) ? run_host(run, store->host).name : "?";
  g_autofree char *name =
      store->is_server
          ? g_strdup_printf(lang_text("Mailbox %1$s on %2$s", "กล่องจดหมาย %1$s บน %2$s"),
                            store->name, host)
          : g_strdup_printf(lang_text("Kept on %s", "เก็บไว้ที่ %s"), store->name);
  gtk_label_set_text(GTK_LABEL(title), name);
  gtk_box_pack_start(GTK_BOX(box), title, FALSE, FALSE, 0);
  GtkWidget *grid = gtk_grid_new();
  gtk_grid_set_column_spacing(GTK_GRID(grid), 12);
  guint n = MIN(store->entries->len, (guint)ENTRIES_SHOWN_MAX);
  for (guint i = 0; i < n; i++)
    add_entry(grid, (int)i, g_ptr_array_index(store->entries, i));
  if (store->entries->len == 0)
    cell(grid, 1, 0, lang_text("empty", "ว่าง"), NULL);
  if (store->entries->len > n) {
    g_autofree char *more =
        g_strdup_printf(lang_text("… and %u more", "… และอีก %u ฉบับ"), store->entries->len - n);
    cell(grid, 1, (int)(2 * n), more, NULL);
  }
  pane_set_accessible(grid, name, NULL);
  gtk_box_pack_start(GTK_BOX(box), grid, FALSE, FALSE, 0);
  gtk_widget_show_all(box);
  gtk_box_pack_start(GTK_BOX(v->columns[store->is_server ? 0 : 1]), box, FALSE, FALSE, 0);
}

static void
say_nothing(struct view *v, int column)
{
  GtkWidget *label = pane_label("env-faint", FALSE);
  gtk_label_set_text(
      GTK_LABEL(label),
      column == 0 ? lang_text("Nothing is stored yet at this time.", "ณ เวลานี้ยังไม่มีสิ่งใดเก็บอยู่")
                  : lang_text("No client has kept a message yet.", "ยังไม่มีไคลเอนต์ใดเก็บข้อความไว้"));
  gtk_widget_show(label);
  gtk_box_pack_start(GTK_BOX(v->columns[column]), label, FALSE, FALSE, 0);
}

static void
show_stores(struct view *v, gboolean force)
{
  size_t n;
  const struct run_event *events = run_events(session_run(v->session), &n);
  struct stores stores;
  stores_at(&stores, events, n, session_time(v->session));
  if (force || stores.changed_ns != v->changed_shown || n != v->n_events_shown) {
    v->changed_shown = stores.changed_ns;
    v->n_events_shown = n;
    int counts[2] = {0, 0};
    for (int column = 0; column < 2; column++)
      pane_clear(v->columns[column]);
    for (guint i = 0; i < stores.all->len; i++) {
      const struct store *store = g_ptr_array_index(stores.all, i);
      counts[store->is_server ? 0 : 1]++;
      add_store(v, store);
    }
    for (int column = 0; column < 2; column++)
      if (counts[column] == 0)
        say_nothing(v, column);
    if (stores.changed_ns >= 0) {
      g_autofree char *time = pane_format_time(stores.changed_ns);
      g_autofree char *text =
          g_strdup_printf(lang_text("The last change, marked above, was at %s s.",
                                    "การเปลี่ยนแปลงล่าสุดที่ทำเครื่องหมายไว้ด้านบน เกิดขึ้นที่เวลา %s วินาที"),
                          time);
      gtk_label_set_text(GTK_LABEL(v->note), text);
    } else {
      gtk_label_set_text(GTK_LABEL(v->note), "");
    }
  }
  stores_clear(&stores);
}

static void
update(GtkWidget *pane, unsigned news)
{
  struct view *v = view_of(pane);
  gboolean is_run = session_run(v->session) != NULL;
  gtk_widget_set_visible(v->body, is_run);
  gtk_widget_set_visible(v->empty, !is_run);
  gtk_label_set_text(
      GTK_LABEL(v->empty),
      lang_text(
          "A capture shows what was said, not what was stored. Only a simulated run knows the "
          "mailboxes of its servers and clients; open a lesson or a scenario to see them.",
          "ไฟล์ดักจับแสดงเฉพาะสิ่งที่พูดคุยกัน ไม่ได้แสดงสิ่งที่เก็บไว้ มีเพียงการจำลองเท่านั้นที่รู้ว่าในกล่องจดหมาย"
          "ของเซิร์ฟเวอร์และไคลเอนต์มีอะไร เปิดบทเรียนหรือสถานการณ์จำลองเพื่อดู"));
  gtk_label_set_text(GTK_LABEL(v->heads[0]), lang_text("On the servers", "บนเซิร์ฟเวอร์"));
  gtk_label_set_text(GTK_LABEL(v->heads[1]), lang_text("On the clients", "บนไคลเอนต์"));
  if (is_run)
    show_stores(v, (news & (PANE_LOADED | PANE_LOOK)) != 0);
}

static void
view_free(gpointer data)
{
  struct view *v = data;
  g_object_unref(v->session);
  g_free(v);
}

GtkWidget *
store_pane_new(Session *session)
{
  GtkWidget *pane = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  struct view *v = g_new0(struct view, 1);
  v->session = g_object_ref(session);
  v->changed_shown = -2;
  g_object_set_data_full(G_OBJECT(pane), "store-pane", v, view_free);
  GtkWidget *both = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(both), "env-paper");
  v->empty = pane_label("env-faint", FALSE);
  g_object_set(v->empty, "margin", 16, NULL);
  v->body = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
  gtk_container_set_border_width(GTK_CONTAINER(v->body), 10);
  GtkWidget *grid = gtk_grid_new();
  gtk_grid_set_column_homogeneous(GTK_GRID(grid), TRUE);
  gtk_grid_set_column_spacing(GTK_GRID(grid), 14);
  for (int i = 0; i < 2; i++) {
    v->heads[i] = pane_label("env-heading", FALSE);
    v->columns[i] = gtk_box_new(GTK_ORIENTATION_VERTICAL, 8);
    gtk_grid_attach(GTK_GRID(grid), v->heads[i], i, 0, 1, 1);
    gtk_grid_attach(GTK_GRID(grid), v->columns[i], i, 1, 1, 1);
  }
  v->note = pane_label("env-faint", FALSE);
  gtk_box_pack_start(GTK_BOX(v->body), grid, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(v->body), v->note, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(both), v->empty, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(both), v->body, FALSE, FALSE, 0);
  gtk_widget_show_all(both);
  gtk_widget_set_no_show_all(v->empty, TRUE);
  gtk_widget_set_no_show_all(v->body, TRUE);
  gtk_box_pack_start(GTK_BOX(pane), pane_scrolled(both), TRUE, TRUE, 0);
  pane_attach(pane, session, PANE_LOADED | PANE_SELECTION | PANE_TIME | PANE_LOOK, update);
  gtk_widget_show_all(pane);
  return pane;
}
