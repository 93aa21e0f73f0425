/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_certificate.c -- the test authority, and certificates for any name, good ones and bad ones.
 *
 *     Enveloscope Test CA (RSA, 2020 to 2050)
 *        └─ CN=mail.alice.test, SAN DNS:mail.alice.test (RSA, P-256 or Ed25519, 2025 to 2045)
 *
 * Nothing is drawn but the nonces of a self-signed ECDSA certificate: keys are fixed, serial
 * numbers are digests of what is certified, RSA signatures are those of PKCS #1 1.5. Lifetimes are
 * far longer than real ones, so that real programs can meet the servers on any day. RFC 5280.
 * SIMPLIFIED: no intermediate authorities, no revocation; all hosts have the same keys. */
#include "sim/tls/tls_certificate.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "capture/wire/addr.h"
#include "sim/tls/tls_keys.h"

enum { SERIAL_OCTETS = 16 };

static const struct {
  const char *not_before, *not_after;
} lives[TLS_N_CERTIFICATES] = {
    [TLS_CERTIFICATE_GOOD] = {"20250101000000Z", "20450101000000Z"},
    [TLS_CERTIFICATE_EXPIRED] = {"20240101000000Z", "20251231235959Z"},
    [TLS_CERTIFICATE_EARLY] = {"20400101000000Z", "20450101000000Z"},
    [TLS_CERTIFICATE_SELF_SIGNED] = {"20250101000000Z", "20450101000000Z"},
    [TLS_CERTIFICATE_WRONG_NAME] = {"20250101000000Z", "20450101000000Z"},
    [TLS_CERTIFICATE_WEAK] = {"20250101000000Z", "20450101000000Z"},
};

EVP_PKEY *
tls_key_load(OSSL_LIB_CTX *context, enum tls_key key)
{
  BIO *text = BIO_new_mem_buf(tls_keys[key], -1);
  EVP_PKEY *found = text ? PEM_read_bio_PrivateKey_ex(text, NULL, NULL, NULL, context, NULL) : NULL;
  BIO_free(text);
  return found;
}

static bool
add_extension(X509 *c, X509 *issuer, int nid, const char *value)
{
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, c, NULL, NULL, 0);
  X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
  bool is_good = e && X509_add_ext(c, e, -1);
  X509_EXTENSION_free(e);
  return is_good;
}

/* Names are given as values: no text of a scenario becomes syntax of an extension. */
static bool
push_name(GENERAL_NAMES *names, const char *name, bool is_client)
{
  struct ip_addr addr;
  bool is_addr = !is_client && ip_addr_parse(name, &addr);
  GENERAL_NAME *one = GENERAL_NAME_new();
  ASN1_STRING *value = ASN1_STRING_type_new(is_addr ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  if (one && value &&
      (is_addr ? ASN1_STRING_set(value, addr.octets, addr.version == 6 ? 16 : 4)
               : ASN1_STRING_set(value, name, -1)) &&
      sk_GENERAL_NAME_push(names, one) > 0) {
    GENERAL_NAME_set0_value(one, is_addr ? GEN_IPADD : is_client ? GEN_EMAIL : GEN_DNS, value);
    return true;
  }
  ASN1_STRING_free(value);
  GENERAL_NAME_free(one);
  return false;
}

static bool
add_names(X509 *c, const struct tls_subject *subject, const char *name)
{
  GENERAL_NAMES *names = GENERAL_NAMES_new();
  bool is_good = names && push_name(names, name, subject->is_client);
  bool is_wrong = subject->kind == TLS_CERTIFICATE_WRONG_NAME;
  for (char *const *also = subject->also; is_good && !is_wrong && also && *also; also++)
    is_good = push_name(names, *also, subject->is_client);
  is_good =
      is_good && X509_add1_ext_i2d(c, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
  GENERAL_NAMES_free(names);
  return is_good;
}

/* The digest of what is certified: never the same twice for different contents. */
static bool
set_serial(X509 *c, EVP_PKEY *key, const struct tls_subject *subject, const char *name)
{
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  unsigned char *der = NULL;
  int n_der = i2d_PUBKEY(key, &der);
  if (n_der <= 0)
    return false;
  const guint8 what[2] = {(guint8)subject->kind, subject->is_client};
  g_checksum_update(sum, what, sizeof what);
  g_checksum_update(sum, der, n_der);
  g_checksum_update(sum, (const guchar *)name, -1);
  for (char *const *also = subject->also; also && *also; also++)
    g_checksum_update(sum, (const guchar *)*also, (gssize)strlen(*also) + 1);
  OPENSSL_free(der);
  guint8 digest[32];
  gsize n_digest = sizeof digest;
  g_checksum_get_digest(sum, digest, &n_digest);
  digest[0] = (digest[0] & 0x7f) | 0x40; /* positive, and always of the same length */
  BIGNUM *number = BN_bin2bn(digest, SERIAL_OCTETS, NULL);
  bool is_good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c));
  BN_free(number);
  return is_good;
}

