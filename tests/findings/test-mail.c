/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-mail.c -- rules about mail transport: enumeration, relaying, floods, smuggling, look-alikes.
 */
#include <string.h>

#include "tests/findings/rig.h"

#define MX "@ 192.0.2.7:40001 > 198.51.100.25:25\nS: 220 mx.example.net ready\n"
#define HELLO "C: EHLO client.test\nS: 250 mx.example.net\n"
#define MAIL "C: MAIL FROM:<a@client.test>\nS: 250 ok\nC: RCPT TO:<b@example.net>\nS: 250 ok\n"
#define DATA "C: DATA\nS: 354 go on\n"
#define END "C: .\nS: 250 taken\nC: QUIT\nS: 221 bye\n.\n"

/* ---- ENUM ---- */

static void
test_vrfy_that_tells(void)
{
  rig_expect(MX HELLO "C: VRFY anna\nS: 250 Anna <anna@example.net>\nC: VRFY nobody\n"
                      "S: 550 5.1.1 unknown\n.",
             "ENUM-001", "ENUM-001 medium high unknown x1 {VRFY/EXPN 250} {VRFY anna\\r\\n}");
  rig_expect(MX HELLO "C: VRFY anna\nS: 252 try and see\nC: EXPN list\nS: 502 no\n.", "ENUM-001",
             "");
}

static void
test_a_run_of_unknown_recipients(void)
{
  GString *script = g_string_new(MX HELLO "C: MAIL FROM:<>\nS: 250 ok\n");
  for (unsigned i = 1; i <= 7; i++)
    g_string_append_printf(script, "C: RCPT TO:<u%u@example.net>\nS: 550 5.1.1 no such user\n", i);
  rig_expect(script->str, "ENUM-001",
             "ENUM-001 medium high unknown x1 {RCPT} {RCPT TO:<u5@example.net>\\r\\n}");
  /* Policy tells nothing about users. */
  g_string_assign(script, MX HELLO "C: MAIL FROM:<>\nS: 250 ok\n");
  for (unsigned i = 1; i <= 7; i++)
    g_string_append_printf(script, "C: RCPT TO:<u%u@else.test>\nS: 550 5.7.1 not here\n", i);
  rig_expect(script->str, "ENUM-001", "");
  g_string_free(script, TRUE);
}

static void
test_a_rejection_that_says_what_was_wrong(void)
{
#define POP "@ 192.0.2.7:40001 > 198.51.100.25:110\nS: +OK\nC: USER anna\nS: +OK\nC: PASS x\n"
  rig_expect(POP "S: -ERR Unknown user anna\n.", "ENUM-001",
             "ENUM-001 medium high unknown x1 {login: user} {-ERR Unknown user anna\\r\\n}");
  rig_expect(POP "S: -ERR [AUTH] Wrong password\n.", "ENUM-001",
             "ENUM-001 medium high unknown x1 {login: password} {-ERR [AUTH] Wrong "
             "password\\r\\n}");
  rig_expect(POP "S: -ERR [AUTH] Invalid user name or password\n.", "ENUM-001", "");
}

static void
test_greetings_that_name_software(void)
{
#define FROM_25(text) "@ 192.0.2.7:40001 > 198.51.100.25:25\nS: " text "\n.\n"
  rig_expect(FROM_25("220 mx.example.net ESMTP Exim 4.96 Mon, 05 Jan 2026 10:00:00 +0000"),
             "ENUM-002",
             "ENUM-002 info high unknown x1 {220 mx.example.net ESMTP Exim 4.96 Mon, 05 Jan 2026 "
             "10:00:00 +0000} {220 mx.example.net ESMTP Exim 4.96 Mon, 05 Jan 2026 10:00:00 "
             "+0000\\r\\n}");
  rig_expect(FROM_25("220 mx.example.net ESMTP Unheardof v2.1.0 ready"), "ENUM-002",
             "ENUM-002 info high unknown x1 {220 mx.example.net ESMTP Unheardof v2.1.0 ready} "
             "{220 mx.example.net ESMTP Unheardof v2.1.0 ready\\r\\n}");
  rig_expect(FROM_25("220 mx1.2.example.net ESMTP ready [192.0.2.25]"), "ENUM-002", "");
}

