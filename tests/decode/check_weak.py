#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_weak.py -- where tshark 4.0 misreads mail, we do not: one conversation each.

What is right follows from the octets and the RFC. Where tshark is installed, it is held to the
misreading that a case claims, so that the claim stays true."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from wire import (CLIENT, SERVER, Session, TSHARK, our_fields, our_logins, run,  # noqa: E402
                  tshark_fields)

CAPTURE = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()
SMTP = "S: 220 mx ESMTP\nC: EHLO pc\nS: 250 mx\n"
LETTER = "C: MAIL FROM:<a@b.test>\nS: 250 ok\nC: RCPT TO:<c@d.test>\nS: 250 ok\n"
POP = "S: +OK ready <1.2@pop.test>\n"
IMAP = "S: * OK ready\n"


def capture(session):
    return session.write(os.path.join(FOLDER.name, "case.pcap"))


def values(rows):
    return [value for row in rows for value in row[0].split(",") if value]


def says(session, key, right, wrong):
    """Our values of this key over the capture are `right`; tshark's are `wrong`."""
    path = capture(session)
    assert values(our_fields(CAPTURE, path, [key])) == right, our_fields(CAPTURE, path, [key])
    if TSHARK:
        theirs = values(tshark_fields(path, [key]))
        assert theirs == wrong, f"tshark has changed: {theirs}"
        assert wrong != right


def tshark_users(path):
    """Users that tshark's list of credentials names."""
    lines = run([TSHARK, "-r", path, "-q", "-z", "credentials"]).splitlines()
    return [line.split()[2] for line in lines if line[:1].isdigit()]


def logs_in(session, logins, users=None):
    """We report these logins; tshark's list of credentials has these users."""
    path = capture(session)
    assert our_logins(CAPTURE, path) == logins, our_logins(CAPTURE, path)
    if TSHARK and users is not None:
        assert tshark_users(path) == users, f"tshark has changed: {tshark_users(path)}"


def test_imap_password_without_quotes():
    session = Session(143).talk(IMAP + "C: a LOGIN alice s3cret\nS: a OK in\n")
    says(session, "imap.request.password", ["s3cret"], ["3cre"])
    logs_in(session, ["imap LOGIN alice s3cret accepted"], ["alice"])


def test_imap_login_with_literals():
    session = Session(143).talk(IMAP + "C: a LOGIN {5}\nS: + go\nC: alice {6}\nS: + go\n"
                                "C: s3cret\nS: a OK in\n")
    says(session, "imap.request.command", ["LOGIN"], ["LOGIN", "{6}"])
    says(session, "imap.request_tag", ["a"], ["a", "alice", "s3cret"])
    logs_in(session, ["imap LOGIN alice s3cret accepted"], [])


def test_imap_append_holds_no_commands():
    session = Session(143).talk(IMAP + "C: a APPEND INBOX {20}\nS: + go\nC: x LOGIN bob hunter2\n"
                                "S: a OK done\n")
    says(session, "imap.request.command", ["APPEND"], ["APPEND", "LOGIN"])
    logs_in(session, [], ["bob"])


def test_imap_authenticate():
    session = Session(143).talk(IMAP + "C: a AUTHENTICATE PLAIN\nS: + \nC: AGFsaWNlAHMzY3JldA==\n"
                                "S: a OK in\n")
    says(session, "imap.request_tag", ["a"], ["a", "AGFsaWNlAHMzY3JldA=="])
    logs_in(session, ["imap AUTH PLAIN alice s3cret accepted"], [])


def test_pop3_auth():
    session = Session(110).talk(POP + "C: AUTH PLAIN\nS: + \nC: AGFsaWNlAHMzY3JldA==\nS: +OK in\n")
    says(session, "pop.request.command", ["AUTH"], ["AUTH", "AGFsaWNlAHMzY3JldA=="])
    logs_in(session, ["pop3 AUTH PLAIN alice s3cret accepted"], [])


def test_pop3_apop():
    """The digest of RFC 1939 section 7, for what it is worth to a reader: a login of alice."""
    digest = "c4c9334bac560ecc979e58001b3e22fb"
    session = Session(110).talk(POP + f"C: APOP alice {digest}\nS: +OK in\n")
    logs_in(session, [f"pop3 APOP alice {digest} accepted"], [])


