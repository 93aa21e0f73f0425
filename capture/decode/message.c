/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message.c -- the letter itself: header fields of RFC 5322 and the parts of a MIME multipart.
 *
 *     From: alice@alice.test CRLF          a field, its name and value
 *     Subject: =?utf-8?B?4Liq...?= CRLF    an encoded word (RFC 2047), decoded beside it
 *      folded line CRLF                    belongs to the field above
 *     CRLF                                 the empty line ends the header
 *     --boundary CRLF Content-Type: ...    a part, with header fields of its own
 *
 * A message is decoded at the frame that ends it, from the stream, as Wireshark does. Its octets
 * are as they travelled: dots doubled by RFC 5321 4.5.2 stand as they are. Not here: nested
 * multiparts, bodies. */
#include "capture/decode/app.h"

#include <string.h>

enum {
  IMF,
  DATE,
  FROM,
  SENDER,
  REPLY_TO,
  TO,
  CC,
  BCC,
  MESSAGE_ID,
  IN_REPLY_TO,
  REFERENCES,
  SUBJECT,
  COMMENTS,
  KEYWORDS,
  USER_AGENT,
  RETURN_PATH,
  RECEIVED,
  DELIVERED_TO,
  MIME_VERSION,
  CONTENT_TYPE,
  CONTENT_ENCODING,
  CONTENT_DESCRIPTION,
  CONTENT_ID,
  CONTENT_LANGUAGE,
  MAILER,
  THREAD_INDEX,
  PRIORITY,
  IMPORTANCE,
  PRECEDENCE,
  EXTENSION,
  EXTENSION_TYPE,
  EXTENSION_VALUE,
  DECODED,
  TEXT,
  BAD_HEADER,
  HEADER_END,
  MULTIPART,
  MULTIPART_TYPE,
  BOUNDARY,
  PART,
  PART_TYPE,
  PART_ENCODING,
  PART_DISPOSITION,
  PART_DESCRIPTION,
  PART_ID,
  PART_BODY,
};

