/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POP_SESSION_H
#define SIM_MAIL_POP_SESSION_H

/* Inside of the POP3 server machine, shared by its two files and nobody else:
 *   pop_server   life, verb table, AUTHORIZATION, what is said in any state
 *   pop_drop     the maildrop: the commands of TRANSACTION, and UPDATE */
#include "capture/wire/mail.h"
#include "sim/mail/machine.h"
#include "sim/mail/pop.h"

struct pop_server {
  struct endpoint endpoint;
  struct store *store;
  char *name;
  struct pop_policy policy;
  bool offers_tls, keeps_clear;
  enum pop_state state;
  bool is_started;
  bool has_utf8; /* the client said UTF8 */
  struct lines lines;
  char *user_name; /* between USER and PASS */
  struct auth_server auth;
  unsigned n_bad;
  int64_t now_ns;

  /* TRANSACTION: a snapshot of INBOX */
  struct store_user *user;
  bool is_read_only;
  struct mailbox *inbox; /* held */
  GPtrArray *drop;       /* struct store_message* */
  struct pop_mark {
    bool is_deleted, is_read;
  } * marks; /* of each message */
};

/* ---- pop_server.c ---- */
void pop_reply(struct pop_server *s, const char *line);
/* -ERR; too many of them end the session. */
void pop_refuse(struct pop_server *s, const char *line);

/* ---- pop_drop.c ---- */
/* Locks the maildrop of s->user and takes the snapshot. False: another session has it. */
bool pop_drop_open(struct pop_server *s);
/* UPDATE: removes what is marked; false when something could not be removed (RFC 1939 6). */
bool pop_drop_update(struct pop_server *s);
/* Unlocks; nothing is removed. */
void pop_drop_close(struct pop_server *s);
uint64_t pop_drop_octets(const struct pop_server *s, unsigned *n_messages);

void pop_act_stat(struct pop_server *s, const char *arg);
void pop_act_list(struct pop_server *s, const char *arg);
void pop_act_uidl(struct pop_server *s, const char *arg);
void pop_act_retr(struct pop_server *s, const char *arg);
void pop_act_top(struct pop_server *s, const char *arg);
void pop_act_dele(struct pop_server *s, const char *arg);
void pop_act_rset(struct pop_server *s, const char *arg);

#endif
