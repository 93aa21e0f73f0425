/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SIM_TLS_TLS_CERTIFICATE_H
#define SIM_TLS_TLS_CERTIFICATE_H

/* The test authority and the certificates that it issues. The caller frees what is returned; NULL
 * leaves OpenSSL's reason on its error queue. */
#include <openssl/x509.h>

#include "sim/tls/tls.h"

/* One of the fixed keys. */
EVP_PKEY *tls_key_load(OSSL_LIB_CTX *context, enum tls_key key);

struct tls_authority {
  OSSL_LIB_CTX *context;
  EVP_PKEY *key;
  X509 *certificate;
};
bool tls_authority_init(struct tls_authority *a, OSSL_LIB_CTX *context);
void tls_authority_clear(struct tls_authority *a);

/* Whom a certificate is for. A server's name is a host name or an address in digits, a client's a
 * mail address. */
struct tls_subject {
  const char *name;
  char *const *also; /* more of them, NULL-terminated, or NULL */
  enum tls_certificate kind;
  bool is_client;
};
/* The same arguments give the same octets. */
X509 *tls_certificate_issue(const struct tls_authority *a, EVP_PKEY *key,
                            const struct tls_subject *subject);
/* The first mail address among its names, else the first host name; NULL for none. g_free() */
char *tls_certificate_name(const X509 *certificate);

#endif
