/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_tls_rules.c -- the catalogue's rows about TLS and its policies, in both languages.
 *
 * Severities, CWE and ATT&CK as in findings_auth_rules.c. What makes a rule speak is in
 * findings_tls.c and findings_dns.c. */
#include "capture/findings/findings_tls.h"

const struct finding_rule tls_001 = {
    .id = "TLS-001",
    .severity = SEVERITY_HIGH,
    .title = {"Old version of TLS", "TLS รุ่นเก่า"},
    .explanation = {"The server chose SSL 3.0, TLS 1.0 or TLS 1.1. These versions rest on MD5 and "
                    "SHA-1, support no modern ciphers, and must not be used any more.",
                    "เซิร์ฟเวอร์เลือก SSL 3.0, TLS 1.0 หรือ TLS 1.1 รุ่นเหล่านี้อาศัย MD5 และ SHA-1 "
                    "ไม่รองรับวิธีเข้ารหัสลับสมัยใหม่ และต้องไม่ใช้อีกต่อไป"},
    .remediation = {"Allow TLS 1.2 and 1.3 only, on the server and in clients.",
                    "อนุญาตเฉพาะ TLS 1.2 และ 1.3 ทั้งที่เซิร์ฟเวอร์และไคลเอนต์"},
    .rfc = FINDING_LIST("RFC 8996", "RFC 8997", "RFC 9325 section 3.1.1"),
    .cwe = FINDING_LIST("CWE-326", "CWE-327"),
    .attack = FINDING_LIST("T1557", "T1562.010"),
};

const struct finding_rule tls_002 = {
    .id = "TLS-002",
    .severity = SEVERITY_HIGH, /* low when only forward secrecy is missing */
    .title = {"Weak cipher suite", "ชุดวิธีเข้ารหัสลับที่อ่อนแอ"},
    .explanation =
        {"The server chose a cipher suite that does not protect: without encryption, without proof "
         "of the server's identity, or with a broken cipher (EXPORT, RC4, DES, 3DES). If the "
         "severity is low, the suite lacks forward secrecy: anyone who obtains the server's key "
         "later can open what is recorded today.",
         "เซิร์ฟเวอร์เลือกชุดวิธีเข้ารหัสลับที่ไม่ปกป้องข้อมูล คือไม่เข้ารหัสลับ ไม่พิสูจน์ตัวตนเซิร์ฟเวอร์ "
         "หรือใช้วิธีที่ถูกเจาะแล้ว (EXPORT, RC4, DES, 3DES) "
         "หากระดับความรุนแรงเป็นต่ำ หมายถึงชุดนี้ไม่มี forward secrecy "
         "ผู้ที่ได้กุญแจของเซิร์ฟเวอร์ในภายหลังจึงเปิดอ่านสิ่งที่บันทึกไว้วันนี้ได้"},
    .remediation = {"Allow suites with ECDHE and AEAD (AES-GCM, ChaCha20-Poly1305) only.",
                    "อนุญาตเฉพาะชุดที่ใช้ ECDHE และ AEAD (AES-GCM, ChaCha20-Poly1305)"},
    .rfc = FINDING_LIST("RFC 9325 section 4.1", "RFC 9325 section 4.2", "RFC 7465"),
    .cwe = FINDING_LIST("CWE-327"),
    .attack = FINDING_LIST("T1557", "T1040"),
};

const struct finding_rule tls_003 = {
    .id = "TLS-003",
    .severity = SEVERITY_HIGH,
    .title = {"Certificate expired or not yet valid", "ใบรับรองหมดอายุหรือยังไม่ถึงวันที่ใช้ได้"},
    .explanation =
        {"When this was captured, the server's certificate was outside the time for which it was "
         "issued. Users who learn to click such warnings away do not notice an attacker either.",
         "ณ เวลาที่ดักจับ ใบรับรองของเซิร์ฟเวอร์อยู่นอกช่วงเวลาที่ออกให้ใช้ "
         "ผู้ใช้ที่ชินกับการกดผ่านคำเตือนเช่นนี้จะไม่สังเกตเห็นผู้โจมตีเช่นกัน"},
    .remediation = {"Renew the certificate, automate its renewal, and check the clocks.",
                    "ต่ออายุใบรับรองและตั้งให้ต่ออายุอัตโนมัติ รวมทั้งตรวจสอบนาฬิกาของเครื่อง"},
    .rfc = FINDING_LIST("RFC 5280 section 4.1.2.5", "RFC 5280 section 6.1.3", "RFC 7817 section 3"),
    .cwe = FINDING_LIST("CWE-298"),
    .attack = FINDING_LIST_EMPTY,
};

