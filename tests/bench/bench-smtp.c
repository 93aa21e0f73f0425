/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-smtp.c -- SMTP through the simulated network: messages a second, and a thousand sessions at
 * one time, in CPU per packet as a ratio to a raw TCP transfer in the same process.
 *
 * A message is a connection of its own with greeting, EHLO, envelope, content and QUIT, taken by a
 * server that delivers it into a mailbox. The raw transfers have the same octets per connection.
 * Nothing is asserted but that all arrived. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "sim/mail/build_private.h"

enum { MESSAGES = 2000, SESSIONS = 1000, ROUNDS = 3 };

static const char network[] =
    "hosts:\n"
    "  client: {address: 10.0.0.1/24}\n"
    "  server: {address: 10.0.0.2/24}\n"
    "links:\n"
    "  l: {ends: [client, server], rate: 1Gbit/s, queue: 5000, delay: %s}\n"
    "%s"
    "actions:\n"
    "  - {id: x, at: 0, host: client, %s}\n";

static const char services[] = "services:\n"
                               "  server: {domains: [b.test], smtp: true}\n"
                               "users: [{name: bob, password: s, host: server}]\n";

struct result {
  double cpu_s;
  uint64_t n_packets, n_stored;
};

static double
cpu_s(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
on_frame(void *data, const struct world_frame *frame)
{
  ((struct result *)data)->n_packets++;
}

/* Runs the action; the best of the rounds counts. */
static struct result
measure(const char *delay, const char *with, const char *action)
{
  static const struct world_sink sink = {.frame = on_frame};
  struct result best = {.cpu_s = 1e9};
  g_autofree char *text = g_strdup_printf(network, delay, with, action);
  for (int round = 0; round < ROUNDS; round++) {
    struct result r = {0};
    g_autoptr(GError) error = NULL;
    struct tree_node *scenario = tree_parse(text, strlen(text), "bench.yaml", &error);
    struct world *w = world_new(1, &sink, &r);
    struct net *n = scenario ? net_new(w, scenario, &error) : NULL;
    struct mail *m = n ? mail_new(n, scenario, &error) : NULL;
    if (!m) {
      fprintf(stderr, "bench-smtp: %s\n", error->message);
      exit(1);
    }
    double start = cpu_s();
    world_run(w, INT64_C(3600000000000));
    r.cpu_s = cpu_s() - start;
    if (m->sites->len > 0) {
      const struct site *s = m->sites->pdata[0];
      r.n_stored = store_find(store_find_user(s->store, "bob"), "INBOX")->messages->len;
    }
    mail_free(m);
    net_free(n);
    world_free(w);
    tree_free(scenario);
    if (r.cpu_s < best.cpu_s)
      best = r;
  }
  return best;
}

static double
per_packet_ns(const struct result *r)
{
  return r->cpu_s * 1e9 / (double)r->n_packets;
}

static void
print(const char *name, const struct result *r, unsigned n, const struct result *raw)
{
  printf("%-28s %8.0f messages/s  %7.0f ns/packet  %5.2f of raw TCP\n", name, n / r->cpu_s,
         per_packet_ns(r), per_packet_ns(r) / per_packet_ns(raw));
  if (r->n_stored != n)
    printf("  only %llu of %u arrived\n", (unsigned long long)r->n_stored, n);
}

int
main(void)
{
  g_autofree char *small = g_strdup_printf(
      "do: bomb, server: 10.0.0.2, from: a@a.test, to: bob@b.test, size: 1000, count: %d",
      MESSAGES);
  g_autofree char *large = g_strdup_printf(
      "do: bomb, server: 10.0.0.2, from: a@a.test, to: bob@b.test, size: 100000, count: %d",
      MESSAGES / 20);
  g_autofree char *many = g_strdup_printf("do: bomb, server: 10.0.0.2, from: a@a.test, to: "
                                          "bob@b.test, size: 1000, at_once: %d, count: %d",
                                          SESSIONS, SESSIONS);
  struct result raw =
      measure("1ms", "", "do: transfer, server: server, port: 5000, send: 20000000");
  printf("%-28s %29.0f ns/packet\n", "raw TCP, 20 MB", per_packet_ns(&raw));
  struct result one = measure("1ms", services, small);
  print("SMTP, 1 kB each", &one, MESSAGES, &raw);
  struct result big = measure("1ms", services, large);
  print("SMTP, 100 kB each", &big, MESSAGES / 20, &raw);
  struct result at_once = measure("100ms", services, many);
  print("SMTP, 1,000 sessions at once", &at_once, SESSIONS, &raw);
  return 0;
}
