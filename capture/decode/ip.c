/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ip.c -- IPv4 and IPv6: the envelope that goes from one end of the Internet to the other.
 *
 *     ip_decode ──4──> header, options ──┐                     ┌──> transport in the frame
 *               └─6──> header, extensions ┴─ fragment? ─ last ──┴──> transport in a DATAGRAM source
 *                                                      └ not last: "reassembled in frame N"
 *
 * The datagram of several fragments was put together by pass 1; here it becomes a source whose
 * pieces name the frames. RFC 791, 8200, 2474 (DSCP), 3168 (ECN). Options are ip_option.c's. Not
 * here: tunnels. */
#include "capture/decode/build.h"

#include "capture/wire/frame.h"

/* The rows of the table below, in its order. */
/* clang-format off */
enum {
  IP, VERSION, HDR_LEN, DSFIELD, DSCP, ECN, LEN, ID, FLAGS, FLAGS_RB, FLAGS_DF, FLAGS_MF,
  FRAG_OFFSET, TTL, PROTO, CHECKSUM, CHECKSUM_STATUS, SRC, DST, ADDR,
  FRAGMENTS, FRAGMENT, FRAGMENT_DATA, FRAGMENT_COUNT, REASSEMBLED_LENGTH, REASSEMBLED_IN, IP6, VERSION6, TCLASS,
  FLOW, PLEN, NXT, HLIM, SRC6, DST6, ADDR6, HOPOPTS, HOPOPTS_NXT, HOPOPTS_LEN, ROUTING,
  ROUTING_NXT, ROUTING_LEN, ROUTING_TYPE, DSTOPTS, DSTOPTS_NXT, DSTOPTS_LEN, FRAGHDR, FRAGHDR_NXT,
  FRAGHDR_OFFSET, FRAGHDR_MORE, FRAGHDR_IDENT, FRAGMENTS6, FRAGMENT6, FRAGMENT_COUNT6,
  REASSEMBLED_LENGTH6, REASSEMBLED_IN6, AH, AH_NXT, BAD,
};
/* clang-format on */

