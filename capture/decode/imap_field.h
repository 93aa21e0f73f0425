/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_IMAP_FIELD_H
#define CAPTURE_DECODE_IMAP_FIELD_H

/* The rows for parts of IMAP lines, by name, and what imap.c, imap_answer.c, imap_fetch.c and
 * imap_request.c ask of each other; nobody else reads this. */
#include "capture/decode/app.h"

enum {
  /* answers */
  F_UNTAGGED,
  F_CONTINUATION,
  F_TEXT,
  F_CAPABILITY,
  F_ENABLED,
  F_CODE,
  F_CODE_NAME,
  F_CODE_MEANING,
  F_CODE_ARGUMENT,
  F_PERMANENT_FLAG,
  F_FLAG,
  F_UIDVALIDITY,
  F_UIDNEXT,
  F_FIRST_UNSEEN,
  F_HIGHESTMODSEQ,
  F_APPENDUID,
  F_COPYUID_SOURCE,
  F_COPYUID_TARGET,
  F_SET,
  F_SET_FIRST,
  F_SET_LAST,
  F_SET_LARGEST,
  F_SET_SAVED,
  F_EXISTS,
  F_RECENT,
  F_EXPUNGE,
  F_EARLIER,
  F_LIST_ATTRIBUTE,
  F_LIST_DELIMITER,
  F_MAILBOX,
  F_MAILBOX_DECODED,
  F_STATUS_ITEM,
  F_STATUS_MESSAGES,
  F_STATUS_RECENT,
  F_STATUS_UNSEEN,
  F_STATUS_DELETED,
  F_STATUS_SIZE,
  F_STATUS_VALUE,
  F_SEARCH_NUMBER,
  F_SEARCH_MODSEQ,
  F_ESEARCH_TAG,
  F_ESEARCH_UID,
  F_ESEARCH_MIN,
  F_ESEARCH_MAX,
  F_ESEARCH_COUNT,
  F_ESEARCH_ALL,
  F_NAMESPACE,
  F_NAMESPACE_PREFIX,
  F_QUOTA_ROOT,
  F_QUOTA_RESOURCE,
  F_QUOTA_USAGE,
  F_QUOTA_LIMIT,
  F_ID_NAME,
  F_ID_VALUE,
  /* both ways */
  F_LITERAL_OCTETS,
  F_LITERAL_NONSYNC,
  F_LITERAL_BINARY,
  F_ITEM,
  F_SECTION,
  F_SECTION_PART,
  F_SECTION_SPECIFIER,
  F_SECTION_HEADER,
  F_PARTIAL_ORIGIN,
  F_PARTIAL_COUNT,
  /* commands */
  F_STORE_ITEM,
  F_LIST_REFERENCE,
  F_LIST_PATTERN,
  F_SEARCH_KEY,
  F_APPEND_DATE,
  F_ARGUMENT,
  F_N
};
extern const struct field_def imap_part_defs[F_N];

/* ---- tokens ---- */

enum imap_token_kind {
  IMAP_TOKEN_END, /* of the line */
  IMAP_TOKEN_OPEN,
  IMAP_TOKEN_CLOSE,
  IMAP_TOKEN_ATOM, /* also NIL, numbers, and an item with its [section]<partial> */
  IMAP_TOKEN_QUOTED,
  IMAP_TOKEN_LITERAL /* its announcement; what it announces is an element of its own */
};

struct imap_token {
  enum imap_token_kind kind;
  struct slice at;    /* as it stands */
  struct slice inner; /* without quotes */
};

/* The next token; spaces before it are skipped and *rest goes on behind it. */
struct imap_token imap_token_take(struct slice *rest);
/* The same, unless it is of another kind: then nothing is taken and the answer is END. */
struct imap_token imap_token_take_if(struct slice *rest, enum imap_token_kind kind);

/* A string with its backslashes resolved, or an atom as it stands. Announcements of literals build
 * nothing. */
unsigned imap_string_build(struct decode *d, const struct field_def *def, struct imap_token token);
/* A mailbox's name; beside it what modified UTF-7 means by it (RFC 3501 section 5.1.3). */
void imap_mailbox_build(struct decode *d, struct imap_token token);
/* "1:5,7,*": the whole, and its numbers as children. */
void imap_set_build(struct decode *d, unsigned def, struct slice set);
/* "BODY.PEEK[1.HEADER.FIELDS (DATE)]<0.2048>": the item with its parts as children; the name. */
struct slice imap_item_build(struct decode *d, struct slice item);
/* The tokens of a list whose "(" was taken, up to its ")": each is `def`, whatever is nested. */
void imap_list_build(struct decode *d, unsigned def, struct slice *rest);
/* "{5}", "{5+}" or "~{5}" at the end of a line. */
void imap_literal_build(struct decode *d, struct slice line);

/* ---- lines ---- */

/* What stands behind the verb of a command (an imap_verb). */
void imap_request_build(struct decode *d, unsigned verb, struct slice rest);
/* A line of the server without its end, which is no continuation of another one; `tagged` lines
 * begin with their tag. */
void imap_answer_build(struct decode *d, struct slice line, bool tagged);

/* What stands behind "* n FETCH": items and their data. */
void imap_fetch_build(struct decode *d, struct slice rest);
/* A line of the server that goes on behind a literal: what it is part of is known from the lines
 * before it, which are read again when they came with other frames. */
void imap_fetch_continue(struct decode *d, const struct element *e, struct slice line);
/* This line begins no list of items: what follows a literal in it goes unread. */
void imap_fetch_forget(struct decode *d);

#endif
