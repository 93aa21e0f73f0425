/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_BOUNCE_H
#define SIM_MAIL_BOUNCE_H

/* The report to a sender that a message was not delivered (RFC 3464). */
#include <glib.h>
#include <stdint.h>

struct bounce {
  const char *host;      /* that reports */
  const char *sender;    /* whom it is reported to */
  const char *recipient; /* who did not get it */
  const char *status;    /* "5.1.1" */
  const char *reason;    /* the reply or what went wrong */
  const char *id;        /* unique on this host */
  GBytes *octets;        /* of the message */
};

GBytes *bounce_message(const struct bounce *b, int64_t now_ns);

#endif
