/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_STORE_PRIVATE_H
#define SIM_MAIL_STORE_PRIVATE_H

/* Between the files of the store: store.c (users, telling), store_mailbox.c, store_message.c. */
#include "sim/mail/store.h"

struct store {
  char *client; /* host name, or NULL */
  store_listener listener;
  void *listener_data;
  GPtrArray *users;           /* struct store_user* */
  struct store_user *shared;  /* owns the shared mailboxes; nobody logs in as it. May be NULL */
  uint32_t next_uid_validity; /* rises with every mailbox, RFC 3501 2.3.1.1 */
};

struct store_user *store_user_new(struct store *s, const char *name, const char *password);
/* Without a look at name and limits. */
struct mailbox *store_mailbox_new(struct store_user *u, const char *name);
/* Tells the listener of a message, and of a mailbox. */
void store_tell(struct mailbox *b, const struct store_message *m, bool is_gone);
void store_tell_mailbox(const struct mailbox *b, bool is_gone);
void store_call_watches(struct mailbox *b);

#endif
