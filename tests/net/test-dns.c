/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-dns.c -- names are asked for on the wire: stub, resolver with cache, servers with authority.
 */
#include <string.h>

#include "capture/wire/dns.h"
#include "capture/wire/frame.h"
#include "sim/net/host.h"
#include "tests/net/rig.h"

#define SECOND INT64_C(1000000000)

#define HOSTS(resolver)                                                                            \
  "hosts:\n"                                                                                       \
  "  pc: {address: 10.0.0.1/24, dns: res}\n"                                                       \
  "  res: {kind: server, address: 10.0.0.53/24" resolver "}\n"                                     \
  "  ns: {kind: server, address: 10.0.0.54/24}\n"                                                  \
  "  other: {kind: server, address: 10.0.0.55/24}\n"                                               \
  "  sw: {kind: switch}\n"                                                                         \
  "links:\n"                                                                                       \
  "  lpc: {ends: [pc, sw]}\n"                                                                      \
  "  lres: {ends: [res, sw]}\n"                                                                    \
  "  lns: {ends: [ns, sw]}\n"                                                                      \
  "  lother: {ends: [other, sw]}\n"

#define ZONES                                                                                      \
  "zones:\n"                                                                                       \
  "  bob.test:\n"                                                                                  \
  "    server: ns\n"                                                                               \
  "    ttl: 100s\n"                                                                                \
  "    records:\n"                                                                                 \
  "      - {name: '@', type: MX, preference: 20, value: mx2}\n"                                    \
  "      - {name: '@', type: MX, preference: 10, value: mx1}\n"                                    \
  "      - {name: mx1, type: A, value: 10.0.0.25}\n"                                               \
  "      - {name: mx2, type: A, value: 10.0.0.26}\n"                                               \
  "      - {name: www, type: CNAME, value: web.alice.test.}\n"                                     \
  "      - {name: ring, type: CNAME, value: ring2}\n"                                              \
  "      - {name: ring2, type: CNAME, value: ring}\n"                                              \
  "      - {name: a.deep, type: A, value: 10.0.0.9}\n"                                             \
  "  alice.test:\n"                                                                                \
  "    server: other\n"                                                                            \
  "    records:\n"                                                                                 \
  "      - {name: web, type: A, value: 10.0.0.80}\n"

struct asked {
  bool is_done;
  enum dns_status status;
  unsigned n;
  struct dns_answer answers[8];
  int64_t done_ns;
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
  a->done_ns = world_now(a->world);
  if (n > 0)
    memcpy(a->answers, answers, MIN(n, 8) * sizeof *answers);
}

static struct asked
ask(struct rig *r, const char *name, uint16_t type)
{
  struct asked a = {.world = r->world};
  net_resolve(r->net, rig_host(r, "pc"), name, type, done, &a);
  g_assert_false(a.is_done);
  rig_run(r, world_now(r->world) + 20 * SECOND);
  g_assert_true(a.is_done);
  return a;
}

/* DNS messages that a host sent, and the last of them. */
static unsigned
count_sent(const struct rig *r, const char *host, struct dns_head *last, uint16_t *last_port)
{
  unsigned n = 0;
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    struct frame_layers l;
    frame_walk(LINK_ETHERNET, f->octets, f->n_octets, &l);
    if (!f->is_sender || f->from_host != rig_host(r, host) || l.ip_proto != IP_PROTO_UDP)
      continue;
    n++;
    if (last)
      g_assert_cmpuint(dns_head_get(f->octets + l.payload_offset, l.payload_octets, last), >, 0);
    if (last_port)
      *last_port = l.src_port;
  }
  return n;
}

static void
assert_addr(const struct dns_answer *a, const char *want)
{
  char text[ADDR_TEXT_MAX];
  g_assert_cmpstr(ip_addr_format(&a->addr, text), ==, want);
}

