/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ppp.c -- the link of many lines at home: PPP over Ethernet (RFC 2516) and PPP itself (RFC 1661).
 *
 *     PPPoE   | version 4, type 4 | code 1 | session 2 | length 2 | tags, or a PPP frame |
 *     tag     | type 2 | length 2 | octets |
 *     PPP     | (ff 03) | protocol 1 or 2 | packet |
 *
 * The password of PAP (RFC 1334) and what CHAP (RFC 1994) answers are secrets. Options of LCP and
 * its like are read in ppp_option.c. */
#include "capture/decode/ppp.h"

#include "capture/wire/net.h"

/* clang-format off */
enum {
  DISCOVERY, SESSION, VERSION, TYPE, CODE, SESSION_ID, LENGTH, TAGS, SERVICE, AC_NAME, HOST_UNIQ,
  COOKIE, VENDOR_ID, VENDOR_DATA, RELAY, MAX_PAYLOAD, SERVICE_ERROR, AC_ERROR, GENERIC_ERROR, TAG,
  TAG_LENGTH, TAG_DATA, BAD, PPP, ADDRESS, CONTROL, PROTOCOL, LCP, IPCP, IPV6CP, PPP_CODE, PPP_ID,
  PPP_LENGTH, PPP_DATA, PAP, PAP_CODE, PAP_ID, PAP_LENGTH, PEER_LENGTH, PEER, PASSWORD_LENGTH,
  PASSWORD, MESSAGE_LENGTH, MESSAGE
};
/* clang-format on */

