/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap.c -- the lines of IMAP4, RFC 3501, 9051: tagged commands, tagged and untagged answers,
 * literals.
 *
 *     C: a3 UID FETCH 1:* FLAGS CRLF     imap.request_tag, imap.request.command
 *     S: * 2 EXISTS CRLF                 imap.line
 *     S: a3 OK done CRLF                 imap.response_tag, imap.response.status, and how long it
 * took */
#include "capture/decode/imap_field.h"

#include "capture/decode/words.h"

enum {
  IMAP,
  ISREQUEST,
  LINE,
  REQUEST,
  TAG,
  REQUEST_TAG,
  COMMAND,
  REQUEST_COMMAND,
  REQUEST_UID,
  REQUEST_USERNAME,
  REQUEST_PASSWORD,
  REQUEST_FOLDER,
  RESPONSE,
  RESPONSE_TAG,
  RESPONSE_STATUS,
  RESPONSE_COMMAND,
  RESPONSE_TO,
  TIME,
  LITERAL,
  STATE,
  ODD
};

static const struct field_def defs[] = {
    [IMAP] =
        {"imap",
         FIELD_PROTOCOL,
         {"Internet Message Access Protocol", "IMAP โปรโตคอลเข้าถึงจดหมาย"},
         {"IMAP4 works on mailboxes that stay at the server, so that every device sees the same.",
          "IMAP4 ทำงานกับกล่องจดหมายที่อยู่บนเซิร์ฟเวอร์ ทุกอุปกรณ์จึงเห็นเหมือนกัน"},
         "RFC 3501 section 2.2"},
    [ISREQUEST] = {"imap.isrequest",
                   FIELD_BOOL,
                   {"Request", "คำขอ"},
                   {"Whether the client speaks here: %s.", "ไคลเอนต์เป็นฝ่ายพูดหรือไม่: %s"},
                   "RFC 3501 section 2.2"},
    [LINE] = {"imap.line",
              FIELD_TEXT,
              {"Line", "บรรทัด"},
              {"The line reads: %s.", "บรรทัดนี้เขียนว่า: %s"},
              "RFC 3501 section 2.2"},
    [REQUEST] = {"imap.request",
                 FIELD_TEXT,
                 {"Request", "คำขอ"},
                 {"The client says: %s.", "ไคลเอนต์พูดว่า: %s"},
                 "RFC 3501 section 2.2.1"},
    [TAG] = {"imap.tag",
             FIELD_TEXT,
             {"Tag", "ป้าย"},
             {"Command and final answer carry the same tag %s.",
              "คำสั่งและคำตอบสุดท้ายมีป้าย %s เหมือนกัน"},
             "RFC 3501 section 2.2.1"},
    [REQUEST_TAG] = {"imap.request_tag",
                     FIELD_TEXT,
                     {"Request tag", "ป้ายของคำขอ"},
                     {"The client named this command %s; the final answer repeats that tag.",
                      "ไคลเอนต์ตั้งชื่อคำสั่งนี้ว่า %s คำตอบสุดท้ายจะใช้ป้ายเดียวกัน"},
                     "RFC 3501 section 2.2.1"},
    [COMMAND] = {"imap.command",
                 FIELD_TEXT,
                 {"Command", "คำสั่ง"},
                 {"The first word behind the tag is %s.", "คำแรกหลังป้ายคือ %s"},
                 "RFC 3501 section 2.2"},
    [REQUEST_COMMAND] = {"imap.request.command",
                         FIELD_TEXT,
                         {"Request command", "คำสั่งของคำขอ"},
                         {"The verb %s says what the client wants.",
                          "คำสั่ง %s บอกว่าไคลเอนต์ต้องการอะไร"},
                         "RFC 3501 section 2.2.1"},
    [REQUEST_UID] = {"imap.request.command.uid",
                     FIELD_BOOL,
                     {"Request is UID", "คำขอใช้ UID"},
                     {"Messages are named by their unique number, which never changes: %s.",
                      "อ้างถึงจดหมายด้วยหมายเลขเฉพาะซึ่งไม่เปลี่ยนแปลง: %s"},
                     "RFC 3501 section 6.4.8"},
    [REQUEST_USERNAME] = {"imap.request.username",
                          FIELD_TEXT,
                          {"Request username", "ชื่อผู้ใช้ในคำขอ"},
                          {"The user who logs in is %s.", "ผู้ใช้ที่เข้าสู่ระบบคือ %s"},
                          "RFC 3501 section 6.2.3"},
    [REQUEST_PASSWORD] = {"imap.request.password",
                          FIELD_TEXT,
                          {"Request password", "รหัสผ่านในคำขอ"},
                          {"The password travels as it is; whoever records the line reads %s.",
                           "รหัสผ่านเดินทางไปตามที่เป็น ใครบันทึกบรรทัดนี้ได้จะอ่านพบ %s"},
                          "RFC 3501 section 6.2.3"},
    [REQUEST_FOLDER] = {"imap.request.folder",
                        FIELD_TEXT,
                        {"Request folder", "กล่องจดหมายในคำขอ"},
                        {"The mailbox that is meant is %s.", "กล่องจดหมายที่หมายถึงคือ %s"},
                        "RFC 3501 section 5.1"},
    [RESPONSE] = {"imap.response",
                  FIELD_TEXT,
                  {"Response", "คำตอบ"},
                  {"The server says: %s.", "เซิร์ฟเวอร์พูดว่า: %s"},
                  "RFC 3501 section 2.2.2"},
    [RESPONSE_TAG] = {"imap.response_tag",
                      FIELD_TEXT,
                      {"Response tag", "ป้ายของคำตอบ"},
                      {"This is the final answer to the command with the tag %s.",
                       "นี่คือคำตอบสุดท้ายของคำสั่งที่มีป้าย %s"},
                      "RFC 3501 section 2.2.2"},
    [RESPONSE_STATUS] = {"imap.response.status",
                         FIELD_TEXT,
                         {"Response status", "ผลของคำตอบ"},
                         {"OK means done, NO means refused, BAD means not understood. Here: %s.",
                          "OK คือสำเร็จ NO คือปฏิเสธ BAD คือไม่เข้าใจคำสั่ง ตรงนี้คือ %s"},
                         "RFC 3501 section 7.1"},
    [RESPONSE_COMMAND] = {"imap.response.command",
                          FIELD_TEXT,
                          {"Response command", "คำแรกของคำตอบ"},
                          {"The first word behind the status is %s.", "คำแรกหลังสถานะคือ %s"},
                          "RFC 3501 section 2.2.2"},
    [RESPONSE_TO] = {"imap.response_to",
                     FIELD_FRAME,
                     {"Request in frame", "คำขออยู่ในเฟรม"},
                     {"This answers the command of frame %s.", "นี่คือคำตอบของคำสั่งในเฟรม %s"},
                     "RFC 3501 section 2.2.2"},
    [TIME] = {"imap.time",
              FIELD_SPAN,
              {"Response time", "เวลาที่ใช้ตอบ"},
              {"The server took %s seconds.", "เซิร์ฟเวอร์ใช้เวลา %s วินาที"},
              "Enveloscope"},
    [LITERAL] = {"enveloscope.imap.literal",
                 FIELD_TEXT,
                 {"Literal", "ลิเทอรัล"},
                 {"Octets of a length that was told before, so they may hold anything: %s.",
                  "ออกเตตที่บอกความยาวไว้ล่วงหน้า จึงบรรจุอะไรก็ได้: %s"},
                 "RFC 3501 section 4.3"},
    [STATE] = {"enveloscope.imap.state",
               FIELD_TEXT,
               {"State of the session", "สถานะของเซสชัน"},
               {"After this line the session is in the state %s.", "หลังบรรทัดนี้ เซสชันอยู่ในสถานะ %s"},
               "RFC 3501 section 3"},
    [ODD] = {"enveloscope.imap.odd",
             FIELD_NONE,
             {"Against the rules of IMAP4", "ผิดกฎของ IMAP4"},
             {"This line is not allowed here, or breaks the grammar of IMAP4.",
              "บรรทัดนี้ไม่อนุญาตให้ใช้ตรงนี้ หรือผิดไวยากรณ์ของ IMAP4"},
             "RFC 3501 section 9"},
};
FIELD_TABLE(imap_fields, defs);

