/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tcp.c -- the envelope that turns datagrams into a stream, RFC 9293, 7323, 2018.
 *
 *     tcp_decode ─> header, flags, options ─> tcp_analysis_build ─> app_decode
 *
 * Numbers relative to the stream's start, the scaled window and the marks of the analysis are
 * computed; they come from the flow that pass 1 keeps. The payload has a field of its own behind
 * the header, hidden because the layers of the application show the same octets. */
#include "capture/decode/tcp.h"

#include "capture/wire/frame.h"

enum {
  TCP,
  SRCPORT,
  DSTPORT,
  PORT,
  STREAM,
  LEN,
  SEQ,
  SEQ_RAW,
  NXTSEQ,
  ACK,
  ACK_RAW,
  HDR_LEN,
  FLAGS,
  FLAGS_RES,
  FLAGS_AE,
  FLAGS_CWR,
  FLAGS_ECE,
  FLAGS_URG,
  FLAGS_ACK,
  FLAGS_PUSH,
  FLAGS_RESET,
  FLAGS_SYN,
  FLAGS_FIN,
  FLAGS_STR,
  WINDOW_VALUE,
  WINDOW_SIZE,
  WINDOW_SCALE,
  CHECKSUM,
  CHECKSUM_STATUS,
  URGENT,
  TIME_RELATIVE,
  TIME_DELTA,
  PAYLOAD,
  BAD,
};

