/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop.c -- the lines of POP3, RFC 1939, 2449, 5034.
 *
 *     C: RETR 1 CRLF                 pop.request.command, pop.request.parameter
 *     S: +OK 120 octets CRLF         pop.response.indicator, pop.response.description
 *     S: ...message... CRLF . CRLF   runs, then the end: its header fields are read (message.c) */
#include "capture/decode/pop.h"

#include "capture/decode/words.h"

enum {
  POP,
  REQUEST,
  REQUEST_COMMAND,
  REQUEST_PARAMETER,
  REQUEST_DATA,
  RESPONSE,
  RESPONSE_INDICATOR,
  RESPONSE_DESCRIPTION,
  RESPONSE_DATA,
  MESSAGE,
  EOM,
  STATE,
  ODD
};

static const struct field_def defs[] = {
    [POP] = {"pop",
             FIELD_PROTOCOL,
             {"Post Office Protocol", "POP โปรโตคอลรับจดหมาย"},
             {"POP3 fetches mail out of a mailbox, as one empties a letter box.",
              "POP3 ดึงจดหมายออกจากกล่องจดหมาย เหมือนการไขตู้รับจดหมาย"},
             "RFC 1939 section 3"},
    [REQUEST] = {"pop.request",
                 FIELD_TEXT,
                 {"Request", "คำขอ"},
                 {"The client says: %s.", "ไคลเอนต์พูดว่า: %s"},
                 "RFC 1939 section 3"},
    [REQUEST_COMMAND] = {"pop.request.command",
                         FIELD_TEXT,
                         {"Request command", "คำสั่งของคำขอ"},
                         {"The verb %s says what the client wants.",
                          "คำสั่ง %s บอกว่าไคลเอนต์ต้องการอะไร"},
                         "RFC 1939 section 3"},
    [REQUEST_PARAMETER] = {"pop.request.parameter",
                           FIELD_TEXT,
                           {"Request parameter", "พารามิเตอร์ของคำขอ"},
                           {"What the command is about: %s.", "รายละเอียดของคำสั่ง: %s"},
                           "RFC 1939 section 3"},
    [REQUEST_DATA] = {"pop.request.data",
                      FIELD_TEXT,
                      {"Request data", "ข้อมูลของคำขอ"},
                      {"A further line of the client: %s.", "บรรทัดต่อมาของไคลเอนต์: %s"},
                      "RFC 5034 section 4"},
    [RESPONSE] = {"pop.response",
                  FIELD_TEXT,
                  {"Response", "คำตอบ"},
                  {"The server says: %s.", "เซิร์ฟเวอร์พูดว่า: %s"},
                  "RFC 1939 section 3"},
    [RESPONSE_INDICATOR] = {"pop.response.indicator",
                            FIELD_TEXT,
                            {"Response indicator", "ตัวบอกผล"},
                            {"+OK means yes, -ERR means no. Here: %s.",
                             "+OK หมายถึงสำเร็จ -ERR หมายถึงไม่สำเร็จ ตรงนี้คือ %s"},
                            "RFC 1939 section 3"},
    [RESPONSE_DESCRIPTION] = {"pop.response.description",
                              FIELD_TEXT,
                              {"Response description", "คำอธิบายของคำตอบ"},
                              {"Words for people, or the numbers that were asked for: %s.",
                               "ข้อความให้คนอ่าน หรือตัวเลขที่ถามไว้: %s"},
                              "RFC 1939 section 3"},
    [RESPONSE_DATA] = {"pop.response.data",
                       FIELD_TEXT,
                       {"Response data", "ข้อมูลของคำตอบ"},
                       {"One line of a longer answer: %s.", "บรรทัดหนึ่งของคำตอบที่มีหลายบรรทัด: %s"},
                       "RFC 1939 section 3"},
    [MESSAGE] = {"enveloscope.pop.message_octets",
                 FIELD_UINT,
                 {"Message octets in this frame", "ออกเตตของจดหมายในเฟรมนี้"},
                 {"This frame brings %s octets of the message.", "เฟรมนี้นำเนื้อจดหมายมา %s ออกเตต"},
                 "RFC 1939 section 11"},
    [EOM] = {"enveloscope.pop.eom",
             FIELD_NONE,
             {"End of message", "จบจดหมาย"},
             {"A line with a single dot ends the message.", "บรรทัดที่มีจุดเดียวเป็นเครื่องหมายจบจดหมาย"},
             "RFC 1939 section 3"},
    [STATE] = {"enveloscope.pop.state",
               FIELD_TEXT,
               {"State of the session", "สถานะของเซสชัน"},
               {"After this line the session is in the state %s.", "หลังบรรทัดนี้ เซสชันอยู่ในสถานะ %s"},
               "RFC 1939 section 3"},
    [ODD] = {"enveloscope.pop.odd",
             FIELD_NONE,
             {"Against the rules of POP3", "ผิดกฎของ POP3"},
             {"This line is not allowed here, or breaks the grammar of POP3.",
              "บรรทัดนี้ไม่อนุญาตให้ใช้ตรงนี้ หรือผิดไวยากรณ์ของ POP3"},
             "RFC 1939 section 9"},
};
FIELD_TABLE(pop_fields, defs);

