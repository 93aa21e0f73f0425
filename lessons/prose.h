/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_PROSE_H
#define LESSONS_PROSE_H

/* Markdown, cut into the steps of a lesson. For lesson.c; everybody else reads struct lesson_prose.
 */
#include "lessons/lesson.h"

struct prose {
  char *path;
  char *title;   /* of "# Title" */
  GArray *steps; /* struct lesson_prose */
};

/* False with error "FILE:LINE: message": unreadable, a directory, too large, not UTF-8, text before
 * the first step, no step, HTML or pictures. */
bool prose_load(const char *path, struct prose *out, GError **error);
void prose_clear(struct prose *p);

/* The title alone (the first "# " line), for lists; NULL when there is none. */
char *prose_title(const char *path);

/* Sets error to "FILE:LINE: message"; returns false. */
bool prose_fail(GError **error, const char *path, unsigned line, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

#endif
