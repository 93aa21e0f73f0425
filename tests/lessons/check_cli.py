#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_cli.py -- enveloscope-sim keeps its promise: names, flags, formats, messages, exit codes."""
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from program import LESSONS, PROGRAM, events, sim, tap  # noqa: E402

FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
BUILT = ("list", "run", "check", "replay", "diff", "attach")
LATER = ("grade",)


def place(name, text):
    path = os.path.join(PLACE, name)
    with open(path, "w" if isinstance(text, str) else "wb",
              **({"encoding": "utf-8"} if isinstance(text, str) else {})) as f:
        f.write(text)
    return path


def is_thai(text):
    return any("\u0e00" <= c <= "\u0e7f" for c in text)


def refused(done, code, *says):
    assert done.returncode == code, (done.returncode, done.stdout[:200], done.stderr)
    assert not done.stdout, done.stdout[:200]
    for word in says:
        assert word in done.stderr, (word, done.stderr)


# ---- help, version, languages ----

def test_help_has_an_example_in_both_languages():
    for words in ((), *((c,) for c in BUILT)):
        for lang, example in (("en", "Example:"), ("th", "ตัวอย่าง:")):
            done = sim(*words, "--help", lang=lang)
            assert done.returncode == 0 and example in done.stdout and not done.stderr, done
            assert is_thai(done.stdout) == (lang == "th"), words


def test_version_is_one_line():
    done = sim("--version")
    assert done.returncode == 0 and re.fullmatch(r"enveloscope-sim \d+\.\d+\.\d+\n", done.stdout)


def test_language_follows_the_locale_and_the_flag():
    environment = dict(os.environ, LC_ALL="th_TH.UTF-8", ENVELOSCOPE_LESSONS=LESSONS)
    done = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True, env=environment)
    assert is_thai(done.stdout)
    done = subprocess.run([PROGRAM, "--help", "--lang=en"], capture_output=True, text=True,
                          env=environment)
    assert not is_thai(done.stdout)


def test_wrong_usage_is_refused_with_a_remedy():
    refused(sim(), 2, "--help")
    refused(sim("rum"), 2, "rum", "run")
    refused(sim("list", lang="fr"), 2, "--lang th")
    refused(sim("run"), 2, "mail-journey")
    refused(sim("run", "a", "b"), 2, "one")
    refused(sim("run", "mail-journey", "--sed", "1"), 2, "--sed", "--seed")
    refused(sim("run", "mail-journey", "--quiet=1"), 2, "--quiet")
    for flag in ("--seed", "--until", "-w", "--tap", "--events", "--set", "--format"):
        done = subprocess.run([PROGRAM, "--lang", "en", "run", "mail-journey", flag],
                              capture_output=True, text=True)
        refused(done, 2, flag, "needs a value")
    refused(sim("check"), 2, "lessons/")
    refused(sim("list", "more"), 2, "more")
    refused(sim("list", "--format", "xml"), 2, "xml", "json")


def test_wrong_values_are_refused_with_a_remedy():
    for words, says in (
            (("--seed", "0"), "whole number"), (("--seed", "x"), "whole number"),
            (("--seed", "-4"), "whole number"), (("--until", "soon"), "number above 0"),
            (("--until", "-1"), "number above 0"), (("--format", "xml"), "dialogue"),
            (("--tap", "moon"), "wan"), (("--set", "links.wan.loss"), "KEY=VALUE"),
            (("--set", "=1"), "KEY=VALUE"), (("--set", "seed.a.b=1"), "seed.a.b"),
            (("--input", "{do: drop}"), "at"), (("--input", "{at: 1s, do: dorp}"), "drop"),
            (("--break", "tcp.flagz"), "tcp.flagz"),
            (("-w", "-", "--events", "-"), "stdout"), (("-w", "-", "--format", "json"), "stdout")):
        refused(sim("run", "mail-journey", *words), 2, says)


