/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-resolver.c -- the walk from the root: referrals, glue, aliases, caches, long answers, and
 * servers that are silent, old or wrong. Expected values are worked out by hand from the RFCs. */
#include <string.h>

#include "capture/wire/bytes.h"
#include "capture/wire/dns.h"
#include "capture/wire/frame.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)
#define TEXT60 "sixty-octets-of-text-so-that-a-few-of-them-do-not-fit-together"

static const char tree[] =
    "hosts:\n"
    "  pc: {address: 10.0.0.2/24, dns: res}\n"
    "  res: {kind: server, address: 10.0.0.53/24, resolver: true}\n"
    "  root: {kind: server, address: 10.0.0.10/24}\n"
    "  tld: {kind: server, address: 10.0.0.20/24}\n"
    "  tld2: {kind: server, address: 10.0.0.21/24}\n"
    "  nsa: {kind: server, address: 10.0.0.30/24}\n"
    "  nsb: {kind: server, address: 10.0.0.31/24}\n"
    "  nsb2: {kind: server, address: 10.0.0.32/24}\n"
    "  sw: {kind: switch}\n"
    "links:\n"
    "  lpc: {ends: [pc, sw]}\n"
    "  lres: {ends: [res, sw]}\n"
    "  lroot: {ends: [root, sw]}\n"
    "  ltld: {ends: [tld, sw]}\n"
    "  ltld2: {ends: [tld2, sw]}\n"
    "  lnsa: {ends: [nsa, sw]}\n"
    "  lnsb: {ends: [nsb, sw]}\n"
    "  lnsb2: {ends: [nsb2, sw]}\n"
    "zones:\n"
    "  '.': {server: root}\n"
    "  test: {server: tld}\n"
    "  example: {server: tld2}\n"
    "  alice.test:\n"
    "    server: nsa\n"
    "    ttl: 100s\n"
    "    negative_ttl: 30s\n"
    "    records:\n"
    "      - {name: www, type: CNAME, value: web.bob.test.}\n"
    "      - {name: plain, value: 10.0.0.80}\n"
    "      - {name: ring, type: CNAME, value: ring.bob.test.}\n"
    "      - {name: '*.wild', value: 10.0.0.81}\n"
    "      - {name: here.wild, value: 10.0.0.82}\n"
    "      - {name: middle, type: TXT, value: '1" TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: middle, type: TXT, value: '2" TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: middle, type: TXT, value: '3" TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: long, type: TXT, value: '1" TEXT60 TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: long, type: TXT, value: '2" TEXT60 TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: long, type: TXT, value: '3" TEXT60 TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: long, type: TXT, value: '4" TEXT60 TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: long, type: TXT, value: '5" TEXT60 TEXT60 TEXT60 TEXT60 "'}\n"
    "      - {name: long, type: TXT, value: '6" TEXT60 TEXT60 TEXT60 TEXT60 "'}\n"
    "  bob.test:\n"
    "    server: [nsb, nsb2]\n"
    "    records:\n"
    "      - {name: web, value: 10.0.0.90}\n"
    "      - {name: web, type: AAAA, value: '2001:db8::90'}\n"
    "      - {name: ring, type: CNAME, value: ring.alice.test.}\n"
    "      - {name: '@', type: MX, preference: 5, value: web}\n"
    "  carol.example:\n"
    "    server: nsb\n"
    "    records:\n"
    "      - {name: '@', type: NS, value: ns1.bob.test.}\n"
    "      - {name: www, value: 10.0.0.95}\n"
    "  0.0.10.in-addr.arpa:\n"
    "    server: nsa\n"
    "    records: [{name: '90', type: PTR, value: web.bob.test.}]\n"
    "  8.b.d.0.1.0.0.2.ip6.arpa:\n"
    "    server: nsa\n"
    "    records:\n"
    "      - {name: 0.9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0, type: PTR, "
    "value: web.bob.test.}\n";

/* ---- asking ---- */

struct asked {
  bool is_done;
  enum dns_status status;
  unsigned n;
  struct dns_answer answers[8];
  int64_t took_ns;
  struct world *world;
};

