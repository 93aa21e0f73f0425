/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_RUN_PLAN_H
#define LESSONS_RUN_PLAN_H

/* What a run is a function of: the scenario's text, seed, settings, end and inputs. Two equal plans
 * give equal frames. Private to lessons/run*.c. */
#include "lessons/run.h"

/* Bumped when the keys of the file change, or what an equal file makes the simulator do. */
enum { RUN_FORMAT = 1 };
enum {
  RUN_SETTINGS_MAX = 1000, /* --set values of one saved run; a line of a shell holds fewer */
  RUN_FILES_MAX = 100,     /* text files beside a scenario */
};

struct run_plan {
  char *id;          /* of the scenario or lesson */
  bool is_library;   /* the text is that of the library: a saved run only names it */
  char *name;        /* of the scenario's file, for complaints */
  GBytes *text;      /* of the scenario */
  char sha256[65];   /* of the text */
  bool is_closed;    /* `files` holds every file the scenario may read */
  GHashTable *files; /* text file's name -> its text */
  char **set;        /* NULL-terminated; may be NULL */
  uint64_t seed;     /* 0: the scenario's own */
  int64_t until_ns;  /* 0: the scenario's own */
  struct input_log *inputs;
  bool has_outside; /* not saved: what comes from outside is no input of the log */
  char *tap;        /* not part of the function: only what is seen of it */
  char *saved_as;   /* path of the .envrun file it was read from, or NULL */
  bool has_hash;    /* read from a file: what the run came to when it was saved */
  uint64_t hash;
  char *openssl; /* the same: its release, when there was TLS in the run; else NULL */
};

/* From a word of the user (see run_new), with the options put over it. NULL with error. */
struct run_plan *plan_new(const char *what, const struct run_options *options, GError **error);
/* From a saved run. NULL with error: not readable, another format, a scenario that has changed. */
struct run_plan *plan_load(const char *path, const struct run_options *options, GError **error);
/* The same from its text; `path` is for complaints. */
struct run_plan *plan_parse(const char *text, gsize n, const char *path,
                            const struct run_options *options, GError **error);
struct run_plan *plan_copy(const struct run_plan *plan);
void plan_free(struct run_plan *plan);

/* The scenario as a tree, settings applied and files of a closed plan put in. NULL with error. */
struct tree_node *plan_scenario(const struct run_plan *plan, GError **error);

/* The plan as the text of an .envrun file; `seed` is the one that was used. With `hash` the run's
 * end stands in it too (NULL: without, for the fingerprint). NULL with error. */
char *plan_format(const struct run_plan *plan, uint64_t seed, const struct run *r, GError **error);

/* Called by plan_new and plan_load. */
bool plan_take_options(struct run_plan *plan, const struct run_options *options, GError **error);
void plan_take_text(struct run_plan *plan, char *text, gsize n);

#endif
