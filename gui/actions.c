/* SPDX-License-Identifier: GPL-3.0-or-later */
/* actions.c -- one table of everything the window can do, with its keys.
 *
 * Wireshark's keys win where they clash with GNOME's. Space and the arrows are no accelerators:
 * text entries, buttons and lists get them first, see actions_key(). */
#include "gui/actions.h"

#include <string.h>

#include "gui/capture_dialog.h"
#include "gui/dialogs.h"
#include "gui/filter_entry.h"
#include "gui/hand_pane.h"
#include "gui/history.h"
#include "gui/stops_dialog.h"
#include "gui/what_if.h"
#include "gui/what_if_menu.h"

typedef void (*act)(struct window *w);

/* ---- what actions do ---- */

static void
play(struct window *w)
{
  Session *s = window_session(w);
  session_set_playing(s, !session_is_playing(s));
}

static void
step_forward(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  session_step_frame(window_session(w), 1);
}

static void
step_back(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  session_step_frame(window_session(w), -1);
}

static void
step_application_forward(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  session_step_application(window_session(w), 1);
}

static void
step_application_back(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  session_step_application(window_session(w), -1);
}

static void
time_start(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  if (session_run(window_session(w)))
    session_set_time(window_session(w), 0);
  else
    session_select_frame(window_session(w), 0);
}

static void
time_end(struct window *w)
{
  session_set_playing(window_session(w), FALSE);
  session_set_time(window_session(w), session_end_time(window_session(w)));
}

static void
change_speed(Session *s, int by)
{
  unsigned n, at = 0;
  const double *speeds = session_speeds(&n);
  while (at + 1 < n && speeds[at] < session_speed(s) * 0.99)
    at++;
  int next = CLAMP((int)at + by, 0, (int)n - 1);
  session_set_speed(s, speeds[next]);
}

static void
faster(struct window *w)
{
  change_speed(window_session(w), 1);
}

static void
slower(struct window *w)
{
  change_speed(window_session(w), -1);
}

static void
zoom_in(struct window *w)
{
  session_set_zoom(window_session(w), session_zoom(window_session(w)) * 1.1);
}

static void
zoom_out(struct window *w)
{
  session_set_zoom(window_session(w), session_zoom(window_session(w)) / 1.1);
}

static void
zoom_reset(struct window *w)
{
  session_set_zoom(window_session(w), 1);
}

/* Rows: the frames that fit the filter. */
static void
move_row(struct window *w, int by)
{
  Session *s = window_session(w);
  const uint32_t *rows;
  uint32_t n = session_rows(s, &rows), row = session_row_of(s, session_frame(s));
  if (n == 0)
    return;
  if (row == SESSION_NONE && session_frame(s) != SESSION_NONE && rows) {
    for (row = 0; row < n && rows[row] < session_frame(s); row++)
      ;
    row = by > 0 ? row - 1 : row; /* between two rows; wraps at the first */
  }
  uint32_t to = row == SESSION_NONE ? 0 : row + (uint32_t)by;
  if (to < n)
    session_select_frame(s, rows ? rows[to] : to);
}

static void
next_packet(struct window *w)
{
  move_row(w, 1);
}

static void
previous_packet(struct window *w)
{
  move_row(w, -1);
}

static void
select_row(Session *s, gboolean last)
{
  const uint32_t *rows;
  uint32_t n = session_rows(s, &rows);
  if (n > 0)
    session_select_frame(s, rows ? rows[last ? n - 1 : 0] : (last ? n - 1 : 0));
}

static void
first_packet(struct window *w)
{
  select_row(window_session(w), FALSE);
}

static void
last_packet(struct window *w)
{
  select_row(window_session(w), TRUE);
}

static void
move_in_flow(struct window *w, gboolean forward)
{
  Session *s = window_session(w);
  if (session_frame(s) == SESSION_NONE)
    return;
  const struct trace_frame f = trace_frame(session_trace(s), session_frame(s));
  uint32_t to = forward ? f.next_in_flow : f.prev_in_flow;
  if (f.flow != TRACE_NONE && to != TRACE_NONE)
    session_select_frame(s, to);
}

static void
next_in_flow(struct window *w)
{
  move_in_flow(w, TRUE);
}

static void
previous_in_flow(struct window *w)
{
  move_in_flow(w, FALSE);
}

static void
history_back(struct window *w)
{
  history_go(window_session(w), -1);
}

static void
history_forth(struct window *w)
{
  history_go(window_session(w), 1);
}

static void
find(struct window *w)
{
  perspectives_show_view(window_perspectives(w), VIEW_FILTER);
  actions_update(w);
  filter_entry_focus(perspectives_view(window_perspectives(w), VIEW_FILTER));
}