static const struct field_def defs[] = {
    [IP] = {"ip",
            FIELD_PROTOCOL,
            {"Internet Protocol Version 4", "IPv4 อินเทอร์เน็ตโปรโตคอลรุ่นที่ 4"},
            {"The IP header takes the datagram from the first machine to the last one, over all "
             "routers "
             "between them.",
             "ส่วนหัว IP พาดาตาแกรมจากเครื่องต้นทางไปถึงเครื่องปลายทาง ผ่านเราเตอร์ทุกตัวที่อยู่ระหว่างทาง"},
            "RFC 791 section 3.1"},
    [VERSION] = {"ip.version",
                 FIELD_UINT,
                 {"Version", "รุ่น"},
                 {"This is version %s of the Internet Protocol.", "นี่คืออินเทอร์เน็ตโปรโตคอลรุ่น %s"},
                 "RFC 791 section 3.1"},
    [HDR_LEN] = {"ip.hdr_len",
                 FIELD_UINT,
                 {"Header length", "ความยาวส่วนหัว"},
                 {"The header takes %s octets; on the wire it is counted in words of four octets.",
                  "ส่วนหัวยาว %s ออกเตต บนสายนับเป็นคำละสี่ออกเตต"},
                 "RFC 791 section 3.1"},
    [DSFIELD] = {"ip.dsfield",
                 FIELD_HEX,
                 {"Differentiated services field", "ฟิลด์บริการที่แยกระดับ"},
                 {"How routers should treat this datagram when they are busy: %s.",
                  "เราเตอร์ควรปฏิบัติต่อดาตาแกรมนี้อย่างไรเมื่องานแน่น: %s"},
                 "RFC 2474 section 3",
                 2},
    [DSCP] = {"ip.dsfield.dscp",
              FIELD_UINT,
              {"Differentiated services codepoint", "รหัสระดับบริการ (DSCP)"},
              {"The class of service that the sender asks for is %s; 0 is ordinary traffic.",
               "ระดับบริการที่ผู้ส่งร้องขอคือ %s โดย 0 หมายถึงการรับส่งทั่วไป"},
              "RFC 2474 section 3"},
    [ECN] = {"ip.dsfield.ecn",
             FIELD_UINT,
             {"Explicit congestion notification", "การแจ้งความคับคั่ง (ECN)"},
             {"Routers can report here that they are overloaded instead of dropping datagrams: %s.",
              "เราเตอร์แจ้งความแออัดไว้ตรงนี้ได้แทนการทิ้งดาตาแกรม: %s"},
             "RFC 3168 section 5"},
    [LEN] = {"ip.len",
             FIELD_UINT,
             {"Total length", "ความยาวทั้งหมด"},
             {"The whole datagram, header and contents, takes %s octets.",
              "ดาตาแกรมทั้งหมดรวมส่วนหัวและเนื้อหายาว %s ออกเตต"},
             "RFC 791 section 3.1"},
    [ID] = {"ip.id",
            FIELD_HEX,
            {"Identification", "หมายเลขระบุ"},
            {"Fragments that carry the same number %s belong to the same datagram.",
             "ชิ้นส่วนที่มีหมายเลข %s เหมือนกันเป็นของดาตาแกรมเดียวกัน"},
            "RFC 791 section 3.1"},
    [FLAGS] = {"ip.flags",
               FIELD_HEX,
               {"Flags", "แฟล็ก"},
               {"Three bits that say how this datagram may be cut into fragments: %s.",
                "สามบิตที่บอกว่าดาตาแกรมนี้ตัดเป็นชิ้นส่วนได้อย่างไร: %s"},
               "RFC 791 section 3.1",
               2},
    [FLAGS_RB] = {"ip.flags.rb",
                  FIELD_BOOL,
                  {"Reserved bit", "บิตสงวน"},
                  {"This bit has no meaning and should not be set: %s.",
                   "บิตนี้ไม่มีความหมายและไม่ควรตั้งไว้: %s"},
                  "RFC 791 section 3.1"},
    [FLAGS_DF] =
        {"ip.flags.df",
         FIELD_BOOL,
         {"Don't fragment", "ห้ามตัดแบ่ง"},
         {"When this bit is set, routers must not cut the datagram but report that it is too "
          "large: %s.",
          "ถ้าตั้งบิตนี้ เราเตอร์ต้องไม่ตัดดาตาแกรม แต่ต้องแจ้งกลับว่าใหญ่เกินไป: %s"},
         "RFC 791 section 3.1"},
    [FLAGS_MF] = {"ip.flags.mf",
                  FIELD_BOOL,
                  {"More fragments", "ยังมีชิ้นส่วนต่อ"},
                  {"Whether further fragments of this datagram follow: %s.",
                   "ยังมีชิ้นส่วนอื่นของดาตาแกรมนี้ตามมาหรือไม่: %s"},
                  "RFC 791 section 3.1"},
    [FRAG_OFFSET] = {"ip.frag_offset",
                     FIELD_UINT,
                     {"Fragment offset", "ตำแหน่งของชิ้นส่วน"},
                     {"The contents of this fragment belong %s times eight octets behind the "
                      "datagram's beginning.",
                      "เนื้อหาของชิ้นส่วนนี้อยู่ห่างจากต้นดาตาแกรม %s เท่าของแปดออกเตต"},
                     "RFC 791 section 3.1"},
    [TTL] =
        {"ip.ttl",
         FIELD_UINT,
         {"Time to live", "จำนวนช่วงที่เหลือ (TTL)"},
         {"Every router takes one away; at 0 the datagram is thrown away, so that none circles for "
          "ever. %s are left here.",
          "เราเตอร์แต่ละตัวจะลดค่านี้ลงหนึ่ง เมื่อถึง 0 ดาตาแกรมจะถูกทิ้ง เพื่อไม่ให้วนเวียนไม่สิ้นสุด ตรงนี้เหลือ %s"},
         "RFC 791 section 3.1"},
    [PROTO] = {"ip.proto",
               FIELD_UINT,
               {"Protocol", "โปรโตคอล"},
               {"What is inside this envelope: %s.", "ข้างในซองนี้คือ: %s"},
               "RFC 791 section 3.1"},
    [CHECKSUM] = {"ip.checksum",
                  FIELD_HEX,
                  {"Header checksum", "ผลรวมตรวจสอบส่วนหัว"},
                  {"A sum over the header with which every router finds damaged headers: %s.",
                   "ผลรวมของส่วนหัวที่เราเตอร์ทุกตัวใช้ตรวจหาส่วนหัวที่เสียหาย: %s"},
                  "RFC 1071 section 1"},
    [CHECKSUM_STATUS] = {"ip.checksum.status",
                         FIELD_UINT,
                         {"Header checksum status", "ผลการตรวจสอบส่วนหัว"},
                         {"The checksum was computed again and compared: %s.",
                          "คำนวณผลรวมตรวจสอบใหม่แล้วเปรียบเทียบ ผลคือ %s"},
                         "RFC 1071 section 1"},
    [SRC] = {"ip.src",
             FIELD_IPV4,
             {"Source address", "ที่อยู่ต้นทาง"},
             {"The machine that sent this datagram has the address %s.",
              "เครื่องที่ส่งดาตาแกรมนี้มีที่อยู่ %s"},
             "RFC 791 section 3.1"},
    [DST] = {"ip.dst",
             FIELD_IPV4,
             {"Destination address", "ที่อยู่ปลายทาง"},
             {"The datagram goes to the machine with the address %s.",
              "ดาตาแกรมนี้ส่งไปยังเครื่องที่มีที่อยู่ %s"},
             "RFC 791 section 3.1"},
    [ADDR] = {"ip.addr",
              FIELD_IPV4,
              {"Source or destination address", "ที่อยู่ต้นทางหรือปลายทาง"},
              {"One of the two machines has the address %s.", "เครื่องหนึ่งในสองเครื่องมีที่อยู่ %s"},
              "RFC 791 section 3.1"},
    [FRAGMENTS] = {"ip.fragments",
                   FIELD_NONE,
                   {"IPv4 fragments", "ชิ้นส่วน IPv4"},
                   {"The datagram had been cut; these frames brought its pieces.",
                    "ดาตาแกรมถูกตัดแบ่ง เฟรมเหล่านี้นำชิ้นส่วนมา"},
                   "RFC 791 section 3.2"},
    [FRAGMENT] = {"ip.fragment",
                  FIELD_FRAME,
                  {"IPv4 fragment in frame", "ชิ้นส่วน IPv4 ในเฟรม"},
                  {"One piece came with frame %s.", "ชิ้นส่วนหนึ่งมากับเฟรม %s"},
                  "RFC 791 section 3.2"},
    [FRAGMENT_DATA] = {"enveloscope.ip.fragment_data",
                       FIELD_OCTETS,
                       {"Data of this fragment", "ข้อมูลของชิ้นส่วนนี้"},
                       {"The last piece to come; with it the datagram is whole: %s.",
                        "ชิ้นสุดท้ายที่มาถึง เมื่อได้ชิ้นนี้ดาตาแกรมก็ครบ: %s"},
                       "RFC 791 section 3.2"},
    [FRAGMENT_COUNT] = {"ip.fragment.count",
                        FIELD_UINT,
                        {"Fragment count", "จำนวนชิ้นส่วน"},
                        {"The datagram came in %s pieces.", "ดาตาแกรมมาเป็น %s ชิ้นส่วน"},
                        "RFC 791 section 3.2"},
    [REASSEMBLED_LENGTH] = {"ip.reassembled.length",
                            FIELD_UINT,
                            {"Reassembled length", "ความยาวหลังประกอบ"},
                            {"Put together, the contents take %s octets.",
                             "เมื่อประกอบแล้วเนื้อหายาว %s ออกเตต"},
                            "RFC 791 section 3.2"},
    [REASSEMBLED_IN] = {"ip.reassembled_in",
                        FIELD_FRAME,
                        {"Reassembled in frame", "ประกอบครบในเฟรม"},
                        {"This is one piece of a datagram that is complete with frame %s.",
                         "นี่คือชิ้นส่วนหนึ่งของดาตาแกรมซึ่งครบสมบูรณ์ที่เฟรม %s"},
                        "RFC 791 section 3.2"},
    [IP6] = {"ipv6",
             FIELD_PROTOCOL,
             {"Internet Protocol Version 6", "IPv6 อินเทอร์เน็ตโปรโตคอลรุ่นที่ 6"},
             {"The IPv6 header takes the datagram from the first machine to the last one, with "
              "addresses "
              "that are four times as long as in IPv4.",
              "ส่วนหัว IPv6 พาดาตาแกรมจากเครื่องต้นทางไปถึงเครื่องปลายทาง ด้วยที่อยู่ที่ยาวกว่า IPv4 สี่เท่า"},
             "RFC 8200 section 3"},
    [VERSION6] = {"ipv6.version",
                  FIELD_UINT,
                  {"Version", "รุ่น"},
                  {"This is version %s of the Internet Protocol.", "นี่คืออินเทอร์เน็ตโปรโตคอลรุ่น %s"},
                  "RFC 8200 section 3"},
    [TCLASS] = {"ipv6.tclass",
                FIELD_HEX,
                {"Traffic class", "ชั้นของทราฟฟิก"},
                {"How routers should treat this datagram when they are busy: %s.",
                 "เราเตอร์ควรปฏิบัติต่อดาตาแกรมนี้อย่างไรเมื่องานแน่น: %s"},
                "RFC 8200 section 3",
                8},
    [FLOW] = {"ipv6.flow",
              FIELD_HEX,
              {"Flow label", "ป้ายกำกับกระแส"},
              {"Datagrams of one conversation carry the same label %s, so that routers keep them "
               "together.",
               "ดาตาแกรมของการสนทนาเดียวกันมีป้าย %s เหมือนกัน เพื่อให้เราเตอร์ส่งไปด้วยกัน"},
              "RFC 6437 section 2",
              6},
    [PLEN] = {"ipv6.plen",
              FIELD_UINT,
              {"Payload length", "ความยาวเนื้อหา"},
              {"%s octets follow this header.", "มี %s ออกเตตตามหลังส่วนหัวนี้"},
              "RFC 8200 section 3"},
    [NXT] = {"ipv6.nxt",
             FIELD_UINT,
             {"Next header", "ส่วนหัวถัดไป"},
             {"What follows this header: %s.", "สิ่งที่ตามหลังส่วนหัวนี้: %s"},
             "RFC 8200 section 3"},
    [HLIM] = {"ipv6.hlim",
              FIELD_UINT,
              {"Hop limit", "จำนวนช่วงสูงสุด"},
              {"Every router takes one away; at 0 the datagram is thrown away. %s are left here.",
               "เราเตอร์แต่ละตัวจะลดค่านี้ลงหนึ่ง เมื่อถึง 0 ดาตาแกรมจะถูกทิ้ง ตรงนี้เหลือ %s"},
              "RFC 8200 section 3"},
    [SRC6] = {"ipv6.src",
              FIELD_IPV6,
              {"Source address", "ที่อยู่ต้นทาง"},
              {"The machine that sent this datagram has the address %s.",
               "เครื่องที่ส่งดาตาแกรมนี้มีที่อยู่ %s"},
              "RFC 4291 section 2"},
    [DST6] = {"ipv6.dst",
              FIELD_IPV6,
              {"Destination address", "ที่อยู่ปลายทาง"},
              {"The datagram goes to the machine with the address %s.",
               "ดาตาแกรมนี้ส่งไปยังเครื่องที่มีที่อยู่ %s"},
              "RFC 4291 section 2"},
    [ADDR6] = {"ipv6.addr",
               FIELD_IPV6,
               {"Source or destination address", "ที่อยู่ต้นทางหรือปลายทาง"},
               {"One of the two machines has the address %s.", "เครื่องหนึ่งในสองเครื่องมีที่อยู่ %s"},
               "RFC 4291 section 2"},
    [HOPOPTS] = {"ipv6.hopopts",
                 FIELD_PROTOCOL,
                 {"IPv6 hop-by-hop options", "ตัวเลือกทุกช่วงของ IPv6"},
                 {"Options that every router on the way has to read.",
                  "ตัวเลือกที่เราเตอร์ทุกตัวระหว่างทางต้องอ่าน"},
                 "RFC 8200 section 4.3"},
    [HOPOPTS_NXT] = {"ipv6.hopopts.nxt",
                     FIELD_UINT,
                     {"Next header", "ส่วนหัวถัดไป"},
                     {"What follows these options: %s.", "สิ่งที่ตามหลังตัวเลือกเหล่านี้: %s"},
                     "RFC 8200 section 4.3"},
    [HOPOPTS_LEN] = {"ipv6.hopopts.len",
                     FIELD_UINT,
                     {"Length", "ความยาว"},
                     {"The options take %s times eight octets more than eight.",
                      "ตัวเลือกยาวกว่าแปดออกเตตไปอีก %s คูณแปดออกเตต"},
                     "RFC 8200 section 4.3"},
    [ROUTING] = {"ipv6.routing",
                 FIELD_PROTOCOL,
                 {"IPv6 routing header", "ส่วนหัวกำหนดเส้นทางของ IPv6"},
                 {"A list of machines over which the datagram is to travel.",
                  "รายการเครื่องที่ดาตาแกรมต้องเดินทางผ่าน"},
                 "RFC 8200 section 4.4"},
    [ROUTING_NXT] = {"ipv6.routing.nxt",
                     FIELD_UINT,
                     {"Next header", "ส่วนหัวถัดไป"},
                     {"What follows the routing header: %s.", "สิ่งที่ตามหลังส่วนหัวจัดเส้นทาง: %s"},
                     "RFC 8200 section 4.4"},
    [ROUTING_LEN] = {"ipv6.routing.len",
                     FIELD_UINT,
                     {"Length", "ความยาว"},
                     {"The routing header takes %s times eight octets more than eight.",
                      "ส่วนหัวจัดเส้นทางยาวกว่าแปดออกเตตไปอีก %s คูณแปดออกเตต"},
                     "RFC 8200 section 4.4"},
    [ROUTING_TYPE] = {"ipv6.routing.type",
                      FIELD_UINT,
                      {"Type", "ชนิด"},
                      {"The kind of the routing header: %s.", "ชนิดของส่วนหัวจัดเส้นทาง: %s"},
                      "RFC 8200 section 4.4"},
    [DSTOPTS] = {"ipv6.dstopts",
                 FIELD_PROTOCOL,
                 {"IPv6 destination options", "ตัวเลือกปลายทางของ IPv6"},
                 {"Options that only the receiver reads.", "ตัวเลือกที่มีเพียงผู้รับปลายทางอ่าน"},
                 "RFC 8200 section 4.6"},
    [DSTOPTS_NXT] = {"ipv6.dstopts.nxt",
                     FIELD_UINT,
                     {"Next header", "ส่วนหัวถัดไป"},
                     {"What follows these options: %s.", "สิ่งที่ตามหลังตัวเลือกเหล่านี้: %s"},
                     "RFC 8200 section 4.6"},
    [DSTOPTS_LEN] = {"ipv6.dstopts.len",
                     FIELD_UINT,
                     {"Length", "ความยาว"},
                     {"The options take %s times eight octets more than eight.",
                      "ตัวเลือกยาวกว่าแปดออกเตตไปอีก %s คูณแปดออกเตต"},
                     "RFC 8200 section 4.6"},
    [FRAGHDR] = {"ipv6.fraghdr",
                 FIELD_PROTOCOL,
                 {"IPv6 fragment header", "ส่วนหัวชิ้นส่วนของ IPv6"},
                 {"The sender cut the datagram; in IPv6 no router does that.",
                  "ผู้ส่งเป็นผู้ตัดดาตาแกรม ใน IPv6 เราเตอร์ไม่ตัดให้"},
                 "RFC 8200 section 4.5"},
    [FRAGHDR_NXT] = {"ipv6.fraghdr.nxt",
                     FIELD_UINT,
                     {"Next header", "ส่วนหัวถัดไป"},
                     {"What the pieces contain when put together: %s.",
                      "เมื่อประกอบชิ้นส่วนแล้วข้างในคือ: %s"},
                     "RFC 8200 section 4.5"},
    [FRAGHDR_OFFSET] = {"ipv6.fraghdr.offset",
                        FIELD_UINT,
                        {"Offset", "ตำแหน่ง"},
                        {"This piece belongs at octet %s; on the wire it is counted in eights.",
                         "ชิ้นส่วนนี้อยู่ที่ออกเตต %s บนสายนับเป็นหน่วยละแปดออกเตต"},
                        "RFC 8200 section 4.5"},
    [FRAGHDR_MORE] = {"ipv6.fraghdr.more",
                      FIELD_BOOL,
                      {"More fragments", "ยังมีชิ้นส่วนต่อ"},
                      {"Whether further fragments of this datagram follow: %s.",
                       "ยังมีชิ้นส่วนอื่นของดาตาแกรมนี้ตามมาหรือไม่: %s"},
                      "RFC 8200 section 4.5"},
    [FRAGHDR_IDENT] = {"ipv6.fraghdr.ident",
                       FIELD_HEX,
                       {"Identification", "หมายเลขระบุ"},
                       {"Fragments that carry the same number %s belong to the same datagram.",
                        "ชิ้นส่วนที่มีหมายเลข %s เหมือนกันเป็นของดาตาแกรมเดียวกัน"},
                       "RFC 8200 section 4.5",
                       8},
    [FRAGMENTS6] = {"ipv6.fragments",
                    FIELD_NONE,
                    {"IPv6 fragments", "ชิ้นส่วน IPv6"},
                    {"The datagram had been cut; these frames brought its pieces.",
                     "ดาตาแกรมถูกตัดแบ่ง เฟรมเหล่านี้นำชิ้นส่วนมา"},
                    "RFC 8200 section 4.5"},
    [FRAGMENT6] = {"ipv6.fragment",
                   FIELD_FRAME,
                   {"IPv6 fragment in frame", "ชิ้นส่วน IPv6 ในเฟรม"},
                   {"One piece came with frame %s.", "ชิ้นส่วนหนึ่งมากับเฟรม %s"},
                   "RFC 8200 section 4.5"},
    [FRAGMENT_COUNT6] = {"ipv6.fragment.count",
                         FIELD_UINT,
                         {"Fragment count", "จำนวนชิ้นส่วน"},
                         {"The datagram came in %s pieces.", "ดาตาแกรมมาเป็น %s ชิ้นส่วน"},
                         "RFC 8200 section 4.5"},
    [REASSEMBLED_LENGTH6] = {"ipv6.reassembled.length",
                             FIELD_UINT,
                             {"Reassembled length", "ความยาวหลังประกอบ"},
                             {"Put together, the contents take %s octets.",
                              "เมื่อประกอบแล้วเนื้อหายาว %s ออกเตต"},
                             "RFC 8200 section 4.5"},
    [REASSEMBLED_IN6] = {"ipv6.reassembled.in",
                         FIELD_FRAME,
                         {"Reassembled in frame", "ประกอบครบในเฟรม"},
                         {"This is one piece of a datagram that is complete with frame %s.",
                          "นี่คือชิ้นส่วนหนึ่งของดาตาแกรมซึ่งครบสมบูรณ์ที่เฟรม %s"},
                         "RFC 8200 section 4.5"},
    [AH] = {"ah",
            FIELD_PROTOCOL,
            {"Authentication header", "ส่วนหัวพิสูจน์ตัวตน (AH)"},
            {"A seal of IPsec: it proves who sent the datagram, but hides nothing.",
             "ตราประทับของ IPsec ซึ่งพิสูจน์ว่าใครเป็นผู้ส่งดาตาแกรม แต่ไม่ได้ปกปิดเนื้อหา"},
            "RFC 4302 section 2"},
    [AH_NXT] = {"ah.next_header",
                FIELD_UINT,
                {"Next header", "ส่วนหัวถัดไป"},
                {"What follows this header: %s.", "สิ่งที่ตามหลังส่วนหัวนี้: %s"},
                "RFC 4302 section 2"},
    [BAD] = {"enveloscope.ip.bad",
             FIELD_NONE,
             {"This is no IP header that can be read", "ไม่ใช่ส่วนหัว IP ที่อ่านได้"},
             {"The version or a length in this header is impossible, or it is cut off.",
              "รุ่นหรือความยาวในส่วนหัวนี้เป็นไปไม่ได้ หรือข้อมูลถูกตัดขาด"},
             "RFC 791 section 3.1"},
};
FIELD_TABLE(ip_fields, defs);