static const struct app_tail tail = {&defs[STATE], &defs[ODD], imap_states, IMAP_N_STATES};

/* Takes the next word off the front of *s. */
static struct slice
take_word(struct slice *s)
{
  while (s->n && s->p[0] == ' ')
    *s = slice_skip(*s, 1);
  uint32_t n = 0;
  while (n < s->n && s->p[n] != ' ')
    n++;
  struct slice word = slice_cut(*s, n);
  *s = slice_skip(*s, n);
  return word;
}

static void
named_build(struct decode *d, unsigned def, struct slice word)
{
  if (word.n)
    build_text(d, &defs[def], word, word.p, word.n);
}

/* isrequest once per frame, as Wireshark. */
static void
direction_build(struct decode *d, const struct element *e, struct slice s)
{
  if (decode_find(d, "imap.isrequest", 0) == NULL)
    build_generated(d, build_number(d, &defs[ISREQUEST], slice_none(s), e->side == SIDE_CLIENT));
}

/* A string of IMAP at the front of *s, as it stands: with its quotes, as Wireshark shows it. */
static void
string_build(struct decode *d, unsigned def, struct slice *s)
{
  struct imap_string found;
  size_t n = imap_string_scan(s->p, s->n, &found);
  if (n == 0)
    return;
  while (s->n && s->p[0] == ' ' && n > 1) {
    *s = slice_skip(*s, 1);
    n--;
  }
  if (found.kind != IMAP_STRING_LITERAL)
    named_build(d, def, slice_cut(*s, (uint32_t)n));
  *s = slice_skip(*s, (uint32_t)n);
}

