/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef LESSONS_LIBRARY_H
#define LESSONS_LIBRARY_H

/* What a user's word means: an id from the lessons folder, a scenario file, or a lesson's folder.
 * lessons_folder(), run_list() and run_listing_free() of run.h are defined here too. */
#include "lessons/run.h"

#define LIBRARY_ERROR (g_quark_from_static_string("enveloscope-library"))
enum library_error {
  LIBRARY_ERROR_UNKNOWN,    /* no such id */
  LIBRARY_ERROR_UNREADABLE, /* no lessons folder */
  LIBRARY_ERROR_SETTING,    /* an option of run_new() that does not fit the scenario */
  LIBRARY_ERROR_TOO_LARGE,  /* a run that cannot be saved */
  LIBRARY_ERROR_DIFFERS,    /* a saved run that comes to something else here */
};

struct library_place {
  char *id;       /* of the lesson or scenario; for a file its name without ".yaml" */
  char *scenario; /* path of the scenario file */
  char *lesson;   /* path of the lesson's folder, or NULL */
  bool is_library; /* found by its id in the lessons folder, not by a path */
};

/* False with error: no such id (the message names the nearest), no such file, or a lesson whose
 * tasks.yaml names a scenario that is not there. Fill with library_place_clear() in mind. */
bool library_find(const char *what, struct library_place *place, GError **error);
void library_place_clear(struct library_place *place);

#endif