static const struct field_def defs[] = {
    [TCP] = {"tcp",
             FIELD_PROTOCOL,
             {"Transmission Control Protocol", "TCP โปรโตคอลควบคุมการส่ง"},
             {"TCP makes a reliable stream out of datagrams that may be lost, doubled or out of "
              "order: it "
              "numbers every octet and waits for the receipt.",
              "TCP สร้างกระแสข้อมูลที่เชื่อถือได้จากดาตาแกรมที่อาจสูญหาย ซ้ำ หรือสลับลำดับ "
              "โดยใส่หมายเลขให้ทุกออกเตตและรอการตอบรับ"},
             "RFC 9293 section 3.1"},
    [SRCPORT] = {"tcp.srcport",
                 FIELD_UINT,
                 {"Source port", "พอร์ตต้นทาง"},
                 {"The program that sent this segment uses port %s.",
                  "โปรแกรมที่ส่งเซกเมนต์นี้ใช้พอร์ต %s"},
                 "RFC 9293 section 3.1"},
    [DSTPORT] =
        {"tcp.dstport",
         FIELD_UINT,
         {"Destination port", "พอร์ตปลายทาง"},
         {"Port %s says which program of the receiver gets this segment; 25 is SMTP, 110 POP3, 143 "
          "IMAP4.",
          "พอร์ต %s บอกว่าโปรแกรมใดของผู้รับจะได้เซกเมนต์นี้ เช่น 25 คือ SMTP, 110 คือ POP3, 143 คือ IMAP4"},
         "RFC 9293 section 3.1"},
    [PORT] = {"tcp.port",
              FIELD_UINT,
              {"Source or destination port", "พอร์ตต้นทางหรือปลายทาง"},
              {"One of the two ports is %s.", "พอร์ตหนึ่งในสองพอร์ตคือ %s"},
              "RFC 9293 section 3.1"},
    [STREAM] = {"tcp.stream",
                FIELD_UINT,
                {"Stream index", "หมายเลขกระแส"},
                {"This segment belongs to the connection number %s; counting starts at 0.",
                 "เซกเมนต์นี้เป็นของการเชื่อมต่อหมายเลข %s โดยเริ่มนับจาก 0"},
                "Enveloscope"},
    [LEN] = {"tcp.len",
             FIELD_UINT,
             {"Segment length", "ความยาวเซกเมนต์"},
             {"This segment carries %s octets of the stream.",
              "เซกเมนต์นี้บรรทุกข้อมูลของกระแส %s ออกเตต"},
             "RFC 9293 section 3.1"},
    [SEQ] = {"tcp.seq",
             FIELD_UINT,
             {"Sequence number (relative)", "หมายเลขลำดับ (สัมพัทธ์)"},
             {"Counted from the start of the connection, the first octet here has the number %s.",
              "นับจากจุดเริ่มการเชื่อมต่อ ออกเตตแรกในเซกเมนต์นี้มีหมายเลข %s"},
             "RFC 9293 section 3.4"},
    [SEQ_RAW] =
        {"tcp.seq_raw",
         FIELD_UINT,
         {"Sequence number (raw)", "หมายเลขลำดับ (จริง)"},
         {"On the wire the number of the first octet is %s; connections start at a random number.",
          "หมายเลขของออกเตตแรกที่อยู่บนสายจริงคือ %s การเชื่อมต่อเริ่มจากหมายเลขสุ่ม"},
         "RFC 9293 section 3.4"},
    [NXTSEQ] = {"tcp.nxtseq",
                FIELD_UINT,
                {"Next sequence number (relative)", "หมายเลขลำดับถัดไป (สัมพัทธ์)"},
                {"The next segment of this sender will start at number %s.",
                 "เซกเมนต์ถัดไปของผู้ส่งรายนี้จะเริ่มที่หมายเลข %s"},
                "RFC 9293 section 3.4"},
    [ACK] = {"tcp.ack",
             FIELD_UINT,
             {"Acknowledgment number (relative)", "หมายเลขตอบรับ (สัมพัทธ์)"},
             {"The sender has received everything before number %s and waits for that one.",
              "ผู้ส่งได้รับข้อมูลทั้งหมดก่อนหมายเลข %s แล้ว และกำลังรอหมายเลขนี้"},
             "RFC 9293 section 3.4"},
    [ACK_RAW] = {"tcp.ack_raw",
                 FIELD_UINT,
                 {"Acknowledgment number (raw)", "หมายเลขตอบรับ (จริง)"},
                 {"On the wire the number that is waited for is %s.",
                  "หมายเลขที่รออยู่ตามที่ปรากฏบนสายจริงคือ %s"},
                 "RFC 9293 section 3.4"},
    [HDR_LEN] = {"tcp.hdr_len",
                 FIELD_UINT,
                 {"Header length", "ความยาวส่วนหัว"},
                 {"The header takes %s octets with its options; on the wire it is counted in words "
                  "of four.",
                  "ส่วนหัวรวมตัวเลือกยาว %s ออกเตต บนสายนับเป็นคำละสี่ออกเตต"},
                 "RFC 9293 section 3.1"},
    [FLAGS] = {"tcp.flags",
               FIELD_HEX,
               {"Flags", "แฟล็ก"},
               {"Single bits that say what this segment is for: %s.",
                "บิตเดี่ยวหลายบิตที่บอกว่าเซกเมนต์นี้มีไว้ทำอะไร: %s"},
               "RFC 9293 section 3.1"},
    [FLAGS_RES] = {"tcp.flags.res",
                   FIELD_BOOL,
                   {"Reserved", "สงวนไว้"},
                   {"These bits have no meaning yet: %s.", "บิตเหล่านี้ยังไม่มีความหมาย: %s"},
                   "RFC 9293 section 3.1"},
    [FLAGS_AE] = {"tcp.flags.ae",
                  FIELD_BOOL,
                  {"Accurate ECN", "ECN แบบละเอียด"},
                  {"Part of a finer report about congestion: %s.",
                   "ส่วนหนึ่งของการรายงานความแออัดอย่างละเอียด: %s"},
                  "RFC 9768 section 3.1"},
    [FLAGS_CWR] = {"tcp.flags.cwr",
                   FIELD_BOOL,
                   {"Congestion window reduced", "ลดหน้าต่างความคับคั่งแล้ว"},
                   {"The sender tells that it has slowed down because of congestion: %s.",
                    "ผู้ส่งแจ้งว่าได้ลดความเร็วลงแล้วเพราะเครือข่ายแออัด: %s"},
                   "RFC 3168 section 6.1"},
    [FLAGS_ECE] = {"tcp.flags.ece",
                   FIELD_BOOL,
                   {"ECN-echo", "สะท้อน ECN"},
                   {"The receiver passes on that a router reported congestion: %s.",
                    "ผู้รับแจ้งต่อว่าเราเตอร์รายงานความแออัด: %s"},
                   "RFC 3168 section 6.1"},
    [FLAGS_URG] = {"tcp.flags.urg",
                   FIELD_BOOL,
                   {"Urgent", "ข้อมูลด่วน"},
                   {"Whether the urgent pointer counts: %s.", "ตัวชี้ข้อมูลเร่งด่วนมีผลหรือไม่: %s"},
                   "RFC 9293 section 3.1"},
    [FLAGS_ACK] =
        {"tcp.flags.ack",
         FIELD_BOOL,
         {"Acknowledgment", "การตอบรับ"},
         {"Whether the acknowledgment number counts; it does in every segment but the first: %s.",
          "หมายเลขตอบรับมีผลหรือไม่ ซึ่งมีผลในทุกเซกเมนต์ยกเว้นเซกเมนต์แรก: %s"},
         "RFC 9293 section 3.1"},
    [FLAGS_PUSH] = {"tcp.flags.push",
                    FIELD_BOOL,
                    {"Push", "ให้ส่งต่อทันที (Push)"},
                    {"The receiver should hand what it has to the program at once: %s.",
                     "ผู้รับควรส่งข้อมูลที่มีให้โปรแกรมทันที: %s"},
                    "RFC 9293 section 3.1"},
    [FLAGS_RESET] = {"tcp.flags.reset",
                     FIELD_BOOL,
                     {"Reset", "ตัดการเชื่อมต่อ (Reset)"},
                     {"The sender breaks the connection off at once: %s.", "ผู้ส่งตัดการเชื่อมต่อทันที: %s"},
                     "RFC 9293 section 3.1"},
    [FLAGS_SYN] = {"tcp.flags.syn",
                   FIELD_BOOL,
                   {"Syn", "เริ่มการเชื่อมต่อ (Syn)"},
                   {"The sender opens the connection and tells where its numbers start: %s.",
                    "ผู้ส่งเปิดการเชื่อมต่อและบอกว่าหมายเลขของตนเริ่มที่ใด: %s"},
                   "RFC 9293 section 3.1"},
    [FLAGS_FIN] = {"tcp.flags.fin",
                   FIELD_BOOL,
                   {"Fin", "ส่งหมดแล้ว (Fin)"},
                   {"The sender has nothing more to say and closes its direction: %s.",
                    "ผู้ส่งไม่มีข้อมูลจะส่งอีกและปิดทิศทางของตน: %s"},
                   "RFC 9293 section 3.1"},
    [FLAGS_STR] = {"tcp.flags.str",
                   FIELD_TEXT,
                   {"TCP flags", "แฟล็ก TCP"},
                   {"The flags that are set, as letters: %s.", "แฟล็กที่ตั้งไว้ แสดงเป็นตัวอักษร: %s"},
                   "RFC 9293 section 3.1"},
    [WINDOW_VALUE] = {"tcp.window_size_value",
                      FIELD_UINT,
                      {"Window", "หน้าต่าง"},
                      {"The number in the window field is %s, before scaling.",
                       "ค่าในช่องหน้าต่างคือ %s ก่อนคูณด้วยตัวขยาย"},
                      "RFC 9293 section 3.1"},
    [WINDOW_SIZE] = {"tcp.window_size",
                     FIELD_UINT,
                     {"Calculated window size", "ขนาดหน้าต่างที่คำนวณแล้ว"},
                     {"The sender of this segment has room for %s more octets.",
                      "ผู้ส่งเซกเมนต์นี้มีที่ว่างรับข้อมูลได้อีก %s ออกเตต"},
                     "RFC 7323 section 2.3"},
    [WINDOW_SCALE] =
        {"tcp.window_size_scalefactor",
         FIELD_UINT,
         {"Window size scaling factor", "ตัวคูณขนาดหน้าต่าง"},
         {"The window counts this many octets per unit; -1 is unknown, -2 is not used: %s.",
          "หนึ่งหน่วยของหน้าต่างเท่ากับกี่ออกเตต โดย -1 คือไม่ทราบ และ -2 คือไม่ได้ใช้: %s"},
         "RFC 7323 section 2.2",
         0,
         true},
    [CHECKSUM] = {"tcp.checksum",
                  FIELD_HEX,
                  {"Checksum", "ผลรวมตรวจสอบ"},
                  {"A sum over segment and addresses with which the receiver finds damage: %s.",
                   "ผลรวมของเซกเมนต์และที่อยู่ที่ผู้รับใช้ตรวจหาความเสียหาย: %s"},
                  "RFC 9293 section 3.1"},
    [CHECKSUM_STATUS] = {"tcp.checksum.status",
                         FIELD_UINT,
                         {"Checksum status", "ผลการตรวจสอบผลรวม"},
                         {"The checksum was computed again and compared: %s.",
                          "คำนวณผลรวมตรวจสอบใหม่แล้วเปรียบเทียบ ผลคือ %s"},
                         "RFC 9293 section 3.1"},
    [URGENT] = {"tcp.urgent_pointer",
                FIELD_UINT,
                {"Urgent pointer", "ตัวชี้ข้อมูลด่วน"},
                {"With the flag URG it would say where urgent data end; here it is %s.",
                 "ถ้าตั้งแฟล็ก URG ค่านี้จะบอกว่าข้อมูลเร่งด่วนจบที่ใด ในที่นี้คือ %s"},
                "RFC 9293 section 3.1"},
    [TIME_RELATIVE] = {"tcp.time_relative",
                       FIELD_SPAN,
                       {"Time since the first frame in this stream", "เวลานับจากเฟรมแรกของกระแสนี้"},
                       {"%s seconds have passed since this connection began.",
                        "ผ่านไป %s วินาทีนับจากเริ่มการเชื่อมต่อนี้"},
                       "Enveloscope"},
    [TIME_DELTA] = {"tcp.time_delta",
                    FIELD_SPAN,
                    {"Time since the previous frame in this stream",
                     "เวลานับจากเฟรมก่อนหน้าของกระแสนี้"},
                    {"The previous segment of this connection was %s seconds ago.",
                     "เซกเมนต์ก่อนหน้าของการเชื่อมต่อนี้ผ่านมาแล้ว %s วินาที"},
                    "Enveloscope"},
    [PAYLOAD] = {"tcp.payload",
                 FIELD_OCTETS,
                 {"TCP payload", "เนื้อหาของ TCP"},
                 {"The octets of the stream that this segment carries: %s.",
                  "ออกเตตของกระแสข้อมูลที่เซกเมนต์นี้บรรทุก: %s"},
                 "RFC 9293 section 3.1"},
    [BAD] = {"tcp.bogus_header_length",
             FIELD_NONE,
             {"Bogus TCP header length", "ความยาวส่วนหัว TCP เป็นไปไม่ได้"},
             {"The header is cut off, or says that it is shorter than its fixed part.",
              "ส่วนหัวถูกตัดขาด หรือบอกว่าสั้นกว่าส่วนที่ต้องมีเสมอ"},
             "RFC 9293 section 3.1"},
};
FIELD_TABLE(tcp_fields, defs);

