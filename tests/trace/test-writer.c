/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-writer.c -- what is written is what is read: by our reader, by tshark, by capinfos. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "capture/decode/decode.h"
#include "capture/source/reader.h"
#include "capture/source/writer.h"
#include "capture/wire/bytes.h"
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
  static const uint8_t server[4] = {10, 0, 0, 2};
  static const uint8_t v6[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
  struct packets_segment syn = {.seq = 1, .flags = TCP_SYN};
  g_autoptr(GByteArray) frame = packets_tcp(&syn);
  pcapng_writer_interface(w, LINK_RAW, 0, "lan", "alice to router", &error);
  pcapng_writer_interface(w, LINK_IPV4, 128, NULL, NULL, &error);
  pcapng_writer_name(w, 4, v4, "alice-pc.test", &error);
  pcapng_writer_name(w, 4, server, "mx-v4", &error);
  pcapng_writer_name(w, 6, v6, "mx", &error);
  pcapng_writer_packet(w, 0, TRACE_SIM_EPOCH_NS + 1, frame->data, frame->len, frame->len, "ลำดับแรก",
                       &error);
  pcapng_writer_packet(w, 1, TRACE_SIM_EPOCH_NS + 2, frame->data, frame->len - 1, frame->len, NULL,
                       &error);
  pcapng_writer_packet(w, 1, TRACE_SIM_EPOCH_NS + 3, frame->data, 0, 0, long_comment, &error);
  pcapng_writer_statistics(w, 1, TRACE_SIM_EPOCH_NS + 4, 7, 9, &error);
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
  g_assert_cmpuint(reader_drops(r).n_interface, ==, 7);
  g_assert_cmpuint(reader_drops(r).n_kernel, ==, 9);
  g_assert_cmpuint(reader_names(r)->len, ==, 3);
  reader_free(r);
}

/* Names, statistics, comments and a filter in big-endian octets, laid out by hand after the draft.
 */
static const char notes_hex[] =
    "0a0d0d0a 00000028 1a2b3c4d 0001 0000 ffffffffffffffff 0001 0003 61626300 0000 0000 00000028"
    "00000001 00000030 0001 0000 00000000 0003 0002 6c6f0000 000b 0004 00746370 0009 0001 09000000"
    "0000 0000 00000030"
    "00000004 00000024 0001 000e 0a000001 6d782e74657374 00 7800 0000 0000 0000 00000024"
    "00000005 00000034 00000000 00000000 00000001 0005 0008 0000000000000002 0007 0008 "
    "0000000000000001 0000 0000 00000034"
    "00000005 00000034 00000000 00000000 00000002 0005 0008 0000000000000003 0007 0008 "
    "0000000000000005 0000 0000 00000034"
    "00000006 0000003c 00000000 00000000 00000007 00000003 00000003 78797a00 0001 0002 68690000 "
    "0001 0005 7468657265000000 0000 0000 0000003c";

static void
test_notes_in_the_other_byte_order(void)
{
  g_autoptr(GByteArray) octets = packets_hex(notes_hex);
  g_autofree char *other = g_build_filename(folder, "notes.pcapng", NULL);
  struct reader_frame f;
  /* Cut anywhere: the frame comes once its octets are there, its comments once they are whole. */
  for (guint n = 28; n <= octets->len; n++) {
    g_file_set_contents(other, (const char *)octets->data, n, NULL);
    struct reader *r = reader_new(other, NULL);
    if (!r)
      continue;
    bool has_frame = reader_next(r, &f, NULL) == READER_FRAME;
    g_assert_true(has_frame == (n >= octets->len - 29));
    g_autofree char *comment = has_frame ? reader_comment(r, &f) : NULL;
    g_assert_true((comment != NULL) == (n >= octets->len - 4));
    reader_free(r);
  }
  struct reader *r = reader_new(other, NULL);
  g_assert_cmpint(reader_next(r, &f, NULL), ==, READER_FRAME);
  g_autofree char *comment = reader_comment(r, &f);
  g_assert_cmpstr(comment, ==, "hi\nthere");
  g_assert_cmpmem(f.octets, f.captured_octets, "xyz", 3);
  g_assert_cmpstr(reader_section_comment(r), ==, "abc");
  g_assert_cmpstr(reader_interface(r, 0)->description, ==, "lo");
  g_assert_cmpstr(reader_interface(r, 0)->filter, ==, "tcp");
  g_assert_cmpuint(reader_names(r)->len, ==, 1);
  const struct reader_name *name = &g_array_index(reader_names(r), struct reader_name, 0);
  g_assert_cmpuint(name->version, ==, 4);
  g_assert_cmpmem(name->octets, 4, "\12\0\0\1", 4);
  g_assert_cmpstr(name->name, ==, "mx.test");
  struct reader_drops drops = reader_drops(r);
  g_assert_true(drops.is_known); /* the later block replaces the earlier one */
  g_assert_cmpuint(drops.n_interface, ==, 3);
  g_assert_cmpuint(drops.n_kernel, ==, 5);
  g_assert_cmpint(reader_next(r, &f, NULL), ==, READER_END);
  reader_free(r);
  g_unlink(other);
}

/* Loads the sample, changes comments, saves it to `to`. */
static void
save_again(const char *from, const char *to)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, from, NULL, &error));
  g_assert_cmpstr(trace_comment(t, 0), ==, "ลำดับแรก");
  g_assert_null(trace_comment(t, 1));
  g_assert_true(trace_set_comment(t, 1, "written \"later\""));
  g_assert_true(trace_set_comment(t, 2, ""));
  g_autoptr(GFile) file = g_file_new_for_path(to);
  g_autoptr(GFileOutputStream) out =
      g_file_replace(file, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL, &error);
  g_assert_no_error(error);
  g_assert_true(trace_save(t, G_OUTPUT_STREAM(out), &error));
  g_assert_true(g_output_stream_close(G_OUTPUT_STREAM(out), NULL, &error));
}

