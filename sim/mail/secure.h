/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_SECURE_H
#define SIM_MAIL_SECURE_H

/* What a scenario says about TLS: the key `tls` of a mail host's services and of a client's action,
 * and the layers that come of it. OpenSSL is set up when the first of them asks for it. The keys
 * stand in build.h. */
#include "sim/core/tree.h"
#include "sim/tls/tls.h"

struct secure;

struct secure *secure_new(struct world *w);
/* Behind all ports. */
void secure_free(struct secure *s);
/* NULL while nobody speaks TLS. */
const struct tls *secure_tls(const struct secure *s);

/* ---- clients ---- */
struct secure_client {
  struct tls_side *side; /* NULL: no TLS */
  enum tls_use use;      /* inside the protocol; TLS_NEVER with implicit TLS */
  bool is_implicit;
  bool keeps_clear; /* on purpose, for lessons: believes what came in clear behind the go-ahead */
};
/* The keys `tls` and `verify` of an action. */
bool secure_read_client(struct secure *s, const struct tree_node *action, uint32_t host,
                        struct secure_client *out, GError **error);
/* A client made without keys: what a relaying host uses. */
bool secure_make_client(struct secure *s, const struct tree_node *node, uint32_t host,
                        enum tls_use use, bool verifies, struct secure_client *out, GError **error);
/* Takes the machine; `server_name` is what the client calls its server. */
struct endpoint *secure_connect(const struct secure_client *client, struct endpoint *machine,
                                const char *server_name);

/* ---- servers ---- */
struct secure_server {
  struct tls_side *side; /* NULL: no TLS here */
  bool offers, needs;    /* STARTTLS; nothing of value before it */
  bool keeps_clear;      /* on purpose, for lessons: obeys what came in clear behind STARTTLS */
  struct secure_client relay; /* for what the host sends on to others */
};
/* The key `tls` of `services`; `name`: of the host, for its certificate. With `is_wanted` (a port
 * of implicit TLS is served) there is a side even without the key. False with error naming file and
 * line. */
bool secure_read_server(struct secure *s, const struct tree_node *services, uint32_t host,
                        const char *name, bool is_wanted, struct secure_server *out,
                        GError **error);
/* Takes the machine; returns it when there is no TLS. */
struct endpoint *secure_serve(const struct secure_server *server, struct endpoint *machine,
                              bool is_implicit);

#endif
