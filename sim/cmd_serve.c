/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_serve.c -- enveloscope-sim serve: the simulated servers answer real clients, in real time.
 *
 *     real client ── socket ── gateway ── host of kind outside ── simulated network ── mail host
 *
 * Which mail host answers: the one of --host; else the first that serves all that is asked for;
 * else for each service the first that serves it. Whatever a client sends, it stays in the
 * simulated network: no mail leaves it. */
#include <stdio.h>
#include <string.h>

#include "lessons/library.h"
#include "sim/cmd.h"
#include "sim/mail/build.h"
#include "sim/mail/mailfile.h"
#include "sim/outside/gateway.h"
#include "sim/outside/tun.h"

static const char help_en[] =
    "Usage: enveloscope-sim serve [ID|FILE.yaml] PORTS [FLAGS]\n"
    "Lets real mail programs reach the simulated servers of a scenario (default: office), in real\n"
    "time. What they send crosses the simulated network, frame by frame; no mail leaves it.\n"
    "  --smtp PORT, --submission PORT, --submissions PORT, --pop3 PORT, --pop3s PORT, --imap "
    "PORT,\n"
    "  --imaps PORT        ports of this computer to open, 0 for any free one; only these are "
    "opened\n"
    "  --listen ADDRESS    default 127.0.0.1\n"
    "  --host HOST         the mail host that answers, when the scenario has several\n"
    "  --user NAME:PASSWORD   an account on every mail host (repeatable)\n"
    "  --maildir DIR       messages that are there at the beginning: a Maildir for the first "
    "--user,\n"
    "                      or a folder with one Maildir for each account, DIR/NAME\n"
    "  --ca-out FILE       the certificate to trust for TLS (PEM), for the mail programs; the same "
    "for\n"
    "                      every run, its key is public: trust it nowhere else\n"
    "  --for SECONDS       end then; otherwise at Ctrl-C or SIGTERM\n"
    "  -w FILE.pcapng      the frames, written as they pass; - is stdout, for example into "
    "Wireshark\n"
    "  --events FILE       the state events as JSON Lines, likewise\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE   as for `run`\n"
    "Prints a line for each port, then `ready`.\n"
    "Example: enveloscope-sim serve --submission 5587 --imap 1143 --user ann:secret -w "
    "mail.pcapng\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim serve [ID|FILE.yaml] พอร์ต [แฟล็ก]\n"
    "ให้โปรแกรมอีเมลจริงต่อเข้าเซิร์ฟเวอร์จำลองของสถานการณ์ (ปกติคือ office) ตามเวลาจริง\n"
    "สิ่งที่ส่งจะผ่านเครือข่ายจำลองทีละเฟรม และไม่มีจดหมายใดออกไปนอกเครือข่ายจำลอง\n"
    "  --smtp PORT, --submission PORT, --submissions PORT, --pop3 PORT, --pop3s PORT, --imap "
    "PORT,\n"
    "  --imaps PORT        พอร์ตของเครื่องนี้ที่จะเปิด 0 คือพอร์ตใดก็ได้ที่ว่าง เปิดเฉพาะที่ระบุ\n"
    "  --listen ADDRESS    ปกติคือ 127.0.0.1\n"
    "  --host HOST         เซิร์ฟเวอร์เมลที่จะตอบ เมื่อสถานการณ์มีหลายเครื่อง\n"
    "  --user NAME:PASSWORD   เพิ่มบัญชีในเซิร์ฟเวอร์เมลทุกเครื่อง (ใช้ซ้ำได้)\n"
    "  --maildir DIR       จดหมายที่มีอยู่ตั้งแต่ต้น: Maildir ของบัญชี --user แรก\n"
    "                      หรือโฟลเดอร์ที่มี Maildir ของแต่ละบัญชีใน DIR/NAME\n"
    "  --ca-out FILE       ใบรับรอง (PEM) ที่โปรแกรมอีเมลต้องเชื่อถือสำหรับ TLS เหมือนกันทุกครั้ง\n"
    "                      และกุญแจเป็นที่เปิดเผย อย่าเชื่อถือใบนี้ที่อื่น\n"
    "  --for SECONDS       จบเมื่อครบเวลา (วินาที) ถ้าไม่ระบุให้กด Ctrl-C หรือส่ง SIGTERM\n"
    "  -w FILE.pcapng      เขียนเฟรมลงไฟล์ทันทีที่ผ่าน เครื่องหมาย - คือ stdout เช่นส่งต่อให้ Wireshark\n"
    "  --events FILE       เขียนเหตุการณ์ของสถานะเป็น JSON Lines ในทำนองเดียวกัน\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE   เหมือนคำสั่ง run\n"
    "พิมพ์หนึ่งบรรทัดต่อพอร์ต แล้วพิมพ์ ready\n"
    "ตัวอย่าง: enveloscope-sim serve --submission 5587 --imap 1143 --user ann:secret -w "
    "mail.pcapng\n";

