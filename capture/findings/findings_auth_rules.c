/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth_rules.c -- the catalogue's rows about logins, in both languages.
 *
 * Severities are for a real network. CWE names are of CWE 4.15, techniques of MITRE ATT&CK for
 * Enterprise version 17. What makes a rule speak is in findings_auth.c. */
#include "capture/findings/findings_auth.h"

const struct finding_rule auth_001 = {
    .id = "AUTH-001",
    .severity = SEVERITY_CRITICAL,
    .title = {"Password sent in the clear", "ส่งรหัสผ่านโดยไม่เข้ารหัสลับ"},
    .explanation =
        {"The client logged in before any TLS was in use on this connection. Everyone on the way "
         "between client and server could read the user name and the password; base64 hides "
         "nothing.",
         "ไคลเอนต์เข้าระบบก่อนที่การเชื่อมต่อนี้จะใช้ TLS ทุกคนที่อยู่ระหว่างทางจึงอ่านชื่อผู้ใช้และรหัสผ่านได้ "
         "และ base64 ไม่ได้ช่วยปกปิดสิ่งใด"},
    .remediation =
        {"Let clients use implicit TLS (submission 465, IMAP 993, POP3 995), let the server refuse "
         "logins without TLS, and change this password, since it may be known to others.",
         "ให้ไคลเอนต์ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ (ส่งจดหมาย 465, IMAP 993, POP3 995) "
         "ตั้งเซิร์ฟเวอร์ให้ปฏิเสธการเข้าระบบที่ไม่มี TLS และเปลี่ยนรหัสผ่านนี้ เพราะอาจมีผู้อื่นรู้แล้ว"},
    .rfc = FINDING_LIST("RFC 8314 section 3", "RFC 8314 section 4", "RFC 4954 section 4",
                        "RFC 4616 section 5", "RFC 3501 section 6.2.3", "RFC 9051 section 6.2.3",
                        "RFC 1939 section 13"),
    .cwe = FINDING_LIST("CWE-319", "CWE-523"),
    .attack = FINDING_LIST("T1040"),
};

const struct finding_rule auth_002 = {
    .id = "AUTH-002",
    .severity = SEVERITY_HIGH,
    .title = {"Password sent in the clear and rejected", "ส่งรหัสผ่านโดยไม่เข้ารหัสลับและถูกเซิร์ฟเวอร์ปฏิเสธ"},
    .explanation =
        {"A login without TLS failed. The password that was sent is often a near miss of the right "
         "one, or the right one for another account, and it was readable on the way.",
         "การเข้าระบบที่ไม่มี TLS ไม่สำเร็จ รหัสผ่านที่ส่งไปมักใกล้เคียงกับรหัสจริง หรือเป็นรหัสของบัญชีอื่น "
         "และใครก็ตามระหว่างทางอ่านได้"},
    .remediation =
        {"Let clients use implicit TLS, let the server refuse logins without TLS before a password "
         "is sent, and have the user change passwords that resemble this one.",
         "ให้ไคลเอนต์ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ ตั้งเซิร์ฟเวอร์ให้ปฏิเสธการเข้าระบบที่ไม่มี TLS ก่อนที่รหัสผ่านจะถูกส่ง "
         "และให้ผู้ใช้เปลี่ยนรหัสผ่านที่คล้ายกับรหัสนี้"},
    .rfc = FINDING_LIST("RFC 8314 section 3", "RFC 8314 section 4", "RFC 4954 section 4",
                        "RFC 3501 section 6.2.3", "RFC 9051 section 6.2.3", "RFC 1939 section 13",
                        "RFC 5530 section 3", "RFC 3206 section 4"),
    .cwe = FINDING_LIST("CWE-319"),
    .attack = FINDING_LIST("T1040"),
};