static void
done(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  struct asked *a = data;
  g_assert_false(a->is_done);
  a->is_done = true;
  a->status = status;
  a->n = n;
  a->took_ns = world_now(a->world) - a->took_ns;
  if (n > 0)
    memcpy(a->answers, answers, MIN(n, 8) * sizeof *answers);
}

static struct asked
ask(struct rig *r, const char *name, uint16_t type)
{
  struct asked a = {.world = r->world, .took_ns = world_now(r->world)};
  net_resolve(r->net, rig_host(r, "pc"), name, type, done, &a);
  rig_run(r, world_now(r->world) + 20 * SECOND);
  g_assert_true(a.is_done);
  return a;
}

static void
assert_addr(const struct asked *a, const char *want)
{
  char text[ADDR_TEXT_MAX];
  g_assert_cmpint(a->status, ==, DNS_FOUND);
  g_assert_cmpstr(ip_addr_format(&a->answers[0].addr, text), ==, want);
}

/* ---- what was said ---- */

struct message {
  struct dns_head head;
  struct dns_question question;
  struct ip_addr to;
  const uint8_t *octets;
  size_t n;
};

/* The messages over UDP that a host made since frame `first`: struct message. */
static GArray *
sent(const struct rig *r, const char *host, unsigned first)
{
  GArray *out = g_array_new(FALSE, TRUE, sizeof(struct message));
  for (unsigned i = first; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l;
    frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
    if (!f->is_sender || f->from_host != rig_host(r, host) || l.ip_proto != IP_PROTO_UDP)
      continue;
    struct message m = {.to = l.dst, .octets = f->octets + l.payload_offset, .n = l.payload_octets};
    size_t at = dns_head_get(m.octets, m.n, &m.head);
    g_assert_cmpuint(at, >, 0);
    g_assert_true(dns_question_get(m.octets, m.n, &at, &m.question));
    g_array_append_val(out, m);
  }
  return out;
}

/* "10.0.0.10 10.0.0.20 ": whom the resolver asked, in order. */
static char *
asked_by_resolver(const struct rig *r, unsigned first)
{
  g_autoptr(GArray) all = sent(r, "res", first);
  GString *out = g_string_new(NULL);
  for (unsigned i = 0; i < all->len; i++) {
    const struct message *m = &g_array_index(all, struct message, i);
    char text[ADDR_TEXT_MAX];
    if (m->head.response)
      continue;
    g_assert_false(m->head.recursion_desired);
    g_string_append_printf(out, "%s ", ip_addr_format(&m->to, text));
  }
  return g_string_free(out, FALSE);
}

static void
assert_asked(const struct rig *r, unsigned first, const char *want)
{
  g_autofree char *got = asked_by_resolver(r, first);
  g_assert_cmpstr(got, ==, want);
}

static unsigned
count_tcp(const struct rig *r, const char *host, uint8_t flags)
{
  unsigned n = 0;
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l;
    frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
    n += f->is_sender && f->from_host == rig_host(r, host) && l.ip_proto == IP_PROTO_TCP &&
         (f->octets[l.transport_offset + 13] & flags) == flags;
  }
  return n;
}

/* ---- the walk ---- */