/* The challenge of APOP differs in each greeting and would make a finding of each. */
static void
test_apop_challenges_are_no_software(void)
{
#define APOP(port, id)                                                                             \
  "@ 192.0.2.7:" port " > 198.51.100.25:110\nS: +OK Dovecot ready <" id "@example.net>\n.\n"
  rig_expect(APOP("40001", "1.1") APOP("40002", "2.2"), "ENUM-002",
             "ENUM-002 info high unknown x2 {+OK Dovecot ready} {+OK Dovecot ready "
             "<1.1@example.net>\\r\\n}");
}

/* ---- RELAY ---- */

#define MESSAGE(from, to)                                                                          \
  "C: MAIL FROM:<" from ">\nS: 250 ok\nC: RCPT TO:<" to ">\nS: 250 ok\n" DATA "C: Subject: "       \
  "x\n" END

static void
test_foreign_mail_taken_from_a_stranger(void)
{
  rig_expect(MX HELLO MESSAGE("a@evil.test", "b@victim.test"), "RELAY",
             "RELAY-001 high medium accepted x1 {mx.example.net} {MAIL FROM:<a@evil.test>\\r\\n"
             "RCPT TO:<b@victim.test>\\r\\n}");
  /* One end belongs here, or both. */
  rig_expect(MX HELLO MESSAGE("a@evil.test", "b@example.net"), "RELAY", "");
  rig_expect(MX HELLO MESSAGE("a@evil.test", "b@lists.EXAMPLE.net"), "RELAY", "");
  rig_expect(MX HELLO MESSAGE("a@example.net", "b@victim.test"), "RELAY", "");
  rig_expect(MX HELLO MESSAGE("a@evil.test", "postmaster"), "RELAY", "");
}

/* What a server takes mail for, the greeting does not say, but other things do. */
static void
test_own_domains_that_the_greeting_does_not_name(void)
{
#define TAKEN "RELAY-001 high medium accepted x1 {mx.example.net} {MAIL FROM:<a@evil.test>\\r\\n"         \
              "RCPT TO:<b@hosted.test>\\r\\n}"
#define HOSTED MX HELLO MESSAGE("a@evil.test", "b@hosted.test")
  /* hosted.test MX 10 mx.example.net, then its address. RFC 1035 sections 4.1, 3.3.9. */
#define MX_ANSWER                                                                                  \
  "D! \\x00\\x01\\x81\\x80\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x00"                                     \
  "\\x06hosted\\x04test\\x00\\x00\\x0f\\x00\\x01"                                                       \
  "\\xc0\\x0c\\x00\\x0f\\x00\\x01\\x00\\x00\\x00\\x3c\\x00\\x12\\x00\\x0a\\x02mx\\x07example\\x03net\\x00\n"
#define A_ANSWER(last)                                                                             \
  "D! \\x00\\x02\\x81\\x80\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x00"                                     \
  "\\x02MX\\x07example\\x03net\\x00\\x00\\x01\\x00\\x01"                                                \
  "\\xc0\\x0c\\x00\\x01\\x00\\x01\\x00\\x00\\x00\\x3c\\x00\\x04\\xc6\\x33\\x64" last "\n"
  rig_expect(HOSTED, "RELAY", TAKEN);
  rig_expect(MX_ANSWER A_ANSWER("\\x19") HOSTED, "RELAY", "");
  rig_expect(MX_ANSWER A_ANSWER("\\x1a") HOSTED, "RELAY", TAKEN); /* another server's address */
  /* The answer to EHLO, where the greeting says nothing. */
  rig_expect("@ 192.0.2.7:40001 > 198.51.100.25:25\nS: 220 ready\nC: EHLO c.test\n"
             "S: 250-mail.hosted.test greets you\nS: 250 SIZE\n" MESSAGE("a@evil.test", "b@hosted.test"),
             "RELAY", "");
  /* Its users: by what they send after a login, by their names, by what goes to their boxes. */
#define USER "@ 192.0.2.9:41000 > 198.51.100.25:587\nS: 220 mx.example.net\n" HELLO                  \
             "C: AUTH PLAIN AGFubmEAc2VjcmV0\nS: 235 ok\n" MESSAGE("anna@hosted.test", "x@far.test")
  rig_expect(USER HOSTED, "RELAY", "");
  rig_expect("@ 192.0.2.9:41000 > 198.51.100.25:143\nS: * OK\nC: a LOGIN anna@hosted.test s\nS: a OK\n.\n" HOSTED,
             "RELAY", "");
  rig_expect("@ 198.51.100.25:41000 > 198.51.100.26:24\nS: 220 store\nC: LHLO mx\nS: 250 store\n"
             MESSAGE("y@far.test", "b@hosted.test") HOSTED, "RELAY", "");
  /* Seen too late it makes the finding doubtful. */
  rig_expect(HOSTED USER, "RELAY",
             "RELAY-001 high low accepted x1 {mx.example.net} {MAIL FROM:<a@evil.test>\\r\\n"
             "RCPT TO:<b@hosted.test>\\r\\n}");
}

