/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transport.c -- play, pause, step, scrub, speed.
 *
 * The slider counts frames, not seconds: a run has bursts of a few milliseconds and pauses of
 * seconds, and in seconds a burst would be one pixel. Between two frames it moves with the time.
 * The readout says the virtual time. */
#include "gui/transport.h"

#include <math.h>

#include "gui/sentence.h"

enum { N_BUTTONS = 7 };

struct button_row {
  const char *action, *icon;
  struct lang_pair name; /* the key follows in brackets */
  const char *key;
};

static const struct button_row rows[N_BUTTONS] = {
    {"win.time-start", "media-skip-backward-symbolic", {"Back to the start", "กลับไปจุดเริ่ม"}, "Home"},
    {"win.step-application-back",
     "media-seek-backward-symbolic",
     {"Previous application line", "บรรทัดโปรแกรมประยุกต์ก่อนหน้า"},
     "Shift+Left"},
    {"win.step-back", "go-previous-symbolic", {"Previous frame", "เฟรมก่อนหน้า"}, "Left, F7"},
    {"win.play", "media-playback-start-symbolic", {"Play", "เล่น"}, "Space"},
    {"win.step-forward", "go-next-symbolic", {"Next frame", "เฟรมถัดไป"}, "Right, F8"},
    {"win.step-application-forward",
     "media-seek-forward-symbolic",
     {"Next application line", "บรรทัดโปรแกรมประยุกต์ถัดไป"},
     "Shift+Right"},
    {"win.time-end", "media-skip-forward-symbolic", {"To the end", "ไปจุดสิ้นสุด"}, "End"},
};

struct transport {
  Session *session;
  GtkWidget *buttons[N_BUTTONS];
  GtkWidget *scale, *time, *speed, *what_if;
  gboolean is_updating;
};

/* ---- slider: frames and the way between two of them ---- */

static double
position_of(Session *s, int64_t time_ns)
{
  uint32_t n = session_frames_until(s, time_ns), all = trace_n_frames(session_trace(s));
  int64_t before = n ? session_frame_time(s, n - 1) : 0;
  int64_t behind = n < all ? session_frame_time(s, n) : session_end_time(s);
  double part = behind > before ? (double)(time_ns - before) / (double)(behind - before) : 0;
  return n + CLAMP(part, 0, 0.999);
}

static int64_t
time_at(Session *s, double position)
{
  uint32_t all = trace_n_frames(session_trace(s));
  uint32_t n = (uint32_t)CLAMP(position, 0, all);
  int64_t before = n ? session_frame_time(s, n - 1) : 0;
  int64_t behind = n < all ? session_frame_time(s, n) : session_end_time(s);
  return before + (int64_t)((position - n) * (double)(MAX(behind, before) - before));
}

static gboolean
scrubbed(GtkRange *range, GtkScrollType scroll, double value, struct transport *t)
{
  uint32_t all = trace_n_frames(session_trace(t->session));
  session_set_playing(t->session, FALSE);
  switch (scroll) {
  case GTK_SCROLL_STEP_LEFT:
  case GTK_SCROLL_STEP_BACKWARD:
  case GTK_SCROLL_STEP_UP:
    session_step_frame(t->session, -1);
    return TRUE;
  case GTK_SCROLL_STEP_RIGHT:
  case GTK_SCROLL_STEP_FORWARD:
  case GTK_SCROLL_STEP_DOWN:
    session_step_frame(t->session, 1);
    return TRUE;
  default:
    session_set_time(t->session, time_at(t->session, CLAMP(value, 0, all)));
    return TRUE;
  }
}

/* Assistive technology sets the value itself, without the signal above. */
static void
value_set(GtkRange *range, struct transport *t)
{
  if (t->is_updating)
    return;
  session_set_playing(t->session, FALSE);
  session_set_time(t->session, time_at(t->session, gtk_range_get_value(range)));
}

static void
update_time(Session *s, struct transport *t)
{
  g_autofree char *text = sentence_time(session_time(s));
  gtk_label_set_text(GTK_LABEL(t->time), text);
  t->is_updating = TRUE;
  gtk_range_set_value(GTK_RANGE(t->scale), position_of(s, session_time(s)));
  t->is_updating = FALSE;
}

