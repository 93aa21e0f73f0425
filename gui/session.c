/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session.c -- what is shown, what is selected and how: the one object that every view listens to.
 *
 *     session_open ──> run (at once) or capture (in slices of idle time) ──> "loaded"
 *     session_select_… ──> frame, field, flow, host ──> "selection-changed"
 *
 * Time is in session_time.c, the filter in session_filter.c, the lesson in session_lesson.c. */
#include "gui/session_private.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

G_DEFINE_TYPE(Session, session, G_TYPE_OBJECT)

static guint signals[SESSION_N_SIGNALS];

static const char *const signal_names[SESSION_N_SIGNALS] = {
    [SESSION_LOADED] = "loaded",
    [SESSION_FRAMES_ADDED] = "frames-added",
    [SESSION_SELECTION_CHANGED] = "selection-changed",
    [SESSION_TIME_CHANGED] = "time-changed",
    [SESSION_PLAYING_CHANGED] = "playing-changed",
    [SESSION_FILTER_CHANGED] = "filter-changed",
    [SESSION_LOOK_CHANGED] = "look-changed",
    [SESSION_LESSON_CHANGED] = "lesson-changed",
    [SESSION_CAPTURE_CHANGED] = "capture-changed",
};

/* Views are told of new frames at most this often while a capture is read. */
#define ANNOUNCE_US (100 * 1000)
/* Frames per call of the loader: far below a millisecond. */
enum { LOAD_FRAMES = 500 };

void
session_emit(Session *s, enum session_signal signal)
{
  g_signal_emit(s, signals[signal], 0);
}

/* ---- loading ---- */

static gboolean
load_slice(Session *s, int64_t until_us)
{
  g_autoptr(GError) error = NULL;
  enum trace_load state = TRACE_LOAD_MORE;
  while (state == TRACE_LOAD_MORE && g_get_monotonic_time() < until_us)
    state = trace_loader_step(s->loader, LOAD_FRAMES, &s->fraction, &error);
  if (state == TRACE_LOAD_FAILED)
    s->warning =
        g_strdup(error ? error->message : lang_text("the file ended early", "ไฟล์จบก่อนที่ควรจะเป็น"));
  gboolean is_live = session_capture_is_growing(s) || state == TRACE_LOAD_WAITING;
  if (state == TRACE_LOAD_DONE || state == TRACE_LOAD_FAILED)
    g_clear_pointer(&s->loader, trace_loader_free);
  session_time_grew(s);
  int64_t now_us = g_get_monotonic_time();
  uint32_t n = trace_n_frames(s->trace);
  bool is_all = state == TRACE_LOAD_WAITING && n > s->n_announced; /* for now */
  if (!s->loader || is_all || now_us - s->announced_us >= ANNOUNCE_US) {
    gboolean is_at_end = s->frame == SESSION_NONE || s->frame + 1 == s->n_announced;
    gboolean has_grown = n > s->n_announced;
    s->announced_us = now_us;
    s->n_announced = n;
    session_emit(s, SESSION_FRAMES_ADDED);
    if (is_live && is_at_end && has_grown)
      session_select_frame(s, n - 1); /* who looks at the newest goes on doing so */
    else if (s->frame == SESSION_NONE && n > 0)
      session_select_frame(s, 0);
  }
  return state == TRACE_LOAD_MORE;
}

static gboolean
drain(gpointer data)
{
  Session *s = data;
  int64_t now_us = g_get_monotonic_time();
  gboolean more = s->loader && load_slice(s, now_us + SESSION_SLICE_US / 2);
  if (session_filter_drain(s, now_us + SESSION_SLICE_US))
    more = TRUE;
  if (!more)
    s->drain_source = 0;
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
session_want_drain(Session *s)
{
  if (!s->drain_source)
    s->drain_source = g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, drain, s, NULL);
}

gboolean
session_is_loading(Session *s, double *fraction)
{
  gboolean is_loading = s->loader && !session_capture_is_growing(s);
  if (fraction)
    *fraction = is_loading ? s->fraction : 1.0;
  return is_loading;
}

/* ---- what is shown ---- */

