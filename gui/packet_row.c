/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packet_row.c -- what one row of the packet list says and how its marks are drawn.
 *
 * A mark is a letter in a box before the info text, so that it is told by shape as well as by
 * colour; a triangle in the margin stands for a finding. The words are Wireshark's. */
#include "gui/packet_row.h"

#include <string.h>

#include "gui/pane.h"

static const struct {
  unsigned analysis;
  const char *letter;
  const char *color;
  struct lang_pair words;
} badges[] = {
    {ANALYSIS_FAST_RETRANSMISSION, "F", "risk", {"fast retransmission", "ส่งซ้ำแบบเร็ว"}},
    {ANALYSIS_SPURIOUS_RETRANSMISSION,
     "S",
     "risk",
     {"spurious retransmission: was acknowledged before", "ส่งซ้ำโดยไม่จำเป็น: ได้รับการตอบรับไปแล้ว"}},
    {ANALYSIS_RETRANSMISSION, "R", "risk", {"retransmission", "ส่งซ้ำ"}},
    {ANALYSIS_OUT_OF_ORDER, "O", "risk", {"out of order", "มาถึงผิดลำดับ"}},
    {ANALYSIS_LOST_SEGMENT,
     "L",
     "risk",
     {"the segment before this one is missing", "เซกเมนต์ก่อนหน้านี้หายไป"}},
    {ANALYSIS_ACK_LOST_SEGMENT,
     "A",
     "risk",
     {"acknowledges a segment that was not captured", "ตอบรับเซกเมนต์ที่ไม่ได้ถูกดักจับไว้"}},
    {ANALYSIS_DUPLICATE_ACK, "D", "risk", {"duplicate acknowledgment", "ตอบรับซ้ำ"}},
    {ANALYSIS_ZERO_WINDOW,
     "Z",
     "risk",
     {"zero window: the receiver has no room", "หน้าต่างเป็นศูนย์: ผู้รับไม่มีที่ว่างแล้ว"}},
    {ANALYSIS_WINDOW_FULL, "W", "risk", {"fills the receiver's window", "เต็มหน้าต่างของผู้รับพอดี"}},
    {ANALYSIS_WINDOW_UPDATE, "U", "faint", {"window update", "ปรับขนาดหน้าต่าง"}},
    {ANALYSIS_ZERO_WINDOW_PROBE, "P", "risk", {"zero-window probe", "หยั่งหน้าต่างที่เป็นศูนย์"}},
    {ANALYSIS_ZERO_WINDOW_PROBE_ACK,
     "p",
     "faint",
     {"answer to a zero-window probe", "ตอบการหยั่งหน้าต่างที่เป็นศูนย์"}},
    {ANALYSIS_KEEP_ALIVE, "K", "faint", {"keep-alive", "ตรวจว่าการเชื่อมต่อยังอยู่"}},
    {ANALYSIS_KEEP_ALIVE_ACK,
     "k",
     "faint",
     {"answer to a keep-alive", "ตอบการตรวจว่าการเชื่อมต่อยังอยู่"}},
    {ANALYSIS_REUSED_PORTS,
     "N",
     "faint",
     {"new connection on ports used before", "การเชื่อมต่อใหม่บนพอร์ตเดิม"}},
    {ANALYSIS_MALFORMED, "M", "risk", {"malformed", "ผิดรูปแบบ"}},
};

static char *
time_text(Session *session, uint32_t frame, uint32_t before, enum packet_time format)
{
  int64_t time = session_frame_time(session, frame);
  if (format == PACKET_TIME_PREVIOUS) {
    int64_t delta = before == SESSION_NONE ? 0 : time - session_frame_time(session, before);
    return pane_format_time(delta);
  }
  if (format == PACKET_TIME_UTC) {
    const struct trace_frame f = trace_frame(session_trace(session), frame);
    g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(f.time_ns / 1000000000);
    g_autofree char *seconds = utc ? g_date_time_format(utc, "%Y-%m-%d %H:%M:%S") : g_strdup("?");
    return g_strdup_printf("%s.%06d", seconds, (int)(f.time_ns % 1000000000 / 1000));
  }
  return pane_format_time(time);
}