const struct finding_rule auth_003 = {
    .id = "AUTH-003",
    .severity = SEVERITY_HIGH,
    .title = {"Server offers login without TLS", "เซิร์ฟเวอร์ยอมให้เข้าระบบโดยไม่มี TLS"},
    .explanation =
        {"Before TLS the server lists a way to log in that sends the password as it is. Any client "
         "may take the offer, and an attacker on the way can make it do so.",
         "ก่อนเริ่ม TLS เซิร์ฟเวอร์แจ้งวิธีเข้าระบบที่ส่งรหัสผ่านตรง ๆ ไคลเอนต์ใดก็อาจเลือกใช้วิธีนี้ "
         "และผู้โจมตีระหว่างทางก็ชักนำให้ใช้ได้"},
    .remediation =
        {"Announce LOGINDISABLED (IMAP), and AUTH, USER and SASL PLAIN or LOGIN only after TLS has "
         "started; better, offer implicit TLS ports alone.",
         "ให้ประกาศ LOGINDISABLED (IMAP) และประกาศ AUTH, USER, SASL PLAIN หรือ LOGIN เฉพาะหลังเริ่ม TLS "
         "แล้ว "
         "หากทำได้ ให้เปิดเฉพาะพอร์ตที่ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ"},
    .rfc = FINDING_LIST("RFC 9051 section 6.2.3", "RFC 2595 section 3.2", "RFC 4954 section 4",
                        "RFC 8314 section 4"),
    .cwe = FINDING_LIST("CWE-523"),
    .attack = FINDING_LIST_EMPTY,
};

const struct finding_rule auth_004 = {
    .id = "AUTH-004",
    .severity = SEVERITY_CRITICAL,
    .title = {"Bearer token sent in the clear", "ส่งโทเค็นผู้ถือ (bearer token) โดยไม่เข้ารหัสลับ"},
    .explanation =
        {"The client logged in with a token before any TLS was in use. Whoever holds a bearer "
         "token "
         "may use it: everyone on the way can act as this user until it expires or is revoked.",
         "ไคลเอนต์เข้าระบบด้วยโทเค็นก่อนที่จะใช้ TLS ผู้ใดถือ bearer token ก็ใช้โทเค็นนั้นได้ "
         "ทุกคนระหว่างทางจึงแสดงตนเป็นผู้ใช้รายนี้ได้จนกว่าโทเค็นจะหมดอายุหรือถูกเพิกถอน"},
    .remediation = {"Revoke the token, and offer XOAUTH2 and OAUTHBEARER only inside TLS.",
                    "เพิกถอนโทเค็นนี้ และเสนอ XOAUTH2 กับ OAUTHBEARER เฉพาะภายใน TLS"},
    .rfc = FINDING_LIST("RFC 7628 section 3", "RFC 7628 section 5", "RFC 6750 section 5.3"),
    .cwe = FINDING_LIST("CWE-319", "CWE-522"),
    .attack = FINDING_LIST("T1528", "T1040"),
};

const struct finding_rule auth_005 = {
    .id = "AUTH-005",
    .severity = SEVERITY_MEDIUM,
    .title = {"CRAM-MD5 exchange visible", "มองเห็นการแลกเปลี่ยนของ CRAM-MD5"},
    .explanation =
        {"Challenge and answer were both readable. With them a listener can try passwords on a "
         "machine of their own, millions a second, without the server noticing; and the server has "
         "to keep what is as good as the password.",
         "ผู้ดักฟังอ่านได้ทั้งคำท้าและคำตอบ จึงนำไปลองรหัสผ่านบนเครื่องของตนได้วินาทีละหลายล้านคำ "
         "โดยที่เซิร์ฟเวอร์ไม่รู้ตัว นอกจากนี้เซิร์ฟเวอร์ยังต้องเก็บค่าที่ใช้แทนรหัสผ่านได้"},
    .remediation = {"Use SCRAM-SHA-256 (or PLAIN) under TLS and switch CRAM-MD5 off.",
                    "ใช้ SCRAM-SHA-256 (หรือ PLAIN) ภายใต้ TLS และปิด CRAM-MD5"},
    .rfc = FINDING_LIST("RFC 2195 section 4", "RFC 6151 section 2"),
    .cwe = FINDING_LIST("CWE-327", "CWE-916"),
    .attack = FINDING_LIST("T1110.002", "T1040"),
};

