/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tls.c -- TLS opened with a key log: real handshakes, made here by OpenSSL at both ends, go
 * as TCP segments into a trace; what was said inside must come out, and nothing that is not
 * genuine. tshark opens the same files and is asked for the same lines. */
#include <glib/gstdio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "capture/decode/decode.h"
#include "capture/findings/findings.h"
#include "capture/tls/keylog.h"
#include "capture/wire/bytes.h"
#include "capture/wire/mail.h"
#include "capture/wire/tls.h"
#include "tests/trace/packets.h"

/* ---- a conversation ---- */

struct talk {
  SSL *ends[2]; /* client, server */
  GString *keys;
  GArray *flights; /* struct flight: what was sent, for a second trace */
};

struct flight {
  unsigned from;
  GByteArray *octets;
};

static void
flight_clear(void *data)
{
  g_byte_array_unref(((struct flight *)data)->octets);
}

static void
on_key(const SSL *ssl, const char *line)
{
  struct talk *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
  g_string_append_printf(t->keys, "%s\n", line);
}

static void
make_certificate(SSL_CTX *ctx, bool is_rsa)
{
  EVP_PKEY *key = is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
  X509 *x = X509_new();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             (const unsigned char *)"mail.test", -1, -1, 0);
  X509_set_issuer_name(x, X509_get_subject_name(x));
  g_assert_true(X509_sign(x, key, EVP_sha256()));
  g_assert_true(SSL_CTX_use_certificate(ctx, x));
  g_assert_true(SSL_CTX_use_PrivateKey(ctx, key));
  X509_free(x);
  EVP_PKEY_free(key);
}