static const struct field_def defs[] = {
    [IMF] = {"imf",
             FIELD_PROTOCOL,
             {"Internet Message Format", "รูปแบบจดหมายอินเทอร์เน็ต"},
             {"The letter: a header for people and programs, an empty line, and the text.",
              "ตัวจดหมาย: ส่วนหัวสำหรับคนและโปรแกรม บรรทัดว่าง แล้วจึงเป็นเนื้อความ"},
             "RFC 5322 section 2.1"},
    [DATE] = {"imf.date",
              FIELD_TEXT,
              {"Date", "วันที่ (Date)"},
              {"The writer's program says it was written on %s.", "โปรแกรมของผู้เขียนบอกว่าเขียนเมื่อ %s"},
              "RFC 5322 section 3.6.1"},
    [FROM] = {"imf.from",
              FIELD_TEXT,
              {"From", "จาก (From)"},
              {"The letter says it comes from %s; nothing in SMTP proves that.",
               "จดหมายบอกว่ามาจาก %s ซึ่ง SMTP เองไม่ได้พิสูจน์"},
              "RFC 5322 section 3.6.2"},
    [SENDER] = {"imf.sender",
                FIELD_TEXT,
                {"Sender", "ผู้ส่งแทน (Sender)"},
                {"It was sent on behalf of the writer by %s.", "ผู้ส่งแทนผู้เขียนคือ %s"},
                "RFC 5322 section 3.6.2"},
    [REPLY_TO] = {"imf.reply_to",
                  FIELD_TEXT,
                  {"Reply-To", "ตอบกลับไปที่ (Reply-To)"},
                  {"Answers should go to %s.", "ขอให้ตอบกลับไปที่ %s"},
                  "RFC 5322 section 3.6.2"},
    [TO] = {"imf.to",
            FIELD_TEXT,
            {"To", "ถึง (To)"},
            {"The letter says it is for %s; who really gets it stands on the envelope (RCPT TO).",
             "จดหมายบอกว่าถึง %s แต่ผู้รับจริงอยู่บนซอง (RCPT TO)"},
            "RFC 5322 section 3.6.3"},
    [CC] = {"imf.cc",
            FIELD_TEXT,
            {"Cc", "สำเนาถึง (Cc)"},
            {"Copies go to %s.", "ส่งสำเนาถึง %s"},
            "RFC 5322 section 3.6.3"},
    [BCC] = {"imf.bcc",
             FIELD_TEXT,
             {"Bcc", "สำเนาลับถึง (Bcc)"},
             {"Blind copies go to %s; this line should not have been sent.",
              "ส่งสำเนาลับถึง %s บรรทัดนี้ไม่ควรถูกส่งออกมา"},
             "RFC 5322 section 3.6.3"},
    [MESSAGE_ID] = {"imf.message_id",
                    FIELD_TEXT,
                    {"Message-ID", "ชื่อเฉพาะ (Message-ID)"},
                    {"The name of this letter, unique in the world: %s.",
                     "ชื่อเฉพาะของจดหมายฉบับนี้ซึ่งไม่ซ้ำกับฉบับใดในโลก: %s"},
                    "RFC 5322 section 3.6.4"},
    [IN_REPLY_TO] = {"imf.in_reply_to",
                     FIELD_TEXT,
                     {"In-Reply-To", "ตอบจดหมาย (In-Reply-To)"},
                     {"This answers the letter %s.", "นี่คือคำตอบของจดหมาย %s"},
                     "RFC 5322 section 3.6.4"},
    [REFERENCES] = {"imf.references",
                    FIELD_TEXT,
                    {"References", "อ้างถึง (References)"},
                    {"The letters before this one in the conversation: %s.",
                     "จดหมายก่อนหน้าในการสนทนานี้: %s"},
                    "RFC 5322 section 3.6.4"},
    [SUBJECT] = {"imf.subject",
                 FIELD_TEXT,
                 {"Subject", "เรื่อง (Subject)"},
                 {"The letter is about %s.", "จดหมายมีเรื่องว่า %s"},
                 "RFC 5322 section 3.6.5"},
    [COMMENTS] = {"imf.comments",
                  FIELD_TEXT,
                  {"Comments", "หมายเหตุ (Comments)"},
                  {"A remark about the letter: %s.", "หมายเหตุเกี่ยวกับจดหมาย: %s"},
                  "RFC 5322 section 3.6.5"},
    [KEYWORDS] = {"imf.keywords",
                  FIELD_TEXT,
                  {"Keywords", "คำสำคัญ (Keywords)"},
                  {"Words to find the letter by: %s.", "คำสำหรับค้นหาจดหมาย: %s"},
                  "RFC 5322 section 3.6.5"},
    [USER_AGENT] = {"imf.user_agent",
                    FIELD_TEXT,
                    {"User-Agent", "โปรแกรมที่ใช้ (User-Agent)"},
                    {"The letter was written with %s.", "เขียนจดหมายด้วยโปรแกรม %s"},
                    "RFC 5322 section 3.6.8"},
    [RETURN_PATH] = {"imf.return_path",
                     FIELD_TEXT,
                     {"Return-Path", "ทางตีกลับ (Return-Path)"},
                     {"The last mail server noted the envelope's sender: %s.",
                      "เซิร์ฟเวอร์จดหมายเครื่องสุดท้ายจดผู้ส่งบนซองไว้: %s"},
                     "RFC 5321 section 4.4"},
    [RECEIVED] = {"imf.received",
                  FIELD_TEXT,
                  {"Received", "ตราประทับ (Received)"},
                  {"A postmark: one mail server notes from whom it took the letter: %s.",
                   "ตราประทับไปรษณีย์: เซิร์ฟเวอร์จดหมายจดไว้ว่ารับจดหมายมาจากใคร: %s"},
                  "RFC 5321 section 4.4"},
    [DELIVERED_TO] = {"imf.delivered_to",
                      FIELD_TEXT,
                      {"Delivered-To", "ส่งเข้ากล่องของ (Delivered-To)"},
                      {"It was put into the mailbox of %s.", "ใส่ลงในกล่องจดหมายของ %s"},
                      "RFC 9228 section 2"},
    [MIME_VERSION] = {"imf.mime_version",
                      FIELD_TEXT,
                      {"MIME-Version", "รุ่นของ MIME (MIME-Version)"},
                      {"The letter follows the rules of MIME, version %s.",
                       "จดหมายเป็นไปตามกฎของ MIME รุ่น %s"},
                      "RFC 2045 section 4"},
    [CONTENT_TYPE] = {"imf.content.type",
                      FIELD_TEXT,
                      {"Content-Type", "ชนิดเนื้อหา (Content-Type)"},
                      {"What the body is: %s.", "เนื้อความเป็นข้อมูลชนิด: %s"},
                      "RFC 2045 section 5"},
    [CONTENT_ENCODING] = {"imf.content.transfer_encoding",
                          FIELD_TEXT,
                          {"Content-Transfer-Encoding",
                           "วิธีเข้ารหัสเนื้อหา (Content-Transfer-Encoding)"},
                          {"How octets that mail may not carry were written as text: %s.",
                           "วิธีเขียนออกเตตที่ระบบจดหมายส่งไม่ได้ให้เป็นข้อความ: %s"},
                          "RFC 2045 section 6"},
    [CONTENT_DESCRIPTION] = {"imf.content.description",
                             FIELD_TEXT,
                             {"Content-Description", "คำอธิบายเนื้อหา (Content-Description)"},
                             {"What the body shows: %s.", "คำอธิบายเนื้อความ: %s"},
                             "RFC 2045 section 8"},
    [CONTENT_ID] = {"imf.content.id",
                    FIELD_TEXT,
                    {"Content-ID", "ชื่อเนื้อหา (Content-ID)"},
                    {"The name of this part: %s.", "ชื่อของส่วนนี้: %s"},
                    "RFC 2045 section 7"},
    [CONTENT_LANGUAGE] = {"imf.content_language",
                          FIELD_TEXT,
                          {"Content-Language", "ภาษาของเนื้อหา (Content-Language)"},
                          {"The text is in the language %s.", "เนื้อความเป็นภาษา %s"},
                          "RFC 3282 section 2"},
    [MAILER] = {"imf.ext.mailer",
                FIELD_TEXT,
                {"X-Mailer", "โปรแกรมที่ใช้ (X-Mailer)"},
                {"The letter was written with %s.", "เขียนจดหมายด้วยโปรแกรม %s"},
                "RFC 5322 section 3.6.8"},
    [THREAD_INDEX] = {"imf.thread-index",
                      FIELD_TEXT,
                      {"Thread-Index", "เครื่องหมายจัดกลุ่ม (Thread-Index)"},
                      {"A mark by which one program groups letters: %s.",
                       "เครื่องหมายที่โปรแกรมหนึ่งใช้จัดกลุ่มจดหมาย: %s"},
                      "RFC 5322 section 3.6.8"},
    [PRIORITY] = {"imf.priority",
                  FIELD_TEXT,
                  {"Priority", "ลำดับความสำคัญ (Priority)"},
                  {"The writer thinks it is %s.", "ผู้เขียนเห็นว่าจดหมายนี้ %s"},
                  "RFC 2156 section 5.3.6"},
    [IMPORTANCE] = {"imf.importance",
                    FIELD_TEXT,
                    {"Importance", "ความสำคัญ (Importance)"},
                    {"The writer thinks its importance is %s.", "ผู้เขียนให้ความสำคัญของจดหมายนี้เป็น %s"},
                    "RFC 2156 section 5.3.4"},
    [PRECEDENCE] = {"imf.precedence",
                    FIELD_TEXT,
                    {"Precedence", "ลำดับการจัดการ (Precedence)"},
                    {"Programs should treat it as %s.", "โปรแกรมควรถือว่าจดหมายนี้เป็น %s"},
                    "RFC 2076 section 3.9"},
    [EXTENSION] = {"imf.extension",
                   FIELD_TEXT,
                   {"Other header field", "ฟิลด์ส่วนหัวอื่น"},
                   {"A header field without a meaning fixed by the standard: %s.",
                    "ช่องส่วนหัวที่มาตรฐานไม่ได้กำหนดความหมายไว้: %s"},
                   "RFC 5322 section 3.6.8"},
    [EXTENSION_TYPE] = {"imf.extension.type",
                        FIELD_TEXT,
                        {"Type", "ชื่อฟิลด์"},
                        {"Its name is %s.", "ชื่อของช่องนี้คือ %s"},
                        "RFC 5322 section 3.6.8"},
    [EXTENSION_VALUE] = {"imf.extension.value",
                         FIELD_TEXT,
                         {"Value", "ค่าของฟิลด์"},
                         {"It says %s.", "ค่าของช่องนี้คือ %s"},
                         "RFC 5322 section 3.6.8"},
    [DECODED] = {"enveloscope.imf.decoded",
                 FIELD_TEXT,
                 {"Decoded", "ถอดรหัสแล้ว"},
                 {"Header lines carry only ASCII, so other letters were encoded; they read %s.",
                  "บรรทัดส่วนหัวใช้ได้เฉพาะ ASCII อักษรอื่นจึงถูกเข้ารหัสไว้ อ่านได้ว่า %s"},
                 "RFC 2047 section 2"},
    [TEXT] = {"imf.message_text",
              FIELD_NONE,
              {"Message text", "เนื้อความ"},
              {"Behind the empty line stands the letter's text.", "หลังบรรทัดว่างคือเนื้อความของจดหมาย"},
              "RFC 5322 section 2.3"},
    [BAD_HEADER] = {"enveloscope.imf.bad",
                    FIELD_TEXT,
                    {"No header field", "ไม่ใช่ฟิลด์ส่วนหัว"},
                    {"This line stands in the header but has no name and colon: %s.",
                     "บรรทัดนี้อยู่ในส่วนหัวแต่ไม่มีชื่อและเครื่องหมายทวิภาค: %s"},
                    "RFC 5322 section 2.2"},
    [HEADER_END] = {"enveloscope.imf.header_end",
                    FIELD_NONE,
                    {"End of the header", "จบส่วนหัว"},
                    {"An empty line ends the header; what follows is the body.",
                     "บรรทัดว่างจบส่วนหัว สิ่งที่ตามมาคือเนื้อความ"},
                    "RFC 5322 section 2.1"},
    [MULTIPART] = {"mime_multipart",
                   FIELD_PROTOCOL,
                   {"MIME multipart", "MIME หลายส่วน"},
                   {"The body consists of several parts, such as a text and an attachment.",
                    "เนื้อความประกอบด้วยหลายส่วน เช่นข้อความและไฟล์แนบ"},
                   "RFC 2046 section 5.1"},
    [MULTIPART_TYPE] = {"mime_multipart.type",
                        FIELD_TEXT,
                        {"Type", "ชนิดของชุดส่วน"},
                        {"How the parts belong together: %s.", "ความสัมพันธ์ระหว่างส่วนต่าง ๆ: %s"},
                        "RFC 2046 section 5.1"},
    [BOUNDARY] = {"mime_multipart.boundary",
                  FIELD_TEXT,
                  {"Boundary", "เส้นคั่น"},
                  {"The line %s separates the parts.", "บรรทัด %s คั่นระหว่างส่วน"},
                  "RFC 2046 section 5.1"},
    [PART] = {"mime_multipart.part",
              FIELD_TEXT,
              {"Part", "ส่วน"},
              {"One part of the letter: %s.", "ส่วนหนึ่งของจดหมาย: %s"},
              "RFC 2046 section 5.1"},
    [PART_TYPE] = {"mime_multipart.header.content-type",
                   FIELD_TEXT,
                   {"Content-Type", "ชนิดเนื้อหา (Content-Type)"},
                   {"What this part is: %s.", "ส่วนนี้เป็นข้อมูลชนิด: %s"},
                   "RFC 2045 section 5"},
    [PART_ENCODING] = {"mime_multipart.header.content-transfer-encoding",
                       FIELD_TEXT,
                       {"Content-Transfer-Encoding", "วิธีเข้ารหัสเนื้อหา (Content-Transfer-Encoding)"},
                       {"How its octets were written as text: %s.",
                        "วิธีเขียนออกเตตของส่วนนี้ให้เป็นข้อความ: %s"},
                       "RFC 2045 section 6"},
    [PART_DISPOSITION] = {"mime_multipart.header.content-disposition",
                          FIELD_TEXT,
                          {"Content-Disposition", "การแสดงเนื้อหา (Content-Disposition)"},
                          {"Whether to show it or to offer it as a file: %s.",
                           "ให้แสดงเลยหรือเสนอเป็นไฟล์: %s"},
                          "RFC 2183 section 2"},
    [PART_DESCRIPTION] = {"mime_multipart.header.content-description",
                          FIELD_TEXT,
                          {"Content-Description", "คำอธิบายเนื้อหา (Content-Description)"},
                          {"What this part shows: %s.", "คำอธิบายของส่วนนี้: %s"},
                          "RFC 2045 section 8"},
    [PART_ID] = {"mime_multipart.header.content-id",
                 FIELD_TEXT,
                 {"Content-ID", "ชื่อเนื้อหา (Content-ID)"},
                 {"The name of this part: %s.", "ชื่อของส่วนนี้: %s"},
                 "RFC 2045 section 7"},
    [PART_BODY] = {"enveloscope.mime.body",
                   FIELD_NONE,
                   {"Contents of the part", "เนื้อหาของส่วนนี้"},
                   {"The contents, as they were written for the journey.",
                    "เนื้อหาของส่วนนี้ ในรูปที่เขียนไว้สำหรับส่ง"},
                   "RFC 2046 section 5.1"},
};
FIELD_TABLE(message_fields, defs);