static void
lesson_step_by(struct window *w, int by)
{
  Session *s = window_session(w);
  if (session_lesson(s) && (by > 0 || session_step(s) > 0))
    session_set_step(s, session_step(s) + (unsigned)by);
}

static void
next_step(struct window *w)
{
  lesson_step_by(w, 1);
}

static void
previous_step(struct window *w)
{
  lesson_step_by(w, -1);
}

static void
other_language(struct window *w)
{
  Session *s = window_session(w);
  session_set_language(s, session_language(s) == LANG_TH ? LANG_EN : LANG_TH);
}

static void
projector(struct window *w)
{
  Session *s = window_session(w);
  session_set_projector(s, !session_projector(s));
}

static void
dark(struct window *w)
{
  session_set_dark(window_session(w), !session_dark(window_session(w)));
}

static void
undo(struct window *w)
{
  session_undo_branch(window_session(w));
}

/* Two ladders want the whole window. */
static void
compare(struct window *w)
{
  perspectives_present(window_perspectives(w), VIEW_COMPARE);
  window_set_perspective(w, PERSPECTIVE_PRESENT);
}

static void
by_hand(struct window *w)
{
  perspectives_show_view(window_perspectives(w), VIEW_HAND);
  hand_pane_focus(perspectives_view(window_perspectives(w), VIEW_HAND));
}

static void
original(struct window *w)
{
  session_back_to_original(window_session(w));
}

static void
close_window(struct window *w)
{
  gtk_window_close(GTK_WINDOW(window_widget(w)));
}

struct action_row {
  const char *name;
  act act;
  const char *keys[4];
  gboolean (*state)(Session *s); /* a switch; NULL: none */
};

static const struct action_row rows[] = {
    {"open", dialogs_open, {"<Primary>o"}, NULL},
    {"keylog", dialogs_keylog, {NULL}, NULL},
    {"save", dialogs_save, {"<Primary>s"}, NULL},
    {"capture", capture_dialog_toggle, {"<Primary>e"}, session_is_capturing},
    {"capture-options", capture_dialog_show, {"<Primary>k"}, NULL},
    {"comment", capture_dialog_comment, {"<Primary><Alt>c"}, NULL},
    {"close", close_window, {"<Primary>w", "<Primary>q"}, NULL},
    {"menu", window_pop_menu, {"F10"}, NULL},
    {"shortcuts", dialogs_shortcuts, {"<Primary>question", "F1"}, NULL},
    {"about", dialogs_about, {NULL}, NULL},
    {"save-run", dialogs_save_run, {"<Primary><Shift>s"}, NULL},
    {"drop-packet", what_if_drop, {"<Primary>Delete"}, NULL},
    {"what-if", what_if_ask, {"<Primary>i"}, NULL},
    {"by-hand", by_hand, {"<Primary>t"}, NULL},
    {"undo", undo, {"<Primary>z"}, NULL},
    {"compare", compare, {"<Primary><Shift>e"}, NULL},
    {"original", original, {"<Primary><Shift>z"}, NULL},
    {"goto", dialogs_goto, {"<Primary>g"}, NULL},
    {"find", find, {"<Primary>f"}, NULL},
    {"play", play, {NULL}, session_is_playing},
    {"step-forward", step_forward, {"F8"}, NULL},
    {"step-back", step_back, {"F7"}, NULL},
    {"step-application-forward", step_application_forward, {"<Shift>F8"}, NULL},
    {"step-application-back", step_application_back, {"<Shift>F7"}, NULL},
    {"step-out", stops_step_out, {"<Primary>F8"}, NULL},
    {"run-on", stops_run_on, {"F9"}, NULL},
    {"breakpoints", stops_dialog_show, {"<Primary>b"}, NULL},
    {"time-start", time_start, {NULL}, NULL},
    {"time-end", time_end, {NULL}, NULL},
    {"faster", faster, {NULL}, NULL},
    {"slower", slower, {NULL}, NULL},
    {"zoom-in", zoom_in, {"<Primary>plus", "<Primary>equal", "<Primary>KP_Add"}, NULL},
    {"zoom-out", zoom_out, {"<Primary>minus", "<Primary>KP_Subtract"}, NULL},
    {"zoom-reset", zoom_reset, {"<Primary>0"}, NULL},
    {"next-packet", next_packet, {"<Primary>Down"}, NULL},
    {"previous-packet", previous_packet, {"<Primary>Up"}, NULL},
    {"first-packet", first_packet, {"<Primary>Home"}, NULL},
    {"last-packet", last_packet, {"<Primary>End"}, NULL},
    {"next-in-flow", next_in_flow, {"<Primary>period"}, NULL},
    {"previous-in-flow", previous_in_flow, {"<Primary>comma"}, NULL},
    {"history-back", history_back, {"<Alt>Left"}, NULL},
    {"history-forth", history_forth, {"<Alt>Right"}, NULL},
    {"next-step", next_step, {"<Primary>Page_Down"}, NULL},
    {"previous-step", previous_step, {"<Primary>Page_Up"}, NULL},
    {"other-language", other_language, {"<Primary>l"}, NULL},
    {"projector", projector, {"F11"}, session_projector},
    {"dark", dark, {"<Primary>d"}, session_dark},
};

