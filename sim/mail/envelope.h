/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ENVELOPE_H
#define SIM_MAIL_ENVELOPE_H

/* What stands around a message on its way: who sends it, who gets it, and what they want to be
 * told. The SMTP server reads it from MAIL and RCPT, the queue keeps it, the SMTP client writes it
 * again. RFC 5321 2.3.1, 3461 (NOTIFY, ORCPT, RET, ENVID), 6152 and 3030 (BODY), 6531 (SMTPUTF8).
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 3461 4.1; 0: nothing was said, which means failure and, as a host likes, delay. */
enum {
  ENVELOPE_NOTIFY_NEVER = 1,
  ENVELOPE_NOTIFY_SUCCESS = 2,
  ENVELOPE_NOTIFY_FAILURE = 4,
  ENVELOPE_NOTIFY_DELAY = 8,
};

enum envelope_ret { ENVELOPE_RET_NONE, ENVELOPE_RET_FULL, ENVELOPE_RET_HDRS };

enum envelope_body { ENVELOPE_BODY_7BIT, ENVELOPE_BODY_8BITMIME, ENVELOPE_BODY_BINARYMIME };

struct envelope_recipient {
  const char *address; /* "local@domain", "postmaster" */
  const char *orcpt;   /* "rfc822;bob@bob.test", xtext decoded; NULL: not given */
  unsigned notify;     /* ENVELOPE_NOTIFY_… */
};

struct envelope {
  const char *sender; /* "" for <> */
  const char *envid;  /* xtext decoded; NULL: not given */
  const struct envelope_recipient *recipients;
  unsigned n_recipients;
  enum envelope_ret ret;
  enum envelope_body body;
  bool is_utf8;      /* SMTPUTF8 was said */
  bool requires_tls; /* REQUIRETLS was said (RFC 8689) */
  uint64_t size;     /* declared by SIZE; 0: not said */
};

/* With texts of its own, all freed by envelope_free(). */
struct envelope *envelope_copy(const struct envelope *e);
void envelope_free(struct envelope *e);

#endif