def test_what_is_not_built_says_so_in_both_languages():
    for command in LATER:
        refused(sim(command), 2, "not available yet")
        refused(sim(command, lang="th"), 2, "ยังใช้ไม่ได้")


# ---- list ----

def test_list_names_lessons_and_scenarios():
    rows = [line.split("\t") for line in sim("list").stdout.splitlines()]
    assert all(len(row) == 3 for row in rows), rows
    assert ["01-how-mail-works", "lesson", "How mail works"] in rows
    assert [row[1] for row in rows if row[0] in ("mail-journey", "lost-segment")] == ["scenario"] * 2
    assert is_thai(sim("list", lang="th").stdout)


def test_list_as_json_has_both_titles():
    rows = json.loads(sim("list", "--format", "json").stdout)
    assert {"mail-journey", "lost-segment", "01-how-mail-works"} <= {row["id"] for row in rows}
    for row in rows:
        assert set(row) == {"id", "kind", "title_en", "title_th"} and is_thai(row["title_th"]), row


def test_a_missing_lessons_folder_is_named():
    environment = dict(os.environ, ENVELOSCOPE_LESSONS=os.path.join(PLACE, "nowhere"))
    done = subprocess.run([PROGRAM, "list", "--lang", "en"], capture_output=True, text=True,
                          env=environment)
    refused(done, 3, "nowhere", "ENVELOSCOPE_LESSONS")


# ---- run ----

def test_ladder_has_one_line_for_each_frame():
    text = sim("run", "mail-journey").stdout
    rungs = [line for line in text.splitlines() if re.match(r"^ *\d+\.\d{6}  \S+ +> \S+", line)]
    frames = sim("run", "mail-journey", "--format", "json").stdout.splitlines()
    assert len(rungs) == len(frames) > 50, (len(rungs), len(frames))
    assert re.search(r"alice-pc +> +everybody +ARP", text)
    assert "C: EHLO" in text and "C: QUIT" in text
    assert text == sim("run", "mail-journey", "--format", "ladder").stdout


def test_secrets_of_a_run_are_shown():
    text = sim("run", "mail-journey").stdout
    assert "jasmine-94" in text and "******" not in text


def test_dialogue_has_a_block_for_each_conversation():
    text = sim("run", "mail-journey", "--format", "dialogue").stdout
    heads = re.findall(r"^# stream \d+: (\S+) port \d+ > (\S+) port (\d+)$", text, re.MULTILINE)
    assert heads == [("alice-pc", "mx-alice", "587"), ("mx-alice", "mx-bob", "25"),
                     ("bob-phone", "mx-bob", "143"), ("bob-pc", "mx-bob", "110")], heads


def test_json_is_one_object_for_each_frame():
    rows = [json.loads(line) for line in sim("run", "mail-journey", "--format", "json").stdout.splitlines()]
    assert [row["frame"] for row in rows] == list(range(1, len(rows) + 1))
    assert all(a["time"] <= b["time"] for a, b in zip(rows, rows[1:]))
    assert all(set(row) == {"frame", "time", "from", "to", "source", "destination", "protocol",
                            "info", "octets", "lost"} for row in rows)


def test_quiet_and_none_print_nothing():
    assert sim("run", "mail-journey", "--quiet").stdout == ""
    assert sim("run", "mail-journey", "--format", "none").stdout == ""


def test_hash_is_the_same_twice_and_another_with_another_seed():
    one, two, other = (sim("run", "mail-journey", "--quiet", "--hash", *words).stdout
                       for words in ((), (), ("--seed", "5")))
    assert re.fullmatch(r"hash [0-9a-f]{16}\n", one) and one == two and one != other


def test_until_stops_there():
    rows = sim("run", "mail-journey", "--until", "0.6", "--format", "json").stdout.splitlines()
    assert rows and json.loads(rows[-1])["time"] <= 0.6
    assert len(rows) < len(sim("run", "mail-journey", "--format", "json").stdout.splitlines())

