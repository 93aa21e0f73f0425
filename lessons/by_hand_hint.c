/* SPDX-License-Identifier: GPL-3.0-or-later */
/* by_hand_hint.c -- for who plays the server: what the client just said and what it waits for.
 *
 *     port ─> protocol ─> the client's last line ─> its row ─> a sentence in two languages
 *
 * The rows name replies that a real server would give (RFC 5321, 1939, 3501); a wrong one may be
 * typed as well, to see what the client makes of it. */
#include <string.h>

#include "capture/wire/lang.h"
#include "lessons/by_hand.h"
#include "sim/mail/reply.h"

struct hint {
  const char *verb; /* the client's first word (behind the tag in IMAP); "" = it has said nothing */
  struct lang_pair text;
};

static const struct hint smtp_hints[] = {
    {"",
     {"The client waits for the greeting: 220 NAME ready",
      "ไคลเอนต์รอคำทักทาย: 220 ชื่อเซิร์ฟเวอร์ ready"}},
    {"EHLO",
     {"EHLO: it waits for 250-NAME, a 250- line for each extension, and 250 before the last one",
      "EHLO: รอ 250-ชื่อเซิร์ฟเวอร์ ตามด้วย 250- สำหรับส่วนขยายแต่ละอย่าง และ 250 (เว้นวรรค) ในบรรทัดสุดท้าย"}},
    {"HELO", {"HELO: it waits for 250 NAME", "HELO: รอ 250 ชื่อเซิร์ฟเวอร์"}},
    {"STARTTLS",
     {"STARTTLS: 220 go ahead, then .tls for the handshake; 454 when there is no TLS",
      "STARTTLS: ตอบ 220 go ahead แล้วสั่ง .tls เพื่อทำแฮนด์เชค ถ้าไม่มี TLS ตอบ 454"}},
    {"AUTH",
     {"AUTH: 334 asks for more (base64), 235 accepts, 535 5.7.8 refuses",
      "AUTH: 334 ขอข้อมูลเพิ่ม (base64) 235 ยอมรับ 535 5.7.8 ปฏิเสธ"}},
    {"MAIL",
     {"MAIL FROM: 250 accepts the sender, 4xx later, 5xx never",
      "MAIL FROM: 250 รับผู้ส่งนี้ 4xx ให้ลองใหม่ 5xx ไม่รับ"}},
    {"RCPT",
     {"RCPT TO: 250 accepts the recipient, 450 later, 550 5.1.1 no such mailbox",
      "RCPT TO: 250 รับผู้รับนี้ 450 ให้ลองใหม่ 550 5.1.1 ไม่มีกล่องจดหมายนี้"}},
    {"DATA",
     {"DATA: 354 lets it send the message; anything else refuses",
      "DATA: 354 ให้ส่งเนื้อจดหมายได้ คำตอบอื่นคือไม่รับ"}},
    {"BDAT", {"BDAT: 250 behind each chunk", "BDAT: ตอบ 250 หลังทุกก้อนข้อมูล"}},
    {".",
     {"The message ends here: 250 takes over the responsibility for it, 451 or 554 does not",
      "จดหมายจบที่นี่: 250 คือรับผิดชอบจดหมายนี้แล้ว 451 หรือ 554 คือไม่รับ"}},
    {"RSET", {"RSET: 250", "RSET: ตอบ 250"}},
    {"NOOP", {"NOOP: 250", "NOOP: ตอบ 250"}},
    {"QUIT", {"QUIT: 221, then .close", "QUIT: ตอบ 221 แล้วสั่ง .close"}},
};

