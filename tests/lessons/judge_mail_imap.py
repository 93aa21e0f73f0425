#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mail_imap.py -- the IMAP scenarios before tshark and in their events: what each was made to show.

    judge_mail_imap.py ENVELOSCOPE-SIM

A line of a scenario that names what must stand in its answer fails the action when it does not stand there, so
"every action is done" says much already; the rest is looked up on the wire, by tshark's fields."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import fields, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
TROUBLE = "tcp.analysis.flags || _ws.malformed || _ws.expert.severity >= 6291456"
RUNS = {}


def run(name):
    """(events, file) of a scenario, run once."""
    if name not in RUNS:
        path, log = os.path.join(PLACE, name + ".pcapng"), os.path.join(PLACE, name + ".jsonl")
        done = sim("run", name, "-w", path, "--events", log, "--format", "none")
        assert done.returncode == 0, done.stderr
        with open(log, encoding="utf-8") as rows:
            RUNS[name] = [json.loads(row) for row in rows], path
    return RUNS[name]


def lines(name, where):
    """What stands on IMAP's wire: (seconds, text) of each line, with CRLF cut off."""
    found = []
    for at, text in fields(run(name)[1], "frame.time_relative", "imap.line", where=f"imap && ({where})"):
        found += [(float(at), line) for line in text.replace("\\r\\n", "\n").replace("\n,", "\n").split("\n") if line]
    return found


def is_clean(name, failing=()):
    rows, path = run(name)
    assert not fields(path, "frame.number", where=TROUBLE), fields(path, "frame.number", where=TROUBLE)
    ends = {r["key"]: r["value"] for r in rows if r["subject"] == "action"}
    assert ends and all(v == ("failed" if k in failing else "done") for k, v in ends.items()), ends


def values(name, host, subject, key=None):
    return [r["value"] for r in run(name)[0] if r["host"] == host and r["subject"].startswith(subject) and
            key in (None, r["key"])]


def test_the_four_states_and_the_way_through_them():
    is_clean("imap-states")
    assert values("imap-states", "mail", "imap ", "state") == [
        "NOT AUTHENTICATED", "AUTHENTICATED", "SELECTED", "AUTHENTICATED", "SELECTED", "AUTHENTICATED", "SELECTED",
        "AUTHENTICATED", "SELECTED", "AUTHENTICATED", "LOGOUT"], values("imap-states", "mail", "imap ", "state")
    answers = [line.split(" ")[1] for _, line in lines("imap-states", "imap.response") if line[0] == "a"]
    # BAD: a1 before login, a5 twice, a6 a10 a13 a16 in the wrong state, a19 no command; NO: a3 wrong password, a12 none
    wanted = {1: "BAD", 3: "NO", 5: "BAD", 6: "BAD", 10: "BAD", 12: "NO", 13: "BAD", 16: "BAD", 19: "BAD"}
    assert answers == [wanted.get(i, "OK") for i in range(1, 21)], answers


def test_examine_leaves_no_trace_and_select_does():
    is_clean("examine-vs-select")
    first, last = [r["time"] for r in run("examine-vs-select")[0] if r["subject"] == "action" and r["value"] == "done"]
    changes = [r for r in run("examine-vs-select")[0] if r["subject"] == "mailbox bob/INBOX" and r["time"] > 0]
    assert changes and all(first < r["time"] < last for r in changes), changes
    assert "flags=\\Seen " in changes[0]["value"] and changes[-1]["key"] == "2" and changes[-1]["value"] == ""


def test_folders_are_made_renamed_and_leave_their_names():
    is_clean("folders")
    kept = {r["key"]: r["value"] for r in run("folders")[0] if r["subject"] == "folders bob" and r["value"]}
    gone = [r["key"] for r in run("folders")[0] if r["subject"] == "folders bob" and not r["value"]]
    assert "use=\\Sent" in kept["Sent"] and "noselect" in kept["Work"], kept
    assert {"Work/2026", "Work/2026/May", "Work/2027/May"} <= set(gone), gone
    assert "\u0e07\u0e32\u0e19" in kept, kept
    said = [line for _, line in lines("folders", "imap")]
    assert "a16 CREATE &DgcOMg4Z-" in said, said


def test_news_come_to_who_idles_without_asking():
    is_clean("idle")
    for address, tag in (("10.0.1.11", "p3"), ("10.0.1.12", "c3")):
        heard = lines("idle", f"ip.dst == {address}")
        asked = lines("idle", f"ip.src == {address}")
        begin = [at for at, line in asked if line.startswith(f"{tag} IDLE")][0]
        end = [at for at, line in asked if line == "DONE"][0]
        assert not [line for at, line in asked if begin < at < end], asked
        news = [line for at, line in heard if begin < at < end and line[0] == "*"]
        assert news[0] == "* 2 EXISTS", news
        if tag == "p3":  # the phone still waits when the computer changes things
            assert [n for n in news if not n.endswith(("EXISTS", "RECENT"))] == ["* 2 FETCH (FLAGS (\\Seen))", "* 1 FETCH (FLAGS (\\Deleted \\Seen \\Recent))",
                                "* 1 EXPUNGE"], news


def test_a_shared_mailbox_is_one_mailbox():
    is_clean("shared-mailbox")
    subjects = {r["subject"] for r in run("shared-mailbox")[0] if r["subject"].startswith("mailbox ")}
    assert subjects == {"mailbox Shared/team"}, subjects
    bob = [line for _, line in lines("shared-mailbox", "ip.dst == 10.0.1.12")]
    fetched, expunged = bob.index("* 1 FETCH (FLAGS ($Taken))"), bob.index("* 2 EXPUNGE")
    done = [i for i, line in enumerate(bob) if line.startswith("b3 OK")][0]
    assert fetched < done < expunged, bob  # no EXPUNGE before the end of FETCH: RFC 3501 7.4.1
    carol = [line for _, line in lines("shared-mailbox", "ip.dst == 10.0.1.13")]
    assert "* 2 EXPUNGE" in carol and [c for c in carol if c.startswith("c4 NO [READ-ONLY]")], carol


def test_a_full_mailbox_says_so_to_everybody():
    is_clean("quota", failing=["letter"])
    assert fields(run("quota")[1], "smtp.response.code", where="smtp.response.code == 452") == [["452"]]
    said = [line for _, line in lines("quota", "imap")]
    assert len([s for s in said if "NO [OVERQUOTA]" in s]) == 3, said
    assert "a3 APPEND Archive {4000}" in said and not [s for s in said if s.startswith("+ Ready for 4000")], said
    assert [s for s in said if s.startswith("b7 OK [APPENDUID ")], said


tap.main(globals())
