/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_SESSION_H
#define GUI_SESSION_H

/* The one object that views listen to, and never to each other. It holds what is shown (a run or a
 * capture), what is selected, where the time cursor stands, the filter, and how it is shown.
 *
 *     view ──session_select_frame()──> session ──"selection-changed"──> every view
 *
 * Selecting anything anywhere selects the same thing everywhere. Setting what is already set emits
 * nothing. All calls are made on the main thread. */
#include <gtk/gtk.h>

#include "capture/decode/decode.h"
#include "capture/filter/filter.h"
#include "capture/findings/findings.h"
#include "capture/source/live.h"
#include "lessons/lesson.h"

#define SESSION_TYPE (session_get_type())
G_DECLARE_FINAL_TYPE(Session, session, ENVELOSCOPE, SESSION, GObject)

/* Signals, all without arguments:
 *   "loaded"            another run or capture is shown: forget everything
 *   "frames-added"      a capture that is being read has more frames (or its reading ended)
 *   "selection-changed" frame, field, host or flow
 *   "time-changed"      the time cursor moved
 *   "playing-changed"   playing, pausing, speed
 *   "filter-changed"    the filter or the list of frames that fit it
 *   "look-changed"      language, dark, projector, zoom, reveal: draw and label everything anew
 *   "lesson-changed"    lesson, step, or the answer to its question
 *   "capture-changed"   a live capture began, has new counters, or ended */

Session *session_new(void);

/* ---- what is shown ---- */
/* A lesson or scenario id, a scenario file, or a capture file. False with error: then what was
 * shown stays. Captures load in idle time; session_is_loading() tells. */
gboolean session_open(Session *s, const char *what, GError **error);
/* Opens TLS of this capture, which is read once more, and of those to come with the secrets of a key
 * log file. G_FILE_ERROR when it cannot be read or holds none. */
gboolean session_open_keylog(Session *s, const char *path, GError **error);
struct run *session_run(Session *s);     /* NULL for a capture */
struct trace *session_trace(Session *s); /* never NULL: empty at first */
const char *session_title(Session *s);
/* Counts what was opened: another number, another run or capture. */
unsigned session_generation(Session *s);
gboolean session_is_loading(Session *s, double *fraction);
const char *session_warning(Session *s); /* why a capture ended early, or NULL */

/* ---- live capture: frames of an interface go into a file and are shown as they come ---- */
/* Starts the helper; what was shown stays until the first frames' file is there. False with error
 * when it cannot be started; later trouble (no right, full disk) comes with "capture-changed". */
gboolean session_capture_start(Session *s, const struct live_options *options, GError **error);
/* The same interface and filter as last time; false without error when there was none. */
gboolean session_capture_again(Session *s, GError **error);
void session_capture_stop(Session *s); /* frames up to now are kept */
gboolean session_is_capturing(Session *s);
/* Of the capture that is shown: */
gboolean session_shows_capture(Session *s);
const struct live_state *session_capture_state(Session *s);
const char *session_capture_interface(Session *s); /* of the last capture; NULL: none yet */
const char *session_capture_filter(Session *s);
const char *session_capture_path(Session *s);    /* the file */
const char *session_capture_trouble(Session *s); /* why it ended or did not begin; NULL */

/* ---- comments of packets ---- */
/* NULL or "" takes it away; false when it is too long. Saved with the frames. */
gboolean session_set_comment(Session *s, uint32_t frame, const char *text);

/* ---- breakpoints of a run: a display filter, or a state event "HOST SUBJECT KEY = VALUE" ---- */
enum { SESSION_STOPS_MAX = 32 }; /* a list that fits on a screen */
/* False with *trouble (g_free()) when the text is neither. */
gboolean session_add_stop(Session *s, const char *text, gboolean is_event, char **trouble);
unsigned session_n_stops(Session *s);
const char *session_stop_text(Session *s, unsigned i);
void session_remove_stop(Session *s, unsigned i);
/* Goes to the next place behind the cursor where one fits; FALSE when none fits any more. */
gboolean session_run_on(Session *s);
/* The breakpoint at which time stands, or NULL when it came here otherwise. */
const char *session_stop_reached(Session *s);

/* ---- what if: branches of a run ---- */
/* Shows the run with one more input (at its time; inputs of the run behind that time go),
 * everything before that time being the same, octet for octet. False with error: then nothing
 * changed. */
gboolean session_branch(Session *s, const struct input *input, GError **error);
/* The same with several inputs, in the order of their times. */
gboolean session_branch_by(Session *s, const struct input *inputs, gsize n, GError **error);
/* The run without its input number `input`. */
gboolean session_remove_input(Session *s, unsigned input, GError **error);
unsigned session_n_branches(Session *s);   /* 0: the original is shown */
struct run *session_original(Session *s);  /* the run that was opened */
void session_undo_branch(Session *s);      /* to what was shown before the last branch */
void session_back_to_original(Session *s); /* a lesson goes on where it was left */
/* How many frames from the first on are the same in the original, octets and times. */
uint32_t session_n_common(Session *s);

