#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_mail_transport.py -- the scenarios about passing mail on: what each was made to show, on the wire as
tshark reads it and in the state events."""
import email
import email.policy
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import fields, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
RUNS = {}
MX_ALICE, MX_BOB, MX_BOB_2, SPAMMER = "10.0.1.25", "10.0.2.25", "10.0.2.26", "10.0.2.66"


class Run:
    def __init__(self, name):
        self.path = os.path.join(FOLDER.name, name + ".pcapng")
        events = os.path.join(FOLDER.name, name + ".jsonl")
        done = sim("run", name, "-w", self.path, "--events", events, "--format", "none")
        assert done.returncode == 0, done.stderr
        with open(events, encoding="utf-8") as lines:
            self.events = [json.loads(line) for line in lines]

    def fields(self, *keys, where=None):
        return fields(self.path, *keys, where=where)

    def values(self, host, subject, key=None):
        return [e["value"] for e in self.events
                if e["host"] == host and e["subject"] == subject and key in (None, e["key"])]

    def clean(self, *allowed):
        """Nothing is malformed, and TCP went as it should but for what the scenario is about."""
        assert not self.fields("frame.number", where="_ws.malformed")
        flags = self.fields("_ws.expert.message", where="tcp.analysis.flags")
        strange = [f for (f,) in flags if not any(word in f for word in allowed)]
        assert not strange, strange

    def commands(self, to):
        return [c + (" " + p if p else "") for c, p in
                self.fields("smtp.req.command", "smtp.req.parameter", where=f"smtp.req && ip.dst == {to} && tcp.dstport == 25")]

    def replies(self, source):
        return [code for (code,) in self.fields("smtp.response.code", where=f"smtp.rsp && ip.src == {source} && tcp.srcport == 25")]


def run(name):
    if name not in RUNS:
        RUNS[name] = Run(name)
    return RUNS[name]


def states(values):
    return [re.search(r"state=(\S+)", v).group(1) if v else "gone" for v in values]


def test_the_second_exchange_takes_what_the_first_does_not():
    r = run("mail-mx-fallback")
    r.clean()
    resets = r.fields("ip.src", where="tcp.flags.reset == 1 && tcp.srcport == 25")
    assert resets == [[MX_BOB]], resets
    assert r.commands(MX_BOB) == [] and "DATA" in r.commands(MX_BOB_2)
    mx = r.fields("dns.mx.mail_exchange", "dns.mx.preference", where=f"dns.flags.response == 1 && ip.dst == {MX_ALICE} && dns.mx.preference")
    assert mx[0] == ["mx.bob.test,mx2.bob.test", "10,20"], mx
    assert states(r.values("mx-alice", "mail-queue")) == ["queued", "lookup", "sending", "sending", "sent", "gone"]


def test_three_domains_without_mx():
    r = run("mail-no-mx")
    r.clean()
    nulls = r.fields("dns.mx.mail_exchange", where="dns.mx.preference == 0 && dns.flags.response == 1")
    assert nulls and nulls[0][0] in ("<Root>", "", "."), nulls
    assert len(r.values("mx-bob", "mailbox bob/INBOX", "1")) >= 1
    reasons = [v for v in r.values("mx-alice", "mail-queue") if "failed" in v]
    assert len(reasons) == 2 and "5.1.10" in reasons[0] and "5.1.2" in reasons[1], reasons
    assert "DATA" in r.commands(MX_BOB) and len(r.fields("frame.number", where="smtp.req.command == \"DATA\" && tcp.dstport == 25")) == 1


def test_the_report_has_no_sender_and_says_why():
    r = run("mail-bounce")
    r.clean()
    assert "550" in r.replies(MX_BOB)
    assert r.values("mx-alice", "mailbox alice/INBOX", "1")[0].endswith("subject=Undelivered Mail Returned to Sender")
    done = sim("run", "mail-bounce", "--format", "dialogue").stdout
    for line in ("Content-Type: multipart/report; report-type=delivery-status;", "Reporting-MTA: dns; mx.alice.test",
                 "Final-Recipient: rfc822; bop@bob.test", "Status: 5.1.1", "Remote-MTA: dns; mx.bob.test",
                 "Diagnostic-Code: smtp; 550 5.1.1"):
        assert line in done, (line, done[-3000:])
    assert "S: Return-Path: <>" in done
    lines = [line[3:] for line in done[done.index("S: Return-Path: <>"):].split("\n") if line.startswith("S: ")]
    report = email.message_from_string("\n".join(lines[:lines.index(".")]), policy=email.policy.default)
    assert report.get_content_type() == "multipart/report" and report.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in report.iter_parts()] == [
        "text/plain", "message/delivery-status", "message/rfc822"]
    status = list(report.iter_parts())[1].get_payload()
    assert status[0]["Reporting-MTA"] == "dns; mx.alice.test" and status[1]["Action"] == "failed", status
    returned = list(report.iter_parts())[2].get_content()
    assert returned["Subject"] == "Dinner on Friday" and not report.defects, (returned, report.defects)


def test_the_queue_waits_longer_each_time():
    r = run("mail-queue-retry")
    r.clean("retransmission")
    waits = [int(re.search(r"next_s=(\d+)", v).group(1)) for v in r.values("mx-alice", "mail-queue") if "deferred" in v]
    assert waits == [60, 120, 240], waits
    assert len(r.values("mx-bob", "mailbox bob/INBOX", "1")) == 1
    assert not r.values("mx-alice", "mailbox alice/INBOX")
    syn = [float(t) for (t,) in r.fields("frame.time_relative", where=f"tcp.flags == 2 && ip.dst == {MX_BOB} && !tcp.analysis.retransmission && !icmp")]
    gaps = [round(b - a) for a, b in zip(syn, syn[1:])]
    assert len(gaps) == 3 and all(want <= got <= want + 5 for want, got in zip((60, 120, 240), gaps)), gaps


def test_a_warning_then_the_end():
    r = run("mail-expired")
    r.clean()
    subjects = [v.split("subject=")[1] for v in r.values("mx-alice", "mailbox alice/INBOX") if "\\Seen" not in v]
    assert subjects == ["Mail Delayed, Delivery Goes On", "Undelivered Mail Returned to Sender"], subjects
    times = [e["time"] for e in r.events if e["subject"] == "mailbox alice/INBOX" and "\\Seen" not in e["value"]]
    assert 1800 <= times[0] <= 3600 and 6000 <= times[1] <= 7201, times
    done = sim("run", "mail-expired", "--format", "dialogue").stdout
    assert "Action: delayed" in done and "Will-Retry-Until: " in done and "Status: 4.4.7" in done


def test_an_alias_keeps_the_sender_and_a_list_does_not():
    r = run("mail-aliases")
    r.clean()
    senders = [p for c, p in r.fields("smtp.req.command", "smtp.req.parameter",
                                      where=f"smtp.req.command == \"MAIL\" && ip.src == {MX_BOB}")]
    senders = [re.search(r"<(.*?)>", s).group(1) for s in senders]
    assert senders == ["alice@alice.test", "hikers-owner@bob.test"], senders
    assert any("Undelivered" in v for v in r.values("mx-bob", "mailbox carol/INBOX"))
    assert not any("Undelivered" in v for v in r.values("mx-alice", "mailbox alice/INBOX"))
    done = sim("run", "mail-aliases", "--format", "dialogue").stdout
    for line in ("<carol@bob.test>", "<gone@alice.test>"):
        assert f"S: 250-2.1.5 {line}" in done or f"S: 250 2.1.5 {line}" in done, line


def test_who_comes_again_is_welcome():
    r = run("mail-greylisting")
    r.clean()
    assert r.replies(MX_BOB).count("451") == 3  # two of alice's server, one of the spammer
    assert r.values("spammer", "action", "spam")[-1] == "failed"
    known = [e["time"] for e in r.events if e["subject"] == "mail-policy" and e["value"] == "known"]
    assert known and known[0] >= 300.5, known
    assert len([v for v in r.values("mx-bob", "mailbox bob/INBOX") if "flags= " in v]) == 2


def test_the_blocklist_is_asked_by_dns():
    r = run("mail-blocklist")
    r.clean()
    asked = [q for (q,) in r.fields("dns.qry.name", where=f"dns.flags.response == 0 && ip.src == {MX_BOB}")]
    assert asked.count("66.2.0.10.bl.test") >= 2 and "25.1.0.10.bl.test" in asked, asked
    said = r.fields("dns.txt", where="dns.txt && dns.flags.response == 1")
    assert ["sent to addresses that nobody ever had"] in said, said
    assert r.replies(MX_BOB).count("554") == 1
    assert r.values("spammer", "action", "complaint")[-1] == "done"
    # the answer to RCPT waits for that of the DNS
    rcpt = [float(t) for (t,) in r.fields("frame.time_relative", where=f"smtp.req.command == \"RCPT\" && ip.src == {SPAMMER}")][0]
    refused = [float(t) for (t,) in r.fields("frame.time_relative", where="smtp.response.code == 554")][0]
    txt = [float(t) for (t,) in r.fields("frame.time_relative", where="dns.txt && dns.flags.response == 1")][0]
    assert rcpt < txt < refused, (rcpt, txt, refused)


def test_a_safe_host_refuses_every_trick():
    r = run("mail-relay-refused")
    r.clean()
    tricks = [v for e in r.events if e["subject"] == "relay-finder" and " " in e["key"] for v in [e["value"]]]
    assert len(tricks) == 14 and all(v.startswith("5") for v in tricks), tricks
    assert r.values("spammer", "relay-finder", "result") == ["hosts=2 smtp=2 open=0"]
    assert not r.fields("frame.number", where="smtp.req.command == \"DATA\"")
    assert len(r.fields("frame.number", where="smtp.req.command == \"RSET\"")) == 14


def test_an_open_relay_takes_the_blame():
    r = run("mail-relay-abused")
    r.clean()
    assert r.values("spammer", "relay-finder", "result") == ["hosts=2 smtp=2 open=1"]
    assert len(r.values("victim-mx", "mailbox mia/INBOX", "3")) >= 1
    relayed = r.fields("ip.src", where="smtp.req.command == \"DATA\" && ip.dst == 10.0.1.35")
    assert relayed == [[MX_BOB]] * 3, relayed
    done = sim("run", "mail-relay-abused", "--format", "dialogue").stdout
    letter = done[done.index("S: Return-Path: <winner@lottery.test>"):]
    hops = re.findall(r"Received: from (\S+) \(\[(\S+)\]\)", letter)[:2]
    assert hops == [("mx.bob.test", MX_BOB), (f"[{SPAMMER}]", SPAMMER)], hops


def test_a_bomb_fills_the_mailbox():
    r = run("mail-bombing")
    r.clean()
    assert r.values("spammer", "bomber", "sent")[-1] == "16"
    assert r.values("spammer", "bomber", "refused")[-1] == "14"
    bombers = {ip for (ip,) in r.fields("ip.src", where="smtp.req.command == \"DATA\" && tcp.dstport == 25")}
    assert bombers - {MX_ALICE} == {SPAMMER, "10.0.2.67"}, bombers
    assert states(r.values("mx-alice", "mail-queue"))[-1] == "deferred"
    assert not any("Dinner" in v for v in r.values("mx-bob", "mailbox bob/INBOX"))


def test_a_rate_limit_keeps_the_door_open_for_others():
    r = run("mail-bombing-limited")
    r.clean()
    assert r.values("spammer", "bomber", "sent")[-1] == "10"  # five of each host in the minute
    assert r.replies(MX_BOB).count("450") == 20
    assert any("Dinner" in v for v in r.values("mx-bob", "mailbox bob/INBOX"))


def test_a_full_mailbox_sends_the_large_letter_back():
    r = run("mail-full")
    r.clean()
    assert r.replies(MX_BOB).count("552") == 1
    assert len(r.values("mx-bob", "mailbox bob/INBOX")) == 1
    assert any("Undelivered" in v for v in r.values("mx-alice", "mailbox alice/INBOX"))


tap.main(globals())
