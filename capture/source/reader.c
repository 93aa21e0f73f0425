/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader.c -- opens a capture file, tells its format, and hands out its frames one by one.
 *
 *     pcap: 24 octets of header, then per record 16 (modified pcap: 24) and the octets
 *       magic a1b2c3d4 microseconds, a1b23c4d nanoseconds, a1b2cd34 modified; either byte order
 *     pcapng: pcapng.c
 *
 * The octets are read in place from the input's buffer: nothing is allocated or copied per frame. A
 * length that cannot be ends the file there, because nothing tells where the next record begins;
 * what was read before stays, and the error names octet and record. pcap-savefile(5). */
#include "capture/source/reader.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "capture/source/input.h"
#include "capture/source/pcapng.h"
#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"

enum {
  PCAP_HEADER = 24,
  PCAP_MAJOR = 2,
  MAGIC_MICRO = 0xA1B2C3D4u,
  MAGIC_NANO = 0xA1B23C4Du,
  MAGIC_MODIFIED = 0xA1B2CD34u,
  MAGIC_PCAPNG = 0x0A0D0D0A,
};

G_DEFINE_QUARK(enveloscope - source - error - quark, source_error)

struct reader {
  char *path;
  struct input *in;
  GArray *interfaces; /* struct reader_interface */
  bool is_pcapng;
  bool is_big_endian;
  bool has_failed;
  uint16_t link;        /* pcap */
  size_t record_octets; /* pcap: of a record's header */
  uint32_t ns_per_unit; /* pcap: of a stamp's second half */
  size_t used_octets;   /* pcap: of the record whose frame was handed out */
  uint64_t n_records;
  struct pcapng ng;
};

static void
interface_clear(void *data)
{
  struct reader_interface *i = data;
  g_free(i->name);
  g_free(i->description);
  g_free(i->filter);
}

static inline uint32_t
get32(const struct reader *r, const uint8_t *p)
{
  return r->is_big_endian ? get_be32(p) : get_le32(p);
}

/* Sets `error` from a format with the path as its first argument, in either language's order. */
G_GNUC_PRINTF(4, 5)
static void
fail(struct reader *r, GError **error, enum source_error code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  r->has_failed = true;
  g_set_error(error, SOURCE_ERROR, (int)code, "%s: %s", r->path, text);
}

/* The magic as the file's own byte order gives it; 0 when it is no pcap. */
static uint32_t
pcap_magic(struct reader *r, const uint8_t *p)
{
  for (int i = 0; i < 2; i++) {
    r->is_big_endian = i;
    uint32_t magic = get32(r, p);
    if (magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_MODIFIED)
      return magic;
  }
  return 0;
}

static bool
read_header(struct reader *r, GError **error)
{
  input_need(r->in, PCAP_HEADER);
  const uint8_t *p = input_here(r->in);
  size_t n = r->in->n;
  if (n == 0 && !r->in->trouble) {
    fail(r, error, SOURCE_ERROR_EMPTY, "%s",
         lang_text("the file is empty. Record or copy the capture again.",
                   "ไฟล์ว่างเปล่า โปรดบันทึกหรือคัดลอกแคปเจอร์ใหม่"));
    return false;
  }
  if (n >= 12 && get_le32(p) == MAGIC_PCAPNG) {
    r->is_pcapng = true;
    return true;
  }
  uint32_t magic = n >= 4 ? pcap_magic(r, p) : 0;
  unsigned major = n < 6 ? 0 : r->is_big_endian ? get_be16(p + 4) : get_le16(p + 4);
  if (magic && n >= PCAP_HEADER && major != PCAP_MAJOR) {
    fail(r, error, SOURCE_ERROR_FORMAT,
         lang_text(
             "the capture says version %u of its format, and only version 2 exists. Save it as "
             "pcapng in the program that recorded it.",
             "แคปเจอร์ระบุรูปแบบรุ่น %u ซึ่งไม่มีอยู่จริง มีเพียงรุ่น 2 เท่านั้น โปรดบันทึกเป็น pcapng "
             "จากโปรแกรมที่ใช้ดักจับ"),
         major);
    return false;
  }
  if (magic && n >= PCAP_HEADER) {
    /* The upper bits tell of a frame check sequence, which the IP length leaves behind anyway. */
    struct reader_interface i = {.link = (uint16_t)get32(r, p + 20),
                                 .snap_octets = get32(r, p + 16)};
    g_array_append_val(r->interfaces, i);
    r->link = i.link;
    r->ns_per_unit = magic == MAGIC_NANO ? 1 : 1000;
    r->record_octets = magic == MAGIC_MODIFIED ? 24 : 16;
    r->used_octets = PCAP_HEADER;
    return true;
  }
  if (r->in->trouble)
    fail(r, error, (enum source_error)r->in->trouble->code, "%s", r->in->trouble->message);
  else if (magic || (n >= 4 && get_le32(p) == MAGIC_PCAPNG))
    fail(r, error, SOURCE_ERROR_CUT,
         lang_text(
             "the capture is cut short inside its header: it has only %zu octets. Copy it again.",
             "แคปเจอร์ขาดตอนอยู่ในส่วนหัวของไฟล์ มีเพียง %zu ไบต์ โปรดคัดลอกไฟล์ใหม่"),
         n);
  else
    fail(r, error, SOURCE_ERROR_FORMAT, "%s",
         lang_text(
             "the file begins like no pcap or pcapng capture. Save it as pcapng in the program "
             "that recorded it.",
             "ไฟล์นี้ไม่ได้ขึ้นต้นแบบแคปเจอร์ pcap หรือ pcapng โปรดบันทึกเป็น pcapng จากโปรแกรมที่ใช้ดักจับ"));
  return false;
}

