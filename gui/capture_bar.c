/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture_bar.c -- the counters of a live capture and its buttons.
 *
 *     Capturing on eth0 (tcp port 25): 1,234 frames, none lost.          [Stop]
 *     Captured on eth0: 1,234 frames, 17 lost; the capture is not complete.   [Capture again]
 * [Save…]
 */
#include "gui/capture_bar.h"

#include <string.h>

enum { FILTER_CHARS = 40 }; /* of a filter in the bar; the tooltip has it whole */

struct bar {
  Session *session;
  GtkWidget *widget, *text, *toggle, *save;
};

/* "eth0 (tcp port 25)" */
static char *
place(Session *session)
{
  const char *filter = session_capture_filter(session);
  if (!*filter)
    return g_strdup(session_capture_interface(session));
  if (g_utf8_strlen(filter, -1) <= FILTER_CHARS)
    return g_strdup_printf("%s (%s)", session_capture_interface(session), filter);
  g_autofree char *cut = g_utf8_substring(filter, 0, FILTER_CHARS);
  return g_strdup_printf("%s (%s…)", session_capture_interface(session), cut);
}

char *
capture_bar_text(Session *session)
{
  const struct live_state *state = session_capture_state(session);
  gboolean is_capturing = session_is_capturing(session);
  if (!state || (!is_capturing && !session_shows_capture(session)))
    return NULL;
  g_autofree char *where = place(session);
  if (!state->is_ready)
    return g_strdup_printf(lang_text("Beginning to capture on %s…", "กำลังเริ่มดักจับบน %s…"), where);
  guint64 n_lost = state->n_dropped_kernel + state->n_dropped_interface;
  guint64 n_frames = MAX(state->n_frames, state->n_written);
  if (is_capturing)
    return g_strdup_printf(lang_text("Capturing on %1$s: %2$" G_GUINT64_FORMAT
                                     " frames, %3$" G_GUINT64_FORMAT " lost.",
                                     "กำลังดักจับบน %1$s: %2$" G_GUINT64_FORMAT
                                     " เฟรม หาย %3$" G_GUINT64_FORMAT " เฟรม"),
                           where, n_frames, n_lost);
  if (n_lost)
    return g_strdup_printf(lang_text("Captured on %1$s: %2$" G_GUINT64_FORMAT
                                     " frames; %3$" G_GUINT64_FORMAT
                                     " were lost, so the capture is not complete.",
                                     "ดักจับจาก %1$s: %2$" G_GUINT64_FORMAT
                                     " เฟรม หายไป %3$" G_GUINT64_FORMAT " เฟรม แคปเจอร์นี้จึงไม่ครบถ้วน"),
                           where, n_frames, n_lost);
  return g_strdup_printf(lang_text("Captured on %1$s: %2$" G_GUINT64_FORMAT " frames, none lost.",
                                   "ดักจับจาก %1$s: %2$" G_GUINT64_FORMAT " เฟรม ไม่มีเฟรมหาย"),
                         where, n_frames);
}

static void
update(Session *session, struct bar *b)
{
  g_autofree char *text = capture_bar_text(session);
  gtk_widget_set_visible(b->widget, text != NULL);
  if (!text)
    return;
  gboolean is_capturing = session_is_capturing(session);
  g_autofree char *tip = g_strdup_printf(
      lang_text("Filter: %1$s\nFile: %2$s", "ตัวกรอง: %1$s\nไฟล์: %2$s"),
      *session_capture_filter(session) ? session_capture_filter(session) : lang_text("none", "ไม่มี"),
      session_capture_path(session));
  if (strcmp(gtk_label_get_text(GTK_LABEL(b->text)), text) != 0)
    gtk_label_set_text(GTK_LABEL(b->text), text);
  gtk_widget_set_tooltip_text(b->text, tip);
  gtk_button_set_label(GTK_BUTTON(b->toggle), is_capturing
                                                  ? lang_text("Stop", "หยุด")
                                                  : lang_text("Capture again", "ดักจับอีกครั้ง"));
  gtk_widget_set_tooltip_text(b->toggle, "Ctrl+E");
  gtk_button_set_label(GTK_BUTTON(b->save), lang_text("Save…", "บันทึก…"));
  gtk_widget_set_visible(b->save, !is_capturing);
}

static void
bar_free(GtkWidget *widget, struct bar *b)
{
  g_signal_handlers_disconnect_by_data(b->session, b);
  g_object_unref(b->session);
  g_free(b);
}

static GtkWidget *
add_button(struct bar *b, const char *action)
{
  GtkWidget *button = gtk_button_new_with_label("");
  gtk_actionable_set_action_name(GTK_ACTIONABLE(button), action);
  gtk_box_pack_end(GTK_BOX(b->widget), button, FALSE, FALSE, 0);
  return button;
}

GtkWidget *
capture_bar_new(Session *session)
{
  struct bar *b = g_new0(struct bar, 1);
  b->session = g_object_ref(session);
  b->widget = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  gtk_widget_set_name(b->widget, "capture-bar");
  gtk_style_context_add_class(gtk_widget_get_style_context(b->widget), "env-branch");
  b->text = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(b->text), 0);
  gtk_label_set_ellipsize(GTK_LABEL(b->text), PANGO_ELLIPSIZE_END);
  gtk_box_pack_start(GTK_BOX(b->widget), b->text, TRUE, TRUE, 0);
  b->toggle = add_button(b, "win.capture");
  b->save = add_button(b, "win.save");
  gtk_widget_show_all(b->widget);
  gtk_widget_set_no_show_all(b->widget, TRUE);
  g_signal_connect(b->widget, "destroy", G_CALLBACK(bar_free), b);
  g_signal_connect(session, "loaded", G_CALLBACK(update), b);
  g_signal_connect(session, "capture-changed", G_CALLBACK(update), b);
  g_signal_connect(session, "frames-added", G_CALLBACK(update), b);
  g_signal_connect(session, "look-changed", G_CALLBACK(update), b);
  update(session, b);
  return b->widget;
}
