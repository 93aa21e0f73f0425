/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_ACTION_ERRAND_H
#define SIM_MAIL_ACTION_ERRAND_H

/* What the files of the verbs share (action.c: the table; action_send.c; action_read.c). Each verb
 * is a pair: `action_read_X` reads and checks its keys, the errand's `make` gives the machine that
 * goes to the server. */
#include "sim/mail/action.h"
#include "sim/mail/auth.h"
#include "sim/mail/compose.h"
#include "sim/mail/imap_change.h"
#include "sim/mail/secure.h"
#include "sim/mail/store.h"

/* What one host keeps of the mail it read. */
struct keeper {
  uint32_t host;
  struct mail_verbs *verbs;
  struct store *store;
  struct mailbox *mailbox;
  GHashTable *known;  /* UIDL -> struct pop_seen */
  GHashTable *caches; /* "user@server" -> struct imap_cache* */
};

/* One action: its keys. */
struct errand {
  struct mail_verbs *verbs;
  struct action *action;
  struct endpoint *(*make)(struct errand *e);

  const char *server, *user, *password, *subject;
  uint16_t port;
  struct secure_client secure;
  enum auth_mechanism mech; /* AUTH_NONE: the protocol's usual way */
  const char *token, *authzid;
  bool is_careful;             /* `clear: false` */
  struct random_stream random; /* of its logins: action_errand_random() */
  struct compose_person from;
  GArray *to; /* struct compose_person */
  char *text;
  bool keeps;
  void *own; /* what one verb has besides */
  void (*own_free)(void *own);
};

struct mail_verbs {
  struct ports *ports;
  struct secure *secure;
  struct world *world;
  GPtrArray *keepers; /* struct keeper* */
};

/* The host's store of mail that it has read; made when first asked for. */
struct keeper *action_keeper(struct mail_verbs *all, uint32_t host);
/* Its cache of the IMAP account that the errand is about. */
struct imap_cache *action_cache(struct errand *e);

/* ---- for the verbs' `read` ---- */
struct errand *action_errand_new(void *owner, struct action *action,
                                 struct endpoint *(*make)(struct errand *e));
void action_errand_free(void *own);
/* The errand, or NULL when reading it failed. */
void *action_errand_kept(struct errand *e, bool is_good);
/* server, port, user, password, and how to log in: auth, token, authzid, clear. When it `logs_in`,
 * user and password (or token) must be there. */
bool action_read_account(struct errand *e, int64_t standard_port, bool logs_in, GError **error);
/* For the nonces of this errand's logins. */
const struct random_stream *action_errand_random(struct errand *e);
/* Finds the server and connects the machine of `make`: the verbs' `begin`. */
void action_errand_begin(struct action *action, void *own);
/* The `done` of a machine that only says whether all went well; `data` is the errand. */
void action_errand_over(void *data, bool is_good);

/* ---- the verbs ---- */
void *action_read_send(void *owner, struct action *action, GError **error);
void *action_read_fetch_pop(void *owner, struct action *action, GError **error);
void *action_read_imap(void *owner, struct action *action, GError **error);
void action_begin_imap(struct action *action, void *own);
void *action_read_talk(void *owner, struct action *action, GError **error);

#endif