static const struct field_def defs[] = {
    [DISCOVERY] = {"pppoed",
                   FIELD_PROTOCOL,
                   {"PPP-over-Ethernet Discovery", "การค้นหาของ PPPoE"},
                   {"Before it can dial in over Ethernet, a router looks for an access "
                    "concentrator of its provider.",
                    "ก่อนต่อผ่านอีเทอร์เน็ต เราเตอร์ต้องหาเครื่องรับสายของผู้ให้บริการก่อน"},
                   "RFC 2516 section 5"},
    [SESSION] = {"pppoes",
                 FIELD_PROTOCOL,
                 {"PPP-over-Ethernet Session", "เซสชันของ PPPoE"},
                 {"This header takes a PPP frame over Ethernet, as many lines at home do.",
                  "ส่วนหัวนี้พาเฟรม PPP ไปบนอีเทอร์เน็ต อย่างที่สายอินเทอร์เน็ตตามบ้านหลายสายใช้"},
                 "RFC 2516 section 6"},
    [VERSION] = {"pppoe.version",
                 FIELD_UINT,
                 {"Version", "รุ่น"},
                 {"The version of PPPoE is %s; there is only version 1.",
                  "รุ่นของ PPPoE คือ %s ซึ่งมีเพียงรุ่น 1"},
                 "RFC 2516 section 4"},
    [TYPE] = {"pppoe.type",
              FIELD_UINT,
              {"Type", "ชนิด"},
              {"The type is %s; there is only type 1.", "ชนิดคือ %s ซึ่งมีเพียงชนิด 1"},
              "RFC 2516 section 4"},
    [CODE] = {"pppoe.code",
              FIELD_HEX,
              {"Code", "รหัส"},
              {"Which step of the discovery this is, or a frame of a session: %s.",
               "นี่คือขั้นตอนใดของการค้นหา หรือเป็นเฟรมของเซสชัน: %s"},
              "RFC 2516 section 4",
              2},
    [SESSION_ID] = {"pppoe.session_id",
                    FIELD_HEX,
                    {"Session ID", "หมายเลขเซสชัน"},
                    {"The access concentrator gave this session the number %s.",
                     "เครื่องรับสายให้หมายเลข %s แก่เซสชันนี้"},
                    "RFC 2516 section 4"},
    [LENGTH] = {"pppoe.payload_length",
                FIELD_UINT,
                {"Payload length", "ความยาวข้อมูล"},
                {"%s octets follow; what lies behind them is padding of Ethernet.",
                 "มีข้อมูลตามมา %s ออกเตต ส่วนที่เกินคือส่วนเติมของอีเทอร์เน็ต"},
                "RFC 2516 section 4"},
    [TAGS] = {"pppoed.tags",
              FIELD_NONE,
              {"PPPoE tags", "แท็กของ PPPoE"},
              {"What the two ends tell each other stands in tags.", "สิ่งที่สองฝ่ายบอกกันอยู่ในแท็ก"},
              "RFC 2516 appendix A"},
    [SERVICE] = {"pppoed.tags.service_name",
                 FIELD_TEXT,
                 {"Service-Name", "ชื่อบริการ"},
                 {"The service that is asked for or offered is %s; empty means any.",
                  "บริการที่ขอหรือเสนอคือ %s ถ้าว่างแปลว่าบริการใดก็ได้"},
                 "RFC 2516 appendix A"},
    [AC_NAME] = {"pppoed.tags.ac_name",
                 FIELD_TEXT,
                 {"AC-Name", "ชื่อเครื่องรับสาย"},
                 {"The access concentrator is called %s.", "เครื่องรับสายชื่อ %s"},
                 "RFC 2516 appendix A"},
    [HOST_UNIQ] = {"pppoed.tags.host_uniq",
                   FIELD_OCTETS,
                   {"Host-Uniq", "ตัวระบุของโฮสต์"},
                   {"The host finds the answer to its question by these octets: %s.",
                    "โฮสต์จับคู่คำตอบกับคำถามของตนด้วยออกเตตเหล่านี้: %s"},
                   "RFC 2516 appendix A"},
    [COOKIE] =
        {"pppoed.tags.ac_cookie",
         FIELD_OCTETS,
         {"AC-Cookie", "คุกกี้ของเครื่องรับสาย"},
         {"The concentrator wants these octets back before it gives memory to a stranger: %s.",
          "เครื่องรับสายขอออกเตตเหล่านี้คืนก่อนจะยอมใช้หน่วยความจำให้คนแปลกหน้า: %s"},
         "RFC 2516 appendix A"},
    [VENDOR_ID] = {"pppoed.tags.vendor_id",
                   FIELD_UINT,
                   {"Vendor id", "หมายเลขผู้ผลิต"},
                   {"What follows was defined by the company with the number %s.",
                    "ข้อมูลที่ตามมากำหนดโดยบริษัทหมายเลข %s"},
                   "RFC 2516 appendix A"},
    [VENDOR_DATA] = {"enveloscope.pppoe.vendor_data",
                     FIELD_OCTETS,
                     {"Vendor-specific data", "ข้อมูลเฉพาะผู้ผลิต"},
                     {"What the company defined: %s.", "ข้อมูลที่บริษัทกำหนด: %s"},
                     "RFC 2516 appendix A"},
    [RELAY] = {"pppoed.tags.relay_session_id",
               FIELD_OCTETS,
               {"Relay-Session-Id", "หมายเลขเซสชันของตัวส่งต่อ"},
               {"A machine in between marks this session with %s.",
                "เครื่องที่อยู่ระหว่างกลางทำเครื่องหมายเซสชันนี้ด้วย %s"},
               "RFC 2516 appendix A"},
    [MAX_PAYLOAD] = {"pppoed.tags.max_payload",
                     FIELD_OCTETS,
                     {"PPP-Max-Payload", "ข้อมูลสูงสุดของ PPP"},
                     {"Frames of this size pass in both directions: %s.",
                      "เฟรมขนาดนี้ผ่านได้ทั้งสองทิศทาง: %s"},
                     "RFC 4638 section 3"},
    [SERVICE_ERROR] = {"pppoed.tags.service_name_error",
                       FIELD_TEXT,
                       {"Service-Name-Error", "ข้อผิดพลาดของชื่อบริการ"},
                       {"The service cannot be had: %s.", "ใช้บริการนี้ไม่ได้: %s"},
                       "RFC 2516 appendix A"},
    [AC_ERROR] = {"pppoed.tags.ac_system_error",
                  FIELD_TEXT,
                  {"AC-System-Error", "ข้อผิดพลาดของเครื่องรับสาย"},
                  {"The concentrator cannot serve now: %s.", "เครื่องรับสายให้บริการไม่ได้ในขณะนี้: %s"},
                  "RFC 2516 appendix A"},
    [GENERIC_ERROR] = {"pppoed.tags.generic_error",
                       FIELD_TEXT,
                       {"Generic-Error", "ข้อผิดพลาดทั่วไป"},
                       {"Something went wrong: %s.", "เกิดข้อผิดพลาด: %s"},
                       "RFC 2516 appendix A"},
    [TAG] = {"pppoed.tag",
             FIELD_HEX,
             {"Tag", "แท็ก"},
             {"A tag that is not explained here: %s.", "แท็กที่โปรแกรมนี้ไม่ได้อธิบาย: %s"},
             "RFC 2516 appendix A"},
    [TAG_LENGTH] = {"pppoed.tag_length",
                    FIELD_UINT,
                    {"Tag length", "ความยาวแท็ก"},
                    {"The tag has %s octets.", "แท็กนี้ยาว %s ออกเตต"},
                    "RFC 2516 appendix A"},
    [TAG_DATA] = {"pppoed.tag.unknown_data",
                  FIELD_OCTETS,
                  {"Unknown data", "ข้อมูลที่ไม่รู้จัก"},
                  {"The octets of the tag: %s.", "ออกเตตของแท็ก: %s"},
                  "RFC 2516 appendix A"},
    [BAD] = {"enveloscope.pppoe.bad",
             FIELD_NONE,
             {"The lengths do not fit", "ความยาวไม่สอดคล้องกัน"},
             {"A length leads out of the frame, or the header is cut off.",
              "ความยาวพาออกนอกเฟรม หรือส่วนหัวถูกตัดขาด"},
             "RFC 2516 section 4"},
    [PPP] = {"ppp",
             FIELD_PROTOCOL,
             {"Point-to-Point Protocol", "โพรโทคอล PPP"},
             {"PPP takes packets of several protocols over a line between two machines.",
              "PPP พาแพ็กเก็ตของหลายโพรโทคอลไปบนสายระหว่างเครื่องสองเครื่อง"},
             "RFC 1661 section 2"},
    [ADDRESS] = {"ppp.address",
                 FIELD_HEX,
                 {"Address", "ที่อยู่"},
                 {"On a line all stations are meant: %s.", "บนสายหมายถึงทุกสถานี: %s"},
                 "RFC 1662 section 3.1",
                 2},
    [CONTROL] = {"ppp.control",
                 FIELD_HEX,
                 {"Control", "ควบคุม"},
                 {"A frame without a number: %s.", "เฟรมที่ไม่มีหมายเลข: %s"},
                 "RFC 1662 section 3.1",
                 2},
    [PROTOCOL] = {"ppp.protocol",
                  FIELD_HEX,
                  {"Protocol", "โพรโทคอล"},
                  {"Which protocol is inside: %s.", "ข้างในเป็นโพรโทคอลใด: %s"},
                  "RFC 1661 section 2"},
    [LCP] = {"lcp",
             FIELD_PROTOCOL,
             {"PPP Link Control Protocol", "โพรโทคอลควบคุมสาย LCP"},
             {"The two ends agree how the line is to be used.", "สองฝ่ายตกลงกันว่าจะใช้สายอย่างไร"},
             "RFC 1661 section 5"},
    [IPCP] = {"ipcp",
              FIELD_PROTOCOL,
              {"PPP IP Control Protocol", "โพรโทคอลควบคุม IP ของ PPP"},
              {"Over PPP the provider hands out the address of the line.",
               "ผู้ให้บริการแจกที่อยู่ของสายผ่าน PPP"},
              "RFC 1332 section 3"},
    [IPV6CP] = {"ipv6cp",
                FIELD_PROTOCOL,
                {"PPP IPv6 Control Protocol", "โพรโทคอลควบคุม IPv6 ของ PPP"},
                {"The two ends agree on their interface identifiers.",
                 "สองฝ่ายตกลงตัวระบุอินเทอร์เฟซกัน"},
                "RFC 5072 section 3"},
    [PPP_CODE] = {"ppp.code",
                  FIELD_UINT,
                  {"Code", "รหัส"},
                  {"What kind of message this is: %s.", "ข้อความนี้เป็นชนิดใด: %s"},
                  "RFC 1661 section 5"},
    [PPP_ID] = {"ppp.identifier",
                FIELD_UINT,
                {"Identifier", "ตัวระบุ"},
                {"The answer repeats the number %s.", "คำตอบใช้หมายเลข %s ซ้ำ"},
                "RFC 1661 section 5"},
    [PPP_LENGTH] = {"ppp.length",
                    FIELD_UINT,
                    {"Length", "ความยาว"},
                    {"The message has %s octets.", "ข้อความนี้ยาว %s ออกเตต"},
                    "RFC 1661 section 5"},
    [PPP_DATA] = {"ppp.data",
                  FIELD_OCTETS,
                  {"Data", "ข้อมูล"},
                  {"What the message says: %s.", "เนื้อหาของข้อความ: %s"},
                  "RFC 1661 section 5"},
    [PAP] = {"pap",
             FIELD_PROTOCOL,
             {"PPP Password Authentication Protocol", "โพรโทคอลยืนยันตัวตน PAP"},
             {"With PAP the password goes over the line in the clear.",
              "PAP ส่งรหัสผ่านบนสายโดยไม่เข้ารหัสลับ"},
             "RFC 1334 section 2"},
    [PAP_CODE] = {"pap.code",
                  FIELD_UINT,
                  {"Code", "รหัส"},
                  {"A request or the answer to one: %s.", "คำขอหรือคำตอบ: %s"},
                  "RFC 1334 section 2.2"},
    [PAP_ID] = {"pap.identifier",
                FIELD_UINT,
                {"Identifier", "ตัวระบุ"},
                {"The answer repeats the number %s.", "คำตอบใช้หมายเลข %s ซ้ำ"},
                "RFC 1334 section 2.2"},
    [PAP_LENGTH] = {"pap.length",
                    FIELD_UINT,
                    {"Length", "ความยาว"},
                    {"The message has %s octets.", "ข้อความนี้ยาว %s ออกเตต"},
                    "RFC 1334 section 2.2"},
    [PEER_LENGTH] = {"pap.peer_id.length",
                     FIELD_UINT,
                     {"Peer-ID length", "ความยาวชื่อผู้ใช้"},
                     {"The name has %s octets.", "ชื่อยาว %s ออกเตต"},
                     "RFC 1334 section 2.2.1"},
    [PEER] = {"pap.peer_id",
              FIELD_TEXT,
              {"Peer-ID", "ชื่อผู้ใช้"},
              {"The line belongs to the customer %s.", "สายนี้เป็นของลูกค้า %s"},
              "RFC 1334 section 2.2.1"},
    [PASSWORD_LENGTH] = {"pap.password.length",
                         FIELD_UINT,
                         {"Password length", "ความยาวรหัสผ่าน"},
                         {"The password has %s octets.", "รหัสผ่านยาว %s ออกเตต"},
                         "RFC 1334 section 2.2.1"},
    [PASSWORD] = {"pap.password",
                  FIELD_TEXT,
                  {"Password", "รหัสผ่าน"},
                  {"Whoever records this frame reads the password %s.",
                   "ใครก็ตามที่บันทึกเฟรมนี้ได้จะอ่านรหัสผ่าน %s ออก"},
                  "RFC 1334 section 2.2.1"},
    [MESSAGE_LENGTH] = {"pap.message.length",
                        FIELD_UINT,
                        {"Message length", "ความยาวข้อความ"},
                        {"The answer's text has %s octets.", "ข้อความของคำตอบยาว %s ออกเตต"},
                        "RFC 1334 section 2.2.2"},
    [MESSAGE] = {"pap.message",
                 FIELD_TEXT,
                 {"Message", "ข้อความ"},
                 {"The answer in words: %s.", "คำตอบเป็นถ้อยคำ: %s"},
                 "RFC 1334 section 2.2.2"},
};
FIELD_TABLE(ppp_fields, defs);

