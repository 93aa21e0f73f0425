/* SPDX-License-Identifier: GPL-3.0-or-later */
/* application.c -- starts the window with what the command line asked for, and takes its picture.
 */
#include "gui/application.h"

#include <stdio.h>
#include <string.h>

#include "capture/filter/scan.h"
#include "gui/screenshot.h"
#include "gui/style.h"
#include "gui/window.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_INPUT = 3 };

#define FIRST_LESSON "01-how-mail-works"
/* The picture is taken when the view was quiet for this long; loading is waited for without limit.
 */
#define SETTLE_MS 300
/* --select is searched for in slices, a screen's refresh long. */
enum { SEARCH_FRAMES = 65536, SEARCH_US = 15000 };

/* What --select looks for. */
struct search {
  struct filter *filter; /* NULL: nothing, or found */
  struct filter_scan *scan;
  uint32_t at;
  unsigned generation; /* of the session: the trace that is searched */
};

struct start {
  const struct application_options *options;
  struct search search;
  gboolean is_selected; /* the search has begun */
  GtkApplication *application;
  struct window *window;
  int exit_code;
};

static gboolean
parse_size(const char *text, int *width, int *height)
{
  return text && sscanf(text, "%dx%d", width, height) == 2 && *width >= 320 && *height >= 240 &&
         *width <= 8192 && *height <= 8192;
}

static void
fail(struct start *start, int code, const char *message)
{
  g_printerr("enveloscope: %s\n", message);
  start->exit_code = code;
}

/* ---- what is selected at the start ---- */

static void
search_end(struct search *search)
{
  g_clear_pointer(&search->scan, filter_scan_free);
  g_clear_pointer(&search->filter, filter_free);
}

/* The first frame that fits --select is looked for in slices of idle time: TRUE until it is found.
 * A frame that the user selected meanwhile stays. */
static gboolean
search_goes_on(struct start *start)
{
  struct search *search = &start->search;
  Session *s = window_session(start->window);
  if (!search->filter)
    return FALSE;
  if (search->generation != session_generation(s)) {
    search_end(search);
    return FALSE;
  }
  uint32_t n = trace_n_frames(session_trace(s));
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  uint32_t end = MIN(n, search->at + SEARCH_FRAMES);
  search->at = filter_scan_run(search->scan, session_row_decode(s), search->at, end,
                               g_get_monotonic_time() + SEARCH_US, found);
  if (found->len)
    session_select_frame(s, g_array_index(found, uint32_t, 0));
  else if (search->at < n)
    return TRUE;
  else
    fail(start, EXIT_INPUT, lang_text("no frame fits --select", "ไม่มีเฟรมใดตรงกับ --select"));
  search_end(search);
  return FALSE;
}

static void
select_start(struct start *start)
{
  Session *s = window_session(start->window);
  const struct application_options *o = start->options;
  if (o->time)
    session_set_time(s, (int64_t)(g_ascii_strtod(o->time, NULL) * 1e9));
  if (!o->select)
    return;
  struct filter_error error = {0};
  struct filter *filter = filter_compile(o->select, &error);
  if (!filter) {
    fail(start, EXIT_USAGE, error.message ? error.message : o->select);
    filter_error_clear(&error);
    return;
  }
  start->search = (struct search){.filter = filter,
                                  .scan = filter_scan_new(filter, session_trace(s)),
                                  .generation = session_generation(s)};
}

/* The widget to photograph: a view alone, or the window. */
static GtkWidget *
widget_of(struct start *start)
{
  enum view view = view_find(start->options->view);
  if (view == N_VIEWS)
    return window_widget(start->window);
  return perspectives_view(window_perspectives(start->window), view);
}

/* "ladder", "learn", "window": what to bring to the front. */
static void
show_view(struct start *start, const char *id)
{
  struct perspectives *p = window_perspectives(start->window);
  for (int i = 0; id && i < N_PERSPECTIVES; i++)
    if (strcmp(id, perspective_rows[i].id) == 0)
      window_set_perspective(start->window, (enum perspective)i);
  enum view view = view_find(id);
  if (view == N_VIEWS)
    return;
  if (view == VIEW_FILTER) {
    perspectives_show_view(p, view);
    window_set_perspective(start->window, perspectives_current(p));
    return;
  }
  perspectives_present(p, view); /* one view alone: large */
  window_set_perspective(start->window, PERSPECTIVE_PRESENT);
}

static gboolean
is_view_id(const char *id)
{
  for (int i = 0; i < N_PERSPECTIVES; i++)
    if (strcmp(id, perspective_rows[i].id) == 0)
      return TRUE;
  return strcmp(id, "window") == 0 || view_find(id) != N_VIEWS;
}

/* ---- picture ---- */

