#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_runs.py -- tshark, which knows nothing of us, judges the saved runs octet by octet."""
import collections
import os
import re
import sys
import tempfile
from email.header import decode_header, make_header

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import events, fields, saved, sim, tap, tshark  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
JOURNEY = saved(PLACE, "mail-journey")
MAIL_PORTS = "tcp.port in {25, 110, 143, 587}"


def experts(path):
    """[(severity, group, text)] of every expert item."""
    out = []
    for line in tshark(path, "-q", "-z", "expert").split("\n"):
        head = re.match(r"^(Errors|Warns|Notes|Chats) \(", line)
        if head:
            severity = head.group(1)
            continue
        row = re.match(r"^\s*(\d+)\s+(\S+)\s+(\S+)\s+(.*)$", line)
        if row:
            out += [(severity, row.group(2), row.group(4).strip())] * int(row.group(1))
    return out


def analysis(path):
    """How often each tcp.analysis item appears, by its key."""
    keys = ["tcp.analysis." + key for key in
            ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order",
             "lost_segment", "ack_lost_segment", "duplicate_ack", "keep_alive", "keep_alive_ack",
             "zero_window", "window_full", "window_update", "zero_window_probe",
             "zero_window_probe_ack", "reused_ports")]
    count = collections.Counter()
    for row in fields(path, *keys, where="tcp.analysis.flags"):
        count.update(key for key, value in zip(keys, row) if value)
    return dict(count)


# ---- mail-journey ----

def test_journey_has_no_malformed_packet():
    assert not fields(JOURNEY, "frame.number", where="_ws.malformed")


def test_journey_has_no_warning_and_no_error():
    bad = [item for item in experts(JOURNEY) if item[0] in ("Errors", "Warns")]
    assert not bad, bad


def test_journey_has_no_tcp_analysis_flags():
    assert analysis(JOURNEY) == {}, analysis(JOURNEY)


def test_journey_checksums_are_right():
    for layer in ("ip", "tcp", "udp"):
        present = fields(JOURNEY, "frame.number", where=layer)
        good = fields(JOURNEY, "frame.number", where=f"{layer}.checksum.status == 1")
        assert present and present == good, (layer, len(present), len(good))
    icmp = fields(JOURNEY, "frame.number", where="icmp")
    assert icmp and icmp == fields(JOURNEY, "frame.number", where="icmp.checksum.status == 1")


def test_journey_runs_arp_icmp_dns_and_all_three_mail_protocols():
    for layer in ("arp", "icmp", "udp", "dns", "tcp", "smtp", "pop", "imap", "imf"):
        assert fields(JOURNEY, "frame.number", where=layer), f"no {layer}"


def test_every_udp_frame_is_dns_and_answers_come():
    assert not fields(JOURNEY, "frame.number", where="udp && !dns")
    asked = fields(JOURNEY, "dns.id", where="dns.flags.response == 0")
    answered = fields(JOURNEY, "dns.id", where="dns.flags.response == 1")
    assert sorted(asked) == sorted(answered) and asked


def test_every_segment_with_data_is_dissected_as_mail():
    rows = fields(JOURNEY, "frame.number", "frame.protocols", where="tcp.len > 0")
    strange = [row for row in rows if not re.search(r":(smtp|pop|imap)\b", row[1])]
    assert rows and not strange, strange


def test_no_mail_segment_flows_outside_the_known_ports():
    assert not fields(JOURNEY, "frame.number", where=f"tcp && !({MAIL_PORTS})")


def dialogue():
    """(client lines, server lines) by server port, as the program prints them."""
    done = sim("run", "mail-journey", "--format", "dialogue")
    assert done.returncode == 0, done.stderr
    said = {}
    for line in done.stdout.split("\n"):
        head = re.match(r"^# stream \d+: .* port (\d+)$", line)
        if head:
            lines = said.setdefault(int(head.group(1)), {"C": [], "S": []})
        elif line[:3] in ("C: ", "S: "):
            lines[line[0]].append(line[3:])
    return said


def flat(rows):
    return [value for row in rows for cell in row for value in cell.split(",") if value]


def test_smtp_commands_are_those_of_the_dialogue():
    said = dialogue()
    for port in (587, 25):
        seen = flat(fields(JOURNEY, "smtp.req.command", where=f"tcp.dstport == {port}"))
        verbs = [v for v in seen if v in ("EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT")]
        ours = [re.match(r"[A-Za-z]+", line).group(0) for line in said[port]["C"]
                if re.match(r"(EHLO |AUTH |MAIL FROM:|RCPT TO:|DATA$|QUIT$)", line)]
        assert verbs == ours and "DATA" in ours, (port, verbs, ours)


def test_smtp_replies_are_those_of_the_dialogue():
    said = dialogue()
    for port in (587, 25):
        seen = flat(fields(JOURNEY, "smtp.response.code", where=f"tcp.srcport == {port}"))
        ours = [line[:3] for line in said[port]["S"] if line[3:4] != "-"]
        assert seen == ours and "354" in ours and "250" in ours, (port, seen, ours)


def test_pop_commands_and_replies_are_those_of_the_dialogue():
    said = dialogue()[110]
    seen = flat(fields(JOURNEY, "pop.request.command", where="tcp.dstport == 110"))
    ours = [line.split(" ")[0] for line in said["C"]]
    assert seen == ours, (seen, ours)
    for verb in ("USER", "PASS", "STAT", "UIDL", "LIST", "RETR", "DELE", "QUIT"):
        assert verb in ours, verb
    seen = flat(fields(JOURNEY, "pop.response.indicator", where="tcp.srcport == 110"))
    assert seen == [line[:3] for line in said["S"] if line.startswith("+OK")], seen


