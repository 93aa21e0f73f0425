/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-decode.c -- fields of frames that are laid out here, octet by octet or line by line. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/dns.h"
#include "capture/wire/tls.h"
#include "tests/decode/check.h"
#include "tests/trace/packets.h"

/* ---- the registry ---- */

static bool
is_thai_letter(gunichar c)
{
  return c >= 0x0e01 && c <= 0x0e5b;
}

static unsigned
n_thai_letters(const char *text)
{
  unsigned n = 0;
  for (const char *p = text; *p; p = g_utf8_next_char(p))
    n += is_thai_letter(g_utf8_get_char(p));
  return n;
}

/* Words of English that a Thai text may not have: three in a row that are written small. Names of
 * things ("DHCP", "hop limit", "base64") stay as they are in every language. */
static bool
has_english_words(const char *thai)
{
  static GRegex *three;
  if (!three)
    three = g_regex_new("\\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\\b", 0, 0, NULL);
  return g_regex_match(three, thai, 0, NULL);
}

static void
check_pair(const struct field_def *def, struct lang_pair pair, bool is_sentence)
{
  const char *const texts[] = {pair.en, pair.th};
  for (unsigned k = 0; k < 2; k++) {
    if (!texts[k] || !g_utf8_validate(texts[k], -1, NULL))
      g_error("%s: a text is missing or no UTF-8", def->key);
    const char *mark = strchr(texts[k], '%');
    if (mark && (!is_sentence || mark[1] != 's' || strchr(mark + 1, '%')))
      g_error("%s: only one %%s, and only in a sentence: %s", def->key, texts[k]);
  }
  if (strlen(pair.en) < 1 || n_thai_letters(pair.en) > 0)
    g_error("%s: not English: %s", def->key, pair.en);
  if (n_thai_letters(pair.th) < 2 || has_english_words(pair.th))
    g_error("%s: not Thai: %s", def->key, pair.th);
  if (!is_sentence)
    return;
  if (strlen(pair.en) < 10 || !strchr(".!?", pair.en[strlen(pair.en) - 1]))
    g_error("%s: no sentence: %s", def->key, pair.en);
  if (!strstr(pair.en, "%s") != !strstr(pair.th, "%s"))
    g_error("%s: only one language quotes the value", def->key);
}

/* "RFC 5321 section 4.1.1", "IEEE 802.3 clause 3", "pcapng section 4.3", a link type of pcap, or
 * "Enveloscope" for what is computed here. */
static void
check_spec(const struct field_def *def)
{
  if (!def->spec || !g_regex_match_simple(
                        "^(RFC [1-9][0-9]{2,3}( (section|appendix) [0-9A-Z.]+)?"
                        "|IEEE 802\\.[0-9]+[A-Za-z]*( clause [0-9]+)?|ITU-T X\\.[0-9]+"
                        "|pcapng section [0-9.]+|LINKTYPE_[A-Z0-9_]+|[A-Z]+-[A-Z]+|Enveloscope)$",
                        def->spec, 0, 0))
    g_error("%s: no specification: %s", def->key, def->spec);
}

static void
test_keys_and_sentences(void)
{
  size_t n;
  const struct field_def *const *all = field_defs(&n);
  g_assert_cmpuint(n, >, 500);
  for (size_t i = 0; i < n; i++) {
    const struct field_def *def = all[i];
    g_assert_true(field_def_find(def->key) == def);
    if (i)
      g_assert_cmpstr(all[i - 1]->key, <, def->key); /* sorted and unique */
    check_pair(def, def->name, false);
    check_pair(def, def->explain, true);
    check_spec(def);
  }
}

static void
test_wire_tables_have_fields(void)
{
  static const struct wire_header *const headers[] = {
      &eth_header,  &vlan_header, &sll_header,       &sll2_header,   &arp_header,
      &ipv4_header, &ipv6_header, &icmp_header,      &icmpv6_header, &udp_header,
      &tcp_header,  &dns_header,  &tls_record_header};
  for (size_t h = 0; h < G_N_ELEMENTS(headers); h++)
    for (unsigned i = 0; i < headers[h]->n_fields; i++) {
      const char *key = headers[h]->fields[i].key;
      if (strcmp(key, "sll.reserved") == 0)
        continue; /* two octets without a meaning: Wireshark has no field for them either */
      if (!field_def_find(key))
        g_error("the wire table names %s, which no decoder defines", key);
    }
}