def test_pop3_pipelined():
    session = Session(110).talk(POP + "c: USER alice\\r\\nPASS s3cret\\r\\n\nS: +OK\nS: +OK in\n")
    says(session, "pop.request.command", ["USER", "PASS"], ["USER"])
    logs_in(session, ["pop3 USER/PASS alice s3cret accepted"], [])


def test_second_login_is_its_own_user():
    session = Session(110).talk(POP + "C: USER alice\nS: +OK\nC: PASS one\nS: -ERR no\n"
                                "C: USER bob\nS: +OK\nC: PASS two\nS: +OK in\n")
    logs_in(session, ["pop3 USER/PASS alice one rejected", "pop3 USER/PASS bob two accepted"],
            ["alice", "alice"])


def test_smtp_second_login():
    step = "S: 334 VXNlcm5hbWU6\nC: %s\nS: 334 UGFzc3dvcmQ6\nC: %s\n"
    session = Session(25).talk(SMTP + "C: AUTH LOGIN\n" + step % ("YWxpY2U=", "b25l")
                               + "S: 535 no\nC: AUTH LOGIN\n" + step % ("Ym9i", "dHdv")
                               + "S: 235 in\n")
    says(session, "smtp.auth.password", ["b25l", "dHdv"], ["b25l"])
    logs_in(session, ["smtp AUTH LOGIN alice one rejected", "smtp AUTH LOGIN bob two accepted"],
            ["YWxpY2U="])


def test_pop3_message_longer_than_announced():
    """The size behind +OK is a word for people (RFC 1939 section 7); the line "." ends a message."""
    session = Session(110).talk(POP + "C: RETR 1\nS: +OK 10 octets\nS: Subject: x\nS: \n"
                                "S: -ERR in the text\nS: .\nC: QUIT\nS: +OK bye\n")
    says(session, "pop.response.indicator", ["+OK", "+OK", "+OK"], ["+OK", "+OK", "-ERR", "+OK"])


def test_smtp_second_message_pipelined():
    session = Session(25).talk(
        SMTP + LETTER + "C: DATA\nS: 354 go\n"
        "c: Subject: 1\\r\\n\\r\\nx\\r\\n.\\r\\nMAIL FROM:<e@f.test>\\r\\n\n"
        "S: 250 ok\nS: 250 ok\nC: RCPT TO:<g@h.test>\nS: 250 ok\n")
    says(session, "smtp.req.command", ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT"],
         ["EHLO", "MAIL", "RCPT", "DATA", "RCPT"])


def test_smtp_bdat_command_line():
    session = Session(25).talk(
        SMTP + LETTER + "c: BDAT 17\\r\\nSubject: 1\\r\\n\\r\\nx\\r\\nBDAT 3 LAST\\r\\ny\\r\\n\n"
        "S: 250 ok\nS: 250 ok\nC: QUIT\nS: 221 bye\n")
    says(session, "smtp.req.command", ["EHLO", "MAIL", "RCPT", "BDAT", "BDAT", "QUIT"],
         ["EHLO", "MAIL", "RCPT"])


def test_smtp_verb_of_eight_letters():
    session = Session(25).talk(SMTP + "C: STARTTLS\nS: 454 no\n")
    says(session, "smtp.req.command", ["EHLO", "STARTTLS"], ["EHLO", "STAR"])
    says(session, "smtp.req.parameter", ["pc"], ["pc", "TLS"])


def test_smtp_starttls_in_two_segments():
    session = Session(25).talk(SMTP + "c: STAR\nc: TTLS\\r\\n\nS: 454 no\n")
    says(session, "smtp.req.command", ["EHLO", "STARTTLS"], ["EHLO", "STAR"])


def test_smtp_auth_login_with_initial_response():
    session = Session(25).talk(SMTP + "C: AUTH LOGIN YWxpY2U=\nS: 334 UGFzc3dvcmQ6\nC: czNjcmV0\n"
                               "S: 235 in\n")
    logs_in(session, ["smtp AUTH LOGIN alice s3cret accepted"], ["(null)"])


