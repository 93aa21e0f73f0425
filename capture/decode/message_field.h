/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_MESSAGE_FIELD_H
#define CAPTURE_DECODE_MESSAGE_FIELD_H

/* The rows of the table of messages and MIME parts, by name, and what message.c and mime_part.c ask
 * of each other; nobody else reads this. */
#include "capture/decode/app.h"

enum {
  IMF,
  DATE,
  FROM,
  SENDER,
  REPLY_TO,
  TO,
  CC,
  BCC,
  MESSAGE_ID,
  IN_REPLY_TO,
  REFERENCES,
  SUBJECT,
  COMMENTS,
  KEYWORDS,
  USER_AGENT,
  RETURN_PATH,
  RECEIVED,
  DELIVERED_TO,
  MIME_VERSION,
  CONTENT_TYPE,
  CONTENT_ENCODING,
  CONTENT_DESCRIPTION,
  CONTENT_ID,
  CONTENT_LANGUAGE,
  MAILER,
  THREAD_INDEX,
  PRIORITY,
  IMPORTANCE,
  PRECEDENCE,
  EXTENSION,
  EXTENSION_TYPE,
  EXTENSION_VALUE,
  DECODED,
  TEXT,
  BAD_HEADER,
  HEADER_END,
  ADDRESS,
  ADDRESS_NAME,
  DOMAIN_ASCII,
  DOMAIN_UNICODE,
  MESSAGE_CUT,
  MULTIPART,
  MULTIPART_TYPE,
  BOUNDARY,
  PART,
  PART_TYPE,
  PART_ENCODING,
  PART_DISPOSITION,
  PART_DESCRIPTION,
  PART_ID,
  PART_BODY,
  PART_NAME,
  PART_CHARSET,
  CONTENT_SIZE,
  CONTENT_TEXT,
  CONTENT_DATA,
  CONTENT_BAD,
  TOO_DEEP,
};

extern const struct field_def message_defs[];

/* What a header says of the body below it; texts may be NULL. Zero-initialise; clear when done. */
struct body_kind {
  char *content_type; /* unfolded */
  char *encoding;
  char *disposition;
};
void body_kind_clear(struct body_kind *kind);

/* All header fields up to the empty line; returns what is behind that. */
struct slice header_build(struct decode *d, struct slice s, bool of_part, struct body_kind *kind);

/* A body by its kind: parts of a multipart, a message inside, or the decoded octets. `depth` counts
 * how often parts lie inside one another. */
void body_build(struct decode *d, struct slice body, const struct body_kind *kind, unsigned depth);

/* A message from its header on, `depth` messages and parts deep. */
void message_build(struct decode *d, struct slice s, unsigned depth);

#endif
