/* SPDX-License-Identifier: GPL-3.0-or-later */
/* tun.c -- a TUN device whose other end is a simulated host.
 *
 *   read(fd)  ─ one IP packet ─> net_outside_send()      when poll() says so, READS_MAX at a turn
 *   net_outside's callback ─ one IP packet ─> write(fd)
 *
 * Address, MTU, "up" and routes are set with the old ioctls, which need neither a library nor a
 * program: of the routes only those to nets of the scenario, so nothing else changes its way. The
 * device is not persistent: the kernel takes all of it back when the descriptor is closed. */
#include "sim/outside/tun.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/wire/lang.h"

enum {
  PACKET_OCTETS_MAX = 65535, /* the largest IP packet */
  READS_MAX = 64,            /* at one turn, so that the world's clock is looked at in between */
};

/* struct in6_ifreq of linux/ipv6.h, which does not go together with net/if.h. */
struct in6_request {
  struct in6_addr addr;
  uint32_t prefix;
  int index;
};

struct outside_tun {
  struct net *net;
  uint32_t host;
  int fd;
  struct outside_loop *loop;
  unsigned watch;
  struct outside_tun_counts counts;
  uint8_t packet[PACKET_OCTETS_MAX]; /* the one just read */
};

/* ---- packets ---- */

static void
from_kernel(void *data, short revents)
{
  struct outside_tun *t = data;
  for (unsigned i = 0; i < READS_MAX; i++) {
    ssize_t n = read(t->fd, t->packet, sizeof t->packet);
    if (n <= 0)
      return;
    t->counts.n_in++;
    if (!net_outside_send(t->net, t->host, t->packet, (size_t)n))
      t->counts.n_refused++;
  }
}

static void
to_kernel(void *data, const uint8_t *packet, size_t n)
{
  struct outside_tun *t = data;
  if (write(t->fd, packet, n) == (ssize_t)n)
    t->counts.n_out++;
  else
    t->counts.n_dropped++;
}

/* ---- the device ---- */

/* What was tried on the device, and the remedy. */
static bool
fail(GError **error, const char *name, const char *what_en, const char *what_th)
{
  int code = errno;
  bool forbidden = code == EPERM || code == EACCES;
  const char *remedy =
      forbidden ? lang_text("run it as root, or inside `unshare --user --map-root-user --net`, "
                            "which needs no right",
                            "ให้รันในฐานะ root หรือใน `unshare --user --map-root-user --net` "
                            "ซึ่งไม่ต้องใช้สิทธิ์ใด")
      : code == ENOENT || code == ENODEV ? lang_text("load the kernel's module: modprobe tun",
                                                     "โหลดโมดูลของเคอร์เนลก่อน: modprobe tun")
      : code == EBUSY
          ? lang_text("another program uses it; choose another name", "มีโปรแกรมอื่นใช้อยู่ ให้เลือกชื่ออื่น")
          : lang_text("choose another name", "ให้เลือกชื่ออื่น");
  g_set_error(error, OUTSIDE_ERROR, forbidden ? OUTSIDE_ERROR_FORBIDDEN : OUTSIDE_ERROR_FAILED,
              "%s: %s: %s; %s", name, lang_text(what_en, what_th), g_strerror(code), remedy);
  return false;
}

static bool
open_device(struct outside_tun *t, const char *name, GError **error)
{
  t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (t->fd < 0)
    return fail(error, "/dev/net/tun", "cannot be opened", "เปิดไม่ได้");
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  g_strlcpy(request.ifr_name, name, sizeof request.ifr_name);
  if (ioctl(t->fd, TUNSETIFF, &request) < 0)
    return fail(error, name, "the TUN device cannot be made", "สร้างอุปกรณ์ TUN ไม่ได้");
  return true;
}

static struct sockaddr
socket_address(const struct ip_addr *a, uint8_t prefix)
{
  struct sockaddr_in in = {.sin_family = AF_INET};
  memcpy(&in.sin_addr, a->octets, 4);
  uint32_t mask = prefix == 0 ? 0 : UINT32_MAX << (32 - MIN(prefix, 32));
  in.sin_addr.s_addr &= htonl(mask);
  struct sockaddr out;
  memcpy(&out, &in, sizeof out);
  return out;
}

