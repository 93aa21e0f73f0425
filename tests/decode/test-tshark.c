/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tshark.c -- an independent judge: tshark reads the same captures, key by key and filter by
 * filter.
 *
 * Where tshark is wrong a row of the table of exceptions says so and why; a row that is not needed
 * fails. */
#include <string.h>

#include "capture/filter/filter.h"
#include "tests/decode/check.h"
#include "tests/trace/packets.h"

static const char *const keys[] = {"frame.number",
                                   "frame.time_epoch",
                                   "frame.time_relative",
                                   "frame.time_delta",
                                   "frame.len",
                                   "frame.cap_len",
                                   "eth.src",
                                   "eth.dst",
                                   "eth.type",
                                   "vlan.id",
                                   "null.family",
                                   "arp.opcode",
                                   "arp.src.proto_ipv4",
                                   "ip.version",
                                   "ip.hdr_len",
                                   "ip.dsfield",
                                   "ip.dsfield.dscp",
                                   "ip.dsfield.ecn",
                                   "ip.len",
                                   "ip.id",
                                   "ip.flags",
                                   "ip.flags.df",
                                   "ip.flags.mf",
                                   "ip.frag_offset",
                                   "ip.ttl",
                                   "ip.proto",
                                   "ip.checksum",
                                   "ip.src",
                                   "ip.dst",
                                   "ip.addr",
                                   "ipv6.src",
                                   "ipv6.dst",
                                   "ipv6.nxt",
                                   "ipv6.plen",
                                   "ipv6.tclass",
                                   "ipv6.flow",
                                   "icmp.type",
                                   "icmp.code",
                                   "icmp.checksum",
                                   "icmp.mtu",
                                   "udp.srcport",
                                   "udp.dstport",
                                   "udp.length",
                                   "udp.stream",
                                   "udp.checksum",
                                   "tcp.stream",
                                   "tcp.srcport",
                                   "tcp.dstport",
                                   "tcp.port",
                                   "tcp.len",
                                   "tcp.seq",
                                   "tcp.seq_raw",
                                   "tcp.nxtseq",
                                   "tcp.ack",
                                   "tcp.ack_raw",
                                   "tcp.hdr_len",
                                   "tcp.flags",
                                   "tcp.flags.syn",
                                   "tcp.flags.ack",
                                   "tcp.flags.push",
                                   "tcp.flags.fin",
                                   "tcp.flags.reset",
                                   "tcp.flags.str",
                                   "tcp.window_size_value",
                                   "tcp.window_size",
                                   "tcp.window_size_scalefactor",
                                   "tcp.checksum",
                                   "tcp.urgent_pointer",
                                   "tcp.option_kind",
                                   "tcp.option_len",
                                   "tcp.options",
                                   "tcp.options.mss_val",
                                   "tcp.options.wscale.shift",
                                   "tcp.options.wscale.multiplier",
                                   "tcp.options.sack_le",
                                   "tcp.options.sack_re",
                                   "tcp.options.timestamp.tsval",
                                   "tcp.options.timestamp.tsecr",
                                   "tcp.analysis.flags",
                                   "dns.id",
                                   "dns.flags",
                                   "dns.flags.response",
                                   "dns.flags.rcode",
                                   "dns.count.queries",
                                   "dns.count.answers",
                                   "dns.qry.name",
                                   "dns.qry.type",
                                   "dns.qry.class",
                                   "dns.resp.name",
                                   "dns.resp.type",
                                   "dns.resp.ttl",
                                   "dns.resp.len",
                                   "dns.a",
                                   "dns.cname",
                                   "dns.ns",
                                   "dns.time",
                                   "dns.response_to",
                                   "smtp.rsp",
                                   "smtp.req.command",
                                   "smtp.response.code",
                                   "smtp.rsp.parameter",
                                   "pop.request.command",
                                   "pop.request.parameter",
                                   "pop.response.indicator",
                                   "imap.isrequest",
                                   "imap.request_tag",
                                   "imap.request.command",
                                   "imap.request.username",
                                   "imap.response.status",
                                   "imap.response.command",
                                   "tls.record.content_type",
                                   "tls.record.version",
                                   "tls.record.length",
                                   "tls.handshake.type",
                                   "tls.handshake.ciphersuite",
                                   "tls.handshake.extensions_server_name"};

