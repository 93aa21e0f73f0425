#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge.py -- Python's own mail clients talk to our servers and read back what they were given.

    judge.py STDIO-SERVER            one server process per case, over a pair of sockets; prints TAP
"""
import email
import email.policy
import imaplib
import poplib
import smtplib
import socket
import subprocess
import sys
import tempfile

SERVER = sys.argv[1]
MESSAGE = (b"From: a@b.test\r\nSubject: =?utf-8?b?4Liq4Lin4Lix4Liq4LiU4Li1?=\r\n\r\n"
           b".dot\r\n..two\r\n\r\nlast line, " + b"x" * 900 + b"\r\n.\r\n")


def connect(kind):
    ours, theirs = socket.socketpair()
    file = tempfile.NamedTemporaryFile()
    file.write(MESSAGE)
    file.flush()
    process = subprocess.Popen([SERVER, kind, file.name], stdin=theirs, stdout=theirs)
    theirs.close()
    ours.settimeout(20)
    connect.kept.append((process, file))
    return ours


connect.kept = []


class Smtp(smtplib.SMTP):
    def __init__(self, kind):
        self.kind = kind
        super().__init__("mail.test", 25, local_hostname="client.test")

    def _get_socket(self, host, port, timeout):
        return connect(self.kind)


class Pop(poplib.POP3):
    def _create_socket(self, timeout):
        return connect("pop3")


class Imap(imaplib.IMAP4):
    def _create_socket(self, timeout):
        return connect("imap")


def smtp_relays():
    s = Smtp("smtp")
    s.ehlo()
    assert s.has_extn("size") and s.has_extn("8bitmime") and s.has_extn("pipelining")
    refused = s.sendmail("a@b.test", ["bob@mail.test", "nobody@mail.test"], MESSAGE)
    assert list(refused) == ["nobody@mail.test"] and refused["nobody@mail.test"][0] == 550
    assert s.verify("bob")[0] == 252
    assert s.quit()[0] == 221


def smtp_auth(mechanism):
    s = Smtp("submission")
    s.ehlo()
    s.user, s.password = "bob", "secret"
    assert s.auth(mechanism, getattr(s, "auth_" + mechanism.lower().replace("-", "_")))[0] == 235
    assert s.sendmail("bob@mail.test", ["bob@mail.test"], MESSAGE) == {}
    s.quit()


def smtp_wrong_password():
    s = Smtp("submission")
    try:
        s.login("bob", "wrong")
    except smtplib.SMTPAuthenticationError as error:
        assert error.smtp_code == 535 or error.smtp_code == 421
    else:
        raise AssertionError("let in")


def pop_reads(login):
    p = Pop("mail.test")
    login(p)
    assert p.stat() == (1, len(MESSAGE))
    response, lines, octets = p.retr(1)
    assert b"".join(line + b"\r\n" for line in lines) == MESSAGE
    assert int(response.split()[1]) == len(MESSAGE)
    assert p.top(1, 1)[1][-1] == b".dot"
    assert p.list(1) == b"+OK 1 %d" % len(MESSAGE)
    assert len(p.uidl()[1]) == 1
    assert "TOP" in p.capa()
    p.dele(1)
    assert p.stat() == (0, 0)
    p.rset()
    p.noop()
    p.quit()


def pop_user(p):
    p.user("bob")
    p.pass_("secret")


def imap_reads(login):
    m = Imap("mail.test")
    login(m)
    assert m.select("INBOX") == ("OK", [b"1"])
    assert m.search(None, "UNSEEN") == ("OK", [b"1"])
    kind, data = m.fetch("1", "(BODY.PEEK[] RFC822.SIZE)")
    assert data[0][1] == MESSAGE
    kind, data = m.fetch("1", "(BODY[HEADER.FIELDS (SUBJECT)])")
    parsed = email.message_from_bytes(data[0][1], policy=email.policy.default)
    assert parsed["subject"] == "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35"
    assert m.store("1", "+FLAGS", "(\\Flagged $Own)")[1] == [b"1 (FLAGS (\\Flagged \\Seen $Own \\Recent))"]
    assert m.create("Work/2026")[0] == "OK"
    assert len(m.list()[1]) == 3
    other = b"Subject: appended\r\n\r\n" + bytes(range(128, 256)) + b"\r\n"
    assert m.append("Work/2026", "(\\Seen)", None, other)[0] == "OK"
    assert m.uid("COPY", "1", "Work/2026")[0] == "OK"
    assert m.status("Work/2026", "(MESSAGES UNSEEN)")[1] == [b'"Work/2026" (MESSAGES 2 UNSEEN 0)']
    m.select("Work/2026")
    assert m.fetch("1", "(BODY[])")[1][0][1] == other
    m.store("1", "+FLAGS.SILENT", "\\Deleted")
    assert m.expunge()[1] == [b"1"]
    assert m.close()[0] == "OK"
    assert m.logout()[0] == "BYE"


CASES = [
    ("smtplib relays and is told of the unknown recipient", smtp_relays),
    ("smtplib logs in by PLAIN", lambda: smtp_auth("PLAIN")),
    ("smtplib logs in by LOGIN", lambda: smtp_auth("LOGIN")),
    ("smtplib logs in by CRAM-MD5", lambda: smtp_auth("CRAM-MD5")),
    ("smtplib is refused with a wrong password", smtp_wrong_password),
    ("poplib reads the same octets after USER", lambda: pop_reads(pop_user)),
    ("poplib reads the same octets after APOP", lambda: pop_reads(lambda p: p.apop("bob", "secret"))),
    ("imaplib reads, marks, copies and appends after LOGIN",
     lambda: imap_reads(lambda m: m.login("bob", "secret"))),
    ("imaplib the same after AUTHENTICATE PLAIN",
     lambda: imap_reads(lambda m: m.authenticate("PLAIN", lambda _: b"\0bob\0secret"))),
    ("imaplib the same after CRAM-MD5", lambda: imap_reads(lambda m: m.login_cram_md5("bob", "secret"))),
]

print("1..%d" % len(CASES))
for number, (name, case) in enumerate(CASES, 1):
    try:
        case()
        print("ok %d %s" % (number, name))
    except Exception as error:  # the reason is the test's message
        print("not ok %d %s" % (number, name))
        print("# %s: %s" % (type(error).__name__, str(error)[:300]))
for process, file in connect.kept:
    process.stdin = None
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