enum { SCALE_SEARCH_FRAMES = 16 }; /* the SYNs stand at the start, repeated a few times at most */

/* ---- what the flow knows ---- */

static const struct trace_flow *
own_flow(const struct decode *d)
{
  const struct trace_frame *r = &d->work->record;
  if (d->work->quoted || r->flow == TRACE_NONE)
    return NULL;
  const struct trace_flow *flow = trace_flow(d->trace, r->flow);
  return flow->proto == IP_PROTO_TCP ? flow : NULL;
}

/* The window scale that one SYN offers: its shift, or -2 when it offers none. */
static int
syn_scale(struct decode *d, uint32_t frame)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct frame_layers layers;
  struct tcp_options options;
  if (!trace_octets(d->trace, frame, octets))
    return -1;
  frame_walk(trace_link(d->trace, frame), octets->data, octets->len, &layers);
  if (layers.ip_proto != IP_PROTO_TCP || layers.transport_offset == 0 ||
      layers.payload_offset < layers.transport_offset + TCP_OCTETS)
    return -1;
  uint32_t first = layers.transport_offset + TCP_OCTETS;
  tcp_options_get(octets->data + first, layers.payload_offset - first, &options);
  return options.has_wscale ? MIN(options.wscale, 14) : -2;
}

/* Fills w->scale for the flow. Scaling holds only when both SYNs offered it (RFC 7323 2.2). */
static void
find_scales(struct decode *d, uint32_t flow_index)
{
  struct decode_work *w = d->work;
  if (w->scale_flow == flow_index)
    return;
  const struct trace_flow *flow = trace_flow(d->trace, flow_index);
  w->scale_flow = flow_index;
  w->scale[0] = w->scale[1] = -1;
  uint32_t frame = flow->first_frame;
  for (unsigned i = 0; i < SCALE_SEARCH_FRAMES && frame != TRACE_NONE; i++) {
    const struct trace_frame r = trace_frame(d->trace, frame);
    if ((r.tcp_flags & TCP_SYN) && w->scale[r.direction] == -1)
      w->scale[r.direction] = syn_scale(d, frame);
    frame = r.next_in_flow;
  }
  if (w->scale[0] == -2 || w->scale[1] == -2)
    w->scale[0] = w->scale[1] = -2;
}

