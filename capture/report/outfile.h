/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_REPORT_OUTFILE_H
#define CAPTURE_REPORT_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

struct outfile;

/* Begins the file PATH under another name beside it, with the mode `mode` & ~umask, or with that of
 * the file which is there already and will be replaced. What is no regular file (a terminal, a pipe)
 * is opened as it is. NULL and errno when that cannot be done. */
struct outfile *outfile_new(const char *path, mode_t mode);

/* Where to write; borrowed. NULL is never returned. */
FILE *outfile_stream(struct outfile *f);

/* The descriptor of the same. */
int outfile_fd(const struct outfile *f);

/* The end: with `keep` the file gets its name, whole; else it is gone, and what PATH was before stays.
 * Frees `f` (may be NULL). False and errno when what is to be kept could not be
 * written or named. */
bool outfile_end(struct outfile *f, bool keep);

/* Gives a file of the folder `fd` its name. Nothing is written over: then EEXIST. False and errno. */
bool outfile_name(int fd, const char *part, const char *name);

#endif
