/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-words.c -- the tables of verbs and states are whole, and the small text tools say what the
 * RFCs say. */
#include <glib.h>
#include <string.h>

#include "capture/findings/findings.h"
#include "capture/wire/mail.h"
#include "capture/wire/sasl.h"
#include "capture/wire/scan.h"

static void
check_pair(struct lang_pair p)
{
  g_assert_nonnull(p.en);
  g_assert_nonnull(p.th);
  g_assert_cmpuint(strlen(p.en), >, 0);
  g_assert_cmpuint(strlen(p.th), >, 0);
}

static void
check_verbs(const struct mail_verb *verbs, unsigned n)
{
  g_assert_cmpstr(verbs[0].name, ==, "");
  for (unsigned i = 0; i < n; i++) {
    g_assert_true(g_str_has_prefix(verbs[i].rfc, "RFC "));
    g_assert_nonnull(strstr(verbs[i].rfc, " section"));
    check_pair(verbs[i].meaning);
    for (unsigned k = 0; k < i; k++)
      g_assert_cmpstr(verbs[i].name, !=, verbs[k].name);
  }
}

static void
check_states(const struct mail_state *states, unsigned n)
{
  for (unsigned i = 0; i < n; i++) {
    g_assert_nonnull(states[i].name);
    check_pair(states[i].label);
    check_pair(states[i].meaning);
  }
}

static void
test_tables_are_whole(void)
{
  check_verbs(smtp_verbs, SMTP_N_VERBS);
  check_verbs(pop_verbs, POP_N_VERBS);
  check_verbs(imap_verbs, IMAP_N_VERBS);
  check_states(smtp_states, SMTP_N_STATES);
  check_states(pop_states, POP_N_STATES);
  check_states(imap_states, IMAP_N_STATES);
  for (unsigned code = 0; code < 1000; code++)
    check_pair(smtp_code_meaning(code));
  for (unsigned i = 0; i < finding_rules_n(); i++) {
    const struct finding_rule *r = finding_rule_get(i);
    check_pair(r->title);
    check_pair(r->explanation);
    check_pair(r->remediation);
    g_assert_true(r->rfc[0] || r->cwe[0] || r->attack[0]); /* some belong to no RFC */
    g_assert_true(finding_rule_find(r->id) == r);
  }
}

static void
test_verbs_are_whole_words_in_any_case(void)
{
  for (unsigned i = 1; i < IMAP_N_VERBS; i++) {
    g_autofree char *lower = g_ascii_strdown(imap_verbs[i].name, -1);
    g_assert_cmpuint(imap_verb_find(lower, strlen(lower)), ==, i);
  }
  g_assert_cmpuint(smtp_verb_find("mail", 4), ==, SMTP_MAIL);
  g_assert_cmpuint(smtp_verb_find("MAILS", 5), ==, SMTP_UNKNOWN);
  g_assert_cmpuint(smtp_verb_find("MAI", 3), ==, SMTP_UNKNOWN);
  g_assert_cmpuint(pop_verb_find("", 0), ==, POP_UNKNOWN);
}

/* RFC 4648 section 10. */
static void
test_base64_vectors(void)
{
  static const char *const plain[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
  static const char *const coded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                      "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
    char text[16];
    uint8_t octets[16];
    size_t n = strlen(plain[i]), n_out;
    g_assert_cmpuint(base64_encode((const uint8_t *)plain[i], n, text), ==, strlen(coded[i]));
    g_assert_cmpstr(text, ==, coded[i]);
    g_assert_true(base64_decode(coded[i], strlen(coded[i]), octets, &n_out));
    g_assert_cmpmem(octets, n_out, plain[i], n);
    size_t bare = strcspn(coded[i], "=");
    g_assert_true(base64_decode(coded[i], bare, octets, &n_out)); /* padding may be missing */
    g_assert_cmpmem(octets, n_out, plain[i], n);
  }
  uint8_t octets[16];
  size_t n_out;
  g_assert_false(base64_decode("Zm9v*", 5, octets, &n_out));
  g_assert_cmpmem(octets, n_out, "foo", 3);
  g_assert_false(base64_decode("Z", 1, octets, &n_out));
  g_assert_false(base64_decode("Zg==x", 5, octets, &n_out));
}

