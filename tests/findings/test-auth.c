/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-auth.c -- the rules about logins: when each speaks, of what, and when it keeps still.
 *
 * Base64 was made with base64(1), digests are those of the RFCs. */
#include "tests/findings/rig.h"

static const char smtp[] = "@ 10.0.0.5:40001 > 10.0.0.2:25\n"
                           "S: 220 mx ESMTP\n"
                           "C: EHLO pc\n"
                           "S: 250 mx\n";

static void
expect_smtp(const char *lines, const char *rules, const char *expected)
{
  g_autofree char *script = g_strconcat(smtp, lines, ".", NULL);
  rig_expect(script, rules, expected);
}

static void
test_a_token_in_clear(void)
{
  expect_smtp("C: AUTH XOAUTH2 dXNlcj1hQGIBYXV0aD1CZWFyZXIgdG9rAQE=\n"
              "S: 235 ok\n",
              "AUTH",
              "AUTH-004 critical high accepted x1 {} {dXNlcj1hQGIBYXV0aD1CZWFyZXIgdG9rAQE=}");
}

static void
test_digests_show_challenge_and_answer(void)
{
  expect_smtp("C: AUTH CRAM-MD5\n"
              "S: 334 PDFAYXg+\n"
              "C: YWxpY2UgMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"
              "S: 535 no\n",
              "AUTH",
              "AUTH-005 medium high rejected x1 {} "
              "{YWxpY2UgMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=334 PDFAYXg+\\r\\n}");
  expect_smtp("C: AUTH DIGEST-MD5\n"
              "S: 334 bm9uY2U9Im4i\n"
              "C: dXNlcm5hbWU9ImEiLHJlc3BvbnNlPTAx\n"
              "S: 334 cnNwYXV0aD0w\n"
              "C: \n"
              "S: 235 ok\n",
              "AUTH",
              "AUTH-008 medium high accepted x1 {} "
              "{dXNlcm5hbWU9ImEiLHJlc3BvbnNlPTAx334 bm9uY2U9Im4i\\r\\n}");
  rig_expect("@ 10.0.0.5:40001 > 10.0.0.2:110\n"
             "S: +OK ready <1896.697170952@dbc.mtview.ca.us>\n"
             "C: APOP mrose c4c9334bac560ecc979e58001b3e22fb\n"
             "S: +OK\n"
             ".",
             "AUTH",
             "AUTH-006 medium high accepted x1 {} {c4c9334bac560ecc979e58001b3e22fb"
             "+OK ready <1896.697170952@dbc.mtview.ca.us>\\r\\n}");
}

/* Type 3 with a response of 24 octets, then of 28; name and domain are empty. */
static void
test_ntlm_by_its_version(void)
{
  expect_smtp(
      "C: AUTH NTLM TlRMTVNTUAABAAAAAAAAAA==\n"
      "S: 334 TlRMTVNTUAAC\n"
      "C: TlRMTVNTUAADAAAAAAAAAAAAAAAYABgALAAAAAAAAAAAAAAAAAAAAAAAAABBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
      "QUE=\n"
      "S: 235 ok\n",
      "AUTH-009",
      "AUTH-009 high high accepted x1 {NTLMv1} "
      "{TlRMTVNTUAADAAAAAAAAAAAAAAAYABgALAAAAAAAAAAAAAAAAAAAAAAAAABBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
      "QUE=334 TlRMTVNTUAAC\\r\\n}");
  expect_smtp(
      "C: AUTH NTLM TlRMTVNTUAABAAAAAAAAAA==\n"
      "S: 334 TlRMTVNTUAAC\n"
      "C: TlRMTVNTUAADAAAAAAAAAAAAAAAcABwALAAAAAAAAAAAAAAAAAAAAAAAAABBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
      "QUFBQUFB\n"
      "S: 235 ok\n",
      "AUTH-009",
      "AUTH-009 medium high accepted x1 {NTLMv2} "
      "{TlRMTVNTUAADAAAAAAAAAAAAAAAcABwALAAAAAAAAAAAAAAAAAAAAAAAAABBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
      "QUFBQUFB334 TlRMTVNTUAAC\\r\\n}");
}

static void
test_scram_in_clear_with_its_iterations(void)
{
  expect_smtp("C: AUTH SCRAM-SHA-256 biwsbj1hbGljZSxyPWFiYw==\n"
              "S: 334 cj1hYmNkZWYscz1RUT09LGk9MTAwMA==\n"
              "C: Yz1iaXdzLHI9YWJjZGVmLHA9ZUE9PQ==\n"
              "S: 334 dj1hYmM=\n"
              "C: \n"
              "S: 235 ok\n",
              "AUTH",
              "AUTH-010 medium high accepted x1 {AUTH SCRAM-SHA-256 i=1000} "
              "{Yz1iaXdzLHI9YWJjZGVmLHA9ZUE9PQ==334 cj1hYmNkZWYscz1RUT09LGk9MTAwMA==\\r\\n}");
}

