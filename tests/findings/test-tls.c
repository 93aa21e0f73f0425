/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tls.c -- TLS-001 to TLS-007 and POL-001: real handshakes, made here by OpenSSL at both ends,
 * as scripts of the rig, and what must not be said about their near misses. */
#include <glib/gstdio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "capture/wire/dns.h"
#include "tests/findings/rig.h"

/* ---- certificates ---- */

struct subject {
  const char *name, *names; /* CN; subjectAltName, NULL: none */
  int rsa_bits;             /* 0: P-256 */
  bool is_sha1;
  int from_day, to_day; /* of 2026-01-01; both 0: -30 to 60 */
  bool is_own_issuer;
};

static EVP_PKEY *issuer_key;
static X509 *issuer;
static char *issuer_path;

static X509 *
make_certificate(const struct subject *s, EVP_PKEY *key)
{
  X509 *x = X509_new();
  time_t epoch = TRACE_SIM_EPOCH_NS / 1000000000;
  bool is_default = !s->from_day && !s->to_day;
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_time_adj_ex(X509_getm_notBefore(x), is_default ? -30 : s->from_day, 0, &epoch);
  X509_time_adj_ex(X509_getm_notAfter(x), is_default ? 60 : s->to_day, 0, &epoch);
  X509_set_pubkey(x, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                             (const unsigned char *)s->name, -1, -1, 0);
  X509 *by = s->is_own_issuer || !issuer ? x : issuer;
  X509_set_issuer_name(x, X509_get_subject_name(by));
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, by, x, NULL, NULL, 0);
  struct {
    int nid;
    const char *value;
  } extensions[] = {{NID_basic_constraints, issuer ? NULL : "critical,CA:TRUE"},
                    {NID_subject_alt_name, s->names}};
  for (size_t i = 0; i < G_N_ELEMENTS(extensions); i++) {
    if (!extensions[i].value)
      continue;
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, extensions[i].nid, extensions[i].value);
    g_assert_nonnull(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
  }
  g_assert_true(X509_sign(x, by == x ? key : issuer_key, s->is_sha1 ? EVP_sha1() : EVP_sha256()));
  return x;
}

static void
make_issuer(void)
{
  issuer_key = EVP_EC_gen("P-256");
  issuer =
      make_certificate(&(struct subject){.name = "Test Root", .is_own_issuer = true}, issuer_key);
  issuer_path = g_strdup_printf("%s/issuer-%d.pem", g_get_tmp_dir(), g_random_int());
  BIO *out = BIO_new_file(issuer_path, "w");
  g_assert_true(PEM_write_bio_X509(out, issuer));
  BIO_free(out);
}

/* ---- handshakes as scripts ---- */

struct talk {
  const char *prologue; /* script in front: connection, STARTTLS */
  struct subject server;
  int version;       /* TLS1_2_VERSION when 0 */
  const char *suite; /* NULL: ECDHE with AES-GCM */
  const char *asks;  /* server name, NULL: none */
  bool refuses;      /* the client verifies, in vain */
  bool knows_issuer; /* findings trust the test's issuer */
  bool is_silent;    /* nothing is said behind the handshake */
};

static void
put_escaped(GString *script, char side, const uint8_t *p, size_t n)
{
  g_string_append_printf(script, "%c! ", side);
  for (size_t i = 0; i < n; i++)
    g_string_append_printf(script, "\\x%02x", p[i]);
  g_string_append_c(script, '\n');
}

static bool
carry(SSL *ends[2], unsigned from, GString *script)
{
  uint8_t octets[65536];
  int n = BIO_read(SSL_get_wbio(ends[from]), octets, sizeof octets);
  if (n <= 0)
    return false;
  put_escaped(script, from ? 'S' : 'C', octets, (size_t)n);
  BIO_write(SSL_get_rbio(ends[!from]), octets, n);
  return true;
}

