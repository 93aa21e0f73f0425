/* SPDX-License-Identifier: GPL-3.0-or-later */
/* lesson_list.c -- lessons and scenarios under headings, found by their words in either language.
 *
 *     entry ─typing─> filter of the rows (title, about, id) ─Enter, click─> picked(id) */
#include "gui/lesson_list.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "gui/pane.h"
#include "lessons/run.h"

enum { LIST_WIDTH = 560, LIST_HEIGHT = 520, ABOUT_CHARS = 60 };

struct browser {
  GtkWidget *entry, *list;
  void (*picked)(const char *id, gpointer data);
  gpointer data;
  char *needle; /* case folded; NULL: everything is shown */
};

static const struct lang_pair headings[] = {
    [RUN_LESSON] = {"Lessons", "บทเรียน"},
    [RUN_SCENARIO] = {"Scenarios", "สถานการณ์จำลอง"},
    [RUN_NETWORK] = {"Network scenarios", "สถานการณ์เครือข่าย"},
    [RUN_MAIL] = {"Mail scenarios", "สถานการณ์อีเมล"},
};

static void
browser_free(gpointer data)
{
  struct browser *b = data;
  g_free(b->needle);
  g_free(b);
}

static const struct run_listing *
listing_of(GtkListBoxRow *row)
{
  return g_object_get_data(G_OBJECT(row), "listing");
}

static gboolean
says(const char *text, const char *needle)
{
  g_autofree char *folded = g_utf8_casefold(text ? text : "", -1);
  return strstr(folded, needle) != NULL;
}

static gboolean
fits(GtkListBoxRow *row, gpointer data)
{
  const struct browser *b = data;
  const struct run_listing *l = listing_of(row);
  return !b->needle || says(l->id, b->needle) || says(l->title_en, b->needle) ||
         says(l->title_th, b->needle) || says(l->about_en, b->needle) ||
         says(l->about_th, b->needle);
}

static void
put_heading(GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
  enum run_kind kind = listing_of(row)->kind;
  if (before && listing_of(before)->kind == kind) {
    gtk_list_box_row_set_header(row, NULL);
    return;
  }
  GtkWidget *label = pane_label("env-pane-title", FALSE);
  gtk_label_set_text(GTK_LABEL(label), lang_pick(headings[kind]));
  g_object_set(label, "margin-top", before ? 12 : 4, "margin-start", 6, NULL);
  gtk_list_box_row_set_header(row, label);
}

static GtkWidget *
make_row(struct run_listing *l)
{
  GtkWidget *row = gtk_list_box_row_new();
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *title = pane_label(NULL, FALSE), *about = pane_label("env-faint", FALSE);
  const char *words = lang_text(l->about_en, l->about_th);
  gtk_label_set_text(GTK_LABEL(title), lang_text(l->title_en, l->title_th));
  gtk_box_pack_start(GTK_BOX(box), title, FALSE, FALSE, 0);
  if (words && *words) {
    gtk_label_set_text(GTK_LABEL(about), words);
    gtk_label_set_ellipsize(GTK_LABEL(about), PANGO_ELLIPSIZE_END);
    gtk_label_set_single_line_mode(GTK_LABEL(about), TRUE);
    gtk_label_set_max_width_chars(GTK_LABEL(about), ABOUT_CHARS);
    gtk_widget_set_tooltip_text(row, words);
    gtk_box_pack_start(GTK_BOX(box), about, FALSE, FALSE, 0);
  } else {
    g_object_ref_sink(about);
    g_object_unref(about);
  }
  g_object_set(box, "margin", 6, NULL);
  gtk_container_add(GTK_CONTAINER(row), box);
  g_object_set_data_full(G_OBJECT(row), "listing", l, (GDestroyNotify)run_listing_free);
  pane_set_accessible(row, lang_text(l->title_en, l->title_th), words);
  return row;
}

/* ---- events ---- */

static void
on_typed(GtkSearchEntry *entry, struct browser *b)
{
  g_autofree char *text = g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(entry))));
  g_free(b->needle);
  b->needle = *text ? g_utf8_casefold(text, -1) : NULL;
  gtk_list_box_invalidate_filter(GTK_LIST_BOX(b->list));
}