enum { REASSEMBLY_LOOKAHEAD_FRAMES = 256 }; /* pieces of one datagram travel close together */

static const char *
proto_name(uint8_t proto)
{
  switch (proto) {
  case IP_PROTO_HOPOPTS:
    return "IPv6 hop-by-hop options";
  case IP_PROTO_ICMP:
    return "ICMP";
  case 2:
    return "IGMP";
  case IP_PROTO_TCP:
    return "TCP";
  case IP_PROTO_UDP:
    return "UDP";
  case IP_PROTO_ROUTING:
    return "IPv6 routing header";
  case IP_PROTO_FRAGMENT:
    return "IPv6 fragment header";
  case IP_PROTO_ESP:
    return "ESP";
  case IP_PROTO_AH:
    return "AH";
  case IP_PROTO_ICMPV6:
    return "ICMPv6";
  case IP_PROTO_NONE:
    return "No next header";
  case IP_PROTO_DSTOPTS:
    return "IPv6 destination options";
  default:
    return NULL;
  }
}

static void
bad_header(struct decode *d, struct slice s, const struct field_def *layer_def)
{
  unsigned layer = build_layer(d, layer_def, s, NULL);
  build_flag(d, build_none(d, &defs[BAD], s), FIELD_FLAG_ODD);
  build_layer_end(d, layer, s.n);
  build_summary_protocol(d, layer_def == &defs[IP6] ? "IPv6" : "IPv4");
  build_info(d, "%s", lang_text("impossible or cut IP header", "ส่วนหัว IP เป็นไปไม่ได้หรือถูกตัดขาด"));
}

