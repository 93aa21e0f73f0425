/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-handshake.c -- TLS handshakes, certificates and DNS answers as the rules about TLS read
 * them.
 *
 *     first octet 0: ( flags 1: 1 server, 2 opened, 4 its records are over | length 2 | contents
 * )... 1: a certificate          2: a DNS message
 *
 * What must hold: a handshake tells the same however it is cut into records; chains lie in what was
 * given; what is read of a certificate can be asked for names. The seeds are recorded handshakes
 * and certificates made by OpenSSL. */
#include <string.h>

#include "capture/findings/findings_tls.h"
#include "capture/tls/certificate.h"
#include "capture/tls/handshake.h"
#include "capture/wire/bytes.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"hello", TEXT_SEED("\0\1\0\x2a\2\0\0\x26\3\3abcdefghijklmnopqrstuvwxyz012345\0\0\x2f\0\0\0")},
    {"certificate", TEXT_SEED("\1\x30\3\x30\1\0")},
    {"dns", TEXT_SEED("\2\0\7\x84\0\0\1\0\0\0\0\0\0\x08_mta-sts\4test\0\0\x10\0\1")},
    {NULL, NULL, 0}};

struct told {
  struct handshake *h;
  GString *text;
};

static void
on_event(void *data, enum handshake_event event, uint64_t offset, uint32_t n)
{
  struct told *t = data;
  const struct tls_facts *f = handshake_facts(t->h);
  g_string_append_printf(t->text, "%d %04x %04x %s %" G_GSIZE_FORMAT "\n", event, f->version,
                         f->suite, f->server_name ? f->server_name : "-", f->n_certificates);
  g_assert_cmpuint(n, >=, 4);
  for (int is_13 = 0; is_13 < 2; is_13++) {
    struct certificate_octets list[CERTIFICATE_CHAIN_MAX];
    unsigned n_list = certificate_list(f->certificates, f->n_certificates, is_13, list);
    for (unsigned i = 0; i < n_list; i++)
      g_assert_true(list[i].octets >= f->certificates &&
                    list[i].octets + list[i].n <= f->certificates + f->n_certificates);
    if (n_list)
      certificate_free(certificate_read(list[0].octets, list[0].n));
  }
}

/* Plays the records, each in pieces of `cut` octets that are records of their own. */
static char *
play(const uint8_t *p, size_t n, size_t cut)
{
  struct told t = {handshake_new(), g_string_new(NULL)};
  uint64_t offsets[2] = {0, 0};
  for (size_t at = 0; at + 3 <= n;) {
    enum side side = p[at] & 1 ? SIDE_SERVER : SIDE_CLIENT;
    bool is_opened = p[at] & 2;
    size_t length = MIN(n - at - 3, (size_t)get_be16(p + at + 1));
    for (size_t i = 0; i < length; i += cut) {
      size_t piece = MIN(cut, length - i);
      g_autofree uint8_t *copy = g_memdup2(p + at + 3 + i, piece); /* looks beyond are seen */
      handshake_feed(t.h, side, copy, piece, offsets[side], (uint32_t)piece + 5, is_opened,
                     on_event, &t);
      offsets[side] += piece + 5;
    }
    if (p[at] & 4)
      handshake_stop(t.h, side);
    at += 3 + length;
  }
  handshake_free(t.h);
  return g_string_free(t.text, FALSE);
}

static void
look_at_certificate(const uint8_t *p, size_t n)
{
  struct certificate *c = certificate_read(p, n);
  struct certificate_octets chain = {p, n};
  trust_store_check(NULL, &chain, 1);
  if (!c)
    return;
  g_assert_true(g_utf8_validate(c->subject, -1, NULL));
  g_assert_true(g_utf8_validate(c->issuer, -1, NULL));
  g_assert_nonnull(c->key);
  for (char **name = c->names; *name; name++) {
    g_assert_cmpuint(strlen(*name), <, 256);
    if (!strchr(*name, '*') && !g_str_has_suffix(*name, "."))
      g_assert_true(certificate_has_name(c, *name));
  }
  certificate_has_name(c, "a.b");
  certificate_free(c);
}

static void
look_at_dns(const uint8_t *p, size_t n)
{
  struct findings *f = findings_new();
  struct dns_names *d = dns_names_new();
  struct finding_place place = {.time_ns = 1};
  for (int i = 0; i < 2; i++) /* told once */
    dns_names_take(d, f, p, n, &place);
  g_assert_cmpuint(findings_n(f), <=, 1);
  struct ip_addr addr = {4, {10, 0, 0, 1}};
  dns_names_of(d, &addr);
  dns_names_free(d);
  findings_free(f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n == 0)
    return 0;
  g_autofree uint8_t *rest = g_memdup2(p + 1, n - 1);
  if (p[0] == 1) {
    look_at_certificate(rest, n - 1);
  } else if (p[0] == 2) {
    look_at_dns(rest, n - 1);
  } else {
    g_autofree char *whole = play(rest, n - 1, 1 << 16), *cut = play(rest, n - 1, 1);
    g_assert_cmpstr(whole, ==, cut);
  }
  return 0;
}
