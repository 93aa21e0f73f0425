/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pane-rig.c -- a session over the hand-made capture, a pane in a window, and what can be read off
 * it. */
#include "pane-rig.h"

#include <string.h>

#include "gui/pane.h"
#include "pane-fixture.h"

char *capture_path;
gboolean has_display;

void
settle(void)
{
  for (int i = 0; i < 200 && gtk_events_pending(); i++)
    gtk_main_iteration_do(FALSE);
}

Session *
open_capture(void)
{
  lang_set(LANG_EN);
  Session *session = session_new();
  g_autoptr(GError) error = NULL;
  session_open(session, capture_path, &error);
  g_assert_no_error(error);
  while (session_is_loading(session, NULL))
    gtk_main_iteration_do(TRUE);
  g_assert_cmpuint(trace_n_frames(session_trace(session)), ==, FIXTURE_N_FRAMES);
  return session;
}

gboolean
put_on_stage(struct stage *s, GtkWidget *(*make)(Session *))
{
  if (!has_display) {
    g_test_skip("no display");
    return FALSE;
  }
  s->session = open_capture();
  s->window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  s->pane = make(s->session);
  gtk_window_set_default_size(GTK_WINDOW(s->window), 1000, 260);
  gtk_container_add(GTK_CONTAINER(s->window), s->pane);
  gtk_widget_show_all(s->window);
  while (!gtk_widget_get_mapped(s->pane))
    gtk_main_iteration_do(TRUE);
  settle();
  return TRUE;
}

void
clear_stage(struct stage *s)
{
  gtk_widget_destroy(s->window);
  g_assert_finalize_object(s->session);
  lang_set(LANG_EN);
}

struct wanted {
  GType type;
  int n; /* how many to pass over */
  GtkWidget *found;
};

static void
look_for(GtkWidget *widget, gpointer data)
{
  struct wanted *w = data;
  if (!w->found && G_TYPE_CHECK_INSTANCE_TYPE(widget, w->type) && w->n-- == 0)
    w->found = widget;
  if (!w->found && GTK_IS_CONTAINER(widget))
    gtk_container_forall(GTK_CONTAINER(widget), look_for, w);
}

GtkWidget *
find(GtkWidget *root, GType type, int n)
{
  struct wanted w = {.type = type, .n = n};
  look_for(root, &w);
  return w.found;
}

static void
gather(GtkWidget *widget, gpointer data)
{
  GString *out = data;
  if (!gtk_widget_get_visible(widget))
    return;
  if (GTK_IS_LABEL(widget))
    g_string_append_printf(out, "%s\n", gtk_label_get_text(GTK_LABEL(widget)));
  if (GTK_IS_CONTAINER(widget))
    gtk_container_forall(GTK_CONTAINER(widget), gather, out);
}

char *
words(GtkWidget *root)
{
  GString *out = g_string_new(NULL);
  gather(root, out);
  return g_string_free(out, FALSE);
}

void
expect_words(GtkWidget *root, const char *expected)
{
  pane_flush(root);
  settle();
  g_autofree char *all = words(root);
  if (!strstr(all, expected))
    g_error("\"%s\" is not in:\n%s", expected, all);
}

void
expect_no_words(GtkWidget *root, const char *unexpected)
{
  pane_flush(root);
  settle();
  g_autofree char *all = words(root);
  if (strstr(all, unexpected))
    g_error("\"%s\" is in:\n%s", unexpected, all);
}

uint32_t
field_index(Session *session, const char *key)
{
  struct decode *d = session_decode(session);
  for (unsigned i = 0; i < decode_n_fields(d); i++)
    if (strcmp(decode_field(d, i)->def->key, key) == 0)
      return i;
  g_error("no field %s in frame %u", key, session_frame(session) + 1);
}

void
press(GtkWidget *widget, guint keyval)
{
  GdkEvent *event = gdk_event_new(GDK_KEY_PRESS);
  event->key.window = g_object_ref(gtk_widget_get_window(widget));
  event->key.keyval = keyval;
  event->key.time = GDK_CURRENT_TIME;
  gdk_event_set_device(
      event, gdk_seat_get_keyboard(gdk_display_get_default_seat(gtk_widget_get_display(widget))));
  gtk_widget_event(widget, event);
  gdk_event_free(event);
  settle();
}