def whole_frames(octets):
    """The lengths of a pcapng file's enhanced packet blocks (6); nothing may be cut."""
    at, lengths = 0, []
    while at < len(octets):
        kind, n = struct.unpack_from("<II", octets, at)
        assert at + n <= len(octets) and struct.unpack_from("<I", octets, at + n - 4)[0] == n, at
        if kind == 6:
            lengths.append(struct.unpack_from("<I", octets, at + 20)[0])
        at += n
    return lengths


def runaway(name, limits):
    """A transfer of 4 MB that a limit cuts; its exit code, messages and what was saved."""
    path = place(name, f"""title: {{en: Much, th: มาก}}
hosts:
  a: {{address: 10.0.0.1/24}}
  b: {{address: 10.0.0.2/24}}
links:
  l: {{ends: [a, b], rate: 1Gbit/s}}
limits: {limits}
actions:
  - {{at: 0s, host: a, do: transfer, server: b, port: 5000, send: 4000000}}
""")
    saved = os.path.join(PLACE, "cut.pcapng")
    said = {}
    for lang in ("en", "th"):
        done = sim("run", path, "--quiet", "-w", saved, lang=lang)
        assert done.returncode == 4, (limits, done.returncode, done.stderr)
        assert is_thai(done.stderr) == (lang == "th"), done.stderr
        said[lang] = done.stderr
    with open(saved, "rb") as f:
        n_frames = len(whole_frames(f.read()))
    assert n_frames > 2, (limits, n_frames)
    return said["en"]


def test_a_runaway_run_is_stopped_with_its_reason_and_keeps_its_capture():
    assert "stopped after 500 events" in runaway("events.yaml", "{events: 500}")
    assert "8 events waiting at once" in runaway("waiting.yaml", "{waiting: 8}")
    assert "took 1 MiB of memory" in runaway("memory.yaml", "{memory: 1}")
    path = place("whole.yaml", "hosts:\n  a: {address: 10.0.0.1/24}\n  b: {address: 10.0.0.2/24}\n"
                 "links:\n  l: {ends: [a, b]}\nlimits: {memory: 0}\n")
    refused(sim("run", path), 3, f"{path}:6:", "memory")


def test_set_overrides_a_value():
    lost = [json.loads(line)["lost"] for line in
            sim("run", "mail-journey", "--set", "links.wan.loss=0.2", "--set", "links.wan.delay=9ms",
                "--format", "json").stdout.splitlines()]
    assert any(lost)
    done = sim("run", "mail-journey", "--set", "links.wan.rate=fast", "--format", "none")
    assert done.returncode == 3 and "fast" in done.stderr, done.stderr


def test_frames_go_to_stdout_and_to_a_file_alike():
    done = sim("run", "mail-journey", "-w", "-", text=False)
    path = os.path.join(PLACE, "frames.pcapng")
    assert sim("run", "mail-journey", "-w", path, "--quiet").returncode == 0
    with open(path, "rb") as f:
        assert f.read() == done.stdout
    assert done.stdout[:4] == b"\x0a\x0d\x0d\x0a" and not done.stderr


def test_events_are_json_lines_in_order():
    rows = events(PLACE, "mail-journey")
    assert len(rows) > 100
    assert all(a["time"] <= b["time"] for a, b in zip(rows, rows[1:]))
    assert all(set(row) == {"time", "host", "subject", "key", "value"} for row in rows)
    done = sim("run", "mail-journey", "--events", "-")
    assert [json.loads(line) for line in done.stdout.splitlines()] == rows


def test_output_that_cannot_be_written_is_named():
    for flag in ("-w", "--events"):
        path = os.path.join(PLACE, "no-such-folder", "x")
        refused(sim("run", "mail-journey", flag, path, "--quiet"), 3, path, "folder")


