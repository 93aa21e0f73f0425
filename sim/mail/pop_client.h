/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POP_CLIENT_H
#define SIM_MAIL_POP_CLIENT_H

/* The POP3 client: fetches a maildrop into the local store, as a mail program does. RFC 1939, 2449
 * (CAPA, PIPELINING, RESP-CODES), 2595 (STLS), 5034 (AUTH).
 *
 * State events: "state", "log"; "auth", the mechanism; "header" of a message that was looked at by
 * TOP, "1 size=812 subject=…"; "suspicion": the server said what a good one does not say; at the
 * end "count", as the IMAP client's: "octets-in=… octets-out=… flights=… seconds=1.234". */
#include "sim/mail/auth.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/store.h"

enum {
  POP_LINE_MAX = 1 << 16,     /* 512 by the RFC, and message lines are longer */
  POP_MESSAGES_MAX = 100000,  /* announced by STAT */
  POP_MESSAGE_MAX = 64 << 20, /* octets of one message */
  POP_HEADER_MAX = 1 << 20,   /* octets of what TOP gives */
  POP_PIPELINE_MAX = 16,      /* commands under way at once */
  POP_SUSPICIONS_MAX = 20,    /* then the client leaves */
};

/* What a device remembers of a message that it has, by its UIDL. */
struct pop_seen {
  int64_t since_ns;
  char *digest; /* SHA-256 of its octets: a server may give the same message another UIDL */
};
/* UIDL -> struct pop_seen, for `known`. */
GHashTable *pop_known_new(void);

struct pop_client_config {
  struct auth_login login;  /* copied */
  enum auth_mechanism mech; /* AUTH_NONE: USER and PASS */
  bool is_careful;          /* no readable secret on a line without TLS */
  enum tls_use tls_use;     /* by STLS */
  bool keeps_clear;         /* see machine_forget_clear() */
  struct mailbox *into;     /* where messages are kept */
  GHashTable *known;        /* over several sessions, or NULL */
  bool keeps;               /* leaves the messages on the server, and fetches only unknown UIDLs */
  int64_t delete_after_ns;  /* keeps, and deletes what is here for so long; 0: never */
  bool peeks;               /* looks at headers by TOP first */
  const char *wanted;   /* fetches only messages with this in their subject (peeks); NULL: all */
  int64_t n_octets_max; /* leaves larger ones where they are; 0: takes all */
  bool pipelines;       /* when CAPA says PIPELINING */
  bool drops;           /* hangs up in the place of QUIT, for lessons */
  void (*done)(void *data, bool is_good);
  void *data;
};
struct endpoint *pop_client_new(const struct pop_client_config *config);

#endif
