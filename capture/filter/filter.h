/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_FILTER_H
#define CAPTURE_FILTER_FILTER_H

/* The display filter: Wireshark's language over the keys of decode.h.
 *
 *   or    := and (("or" | "||") and)*
 *   and   := not (("and" | "&&") not)*
 *   not   := ("not" | "!") not | "(" or ")" | test
 *   test  := key | key op value | key "in" "{" value ("," value)* "}" (".." ranges)
 *   op    := == != > < >= <= eq ne gt lt ge le contains matches
 *
 * A key alone asks for its presence. A test over a key that occurs several times is true when one
 * occurrence fits; `!=` (as in Wireshark 4) when none is equal. */
#include "capture/decode/decode.h"

struct filter;

struct filter_error {
  unsigned at;       /* octet in the text where it went wrong */
  unsigned n_octets; /* length of the wrong word, 0 at the end */
  char *message;     /* in the current language, with a remedy; g_free() */
};

/* NULL and *error (cleared with filter_error_clear) when the text is no filter or names an unknown
 * key. The empty text compiles and matches everything. */
struct filter *filter_compile(const char *text, struct filter_error *error);
void filter_free(struct filter *f);
void filter_error_clear(struct filter_error *error);

/* Whether the decoded frame fits. Secrets are compared as they are on the wire. */
bool filter_match(const struct filter *f, struct decode *d);

/* Decodes and tests one frame. */
bool filter_match_frame(const struct filter *f, struct decode *d, uint32_t frame);

/* The keys that begin with `prefix`, sorted, for completion; NULL-terminated, g_free() the array.
 */
const char **filter_complete(const char *prefix);

#endif
