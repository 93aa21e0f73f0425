/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip_option.c -- what an IP header asks for beyond its plain fields: options of IPv4 (RFC 791 3.1,
 * 2113), options in the hop-by-hop and destination headers of IPv6 (RFC 8200 4.2, 2711, 2675), and
 * the routing header (RFC 8200 4.4, 5095).
 *
 *   IPv4 | copy 1 bit, class 2, number 5 | length | pointer | addresses or times |
 *   IPv6 | what if unknown 2, may change 1, rest 5 | length | data | */
#include "capture/decode/build.h"

/* clang-format off */
enum {
  OPTIONS, TYPE, COPY, CLASS, NUMBER, LEN, PTR, RECORDED, CURRENT, SOURCE_ROUTE, EMPTY, OVERFLOWS,
  FLAG, STAMP, STAMP_ADDR, ALERT, WRONG, OPTION6, TYPE6, ACTION6, CHANGE6, REST6, LEN6, PAD1, PADN,
  ALERT6, JUMBO, EXPERIMENT6, UNKNOWN6, SEGMENTS, ROUTING_RESERVED, ROUTING_ADDR, ROUTING_DATA,
};
/* clang-format on */

static const struct field_def defs[] = {
    [OPTIONS] = {"enveloscope.ip.options",
                 FIELD_NONE,
                 {"Options", "ตัวเลือก"},
                 {"Options ask routers for something special; they are rare today.",
                  "ตัวเลือกขอให้เราเตอร์ทำสิ่งพิเศษ ปัจจุบันพบได้น้อย"},
                 "RFC 791 section 3.1"},
    [TYPE] = {"ip.opt.type",
              FIELD_UINT,
              {"Type", "ชนิด"},
              {"The kind of this option: %s.", "ชนิดของตัวเลือกนี้: %s"},
              "RFC 791 section 3.1"},
    [COPY] = {"ip.opt.type.copy",
              FIELD_BOOL,
              {"Copy on fragmentation", "คัดลอกไปทุกชิ้นส่วน"},
              {"Whether every fragment carries this option, or only the first: %s.",
               "ทุกชิ้นส่วนมีตัวเลือกนี้ หรือมีเฉพาะชิ้นแรก: %s"},
              "RFC 791 section 3.1"},
    [CLASS] = {"ip.opt.type.class",
               FIELD_UINT,
               {"Class", "คลาส"},
               {"What the option is for: %s.", "ตัวเลือกนี้ใช้เพื่อ: %s"},
               "RFC 791 section 3.1"},
    [NUMBER] = {"ip.opt.type.number",
                FIELD_UINT,
                {"Number", "หมายเลข"},
                {"The option's number in its class: %s.", "หมายเลขของตัวเลือกในประเภท: %s"},
                "RFC 791 section 3.1"},
    [LEN] = {"ip.opt.len",
             FIELD_UINT,
             {"Length", "ความยาว"},
             {"This option takes %s octets.", "ตัวเลือกนี้ยาว %s ออกเตต"},
             "RFC 791 section 3.1"},
    [PTR] = {"ip.opt.ptr",
             FIELD_UINT,
             {"Pointer", "ตัวชี้"},
             {"The next router writes at octet %s of this option, counted from 1.",
              "เราเตอร์ถัดไปเขียนที่ออกเตต %s ของตัวเลือกนี้ โดยนับจาก 1"},
             "RFC 791 section 3.1"},
    [RECORDED] = {"ip.rec_rt",
                  FIELD_IPV4,
                  {"Recorded route", "เส้นทางที่บันทึกไว้"},
                  {"The datagram passed %s.", "ดาตาแกรมผ่าน %s มาแล้ว"},
                  "RFC 791 section 3.1"},
    [CURRENT] = {"ip.cur_rt",
                 FIELD_IPV4,
                 {"Current route", "จุดปัจจุบันของเส้นทาง"},
                 {"The next stop of the prescribed way is %s.", "จุดถัดไปของเส้นทางที่กำหนดคือ %s"},
                 "RFC 791 section 3.1"},
    [SOURCE_ROUTE] = {"ip.src_rt",
                      FIELD_IPV4,
                      {"Source route", "เส้นทางที่ต้นทางกำหนด"},
                      {"The prescribed way still leads over %s.", "เส้นทางที่กำหนดยังต้องผ่าน %s"},
                      "RFC 791 section 3.1"},
    [EMPTY] = {"ip.empty_rt",
               FIELD_IPV4,
               {"Empty route", "ช่องเส้นทางที่ว่าง"},
               {"Here is room for the address of a router to come: %s.",
                "ที่ว่างสำหรับที่อยู่ของเราเตอร์ถัดไป: %s"},
               "RFC 791 section 3.1"},
    [OVERFLOWS] = {"ip.opt.overflow",
                   FIELD_UINT,
                   {"Overflow", "จำนวนที่ล้น"},
                   {"%s machines found no more room to write.", "มี %s เครื่องที่ไม่เหลือที่ให้เขียน"},
                   "RFC 791 section 3.1"},
    [FLAG] = {"ip.opt.flag",
              FIELD_HEX,
              {"Flag", "แฟล็ก"},
              {"Whether addresses stand before the times: %s.", "มีที่อยู่นำหน้าเวลาหรือไม่: %s"},
              "RFC 791 section 3.1",
              2},
    [STAMP] = {"ip.opt.time_stamp",
               FIELD_UINT,
               {"Time stamp", "ตราเวลา"},
               {"The machine saw the datagram %s ms after midnight UT.",
                "เครื่องเห็นดาตาแกรมนี้เมื่อ %s มิลลิวินาทีหลังเที่ยงคืน (UT)"},
               "RFC 791 section 3.1"},
    [STAMP_ADDR] = {"ip.opt.time_stamp_addr",
                    FIELD_IPV4,
                    {"Address", "ที่อยู่"},
                    {"The machine that writes its time is %s.", "เครื่องที่เขียนเวลาคือ %s"},
                    "RFC 791 section 3.1"},
    [ALERT] = {"ip.opt.ra",
               FIELD_UINT,
               {"Router alert", "แจ้งเตือนเราเตอร์"},
               {"Every router on the way is asked to look at this datagram: %s.",
                "ขอให้เราเตอร์ทุกตัวระหว่างทางตรวจดูดาตาแกรมนี้: %s"},
               "RFC 2113 section 2.1"},
    [WRONG] = {"enveloscope.ip.option.wrong",
               FIELD_NONE,
               {"The option's length is impossible", "ความยาวของตัวเลือกเป็นไปไม่ได้"},
               {"What follows cannot be read.", "อ่านส่วนที่ตามมาไม่ได้"},
               "RFC 791 section 3.1"},
    [OPTION6] = {"ipv6.opt",
                 FIELD_NONE,
                 {"IPv6 option", "ตัวเลือก IPv6"},
                 {"One option of this extension header.", "ตัวเลือกหนึ่งในส่วนหัวเสริมนี้"},
                 "RFC 8200 section 4.2"},
    [TYPE6] = {"ipv6.opt.type",
               FIELD_HEX,
               {"Type", "ชนิด"},
               {"The kind of this option: %s.", "ชนิดของตัวเลือกนี้: %s"},
               "RFC 8200 section 4.2",
               2},
    [ACTION6] = {"ipv6.opt.type.action",
                 FIELD_UINT,
                 {"Action", "การกระทำ"},
                 {"What a machine does that does not know this option: %s.",
                  "เครื่องที่ไม่รู้จักตัวเลือกนี้ต้องทำอย่างไร: %s"},
                 "RFC 8200 section 4.2"},
    [CHANGE6] = {"ipv6.opt.type.change",
                 FIELD_BOOL,
                 {"May change", "อาจเปลี่ยนระหว่างทาง"},
                 {"Whether routers may change the option's data on the way: %s.",
                  "เราเตอร์เปลี่ยนข้อมูลของตัวเลือกระหว่างทางได้หรือไม่: %s"},
                 "RFC 8200 section 4.2"},
    [REST6] = {"ipv6.opt.type.rest",
               FIELD_HEX,
               {"Low-order bits", "บิตล่าง"},
               {"The rest of the option's number: %s.", "ส่วนที่เหลือของหมายเลขตัวเลือก: %s"},
               "RFC 8200 section 4.2",
               2},
    [LEN6] = {"ipv6.opt.length",
              FIELD_UINT,
              {"Length", "ความยาว"},
              {"%s octets of data follow.", "มีข้อมูลตามมา %s ออกเตต"},
              "RFC 8200 section 4.2"},
    [PAD1] = {"ipv6.opt.pad1",
              FIELD_NONE,
              {"Pad1", "ส่วนเติมหนึ่งออกเตต (Pad1)"},
              {"One octet that only fills.", "ออกเตตเดียวที่ใช้เติมให้เต็ม"},
              "RFC 8200 section 4.2"},
    [PADN] = {"ipv6.opt.padn",
              FIELD_OCTETS,
              {"PadN", "ส่วนเติมหลายออกเตต (PadN)"},
              {"Octets that only fill: %s.", "ออกเตตที่ใช้เติมให้เต็ม: %s"},
              "RFC 8200 section 4.2"},
    [ALERT6] = {"ipv6.opt.router_alert",
                FIELD_UINT,
                {"Router alert", "แจ้งเตือนเราเตอร์"},
                {"Every router on the way is asked to look at this packet, because of: %s.",
                 "ขอให้เราเตอร์ทุกตัวระหว่างทางตรวจดูแพ็กเก็ตนี้ เพราะ: %s"},
                "RFC 2711 section 2.1"},
    [JUMBO] = {"ipv6.opt.jumbo",
               FIELD_UINT,
               {"Payload length", "ความยาวเนื้อหา"},
               {"The packet is larger than its header can say: %s octets.",
                "แพ็กเก็ตยาวเกินกว่าที่เฮดเดอร์บอกได้: %s ออกเตต"},
               "RFC 2675 section 2"},
    [EXPERIMENT6] = {"ipv6.opt.experimental",
                     FIELD_OCTETS,
                     {"Experimental option", "ตัวเลือกทดลอง"},
                     {"Data of an experiment: %s.", "ข้อมูลของการทดลอง: %s"},
                     "RFC 4727 section 3.5"},
    [UNKNOWN6] = {"ipv6.opt.unknown",
                  FIELD_OCTETS,
                  {"Unknown option payload", "เนื้อหาตัวเลือกที่ไม่รู้จัก"},
                  {"Data of an option that is not read here: %s.", "ข้อมูลของตัวเลือกที่ไม่ได้อ่านที่นี่: %s"},
                  "RFC 8200 section 4.2"},
    [SEGMENTS] = {"ipv6.routing.segleft",
                  FIELD_UINT,
                  {"Segments left", "จำนวนจุดที่เหลือ"},
                  {"%s machines of the list are still to be visited.",
                   "ยังต้องผ่านอีก %s เครื่องในรายการ"},
                  "RFC 8200 section 4.4"},
    [ROUTING_RESERVED] = {"ipv6.routing.src.reserved",
                          FIELD_OCTETS,
                          {"Reserved", "สงวนไว้"},
                          {"These octets have no meaning: %s.", "ออกเตตเหล่านี้ไม่มีความหมาย: %s"},
                          "RFC 8200 section 4.4"},
    [ROUTING_ADDR] = {"ipv6.routing.src.addr",
                      FIELD_IPV6,
                      {"Address", "ที่อยู่"},
                      {"The list names %s.", "ในรายการมี %s"},
                      "RFC 8200 section 4.4"},
    [ROUTING_DATA] = {"ipv6.routing.unknown_data",
                      FIELD_OCTETS,
                      {"Type-specific data", "ข้อมูลเฉพาะชนิด"},
                      {"What this type of routing header says: %s.",
                       "ข้อมูลเฉพาะของส่วนหัวจัดเส้นทางชนิดนี้: %s"},
                      "RFC 8200 section 4.4"},
};
FIELD_TABLE(ip_option_fields, defs);