/* Ticks: the frames that the lesson's steps look at; else a few even ones. */
static void
update_range(Session *s, struct transport *t)
{
  uint32_t n = trace_n_frames(session_trace(s));
  GtkScale *scale = GTK_SCALE(t->scale);
  t->is_updating = TRUE;
  gtk_range_set_range(GTK_RANGE(scale), 0, MAX(n, 1));
  gtk_range_set_increments(GTK_RANGE(scale), 1, MAX(n / 20, 1));
  gtk_scale_clear_marks(scale);
  struct lesson *lesson = session_lesson(s);
  for (unsigned i = 0; lesson && i < lesson_n_steps(lesson); i++) {
    uint32_t frame = lesson_step(lesson, i)->focus_frame;
    if (frame != TRACE_NONE)
      gtk_scale_add_mark(scale, frame + 1, GTK_POS_BOTTOM, NULL);
  }
  for (unsigned i = 0; !lesson && n > 0 && i <= 10; i++)
    gtk_scale_add_mark(scale, floor(n * i / 10.0), GTK_POS_BOTTOM, NULL);
  t->is_updating = FALSE;
  update_time(s, t);
}

/* ---- speed and labels ---- */

static void
update_speed(struct transport *t)
{
  unsigned n;
  const double *speeds = session_speeds(&n);
  GtkComboBoxText *box = GTK_COMBO_BOX_TEXT(t->speed);
  t->is_updating = TRUE;
  for (unsigned i = 0; i < n; i++)
    if (fabs(speeds[i] - session_speed(t->session)) < speeds[i] / 100)
      gtk_combo_box_set_active(GTK_COMBO_BOX(box), (int)i);
  t->is_updating = FALSE;
}

static void
speed_chosen(GtkComboBox *box, struct transport *t)
{
  unsigned n;
  const double *speeds = session_speeds(&n);
  int i = gtk_combo_box_get_active(box);
  if (!t->is_updating && i >= 0 && (unsigned)i < n)
    session_set_speed(t->session, speeds[i]);
}

static void
label_button(GtkWidget *button, const char *name, const char *key)
{
  g_autofree char *tip = g_strdup_printf("%s (%s)", name, key);
  gtk_widget_set_tooltip_text(button, tip);
  atk_object_set_name(gtk_widget_get_accessible(button), name);
}

static void
update_play(Session *s, struct transport *t)
{
  gboolean playing = session_is_playing(s);
  GtkWidget *button = t->buttons[3];
  gtk_image_set_from_icon_name(GTK_IMAGE(gtk_button_get_image(GTK_BUTTON(button))),
                               playing ? "media-playback-pause-symbolic"
                                       : "media-playback-start-symbolic",
                               GTK_ICON_SIZE_BUTTON);
  label_button(button, playing ? lang_text("Pause", "หยุดชั่วคราว") : lang_text("Play", "เล่น"),
               "Space");
  update_speed(t);
}

static void
relabel(Session *s, struct transport *t)
{
  for (int i = 0; i < N_BUTTONS; i++)
    label_button(t->buttons[i], lang_pick(rows[i].name), rows[i].key);
  gtk_widget_set_tooltip_text(
      t->scale, lang_text("Time: drag to go back and forth", "เวลา: ลากเพื่อย้อนหรือเดินหน้า"));
  atk_object_set_name(gtk_widget_get_accessible(t->scale), lang_text("Time", "เวลา"));
  gtk_widget_set_tooltip_text(t->speed,
                              lang_text("Virtual seconds per real second (- slower, + faster)",
                                        "วินาทีเสมือนต่อวินาทีจริง (- ช้าลง, + เร็วขึ้น)"));
  gtk_button_set_label(GTK_BUTTON(t->what_if), lang_text("What if…", "ถ้าหาก…"));
  gtk_widget_set_tooltip_text(
      t->what_if,
      lang_text("Lose, delay or change the selected packet, and see what follows (Ctrl+I)",
                "ทำให้แพ็กเก็ตที่เลือกสูญหาย ล่าช้า หรือเปลี่ยนไป แล้วดูผลที่ตามมา (Ctrl+I)"));
  atk_object_set_name(gtk_widget_get_accessible(t->speed), lang_text("Speed", "ความเร็ว"));
  atk_object_set_name(gtk_widget_get_accessible(t->time), lang_text("Time readout", "เวลาที่แสดง"));
  update_play(s, t);
  update_time(s, t);
}

