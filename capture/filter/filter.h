/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_FILTER_FILTER_H
#define CAPTURE_FILTER_FILTER_H

/* The display filter: the language of Wireshark 4.0 over the keys of decode.h.
 *
 *   or      := xor (("or" | "||") xor)*
 *   xor     := and (("xor" | "^^") and)*                    Wireshark has it since 4.2
 *   and     := not (("and" | "&&") not)*
 *   not     := ("not" | "!") not | "(" or ")" | test
 *   test    := expr | ["any" | "all"] expr op expr (op expr)* | expr ["not" | "!"] "in" set
 *   op      := == != === !== > < >= <= ~ eq ne gt lt ge le any_eq all_eq any_ne all_ne contains
 * matches set     := "{" value [".." value] ("," value [".." value])* "}" expr    := & over + -
 * over * / % over signs over: key, literal, function(expr, ...), { expr } key     := name [ "#"
 * layer | "#[" ranges "]" ] [ "[" ranges "]" ] | ${name} ranges  := first:count | first-last |
 * index | :count | first:   ("," again)*, negative from the end
 *
 * A key alone asks for its presence. A test over a key that occurs several times is true when one
 * occurrence fits; `!=` and `===` when all do. Words of the language are in small letters. */
#include "capture/decode/decode.h"

struct filter;

struct filter_error {
  unsigned at;       /* octet in the text where it went wrong */
  unsigned n_octets; /* length of the wrong word, 0 at the end */
  unsigned column;   /* the same place in characters, 1 for the first */
  char *message;     /* in the current language, with a remedy; g_free() */
};

/* NULL and *error (cleared with filter_error_clear) when the text is no filter or names an unknown
 * key. The empty text compiles and matches everything. */
struct filter *filter_compile(const char *text, struct filter_error *error);
void filter_free(struct filter *f);
void filter_error_clear(struct filter_error *error);

/* The filter on one line and carets below what is wrong in it, for a terminal, both lines indented
 * by two; wide and combining characters are counted as a terminal shows them. g_free(). */
char *filter_error_show(const char *text, const struct filter_error *error);

/* The values of ${key} are taken from this decoded frame, the selected one; without it no frame
 * fits a test with ${key}. */
void filter_refer(struct filter *f, const struct decode *selected);
bool filter_has_references(const struct filter *f);

/* Whether the decoded frame fits. Secrets are compared as they are on the wire. */
bool filter_match(const struct filter *f, struct decode *d);

/* Decodes and tests one frame. */
bool filter_match_frame(const struct filter *f, struct decode *d, uint32_t frame);

/* ---- completion ---- */

enum filter_candidate_kind {
  CANDIDATE_KEY,
  CANDIDATE_FUNCTION,
  CANDIDATE_OPERATOR, /* compares */
  CANDIDATE_JOIN,     /* and, or, not, any, all */
  CANDIDATE_VALUE,    /* of a key whose values have words */
};

struct filter_candidate {
  enum filter_candidate_kind kind;
  char *text;  /* what would stand there */
  char *about; /* one sentence in the current language; may be "" */
};

/* What could stand at the cursor. The text's octets [first, first + n_octets) are the word that a
 * candidate would replace. */
struct filter_completion {
  unsigned first, n_octets;
  GPtrArray *candidates; /* struct filter_candidate *, likeliest first */
};

/* `cursor` is an octet of the text, or its length. At most n_max candidates: those that begin with
 * what stands before the cursor, then keys that contain it. Never NULL. */
struct filter_completion *filter_completion_new(const char *text, size_t cursor, unsigned n_max);
void filter_completion_free(struct filter_completion *completion);

/* ---- the language as text ---- */

/* A filter of every form there is, and what it asks; `filter` is NULL behind the last. Tests
 * compile them all. */
struct filter_example {
  const char *filter;
  struct lang_pair asks;
};
extern const struct filter_example filter_examples[];

#endif