static void
test_walk_from_the_root(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "www.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.90");
  g_assert_cmpstr(a.answers[0].name, ==, "web.bob.test");
  /* root, test, alice.test: an alias; for its target the servers of test are known by now */
  assert_asked(&r, 0, "10.0.0.10 10.0.0.20 10.0.0.30 10.0.0.20 10.0.0.31 ");

  g_autoptr(GArray) by_root = sent(&r, "root", 0);
  g_assert_cmpuint(by_root->len, ==, 1);
  const struct dns_head *h = &g_array_index(by_root, struct message, 0).head;
  g_assert_true(!h->authoritative && h->rcode == DNS_RCODE_OK && !h->recursion_available);
  g_assert_cmpuint(h->n_answers, ==, 0);
  g_assert_cmpuint(h->n_authorities, ==, 1); /* test NS ns.test */
  g_assert_cmpuint(h->n_additionals, ==, 2); /* its address as glue, and OPT */
  g_autoptr(GArray) by_nsa = sent(&r, "nsa", 0);
  h = &g_array_index(by_nsa, struct message, 0).head;
  g_assert_true(h->authoritative && h->n_answers == 1);
  g_autoptr(GArray) by_res = sent(&r, "res", 0);
  h = &g_array_index(by_res, struct message, by_res->len - 1).head;
  g_assert_true(h->response && h->recursion_available && !h->authoritative);
  g_assert_cmpuint(h->n_answers, ==, 2);     /* the alias and the address */
  g_assert_cmpuint(h->n_additionals, ==, 0); /* asked without EDNS: no OPT */

  /* what is known now shortens the way */
  unsigned first = r.frames->len;
  a = ask(&r, "bob.test", DNS_TYPE_MX);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  assert_asked(&r, first, "10.0.0.31 ");
  first = r.frames->len;
  a = ask(&r, "WWW.Alice.TEST", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.90");
  assert_asked(&r, first, "");
  g_assert_cmpstr(rig_value(&r, "res", "resolve www.alice.test A", "1"), ==,
                  "asks=10.0.0.10 server=- zone=.");
  g_assert_cmpstr(rig_value(&r, "res", "resolve www.alice.test A", "2"), ==,
                  "asks=10.0.0.20 server=ns.test zone=test");
  rig_clear(&r);
}

static void
test_glue_is_no_answer(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  ask(&r, "web.bob.test", DNS_TYPE_A);
  unsigned first = r.frames->len;
  /* its address came as glue from the servers of test; an answer has to come from bob.test itself
   */
  struct asked a = ask(&r, "ns1.bob.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.31");
  assert_asked(&r, first, "10.0.0.31 ");
  rig_clear(&r);
}

static void
test_server_without_glue_is_looked_up_first(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "www.carol.example", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.95");
  /* root, example: "ask ns1.bob.test", whose address: root, test, bob.test; then carol.example */
  assert_asked(&r, 0, "10.0.0.10 10.0.0.21 10.0.0.10 10.0.0.20 10.0.0.31 10.0.0.31 ");
  rig_clear(&r);
}

static void
test_next_server_answers_for_a_silent_one(void)
{
  struct rig r;
  g_autofree char *yaml = g_strconcat(
      tree, "faults:\n  - {link: lnsb, from: nsb, of: udp, drop: 1, times: 1000}\n", NULL);
  rig_init(&r, yaml, 1);
  struct asked a = ask(&r, "web.bob.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.90");
  assert_asked(&r, 0, "10.0.0.10 10.0.0.20 10.0.0.31 10.0.0.32 ");
  g_assert_cmpint(a.took_ns / SECOND, ==, 1); /* before the stub asks again */
  rig_clear(&r);
}

static void
test_rings_across_zones_end(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  g_assert_cmpint(ask(&r, "ring.alice.test", DNS_TYPE_A).status, ==, DNS_FAILED);
  g_autoptr(GArray) by_res = sent(&r, "res", 0);
  g_assert_cmpuint(g_array_index(by_res, struct message, by_res->len - 1).head.rcode, ==,
                   DNS_RCODE_SERVER);
  rig_clear(&r);
}

static void
test_wildcards(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "any.thing.wild.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.81");
  g_assert_cmpstr(a.answers[0].name, ==, "any.thing.wild.alice.test");
  a = ask(&r, "here.wild.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.82");
  /* RFC 4592 2.2.1: below a name that is there the star does not stand in */
  g_assert_cmpint(ask(&r, "x.here.wild.alice.test", DNS_TYPE_A).status, ==, DNS_NO_NAME);
  g_assert_cmpint(ask(&r, "any.wild.alice.test", DNS_TYPE_MX).status, ==, DNS_NO_DATA);
  rig_clear(&r);
}

