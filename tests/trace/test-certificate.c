/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-certificate.c -- certificates made by the openssl program, read here, and cipher suites
 * beside what OpenSSL itself says of them. */
#include <glib/gstdio.h>
#include <openssl/ssl.h>
#include <string.h>

#include "capture/tls/certificate.h"
#include "capture/wire/tls.h"

static char *folder;

static void
run_openssl(const char *arguments)
{
  g_autofree char *command = g_strdup_printf(
      "sh -c 'cd %s && OPENSSL_CONF=/dev/null openssl %s >/dev/null 2>log'", folder, arguments);
  int status = 0;
  g_autoptr(GError) error = NULL;
  g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &status, &error));
  if (status != 0)
    g_test_message("%s", command);
  g_assert_cmpint(status, ==, 0);
}

static char *
in_folder(const char *name)
{
  return g_build_filename(folder, name, NULL);
}

/* A file of one certificate as DER octets. */
static GBytes *
load(const char *name)
{
  g_autofree char *path = in_folder(name);
  char *text;
  gsize n;
  g_assert_true(g_file_get_contents(path, &text, &n, NULL));
  return g_bytes_new_take(text, n);
}

static struct certificate *
read_file(const char *name)
{
  g_autoptr(GBytes) der = load(name);
  gsize n;
  const uint8_t *p = g_bytes_get_data(der, &n);
  return certificate_read(p, n);
}

/* An authority, a server below it, one that signed itself, and one with a short key and SHA-1. */
static void
make_files(void)
{
  g_autoptr(GError) error = NULL;
  folder = g_dir_make_tmp("certificate-XXXXXX", &error);
  g_assert_no_error(error);
  run_openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 "
              "-subj \"/O=Test/CN=Root\" -addext basicConstraints=critical,CA:TRUE");
}

static void
make_leaf(void)
{
  run_openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout mx.key "
              "-out mx.csr -subj /CN=ignored.test");
  g_autofree char *extensions = in_folder("mx.ext");
  g_assert_true(g_file_set_contents(extensions,
                                    "subjectAltName=DNS:MX.example.test,DNS:*.pool.example.test,"
                                    "DNS:*.test,IP:192.0.2.7,IP:2001:db8::7\n",
                                    -1, NULL));
  run_openssl("x509 -req -in mx.csr -CA ca.pem -CAkey ca.key -set_serial 0x1234ab -days 30 "
              "-extfile mx.ext -outform DER -out mx.der");
  run_openssl("req -x509 -newkey rsa:1024 -sha1 -nodes -keyout own.key -outform DER -out own.der "
              "-days 1 -subj /CN=own.test");
  run_openssl("x509 -in ca.pem -outform DER -out ca.der");
}

static void
test_values(void)
{
  struct certificate *c = read_file("mx.der");
  g_assert_nonnull(c);
  g_assert_cmpstr(c->subject, ==, "CN = ignored.test");
  g_assert_cmpstr(c->issuer, ==, "O = Test, CN = Root");
  g_assert_cmpstr(c->serial, ==, "1234ab");
  g_assert_cmpstr(c->key, ==, "EC prime256v1");
  g_assert_cmpuint(c->key_bits, ==, 256);
  g_assert_false(c->key_is_short);
  g_assert_false(c->digest_is_weak);
  g_assert_false(c->is_self_signed);
  g_assert_cmpint(c->not_after_s - c->not_before_s, ==, 30 * 86400);
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  g_assert_cmpint(ABS(c->not_before_s - now), <, 3600);
  certificate_free(c);

  c = read_file("own.der");
  g_assert_true(c->is_self_signed);
  g_assert_true(c->key_is_short);
  g_assert_true(c->digest_is_weak);
  g_assert_cmpstr(c->key, ==, "RSA");
  g_assert_cmpuint(c->key_bits, ==, 1024);
  certificate_free(c);
}

