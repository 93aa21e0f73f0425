/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-tshark.c -- saved runs judged by a foreign decoder: clean ones have nothing to remark,
 * faulty ones exactly the items that they were made to show. Skipped, visibly, without tshark. */
#include <glib/gstdio.h>
#include <string.h>

#include "capture/source/writer.h"
#include "capture/wire/net.h"
#include "tests/net/rig.h"

/* 1500 less IP, TCP and timestamps (RFC 7323 appendix A). */
enum { FULL_OCTETS = 1448 };
#define SECOND INT64_C(1000000000)
#define EPOCH_NS INT64_C(1767225600000000000)

/* Each packet once, as it leaves the host that made it. */
static char *
save(const struct rig *r)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *dir = g_dir_make_tmp("net-tshark-XXXXXX", &error);
  g_assert_no_error(error);
  char *path = g_build_filename(dir, "run.pcapng", NULL);
  g_autoptr(GFile) file = g_file_new_for_path(path);
  g_autoptr(GFileOutputStream) out = g_file_replace(file, NULL, FALSE, 0, NULL, &error);
  g_assert_no_error(error);
  struct pcapng_writer *w = pcapng_writer_new(G_OUTPUT_STREAM(out), NULL);
  pcapng_writer_interface(w, LINK_ETHERNET, 0, "sender", NULL, &error);
  for (unsigned i = 0; i < r->frames->len; i++) {
    const struct world_frame *f = rig_frame_at(r, i);
    if (f->is_sender)
      pcapng_writer_packet(w, 0, EPOCH_NS + f->time_ns, f->octets, f->n_octets, f->n_octets, NULL,
                           &error);
  }
  pcapng_writer_flush(w, &error);
  pcapng_writer_free(w);
  g_output_stream_close(G_OUTPUT_STREAM(out), NULL, &error);
  g_assert_no_error(error);
  return path;
}

static void
discard(char *path)
{
  g_autofree char *dir = g_path_get_dirname(path);
  g_unlink(path);
  g_rmdir(dir);
  g_free(path);
}

/* One line per frame that fits, with the names of the analysis items. NULL after a visible skip. */
static char *
judge(const char *path, const char *filter)
{
  g_autofree char *tshark = g_find_program_in_path("tshark");
  if (!tshark) {
    g_test_skip("tshark is not installed");
    return NULL;
  }
  const char *argv[] = {tshark, "-n",
                        "-r",   path,
                        "-o",   "tcp.check_checksum:TRUE",
                        "-o",   "ip.check_checksum:TRUE",
                        "-o",   "udp.check_checksum:TRUE",
                        "-Y",   filter,
                        "-T",   "fields",
                        "-e",   "_ws.expert.message",
                        NULL};
  char *out = NULL;
  g_autoptr(GError) error = NULL;
  g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL, &out,
               NULL, NULL, &error);
  g_assert_no_error(error);
  return out;
}

/* 6291456: warnings and errors. */
#define REMARKS "_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= 6291456"

static void
assert_remarks(const struct rig *r, const char *want)
{
  char *path = save(r);
  g_autofree char *got = judge(path, REMARKS);
  if (got)
    g_assert_cmpstr(got, ==, want);
  discard(path);
}

static void
ignore_answer(void *data, enum dns_status status, const struct dns_answer *answers, unsigned n)
{
  *(bool *)data = status == DNS_FOUND;
}