/* ---- one frame ---- */

struct one {
  struct packets_feed feed;
  struct decode *d;
};

static struct one
decode_hex(enum link_type link, const char *hex)
{
  struct one o = {packets_begin(link), NULL};
  g_autoptr(GByteArray) frame = packets_hex(hex);
  packets_append(&o.feed, frame, 0);
  trace_finish(o.feed.trace);
  o.d = decode_new(o.feed.trace);
  decode_frame(o.d, 0);
  check_decode(o.d);
  return o;
}

static void
one_clear(struct one *o)
{
  decode_free(o->d);
  trace_free(o->feed.trace);
}

static void
assert_value(struct decode *d, const char *key, const char *expected)
{
  const struct field *f = decode_find(d, key, 0);
  if (!f)
    g_error("%s is not there", key);
  g_assert_cmpstr(decode_value(d, f), ==, expected);
}

static void
assert_range(struct decode *d, const char *key, uint32_t first, uint32_t n)
{
  const struct field *f = decode_find(d, key, 0);
  g_assert_nonnull(f);
  g_assert_cmpuint(f->first, ==, first);
  g_assert_cmpuint(f->n_octets, ==, n);
}

#define ARP_REQUEST_HEX                                                                            \
  "ffffffffffff 020000000001 0806  0001 0800 06 04 0001 020000000001 0a010001 000000000000 "       \
  "0a010002"

static void
test_arp_request(void)
{
  struct one o = decode_hex(LINK_ETHERNET, ARP_REQUEST_HEX "000000000000000000000000000000000000");
  assert_value(o.d, "eth.type", "0x0806");
  assert_value(o.d, "arp.opcode", "1");
  assert_value(o.d, "arp.src.proto_ipv4", "10.1.0.1");
  assert_value(o.d, "arp.dst.hw_mac", "00:00:00:00:00:00");
  assert_range(o.d, "arp.dst.proto_ipv4", 14 + 24, 4);
  assert_range(o.d, "eth.padding", 42, 18);
  g_assert_cmpstr(o.d->summary.protocol, ==, "ARP");
  g_assert_cmpstr(o.d->summary.info, ==, "Who has 10.1.0.2? Tell 10.1.0.1");
  g_assert_cmpstr(o.d->summary.source, ==, "02:00:00:00:00:01");
  g_autofree char *line = decode_line(o.d, decode_find(o.d, "arp.opcode", 0));
  g_assert_cmpstr(line, ==, "Opcode: request (1)");
  lang_set(LANG_TH);
  g_autofree char *thai = decode_explain(o.d, decode_find(o.d, "arp.src.proto_ipv4", 0));
  lang_set(LANG_EN);
  g_assert_nonnull(strstr(thai, "10.1.0.1"));
  one_clear(&o);
}

static void
test_vlan_inside_vlan(void)
{
  struct one o = decode_hex(
      LINK_ETHERNET, "ffffffffffff 020000000001 88a8 600a 8100 e014 0806 0001 0800 06 04 0001 "
                     "020000000001 0a010001 000000000000 0a010002");
  assert_value(o.d, "ieee8021ad.id", "10"); /* as tshark has them: the provider's tag, then the */
  assert_value(o.d, "vlan.id", "20");       /* customer's */
  assert_value(o.d, "ieee8021ad.priority", "3");
  assert_value(o.d, "vlan.priority", "7");
  assert_value(o.d, "frame.protocols", "eth:ethertype:ieee8021ad:ethertype:vlan:ethertype:arp");
  one_clear(&o);
}

