/* SPDX-License-Identifier: GPL-3.0-or-later */
/* flood.c -- sends frames at a steady rate, for the tests of live capture; in a network namespace
 * of the test's own only.
 *
 *     flood INTERFACE FRAMES OCTETS FRAMES_PER_SECOND
 *
 * Prints "sent SECONDS" when done: how many frames left and how long it took. Each frame is
 * Ethernet of an experimental type, numbered in its first eight octets of payload, so that a
 * capture can be checked for gaps and doubles. Frames go out in bursts of at most BURST, as many as
 * the clock says are due. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "capture/wire/bytes.h"

enum { BURST = 64, FRAME_MAX = 1514, TYPE = 0x88b5 /* IEEE 802: local experimental */ };

static double
now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
open_interface(const char *name)
{
  int fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: this socket receives nothing */
  struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
  int yes = 1;
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes);
  return fd >= 0 && bind(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}

int
main(int argc, char **argv)
{
  static uint8_t frames[BURST][FRAME_MAX];
  struct iovec place[BURST];
  struct mmsghdr packets[BURST] = {0};
  int fd = argc == 5 ? open_interface(argv[1]) : -1;
  if (fd < 0) {
    perror(argc > 1 ? argv[1] : "flood");
    return 2;
  }
  uint64_t n_frames = strtoull(argv[2], NULL, 10), n_sent = 0;
  size_t n_octets = strtoul(argv[3], NULL, 10);
  double rate = strtod(argv[4], NULL), began_s = now_s();
  for (int i = 0; i < BURST; i++) {
    memset(frames[i], 0xff, 12);
    put_be16(frames[i] + 12, TYPE);
    place[i] = (struct iovec){.iov_base = frames[i], .iov_len = n_octets};
    packets[i].msg_hdr = (struct msghdr){.msg_iov = &place[i], .msg_iovlen = 1};
  }
  while (n_sent < n_frames) {
    double due = (now_s() - began_s) * rate - (double)n_sent;
    if (due < 1) {
      nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
      continue;
    }
    unsigned n = due < BURST ? (unsigned)due : BURST;
    n = n_frames - n_sent < n ? (unsigned)(n_frames - n_sent) : n;
    for (unsigned i = 0; i < n; i++)
      put_be64(frames[i] + 14, n_sent + i);
    int done = sendmmsg(fd, packets, n, 0);
    n_sent += done > 0 ? (uint64_t)done : 0;
  }
  printf("%llu %.6f\n", (unsigned long long)n_sent, now_s() - began_s);
  return 0;
}
