/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls.c -- the fixed half of TLS: the library context of a world, and the sides of its listeners
 * and clients.
 *
 * Everything that a later release of OpenSSL, or a file of this computer, might choose otherwise is
 * said here: versions, suites, groups, signature algorithms, security level, no tickets, no
 * resumption, no renegotiation. RFC 8446, 5246; 9325 for what is offered. SIMPLIFIED: no 0-RTT,
 * ALPN, OCSP stapling. */
#include "sim/tls/tls.h"

#include <gio/gio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "capture/wire/lang.h"
#include "sim/tls/tls_private.h"

#define SUITES_1_3 "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"
#define SUITES_1_2                                                                                 \
  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"       \
  "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
/* What TLS 1.0 and 1.1 know; deprecated by RFC 8996, here for lessons about it. */
#define SUITES_1_0 ":ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA"
#define GROUPS "X25519:P-256:P-384"
#define SIGNATURES                                                                                 \
  "ed25519:ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:RSA+SHA384:"         \
  "RSA-PSS+SHA512:RSA+SHA512"
#define SIGNATURES_1_0 ":ECDSA+SHA1:RSA+SHA1"

/* OpenSSL's scale: 112 bits, so RSA keys of 2048 bits at least. Of those who show a bad certificate
 * or speak old versions nothing is asked. */
enum { LEVEL_TODAY = 2, LEVEL_ANYTHING = 0 };

/* ---- words ---- */

static const char *const certificate_words[TLS_N_CERTIFICATES] = {
    [TLS_CERTIFICATE_GOOD] = "good",
    [TLS_CERTIFICATE_EXPIRED] = "expired",
    [TLS_CERTIFICATE_EARLY] = "early",
    [TLS_CERTIFICATE_SELF_SIGNED] = "self-signed",
    [TLS_CERTIFICATE_WRONG_NAME] = "wrong-name",
    [TLS_CERTIFICATE_WEAK] = "weak"};
/* The others are not for scenarios. */
static const char *const key_words[] = {
    [TLS_KEY_P256] = "p256", [TLS_KEY_RSA] = "rsa", [TLS_KEY_ED25519] = "ed25519"};
static const char *const version_words[TLS_N_VERSIONS] = {[TLS_VERSION_DEFAULT] = "default",
                                                          [TLS_1_0] = "1.0",
                                                          [TLS_1_1] = "1.1",
                                                          [TLS_1_2] = "1.2",
                                                          [TLS_1_3] = "1.3"};
static const char *const ask_words[TLS_N_ASKS] = {
    [TLS_ASK_NONE] = "none", [TLS_ASK_OPTIONAL] = "optional", [TLS_ASK_REQUIRED] = "required"};

static int
find_word(const char *const *words, size_t n, const char *word)
{
  for (size_t i = 0; i < n; i++) {
    if (strcmp(words[i], word) == 0)
      return (int)i;
  }
  return -1;
}

bool
tls_certificate_find(const char *word, enum tls_certificate *out)
{
  int at = find_word(certificate_words, G_N_ELEMENTS(certificate_words), word);
  if (at >= 0)
    *out = (enum tls_certificate)at;
  return at >= 0;
}

bool
tls_key_find(const char *word, enum tls_key *out)
{
  int at = find_word(key_words, G_N_ELEMENTS(key_words), word);
  if (at >= 0)
    *out = (enum tls_key)at;
  return at >= 0;
}

bool
tls_version_find(const char *word, enum tls_version *out)
{
  int at = find_word(version_words, G_N_ELEMENTS(version_words), word);
  if (at >= 0)
    *out = (enum tls_version)at;
  return at >= 0;
}

bool
tls_ask_find(const char *word, enum tls_ask *out)
{
  int at = find_word(ask_words, G_N_ELEMENTS(ask_words), word);
  if (at >= 0)
    *out = (enum tls_ask)at;
  return at >= 0;
}

/* ---- sides ---- */

