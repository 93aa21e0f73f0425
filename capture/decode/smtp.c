/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp.c -- the lines of SMTP, RFC 5321, 4954: commands, replies, AUTH exchanges, message octets.
 *
 *     C: MAIL FROM:<a@alice.test> CRLF      smtp.req.command, smtp.req.parameter
 *     S: 250-first CRLF 250 last CRLF       smtp.response.code, smtp.rsp.parameter per line
 *     C: ...message... CRLF . CRLF          runs, then the end: its header fields are read
 * (message.c)
 *
 * Where lines begin and what they are was settled in pass 1, by the state of the session. */
#include "capture/decode/smtp.h"

#include "capture/decode/app.h"
#include "capture/decode/words.h"

enum {
  SMTP,
  REQ,
  RSP,
  MESSAGE,
  COMMAND_LINE,
  REQ_COMMAND,
  REQ_PARAMETER,
  RESPONSE,
  RESPONSE_CODE,
  RSP_PARAMETER,
  AUTH_USERNAME,
  AUTH_PASSWORD,
  AUTH_BOTH,
  EOM,
  REPLY_LINE,
  DATA_FRAGMENT,
  STATE,
  ODD
};

static const struct field_def defs[] = {
    [SMTP] = {"smtp",
              FIELD_PROTOCOL,
              {"Simple Mail Transfer Protocol", "SMTP โปรโตคอลส่งจดหมาย"},
              {"SMTP hands a message from one mail program to the next: envelope first, then the "
               "letter.",
               "SMTP ส่งจดหมายจากโปรแกรมหนึ่งไปยังโปรแกรมถัดไป โดยส่งซองก่อนแล้วจึงส่งเนื้อจดหมาย"},
              "RFC 5321 section 2"},
    [REQ] = {"smtp.req",
             FIELD_BOOL,
             {"Request", "คำขอ"},
             {"The client speaks here.", "ตรงนี้ไคลเอนต์เป็นฝ่ายพูด"},
             "RFC 5321 section 4.1"},
    [RSP] = {"smtp.rsp",
             FIELD_BOOL,
             {"Response", "คำตอบ"},
             {"The server answers here.", "ตรงนี้เซิร์ฟเวอร์เป็นฝ่ายตอบ"},
             "RFC 5321 section 4.2"},
    [MESSAGE] = {"smtp.message",
                 FIELD_TEXT,
                 {"Message", "เนื้อจดหมาย"},
                 {"Octets of the message itself: %s.", "ออกเตตของตัวจดหมาย: %s"},
                 "RFC 5321 section 4.1.1.4"},
    [COMMAND_LINE] = {"smtp.command_line",
                      FIELD_TEXT,
                      {"Command line", "บรรทัดคำสั่ง"},
                      {"The client says: %s.", "ไคลเอนต์พูดว่า: %s"},
                      "RFC 5321 section 4.1"},
    [REQ_COMMAND] = {"smtp.req.command",
                     FIELD_TEXT,
                     {"Command", "คำสั่ง"},
                     {"The verb %s says what the client wants.", "คำสั่ง %s บอกว่าไคลเอนต์ต้องการอะไร"},
                     "RFC 5321 section 4.1.1"},
    [REQ_PARAMETER] = {"smtp.req.parameter",
                       FIELD_TEXT,
                       {"Request parameter", "พารามิเตอร์ของคำขอ"},
                       {"What the command is about: %s.", "รายละเอียดของคำสั่ง: %s"},
                       "RFC 5321 section 4.1.1"},
    [RESPONSE] = {"smtp.response",
                  FIELD_TEXT,
                  {"Response", "คำตอบ"},
                  {"The server says: %s.", "เซิร์ฟเวอร์พูดว่า: %s"},
                  "RFC 5321 section 4.2"},
    [REPLY_LINE] = {"enveloscope.smtp.reply_line",
                    FIELD_TEXT,
                    {"Response, next line", "คำตอบบรรทัดถัดไป"},
                    {"The answer goes on: %s.", "คำตอบยังมีต่อ: %s"},
                    "RFC 5321 section 4.2.1"},
    [RESPONSE_CODE] = {"smtp.response.code",
                       FIELD_UINT,
                       {"Response code", "รหัสตอบ"},
                       {"2 means done, 3 go on, 4 try later, 5 no. Here: %s.",
                        "ขึ้นต้นด้วย 2 คือสำเร็จ 3 คือให้ทำต่อ 4 คือลองใหม่ภายหลัง 5 คือปฏิเสธ ตรงนี้คือ %s"},
                       "RFC 5321 section 4.2.1"},
    [RSP_PARAMETER] =
        {"smtp.rsp.parameter",
         FIELD_TEXT,
         {"Response parameter", "พารามิเตอร์ของคำตอบ"},
         {"Words behind the code, for people, or a service that the server offers: %s.",
          "ข้อความหลังรหัส เขียนให้คนอ่านหรือบอกบริการที่เซิร์ฟเวอร์มีให้: %s"},
         "RFC 5321 section 4.2"},
    [AUTH_USERNAME] = {"smtp.auth.username",
                       FIELD_TEXT,
                       {"Username", "ชื่อผู้ใช้"},
                       {"The user's name in base64, which is no encryption: %s.",
                        "ชื่อผู้ใช้ในรูป base64 ซึ่งไม่ใช่การเข้ารหัสลับ: %s"},
                       "RFC 4954 section 4"},
    [AUTH_PASSWORD] = {"smtp.auth.password",
                       FIELD_TEXT,
                       {"Password", "รหัสผ่าน"},
                       {"The password in base64, which is no encryption: %s.",
                        "รหัสผ่านในรูป base64 ซึ่งไม่ใช่การเข้ารหัสลับ: %s"},
                       "RFC 4954 section 4"},
    [AUTH_BOTH] = {"smtp.auth.username_password",
                   FIELD_TEXT,
                   {"Username/password", "ชื่อผู้ใช้และรหัสผ่าน"},
                   {"Name and password in base64, which is no encryption: %s.",
                    "ชื่อผู้ใช้และรหัสผ่านในรูป base64 ซึ่งไม่ใช่การเข้ารหัสลับ: %s"},
                   "RFC 4954 section 4"},
    [EOM] = {"smtp.eom",
             FIELD_NONE,
             {"End of message", "จบจดหมาย"},
             {"A line with a single dot ends the message.", "บรรทัดที่มีจุดเดียวเป็นเครื่องหมายจบจดหมาย"},
             "RFC 5321 section 4.1.1.4"},
    [DATA_FRAGMENT] = {"enveloscope.smtp.data_octets",
                       FIELD_UINT,
                       {"Message octets in this frame", "ออกเตตของจดหมายในเฟรมนี้"},
                       {"This frame brings %s octets of the message.",
                        "เฟรมนี้นำเนื้อจดหมายมา %s ออกเตต"},
                       "RFC 5321 section 4.1.1.4"},
    [STATE] = {"enveloscope.smtp.state",
               FIELD_TEXT,
               {"State of the session", "สถานะของเซสชัน"},
               {"After this line the session is in the state %s.", "หลังบรรทัดนี้ เซสชันอยู่ในสถานะ %s"},
               "RFC 5321 section 4.1.4"},
    [ODD] = {"enveloscope.smtp.odd",
             FIELD_NONE,
             {"Against the rules of SMTP", "ผิดกฎของ SMTP"},
             {"This line is not allowed here, or breaks the grammar of SMTP.",
              "บรรทัดนี้ไม่อนุญาตให้ใช้ตรงนี้ หรือผิดไวยากรณ์ของ SMTP"},
             "RFC 5321 section 4.1.4"},
};
FIELD_TABLE(smtp_fields, defs);