struct exception {
  const char *file; /* its beginning */
  unsigned frame;   /* 0: any */
  const char *key;
  const char *reason;
};

static const struct exception exceptions[] = {
#define QUOTED "the segment is only quoted by ICMP and belongs to no stream at this place"
    {"zeek__smtp.pcap", 26, "tcp.stream", QUOTED},
    {"zeek__smtp.pcap", 28, "tcp.stream", QUOTED},
    {"zeek__smtp.pcap", 29, "tcp.stream", QUOTED},
    {"zeek__smtp.pcap", 30, "tcp.stream", QUOTED},
    {"zeek__smtp.pcap", 26, "tcp.window_size_scalefactor", QUOTED},
    {"zeek__smtp.pcap", 28, "tcp.window_size_scalefactor", QUOTED},
    {"zeek__smtp.pcap", 29, "tcp.window_size_scalefactor", QUOTED},
    {"zeek__smtp.pcap", 30, "tcp.window_size_scalefactor", QUOTED},
#define BDAT "BDAT chunks and the commands pipelined behind them are taken for one message text"
    {"suricata-verify__smtp-bdat-pipelined-next-mail.pcap", 13, "smtp.req.command", BDAT},
    {"suricata-verify__smtp-bdat-pipelined-next-mail.pcap", 15, "smtp.req.command", BDAT},
    {"suricata-verify__smtp-bdat-pipelined-next-mail.pcap", 19, "smtp.req.command", BDAT},
#define BASE64 "a base64 line of an AUTH exchange is taken for a command"
    {"suricata-verify__smtp-bug-5989.pcap", 9, "smtp.req.command", BASE64},
    {"suricata-verify__smtp-bug-5989.pcap", 11, "smtp.req.command", BASE64},
    {"suricata-verify__pop3-auth-01.pcap", 12, "pop.request.command", BASE64},
    {"zeek__pop3_pop3.pcap", 37, "pop.request.command", BASE64},
    {"zeek__pop3_pop3.pcap", 66, "pop.request.command", BASE64},
    {"zeek__pop3_pop3.pcap", 85, "pop.request.command", BASE64},
    {"suricata-verify__smtp-pipelining.pcap", 11, "smtp.req.command",
     "MAIL, RCPT and DATA pipelined with the text are all taken for message text"},
    {"zeek__tls_smtp-starttls.pcap", 10, "smtp.req.command",
     "the verb STARTTLS is cut to four letters"},
};

static char *
run_tshark(const char *const *argv)
{
  g_autofree char *found = g_find_program_in_path("tshark");
  return found ? packets_run(argv) : NULL;
}

/* The same output as tshark -T fields, secrets included. */
static char *
our_fields(struct decode *d, const char *key)
{
  GString *out = g_string_new(NULL);
  for (const struct field *f = decode_find(d, key, 0); f;
       f = decode_find(d, key, (unsigned)(f - decode_field(d, 0)) + 1))
    g_string_append_printf(out, "%s%s", out->len ? "," : "", decode_value(d, f));
  return g_string_free(out, FALSE);
}

static bool needed[G_N_ELEMENTS(exceptions)];

static bool
is_excepted(const char *file, uint32_t frame, const char *key)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(exceptions); i++)
    if (strcmp(exceptions[i].file, file) == 0 && exceptions[i].frame == frame + 1 &&
        strcmp(exceptions[i].key, key) == 0) {
      needed[i] = true;
      return true;
    }
  return false;
}

