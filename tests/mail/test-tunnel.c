/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tunnel.c -- mail behind a proxy: SOCKS 4, 4a and 5, HTTP CONNECT; whole, octet by octet, cut
 * at every position.
 *
 * The octets are those of RFC 1928, 1929 and 9110 by hand. The word of a tunnel's element is its
 * number in enum tunnel_message. */
#include "tests/mail/transcript.h"

#define POP_SESSION                                                                                \
  "S: +OK ready\nC: USER alice\nS: +OK\nC: PASS s3cret\nS: +OK in\nC: QUIT\nS: +OK bye\n"
/* `user`, `pass`: the lines of the result that hold these commands. */
#define POP_RESULT(user, pass)                                                                     \
  "S reply +OK AUTHORIZATION\nC command USER AUTHORIZATION\nS reply +OK <" user                    \
  " AUTHORIZATION\nC command PASS !5+6 AUTHORIZATION\n"                                            \
  "login USER/PASS alice s3cret password accepted\nS reply +OK <" pass " TRANSACTION\n"

#define SOCKS5_OPEN                                                                                \
  "c: \\005\\001\\000\ns: \\005\\000\n"                                                            \
  "c: \\005\\001\\000\\003\\007mx.test\\000\\156\ns: "                                             \
  "\\005\\000\\000\\001\\000\\000\\000\\000\\000\\000\n"