static struct slice
part(struct slice s, uint32_t at, uint32_t n)
{
  return slice_cut(slice_skip(s, at), n);
}

/* ---- IPv4 ---- */

enum { END = 0, NOP = 1, RECORD = 7, TIMES = 68, LOOSE = 131, STRICT = 137, ROUTER_ALERT = 148 };

static const struct wire_name option_names[] = {
    {END, "End of Option List (EOL)"},
    {NOP, "No-Operation (NOP)"},
    {RECORD, "Record Route"},
    {TIMES, "Time Stamp"},
    {130, "Security"},
    {LOOSE, "Loose Source Route"},
    {134, "Commercial Security"},
    {136, "Stream ID"},
    {STRICT, "Strict Source Route"},
    {ROUTER_ALERT, "Router Alert"},
};

static void
type_build(struct decode *d, struct slice s)
{
  static const char *const classes[] = {"Control", "Reserved", "Debugging and measurement",
                                        "Reserved"};
  struct slice octet = part(s, 0, 1);
  unsigned group = build_named(d, &defs[TYPE], octet, s.p[0], WIRE_NAME(option_names, s.p[0]));
  build_open(d, group);
  build_number(d, &defs[COPY], octet, s.p[0] >> 7);
  build_named(d, &defs[CLASS], octet, s.p[0] >> 5 & 3, classes[s.p[0] >> 5 & 3]);
  build_number(d, &defs[NUMBER], octet, s.p[0] & 31);
  build_close(d, group);
}

