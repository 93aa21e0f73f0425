/* SPDX-License-Identifier: GPL-3.0-or-later */
/* app.c -- from a TCP segment to the lines that were said: the elements that this frame completes.
 *
 *     payload      |...EHLO client CRLF|MAIL FROM:<a|       this frame
 *     elements      [-- complete here -][-- ends in a later frame --
 *                    └> source 0           └> "reassembled in frame N"
 *
 * An element that began in an earlier frame is read from a STREAM source, as Wireshark's
 * reassembled PDU; all such elements that lie one behind the other share one source. What was cut
 * into elements in pass 1 is not parsed for boundaries again here. What was said inside TLS comes
 * behind the records, from an OPENED source. */
#include "capture/decode/app.h"

#include <string.h>

#include "capture/wire/dns.h"

enum {
  SEGMENTS,
  SEGMENT,
  SEGMENT_COUNT,
  REASSEMBLED_LENGTH,
  REASSEMBLED_IN,
  SEGMENT_DATA,
  GAP,
  DEFLATE,
  OTHER,
  CUT,
  AUTH_MECHANISM,
  AUTH_MESSAGE,
  AUTH_USER,
  AUTH_SECRET,
  AUTH_AUTHZID,
  AUTH_BAD
};

static const struct field_def defs[] = {
    [SEGMENTS] =
        {"tcp.segments",
         FIELD_NONE,
         {"Reassembled TCP segments", "เซกเมนต์ TCP ที่ประกอบใหม่"},
         {"What follows was cut by TCP and put together again; these frames brought the pieces.",
          "ข้อมูลต่อไปนี้ถูก TCP ตัดแบ่งแล้วนำมาประกอบใหม่ เฟรมเหล่านี้นำชิ้นส่วนมา"},
         "RFC 9293 section 3.4"},
    [SEGMENT] = {"tcp.segment",
                 FIELD_FRAME,
                 {"TCP segment in frame", "เซกเมนต์ TCP ในเฟรม"},
                 {"One piece came with frame %s.", "ชิ้นส่วนหนึ่งมากับเฟรม %s"},
                 "RFC 9293 section 3.4"},
    [SEGMENT_COUNT] = {"tcp.segment.count",
                       FIELD_UINT,
                       {"Segment count", "จำนวนเซกเมนต์"},
                       {"It came in %s pieces.", "ข้อมูลนี้มาเป็น %s ชิ้นส่วน"},
                       "RFC 9293 section 3.4"},
    [REASSEMBLED_LENGTH] = {"tcp.reassembled.length",
                            FIELD_UINT,
                            {"Reassembled TCP length", "ความยาวหลังประกอบเซกเมนต์"},
                            {"Put together it takes %s octets.", "เมื่อประกอบแล้วยาว %s ออกเตต"},
                            "RFC 9293 section 3.4"},
    [REASSEMBLED_IN] = {"tcp.reassembled_in",
                        FIELD_FRAME,
                        {"Reassembled in frame", "ประกอบครบในเฟรม"},
                        {"These octets are part of something that ends in frame %s.",
                         "ออกเตตเหล่านี้เป็นส่วนหนึ่งของข้อมูลที่จบในเฟรม %s"},
                        "RFC 9293 section 3.4"},
    [SEGMENT_DATA] = {"tcp.segment_data",
                      FIELD_OCTETS,
                      {"TCP segment data", "ข้อมูลในเซกเมนต์ TCP"},
                      {"The part that this frame carries: %s.", "ส่วนที่เฟรมนี้บรรทุก: %s"},
                      "RFC 9293 section 3.4"},
    [GAP] = {"enveloscope.stream.gap",
             FIELD_UINT,
             {"Octets missing in the capture", "ออกเตตที่ขาดไปในไฟล์ดักจับ"},
             {"%s octets of the stream were sent but are not in this recording.",
              "มี %s ออกเตตของกระแสข้อมูลที่ส่งแล้วแต่ไม่มีในการบันทึกนี้"},
             "RFC 9293 section 3.4"},
    [DEFLATE] =
        {"enveloscope.deflate",
         FIELD_OCTETS,
         {"Compressed octets", "ออกเตตที่บีบอัดไว้"},
         {"Behind COMPRESS all octets are compressed; inflated they are lines as before: %s.",
          "หลังคำสั่ง COMPRESS ทุกออกเตตถูกบีบอัด เมื่อคลายแล้วเป็นบรรทัดเหมือนเดิม: %s"},
         "RFC 4978 section 3"},
    [OTHER] = {"enveloscope.stream.other",
               FIELD_OCTETS,
               {"Octets that fit no mail protocol", "ออกเตตที่ไม่เข้ากับโปรโตคอลอีเมลใด"},
               {"These octets follow the rules of none of the protocols known here: %s.",
                "ออกเตตเหล่านี้ไม่เป็นไปตามกฎของโปรโตคอลใดที่รู้จักในที่นี้: %s"},
               "RFC 9293 section 3.10"},
    [CUT] = {"enveloscope.line.cut",
             FIELD_UINT,
             {"Line longer than is read", "บรรทัดยาวเกินกว่าที่อ่าน"},
             {"The line has %s octets; only its beginning is read.",
              "บรรทัดนี้ยาว %s ออกเตต อ่านเฉพาะส่วนต้น"},
             "RFC 5321 section 4.5.3.1"},
    [AUTH_MECHANISM] = {"enveloscope.auth.mechanism",
                        FIELD_TEXT,
                        {"Mechanism", "กลไก"},
                        {"The way in which the client proves who it is: %s.",
                         "วิธีที่ไคลเอนต์พิสูจน์ตัวตน: %s"},
                        "RFC 4422 section 3.1"},
    [AUTH_MESSAGE] = {"enveloscope.auth.message",
                      FIELD_TEXT,
                      {"Decoded", "ถอดรหัสแล้ว"},
                      {"Decoded from base64, the message of the mechanism reads %s.",
                       "เมื่อถอดรหัส base64 แล้ว ข้อความของกลไกอ่านได้ว่า %s"},
                      "RFC 4422 section 3.1"},
    [AUTH_USER] = {"enveloscope.auth.user",
                   FIELD_TEXT,
                   {"User name", "ชื่อผู้ใช้"},
                   {"Decoded from base64, the user's name is %s.",
                    "เมื่อถอดรหัส base64 แล้ว ชื่อผู้ใช้คือ %s"},
                   "RFC 4616 section 2"},
    [AUTH_SECRET] = {"enveloscope.auth.secret",
                     FIELD_TEXT,
                     {"Secret", "ความลับ"},
                     {"Base64 hides nothing: whoever records this line reads the secret %s.",
                      "base64 ไม่ได้ปกปิดอะไร ใครก็ตามที่บันทึกบรรทัดนี้ได้จะอ่านความลับ %s ออก"},
                     "RFC 4616 section 2"},
    [AUTH_AUTHZID] = {"enveloscope.auth.authzid",
                      FIELD_TEXT,
                      {"Authorization identity", "ตัวตนที่ขอใช้สิทธิ์"},
                      {"The user asks to act for %s.", "ผู้ใช้ขอทำงานในนามของ %s"},
                      "RFC 4422 section 3.4.1"},
    [AUTH_BAD] = {"enveloscope.auth.bad",
                  FIELD_NONE,
                  {"Not what the mechanism says", "ไม่ตรงกับที่กลไกกำหนด"},
                  {"This is no valid base64, or not what this mechanism sends here.",
                   "ข้อมูลนี้ไม่ใช่ base64 ที่ถูกต้อง หรือไม่ใช่สิ่งที่กลไกนี้ต้องส่งตรงนี้"},
                  "RFC 4422 section 5"},
};
FIELD_TABLE(app_fields, defs);

