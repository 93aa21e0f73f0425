#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_findings.py -- the simulator's scenarios raise exactly the findings that they should.

    judge_findings.py ENVELOSCOPE-SIM ENVELOSCOPE-CAPTURE

Each family of rules has a table: scenario -> the numbers of its rules. A scenario that a family's table does not
name must raise none of that family. What a scenario does is in its YAML file; the tables were written from these.
"""
import base64
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import urllib.parse

import program
import tap

CAPTURE = os.path.abspath(sys.argv[2])
PLACE = tempfile.mkdtemp(prefix="enveloscope-findings-")
SECRETS_BLOCK = 0x0000000A         # pcapng: Decryption Secrets Block

# 001 password in clear, 002 rejected, 003 clear login offered, 004 token, 005 CRAM-MD5, 006 APOP, 007 its challenge,
# 010 SCRAM, 011 empty, 012 one password in several places, 013 guessing, 014 spraying, 015 success after it
AUTH = {
    "01-how-mail-works": "001 003 012",        # Bob reads with POP3 and IMAP
    "mail-journey": "001 003 012",
    "mail-journey-v6": "001 003 012",
    "apop": "001 006",
    "examine-vs-select": "001 003",
    "flags-two-devices-imap": "001 003",
    "flags-two-devices-pop3": "001",           # nobody asks for CAPA
    "folders": "001 003",
    "header-first": "001 003 012",
    "idle": "001 003",
    "imap-states": "001 002 003",
    "lmtp-delivery": "001 003",
    "login-failures": "002 003",               # three wrong ones for a user are no attack yet
    "mail-aliases": "001 003",
    "mail-blocklist": "001 003",
    "mail-bombing": "001 003",
    "mail-bombing-limited": "001 003",
    "mail-bounce": "001 003 012",
    "mail-disconnected": "001 003",
    "mail-expired": "001 003 012",
    "mail-full": "001 003 012",
    "mail-greylisting": "001 003",
    "mail-mx-fallback": "001 003",
    "mail-no-mx": "001 003 012",
    "mail-offline": "001 003",
    "mail-online": "001 003",
    "mail-queue-retry": "001 003",
    "mail-relay-abused": "001",
    "office": "001 003",
    "partial-fetch": "001 003",
    "pop3-dropped-line": "001",
    "pop3-leave-on-server": "001",
    "pop3-three-states": "001",
    "pop3-to-imap": "001 003 012",
    "quota": "001 003",
    "scram-beside-plain": "001 003 005 010",
    "search-on-server": "001 003",
    "shared-mailbox": "001 003",
    "sniffer-clear": "001 003 012",
    "spray-with-lockout": "001 002 003 014",   # the accepted login is the user's own
    "spray-without-delay": "001 002 003 014 015",
    "starttls-injection": "001 003 012",
    "starttls-reading": "002",                 # PRIVACYREQUIRED came too late for the password
    "starttls-stripping": "001 003 007",       # the attacker passes one greeting on: one challenge twice
    "thai-addresses": "001 003",
    "tls-certificates": "012",                 # two servers, one password, seen with the key log inside
    "uidvalidity-change": "001 003",
    "xoauth2": "004",
}
# 001 answers tell who exists, 002 software named
ENUM = {
    "mail-aliases": "001",                     # EXPN lists the members
    "starttls-reading": "002",                 # POP3's CAPA says IMPLEMENTATION
    "starttls-stripping": "002",
}
RELAY = {"mail-relay-abused": "001"}
ABUSE = {"mail-bombing": "001"}           # where the rate is limited, the bomb never becomes one
SMUG = {"smuggling-lenient": "001", "smuggling-strict": "001"}
# 001 not offered, 002 offered but not used, 003 sign of stripping, 005 commands behind the request
STLS = {
    **dict.fromkeys("""
        01-how-mail-works lost-segment mail-journey mail-journey-v6 second-data-lost 8bit bdat examine-vs-select
        flags-two-devices-imap folders header-first idle imap-states lmtp-delivery login-failures mail-aliases
        mail-blocklist mail-bombing mail-bombing-limited mail-bounce mail-disconnected mail-expired mail-full
        mail-greylisting mail-mx-fallback mail-no-mx mail-offline mail-online mail-queue-retry mail-relay-abused
        mail-relay-refused partial-fetch pipelining pop3-to-imap quota scram-beside-plain search-on-server
        shared-mailbox smuggling-lenient smuggling-strict sniffer-clear spray-with-lockout spray-without-delay
        thai-addresses uidvalidity-change xoauth2
    """.split(), "001"),                       # their servers have no certificate
    "office": "002",
    "starttls-injection": "005",
    "starttls-reading": "002",
    "starttls-stripping": "001 002 003",       # 002: what the attacker's own side shows
}
# 003 dates, 004 issuer, 005 name, 006 key, 007 accepted all the same. The simulator's authority is in no store, so each
# certificate that the key log inside the capture opens is one of an unknown issuer.
TLS = {
    "implicit-tls": "004 007",
    "sniffer-tls": "004 007",
    "starttls-injection": "004 007",
    "starttls-reading": "004 007",
    "starttls-stripping": "004 007",           # on the attacker's far side
    "starttls-submission": "004 007",
    "tls-certificates": "003 004 005 006 007",
    "tls-client-certificate": "004 007",
}
FAMILIES = {"ENUM": ENUM, "RELAY": RELAY, "ABUSE": ABUSE, "SMUG": SMUG, "EAI": {}, "CAP": {}, "AUTH": AUTH, "STLS": STLS,
            "TLS": TLS, "POL": {}}
RUNS = {}


def scenarios():
    return [line.split("\t")[0] for line in program.sim("list").stdout.splitlines()]


def run(name):
    if name not in RUNS:
        RUNS[name] = program.saved(PLACE, name)
    return RUNS[name]


def audit(path, *options):
    done = subprocess.run([CAPTURE, "audit", path, "--format", "json", "--no-sha256", "--lang", "en", *options],
                          capture_output=True, text=True, timeout=program.SECONDS_MAX)
    assert done.returncode in (0, 4), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def of_type(objects, kind):
    return [o for o in objects if o["type"] == kind]


def test_each_scenario_raises_what_it_should():
    wrong = []
    for name in scenarios():
        raised = {f["rule"] for f in of_type(audit(run(name)), "finding")}
        for family, table in FAMILIES.items():
            found = sorted(rule for rule in raised if rule.startswith(family + "-"))
            wanted = [f"{family}-{number}" for number in table.get(name, "").split()]
            if found != wanted:
                wrong.append(f"{name}: {' '.join(found)}, not {' '.join(wanted)}")
    assert not wrong, "\n".join(wrong)


def test_tables_name_scenarios_that_there_are():
    known = set(scenarios())
    for family, table in FAMILIES.items():
        assert not set(table) - known, (family, set(table) - known)


def test_the_guesser_and_its_success_are_named():
    found = {f["rule"]: f for f in of_type(audit(run("spray-without-delay")), "finding")}
    assert found["AUTH-015"]["severity"] == "critical" and found["AUTH-015"]["outcome"] == "accepted"
    assert len(found["AUTH-014"]["evidence"]) == 5, found["AUTH-014"]["evidence"]     # one password of each user
    said = program.fields(run("spray-without-delay"), "frame.number", "ip.src", where='imap.request contains "bob"')
    frame = found["AUTH-015"]["evidence"][0]["frame"]
    assert [str(frame), "10.0.1.66"] in said, (frame, said)      # a guesser's address, not Bob's


# ---- what is inside TLS ----

def split_secrets(path):
    """The same capture without its secrets, and these as a key log file."""
    with open(path, "rb") as file:
        octets = file.read()
    kept, log, at = b"", b"", 0
    while at < len(octets):
        kind, n = struct.unpack_from("<II", octets, at)
        if kind == SECRETS_BLOCK:
            n_log = struct.unpack_from("<I", octets, at + 12)[0]
            log += octets[at + 16:at + 16 + n_log]
        else:
            kept += octets[at:at + n]
        at += n
    sealed, keylog = path + "-sealed.pcapng", path + "-keys.txt"
    for name, content in ((sealed, kept), (keylog, log)):
        with open(name, "wb") as file:
            file.write(content)
    assert log
    return sealed, keylog


def test_logins_inside_tls_need_the_key_log():
    for name, wanted in (("implicit-tls", {("smtp", "carol"), ("imap", "bob"), ("pop3", "bob")}),
                         ("starttls-submission", {("smtp", "alice")})):
        sealed, keylog = split_secrets(run(name))
        assert of_type(audit(sealed), "login") == []
        for objects in (audit(run(name)), audit(sealed, "--keylog", keylog)):
            logins = of_type(objects, "login")
            assert {(o["protocol"], o["user"]) for o in logins} == wanted, logins
            assert all(o["encrypted"] and o["outcome"] == "accepted" and o["secret"] == "******" for o in logins)


def test_a_key_log_that_cannot_be_read_is_an_error():
    done = subprocess.run([CAPTURE, "audit", run("implicit-tls"), "--keylog", PLACE + "/none"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 3 and "none" in done.stderr, done


# ---- secrets ----

def forms(secret):
    octets = secret.encode()
    for padding in range(3):           # base64 of it at any place in a message
        text = base64.b64encode(b"\0" * padding + octets).decode().rstrip("=")
        yield text[4 if padding else 0:-1]
    yield secret
    yield octets.hex()
    yield urllib.parse.quote(secret)
    yield octets.decode("utf-8").encode("utf-16-le").hex()


def test_no_secret_is_in_what_is_written_without_reveal():
    for name in ("sniffer-clear", "login-failures", "spray-with-lockout", "xoauth2", "implicit-tls"):
        revealed = os.path.join(PLACE, "revealed")
        audit(run(name), "--reveal", "-o", revealed)
        with open(revealed, encoding="utf-8") as lines:
            secrets = {o["secret"] for o in of_type(map(json.loads, lines), "login")}
        os.remove(revealed)
        secrets = {s for s in secrets if len(s) >= 6 and s != "password"}    # a word of our own sentences
        assert secrets, name
        for words in (["audit", run(name)], ["audit", run(name), "--format", "json"],
                      ["decode", "-r", run(name)], ["decode", "-r", run(name), "-V"]):
            out = subprocess.run([CAPTURE, *words], capture_output=True, text=True, check=False).stdout
            for secret in secrets:
                for form in forms(secret):
                    assert not re.search(re.escape(form), out), f"{name}, {words[0]}: {form}"


tap.main(globals())