/* ---- parts of the header ---- */

static void
flags_build(struct decode *d, struct slice s, uint16_t flags)
{
  static const struct {
    uint16_t bit;
    uint8_t def;
    char letter;
  } rows[] = {{TCP_AE, FLAGS_AE, 'N'},     {TCP_CWR, FLAGS_CWR, 'C'}, {TCP_ECE, FLAGS_ECE, 'E'},
              {TCP_URG, FLAGS_URG, 'U'},   {TCP_ACK, FLAGS_ACK, 'A'}, {TCP_PSH, FLAGS_PUSH, 'P'},
              {TCP_RST, FLAGS_RESET, 'R'}, {TCP_SYN, FLAGS_SYN, 'S'}, {TCP_FIN, FLAGS_FIN, 'F'}};
  if (d->work->summary_only)
    return;
  char words[64], letters[64] = "";
  struct slice both = slice_cut(slice_skip(s, 12), 2), low = slice_skip(both, 1);
  uint16_t all = get_be16(both.p) & 0xfff;
  unsigned group = build_named(d, &defs[FLAGS], both, all, tcp_flags_format(flags, words));
  build_open(d, group);
  build_number(d, &defs[FLAGS_RES], slice_cut(both, 1), (all & 0xe00) != 0);
  for (unsigned i = 0; i < 3; i++) /* the three reserved bits */
    g_strlcat(letters, all & (0x800 >> i) ? "R" : "·", sizeof letters);
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    build_number(d, &defs[rows[i].def], rows[i].bit == TCP_AE ? slice_cut(both, 1) : low,
                 (flags & rows[i].bit) != 0);
    char letter[2] = {rows[i].letter, '\0'};
    g_strlcat(letters, flags & rows[i].bit ? letter : "·", sizeof letters);
  }
  build_generated(d, build_string(d, &defs[FLAGS_STR], slice_none(both), letters));
  build_close(d, group);
}