enum {
  LOOK_BACK_FRAMES = 1024, /* how far a retransmission lies behind what it repeats */
  LOOK_AHEAD_ELEMENTS =
      4096,       /* elements that wait behind one hole: a receive window of short lines */
  GROUPS_MAX = 8, /* sources for elements that do not lie in this frame */
};

struct slice
line_cut(struct slice s)
{
  return slice_cut(s, (uint32_t)line_trim(s.p, s.n));
}

/* ---- secrets ---- */

/* Marks what of an element's secret lies in this frame. */
static void
element_secret(struct decode *d, const struct element *e)
{
  const struct slice *p = &d->work->payload;
  if (!(e->flags & ELEMENT_FLAG_SECRET) || e->flags & ELEMENT_FLAGS_INSIDE || p->n == 0)
    return; /* inside TLS the frame's octets show nothing */
  uint32_t wanted = (uint32_t)(e->offset + e->secret_first);
  int64_t from = (int32_t)(wanted - d->work->record.stream_offset);
  int64_t to = from + element_secret_end(e) - e->secret_first;
  if (from < 0)
    from = 0;
  if (to > p->n)
    to = p->n;
  if (from < to)
    build_secret(d, p->source, p->first + (uint32_t)from, (uint32_t)(to - from));
}

/* The element lies wholly before the frame's payload. */
static bool
lies_before(const struct decode *d, const struct element *e)
{
  return (int32_t)((uint32_t)(e->offset + e->n_octets) - d->work->record.stream_offset) <= 0;
}