enum {
  HEADER_FIELDS_MAX = 500, /* more lines than any real letter's header */
  PARTS_MAX = 100,
  RUNS_BACK_FRAMES = 65536, /* frames of one message: 64 Ki segments */
};

struct header_name {
  const char *name;
  uint8_t def;
};

static const struct header_name message_names[] = {
    {"date", DATE},
    {"from", FROM},
    {"sender", SENDER},
    {"reply-to", REPLY_TO},
    {"to", TO},
    {"cc", CC},
    {"bcc", BCC},
    {"message-id", MESSAGE_ID},
    {"in-reply-to", IN_REPLY_TO},
    {"references", REFERENCES},
    {"subject", SUBJECT},
    {"comments", COMMENTS},
    {"keywords", KEYWORDS},
    {"user-agent", USER_AGENT},
    {"return-path", RETURN_PATH},
    {"received", RECEIVED},
    {"delivered-to", DELIVERED_TO},
    {"mime-version", MIME_VERSION},
    {"content-type", CONTENT_TYPE},
    {"content-transfer-encoding", CONTENT_ENCODING},
    {"content-description", CONTENT_DESCRIPTION},
    {"content-id", CONTENT_ID},
    {"content-language", CONTENT_LANGUAGE},
    {"x-mailer", MAILER},
    {"thread-index", THREAD_INDEX},
    {"priority", PRIORITY},
    {"importance", IMPORTANCE},
    {"precedence", PRECEDENCE},
};

