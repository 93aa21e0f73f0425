/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_TLS_TLS_PRIVATE_H
#define SIM_TLS_TLS_PRIVATE_H

/* What tls.c and tls_layer.c share. */
#include <openssl/ssl.h>

#include "sim/tls/tls_certificate.h"
#include "sim/tls/tls_source.h"

struct tls {
  struct world *world;
  struct tls_source *source;
  struct tls_authority authority;
  BIO_METHOD *bio;  /* between OpenSSL and a layer */
  GPtrArray *sides; /* struct tls_side* */
  GHashTable *told; /* lines of the key log: both ends of a connection have the same */
  char *authority_pem;
};

struct tls_side {
  struct tls *tls;
  uint32_t host;
  unsigned number, n_connections; /* they name the random streams */
  bool is_server, is_lenient;
  SSL_CTX *context;
  EVP_PKEY *key; /* NULL: none; each connection works with a copy */
  X509 *certificate;
};

/* ---- tls_layer.c: what OpenSSL calls ---- */
BIO_METHOD *tls_layer_bio(void);
void tls_layer_keylog(const SSL *ssl, const char *line);
int tls_layer_verify(int is_good, X509_STORE_CTX *chain);
void tls_layer_alert(const SSL *ssl, int where, int value);

/* ---- tls.c ---- */
/* A line of the key log, once. */
void tls_tell_secret(struct tls *t, const char *line);

/* ---- tls_problem.c: sentences in the current language; borrowed or literals ---- */
/* Of X509_V_ERR_…; errors without a sentence of their own have OpenSSL's. */
const char *tls_problem_certificate(int error);
/* "certificate_expired (45): the certificate is out of date"; g_free() */
char *tls_problem_alert(unsigned description);
/* Why OpenSSL gave up, from its error queue; g_free() */
char *tls_problem_library(void);

#endif
