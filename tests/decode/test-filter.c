/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-filter.c -- which frames of a small session a filter selects, and what its errors say. */
#include <string.h>

#include "capture/filter/filter.h"
#include "tests/trace/packets.h"

/* Frames 1 to 3: handshake of 10.0.0.1:1000 with 10.0.0.2:25; then as the texts below. */
static const struct {
  unsigned from;
  const char *text;
} lines[] = {
    {1, "220 mx.bob.test\r\n"},             /* 4 */
    {0, "EHLO Client\r\n"},                 /* 5 */
    {1, "250-mx.bob.test\r\n250 HELP\r\n"}, /* 6 */
    {0, "mail FROM:<a@alice.test>\r\n"},    /* 7 */
    {1, "550 no\r\n"},                      /* 8 */
    {0, "QUIT\r\n"},                        /* 9 */
    {1, "221 bye\r\n"},                     /* 10 */
};

static struct trace *
session(void)
{
  struct packets_feed f = packets_begin(LINK_RAW);
  uint32_t seq[2] = {1000, 5000};
  packets_segment(&f, (struct packets_segment){.from = 0, .seq = 999, .flags = TCP_SYN});
  packets_segment(
      &f,
      (struct packets_segment){
          .from = 1, .seq = 4999, .ack = 1000, .flags = TCP_SYN | TCP_ACK, .after_ns = 250000000});
  packets_segment(&f,
                  (struct packets_segment){.from = 0, .seq = 1000, .ack = 5000, .flags = TCP_ACK});
  for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
    unsigned from = lines[i].from;
    packets_segment(&f, (struct packets_segment){.from = from,
                                                 .seq = seq[from],
                                                 .ack = seq[!from],
                                                 .flags = TCP_ACK | TCP_PSH,
                                                 .text = lines[i].text});
    seq[from] += (uint32_t)strlen(lines[i].text);
  }
  trace_finish(f.trace);
  return f.trace;
}

static const struct {
  const char *filter;
  const char *frames;
} cases[] = {
    {"", "1 2 3 4 5 6 7 8 9 10"},
    {"  ", "1 2 3 4 5 6 7 8 9 10"},
    {"smtp", "4 5 6 7 8 9 10"},
    {"not smtp", "1 2 3"},
    {"!smtp && !(frame.number == 2)", "1 3"},
    {"smtp.req", "5 7 9"},
    {"smtp.req.command == EHLO", "5"},
    {"smtp.req.command == \"MAIL\"", ""},
    {"upper(smtp.req.command) == \"MAIL\"", "7"},
    {"lower(smtp.req.parameter) == \"client\"", "5"},
    {"smtp.req.command eq \"QUIT\" or smtp.response.code == 550", "8 9"},
    {"smtp.req.command == \"QUIT\" or smtp.rsp and smtp.response.code == 550", "8 9"},
    {"(smtp.req.command == \"QUIT\" or smtp.rsp) and smtp.response.code == 550", "8"},
    {"smtp.response.code in {220, 500..599}", "4 8"},
    {"smtp.response.code >= 250 && smtp.response.code lt 0x226", "6"},
    {"smtp.response.code != 220", "6 8 10"},
    {"not smtp.response.code == 220", "1 2 3 5 6 7 8 9 10"},
    {"smtp.rsp.parameter == \"HELP\"", "6"},
    {"smtp.rsp.parameter != \"HELP\"", "4 8 10"},
    {"smtp.rsp.parameter !== \"HELP\"", "4 6 8 10"},
    {"smtp.rsp.parameter === \"bye\"", "10"},
    {"count(smtp.rsp.parameter) == 2", "6"},
    {"len(smtp.req.command) > 3 and len(smtp.req.parameter) == 6", "5"},
    {"tcp.port == 25 and tcp.srcport != 25", "1 3 5 7 9"},
    {"tcp.port != 25", ""},
    {"tcp.srcport == tcp.dstport", ""},
    {"tcp.srcport < tcp.dstport", "2 4 6 8 10"},
    {"tcp.flags & 2", "1 2"},
    {"tcp.flags & 0x12 == 0x12", "2"},
    {"tcp.flags.syn == 1 and tcp.flags.ack == false", "1"},
    {"tcp.flags.syn == True", "1 2"},
    {"ip.addr == 10.0.0.0/8 && ip.src == 10.0.0.2", "2 4 6 8 10"},
    {"ip.src == 10.0.0.0/31", "1 3 5 7 9"},
    {"ip.src in {10.0.0.2..10.0.0.9}", "2 4 6 8 10"},
    {"ip.src[3] == 01", "1 3 5 7 9"},
    {"ip.src[0:3] == 0a:00:00 and smtp", "4 5 6 7 8 9 10"},
    {"ip.src[-1:1] == 02 and smtp.response.code==250", "6"},
    {"smtp.command_line[0:4] == \"EHLO\"", "5"},
    {"smtp.command_line[4-5] == \" C\"", "5"},
    {"smtp.command_line[5:] contains \"ient\"", "5"},
    {"frame contains \"alice\"", "7"},
    {"frame contains 61:6c:69", "7"},
    {"tcp contains \"HELP\"", "6"},
    {"tcp.payload contains \"\\r\\n250 \"", "6"},
    {"smtp.command_line == \"QUIT\\r\\n\"", "9"},
    {"smtp.command_line == \"\\x51\\125IT\\r\\n\"", "9"},
    {"smtp.req.command matches \"^(mail|rcpt)$\"", "7"},
    {"smtp.req.parameter ~ r\"<.*@alice\\.test>\"", "7"},
    {"frame.time_relative == 0", "1"},
    {"frame.time_delta > 0.2 and frame.time_delta <= 0.25", "2"},
    {"frame.number in {1,3..4,10}", "1 3 4 10"},
    {"frame.protocols == \"raw:ip:tcp\"", "1 2 3"},
    {"ip.proto == \"tcp\" and frame.number < 3", "1 2"},
    {"tcp.window_size_scalefactor == -2 and frame.number < 5", "3 4"},
    {"not not smtp.req", "5 7 9"},
    {"dns or arp or ipv6", ""},
};