def test_a_lesson_runs_by_id_name_and_folder():
    texts = {sim("run", what, "--hash", "--quiet").stdout
             for what in ("01-how-mail-works", "how-mail-works", "mail-journey",
                          f"{LESSONS}/01-how-mail-works", f"{LESSONS}/scenarios/mail-journey.yaml")}
    assert len(texts) == 1 and "hash" in texts.pop()


def test_playing_tells_the_lesson_and_is_not_slow_without_a_terminal():
    done = sim("run", "01-how-mail-works", "--pace", "0.001")
    assert done.returncode == 0 and "Two jobs, four helpers" in done.stdout
    assert "งานสองอย่าง" in sim("run", "01-how-mail-works", "--pace", "1", lang="th").stdout


def test_interrupting_a_played_run_ends_cleanly_with_complete_files():
    path = os.path.join(PLACE, "interrupted.pcapng")
    try:
        main, terminal = pty.openpty()
    except OSError as error:
        raise tap.Skip(f"no terminal can be opened here: {error}")
    playing = subprocess.Popen([PROGRAM, "run", "mail-journey", "--pace", "0.01", "-w", path],
                               stdout=terminal, stderr=subprocess.PIPE,
                               env=dict(os.environ, ENVELOSCOPE_LESSONS=LESSONS))
    os.close(terminal)
    os.read(main, 200)
    time.sleep(0.3)
    playing.send_signal(signal.SIGINT)
    while True:                     # what was printed is read, so that the program is not blocked
        try:
            if not os.read(main, 4096):
                break
        except OSError:
            break
    assert playing.wait(timeout=60) == 0, playing.stderr.read()
    os.close(main)
    playing.stderr.close()
    whole = sim("run", "mail-journey", "-w", "-", text=False).stdout
    with open(path, "rb") as f:
        assert f.read() == whole


# ---- input that is none ----

def test_an_unknown_id_suggests_a_near_one():
    refused(sim("run", "mail-jurney"), 3, "mail-jurney", "did you mean “mail-journey”")
    refused(sim("run", "zzz"), 3, "zzz", "enveloscope-sim list")
    refused(sim("run", "zzz", lang="th"), 3, "ไม่มี")


def test_files_that_are_no_scenario_are_named_with_their_trouble():
    long_line = place("long.yaml", "title: " + "x" * 10_000_000 + "\n")
    for path, says in (
            (PLACE + "/", ""), (place("empty.yaml", ""), ""), (place("none.yaml", "\n\n# only\n"), ""),
            (long_line, ""), (place("binary.yaml", bytes(range(256)) * 9), ""),
            (place("list.yaml", "- a\n- b\n"), "map"), (place("text.yaml", "hello\n"), "map"),
            (os.path.join(PLACE, "missing.yaml"), "missing.yaml"), ("/dev/null/x.yaml", "x.yaml")):
        for lang in ("en", "th"):
            done = sim("run", path, "--format", "none", lang=lang)
            refused(done, 3, path.rstrip("/"))
            assert len(done.stderr) < 1000, (path, len(done.stderr))
            assert is_thai(done.stderr) == (lang == "th"), done.stderr
            if lang == "en":
                assert says in done.stderr, (says, done.stderr)


SCENARIO = """title: {en: Two hosts, th: สองเครื่อง}
until: 5s
hosts:
  a: {kind: pc, address: 10.0.0.1/24}
  b: {kind: server, address: 10.0.0.2/24}
links:
  lan: {ends: [a, b], rate: 10Mbit/s, delay: 1ms}
services:
  b:
    name: b.test
    domains: [b.test]
    smtp: {port: 25}
users:
  - {name: bob, password: x, host: b}
faults:
  - {link: lan, from: a, drop: 900, of: data}
actions:
  - id: one
    at: 1s
    host: a
    do: send
    server: 10.0.0.2
    port: 25
    from: a@a.test
    to: bob@b.test
    subject: hello
    text: hello
"""

