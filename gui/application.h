/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef GUI_APPLICATION_H
#define GUI_APPLICATION_H

/* The application: one window for one start, with what the command line asked for. */
#include <glib.h>

struct application_options {
  char *lesson;
  char *lang;
  char *view;       /* a perspective or view id */
  char *screenshot; /* PNG to write; then the program ends */
  char *size;       /* "1280x800" */
  char *select;     /* filter of the frame to select */
  char *time;       /* seconds */
  gboolean is_projector, is_dark, is_playing;
  char **files;
};

/* Runs until the window closes. Returns the exit code of cli.md: 0, 2 (usage) or 3 (input). */
int application_run(const struct application_options *options);

#endif