static void
side_free(void *data)
{
  struct tls_side *s = data;
  SSL_CTX_free(s->context);
  EVP_PKEY_free(s->key);
  X509_free(s->certificate);
  g_free(s);
}

static bool
set_versions(SSL_CTX *c, enum tls_version min, enum tls_version max, bool *is_old)
{
  static const int numbers[TLS_N_VERSIONS] = {[TLS_1_0] = TLS1_VERSION,
                                              [TLS_1_1] = TLS1_1_VERSION,
                                              [TLS_1_2] = TLS1_2_VERSION,
                                              [TLS_1_3] = TLS1_3_VERSION};
  max = max ? max : TLS_1_3;
  min = min ? min : MIN(TLS_1_2, max);
  *is_old = min < TLS_1_2;
  return SSL_CTX_set_min_proto_version(c, numbers[min]) &&
         SSL_CTX_set_max_proto_version(c, numbers[max]);
}

static bool
set_up(struct tls_side *s, enum tls_version min, enum tls_version max, bool takes_weak)
{
  OSSL_LIB_CTX *library = tls_source_context(s->tls->source);
  SSL_CTX *c =
      SSL_CTX_new_ex(library, NULL, s->is_server ? TLS_server_method() : TLS_client_method());
  s->context = c;
  bool is_old;
  if (!c || !set_versions(c, min, max, &is_old))
    return false;
  SSL_CTX_set_security_level(c, is_old || takes_weak ? LEVEL_ANYTHING : LEVEL_TODAY);
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(c, TLS_CHAIN_MAX);
  SSL_CTX_set_info_callback(c, tls_layer_alert);
  SSL_CTX_set_keylog_callback(c, tls_layer_keylog);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(c), s->tls->authority.certificate);
  /* a client at level 0 still judges certificates by today's */
  X509_VERIFY_PARAM_set_auth_level(SSL_CTX_get0_param(c), LEVEL_TODAY);
  return SSL_CTX_set_num_tickets(c, 0) && SSL_CTX_set_ciphersuites(c, SUITES_1_3) &&
         SSL_CTX_set_cipher_list(c, is_old ? SUITES_1_2 SUITES_1_0 : SUITES_1_2) &&
         SSL_CTX_set1_groups_list(c, GROUPS) &&
         SSL_CTX_set1_sigalgs_list(c, is_old ? SIGNATURES SIGNATURES_1_0 : SIGNATURES);
}

static bool
set_certificate(struct tls_side *s, enum tls_key key, const struct tls_subject *subject)
{
  s->key = tls_key_load(tls_source_context(s->tls->source), key);
  s->certificate = s->key ? tls_certificate_issue(&s->tls->authority, s->key, subject) : NULL;
  return s->certificate && SSL_CTX_use_certificate(s->context, s->certificate);
}

static struct tls_side *
side_new(struct tls *t, uint32_t host, bool is_server)
{
  struct tls_side *s = g_new0(struct tls_side, 1);
  s->tls = t;
  s->host = host;
  s->is_server = is_server;
  s->number = t->sides->len;
  g_ptr_array_add(t->sides, s);
  return s;
}

/* Drawing comes from a stream of the side while it is made. */
static struct random_stream
begin_side(struct tls_side *s)
{
  g_autofree char *purpose = g_strdup_printf("tls side %u", s->number);
  ERR_clear_error();
  return world_random(s->tls->world, s->host, purpose);
}

static struct tls_side *
end_side(struct tls_side *s, bool is_good, GError **error)
{
  tls_source_draw_from(s->tls->source, NULL);
  if (is_good)
    return s;
  g_autofree char *reason = tls_problem_library();
  g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
              lang_text("TLS cannot be set up (%1$s): %2$s", "ตั้งค่า TLS ไม่ได้ (%1$s): %2$s"),
              tls_library(), reason);
  return NULL;
}

