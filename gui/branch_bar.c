/* SPDX-License-Identifier: GPL-3.0-or-later */
/* branch_bar.c -- tells that a branch is shown, what was changed in it, and leads back.
 *
 *     Branch at 0.586 s: frame 25 is dropped on wan. Frames 1 to 25 are as in the original.
 *                           [Changes (1)] [Compare] [Undo] [Back to the original]
 *
 * "Changes" lists the run's inputs, each with a button that takes it out. */
#include "gui/branch_bar.h"

#include "gui/pane.h"
#include "gui/sentence.h"

struct bar {
  Session *session;
  GtkWidget *widget, *text, *changes, *list, *compare, *undo, *original;
};

/* ---- an input in words ---- */

static uint32_t
frame_of_packet(Session *s, uint64_t packet)
{
  size_t n;
  const struct run_flight *all = run_flights(session_run(s), &n);
  for (size_t i = 0; i < n; i++)
    if (all[i].packet == packet && all[i].frame != TRACE_NONE)
      return all[i].frame + 1;
  return 0;
}

char *
branch_bar_say(Session *session, const struct input *input)
{
  uint32_t frame = input->packet ? frame_of_packet(session, input->packet) : 0;
  /* Without a number it is the packet on the wire at that time, or the next one. */
  g_autofree char *who = frame ? g_strdup_printf(lang_text("frame %u", "เฟรม %u"), frame)
                               : g_strdup(lang_text("the packet under way", "แพ็กเก็ตที่กำลังเดินทาง"));
  g_autofree char *octets = pane_format_octets(input->n_octets);
  char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];
  double by_ms = (double)input->by_ns / 1e6;
  switch (input->verb) {
  case INPUT_DROP:
    return g_strdup_printf(lang_text("%1$s is lost on %2$s", "%1$s สูญหายบน %2$s"), who,
                           input->link);
  case INPUT_DELAY:
    return g_strdup_printf(
        lang_text("%1$s is %2$g ms late on %3$s", "%1$s มาช้า %2$g มิลลิวินาทีบน %3$s"), who, by_ms,
        input->link);
  case INPUT_DUPLICATE:
    return g_strdup_printf(lang_text("%1$s comes again %2$g ms later on %3$s",
                                     "%1$s มาซ้ำอีกครั้งหลัง %2$g มิลลิวินาทีบน %3$s"),
                           who, by_ms, input->link);
  case INPUT_ALTER:
    return g_strdup_printf(lang_text("%1$s of %2$s are changed from octet %3$u on",
                                     "เปลี่ยน %1$s ของ%2$s ตั้งแต่ออกเตตที่ %3$u"),
                           octets, who, input->offset);
  case INPUT_RESET:
    endpoint_format(&input->from, input->from_port, from);
    endpoint_format(&input->to, input->to_port, to);
    return g_strdup_printf(lang_text("a forged RST from %1$s to %2$s", "RST ปลอมจาก %1$s ถึง %2$s"),
                           from, to);
  case INPUT_SET:
    return g_strdup_printf(lang_text("%1$s of %2$s is %3$s", "%1$s ของ %2$s เป็น %3$s"), input->key,
                           input->link, input->value);
  case INPUT_DOWN:
    return g_strdup_printf(lang_text("%s fails", "%s ขาด"), input->link);
  case INPUT_UP:
    return g_strdup_printf(lang_text("%s works again", "%s กลับมาใช้ได้"), input->link);
  case INPUT_OPEN:
    return g_strdup_printf(
        lang_text("%1$s connects to %2$s port %3$u by hand", "%1$s ต่อไปยัง %2$s พอร์ต %3$u ด้วยมือ"),
        input->host, input->server, input->to_port);
  case INPUT_LISTEN:
    return g_strdup_printf(
        lang_text("%1$s is answered by hand on port %2$u", "%1$s ตอบด้วยมือที่พอร์ต %2$u"), input->host,
        input->to_port);
  case INPUT_TYPE:
    return g_strdup_printf(lang_text("typed: %s", "พิมพ์: %s"), input->line);
  case INPUT_TLS:
    return g_strdup(lang_text("TLS begins by hand", "เริ่ม TLS ด้วยมือ"));
  case INPUT_CLOSE:
    return g_strdup(lang_text("closed by hand", "ปิดการเชื่อมต่อด้วยมือ"));
  default:
    return input_format(input);
  }
}

/* ---- the list of changes ---- */

static void
remove_clicked(GtkWidget *button, struct bar *b)
{
  unsigned i = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(button), "input"));
  GtkWidget *popover = GTK_WIDGET(gtk_menu_button_get_popover(GTK_MENU_BUTTON(b->changes)));
  gtk_popover_popdown(GTK_POPOVER(popover));
  session_remove_input(b->session, i, NULL);
}

