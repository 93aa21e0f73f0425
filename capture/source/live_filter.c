/* SPDX-License-Identifier: GPL-3.0-or-later */
/* live_filter.c -- the generated mail filter, and a look at a filter before the helper is started.
 *
 *     (mail) or (vlan and ((mail) or (vlan and (mail))))
 *
 * The parentheses matter: in libpcap's language "vlan" moves everything to its right by one tag. */
#include "capture/source/live_filter.h"

#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/source/live.h"
#include "capture/wire/lang.h"

/* 24 is LMTP's, 2525 the submission port of those whose provider blocks 25. Behind: IPv4 fragments
 * but the first, of TCP; TCP behind one IPv6 extension header (hop-by-hop, routing, fragment,
 * destination options), whose ports libpcap does not look for. */
#define MAIL                                                                                       \
  "tcp port 25 or tcp port 465 or tcp port 587 or tcp port 2525 or tcp port 24 or tcp port 110 "   \
  "or tcp port 995 or tcp port 143 or tcp port 993 "                                               \
  "or (ip proto 6 and ip[6:2] & 0x1fff != 0) "                                                     \
  "or (ip6[40] = 6 and (ip6[6] = 44 or ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 60))"

/* ARPHRD_… of an interface, -1 when there is none. Not from /sys, which may be of another network
 * namespace. netdevice(7). */
static int
hardware(const char *interface)
{
  struct ifreq request = {0};
  g_strlcpy(request.ifr_name, interface, sizeof request.ifr_name);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool done = fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &request) == 0;
  if (fd >= 0)
    close(fd);
  return done ? request.ifr_hwaddr.sa_family : -1;
}

/* libpcap's link type, -1 when that shows only once the interface is open. */
static int
link_of(const char *interface)
{
  if (strcmp(interface, "any") == 0)
    return DLT_LINUX_SLL2;
  switch (hardware(interface)) {
  case ARPHRD_ETHER:
  case ARPHRD_LOOPBACK:
    return DLT_EN10MB;
  case ARPHRD_NONE:
    return DLT_RAW;
  default:
    return -1;
  }
}

char *
live_filter_mail(const char *interface)
{
  return g_strdup(link_of(interface) == DLT_EN10MB ? "(" MAIL ") or (vlan and ((" MAIL
                                                     ") or (vlan and (" MAIL "))))"
                                                   : MAIL);
}

bool
live_filter_check(const char *interface, const char *filter, GError **error)
{
  struct bpf_program program;
  int link = link_of(interface);
  if (link < 0)
    return true; /* the helper will say */
  pcap_t *p = pcap_open_dead(link, LIVE_SNAP_OCTETS);
  if (!p)
    g_error("no memory for a capture filter");
  bool done = pcap_compile(p, &program, filter, 1, PCAP_NETMASK_UNKNOWN) == 0;
  if (done)
    pcap_freecode(&program);
  else
    g_set_error(
        error, LIVE_ERROR, LIVE_ERROR_FILTER,
        lang_text("the capture filter “%s” is not understood: %s. Its language is that of "
                  "pcap-filter(7), for example “tcp port 25”; it is not the display filter.",
                  "ไม่เข้าใจตัวกรองการดักจับ “%s”: %s ตัวกรองนี้ใช้ภาษาตาม pcap-filter(7) เช่น “tcp port "
                  "25” ซึ่งไม่ใช่ตัวกรองการแสดงผล"),
        filter, pcap_geterr(p));
  pcap_close(p);
  return done;
}
