/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_mail_rules.c -- the catalogue's rows about mail transport and about the capture itself.
 *
 * CWE names are of CWE 4.15, techniques of MITRE ATT&CK for Enterprise version 17. What makes the
 * rows speak is in findings_mail.c, findings_lookalike.c and findings_capture.c. */
#include "capture/findings/findings_mail.h"

const struct finding_rule enum_001 = {
    .id = "ENUM-001",
    .severity = SEVERITY_MEDIUM,
    .title = {"Server tells which users exist", "เซิร์ฟเวอร์เปิดเผยว่าผู้ใช้ใดมีอยู่จริง"},
    .explanation =
        {"The server's answers differ between addresses that exist and addresses that do not. "
         "Whoever asks long enough gets a list of users, to guess passwords for or to send mail "
         "to.",
         "คำตอบของเซิร์ฟเวอร์สำหรับที่อยู่ที่มีจริงกับที่อยู่ที่ไม่มีนั้นต่างกัน "
         "ผู้ที่ถามไปเรื่อย ๆ จึงได้รายชื่อผู้ใช้ไว้เดารหัสผ่านหรือส่งจดหมายหา"},
    .remediation =
        {"Answer VRFY and EXPN with 252 or not at all, reject every failed login with the same "
         "text, "
         "and slow down or cut off clients that name many unknown recipients.",
         "ตอบ VRFY และ EXPN ด้วย 252 เสมอหรือปิดไม่ให้ใช้ ปฏิเสธการเข้าระบบที่ไม่สำเร็จทุกครั้งด้วยข้อความเดียวกัน "
         "และหน่วงหรือตัดการเชื่อมต่อของไคลเอนต์ที่ระบุผู้รับซึ่งไม่มีอยู่จริงหลายราย"},
    .rfc = FINDING_LIST("RFC 5321 section 3.5", "RFC 5321 section 7.3"),
    .cwe = FINDING_LIST("CWE-204"),
    .attack = FINDING_LIST("T1087.003", "T1589.002"),
};

const struct finding_rule enum_002 = {
    .id = "ENUM-002",
    .severity = SEVERITY_INFO,
    .title = {"Server names its software", "เซิร์ฟเวอร์บอกชื่อซอฟต์แวร์ของตน"},
    .explanation =
        {"The greeting or a capability answer names the program that runs the server. That helps "
         "an administrator, and it helps an attacker to pick the known weaknesses of that program.",
         "คำทักทายหรือคำตอบเรื่องความสามารถบอกชื่อโปรแกรมที่เป็นเซิร์ฟเวอร์ ข้อมูลนี้ช่วยผู้ดูแลระบบ "
         "แต่ก็ช่วยผู้โจมตีเลือกใช้จุดอ่อนที่รู้กันของโปรแกรมนั้นด้วย"},
    .remediation = {"Shorten the greeting to the host's name, and leave version numbers out.",
                    "ย่อคำทักทายให้เหลือเพียงชื่อโฮสต์ และไม่บอกหมายเลขรุ่น"},
    .rfc = FINDING_LIST("RFC 5321 section 7.5", "RFC 2971 section 7", "RFC 2449 section 6.9"),
    .cwe = FINDING_LIST("CWE-200"),
    .attack = FINDING_LIST("T1592.002"),
};

const struct finding_rule relay_001 = {
    .id = "RELAY-001",
    .severity = SEVERITY_HIGH,
    .title = {"Server relays mail for strangers", "เซิร์ฟเวอร์ส่งต่อจดหมายให้คนแปลกหน้า (open relay)"},
    .explanation =
        {"Without a login the server took a message whose sender and recipient both belong to "
         "domains "
         "other than its own. Such a server is soon used to send spam. Its own domains are taken "
         "from "
         "its greeting, from MX records in this capture, and from those who log in there; a server "
         "that "
         "hosts further domains looks the same. Confidence is high only where the message was seen "
         "to "
         "be sent on.",
         "เซิร์ฟเวอร์รับจดหมายที่ทั้งผู้ส่งและผู้รับอยู่นอกโดเมนของตน โดยไม่มีการเข้าระบบ "
         "เซิร์ฟเวอร์เช่นนี้จะถูกใช้ส่งสแปมในไม่ช้า โดเมนของเซิร์ฟเวอร์ดูจากคำทักทาย ระเบียน MX ในแคปเจอร์นี้ "
         "และผู้ที่เข้าระบบที่นั่น เซิร์ฟเวอร์ที่ให้บริการโดเมนอื่นด้วยจึงดูเหมือนกัน "
         "ความเชื่อมั่นจะสูงก็ต่อเมื่อเห็นว่าจดหมายถูกส่งต่อออกไปจริง"},
    .remediation = {"Relay only for clients that have logged in or stand in your own network; "
                    "accept all other mail only for your own domains.",
                    "ส่งต่อจดหมายให้เฉพาะไคลเอนต์ที่เข้าระบบแล้วหรืออยู่ในเครือข่ายของตน "
                    "จดหมายอื่นให้รับเฉพาะที่ส่งถึงโดเมนของตน"},
    .rfc = FINDING_LIST("RFC 2505 section 2.1", "RFC 6409 section 4.3", "RFC 5321 section 7.9"),
    .cwe = FINDING_LIST("CWE-441", "CWE-306"),
    .attack = FINDING_LIST_EMPTY,
};