static const struct app_tail tail = {&defs[STATE], &defs[ODD], pop_states, POP_N_STATES};

/* The first word, and what follows behind its spaces. */
static struct slice
first_word(struct slice line, struct slice *rest)
{
  uint32_t n = 0;
  while (n < line.n && line.p[n] != ' ')
    n++;
  *rest = slice_skip(line, n);
  while (rest->n && rest->p[0] == ' ')
    *rest = slice_skip(*rest, 1);
  return slice_cut(line, n);
}

static void
request_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s), parameter, verb = first_word(line, &parameter);
  unsigned group = build_text(d, &defs[REQUEST], s, line.p, line.n);
  build_open(d, group);
  build_text(d, &defs[REQUEST_COMMAND], verb, verb.p, verb.n);
  if (parameter.n)
    build_text(d, &defs[REQUEST_PARAMETER], parameter, parameter.p, parameter.n);
  if (!d->work->summary_only)
    pop_argument_build(d, e->code, parameter, e->flags & ELEMENT_FLAG_SECRET);
  if (e->code == POP_AUTH && parameter.n) {
    struct slice first, name = first_word(parameter, &first);
    auth_name_build(d, name);
    auth_build(d, first, sasl_find(name.p, name.n), 0);
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
  unsigned group = build_text(d, &defs[REQUEST], s, line.p, line.n);
  build_open(d, group);
  build_text(d, &defs[REQUEST_DATA], line, line.p, line.n);
  auth_build(d, line, mechanism, step);
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

/* The verb of the command that a line answers. */
static unsigned
verb_answered(const struct decode *d, const struct element *e)
{
  return e->command < trace_n_elements(d->trace) ? trace_element(d->trace, e->command).code
                                                 : POP_UNKNOWN;
}

/* What +OK and -ERR tell. Before a list stand words for people, though often with a number. */
static void
status_build(struct decode *d, const struct element *e, struct slice description)
{
  unsigned verb = verb_answered(d, e);
  if ((verb == POP_LIST || verb == POP_UIDL) && e->flags & ELEMENT_FLAG_MORE)
    verb = POP_UNKNOWN;
  if (!d->work->summary_only)
    pop_status_build(d, verb, description, e->code == POP_STATUS_OK, e->command == ELEMENT_NONE);
}

static void
response_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s), description, indicator = first_word(line, &description);
  unsigned group = build_text(d, &defs[RESPONSE], s, line.p, line.n);
  build_open(d, group);
  bool goes_on = e->code == POP_STATUS_CONTINUE; /* "+ " of RFC 5034 is no status */
  if (!goes_on)
    build_text(d, &defs[RESPONSE_INDICATOR], indicator, indicator.p, indicator.n);
  if (description.n && !goes_on)
    build_text(d, &defs[RESPONSE_DESCRIPTION], description, description.p, description.n);
  if (goes_on)
    challenge_build(d, e, description, 1);
  else
    status_build(d, e, description);
  app_tail_build(d, &tail, e, s);
  build_close(d, group);
  app_info_line(d, e, line);
}

/* One line of an answer that has several. */
static void
text_build(struct decode *d, const struct element *e, struct slice s)
{
  struct slice line = line_cut(s);
  unsigned group = build_text(d, &defs[RESPONSE_DATA], s, line.p, line.n);
  if (!d->work->summary_only) {
    build_open(d, group);
    pop_list_line_build(d, verb_answered(d, e), line);
    build_close(d, group);
  }
  app_info_line(d, e, line);
}

void
pop_element(struct decode *d, const struct element *e, struct slice s)
{
  switch (e->kind) {
  case ELEMENT_COMMAND:
    request_build(d, e, s);
    break;
  case ELEMENT_AUTH:
  case ELEMENT_REST:
    exchange_build(d, e, s);
    break;
  case ELEMENT_REPLY:
    response_build(d, e, s);
    break;
  case ELEMENT_TEXT:
    text_build(d, e, s);
    break;
  case ELEMENT_MESSAGE:
  case ELEMENT_LITERAL:
    build_text(d, &defs[RESPONSE_DATA], s, s.p, s.n);
    build_generated(d, build_number(d, &defs[MESSAGE], slice_none(s), s.n));
    build_info_said(d, false);
    build_info(d, "DATA fragment, %u bytes", s.n);
    break;
  case ELEMENT_END:
    build_none(d, &defs[EOM], s);
    build_info_said(d, false);
    build_info(d, ".");
    app_message_build(d);
    break;
  default:
    break;
  }
}