static void
test_selects(void)
{
  g_autoptr(trace_owned) t = session();
  struct decode *d = decode_new(t);
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct filter_error error;
    struct filter *f = filter_compile(cases[i].filter, &error);
    if (!f)
      g_error("%s: %s", cases[i].filter, error.message);
    g_autoptr(GString) frames = g_string_new(NULL);
    for (uint32_t k = 0; k < trace_n_frames(t); k++)
      if (filter_match_frame(f, d, k))
        g_string_append_printf(frames, "%s%u", frames->len ? " " : "", k + 1);
    if (strcmp(frames->str, cases[i].frames) != 0) {
      g_test_message("%s selects “%s”, not “%s”", cases[i].filter, frames->str, cases[i].frames);
      g_test_fail();
    }
    filter_free(f);
  }
  decode_free(d);
}

static const struct {
  const char *filter;
  unsigned at, n;
  const char *says;
} errors[] = {
    {"tcp.prot == 25", 0, 8, "tcp.port"},
    {"smtp.req.comand", 0, 15, "smtp.req.command"},
    {"completely.different.thing", 0, 26, "fields"},
    {"tcp.port == ", 12, 0, "value"},
    {"tcp.port = 25", 9, 1, "=="},
    {"tcp.port == x25", 12, 3, "tcp.port"},
    {"tcp.port == 99999999999999999999999", 12, 23, "tcp.port"},
    {"ip.src == 10.0.0", 10, 6, "10.0.0.1"},
    {"ip.src == 10.0.0.0/33", 10, 11, "10.0.0.0/8"},
    {"ipv6.src == 10.0.0.1", 12, 8, "2001:db8"},
    {"eth.src == 00:11", 11, 5, "Ethernet"},
    {"(tcp", 4, 0, ")"},
    {"tcp)", 3, 1, "and"},
    {"tcp udp", 4, 3, "and"},
    {"tcp.port contains 25", 9, 8, "=="},
    {"tcp.port in 25", 12, 2, "{"},
    {"tcp.port in {25", 15, 0, "}"},
    {"tcp.port in {25 26}", 16, 2, ","},
    {"smtp.req.command matches \"(\"", 25, 3, "regular"},
    {"smtp.req.command == \"EHLO", 20, 5, "quotation"},
    {"tcp.port[0:1] == 25", 8, 1, "tcp.port"},
    {"ip.src[] == 1", 6, 1, "[first:count]"},
    {"upper(tcp.port) == \"3\"", 6, 8, "text"},
    {"len(tcp.port[0:1]) == 3", 12, 1, "cut"},
    {"len(smtp.req.command[0:1]) == 3", 4, 21, "one key"},
    {"len tcp", 4, 3, "("},
    {"tcp.flags & x", 12, 1, "0x19"},
    {"and tcp", 0, 3, "tcp.port"},
    {"tcp and", 7, 0, "tcp.port"},
    {"tcp.port == ip.src", 12, 6, "compared"},
    {"tcp.analysis.flags == 1", 19, 2, "no value"},
    {"tcp ; udp", 4, 1, "quotes"},
    {"TCP", 0, 3, "“tcp”"},
    {"tcp AND udp", 4, 3, "“and”"},
    {"tcp.port == 65536", 12, 5, "65535"},
    {"ip.ttl in {1, 2..256}", 17, 3, "255"},
    {"25 == tcp.port", 0, 2, "begins with a key"},
    {"1 + tcp.port == 26", 0, 1, "begins with a key"},
    {"\"a\" == smtp.req.command", 0, 3, "begins with a key"},
    {"len(tcp)", 8, 0, "operator"},
    {"foo(tcp) == 1", 0, 3, "len count"},
    {"tcp.port == \"25\"", 12, 4, "number"},
    {"ip.proto == \"Sausage\"", 12, 9, "words"},
    {"ip.addr + 1 == 3", 0, 7, "calculated"},
    {"tcp.flags.syn & 1", 0, 13, "calculated"},
    {"frame.time_delta * 2 > 1", 0, 16, "calculated"},
    {"frame.time_delta > 0.1234567891", 19, 12, "seconds"},
    {"frame.time > 5", 13, 1, "2026"},
    {"frame contains smtp.req.command", 15, 16, "different kinds"},
    {"frame contains EHLO", 15, 4, "quotes"},
    {"eth.src contains \"abc\"", 17, 5, "octets"},
    {"ip.addr#x == 1", 7, 2, "layer"},
    {"ip.addr[5-3] == 1", 7, 1, "[first:count]"},
    {"ip.addr[0:0] == 1", 7, 1, "[first:count]"},
    {"ip.addr[0 == 1", 7, 1, "[first:count]"},
    {"tcp.port in {}", 13, 1, "value of the set"},
    {"tcp.port in {25..}", 17, 1, "end of the range"},
    {"all tcp.port", 12, 0, "operator"},
    {"tcp | udp", 4, 1, "||"},
    {"smtp.req.command == 'ab'", 20, 4, "one character"},
    {"smtp.req.command == \"\\z\"", 21, 2, "backslash"},
    {"${tcp.prot} == 3", 2, 8, "tcp.port"},
    {"tcp.port == {25", 15, 0, "}"},
    {"tcp.port == (25)", 12, 1, "key"},
    {"max() == 3", 0, 5, "values between"},
    {"max(ip.src, tcp.port) == 3", 12, 8, "different kinds"},
    {"string(frame.time) == \"2\"", 7, 10, "number or an address"},
    {"tcp.port not 25", 9, 3, "and"},
};

