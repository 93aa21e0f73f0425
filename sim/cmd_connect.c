/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_connect.c -- enveloscope-sim connect: simulated clients reach real servers, in real time.
 *
 *     simulated client ─ simulated network ─ port of the mail host ─ gateway ── socket ── real
 * server
 *
 * The mail host's place in the network stays, with its address, delay and loss; who answers at its
 * port is the real server. Ends when every action of the timeline is finished, and says how each
 * went. */
#include <stdio.h>
#include <string.h>

#include "lessons/library.h"
#include "sim/cmd.h"
#include "sim/mail/build.h"
#include "sim/outside/gateway.h"
#include "sim/outside/tun.h"

static const char help_en[] =
    "Usage: enveloscope-sim connect ID|FILE.yaml --to SERVICE=ADDRESS:PORT… [FLAGS]\n"
    "The simulated clients of a scenario reach real servers, in real time: what connects to that\n"
    "service of the scenario's mail hosts is carried to a port of this computer. Prints a line "
    "for\n"
    "each action that ends; ends with the last one.\n"
    "  --to SERVICE=ADDRESS:PORT   SERVICE is smtp, submission, submissions, pop3, pop3s, imap or\n"
    "                      imaps; the address is written in digits; may be repeated\n"
    "  --host HOST         only this mail host; one that serves nothing itself will do\n"
    "  --for SECONDS       end then in any case\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE, -w FILE.pcapng, --events FILE\n"
    "                      as for `run`; files are written as it happens\n"
    "Exit code 1: an action failed, or was not over at the end. Real mail is sent only where --to\n"
    "smtp or --to submission leads.\n"
    "Example: enveloscope-sim connect pop3-three-states --to pop3=127.0.0.1:1110\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim connect ID|FILE.yaml --to SERVICE=ADDRESS:PORT… [แฟล็ก]\n"
    "ไคลเอนต์จำลองของสถานการณ์ต่อไปยังเซิร์ฟเวอร์จริงตามเวลาจริง: สิ่งที่ต่อเข้าบริการนั้นของเซิร์ฟเวอร์เมล\n"
    "ในสถานการณ์ จะถูกส่งต่อไปยังพอร์ตของเครื่องนี้ พิมพ์หนึ่งบรรทัดเมื่อการกระทำแต่ละรายการจบ\n"
    "และจบเมื่อรายการสุดท้ายจบ\n"
    "  --to SERVICE=ADDRESS:PORT   SERVICE คือ smtp, submission, submissions, pop3, pop3s, imap "
    "หรือ\n"
    "                      imaps ที่อยู่เขียนเป็นตัวเลข ใช้ซ้ำได้\n"
    "  --host HOST         เฉพาะเซิร์ฟเวอร์เมลเครื่องนี้ เครื่องที่ไม่ให้บริการใดเองก็ใช้ได้\n"
    "  --for SECONDS       จบเมื่อครบเวลา (วินาที) ไม่ว่ากรณีใด\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE, -w FILE.pcapng, --events FILE\n"
    "                      เหมือนคำสั่ง run และเขียนไฟล์ทันทีที่เกิดขึ้น\n"
    "รหัสจบ 1: มีการกระทำที่ล้มเหลวหรือยังไม่จบ จดหมายจริงถูกส่งเฉพาะไปยังที่ที่ --to smtp\n"
    "หรือ --to submission ระบุ\n"
    "ตัวอย่าง: enveloscope-sim connect pop3-three-states --to pop3=127.0.0.1:1110\n";

/* One --to. */
struct route {
  const char *service;
  uint16_t standard_port; /* of the service */
  char *address;
  uint16_t port;
};

/* What is told on the way to the files. */
struct watch {
  const struct run_stream *files;
  struct run *run; /* NULL while it is made */
  FILE *out;
  bool has_failed;
};

static const struct {
  const char *name;
  uint16_t port;
} services[] = {{"smtp", 25},   {"submission", 587}, {"submissions", 465}, {"pop3", 110},
                {"pop3s", 995}, {"imap", 143},       {"imaps", 993}};

/* ---- arguments ---- */

static void
route_free(void *data)
{
  struct route *r = data;
  g_free(r->address);
  g_free(r);
}

