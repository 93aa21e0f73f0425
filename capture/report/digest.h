/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_REPORT_DIGEST_H
#define CAPTURE_REPORT_DIGEST_H

/* The SHA-256 of a file, by which a report names the capture that it speaks of. */
#include <stdbool.h>

/* Writes 64 hex digits and NUL; false (and "") when the file cannot be read. */
bool digest_file(const char *path, char out[65]);

#endif
