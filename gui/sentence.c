/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sentence.c -- the selected frame and field in one sentence. */
#include "gui/sentence.h"

char *
sentence_time(int64_t time_ns)
{
  const char *sign = time_ns < 0 ? "-" : "";
  int64_t us = ABS(time_ns) / 1000;
  return g_strdup_printf("%s%" G_GINT64_FORMAT ".%06d s", sign, us / 1000000,
                         (int)(us % 1000000));
}

static char *
nothing_selected(Session *session)
{
  double fraction;
  uint32_t n = trace_n_frames(session_trace(session));
  if (session_is_loading(session, &fraction))
    return g_strdup_printf(
        lang_text("Reading %1$s: %2$u frames so far.", "กำลังอ่าน %1$s: อ่านแล้ว %2$u เฟรม"),
        session_title(session), n);
  if (n == 0)
    return g_strdup(lang_text("Nothing is open. Open a lesson or a capture file.",
                              "ยังไม่ได้เปิดอะไร โปรดเปิดบทเรียนหรือไฟล์ดักจับ"));
  return g_strdup_printf(
      lang_text(
          "Before the first of %u frames. Press Space to play, or the right arrow key to step.",
          "อยู่ก่อนเฟรมแรกจากทั้งหมด %u เฟรม กด Space เพื่อเล่น หรือกดลูกศรขวาเพื่อเดินทีละเฟรม"),
      n);
}

static char *
say_frame(Session *session)
{
  uint32_t frame = session_frame(session);
  struct decode *d = session_row_decode(session);
  decode_summary_only(d, frame);
  g_autofree char *time = sentence_time(session_frame_time(session, frame));
  return g_strdup_printf(lang_text("Frame %1$u of %2$u at %3$s, %4$s → %5$s, %6$s: %7$s",
                                   "เฟรม %1$u จาก %2$u ที่ %3$s, %4$s → %5$s, %6$s: %7$s"),
                         frame + 1, trace_n_frames(session_trace(session)), time,
                         d->summary.source ? d->summary.source : "?",
                         d->summary.destination ? d->summary.destination : "?",
                         d->summary.protocol ? d->summary.protocol : "?",
                         d->summary.info ? d->summary.info : "");
}

char *
sentence_selection(Session *session)
{
  if (session_is_waiting(session))
    return g_strdup(
        lang_text("A question waits in the lesson: answer it, and the next frame is shown.",
                  "มีคำถามรออยู่ในบทเรียน ตอบแล้วจึงจะเห็นเฟรมถัดไป"));
  if (session_frame(session) == SESSION_NONE)
    return nothing_selected(session);
  uint32_t field = session_field(session);
  struct decode *d = session_decode(session);
  if (field == SESSION_NONE || field >= decode_n_fields(d))
    return say_frame(session);
  g_autofree char *line = decode_line(d, decode_field(d, field));
  g_autofree char *explain = decode_explain(d, decode_field(d, field));
  return g_strdup_printf(lang_text("%1$s. %2$s", "%1$s — %2$s"), line, explain);
}

static void
update(Session *session, GtkWidget *label)
{
  g_autofree char *text = sentence_selection(session);
  gtk_label_set_text(GTK_LABEL(label), text);
  gtk_widget_set_tooltip_text(label, text);
}

GtkWidget *
sentence_bar_new(Session *session)
{
  static const char *const signals[] = {"loaded", "frames-added", "selection-changed",
                                        "look-changed", "lesson-changed"};
  GtkWidget *label = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(label), 0);
  gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
  gtk_label_set_selectable(GTK_LABEL(label), FALSE);
  gtk_widget_set_name(label, "sentence");
  atk_object_set_role(gtk_widget_get_accessible(label), ATK_ROLE_STATUSBAR);
  gtk_style_context_add_class(gtk_widget_get_style_context(label), "env-sentence");
  for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
    g_signal_connect_object(session, signals[i], G_CALLBACK(update), label, 0);
  update(session, label);
  gtk_widget_show(label);
  return label;
}