static gboolean
take_picture(gpointer data)
{
  struct start *start = data;
  g_autoptr(GError) error = NULL;
  if (session_is_loading(window_session(start->window), NULL))
    return G_SOURCE_CONTINUE;
  if (!screenshot_write(widget_of(start), start->options->screenshot, &error))
    fail(start, EXIT_INPUT, error->message);
  gtk_widget_destroy(window_widget(start->window));
  return G_SOURCE_REMOVE;
}

/* Right after a whole cycle of layout and painting, nothing waits for its place. */
static void
painted(GdkFrameClock *clock, struct start *start)
{
  g_signal_handlers_disconnect_by_func(clock, painted, start);
  g_idle_add_full(G_PRIORITY_HIGH, take_picture, start, NULL);
}

static gboolean
settled(gpointer data)
{
  struct start *start = data;
  GtkWidget *top = window_widget(start->window);
  GdkFrameClock *clock = gtk_widget_get_frame_clock(top);
  if (!clock) {
    take_picture(start);
    return G_SOURCE_REMOVE;
  }
  g_signal_connect(clock, "after-paint", G_CALLBACK(painted), start);
  gtk_widget_queue_draw(top);
  return G_SOURCE_REMOVE;
}

static gboolean
when_loaded(gpointer data)
{
  struct start *start = data;
  if (session_is_loading(window_session(start->window), NULL))
    return G_SOURCE_CONTINUE;
  if (!start->is_selected)
    select_start(start);
  start->is_selected = TRUE;
  if (search_goes_on(start))
    return G_SOURCE_CONTINUE;
  if (start->options->view)
    show_view(start, start->options->view);
  if (start->options->is_playing)
    session_set_playing(window_session(start->window), TRUE);
  if (start->options->screenshot)
    g_timeout_add_full(G_PRIORITY_LOW, SETTLE_MS, settled, start, NULL);
  return G_SOURCE_REMOVE;
}

/* ---- start ---- */

static void
activate(GtkApplication *application, struct start *start)
{
  const struct application_options *o = start->options;
  g_autofree char *path = o->screenshot ? NULL : settings_path();
  struct settings *settings = settings_new(path);
  g_autofree char *language = settings_text(settings, "language");
  if (o->lang || language)
    lang_set(lang_from_name(o->lang ? o->lang : language));
  int width, height;
  if (parse_size(o->size, &width, &height)) {
    settings_set_int(settings, "width", width);
    settings_set_int(settings, "height", height);
    settings_set_bool(settings, "maximized", FALSE);
  }
  Session *session = session_new();
  session_set_dark(session, o->is_dark || settings_bool(settings, "dark", FALSE));
  session_set_projector(session, o->is_projector);
  style_install(session);
  if (o->screenshot) /* a picture shows how things are, not how they become so */
    g_object_set(gtk_settings_get_default(), "gtk-enable-animations", FALSE, NULL);
  start->window = window_new(application, session, settings);
  g_autofree char *message = NULL;
  const char *what = o->files && o->files[0] ? o->files[0] : o->lesson ? o->lesson : FIRST_LESSON;
  if (!window_open(start->window, what, &message)) {
    g_printerr("enveloscope: %s\n", message);
    if (o->screenshot) {
      start->exit_code = EXIT_INPUT;
      gtk_widget_destroy(window_widget(start->window));
      return;
    }
  }
  g_idle_add_full(G_PRIORITY_LOW, when_loaded, start, NULL);
}

int
application_run(const struct application_options *options)
{
  struct start start = {.options = options};
  int width, height;
  if (options->size && !parse_size(options->size, &width, &height)) {
    fail(&start, EXIT_USAGE,
         lang_text("--size wants WIDTHxHEIGHT, for example 1280x800",
                   "--size ต้องอยู่ในรูป กว้างxสูง เช่น 1280x800"));
    return start.exit_code;
  }
  if (options->view && !is_view_id(options->view)) {
    g_autofree char *text = g_strdup_printf(
        lang_text("no view is named %s; there are: window learn inspect audit present",
                  "ไม่มีมุมมองชื่อ %s ชื่อที่ใช้ได้: window learn inspect audit present"),
        options->view);
    g_autoptr(GString) all = g_string_new(text);
    for (int i = 0; i < N_VIEWS; i++)
      g_string_append_printf(all, " %s", view_rows[i].id);
    fail(&start, EXIT_USAGE, all->str);
    return start.exit_code;
  }
  start.application = gtk_application_new("org.enveloscope.Enveloscope", G_APPLICATION_NON_UNIQUE);
  g_signal_connect(start.application, "activate", G_CALLBACK(activate), &start);
  int code = g_application_run(G_APPLICATION(start.application), 0, NULL);
  g_object_unref(start.application);
  search_end(&start.search);
  return start.exit_code ? start.exit_code : code;
}
