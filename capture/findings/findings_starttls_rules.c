/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_starttls_rules.c -- the catalogue's rows about the change to TLS, in both languages.
 *
 * Severities, CWE and ATT&CK as in findings_auth_rules.c. What makes a rule speak is in
 * findings_starttls.c. */
#include "capture/findings/findings_starttls.h"

const struct finding_rule stls_001 = {
    .id = "STLS-001",
    .severity = SEVERITY_HIGH, /* medium where servers pass mail on: see the module */
    .title = {"Server does not offer STARTTLS", "เซิร์ฟเวอร์ไม่เสนอ STARTTLS"},
    .explanation = {"The server listed what it can do and STARTTLS was not in the list. Everything "
                    "said on this port, logins included, is sent in the clear.",
                    "เซิร์ฟเวอร์แจ้งรายการความสามารถแต่ไม่มี STARTTLS ทุกสิ่งที่ส่งผ่านพอร์ตนี้ รวมทั้งการเข้าระบบ "
                    "จึงไม่ถูกเข้ารหัสลับ"},
    .remediation =
        {"Enable TLS on the server. For users, prefer ports with TLS from the start (465, 993, "
         "995) and close the others.",
         "เปิดใช้ TLS ที่เซิร์ฟเวอร์ สำหรับผู้ใช้ควรเลือกพอร์ตที่ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ (465, 993, 995) "
         "แล้วปิดพอร์ตอื่น"},
    .rfc = FINDING_LIST("RFC 3207 section 4", "RFC 2595 section 3", "RFC 2595 section 4",
                        "RFC 8314 section 4"),
    .cwe = FINDING_LIST("CWE-319"),
    .attack = FINDING_LIST_EMPTY,
};

