/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-reader.c -- every variant of a capture file, put together by hand, and every way to cut it.
 */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "capture/source/pcapng.h"
#include "capture/source/reader.h"
#include "capture/wire/bytes.h"
#include "capture/wire/lang.h"
#include "tests/trace/packets.h"

static char *folder;

/* pcap-savefile(5): magic, version 2.4, zone, accuracy, snap length 65535, link 1; then two records
 * at 1 s and 2 units, and 3 s and 4 units; the second was cut from 6 octets to 3. */
#define LE_RECORDS                                                                                 \
  "01000000 02000000 04000000 04000000 61626364 03000000 04000000 03000000 06000000 78797a"
#define BE_RECORDS                                                                                 \
  "00000001 00000002 00000004 00000004 61626364 00000003 00000004 00000003 00000006 78797a"
static const struct {
  const char *name, *octets;
  int64_t unit_ns;
} pcaps[] = {
    {"le-micro", "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000" LE_RECORDS, 1000},
    {"le-nano", "4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000" LE_RECORDS, 1},
    {"be-micro", "a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001" BE_RECORDS, 1000},
    {"be-nano", "a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000001" BE_RECORDS, 1},
    {"modified",
     "34cdb2a1 0200 0400 00000000 00000000 ffff0000 01000000"
     "01000000 02000000 04000000 04000000 02000000 0008 00 00 61626364"
     "03000000 04000000 03000000 06000000 02000000 0008 00 00 78797a",
     1000},
};

/* draft-ietf-opsawg-pcapng: a little-endian section with two interfaces (micro- and nanoseconds,
 * the second named "lan" and one day late), an enhanced, a simple and an old packet, names and a
 * custom block; then a big-endian section with one interface whose clock counts 2^-10 s. */
static const char pcapng[] =
    "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
    "01000000 14000000 0100 0000 00000000 14000000"
    "01000000 34000000 6500 0000 04000000 0200 0300 6c616e00 0900 0100 09000000"
    " 0e00 0800 8051010000000000 0000 0000 34000000"
    "06000000 2c000000 01000000 00000000 05000000 03000000 09000000 61626300 0100 0100 6b000000"
    " 2c000000"
    "03000000 14000000 02000000 68690000 14000000"
    "04000000 20000000 0100 0600 0a000001 6100 0000 0000 0000 00000000 20000000"
    "02000000 24000000 0000 0700 00000000 40420f00 04000000 04000000 6f6c6421 24000000"
    "ad0b0000 10000000 01020304 10000000"
    "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"
    "00000001 00000020 0071 0000 00000000 0009 0001 8a000000 0000 0000 00000020"
    "00000006 00000024 00000000 00000000 00000600 00000001 00000001 7a000000 00000024";

static char *
write_file(const char *name, const uint8_t *octets, gsize n)
{
  char *path = g_build_filename(folder, name, NULL);
  g_autoptr(GError) error = NULL;
  g_file_set_contents(path, (const char *)octets, (gssize)n, &error);
  g_assert_no_error(error);
  return path;
}

static struct reader *
open_octets(const GByteArray *octets, GError **error)
{
  g_autofree char *path = write_file("capture", octets->data, octets->len);
  return reader_new(path, error);
}

static void
expect_frame(struct reader *r, int64_t time_ns, uint32_t wire, uint32_t interface, const char *text)
{
  struct reader_frame f;
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
  g_assert_cmpint(f.time_ns, ==, time_ns);
  g_assert_cmpuint(f.wire_octets, ==, wire);
  g_assert_cmpuint(f.interface, ==, interface);
  g_assert_cmpmem(f.octets, f.captured_octets, text, strlen(text));
  uint8_t again[16];
  g_assert_true(reader_octets(r, f.position, again, f.captured_octets));
  g_assert_cmpmem(again, f.captured_octets, text, strlen(text));
}

static void
expect_end(struct reader *r)
{
  struct reader_frame f;
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_END);
  g_assert_no_error(error);
  reader_free(r);
}

