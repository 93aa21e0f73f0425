/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp_analysis.c -- what pass 1 found out about a segment, as fields: retransmission, window,
 * keep-alive.
 *
 * One row per bit of trace_frame.analysis: the key and the sentence for the tree, the words in
 * brackets for the list. The items and their names are those of Wireshark's expert information. */
#include "capture/decode/tcp.h"

enum { ANALYSIS, ANALYSIS_FLAGS, DUP_NUM, DUP_FRAME, FIRST_ITEM };

struct item {
  uint16_t bit;
  bool is_flag; /* counts for tcp.analysis.flags */
  const char *words;
};

/* These carry ANALYSIS_RETRANSMISSION too; a row names the special kind alone. */
enum { KINDS_OF_RETRANSMISSION = ANALYSIS_FAST_RETRANSMISSION | ANALYSIS_SPURIOUS_RETRANSMISSION };

static const struct item items[] = {
    {ANALYSIS_RETRANSMISSION, true, "TCP Retransmission"},
    {ANALYSIS_FAST_RETRANSMISSION, true, "TCP Fast Retransmission"},
    {ANALYSIS_SPURIOUS_RETRANSMISSION, true, "TCP Spurious Retransmission"},
    {ANALYSIS_OUT_OF_ORDER, true, "TCP Out-Of-Order"},
    {ANALYSIS_LOST_SEGMENT, true, "TCP Previous segment not captured"},
    {ANALYSIS_ACK_LOST_SEGMENT, true, "TCP ACKed unseen segment"},
    {ANALYSIS_DUPLICATE_ACK, true, "TCP Dup ACK"},
    {ANALYSIS_KEEP_ALIVE, true, "TCP Keep-Alive"},
    {ANALYSIS_KEEP_ALIVE_ACK, true, "TCP Keep-Alive ACK"},
    {ANALYSIS_ZERO_WINDOW, true, "TCP ZeroWindow"},
    {ANALYSIS_WINDOW_FULL, true, "TCP Window Full"},
    {ANALYSIS_WINDOW_UPDATE, true, "TCP Window Update"},
    {ANALYSIS_ZERO_WINDOW_PROBE, true, "TCP ZeroWindowProbe"},
    {ANALYSIS_ZERO_WINDOW_PROBE_ACK, true, "TCP ZeroWindowProbeAck"},
    {ANALYSIS_REUSED_PORTS, true, "TCP Port numbers reused"},
    {ANALYSIS_MALFORMED, false, "Malformed"},
};

