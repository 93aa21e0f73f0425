#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_failing.py -- every place that asks for memory gets none, once and from then on.

GLib's contract holds for the whole program: it goes on as if nothing had been, or it ends with a
message of the failed allocation and an exit code that is not zero. It never stumbles over a null
pointer, and under a file's final name there is the whole file or none.

Places are told apart by their callers (failing.c); of each command PLACES are tried, evenly over the
run, or all of them with ENVELOSCOPE_FAILING=all."""
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../decode"))
from wire import Session  # noqa: E402

CAPTURE, SIM, DUMP, FAILING = map(os.path.abspath, sys.argv[1:5])
PLACES = 1 << 30 if os.environ.get("ENVELOSCOPE_FAILING") == "all" else 60
MESSAGE = re.compile(rb"failed to allocate|Cannot allocate memory|no memory for", re.IGNORECASE)
# Whole, or under a name that nobody takes for the result.
PART = re.compile(r"\.part$")
OLD = b"the report of yesterday\n"    # stays until there is another
FOLDER = tempfile.TemporaryDirectory()


def captured(scenario):
    """One run of the simulator, with the secrets of its TLS inside."""
    path = os.path.join(FOLDER.name, scenario + ".pcapng")
    if not os.path.exists(path):
        subprocess.run([SIM, "run", scenario, "--quiet", "-w", path], check=True)
    return path


def octets_below(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            with open(path, "rb") as octets:
                found[os.path.relpath(path, folder)] = octets.read()
    return found


def run(argv, folder, **environment):
    return subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          env=dict(os.environ, LD_PRELOAD=FAILING, LC_ALL="C.UTF-8", **environment))


def places(argv):
    """The undisturbed run, its files, and for each place the number of its first call."""
    with tempfile.TemporaryDirectory(dir=FOLDER.name) as folder:
        trace = folder + "-trace"
        good = run(argv, folder, FAIL_TRACE=trace)
        first = {}
        with open(trace) as lines:
            for number, place in enumerate(lines, 1):
                first.setdefault(place, number)
        return good, octets_below(folder), sorted(first.values())


def trouble(argv, good, files, how, number):
    """What is wrong after the failure of one call; None when nothing is."""
    with tempfile.TemporaryDirectory(dir=FOLDER.name) as folder:
        if "report" in files:
            with open(os.path.join(folder, "report"), "wb") as old:
                old.write(OLD)
        done = run(argv, folder, **{how: str(number)})
        left = octets_below(folder)
    wrong = []
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        if name not in ("SIGABRT", "SIGTRAP"):
            wrong.append(f"ended by {name}")
        elif not MESSAGE.search(done.stderr):
            wrong.append(f"{name} without a word of memory: {done.stderr[-200:]}")
    elif done.returncode == good.returncode == 0 and (done.stdout != good.stdout or left != files):
        wrong.append("exit code 0, and another result")
    wrong += [f"{name} has {len(octets)} octets, whole are {len(files.get(name, b''))}"
              for name, octets in left.items() if not PART.search(name) and octets not in (files.get(name), OLD)]
    return f"{how}={number}: " + "; ".join(wrong) if wrong else None


def check(*words, program=None):
    argv = [program or CAPTURE, *words]
    good, files, numbers = places(argv)
    assert good.returncode == 0, good.stderr
    assert len(numbers) > 100, f"{len(numbers)} places: the failures do not reach this program"
    step = max(1, len(numbers) // PLACES)
    jobs = [(argv, good, files, how, number) for how in ("FAIL_AT", "FAIL_FROM")
            for number in numbers[::step]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [wrong for wrong in pool.map(lambda job: trouble(*job), jobs) if wrong]
    print(f"# {' '.join(words[:1])}: {len(jobs)} of {2 * len(numbers)} failures", flush=True)
    assert not found, "\n".join([f"{len(found)} of {len(jobs)}", *found[:20]])


def test_decode():
    """The secrets of TLS are inside, so OpenSSL works, too."""
    check("decode", "-r", captured("starttls-submission"))


def test_decode_json():
    check("decode", "-r", captured("imap-states"), "-T", "json", "-c", "12")


def test_decode_filter():
    check("decode", "-r", captured("mail-journey"), "-Y", "smtp.req.command == \"MAIL\"", "-T", "tree")


def test_follow():
    check("follow", "-r", captured("mail-journey"), "-s", "0")


def test_flows():
    check("flows", "-r", captured("mail-journey"), "--table", "expert")


def test_audit_json():
    check("audit", captured("starttls-submission"), "--format", "json", "-o", "report")


def test_audit_html():
    check("audit", captured("mail-journey"), "--format", "html", "-o", "report.html")


def test_audit_text():
    check("audit", captured("implicit-tls"))


def test_audit_of_domains_in_thai():
    """Names are converted and compared by libidn2 and ICU."""
    session = Session(25).talk("S: 220 mx.test\nC: EHLO c\nS: 250-mx.test\nS: 250 SMTPUTF8\n")
    for name in ("ann@\u0e44\u0e17\u0e22.test", "bob@p\u0430ypal.test", "bob@paypal.test",
                 "eve@xn--o3cw4h.test"):
        session.say(0, f"MAIL FROM:<{name}> SMTPUTF8\r\n").say(1, "250 ok\r\n")
        session.say(0, "RCPT TO:<bob@mx.test>\r\n").say(1, "250 ok\r\n")
        session.say(0, "DATA\r\n").say(1, "354 go\r\n")
        session.say(0, f"From: {name}\r\nTo: bob@mx.test\r\nSubject: x\r\n\r\nhello\r\n.\r\n")
        session.say(1, "250 ok\r\n")
    check("audit", session.write(os.path.join(FOLDER.name, "thai.pcap")), "--format", "json")


def test_mail():
    check("mail", "-r", captured("mail-journey"), "-o", "letters")


def test_sanitise():
    check("sanitise", captured("mail-journey"), "clean.pcapng")


def test_simulator_saves():
    check("run", "mail-journey", "--quiet", "-w", "run.pcapng", program=SIM)


# ---- recording ----

def apart():
    """A network namespace of this process's own, with a loopback."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        raise tap.Skip("recording in a network namespace needs root and ip")
    if ctypes.CDLL(None).unshare(0x40000000) != 0:
        raise tap.Skip("this system lets nobody make a network namespace")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def record(**environment):
    """`record` on the loopback while datagrams pass: its end, and how many were read back, or None
    when no file is there."""
    with tempfile.TemporaryDirectory(dir=FOLDER.name) as folder:
        path = os.path.join(folder, "live.pcapng")
        argv = [CAPTURE, "record", "-i", "lo", "-f", "udp port 9", "-w", path, "-a", "duration:1",
                "--consent", "-q"]
        program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(
            os.environ, LD_PRELOAD=FAILING, LC_ALL="C.UTF-8", ENVELOSCOPE_DUMP=DUMP, **environment))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            while program.poll() is None:
                out.sendto(b"datagram", ("127.0.0.1", 9))
                time.sleep(0.02)
        said = program.stderr.read()
        program.stderr.close()
        if not os.path.exists(path) or os.path.getsize(path) == 0:
            return program.returncode, said, None
        time.sleep(0.2)                 # the helper ends after its caller
        read = subprocess.run([CAPTURE, "decode", "-r", path, "-T", "fields", "-e", "udp.dstport"],
                              capture_output=True, text=True)
        assert read.returncode in (0, 4), f"not readable: {read.stderr}"
        assert set(read.stdout.split()) <= {"9"}, read.stdout
        return program.returncode, said, len(read.stdout.split())


def check_record(program, numbers):
    def one(job):
        how, number = job
        code, said, n_frames = record(FAIL_PROGRAM=program, **{how: str(number)})
        where = f"{how}={number}: exit code {code}, {n_frames} frames, {said}"
        if code == 0:
            assert n_frames, where
            return "recorded"
        assert code > 0 or MESSAGE.search(said), where
        assert said, where
        return "refused"
    apart()
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(one, [(how, k) for how in ("FAIL_AT", "FAIL_FROM") for k in numbers]))
    print(f"# {program}: " + ", ".join(f"{ends.count(end)} {end}" for end in sorted(set(ends))))
    assert {"recorded", "refused"} == set(ends), ends


def test_recording_helper():
    """It takes all its memory before the first frame: either it says why not, or it records."""
    check_record("enveloscope-dump", [*range(1, 24, 2), 30, 60, 120, 400])


def test_recording_program():
    """What was recorded stays readable when the program that asked for it ends."""
    check_record("enveloscope-capture", [1, 300, 510, *range(520, 560, 5), 600, 1000])


tap.main(globals())
