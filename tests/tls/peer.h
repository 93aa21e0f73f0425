/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

/* OpenSSL used plainly, without anything of the simulator: default library context, its own random
 * octets, memory BIOs. It is an endpoint only so that a pair can carry its octets. */
#include <openssl/ssl.h>

#include "sim/mail/endpoint.h"

struct peer {
  struct endpoint endpoint;
  SSL_CTX *context;
  SSL *ssl;
  BIO *in, *out;
  GByteArray *heard;
  bool is_done /* the handshake */, has_end /* close_notify came */;
  int error;                /* SSL_ERROR_… of the last call that failed for good */
  unsigned alert, n_alerts; /* that came; warnings too */
};

/* A client that trusts the authority and wants `name`; NULL: verifies nothing. */
struct peer *peer_client(const char *authority_pem, const char *name, int max_version);
/* A server with a key and a certificate in PEM. */
struct peer *peer_server(const char *key_pem, const char *certificate_pem, int max_version);
/* Encrypts. */
void peer_say(struct peer *p, const char *text);
/* Brings what OpenSSL wants to send into `out`. */
void peer_flush(struct peer *p);

#endif
