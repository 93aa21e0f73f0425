#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mail_smtp.py -- the SMTP scenarios before tshark and in their events: what each was made to show.

    judge_mail_smtp.py ENVELOSCOPE-SIM
"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import events, fields, saved, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
TROUBLE = "tcp.analysis.flags || _ws.malformed || _ws.expert.severity >= 6291456"
RUNS = {}


def run(name):
    """(events, file) of a scenario, run once."""
    if name not in RUNS:
        RUNS[name] = events(PLACE, name), saved(PLACE, name)
    return RUNS[name]


def is_clean(name, failing=()):
    rows, path = run(name)
    assert not fields(path, "frame.number", where=TROUBLE), fields(path, "frame.number", where=TROUBLE)
    ends = {r["key"]: r["value"] for r in rows if r["subject"] == "action"}
    assert ends and all(v == ("failed" if k in failing else "done") for k, v in ends.items()), ends


def values(name, host, subject, key=None):
    return [r["value"] for r in run(name)[0] if r["host"] == host and r["subject"].startswith(subject) and
            key in (None, r["key"])]


def subjects(name, host, user):
    """What lies in a mailbox."""
    return [v.split("subject=")[1] for v in values(name, host, f"mailbox {user}/INBOX") if "subject=" in v]


def payload(name, where):
    """The octets that one end sent, in the order of their frames."""
    return bytes.fromhex("".join(row[0] for row in fields(run(name)[1], "tcp.payload", where=where)))


# ---- smuggling ----

def test_smuggling_brings_forged_letters_to_a_weak_server():
    is_clean("smuggling-lenient")
    assert subjects("smuggling-lenient", "inner", "bob") == [
        "outer, with LF.LF", "smuggled by LF.LF", "outer, with CR.CR", "smuggled by CR.CR", "outer, with CRLF.LF"]
    logs = values("smuggling-lenient", "inner", "smtp ", "log")
    assert sum("LF.LF was taken for the end" in log for log in logs) == 1, logs
    assert sum("vulnerable on purpose" in log for log in logs) == 3, logs
    wire = payload("smuggling-lenient", "ip.src == 10.0.1.25 && ip.dst == 10.0.2.25 && tcp.dstport == 25")
    assert wire.count(b"\n.\nMAIL FROM:<boss@outer.test>\r\n") == 1 and wire.count(b"\r.\rMAIL") == 1
    # the dot of CRLF.LF was at the start of a line: the first server took it for stuffing
    assert b"Nothing to see here.\r\n\nMAIL" in wire
    results = {r["key"]: r["value"].split(" ")[0] for r in run("smuggling-lenient")[0]
               if r["subject"] == "smuggle attack"}
    assert results == {"LF.LF": "passed", "CR.CR": "passed", "CRLF.LF": "passed", "refused-n": "0",
                       "passed-n": "3", "obeyed-n": "0", "lost-n": "0"}, results


def test_the_relay_notices_that_there_were_too_many_answers():
    logs = values("smuggling-lenient", "outer", "smtp-client ", "log")
    assert any("not said yet" in log for log in logs), logs


def test_smuggling_fails_at_a_strict_server():
    is_clean("smuggling-strict")
    assert subjects("smuggling-strict", "inner", "bob") == []
    assert len(subjects("smuggling-strict", "outer", "mallory")) == 3
    codes = [row[0] for row in fields(run("smuggling-strict")[1], "smtp.response.code",
                                      where="ip.src == 10.0.2.25 && smtp.response.code >= 400")]
    assert codes == ["550", "550", "550"], codes
    logs = values("smuggling-strict", "inner", "smtp ", "log")
    assert not any("vulnerable" in log for log in logs), logs
    assert any("LF.LF in the content looks like its end" in log for log in logs), logs


# ---- extensions ----

def test_thai_addresses_travel_as_utf8_or_come_back():
    is_clean("thai-addresses")
    sent = payload("thai-addresses", "ip.dst == 10.0.2.25 && tcp.dstport == 25").decode()
    assert "MAIL FROM:<สมหญิง@ไทย.test> SIZE=" in sent and " SMTPUTF8\r\n" in sent, sent
    assert "RCPT TO:<สมชาย@จดหมาย.test>\r\n" in sent and "with UTF8SMTPA" in sent, sent
    asked = {row[0] for row in fields(run("thai-addresses")[1], "dns.qry.name", where="dns.qry.type == 15")}
    assert asked == {"จดหมาย.test".encode("idna").decode(), "old.test"}, asked
    assert b"MAIL" not in payload("thai-addresses", "ip.dst == 10.0.3.25 && tcp.dstport == 25")
    assert subjects("thai-addresses", "mx-new", "สมชาย") == ["ที่อยู่ภาษาไทยใช้ได้แล้ว"]
    assert len(subjects("thai-addresses", "mx-thai", "สมหญิง")) == 1
    assert any("5.6.7" in v for v in values("thai-addresses", "mx-thai", "mail-queue"))


