# SPDX-License-Identifier: GPL-3.0-or-later
"""tap.py -- test cases of a Python script as TAP, so that meson counts each by itself.

    import tap
    def test_something():           # its name and docstring say what it proves
        assert …
    tap.main(globals())
"""
import sys
import traceback


class Skip(Exception):
    """Raised by a case that cannot run here; its text is the reason."""


def main(names):
    cases = [(name[5:].replace("_", "-"), case) for name, case in names.items()
             if name.startswith("test_") and callable(case)]
    print(f"1..{len(cases)}", flush=True)
    failed = 0
    for number, (name, case) in enumerate(cases, 1):
        try:
            case()
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print(f"# {line}", flush=True)
    sys.exit(1 if failed else 0)
