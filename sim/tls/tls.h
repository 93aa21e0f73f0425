/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_TLS_TLS_H
#define SIM_TLS_TLS_H

/* TLS for the simulated network: OpenSSL between a mail machine and its connection, as an endpoint
 * around an endpoint (sim/mail/endpoint.h). Of sim/mail this folder knows endpoint.h, machine.h and
 * date.h only.
 *
 *     struct tls        one for each world: a library context of OpenSSL of its own, whose random
 *                       octets come from the world's streams, and the test authority
 *     struct tls_side   what all connections of one listener or one client share: versions, key,
 *                       certificate, what is asked of the peer
 *     layer             one connection
 *
 * The same world gives the same octets: no clock but the world's (dates of certificates), no chance
 * but its streams, no tickets (RFC 5077, RFC 8446 4.6.1: they hold the computer's time), a key
 * object for each connection (RSA blinding keeps state in it). The octets depend on the release of
 * OpenSSL: tls_library() names it. */
#include "sim/core/world.h"
#include "sim/mail/endpoint.h"

enum {
  TLS_HANDSHAKE_MAX = 128 << 10, /* octets from the peer before the handshake must be over: chains
                                    of real servers have 3 to 8 KiB */
  TLS_CHAIN_MAX = 32 << 10,      /* octets of the peer's certificates */
};
/* A peer that stops in the midst of a handshake is left after this; virtual time. */
#define TLS_HANDSHAKE_WAIT_NS (60 * INT64_C(1000000000))
/* So long the peer's close_notify is waited for behind one's own. */
#define TLS_CLOSE_WAIT_NS (30 * INT64_C(1000000000))

enum tls_key {
  TLS_KEY_P256,
  TLS_KEY_RSA,
  TLS_KEY_ED25519,
  TLS_KEY_RSA1024,
  TLS_KEY_CA,
  TLS_N_KEYS
};
enum tls_version { TLS_VERSION_DEFAULT, TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3, TLS_N_VERSIONS };

/* What is wrong with a certificate; lessons are about the bad ones. */
enum tls_certificate {
  TLS_CERTIFICATE_GOOD,
  TLS_CERTIFICATE_EXPIRED,     /* since the last second of 2025: virtual time begins behind it */
  TLS_CERTIFICATE_EARLY,       /* not valid before 2040 */
  TLS_CERTIFICATE_SELF_SIGNED, /* nobody vouches for it */
  TLS_CERTIFICATE_WRONG_NAME,  /* it is for www.elsewhere.test */
  TLS_CERTIFICATE_WEAK,        /* RSA with 1024 bits */
  TLS_N_CERTIFICATES
};

/* Does a server ask its clients for a certificate (SASL EXTERNAL, RFC 4422 A)? */
enum tls_ask { TLS_ASK_NONE, TLS_ASK_OPTIONAL, TLS_ASK_REQUIRED, TLS_N_ASKS };

/* Words of scenarios: "good", "self-signed"; "p256", "rsa"; "1.2"; "required". False when unknown.
 */
bool tls_certificate_find(const char *word, enum tls_certificate *out);
bool tls_key_find(const char *word, enum tls_key *out);
bool tls_version_find(const char *word, enum tls_version *out);
bool tls_ask_find(const char *word, enum tls_ask *out);

/* ---- one for each world ---- */
struct tls;

/* Borrows the world. NULL with error (G_IO_ERROR_FAILED) when OpenSSL lacks what is needed. */
struct tls *tls_new(struct world *w, GError **error);
/* Behind all layers. */
void tls_free(struct tls *t);
/* The certificate of the test authority, for real programs that are to trust it; PEM, borrowed. */
const char *tls_authority_pem(const struct tls *t);
/* "3.0.15", of OpenSSL: part of what a run with TLS is a function of. */
const char *tls_library(void);

/* ---- sides: live as long as their struct tls ---- */
struct tls_side;

struct tls_server_config {
  uint32_t host;     /* whose random stream is drawn from */
  const char *name;  /* that the certificate is for; also an address in digits */
  char *const *also; /* more names and addresses, NULL-terminated, or NULL */
  enum tls_certificate certificate;
  enum tls_key key;          /* TLS_CERTIFICATE_WEAK has its own */
  enum tls_version min, max; /* default: 1.2 and 1.3 */
  enum tls_ask ask;
};
/* Make all sides before the first event, in an order that the scenario gives: a side's number names
 * its random stream. NULL with error. */
struct tls_side *tls_server_new(struct tls *t, const struct tls_server_config *config,
                                GError **error);

struct tls_client_config {
  uint32_t host;
  bool is_lenient; /* goes on whatever the certificate is, and says what is wrong with it */
  enum tls_version min, max;
  const char *user; /* the client's own certificate is for this mail address; NULL: it has none */
};
struct tls_side *tls_client_new(struct tls *t, const struct tls_client_config *config,
                                GError **error);

/* ---- layers ---- */

/* Takes the machine. `server_name` (copied): what a client wants to reach, sent as SNI (RFC 6066 3;
 * not an address) and compared with the certificate (RFC 9525); NULL: any certificate of the
 * authority is good. With `is_implicit` the handshake comes first (RFC 8314 3.3): the machine's
 * upgraded() and start() are called behind it.
 *
 * Events, beside those of the machine:
 *   "tls"   "handshake"; then "TLSv1.3 TLS_AES_256_GCM_SHA384", at a client with " verified" or
 *           " unverified: REASON" behind it, at a server with " verified NAME" when the client
 *           showed a certificate; or "failed: REASON"; at the end "closed" or "cut"
 *   "log"   alerts of both sides; octets that were cut off */
struct endpoint *tls_layer_new(struct tls_side *side, struct endpoint *machine,
                               const char *server_name, bool is_implicit);

#endif
