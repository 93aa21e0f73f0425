#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mail_tls.py -- TLS in simulated mail before tshark, which reads the inside with the key log that
travels in the file; and the attacker on the path.

    judge_mail_tls.py ENVELOSCOPE-SIM

What stands on the wire is asked twice: with the secrets, where the dialogue must be seen inside TLS, and as
bare octets, where no password may be found that was said under TLS.
"""
import subprocess
import tempfile

import program
import tap

PLACE = tempfile.mkdtemp(prefix="enveloscope-tls-")
SCENARIOS = ["starttls-submission", "starttls-reading", "implicit-tls", "tls-certificates",
             "tls-client-certificate", "starttls-stripping", "starttls-injection"]
RUNS = {}


def run(name):
    """The saved run and its events, made once."""
    if name not in RUNS:
        RUNS[name] = program.saved(PLACE, name), program.events(PLACE, name)
    return RUNS[name]


def rows(path, where, *keys):
    """tshark's answer with the AUTH exchange decoded, as a list of lists."""
    words = [word for key in keys for word in ("-e", key)]
    out = program.tshark(path, "-o", "smtp.decryption:TRUE", "-Y", where, "-T", "fields", *words)
    return [line.split("\t") for line in out.splitlines()]


def values(events, key, **where):
    return [e["value"] for e in events if e["key"] == key and all(e[k] == v for k, v in where.items())]


def outcome(events, action):
    return [e["value"] for e in events if e["subject"] == "action" and e["key"] == action][-1]


def test_every_run_is_clean():
    for name in SCENARIOS:
        path, _ = run(name)
        found = rows(path, "tcp.analysis.flags || _ws.malformed || _ws.expert.severity >= 6291456 || "
                     "tcp.flags.reset == 1", "frame.number", "_ws.col.Info")
        assert not found, f"{name}: {found}"


def test_the_same_run_gives_the_same_octets():
    for name in SCENARIOS:
        first, second = run(name)[0], program.saved(PLACE, name)
        with open(first, "rb") as a, open(second, "rb") as b:
            assert a.read() == b.read(), name


def test_submission_is_seen_inside_tls():
    path, events = run("starttls-submission")
    # tshark names a command by its first four letters
    inside = [row[0] for row in rows(path, "smtp.req.command && tls", "smtp.req.command")]
    clear = [row[0] for row in rows(path, "smtp.req.command && !tls", "smtp.req.command")]
    letter = ["MAIL", "RCPT", "DATA", "QUIT"]
    assert inside == ["EHLO", "AUTH", *letter, "EHLO", *letter], inside
    assert clear == ["EHLO", "STAR", "EHLO", "STAR"], clear
    assert rows(path, "smtp.req.command == \"AUTH\" && tls", "smtp.auth.username") == [["alice"]]
    tls = values(events, "tls", host="alice-pc")
    assert "TLSv1.3 TLS_AES_256_GCM_SHA384 verified" in tls, tls
    relay = [v for v in values(events, "tls", host="mx-alice") if "TLSv1.2" in v]
    assert len(relay) == 1 and "unverified: the certificate is self-signed" in relay[0], relay


def test_without_the_secrets_nothing_is_readable():
    for name in ("starttls-submission", "implicit-tls"):
        path, _ = run(name)
        bare = path + ".bare"
        if subprocess.run(["editcap", "--discard-all-secrets", path, bare], capture_output=True).returncode:
            raise tap.Skip("editcap is not installed")
        assert not rows(bare, "smtp.req.command == \"MAIL\" || imap.request contains \"LOGIN\" || "
                        "pop.request.command == \"PASS\"", "frame.number"), name
        with open(bare, "rb") as capture:
            octets = capture.read()
        for secret in (b"lotus-27", b"orchid-63", b"jasmine-94", b"Lanterns", b"Under TLS"):
            assert secret not in octets, f"{name}: {secret}"


def test_no_login_is_taken_in_clear():
    path, events = run("starttls-reading")
    assert rows(path, "imap contains \"LOGINDISABLED\" && !tls", "frame.number")
    assert rows(path, "pop contains \"STLS\" && pop.response && !tls", "frame.number")
    assert not rows(path, "pop contains 0d:0a:55:53:45:52:0d && !tls", "frame.number")
    assert rows(path, "pop.request.command == \"PASS\" && tls", "frame.number")
    assert rows(path, "imap.request contains \"LOGIN\" && tls", "frame.number")
    assert rows(path, "imap.response contains \"PRIVACYREQUIRED\" && !tls", "frame.number")
    assert values(events, "user") == ["bob", "bob"]