static GActionMap *
map(struct window *w)
{
  return G_ACTION_MAP(window_widget(w));
}

static void
activated(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  const char *name = g_action_get_name(G_ACTION(action));
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    if (strcmp(rows[i].name, name) == 0)
      rows[i].act(data);
}

static void
perspective_activated(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  const char *id = g_variant_get_string(parameter, NULL);
  for (int i = 0; i < N_PERSPECTIVES; i++)
    if (strcmp(id, perspective_rows[i].id) == 0)
      window_set_perspective(data, (enum perspective)i);
}

static void
language_activated(GSimpleAction *action, GVariant *parameter, gpointer data)
{
  session_set_language(window_session(data), lang_from_name(g_variant_get_string(parameter, NULL)));
}

static void
add_text_action(struct window *w, const char *name, GCallback callback)
{
  g_autoptr(GSimpleAction) action =
      g_simple_action_new_stateful(name, G_VARIANT_TYPE_STRING, g_variant_new_string(""));
  g_signal_connect(action, "activate", callback, w);
  g_action_map_add_action(map(w), G_ACTION(action));
}

static void
set_keys(GtkApplication *application, const char *action, const char *const *keys)
{
  gtk_application_set_accels_for_action(application, action, keys);
}

void
actions_install(struct window *w, GtkApplication *application)
{
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GSimpleAction) action =
        rows[i].state
            ? g_simple_action_new_stateful(rows[i].name, NULL, g_variant_new_boolean(FALSE))
            : g_simple_action_new(rows[i].name, NULL);
    g_signal_connect(action, "activate", G_CALLBACK(activated), w);
    g_action_map_add_action(map(w), G_ACTION(action));
    g_autofree char *full = g_strconcat("win.", rows[i].name, NULL);
    if (rows[i].keys[0])
      set_keys(application, full, rows[i].keys);
  }
  add_text_action(w, "perspective", G_CALLBACK(perspective_activated));
  add_text_action(w, "language", G_CALLBACK(language_activated));
  for (int i = 0; i < N_PERSPECTIVES; i++) {
    g_autofree char *full = g_strdup_printf("win.perspective::%s", perspective_rows[i].id);
    g_autofree char *key = g_strdup_printf("<Primary>%d", i + 1);
    set_keys(application, full, (const char *const[]){key, NULL});
  }
}

gboolean
actions_key(struct window *w, GdkEventKey *event)
{
  GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(window_widget(w)));
  guint mods = event->state & gtk_accelerator_get_default_mod_mask();
  if (GTK_IS_EDITABLE(focus) || (mods & ~(guint)GDK_SHIFT_MASK))
    return FALSE;
  gboolean shift = mods & GDK_SHIFT_MASK;
  switch (event->keyval) {
  case GDK_KEY_space:
    play(w);
    return TRUE;
  case GDK_KEY_Right:
  case GDK_KEY_KP_Right:
    shift ? step_application_forward(w) : step_forward(w);
    return TRUE;
  case GDK_KEY_Left:
  case GDK_KEY_KP_Left:
    shift ? step_application_back(w) : step_back(w);
    return TRUE;
  case GDK_KEY_Page_Down: /* a presenter's remote control sends these */
    session_lesson(window_session(w)) ? next_step(w) : step_forward(w);
    return TRUE;
  case GDK_KEY_Page_Up:
    session_lesson(window_session(w)) ? previous_step(w) : step_back(w);
    return TRUE;
  case GDK_KEY_Home:
    time_start(w);
    return TRUE;
  case GDK_KEY_End:
    time_end(w);
    return TRUE;
  case GDK_KEY_plus:
  case GDK_KEY_KP_Add:
    faster(w);
    return TRUE;
  case GDK_KEY_minus:
  case GDK_KEY_KP_Subtract:
    slower(w);
    return TRUE;
  case GDK_KEY_Escape:
    if (session_projector(window_session(w))) {
      session_set_projector(window_session(w), FALSE);
      return TRUE;
    }
    return FALSE;
  default:
    return FALSE;
  }
}

