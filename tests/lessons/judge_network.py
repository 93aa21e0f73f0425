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



# ---- lessons to be: what they show, by what others see ----

def flat(table):
    return [value for row in table for value in row if value]


def no_trouble(path):
    bad = flat(fields(path, "frame.number", where="_ws.malformed || tcp.analysis.flags || "
                                                  "_ws.expert.severity >= 6291456"))
    assert not bad, bad


def test_slow_start_doubles_then_halves():
    path = saved(PLACE, "tcp-slow-start")
    said = [e for e in events(PLACE, "tcp-slow-start") if e["host"] == "alice-pc"
            and e["subject"].startswith("tcp ")]
    phases = [e["value"] for e in said if e["key"] == "phase"]
    assert phases[0] == "slow-start" and phases[1::2] == ["recovery"] * len(phases[1::2]), phases
    assert len(phases[1::2]) >= 3 and set(phases[2::2]) <= {"avoidance"}, phases
    opened = [e["time"] for e in said if e["value"] == "ESTABLISHED"][0]
    cwnd = [int(e["value"]) for e in said if e["key"] == "cwnd" and e["time"] <= opened]
    assert cwnd[-1] == 2 * 1448, cwnd # initial_segments: 2, behind the handshake
    # RFC 3465 2.3: in slow start an ACK adds what it acknowledges, at most two segments
    first = [e["time"] for e in said if e["value"] == "recovery"][0]
    early = [int(e["value"]) for e in said if e["key"] == "cwnd" and opened <= e["time"] < first]
    assert all(0 < b - a <= 2 * 1448 for a, b in zip(early, early[1:])), early
    assert early[-1] >= 8 * early[0], early[-1]
    # RFC 5681 3.1 (4): half of what was in flight; only the moments of a loss set it
    flight = int([e["value"] for e in said if e["key"] == "flight" and e["time"] < first][-1])
    ssthresh = int([e["value"] for e in said if e["key"] == "ssthresh" and e["time"] >= first][0])
    assert abs(ssthresh - flight // 2) <= 1448, (flight, ssthresh)
    # every frame that the queue dropped was repeated once, and nothing else was
    lost = [e for e in events(PLACE, "tcp-slow-start") if e["subject"] == "drop"]
    again = fields(path, "frame.number", where="tcp.srcport != 7100 && (tcp.analysis.retransmission "
                                               "|| tcp.analysis.out_of_order)")
    assert lost and len(again) == len(lost), (len(again), len(lost))


def test_path_mtu_is_found():
    path, _, items = seen("path-mtu")
    # the two full segments are refused and their 2800 octets sent anew in three; tshark sums the
    # truncated segments that the ICMP messages quote as if they were whole
    assert items == {**CLEAN, "out-of-order": 2, "retransmission": 1, "bad checksum": 2}, items
    assert not fields(path, "frame.number", where="tcp.checksum.status == 0 && !icmp")
    assert flat(fields(path, "icmp.mtu", where="icmp")) == ["1280", "1280"]
    sizes = [row[0].split(",")[0] for row in fields(path, "ip.len", where="tcp.len > 0 && !icmp")]
    assert sizes == ["1500", "1404", "1280", "1280", "396"], sizes


def test_fragments_are_cut_and_put_together():
    path = saved(PLACE, "fragmentation")
    no_trouble(path)
    assert flat(fields(path, "udp.length", where="udp")) == ["4008", "4008"]
    assert set(flat(fields(path, "ip.fragment.count", where="udp || icmp"))) == {"3"}
    # 1280 carries 20 + 1256: each piece of 1480 becomes 1256 + 224, the last of 1048 fits
    tunnel = saved(PLACE, "fragmentation", "--tap", "tunnel")
    where = "ip.src == 10.0.1.10 && ip.proto == 17"
    assert [int(n) - 20 for n in flat(fields(tunnel, "ip.len", where=where))] == [
        1256, 224, 1256, 224, 1048]


def test_traceroute_names_every_router():
    path = saved(PLACE, "traceroute")
    bad = fields(path, "frame.number", where="_ws.malformed || _ws.expert.severity >= 8388608")
    assert not bad, bad
    hops = {e["key"]: e["value"] for e in events(PLACE, "traceroute")
            if e["subject"] == "traceroute 10.0.2.80"}
    for hop, address in (("1", "10.0.1.1"), ("2", "10.0.9.2"), ("3", "10.0.2.80")):
        assert address in hops[hop], hops
    ttls = flat(fields(path, "ip.ttl", where="udp && !icmp"))
    assert ttls == ["1"] * 3 + ["2"] * 3 + ["3"] * 3, ttls


def test_arp_asks_everybody_and_remembers():
    path = saved(PLACE, "arp")
    no_trouble(path)
    asked = fields(path, "eth.dst", "arp.dst.proto_ipv4", where="arp.opcode == 1")
    everybody = "ff:ff:ff:ff:ff:ff"
    assert asked == [[everybody, "10.0.1.11"]] + [[everybody, "10.0.1.99"]] * 3, asked
    kept = {e["key"]: e["value"] for e in events(PLACE, "arp")
            if e["host"] == "alice-pc" and e["subject"] == "arp"}
    mac = flat(fields(path, "arp.src.hw_mac", where="arp.opcode == 2"))
    assert kept["10.0.1.11"].split()[0] == mac[0], (kept, mac)


def test_nat_shows_one_address_and_two_ports():
    path = saved(PLACE, "nat")
    no_trouble(path)
    sources = set(flat(fields(path, "ip.src", where="ip")))
    assert sources == {"203.0.113.7", "203.0.113.80"}, sources
    ports = set(flat(fields(path, "tcp.srcport", where="tcp.flags == 0x0002")))
    assert len(ports) == 2, ports
    home = saved(PLACE, "nat", "--tap", "home")
    inside = fields(home, "ip.src", "tcp.srcport", where="tcp.flags == 0x0002")
    assert sorted(inside) == [["192.168.1.10", "50000"], ["192.168.1.11", "50000"]], inside
    for name in (path, home):
        assert not fields(name, "frame.number", where="tcp.checksum.status == 0 || "
                                                      "ip.checksum.status == 0")


def test_ipv6_neighbours_find_each_other():
    path = saved(PLACE, "ipv6-neighbours")
    no_trouble(path)
    probes = fields(path, "ipv6.dst", "icmpv6.nd.ns.target_address", where="ipv6.src == ::")
    assert len(probes) == 4, probes         # two addresses each, claimed before they are used
    for group, target in probes:            # RFC 4291 2.7.1: the last three octets of the target
        assert group.split(":")[-1] == target.split(":")[-1], (group, target)
    prefixes = set(flat(fields(path, "icmpv6.opt.prefix", where="icmpv6.type == 134")))
    assert prefixes == {"2001:db8:1::"}, prefixes
    assert not fields(path, "frame.number", where="ipv6.hlim != 255 && icmpv6.type >= 133 && "
                                                  "icmpv6.type <= 137")
    assert len(fields(path, "frame.number", where="icmpv6.type == 129")) == 3


def test_dns_walks_down_from_the_root():
    path = saved(PLACE, "dns-recursion")
    no_trouble(path)
    way = [f"{dst.split('.')[2]} {name}" for dst, name in fields(
        path, "ip.dst", "dns.qry.name", where="ip.src == 10.0.1.53 && dns.flags.response == 0 && udp")]
    reverse = "80.40.0.10.in-addr.arpa"
    assert way == [
        "10 www.alice.test", "20 www.alice.test", "30 www.alice.test", "20 web.bob.test",
        "40 web.bob.test",              # root, test, alice.test; the alias: test is known, bob.test
        "30 alice.test", "40 web.bob.test", "40 nobody.bob.test",
        "10 " + reverse, "40 " + reverse, "30 policy.alice.test"], way
    # the long answer: cut for the stub, which asks again over TCP; EDNS carries it between servers
    assert len(fields(path, "frame.number", where="dns.flags.truncated == 1")) == 1
    assert len(fields(path, "frame.number", where="dns && tcp")) == 2
    assert set(flat(fields(path, "dns.rr.udp_payload_size"))) == {"1232"}
    # the second "no" came from memory: two seconds less to live than the first
    ttl = [int(v) for v in flat(fields(path, "dns.resp.ttl", where="dns.flags.rcode == 3 && "
                                                                   "ip.src == 10.0.1.53"))]
    assert ttl == [60, 58], ttl


DNS_KEYS = ["dns.id", "dns.flags", "dns.flags.response", "dns.flags.authoritative",
            "dns.flags.truncated", "dns.flags.recdesired", "dns.flags.recavail", "dns.flags.rcode",
            "dns.count.queries", "dns.count.answers", "dns.count.auth_rr", "dns.count.add_rr",
            "dns.qry.name", "dns.qry.type", "dns.resp.name", "dns.resp.type", "dns.resp.ttl",
            "dns.resp.len", "dns.a", "dns.aaaa", "dns.cname", "dns.ns", "dns.ptr.domain_name",
            "dns.mx.preference", "dns.mx.mail_exchange", "dns.txt", "dns.txt.length", "dns.soa.mname",
            "dns.soa.rname", "dns.soa.serial_number", "dns.soa.minimum_ttl", "dns.length",
            "dns.rr.udp_payload_size", "dns.resp.ext_rcode", "dns.resp.edns0_version", "dns.resp.z"]


def value(text):
    """Numbers as numbers: 0x0001 is 1, True is 1."""
    out = []
    for part in text.split(","):
        part = {"True": "1", "False": "0"}.get(part, part)
        try:
            out.append(int(part, 0))
        except ValueError:
            out.append(part)
    return out


def test_dns_fields_agree_with_tshark():
    path = saved(PLACE, "dns-recursion")
    theirs = fields(path, "frame.number", *DNS_KEYS, where="dns")
    mine = ours(path, "frame.number", *DNS_KEYS, where="dns")
    assert len(theirs) == len(mine) > 20, (len(theirs), len(mine))
    for i, key in enumerate(DNS_KEYS, 1):
        assert any(row[i] for row in theirs), key
        for a, b in zip(theirs, mine):
            assert a[0] == b[0] and value(a[i]) == value(b[i]), (key, a[0], a[i], b[i])


tap.main(globals())