/* Addresses before the pointer were visited; in a source route those behind it are to come. */
static void
route_build(struct decode *d, struct slice s)
{
  if (s.n < 3)
    return;
  uint32_t pointer = s.p[2];
  build_number(d, &defs[PTR], part(s, 2, 1), pointer);
  for (uint32_t at = 3; at + 4 <= s.n; at += 4) {
    unsigned def = at + 1 < pointer    ? RECORDED
                   : s.p[0] == RECORD  ? EMPTY
                   : at + 1 == pointer ? CURRENT
                                       : SOURCE_ROUTE;
    build_octets(d, &defs[def], part(s, at, 4));
  }
}

static void
times_build(struct decode *d, struct slice s)
{
  static const char *const flags[] = {"Time stamps only", "Time stamp and address", NULL,
                                      "Time stamps for prespecified addresses"};
  if (s.n < 4)
    return;
  unsigned flag = s.p[3] & 15;
  build_number(d, &defs[PTR], part(s, 2, 1), s.p[2]);
  build_number(d, &defs[OVERFLOWS], part(s, 3, 1), s.p[3] >> 4);
  build_named(d, &defs[FLAG], part(s, 3, 1), flag, flag < 4 ? flags[flag] : NULL);
  bool has_addresses = flag != 0;
  for (uint32_t at = 4; at + (has_addresses ? 8 : 4) <= s.n; at += 4) {
    if (has_addresses) {
      build_octets(d, &defs[STAMP_ADDR], part(s, at, 4));
      at += 4;
    }
    build_number(d, &defs[STAMP], part(s, at, 4), get_be32(s.p + at));
  }
}

