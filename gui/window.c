/* SPDX-License-Identifier: GPL-3.0-or-later */
/* window.c -- the window: header bar, banner and messages, perspectives, sentence and transport
 * bar.
 *
 *     header bar   Open  Lessons | Learn Inspect Audit Present | ไทย EN  menu
 *     tool bar     the same in projector mode, where full screen hides the header bar
 *     message      a file that could not be opened; what was shown stays
 *     banner       "plaintext login found"
 *     perspectives
 *     sentence, transport
 *
 * Actions and keys are in actions.c. */
#include "gui/window.h"

#include "capture/findings/findings.h"
#include "gui/actions.h"
#include "gui/branch_bar.h"
#include "gui/capture_bar.h"
#include "gui/drop.h"
#include "gui/history.h"
#include "gui/lesson_list.h"
#include "gui/sentence.h"
#include "gui/style.h"
#include "gui/transport.h"

#define WINDOW_WIDTH 1280
#define WINDOW_HEIGHT 800
/* A settings file may say anything; beyond these no window can be used, or made. */
#define WINDOW_SIDE_MIN 240
#define WINDOW_SIDE_MAX 8192

struct window {
  GtkApplication *application;
  Session *session;
  struct settings *settings;
  GtkWidget *widget, *header, *tool_bar;
  struct perspectives *perspectives;
  /* In the header bar and again in the tool bar. */
  GtkWidget *switches[2][N_PERSPECTIVES], *languages[2][2], *opens[2], *lessons[2], *menus[2];
  GtkWidget *message, *message_text, *banner, *banner_text, *progress;
  GtkWidget *transport, *hint;
  guint tick;
  int64_t tick_us;
  gboolean is_updating;
};

/* ---- playing: the frame clock drives the session ---- */

static gboolean
tick(GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  struct window *w = data;
  int64_t now_us = gdk_frame_clock_get_frame_time(clock);
  int64_t past_us = w->tick_us ? MIN(now_us - w->tick_us, 100 * 1000) : 0;
  w->tick_us = now_us;
  if (past_us > 0)
    session_tick(w->session, past_us * 1000);
  return G_SOURCE_CONTINUE;
}

static void
playing_changed(Session *session, struct window *w)
{
  if (session_is_playing(session) && !w->tick) {
    w->tick_us = 0;
    w->tick = gtk_widget_add_tick_callback(w->widget, tick, w, NULL);
  } else if (!session_is_playing(session) && w->tick) {
    gtk_widget_remove_tick_callback(w->widget, w->tick);
    w->tick = 0;
  }
  actions_update(w);
  if (session_stop_reached(session)) {
    g_autofree char *text = g_strdup_printf(
        lang_text("Stopped at the breakpoint %s", "หยุดที่จุดหยุด %s"), session_stop_reached(session));
    window_say(w, text, GTK_MESSAGE_INFO);
  }
}

/* ---- messages ---- */

static gboolean
has_risk(Session *session)
{
  const struct findings *f = trace_findings(session_trace(session));
  if (!f || session_run(session))
    return FALSE;
  for (unsigned i = 0; i < findings_n(f); i++)
    if (findings_get(f, i)->severity >= SEVERITY_MEDIUM)
      return TRUE;
  return FALSE;
}

static void
update_banner(Session *session, struct window *w)
{
  const struct findings *f = trace_findings(session_trace(session));
  unsigned n = f ? findings_n_logins(f) : 0;
  g_autofree char *text = NULL;
  if (n == 1)
    text = g_strdup(
        lang_text("One login can be read in this capture.", "การดักจับนี้มีการเข้าสู่ระบบที่อ่านได้ 1 ครั้ง"));
  else if (n > 1)
    text = g_strdup_printf(
        lang_text("%u logins can be read in this capture.", "การดักจับนี้มีการเข้าสู่ระบบที่อ่านได้ %u ครั้ง"),
        n);
  else
    text = g_strdup(lang_text("This capture shows a risk.", "การดักจับนี้แสดงให้เห็นความเสี่ยง"));
  gtk_label_set_text(GTK_LABEL(w->banner_text), text);
  gboolean shown = has_risk(session) && window_perspective(w) != PERSPECTIVE_AUDIT;
  gtk_widget_set_visible(w->banner, shown);
  gtk_info_bar_set_revealed(GTK_INFO_BAR(w->banner), shown);
}