static const struct header_name part_names[] = {
    {"content-type", PART_TYPE},
    {"content-transfer-encoding", PART_ENCODING},
    {"content-disposition", PART_DISPOSITION},
    {"content-description", PART_DESCRIPTION},
    {"content-id", PART_ID},
};

/* ---- encoded words, RFC 2047 ---- */

/* Q encoding: "_" is a space, "=E4" an octet. Returns the octets. */
static size_t
q_decode(const char *in, size_t n, uint8_t *out)
{
  size_t k = 0;
  for (size_t i = 0; i < n; i++) {
    if (in[i] == '=' && i + 2 < n && g_ascii_isxdigit(in[i + 1]) && g_ascii_isxdigit(in[i + 2])) {
      out[k++] = (uint8_t)(g_ascii_xdigit_value(in[i + 1]) * 16 + g_ascii_xdigit_value(in[i + 2]));
      i += 2;
    } else {
      out[k++] = in[i] == '_' ? ' ' : (uint8_t)in[i];
    }
  }
  return k;
}

/* The encoded word at text[0..n): appended as UTF-8. Returns its octets, 0 when it is none. */
static size_t
encoded_word(const char *text, size_t n, GString *out)
{
  if (n < 8 || text[0] != '=' || text[1] != '?')
    return 0;
  const char *end = text + n, *charset = text + 2;
  const char *encoding = memchr(charset, '?', (size_t)(end - charset));
  if (!encoding || end - encoding < 4 || encoding[2] != '?')
    return 0;
  const char *data = encoding + 3;
  const char *close = g_strstr_len(data, end - data, "?=");
  if (!close)
    return 0;
  size_t data_octets = (size_t)(close - data), octets = 0;
  g_autofree uint8_t *raw = g_malloc(data_octets + 4);
  if (encoding[1] == 'B' || encoding[1] == 'b')
    base64_decode(data, data_octets, raw, &octets);
  else if (encoding[1] == 'Q' || encoding[1] == 'q')
    octets = q_decode(data, data_octets, raw);
  else
    return 0;
  g_autofree char *name = g_strndup(charset, (size_t)(encoding - charset));
  g_autofree char *utf8 =
      g_convert((const char *)raw, (gssize)octets, "UTF-8", name, NULL, NULL, NULL);
  if (!utf8)
    utf8 = g_utf8_make_valid((const char *)raw, (gssize)octets);
  g_string_append(out, utf8);
  return (size_t)(close + 2 - text);
}

