/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_MIME_H
#define CAPTURE_DECODE_MIME_H

/* What GMime reads out of an Internet message (RFC 5322, RFC 2045 to 2049, RFC 2231), for those who
 * have its octets. All texts are valid UTF-8. Nothing here fails: what cannot be read is empty. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What a list of messages shows of each; encoded words are decoded. Never NULL after reading. */
struct mime_head {
  char *message_id; /* without angle brackets */
  char *subject;
  char *from, *to;
  char *date; /* as it stands in the message */
};

/* Reads the header at the front of a message; at most 256 KiB of it. */
void mime_head_read(struct mime_head *head, const uint8_t *p, size_t n);
void mime_head_clear(struct mime_head *head);

/* The text with its encoded words read (RFC 2047); NULL when it has none. g_free(). */
char *mime_words(const char *text);

/* Each address of a field, at most n_max, members of groups too; `name` (decoded) may be NULL. The
 * mailbox's domain is as people read it, that of `ascii` as DNS knows it; one of them stands in the
 * text. */
typedef void (*mime_address)(void *data, const char *name, const char *mailbox, const char *ascii);
void mime_each_address(const char *text, unsigned n_max, mime_address each, void *data);

/* A domain that is internationalised, both ways (RFC 5890): g_free() each. False, and both NULL,
 * when it is plain ASCII, or no valid one. */
bool mime_domain(const char *domain, char **ascii, char **unicode);

/* What Content-Type and Content-Disposition say; NULL where they say nothing. `type` is
 * "text/plain" when the text says no type (RFC 2045 5.2). */
struct mime_type {
  char *type; /* in small letters */
  char *boundary, *charset, *name;
};
void mime_type_read(struct mime_type *type, const char *content_type, const char *disposition);
void mime_type_clear(struct mime_type *type);

enum mime_coding { MIME_PLAIN, MIME_BASE64, MIME_QUOTED };
enum mime_coding mime_coding_find(const char *encoding);
/* Decodes n octets; `out` is set to the result. */
void mime_decode_body(enum mime_coding coding, const uint8_t *p, size_t n, GByteArray *out);

/* Octets of a text in a character set as UTF-8; NULL when the set is not known. g_free(). */
char *mime_text(const char *charset, const uint8_t *p, size_t n);

/* GMime is started once, by whoever uses it first. */
void mime_prepare(void);

#endif