static GtkListBoxRow *
first_shown(const struct browser *b)
{
  GtkListBoxRow *row;
  for (int i = 0; (row = gtk_list_box_get_row_at_index(GTK_LIST_BOX(b->list), i)); i++)
    if (gtk_widget_get_child_visible(GTK_WIDGET(row)))
      return row;
  return NULL;
}

static void
on_activated(GtkListBox *list, GtkListBoxRow *row, struct browser *b)
{
  g_autofree char *id = g_strdup(listing_of(row)->id);
  b->picked(id, b->data);
}

/* Enter in the entry opens the first that fits. */
static void
on_entered(GtkEntry *entry, struct browser *b)
{
  on_typed(GTK_SEARCH_ENTRY(entry), b);
  GtkListBoxRow *row = first_shown(b);
  if (row)
    on_activated(NULL, row, b);
}

/* Down leads from the entry into the list. */
static gboolean
on_key(GtkWidget *entry, GdkEventKey *event, struct browser *b)
{
  GtkListBoxRow *row = event->keyval == GDK_KEY_Down ? first_shown(b) : NULL;
  if (row)
    gtk_widget_grab_focus(GTK_WIDGET(row));
  return row != NULL;
}

GtkWidget *
lesson_list_new(void (*picked)(const char *id, gpointer data), gpointer data)
{
  struct browser *b = g_new0(struct browser, 1);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);
  g_autoptr(GError) error = NULL;
  GPtrArray *all = run_list(&error);
  b->picked = picked;
  b->data = data;
  b->entry = gtk_search_entry_new();
  b->list = gtk_list_box_new();
  gtk_entry_set_placeholder_text(
      GTK_ENTRY(b->entry), lang_text("Find a lesson or scenario", "ค้นหาบทเรียนหรือสถานการณ์จำลอง"));
  gtk_list_box_set_filter_func(GTK_LIST_BOX(b->list), fits, b, NULL);
  gtk_list_box_set_header_func(GTK_LIST_BOX(b->list), put_heading, NULL, NULL);
  gtk_list_box_set_selection_mode(GTK_LIST_BOX(b->list), GTK_SELECTION_BROWSE);
  GtkWidget *none = pane_label("env-empty", FALSE);
  gtk_label_set_text(GTK_LABEL(none),
                     error ? error->message : lang_text("Nothing is called so.", "ไม่พบชื่อนี้"));
  gtk_widget_show(none);
  gtk_list_box_set_placeholder(GTK_LIST_BOX(b->list), none);
  for (guint i = 0; all && i < all->len; i++)
    gtk_container_add(GTK_CONTAINER(b->list), make_row(all->pdata[i]));
  if (all) { /* the rows own the listings */
    g_ptr_array_set_free_func(all, NULL);
    g_ptr_array_unref(all);
  }
  g_signal_connect(b->entry, "search-changed", G_CALLBACK(on_typed), b);
  g_signal_connect(b->entry, "activate", G_CALLBACK(on_entered), b);
  g_signal_connect(b->entry, "key-press-event", G_CALLBACK(on_key), b);
  g_signal_connect(b->list, "row-activated", G_CALLBACK(on_activated), b);
  g_signal_connect_swapped(box, "map", G_CALLBACK(gtk_widget_grab_focus), b->entry);
  GtkWidget *scrolled = pane_scrolled(b->list);
  gtk_scrolled_window_set_policy(GTK_SCROLLED_WINDOW(scrolled), GTK_POLICY_NEVER,
                                 GTK_POLICY_AUTOMATIC);
  gtk_widget_set_size_request(scrolled, LIST_WIDTH, -1);
  gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(scrolled), LIST_HEIGHT);
  gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(scrolled), TRUE);
  g_object_set(box, "margin", 8, NULL);
  gtk_box_pack_start(GTK_BOX(box), b->entry, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), scrolled, TRUE, TRUE, 0);
  g_object_set_data_full(G_OBJECT(box), "browser", b, browser_free);
  gtk_widget_show_all(box);
  return box;
}