static void
test_challenges_of_apop(void)
{
  rig_expect("@ 10.0.0.5:40001 > 10.0.0.2:110\n"
             "S: +OK ready <1.2@mail.test>\n"
             ".\n"
             "@ 10.0.0.5:40002 > 10.0.0.2:110\n"
             "S: +OK ready <1.3@mail.test>\n"
             ".\n"
             "@ 10.0.0.5:40003 > 10.0.0.2:110\n"
             "S: +OK ready <1.2@mail.test>\n"
             ".\n"
             "@ 10.0.0.5:40004 > 10.0.0.2:110\n"
             "S: +OK ready <1.2@mail.test>\n"
             ".\n"
             "@ 10.0.0.5:40005 > 10.0.0.3:110\n"
             "S: +OK ready <1.2@mail.test>\n"
             ".\n"
             "@ 10.0.0.5:40006 > 10.0.0.3:110\n"
             "S! +OK ready <1.\\x01\\xfe@mail.test>\\r\\n\n"
             ".\n"
             "@ 10.0.0.5:40007 > 10.0.0.4:110\n"
             "S: +OK ready <anybody>, <4.1@[10.0.0.4]>\n"
             ".",
             "AUTH-007",
             "AUTH-007 high medium unknown x1 {<1.2@mail.test>} {+OK ready <1.2@mail.test>\\r\\n}\n"
             "AUTH-007 high medium unknown x1 {<1.\x01\357\277\275@mail.test>} "
             "{+OK ready <1.\\x01\\xfe@mail.test>\\r\\n}\n"
             "AUTH-007 high medium unknown x1 {<anybody>, <4.1@[10.0.0.4]>} "
             "{+OK ready <anybody>, <4.1@[10.0.0.4]>\\r\\n}");
}

static void
test_passwords_that_are_none(void)
{
  static const char pop[] = "@ 10.0.0.5:40001 > 10.0.0.2:110\n"
                            "S: +OK ready\n"
                            "C: USER Alice@a.test\n"
                            "S: +OK\n";
  static const struct {
    const char *lines, *expected;
  } rows[] = {
      {"C: PASS alice\nS: +OK\n", "AUTH-011 high high accepted x1 {} {alice}"},
      {"C: PASS alice@A.TEST\nS: +OK\n", "AUTH-011 high high accepted x1 {} {alice@A.TEST}"},
      {"C: PASS \nS: +OK\n", "AUTH-011 high high accepted x1 {} {}"},
      {"C: PASS alice\n", "AUTH-011 high medium unknown x1 {} {alice}"},
      {"C: PASS alice\nS: -ERR no\n", ""}, /* a guess */
      {"C: PASS alic\nS: +OK\n", ""},
      {"C: PASS alice@b.test\nS: +OK\n", ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *script = g_strconcat(pop, rows[i].lines, ".", NULL);
    rig_expect(script, "AUTH-011", rows[i].expected);
  }
}

/* ---- several connections ---- */

static void
add_login(GString *s, const char *ends, const char *user, const char *password, const char *answer)
{
  g_string_append_printf(s, "@ %s\nS: * OK ready\nC: a1 LOGIN %s %s\nS: a1 %s\n.\n", ends, user,
                         password, answer);
}

static void
test_one_password_in_several_places(void)
{
  g_autoptr(GString) s = g_string_new(NULL);
  add_login(s, "10.0.0.5:40001 > 10.0.0.2:143", "alice", "s3cret", "OK in");
  add_login(s, "10.0.0.5:40002 > 10.0.0.2:143", "alice", "s3cret", "OK in");
  g_string_append(s, "@ 10.0.0.5:40003 > 10.0.0.2:110\nS: +OK\nC: USER alice\nS: +OK\n"
                     "C: PASS s3cret\nS: +OK\n.\n");
  add_login(s, "10.0.0.6:40004 > 10.0.0.2:143", "bob", "s3cret", "NO no"); /* a guess */
  add_login(s, "10.0.0.6:40005 > 10.0.0.3:143", "bob", "other", "OK in");
  add_login(s, "10.0.0.6:40006 > 10.0.0.2:143", "carol", "s3cret", "OK in");
  add_login(s, "10.0.0.6:40007 > 10.0.0.3:143", "alice", "s3cret", "OK in");
  rig_expect(s->str, "AUTH-012",
             "AUTH-012 medium high accepted x2 {alice pop3 10.0.0.2} {s3crets3cret}\n"
             "AUTH-012 high high accepted x2 {carol imap 10.0.0.2} {s3crets3cret}");
}

static char *
guess(const char *answer, unsigned n, const char *pause, bool same)
{
  GString *s = g_string_new(NULL);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *ends = g_strdup_printf("10.0.0.66:%u > 10.0.0.2:143", 41000 + i);
    g_autofree char *password = g_strdup_printf("pw%u", same ? 0 : i);
    add_login(s, ends, "alice", password, answer);
    g_string_append_printf(s, "+ %s\n", pause);
  }
  return g_string_free(s, FALSE);
}