static bool
set_subject(X509 *c, const char *common_name)
{
  X509_NAME *subject = X509_get_subject_name(c);
  /* the field holds 64 letters (RFC 5280 A.1); who compares names looks at the extension anyway */
  g_autofree char *short_name = g_strndup(common_name, 64);
  return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                                    (const unsigned char *)"Enveloscope", -1, -1, 0) &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)short_name,
                                    -1, -1, 0);
}

static bool
set_life(X509 *c, const char *not_before, const char *not_after)
{
  return X509_set_version(c, X509_VERSION_3) &&
         ASN1_TIME_set_string_X509(X509_getm_notBefore(c), not_before) &&
         ASN1_TIME_set_string_X509(X509_getm_notAfter(c), not_after);
}

/* Ed25519 brings its own digest. */
static bool
sign(X509 *c, EVP_PKEY *key)
{
  return X509_sign(c, key, EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256()) > 0;
}

/* ---- the authority ---- */

bool
tls_authority_init(struct tls_authority *a, OSSL_LIB_CTX *context)
{
  static const char name[] = "Enveloscope Test CA";
  static const struct tls_subject subject = {.name = name, .kind = TLS_CERTIFICATE_SELF_SIGNED};
  a->context = context;
  a->key = tls_key_load(context, TLS_KEY_CA);
  a->certificate = X509_new_ex(context, NULL);
  X509 *c = a->certificate;
  return a->key && c && set_life(c, "20200101000000Z", "20500101000000Z") &&
         set_serial(c, a->key, &subject, name) && set_subject(c, name) &&
         X509_set_issuer_name(c, X509_get_subject_name(c)) && X509_set_pubkey(c, a->key) &&
         add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE") &&
         add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add_extension(c, c, NID_subject_key_identifier, "hash") && sign(c, a->key);
}

void
tls_authority_clear(struct tls_authority *a)
{
  EVP_PKEY_free(a->key);
  X509_free(a->certificate);
}

/* ---- what it issues ---- */

X509 *
tls_certificate_issue(const struct tls_authority *a, EVP_PKEY *key,
                      const struct tls_subject *subject)
{
  bool is_own = subject->kind == TLS_CERTIFICATE_SELF_SIGNED, is_client = subject->is_client;
  const char *name =
      subject->kind == TLS_CERTIFICATE_WRONG_NAME ? "www.elsewhere.test" : subject->name;
  X509 *c = X509_new_ex(a->context, NULL);
  if (c && set_life(c, lives[subject->kind].not_before, lives[subject->kind].not_after) &&
      set_serial(c, key, subject, name) && set_subject(c, name) &&
      X509_set_issuer_name(c, X509_get_subject_name(is_own ? c : a->certificate)) &&
      X509_set_pubkey(c, key) && add_names(c, subject, name) &&
      add_extension(c, c, NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(c, c, NID_key_usage, "critical,digitalSignature") &&
      add_extension(c, c, NID_ext_key_usage, is_client ? "clientAuth" : "serverAuth") &&
      add_extension(c, c, NID_subject_key_identifier, "hash") &&
      (is_own || add_extension(c, a->certificate, NID_authority_key_identifier, "keyid")) &&
      sign(c, is_own ? key : a->key))
    return c;
  X509_free(c);
  return NULL;
}

char *
tls_certificate_name(const X509 *certificate)
{
  GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  char *found = NULL;
  static const int kinds[] = {GEN_EMAIL, GEN_DNS};
  for (size_t k = 0; k < G_N_ELEMENTS(kinds) && !found; k++) {
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
      int kind;
      const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
      if (kind != kinds[k])
        continue;
      const char *text = (const char *)ASN1_STRING_get0_data(value);
      size_t n = (size_t)ASN1_STRING_length(value);
      if (n > 0 && !memchr(text, '\0', n) && g_utf8_validate(text, (gssize)n, NULL))
        found = g_strndup(text, n);
    }
  }
  GENERAL_NAMES_free(names);
  return found;
}
