/* SPDX-License-Identifier: GPL-3.0-or-later */
/* certificate.c -- certificates read by OpenSSL and turned into plain values.
 *
 * A certificate that OpenSSL cannot read is no certificate; a value in it that cannot be read is
 * empty. Times are those of the certificate; which time they are held against is the caller's
 * matter, since a capture may be years old.
 *
 * RFC 5280 (certificates and chains), 9525 (names of services), 9325 section 4.5 (key lengths). */
#include "capture/tls/certificate.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "capture/wire/bytes.h"

enum { RSA_BITS_MIN = 2048, CURVE_BITS_MIN = 224, TEXT_MAX = 512 };

/* ---- one certificate ---- */

static char *
name_text(const X509_NAME *name)
{
  g_autoptr(GString) out = g_string_new(NULL);
  BIO *memory = BIO_new(BIO_s_mem());
  if (!memory)
    return g_strdup("");
  char *text = NULL;
  if (X509_NAME_print_ex(memory, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
    long n = BIO_get_mem_data(memory, &text);
    g_autofree char *valid = g_utf8_make_valid(text, MIN(n, TEXT_MAX));
    g_string_append(out, valid);
  }
  BIO_free(memory);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

static char *
serial_text(const X509 *x)
{
  const ASN1_INTEGER *serial = X509_get0_serialNumber(x);
  const uint8_t *p = ASN1_STRING_get0_data(serial);
  int n = ASN1_STRING_length(serial);
  g_autoptr(GString) out = g_string_new(NULL);
  for (int i = 0; i < n && i < 64; i++)
    g_string_append_printf(out, "%02x", p[i]);
  return g_string_free(g_steal_pointer(&out), FALSE);
}

static int64_t
time_seconds(const ASN1_TIME *t)
{
  struct tm tm;
  if (!t || !ASN1_TIME_to_tm(t, &tm))
    return INT64_MIN;
  return (int64_t)timegm(&tm);
}

static void
read_key(struct certificate *c, X509 *x)
{
  EVP_PKEY *key = X509_get0_pubkey(x);
  if (!key) {
    c->key = g_strdup("unknown");
    return;
  }
  int type = EVP_PKEY_get_base_id(key);
  c->key_bits = (unsigned)MAX(EVP_PKEY_get_bits(key), 0);
  char group[64] = "";
  if (type == EVP_PKEY_EC)
    EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
  const char *name = type == EVP_PKEY_EC ? "EC" : OBJ_nid2sn(type);
  if (type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS)
    name = "RSA";
  c->key = group[0] ? g_strdup_printf("%s %s", name, group) : g_strdup(name ? name : "unknown");
  bool is_curve = type == EVP_PKEY_EC || type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448;
  bool is_number = type == EVP_PKEY_RSA || type == EVP_PKEY_RSA_PSS || type == EVP_PKEY_DSA ||
                   type == EVP_PKEY_DH;
  c->key_is_short =
      (is_curve && c->key_bits < CURVE_BITS_MIN) || (is_number && c->key_bits < RSA_BITS_MIN);
}

static void
read_signature(struct certificate *c, X509 *x)
{
  int digest = NID_undef, key = NID_undef;
  const char *name = OBJ_nid2sn(X509_get_signature_nid(x));
  c->signature = g_strdup(name ? name : "unknown");
  if (X509_get_signature_info(x, &digest, &key, NULL, NULL) == 1)
    c->digest_is_weak = digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 ||
                        digest == NID_md2 || digest == NID_md5_sha1;
  EVP_PKEY *own = X509_get0_pubkey(x);
  bool is_issued_by_itself = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
  c->is_self_signed = own && is_issued_by_itself && X509_verify(x, own) == 1;
}

/* A name that can be compared: graphic ASCII in lower case. */
static char *
host_text(const uint8_t *p, int n)
{
  if (n <= 0 || n > 255)
    return NULL;
  for (int i = 0; i < n; i++)
    if (p[i] <= 0x20 || p[i] >= 0x7f)
      return NULL;
  return g_ascii_strdown((const char *)p, n);
}

static void
read_names(struct certificate *c, X509 *x)
{
  GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
  GPtrArray *names = g_ptr_array_new();
  GArray *addresses = g_array_new(FALSE, TRUE, sizeof(struct ip_addr));
  int n = all ? sk_GENERAL_NAME_num(all) : 0;
  for (int i = 0; i < n && i < CERTIFICATE_NAMES_MAX; i++) {
    const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);
    if (g->type != GEN_DNS && g->type != GEN_IPADD)
      continue;
    const ASN1_STRING *s = g->type == GEN_DNS ? g->d.dNSName : g->d.iPAddress;
    const uint8_t *p = ASN1_STRING_get0_data(s);
    int n_octets = ASN1_STRING_length(s);
    if (g->type == GEN_DNS) {
      char *name = host_text(p, n_octets);
      if (name)
        g_ptr_array_add(names, name);
    } else if (n_octets == 4 || n_octets == 16) {
      struct ip_addr a = {.version = n_octets == 4 ? 4 : 6};
      memcpy(a.octets, p, (size_t)n_octets);
      g_array_append_val(addresses, a);
    }
  }
  GENERAL_NAMES_free(all);
  g_ptr_array_add(names, NULL);
  c->names = (char **)g_ptr_array_free(names, FALSE);
  c->n_addresses = addresses->len;
  c->addresses = (struct ip_addr *)(void *)g_array_free(addresses, FALSE);
}

static X509 *
parse(const uint8_t *der, size_t n)
{
  if (n == 0 || n > CERTIFICATE_OCTETS_MAX)
    return NULL;
  const unsigned char *at = der;
  return d2i_X509(NULL, &at, (long)n);
}

struct certificate *
certificate_read(const uint8_t *der, size_t n)
{
  X509 *x = parse(der, n);
  if (!x)
    return NULL;
  struct certificate *c = g_new0(struct certificate, 1);
  c->subject = name_text(X509_get_subject_name(x));
  c->issuer = name_text(X509_get_issuer_name(x));
  c->serial = serial_text(x);
  c->not_before_s = time_seconds(X509_get0_notBefore(x));
  c->not_after_s = time_seconds(X509_get0_notAfter(x));
  read_key(c, x);
  read_signature(c, x);
  read_names(c, x);
  X509_free(x);
  return c;
}

void
certificate_free(struct certificate *c)
{
  if (!c)
    return;
  g_free(c->subject);
  g_free(c->issuer);
  g_free(c->serial);
  g_free(c->key);
  g_free(c->signature);
  g_strfreev(c->names);
  g_free(c->addresses);
  g_free(c);
}

/* ---- names ---- */

static bool
name_matches(const char *pattern, const char *host)
{
  if (pattern[0] != '*' || pattern[1] != '.')
    return g_ascii_strcasecmp(pattern, host) == 0;
  /* One label, and never a whole top-level domain: "*.test" names nothing. */
  const char *dot = strchr(host, '.');
  return dot && dot != host && strchr(pattern + 2, '.') &&
         g_ascii_strcasecmp(pattern + 1, dot) == 0;
}

bool
certificate_has_name(const struct certificate *c, const char *host)
{
  size_t n = strlen(host);
  g_autofree char *bare = g_strndup(host, n && host[n - 1] == '.' ? n - 1 : n);
  for (char **name = c->names; *name; name++)
    if (name_matches(*name, bare))
      return true;
  return false;
}

bool
certificate_has_address(const struct certificate *c, const struct ip_addr *addr)
{
  for (unsigned i = 0; i < c->n_addresses; i++)
    if (ip_addr_equal(&c->addresses[i], addr))
      return true;
  return false;
}

/* ---- chains ---- */

unsigned
certificate_list(const uint8_t *body, size_t n, bool is_13,
                 struct certificate_octets out[CERTIFICATE_CHAIN_MAX])
{
  size_t at = 0;
  if (is_13) {
    at = n > 0 ? 1 + (size_t)body[0] : 0; /* certificate_request_context */
  }
  if (at + 3 > n)
    return 0;
  size_t end = at + 3 + get_be24(body + at);
  if (end > n)
    end = n;
  unsigned found = 0;
  for (at += 3; at + 3 <= end && found < CERTIFICATE_CHAIN_MAX;) {
    size_t n_octets = get_be24(body + at);
    at += 3;
    if (n_octets > end - at)
      break;
    out[found++] = (struct certificate_octets){.octets = body + at, .n = n_octets};
    at += n_octets;
    if (is_13) { /* extensions of this certificate */
      if (at + 2 > end)
        break;
      at += 2 + (size_t)get_be16(body + at);
    }
  }
  return found;
}

struct trust_store {
  X509_STORE *store;
};

const char *
trust_store_system(void)
{
  static const char folder[] = "/etc/ssl/certs";
  return g_file_test(folder, G_FILE_TEST_IS_DIR) ? folder : NULL;
}

struct trust_store *
trust_store_new(const char *path, GError **error)
{
  bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);
  X509_STORE *store = X509_STORE_new();
  int ok = !store      ? 0
           : is_folder ? X509_STORE_load_path(store, path)
                       : X509_STORE_load_file(store, path);
  if (ok != 1) {
    X509_STORE_free(store);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                "no certificates could be read from %s (PEM file, or folder made by openssl "
                "rehash)",
                path);
    return NULL;
  }
  struct trust_store *t = g_new0(struct trust_store, 1);
  t->store = store;
  return t;
}

