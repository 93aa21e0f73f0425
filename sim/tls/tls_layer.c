/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tls_layer.c -- one TLS connection: an endpoint around a mail machine.
 *
 *     CLEAR ──begin_handshake──> HANDSHAKE ──opened──> OPEN ──close_down──> CLOSING ──> OVER
 *       octets pass             │ octets are records   │ machine's octets    │ its close_notify
 *       as they are             └──────failed──────────┴──────broken─────────┴─ is waited for
 *
 * What arrives behind the machine's go-ahead is a record and nothing else: it goes to OpenSSL,
 * never to the machine, so that a command which somebody slipped in before the handshake ends the
 * handshake instead of being obeyed (RFC 3207 6; CVE-2011-0411). What the machine itself had
 * buffered it has forgotten by then (endpoint.h).
 *
 * OpenSSL reads from the octets that input() was given and writes into `out`; it never waits. RFC
 * 8446, 5246. A connection that ends without close_notify may have been cut short by somebody: that
 * is told (RFC 8446 6.1). */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "capture/wire/addr.h"
#include "capture/wire/lang.h"
#include "sim/mail/date.h"
#include "sim/mail/machine.h"
#include "sim/tls/tls_private.h"

enum {
  RECORD_OCTETS_MAX = 16384, /* RFC 8446 5.1 */
  ALERT_NONE = 256,
};

enum state { STATE_CLEAR, STATE_HANDSHAKE, STATE_OPEN, STATE_CLOSING, STATE_OVER };

struct tls_layer {
  struct endpoint endpoint;
  struct endpoint_ops ops; /* with the machine's protocol */
  struct endpoint *machine;
  struct tls_side *side;
  char *server_name;
  bool is_implicit, has_peer_ended /* close_notify or FIN */;
  enum state state;
  SSL *ssl;
  struct random_stream random;
  const uint8_t *in; /* what OpenSSL may read now */
  size_t n_in, n_handshake;
  int64_t now_ns;
  int certificate_error; /* the first one; X509_V_OK */
  unsigned alert;        /* fatal, of either side; ALERT_NONE */
  bool is_alert_ours;
  struct endpoint_security security;
  char *peer_name;
};

static void settle(struct tls_layer *l, int64_t now_ns);

/* ---- what OpenSSL calls ---- */

static int
bio_read(BIO *bio, char *out, int n)
{
  struct tls_layer *l = BIO_get_data(bio);
  size_t taken = MIN((size_t)MAX(n, 0), l->n_in);
  BIO_clear_retry_flags(bio);
  if (taken == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  memcpy(out, l->in, taken);
  l->in += taken;
  l->n_in -= taken;
  return (int)taken;
}

static int
bio_write(BIO *bio, const char *p, int n)
{
  struct tls_layer *l = BIO_get_data(bio);
  machine_send(&l->endpoint, p, (size_t)n);
  return n;
}

static long
bio_control(BIO *bio, int what, long number, void *p)
{
  return what == BIO_CTRL_FLUSH;
}

BIO_METHOD *
tls_layer_bio(void)
{
  BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "layer");
  if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) &&
      BIO_meth_set_ctrl(m, bio_control))
    return m;
  BIO_meth_free(m);
  return NULL;
}

void
tls_layer_keylog(const SSL *ssl, const char *line)
{
  const struct tls_layer *l = SSL_get_app_data(ssl);
  tls_tell_secret(l->side->tls, line);
}

int
tls_layer_verify(int is_good, X509_STORE_CTX *chain)
{
  const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
  struct tls_layer *l = SSL_get_app_data(ssl);
  if (!is_good && l->certificate_error == X509_V_OK)
    l->certificate_error = X509_STORE_CTX_get_error(chain);
  return is_good || l->side->is_lenient;
}

void
tls_layer_alert(const SSL *ssl, int where, int value)
{
  struct tls_layer *l = SSL_get_app_data(ssl);
  unsigned description = (unsigned)value & 0xff;
  bool is_ours = !(where & SSL_CB_READ);
  if (!(where & SSL_CB_ALERT) || description == SSL_AD_CLOSE_NOTIFY)
    return;
  if (value >> 8 == SSL3_AL_FATAL) {
    l->alert = description;
    l->is_alert_ours = is_ours;
  }
  g_autofree char *text = tls_problem_alert(description);
  machine_emit(&l->endpoint, "log",
               is_ours ? lang_text("TLS alert sent: %s", "ส่งการแจ้งเตือน TLS: %s")
                       : lang_text("TLS alert received: %s", "ได้รับการแจ้งเตือน TLS: %s"),
               text);
}

