/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POP_H
#define SIM_MAIL_POP_H

/* The POP3 machines. RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH). */
#include "sim/mail/auth.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/store.h"

enum {
  POP_COMMAND_MAX = 255,      /* RFC 2449 4, with CRLF */
  POP_BAD_MAX = 20,           /* as SMTP_BAD_MAX */
  POP_LINE_MAX = 1 << 16,     /* the client: 512 by the RFC, and message lines are longer */
  POP_MESSAGES_MAX = 100000,  /* the client: announced by STAT */
  POP_MESSAGE_MAX = 64 << 20, /* the client: octets of one message */
};

struct pop_server_config {
  const char *name;
  struct store *store;
  struct auth_site *auth; /* who may log in, and how; borrowed */
  const char *peer;       /* the client's address */
  bool offers_tls;        /* STLS; a TLS layer stands around the machine */
  bool needs_tls;         /* no login in clear */
  bool keeps_clear;       /* see machine_forget_clear() */
};
struct endpoint *pop_server_new(const struct pop_server_config *config);

struct pop_client_config {
  const char *user, *password;
  struct mailbox *into; /* where messages are kept */
  bool keeps;           /* leaves the messages on the server, and fetches only unknown UIDLs */
  enum tls_use tls_use; /* by STLS */
  bool keeps_clear;     /* see machine_forget_clear() */
  GHashTable *known;    /* UIDL set (char* owned) over several sessions, or NULL */
  void (*done)(void *data, bool is_good);
  void *data;
};
struct endpoint *pop_client_new(const struct pop_client_config *config);

#endif
