/* SPDX-License-Identifier: GPL-3.0-or-later */
/* interfaces.c -- what libpcap says about the interfaces of this computer, sorted for people. */
#include "capture/source/interfaces.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <string.h>

#include "capture/source/live.h"
#include "capture/wire/lang.h"

static void
info_free(void *data)
{
  struct interface_info *i = data;
  g_free(i->name);
  g_free(i->description);
  g_strfreev(i->addresses);
  g_free(i);
}

static char **
addresses(const pcap_addr_t *a)
{
  g_autoptr(GStrvBuilder) b = g_strv_builder_new();
  for (; a; a = a->next) {
    char text[INET6_ADDRSTRLEN] = "";
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    if (a->addr && a->addr->sa_family == AF_INET) {
      memcpy(&v4, a->addr, sizeof v4);
      inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    } else if (a->addr && a->addr->sa_family == AF_INET6) {
      memcpy(&v6, a->addr, sizeof v6);
      inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    if (*text)
      g_strv_builder_add(b, text);
  }
  return g_strv_builder_end(b);
}

static int
order(const void *left, const void *right)
{
  const struct interface_info *a = *(struct interface_info *const *)left;
  const struct interface_info *b = *(struct interface_info *const *)right;
  if (a->is_any != b->is_any)
    return a->is_any - b->is_any;
  int live_a = a->is_up && a->is_running, live_b = b->is_up && b->is_running;
  return live_a != live_b ? live_b - live_a : strcmp(a->name, b->name);
}

GPtrArray *
interfaces_list(GError **error)
{
  char why[PCAP_ERRBUF_SIZE] = "";
  pcap_if_t *all = NULL;
  if (pcap_findalldevs(&all, why) != 0) {
    g_set_error(error, LIVE_ERROR, LIVE_ERROR_CAPTURE,
                lang_text("the interfaces of this computer cannot be listed: %s",
                          "แสดงรายการอินเทอร์เฟซของเครื่องนี้ไม่ได้: %s"),
                why);
    return NULL;
  }
  GPtrArray *list = g_ptr_array_new_with_free_func(info_free);
  for (const pcap_if_t *p = all; p; p = p->next) {
    bool is_any = strcmp(p->name, "any") == 0;
    if (!is_any && if_nametoindex(p->name) == 0)
      continue;
    struct interface_info *i = g_new0(struct interface_info, 1);
    i->name = g_strdup(p->name);
    i->description = g_strdup(is_any ? NULL : p->description);
    i->addresses = addresses(p->addresses);
    i->is_up = (p->flags & PCAP_IF_UP) != 0;
    i->is_running = (p->flags & PCAP_IF_RUNNING) != 0;
    i->is_loopback = (p->flags & PCAP_IF_LOOPBACK) != 0;
    i->is_any = is_any;
    g_ptr_array_add(list, i);
  }
  pcap_freealldevs(all);
  g_ptr_array_sort(list, order);
  return list;
}
