/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_IMAP_CLIENT_H
#define SIM_MAIL_IMAP_CLIENT_H

/* The IMAP client: what a mail program does for its user, step by step, over one connection.
 *
 * Three ways of working (RFC 1733):
 *   online         nothing stays on the device: headers first, a text when it is read
 *   offline        as with POP3: everything is downloaded, then deleted unless it `keeps`
 *   disconnected   the cache stays; with a line it is brought up to date: UIDVALIDITY, what changed
 *                  (CONDSTORE, QRESYNC: RFC 7162, or all flags), what vanished, what was done here
 *
 * RFC 3501; 2177 IDLE, 2342 NAMESPACE, 2971 ID, 3691 UNSELECT, 4315 UIDPLUS, 4959 SASL-IR, 4978
 * COMPRESS, 5161 ENABLE, 6154 SPECIAL-USE, 6851 MOVE, 7162 CONDSTORE and QRESYNC, 7888 LITERAL+.
 *
 * State events: "state", "log"; "suspicion": the server said what a good one does not say; "sync":
 * what a resynchronisation found; "conflict": what was done here and cannot be done there; "found":
 * UIDs of a search; "step": a step is over, "open INBOX octets-in=812 octets-out=40 flights=1"; at
 * the end "count" with the same for all and "seconds=1.234". A flight is what leaves at one go:
 * each costs one round trip. */
#include "sim/mail/auth.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/imap_cache.h"

enum {
  IMAP_CLIENT_SUSPICIONS_MAX = 20, /* then the client leaves: the server is broken or hostile */
  IMAP_CLIENT_PIPELINE_MAX = 16,   /* commands under way at once (RFC 3501 5.5 allows any number) */
  IMAP_CLIENT_STEPS_MAX = 1000,
  IMAP_CLIENT_FLIGHT_MAX = 1 << 20, /* octets that wait in `out` before more commands are added */
};

enum imap_mode { IMAP_ONLINE, IMAP_OFFLINE, IMAP_DISCONNECTED };

enum imap_step_kind {
  IMAP_STEP_FOLDERS,     /* LIST, with subscriptions and special use where offered */
  IMAP_STEP_CREATE,      /* name */
  IMAP_STEP_RENAME,      /* name, to */
  IMAP_STEP_REMOVE,      /* name */
  IMAP_STEP_SUBSCRIBE,   /* name */
  IMAP_STEP_UNSUBSCRIBE, /* name */
  IMAP_STEP_OPEN,        /* name: SELECT, then headers or resynchronisation */
  IMAP_STEP_EXAMINE,     /* name: the same without writing */
  IMAP_STEP_CLOSE,       /* UNSELECT, or CLOSE of what was examined */
  IMAP_STEP_READ,        /* which: their text, then \Seen */
  IMAP_STEP_ATTACHMENTS, /* which: their other parts */
  IMAP_STEP_DOWNLOAD,    /* which: whole */
  IMAP_STEP_FLAG,        /* which, flags and keywords */
  IMAP_STEP_UNFLAG,      /* the same */
  IMAP_STEP_COPY,        /* which, to */
  IMAP_STEP_MOVE,        /* which, to */
  IMAP_STEP_DELETE,      /* which */
  IMAP_STEP_APPEND,      /* name (or a special use, "\Drafts"), octets, flags */
  IMAP_STEP_SEARCH,      /* name: the key ("SUBJECT"), to: what is looked for or NULL */
  IMAP_STEP_IDLE,        /* ns */
  IMAP_STEP_SYNC,        /* name: brought up to date; what was done here is replayed */
  IMAP_STEP_WAIT,        /* ns */
  IMAP_N_STEPS
};

/* Texts and octets are borrowed. */
struct imap_step {
  enum imap_step_kind kind;
  const char *name, *to, *which;
  unsigned flags;
  const char *keywords;
  GBytes *octets;
  int64_t ns; /* APPEND: the internal date in virtual time; -1: the server's own */
};

const char *imap_step_name(enum imap_step_kind kind);
/* IMAP_N_STEPS when there is none of that name. */
enum imap_step_kind imap_step_find(const char *name);
/* Can it be done on the cache, without a line? */
bool imap_step_is_local(enum imap_step_kind kind);

struct imap_client_config {
  struct auth_login login;  /* copied */
  enum auth_mechanism mech; /* AUTH_NONE: LOGIN */
  bool is_careful;          /* no readable secret on a line without TLS */
  enum tls_use tls_use;     /* by STARTTLS */
  bool keeps_clear;         /* see machine_forget_clear() */
  enum imap_mode mode;
  const struct imap_step *steps; /* NULL: what a user of that mode does first in `mailbox` */
  guint n_steps;
  const char *mailbox;      /* NULL: INBOX */
  struct imap_cache *cache; /* borrowed; NULL: one of its own, for this connection */
  struct mailbox *into;     /* where whole messages that are downloaded go besides, or NULL */
  bool keeps;               /* offline: deletes nothing */
  bool pipelines, compresses, identifies;
  uint32_t chunk;      /* octets of one partial fetch; 0: parts come whole */
  const char *ignores; /* capabilities that the program does not know: "QRESYNC CONDSTORE" */
  void (*done)(void *data, bool is_good);
  void *data;
};
struct endpoint *imap_client_new(const struct imap_client_config *config);

/* Does a step on the cache alone. False, and a text for the log, when it cannot be done. */
bool imap_step_do_local(struct imap_cache *c, const char *mailbox, const struct imap_step *step,
                        const char **why);

#endif
