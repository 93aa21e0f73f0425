/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_WORDS_H
#define CAPTURE_DECODE_WORDS_H

/* Words of a line of text as fields: cutting them off the front of a slice and building them. All
 * slices stay inside the slice that was given; an empty slice is no word and builds nothing. */
#include "capture/decode/build.h"

/* Octets [at, at + n) of s, as far as they are there. */
struct slice slice_part(struct slice s, uint32_t at, uint32_t n);
/* Without the blanks (SP, HTAB) at its front. */
struct slice word_skip_blanks(struct slice s);
/* The next word, up to a blank; *rest goes on behind it. Blanks before the word are skipped. */
struct slice word_take(struct slice *rest);
/* What stands before the first `end`, which is skipped; all of it when there is none. */
struct slice word_take_until(struct slice *rest, uint8_t end);

bool word_is(struct slice word, const char *literal); /* any case */
bool word_begins(struct slice word, const char *literal);
/* Decimal digits and nothing else, at most 64 bits of them. */
bool word_number(struct slice word, uint64_t *number);

/* The word as it stands. BUILD_NOTHING when it is empty. */
unsigned word_build(struct decode *d, const struct field_def *def, struct slice word);
/* The number that its digits say; BUILD_NOTHING when it is none. */
unsigned word_number_build(struct decode *d, const struct field_def *def, struct slice word);
/* A word that is only there or not. */
unsigned word_mark_build(struct decode *d, const struct field_def *def, struct slice word);

#endif
