/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-starttls.c -- STLS-001 to STLS-009: each rule with conversations that must raise it and such
 * that nearly do, for SMTP, POP3 and IMAP, in every way of cutting. */
#include <string.h>

#include "tests/findings/rig.h"

#define SMTP "@ 10.0.0.5:40001 > 10.0.0.2:587\nS: 220 mx.example.net ESMTP\n"
#define EHLO_TLS SMTP "C: EHLO pc\nS: 250-mx.example.net\nS: 250-SIZE 1000\nS: 250 STARTTLS\n"
#define POP "@ 10.0.0.5:40002 > 10.0.0.2:110\nS: +OK ready\n"
#define IMAP_TLS "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * OK [CAPABILITY IMAP4rev1 STARTTLS] hi\n"
/* The first record of a client, and of a server: octets of a hello that nobody reads here. */
#define CLIENT_TLS "C! \\x16\\x03\\x01\\0\\x04\\x01\\0\\0\\0\n"
#define SERVER_TLS "S! \\x16\\x03\\x03\\0\\x04\\x02\\0\\0\\0\n"

struct row {
  const char *name, *script, *expected;
};

static const struct row rows[] = {
    /* ---- STLS-001 ---- */
    {"001/smtp-submission",
     SMTP "C: EHLO pc\nS: 250-mx.example.net\nS: 250 SIZE 1000\nC: QUIT\nS: 221 bye\n.",
     "STLS-001 high high unknown x1 {} {250-mx.example.net\\r\\n250 SIZE 1000\\r\\n}"},
    {"001/smtp-between-servers-is-medium",
     "@ 10.0.0.5:40001 > 10.0.0.2:25\nS: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: QUIT\n.",
     "STLS-001 medium high unknown x1 {} {250 mx\\r\\n}"},
    {"001/lmtp",
     "@ 10.0.0.5:40001 > 10.0.0.2:24\nS: 220 mx LMTP\nC: LHLO pc\nS: 250 mx\nC: QUIT\n.",
     "STLS-001 medium high unknown x1 {} {250 mx\\r\\n}"},
    {"001/smtp-offered", EHLO_TLS "C: QUIT\nS: 221 bye\n.", ""},
    {"001/smtp-offered-in-the-middle-and-small",
     SMTP "C: EHLO pc\nS: 250-mx\nS: 250-starttls\nS: 250 SIZE\nC: QUIT\n.", ""},
    {"001/smtp-HELO-asks-for-no-list", SMTP "C: HELO pc\nS: 250 mx\nC: QUIT\n.", ""},
    {"001/smtp-list-has-a-longer-word", SMTP "C: EHLO pc\nS: 250-mx\nS: 250 STARTTLSX\nC: QUIT\n.",
     "STLS-001 high high unknown x1 {} {250-mx\\r\\n250 STARTTLSX\\r\\n}"},
    {"001/pop3", POP "C: CAPA\nS: +OK list\nS: USER\nS: UIDL\nS: .\nC: QUIT\nS: +OK\n.",
     "STLS-001 high high unknown x1 {} {USER\\r\\nUIDL\\r\\n.\\r\\n}"},
    {"001/pop3-offered", POP "C: CAPA\nS: +OK list\nS: USER\nS: STLS\nS: .\nC: QUIT\nS: +OK\n.",
     ""},
    {"001/pop3-no-list", POP "C: CAPA\nS: -ERR what\nC: QUIT\nS: +OK\n.", ""},
    {"001/imap-untagged",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * OK hi\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1\n"
     "S: a OK done\n.",
     "STLS-001 high high unknown x1 {} {* CAPABILITY IMAP4rev1\\r\\n}"},
    {"001/imap-greeting-then-list-on-two-connections",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * OK [CAPABILITY IMAP4rev1] hi\nC: a CAPABILITY\n"
     "S: * CAPABILITY IMAP4rev1\nS: a OK done\n.\n"
     "@ 10.0.0.5:40004 > 10.0.0.2:143\nS: * OK [CAPABILITY IMAP4rev1] hi\n.",
     "STLS-001 high high unknown x2 {} {* OK [CAPABILITY IMAP4rev1] hi\\r\\n}"},
    {"001/imap-offered", IMAP_TLS "C: a LOGOUT\nS: * BYE\nS: a OK\n.", ""},
    {"001/imap-list-after-login-does-not-count",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * OK hi\nC: a LOGIN u p\n"
     "S: a OK [CAPABILITY IMAP4rev1 IDLE] in\n.",
     ""},
    /* ---- STLS-002 ---- */
    {"002/smtp-mail", EHLO_TLS "C: MAIL FROM:<a@example.net>\nS: 250 ok\nC: QUIT\n.",
     "STLS-002 high high unknown x1 {MAIL} {250 STARTTLS\\r\\nMAIL FROM:<a@example.net>}"},
    {"002/smtp-login-shows-no-secret", EHLO_TLS "C: AUTH PLAIN AGEAYg==\nS: 235 ok\nC: QUIT\n.",
     "STLS-002 high high unknown x1 {AUTH} {250 STARTTLS\\r\\nAUTH PLAIN }"},
    {"002/smtp-pipelined",
     EHLO_TLS "C: MAIL FROM:<a@b.test>\nC: RCPT TO:<c@d.test>\nS: 250 ok\nS: 250 ok\nC: QUIT\n.",
     "STLS-002 high high unknown x1 {MAIL} {250 STARTTLS\\r\\nMAIL FROM:<a@b.test>}"},
    {"002/smtp-quit", EHLO_TLS "C: NOOP\nS: 250 ok\nC: QUIT\n.", ""},
    {"002/smtp-taken", EHLO_TLS "C: STARTTLS\nS: 220 go\n" CLIENT_TLS SERVER_TLS ".", ""},
    {"002/pop3",
     POP "C: CAPA\nS: +OK\nS: STLS\nS: .\nC: USER anna\nS: +OK\nC: PASS s3cret\nS: +OK\n.",
     "STLS-002 high high unknown x1 {USER} {STLS\\r\\nUSER anna}"},
    {"002/imap", IMAP_TLS "C: a LOGIN anna s3cret\nS: a OK\n.",
     "STLS-002 high high unknown x1 {LOGIN} {* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\\r\\n"
     "a LOGIN anna }"},
    {"002/imap-logout", IMAP_TLS "C: a NOOP\nS: a OK\nC: b LOGOUT\nS: * BYE\n.", ""},
    /* ---- STLS-003 ---- */
    {"003/smtp-filler", SMTP "C: EHLO pc\nS: 250-mx\nS: 250-XXXXXXXA\nS: 250 SIZE 1\nC: QUIT\n.",
     "STLS-003 high medium unknown x1 {XXXXXXXA} {250-XXXXXXXA\\r\\n}\n"
     "STLS-001 high high unknown x1 {} {250-mx\\r\\n250-XXXXXXXA\\r\\n250 SIZE 1\\r\\n}"},
    {"003/smtp-a-private-word-is-none",
     SMTP "C: EHLO pc\nS: 250-XXXX\nS: 250-XCLIENT NAME\nS: 250-XX1\nS: 250 STARTTLS\nC: QUIT\n.",
     ""},
    {"003/smtp-command-filled",
     SMTP "C: EHLO pc\nS: 250-mx\nS: 250 STARTTLS\nC: XXXXXXXX\nS: 500 what\nC: QUIT\n.",
     "STLS-003 high medium unknown x1 {XXXXXXXX} {XXXXXXXX\\r\\n}"},
    {"003/pop3-filler", POP "C: CAPA\nS: +OK\nS: USER\nS: XXXX\nS: .\nC: QUIT\n.",
     "STLS-003 high medium unknown x1 {XXXX} {XXXX\\r\\n}\n"
     "STLS-001 high high unknown x1 {} {USER\\r\\nXXXX\\r\\n.\\r\\n}"},
    {"003/offered-on-another-connection",
     EHLO_TLS "C: QUIT\n.\n@ 10.0.0.6:40009 > 10.0.0.2:587\nS: 220 mx ESMTP\nC: EHLO pc\n"
              "S: 250-mx\nS: 250 SIZE\nC: QUIT\n.",
     "STLS-001 high high unknown x1 {} {250-mx\\r\\n250 SIZE\\r\\n}\n"
     "STLS-003 high medium unknown x1 {offered on another connection} {250-mx\\r\\n250 "
     "SIZE\\r\\n}"},
    {"003/offered-on-a-later-connection",
     "@ 10.0.0.6:40009 > 10.0.0.2:587\nS: 220 mx ESMTP\nC: EHLO pc\nS: 250-mx\nS: 250 SIZE\n"
     "C: QUIT\n.\n" EHLO_TLS "C: QUIT\n.",
     "STLS-001 high high unknown x1 {} {250-mx\\r\\n250 SIZE\\r\\n}\n"
     "STLS-003 high medium unknown x1 {offered on another connection} {250-mx\\r\\n250 "
     "SIZE\\r\\n}"},
    {"003/another-port-is-another-service",
     EHLO_TLS "C: QUIT\n.\n@ 10.0.0.6:40009 > 10.0.0.2:25\nS: 220 mx ESMTP\nC: EHLO pc\n"
              "S: 250 mx\nC: QUIT\n.",
     "STLS-001 medium high unknown x1 {} {250 mx\\r\\n}"},
    /* ---- STLS-004 ---- */
    {"004/smtp", EHLO_TLS "C: STARTTLS\nS: 454 4.7.0 no\nC: AUTH PLAIN AGEAYg==\nS: 235 ok\n.",
     "STLS-004 high high unknown x1 {AUTH} {454 4.7.0 no\\r\\nAUTH PLAIN }"},
    {"004/smtp-mail-without-login-is-opportunistic",
     EHLO_TLS "C: STARTTLS\nS: 454 4.7.0 no\nC: MAIL FROM:<a@b.test>\nS: 250 ok\n.", ""},
    {"004/smtp-client-stops", EHLO_TLS "C: STARTTLS\nS: 502 no\nC: QUIT\nS: 221 bye\n.", ""},
    {"004/pop3", POP "C: STLS\nS: -ERR no\nC: USER anna\nS: +OK\nC: PASS s3cret\nS: +OK\n.",
     "STLS-004 high high unknown x1 {USER} {-ERR no\\r\\nUSER anna}"},
    {"004/imap", IMAP_TLS "C: a STARTTLS\nS: a BAD no\nC: b LOGIN anna s3cret\nS: b OK\n.",
     "STLS-004 high high unknown x1 {LOGIN} {a BAD no\\r\\nb LOGIN anna }"},
    {"004/imap-refused-then-accepted",
     IMAP_TLS "C: a STARTTLS\nS: a NO later\nC: b STARTTLS\nS: b OK go\n" CLIENT_TLS SERVER_TLS ".",
     ""},
    /* ---- STLS-005 ---- */
    {"005/smtp",
     EHLO_TLS
     "C! STARTTLS\\r\\nEHLO evil\\r\\nMAIL FROM:<e@x.test>\\r\\n\nS: 220 go\n" CLIENT_TLS SERVER_TLS
     ".",
     "STLS-005 high high unknown x1 {} {EHLO evil\\r\\nMAIL FROM:<e@x.test>\\r\\n}"},
    {"005/smtp-half-a-line",
     EHLO_TLS "C! STARTTLS\\r\\nRSET\\r\\nMA\nS: 220 go\n" CLIENT_TLS SERVER_TLS ".",
     "STLS-005 high high unknown x1 {} {RSET\\r\\nMA}"},
    {"005/smtp-client-hello-did-not-wait",
     EHLO_TLS "C: STARTTLS\n" CLIENT_TLS "S: 220 go\n" SERVER_TLS ".", ""},
    {"005/smtp-text-then-hello-before-the-go-ahead",
     EHLO_TLS "C! STARTTLS\\r\\nNOOP\\r\\n\n" CLIENT_TLS "S: 220 go\n" SERVER_TLS ".",
     "STLS-005 high high unknown x1 {} {NOOP\\r\\n}"},
    {"005/smtp-refused-is-no-injection",
     EHLO_TLS "C! STARTTLS\\r\\nQUIT\\r\\n\nS: 454 no\nS: 221 bye\n.", ""},
    {"005/pop3", POP "C! STLS\\r\\nCAPA\\r\\n\nS: +OK go\n" CLIENT_TLS SERVER_TLS ".",
     "STLS-005 high high unknown x1 {} {CAPA\\r\\n}"},
    {"005/imap", IMAP_TLS "C! a STARTTLS\\r\\nb NOOP\\r\\n\nS: a OK go\n" CLIENT_TLS SERVER_TLS ".",
     "STLS-005 high high unknown x1 {} {b NOOP\\r\\n}"},
    /* ---- STLS-006 ---- */
    {"006/smtp",
     EHLO_TLS "C: STARTTLS\nS! 220 go\\r\\n250-mx\\r\\n250 AUTH PLAIN\\r\\n\n" CLIENT_TLS SERVER_TLS
              ".",
     "STLS-006 high high unknown x1 {} {250-mx\\r\\n250 AUTH PLAIN\\r\\n}"},
    {"006/imap-nobody-answers", IMAP_TLS "C: a STARTTLS\nS! a OK go\\r\\n* 5 EXISTS\\r\\n\n.",
     "STLS-006 high high unknown x1 {} {* 5 EXISTS\\r\\n}"},
    {"006/pop3", POP "C: STLS\nS! +OK go\\r\\n+OK more\\r\\n\n" CLIENT_TLS SERVER_TLS ".",
     "STLS-006 high high unknown x1 {} {+OK more\\r\\n}"},
    {"006/imap-untagged-before-the-go-ahead",
     IMAP_TLS "C: a STARTTLS\nS: * OK soon\nS: a OK go\n" CLIENT_TLS SERVER_TLS ".", ""},
    /* ---- STLS-007 ---- */
    {"007/imap",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * PREAUTH [CAPABILITY IMAP4rev1] hi anna\n"
     "C: a SELECT INBOX\nS: * 3 EXISTS\nS: a OK\n.",
     "STLS-007 high high unknown x1 {} {* PREAUTH [CAPABILITY IMAP4rev1] hi anna\\r\\n}"},
    {"007/imap-only-a-word",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * OK PREAUTH not\n"
     "C: a LOGOUT\nS: a OK\n.",
     ""},
    /* ---- STLS-008 ---- */
    {"008/smtp", EHLO_TLS "C: STARTTLS\nS: 220 go\nC: EHLO pc\nS: 250 mx\nC: QUIT\n.",
     "STLS-008 high medium unknown x1 {} {EHLO}"},
    {"008/pop3-shows-no-secret",
     POP "C: STLS\nS: +OK go\nC: USER anna\nS: +OK\nC: PASS s3cret\nS: +OK\n.",
     "STLS-008 high medium unknown x1 {} {USER}"},
    {"008/imap", IMAP_TLS "C: a STARTTLS\nS: a OK go\nC: b LOGIN anna s3cret\nS: b OK\n.",
     "STLS-008 high medium unknown x1 {} {b LOGIN}"},
    {"008/server-speaks-first-and-the-client-goes-on",
     IMAP_TLS "C: a STARTTLS\nS! a OK go\\r\\n* OK hm\\r\\n\nC: b NOOP\nS: b OK\n.",
     "STLS-008 high medium unknown x1 {} {b NOOP}"},
    {"008/other-octets-are-none",
     EHLO_TLS "C: STARTTLS\nS: 220 go\nC! \\x80\\x2e\\x01\\x03\\x01\nS! \\x01\\x02\n.", ""},
    /* ---- STLS-009 ---- */
    {"009/imap-alert",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\n"
     "S: * OK [ALERT] call 555-0100 for your new password\n"
     "C: a STARTTLS\nS: a OK go\n" CLIENT_TLS SERVER_TLS ".",
     "STLS-009 medium high unknown x1 {ALERT} "
     "{* OK [ALERT] call 555-0100 for your new password\\r\\n}"},
    {"009/imap-referral", IMAP_TLS "C: a NOOP\nS: a NO [REFERRAL imap://evil.test/] go there\n.",
     "STLS-009 medium high unknown x1 {REFERRAL} "
     "{a NO [REFERRAL imap://evil.test/] go there\\r\\n}"},
    {"009/imap-mailbox",
     IMAP_TLS "S: * 5 EXISTS\nC: a STARTTLS\nS: a OK\n" CLIENT_TLS SERVER_TLS ".",
     "STLS-009 medium high unknown x1 {EXISTS} {* 5 EXISTS\\r\\n}"},
    {"009/imap-alert-that-answers-a-login",
     "@ 10.0.0.5:40003 > 10.0.0.2:143\nS: * OK hi\nC: a LOGIN anna s3cret\n"
     "S: a NO [ALERT] account locked\nC: b LOGIN anna s3cret2\nS: * 5 EXISTS\nS: b OK\n.",
     ""},
};