static void
test_relaying_that_is_refused_or_allowed(void)
{
  rig_expect(MX HELLO "C: MAIL FROM:<a@evil.test>\nS: 250 ok\nC: RCPT TO:<b@victim.test>\n"
                      "S: 554 5.7.1 relay access denied\nC: QUIT\nS: 221 bye\n.",
             "RELAY", "");
  rig_expect(MX HELLO
             "C: AUTH PLAIN AGFubmEAc2VjcmV0\nS: 235 ok\n" MESSAGE("a@evil.test", "b@victim.test"),
             "RELAY", "");
  rig_expect(MX HELLO "C: MAIL FROM:<a@evil.test>\nS: 250 ok\nC: RCPT TO:<b@victim.test>\n"
                      "S: 250 ok\n" DATA "C: Subject: x\nC: .\nS: 554 5.7.1 spam\n.",
             "RELAY", "");
}

static void
test_mail_that_is_sent_on_proves_the_relay(void)
{
  rig_expect(
      MX HELLO MESSAGE(
          "a@evil.test",
          "b@victim.test") "@ 198.51.100.25:50001 > 203.0.113.1:25\nS: 220 mx.victim.test\n" HELLO
          MESSAGE("a@evil.test", "b@victim.test"),
      "RELAY",
      "RELAY-001 high high accepted x1 {mx.example.net} {MAIL FROM:<a@evil.test>\\r\\n"
      "RCPT TO:<b@victim.test>\\r\\n}");
}

static void
test_a_neighbour_may_be_meant_to(void)
{
  rig_expect("@ 198.51.100.9:40001 > 198.51.100.25:25\nS: 220 mx.example.net ready\n" HELLO MESSAGE(
                 "a@evil.test", "b@victim.test"),
             "RELAY",
             "RELAY-001 high low accepted x1 {mx.example.net} {MAIL FROM:<a@evil.test>\\r\\n"
             "RCPT TO:<b@victim.test>\\r\\n}");
}

/* ---- ABUSE ---- */

static char *
flood(unsigned n, const char *pause)
{
  GString *s = g_string_new("@ 192.0.2.7:40001 > 198.51.100.25:25\nS: 220 mx.example.net\n" HELLO);
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf(s,
                           "C: MAIL FROM:<l%u@example.net>\nS: 250 ok\n"
                           "C: RCPT TO:<bob@example.net>\nS: 250 ok\n" DATA
                           "C: Subject: x\nC: .\nS: 250 taken\n+ %s\n",
                           i, pause);
  return g_string_free(s, FALSE);
}

static void
test_a_flood_to_one_recipient(void)
{
  g_autofree char *fast = flood(25, "0.5"), *slow = flood(25, "10");
  struct trace *t = rig_play(fast, RIG_LINES);
  g_autofree char *found = rig_findings(t, "ABUSE");
  g_assert_cmpstr(found, ==,
                  "ABUSE-001 medium high unknown x1 {bob@example.net: 20 / 60 s} {RCPT "
                  "TO:<bob@example.net>\\r\\n}");
  trace_free(t);
  t = rig_play(slow, RIG_LINES);
  g_autofree char *none = rig_findings(t, "ABUSE");
  g_assert_cmpstr(none, ==, "");
  trace_free(t);
}