static void
test_reverse_names(void)
{
  struct rig r;
  char name[DNS_REVERSE_MAX];
  struct ip_addr addr;
  rig_init(&r, tree, 1);
  g_assert_true(ip_addr_parse("10.0.0.90", &addr));
  g_assert_cmpstr(dns_reverse_name(&addr, name), ==, "90.0.0.10.in-addr.arpa");
  struct asked a = ask(&r, name, DNS_TYPE_PTR);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpstr(a.answers[0].name, ==, "web.bob.test");
  g_assert_true(ip_addr_parse("2001:db8::90", &addr));
  g_assert_cmpstr(dns_reverse_name(&addr, name), ==,
                  "0.9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  a = ask(&r, name, DNS_TYPE_PTR);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpstr(a.answers[0].name, ==, "web.bob.test");
  rig_clear(&r);
}

static void
test_every_type_is_answered(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "web.bob.test", DNS_TYPE_AAAA);
  assert_addr(&a, "2001:db8::90");
  a = ask(&r, "bob.test", DNS_TYPE_NS);
  g_assert_cmpuint(a.n, ==, 2);
  g_assert_cmpstr(a.answers[1].name, ==, "ns2.bob.test");
  a = ask(&r, "bob.test", DNS_TYPE_SOA);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpstr(a.answers[0].name, ==, "ns1.bob.test");
  a = ask(&r, "www.alice.test", DNS_TYPE_CNAME);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpstr(a.answers[0].name, ==, "web.bob.test");
  rig_clear(&r);
}

/* The same Internet without a single IPv4 address on the way: 10.0.0.N becomes 2001:db8::N. */
static void
test_walk_over_ipv6(void)
{
  struct rig r;
  g_autoptr(GRegex) regex = g_regex_new("10\\.0\\.0\\.(\\d+)/24", 0, 0, NULL);
  g_autofree char *yaml = g_regex_replace(regex, tree, -1, 0, "'2001:db8::\\1/64'", 0, NULL);
  rig_init(&r, yaml, 1);
  struct asked a = ask(&r, "www.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.90");
  assert_asked(&r, 0, "2001:db8::10 2001:db8::20 2001:db8::30 2001:db8::20 2001:db8::31 ");
  g_autoptr(GArray) by_root = sent(&r, "root", 0);
  const struct dns_head *h = &g_array_index(by_root, struct message, 0).head;
  g_assert_cmpuint(h->n_additionals, ==, 2); /* the glue is an AAAA record, and OPT */
  /* over TCP as well */
  a = ask(&r, "middle.alice.test", DNS_TYPE_TXT);
  g_assert_cmpuint(a.n, ==, 3);
  g_assert_cmpuint(count_tcp(&r, "pc", TCP_FIN), ==, 1);
  /* the address of a server without glue is asked for as AAAA */
  a = ask(&r, "www.carol.example", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.95");
  rig_clear(&r);
}

/* ---- the cache ---- */

static void
test_ttl_counts_down(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "plain.alice.test", DNS_TYPE_A); /* known since about 0 s */
  g_assert_cmpuint(a.answers[0].ttl_s, ==, 100);
  rig_run(&r, 40 * SECOND);
  a = ask(&r, "plain.alice.test", DNS_TYPE_A);
  g_assert_cmpuint(a.answers[0].ttl_s, ==, 60);
  rig_run(&r, 101 * SECOND);
  unsigned first = r.frames->len;
  a = ask(&r, "plain.alice.test", DNS_TYPE_A);
  g_assert_cmpuint(a.answers[0].ttl_s, ==, 100);
  /* the delegation of alice.test lived as long as its zone says, and so is asked for again */
  assert_asked(&r, first, "10.0.0.20 10.0.0.30 ");
  g_assert_cmpstr(rig_value(&r, "res", "dns", "plain.alice.test A"), ==, "10.0.0.80 ttl=100");
  rig_clear(&r);
}

