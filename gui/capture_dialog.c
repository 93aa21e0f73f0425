/* SPDX-License-Identifier: GPL-3.0-or-later */
/* capture_dialog.c -- asks where to capture and what to keep; and for a packet's comment.
 *
 *     Interface  [eth0 — 192.0.2.7 ▾]
 *     Keep       (•) mail only   ( ) everything   ( ) what fits: [tcp port 25______]
 *     [x] also frames for other computers
 *     the paragraph on law and consent, with a box to tick, until it was ticked once
 *     trouble: no right, no interface, a filter that is not understood
 */
#include "gui/capture_dialog.h"

#include "capture/source/interfaces.h"
#include "capture/source/live_filter.h"
#include "capture/source/rights.h"
#include "gui/pane.h"

struct options {
  struct window *w;
  GtkWidget *dialog, *interface, *mail, *all, *some, *filter, *promiscuous, *consent, *trouble;
};

static void
start_failed(struct window *w, const GError *error)
{
  if (error)
    window_say(w, error->message, GTK_MESSAGE_ERROR);
}

/* Frames will come: where they can be seen. */
static void
show_packets(struct window *w)
{
  if (window_perspective(w) == PERSPECTIVE_LEARN)
    window_set_perspective(w, PERSPECTIVE_INSPECT);
}

static char *
chosen_filter(struct options *o, const char *interface)
{
  if (gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(o->mail)))
    return live_filter_mail(interface);
  gboolean is_some = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(o->some));
  return g_strstrip(g_strdup(is_some ? gtk_entry_get_text(GTK_ENTRY(o->filter)) : ""));
}

/* FALSE: the dialog stays, and says why. */
static gboolean
start(struct options *o)
{
  g_autoptr(GError) error = NULL;
  const char *interface = gtk_combo_box_get_active_id(GTK_COMBO_BOX(o->interface));
  g_autofree char *filter = interface ? chosen_filter(o, interface) : NULL;
  if (!interface || (*filter && !live_filter_check(interface, filter, &error))) {
    gtk_label_set_text(GTK_LABEL(o->trouble),
                       error ? error->message
                             : lang_text("Choose an interface.", "โปรดเลือกอินเทอร์เฟซ"));
    return FALSE;
  }
  if (gtk_widget_get_visible(o->consent))
    rights_remember_consent(NULL); /* who cannot keep a note is asked again another time */
  struct live_options options = {
      .interface = interface,
      .filter = filter,
      .floor_octets = LIVE_FLOOR_OCTETS,
      .is_promiscuous = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(o->promiscuous))};
  if (!session_capture_start(window_session(o->w), &options, &error)) {
    gtk_label_set_text(GTK_LABEL(o->trouble), error->message);
    return FALSE;
  }
  show_packets(o->w);
  return TRUE;
}

static void
answered(GtkDialog *dialog, int response, struct options *o)
{
  if (response == GTK_RESPONSE_ACCEPT && !start(o))
    return;
  gtk_widget_destroy(o->dialog);
  g_free(o);
}

static void
update(GtkWidget *widget, struct options *o)
{
  gboolean has_consent = !gtk_widget_get_visible(o->consent) ||
                         gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(o->consent));
  gtk_dialog_set_response_sensitive(GTK_DIALOG(o->dialog), GTK_RESPONSE_ACCEPT, has_consent);
  gtk_widget_set_sensitive(o->filter, gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(o->some)));
}

static void
fill_interfaces(struct options *o)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) list = interfaces_list(&error);
  const char *last = session_capture_interface(window_session(o->w));
  for (guint i = 0; list && i < list->len; i++) {
    const struct interface_info *info = g_ptr_array_index(list, i);
    g_autofree char *addresses = g_strjoinv(", ", info->addresses);
    const char *more = info->is_any   ? lang_text("all interfaces at once", "ทุกอินเทอร์เฟซพร้อมกัน")
                       : !info->is_up ? lang_text("down", "ปิด")
                                      : addresses;
    g_autofree char *text =
        *more ? g_strdup_printf("%s — %s", info->name, more) : g_strdup(info->name);
    gtk_combo_box_text_append(GTK_COMBO_BOX_TEXT(o->interface), info->name, text);
  }
  if (!last || !gtk_combo_box_set_active_id(GTK_COMBO_BOX(o->interface), last))
    gtk_combo_box_set_active(GTK_COMBO_BOX(o->interface), 0);
  if (error)
    gtk_label_set_text(GTK_LABEL(o->trouble), error->message);
  else if (!rights_may_capture())
    gtk_label_set_text(
        GTK_LABEL(o->trouble),
        lang_text(
            "You have no right to capture yet. “./run capture-rights” in the folder of the source "
            "gives it; files can be opened without it.",
            "คุณยังไม่มีสิทธิ์ดักจับ ให้สั่ง “./run capture-rights” ในโฟลเดอร์ซอร์สเพื่อรับสิทธิ์ "
            "ส่วนการเปิดไฟล์ไม่ต้องมีสิทธินี้"));
}

