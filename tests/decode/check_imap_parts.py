#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_imap_parts.py -- parts of IMAP lines: each case lists by hand, from the grammar of RFC 3501
section 9, which octets are which part and what they mean. Names in modified UTF-7 are made by Python's
own codec."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from parts import rows  # noqa: E402
from wire import Session, run  # noqa: E402

CAPTURE = os.path.abspath(sys.argv[1])
FOLDER = tempfile.TemporaryDirectory()
START = "S: * PREAUTH\n"
# what every line has, and the cases leave out
COMMON = ("untagged|", "text|", "state|", "code.meaning|", "item|")


def session(script, start=START):
    return Session(143).talk(start + script)


def imap(script, wanted, prefix="enveloscope.imap.", drop=COMMON, start=START):
    found = [row[len(prefix):] for row in rows(CAPTURE, session(script, start), (prefix,))]
    found = [row for row in found if not row.startswith(drop)]
    wanted = [line.strip() for line in wanted.strip().splitlines()]
    for i, (mine, other) in enumerate(zip(found, wanted)):
        assert mine == other, f"row {i + 1} is “{mine}”, not “{other}”"
    assert len(found) == len(wanted), f"{found} and {wanted}"


def test_greeting():
    imap("", """
        untagged|OK
        code|[CAPABILITY IMAP4rev1 AUTH=PLAIN LITERAL+]
        code.name|CAPABILITY
        code.meaning|CAPABILITY|what the server is able to do
        capability|IMAP4rev1
        capability|AUTH=PLAIN
        capability|LITERAL+
        text|Hello there""", drop=("state|",),
         start="S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN LITERAL+] Hello there\n")


def test_answers_to_select():
    imap("S: * 172 EXISTS\nS: * 1 RECENT\nS: * OK [UNSEEN 12] first\nS: * OK [UIDVALIDITY 3857529045]\n"
         "S: * OK [UIDNEXT 4392] next\nS: * FLAGS (\\\\Answered \\\\Seen)\n"
         "S: * OK [PERMANENTFLAGS (\\\\Deleted \\\\*)] kept\nS: * OK [HIGHESTMODSEQ 715194045007]\n"
         "S: * OK [NOMODSEQ] none\nS: * OK [CLOSED]\n", r"""
        exists|172
        recent|1
        code|[UNSEEN 12]
        code.name|UNSEEN
        first_unseen|12
        code|[UIDVALIDITY 3857529045]
        code.name|UIDVALIDITY
        uidvalidity|3857529045
        code|[UIDNEXT 4392]
        code.name|UIDNEXT
        uidnext|4392
        flag|\Answered
        flag|\Seen
        code|[PERMANENTFLAGS (\Deleted \*)]
        code.name|PERMANENTFLAGS
        permanent_flag|\Deleted
        permanent_flag|\*
        code|[HIGHESTMODSEQ 715194045007]
        code.name|HIGHESTMODSEQ
        highestmodseq|715194045007
        code|[NOMODSEQ]
        code.name|NOMODSEQ
        code|[CLOSED]
        code.name|CLOSED""")


def test_codes_behind_a_tag():
    imap("C: a1 NOOP\nS: a1 OK [APPENDUID 38505 3955] done\nC: a2 NOOP\n"
         "S: a2 OK [COPYUID 38505 304,319:320 3956:3958] copied\nC: a3 NOOP\n"
         "S: a3 OK [MODIFIED 7,9] failed for some\nC: a4 NOOP\n"
         "S: a4 NO [AUTHENTICATIONFAILED] wrong\nC: a5 NOOP\nS: a5 NO [X-ODD 1 \"]\" 2] other\n"
         "C: a6 NOOP\nS: a6 NO [BADCHARSET (UTF-8 \"US-ASCII\")] no\n", r"""
        code|[APPENDUID 38505 3955]
        code.name|APPENDUID
        uidvalidity|38505
        appenduid|3955
        set.first|3955
        code|[COPYUID 38505 304,319:320 3956:3958]
        code.name|COPYUID
        uidvalidity|38505
        copyuid.source|304,319:320
        set.first|304
        set.first|319
        set.last|320
        copyuid.target|3956:3958
        set.first|3956
        set.last|3958
        code|[MODIFIED 7,9]
        code.name|MODIFIED
        set|7,9
        set.first|7
        set.first|9
        code|[AUTHENTICATIONFAILED]
        code.name|AUTHENTICATIONFAILED
        code|[X-ODD 1 "]" 2]
        code.name|X-ODD
        code.argument|1 "]" 2
        code|[BADCHARSET (UTF-8 "US-ASCII")]
        code.name|BADCHARSET
        code.argument|UTF-8
        code.argument|US-ASCII""")


