/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_auth_rules.c -- the catalogue's rows about logins, in both languages.
 *
 * Severities are for a real network. CWE names are of CWE 4.15, techniques of MITRE ATT&CK for
 * Enterprise version 16. What makes a rule speak is in findings_auth.c. */
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

const struct finding_rule *const finding_rules_auth[] = {&auth_001, &auth_002, &auth_003, NULL};