/* `suite` is a cipher list of TLS 1.2 or a suite of TLS 1.3. */
static struct talk *
talk_new(int version, const char *suite, uint64_t options)
{
  struct talk *t = g_new0(struct talk, 1);
  t->keys = g_string_new(NULL);
  t->flights = g_array_new(FALSE, FALSE, sizeof(struct flight));
  g_array_set_clear_func(t->flights, flight_clear);
  for (int i = 0; i < 2; i++) {
    SSL_CTX *ctx = SSL_CTX_new(i ? TLS_server_method() : TLS_client_method());
    SSL_CTX_set_app_data(ctx, t);
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_set_options(ctx, options);
    g_assert_true(version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(ctx, suite)
                                            : SSL_CTX_set_cipher_list(ctx, suite));
    if (i)
      make_certificate(ctx, !strstr(suite, "ECDSA"));
    else
      SSL_CTX_set_keylog_callback(ctx, on_key);
    t->ends[i] = SSL_new(ctx);
    SSL_CTX_free(ctx);
    SSL_set_bio(t->ends[i], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  }
  SSL_set_connect_state(t->ends[0]);
  SSL_set_accept_state(t->ends[1]);
  return t;
}

static void
talk_free(struct talk *t)
{
  SSL_free(t->ends[0]);
  SSL_free(t->ends[1]);
  g_string_free(t->keys, TRUE);
  g_array_unref(t->flights);
  g_free(t);
}

static void
send_octets(struct talk *t, unsigned from, const void *p, guint n)
{
  struct flight f = {.from = from, .octets = g_byte_array_new()};
  g_byte_array_append(f.octets, p, n);
  g_array_append_val(t->flights, f);
}

/* Carries what one end has written to the other. */
static bool
carry(struct talk *t, unsigned from)
{
  uint8_t octets[65536];
  int n = BIO_read(SSL_get_wbio(t->ends[from]), octets, sizeof octets);
  if (n <= 0)
    return false;
  send_octets(t, from, octets, (guint)n);
  g_assert_cmpint(BIO_write(SSL_get_rbio(t->ends[!from]), octets, n), ==, n);
  return true;
}

static void
shake_hands(struct talk *t)
{
  bool is_done[2] = {false, false};
  for (int rounds = 0; rounds < 20 && !(is_done[0] && is_done[1]); rounds++) {
    for (unsigned i = 0; i < 2; i++) {
      is_done[i] = SSL_do_handshake(t->ends[i]) == 1;
      carry(t, i);
    }
  }
  g_assert_true(is_done[0] && is_done[1]);
}

static void
say(struct talk *t, unsigned from, const char *text)
{
  char heard[65536];
  g_assert_cmpint(SSL_write(t->ends[from], text, (int)strlen(text)), ==, (int)strlen(text));
  carry(t, from);
  size_t n = 0;
  for (int got; (got = SSL_read(t->ends[!from], heard + n, (int)(sizeof heard - n))) > 0;)
    n += (size_t)got;
  carry(t, !from); /* answers to a key update */
  g_assert_cmpmem(heard, n, text, strlen(text));
}

/* ---- the trace ---- */

/* Plays the flights into a new trace, in segments of `cut` octets. */
static struct trace *
play(struct talk *t, const char *keys, guint cut)
{
  struct packets_feed feed = packets_begin(LINK_IPV4);
  uint32_t seq[2] = {100, 500};
  if (keys)
    trace_add_keylog(feed.trace, keys, strlen(keys));
  packets_segment(&feed, (struct packets_segment){.seq = seq[0]++, .flags = TCP_SYN});
  packets_segment(&feed,
                  (struct packets_segment){
                      .from = 1, .seq = seq[1]++, .ack = seq[0], .flags = TCP_SYN | TCP_ACK});
  for (guint i = 0; i < t->flights->len; i++) {
    const struct flight *f = &g_array_index(t->flights, struct flight, i);
    for (guint at = 0; at < f->octets->len; at += cut) {
      guint n = MIN(cut, f->octets->len - at);
      g_autoptr(GByteArray) piece = g_byte_array_new();
      g_byte_array_append(piece, f->octets->data + at, n);
      packets_segment(&feed, (struct packets_segment){.from = f->from,
                                                      .seq = seq[f->from],
                                                      .ack = seq[!f->from],
                                                      .flags = TCP_ACK,
                                                      .octets = piece,
                                                      .after_ns = 1000});
      seq[f->from] += n;
    }
  }
  trace_finish(feed.trace);
  return feed.trace;
}

/* What was said inside TLS: "C: EHLO …" lines. */
static char *
inside(const struct trace *t)
{
  GString *text = g_string_new(NULL);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i = 0; i < trace_n_elements(t); i++) {
    const struct element e = trace_element(t, i);
    if (!(e.flags & ELEMENT_FLAG_INNER))
      continue;
    g_assert_true(trace_element_octets(t, i, octets, pieces));
    g_assert_cmpuint(octets->len, ==, e.n_octets);
    g_string_append(text, e.side == SIDE_CLIENT ? "C: " : "S: ");
    g_string_append_len(text, (const char *)octets->data, octets->len);
  }
  return g_string_free(text, FALSE);
}

static const char dialogue[] = "S: 220 mail.test ready\r\n"
                               "C: EHLO client.test\r\n"
                               "S: 250 AUTH PLAIN\r\n"
                               "C: AUTH PLAIN AGFsaWNlAGxvdHVz\r\n"
                               "S: 235 2.7.0 OK\r\n"
                               "C: QUIT\r\n"
                               "S: 221 bye\r\n";

/* Says `text`, which is written as in `dialogue`. */
static void
say_all(struct talk *t, const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
  for (char **line = lines; *line && **line; line++) {
    g_autofree char *said = g_strconcat(*line + 3, "\r\n", NULL);
    say(t, **line == 'S', said);
  }
}

static void
close_both(struct talk *t)
{
  for (unsigned i = 0; i < 2; i++) {
    SSL_shutdown(t->ends[i]);
    carry(t, i);
  }
}

/* ---- tests ---- */

struct suite_case {
  int version;
  const char *suite;
  uint64_t options;
};

