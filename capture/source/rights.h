/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_SOURCE_RIGHTS_H
#define CAPTURE_SOURCE_RIGHTS_H

/* Who may capture: the helper's file and its capability, and the person's consent. */
#include <glib.h>
#include <stdbool.h>

/* The path of the helper: the one that may capture, if any of those found may. NULL when there is
 * none. Looked for, in order: the environment's ENVELOSCOPE_DUMP; beside this program (also in the
 * build folder); <prefix>/libexec; where "./run capture-rights" puts it. Free with g_free(). */
char *rights_helper(void);

/* Whether a capture would be allowed now, as far as that can be seen without trying: the helper
 * carries cap_net_raw in a place where that counts, or this process has it. */
bool rights_may_capture(void);

/* What to think of before other people's traffic is looked at; one paragraph in the language of
 * now. */
const char *rights_consent_text(void);

/* Whether the person has said yes to it on this account, and the note of it. G_FILE_ERROR. */
bool rights_has_consent(void);
bool rights_remember_consent(GError **error);

#endif