static void
test_names(void)
{
  static const struct {
    const char *host;
    bool matches;
  } cases[] = {
      {"mx.example.test", true},        {"MX.Example.Test", true},
      {"mx.example.test.", true},       {"a.pool.example.test", true},
      {"a.b.pool.example.test", false}, {"pool.example.test", false},
      {"ignored.test", false}, /* CN, and "*.test" */
      {"mx.example.test.evil", false},  {"", false},
  };
  struct certificate *c = read_file("mx.der");
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s", cases[i].host);
    g_assert_cmpint(certificate_has_name(c, cases[i].host), ==, cases[i].matches);
  }
  struct ip_addr a;
  g_assert_true(ip_addr_parse("192.0.2.7", &a));
  g_assert_true(certificate_has_address(c, &a));
  g_assert_true(ip_addr_parse("2001:db8::7", &a));
  g_assert_true(certificate_has_address(c, &a));
  g_assert_true(ip_addr_parse("192.0.2.8", &a));
  g_assert_false(certificate_has_address(c, &a));
  certificate_free(c);
}

static enum trust
check(struct trust_store *store, const char *first, const char *second)
{
  g_autoptr(GBytes) a = load(first);
  g_autoptr(GBytes) b = second ? load(second) : NULL;
  struct certificate_octets chain[2];
  chain[0].octets = g_bytes_get_data(a, &chain[0].n);
  if (b)
    chain[1].octets = g_bytes_get_data(b, &chain[1].n);
  return trust_store_check(store, chain, b ? 2 : 1);
}

static void
test_trust(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *ca = in_folder("ca.pem"), *none = in_folder("none.pem");
  g_assert_null(trust_store_new(none, &error));
  g_assert_nonnull(error);
  struct trust_store *store = trust_store_new(ca, NULL);
  g_assert_nonnull(store);
  g_assert_cmpint(check(store, "mx.der", NULL), ==, TRUST_FINE);
  g_assert_cmpint(check(store, "own.der", NULL), ==, TRUST_SELF_SIGNED);
  g_assert_cmpint(check(NULL, "mx.der", "ca.der"), ==, TRUST_NO_STORE);
  g_assert_cmpint(check(NULL, "own.der", NULL), ==, TRUST_SELF_SIGNED);
  g_assert_cmpint(check(store, "mx.key", NULL), ==, TRUST_UNREADABLE);
  trust_store_free(store);
  /* A folder without issuers: the authority is not in it, whether the server sends it or not. */
  g_autofree char *empty = in_folder("empty");
  g_assert_cmpint(g_mkdir(empty, 0700), ==, 0);
  store = trust_store_new(empty, NULL);
  g_assert_nonnull(store);
  g_assert_cmpint(check(store, "mx.der", NULL), ==, TRUST_UNKNOWN_ISSUER);
  g_assert_cmpint(check(store, "mx.der", "ca.der"), ==, TRUST_UNKNOWN_ISSUER);
  trust_store_free(store);
}

/* Every cut and every changed octet is read or refused, never more. */
static void
test_broken(void)
{
  g_autoptr(GBytes) der = load("own.der");
  gsize n;
  const uint8_t *p = g_bytes_get_data(der, &n);
  for (gsize cut = 0; cut < n; cut++)
    g_assert_null(certificate_read(p, cut));
  unsigned n_read = 0;
  for (gsize i = 0; i < n; i++) {
    g_autofree uint8_t *changed = g_memdup2(p, n);
    changed[i] ^= 0x55;
    struct certificate *c = certificate_read(changed, n);
    n_read += c != NULL;
    if (c)
      g_assert_false(c->is_self_signed); /* its signature is wrong now, or its own octets are */
    certificate_free(c);
  }
  g_assert_cmpuint(n_read, >, 0);
}