void
session_show(Session *s, struct run *run, struct trace *trace, struct trace_loader *loader,
             char *title, struct lesson *lesson)
{
  g_clear_pointer(&s->capture_path, g_free);
  struct run *old_run = s->run;
  struct trace *old_trace = old_run ? NULL : s->trace;
  struct decode *old_decode = s->decode, *old_row = s->row_decode;
  g_clear_pointer(&s->loader, trace_loader_free);
  session_capture_loaded(s);
  g_clear_pointer(&s->warning, g_free);
  g_free(s->title);
  s->title = title;
  s->run = run;
  s->trace = run ? run_trace(run) : trace;
  s->loader = loader;
  s->generation++;
  s->fraction = 0;
  s->announced_us = 0;
  s->n_announced = 0;
  s->decode = decode_new(s->trace);
  s->row_decode = decode_new(s->trace);
  s->is_revealed = run != NULL;
  decode_set_reveal(s->decode, s->is_revealed);
  decode_set_reveal(s->row_decode, s->is_revealed);
  s->frame = s->field = s->flow = s->host = s->decoded_frame = SESSION_NONE;
  s->is_playing = FALSE;
  session_lesson_take(s, lesson);
  session_time_reset(s);
  s->speed = session_time_speed(s);
  session_filter_reset(s);
  g_clear_pointer(&s->filter, filter_free);
  g_free(s->filter_text);
  s->filter_text = g_strdup("");
  if (!s->is_branching)
    g_ptr_array_set_size(s->branches, 0);
  session_emit(s, SESSION_LOADED);
  g_clear_pointer(&old_decode, decode_free);
  g_clear_pointer(&old_row, decode_free);
  g_clear_pointer(&old_run, run_free);
  g_clear_pointer(&old_trace, trace_free);
  if (loader)
    session_want_drain(s);
}

enum content { CONTENT_CAPTURE, CONTENT_TEXT, CONTENT_OTHER };

/* The first octets of pcap (both orders, micro- and nanoseconds, and Kuznetzov's), pcapng and gzip.
 */
static enum content
content_of(const char *path, GError **error)
{
  static const uint32_t magics[] = {0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1,
                                    0xa1b2cd34, 0x34cdb2a1, 0x0a0d0d0a};
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileInputStream) in = g_file_read(file, NULL, error);
  if (!in)
    return CONTENT_OTHER;
  guint8 head[512];
  gsize n = 0;
  if (!g_input_stream_read_all(G_INPUT_STREAM(in), head, sizeof head, &n, NULL, error))
    return CONTENT_OTHER;
  if (n >= 2 && head[0] == 0x1f && head[1] == 0x8b)
    return CONTENT_CAPTURE;
  for (size_t i = 0; n >= 4 && i < G_N_ELEMENTS(magics); i++)
    if (((uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3]) ==
        magics[i])
      return CONTENT_CAPTURE;
  return memchr(head, 0, n) ? CONTENT_OTHER : CONTENT_TEXT;
}

static gboolean
open_capture(Session *s, const char *path, GError **error)
{
  struct trace *trace = trace_new();
  session_keys_apply(s, trace);
  struct trace_loader *loader = trace_loader_new(trace, path, error);
  if (!loader) {
    trace_free(trace);
    return FALSE;
  }
  session_show(s, NULL, trace, loader, g_path_get_basename(path), NULL);
  s->capture_path = g_strdup(path);
  return TRUE;
}

static gboolean
open_lesson(Session *s, const char *what, GError **error)
{
  g_autoptr(lesson_owned) lesson = lesson_new(what, error);
  if (!lesson)
    return FALSE;
  struct run *run = run_new(lesson_scenario(lesson), NULL, error);
  if (!run)
    return FALSE;
  if (!lesson_resolve(lesson, run, error)) {
    run_free(run);
    return FALSE;
  }
  session_show(s, run, NULL, NULL, NULL, g_steal_pointer(&lesson));
  return TRUE;
}

static gboolean
open_run(Session *s, const char *what, GError **error)
{
  struct run *run = run_new(what, NULL, error);
  if (!run)
    return FALSE;
  session_show(s, run, NULL, NULL, NULL, NULL);
  return TRUE;
}

