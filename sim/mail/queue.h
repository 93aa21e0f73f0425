/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_QUEUE_H
#define SIM_MAIL_QUEUE_H

/* The mail transfer agent of one host: takes what its SMTP servers accept, puts local mail into
 * mailboxes, carries the rest to other hosts again and again until it succeeds or gives up, and
 * reports to the sender.
 *
 * State events: subject "mail-queue", key = id, value "from=<a@a.test> to=<b@b.test> state=…" and
 *   queued                                     not tried yet
 *   lookup attempt=2                           the DNS is asked
 *   waiting attempt=2                          all connections are busy
 *   sending attempt=2 via=mx.b.test address=10.0.0.3
 *   deferred attempt=2 next_s=120 reason=…     tried, will be tried again
 *   delivered, sent via=…, failed reason=…, expired reason=…    and then "": it left the queue.
 * Key "log" is not of this subject: what has no message goes to ("log", "mail-queue"). */
#include "sim/mail/directory.h"
#include "sim/mail/envelope.h"
#include "sim/mail/port.h"
#include "sim/mail/secure.h"

enum {
  QUEUE_ITEMS_MAX = 10000,    /* waiting at once; more are refused with 452 */
  QUEUE_MX_MAX = 10,          /* exchanges tried for one domain */
  QUEUE_RETRIES_MAX = 32,     /* entries of a schedule */
  QUEUE_CONNECTIONS_MAX = 20, /* at once, unless the scenario says otherwise */
  QUEUE_PER_DOMAIN_MAX = 5,   /* of those to one domain: others must come through too */
};

/* What a full mailbox means. */
enum queue_full {
  QUEUE_FULL_LATER,  /* 452 4.2.2: room may come, mail waits (RFC 3463 3.3) */
  QUEUE_FULL_REFUSE, /* 552 5.2.2: returned at once */
};

/* How the queue speaks to other hosts (smtp.h). */
struct queue_sends {
  bool pipelines, chunks;
  size_t chunk_octets; /* 0: one BDAT for the whole message */
  bool bare;           /* weak on purpose: a CR or LF that stands alone goes out as it is */
};

struct queue_config {
  struct ports *ports;
  uint32_t host;
  const char *name;                    /* of the host, for EHLO and reports */
  struct directory *directory;         /* who is local; borrowed */
  int64_t retry_ns[QUEUE_RETRIES_MAX]; /* waits; the last one repeats */
  unsigned n_retries;                  /* 0: one minute, doubled up to an hour; 1: that, doubled */
  int64_t expire_ns;                   /* gives up after this. 0: five days */
  int64_t warn_ns;                     /* tells the sender of a delay once; 0: never */
  unsigned connections_max;            /* 0: QUEUE_CONNECTIONS_MAX */
  enum queue_full full;
  const char *relay_host; /* all that is not local goes there; NULL: by MX */
  const char *lmtp_host;  /* mailboxes are there (LMTP); NULL: in the directory's store */
  uint16_t relay_port, lmtp_port;
  const struct queue_sends *sends;    /* borrowed; NULL: the plain way */
  const struct secure_client *secure; /* TLS towards other hosts; borrowed, NULL: none */
};

struct queue;

struct queue *queue_new(const struct queue_config *config);
void queue_free(struct queue *q);
/* Takes a message for all recipients of the envelope: returns its id (valid until the next call),
 * or NULL with a whole reply in *refusal when nothing of it was taken. What cannot be delivered
 * later is reported to the sender. With `fates` (LMTP) every recipient's failure is a reply there
 * instead; those texts live until the next call. */
const char *queue_submit(struct queue *q, const struct envelope *e, GBytes *octets,
                         const char **fates, const char **refusal);
/* Messages that wait. */
unsigned queue_length(const struct queue *q);
/* Tries all that waits for a domain now ("" or NULL: all), as ETRN asks (RFC 1985). How many. */
unsigned queue_kick(struct queue *q, const char *domain);

#endif
