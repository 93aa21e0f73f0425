/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_attach.c -- enveloscope-sim attach: the simulated network appears behind a TUN device.
 *
 * The kernel's own TCP/IP then talks to simulated hosts, in real time; what passes is kept as in
 * every run. Ends at a signal, at --for SECONDS or at the scenario's own end, and saves then. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "lessons/library.h"
#include "sim/cmd.h"
#include "sim/outside/tun.h"

static const char help_en[] =
    "Usage: enveloscope-sim attach ID|FILE.yaml --tun NAME [FLAGS]\n"
    "Puts the simulated network behind a TUN device: this computer's own TCP/IP talks to "
    "simulated\n"
    "hosts, in real time. Needs the right to make the device (root, or a network namespace).\n"
    "  --tun NAME          the device; it gets the address of the scenario's host of kind outside, "
    "or,\n"
    "                      when there is none, a free one beside the first host on a switch\n"
    "  --for SECONDS       end then; otherwise at Ctrl-C\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE, -w FILE.pcapng, --events FILE\n"
    "                      as for `run`\n"
    "Example: unshare --user --map-root-user --net \\\n"
    "             enveloscope-sim attach mail-journey --tun sim0 --for 60 -w real.pcapng\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim attach ID|FILE.yaml --tun NAME [แฟล็ก]\n"
    "ต่อเครือข่ายจำลองไว้หลังอุปกรณ์ TUN: TCP/IP ของเครื่องนี้คุยกับโฮสต์จำลองตามเวลาจริง\n"
    "ต้องมีสิทธิ์สร้างอุปกรณ์ (root หรือ network namespace)\n"
    "  --tun NAME          ชื่ออุปกรณ์ จะได้ที่อยู่ของโฮสต์ชนิด outside ในสถานการณ์ ถ้าไม่มีจะได้ที่อยู่ว่าง\n"
    "                      ในเครือข่ายเดียวกับโฮสต์แรกที่ต่อกับสวิตช์\n"
    "  --for SECONDS       จบเมื่อครบเวลา (วินาที) ถ้าไม่ระบุให้กด Ctrl-C\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE, -w FILE.pcapng, --events FILE\n"
    "                      เหมือนคำสั่ง run\n"
    "ตัวอย่าง: unshare --user --map-root-user --net \\\n"
    "             enveloscope-sim attach mail-journey --tun sim0 --for 60 -w real.pcapng\n";

/* A day: what is kept lies in memory. */
#define FOR_S_MAX 86400.0

static volatile sig_atomic_t stop_asked;

static void
ask_stop(int signal_number)
{
  stop_asked = signal_number;
}

static uint32_t
find_outside(const struct net *n)
{
  for (uint32_t i = 0; i < net_n_hosts(n); i++)
    if (net_host_info(n, i).kind == HOST_OUTSIDE)
      return i;
  return UINT32_MAX;
}

static void
say_ready(const struct net *n, uint32_t host, const char *device)
{
  char text[ADDR_TEXT_MAX];
  for (uint32_t i = 0; i < net_n_addresses(n, host); i++) {
    struct host_address a = net_address(n, host, i);
    printf("attached %s %s/%u\n", device, ip_addr_format(&a.addr, text), a.prefix);
  }
  printf("ready\n");
  fflush(stdout);
}

static void
tell_counts(const struct outside_tun *tun, const struct outside_loop *loop)
{
  struct outside_tun_counts c = outside_tun_counts(tun);
  fprintf(stderr,
          lang_text(
              "%" G_GUINT64_FORMAT " packets from this computer, %" G_GUINT64_FORMAT
              " to it; %" G_GUINT64_FORMAT " had no way, %" G_GUINT64_FORMAT " were dropped\n",
              "%" G_GUINT64_FORMAT " แพ็กเก็ตจากเครื่องนี้ %" G_GUINT64_FORMAT
              " แพ็กเก็ตมาถึงเครื่องนี้ ไม่มีเส้นทาง %" G_GUINT64_FORMAT " และถูกทิ้ง %" G_GUINT64_FORMAT "\n"),
          c.n_in, c.n_out, c.n_refused, c.n_dropped);
  if (outside_loop_lateness_ns(loop) > 0)
    fprintf(stderr,
            lang_text("virtual time was up to %.3f s behind: this computer was too slow for it\n",
                      "เวลาจำลองช้ากว่าเวลาจริงถึง %.3f วินาที เพราะเครื่องนี้ทำงานไม่ทัน\n"),
            (double)outside_loop_lateness_ns(loop) / 1e9);
}