static void
transport_decode(struct decode *d, struct slice s, uint8_t proto)
{
  switch (proto) {
  case IP_PROTO_TCP:
    tcp_decode(d, s);
    break;
  case IP_PROTO_UDP:
    udp_decode(d, s);
    break;
  case IP_PROTO_ICMP:
    icmp_decode(d, s);
    break;
  case IP_PROTO_ICMPV6:
    icmpv6_decode(d, s);
    break;
  default: {
    const char *name = proto_name(proto);
    if (name)
      build_info(d, "%s, %u %s", name, s.wire, lang_text("octets", "ออกเตต"));
    else
      build_info(d, "%s %u, %u %s", lang_text("IP protocol", "โปรโตคอล IP หมายเลข"), proto, s.wire,
                 lang_text("octets", "ออกเตต"));
    data_decode(d, s);
  }
  }
}

/* ---- fragments ---- */

/* The frame that completes the datagram of which this frame is a piece, or TRACE_NONE. */
static uint32_t
find_reassembly(struct decode *d)
{
  uint32_t n = trace_n_frames(d->trace);
  for (uint32_t i = d->frame + 1; i < n && i - d->frame < REASSEMBLY_LOOKAHEAD_FRAMES; i++) {
    if (!(trace_frame(d->trace, i).flags & TRACE_FRAME_REASSEMBLED))
      continue;
    g_autoptr(GByteArray) octets = g_byte_array_new();
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
    if (!trace_datagram(d->trace, i, octets, pieces))
      continue;
    for (unsigned k = 0; k < pieces->len; k++)
      if (g_array_index(pieces, struct trace_piece, k).frame == d->frame)
        return i;
  }
  return TRACE_NONE;
}

