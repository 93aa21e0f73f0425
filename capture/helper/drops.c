/* SPDX-License-Identifier: GPL-3.0-or-later */
/* drops.c -- counters of a packet socket and of its interface.
 *
 * The socket's own (PACKET_STATISTICS) are set to zero by each reading, so they are summed up here.
 * The interface's come by rtnetlink (RTM_GETLINK, IFLA_STATS64): frames that the card or its driver
 * had no room for. rx_dropped is not among them: it also counts frames that nobody but a capture
 * wanted. tp_packets is not used either: on loopback it counts each frame going out and coming in,
 * of which libpcap hands over one. packet(7), rtnetlink(7). */
#include "capture/helper/drops.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 32768 }; /* one link with all its attributes; more is cut and not understood */

enum link_answer { LINK_COUNTED, LINK_UNKNOWN, LINK_GONE };

static bool
ask(const struct drops *d)
{
  struct {
    struct nlmsghdr head;
    struct ifinfomsg link;
  } request = {.head = {.nlmsg_len = sizeof request,
                        .nlmsg_type = RTM_GETLINK,
                        .nlmsg_flags = NLM_F_REQUEST},
               .link = {.ifi_family = AF_UNSPEC, .ifi_index = d->interface_index}};
  return send(d->route_socket, &request, sizeof request, 0) == (ssize_t)sizeof request;
}

/* The answer lies aligned in `octets`. */
static enum link_answer
read_answer(const uint8_t *octets, size_t n, uint64_t *n_lost)
{
  struct nlmsghdr head;
  if (n < NLMSG_HDRLEN)
    return LINK_UNKNOWN;
  memcpy(&head, octets, sizeof head);
  if (head.nlmsg_type == NLMSG_ERROR && n >= NLMSG_HDRLEN + sizeof(int)) {
    int code;
    memcpy(&code, octets + NLMSG_HDRLEN, sizeof code);
    return code == -ENODEV ? LINK_GONE : LINK_UNKNOWN;
  }
  size_t end = head.nlmsg_len < n ? head.nlmsg_len : n;
  size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifinfomsg));
  while (head.nlmsg_type == RTM_NEWLINK && at + sizeof(struct rtattr) <= end) {
    struct rtattr a;
    memcpy(&a, octets + at, sizeof a);
    if (a.rta_len < sizeof a || a.rta_len > end - at)
      break;
    struct rtnl_link_stats64 stats = {0};
    if (a.rta_type == IFLA_STATS64) {
      size_t n_stats = a.rta_len - RTA_LENGTH(0);
      memcpy(&stats, octets + at + RTA_LENGTH(0), n_stats < sizeof stats ? n_stats : sizeof stats);
      *n_lost = stats.rx_missed_errors + stats.rx_fifo_errors;
      return LINK_COUNTED;
    }
    at += RTA_ALIGN(a.rta_len);
  }
  return LINK_UNKNOWN;
}

static enum link_answer
ask_interface(const struct drops *d, uint64_t *n_lost)
{
  static uint8_t octets[ANSWER_MAX];
  if (d->route_socket < 0 || !ask(d))
    return LINK_UNKNOWN;
  ssize_t n = recv(d->route_socket, octets, sizeof octets, 0);
  return n < 0 ? LINK_UNKNOWN : read_answer(octets, (size_t)n, n_lost);
}

static bool
read_socket(struct drops *d, bool keep)
{
  struct tpacket_stats_v3 now = {0};
  socklen_t n = sizeof now;
  if (getsockopt(d->packet_socket, SOL_PACKET, PACKET_STATISTICS, &now, &n) != 0)
    return false;
  if (keep)
    d->n_kernel += now.tp_drops;
  return true;
}

bool
drops_init(struct drops *d, int packet_socket, int interface_index)
{
  *d = (struct drops){
      .packet_socket = packet_socket, .route_socket = -1, .interface_index = interface_index};
  if (interface_index > 0) {
    d->route_socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    ask_interface(d, &d->n_interface_before);
  }
  return read_socket(d, false);
}

bool
drops_update(struct drops *d)
{
  uint64_t n = 0;
  read_socket(d, true);
  enum link_answer answer = ask_interface(d, &n);
  if (answer == LINK_COUNTED && n >= d->n_interface_before)
    d->n_interface = n - d->n_interface_before;
  return answer != LINK_GONE;
}