const struct finding_rule abuse_001 = {
    .id = "ABUSE-001",
    .severity = SEVERITY_MEDIUM,
    .title = {"Flood of messages", "จดหมายหลั่งไหลผิดปกติ (mail bombing)"},
    .explanation =
        {"Within a minute so many messages went to one recipient, or came from one source, that a "
         "mailbox fills up or a warning drowns in it. Confirmations of lists that the recipient "
         "never asked for look like this too.",
         "ภายในหนึ่งนาทีมีจดหมายถึงผู้รับรายเดียวหรือมาจากต้นทางเดียวมากจนกล่องจดหมายเต็ม "
         "หรือจดหมายเตือนจมหาย จดหมายยืนยันการสมัครรายชื่ออีเมลที่ผู้รับไม่เคยขอก็มีลักษณะเช่นนี้"},
    .remediation = {"Limit the rate per source and per recipient, and answer 4yz beyond it.",
                    "จำกัดอัตราต่อต้นทางและต่อผู้รับ ส่วนที่เกินให้ตอบด้วยรหัส 4yz"},
    .rfc = FINDING_LIST("RFC 5321 section 7.8"),
    .cwe = FINDING_LIST("CWE-770"),
    .attack = FINDING_LIST("T1667"),
};

const struct finding_rule smug_001 = {
    .id = "SMUG-001",
    .severity = SEVERITY_HIGH,
    .title = {"False end inside a message (SMTP smuggling)", "จุดจบปลอมในข้อความ (SMTP smuggling)"},
    .explanation =
        {"The message holds line ends that some servers take for the end of the data and others "
         "for "
         "text. When commands follow, the first server passes them on as text and the second obeys "
         "them: a message slips in that nobody has checked. Bare LF or CR alone is only untidy.",
         "ในข้อความมีการจบบรรทัดที่บางเซิร์ฟเวอร์ถือเป็นจุดจบของข้อมูล แต่บางเซิร์ฟเวอร์ถือเป็นเนื้อความ "
         "หากมีคำสั่งตามหลัง เซิร์ฟเวอร์แรกจะส่งต่อไปเป็นเนื้อความ ส่วนเซิร์ฟเวอร์ถัดไปจะทำตามคำสั่งนั้น "
         "จดหมายที่ไม่มีใครตรวจจึงลอดเข้ามา ลำพัง LF หรือ CR ตัวเดียวเป็นเพียงความไม่เรียบร้อย"},
    .remediation =
        {"Let servers reject messages with bare LF or CR, or forward them with BDAT; update "
         "servers that take anything but CR LF . CR LF for the end.",
         "ตั้งเซิร์ฟเวอร์ให้ปฏิเสธข้อความที่มี LF หรือ CR ตัวเดียว หรือส่งต่อด้วย BDAT "
         "และปรับรุ่นเซิร์ฟเวอร์ที่ถือสิ่งอื่นนอกจาก CR LF . CR LF เป็นจุดจบ"},
    .rfc = FINDING_LIST("RFC 5321 section 2.3.8", "RFC 5321 section 4.1.1.4", "CVE-2023-51764",
                        "CVE-2023-51765", "CVE-2023-51766", "VU#302671"),
    .cwe = FINDING_LIST("CWE-444", "CWE-93"),
    .attack = FINDING_LIST("T1672"),
};