/* The value with its encoded words read; NULL when it has none. */
static char *
decode_words(const char *text, size_t n)
{
  GString *out = g_string_new(NULL);
  bool any = false;
  size_t gap = 0; /* white space behind an encoded word: dropped when another one follows */
  for (size_t i = 0; i < n;) {
    size_t taken = text[i] == '=' ? encoded_word(text + i, n - i, out) : 0;
    if (taken) {
      if (gap)
        g_string_erase(out, (gssize)gap - 1, -1), taken = encoded_word(text + i, n - i, out);
      any = true;
      i += taken;
      gap = 0;
      size_t k = i;
      while (k < n && (text[k] == ' ' || text[k] == '\t'))
        k++;
      if (k > i && k < n && text[k] == '=') {
        gap = out->len + 1;
        g_string_append_len(out, text + i, (gssize)(k - i));
        i = k;
      }
    } else {
      g_string_append_c(out, text[i++]);
      gap = 0;
    }
  }
  if (any)
    return g_string_free(out, FALSE);
  g_string_free(out, TRUE);
  return NULL;
}

/* ---- header fields ---- */

/* The octets of one header field with its continuation lines. */
static uint32_t
field_octets(struct slice s)
{
  uint32_t at = 0;
  for (;;) {
    size_t n = line_find(s.p + at, s.n - at);
    if (n == 0)
      return s.n;
    at += (uint32_t)n;
    if (at >= s.n || (s.p[at] != ' ' && s.p[at] != '\t'))
      return at;
  }
}