static void
test_row(gconstpointer data)
{
  const struct row *r = data;
  rig_expect(r->script, "STLS", r->expected);
}

/* What was said in clear behind an accepted STARTTLS is read: a login there is a login. */
static void
test_login_behind_starttls_in_clear(void)
{
  rig_expect(POP "C: STLS\nS: +OK go\nC: USER anna\nS: +OK\nC: PASS s3cret\nS: +OK\n.", "AUTH-001",
             "AUTH-001 critical high accepted x1 {} {s3cret}");
}

/* What is seen below the octets: repetitions with other octets, and distances that change. */
static void
test_below_the_octets(void)
{
  static const struct row cases[] = {
      {"forged answer first",
       SMTP "C: EHLO pc\nS: 250-mx\nS: 250-SIZE 1000\nS: 250 8BITMIME\nS~ 250 STARTTLS\nC: NOOP\n"
            "S: 250 ok\n.",
       "two versions of the same octets medium"},
      {"the same again", SMTP "C: EHLO pc\nS: 250-mx\nS: 250 STARTTLS\nS~ 250 STARTTLS\nC: QUIT\n.",
       ""},
      {"damaged in three octets",
       SMTP "C: EHLO pc\nS: 250-mx\nS: 250 8BITMIME\nS~ 250 8bitMIME\nC: QUIT\n.", ""},
      {"another distance",
       SMTP "C: EHLO pc\nL S 60\nS: 250-mx\nS: 250 SIZE\nC: QUIT\nL S 64\nS: 221 bye\n.",
       "TTL low"},
      {"another distance, but TLS began",
       EHLO_TLS "C: STARTTLS\nL S 60\nS: 220 go\n" CLIENT_TLS SERVER_TLS ".", ""},
      {"another distance when it sends mail",
       SMTP "C: EHLO pc\nS: 250-mx\nS: 250 SIZE\nC: MAIL FROM:<a@b.test>\nL S 60\nS: 250 ok\n.",
       ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    for (int cut = RIG_OCTETS; cut <= 20; cut++) {
      struct trace *t = rig_play(cases[i].script, cut);
      const struct findings *all = trace_findings(t);
      g_autoptr(GString) found = g_string_new(NULL);
      for (unsigned k = 0; k < findings_n(all); k++) {
        const struct finding *f = findings_get(all, k);
        if (strcmp(f->rule->id, "STLS-003") == 0)
          g_string_append_printf(found, "%s %s", f->subject,
                                 f->confidence == CONFIDENCE_LOW ? "low" : "medium");
      }
      g_test_message("%s, cut %d", cases[i].name, cut);
      g_assert_cmpstr(found->str, ==, cases[i].expected);
      trace_free(t);
    }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *name = g_strconcat("/starttls/", rows[i].name, NULL);
    g_test_add_data_func(name, &rows[i], test_row);
  }
  g_test_add_func("/starttls/008/login", test_login_behind_starttls_in_clear);
  g_test_add_func("/starttls/003/below", test_below_the_octets);
  return g_test_run();
}
