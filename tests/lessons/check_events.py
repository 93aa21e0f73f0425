#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_events.py -- what the state views will show is possible: every step of every state machine is
an arrow of its RFC, counters never run backwards, and mail is where it should be before and after."""
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import events, tap  # noqa: E402

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


tap.main(globals())