/* The TTL of the SOA in the last answer of the resolver. */
static uint32_t
soa_ttl(const struct rig *r)
{
  g_autoptr(GArray) all = sent(r, "res", 0);
  const struct message *m = &g_array_index(all, struct message, all->len - 1);
  struct dns_question q;
  struct dns_record record;
  size_t at = DNS_HEADER_OCTETS;
  g_assert_true(dns_question_get(m->octets, m->n, &at, &q));
  g_assert_cmpuint(m->head.n_authorities, ==, 1);
  g_assert_true(dns_record_get(m->octets, m->n, &at, &record));
  g_assert_cmpuint(record.type, ==, DNS_RR_SOA);
  return record.ttl_s;
}

static void
test_no_is_remembered_as_long_as_the_soa_says(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  g_assert_cmpint(ask(&r, "nobody.alice.test", DNS_TYPE_A).status, ==, DNS_NO_NAME);
  g_assert_cmpuint(soa_ttl(&r), ==, 30);
  unsigned first = r.frames->len;
  /* RFC 2308 5: NXDOMAIN is about the name, whatever the type; its SOA counts down (6) */
  g_assert_cmpint(ask(&r, "nobody.alice.test", DNS_TYPE_MX).status, ==, DNS_NO_NAME);
  g_assert_cmpuint(soa_ttl(&r), ==, 10); /* 20 s later, as ask() waits so long */
  assert_asked(&r, first, "");
  first = r.frames->len;
  g_assert_cmpint(ask(&r, "nobody.alice.test", DNS_TYPE_A).status, ==, DNS_NO_NAME);
  assert_asked(&r, first, "10.0.0.30 ");
  /* NODATA is about name and type */
  first = r.frames->len;
  g_assert_cmpint(ask(&r, "plain.alice.test", DNS_TYPE_MX).status, ==, DNS_NO_DATA);
  assert_asked(&r, first, "10.0.0.30 ");
  struct asked a = ask(&r, "plain.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.80");
  g_assert_cmpstr(rig_value(&r, "res", "dns", "plain.alice.test MX"), ==, "NODATA ttl=30");
  rig_clear(&r);
}

/* ---- long answers ---- */

static void
test_middle_answer_fits_with_edns_only(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "middle.alice.test", DNS_TYPE_TXT);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpuint(a.n, ==, 3);
  g_assert_cmpstr(a.answers[2].name, ==, "3" TEXT60 TEXT60 TEXT60);
  /* between the servers EDNS carries it; the stub, without EDNS, has to go over to TCP */
  g_assert_cmpuint(count_tcp(&r, "nsa", TCP_SYN), ==, 0);
  g_assert_cmpuint(count_tcp(&r, "pc", TCP_SYN), ==, 1);
  g_assert_cmpuint(count_tcp(&r, "pc", TCP_RST), ==, 0);
  g_assert_cmpuint(count_tcp(&r, "pc", TCP_FIN), ==, 1);
  g_assert_cmpuint(count_tcp(&r, "res", TCP_FIN), ==, 1);
  g_autoptr(GArray) by_nsa = sent(&r, "nsa", 0);
  const struct message *m = &g_array_index(by_nsa, struct message, by_nsa->len - 1);
  g_assert_cmpuint(m->n, >, 512);
  g_assert_false(m->head.truncated);
  g_autoptr(GArray) by_res = sent(&r, "res", 0);
  m = &g_array_index(by_res, struct message, by_res->len - 1);
  g_assert_true(m->head.truncated);
  g_assert_cmpuint(m->head.n_answers, ==, 0);
  rig_clear(&r);
}

static void
test_long_answer_comes_over_tcp(void)
{
  struct rig r;
  rig_init(&r, tree, 1);
  struct asked a = ask(&r, "long.alice.test", DNS_TYPE_TXT);
  g_assert_cmpuint(a.n, ==, 6);
  g_assert_cmpstr(a.answers[5].name, ==, "6" TEXT60 TEXT60 TEXT60 TEXT60);
  g_assert_cmpuint(count_tcp(&r, "res", TCP_SYN), ==, 2); /* to nsa, and SYN+ACK to pc */
  g_assert_cmpuint(count_tcp(&r, "nsa", TCP_SYN | TCP_ACK), ==, 1);
  rig_clear(&r);
}

/* ---- octets laid out by hand ---- */

