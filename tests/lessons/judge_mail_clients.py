#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mail_clients.py -- the scenarios about mail programs, before tshark and in their events: what each was
made to show.

    judge_mail_clients.py ENVELOSCOPE-SIM"""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import fields, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
TROUBLE = "tcp.analysis.flags || _ws.malformed || _ws.expert.severity >= 6291456"
# tshark 4.0 wants a number of octets in the answer to TOP, which RFC 1939 does not: a false alarm.
HARMLESS = {"pop3-leave-on-server": "pop.response && ip.dst == 10.0.1.11"}
RUNS = {}


def run(name):
    """(events, file) of a scenario, run once; nothing on its wire is wrong, and every action is done."""
    if name not in RUNS:
        path, log = os.path.join(FOLDER.name, name + ".pcapng"), os.path.join(FOLDER.name, name + ".jsonl")
        done = sim("run", name, "-w", path, "--events", log, "--format", "none")
        assert done.returncode == 0, done.stderr
        with open(log, encoding="utf-8") as rows:
            RUNS[name] = [json.loads(row) for row in rows], path
        where = f"({TROUBLE}) && !({HARMLESS.get(name, 'frame.number == 0')})"
        assert not fields(path, "frame.number", where=where), fields(path, "frame.number", where=where)
    return RUNS[name]


def ends(name):
    return {e["key"]: e["value"] for e in run(name)[0]
            if e["subject"] == "action" and e["value"] in ("done", "failed")}


def told(name, host, key):
    return [e["value"] for e in run(name)[0] if e["host"] == host and e["key"] == key]


def kept(name, subject):
    """{key: value} of what is there in the end."""
    last = {e["key"]: e["value"] for e in run(name)[0] if e["subject"] == subject}
    return {key: value for key, value in last.items() if value}


def wire(name, what, where):
    """The lines of a field, one after the other."""
    return [line.strip() for row in fields(run(name)[1], what, where=where)
            for line in re.split(r"\\r\\n|,|\n", row[0] if isinstance(row, (list, tuple)) else row) if line.strip()]


def commands(name):
    return wire(name, "pop.request.command", "pop.request.command")


def counts(name, host):
    text = told(name, host, "count")
    text = [t for t in text if t.startswith("octets-in=")][-1]
    return {key: float(value) for key, value in (word.split("=") for word in text.split())}


# ---- POP3 ----

def test_pop3_has_three_states():
    assert ends("pop3-three-states") == {"states": "done", "again": "done"}
    states = [e["value"] for e in run("pop3-three-states")[0]
              if e["host"] == "mail" and e["subject"].startswith("pop3 ") and e["key"] == "state"]
    assert states == ["AUTHORIZATION", "TRANSACTION", "UPDATE"] * 2, states
    said = commands("pop3-three-states")
    assert said[:8] == ["STAT", "USER", "PASS", "USER", "LIST", "RETR", "DELE", "RETR"], said
    assert len(kept("pop3-three-states", "mailbox bob/INBOX")) == 2


def test_pop3_without_quit_deletes_nothing():
    name = "pop3-dropped-line"
    assert ends(name) == {"dropped": "failed", "whole": "done"}
    assert commands(name).count("QUIT") == 1 and commands(name).count("DELE") == 6
    assert commands(name).count("RETR") == 3      # UIDL: what is here is not fetched twice
    gone = [e["time"] for e in run(name)[0] if e["subject"] == "mailbox bob/INBOX" and not e["value"]]
    started = [e["time"] for e in run(name)[0] if e["key"] == "whole" and e["value"] == "started"]
    assert len(gone) == 3 and min(gone) > started[0], (gone, started)


def test_pop3_leaves_on_the_server_until_it_is_old_enough():
    name = "pop3-leave-on-server"
    assert set(ends(name).values()) == {"done"}
    said = commands(name)
    # the first session takes three, the phone one behind three TOP, the second none, the third deletes three
    assert said.count("RETR") == 4 and said.count("TOP") == 3 and said.count("DELE") == 3, said
    assert len(told(name, "bob-phone", "header")) == 3
    assert not kept(name, "mailbox bob/INBOX") and len(kept(name, "store bob-pc")) == 3


def test_pop3_tells_no_flags():
    name = "flags-two-devices-pop3"
    assert set(ends(name).values()) == {"done"}
    there = kept(name, "mailbox bob/INBOX")
    assert len(there) == 3 and not any("\\Seen" in value for value in there.values()), there


# ---- IMAP ----

def test_imap_flags_are_seen_on_the_other_device():
    name = "flags-two-devices-imap"
    assert set(ends(name).values()) == {"done"}
    at_pc = [e["value"] for e in run(name)[0] if e["subject"] == "store bob-pc/INBOX"]
    assert any("\\Seen" in v and "Lanterns" in v for v in at_pc), at_pc
    assert any("\\Flagged $Pay" in v and "Invoice" in v for v in at_pc), at_pc
    assert len(kept(name, "store bob-phone/INBOX")) == 2
    assert told(name, "bob-phone", "sync")[-1] == "INBOX new=0 changed=0 vanished=1"


def test_offline_leaves_the_server_empty():
    name = "mail-offline"
    assert set(ends(name).values()) == {"done"}
    assert not kept(name, "mailbox bob/INBOX") and len(kept(name, "store bob-pc")) == 3
    assert not kept(name, "store bob-phone/INBOX")


def test_online_fetches_one_text_and_leaves_all():
    name = "mail-online"
    assert set(ends(name).values()) == {"done"}
    assert len(kept(name, "mailbox bob/INBOX")) == 3
    held = kept(name, "store bob-phone/INBOX").values()
    assert sorted(re.search(r"held=(\w+)", v).group(1) for v in held) == ["header", "header", "text"], held
    asked = [line for line in wire(name, "imap.line", "imap.isrequest") if "BODY.PEEK[" in line]
    assert len(asked) == 1, asked


def test_disconnected_brings_both_sides_together():
    name = "mail-disconnected"
    assert set(ends(name).values()) == {"done"}
    conflicts = told(name, "bob-pc", "conflict")
    assert len(conflicts) == 2 and any(c.startswith("delete") for c in conflicts) and \
        any(c.startswith("flag") for c in conflicts), conflicts
    there = sorted(kept(name, "mailbox bob/INBOX").values())
    assert len(there) == 2 and any("\\Seen" in v and "Lanterns" in v for v in there), there
    assert any("\\Answered" in v for v in there), there
    here = kept(name, "store bob-pc/INBOX").values()
    flags = sorted(re.search(r"flags=(.*) subject=", v).group(1) for v in here)
    assert flags == sorted(re.search(r"flags=(.*) subject=", v).group(1) for v in there), (flags, there)
    assert len(kept(name, "mailbox bob/Drafts")) == 1


def test_header_first_carries_less_and_speaks_more():
    name = "header-first"
    assert set(ends(name).values()) == {"done"}
    imap, pop = counts(name, "bob-phone"), counts(name, "bob-pc")
    assert imap["octets-in"] * 3 < pop["octets-in"] and imap["seconds"] * 2 < pop["seconds"], (imap, pop)
    # what the clients count is what was on the wire
    for host, port, seen in (("10.0.1.11", 143, imap), ("10.0.1.10", 110, pop)):
        sizes = fields(run(name)[1], "tcp.len", where=f"ip.dst == {host} && tcp.srcport == {port}")
        total = sum(int(row[0] if isinstance(row, (list, tuple)) else row) for row in sizes)
        assert total == seen["octets-in"], (host, total, seen)


def test_nothing_is_lost_on_the_way_from_pop3_to_imap():
    name = "pop3-to-imap"
    assert set(ends(name).values()) == {"done"}
    size = lambda values: sorted(int(re.search(r"size=(\d+)", v).group(1)) for v in values)  # noqa: E731
    years, moved = kept(name, "store bob-pc"), kept(name, "mailbox bob/Old")
    assert len(moved) == 3 and size(moved.values()) == size(years.values()), (years, moved)
    assert size(kept(name, "store bob-phone/Old").values()) == size(moved.values())
    assert len(told(name, "bob-pc", "appended")) == 3


def test_a_new_uidvalidity_throws_the_cache_away():
    name = "uidvalidity-change"
    assert set(ends(name).values()) == {"done"}
    sync = told(name, "bob-pc", "sync")
    assert len(sync) == 1 and "UIDVALIDITY" in sync[0], sync
    assert len(told(name, "bob-pc", "conflict")) == 1
    here = kept(name, "store bob-pc/Work")
    assert list(here) == ["1"] and "New one" in here["1"], here
    assert "\\Flagged" not in list(kept(name, "mailbox bob/Work").values())[0]


def test_a_search_brings_uids_and_no_messages():
    name = "search-on-server"
    assert set(ends(name).values()) == {"done"}
    assert told(name, "bob-phone", "found") == ["1: 2", "1: 3", "1: 1"]
    lines = wire(name, "imap.line", "imap.isrequest")
    assert any("UID SEARCH CHARSET UTF-8 SUBJECT" in line for line in lines), lines
    assert sum("BODY.PEEK[" in line for line in lines) == 1, lines


def test_pieces_one_by_one_and_in_one_flight():
    name = "partial-fetch"
    assert set(ends(name).values()) == {"done"}
    lines = wire(name, "imap.line", "imap.isrequest && ip.src == 10.0.1.11")
    places = [re.search(r"<(\d+)\.4096>", line).group(1) for line in lines if ".4096>" in line]
    assert places == [str(i * 4096) for i in range(len(places))] and len(places) == 6, places
    phone, pc = counts(name, "bob-phone"), counts(name, "bob-pc")
    assert phone["flights"] == pc["flights"] + 5, (phone, pc)


tap.main(globals())
