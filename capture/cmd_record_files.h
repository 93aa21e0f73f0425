/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_CMD_RECORD_FILES_H
#define CAPTURE_CMD_RECORD_FILES_H

/* Where `record` puts its frames: one file, standard output, or a ring of files NAME_00001_DATE.EXT
 * of which the oldest are deleted. Files are for their owner only (mode 0600). */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct record_files {
  char *name;      /* as given with -w */
  bool is_ring;    /* several files */
  unsigned n_keep; /* of a ring; 0: all */
  unsigned n_begun;
  GQueue paths; /* char *, of the ring; the current one last */
  bool was_new; /* the only file did not exist before */
};

/* Opens the next file to write. -1 with G_FILE_ERROR. An existing file is not emptied: the helper
 * does that when the capture begins. The caller closes the descriptor. */
int record_files_open(struct record_files *f, GError **error);

/* Deletes what a ring does not keep; after the current file has begun. */
void record_files_prune(struct record_files *f);

/* The current file, for messages. */
const char *record_files_current(const struct record_files *f);

/* Nothing was captured: removes the empty file that record_files_open() made. */
void record_files_abandon(struct record_files *f);

void record_files_clear(struct record_files *f);

#endif