/* 10.0.0.1:1000 > 10.0.0.2:53, a question whose name is a pointer to itself; then a loop of two. */
static void
test_dns_loops_are_marked(void)
{
  static const char *const names[] = {"c00c", "c00e c00c", "0161 c00c", "ffff"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *hex =
        g_strdup_printf("4500 0000 0000 0000 4011 0000 0a000001 0a000002 03e8 0035 0000 0000 "
                        "1a2b 0100 0001 0000 0000 0000 %s 0001 0001",
                        names[i]);
    g_autoptr(GByteArray) frame = packets_hex(hex);
    put_be16(frame->data + 2, (uint16_t)frame->len);
    put_be16(frame->data + 24, (uint16_t)(frame->len - 20));
    struct packets_feed feed = packets_begin(LINK_RAW);
    packets_append(&feed, frame, 0);
    struct decode *d = decode_new(feed.trace);
    decode_frame(d, 0);
    check_decode(d);
    assert_value(d, "dns.id", "0x1a2b");
    const struct field *bad = decode_find(d, "enveloscope.dns.bad", 0);
    g_assert_nonnull(bad);
    g_assert_true(bad->flags & FIELD_FLAG_ODD);
    g_assert_null(decode_find(d, "dns.qry.name", 0));
    decode_free(d);
    trace_free(feed.trace);
  }
}

static void
test_dns_answer(void)
{
  uint8_t message[DNS_UDP_MAX];
  struct dns_writer w;
  dns_writer_begin(&w, message, sizeof message,
                   &(struct dns_head){.id = 0x1a2b, .response = true, .recursion_desired = true});
  dns_writer_question(&w, "bob.test", DNS_RR_MX, DNS_CLASS_IN);
  dns_writer_mx(&w, DNS_ANSWER, "bob.test", 300, 10, "mx.bob.test");
  size_t n = dns_writer_end(&w);
  g_autoptr(GByteArray) frame =
      packets_hex("4500 0000 0000 0000 4011 0000 0a000002 0a000001 0035 03e8 0000 0000");
  g_byte_array_append(frame, message, (guint)n);
  put_be16(frame->data + 2, (uint16_t)frame->len);
  put_be16(frame->data + 24, (uint16_t)(frame->len - 20));
  for (guint cut = 0; cut <= frame->len; cut++) {
    struct packets_feed feed = packets_begin(LINK_RAW);
    g_autoptr(GByteArray) part = g_byte_array_new();
    g_byte_array_append(part, frame->data, cut);
    packets_append(&feed, part, 0);
    struct decode *d = decode_new(feed.trace);
    decode_frame(d, 0);
    check_decode(d);
    if (cut == frame->len) {
      assert_value(d, "dns.mx.mail_exchange", "mx.bob.test");
      assert_value(d, "dns.mx.preference", "10");
      assert_value(d, "dns.resp.ttl", "300");
      assert_value(d, "dns.flags", "0x8100");
      /* "2 mx, pointer": five octets at the end */
      assert_range(d, "dns.mx.mail_exchange", cut - 5, 5);
      g_assert_cmpstr(d->summary.info, ==,
                      "Standard query response 0x1a2b MX bob.test MX 10 mx.bob.test");
    }
    decode_free(d);
    trace_free(feed.trace);
  }
}

/* ---- a session ---- */

static void
say(struct packets_feed *f, uint32_t seq[2], unsigned from, const char *text)
{
  packets_segment(f, (struct packets_segment){.from = from,
                                              .seq = seq[from],
                                              .ack = seq[!from],
                                              .flags = TCP_ACK | TCP_PSH,
                                              .text = text,
                                              .after_ns = 1000});
  seq[from] += (uint32_t)strlen(text);
}

static struct packets_feed
begin_session(uint32_t seq[2])
{
  struct packets_feed f = packets_begin(LINK_RAW);
  packets_segment(&f, (struct packets_segment){.from = 0, .seq = 999, .flags = TCP_SYN});
  packets_segment(&f, (struct packets_segment){
                          .from = 1, .seq = 4999, .ack = 1000, .flags = TCP_SYN | TCP_ACK});
  packets_segment(&f,
                  (struct packets_segment){.from = 0, .seq = 1000, .ack = 5000, .flags = TCP_ACK});
  seq[0] = 1000;
  seq[1] = 5000;
  return f;
}

