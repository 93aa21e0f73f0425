#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_auth.py -- logins of clients that were not written here: gsasl, curl, swaks.

    judge_auth.py STDIO-SERVER          one server process per connection, on a loopback port; prints TAP

The account is bob, password "secret", token "token-94". Each client must get in with the right secret and stay
out with a wrong one. gsasl checks SCRAM's server signature. A client that is not installed is skipped.
"""
import shutil
import socket
import subprocess
import sys
import threading

SERVER = sys.argv[1]
SECONDS_MAX = 60


class Port:
    """Listens on loopback; every connection gets a server of its own."""

    def __init__(self, kind):
        self.kind = kind
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.number = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            subprocess.Popen([SERVER, self.kind], stdin=connection, stdout=connection)
            connection.close()


PORTS = {kind: Port(kind).number for kind in ("submission", "pop3", "imap")}


def run(*words):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=SECONDS_MAX)
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


def gsasl(protocol, mechanism, password):
    kind = "submission" if protocol == "smtp" else "imap"
    code, said = run("gsasl", f"--{protocol}", "--connect", f"127.0.0.1:{PORTS[kind]}", "--no-starttls",
                     "--mechanism", mechanism, "--authentication-id", "bob", "--authorization-id", "bob",
                     "--password", password, "--service", protocol, "--hostname", "mail.test")
    return code == 0, said


def curl(protocol, mechanism, password):
    port = PORTS["submission" if protocol == "smtp" else protocol]
    options = ["curl", "--silent", "--show-error", "--verbose", "--max-time", SECONDS_MAX,
               "--login-options", f"AUTH={mechanism}", "--user", f"bob:{password}"]
    if mechanism in ("XOAUTH2", "OAUTHBEARER"):
        options = options[:-2] + ["--user", "bob:", "--oauth2-bearer",
                                  "token-94" if password == "secret" else "token-95"]
    if protocol == "smtp":
        options += ["--mail-from", "bob@mail.test", "--mail-rcpt", "bob@mail.test", "--upload-file", "-"]
    code, said = run(*options, f"{protocol}://127.0.0.1:{port}/")
    return code == 0, said


def swaks(protocol, mechanism, password):
    code, said = run("swaks", "--server", "127.0.0.1", "--port", PORTS["submission"], "--auth", mechanism,
                     "--auth-user", "bob", "--auth-password", password, "--to", "bob@mail.test",
                     "--from", "bob@mail.test", "--helo", "pc.test")
    return code == 0, said


CASES = (
    [(gsasl, protocol, mechanism) for protocol in ("smtp", "imap")
     for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256")] +
    [(curl, protocol, mechanism) for protocol in ("smtp", "pop3", "imap")
     for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2", "OAUTHBEARER")] +
    [(curl, "pop3", "+APOP")] +
    [(swaks, "smtp", mechanism) for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5")])

print(f"1..{len(CASES)}")
for number, (client, protocol, mechanism) in enumerate(CASES, 1):
    name = f"{client.__name__} logs in by {protocol} {mechanism}, and not with a wrong secret"
    if not shutil.which(client.__name__):
        print(f"ok {number} {name} # SKIP {client.__name__} is not installed")
        continue
    right, said = client(protocol, mechanism, "secret")
    wrong, said_wrong = client(protocol, mechanism, "wrong")
    print(f"{'ok' if right and not wrong else 'not ok'} {number} {name}")
    if not right or wrong:
        for line in (said_wrong if right else said).splitlines()[-25:]:
            print("# " + line)
    sys.stdout.flush()