static void
arguments_build(struct decode *d, const struct element *e, struct slice verb, struct slice rest)
{
  enum imap_verb code = imap_verb_find((const char *)verb.p, verb.n);
  if (!d->work->summary_only && !(e->flags & ELEMENT_FLAG_SECRET))
    imap_request_build(d, code, rest);
  switch (code) {
  case IMAP_LOGIN:
    string_build(d, REQUEST_USERNAME, &rest);
    string_build(d, REQUEST_PASSWORD, &rest);
    break;
  case IMAP_SELECT:
  case IMAP_EXAMINE:
  case IMAP_CREATE:
  case IMAP_DELETE:
  case IMAP_RENAME:
  case IMAP_SUBSCRIBE:
  case IMAP_UNSUBSCRIBE:
  case IMAP_STATUS:
  case IMAP_APPEND:
    string_build(d, REQUEST_FOLDER, &rest);
    break;
  case IMAP_COPY:
  case IMAP_MOVE:
    take_word(&rest);
    string_build(d, REQUEST_FOLDER, &rest);
    break;
  case IMAP_AUTHENTICATE: {
    struct slice name = take_word(&rest);
    auth_name_build(d, name);
    auth_build(d, take_word(&rest), sasl_find(name.p, name.n), 0);
    break;
  }
  default:
    break;
  }
}

/* What a line announces that has no secret in it. */
static void
announcement_build(struct decode *d, const struct element *e, struct slice line)
{
  if (!d->work->summary_only && e->flags & ELEMENT_FLAG_MORE && !(e->flags & ELEMENT_FLAG_SECRET))
    imap_literal_build(d, line);
}