/* In the order in which they are printed; the names are keys of `services` and flags. */
enum { N_DOORS = 7, N_FLAGS = 12 };

#define GOODBYE_NS INT64_C(200000000) /* in which the last words reach their clients */
static const char *const doors[N_DOORS] = {"smtp",  "submission", "submissions", "pop3",
                                           "pop3s", "imap",       "imaps"};

struct serve {
  const char *scenario, *listen, *host_name, *maildir, *authority;
  const char *port_texts[N_DOORS];
  uint16_t ports[N_DOORS];
  GPtrArray *users; /* const char*, "NAME:PASSWORD" */
  FILE *out;        /* where lines for scripts go: stderr when a file takes stdout */
};

/* ---- which host ---- */

static bool
serves_all(const struct serve *s, const struct mail *m, uint32_t host)
{
  for (unsigned i = 0; i < N_DOORS; i++)
    if (s->port_texts[i] && mail_service_port(m, host, doors[i]) == 0)
      return false;
  return true;
}

/* Says what there is when something is asked for that nobody serves. */
static void
complain_service(const struct mail *m, struct net *n, const char *service, const char *host_name)
{
  g_autoptr(GString) list = g_string_new(NULL);
  for (unsigned k = 0; mail_host(m, k) != UINT32_MAX; k++) {
    uint32_t host = mail_host(m, k);
    g_string_append_printf(list, "%s%s:", k ? "; " : "", net_host_info(n, host).name);
    for (unsigned i = 0; i < N_DOORS; i++)
      if (mail_service_port(m, host, doors[i]) != 0)
        g_string_append_printf(list, " %s", doors[i]);
  }
  if (service)
    cmd_complain(lang_text("no host of this scenario serves %s%s%s; there are: %s",
                           "ไม่มีโฮสต์ในสถานการณ์นี้ที่ให้บริการ %s%s%s ที่มีคือ %s"),
                 service, host_name ? " @ " : "", host_name ? host_name : "",
                 list->len > 0 ? list->str : "-");
  else
    cmd_complain(lang_text("--host %s is no mail host of this scenario; there are: %s",
                           "--host %s ไม่ใช่เซิร์ฟเวอร์เมลของสถานการณ์นี้ ที่มีคือ %s"),
                 host_name, list->len > 0 ? list->str : "-");
}

static bool
choose_hosts(const struct serve *s, const struct mail *m, struct net *n, uint32_t hosts[N_DOORS])
{
  uint32_t named = s->host_name ? net_find_host(n, s->host_name) : UINT32_MAX, all = named;
  bool is_mail = !s->host_name;
  for (unsigned k = 0; mail_host(m, k) != UINT32_MAX; k++) {
    is_mail = is_mail || mail_host(m, k) == named;
    if (all == UINT32_MAX && serves_all(s, m, mail_host(m, k)))
      all = mail_host(m, k);
  }
  if (!is_mail) {
    complain_service(m, n, NULL, s->host_name);
    return false;
  }
  for (unsigned i = 0; i < N_DOORS; i++) {
    if (!s->port_texts[i])
      continue;
    hosts[i] = all;
    for (unsigned k = 0; hosts[i] == UINT32_MAX && mail_host(m, k) != UINT32_MAX; k++)
      if (mail_service_port(m, mail_host(m, k), doors[i]) != 0)
        hosts[i] = mail_host(m, k);
    if (hosts[i] == UINT32_MAX || mail_service_port(m, hosts[i], doors[i]) == 0) {
      complain_service(m, n, doors[i], s->host_name);
      return false;
    }
  }
  return true;
}

/* ---- accounts ---- */

static bool
add_users(const struct serve *s, struct mail *m)
{
  for (guint i = 0; i < s->users->len; i++) {
    const char *text = s->users->pdata[i], *colon = strchr(text, ':');
    g_autofree char *name = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
    if (!name) {
      cmd_complain(
          lang_text("--user %s: write NAME:PASSWORD", "--user %s: ให้เขียนในรูป NAME:PASSWORD"), text);
      return false;
    }
    if (!mail_account(m, name, colon + 1)) {
      cmd_complain(
          lang_text("--user: “%s” cannot be an account's name; write 1 to %d octets without "
                    "spaces and @",
                    "--user: “%s” ใช้เป็นชื่อบัญชีไม่ได้ ให้เขียน 1 ถึง %d ออกเตต ไม่มีช่องว่างและ @"),
          name, MAIL_ACCOUNT_OCTETS_MAX);
      return false;
    }
  }
  return true;
}