/* Frames 3 to 15; the password is "canary-7". base64 of \0alice\0canary-7 is AGFsaWNlAGNhbmFyeS03.
 */
static struct packets_feed
secret_session(void)
{
  uint32_t seq[2];
  struct packets_feed f = begin_session(seq);
  say(&f, seq, 1, "220 mx.bob.test ESMTP\r\n");             /* 3 */
  say(&f, seq, 0, "EHLO client\r\n");                       /* 4 */
  say(&f, seq, 1, "250-mx.bob.test\r\n250 AUTH PLAIN\r\n"); /* 5 */
  say(&f, seq, 0, "AUTH PLAIN AGFsaWNl");                   /* 6: half of the secret */
  say(&f, seq, 0, "AGNhbmFyeS03\r\n");                      /* 7 */
  say(&f, seq, 1, "235 welcome\r\n");                       /* 8 */
  say(&f, seq, 0, "MAIL FROM:<a@alice.test>\r\n");          /* 9 */
  say(&f, seq, 1, "250 fine\r\n");                          /* 10 */
  say(&f, seq, 0, "RCPT TO:<b@bob.test>\r\n");              /* 11 */
  say(&f, seq, 1, "250 fine\r\n");                          /* 12 */
  say(&f, seq, 0, "DATA\r\n");                              /* 13 */
  say(&f, seq, 1, "354 go on\r\n");                         /* 14 */
  say(&f, seq, 0, "From: a@alice.test\r\nSubject: =?utf-8?B?4Liq4Lin?=\r\n"); /* 15 */
  say(&f, seq, 0, " =?utf-8?B?4Lix4Liq?=\r\n\r\nHello\r\n.\r\n");             /* 16 */
  say(&f, seq, 1, "250 queued\r\n");                                          /* 17 */
  trace_finish(f.trace);
  return f;
}

static void
test_lines_over_segments(void)
{
  struct packets_feed f = secret_session();
  struct decode *d = decode_new(f.trace);
  decode_frame(d, 4);
  check_decode(d);
  assert_value(d, "smtp.req.command", "EHLO");
  assert_value(d, "smtp.req.parameter", "client");
  assert_range(d, "smtp.req.command", 40, 4);
  assert_value(d, "tcp.seq", "1");
  assert_value(d, "tcp.nxtseq", "14");
  assert_value(d, "tcp.stream", "0");
  g_assert_cmpstr(d->summary.info, ==, "C: EHLO client");
  decode_frame(d, 5);
  check_decode(d);
  assert_value(d, "smtp.response.code", "250");
  g_assert_cmpstr(d->summary.info, ==, "S: 250-mx.bob.test | 250 AUTH PLAIN");
  decode_frame(d, 6);
  check_decode(d);
  assert_value(d, "tcp.reassembled_in", "8");
  g_assert_null(decode_find(d, "smtp.req.command", 0));
  decode_frame(d, 7);
  check_decode(d);
  const struct field *command = decode_find(d, "smtp.req.command", 0);
  g_assert_nonnull(command);
  g_assert_cmpint(d->sources[command->source].kind, ==, SOURCE_STREAM);
  g_assert_cmpuint(d->sources[command->source].pieces->len, ==, 2);
  assert_value(d, "tcp.segment", "7");
  decode_frame(d, 0);
  check_decode(d);
  g_assert_true(g_str_has_prefix(d->summary.info, "1000 → 25 [SYN] Seq=0 Win="));
  decode_free(d);
  trace_free(f.trace);
}

