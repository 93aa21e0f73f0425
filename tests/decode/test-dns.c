/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-dns.c -- DNS messages: octets laid out by hand from RFC 1035, and names made to hurt. */
#include <glib.h>
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/dns.h"

/* RFC 1035 section 4.1.4: F.ISI.ARPA at 20, FOO.F.ISI.ARPA at 40, ARPA at 64, the root at 92. */
static void
rfc_example(uint8_t message[128])
{
  static const uint8_t first[] = {1, 'F', 3, 'I', 'S', 'I', 4, 'A', 'R', 'P', 'A', 0};
  static const uint8_t second[] = {3, 'F', 'O', 'O', 0xc0, 20};
  memset(message, 0, 128);
  memcpy(message + 20, first, sizeof first);
  memcpy(message + 40, second, sizeof second);
  put_be16(message + 64, 0xc000 | 26);
}

static void
test_names_of_rfc_1035(void)
{
  uint8_t message[128];
  char name[DNS_NAME_TEXT_MAX];
  rfc_example(message);
  g_assert_cmpuint(dns_name_get(message, 128, 20, name), ==, 12);
  g_assert_cmpstr(name, ==, "F.ISI.ARPA");
  g_assert_cmpuint(dns_name_get(message, 128, 40, name), ==, 6);
  g_assert_cmpstr(name, ==, "FOO.F.ISI.ARPA");
  g_assert_cmpuint(dns_name_get(message, 128, 64, name), ==, 2);
  g_assert_cmpstr(name, ==, "ARPA");
  g_assert_cmpuint(dns_name_get(message, 128, 92, name), ==, 1);
  g_assert_cmpstr(name, ==, "");
}

static void
test_hostile_names_end(void)
{
  char name[DNS_NAME_TEXT_MAX];
  static const uint8_t self[] = {0xc0, 0};
  g_assert_cmpuint(dns_name_get(self, sizeof self, 0, name), ==, 0);
  static const uint8_t pair[] = {0xc0, 2, 0xc0, 0};
  g_assert_cmpuint(dns_name_get(pair, sizeof pair, 0, name), ==, 0);
  g_assert_cmpuint(dns_name_get(pair, sizeof pair, 2, name), ==, 0);
  static const uint8_t round[] = {1, 'a', 0xc0, 0};
  g_assert_cmpuint(dns_name_get(round, sizeof round, 0, name), ==, 0);
  static const uint8_t forward[] = {0xc0, 2, 1, 'a', 0};
  g_assert_cmpuint(dns_name_get(forward, sizeof forward, 0, name), ==, 0);
  static const uint8_t reserved[] = {0x41, 'a', 0};
  g_assert_cmpuint(dns_name_get(reserved, sizeof reserved, 0, name), ==, 0);
  /* a ladder of pointers, each one step back: too many jumps */
  uint8_t ladder[2 * 200 + 1] = {0};
  for (unsigned i = 0; i < 200; i++)
    put_be16(ladder + 1 + 2 * i, (uint16_t)(0xc000 | (i == 0 ? 0 : 2 * i - 1)));
  g_assert_cmpuint(dns_name_get(ladder, sizeof ladder, 1, name), ==, 2);
  g_assert_cmpuint(dns_name_get(ladder, sizeof ladder, 1 + 2 * 199, name), ==, 0);
  /* 256 octets of labels */
  uint8_t large[300] = {0};
  for (unsigned at = 0; at + 4 < 260; at += 4)
    memcpy(large + at, "\003abc", 4);
  g_assert_cmpuint(dns_name_get(large, sizeof large, 0, name), ==, 0);
}

static void
test_longest_name_fits(void)
{
  /* 63+63+63+61 octets in labels of octets that need four characters each */
  uint8_t wire[DNS_NAME_MAX];
  size_t at = 0;
  static const uint8_t sizes[] = {63, 63, 63, 61};
  for (unsigned i = 0; i < 4; i++) {
    wire[at++] = sizes[i];
    memset(wire + at, 0xff, sizes[i]);
    at += sizes[i];
  }
  wire[at++] = 0;
  g_assert_cmpuint(at, ==, DNS_NAME_MAX);
  char name[DNS_NAME_TEXT_MAX];
  g_assert_cmpuint(dns_name_get(wire, sizeof wire, 0, name), ==, DNS_NAME_MAX);
  g_assert_cmpuint(strlen(name), ==, 250 * 4 + 3);
  uint8_t back[DNS_NAME_MAX];
  g_assert_cmpuint(dns_name_put(back, name), ==, DNS_NAME_MAX);
  g_assert_cmpmem(back, DNS_NAME_MAX, wire, DNS_NAME_MAX);
}