static bool
lies_behind(const struct decode *d, const struct element *e)
{
  uint32_t end = d->work->record.stream_offset + d->work->payload.n;
  return (int32_t)((uint32_t)e->offset - end) >= 0;
}

/* Secrets of elements that this frame repeats: they were completed by earlier frames. */
static void
repeated_secrets(struct decode *d, enum side side)
{
  const struct trace_frame *r = &d->work->record;
  uint32_t frame = r->prev_in_flow;
  for (unsigned i = 0; i < LOOK_BACK_FRAMES && frame != TRACE_NONE; i++) {
    uint32_t end = trace_elements_end(d->trace, frame);
    const struct trace_frame f = trace_frame(d->trace, frame);
    for (uint32_t k = end; k-- > f.element;) {
      const struct element e = trace_element(d->trace, k);
      if (e.flow != r->flow || e.side != side || e.flags & ELEMENT_FLAGS_INSIDE)
        continue;
      if (lies_before(d, &e))
        return;
      element_secret(d, &e);
    }
    frame = f.prev_in_flow;
  }
}

/* Behind the last element that is looked at. */
static uint32_t
element_limit(uint32_t first)
{
  return first > ELEMENT_NONE - LOOK_AHEAD_ELEMENTS ? ELEMENT_NONE : first + LOOK_AHEAD_ELEMENTS;
}

static void
frame_secrets(struct decode *d, enum side side)
{
  const struct trace_frame *r = &d->work->record;
  if (d->work->payload.n == 0)
    return;
  for (uint32_t i = r->element, end = trace_elements_end(d->trace, d->frame); i < end; i++) {
    const struct element e = trace_element(d->trace, i);
    if (e.flow == r->flow && e.side == side)
      element_secret(d, &e);
  }
  uint32_t first = trace_element_at(d->trace, d->frame), end = element_limit(first);
  for (uint32_t i = first; i != ELEMENT_NONE; i = trace_element_next(d->trace, i, end)) {
    const struct element e = trace_element(d->trace, i);
    if (e.side != side || e.flags & ELEMENT_FLAGS_INSIDE)
      continue;
    if (lies_behind(d, &e))
      break;
    if (e.last_frame != d->frame)
      element_secret(d, &e);
  }
  repeated_secrets(d, side);
}

/* ---- where an element's octets lie ---- */