static void
add_row(GtkWidget *grid, int row, const char *name, GtkWidget *widget)
{
  GtkWidget *label = gtk_label_new(name);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_mnemonic_widget(GTK_LABEL(label), widget);
  gtk_grid_attach(GTK_GRID(grid), label, 0, row, 1, 1);
  gtk_widget_set_hexpand(widget, TRUE);
  gtk_grid_attach(GTK_GRID(grid), widget, 1, row, 1, 1);
  pane_set_accessible(widget, name, "");
}

static void
make_choices(struct options *o, GtkWidget *grid)
{
  GtkWidget *some = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  o->interface = gtk_combo_box_text_new();
  o->mail = gtk_radio_button_new_with_label(
      NULL, lang_text("mail only: SMTP, POP3 and IMAP, with fragments and VLAN frames",
                      "เฉพาะจดหมาย: SMTP, POP3 และ IMAP รวมแฟรกเมนต์และเฟรม VLAN"));
  o->all = gtk_radio_button_new_with_label_from_widget(GTK_RADIO_BUTTON(o->mail),
                                                       lang_text("every frame", "ทุกเฟรม"));
  o->some = gtk_radio_button_new_with_label_from_widget(
      GTK_RADIO_BUTTON(o->mail),
      lang_text("what fits this capture filter:", "ที่ตรงกับตัวกรองการดักจับ:"));
  o->filter = gtk_entry_new();
  gtk_entry_set_placeholder_text(GTK_ENTRY(o->filter), "tcp port 25");
  gtk_entry_set_activates_default(GTK_ENTRY(o->filter), TRUE);
  pane_set_accessible(o->filter, lang_text("Capture filter", "ตัวกรองการดักจับ"), "");
  o->promiscuous = gtk_check_button_new_with_label(
      lang_text("also frames for other computers (promiscuous mode)",
                "รวมเฟรมที่ส่งถึงเครื่องอื่นด้วย (โหมด promiscuous)"));
  gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(o->promiscuous), TRUE);
  gtk_box_pack_start(GTK_BOX(some), o->some, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(some), o->filter, TRUE, TRUE, 0);
  add_row(grid, 0, lang_text("Interface", "อินเทอร์เฟซ"), o->interface);
  add_row(grid, 1, lang_text("Keep", "เก็บ"), o->mail);
  gtk_grid_attach(GTK_GRID(grid), o->all, 1, 2, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), some, 1, 3, 1, 1);
  gtk_grid_attach(GTK_GRID(grid), o->promiscuous, 1, 4, 1, 1);
  pane_set_accessible(o->mail, gtk_button_get_label(GTK_BUTTON(o->mail)), "");
}

static void
make_consent(struct options *o, GtkWidget *box)
{
  GtkWidget *text = pane_label(NULL, TRUE);
  o->consent = gtk_check_button_new_with_label(lang_text(
      "I may capture here, and I know what that means", "ฉันมีสิทธิ์ดักจับที่นี่ และเข้าใจความหมายแล้ว"));
  gtk_label_set_text(GTK_LABEL(text), rights_consent_text());
  gtk_label_set_max_width_chars(GTK_LABEL(text), 70);
  gtk_box_pack_start(GTK_BOX(box), text, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), o->consent, FALSE, FALSE, 0);
  gtk_widget_show_all(box);
  gboolean is_asked = !rights_has_consent();
  gtk_widget_set_visible(text, is_asked);
  gtk_widget_set_visible(o->consent, is_asked);
}