/* Around every call that may draw random octets or leave errors behind. */
static void
enter(struct tls_layer *l)
{
  ERR_clear_error();
  tls_source_draw_from(l->side->tls->source, &l->random);
}

static void
leave(struct tls_layer *l)
{
  tls_source_draw_from(l->side->tls->source, NULL);
}

/* ---- how it ends ---- */

/* Why, as a sentence; to be asked before the error queue is cleared. */
static char *
reason_of(const struct tls_layer *l)
{
  if (l->certificate_error != X509_V_OK && !l->side->is_lenient)
    return g_strdup(tls_problem_certificate(l->certificate_error));
  if (l->alert == ALERT_NONE || l->is_alert_ours)
    return tls_problem_library();
  g_autofree char *alert = tls_problem_alert(l->alert);
  return g_strdup_printf(lang_text("the other side refused: %s", "อีกฝ่ายปฏิเสธ: %s"), alert);
}

/* Nothing can be said or heard any more but what lies in `out`. */
static void
end(struct tls_layer *l)
{
  l->state = STATE_OVER;
  l->endpoint.wants_close = true;
  l->endpoint.deadline_ns = ENDPOINT_NEVER;
}

static void
failed(struct tls_layer *l, const char *reason)
{
  machine_emit(&l->endpoint, "tls", lang_text("failed: %s", "ล้มเหลว: %s"), reason);
  end(l);
  if (l->machine->ops->upgraded)
    l->machine->ops->upgraded(l->machine, ENDPOINT_TLS, reason, l->now_ns);
  else
    l->machine->ops->eof(l->machine, l->now_ns);
}

/* A record that is none, or a fatal alert, in the midst of the conversation. */
static void
broken(struct tls_layer *l, const char *reason)
{
  bool was_open = l->state == STATE_OPEN;
  machine_emit(&l->endpoint, "tls", lang_text("failed: %s", "ล้มเหลว: %s"), reason);
  end(l);
  if (was_open && !l->machine->wants_close)
    l->machine->ops->eof(l->machine, l->now_ns);
}

/* ---- the handshake ---- */

/* What a client compares the certificate with, and asks for by name. */
static bool
set_name(struct tls_layer *l)
{
  X509_VERIFY_PARAM *param = SSL_get0_param(l->ssl);
  struct ip_addr addr;
  X509_VERIFY_PARAM_set_time(param, (time_t)(DATE_EPOCH_S + l->now_ns / MACHINE_SECOND));
  if (l->side->is_server || !l->server_name)
    return true;
  if (ip_addr_parse(l->server_name, &addr))
    return X509_VERIFY_PARAM_set1_ip_asc(param, l->server_name);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                             X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set1_host(param, l->server_name, 0) &&
         SSL_set_tlsext_host_name(l->ssl, l->server_name);
}

static bool
make_ssl(struct tls_layer *l)
{
  struct tls *t = l->side->tls;
  BIO *bio = BIO_new_ex(tls_source_context(t->source), t->bio);
  l->ssl = SSL_new(l->side->context);
  if (!bio || !l->ssl) {
    BIO_free(bio);
    return false;
  }
  BIO_set_data(bio, l);
  BIO_set_init(bio, 1);
  SSL_set_bio(l->ssl, bio, bio);
  SSL_set_app_data(l->ssl, l);
  EVP_PKEY *key = l->side->key ? EVP_PKEY_dup(l->side->key) : NULL;
  bool is_good = (!l->side->key || (key && SSL_use_PrivateKey(l->ssl, key))) && set_name(l);
  EVP_PKEY_free(key);
  if (l->side->is_server)
    SSL_set_accept_state(l->ssl);
  else
    SSL_set_connect_state(l->ssl);
  return is_good;
}