/* Returns the number of values that differ without an exception. */
static unsigned
compare_capture(const char *path, const char *file)
{
  g_autoptr(GPtrArray) argv = g_ptr_array_new();
  const char *const head[] = {"tshark", "-r", path, "-T", "fields"};
  for (unsigned i = 0; i < G_N_ELEMENTS(head); i++)
    g_ptr_array_add(argv, (gpointer)(uintptr_t)head[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_ptr_array_add(argv, (gpointer)(uintptr_t) "-e");
    g_ptr_array_add(argv, (gpointer)(uintptr_t)keys[i]);
  }
  g_ptr_array_add(argv, NULL);
  g_autofree char *output = run_tshark((const char *const *)argv->pdata);
  g_assert_nonnull(output);
  g_auto(GStrv) rows = g_strsplit(output, "\n", -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, path, NULL, &error));
  g_assert_cmpuint(g_strv_length(rows), ==, trace_n_frames(t) + 1);
  struct decode *d = decode_new(t);
  decode_set_reveal(d, true);
  unsigned n_different = 0;
  for (uint32_t i = 0; i < trace_n_frames(t); i++) {
    decode_frame(d, i);
    g_auto(GStrv) cells = g_strsplit(rows[i], "\t", -1);
    g_assert_cmpuint(g_strv_length(cells), ==, G_N_ELEMENTS(keys));
    for (unsigned k = 0; k < G_N_ELEMENTS(keys); k++) {
      g_autofree char *ours = our_fields(d, keys[k]);
      if (strcmp(ours, cells[k]) == 0 || is_excepted(file, i, keys[k]))
        continue;
      g_test_message("%s frame %u: %s is “%s”, tshark says “%s”", file, i + 1, keys[k], ours,
                     cells[k]);
      n_different++;
    }
  }
  decode_free(d);
  return n_different;
}

/* Calls `each` for every capture of the corpus of real sessions; false when there is none, or no
 * judge. */
