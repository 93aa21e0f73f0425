/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drop.c -- why something goes no further: the reasons with their words and sentences.
 *
 * Whoever drops a frame or packet says so here, so that the window, a hop view and a test find all
 * drops in one place: event (host, "drop", packet number) = "REASON at=PLACE". */
#include "sim/net/drop.h"

#include <string.h>

#include "capture/wire/lang.h"
#include "sim/net/host.h"

static const struct {
  const char *name, *en, *th;
} reasons[DROP_REASONS] = {
    [DROP_NONE] = {"none", "not dropped", "ไม่ได้ถูกทิ้ง"},
    [DROP_QUEUE_FULL] = {"queue-full", "the queue in front of the link is full", "คิวหน้าลิงก์เต็ม"},
    [DROP_LOSS] = {"loss", "lost by chance on the link", "สูญหายโดยบังเอิญบนลิงก์"},
    [DROP_BURST_LOSS] = {"burst-loss", "lost in a bad spell of the link", "สูญหายในช่วงที่ลิงก์มีสภาพไม่ดี"},
    [DROP_RULE] = {"rule", "dropped by a rule of the scenario", "ถูกทิ้งตามกฎของสถานการณ์จำลอง"},
    [DROP_INTERVENTION] = {"intervention", "dropped by hand", "ถูกทิ้งโดยผู้ใช้"},
    [DROP_LINK_DOWN] = {"link-down", "the link is down", "ลิงก์ใช้งานไม่ได้"},
    [DROP_MTU] = {"mtu", "longer than the link carries (MTU)", "ยาวเกินกว่าที่ลิงก์รับได้ (MTU)"},
    [DROP_FRAME_CHECK] = {"frame-check", "the frame's check sequence shows damage",
                          "ลำดับตรวจสอบของเฟรมแสดงว่าข้อมูลเสียหาย"},
    [DROP_HEADER] = {"header", "its header cannot be read", "อ่านเฮดเดอร์ไม่ได้"},
    [DROP_CHECKSUM_IP] = {"ip-checksum", "the checksum of the IP header is wrong",
                          "เช็กซัมของเฮดเดอร์ IP ไม่ถูกต้อง"},
    [DROP_CHECKSUM_ICMP] = {"icmp-checksum", "the ICMP checksum is wrong", "เช็กซัมของ ICMP ไม่ถูกต้อง"},
    [DROP_CHECKSUM_UDP] = {"udp-checksum", "the UDP checksum is wrong", "เช็กซัมของ UDP ไม่ถูกต้อง"},
    [DROP_CHECKSUM_TCP] = {"tcp-checksum", "the TCP checksum is wrong", "เช็กซัมของ TCP ไม่ถูกต้อง"},
    [DROP_TTL] = {"ttl", "its time to live ran out", "ค่า TTL หมดแล้ว"},
    [DROP_NO_ROUTE] = {"no-route", "no route leads to its destination", "ไม่มีเส้นทางไปยังปลายทาง"},
    [DROP_TOO_BIG] = {"too-big", "too big for the next link, and it must not be cut",
                      "ใหญ่เกินไปสำหรับลิงก์ถัดไปและห้ามแบ่งย่อย"},
    [DROP_NO_NEIGHBOUR] = {"no-neighbour", "nobody answered for the next address",
                           "ไม่มีใครตอบสำหรับที่อยู่ถัดไป"},
    [DROP_NEIGHBOUR_QUEUE] = {"neighbour-queue", "too many packets wait for the same neighbour",
                              "มีแพ็กเก็ตรอเครื่องข้างเคียงเดียวกันมากเกินไป"},
    [DROP_NEIGHBOUR_TABLE] = {"neighbour-table", "the table of neighbours is full",
                              "ตารางเครื่องข้างเคียงเต็ม"},
    [DROP_REASSEMBLY] = {"reassembly", "its other fragments did not come",
                         "ชิ้นส่วนอื่นของแพ็กเก็ตมาไม่ครบ"},
    [DROP_REASSEMBLY_TABLE] = {"reassembly-table", "too many datagrams wait for their fragments",
                               "มีดาตาแกรมที่รอชิ้นส่วนอยู่มากเกินไป"},
    [DROP_FRAGMENT_AGAIN] = {"fragment-again", "this fragment came before", "ชิ้นส่วนนี้เคยมาถึงแล้ว"},
    [DROP_FRAGMENT_OVERLAP] = {"fragment-overlap",
                               "fragments of its datagram overlap or do not fit together",
                               "ชิ้นส่วนของดาตาแกรมนี้ซ้อนทับกันหรือต่อกันไม่ได้"},
    [DROP_OPTION] = {"option", "an option of its header is wrong or unknown",
                     "ตัวเลือกในเฮดเดอร์ไม่ถูกต้องหรือไม่รู้จัก"},
    [DROP_SOURCE_ROUTE] = {"source-route", "it names its own way, which is refused here",
                           "แพ็กเก็ตกำหนดเส้นทางเอง ซึ่งที่นี่ไม่ยอมรับ"},
    [DROP_HEADERS] = {"headers", "its extension headers are too many or incomplete",
                      "ส่วนหัวเสริมมีมากเกินไปหรือไม่ครบ"},
    [DROP_NO_PROTOCOL] = {"no-protocol", "nobody here reads its protocol",
                          "ที่นี่ไม่มีใครอ่านโปรโตคอลของแพ็กเก็ตนี้"},
    [DROP_SCOPE] = {"scope", "its addresses are valid on their own link only",
                    "ที่อยู่ของแพ็กเก็ตใช้ได้เฉพาะในลิงก์ของตัวเอง"},
    [DROP_NAT_NO_MAPPING] = {"nat-no-mapping", "the NAT box knows nobody inside who waits for it",
                             "กล่อง NAT ไม่พบเครื่องภายในที่รอแพ็กเก็ตนี้"},
    [DROP_NAT_TABLE] = {"nat-table", "the NAT box has no free port or entry left",
                        "กล่อง NAT ไม่มีพอร์ตหรือรายการว่างเหลืออยู่"},
    [DROP_NAT_PROTOCOL] = {"nat-protocol", "the NAT box cannot translate this protocol",
                           "กล่อง NAT แปลงโปรโตคอลนี้ไม่ได้"},
};

const char *
drop_name(enum drop_reason reason)
{
  g_assert(reason < DROP_REASONS);
  return reasons[reason].name;
}

const char *
drop_sentence(enum drop_reason reason)
{
  g_assert(reason < DROP_REASONS);
  return lang_text(reasons[reason].en, reasons[reason].th);
}

enum drop_reason
drop_find(const char *name)
{
  for (unsigned i = DROP_NONE + 1; i < DROP_REASONS; i++)
    if (strcmp(reasons[i].name, name) == 0)
      return (enum drop_reason)i;
  return DROP_NONE;
}

void
host_drop(struct host *h, const struct packet *p, enum drop_reason reason, const char *where)
{
  struct world *w = h->net->world;
  if (!world_wants_events(w))
    return;
  char number[24];
  g_snprintf(number, sizeof number, "%" G_GUINT64_FORMAT, p->journey);
  world_emit(w, h->index, "drop", number, "%s at=%s", drop_name(reason), where);
  host_log(h, "drop", "packet %s dropped (%s): %s", "ทิ้งแพ็กเก็ต %s (%s): %s", number, where,
           drop_sentence(reason));
}