/* ---- selection ---- */
#define SESSION_NONE UINT32_MAX
uint32_t session_frame(Session *s); /* SESSION_NONE when none */
uint32_t session_field(Session *s); /* index into session_decode(), or SESSION_NONE */
uint32_t session_flow(Session *s);  /* the selected frame's, or one chosen by itself */
uint32_t session_host(Session *s);  /* index in the run, or SESSION_NONE */
/* Selecting a frame moves the time cursor to it (right behind its sending), pauses playing, and
 * clears the field. */
void session_select_frame(Session *s, uint32_t frame);
void session_select_field(Session *s, uint32_t field);
/* The deepest field whose octets hold this one. */
void session_select_octet(Session *s, unsigned source, uint32_t octet);
void session_select_flow(Session *s, uint32_t flow);
void session_select_host(Session *s, uint32_t host);
/* The decode of the selected frame; its fields are empty when none is selected. */
struct decode *session_decode(Session *s);
/* A second decode for rows and labels, for immediate use only: any call may overwrite it. */
struct decode *session_row_decode(Session *s);

/* ---- time: ns since the first frame (captures) or virtual time (runs) ---- */
int64_t session_time(Session *s);
int64_t session_end_time(Session *s);
int64_t session_frame_time(Session *s, uint32_t frame); /* on the same scale */
void session_set_time(Session *s,
                      int64_t time_ns); /* selects the last frame sent at or before it */
uint32_t session_frames_until(Session *s,
                              int64_t time_ns); /* number of frames at or before a time */
gboolean session_is_playing(Session *s);
void session_set_playing(Session *s, gboolean playing);
double session_speed(Session *s); /* virtual seconds per real second */
void session_set_speed(Session *s, double speed);
void session_step_frame(Session *s, int by); /* +1, -1 */
void session_step_application(
    Session *s, int by); /* to the next, previous frame that completes an application line */
/* To the end of the exchange of the command that is being said; FALSE when there is none to come.
 */
gboolean session_step_out(Session *s);
/* Advances a playing session by real time; the window calls it from its frame clock. A pending
 * lesson question stops it before the asked frame. */
void session_tick(Session *s, int64_t real_ns);

/* The speeds that a control offers, ascending. */
const double *session_speeds(unsigned *n);

/* ---- lesson ---- */
struct lesson *session_lesson(Session *s); /* resolved in session_run(); NULL when none is open */
unsigned session_step(Session *s);
/* Goes to a step: selects the frame and field it looks at, or stops before the frame of its open
 * predict question. */
void session_set_step(Session *s, unsigned step);
/* Time stands before a frame whose question (in session_step()) waits for an answer. */
gboolean session_is_waiting(Session *s);
/* The next frame behind the selected one that a predict question asks about and that must not be
 * shown before the answer; SESSION_NONE when there is none. */
uint32_t session_barrier(Session *s);
/* The choice taken, or -1. Answering a predict question shows its frame. */
int session_answer(Session *s, unsigned step, unsigned question);
void session_set_answer(Session *s, unsigned step, unsigned question, int choice);

/* ---- filter ---- */
/* False with *error (see filter.h) when the text is no filter: then the old one stays. */
gboolean session_set_filter(Session *s, const char *text, struct filter_error *error);
const char *session_filter(Session *s);
/* TRUE while frames are still tested; *fraction (may be NULL) is 0..1 of them done. */
gboolean session_is_filtering(Session *s, double *fraction);
/* Ends the test: no filter any more, all frames are listed. */
void session_filter_cancel(Session *s);
/* The frames that fit, ascending; all frames when no filter is set (then *rows is NULL and row =
 * frame). */
uint32_t session_rows(Session *s, const uint32_t **rows);
/* The row of a frame, or SESSION_NONE. */
uint32_t session_row_of(Session *s, uint32_t frame);

/* ---- look ---- */
enum lang session_language(Session *s);
void session_set_language(Session *s, enum lang lang);
gboolean session_dark(Session *s);
void session_set_dark(Session *s, gboolean dark);
gboolean session_projector(Session *s);
void session_set_projector(Session *s, gboolean projector);
double session_scale(Session *s); /* for Cairo views: 1.0, in projector mode 1.6, times zoom */
double session_zoom(Session *s);
void session_set_zoom(Session *s, double zoom);
/* Secrets: shown in runs (they are the lesson), masked in captures until revealed. */
gboolean session_reveal(Session *s);
void session_set_reveal(Session *s, gboolean reveal);

#endif