struct heard {
  uint8_t octets[1500];
  size_t n;
};

static void
hear(void *data, const struct ip_addr *from, uint16_t from_port, const uint8_t *p, size_t n)
{
  struct heard *h = data;
  g_assert_cmpuint(n, <=, sizeof h->octets);
  memcpy(h->octets, p, n);
  h->n = n;
}

/* Sends octets to port 53 of nsa and returns what comes back. */
static struct heard
say(struct rig *r, const uint8_t *p, size_t n)
{
  struct heard h = {.n = 0};
  struct ip_addr to = rig_addr(r, "nsa");
  struct host *pc = r->net->hosts[rig_host(r, "pc")];
  g_assert_cmpuint(udp_bind(pc, 5353, hear, NULL, &h), ==, 5353);
  udp_send(pc, 5353, &to, 53, p, n);
  rig_run(r, world_now(r->world) + SECOND);
  udp_unbind(pc, 5353);
  return h;
}

/* id 0x1234, one question: pLAIN.alice.test A IN */
#define QUESTION                                                                                   \
  "\x05pLAIN\x05"                                                                                  \
  "alice\x04test\0\0\x01\0\x01"
#define QUESTION_OCTETS 22u

static void
test_plain_question_by_hand(void)
{
  static const uint8_t q[] = "\x12\x34\0\0\0\x01\0\0\0\0\0\0" QUESTION;
  static const uint8_t want[] = "\x12\x34\x84\0\0\x01\0\x01\0\0\0\0" QUESTION
                                "\xc0\x0c\0\x01\0\x01\0\0\0\x64\0\x04\x0a\0\0\x50";
  struct rig r;
  rig_init(&r, tree, 1);
  struct heard h = say(&r, q, sizeof q - 1);
  g_assert_cmpmem(h.octets, h.n, want, sizeof want - 1);
  rig_clear(&r);
}

static void
test_edns_by_hand(void)
{
  /* an OPT record: root, type 41, 4096 octets, extended code 0, version 0, DO set, no data */
  static const uint8_t q[] =
      "\x12\x34\0\0\0\x01\0\0\0\0\0\x01" QUESTION "\0\0\x29\x10\0\0\0\x80\0\0\0";
  static const uint8_t want[] = "\x12\x34\x84\0\0\x01\0\x01\0\0\0\x01" QUESTION
                                "\xc0\x0c\0\x01\0\x01\0\0\0\x64\0\x04\x0a\0\0\x50"
                                "\0\0\x29\x04\xd0\0\0\0\0\0\0";
  /* the same with version 1: BADVERS is 16, whose upper bits stand in the OPT record */
  static const uint8_t q1[] =
      "\x12\x34\0\0\0\x01\0\0\0\0\0\x01" QUESTION "\0\0\x29\x10\0\0\x01\0\0\0\0";
  static const uint8_t want1[] =
      "\x12\x34\x80\0\0\x01\0\0\0\0\0\x01" QUESTION "\0\0\x29\x04\xd0\x01\0\0\0\0\0";
  struct rig r;
  rig_init(&r, tree, 1);
  struct heard h = say(&r, q, sizeof q - 1);
  g_assert_cmpmem(h.octets, h.n, want, sizeof want - 1);
  h = say(&r, q1, sizeof q1 - 1);
  g_assert_cmpmem(h.octets, h.n, want1, sizeof want1 - 1);
  rig_clear(&r);
}