static bool
for_each_capture(void (*each)(const char *path, const char *file))
{
  const char *corpus = g_getenv("ENVELOSCOPE_CORPUS");
  g_autofree char *tshark = g_find_program_in_path("tshark");
  if (!corpus || !tshark) {
    g_test_skip(corpus ? "tshark is not installed" : "ENVELOSCOPE_CORPUS is not set");
    return false;
  }
  g_autofree char *folder = g_build_filename(corpus, "real", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  g_assert_nonnull(dir);
  for (const char *file; (file = g_dir_read_name(dir)) != NULL;) {
    g_autofree char *path = g_build_filename(folder, file, NULL);
    if (g_str_has_suffix(file, ".pcap") || g_str_has_suffix(file, ".pcapng"))
      each(path, file);
  }
  return true;
}

static unsigned n_different;

static void
compare_one(const char *path, const char *file)
{
  n_different += compare_capture(path, file);
}

static void
test_fields_agree(void)
{
  if (!for_each_capture(compare_one))
    return;
  g_assert_cmpuint(n_different, ==, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS(exceptions); i++)
    if (!needed[i])
      g_error("the exception %s frame %u %s (%s) is not needed", exceptions[i].file,
              exceptions[i].frame, exceptions[i].key, exceptions[i].reason);
}

static const char *const filters[] = {
    "tcp",
    "udp or icmp",
    "not tcp",
    "ip.addr == 10.10.1.4",
    "ip.addr == 10.0.0.0/8",
    "ip.src != 10.10.1.4",
    "!(ip.addr == 10.10.1.4)",
    "tcp.port == 25",
    "tcp.port != 25",
    "tcp.srcport >= 1024 and tcp.dstport < 1024",
    "tcp.port in {25, 110, 143}",
    "tcp.dstport in {20..30, 100..200}",
    "tcp.flags.syn == 1",
    "tcp.flags.syn == 1 && tcp.flags.ack == 0",
    "tcp.flags & 0x02",
    "tcp.flags == 0x018",
    "tcp.len > 0",
    "tcp.len > 1000 or tcp.window_size < 6000",
    "tcp.seq == 1",
    "tcp.stream eq 0 and not icmp",
    "tcp.stream gt 0 and tcp.len le 20",
    "tcp.options.mss_val == 1460",
    "tcp.options.timestamp.tsval",
    "tcp.analysis.retransmission",
    "tcp.analysis.flags and not tcp.analysis.window_update",
    "ip.ttl < 64",
    "ip.flags.df == 1 and ip.id == 0",
    "eth.src[0:3] == 00:1f:33",
    "eth.addr contains e0:1c",
    "ip.src[0] == 0a",
    "ip.dst[2-3] == 01:04",
    "frame.len in {60..70}",
    "frame.number < 5 or frame.number > 100",
    "frame.time_relative > 1.5",
    "frame.time_delta >= 0.1",
    "frame contains \"Subject\"",
    "frame contains 0d:0a:0d:0a",
    "tcp contains \"OK\"",
    "tcp.payload contains \"MAIL\"",
    "frame matches \"subject: .*smtp\"",
    "smtp.req.command == \"EHLO\"",
    "smtp.req.command == RCPT or smtp.req.command == QUIT",
    "smtp.response.code == 250",
    "smtp.response.code in {200..299} and smtp.rsp.parameter contains \"PIPELINING\"",
    "smtp.response.code >= 400",
    "smtp.rsp.parameter matches \"^(ok|accepted)\"",
    "lower(smtp.req.parameter) contains \"from:\"",
    "upper(smtp.rsp.parameter) == \"HELP\"",
    "count(smtp.rsp.parameter) > 3",
    "len(smtp.req.parameter) > 20",
    "pop.response.indicator == \"+OK\"",
    "pop.request.command in {\"USER\", \"PASS\", \"STAT\", \"LIST\"}",
    "pop.request.parameter == \"1\"",
    "imap.request.command == \"LOGIN\"",
    "imap.response.status == \"OK\" and not imap.response.command == \"LOGIN\"",
    "imap.isrequest == 1",
    "imap.request_tag matches \"^[a-z][0-9]+$\"",
    "dns.qry.name contains \"patriots\"",
    "dns.flags.response == 1 and dns.resp.type == 1",
    "dns.a == 74.53.140.0/24",
    "tls.handshake.type == 1",
    "tls.record.content_type == 22 and tls.record.version == 0x0301",
    "icmp.type == 3 && icmp.code == 4",
    "(smtp || pop || imap) and not icmp and not tcp.analysis.flags",
    "(smtp.req or pop.request) and not tcp.port == 587",
};

/* The capture on which a filter is worth being tried: starting tshark takes time. */
static const char *
filter_capture(const char *filter)
{
  return strstr(filter, "pop.")    ? "suricata-verify__pop3-02-bug-7709.pcap"
         : strstr(filter, "imap.") ? "nDPI__imap.pcap"
                                   : "zeek__smtp.pcap";
}

static void
compare_filter(struct decode *d, const char *path, const char *text)
{
  struct filter_error error;
  struct filter *f = filter_compile(text, &error);
  if (!f)
    g_error("%s: %s", text, error.message);
  const char *const argv[] = {"tshark", "-r",     path, "-Y",           text,
                              "-T",     "fields", "-e", "frame.number", NULL};
  g_autofree char *theirs = run_tshark(argv);
  g_assert_nonnull(theirs);
  g_autoptr(GString) ours = g_string_new(NULL);
  for (uint32_t k = 0; k < trace_n_frames(d->trace); k++)
    if (filter_match_frame(f, d, k))
      g_string_append_printf(ours, "%u\n", k + 1);
  if (strcmp(theirs, ours->str) != 0) {
    g_strdelimit(theirs, "\n", ' ');
    g_strdelimit(ours->str, "\n", ' ');
    g_test_message("%s: %s selects %s; tshark %s", path, text, ours->str, theirs);
    n_different++;
  }
  filter_free(f);
}

static void
filter_some(const char *path, const char *file)
{
  g_autoptr(trace_owned) t = trace_new();
  g_assert_true(trace_load_file(t, path, NULL, NULL));
  struct decode *d = decode_new(t);
  for (unsigned i = 0; i < G_N_ELEMENTS(filters); i++)
    if (strcmp(filter_capture(filters[i]), file) == 0)
      compare_filter(d, path, filters[i]);
  decode_free(d);
}

static void
test_filters_select_the_same(void)
{
  n_different = 0;
  if (for_each_capture(filter_some))
    g_assert_cmpuint(n_different, ==, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/decode/tshark/fields-agree-on-real-sessions", test_fields_agree);
  g_test_add_func("/decode/tshark/filters-select-the-same-frames", test_filters_select_the_same);
  return g_test_run();
}
