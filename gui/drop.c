/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drop.c -- files that are dropped on the window.
 *
 *     drag over the window ──> moved: the hint is shown, the drop allowed
 *     leave or drop        ──> left: the hint goes
 *     drop                 ──> received: the first URI that opens is shown, the rest is named
 *
 * File managers offer a list of URIs and often the same as text; only the list is read (RFC 2483,
 * section 5). A URI of another computer has no path here, unless the desktop mounts it (GVfs). */
#include "gui/drop.h"

#include <gio/gio.h>

static gboolean
offers_files(GtkWidget *window, GdkDragContext *context)
{
  return gtk_drag_dest_find_target(window, context, NULL) != GDK_NONE;
}

static gboolean
moved(GtkWidget *widget, GdkDragContext *context, int x, int y, guint time, struct window *w)
{
  if (!offers_files(widget, context))
    return FALSE;
  window_set_hint(w, lang_text("Drop the file to open it here", "วางไฟล์เพื่อเปิดที่นี่"));
  gdk_drag_status(context, GDK_ACTION_COPY, time);
  return TRUE;
}

static void
left(GtkWidget *widget, GdkDragContext *context, guint time, struct window *w)
{
  window_set_hint(w, NULL);
}

/* The text of one URI as a reader knows it: the file's name, or the URI itself. */
static char *
name_of(const char *uri)
{
  g_autoptr(GFile) file = g_file_new_for_uri(uri);
  g_autofree char *path = g_file_get_path(file);
  g_autofree char *base = path ? g_path_get_basename(path) : NULL;
  return base ? g_filename_display_name(base) : g_strdup(uri);
}

/* A file's URI may name the computer that it lies on (RFC 8089, section 2). */
static gboolean
lies_here(const char *uri)
{
  g_autofree char *computer = NULL;
  g_autofree char *path = g_filename_from_uri(uri, &computer, NULL);
  return !path || !computer || g_ascii_strcasecmp(computer, g_get_host_name()) == 0;
}

/* True when it is shown now; otherwise *trouble says why not (g_free()). */
static gboolean
open_uri(struct window *w, const char *uri, char **trouble)
{
  g_autoptr(GFile) file = g_file_new_for_uri(uri);
  g_autofree char *path = g_file_get_path(file);
  if (path && lies_here(uri))
    return window_open(w, path, trouble);
  *trouble = g_strdup_printf(
      lang_text("%s is not a file on this computer. Save it here first, then drop it again.",
                "%s ไม่ใช่ไฟล์ในคอมพิวเตอร์เครื่องนี้ โปรดบันทึกลงเครื่องก่อนแล้วลากมาวางใหม่"),
      uri);
  return FALSE;
}

static void
open_first(struct window *w, char *const *uris)
{
  g_autofree char *why = NULL; /* the first one could not be opened */
  guint n = g_strv_length((char **)uris), shown = 0;
  for (; shown < n; shown++) {
    g_autofree char *trouble = NULL;
    if (open_uri(w, uris[shown], &trouble))
      break;
    if (!why)
      why = g_steal_pointer(&trouble);
  }
  if (shown == n) {
    window_say(w, why ? why : lang_text("What was dropped is no file.", "สิ่งที่วางไม่ใช่ไฟล์"),
               GTK_MESSAGE_ERROR);
    return;
  }
  if (n < 2)
    return;
  g_autofree char *name = name_of(uris[shown]);
  g_autofree char *text = g_strdup_printf(
      lang_text(
          "%1$u files were dropped; %2$s is shown. A window shows one file: drop the others one "
          "at a time.",
          "มีการวางไฟล์ %1$u ไฟล์ ขณะนี้แสดง %2$s หน้าต่างนี้แสดงได้ครั้งละหนึ่งไฟล์ โปรดวางไฟล์อื่นทีละไฟล์"),
      n, name);
  window_say(w, text, GTK_MESSAGE_INFO);
}

static void
received(GtkWidget *widget, GdkDragContext *context, int x, int y, GtkSelectionData *data,
         guint info, guint time, struct window *w)
{
  static char *const none[] = {NULL};
  g_auto(GStrv) uris = gtk_selection_data_get_uris(data);
  window_set_hint(w, NULL);
  open_first(w, uris ? uris : none); /* GTK tells the source that the drop is finished */
}

/* Both run before the widget's own handlers: answering "not here" lets GTK ask the parent. */
static gboolean
moves_elsewhere(GtkWidget *widget, GdkDragContext *context, int x, int y, guint time,
                struct window *w)
{
  if (offers_files(window_widget(w), context))
    g_signal_stop_emission_by_name(widget, "drag-motion");
  return FALSE;
}

static gboolean
drops_elsewhere(GtkWidget *widget, GdkDragContext *context, int x, int y, guint time,
                struct window *w)
{
  if (offers_files(window_widget(w), context))
    g_signal_stop_emission_by_name(widget, "drag-drop");
  return FALSE;
}

static void
pass_on(GtkWidget *widget, gpointer data)
{
  if (GTK_IS_TEXT_VIEW(widget) || GTK_IS_ENTRY(widget)) {
    g_signal_connect(widget, "drag-motion", G_CALLBACK(moves_elsewhere), data);
    g_signal_connect(widget, "drag-drop", G_CALLBACK(drops_elsewhere), data);
  } else if (GTK_IS_CONTAINER(widget))
    gtk_container_forall(GTK_CONTAINER(widget), pass_on, data);
}

void
drop_install(struct window *w)
{
  GtkWidget *window = window_widget(w);
  gtk_drag_dest_set(window, GTK_DEST_DEFAULT_DROP, NULL, 0, GDK_ACTION_COPY);
  gtk_drag_dest_add_uri_targets(window);
  g_signal_connect(window, "drag-motion", G_CALLBACK(moved), w);
  g_signal_connect(window, "drag-leave", G_CALLBACK(left), w);
  g_signal_connect(window, "drag-data-received", G_CALLBACK(received), w);
  for (int i = 0; i < N_VIEWS; i++)
    pass_on(perspectives_view(window_perspectives(w), (enum view)i), w);
}
