/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_RUN_PRIVATE_H
#define LESSONS_RUN_PRIVATE_H

/* What the files run*.c share. */
#include "lessons/run_plan.h"
#include "sim/mail/build.h"

enum run_tap { TAP_SENDER, TAP_ALL, TAP_LINK };

struct run_watch;
struct run_judge;

struct run {
  struct run_plan *plan;
  char *title_en, *title_th;
  const char *about_en, *about_th; /* of the scenario's tree; NULL when it says nothing */
  uint64_t seed;
  struct tree_node *scenario;
  struct world *world;
  struct net *net;
  struct mail *mail;
  struct trace *trace;
  struct input_log *inputs; /* the scenario's and the plan's */
  struct run_watch *watch;  /* NULL unless somebody wants to stop at something */
  struct run_judge *judge;  /* NULL without rules by display filter */
  enum run_tap tap;
  uint32_t tap_link;
  int64_t end_ns;
  GArray *flights;          /* struct run_flight, by leave time */
  GArray *events;           /* struct run_event, by time */
  GStringChunk *strings;    /* of the events */
  GHashTable *by_key;       /* struct event_key -> GArray of uint32_t: indexes into events */
  GHashTable *by_packet;    /* sender tap: packet number -> frame index + 1 */
  GArray *frame_is_lost;    /* guint8 for each frame of the trace */
  GString *keylog;          /* secrets of its TLS connections, a line each */
  struct run_stream stream; /* who takes frames and events instead of keeping them */
  bool is_streamed;
  bool has_frames; /* not for one that is only told in another language */
  bool is_held, is_untold;
  struct run *told; /* the same run told in Thai; NULL until asked for */
  struct run *twin; /* run_on_all_links(); NULL until asked for */
};

/* ---- run.c ---- */

/* A run from its plan, which it takes; see run_new(). */
struct run *run_from(struct run_plan *plan, const struct run_options *options, GError **error);

/* ---- run_judge.c: faults that name a packet by a display filter ---- */

/* Compiles the filters of the network's rules and answers it from now on. False with error naming
 * file and line. */
bool judge_new(struct run *r, GError **error);
void judge_free(struct run_judge *judge);

/* ---- run_watch.c: a run that stops by itself ---- */

/* NULL and no error when the options name nothing to stop at; NULL with error when the filter or
 * the pattern is none. */
struct run_watch *watch_new(struct run *r, const struct run_options *options, GError **error);
void watch_free(struct run_watch *watch);
/* Runs to the end, or to the end of the first instant in which the filter or the pattern fits. */
void watch_run(struct run_watch *watch, int64_t until_ns);

#endif
