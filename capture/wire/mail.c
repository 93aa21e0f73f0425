/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail.c -- words, reply codes, lines and base64 of the three mail protocols.
 *
 * Endpoints write with these tools, first-pass parsers and decoders read with them, so that a verb,
 * a line end or a base64 character means one thing in the whole program. The tables of verbs and
 * states are in mail_tables.c. A line ends with LF; a CR before it belongs to the line end.
 *
 * RFC 5321 (SMTP), 1939 (POP3), 3501 and 9051 (IMAP), 4648 (base64). Not here: what the lines of a
 * protocol do to its state (capture/trace, sim/mail). */
#include "capture/wire/mail.h"

#include <string.h>

bool
text_equals(const uint8_t *p, size_t n, const char *literal)
{
  for (size_t i = 0; i < n; i++) {
    uint8_t want = (uint8_t)literal[i], other = p[i] ^ want;
    bool is_letter = (uint8_t)((want | 0x20) - 'a') < 26;
    if (want == 0 || (other && (other != 0x20 || !is_letter)))
      return false;
  }
  return literal[n] == 0;
}

/* The first four letters of each verb in one number, in lower case: every command of a capture is
 * looked up here, and the rows of mail_tables.c with their sentences lie far apart. test-words
 * holds both against each other. */
#define HEAD(a, b, c, d) ((uint32_t)(d) << 24 | (uint32_t)(c) << 16 | (uint32_t)(b) << 8 | (a))

static const uint32_t smtp_heads[SMTP_N_VERBS] = {
    [SMTP_HELO] = HEAD('h', 'e', 'l', 'o'), [SMTP_EHLO] = HEAD('e', 'h', 'l', 'o'),
    [SMTP_LHLO] = HEAD('l', 'h', 'l', 'o'), [SMTP_MAIL] = HEAD('m', 'a', 'i', 'l'),
    [SMTP_RCPT] = HEAD('r', 'c', 'p', 't'), [SMTP_DATA] = HEAD('d', 'a', 't', 'a'),
    [SMTP_BDAT] = HEAD('b', 'd', 'a', 't'), [SMTP_RSET] = HEAD('r', 's', 'e', 't'),
    [SMTP_NOOP] = HEAD('n', 'o', 'o', 'p'), [SMTP_QUIT] = HEAD('q', 'u', 'i', 't'),
    [SMTP_VRFY] = HEAD('v', 'r', 'f', 'y'), [SMTP_EXPN] = HEAD('e', 'x', 'p', 'n'),
    [SMTP_HELP] = HEAD('h', 'e', 'l', 'p'), [SMTP_STARTTLS] = HEAD('s', 't', 'a', 'r'),
    [SMTP_AUTH] = HEAD('a', 'u', 't', 'h'), [SMTP_ETRN] = HEAD('e', 't', 'r', 'n'),
};

static const uint32_t pop_heads[POP_N_VERBS] = {
    [POP_USER] = HEAD('u', 's', 'e', 'r'), [POP_PASS] = HEAD('p', 'a', 's', 's'),
    [POP_APOP] = HEAD('a', 'p', 'o', 'p'), [POP_AUTH] = HEAD('a', 'u', 't', 'h'),
    [POP_CAPA] = HEAD('c', 'a', 'p', 'a'), [POP_STLS] = HEAD('s', 't', 'l', 's'),
    [POP_STAT] = HEAD('s', 't', 'a', 't'), [POP_LIST] = HEAD('l', 'i', 's', 't'),
    [POP_RETR] = HEAD('r', 'e', 't', 'r'), [POP_DELE] = HEAD('d', 'e', 'l', 'e'),
    [POP_NOOP] = HEAD('n', 'o', 'o', 'p'), [POP_RSET] = HEAD('r', 's', 'e', 't'),
    [POP_TOP] = HEAD('t', 'o', 'p', 0),    [POP_UIDL] = HEAD('u', 'i', 'd', 'l'),
    [POP_QUIT] = HEAD('q', 'u', 'i', 't'), [POP_UTF8] = HEAD('u', 't', 'f', '8'),
    [POP_LANG] = HEAD('l', 'a', 'n', 'g'),
};