static void
show_message(struct window *w, const char *text, GtkMessageType type)
{
  gtk_info_bar_set_message_type(GTK_INFO_BAR(w->message), type);
  gtk_label_set_text(GTK_LABEL(w->message_text), text ? text : "");
  gtk_widget_set_visible(w->message, text != NULL);
  gtk_info_bar_set_revealed(GTK_INFO_BAR(w->message), text != NULL);
}

static void
message_answered(GtkInfoBar *bar, int response, struct window *w)
{
  show_message(w, NULL, GTK_MESSAGE_ERROR);
}

static void
banner_answered(GtkInfoBar *bar, int response, struct window *w)
{
  if (response != GTK_RESPONSE_ACCEPT) {
    gtk_widget_hide(w->banner);
    return;
  }
  window_set_perspective(w, PERSPECTIVE_AUDIT);
  /* what Audit explains first is also what the views below it show */
  const struct findings *found = trace_findings(session_trace(w->session));
  const struct finding *worst = NULL;
  for (unsigned i = 0; found && i < findings_n(found); i++)
    if (!worst || findings_get(found, i)->severity > worst->severity)
      worst = findings_get(found, i);
  if (worst && worst->n_evidence)
    session_select_frame(w->session, worst->evidence[0].frame);
}

/* ---- following the session ---- */

static void
update_title(struct window *w)
{
  const char *title = session_title(w->session);
  g_autofree char *text =
      *title ? g_strdup_printf("%s — Enveloscope", title) : g_strdup("Enveloscope");
  gtk_window_set_title(GTK_WINDOW(w->widget), text);
}

static void
update_progress(struct window *w)
{
  double fraction;
  gboolean loading = session_is_loading(w->session, &fraction);
  gtk_widget_set_visible(w->progress, loading);
  gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(w->progress), CLAMP(fraction, 0, 1));
}

static void
loaded(Session *session, struct window *w)
{
  update_title(w);
  update_banner(session, w);
  update_progress(w);
  show_message(w, NULL, GTK_MESSAGE_ERROR);
  playing_changed(session, w);
}

static void
frames_added(Session *session, struct window *w)
{
  update_progress(w);
  update_banner(session, w);
  actions_update(w);
  if (session_warning(session) && !session_is_loading(session, NULL)) {
    g_autofree char *text = g_strdup_printf(
        lang_text("The file could not be read to its end: %s. What could be read is shown.",
                  "อ่านไฟล์ไม่ถึงท้ายไฟล์: %s ส่วนที่อ่านได้แสดงอยู่ด้านล่าง"),
        session_warning(session));
    show_message(w, text, GTK_MESSAGE_WARNING);
  }
}

static void
capture_changed(Session *session, struct window *w)
{
  actions_update(w);
  if (session_capture_trouble(session))
    show_message(w, session_capture_trouble(session), GTK_MESSAGE_ERROR);
}

/* A step brings the view that it speaks of to the front of the lesson's perspective. */
static void
lesson_changed(Session *session, struct window *w)
{
  static const enum view views[LESSON_N_VIEWS] = {
      [LESSON_VIEW_TOPOLOGY] = VIEW_TOPOLOGY, [LESSON_VIEW_LADDER] = VIEW_LADDER,
      [LESSON_VIEW_DETAIL] = VIEW_DETAIL,     [LESSON_VIEW_ENCAPSULATION] = VIEW_ENCAPSULATION,
      [LESSON_VIEW_DIALOGUE] = VIEW_DIALOGUE, [LESSON_VIEW_STATES] = VIEW_STATES,
      [LESSON_VIEW_MAILBOX] = VIEW_STORE,     [LESSON_VIEW_RISK] = VIEW_RISK,
  };
  struct lesson *lesson = session_lesson(session);
  if (lesson && window_perspective(w) == PERSPECTIVE_LEARN)
    perspectives_show_view(w->perspectives,
                           views[lesson_step(lesson, session_step(session))->view]);
  actions_update(w);
}