static void
test_secrets_leak_nowhere(void)
{
  static const char *const forms[] = {"canary",       "AGFsaWNlAGNhbmFyeS03",
                                      "AGNhbmFyeS03", "AGFsaWNl",
                                      "63616e617279", "41474e68626d46796553303"};
  struct packets_feed f = secret_session();
  struct decode *d = decode_new(f.trace);
  for (uint32_t i = 0; i < trace_n_frames(f.trace); i++) {
    decode_frame(d, i);
    check_decode(d);
    g_autofree char *text = check_all_text(d);
    for (unsigned k = 0; k < G_N_ELEMENTS(forms); k++)
      if (strstr(text, forms[k]))
        g_error("frame %u says %s in:\n%s", i + 1, forms[k], text);
  }
  decode_frame(d, 7);
  g_assert_cmpstr(d->summary.info, ==, "C: AUTH PLAIN ******");
  assert_value(d, "enveloscope.auth.secret", SECRET_MASK);
  assert_value(d, "enveloscope.auth.user", "alice");
  g_assert_true(decode_octet_is_secret(d, 0, 40));
  g_assert_false(decode_octet_is_secret(d, 0, 39));
  decode_frame(d, 6);
  g_assert_false(decode_octet_is_secret(d, 0, 40 + 10));
  g_assert_true(decode_octet_is_secret(d, 0, 40 + 11));
  decode_set_reveal(d, true);
  decode_frame(d, 7);
  assert_value(d, "enveloscope.auth.secret", "canary-7");
  g_assert_cmpstr(d->summary.info, ==, "C: AUTH PLAIN AGFsaWNlAGNhbmFyeS03");
  g_assert_false(decode_octet_is_secret(d, 0, 40));
  decode_free(d);
  trace_free(f.trace);
}

static void
test_repeated_secret_is_masked(void)
{
  uint32_t seq[2];
  struct packets_feed f = begin_session(seq);
  say(&f, seq, 1, "+OK ready\r\n");
  say(&f, seq, 0, "USER alice\r\n");
  say(&f, seq, 1, "+OK\r\n");
  uint32_t again = seq[0];
  say(&f, seq, 0, "PASS canary-7\r\n"); /* frame 6 */
  packets_segment(&f, (struct packets_segment){.from = 0,
                                               .seq = again,
                                               .ack = seq[1],
                                               .flags = TCP_ACK | TCP_PSH,
                                               .text = "PASS canary-7\r\n",
                                               .after_ns = 500000000}); /* 7 */
  say(&f, seq, 1, "+OK logged in\r\n");
  trace_finish(f.trace);
  struct decode *d = decode_new(f.trace);
  for (uint32_t i = 6; i <= 7; i++) {
    decode_frame(d, i);
    check_decode(d);
    g_autofree char *text = check_all_text(d);
    g_assert_null(strstr(text, "canary"));
    g_assert_null(strstr(text, "63616e617279"));
    g_assert_nonnull(strstr(text, "**"));
  }
  decode_free(d);
  trace_free(f.trace);
}

static void
test_letter_is_decoded_where_it_ends(void)
{
  struct packets_feed f = secret_session();
  struct decode *d = decode_new(f.trace);
  decode_frame(d, 15);
  check_decode(d);
  g_assert_null(decode_find(d, "imf.from", 0));
  g_assert_cmpstr(d->summary.info, ==, "C: DATA fragment, 51 bytes");
  decode_frame(d, 16);
  check_decode(d);
  assert_value(d, "imf.from", "a@alice.test");
  assert_value(d, "enveloscope.imf.decoded", "สวัส");
  g_assert_nonnull(decode_find(d, "smtp.eom", 0));
  const struct field *from = decode_find(d, "imf.from", 0);
  g_assert_cmpint(d->sources[from->source].kind, ==, SOURCE_STREAM);
  g_assert_cmpmem(d->sources[from->source].octets->data + from->first, from->n_octets,
                  "From: a@alice.test\r\n", 20);
  decode_free(d);
  trace_free(f.trace);
}

static void
test_any_order_same_answer(void)
{
  struct packets_feed f = secret_session();
  uint32_t n = trace_n_frames(f.trace);
  struct decode *d = decode_new(f.trace);
  g_autoptr(GPtrArray) first = g_ptr_array_new_with_free_func(g_free);
  for (uint32_t i = 0; i < n; i++) {
    decode_frame(d, i);
    g_ptr_array_add(first, check_all_text(d));
  }
  for (uint32_t i = n; i-- > 0;) {
    struct decode *fresh = decode_new(f.trace);
    decode_frame(fresh, i);
    decode_frame(d, i);
    g_autofree char *a = check_all_text(fresh), *b = check_all_text(d);
    g_assert_cmpstr(a, ==, first->pdata[i]);
    g_assert_cmpstr(b, ==, first->pdata[i]);
    decode_free(fresh);
  }
  decode_free(d);
  trace_free(f.trace);
}