static void
test_errors_name_place_and_remedy(void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(errors); i++) {
    struct filter_error error;
    struct filter *f = filter_compile(errors[i].filter, &error);
    if (f) {
      g_test_message("%s is no filter, but compiles", errors[i].filter);
      g_test_fail();
      filter_free(f);
      continue;
    }
    if (error.at != errors[i].at || error.n_octets != errors[i].n ||
        !strstr(error.message, errors[i].says)) {
      g_test_message("%s: at %u+%u “%s”, not at %u+%u with “%s”", errors[i].filter, error.at,
                     error.n_octets, error.message, errors[i].at, errors[i].n, errors[i].says);
      g_test_fail();
    }
    filter_error_clear(&error);
    lang_set(LANG_TH);
    g_assert_null(filter_compile(errors[i].filter, &error));
    lang_set(LANG_EN);
    g_assert_true(g_utf8_validate(error.message, -1, NULL));
    bool thai = false;
    for (const char *c = error.message; *c; c = g_utf8_next_char(c))
      thai |= g_unichar_get_script(g_utf8_get_char(c)) == G_UNICODE_SCRIPT_THAI;
    g_assert_true(thai);
    filter_error_clear(&error);
    g_assert_null(filter_compile(errors[i].filter, NULL));
  }
}

static void
test_limits(void)
{
  struct filter_error error;
  g_autoptr(GString) deep = g_string_new(NULL);
  for (unsigned i = 0; i < 100000; i++)
    g_string_append_c(deep, '(');
  g_assert_null(filter_compile(deep->str, &error));
  filter_error_clear(&error);
  g_string_truncate(deep, 70);
  g_assert_null(filter_compile(deep->str, &error));
  g_assert_nonnull(strstr(error.message, "64"));
  filter_error_clear(&error);
  g_autoptr(GString) wide = g_string_new("tcp");
  for (unsigned i = 0; i < 5000; i++)
    g_string_append(wide, " or tcp");
  g_assert_null(filter_compile(wide->str, &error));
  filter_error_clear(&error);
}