# what is put in place of what, and a word that the message must hold
BROKEN = [
    ("until: 5s", "untill: 5s", "untill"),
    ("until: 5s", "until: soon", "soon"),
    ("until: 5s", "until: 5s\nuntil: 6s", "until"),
    ("until: 5s", "\tuntil: 5s", ""),
    ("until: 5s", "until: 5s\nseed: banana", "banana"),
    ("kind: pc", "kind: toaster", "toaster"),
    ("10.0.0.1/24", "10.0.0.999/24", "10.0.0.999"),
    ("10.0.0.1/24", "10.0.0.1/99", "10.0.0.1/99"),
    ("address: 10.0.0.1/24", "adress: 10.0.0.1/24", "adress"),
    ("ends: [a, b]", "ends: [a, c]", "c"),
    ("ends: [a, b]", "ends: [a]", "ends"),
    ("ends: [a, b]", "ends: [a, b, a]", "ends"),
    ("rate: 10Mbit/s", "rate: fast", "fast"),
    ("rate: 10Mbit/s", "rate: 0bit/s", "rate"),
    ("delay: 1ms", "delay: -1ms", "-1ms"),
    ("delay: 1ms", "delay: 1ms, loss: 300%", "300%"),
    ("  b:\n    name: b.test", "  c:\n    name: b.test", "c"),
    ("smtp: {port: 25}", "smtp: {port: 70000}", "70000"),
    ("smtp: {port: 25}", "smpt: {port: 25}", "smpt"),
    ("host: b}", "host: nobody}", "nobody"),
    ("link: lan", "link: wlan", "wlan"),
    ("from: a, drop", "from: c, drop", "c"),
    ("drop: 900", "drop: none", "none"),
    ("of: data", "of: dust", "dust"),
    ("    host: a\n", "    host: z\n", "z"),
    ("do: send", "do: sing", "sing"),
    ("at: 1s", "after: two", "two"),
    ("at: 1s", "at: yesterday", "yesterday"),
    ("port: 25\n    from", "port: 0\n    from", "0"),
    ("to: bob@b.test", "to: bob", "bob"),
    ("subject: hello", "subject: [a, b", ""),
    ("text: hello", "text: *anchor", ""),
]


def broken_line(old, new):
    """The mutated scenario and the line in which it is wrong."""
    assert SCENARIO.count(old) == 1, (old, SCENARIO.count(old))
    text = SCENARIO.replace(old, new)
    at = SCENARIO.index(old)
    first = SCENARIO.count("\n", 0, at) + 1
    return text, first, first + new.rstrip("\n").count("\n") + 1


def test_the_unbroken_scenario_passes():
    path = place("good.yaml", SCENARIO)
    assert sim("check", path).stdout == ""
    assert sim("run", path, "--quiet").returncode == 0


def test_broken_scenarios_name_file_line_and_remedy():
    wrong = []
    for old, new, says in BROKEN:
        text, first, last = broken_line(old, new)
        path = place("broken.yaml", text)
        done = sim("run", path, "--format", "none")
        found = re.search(re.escape(path) + r":(\d+): (.*)", done.stderr)
        if done.returncode != 3 or not found:
            wrong.append(f"{new!r}: exit {done.returncode}, {done.stderr!r}")
        elif not first <= int(found.group(1)) <= last + 1:
            wrong.append(f"{new!r}: line {found.group(1)} and not {first}: {found.group(2)}")
        elif says not in found.group(2):
            wrong.append(f"{new!r}: says {found.group(2)!r} and not {says!r}")
        thai = sim("run", path, "--format", "none", lang="th").stderr
        if not is_thai(thai):
            wrong.append(f"{new!r}: no Thai: {thai!r}")
    assert not wrong, "\n" + "\n".join(wrong)


# ---- check ----

def test_check_passes_everything_that_we_ship():
    done = sim("check", LESSONS)
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_check_prints_every_problem_and_fails():
    text, first, _ = broken_line("do: send", "do: sing")
    path = place("broken.yaml", text)
    done = sim("check", path, place("good.yaml", SCENARIO))
    assert done.returncode == 1 and done.stdout.startswith(f"{path}:{first}: "), done