def test_implicit_tls_begins_with_a_client_hello():
    path, _ = run("implicit-tls")
    for port in ("465", "993", "995"):
        first = rows(path, f"tcp.dstport == {port} && tcp.len > 0", "tls.handshake.type",
                     "tls.handshake.extensions_server_name")[0]
        assert first == ["1", "mail.bob.test"], (port, first)
    assert rows(path, "smtp.req.command == \"DATA\" && tcp.port == 465", "frame.number")
    assert rows(path, "imap.request contains \"FETCH\" && tcp.port == 993", "frame.number")
    assert rows(path, "pop.request.command == \"RETR\" && tcp.port == 995", "frame.number")


def test_each_bad_certificate_is_refused_by_its_alert():
    path, events = run("tls-certificates")
    wanted = {"expired": "45", "early": "42", "self-signed": "48", "wrong-name": "42", "weak": "42", "old": "70"}
    address = {"expired": 22, "early": 23, "self-signed": 24, "wrong-name": 25, "weak": 26, "old": 27}
    for name, number in wanted.items():
        found = rows(path, f"ip.addr == 10.0.2.{address[name]} && tls.alert_message.level == 2",
                     "tls.alert_message.desc")
        assert found == [[number]], (name, found)
        assert outcome(events, name) == "failed", name
    assert outcome(events, "good") == "done"
    assert outcome(events, "unchecked") == "done"
    assert "TLSv1.3 TLS_AES_256_GCM_SHA384 unverified: the certificate has expired" in \
        values(events, "tls", host="pc")
    logins = rows(path, "imap.request contains \"LOGIN\"", "ip.dst")
    assert logins == [["10.0.2.21"], ["10.0.2.22"]], logins


def test_a_certificate_logs_in_and_none_does_not():
    path, events = run("tls-client-certificate")
    asked = rows(path, "tls.handshake.type == 13", "ip.src")                # certificate request
    assert asked == [["10.0.2.25"], ["10.0.2.25"]], asked
    shown = rows(path, "ip.src == 10.0.2.10 && x509ce.rfc822Name == \"bob@bob.test\"", "frame.number")
    assert len(shown) == 1, shown
    assert rows(path, "imap.request contains \"EXTERNAL\" && tls", "frame.number")
    assert [row[0] for row in rows(path, "tls.alert_message.level == 2", "tls.alert_message.desc")] == ["116"]
    assert values(events, "user") == ["bob"]
    assert outcome(events, "known") == "done" and outcome(events, "unknown") == "failed"


def test_stripping_makes_the_trusting_fall_and_the_strict_leave():
    path, events = run("starttls-stripping")
    offered = "(imap contains \"STARTTLS\" || pop contains \"STLS\" || smtp contains \"STARTTLS\")"
    assert rows(path, f"{offered} && ip.dst == 10.0.2.1", "frame.number")      # the server's word
    assert not rows(path, f"{offered} && ip.dst == 10.0.1.10", "frame.number")  # what arrives
    in_clear = rows(path, "tcp contains \"jasmine-94\" && ip.src == 10.0.1.10 && !tls", "tcp.stream")
    assert len({row[0] for row in in_clear}) == 1, in_clear                     # only the trusting one
    for action, how in (("trusting", "done"), ("strict", "failed"), ("implicit", "done"),
                        ("strict-pop", "failed"), ("strict-letter", "failed")):
        assert outcome(events, action) == how, action


def test_an_injected_command_is_obeyed_only_by_the_careless():
    path, events = run("starttls-injection")
    together = rows(path, "imap.request contains \"STARTTLS\" && imap contains \"x1 LOGIN mallory\"", "ip.dst")
    assert together == [["10.0.2.25"], ["10.0.2.26"]], together                 # in one segment, to both
    assert values(events, "user", host="careful") == ["bob"]
    assert values(events, "user", host="careless") == ["mallory"]
    told = [e["key"] + " " + e["value"] for e in events if e["host"] == "careless" and e["key"] in ("tls", "user")]
    assert told.index("user mallory") == told.index("tls TLSv1.3 TLS_AES_256_GCM_SHA384") + 1, told
    assert outcome(events, "resisted") == "done" and outcome(events, "fallen") == "failed"
    assert any("thrown away" in text for text in values(events, "log", host="careful"))
    assert any("vulnerable on purpose" in text for text in values(events, "log", host="careless"))


tap.main(globals())