static struct in6_addr
net_of_v6(const struct ip_addr *a, uint8_t prefix)
{
  struct in6_addr out;
  memcpy(&out, a->octets, sizeof out);
  for (unsigned bit = prefix; bit < 128; bit++)
    out.s6_addr[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
  return out;
}

static bool
set_mtu_and_up(int s, const char *name, uint32_t mtu, GError **error)
{
  struct ifreq request = {0};
  g_strlcpy(request.ifr_name, name, sizeof request.ifr_name);
  request.ifr_mtu = (int)mtu;
  if (ioctl(s, SIOCSIFMTU, &request) < 0)
    return fail(error, name, "its MTU cannot be set", "ตั้งค่า MTU ไม่ได้");
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_NOARP | IFF_POINTOPOINT;
  if (ioctl(s, SIOCSIFFLAGS, &request) < 0)
    return fail(error, name, "it cannot be brought up", "เปิดใช้งานไม่ได้");
  return true;
}

static bool
add_address(int s4, int s6, const char *name, const struct host_address *a, GError **error)
{
  struct ifreq request = {0};
  g_strlcpy(request.ifr_name, name, sizeof request.ifr_name);
  bool good;
  if (a->addr.version == 4) {
    request.ifr_addr = socket_address(&a->addr, 32);
    good = ioctl(s4, SIOCSIFADDR, &request) == 0;
    struct ip_addr ones = {.version = 4, .octets = {255, 255, 255, 255}};
    request.ifr_netmask = socket_address(&ones, a->prefix);
    good = good && ioctl(s4, SIOCSIFNETMASK, &request) == 0;
  } else {
    good = s6 >= 0 && ioctl(s4, SIOCGIFINDEX, &request) == 0;
    struct in6_request six = {.prefix = a->prefix, .index = request.ifr_ifindex};
    memcpy(&six.addr, a->addr.octets, sizeof six.addr);
    good = good && ioctl(s6, SIOCSIFADDR, &six) == 0;
  }
  return good || fail(error, name, "its address cannot be set", "ตั้งค่าที่อยู่ไม่ได้");
}

static bool
add_route(int s4, int s6, const char *name, const struct host_address *a, GError **error)
{
  bool good;
  if (a->addr.version == 4) {
    char device[IFNAMSIZ];
    g_strlcpy(device, name, sizeof device);
    struct ip_addr ones = {.version = 4, .octets = {255, 255, 255, 255}};
    struct rtentry route = {.rt_dst = socket_address(&a->addr, a->prefix),
                            .rt_genmask = socket_address(&ones, a->prefix),
                            .rt_flags = RTF_UP,
                            .rt_dev = device};
    good = ioctl(s4, SIOCADDRT, &route) == 0 || errno == EEXIST;
  } else {
    struct ifreq request = {0};
    g_strlcpy(request.ifr_name, name, sizeof request.ifr_name);
    good = s6 >= 0 && ioctl(s4, SIOCGIFINDEX, &request) == 0;
    struct in6_rtmsg route = {.rtmsg_dst = net_of_v6(&a->addr, a->prefix),
                              .rtmsg_dst_len = a->prefix,
                              .rtmsg_flags = RTF_UP,
                              .rtmsg_metric = 1,
                              .rtmsg_ifindex = request.ifr_ifindex};
    good = good && (ioctl(s6, SIOCADDRT, &route) == 0 || errno == EEXIST);
  }
  return good || fail(error, name, "a route to a net of the scenario cannot be added",
                      "เพิ่มเส้นทางไปยังเครือข่ายของสถานการณ์ไม่ได้");
}

/* Link-local nets exist on every link by themselves. */
static bool
is_link_local(const struct ip_addr *a)
{
  return a->version == 6 && a->octets[0] == 0xfe && (a->octets[1] & 0xc0) == 0x80;
}

static bool
configure(struct outside_tun *t, const char *name, int s4, int s6, GError **error)
{
  const struct net *n = t->net;
  uint32_t n_own = net_n_addresses(n, t->host),
           mtu = n_own ? net_address(n, t->host, 0).mtu_octets : 1500;
  for (uint32_t i = 0; i < n_own; i++) {
    struct host_address a = net_address(n, t->host, i);
    if (!is_link_local(&a.addr) && !add_address(s4, s6, name, &a, error))
      return false;
  }
  if (!set_mtu_and_up(s4, name, mtu, error))
    return false;
  for (uint32_t host = 0; host < net_n_hosts(n); host++) {
    for (uint32_t i = 0; i < net_n_addresses(n, host); i++) {
      struct host_address a = net_address(n, host, i);
      if (!is_link_local(&a.addr) && !add_route(s4, s6, name, &a, error))
        return false;
    }
  }
  return true;
}

struct outside_tun *
outside_tun_new(struct net *n, uint32_t host, const char *name, struct outside_loop *loop,
                GError **error)
{
  struct outside_tun *t = g_new0(struct outside_tun, 1);
  *t = (struct outside_tun){.net = n, .host = host, .fd = -1, .loop = loop};
  int s4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int s6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* may be missing: then only IPv4 */
  bool good = s4 >= 0 ? open_device(t, name, error) && configure(t, name, s4, s6, error)
                      : fail(error, name, "no socket could be made", "สร้างซ็อกเก็ตไม่ได้");
  if (s4 >= 0)
    close(s4);
  if (s6 >= 0)
    close(s6);
  if (!good) {
    outside_tun_free(t);
    return NULL;
  }
  t->watch = outside_loop_watch(loop, t->fd, POLLIN, from_kernel, t);
  net_outside(n, host, to_kernel, t);
  return t;
}

void
outside_tun_free(struct outside_tun *t)
{
  if (!t)
    return;
  if (t->watch) {
    outside_loop_unwatch(t->loop, t->watch);
    net_outside(t->net, t->host, NULL, NULL);
  }
  if (t->fd >= 0)
    close(t->fd);
  g_free(t);
}

struct outside_tun_counts
outside_tun_counts(const struct outside_tun *t)
{
  return t->counts;
}