static void
transport_free(GtkWidget *box, struct transport *t)
{
  g_signal_handlers_disconnect_by_data(t->session, t);
  g_object_unref(t->session);
  g_free(t);
}

static void
make_speed(struct transport *t)
{
  unsigned n;
  const double *speeds = session_speeds(&n);
  t->speed = gtk_combo_box_text_new();
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = g_strdup_printf("%g×", speeds[i]);
    gtk_combo_box_text_append_text(GTK_COMBO_BOX_TEXT(t->speed), text);
  }
  gtk_widget_set_valign(t->speed, GTK_ALIGN_CENTER);
  g_signal_connect(t->speed, "changed", G_CALLBACK(speed_chosen), t);
}

GtkWidget *
transport_new(Session *session)
{
  struct transport *t = g_new0(struct transport, 1);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 4);
  t->session = g_object_ref(session);
  g_object_set_data(G_OBJECT(box), "transport", t);
  g_signal_connect(box, "destroy", G_CALLBACK(transport_free), t);
  gtk_style_context_add_class(gtk_widget_get_style_context(box), "env-bar");
  gtk_widget_set_name(box, "transport");
  for (int i = 0; i < N_BUTTONS; i++) {
    t->buttons[i] = gtk_button_new_from_icon_name(rows[i].icon, GTK_ICON_SIZE_BUTTON);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(t->buttons[i]), rows[i].action);
    gtk_button_set_relief(GTK_BUTTON(t->buttons[i]), i == 3 ? GTK_RELIEF_NORMAL : GTK_RELIEF_NONE);
    gtk_widget_set_valign(t->buttons[i], GTK_ALIGN_CENTER);
    gtk_box_pack_start(GTK_BOX(box), t->buttons[i], FALSE, FALSE, 0);
  }
  t->scale = gtk_scale_new_with_range(GTK_ORIENTATION_HORIZONTAL, 0, 1, 1);
  gtk_scale_set_draw_value(GTK_SCALE(t->scale), FALSE);
  gtk_widget_set_name(t->scale, "scrub");
  gtk_style_context_add_class(gtk_widget_get_style_context(t->scale), "env-scrub");
  g_signal_connect(t->scale, "change-value", G_CALLBACK(scrubbed), t);
  g_signal_connect(t->scale, "value-changed", G_CALLBACK(value_set), t);
  gtk_box_pack_start(GTK_BOX(box), t->scale, TRUE, TRUE, 6);
  t->time = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(t->time), 1);
  gtk_label_set_width_chars(GTK_LABEL(t->time), 12);
  gtk_style_context_add_class(gtk_widget_get_style_context(t->time), "env-time");
  gtk_widget_set_name(t->time, "time");
  gtk_box_pack_start(GTK_BOX(box), t->time, FALSE, FALSE, 0);
  make_speed(t);
  gtk_box_pack_start(GTK_BOX(box), t->speed, FALSE, FALSE, 0);
  t->what_if = gtk_button_new_with_label("");
  gtk_actionable_set_action_name(GTK_ACTIONABLE(t->what_if), "win.what-if");
  gtk_widget_set_valign(t->what_if, GTK_ALIGN_CENTER);
  gtk_box_pack_start(GTK_BOX(box), t->what_if, FALSE, FALSE, 0);
  g_signal_connect(session, "loaded", G_CALLBACK(update_range), t);
  g_signal_connect(session, "loaded", G_CALLBACK(update_play), t);
  g_signal_connect(session, "frames-added", G_CALLBACK(update_range), t);
  g_signal_connect(session, "time-changed", G_CALLBACK(update_time), t);
  g_signal_connect(session, "playing-changed", G_CALLBACK(update_play), t);
  g_signal_connect(session, "look-changed", G_CALLBACK(relabel), t);
  relabel(session, t);
  update_range(session, t);
  gtk_widget_show_all(box);
  return box;
}

GtkWidget *
transport_play_button(GtkWidget *transport)
{
  struct transport *t = g_object_get_data(G_OBJECT(transport), "transport");
  return t->buttons[3];
}
