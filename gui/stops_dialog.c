/* SPDX-License-Identifier: GPL-3.0-or-later */
/* stops_dialog.c -- the list of breakpoints, a line to add one, and running on to the next. */
#include "gui/stops_dialog.h"

#include "gui/pane.h"

enum { RESPONSE_RUN = 1 };

struct stops {
  struct window *w;
  Session *session;
  GtkWidget *dialog, *kind, *text, *trouble, *list;
};

static void fill(struct stops *d);

static void
remove_clicked(GtkWidget *button, struct stops *d)
{
  session_remove_stop(d->session, GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "stop")));
  fill(d);
}

static void
fill(struct stops *d)
{
  pane_clear(d->list);
  for (unsigned i = 0; i < session_n_stops(d->session); i++) {
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    GtkWidget *label = pane_label("env-mono", TRUE);
    GtkWidget *away = gtk_button_new_with_label(lang_text("Take out", "นำออก"));
    g_autofree char *name =
        g_strdup_printf(lang_text("Take out: %s", "นำออก: %s"), session_stop_text(d->session, i));
    gtk_label_set_text(GTK_LABEL(label), session_stop_text(d->session, i));
    atk_object_set_name(gtk_widget_get_accessible(away), name);
    g_object_set_data(G_OBJECT(away), "stop", GUINT_TO_POINTER(i));
    g_signal_connect(away, "clicked", G_CALLBACK(remove_clicked), d);
    gtk_box_pack_start(GTK_BOX(row), label, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), away, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(d->list), row, FALSE, FALSE, 0);
  }
  gtk_widget_show_all(d->list);
  gtk_dialog_set_response_sensitive(GTK_DIALOG(d->dialog), RESPONSE_RUN,
                                    session_n_stops(d->session) > 0);
}

static void
add(GtkWidget *widget, struct stops *d)
{
  g_autofree char *trouble = NULL;
  gboolean is_event = gtk_combo_box_get_active(GTK_COMBO_BOX(d->kind)) == 1;
  if (session_add_stop(d->session, gtk_entry_get_text(GTK_ENTRY(d->text)), is_event, &trouble))
    gtk_entry_set_text(GTK_ENTRY(d->text), "");
  gtk_label_set_text(GTK_LABEL(d->trouble), trouble ? trouble : "");
  fill(d);
}

static void
kind_chosen(GtkComboBox *kind, struct stops *d)
{
  gtk_entry_set_placeholder_text(GTK_ENTRY(d->text), gtk_combo_box_get_active(kind) == 1
                                                         ? "* tcp* state = ESTABLISHED"
                                                         : "smtp.req.command == \"DATA\"");
}

static void
run_on(struct window *w)
{
  Session *s = window_session(w);
  if (!session_run_on(s))
    window_say(
        w,
        lang_text("No breakpoint fits behind this time. Go back to the start (Home), or change "
                  "the breakpoints (Ctrl+B).",
                  "หลังเวลานี้ไม่มีจุดหยุดใดตรงเงื่อนไข กลับไปจุดเริ่ม (Home) หรือแก้ไขจุดหยุด (Ctrl+B)"),
        GTK_MESSAGE_INFO);
}

static void
answered(GtkDialog *dialog, int response, struct stops *d)
{
  struct window *w = d->w;
  gtk_widget_destroy(d->dialog);
  g_free(d);
  if (response == RESPONSE_RUN)
    run_on(w);
}

void
stops_dialog_show(struct window *w)
{
  struct stops *d = g_new0(struct stops, 1);
  d->w = w;
  d->session = window_session(w);
  d->dialog = gtk_dialog_new_with_buttons(
      lang_text("Breakpoints", "จุดหยุด"), GTK_WINDOW(window_widget(w)),
      GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT | GTK_DIALOG_USE_HEADER_BAR,
      lang_text("_Close", "ปิด"), GTK_RESPONSE_CLOSE,
      lang_text("_Run until the next", "เดินต่อจนถึงจุดถัดไป"), RESPONSE_RUN, NULL);
  gtk_style_context_add_class(gtk_widget_get_style_context(d->dialog), "enveloscope");
  GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(d->dialog));
  GtkWidget *line = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  g_object_set(box, "margin", 12, "spacing", 8, NULL);
  GtkWidget *about = pane_label("env-faint", FALSE);
  gtk_label_set_text(
      GTK_LABEL(about),
      lang_text("Playing stops where a frame fits a display filter, or where a state "
                "event happens.",
                "การเล่นจะหยุดเมื่อเฟรมตรงกับตัวกรอง หรือเมื่อเกิดเหตุการณ์เปลี่ยนสถานะ"));
  d->kind = gtk_combo_box_text_new();
  gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(d->kind), lang_text("Frame fits", "เฟรมตรงกับ"));
  gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(d->kind), lang_text("State event", "เหตุการณ์"));
  d->text = gtk_entry_new();
  gtk_entry_set_width_chars(GTK_ENTRY(d->text), 36);
  pane_set_accessible(d->kind, lang_text("Kind of breakpoint", "ชนิดของจุดหยุด"), "");
  pane_set_accessible(d->text, lang_text("Stop at", "หยุดเมื่อ"), "");
  GtkWidget *button = gtk_button_new_with_label(lang_text("Add", "เพิ่ม"));
  d->trouble = pane_label("env-risk", FALSE);
  d->list = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
  gtk_box_pack_start(GTK_BOX(line), d->kind, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(line), d->text, TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(line), button, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), about, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), line, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), d->trouble, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), d->list, TRUE, TRUE, 0);
  g_signal_connect(d->kind, "changed", G_CALLBACK(kind_chosen), d);
  g_signal_connect(d->text, "activate", G_CALLBACK(add), d);
  g_signal_connect(button, "clicked", G_CALLBACK(add), d);
  g_signal_connect(d->dialog, "response", G_CALLBACK(answered), d);
  gtk_combo_box_set_active(GTK_COMBO_BOX(d->kind), 0);
  fill(d);
  gtk_widget_show_all(d->dialog);
  gtk_widget_grab_focus(d->text);
}

void
stops_run_on(struct window *w)
{
  if (session_n_stops(window_session(w)) == 0)
    stops_dialog_show(w);
  else
    run_on(w);
}

void
stops_step_out(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  if (!session_step_out(window_session(w)))
    window_say(
        w,
        lang_text("No command is being answered here. Select a frame of a mail conversation.",
                  "ตรงนี้ไม่มีคำสั่งที่รอคำตอบ โปรดเลือกเฟรมของบทสนทนาเมล"),
        GTK_MESSAGE_INFO);
}