static bool
is_inside_frame(const struct decode *d, const struct element *e)
{
  const struct trace_frame *r = &d->work->record;
  uint32_t at = (uint32_t)e->offset - r->stream_offset;
  return !(e->flags & ELEMENT_FLAGS_INSIDE) && e->first_frame == d->frame &&
         at <= d->work->payload.n && e->n_octets <= d->work->payload.n - at;
}

struct group {
  enum side side;
  uint64_t offset;
  uint64_t end;
  struct element first;
  uint8_t source; /* 0: not built, or it could not be */
};

/* Elements of the frame that do not lie in it, joined to runs without a hole between them. */
static unsigned
collect_groups(const struct decode *d, uint32_t first, uint32_t end,
               struct group groups[GROUPS_MAX])
{
  unsigned n = 0;
  for (uint32_t i = first; i < end; i++) {
    const struct element e = trace_element(d->trace, i);
    if (e.flow != d->work->record.flow || e.kind == ELEMENT_GAP || is_inside_frame(d, &e))
      continue;
    struct group *last = n ? &groups[n - 1] : NULL;
    if (last && last->side == e.side && last->end == e.offset &&
        !((last->first.flags ^ e.flags) & ELEMENT_FLAGS_INSIDE) &&
        e.offset + e.n_octets - last->offset <= BUILD_STREAM_MAX) {
      last->end = e.offset + e.n_octets;
    } else if (n < GROUPS_MAX) {
      groups[n++] = (struct group){
          .side = (enum side)e.side, .offset = e.offset, .end = e.offset + e.n_octets, .first = e};
    }
  }
  return n;
}

enum source_kind
app_source_kind(const struct element *e)
{
  return e->flags & ELEMENT_FLAG_INFLATED ? SOURCE_INFLATED
         : e->flags & ELEMENT_FLAG_INNER  ? SOURCE_OPENED
                                          : SOURCE_STREAM;
}

/* The part of a group that this frame brought: its last piece. */
static void
last_piece_build(struct decode *d, const struct group *g)
{
  const struct decode_work *w = d->work;
  const struct trace_flow *flow = trace_flow(d->trace, w->record.flow);
  if (w->payload.n == 0 || trace_side_direction(flow, g->side) != w->record.direction)
    return;
  /* offsets from the start of this frame's payload: an element is never 2 GiB long */
  int64_t at = (int32_t)((uint32_t)g->offset - w->record.stream_offset);
  int64_t end = at + (int64_t)(g->end - g->offset);
  if (at >= w->payload.n || end <= 0)
    return;
  struct slice s = slice_skip(w->payload, (uint32_t)MAX(at, 0));
  build_octets(d, &defs[SEGMENT_DATA], slice_cut(s, (uint32_t)(end - MAX(at, 0))));
}

/* Reads a group's octets into a STREAM source and says from which frames they came. */
static void
group_build(struct decode *d, struct group *g)
{
  struct decode_work *w = d->work;
  bool is_inner = g->first.flags & ELEMENT_FLAGS_INSIDE;
  uint64_t n = MIN(g->end - g->offset, BUILD_STREAM_MAX);
  if (!trace_element_stream(d->trace, &g->first, g->first.first_frame, g->offset, (uint32_t)n,
                            w->octets, w->pieces))
    return;
  g->source = build_source(d, app_source_kind(&g->first), w->octets, w->pieces);
  if (g->source == 0 || w->pieces->len < 2 || is_inner)
    return;
  last_piece_build(d, g);
  struct slice none = slice_none(build_source_slice(d, g->source));
  unsigned group = build_none(d, &defs[SEGMENTS], none);
  build_generated(d, group);
  build_open(d, group);
  for (unsigned i = 0; i < w->pieces->len; i++)
    build_generated(d, build_number(d, &defs[SEGMENT], none,
                                    g_array_index(w->pieces, struct trace_piece, i).frame + 1));
  build_generated(d, build_number(d, &defs[SEGMENT_COUNT], none, w->pieces->len));
  build_generated(d, build_number(d, &defs[REASSEMBLED_LENGTH], none, n));
  build_close(d, group);
}