static void
test_what_was_read_can_be_saved_with_comments(void)
{
  g_autofree char *again = g_build_filename(folder, "again.pcapng", NULL);
  g_autoptr(GError) error = NULL;
  save_again(path, again);
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, again, NULL, &error));
  g_assert_cmpuint(trace_n_frames(t), ==, 3);
  g_assert_cmpstr(trace_comment(t, 0), ==, "ลำดับแรก");
  g_assert_cmpstr(trace_comment(t, 1), ==, "written \"later\"");
  g_assert_null(trace_comment(t, 2));
  struct decode *d = decode_new(t);
  decode_frame(d, 1);
  bool is_there = false;
  for (guint i = 0; i < d->fields->len; i++) {
    const struct field *f = &g_array_index(d->fields, struct field, i);
    is_there |= strcmp(f->def->key, "frame.comment") == 0;
  }
  g_assert_true(is_there);
  decode_free(d);
  const char *argv[] = {"tshark",
                        "-r",
                        again,
                        "-N",
                        "n",
                        "-T",
                        "fields",
                        "-e",
                        "frame.comment",
                        "-e",
                        "ip.dst_host",
                        "-e",
                        "frame.interface_description",
                        NULL};
  g_autofree char *said = packets_run(argv);
  g_unlink(again);
  if (!said) {
    g_test_skip("tshark is not installed");
    return;
  }
  g_auto(GStrv) lines = g_strsplit(said, "\n", -1);
  g_assert_cmpstr(lines[0], ==, "ลำดับแรก\tmx-v4\talice to router");
  g_assert_true(g_str_has_prefix(lines[1], "written \"later\"\t"));
  g_assert_true(g_str_has_prefix(lines[2], "\t"));
}

static void
test_one_comment_has_a_limit(void)
{
  g_autoptr(trace_owned) t = trace_new();
  g_autofree char *long_text = g_strnfill(3 * READER_COMMENT_MAX, 'x');
  trace_add_interface(t, "lan", LINK_RAW);
  trace_append(t, 0, 0, (const uint8_t *)"x", 1, 1);
  g_assert_true(trace_set_comment(t, 0, "short"));
  g_assert_false(trace_set_comment(t, 0, long_text));
  g_assert_cmpstr(trace_comment(t, 0), ==, "short");
  g_assert_true(trace_set_comment(t, 0, NULL));
  g_assert_null(trace_comment(t, 0));
}

/* A file that is written while it is read: a block at a time, and in between less than a block. */
static void
test_a_growing_file_is_followed(void)
{
  g_autofree char *growing = g_build_filename(folder, "growing.pcapng", NULL);
  g_autofree char *all = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &all, &n, NULL));
  gsize at = get_le32((const uint8_t *)all + 4);
  g_file_set_contents(growing, all, (gssize)at, NULL);
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct trace_loader *l = trace_loader_new_growing(t, growing, at, NULL);
  g_assert_nonnull(l);
  uint32_t n_packets = 0;
  FILE *f = fopen(growing, "ab");
  while (at < n) {
    g_assert_cmpint(trace_loader_step(l, 10, NULL, NULL), ==, TRACE_LOAD_WAITING);
    g_assert_cmpuint(trace_n_frames(t), ==, n_packets);
    gsize block = get_le32((const uint8_t *)all + at + 4), half = block / 2;
    n_packets += get_le32((const uint8_t *)all + at) == 6;
    fwrite(all + at, 1, half, f);
    fflush(f);
    trace_loader_follow(l, at, false); /* half a block is none */
    g_assert_cmpint(trace_loader_step(l, 10, NULL, NULL), ==, TRACE_LOAD_WAITING);
    fwrite(all + at + half, 1, block - half, f);
    fflush(f);
    at += block;
    trace_loader_follow(l, at, false);
    if (trace_n_frames(t) > 0)
      g_assert_true(trace_octets(t, 0, octets) && octets->len == 40);
  }
  fclose(f);
  trace_loader_follow(l, at, true);
  g_assert_cmpint(trace_loader_step(l, 10, NULL, NULL), ==, TRACE_LOAD_DONE);
  trace_loader_free(l);
  g_assert_cmpuint(trace_n_frames(t), ==, 3);
  g_assert_cmpstr(trace_comment(t, 0), ==, "ลำดับแรก");
  g_unlink(growing);
}

static void
test_gzipped_it_is_the_same(void)
{
  g_autofree char *packed = g_strconcat(path, ".gz", NULL);
  g_autofree char *command = g_strdup_printf("gzip -k -f '%s'", path);
  g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, packed, NULL, NULL));
  g_assert_cmpuint(trace_n_frames(t), ==, 3);
  g_assert_cmpstr(trace_comment(t, 0), ==, "ลำดับแรก");
  g_unlink(packed);
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
  g_test_add_func("/notes-in-the-other-byte-order", test_notes_in_the_other_byte_order);
  g_test_add_func("/what-was-read-can-be-saved-with-comments",
                  test_what_was_read_can_be_saved_with_comments);
  g_test_add_func("/one-comment-has-a-limit", test_one_comment_has_a_limit);
  g_test_add_func("/a-growing-file-is-followed", test_a_growing_file_is_followed);
  g_test_add_func("/gzipped-it-is-the-same", test_gzipped_it_is_the_same);
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
