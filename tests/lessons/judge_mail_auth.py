#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mail_auth.py -- logging in, listening and guessing in simulated mail, before tshark.

    judge_mail_auth.py ENVELOSCOPE-SIM

What the simulated sniffer says it learnt must stand in the frames, read by tshark from the saved file, and
under TLS it must have learnt nothing that is not in the hellos. What the guesser counts must be what tshark
counts.
"""
import base64
import hashlib
import re
import subprocess
import tempfile

import program
import tap

PLACE = tempfile.mkdtemp(prefix="enveloscope-auth-")
SCENARIOS = ["sniffer-clear", "sniffer-tls", "scram-beside-plain", "apop", "xoauth2", "spray-without-delay",
             "spray-with-lockout", "login-failures"]
RUNS = {}


def run(name):
    """The saved run and its events, made once."""
    if name not in RUNS:
        RUNS[name] = program.saved(PLACE, name), program.events(PLACE, name)
    return RUNS[name]


def rows(path, where, *keys):
    words = [word for key in keys for word in ("-e", key)]
    out = program.tshark(path, "-o", "smtp.decryption:TRUE", "-Y", where, "-T", "fields", *words)
    return [line.split("\t") for line in out.splitlines()]


def values(events, key, **where):
    return [e["value"] for e in events if e["key"] == key and all(e[k] == v for k, v in where.items())]


def unbase64(text):
    """tshark shows the challenge as it stands, or decoded already."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text


def outcome(events, action):
    return [e["value"] for e in events if e["subject"] == "action" and e["key"] == action][-1]


def facts(events, *kinds):
    """What the sniffer learnt, as (kind, text)."""
    found = []
    for e in events:
        match = e["subject"].startswith("sniffer ") and e["key"].isdigit() and \
            re.match(r"([a-z-]+): (.*) \(([^()]*) > ([^()]*)\)$", e["value"])
        if match and (not kinds or match.group(1) in kinds):
            found.append((match.group(1), match.group(2)))
    return found


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


def test_the_sniffer_learns_what_tshark_reads():
    path, events = run("sniffer-clear")
    assert [text for _, text in facts(events, "password")] == \
        ["lotus-27 of alice by PLAIN", "jasmine-94 of bob by LOGIN COMMAND", "jasmine-94 of bob by USER"]
    assert rows(path, "smtp.auth.username", "smtp.auth.username", "smtp.auth.password") == \
        [["alice", "lotus-27"]]
    assert rows(path, "pop.request.command == \"PASS\"", "pop.request.parameter") == [["jasmine-94"]]
    assert rows(path, "imap.request contains \"LOGIN\" && imap contains \"jasmine-94\"", "frame.number")
    assert [text.rsplit(" ", 1)[1] for _, text in facts(events, "login")] == ["accepted"] * 3
    sent = rows(path, "smtp.req.command in {\"MAIL\", \"RCPT\"}", "smtp.req.parameter")
    told = [text for _, text in facts(events, "sender", "recipient")]
    assert [re.search("<(.*)>", row[0]).group(1) for row in sent] == told, (sent, told)
    assert ("subject", "The price is 300") in facts(events)


def test_the_sniffer_counts_the_octets_of_a_message():
    path, events = run("sniffer-clear")
    sizes = rows(path, "pop.response.indicator == \"+OK\" && pop.response.description matches \"octets$\"",
                 "pop.response.description")
    wanted = [row[0] for row in sizes if re.match(r"^\d+ octets$", row[0])]
    assert [text for _, text in facts(events, "size")][-len(wanted):] == wanted, (sizes, facts(events, "size"))


def test_on_a_lossy_line_the_listener_learns_the_same():
    _, clean = run("sniffer-clear")
    lossy = program.events(PLACE, "sniffer-clear", "--set", "links.wan.loss=0.05", "--seed", "3")
    assert any(e["key"] == "rtxq" and "retransmitted" in e["value"] for e in lossy)
    kinds = ("password", "login", "sender", "recipient", "subject", "size")
    assert sorted(facts(lossy, *kinds)) == sorted(facts(clean, *kinds)), facts(lossy, *kinds)


def test_under_tls_only_the_hellos_are_read():
    path, events = run("sniffer-tls")
    assert {kind for kind, _ in facts(events)} == {"server-name", "tls", "hidden"}, facts(events)
    names = rows(path, "tls.handshake.type == 1", "tls.handshake.extensions_server_name")
    assert [text for _, text in facts(events, "server-name")] == [row[0] for row in names]
    told = sum(int(n) for _, text in facts(events, "hidden")
               for n in re.match(r"(\d+) octets in \d+ records of the client, (\d+) in", text).groups())
    bare = path + ".bare"
    if subprocess.run(["editcap", "--discard-all-secrets", path, bare], capture_output=True).returncode:
        raise tap.Skip("editcap is not installed")
    records = rows(bare, "tls.record.opaque_type == 23 || tls.record.content_type == 23",
                   "tls.record.content_type", "tls.record.opaque_type", "tls.record.length")
    assert told > 0 and records, records
    lengths = 0
    for plain, opaque, all_lengths in records:
        # without secrets every record behind the server's hello is shown with its opaque type
        kinds = (plain + "," + opaque).strip(",").split(",")
        lengths += sum(int(n) for kind, n in zip(kinds, all_lengths.split(",")) if kind == "23") \
            if len(kinds) == len(all_lengths.split(",")) else 0
    assert lengths == told, (lengths, told)
    with open(path, "rb") as capture:
        octets = capture.read()
    for secret in (b"lotus-27", b"jasmine-94", b"The price is 300"):
        assert secret not in octets, secret


