/* SPDX-License-Identifier: GPL-3.0-or-later */
/* decode.c -- one frame: its octets become source 0, its layers become fields, its meaning one
 * line.
 *
 *     decode_frame ─> frame fields ─> link_decode ─> ... ─> summary
 *
 * One decode is used for many frames: arrays keep their room, so a frame costs no allocation once
 * the largest was seen. Files of single protocols lie beside this one; build.h shows who calls
 * whom. */
#include "capture/decode/build.h"
#include "capture/decode/tcp.h"

#include <string.h>

enum {
  FRAME,
  TIME,
  TIME_EPOCH,
  TIME_DELTA,
  TIME_RELATIVE,
  NUMBER,
  LEN,
  CAP_LEN,
  PROTOCOLS,
  INTERFACE_ID,
  INTERFACE_NAME,
  COMMENT,
  CUT,
  UNREADABLE
};

static const struct field_def defs[] = {
    [FRAME] =
        {"frame",
         FIELD_PROTOCOL,
         {"Frame", "เฟรม"},
         {"A frame is everything that one network card sends in one go: an envelope that holds all "
          "the other envelopes.",
          "เฟรมคือข้อมูลทั้งหมดที่การ์ดเครือข่ายส่งออกไปในครั้งเดียว เป็นซองชั้นนอกสุดที่บรรจุซองชั้นอื่นทั้งหมดไว้"},
         "pcapng section 4.3"},
    [TIME] = {"frame.time",
              FIELD_TIME,
              {"Arrival time", "เวลาที่มาถึง"},
              {"The moment at which this frame was recorded: %s.", "เวลาที่บันทึกเฟรมนี้ได้: %s"},
              "pcapng section 4.3"},
    [TIME_EPOCH] = {"frame.time_epoch",
                    FIELD_SPAN,
                    {"Epoch time", "เวลานับจาก ค.ศ. 1970"},
                    {"The same moment as seconds since the start of 1970 (UTC): %s.",
                     "เวลาเดียวกันนับเป็นวินาทีตั้งแต่ต้นปี ค.ศ. 1970 (UTC): %s"},
                    "pcapng section 4.3"},
    [TIME_DELTA] = {"frame.time_delta",
                    FIELD_SPAN,
                    {"Time since the previous frame", "เวลานับจากเฟรมก่อนหน้า"},
                    {"The frame before this one was recorded %s seconds earlier.",
                     "เฟรมก่อนหน้านี้บันทึกไว้ก่อน %s วินาที"},
                    "Enveloscope"},
    [TIME_RELATIVE] = {"frame.time_relative",
                       FIELD_SPAN,
                       {"Time since the first frame", "เวลานับจากเฟรมแรก"},
                       {"%s seconds have passed since the first frame.",
                        "ผ่านไป %s วินาทีนับจากเฟรมแรก"},
                       "Enveloscope"},
    [NUMBER] = {"frame.number",
                FIELD_UINT,
                {"Frame number", "หมายเลขเฟรม"},
                {"This is frame number %s; counting starts at 1.",
                 "นี่คือเฟรมหมายเลข %s โดยเริ่มนับจาก 1"},
                "Enveloscope"},
    [LEN] = {"frame.len",
             FIELD_UINT,
             {"Frame length on the wire", "ความยาวเฟรมบนสาย"},
             {"The frame had %s octets on the wire.", "เฟรมนี้มีความยาว %s ออกเตตบนสายจริง"},
             "pcapng section 4.3"},
    [CAP_LEN] = {"frame.cap_len",
                 FIELD_UINT,
                 {"Frame length in the capture", "ความยาวเฟรมที่บันทึกไว้"},
                 {"%s octets of it were recorded.", "บันทึกไว้ได้ %s ออกเตต"},
                 "pcapng section 4.3"},
    [PROTOCOLS] = {"frame.protocols",
                   FIELD_TEXT,
                   {"Protocols in the frame", "โปรโตคอลในเฟรม"},
                   {"The envelopes from the outside to the inside: %s.",
                    "ซองแต่ละชั้นจากนอกสุดเข้าไปถึงในสุด: %s"},
                   "Enveloscope"},
    [INTERFACE_ID] = {"frame.interface_id",
                      FIELD_UINT,
                      {"Interface id", "หมายเลขอินเทอร์เฟซ"},
                      {"The frame was recorded at interface number %s.",
                       "บันทึกเฟรมนี้ที่อินเทอร์เฟซหมายเลข %s"},
                      "pcapng section 4.2"},
    [INTERFACE_NAME] = {"frame.interface_name",
                        FIELD_TEXT,
                        {"Interface name", "ชื่ออินเทอร์เฟซ"},
                        {"The frame was recorded at the interface %s.", "บันทึกเฟรมนี้ที่อินเทอร์เฟซ %s"},
                        "pcapng section 4.2"},
    [COMMENT] = {"frame.comment",
                 FIELD_TEXT,
                 {"Comment", "ความเห็น"},
                 {"Somebody wrote this beside the frame: %s.", "มีผู้เขียนความเห็นไว้ข้างเฟรมนี้: %s"},
                 "pcapng section 3.5"},
    [CUT] = {"enveloscope.frame.cut",
             FIELD_UINT,
             {"Octets that were not recorded", "ออกเตตที่ไม่ได้บันทึก"},
             {"The recording kept only the beginning: %s octets of this frame are missing.",
              "การบันทึกเก็บไว้เฉพาะส่วนต้น เฟรมนี้ขาดไป %s ออกเตต"},
             "pcapng section 4.3"},
    [UNREADABLE] =
        {"enveloscope.frame.unreadable",
         FIELD_NONE,
         {"The octets can no longer be read", "อ่านออกเตตไม่ได้อีก"},
         {"The capture file was removed or cut after it had been opened, so these octets can no "
          "longer be read; open the file again.",
          "ไฟล์ที่บันทึกไว้ถูกลบหรือถูกตัดหลังจากเปิดแล้ว จึงอ่านออกเตตเหล่านี้ไม่ได้อีก โปรดเปิดไฟล์ใหม่"},
         "Enveloscope"},
};
FIELD_TABLE(frame_fields, defs);