/* ---- messages that are there before anybody connects ---- */

static bool
is_maildir(const char *folder)
{
  g_autofree char *cur = g_build_filename(folder, "cur", NULL);
  g_autofree char *new = g_build_filename(folder, "new", NULL);
  return g_file_test(cur, G_FILE_TEST_IS_DIR) || g_file_test(new, G_FILE_TEST_IS_DIR);
}

static bool
load_one(const struct mail *m, uint32_t host, const char *name, const char *folder)
{
  g_autoptr(GError) error = NULL;
  struct store_user *user = mail_find_account(m, host, name);
  unsigned n = 0;
  if (!user) {
    cmd_complain(lang_text("--maildir %s: there is no account %s; add --user %s:PASSWORD",
                           "--maildir %s: ไม่มีบัญชี %s ให้เพิ่ม --user %s:PASSWORD"),
                 folder, name ? name : "", name ? name : "NAME");
    return false;
  }
  if (!maildir_load(user, folder, true, &n, &error)) {
    cmd_complain("--maildir: %s", error->message);
    return false;
  }
  fprintf(stderr, lang_text("%s: %u messages for %s\n", "%s: %u ฉบับของ %s\n"), folder, n,
          user->name);
  return true;
}

/* A Maildir belongs to the first --user, else to the first account; a folder of Maildirs names its
 * accounts. */