def test_smtp_star_is_no_user():
    session = Session(25).talk(SMTP + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: *\nS: 501 no\n")
    says(session, "smtp.auth.username", [], ["*"])
    logs_in(session, [])


def test_smtp_reply_over_segments():
    session = Session(25).talk("S: 220 mx ESMTP\nC: EHLO pc\ns: 250-mx\\r\\n250-SI\n"
                               "s: ZE 100\\r\\n250 HELP\\r\\n\nC: QUIT\nS: 221 bye\n")
    says(session, "smtp.rsp.parameter", ["mx ESMTP", "mx", "SIZE 100", "HELP", "bye"],
         ["mx ESMTP", "mx", "SI", "HELP", "bye"])


def test_dots_are_taken_out_of_a_message():
    """RFC 5321 section 4.5.2: a line that begins with two dots began with one."""
    session = Session(25).talk(SMTP + LETTER + "C: DATA\nS: 354 go\n"
                               "c: Subject: 1\\r\\n\\r\\n..hidden\\r\\n.\\r\\n\nS: 250 ok\n")
    path, out = capture(session), os.path.join(FOLDER.name, "letters")
    run([CAPTURE, "mail", "-r", path, "-o", out])
    letters = [os.path.join(at, name) for at, _, names in os.walk(out) for name in names]
    letters = [name for name in letters if name.endswith(".eml")]
    if not letters:
        raise tap.Skip("this program writes no letters yet")
    with open(letters[0], "rb") as letter:
        assert letter.read() == b"Subject: 1\r\n\r\n.hidden\r\n"
    if TSHARK:
        shown = run([TSHARK, "-r", path, "-V", "-Y", "smtp.eom"])
        assert "..hidden" in shown, "tshark has changed"


def test_segments_out_of_order():
    session = Session(110).talk(POP + "C: USER alice\nS: +OK\nc: PASS s3\nc: cret\\r\\n\n")
    session.swap_last().talk("S: +OK in\n")
    says(session, "pop.request.command", ["USER", "PASS"], ["USER", "cret"])
    logs_in(session, ["pop3 USER/PASS alice s3cret accepted"], [])


def test_commands_out_of_order():
    session = Session(25).talk(SMTP + "c: MAIL FROM:<a@b.test>\\r\\nRC\nc: PT TO:<c@d.test>\\r\\n\n")
    session.swap_last().talk("S: 250 ok\nS: 250 ok\n")
    says(session, "smtp.req.command", ["EHLO", "MAIL", "RCPT"], ["EHLO"])


def test_mail_on_odd_ports():
    for port, script, key, right in (
            (2526, SMTP + "C: QUIT\nS: 221 bye\n", "smtp.req.command", ["EHLO", "QUIT"]),
            (11000, POP + "C: STAT\nS: +OK 0 0\n", "pop.request.command", ["STAT"]),
            (14300, IMAP + "C: a NOOP\nS: a OK\n", "imap.request.command", ["NOOP"])):
        says(Session(port).talk(script), key, right, [])


def test_lmtp_on_an_odd_port():
    """RFC 2033: LHLO in place of EHLO."""
    session = Session(2403).talk("S: 220 mx LMTP\nC: LHLO pc\nS: 250 mx\nC: QUIT\nS: 221 bye\n")
    says(session, "smtp.req.command", ["LHLO", "QUIT"], [])


def test_tls_on_an_odd_port():
    """A client's hello with a server name (RFC 8446 section 4.1.2), by hand."""
    name = b"mx.bob.example"
    extension = b"\0\0" + (len(name) + 5).to_bytes(2, "big") + (len(name) + 3).to_bytes(2, "big") \
        + b"\0" + len(name).to_bytes(2, "big") + name
    body = b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0" \
        + len(extension).to_bytes(2, "big") + extension
    hello = b"\1" + len(body).to_bytes(3, "big") + body
    record = b"\x16\3\1" + len(hello).to_bytes(2, "big") + hello
    session = Session(46500)
    session.say(CLIENT, record[:50]).say(CLIENT, record[50:]).say(SERVER, b"\x15\3\3\0\2\2\x28")
    path = capture(session)
    rows = our_fields(CAPTURE, path, ["tls.handshake.extensions_server_name"])
    assert values(rows) == ["mx.bob.example"], rows


tap.main(globals())
