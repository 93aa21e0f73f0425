#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_serve_curl.py -- curl's SMTP, POP3 and IMAP against the simulated servers: in clear, after STARTTLS
and with TLS from the beginning, with the certificate verified.
"""
import hashlib
import os

from serve import ADDRESS, CLEAR, IMPLICIT, MODES, NAME, PASSWORD, STARTTLS, USER, Serve, is_clean, need, path, run
import tap

DOORS = {"smtp": ("submission", "submissions"), "pop3": ("pop3", "pop3s"), "imap": ("imap", "imaps")}
MESSAGE = (b"From: Ann <ann@office.test>\r\nTo: ann@office.test\r\nSubject: =?utf-8?b?4Liq4Lin4Lix4Liq4LiU4Li1?=\r\n"
           b"Message-ID: <one@office.test>\r\n\r\n.a line that begins with a dot\r\n..two\r\n\r\nlast\r\n")


def everything(**more):
    return Serve(submission=0, submissions=0, pop3=0, pop3s=0, imap=0, imaps=0, **more)


def curl(server, mode, protocol, place, *words, login=f"{USER}:{PASSWORD}", data=None):
    """curl on one address in one mode; its standard output in octets."""
    need("curl")
    door = DOORS[protocol][mode == IMPLICIT]
    scheme = protocol + ("s" if mode == IMPLICIT else "")
    extra = ["--ssl-reqd"] if mode == STARTTLS else []
    done = run("curl", "-sS", "--max-time", "30", f"{scheme}://{NAME}:{server.port[door]}{place}",
               "--connect-to", f"::127.0.0.1:{server.port[door]}", "--cacert", server.authority, "-u", login, *extra, *words,
               input=data, text=False)
    return done


def good(*arguments, **more):
    done = curl(*arguments, **more)
    assert done.returncode == 0, (arguments[1:], done.returncode, done.stderr)
    return done.stdout


def write(name, octets):
    with open(path(name), "wb") as file:
        file.write(octets)
    return path(name)


def test_mail_is_sent_and_fetched_by_pop3_in_every_mode():
    with everything(frames="curl.pcapng") as server:
        for mode in MODES:
            good(server, mode, "smtp", "/me.test", "--mail-from", ADDRESS, "--mail-rcpt", ADDRESS, "-T",
                 write("m.eml", MESSAGE))
            got = good(server, mode, "pop3", "/1")
            assert got.endswith(MESSAGE) and b"Received: from " in got, got
            assert good(server, mode, "pop3", "/").split()[0] == b"1"
            assert good(server, mode, "pop3", "/", "-X", "UIDL").startswith(b"1 ")
            assert b"Subject" in good(server, mode, "pop3", "/", "-X", "TOP 1 0")
            good(server, mode, "pop3", "/1", "-X", "DELE", "--list-only")
            assert good(server, mode, "pop3", "/").strip() == b""
        server.end()
    assert is_clean(server.frames)


def test_every_mechanism_of_curl():
    with everything() as server:
        for mode in (CLEAR, STARTTLS):
            for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
                login = ["--login-options", f"AUTH={mechanism}"]
                good(server, mode, "smtp", "/me.test", *login, "-X", "NOOP")
                good(server, mode, "pop3", "/", *login)
                good(server, mode, "imap", "/", *login)
            good(server, mode, "pop3", "/", "--login-options", "AUTH=+APOP")
            good(server, mode, "imap", "/", "--sasl-ir", "--login-options", "AUTH=PLAIN")
            good(server, mode, "imap", "/", "--login-options", "AUTH=*")
        for protocol in DOORS:
            for mode in MODES:
                done = curl(server, mode, protocol, "/", login=f"{USER}:wrong")
                assert done.returncode == 67, (protocol, mode, done.returncode, done.stderr)    # login denied


def test_appended_octets_come_back_identical():
    bodies = [MESSAGE, b"Subject: long\r\n\r\n" + b"x" * 998 + b"\r\n" + bytes(range(32, 127)) * 500 + b"\r\n",
              "Subject: สวัสดี\r\n\r\nภาษาไทยแปดบิต\r\n".encode(), b"Subject: no end of line\r\n\r\nlast"]
    with everything() as server:
        for mode in MODES:
            for number, body in enumerate(bodies):
                box = f"/{mode}-{number}"
                good(server, mode, "imap", "/", "-X", f"CREATE {box[1:]}")
                good(server, mode, "imap", box, "-T", write("append.eml", body))
                got = good(server, mode, "imap", f"{box};MAILINDEX=1")
                assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest(), (mode, number, len(got), len(body))
                part = good(server, mode, "imap", f"{box};UID=1;SECTION=TEXT")
                assert part == body[body.index(b"\r\n\r\n") + 4:], (mode, number)


def test_the_commands_of_imap():
    with everything() as server:
        for mode in MODES:
            def imap(place, command=None):
                return good(server, mode, "imap", place, *(["-X", command] if command else []))
            imap("/", f"CREATE {mode}/Reisen")
            good(server, mode, "imap", f"/{mode}/Reisen".replace("/R", "%2FR"), "-T", write("m.eml", MESSAGE))
            assert f'"/" {mode}/Reisen'.encode() in imap("/").replace(b'"' + mode.encode(), mode.encode()).replace(b'Reisen"', b"Reisen")
            box = f"/{mode}%2FReisen"
            assert imap(f"{box}?SUBJECT%20nothing").strip() in (b"* SEARCH", b""), imap(f"{box}?SUBJECT%20nothing")
            assert imap(f"{box}?ALL").strip() == b"* SEARCH 1"
            assert b"EXISTS" in imap("/", f"EXAMINE {mode}/Reisen") and b"MESSAGES 1" in imap("/", f"STATUS {mode}/Reisen (MESSAGES)")
            assert b"\\Flagged" in imap(box, "STORE 1 +FLAGS \\Flagged")
            assert b"ENVELOPE" in imap(box, "FETCH 1 (FLAGS ENVELOPE BODYSTRUCTURE)")
            imap(box, "COPY 1 INBOX")
            imap(box, "STORE 1 +FLAGS.SILENT \\Deleted")
            assert b"* 1 EXPUNGE" in imap(box, "EXPUNGE")
            imap("/", f"SUBSCRIBE {mode}/Reisen")
            assert b"Reisen" in imap("/", 'LSUB "" *')
            imap("/", f"UNSUBSCRIBE {mode}/Reisen")
            imap("/", f"RENAME {mode}/Reisen {mode}/Travel")
            imap("/", f"DELETE {mode}/Travel")
            assert b"Travel" not in imap("/")
            assert b"* NAMESPACE" in imap("/", "NAMESPACE") and b"* ID" in imap("/", "ID NIL")


def test_the_inquiries_of_smtp():
    with everything() as server:
        for mode in MODES:
            assert good(server, mode, "smtp", "/me.test").strip(), "HELP without anything else"
            done = curl(server, mode, "smtp", "/me.test", "--mail-rcpt", "ann")       # VRFY ann
            assert done.returncode in (0, 8, 56) and not done.stderr.startswith(b"curl: (28)"), done
            done = curl(server, mode, "smtp", "/me.test", "--mail-from", ADDRESS, "--mail-rcpt", "nobody@office.test",
                        "-T", write("m.eml", MESSAGE))
            assert done.returncode == 55, (done.returncode, done.stderr)              # the recipient is refused
            done = curl(server, mode, "smtp", "/me.test", "--mail-from", ADDRESS, "--mail-rcpt", ADDRESS, "--mail-rcpt",
                        "nobody@office.test", "--mail-rcpt-allowfails", "-T", write("m.eml", MESSAGE))
            assert done.returncode == 0, done.stderr


def test_a_certificate_that_is_not_trusted_ends_it():
    with everything() as server:
        os.remove(server.authority)
        with open(server.authority, "w") as file:
            file.write("")
        for protocol in DOORS:
            for mode in (STARTTLS, IMPLICIT):
                assert curl(server, mode, protocol, "/").returncode in (60, 77), (protocol, mode)


tap.main(globals())
