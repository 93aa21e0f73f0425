#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_time.py -- the time machine at the command line: a saved run plays again octet for octet, does
what a person asked for, stops where it was told to, and refuses files that are none."""
import hashlib
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import LESSONS, events, fields, saved, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name

# Alice's third line to her server is lost in mail-journey; what stands here is checked by the tests
INPUTS = ["{at: 0.5106s, do: drop, link: alice-lan, from: alice-pc}",
          "{at: 1s, do: set, link: wan, key: delay, value: 30ms}",
          "{at: 5s, do: open, as: me, host: alice-pc, to: 'mx.alice.test:25'}",
          "{at: 6s, do: type, as: me, line: HELP}",
          "{at: 7s, do: type, as: me, line: QUIT}"]


def inputs(*texts):
    return [word for text in texts for word in ("--input", text)]


def octets(*words):
    done = sim(*words, "-w", "-", text=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def place(name, text):
    path = os.path.join(PLACE, name)
    with open(path, "w" if isinstance(text, str) else "wb",
              **({"encoding": "utf-8"} if isinstance(text, str) else {})) as f:
        f.write(text)
    return path


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def save(name, *words):
    path = os.path.join(PLACE, name)
    done = sim("run", *words, "--save", path, "--quiet")
    assert done.returncode == 0, done.stderr
    return path


FILE = """title: A file of one's own
until: 9s
hosts:
  a: {kind: pc, address: 10.0.0.1/24}
  b: {kind: server, address: 10.0.0.2/24}
links:
  lan: {ends: [a, b], rate: 10Mbit/s, delay: 1ms}
services:
  b: {name: b.test, domains: [b.test], smtp: {port: 25}}
users:
  - {name: bob, password: x, host: b}
actions:
  - {at: 1s, host: a, do: send, server: 10.0.0.2, port: 25, from: a@a.test, to: bob@b.test,
     subject: hello, text_file: letter.txt}