static const struct field_def defs[] = {
    [ANALYSIS] = {"tcp.analysis",
                  FIELD_NONE,
                  {"SEQ/ACK analysis", "การวิเคราะห์ลำดับและการตอบรับ"},
                  {"What comparing this segment with the earlier ones of its connection shows.",
                   "สิ่งที่พบเมื่อเปรียบเทียบเซกเมนต์นี้กับเซกเมนต์ก่อนหน้าของการเชื่อมต่อเดียวกัน"},
                  "RFC 9293 section 3.8"},
    [ANALYSIS_FLAGS] = {"tcp.analysis.flags",
                        FIELD_NONE,
                        {"TCP analysis flags", "ข้อสังเกตจากการวิเคราะห์ TCP"},
                        {"Something about this segment is worth a look.",
                         "มีบางสิ่งเกี่ยวกับเซกเมนต์นี้ที่น่าสังเกต"},
                        "RFC 9293 section 3.8"},
    [DUP_NUM] =
        {"tcp.analysis.duplicate_ack_num",
         FIELD_UINT,
         {"Duplicate ACK number", "จำนวนการตอบรับซ้ำ"},
         {"This is repetition number %s; after the third one the sender repeats what was lost.",
          "นี่คือการซ้ำครั้งที่ %s เมื่อครบครั้งที่สามผู้ส่งจะส่งข้อมูลที่หายไปซ้ำ"},
         "RFC 5681 section 2"},
    [DUP_FRAME] = {"tcp.analysis.duplicate_ack_frame",
                   FIELD_FRAME,
                   {"Duplicate to the ACK in frame", "ซ้ำกับการตอบรับในเฟรม"},
                   {"Frame %s carried the same receipt before.",
                    "เฟรม %s เคยส่งการตอบรับเดียวกันนี้มาก่อนแล้ว"},
                   "RFC 5681 section 2"},
    [FIRST_ITEM] = {"tcp.analysis.retransmission",
                    FIELD_NONE,
                    {"This frame is a (suspected) retransmission", "เฟรมนี้ (น่าจะ) เป็นการส่งซ้ำ"},
                    {"The sender got no receipt in time, so it sends the same octets again.",
                     "ผู้ส่งไม่ได้รับการตอบรับทันเวลา จึงส่งออกเตตเดิมซ้ำ"},
                    "RFC 9293 section 3.8.1"},
    {"tcp.analysis.fast_retransmission",
     FIELD_NONE,
     {"This frame is a (suspected) fast retransmission", "เฟรมนี้ (น่าจะ) เป็นการส่งซ้ำแบบเร็ว"},
     {"Three equal receipts told the sender that a segment is lost, so it repeats it without "
      "waiting.",
      "การตอบรับซ้ำกันสามครั้งบอกผู้ส่งว่าเซกเมนต์หาย จึงส่งซ้ำทันทีโดยไม่รอ"},
     "RFC 5681 section 3.2"},
    {"tcp.analysis.spurious_retransmission",
     FIELD_NONE,
     {"This frame is a (suspected) spurious retransmission", "เฟรมนี้ (น่าจะ) เป็นการส่งซ้ำโดยไม่จำเป็น"},
     {"These octets had already been receipted, so sending them again was not needed.",
      "ออกเตตเหล่านี้ได้รับการตอบรับแล้ว การส่งซ้ำจึงไม่จำเป็น"},
     "RFC 3708 section 1"},
    {"tcp.analysis.out_of_order",
     FIELD_NONE,
     {"This frame is a (suspected) out-of-order segment", "เฟรมนี้ (น่าจะ) เป็นเซกเมนต์ที่มาผิดลำดับ"},
     {"This segment was overtaken on its way by a later one.",
      "เซกเมนต์นี้ถูกเซกเมนต์ที่ส่งทีหลังแซงระหว่างทาง"},
     "RFC 9293 section 3.8"},
    {"tcp.analysis.lost_segment",
     FIELD_NONE,
     {"Previous segment(s) not captured", "ไม่ได้บันทึกเซกเมนต์ก่อนหน้า"},
     {"There is a gap before this segment: it was lost on the way or not recorded.",
      "มีช่องว่างก่อนเซกเมนต์นี้ อาจหายระหว่างทางหรือไม่ได้บันทึกไว้"},
     "RFC 9293 section 3.8"},
    {"tcp.analysis.ack_lost_segment",
     FIELD_NONE,
     {"ACKed segment that wasn't captured", "ตอบรับเซกเมนต์ที่ไม่ได้บันทึก"},
     {"Octets are receipted here that this recording does not hold.",
      "มีการตอบรับออกเตตที่ไม่มีอยู่ในการบันทึกนี้"},
     "RFC 9293 section 3.8"},
    {"tcp.analysis.duplicate_ack",
     FIELD_NONE,
     {"Duplicate ACK", "การตอบรับซ้ำ"},
     {"The same receipt again: something arrived, but not what is waited for.",
      "การตอบรับเดิมอีกครั้ง มีข้อมูลมาถึงแต่ไม่ใช่ส่วนที่รออยู่"},
     "RFC 5681 section 2"},
    {"tcp.analysis.keep_alive",
     FIELD_NONE,
     {"TCP keep-alive segment", "เซกเมนต์รักษาการเชื่อมต่อ"},
     {"Nothing was said for a long time; the sender asks whether the other end is still there.",
      "ไม่มีการรับส่งมานาน ผู้ส่งจึงถามว่าอีกฝ่ายยังอยู่หรือไม่"},
     "RFC 9293 section 3.8.4"},
    {"tcp.analysis.keep_alive_ack",
     FIELD_NONE,
     {"ACK to a TCP keep-alive segment", "ตอบรับเซกเมนต์รักษาการเชื่อมต่อ"},
     {"The answer to the question whether this end is still there.", "คำตอบของคำถามว่าฝั่งนี้ยังอยู่หรือไม่"},
     "RFC 9293 section 3.8.4"},
    {"tcp.analysis.zero_window",
     FIELD_NONE,
     {"TCP zero window segment", "เซกเมนต์ที่แจ้งหน้าต่างเป็นศูนย์"},
     {"The receiver has no room left; the other end must stop sending.",
      "ผู้รับไม่มีที่ว่างเหลือ อีกฝ่ายต้องหยุดส่ง"},
     "RFC 9293 section 3.8.6.1"},
    {"tcp.analysis.window_full",
     FIELD_NONE,
     {"The receiver's window is now completely full", "หน้าต่างของผู้รับเต็มแล้ว"},
     {"With this segment the sender has used all the room that the receiver offered.",
      "เมื่อส่งเซกเมนต์นี้ ผู้ส่งใช้ที่ว่างที่ผู้รับให้ไว้จนหมดแล้ว"},
     "RFC 9293 section 3.8.6"},
    {"tcp.analysis.window_update",
     FIELD_NONE,
     {"TCP window update", "การแจ้งขนาดหน้าต่างใหม่"},
     {"Only the room for more octets has changed.", "มีเพียงขนาดที่ว่างสำหรับรับข้อมูลที่เปลี่ยนไป"},
     "RFC 9293 section 3.8.6"},
    {"tcp.analysis.zero_window_probe",
     FIELD_NONE,
     {"TCP zero window probe", "การหยั่งหน้าต่างศูนย์"},
     {"The sender tries one octet to learn whether there is room again.",
      "ผู้ส่งลองส่งหนึ่งออกเตตเพื่อดูว่ามีที่ว่างอีกหรือยัง"},
     "RFC 9293 section 3.8.6.1"},
    {"tcp.analysis.zero_window_probe_ack",
     FIELD_NONE,
     {"ACK to a TCP zero window probe", "ตอบรับการหยั่งหน้าต่างศูนย์"},
     {"The answer to that try: how much room there is now.",
      "คำตอบของการลองส่งนั้น บอกว่าตอนนี้มีที่ว่างเท่าใด"},
     "RFC 9293 section 3.8.6.1"},
    {"tcp.analysis.reused_ports",
     FIELD_NONE,
     {"The ports of an earlier connection are used again", "ใช้พอร์ตของการเชื่อมต่อก่อนหน้าอีกครั้ง"},
     {"A new connection begins between the same addresses and ports as an earlier one.",
      "การเชื่อมต่อใหม่เริ่มขึ้นระหว่างที่อยู่และพอร์ตเดียวกับการเชื่อมต่อก่อนหน้า"},
     "RFC 9293 section 3.4.3"},
    {"enveloscope.tcp.malformed",
     FIELD_NONE,
     {"This segment breaks the rules of TCP", "เซกเมนต์นี้ผิดกฎของ TCP"},
     {"A number or a flag in this segment is impossible.", "หมายเลขหรือแฟล็กในเซกเมนต์นี้เป็นไปไม่ได้"},
     "RFC 9293 section 3.1"},
};
_Static_assert(G_N_ELEMENTS(defs) == FIRST_ITEM + G_N_ELEMENTS(items), "one def per item");
FIELD_TABLE(tcp_analysis_fields, defs);