static void
test_lines_and_replies(void)
{
  const uint8_t *p = (const uint8_t *)"250-a\r\nb";
  unsigned code;
  bool more;
  size_t at;
  g_assert_cmpuint(line_find(p, 8), ==, 7);
  g_assert_cmpuint(line_find(p, 6), ==, 0);
  g_assert_cmpuint(line_trim(p, 7), ==, 5);
  g_assert_true(smtp_reply_parse(p, 5, &code, &more, &at));
  g_assert_cmpuint(code, ==, 250);
  g_assert_true(more);
  g_assert_cmpuint(at, ==, 4);
  g_assert_true(smtp_reply_parse((const uint8_t *)"354", 3, &code, &more, &at));
  g_assert_false(more);
  g_assert_false(smtp_reply_parse((const uint8_t *)"2500 x", 6, &code, &more, &at));
  g_assert_false(smtp_reply_parse((const uint8_t *)"25", 2, &code, &more, &at));
}

static struct sasl_message
say(const char *mechanism, unsigned step, const char *octets, size_t n)
{
  struct sasl_message m;
  sasl_read(sasl_find((const uint8_t *)mechanism, strlen(mechanism)), step, (const uint8_t *)octets,
            n, &m);
  return m;
}

#define SAY(mechanism, step, octets) say(mechanism, step, octets, sizeof(octets) - 1)

static void
test_mechanisms(void)
{
  struct sasl_message m = SAY("plain", 0, "z\0u\0p w");
  g_assert_cmpmem(m.authzid.p, m.authzid.n, "z", 1);
  g_assert_cmpmem(m.user.p, m.user.n, "u", 1);
  g_assert_cmpmem(m.secret.p, m.secret.n, "p w", 3);
  g_assert_true(m.holds_secret);
  m = SAY("PLAIN", 0, "no separators");
  g_assert_true(m.odd && m.holds_secret && !m.secret.p);
  m = SAY("CRAM-MD5", 0, "al ice 0123");
  g_assert_cmpmem(m.user.p, m.user.n, "al ice", 6);
  m = SAY("DIGEST-MD5", 0, "charset=utf-8,username=\"a,b\",nonce=\"n\",response=0f");
  g_assert_cmpmem(m.user.p, m.user.n, "a,b", 3);
  g_assert_cmpmem(m.secret.p, m.secret.n, "0f", 2);
  m = SAY("SCRAM-SHA-256", 0, "n,,n=user,r=nonce");
  g_assert_cmpmem(m.user.p, m.user.n, "user", 4);
  g_assert_false(m.holds_secret);
  m = SAY("SCRAM-SHA-256-PLUS", 1, "c=biws,r=nonce,p=cHJvb2Y=");
  g_assert_cmpmem(m.secret.p, m.secret.n, "cHJvb2Y=", 8);
  m = SAY("OAUTHBEARER", 0, "n,a=u@x,\001host=h\001auth=Bearer tok\001\001");
  g_assert_cmpmem(m.user.p, m.user.n, "u@x", 3);
  g_assert_cmpmem(m.secret.p, m.secret.n, "tok", 3);
  m = SAY("NTLM", 0, "NTLMSSP\0\001\0\0\0");
  g_assert_false(m.holds_secret);
  m = SAY("NTLM", 1, "NTLMSSP\0\003\0\0\0");
  g_assert_true(m.odd && m.holds_secret);
  g_assert_cmpuint(sasl_find((const uint8_t *)"SCRAM-", 6), ==, SASL_UNKNOWN);
  m = SAY("X-WHATEVER", 0, "abc");
  g_assert_true(m.holds_secret);
}