/* The octets of an element of this frame; n is 0 when they cannot be had. */
static struct slice
element_slice(struct decode *d, const struct element *e, const struct group *groups,
              unsigned n_groups)
{
  if (e->kind != ELEMENT_GAP && is_inside_frame(d, e)) {
    uint32_t at = (uint32_t)e->offset - d->work->record.stream_offset;
    return slice_cut(slice_skip(d->work->payload, at), e->n_octets);
  }
  for (unsigned i = 0; i < n_groups; i++) {
    if (groups[i].source == 0 || groups[i].side != e->side ||
        (groups[i].first.flags ^ e->flags) & ELEMENT_FLAGS_INSIDE || e->offset < groups[i].offset ||
        e->offset + e->n_octets > groups[i].end)
      continue;
    struct slice whole = build_source_slice(d, groups[i].source);
    struct slice s =
        slice_cut(slice_skip(whole, (uint32_t)(e->offset - groups[i].offset)), e->n_octets);
    if (e->flags & ELEMENT_FLAG_SECRET)
      build_secret(d, s.source, s.first + MIN(e->secret_first, s.n),
                   MIN(element_secret_end(e), s.n) - MIN(e->secret_first, s.n));
    return s;
  }
  return slice_none(d->work->payload);
}

/* ---- lines for the summary ---- */

void
app_info_line(struct decode *d, const struct element *e, struct slice line)
{
  GString *info = d->work->info;
  if (info->len >= BUILD_INFO_MAX)
    return;
  build_info_said(d, e->side == SIDE_CLIENT);
  bool masked = !d->reveal && (e->flags & ELEMENT_FLAG_SECRET);
  if (!masked) {
    build_info_text(d, line.p, line.n);
    return;
  }
  struct slice before = slice_cut(line, e->secret_first);
  build_info_text(d, before.p, before.n);
  build_info(d, "%s", SECRET_MASK);
  struct slice behind = slice_skip(line, element_secret_end(e));
  build_info_text(d, behind.p, behind.n);
}