def test_imap_commands_are_those_of_the_dialogue():
    said = dialogue()[143]
    seen = [row[0] for row in fields(JOURNEY, "imap.request", where="imap.isrequest == 1")]
    ours = [line for line in said["C"]]
    assert seen == ours, (seen, ours)
    words = " ".join(ours)
    for verb in ("LOGIN", "LIST", "SELECT", "FETCH", "STORE", "LOGOUT"):
        assert verb in words, verb
    order = [re.search(verb, words).start() for verb in
             ("LOGIN", "LIST", "SELECT", "FETCH", r"STORE .*\\Seen", "LOGOUT")]
    assert order == sorted(order)


def test_the_message_is_one_whole_message_with_a_thai_subject():
    rows = fields(JOURNEY, "imf.subject", where="imf && tcp.dstport == 25")
    assert len(rows) == 1
    assert str(make_header(decode_header(rows[0][0]))) == "แผนเที่ยวเชียงใหม่", rows


def test_each_connection_is_opened_and_closed():
    streams = set(flat(fields(JOURNEY, "tcp.stream", where="tcp")))
    for stream in streams:
        where = f"tcp.stream == {stream}"
        assert len(fields(JOURNEY, "frame.number", where=where + " && tcp.flags.syn == 1")) == 2
        assert len(fields(JOURNEY, "frame.number", where=where + " && tcp.flags.fin == 1")) == 2
    assert len(streams) == 4, streams


def test_interfaces_and_host_names_are_saved():
    row = fields(JOURNEY, "frame.interface_name", "frame.interface_description")[0]
    assert row[0] == "sender", row
    hosts = tshark(JOURNEY, "-q", "-z", "hosts")
    for name in ("alice-pc", "mx-alice", "mx-bob", "bob-phone", "bob-pc", "dns"):
        assert re.search(rf"\b{name}\b", hosts), name


def test_all_links_are_judged_clean_as_well():
    path = saved(PLACE, "mail-journey", "--tap", "all")
    assert not fields(path, "frame.number", where="_ws.malformed")
    names = set(flat(fields(path, "frame.interface_name")))
    assert {"alice-lan", "wan", "phone-lan"} <= names, names
    assert len(fields(path, "frame.number")) > 2 * len(fields(JOURNEY, "frame.number"))
    one = saved(PLACE, "mail-journey", "--tap", "wan")
    assert analysis(one) == {} and set(flat(fields(one, "frame.interface_name"))) == {"wan"}
    bad = [item for item in experts(one) if item[0] in ("Errors", "Warns")]
    assert not bad, bad


def test_routers_count_time_to_live_down():
    path = saved(PLACE, "mail-journey", "--tap", "all")
    rows = fields(path, "frame.interface_name", "ip.ttl", "eth.src",
                  where="tcp.flags.syn == 1 && tcp.flags.ack == 0 && tcp.dstport == 25")
    assert rows[0][1] == "64" and rows[-1][1] == "63" and rows[0][2] != rows[-1][2], rows


# ---- lost-segment ----

def test_lost_segment_shows_exactly_its_expert_items():
    path = saved(PLACE, "lost-segment")
    found = analysis(path)
    duplicates = found.pop("tcp.analysis.duplicate_ack", 0)
    assert found == {"tcp.analysis.fast_retransmission": 1, "tcp.analysis.retransmission": 1}, found
    assert duplicates >= 3, duplicates
    bad = [item for item in experts(path) if item[0] in ("Errors", "Warns")
           and "retransmission" not in item[2] and "Duplicate" not in item[2]]
    assert not bad, bad
    assert not fields(path, "frame.number", where="_ws.malformed")


def test_lost_segment_names_the_lost_frame_and_repeats_it():
    path = saved(PLACE, "lost-segment")
    lost = fields(path, "tcp.seq_raw", "tcp.len", where="frame.comment")
    assert len(lost) == 1, lost
    again = fields(path, "tcp.seq_raw", "tcp.len", where="tcp.analysis.fast_retransmission")
    assert again == lost, (again, lost)


def test_lost_segment_recovers_and_delivers():
    last = [e for e in events(PLACE, "lost-segment") if e["subject"].startswith("mailbox ")]
    assert last and last[-1]["value"], last


# ---- the same, and different ----

def octets(path):
    with open(path, "rb") as f:
        return f.read()


def test_the_same_seed_gives_the_same_octets():
    assert octets(JOURNEY) == octets(saved(PLACE, "mail-journey"))
    assert octets(JOURNEY) == octets(saved(PLACE, "mail-journey", "--seed", "1"))


def test_another_seed_gives_other_ports_numbers_and_identifiers():
    other = saved(PLACE, "mail-journey", "--seed", "2")
    for key, where in (("tcp.srcport", "tcp.flags == 0x0002"), ("tcp.seq_raw", "tcp.flags == 0x0002"),
                       ("dns.id", "dns.flags.response == 0")):
        a, b = flat(fields(JOURNEY, key, where=where)), flat(fields(other, key, where=where))
        assert len(a) == len(b) and not any(x == y for x, y in zip(a, b)), (key, a, b)
    assert fields(JOURNEY, "imf.message_id", where="imf") != fields(other, "imf.message_id", where="imf")
    assert analysis(other) == {}


def test_other_seeds_are_clean():
    for seed in (3, 99, 2 ** 40, 2 ** 63 - 1):
        path = saved(PLACE, "mail-journey", "--seed", str(seed))
        assert analysis(path) == {}, (seed, analysis(path))


tap.main(globals())