void
packet_row_texts(Session *session, uint32_t frame, uint32_t before, enum packet_time format,
                 char *texts[PACKET_N_COLUMNS])
{
  struct decode *d = session_row_decode(session);
  const struct trace_frame f = trace_frame(session_trace(session), frame);
  decode_summary_only(d, frame);
  texts[PACKET_NUMBER] = g_strdup_printf("%u", frame + 1);
  texts[PACKET_TIME] = time_text(session, frame, before, format);
  texts[PACKET_SOURCE] = g_strdup(d->summary.source ? d->summary.source : "");
  texts[PACKET_DESTINATION] = g_strdup(d->summary.destination ? d->summary.destination : "");
  texts[PACKET_PROTOCOL] = g_strdup(d->summary.protocol ? d->summary.protocol : "");
  texts[PACKET_LENGTH] = g_strdup_printf("%u", f.wire_octets);
  texts[PACKET_INFO] = g_strdup(d->summary.info ? d->summary.info : "");
}

char *
packet_row_text(Session *session, uint32_t frame, uint32_t before, enum packet_column column,
                enum packet_time format)
{
  char *texts[PACKET_N_COLUMNS];
  packet_row_texts(session, frame, before, format, texts);
  char *wanted = texts[column];
  for (int i = 0; i < PACKET_N_COLUMNS; i++)
    if (i != (int)column)
      g_free(texts[i]);
  return wanted;
}

char *
packet_row_marks(Session *session, uint32_t frame)
{
  const struct trace_frame f = trace_frame(session_trace(session), frame);
  GString *out = g_string_new(NULL);
  if (f.flags & TRACE_FRAME_RISK)
    g_string_append(out, lang_text("a finding names this frame (see the risk pane)",
                                   "มีข้อค้นพบที่ชี้มายังเฟรมนี้ (ดูช่องความเสี่ยง)"));
  for (size_t i = 0; i < G_N_ELEMENTS(badges); i++)
    if (f.analysis & badges[i].analysis)
      g_string_append_printf(out, "%s%s: %s", out->len ? "\n" : "", badges[i].letter,
                             lang_pick(badges[i].words));
  if (f.flags & TRACE_FRAME_CUT)
    g_string_append_printf(
        out, "%s%s", out->len ? "\n" : "",
        lang_text("captured only in part (snap length)", "ดักจับไว้เพียงบางส่วน (snap length)"));
  if (out->len == 0) {
    g_string_free(out, TRUE);
    return NULL;
  }
  return g_string_free(out, FALSE);
}

/* ---- filters ---- */

static char *
first_filter(struct decode *d, const char *const *keys)
{
  for (; *keys; keys++) {
    const struct field *f = decode_find(d, *keys, 0);
    if (f)
      return pane_filter_for_field(d, f);
  }
  return NULL;
}

static char *
protocol_filter(struct decode *d)
{
  const char *key = NULL;
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->depth == 0 && f->def->type == FIELD_PROTOCOL)
      key = f->def->key;
  }
  return g_strdup(key);
}

char *
packet_row_filter(Session *session, uint32_t frame, enum packet_column column)
{
  static const char *const number[] = {"frame.number", NULL};
  static const char *const source[] = {"ip.src", "ipv6.src", "arp.src.proto_ipv4", "eth.src", NULL};
  static const char *const destination[] = {"ip.dst", "ipv6.dst", "arp.dst.proto_ipv4", "eth.dst",
                                            NULL};
  static const char *const length[] = {"frame.len", NULL};
  static const char *const info[] = {"smtp.req.command",     "smtp.response.code",
                                     "pop.request.command",  "pop.response.indicator",
                                     "imap.request.command", "imap.response.status",
                                     "dns.qry.name",         "icmp.type",
                                     "arp.opcode",           "tcp.flags",
                                     "udp.stream",           NULL};
  static const char *const *const keys[PACKET_N_COLUMNS] = {
      [PACKET_NUMBER] = number, [PACKET_SOURCE] = source, [PACKET_DESTINATION] = destination,
      [PACKET_LENGTH] = length, [PACKET_INFO] = info,
  };
  struct decode *d = session_row_decode(session);
  decode_frame(d, frame);
  if (column == PACKET_PROTOCOL)
    return protocol_filter(d);
  return keys[column] ? first_filter(d, keys[column]) : NULL;
}