static gboolean
open_file(Session *s, const char *path, GError **error)
{
  g_autoptr(GError) trouble = NULL;
  g_autofree char *name = g_filename_display_name(path);
  if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR,
                lang_text("%s is a folder. Open a capture or a scenario file in it.",
                          "%s เป็นโฟลเดอร์ โปรดเปิดไฟล์ดักจับหรือไฟล์สถานการณ์จำลองที่อยู่ข้างใน"),
                name);
    return FALSE;
  }
  enum content content = content_of(path, &trouble);
  if (trouble) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
                lang_text("%1$s cannot be read: %2$s. Check the name and its permissions.",
                          "อ่าน %1$s ไม่ได้: %2$s โปรดตรวจสอบชื่อไฟล์และสิทธิ์การเข้าถึง"),
                name, trouble->message);
    return FALSE;
  }
  gboolean is_yaml = g_str_has_suffix(path, ".yaml") || g_str_has_suffix(path, ".yml");
  if (is_yaml && content != CONTENT_CAPTURE)
    return open_run(s, path, error);
  if (g_str_has_suffix(path, ".envrun"))
    return open_run(s, path, error);
  return open_capture(s, path, error);
}

gboolean
session_open(Session *s, const char *what, GError **error)
{
  if (g_file_test(what, G_FILE_TEST_EXISTS) && !lesson_exists(what))
    return open_file(s, what, error);
  if (lesson_exists(what))
    return open_lesson(s, what, error);
  if (strchr(what, '/') || strchr(what, '.')) {
    g_autofree char *name = g_filename_display_name(what);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                lang_text("%s does not exist. Check the name, or choose another file.",
                          "ไม่พบไฟล์ %s โปรดตรวจสอบชื่อหรือเลือกไฟล์อื่น"),
                name);
    return FALSE;
  }
  return open_run(s, what, error);
}

struct run *
session_run(Session *s)
{
  return s->run;
}

struct trace *
session_trace(Session *s)
{
  return s->trace;
}

const char *
session_title(Session *s)
{
  if (s->lesson)
    return lesson_title(s->lesson);
  if (s->run)
    return run_title(s->run);
  return s->title ? s->title : "";
}

unsigned
session_generation(Session *s)
{
  return s->generation;
}

const char *
session_warning(Session *s)
{
  return s->warning;
}

gboolean
session_set_comment(Session *s, uint32_t frame, const char *text)
{
  if (frame >= trace_n_frames(s->trace) || !trace_set_comment(s->trace, frame, text))
    return FALSE;
  s->decoded_frame = SESSION_NONE;
  session_emit(s, SESSION_SELECTION_CHANGED);
  return TRUE;
}

/* ---- selection ---- */

uint32_t
session_frame(Session *s)
{
  return s->frame;
}

uint32_t
session_field(Session *s)
{
  return s->field;
}

uint32_t
session_flow(Session *s)
{
  return s->flow;
}

uint32_t
session_host(Session *s)
{
  return s->host;
}

void
session_select_frame(Session *s, uint32_t frame)
{
  if (frame != SESSION_NONE && frame >= trace_n_frames(s->trace))
    return;
  session_set_playing(s, FALSE);
  if (frame == SESSION_NONE)
    session_move(s, SESSION_NONE, s->time_ns);
  else
    session_move(s, frame, session_time_reached(s, frame));
}

void
session_select_field(Session *s, uint32_t field)
{
  if (field != SESSION_NONE && field >= decode_n_fields(session_decode(s)))
    field = SESSION_NONE;
  if (field == s->field)
    return;
  s->field = field;
  session_emit(s, SESSION_SELECTION_CHANGED);
}

void
session_select_octet(Session *s, unsigned source, uint32_t octet)
{
  struct decode *d = session_decode(s);
  uint32_t best = SESSION_NONE;
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->source != source || octet < f->first || octet - f->first >= f->n_octets ||
        (f->flags & FIELD_FLAG_HIDDEN))
      continue;
    const struct field *b = best == SESSION_NONE ? NULL : decode_field(d, best);
    if (!b || f->depth > b->depth || (f->depth == b->depth && f->n_octets < b->n_octets))
      best = i;
  }
  session_select_field(s, best);
}

void
session_select_flow(Session *s, uint32_t flow)
{
  if (flow != SESSION_NONE && flow >= trace_n_flows(s->trace))
    return;
  if (flow == s->flow)
    return;
  s->flow = flow;
  session_emit(s, SESSION_SELECTION_CHANGED);
}

void
session_select_host(Session *s, uint32_t host)
{
  if (host != SESSION_NONE && (!s->run || host >= run_n_hosts(s->run)))
    return;
  if (host == s->host)
    return;
  s->host = host;
  session_emit(s, SESSION_SELECTION_CHANGED);
}

struct decode *
session_decode(Session *s)
{
  if (s->frame == SESSION_NONE) {
    g_array_set_size(s->decode->fields, 0);
    s->decoded_frame = SESSION_NONE;
  } else if (s->decoded_frame != s->frame) {
    decode_frame(s->decode, s->frame);
    s->decoded_frame = s->frame;
  }
  return s->decode;
}

