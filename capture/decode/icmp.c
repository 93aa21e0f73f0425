/* SPDX-License-Identifier: GPL-3.0-or-later */
/* icmp.c -- what machines and routers tell one another about IP: echo, unreachable, time exceeded.
 *
 *     | type 1 | code 1 | checksum 2 | rest 4 | data: of an echo, or the datagram that caused an
 * error |
 *
 * The quoted datagram is decoded like any other, marked as quoted: it belongs to no stream here,
 * and the octets behind its headers count as a secret, because nothing proves that they are none.
 * RFC 792, 1191 (MTU), 4443. Neighbour discovery is nd.c's. */
#include "capture/decode/build.h"

#include "capture/wire/nd.h"

enum {
  ICMP,
  TYPE,
  CODE,
  CHECKSUM,
  CHECKSUM_STATUS,
  IDENT,
  SEQ,
  UNUSED,
  MTU,
  REDIR_GW,
  POINTER,
  ICMP6,
  TYPE6,
  CODE6,
  CHECKSUM6,
  CHECKSUM_STATUS6,
  IDENT6,
  SEQ6,
  MTU6,
  POINTER6,
  RESERVED6,
  SHORT,
};

static const struct field_def defs[] = {
    [ICMP] = {"icmp",
              FIELD_PROTOCOL,
              {"Internet Control Message Protocol", "ICMP โปรโตคอลแจ้งเหตุและควบคุม"},
              {"ICMP carries questions and complaints about IP itself: is this machine there, why "
               "did this "
               "datagram not arrive.",
               "ICMP ส่งคำถามและข้อร้องเรียนเกี่ยวกับ IP เอง เช่น เครื่องนี้อยู่หรือไม่ ทำไมดาตาแกรมนี้ไปไม่ถึง"},
              "RFC 792"},
    [TYPE] = {"icmp.type",
              FIELD_UINT,
              {"Type", "ชนิด"},
              {"What this message says: %s.", "ข้อความนี้บอกว่า: %s"},
              "RFC 792"},
    [CODE] = {"icmp.code",
              FIELD_UINT,
              {"Code", "รหัส"},
              {"More exactly: %s.", "รายละเอียดเพิ่มเติม: %s"},
              "RFC 792"},
    [CHECKSUM] = {"icmp.checksum",
                  FIELD_HEX,
                  {"Checksum", "ผลรวมตรวจสอบ"},
                  {"A sum over the message with which the receiver finds damage: %s.",
                   "ผลรวมของข้อความที่ผู้รับใช้ตรวจหาความเสียหาย: %s"},
                  "RFC 1071 section 1"},
    [CHECKSUM_STATUS] = {"icmp.checksum.status",
                         FIELD_UINT,
                         {"Checksum status", "ผลการตรวจสอบผลรวม"},
                         {"The checksum was computed again and compared: %s.",
                          "คำนวณผลรวมตรวจสอบใหม่แล้วเปรียบเทียบ ผลคือ %s"},
                         "RFC 1071 section 1"},
    [IDENT] = {"icmp.ident",
               FIELD_UINT,
               {"Identifier", "ตัวระบุ"},
               {"Questions and answers of one ping carry the same number %s.",
                "คำถามและคำตอบของการ ping ครั้งเดียวกันมีหมายเลข %s เหมือนกัน"},
               "RFC 792"},
    [SEQ] = {"icmp.seq",
             FIELD_UINT,
             {"Sequence number", "หมายเลขลำดับ"},
             {"This is question or answer number %s of that ping.",
              "นี่คือคำถามหรือคำตอบลำดับที่ %s ของการ ping นั้น"},
             "RFC 792"},
    [UNUSED] = {"icmp.unused",
                FIELD_OCTETS,
                {"Unused", "ไม่ได้ใช้"},
                {"These octets have no meaning in this message: %s.",
                 "ออกเตตเหล่านี้ไม่มีความหมายในข้อความนี้: %s"},
                "RFC 792"},
    [MTU] = {"icmp.mtu",
             FIELD_UINT,
             {"MTU of the next hop", "MTU ของช่วงถัดไป"},
             {"The next line carries datagrams of at most %s octets.",
              "เส้นทางช่วงถัดไปรับดาตาแกรมได้ไม่เกิน %s ออกเตต"},
             "RFC 1191 section 4"},
    [REDIR_GW] = {"icmp.redir_gw",
                  FIELD_IPV4,
                  {"Gateway address", "ที่อยู่เกตเวย์"},
                  {"The better router for this destination is %s.",
                   "เราเตอร์ที่เหมาะกว่าสำหรับปลายทางนี้คือ %s"},
                  "RFC 792"},
    [POINTER] = {"icmp.pointer",
                 FIELD_UINT,
                 {"Pointer", "ตัวชี้"},
                 {"The trouble lies at octet %s of the datagram that is quoted.",
                  "ปัญหาอยู่ที่ออกเตตที่ %s ของดาตาแกรมที่อ้างถึง"},
                 "RFC 792"},
    [ICMP6] = {"icmpv6",
               FIELD_PROTOCOL,
               {"Internet Control Message Protocol v6", "ICMPv6 โปรโตคอลแจ้งเหตุและควบคุม"},
               {"ICMPv6 carries questions and complaints about IPv6, and finds neighbours as ARP "
                "does for "
                "IPv4.",
                "ICMPv6 ส่งคำถามและข้อร้องเรียนเกี่ยวกับ IPv6 และค้นหาเครื่องข้างเคียงเหมือนที่ ARP ทำให้ IPv4"},
               "RFC 4443 section 2.1"},
    [TYPE6] = {"icmpv6.type",
               FIELD_UINT,
               {"Type", "ชนิด"},
               {"What this message says: %s.", "ข้อความนี้บอกว่า: %s"},
               "RFC 4443 section 2.1"},
    [CODE6] = {"icmpv6.code",
               FIELD_UINT,
               {"Code", "รหัส"},
               {"More exactly: %s.", "รายละเอียดเพิ่มเติม: %s"},
               "RFC 4443 section 2.1"},
    [CHECKSUM6] =
        {"icmpv6.checksum",
         FIELD_HEX,
         {"Checksum", "ผลรวมตรวจสอบ"},
         {"A sum over the message and the addresses with which the receiver finds damage: %s.",
          "ผลรวมของข้อความและที่อยู่ที่ผู้รับใช้ตรวจหาความเสียหาย: %s"},
         "RFC 4443 section 2.3"},
    [CHECKSUM_STATUS6] = {"icmpv6.checksum.status",
                          FIELD_UINT,
                          {"Checksum status", "ผลการตรวจสอบผลรวม"},
                          {"The checksum was computed again and compared: %s.",
                           "คำนวณผลรวมตรวจสอบใหม่แล้วเปรียบเทียบ ผลคือ %s"},
                          "RFC 4443 section 2.3"},
    [IDENT6] = {"icmpv6.echo.identifier",
                FIELD_HEX,
                {"Identifier", "ตัวระบุ"},
                {"Questions and answers of one ping carry the same number %s.",
                 "คำถามและคำตอบของการ ping ครั้งเดียวกันมีหมายเลข %s เหมือนกัน"},
                "RFC 4443 section 4.1"},
    [SEQ6] = {"icmpv6.echo.sequence_number",
              FIELD_UINT,
              {"Sequence", "ลำดับ"},
              {"This is question or answer number %s of that ping.",
               "นี่คือคำถามหรือคำตอบลำดับที่ %s ของการ ping นั้น"},
              "RFC 4443 section 4.1"},
    [MTU6] = {"icmpv6.mtu",
              FIELD_UINT,
              {"MTU", "ขนาด MTU"},
              {"The next line carries datagrams of at most %s octets.",
               "เส้นทางช่วงถัดไปรับดาตาแกรมได้ไม่เกิน %s ออกเตต"},
              "RFC 4443 section 3.2"},
    [RESERVED6] = {"icmpv6.reserved",
                   FIELD_OCTETS,
                   {"Reserved", "สงวนไว้"},
                   {"These octets have no meaning in this message: %s.",
                    "ออกเตตเหล่านี้ไม่มีความหมายในข้อความนี้: %s"},
                   "RFC 4443 section 3.1"},
    [POINTER6] = {"icmpv6.pointer",
                  FIELD_UINT,
                  {"Pointer", "ตัวชี้"},
                  {"The trouble lies at octet %s of the packet that is quoted.",
                   "ปัญหาอยู่ที่ออกเตตที่ %s ของแพ็กเก็ตที่อ้างถึง"},
                  "RFC 4443 section 3.4"},
    [SHORT] = {"enveloscope.icmp.short",
               FIELD_NONE,
               {"The ICMP message is cut off", "ข้อความ ICMP ขาดหาย"},
               {"The octets end inside the ICMP header.", "ออกเตตจบลงกลางส่วนหัว ICMP"},
               "RFC 792"},
};
FIELD_TABLE(icmp_fields, defs);