/* "imap=127.0.0.1:1143" and "imap=[::1]:1143". */
static struct route *
read_route(const char *text)
{
  const char *equals = strchr(text, '='), *colon = strrchr(text, ':');
  guint64 port = 0;
  struct ip_addr addr;
  if (!equals || !colon || colon < equals ||
      !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
    return NULL;
  bool is_bracketed = equals[1] == '[' && colon[-1] == ']';
  const char *from = equals + 1 + is_bracketed;
  g_autofree char *address = g_strndup(from, (gsize)(colon - from) - is_bracketed);
  if (!ip_addr_parse(address, &addr))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS(services); i++) {
    if (strlen(services[i].name) != (size_t)(equals - text) ||
        strncmp(services[i].name, text, (size_t)(equals - text)) != 0)
      continue;
    struct route *r = g_new(struct route, 1);
    *r = (struct route){.service = services[i].name,
                        .standard_port = services[i].port,
                        .address = g_steal_pointer(&address),
                        .port = (uint16_t)port};
    return r;
  }
  return NULL;
}

static bool
read_routes(const GPtrArray *texts, GPtrArray *routes)
{
  for (guint i = 0; i < texts->len; i++) {
    struct route *r = read_route(texts->pdata[i]);
    if (!r) {
      cmd_complain(lang_text("--to %s: write SERVICE=ADDRESS:PORT with smtp, submission, "
                             "submissions, pop3, pop3s, imap or imaps and an address in digits, "
                             "such as imap=127.0.0.1:1143",
                             "--to %s: ให้เขียน SERVICE=ADDRESS:PORT โดยใช้ smtp, submission, "
                             "submissions, pop3, pop3s, imap หรือ imaps และที่อยู่เป็นตัวเลข "
                             "เช่น imap=127.0.0.1:1143"),
                   (const char *)texts->pdata[i]);
      return false;
    }
    g_ptr_array_add(routes, r);
  }
  if (routes->len == 0)
    cmd_complain("%s", lang_text("name at least one server: --to imap=127.0.0.1:1143",
                                 "ระบุเซิร์ฟเวอร์อย่างน้อยหนึ่งเครื่อง: --to imap=127.0.0.1:1143"));
  return routes->len > 0;
}

/* ---- what is told ---- */

static void
take_frame(void *data, uint16_t interface, const struct world_frame *frame)
{
  const struct watch *w = data;
  if (w->files->frame)
    w->files->frame(w->files->data, interface, frame);
}

static void
take_secret(void *data, const char *line)
{
  const struct watch *w = data;
  if (w->files->secret)
    w->files->secret(w->files->data, line);
}

static void
take_event(void *data, const struct world_event *event)
{
  struct watch *w = data;
  if (w->files->event)
    w->files->event(w->files->data, event);
  bool is_done = strcmp(event->value, "done") == 0, is_failed = strcmp(event->value, "failed") == 0;
  if (!w->run || strcmp(event->subject, "action") != 0 || (!is_done && !is_failed))
    return;
  w->has_failed |= is_failed;
  fprintf(w->out, "%s %s %s\n", run_host(w->run, event->host).name, event->key, event->value);
  fflush(w->out);
}

/* ---- the ways out ---- */

static bool
open_way(struct outside_gateway *g, struct net *n, uint32_t host, uint16_t port,
         const struct route *r)
{
  fprintf(stderr, lang_text("%s, port %u, is %s port %u\n", "%s พอร์ต %u คือ %s พอร์ต %u\n"),
          net_host_info(n, host).name, port, r->address, r->port);
  return outside_gateway_forward(g, host, port, r->address, r->port);
}

/* Of every mail host that serves it, or of the one that is named. */
static bool
open_ways(struct outside_gateway *g, struct run *run, const struct route *r, uint32_t named)
{
  struct net *n = run_net(run);
  const struct mail *m = run_mail(run);
  bool is_open = false;
  if (named != UINT32_MAX) {
    uint16_t port = mail_service_port(m, named, r->service);
    return open_way(g, n, named, port ? port : r->standard_port, r);
  }
  for (unsigned i = 0; mail_host(m, i) != UINT32_MAX; i++) {
    uint16_t port = mail_service_port(m, mail_host(m, i), r->service);
    is_open |= port != 0 && open_way(g, n, mail_host(m, i), port, r);
  }
  if (!is_open)
    cmd_complain(lang_text("no host of this scenario serves %s; name the one that clients go to: "
                           "--host HOST",
                           "ไม่มีโฮสต์ในสถานการณ์นี้ที่ให้บริการ %s ให้ระบุโฮสต์ที่ไคลเอนต์ต่อไป: --host HOST"),
                 r->service);
  return is_open;
}

/* ---- driving ---- */

