#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_events.py -- what the state views will show is possible: every step of every state machine is
an arrow of its RFC, counters never run backwards, and mail is where it should be before and after."""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import LESSONS, ROOT, events, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
JOURNEY = events(PLACE, "mail-journey")
LOST = events(PLACE, "lost-segment")

# RFC 9293, figure 5; None is before the first event
TCP = {None: {"LISTEN", "SYN-SENT", "SYN-RECEIVED", "CLOSED"},
       "CLOSED": {"SYN-SENT", "LISTEN"},
       "LISTEN": {"SYN-RECEIVED", "SYN-SENT", "CLOSED"},
       "SYN-SENT": {"ESTABLISHED", "SYN-RECEIVED", "CLOSED"},
       "SYN-RECEIVED": {"ESTABLISHED", "FIN-WAIT-1", "CLOSED"},
       "ESTABLISHED": {"FIN-WAIT-1", "CLOSE-WAIT", "CLOSED"},
       "FIN-WAIT-1": {"FIN-WAIT-2", "CLOSING", "TIME-WAIT", "CLOSED"},
       "FIN-WAIT-2": {"TIME-WAIT", "CLOSED"},
       "CLOSE-WAIT": {"LAST-ACK", "CLOSED"},
       "CLOSING": {"TIME-WAIT"}, "LAST-ACK": {"CLOSED"}, "TIME-WAIT": {"CLOSED"}}
# RFC 5321 section 3, 4954
SMTP = {None: {"CONNECTED", "GREETED"}, "CONNECTED": {"GREETED"},
        "GREETED": {"READY", "QUIT"}, "READY": {"MAIL", "AUTH", "QUIT", "READY"},
        "AUTH": {"READY"}, "MAIL": {"RCPT", "READY", "QUIT"}, "RCPT": {"DATA", "RCPT", "READY", "QUIT"},
        "DATA": {"READY", "QUIT"}, "QUIT": set()}
POP = {None: {"AUTHORIZATION"}, "AUTHORIZATION": {"TRANSACTION"}, "TRANSACTION": {"UPDATE"},
       "UPDATE": set()}
# RFC 3501 section 3
IMAP = {None: {"NOT AUTHENTICATED"}, "NOT AUTHENTICATED": {"AUTHENTICATED", "LOGOUT"},
        "AUTHENTICATED": {"SELECTED", "LOGOUT"}, "SELECTED": {"AUTHENTICATED", "SELECTED", "LOGOUT"},
        "LOGOUT": set()}


def machines(rows, prefix):
    """{(host, subject): [states in order]}"""
    out = {}
    for row in rows:
        if row["key"] == "state" and row["subject"].split(" ")[0] in (prefix, prefix + "-client"):
            out.setdefault((row["host"], row["subject"]), []).append(row["value"])
    return out


def walk(rows, prefix, arrows, at_least):
    found = machines(rows, prefix)
    assert len(found) >= at_least, found.keys()
    for who, states in found.items():
        before = None
        for state in states:
            assert state in arrows[before], (who, before, state)
            before = state
    return found


def test_tcp_states_follow_rfc_9293():
    for rows, n in ((JOURNEY, 8), (LOST, 2)):
        found = walk(rows, "tcp", TCP, n)
        for who, states in found.items():
            assert "ESTABLISHED" in states, who
            assert states[-1] in ("CLOSED", "TIME-WAIT"), (who, states)


def test_each_connection_has_one_end_that_waits():
    """Who closes first passes TIME-WAIT; the other end passes LAST-ACK."""
    pairs = {}
    for (_, subject), states in machines(JOURNEY, "tcp").items():
        pairs.setdefault(subject, []).append("TIME-WAIT" in states)
    assert all(sorted(pair) == [False, True] for pair in pairs.values()), pairs


def test_smtp_states_follow_rfc_5321():
    found = walk(JOURNEY, "smtp", SMTP, 4)
    for who, states in found.items():
        order = [s for s in states if s in ("READY", "MAIL", "RCPT", "DATA", "QUIT")]
        assert order.index("MAIL") < order.index("RCPT") < order.index("DATA"), (who, states)
        assert states[-1] == "QUIT", (who, states)


def test_pop3_passes_its_three_states():
    for who, states in walk(JOURNEY, "pop3", POP, 2).items():
        assert states == ["AUTHORIZATION", "TRANSACTION", "UPDATE"], (who, states)


def test_imap_passes_its_four_states():
    for who, states in walk(JOURNEY, "imap", IMAP, 2).items():
        assert states == ["NOT AUTHENTICATED", "AUTHENTICATED", "SELECTED", "LOGOUT"], (who, states)


def series(rows, key):
    out = {}
    for row in rows:
        if row["key"] == key and row["subject"].startswith("tcp "):
            out.setdefault((row["host"], row["subject"]), []).append(int(row["value"]))
    return out


def test_sequence_numbers_never_run_backwards():
    for rows in (JOURNEY, LOST):
        for key in ("snd_una", "rcv_nxt"):
            for who, values in series(rows, key).items():
                values = [v for v in values if v]      # 0: nothing received yet
                steps = [(b - a) % 2 ** 32 for a, b in zip(values, values[1:])]
                assert all(step < 2 ** 31 for step in steps), (who, key, values)


def test_what_is_in_flight_lies_between_una_and_nxt():
    last = {}
    checked = 0
    for row in JOURNEY:
        if not row["subject"].startswith("tcp "):
            continue
        now = last.setdefault((row["host"], row["subject"]), {})
        now[row["key"]] = row["value"]
        if row["key"] == "snd_nxt" and "snd_una" in now:
            assert (int(now["snd_nxt"]) - int(now["snd_una"])) % 2 ** 32 < 2 ** 20, now
            checked += 1
    assert checked > 20, checked


def test_the_lost_segment_halves_the_window():
    sender = [values for (host, _), values in series(LOST, "cwnd").items() if host == "mx-alice"][0]
    threshold = [values for (host, _), values in series(LOST, "ssthresh").items()
                 if host == "mx-alice"][0]
    assert min(threshold) < max(sender), (sender, threshold)


def test_the_mailbox_before_and_after():
    rows = [r for r in JOURNEY if r["subject"] == "mailbox bob/INBOX"]
    assert [bool(r["value"]) for r in rows] == [True] * (len(rows) - 1) + [False], rows
    assert "flags= " in rows[0]["value"] and "subject=แผนเที่ยวเชียงใหม่" in rows[0]["value"]
    assert any("\\Seen" in r["value"] for r in rows), rows
    assert {r["key"] for r in rows} == {rows[0]["key"]} and {r["host"] for r in rows} == {"mx-bob"}


def test_the_letter_is_delivered_before_the_server_says_so():
    delivered = [r["time"] for r in JOURNEY if r["subject"] == "mailbox bob/INBOX"][0]
    ready = [r["time"] for r in JOURNEY if r["host"] == "mx-bob" and r["subject"].startswith("smtp ")
             and r["key"] == "state" and r["value"] == "READY"]
    assert abs(ready[-1] - delivered) < 0.001, (delivered, ready)


def test_devices_keep_what_their_protocol_gives():
    kept = {r["host"]: r["value"] for r in JOURNEY if r["subject"].startswith("store ")}
    size = {host: int(re.search(r"size=(\d+)", value).group(1)) for host, value in kept.items()}
    assert set(size) == {"bob-phone", "bob-pc"}, kept
    whole = int(re.search(r"size=(\d+)", [r for r in JOURNEY if r["subject"] == "mailbox bob/INBOX"]
                          [0]["value"]).group(1))
    assert size["bob-pc"] == whole > size["bob-phone"], size


def test_the_queue_is_empty_in_the_end():
    last = {}
    for row in JOURNEY:
        if row["subject"] == "mail-queue":
            last[(row["host"], row["key"])] = row["value"]
    assert last and not any(last.values()), last


# ---- every subject that is documented is told, and every one that is told is documented ----

# A network in which nearly everything happens that world.h knows a subject for.
EVERYTHING = """
until: 40s
hosts:
  pc: {address: 192.168.1.10/24, gateway: box, dns: ns, claim: probe, tcp: {ecn: ask}}
  in: {kind: switch, ageing: 1s}
  box: {kind: router, addresses: {up: 192.168.1.1/24, wan: 203.0.113.1/24}, gateway: r2, nat: {outside: wan},
        dhcp: {range: [192.168.1.100, 192.168.1.110]}}
  guest: {address: dhcp}
  out: {kind: switch}
  ns: {kind: server, address: 203.0.113.53/24, gateway: r2, resolver: true}
  server: {kind: server, addresses: {sl: 203.0.113.80/24}, gateway: r2, tcp: {ecn: ask}, small_services: [echo, discard, chargen]}
  r2: {kind: router, addresses: {r2l: 203.0.113.2/24, fl: 198.51.100.1/24}}
  far: {kind: server, address: 198.51.100.9/24, gateway: r2}