static void
relabel(struct window *w)
{
  for (int bar = 0; bar < 2; bar++) {
    for (int i = 0; i < N_PERSPECTIVES; i++) {
      const char *title = lang_pick(perspective_rows[i].title);
      g_autofree char *tip = g_strdup_printf("%s (Ctrl+%d)", title, i + 1);
      gtk_button_set_label(GTK_BUTTON(w->switches[bar][i]), title);
      gtk_widget_set_tooltip_text(w->switches[bar][i], tip);
    }
    gtk_button_set_label(GTK_BUTTON(w->opens[bar]), lang_text("Open…", "เปิด…"));
    gtk_widget_set_tooltip_text(w->opens[bar], lang_text("Open a capture or scenario file (Ctrl+O)",
                                                         "เปิดไฟล์ดักจับหรือไฟล์สถานการณ์จำลอง (Ctrl+O)"));
    gtk_button_set_label(GTK_BUTTON(w->lessons[bar]), lang_text("Lessons", "บทเรียน"));
    gtk_widget_set_tooltip_text(
        w->lessons[bar], lang_text("Choose a lesson or a scenario", "เลือกบทเรียนหรือสถานการณ์จำลอง"));
    atk_object_set_name(gtk_widget_get_accessible(w->menus[bar]), lang_text("Menu", "เมนู"));
    gtk_widget_set_tooltip_text(w->menus[bar], lang_text("Menu (F10)", "เมนู (F10)"));
    g_autoptr(GMenuModel) menu = actions_menu(w);
    gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(w->menus[bar]), menu);
  }
  GtkWidget *audit = g_object_get_data(G_OBJECT(w->banner), "audit");
  gtk_button_set_label(GTK_BUTTON(audit), lang_text("Show in Audit", "ดูในมุมมองตรวจสอบความเสี่ยง"));
  perspectives_relabel(w->perspectives);
  update_title(w);
  update_banner(w->session, w);
}

static void
selection_changed(Session *session, struct window *w)
{
  actions_update(w);
}

static void
look_changed(Session *session, struct window *w)
{
  gtk_widget_set_visible(w->tool_bar, session_projector(session));
  gtk_widget_set_visible(w->header, !session_projector(session));
  if (session_projector(session))
    gtk_window_fullscreen(GTK_WINDOW(w->widget));
  else
    gtk_window_unfullscreen(GTK_WINDOW(w->widget));
  relabel(w);
  actions_update(w);
}

/* ---- header bar and tool bar ---- */

static void
lesson_picked(const char *id, gpointer data)
{
  struct window *w = data;
  for (int i = 0; i < (int)G_N_ELEMENTS(w->lessons); i++) {
    GtkPopover *popover = gtk_menu_button_get_popover(GTK_MENU_BUTTON(w->lessons[i]));
    gtk_popover_popdown(GTK_POPOVER(popover));
  }
  window_open(w, id, NULL);
}

/* The list is read anew each time, so that a lesson being written shows up. */
static void
fill_lessons(GtkToggleButton *button, struct window *w)
{
  if (!gtk_toggle_button_get_active(button))
    return;
  GtkWidget *popover = GTK_WIDGET(gtk_menu_button_get_popover(GTK_MENU_BUTTON(button)));
  GtkWidget *old = gtk_bin_get_child(GTK_BIN(popover));
  if (old)
    gtk_widget_destroy(old);
  gtk_container_add(GTK_CONTAINER(popover), lesson_list_new(lesson_picked, w));
}

/* Buttons of one kind, joined; each sets `action` to its own word. */
static GtkWidget *
joined(const char *action, const char *const *words, int n, GtkWidget **buttons)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_style_context_add_class(gtk_widget_get_style_context(box), "linked");
  for (int i = 0; i < n; i++) {
    buttons[i] = gtk_toggle_button_new_with_label(words[i]);
    gtk_actionable_set_action_name(GTK_ACTIONABLE(buttons[i]), action);
    gtk_actionable_set_action_target(GTK_ACTIONABLE(buttons[i]), "s", words[i]);
    gtk_box_pack_start(GTK_BOX(box), buttons[i], FALSE, FALSE, 0);
  }
  return box;
}