struct decode *
decode_new(const struct trace *trace)
{
  struct decode *d = g_new0(struct decode, 1);
  d->trace = trace;
  d->fields = g_array_sized_new(FALSE, FALSE, sizeof(struct field), 128);
  d->text = g_byte_array_new();
  d->secrets = g_array_new(FALSE, FALSE, sizeof(struct decode_secret));
  for (unsigned i = 0; i < DECODE_SOURCES_MAX; i++) {
    d->sources[i].octets = g_byte_array_new();
    d->sources[i].pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  }
  d->work = g_new0(struct decode_work, 1);
  d->work->info = g_string_new(NULL);
  d->work->line = g_string_new(NULL);
  d->work->octets = g_byte_array_new();
  d->work->pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  d->work->scale_flow = d->work->rtt_flow = TRACE_NONE;
  d->summary.source = d->work->source_text;
  d->summary.destination = d->work->destination_text;
  d->summary.protocol = "";
  d->summary.info = d->work->info->str;
  return d;
}

void
decode_free(struct decode *d)
{
  if (!d)
    return;
  g_array_unref(d->fields);
  g_byte_array_unref(d->text);
  g_array_unref(d->secrets);
  for (unsigned i = 0; i < DECODE_SOURCES_MAX; i++) {
    g_byte_array_unref(d->sources[i].octets);
    g_array_unref(d->sources[i].pieces);
  }
  g_string_free(d->work->info, TRUE);
  g_string_free(d->work->line, TRUE);
  g_byte_array_unref(d->work->octets);
  g_array_unref(d->work->pieces);
  g_free(d->work->imap);
  g_clear_pointer(&d->work->host_names, g_hash_table_unref);
  tcp_segments_free(d->work->segments);
  g_free(d->work);
  g_free(d);
}

void
decode_set_reveal(struct decode *d, bool reveal)
{
  d->reveal = reveal;
}

static void
start(struct decode *d, uint32_t frame, bool summary_only)
{
  struct decode_work *w = d->work;
  d->frame = frame;
  g_array_set_size(d->fields, 0);
  g_byte_array_set_size(d->text, 0);
  g_array_set_size(d->secrets, 0);
  d->n_sources = 1;
  d->sources[0].kind = SOURCE_FRAME;
  g_array_set_size(d->sources[0].pieces, 0);
  g_string_truncate(w->info, 0);
  w->summary_only = summary_only;
  w->full = w->quoted = w->reply_seen = w->reply_goes_on = false;
  w->parent = UINT16_MAX;
  w->depth = 0;
  w->record = trace_frame(d->trace, frame);
  w->src = w->dst = (struct ip_addr){0};
  w->source_text[0] = w->destination_text[0] = '\0';
  w->n_protocols = w->n_messages = w->n_info_lines = w->n_records_opened = 0;
  w->protocols_field = BUILD_NOTHING;
  w->payload = (struct slice){0};
  d->summary.protocol = "";
}

