#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""judge_imap_dovecot.py -- Dovecot and our IMAP server are given the same messages and asked the same
questions; their answers must mean the same.

    judge_imap_dovecot.py STDIO-SERVER            prints TAP; skips where Dovecot is not installed

Dovecot's imap program runs alone, on a pair of sockets, with a configuration and a Maildir of its own
in a temporary folder. Answers are compared as trees: literals and quoted strings are the same, words
of MIME are compared without case. Where the two may differ by the RFC, the case says so."""
import email
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402

SERVER = sys.argv[1]
DOVECOT = "/usr/lib/dovecot/imap"
CONFIG = """base_dir = {0}/run
mail_location = maildir:{0}/mail
protocols = imap
ssl = no
first_valid_uid = 1
"""


def crlf(text):
    return text.encode("utf-8", "surrogateescape").replace(b"\n", b"\r\n")


# ---- the messages: each one trap or several ----

MULTIPART = """From: root <root@a.test>
Date: Sat, 24 Mar 2007 23:00:00 +0200
Message-ID: <m@a.test>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="foo
 bar"; x=y
Content-Language: en, th
Content-Location: http://a.test/x

prologue

--foo bar
Content-Type: text/x-own; charset=us-ascii; format="flowed"
Content-ID: <1@a>
Content-Description: first one
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==
Content-Disposition: inline; filename="a \\"b\\".txt"
Content-Language: th

hello
--foo bar
Content-Type: message/rfc822

From: sub@domain.test
Date: Sun, 12 Aug 2012 12:34:56 +0300
Subject: submsg
Content-Type: multipart/alternative; boundary="sub1"

Sub prologue
--sub1
Content-Type: text/html
Content-Transfer-Encoding: QUOTED-PRINTABLE

<p>Hello=20w=C3=B6rld</p>
--sub1
Content-Type: text/plain; charset=tis-620
Content-Transfer-Encoding: base64

ys3KtNM=
--sub1--
Sub epilogue

--foo bar
Content-Type: application/octet-stream; name*0="long "; name*1="name.bin"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename*=utf-8''%E0%B8%AA.bin; size=3

AAEC
--foo bar
Content-Type: multipart/digest; boundary=dig

--dig

Subject: one of the digest

body
--dig
Content-Type: text/plain