/* A client hello with a server name, written by hand: record 22, hello 1. */
static void
test_tls_hello_at_every_cut(void)
{
  g_autoptr(GByteArray) record = packets_hex(
      "16 0301 0049  01 000045 0303 "
      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00 0004 1301 c02f 01 00 "
      "0017  0000 0013 0011 00 000e 6d782e626f622e6578616d706c65");
  put_be16(record->data + 3, (uint16_t)(record->len - 5));
  put_be16(record->data + 7, (uint16_t)(record->len - 9));
  for (guint cut = 1; cut <= record->len; cut++) {
    uint32_t seq[2];
    struct packets_feed f = begin_session(seq);
    g_autoptr(GByteArray) part = g_byte_array_new();
    g_autoptr(GByteArray) header = packets_tcp(
        &(struct packets_segment){.from = 0, .seq = 1000, .ack = 5000, .flags = TCP_ACK});
    g_byte_array_append(part, header->data, header->len);
    g_byte_array_append(part, record->data, cut);
    put_be16(part->data + 2, (uint16_t)part->len);
    packets_append(&f, part, 1000);
    trace_finish(f.trace);
    struct decode *d = decode_new(f.trace);
    decode_frame(d, 3);
    check_decode(d);
    if (cut == record->len) {
      assert_value(d, "tls.handshake.type", "1");
      assert_value(d, "tls.handshake.version", "0x0303");
      assert_value(d, "tls.handshake.ciphersuite", "0x1301");
      assert_value(d, "tls.handshake.extensions_server_name", "mx.bob.example");
    } else {
      g_assert_null(decode_find(d, "tls.handshake.extensions_server_name", 0));
    }
    decode_free(d);
    trace_free(f.trace);
  }
}

static void
test_fragments_become_a_source(void)
{
  struct packets_feed f = packets_begin(LINK_RAW);
  g_autoptr(GByteArray) datagram =
      packets_tcp(&(struct packets_segment){.from = 0,
                                            .seq = 1000,
                                            .flags = TCP_ACK,
                                            .text = "EHLO a-client-with-a-long-name.example\r\n"});
  g_autoptr(GPtrArray) parts = packets_fragments(datagram, 7, 24);
  for (guint i = 0; i < parts->len; i++)
    packets_append(&f, parts->pdata[i], 1000);
  trace_finish(f.trace);
  struct decode *d = decode_new(f.trace);
  decode_frame(d, 0);
  check_decode(d);
  g_autofree char *last = g_strdup_printf("%u", parts->len);
  assert_value(d, "ip.reassembled_in", last);
  decode_frame(d, parts->len - 1);
  check_decode(d);
  const struct field *port = decode_find(d, "tcp.dstport", 0);
  g_assert_nonnull(port);
  g_assert_cmpint(d->sources[port->source].kind, ==, SOURCE_DATAGRAM);
  assert_value(d, "ip.fragment.count", last);
  decode_free(d);
  trace_free(f.trace);
}

static void
test_quoted_octets_count_as_secret(void)
{
  /* ICMP 3/4 that quotes a TCP segment with "PASS canary" */
  struct one o =
      decode_hex(LINK_RAW, "4500 004f 0000 0000 4001 0000 0a000003 0a000001  0304 0000 0000 0578 "
                           "4500 0033 0000 0000 4006 0000 0a000001 0a000002 03e8 006e 00000001 "
                           "00000001 5018 1000 0000 0000 "
                           "5041535320 63616e617279");
  g_autofree char *text = check_all_text(o.d);
  g_assert_null(strstr(text, "63616e617279"));
  assert_value(o.d, "icmp.mtu", "1400");
  assert_value(o.d, "tcp.dstport", "110");
  assert_value(o.d, "frame.protocols", "raw:ip:icmp:ip:tcp:data");
  g_assert_cmpstr(o.d->summary.info, ==, "Destination unreachable (Fragmentation needed)");
  g_assert_cmpstr(o.d->summary.source, ==, "10.0.0.3");
  one_clear(&o);
}