/* ---- SMUG ---- */

#define SMUGGLE(octets) MX HELLO MAIL DATA "C! Subject: x\\r\\n\\r\\nhi" octets "\nC: \n" END

static void
test_false_ends_with_a_command(void)
{
  static const struct {
    const char *octets, *name, *evidence;
  } cases[] = {
      {"\\n.\\nMAIL FROM:<x@y>", "LF . LF", "\\n.\\nMAIL"},
      {"\\n.\\r\\nMAIL FROM:<x@y>", "LF . CRLF", "\\n.\\r\\nMAIL"},
      {"\\r.\\rMAIL FROM:<x@y>", "CR . CR", "\\r.\\rMAIL"},
      {"\\r.\\r\\nMAIL FROM:<x@y>", "CR . CRLF", "\\r.\\r\\nMAIL"},
      {"\\r\\n.\\nEHLO x", "CRLF . LF", "\\r\\n.\\nEHLO"},
      {"\\r\\n.\\rrset", "CRLF . CR", "\\r\\n.\\rrset"},
      {"\\n.\\rRCPT TO:<x>", "LF . CR", "\\n.\\rRCPT"},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *script = g_strdup_printf(SMUGGLE("%s"), cases[i].octets);
    g_autofree char *expected = g_strdup_printf("SMUG-001 high high unknown x1 {%s} {%s}",
                                                cases[i].name, cases[i].evidence);
    for (int cut = RIG_OCTETS; cut <= 20; cut++) {
      struct trace *t = rig_play(script, cut);
      g_autofree char *all = rig_findings(t, "SMUG");
      g_auto(GStrv) lines = g_strsplit(all, "\n", -1);
      bool found = false;
      for (int k = 0; lines[k]; k++)
        found |= strcmp(lines[k], expected) == 0;
      if (!found)
        g_test_message("%s, cut %d: %s", expected, cut, all);
      g_assert_true(found);
      trace_free(t);
    }
  }
}

static void
test_true_ends_and_stuffed_dots_are_fine(void)
{
  rig_expect(MX HELLO MAIL DATA "C: ..\nC: ..MAIL FROM:<x>\nC: .x\nC: a.\nC: .\nS: 250 taken\n"
                                "C: MAIL FROM:<c@example.net>\nS: 250 ok\n.",
             "SMUG", "");
  /* A client that ends every line in LF ends its message so too. */
  rig_expect(MX "C! EHLO x\\n\nS: 250 mx\nC! MAIL FROM:<a@b.test>\\n\nS: 250 ok\n"
                "C! RCPT TO:<c@example.net>\\n\nS: 250 ok\nC! DATA\\n\nS: 354 go\n"
                "C! Subject: x\\n\\nhi\\n.\\nQUIT\\n\nS: 250 ok\nS: 221 bye\n.",
             "SMUG", "");
}

static void
test_bare_line_ends_are_a_small_matter(void)
{
  rig_expect(MX HELLO MAIL DATA "C! Subject: x\\n\\r\\nhi\\r\\n\n" END, "SMUG",
             "SMUG-001 low high unknown x1 {LF} {\\n}");
  rig_expect(MX HELLO MAIL DATA "C! Subject: x\\ry\\r\\n\\r\\nhi\\r\\n\n" END, "SMUG",
             "SMUG-001 low high unknown x1 {CR} {\\r}");
}

static void
test_answers_to_what_was_smuggled(void)
{
  struct trace *t = rig_play(MX HELLO MAIL DATA
                             "C! a\\r\\n.\\nMAIL FROM:<x@y.test>\\r\\nRCPT TO:<b@example.net>\\r\\n"
                             "DATA\\r\\nSubject: forged\\r\\n\\r\\n\n"
                             "C: .\nS: 250 taken\nS: 250 ok\nS: 250 ok\nS: 354 go\nS: 250 taken\n",
                             RIG_LINES);
  g_autofree char *found = rig_findings(t, "SMUG");
  g_assert_nonnull(strstr(found, "SMUG-001 high high unknown x1 {CRLF . LF} {\\r\\n.\\nMAIL}"));
  g_assert_nonnull(strstr(found, "SMUG-001 high high accepted x1 {250} {250 ok\\r\\n}"));
  trace_free(t);
}