def test_scram_shows_no_password_and_the_server_proves_itself():
    path, events = run("scram-beside-plain")
    assert [text for _, text in facts(events, "password")] == ["lotus-27 of alice by PLAIN"]
    assert len(facts(events, "digest")) == 2
    challenges = [row[0] for row in rows(path, "smtp.response.code == 334", "smtp.rsp.parameter")]
    decoded = [unbase64(text) for text in challenges]
    assert any(text.startswith("v=") for text in decoded), decoded
    assert any(re.match(r"r=[^,]+,s=[^,]+,i=4096$", text) for text in decoded), decoded
    assert len(rows(path, "smtp.response.code == 235", "frame.number")) == 3
    for action in ("plain", "cram", "scram"):
        assert outcome(events, action) == "done", action


def test_apop_is_another_digest_of_the_same_password():
    path, events = run("apop")
    apop = rows(path, "pop.request.command == \"APOP\"", "pop.request.parameter")
    assert len(apop) == 1 and apop[0][0].startswith("bob "), apop
    stamps = [re.search("<.*>", row[0]).group(0) for row in
              rows(path, "pop.response.description contains \"Enveloscope\"", "pop.response.description")]
    wanted = hashlib.md5((stamps[1] + "jasmine-94").encode()).hexdigest()
    assert apop[0][0] == "bob " + wanted, (apop, wanted)
    assert [text for _, text in facts(events, "password")] == ["jasmine-94 of bob by USER"]
    assert facts(events, "digest") == [("digest", f"{wanted} of bob by APOP")]
    assert outcome(events, "digest") == "done"


def test_a_token_is_as_good_as_its_time_and_its_owner():
    path, events = run("xoauth2")
    assert [outcome(events, a) for a in ("good", "old", "stolen", "bearer")] == \
        ["done", "failed", "failed", "failed"]
    told = [unbase64(row[0]) for row in rows(path, "smtp.response.code == 334", "smtp.rsp.parameter")]
    assert ["\"status\":\"401\"" in text for text in told] == [True, False], told
    assert "invalid_token" in told[1], told
    assert [row[0] for row in rows(path, "smtp.response.code in {235, 535}", "smtp.response.code")] == \
        ["235", "535", "535", "535"]
    assert [text.split(" ")[0] for _, text in facts(events, "token")] == \
        ["ya29.alice-token", "ya29.alice-token", "ya29.bob-token", "ya29.wrong"]


def logins(path):
    """Commands of LOGIN from the attackers, and the tagged answers to them."""
    said = rows(path, "imap.request contains \"LOGIN\" && ip.src in {10.0.1.66, 10.0.1.67}", "frame.time_relative")
    right = rows(path, "imap.response contains \"Logged in\" && ip.dst in {10.0.1.66, 10.0.1.67}",
                 "frame.time_relative")
    return said, right


def test_spraying_finds_an_account_where_nobody_hinders_it():
    path, events = run("spray-without-delay")
    said, right = logins(path)
    assert len(said) == int(values(events, "guesses")[0]) and len(right) == 1, (said, right)
    assert values(events, "found") == ["bob jasmine-94"]
    assert float(values(events, "seconds")[0]) < 5
    assert outcome(events, "spray") == "done"


def test_delay_and_lock_make_the_right_password_useless():
    path, events = run("spray-with-lockout")
    said, right = logins(path)
    assert len(said) == int(values(events, "guesses")[0]) == 20 and not right, (said, right)
    assert not values(events, "found") and outcome(events, "spray") == "failed"
    assert float(values(events, "seconds")[0]) > 100
    waits = [float(b[0]) - float(a[0]) for a, b in zip(
        rows(path, "imap.request contains \"LOGIN\" && ip.src == 10.0.1.66", "frame.time_relative"),
        rows(path, "imap.response matches \" NO \\\\[\" && ip.dst == 10.0.1.66", "frame.time_relative"))]
    assert [round(w) for w in waits[:5]] == [1, 2, 4, 8, 16], waits
    assert any("jasmine-94 later" in e["value"] for e in events if e["subject"] == "spray spray")
    assert outcome(events, "owner") == "done"
    assert len([v for v in values(events, "log", host="mail") if "locked for 600 s" in v]) == 2


def test_each_failure_has_its_own_reply():
    path, events = run("login-failures")
    codes = [row[0] for row in rows(path, "smtp.response.code in {535, 432, 454, 538, 534, 504}",
                                    "smtp.response.code")]
    assert codes == ["535", "535", "432", "535", "535", "454"], codes
    assert outcome(events, "unoffered") == "failed"
    pop = [row[0] for row in rows(path, "pop.response.indicator == \"-ERR\"", "pop.response.description")]
    assert [text.split("]")[0] for text in pop[:2]] == ["[SYS/TEMP", "[AUTH"] and len(pop) == 3, pop
    imap = rows(path, "imap.response matches \"^[a-e] NO\"", "imap.response.status")
    assert len(imap) == 5, imap
    for code in ("UNAVAILABLE", "CONTACTADMIN", "EXPIRED", "CANNOT", "AUTHENTICATIONFAILED"):
        assert rows(path, f"imap.response contains \"[{code}]\"", "frame.number"), code


tap.main(globals())