const struct finding_rule eai_001 = {
    .id = "EAI-001",
    .severity = SEVERITY_MEDIUM,
    .title = {"Look-alike address", "ที่อยู่อีเมลหน้าตาคล้ายกันจนอาจหลงผิด"},
    .explanation =
        {"An address mixes scripts whose letters look the same, holds invisible or "
         "direction-changing "
         "characters, or looks like another address of this capture while its octets differ.",
         "ที่อยู่อีเมลนี้ปนอักษรต่างชนิดที่หน้าตาเหมือนกัน มีอักขระที่มองไม่เห็นหรือกลับทิศทางข้อความ "
         "หรือดูเหมือนที่อยู่อื่นในแคปเจอร์นี้ทั้งที่ออกเตตต่างกัน"},
    .remediation =
        {"Show such domains as A-labels (xn--), warn the reader, and check who registered "
         "the domain.",
         "แสดงโดเมนเช่นนี้ในรูป A-label (xn--) เตือนผู้อ่าน และตรวจสอบว่าใครเป็นผู้จดทะเบียนโดเมน"},
    .rfc = FINDING_LIST("RFC 6531 section 5", "RFC 6532 section 4", "RFC 5890 section 4.4",
                        "UTS 39 section 4"),
    .cwe = FINDING_LIST("CWE-1007"),
    .attack = FINDING_LIST_EMPTY,
};

const struct finding_rule eai_002 = {
    .id = "EAI-002",
    .severity = SEVERITY_LOW,
    .title = {"UTF-8 sent without SMTPUTF8", "ส่ง UTF-8 โดยไม่ประกาศ SMTPUTF8"},
    .explanation =
        {"An address of the envelope or a header field held octets beyond ASCII, though the client "
         "had not announced them with the parameter SMTPUTF8 of MAIL. Servers may refuse such "
         "mail, damage it, or take the address for another one than the filter before them did.",
         "ที่อยู่ในซองจดหมายหรือฟิลด์ของส่วนหัวมีออกเตตนอกเหนือจาก ASCII "
         "ทั้งที่ไคลเอนต์ไม่ได้ประกาศด้วยพารามิเตอร์ SMTPUTF8 ของคำสั่ง MAIL เซิร์ฟเวอร์อาจปฏิเสธจดหมาย "
         "ทำให้เสียหาย หรือตีความที่อยู่ต่างจากตัวกรองที่อยู่ก่อนหน้า"},
    .remediation =
        {"Use software that announces SMTPUTF8 where the server offers it, and otherwise sends "
         "A-labels (xn--) in addresses and encoded words in header fields.",
         "ใช้ซอฟต์แวร์ที่ประกาศ SMTPUTF8 เมื่อเซิร์ฟเวอร์รองรับ มิฉะนั้นให้ส่งที่อยู่ในรูป A-label (xn--) "
         "และเข้ารหัสคำในส่วนหัว (encoded word)"},
    .rfc = FINDING_LIST("RFC 6531 section 3.2", "RFC 6531 section 3.4", "RFC 5322 section 2.2",
                        "RFC 2047 section 2"),
    .cwe = FINDING_LIST("CWE-436"),
    .attack = FINDING_LIST_EMPTY,
};

const struct finding_rule cap_001 = {
    .id = "CAP-001",
    .severity = SEVERITY_INFO,
    .title = {"Capture is incomplete", "แคปเจอร์ไม่ครบถ้วน"},
    .explanation = {"Octets that were on the wire are not in the capture, so what is not reported "
                    "here may still "
                    "have happened. The subject says what is missing.",
                    "มีออกเตตที่เคยอยู่บนสายแต่ไม่อยู่ในแคปเจอร์ สิ่งที่ไม่ได้รายงานไว้ที่นี่จึงอาจเกิดขึ้นแล้วก็ได้ "
                    "รายละเอียดของสิ่งที่ขาดอยู่ในช่องสิ่งที่พบ"},
    .remediation = {"Capture again with a larger buffer and without a snap length, at a place that "
                    "both directions pass.",
                    "ดักจับใหม่ด้วยบัฟเฟอร์ที่ใหญ่ขึ้นและไม่จำกัด snap length ณ จุดที่ข้อมูลทั้งสองทิศทางผ่าน"},
    .rfc = FINDING_LIST("draft-ietf-opsawg-pcapng"),
    .cwe = FINDING_LIST_EMPTY,
    .attack = FINDING_LIST_EMPTY,
};