static void
fill_list(GtkToggleButton *button, struct bar *b)
{
  if (!gtk_toggle_button_get_active(button))
    return;
  pane_clear(b->list);
  const struct input_log *log = run_inputs(session_run(b->session));
  for (unsigned i = 0; i < input_log_n(log); i++) {
    const struct input *input = input_log_at(log, i);
    GtkWidget *row = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 10);
    g_autofree char *time = sentence_time(input->time_ns);
    g_autofree char *what = branch_bar_say(b->session, input);
    g_autofree char *text = g_strdup_printf("%s  %s", time, what);
    GtkWidget *label = gtk_label_new(text);
    GtkWidget *away = gtk_button_new_with_label(lang_text("Take out", "นำออก"));
    g_autofree char *name = g_strdup_printf(lang_text("Take out: %s", "นำออก: %s"), what);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    atk_object_set_name(gtk_widget_get_accessible(away), name);
    g_object_set_data(G_OBJECT(away), "input", GUINT_TO_POINTER(i));
    g_signal_connect(away, "clicked", G_CALLBACK(remove_clicked), b);
    gtk_box_pack_start(GTK_BOX(row), label, TRUE, TRUE, 0);
    gtk_box_pack_start(GTK_BOX(row), away, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(b->list), row, FALSE, FALSE, 0);
  }
  gtk_widget_show_all(b->list);
}

/* ---- the bar ---- */

static char *
bar_text(struct bar *b, const struct input_log *log)
{
  unsigned n = input_log_n(log);
  uint32_t common = session_n_common(b->session);
  if (n == 0)
    return g_strdup(lang_text("A branch without changes: it is the original.",
                              "แขนงนี้ไม่มีการเปลี่ยนแปลง จึงเหมือนต้นฉบับ"));
  const struct input *last = input_log_at(log, n - 1);
  g_autofree char *time = sentence_time(last->time_ns);
  g_autofree char *what = branch_bar_say(b->session, last);
  if (session_n_branches(b->session) == 0)
    return g_strdup_printf(lang_text("A saved run with changes; the last at %1$s: %2$s.",
                                     "การจำลองที่บันทึกไว้และมีการเปลี่ยนแปลง ครั้งสุดท้ายที่ %1$s: %2$s"),
                           time, what);
  return g_strdup_printf(
      lang_text("Branch at %1$s: %2$s. The first %3$u frames are as in the original.",
                "แขนงที่ %1$s: %2$s โดย %3$u เฟรมแรกเหมือนต้นฉบับ"),
      time, what, common);
}

static void
update(Session *session, struct bar *b)
{
  struct run *run = session_run(session);
  const struct input_log *log = run ? run_inputs(run) : NULL;
  gboolean branched = run && session_n_branches(session) > 0;
  gtk_widget_set_visible(b->widget, branched || (run && input_log_n(log) > 0));
  if (!gtk_widget_get_visible(b->widget))
    return;
  g_autofree char *text = bar_text(b, log);
  g_autofree char *changes =
      g_strdup_printf(lang_text("Changes (%u)", "การเปลี่ยนแปลง (%u)"), input_log_n(log));
  gtk_label_set_text(GTK_LABEL(b->text), text);
  gtk_widget_set_tooltip_text(b->text, text);
  gtk_button_set_label(GTK_BUTTON(b->changes), changes);
  gtk_button_set_label(GTK_BUTTON(b->compare), lang_text("Compare", "เปรียบเทียบ"));
  gtk_button_set_label(GTK_BUTTON(b->undo), lang_text("Undo", "เลิกทำ"));
  gtk_button_set_label(GTK_BUTTON(b->original), lang_text("Back to the original", "กลับสู่ต้นฉบับ"));
  gtk_widget_set_visible(b->compare, branched);
  gtk_widget_set_visible(b->undo, branched);
  gtk_widget_set_visible(b->original, branched);
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
  gtk_box_pack_start(GTK_BOX(b->widget), button, FALSE, FALSE, 0);
  return button;
}

GtkWidget *
branch_bar_new(Session *session)
{
  struct bar *b = g_new0(struct bar, 1);
  b->session = g_object_ref(session);
  b->widget = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  gtk_style_context_add_class(gtk_widget_get_style_context(b->widget), "env-branch");
  b->text = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(b->text), 0);
  gtk_label_set_ellipsize(GTK_LABEL(b->text), PANGO_ELLIPSIZE_END);
  gtk_box_pack_start(GTK_BOX(b->widget), b->text, TRUE, TRUE, 0);
  b->changes = gtk_menu_button_new();
  GtkWidget *popover = gtk_popover_new(b->changes);
  b->list = gtk_box_new(GTK_ORIENTATION_VERTICAL, 4);
  g_object_set(b->list, "margin", 10, NULL);
  gtk_container_add(GTK_CONTAINER(popover), b->list);
  gtk_menu_button_set_popover(GTK_MENU_BUTTON(b->changes), popover);
  g_signal_connect(b->changes, "toggled", G_CALLBACK(fill_list), b);
  gtk_box_pack_start(GTK_BOX(b->widget), b->changes, FALSE, FALSE, 0);
  b->compare = add_button(b, "win.compare");
  b->undo = add_button(b, "win.undo");
  b->original = add_button(b, "win.original");
  gtk_widget_show_all(b->widget);
  gtk_widget_set_no_show_all(b->widget, TRUE);
  g_signal_connect(b->widget, "destroy", G_CALLBACK(bar_free), b);
  g_signal_connect(session, "loaded", G_CALLBACK(update), b);
  g_signal_connect(session, "look-changed", G_CALLBACK(update), b);
  update(session, b);
  return b->widget;
}
