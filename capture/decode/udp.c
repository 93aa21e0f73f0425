/* SPDX-License-Identifier: GPL-3.0-or-later */
/* udp.c -- the small envelope of single messages, RFC 768; DNS and DHCP inside are recognised by
 * their ports.
 *
 *     | source port 2 | destination port 2 | length 2 | checksum 2 | payload | */
#include "capture/decode/build.h"

#include "capture/wire/dhcp.h"
#include "capture/wire/dns.h"

enum {
  UDP,
  SRCPORT,
  DSTPORT,
  PORT,
  STREAM,
  LENGTH,
  CHECKSUM,
  CHECKSUM_STATUS,
  PAYLOAD,
  TIME_RELATIVE,
  TIME_DELTA,
  BAD
};

static const struct field_def defs[] = {
    [UDP] = {"udp",
             FIELD_PROTOCOL,
             {"User Datagram Protocol", "UDP โปรโตคอลดาตาแกรม"},
             {"UDP adds only port numbers and a checksum: a message is sent and nobody promises "
              "that it "
              "arrives.",
              "UDP เพิ่มเพียงหมายเลขพอร์ตและผลรวมตรวจสอบ ส่งข้อความออกไปโดยไม่มีใครรับประกันว่าจะถึง"},
             "RFC 768"},
    [SRCPORT] = {"udp.srcport",
                 FIELD_UINT,
                 {"Source port", "พอร์ตต้นทาง"},
                 {"The program that sent this listens for answers at port %s.",
                  "โปรแกรมที่ส่งรอรับคำตอบที่พอร์ต %s"},
                 "RFC 768"},
    [DSTPORT] = {"udp.dstport",
                 FIELD_UINT,
                 {"Destination port", "พอร์ตปลายทาง"},
                 {"Port %s says which program of the receiver gets this message.",
                  "พอร์ต %s บอกว่าโปรแกรมใดของผู้รับจะได้ข้อความนี้"},
                 "RFC 768"},
    [PORT] = {"udp.port",
              FIELD_UINT,
              {"Source or destination port", "พอร์ตต้นทางหรือปลายทาง"},
              {"One of the two ports is %s.", "พอร์ตหนึ่งในสองพอร์ตคือ %s"},
              "RFC 768"},
    [STREAM] = {"udp.stream",
                FIELD_UINT,
                {"Stream index", "หมายเลขกระแส"},
                {"This message belongs to the conversation number %s; counting starts at 0.",
                 "ข้อความนี้อยู่ในการสนทนาหมายเลข %s โดยเริ่มนับจาก 0"},
                "Enveloscope"},
    [LENGTH] = {"udp.length",
                FIELD_UINT,
                {"Length", "ความยาว"},
                {"Header and message together take %s octets.", "ส่วนหัวและข้อความรวมกันยาว %s ออกเตต"},
                "RFC 768"},
    [CHECKSUM] =
        {"udp.checksum",
         FIELD_HEX,
         {"Checksum", "ผลรวมตรวจสอบ"},
         {"A sum over message, ports and addresses with which the receiver finds damage: %s.",
          "ผลรวมของข้อความ พอร์ต และที่อยู่ ที่ผู้รับใช้ตรวจหาความเสียหาย: %s"},
         "RFC 768"},
    [CHECKSUM_STATUS] = {"udp.checksum.status",
                         FIELD_UINT,
                         {"Checksum status", "ผลการตรวจสอบผลรวม"},
                         {"The checksum was computed again and compared: %s.",
                          "คำนวณผลรวมตรวจสอบใหม่แล้วเปรียบเทียบ ผลคือ %s"},
                         "RFC 1071 section 1"},
    [PAYLOAD] = {"udp.payload",
                 FIELD_OCTETS,
                 {"Payload", "เนื้อหา"},
                 {"The message itself: %s.", "ตัวข้อความ: %s"},
                 "RFC 768"},
    [TIME_RELATIVE] = {"udp.time_relative",
                       FIELD_SPAN,
                       {"Time since the first frame", "เวลานับจากเฟรมแรก"},
                       {"%s seconds have passed since the first message of this conversation.",
                        "ผ่านไป %s วินาทีนับจากข้อความแรกของการสนทนานี้"},
                       "Enveloscope"},
    [TIME_DELTA] = {"udp.time_delta",
                    FIELD_SPAN,
                    {"Time since the previous frame", "เวลานับจากเฟรมก่อนหน้า"},
                    {"The previous message of this conversation was %s seconds ago.",
                     "ข้อความก่อนหน้าในการสนทนานี้ผ่านมาแล้ว %s วินาที"},
                    "Enveloscope"},
    [BAD] = {"udp.length.bad",
             FIELD_NONE,
             {"Bad length value", "ค่าความยาวผิด"},
             {"The length in the header does not fit the datagram.",
              "ความยาวในส่วนหัวไม่ตรงกับดาตาแกรม"},
             "RFC 768"},
};
FIELD_TABLE(udp_fields, defs);