const struct finding_rule tls_004 = {
    .id = "TLS-004",
    .severity = SEVERITY_MEDIUM,
    .title = {"Certificate is self-signed or of an unknown issuer",
              "ใบรับรองลงนามด้วยตนเองหรือออกโดยผู้ที่ไม่รู้จัก"},
    .explanation = {"No trusted issuer vouches for the server's certificate. Anyone can make one "
                    "with the same "
                    "names, so a client that accepts it cannot tell the server from an attacker.",
                    "ไม่มีผู้ออกใบรับรองที่เชื่อถือได้ยืนยันใบรับรองของเซิร์ฟเวอร์ ใครก็สร้างใบรับรองที่มีชื่อเดียวกันได้ "
                    "ไคลเอนต์ที่ยอมรับจึงแยกเซิร์ฟเวอร์จากผู้โจมตีไม่ได้"},
    .remediation =
        {"Use a certificate of a trusted issuer and send the intermediate certificates with it; "
         "between mail servers DANE serves, too. If it is your own issuer, name it with --trust.",
         "ใช้ใบรับรองจากผู้ออกที่เชื่อถือได้และส่งใบรับรองระหว่างกลางให้ครบ ระหว่างเซิร์ฟเวอร์เมลใช้ DANE ได้เช่นกัน "
         "หากเป็นผู้ออกใบรับรองของหน่วยงานเอง ให้ระบุด้วย --trust"},
    .rfc = FINDING_LIST("RFC 5280 section 6", "RFC 7817 section 3", "RFC 7672 section 3"),
    .cwe = FINDING_LIST("CWE-296", "CWE-295"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule tls_005 = {
    .id = "TLS-005",
    .severity = SEVERITY_HIGH,
    .title = {"Certificate is for another name", "ใบรับรองเป็นของชื่ออื่น"},
    .explanation =
        {"The name by which the client reached the server is not among the names of the "
         "certificate. A client that checks must stop; one that goes on may be talking to an "
         "attacker.",
         "ชื่อที่ไคลเอนต์ใช้ติดต่อเซิร์ฟเวอร์ไม่อยู่ในรายชื่อของใบรับรอง ไคลเอนต์ที่ตรวจสอบต้องหยุด "
         "ส่วนไคลเอนต์ที่ทำงานต่ออาจกำลังคุยกับผู้โจมตี"},
    .remediation =
        {"Put every name by which users reach the server into the certificate (subjectAltName), "
         "and set clients to one of these names.",
         "ใส่ทุกชื่อที่ผู้ใช้ติดต่อเซิร์ฟเวอร์ไว้ในใบรับรอง (subjectAltName) และตั้งค่าไคลเอนต์ให้ใช้ชื่อใดชื่อหนึ่งนั้น"},
    .rfc = FINDING_LIST("RFC 9525 section 6.3", "RFC 7817 section 3"),
    .cwe = FINDING_LIST("CWE-297"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule tls_006 = {
    .id = "TLS-006",
    .severity = SEVERITY_HIGH, /* medium when only the signature is weak */
    .title = {"Short key or weak signature in a certificate", "กุญแจสั้นหรือลายเซ็นอ่อนแอในใบรับรอง"},
    .explanation =
        {"A certificate of the chain has a key short enough to be broken with some effort (RSA "
         "below 2048 bits), or a signature over MD5 or SHA-1, which can be forged.",
         "ใบรับรองใบใดใบหนึ่งในสายการรับรองมีกุญแจที่สั้นจนถอดได้หากใช้กำลังคำนวณมากพอ (RSA สั้นกว่า 2048 บิต) "
         "หรือมีลายเซ็นที่ใช้ MD5 หรือ SHA-1 ซึ่งปลอมได้"},
    .remediation =
        {"Issue the certificate anew with RSA of 2048 bits or more, or with P-256, signed with "
         "SHA-256.",
         "ออกใบรับรองใหม่ด้วย RSA ตั้งแต่ 2048 บิตขึ้นไปหรือ P-256 และลงนามด้วย SHA-256"},
    .rfc = FINDING_LIST("RFC 9325 section 4.5", "RFC 9155"),
    .cwe = FINDING_LIST("CWE-326", "CWE-328"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule tls_007 = {
    .id = "TLS-007",
    .severity = SEVERITY_HIGH, /* medium between servers, which encrypt to whom they can */
    .title = {"Client accepted a bad certificate", "ไคลเอนต์ยอมรับใบรับรองที่ไม่ถูกต้อง"},
    .explanation =
        {"The client saw a certificate that it should have refused (the rules named here say why), "
         "sent no alert and went on with data. An attacker on the way could do the same and read "
         "everything, passwords included.",
         "ไคลเอนต์ได้รับใบรับรองที่ควรปฏิเสธ (ดูสาเหตุจากกฎที่ระบุไว้) แต่ไม่ส่งการแจ้งเตือนและส่งข้อมูลต่อ "
         "ผู้โจมตีระหว่างทางทำเช่นเดียวกันแล้วอ่านทุกอย่างได้ รวมทั้งรหัสผ่าน"},
    .remediation =
        {"Turn certificate checks on in the client and remove exceptions that were granted by "
         "hand; then repair the certificate.",
         "เปิดการตรวจสอบใบรับรองในไคลเอนต์และลบข้อยกเว้นที่อนุญาตไว้ด้วยมือ แล้วแก้ใบรับรองให้ถูกต้อง"},
    .rfc = FINDING_LIST("RFC 7817 section 3", "RFC 8314 section 5.3", "RFC 7435 section 3"),
    .cwe = FINDING_LIST("CWE-295"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule pol_001 = {
    .id = "POL-001",
    .severity = SEVERITY_LOW,
    .title = {"Mail domain demands no TLS (no MTA-STS or no DANE)",
              "โดเมนเมลไม่กำหนดให้ใช้ TLS (ไม่มี MTA-STS หรือไม่มี DANE)"},
    .explanation =
        {"A sending server asked DNS for this policy and was told that there is none. Without one, "
         "an attacker on the way can keep servers from using TLS, and nobody notices.",
         "เซิร์ฟเวอร์ผู้ส่งถาม DNS หานโยบายนี้แล้วได้คำตอบว่าไม่มี เมื่อไม่มีนโยบาย "
         "ผู้โจมตีระหว่างทางกีดกันไม่ให้เซิร์ฟเวอร์ใช้ TLS ได้โดยไม่มีใครรู้"},
    .remediation =
        {"Publish an MTA-STS policy (_mta-sts TXT and its file over HTTPS), or sign the zone and "
         "publish TLSA records for port 25; ask for TLS reports.",
         "ประกาศนโยบาย MTA-STS (TXT ของ _mta-sts และไฟล์ทาง HTTPS) หรือลงนามโซนด้วย DNSSEC แล้วประกาศ "
         "TLSA "
         "ของพอร์ต 25 และขอรับรายงาน TLS"},
    .rfc = FINDING_LIST("RFC 8461 section 3.1", "RFC 7672 section 2.2", "RFC 8460 section 3"),
    .cwe = FINDING_LIST("CWE-757"),
    .attack = FINDING_LIST("T1557"),
};

const struct finding_rule *const finding_rules_tls[] = {
    &tls_001, &tls_002, &tls_003, &tls_004, &tls_005, &tls_006, &tls_007, &pol_001, NULL};