/* ---- EAI ---- */

#define FROM(address) MX HELLO MAIL DATA "C: From: Boss <" address ">\nC: \nC: hi\n" END

static void
test_scripts_mixed_in_one_label(void)
{
  /* "pаypal": the second letter is Cyrillic. */
  rig_expect(FROM("info@p\xd0\xb0ypal.test"), "EAI-001",
             "EAI-001 medium high unknown x1 {info@p\xd0\xb0ypal.test} "
             "{From: Boss <info@p\\xd0\\xb0ypal.test>\\r\\n}");
  /* Thai letters behind an ASCII local part, and a Thai local part, are as they should be. */
  rig_expect(FROM("info@\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2.test"), "EAI-001", "");
  rig_expect(FROM("\xe0\xb8\xaa\xe0\xb8\xa1@\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2.test"), "EAI-001", "");
}

#define IMAP "@ 192.0.2.7:40001 > 198.51.100.25:143\nS: * OK ready\nC: a LOGIN anna s\nS: a OK in\n"
#define ODD "info@p\xd0\xb0ypal.test"
#define ODD_C "info@p\\xd0\\xb0ypal.test"
#define FOUND(evidence) "EAI-001 medium high unknown x1 {" ODD "} {" evidence "}"

/* Whom a message is from is read wherever IMAP brings it, and only there. */
static void
test_header_from_in_imap(void)
{
  rig_expect(IMAP "C: b FETCH 1 BODY[]\nS! * 1 FETCH (BODY[] {36}\\r\\n"
                  "From: Boss <" ODD ">\\r\\n\\r\\nhi)\\r\\n\nS: b OK\n.",
             "EAI-001", FOUND("From: Boss <" ODD_C ">\\r\\n"));
  /* The literal ends with the field. */
  rig_expect(IMAP "C: b FETCH 1 BODY[HEADER.FIELDS (FROM)]\n"
                  "S! * 1 FETCH (UID 4 BODY[HEADER.FIELDS (FROM)] {23}\\r\\nFrom: " ODD
                  ")\\r\\n\nS: b OK\n.",
             "EAI-001", FOUND("From: " ODD_C));
  rig_expect(IMAP "C: b FETCH 1 BODY[TEXT]\nS! * 1 FETCH (BODY[TEXT] {23}\\r\\nFrom: " ODD
                  ")\\r\\n\nS: b OK\n.",
             "EAI-001", "");
  rig_expect(IMAP "C: b APPEND Sent {27+}\nC! From: " ODD "\\r\\n\\r\\n\nS: b OK\n.", "EAI-001",
             FOUND("From: " ODD_C "\\r\\n"));
}

static void
test_from_of_an_envelope(void)
{
#define ENVELOPE_OF(subject, from)                                                                 \
  IMAP "C: b FETCH 1 ENVELOPE\nS: * 1 FETCH (UID 4 ENVELOPE (\"Mon, 5 Jan 2026 10:00:00 +0000\" "    \
       subject " " from " NIL NIL NIL NIL NIL NIL \"<1@a.test>\"))\nS: b OK\n."
  rig_expect(ENVELOPE_OF("\"a \\\"(ENVELOPE (\"", "((NIL NIL \"anna\" \"a.test\")"
                         "(\"B\" NIL \"info\" \"p\xd0\xb0ypal.test\"))"),
             "EAI-001", FOUND("(\"B\" NIL \"info\" \"p\\xd0\\xb0ypal.test\")"));
  /* To whom it goes is no sender; and what a subject holds is text. */
  rig_expect(ENVELOPE_OF("NIL", "NIL NIL NIL ((NIL NIL \"info\" \"p\xd0\xb0ypal.test\"))"), "EAI-001", "");
  rig_expect(ENVELOPE_OF("\"ENVELOPE (NIL NIL ((NIL NIL " ODD "))\"", "NIL"), "EAI-001", "");
}

