/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dialogue_rows.c -- the lines of one conversation, from the elements of the trace.
 *
 *   frame ──next_in_flow──> frame …   each frame's elements: line │ line │ run │ run │ line
 *                                     rows:                   line   line  [ folded  ] line
 *
 * A flow is read once and then only what it gained, so a capture being read costs no rereading. */
#include "gui/dialogue_rows.h"

#include <string.h>

#include "capture/decode/decode.h"
#include "capture/wire/tls.h"
#include "gui/pane.h"

/* A line longer than this is cut on screen; a run is opened up to so many octets. */
enum { LINE_OCTETS_MAX = 1000, RUN_OCTETS_MAX = 256 * 1024 };

void
dialogue_rows_init(struct dialogue_rows *r)
{
  *r = (struct dialogue_rows){.flow = TRACE_NONE, .walked = TRACE_NONE};
  r->rows = g_array_new(FALSE, FALSE, sizeof(struct dialogue_row));
}

void
dialogue_rows_clear(struct dialogue_rows *r)
{
  g_clear_pointer(&r->rows, g_array_unref);
}

void
dialogue_rows_open(struct dialogue_rows *r, const struct trace *t, uint32_t flow)
{
  g_array_set_size(r->rows, 0);
  r->trace = t;
  r->flow = flow;
  r->walked = TRACE_NONE;
  r->is_finished = false;
}

static bool
folds(uint8_t kind)
{
  return kind == ELEMENT_MESSAGE || kind == ELEMENT_LITERAL || kind == ELEMENT_TLS ||
         kind == ELEMENT_OTHER;
}

static void
add_element(struct dialogue_rows *r, uint32_t index)
{
  const struct element e = trace_element(r->trace, index);
  struct trace_plain plain;
  if (e.flow != r->flow)
    return;
  if (e.kind == ELEMENT_TLS && trace_plain(r->trace, &e, &plain) &&
      plain.type == TLS_APPLICATION_DATA)
    return; /* what it held stands in rows of its own */
  if (e.kind == ELEMENT_DEFLATE)
    return;
  bool is_sealed = e.kind == ELEMENT_TLS && (e.code & 0xff) == TLS_APPLICATION_DATA &&
                   !trace_plain(r->trace, &e, &plain);
  if (r->rows->len > 0 && folds(e.kind)) {
    struct dialogue_row *last = &g_array_index(r->rows, struct dialogue_row, r->rows->len - 1);
    if (last->kind == e.kind && last->side == e.side && last->is_sealed == is_sealed) {
      last->n_elements++;
      last->n_octets += e.n_octets;
      last->frame = e.last_frame;
      return;
    }
  }
  struct dialogue_row row = {.element = index,
                             .n_elements = 1,
                             .frame = e.last_frame,
                             .side = e.side,
                             .kind = e.kind,
                             .is_inner = e.flags & ELEMENT_FLAG_INNER,
                             .is_sealed = is_sealed,
                             .offset = e.offset,
                             .n_octets = e.n_octets};
  g_array_append_val(r->rows, row);
}

bool
dialogue_rows_update(struct dialogue_rows *r, bool is_finished)
{
  if (r->flow == TRACE_NONE || r->is_finished)
    return false;
  const struct trace_flow *flow = trace_flow(r->trace, r->flow);
  uint32_t n_rows = r->rows->len;
  uint64_t n_octets = n_rows ? dialogue_row(r, n_rows - 1)->n_octets : 0;
  uint32_t frame =
      r->walked == TRACE_NONE ? flow->first_frame : trace_frame(r->trace, r->walked).next_in_flow;
  uint32_t n_frames = trace_n_frames(r->trace);
  for (; frame != TRACE_NONE && frame < n_frames;
       frame = trace_frame(r->trace, frame).next_in_flow) {
    uint32_t end = trace_elements_end(r->trace, frame);
    for (uint32_t i = trace_frame(r->trace, frame).element; i < end; i++)
      add_element(r, i);
    r->walked = frame;
  }
  /* What the end of the capture completed hangs on its last frame, whosever that is. */
  if (is_finished && n_frames > 0 && r->walked != n_frames - 1)
    for (uint32_t i = trace_frame(r->trace, n_frames - 1).element; i < trace_n_elements(r->trace);
         i++)
      add_element(r, i);
  r->is_finished = is_finished;
  return r->rows->len != n_rows || (n_rows && dialogue_row(r, n_rows - 1)->n_octets != n_octets);
}

int
dialogue_rows_at(const struct dialogue_rows *r, uint32_t frame)
{
  guint low = 0, high = r->rows->len;
  while (low < high) {
    guint middle = (low + high) / 2;
    if (dialogue_row(r, middle)->frame <= frame)
      low = middle + 1;
    else
      high = middle;
  }
  return (int)low - 1;
}

