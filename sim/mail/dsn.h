/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_DSN_H
#define SIM_MAIL_DSN_H

/* The report to a sender about what became of a message (RFC 3464), as a message of its own. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
  /* A message larger than this comes back as its header only unless RET=FULL was said: whoever
   * sends much would get it all again for each that failed. */
  DSN_RETURN_MAX = 50000,
  DSN_TEXT_MAX = 400, /* octets of a reply that are told: lines end before 998 (RFC 5322 2.1.1) */
};

enum dsn_action { DSN_FAILED, DSN_DELAYED, DSN_DELIVERED, DSN_RELAYED, DSN_EXPANDED };

/* One recipient of the report, RFC 3464 2.3. */
struct dsn_recipient {
  const char *address;
  const char *orcpt;      /* "rfc822;bob@b.test" as the sender gave it, or NULL */
  const char *status;     /* "5.1.1" */
  const char *diagnostic; /* "550 5.1.1 No such user", or what went wrong here */
  const char *remote;     /* the host that said it; NULL: it was this one */
};

struct dsn {
  enum dsn_action action;
  const char *host;  /* that reports */
  const char *to;    /* whom it is reported to */
  const char *id;    /* unique on this host */
  const char *envid; /* or NULL */
  const struct dsn_recipient *recipients;
  unsigned n_recipients;
  int64_t arrival_ns;
  int64_t until_ns;   /* DSN_DELAYED: when it is given up */
  GBytes *octets;     /* of the message */
  bool returns_all;   /* RET=FULL */
  bool returns_heads; /* RET=HDRS */
  bool is_utf8;       /* the message was SMTPUTF8: the report's forms of RFC 6533 */
};

/* The report; octets of 8 bits only when the message has them. */
GBytes *dsn_write(const struct dsn *d, int64_t now_ns);

/* The enhanced status code at the head of a reply's text, "5.1.1 No such user"; else the general
 * one of the class, '4' or '5'. Newly allocated. */
char *dsn_status(const char *text, char class_digit);

#endif