def test_check_of_nothing_is_refused():
    refused(sim("check", os.path.join(PLACE, "missing")), 3, "missing")
    folder = os.path.join(PLACE, "bare")
    os.mkdir(folder)
    done = sim("check", folder)
    assert done.returncode == 1 and "no lesson" in done.stdout


TASKS = """scenario: ../good.yaml
steps:
  - id: one
    frame: tcp.flags.syn == 1 && tcp.flags.ack == 0
    questions:
      - kind: predict
        frame: tcp.flags.syn == 1 && tcp.flags.ack == 1
        value: tcp.flags
        prompt: {en: What comes?, th: อะไรจะมา}
        choices:
          - {en: SYN and ACK, th: SYN และ ACK, is: "0x0012"}
          - {en: RST, th: RST, is: "0x0004"}
        explain: {en: so, th: ดังนั้น}
"""
PROSE = "# Title\n\n## One\n\n[SYN](<frame:tcp.flags.syn == 1 && tcp.flags.ack == 0> \"tcp.dstport\")\n"

BROKEN_LESSONS = [
    # file, old, new, what the message holds
    ("tasks.yaml", "tcp.flags.ack == 0", "tcp.flagz == 0", "tcp.flagz"),
    ("tasks.yaml", "tcp.flags.ack == 0", "tcp.dstport == 4", "0 frames"),
    ("tasks.yaml", "value: tcp.flags", "value: tcp.dstport", "tcp.dstport"),
    ("tasks.yaml", "value: tcp.flags", "answer: 3", "answer"),
    ("tasks.yaml", "value: tcp.flags", "value: no.key", "no.key"),
    ("tasks.yaml", "th: อะไรจะมา", "th: ''", "both languages"),
    ("tasks.yaml", "kind: predict", "kind: guess", "guess"),
    ("tasks.yaml", "id: one", "idd: one", "idd"),
    ("tasks.yaml", "frame: tcp.flags.syn == 1 && tcp.flags.ack == 0",
     "frame: tcp.flags.syn == 1\n    nth: 2", "predict"),
    ("tasks.yaml", "  - id: one\n", "  - id: zero\n  - id: one\n", "heading"),
    (("lesson.en.md", "lesson.th.md"), "tcp.dstport", "tcp.nothing", "tcp.nothing"),
    ("lesson.en.md", "## One", "## One\n\n## Two", "steps"),
    ("lesson.th.md", "[SYN]", "[SYN](field:ip.ttl) [SYN]", "lacks the link"),
    ("lesson.th.md", "# Title", "Title", "step"),
]


def lesson(name, changes=()):
    folder = os.path.join(PLACE, name)
    os.makedirs(folder, exist_ok=True)
    place("good.yaml", SCENARIO)
    for file, text in (("tasks.yaml", TASKS), ("lesson.en.md", PROSE), ("lesson.th.md", PROSE)):
        for where, old, new in changes:
            if file in where:
                assert old in text, old
                text = text.replace(old, new, 1)
        place(os.path.join(name, file), text)
    return folder


def test_check_finds_what_is_wrong_in_a_lesson():
    done = sim("check", lesson("lesson-good"))
    assert done.returncode == 0, done.stdout
    wrong = []
    for number, (file, old, new, says) in enumerate(BROKEN_LESSONS):
        done = sim("check", lesson(f"lesson-{number}", [(file, old, new)]))
        if done.returncode != 1 or says not in done.stdout or \
                not re.match(r"\S+\.(yaml|md):\d+: ", done.stdout):
            wrong.append(f"{file} {new!r}: exit {done.returncode}, {done.stdout!r} lacks {says!r}")
    assert not wrong, "\n" + "\n".join(wrong)


tap.main(globals())