"""


# ---- replay ----

def test_replay_gives_the_same_octets_with_every_flag():
    words = ["mail-journey", "--seed", "7", "--set", "links.wan.loss=0.05", "--until", "8.123456789",
             *inputs(*INPUTS)]
    path = save("all.envrun", *words)
    for flags in ((), ("--tap", "all"), ("--tap", "wan")):
        assert octets("replay", path, *flags) == octets("run", *words, *flags), flags
    assert sim("replay", path).stdout == sim("run", *words).stdout
    assert sim("replay", path, "--hash", "--quiet").stdout == sim("run", *words, "--hash", "--quiet").stdout


def test_replay_does_what_the_file_says_and_nothing_else():
    path = save("plain.envrun", "lost-segment")
    assert octets("replay", path) == octets("run", "lost-segment")
    again = save("again.envrun", path)              # a saved run may be run and saved, too
    assert read(again) == read(path)
    assert octets("replay", path, "--seed", "9") == octets("run", "lost-segment", "--seed", "9")
    slower = inputs(INPUTS[1].replace("1s", "0.51s"))
    longer = octets("replay", path, *slower)
    assert longer == octets("run", "lost-segment", *slower) != octets("replay", path)


def test_a_saved_run_is_a_readable_page():
    text = read(save("page.envrun", "mail-journey", *inputs(*INPUTS)))
    assert re.search(r"^envrun: 1$", text, re.M) and re.search(r"^scenario: mail-journey$", text, re.M)
    assert re.search(r"^seed: 1$", text, re.M) and "line: HELP" in text and "text:" not in text
    assert len(text.splitlines()) < 20, text


def test_a_hand_in_is_complete_without_its_files():
    folder = os.path.join(PLACE, "own")
    os.mkdir(folder)
    place("own/letter.txt", "From a file: \"quoted\"\n.\n  leading dot\n\n")
    path = save("own.envrun", place("own/mine.yaml", FILE), *inputs("{at: 2s, do: down, link: lan}"))
    before = octets("replay", path)
    os.remove(os.path.join(folder, "letter.txt"))
    os.remove(os.path.join(folder, "mine.yaml"))
    assert octets("replay", path) == before
    assert "leading dot".encode() in before


def test_texts_that_yaml_would_change_survive():
    for number, end in enumerate(("", "\n", "\n\n\n", " \n", "\r\n", "# \ufeff \u0e01 \U0001f4e7\t\n")):
        text = FILE.replace("text_file: letter.txt", "text: hi") + end
        path = save(f"odd-{number}.envrun", place(f"odd-{number}.yaml", text))
        assert sim("replay", path, "--quiet").returncode == 0, (end, read(path)[-80:])


def test_fingerprint_and_hash_as_json():
    one, two, other = (sim("run", "lost-segment", "--hash", "--quiet", "--format", "json", *words).stdout
                       for words in ((), ("--seed", "1"), ("--seed", "2")))
    assert one == two != other and re.fullmatch(
        r'\{"hash":"[0-9a-f]{16}","fingerprint":"[0-9a-f]{16}","seed":1,"frames":\d+,"events":\d+,'
        r'"end":[\d.]+\}\n', one), one


# ---- files that are none ----


def refused(path, *says):
    for lang in ("en", "th"):
        done = sim("replay", path, "--quiet", lang=lang)
        assert done.returncode == 3 and not done.stdout, (path, done)
        assert len(done.stderr) < 1200 and done.stderr.count("\n") == 1, done.stderr
        assert "Sanitizer" not in done.stderr
        for word in says if lang == "en" else ():
            assert word in done.stderr, (word, done.stderr)


def test_bad_files_are_refused_with_file_and_line():
    good = read(save("good.envrun", "mail-journey", "--set", "links.wan.loss=0.01", *inputs(*INPUTS)))

    def edited(old, new, *says):
        assert old in good, old
        path = place("edited.envrun", good.replace(old, new, 1))
        refused(path, path, *says)

    edited("envrun: 1", "envrun: 2", "format 2", "format 1")
    edited("envrun: 1", "envrun: x", "no saved run")
    edited("envrun: 1\n", "", "no saved run")
    edited("mail-journey", "mail-jurney", "mail-journey")
    edited("scenario: mail-journey", "scenario: /etc/passwd", "path")
    edited("scenario: mail-journey", "scenario: ../x.yaml", "path")
    edited("sha256: ", "sha256: 0", "has changed")
    edited("seed: 1", "seed: -1", ":5:", "seed")
    edited("seed: 1", "sed: 1", "seed")
    edited("do: drop", "do: dropp", ":9:", "drop")
    edited("link: alice-lan", "link: alice-ln", ":9:", "alice-lan")
    edited("from: alice-pc", "from: bob-pc", ":9:", "bob-pc")
    edited("at: 1.000000000s", "at: 0.1s", ":10:", "order")
    edited("key: delay", "key: dealy", ":10:", "delay")
    edited("value: 30ms", "value: 30", ":10:", "30")
    edited("as: me, host: alice-pc", "as: me, host: nobody", ":11:", "nobody")
    edited("as: me, line: HELP", "as: you, line: HELP", ":12:", "you")
    edited("links.wan.loss=0.01", "links.wan.loss", "KEY=VALUE")
    path = place("edited.envrun", good.replace("links.wan.loss=0.01", "links.wan.loss=7", 1))
    refused(path, "mail-journey.yaml", "7")        # the complaint is the scenario's own
    edited('hash: "', 'hash: "z', "hash")
    edited(re.search(r'hash: "\w+"', good).group(0), 'hash: "0000000000000001"')


def test_hostile_files_are_refused():
    good = read(save("good.envrun", "mail-journey", *inputs(*INPUTS)))
    for n in (0, 1, 40, 80, len(good) // 2):
        cut = place("cut.envrun", good[:n])
        refused(cut, cut)
    refused(place("huge.envrun", good + "# " + "x" * (5 << 20) + "\n"), "MiB")
    refused(place("many.envrun", re.sub(r"inputs:\n", "inputs:\n" + "  - {at: 0s, do: up, link: wan}\n" * 10001,
                                        good)), "10000")
    refused(place("deep.envrun", good + "x: " + "[" * 100 + "\n"), "deep.envrun:")
    refused(place("binary.envrun", bytes(range(256)) * 40))
    refused(os.path.join(PLACE, "none.envrun"), "none.envrun")
    os.mkdir(os.path.join(PLACE, "dir.envrun"))
    refused(os.path.join(PLACE, "dir.envrun"), "folder")


def test_a_saved_run_reads_no_other_file():
    secret = place("secret.txt", "do not send me anywhere\n")
    good = read(save("own2.envrun", place("own2.yaml", FILE.replace("text_file: letter.txt", "text: hi"))))
    path = place("thief.envrun", good.replace("text: hi", f"text_file: {secret}"))
    refused(path, "SHA-256")
    sum_ = re.search(r"sha256: (\w+)", good).group(1)
    text = FILE.replace("text_file: letter.txt", f"text_file: {secret}")
    real = hashlib.sha256(text.encode()).hexdigest()
    path = place("thief.envrun", good.replace("text: hi", f"text_file: {secret}").replace(sum_, real))
    refused(path, "secret.txt", "nothing else is read")


def test_replay_wants_a_saved_run():
    done = sim("replay", "mail-journey")
    assert done.returncode == 2 and "envrun" in done.stderr
    done = sim("run", "mail-journey", "--save", os.path.join(PLACE, "no", "such"), "--quiet")
    assert done.returncode == 3 and "folder" in done.stderr


# ---- inputs ----

def told(rows, number):
    return [r["value"] for r in rows if r["subject"] == "input" and r["key"] == str(number)]


def test_a_dropped_packet_is_repeated():
    rows = events(PLACE, "mail-journey", *inputs(INPUTS[0]))
    assert told(rows, 1) == ["waiting", "done"], told(rows, 1)
    path = saved(PLACE, "mail-journey", *inputs(INPUTS[0]))
    again = fields(path, "tcp.len", where="tcp.analysis.retransmission && ip.src == 10.0.1.10")
    full = fields(path, "tcp.len", where="tcp.dstport == 587 && tcp.len > 1000")[0]
    assert again == [full], (again, full)
    assert not fields(saved(PLACE, "mail-journey"), "frame.number", where="tcp.analysis.flags")


def test_a_packet_on_the_wire_is_dropped_and_the_frame_stays():
    """bob's link to the world takes 8 ms; a frame leaves before the input and is lost behind it."""
    path = saved(PLACE, "mail-journey")
    first = [float(row[0]) for row in fields(path, "frame.time_relative", where="tcp.dstport == 25")][0]
    first += 0.5                                    # the first frame leaves at 0.5 s
    drop = "{at: %.9fs, do: drop, link: wan, from: router}" % (first + 0.005)
    rows = events(PLACE, "mail-journey", *inputs(drop))
    assert told(rows, 1) == ["done"], told(rows, 1)
    other = saved(PLACE, "mail-journey", *inputs(drop))
    syns = fields(other, "frame.time_relative", where="tcp.dstport == 25 && tcp.flags.syn == 1")
    assert len(syns) == 2, syns                     # RFC 6298: repeated after one second
    assert 0.99 < float(syns[1][0]) - float(syns[0][0]) < 1.01, syns