static void
test_errors_by_hand(void)
{
  /* opcode 4 (NOTIFY), class CH, a name of nobody's, a record that breaks off, no question */
  static const struct {
    const char *octets;
    size_t n;
    int rcode; /* -1: silence */
  } cases[] = {
      {"\x12\x34\x20\0\0\x01\0\0\0\0\0\0" QUESTION, 12 + QUESTION_OCTETS,
       DNS_RCODE_NOT_IMPLEMENTED},
      {"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x05plain\x05"
       "alice\x04test\0\0\x01\0\x03",
       12 + QUESTION_OCTETS, DNS_RCODE_REFUSED},
      {"\x12\x34\0\0\0\x01\0\0\0\0\0\0\x03two\0\0\x01\0\x01", 12 + 9, DNS_RCODE_REFUSED},
      {"\x12\x34\0\0\0\x01\0\0\0\0\0\x01" QUESTION "\0\0\x29", 12 + QUESTION_OCTETS + 3,
       DNS_RCODE_FORMAT},
      {"\x12\x34\0\0\0\0\0\0\0\0\0\0", 12, -1},
      {"\x12\x34\x80\0\0\x01\0\0\0\0\0\0" QUESTION, 12 + QUESTION_OCTETS, -1},
  };
  struct rig r;
  rig_init(&r, tree, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
    struct heard h = say(&r, (const uint8_t *)cases[i].octets, cases[i].n);
    if (cases[i].rcode < 0) {
      g_assert_cmpuint(h.n, ==, 0);
      continue;
    }
    g_assert_cmpuint(h.n, >=, 12);
    g_assert_cmpuint(get_be16(h.octets), ==, 0x1234);
    g_assert_cmpint(h.octets[3] & 15, ==, cases[i].rcode);
  }
  rig_clear(&r);
}

/* ---- servers that are not ours ---- */

/* A server in place of nsa: counts questions, answers as `mode` says. */
struct stranger {
  struct host *host;
  enum { OLD, FORGER, LAME } mode;
  unsigned n_asked, n_with_opt;
};

static void
answer_with(const struct stranger *s, const struct ip_addr *to, uint16_t port, uint16_t id,
            const struct dns_question *q, uint8_t rcode, const char *addr)
{
  uint8_t out[512];
  struct dns_writer w;
  struct ip_addr a;
  dns_writer_begin(&w, out, sizeof out,
                   &(struct dns_head){
                       .id = id, .response = true, .authoritative = addr != NULL, .rcode = rcode});
  dns_writer_question(&w, q->name, q->type, q->class);
  if (addr) {
    g_assert_true(ip_addr_parse(addr, &a));
    /* an alias, and what its target's own servers alone may say: must not be believed */
    if (dns_name_equal(q->name, "www.alice.test")) {
      dns_writer_name(&w, DNS_ANSWER, q->name, DNS_RR_CNAME, 60, "web.bob.test");
      dns_writer_address(&w, DNS_ANSWER, "web.bob.test", 60, &a);
    } else {
      dns_writer_address(&w, DNS_ANSWER, q->name, 60, &a);
    }
  }
  size_t n = dns_writer_end(&w);
  udp_send(s->host, 53, to, port, out, n);
}

static void
stranger_receive(void *data, const struct ip_addr *from, uint16_t port, const uint8_t *p, size_t n)
{
  struct stranger *s = data;
  struct dns_head h;
  struct dns_question q;
  size_t at = dns_head_get(p, n, &h);
  g_assert_true(at && dns_question_get(p, n, &at, &q));
  s->n_asked++;
  s->n_with_opt += h.n_additionals;
  if (s->mode == OLD && h.n_additionals) {
    answer_with(s, from, port, h.id, &q, DNS_RCODE_FORMAT, NULL);
  } else if (s->mode == LAME) {
    answer_with(s, from, port, h.id, &q, DNS_RCODE_REFUSED, NULL);
  } else {
    if (s->mode == FORGER) { /* guesses first: another id, another question */
      struct dns_question other = q;
      g_strlcpy(other.name, "plain.alice.tesT.x", sizeof other.name);
      answer_with(s, from, port, h.id ^ 1, &q, DNS_RCODE_OK, "10.6.6.6");
      answer_with(s, from, port, h.id, &other, DNS_RCODE_OK, "10.6.6.6");
    }
    answer_with(s, from, port, h.id, &q, DNS_RCODE_OK, "10.0.0.80");
  }
}

static void
init_with_stranger(struct rig *r, struct stranger *s)
{
  rig_init(r, tree, 1);
  s->host = r->net->hosts[rig_host(r, "nsa")];
  udp_unbind(s->host, 53);
  g_assert_cmpuint(udp_bind(s->host, 53, stranger_receive, NULL, s), ==, 53);
}

