#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_serve_pop.py -- programs that fetch mail by POP3: getmail, fetchmail, mpop, Python. In clear, after STLS, with
TLS from the beginning; the second run of a fetcher that leaves mail on the server fetches nothing.
"""
import mailbox
import os
import poplib
import shutil
import smtplib
import ssl

from serve import ADDRESS, CLEAR, IMPLICIT, MODES, PASSWORD, STARTTLS, USER, Serve, is_clean, need, path, run
import tap

MESSAGES = [b"Subject: one\r\n\r\nhello\r\n", b"Subject: two\r\n\r\n.\r\n..\r\n.a\r\n\r\n", "Subject: =?utf-8?q?three?=\r\n\r\nสวัสดี\r\n".encode(),
            b"Subject: four\r\n\r\n" + b"x" * 900 + b"\r\n" + b"line\r\n" * 5000]


def served(**more):
    server = Serve(smtp=0, pop3=0, pop3s=0, **more)
    return server


def fill(server):
    smtp = smtplib.SMTP("127.0.0.1", server.port["smtp"], timeout=20)
    for message in MESSAGES:
        smtp.sendmail("x@y.test", [ADDRESS], message, mail_options=["BODY=8BITMIME"])
    smtp.quit()
    pop = None
    while not pop or pop.stat()[0] < len(MESSAGES):
        if pop:
            pop.quit()
        pop = poplib.POP3("127.0.0.1", server.port["pop3"])
        pop.user(USER)
        pop.pass_(PASSWORD)
    pop.quit()


def door(server, mode):
    return server.port["pop3s" if mode == IMPLICIT else "pop3"]


def folder(name):
    place = path(name)
    shutil.rmtree(place, ignore_errors=True)
    for part in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(place, part))
    return place


def subjects(place):
    return sorted(str(message["Subject"]) for message in mailbox.Maildir(place))


def bodies(place):
    """The texts of the messages in a Maildir, whatever line ends the program writes."""
    found = []
    for name in os.listdir(os.path.join(place, "new")):
        with open(os.path.join(place, "new", name), "rb") as file:
            found.append(file.read().replace(b"\r\n", b"\n").split(b"\n\n", 1)[1].rstrip(b"\n"))
    return sorted(found)


WANTED = sorted(m.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1].rstrip(b"\n") for m in MESSAGES)


def test_poplib_counts_octets_in_every_mode():
    with served(frames="poplib.pcapng") as server:
        fill(server)
        context = ssl.create_default_context(cafile=server.authority)
        for mode in MODES:
            pop = (poplib.POP3_SSL("localhost", door(server, mode), context=context) if mode == IMPLICIT
                   else poplib.POP3("localhost", door(server, mode)))
            if mode == STARTTLS:
                pop.stls(context=context)
                assert "STLS" not in pop.capa()
            assert "UIDL" in pop.capa() and "TOP" in pop.capa()
            if mode == CLEAR:
                pop.apop(USER, PASSWORD)
            else:
                pop.user(USER)
                pop.pass_(PASSWORD)
            sizes = [int(line.split()[1]) for line in pop.list()[1]]
            for number, message in enumerate(MESSAGES, 1):
                lines = pop.retr(number)[1]
                octets = b"".join(line + b"\r\n" for line in lines)
                assert octets.endswith(message) and len(octets) == sizes[number - 1], (mode, number)
                assert len(pop.top(number, 2)[1]) <= len(lines)
            assert pop.stat() == (len(MESSAGES), sum(sizes))
            uids = pop.uidl()[1]
            assert len({line.split()[1] for line in uids}) == len(MESSAGES)
            pop.dele(1)
            pop.rset()
            assert pop.stat()[0] == len(MESSAGES)
            pop.close()                            # without QUIT: nothing is deleted, and no lock stays
            again = poplib.POP3("localhost", server.port["pop3"])
            again.user(USER)
            again.pass_(PASSWORD)
            assert again.uidl()[1] == uids, "the same identifiers in every session"
            again.quit()
        server.end()
    assert is_clean(server.frames)


def test_getmail_fetches_once():
    need("getmail")
    with served() as server:
        fill(server)
        for mode in (CLEAR, IMPLICIT):
            place, rc = folder(f"getmail-{mode}"), path(f"getmailrc-{mode}")
            deliver = path("deliver")               # getmail itself delivers nothing as root
            with open(deliver, "w") as file:
                file.write('#!/bin/sh\nexec cat > "$1/new/$$"\n')
            os.chmod(deliver, 0o755)
            kind = "SimplePOP3SSLRetriever" if mode == IMPLICIT else "SimplePOP3Retriever"
            with open(rc, "w") as file:
                file.write(f"[retriever]\ntype = {kind}\nserver = localhost\nport = {door(server, mode)}\nusername = {USER}\n"
                           f"password = {PASSWORD}\n" + (f"ca_certs = {server.authority}\n" if mode == IMPLICIT else "") +
                           f"[destination]\ntype = MDA_external\npath = {deliver}\narguments = (\"{place}\",)\n"
                           "allow_root_commands = true\n[options]\nread_all = false\ndelete = false\n"
                           "delivered_to = false\nreceived = false\n")
            state = path(f"getmail-state-{mode}")
            os.makedirs(state, exist_ok=True)
            for expected in (len(MESSAGES), 0):
                done = run("getmail", "--getmaildir", state, "--rcfile", rc)
                assert done.returncode == 0 and f"  {expected} messages" in done.stdout, (mode, done.stdout, done.stderr)
            assert bodies(place) == WANTED, mode


def test_mpop_fetches_once():
    need("mpop")
    with served() as server:
        fill(server)
        for mode in MODES:
            place, rc = folder(f"mpop-{mode}"), path(f"mpoprc-{mode}")
            tls = {CLEAR: "tls off", STARTTLS: "tls on\ntls_starttls on", IMPLICIT: "tls on\ntls_starttls off"}[mode]
            trust = "" if mode == CLEAR else f"tls_trust_file {server.authority}\n"
            with open(rc, "w") as file:
                file.write(f"account default\nhost localhost\nport {door(server, mode)}\nuser {USER}\npassword \"{PASSWORD}\"\n{tls}\n"
                           f"{trust}keep on\ndelivery maildir {place}\nuidls_file {path('mpop-uidls-' + mode)}\nreceived_header off\n")
            os.chmod(rc, 0o600)
            for mechanism in ("user", "apop", "plain", "login", "cram-md5", "scram-sha-256"):
                if mode == CLEAR or mechanism == "user":
                    done = run("mpop", "-C", rc, f"--auth={mechanism}", "-a", input="")
                    if "not support" in done.stderr and "library" in done.stderr:
                        continue
                    assert done.returncode == 0, (mode, mechanism, done.stdout, done.stderr)
            assert bodies(place) == WANTED, (mode, len(bodies(place)))
            done = run("mpop", "-C", rc, "-a")
            assert "new: no messages" in done.stdout or "no new messages" in done.stdout or len(bodies(place)) == 4, done.stdout


def test_fetchmail_fetches_once_and_empties():
    need("fetchmail")
    with served() as server:
        fill(server)
        home = path("fetchmail")
        for mode in MODES:
            shutil.rmtree(home, ignore_errors=True)
            os.makedirs(home)
            into = os.path.join(home, "into")
            script = os.path.join(home, "mda")
            with open(script, "w") as file:
                file.write(f"#!/bin/sh\ncat >> {into}\n")
            os.chmod(script, 0o755)
            tls = {CLEAR: "sslproto ''", STARTTLS: "sslproto tls1.2+ sslcertck", IMPLICIT: "ssl sslcertck"}[mode]
            rc = os.path.join(home, "rc")
            with open(rc, "w") as file:
                file.write(f"poll localhost proto pop3 port {door(server, mode)} uidl\n  user \"{USER}\" password \"{PASSWORD}\"\n  {tls} "
                           f"sslcertfile {server.authority}\n  keep mda \"{script}\"\n")
            os.chmod(rc, 0o700)
            words = ["fetchmail", "-f", rc, "--nosyslog", "--nodetach", "--pidfile", os.path.join(home, "pid"), "-i",
                     os.path.join(home, "ids")]
            done = run(*words, home=home)
            assert done.returncode == 0, (mode, done.returncode, done.stdout, done.stderr)
            with open(into, "rb") as file:
                assert file.read().count(b"Subject: ") == len(MESSAGES), mode
            done = run(*words, home=home)
            assert done.returncode == 1, (mode, "nothing new", done.returncode, done.stdout, done.stderr)
        done = run(*words, "--nokeep", "--all", home=home)
        assert done.returncode == 0, (done.stdout, done.stderr)
        pop = poplib.POP3("127.0.0.1", server.port["pop3"])
        pop.user(USER)
        pop.pass_(PASSWORD)
        assert pop.stat() == (0, 0)
        pop.quit()


tap.main(globals())