static void
test_clean(void)
{
  struct rig r;
  rig_init(&r,
           "hosts:\n"
           "  pc: {address: 10.0.1.10/24, gateway: router, dns: ns}\n"
           "  ns: {kind: server, address: 10.0.1.53/24, gateway: router}\n"
           "  sw: {kind: switch}\n"
           "  router: {kind: router, addresses: {up: 10.0.1.1/24, wan: 10.0.2.1/24}}\n"
           "  server: {kind: server, address: 10.0.2.25/24, gateway: router}\n"
           "links:\n"
           "  lpc: {ends: [pc, sw]}\n  lns: {ends: [ns, sw]}\n  up: {ends: [sw, router]}\n"
           "  wan: {ends: [router, server], rate: 20Mbit/s, delay: 8ms}\n"
           "zones:\n  bob.test:\n    server: ns\n    records:\n"
           "      - {name: '@', type: MX, value: mx}\n      - {name: mx, value: server}\n",
           1);
  struct rig_transfer t = {0}, u = {0};
  bool found = false;
  struct ip_addr server = rig_addr(&r, "server");
  rig_transfer(&r, &t, "pc", "server", 2525, 400000);
  rig_transfer(&r, &u, "server", "pc", 2526, 3000);
  net_ping(r.net, rig_host(&r, "pc"), &server, 3, SECOND);
  net_resolve(r.net, rig_host(&r, "pc"), "bob.test", DNS_TYPE_MX, ignore_answer, &found);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received, ==, t.n);
  g_assert_cmpuint(u.n_received, ==, u.n);
  g_assert_true(found);
  assert_remarks(&r, "");
  rig_clear(&r);
}

static void
test_clean_with_two_directions_small_segments(void)
{
  struct rig r;
  rig_init(&r,
           RIG_ROUTED(", tcp: {scale: -1, delayed_ack: 200ms, initial_segments: 2}",
                      ", rate: 1Mbit/s", ", mtu: 700"),
           3);
  struct rig_transfer t = {0}, u = {0};
  rig_transfer(&r, &t, "pc", "server", 2525, 40000);
  rig_transfer(&r, &u, "server", "pc", 2526, 40000);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received + u.n_received, ==, 80000);
  assert_remarks(&r, "");
  rig_clear(&r);
}

static void
test_lost_data_with_duplicates(void)
{
  struct rig r;
  rig_init(&r,
           RIG_ROUTED("", "",
                      ", delay: 5ms") "faults:\n  - {link: wan, from: router, drop: 3, of: data}\n",
           1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 2525, 6 * FULL_OCTETS);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received, ==, t.n);
  /* three segments behind the lost one, each answered by a duplicate; the third brings the repeat
   */
  assert_remarks(&r, "Duplicate ACK (#1)\nDuplicate ACK (#2)\nDuplicate ACK (#3)\n"
                     "This frame is a (suspected) fast retransmission,This frame is a (suspected) "
                     "retransmission\n");
  rig_clear(&r);
}

static void
test_lost_last_segment(void)
{
  struct rig r;
  rig_init(&r,
           RIG_ROUTED("", "",
                      ", delay: 5ms") "faults:\n  - {link: wan, from: router, drop: 1, of: data}\n",
           1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 2525, 1000);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received, ==, t.n);
  /* the FIN rode on it, so tshark also says what it says of every FIN */
  assert_remarks(&r,
                 "Connection finish (FIN),This frame initiates the connection closing,This frame "
                 "is a (suspected) retransmission\n");
  rig_clear(&r);
}

static void
test_lost_syn(void)
{
  struct rig r;
  rig_init(&r, RIG_ROUTED("", "", "") "faults:\n  - {link: wan, from: router, drop: 1, of: syn}\n",
           1);
  struct rig_transfer t = {0};
  rig_transfer(&r, &t, "pc", "server", 2525, 1000);
  rig_run(&r, 300 * SECOND);
  g_assert_cmpuint(t.n_received, ==, t.n);
  assert_remarks(&r,
                 "Connection establish request (SYN): server port 2525,This frame is a (suspected) "
                 "retransmission\n");
  rig_clear(&r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/tshark/clean-run", test_clean);
  g_test_add_func("/tshark/clean-run-small-segments",
                  test_clean_with_two_directions_small_segments);
  g_test_add_func("/tshark/fast-retransmission", test_lost_data_with_duplicates);
  g_test_add_func("/tshark/retransmission", test_lost_last_segment);
  g_test_add_func("/tshark/syn-retransmission", test_lost_syn);
  return g_test_run();
}