/* What was agreed, for the machine and for who watches. */
static void
take_agreement(struct tls_layer *l)
{
  X509 *peer = SSL_get1_peer_certificate(l->ssl);
  bool is_good = peer && l->certificate_error == X509_V_OK;
  l->peer_name = is_good ? tls_certificate_name(peer) : NULL;
  X509_free(peer);
  const char *asked = SSL_get_servername(l->ssl, TLSEXT_NAMETYPE_host_name);
  if (l->side->is_server && asked) {
    g_free(l->server_name);
    l->server_name = g_strdup(asked);
  }
  l->security = (struct endpoint_security){
      .version = SSL_get_version(l->ssl),
      .cipher = SSL_get_cipher_name(l->ssl),
      .server_name = l->server_name,
      .peer_name = l->peer_name,
      .is_peer_verified = is_good,
      .problem =
          l->certificate_error == X509_V_OK ? NULL : tls_problem_certificate(l->certificate_error)};
  l->endpoint.security = l->machine->security = &l->security;
  if (l->security.problem)
    machine_emit(&l->endpoint, "tls",
                 lang_text("%s %s unverified: %s", "%s %s ไม่ผ่านการตรวจสอบ: %s"),
                 l->security.version, l->security.cipher, l->security.problem);
  else
    machine_emit(&l->endpoint, "tls", "%s %s%s%s%s", l->security.version, l->security.cipher,
                 is_good ? " verified" : "", is_good && l->side->is_server ? " " : "",
                 is_good && l->side->is_server ? l->peer_name : "");
}

static void
opened(struct tls_layer *l)
{
  l->state = STATE_OPEN;
  take_agreement(l);
  if (l->machine->ops->upgraded)
    l->machine->ops->upgraded(l->machine, ENDPOINT_TLS, NULL, l->now_ns);
  if (l->is_implicit)
    l->machine->ops->start(l->machine, l->now_ns);
}

static void
shake_hands(struct tls_layer *l)
{
  size_t before = l->n_in;
  enter(l);
  int result = SSL_do_handshake(l->ssl);
  int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(l->ssl, result);
  g_autofree char *reason =
      error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ ? reason_of(l) : NULL;
  leave(l);
  l->n_handshake += before - l->n_in;
  if (error == SSL_ERROR_NONE)
    opened(l);
  else if (reason)
    failed(l, reason);
  else if (l->n_handshake > TLS_HANDSHAKE_MAX)
    failed(l, lang_text("the handshake does not end", "แฮนด์เชกยาวไม่รู้จบ"));
}

static void
begin_handshake(struct tls_layer *l)
{
  struct tls_side *s = l->side;
  g_autofree char *purpose =
      g_strdup_printf("tls side %u connection %u", s->number, ++s->n_connections);
  l->random = world_random(s->tls->world, s->host, purpose);
  l->state = STATE_HANDSHAKE;
  l->endpoint.deadline_ns = l->now_ns + TLS_HANDSHAKE_WAIT_NS;
  machine_emit(&l->endpoint, "tls", "handshake");
  enter(l);
  bool is_good = make_ssl(l);
  g_autofree char *reason = is_good ? NULL : tls_problem_library();
  leave(l);
  if (is_good)
    shake_hands(l);
  else
    failed(l, reason);
}

/* ---- records ---- */

/* Decrypts what has come; true while there may be more. */
static bool
take_record(struct tls_layer *l)
{
  uint8_t octets[RECORD_OCTETS_MAX];
  size_t n = 0;
  enter(l);
  int error =
      SSL_read_ex(l->ssl, octets, sizeof octets, &n) ? SSL_ERROR_NONE : SSL_get_error(l->ssl, 0);
  g_autofree char *reason =
      error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL ? reason_of(l) : NULL;
  leave(l);
  if (reason) {
    broken(l, reason);
  } else if (error == SSL_ERROR_ZERO_RETURN && !l->has_peer_ended) {
    l->has_peer_ended = true;
    if (l->state == STATE_OPEN && !l->machine->wants_close)
      l->machine->ops->eof(l->machine, l->now_ns);
  } else if (error == SSL_ERROR_NONE && l->state == STATE_OPEN && !l->machine->wants_close) {
    l->machine->ops->input(l->machine, octets, n, l->now_ns);
  }
  return error == SSL_ERROR_NONE;
}

/* All that the machine has to say; a long answer that it makes piece by piece goes on when there is
 * room again. */
