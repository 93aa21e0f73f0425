/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_SESSION_PRIVATE_H
#define GUI_SESSION_PRIVATE_H

/* What session.c, session_time.c, session_filter.c and session_lesson.c share. Views include
 * session.h only. */
#include "capture/filter/scan.h"
#include "gui/session.h"

/* One drain of idle work takes at most this long, so that a frame of the screen is never missed
 * twice. */
#define SESSION_SLICE_US (8 * 1000)

enum session_signal {
  SESSION_LOADED,
  SESSION_FRAMES_ADDED,
  SESSION_SELECTION_CHANGED,
  SESSION_TIME_CHANGED,
  SESSION_PLAYING_CHANGED,
  SESSION_FILTER_CHANGED,
  SESSION_LOOK_CHANGED,
  SESSION_LESSON_CHANGED,
  SESSION_CAPTURE_CHANGED,
  SESSION_N_SIGNALS
};

/* A stretch of time that begins at `time_ns`: how many packets are on their way in it. */
struct session_moment {
  int64_t time_ns;
  uint32_t n_moving;
};

struct _Session {
  GObject parent;

  /* What is shown. The trace belongs to the run, or to the session when there is no run. */
  struct run *run;
  struct trace *trace;
  unsigned generation;
  char *title;   /* of a capture: its file's name */
  char *warning; /* why the capture ended early */
  struct trace_loader *loader;
  double fraction;
  char *capture_path; /* the file that is shown; NULL: a run, or a live capture */
  char *keylog;       /* session_keys.c; NULL: none */
  struct session_capture *capture; /* the last live capture: session_capture.c; NULL: none */

  /* Selection. */
  uint32_t frame, field, flow, host;
  struct decode *decode, *row_decode;
  uint32_t decoded_frame; /* what decode holds */

  /* Time. Captures may step backwards in time: latest[b] is the latest time among the frames before
   * block b + 1, which makes "how many frames until then" a binary search. */
  int64_t time_ns;
  GArray *latest;
  GArray *moments; /* struct session_moment, of a run */
  gboolean is_playing;
  double speed;
  int64_t real_rest_ns; /* of an idle gap that is being shortened */

  /* Filter. rows is meaningful when filter is set. */
  char *filter_text;
  struct filter *filter;
  struct filter_scan *scan; /* of the filter over the trace; made when it is wanted */
  GArray *rows; /* uint32_t */
  uint32_t n_filtered;

  /* Idle work: loading, then filtering. */
  guint drain_source;
  int64_t announced_us;
  uint32_t n_announced; /* frames that views were told of */

  /* Look. */
  enum lang lang;
  gboolean is_dark, is_projector, is_revealed;
  double zoom;

  /* Lesson. */
  struct lesson *lesson;
  unsigned step;
  gboolean is_waiting; /* time stopped before the frame of an open question */
  GPtrArray *stops;    /* breakpoints: session_stop.c */
  int64_t stop_ns;     /* where playing stops next; INT64_MAX: nowhere */
  const char *stop;    /* its text, of `stops` */
  char *stop_reached;  /* the breakpoint that stopped time last, until it goes on */
  GPtrArray *branches; /* what was shown before each branch, the original first: session_branch.c */
  gboolean is_branching; /* another view of the same world is being shown */
  GArray *answers;       /* int, LESSON_QUESTIONS_MAX for each step: the choice taken, -1 before */
};

/* Puts another run or trace in place and takes what is given; the old one lives until every view
 * has forgotten it. */
void session_show(Session *s, struct run *run, struct trace *trace, struct trace_loader *loader,
                  char *title, struct lesson *lesson);
void session_emit(Session *s, enum session_signal signal);
/* Idle work is wanted: loading or filtering goes on. */
void session_want_drain(Session *s);

/* session_capture.c */
gboolean session_capture_is_growing(Session *s); /* the loader waits for more */
void session_capture_loaded(Session *s);         /* something is shown: another capture ends */
void session_capture_clear(Session *s);

/* session_stop.c */
GPtrArray *session_stops_new(void);
void session_look_for_stop(Session *s); /* behind the cursor */
/* Playing would go to time_ns: TRUE when a breakpoint came before it, and was gone to. */
gboolean session_arrive_at_stop(Session *s, int64_t time_ns);

/* session_branch.c */
GPtrArray *session_branches_new(void);

/* session_time.c */
void session_time_reset(Session *s);                      /* another trace is shown */
void session_time_grew(Session *s);                       /* the trace has more frames */
double session_time_speed(Session *s);                    /* the default speed for what is shown */
int64_t session_time_reached(Session *s, uint32_t frame); /* latest time of frames 0..frame */
/* Sets frame and time together and emits what changed. */
void session_move(Session *s, uint32_t frame, int64_t time_ns);

/* session_filter.c */
void session_filter_reset(Session *s);                       /* nothing is tested yet: begin anew */
gboolean session_filter_drain(Session *s, int64_t until_us); /* TRUE: more to do */

/* session_lesson.c */
void session_lesson_take(Session *s, struct lesson *lesson); /* NULL: none */
void session_lesson_reached_barrier(Session *s);
void session_lesson_clear(Session *s);

/* ---- session_keys.c ---- */
/* Gives the session's key log to a trace that has no frames yet; how many of its lines are of use. */
size_t session_keys_apply(Session *s, struct trace *trace);
void session_keys_clear(Session *s);

#endif