/* Secrets that `whole` found in the datagram and that lie in the piece that this frame brought. */
static void
piece_secrets(struct decode *d, const struct decode *whole)
{
  for (unsigned i = 0, n = whole->secrets->len; i < n; i++) {
    const struct decode_secret secret = g_array_index(whole->secrets, struct decode_secret, i);
    const struct source *source = &whole->sources[secret.source];
    if (source->kind != SOURCE_DATAGRAM)
      continue;
    for (unsigned k = 0; k < source->pieces->len; k++) {
      const struct trace_piece *p = &g_array_index(source->pieces, struct trace_piece, k);
      uint64_t from = MAX(secret.first, p->first);
      uint64_t to = MIN((uint64_t)secret.first + secret.n_octets, p->first + p->n_octets);
      if (p->frame == d->frame && from < to)
        build_secret(d, 0, p->frame_offset + (uint32_t)(from - p->first), (uint32_t)(to - from));
    }
  }
}

/* The same for a frame before the last one: the whole is decoded to learn of them. */
static void
fragment_secrets(struct decode *d, uint32_t whole)
{
  struct decode *other = decode_new(d->trace);
  decode_frame(other, whole);
  piece_secrets(d, other);
  decode_free(other);
}

/* A fragment's payload. `v6` chooses the names. */
static void
fragment_decode(struct decode *d, struct slice s, uint8_t proto, bool v6)
{
  struct decode_work *w = d->work;
  const char *name = proto_name(proto);
  build_summary_protocol(d, v6 ? "IPv6" : "IPv4");
  if (w->quoted) {
    data_decode(d, s);
    return;
  }
  if ((w->record.flags & TRACE_FRAME_REASSEMBLED) &&
      trace_datagram(d->trace, d->frame, w->octets, w->pieces)) {
    uint8_t source = build_source(d, SOURCE_DATAGRAM, w->octets, w->pieces);
    struct slice whole = build_source_slice(d, source);
    unsigned group = build_none(d, &defs[v6 ? FRAGMENTS6 : FRAGMENTS], slice_none(s));
    build_generated(d, group);
    build_open(d, group);
    for (unsigned i = 0; i < w->pieces->len; i++) {
      const struct trace_piece *p = &g_array_index(w->pieces, struct trace_piece, i);
      build_generated(
          d, build_number(d, &defs[v6 ? FRAGMENT6 : FRAGMENT], slice_none(s), p->frame + 1));
    }
    build_generated(d, build_number(d, &defs[v6 ? FRAGMENT_COUNT6 : FRAGMENT_COUNT], slice_none(s),
                                    w->pieces->len));
    build_generated(d, build_number(d, &defs[v6 ? REASSEMBLED_LENGTH6 : REASSEMBLED_LENGTH],
                                    slice_none(s), whole.n));
    build_close(d, group);
    build_octets(d, &defs[FRAGMENT_DATA], s);
    transport_decode(d, whole, proto);
    piece_secrets(d, d);
    return;
  }
  uint32_t in = find_reassembly(d);
  build_info(d, "%s%s", lang_text("Fragmented IP protocol: ", "ชิ้นส่วนของดาตาแกรม IP: "),
             name ? name : "?");
  if (in != TRACE_NONE) {
    build_generated(
        d, build_number(d, &defs[v6 ? REASSEMBLED_IN6 : REASSEMBLED_IN], slice_none(s), in + 1));
    build_info(d, " [%s #%u]", lang_text("Reassembled in", "ประกอบครบที่"), in + 1);
    fragment_secrets(d, in);
  }
  data_decode(d, s);
}

