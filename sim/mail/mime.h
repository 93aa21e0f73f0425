/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_MIME_H
#define SIM_MAIL_MIME_H

/* The structure of a stored message as ranges of its own octets, and the two IMAP descriptions made
 * of it. Nothing here writes into a message. */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MIME_DEPTH_MAX = 32,   /* multipart in multipart: deeper is an attack, and is shown as one leaf */
  MIME_PARTS_MAX = 1000, /* of one message, for the same reason */
};

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

/* One part. Offsets count from the first octet of the stored message; the header ends behind its
 * empty line, the body before the CRLF that belongs to the next delimiter (RFC 2046 5.1.1). */
struct mime_part {
  enum mime_kind kind;
  size_t header_at, body_at, end;
  char *type, *subtype; /* as sent; "text", "plain" when there is no Content-Type */
  bool is_digest;       /* directly inside multipart/digest: message/rfc822 by default */
  GPtrArray *children;  /* struct mime_part*; MIME_MESSAGE has exactly one */
};

/* Once before any other call here; may be repeated. */
void mime_init(void);

/* Never fails: what cannot be taken apart is one leaf. */
struct mime_part *mime_parse(GBytes *octets);
void mime_free(struct mime_part *part);

/* The part named by RFC 3501 part numbers, 1-based, "2.1" as {2, 1}; NULL when there is none. Part
 * 1 of a message that is no multipart is its body: then the message itself is returned. */
const struct mime_part *mime_find(const struct mime_part *root, const unsigned *numbers,
                                  unsigned n_numbers);

/* The header field `name` in message octets p[at..end): the range of its value with folding,
 * without the last line end. False when there is none. */
bool mime_header(const uint8_t *p, size_t at, size_t end, const char *name, size_t *value_at,
                 size_t *value_end);
/* The next field from *at on: its whole range and the length of its name; false at the header's
 * end. */
bool mime_next_field(const uint8_t *p, size_t *at, size_t end, size_t *field_at, size_t *name_n,
                     size_t *field_end);
/* Where the header that begins at `at` ends: behind its empty line. */
size_t mime_header_end(const uint8_t *p, size_t at, size_t end);

/* The value unfolded (newly allocated), or NULL. Encoded words stay as they are. */
char *mime_header_text(const uint8_t *p, size_t at, size_t end, const char *name);
/* The same, encoded words decoded to UTF-8. */
char *mime_header_decoded(const uint8_t *p, size_t at, size_t end, const char *name);
/* Encoded words (RFC 2047) of a text decoded to UTF-8; newly allocated. */
char *mime_decode_words(const char *text);
/* The addresses of a field in plain form, decoded: "Ann Lee <ann@a.test>, …"; NULL without field. */
char *mime_addresses(const uint8_t *p, size_t at, size_t end, const char *name);
/* What the Date field says: virtual time, and the day in the field's own zone as days since 1970.
 * False when there is none that can be read. */
bool mime_date(const uint8_t *p, size_t at, size_t end, int64_t *time_ns, int64_t *day);
/* The decoded Subject of a message, one line, "" when there is none. */
char *mime_subject(GBytes *octets);

/* The mechanism of a part's Content-Transfer-Encoding without comments; "7bit" when there is none
 * (RFC 2045 6.1). Newly allocated. */
char *mime_encoding_name(const uint8_t *p, const struct mime_part *part);
/* The content of a text part, transfer encoding taken off, as UTF-8; newly allocated. */
char *mime_part_text(const uint8_t *p, const struct mime_part *part);

/* IMAP's descriptions (RFC 3501 7.4.2): "(date subject from …)", and BODY or BODYSTRUCTURE. */
void mime_envelope(GString *out, const uint8_t *p, size_t at, size_t end);
void mime_structure(GString *out, const uint8_t *p, const struct mime_part *part, bool is_extended);
/* What was made of a message's octets, which never change: each when it is first asked for. All
 * NULL at first. */
struct mime_cached {
  struct mime_part *root;
  char *envelope, *body, *structure;
};
const struct mime_part *mime_cached_root(struct mime_cached *c, GBytes *octets);
const char *mime_cached_envelope(struct mime_cached *c, GBytes *octets);
const char *mime_cached_structure(struct mime_cached *c, GBytes *octets, bool is_extended);
void mime_cached_clear(struct mime_cached *c);

/* The octets of a part with the transfer encoding taken off (RFC 3516 4.2): a leaf's content, or a
 * whole entity (`with_header`, or a multipart or message) with each of its leaves decoded and its
 * Content-Transfer-Encoding set right. NULL when an encoding is unknown. */
GBytes *mime_decode(GBytes *message, const struct mime_part *part, bool with_header);
/* The message with each leaf whose Content-Transfer-Encoding is binary in base64 instead; the same
 * octets (a reference) when there is none. */
GBytes *mime_without_binary(GBytes *octets);
/* An IMAP nstring: NIL, quoted, or a literal where quoting cannot say it. */
void mime_nstring(GString *out, const char *text);

#endif