struct icmp_name {
  uint8_t type;
  int16_t code; /* -1: of the type */
  const char *name;
};

static const struct icmp_name names4[] = {
    {0, -1, "Echo (ping) reply"},
    {3, -1, "Destination unreachable"},
    {3, 0, "Network unreachable"},
    {3, 1, "Host unreachable"},
    {3, 2, "Protocol unreachable"},
    {3, 3, "Port unreachable"},
    {3, 4, "Fragmentation needed"},
    {3, 5, "Source route failed"},
    {3, 9, "Network administratively prohibited"},
    {3, 10, "Host administratively prohibited"},
    {3, 13, "Communication administratively filtered"},
    {4, -1, "Source quench (flow control)"},
    {5, -1, "Redirect"},
    {5, 0, "Redirect for network"},
    {5, 1, "Redirect for host"},
    {8, -1, "Echo (ping) request"},
    {9, -1, "Router advertisement"},
    {10, -1, "Router solicitation"},
    {11, -1, "Time-to-live exceeded"},
    {11, 0, "Time to live exceeded in transit"},
    {11, 1, "Fragment reassembly time exceeded"},
    {12, -1, "Parameter problem"},
    {12, 0, "Pointer indicates the error"},
    {13, -1, "Timestamp request"},
    {14, -1, "Timestamp reply"},
};

