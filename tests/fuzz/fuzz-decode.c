/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-decode.c -- pass 2 over arbitrary frames: the invariants of decode.h hold for each of them.
 *
 *     first octet: which link type; then frames: octets (2, big endian), that many octets
 *     bit 15 of the number: the frame was longer on the wire than in the capture
 *
 * All frames go through pass 1 first, so that streams and fragments of them are put together. */
#include <glib.h>

#include "capture/wire/bytes.h"
#include "tests/decode/check.h"
#include "tests/fuzz/fuzz.h"

enum { FRAMES_MAX = 64 };

#define IP4(n, proto) "\x45\0\0" n "\0\1\0\0\x40" proto "\0\0\x0a\0\0\1\x0a\0\0\2"
#define UDP_DNS "\x10\0\0\x35\0\x23\0\0\0\7\1\0\0\1\0\0\0\0\0\0\2mx\3bob\4test\0\0\1\0\1"
#define TCP(n, flags) "\3\xe8\0\x19\0\0\0" n "\0\0\0\1\x50" flags "\x10\0\0\0\0\0"

const struct fuzz_seed fuzz_seeds[] = {
    {"dns-raw", TEXT_SEED("\1\0\x37" IP4("\x37", "\x11") UDP_DNS)},
    {"smtp-raw",
     TEXT_SEED("\1\0\x28" IP4("\x28", "\6") TCP("\0", "\2") "\0\x32" IP4("\x32", "\6") TCP(
         "\1", "\x18") "EHLO pc\r\n\0"
                       "\0\x3d" IP4("\x3d", "\6") TCP("\x0b", "\x18") "AUTH PLAIN AGEAYg==\r\n")},
    {"tls-raw", TEXT_SEED("\1\0\x28" IP4("\x28", "\6") TCP("\0", "\2") "\0\x36" IP4("\x36", "\6")
                              TCP("\1", "\x18") "\x16\3\1\0\x09\1\0\0\5\3\3\0\0\0")},
    {"icmp-raw", TEXT_SEED("\1\0\x38" IP4("\x38", "\1") "\3\1\0\0\0\0\0\0" IP4(
                     "\x20", "\6") "\3\xe8\0\x19\0\0\0\1")},
    {"arp-ether", TEXT_SEED("\0\0\x2a\xff\xff\xff\xff\xff\xff\2\0\0\0\0\1\x08\6"
                            "\0\1\x08\0\6\4\0\1\2\0\0\0\0\1\x0a\0\0\1\0\0\0\0\0\0\x0a\0\0\2")},
    {"vlan-ipv6", TEXT_SEED("\0\0\x42\2\0\0\0\0\2\2\0\0\0\0\1\x81\0\0\5\x86\xdd"
                            "\x60\0\0\0\0\x0c\x3a\x40"
                            "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
                            "\xff\2\0\0\0\0\0\0\0\0\0\0\0\0\0\2"
                            "\x85\0\0\0\0\0\0\0\1\1\0\0")},
    {NULL, NULL, 0}};

static const enum link_type links[] = {LINK_ETHERNET,  LINK_RAW,        LINK_NULL,
                                       LINK_LINUX_SLL, LINK_LINUX_SLL2, LINK_PPP};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  if (n == 0)
    return 0;
  struct trace *t = trace_new();
  trace_add_interface(t, "fuzz", links[p[0] % G_N_ELEMENTS(links)]);
  int64_t time_ns = 0;
  for (size_t at = 1; at + 2 <= n && trace_n_frames(t) < FRAMES_MAX;) {
    uint32_t word = get_be16(p + at), octets = word & 0x7fff;
    at += 2;
    if (octets > n - at)
      octets = (uint32_t)(n - at);
    g_autofree uint8_t *copy = g_memdup2(p + at, octets); /* a look beyond the end is seen */
    trace_append(t, 0, time_ns, copy, octets, octets + (word & 0x8000 ? 100 : 0));
    time_ns += 1000000;
    at += octets;
  }
  trace_finish(t);
  struct decode *d = decode_new(t);
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    g_assert_true(decode_frame(d, i));
    check_decode(d);
  }
  decode_free(d);
  trace_free(t);
  return 0;
}
