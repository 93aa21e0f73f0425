#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_network.py -- the scenarios of kind network: tshark finds exactly what each was made to show,
and our own analysis says the same of every frame.

The multisets follow from the scenarios: so many segments behind a gap, so many duplicate ACKs."""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import events, fields, saved, sim, tap, tshark  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
CAPTURE = os.path.abspath(sys.argv[2])
ITEMS = ["tcp.analysis." + key for key in
         ("retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order",
          "lost_segment", "ack_lost_segment", "duplicate_ack", "keep_alive", "keep_alive_ack",
          "zero_window", "window_full", "window_update", "zero_window_probe",
          "zero_window_probe_ack", "reused_ports")]
SHARED = ["frame.number", *ITEMS, "tcp.options.wscale.shift.invalid", "tcp.checksum.status"]

# What tshark says of every connection that is opened and closed in good order.
OPENED = {"SYN": 1, "SYN+ACK": 1}
CLOSED = {"FIN": 2, "initiates": 1, "undergoes": 1}
CLEAN = {**OPENED, **CLOSED}
WORDS = [
    (r"Connection establish request \(SYN\).*", "SYN"),
    (r"Connection establish acknowledge \(SYN\+ACK\).*", "SYN+ACK"),
    (r"Connection finish \(FIN\)", "FIN"),
    (r"Connection reset \(RST\)", "RST"),
    (r"This frame initiates the connection closing", "initiates"),
    (r"This frame undergoes the connection closing", "undergoes"),
    (r"This frame is a \(suspected\) (.*?)( segment)?", r"\1"),
    (r"Duplicate ACK \(#\d+\)", "duplicate ACK"),
    (r"Previous segment\(s\) not captured.*", "previous segment not captured"),
    (r"ACKed segment that wasn't captured.*", "ACKed unseen segment"),
    (r"TCP keep-alive segment", "keep-alive"),
    (r"ACK to a TCP keep-alive segment", "keep-alive ACK"),
    (r"TCP Zero Window segment", "zero window"),
    (r"TCP Zero Window Probe", "probe"),
    (r"ACK to a TCP Zero Window Probe", "probe ACK"),
    (r"TCP window update", "window update"),
    (r"TCP window specified by the receiver is now completely full", "window full"),
    (r"A new tcp session is started with the same ports.*", "ports reused"),
    (r"Bad checksum \[should be 0x[0-9a-f]+\]", "bad checksum"),
    (r"Window scale shift exceeds 14", "shift exceeds 14"),
]

# scenario -> what tshark finds, no more and no less
EXPERTS = {
    # one data segment lost, nothing behind it: the timer repeats it
    "tcp-timeout": {**CLEAN, "retransmission": 1},
    # 11680 octets are 8 segments of 1448 and one of 96; the second is lost. The first ACK behind the gap
    # is that of the first segment, so six of the seven segments behind the gap make duplicates
    "tcp-fast-retransmit": {**CLEAN, "duplicate ACK": 6, "fast retransmission": 1,
                            "retransmission": 1},
    # the repetition is of acknowledged data, and its ACK says what the lost one said; with SACK it also
    # names what came twice (RFC 2883)
    "tcp-lost-ack": {**CLEAN, "spurious retransmission": 1, "retransmission": 1, "duplicate ACK": 1,
                     "D-SACK Sequence": 1},
    # two segments overtake one: a gap, the late one, and an ACK for each of the two
    "tcp-out-of-order": {**CLEAN, "out-of-order": 1, "previous segment not captured": 1,
                         "duplicate ACK": 2},
    "tcp-missed-segment": {**CLEAN, "previous segment not captured": 1, "ACKed unseen segment": 1},
    # 11584 octets fill the window; probes after 0.2, 0.6, 1.4 and 3 s, answered by 0 each; then the
    # window opens and is filled once more
    "tcp-zero-window": {**CLEAN, "window full": 2, "zero window": 5, "probe": 4, "probe ACK": 4,
                        "window update": 1},
    # 20000 octets through a window of 5792: it is filled by each of the first three flights
    "tcp-window-full": {**CLEAN, "window full": 3},
    # 17 s of silence, asked every 5 s
    "tcp-keep-alive": {**CLEAN, "keep-alive": 3, "keep-alive ACK": 3},
    "tcp-ports-reused": {**{key: 2 * n for key, n in CLEAN.items()}, "ports reused": 1},
    "tcp-port-closed": {"SYN": 1, "RST": 1},
    "tcp-abort": {**OPENED, "RST": 1},
    # the forged one, and the server's answer to the next data
    "tcp-blind-reset": {**OPENED, "RST": 2},
    "tcp-lost-syn": {**CLEAN, "SYN": 2, "retransmission": 1},
    # each SYN, ACK carries the number of its side's SYN again
    "tcp-simultaneous-open": {**CLEAN, "SYN": 2, "SYN+ACK": 2, "retransmission": 2},
    "tcp-simultaneous-close": CLEAN,
    "tcp-bad-checksum": {**CLEAN, "bad checksum": 1, "retransmission": 1},
    "tcp-window-scale-15": {**CLEAN, "shift exceeds 14": 1},
}


def short(message):
    for pattern, word in WORDS:
        found = re.fullmatch(pattern, message)
        if found:
            return found.expand(word)
    return message


def rows(text):
    return [line.split("\t") for line in text.split("\n") if line.strip("\n")]


SEEN = {}


def seen(scenario):
    """(path, tshark's rows of SHARED, Counter of its expert items), once for each scenario."""
    if scenario not in SEEN:
        path = saved(PLACE, scenario)
        words = [word for key in [*SHARED, "_ws.expert.message"] for word in ("-e", key)]
        table = rows(tshark(path, "-T", "fields", "-E", "aggregator=\x1f", *words))
        items = collections.Counter()
        for row in table:
            items.update(short(m) for m in row[-1].split("\x1f") if m and m != "lost on its way")
        SEEN[scenario] = path, [row[:-1] for row in table], dict(items)
    return SEEN[scenario]


def ours(path, *keys, where=None):
    words = [word for key in keys for word in ("-e", key)]
    done = subprocess.run([CAPTURE, "decode", "-r", path, "-T", "fields", *words,
                           *(["-Y", where] if where else [])],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return rows(done.stdout)


def listed():
    done = sim("list", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- the table ----

def test_every_scenario_of_kind_network_is_listed_with_both_titles():
    found = listed()
    network = {row["id"]: row for row in found if row["kind"] == "network"}
    assert set(EXPERTS) <= set(network), set(EXPERTS) - set(network)
    for row in network.values():
        assert row["title_en"] and row["title_th"] and row["title_en"] != row["title_th"], row


def expert_test(scenario, want):
    def case():
        found = seen(scenario)[2]
        assert found == want, {"found": found, "want": want}
    return case


def same_test(scenario):
    def case():
        path, theirs, _ = seen(scenario)
        mine = ours(path, *SHARED)
        assert len(mine) == len(theirs), (len(mine), len(theirs))
        for a, b in zip(theirs, mine):
            # an item is there or not; what the two print for it is their own affair
            present = [[bool(v) for v in row[1:-1]] for row in (a, b)]
            status = ["Good" if v in ("1", "Good") else "Bad" if v in ("0", "Bad") else v
                      for v in (a[-1], b[-1])]
            assert present[0] == present[1] and status[0] == status[1], (a, b)
    return case


for name, items in EXPERTS.items():
    word = name.replace("-", "_")
    globals()[f"test_{word}_shows_exactly_its_items"] = expert_test(name, items)
    globals()[f"test_{word}_is_judged_alike_by_us"] = same_test(name)


def test_all_data_arrive_though_packets_do_not():
    for name in ("tcp-timeout", "tcp-fast-retransmit", "tcp-lost-ack", "tcp-out-of-order",
                 "tcp-zero-window", "tcp-bad-checksum", "tcp-lost-syn"):
        done = [e["value"] for e in events(PLACE, name) if e["subject"] == "action"]
        assert done == ["started", "done"], (name, done)


tap.main(globals())