static void
checksum_build(struct decode *d, struct slice s, uint16_t checksum)
{
  static const char *const words[] = {"Bad", "Good", "Unverified"};
  const struct decode_work *w = d->work;
  if (w->summary_only)
    return;
  unsigned status = 2;
  if (s.n == s.wire && !w->quoted && w->src.version != 0) {
    uint32_t sum = checksum_pseudo(&w->src, &w->dst, IP_PROTO_TCP, s.n);
    status = checksum_finish(checksum_add(sum, s.p, s.n)) == 0;
  }
  build_number(d, &defs[CHECKSUM], slice_cut(slice_skip(s, 16), 2), checksum);
  build_flag(d, build_named(d, &defs[CHECKSUM_STATUS], slice_none(s), status, words[status]),
             FIELD_FLAG_GENERATED | (status == 0 ? FIELD_FLAG_ODD : 0));
}

/* Builds the window fields and returns the window in octets. */
static uint32_t
window_build(struct decode *d, struct slice s, const struct tcp *t, const struct trace_flow *flow)
{
  struct slice at = slice_cut(slice_skip(s, 14), 2);
  uint32_t octets = t->window;
  int scale = -1;
  bool syn = t->flags & TCP_SYN;
  if (flow && !syn) {
    find_scales(d, d->work->record.flow);
    scale = d->work->scale[d->work->record.direction];
    if (scale >= 0)
      octets <<= scale;
  }
  build_number(d, &defs[WINDOW_VALUE], at, t->window);
  build_generated(d, build_number(d, &defs[WINDOW_SIZE], at, octets));
  if (flow && !syn)
    build_generated(d, build_number(d, &defs[WINDOW_SCALE], slice_none(at),
                                    scale >= 0 ? UINT64_C(1) << scale : (uint64_t)(int64_t)scale));
  return octets;
}

