/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-filter.c -- any text as a display filter: it compiles or says where it is wrong, and a
 * compiled one gives the same answer for the same frame each time. */
#include <glib.h>
#include <string.h>

#include "capture/filter/filter.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"and", TEXT_SEED("tcp.port == 25 and not (smtp.req or icmp)")},
    {"in", TEXT_SEED("tcp.dstport in {20..30, 100, 143} || ip.addr == 10.0.0.0/8")},
    {"slice", TEXT_SEED("eth.src[0:3] == 00:1f:33 && ip.src[0] == 0a && ip.dst[2-3] != 01:04")},
    {"words",
     TEXT_SEED("lower(smtp.req.parameter) contains \"from:\" xor count(tcp.option_kind) > 2")},
    {"matches", TEXT_SEED("frame matches \"(?i)ehlo .*\\\\x0d\" or len(smtp.req.command) == 4")},
    {"ipv6", TEXT_SEED("ipv6.addr == fe80::1 or tcp.flags & 0x12 or frame.time_delta >= 1.5e-3")},
    {"wrong", TEXT_SEED("tcp.prot == == {\"")},
    {NULL, NULL, 0}};

/* One frame with something of everything: IPv4, TCP, a line of SMTP with a secret. */
static struct decode *
make_decode(void)
{
  static const char frame[] = "\x45\0\0\x3d\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
                              "\3\xe8\0\x19\0\0\0\1\0\0\0\1\x50\x18\x10\0\0\0\0\0"
                              "AUTH PLAIN AGEAYg==\r\n";
  struct trace *t = trace_new();
  trace_add_interface(t, "fuzz", LINK_RAW);
  trace_append(t, 0, 0, (const uint8_t *)frame, sizeof frame - 1, sizeof frame - 1);
  trace_finish(t);
  struct decode *d = decode_new(t);
  decode_frame(d, 0);
  return d;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static struct decode *d;
  if (!d)
    d = make_decode();
  g_autofree char *text = g_strndup((const char *)p, n);
  if (!g_utf8_validate(text, -1, NULL))
    return 0; /* the window and the command line give UTF-8 only */
  struct filter_error error = {0};
  struct filter *f = filter_compile(text, &error);
  if (!f) {
    g_assert_nonnull(error.message);
    g_assert_true(g_utf8_validate(error.message, -1, NULL));
    g_assert_cmpuint(error.at, <=, strlen(text));
    g_assert_cmpuint(error.n_octets, <=, strlen(text) - error.at);
    filter_error_clear(&error);
    return 0;
  }
  bool first = filter_match(f, d);
  g_assert_true(filter_match(f, d) == first);
  filter_free(f);
  return 0;
}
