/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CAPTURE_DECODE_APP_H
#define CAPTURE_DECODE_APP_H

/* What the decoders of SMTP, POP3 and IMAP share: lines, the summary's "C:" and "S:", SASL. */
#include "capture/decode/build.h"

#include "capture/wire/mail.h"
#include "capture/wire/sasl.h"

/* The line without its end. */
struct slice line_cut(struct slice s);

/* One line for the summary: "C: " or "S: " before the first one of a frame, " | " between them.
 * Octets that are a secret are masked unless this decode reveals. */
void app_info_line(struct decode *d, const struct element *e, struct slice line);

/* What stands behind the fields of every line: the state in which it left the session, and a mark
 * when it breaks the rules; both generated. */
struct app_tail {
  const struct field_def *state, *odd;
  const struct mail_state *states; /* n_states rows */
  unsigned n_states;
};
void app_tail_build(struct decode *d, const struct app_tail *tail, const struct element *e,
                    struct slice s);

/* Where the octets of an element come from when they do not lie in the frame. */
enum source_kind app_source_kind(const struct element *e);

/* The octets of another element of the trace, read into a buffer of the decode that the next call
 * overwrites; at most BUILD_TEXT_MAX of them. */
struct slice app_other_element(struct decode *d, uint32_t index);

/* The mechanism of the exchange to which an ELEMENT_AUTH line belongs, and which message of the
 * client it is (from 0). `words` is how many words stand before the mechanism's name in the
 * command. */
enum sasl_mechanism app_auth_step(struct decode *d, const struct element *e, unsigned words,
                                  unsigned *step);

/* The mechanism alone, by the command that began the exchange (an index of an element). */
enum sasl_mechanism app_auth_mechanism(struct decode *d, uint32_t command, unsigned words);

/* Decodes base64 into a BASE64 source; false when the text is none (then up to where it was). When
 * DECODE_SOURCES_MAX are there already, *decoded is empty and still of the text's own source. */
bool app_base64_source(struct decode *d, struct slice text, struct slice *decoded);

/* The mechanism's name in a command. */
void auth_name_build(struct decode *d, struct slice name);

/* The server's message of a SASL exchange, base64 in `text`: a BASE64 source and what it says.
 * `words` as in app_auth_step(). */
void challenge_build(struct decode *d, const struct element *e, struct slice text, unsigned words);

/* The client's message of a SASL exchange, base64 in `text`: a BASE64 source and what it says. */
void auth_build(struct decode *d, struct slice text, enum sasl_mechanism mechanism, unsigned step);

/* A message ends before this line, or behind this run when `end` is one: it is read from the stream
 * from its first octet on, once the protocol's own layer is complete, because it is a layer of its
 * own. */
void app_message_build(struct decode *d);
void app_messages_decode(struct decode *d);

#endif