static const uint32_t imap_heads[IMAP_N_VERBS] = {
    [IMAP_CAPABILITY] = HEAD('c', 'a', 'p', 'a'),
    [IMAP_NOOP] = HEAD('n', 'o', 'o', 'p'),
    [IMAP_LOGOUT] = HEAD('l', 'o', 'g', 'o'),
    [IMAP_STARTTLS] = HEAD('s', 't', 'a', 'r'),
    [IMAP_AUTHENTICATE] = HEAD('a', 'u', 't', 'h'),
    [IMAP_LOGIN] = HEAD('l', 'o', 'g', 'i'),
    [IMAP_SELECT] = HEAD('s', 'e', 'l', 'e'),
    [IMAP_EXAMINE] = HEAD('e', 'x', 'a', 'm'),
    [IMAP_CREATE] = HEAD('c', 'r', 'e', 'a'),
    [IMAP_DELETE] = HEAD('d', 'e', 'l', 'e'),
    [IMAP_RENAME] = HEAD('r', 'e', 'n', 'a'),
    [IMAP_SUBSCRIBE] = HEAD('s', 'u', 'b', 's'),
    [IMAP_UNSUBSCRIBE] = HEAD('u', 'n', 's', 'u'),
    [IMAP_LIST] = HEAD('l', 'i', 's', 't'),
    [IMAP_LSUB] = HEAD('l', 's', 'u', 'b'),
    [IMAP_STATUS] = HEAD('s', 't', 'a', 't'),
    [IMAP_APPEND] = HEAD('a', 'p', 'p', 'e'),
    [IMAP_CHECK] = HEAD('c', 'h', 'e', 'c'),
    [IMAP_CLOSE] = HEAD('c', 'l', 'o', 's'),
    [IMAP_EXPUNGE] = HEAD('e', 'x', 'p', 'u'),
    [IMAP_SEARCH] = HEAD('s', 'e', 'a', 'r'),
    [IMAP_FETCH] = HEAD('f', 'e', 't', 'c'),
    [IMAP_STORE] = HEAD('s', 't', 'o', 'r'),
    [IMAP_COPY] = HEAD('c', 'o', 'p', 'y'),
    [IMAP_MOVE] = HEAD('m', 'o', 'v', 'e'),
    [IMAP_UID] = HEAD('u', 'i', 'd', 0),
    [IMAP_IDLE] = HEAD('i', 'd', 'l', 'e'),
    [IMAP_DONE] = HEAD('d', 'o', 'n', 'e'),
    [IMAP_NAMESPACE] = HEAD('n', 'a', 'm', 'e'),
    [IMAP_UNSELECT] = HEAD('u', 'n', 's', 'e'),
    [IMAP_ID] = HEAD('i', 'd', 0, 0),
    [IMAP_ENABLE] = HEAD('e', 'n', 'a', 'b'),
    [IMAP_GETQUOTA] = HEAD('g', 'e', 't', 'q'),
    [IMAP_GETQUOTAROOT] = HEAD('g', 'e', 't', 'q'),
    [IMAP_SETQUOTA] = HEAD('s', 'e', 't', 'q'),
    [IMAP_SORT] = HEAD('s', 'o', 'r', 't'),
    [IMAP_THREAD] = HEAD('t', 'h', 'r', 'e'),
    [IMAP_COMPRESS] = HEAD('c', 'o', 'm', 'p'),
};

/* The row of the word in text[0..n), 0 when there is none. */
static unsigned
verb_find(const struct mail_verb *verbs, const uint32_t *heads, unsigned n_verbs, const char *text,
          size_t n)
{
  const uint8_t *p = (const uint8_t *)text;
  if (n < 2)
    return 0;
  uint32_t word = n >= 4 ? get_le32(p) : n == 3 ? get_le16(p) | (uint32_t)p[2] << 16 : get_le16(p);
  uint32_t head = (uint32_t)ascii_fold8(word);
  for (unsigned i = 1; i < n_verbs; i++) {
    if (heads[i] != head)
      continue;
    const char *name = verbs[i].name;
    if (strnlen(name, 4) != (n < 4 ? n : 4)) /* a word with NUL in it: “UID” is no prefix of that */
      continue;
    if (n <= 4 ? !name[n] : text_equals(p + 4, n - 4, name + 4))
      return i;
  }
  return 0;
}

enum smtp_verb
smtp_verb_find(const char *text, size_t n)
{
  return (enum smtp_verb)verb_find(smtp_verbs, smtp_heads, SMTP_N_VERBS, text, n);
}

enum pop_verb
pop_verb_find(const char *text, size_t n)
{
  return (enum pop_verb)verb_find(pop_verbs, pop_heads, POP_N_VERBS, text, n);
}

enum imap_verb
imap_verb_find(const char *text, size_t n)
{
  return (enum imap_verb)verb_find(imap_verbs, imap_heads, IMAP_N_VERBS, text, n);
}