static struct slice
part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

static void
bad(struct decode *d, struct slice s)
{
  build_flag(d, build_none(d, &defs[BAD], s), FIELD_FLAG_ODD);
}

/* ---- PPP over Ethernet ---- */

static const struct wire_name codes[] = {
    {0x00, "Session Data"},
    {0x07, "Active Discovery Offer (PADO)"},
    {0x09, "Active Discovery Initiation (PADI)"},
    {0x19, "Active Discovery Request (PADR)"},
    {0x65, "Active Discovery Session-confirmation (PADS)"},
    {0xa7, "Active Discovery Terminate (PADT)"},
};

static void
header_build(struct decode *d, struct slice s)
{
  build_number(d, &defs[VERSION], part(s, 0, 1), s.p[0] >> 4);
  build_number(d, &defs[TYPE], part(s, 0, 1), s.p[0] & 15);
  build_named(d, &defs[CODE], part(s, 1, 1), s.p[1], WIRE_NAME(codes, s.p[1]));
  build_number(d, &defs[SESSION_ID], part(s, 2, 2), get_be16(s.p + 2));
  build_number(d, &defs[LENGTH], part(s, 4, 2), get_be16(s.p + 4));
}

static void
vendor_build(struct decode *d, struct slice value)
{
  if (value.n < 4) {
    bad(d, value);
    return;
  }
  build_number(d, &defs[VENDOR_ID], part(value, 0, 4), get_be32(value.p));
  if (value.n > 4)
    build_octets(d, &defs[VENDOR_DATA], slice_skip(value, 4));
}