static void
put_list(GByteArray *to, const uint8_t *octets, size_t n, bool is_13)
{
  uint8_t head[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
  g_byte_array_append(to, head, 3);
  g_byte_array_append(to, octets, (guint)n);
  if (is_13)
    g_byte_array_append(to, (const uint8_t *)"\0\3abc", 5);
}

static void
test_list(void)
{
  for (int is_13 = 0; is_13 < 2; is_13++) {
    g_autoptr(GByteArray) list = g_byte_array_new(), body = g_byte_array_new();
    put_list(list, (const uint8_t *)"first", 5, is_13);
    put_list(list, (const uint8_t *)"second!", 7, is_13);
    if (is_13)
      g_byte_array_append(body, (const uint8_t *)"\2xy", 3);
    uint8_t head[3] = {0, 0, (uint8_t)list->len};
    g_byte_array_append(body, head, 3);
    g_byte_array_append(body, list->data, list->len);
    struct certificate_octets out[CERTIFICATE_CHAIN_MAX];
    g_assert_cmpuint(certificate_list(body->data, body->len, is_13, out), ==, 2);
    g_assert_cmpmem(out[0].octets, out[0].n, "first", 5);
    g_assert_cmpmem(out[1].octets, out[1].n, "second!", 7);
    for (guint cut = 0; cut < body->len; cut++) {
      g_autofree uint8_t *exact = g_memdup2(body->data, cut);
      unsigned n = certificate_list(exact, cut, is_13, out);
      g_assert_cmpuint(n, <=, 2);
    }
  }
}

/* OpenSSL's own words on each suite that it knows: how keys are exchanged, who signs, what
 * encrypts. */
static enum tls_strength
judge(const SSL_CIPHER *c)
{
  int kx = SSL_CIPHER_get_kx_nid(c), auth = SSL_CIPHER_get_auth_nid(c);
  int cipher = SSL_CIPHER_get_cipher_nid(c);
  bool null_cipher = SSL_CIPHER_get_bits(c, NULL) == 0;
  if (null_cipher || auth == NID_auth_null || cipher == NID_des_ede3_cbc || cipher == NID_rc4 ||
      cipher == NID_idea_cbc)
    return TLS_STRENGTH_WEAK;
  return kx == NID_kx_rsa || kx == NID_kx_psk || kx == NID_kx_rsa_psk
             ? TLS_STRENGTH_NO_FORWARD_SECRECY
             : TLS_STRENGTH_GOOD;
}

static void
test_suites(void)
{
  SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
  g_assert_cmpint(SSL_CTX_set_cipher_list(ctx, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), ==, 1);
  STACK_OF(SSL_CIPHER) *all = SSL_CTX_get_ciphers(ctx);
  int n = sk_SSL_CIPHER_num(all);
  g_assert_cmpint(n, >, 100);
  for (int i = 0; i < n; i++) {
    const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);
    uint16_t number = SSL_CIPHER_get_protocol_id(c);
    g_test_message("%04x %s", number, SSL_CIPHER_standard_name(c));
    /* RFC 7905 and OpenSSL agree on every name but these two of RFC 6655. */
    if (number != 0xc0aa && number != 0xc0ab)
      g_assert_cmpstr(tls_cipher_name(number), ==, SSL_CIPHER_standard_name(c));
    g_assert_cmpint((int)tls_cipher_strength(number), ==, (int)judge(c));
  }
  SSL_CTX_free(ctx);
  unsigned n_names = 0;
  for (unsigned i = 0; i <= UINT16_MAX; i++)
    n_names += tls_cipher_name((uint16_t)i) != NULL;
  g_assert_cmpuint(n_names, >=, 350); /* the search finds every row: they ascend */
  g_assert_cmpint(tls_cipher_strength(0x0003), ==, TLS_STRENGTH_WEAK); /* EXPORT RC4 */
  g_assert_cmpint(tls_cipher_strength(0x0018), ==, TLS_STRENGTH_WEAK); /* anonymous */
  g_assert_cmpint(tls_cipher_strength(0x0009), ==, TLS_STRENGTH_WEAK); /* DES */
  g_assert_cmpint(tls_cipher_strength(0xc025), ==, TLS_STRENGTH_NO_FORWARD_SECRECY); /* ECDH */
  g_assert_cmpint(tls_cipher_strength(0x00ff), ==, TLS_STRENGTH_UNKNOWN);
  g_assert_cmpint(tls_cipher_strength(0x0a0a), ==, TLS_STRENGTH_UNKNOWN); /* GREASE */
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  make_files();
  make_leaf();
  g_test_add_func("/certificate/values", test_values);
  g_test_add_func("/certificate/names", test_names);
  g_test_add_func("/certificate/trust", test_trust);
  g_test_add_func("/certificate/broken", test_broken);
  g_test_add_func("/certificate/list", test_list);
  g_test_add_func("/tls/suites", test_suites);
  int result = g_test_run();
  g_autofree char *command = g_strdup_printf("rm -r %s", folder);
  g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
  g_free(folder);
  return result;
}
