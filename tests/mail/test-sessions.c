/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-sessions.c -- conversations and what pass 1 makes of them, however their octets are cut.
 *
 * Each row of the tables below is a script and its result in the notation of transcript.h; base64
 * was made with base64(1). */
#include <string.h>

#include "tests/mail/transcript.h"

static const struct transcript transcripts[] = {
    /* ---- SMTP ---- */
    {.name = "smtp/message-is-no-command",
     .script = "S: 220 mx.test ESMTP\nC: EHLO pc\nS: 250-mx.test\nS: 250 PIPELINING\n"
               "C: MAIL FROM:<a@b.test>\nS: 250 ok\nC: RCPT TO:<c@d.test>\nS: 250 ok\n"
               "C: DATA\nS: 354 go\nC: AUTH PLAIN AGEAYg==\nC: ..\nc: .\\rx\\r\\n\nC: .\n"
               "S: 250 queued\nC: QUIT\nS: 221 bye\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 M GREETED\n"
               "S reply 250 <1 READY\nC command MAIL READY\nS reply 250 <4 MAIL\n"
               "C command RCPT MAIL\nS reply 250 <6 RCPT\nC command DATA RCPT\n"
               "S reply 354 <8 DATA\nC message 30 <8 DATA\nC end line <8 DATA\n"
               "S reply 250 <8 READY\nC command QUIT QUIT\nS reply 221 <13 QUIT\n"},
    {.name = "smtp/auth-plain-initial-response",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250-mx\nS: 250 AUTH PLAIN LOGIN\n"
               "C: AUTH PLAIN AGFsaWNlAHMzY3JldA==\nS: 235 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 M GREETED\n"
               "S reply 250 <1 READY\noffer <3\nC command AUTH !11+20 AUTH\n"
               "login AUTH PLAIN alice s3cret password accepted\nS reply 235 <5 READY\n"},
    {.name = "smtp/auth-plain-in-two-steps-with-authzid-any-case",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: auth plain\nS: 334 \n"
               "C: Ym9iAGFsaWNlAHMzY3JldA==\nS: 535 5.7.8 no\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 !0+24 AUTH\n"
               "login AUTH PLAIN alice s3cret password rejected\nS reply 535 <3 READY\n"},
    {.name = "smtp/auth-login-user-in-the-initial-response",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN YWxpY2U=\n"
               "S: 334 UGFzc3dvcmQ6\nC: czNjcmV0\nS: 235 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 !0+8 AUTH\n"
               "login AUTH LOGIN alice s3cret password accepted\nS reply 235 <3 READY\n"},
    {.name = "smtp/each-attempt-keeps-its-own-user",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"
               "C: YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: \nS: 535 no\n"
               "C: AUTH PLAIN AGJvYgB4\nS: 235 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 AUTH\n"
               "S reply 334 <3 AUTH\nC auth AUTH <3 AUTH\n"
               "login AUTH LOGIN alice  password rejected\nS reply 535 <3 READY\n"
               "C command AUTH !11+8 AUTH\nlogin AUTH PLAIN bob x password accepted\n"
               "S reply 235 <10 READY\n"},
    {.name = "smtp/cram-md5-is-a-digest",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH CRAM-MD5\nS: 334 PDFAbXg+\n"
               "C: YWxpY2UgMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\nS: 235 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 !0+52 AUTH\n"
               "login AUTH CRAM-MD5 alice 0123456789abcdef0123456789abcdef digest accepted\n"
               "S reply 235 <3 READY\n"},
    {.name = "smtp/xoauth2-is-a-token",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\n"
               "C: AUTH XOAUTH2 dXNlcj1hQGIBYXV0aD1CZWFyZXIgdG9rAQE=\nS: 334 e30=\nC: \n"
               "S: 535 no\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH !13+36 AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 AUTH\n"
               "login AUTH XOAUTH2 a@b tok token rejected\nS reply 535 <3 READY\n"},
    {.name = "smtp/cancelled-and-refused-attempts-leak-nothing",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"
               "C: *\nS: 501 cancelled\nC: AUTH PLAIN\nS: 538 encrypt first\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 AUTH\n"
               "S reply 501 <3 READY\nC command AUTH AUTH\nlogin AUTH PLAIN   none refused\n"
               "S reply 538 <7 READY\n"},
    {.name = "smtp/an-unknown-mechanism-is-named-and-masked",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH x-foo =\nS: 334 \nC: YWJj\n"
               "S: 235 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 !0+4 AUTH\n"
               "login AUTH X-FOO   none accepted\nS reply 235 <3 READY\n"},
    {.name = "smtp/pipelined-replies-answer-in-order",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: MAIL FROM:<a@b>\nC: RCPT TO:<c@d>\n"
               "C: RCPT TO:<e@f>\nC: DATA\nS: 250 a\nS: 250 b\nS: 550 c\nS: 354 go\nC: hi\nC: .\n"
               "S: 250 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command MAIL READY\nC command RCPT P READY\nC command RCPT P READY\n"
               "C command DATA P READY\nS reply 250 <3 MAIL\nS reply 250 <4 RCPT\n"
               "S reply 550 <5 RCPT\nS reply 354 <6 DATA\nC message 4 <6 DATA\n"
               "C end line <6 DATA\nS reply 250 <6 READY\n"},
    {.name = "smtp/bdat-octets-are-no-commands",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: MAIL FROM:<a@b>\nS: 250 ok\n"
               "C: RCPT TO:<c@d>\nS: 250 ok\nC: BDAT 10\nC: QUIT\nc: \\r\\n.\\r\nS: 250 ok\n"
               "C: BDAT 0 LAST\nS: 250 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command MAIL READY\nS reply 250 <3 MAIL\nC command RCPT MAIL\n"
               "S reply 250 <5 RCPT\nC command BDAT RCPT\nC message 10 <7 RCPT\n"
               "S reply 250 <7 RCPT\nC command BDAT RCPT\nS reply 250 <10 READY\n"},
    {.name = "smtp/octets-behind-starttls-are-tls",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n"
               "c: \\026\\003\\001\\000\\005\\001\\002\\003\\004\\005\nC: AUTH PLAIN AGEAYg==\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command STARTTLS READY\nS reply 220 <3 TLS\ntls <4\nC tls 22 TLS\n"
               "C other 21 TLS\n"},
    {.name = "smtp/a-rejected-starttls-changes-nothing",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: STARTTLS\nS: 454 no\n"
               "C: AUTH PLAIN AGEAYg==\nS: 235 ok\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command STARTTLS READY\nS reply 454 <3 READY\nC command AUTH !11+8 AUTH\n"
               "login AUTH PLAIN a b password accepted\nS reply 235 <5 READY\n"},
    {.name = "smtp/client-alone",
     .script = "C: EHLO pc\nC: AUTH LOGIN\nC: YWxpY2U=\nC: czNjcmV0\nC: MAIL FROM:<a@b>\n"
               "C: RCPT TO:<c@d>\nC: DATA\nC: QUIT\nC: .\nC: QUIT\n",
     .mid_stream = true,
     .result = "C command EHLO READY\nC command AUTH P AUTH\nC auth AUTH <1 AUTH\n"
               "C auth AUTH <1 !0+8 AUTH\nC command MAIL P MAIL\nC command RCPT P RCPT\n"
               "C command DATA P RCPT\nC message 6 <6 DATA\nC end line <6 READY\n"
               "C command QUIT P QUIT\nlogin AUTH LOGIN alice s3cret password unknown unsure\n"},
    {.name = "smtp/a-client-that-speaks-first-when-the-start-is-not-captured",
     .script = "C: HELO pc\nC: MAIL FROM:<a@b>\nC: RCPT TO:<c@d>\nS: 220-mx ESMTP\nS: 220 ready\n"
               "S: 250 hello\nS: 250 a\nS: 250 b\nC: DATA\nS: 354 go\nC: QUIT\nC: .\n"
               "S: 250 queued\nC: QUIT\nS: 221 bye\n",
     .mid_stream = true,
     .result = "C command HELO READY\nC command MAIL P MAIL\nC command RCPT P RCPT\n"
               "S reply 220 M RCPT\nS reply 220 RCPT\nS reply 250 <0 READY\nS reply 250 <1 MAIL\n"
               "S reply 250 <2 RCPT\nC command DATA RCPT\nS reply 354 <8 DATA\n"
               "C message 6 <8 DATA\nC end line <8 DATA\nS reply 250 <8 READY\n"
               "C command QUIT QUIT\nS reply 221 <13 QUIT\n"},
    {.name = "smtp/ends-named-the-wrong-way-round",
     .script = "C: 250 2.1.0 ok\nS: RCPT TO:<c@d>\nC: 250 2.1.5 ok\n",
     .mid_stream = true,
     .client_port = 25,
     .result = "S reply 250 CONNECTED\nC command RCPT CONNECTED\nS reply 250 <1 RCPT\n"},
    {.name = "smtp/ftp-is-not-ours",
     .script = "S: 220 ready\nC: USER alice\nS: 331 password\nC: PASS s3cret\nS: 230 in\n",
     .result = ""},
    {.name = "smtp/a-late-command-gets-its-early-answer",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nS: 235 ok\nC: AUTH PLAIN AGEAYg==\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "S reply 235 READY\nC command AUTH !11+8 AUTH\n"
               "login AUTH PLAIN a b password accepted\n"},
    {.name = "smtp/a-hole-at-the-server-does-not-shift-answers",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nG S 40\nC: AUTH PLAIN AGEAYg==\nS: 535 no\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS gap 40 GREETED\n"
               "C command AUTH P !11+8 AUTH\nlogin AUTH PLAIN a b password rejected\n"
               "S reply 535 <3 GREETED\n"},
    {.name = "smtp/an-exchange-whose-lines-come-late",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"
               "S: 334 UGFzc3dvcmQ6\nS: 535 no\nC: YWxpY2U=\nC: czNjcmV0\nC: QUIT\nS: 221 bye\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nS reply 334 <3 AUTH\n"
               "S reply 535 <3 AUTH\nC auth AUTH <3 AUTH\nC auth AUTH <3 !0+8 AUTH\n"
               "login AUTH LOGIN alice s3cret password rejected\nC command QUIT QUIT\n"
               "S reply 221 <10 QUIT\n"},
    {.name = "smtp/an-exchange-that-lost-the-user",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"
               "S: 334 UGFzc3dvcmQ6\nS: 535 no\nG C 10\nC: czNjcmV0\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nS reply 334 <3 AUTH\n"
               "S reply 535 <3 AUTH\nC gap 10 AUTH\nC auth AUTH <3 !0+8 AUTH\n"
               "login AUTH LOGIN  s3cret password rejected unsure\n"},
    {.name = "smtp/a-login-whose-verdict-is-in-a-hole",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\n"
               "C: YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: czNjcmV0\nC: QUIT\nG S 40\nS: 221 bye\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nS reply 334 <3 AUTH\nC auth AUTH <3 AUTH\n"
               "S reply 334 <3 AUTH\nC auth AUTH <3 !0+8 AUTH\nC command QUIT P QUIT\n"
               "S gap 40 QUIT\nlogin AUTH LOGIN alice s3cret password unknown\n"
               "S reply 221 <8 QUIT\n"},
    {.name = "smtp/questions-behind-their-answers",
     .script = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\nC: AUTH LOGIN\nC: YWxpY2U=\n"
               "C: czNjcmV0\nC: QUIT\nS: 334 VXNlcm5hbWU6\nS: 334 UGFzc3dvcmQ6\nS: 535 no\n"
               "S: 221 bye\n",
     .result = "S reply 220 GREETED\nC command EHLO GREETED\nS reply 250 <1 READY\n"
               "C command AUTH AUTH\nC auth AUTH <3 AUTH\nC auth AUTH <3 !0+8 AUTH\n"
               "C command QUIT P QUIT\nS reply 334 <3 QUIT\nS reply 334 <3 QUIT\n"
               "login AUTH LOGIN alice s3cret password rejected\nS reply 535 <3 READY\n"
               "S reply 221 <6 QUIT\n"},
    /* ---- POP3 ---- */
    {.name = "pop3/user-and-password-with-spaces",
     .script = "S: +OK ready\nC: USER alice\nS: +OK\nC: PASS  a b \nS: +OK in\nC: STAT\n"
               "S: +OK 0 0\nC: QUIT\nS: +OK\n",
     .result = "S reply +OK AUTHORIZATION\nC command USER AUTHORIZATION\n"
               "S reply +OK <1 AUTHORIZATION\nC command PASS !5+5 AUTHORIZATION\n"
               "login USER/PASS alice  a b  password accepted\nS reply +OK <3 TRANSACTION\n"
               "C command STAT TRANSACTION\nS reply +OK <6 TRANSACTION\n"
               "C command QUIT UPDATE\nS reply +OK <8 UPDATE\n"},
    {.name = "pop3/message-ends-at-the-dot-not-at-its-size",
     .script = "S: +OK ready\nC: RETR 1\nS: +OK 5 octets\nS: USER fake\nS: PASS fake\nS: +OK no\n"
               "S: ..\nS: .\nC: DELE 1\nS: +OK gone\n",
     .result = "S reply +OK AUTHORIZATION\nC command RETR AUTHORIZATION\n"
               "S reply +OK <1 M AUTHORIZATION\nS message 34 <1 AUTHORIZATION\n"
               "S end line <1 AUTHORIZATION\nC command DELE AUTHORIZATION\n"
               "S reply +OK <5 AUTHORIZATION\n"},
    {.name = "pop3/lists-end-at-the-dot",
     .script = "S: +OK ready\nC: CAPA\nS: +OK\nS: TOP\nS: SASL PLAIN\nS: .\nC: LIST 1\nS: +OK 1 9\n"
               "C: LIST\nS: -ERR no\n",
     .result = "S reply +OK AUTHORIZATION\nC command CAPA AUTHORIZATION\n"
               "S reply +OK <1 M AUTHORIZATION\nS text line <1 M AUTHORIZATION\n"
               "S text line <1 M AUTHORIZATION\noffer <4\nS text line <1 AUTHORIZATION\n"
               "C command LIST AUTHORIZATION\nS reply +OK <7 AUTHORIZATION\n"
               "C command LIST AUTHORIZATION\nS reply -ERR <9 AUTHORIZATION\n"},
    {.name = "pop3/pipelined-attempts-keep-their-users",
     .script = "S: +OK ready\nC: USER a\nC: PASS x\nC: USER b\nC: PASS y\nS: +OK\nS: -ERR no\n"
               "S: +OK\nS: +OK in\n",
     .result = "S reply +OK AUTHORIZATION\nC command USER AUTHORIZATION\n"
               "C command PASS P !5+1 AUTHORIZATION\nC command USER P AUTHORIZATION\n"
               "C command PASS P !5+1 AUTHORIZATION\nS reply +OK <1 AUTHORIZATION\n"
               "login USER/PASS a x password rejected\nS reply -ERR <2 AUTHORIZATION\n"
               "S reply +OK <3 AUTHORIZATION\nlogin USER/PASS b y password accepted\n"
               "S reply +OK <4 TRANSACTION\n"},
    {.name = "pop3/apop-is-a-digest",
     .script = "S: +OK <1.2@t>\nC: APOP alice 0123456789abcdef0123456789abcdef\nS: +OK in\n",
     .result = "S reply +OK AUTHORIZATION\nC command APOP !11+32 AUTHORIZATION\n"
               "login APOP alice 0123456789abcdef0123456789abcdef digest accepted\n"
               "S reply +OK <1 TRANSACTION\n"},
    {.name = "pop3/auth-plain-in-two-steps",
     .script = "S: +OK ready\nC: AUTH PLAIN\nS: + \nC: AGEAYg==\nS: -ERR no\nC: AUTH\nS: +OK\n"
               "S: PLAIN\nS: .\n",
     .result = "S reply +OK AUTHORIZATION\nC command AUTH AUTHORIZATION\n"
               "S reply + <1 AUTHORIZATION\nC auth AUTH <1 !0+8 AUTHORIZATION\n"
               "login AUTH PLAIN a b password rejected\nS reply -ERR <1 AUTHORIZATION\n"
               "C command AUTH AUTHORIZATION\nS reply +OK <6 M AUTHORIZATION\n"
               "S text line <6 M AUTHORIZATION\nS text line <6 AUTHORIZATION\n"},
    {.name = "pop3/a-lost-user-does-not-shift-answers",
     .script = "S: +OK ready\nS: +OK\nG C 12\nC: PASS s3cret\nS: +OK in\n",
     .result = "S reply +OK AUTHORIZATION\nS reply +OK AUTHORIZATION\nC gap 12 AUTHORIZATION\n"
               "C command PASS O !5+6 AUTHORIZATION\n"
               "login USER/PASS  s3cret password accepted unsure\nS reply +OK <3 TRANSACTION\n"},
    {.name = "pop3/a-password-cut-by-a-hole-is-masked-and-no-login",
     .script = "S: +OK ready\nC: USER a\nS: +OK\nc: PASS s3\nG C 4\nC: et\nS: +OK in\n",
     .result = "S reply +OK AUTHORIZATION\nC command USER AUTHORIZATION\n"
               "S reply +OK <1 AUTHORIZATION\nC command ? O !5+2 AUTHORIZATION\n"
               "C gap 4 AUTHORIZATION\nC command ? O !0+2 AUTHORIZATION\n"
               "S reply +OK AUTHORIZATION\n"},
    {.name = "pop3/message-of-a-server-that-ends-lines-with-lf",
     .script = "S: +OK ready\nC: RETR 1\ns: +OK\\n\ns: a\\n.b\\n.\\n\nC: NOOP\nS: +OK\n",
     .result = "S reply +OK AUTHORIZATION\nC command RETR AUTHORIZATION\n"
               "S reply +OK <1 OM AUTHORIZATION\nS message 5 <1 AUTHORIZATION\n"
               "S end line <1 O AUTHORIZATION\nC command NOOP AUTHORIZATION\n"
               "S reply +OK <5 AUTHORIZATION\n"},
    /* ---- IMAP ---- */
    {.name = "imap/login-with-atoms-any-tag-any-case",
     .script = "S: * OK ready\nC: 1.x login alice s3cret\nS: 1.x ok in\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command LOGIN !16+6 NOT AUTHENTICATED\n"
               "login LOGIN alice s3cret password accepted\nS reply OK <1 T AUTHENTICATED\n"},
    {.name = "imap/login-with-quoted-strings-and-escapes",
     .script = "S: * OK ready\nC: a LOGIN \"al ice\" \"p\\\"w\\\\d\"\nS: a NO no\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command LOGIN !18+7 NOT AUTHENTICATED\n"
               "login LOGIN al ice p\"w\\d password rejected\nS reply NO <1 T NOT AUTHENTICATED\n"},
    {.name = "imap/login-with-literals",
     .script = "S: * OK ready\nC: a LOGIN {5}\nS: + go\nC: alice {6}\nS: + go\nC: s3cret\n"
               "S: a OK in\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command LOGIN M NOT AUTHENTICATED\n"
               "S reply + <1 NOT AUTHENTICATED\nC literal 5 <1 NOT AUTHENTICATED\n"
               "C rest LOGIN <1 M NOT AUTHENTICATED\nS reply + <1 NOT AUTHENTICATED\n"
               "C literal 6 <1 !0+6 NOT AUTHENTICATED\nC rest LOGIN <1 NOT AUTHENTICATED\n"
               "login LOGIN alice s3cret password accepted\nS reply OK <1 T AUTHENTICATED\n"},
    {.name = "imap/login-with-literal-plus-and-quoted-mixed",
     .script = "S: * OK ready\nC: a LOGIN {5+}\nC: alice \"\"\nS: a OK in\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command LOGIN M NOT AUTHENTICATED\n"
               "C literal 5 <1 NOT AUTHENTICATED\nC rest LOGIN <1 NOT AUTHENTICATED\n"
               "login LOGIN alice  password accepted\nS reply OK <1 T AUTHENTICATED\n"},
    {.name = "imap/a-refused-literal-is-not-read",
     .script = "S: * OK ready\nC: a LOGIN {5}\nS: a NO [PRIVACYREQUIRED] tls\nC: b NOOP\nS: b OK\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command LOGIN M NOT AUTHENTICATED\n"
               "login LOGIN   none refused\nS reply NO <1 T NOT AUTHENTICATED\n"
               "C command NOOP NOT AUTHENTICATED\nS reply OK <4 T NOT AUTHENTICATED\n"},
    {.name = "imap/authenticate-with-and-without-initial-response",
     .script = "S: * OK ready\nC: a AUTHENTICATE PLAIN\nS: + \nC: AGEAYg==\nS: a NO no\n"
               "C: b authenticate plain AGMAZA==\nS: b OK in\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command AUTHENTICATE NOT AUTHENTICATED\n"
               "S reply + <1 NOT AUTHENTICATED\nC auth AUTHENTICATE <1 !0+8 NOT AUTHENTICATED\n"
               "login AUTH PLAIN a b password rejected\nS reply NO <1 T NOT AUTHENTICATED\n"
               "C command AUTHENTICATE !21+8 NOT AUTHENTICATED\n"
               "login AUTH PLAIN c d password accepted\nS reply OK <6 T AUTHENTICATED\n"},
    {.name = "imap/answers-out-of-order-find-their-tags",
     .script = "S: * OK ready\nC: a LOGIN u p\nC: b LOGIN v q\nS: b OK in\nS: a NO no\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command LOGIN !10+1 NOT AUTHENTICATED\n"
               "C command LOGIN P !10+1 NOT AUTHENTICATED\n"
               "login LOGIN v q password accepted\nS reply OK <2 T AUTHENTICATED\n"
               "login LOGIN u p password rejected\nS reply NO <1 T AUTHENTICATED\n"},
    {.name = "imap/literals-of-append-and-fetch-are-no-commands",
     .script = "S: * PREAUTH hi\nC: a SELECT INBOX\nS: * 1 EXISTS\nS: a OK [READ-WRITE] {3}\n"
               "C: b APPEND x {15+}\nC: z LOGIN a bcd\nC: \nS: b OK\nC: c FETCH 1 BODY[]\n"
               "S: * 1 FETCH (BODY[] {9}\nS: * OK no\nS: )\nS: c OK done\nC: d CLOSE\nS: d OK\n",
     .result =
         "S reply PREAUTH AUTHENTICATED\nC command SELECT AUTHENTICATED\n"
         "S reply * <1 AUTHENTICATED\nS reply OK <1 T SELECTED\nC command APPEND M SELECTED\n"
         "C literal 15 <4 SELECTED\nC rest APPEND <4 SELECTED\n"
         "S reply OK <4 T SELECTED\nC command FETCH SELECTED\n"
         "S reply * <8 M SELECTED\nS literal 9 <8 SELECTED\nS reply * <8 SELECTED\n"
         "S reply OK <8 T SELECTED\nC command CLOSE SELECTED\nS reply OK <13 T AUTHENTICATED\n"},
    {.name = "imap/idle-and-done",
     .script = "S: * OK ready\nC: a IDLE\nS: + idling\nS: * 2 EXISTS\nC: DONE\nS: a OK\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command IDLE NOT AUTHENTICATED\n"
               "S reply + <1 NOT AUTHENTICATED\nS reply * <1 NOT AUTHENTICATED\n"
               "C command DONE <1 NOT AUTHENTICATED\nS reply OK <1 T NOT AUTHENTICATED\n"},
    {.name = "imap/offers-of-clear-login",
     .script = "S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\nC: a CAPABILITY\n"
               "S: * CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN\nS: a OK\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command CAPABILITY NOT AUTHENTICATED\n"
               "S reply * <1 NOT AUTHENTICATED\noffer <2\nS reply OK <1 T NOT AUTHENTICATED\n"},
    {.name = "imap/starttls-but-clear-text-goes-on",
     .script = "S: * OK ready\nC: a STARTTLS\nS: a OK go\nC: b LOGIN u p\n",
     .result = "S reply OK NOT AUTHENTICATED\nC command STARTTLS NOT AUTHENTICATED\n"
               "S reply OK <1 T TLS\ntls <2\nC command LOGIN !10+1 NOT AUTHENTICATED\n"
               "login LOGIN u p password unknown\n"},
    {.name = "imap/compress-and-the-rest-is-opaque",
     .script = "S: * PREAUTH hi\nC: a COMPRESS DEFLATE\nS: a OK go\nC: b LOGIN u p\nS: x\n",
     .result = "S reply PREAUTH AUTHENTICATED\nC command COMPRESS AUTHENTICATED\n"
               "S reply OK <1 T AUTHENTICATED\nC other 13 AUTHENTICATED\n"
               "S other 3 AUTHENTICATED\n"},
    /* ---- TLS and others ---- */
    {.name = "tls/from-the-first-octet",
     .script = "c: \\026\\003\\001\\000\\004\\001\\000\\000\\000\n"
               "s: \\026\\003\\003\\000\\001\\002\\027\\003\\003\\000\\002ab\n",
     .result = "C tls 22 -\ntls <0\nS tls 22 -\nS tls 23 -\n"},
    {.name = "other/http-is-not-ours",
     .script = "C: GET / HTTP/1.1\nC: Host: x\nC: \nS: HTTP/1.1 200 OK\nS: \n",
     .result = ""},
    {.name = "other/pop3-login-without-answers-is-told-at-the-end",
     .script = "C: USER a\nC: PASS b\n",
     .mid_stream = true,
     .result = "C command USER AUTHORIZATION\nC command PASS P !5+1 AUTHORIZATION\n"
               "login USER/PASS a b password unknown unsure\n"},
};