static void
tag_build(struct decode *d, uint16_t type, struct slice tag, struct slice value)
{
  static const struct {
    uint16_t type;
    uint8_t def;
  } known[] = {{0x0101, SERVICE},       {0x0102, AC_NAME},  {0x0103, HOST_UNIQ},
               {0x0104, COOKIE},        {0x0110, RELAY},    {0x0120, MAX_PAYLOAD},
               {0x0201, SERVICE_ERROR}, {0x0202, AC_ERROR}, {0x0203, GENERIC_ERROR}};
  if (type == 0x0105) {
    vendor_build(d, value);
    return;
  }
  for (unsigned i = 0; i < G_N_ELEMENTS(known); i++) {
    const struct field_def *def = &defs[known[i].def];
    if (known[i].type != type)
      continue;
    if (value.n == 0)
      return;
    if (def->type == FIELD_TEXT)
      build_text(d, def, value, value.p, value.n);
    else
      build_octets(d, def, value);
    return;
  }
  build_number(d, &defs[TAG], part(tag, 0, 2), type);
  build_number(d, &defs[TAG_LENGTH], part(tag, 2, 2), value.wire);
  if (value.n)
    build_octets(d, &defs[TAG_DATA], value);
}

static void
tags_build(struct decode *d, struct slice s)
{
  if (s.n == 0)
    return;
  unsigned group = build_none(d, &defs[TAGS], s);
  build_open(d, group);
  while (s.n >= 4 && get_be16(s.p) != 0) { /* 0 ends the list */
    uint32_t n = get_be16(s.p + 2);
    if (n > s.n - 4) {
      bad(d, s);
      break;
    }
    tag_build(d, get_be16(s.p), slice_cut(s, 4 + n), part(s, 4, n));
    s = slice_skip(s, 4 + n);
  }
  build_close(d, group);
}