def test_mailbox_names():
    thai = "จดหมาย/งาน & 😀"
    name = "".join(c if " " <= c <= "~" and c != "&" else "&-" if c == "&" else
                   c.encode("utf-16-be").hex() and "&" + c.encode("utf-7").decode()[1:].replace("/", ",")
                   for c in thai)
    assert name.startswith("&Dgg-&DhQ-"), name
    imap(f'S: * LIST (\\\\HasNoChildren \\\\Sent) "/" "{name}"\n'
         'S: * LSUB () NIL INBOX\nS: * LIST () "\\\\\\\\" "a\\\\"b"\n', rf"""
        list.attribute|\HasNoChildren
        list.attribute|\Sent
        list.delimiter|/
        mailbox|{name}
        mailbox.decoded|{name}|{thai}
        list.delimiter|NIL
        mailbox|INBOX
        list.delimiter|\\|\
        mailbox|a\"b|a"b""")


def test_status():
    imap("C: s STATUS blurdy (UIDNEXT MESSAGES)\n"
         "S: * STATUS blurdy (MESSAGES 231 RECENT 1 UIDNEXT 44292 UIDVALIDITY 9 UNSEEN 2 SIZE 8589934592 "
         "DELETED 3 HIGHESTMODSEQ 77 MAILBOXID (F2212ea87) APPENDLIMIT NIL)\n", """
        mailbox|blurdy
        status.item|UIDNEXT
        status.item|MESSAGES
        mailbox|blurdy
        status.item|MESSAGES
        status.messages|231
        status.item|RECENT
        status.recent|1
        status.item|UIDNEXT
        uidnext|44292
        status.item|UIDVALIDITY
        uidvalidity|9
        status.item|UNSEEN
        status.unseen|2
        status.item|SIZE
        status.size|8589934592
        status.item|DELETED
        status.deleted|3
        status.item|HIGHESTMODSEQ
        highestmodseq|77
        status.item|MAILBOXID
        status.value|F2212ea87
        status.item|APPENDLIMIT
        status.value|NIL""")


def test_search():
    imap('C: a UID SEARCH RETURN (MIN ALL) FROM "Bob Smith" 1:5\nS: * SEARCH 2 84 882 (MODSEQ 917)\n'
         'S: * ESEARCH (TAG "a") UID MIN 2 MAX 882 COUNT 3 ALL 2,84:882 MODSEQ 917\nS: * SEARCH\n', """
        search.key|RETURN
        search.key|MIN
        search.key|ALL
        search.key|FROM
        search.key|Bob Smith
        search.key|1:5
        search.number|2
        search.number|84
        search.number|882
        search.modseq|917
        esearch.tag|a
        esearch.uid|UID
        esearch.min|2
        esearch.max|882
        esearch.count|3
        esearch.all|2,84:882
        set.first|2
        set.first|84
        set.last|882
        search.modseq|917""")


def test_other_data():
    imap('S: * 44 EXPUNGE\nS: * VANISHED (EARLIER) 41,43:116\n'
         'S: * NAMESPACE (("" "/")) NIL (("#shared/" "/")("#pub/" "."))\n'
         'S: * QUOTA "" (STORAGE 10 512 MESSAGE 5 1000)\nS: * QUOTAROOT INBOX ""\n'
         'S: * ID ("name" "Cyrus" "version" NIL)\nS: * ENABLED CONDSTORE QRESYNC\n', """
        message_number|44
        vanished.earlier|EARLIER
        set|41,43:116
        set.first|41
        set.first|43
        set.last|116
        namespace||the user's own
        namespace.prefix|""|
        list.delimiter|/
        namespace||shared by all
        namespace.prefix|#shared/
        list.delimiter|/
        namespace||shared by all
        namespace.prefix|#pub/
        list.delimiter|.
        quota.root|""
        quota.resource|STORAGE
        quota.usage|10
        quota.limit|512
        quota.resource|MESSAGE
        quota.usage|5
        quota.limit|1000
        mailbox|INBOX
        quota.root|""
        id.name|name
        id.value|Cyrus
        id.name|version
        id.value|NIL
        enabled|CONDSTORE
        enabled|QRESYNC""".replace('""|\n', '""\n'))