static void
test_authority(void)
{
  struct rig r;
  rig_init(&r,
           "hosts:\n  pc: {address: 10.0.0.1/24, dns: ns}\n  ns: {address: 10.0.0.54/24}\n"
           "  other: {address: 10.0.0.55/24}\n  sw: {kind: switch}\n"
           "links:\n  a: {ends: [pc, sw]}\n  b: {ends: [ns, sw]}\n  c: {ends: [other, sw]}\n" ZONES,
           1);
  struct dns_head head;
  struct asked a = ask(&r, "MX1.bob.TEST", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  assert_addr(&a.answers[0], "10.0.0.25");
  count_sent(&r, "ns", &head, NULL);
  g_assert_true(head.response && head.authoritative && head.recursion_desired);
  g_assert_false(head.recursion_available);
  /* The name server's own record is made. */
  a = ask(&r, "ns.bob.test", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  assert_addr(&a.answers[0], "10.0.0.54");
  /* Another server's zone is none of ours: REFUSED. */
  a = ask(&r, "web.alice.test", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FAILED);
  count_sent(&r, "ns", &head, NULL);
  g_assert_cmpuint(head.rcode, ==, DNS_RCODE_REFUSED);
  rig_clear(&r);
}

static void
test_mx_by_preference_with_addresses(void)
{
  struct rig r;
  rig_init(&r, HOSTS(", resolver: true") ZONES, 1);
  struct asked a = ask(&r, "bob.test", DNS_TYPE_MX);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpuint(a.n, ==, 2);
  g_assert_cmpstr(a.answers[0].name, ==, "mx1.bob.test");
  g_assert_cmpuint(a.answers[0].preference, ==, 10);
  g_assert_cmpstr(a.answers[1].name, ==, "mx2.bob.test");
  struct dns_head head;
  count_sent(&r, "res", &head, NULL);
  g_assert_cmpuint(head.n_additionals, ==, 2);
  g_assert_true(head.recursion_available);
  g_assert_false(head.authoritative);
  rig_clear(&r);
}

static void
test_names_that_are_not_there(void)
{
  struct rig r;
  rig_init(&r, HOSTS(", resolver: true") ZONES, 1);
  struct dns_head head;
  g_assert_cmpint(ask(&r, "nobody.bob.test", DNS_TYPE_A).status, ==, DNS_NO_NAME);
  count_sent(&r, "res", &head, NULL);
  g_assert_cmpuint(head.n_authorities, ==, 1); /* the SOA: RFC 2308 3 */
  g_assert_cmpint(ask(&r, "mx1.bob.test", DNS_TYPE_MX).status, ==, DNS_NO_DATA);
  count_sent(&r, "res", &head, NULL);
  g_assert_cmpuint(head.n_authorities, ==, 1);
  /* An empty name between others exists (RFC 8020). */
  g_assert_cmpint(ask(&r, "deep.bob.test", DNS_TYPE_A).status, ==, DNS_NO_DATA);
  g_assert_cmpint(ask(&r, "nowhere.example", DNS_TYPE_A).status, ==, DNS_NO_NAME);
  rig_clear(&r);
}

static void
test_cname_across_zones(void)
{
  struct rig r;
  rig_init(&r, HOSTS(", resolver: true") ZONES, 1);
  struct asked a = ask(&r, "www.bob.test", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  assert_addr(&a.answers[0], "10.0.0.80");
  g_assert_cmpstr(a.answers[0].name, ==, "web.alice.test");
  struct dns_head head;
  count_sent(&r, "res", &head, NULL);
  g_assert_cmpuint(head.n_answers, ==, 2);
  /* once more: all from the cache */
  unsigned before = count_sent(&r, "res", NULL, NULL);
  g_assert_cmpint(ask(&r, "www.bob.test", DNS_TYPE_A).status, ==, DNS_FOUND);
  g_assert_cmpuint(count_sent(&r, "res", NULL, NULL), ==, before + 1);
  rig_clear(&r);
}

static void
test_cname_rings_end(void)
{
  struct rig r;
  rig_init(&r, HOSTS(", resolver: true") ZONES, 1);
  g_assert_cmpint(ask(&r, "ring.bob.test", DNS_TYPE_A).status, ==, DNS_FAILED);
  rig_clear(&r);
}

static void
test_cache_and_ttl(void)
{
  struct rig r;
  rig_init(&r, HOSTS(", resolver: true") ZONES, 1);
  ask(&r, "mx1.bob.test", DNS_TYPE_A);
  g_assert_cmpuint(count_sent(&r, "ns", NULL, NULL), ==, 1);
  g_assert_cmpstr(rig_value(&r, "res", "dns", "mx1.bob.test A"), ==, "10.0.0.25 ttl=100");
  ask(&r, "mx1.bob.test", DNS_TYPE_A);
  g_assert_cmpuint(count_sent(&r, "ns", NULL, NULL), ==, 1);
  rig_run(&r, 101 * SECOND);
  ask(&r, "mx1.bob.test", DNS_TYPE_A);
  g_assert_cmpuint(count_sent(&r, "ns", NULL, NULL), ==, 2);
  /* "no" is remembered as well (RFC 2308) */
  ask(&r, "nobody.bob.test", DNS_TYPE_A);
  g_assert_cmpuint(count_sent(&r, "ns", NULL, NULL), ==, 3);
  g_assert_cmpint(ask(&r, "nobody.bob.test", DNS_TYPE_A).status, ==, DNS_NO_NAME);
  g_assert_cmpuint(count_sent(&r, "ns", NULL, NULL), ==, 3);
  g_assert_cmpstr(rig_value(&r, "res", "dns", "nobody.bob.test A"), ==, "NXDOMAIN ttl=100");
  rig_clear(&r);
}

static void
test_lost_question_is_asked_again(void)
{
  struct rig r;
  rig_init(&r,
           HOSTS(", resolver: true") ZONES "faults:\n  - {link: lpc, from: pc, of: udp, drop: 1}\n",
           1);
  uint16_t first_port, second_port;
  struct dns_head first, second;
  struct asked a = {.world = r.world};
  net_resolve(r.net, rig_host(&r, "pc"), "mx1.bob.test", DNS_TYPE_A, done, &a);
  rig_run(&r, SECOND);
  count_sent(&r, "pc", &first, &first_port);
  rig_run(&r, 10 * SECOND);
  g_assert_cmpuint(count_sent(&r, "pc", &second, &second_port), ==, 2);
  g_assert_cmpint(a.status, ==, DNS_FOUND);
  g_assert_cmpint(a.done_ns / SECOND, ==, 2);
  g_assert_cmpuint(first.id, !=, second.id);
  g_assert_cmpuint(first_port, !=, second_port);
  rig_clear(&r);
}

static void
test_dead_resolver_fails_after_three_tries(void)
{
  struct rig r;
  rig_init(&r,
           HOSTS(", resolver: true") ZONES
           "faults:\n  - {link: lpc, from: pc, of: udp, drop: 1, times: 100}\n",
           1);
  struct asked a = ask(&r, "mx1.bob.test", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FAILED);
  g_assert_cmpuint(count_sent(&r, "pc", NULL, NULL), ==, 3);
  g_assert_cmpint(a.done_ns, ==, 6 * SECOND);
  rig_clear(&r);
}

static void
test_no_server_at_the_port_fails_at_once(void)
{
  struct rig r;
  rig_init(&r, HOSTS("") ZONES, 1); /* res has no port 53 */
  struct asked a = ask(&r, "mx1.bob.test", DNS_TYPE_A);
  g_assert_cmpint(a.status, ==, DNS_FAILED);
  g_assert_cmpint(a.done_ns, <, SECOND);
  rig_clear(&r);
}

static void
test_no_resolver_set(void)
{
  struct rig r;
  rig_init(&r, HOSTS("") ZONES, 1);
  struct asked a = {.world = r.world};
  net_resolve(r.net, rig_host(&r, "other"), "mx1.bob.test", DNS_TYPE_A, done, &a);
  rig_run(&r, SECOND);
  g_assert_true(a.is_done && a.status == DNS_FAILED);
  g_assert_nonnull(rig_value(&r, "other", "log", "dns"));
  rig_clear(&r);
}

static void
test_dead_zone_server_is_servfail(void)
{
  struct rig r;
  rig_init(&r,
           HOSTS(", resolver: true") ZONES
           "faults:\n  - {link: lns, from: ns, of: udp, drop: 1, times: 100}\n",
           1);
  struct asked a = {.world = r.world};
  net_resolve(r.net, rig_host(&r, "pc"), "mx1.bob.test", DNS_TYPE_A, done, &a);
  rig_run(&r, 30 * SECOND);
  g_assert_true(a.is_done && a.status == DNS_FAILED);
  rig_clear(&r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/dns/authority", test_authority);
  g_test_add_func("/dns/mx-by-preference-with-addresses", test_mx_by_preference_with_addresses);
  g_test_add_func("/dns/names-that-are-not-there", test_names_that_are_not_there);
  g_test_add_func("/dns/cname-across-zones", test_cname_across_zones);
  g_test_add_func("/dns/cname-rings-end", test_cname_rings_end);
  g_test_add_func("/dns/cache-and-ttl", test_cache_and_ttl);
  g_test_add_func("/dns/lost-question-is-asked-again", test_lost_question_is_asked_again);
  g_test_add_func("/dns/dead-resolver-fails-after-three-tries",
                  test_dead_resolver_fails_after_three_tries);
  g_test_add_func("/dns/no-server-at-the-port-fails-at-once",
                  test_no_server_at_the_port_fails_at_once);
  g_test_add_func("/dns/no-resolver-set", test_no_resolver_set);
  g_test_add_func("/dns/dead-zone-server-is-servfail", test_dead_zone_server_is_servfail);
  return g_test_run();
}