/* What a line of the server says behind its tag; lines behind a literal begin with none. */
static void
answer_build(struct decode *d, const struct element *e, struct slice line)
{
  if (d->work->summary_only)
    return;
  if (e->code == IMAP_STATUS_CONTINUE && e->command < trace_n_elements(d->trace) &&
      trace_element(d->trace, e->command).code == IMAP_AUTHENTICATE) {
    challenge_build(d, e, word_skip_blanks(slice_skip(line, 1)), 2);
    return;
  }
  bool continues = line.n && (line.p[0] == ' ' || line.p[0] == ')');
  if (continues)
    imap_fetch_continue(d, e, line);
  else
    imap_answer_build(d, line, e->flags & ELEMENT_FLAG_TAGGED);
  announcement_build(d, e, line);
}

static void
request_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s), rest = line;
  direction_build(d, e, s);
  unsigned group = build_text(d, &defs[LINE], s, s.p, s.n);
  build_open(d, group);
  named_build(d, REQUEST, line);
  struct slice tag = take_word(&rest), verb = take_word(&rest);
  named_build(d, TAG, tag);
  named_build(d, REQUEST_TAG, tag);
  named_build(d, COMMAND, verb);
  if (text_is(verb.p, verb.n, "UID")) {
    build_generated(d, build_number(d, &defs[REQUEST_UID], verb, 1));
    verb = take_word(&rest);
  }
  named_build(d, REQUEST_COMMAND, verb);
  arguments_build(d, e, verb, rest);
  announcement_build(d, e, line);
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

static void
exchange_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s);
  direction_build(d, e, s);
  unsigned group = build_text(d, &defs[LINE], s, s.p, s.n);
  build_open(d, group);
  if (e->kind == ELEMENT_AUTH) {
    unsigned step;
    enum sasl_mechanism mechanism = app_auth_step(d, e, 2, &step);
    auth_build(d, line, mechanism, step);
  } else {
    announcement_build(d, e, line);
  }
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

static void
response_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s), rest = line;
  direction_build(d, e, s);
  unsigned group = build_text(d, &defs[LINE], s, s.p, s.n);
  build_open(d, group);
  if (e->flags & ELEMENT_FLAG_TAGGED) {
    named_build(d, RESPONSE, line);
    struct slice tag = take_word(&rest), status = take_word(&rest);
    named_build(d, TAG, tag);
    named_build(d, RESPONSE_TAG, tag);
    named_build(d, RESPONSE_STATUS, status);
    struct slice word = take_word(&rest);
    named_build(d, COMMAND, word);
    named_build(d, RESPONSE_COMMAND, word);
    if (e->command < trace_n_elements(d->trace)) {
      const struct element command = trace_element(d->trace, e->command);
      int64_t asked = trace_frame(d->trace, command.last_frame).time_ns;
      build_generated(d,
                      build_number(d, &defs[RESPONSE_TO], slice_none(s), command.last_frame + 1));
      build_generated(d, build_number(d, &defs[TIME], slice_none(s),
                                      (uint64_t)d->work->record.time_ns - (uint64_t)asked));
    }
  }
  answer_build(d, e, line);
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

void
imap_element(struct decode *d, const struct element *e, struct slice s)
{
  /* A literal has no end of its own: the line behind it shows that it is complete. */
  if (e->kind != ELEMENT_LITERAL && e->kind != ELEMENT_MESSAGE)
    app_message_build(d);
  switch (e->kind) {
  case ELEMENT_COMMAND:
    request_build(d, e, s);
    break;
  case ELEMENT_AUTH:
  case ELEMENT_REST:
    exchange_build(d, e, s);
    break;
  case ELEMENT_REPLY:
  case ELEMENT_TEXT:
    response_build(d, e, s);
    break;
  case ELEMENT_LITERAL:
  case ELEMENT_MESSAGE:
    direction_build(d, e, s);
    build_text(d, &defs[LITERAL], s, s.p, s.n);
    app_info_line(d, e, s);
    break;
  default:
    break;
  }
}