static SSL *
make_end(const struct talk *t, bool is_server)
{
  SSL_CTX *ctx = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
  int version = t->version ? t->version : TLS1_2_VERSION;
  SSL_CTX_set_security_level(ctx, 0);
  SSL_CTX_set_min_proto_version(ctx, version);
  SSL_CTX_set_max_proto_version(ctx, version);
  if (version < TLS1_3_VERSION)
    g_assert_true(SSL_CTX_set_cipher_list(
        ctx, t->suite ? t->suite : "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"));
  if (is_server) {
    EVP_PKEY *key =
        t->server.rsa_bits ? EVP_RSA_gen((unsigned)t->server.rsa_bits) : EVP_EC_gen("P-256");
    X509 *x = make_certificate(&t->server, key);
    g_assert_true(SSL_CTX_use_certificate(ctx, x));
    g_assert_true(SSL_CTX_use_PrivateKey(ctx, key));
    X509_free(x);
    EVP_PKEY_free(key);
  } else if (t->refuses) {
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
  }
  SSL *end = SSL_new(ctx);
  SSL_CTX_free(ctx);
  SSL_set_bio(end, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (is_server)
    SSL_set_accept_state(end);
  else
    SSL_set_connect_state(end);
  if (!is_server && t->asks)
    g_assert_true(SSL_set_tlsext_host_name(end, t->asks));
  return end;
}

static char *
make_script(const struct talk *t)
{
  GString *script = g_string_new(NULL);
  if (t->knows_issuer)
    g_string_append_printf(script, "T %s\n", issuer_path);
  g_string_append(script, t->prologue);
  SSL *ends[2] = {make_end(t, false), make_end(t, true)};
  for (int round = 0; round < 6; round++)
    for (unsigned i = 0; i < 2; i++) {
      SSL_do_handshake(ends[i]);
      carry(ends, i, script);
    }
  g_assert_cmpint(SSL_is_init_finished(ends[0]), ==, !t->refuses);
  if (!t->refuses && !t->is_silent) {
    SSL_write(ends[0], "EHLO pc\r\n", 9);
    carry(ends, 0, script);
  }
  SSL_free(ends[0]);
  SSL_free(ends[1]);
  g_string_append(script, ".\n");
  return g_string_free(script, FALSE);
}

/* Each line of what the rig tells, without its evidence (a certificate's octets). */
static char *
without_evidence(const char *findings)
{
  GString *s = g_string_new(NULL);
  g_auto(GStrv) lines = g_strsplit(findings, "\n", -1);
  for (int i = 0; lines[i] && *lines[i]; i++) {
    char *brace = strstr(lines[i], "} {");
    g_string_append_printf(s, "%s%.*s}", i ? "\n" : "", (int)(brace - lines[i]), lines[i]);
  }
  return g_string_free(s, FALSE);
}

static void
expect_script(const char *script, const char *prefixes, const char *expected)
{
  for (int cut = RIG_OCTETS; cut <= 12; cut++) {
    struct trace *t = rig_play(script, cut);
    g_autofree char *all = rig_findings(t, prefixes);
    g_autofree char *found = without_evidence(all);
    if (strcmp(found, expected) != 0)
      g_test_message("cut %d", cut);
    g_assert_cmpstr(found, ==, expected);
    trace_free(t);
  }
}

#define IMAPS "@ 10.0.0.5:40001 > 10.0.0.2:993\n"
#define SUBMISSION                                                                                 \
  "@ 10.0.0.5:40001 > 10.0.0.2:587\nS: 220 mx ESMTP\nC: EHLO pc\nS: 250 STARTTLS\nC: STARTTLS\n"   \
  "S: 220 go\n"
#define GOOD .name = "mx.example.net", .names = "DNS:mx.example.net"

struct row {
  const char *name;
  struct talk talk;
  const char *expected;
};

static const struct row rows[] = {
    {"good", {IMAPS, {GOOD}, .asks = "mx.example.net", .knows_issuer = true}, ""},
    {"good-starttls", {SUBMISSION, {GOOD}, .asks = "mx.example.net", .knows_issuer = true}, ""},
    /* ---- TLS-001, TLS-002 ---- */
    {"001/tls-1.0",
     {IMAPS,
      {GOOD, .rsa_bits = 2048},
      .version = TLS1_VERSION,
      .suite = "ECDHE-RSA-AES128-SHA",
      .knows_issuer = true},
     "TLS-001 high high unknown x1 {TLS 1.0}"},
    {"001/tls-1.1-after-starttls",
     {SUBMISSION,
      {GOOD, .rsa_bits = 2048},
      .version = TLS1_1_VERSION,
      .suite = "ECDHE-RSA-AES128-SHA",
      .knows_issuer = true},
     "TLS-001 high high unknown x1 {TLS 1.1}"},
    {"001/tls-1.3", {IMAPS, {GOOD}, .version = TLS1_3_VERSION, .asks = "other.example.net"}, ""},
    {"002/static-rsa-is-low",
     {IMAPS, {GOOD, .rsa_bits = 2048}, .suite = "AES128-GCM-SHA256", .knows_issuer = true},
     "TLS-002 low high unknown x1 {TLS_RSA_WITH_AES_128_GCM_SHA256}"},
    {"002/nothing-encrypted",
     {IMAPS, {GOOD, .rsa_bits = 2048}, .suite = "ECDHE-RSA-NULL-SHA", .knows_issuer = true},
     "TLS-002 high high unknown x1 {TLS_ECDHE_RSA_WITH_NULL_SHA}"},
    {"002/nobody-authenticated",
     {IMAPS, {GOOD}, .suite = "AECDH-AES128-SHA"},
     "TLS-002 high high unknown x1 {TLS_ECDH_anon_WITH_AES_128_CBC_SHA}"},
    /* ---- TLS-003 ---- */
    {"003/expired",
     {IMAPS, {GOOD, .from_day = -100, .to_day = -1}, .knows_issuer = true},
     "TLS-003 high high unknown x1 {CN = mx.example.net, 2025-12-31}\n"
     "TLS-007 high high unknown x1 {TLS-003}"},
    {"003/not-yet",
     {SUBMISSION, {GOOD, .from_day = 2, .to_day = 100}, .knows_issuer = true, .is_silent = true},
     "TLS-003 high high unknown x1 {CN = mx.example.net, 2026-01-03}"},
    {"003/last-day", {IMAPS, {GOOD, .from_day = -100, .to_day = 1}, .knows_issuer = true}, ""},
    /* ---- TLS-004 ---- */
    {"004/self-signed",
     {IMAPS, {GOOD, .is_own_issuer = true}, .knows_issuer = true, .is_silent = true},
     "TLS-004 medium high unknown x1 {CN = mx.example.net}"},
    {"004/unknown-issuer",
     {IMAPS, {GOOD}, .is_silent = true},
     "TLS-004 medium medium unknown x1 {CN = Test Root}"},
    {"007/issuer-that-only-this-system-does-not-know",
     {IMAPS, {GOOD}},
     "TLS-004 medium medium unknown x1 {CN = Test Root}\n"
     "TLS-007 high low unknown x1 {TLS-004}"},
    /* ---- TLS-005 ---- */
    {"005/other-name",
     {IMAPS, {GOOD}, .asks = "mail.example.net", .knows_issuer = true, .is_silent = true},
     "TLS-005 high high unknown x1 {mail.example.net}"},
    {"005/cn-does-not-count",
     {IMAPS,
      {.name = "mx.example.net"},
      .asks = "mx.example.net",
      .knows_issuer = true,
      .is_silent = true},
     "TLS-005 high high unknown x1 {mx.example.net}"},
    {"005/wildcard",
     {IMAPS,
      {.name = "x", .names = "DNS:*.example.net"},
      .asks = "MX.example.net",
      .knows_issuer = true},
     ""},
    {"005/no-name-is-known",
     {IMAPS, {.name = "x", .names = "DNS:whatever.test"}, .knows_issuer = true},
     ""},
    /* ---- TLS-006 ---- */
    {"006/short-key",
     {IMAPS, {GOOD, .rsa_bits = 1024}, .knows_issuer = true},
     "TLS-006 high high unknown x1 {RSA 1024}"},
    {"006/sha1",
     {IMAPS, {GOOD, .is_sha1 = true}, .knows_issuer = true},
     "TLS-006 medium high unknown x1 {ecdsa-with-SHA1}"},
    /* ---- TLS-007 ---- */
    {"007/two-reasons",
     {IMAPS, {GOOD, .is_own_issuer = true}, .asks = "mail.example.net"},
     "TLS-004 medium high unknown x1 {CN = mx.example.net}\n"
     "TLS-005 high high unknown x1 {mail.example.net}\n"
     "TLS-007 high high unknown x1 {TLS-004 TLS-005}"},
    {"007/between-servers-is-medium",
     {"@ 10.0.0.5:40001 > 10.0.0.2:25\nS: 220 mx ESMTP\nC: EHLO pc\nS: 250 STARTTLS\nC: STARTTLS\n"
      "S: 220 go\n",
      {GOOD, .is_own_issuer = true}},
     "TLS-004 medium high unknown x1 {CN = mx.example.net}\n"
     "TLS-007 medium high unknown x1 {TLS-004}"},
    {"007/refused",
     {IMAPS, {GOOD, .is_own_issuer = true}, .refuses = true},
     "TLS-004 medium high unknown x1 {CN = mx.example.net}"},
    /* ---- not mail ---- */
    {"web-is-not-judged",
     {"@ 10.0.0.5:40001 > 10.0.0.2:443\n",
      {GOOD, .is_own_issuer = true, .rsa_bits = 1024},
      .version = TLS1_VERSION,
      .suite = "AES128-SHA"},
     ""},
};

static void
test_row(gconstpointer data)
{
  const struct row *r = data;
  g_autofree char *script = make_script(&r->talk);
  expect_script(script, "TLS", r->expected);
}

/* The evidence of a certificate is its message in the handshake, whole. */
static void
test_evidence(void)
{
  struct talk talk = {IMAPS, {GOOD, .is_own_issuer = true}, .is_silent = true};
  g_autofree char *script = make_script(&talk);
  g_autoptr(GByteArray) octets = g_byte_array_new(), frame = g_byte_array_new();
  for (int cut = RIG_WHOLE; cut <= 80; cut++) {
    struct trace *t = rig_play(script, cut);
    const struct findings *all = trace_findings(t);
    g_assert_cmpuint(findings_n(all), ==, 1);
    const struct finding *f = findings_get(all, 0);
    g_byte_array_set_size(octets, 0);
    for (unsigned i = 0; i < f->n_evidence; i++) {
      g_assert_true(trace_octets(t, f->evidence[i].frame, frame));
      g_byte_array_append(octets, frame->data + f->evidence[i].first_octet,
                          f->evidence[i].n_octets);
    }
    g_assert_cmpuint(octets->data[0], ==, 11); /* certificate, RFC 5246 7.4.2 */
    g_assert_cmpuint(octets->data[1] << 16 | octets->data[2] << 8 | octets->data[3], ==,
                     octets->len - 4);
    trace_free(t);
  }
}

/* Equal for each connection of one server, and counted by version. */
static void
test_counts(void)
{
  struct talk talks[] = {{IMAPS, {GOOD, .is_own_issuer = true}},
                         {"@ 10.0.0.6:40002 > 10.0.0.2:993\n", {GOOD}, .version = TLS1_3_VERSION},
                         {"@ 10.0.0.7:40003 > 10.0.0.3:443\n", {GOOD}, .version = TLS1_3_VERSION}};
  g_autoptr(GString) script = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(talks); i++) {
    g_autofree char *one = make_script(&talks[i]);
    g_string_append(script, one);
  }
  struct trace *t = rig_play(script->str, RIG_LINES);
  const struct finding_tls_counts *c = findings_tls_counts(trace_findings(t));
  g_assert_cmpuint(c->n_connections, ==, 2);
  g_assert_cmpuint(c->by_version[3], ==, 1);
  g_assert_cmpuint(c->by_version[4], ==, 1);
  g_assert_cmpuint(c->n_judged, ==, 1);
  trace_free(t);
}