def test_fetch_command():
    imap("C: a UID FETCH 1:5,7,9:* (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (DATE FROM)]<0.2048> BODY[TEXT])"
         " (CHANGEDSINCE 12345)\nC: b FETCH $ ALL\n", """
        set|1:5,7,9:*
        set.first|1
        set.last|5
        set.first|7
        set.first|9
        set.largest|*
        item|FLAGS
        item|BODY.PEEK[1.2.HEADER.FIELDS (DATE FROM)]<0.2048>
        section|1.2.HEADER.FIELDS (DATE FROM)
        section.part|1.2
        section.specifier|HEADER.FIELDS
        section.header|DATE
        section.header|FROM
        partial.origin|0
        partial.count|2048
        item|BODY[TEXT]
        section|TEXT
        section.specifier|TEXT
        argument|CHANGEDSINCE
        argument|12345
        set|$
        set.saved|$
        item|ALL""", drop=("untagged|", "text|", "state|"))


def test_other_commands():
    imap('C: a STORE 2:4 (UNCHANGEDSINCE 5) +FLAGS.SILENT (\\\\Deleted $Junk)\nC: b COPY 2:4 "Sent Mail"\n'
         'C: c LIST "" (INBOX %) RETURN (STATUS)\nC: d SELECT INBOX (CONDSTORE)\nC: e RENAME old new\n'
         'C: f UID EXPUNGE 3000:3002\nC: g ENABLE CONDSTORE\nC: h ID ("name" "x")\n'
         'C: i APPEND saved (\\\\Seen) "17-Jul-1996 02:44:25 -0700" {310}\n', r"""
        set|2:4
        set.first|2
        set.last|4
        argument|UNCHANGEDSINCE
        argument|5
        store.item|+FLAGS.SILENT
        flag|\Deleted
        flag|$Junk
        set|2:4
        set.first|2
        set.last|4
        mailbox|Sent Mail
        list.reference|""
        list.pattern|INBOX
        list.pattern|%
        argument|RETURN
        argument|STATUS
        mailbox|INBOX
        argument|CONDSTORE
        mailbox|old
        mailbox|new
        set|3000:3002
        set.first|3000
        set.last|3002
        capability|CONDSTORE
        id.name|name
        id.value|x
        mailbox|saved
        flag|\Seen
        append.date|17-Jul-1996 02:44:25 -0700
        literal.octets|310""")


def test_literals():
    imap("C: a APPEND x {3+}\nc: abc\nC: \nC: b APPEND x ~{4+}\nc: abcd\nC: \nC: c LOGIN {5}\n", """
        literal.octets|3
        literal.nonsync|+
        literal.binary|~
        literal.octets|4
        literal.nonsync|+
        literal.octets|5""", drop=COMMON + ("mailbox", "literal|"))


ENVELOPE = ('("Wed, 17 Jul 1996 02:44:25 -0700" "A \\"b\\" {3}" (("Terry Gray" NIL "gray" "cac.test")) '
            '(("Terry Gray" NIL "gray" "cac.test")) NIL ((NIL NIL "imap" "cac.test")'
            '("Jo" "@r" "jo" "b.test")) NIL NIL "<in@x>" "<id@x>")')
ADDRESS = """address|{0}
        address.name|{1}
        address.route|{2}
        address.mailbox|{3}
        address.host|{4}"""


def quoted(octets):
    """For the script: its own escapes."""
    return octets.replace("\\", "\\\\")