/* RFC 5321 section 4.2.3, RFC 4954 section 6, RFC 3207 section 4, RFC 3030, RFC 7504. The rows
 * below 100 speak for all codes that begin with that digit (RFC 5321 section 4.2.1). */
static const struct {
  unsigned code;
  struct lang_pair meaning;
} smtp_codes[] = {
    {211, {"System status or help.", "สถานะของระบบหรือข้อความช่วยเหลือ"}},
    {214, {"Help text for a human reader.", "ข้อความช่วยเหลือสำหรับให้คนอ่าน"}},
    {220,
     {"The server is ready: its greeting, or its consent to start TLS.",
      "เซิร์ฟเวอร์พร้อมแล้ว: เป็นคำทักทาย หรือเป็นการยอมให้เริ่ม TLS"}},
    {221, {"The server closes the connection.", "เซิร์ฟเวอร์กำลังปิดการเชื่อมต่อ"}},
    {235, {"Authentication succeeded.", "ยืนยันตัวตนสำเร็จ"}},
    {250, {"Done: the command was carried out.", "เรียบร้อย: ทำตามคำสั่งแล้ว"}},
    {251,
     {"The user is elsewhere; the server will forward.", "ผู้ใช้ไม่ได้อยู่ที่เครื่องนี้ แต่เซิร์ฟเวอร์จะส่งต่อให้"}},
    {252,
     {"The server does not say whether the user exists, but will try to deliver.",
      "เซิร์ฟเวอร์ไม่ยืนยันว่ามีผู้ใช้นี้หรือไม่ แต่จะพยายามนำส่ง"}},
    {334,
     {"The server waits for the next line of the authentication exchange.",
      "เซิร์ฟเวอร์รอบรรทัดถัดไปของการยืนยันตัวตน"}},
    {354,
     {"The server waits for the message, which ends with a line of one dot.",
      "เซิร์ฟเวอร์รอเนื้อหาจดหมาย ซึ่งจบด้วยบรรทัดที่มีจุดเดียว"}},
    {421,
     {"The service is not available; the server closes the connection.",
      "บริการไม่พร้อมใช้งาน เซิร์ฟเวอร์จะปิดการเชื่อมต่อ"}},
    {432,
     {"The password must first be changed to use this mechanism.",
      "ต้องเปลี่ยนรหัสผ่านก่อนจึงจะใช้กลไกนี้ได้"}},
    {450,
     {"The mailbox is busy or the server defers: try again later.",
      "กล่องจดหมายไม่ว่างหรือเซิร์ฟเวอร์ขอเลื่อน: ให้ลองใหม่ภายหลัง"}},
    {451,
     {"A local error stopped the command: try again later.",
      "เกิดข้อผิดพลาดภายในเซิร์ฟเวอร์: ให้ลองใหม่ภายหลัง"}},
    {452,
     {"Too little storage or too many recipients: try again later.",
      "พื้นที่เก็บไม่พอหรือผู้รับมากเกินไป: ให้ลองใหม่ภายหลัง"}},
    {454,
     {"TLS or authentication is not available for the moment.", "ขณะนี้ยังใช้ TLS หรือการยืนยันตัวตนไม่ได้"}},
    {455, {"The parameters cannot be met for the moment.", "ขณะนี้ยังรับพารามิเตอร์เหล่านี้ไม่ได้"}},
    {500, {"The command was not recognised.", "ไม่รู้จักคำสั่งนี้"}},
    {501, {"The parameters of the command are wrong.", "พารามิเตอร์ของคำสั่งไม่ถูกต้อง"}},
    {502, {"The server does not implement this command.", "เซิร์ฟเวอร์ไม่รองรับคำสั่งนี้"}},
    {503, {"The command came in the wrong order.", "คำสั่งมาผิดลำดับ"}},
    {504,
     {"The server does not implement this parameter or mechanism.",
      "เซิร์ฟเวอร์ไม่รองรับพารามิเตอร์หรือกลไกนี้"}},
    {521, {"This host never accepts mail.", "เครื่องนี้ไม่รับจดหมายเลย"}},
    {523, {"Encryption is required for this mechanism.", "กลไกนี้ต้องใช้ร่วมกับการเข้ารหัสลับ"}},
    {530,
     {"The server wants authentication (or TLS) first.",
      "เซิร์ฟเวอร์ต้องการให้ยืนยันตัวตน (หรือเริ่ม TLS) ก่อน"}},
    {534, {"The mechanism is too weak for this user.", "กลไกยืนยันตัวตนนี้อ่อนเกินไปสำหรับผู้ใช้รายนี้"}},
    {535,
     {"Authentication failed: the credentials are wrong.", "ยืนยันตัวตนไม่สำเร็จ: ข้อมูลเข้าระบบไม่ถูกต้อง"}},
    {538,
     {"The server allows this mechanism only under encryption.",
      "เซิร์ฟเวอร์ยอมให้ใช้กลไกนี้เฉพาะเมื่อเข้ารหัสลับแล้ว"}},
    {550,
     {"Refused for good: no such mailbox, or policy.", "ปฏิเสธถาวร: ไม่มีกล่องจดหมายนี้ หรือขัดต่อนโยบาย"}},
    {551,
     {"The user is elsewhere; the server does not forward.",
      "ผู้ใช้ไม่ได้อยู่ที่เครื่องนี้ และเซิร์ฟเวอร์จะไม่ส่งต่อให้"}},
    {552, {"More storage than allowed would be needed.", "เกินพื้นที่เก็บที่อนุญาต"}},
    {553, {"The mailbox name is not allowed.", "ชื่อกล่องจดหมายนี้ใช้ไม่ได้"}},
    {554, {"The transaction failed, or no SMTP service here.", "ธุรกรรมล้มเหลว หรือไม่มีบริการ SMTP ที่นี่"}},
    {555,
     {"The parameters of MAIL or RCPT are not implemented.",
      "เซิร์ฟเวอร์ไม่รองรับพารามิเตอร์ของ MAIL หรือ RCPT"}},
    {556, {"The domain of the recipient accepts no mail.", "โดเมนของผู้รับไม่รับจดหมาย"}},
    {2, {"Success.", "สำเร็จ"}},
    {3, {"Accepted so far; the server waits for more.", "รับไว้แล้วและกำลังรอข้อมูลเพิ่ม"}},
    {4, {"A passing failure: try again later.", "ล้มเหลวชั่วคราว: ให้ลองใหม่ภายหลัง"}},
    {5, {"A lasting failure: do not repeat unchanged.", "ล้มเหลวถาวร: ไม่ควรส่งซ้ำแบบเดิม"}},
    {0, {"A code outside the ranges of RFC 5321.", "รหัสนอกช่วงที่ RFC 5321 กำหนด"}},
};

