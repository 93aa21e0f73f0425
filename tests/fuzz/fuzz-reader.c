/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-reader.c -- any octets as a capture file: every frame that comes out lies in the file, and
 * reading it again by its position gives the same octets. */
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/source/reader.h"
#include "tests/fuzz/fuzz.h"

#define PCAP_LE "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\1\0\0\0"
#define PCAP_BE_NANO "\xa1\xb2\x3c\x4d\0\2\0\4\0\0\0\0\0\0\0\0\0\4\0\0\0\0\0\x65"
#define RECORD_LE "\1\0\0\0\2\0\0\0\4\0\0\0\6\0\0\0abcd"
#define RECORD_BE "\0\0\0\1\0\0\0\2\0\0\0\4\0\0\0\6abcd"
#define SECTION_LE                                                                                 \
  "\x0a\x0d\x0d\x0a\x1c\0\0\0\x4d\x3c\x2b\x1a\1\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\x1c\0\0\0"
#define SECTION_BE                                                                                 \
  "\x0a\x0d\x0d\x0a\0\0\0\x1c\x1a\x2b\x3c\x4d\0\1\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\x1c"
#define INTERFACE_LE                                                                               \
  "\1\0\0\0\x28\0\0\0\1\0\0\0\0\0\4\0\2\0\3\0lan\0\x09\0\1\0\x09\0\0\0\0\0\0\0\x28\0\0\0"
#define INTERFACE_BE "\0\0\0\1\0\0\0\x14\0\1\0\0\0\4\0\0\0\0\0\x14"
#define PACKET_LE "\6\0\0\0\x24\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\3\0\0\0abc\0\x24\0\0\0"
#define PACKET_BE "\0\0\0\6\0\0\0\x24\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\3abc\0\0\0\0\x24"
#define SIMPLE_LE "\3\0\0\0\x14\0\0\0\2\0\0\0ab\0\0\x14\0\0\0"
#define OLD_LE "\2\0\0\0\x24\0\0\0\0\0\1\0\1\0\0\0\2\0\0\0\3\0\0\0\3\0\0\0abc\0\x24\0\0\0"
#define NAMES_LE "\4\0\0\0\x20\0\0\0\1\0\6\0\x0a\0\0\1a\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0"
#define COMMENTED_LE                                                                               \
  "\6\0\0\0\x30\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\3\0\0\0abc\0\1\0\2\0hi\0\0\0\0\0\0\x30\0\0"  \
  "\0"
#define STATISTICS_LE                                                                              \
  "\5\0\0\0\x28\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\5\0\x08\0\2\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0"

const struct fuzz_seed fuzz_seeds[] = {
    {"pcap-le", TEXT_SEED(PCAP_LE RECORD_LE RECORD_LE)},
    {"pcap-be-nano", TEXT_SEED(PCAP_BE_NANO RECORD_BE RECORD_BE)},
    {"pcapng", TEXT_SEED(SECTION_LE INTERFACE_LE PACKET_LE SIMPLE_LE NAMES_LE OLD_LE SECTION_BE
                             INTERFACE_BE PACKET_BE)},
    {"notes", TEXT_SEED(SECTION_LE INTERFACE_LE NAMES_LE COMMENTED_LE STATISTICS_LE)},
    {"gzip-magic", TEXT_SEED("\x1f\x8b\x08\0\0\0\0\0\0\3")},
    {NULL, NULL, 0}};

static void
check_text(const char *text)
{
  g_assert_true(!text || g_utf8_validate(text, -1, NULL));
}

/* What stands beside the frames is text that can be shown. */
static void
check_notes(const struct reader *r)
{
  const GArray *names = reader_names(r);
  g_assert_cmpuint(names->len, <=, READER_NAMES_MAX);
  for (guint i = 0; i < names->len; i++)
    check_text(g_array_index(names, struct reader_name, i).name);
  for (uint32_t i = 0; i < reader_n_interfaces(r); i++) {
    check_text(reader_interface(r, i)->description);
    check_text(reader_interface(r, i)->filter);
  }
  check_text(reader_section_comment(r));
  struct reader_drops drops = reader_drops(r);
  g_assert_true(drops.is_known || (drops.n_interface == 0 && drops.n_kernel == 0));
}

/* The same octets as a file that grows: its frames come in order, and none is beyond the limit. */
static void
read_growing(const char *path, size_t n)
{
  struct reader *r = reader_new_growing(path, n / 2, NULL);
  struct reader_frame frame;
  for (int round = 0; r && round < 2; round++) {
    while (reader_next(r, &frame, NULL) == READER_FRAME)
      g_assert_cmpuint(frame.position + frame.captured_octets, <=, round ? n : n / 2);
    reader_follow(r, n);
  }
  reader_free(r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static int fd = -1;
  if (fd < 0)
    fd = memfd_create("fuzz", MFD_CLOEXEC);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, p, n, 0) != (ssize_t)n)
    return 0;
  g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
  g_autoptr(GError) error = NULL;
  struct reader *r = reader_new(path, &error);
  g_assert_true((r == NULL) == (error != NULL));
  if (!r)
    return 0;
  bool is_gzip = n > 1 && p[0] == 0x1f && p[1] == 0x8b;
  struct reader_frame frame;
  enum reader_status status;
  g_autoptr(GByteArray) again = g_byte_array_new();
  while ((status = reader_next(r, &frame, &error)) == READER_FRAME) {
    g_assert_cmpuint(frame.interface, <, reader_n_interfaces(r));
    g_assert_cmpuint(frame.captured_octets, <=, READER_FRAME_MAX);
    g_assert_cmpuint(frame.captured_octets, <=, frame.wire_octets);
    g_assert_true(is_gzip || frame.position + frame.captured_octets <= n);
    g_byte_array_set_size(again, frame.captured_octets);
    g_assert_true(reader_octets(r, frame.position, again->data, again->len));
    g_autofree char *comment = reader_comment(r, &frame);
    check_text(comment);
    g_assert_true(again->len == 0 || memcmp(again->data, frame.octets, again->len) == 0);
  }
  g_assert_true((status == READER_FAILED) == (error != NULL));
  check_notes(r);
  reader_free(r);
  if (!is_gzip)
    read_growing(path, n);
  return 0;
}
