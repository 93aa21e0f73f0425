/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_SEARCH_H
#define SIM_MAIL_IMAP_SEARCH_H

/* What SEARCH, SORT and THREAD share:
 *   imap-key      the search keys: their grammar and how each is tried
 *   imap-search   SEARCH, and the answer to RETURN (…) for SORT too
 *   imap-sort, imap-thread */
#include "sim/mail/imap_session.h"

struct imap_key;

/* Keys up to the end of the command, all of which must hold. NULL when they are wrong. */
struct imap_key *imap_parse_keys(struct imap_server *s, struct imap_text *t);
void imap_key_free(struct imap_key *k);
/* Does it speak of modification sequences? Then the answer tells the highest (RFC 7162 3.1.5). */
bool imap_key_has_modseq(const struct imap_key *k);
/* Is the message at that place of the view one of those that are looked for? */
bool imap_key_try(const struct imap_key *k, const struct imap_server *s, guint place);
/* All places that are found (guint, rising). */
GArray *imap_find(const struct imap_key *k, const struct imap_server *s);

/* A known charset (US-ASCII or UTF-8); else NO [BADCHARSET] has been sent. */
bool imap_check_charset(struct imap_server *s, const char *name);

enum {
  RETURN_MIN = 1,
  RETURN_MAX = 2,
  RETURN_ALL = 4,
  RETURN_COUNT = 8,
  RETURN_SAVE = 16,
};
/* "RETURN (…) " when it is there: *options are RETURN_…, else 0 and nothing is taken. False when it
 * is wrong. */
bool imap_parse_return(struct imap_text *t, unsigned *options);
/* "* SEARCH 2 5 (MODSEQ 12)" with that word. */
void imap_tell_numbers(struct imap_server *s, const char *word, const GArray *found,
                       bool has_modseq);
/* " charset keys" of SORT and THREAD; NULL after the refusal was sent. */
struct imap_key *imap_take_charset_and_keys(struct imap_server *s, struct imap_text *t,
                                            const char *syntax);
/* When it was sent (its Date, else the internal date), and its base subject, casemapped and newly
 * allocated: RFC 5256 2.1 and 2.2. */
int64_t imap_sent_ns(const struct store_message *m);
char *imap_base_subject(const struct store_message *m, bool *is_reply);
/* "* ESEARCH …" of the places in the order given; and what SAVE keeps. */
void imap_tell_found(struct imap_server *s, const GArray *found, unsigned options, bool has_modseq);

#endif
