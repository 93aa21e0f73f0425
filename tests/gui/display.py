#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command inside a display, a session bus and a runtime folder of its own.

    display.py COMMAND...

Xvfb picks a free display itself and says which (-displayfd), so two runs never race for a number; it is
not reset when its last client leaves (-noreset), so the next one never meets it half started.
Without Xvfb or dbus-run-session, prints a TAP plan that skips everything and says why."""
import os
import shutil
import subprocess
import sys
import tempfile

TAP = 9  # a descriptor that a shell can name


def main():
    for program in ("Xvfb", "dbus-run-session"):
        if not shutil.which(program):
            print(f"1..0 # SKIP {program} is not installed")
            return 0
    with tempfile.TemporaryDirectory(prefix="enveloscope-gui-") as folder:
        runtime = os.path.join(folder, "runtime")
        config = os.path.join(folder, "config")
        os.mkdir(runtime, 0o700)
        os.mkdir(config, 0o700)
        read_end, write_end = os.pipe()
        xvfb = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x1000x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[write_end], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write_end)
        try:
            with os.fdopen(read_end) as pipe:
                number = pipe.readline().strip()
            if not number:
                print("1..0 # SKIP Xvfb did not start")
                return 0
            env = dict(os.environ, DISPLAY=":" + number, XDG_RUNTIME_DIR=runtime,
                       XDG_CONFIG_HOME=config, XDG_DATA_HOME=config, XDG_CACHE_HOME=config,
                       HOME=folder, GDK_BACKEND="x11", GIO_USE_VFS="local", GSETTINGS_BACKEND="memory",
                       LIBGL_ALWAYS_SOFTWARE="1", LC_ALL="C.UTF-8")
            env.pop("WAYLAND_DISPLAY", None)
            # What the bus starts writes to stderr; stdout is the command's alone, for its TAP.
            os.dup2(1, TAP)
            os.set_inheritable(TAP, True)
            return subprocess.call(
                ["dbus-run-session", "--", "sh", "-c", f'exec "$@" >&{TAP} {TAP}>&-', "sh"] + sys.argv[1:],
                env=env, stdout=sys.stderr, pass_fds=[TAP])
        finally:
            xvfb.terminate()
            xvfb.wait()


if __name__ == "__main__":
    sys.exit(main())