struct bar_parts {
  GtkWidget *open, *lessons, *switcher, *language, *menu;
};

static struct bar_parts
make_parts(struct window *w, int bar)
{
  static const char *const languages[] = {"th", "en"};
  static const char *const names[] = {"ไทย", "EN"};
  const char *ids[N_PERSPECTIVES];
  for (int i = 0; i < N_PERSPECTIVES; i++)
    ids[i] = perspective_rows[i].id;
  struct bar_parts p;
  p.open = w->opens[bar] = gtk_button_new_with_label("");
  gtk_actionable_set_action_name(GTK_ACTIONABLE(p.open), "win.open");
  p.lessons = w->lessons[bar] = gtk_menu_button_new();
  gtk_menu_button_set_popover(GTK_MENU_BUTTON(p.lessons), gtk_popover_new(p.lessons));
  g_signal_connect(p.lessons, "toggled", G_CALLBACK(fill_lessons), w);
  p.switcher = joined("win.perspective", ids, N_PERSPECTIVES, w->switches[bar]);
  p.language = joined("win.language", languages, 2, w->languages[bar]);
  for (int i = 0; i < 2; i++)
    gtk_button_set_label(GTK_BUTTON(w->languages[bar][i]), names[i]);
  gtk_widget_set_tooltip_text(w->languages[bar][0], "ใช้ภาษาไทย (Ctrl+L)");
  gtk_widget_set_tooltip_text(w->languages[bar][1], "Use English (Ctrl+L)");
  p.menu = w->menus[bar] = gtk_menu_button_new();
  gtk_button_set_image(GTK_BUTTON(p.menu),
                       gtk_image_new_from_icon_name("open-menu-symbolic", GTK_ICON_SIZE_BUTTON));
  return p;
}

static void
make_bars(struct window *w)
{
  struct bar_parts p = make_parts(w, 0);
  w->header = gtk_header_bar_new();
  gtk_header_bar_set_show_close_button(GTK_HEADER_BAR(w->header), TRUE);
  gtk_header_bar_pack_start(GTK_HEADER_BAR(w->header), p.open);
  gtk_header_bar_pack_start(GTK_HEADER_BAR(w->header), p.lessons);
  gtk_header_bar_set_custom_title(GTK_HEADER_BAR(w->header), p.switcher);
  gtk_header_bar_pack_end(GTK_HEADER_BAR(w->header), p.menu);
  gtk_header_bar_pack_end(GTK_HEADER_BAR(w->header), p.language);
  gtk_widget_show_all(w->header);
  p = make_parts(w, 1);
  w->tool_bar = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 8);
  gtk_style_context_add_class(gtk_widget_get_style_context(w->tool_bar), "env-top-bar");
  gtk_box_pack_start(GTK_BOX(w->tool_bar), p.open, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(w->tool_bar), p.lessons, FALSE, FALSE, 0);
  gtk_box_set_center_widget(GTK_BOX(w->tool_bar), p.switcher);
  gtk_box_pack_end(GTK_BOX(w->tool_bar), p.menu, FALSE, FALSE, 0);
  gtk_box_pack_end(GTK_BOX(w->tool_bar), p.language, FALSE, FALSE, 0);
  gtk_widget_show_all(w->tool_bar);
  gtk_widget_hide(w->tool_bar);
  gtk_widget_set_no_show_all(w->tool_bar, TRUE);
}

static GtkWidget *
make_info_bar(GtkWidget **text)
{
  GtkWidget *bar = gtk_info_bar_new();
  *text = gtk_label_new(NULL);
  gtk_label_set_xalign(GTK_LABEL(*text), 0);
  gtk_label_set_line_wrap(GTK_LABEL(*text), TRUE);
  gtk_label_set_selectable(GTK_LABEL(*text), TRUE);
  gtk_container_add(GTK_CONTAINER(gtk_info_bar_get_content_area(GTK_INFO_BAR(bar))), *text);
  gtk_info_bar_set_show_close_button(GTK_INFO_BAR(bar), TRUE);
  gtk_widget_show_all(bar);
  gtk_widget_hide(bar);
  gtk_widget_set_no_show_all(bar, TRUE);
  return bar;
}