static void
test_old_server_is_asked_without_edns(void)
{
  struct rig r;
  struct stranger s = {.mode = OLD};
  init_with_stranger(&r, &s);
  struct asked a = ask(&r, "plain.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.80");
  g_assert_cmpuint(s.n_asked, ==, 2);
  g_assert_cmpuint(s.n_with_opt, ==, 1);
  rig_clear(&r);
}

static void
test_answers_that_do_not_fit_are_ignored(void)
{
  struct rig r;
  struct stranger s = {.mode = FORGER};
  init_with_stranger(&r, &s);
  struct asked a = ask(&r, "plain.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.80");
  /* nor does the server of alice.test have a say in bob.test */
  a = ask(&r, "www.alice.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.90");
  rig_clear(&r);
}

static void
test_lame_server_is_left_alone(void)
{
  struct rig r;
  struct stranger s = {.mode = LAME};
  init_with_stranger(&r, &s);
  struct asked a = ask(&r, "plain.alice.test", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FAILED);
  g_assert_cmpint(a.took_ns, <, SECOND);
  g_assert_cmpuint(s.n_asked, ==, 1);
  rig_clear(&r);
}

/* ---- the stub ---- */

static void
test_stub_asks_its_next_resolver(void)
{
  /* nsa refuses, nobody listens at pc2, res knows */
  struct rig r;
  g_autoptr(GString) yaml = g_string_new(tree);
  const char *one = "dns: res";
  gsize at = (gsize)(strstr(yaml->str, one) - yaml->str);
  g_string_erase(yaml, (gssize)at, (gssize)strlen(one));
  g_string_insert(yaml, (gssize)at, "dns: [nsa, 10.0.0.2, res]");
  rig_init(&r, yaml->str, 1);
  struct asked a = ask(&r, "web.bob.test", DNS_TYPE_A);
  assert_addr(&a, "10.0.0.90");
  rig_clear(&r);
}

static void
test_ids_and_ports_differ_and_come_from_the_seed(void)
{
  uint16_t ids[3][6];
  for (unsigned run = 0; run < 3; run++) {
    struct rig r;
    rig_init(&r, tree, run == 2 ? 2 : 1);
    ask(&r, "www.alice.test", DNS_TYPE_A);
    g_autoptr(GArray) all = sent(&r, "res", 0);
    g_assert_cmpuint(all->len, ==, 6);
    for (unsigned i = 0; i < 6; i++)
      ids[run][i] = g_array_index(all, struct message, i).head.id;
    for (unsigned i = 1; i < 5; i++)
      g_assert_cmpuint(ids[run][i], !=, ids[run][i - 1]);
    rig_clear(&r);
  }
  g_assert_cmpmem(ids[0], sizeof ids[0], ids[1], sizeof ids[1]);
  g_assert_cmpint(memcmp(ids[0], ids[2], sizeof ids[0]), !=, 0);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define TEST(name) g_test_add_func("/resolver/" #name, test_##name)
  TEST(walk_from_the_root);
  TEST(glue_is_no_answer);
  TEST(server_without_glue_is_looked_up_first);
  TEST(next_server_answers_for_a_silent_one);
  TEST(rings_across_zones_end);
  TEST(wildcards);
  TEST(reverse_names);
  TEST(every_type_is_answered);
  TEST(walk_over_ipv6);
  TEST(ttl_counts_down);
  TEST(no_is_remembered_as_long_as_the_soa_says);
  TEST(middle_answer_fits_with_edns_only);
  TEST(long_answer_comes_over_tcp);
  TEST(plain_question_by_hand);
  TEST(edns_by_hand);
  TEST(errors_by_hand);
  TEST(old_server_is_asked_without_edns);
  TEST(answers_that_do_not_fit_are_ignored);
  TEST(lame_server_is_left_alone);
  TEST(stub_asks_its_next_resolver);
  TEST(ids_and_ports_differ_and_come_from_the_seed);
  return g_test_run();
}
