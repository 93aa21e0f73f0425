# SPDX-License-Identifier: GPL-3.0-or-later
"""check_reports.py PROGRAM -- the audit's report in every format, read by other people's parsers.

JSON Lines is what the others are views of: each login and finding there must be found again, with the
same rule, outcome and frames, in CSV (Python's csv), SARIF (json), HTML (html.parser) and the Zeek log. The
captures are made here, with names that are formulas, markup and turned text.
"""
import base64
import csv
import html.parser
import io
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import captures  # noqa: E402
import tap  # noqa: E402

PROGRAM = sys.argv[1]
FOLDER = tempfile.mkdtemp(prefix="reports-")
HOSTILE = ["=cmd|calc", "+1", "-1", "@sum", "<script>alert(1)</script>", "a\"b,c", "tab\there",
           "\u202eturned", "ผู้ใช้", "quote'&amp;"]


def capture(name, script, port):
    return captures.write(FOLDER, name, captures.conversation(script, port))


def audit(*arguments):
    done = subprocess.run([PROGRAM, "audit", *arguments], capture_output=True, check=False)
    return done.returncode, done.stdout.decode()


def hostile_capture():
    script = ["S: 220 mx.example.net Exim 4.96", "C: EHLO pc", "S: 250-mx", "S: 250 AUTH PLAIN LOGIN"]
    for name in HOSTILE:
        blob = base64.b64encode(b"\0" + name.encode() + b"\0s3cretword").decode()
        script += [f"C: AUTH PLAIN {blob}", "S: 535 5.7.8 no"]
    return capture("=hostile<b>.pcap", script, 25)


PATH = hostile_capture()
OBJECTS = [json.loads(line) for line in audit("--format", "json", PATH)[1].splitlines()]
LOGINS = [o for o in OBJECTS if o["type"] == "login"]
FINDINGS = [o for o in OBJECTS if o["type"] == "finding"]


def test_json_holds_what_the_capture_does():
    assert len(LOGINS) == len(HOSTILE)
    assert sum(f["rule"] == "AUTH-002" for f in FINDINGS) == len(HOSTILE)
    assert [o["user"] for o in LOGINS if o["user"] == "ผู้ใช้"] == ["ผู้ใช้"]


def test_csv_is_a_table_without_formulas():
    code, text = audit("--format", "csv", PATH)
    assert code == 0
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert text.count("\r\n") == len(rows)  # RFC 4180
    assert all(len(row) == len(rows[0]) for row in rows)
    assert not any(cell[:1] in "=+-@\t\r" for row in rows[1:] for cell in row if cell)
    table = [dict(zip(rows[0], row)) for row in rows[1:]]
    logins = [r for r in table if r["type"] == "login"]
    assert [r["user"].removeprefix("'") for r in logins][:4] == HOSTILE[:4]
    assert [(r["mechanism"], r["outcome"], r["frames"]) for r in logins] == [
        (o["mechanism"], o["outcome"], " ".join(map(str, o["frames"]))) for o in LOGINS]
    found = [r for r in table if r["type"] == "finding"]
    assert [(r["rule"], r["severity"], r["fingerprint"]) for r in found] == [
        (o["rule"], o["severity"], o["fingerprint"]) for o in FINDINGS]
    assert {r["secret"] for r in logins} == {"******"}