static void
test_pcap_variants(void)
{
  for (gsize i = 0; i < G_N_ELEMENTS(pcaps); i++) {
    g_autoptr(GByteArray) octets = packets_hex(pcaps[i].octets);
    g_autoptr(GError) error = NULL;
    struct reader *r = open_octets(octets, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(reader_interface(r, 0)->link, ==, 1);
    g_assert_cmpuint(reader_interface(r, 0)->snap_octets, ==, 65535);
    expect_frame(r, 1000000000 + 2 * pcaps[i].unit_ns, 4, 0, "abcd");
    expect_frame(r, 3000000000 + 4 * pcaps[i].unit_ns, 6, 0, "xyz");
    expect_end(r);
  }
}

static void
read_pcapng(struct reader *r)
{
  expect_frame(r, INT64_C(86400000000005), 9, 1, "abc");
  expect_frame(r, 0, 2, 0, "hi");
  expect_frame(r, 1000000000, 4, 0, "old!");
  expect_frame(r, 1500000000, 1, 2, "z");
  g_assert_cmpuint(reader_n_interfaces(r), ==, 3);
  g_assert_cmpstr(reader_interface(r, 0)->name, ==, NULL);
  g_assert_cmpstr(reader_interface(r, 1)->name, ==, "lan");
  g_assert_cmpuint(reader_interface(r, 1)->link, ==, LINK_RAW);
  g_assert_cmpuint(reader_interface(r, 1)->snap_octets, ==, 4);
  g_assert_cmpuint(reader_interface(r, 2)->link, ==, LINK_LINUX_SLL);
  g_assert_cmpuint(reader_n_bad_records(r), ==, 0);
  expect_end(r);
}

static void
test_pcapng_sections_and_interfaces(void)
{
  g_autoptr(GByteArray) octets = packets_hex(pcapng);
  g_autoptr(GError) error = NULL;
  struct reader *r = open_octets(octets, &error);
  g_assert_no_error(error);
  read_pcapng(r);
}

static void
test_gzip_reads_the_same(void)
{
  g_autoptr(GByteArray) octets = packets_hex(pcapng);
  g_autofree char *path = g_build_filename(folder, "capture.gz", NULL);
  gzFile gz = gzopen(path, "wb");
  g_assert_cmpint(gzwrite(gz, octets->data, octets->len), ==, (int)octets->len);
  gzclose(gz);
  g_autoptr(GError) error = NULL;
  struct reader *r = reader_new(path, &error);
  g_assert_no_error(error);
  read_pcapng(r);
}

static void
test_gzip_cut_short_says_so(void)
{
  g_autofree char *path = g_build_filename(folder, "cut.gz", NULL);
  g_autoptr(GByteArray) octets = packets_hex(pcaps[0].octets);
  uint8_t record[20]; /* a copy: appending may move the octets */
  memcpy(record, octets->data + 24, sizeof record);
  for (int i = 0; i < 2000; i++) /* more records than one piece of compressed data shows at once */
    g_byte_array_append(octets, record, sizeof record);
  gzFile gz = gzopen(path, "wb");
  gzwrite(gz, octets->data, octets->len);
  gzclose(gz);
  g_autofree char *text = NULL;
  gsize n;
  g_file_get_contents(path, &text, &n, NULL);
  g_file_set_contents(path, text, (gssize)n - 12, NULL);
  g_autoptr(GError) error = NULL;
  struct reader *r = reader_new(path, &error);
  if (r) {
    struct reader_frame f;
    enum reader_status status;
    while ((status = reader_next(r, &f, &error)) == READER_FRAME)
      continue;
    g_assert_cmpint(status, ==, READER_FAILED);
    reader_free(r);
  }
  g_assert_error(error, SOURCE_ERROR, SOURCE_ERROR_GZIP);
}

static void
test_pipe_reads_the_same(void)
{
  g_autoptr(GByteArray) octets = packets_hex(pcapng);
  int ends[2];
  g_assert_cmpint(pipe(ends), ==, 0);
  g_assert_cmpint(write(ends[1], octets->data, octets->len), ==, (gssize)octets->len);
  close(ends[1]);
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", ends[0]);
  g_autoptr(GError) error = NULL;
  struct reader *r = reader_new(path, &error);
  g_assert_no_error(error);
  read_pcapng(r);
  close(ends[0]);
}

/* A file cut anywhere gives the frames whose octets are all there, then says where it ended. */
static void
check_cuts(const GByteArray *octets, gsize n_header)
{
  unsigned n_before = 0;
  for (guint cut = 0; cut <= octets->len; cut++) {
    g_autofree char *path = write_file("cut", octets->data, cut);
    g_autoptr(GError) error = NULL;
    struct reader *r = reader_new(path, &error);
    if (!r) {
      g_assert_cmpuint(cut, <, n_header);
      int code = cut == 0 ? SOURCE_ERROR_EMPTY : cut < 4 ? SOURCE_ERROR_FORMAT : SOURCE_ERROR_CUT;
      g_assert_error(error, SOURCE_ERROR, code);
      continue;
    }
    g_assert_cmpuint(cut, >=, n_header);
    struct reader_frame f;
    unsigned n = 0;
    enum reader_status status;
    while ((status = reader_next(r, &f, &error)) == READER_FRAME) {
      g_assert_cmpuint(f.position + f.captured_octets, <=, cut);
      n++;
    }
    g_assert_cmpuint(n, >=, n_before);
    g_assert_cmpuint(n, <=, n_before + 1);
    n_before = n;
    if (status == READER_FAILED) {
      g_assert_error(error, SOURCE_ERROR, SOURCE_ERROR_CUT);
      g_autofree char *where = g_strdup_printf("octet %u,", cut);
      g_assert_nonnull(strstr(error->message, where));
    }
    reader_free(r);
  }
}

static void
test_pcap_cut_at_every_octet(void)
{
  g_autoptr(GByteArray) octets = packets_hex(pcaps[0].octets);
  check_cuts(octets, 24);
}

static void
test_pcapng_cut_at_every_octet(void)
{
  g_autoptr(GByteArray) octets = packets_hex(pcapng);
  check_cuts(octets, 12);
}

static void
expect_damage(const char *hex, unsigned n_frames, uint64_t n_bad, int code)
{
  g_autoptr(GByteArray) octets = packets_hex(hex);
  g_autoptr(GError) error = NULL;
  struct reader *r = open_octets(octets, &error);
  g_assert_no_error(error);
  struct reader_frame f;
  for (unsigned i = 0; i < n_frames; i++)
    g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
  enum reader_status status = reader_next(r, &f, &error);
  if (code < 0) {
    g_assert_cmpint(status, ==, READER_END);
  } else {
    g_assert_cmpint(status, ==, READER_FAILED);
    g_assert_error(error, SOURCE_ERROR, code);
    g_assert_cmpint(reader_next(r, &f, NULL), ==, READER_END);
  }
  g_assert_cmpuint(reader_n_bad_records(r), ==, n_bad);
  reader_free(r);
}

#define SECTION "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000"
#define INTERFACE "01000000 14000000 0100 0000 00000000 14000000"
#define PACKET "06000000 24000000 00000000 00000000 01000000 03000000 03000000 61626300 24000000"

static void
test_hostile_lengths_end_or_are_passed_over(void)
{
  /* pcap: a record of 4 GiB, and one just above the limit */
  expect_damage("d4c3b2a1 0200 0400 0000000000000000 ffff0000 01000000"
                "01000000 02000000 ffffffff ffffffff 6162",
                0, 0, SOURCE_ERROR_DAMAGED);
  expect_damage("d4c3b2a1 0200 0400 0000000000000000 ffff0000 01000000"
                "01000000 02000000 01000400 01000400 6162",
                0, 0, SOURCE_ERROR_DAMAGED);
  /* pcapng: a block shorter than its own frame; one longer than the file */
  expect_damage(SECTION INTERFACE PACKET "06000000 08000000 00000000", 1, 0, SOURCE_ERROR_DAMAGED);
  expect_damage(SECTION INTERFACE PACKET "77000000 fcffffff 00000000", 1, 0, SOURCE_ERROR_CUT);
  /* captured octets beyond the block, an interface that is not there: passed over, the rest is read
   */
  expect_damage(SECTION INTERFACE
                "06000000 24000000 00000000 00000000 01000000 ff000000 ff000000 61626300 24000000"
                "06000000 24000000 09000000 00000000 01000000 03000000 03000000 61626300 24000000"
                "06000000 10000000 00000000 10000000" PACKET,
                1, 3, -1);
  /* an option longer than its block */
  expect_damage(SECTION "01000000 1c000000 0100 0000 00000000 0200 ffff 61626364 1c000000" PACKET,
                1, 0, -1);
  /* a section of version 2, and one without a byte order */
  expect_damage(SECTION INTERFACE PACKET
                "0a0d0d0a 1c000000 4d3c2b1a 0200 0000 ffffffffffffffff 1c000000",
                1, 0, SOURCE_ERROR_DAMAGED);
  expect_damage(SECTION INTERFACE PACKET
                "0a0d0d0a 1c000000 00000000 0100 0000 ffffffffffffffff 1c000000",
                1, 0, SOURCE_ERROR_DAMAGED);
}

static void
test_what_is_no_capture_says_so(void)
{
  static const struct {
    const char *hex;
    int code;
  } cases[] = {{"", SOURCE_ERROR_EMPTY},
               {"68656c6c6f20776f726c6421", SOURCE_ERROR_FORMAT},
               {"d4c3b2a1 0200", SOURCE_ERROR_CUT},
               {"d4c3b2a1 0300 0400 0000000000000000 ffff0000 01000000", SOURCE_ERROR_FORMAT}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
    for (int lang = LANG_EN; lang <= LANG_TH; lang++) {
      lang_set(lang);
      g_autoptr(GByteArray) octets = packets_hex(cases[i].hex);
      g_autoptr(GError) error = NULL;
      g_assert_null(open_octets(octets, &error));
      g_assert_error(error, SOURCE_ERROR, cases[i].code);
      g_assert_true(g_utf8_validate(error->message, -1, NULL));
    }
  lang_set(LANG_EN);
  g_autoptr(GError) error = NULL;
  g_assert_null(reader_new("/nowhere/at/all", &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error(&error);
  g_assert_null(reader_new(folder, &error));
  g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR);
}

static void
test_stamps_of_every_resolution(void)
{
  static const struct {
    uint8_t resolution;
    int64_t offset_s;
    uint64_t stamp;
    int64_t time_ns;
  } cases[] = {{0, 0, 7, INT64_C(7000000000)},
               {3, 0, 1500, INT64_C(1500000000)},
               {6, 10, 1, INT64_C(10000001000)},
               {9, -1, 5, -INT64_C(999999995)},
               {12, 0, 1999, 1},
               {28, 0, UINT64_MAX, 1},
               {60, 0, UINT64_MAX, 0},
               {0x80, 0, 2, INT64_C(2000000000)},
               {0x81, 0, 3, INT64_C(1500000000)},
               {0x80 | 63, 0, UINT64_C(1) << 62, INT64_C(500000000)},
               {0x80 | 127, 0, UINT64_MAX, 0},
               {0, 0, UINT64_MAX, INT64_MAX},
               {6, INT64_MAX, 5, INT64_MAX},
               {6, INT64_MIN, 0, INT64_MIN}};
  for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct pcapng_clock clock = pcapng_clock(cases[i].resolution, cases[i].offset_s);
    g_assert_cmpint(pcapng_time_ns(&clock, cases[i].stamp), ==, cases[i].time_ns);
  }
}

static void
test_records_across_chunks(void)
{
  /* Records of many sizes, so that their ends fall everywhere around the chunk's end. */
  g_autoptr(GByteArray) octets =
      packets_hex("d4c3b2a1 0200 0400 0000000000000000 00000400 01000000");
  unsigned n_frames = 300;
  for (unsigned i = 0; i < n_frames; i++) {
    uint8_t header[16] = {0};
    uint32_t n = i * 37 % 9001 + (i == 150 ? READER_FRAME_MAX - 9001 : 0);
    put_le32(header, i);
    put_le32(header + 8, n);
    put_le32(header + 12, n);
    g_byte_array_append(octets, header, sizeof header);
    guint at = octets->len;
    g_byte_array_set_size(octets, at + n);
    memset(octets->data + at, (int)(i & 0xff), n);
  }
  g_autoptr(GError) error = NULL;
  struct reader *r = open_octets(octets, &error);
  struct reader_frame f;
  for (unsigned i = 0; i < n_frames; i++) {
    g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
    g_assert_cmpint(f.time_ns, ==, (int64_t)i * 1000000000);
    for (uint32_t k = 0; k < f.captured_octets; k++)
      g_assert_cmpuint(f.octets[k], ==, i & 0xff);
  }
  expect_end(r);
}

static void
test_a_changed_file_is_not_read_again(void)
{
  g_autoptr(GByteArray) octets = packets_hex(pcaps[0].octets);
  g_autofree char *path = write_file("changing", octets->data, octets->len);
  g_autoptr(GError) error = NULL;
  struct reader *r = reader_new(path, &error);
  struct reader_frame f;
  uint8_t again[16];
  g_assert_cmpint(reader_next(r, &f, &error), ==, READER_FRAME);
  g_assert_true(reader_octets(r, f.position, again, f.captured_octets));
  g_assert_cmpint(truncate(path, 41), ==, 0);
  g_assert_false(reader_octets(r, f.position, again, f.captured_octets));
  reader_free(r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("enveloscope-reader-XXXXXX", NULL);
  g_test_add_func("/pcap-variants", test_pcap_variants);
  g_test_add_func("/pcapng-sections-and-interfaces", test_pcapng_sections_and_interfaces);
  g_test_add_func("/gzip-reads-the-same", test_gzip_reads_the_same);
  g_test_add_func("/gzip-cut-short-says-so", test_gzip_cut_short_says_so);
  g_test_add_func("/pipe-reads-the-same", test_pipe_reads_the_same);
  g_test_add_func("/pcap-cut-at-every-octet", test_pcap_cut_at_every_octet);
  g_test_add_func("/pcapng-cut-at-every-octet", test_pcapng_cut_at_every_octet);
  g_test_add_func("/hostile-lengths-end-or-are-passed-over",
                  test_hostile_lengths_end_or_are_passed_over);
  g_test_add_func("/what-is-no-capture-says-so", test_what_is_no_capture_says_so);
  g_test_add_func("/stamps-of-every-resolution", test_stamps_of_every_resolution);
  g_test_add_func("/records-across-chunks", test_records_across_chunks);
  g_test_add_func("/a-changed-file-is-not-read-again", test_a_changed_file_is_not_read_again);
  int result = g_test_run();
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *name; (name = g_dir_read_name(dir));) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_unlink(path);
  }
  g_rmdir(folder);
  g_free(folder);
  return result;
}
