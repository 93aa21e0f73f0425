# SPDX-License-Identifier: GPL-3.0-or-later
"""check_flows.py PROGRAM -- the tables of `flows` beside tshark's, capture by capture.

tshark gives the fields of every frame; what Wireshark's statistics windows count of them is counted here again, so
that its rounding to "kB" does not hide a difference. Reads the captures of ENVELOSCOPE_CORPUS.
"""
import collections
import csv
import io
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

PROGRAM = sys.argv[1]
FIELDS = ["frame.number", "frame.len", "frame.time_epoch", "frame.protocols", "ip.src", "ip.dst", "ipv6.src",
          "ipv6.dst", "tcp.stream", "udp.stream", "tcp.srcport", "tcp.seq", "tcp.ack", "tcp.len",
          "tcp.window_size", "tcp.analysis.initial_rtt", "tcp.analysis.ack_rtt", "tcp.flags"]
ITEMS = ["retransmission", "fast_retransmission", "spurious_retransmission", "out_of_order", "lost_segment",
         "ack_lost_segment", "duplicate_ack", "keep_alive", "keep_alive_ack", "zero_window", "window_full",
         "window_update", "zero_window_probe", "zero_window_probe_ack", "reused_ports"]
CACHE = {}


def captures():
    corpus = os.environ.get("ENVELOSCOPE_CORPUS")
    if not corpus:
        raise tap.Skip("ENVELOSCOPE_CORPUS is not set")
    if not shutil.which("tshark"):
        raise tap.Skip("tshark is not installed")
    for folder in ("real", "onefeature"):
        for name in sorted(os.listdir(os.path.join(corpus, folder))):
            if name.endswith((".pcap", ".pcapng")):
                yield os.path.join(corpus, folder, name)


def tshark(path):
    """Each frame as a dictionary; of a field that occurs more than once the first value."""
    if path not in CACHE:
        wanted = FIELDS + ["tcp.analysis." + item for item in ITEMS]
        command = ["tshark", "-r", path, "-T", "fields", "-E", "occurrence=f"]
        for field in wanted:
            command += ["-e", field]
        text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        CACHE[path] = [dict(zip(wanted, line.split("\t"))) for line in text.splitlines()]
    return CACHE[path]


def table(path, *options):
    done = subprocess.run([PROGRAM, "flows", "-r", path, "--format", "csv", *options], capture_output=True,
                          check=False, text=True)
    assert done.returncode in (0, 4), done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


def test_conversations():
    n = 0
    for path in captures():
        counted = collections.defaultdict(lambda: collections.Counter())
        for frame in tshark(path):
            for kind in ("tcp", "udp"):
                stream = frame[f"{kind}.stream"]
                if stream and frame["frame.protocols"].count("icmp") == 0:
                    counted[kind.upper(), int(stream)].update(frames=1, octets=int(frame["frame.len"]))
        ours = {(r["transport"], int(r["stream"])): r for r in table(path)
                if int(r["client_frames"]) + int(r["server_frames"])}
        assert set(ours) == set(counted), path
        for key, row in ours.items():
            assert int(row["client_frames"]) + int(row["server_frames"]) == counted[key]["frames"], path
            assert (int(row["client_frame_bytes"]) + int(row["server_frame_bytes"])
                    == counted[key]["octets"]), path
            n += 1
    assert n > 60


def test_handshakes():
    n = 0
    for path in captures():
        rtts = {f["tcp.stream"]: f["tcp.analysis.initial_rtt"] for f in reversed(tshark(path))
                if f["tcp.analysis.initial_rtt"]}
        for row in table(path):
            if row["transport"] == "TCP" and row["handshake"] and row["stream"] in rtts:
                assert abs(float(row["handshake"]) - float(rtts[row["stream"]])) < 1e-8, (path, row)
                n += 1
    assert n > 40


def test_endpoints():
    for path in captures():
        counted = collections.defaultdict(collections.Counter)
        for frame in tshark(path):
            octets = int(frame["frame.len"])
            source, target = (frame["ip.src"], frame["ip.dst"]) if frame["ip.src"] else (
                frame["ipv6.src"], frame["ipv6.dst"])
            if source:
                counted[source].update(sent=1, sent_octets=octets, received=0, received_octets=0)
                counted[target].update(received=1, received_octets=octets, sent=0, sent_octets=0)
        ours = {r["address"]: (int(r["sent_frames"]), int(r["sent_frame_bytes"]), int(r["received_frames"]),
                               int(r["received_frame_bytes"])) for r in table(path, "--table", "endpoints")}
        assert ours == {a: (c["sent"], c["sent_octets"], c["received"], c["received_octets"])
                        for a, c in counted.items()}, path


def test_hierarchy_down_to_the_transport():
    shared = {"eth", "sll", "raw", "null", "ip", "ipv6", "arp", "tcp", "udp", "icmp", "icmpv6", "vlan"}
    for path in captures():
        counted = collections.Counter()
        for frame in tshark(path):
            names = [n for n in frame["frame.protocols"].split(":") if n != "ethertype"]
            for i, name in enumerate(names):
                if name not in shared:
                    break
                counted[":".join(names[:i + 1])] += 1
                if name in ("tcp", "udp", "icmp", "icmpv6"):
                    break
        ours = {r["path"]: int(r["frames"]) for r in table(path, "--table", "protocols")
                if r["path"] in counted or r["protocol"] in shared and r["path"].count("icmp") == 0}
        assert ours == dict(counted), path


def test_expert_items():
    total = collections.Counter()
    for path in captures():
        counted = collections.Counter()
        for frame in tshark(path):
            counted.update(i for i in ITEMS if frame["tcp.analysis." + i])
        ours = {r["filter"].removeprefix("tcp.analysis."): int(r["count"])
                for r in table(path, "--table", "expert") if r["filter"].startswith("tcp.analysis.")}
        assert ours == dict(counted), path
        total += counted
    assert len(total) >= 5


def test_series():
    n = n_rtt = 0
    for path in captures():
        streams = collections.defaultdict(list)
        for frame in tshark(path):
            if frame["tcp.stream"] and "icmp" not in frame["frame.protocols"]:
                streams[frame["tcp.stream"]].append(frame)
        for stream, frames in list(streams.items())[:4]:
            rows = table(path, "--series", stream)
            assert [r["frame"] for r in rows] == [f["frame.number"] for f in frames], path
            whole = all(int(f["tcp.flags"], 16) & 2 for f in frames[:2])  # both SYNs are there
            for row, frame in zip(rows, frames):
                assert row["len"] == frame["tcp.len"], (path, row)
                if not whole:
                    continue
                assert row["seq"] == frame["tcp.seq"], (path, row, frame)
                assert row["window"] == frame["tcp.window_size"], (path, row, frame)
                if int(frame["tcp.flags"], 16) & 16:
                    assert row["ack"] == frame["tcp.ack"], (path, row, frame)
                n += 1
                # tshark measures from a repetition too (it knows no Karn), so only where both speak
                if row["rtt"] and frame["tcp.analysis.ack_rtt"]:
                    assert abs(float(row["rtt"]) - float(frame["tcp.analysis.ack_rtt"])) < 1e-8, (path, row)
                    n_rtt += 1
    assert n > 500 and n_rtt > 200


def test_what_it_refuses():
    path = next(captures())
    for options in (["--table", "x"], ["--series", "x"], ["--series", "99999"], ["--format", "xml"]):
        assert subprocess.run([PROGRAM, "flows", "-r", path, *options], capture_output=True,
                              check=False).returncode == 2


tap.main(globals())
