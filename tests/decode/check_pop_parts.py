#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""check_pop_parts.py -- parts of POP3 lines, listed by hand from the grammar of RFC 1939 and RFC 2449."""
import base64
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import tap  # noqa: E402
from parts import rows  # noqa: E402
from wire import FOLDER, Session, run  # noqa: E402

CAPTURE = os.path.abspath(sys.argv[1])
IN = "S: +OK ready\nC: USER alice\nS: +OK\nC: PASS s3cret\nS: +OK 2 messages (320 octets)\n"


def pop(script, wanted, start=IN, prefix="enveloscope.pop."):
    found = [row[len(prefix):] for row in rows(CAPTURE, Session(110).talk(start + script), (prefix,))]
    found = [row for row in found if not row.startswith(("state|", "user|alice"))]
    assert found == [line.strip() for line in wanted.strip().splitlines()], found


def test_stamp_of_the_greeting():
    """The greeting of RFC 1939 section 7."""
    pop("", "banner.stamp|<1896.697170952@dbc.mtview.ca.us>",
        "S: +OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\n")
    pop("", "", "S: +OK ready <no stamp>\n")


def test_numbers_of_answers():
    pop("C: STAT\nS: +OK 2 320\nC: LIST\nS: +OK 2 messages\nS: 1 120\nS: 2 200\nS: .\nC: LIST 2\n"
        "S: +OK 2 200\nC: UIDL\nS: +OK\nS: 1 whqtswO00WBw418f9t5JxYwZ\nS: .\n", """
        stat.messages|2
        stat.octets|320
        message_number|1
        list.octets|120
        message_number|2
        list.octets|200
        list_end|.
        message_number|2
        message_number|2
        list.octets|200
        message_number|1
        uidl.id|whqtswO00WBw418f9t5JxYwZ
        list_end|.""")


def test_arguments():
    pop("C: TOP 1 10\nS: -ERR no such message\nC: RETR 2\nS: +OK 200 octets\nC: DELE 3\n", """
        message_number|1
        top.lines|10
        message_number|2
        retr.octets|200
        message_number|3""")


def test_response_codes():
    pop("C: STAT\nS: -ERR [SYS/TEMP] try later\nC: STAT\nS: -ERR [X-OWN 5] odd\nC: STAT\nS: -ERR none\n", """
        code|SYS/TEMP
        code.meaning|SYS/TEMP|the server has a trouble that will pass
        code|X-OWN 5""")
    pop("C: USER bob\nS: +OK\nC: PASS x\nS: -ERR [IN-USE] locked\n", """
        user|bob
        code|IN-USE
        code.meaning|IN-USE|another session has the mailbox open""", "S: +OK ready\n")


def test_capabilities():
    pop("C: CAPA\nS: +OK\nS: SASL PLAIN CRAM-MD5\nS: LOGIN-DELAY 900\nS: EXPIRE 60\nS: EXPIRE NEVER\n"
        "S: TOP\nS: IMPLEMENTATION Shlemazle-Plotz v302\nS: .\n", """
        capa.keyword|SASL
        capa.sasl|PLAIN
        capa.sasl|CRAM-MD5
        capa.keyword|LOGIN-DELAY
        capa.login_delay|900
        capa.keyword|EXPIRE
        capa.expire|60
        capa.keyword|EXPIRE
        capa.parameter|NEVER
        capa.keyword|TOP
        capa.keyword|IMPLEMENTATION
        capa.parameter|Shlemazle-Plotz v302
        list_end|.""")


def test_apop():
    digest = "c4c9334bac560ecc979e58001b3e22fb"
    pop(f"C: APOP mrose {digest}\n", f"""
        banner.stamp|<1.2@x.test>
        user|mrose
        apop.digest|{digest}""", "S: +OK <1.2@x.test>\n")


def test_challenge():
    stamp = "<1896.697170952@postoffice.reston.mci.net>"
    pop("C: AUTH CRAM-MD5\nS: + " + base64.b64encode(stamp.encode()).decode() + "\n",
        f"|@0+42|{stamp}\n.stamp|@0+42|{stamp}", "S: +OK ready\n", "enveloscope.auth.challenge")


def test_half_a_password_stays_hidden():
    """Its line has no end: it comes out when the capture ends, or when the ports are used again."""
    first = Session(110).talk("S: +OK ready\nC: USER alice\nS: +OK\n").say(0, "PASS s3cret")
    n = len(first.frames)
    again = Session(110, first=(7001000, 7005000)).say(1, "+OK ready\r\n")
    seen = []
    for frames in (first.frames[:], first.frames + again.frames):
        first.frames = frames
        path = first.write(os.path.join(FOLDER.name, "half.pcap"))
        seen.append(run([CAPTURE, "decode", "-r", path, "-V", "-Y", f"frame.number == {n}"]))
    assert "Len: 11" in seen[0] or "tcp.len" in seen[0], seen[0]
    assert seen[0] == seen[1] and b"s3cret".hex() not in seen[1] and "s3cret" not in seen[1], seen[1]


tap.main(globals())