links:
  l1: {ends: [pc, in], rate: 100Mbit/s, mark: 1}
  l2: {ends: [guest, in]}
  up: {ends: [in, box], rate: 2Mbit/s, mark: 1}
  wan: {ends: [box, out], rate: 1Mbit/s, mark: 1}
  nl: {ends: [ns, out]}
  sl: {ends: [server, out], rate: 1Mbit/s, mark: 1}
  r2l: {ends: [r2, out]}
  fl: {ends: [r2, far], r2-to-far: {mtu: 600}}
zones:
  far.test: {server: far, records: [{name: server, type: A, value: 203.0.113.80}]}
services:
  far: {name: far.test, domains: [far.test], smtp: {port: 25}}
users:
  - {name: bob, password: x, host: far}
faults:
  - {link: wan, from: box, do: delay, by: 5ms, of: icmp}
changes:
  - {at: 20s, link: fl, loss: 1%}
actions:
  - {at: 3s, host: pc, do: ping, server: server.far.test, count: 2}
  - {at: 4s, host: pc, do: traceroute, server: 198.51.100.9}
  - {at: 6s, host: pc, do: lookup, server: server.far.test, type: A}
  - {at: 7s, host: pc, do: transfer, server: 203.0.113.80, port: 5000, send: 60000}
  - {at: 10s, host: pc, do: send, server: 198.51.100.9, port: 25, from: a@a.test, to: bob@far.test, subject: hi,
     text: hi, attachment: {name: big.bin, size: 4000}}