void
pppoe_decode(struct decode *d, struct slice s, bool is_session)
{
  build_summary_protocol(d, is_session ? "PPPoES" : "PPPoED");
  unsigned layer = build_layer(d, &defs[is_session ? SESSION : DISCOVERY], s, NULL);
  if (s.n < PPPOE_OCTETS) {
    bad(d, s);
    build_layer_end(d, layer, s.n);
    return;
  }
  header_build(d, s);
  uint32_t octets = get_be16(s.p + 4);
  if (octets > s.wire - PPPOE_OCTETS)
    bad(d, part(s, 4, 2));
  struct slice payload = slice_cut(slice_skip(s, PPPOE_OCTETS), octets);
  const char *word = WIRE_NAME(codes, s.p[1]);
  if (!is_session) {
    tags_build(d, payload);
    build_layer_end(d, layer, PPPOE_OCTETS + payload.n);
    build_info(d, "%s", word ? word : "?");
    return;
  }
  build_layer_end(d, layer, PPPOE_OCTETS);
  ppp_decode(d, payload);
}

/* ---- PPP ---- */

static const struct wire_name protocols[] = {
    {PPP_IPV4, "Internet Protocol version 4"},
    {PPP_IPV6, "Internet Protocol version 6"},
    {PPP_IPCP, "Internet Protocol Control Protocol"},
    {PPP_IPV6CP, "IPv6 Control Protocol"},
    {PPP_LCP, "Link Control Protocol"},
    {PPP_PAP, "Password Authentication Protocol"},
    {PPP_LQR, "Link Quality Report"},
    {PPP_CHAP, "Challenge Handshake Authentication Protocol"},
};