/* ---- DNS ---- */

/* An answer as a line of the script; `add` puts records into it. */
static void
put_answer(GString *script, const char *name, uint16_t type, uint8_t rcode,
           void (*add)(struct dns_writer *w, const char *name))
{
  uint8_t message[512];
  struct dns_writer w;
  dns_writer_begin(&w, message, sizeof message,
                   &(struct dns_head){.id = 7, .response = true, .rcode = rcode});
  dns_writer_question(&w, name, type, DNS_CLASS_IN);
  if (add)
    add(&w, name);
  size_t n = dns_writer_end(&w);
  g_assert_cmpuint(n, >, 0);
  put_escaped(script, 'D', message, n);
}

static void
add_server(struct dns_writer *w, const char *name)
{
  dns_writer_address(w, DNS_ANSWER, name, 60, &(struct ip_addr){4, {10, 0, 0, 2}});
}

static void
add_sts(struct dns_writer *w, const char *name)
{
  dns_writer_txt(w, DNS_ANSWER, name, 60, "v=STSv1; id=20260101;");
}

static void
add_other_text(struct dns_writer *w, const char *name)
{
  dns_writer_txt(w, DNS_ANSWER, name, 60, "v=spf1 -all");
}

static void
test_names_from_dns(void)
{
  static const struct {
    const char *first, *second, *expected;
  } cases[] = {
      {"mail.example.net", NULL, "TLS-005 high medium unknown x1 {mail.example.net}"},
      {"mx.example.net", NULL, ""},
      {"MX.example.net", "mail.example.net", ""}, /* one of its names is enough */
  };
  struct talk talk = {IMAPS, {GOOD}, .is_silent = true};
  g_autofree char *tls = make_script(&talk);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GString) script = g_string_new(NULL);
    g_string_append_printf(script, "T %s\n", issuer_path);
    put_answer(script, cases[i].first, DNS_RR_A, 0, add_server);
    if (cases[i].second)
      put_answer(script, cases[i].second, DNS_RR_A, 0, add_server);
    g_string_append(script, tls);
    expect_script(script->str, "TLS", cases[i].expected);
  }
}

