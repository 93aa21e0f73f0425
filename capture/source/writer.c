/* SPDX-License-Identifier: GPL-3.0-or-later */
/* writer.c -- pcapng out: the same calls give the same octets on every build and machine.
 *
 * Every block is laid out in `buffer`, which goes to the stream when it is full:
 *
 *     type (4) | total length (4) | body | options: code (2) length (2) value, padded | total
 * length
 *
 * Little endian whatever the machine, so that runs can be compared with cmp; nanoseconds
 * (if_tsresol 9) because the simulator's clock counts them. Nothing here asks the clock, the host
 * or the user's name. draft-ietf-opsawg-pcapng. */
#include "capture/source/writer.h"

#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"
#include "capture/wire/pcapng.h"

enum {
  OPTION_MAX = 65532,      /* an option's length has 16 bits; a multiple of 4 leaves room to pad */
  SECRETS_MAX = 1 << 20,   /* octets in one block: readers refuse very large ones */
  BUFFER_OCTETS = 1 << 16, /* written to the stream when it holds this much */
};

struct pcapng_writer {
  GOutputStream *out;
  GByteArray *buffer;
  guint block_at; /* where the block that is being laid out begins */
  uint32_t n_interfaces;
};

static void
add_u16(struct pcapng_writer *w, uint16_t v)
{
  uint8_t octets[2];
  put_le16(octets, v);
  g_byte_array_append(w->buffer, octets, sizeof octets);
}

static void
add_u32(struct pcapng_writer *w, uint32_t v)
{
  uint8_t octets[4];
  put_le32(octets, v);
  g_byte_array_append(w->buffer, octets, sizeof octets);
}

static void
add_padded(struct pcapng_writer *w, const uint8_t *p, guint n)
{
  static const uint8_t zero[4];
  if (n)
    g_byte_array_append(w->buffer, p, n);
  g_byte_array_append(w->buffer, zero, (4 - n % 4) % 4);
}

static void
add_option(struct pcapng_writer *w, uint16_t code, const uint8_t *p, guint n)
{
  add_u16(w, code);
  add_u16(w, (uint16_t)n);
  add_padded(w, p, n);
}

/* NULL adds nothing. Text that is too long is cut between two characters. */
static void
add_text(struct pcapng_writer *w, uint16_t code, const char *text)
{
  if (!text)
    return;
  size_t n = strlen(text);
  if (n > OPTION_MAX) {
    n = OPTION_MAX;
    while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
      n--;
  }
  add_option(w, code, (const uint8_t *)text, (guint)n);
}

static void
block_begin(struct pcapng_writer *w, uint32_t type)
{
  w->block_at = w->buffer->len;
  add_u32(w, type);
  add_u32(w, 0);
}

static bool
block_end(struct pcapng_writer *w, GError **error)
{
  uint32_t n_octets = w->buffer->len - w->block_at + 4;
  add_u32(w, n_octets);
  put_le32(w->buffer->data + w->block_at + 4, n_octets);
  return w->buffer->len < BUFFER_OCTETS || pcapng_writer_flush(w, error);
}

struct pcapng_writer *
pcapng_writer_new(GOutputStream *out, const char *comment)
{
  struct pcapng_writer *w = g_new0(struct pcapng_writer, 1);
  w->out = out;
  w->buffer = g_byte_array_sized_new(BUFFER_OCTETS + 4096);
  block_begin(w, PCAPNG_BLOCK_SECTION);
  add_u32(w, PCAPNG_ORDER_MAGIC);
  add_u16(w, 1);
  add_u16(w, 0);
  add_u32(w, UINT32_MAX); /* section length: not given */
  add_u32(w, UINT32_MAX);
  add_text(w, PCAPNG_OPT_COMMENT, comment);
  add_text(w, PCAPNG_SHB_USERAPPL, "Enveloscope");
  add_option(w, PCAPNG_OPT_END, NULL, 0);
  /* At most OPTION_MAX and a few octets: the first call that can report an error writes it. */
  uint32_t n_octets = w->buffer->len + 4;
  add_u32(w, n_octets);
  put_le32(w->buffer->data + 4, n_octets);
  return w;
}

void
pcapng_writer_free(struct pcapng_writer *w)
{
  if (!w)
    return;
  pcapng_writer_flush(w, NULL);
  g_byte_array_free(w->buffer, TRUE);
  g_free(w);
}

bool
pcapng_writer_interface_filtered(struct pcapng_writer *w, uint16_t link, uint32_t snap_octets,
                                 const char *name, const char *description, const char *filter,
                                 GError **error)
{
  static const uint8_t nanoseconds = 9;
  block_begin(w, PCAPNG_BLOCK_INTERFACE);
  add_u16(w, link);
  add_u16(w, 0);
  add_u32(w, snap_octets);
  add_text(w, PCAPNG_IF_NAME, name);
  add_text(w, PCAPNG_IF_DESCRIPTION, description);
  add_option(w, PCAPNG_IF_TSRESOL, &nanoseconds, 1);
  if (filter) {
    g_autoptr(GByteArray) value = g_byte_array_new();
    g_byte_array_append(value, (const uint8_t *)"", 1); /* 0: a libpcap expression */
    g_byte_array_append(value, (const uint8_t *)filter, (guint)strnlen(filter, OPTION_MAX - 1));
    add_option(w, PCAPNG_IF_FILTER, value->data, value->len);
  }
  add_option(w, PCAPNG_OPT_END, NULL, 0);
  w->n_interfaces++;
  return block_end(w, error);
}