static void
test_header_from_in_chunks(void)
{
  /* The third chunk is body, and no new message. */
  rig_expect(MX HELLO MAIL "C: BDAT 10\nC! Subject: x\nS: 250 ok\nC: BDAT 29\nC! \\r\\nFrom: " ODD
                           "\\r\\n\\r\\n\nS: 250 ok\nC: BDAT 22 LAST\nC! From: b@p\xd0\xb0ypal.test\\r\\n\n"
                           "S: 250 taken\n.",
             "EAI-001", FOUND("From: " ODD_C "\\r\\n"));
}

/* "сосо": all letters are Cyrillic, so nothing is mixed, but it looks like "coco". */
#define COCO "\xd1\x81\xd0\xbe\xd1\x81\xd0\xbe"

static char *
lookalikes_of(const char *first, const char *second)
{
  g_autofree char *script = g_strdup_printf(MX HELLO MESSAGE("a@%s", "b@example.net")
                                                MX HELLO MESSAGE("a@%s", "b@example.net"),
                                            first, second);
  struct trace *t = rig_play(script, RIG_LINES);
  char *found = rig_findings(t, "EAI-001");
  trace_free(t);
  return found;
}

static void
test_a_name_that_looks_like_another(void)
{
  static const struct {
    const char *first, *second, *begin;
  } cases[] = {
      {"coco.test", COCO ".test", "EAI-001 medium medium unknown x1 {" COCO ".test ~ coco.test}"},
      /* The same as an A-label: told with its letters. */
      {"coco.test", "xn--n1aahb.test",
       "EAI-001 medium medium unknown x1 {" COCO ".test ~ coco.test}"},
      {"rnicro.test", "micro.test", "EAI-001 medium low unknown x1 {micro.test ~ rnicro.test}"},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *found = lookalikes_of(cases[i].first, cases[i].second);
    g_test_message("%s", found);
    g_assert_true(g_str_has_prefix(found, cases[i].begin));
  }
  g_autofree char *same = lookalikes_of("coco.test", "COCO.test");
  g_assert_cmpstr(same, ==, "");
}

/* U+0E33 and U+0E4D U+0E32 look the same; so do U+0E41 and two U+0E40. */
static void
test_thai_spellings_that_look_the_same(void)
{
  static const char *const pairs[][2] = {
      {"\xe0\xb8\x99\xe0\xb8\xb3", "\xe0\xb8\x99\xe0\xb9\x8d\xe0\xb8\xb2"},
      {"\xe0\xb9\x81\xe0\xb8\xa1", "\xe0\xb9\x80\xe0\xb9\x80\xe0\xb8\xa1"}};
  for (unsigned i = 0; i < 2; i++) {
    g_autofree char *first = g_strconcat(pairs[i][0], ".test", NULL);
    g_autofree char *second = g_strconcat(pairs[i][1], ".test", NULL);
    g_autofree char *found = lookalikes_of(first, second);
    g_assert_true(g_str_has_prefix(found, "EAI-001 medium medium unknown x1 {"));
  }
}

static void
test_characters_that_nobody_sees(void)
{
  rig_expect(FROM("in\xe2\x80\x8b"
                  "fo@example.net"),
             "EAI-001",
             "EAI-001 medium high unknown x1 {in\xe2\x80\x8b"
             "fo@example.net} "
             "{From: Boss <in\\xe2\\x80\\x8bfo@example.net>\\r\\n}");
}

