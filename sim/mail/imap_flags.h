/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_FLAGS_H
#define SIM_MAIL_IMAP_FLAGS_H

/* Flags and keywords on a client's side, where nobody numbers the keywords: system flags are bits
 * (FLAG_… of store.h), keywords one text, sorted, with a space behind each: "$Junk work ". All
 * texts given are newly allocated. */
#include <glib.h>

enum { IMAP_KEYWORDS_MAX = 64 }; /* of one message: as STORE_KEYWORDS_MAX */

/* "\Seen $Junk". */
char *imap_flags_text(unsigned flags, const char *keywords);
/* The same read, in any order, parted by spaces or commas. */
void imap_flags_read(const char *text, unsigned *flags, char **keywords);
/* Sorts the words and joins them. */
char *imap_keywords_of(GPtrArray *words);
/* Keywords of a or b; of a without b. */
char *imap_keywords_join(const char *a, const char *b);
char *imap_keywords_without(const char *a, const char *b);

#endif
