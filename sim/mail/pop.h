/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_POP_H
#define SIM_MAIL_POP_H

/* The POP3 server. RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH), 6856 (UTF8). */
#include "sim/mail/auth.h"
#include "sim/mail/endpoint.h"
#include "sim/mail/store.h"

enum {
  POP_COMMAND_MAX = 255, /* RFC 2449 4, with CRLF */
  POP_BAD_MAX = 20,      /* as SMTP_BAD_MAX */
};

/* What a maildrop's keeper demands. Read from `services.HOST.pop3`:
 *   expire: never        days after which the server removes a message (EXPIRE, RFC 2449 6.7);
 *                        0: what was read by RETR is removed at QUIT
 *   login_delay: 0       the least time between two logins of an account (LOGIN-DELAY, 6.5)
 *   utf8: true           UTF8 and LANG are offered (RFC 6856). DEVIATION: a header in UTF-8 is also given
 *                        to clients that did not say UTF8, as all servers of today do: fetchers stop
 *                        for good at a refusal. strict: such a client gets -ERR [UTF8]
 *   update_fails: false  true: no message can be removed, for the lesson about -ERR behind QUIT */
struct pop_policy {
  int expire_days; /* -1: never */
  int64_t login_delay_ns;
  bool offers_utf8, is_utf8_strict, update_fails;
};
extern const struct pop_policy pop_policy_default;
/* The keys above out of a service's map; a scalar leaves the default. */
bool pop_policy_read(const struct tree_node *service, struct pop_policy *policy, GError **error);

struct pop_server_config {
  const char *name;
  struct store *store;
  const struct pop_policy *policy; /* NULL: the default; copied */
  bool offers_tls;                 /* STLS; a TLS layer stands around the machine */
  bool needs_tls;                  /* no login in clear */
  bool keeps_clear;                /* see machine_forget_clear() */
  struct auth_site *auth;          /* who may log in, and how; borrowed */
  const char *peer;                /* the client's address */
};
struct endpoint *pop_server_new(const struct pop_server_config *config);

#endif