const char *
ppp_protocol_name(uint16_t protocol)
{
  return WIRE_NAME(protocols, protocol);
}

static const struct wire_name control_codes[] = {
    {1, "Configuration Request"}, {2, "Configuration Ack"},   {3, "Configuration Nak"},
    {4, "Configuration Reject"},  {5, "Termination Request"}, {6, "Termination Ack"},
    {7, "Code Reject"},           {8, "Protocol Reject"},     {9, "Echo Request"},
    {10, "Echo Reply"},           {11, "Discard Request"},    {12, "Identification"},
    {13, "Time Remaining"},
};

static const struct wire_name pap_codes[] = {
    {1, "Authenticate-Request"}, {2, "Authenticate-Ack"}, {3, "Authenticate-Nak"}};

/* LCP and the control protocols of IP: code, identifier, length, options. */
static void
control_build(struct decode *d, const struct field_def *def, uint16_t protocol, struct slice s)
{
  build_summary_protocol(d, protocol == PPP_LCP    ? "PPP LCP"
                            : protocol == PPP_IPCP ? "PPP IPCP"
                                                   : "PPP IPV6CP");
  unsigned layer = build_layer(d, def, s, NULL);
  if (s.n < 4 || get_be16(s.p + 2) < 4) {
    bad(d, s);
    build_layer_end(d, layer, s.n);
    return;
  }
  const char *word = WIRE_NAME(control_codes, s.p[0]);
  build_named(d, &defs[PPP_CODE], part(s, 0, 1), s.p[0], word);
  build_number(d, &defs[PPP_ID], part(s, 1, 1), s.p[1]);
  build_number(d, &defs[PPP_LENGTH], part(s, 2, 2), get_be16(s.p + 2));
  s = slice_cut(s, get_be16(s.p + 2));
  struct slice data = slice_skip(s, 4);
  if (data.n && !ppp_control_data_build(d, protocol, s.p[0], data))
    build_octets(d, &defs[PPP_DATA], data);
  build_layer_end(d, layer, s.n);
  build_info(d, "%s", word ? word : "?");
}

