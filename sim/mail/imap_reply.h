/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_REPLY_H
#define SIM_MAIL_IMAP_REPLY_H

/* What a client hears: octets become whole responses with their literals, and the data of a
 * response a tree of lists, strings and atoms. RFC 3501 7 and 9. */
#include "sim/mail/imap_parse.h"
#include "sim/mail/machine.h"

enum {
  IMAP_REPLY_LITERAL_MAX = 64 << 20, /* one literal that our client accepts */
  IMAP_REPLY_LINE_MAX = 1 << 20,
  IMAP_REPLY_MAX = 2 * IMAP_REPLY_LITERAL_MAX, /* a response with all its literals */
  IMAP_VALUE_DEPTH_MAX = 64,     /* lists in lists: twice what the deepest MIME structure needs */
  IMAP_VALUE_NODES_MAX = 100000, /* of one response: a LIST of a thousand parts is far below */
};

/* ---- gathering ---- */
struct imap_replies {
  struct lines lines;
  GByteArray *response;
  size_t literal_left;
  bool is_inside; /* between the pieces of one response */
};

enum imap_replies_got {
  IMAP_REPLIES_MORE,
  IMAP_REPLIES_ONE,      /* a response without its last CRLF, valid until the next call */
  IMAP_REPLIES_TOO_LONG, /* a line without end */
  IMAP_REPLIES_TOO_BIG,  /* a literal that nobody can want */
};

void imap_replies_init(struct imap_replies *r);
void imap_replies_clear(struct imap_replies *r);
void imap_replies_feed(struct imap_replies *r, const uint8_t *p, size_t n);
enum imap_replies_got imap_replies_next(struct imap_replies *r, struct imap_text *t);
/* Octets that came and belong to no response yet. */
size_t imap_replies_waiting(const struct imap_replies *r);

/* ---- values ---- */
enum imap_value_kind { IMAP_VALUE_NIL, IMAP_VALUE_ATOM, IMAP_VALUE_STRING, IMAP_VALUE_LIST };

struct imap_value {
  enum imap_value_kind kind;
  GBytes *octets;      /* ATOM, STRING */
  GPtrArray *children; /* LIST: struct imap_value* */
};

/* The value that comes next; "BODY[HEADER.FIELDS (TO)]<0>" is one atom. NULL when it is none, or
 * nested too deeply, or too much. */
struct imap_value *imap_value_parse(struct imap_text *t);
void imap_value_free(void *value);
typedef struct imap_value imap_value;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(imap_value, imap_value_free)

/* The i-th child of a list, or NULL. */
const struct imap_value *imap_value_at(const struct imap_value *list, guint i);
/* The text (newly allocated, up to a NUL), or NULL for NIL, lists and NULL itself. */
char *imap_value_text(const struct imap_value *v);
bool imap_value_is(const struct imap_value *v, const char *word); /* an atom, in any case */
/* A number in an atom; false for others. */
bool imap_value_number(const struct imap_value *v, uint64_t *n);

/* "[CODE and more] " at the front of a status text: what is in the brackets, newly allocated; NULL
 * when there is none. */
char *imap_reply_code(struct imap_text *t);
/* The rest as text. */
char *imap_reply_rest(const struct imap_text *t);
/* "word" of "WORD args…" and its arguments; false when the code is another one. */
bool imap_reply_code_is(const char *code, const char *word, const char **args);

#endif