/* ---- events ---- */

static gboolean
key_pressed(GtkWidget *widget, GdkEventKey *event, struct window *w)
{
  GtkWindow *window = GTK_WINDOW(widget);
  if (gtk_window_activate_key(window, event) || gtk_window_propagate_key_event(window, event) ||
      actions_key(w, event))
    return GDK_EVENT_STOP;
  gtk_bindings_activate_event(G_OBJECT(widget), event);
  return GDK_EVENT_STOP;
}

static gboolean
closing(GtkWidget *widget, GdkEvent *event, struct window *w)
{
  gboolean maximized = gtk_window_is_maximized(GTK_WINDOW(widget));
  settings_set_bool(w->settings, "maximized", maximized);
  if (!maximized && !session_projector(w->session)) {
    int width, height;
    gtk_window_get_size(GTK_WINDOW(widget), &width, &height);
    settings_set_int(w->settings, "width", width);
    settings_set_int(w->settings, "height", height);
  }
  settings_set_bool(w->settings, "dark", session_dark(w->session));
  settings_set_text(w->settings, "language", session_language(w->session) == LANG_TH ? "th" : "en");
  perspectives_remember(w->perspectives, w->settings);
  settings_save(w->settings);
  return GDK_EVENT_PROPAGATE;
}

static void
destroyed(GtkWidget *widget, struct window *w)
{
  g_signal_handlers_disconnect_by_data(w->session, w);
  g_object_unref(w->session);
  settings_free(w->settings);
  g_free(w);
}

/* ---- making ---- */

static void
make_content(struct window *w)
{
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
  w->message = make_info_bar(&w->message_text);
  g_signal_connect(w->message, "response", G_CALLBACK(message_answered), w);
  gtk_widget_set_name(w->message, "message");
  w->banner = make_info_bar(&w->banner_text);
  gtk_info_bar_set_message_type(GTK_INFO_BAR(w->banner), GTK_MESSAGE_WARNING);
  g_object_set_data(G_OBJECT(w->banner), "audit",
                    gtk_info_bar_add_button(GTK_INFO_BAR(w->banner), "", GTK_RESPONSE_ACCEPT));
  g_signal_connect(w->banner, "response", G_CALLBACK(banner_answered), w);
  w->progress = gtk_progress_bar_new();
  gtk_widget_set_no_show_all(w->progress, TRUE);
  w->perspectives = perspectives_new(w->session, w->settings);
  w->transport = transport_new(w->session);
  gtk_box_pack_start(GTK_BOX(box), w->tool_bar, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), w->message, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), w->banner, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), branch_bar_new(w->session), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), capture_bar_new(w->session), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), w->progress, FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), perspectives_widget(w->perspectives), TRUE, TRUE, 0);
  gtk_box_pack_start(GTK_BOX(box), sentence_bar_new(w->session), FALSE, FALSE, 0);
  gtk_box_pack_start(GTK_BOX(box), w->transport, FALSE, FALSE, 0);
  gtk_widget_show(perspectives_widget(w->perspectives));
  gtk_widget_show(box);
  w->hint = gtk_label_new(NULL);
  gtk_widget_set_halign(w->hint, GTK_ALIGN_CENTER);
  gtk_widget_set_valign(w->hint, GTK_ALIGN_CENTER);
  gtk_style_context_add_class(gtk_widget_get_style_context(w->hint), "env-hint");
  GtkWidget *overlay = gtk_overlay_new();
  gtk_container_add(GTK_CONTAINER(overlay), box);
  gtk_overlay_add_overlay(GTK_OVERLAY(overlay), w->hint);
  gtk_overlay_set_overlay_pass_through(GTK_OVERLAY(overlay), w->hint, TRUE);
  gtk_widget_show(overlay);
  gtk_container_add(GTK_CONTAINER(w->widget), overlay);
}