/* ---- IPv4 ---- */

static void
ip_addresses(struct decode *d, const struct ip_addr *src, const struct ip_addr *dst)
{
  struct decode_work *w = d->work;
  if (w->quoted)
    return;
  w->src = *src;
  w->dst = *dst;
  ip_addr_format(src, w->source_text);
  ip_addr_format(dst, w->destination_text);
}

static void
address_build(struct decode *d, unsigned def, unsigned either, struct slice at)
{
  build_octets(d, &defs[def], at);
  host_name_build(d, at, def == SRC || def == SRC6);
  build_hidden(d, &defs[either], at, 0);
}

static void
header4_build(struct decode *d, struct slice s, const struct ipv4 *h)
{
  char title[128], src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];
  struct ip_addr from = ip_addr_v4(h->src), to = ip_addr_v4(h->dst);
  g_snprintf(title, sizeof title, "Internet Protocol Version 4, %s → %s",
             ip_addr_format(&from, src), ip_addr_format(&to, dst));
  unsigned layer = build_layer(d, &defs[IP], s, title);
  build_number(d, &defs[VERSION], slice_cut(s, 1), 4);
  build_number(d, &defs[HDR_LEN], slice_cut(s, 1), h->header_octets);
  struct slice ds = slice_cut(slice_skip(s, 1), 1);
  unsigned group = build_number(d, &defs[DSFIELD], ds, ds.p[0]);
  build_open(d, group);
  build_number(d, &defs[DSCP], ds, h->dscp);
  build_number(d, &defs[ECN], ds, h->ecn);
  build_close(d, group);
  build_number(d, &defs[LEN], slice_cut(slice_skip(s, 2), 2), get_be16(s.p + 2));
  build_number(d, &defs[ID], slice_cut(slice_skip(s, 4), 2), h->id);
  struct slice flags = slice_cut(slice_skip(s, 6), 1);
  group = build_number(d, &defs[FLAGS], flags, flags.p[0] >> 5);
  build_open(d, group);
  build_number(d, &defs[FLAGS_RB], flags, flags.p[0] >> 7);
  build_number(d, &defs[FLAGS_DF], flags, h->dont_fragment);
  build_number(d, &defs[FLAGS_MF], flags, h->more_fragments);
  build_close(d, group);
  build_number(d, &defs[FRAG_OFFSET], slice_cut(slice_skip(s, 6), 2),
               h->fragment_offset / 8); /* as Wireshark counts */
  build_number(d, &defs[TTL], slice_cut(slice_skip(s, 8), 1), h->ttl);
  build_named(d, &defs[PROTO], slice_cut(slice_skip(s, 9), 1), h->proto, proto_name(h->proto));
  build_number(d, &defs[CHECKSUM], slice_cut(slice_skip(s, 10), 2), h->checksum);
  if (s.n >= h->header_octets) {
    bool good = checksum_finish(checksum_add(0, s.p, h->header_octets)) == 0;
    unsigned status =
        build_named(d, &defs[CHECKSUM_STATUS], slice_none(s), good, good ? "Good" : "Bad");
    build_flag(d, status, FIELD_FLAG_GENERATED | (good ? 0 : FIELD_FLAG_ODD));
  }
  address_build(d, SRC, ADDR, slice_cut(slice_skip(s, 12), 4));
  address_build(d, DST, ADDR, slice_cut(slice_skip(s, 16), 4));
  ip_options_build(d, slice_skip(slice_cut(s, h->header_octets), IPV4_OCTETS));
  build_layer_end(d, layer, MIN(s.n, h->header_octets));
}

