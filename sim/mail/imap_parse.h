/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_PARSE_H
#define SIM_MAIL_IMAP_PARSE_H

/* The grammar of a whole IMAP command, its literals included: "{3}" CRLF and three octets (RFC 3501
 * 9). Each function takes what it names and moves on, or returns false/NULL and the command is BAD.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct imap_text {
  const uint8_t *p;
  size_t n, at;
};

/* Sequence sets: ranges as sent, in order of numbers; IMAP_STAR is "*". A set of one range of
 * IMAP_SAVED is "$" (RFC 5182), which only a session can resolve. */
#define IMAP_STAR UINT32_MAX
#define IMAP_SAVED 0
struct imap_range {
  uint32_t low, high;
};

bool imap_parse_end(const struct imap_text *t);
bool imap_parse_space(struct imap_text *t);
/* The next octet when it is `c`. */
bool imap_parse_octet(struct imap_text *t, char c);
/* What comes next, without taking it; 0 at the end. */
char imap_parse_peek(const struct imap_text *t);
/* The word in upper case up to a space, parenthesis, bracket or the end; never empty. */
char *imap_parse_word(struct imap_text *t);
char *imap_parse_atom(struct imap_text *t);
/* atom, quoted or literal, without NUL. */
char *imap_parse_astring(struct imap_text *t);
/* The same with % and * in its atoms. */
char *imap_parse_pattern(struct imap_text *t);
/* A literal or quoted string of any octets. */
GBytes *imap_parse_octets(struct imap_text *t);
bool imap_parse_number(struct imap_text *t, uint32_t *number);
/* A mod-sequence value, 63 bits (RFC 7162 7). */
bool imap_parse_modseq(struct imap_text *t, uint64_t *modseq);
/* GArray of struct imap_range. */
GArray *imap_parse_set(struct imap_text *t);
/* Is the number in the set, when "*" means `star`? */
bool imap_set_has(const GArray *set, uint32_t number, uint32_t star);
bool imap_set_is_saved(const GArray *set);
/* The same numbers as rising ranges that do not overlap, with `star` put in for "*". */
GArray *imap_set_plain(const GArray *set, uint32_t star);

/* Writes numbers as a set, "1:3,7", behind what `out` holds. They come in any order; neighbours
 * that rise by one are joined. */
struct imap_set_writer {
  GString *out;
  gsize at;
  uint32_t low, high; /* the range that is not written yet; high 0: none */
};
void imap_set_begin(struct imap_set_writer *w, GString *out);
void imap_set_add(struct imap_set_writer *w, uint32_t number);
/* False when there was no number. */
bool imap_set_end(struct imap_set_writer *w);
/* "(\Seen $Junk)": char*; parentheses may be missing when `is_open`. */
GPtrArray *imap_parse_flags(struct imap_text *t, bool is_open);

enum {
  IMAP_PATTERN_MAX = 511, /* twice a name: what is longer matches nothing */
};
/* LIST: does the name match the pattern? '%' stops at '/'. INBOX is matched in any case. */
bool imap_pattern_matches(const char *pattern, const char *name);

#endif
