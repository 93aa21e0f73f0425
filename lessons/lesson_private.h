/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_LESSON_PRIVATE_H
#define LESSONS_LESSON_PRIVATE_H

/* The inside of a lesson, for lesson.c (reads it), resolve.c (finds it in a run) and check.c. */
#include "lessons/lesson.h"
#include "lessons/prose.h"
#include "sim/core/tree.h"

struct lesson {
  char *id, *folder, *scenario;
  struct tree_node *tasks; /* owns the texts that steps and questions borrow */
  struct prose prose[LESSON_N_LANGS];
  struct lesson_step *steps;
  unsigned n_steps;
};

/* lesson_resolve(), but every problem is appended to `problems` (char*, "FILE:LINE: message"). */
void lesson_resolve_all(struct lesson *l, const struct run *r, GPtrArray *problems);

#endif