static void
times_build(struct decode *d, struct slice s, const struct trace_flow *flow)
{
  const struct trace_frame *r = &d->work->record;
  int64_t first = trace_frame(d->trace, flow->first_frame).time_ns;
  int64_t before =
      r->prev_in_flow == TRACE_NONE ? r->time_ns : trace_frame(d->trace, r->prev_in_flow).time_ns;
  build_generated(d, build_number(d, &defs[TIME_RELATIVE], slice_none(s),
                                  (uint64_t)r->time_ns - (uint64_t)first));
  build_generated(d, build_number(d, &defs[TIME_DELTA], slice_none(s),
                                  (uint64_t)r->time_ns - (uint64_t)before));
}

/* Where the numbers of one direction start: its own SYN, or what the other end acknowledged first.
 */
static uint32_t
number_base(const struct decode *d, const struct trace_flow *flow, unsigned direction)
{
  (void)d;
  return flow->ends[direction].isn;
}

/* The header of a segment of which less than the fixed part, or not all options, are there. */
static void
short_decode(struct decode *d, struct slice s)
{
  unsigned layer = build_layer(d, &defs[TCP], s, NULL);
  if (s.n >= 4) {
    build_number(d, &defs[SRCPORT], slice_cut(s, 2), get_be16(s.p));
    build_number(d, &defs[DSTPORT], slice_cut(slice_skip(s, 2), 2), get_be16(s.p + 2));
    build_info(d, "%u → %u ", get_be16(s.p), get_be16(s.p + 2));
  }
  if (s.n >= 4) {
    build_hidden(d, &defs[PORT], slice_cut(s, 2), get_be16(s.p));
    build_hidden(d, &defs[PORT], slice_cut(slice_skip(s, 2), 2), get_be16(s.p + 2));
  }
  if (s.n >= 8)
    build_number(d, &defs[d->work->quoted ? SEQ : SEQ_RAW], slice_cut(slice_skip(s, 4), 4),
                 get_be32(s.p + 4));
  if (!d->work->quoted || s.n < 8) /* an error quotes eight octets, RFC 792 */
    build_flag(d, build_none(d, &defs[BAD], s), FIELD_FLAG_ODD);
  build_info(d, "[%s]", lang_text("cut TCP header", "ส่วนหัว TCP ถูกตัดขาด"));
  build_layer_end(d, layer, s.n);
}