static void
test_many_failures_for_one_user(void)
{
  g_autofree char *five = guess("NO [AUTHENTICATIONFAILED] no", 5, "2", false);
  rig_expect(five, "AUTH-01", "AUTH-013 high high rejected x1 {alice} 5 in 8 s {pw0pw1pw2pw3pw4}");
  g_autofree char *nine = guess("NO no", 9, "2", false); /* counted to the end */
  rig_expect(nine, "AUTH-01", "AUTH-013 high high rejected x1 {alice} 9 in 16 s {pw0pw1pw2pw3pw4}");
  g_autofree char *same = guess("NO no", 5, "2", true);
  rig_expect(same, "AUTH-01", "AUTH-013 high low rejected x1 {alice} 5 in 8 s {pw0pw0pw0pw0pw0}");
}

static void
test_failures_that_are_no_guessing(void)
{
  g_autofree char *four = guess("NO no", 4, "2", false);
  rig_expect(four, "AUTH-01", "");
  g_autofree char *slow = guess("NO no", 8, "20", false);
  rig_expect(slow, "AUTH-01", "");
  g_autofree char *trouble = guess("NO [UNAVAILABLE] later", 8, "2", false);
  rig_expect(trouble, "AUTH-01", "");
}

static void
test_success_after_guessing_from_its_source_alone(void)
{
  g_autofree char *guesses = guess("NO no", 6, "1", false);
  g_autoptr(GString) s = g_string_new(guesses);
  add_login(s, "10.0.0.5:42000 > 10.0.0.2:143", "alice", "right", "OK in"); /* her own */
  add_login(s, "10.0.0.66:42001 > 10.0.0.2:143", "bob", "good", "OK in");
  rig_expect(s->str, "AUTH-015", "");
  add_login(s, "10.0.0.66:42002 > 10.0.0.2:143", "alice", "right", "OK in");
  add_login(s, "10.0.0.66:42003 > 10.0.0.2:143", "alice", "right", "OK in"); /* said once */
  rig_expect(s->str, "AUTH-015", "AUTH-015 critical high accepted x1 {alice} {right}");
}

static void
test_spraying(void)
{
  static const char *const users[] = {"alice", "bob", "carol", "dave", "erin"};
  g_autoptr(GString) s = g_string_new(NULL), varied = g_string_new(NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS(users); i++) {
    g_autofree char *ends = g_strdup_printf("10.0.0.66:%u > 10.0.0.2:143", 41000 + i);
    g_autofree char *own = g_strdup_printf("mine%u", i);
    add_login(s, ends, users[i], "Summer26", "NO no");
    add_login(varied, ends, users[i], own, "NO no"); /* an office behind one address */
    g_string_append(s, "+ 30\n");
    g_string_append(varied, "+ 30\n");
  }
  rig_expect(varied->str, "AUTH-01", "");
  rig_expect(s->str, "AUTH-01",
             "AUTH-014 high high rejected x1 {10.0.0.66} 5 in 120 s "
             "{Summer26Summer26Summer26Summer26Summer26}");
  add_login(s, "10.0.0.66:42000 > 10.0.0.2:143", "frank", "Summer26", "OK in");
  rig_expect(s->str, "AUTH-015", "AUTH-015 critical high accepted x1 {frank} {Summer26}");
}