static void
test_names_that_cannot_be_written(void)
{
  uint8_t p[DNS_NAME_MAX];
  g_assert_cmpuint(dns_name_put(p, ""), ==, 1);
  g_assert_cmpuint(dns_name_put(p, "bob.test."), ==, 10);
  g_assert_cmpuint(dns_name_put(p, "a..b"), ==, 0);
  g_assert_cmpuint(dns_name_put(p, ".a"), ==, 0);
  g_autofree char *long_label = g_strnfill(64, 'a');
  g_assert_cmpuint(dns_name_put(p, long_label), ==, 0);
  g_autoptr(GString) long_name = g_string_new("a");
  for (unsigned i = 0; i < 127; i++)
    g_string_append(long_name, ".a");
  g_assert_cmpuint(dns_name_put(p, long_name->str), ==, 0);
}

/* "example.test MX 10 mx.example.test", with the address of the exchange: by hand. */
static const uint8_t mx_answer[] = {
    0x1a, 0x2b, 0x81, 0x80, 0,    1,    0,    1,    0, 0,  0,   1,   7,   'e',  'x', 'a',  'm',
    'p',  'l',  'e',  4,    't',  'e',  's',  't',  0, 0,  15,  0,   1,   0xc0, 12,  0,    15,
    0,    1,    0,    0,    0x0e, 0x10, 0,    7,    0, 10, 2,   'm', 'x', 0xc0, 12,  0xc0, 44,
    0,    1,    0,    1,    0,    0,    0x0e, 0x10, 0, 4,  192, 0,   2,   25};

static void
test_writer_gives_the_octets_laid_out_by_hand(void)
{
  uint8_t out[DNS_UDP_MAX];
  struct dns_writer w;
  struct dns_head head = {
      .id = 0x1a2b, .response = true, .recursion_desired = true, .recursion_available = true};
  struct ip_addr addr;
  g_assert_true(ip_addr_parse("192.0.2.25", &addr));
  dns_writer_begin(&w, out, sizeof out, &head);
  dns_writer_question(&w, "example.test", DNS_RR_MX, DNS_CLASS_IN);
  dns_writer_mx(&w, DNS_ANSWER, "example.test", 3600, 10, "mx.example.test");
  dns_writer_address(&w, DNS_ADDITIONAL, "MX.example.test", 3600, &addr);
  size_t n = dns_writer_end(&w);
  g_assert_cmpmem(out, n, mx_answer, sizeof mx_answer);
  /* too little room is noticed, whatever the room is */
  for (size_t room = 0; room < sizeof mx_answer; room++) {
    g_autofree uint8_t *small = g_malloc(room);
    dns_writer_begin(&w, small, room, &head);
    dns_writer_question(&w, "example.test", DNS_RR_MX, DNS_CLASS_IN);
    dns_writer_mx(&w, DNS_ANSWER, "example.test", 3600, 10, "mx.example.test");
    dns_writer_address(&w, DNS_ADDITIONAL, "mx.example.test", 3600, &addr);
    g_assert_cmpuint(dns_writer_end(&w), ==, 0);
  }
}

static void
test_reader_walks_every_section_and_every_cut(void)
{
  struct dns_head head;
  struct dns_question q;
  struct dns_record r;
  char name[DNS_NAME_TEXT_MAX];
  uint16_t preference;
  size_t at = dns_head_get(mx_answer, sizeof mx_answer, &head);
  g_assert_cmpuint(at, ==, 12);
  g_assert_true(head.response && head.recursion_desired && head.recursion_available);
  g_assert_true(dns_question_get(mx_answer, sizeof mx_answer, &at, &q));
  g_assert_cmpstr(q.name, ==, "example.test");
  g_assert_cmpuint(q.type, ==, DNS_RR_MX);
  g_assert_true(dns_record_get(mx_answer, sizeof mx_answer, &at, &r));
  g_assert_true(dns_record_name(mx_answer, sizeof mx_answer, &r, name, &preference));
  g_assert_cmpstr(name, ==, "mx.example.test");
  g_assert_cmpuint(preference, ==, 10);
  g_assert_cmpuint(r.ttl_s, ==, 3600);
  g_assert_true(dns_record_get(mx_answer, sizeof mx_answer, &at, &r));
  struct ip_addr addr;
  char text[ADDR_TEXT_MAX];
  g_assert_true(dns_record_address(mx_answer, &r, &addr));
  g_assert_cmpstr(ip_addr_format(&addr, text), ==, "192.0.2.25");
  g_assert_cmpuint(at, ==, sizeof mx_answer);
  for (size_t n = 0; n < sizeof mx_answer; n++) {
    g_autofree uint8_t *cut = g_memdup2(mx_answer, n);
    at = dns_head_get(cut, n, &head);
    bool all = at && dns_question_get(cut, n, &at, &q) && dns_record_get(cut, n, &at, &r) &&
               dns_record_get(cut, n, &at, &r);
    g_assert_false(all);
  }
}

