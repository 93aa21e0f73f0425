#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_project.py -- the rules of the house that a compiler does not know.

The rooms include each other in one direction only, the simulator asks neither clock nor socket, every
sentence has its Thai, and nothing of one machine is written down.
"""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LINES_MAX = 800

# Programs may join rooms; these files of sim/ belong to the program enveloscope-sim.
PROGRAM_FILES = re.compile(r"^(sim/(main|ladder|cmd\w*)\.[ch]|capture/(main|cmd\w*)\.[ch])$")


def files():
    if os.path.isdir(f"{ROOT}/.git") and shutil.which("git"):
        listed = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C", ROOT, "ls-files", "-z"],
                                capture_output=True, text=True, check=True).stdout.split("\0")
        return [name for name in listed if name and os.path.exists(f"{ROOT}/{name}")]
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in (".git", "build", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(found)


FILES = files()


def text_of(name):
    with open(f"{ROOT}/{name}", encoding="utf-8") as f:
        return f.read()


def sources(*rooms, endings=(".c", ".h")):
    return [f for f in FILES if f.endswith(endings) and (not rooms or f.split("/")[0] in rooms)]


def none(found):
    """Fails with every complaint on a line of its own."""
    assert not found, "\n" + "\n".join(found)


def without_comments(text):
    """C without comments; string literals stay, line numbers stay."""
    def keep_lines(match):
        found = match.group(0)
        return found if found[0] in "\"'" else re.sub(r"[^\n]", " ", found)
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', keep_lines, text,
                  flags=re.DOTALL)


def without_strings(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', without_comments(text))


# ---- the arrows between rooms ----

def allowed(includer, included):
    """gui -> lessons -> sim -> capture/wire; gui, lessons -> capture; wire includes only wire."""
    room, target = includer.split("/")[0], included.split("/")[0]
    if target not in ("gui", "lessons", "sim", "capture", "tests"):
        return True                     # generated, beside the includer
    if room == "tests" or PROGRAM_FILES.match(includer) and room == "sim":
        return True
    if target == "tests":
        return False
    if includer.startswith("capture/wire/"):
        return included.startswith("capture/wire/")
    if includer.startswith("sim/tls/") and target == "sim":     # sim/mail stands on it
        return re.match(r"sim/(core/|tls/|mail/(endpoint|machine|date)\.h$)", included) is not None
    return {"gui": True,
            "lessons": target in ("lessons", "sim", "capture"),
            "sim": target == "sim" or included.startswith("capture/wire/"),
            "capture": target == "capture"}[room]


def test_rooms_include_each_other_in_one_direction():
    found = []
    for name in sources("gui", "lessons", "sim", "capture"):
        for number, line in enumerate(text_of(name).split("\n"), 1):
            include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if include and not allowed(name, include.group(1)):
                found.append(f"{name}:{number}: may not include {include.group(1)}")
    none(found)


def test_includes_are_by_path_from_the_root():
    found = []
    for name in sources("gui", "lessons", "sim", "capture"):
        for number, line in enumerate(text_of(name).split("\n"), 1):
            include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if include and include.group(1).endswith("-resources.h"):
                continue                # glib-compile-resources makes it in the build folder
            if include and not os.path.exists(f"{ROOT}/{include.group(1)}"):
                found.append(f"{name}:{number}: {include.group(1)} is no path from the root")
    none(found)


def test_wire_knows_no_glib_and_allocates_nothing():
    banned = re.compile(r"#\s*include\s+<(glib|gio|gtk)|\b(malloc|calloc|realloc|g_new0?|g_malloc)\s*\(")
    found = []
    for name in [f for f in sources("capture") if f.startswith("capture/wire/")]:
        for number, line in enumerate(without_comments(text_of(name)).split("\n"), 1):
            if banned.search(line):
                found.append(f"{name}:{number}: {line.strip()}")
    none(found)


def test_the_simulator_asks_no_clock_no_chance_and_no_socket():
    banned = re.compile(
        r"\b(time|clock|clock_gettime|gettimeofday|localtime\w*|gmtime\w*|g_get_(monotonic|real)_time|"
        r"g_date_time_new_now\w*|rand|random|rand_r|srand|srandom|drand48|arc4random\w*|getrandom|"
        r"g_random_\w+|g_rand_\w+|RAND_(?!set_DRBG_type)\w+|socket|connect|bind|listen|accept|sendto|recvfrom|getaddrinfo|"
        r"g_socket_\w+|pthread_\w+|g_thread_\w+|fork|usleep|nanosleep|sleep|getpid|getenv|g_getenv|"
        r"g_direct_hash|qsort)\s*\(")
    found = []
    for name in sources("sim"):
        if name.startswith("sim/outside/") or PROGRAM_FILES.match(name):
            continue
        for number, line in enumerate(without_strings(text_of(name)).split("\n"), 1):
            call = banned.search(line)
            # a field or a callback of that name is called through a pointer: ->time(…), .connect(…)
            if call and line[:call.start()].rstrip()[-2:] not in ("->",) and \
                    line[:call.start()].rstrip()[-1:] != ".":
                found.append(f"{name}:{number}: {call.group(1)}()")
    none(found)


def test_the_simulator_uses_no_floating_point():
    found = []
    for name in sources("sim"):
        if name.startswith("sim/outside/") or PROGRAM_FILES.match(name):
            continue
        for number, line in enumerate(without_strings(text_of(name)).split("\n"), 1):
            if re.search(r"\b(float|double)\b", line):
                found.append(f"{name}:{number}: {line.strip()}")
    none(found)


# ---- the shape of files ----

def test_top_level_stays_as_listed():
    wanted = {"sim", "capture", "lessons", "gui", "tests", "meson.build", "meson_options.txt",
              "README.md", "LICENSE", "run"}
    top = {name.split("/")[0] for name in FILES}
    none(sorted(name for name in top if name not in wanted and not name.startswith(".")))


def test_no_file_is_longer_than_800_lines():
    found = []
    for name in FILES:
        if name.endswith((".c", ".h", ".py", ".md", ".css", ".ui")) or name == "run":
            lines = text_of(name).count("\n")
            if lines > LINES_MAX and name != "LICENSE":
                found.append(f"{name} has {lines} lines")
    none(found)


def test_every_source_names_its_licence():
    found = []
    for name in FILES:
        is_c = name.endswith((".c", ".h"))
        if not is_c and not name.endswith(".py") and name not in ("run", ".ci/run"):
            continue
        head = text_of(name).split("\n")[:1 if is_c else 3]
        if not any("SPDX-License-Identifier: GPL-3.0-or-later" in line for line in head):
            found.append(f"{name} does not begin with its SPDX line")
    none(found)


def test_every_c_file_opens_with_its_sentence():
    found = []
    for name in sources("gui", "lessons", "sim", "capture", "tests", endings=(".c",)):
        base = os.path.basename(name)
        if not re.search(r"/\*\s*" + re.escape(base) + r" -- ", text_of(name)[:400]):
            found.append(f"{name}: the top comment is not “{base} -- one sentence”")
    none(found)


def test_nothing_is_left_to_do_in_the_code():
    words = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    found = []
    for name in FILES:
        if name.endswith((".c", ".h", ".py", ".md", ".build", ".yaml")) or name == "run":
            found += [f"{name}:{number}: {line.strip()}"
                      for number, line in enumerate(text_of(name).split("\n"), 1)
                      if words.search(line)]
    none(found)


def test_nothing_of_one_machine_is_written_down():
    places = re.compile("|".join(("/wo" + "rk/", r"\.\./sha" + "red", "/ro" + "ot/", "/ho" + "me/")))
    found = []
    for name in FILES:
        if name in (".ci/run", ".gitignore") or name.endswith((".png", ".pcap", ".pcapng", ".bin")):
            continue
        try:
            text = text_of(name)
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{number}: {line.strip()[:100]}"
                  for number, line in enumerate(text.split("\n"), 1) if places.search(line)]
    none(found)


# ---- both languages ----

def literal_at(text, at):
    """The C string at `at` (adjacent literals joined, formats such as PRIu64 as "li"), and its end."""
    out, n = "", len(text)
    while at < n:
        piece = re.compile(r'\s*(?:"((?:\\.|[^"\\])*)"|([A-Z][A-Z0-9_]*))').match(text, at)
        if not piece:
            break
        macro = piece.group(2) or ""
        out += piece.group(1) or ("li" if re.match(r"PRI|\w+_FORMAT$", macro) else "")
        at = piece.end()
    return out, at


def lang_texts(name):
    text = without_comments(text_of(name))
    for call in re.finditer(r"\blang_text\s*\(", text):
        line = text.count("\n", 0, call.start()) + 1
        english, at = literal_at(text, call.end())
        comma = re.compile(r"\s*,").match(text, at)
        if not english or not comma:
            continue                    # a declaration, or given by variables
        thai, _ = literal_at(text, comma.end())
        yield line, english, thai


def is_thai(text):
    return any("\u0e00" <= c <= "\u0e7f" for c in text)


def test_every_sentence_has_its_thai():
    found = []
    for name in sources("gui", "lessons", "sim", "capture"):
        for line, english, thai in lang_texts(name):
            words = re.sub(r"%[\d$.*]*[a-z]+|\\.", "", english)
            if re.search(r"[A-Za-z]{2,}", words) and thai != english and not is_thai(thai):
                found.append(f"{name}:{line}: “{english[:50]}” has no Thai")
    none(found)


def test_both_languages_take_the_same_arguments():
    def conversions(text):
        found = re.findall(r"%(?:(\d+)\$)?[-+ 0#]*(?:\d+|\*)?(?:\.(?:\d+|\*))?"
                           r"(hh|h|ll|l|z|j|t)?([a-zA-Z%])", text)
        kinds = [(place, size, kind) for place, size, kind in found if kind != "%"]
        if any(place for place, _, _ in kinds):
            return sorted(kinds)
        return [(str(i), size, kind) for i, (_, size, kind) in enumerate(kinds, 1)]
    found = []
    for name in sources("gui", "lessons", "sim", "capture"):
        for line, english, thai in lang_texts(name):
            if conversions(english) != conversions(thai):
                found.append(f"{name}:{line}: “{english[:60]}” and its Thai differ in their %")
    none(found)


# ---- the commands of a newcomer ----

def test_run_explains_itself():
    done = subprocess.run([f"{ROOT}/run", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "./run tests" in done.stdout, done
    done = subprocess.run([f"{ROOT}/run", "no-such-thing"], capture_output=True, text=True)
    assert done.returncode == 2 and "no-such-thing" in done.stderr, done


def test_run_names_a_package_for_every_dependency():
    packages = {"glib-2.0": "libglib2.0-dev", "gio-2.0": "libglib2.0-dev",
                "gio-unix-2.0": "libglib2.0-dev", "json-glib-1.0": "libjson-glib-dev",
                "yaml-0.1": "libyaml-dev", "gmime-3.0": "libgmime-3.0-dev", "libcmark": "libcmark-dev",
                "libcrypto": "libssl-dev", "libssl": "libssl-dev", "openssl": "libssl-dev",
                "libpcap": "libpcap-dev", "libseccomp": "libseccomp-dev", "zlib": "zlib1g-dev", "readline": "libreadline-dev", "libidn2": "libidn2-dev", "icu-i18n": "libicu-dev",
                "gtk+-3.0": "libgtk-3-dev"}
    script, found = text_of("run"), []
    for name in FILES:
        if os.path.basename(name) != "meson.build":
            continue
        for dependency in re.findall(r"(?<![\w.])dependency\('([^']+)'", text_of(name)):
            if packages.get(dependency, "?") not in script:
                found.append(f"{name}: {dependency} is not installed by ./run")
    none(found)


def test_readme_gives_the_two_commands():
    if "README.md" not in FILES:
        raise tap.Skip("README.md is not written yet")
    text = text_of("README.md")
    assert "./run" in text and "./run tests" in text


def test_links_of_the_readme_lead_somewhere():
    if "README.md" not in FILES:
        raise tap.Skip("README.md is not written yet")
    targets = re.findall(r"\]\(([^)#\s]+)", text_of("README.md"))
    none([t for t in targets if "://" not in t and not os.path.exists(f"{ROOT}/{t}")])


def test_manual_pages_are_well_formed():
    if not shutil.which("man"):
        raise tap.Skip("man is not installed")
    found = []
    for name in FILES:
        if re.search(r"\.[1-8]$", name):
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z",
                                   f"{ROOT}/{name}"], capture_output=True, text=True,
                                  env=dict(os.environ, LC_ALL="C.UTF-8", MANROFFSEQ="", MANWIDTH="80"))
            if done.returncode or done.stderr:
                found.append(f"{name}: {done.stderr.strip()}")
    none(found)


tap.main(globals())