static void
encrypt(struct tls_layer *l)
{
  struct endpoint *m = l->machine;
  while (l->state == STATE_OPEN && l->endpoint.out->len <= MACHINE_OUT_MAX) {
    if (m->ops->flush)
      m->ops->flush(m, l->now_ns);
    if (m->out->len == 0)
      return;
    size_t written;
    enter(l);
    bool is_good = SSL_write_ex(l->ssl, m->out->data, m->out->len, &written);
    g_autofree char *reason = is_good ? NULL : reason_of(l);
    leave(l);
    g_byte_array_set_size(m->out, 0);
    if (!is_good)
      broken(l, reason);
  }
}

/* RFC 8446 6.1: says that nothing more will come, and waits for the same of the peer, so that
 * neither end of the connection is closed under the other's last octets. */
static void
close_down(struct tls_layer *l)
{
  if (l->state == STATE_OPEN && l->machine->wants_close && l->machine->out->len == 0) {
    enter(l);
    SSL_shutdown(l->ssl);
    leave(l);
    l->state = STATE_CLOSING;
    l->endpoint.deadline_ns = l->now_ns + TLS_CLOSE_WAIT_NS;
  }
  if (l->state == STATE_CLOSING && l->has_peer_ended) {
    machine_emit(&l->endpoint, "tls", "closed");
    end(l);
  }
}

/* ---- clear text ---- */

static void
pass_clear(struct tls_layer *l)
{
  struct endpoint *m = l->machine;
  while (l->endpoint.out->len <= MACHINE_OUT_MAX || m->wants == ENDPOINT_TLS) {
    if (m->ops->flush)
      m->ops->flush(m, l->now_ns);
    if (m->out->len == 0)
      break;
    machine_send(&l->endpoint, m->out->data, m->out->len);
    g_byte_array_set_size(m->out, 0);
  }
  if (m->wants == ENDPOINT_TLS) {
    m->wants = ENDPOINT_AS_IS;
    begin_handshake(l);
  } else {
    l->endpoint.wants_close = m->wants_close && m->out->len == 0;
  }
}

/* Brings the outside up to what the machine wants now. */
static void
settle(struct tls_layer *l, int64_t now_ns)
{
  l->now_ns = now_ns;
  if (l->state == STATE_CLEAR)
    pass_clear(l);
  encrypt(l);
  if (l->state == STATE_OPEN && l->machine->wants == ENDPOINT_TLS) { /* RFC 3207 4.2: not twice */
    l->machine->wants = ENDPOINT_AS_IS;
    l->machine->ops->upgraded(l->machine, ENDPOINT_TLS,
                              lang_text("TLS is there already", "มี TLS อยู่แล้ว"), now_ns);
    encrypt(l);
  }
  close_down(l);
  if (l->state == STATE_CLEAR || l->state == STATE_OPEN)
    l->endpoint.deadline_ns = l->machine->deadline_ns;
}

/* ---- the endpoint ---- */

static void
layer_start(struct endpoint *e, int64_t now_ns)
{
  struct tls_layer *l = (struct tls_layer *)e;
  l->now_ns = now_ns;
  if (l->is_implicit)
    begin_handshake(l);
  else
    l->machine->ops->start(l->machine, now_ns);
  settle(l, now_ns);
}

static void
layer_input(struct endpoint *e, const uint8_t *p, size_t n, int64_t now_ns)
{
  struct tls_layer *l = (struct tls_layer *)e;
  l->now_ns = now_ns;
  if (l->state == STATE_CLEAR) {
    l->machine->ops->input(l->machine, p, n, now_ns);
    settle(l, now_ns);
    return;
  }
  l->in = p;
  l->n_in = n;
  if (l->state == STATE_HANDSHAKE)
    shake_hands(l);
  while ((l->state == STATE_OPEN || l->state == STATE_CLOSING) && take_record(l))
    ;
  l->in = NULL;
  l->n_in = 0;
  settle(l, now_ns);
}