/* 0 bad, 1 good, 2 unverified, 3 not present: the numbers of Wireshark. */
static unsigned
checksum_status(const struct decode *d, struct slice s, uint16_t checksum)
{
  const struct decode_work *w = d->work;
  if (checksum == 0)
    return 3;
  if (s.n < s.wire || w->quoted || w->src.version == 0)
    return 2;
  uint32_t sum = checksum_pseudo(&w->src, &w->dst, IP_PROTO_UDP, s.n);
  return checksum_finish(checksum_add(sum, s.p, s.n)) == 0;
}

static void
stream_build(struct decode *d, struct slice s)
{
  const struct trace_frame *r = &d->work->record;
  if (d->work->quoted || r->flow == TRACE_NONE)
    return;
  const struct trace_flow *flow = trace_flow(d->trace, r->flow);
  if (flow->proto != IP_PROTO_UDP)
    return;
  struct slice none = slice_none(s);
  build_generated(d, build_number(d, &defs[STREAM], none, flow->stream));
  int64_t first = trace_frame(d->trace, flow->first_frame).time_ns;
  int64_t before =
      r->prev_in_flow == TRACE_NONE ? r->time_ns : trace_frame(d->trace, r->prev_in_flow).time_ns;
  build_generated(
      d, build_number(d, &defs[TIME_RELATIVE], none, (uint64_t)r->time_ns - (uint64_t)first));
  build_generated(
      d, build_number(d, &defs[TIME_DELTA], none, (uint64_t)r->time_ns - (uint64_t)before));
}

void
udp_decode(struct decode *d, struct slice s)
{
  static const char *const words[] = {"Bad", "Good", "Unverified", "Not present"};
  struct udp u;
  char title[80];
  build_summary_protocol(d, "UDP");
  if (!udp_get(s.p, s.n, &u)) {
    unsigned layer = build_layer(d, &defs[UDP], s, NULL);
    build_flag(d, build_none(d, &defs[BAD], s), FIELD_FLAG_ODD);
    build_layer_end(d, layer, s.n);
    return;
  }
  g_snprintf(title, sizeof title, "User Datagram Protocol, %u → %u", u.src_port, u.dst_port);
  unsigned layer = build_layer(d, &defs[UDP], s, title);
  bool bad = (u.length != 0 && u.length < UDP_OCTETS) || (u.length > s.wire && !d->work->quoted);
  if (!bad && u.length)
    s = slice_cut(s, u.length);
  build_number(d, &defs[SRCPORT], slice_cut(s, 2), u.src_port);
  build_number(d, &defs[DSTPORT], slice_cut(slice_skip(s, 2), 2), u.dst_port);
  build_hidden(d, &defs[PORT], slice_cut(s, 2), u.src_port);
  build_hidden(d, &defs[PORT], slice_cut(slice_skip(s, 2), 2), u.dst_port);
  build_number(d, &defs[LENGTH], slice_cut(slice_skip(s, 4), 2), u.length);
  if (bad)
    build_flag(d, build_none(d, &defs[BAD], slice_cut(slice_skip(s, 4), 2)), FIELD_FLAG_ODD);
  build_number(d, &defs[CHECKSUM], slice_cut(slice_skip(s, 6), 2), u.checksum);
  unsigned status = bad ? 2 : checksum_status(d, s, u.checksum);
  build_flag(d, build_named(d, &defs[CHECKSUM_STATUS], slice_none(s), status, words[status]),
             FIELD_FLAG_GENERATED | (status == 0 ? FIELD_FLAG_ODD : 0));
  stream_build(d, s);
  struct slice payload = slice_skip(s, UDP_OCTETS);
  /* The payload is a child of nothing: it lies behind the header, where its own layer will stand.
   */
  build_layer_end(d, layer, UDP_OCTETS);
  if (payload.n)
    build_flag(d, build_octets(d, &defs[PAYLOAD], payload), FIELD_FLAG_HIDDEN);
  bool dns = u.src_port == DNS_PORT || u.dst_port == DNS_PORT;
  if (dns && payload.n >= DNS_HEADER_OCTETS) {
    dns_decode(d, payload, false);
    return;
  }
  bool dhcp = u.src_port == DHCP_PORT_SERVER || u.dst_port == DHCP_PORT_SERVER;
  if (dhcp && payload.n >= DHCP_FIXED_OCTETS) {
    dhcp_decode(d, payload);
    return;
  }
  build_info(d, "%u → %u Len=%u", u.src_port, u.dst_port, payload.wire);
  data_decode(d, payload);
}