void
capture_dialog_show(struct window *w)
{
  struct options *o = g_new0(struct options, 1);
  o->w = w;
  o->dialog = gtk_dialog_new_with_buttons(
      lang_text("Capture from an interface", "ดักจับจากอินเทอร์เฟซ"), GTK_WINDOW(window_widget(w)),
      GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT | GTK_DIALOG_USE_HEADER_BAR,
      lang_text("_Cancel", "ยกเลิก"), GTK_RESPONSE_CANCEL, lang_text("_Start", "เริ่ม"),
      GTK_RESPONSE_ACCEPT, NULL);
  gtk_style_context_add_class(gtk_widget_get_style_context(o->dialog), "enveloscope");
  GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(o->dialog));
  GtkWidget *grid = gtk_grid_new();
  g_object_set(box, "margin", 12, "spacing", 10, NULL);
  g_object_set(grid, "row-spacing", 8, "column-spacing", 12, NULL);
  make_choices(o, grid);
  o->trouble = pane_label("env-risk", TRUE);
  gtk_label_set_max_width_chars(GTK_LABEL(o->trouble), 70);
  gtk_box_pack_start(GTK_BOX(box), grid, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), o->trouble, FALSE, FALSE, 0);
  make_consent(o, box);
  fill_interfaces(o);
  gtk_dialog_set_default_response(GTK_DIALOG(o->dialog), GTK_RESPONSE_ACCEPT);
  g_signal_connect(o->consent, "toggled", G_CALLBACK(update), o);
  g_signal_connect(o->some, "toggled", G_CALLBACK(update), o);
  g_signal_connect(o->dialog, "response", G_CALLBACK(answered), o);
  update(NULL, o);
  gtk_widget_show(o->dialog);
  gtk_widget_grab_focus(o->interface);
}

void
capture_dialog_toggle(struct window *w)
{
  Session *s = window_session(w);
  g_autoptr(GError) error = NULL;
  if (session_is_capturing(s))
    session_capture_stop(s);
  else if (!session_capture_interface(s))
    capture_dialog_show(w);
  else if (session_capture_again(s, &error))
    show_packets(w);
  else
    start_failed(w, error);
}

/* ---- comments ---- */

void
capture_dialog_comment(struct window *w)
{
  Session *s = window_session(w);
  uint32_t frame = session_frame(s);
  if (frame == SESSION_NONE)
    return;
  g_autofree char *title =
      g_strdup_printf(lang_text("Comment on packet %u", "ความเห็นของแพ็กเก็ต %u"), frame + 1);
  GtkWidget *dialog = gtk_dialog_new_with_buttons(
      title, GTK_WINDOW(window_widget(w)), GTK_DIALOG_MODAL | GTK_DIALOG_USE_HEADER_BAR,
      lang_text("_Cancel", "ยกเลิก"), GTK_RESPONSE_CANCEL, lang_text("_Keep", "เก็บ"),
      GTK_RESPONSE_ACCEPT, NULL);
  GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(dialog));
  GtkWidget *text = gtk_entry_new();
  GtkWidget *about = pane_label("env-faint", FALSE);
  const char *old = trace_comment(session_trace(s), frame);
  g_object_set(box, "margin", 12, "spacing", 8, NULL);
  gtk_entry_set_text(GTK_ENTRY(text), old ? old : "");
  gtk_entry_set_width_chars(GTK_ENTRY(text), 56);
  gtk_entry_set_activates_default(GTK_ENTRY(text), TRUE);
  pane_set_accessible(text, title, "");
  gtk_label_set_text(GTK_LABEL(about),
                     lang_text("Saved with the packets as pcapng (Ctrl+S); Wireshark shows it too. "
                               "Nothing: no comment.",
                               "บันทึกไปกับแพ็กเก็ตเป็น pcapng (Ctrl+S) และ Wireshark แสดงได้ด้วย "
                               "เว้นว่างคือไม่มีความเห็น"));
  gtk_box_pack_start(GTK_BOX(box), text, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), about, FALSE, FALSE, 0);
  gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
  gtk_widget_show_all(dialog);
  unsigned generation = session_generation(s);
  if (gtk_dialog_run(GTK_DIALOG(dialog)) == GTK_RESPONSE_ACCEPT &&
      generation == session_generation(s) &&
      !session_set_comment(s, frame, gtk_entry_get_text(GTK_ENTRY(text))))
    window_say(w, lang_text("The comment is too long.", "ความเห็นยาวเกินไป"), GTK_MESSAGE_ERROR);
  gtk_widget_destroy(dialog);
}