void
trust_store_free(struct trust_store *t)
{
  if (!t)
    return;
  X509_STORE_free(t->store);
  g_free(t);
}

static enum trust
verify(struct trust_store *t, X509 *leaf, STACK_OF(X509) * others)
{
  X509_STORE_CTX *ctx = X509_STORE_CTX_new();
  if (!ctx || X509_STORE_CTX_init(ctx, t->store, leaf, others) != 1) {
    X509_STORE_CTX_free(ctx);
    return TRUST_NO_STORE;
  }
  X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
  X509_VERIFY_PARAM_set_depth(param, CERTIFICATE_CHAIN_MAX);
  X509_VERIFY_PARAM_set_auth_level(param, 0); /* short keys have a rule of their own */
  X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
  int ok = X509_verify_cert(ctx), why = X509_STORE_CTX_get_error(ctx);
  X509_STORE_CTX_free(ctx);
  if (ok == 1)
    return TRUST_FINE;
  switch (why) {
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    return TRUST_SELF_SIGNED;
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_UNTRUSTED:
    return TRUST_UNKNOWN_ISSUER;
  default:
    return TRUST_BROKEN;
  }
}

enum trust
trust_store_check(struct trust_store *t, const struct certificate_octets *chain, unsigned n)
{
  X509 *leaf = n ? parse(chain[0].octets, chain[0].n) : NULL;
  if (!leaf)
    return TRUST_UNREADABLE;
  enum trust result = TRUST_NO_STORE;
  if (t) {
    STACK_OF(X509) *others = sk_X509_new_null();
    for (unsigned i = 1; others && i < n; i++) {
      X509 *x = parse(chain[i].octets, chain[i].n);
      if (x && !sk_X509_push(others, x))
        X509_free(x);
    }
    result = verify(t, leaf, others);
    sk_X509_pop_free(others, X509_free);
  } else if (X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) == 0) {
    result = TRUST_SELF_SIGNED;
  }
  X509_free(leaf);
  return result;
}