/* RFC 6531 section 3.4. What follows the header is 8BITMIME's matter. */
static void
test_utf8_that_nobody_announced(void)
{
#define THAI "\xe0\xb9\x84\xe0\xb8\x97\xe0\xb8\xa2"
#define THAI_C "\\xe0\\xb9\\x84\\xe0\\xb8\\x97\\xe0\\xb8\\xa2"
#define LETTER(header) DATA "C: Subject: x\nC: To: b@example.net\nC: " header "\nC: \nC: " THAI "\n" END
  rig_expect(MX HELLO "C: MAIL FROM:<a@" THAI ".test>\nS: 553 no\nC: MAIL FROM:<a@a.test>\nS: 250 ok\n"
                      "C: RCPT TO:<" THAI "@example.net>\nS: 553 no\n.",
             "EAI-002",
             "EAI-002 low high unknown x1 {MAIL} {MAIL FROM:<a@" THAI_C ".test>\\r\\n}\n"
             "EAI-002 low high unknown x1 {RCPT} {RCPT TO:<" THAI_C "@example.net>\\r\\n}");
  rig_expect(MX HELLO MAIL LETTER("Comments: " THAI), "EAI-002",
             "EAI-002 low high unknown x1 {header} {\\xe0}");
  rig_expect(MX HELLO MAIL LETTER("Comments: ascii"), "EAI-002", "");
  rig_expect(MX HELLO "C: MAIL FROM:<a@" THAI ".test> BODY=8BITMIME SMTPUTF8\nS: 250 ok\n"
                      "C: RCPT TO:<b@example.net>\nS: 250 ok\n" LETTER("Comments: " THAI),
             "EAI-002", "");
  /* What was announced before this capture began, it does not show. */
  rig_expect("@ mid 192.0.2.7:40001 > 198.51.100.25:25\nC: RCPT TO:<" THAI "@example.net>\nS: 250 ok\n" LETTER(
                 "Comments: " THAI),
             "EAI-002", "");
}

/* ---- CAP ---- */

static void
test_a_conversation_of_which_one_side_is_there(void)
{
  rig_expect("@ mid 192.0.2.7:40001 > 198.51.100.25:110\nC: USER anna\nC: PASS x\nC: STAT\n", "CAP",
             "CAP-001 info high unknown x1 {one-sided} 1 in 0 s {}");
  /* Its frames without octets are there, and the octets were acknowledged. */
  rig_expect("@ 192.0.2.7:40001 > 198.51.100.25:110\n- S 11\nC: USER anna\n- S 5\nC: PASS x\n.", "CAP",
             "CAP-001 info high unknown x1 {one-sided} 1 in 0 s {}");
  /* A client that takes the greeting and goes: its frames are there, it only said nothing. */
  rig_expect("@ 192.0.2.7:40001 > 198.51.100.25:110\nS: +OK ready\n.", "CAP", "");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/enum/vrfy", test_vrfy_that_tells);
  g_test_add_func("/enum/rcpt", test_a_run_of_unknown_recipients);
  g_test_add_func("/enum/rejection", test_a_rejection_that_says_what_was_wrong);
  g_test_add_func("/enum/software", test_greetings_that_name_software);
  g_test_add_func("/enum/apop", test_apop_challenges_are_no_software);
  g_test_add_func("/relay/foreign", test_foreign_mail_taken_from_a_stranger);
  g_test_add_func("/relay/refused", test_relaying_that_is_refused_or_allowed);
  g_test_add_func("/relay/sent-on", test_mail_that_is_sent_on_proves_the_relay);
  g_test_add_func("/relay/neighbour", test_a_neighbour_may_be_meant_to);
  g_test_add_func("/abuse/recipient", test_a_flood_to_one_recipient);
  g_test_add_func("/smug/commands", test_false_ends_with_a_command);
  g_test_add_func("/smug/true-ends", test_true_ends_and_stuffed_dots_are_fine);
  g_test_add_func("/smug/bare", test_bare_line_ends_are_a_small_matter);
  g_test_add_func("/smug/answered", test_answers_to_what_was_smuggled);
  g_test_add_func("/eai/scripts", test_scripts_mixed_in_one_label);
  g_test_add_func("/eai/skeleton", test_a_name_that_looks_like_another);
  g_test_add_func("/eai/thai", test_thai_spellings_that_look_the_same);
  g_test_add_func("/eai/invisible", test_characters_that_nobody_sees);
  g_test_add_func("/relay/own-domains", test_own_domains_that_the_greeting_does_not_name);
  g_test_add_func("/eai/utf8", test_utf8_that_nobody_announced);
  g_test_add_func("/eai/imap", test_header_from_in_imap);
  g_test_add_func("/eai/envelope", test_from_of_an_envelope);
  g_test_add_func("/eai/chunks", test_header_from_in_chunks);
  g_test_add_func("/cap/one-sided", test_a_conversation_of_which_one_side_is_there);
  return g_test_run();
}