struct lang_pair
smtp_code_meaning(unsigned code)
{
  unsigned row = 0;
  while (smtp_codes[row].code != code && smtp_codes[row].code >= 100)
    row++;
  if (smtp_codes[row].code == code)
    return smtp_codes[row].meaning;
  while (smtp_codes[row].code != code / 100 && smtp_codes[row].code != 0)
    row++;
  return smtp_codes[row].meaning;
}

static bool
is_digit(uint8_t c)
{
  return c >= '0' && c <= '9';
}

size_t
line_find(const uint8_t *p, size_t n)
{
  const uint8_t *lf = n ? memchr(p, '\n', n) : NULL;
  return lf ? (size_t)(lf - p) + 1 : 0;
}

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int
base64_value(uint8_t c)
{
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (is_digit(c))
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool
base64_decode(const char *in, size_t n, uint8_t *out, size_t *n_out)
{
  uint32_t bits = 0;
  unsigned n_bits = 0;
  size_t o = 0, i = 0;
  for (; i < n && in[i] != '='; i++) {
    int v = base64_value((uint8_t)in[i]);
    if (v < 0)
      break;
    bits = (bits << 6 | (uint32_t)v) & 0xffffff;
    n_bits += 6;
    if (n_bits >= 8) {
      n_bits -= 8;
      out[o++] = (uint8_t)(bits >> n_bits);
    }
  }
  size_t n_data = i;
  while (i < n && in[i] == '=' && i - n_data < 2)
    i++;
  *n_out = o;
  /* a single character in the last group carries no whole octet */
  return i == n && n_data % 4 != 1;
}

size_t
base64_encode(const uint8_t *in, size_t n, char *out)
{
  size_t o = 0;
  for (size_t i = 0; i < n; i += 3) {
    size_t left = n - i;
    uint32_t v = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                 (left > 2 ? in[i + 2] : 0);
    out[o++] = base64_alphabet[v >> 18];
    out[o++] = base64_alphabet[v >> 12 & 63];
    out[o++] = left > 1 ? base64_alphabet[v >> 6 & 63] : '=';
    out[o++] = left > 2 ? base64_alphabet[v & 63] : '=';
  }
  out[o] = 0;
  return o;
}