def test_envelope():
    gray = ADDRESS.format('("Terry Gray" NIL "gray" "cac.test")', "Terry Gray", "NIL", "gray", "cac.test")
    imap("S: * 12 FETCH (ENVELOPE " + quoted(ENVELOPE) + ")\n", f"""
        message_number|12
        envelope|{ENVELOPE}
        envelope.date|Wed, 17 Jul 1996 02:44:25 -0700
        envelope.subject|A \\"b\\" {{3}}|A "b" {{3}}
        envelope.from|(("Terry Gray" NIL "gray" "cac.test"))
        {gray}
        envelope.sender|(("Terry Gray" NIL "gray" "cac.test"))
        {gray}
        envelope.to|((NIL NIL "imap" "cac.test")("Jo" "@r" "jo" "b.test"))
        {ADDRESS.format('(NIL NIL "imap" "cac.test")', "NIL", "NIL", "imap", "cac.test")}
        {ADDRESS.format('("Jo" "@r" "jo" "b.test")', "Jo", "@r", "jo", "b.test")}
        envelope.in_reply_to|<in@x>
        envelope.message_id|<id@x>""")


def test_items_of_a_message():
    imap('S: * 23 FETCH (UID 4827313 FLAGS (\\\\Seen $X) RFC822.SIZE 44827 MODSEQ (624140003) '
         'INTERNALDATE "17-Jul-1996 02:44:25 -0700" EMAILID (M6d99ac) BODY[1]<0> "abc" '
         'X-GM-LABELS ("a" "b"))\n', r"""
        message_number|23
        item|UID
        uid|4827313
        item|FLAGS
        flag|\Seen
        flag|$X
        item|RFC822.SIZE
        rfc822_size|44827
        item|MODSEQ
        modseq|624140003
        item|INTERNALDATE
        internaldate|17-Jul-1996 02:44:25 -0700
        item|EMAILID
        object_id|M6d99ac
        item|BODY[1]<0>
        section|1
        section.part|1
        partial.origin|0
        value|abc
        item|X-GM-LABELS
        value|a
        value|b""", drop=("untagged|", "text|", "state|"))


def test_body_of_text():
    """The example of RFC 3501 section 7.4.2."""
    body = '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 2279 48)'
    imap(f"S: * 1 FETCH (BODY {body})\n", f"""
        message_number|1
        body|{body}
        section.part||1
        body.type|TEXT
        body.subtype|PLAIN
        body.param.name|CHARSET
        body.param.value|US-ASCII
        body.id|NIL
        body.description|NIL
        body.encoding|7BIT
        body.octets|2279
        body.lines|48""")


TEXT = '("TEXT" "PLAIN" NIL NIL NIL "7BIT" 12 3 NIL NIL NIL NIL)'
INNER = '(("TEXT" "HTML" NIL NIL NIL "8BIT" 1 1)("IMAGE" "PNG" NIL NIL NIL "BASE64" 7) "ALTERNATIVE")'
MESSAGE = ('("MESSAGE" "RFC822" NIL NIL NIL "7BIT" 99 (NIL "s" NIL NIL NIL NIL NIL NIL NIL "<m@x>") '
           + INNER + ' 5 "md5" ("attachment" ("filename" "x.eml")) ("th" "en") "loc")')
TREE = f'({TEXT}{MESSAGE} "MIXED" ("BOUNDARY" "b") NIL)'
TREE_ROWS = f"""
        body|{TREE}
        body|{TEXT}
        section.part||1
        body.type|TEXT
        body.subtype|PLAIN
        value|NIL
        body.id|NIL
        body.description|NIL
        body.encoding|7BIT
        body.octets|12
        body.lines|3
        body.md5|NIL
        body.disposition|NIL
        body.language|NIL
        body.location|NIL
        body|{MESSAGE}
        section.part||2
        body.type|MESSAGE
        body.subtype|RFC822
        value|NIL
        body.id|NIL
        body.description|NIL
        body.encoding|7BIT
        body.octets|99
        envelope|(NIL "s" NIL NIL NIL NIL NIL NIL NIL "<m@x>")
        envelope.date|NIL
        envelope.subject|s
        envelope.in_reply_to|NIL
        envelope.message_id|<m@x>
        body|{INNER}
        section.part||2
        body|("TEXT" "HTML" NIL NIL NIL "8BIT" 1 1)
        section.part||2.1
        body.type|TEXT
        body.subtype|HTML
        value|NIL
        body.id|NIL
        body.description|NIL
        body.encoding|8BIT
        body.octets|1
        body.lines|1
        body|("IMAGE" "PNG" NIL NIL NIL "BASE64" 7)
        section.part||2.2
        body.type|IMAGE
        body.subtype|PNG
        value|NIL
        body.id|NIL
        body.description|NIL
        body.encoding|BASE64
        body.octets|7
        body.subtype|ALTERNATIVE
        body.lines|5
        body.md5|md5
        body.disposition|attachment
        body.param.name|filename
        body.param.value|x.eml
        body.language|th
        body.language|en
        body.location|loc
        body.subtype|MIXED
        body.param.name|BOUNDARY
        body.param.value|b
        body.disposition|NIL
        rfc822_size|400"""