static void
ipv4_decode(struct decode *d, struct slice s)
{
  struct ipv4 h;
  uint8_t whole[IPV4_HEADER_MAX] = {0};
  if (s.n < IPV4_OCTETS) {
    bad_header(d, s, &defs[IP]);
    return;
  }
  memcpy(whole, s.p, MIN(s.n, sizeof whole)); /* options that were not captured read as zeros */
  if (!ipv4_get(whole, MAX(s.n, sizeof whole), &h)) {
    bad_header(d, s, &defs[IP]);
    return;
  }
  /* Segmentation offload leaves a total length of 0; a quoted datagram is shorter than it says. */
  uint32_t total = h.total_octets ? h.total_octets : s.wire;
  if (total < h.header_octets) {
    bad_header(d, s, &defs[IP]);
    return;
  }
  s = slice_cut(s, total);
  if (s.wire < total)
    s.wire = total;
  struct ip_addr src = ip_addr_v4(h.src), dst = ip_addr_v4(h.dst);
  ip_addresses(d, &src, &dst);
  build_summary_protocol(d, "IPv4");
  header4_build(d, s, &h);
  if (s.n < h.header_octets)
    return;
  struct slice payload = slice_skip(s, h.header_octets);
  if (h.fragment_offset || h.more_fragments)
    fragment_decode(d, payload, h.proto, false);
  else
    transport_decode(d, payload, h.proto);
}

/* ---- IPv6 ---- */

static unsigned
header6_build(struct decode *d, struct slice s, const struct ipv6 *h)
{
  char title[160], src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];
  struct ip_addr from = ip_addr_v6(h->src), to = ip_addr_v6(h->dst);
  g_snprintf(title, sizeof title, "Internet Protocol Version 6, %s → %s",
             ip_addr_format(&from, src), ip_addr_format(&to, dst));
  unsigned layer = build_layer(d, &defs[IP6], s, title);
  build_number(d, &defs[VERSION6], slice_cut(s, 1), 6);
  build_hidden(d, &defs[VERSION], slice_cut(s, 1), 6);
  build_number(d, &defs[TCLASS], slice_cut(s, 2), h->traffic_class);
  build_number(d, &defs[FLOW], slice_cut(slice_skip(s, 1), 3), h->flow_label);
  build_number(d, &defs[PLEN], slice_cut(slice_skip(s, 4), 2), h->payload_octets);
  build_named(d, &defs[NXT], slice_cut(slice_skip(s, 6), 1), h->next_header,
              proto_name(h->next_header));
  build_number(d, &defs[HLIM], slice_cut(slice_skip(s, 7), 1), h->hop_limit);
  address_build(d, SRC6, ADDR6, slice_cut(slice_skip(s, 8), 16));
  address_build(d, DST6, ADDR6, slice_cut(slice_skip(s, 24), 16));
  build_layer_end(d, layer, IPV6_OCTETS);
  return layer;
}