/* The value without line ends: folding is undone as RFC 5322 2.2.3 says, the white space stays. */
static char *
unfold(struct slice s)
{
  GString *out = g_string_sized_new(s.n);
  for (uint32_t i = 0; i < s.n; i++)
    if (s.p[i] != '\r' && s.p[i] != '\n')
      g_string_append_c(out, (char)s.p[i]);
  return g_string_free(out, FALSE);
}

static struct slice
trim_left(struct slice s)
{
  while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
    s = slice_skip(s, 1);
  return s;
}

static const struct header_name *
header_find(const struct header_name *rows, size_t n, struct slice name)
{
  for (size_t i = 0; i < n; i++)
    if (text_is(name.p, name.n, rows[i].name))
      return &rows[i];
  return NULL;
}

/* One field of the header. The value of Content-Type goes to *content_type (g_free). */
static void
header_field_build(struct decode *d, struct slice s, bool of_part, char **content_type)
{
  const uint8_t *colon = memchr(s.p, ':', s.n);
  struct slice whole = slice_cut(s, (uint32_t)line_trim(s.p, s.n));
  if (!colon) {
    build_flag(d, build_text(d, &defs[BAD_HEADER], s, whole.p, whole.n), FIELD_FLAG_ODD);
    return;
  }
  struct slice name = slice_cut(s, (uint32_t)(colon - s.p));
  struct slice value = trim_left(slice_skip(whole, name.n + 1));
  g_autofree char *text = unfold(value);
  const struct header_name *row =
      of_part ? header_find(part_names, G_N_ELEMENTS(part_names), name)
              : header_find(message_names, G_N_ELEMENTS(message_names), name);
  unsigned field;
  if (row) {
    field = build_text(d, &defs[row->def], s, value.p, value.n);
    if ((row->def == CONTENT_TYPE || row->def == PART_TYPE) && !*content_type)
      *content_type = g_strdup(text);
    build_open(d, field);
  } else {
    field = build_text(d, &defs[EXTENSION], s, whole.p, whole.n);
    build_open(d, field);
    build_text(d, &defs[EXTENSION_TYPE], name, name.p, name.n);
    build_text(d, &defs[EXTENSION_VALUE], value, value.p, value.n);
  }
  g_autofree char *decoded = decode_words(text, strlen(text));
  if (decoded)
    build_generated(d, build_string(d, &defs[DECODED], value, decoded));
  build_close(d, field);
}