def test_body_as_a_tree():
    imap(f"S: * 1 FETCH (BODYSTRUCTURE {TREE} RFC822.SIZE 400)\n", "message_number|1" + TREE_ROWS)


def values_of_leaves(text):
    """The rows of TREE_ROWS that no literal cuts in pieces."""
    return [row.strip() for row in text.strip().splitlines()
            if row.strip().split("|")[0] not in ("body", "envelope")]


def test_literals_cut_the_tree_anywhere():
    """Each quoted string in turn becomes a literal, in frames of their own: all other leaves stay. Not
    the types that decide which fields a part has: what is in a literal, a list's reader does not see."""
    data = f"* 1 FETCH (BODYSTRUCTURE {TREE} RFC822.SIZE 400)"
    wanted = values_of_leaves("message_number|1" + TREE_ROWS)
    at, tried = data.find('"'), 0
    while at >= 0:
        end = data.index('"', at + 1)
        word = data[at + 1:end]
        if word in ("TEXT", "MESSAGE", "RFC822"):
            at = data.find('"', end + 1)
            continue
        s = session("").say(1, data[:at] + "{%d}\r\n" % len(word)).say(1, word)
        s.say(1, data[end + 1:] + "\r\n")
        prefix = "enveloscope.imap."
        found = [row[len(prefix):] for row in rows(CAPTURE, s, (prefix,))]
        found = [row for row in found if not row.startswith(COMMON + ("literal", "body|", "envelope|"))]
        number = data[:at].count('"') // 2       # which quoted string it is
        quoted_rows = [i for i, row in enumerate(wanted) if f'"{row.split("|")[1]}"' in data
                       and row.split("|")[1] and not row.split("|")[0].startswith("section")]
        less = [row for i, row in enumerate(wanted) if i != quoted_rows[number]]
        assert found == less, f"{word}: {found} and {less}"
        tried += 1
        at = data.find('"', end + 1)
    assert tried == data.count('"') // 2 - 4, tried


def test_a_frame_alone_says_the_same():
    """An answer in many frames: each is decoded by itself, and says what it says in their row."""
    s = session("")
    at = 0
    data = f"* 1 FETCH (BODYSTRUCTURE {TREE} RFC822.SIZE 400)"
    for word in ("BOUNDARY", "x.eml", "HTML"):
        data = data.replace(f'"{word}"', "{%d}\r\n%s" % (len(word), word), 1)
    data += "\r\n"
    while at < len(data):
        s.say(1, data[at:at + 23])
        at += 23
    path = s.write(os.path.join(FOLDER.name, "alone.pcap"))
    whole = run([CAPTURE, "decode", "-r", path, "-T", "tree"])
    assert whole.count("enveloscope.imap.literal.octets") == 3
    alone = [run([CAPTURE, "decode", "-r", path, "-T", "tree", "-Y", f"frame.number == {n}"])
             for n in range(len(s.frames), 0, -1)]
    frames = ["0 frame 0+" + text for text in whole.split("0 frame 0+")[1:]]
    assert len(frames) == len(alone) == len(s.frames)
    for n, (mine, other) in enumerate(zip(frames, reversed(alone)), 1):
        assert mine.strip() == other.strip(), f"frame {n}: {mine} and {other}"


def test_parts_are_keys_of_the_filter():
    path = session("S: * 1 FETCH (UID 7)\nS: * 2 FETCH (UID 8)\n").write(
        os.path.join(FOLDER.name, "filter.pcap"))
    out = run([CAPTURE, "decode", "-r", path, "-Y", "enveloscope.imap.uid > 7", "-T", "fields", "-e",
               "enveloscope.imap.message_number"])
    assert out == "2\n", out


tap.main(globals())