const struct finding_rule auth_006 = {
    .id = "AUTH-006",
    .severity = SEVERITY_MEDIUM,
    .title = {"APOP login visible", "มองเห็นการเข้าระบบแบบ APOP"},
    .explanation =
        {"APOP answers the greeting's time stamp with an MD5 digest over it and the password. A "
         "listener can try passwords against it, and an attacker in the middle who chooses the "
         "stamps learns the first characters of the password from MD5 collisions.",
         "APOP ตอบตราเวลาในคำทักทายด้วยค่าแฮช MD5 ของตราเวลารวมกับรหัสผ่าน "
         "ผู้ดักฟังนำไปลองรหัสผ่านได้ ส่วนผู้โจมตีที่คั่นกลางและเลือกตราเวลาเอง "
         "จะรู้อักขระต้น ๆ ของรหัสผ่านจากการชนกันของ MD5"},
    .remediation = {"Switch APOP off; use USER and PASS or SASL inside TLS (port 995 or STLS).",
                    "ปิด APOP และใช้ USER กับ PASS หรือ SASL ภายใน TLS (พอร์ต 995 หรือ STLS)"},
    .rfc = FINDING_LIST("RFC 1939 section 7", "CVE-2007-1558"),
    .cwe = FINDING_LIST("CWE-327", "CWE-328"),
    .attack = FINDING_LIST("T1557", "T1110.002"),
};