static void
test_every_cut_of_a_frame(void)
{
  g_autoptr(GByteArray) frame = packets_hex(ARP_REQUEST_HEX);
  g_autoptr(GByteArray) syn = packets_hex(
      "ffffffffffff 020000000001 0800 4600 0030 1234 4000 4006 0000 0a000001 0a000002 94040000 "
      "03e8 0019 00000001 00000000 6002 1000 0000 0000 020405b4");
  GByteArray *const frames[] = {frame, syn};
  for (unsigned k = 0; k < 2; k++)
    for (guint cut = 0; cut <= frames[k]->len; cut++) {
      struct packets_feed f = packets_begin(LINK_ETHERNET);
      g_autoptr(GByteArray) part = g_byte_array_new();
      g_byte_array_append(part, frames[k]->data, cut);
      packets_append(&f, part, 0);
      trace_finish(f.trace);
      struct decode *d = decode_new(f.trace);
      decode_frame(d, 0);
      check_decode(d);
      decode_free(d);
      trace_free(f.trace);
    }
}

static void
test_too_many_fields_say_so(void)
{
  g_autoptr(GByteArray) frame =
      packets_hex("4500 0000 0000 0000 4011 0000 0a000002 0a000001 0035 03e8 0000 0000 "
                  "1a2b 8100 0000 ffff 0000 0000");
  for (unsigned i = 0; i < 2000; i++) /* root, A, IN, ttl 0, four octets */
    g_byte_array_append(frame, (const uint8_t *)"\0\0\1\0\1\0\0\0\0\0\4\x0a\0\0\1", 15);
  put_be16(frame->data + 2, (uint16_t)frame->len);
  put_be16(frame->data + 24, (uint16_t)(frame->len - 20));
  struct packets_feed f = packets_begin(LINK_RAW);
  packets_append(&f, frame, 0);
  struct decode *d = decode_new(f.trace);
  decode_frame(d, 0);
  check_decode(d);
  g_assert_cmpuint(decode_n_fields(d), <=, DECODE_FIELDS_MAX);
  decode_free(d);
  trace_free(f.trace);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/decode/keys-unique-sentences-complete", test_keys_and_sentences);
  g_test_add_func("/decode/wire-tables-have-fields", test_wire_tables_have_fields);
  g_test_add_func("/decode/arp-request", test_arp_request);
  g_test_add_func("/decode/vlan-inside-vlan", test_vlan_inside_vlan);
  g_test_add_func("/decode/dns-loops-are-marked", test_dns_loops_are_marked);
  g_test_add_func("/decode/dns-answer-at-every-cut", test_dns_answer);
  g_test_add_func("/decode/lines-over-segments", test_lines_over_segments);
  g_test_add_func("/decode/secrets-leak-nowhere", test_secrets_leak_nowhere);
  g_test_add_func("/decode/repeated-secret-is-masked", test_repeated_secret_is_masked);
  g_test_add_func("/decode/letter-is-decoded-where-it-ends", test_letter_is_decoded_where_it_ends);
  g_test_add_func("/decode/any-order-same-answer", test_any_order_same_answer);
  g_test_add_func("/decode/tls-hello-at-every-cut", test_tls_hello_at_every_cut);
  g_test_add_func("/decode/fragments-become-a-source", test_fragments_become_a_source);
  g_test_add_func("/decode/quoted-octets-count-as-secret", test_quoted_octets_count_as_secret);
  g_test_add_func("/decode/every-cut-of-a-frame", test_every_cut_of_a_frame);
  g_test_add_func("/decode/too-many-fields-say-so", test_too_many_fields_say_so);
  return g_test_run();
}