static const struct appsession_sink *
counting_sink(void)
{
  static const struct appsession_sink sink = {0};
  return &sink;
}

static uint32_t
count_element(void *data, const struct element *e, const uint8_t *octets, size_t n)
{
  guint *count = data;
  if (e->flags & ELEMENT_FLAG_CUT)
    g_assert_cmpuint(n, ==, APPSESSION_LINE_MAX);
  return (*count)++;
}

static void
ignore_login(void *data, const struct login *l)
{
}

static void
ignore_notice(void *data, const struct notice *n)
{
}

/* A line without end costs no more memory than APPSESSION_LINE_MAX and comes out once, marked. */
static void
test_endless_line(void)
{
  struct appsession_sink sink = *counting_sink();
  sink.element = count_element;
  sink.login = ignore_login;
  sink.notice = ignore_notice;
  guint count = 0;
  struct appsession *s = appsession_new(0, 40000, 25, false, &sink, &count);
  appsession_feed(s, SIDE_SERVER, (const uint8_t *)"220 mx ESMTP\r\n", 14, 0);
  uint8_t block[4096];
  memset(block, 'x', sizeof block);
  for (int i = 0; i < 2560; i++) /* 10 MB */
    appsession_feed(s, SIDE_CLIENT, block, sizeof block, 1);
  appsession_feed(s, SIDE_CLIENT, (const uint8_t *)"\r\n", 2, 2);
  appsession_end(s);
  appsession_free(s);
  g_assert_cmpuint(count, ==, 2);
}