/* Records of TLS 1.2 as a listener sees them: hellos, then application data of so many octets. */
static void
add_sealed(GString *s, const char *ends, unsigned n_client, unsigned n_server)
{
  g_string_append_printf(s, "@ %s\nC! \\x16\\x03\\x01\\x00\\x04\\x01\\x00\\x00\\x00\n", ends);
  g_string_append(
      s, "S! \\x16\\x03\\x03\\x00\\x2a\\x02\\x00\\x00\\x26\\x03\\x03"); /* RFC 5246 7.4.1.3 */
  for (unsigned i = 0; i < 32; i++)
    g_string_append(s, "\\x11");
  g_string_append(s, "\\x00\\xc0\\x2f\\x00\n");
  for (unsigned side = 0; side < 2; side++) {
    unsigned n = side ? n_server : n_client;
    if (!n)
      continue;
    g_string_append_printf(s, "%c! \\x17\\x03\\x03\\x%02x\\x%02x", "CS"[side], n >> 8, n & 255);
    for (unsigned i = 0; i < n; i++)
      g_string_append_c(s, 'x');
    g_string_append_c(s, '\n');
  }
  g_string_append(s, ".\n+ 2\n");
}

static char *
sealed_burst(unsigned n, const char *source, unsigned port, unsigned step)
{
  GString *s = g_string_new(NULL);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *ends = g_strdup_printf("%s:%u > 10.0.0.2:%u", source, 41000 + i, port);
    add_sealed(s, ends, 60 + i % 7 * step, 90);
  }
  return g_string_free(s, FALSE);
}

static void
expect_once(const char *script, const char *expected)
{
  struct trace *t = rig_play(script, RIG_LINES);
  g_autofree char *found = rig_findings(t, "AUTH-01");
  g_assert_cmpstr(found, ==, expected);
  trace_free(t);
}

static void
test_guessing_that_tls_seals(void)
{
  g_autofree char *twelve = sealed_burst(12, "10.0.0.66", 993, 3);
  expect_once(twelve, "AUTH-013 high low unknown x1 {TLS 10.0.0.66} 12 in 22 s {}");
  g_autofree char *nine = sealed_burst(9, "10.0.0.66", 993, 3);
  expect_once(nine, "");
  g_autofree char *varied = sealed_burst(12, "10.0.0.66", 993, 40); /* a mail program at work */
  expect_once(varied, "");
  g_autofree char *transfer = sealed_burst(12, "10.0.0.66", 25, 3); /* servers do not log in */
  expect_once(transfer, "");
  /* A long one: of the source itself it is a sign, of another one nothing. */
  g_autoptr(GString) s = g_string_new(twelve);
  add_sealed(s, "10.0.0.5:42000 > 10.0.0.2:993", 300, 2000);
  expect_once(s->str, "AUTH-013 high low unknown x1 {TLS 10.0.0.66} 12 in 22 s {}");
  add_sealed(s, "10.0.0.66:42000 > 10.0.0.2:993", 300, 2000);
  expect_once(s->str, "AUTH-013 high low unknown x1 {TLS 10.0.0.66} 12 in 22 s {}\n"
                      "AUTH-015 high low unknown x1 {TLS 10.0.0.66} {}");
}

/* Who does not like the certificate comes back as often, and says nothing. */
static void
test_handshakes_alone_are_no_guessing(void)
{
  g_autoptr(GString) s = g_string_new(NULL);
  for (unsigned i = 0; i < 12; i++) {
    g_autofree char *ends = g_strdup_printf("10.0.0.66:%u > 10.0.0.2:993", 41000 + i);
    add_sealed(s, ends, 0, 90);
  }
  expect_once(s->str, "");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/auth/guessing-that-tls-seals", test_guessing_that_tls_seals);
  g_test_add_func("/auth/handshakes-alone", test_handshakes_alone_are_no_guessing);
  g_test_add_func("/auth/a-token-in-clear", test_a_token_in_clear);
  g_test_add_func("/auth/digests-show-challenge-and-answer",
                  test_digests_show_challenge_and_answer);
  g_test_add_func("/auth/ntlm-by-its-version", test_ntlm_by_its_version);
  g_test_add_func("/auth/scram-in-clear-with-its-iterations",
                  test_scram_in_clear_with_its_iterations);
  g_test_add_func("/auth/challenges-of-apop", test_challenges_of_apop);
  g_test_add_func("/auth/passwords-that-are-none", test_passwords_that_are_none);
  g_test_add_func("/auth/one-password-in-several-places", test_one_password_in_several_places);
  g_test_add_func("/auth/many-failures-for-one-user", test_many_failures_for_one_user);
  g_test_add_func("/auth/failures-that-are-no-guessing", test_failures_that_are_no_guessing);
  g_test_add_func("/auth/success-after-guessing-from-its-source-alone",
                  test_success_after_guessing_from_its_source_alone);
  g_test_add_func("/auth/spraying", test_spraying);
  return g_test_run();
}