const struct finding_rule stls_002 = {
    .id = "STLS-002",
    .severity = SEVERITY_HIGH,
    .title = {"Client ignored the offer of STARTTLS", "ไคลเอนต์ไม่ใช้ STARTTLS ที่เซิร์ฟเวอร์เสนอ"},
    .explanation =
        {"The server offered STARTTLS, but the client logged in or sent mail in the clear. A "
         "client that does not insist on TLS can be kept from it by anyone on the way.",
         "เซิร์ฟเวอร์เสนอ STARTTLS แต่ไคลเอนต์เข้าระบบหรือส่งจดหมายโดยไม่เข้ารหัสลับ "
         "ไคลเอนต์ที่ไม่บังคับใช้ TLS ถูกผู้ที่อยู่ระหว่างทางกีดกันไม่ให้ใช้ TLS ได้"},
    .remediation =
        {"Set the client to require TLS (\"SSL/TLS\" or \"STARTTLS, always\", never \"if "
         "available\"), and let the server refuse logins before TLS.",
         "ตั้งค่าไคลเอนต์ให้บังคับใช้ TLS (\"SSL/TLS\" หรือ \"STARTTLS เสมอ\" ไม่ใช่ \"ถ้ามี\") "
         "และตั้งเซิร์ฟเวอร์ให้ปฏิเสธการเข้าระบบก่อนเริ่ม TLS"},
    .rfc = FINDING_LIST("RFC 8314 section 5", "RFC 7435 section 3"),
    .cwe = FINDING_LIST("CWE-757"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule stls_003 = {
    .id = "STLS-003",
    .severity = SEVERITY_HIGH,
    .title = {"Sign that STARTTLS was stripped on the way", "ร่องรอยว่า STARTTLS ถูกตัดออกระหว่างทาง"},
    .explanation =
        {"Something on the way seems to have changed the clear text so that client and server do "
         "not agree on TLS: a capability replaced by filler, an offer that the same server makes "
         "on another connection, two versions of the same octets of the stream, or datagrams of "
         "one end that come from different distances.",
         "ดูเหมือนว่ามีบางสิ่งระหว่างทางแก้ข้อความเพื่อไม่ให้ไคลเอนต์และเซิร์ฟเวอร์ตกลงใช้ TLS ได้ "
         "เช่น ความสามารถที่ถูกแทนด้วยตัวอักษรไร้ความหมาย "
         "ข้อเสนอที่เซิร์ฟเวอร์เดียวกันแจ้งในการเชื่อมต่ออื่นแต่หายไปในครั้งนี้ "
         "ข้อมูลตำแหน่งเดียวกันของสตรีมที่มาถึงสองแบบ หรือดาตาแกรมจากปลายทางเดียวกันที่มาจากระยะต่างกัน"},
    .remediation =
        {"Find the device between the two places (some firewalls rewrite SMTP). Require TLS in "
         "clients, prefer implicit TLS, and publish MTA-STS or DANE for mail between servers.",
         "ตรวจหาอุปกรณ์ที่อยู่ระหว่างสองฝั่ง (ไฟร์วอลล์บางรุ่นแก้ข้อความ SMTP) บังคับใช้ TLS ที่ไคลเอนต์ "
         "เลือกพอร์ตที่ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ และประกาศ MTA-STS หรือ DANE สำหรับจดหมายระหว่างเซิร์ฟเวอร์"},
    .rfc = FINDING_LIST("RFC 3207 section 6", "RFC 8461 section 10", "RFC 7672 section 1.3"),
    .cwe = FINDING_LIST("CWE-757"),
    .attack = FINDING_LIST("T1557", "T1562.010"),
};

const struct finding_rule stls_004 = {
    .id = "STLS-004",
    .severity = SEVERITY_HIGH,
    .title = {"STARTTLS refused, then a login in the clear",
              "STARTTLS ถูกปฏิเสธ แล้วเข้าระบบโดยไม่เข้ารหัสลับ"},
    .explanation =
        {"The client asked for TLS, was refused, and logged in all the same. The refusal may have "
         "come from an attacker; a client that goes on after it protects nobody.",
         "ไคลเอนต์ขอใช้ TLS แต่ถูกปฏิเสธ แล้วยังเข้าระบบต่อ คำปฏิเสธนั้นอาจมาจากผู้โจมตี "
         "ไคลเอนต์ที่ยังทำงานต่อหลังถูกปฏิเสธจึงไม่ได้ปกป้องใคร"},
    .remediation = {"Set the client to require TLS, so that it stops here. Find out why the server "
                    "refused, and change the password that was sent.",
                    "ตั้งค่าไคลเอนต์ให้บังคับใช้ TLS เพื่อให้หยุด ณ จุดนี้ ตรวจสอบว่าเหตุใดเซิร์ฟเวอร์จึงปฏิเสธ "
                    "และเปลี่ยนรหัสผ่านที่ส่งไปแล้ว"},
    .rfc = FINDING_LIST("RFC 3207 section 4.1", "RFC 2595 section 2.2", "RFC 8314 section 5"),
    .cwe = FINDING_LIST("CWE-757"),
    .attack = FINDING_LIST("T1557", "T1562.010"),
};

const struct finding_rule stls_005 = {
    .id = "STLS-005",
    .severity = SEVERITY_HIGH,
    .title = {"Commands sent behind STARTTLS before the go-ahead",
              "มีคำสั่งต่อท้าย STARTTLS ก่อนที่เซิร์ฟเวอร์จะอนุญาต"},
    .explanation =
        {"More octets came from the client's side behind the request for TLS, before the server "
         "answered it. A server that keeps them reads them as if they had come under TLS: so an "
         "attacker puts commands into somebody else's session. Whether it worked cannot be seen.",
         "มีข้อมูลจากฝั่งไคลเอนต์ต่อท้ายคำขอ TLS ก่อนที่เซิร์ฟเวอร์จะตอบ "
         "เซิร์ฟเวอร์ที่เก็บข้อมูลนี้ไว้จะอ่านเสมือนว่ามาภายใน TLS ผู้โจมตีจึงแทรกคำสั่งในเซสชันของผู้อื่นได้ "
         "ส่วนจะสำเร็จหรือไม่นั้นมองไม่เห็น"},
    .remediation =
        {"Update the server: it has to drop what it holds of the clear text when TLS begins "
         "(CVE-2011-0411). Prefer implicit TLS.",
         "ปรับรุ่นเซิร์ฟเวอร์ให้ทิ้งข้อมูลที่ไม่เข้ารหัสลับซึ่งค้างอยู่เมื่อเริ่ม TLS (CVE-2011-0411) "
         "และเลือกพอร์ตที่ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ"},
    .rfc = FINDING_LIST("RFC 3207 section 4.2", "RFC 2595 section 3.1", "RFC 2595 section 4",
                        "RFC 9051 section 6.2.1"),
    .cwe = FINDING_LIST("CWE-77", "CWE-924"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule stls_006 = {
    .id = "STLS-006",
    .severity = SEVERITY_HIGH,
    .title = {"Clear text behind the server's go-ahead",
              "มีข้อความไม่เข้ารหัสลับต่อท้ายคำอนุญาตของเซิร์ฟเวอร์"},
    .explanation =
        {"Behind the server's go-ahead for TLS came octets that are no TLS. A client that keeps "
         "them takes them for answers that came under TLS, with capabilities, mail or errors of "
         "the attacker's choice.",
         "ต่อท้ายคำอนุญาตให้เริ่ม TLS มีข้อมูลที่ไม่ใช่ TLS "
         "ไคลเอนต์ที่เก็บข้อมูลนี้ไว้จะถือว่าเป็นคำตอบที่มาภายใน TLS ซึ่งอาจเป็นความสามารถ จดหมาย "
         "หรือข้อผิดพลาดที่ผู้โจมตีเลือกเอง"},
    .remediation =
        {"Update the client: it has to drop what it holds of the clear text when TLS begins, or to "
         "close the connection. Prefer implicit TLS.",
         "ปรับรุ่นไคลเอนต์ให้ทิ้งข้อมูลที่ไม่เข้ารหัสลับซึ่งค้างอยู่เมื่อเริ่ม TLS หรือปิดการเชื่อมต่อ "
         "และเลือกพอร์ตที่ใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ"},
    .rfc = FINDING_LIST("RFC 3207 section 4.2", "RFC 2595 section 3.1", "RFC 2595 section 4",
                        "RFC 9051 section 6.2.1"),
    .cwe = FINDING_LIST("CWE-924"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule stls_007 = {
    .id = "STLS-007",
    .severity = SEVERITY_HIGH,
    .title = {"PREAUTH greeting in the clear", "คำทักทาย PREAUTH โดยไม่เข้ารหัสลับ"},
    .explanation =
        {"The IMAP server greets with PREAUTH: the client counts as logged in already, and "
         "STARTTLS is not allowed in that state. An attacker who forges this greeting keeps the "
         "client from TLS and gets to see the mail that it uploads.",
         "เซิร์ฟเวอร์ IMAP ทักทายด้วย PREAUTH ไคลเอนต์จึงถือว่าเข้าระบบแล้ว และในสถานะนี้ห้ามใช้ STARTTLS "
         "ผู้โจมตีที่ปลอมคำทักทายนี้จึงกีดกันไม่ให้ใช้ TLS และเห็นจดหมายที่ไคลเอนต์อัปโหลด"},
    .remediation =
        {"Let the client close the connection when PREAUTH comes without TLS, and use port 993.",
         "ให้ไคลเอนต์ปิดการเชื่อมต่อเมื่อได้รับ PREAUTH โดยไม่มี TLS และใช้พอร์ต 993"},
    .rfc = FINDING_LIST("RFC 9051 section 7.1.4", "RFC 9051 section 6.2.1"),
    .cwe = FINDING_LIST("CWE-757"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule stls_008 = {
    .id = "STLS-008",
    .severity = SEVERITY_HIGH,
    .title = {"STARTTLS accepted, but clear text goes on",
              "ยอมรับ STARTTLS แล้ว แต่การสนทนายังไม่เข้ารหัสลับ"},
    .explanation =
        {"The server gave the go-ahead for TLS, and the client went on with commands that can be "
         "read. Either the two speak without TLS, or this capture was taken where TLS had been "
         "opened already (a mirror behind a decrypting device).",
         "เซิร์ฟเวอร์อนุญาตให้เริ่ม TLS แล้ว แต่ไคลเอนต์ยังส่งคำสั่งที่อ่านได้ต่อไป "
         "อาจเป็นเพราะทั้งสองคุยกันโดยไม่มี TLS หรือไฟล์นี้ดักจับ ณ จุดที่ TLS ถูกถอดรหัสแล้ว "
         "(พอร์ตมิเรอร์หลังอุปกรณ์ถอดรหัส)"},
    .remediation =
        {"Check where the capture was taken. If it is no decrypting mirror, client and server are "
         "broken or attacked: stop using STARTTLS there and use implicit TLS.",
         "ตรวจสอบว่าดักจับที่จุดใด หากไม่ใช่มิเรอร์ที่ถอดรหัสแล้ว แสดงว่าไคลเอนต์และเซิร์ฟเวอร์ผิดปกติหรือถูกโจมตี "
         "ให้เลิกใช้ STARTTLS ที่นั่นแล้วใช้ TLS ตั้งแต่เริ่มเชื่อมต่อ"},
    .rfc = FINDING_LIST("RFC 3207 section 4", "RFC 9051 section 6.2.1", "RFC 2595 section 4"),
    .cwe = FINDING_LIST("CWE-319"),
    .attack = FINDING_LIST("T1040"),
};

const struct finding_rule stls_009 = {
    .id = "STLS-009",
    .severity = SEVERITY_MEDIUM,
    .title = {"Alert, referral or mailbox data before TLS",
              "คำเตือน การส่งต่อไปเซิร์ฟเวอร์อื่น หรือข้อมูลกล่องจดหมายก่อนเริ่ม TLS"},
    .explanation =
        {"Before TLS and before login the IMAP server sent what a client may show to its user or "
         "obey: an ALERT, a referral to another server, or the state of a mailbox. Anyone on the "
         "way can write such lines.",
         "ก่อนเริ่ม TLS และก่อนเข้าระบบ เซิร์ฟเวอร์ IMAP ส่งสิ่งที่ไคลเอนต์อาจแสดงแก่ผู้ใช้หรือทำตาม ได้แก่ ALERT "
         "การส่งต่อไปเซิร์ฟเวอร์อื่น หรือสถานะของกล่องจดหมาย ใครก็ตามระหว่างทางเขียนบรรทัดเช่นนี้ได้"},
    .remediation = {"Let the client ignore such data until TLS has begun, and use port 993.",
                    "ให้ไคลเอนต์ไม่สนใจข้อมูลเช่นนี้จนกว่าจะเริ่ม TLS และใช้พอร์ต 993"},
    .rfc = FINDING_LIST("RFC 9051 section 11", "RFC 9051 section 7.1", "RFC 2221 section 4"),
    .cwe = FINDING_LIST("CWE-345"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule *const finding_rules_starttls[] = {
    &stls_001, &stls_002, &stls_003, &stls_004, &stls_005,
    &stls_006, &stls_007, &stls_008, &stls_009, NULL};