/* Commands that nobody answers: the queue has a maximum and each costs the same. */
static void
test_many_unanswered_commands(void)
{
  struct appsession_sink sink = {count_element, ignore_login, ignore_notice};
  static const char *const commands[] = {"NOOP\r\n", "NOOP\r\n", "a NOOP\r\n"};
  static const char *const greetings[] = {"220 mx ESMTP\r\n", "+OK ready\r\n", "* OK ready\r\n"};
  for (int p = 0; p < 3; p++) {
    guint count = 0;
    struct appsession *s = appsession_new(0, 40000, 4000, false, &sink, &count);
    appsession_feed(s, SIDE_SERVER, (const uint8_t *)greetings[p], strlen(greetings[p]), 0);
    for (int i = 0; i < 100000; i++)
      appsession_feed(s, SIDE_CLIENT, (const uint8_t *)commands[p], strlen(commands[p]), 1);
    appsession_end(s);
    appsession_free(s);
    g_assert_cmpuint(count, ==, 100001);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(transcripts); i++) {
    g_autofree char *path = g_strdup_printf("/sessions/%s", transcripts[i].name);
    g_test_add_data_func(path, &transcripts[i], transcript_check);
  }
  g_test_add_func("/sessions/hostile/endless-line", test_endless_line);
  g_test_add_func("/sessions/hostile/many-unanswered-commands", test_many_unanswered_commands);
  return g_test_run();
}