struct window *
window_new(GtkApplication *application, Session *session, struct settings *settings)
{
  struct window *w = g_new0(struct window, 1);
  w->application = application;
  w->session = session;
  w->settings = settings;
  w->widget = gtk_application_window_new(application);
  gtk_style_context_add_class(gtk_widget_get_style_context(w->widget), "enveloscope");
  gtk_window_set_icon_name(GTK_WINDOW(w->widget), "org.enveloscope.Enveloscope");
  gtk_window_set_default_size(
      GTK_WINDOW(w->widget),
      CLAMP(settings_int(settings, "width", WINDOW_WIDTH), WINDOW_SIDE_MIN, WINDOW_SIDE_MAX),
      CLAMP(settings_int(settings, "height", WINDOW_HEIGHT), WINDOW_SIDE_MIN, WINDOW_SIDE_MAX));
  if (settings_bool(settings, "maximized", FALSE))
    gtk_window_maximize(GTK_WINDOW(w->widget));
  make_bars(w);
  gtk_window_set_titlebar(GTK_WINDOW(w->widget), w->header);
  make_content(w);
  actions_install(w, application);
  history_start(session);
  g_signal_connect(w->widget, "key-press-event", G_CALLBACK(key_pressed), w);
  g_signal_connect(w->widget, "delete-event", G_CALLBACK(closing), w);
  g_signal_connect(w->widget, "destroy", G_CALLBACK(destroyed), w);
  drop_install(w);
  g_signal_connect(session, "loaded", G_CALLBACK(loaded), w);
  g_signal_connect(session, "frames-added", G_CALLBACK(frames_added), w);
  g_signal_connect(session, "playing-changed", G_CALLBACK(playing_changed), w);
  g_signal_connect(session, "look-changed", G_CALLBACK(look_changed), w);
  g_signal_connect(session, "selection-changed", G_CALLBACK(selection_changed), w);
  g_signal_connect(session, "lesson-changed", G_CALLBACK(lesson_changed), w);
  g_signal_connect(session, "capture-changed", G_CALLBACK(capture_changed), w);
  relabel(w);
  actions_update(w);
  gtk_widget_show(w->widget);
  gtk_widget_grab_focus(transport_play_button(w->transport));
  if (session_projector(session))
    look_changed(session, w);
  return w;
}

GtkWidget *
window_widget(struct window *w)
{
  return w->widget;
}

Session *
window_session(struct window *w)
{
  return w->session;
}

gboolean
window_open(struct window *w, const char *what, char **message)
{
  g_autoptr(GError) error = NULL;
  if (!session_open(w->session, what, &error)) {
    show_message(w, error->message, GTK_MESSAGE_ERROR);
    if (message)
      *message = g_strdup(error->message);
    return FALSE;
  }
  enum perspective now = perspectives_current(w->perspectives);
  if (session_run(w->session) && (now == PERSPECTIVE_INSPECT || now == PERSPECTIVE_AUDIT))
    window_set_perspective(w, PERSPECTIVE_LEARN);
  else if (!session_run(w->session) && now == PERSPECTIVE_LEARN)
    window_set_perspective(w, PERSPECTIVE_INSPECT);
  return TRUE;
}

void
window_say(struct window *w, const char *text, GtkMessageType type)
{
  show_message(w, text, type);
}

void
window_set_hint(struct window *w, const char *text)
{
  gtk_label_set_text(GTK_LABEL(w->hint), text ? text : "");
  gtk_widget_set_visible(w->hint, text != NULL);
}

enum perspective
window_perspective(struct window *w)
{
  return perspectives_current(w->perspectives);
}

void
window_set_perspective(struct window *w, enum perspective perspective)
{
  perspectives_enter(w->perspectives, perspective);
  update_banner(w->session, w);
  actions_update(w);
}

struct perspectives *
window_perspectives(struct window *w)
{
  return w->perspectives;
}

void
window_pop_menu(struct window *w)
{
  gtk_button_clicked(GTK_BUTTON(w->menus[session_projector(w->session) ? 1 : 0]));
}
