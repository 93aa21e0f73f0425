/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-mail-filter.c -- the generated filter for mail, run by libpcap itself over frames made by
 * hand. */
#include <glib.h>
#include <pcap/pcap.h>

#include "capture/source/live.h"
#include "capture/source/live_filter.h"
#include "tests/trace/packets.h"

#define ETHERNET "ffffffffffff 020000000001 "
#define TAG "8100 0007 "
#define SERVICE_TAG "88a8 0007 "
#define IPV4 "0800 4500 0028 0007 0000 4006 0000 0a000001 0a000002 "
#define LATER "0800 4500 0028 0007 00b9 4006 0000 0a000001 0a000002 "
#define LATER_UDP "0800 4500 0028 0007 00b9 4011 0000 0a000001 0a000002 "
#define SIXTEEN "00000000000000000000000000000000 "
#define IPV6(next) "86dd 60000000 001c " next " 40 " SIXTEEN SIXTEEN
#define FRAGMENT "06 00 00b9 00000001 "
#define TCP(port) port " c350 00000001 00000001 5010 0064 0000 0000 "

static const struct {
  const char *hex;
  bool is_mail;
} frames[] = {
    {ETHERNET IPV4 TCP("0019"), true},
    {ETHERNET IPV4 TCP("03e1"), true},
    {ETHERNET IPV4 "c350 008f 00000001 00000001 5010 0064 0000 0000", true},
    {ETHERNET IPV4 TCP("0050"), false},
    {ETHERNET "0800 4500 0028 0007 0000 4011 0000 0a000001 0a000002 008f c350 0014 0000" SIXTEEN,
     false},
    {ETHERNET LATER TCP("0000"), true},
    {ETHERNET LATER_UDP TCP("0000"), false},
    {ETHERNET TAG IPV4 TCP("008f"), true},
    {ETHERNET TAG IPV4 TCP("0050"), false},
    {ETHERNET TAG LATER TCP("0000"), true},
    {ETHERNET SERVICE_TAG TAG IPV4 TCP("008f"), true},
    {ETHERNET SERVICE_TAG TAG LATER TCP("0000"), true},
    {ETHERNET SERVICE_TAG TAG IPV4 TCP("0050"), false},
    {ETHERNET IPV6("06") TCP("006e"), true},
    {ETHERNET IPV6("06") TCP("0050"), false},
    {ETHERNET IPV6("2c") FRAGMENT TCP("0000"), true},
    {ETHERNET IPV6("2c") "11 00 00b9 00000001" TCP("0000"), false},
    {ETHERNET TAG IPV6("2c") FRAGMENT TCP("0000"), true},
    {ETHERNET "0806 0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002", false},
};

static void
test_frames(void)
{
  g_autofree char *filter = live_filter_mail("lo"); /* Ethernet, as libpcap sees it */
  struct bpf_program program;
  pcap_t *p = pcap_open_dead(DLT_EN10MB, LIVE_SNAP_OCTETS);
  g_assert_cmpint(pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN), ==, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(frames); i++) {
    g_autoptr(GByteArray) octets = packets_hex(frames[i].hex);
    g_byte_array_set_size(octets, MAX(octets->len, 90));
    struct pcap_pkthdr head = {.caplen = octets->len, .len = octets->len};
    bool passed = pcap_offline_filter(&program, &head, octets->data) != 0;
    if (passed != frames[i].is_mail)
      g_test_message("frame %zu", i);
    g_assert_true(passed == frames[i].is_mail);
  }
  pcap_freecode(&program);
  pcap_close(p);
}

static void
test_filters_are_looked_at_before_the_start(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *tagged = live_filter_mail("lo"), *untagged = live_filter_mail("any");
  g_assert_true(live_filter_check("lo", tagged, NULL));
  g_assert_true(live_filter_check("any", untagged, NULL));
  g_assert_false(live_filter_check("any", tagged, NULL)); /* no tags on such a link */
  g_assert_false(live_filter_check("lo", "smtp contains \"x\"", &error));
  g_assert_error(error, LIVE_ERROR, LIVE_ERROR_FILTER);
  g_assert_nonnull(strstr(error->message, "smtp contains"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mail-filter/frames", test_frames);
  g_test_add_func("/mail-filter/check", test_filters_are_looked_at_before_the_start);
  return g_test_run();
}
