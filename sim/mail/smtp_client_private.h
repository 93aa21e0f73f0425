/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SMTP_CLIENT_PRIVATE_H
#define SIM_MAIL_SMTP_CLIENT_PRIVATE_H

/* Inside of the SMTP client machine, shared by its files and nobody else:
 *   smtp-client       life, input, the table of steps, what a reply does
 *   smtp-client-say   what is said: EHLO, MAIL with its parameters, the content
 *   smtp-letter       what a message needs of the server, and whether the server has it */
#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/smtp.h"

enum smtp_step {
  STEP_GREETING,
  STEP_EHLO, /* or LHLO */
  STEP_HELO,
  STEP_STARTTLS,
  STEP_AUTH,
  STEP_MAIL,
  STEP_RCPT,
  STEP_DATA,
  STEP_CONTENT, /* the reply, or in LMTP one of the replies, behind the message */
  STEP_BDAT,
  STEP_RSET,
  STEP_QUIT,
  N_STEPS
};

/* A reply that has not come yet. */
struct smtp_awaited {
  enum smtp_step step;
  unsigned index; /* RCPT, CONTENT of LMTP: the recipient */
};

/* What the octets of a message ask of a server. */
struct smtp_needs {
  bool is_8bit;   /* octets above 127 */
  bool is_binary; /* NUL, or a CR or LF that stands alone */
  bool is_utf8;   /* addresses, or with SMTPUTF8 the header, beyond ASCII */
};

struct smtp_client {
  struct endpoint endpoint;
  struct smtp_client_config config;
  char *name;
  enum smtp_state state;
  int64_t now_ns;
  bool is_started, is_over;
  bool has_said_odd;  /* the log has told of odd octets in replies */
  bool has_met_haste; /* … and of a reply that came before its command */
  struct auth_client auth;
  bool is_tls_refused; /* opportunistic: go on in clear */

  /* what EHLO offered: bits 1u << enum smtp_extension */
  unsigned offers;
  guint64 size_limit;

  /* the letter */
  struct envelope *envelope;
  GBytes *octets;
  struct smtp_needs needs;
  struct smtp_recipient_result *results;
  bool *is_decided;
  bool *is_accepted; /* RCPT */
  unsigned n_accepted;
  bool is_told, is_mail_refused, is_content_said, needs_rset;
  gsize chunk_at; /* octets that went out by BDAT */

  /* replies */
  struct lines lines;
  GArray *awaited;        /* struct smtp_awaited, the next one first */
  unsigned n_lines, code; /* of the reply that is coming in */
  char *text;             /* its last line's text, odd octets as "?" */
};

/* ---- smtp_client_say.c ---- */
bool smtp_client_has(const struct smtp_client *c, enum smtp_extension extension);
void smtp_client_say(struct smtp_client *c, enum smtp_step step, unsigned index);
/* A line of EHLO's answer. */
void smtp_client_note_offer(struct smtp_client *c, const char *text);
/* The message by DATA, dots stuffed; without recipients only its end (RFC 2920 3.1). */
void smtp_client_say_content(struct smtp_client *c);

/* ---- smtp_letter.c ---- */
struct smtp_needs smtp_letter_needs(const struct envelope *e, GBytes *octets);
/* Can the server not take it as it is? *why has an enhanced code in front. */
bool smtp_letter_obstacle(const struct smtp_client *c, struct lang_pair *why);
/* Text of a reply as it may be shown, kept and sent on: what is neither printable ASCII nor, in an
 * internationalized transaction, UTF-8, becomes "?". *is_odd when there was some. */
char *smtp_letter_clean(const uint8_t *p, size_t n, bool is_utf8, bool *is_odd);

#endif