/* TLSA of _25._tcp.mx.example.net: 3 1 1 and a hash, octets by hand (RFC 6698 2.1). */
static const char tlsa_there[] = "D! "
                                 "\\x00\\x07\\x84\\x00\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x00\\x03"
                                 "_25\\x04_tcp\\x02mx\\x07exampl"
                                 "e\\x03net\\x00\\x00\\x34\\x00\\x01\\xc0\\x0c\\x00\\x34\\x00\\x01"
                                 "\\x00\\x00\\x00\\x3c\\x00\\x05\\x03"
                                 "\\x01\\x01\\xaa\\xbb\n";

static void
test_policies(void)
{
  static const struct {
    const char *name;
    uint16_t type;
    uint8_t rcode;
    void (*add)(struct dns_writer *w, const char *name);
    const char *expected;
  } cases[] = {
      {"_mta-sts.example.net", DNS_RR_TXT, DNS_RCODE_NO_NAME, NULL,
       "POL-001 low high unknown x1 {_mta-sts.example.net}"},
      {"_MTA-STS.example.net", DNS_RR_TXT, DNS_RCODE_OK, NULL,
       "POL-001 low high unknown x1 {_mta-sts.example.net}"},
      {"_mta-sts.example.net", DNS_RR_TXT, DNS_RCODE_OK, add_other_text,
       "POL-001 low high unknown x1 {_mta-sts.example.net}"},
      {"_mta-sts.example.net", DNS_RR_TXT, DNS_RCODE_OK, add_sts, ""},
      {"_mta-sts.example.net", DNS_RR_TXT, DNS_RCODE_SERVER, NULL, ""},
      {"example.net", DNS_RR_TXT, DNS_RCODE_NO_NAME, NULL, ""},
      {"_25._tcp.mx.example.net", DNS_RR_TLSA, DNS_RCODE_NO_NAME, NULL,
       "POL-001 low high unknown x1 {_25._tcp.mx.example.net}"},
      {"_443._tcp.mx.example.net", DNS_RR_TLSA, DNS_RCODE_NO_NAME, NULL, ""},
      {"_25._tcp.mx.example.net", DNS_RR_A, DNS_RCODE_NO_NAME, NULL, ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GString) script = g_string_new(NULL);
    put_answer(script, cases[i].name, cases[i].type, cases[i].rcode, cases[i].add);
    put_answer(script, cases[i].name, cases[i].type, cases[i].rcode, cases[i].add);
    g_test_message("%u: %s", (unsigned)i, cases[i].name);
    expect_script(script->str, "POL", cases[i].expected);
  }
  expect_script(tlsa_there, "POL", "");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  make_issuer();
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *name = g_strconcat("/tls/", rows[i].name, NULL);
    g_test_add_data_func(name, &rows[i], test_row);
  }
  g_test_add_func("/tls/evidence", test_evidence);
  g_test_add_func("/tls/counts", test_counts);
  g_test_add_func("/tls/005/names-from-dns", test_names_from_dns);
  g_test_add_func("/pol/001", test_policies);
  int result = g_test_run();
  g_unlink(issuer_path);
  g_free(issuer_path);
  X509_free(issuer);
  EVP_PKEY_free(issuer_key);
  return result;
}