/* All fields up to the empty line; returns what is behind that. */
static struct slice
header_build(struct decode *d, struct slice s, bool of_part, char **content_type)
{
  for (unsigned i = 0; s.n && i < HEADER_FIELDS_MAX; i++) {
    uint32_t n = field_octets(s);
    struct slice field = slice_cut(s, n);
    s = slice_skip(s, n);
    if (line_trim(field.p, field.n) == 0) {
      build_none(d, &defs[HEADER_END], field);
      break;
    }
    header_field_build(d, field, of_part, content_type);
  }
  return s;
}

/* ---- multiparts ---- */

/* The boundary parameter of a multipart Content-Type, or NULL (g_free). */
static char *
find_boundary(const char *content_type)
{
  if (!content_type || g_ascii_strncasecmp(content_type, "multipart/", 10) != 0)
    return NULL;
  g_autofree char *lower = g_ascii_strdown(content_type, -1);
  const char *found = strstr(lower, "boundary");
  if (!found)
    return NULL;
  const char *p = content_type + (found - lower) + 8;
  while (*p == ' ' || *p == '\t')
    p++;
  if (*p++ != '=')
    return NULL;
  while (*p == ' ' || *p == '\t')
    p++;
  size_t n = *p == '"' ? strcspn(p + 1, "\"") : strcspn(p, "; \t");
  return n ? g_strndup(*p == '"' ? p + 1 : p, n) : NULL;
}

/* Whether a line is "--boundary" (1), "--boundary--" (2) or neither (0). */
static int
boundary_kind(struct slice line, const char *boundary, size_t n)
{
  while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
    line.n--;
  if (line.n < n + 2 || memcmp(line.p, "--", 2) != 0 || memcmp(line.p + 2, boundary, n) != 0)
    return 0;
  if (line.n == n + 2)
    return 1;
  return line.n == n + 4 && memcmp(line.p + n + 2, "--", 2) == 0 ? 2 : 0;
}

static void
part_build(struct decode *d, struct slice s)
{
  unsigned group = build_string(d, &defs[PART], s, "");
  g_autofree char *type = NULL;
  build_open(d, group);
  struct slice body = header_build(d, s, true, &type);
  if (body.n)
    build_none(d, &defs[PART_BODY], body);
  build_close(d, group);
  if (group != BUILD_NOTHING) { /* the part is named by its type, known only now */
    struct field *f = &g_array_index(d->fields, struct field, group);
    f->text = d->text->len;
    const char *words = type ? type : "text/plain"; /* RFC 2045 5.2 */
    g_autofree char *valid = g_utf8_make_valid(words, -1);
    g_byte_array_append(d->text, (const uint8_t *)valid, (guint)strlen(valid) + 1);
  }
}

static void
multipart_build(struct decode *d, struct slice s, const char *content_type, const char *boundary)
{
  size_t n_boundary = strlen(boundary);
  unsigned layer = build_layer(d, &defs[MULTIPART], s, NULL), parts = 0;
  build_text(d, &defs[MULTIPART_TYPE], slice_none(s), content_type, strcspn(content_type, "; "));
  struct slice rest = s, part = slice_none(s);
  bool in_part = false, last = false;
  while (rest.n && !last && parts < PARTS_MAX) {
    size_t n = line_find(rest.p, rest.n);
    struct slice line = slice_cut(rest, n ? (uint32_t)n : rest.n);
    struct slice bare = line_cut(line);
    int kind = boundary_kind(bare, boundary, n_boundary);
    rest = slice_skip(rest, line.n);
    if (kind == 0)
      continue;
    if (in_part) {
      part_build(d, slice_cut(part, line.first - part.first));
      parts++;
    }
    build_text(d, &defs[BOUNDARY], line, line.p, line.n);
    in_part = kind == 1;
    last = kind == 2;
    part = rest;
  }
  if (in_part && part.n)
    part_build(d, part);
  build_layer_end(d, layer, s.n);
}

