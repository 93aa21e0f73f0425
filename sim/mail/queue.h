/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_QUEUE_H
#define SIM_MAIL_QUEUE_H

/* The mail transfer agent of one host: takes what its SMTP servers accept, puts local mail into
 * mailboxes, and carries the rest to other hosts, again and again until it succeeds or gives up.
 * State events: subject "mail-queue", key = id, value "to=<…> state=…", "" when it left the queue.
 */
#include "sim/mail/port.h"
#include "sim/mail/smtp.h"

enum {
  QUEUE_ITEMS_MAX = 10000, /* waiting at once; more are refused with 452 */
  QUEUE_MX_MAX = 10,       /* exchanges tried for one domain */
};

struct queue_config {
  struct ports *ports;
  uint32_t host;
  const char *name;     /* of the host, for EHLO and bounces */
  char *const *domains; /* NULL-terminated: delivered here */
  struct store *store;  /* mailboxes of those domains */
  bool is_open_relay;   /* takes mail from anybody for anywhere */
  int64_t retry_ns;     /* first wait; doubles up to an hour. 0: one minute */
  int64_t expire_ns;    /* gives up after this. 0: five days */
};

struct queue;

struct queue *queue_new(const struct queue_config *config);
void queue_free(struct queue *q);
/* What the SMTP servers of this host ask. */
struct smtp_site queue_site(struct queue *q);

#endif