/* A length and so many octets at s; what is left. */
static struct slice
pap_text(struct decode *d, unsigned length_def, unsigned def, struct slice s)
{
  if (s.n == 0)
    return s;
  uint32_t n = s.p[0];
  build_number(d, &defs[length_def], part(s, 0, 1), n);
  struct slice text = part(s, 1, n);
  if (def == PASSWORD)
    build_secret(d, s.source, text.first, slice_skip(s, 1).n); /* also what a wrong length hides */
  build_text(d, &defs[def], text, text.p, text.n);
  return slice_skip(s, 1 + n);
}

static void
pap_build(struct decode *d, struct slice s)
{
  build_summary_protocol(d, "PPP PAP");
  unsigned layer = build_layer(d, &defs[PAP], s, NULL);
  if (s.n < 4) {
    bad(d, s);
    build_layer_end(d, layer, s.n);
    return;
  }
  const char *word = WIRE_NAME(pap_codes, s.p[0]);
  build_named(d, &defs[PAP_CODE], part(s, 0, 1), s.p[0], word);
  build_number(d, &defs[PAP_ID], part(s, 1, 1), s.p[1]);
  build_number(d, &defs[PAP_LENGTH], part(s, 2, 2), get_be16(s.p + 2));
  struct slice data = slice_skip(s, 4);
  if (s.p[0] == 1)
    pap_text(d, PASSWORD_LENGTH, PASSWORD, pap_text(d, PEER_LENGTH, PEER, data));
  else
    pap_text(d, MESSAGE_LENGTH, MESSAGE, data);
  build_layer_end(d, layer, s.n);
  build_info(d, "%s", word ? word : "?");
}

void
ppp_decode(struct decode *d, struct slice s)
{
  unsigned layer = build_layer(d, &defs[PPP], s, NULL);
  uint32_t first = s.first;
  build_summary_protocol(d, "PPP");
  if (s.n >= 2 && s.p[0] == 0xff && s.p[1] == 3) {
    build_number(d, &defs[ADDRESS], part(s, 0, 1), s.p[0]);
    build_number(d, &defs[CONTROL], part(s, 1, 1), s.p[1]);
    s = slice_skip(s, 2);
  }
  uint32_t octets =
      s.n && s.p[0] & 1 && s.p[0] != 0xff ? 1 : 2; /* RFC 1661 6.5: its last octet alone is odd */
  if (s.n < octets) {
    bad(d, s);
    build_layer_end(d, layer, s.first - first + s.n);
    return;
  }
  uint16_t protocol = octets == 1 ? s.p[0] : get_be16(s.p);
  const char *word = WIRE_NAME(protocols, protocol);
  build_named(d, &defs[PROTOCOL], slice_cut(s, octets), protocol, word);
  s = slice_skip(s, octets);
  build_layer_end(d, layer, s.first - first);
  switch (protocol) {
  case PPP_IPV4:
    ether_type_decode(d, s, ETHER_IPV4);
    break;
  case PPP_IPV6:
    ether_type_decode(d, s, ETHER_IPV6);
    break;
  case PPP_LCP:
    control_build(d, &defs[LCP], protocol, s);
    break;
  case PPP_IPCP:
    control_build(d, &defs[IPCP], protocol, s);
    break;
  case PPP_IPV6CP:
    control_build(d, &defs[IPV6CP], protocol, s);
    break;
  case PPP_PAP:
    pap_build(d, s);
    break;
  default:
    if (protocol == PPP_CHAP) /* its answers can be guessed at, RFC 1994 */
      build_secret(d, s.source, s.first, s.n);
    build_info(d, "%s", word ? word : "PPP");
    data_decode(d, s);
  }
}
