/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz-filter.c -- any text as a display filter: it compiles or says where it is wrong, and a
 * compiled one gives the same answer for the same frame each time, by the index or decoded. */
#include <glib.h>
#include <string.h>

#include "capture/filter/scan.h"
#include "tests/fuzz/fuzz.h"

const struct fuzz_seed fuzz_seeds[] = {
    {"and", TEXT_SEED("tcp.port == 25 and not (smtp.req or icmp)")},
    {"in", TEXT_SEED("tcp.dstport in {20..30, 100, 143} || ip.addr == 10.0.0.0/8")},
    {"slice", TEXT_SEED("eth.src[0:3] == 00:1f:33 && ip.src[0] == 0a && ip.dst[2-3] != 01:04")},
    {"words",
     TEXT_SEED("lower(smtp.req.parameter) contains \"from:\" xor count(tcp.option_kind) > 2")},
    {"matches", TEXT_SEED("frame matches \"(?i)ehlo .*\\\\x0d\" or len(smtp.req.command) == 4")},
    {"ipv6", TEXT_SEED("ipv6.addr == fe80::1 or tcp.flags & 0x12 or frame.time_delta >= 1.5e-3")},
    {"expressions",
     TEXT_SEED("all tcp.len - {1 + ip.ttl * 2} % 3 != 4 && {tcp.flags & 0x3f} in {1, 2..5}")},
    {"functions",
     TEXT_SEED("max(tcp.srcport, udp.srcport, 25) > abs(-3) or string(ip.src) ~ r\"^1\"")},
    {"layers", TEXT_SEED("ip.addr#[1-2] == ${ip.src} or ip.src#1[0:2][1] not in {0a, 00}")},
    {"times", TEXT_SEED("frame.time > \"2026-01-01 00:00:00Z\" or -frame.time_delta < -0.5")},
    {"octets",
     TEXT_SEED("tcp.payload contains \"AUTH\" and not frame contains 0d:0a or frame ~ \"a.c\"")},
    {"wrong", TEXT_SEED("tcp.prot == == {\"")},
    {NULL, NULL, 0}};

/* IPv4 with a line of SMTP that holds a secret; a question of DNS; an ICMP message; a fragment. */
static const struct {
  const char *octets;
  size_t n;
} frames[] = {
#define FRAME(text)                                                                                \
  {                                                                                                \
    text, sizeof(text) - 1                                                                         \
  }
    FRAME("\x45\0\0\x3d\0\1\0\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2"
          "\3\xe8\0\x19\0\0\0\1\0\0\0\1\x50\x18\x10\0\0\0\0\0"
          "AUTH PLAIN AGEAYg==\r\n"),
    FRAME("\x45\0\0\x2d\0\2\0\0\x40\x11\0\0\x0a\0\0\1\x0a\0\0\2"
          "\4\0\0\x35\0\x19\0\0\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0\1\0\1"),
    FRAME("\x45\0\0\x1c\0\3\0\0\x40\1\0\0\x0a\0\0\1\x0a\0\0\2\x08\0\xf7\xfe\0\1\0\0"),
    FRAME("\x45\0\0\x1c\0\4\x20\0\x40\6\0\0\x0a\0\0\1\x0a\0\0\2\3\xe8\0\x19\0\0\0\1"),
};

static struct trace *
make_trace(void)
{
  struct trace *t = trace_new();
  trace_add_interface(t, "fuzz", LINK_RAW);
  for (unsigned i = 0; i < G_N_ELEMENTS(frames); i++)
    trace_append(t, 0, i * INT64_C(1500000000), (const uint8_t *)frames[i].octets,
                 (uint32_t)frames[i].n, (uint32_t)frames[i].n);
  trace_finish(t);
  return t;
}

/* What stands at the cursor lies in the text. */
static void
complete(const char *text)
{
  size_t n = strlen(text);
  struct filter_completion *c = filter_completion_new(text, n / 2, 20);
  g_assert_cmpuint(c->first + c->n_octets, ==, n / 2);
  filter_completion_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
  static struct trace *t;
  static struct decode *d;
  if (!t) {
    t = make_trace();
    d = decode_new(t);
  }
  g_autofree char *text = g_strndup((const char *)p, n);
  if (!g_utf8_validate(text, -1, NULL))
    return 0; /* the window and the command line give UTF-8 only */
  complete(text);
  struct filter_error error = {0};
  struct filter *f = filter_compile(text, &error);
  if (!f) {
    g_assert_nonnull(error.message);
    g_assert_true(g_utf8_validate(error.message, -1, NULL));
    g_assert_cmpuint(error.at, <=, strlen(text));
    g_assert_cmpuint(error.n_octets, <=, strlen(text) - error.at);
    g_assert_cmpuint(error.column, >=, 1);
    g_assert_cmpuint(error.column, <=, g_utf8_strlen(text, -1) + 1);
    g_free(filter_error_show(text, &error));
    filter_error_clear(&error);
    return 0;
  }
  struct filter_scan *scan = filter_scan_new(f, t);
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    bool decoded = filter_match_frame(f, d, i);
    g_assert_true(filter_match(f, d) == decoded);
    g_assert_true(filter_scan_frame(scan, d, i) == decoded);
  }
  filter_scan_free(scan);
  filter_free(f);
  return 0;
}