static const struct suite_case suites[] = {
    {TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0},
    {TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 0},
    {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", 0},
    {TLS1_3_VERSION, "TLS_AES_128_CCM_SHA256", 0},
    {TLS1_3_VERSION, "TLS_AES_128_CCM_8_SHA256", 0},
    {TLS1_2_VERSION, "AES128-GCM-SHA256", 0},
    {TLS1_2_VERSION, "ECDHE-RSA-AES256-GCM-SHA384", 0},
    {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", 0},
    {TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", 0},
    {TLS1_2_VERSION, "AES256-CCM", 0},
    {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-CCM8", 0},
    {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", 0},
    {TLS1_2_VERSION, "ECDHE-RSA-AES128-SHA", SSL_OP_NO_ENCRYPT_THEN_MAC},
    {TLS1_2_VERSION, "AES256-SHA256", SSL_OP_NO_ENCRYPT_THEN_MAC},
    {TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384", 0},
    {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA384", SSL_OP_NO_ENCRYPT_THEN_MAC},
};

static void
test_suite(gconstpointer data)
{
  const struct suite_case *c = data;
  struct talk *t = talk_new(c->version, c->suite, c->options);
  shake_hands(t);
  say_all(t, dialogue);
  close_both(t);
  static const guint cuts[] = {1400, 1, 3, 517};
  for (gsize i = 0; i < G_N_ELEMENTS(cuts); i++) {
    struct trace *trace = play(t, t->keys->str, cuts[i]);
    g_autofree char *text = inside(trace);
    g_assert_cmpstr(text, ==, dialogue);
    g_assert_cmpint(trace_flow(trace, 0)->app, ==, APP_SMTP);
    trace_free(trace);
  }
  struct trace *trace = play(t, NULL, 1400);
  g_autofree char *nothing = inside(trace);
  g_assert_cmpstr(nothing, ==, "");
  g_assert_cmpint(trace_flow(trace, 0)->app, ==, APP_TLS);
  trace_free(trace);
  talk_free(t);
}

/* STARTTLS: the session inside goes on where the one in clear stopped, without a greeting. */
static void
test_starttls(void)
{
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
  static const char *const clear[] = {"S220 mail.test\r\n", "CEHLO a.test\r\n",
                                      "S250-mail.test\r\n250 STARTTLS\r\n", "CSTARTTLS\r\n",
                                      "S220 go ahead\r\n"};
  for (gsize i = 0; i < G_N_ELEMENTS(clear); i++)
    send_octets(t, clear[i][0] == 'S', clear[i] + 1, (guint)strlen(clear[i] + 1));
  shake_hands(t);
  const char *behind = strchr(dialogue, 'C');
  say_all(t, behind);
  struct trace *trace = play(t, t->keys->str, 1400);
  g_autofree char *text = inside(trace);
  g_assert_cmpstr(text, ==, behind);
  trace_free(trace);
  talk_free(t);
}

/* A message larger than a record, in records of 512 octets, with both sides changing keys on the
 * way. */
static void
test_long_and_updated(void)
{
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 0);
  SSL_set_max_send_fragment(t->ends[0], 512);
  SSL_set_max_send_fragment(t->ends[1], 512); /* the certificate is cut over records */
  shake_hands(t);
  say_all(t, "S: 220 mail.test ready\r\nC: EHLO a\r\nS: 250 ok\r\nC: MAIL FROM:<a@b.test>\r\n"
             "S: 250 ok\r\nC: RCPT TO:<c@d.test>\r\nS: 250 ok\r\n");
  g_assert_true(SSL_key_update(t->ends[0], SSL_KEY_UPDATE_REQUESTED));
  say_all(t, "C: DATA\r\nS: 354 go\r\n");
  g_autoptr(GString) message = g_string_new("Subject: long\r\n\r\n");
  for (int i = 0; i < 300; i++)
    g_string_append_printf(message, "line %03d %s\r\n", i, "zwanzig Zeichen mehr");
  g_string_append(message, ".\r\n");
  say(t, 0, message->str);
  g_assert_true(SSL_key_update(t->ends[1], SSL_KEY_UPDATE_NOT_REQUESTED));
  say_all(t, "S: 250 taken\r\n");
  struct trace *trace = play(t, t->keys->str, 1000);
  g_autofree char *text = inside(trace);
  g_assert_nonnull(strstr(text, "S: 354 go\r\n"));
  g_assert_nonnull(strstr(text, "S: 250 taken\r\n"));
  /* The message as pass 2 reads it: its subject, and its last line. */
  struct decode *d = decode_new(trace);
  bool has_subject = false, has_end = false;
  for (uint32_t i = 0; i < trace_n_frames(trace); i++) {
    g_assert_true(decode_frame(d, i));
    const struct field *f = decode_find(d, "imf.subject", 0);
    has_subject |= f && strcmp(decode_value(d, f), "long") == 0;
    for (unsigned s = 0; s < d->n_sources; s++)
      if (d->sources[s].kind == SOURCE_OPENED)
        has_end |= g_strstr_len((const char *)d->sources[s].octets->data, d->sources[s].octets->len,
                                "line 299 zwanzig") != NULL;
  }
  g_assert_true(has_subject);
  g_assert_true(has_end);
  decode_free(d);
  trace_free(trace);
  talk_free(t);
}

/* HelloRetryRequest: the first ServerHello gives no keys (RFC 8446 4.1.4). */
static void
test_retry(void)
{
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
  g_assert_true(SSL_set1_groups_list(t->ends[0], "X25519:P-384"));
  g_assert_true(SSL_set1_groups_list(t->ends[1], "P-384"));
  shake_hands(t);
  say_all(t, dialogue);
  struct trace *trace = play(t, t->keys->str, 1400);
  g_autofree char *text = inside(trace);
  g_assert_cmpstr(text, ==, dialogue);
  trace_free(trace);
  talk_free(t);
}

/* One damaged octet: that record stays sealed, and those behind it are opened again. */
static void
test_damaged(void)
{
  static const struct suite_case cases[] = {
      {TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0},
      {TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", 0},
      {TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", 0},
      {TLS1_2_VERSION, "AES128-SHA", SSL_OP_NO_ENCRYPT_THEN_MAC},
      {TLS1_2_VERSION, "AES128-SHA", 0},
  };
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct talk *t = talk_new(cases[i].version, cases[i].suite, cases[i].options);
    shake_hands(t);
    say_all(t, "S: 220 mail.test ready\r\nC: EHLO a.test\r\nS: 250 ok\r\n");
    guint at = t->flights->len;
    say_all(t, "C: NOOP one\r\nS: 250 ok\r\nC: NOOP two\r\nS: 250 ok\r\n");
    GByteArray *octets = g_array_index(t->flights, struct flight, at).octets;
    octets->data[octets->len - 3] ^= 1;
    struct trace *trace = play(t, t->keys->str, 1400);
    g_autofree char *text = inside(trace);
    g_assert_null(strstr(text, "NOOP one"));
    if (cases[i].version == TLS1_3_VERSION || !strstr(cases[i].suite, "SHA"))
      g_assert_nonnull(strstr(text, "NOOP two"));
    trace_free(trace);
    talk_free(t);
  }
}

/* Secrets of another connection, or cut ones, open nothing and harm nothing. */
static void
test_wrong_secrets(void)
{
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
  shake_hands(t);
  say_all(t, dialogue);
  g_auto(GStrv) lines = g_strsplit(t->keys->str, "\n", -1);
  g_autoptr(GString) other = g_string_new(NULL), cut = g_string_new(NULL);
  for (char **line = lines; *line; line++) {
    size_t n = strlen(*line);
    if (n < 10)
      continue;
    g_string_append_printf(cut, "%.*s\n", (int)n - 2, *line);
    (*line)[n - 1] = (*line)[n - 1] == '0' ? '1' : '0';
    g_string_append_printf(other, "%s\n", *line);
  }
  const char *const logs[] = {other->str, cut->str,
                              "CLIENT_RANDOM\nSERVER_TRAFFIC_SECRET_0 zz 00\n"};
  for (gsize i = 0; i < G_N_ELEMENTS(logs); i++) {
    struct trace *trace = play(t, logs[i], 1400);
    g_autofree char *text = inside(trace);
    g_assert_cmpstr(text, ==, "");
    trace_free(trace);
  }
  talk_free(t);
}

/* The secret lines of a login inside TLS are masked like those in clear, and no finding blames it.
 */
static void
test_masked(void)
{
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
  shake_hands(t);
  say_all(t, dialogue);
  struct trace *trace = play(t, t->keys->str, 1400);
  struct decode *d = decode_new(trace);
  g_autoptr(GString) infos = g_string_new(NULL);
  for (uint32_t i = 0; i < trace_n_frames(trace); i++) {
    g_assert_true(decode_frame(d, i));
    g_string_append_printf(infos, "%s %s\n", d->summary.protocol, d->summary.info);
    for (unsigned f = 0; f < decode_n_fields(d); f++) {
      g_autofree char *line = decode_line(d, decode_field(d, f));
      g_assert_null(strstr(line, "AGFsaWNl"));
      g_assert_null(strstr(line, "lotus"));
    }
  }
  /* What was found is of TLS: the key log has opened the certificate of TLS 1.3, too. */
  const struct findings *all = trace_findings(trace);
  bool is_judged = false;
  for (unsigned i = 0; i < findings_n(all); i++) {
    const char *id = findings_get(all, i)->rule->id;
    g_assert_true(g_str_has_prefix(id, "TLS-"));
    is_judged |= strcmp(id, "TLS-004") == 0;
  }
  g_assert_true(is_judged);
  g_assert_nonnull(strstr(infos->str, "SMTP C: AUTH PLAIN " SECRET_MASK "\n"));
  g_assert_nonnull(strstr(infos->str, "TLS 1.3 "));
  g_assert_nonnull(strstr(infos->str, "Encrypted Extensions, Certificate, Certificate Verify"));
  decode_free(d);
  trace_free(trace);
  talk_free(t);
}

/* tshark, with the same secrets, sees the same commands and replies, handshake types and content
 * types. */
static void
test_tshark(void)
{
  static const char *const keys[] = {"tls.record.content_type", "tls.record.opaque_type",
                                     "tls.handshake.type",      "tls.handshake.certificate_length",
                                     "smtp.req.command",        "smtp.rsp.parameter"};
  for (gsize i = 0; i < 6; i += 5) { /* one of each version */
    struct talk *t = talk_new(suites[i].version, suites[i].suite, 0);
    shake_hands(t);
    say_all(t, dialogue);
    close_both(t);
    struct trace *trace = play(t, t->keys->str, 1400);
    g_autofree char *pcap =
        g_build_filename(g_get_tmp_dir(), "enveloscope-tls-XXXXXX.pcapng", NULL);
    g_autofree char *log = g_build_filename(g_get_tmp_dir(), "enveloscope-tls-XXXXXX.keys", NULL);
    close(g_mkstemp(pcap));
    close(g_mkstemp(log));
    packets_write(pcap, trace);
    g_assert_true(g_file_set_contents(log, t->keys->str, -1, NULL));
    g_autofree char *option = g_strdup_printf("tls.keylog_file:%s", log);
    for (gsize k = 0; k < G_N_ELEMENTS(keys); k++) {
      const char *argv[] = {"tshark",
                            "-r",
                            pcap,
                            "-o",
                            option,
                            "-d",
                            "tcp.port==25,tls",
                            "-d",
                            "tls.port==25,smtp",
                            "-T",
                            "fields",
                            "-e",
                            keys[k],
                            NULL};
      g_autofree char *theirs = packets_run(argv);
      if (!theirs) {
        g_test_skip("tshark is not installed");
        break;
      }
      g_autoptr(GString) ours = g_string_new(NULL);
      struct decode *d = decode_new(trace);
      for (uint32_t f = 0; f < trace_n_frames(trace); f++) {
        decode_frame(d, f);
        const char *comma = "";
        for (unsigned at = 0; at < decode_n_fields(d); at++) {
          const struct field *field = decode_field(d, at);
          if (strcmp(field->def->key, keys[k]) != 0)
            continue;
          g_string_append_printf(ours, "%s%s", comma, decode_value(d, field));
          comma = ",";
        }
        g_string_append_c(ours, '\n');
      }
      decode_free(d);
      g_assert_cmpstr(ours->str, ==, theirs);
      if (i == 0 || !strstr(keys[k], "opaque")) /* TLS 1.2 hides no types */
        g_assert_cmpuint(strlen(g_strstrip(theirs)), >, 0);
    }
    g_unlink(pcap);
    g_unlink(log);
    trace_free(trace);
    talk_free(t);
  }
}

/* Compresses one line as an IMAP server or client does behind COMPRESS: a sync flush for each. */
static GByteArray *
compressed(z_stream *z, const char *text)
{
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, 4096);
  z->next_in = (Bytef *)(uintptr_t)text;
  z->avail_in = (uInt)strlen(text);
  z->next_out = out->data;
  z->avail_out = out->len;
  g_assert_cmpint(deflate(z, Z_SYNC_FLUSH), ==, Z_OK);
  g_byte_array_set_size(out, out->len - z->avail_out);
  return out;
}

/* COMPRESS=DEFLATE (RFC 4978), in clear and inside TLS: what was said is inflated. */
static void
test_compressed(gconstpointer data)
{
  bool is_tls = data != NULL;
  static const char *const before[] = {"S* OK ready\r\n", "Ca1 LOGIN bob secret\r\n",
                                       "Sa1 OK in\r\n", "Ca2 COMPRESS DEFLATE\r\n",
                                       "Sa2 OK from now on\r\n"};
  static const char *const behind[] = {"Ca3 SELECT INBOX\r\n", "S* 3 EXISTS\r\na3 OK selected\r\n",
                                       "Ca4 LOGOUT\r\n", "S* BYE\r\na4 OK bye\r\n"};
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
  z_stream ends[2] = {0};
  if (is_tls)
    shake_hands(t);
  for (gsize i = 0; i < G_N_ELEMENTS(before) + G_N_ELEMENTS(behind); i++) {
    bool is_behind = i >= G_N_ELEMENTS(before);
    const char *text = is_behind ? behind[i - G_N_ELEMENTS(before)] : before[i];
    unsigned from = text[0] == 'S';
    g_autoptr(GByteArray) octets = NULL;
    if (is_behind && !ends[from].state)
      g_assert_cmpint(deflateInit2(&ends[from], 9, Z_DEFLATED, -15, 8, 0), ==, Z_OK);
    if (is_behind)
      octets = compressed(&ends[from], text + 1);
    const void *p = is_behind ? (const void *)octets->data : text + 1;
    guint n = is_behind ? octets->len : (guint)strlen(text + 1);
    if (!is_tls) {
      send_octets(t, from, p, n);
      continue;
    }
    g_assert_cmpint(SSL_write(t->ends[from], p, (int)n), ==, (int)n);
    carry(t, from);
    uint8_t heard[4096];
    while (SSL_read(t->ends[!from], heard, sizeof heard) > 0)
      ;
  }
  static const guint cuts[] = {1400, 1, 7};
  for (gsize i = 0; i < G_N_ELEMENTS(cuts); i++) {
    struct trace *trace = play(t, t->keys->str, cuts[i]);
    g_autoptr(GString) said = g_string_new(NULL);
    g_autoptr(GByteArray) octets = g_byte_array_new();
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
    for (uint32_t k = 0; k < trace_n_elements(trace); k++) {
      const struct element e = trace_element(trace, k);
      if (!(e.flags & ELEMENT_FLAG_INFLATED))
        continue;
      g_assert_cmpint(!!(e.flags & ELEMENT_FLAG_INNER), ==, is_tls);
      g_assert_true(trace_element_octets(trace, k, octets, pieces));
      g_string_append_len(said, (const char *)octets->data, octets->len);
    }
    g_assert_cmpstr(said->str, ==,
                    "a3 SELECT INBOX\r\n* 3 EXISTS\r\na3 OK selected\r\na4 LOGOUT\r\n"
                    "* BYE\r\na4 OK bye\r\n");
    g_assert_cmpint(trace_flow(trace, 0)->state, ==, IMAP_STATE_LOGOUT);
    struct decode *d = decode_new(trace);
    bool has_select = false;
    for (uint32_t k = 0; k < trace_n_frames(trace); k++) {
      g_assert_true(decode_frame(d, k));
      has_select |= strstr(d->summary.info, "C: a3 SELECT INBOX") != NULL;
    }
    g_assert_true(has_select);
    decode_free(d);
    trace_free(trace);
  }
  deflateEnd(&ends[0]);
  deflateEnd(&ends[1]);
  talk_free(t);
}

/* Octets of a pcapng block's length at `at`, little endian. */
static guint32
block_octets(const char *file, gsize at)
{
  return get_le32((const uint8_t *)file + at + 4);
}

/* The same file with a Decryption Secrets Block (type 10) behind its first two blocks. */
static GByteArray *
with_secrets(const char *file, gsize n, const char *keys, const char *type)
{
  gsize at = block_octets(file, 0);
  at += block_octets(file, at);
  guint n_keys = (guint)strlen(keys), total = (20 + n_keys + 3) / 4 * 4;
  g_autoptr(GByteArray) block = g_byte_array_new();
  g_byte_array_set_size(block, total);
  memset(block->data, 0, total);
  block->data[0] = 10;
  for (unsigned i = 0; i < 4; i++) {
    block->data[4 + i] = block->data[total - 4 + i] = (uint8_t)(total >> (8 * i));
    block->data[8 + i] = (uint8_t)type[3 - i];
    block->data[12 + i] = (uint8_t)(n_keys >> (8 * i));
  }
  memcpy(block->data + 16, keys, n_keys);
  GByteArray *out = g_byte_array_new();
  g_byte_array_append(out, (const uint8_t *)file, (guint)at);
  g_byte_array_append(out, block->data, block->len);
  g_byte_array_append(out, (const uint8_t *)file + at, (guint)(n - at));
  return out;
}

static char *
load_inside(const char *path)
{
  g_autoptr(GError) error = NULL;
  trace_owned *t = trace_new();
  g_assert_true(trace_load_file(t, path, NULL, &error));
  char *text = inside(t);
  trace_free(t);
  return text;
}

/* The secrets of a file stand in the file: a block of the type "TLSK" before the packets, also one
 * that is longer than what is read at once; blocks of other types are passed over. */
static void
test_secrets_block(void)
{
  struct talk *t = talk_new(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
  shake_hands(t);
  say_all(t, dialogue);
  struct trace *trace = play(t, NULL, 1400);
  g_autofree char *path = g_build_filename(g_get_tmp_dir(), "enveloscope-tls-XXXXXX.pcapng", NULL);
  g_autofree char *file = NULL;
  gsize n;
  close(g_mkstemp(path));
  packets_write(path, trace);
  g_assert_true(g_file_get_contents(path, &file, &n, NULL));
  g_autoptr(GString) many = g_string_new(NULL);
  while (many->len < 700000)
    g_string_append_printf(many, "# %0200d\n", 0);
  g_string_append(many, t->keys->str);
  const struct {
    const char *keys, *type, *expected;
  } cases[] = {
      {t->keys->str, "TLSK", dialogue}, {many->str, "TLSK", dialogue}, {t->keys->str, "WGKL", ""}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GByteArray) whole = with_secrets(file, n, cases[i].keys, cases[i].type);
    g_assert_true(g_file_set_contents(path, (const char *)whole->data, whole->len, NULL));
    g_autofree char *text = load_inside(path);
    g_assert_cmpstr(text, ==, cases[i].expected);
  }
  g_unlink(path);
  trace_free(trace);
  talk_free(t);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(suites); i++) {
    g_autofree char *path =
        g_strdup_printf("/tls/%s%s", suites[i].suite,
                        suites[i].options & SSL_OP_NO_ENCRYPT_THEN_MAC ? "-mac-then-encrypt" : "");
    g_test_add_data_func(path, &suites[i], test_suite);
  }
  g_test_add_func("/tls/starttls", test_starttls);
  g_test_add_func("/tls/long-message-and-key-updates", test_long_and_updated);
  g_test_add_func("/tls/hello-retry-request", test_retry);
  g_test_add_func("/tls/damaged-record-stays-sealed", test_damaged);
  g_test_add_func("/tls/wrong-secrets-open-nothing", test_wrong_secrets);
  g_test_add_func("/tls/secrets-inside-are-masked", test_masked);
  g_test_add_data_func("/compress/in-clear", NULL, test_compressed);
  g_test_add_data_func("/compress/inside-tls", "tls", test_compressed);
  g_test_add_func("/tls/secrets-block-of-a-pcapng", test_secrets_block);
  g_test_add_func("/tls/tshark-sees-the-same", test_tshark);
  return g_test_run();
}
