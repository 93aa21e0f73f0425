#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_live.py -- captures from real interfaces, by a user without rights and the helper's capability.

Every case runs in network and mount namespaces of its own, with a pair of virtual cards v0 and v1: what
flood.c sends out of v0 is captured on v1. It needs root to make them and to give a copy of the helper its
capability; the capturing itself is done by the user nobody. Who is not root sees the cases skipped.
"""
import ctypes
import glob
import json
import os
import pty
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

PROGRAM, HELPER, FLOOD = (os.path.abspath(name) for name in sys.argv[1:4])
NOBODY = 65534
SECONDS_MAX = 60                    # only so that a hanging program does not hang the robot
FOLDER = tempfile.TemporaryDirectory()
PLACE = FOLDER.name
MOUNT = f"{PLACE}/small"


# ---- a place where nobody may capture ----

def prepare():
    os.chmod(PLACE, 0o777)
    os.mkdir(MOUNT)
    for source, name in ((HELPER, "dump"), (HELPER, "powerless"), (PROGRAM, "capture"), (FLOOD, "flood")):
        shutil.copy(source, f"{PLACE}/{name}")
        os.chmod(f"{PLACE}/{name}", 0o755)
    if os.geteuid() != 0:
        return "making network namespaces and giving capabilities needs root"
    for tool in ("ip", "setcap", "setpriv"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    done = subprocess.run(["setcap", "cap_net_raw+ep", f"{PLACE}/dump"], capture_output=True, text=True)
    if done.returncode:
        return f"file capabilities cannot be given here: {done.stderr.strip()}"
    if os.statvfs(PLACE).f_flag & os.ST_NOSUID:
        return "the temporary folder is mounted nosuid: capabilities of files do not count"
    return None


WHY_NOT = prepare()


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def apart(case):
    """The case in a process and namespaces of its own, with v0 and v1 up."""
    def child():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x40000000 | 0x00020000) != 0:      # network, mounts
            raise tap.Skip("this system lets nobody make a network namespace")
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        ip("link", "set", "lo", "up")
        ip("link", "add", "v0", "type", "veth", "peer", "name", "v1")
        for name in ("v0", "v1"):
            with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w") as f:
                f.write("1")            # no chatter of the kernel's own
            ip("link", "set", name, "up")
        case()

    def run():
        if WHY_NOT:
            raise tap.Skip(WHY_NOT)
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(reader)
            word = b"ok"
            try:
                child()
            except tap.Skip as reason:
                word = b"skip" + str(reason).encode()
            except BaseException:       # the parent tells it
                word = b"fail" + traceback.format_exc().encode()
            os.write(writer, word)
            os._exit(0)
        os.close(writer)
        word = b""
        while piece := os.read(reader, 65536):
            word += piece
        os.close(reader)
        os.waitpid(process, 0)
        if word.startswith(b"skip"):
            raise tap.Skip(word[4:].decode())
        assert word == b"ok", word.decode()
    run.__name__, run.__doc__ = case.__name__, case.__doc__
    return run


# ---- recording as nobody ----

def command(*words, helper="dump"):
    environment = {"ENVELOSCOPE_DUMP": f"{PLACE}/{helper}", "HOME": "/nonexistent", "LANG": "C.UTF-8",
                   "PATH": os.environ["PATH"], "XDG_STATE_HOME": f"{PLACE}/state"}
    return (["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--",
             f"{PLACE}/capture", *words], environment)


class Record:
    """`record` under way; ready when the constructor returns."""

    def __init__(self, *words, interface="v1", to=None, out=None, helper="dump"):
        self.path = to or f"{PLACE}/{time.monotonic_ns()}.pcapng"
        arguments, environment = command("record", "-i", interface, "-w", self.path, *words, helper=helper)
        self.process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=out, stderr=subprocess.PIPE, text=True)
        self.said = self.process.stderr.readline()
        assert self.said.startswith("capturing on"), self.said + self.process.stderr.read()

    def helper(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            return int(f.read().split()[0])

    def end(self, code=0, word=signal.SIGINT):
        if word:
            self.process.send_signal(word)
        _, rest = self.process.communicate(timeout=SECONDS_MAX)
        self.said += rest
        assert self.process.returncode == code, (self.process.returncode, self.said)
        return self.said

    def numbers(self):
        """received, written, lost by the kernel, lost by the interface"""
        found = re.search(r"(\d+) frames received, (\d+) written to .*; lost: (\d+) by the kernel, "
                          r"(\d+) by the interface", self.said)
        assert found, self.said
        return tuple(int(n) for n in found.groups())


def refused(*words, code, helper="dump", lang="en"):
    """A capture that does not begin; what it says."""
    arguments, environment = command("--lang", lang, "record", *words, helper=helper)
    done = subprocess.run(arguments, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS_MAX)
    assert done.returncode == code, (done.returncode, done.stderr)
    return done.stderr


def flood(n, rate=100000, octets=200):
    done = subprocess.run([f"{PLACE}/flood", "v0", str(n), str(octets), str(rate)], check=True,
                          capture_output=True, text=True, timeout=SECONDS_MAX)
    sent, seconds = done.stdout.split()
    return int(sent), float(seconds)


# ---- what is in a file, read without any of our code ----

def blocks(data):
    """(type, body) of each whole block; the rest that is no whole block is the last, as (None, rest)."""
    at = 0
    while at < len(data):
        kind, total = struct.unpack_from("<II", data, at) if len(data) - at >= 12 else (0, 1 << 32)
        if at + total > len(data):
            yield None, data[at:]
            return
        assert total % 4 == 0 and struct.unpack_from("<I", data, at + total - 4)[0] == total
        yield kind, data[at + 8:at + total - 4]
        at += total


class File:
    def __init__(self, path):
        with open(path, "rb") as f:
            data = f.read()
        self.frames, self.statistics, self.rest, self.kinds = [], {}, b"", []
        for kind, body in blocks(data):
            if kind is None:
                self.rest = body
                continue
            self.kinds.append(kind)
            if kind == 6:
                self.frames.append(body[20:20 + struct.unpack_from("<I", body, 12)[0]])
            elif kind == 5:
                self.statistics = dict(self.options(body[12:]))
        assert self.kinds[:2] == [0x0A0D0D0A, 1] or not data

    @staticmethod
    def options(octets):
        while len(octets) >= 4:
            code, n = struct.unpack_from("<HH", octets)
            if code == 0:
                return
            if n == 8 and code >= 4:
                yield code, struct.unpack_from("<Q", octets, 4)[0]
            octets = octets[4 + (n + 3) // 4 * 4:]

    def sent_numbers(self):
        """The numbers that flood.c put into its frames."""
        return [struct.unpack_from(">Q", f, 14)[0] for f in self.frames
                if f[12:14] == b"\x88\xb5"]


def our_reader(path, *codes):
    done = subprocess.run([PROGRAM, "decode", "-r", path, "-T", "fields", "-e", "frame.number"],
                          capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode in codes, (done.returncode, done.stderr)
    return len(done.stdout.split())


def tshark(path):
    """How many frames, and what it complains about."""
    if not shutil.which("tshark"):
        return None, ""
    done = subprocess.run(["tshark", "-r", path, "-T", "fields", "-e", "frame.number"],
                          capture_output=True, text=True, timeout=SECONDS_MAX)
    complaint = [line for line in done.stderr.splitlines() if "Running as user" not in line]
    return len(done.stdout.split()), "\n".join(complaint)


# ---- cases ----

@apart
def test_100000_frames_a_second_are_all_in_the_file():
    """Four seconds of 200 octets each; twice more when the machine was busy with other things."""
    for _ in range(3):
        record = Record()
        sent, seconds = flood(400000)
        record.process.send_signal(signal.SIGINT)
        record.said += record.process.communicate(timeout=SECONDS_MAX)[1]
        received, written, lost, _ = record.numbers()
        assert received == sent and written + lost == sent, record.said
        print(f"# {sent} frames in {seconds:.2f} s, {sent / seconds:.0f} a second; {lost} lost", flush=True)
        if not lost:
            break
    assert File(record.path).sent_numbers() == list(range(sent))
    assert os.stat(record.path).st_mode & 0o777 == 0o600


@apart
def test_the_helper_has_no_rights_left():
    record = Record()
    with open(f"/proc/{record.helper()}/status") as f:
        status = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0, (name, status[name])
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert sorted(os.listdir(f"/proc/{record.helper()}/fd"))[3:5] == ["3", "4"]
    record.end()


@apart
def test_loss_is_counted_and_told():
    """A helper that is held up, with the smallest buffer."""
    record = Record("-B", "1")
    os.kill(record.helper(), signal.SIGSTOP)
    sent, _ = flood(50000)
    os.kill(record.helper(), signal.SIGCONT)
    said = record.end(code=4)
    received, written, lost, _ = record.numbers()
    assert lost > 0 and received == sent and written + lost == sent, said
    assert "not complete" in said
    file = File(record.path)
    assert len(file.frames) == written
    assert file.statistics[7] == lost and file.statistics[6] == sent and file.statistics[8] == written
    done = subprocess.run([PROGRAM, "audit", "--format", "json", record.path], capture_output=True, text=True)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 4 and said[-1]["complete"] is False, done
    assert [f["rule"] for f in said if f["type"] == "finding"] == ["CAP-001"], said


@apart
def test_a_caller_that_stands_still_loses_nothing():
    record = Record()
    os.kill(record.process.pid, signal.SIGSTOP)
    sent, _ = flood(200000, rate=60000)
    os.kill(record.process.pid, signal.SIGCONT)
    record.end()
    assert record.numbers()[:3] == (sent, sent, 0), record.said


@apart
def test_killed_at_any_moment_the_file_is_readable():
    chance = random.Random(5)
    moments = [chance.uniform(0, 0.3) for _ in range(20)]
    for number, moment in enumerate(moments):
        record = Record()
        sender = subprocess.Popen([f"{PLACE}/flood", "v0", "100000", str(60 + 71 * number), "100000"],
                                  stdout=subprocess.DEVNULL)
        time.sleep(moment)
        os.kill(record.helper(), signal.SIGKILL)
        said = record.end(code=4, word=None)
        sender.kill()
        sender.wait()
        assert "broke off" in said, said
        file = File(record.path)
        assert file.sent_numbers() == list(range(len(file.frames)))
        assert our_reader(record.path, 0, 4) == len(file.frames)
        n, complaint = tshark(record.path)
        assert n in (None, len(file.frames)), (n, len(file.frames), moment)
        assert not complaint or "cut short" in complaint, complaint
        os.unlink(record.path)


@apart
def test_a_killed_caller_leaves_a_complete_file():
    record = Record()
    flood(1000)
    helper = record.helper()
    record.process.kill()
    record.process.wait()
    while os.path.exists(f"/proc/{helper}") and open(f"/proc/{helper}/stat").read().split(") ")[1][0] != "Z":
        time.sleep(0.01)
    file = File(record.path)
    assert file.sent_numbers() == list(range(1000)) and not file.rest and file.kinds[-1] == 5


def small_disk(megabytes):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=777", "small", MOUNT], check=True)


@apart
def test_a_full_disk_keeps_what_was_captured():
    small_disk(2)
    record = Record("--leave", "0", to=f"{MOUNT}/a.pcapng")
    flood(30000)
    said = record.end(code=4, word=None)
    assert "nothing more can be written" in said and "kept" in said, said
    file = File(record.path)
    assert len(file.frames) > 4000 and not file.rest
    assert file.sent_numbers() == list(range(len(file.frames)))
    assert our_reader(record.path, 0) == len(file.frames) and tshark(record.path)[1] == ""


@apart
def test_room_is_left_on_the_disk():
    small_disk(8)
    record = Record("--leave", "5", to=f"{MOUNT}/a.pcapng")
    flood(20000, rate=10000)
    said = record.end(code=4, word=None)
    assert "before the disk was full" in said, said
    assert os.statvfs(MOUNT).f_bavail > 0
    assert our_reader(record.path, 0) == len(File(record.path).frames) > 10000


@apart
def test_an_interface_that_vanishes():
    record = Record()
    flood(1000)
    ip("link", "delete", "v1")
    said = record.end(code=4, word=None)
    assert "went away" in said and "kept" in said, said
    file = File(record.path)
    assert file.sent_numbers() == list(range(1000)) and not file.rest


@apart
def test_what_cannot_begin_says_why_and_destroys_nothing():
    old, new = f"{PLACE}/old.pcapng", f"{PLACE}/new.pcapng"
    with open(old, "w") as f:
        f.write("precious")
    os.chmod(old, 0o666)
    for words, code, english in (
            (["-i", "v1", "-f", "tcp prot 25"], 2, "pcap-filter(7)"),
            (["-i", "no-such", "-f", ""], 3, "no interface “no-such”"),
            (["-i", "dbus-system"], 3, "no interface"),     # libpcap would, we do not
            (["-i", "usbmon0"], 3, "no interface")):
        for path in old, new:
            said = refused(*words, "-w", path, code=code)
            assert english in said, said
        assert re.search("[\u0e00-\u0e7f]", refused(*words, "-w", new, code=code, lang="th"))
    said = refused("-i", "v1", "-w", old, code=5, helper="powerless")
    assert "./run capture-rights" in said, said
    refused("-i", "v1", "-w", new, code=5, helper="powerless")
    refused("-i", "v1", "-w", f"{PLACE}/none/x.pcapng", code=3)
    ip("link", "set", "v1", "down")
    assert "is down" in refused("-i", "v1", "-w", new, code=3)
    assert open(old).read() == "precious" and not os.path.exists(new)


@apart
def test_files_in_a_ring():
    record = Record("-b", "filesize:200")
    sent, _ = flood(10000, rate=20000)
    record.end()
    stem = record.path[:-len(".pcapng")]
    paths = sorted(glob.glob(f"{stem}_*.pcapng"))
    files = [File(path) for path in paths]
    assert len(paths) >= 5 and re.search(r"_00001_\d{14}\.pcapng$", paths[0]), paths
    assert all(not f.rest and f.kinds[-1] == 5 for f in files)
    assert sum((f.sent_numbers() for f in files), []) == list(range(sent))
    assert all(os.stat(p).st_mode & 0o777 == 0o600 for p in paths)

    record = Record("-b", "filesize:200", "-b", "files:3")
    flood(10000, rate=20000)
    record.end()
    paths = sorted(glob.glob(record.path[:-len(".pcapng")] + "_*.pcapng"))
    numbers = sum((File(p).sent_numbers() for p in paths), [])
    assert len(paths) == 3, paths
    assert numbers == list(range(numbers[0], sent)), "the last files, without a gap"
    assert all(tshark(p)[1] == "" for p in paths)


@apart
def test_the_capture_ends_by_itself():
    record = Record("-a", "filesize:100", "-a", "duration:50")
    flood(5000, rate=20000)
    record.end(word=None)
    assert os.path.getsize(record.path) >= 100000
    record = Record("-a", "duration:0.5", "-a", "filesize:1000000")
    record.end(word=None)
    Record().end(word=signal.SIGTERM)


@apart
def test_standard_output():
    with open(f"{PLACE}/piped", "wb") as f:
        cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=f)
        record = Record(to="-", out=cat.stdin)
        cat.stdin.close()
        sent, _ = flood(20000)
        record.end()
        cat.wait()
    assert File(f"{PLACE}/piped").sent_numbers() == list(range(sent))
    head = subprocess.Popen(["head", "-c", "5000"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    record = Record(to="-", out=head.stdin)
    head.stdin.close()
    flood(1000)
    record.end(code=4, word=None)
    assert "could not be written" in record.said, record.said


def tcp4(port, fragment=0):
    total = 40
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, 7, fragment, 64, 6, 0, bytes([10, 0, 0, 1]),
                         bytes([10, 0, 0, 2]))
    return header + struct.pack(">HHIIBBHHH", port, 50000, 1, 1, 0x50, 0x10, 100, 0, 0)


def tcp6(port, fragment):
    segment = struct.pack(">HHIIBBHHH", port, 50000, 1, 1, 0x50, 0x10, 100, 0, 0)
    body = struct.pack(">BBHI", 6, 0, 8, 1) + segment if fragment else segment
    return struct.pack(">IHBB", 6 << 28, len(body), 44 if fragment else 6, 64) + bytes(32) + body


@apart
def test_the_mail_filter_sees_fragments_and_tags():
    """As sent on the wire; what the kernel does with tags on the way is its affair."""
    def frame(ethertype, payload, *tags):
        head = b"\xff" * 6 + b"\x02\0\0\0\0\1"
        for tag in tags:
            head += struct.pack(">HH", tag, 7)
        return (head + struct.pack(">H", ethertype) + payload).ljust(60, b"\0")
    mail = [frame(0x800, tcp4(port)) for port in (24, 25, 110, 143, 465, 587, 993, 995, 2525)] + [
        frame(0x800, tcp4(0, fragment=185)), frame(0x86dd, tcp6(143, False)), frame(0x86dd, tcp6(143, True)),
        frame(0x800, tcp4(143), 0x8100), frame(0x800, tcp4(143), 0x88a8, 0x8100),
        frame(0x800, tcp4(0, fragment=185), 0x8100), frame(0x86dd, tcp6(25, False), 0x8100)]
    other = [frame(0x800, tcp4(80)), frame(0x800, tcp4(80), 0x8100), frame(0x86dd, tcp6(80, False)),
             frame(0x806, bytes(28)), frame(0x800, tcp4(80), 0x88a8, 0x8100)]
    record = Record("--mail")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as s:
        s.bind(("v0", 0))
        for octets in other[:2] + mail + other:
            s.send(octets)
    record.end()
    assert File(record.path).frames == mail, [f.hex() for f in File(record.path).frames]


@apart
def test_interfaces_are_listed():
    ip("addr", "add", "10.7.7.1/24", "dev", "v0")
    arguments, environment = command("interfaces", "--format", "json")
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    listed = {i["name"]: i for i in map(json.loads, done.stdout.splitlines())}
    assert set(listed) >= {"lo", "v0", "v1", "any"} and "10.7.7.1" in listed["v0"]["addresses"], listed
    assert listed["lo"]["loopback"] and not listed["v0"]["loopback"]
    assert all(i["may_capture"] for i in listed.values())
    arguments, environment = command("interfaces", "--format", "json", helper="powerless")
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True)
    assert not any(json.loads(line)["may_capture"] for line in done.stdout.splitlines())


@apart
def test_who_sits_at_a_terminal_is_asked_once():
    def on_terminal(answer, path):
        arguments, environment = command("record", "-i", "v1", "-a", "duration:0.1", "-w", path)
        process, terminal = pty.fork()
        if process == 0:
            os.execvpe(arguments[0], arguments, environment)
        said = b""
        try:
            while piece := os.read(terminal, 65536):
                said += piece
                if answer and b"Type yes:" in said:
                    os.write(terminal, answer)
                    answer = b""
        except OSError:                 # the terminal's other end is closed
            pass
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), said.decode()
    shutil.rmtree(f"{PLACE}/state", ignore_errors=True)
    path = f"{PLACE}/asked.pcapng"
    code, said = on_terminal(b"no\n", path)
    assert code == 5 and "Computer Crime Act" in said and not os.path.exists(path), said
    code, said = on_terminal(b"yes\n", path)
    assert code == 0 and os.path.exists(path), said
    code, said = on_terminal(b"", path)
    assert code == 0 and "Computer Crime Act" not in said, said


def test_nobody_runs_the_helper_by_hand():
    done = subprocess.run([HELPER], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 2 and "never by hand" in done.stderr, done


tap.main(globals())
