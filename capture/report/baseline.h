/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_REPORT_BASELINE_H
#define CAPTURE_REPORT_BASELINE_H

/* What an earlier audit found and somebody has looked at: a report in JSON Lines. A finding is the
 * same when rule, server, subject and, for a login, mechanism and user are; clients, times and
 * frames differ from capture to capture. */
#include <gio/gio.h>
#include <stdbool.h>

#include "capture/findings/findings.h"

enum { FINGERPRINT_TEXT = 17 }; /* 16 hex digits and NUL */

/* What makes a finding the same one in another capture. */
void finding_fingerprint(const struct findings *all, const struct finding *f,
                         char out[FINGERPRINT_TEXT]);

struct baseline;

/* Reads such a report. NULL and `error` (G_IO_ERROR) when it cannot be read or holds no summary,
 * that is: was not written to its end, or is something else. */
struct baseline *baseline_new(const char *path, GError **error);
void baseline_free(struct baseline *b); /* NULL is fine */
/* Was this finding there? Never when `b` is NULL. */
bool baseline_knows(const struct baseline *b, const struct findings *all, const struct finding *f);

#endif