static int
drive(struct run *r, struct outside_loop *loop, struct cmd_stream *stream, struct watch *w,
      int64_t for_ns)
{
  /* A step at a time: cmd_live() knows no end but a time. */
  const int64_t step_ns = INT64_C(100000000);
  const struct mail *m = run_mail(r);
  fprintf(w->out, "ready\n");
  fflush(w->out);
  while (mail_n_actions_left(m) > 0 && !cmd_is_stop_asked() && world_now(run_world(r)) < for_ns &&
         !run_hit_limit(r))
    cmd_live(r, loop, stream, MIN(for_ns, world_now(run_world(r)) + step_ns));
  unsigned n_left = mail_n_actions_left(m);
  if (n_left == 0)
    return w->has_failed ? CMD_FAILED : CMD_DONE;
  cmd_complain(lang_text("%u actions were not over", "มีการกระทำ %u รายการที่ยังไม่จบ"), n_left);
  return CMD_FAILED;
}

static int
connect_out(const char *what, const GPtrArray *routes, const char *host_name, int64_t for_ns,
            struct run_options *options, const char *pcapng, const char *events)
{
  g_autoptr(GError) error = NULL;
  int code = CMD_DONE;
  struct cmd_stream *stream = cmd_stream_new(pcapng, events, &code);
  if (!stream)
    return code;
  bool takes_stdout = g_strcmp0(pcapng, "-") == 0 || g_strcmp0(events, "-") == 0;
  struct watch w = {.files = cmd_stream_sink(stream), .out = takes_stdout ? stderr : stdout};
  const struct run_stream sink = {
      .frame = take_frame, .event = take_event, .secret = take_secret, .data = &w};
  options->stream = &sink;
  struct run *r = run_new(what, options, &error);
  if (!r) {
    cmd_complain("%s", error->message);
    cmd_stream_free(stream);
    return g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE
                                                                        : CMD_UNREADABLE;
  }
  w.run = r;
  cmd_stream_begin(stream, r);
  struct outside_loop *loop = outside_loop_new(run_world(r));
  struct outside_gateway *g = outside_gateway_new(run_net(r), loop);
  uint32_t named = host_name ? net_find_host(run_net(r), host_name) : UINT32_MAX;
  if (host_name && named == UINT32_MAX) {
    cmd_complain(lang_text("--host %s: there is no such host", "--host %s: ไม่มีโฮสต์ชื่อนี้"), host_name);
    code = CMD_USAGE;
  }
  for (guint i = 0; code == CMD_DONE && i < routes->len; i++)
    if (!open_ways(g, r, routes->pdata[i], named))
      code = CMD_USAGE;
  if (code == CMD_DONE)
    code = drive(r, loop, stream, &w, for_ns);
  outside_gateway_free(g);
  int ended = cmd_live_end(r, loop, stream);
  return code == CMD_DONE ? ended : code;
}

int
cmd_connect(char **argv)
{
  g_autoptr(GPtrArray) set = g_ptr_array_new(), to = g_ptr_array_new();
  g_autoptr(GPtrArray) routes = g_ptr_array_new_with_free_func(route_free);
  const char *seconds = NULL, *seed = NULL, *pcapng = NULL, *events = NULL, *host = NULL;
  struct run_options options = {.is_held = true};
  bool help = false;
  const struct cmd_flag flags[] = {
      {.name = "--to", .list = to},
      {.name = "--host", .value = &host},
      {.name = "--for", .value = &seconds},
      {.name = "--seed", .value = &seed},
      {.name = "--tap", .value = &options.tap},
      {.name = "--set", .list = set},
      {.name = "-w", .value = &pcapng},
      {.name = "--events", .value = &events},
      {.name = "--help", .on = &help},
  };
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("connect", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  if (words->len != 1) {
    cmd_complain("%s", lang_text("connect takes one scenario, for example: enveloscope-sim connect "
                                 "pop3-three-states --to pop3=127.0.0.1:1110",
                                 "connect ต้องการสถานการณ์หนึ่งรายการ เช่น enveloscope-sim connect "
                                 "pop3-three-states --to pop3=127.0.0.1:1110"));
    return CMD_USAGE;
  }
  double for_s = 0;
  if (!read_routes(to, routes) ||
      (seconds && !cmd_read_seconds("--for", seconds, CMD_FOR_S_MAX, &for_s)) ||
      (seed && !cmd_read_seed(seed, &options.seed)) || !cmd_share_stdout(pcapng, events))
    return CMD_USAGE;
  g_ptr_array_add(set, NULL);
  options.set = (char **)set->pdata;
  cmd_catch_signals();
  return connect_out(words->pdata[0], routes, host, for_s > 0 ? (int64_t)(for_s * 1e9) : INT64_MAX,
                     &options, pcapng, events);
}