inputs:
  - {at: 12s, do: open, as: me, host: pc, to: "198.51.100.9:25"}
  - {at: 14s, do: type, as: me, line: QUIT}
"""


def documented():
    """The words with which subjects begin, from the comment on struct world_event."""
    with open(os.path.join(ROOT, "sim", "core", "world.h"), encoding="utf-8") as f:
        text = f.read()
    comment = text[text.index("/* One change of something"):text.index("struct world_event {")]
    comment = re.sub(r"\n \*\s*", " ", comment)
    words = re.findall(r'subject "([\w-]+)', comment)
    words += re.findall(r';\s+"([\w-]+)[^"]*",? key', comment) + re.findall(r';\s+"(log)"', comment)
    words += re.findall(r"\(also ([\w, ]+);", comment)[0].split(", ")
    return set(words)


def test_every_subject_is_told_and_documented():
    path = os.path.join(PLACE, "everything.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(EVERYTHING)
    rows = JOURNEY + LOST + events(PLACE, path)
    folder = os.path.join(LESSONS, "scenarios")
    for name in sorted(os.listdir(folder)):
        rows += events(PLACE, os.path.join(folder, name))
    told = {re.sub("-client$", "", r["subject"].split(" ")[0]) for r in rows}
    known = documented()
    assert not known - told, f"documented and never told: {sorted(known - told)}"
    assert not told - known, f"told and not documented: {sorted(told - known)}"


def test_every_key_of_tcp_is_told():
    with open(os.path.join(ROOT, "sim", "core", "world.h"), encoding="utf-8") as f:
        text = f.read()
    comment = re.sub(r"\n \*\s*", " ", text[text.index('subject "tcp '):text.index('subject "smtp ')])
    keys = set(re.findall(r"keys ([^;]*);", comment)[0].replace(",", " ").split())
    keys |= set(re.findall(r"; (\w+)(?: [\w-]+,|,)", comment)) | {"control"}
    told = {r["key"] for r in JOURNEY + LOST if r["subject"].startswith("tcp ")}
    # the urgent pointer is sent by nobody here; its keys have scripts of their own
    assert not keys - told - {"snd_up", "rcv_up", "also"}, sorted(keys - told)


def test_the_language_changes_sentences_only():
    path = os.path.join(PLACE, "th.jsonl")
    done = sim("run", "mail-journey", "--set", "links.wan.loss=0.1", "--events", path, "--quiet", "--hash", lang="th")
    english = os.path.join(PLACE, "en.jsonl")
    other = sim("run", "mail-journey", "--set", "links.wan.loss=0.1", "--events", english, "--quiet", "--hash")
    assert done.stdout == other.stdout and done.returncode == 0
    with open(path, encoding="utf-8") as a, open(english, encoding="utf-8") as b:
        thai, rows = [json.loads(line) for line in a], [json.loads(line) for line in b]
    assert len(thai) == len(rows)
    different = {y["subject"] for x, y in zip(thai, rows) if x != y}
    assert different and different <= {"log", "route"}, different
    assert any("\u0e00" <= c <= "\u0e7f" for r in thai if r["subject"] == "log" for c in r["value"])


tap.main(globals())