static const struct transcript transcripts[] = {
    {.name = "socks5-name-and-pop3",
     .script = SOCKS5_OPEN POP_SESSION,
     .server_port = 1080,
     .result = "C tunnel 0 -\nS tunnel 1 -\nC tunnel 4 -\nS tunnel 5 -\n" POP_RESULT(
         "5", "7") "C command QUIT UPDATE\nS reply +OK <10 UPDATE\n"},
    {.name = "socks5-login-is-a-secret-and-no-login-to-a-mailbox",
     .script = "c: \\005\\002\\000\\002\ns: \\005\\002\nc: \\001\\003bob\\005pr0xy\ns: \\001\\000\n"
               "c: \\005\\001\\000\\001\\012\\000\\000\\002\\000\\031\n"
               "s: \\005\\000\\000\\004\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000"
               "\\000\\000\\000\\000\\000\\031\n"
               "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\n",
     .server_port = 9,
     .result = "C tunnel 0 -\nS tunnel 1 -\nC tunnel 2 !6+5 -\nS tunnel 3 -\nC tunnel 4 -\n"
               "S tunnel 5 -\nS reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <7 READY\n"},
    {.name = "socks5-all-from-the-client-at-once",
     .script =
         "c: \\005\\001\\000\\005\\001\\000\\001\\012\\000\\000\\002\\000\\156\ns: \\005\\000\n"
         "s: \\005\\000\\000\\001\\000\\000\\000\\000\\000\\000\n" POP_SESSION,
     .result = "C tunnel 0 -\nC tunnel 4 -\nS tunnel 1 -\nS tunnel 5 -\n" POP_RESULT(
         "5", "7") "C command QUIT UPDATE\nS reply +OK <10 UPDATE\n"},
    {.name = "socks4-and-pop3",
     .script = "c: \\004\\001\\000\\156\\012\\000\\000\\002joe\\000\n"
               "s: \\000\\132\\000\\000\\000\\000\\000\\000\n" POP_SESSION,
     .result = "C tunnel 6 -\nS tunnel 7 -\n" POP_RESULT(
         "3", "5") "C command QUIT UPDATE\nS reply +OK <8 UPDATE\n"},
    {.name = "socks4a-name-and-imap",
     .script = "c: \\004\\001\\000\\217\\000\\000\\000\\001\\000mx.test\\000\n"
               "s: \\000\\132\\000\\000\\000\\000\\000\\000\n"
               "S: * OK ready\nC: a LOGIN u p4ss\nS: a OK in\n",
     .result = "C tunnel 6 -\nS tunnel 7 -\nS reply OK NOT AUTHENTICATED\n"
               "C command LOGIN !10+4 NOT AUTHENTICATED\nlogin LOGIN u p4ss password accepted\n"
               "S reply OK <3 T AUTHENTICATED\n"},
    {.name = "socks5-refused-ends-the-reading",
     .script = "c: \\005\\001\\000\ns: \\005\\000\nc: "
               "\\005\\001\\000\\001\\012\\000\\000\\002\\000\\031\n"
               "s: \\005\\005\\000\\001\\000\\000\\000\\000\\000\\000\n" POP_SESSION,
     .result = "C tunnel 0 -\nS tunnel 1 -\nC tunnel 4 -\nS tunnel 5 -\n"},
    {.name = "socks5-cut-within-the-login-masks-what-came",
     .script = "c: \\005\\001\\002\ns: \\005\\002\nc: \\001\\003bob\\005pr0\n",
     .result = "C tunnel 0 -\nS tunnel 1 -\nC tunnel 2 O !6+3 -\n"},
    {.name = "first-octet-five-without-an-answer-of-socks-is-not-ours",
     .script = "c: \\005\\001\\000\ns: \\006\\000\n" POP_SESSION,
     .result = ""},
    {.name = "connect-and-smtp",
     .script =
         "C: CONNECT mx.test:25 HTTP/1.1\nC: Host: mx.test:25\nC: \n"
         "S: HTTP/1.1 200 Connection established\nS: \n"
         "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 AUTH PLAIN\nC: AUTH PLAIN AGEAYg==\nS: 235 in\n",
     .server_port = 3128,
     .result = "C tunnel 8 -\nC tunnel 9 -\nC tunnel 10 -\nS tunnel 11 -\nS tunnel 13 -\n"
               "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <6 READY\noffer <7\n"
               "C command AUTH !11+8 AUTH\nlogin AUTH PLAIN a b password "
               "accepted\nS reply 235 <9 READY\n"},
    {.name = "connect-refused-then-with-credentials",
     .script = "C: CONNECT mx.test:110 HTTP/1.1\nC: \nS: HTTP/1.1 407 Who?\n"
               "S: Proxy-Authenticate: Basic\nS: Content-Length: 5\nS: \ns: hello\n"
               "C: CONNECT mx.test:110 HTTP/1.1\nC: Proxy-Authorization: Basic Ym9iOnByMHh5\nC: \n"
               "S: HTTP/1.0 200 OK\nS: \n" POP_SESSION,
     .result = "C tunnel 8 -\nC tunnel 10 -\nS tunnel 11 -\nS tunnel 12 -\nS tunnel 12 -\n"
               "S tunnel 13 -\nS other 5 -\nC tunnel 8 -\nC tunnel 9 !27+12 -\nC tunnel 10 -\n"
               "S tunnel 11 -\nS tunnel 13 -\n" POP_RESULT(
                   "13", "15") "C command QUIT UPDATE\nS reply +OK <18 UPDATE\n"},
    {.name = "connect-behind-socks",
     .script = SOCKS5_OPEN "C: CONNECT mx.test:110 HTTP/1.1\nC: \nS: HTTP/1.1 200 OK\nS: "
                           "\n" POP_SESSION,
     .result = "C tunnel 0 -\nS tunnel 1 -\nC tunnel 4 -\nS tunnel 5 -\nC tunnel 8 -\n"
               "C tunnel 10 -\nS tunnel 11 -\nS tunnel 13 -\n" POP_RESULT(
                   "9", "11") "C command QUIT UPDATE\nS reply +OK <14 UPDATE\n"},
    {.name = "what-is-said-before-the-answer-is-read-behind-it",
     .script = "C: CONNECT mx.test:25 HTTP/1.1\nC: \nC: EHLO pc\nS: HTTP/1.1 200 OK\nS: \n"
               "S: 220 mx ESMTP\nS: 250 mx\n",
     .result =
         "C tunnel 8 -\nC tunnel 10 -\nS tunnel 11 -\nS tunnel 13 -\nC command EHLO P CONNECTED\n"
         "S reply 220 GREETED\nS reply 250 <4 READY\n"},
    {.name = "connect-and-tls",
     .script = "C: CONNECT mx.test:993 HTTP/1.1\nC: \nS: HTTP/1.1 200 OK\nS: \n"
               "c: \\026\\003\\001\\000\\002\\001\\000\ns: \\025\\003\\003\\000\\002\\002\\050\n",
     .result = "C tunnel 8 -\nC tunnel 10 -\nS tunnel 11 -\nS tunnel 13 -\nC tls 22 -\ntls <4\n"
               "S tls 21 -\n"},
    {.name = "a-hole-before-the-tunnel-is-open-ends-the-reading",
     .script = "C: CONNECT mx.test:110 HTTP/1.1\nG C 20\nS: HTTP/1.1 200 OK\nS: \n" POP_SESSION,
     .result = "C tunnel 8 -\nC gap 20 -\n"},
    {.name = "a-web-page-is-not-ours",
     .script = "C: GET http://mx.test/ HTTP/1.1\nC: \nS: HTTP/1.1 200 OK\nS: \nS: +OK ready\n",
     .result = ""},
};

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(transcripts); i++) {
    g_autofree char *path = g_strdup_printf("/tunnel/%s", transcripts[i].name);
    g_test_add_data_func(path, &transcripts[i], transcript_check);
  }
  return g_test_run();
}