def test_altered_octets_fail_their_checksum():
    tcp = int(fields(saved(PLACE, "mail-journey"), "tcp.hdr_len", where="tcp.dstport == 587 && tcp.len > 1000")[0][0])
    alter = "{at: 0.5106s, do: alter, link: alice-lan, from: alice-pc, offset: %d, octets: \"5858\"}" % (
        14 + 20 + tcp + 6)
    path = saved(PLACE, "mail-journey", *inputs(alter))
    bad = fields(path, "frame.number", "tcp.payload", where="tcp.checksum.status == \"Bad\"")
    assert len(bad) == 1 and bad[0][1][12:16] == "5858", bad


def test_a_reset_ends_the_connection_at_the_victim():
    ports = fields(saved(PLACE, "mail-journey"), "tcp.srcport", where="tcp.dstport == 587")[0][0]
    reset = f"{{at: 0.5103s, do: reset, from: '10.0.1.25:587', to: '10.0.1.10:{ports}'}}"
    rows = events(PLACE, "mail-journey", *inputs(reset))
    states = [r["value"] for r in rows if r["host"] == "alice-pc" and r["key"] == "state"
              and r["subject"].startswith("tcp ") and r["subject"].endswith(":587")]
    assert states[-1] == "CLOSED" and "FIN-WAIT-1" not in states, states
    assert [r for r in rows if r["subject"] == "action" and r["key"] == "letter"][-1]["value"] == "failed"