static const struct hint pop_hints[] = {
    {"", {"The client waits for the greeting: +OK ready", "ไคลเอนต์รอคำทักทาย: +OK ready"}},
    {"CAPA",
     {"CAPA: +OK, a line for each ability (USER, UIDL, TOP …), and a line with one dot; -ERR when "
      "not known",
      "CAPA: +OK แล้วบรรทัดละหนึ่งความสามารถ (USER, UIDL, TOP …) ปิดด้วยบรรทัดจุดเดียว ถ้าไม่รู้จักตอบ -ERR"}},
    {"USER", {"USER: +OK, then it sends PASS", "USER: ตอบ +OK แล้วไคลเอนต์จะส่ง PASS"}},
    {"PASS", {"PASS: +OK opens the maildrop, -ERR refuses", "PASS: +OK เปิดกล่องจดหมาย -ERR ปฏิเสธ"}},
    {"APOP", {"APOP: +OK or -ERR", "APOP: +OK หรือ -ERR"}},
    {"STLS", {"STLS: +OK, then .tls for the handshake", "STLS: ตอบ +OK แล้วสั่ง .tls เพื่อทำแฮนด์เชค"}},
    {"STAT", {"STAT: +OK NUMBER OCTETS", "STAT: +OK จำนวนฉบับ จำนวนออกเตต"}},
    {"LIST",
     {"LIST: +OK, a line NUMBER OCTETS for each message, and a line with one dot",
      "LIST: +OK แล้วบรรทัดละ หมายเลข ออกเตต ของแต่ละฉบับ ปิดด้วยบรรทัดจุดเดียว"}},
    {"UIDL",
     {"UIDL: +OK, a line NUMBER ID for each message, and a line with one dot",
      "UIDL: +OK แล้วบรรทัดละ หมายเลข รหัส ของแต่ละฉบับ ปิดด้วยบรรทัดจุดเดียว"}},
    {"RETR",
     {"RETR: +OK, the message line by line, and a line with one dot",
      "RETR: +OK แล้วเนื้อจดหมายทีละบรรทัด ปิดด้วยบรรทัดจุดเดียว"}},
    {"TOP",
     {"TOP: +OK, the header, an empty line, some lines, and a line with one dot",
      "TOP: +OK ส่วนหัว บรรทัดว่าง เนื้อบางบรรทัด ปิดด้วยบรรทัดจุดเดียว"}},
    {"DELE", {"DELE: +OK marks it, -ERR does not", "DELE: +OK ทำเครื่องหมายลบ -ERR ไม่ลบ"}},
    {"QUIT", {"QUIT: +OK, then .close", "QUIT: ตอบ +OK แล้วสั่ง .close"}},
};

/* TAG stands for the client's tag. */
static const struct hint imap_hints[] = {
    {"",
     {"The client waits for the greeting: * OK ready (or * PREAUTH, * BYE)",
      "ไคลเอนต์รอคำทักทาย: * OK ready (หรือ * PREAUTH, * BYE)"}},
    {"CAPABILITY",
     {"CAPABILITY: * CAPABILITY IMAP4rev1 …, then TAG OK done",
      "CAPABILITY: * CAPABILITY IMAP4rev1 … แล้ว TAG OK done"}},
    {"STARTTLS",
     {"STARTTLS: TAG OK begin, then .tls for the handshake",
      "STARTTLS: ตอบ TAG OK begin แล้วสั่ง .tls เพื่อทำแฮนด์เชค"}},
    {"LOGIN",
     {"LOGIN: TAG OK logged in, or TAG NO wrong password",
      "LOGIN: TAG OK logged in หรือ TAG NO wrong password"}},
    {"AUTHENTICATE",
     {"AUTHENTICATE: + asks for more (base64), TAG OK accepts, TAG NO refuses",
      "AUTHENTICATE: + ขอข้อมูลเพิ่ม (base64) TAG OK ยอมรับ TAG NO ปฏิเสธ"}},
    {"SELECT",
     {"SELECT: * FLAGS (…), * N EXISTS, * 0 RECENT, * OK [UIDVALIDITY n], then TAG OK [READ-WRITE] "
      "done",
      "SELECT: * FLAGS (…), * N EXISTS, * 0 RECENT, * OK [UIDVALIDITY n] แล้ว TAG OK [READ-WRITE] "
      "done"}},
    {"LIST",
     {"LIST: * LIST () \"/\" INBOX, then TAG OK done",
      "LIST: * LIST () \"/\" INBOX แล้ว TAG OK done"}},
    {"FETCH",
     {"FETCH: * N FETCH (…) for each message, then TAG OK done",
      "FETCH: * N FETCH (…) ของแต่ละฉบับ แล้ว TAG OK done"}},
    {"SEARCH",
     {"SEARCH: * SEARCH numbers, then TAG OK done",
      "SEARCH: * SEARCH ตามด้วยหมายเลข แล้ว TAG OK done"}},
    {"UID",
     {"UID: as the command behind it, with UIDs; then TAG OK done",
      "UID: ตอบเหมือนคำสั่งที่ตามมา แต่ใช้ UID แล้ว TAG OK done"}},
    {"IDLE",
     {"IDLE: + idling; news as they come; DONE ends it",
      "IDLE: ตอบ + idling แจ้งข่าวเมื่อมี จบด้วย DONE"}},
    {"LOGOUT",
     {"LOGOUT: * BYE, TAG OK done, then .close", "LOGOUT: * BYE, TAG OK done แล้วสั่ง .close"}},
};