char *
packet_row_empty_text(Session *session)
{
  uint32_t n = trace_n_frames(session_trace(session));
  const char *filter = session_filter(session);
  if (session_is_loading(session, NULL))
    return g_strdup(lang_text("Reading the first frames …", "กำลังอ่านเฟรมแรก …"));
  if (n > 0 && filter && *filter) {
    g_autofree char *count = pane_format_count(n);
    return g_strdup_printf(
        lang_text("None of %s frames fits the filter.\nClear the filter to see them all (Ctrl+F, "
                  "Escape).",
                  "ไม่มีเฟรมใดจากทั้งหมด %s เฟรมที่ตรงกับตัวกรอง\nล้างตัวกรองเพื่อดูทั้งหมด (Ctrl+F แล้ว Escape)"),
        count);
  }
  if (session_warning(session))
    return g_strdup(lang_text("No frame could be read from this file.", "อ่านเฟรมจากไฟล์นี้ไม่ได้เลย"));
  return g_strdup(lang_text("No frames yet. Open a capture (Ctrl+O) or start a lesson.",
                            "ยังไม่มีเฟรม เปิดไฟล์ดักจับ (Ctrl+O) หรือเริ่มบทเรียน"));
}

/* ---- marks ---- */

void
packet_row_draw_risk(GtkWidget *widget, cairo_t *cr, double x, double y, double height)
{
  double size = MIN(height - 4, 16);
  double top = y + (height - size) / 2;
  GdkRGBA color = style_color(widget, "risk");
  pane_set_source(cr, color, 1);
  cairo_new_path(cr);
  cairo_move_to(cr, x + size / 2, top);
  cairo_line_to(cr, x + size, top + size);
  cairo_line_to(cr, x, top + size);
  cairo_close_path(cr);
  cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_width(cr, 1.5);
  cairo_stroke(cr);
  cairo_set_line_width(cr, MAX(1.5, size / 9));
  cairo_move_to(cr, x + size / 2, top + size * 0.36);
  cairo_line_to(cr, x + size / 2, top + size * 0.68);
  cairo_stroke(cr);
  cairo_arc(cr, x + size / 2, top + size * 0.83, MAX(0.9, size / 16), 0, 2 * G_PI);
  cairo_fill(cr);
}

double
packet_row_draw_badges(GtkWidget *widget, cairo_t *cr, const struct trace_frame *f, double x,
                       double y, double height)
{
  double width = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(badges); i++) {
    if (!(f->analysis & badges[i].analysis))
      continue;
    g_autoptr(PangoLayout) layout = gtk_widget_create_pango_layout(widget, badges[i].letter);
    g_autoptr(PangoAttrList) bold = pango_attr_list_new();
    pango_attr_list_insert(bold, pango_attr_weight_new(PANGO_WEIGHT_BOLD));
    pango_layout_set_attributes(layout, bold);
    int letter_width, letter_height;
    pango_layout_get_pixel_size(layout, &letter_width, &letter_height);
    double box = MAX(letter_width + 6, height - 6);
    pane_set_source(cr, style_color(widget, badges[i].color), 1);
    cairo_rectangle(cr, x + width + 0.5, y + 3.5, box - 1, height - 7);
    cairo_set_line_width(cr, 1);
    cairo_stroke(cr);
    cairo_move_to(cr, x + width + (box - letter_width) / 2, y + (height - letter_height) / 2);
    pango_cairo_show_layout(cr, layout);
    width += box + 3;
  }
  return width;
}
