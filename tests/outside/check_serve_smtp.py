#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_serve_smtp.py -- programs that send mail against the simulated submission and SMTP servers: swaks, msmtp,
s-nail, nodemailer, Python. In clear, after STARTTLS, with TLS from the beginning.
"""
import email
import email.policy
import os
import poplib
import smtplib
import ssl
import time
from urllib.parse import quote

from serve import (ADDRESS, CLEAR, IMPLICIT, MODES, NAME, PASSWORD, STARTTLS, USER, Serve, is_clean, need, path,
                   run)
import tap


def everything(**more):
    return Serve(smtp=0, submission=0, submissions=0, pop3=0, **more)


def door(server, mode):
    return server.port["submissions" if mode == IMPLICIT else "submission"]


def take_all(server, user=USER, password=PASSWORD, at_least=1):
    """Every message of an account, parsed, oldest first; the maildrop is empty behind that. Delivery takes a moment."""
    until = time.monotonic() + 20
    while True:
        pop = poplib.POP3("127.0.0.1", server.port["pop3"])
        pop.user(user)
        pop.pass_(password)
        if pop.stat()[0] >= at_least or time.monotonic() > until:
            break
        pop.quit()
        time.sleep(0.05)
    found = []
    for number in range(1, pop.stat()[0] + 1):
        found.append(email.message_from_bytes(b"\r\n".join(pop.retr(number)[1]) + b"\r\n", policy=email.policy.SMTP))
        pop.dele(number)
    pop.quit()
    assert len(found) >= at_least, f"{len(found)} of {at_least} came"
    return found


# ---- swaks ----

def swaks(server, mode, *words, port=None):
    need("swaks")
    tls = {CLEAR: [], STARTTLS: ["--tls"], IMPLICIT: ["--tls-on-connect"]}[mode]
    verify = ["--tls-verify", "--tls-ca-path", server.authority] if tls else []
    return run("swaks", "--server", f"127.0.0.1:{port or door(server, mode)}", "--helo", "me.test", "--from", ADDRESS, "--to",
               ADDRESS, "--timeout", "20", *tls, *verify, *words)


def login(mechanism, password=PASSWORD):
    return ["--auth", mechanism, "--auth-user", USER, "--auth-password", password]


def test_swaks_with_every_mechanism_in_every_mode():
    with everything(frames="swaks.pcapng") as server:
        for mode in MODES:
            for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
                done = swaks(server, mode, *login(mechanism), "--header", f"Subject: {mode} {mechanism}")
                if "not available" in done.stdout + done.stderr and "perl" in (done.stdout + done.stderr).lower():
                    raise tap.Skip("swaks lacks a Perl module: " + (done.stdout + done.stderr)[-200:])
                assert done.returncode == 0, (mode, mechanism, done.stdout, done.stderr)
                done = swaks(server, mode, *login(mechanism, "wrong"))
                assert done.returncode == 28 and " 535" in done.stdout, (mode, mechanism, done.returncode, done.stdout)
        subjects = {m["Subject"] for m in take_all(server, at_least=9)}
        assert len(subjects) == 9, subjects
        server.end()
    assert is_clean(server.frames)


def test_swaks_pipelines_and_attaches():
    blob = os.urandom(30000)
    with open(path("blob.bin"), "wb") as file:
        file.write(blob)
    with everything() as server:
        for mode in MODES:
            done = swaks(server, mode, *login("PLAIN"), "--pipeline", "--attach", f"@{path('blob.bin')}", "--body", ".dot\n..\nend")
            assert done.returncode == 0, (mode, done.stdout)
            message = take_all(server)[0]
            parts = [p for p in message.walk() if not p.is_multipart()]
            assert parts[-1].get_payload(decode=True) == blob
            assert parts[0].get_payload(decode=True).replace(b"\r\n", b"\n").startswith(b".dot\n..\nend")


def test_swaks_finds_no_relay():
    with everything() as server:
        done = swaks(server, CLEAR, "--to", "x@elsewhere.example", "--quit-after", "RCPT", port=server.port["smtp"])
        assert done.returncode == 24 and " 55" in done.stdout, (done.returncode, done.stdout)
        done = swaks(server, CLEAR, "--quit-after", "RCPT")         # submission without a login: RFC 6409 4.3
        assert done.returncode in (23, 24) and " 530 " in done.stdout, (done.returncode, done.stdout)


# ---- msmtp, s-nail ----

def test_msmtp_verifies_and_sends():
    need("msmtp")
    with everything() as server:
        for mode in MODES:
            tls = {CLEAR: "tls off", STARTTLS: "tls on\ntls_starttls on", IMPLICIT: "tls on\ntls_starttls off"}[mode]
            trust = "" if mode == CLEAR else f"\ntls_trust_file {server.authority}\ntls_host_override {NAME}"
            for mechanism in ("plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"):
                with open(path("msmtprc"), "w") as file:
                    file.write(f"account default\nhost 127.0.0.1\nport {door(server, mode)}\nfrom {ADDRESS}\nauth {mechanism}\n"
                               f"user {USER}\npassword \"{PASSWORD}\"\n{tls}{trust}\n")
                os.chmod(path("msmtprc"), 0o600)
                done = run("msmtp", "-C", path("msmtprc"), ADDRESS, input=f"Subject: {mode} {mechanism}\n\nhello\n")
                if done.returncode == 69 and "not support" in done.stderr and "library" in done.stderr:
                    continue                                # this build of msmtp has no such mechanism
                assert done.returncode == 0, (mode, mechanism, done.stderr)
                assert take_all(server)[0]["Subject"] == f"{mode} {mechanism}"


def test_s_nail_sends():
    need("s-nail")
    with everything() as server:
        for mode in (CLEAR, STARTTLS, IMPLICIT):
            scheme = "smtps" if mode == IMPLICIT else "smtp"
            settings = [f"mta={scheme}://{USER}:{quote(PASSWORD, safe='')}@localhost:{door(server, mode)}", f"from={ADDRESS}",
                        "smtp-auth=login", "tls-verify=ignore", "v15-compat", "hostname=me.test"]
            if mode == STARTTLS:
                settings.append("smtp-use-starttls")
            words = [word for setting in settings for word in ("-S", setting)]
            done = run("s-nail", "-n", *words, "-s", f"from s-nail {mode}", "-a", server.authority, ADDRESS, input="สวัสดี\n")
            assert done.returncode == 0, (mode, done.stderr)
            message = take_all(server)[0]
            assert message["Subject"] == f"from s-nail {mode}", message["Subject"]
            assert "สวัสดี" in message.get_body(("plain",)).get_content()


# ---- nodemailer ----

NODEMAILER = """
const nodemailer = require('nodemailer');
const [port, mode, pass, ca] = [+process.argv[2], process.argv[3], process.argv[4], require('fs').readFileSync(process.argv[5])];
const transport = nodemailer.createTransport({host: '127.0.0.1', port, secure: mode === 'implicit', requireTLS: mode === 'starttls',
  ignoreTLS: mode === 'clear', auth: {user: 'ann', pass}, tls: {ca, servername: 'mail.office.test'}, pool: true, maxConnections: 3});