static void
layer_eof(struct endpoint *e, int64_t now_ns)
{
  struct tls_layer *l = (struct tls_layer *)e;
  enum state state = l->state;
  l->now_ns = now_ns;
  if (state == STATE_CLEAR) {
    l->machine->ops->eof(l->machine, now_ns);
  } else if (state == STATE_HANDSHAKE) {
    failed(l, lang_text("the connection ended during the handshake", "การเชื่อมต่อจบลงระหว่างแฮนด์เชก"));
  } else if ((state == STATE_OPEN || state == STATE_CLOSING) && !l->has_peer_ended) {
    l->has_peer_ended = true;
    machine_emit(
        e, "log", "%s",
        lang_text("the connection ended without close_notify: somebody may have cut it off",
                  "การเชื่อมต่อจบโดยไม่มี close_notify: อาจมีผู้ตัดการเชื่อมต่อ"));
    machine_emit(e, "tls", "cut");
    if (state == STATE_CLOSING)
      end(l);
    else if (!l->machine->wants_close)
      l->machine->ops->eof(l->machine, now_ns);
  }
  settle(l, now_ns);
}

static void
layer_shut_down(struct endpoint *e, int64_t now_ns)
{
  struct tls_layer *l = (struct tls_layer *)e;
  l->now_ns = now_ns;
  if (l->state == STATE_HANDSHAKE)
    end(l); /* nothing can be said in the middle of it */
  else if (l->state != STATE_CLOSING && l->state != STATE_OVER && l->machine->ops->shut_down)
    l->machine->ops->shut_down(l->machine, now_ns);
  settle(l, now_ns);
}

static void
layer_timeout(struct endpoint *e, int64_t now_ns)
{
  struct tls_layer *l = (struct tls_layer *)e;
  l->now_ns = now_ns;
  if (l->state == STATE_HANDSHAKE) {
    failed(l, lang_text("the handshake takes too long", "แฮนด์เชกใช้เวลานานเกินไป"));
  } else if (l->state == STATE_CLOSING) {
    machine_emit(e, "tls", "cut");
    end(l);
  } else if (l->state != STATE_OVER) {
    l->machine->deadline_ns = ENDPOINT_NEVER;
    l->machine->ops->timeout(l->machine, now_ns);
  }
  settle(l, now_ns);
}

static void
layer_flush(struct endpoint *e, int64_t now_ns)
{
  settle((struct tls_layer *)e, now_ns);
}

static void
layer_free(struct endpoint *e)
{
  struct tls_layer *l = (struct tls_layer *)e;
  l->machine->ops->free(l->machine);
  SSL_free(l->ssl);
  g_free(l->server_name);
  g_free(l->peer_name);
  machine_clear(e);
  g_free(l);
}

static void
pass_event(void *data, const char *key, const char *value)
{
  struct tls_layer *l = data;
  if (l->endpoint.event)
    l->endpoint.event(l->endpoint.event_data, key, value);
}

static void
take_machine(struct tls_layer *l, struct endpoint *machine)
{
  l->machine = machine;
  l->ops.protocol = machine->ops->protocol;
  machine->event = pass_event;
  machine->event_data = l;
  machine->security = l->endpoint.security;
}

/* Another machine speaks from now on; what the old one still had to say goes first. */
static struct endpoint *
layer_replace(struct endpoint *e, struct endpoint *machine)
{
  struct tls_layer *l = (struct tls_layer *)e;
  struct endpoint *before = l->machine;
  g_byte_array_prepend(machine->out, before->out->data, before->out->len);
  g_byte_array_set_size(before->out, 0);
  before->event = NULL;
  take_machine(l, machine);
  return before;
}

struct endpoint *
tls_layer_new(struct tls_side *side, struct endpoint *machine, const char *server_name,
              bool is_implicit)
{
  struct tls_layer *l = g_new0(struct tls_layer, 1);
  l->ops = (struct endpoint_ops){.start = layer_start,
                                 .input = layer_input,
                                 .eof = layer_eof,
                                 .timeout = layer_timeout,
                                 .shut_down = layer_shut_down,
                                 .flush = layer_flush,
                                 .replace = layer_replace,
                                 .free = layer_free};
  machine_init(&l->endpoint, &l->ops);
  l->side = side;
  l->server_name = g_strdup(server_name);
  l->is_implicit = is_implicit;
  l->certificate_error = X509_V_OK;
  l->alert = ALERT_NONE;
  take_machine(l, machine);
  return &l->endpoint;
}
