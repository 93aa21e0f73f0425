/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-writer.c -- what is written is what is read: by our reader, by tshark, by capinfos. */
#include <glib/gstdio.h>
#include <string.h>

#include "capture/source/reader.h"
#include "capture/source/writer.h"
#include "tests/trace/packets.h"

static char *folder, *path;

static GBytes *
write_sample(void)
{
  g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
  g_autoptr(GError) error = NULL;
  struct pcapng_writer *w = pcapng_writer_new(out, "seed 1");
  g_autofree char *long_comment = g_strnfill(70000, 'x');
  static const uint8_t v4[4] = {10, 0, 0, 1};
  static const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
  struct packets_segment syn = {.seq = 1, .flags = TCP_SYN};
  g_autoptr(GByteArray) frame = packets_tcp(&syn);
  pcapng_writer_interface(w, LINK_RAW, 0, "lan", "alice to router", &error);
  pcapng_writer_interface(w, LINK_IPV4, 128, NULL, NULL, &error);
  pcapng_writer_name(w, 4, v4, "alice-pc.test", &error);
  pcapng_writer_name(w, 6, v6, "mx", &error);
  pcapng_writer_packet(w, 0, TRACE_SIM_EPOCH_NS + 1, frame->data, frame->len, frame->len, "ลำดับแรก",
                       &error);
  pcapng_writer_packet(w, 1, TRACE_SIM_EPOCH_NS + 2, frame->data, frame->len - 1, frame->len, NULL,
                       &error);
  pcapng_writer_packet(w, 1, TRACE_SIM_EPOCH_NS + 3, frame->data, 0, 0, long_comment, &error);
  g_assert_no_error(error);
  g_assert_true(pcapng_writer_flush(w, &error));
  pcapng_writer_free(w);
  g_assert_true(g_output_stream_close(out, NULL, &error));
  return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(out));
}

static void
test_the_section_is_laid_out_as_the_draft_says(void)
{
  g_autoptr(GOutputStream) out = g_memory_output_stream_new_resizable();
  struct pcapng_writer *w = pcapng_writer_new(out, NULL);
  pcapng_writer_interface(w, LINK_ETHERNET, 9, "ab", NULL, NULL);
  pcapng_writer_secrets(w, "RANDOM\n", 7, NULL);
  pcapng_writer_packet(w, 0, INT64_C(0x100000002), (const uint8_t *)"xyz", 3, 7, NULL, NULL);
  pcapng_writer_free(w);
  g_autoptr(GByteArray) expected = packets_hex(
      "0a0d0d0a 30000000 4d3c2b1a 0100 0000 ffffffffffffffff 0400 0b00 456e76656c6f73636f7065 00"
      "0000 0000 30000000"
      "01000000 28000000 0100 0000 09000000 0200 0200 6162 0000 0900 0100 09 000000 0000 0000 "
      "28000000"
      "0a000000 1c000000 4b534c54 07000000 52414e444f4d0a 00 1c000000"
      "06000000 24000000 00000000 01000000 02000000 03000000 07000000 78797a 00 24000000");
  GMemoryOutputStream *m = G_MEMORY_OUTPUT_STREAM(out);
  g_assert_cmpmem(g_memory_output_stream_get_data(m), g_memory_output_stream_get_data_size(m),
                  expected->data, expected->len);
}

static void
test_the_same_calls_give_the_same_octets(void)
{
  g_autoptr(GBytes) a = write_sample();
  g_autoptr(GBytes) b = write_sample();
  g_assert_true(g_bytes_equal(a, b));
}

static void
test_our_reader_reads_it_back(void)
{
  g_autoptr(GError) error = NULL;
  struct reader *r = reader_new(path, &error);
  g_assert_no_error(error);
  struct reader_frame f;
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
  g_assert_cmpint(f.time_ns, ==, TRACE_SIM_EPOCH_NS + 1);
  g_assert_cmpuint(f.captured_octets, ==, 40);
  g_assert_cmpstr(reader_interface(r, 0)->name, ==, "lan");
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
  g_assert_cmpuint(f.captured_octets, ==, 39);
  g_assert_cmpuint(f.wire_octets, ==, 40);
  g_assert_cmpuint(f.interface, ==, 1);
  g_assert_cmpuint(reader_interface(r, 1)->snap_octets, ==, 128);
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
  g_assert_cmpuint(f.captured_octets, ==, 0);
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_END);
  reader_free(r);
}

static void
test_tshark_reads_it(void)
{
  const char *argv[] = {"tshark",
                        "-r",
                        path,
                        "-T",
                        "fields",
                        "-e",
                        "frame.time_epoch",
                        "-e",
                        "frame.cap_len",
                        "-e",
                        "frame.len",
                        "-e",
                        "frame.interface_name",
                        "-e",
                        "frame.comment",
                        "-c",
                        "2",
                        NULL};
  g_autofree char *out = packets_run(argv);
  if (!out) {
    g_test_skip("tshark is not installed");
    return;
  }
  g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
  g_assert_cmpstr(lines[0], ==, "1767225600.000000001\t40\t40\tlan\tลำดับแรก");
  g_assert_true(g_str_has_prefix(lines[1], "1767225600.000000002\t39\t40\t"));
}

static void
test_capinfos_reads_it(void)
{
  const char *argv[] = {"capinfos", "-T", "-r", "-c", "-t", "-k", path, NULL};
  g_autofree char *out = packets_run(argv);
  if (!out) {
    g_test_skip("capinfos is not installed");
    return;
  }
  g_auto(GStrv) fields = g_strsplit(g_strchomp(out), "\t", -1);
  g_assert_cmpstr(fields[1], ==, "pcapng");
  g_assert_cmpstr(fields[2], ==, "3");
  g_assert_true(strstr(out, "seed 1") != NULL);
}

static void
test_a_full_disk_is_told(void)
{
  static uint8_t room[64];
  g_autoptr(GOutputStream) out = g_memory_output_stream_new(room, sizeof room, NULL, NULL);
  g_autoptr(GError) error = NULL;
  struct pcapng_writer *w =
      pcapng_writer_new(out, "a comment that is longer than the room there is");
  g_assert_false(pcapng_writer_flush(w, &error));
  g_assert_nonnull(strstr(error->message, "could not be written"));
  pcapng_writer_free(w);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("enveloscope-writer-XXXXXX", NULL);
  path = g_build_filename(folder, "sample.pcapng", NULL);
  g_autoptr(GBytes) sample = write_sample();
  g_file_set_contents(path, g_bytes_get_data(sample, NULL), (gssize)g_bytes_get_size(sample), NULL);
  g_test_add_func("/the-section-is-laid-out-as-the-draft-says",
                  test_the_section_is_laid_out_as_the_draft_says);
  g_test_add_func("/the-same-calls-give-the-same-octets", test_the_same_calls_give_the_same_octets);
  g_test_add_func("/our-reader-reads-it-back", test_our_reader_reads_it_back);
  g_test_add_func("/tshark-reads-it", test_tshark_reads_it);
  g_test_add_func("/capinfos-reads-it", test_capinfos_reads_it);
  g_test_add_func("/a-full-disk-is-told", test_a_full_disk_is_told);
  int result = g_test_run();
  g_unlink(path);
  g_rmdir(folder);
  g_free(path);
  g_free(folder);
  return result;
}