/* Every beginning of every filter either compiles or fails with a message; none crashes. */
static void
test_every_cut(void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
    for (size_t cut = 0; cut <= strlen(cases[i].filter); cut++) {
      g_autofree char *part = g_strndup(cases[i].filter, cut);
      struct filter_error error;
      struct filter *f = filter_compile(part, &error);
      if (!f)
        g_assert_nonnull(error.message);
      g_assert_true(f || error.at <= cut);
      filter_error_clear(&error);
      filter_free(f);
    }
}

/* What is offered at the bar, in order, the first `n`. */
static const struct {
  const char *text; /* "|" is the cursor */
  const char *offers;
  unsigned n, first, n_octets;
} completions[] = {
    {"smtp.req|", "smtp.req smtp.req.command smtp.req.parameter", 3, 0, 8},
    {"tcp and smtp.req.c|", "smtp.req.command", 1, 8, 10},
    {"not ip.tt|", "ip.ttl", 1, 4, 5},
    {"(cou|", "count(", 1, 1, 3},
    {"tcp.port |", "== != in > <", 5, 9, 0},
    {"tcp.port co|", "", 1, 9, 2},
    {"smtp.req.command c|", "contains", 1, 17, 1},
    {"smtp |", "== != contains matches", 4, 5, 0},
    {"tcp.analysis.flags |", "and or xor", 3, 19, 0},
    {"tcp.flags.syn == |", "True False", 2, 17, 0},
    {"ip.proto == T|", "\"TCP\"", 1, 12, 1},
    {"dns.flags.rcode in {|", "\"No error\"", 1, 20, 0},
    {"tcp.port == 25 |", "and or xor", 3, 15, 0},
    {"tcp.port == 25 o|", "or", 1, 15, 1},
    {"eth.src[0:3] |", "== !=", 2, 13, 0},
    {"lower(smtp.req.com|", "smtp.req.command", 1, 6, 12},
    {"tcp.port == 25 and udp.sr| and ip", "udp.srcport", 1, 19, 6},
    {"gent_poi|", "tcp.urgent_pointer", 1, 0, 8},
};

static void
test_completion(void)
{
  for (unsigned i = 0; i < G_N_ELEMENTS(completions); i++) {
    g_auto(GStrv) parts = g_strsplit(completions[i].text, "|", 2);
    g_autofree char *text = g_strconcat(parts[0], parts[1], NULL);
    struct filter_completion *c = filter_completion_new(text, strlen(parts[0]), completions[i].n);
    g_autoptr(GString) offers = g_string_new(NULL);
    for (guint k = 0; k < c->candidates->len; k++) {
      const struct filter_candidate *one = g_ptr_array_index(c->candidates, k);
      g_string_append_printf(offers, "%s%s", k ? " " : "", one->text);
      g_assert_cmpstr(one->about, !=, "");
    }
    if (strcmp(offers->str, completions[i].offers) != 0 || c->first != completions[i].first ||
        c->n_octets != completions[i].n_octets)
      g_error("%s: %u+%u “%s”, not %u+%u “%s”", completions[i].text, c->first, c->n_octets,
              offers->str, completions[i].first, completions[i].n_octets, completions[i].offers);
    filter_completion_free(c);
  }
}

