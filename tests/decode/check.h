/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_DECODE_CHECK_H
#define TESTS_DECODE_CHECK_H

/* What holds for every decode of every frame, friendly or hostile. Used by the suites and by
 * fuzzing. */
#include "capture/decode/decode.h"

/* Asserts: ranges lie in their sources and in their parents, parents come before their children,
 * depths fit, texts are valid UTF-8, every field can be shown, and the summary alone is the same.
 */
void check_decode(struct decode *d);

/* Everything that a decode says about its frame: values, lines, sentences, summary. */
char *check_all_text(struct decode *d);

#endif
