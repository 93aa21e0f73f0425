/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_FETCHED_H
#define SIM_MAIL_IMAP_FETCHED_H

/* What a FETCH response tells a client about one message. RFC 3501 7.4.2, 7162 3.1.4 (MODSEQ). */
#include "sim/mail/imap_reply.h"

enum {
  IMAP_PARTS_MAX = 1000, /* leaves of one message that are remembered: as MIME_PARTS_MAX */
  IMAP_PART_DEPTH_MAX = 32,
  IMAP_HEADER_TEXT_MAX = 998, /* octets kept of a subject or address: a line (RFC 5322 2.1.1) */
};

/* A leaf of the BODYSTRUCTURE. */
struct imap_part {
  char *section;   /* "1.2" */
  char *type;      /* "text/plain", lower case */
  char *encoding;  /* "base64", lower case; "" when the server said NIL */
  char *file_name; /* or NULL */
  uint64_t n_octets;
  bool is_attachment; /* by its disposition, or because it has a file's name */
};

/* Octets of BODY[section]<origin>; `octets` NULL: NIL. */
struct imap_piece {
  char *section; /* "", "1", "HEADER", "1.MIME": upper case */
  bool is_partial;
  uint64_t origin;
  GBytes *octets;
};

/* What was not in the response is 0 or NULL. */
struct imap_fetched {
  uint32_t uid;
  bool has_flags;
  unsigned flags; /* FLAG_…, sim/mail/store.h */
  char *keywords; /* sorted, each with a space behind it: "$Junk work " */
  uint64_t modseq;
  bool has_size;
  uint64_t n_octets;                        /* RFC822.SIZE */
  char *subject, *from, *date, *message_id; /* decoded; from: the first address */
  GPtrArray *parts;                         /* struct imap_part* */
  GPtrArray *pieces;                        /* struct imap_piece*; never NULL */
};

/* Reads "(…)". False when it makes no sense; clear it in either case. Unknown items are skipped. */
bool imap_fetched_parse(struct imap_fetched *f, struct imap_text *t);
void imap_fetched_clear(struct imap_fetched *f);

/* FLAGS as a list value. */
void imap_fetched_flags(const struct imap_value *list, unsigned *flags, char **keywords);

/* The part that a person wants to read: the first plain text that is no attachment, else the first
 * HTML, else the first part. NULL when there is none. */
const struct imap_part *imap_part_to_read(const GPtrArray *parts);

#endif