struct decode *
session_row_decode(Session *s)
{
  return s->row_decode;
}

/* ---- look ---- */

enum lang
session_language(Session *s)
{
  return s->lang;
}

void
session_set_language(Session *s, enum lang lang)
{
  if (lang == s->lang && lang == lang_get())
    return;
  s->lang = lang;
  lang_set(lang);
  s->decoded_frame = SESSION_NONE; /* summaries are said in a language */
  session_emit(s, SESSION_LOOK_CHANGED);
}

gboolean
session_dark(Session *s)
{
  return s->is_dark;
}

static void
set_look(Session *s, gboolean *what, gboolean value)
{
  value = !!value;
  if (*what == value)
    return;
  *what = value;
  session_emit(s, SESSION_LOOK_CHANGED);
}

void
session_set_dark(Session *s, gboolean dark)
{
  set_look(s, &s->is_dark, dark);
}

gboolean
session_projector(Session *s)
{
  return s->is_projector;
}

void
session_set_projector(Session *s, gboolean projector)
{
  set_look(s, &s->is_projector, projector);
}

double
session_zoom(Session *s)
{
  return s->zoom;
}

double
session_scale(Session *s)
{
  return (s->is_projector ? 1.6 : 1.0) * s->zoom;
}

void
session_set_zoom(Session *s, double zoom)
{
  zoom = CLAMP(zoom, 0.5, 4.0);
  if (zoom == s->zoom)
    return;
  s->zoom = zoom;
  session_emit(s, SESSION_LOOK_CHANGED);
}

gboolean
session_reveal(Session *s)
{
  return s->is_revealed;
}

void
session_set_reveal(Session *s, gboolean reveal)
{
  reveal = !!reveal;
  if (reveal == s->is_revealed)
    return;
  decode_set_reveal(s->decode, reveal);
  decode_set_reveal(s->row_decode, reveal);
  s->decoded_frame = SESSION_NONE;
  set_look(s, &s->is_revealed, reveal);
}

/* ---- life ---- */

static void
session_init(Session *s)
{
  s->trace = trace_new();
  s->decode = decode_new(s->trace);
  s->row_decode = decode_new(s->trace);
  s->frame = s->field = s->flow = s->host = s->decoded_frame = SESSION_NONE;
  s->latest = g_array_new(FALSE, FALSE, sizeof(int64_t));
  s->moments = g_array_new(FALSE, FALSE, sizeof(struct session_moment));
  s->rows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  s->branches = session_branches_new();
  s->stops = session_stops_new();
  s->stop_ns = INT64_MAX;
  s->answers = g_array_new(FALSE, FALSE, sizeof(int));
  s->filter_text = g_strdup("");
  s->lang = lang_get();
  s->zoom = 1.0;
  s->speed = 1.0;
}

static void
session_finalize(GObject *object)
{
  Session *s = ENVELOSCOPE_SESSION(object);
  if (s->drain_source)
    g_source_remove(s->drain_source);
  session_capture_clear(s);
  session_keys_clear(s);
  g_free(s->capture_path);
  session_lesson_clear(s);
  g_ptr_array_unref(s->branches);
  g_ptr_array_unref(s->stops);
  g_free(s->stop_reached);
  g_clear_pointer(&s->loader, trace_loader_free);
  g_clear_pointer(&s->decode, decode_free);
  g_clear_pointer(&s->row_decode, decode_free);
  g_clear_pointer(&s->scan, filter_scan_free);
  g_clear_pointer(&s->filter, filter_free);
  if (s->run)
    run_free(s->run);
  else
    trace_free(s->trace);
  g_array_unref(s->latest);
  g_array_unref(s->moments);
  g_array_unref(s->rows);
  g_array_unref(s->answers);
  g_free(s->filter_text);
  g_free(s->title);
  g_free(s->warning);
  G_OBJECT_CLASS(session_parent_class)->finalize(object);
}

static void
session_class_init(SessionClass *class)
{
  G_OBJECT_CLASS(class)->finalize = session_finalize;
  for (int i = 0; i < SESSION_N_SIGNALS; i++)
    signals[i] = g_signal_new(signal_names[i], SESSION_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 0);
}

Session *
session_new(void)
{
  return g_object_new(SESSION_TYPE, NULL);
}