/* Which repetition this is and the frame that said it first: behind it this end may have sent
 * octets or opened its window, which repeats nothing, before the next repetition. */
static unsigned
count_duplicates(struct decode *d, uint32_t *original)
{
  const struct tcp_segment *now = tcp_segment_get(d, d->frame), *s;
  unsigned n = 1;
  if (!now)
    return n;
  uint32_t ack = now->ack, frame = now->prev;
  unsigned direction = now->direction;
  for (unsigned i = 0; i < TCP_LOOK_BACK_FRAMES; i++, frame = s->prev) {
    if (!(s = tcp_segment_get(d, frame)))
      break;
    if (s->direction != direction)
      continue;
    if (s->ack != ack)
      break;
    *original = frame;
    n += (s->analysis & ANALYSIS_DUPLICATE_ACK) != 0;
  }
  return n;
}

void
tcp_analysis_build(struct decode *d, struct slice s)
{
  uint16_t analysis = d->work->record.analysis;
  if (analysis == 0 && d->work->summary_only)
    return;
  struct slice none = slice_none(s);
  uint32_t original = TRACE_NONE;
  unsigned number = 0;
  if (analysis & ANALYSIS_DUPLICATE_ACK)
    number = count_duplicates(d, &original);
  unsigned before = d->fields->len;
  unsigned group = build_none(d, &defs[ANALYSIS], none);
  build_generated(d, group);
  build_open(d, group);
  tcp_rtt_build(d, s);
  if (analysis == 0 && d->fields->len == before + 1) { /* nothing to say */
    build_close(d, group);
    g_array_set_size(d->fields, before);
    return;
  }
  unsigned flags = BUILD_NOTHING;
  if (analysis & (uint16_t)~ANALYSIS_MALFORMED) {
    flags = build_none(d, &defs[ANALYSIS_FLAGS], none);
    build_flag(d, flags, FIELD_FLAG_GENERATED | FIELD_FLAG_ODD);
    build_open(d, flags);
  }
  for (unsigned i = 0; i < G_N_ELEMENTS(items); i++) {
    if (!(analysis & items[i].bit))
      continue;
    build_flag(d, build_none(d, &defs[FIRST_ITEM + i], none),
               FIELD_FLAG_GENERATED | FIELD_FLAG_ODD);
    if (items[i].bit == ANALYSIS_DUPLICATE_ACK) /* Wireshark has it as item and as finding */
      build_hidden(d, &defs[FIRST_ITEM + i], none, 0);
    if (items[i].bit == ANALYSIS_DUPLICATE_ACK && original != TRACE_NONE)
      build_info(d, "[TCP Dup ACK %u#%u] ", original + 1, number);
    else if (items[i].bit != ANALYSIS_RETRANSMISSION || !(analysis & KINDS_OF_RETRANSMISSION))
      build_info(d, "[%s] ", items[i].words);
  }
  build_close(d, flags);
  if (number && original != TRACE_NONE) {
    build_generated(d, build_number(d, &defs[DUP_NUM], none, number));
    build_generated(d, build_number(d, &defs[DUP_FRAME], none, original + 1));
  }
  build_close(d, group);
}
