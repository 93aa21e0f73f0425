/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_MIME_H
#define CAPTURE_DECODE_MIME_H

/* What GMime reads out of an Internet message (RFC 5322, RFC 2045 to 2049, RFC 2231), for those who
 * have its octets. All texts are valid UTF-8. Nothing here fails: what cannot be read is empty. */
#include <glib.h>
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

/* GMime is started once, by whoever uses it first. */
void mime_init(void);

#endif