text in a digest
--dig--
--foo bar--
epilogue
"""

MESSAGES = [
    MULTIPART,
    # addresses of every form
    "From: \"Q, uoted\" <a@b.test>, plain@c.test (Comment), =?utf-8?b?4Liq?= =?utf-8?q?x?= <th@d.test>\n"
    "To: Group: g1@x.test, \"G 2\" <g2@x.test>;, after@y.test, Empty:;\n"
    "Cc: <@r1.test,@r2.test:routed@z.test>, \"esc\\\"aped\" <e@f.test>, A B C <abc@d.test>\n"
    "Bcc: <user (comment)@ (comment) domain.test>, dotted.name@x.test, \"quoted local\"@x.test\n"
    "Sender: s@s.test\nReply-To: r@r.test\nIn-Reply-To: <m@a.test>\nMessage-ID: <2@a.test>\n"
    "Subject: Re: [list] addresses\nDate: 1 Jan 2026 10:00 +0700\n\nbody two\n",
    # folded, encoded, 8-bit, empty fields
    "From: x@y.test\nSubject: =?utf-8?b?4Liq4Lin4Lix4Liq4LiU4Li1?=\n =?utf-8?q?_folded?= tail\n"
    "To:\nCc: \nSender:\nReply-To: \nDate: Fri, 02 Jan 2026 00:30:00 -0500\nMessage-ID: <3@a.test>\n"
    "References: <m@a.test> <2@a.test>\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: 8bit\n\nThai สวัสดีครับ text\n",
    # no header but one, no body
    "Subject: lonely\n\n",
    # obsolete and broken things
    "from: lower@case.test\nSUBJECT: fwd: Re: addresses (fwd)\nDATE: Sat, 3 Jan 26 01:02:03 EST\n"
    "Content-Type: text\nMessage-ID: <5@a.test>\nReferences: <3@a.test>\n\nbroken type\n",
    # quoted-printable and base64 text to search in
    "From: thai@a.test\nSubject: ADDRESSES\nDate: Sun, 04 Jan 2026 00:00:00 +0000\n"
    "Content-Type: text/plain; charset=tis-620\nContent-Transfer-Encoding: base64\n"
    "Message-ID: <6@a.test>\n\nysfRyrTVpMPRug==\n",
    "From: b@a.test\nSubject: re: plan\nDate: Mon, 05 Jan 2026 00:00:00 +0000\n"
    "Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n"
    "Message-ID: <7@a.test>\nIn-Reply-To: <missing@a.test>\n\nGr=FC=DFe soft=\n break\n",
    "From: a@a.test\nSubject: Plan\nDate: Tue, 06 Jan 2026 00:00:00 +0000\nX-Own: one\nX-Own: two\n"
    "Message-ID: <8@a.test>\nReferences: <missing@a.test>\n\nplain plan\n",
    "From: \"Zoe\" <c@a.test>\nTo: z@a.test\nSubject: [a] [b] Fw: [fwd: plan]\n"
    "Date: Wed, 07 Jan 2026 00:00:00 +0000\nMessage-ID: <8@a.test>\n\nsame id\n",
    "From: d@a.test\nSubject:\nDate: nonsense\n\nno date\n",
    # multipart without parts, without boundary, with a bad encoding, no closing delimiter
    "Subject: m1\nContent-Type: multipart/mixed; boundary=x\n\nno parts at all\n",
    "Subject: m2\nContent-Type: multipart/mixed\n\n--x\n\nfirst\n--x--\n",
    "Subject: m3\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nfirst\n--x\nA: b\n\nnever closed\n",
    "Subject: single html\nContent-Type: TEXT/HTML; CharSet=UTF-8\n\n<b>x</b>\n",
    "Subject: attached\nContent-Type: image/png; name=x.png\nContent-Disposition: attachment\n"
    "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n",
    "Subject: rfc822 at the top\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: i@n.test\n\nin\n",
    "Content-Type: message/rfc822\n\nSubject: submsg\nContent-Type: multipart/digest; boundary=foo\n\n"
    "prologue\n\n--foo \n\nFrom: m1@e.test\nSubject: m1\n\nm1 body\n\n--foo \t\nX-Mime: m2 header\n\n"
    "From: m2@e.test\n\nm2 body\n--foo--\n\nepilogue\n",
    "Subject: spaces   in\tsubject \nFrom: e@a.test\nDate: Thu, 08 Jan 2026 23:59:59 -1200\n\nlast\n",
]
DATES = ["%2d-Jan-2026 %02d:00:00 +0000" % (1 + i, i) for i in range(len(MESSAGES))]
FLAGS = ["", "\\Seen", "\\Flagged \\Seen", "\\Answered", "\\Draft", "\\Deleted", "$Label1", "\\Seen $Junk"]


# ---- talking ----

class Talk:
    """One IMAP dialogue over a socket; answers come as lists of trees."""

    def __init__(self, command, env=None):
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, env=env,
                                        stderr=subprocess.DEVNULL if env else None)
        theirs.close()
        self.socket.settimeout(20)
        self.held = b""
        self.number = 0
        self.line()

    def more(self):
        octets = self.socket.recv(65536)
        assert octets, "the server hung up"
        self.held += octets

    def line(self):
        """One answer with the octets of its literals."""
        at = 0
        while True:
            end = self.held.find(b"\r\n", at)
            if end < 0:
                self.more()
                continue
            literal = re.search(rb"\{(\d+)\}$", self.held[:end])
            if not literal:
                whole, self.held = self.held[:end], self.held[end + 2:]
                return whole
            at = end + 2 + int(literal.group(1))
            while len(self.held) < at:
                self.more()

    def ask(self, text, *literals):
        """(OK|NO|BAD, [untagged answers as trees]). Each {} in text takes a literal."""
        self.number += 1
        tag = b"t%d" % self.number
        pieces = text.encode().split(b"{}")
        octets = tag + b" " + pieces[0]
        for literal, piece in zip(literals, pieces[1:]):
            octets += b"{%d+}\r\n" % len(literal) + literal + piece
        self.socket.sendall(octets + b"\r\n")
        untagged = []
        while True:
            line = self.line()
            if line.startswith(tag + b" "):
                return line.split(b" ")[1].decode(), untagged
            untagged.append(tree(line))

    def close(self):
        self.socket.close()
        self.process.wait(20)


def tree(line):
    """Words, strings (bytes) and lists of an answer."""
    at = 0
    stack = [[]]
    while at < len(line):
        c = line[at:at + 1]
        if c == b"(":
            stack.append([])
            at += 1
        elif c == b")":
            done = stack.pop()
            stack[-1].append(done)
            at += 1
        elif c == b'"':
            out = b""
            at += 1
            while line[at:at + 1] != b'"':
                if line[at:at + 1] == b"\\":
                    at += 1
                out += line[at:at + 1]
                at += 1
            at += 1
            stack[-1].append(out)
        elif re.match(rb"~?\{\d+\}\r\n", line[at:]):
            found = re.match(rb"~?\{(\d+)\}\r\n", line[at:])
            at += found.end()
            stack[-1].append(line[at:at + int(found.group(1))])
            at += int(found.group(1))
        elif c == b" ":
            at += 1
        else:
            word = re.match(rb"(?:[^\s()\"\[]|\[[^\]]*\])+", line[at:]).group(0)
            at += len(word)
            stack[-1].append("NIL" if word.upper() == b"NIL" else word.decode())
    return stack[0]


def folded(node):
    """Without case: for MIME words, of which both may keep or change the case."""
    if isinstance(node, list):
        return [folded(n) for n in node]
    return node.lower()


# Questions that the two may answer differently, and why.
MAY_DIFFER = {
    "BODY.PEEK[1.1]", "BODY.PEEK[2.1.1]", "BODY.PEEK[3.1]",  # a leaf has no parts of its own; Dovecot
    "FETCH 13 BODY.PEEK[2.1]", "FETCH 13 BODY.PEEK[2.1.MIME]",  # repeats the leaf
    "FETCH 1 BODY.PEEK[4]",       # the CRLF before a delimiter belongs to it (RFC 2046 5.1.1)
    "FETCH 5 BODYSTRUCTURE", "FETCH 5 BODY",    # no type: text/plain by RFC 2045 5.2, Dovecot text/""
    "SEARCH SENTBEFORE 4-Jan-2026",  # without a Date no date is earlier; Dovecot takes 1970
    "SEARCH 20:*",                # "*" is the last message (RFC 3501 9), so 20:* is 18:20
}


class Pair:
    """The same mailbox on both."""

    def __init__(self, messages=MESSAGES):
        if not os.path.exists(DOVECOT):
            raise tap.Skip("Dovecot is not installed (Debian package dovecot-imapd)")
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)
        for name in ("mail", "home"):
            os.mkdir(f"{self.folder}/{name}")
        with open(f"{self.folder}/conf", "w", encoding="ascii") as f:
            f.write(CONFIG.format(self.folder))
        command = [DOVECOT, "-c", f"{self.folder}/conf"]
        user = pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:            # Dovecot opens no mail as root
            nobody = pwd.getpwnam("nobody")
            for root, _, _ in os.walk(self.folder):
                os.chown(root, nobody.pw_uid, nobody.pw_gid)
            command = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}",
                       "--clear-groups"] + command
            user = "nobody"
        env = dict(os.environ, HOME=f"{self.folder}/home", USER=user, TZ="UTC")
        self.theirs = Talk(command, env)
        self.ours = Talk([SERVER, "imap"])
        assert self.ours.ask("LOGIN bob secret")[0] == "OK"
        for talk in (self.theirs, self.ours):
            assert talk.ask("CREATE same")[0] == "OK"
            for i, message in enumerate(messages):
                flags = FLAGS[i % len(FLAGS)]
                date = DATES[i % len(DATES)]
                got = talk.ask(f'APPEND same ({flags}) "{date}" {{}}', crlf(message))
                assert got[0] == "OK", got
            assert talk.ask("SELECT same")[0] == "OK"

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.theirs.close()
        self.ours.close()
        shutil.rmtree(self.folder)

    def compare(self, question, *literals, form=lambda answer: answer):
        if question in MAY_DIFFER or question.split(" ", 2)[-1] in MAY_DIFFER:
            return None
        theirs = self.theirs.ask(question, *literals)
        ours = self.ours.ask(question, *literals)
        if form(theirs) == form(ours):
            return None
        return f"{question} {literals or ''}\n  Dovecot: {theirs}\n  ours:    {ours}"

    def compare_all(self, questions, **how):
        """All differences, so that one run tells them all."""
        found = [self.compare(*(q if isinstance(q, tuple) else (q,)), **how) for q in questions]
        found = [f for f in found if f]
        assert not found, "\n" + "\n".join(found)


def per_message(item):
    return [f"FETCH {i + 1} {item}" for i in range(len(MESSAGES))]


# Dovecot writes MISSING_DOMAIN or MISSING_MAILBOX where an address lacks one; RFC 3501 has no word for
# it, and ours is an empty string. Dovecot also makes one space of several in a subject.
def plain_envelope(node):
    if isinstance(node, (tuple, list)):
        return [plain_envelope(n) for n in node]
    if node in (b"MISSING_DOMAIN", b"MISSING_MAILBOX"):
        return b""
    return b" ".join(node.split()) if isinstance(node, bytes) else node


# The order of parameters is free, and so is the padding of a day.
def plain_structure(answer):
    return answer[0], with_sorted_parameters(folded(answer[1]))


def with_sorted_parameters(node):
    if not isinstance(node, list):
        return node
    node = [with_sorted_parameters(n) for n in node]
    if node and len(node) % 2 == 0 and all(isinstance(n, bytes) for n in node):
        pairs = sorted(zip(node[::2], node[1::2]))
        return [n for pair in pairs for n in pair]
    return node


def test_envelopes_are_the_same():
    """ENVELOPE of each message: defaults, groups, routes, comments, folding, empty fields."""
    with Pair() as pair:
        pair.compare_all(per_message("ENVELOPE"), form=plain_envelope)


def test_structures_are_the_same():
    """BODY and BODYSTRUCTURE: nesting, digest, parameters, extension data, sizes, lines."""
    with Pair() as pair:
        pair.compare_all(per_message("BODYSTRUCTURE") + per_message("BODY"),
                         form=plain_structure)


def test_sections_are_the_same():
    """BODY[…] of every part, header, MIME header and text, nested, partial, and what is not there."""
    sections = ["", "HEADER", "TEXT", "1", "2", "3", "4", "5", "1.MIME", "2.MIME", "2.HEADER", "2.TEXT",
                "2.1", "2.2", "2.1.MIME", "2.2.MIME", "2.1.1", "2.HEADER.FIELDS (From Subject X)",
                "2.HEADER.FIELDS.NOT (From)", "4.1", "4.2", "4.1.MIME", "4.1.HEADER", "4.1.1", "1.1",
                "HEADER.FIELDS (DATE subject X-Own)", "HEADER.FIELDS.NOT (Date)", "9", "1.HEADER",
                "1.TEXT", "3.1", "1.1.HEADER", "1.1.TEXT", "1.2.MIME", "1.2.HEADER", "1.2"]
    asked = [f"FETCH {n} BODY.PEEK[{section}]" for section in sections
             for n in range(1, len(MESSAGES) + 1)]
    asked += [f"FETCH 1 BODY.PEEK[{s}]<{p}>" for s in ("", "TEXT", "1", "9")
              for p in ("0.10", "3.4", "100000.5", "4.1000000")]
    asked += ["FETCH 1:* (UID FLAGS RFC822.SIZE INTERNALDATE)", "FETCH 2 RFC822.HEADER"]
    with Pair() as pair:
        pair.compare_all(asked, form=lambda answer: (answer[0], without_recent(folded(answer[1]))))


def without_recent(node):
    """Of two sessions only one may be told \\Recent, and the order of flags is free."""
    if isinstance(node, list):
        kept = [without_recent(n) for n in node if n != "\\recent"]
        kept = [re.sub(rb"^ (\d-)", rb"0\1", n) if isinstance(n, bytes) else n for n in kept]
        is_flags = all(isinstance(n, str) and n[:1] in "\\$" for n in kept)
        return sorted(kept) if is_flags else kept
    return node


def test_binary_is_the_same():
    """BINARY and BINARY.SIZE: base64, quoted-printable, plain."""
    asked = [f"FETCH {n} BINARY{what}[{part}]" for n in (1, 3, 6, 7, 14) for what in (".PEEK", ".SIZE")
             for part in ("1", "3", "2.1", "2.2", "9")]
    asked += [f"FETCH {n} BINARY.PEEK[{s}]" for n in (2, 8) for s in ("", "TEXT", "HEADER")]
    asked += ["FETCH 1 BINARY.PEEK[2]", "FETCH 6 BINARY.PEEK[TEXT]", "FETCH 7 BINARY.SIZE[TEXT]"]
    with Pair() as pair:
        pair.compare_all(asked)


def test_searches_find_the_same():
    """SEARCH by every kind of key, Thai texts, charsets, encoded words and bodies."""
    thai = "สวัสดี".encode()
    asked = ["ALL", "SEEN", "UNSEEN", "ANSWERED", "UNANSWERED", "FLAGGED UNDELETED", "DRAFT", "DELETED",
             "KEYWORD $Label1", "UNKEYWORD $Junk", "1:3,5", "*", "4:2", "20:*", "NOT 1:3", "UID 3:5",
             "OR SEEN FLAGGED", "(OR (SEEN) (NOT DRAFT))", "NOT (SEEN FLAGGED)",
             "BEFORE 5-Jan-2026", "ON 05-Jan-2026", "SINCE \"5-Jan-2026\"", "SENTON 1-Jan-2026",
             "SENTON 2-Jan-2026", "SENTSINCE 5-Jan-2026", "SENTBEFORE 4-Jan-2026", "SENTON 8-Jan-2026",
             "SENTON 3-Jan-2026", "LARGER 200", "SMALLER 150", "SUBJECT addresses", "SUBJECT \"re:\"",
             "FROM a.test", "FROM Zoe", "FROM quoted", "FROM \"Q, u\"", "TO group", "TO g2@x.test",
             "CC routed@z.test", "BCC user@domain.test", "BCC \"user@\"", "HEADER X-Own two",
             "HEADER X-Own \"\"", "HEADER Subject \"\"", "NOT HEADER Date \"\"", "HEADER From \"\"",
             "HEADER Message-ID <8@", "BODY plan", "TEXT plan", "BODY hello", "BODY \"soft break\"",
             "TEXT \"submsg\"", "BODY \"Hello w\"", "TEXT foo", "BODY AAEC", "TEXT \"x-own\"",
             "TEXT two", "BODY text", "SUBJECT \"spaces in\"", "SUBJECT \"subject tail\"",
             "BODY \"SOFT BREAK\"", "SUBJECT folded", "OR OR 1 2 3", "NOT NOT SEEN", "SMALLER 0"]
    literal = [(f"SEARCH CHARSET UTF-8 {key} {{}}", text) for text in (thai, "Grüße".encode(), "GRÜSSE".encode())
               for key in ("SUBJECT", "BODY", "TEXT", "FROM")]
    wrong = ["SEARCH CHARSET X-UNKNOWN SUBJECT x", "SEARCH", "SEARCH BEFORE yesterday", "SEARCH (ALL",
             "SEARCH OR SEEN", "SEARCH NOT", "SEARCH LARGER x", "SEARCH UID x"]
    with Pair() as pair:
        pair.compare_all([f"SEARCH {key}" for key in asked] + literal + wrong)


def test_esearch_and_saved_results_are_the_same():
    """RETURN options, "$" and what it stands for, WITHIN."""
    def form(answer):
        return answer[0], [[n for n in line if not isinstance(n, list)] for line in answer[1]]
    asked = [f"{uid}SEARCH RETURN ({options}) {keys}" for uid in ("", "UID ")
             for options in ("", "MIN", "MAX", "MIN MAX", "COUNT", "ALL", "ALL COUNT MIN MAX")
             for keys in ("ALL", "SEEN", "SUBJECT nothing", "2:9 NOT 4")]
    saved = []
    for options in ("SAVE", "SAVE MIN", "SAVE MAX", "SAVE MIN MAX", "SAVE COUNT", "SAVE ALL"):
        saved += [f"SEARCH RETURN ({options}) UNSEEN", "SEARCH $", "SEARCH NOT $", "FETCH $ UID",
                  "UID SEARCH RETURN (COUNT) UID $", "SEARCH RETURN (SAVE) SEEN $", "FETCH $ UID"]
    saved += ["SEARCH RETURN (SAVE) SUBJECT nothing", "FETCH $ FLAGS", "SEARCH $",
              "SEARCH RETURN (NONSENSE) ALL", "SEARCH RETURN MIN ALL", "SEARCH RETURN (MIN ALL"]
    with Pair() as pair:
        pair.compare_all(asked + saved, form=form)


def test_sorts_are_the_same():
    """SORT by every criterion, REVERSE, several; ESORT."""
    words = ["ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO"]
    asked = [f"({word})" for word in words] + [f"(REVERSE {word})" for word in words]
    asked += ["(SUBJECT DATE)", "(SUBJECT REVERSE DATE)", "(REVERSE SUBJECT DATE SIZE)", "(TO REVERSE FROM)"]
    asked = [f"{uid}SORT {order} {rest}" for uid in ("", "UID ") for order in asked
             for rest in ("UTF-8 ALL", "US-ASCII SEEN")]
    asked += ["SORT (DATE) X-UNKNOWN ALL", "SORT () UTF-8 ALL", "SORT (COLOUR) UTF-8 ALL",
              "SORT DATE UTF-8 ALL", "SORT (DATE) UTF-8", "SORT (DATE) UTF-8 SUBJECT nothing"]
    with Pair() as pair:
        pair.compare_all(asked)


THREADED = [("a", None, "start", 1), ("b", "a", "Re: start", 5), ("c", "a b", "Re: start", 3),
            ("d", "a", "other", 2), ("e", "x", "lost parent", 4), ("f", "x", "Re: lost parent", 6),
            ("g", "y z", "alone", 7), (None, None, "start", 8), ("h", None, "Re: other", 9),
            ("i", "j", "loop", 10), ("j", "i", "loop", 11), ("a", "c", "twice", 12),
            ("k", "k", "itself", 13), ("l", None, "", 14), ("m", None, "", 15),
            ("n", None, "plan", 16), ("o", None, "plan", 17), ("p", None, "Re: plan", 18),
            ("q", "r", "both dummies", 19), ("s", "r", "both dummies", 20),
            ("t", "u", "both dummies", 21), ("v", "u", "both dummies", 22), ("w", "b", "Re: start", 23),
            ("x1", None, "Fwd: later root", 24), ("x2", None, "later root", 25),
            ("y1", "lp lq", "one way", 26), ("y2", "lq lp", "the other way", 27)]


def threaded():
    messages = []
    for own, references, subject, day in THREADED:
        text = f"From: a@a.test\nSubject: {subject}\nDate: {day} Feb 2026 00:00:00 +0000\n"
        if own:
            text += f"Message-ID: <{own}@t.test>\n"
        if references:
            text += "References: " + " ".join(f"<{r}@t.test>" for r in references.split()) + "\n"
        messages.append(text + "\nx\n")
    return messages


def test_threads_are_the_same():
    """THREAD=REFERENCES and ORDEREDSUBJECT: missing parents, loops, double ids, subjects joined."""
    asked = [f"{uid}THREAD {algorithm} UTF-8 {keys}" for uid in ("", "UID ")
             for algorithm in ("REFERENCES", "ORDEREDSUBJECT")
             for keys in ("ALL", "1:5", "1,4,8,9", "5:7", "10:13", "14:18", "19:22", "SUBJECT nothing",
                          "23:25", "26:27", "2,3,23", "5", "16,18")]
    with Pair(threaded()) as pair:
        pair.compare_all(asked)
    with Pair() as pair:
        pair.compare_all(["THREAD REFERENCES UTF-8 ALL", "THREAD ORDEREDSUBJECT UTF-8 ALL",
                          "THREAD UNKNOWN UTF-8 ALL"])


# ---- a second judge: Python's email package reads the same messages ----

def leaves(node, number, found):
    """(part number, type) of every leaf of a BODYSTRUCTURE."""
    if isinstance(node[0], list):
        for i, child in enumerate(n for n in node if isinstance(n, list) and n and
                                  isinstance(n[0], (list, bytes)) and is_part(n)):
            leaves(child, number + [i + 1], found)
    elif (node[0].lower(), node[1].lower()) == (b"message", b"rfc822"):
        inner = node[8]
        leaves(inner, number if isinstance(inner[0], list) else number + [1], found)
    else:
        found.append((".".join(map(str, number)), (node[0] + b"/" + node[1]).lower().decode()))
    return found


def is_part(node):
    return isinstance(node[0], list) or (len(node) >= 7 and isinstance(node[1], bytes))


def test_python_finds_the_same_parts():
    """Types and decoded contents of all leaves, by BODYSTRUCTURE and BINARY, are those of email."""
    talk = Talk([SERVER, "imap"])
    assert talk.ask("LOGIN bob secret")[0] == "OK"
    compared = 0
    for message in MESSAGES:
        octets = crlf(message)
        theirs = email.message_from_bytes(octets)
        if theirs.defects or any(part.defects for part in theirs.walk()):
            continue                    # what is broken is taken apart differently by everybody
        assert talk.ask("APPEND INBOX {}", octets)[0] == "OK"
        assert talk.ask("SELECT INBOX")[0] == "OK"
        structure = talk.ask("FETCH * BODYSTRUCTURE")[1][0][3][1]
        ours = leaves(structure, [] if isinstance(structure[0], list) else [1], [])
        wanted = [(part.get_content_type(), part.get_payload(decode=True))
                  for part in theirs.walk() if not part.is_multipart()]
        got = [(kind, talk.ask(f"FETCH * BINARY.PEEK[{number}]")[1][0][3][1])
               for number, kind in ours]
        assert got == wanted, (message, got, wanted)
        compared += len(got)
    talk.close()
    assert compared >= 15, compared


tap.main(globals())
