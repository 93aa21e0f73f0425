/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_POP_H
#define CAPTURE_DECODE_POP_H

/* Parts of the POP3 decoder: they add fields to the group that is open. Private to this folder.
 * `verb` is a pop_verb: of the command, or of the one that is answered. */
#include "capture/decode/app.h"

/* What stands behind the verb. `secret`: a part of it is one, so no numbers are shown. */
void pop_argument_build(struct decode *d, unsigned verb, struct slice argument, bool secret);
/* What stands behind +OK (`fine`) or -ERR; `greeting` when nothing was asked yet. */
void pop_status_build(struct decode *d, unsigned verb, struct slice text, bool fine, bool greeting);
/* A line of an answer that has several, its end "." too. */
void pop_list_line_build(struct decode *d, unsigned verb, struct slice line);

#endif