void
ip_options_build(struct decode *d, struct slice s)
{
  if (s.n == 0)
    return;
  unsigned group = build_none(d, &defs[OPTIONS], s);
  build_open(d, group);
  while (s.n > 0) {
    uint8_t type = s.p[0];
    uint32_t n = type == END || type == NOP ? 1 : s.n >= 2 ? s.p[1] : 0;
    type_build(d, s);
    if (type == END)
      break;
    if (n == 0 || n > s.n || (n == 1 && type != NOP)) {
      build_flag(d, build_none(d, &defs[WRONG], s), FIELD_FLAG_ODD);
      break;
    }
    struct slice o = slice_cut(s, n);
    if (type != NOP)
      build_number(d, &defs[LEN], part(o, 1, 1), n);
    if (type == RECORD || type == LOOSE || type == STRICT)
      route_build(d, o);
    else if (type == TIMES)
      times_build(d, o);
    else if (type == ROUTER_ALERT && n >= 4)
      build_number(d, &defs[ALERT], part(o, 2, 2), get_be16(o.p + 2));
    s = slice_skip(s, n);
  }
  build_close(d, group);
}

/* ---- IPv6 ---- */

static const struct wire_name option6_names[] = {
    {0x00, "Pad1"},          {0x01, "PadN"},
    {0x05, "Router Alert"},  {0x3e, "Experimental (0x3e)"},
    {0xc2, "Jumbo Payload"}, {0xc9, "Home Address"},
};