static void
frame_fields_build(struct decode *d)
{
  const struct trace_frame *r = &d->work->record;
  GByteArray *octets = d->sources[0].octets;
  struct slice all = {octets->data, 0, octets->len, r->wire_octets, 0};
  struct slice none = slice_none(all);
  char title[96];
  g_snprintf(title, sizeof title,
             lang_text("Frame %u: %u octets on the wire, %u captured",
                       "เฟรม %u: %u ออกเตตบนสาย บันทึกไว้ %u"),
             d->frame + 1, r->wire_octets, r->captured_octets);
  unsigned layer = build_layer(d, &defs[FRAME], all, title);
  d->work->n_protocols = 0; /* "frame" is no member of frame.protocols */
  int64_t first = trace_frame(d->trace, 0).time_ns;
  int64_t before = d->frame ? trace_frame(d->trace, d->frame - 1).time_ns : r->time_ns;
  const struct trace_interface *interface = trace_interface(d->trace, r->interface);
  build_number(d, &defs[INTERFACE_ID], none, r->interface);
  if (interface && interface->name)
    build_string(d, &defs[INTERFACE_NAME], none, interface->name);
  build_number(d, &defs[TIME], none, (uint64_t)r->time_ns);
  build_number(d, &defs[TIME_EPOCH], none, (uint64_t)r->time_ns);
  build_generated(
      d, build_number(d, &defs[TIME_DELTA], none, (uint64_t)r->time_ns - (uint64_t)before));
  build_generated(
      d, build_number(d, &defs[TIME_RELATIVE], none, (uint64_t)r->time_ns - (uint64_t)first));
  build_number(d, &defs[NUMBER], none, d->frame + 1);
  const char *comment = trace_comment(d->trace, d->frame);
  if (comment)
    build_string(d, &defs[COMMENT], none, comment);
  build_number(d, &defs[LEN], none, r->wire_octets);
  build_number(d, &defs[CAP_LEN], none, r->captured_octets);
  if (r->wire_octets > r->captured_octets)
    build_flag(d, build_number(d, &defs[CUT], none, r->wire_octets - r->captured_octets),
               FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
  d->work->protocols_field = build_string(d, &defs[PROTOCOLS], none, "");
  build_generated(d, d->work->protocols_field);
  build_layer_end(d, layer, all.n);
}

static void
finish(struct decode *d)
{
  struct decode_work *w = d->work;
  if (w->protocols_field != BUILD_NOTHING) {
    g_array_index(d->fields, struct field, w->protocols_field).text = d->text->len;
    for (unsigned i = 0; i < w->n_protocols; i++) {
      if (i)
        g_byte_array_append(d->text, (const uint8_t *)":", 1);
      g_byte_array_append(d->text, (const uint8_t *)w->protocols[i],
                          (guint)strlen(w->protocols[i]));
    }
    g_byte_array_append(d->text, (const uint8_t *)"", 1);
  }
  d->summary.info = w->info->str;
  build_secrets_done(d);
}

static bool
run(struct decode *d, uint32_t frame, bool summary_only)
{
  start(d, frame, summary_only);
  bool readable = trace_octets(d->trace, frame, d->sources[0].octets);
  if (!readable)
    g_byte_array_set_size(d->sources[0].octets, 0);
  frame_fields_build(d);
  if (readable) {
    const GByteArray *o = d->sources[0].octets;
    uint32_t wire = d->work->record.wire_octets;
    link_decode(d, (struct slice){o->data, 0, o->len, wire > o->len ? wire : o->len, 0},
                trace_link(d->trace, frame));
  } else {
    struct slice none = {0};
    build_flag(d, build_none(d, &defs[UNREADABLE], none), FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
    build_info(d, "%s",
               lang_text("the capture file can no longer be read here", "อ่านไฟล์ที่บันทึกไว้ตรงนี้ไม่ได้อีก"));
  }
  finish(d);
  return readable;
}

bool
decode_frame(struct decode *d, uint32_t frame)
{
  return run(d, frame, false);
}

bool
decode_summary_only(struct decode *d, uint32_t frame)
{
  return run(d, frame, true);
}