struct tls_side *
tls_server_new(struct tls *t, const struct tls_server_config *config, GError **error)
{
  static const int asks[TLS_N_ASKS] = {[TLS_ASK_NONE] = SSL_VERIFY_NONE,
                                       [TLS_ASK_OPTIONAL] = SSL_VERIFY_PEER,
                                       [TLS_ASK_REQUIRED] =
                                           SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
  struct tls_side *s = side_new(t, config->host, true);
  struct random_stream random = begin_side(s);
  tls_source_draw_from(t->source, &random);
  bool is_weak = config->certificate == TLS_CERTIFICATE_WEAK;
  struct tls_subject subject = {
      .name = config->name, .also = config->also, .kind = config->certificate};
  bool is_good = set_up(s, config->min, config->max, is_weak) &&
                 set_certificate(s, is_weak ? TLS_KEY_RSA1024 : config->key, &subject);
  if (is_good) {
    SSL_CTX_set_verify(s->context, asks[config->ask], tls_layer_verify);
    if (config->ask != TLS_ASK_NONE)
      SSL_CTX_add_client_CA(s->context, t->authority.certificate);
  }
  return end_side(s, is_good, error);
}

struct tls_side *
tls_client_new(struct tls *t, const struct tls_client_config *config, GError **error)
{
  struct tls_side *s = side_new(t, config->host, false);
  struct random_stream random = begin_side(s);
  tls_source_draw_from(t->source, &random);
  s->is_lenient = config->is_lenient;
  bool is_good = set_up(s, config->min, config->max, false);
  struct tls_subject subject = {.name = config->user, .is_client = true};
  if (is_good && config->user)
    is_good = set_certificate(s, TLS_KEY_P256, &subject);
  if (is_good)
    SSL_CTX_set_verify(s->context, SSL_VERIFY_PEER, tls_layer_verify);
  return end_side(s, is_good, error);
}

/* ---- one for each world ---- */

static char *
pem_of(X509 *certificate)
{
  BIO *text = BIO_new(BIO_s_mem());
  char *p = NULL;
  long n = text && PEM_write_bio_X509(text, certificate) ? BIO_get_mem_data(text, &p) : 0;
  char *pem = g_strndup(p ? p : "", (gsize)n);
  BIO_free(text);
  return pem;
}

struct tls *
tls_new(struct world *w, GError **error)
{
  struct tls *t = g_new0(struct tls, 1);
  ERR_clear_error();
  t->world = w;
  t->sides = g_ptr_array_new_with_free_func(side_free);
  t->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  t->source = tls_source_new();
  t->bio = tls_layer_bio();
  struct random_stream random = world_random(w, 0, "tls authority");
  if (t->source) {
    tls_source_draw_from(t->source, &random);
    bool is_good = t->bio && tls_authority_init(&t->authority, tls_source_context(t->source));
    tls_source_draw_from(t->source, NULL);
    if (is_good) {
      t->authority_pem = pem_of(t->authority.certificate);
      return t;
    }
  }
  g_autofree char *reason = tls_problem_library();
  g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
              lang_text("TLS cannot be set up (%1$s): %2$s", "ตั้งค่า TLS ไม่ได้ (%1$s): %2$s"),
              tls_library(), reason);
  tls_free(t);
  return NULL;
}

void
tls_free(struct tls *t)
{
  if (!t)
    return;
  g_ptr_array_unref(t->sides);
  g_hash_table_unref(t->told);
  tls_authority_clear(&t->authority);
  BIO_meth_free(t->bio);
  tls_source_free(t->source);
  g_free(t->authority_pem);
  g_free(t);
}

const char *
tls_authority_pem(const struct tls *t)
{
  return t->authority_pem;
}

const char *
tls_library(void)
{
  return OpenSSL_version(OPENSSL_FULL_VERSION_STRING);
}

void
tls_tell_secret(struct tls *t, const char *line)
{
  if (g_hash_table_add(t->told, g_strdup(line)))
    world_emit_secret(t->world, line);
}