static const struct app_tail tail = {&defs[STATE], &defs[ODD], smtp_states, SMTP_N_STATES};

/* One line of base64 in an AUTH exchange, under the names that Wireshark gives to it. */
static void
auth_line_build(struct decode *d, struct slice text, enum sasl_mechanism mechanism, unsigned step)
{
  unsigned def = mechanism == SASL_LOGIN ? (step == 0 ? AUTH_USERNAME : AUTH_PASSWORD) : AUTH_BOTH;
  if (text.n == 0 || text_is(text.p, text.n, "*")) /* the client gives up, RFC 4954 section 4 */
    return;
  if (mechanism == SASL_LOGIN || mechanism == SASL_PLAIN)
    build_text(d, &defs[def], text, text.p, text.n);
  auth_build(d, text, mechanism, step);
}

/* What stands behind the verb of AUTH: the mechanism, and its first message if that comes along. */
static void
auth_command_build(struct decode *d, struct slice argument)
{
  struct slice name = word_take(&argument);
  auth_name_build(d, name);
  auth_line_build(d, word_take(&argument), sasl_find(name.p, name.n), 0);
}

static void
command_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s), rest = line, verb = word_take(&rest);
  struct slice parameter = word_skip_blanks(rest);
  build_generated(d, build_number(d, &defs[REQ], slice_none(s), 1));
  unsigned group = build_text(d, &defs[COMMAND_LINE], s, s.p, s.n);
  build_open(d, group);
  build_text(d, &defs[REQ_COMMAND], verb, verb.p, verb.n);
  unsigned argument = word_build(d, &defs[REQ_PARAMETER], parameter);
  if (e->code == SMTP_AUTH)
    auth_command_build(d, parameter);
  else if (!d->work->summary_only && !(e->flags & ELEMENT_FLAG_SECRET)) {
    build_open(d, argument);
    smtp_argument_build(d, e->code, parameter);
    build_close(d, argument);
  }
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