static void
test_soa_txt_and_pointers_far_away(void)
{
  uint8_t out[65535];
  struct dns_writer w;
  struct dns_head head = {.id = 7, .response = true, .rcode = DNS_RCODE_NO_NAME};
  dns_writer_begin(&w, out, sizeof out, &head);
  dns_writer_question(&w, "nobody.test", DNS_RR_A, DNS_CLASS_IN);
  g_autofree char *text = g_strnfill(255, 'x');
  for (unsigned i = 0; i < 90; i++) {
    g_autofree char *name = g_strdup_printf("n%u.example.test", i);
    dns_writer_txt(&w, DNS_ANSWER, name, 1, text);
  }
  dns_writer_soa(&w, DNS_AUTHORITY, "test", 60,
                 &(struct dns_soa){"ns.n89.example.test", "postmaster.test", 1, 2, 3, 4, 5});
  size_t n = dns_writer_end(&w);
  g_assert_cmpuint(n, >, 0x4000);
  struct dns_question q;
  struct dns_record r;
  struct dns_head got;
  size_t at = dns_head_get(out, n, &got);
  g_assert_cmpuint(got.rcode, ==, DNS_RCODE_NO_NAME);
  g_assert_cmpuint(got.n_answers, ==, 90);
  g_assert_cmpuint(got.n_authorities, ==, 1);
  g_assert_true(dns_question_get(out, n, &at, &q));
  for (unsigned i = 0; i < 90; i++) {
    g_autofree char *name = g_strdup_printf("n%u.example.test", i);
    g_assert_true(dns_record_get(out, n, &at, &r));
    g_assert_cmpstr(r.name, ==, name);
    g_assert_cmpuint(r.data_octets, ==, 256);
  }
  g_assert_true(dns_record_get(out, n, &at, &r));
  g_assert_cmpstr(r.name, ==, "test");
  char primary[DNS_NAME_TEXT_MAX];
  g_assert_cmpuint(dns_name_get(out, n, r.data_at, primary), >, 0);
  g_assert_cmpstr(primary, ==, "ns.n89.example.test");
  g_assert_cmpuint(at, ==, n);
}

static void
test_header_table_tiles(void)
{
  g_assert_true(wire_tiles(&dns_header));
  uint8_t octets[DNS_HEADER_OCTETS];
  struct dns_head head = {.id = 0xbeef,
                          .opcode = 5,
                          .truncated = true,
                          .rcode = 9,
                          .checking_disabled = true,
                          .n_additionals = 3};
  dns_head_put(octets, &head);
  g_assert_cmpuint(wire_get(octets, wire_find(&dns_header, "dns.flags.opcode")), ==, 5);
  g_assert_cmpuint(wire_get(octets, wire_find(&dns_header, "dns.flags.truncated")), ==, 1);
  g_assert_cmpuint(wire_get(octets, wire_find(&dns_header, "dns.flags.checkdisable")), ==, 1);
  g_assert_cmpuint(wire_get(octets, wire_find(&dns_header, "dns.flags.rcode")), ==, 9);
  g_assert_cmpuint(wire_get(octets, wire_find(&dns_header, "dns.count.add_rr")), ==, 3);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dns/header-table-tiles-and-agrees", test_header_table_tiles);
  g_test_add_func("/dns/names-of-rfc-1035", test_names_of_rfc_1035);
  g_test_add_func("/dns/hostile-names-end", test_hostile_names_end);
  g_test_add_func("/dns/longest-name-fits", test_longest_name_fits);
  g_test_add_func("/dns/impossible-names-are-not-written", test_names_that_cannot_be_written);
  g_test_add_func("/dns/writer-gives-hand-laid-octets",
                  test_writer_gives_the_octets_laid_out_by_hand);
  g_test_add_func("/dns/reader-walks-sections-and-cuts",
                  test_reader_walks_every_section_and_every_cut);
  g_test_add_func("/dns/far-pointers-and-many-names", test_soa_txt_and_pointers_far_away);
  return g_test_run();
}
