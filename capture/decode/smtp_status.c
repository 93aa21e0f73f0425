/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_status.c -- what the three numbers of an enhanced status code mean.
 *
 *     5 . 1 . 1     class . subject . detail; the detail counts within its subject
 *
 * RFC 3463 and the registry that RFC 5248 opened, with the codes of RFC 4468, 4954, 5321, 6710,
 * 7293, 7372, 7505, 8616 and 8689. */
#include "capture/decode/smtp.h"

static const struct lang_pair classes[] = {
    [2] = {"Success", "สำเร็จ"},
    [4] = {"Persistent transient failure", "ไม่สำเร็จชั่วคราว"},
    [5] = {"Permanent failure", "ไม่สำเร็จถาวร"},
};

static const struct lang_pair subjects[] = {
    {"Other or undefined", "อื่น ๆ หรือไม่ได้กำหนด"},
    {"Addressing", "ที่อยู่"},
    {"Mailbox", "กล่องจดหมาย"},
    {"Mail system", "ระบบจดหมาย"},
    {"Network and routing", "เครือข่ายและเส้นทาง"},
    {"Mail delivery protocol", "โปรโตคอลส่งจดหมาย"},
    {"Message content or media", "เนื้อหาหรือสื่อของจดหมาย"},
    {"Security or policy", "ความปลอดภัยหรือนโยบาย"},
};

struct detail {
  uint8_t subject, detail;
  struct lang_pair meaning;
};