bool
pcapng_writer_interface(struct pcapng_writer *w, uint16_t link, uint32_t snap_octets,
                        const char *name, const char *description, GError **error)
{
  return pcapng_writer_interface_filtered(w, link, snap_octets, name, description, NULL, error);
}

bool
pcapng_writer_name(struct pcapng_writer *w, uint8_t ip_version, const uint8_t *octets,
                   const char *name, GError **error)
{
  g_assert(ip_version == 4 || ip_version == 6);
  guint n_address = ip_version == 4 ? 4 : 16;
  size_t n_name = strnlen(name, 1024); /* RFC 1035: 255; longer names are cut */
  GByteArray *record = g_byte_array_new();
  g_byte_array_append(record, octets, n_address);
  g_byte_array_append(record, (const uint8_t *)name, (guint)n_name);
  g_byte_array_append(record, (const uint8_t *)"", 1);
  block_begin(w, PCAPNG_BLOCK_NAMES);
  add_option(w, ip_version == 4 ? PCAPNG_NRB_IPV4 : PCAPNG_NRB_IPV6, record->data, record->len);
  add_option(w, PCAPNG_OPT_END, NULL, 0); /* end of records; no options follow */
  g_byte_array_free(record, TRUE);
  return block_end(w, error);
}

bool
pcapng_writer_secrets(struct pcapng_writer *w, const char *lines, size_t n, GError **error)
{
  while (n > 0) {
    size_t taken = MIN(n, SECRETS_MAX);
    while (taken < n && taken > 0 && lines[taken - 1] != '\n') /* blocks end with a line */
      taken--;
    taken = taken ? taken : MIN(n, SECRETS_MAX);
    block_begin(w, PCAPNG_BLOCK_SECRETS);
    add_u32(w, PCAPNG_SECRETS_TLS);
    add_u32(w, (uint32_t)taken);
    add_padded(w, (const uint8_t *)lines, (guint)taken);
    if (!block_end(w, error))
      return false;
    lines += taken;
    n -= taken;
  }
  return true;
}

bool
pcapng_writer_packet(struct pcapng_writer *w, uint32_t interface, int64_t time_ns,
                     const uint8_t *octets, uint32_t captured, uint32_t wire, const char *comment,
                     GError **error)
{
  g_assert(interface < w->n_interfaces);
  g_assert(captured <= wire);
  block_begin(w, PCAPNG_BLOCK_PACKET);
  add_u32(w, interface);
  add_u32(w, (uint32_t)((uint64_t)time_ns >> 32));
  add_u32(w, (uint32_t)(uint64_t)time_ns);
  add_u32(w, captured);
  add_u32(w, wire);
  add_padded(w, octets, captured);
  if (comment) {
    add_text(w, PCAPNG_OPT_COMMENT, comment);
    add_option(w, PCAPNG_OPT_END, NULL, 0);
  }
  return block_end(w, error);
}

static void
add_count(struct pcapng_writer *w, uint16_t code, uint64_t v)
{
  uint8_t octets[8];
  put_le64(octets, v);
  add_option(w, code, octets, sizeof octets);
}

bool
pcapng_writer_statistics(struct pcapng_writer *w, uint32_t interface, int64_t time_ns,
                         uint64_t n_lost_interface, uint64_t n_lost_kernel, GError **error)
{
  g_assert(interface < w->n_interfaces);
  block_begin(w, PCAPNG_BLOCK_STATISTICS);
  add_u32(w, interface);
  add_u32(w, (uint32_t)((uint64_t)time_ns >> 32));
  add_u32(w, (uint32_t)(uint64_t)time_ns);
  add_count(w, PCAPNG_ISB_IFDROP, n_lost_interface);
  add_count(w, PCAPNG_ISB_OSDROP, n_lost_kernel);
  add_option(w, PCAPNG_OPT_END, NULL, 0);
  return block_end(w, error);
}

bool
pcapng_writer_flush(struct pcapng_writer *w, GError **error)
{
  bool done =
      g_output_stream_write_all(w->out, w->buffer->data, w->buffer->len, NULL, NULL, error) &&
      g_output_stream_flush(w->out, NULL, error);
  g_byte_array_set_size(w->buffer, 0);
  if (!done)
    g_prefix_error(error, "%s: ",
                   lang_text("The capture file could not be written and is incomplete",
                             "เขียนไฟล์แคปเจอร์ไม่สำเร็จ ไฟล์ที่ได้จึงไม่ครบถ้วน"));
  return done;
}