bool
dialogue_row_is_folded(const struct dialogue_row *row)
{
  return row->kind == ELEMENT_MESSAGE || row->kind == ELEMENT_LITERAL || row->kind == ELEMENT_OTHER;
}

/* ---- texts ---- */

/* Instead of octets that cannot be had again: the file changed. */
static const char *
unreadable(void)
{
  return lang_text("[this line can no longer be read from its file]", "[อ่านบรรทัดนี้จากไฟล์ไม่ได้แล้ว]");
}

static char *
line_text(const struct dialogue_rows *r, const struct dialogue_row *row, bool reveal)
{
  const struct element e = trace_element(r->trace, row->element);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  if (!trace_element_octets(r->trace, row->element, octets, pieces))
    return g_strdup(unreadable());
  guint n = octets->len;
  while (n > 0 && (octets->data[n - 1] == '\n' || octets->data[n - 1] == '\r'))
    n--;
  if (!(e.flags & ELEMENT_FLAG_SECRET) || reveal || e.secret_first > n)
    return pane_text_from_octets(octets->data, n, LINE_OCTETS_MAX);
  guint after = MIN(n, element_secret_end(&e));
  g_autofree char *head = pane_text_from_octets(octets->data, e.secret_first, LINE_OCTETS_MAX);
  g_autofree char *tail = pane_text_from_octets(octets->data + after, n - after, LINE_OCTETS_MAX);
  return g_strconcat(head, SECRET_MASK, tail, NULL);
}

static char *
run_text(const struct dialogue_row *row)
{
  g_autofree char *octets = pane_format_octets(row->n_octets);
  g_autofree char *records = pane_format_count(row->n_elements);
  switch (row->kind) {
  case ELEMENT_MESSAGE:
    return g_strdup_printf(lang_text("[%s of message]", "[ข้อความอีเมล %s]"), octets);
  case ELEMENT_LITERAL:
    return g_strdup_printf(lang_text("[literal, %s]", "[ลิเทอรัล (literal) %s]"), octets);
  case ELEMENT_TLS:
    if (!row->is_sealed)
      return g_strdup_printf(
          lang_text("[TLS: %1$s records that agree on keys, warn or say goodbye, %2$s]",
                    "[TLS: %1$s เรคคอร์ดสำหรับตกลงกุญแจ แจ้งเตือน หรือบอกลา รวม %2$s]"),
          records, octets);
    return g_strdup_printf(lang_text("[TLS records: %1$s, %2$s; what they say is encrypted]",
                                     "[เรคคอร์ด TLS: %1$s เรคคอร์ด %2$s เนื้อหาถูกเข้ารหัสไว้]"),
                           records, octets);
  case ELEMENT_GAP:
    return g_strdup_printf(lang_text("[%s are missing in the capture]", "[%s ไม่อยู่ในไฟล์ที่ดักจับ]"),
                           octets);
  default:
    return g_strdup_printf(
        lang_text("[%s that fit no mail protocol]", "[%s ที่ไม่ตรงกับโปรโตคอลอีเมลใด]"), octets);
  }
}

char *
dialogue_row_text(const struct dialogue_rows *r, guint i, bool reveal)
{
  const struct dialogue_row *row = dialogue_row(r, i);
  if (folds(row->kind) || row->kind == ELEMENT_GAP)
    return run_text(row);
  return line_text(r, row, reveal);
}

char **
dialogue_row_lines(const struct dialogue_rows *r, guint i, guint n_max)
{
  const struct dialogue_row *row = dialogue_row(r, i);
  const struct element e = trace_element(r->trace, row->element);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  g_autoptr(GStrvBuilder) out = g_strv_builder_new();
  if (!trace_element_stream(r->trace, &e, e.first_frame, row->offset,
                            (uint32_t)MIN(row->n_octets, (uint64_t)RUN_OCTETS_MAX), octets,
                            pieces)) {
    g_strv_builder_add(out, unreadable());
    return g_strv_builder_end(out);
  }
  guint at = 0, n = 0;
  while (at < octets->len && n++ < n_max) {
    const uint8_t *lf = memchr(octets->data + at, '\n', octets->len - at);
    guint end = lf ? (guint)(lf - octets->data) + 1 : octets->len, text_end = end;
    while (text_end > at &&
           (octets->data[text_end - 1] == '\n' || octets->data[text_end - 1] == '\r'))
      text_end--;
    g_autofree char *text =
        pane_text_from_octets(octets->data + at, text_end - at, LINE_OCTETS_MAX);
    g_strv_builder_add(out, text);
    at = end;
  }
  if (at < row->n_octets) {
    g_autofree char *rest = pane_format_octets(row->n_octets - at);
    g_autofree char *more = g_strdup_printf(lang_text("[… and %s more]", "[… และอีก %s]"), rest);
    g_strv_builder_add(out, more);
  }
  return g_strv_builder_end(out);
}
