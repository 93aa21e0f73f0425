/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_FETCH_H
#define SIM_MAIL_IMAP_FETCH_H

/* What FETCH asks of a message; shared by its files only:
 *   imap-item      the grammar: text to struct item
 *   imap-section   the octets that BODY[…] and BINARY[…] mean
 *   imap-fetch     the answer, in slices */
#include "sim/mail/imap_session.h"
#include "sim/mail/mime.h"

enum item_kind {
  ITEM_FLAGS,
  ITEM_UID,
  ITEM_INTERNALDATE,
  ITEM_SIZE,
  ITEM_MODSEQ,
  ITEM_ENVELOPE,
  ITEM_BODY, /* the short structure */
  ITEM_BODYSTRUCTURE,
  ITEM_SECTION,
  ITEM_BINARY,
  ITEM_BINARY_SIZE,
};

enum section {
  SECTION_WHOLE,
  SECTION_HEADER,
  SECTION_FIELDS,
  SECTION_FIELDS_NOT,
  SECTION_TEXT,
  SECTION_MIME
};

struct item {
  enum item_kind kind;
  enum section section;
  bool is_peek;
  unsigned numbers[IMAP_SECTION_DEPTH_MAX];
  unsigned n_numbers;
  GPtrArray *fields; /* char* */
  bool is_partial;
  uint32_t from, count;
  char *label; /* as it stands in the answer */
};

/* Items (GArray of struct item) of "(FLAGS BODY[1])", "FLAGS" or "ALL"; NULL when they are wrong.
 */
GArray *imap_parse_items(struct imap_text *t);

/* What a section is made of. */
enum section_result {
  SECTION_FOUND,
  SECTION_MISSING, /* the message has no such part: "" */
  SECTION_UNKNOWN, /* a transfer encoding that nobody knows (RFC 3516 4.3) */
};
/* The octets of an ITEM_SECTION or ITEM_BINARY… of a message, without regard to <partial>; a new
 * reference in *octets when they are found. */
enum section_result imap_section(const struct item *item, GBytes *message,
                                 const struct mime_part *root, GBytes **octets);

#endif