/* The defs of one kind of extension header. */
struct extension {
  uint8_t proto;
  uint8_t layer, next, length;
};
static const struct extension extensions[] = {
    {IP_PROTO_HOPOPTS, HOPOPTS, HOPOPTS_NXT, HOPOPTS_LEN},
    {IP_PROTO_ROUTING, ROUTING, ROUTING_NXT, ROUTING_LEN},
    {IP_PROTO_DSTOPTS, DSTOPTS, DSTOPTS_NXT, DSTOPTS_LEN},
};

/* Builds the extension header of kind `proto` at s; returns its octets, 0 when it cannot be read.
 */
static uint32_t
extension_build(struct decode *d, struct slice s, uint8_t proto)
{
  if (s.n < 8)
    return 0;
  uint32_t octets = (s.p[1] + 1u) * 8u;
  const struct extension *x = NULL;
  for (unsigned i = 0; i < G_N_ELEMENTS(extensions); i++)
    if (extensions[i].proto == proto)
      x = &extensions[i];
  if (!x)
    octets = (s.p[1] + 2u) * 4u; /* AH counts in fours, RFC 4302 2.2 */
  if (octets > s.n || octets < 8)
    return 0;
  unsigned layer = build_layer(d, &defs[x ? x->layer : AH], s, NULL);
  build_named(d, &defs[x ? x->next : AH_NXT], slice_cut(s, 1), s.p[0], proto_name(s.p[0]));
  if (x)
    build_number(d, &defs[x->length], slice_cut(slice_skip(s, 1), 1), s.p[1]);
  if (proto == IP_PROTO_ROUTING)
    build_number(d, &defs[ROUTING_TYPE], slice_cut(slice_skip(s, 2), 1), s.p[2]);
  if (proto == IP_PROTO_ROUTING)
    ip6_routing_build(d, slice_skip(slice_cut(s, octets), 2));
  else if (x)
    ip6_options_build(d, slice_skip(slice_cut(s, octets), 2));
  build_layer_end(d, layer, octets);
  return octets;
}

static void
fragment6_decode(struct decode *d, struct slice s)
{
  uint16_t word = get_be16(s.p + 2);
  unsigned layer = build_layer(d, &defs[FRAGHDR], s, NULL);
  build_named(d, &defs[FRAGHDR_NXT], slice_cut(s, 1), s.p[0], proto_name(s.p[0]));
  build_number(d, &defs[FRAGHDR_OFFSET], slice_cut(slice_skip(s, 2), 2), word >> 3);
  build_number(d, &defs[FRAGHDR_MORE], slice_cut(slice_skip(s, 3), 1), word & 1);
  build_number(d, &defs[FRAGHDR_IDENT], slice_cut(slice_skip(s, 4), 4), get_be32(s.p + 4));
  build_layer_end(d, layer, 8);
}

/* The jumbo payload option (RFC 2675) of a hop-by-hop header, or 0. */
static uint32_t
jumbo_octets(struct slice s)
{
  if (s.n < 8)
    return 0;
  uint32_t end = MIN((s.p[1] + 1u) * 8u, s.n);
  for (uint32_t at = 2; at + 2 <= end; at += s.p[at] == 0 ? 1u : 2u + s.p[at + 1])
    if (s.p[at] == 0xc2 && s.p[at + 1] == 4 && at + 6 <= end)
      return get_be32(s.p + at + 2);
  return 0;
}

static void
ipv6_decode(struct decode *d, struct slice s)
{
  struct ipv6 h;
  if (!ipv6_get(s.p, s.n, &h)) {
    bad_header(d, s, &defs[IP6]);
    return;
  }
  struct ip_addr src = ip_addr_v6(h.src), dst = ip_addr_v6(h.dst);
  ip_addresses(d, &src, &dst);
  build_summary_protocol(d, "IPv6");
  header6_build(d, s, &h);
  s = slice_skip(s, IPV6_OCTETS);
  uint32_t payload = h.payload_octets;
  if (!payload && h.next_header == IP_PROTO_HOPOPTS)
    payload = jumbo_octets(s);
  if (payload) {
    s = slice_cut(s, payload);
    if (s.wire < payload)
      s.wire = payload;
  }
  uint8_t proto = h.next_header;
  for (unsigned depth = 0; depth < FRAME_NEST_MAX; depth++) {
    if (proto == IP_PROTO_FRAGMENT && s.n >= 8) {
      fragment6_decode(d, s);
      bool whole = (get_be16(s.p + 2) & 0xfff9) == 0;
      proto = s.p[0];
      s = slice_skip(s, 8);
      if (!whole) {
        fragment_decode(d, s, proto, true);
        return;
      }
      continue;
    }
    if (proto != IP_PROTO_HOPOPTS && proto != IP_PROTO_ROUTING && proto != IP_PROTO_DSTOPTS &&
        proto != IP_PROTO_AH)
      break;
    uint32_t octets = extension_build(d, s, proto);
    if (octets == 0) {
      bad_header(d, s, &defs[IP6]);
      return;
    }
    proto = s.p[0];
    s = slice_skip(s, octets);
  }
  if (proto != IP_PROTO_NONE)
    transport_decode(d, s, proto);
}

void
ip_decode(struct decode *d, struct slice s)
{
  unsigned version = s.n ? s.p[0] >> 4 : 0;
  if (version == 6)
    ipv6_decode(d, s);
  else
    ipv4_decode(d, s);
}