GMenuModel *
actions_menu(struct window *w)
{
  GMenu *menu = g_menu_new();
  g_autoptr(GMenu) file = g_menu_new();
  g_autoptr(GMenu) capture = g_menu_new();
  g_autoptr(GMenu) time = g_menu_new();
  g_autoptr(GMenu) look = g_menu_new();
  g_autoptr(GMenu) help = g_menu_new();
  g_menu_append(file, lang_text("Open…", "เปิด…"), "win.open");
  g_menu_append(file, lang_text("Open a TLS key log…", "เปิดบันทึกกุญแจ TLS…"), "win.keylog");
  g_menu_append(file, lang_text("Save as pcapng…", "บันทึกเป็น pcapng…"), "win.save");
  g_menu_append(file, lang_text("Save run with its changes…", "บันทึกการจำลองพร้อมการเปลี่ยนแปลง…"),
                "win.save-run");
  g_menu_append(file, lang_text("Go to packet…", "ไปยังแพ็กเก็ต…"), "win.goto");
  g_menu_append(capture, lang_text("Capture", "ดักจับ"), "win.capture");
  g_menu_append(capture, lang_text("Capture from an interface…", "ดักจับจากอินเทอร์เฟซ…"),
                "win.capture-options");
  g_menu_append(capture, lang_text("Comment on this packet…", "เขียนความเห็นของแพ็กเก็ตนี้…"),
                "win.comment");
  g_menu_append(time, lang_text("What if…", "จะเป็นอย่างไรถ้า…"), "win.what-if");
  g_menu_append(time, lang_text("Type by hand", "พิมพ์เอง"), "win.by-hand");
  g_menu_append(time, lang_text("To the end of this exchange", "ไปจนจบคำสั่งและคำตอบนี้"),
                "win.step-out");
  g_menu_append(time, lang_text("Breakpoints…", "จุดหยุด…"), "win.breakpoints");
  g_menu_append(time, lang_text("Run until the next breakpoint", "เดินต่อจนถึงจุดหยุดถัดไป"),
                "win.run-on");
  g_menu_append(time, lang_text("Undo the last change", "เลิกทำการเปลี่ยนแปลงล่าสุด"), "win.undo");
  g_menu_append(look, lang_text("Dark colours", "โทนสีเข้ม"), "win.dark");
  g_menu_append(look, lang_text("Projector", "โหมดเครื่องฉาย"), "win.projector");
  g_menu_append(look, lang_text("Zoom in", "ขยาย"), "win.zoom-in");
  g_menu_append(look, lang_text("Zoom out", "ย่อ"), "win.zoom-out");
  g_menu_append(look, lang_text("Normal size", "ขนาดปกติ"), "win.zoom-reset");
  g_menu_append(help, lang_text("Keyboard shortcuts", "ปุ่มลัด"), "win.shortcuts");
  g_menu_append(help, lang_text("About Enveloscope", "เกี่ยวกับ Enveloscope"), "win.about");
  g_menu_append(help, lang_text("Close", "ปิด"), "win.close");
  g_menu_append_section(menu, NULL, G_MENU_MODEL(file));
  g_menu_append_section(menu, NULL, G_MENU_MODEL(capture));
  g_menu_append_section(menu, NULL, G_MENU_MODEL(time));
  g_menu_append_section(menu, NULL, G_MENU_MODEL(look));
  g_menu_append_section(menu, NULL, G_MENU_MODEL(help));
  return G_MENU_MODEL(menu);
}

static void
set_state(struct window *w, const char *name, GVariant *state)
{
  g_simple_action_set_state(G_SIMPLE_ACTION(g_action_map_lookup_action(map(w), name)), state);
}

static void
set_enabled(struct window *w, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled(G_SIMPLE_ACTION(g_action_map_lookup_action(map(w), name)), enabled);
}

void
actions_update(struct window *w)
{
  Session *s = window_session(w);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
    if (rows[i].state)
      set_state(w, rows[i].name, g_variant_new_boolean(rows[i].state(s)));
  set_state(w, "perspective", g_variant_new_string(perspective_rows[window_perspective(w)].id));
  set_state(w, "language", g_variant_new_string(session_language(s) == LANG_TH ? "th" : "en"));
  unsigned n_steps = session_lesson(s) ? lesson_n_steps(session_lesson(s)) : 0;
  set_enabled(w, "save",
              session_run(s) || (trace_n_frames(session_trace(s)) && !session_is_loading(s, NULL) &&
                                 !session_is_capturing(s)));
  set_enabled(w, "comment", session_frame(s) != SESSION_NONE);
  set_enabled(w, "breakpoints", session_run(s) != NULL);
  set_enabled(w, "run-on", session_run(s) != NULL);
  set_enabled(w, "save-run", session_run(s) != NULL);
  set_enabled(w, "drop-packet", what_if_is_possible(s));
  set_enabled(w, "what-if", what_if_is_possible(s));
  set_enabled(w, "compare", session_n_branches(s) > 0);
  set_enabled(w, "undo", session_n_branches(s) > 0);
  set_enabled(w, "original", session_n_branches(s) > 0);
  set_enabled(w, "next-step", session_step(s) + 1 < n_steps);
  set_enabled(w, "previous-step", session_step(s) > 0);
}
