/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packets.c -- frames, files and other programs' answers for the tests of this folder. */
#include "tests/trace/packets.h"

#include <string.h>

#include "capture/source/writer.h"
#include "capture/wire/bytes.h"

GByteArray *
packets_hex(const char *text)
{
  GByteArray *out = g_byte_array_new();
  for (; *text; text++) {
    if (!g_ascii_isxdigit(*text))
      continue;
    uint8_t octet = (uint8_t)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
    g_byte_array_append(out, &octet, 1);
    text++;
  }
  return out;
}

GByteArray *
packets_tcp(const struct packets_segment *s)
{
  const void *payload = s->octets ? (const void *)s->octets->data : s->text;
  size_t n_payload = s->octets ? s->octets->len
                     : s->text ? strlen(s->text)
                               : 0,
         n_options = s->scale ? 4 : 0;
  size_t n = IPV4_OCTETS + TCP_OCTETS + n_options + n_payload;
  GByteArray *out = g_byte_array_new();
  g_byte_array_set_size(out, (guint)n);
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)n,
                    .ttl = 64,
                    .proto = IP_PROTO_TCP,
                    .src = {10, 0, 0, (uint8_t)(1 + s->from)},
                    .dst = {10, 0, 0, (uint8_t)(2 - s->from)}};
  ipv4_put(out->data, &ip);
  struct tcp t = {.src_port = s->from ? 25 : 1000,
                  .dst_port = s->from ? 1000 : 25,
                  .seq = s->seq,
                  .ack = s->ack,
                  .header_octets = (uint8_t)(TCP_OCTETS + n_options),
                  .flags = s->flags,
                  .window = (uint16_t)(s->window < 0 ? 0
                                       : s->window   ? s->window
                                                     : 1000)};
  tcp_put(out->data + IPV4_OCTETS, &t);
  uint8_t *behind = out->data + IPV4_OCTETS + TCP_OCTETS;
  if (n_options) {
    memcpy(behind, "\1\3\3", 3);
    behind[3] = (uint8_t)(s->scale - 1);
  }
  if (n_payload)
    memcpy(behind + n_options, payload, n_payload);
  return out;
}

static void
unref_array(void *data)
{
  g_byte_array_unref(data);
}

GPtrArray *
packets_fragments(const GByteArray *datagram, uint16_t id, unsigned n)
{
  GPtrArray *out = g_ptr_array_new_with_free_func(unref_array);
  unsigned n_payload = datagram->len - IPV4_OCTETS;
  for (unsigned at = 0; at < n_payload; at += n) {
    unsigned here = n_payload - at < n ? n_payload - at : n;
    GByteArray *f = g_byte_array_new();
    g_byte_array_append(f, datagram->data, IPV4_OCTETS);
    g_byte_array_append(f, datagram->data + IPV4_OCTETS + at, here);
    put_be16(f->data + 2, (uint16_t)(IPV4_OCTETS + here));
    put_be16(f->data + 4, id);
    put_be16(f->data + 6, (uint16_t)((at + here < n_payload ? 0x2000 : 0) | at / 8));
    g_ptr_array_add(out, f);
  }
  return out;
}

struct packets_feed
packets_begin(enum link_type link)
{
  struct packets_feed f = {.trace = trace_new(), .time_ns = 1000000000};
  trace_add_interface(f.trace, "test", link);
  return f;
}

uint32_t
packets_append(struct packets_feed *f, const GByteArray *frame, int64_t after_ns)
{
  f->time_ns += after_ns;
  return trace_append(f->trace, 0, f->time_ns, frame->data, frame->len, frame->len);
}

uint32_t
packets_segment(struct packets_feed *f, struct packets_segment s)
{
  g_autoptr(GByteArray) frame = packets_tcp(&s);
  return packets_append(f, frame, s.after_ns);
}

void
packets_write(const char *path, const struct trace *t)
{
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GError) error = NULL;
  g_autoptr(GFileOutputStream) out =
      g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, &error);
  g_assert_no_error(error);
  struct pcapng_writer *w = pcapng_writer_new(G_OUTPUT_STREAM(out), NULL);
  pcapng_writer_interface(w, trace_interface(t, 0)->link, 0, "test", NULL, &error);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    const struct trace_frame f = trace_frame(t, i);
    g_assert_true(trace_octets(t, i, octets));
    pcapng_writer_packet(w, 0, f.time_ns, octets->data, f.captured_octets, f.wire_octets, NULL,
                         &error);
    g_assert_no_error(error);
  }
  g_assert_true(pcapng_writer_flush(w, &error));
  pcapng_writer_free(w);
  g_assert_true(g_output_stream_close(G_OUTPUT_STREAM(out), NULL, &error));
}

char *
packets_run(const char *const *argv)
{
  g_autofree char *program = g_find_program_in_path(argv[0]);
  if (!program)
    return NULL;
  char *out = NULL;
  g_autoptr(GError) error = NULL;
  g_spawn_sync(NULL, (char **)(void *)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
               NULL, NULL, &out, NULL, NULL, &error);
  g_assert_no_error(error);
  return out;
}

void
packets_assert_next_elements(const struct trace *t, uint32_t step)
{
  static const uint32_t limits[] = {1, 2, 7, 4096};
  uint32_t n = trace_n_elements(t);
  for (uint32_t i = 0; i < n; i += step) {
    uint32_t flow = trace_element_flow(t, i), next = i + 1;
    while (next < n && next - i < 5000 && trace_element_flow(t, next) != flow)
      next++;
    for (size_t k = 0; k < G_N_ELEMENTS(limits); k++) {
      bool is_there = next < n && next - i < limits[k];
      g_assert_cmpuint(trace_element_next(t, i, i + limits[k]), ==, is_there ? next : ELEMENT_NONE);
    }
  }
}

void
packets_assert_same_frame(const struct trace_frame *a, const struct trace_frame *b)
{
  g_assert_cmpuint(a->position, ==, b->position);
  g_assert_cmpint(a->time_ns, ==, b->time_ns);
  g_assert_cmpuint(a->captured_octets, ==, b->captured_octets);
  g_assert_cmpuint(a->wire_octets, ==, b->wire_octets);
  g_assert_cmpuint(a->flow, ==, b->flow);
  g_assert_cmpuint(a->prev_in_flow, ==, b->prev_in_flow);
  g_assert_cmpuint(a->next_in_flow, ==, b->next_in_flow);
  g_assert_cmpuint(a->element, ==, b->element);
  g_assert_cmpuint(a->stream_offset, ==, b->stream_offset);
  g_assert_cmpuint(a->payload_octets, ==, b->payload_octets);
  g_assert_cmpuint(a->payload_offset, ==, b->payload_offset);
  g_assert_cmpuint(a->analysis, ==, b->analysis);
  g_assert_cmpuint(a->tcp_flags, ==, b->tcp_flags);
  g_assert_cmpuint(a->interface, ==, b->interface);
  g_assert_cmpuint(a->app, ==, b->app);
  g_assert_cmpuint(a->direction, ==, b->direction);
  g_assert_cmpuint(a->flags, ==, b->flags);
  g_assert_cmpuint(a->state, ==, b->state);
}