/* Everything that is offered can stand where it is offered: no candidate makes a wrong filter. */
static void
test_completion_leads_to_filters(void)
{
  static const char *const ends[][2] = {{"ip.p", ""},
                                        {"tcp and ", ""},
                                        {"ip.proto == ", ""},
                                        {"tcp.flags.syn == ", ""},
                                        {"tcp.port ", " 3"},
                                        {"smtp ", " \"a\""},
                                        {"dns.flags.rcode != ", ""}};
  for (unsigned i = 0; i < G_N_ELEMENTS(ends); i++) {
    struct filter_completion *c = filter_completion_new(ends[i][0], strlen(ends[i][0]), 1000);
    g_assert_cmpuint(c->candidates->len, >, 0);
    for (guint k = 0; k < c->candidates->len; k++) {
      const struct filter_candidate *one = g_ptr_array_index(c->candidates, k);
      if (one->kind == CANDIDATE_JOIN || one->kind == CANDIDATE_FUNCTION ||
          strcmp(one->text, "in") == 0)
        continue;
      g_autofree char *text =
          g_strdup_printf("%.*s%s%s", (int)c->first, ends[i][0], one->text, ends[i][1]);
      struct filter_error error;
      struct filter *f = filter_compile(text, &error);
      if (!f)
        g_error("%s: %s", text, error.message);
      filter_free(f);
    }
    filter_completion_free(c);
  }
}

static void
test_examples_compile(void)
{
  for (const struct filter_example *e = filter_examples; e->filter; e++) {
    struct filter_error error;
    struct filter *f = filter_compile(e->filter, &error);
    if (!f)
      g_error("%s: %s", e->filter, error.message);
    g_assert_nonnull(e->asks.en);
    g_assert_nonnull(e->asks.th);
    filter_free(f);
  }
}

/* The column counts characters, the carets stand below what a terminal shows. */
static void
test_error_columns(void)
{
  static const struct {
    const char *text;
    unsigned column;
    const char *shown;
  } rows[] = {
      {"tcp.prot == 25", 1, "  tcp.prot == 25\n  ^^^^^^^^\n"},
      {"tcp and", 8, "  tcp and\n         ^\n"},
      {"smtp.req.parameter == \"สวัสดี\" udp", 32,
       "  smtp.req.parameter == \"สวัสดี\" udp\n                               ^^^\n"},
      {"smtp.req.parameter == \"漢字\" udp", 28,
       "  smtp.req.parameter == \"漢字\" udp\n                               ^^^\n"},
      {"\t;", 2, "   ;\n   ^\n"},
  };
  for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
    struct filter_error error;
    g_assert_null(filter_compile(rows[i].text, &error));
    g_assert_cmpuint(error.column, ==, rows[i].column);
    g_autofree char *shown = filter_error_show(rows[i].text, &error);
    g_assert_cmpstr(shown, ==, rows[i].shown);
    filter_error_clear(&error);
  }
}

static void
test_references(void)
{
  g_autoptr(trace_owned) t = session();
  struct decode *d = decode_new(t);
  struct filter *f = filter_compile("frame.number > ${frame.number} and tcp.srcport == "
                                    "${tcp.srcport} and frame.number < ${frame.number} + 5",
                                    NULL);
  g_assert_nonnull(f);
  g_assert_true(filter_has_references(f));
  g_assert_false(filter_match_frame(f, d, 5));
  decode_frame(d, 2);
  filter_refer(f, d);
  g_autoptr(GString) frames = g_string_new(NULL);
  for (uint32_t k = 0; k < trace_n_frames(t); k++)
    if (filter_match_frame(f, d, k))
      g_string_append_printf(frames, "%u ", k + 1);
  g_assert_cmpstr(frames->str, ==, "5 7 ");
  filter_free(f);
  decode_free(d);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/filter/selects-these-frames", test_selects);
  g_test_add_func("/filter/errors-name-place-and-remedy", test_errors_name_place_and_remedy);
  g_test_add_func("/filter/limits", test_limits);
  g_test_add_func("/filter/every-cut-of-every-filter", test_every_cut);
  g_test_add_func("/filter/completion", test_completion);
  g_test_add_func("/filter/completion-leads-to-filters", test_completion_leads_to_filters);
  g_test_add_func("/filter/examples-compile", test_examples_compile);
  g_test_add_func("/filter/columns-of-errors", test_error_columns);
  g_test_add_func("/filter/references-to-the-selected-frame", test_references);
  return g_test_run();
}
