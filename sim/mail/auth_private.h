/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_MAIL_AUTH_PRIVATE_H
#define SIM_MAIL_AUTH_PRIVATE_H

/* Inside of authentication, for the files auth*.c and nobody else. */
#include "sim/mail/auth.h"

/* ---- auth_site.c: what a host knows ---- */
const struct store *auth_site_store(const struct auth_site *site);
/* A new "<unique@host>", newly allocated. */
char *auth_site_stamp(struct auth_site *site);
/* The server's part of a SCRAM nonce, newly allocated. */
char *auth_site_nonce(struct auth_site *site);
/* Of an account, known or not: the same name has the same salt for ever. Returns its octets. */
enum { AUTH_SALT_MAX = 64 };
size_t auth_site_salt(const struct auth_site *site, const char *user, uint8_t out[AUTH_SALT_MAX]);
bool auth_site_has_tokens(const struct auth_site *site);
/* Whose token it is, NULL when it is nobody's or too old. */
struct store_user *auth_site_token(const struct auth_site *site, const char *token, size_t n,
                                   int64_t now_ns);
enum auth_account auth_site_account(const struct auth_site *site, const char *user);
bool auth_site_is_locked(const struct auth_site *site, const char *user, const char *peer,
                         int64_t now_ns);
/* Counts a failure. Returns true when it locks the account or the peer; *delay_ns is how long the
 * answer waits. */
bool auth_site_failed(struct auth_site *site, const char *user, const char *peer, int64_t now_ns,
                      int64_t *delay_ns);
void auth_site_succeeded(struct auth_site *site, const char *user, const char *peer);

/* ---- auth_mech.c: the server's half of the mechanisms ---- */
/* One message of the client, base64 already decoded, with a NUL behind it; p NULL: no initial
 * response. Words for the client go to `out`, also beside a final outcome: they are said first. */
enum auth_outcome auth_mech_step(struct auth_server *s, const uint8_t *p, size_t n, int64_t now_ns,
                                 GString *out);
/* Does this text prove the account's password (constant time)? */
bool auth_mech_is_password(const struct store_user *u, const char *password);
void auth_mech_cram(const char *password, const char *challenge, char out[33]);
void auth_mech_apop(const char *password, const char *stamp, char out[33]);

/* ---- auth_scram.c: both halves ---- */
struct auth_scram;
void auth_scram_free(struct auth_scram *s);
enum auth_outcome auth_scram_server(struct auth_server *s, const uint8_t *p, size_t n,
                                    int64_t now_ns, GString *out);
/* The client's next message; NULL with c->problem. */
char *auth_scram_client(struct auth_client *c, const char *challenge, size_t n, size_t *n_out);

/* ---- auth_prep.c ---- */
/* SASLprep (RFC 4013) of a stored string or a query; NULL when it holds what must not be. */
char *auth_prep(const char *text);

/* ---- auth.c ---- */
void auth_base64(GString *out, const void *p, size_t n);
/* A line's octets with a NUL behind them, NULL when it is no base64 with right padding (RFC 4648
 * 3.2). */
uint8_t *auth_unbase64(const char *text, size_t n, size_t *n_out);

#endif