static void
exchange_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s);
  unsigned step;
  enum sasl_mechanism mechanism = app_auth_step(d, e, 1, &step);
  build_generated(d, build_number(d, &defs[REQ], slice_none(s), 1));
  unsigned group = build_text(d, &defs[COMMAND_LINE], s, s.p, s.n);
  build_open(d, group);
  auth_line_build(d, line, mechanism, step);
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

/* Whether the reply to which this line belongs began in an earlier frame: the server's line before
 * it answers the same and said that more follows. */
static bool
began_earlier(const struct decode *d, const struct element *e)
{
  enum { LOOK_BACK_ELEMENTS = 64 }; /* of other connections in between */
  for (uint32_t k = d->work->element, i = 0; k-- > 0 && i < LOOK_BACK_ELEMENTS; i++) {
    if (trace_element_flow(d->trace, k) != e->flow)
      continue;
    const struct element before = trace_element(d->trace, k);
    if (before.side == e->side && before.app == e->app)
      return before.kind == ELEMENT_REPLY && before.flags & ELEMENT_FLAG_MORE &&
             before.command == e->command;
  }
  return false;
}

/* Code, separator and words of one reply line, under its line's field. */
static void
reply_text_build(struct decode *d, const struct element *e, struct slice line, bool first)
{
  unsigned code = 0, verb = SMTP_UNKNOWN;
  bool more = false;
  size_t text_at = 0;
  if (d->work->summary_only || !smtp_reply_parse(line.p, line.n, &code, &more, &text_at))
    return;
  struct slice text = slice_skip(line, (uint32_t)text_at);
  if (first)
    build_named(d, &defs[RESPONSE_CODE], slice_cut(line, 3), code,
                lang_pick(smtp_code_meaning(code)));
  build_text(d, &defs[RSP_PARAMETER], text, text.p, text.n);
  if (e->command < trace_n_elements(d->trace))
    verb = trace_element(d->trace, e->command).code;
  smtp_reply_build(d, line, verb, first && !began_earlier(d, e), e->command == ELEMENT_NONE);
  if (code == 334)
    challenge_build(d, e, text, 1);
  app_tail_build(d, &tail, e, line);
}

/* Lines of one reply in one frame share the response's fields, as in Wireshark: the first line is
 * smtp.response, each line is a parameter. */
static void
reply_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s);
  bool first = !d->work->reply_goes_on;
  if (first && !d->work->reply_seen)
    build_generated(d, build_number(d, &defs[RSP], slice_none(s), 1));
  d->work->reply_seen = true;
  d->work->reply_goes_on = e->flags & ELEMENT_FLAG_MORE;
  unsigned group = build_text(d, &defs[first ? RESPONSE : REPLY_LINE], s, s.p, s.n);
  build_open(d, group);
  reply_text_build(d, e, line, first);
  build_close(d, group);
  app_info_line(d, e, line);
}

void
smtp_element(struct decode *d, const struct element *e, struct slice s)
{
  switch (e->kind) {
  case ELEMENT_COMMAND:
    command_build(d, e, s);
    if (e->code == SMTP_BDAT)
      app_message_build(d); /* "BDAT 0 LAST" */
    break;
  case ELEMENT_AUTH:
  case ELEMENT_REST:
    exchange_build(d, e, s);
    break;
  case ELEMENT_REPLY:
  case ELEMENT_TEXT:
    reply_build(d, e, s);
    break;
  case ELEMENT_MESSAGE:
  case ELEMENT_LITERAL:
    build_text(d, &defs[MESSAGE], s, s.p, s.n);
    build_generated(d, build_number(d, &defs[DATA_FRAGMENT], slice_none(s), s.n));
    build_info_said(d, true);
    build_info(d, "DATA fragment, %u bytes", s.n);
    if (e->command < trace_n_elements(d->trace) &&
        trace_element(d->trace, e->command).code == SMTP_BDAT)
      app_message_build(d);
    break;
  case ELEMENT_END:
    build_none(d, &defs[EOM], s);
    build_info_said(d, true);
    build_info(d, ".");
    app_message_build(d);
    break;
  default:
    break;
  }
}
