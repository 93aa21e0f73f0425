/* SPDX-License-Identifier: GPL-3.0-or-later */
/* growth.c -- makes a capture as long as asked for, and reads it while it is made. */
#include "tests/trace/growth.h"

#include <glib.h>
#include <string.h>

#include "capture/trace/pass1.h"
#include "capture/wire/bytes.h"

const char *const growth_names[GROWTH_N] = {"octets in one line", "commands in one stream",
                                            "commands before their answers", "flows side by side"};

enum { HEADERS = ETH_OCTETS + IPV4_OCTETS + TCP_OCTETS, SEGMENT_MAX = 1400 };

struct talk {
  struct pass1 *pass;
  struct growth_result *result;
  int64_t time_ns;
  uint32_t client; /* of its address */
  uint32_t seq[2];
  uint16_t port; /* the server's */
};

static void
send_segment(struct talk *t, unsigned from, uint16_t flags, const void *octets, size_t n)
{
  uint8_t f[HEADERS + SEGMENT_MAX] = {[12] = 0x08};
  struct ipv4 ip = {.header_octets = IPV4_OCTETS,
                    .total_octets = (uint16_t)(IPV4_OCTETS + TCP_OCTETS + n),
                    .ttl = 64,
                    .proto = IP_PROTO_TCP};
  uint8_t *client = from ? ip.dst : ip.src, *server = from ? ip.src : ip.dst;
  put_be32(client, UINT32_C(0x0b000000) + t->client);
  put_be32(server, 0x0a000001);
  struct tcp tcp = {.src_port = from ? t->port : 40000,
                    .dst_port = from ? 40000 : t->port,
                    .seq = t->seq[from],
                    .ack = flags & TCP_ACK ? t->seq[!from] : 0,
                    .header_octets = TCP_OCTETS,
                    .flags = flags,
                    .window = 65000};
  ipv4_put(f + ETH_OCTETS, &ip);
  tcp_put(f + ETH_OCTETS + IPV4_OCTETS, &tcp);
  memcpy(f + HEADERS, octets, n);
  t->seq[from] += (uint32_t)n + (flags & TCP_SYN ? 1 : 0);
  t->time_ns += 1000;
  struct pass1_input in = {.octets = f,
                           .time_ns = t->time_ns,
                           .index = (uint32_t)t->result->n_frames++,
                           .captured_octets = (uint32_t)(HEADERS + n),
                           .wire_octets = (uint32_t)(HEADERS + n),
                           .link = LINK_ETHERNET};
  pass1_frame(t->pass, &in, NULL);
}

static void
say(struct talk *t, unsigned from, const char *text)
{
  size_t n = strlen(text);
  for (size_t at = 0; at < n; at += SEGMENT_MAX)
    send_segment(t, from, TCP_ACK | TCP_PSH, text + at, MIN(n - at, SEGMENT_MAX));
}

static void
connect_to(struct talk *t, uint16_t port)
{
  t->port = port;
  t->seq[0] = t->seq[1] = 1000;
  send_segment(t, 0, TCP_SYN, "", 0);
  send_segment(t, 1, TCP_SYN | TCP_ACK, "", 0);
  send_segment(t, 0, TCP_ACK, "", 0);
}

static void
talk_line(struct talk *t, uint32_t n)
{
  char piece[SEGMENT_MAX];
  memset(piece, 'x', sizeof piece);
  connect_to(t, 25);
  say(t, 1, "220 mx ESMTP\r\n");
  say(t, 0, "EHLO pc\r\n");
  say(t, 1, "250 mx\r\n");
  for (uint32_t left = n; left; left -= MIN(left, SEGMENT_MAX))
    send_segment(t, 0, TCP_ACK, piece, MIN(left, SEGMENT_MAX));
  say(t, 0, "\r\n");
  say(t, 1, "500 too long\r\n");
  say(t, 0, "AUTH PLAIN AGFsaWNlAHMzY3JldA==\r\n");
  say(t, 1, "235 ok\r\n");
}

static void
talk_commands(struct talk *t, uint32_t n, bool late)
{
  enum { TOGETHER = 50 };
  connect_to(t, 143);
  say(t, 1, "* OK ready\r\n");
  g_autoptr(GString) commands = g_string_new(NULL);
  g_autoptr(GString) answers = g_string_new(NULL);
  for (unsigned round = 0; round < (late ? 2 : 1); round++)
    for (uint32_t i = 0; i < n; i += TOGETHER) {
      g_string_truncate(commands, 0);
      g_string_truncate(answers, 0);
      for (uint32_t k = i; k < MIN(i + TOGETHER, n); k++) {
        g_string_append_printf(commands, "a%u NOOP\r\n", k);
        g_string_append_printf(answers, "a%u OK done\r\n", k);
      }
      if (round == 0)
        say(t, 0, commands->str);
      if (round == 1 || !late)
        say(t, 1, answers->str);
    }
  say(t, 0, "z LOGIN alice s3cret\r\n");
  say(t, 1, "z OK in\r\n");
}

static void
talk_flows(struct talk *t, uint32_t n)
{
  enum { STEPS = 4, TOGETHER = 1000 }; /* so many log in at a time; all stay open */
  static const char *const steps[STEPS] = {"+OK ready\r\n", "USER alice\r\n", "+OK\r\n",
                                           "PASS s3cret\r\n"};
  g_autofree struct talk *talks = g_new(struct talk, TOGETHER);
  for (uint32_t i = 0; i < n; i += TOGETHER) {
    uint32_t n_here = MIN(n - i, TOGETHER);
    for (uint32_t k = 0; k < n_here; k++) {
      talks[k] = *t;
      talks[k].client = i + k;
      talks[k].time_ns = t->time_ns += 1000;
      connect_to(&talks[k], 110);
    }
    for (unsigned step = 0; step <= STEPS; step++)
      for (uint32_t k = 0; k < n_here; k++) {
        talks[k].time_ns = t->time_ns += 1000;
        say(&talks[k], step % 2 == 0, step < STEPS ? steps[step] : "+OK in\r\n");
      }
  }
}

static void
on_login(void *data, const struct login *login, const struct finding_place *place)
{
  struct growth_result *r = data;
  bool right = login->user_octets == 5 && memcmp(login->user, "alice", 5) == 0 &&
               login->secret_octets == 6 && memcmp(login->secret, "s3cret", 6) == 0;
  r->n_logins++;
  r->n_accepted += right && login->outcome == LOGIN_ACCEPTED;
}

struct growth_result
growth_read(enum growth kind, uint32_t n)
{
  static const struct pass1_sink sink = {.login = on_login};
  struct growth_result r = {0};
  struct talk t = {.result = &r,
                   .pass = pass1_new(&(struct pass1_options){.forgets = true}, &sink, &r)};
  switch (kind) {
  case GROWTH_LINE:
    talk_line(&t, n);
    break;
  case GROWTH_COMMANDS:
  case GROWTH_LATE:
    talk_commands(&t, n, kind == GROWTH_LATE);
    break;
  case GROWTH_FLOWS:
    talk_flows(&t, n);
    break;
  case GROWTH_N:
    g_assert_not_reached();
  }
  pass1_finish(t.pass);
  r.n_put_down = pass1_n_put_down(t.pass);
  pass1_free(t.pass);
  return r;
}