static void
test_imap_strings(void)
{
  struct imap_string s;
  uint8_t out[16];
  g_assert_cmpuint(imap_string_scan((const uint8_t *)" atom rest", 10, &s), ==, 5);
  g_assert_cmpuint(s.kind, ==, IMAP_STRING_ATOM);
  g_assert_cmpuint(imap_string_scan((const uint8_t *)"\"a\\\"b\" x", 8, &s), ==, 6);
  g_assert_cmpuint(s.kind, ==, IMAP_STRING_QUOTED);
  g_assert_cmpmem(out, imap_string_copy(&s, out, sizeof out), "a\"b", 3);
  g_assert_cmpuint(imap_string_scan((const uint8_t *)"\"open", 5, &s), ==, 5);
  g_assert_true(s.odd);
  g_assert_cmpuint(imap_string_scan((const uint8_t *)"{12+}", 5, &s), ==, 5);
  g_assert_cmpuint(s.kind, ==, IMAP_STRING_LITERAL);
  g_assert_cmpuint(s.literal_octets, ==, 12);
  g_assert_false(s.waits);
  uint64_t n;
  bool waits;
  g_assert_true(imap_literal_at_end((const uint8_t *)"x {3}", 5, &n, &waits));
  g_assert_true(waits);
  g_assert_false(imap_literal_at_end((const uint8_t *)"{}", 2, &n, &waits));
  g_assert_false(imap_literal_at_end((const uint8_t *)"12}", 3, &n, &waits));
  g_assert_false(imap_literal_at_end((const uint8_t *)"{+}", 3, &n, &waits));
}

/* Eight octets at once say what one at a time says, wherever the octets begin. */
static void
test_fold(void)
{
  uint8_t octets[256 + 8], folded[sizeof octets];
  for (unsigned i = 0; i < sizeof octets; i++)
    octets[i] = (uint8_t)i;
  for (unsigned at = 0; at < 8; at++) {
    ascii_fold(folded, octets + at, sizeof octets - at);
    for (unsigned i = 0; i < sizeof octets - at; i++)
      g_assert_cmpuint(folded[i], ==, (uint8_t)g_ascii_tolower((char)octets[at + i]));
  }
}

static size_t
find_bare_end(const uint8_t *p, size_t from, size_t n)
{
  while (from < n && (p[from] == '\n') == (p[from - 1] == '\r'))
    from++;
  return from;
}

/* Every octet at every place is found, with others behind it or not. */
static void
test_scan_high(void)
{
  uint8_t text[150];
  for (size_t n = 0; n <= sizeof text; n++) {
    memset(text, 'a', sizeof text);
    g_assert_cmpuint(scan_high(text, n), ==, n);
    for (size_t at = 0; at < n; at++) {
      memset(text, 0x7f, sizeof text);
      text[at] = (uint8_t)(0x80 + at % 128);
      g_assert_cmpuint(scan_high(text, n), ==, at);
      text[n - 1] = 0xff;
      g_assert_cmpuint(scan_high(text, n), ==, at);
    }
  }
}

/* Lines of every length up to some vectors, whole and with one octet of their ends gone. */
static void
test_scan_bare_end(void)
{
  uint8_t text[256];
  for (unsigned n_line = 2; n_line < 100; n_line++) {
    for (unsigned i = 0; i < sizeof text; i++)
      text[i] = i % n_line == n_line - 1 ? '\n' : i % n_line == n_line - 2 ? '\r' : 'x';
    for (unsigned n = 1; n <= sizeof text; n++)
      g_assert_cmpuint(scan_bare_end(text, 1, n), ==, n);
    for (unsigned gone = 0; gone < sizeof text; gone++) {
      uint8_t was = text[gone];
      text[gone] = 'y';
      g_assert_cmpuint(scan_bare_end(text, 1, sizeof text), ==,
                       find_bare_end(text, 1, sizeof text));
      text[gone] = was;
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/words/fold", test_fold);
  g_test_add_func("/words/scan-bare-end", test_scan_bare_end);
  g_test_add_func("/words/scan-high", test_scan_high);
  g_test_add_func("/words/tables-are-whole", test_tables_are_whole);
  g_test_add_func("/words/verbs-are-whole-words-in-any-case",
                  test_verbs_are_whole_words_in_any_case);
  g_test_add_func("/words/base64-vectors", test_base64_vectors);
  g_test_add_func("/words/lines-and-replies", test_lines_and_replies);
  g_test_add_func("/words/mechanisms", test_mechanisms);
  g_test_add_func("/words/imap-strings", test_imap_strings);
  return g_test_run();
}