static int
load_messages(const struct serve *s, const struct mail *m, uint32_t host)
{
  if (!s->maildir)
    return CMD_DONE;
  if (is_maildir(s->maildir)) {
    const char *text = s->users->len > 0 ? s->users->pdata[0] : NULL;
    g_autofree char *name = text ? g_strndup(text, strcspn(text, ":")) : NULL;
    return load_one(m, host, name, s->maildir) ? CMD_DONE : CMD_UNREADABLE;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(GDir) dir = g_dir_open(s->maildir, 0, &error);
  unsigned n = 0;
  if (!dir) {
    cmd_complain("--maildir: %s", error->message);
    return CMD_UNREADABLE;
  }
  for (const char *name; (name = g_dir_read_name(dir));) {
    g_autofree char *folder = g_build_filename(s->maildir, name, NULL);
    if (!is_maildir(folder))
      continue;
    if (!load_one(m, host, name, folder))
      return CMD_UNREADABLE;
    n++;
  }
  if (n > 0)
    return CMD_DONE;
  cmd_complain(
      lang_text("--maildir %s: neither this folder nor one in it holds `cur` and `new`; name a "
                "Maildir, or a folder with one Maildir for each account",
                "--maildir %s: ทั้งโฟลเดอร์นี้และโฟลเดอร์ข้างในไม่มี `cur` กับ `new` "
                "ให้ระบุ Maildir หรือโฟลเดอร์ที่มี Maildir ของแต่ละบัญชี"),
      s->maildir);
  return CMD_UNREADABLE;
}

/* ---- whom a client has to trust ---- */

static int
write_authority(const struct serve *s, const struct mail *m)
{
  const char *pem = mail_authority_pem(m);
  g_autoptr(GError) error = NULL;
  if (!s->authority)
    return CMD_DONE;
  if (!pem) {
    cmd_complain("%s",
                 lang_text("--ca-out: no server of this scenario speaks TLS; add tls: true to one",
                           "--ca-out: ไม่มีเซิร์ฟเวอร์ใดในสถานการณ์นี้ใช้ TLS ให้เพิ่ม tls: true"));
    return CMD_USAGE;
  }
  return g_file_set_contents(s->authority, pem, -1, &error)
             ? CMD_DONE
             : cmd_complain_file(s->authority, error);
}

/* ---- opening ---- */

/* What a person at the terminal wants to know and no script reads. */
static void
tell_door(const struct mail *m, struct net *n, unsigned door, uint32_t host, uint16_t port)
{
  struct host_info info = net_host_info(n, host);
  char address[ADDR_TEXT_MAX];
  fprintf(stderr, lang_text("%s leads to %s, %s port %u\n", "%s ต่อไปยัง %s ที่ %s พอร์ต %u\n"),
          doors[door], info.name, ip_addr_format(&info.addr, address), port);
}

static int
open_doors(const struct serve *s, struct run *r, struct outside_gateway *g)
{
  struct net *n = run_net(r);
  const struct mail *m = run_mail(r);
  uint32_t hosts[N_DOORS] = {[0 ... N_DOORS - 1] = UINT32_MAX};
  if (!choose_hosts(s, m, n, hosts))
    return CMD_USAGE;
  uint32_t first = UINT32_MAX; /* whose store is filled */
  for (unsigned i = 0; i < N_DOORS; i++)
    first = first == UINT32_MAX ? hosts[i] : first;
  int code = write_authority(s, m);
  if (code == CMD_DONE)
    code = load_messages(s, m, first);
  if (code != CMD_DONE)
    return code;
  bool is_six = strchr(s->listen, ':') != NULL;
  for (unsigned i = 0; i < N_DOORS; i++) {
    if (!s->port_texts[i])
      continue;
    g_autoptr(GError) error = NULL;
    struct ip_addr to = net_host_info(n, hosts[i]).addr;
    uint16_t to_port = mail_service_port(m, hosts[i], doors[i]);
    uint16_t port = outside_gateway_listen(g, s->listen, s->ports[i], cmd_find_outside(n), &to,
                                           to_port, &error);
    if (port == 0) {
      cmd_complain("--%s: %s", doors[i], error->message);
      return g_error_matches(error, OUTSIDE_ERROR, OUTSIDE_ERROR_FORBIDDEN) ? CMD_FORBIDDEN
                                                                            : CMD_UNREADABLE;
    }
    tell_door(m, n, i, hosts[i], to_port);
    fprintf(s->out, is_six ? "listening %s [%s]:%u\n" : "listening %s %s:%u\n", doors[i], s->listen,
            port);
  }
  fprintf(s->out, "ready\n");
  fflush(s->out);
  return CMD_DONE;
}

static void
tell_counts(const struct outside_gateway *g)
{
  struct outside_gateway_counts c = outside_gateway_counts(g);
  fprintf(stderr,
          lang_text("%" G_GUINT64_FORMAT " connections, %" G_GUINT64_FORMAT
                    " refused; %" G_GUINT64_FORMAT " octets from clients, %" G_GUINT64_FORMAT
                    " to them\n",
                    "%" G_GUINT64_FORMAT " การเชื่อมต่อ ปฏิเสธ %" G_GUINT64_FORMAT
                    " รับจากไคลเอนต์ %" G_GUINT64_FORMAT " ออกเตต ส่งให้ไคลเอนต์ %" G_GUINT64_FORMAT
                    " ออกเตต\n"),
          c.n_accepted, c.n_refused, c.n_inward, c.n_outward);
}

/* The servers tell their clients that they stop (SMTP: 421, RFC 5321 3.8); real ones shall hear it.
 */
static void
say_goodbye(struct run *r, struct outside_loop *loop)
{
  int64_t until = world_now(run_world(r)) + GOODBYE_NS;
  mail_shut_down(run_mail(r));
  while (world_now(run_world(r)) < until && outside_loop_turn(loop, until))
    ;
}

static int
serve(const struct serve *s, int64_t for_ns, struct run_options *options, const char *pcapng,
      const char *events)
{
  g_autoptr(GError) error = NULL;
  int code = CMD_DONE;
  struct cmd_stream *stream = cmd_stream_new(pcapng, events, &code);
  if (!stream)
    return code;
  options->stream = cmd_stream_sink(stream);
  struct run *r = run_new(s->scenario, options, &error);
  if (!r) {
    cmd_complain("%s", error->message);
    cmd_stream_free(stream);
    return g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE
                                                                        : CMD_UNREADABLE;
  }
  cmd_stream_begin(stream, r);
  struct outside_loop *loop = outside_loop_new(run_world(r));
  struct outside_gateway *g = outside_gateway_new(run_net(r), loop);
  code = add_users(s, run_mail(r)) ? open_doors(s, r, g) : CMD_USAGE;
  if (code == CMD_DONE) {
    cmd_live(r, loop, stream, for_ns);
    say_goodbye(r, loop);
    tell_counts(g);
  }
  outside_gateway_free(g);
  int ended = cmd_live_end(r, loop, stream);
  return code == CMD_DONE ? ended : code;
}

/* ---- arguments ---- */

static bool
read_ports(struct serve *s)
{
  unsigned n = 0;
  for (unsigned i = 0; i < N_DOORS; i++) {
    guint64 port = 0;
    if (!s->port_texts[i])
      continue;
    n++;
    if (!g_ascii_string_to_unsigned(s->port_texts[i], 10, 0, 65535, &port, NULL)) {
      cmd_complain(lang_text("--%s %s: write a port from 1 to 65535, or 0 for any free one",
                             "--%s %s: ให้เขียนพอร์ต 1 ถึง 65535 หรือ 0 เพื่อใช้พอร์ตที่ว่าง"),
                   doors[i], s->port_texts[i]);
      return false;
    }
    s->ports[i] = (uint16_t)port;
  }
  if (n == 0)
    cmd_complain(
        lang_text("no port is named, so nothing would be opened; for example: enveloscope-sim "
                  "serve --imap 1143 --submission 5587 (0: any free port)",
                  "ยังไม่ได้ระบุพอร์ต จึงไม่มีอะไรให้เปิด เช่น enveloscope-sim serve --imap 1143 "
                  "--submission 5587 (0 คือพอร์ตใดก็ได้ที่ว่าง)"));
  return n > 0;
}

static bool
read_address(const struct serve *s)
{
  struct ip_addr addr;
  if (!ip_addr_parse(s->listen, &addr)) {
    cmd_complain(lang_text("--listen %s: write an address in digits, such as 127.0.0.1 or ::1",
                           "--listen %s: ให้เขียนที่อยู่เป็นตัวเลข เช่น 127.0.0.1 หรือ ::1"),
                 s->listen);
    return false;
  }
  bool is_loopback = addr.version == 4 ? addr.octets[0] == 127 : strcmp(s->listen, "::1") == 0;
  if (!is_loopback)
    cmd_complain(lang_text("listening on %s: everybody who reaches this computer there can log in "
                           "and read what others send; use passwords that are used nowhere else",
                           "เปิดรับที่ %s: ทุกคนที่เข้าถึงเครื่องนี้ทางที่อยู่นี้ล็อกอินและอ่านสิ่งที่ผู้อื่นส่งได้ "
                           "ให้ใช้รหัสผ่านที่ไม่ได้ใช้ที่อื่น"),
                 s->listen);
  return true;
}

int
cmd_serve(char **argv)
{
  g_autoptr(GPtrArray) set = g_ptr_array_new(), users = g_ptr_array_new();
  struct serve s = {.scenario = "office", .listen = "127.0.0.1", .users = users};
  const char *seconds = NULL, *seed = NULL, *pcapng = NULL, *events = NULL;
  struct run_options options = {.is_held = true, .has_outside = true};
  bool help = false;
  struct cmd_flag flags[N_DOORS + N_FLAGS] = {
      {.name = "--listen", .value = &s.listen},
      {.name = "--host", .value = &s.host_name},
      {.name = "--maildir", .value = &s.maildir},
      {.name = "--ca-out", .value = &s.authority},
      {.name = "--user", .list = users},
      {.name = "--for", .value = &seconds},
      {.name = "--seed", .value = &seed},
      {.name = "--tap", .value = &options.tap},
      {.name = "--set", .list = set},
      {.name = "-w", .value = &pcapng},
      {.name = "--events", .value = &events},
      {.name = "--help", .on = &help},
  };
  char names[N_DOORS][16];
  for (unsigned i = 0; i < N_DOORS; i++) {
    g_snprintf(names[i], sizeof names[i], "--%s", doors[i]);
    flags[N_FLAGS + i] = (struct cmd_flag){.name = names[i], .value = &s.port_texts[i]};
  }
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("serve", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  if (words->len > 1) {
    cmd_complain(lang_text("serve takes one scenario, not %u", "serve รับสถานการณ์เดียว ไม่ใช่ %u"),
                 words->len);
    return CMD_USAGE;
  }
  if (words->len == 1)
    s.scenario = words->pdata[0];
  double for_s = 0;
  if (!read_ports(&s) || !read_address(&s) ||
      (seconds && !cmd_read_seconds("--for", seconds, CMD_FOR_S_MAX, &for_s)) ||
      (seed && !cmd_read_seed(seed, &options.seed)))
    return CMD_USAGE;
  if (!cmd_share_stdout(pcapng, events))
    return CMD_USAGE;
  bool takes_stdout = g_strcmp0(pcapng, "-") == 0 || g_strcmp0(events, "-") == 0;
  s.out = takes_stdout ? stderr : stdout;
  g_ptr_array_add(set, NULL);
  options.set = (char **)set->pdata;
  cmd_catch_signals();
  return serve(&s, for_s > 0 ? (int64_t)(for_s * 1e9) : INT64_MAX, &options, pcapng, events);
}
