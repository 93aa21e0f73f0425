/* SPDX-License-Identifier: GPL-3.0-or-later */
/* peer.c -- the other side of TLS, by OpenSSL alone. */
#include "tests/tls/peer.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "sim/mail/machine.h"

void
peer_flush(struct peer *p)
{
  uint8_t octets[4096];
  int n;
  while ((n = BIO_read(p->out, octets, sizeof octets)) > 0)
    machine_send(&p->endpoint, octets, (size_t)n);
}

static void
note_error(struct peer *p, int result)
{
  int error = SSL_get_error(p->ssl, result);
  if (error == SSL_ERROR_ZERO_RETURN)
    p->has_end = true;
  else if (error != SSL_ERROR_WANT_READ)
    p->error = error;
}

static void
go_on(struct peer *p)
{
  uint8_t octets[4096];
  int n = 1;
  ERR_clear_error();
  if (!p->is_done) {
    n = SSL_do_handshake(p->ssl);
    p->is_done = n == 1;
  }
  while (p->is_done && (n = SSL_read(p->ssl, octets, sizeof octets)) > 0)
    g_byte_array_append(p->heard, octets, (guint)n);
  if (n <= 0)
    note_error(p, n);
  peer_flush(p);
}

static void
peer_start(struct endpoint *e, int64_t now_ns)
{
  go_on((struct peer *)e);
}

static void
peer_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct peer *peer = (struct peer *)e;
  BIO_write(peer->in, p, (int)n);
  go_on(peer);
}

static void
peer_eof(struct endpoint *e, int64_t now_ns)
{
}

static void
peer_free(struct endpoint *e)
{
  struct peer *p = (struct peer *)e;
  SSL_free(p->ssl);
  SSL_CTX_free(p->context);
  g_byte_array_unref(p->heard);
  machine_clear(e);
  g_free(p);
}

static void
note_alert(const SSL *ssl, int where, int value)
{
  struct peer *p = SSL_get_app_data(ssl);
  if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || (value & 0xff) == SSL_AD_CLOSE_NOTIFY)
    return;
  p->alert = (unsigned)value & 0xff;
  p->n_alerts++;
}

static const struct endpoint_ops peer_ops = {.protocol = "peer",
                                             .start = peer_start,
                                             .input = peer_input,
                                             .eof = peer_eof,
                                             .timeout = peer_eof,
                                             .free = peer_free};

static struct peer *
peer_new(const SSL_METHOD *method, int max_version)
{
  struct peer *p = g_new0(struct peer, 1);
  machine_init(&p->endpoint, &peer_ops);
  p->heard = g_byte_array_new();
  p->context = SSL_CTX_new(method);
  SSL_CTX_set_max_proto_version(p->context, max_version);
  SSL_CTX_set_info_callback(p->context, note_alert);
  return p;
}

static void
make_ssl(struct peer *p)
{
  p->ssl = SSL_new(p->context);
  p->in = BIO_new(BIO_s_mem());
  p->out = BIO_new(BIO_s_mem());
  BIO_set_mem_eof_return(p->in, -1);
  SSL_set_bio(p->ssl, p->in, p->out);
  SSL_set_app_data(p->ssl, p);
}

static X509 *
read_certificate(const char *pem)
{
  BIO *text = BIO_new_mem_buf(pem, -1);
  X509 *certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);
  BIO_free(text);
  g_assert_nonnull(certificate);
  return certificate;
}

struct peer *
peer_client(const char *authority_pem, const char *name, int max_version)
{
  struct peer *p = peer_new(TLS_client_method(), max_version);
  if (name) {
    X509 *authority = read_certificate(authority_pem);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(p->context), authority);
    X509_free(authority);
    SSL_CTX_set_verify(p->context, SSL_VERIFY_PEER, NULL);
  }
  make_ssl(p);
  if (name) {
    g_assert_cmpint(SSL_set1_host(p->ssl, name), ==, 1);
    SSL_set_tlsext_host_name(p->ssl, name);
  }
  SSL_set_connect_state(p->ssl);
  return p;
}

struct peer *
peer_server(const char *key_pem, const char *certificate_pem, int max_version)
{
  struct peer *p = peer_new(TLS_server_method(), max_version);
  BIO *text = BIO_new_mem_buf(key_pem, -1);
  EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, NULL, NULL);
  X509 *certificate = read_certificate(certificate_pem);
  g_assert_cmpint(SSL_CTX_use_certificate(p->context, certificate), ==, 1);
  g_assert_cmpint(SSL_CTX_use_PrivateKey(p->context, key), ==, 1);
  EVP_PKEY_free(key);
  X509_free(certificate);
  BIO_free(text);
  make_ssl(p);
  SSL_set_accept_state(p->ssl);
  return p;
}

void
peer_say(struct peer *p, const char *text)
{
  g_assert_cmpint(SSL_write(p->ssl, text, (int)strlen(text)), ==, (int)strlen(text));
  peer_flush(p);
}