static struct reader *
open_reader(const char *path, const uint64_t *n_octets, GError **error)
{
  struct input *in = input_new(path, error);
  if (!in)
    return NULL;
  if (n_octets && in->fd == in->source)
    input_follow(in, *n_octets);
  struct reader *r = g_new0(struct reader, 1);
  r->in = in;
  r->path = g_filename_display_name(path);
  r->interfaces = g_array_new(FALSE, FALSE, sizeof(struct reader_interface));
  g_array_set_clear_func(r->interfaces, interface_clear);
  pcapng_init(&r->ng, r->interfaces);
  if (!read_header(r, error)) {
    reader_free(r);
    return NULL;
  }
  return r;
}

struct reader *
reader_new(const char *path, GError **error)
{
  return open_reader(path, NULL, error);
}

struct reader *
reader_new_growing(const char *path, uint64_t n_octets, GError **error)
{
  return open_reader(path, &n_octets, error);
}

void
reader_follow(struct reader *r, uint64_t n_octets)
{
  if (r->in->is_growing && n_octets > r->in->limit)
    input_follow(r->in, n_octets);
}

void
reader_free(struct reader *r)
{
  if (!r)
    return;
  pcapng_clear(&r->ng);
  g_array_unref(r->interfaces);
  input_free(r->in);
  g_free(r->path);
  g_free(r);
}

static enum reader_status
fail_cut(struct reader *r, GError **error)
{
  uint64_t at = r->in->base + r->in->n, record = (r->is_pcapng ? r->ng.n_blocks : r->n_records) + 1;
  if (r->in->trouble)
    fail(r, error, (enum source_error)r->in->trouble->code,
         lang_text("stopped at octet %1$" PRIu64 ", in record %2$" PRIu64
                   ": %3$s. What was read before is shown.",
                   "หยุดที่ไบต์ %1$" PRIu64 " ในระเบียนที่ %2$" PRIu64 ": %3$s ข้อมูลที่อ่านได้ก่อนหน้านี้ยังแสดงอยู่"),
         at, record, r->in->trouble->message);
  else
    fail(r, error, SOURCE_ERROR_CUT,
         lang_text("the capture is cut short: it ends at octet %1$" PRIu64
                   ", inside record %2$" PRIu64
                   ". What was read before is shown; copy the file again to have the rest.",
                   "แคปเจอร์ขาดตอน ไฟล์จบที่ไบต์ %1$" PRIu64 " กลางระเบียนที่ %2$" PRIu64
                   " ข้อมูลที่อ่านได้ก่อนหน้านี้ยังแสดงอยู่ หากต้องการส่วนที่เหลือโปรดคัดลอกไฟล์ใหม่"),
         at, record);
  return READER_FAILED;
}

static enum reader_status
fail_damaged(struct reader *r, uint64_t at, uint64_t record, GError **error)
{
  fail(r, error, SOURCE_ERROR_DAMAGED,
       lang_text(
           "record %2$" PRIu64 " at octet %1$" PRIu64
           " has a length or a mark that cannot be, so what follows cannot be found. What was read "
           "before is shown.",
           "ระเบียนที่ %2$" PRIu64 " ที่ไบต์ %1$" PRIu64
           " มีความยาวหรือเครื่องหมายที่เป็นไปไม่ได้ จึงหาข้อมูลถัดไปไม่พบ ข้อมูลที่อ่านได้ก่อนหน้านี้ยังแสดงอยู่"),
       at, record);
  return READER_FAILED;
}

/* Hands out the record at p, which lies whole in the buffer. */
G_ALWAYS_INLINE static inline void
take_record(struct reader *r, const uint8_t *p, uint32_t captured, struct reader_frame *out)
{
  uint32_t wire = get32(r, p + 12);
  r->n_records++;
  r->used_octets = r->record_octets + captured;
  out->octets = p + r->record_octets;
  out->position = input_position(r->in) + r->record_octets;
  out->time_ns = (int64_t)get32(r, p) * 1000000000 + (int64_t)get32(r, p + 4) * r->ns_per_unit;
  out->captured_octets = captured;
  out->wire_octets = wire < captured ? captured : wire;
  out->interface = 0;
  out->n_options = 0;
  out->link = r->link;
}