def test_a_hand_types_and_is_answered():
    path = saved(PLACE, "mail-journey", *inputs(*INPUTS[2:]))
    said = [row[0] for row in fields(path, "smtp.req.command", where="smtp.req.command && tcp.dstport == 25 "
                                     "&& ip.src == 10.0.1.10")]
    assert said == ["HELP", "QUIT"], said


def test_a_hand_takes_over_a_connection():
    port = fields(saved(PLACE, "mail-journey"), "tcp.srcport", where="tcp.dstport == 587")[0][0]
    path = saved(PLACE, "mail-journey", *inputs(
        f"{{at: 0.5104s, do: take, as: me, host: alice-pc, from: '10.0.1.10:{port}', to: '10.0.1.25:587'}}",
        "{at: 6s, do: type, as: me, line: RSET}", "{at: 7s, do: close, as: me}"))
    said = [row[0] for row in fields(path, "smtp.req.command",
                                     where="smtp.req.command && tcp.dstport == 587")]
    assert said[-1] == "RSET" and "DATA" not in said and "QUIT" not in said, said


def test_inputs_that_find_nothing_say_so():
    rows = events(PLACE, "mail-journey", *inputs(
        "{at: 1s, do: reset, from: '10.0.1.25:4', to: '10.0.1.10:5'}",
        "{at: 2s, do: take, as: a, host: alice-pc, from: '10.0.1.10:4', to: '10.0.1.25:5'}",
        "{at: 3s, do: type, as: a, line: hello}"))
    assert [told(rows, n) for n in (1, 2, 3)] == [["nothing"]] * 3, rows[-3:]


def test_a_link_that_changes():
    path = saved(PLACE, "mail-journey", *inputs("{at: 3s, do: set, link: phone-lan, key: loss, value: 100%}"))
    assert not fields(path, "frame.number", where="imap.response")
    path = saved(PLACE, "mail-journey", *inputs("{at: 0.5104s, do: down, link: alice-lan}",
                                                "{at: 4s, do: up, link: alice-lan}"))
    times = [float(row[0]) + 0.5 for row in fields(path, "frame.time_relative", where="ip.src == 10.0.1.10")]
    assert not [t for t in times if 0.5104 < t < 1], times       # what waits is repeated into a dead link
    assert [t for t in times if t > 4], times


# ---- stopping ----

def test_break_stops_behind_the_first_frame_that_fits():
    done = sim("run", "mail-journey", "--break", 'smtp.req.command == "DATA"', "--format", "dialogue")
    assert done.returncode == 0 and "C: DATA\n" in done.stdout and "354" not in done.stdout, done.stdout
    assert "stopped at 0.510" in done.stderr, done.stderr
    path = os.path.join(PLACE, "break.pcapng")
    save("break.envrun", "mail-journey", "--break", 'smtp.req.command == "DATA"', "-w", path)
    with open(path, "rb") as f:
        assert octets("replay", os.path.join(PLACE, "break.envrun")) == f.read()


def test_break_event_stops_at_the_first_state_that_fits():
    done = sim("run", "mail-journey", "--break-event", "mx-alice tcp * state = CLOSE-WAIT", "--events", "-")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    found = [r for r in rows if r["host"] == "mx-alice" and r["value"] == "CLOSE-WAIT"]
    assert len(found) == 1 and found[0]["time"] == rows[-1]["time"], rows[-3:]