def test_pipelining_saves_round_trips():
    is_clean("pipelining")
    rows = run("pipelining")[0]
    at = {(r["key"], r["value"]): r["time"] for r in rows if r["subject"] == "action"}
    slow = at["one-at-a-time", "done"] - at["one-at-a-time", "started"]
    fast = at["pipelined", "done"] - at["pipelined", "started"]
    # 300 ms there and back. MAIL, three RCPT and DATA cost five round trips, or one; ARP only the first time.
    assert 1.4 < slow - fast < 1.6, (slow, fast)
    together = payload("pipelining", 'tcp.stream == 1 && tcp.payload contains "MAIL FROM"')
    assert together.count(b"RCPT TO:") == 3 and together.endswith(b"DATA\r\n"), together


def test_bdat_leaves_the_octets_alone():
    is_clean("bdat")
    data, bdat, chunks = (payload("bdat", f"tcp.stream == {i} && tcp.dstport == 25") for i in range(3))
    assert b"\r\n..profile\r\n" in data and b"\r\n..\r\n..These" not in data and b"\r\n.\r\nQUIT" in data
    assert b"\r\n.profile\r\n" in bdat and b" LAST\r\nDate:" in bdat and b"DATA\r\n" not in bdat
    assert chunks.count(b"BDAT 250\r\n") == 2 and chunks.count(b" LAST\r\n") == 1
    sizes = [v.split(" ")[0] for v in values("bdat", "mx", "mailbox bob/INBOX") if "subject=" in v]
    assert len(sizes) == 3, sizes


def test_8bit_text_goes_as_it_is_or_not_at_all():
    is_clean("8bit", failing=("to-seven-bits",))
    coded, plain, none = (payload("8bit", f"tcp.stream == {i} && tcp.dstport == 25") for i in range(3))
    assert b"BODY=" not in coded and "สวัสดี".encode() not in coded
    assert b"BODY=8BITMIME" in plain and "สวัสดีบ็อบ\r\n".encode() in plain
    assert b"MAIL" not in none and b"QUIT" in none
    assert any("5.6.3" in v for v in values("8bit", "alice-pc", "smtp-client ", "log"))


def test_lmtp_answers_for_each_recipient():
    is_clean("lmtp-delivery")
    said = payload("lmtp-delivery", "tcp.srcport == 24").decode()
    behind = said[said.index("\r\n354 ") + 2:].split("\r\n")[1:3]
    assert behind[0].startswith("250 2.1.5 <bob@bob.test>") and behind[1].startswith("552 5.2.2 "), behind
    assert payload("lmtp-delivery", "tcp.dstport == 24").startswith(b"LHLO mx.bob.test\r\n")
    assert subjects("lmtp-delivery", "mailboxes", "bob") == ["To both of you"]
    assert subjects("lmtp-delivery", "mailboxes", "carol") == []
    assert subjects("lmtp-delivery", "mx-alice", "alice") == ["Undelivered Mail Returned to Sender"]


# ---- what a scenario may not say ----

SMALL = """
hosts:
  pc: {kind: pc, address: 10.0.0.1/24}
  mx: {kind: server, address: 10.0.0.2/24}
links:
  wire: {ends: [pc, mx]}
services:
  mx: {name: mx.test, domains: [b.test], SERVICE}
actions:
  - {at: 1s, host: pc, do: send, server: 10.0.0.2, from: a@a.test, to: b@b.test, SEND}
"""


def refused(word, service="smtp: true", send="subject: x"):
    path = os.path.join(PLACE, "small.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SMALL.replace("SERVICE", service).replace("SEND", send))
    done = sim("run", path, "--format", "none")
    assert done.returncode != 0 and word in done.stderr and "small.yaml:" in done.stderr, (word, done.stderr)


def test_line_ends_in_header_fields_are_refused():
    path = os.path.join(PLACE, "small.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(SMALL.replace("SERVICE", "smtp: true").replace("SEND", "subject: x"))
    assert sim("run", path, "--format", "none").returncode == 0
    refused("another field", send='subject: "x\\r\\nBcc: c@c.test"')
    refused("another field", send='envelope_id: "x\\nRSET"')


def test_switches_are_checked():
    refused("port 25", service="lmtp: {port: 25}")
    refused("LF,LF", service='smtp: {smuggling: ["LF,LF"]}')
    refused("TURN", service="smtp: {without: [TURN]}")
    refused("maybe", service="smtp: {vrfy: maybe}")
    refused("pause", service="smtp: {greet_pause: 2min}")


tap.main(globals())