static const char *const alerts[] = {"MLD", "RSVP", "Active Network"};

static void
type6_build(struct decode *d, struct slice octet)
{
  static const char *const actions[] = {"Skip and continue", "Discard", "Discard and send ICMP",
                                        "Discard and send ICMP if not multicast"};
  uint8_t type = octet.p[0];
  unsigned field = build_named(d, &defs[TYPE6], octet, type, WIRE_NAME(option6_names, type));
  if (type == 0)
    return;
  build_open(d, field);
  build_named(d, &defs[ACTION6], octet, type >> 6, actions[type >> 6]);
  build_number(d, &defs[CHANGE6], octet, type >> 5 & 1);
  build_number(d, &defs[REST6], octet, type & 31);
  build_close(d, field);
}

static void
option6_build(struct decode *d, struct slice o)
{
  struct slice data = slice_skip(o, 2);
  build_number(d, &defs[LEN6], part(o, 1, 1), o.p[1]);
  if (data.n == 0)
    return;
  if (o.p[0] == 1)
    build_octets(d, &defs[PADN], data);
  else if (o.p[0] == 5 && data.n == 2)
    build_named(d, &defs[ALERT6], data, get_be16(data.p),
                get_be16(data.p) < 3 ? alerts[get_be16(data.p)] : NULL);
  else if (o.p[0] == 0xc2 && data.n == 4)
    build_number(d, &defs[JUMBO], data, get_be32(data.p));
  else
    build_octets(d, &defs[(o.p[0] & 0x1f) == 0x1e ? EXPERIMENT6 : UNKNOWN6], data);
}

void
ip6_options_build(struct decode *d, struct slice s)
{
  while (s.n > 0) {
    uint32_t n = s.p[0] == 0 ? 1 : s.n >= 2 ? 2u + s.p[1] : UINT32_MAX;
    if (n > s.n) {
      build_flag(d, build_none(d, &defs[WRONG], s), FIELD_FLAG_ODD);
      return;
    }
    struct slice o = slice_cut(s, n);
    unsigned group = build_none(d, &defs[OPTION6], o);
    build_open(d, group);
    type6_build(d, part(o, 0, 1));
    if (s.p[0] == 0)
      build_none(d, &defs[PAD1], o);
    else
      option6_build(d, o);
    build_close(d, group);
    s = slice_skip(s, n);
  }
}

void
ip6_routing_build(struct decode *d, struct slice s)
{
  if (s.n < 2)
    return;
  uint8_t type = s.p[0];
  build_number(d, &defs[SEGMENTS], part(s, 1, 1), s.p[1]);
  s = slice_skip(s, 2);
  if (type != 0) {
    if (s.n > 0)
      build_octets(d, &defs[ROUTING_DATA], s);
    return;
  }
  if (s.n >= 4)
    build_octets(d, &defs[ROUTING_RESERVED], part(s, 0, 4));
  for (uint32_t at = 4; at + 16 <= s.n; at += 16)
    build_octets(d, &defs[ROUTING_ADDR], part(s, at, 16));
}
