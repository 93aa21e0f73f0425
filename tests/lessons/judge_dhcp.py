#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_dhcp.py -- DHCP and address conflicts before tshark: what the two scenarios were made to show, and
every dhcp.* field that tshark sees, at the same frames with the same values."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import events, fields, saved, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
CAPTURE = os.path.abspath(sys.argv[2])
OPTION = "dhcp.option."
KEYS = ["frame.number", "dhcp.type", "dhcp.hw.type", "dhcp.hw.len", "dhcp.hops", "dhcp.id", "dhcp.secs",
        "dhcp.flags", "dhcp.flags.bc", "dhcp.flags.reserved", "dhcp.ip.client", "dhcp.ip.your",
        "dhcp.ip.server", "dhcp.ip.relay", "dhcp.hw.mac_addr", "dhcp.hw.addr_padding", "dhcp.server",
        "dhcp.file", "dhcp.cookie", OPTION + "type", OPTION + "length", OPTION + "value", OPTION + "dhcp",
        OPTION + "subnet_mask", OPTION + "router", OPTION + "domain_name_server", OPTION + "hostname",
        OPTION + "domain_name", OPTION + "requested_ip_address", OPTION + "ip_address_lease_time",
        OPTION + "dhcp_server_id", OPTION + "request_list_item", OPTION + "message",
        OPTION + "renewal_time_value", OPTION + "rebinding_time_value", OPTION + "end", OPTION + "padding"]
ALICE, BOB = "02:00:00:00:01:00", "02:00:00:00:02:00"


def ours(path, keys):
    arguments = [CAPTURE, "decode", "-r", path, "-T", "fields", "-Y", "dhcp"]
    for key in keys:
        arguments += ["-e", key]
    out = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in out.split("\n") if line]


def test_every_field_agrees():
    path = saved(PLACE, "dhcp")
    got, want = ours(path, KEYS), fields(path, *KEYS, where="dhcp")
    assert len(want) == 11 + 7, len(want)  # of Alice and of Bob, counted below
    place = KEYS.index(OPTION + "type")
    for row in want:  # tshark 4.0 shows the end mark, whose code is 255 (RFC 2132 3.2), as option 0
        assert row[place].endswith(",0"), row[place]
        row[place] = row[place][:-1] + "255"
    for mine, theirs in zip(got, want):
        for key, a, b in zip(KEYS, mine, theirs):
            assert a == b, f"frame {theirs[0]}: {key} is {a!r}, tshark says {b!r}"
    assert len(got) == len(want)


def test_both_get_an_address_and_one_gives_it_back():
    path = saved(PLACE, "dhcp")
    assert not fields(path, "frame.number", where="_ws.malformed || _ws.expert.severity >= 6291456")
    said = {ALICE: [], BOB: []}
    for card, step in fields(path, "dhcp.hw.mac_addr", OPTION + "dhcp", where="dhcp"):
        said[card.split(",")[0]].append(int(step))
    # discover 1, offer 2, request 3, decline 4, acknowledge 5, release 7
    assert said[ALICE] == [1, 2, 3, 5, 4, 1, 2, 3, 5, 3, 5], said
    assert said[BOB] == [1, 2, 3, 5, 3, 5, 7], said
    kept = {(e["host"], e["key"]): e["value"] for e in events(PLACE, "dhcp") if e["subject"] == "lease"}
    assert kept[("router", "192.168.1.100")].startswith("declined"), kept
    assert kept[("router", "192.168.1.101")] == "", kept
    assert kept[("router", "192.168.1.102")] == "bound " + ALICE, kept
    # both pinged, and only when they had an address
    assert len(fields(path, "frame.number", where="icmp.type == 0")) == 2


def test_conflicts_are_defended():
    path = saved(PLACE, "arp-conflict")
    # RFC 5227 2.3, 2.4: announcements of the careless host, its answer among them, and one of the server
    tellers = [row[0] for row in fields(path, "arp.src.hw_mac", where="arp.isannouncement == 1")]
    assert tellers.count("02:00:00:00:02:00") == 1, tellers
    assert tellers.count("02:00:00:00:04:00") == 3, tellers
    assert fields(path, "frame.number", where="arp.duplicate-address-detected")
    ends = {e["host"]: e["value"] for e in events(PLACE, "arp-conflict") if e["subject"] == "address"}
    assert ends["careful"] == "taken", ends


tap.main(globals())