def test_sarif_names_rules_results_and_the_artifact():
    code, text = audit("--format", "sarif", PATH)
    assert code == 0
    log = json.loads(text)
    assert log["version"] == "2.1.0" and len(log["runs"]) == 1
    run = log["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert len({r["id"] for r in rules}) == len(rules)
    assert len(run["results"]) == len(FINDINGS)
    levels = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
    for result, finding in zip(run["results"], FINDINGS):
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == finding["rule"]
        assert result["level"] == levels[finding["severity"]]
        assert result["partialFingerprints"]["enveloscope/v1"] == finding["fingerprint"]
        places = result["locations"][0]
        assert places["physicalLocation"]["artifactLocation"]["index"] == 0
        assert [p["name"] for p in places["logicalLocations"]] == [
            f"frame {e['frame']}" for e in finding["evidence"]]
    digest = subprocess.run(["sha256sum", PATH], capture_output=True, check=True).stdout.split()[0]
    assert run["artifacts"][0]["hashes"]["sha-256"] == digest.decode().lstrip("\\")
    assert "%3Chostile" not in run["artifacts"][0]["location"]["uri"]
    assert "<" not in run["artifacts"][0]["location"]["uri"]  # RFC 3986


class Page(html.parser.HTMLParser):
    VOID = {"meta", "br", "link", "hr"}

    def __init__(self, text):
        super().__init__()
        self.stack, self.tags, self.text, self.attributes = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        self.text.append(data)


def test_html_is_one_page_of_our_own_markup():
    for lang in ("en", "th"):
        code, text = audit("--format", "html", "--lang", lang, PATH)
        assert code == 0
        page = Page(text)
        assert page.stack == []  # all that was opened is closed
        assert not {"script", "img", "link", "iframe", "a"} & set(page.tags)
        assert not [a for a in page.attributes if a[0].startswith("on") or a[0] in ("src", "href")]
        words = "".join(page.text)
        assert "<script>alert(1)</script>" in words  # shown, not obeyed
        assert "\u202e" not in words and "\\u{202e}" in words
        assert page.tags.count("tr") >= len(LOGINS) + len(FINDINGS)
        assert "s3cretword" not in text


def test_zeek_log_has_its_columns():
    code, text = audit("--format", "zeek", PATH)
    assert code == 0
    lines = text.splitlines()
    heads = {line.split("\t")[0].split(" ")[0]: line for line in lines if line.startswith("#")}
    assert heads["#separator"] == "#separator \\x09"
    fields = heads["#fields"].split("\t")[1:]
    assert len(heads["#types"].split("\t")[1:]) == len(fields)
    rows = [dict(zip(fields, line.split("\t"))) for line in lines if not line.startswith("#")]
    assert all(len(line.split("\t")) == len(fields) for line in lines if not line.startswith("#"))
    assert len(rows) == len(LOGINS) + len(FINDINGS)
    assert all(ord(c) < 127 for c in text)
    assert rows[0]["ts"].startswith("1767225600.0000") and rows[0]["id.resp_p"] == "25"
    assert {r["note"] for r in rows if r["kind"] == "finding"} == {
        "Enveloscope::" + f["rule"].replace("-", "_") for f in FINDINGS}


def test_a_baseline_marks_what_is_known():
    first = os.path.join(FOLDER, "first.jsonl")
    assert audit("--format", "json", "-o", first, PATH)[0] == 0
    assert audit("--fail-on", "low", PATH)[0] == 1
    code, text = audit("--fail-on", "low", "--baseline", first, "--format", "json", PATH)
    assert code == 0
    objects = [json.loads(line) for line in text.splitlines()]
    assert all(o["known"] for o in objects if o["type"] == "finding")
    assert set(objects[-1]["findings"].values()) == {0}
    # One user more is one finding more, and only that one is new.
    more = capture("more.pcap", ["S: +OK", "C: USER eve", "S: +OK", "C: PASS x", "S: +OK"], 110)
    code, text = audit("--fail-on", "critical", "--baseline", first, "--format", "json", PATH, more)
    new = [o for o in map(json.loads, text.splitlines()) if o["type"] == "finding" and not o["known"]]
    assert code == 1 and "AUTH-001" in {o["rule"] for o in new}
    assert {o["file"] for o in new} == {more}


def test_a_baseline_that_is_none_is_refused():
    half = os.path.join(FOLDER, "half.jsonl")
    with open(half, "w", encoding="utf-8") as out:
        out.write(json.dumps(FINDINGS[0]) + "\n")  # its summary is missing: cut short
    assert audit("--baseline", half, PATH)[0] == 3
    assert audit("--baseline", PATH, PATH)[0] == 3
    assert audit("--baseline", "/nonexistent", PATH)[0] == 3


GUESSES = [["S: * OK ready"] + [line for i in range(n) for line in
                                (f"C: a{i} LOGIN alice wrong{i}", f"S: a{i} NO [AUTHENTICATIONFAILED] no")]
           for n in (6, 9)]


def test_more_of_the_same_guessing_is_no_new_finding():
    few, many = (capture(f"guesses{len(g)}.pcap", g, 143) for g in GUESSES)
    first = os.path.join(FOLDER, "guesses.jsonl")
    assert audit("--format", "json", "-o", first, few)[0] == 0
    code, text = audit("--format", "json", "--baseline", first, many)
    burst, = (o for o in map(json.loads, text.splitlines()) if o.get("rule") == "AUTH-013")
    assert burst["subject"] == "alice" and burst["times"] == 9 and burst["known"], burst
    rows = list(csv.DictReader(io.StringIO(audit("--format", "csv", many)[1], newline="")))
    assert {(r["rule"], r["times"]) for r in rows if r["times"]} == {("AUTH-013", "9")}
    assert "  alice  9 times" in audit("--lang", "en", many)[1]
    assert "  alice  9 ครั้ง" in audit("--lang", "th", many)[1]
    assert "alice, 9 times" in "".join(Page(audit("--format", "html", "--lang", "en", many)[1]).text).replace(
        "\u2068", "").replace("\u2069", "")


def not_judged(path, *options):
    """reason -> count, as the summary says of one capture."""
    code, text = audit("--format", "json", *options, path)
    file, = json.loads(text.splitlines()[-1])["files"]
    return code, file, {limit["reason"]: limit["count"] for limit in file["not_judged"]}


def test_every_format_says_what_could_not_be_judged():
    client = captures.conversation(["S: +OK", "C: USER eve", "S: +OK", "C: PASS x", "S: +OK"], 110)
    whole = captures.write(FOLDER, "whole.pcap", client)
    code, file, reasons = not_judged(whole)
    assert code == 0 and file["mail"] == {"conversations": 1, "encrypted": 0}, file
    assert reasons == {"no-policies": 0} and file["tls"]["connections"] == 0
    late = captures.write(FOLDER, "late.pcap", client[3:])  # without the handshake
    code, file, reasons = not_judged(late)
    assert code == 0 and reasons == {"mid-stream": 1, "no-policies": 0}, (code, reasons)
    words = {"en": ("What could not be judged", "had begun before the capture: 1."),
             "th": ("สิ่งที่ตัดสินไม่ได้", "เริ่มก่อนการดักจับ: 1.")}
    for lang, wanted in words.items():
        for name in ("text", "html"):
            text = audit("--format", name, "--lang", lang, late)[1]
            assert all(word in text for word in wanted), (lang, name)
        run, = json.loads(audit("--format", "sarif", "--lang", lang, late)[1])["runs"]
        notes = run["invocations"][0]["toolExecutionNotifications"]
        assert [n["level"] for n in notes] == ["note", "note"] and wanted[1] in notes[0]["message"]["text"]


def test_what_is_not_mail_is_not_counted():
    talk = ["C: GET / HTTP/1.1", "S: HTTP/1.1 200 OK", "S: Content-Length: 0", "S: "]
    code, file, reasons = not_judged(capture("web.pcap", talk, 80))
    assert code == 0 and file["mail"]["conversations"] == 0 and not reasons


def test_no_format_shows_a_secret():
    spellings = [b"s3cretword", base64.b64encode(b"s3cretword"), b"s3cretword".hex().encode(),
                 base64.b64encode(b"\0\x3dcmd|calc\0s3cretword")[8:]]
    for name in ("text", "json", "csv", "html", "sarif", "zeek"):
        text = audit("--format", name, PATH)[1].encode()
        assert len(text) > 500
        for spelling in spellings:
            assert spelling not in text, f"{name} holds {spelling}"


tap.main(globals())