void
app_tail_build(struct decode *d, const struct app_tail *tail, const struct element *e,
               struct slice s)
{
  if (e->state < tail->n_states)
    build_generated(d, build_string(d, tail->state, slice_none(s), tail->states[e->state].name));
  if (e->flags & ELEMENT_FLAG_ODD)
    build_flag(d, build_none(d, tail->odd, slice_none(s)), FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
}

struct slice
app_other_element(struct decode *d, uint32_t index)
{
  struct decode_work *w = d->work;
  if (index >= trace_n_elements(d->trace) ||
      !trace_element_octets(d->trace, index, w->octets, w->pieces))
    return (struct slice){0};
  return (struct slice){.p = w->octets->data, .n = MIN(w->octets->len, BUILD_TEXT_MAX)};
}

/* ---- SASL ---- */

/* Moves over `words` words and returns the next one. */
static struct slice
word_at(struct slice s, unsigned words)
{
  struct slice word = s;
  for (unsigned i = 0;; i++) {
    uint32_t n = 0;
    while (s.n && s.p[0] == ' ')
      s = slice_skip(s, 1);
    while (n < s.n && s.p[n] != ' ')
      n++;
    word = slice_cut(s, n);
    if (i == words)
      return word;
    s = slice_skip(s, n);
  }
}

enum sasl_mechanism
app_auth_mechanism(struct decode *d, uint32_t command, unsigned words)
{
  struct slice name = word_at(line_cut(app_other_element(d, command)), words);
  return sasl_find(name.p, name.n);
}

enum sasl_mechanism
app_auth_step(struct decode *d, const struct element *e, unsigned words, unsigned *step)
{
  *step = 0;
  uint32_t frame = d->frame, command = e->command;
  if (command == ELEMENT_NONE || command >= trace_n_elements(d->trace))
    return SASL_UNKNOWN;
  struct slice line = line_cut(app_other_element(d, command));
  struct slice name = word_at(line, words);
  enum sasl_mechanism mechanism = sasl_find(name.p, name.n);
  if (word_at(line, words + 1).n > 0)
    *step = 1; /* the command carried the first message itself */
  /* Lines of this exchange before this one, walking back to the command's frame. */
  for (unsigned i = 0; i < LOOK_BACK_FRAMES && frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(d->trace, frame);
    for (uint32_t k = f.element, end = trace_elements_end(d->trace, frame); k < end; k++) {
      const struct element other = trace_element(d->trace, k);
      if (other.flow == e->flow && other.kind == ELEMENT_AUTH && other.command == command &&
          other.side == e->side && other.offset < e->offset)
        ++*step;
    }
    if (f.element <= command && command < trace_elements_end(d->trace, frame))
      break;
    frame = f.prev_in_flow;
  }
  return mechanism;
}

static void
span_build(struct decode *d, const struct field_def *def, struct slice decoded,
           struct sasl_span span, bool secret)
{
  if (!span.p)
    return;
  struct slice at =
      slice_cut(slice_skip(decoded, (uint32_t)(span.p - decoded.p)), (uint32_t)span.n);
  unsigned f = build_text(d, def, at, span.p, span.n);
  build_flag(d, f, secret ? FIELD_FLAG_SECRET : 0);
  if (secret)
    build_secret(d, decoded.source, at.first, at.n);
}

bool
app_base64_source(struct decode *d, struct slice text, struct slice *decoded)
{
  struct decode_work *w = d->work;
  size_t n = 0;
  *decoded = slice_none(text);
  g_byte_array_set_size(w->octets, text.n * 3 / 4 + 3);
  bool fine = base64_decode((const char *)text.p, text.n, w->octets->data, &n);
  g_byte_array_set_size(w->octets, (guint)n);
  uint8_t source = build_source(d, SOURCE_BASE64, w->octets, NULL);
  if (source == 0)
    return fine;
  d->sources[source].parent_source = text.source;
  d->sources[source].parent_first = text.first;
  d->sources[source].parent_octets = text.n;
  *decoded = build_source_slice(d, source);
  return fine;
}

void
auth_name_build(struct decode *d, struct slice name)
{
  if (name.n)
    build_text(d, &defs[AUTH_MECHANISM], name, name.p, name.n);
}

void
auth_build(struct decode *d, struct slice text, enum sasl_mechanism mechanism, unsigned step)
{
  if (d->work->summary_only || text.n == 0 || text_is(text.p, text.n, "*") ||
      text_is(text.p, text.n, "="))
    return;
  struct slice decoded;
  bool fine = app_base64_source(d, text, &decoded);
  uint8_t source = decoded.source;
  if (source == text.source)
    return; /* no room for another source */
  struct sasl_message m = {0};
  sasl_read(mechanism, step, decoded.p, decoded.n, &m);
  bool exact = m.user.p || m.secret.p || m.authzid.p;
  if (!exact && m.holds_secret)
    build_secret(d, source, 0, decoded.n);
  unsigned group = build_text(d, &defs[AUTH_MESSAGE], decoded, decoded.p, decoded.n);
  build_open(d, group);
  span_build(d, &defs[AUTH_AUTHZID], decoded, m.authzid, false);
  span_build(d, &defs[AUTH_USER], decoded, m.user, false);
  span_build(d, &defs[AUTH_SECRET], decoded, m.secret, true);
  build_close(d, group);
  if (!fine || m.odd)
    build_flag(d, build_none(d, &defs[AUTH_BAD], text), FIELD_FLAG_ODD);
}

/* ---- a segment ---- */

/* After STARTTLS a mail session's elements are records. */
static enum app
element_app(const struct element *e)
{
  return e->kind == ELEMENT_TLS ? APP_TLS : (enum app)e->app;
}

static void
element_build(struct decode *d, const struct element *e, struct slice s)
{
  if (e->kind == ELEMENT_GAP) {
    build_flag(d, build_number(d, &defs[GAP], slice_none(s), e->n_octets),
               FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
    return;
  }
  if (e->kind == ELEMENT_DEFLATE) {
    build_octets(d, &defs[DEFLATE], s);
    d->work->n_records_opened++;
    return;
  }
  if (e->kind == ELEMENT_OTHER) {
    build_octets(d, &defs[OTHER], s);
    return;
  }
  if (e->flags & ELEMENT_FLAG_CUT)
    build_flag(d, build_number(d, &defs[CUT], slice_none(s), e->n_octets),
               FIELD_FLAG_ODD | FIELD_FLAG_GENERATED);
  switch (element_app(e)) {
  case APP_SMTP:
    smtp_element(d, e, s);
    break;
  case APP_POP3:
    pop_element(d, e, s);
    break;
  case APP_IMAP:
    imap_element(d, e, s);
    break;
  case APP_TLS:
    tls_element(d, e, s);
    break;
  case APP_SOCKS:
    socks_element(d, e, s);
    break;
  case APP_HTTP:
    http_element(d, e, s);
    break;
  default:
    build_octets(d, &defs[OTHER], s);
  }
}

struct app_layer {
  const char *key;
  const char *protocol;
};

static const struct app_layer app_layers[APP_N] = {
    [APP_SMTP] = {"smtp", "SMTP"}, [APP_POP3] = {"pop", "POP"},      [APP_IMAP] = {"imap", "IMAP"},
    [APP_TLS] = {"tls", "TLS"},    [APP_SOCKS] = {"socks", "Socks"}, [APP_HTTP] = {"http", "HTTP"},
};

static void
elements_build(struct decode *d, uint32_t first, uint32_t end, const struct group *groups,
               unsigned n_groups, unsigned inside)
{
  unsigned layer = BUILD_NOTHING;
  enum app open = APP_NONE;
  uint8_t source = 0;
  uint32_t from = 0, to = 0;
  for (uint32_t i = first; i < end; i++) {
    const struct element e = trace_element(d->trace, i);
    if (e.flow != d->work->record.flow || (e.flags & ELEMENT_FLAGS_INSIDE) != inside)
      continue;
    struct slice s = element_slice(d, &e, groups, n_groups);
    d->work->element = i;
    enum app app = element_app(&e);
    if (app != open && app < APP_N && app_layers[app].key) {
      if (open != APP_NONE)
        build_layer_end(d, layer, to - from);
      open = app;
      source = s.source;
      from = to = s.first;
      layer = build_layer(d, field_def_find(app_layers[open].key), s, NULL);
      build_summary_protocol(d, app_layers[open].protocol);
    }
    if (s.source == source && s.n)
      to = s.first + s.n;
    element_build(d, &e, s);
  }
  if (open != APP_NONE)
    build_layer_end(d, layer, to > from ? to - from : 0);
}

/* What this frame carries of something that a later frame completes. */
static void
partial_build(struct decode *d, enum side side)
{
  const struct slice *p = &d->work->payload;
  uint32_t first = trace_element_at(d->trace, d->frame), end = element_limit(first);
  for (uint32_t k = first; k != ELEMENT_NONE; k = trace_element_next(d->trace, k, end)) {
    const struct element e = trace_element(d->trace, k);
    if (e.side != side || e.flags & ELEMENT_FLAGS_INSIDE || lies_before(d, &e))
      continue;
    if (lies_behind(d, &e))
      return;
    if (e.last_frame == d->frame)
      continue;
    int32_t at = (int32_t)((uint32_t)e.offset - d->work->record.stream_offset);
    struct slice rest = slice_skip(*p, at > 0 ? (uint32_t)at : 0);
    unsigned group = build_octets(d, &defs[SEGMENT_DATA], rest);
    build_open(d, group);
    build_generated(d, build_number(d, &defs[REASSEMBLED_IN], slice_none(rest), e.last_frame + 1));
    build_close(d, group);
    enum app app = element_app(&e);
    if (app < APP_N && app_layers[app].protocol)
      build_summary_protocol(d, app_layers[app].protocol);
    return;
  }
}

/* A message with its length before it. */
static bool
dns_message_decode(struct decode *d, struct slice s)
{
  if (s.n < 2 + DNS_HEADER_OCTETS)
    return false;
  dns_length_build(d, slice_cut(s, 2));
  dns_decode(d, slice_skip(s, 2), true);
  return true;
}

/* DNS over TCP has no elements: its messages are found by their lengths from the stream's start on.
 */
static bool
dns_stream_decode(struct decode *d, const struct trace_flow *flow)
{
  struct decode_work *w = d->work;
  const struct trace_frame *r = &w->record;
  if ((flow->ends[0].port != DNS_PORT && flow->ends[1].port != DNS_PORT) || w->payload.n == 0)
    return false;
  uint64_t n = (uint64_t)r->stream_offset + w->payload.n;
  if (n > BUILD_STREAM_MAX || !trace_stream(d->trace, r->flow, r->direction, flow->first_frame, 0,
                                            (uint32_t)n, w->octets, w->pieces))
    return false;
  uint32_t at = 0, octets = 0; /* the first message that reaches into this frame */
  while (at + 2 + (octets = at + 2 <= n ? get_be16(w->octets->data + at) : 0) <= r->stream_offset)
    at += 2 + octets;
  bool any = false;
  struct slice rest = w->payload;
  if (at < r->stream_offset && at + 2 + octets <= n) {
    rest = slice_skip(rest, at + 2 + octets - r->stream_offset);
    build_octets(d, &defs[SEGMENT_DATA], slice_cut(w->payload, at + 2 + octets - r->stream_offset));
    trace_stream(d->trace, r->flow, r->direction, flow->first_frame, at, 2 + octets, w->octets,
                 w->pieces);
    uint8_t source = build_source(d, SOURCE_STREAM, w->octets, w->pieces);
    any = source && dns_message_decode(d, build_source_slice(d, source));
  } else if (at < r->stream_offset) {
    return false; /* a piece in the middle of one */
  }
  while (rest.n >= 2 && rest.n - 2 >= get_be16(rest.p)) {
    struct slice message = slice_cut(rest, 2 + get_be16(rest.p));
    any = dns_message_decode(d, message) || any;
    rest = slice_skip(rest, message.n);
  }
  return any;
}

void
app_decode(struct decode *d)
{
  struct decode_work *w = d->work;
  const struct trace_flow *flow = trace_flow(d->trace, w->record.flow);
  enum side side =
      trace_side_direction(flow, SIDE_CLIENT) == w->record.direction ? SIDE_CLIENT : SIDE_SERVER;
  frame_secrets(d, side);
  if (dns_stream_decode(d, flow))
    return;
  uint32_t first = w->record.element, end = trace_elements_end(d->trace, d->frame);
  struct group groups[GROUPS_MAX];
  unsigned n_groups = collect_groups(d, first, end, groups);
  for (unsigned i = 0; i < n_groups; i++)
    group_build(d, &groups[i]);
  unsigned n_before = w->n_protocols;
  static const unsigned insides[] = {0, ELEMENT_FLAG_INNER, ELEMENT_FLAG_INFLATED,
                                     ELEMENT_FLAGS_INSIDE};
  for (unsigned i = 0; i < G_N_ELEMENTS(insides); i++)
    elements_build(d, first, end, groups, n_groups, insides[i]);
  if (w->n_records_opened && w->n_info_lines == 0) /* a piece of a line that ends in a later one */
    build_info(d, "%sApplication Data", w->info->len ? ", " : "");
  app_messages_decode(d);
  if (w->payload.n == 0)
    return;
  partial_build(d, side);
  bool unknown = first == end && trace_element_at(d->trace, d->frame) == ELEMENT_NONE;
  if (unknown && w->n_protocols == n_before)
    data_decode(d, w->payload);
}