static const struct icmp_name names6[] = {
    {1, -1, "Destination Unreachable"},
    {1, 0, "no route to destination"},
    {1, 1, "Administratively prohibited"},
    {1, 3, "Address unreachable"},
    {1, 4, "Port unreachable"},
    {2, -1, "Packet Too Big"},
    {3, -1, "Time Exceeded"},
    {3, 0, "hop limit exceeded in transit"},
    {3, 1, "fragment reassembly time exceeded"},
    {1, 2, "Beyond scope of source address"},
    {4, -1, "Parameter Problem"},
    {4, 0, "erroneous header field encountered"},
    {4, 1, "unrecognized Next Header type encountered"},
    {4, 2, "unrecognized IPv6 option encountered"},
    {4, 3, "IPv6 First Fragment has incomplete IPv6 Header Chain"},
    {128, -1, "Echo (ping) request"},
    {129, -1, "Echo (ping) reply"},
    {130, -1, "Multicast Listener Query"},
    {131, -1, "Multicast Listener Report"},
    {132, -1, "Multicast Listener Done"},
    {133, -1, "Router Solicitation"},
    {134, -1, "Router Advertisement"},
    {135, -1, "Neighbor Solicitation"},
    {136, -1, "Neighbor Advertisement"},
    {137, -1, "Redirect"},
    {143, -1, "Multicast Listener Report Message v2"},
};

static const char *
icmp_name(const struct icmp_name *rows, size_t n, unsigned type, int code)
{
  for (size_t i = 0; i < n; i++)
    if (rows[i].type == type && rows[i].code == code)
      return rows[i].name;
  return NULL;
}
#define ICMP_NAME(rows, type, code) icmp_name(rows, G_N_ELEMENTS(rows), type, code)

/* The datagram that an error quotes. */
static void
quoted_decode(struct decode *d, struct slice s)
{
  if (s.n == 0 || d->work->quoted)
    return;
  d->work->quoted = true;
  ip_decode(d, s);
  d->work->quoted = false;
}

static void
title_info(struct decode *d, const char *type, const char *code, unsigned number)
{
  if (!type)
    build_info(d, "ICMP %s %u", lang_text("type", "ชนิด"), number);
  else if (code)
    build_info(d, "%s (%s)", type, code);
  else
    build_info(d, "%s", type);
}

static unsigned
short_message(struct decode *d, unsigned layer, struct slice s)
{
  build_flag(d, build_none(d, &defs[SHORT], s), FIELD_FLAG_ODD);
  build_info(d, "%s", lang_text("cut ICMP message", "ข้อความ ICMP ถูกตัดขาด"));
  build_layer_end(d, layer, s.n);
  return 0;
}

/* Type, code and checksum, which both versions share. `status`: 1 good, 0 bad, 2 unverified. */
static void
head_build(struct decode *d, struct slice s, unsigned first_def, const char *type, const char *code,
           unsigned status)
{
  static const char *const words[] = {"Bad", "Good", "Unverified"};
  build_named(d, &defs[first_def + 1], slice_cut(s, 1), s.p[0], type);
  build_named(d, &defs[first_def + 2], slice_cut(slice_skip(s, 1), 1), s.p[1], code);
  build_number(d, &defs[first_def + 3], slice_cut(slice_skip(s, 2), 2), get_be16(s.p + 2));
  unsigned f = build_named(d, &defs[first_def + 4], slice_none(s), status, words[status]);
  build_flag(d, f, FIELD_FLAG_GENERATED | (status == 0 ? FIELD_FLAG_ODD : 0));
}