def test_break_that_never_fits_says_so():
    done = sim("run", "mail-journey", "--break", "tcp.flags.urg == 1", "--quiet")
    assert done.returncode == 0 and "nothing fitted" in done.stderr
    done = sim("run", "mail-journey", "--break", "tcp.nonsense == 1")
    assert done.returncode == 2 and "tcp.nonsense" in done.stderr


# ---- faults by display filter ----

def test_the_second_segment_with_data_is_lost():
    path = saved(PLACE, "second-data-lost")
    data = fields(path, "frame.number", "tcp.stream", where="tcp.payload == 44:41:54:41:0d:0a")
    assert [row[1] for row in data] == ["0", "1", "1"], data       # the second is sent again
    again = fields(path, "frame.number", where="tcp.analysis.retransmission && tcp.payload == 44:41:54:41:0d:0a")
    assert again == [[data[2][0]]], (again, data)
    other = saved(PLACE, "second-data-lost", "--set", "faults.0.filter=smtp.response.code == 354",
                  "--set", "faults.0.occurrence=1")
    assert fields(other, "frame.number", where="tcp.stream == 0 && tcp.analysis.retransmission")
    assert not fields(other, "frame.number", where="tcp.stream == 1 && tcp.analysis.flags")


def test_a_wrong_filter_names_file_and_line():
    text = open(os.path.join(LESSONS, "scenarios", "second-data-lost.yaml"), encoding="utf-8").read()
    line = text[:text.index("filter:")].count("\n") + 1
    path = place("wrong.yaml", text.replace("smtp.req.command", "smtp.req.comand"))
    for done in (sim("run", path, "--quiet"), sim("check", path)):
        assert f"{path}:{line}: " in done.stdout + done.stderr and "smtp.req.comand" in done.stdout + done.stderr
        assert done.returncode in (1, 3)


# ---- diff ----

def test_diff_of_equal_runs():
    one = save("one.envrun", "lost-segment")
    done = sim("diff", one, one, "--changes", "--exit-code")
    assert done.returncode == 0 and done.stdout.count("\n") == 1 and "no difference" in done.stdout
    rows = sim("diff", one, "lost-segment").stdout.splitlines()[1:]
    frames = len(sim("run", "lost-segment", "--format", "json").stdout.splitlines())
    assert len(rows) == frames and all(row.startswith("= ") for row in rows), rows[:3]


def test_diff_names_the_first_difference_and_aligns():
    one = save("one.envrun", "mail-journey")
    two = save("two.envrun", "mail-journey", *inputs(INPUTS[0]))
    done = sim("diff", one, two)
    assert done.returncode == 0 and re.match(r"first difference at 0\.5106\d+ s, frame 27: lost on its way in the second", done.stdout)
    rows = [json.loads(line) for line in sim("diff", one, two, "--format", "json").stdout.splitlines()]
    assert [r["a"] for r in rows if "a" in r] == list(range(1, 1 + max(r.get("a", 0) for r in rows)))
    assert [r["b"] for r in rows if "b" in r] == list(range(1, 1 + max(r.get("b", 0) for r in rows)))
    assert [r["kind"] for r in rows[:26]] == ["same"] * 26 and rows[26]["kind"] == "changed"
    assert sim("diff", one, two, "--exit-code", "--format", "none").returncode == 1
    assert sim("diff", one, two, lang="th").stdout.startswith("ต่างกันครั้งแรก")


def test_diff_refuses_what_is_none():
    one = save("one.envrun", "lost-segment")
    assert sim("diff", one).returncode == 2
    assert sim("diff", one, os.path.join(PLACE, "nothing.envrun")).returncode == 3
    assert sim("diff", one, one, "--tap", "moon").returncode == 2
    assert sim("diff", one, one, "--format", "xml").returncode == 2


tap.main(globals())
