# SPDX-License-Identifier: GPL-3.0-or-later
"""serve.py -- starts `enveloscope-sim serve` for the tests with real mail programs.

    with Serve("--user", "ann:secret", imap=0) as server:
        server.port["imap"]

The program's path is the first argument of the test script.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PROGRAM = os.path.abspath(sys.argv[1])
SECONDS_MAX = 60                    # only so that a hanging program does not hang the robot
FOLDER = tempfile.TemporaryDirectory(prefix="enveloscope-serve-")
PLACE = FOLDER.name
ENVIRONMENT = dict(os.environ, LC_ALL="C.UTF-8", ENVELOSCOPE_LESSONS=os.path.join(ROOT, "lessons"))

USER, PASSWORD = "ann", "sec ret/9"
ADDRESS = "ann@office.test"


def path(name):
    return os.path.join(PLACE, name)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise tap.Skip(f"{program} is not installed")


def run(*words, home=None, **more):
    """A real program, with a home of its own."""
    environment = dict(os.environ, LC_ALL="C.UTF-8", HOME=home or PLACE, LANGUAGE="C")
    more.setdefault("text", True)
    return subprocess.run([str(word) for word in words], capture_output=True, timeout=SECONDS_MAX,
                          env=more.pop("env", environment), **more)


NAME = "mail.office.test"            # whom the office's certificate is for

# How a client reaches a service: (name of the mode, the door in clear or STARTTLS, TLS from the beginning?)
CLEAR, STARTTLS, IMPLICIT = "clear", "starttls", "implicit"
MODES = (CLEAR, STARTTLS, IMPLICIT)


class Serve:
    """Ports are named as flags are: imap=0, submission=2525. `frames`: the capture file's name."""

    def __init__(self, *words, scenario="office", frames=None, events=None, accounts=True, **ports):
        self.words = [scenario, *words]
        if accounts:
            self.words += ["--user", f"{USER}:{PASSWORD}", "--user", "bee:honey"]
        for name, port in ports.items():
            self.words += [f"--{name}", str(port)]
        self.frames = frames and path(frames)
        self.events = events and path(events)
        self.authority = path("ca.pem")
        if scenario == "office":
            self.words += ["--ca-out", self.authority]
        self.words += ["-w", self.frames] if frames else []
        self.words += ["--events", self.events] if events else []
        self.port = {}

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAM, "serve", *self.words, "--lang", "en"], env=ENVIRONMENT,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line == "ready\n":
                return self
            _listening, name, where = line.split()
            self.port[name] = int(where.rsplit(":", 1)[1])
        _out, trouble = self.process.communicate()
        raise AssertionError(f"serve ended with {self.process.returncode}: {trouble}")

    def __exit__(self, *_trouble):
        if self.process.poll() is None:
            self.end()

    def end(self, how=signal.SIGTERM):
        """The exit code and what was said on stderr."""
        self.process.send_signal(how)
        _out, said = self.process.communicate(timeout=SECONDS_MAX)
        return self.process.returncode, said


def tshark(file, *arguments):
    need("tshark")
    done = run("tshark", "-n", "-r", file, "-o", "tcp.check_checksum:TRUE", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def is_clean(file):
    """No finding of TCP analysis, nothing malformed. tshark wants a number behind the +OK of TOP, RFC 1939 7 has
    none."""
    found = tshark(file, "-Y", "tcp.analysis.flags || tcp.checksum.status == \"Bad\" || "
                   "(_ws.malformed && !(pop.response.description contains \"Top of\"))")
    assert not found, found[:5]
    return True