const struct finding_rule auth_007 = {
    .id = "AUTH-007",
    .severity = SEVERITY_HIGH,
    .title = {"Odd or repeated challenge for APOP", "คำท้าของ APOP ผิดปกติหรือถูกใช้ซ้ำ"},
    .explanation =
        {"The time stamp in a POP3 greeting must be a new message identifier each time. One with "
         "octets that no identifier may hold, or the same one again, is the mark of the attack "
         "that "
         "gets the first characters of passwords by MD5 collisions; a faulty server does it too.",
         "ตราเวลาในคำทักทายของ POP3 ต้องเป็นตัวระบุข้อความที่ใหม่ทุกครั้ง หากมีออกเตตที่ตัวระบุไม่อาจมีได้ "
         "หรือใช้ค่าเดิมซ้ำ ย่อมเป็นร่องรอยของการโจมตีที่หาอักขระต้น ๆ ของรหัสผ่านด้วยการชนกันของ MD5 "
         "เซิร์ฟเวอร์ที่บกพร่องก็ทำเช่นนี้ได้"},
    .remediation = {"Do not log in with APOP there. Clients must refuse such time stamps; find out "
                    "whether somebody stands between client and server.",
                    "อย่าเข้าระบบด้วย APOP ที่เซิร์ฟเวอร์นี้ ไคลเอนต์ต้องปฏิเสธตราเวลาเช่นนี้ "
                    "และให้ตรวจสอบว่ามีผู้คั่นกลางระหว่างไคลเอนต์กับเซิร์ฟเวอร์หรือไม่"},
    .rfc = FINDING_LIST("RFC 1939 section 7", "CVE-2007-1558"),
    .cwe = FINDING_LIST("CWE-327"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule auth_008 = {
    .id = "AUTH-008",
    .severity = SEVERITY_MEDIUM,
    .title = {"DIGEST-MD5 exchange visible", "มองเห็นการแลกเปลี่ยนของ DIGEST-MD5"},
    .explanation =
        {"Nonces and response were readable, so a listener can try passwords on a machine of their "
         "own. The mechanism has been moved to Historic for this and other weaknesses.",
         "ผู้ดักฟังอ่านค่า nonce และคำตอบได้ จึงนำไปลองรหัสผ่านบนเครื่องของตนได้ "
         "กลไกนี้ถูกจัดเป็น Historic แล้วเพราะจุดอ่อนนี้และจุดอ่อนอื่น"},
    .remediation = {"Use SCRAM-SHA-256 under TLS and switch DIGEST-MD5 off.",
                    "ใช้ SCRAM-SHA-256 ภายใต้ TLS และปิด DIGEST-MD5"},
    .rfc = FINDING_LIST("RFC 6331 section 2"),
    .cwe = FINDING_LIST("CWE-327"),
    .attack = FINDING_LIST("T1110.002", "T1040"),
};

/* High: version 1, whose DES keys can be searched whole; version 2 is medium. */
const struct finding_rule auth_009 = {
    .id = "AUTH-009",
    .severity = SEVERITY_HIGH,
    .title = {"NTLM exchange visible", "มองเห็นการแลกเปลี่ยนของ NTLM"},
    .explanation =
        {"The NTLM answer was readable. A listener can try passwords against it, and an attacker "
         "in "
         "the middle can pass it on and act as the user. An answer of version 1 is made with DES: "
         "its keys can be found by trying them all, and serve in place of the password.",
         "ผู้ดักฟังอ่านคำตอบของ NTLM ได้ จึงนำไปลองรหัสผ่านได้ "
         "ส่วนผู้โจมตีที่คั่นกลางส่งต่อคำตอบนี้แล้วแสดงตนเป็นผู้ใช้ได้ คำตอบของรุ่นที่ 1 สร้างด้วย DES "
         "จึงหากุญแจได้ด้วยการลองทุกค่า และใช้กุญแจนั้นแทนรหัสผ่านได้"},
    .remediation = {"Use Kerberos or OAuth under TLS; where NTLM must stay, allow version 2 alone.",
                    "ใช้ Kerberos หรือ OAuth ภายใต้ TLS หากจำเป็นต้องใช้ NTLM ให้ยอมรับเฉพาะรุ่นที่ 2"},
    .rfc = FINDING_LIST("MS-NLMP section 5.1"),
    .cwe = FINDING_LIST("CWE-327"),
    .attack = FINDING_LIST("T1557", "T1110.002"),
};

/* Medium without TLS or with few iterations; low when only the binding to TLS is missing. */
const struct finding_rule auth_010 = {
    .id = "AUTH-010",
    .severity = SEVERITY_MEDIUM,
    .title = {"SCRAM without the protection that it needs", "ใช้ SCRAM โดยขาดการปกป้องที่จำเป็น"},
    .explanation =
        {"SCRAM does not show the password, but without TLS a listener can try passwords against "
         "the exchange, the faster the fewer iterations the server asks for (less than 4096 are "
         "too "
         "few), and take over the session. Without channel binding an attacker in the middle with "
         "a certificate that the client accepts can pass the login on.",
         "SCRAM ไม่เปิดเผยรหัสผ่าน แต่หากไม่มี TLS ผู้ดักฟังนำการแลกเปลี่ยนไปลองรหัสผ่านได้ "
         "ยิ่งเซิร์ฟเวอร์กำหนดจำนวนรอบน้อยก็ยิ่งลองได้เร็ว (น้อยกว่า 4096 รอบถือว่าน้อยเกินไป) "
         "และยึดการสนทนาต่อได้ หากไม่มี channel binding "
         "ผู้โจมตีที่คั่นกลางด้วยใบรับรองที่ไคลเอนต์ยอมรับก็ส่งต่อการเข้าระบบได้"},
    .remediation =
        {"Log in inside TLS, with a -PLUS mechanism where both sides know one, and set at "
         "least 4096 iterations (more with SHA-256).",
         "เข้าระบบภายใน TLS ใช้กลไกแบบ -PLUS หากทั้งสองฝ่ายรองรับ "
         "และกำหนดจำนวนรอบอย่างน้อย 4096 (ควรมากกว่านี้หากใช้ SHA-256)"},
    .rfc = FINDING_LIST("RFC 5802 section 9", "RFC 7677 section 4", "RFC 9266 section 1"),
    .cwe = FINDING_LIST("CWE-916"),
    .attack = FINDING_LIST("T1110.002"),
};

const struct finding_rule auth_011 = {
    .id = "AUTH-011",
    .severity = SEVERITY_HIGH,
    .title = {"Password is empty or the user's name", "รหัสผ่านว่างหรือตรงกับชื่อผู้ใช้"},
    .explanation = {"The password that was sent has no characters, or is the user's name. They are "
                    "the first guesses of any attacker.",
                    "รหัสผ่านที่ส่งไม่มีอักขระใดเลย หรือตรงกับชื่อผู้ใช้ ทั้งสองแบบเป็นสิ่งแรกที่ผู้โจมตีลอง"},
    .remediation =
        {"Change the password, and have the server refuse such passwords when they are set.",
         "เปลี่ยนรหัสผ่าน และตั้งเซิร์ฟเวอร์ให้ปฏิเสธรหัสผ่านเช่นนี้ตั้งแต่ตอนกำหนด"},
    .rfc = FINDING_LIST_EMPTY,
    .cwe = FINDING_LIST("CWE-521", "CWE-258"),
    .attack = FINDING_LIST("T1110.001"),
};

/* High over users or servers; medium when one account uses it with several protocols. */
const struct finding_rule auth_012 = {
    .id = "AUTH-012",
    .severity = SEVERITY_HIGH,
    .title = {"The same password in several places", "ใช้รหัสผ่านเดียวกันในหลายที่"},
    .explanation =
        {"Logins with other users, servers or protocols carried the same password (compared by a "
         "fingerprint, never shown). Anyone who learns it in one place can use it in all of them.",
         "การเข้าระบบที่ต่างผู้ใช้ ต่างเซิร์ฟเวอร์ หรือต่างโปรโตคอลใช้รหัสผ่านเดียวกัน "
         "(เทียบด้วยลายนิ้วมือโดยไม่แสดงรหัสผ่าน) ผู้ที่รู้รหัสผ่านจากที่หนึ่งจึงใช้ได้ทุกที่"},
    .remediation = {"Give each account a password of its own, made by a password manager.",
                    "ให้แต่ละบัญชีมีรหัสผ่านของตนเองที่สร้างด้วยโปรแกรมจัดการรหัสผ่าน"},
    .rfc = FINDING_LIST_EMPTY,
    .cwe = FINDING_LIST("CWE-522"),
    .attack = FINDING_LIST("T1078"),
};

const struct finding_rule auth_013 = {
    .id = "AUTH-013",
    .severity = SEVERITY_HIGH,
    .title = {"Many failed logins for one user", "เข้าระบบไม่สำเร็จหลายครั้งด้วยผู้ใช้รายเดียว"},
    .explanation =
        {"One user's password was wrong so often in a short time that somebody, or a program, "
         "seems "
         "to be guessing it. A mail program that keeps an old password looks alike, but sends the "
         "same one each time; then the confidence is low. Inside TLS only the shape shows: many "
         "short "
         "conversations of one size from one source, which the subject then names.",
         "รหัสผ่านของผู้ใช้รายเดียวผิดบ่อยครั้งในเวลาสั้น ๆ จนน่าจะมีผู้หรือโปรแกรมกำลังไล่เดา "
         "โปรแกรมอีเมลที่ยังเก็บรหัสผ่านเก่าก็ให้ผลคล้ายกัน แต่จะส่งรหัสผ่านเดิมทุกครั้ง กรณีนี้ความเชื่อมั่นจะต่ำ "
         "หากอยู่ใน TLS จะเห็นเพียงรูปแบบ คือบทสนทนาสั้น ๆ ขนาดเท่ากันจำนวนมากจากต้นทางเดียว ซึ่งระบุไว้ในสิ่งที่พบ"},
    .remediation = {"Slow down or lock out after a few failures, and look at where they came from.",
                    "หน่วงเวลาหรือล็อกหลังเข้าระบบผิดไม่กี่ครั้ง และตรวจสอบว่าการลองมาจากที่ใด"},
    .rfc = FINDING_LIST("RFC 4954 section 6", "RFC 5530 section 3"),
    .cwe = FINDING_LIST("CWE-307"),
    .attack = FINDING_LIST("T1110.001"),
};

const struct finding_rule auth_014 = {
    .id = "AUTH-014",
    .severity = SEVERITY_HIGH,
    .title = {"A few passwords tried for many users", "ลองรหัสผ่านไม่กี่ชุดกับผู้ใช้จำนวนมาก"},
    .explanation =
        {"One source failed to log in as many users with only a few different passwords (compared "
         "by fingerprints). That is password spraying: it stays below the limit of each account "
         "and "
         "finds the one with a common password.",
         "ต้นทางเดียวเข้าระบบไม่สำเร็จด้วยผู้ใช้จำนวนมากโดยใช้รหัสผ่านเพียงไม่กี่ชุด (เทียบด้วยลายนิ้วมือ) "
         "นี่คือการพ่นรหัสผ่าน (password spraying) ซึ่งไม่เกินขีดจำกัดของแต่ละบัญชี "
         "และหาบัญชีที่ใช้รหัสผ่านทั่วไป"},
    .remediation =
        {"Limit failures for each source as well as for each account, and ask for a second "
         "factor.",
         "จำกัดจำนวนครั้งที่ผิดต่อต้นทางควบคู่กับต่อบัญชี และใช้การยืนยันตัวตนแบบสองปัจจัย"},
    .rfc = FINDING_LIST_EMPTY,
    .cwe = FINDING_LIST("CWE-307"),
    .attack = FINDING_LIST("T1110.003"),
};

const struct finding_rule auth_015 = {
    .id = "AUTH-015",
    .severity = SEVERITY_CRITICAL,
    .title = {"Login after a burst of failures", "เข้าระบบสำเร็จหลังจากผิดติดกันหลายครั้ง"},
    .explanation =
        {"A source that had been guessing passwords was let in. Its guess seems to have been "
         "right. "
         "Inside TLS a long conversation after many short ones is all that shows it: then severity "
         "and confidence are lower.",
         "ต้นทางที่ไล่เดารหัสผ่านอยู่เข้าระบบได้สำเร็จ น่าจะเดารหัสผ่านถูก "
         "หากอยู่ใน TLS จะเห็นเพียงบทสนทนายาวที่ตามหลังบทสนทนาสั้นจำนวนมาก ความรุนแรงและความเชื่อมั่นจึงต่ำลง"},
    .remediation =
        {"Treat the account as taken over: lock it, change its password, end its sessions and "
         "look at what was done with it.",
         "ให้ถือว่าบัญชีนี้ถูกยึดแล้ว ล็อกบัญชี เปลี่ยนรหัสผ่าน ตัดการสนทนาที่ค้างอยู่ "
         "และตรวจสอบว่ามีการทำสิ่งใดไปบ้าง"},
    .rfc = FINDING_LIST_EMPTY,
    .cwe = FINDING_LIST("CWE-307"),
    .attack = FINDING_LIST("T1078", "T1110"),
};

const struct finding_rule *const finding_rules_auth[] = {
    &auth_001, &auth_002, &auth_003, &auth_004, &auth_005, &auth_006, &auth_007, &auth_008,
    &auth_009, &auth_010, &auth_011, &auth_012, &auth_013, &auth_014, &auth_015, NULL};