const send = (i) => transport.sendMail({from: 'ann@office.test', to: ['ann@office.test', 'bee@office.test'], subject: `${mode} ${i} สวัสดี`,
  text: 'hello', html: '<p>สวัสดี</p>', attachments: [{filename: 'แผน.txt', content: Buffer.alloc(20000, 'แผน\\n')}]});
transport.verify().then(() => Promise.all([0, 1, 2, 3, 4, 5].map(send))).then((done) => {
  console.log(done.map((d) => d.accepted.length).join(' ')); transport.close();
}).catch((e) => { console.error(e); process.exit(1); });
"""


def test_nodemailer_sends_over_a_pool():
    need("node")
    if run("node", "-e", "require('nodemailer')", env=dict(os.environ, NODE_PATH="/usr/share/nodejs")).returncode:
        raise tap.Skip("nodemailer (Debian's node-nodemailer) is not installed")
    with open(path("send.js"), "w") as file:
        file.write(NODEMAILER)
    with everything() as server:
        for mode in MODES:
            done = run("node", path("send.js"), door(server, mode), mode, PASSWORD, server.authority,
                       env=dict(os.environ, NODE_PATH="/usr/share/nodejs"))
            assert done.returncode == 0 and done.stdout.split() == ["2"] * 6, (mode, done.stdout, done.stderr)
            for user, password in ((USER, PASSWORD), ("bee", "honey")):
                got = take_all(server, user, password, 6)
                assert {m["Subject"] for m in got} == {f"{mode} {i} สวัสดี" for i in range(6)}
                attached = [p for p in got[0].walk() if p.get_filename() == "แผน.txt"]
                assert attached and len(attached[0].get_payload(decode=True)) == 20000


# ---- Python ----

def test_smtplib_in_every_mode():
    with everything() as server:
        context = ssl.create_default_context(cafile=server.authority)
        context.check_hostname = False
        for mode in MODES:
            if mode == IMPLICIT:
                smtp = smtplib.SMTP_SSL("127.0.0.1", door(server, mode), context=context, timeout=20)
            else:
                smtp = smtplib.SMTP("127.0.0.1", door(server, mode), timeout=20)
            if mode == STARTTLS:
                smtp.starttls(context=context)
            smtp.ehlo("me.test")
            assert smtp.has_extn("size") and smtp.has_extn("8bitmime") and not (mode != CLEAR and smtp.has_extn("starttls"))
            smtp.login(USER, PASSWORD)
            big = b"Subject: big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 20000
            smtp.sendmail(ADDRESS, [ADDRESS], big)
            refused = smtp.sendmail(ADDRESS, [ADDRESS, "nobody@office.test"], b"Subject: half\r\n\r\n")
            assert list(refused) == ["nobody@office.test"], refused
            try:
                smtp.sendmail(ADDRESS, [ADDRESS], b"Subject: too big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 200000,
                              mail_options=["SIZE=14400000"])
                raise AssertionError("larger than SIZE and not refused")
            except smtplib.SMTPSenderRefused as answer:
                assert answer.smtp_code == 552, answer
            smtp.quit()
            got = take_all(server, at_least=2)
            assert {m["Subject"] for m in got} == {"big", "half"}
            assert len(max((m.get_payload(decode=True) for m in got), key=len)) == 72 * 20000


tap.main(globals())
