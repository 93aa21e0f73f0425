/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server-certificate.c -- prints a key and a certificate of the built-in authority for a host name,
 * as PEM: so a real server can be one that our clients verify.
 *
 *     server-certificate mail.office.test > mail.pem */
#include <openssl/pem.h>

#include "sim/tls/tls_certificate.h"

int
main(int argc, char **argv)
{
  OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
  struct tls_authority authority = {0};
  if (argc != 2 || !tls_authority_init(&authority, context))
    return 2;
  EVP_PKEY *key = tls_key_load(context, TLS_KEY_RSA);
  struct tls_subject subject = {.name = argv[1], .kind = TLS_CERTIFICATE_GOOD};
  X509 *certificate = tls_certificate_issue(&authority, key, &subject);
  bool is_good = certificate && PEM_write_PrivateKey(stdout, key, NULL, NULL, 0, NULL, NULL) &&
                 PEM_write_X509(stdout, certificate);
  X509_free(certificate);
  EVP_PKEY_free(key);
  tls_authority_clear(&authority);
  OSSL_LIB_CTX_free(context);
  return is_good ? 0 : 1;
}