static const struct {
  const struct hint *hints;
  size_t n;
  struct lang_pair other;
} protocols[REPLY_N_PROTOCOLS] = {
    [REPLY_SMTP] =
        {smtp_hints,
         G_N_ELEMENTS(smtp_hints),
         {"The client waits for a reply of three digits: 2xx done, 3xx go on, 4xx later, 5xx no",
          "ไคลเอนต์รอคำตอบสามหลัก: 2xx สำเร็จ 3xx ส่งต่อได้ 4xx ลองใหม่ 5xx ไม่รับ"}},
    [REPLY_POP3] = {pop_hints,
                    G_N_ELEMENTS(pop_hints),
                    {"The client waits for +OK or -ERR", "ไคลเอนต์รอ +OK หรือ -ERR"}},
    [REPLY_IMAP] = {imap_hints,
                    G_N_ELEMENTS(imap_hints),
                    {"The client waits for TAG OK, TAG NO or TAG BAD",
                     "ไคลเอนต์รอ TAG OK, TAG NO หรือ TAG BAD"}},
};

static const struct hint *
find_hint(enum reply_protocol protocol, const char *word)
{
  for (size_t i = 0; i < protocols[protocol].n; i++)
    if (g_ascii_strcasecmp(protocols[protocol].hints[i].verb, word) == 0)
      return &protocols[protocol].hints[i];
  return NULL;
}

static char *
put_tag(const char *text, const char *tag)
{
  g_auto(GStrv) parts = g_strsplit(text, "TAG", -1);
  return g_strjoinv(tag, parts);
}

/* The last line of one side at or before a time. */
static const char *
last_of(const struct by_hand *h, enum by_hand_kind kind, int64_t time_ns)
{
  const char *text = "";
  for (unsigned i = 0; i < by_hand_n_lines(h); i++) {
    struct by_hand_line line = by_hand_line(h, i);
    if (line.kind == kind && line.time_ns <= time_ns)
      text = line.text;
  }
  return text;
}

char *
by_hand_hint(const struct by_hand *h, int64_t time_ns)
{
  enum reply_protocol protocol = reply_protocol_of_port(by_hand_port(h));
  const char *state = by_hand_state(h, time_ns);
  if (!by_hand_is_server(h) || protocols[protocol].n == 0 || g_strcmp0(state, "open") != 0)
    return NULL;
  const char *said = last_of(h, BY_HAND_HEARD, time_ns);
  const char *mine = last_of(h, BY_HAND_SAID, time_ns);
  if (protocol == REPLY_SMTP && g_str_has_prefix(mine, "334"))
    said = "AUTH"; /* its answer to a challenge: base64 that begins with no verb */
  g_auto(GStrv) words = g_strsplit(said, " ", 3);
  bool has_tag = protocol == REPLY_IMAP && words[0] && words[1];
  const char *word = !words[0] ? "" : has_tag ? words[1] : words[0];
  const struct hint *hint = find_hint(protocol, word);
  const char *text = lang_pick(hint ? hint->text : protocols[protocol].other);
  return put_tag(text, has_tag ? words[0] : "TAG");
}