/* A record at the buffer's end, or the file's, or one that is damaged. */
static enum reader_status
next_pcap(struct reader *r, struct reader_frame *out, GError **error)
{
  struct input *in = r->in;
  if (!input_need(in, r->record_octets)) {
    if (in->at == in->n && !in->trouble)
      return READER_END;
    return fail_cut(r, error);
  }
  uint32_t captured = get32(r, input_here(in) + 8);
  if (captured > READER_FRAME_MAX)
    return fail_damaged(r, input_position(in), r->n_records + 1, error);
  if (!input_need(in, r->record_octets + captured))
    return fail_cut(r, error);
  take_record(r, input_here(in), captured, out);
  return READER_FRAME;
}

enum reader_status
reader_next(struct reader *r, struct reader_frame *out, GError **error)
{
  if (r->has_failed)
    return READER_END;
  if (!r->is_pcapng) {
    struct input *in = r->in;
    in->at += r->used_octets;
    r->used_octets = 0;
    size_t n = in->n - in->at;
    const uint8_t *p = input_here(in);
    if (n >= r->record_octets) {
      uint32_t captured = get32(r, p + 8);
      if (captured <= READER_FRAME_MAX && n - r->record_octets >= captured) {
        take_record(r, p, captured, out);
        return READER_FRAME;
      }
    }
    return next_pcap(r, out, error);
  }
  switch (pcapng_next(&r->ng, r->in, out)) {
  case PCAPNG_FRAME:
    return READER_FRAME;
  case PCAPNG_DAMAGED:
    return fail_damaged(r, input_position(r->in), r->ng.n_blocks + 1, error);
  case PCAPNG_CUT:
    return fail_cut(r, error);
  case PCAPNG_END:
    break;
  }
  return r->in->trouble ? fail_cut(r, error) : READER_END;
}

uint32_t
reader_n_interfaces(const struct reader *r)
{
  return r->interfaces->len;
}

const struct reader_interface *
reader_interface(const struct reader *r, uint32_t index)
{
  g_assert(index < r->interfaces->len);
  return &g_array_index(r->interfaces, struct reader_interface, index);
}

const GByteArray *
reader_secrets(const struct reader *r)
{
  return r->ng.secrets;
}

char *
reader_comment(const struct reader *r, const struct reader_frame *frame)
{
  return frame->n_options ? pcapng_notes_comment(&r->ng, frame->options, frame->n_options) : NULL;
}

const char *
reader_section_comment(const struct reader *r)
{
  return r->ng.comment;
}

const GArray *
reader_names(const struct reader *r)
{
  return r->ng.names;
}

struct reader_drops
reader_drops(const struct reader *r)
{
  struct reader_drops sum = {0};
  for (guint i = 0; i < r->ng.drops->len; i++) {
    const struct pcapng_drops *d = &g_array_index(r->ng.drops, struct pcapng_drops, i);
    sum.is_known |= d->is_known;
    sum.n_interface += d->n_interface;
    sum.n_kernel += d->n_kernel;
  }
  return sum;
}

uint64_t
reader_n_bad_records(const struct reader *r)
{
  return r->ng.n_bad_records;
}

double
reader_fraction(const struct reader *r)
{
  return input_fraction(r->in);
}

bool
reader_tap(struct reader *r, void (*tap)(void *data, const uint8_t *octets, size_t n), void *data)
{
  return input_tap(r->in, tap, data);
}

bool
reader_drain(struct reader *r)
{
  r->has_failed = true;
  r->in->at = r->in->n;
  while (input_fill(r->in, 1))
    r->in->at = r->in->n;
  return !r->in->trouble;
}

bool
reader_octets(const struct reader *r, uint64_t position, uint8_t *out, size_t n)
{
  while (n) {
    ssize_t done = pread(r->in->fd, out, n, (off_t)position);
    if (done <= 0)
      return false;
    out += done;
    position += (uint64_t)done;
    n -= (size_t)done;
  }
  return input_is_same(r->in); /* asked last: what was changed before the reading shows here */
}

size_t
reader_octets_ahead(const struct reader *r, uint64_t position, uint8_t *out, size_t n)
{
  size_t got = 0;
  while (got < n) {
    ssize_t done = pread(r->in->fd, out + got, n - got, (off_t)(position + got));
    if (done <= 0)
      break;
    got += (size_t)done;
  }
  return input_is_same(r->in) ? got : 0;
}

bool
reader_is_same(const struct reader *r)
{
  return input_is_same(r->in);
}

bool
reader_rest(struct reader *r, GError **error)
{
  bool is_same = input_settle(r->in);
  r->has_failed = true;
  g_clear_pointer(&r->in->buffer, g_free);
  if (!is_same)
    g_set_error_literal(
        error, SOURCE_ERROR, SOURCE_ERROR_CHANGED,
        lang_text("another program changed the file while it was read; open it again when that "
                  "program is done",
                  "มีโปรแกรมอื่นแก้ไขไฟล์ระหว่างที่กำลังอ่าน โปรดเปิดใหม่เมื่อโปรแกรมนั้นทำงานเสร็จ"));
  return is_same;
}
