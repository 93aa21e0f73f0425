#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_smtp_parts.py -- parts of SMTP lines and of SASL challenges: each case lists by hand, from the
grammar of the RFC, which octets are which part and what they mean."""
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from parts import expect  # noqa: E402
from wire import Session  # noqa: E402

CAPTURE = os.path.abspath(sys.argv[1])
START = "S: 220 mx\nC: EHLO pc\nS: 250 mx\n"


def smtp(script, wanted, prefix="enveloscope.smtp.", start=START):
    expect(CAPTURE, Session(25).talk(start + script), prefix, wanted)


def b64(text):
    return base64.b64encode(text.encode("latin-1")).decode()


def test_reverse_path():
    smtp('C: MAIL FROM:<"a > b@c"@a.test>\nS: 250 ok\nC: RSET\nS: 250 ok\nC: MAIL FROM:<>\n'
         'S: 250 ok\nC: RSET\nS: 250 ok\nC: MAIL FROM:<@r.test,@s.test:bob@[IPv6:::1]>\n', """
        local_part|"a > b@c"
        domain|a.test
        null|<>
        route|@r.test,@s.test
        local_part|bob
        address_literal|[IPv6:::1]""", "enveloscope.smtp.path.")


def test_forward_path():
    smtp("C: MAIL FROM:<a@b.test>\nS: 250 ok\nC: RCPT TO:<postmaster>\nS: 250 ok\n"
         "C: rcpt to: d@e.test NOTIFY=NEVER\n", """
        _path|<postmaster>
        _path|d@e.test""", "enveloscope.smtp.forward")


def test_parameters_of_mail():
    smtp("C: MAIL FROM:<a@b.test> SIZE=500000 body=8bitmime SMTPUTF8 AUTH=e+3Dmc2@x.test RET=HDRS "
         "ENVID=QQ+2B314 BY=-120;RT MT-PRIORITY=-3 HOLDFOR=60 REQUIRETLS X-NEW=1=2\n", """
        |SIZE=500000
        .name|SIZE
        .value|500000
        .size|500000
        |body=8bitmime
        .name|body
        .value|8bitmime
        .body|8bitmime
        |SMTPUTF8
        .name|SMTPUTF8
        .smtputf8|SMTPUTF8
        |AUTH=e+3Dmc2@x.test
        .name|AUTH
        .value|e+3Dmc2@x.test
        .auth|e+3Dmc2@x.test|e=mc2@x.test
        |RET=HDRS
        .name|RET
        .value|HDRS
        .ret|HDRS
        |ENVID=QQ+2B314
        .name|ENVID
        .value|QQ+2B314
        .envid|QQ+2B314|QQ+314
        |BY=-120;RT
        .name|BY
        .value|-120;RT
        .by.seconds|-120
        .by.mode|R
        .by.trace|T
        |MT-PRIORITY=-3
        .name|MT-PRIORITY
        .value|-3
        .mt_priority|-3
        |HOLDFOR=60
        .name|HOLDFOR
        .value|60
        .holdfor|60
        |REQUIRETLS
        .name|REQUIRETLS
        .requiretls|REQUIRETLS
        |X-NEW=1=2
        .name|X-NEW
        .value|1=2""", "enveloscope.smtp.param")


def test_parameters_of_rcpt():
    session = ("C: MAIL FROM:<a@b.test> HOLDUNTIL=2026-11-23T10:00:00Z\nS: 250 ok\n"
               "C: RCPT TO:<c@d.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@d.test\n")
    smtp(session, "|2026-11-23T10:00:00Z", "enveloscope.smtp.param.holduntil")
    smtp(session, "|SUCCESS\n|DELAY", "enveloscope.smtp.param.notify")
    smtp(session, ".type|rfc822\n.address|Bob+2Bx@d.test|Bob+x@d.test",
         "enveloscope.smtp.param.orcpt")


def test_values_against_their_grammar():
    for value, odd in (("SIZE=12x", True), ("SIZE=12", False), ("SIZE=", True),
                       ("BODY=9BIT", True), ("RET=ALL", True), ("BY=5", True), ("BY=5;N", False),
                       ("MT-PRIORITY=10", True), ("SMTPUTF8=1", True), ("X=", False),
                       ("HOLDFOR=99999999999999999999999", True)):
        smtp(f"C: MAIL FROM:<a@b.test> {value}\n", f"|{value}" if odd else "",
             "enveloscope.smtp.param.bad")


def test_names_of_both_ends():
    script = "C: EHLO [192.0.2.1]\nS: 250 mx.b.test at your service\nC: HELO pc.a.test\n"
    start = "S: 220 mx.a.test ESMTP ready\n"
    smtp(script, "|mx.a.test", "enveloscope.smtp.greeting.domain", start)
    smtp(script, "address_literal|[192.0.2.1]\ndomain|pc.a.test", "enveloscope.smtp.helo.", start)
    smtp(script, "|mx.b.test", "enveloscope.smtp.ehlo.domain", start)


def test_keywords():
    """One reply in three frames, of which the last begins within it."""
    smtp("C: EHLO pc\ns: 250-mx.b.test\\r\\n250-SIZE 1000\\r\\n250-AUTH PLAIN SCRAM-SHA-256\\r\\n\n"
         "s: 250-AUTH=LOGIN\\r\\n\nS: 250 LIMITS RCPTMAX=5 MAILMAX=2\n", """
        domain|mx.b.test
        keyword|SIZE
        size|1000
        keyword|AUTH
        auth|PLAIN
        auth|SCRAM-SHA-256
        keyword|AUTH
        auth|LOGIN
        keyword|LIMITS
        parameter|RCPTMAX=5
        parameter|MAILMAX=2""", "enveloscope.smtp.ehlo.", "S: 220 mx\n")


def test_digits():
    smtp("", """
        severity|2
        category|2
        detail|0
        severity|5
        category|5
        detail|4""", "enveloscope.smtp.reply.", "S: 220 mx\nC: DATA\nS: 554 no valid recipients\n")


def test_enhanced_status():
    smtp("C: MAIL FROM:<a@b.test>\nS: 250 2.1.0 ok\nC: RCPT TO:<c@d.test>\n"
         "s: 550-5.1.1 no such user\\r\\n550 5.1.1 here\\r\\n\n"
         "C: RCPT TO:<e@d.test>\nS: 452 5.2.2 the class is not that of the code\n"
         "C: RCPT TO:<f@d.test>\nS: 250 2.1.5.1 too long\n", """
        |2.1.0
        .class|2
        .subject|1
        .detail|0
        |5.1.1
        .class|5
        .subject|1
        .detail|1
        |5.1.1
        .class|5
        .subject|1
        .detail|1""", "enveloscope.smtp.enhanced")


def test_chunks():
    smtp("C: MAIL FROM:<a@b.test>\nS: 250 ok\nC: RCPT TO:<c@d.test>\nS: 250 ok\nC: BDAT 5\n"
         "c: hello\nS: 250 ok\nC: BDAT 0 LAST\n", """
        size|5
        size|0
        last|LAST""", "enveloscope.smtp.bdat.")


# ---- challenges ----

def challenge(mechanism, text, wanted, prefix):
    smtp(f"C: AUTH {mechanism}\nS: 334 {b64(text)}\n", wanted, prefix)


def test_login_asks():
    challenge("LOGIN", "Username:", "|@0+9|Username:\n.prompt|@0+9|Username:",
              "enveloscope.auth.challenge")


def test_cram_md5():
    """The challenge of RFC 2195 section 2."""
    text = "<1896.697170952@postoffice.reston.mci.net>"
    challenge("CRAM-MD5", text, f"|@0+42|{text}\n.stamp|@0+42|{text}", "enveloscope.auth.challenge")


def test_digest_md5():
    """The challenge of RFC 2831 section 4, and a comma between quotes."""
    challenge("DIGEST-MD5", 'realm="elwood, etc",nonce="OA6MG9",qop="auth",charset=utf-8', """
        |@0+19|realm="elwood, etc"
        .name|@0+5|realm
        .value|@7+11|elwood, etc
        |@20+14|nonce="OA6MG9"
        .name|@20+5|nonce
        .value|@27+6|OA6MG9
        |@35+10|qop="auth"
        .name|@35+3|qop
        .value|@40+4|auth
        |@46+13|charset=utf-8
        .name|@46+7|charset
        .value|@54+5|utf-8""",
              "enveloscope.auth.challenge.directive")


def test_scram():
    """The exchange of RFC 7677 section 3."""
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    first = f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    smtp("C: AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\n"
         f"S: 334 {b64(first)}\nC: {b64('c=biws,r=' + nonce + ',p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=')}\n"
         "S: 334 " + b64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") + "\n", f"""
        nonce|@2+50|{nonce}
        salt|@55+24|W22ZaJ0SNY7soEsUEjb6gQ==
        iterations|@82+4|4096
        signature|@2+44|6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=""", "enveloscope.auth.scram.")


def test_scram_error():
    challenge("SCRAM-SHA-1", "e=unknown-user", "error|@2+12|unknown-user",
              "enveloscope.auth.scram.")


def test_bearer_error():
    """RFC 7628 section 3.2.3."""
    challenge("OAUTHBEARER", '{"status":"invalid_token","scope":"mail read"}', """
        member|@1+24|"status":"invalid_token"
        name|@2+6|status
        status|@11+13|invalid_token
        member|@26+19|"scope":"mail read"
        name|@27+5|scope
        value|@35+9|mail read""", "enveloscope.auth.oauth.")


def test_ntlm():
    smtp("C: AUTH NTLM\nS: 334 " + b64("NTLMSSP\0\2\0\0\0" + "\0" * 12 + "\1\2\3\4\5\6\7\x08"
                                      + "\0" * 8) + "\n",
         "|@24+8|0102030405060708", "enveloscope.auth.ntlm.challenge")


def test_words_for_people_are_no_challenge():
    smtp("C: AUTH PLAIN\nS: 334 go ahead, please!\n", "", "enveloscope.auth.challenge")


tap.main(globals())