void
tcp_decode(struct decode *d, struct slice s)
{
  struct tcp t;
  build_summary_protocol(d, "TCP");
  if (!tcp_get(s.p, s.n, &t)) {
    short_decode(d, s);
    return;
  }
  const struct trace_flow *flow = own_flow(d);
  unsigned direction = d->work->record.direction;
  uint32_t seq_base = flow ? number_base(d, flow, direction) : 0;
  uint32_t ack_base = flow ? number_base(d, flow, !direction) : 0;
  struct slice payload = slice_skip(s, t.header_octets);
  uint32_t seq = t.seq - seq_base, ack = t.flags & TCP_ACK ? t.ack - ack_base : t.ack;
  uint32_t next = seq + payload.wire + ((t.flags & TCP_SYN) != 0) + ((t.flags & TCP_FIN) != 0);
  char title[128], words[64];
  g_snprintf(title, sizeof title,
             "Transmission Control Protocol, %u → %u, Seq: %u, Ack: %u, Len: %u", t.src_port,
             t.dst_port, seq, ack, payload.wire);
  unsigned layer = build_layer(d, &defs[TCP], s, title);
  build_number(d, &defs[SRCPORT], slice_cut(s, 2), t.src_port);
  build_number(d, &defs[DSTPORT], slice_cut(slice_skip(s, 2), 2), t.dst_port);
  build_hidden(d, &defs[PORT], slice_cut(s, 2), t.src_port);
  build_hidden(d, &defs[PORT], slice_cut(slice_skip(s, 2), 2), t.dst_port);
  if (flow)
    build_generated(d, build_number(d, &defs[STREAM], slice_none(s), flow->stream));
  if (!d->work->quoted)
    build_generated(d, build_number(d, &defs[LEN], slice_none(s), payload.wire));
  build_number(d, &defs[SEQ], slice_cut(slice_skip(s, 4), 4), seq);
  if (!d->work->quoted)
    build_number(d, &defs[SEQ_RAW], slice_cut(slice_skip(s, 4), 4), t.seq);
  if (!d->work->quoted)
    build_generated(d, build_number(d, &defs[NXTSEQ], slice_none(s), next));
  build_number(d, &defs[ACK], slice_cut(slice_skip(s, 8), 4), ack);
  build_number(d, &defs[ACK_RAW], slice_cut(slice_skip(s, 8), 4), t.ack);
  build_number(d, &defs[HDR_LEN], slice_cut(slice_skip(s, 12), 1), t.header_octets);
  flags_build(d, s, t.flags);
  uint32_t window = window_build(d, s, &t, flow);
  checksum_build(d, s, t.checksum);
  build_number(d, &defs[URGENT], slice_cut(slice_skip(s, 18), 2), t.urgent);
  g_autoptr(GString) options = g_string_new(NULL);
  tcp_options_build(d, slice_skip(slice_cut(s, t.header_octets), TCP_OCTETS), ack_base, options);
  if (flow) {
    times_build(d, s, flow);
    tcp_analysis_build(d, s);
  }
  build_layer_end(d, layer, t.header_octets);
  if (payload.n)
    build_flag(d, build_octets(d, &defs[PAYLOAD], payload), FIELD_FLAG_HIDDEN);
  if (d->work->quoted) {
    build_secret(d, payload.source, payload.first, payload.n);
    data_decode(d, payload);
    return;
  }
  size_t before = d->work->info->len;
  d->work->payload = payload;
  if (flow)
    app_decode(d);
  else
    data_decode(d, payload);
  if (d->work->info->len > before)
    return;
  build_info(d, "%u → %u [%s] Seq=%u", t.src_port, t.dst_port, tcp_flags_format(t.flags, words),
             seq);
  if (t.flags & TCP_ACK)
    build_info(d, " Ack=%u", ack);
  build_info(d, " Win=%u Len=%u%s", window, payload.wire, options->str);
}