/* Drives a held run until its time is over or somebody asks for the end. */
static int
drive(struct run *r, const char *device, int64_t for_ns, GError **error)
{
  struct net *n = run_net(r);
  struct outside_loop *loop = outside_loop_new(run_world(r));
  uint32_t host = find_outside(n);
  struct outside_tun *tun = outside_tun_new(n, host, device, loop, error);
  int code = CMD_DONE;
  if (tun) {
    say_ready(n, host, device);
    while (!stop_asked && world_now(run_world(r)) < for_ns && outside_loop_turn(loop, for_ns))
      ;
    tell_counts(tun, loop);
    if (outside_tun_counts(tun).n_dropped > 0)
      code = CMD_INCOMPLETE;
    if (run_hit_limit(r)) {
      g_autofree char *why = run_limit_text(r);
      cmd_complain("%s", why);
      code = CMD_INCOMPLETE;
    }
  } else {
    code = g_error_matches(*error, OUTSIDE_ERROR, OUTSIDE_ERROR_FORBIDDEN) ? CMD_FORBIDDEN
                                                                           : CMD_UNREADABLE;
  }
  outside_tun_free(tun);
  outside_loop_free(loop);
  run_settle(r);
  return code;
}

static int
attach(const char *what, const char *device, int64_t for_ns, const struct run_options *options,
       const char *pcapng, const char *events)
{
  g_autoptr(GError) error = NULL;
  struct run *r = run_new(what, options, &error);
  if (!r) {
    cmd_complain("%s", error->message);
    return g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE
                                                                        : CMD_UNREADABLE;
  }
  int code = drive(r, device, for_ns, &error);
  if (error)
    cmd_complain("%s", error->message);
  int saved = error ? CMD_DONE : cmd_save(r, pcapng, events);
  run_free(r);
  return saved == CMD_DONE ? code : saved;
}

int
cmd_attach(char **argv)
{
  g_autoptr(GPtrArray) set = g_ptr_array_new();
  const char *device = NULL, *seconds = NULL, *seed = NULL, *pcapng = NULL, *events = NULL;
  struct run_options options = {.is_held = true, .has_outside = true};
  bool help = false;
  const struct cmd_flag flags[] = {
      {.name = "--tun", .value = &device},    {.name = "--for", .value = &seconds},
      {.name = "--seed", .value = &seed},     {.name = "--tap", .value = &options.tap},
      {.name = "--set", .list = set},         {.name = "-w", .value = &pcapng},
      {.name = "--events", .value = &events}, {.name = "--help", .on = &help},
  };
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("attach", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  if (words->len != 1 || !device) {
    cmd_complain(
        lang_text("attach takes a scenario and a device, for example: enveloscope-sim attach "
                  "mail-journey --tun sim0",
                  "attach ต้องการสถานการณ์และอุปกรณ์ เช่น enveloscope-sim attach "
                  "mail-journey --tun sim0"));
    return CMD_USAGE;
  }
  double for_s = 0;
  if ((seconds && !cmd_read_seconds("--for", seconds, FOR_S_MAX, &for_s)) ||
      (seed && !cmd_read_seed(seed, &options.seed)))
    return CMD_USAGE;
  g_ptr_array_add(set, NULL);
  options.set = (char **)set->pdata;
  struct sigaction action = {.sa_handler = ask_stop};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  return attach(words->pdata[0], device, for_s > 0 ? (int64_t)(for_s * 1e9) : INT64_MAX, &options,
                pcapng, events);
}
