/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_QUEUE_PRIVATE_H
#define SIM_MAIL_QUEUE_PRIVATE_H

/* Between the files of the queue: queue.c (items, schedule), queue_take.c (taking), queue_route.c
 * (which hosts), queue_send.c (one attempt), queue_local.c (mailboxes), queue_report.c (what the
 * sender is told).
 */
#include "sim/core/random.h"
#include "sim/mail/machine.h"
#include "sim/mail/queue.h"
#include "sim/mail/smtp.h"

enum { QUEUE_ADDRESSES_MAX = 4 /* of one exchange: two of each family */, QUEUE_SMTP_PORT = 25 };

/* A message as it was taken, shared by its items. */
struct queue_message {
  grefcount refs;
  char *id;
  struct envelope *envelope; /* its recipients are not used */
  GBytes *octets;
  int64_t since_ns;
};

struct queue_recipient {
  char *address, *orcpt;
  unsigned notify;
  /* For mailboxes. */
  struct store_user *user;
  char *folder;
};

enum queue_transport { QUEUE_SMTP, QUEUE_LMTP, QUEUE_LOCAL };

/* A message on its way to one domain. */
struct queue_item {
  struct queue *queue;
  struct queue_message *message;
  char *id, *domain;
  enum queue_transport transport;
  uint16_t port;
  GPtrArray *recipients; /* struct queue_recipient* */
  unsigned n_attempts;
  bool is_active;  /* holds one of the connections */
  bool is_warned;  /* the delay was reported */
  bool is_waiting; /* for a connection */
  uint64_t timer;
  GPtrArray *exchanges; /* char*, best first */
  guint next_exchange;
  const char *exchange;                          /* that is tried */
  struct ip_addr addresses[QUEUE_ADDRESSES_MAX]; /* of it, best first */
  unsigned n_addresses, next_address;
  bool saw_temporary; /* in this attempt: something that may be better later */
  char *reason;       /* of the last failure, "4.4.1 …" */
};

struct queue {
  struct queue_config config;
  struct world *world;
  struct random_stream random;
  char *name, *relay_host, *lmtp_host;
  GPtrArray *items; /* struct queue_item* */
  unsigned n_ids, n_reports, n_active;
  char *id;           /* of the last message, lent to the server */
  GQueue waiting;     /* struct queue_item*: for a connection, first come first served */
  GHashTable *active; /* domain -> connections; never iterated */
  uint64_t starter;
};

static inline int64_t
queue_now(const struct queue *q)
{
  return world_now(q->world);
}

/* ---- queue.c ---- */
void queue_tell(const struct queue_item *item, const char *format, ...) G_GNUC_PRINTF(2, 3);
void queue_set_reason(struct queue_item *item, const char *reason);
struct queue_recipient *queue_recipient_new(const char *address, const char *orcpt,
                                            unsigned notify);
void queue_recipient_free(void *recipient);
struct queue_message *queue_message_ref(struct queue_message *m);
void queue_message_unref(struct queue_message *m);
/* Will be tried again, or is given up. */
void queue_defer(struct queue_item *item);
/* It leaves the queue; the item is gone. */
void queue_finish(struct queue_item *item);
/* One attempt begins. */
void queue_attempt(struct queue_item *item);

struct queue_message *queue_message_new(const struct queue *q, const char *id,
                                        const struct envelope *e, GBytes *octets);
void queue_attempt_at(struct queue_item *item, int64_t time_ns);

/* ---- queue_take.c ---- */
/* Takes a report of this host; it is never refused. */
void queue_submit_own(struct queue *q, const struct envelope *e, GBytes *octets);

/* ---- queue_route.c: finds the hosts to try, then calls queue_try_next() ---- */
void queue_route(struct queue_item *item);
/* The addresses of the next exchange; then queue_try_next() again. False when none is left. */
bool queue_next_exchange(struct queue_item *item);

/* ---- queue_send.c ---- */
/* The next address, the next exchange, or the attempt is over. */
void queue_try_next(struct queue_item *item);

/* ---- queue_local.c ---- */
/* Into the mailbox; false when it is full. */
bool queue_deliver(struct queue *q, const struct queue_message *m, const struct queue_recipient *r);
/* One attempt for an item of mailboxes. */
void queue_try_local(struct queue_item *item);

/* ---- queue_report.c ---- */
struct queue_fate {
  const struct queue_recipient *recipient;
  const char *reason; /* "5.1.1 …"; NULL for good news */
  unsigned code;      /* of the reply; 0: it was found out here */
  const char *remote; /* who said it, or NULL */
};
/* Tells the sender, of those who are to be told about; `action` is an enum dsn_action. */
void queue_report(struct queue *q, const struct queue_message *m, unsigned action,
                  const struct queue_fate *fates, unsigned n);
/* All recipients of an item failed alike; the item is gone. */
void queue_fail_all(struct queue_item *item, const char *reason);

#endif