void
icmp_decode(struct decode *d, struct slice s)
{
  unsigned layer = build_layer(d, &defs[ICMP], s, NULL);
  build_summary_protocol(d, "ICMP");
  if (s.n < ICMP_OCTETS) {
    short_message(d, layer, s);
    return;
  }
  unsigned type = s.p[0], code = s.p[1];
  const char *type_name = ICMP_NAME(names4, type, -1),
             *code_name = ICMP_NAME(names4, type, (int)code);
  unsigned status = s.n < s.wire ? 2 : checksum_finish(checksum_add(0, s.p, s.n)) == 0;
  head_build(d, s, ICMP, type_name, code_name, status);
  title_info(d, type_name, code_name, type);
  struct slice rest = slice_cut(slice_skip(s, 4), 4), body = slice_skip(s, ICMP_OCTETS);
  bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
  if (type == ICMP_TYPE_ECHO || type == ICMP_TYPE_ECHO_REPLY || type == 13 || type == 14) {
    build_number(d, &defs[IDENT], slice_cut(rest, 2), get_be16(rest.p));
    build_number(d, &defs[SEQ], slice_skip(rest, 2), get_be16(rest.p + 2));
    build_info(d, " id=0x%04x, seq=%u", get_be16(rest.p), get_be16(rest.p + 2));
  } else if (type == 3 && code == 4) {
    build_octets(d, &defs[UNUSED], slice_cut(rest, 2));
    build_number(d, &defs[MTU], slice_skip(rest, 2), get_be16(rest.p + 2));
  } else if (type == 5) {
    build_octets(d, &defs[REDIR_GW], rest);
  } else if (type == ICMP_TYPE_PARAMETER) {
    build_number(d, &defs[POINTER], slice_cut(rest, 1), rest.p[0]);
    build_octets(d, &defs[UNUSED], slice_skip(rest, 1));
  } else {
    build_octets(d, &defs[UNUSED], rest);
  }
  build_layer_end(d, layer, ICMP_OCTETS);
  if (error)
    quoted_decode(d, body);
  else
    data_decode(d, body);
}

static unsigned
checksum6_status(struct decode *d, struct slice s)
{
  if (s.n < s.wire || d->work->quoted || d->work->src.version != 6)
    return 2;
  uint32_t sum = checksum_pseudo(&d->work->src, &d->work->dst, IP_PROTO_ICMPV6, s.n);
  return checksum_finish(checksum_add(sum, s.p, s.n)) == 0;
}

enum { ICMP6_LISTENER_REPORT = 143 };

void
icmpv6_decode(struct decode *d, struct slice s)
{
  unsigned layer = build_layer(d, &defs[ICMP6], s, NULL);
  build_summary_protocol(d, "ICMPv6");
  if (s.n < ICMP_OCTETS) {
    short_message(d, layer, s);
    return;
  }
  unsigned type = s.p[0], code = s.p[1];
  const char *type_name = ICMP_NAME(names6, type, -1),
             *code_name = ICMP_NAME(names6, type, (int)code);
  head_build(d, s, ICMP6, type_name, code_name, checksum6_status(d, s));
  title_info(d, type_name, code_name, type);
  struct slice rest = slice_cut(slice_skip(s, 4), 4), body = slice_skip(s, ICMP_OCTETS);
  struct slice redirected = body;
  if (type == ICMP6_ROUTER_SOLICIT || type == ICMP6_NEIGHBOUR_SOLICIT || type == ICMP6_REDIRECT)
    build_octets(d, &defs[RESERVED6], rest);
  bool is_discovery = nd_decode(d, s, &redirected);
  if (type == ICMP6_ECHO || type == ICMP6_ECHO_REPLY) {
    build_number(d, &defs[IDENT6], slice_cut(rest, 2), get_be16(rest.p));
    build_number(d, &defs[SEQ6], slice_skip(rest, 2), get_be16(rest.p + 2));
    build_info(d, " id=0x%04x, seq=%u", get_be16(rest.p), get_be16(rest.p + 2));
  } else if (type == ICMP6_TOO_BIG) {
    build_number(d, &defs[MTU6], rest, get_be32(rest.p));
  } else if (type == ICMP6_PARAMETER) {
    build_number(d, &defs[POINTER6], rest, get_be32(rest.p));
  } else if (type == ICMP6_LISTENER_REPORT) { /* RFC 3810 5.2: behind them, records are counted */
    rest = slice_cut(rest, 2);
    body = slice_skip(s, ICMP_OCTETS - 2);
    build_octets(d, &defs[RESERVED6], rest);
  } else if (!is_discovery) {
    build_octets(d, &defs[RESERVED6], rest);
  }
  build_layer_end(d, layer, is_discovery ? s.n : s.n - body.n);
  if (is_discovery)
    quoted_decode(d, redirected);
  else if (type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER)
    quoted_decode(d, body);
  else
    data_decode(d, body);
}