void
message_decode(struct decode *d, struct slice s)
{
  if (d->work->summary_only)
    return;
  g_autofree char *content_type = NULL;
  unsigned layer = build_layer(d, &defs[IMF], s, NULL);
  struct slice body = header_build(d, s, false, &content_type);
  if (body.n)
    build_none(d, &defs[TEXT], body);
  build_layer_end(d, layer, s.n);
  g_autofree char *boundary = find_boundary(content_type);
  if (boundary && body.n)
    multipart_build(d, body, content_type, boundary);
}

/* ---- from the stream ---- */

/* "Name: value" at its start: worth being read as a header. */
static bool
looks_like_header(struct slice s)
{
  uint32_t i = 0;
  while (i < s.n && s.p[i] > ' ' && s.p[i] < 0x7f && s.p[i] != ':')
    i++;
  return i > 0 && i < s.n && s.p[i] == ':';
}

/* Where the message ends: before the line that follows it, or behind its last run. */
static uint64_t
message_end(const struct element *end)
{
  bool is_run = end->kind == ELEMENT_MESSAGE || end->kind == ELEMENT_LITERAL;
  return is_run ? end->offset + end->n_octets : end->offset;
}

/* The first run of the message that ends before or with `end`, walking back without a hole; false
 * when there is none. */
static bool
first_run(const struct decode *d, const struct element *end, struct element *first)
{
  bool found = false;
  uint64_t wanted = message_end(end);
  uint32_t frame = d->frame;
  for (unsigned i = 0; i < RUNS_BACK_FRAMES && frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(d->trace, frame);
    for (uint32_t k = trace_elements_end(d->trace, frame); k-- > f.element;) {
      const struct element e = trace_element(d->trace, k);
      if (e.flow != end->flow || e.side != end->side ||
          (e.flags ^ end->flags) & ELEMENT_FLAGS_INSIDE || e.offset >= wanted)
        continue;
      if ((e.kind != ELEMENT_MESSAGE && e.kind != ELEMENT_LITERAL) ||
          e.offset + e.n_octets != wanted)
        return found;
      *first = e;
      found = true;
      wanted = e.offset;
    }
    frame = f.prev_in_flow;
  }
  return found;
}

static void
message_from(struct decode *d, const struct element *end)
{
  struct decode_work *w = d->work;
  struct element first;
  if (!first_run(d, end, &first))
    return;
  uint32_t n = (uint32_t)MIN(message_end(end) - first.offset, BUILD_STREAM_MAX);
  uint32_t at = (uint32_t)first.offset - w->record.stream_offset;
  struct slice s;
  bool is_inner = first.flags & ELEMENT_FLAGS_INSIDE;
  if (!is_inner && first.first_frame == d->frame && at < w->payload.n && n <= w->payload.n - at) {
    s = slice_cut(slice_skip(w->payload, at), n);
  } else {
    if (!trace_element_stream(d->trace, &first, first.first_frame, first.offset, n, w->octets,
                              w->pieces))
      return;
    if (!looks_like_header((struct slice){.p = w->octets->data, .n = w->octets->len}))
      return;
    uint8_t source = build_source(d, app_source_kind(&first), w->octets, w->pieces);
    if (source == 0)
      return;
    s = build_source_slice(d, source);
  }
  if (looks_like_header(s))
    message_decode(d, s);
}

void
app_message_build(struct decode *d, const struct element *end)
{
  struct decode_work *w = d->work;
  if (!w->summary_only && w->n_messages < BUILD_MESSAGES_MAX)
    w->messages[w->n_messages++] = *end;
}

void
app_messages_decode(struct decode *d)
{
  for (unsigned i = 0; i < d->work->n_messages; i++)
    message_from(d, &d->work->messages[i]);
}