static const struct detail details[] = {
    {0, 0, {"Other undefined status", "สถานะอื่นที่ไม่ได้กำหนด"}},
    {1, 0, {"Other address status", "สถานะอื่นของที่อยู่"}},
    {1, 1, {"Bad destination mailbox address", "ไม่มีกล่องจดหมายปลายทางนี้"}},
    {1, 2, {"Bad destination system address", "ไม่มีระบบปลายทางนี้"}},
    {1, 3, {"Bad destination mailbox address syntax", "ที่อยู่ปลายทางผิดไวยากรณ์"}},
    {1, 4, {"Destination mailbox address ambiguous", "ที่อยู่ปลายทางกำกวม"}},
    {1, 5, {"Destination address valid", "ที่อยู่ปลายทางใช้ได้"}},
    {1,
     6,
     {"Destination mailbox has moved, no forwarding address", "กล่องปลายทางย้ายแล้วและไม่มีที่อยู่ใหม่"}},
    {1, 7, {"Bad sender's mailbox address syntax", "ที่อยู่ผู้ส่งผิดไวยากรณ์"}},
    {1, 8, {"Bad sender's system address", "ไม่มีระบบของผู้ส่งนี้"}},
    {1, 9, {"Message relayed to non-compliant mailer", "ส่งต่อไปยังระบบที่ไม่รองรับ"}},
    {1, 10, {"Recipient address has null MX", "โดเมนผู้รับประกาศว่าไม่รับจดหมาย (null MX)"}},
    {2, 0, {"Other or undefined mailbox status", "สถานะอื่นของกล่องจดหมาย"}},
    {2, 1, {"Mailbox disabled, not accepting messages", "กล่องจดหมายถูกปิด ไม่รับจดหมาย"}},
    {2, 2, {"Mailbox full", "กล่องจดหมายเต็ม"}},
    {2, 3, {"Message length exceeds administrative limit", "จดหมายยาวเกินที่ผู้ดูแลกำหนด"}},
    {2, 4, {"Mailing list expansion problem", "ขยายรายชื่อผู้รับไม่ได้"}},
    {3, 0, {"Other or undefined mail system status", "สถานะอื่นของระบบจดหมาย"}},
    {3, 1, {"Mail system full", "ที่เก็บของระบบเต็ม"}},
    {3, 2, {"System not accepting network messages", "ระบบไม่รับจดหมายจากเครือข่ายในขณะนี้"}},
    {3, 3, {"System not capable of selected features", "ระบบทำตามคุณสมบัติที่เลือกไม่ได้"}},
    {3, 4, {"Message too big for system", "จดหมายใหญ่เกินกว่าที่ระบบรับได้"}},
    {3, 5, {"System incorrectly configured", "ระบบตั้งค่าไม่ถูกต้อง"}},
    {3, 6, {"Requested priority was changed", "ลำดับความสำคัญที่ขอถูกเปลี่ยน"}},
    {4, 0, {"Other or undefined network or routing status", "สถานะอื่นของเครือข่ายหรือเส้นทาง"}},
    {4, 1, {"No answer from host", "เครื่องปลายทางไม่ตอบ"}},
    {4, 2, {"Bad connection", "การเชื่อมต่อไม่ดี"}},
    {4, 3, {"Directory server failure", "เซิร์ฟเวอร์ชื่อทำงานไม่ได้"}},
    {4, 4, {"Unable to route", "หาเส้นทางไม่ได้"}},
    {4, 5, {"Mail system congestion", "ระบบจดหมายแออัด"}},
    {4, 6, {"Routing loop detected", "พบเส้นทางวนเป็นวง"}},
    {4, 7, {"Delivery time expired", "หมดเวลานำส่ง"}},
    {5, 0, {"Other or undefined protocol status", "สถานะอื่นของโปรโตคอล"}},
    {5, 1, {"Invalid command", "คำสั่งใช้ไม่ได้ตรงนี้"}},
    {5, 2, {"Syntax error", "ผิดไวยากรณ์"}},
    {5, 3, {"Too many recipients", "ผู้รับมากเกินไป"}},
    {5, 4, {"Invalid command arguments", "พารามิเตอร์ของคำสั่งใช้ไม่ได้"}},
    {5, 5, {"Wrong protocol version", "รุ่นของโปรโตคอลไม่ตรงกัน"}},
    {5, 6, {"Authentication exchange line is too long", "บรรทัดของการยืนยันตัวตนยาวเกินไป"}},
    {6, 0, {"Other or undefined media error", "ข้อผิดพลาดอื่นของสื่อ"}},
    {6, 1, {"Media not supported", "ไม่รองรับสื่อชนิดนี้"}},
    {6, 2, {"Conversion required and prohibited", "ต้องแปลงแต่ไม่อนุญาตให้แปลง"}},
    {6, 3, {"Conversion required but not supported", "ต้องแปลงแต่แปลงไม่ได้"}},
    {6, 4, {"Conversion with loss performed", "แปลงแล้วแต่ข้อมูลบางส่วนหายไป"}},
    {6, 5, {"Conversion failed", "แปลงไม่สำเร็จ"}},
    {6, 6, {"Message content not available", "ไม่มีเนื้อหาของจดหมาย"}},
    {6,
     7,
     {"Non-ASCII addresses not permitted for that sender or recipient", "ไม่อนุญาตที่อยู่ที่ไม่ใช่ ASCII"}},
    {6,
     8,
     {"UTF-8 string reply required, but not permitted by the client",
      "ต้องตอบเป็น UTF-8 แต่ไคลเอนต์ไม่รับ"}},
    {6, 9, {"UTF-8 header message cannot be transferred", "ส่งต่อจดหมายที่ส่วนหัวเป็น UTF-8 ไม่ได้"}},
    {7, 0, {"Other or undefined security status", "สถานะอื่นของความปลอดภัย"}},
    {7, 1, {"Delivery not authorized, message refused", "ไม่ได้รับอนุญาตให้ส่ง จดหมายถูกปฏิเสธ"}},
    {7, 2, {"Mailing list expansion prohibited", "ไม่อนุญาตให้ขยายรายชื่อผู้รับ"}},
    {7, 3, {"Security conversion required but not possible", "ต้องแปลงด้านความปลอดภัยแต่ทำไม่ได้"}},
    {7, 4, {"Security features not supported", "ไม่รองรับคุณสมบัติด้านความปลอดภัยนี้"}},
    {7, 5, {"Cryptographic failure", "การเข้ารหัสลับล้มเหลว"}},
    {7, 6, {"Cryptographic algorithm not supported", "ไม่รองรับอัลกอริทึมเข้ารหัสลับนี้"}},
    {7, 7, {"Message integrity failure", "จดหมายถูกแก้ไขระหว่างทาง"}},
    {7, 8, {"Authentication credentials invalid", "ชื่อผู้ใช้หรือรหัสผ่านไม่ถูกต้อง"}},
    {7, 9, {"Authentication mechanism is too weak", "กลไกยืนยันตัวตนอ่อนเกินไป"}},
    {7, 10, {"Encryption needed", "ต้องเข้ารหัสลับ"}},
    {7,
     11,
     {"Encryption required for requested authentication mechanism",
      "กลไกยืนยันตัวตนนี้ต้องใช้การเข้ารหัสลับ"}},
    {7, 12, {"A password transition is needed", "ต้องเปลี่ยนวิธีเก็บรหัสผ่านก่อน"}},
    {7, 13, {"User account disabled", "บัญชีผู้ใช้ถูกปิด"}},
    {7, 14, {"Trust relationship required", "ต้องมีความสัมพันธ์ที่เชื่อถือกันก่อน"}},
    {7, 15, {"Priority level is too low", "ลำดับความสำคัญต่ำเกินไป"}},
    {7, 16, {"Message is too big for the specified priority", "จดหมายใหญ่เกินไปสำหรับลำดับความสำคัญนี้"}},
    {7, 17, {"Mailbox owner has changed", "เจ้าของกล่องจดหมายเปลี่ยนแล้ว"}},
    {7, 18, {"Domain owner has changed", "เจ้าของโดเมนเปลี่ยนแล้ว"}},
    {7, 19, {"RRVS test cannot be completed", "ทดสอบ RRVS ไม่สำเร็จ"}},
    {7, 20, {"No passing DKIM signature found", "ไม่พบลายเซ็น DKIM ที่ผ่าน"}},
    {7, 21, {"No acceptable DKIM signature found", "ไม่พบลายเซ็น DKIM ที่ยอมรับได้"}},
    {7, 22, {"No valid author-matched DKIM signature found", "ไม่พบลายเซ็น DKIM ที่ตรงกับผู้เขียน"}},
    {7, 23, {"SPF validation failed", "ตรวจ SPF ไม่ผ่าน"}},
    {7, 24, {"SPF validation error", "ตรวจ SPF แล้วเกิดข้อผิดพลาด"}},
    {7, 25, {"Reverse DNS validation failed", "ตรวจ DNS ย้อนกลับไม่ผ่าน"}},
    {7, 26, {"Multiple authentication checks failed", "การตรวจตัวตนหลายอย่างไม่ผ่าน"}},
    {7, 27, {"Sender address has null MX", "โดเมนผู้ส่งประกาศว่าไม่รับจดหมาย (null MX)"}},
    {7, 28, {"Mail flood detected", "พบจดหมายจำนวนมากผิดปกติ"}},
    {7, 29, {"ARC validation failure", "ตรวจ ARC ไม่ผ่าน"}},
    {7, 30, {"REQUIRETLS support required", "เครื่องถัดไปต้องรองรับ REQUIRETLS"}},
};

const struct lang_pair *
smtp_status_class(uint64_t class_number)
{
  return class_number < G_N_ELEMENTS(classes) && classes[class_number].en ? &classes[class_number]
                                                                          : NULL;
}

const struct lang_pair *
smtp_status_subject(uint64_t subject)
{
  return subject < G_N_ELEMENTS(subjects) ? &subjects[subject] : NULL;
}

const struct lang_pair *
smtp_status_detail(uint64_t subject, uint64_t detail)
{
  for (size_t i = 0; i < G_N_ELEMENTS(details); i++)
    if (details[i].subject == subject && details[i].detail == detail)
      return &details[i].meaning;
  return NULL;
}
