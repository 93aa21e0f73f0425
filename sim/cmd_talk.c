/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_talk.c -- enveloscope-sim talk: type the protocol by hand, or answer as the server.
 *
 *     line ─> an input at (the other side's last word + a second) ─> the run anew, longer by it
 *       ^                                                                     │
 *       └──── lines, frames, hint <── by_hand_read <──────────────────────────┘
 *
 * Time is virtual and follows from the lines alone: the same lines give the same frames, from a
 * terminal or from a file, and --save keeps them as the inputs of a run. The dialogue itself is
 * lessons/by_hand.h; here are the words of the terminal. */
#include <readline/history.h>
#include <readline/readline.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/wire/frame.h"
#include "lessons/by_hand.h"
#include "lessons/library.h"
#include "sim/cmd.h"

static const char help_en[] =
    "Usage: enveloscope-sim talk ID|FILE.yaml --to HOST:PORT [FLAGS]\n"
    "Type a mail protocol by hand from a simulated host, or be the server and answer. Each line\n"
    "shows the frames it became. Without a terminal, lines come from stdin: each one is sent when\n"
    "the answer to the one before is complete.\n"
    "  --to HOST:PORT      a host of the scenario, a name of its DNS, or an address\n"
    "  --from HOST         the host at which you sit (default: the scenario's first computer)\n"
    "  --be-server         you are the server at HOST:PORT; the scenario's client waits for you\n"
    "  --tls               TLS at once, as on ports 465, 993 and 995\n"
    "  --no-frames         only the dialogue\n"
    "  --save RUN.envrun   keep what was typed; replay plays it again\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE, -w FILE.pcapng, --events FILE   as for "
    "`run`\n"
    "Commands begin with a dot (\\.word sends one as text):\n"
    "  .tls      TLS begins, behind STARTTLS or STLS     .wait N   let N seconds pass\n"
    "  .and TEXT    send TEXT together with the next line (pipelining)\n"
    "  .part TEXT   send TEXT without CR LF              .close    close (also Ctrl-D)\n"
    "  .frames   show frames, or stop it                 .help     this list\n"
    "Example: enveloscope-sim talk office --to mail:25 --from malee-pc\n";
static const char help_th[] =
    "วิธีใช้: enveloscope-sim talk ID|FILE.yaml --to HOST:PORT [แฟล็ก]\n"
    "พิมพ์โปรโตคอลเมลด้วยมือจากโฮสต์จำลอง หรือเป็นเซิร์ฟเวอร์แล้วตอบเอง แต่ละบรรทัดแสดงเฟรมที่เกิดขึ้น\n"
    "ถ้าไม่ใช่เทอร์มินัลจะอ่านบรรทัดจาก stdin และส่งบรรทัดถัดไปเมื่อคำตอบของบรรทัดก่อนครบแล้ว\n"
    "  --to HOST:PORT      โฮสต์ในสถานการณ์ ชื่อใน DNS ของสถานการณ์ หรือที่อยู่\n"
    "  --from HOST         โฮสต์ที่นั่งพิมพ์ (ปกติคือคอมพิวเตอร์เครื่องแรกของสถานการณ์)\n"
    "  --be-server         เป็นเซิร์ฟเวอร์ที่ HOST:PORT ไคลเอนต์ของสถานการณ์จะรอคำตอบ\n"
    "  --tls               เริ่ม TLS ทันที เหมือนพอร์ต 465, 993 และ 995\n"
    "  --no-frames         แสดงเฉพาะบทสนทนา\n"
    "  --save RUN.envrun   เก็บสิ่งที่พิมพ์ไว้ เล่นซ้ำได้ด้วย replay\n"
    "  --seed N, --tap sender|all|LINK, --set KEY=VALUE, -w FILE.pcapng, --events FILE   เหมือน "
    "run\n"
    "คำสั่งขึ้นต้นด้วยจุด (\\.คำ คือส่งเป็นข้อความ):\n"
    "  .tls      เริ่ม TLS หลัง STARTTLS หรือ STLS       .wait N   ปล่อยให้เวลาผ่านไป N วินาที\n"
    "  .and TEXT    ส่ง TEXT พร้อมบรรทัดถัดไป (ไปป์ไลน์)\n"
    "  .part TEXT   ส่ง TEXT โดยไม่มี CR LF              .close    ปิดการเชื่อมต่อ (หรือ Ctrl-D)\n"
    "  .frames   แสดงหรือหยุดแสดงเฟรม                   .help     รายการนี้\n"
    "ตัวอย่าง: enveloscope-sim talk office --to mail:25 --from malee-pc\n";

#define HAND "you"
#define WAIT_S_MAX 86400.0

struct talk {
  struct run *run;
  struct by_hand *hand;
  int64_t now_ns;    /* shown up to here */
  int64_t until_ns;  /* simulated up to here */
  unsigned n_shown;  /* lines of the hand */
  uint32_t n_frames; /* of the trace */
  GString *held;     /* what .and keeps for the next line */
  bool is_server, is_terminal, shows_frames, is_over;
  const char *from, *to, *seed, *pcapng, *events, *save;
};

/* ---- showing ---- */

static const char *
host_at(const struct run *r, const struct ip_addr *addr, char text[ADDR_TEXT_MAX])
{
  for (uint32_t i = 0; i < run_n_hosts(r); i++) {
    struct host_info info = run_host(r, i);
    if (info.addr.version && ip_addr_equal(&info.addr, addr))
      return info.name;
  }
  return ip_addr_format(addr, text);
}

/* A TLS record as everybody on the way sees it: its head and the beginning of what it hides. */
static void
show_record(const uint8_t *p, size_t n)
{
  enum { SHOWN = 12 };
  if (n < 5 || p[0] < 20 || p[0] > 23 || p[1] != 3) /* RFC 8446 5.1: types, legacy version */
    return;
  printf(lang_text("  on the wire:", "  บนสาย:"));
  for (size_t i = 0; i < MIN(n, SHOWN); i++)
    printf(" %02x", p[i]);
  printf(n > SHOWN ? " …" : "");
}

/* "  #12  1.500123456  malee-pc:50112 > mail:25  seq 1 ack 41  9 octets  [PSH, ACK]  lost" */
static void
show_frame(const struct talk *t, uint32_t frame)
{
  const struct trace *trace = run_trace(t->run);
  const struct trace_frame f = trace_frame(trace, frame);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct frame_layers layers;
  trace_octets(trace, frame, octets);
  frame_walk(trace_link(trace, frame), octets->data, octets->len, &layers);
  g_autofree char *time = ladder_seconds(f.time_ns - TRACE_SIM_EPOCH_NS);
  char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
  g_autofree char *numbers = by_hand_numbers(t->run, frame);
  printf("    #%-4u %s  %s:%u > %s:%u  %s", frame + 1, time, host_at(t->run, &layers.src, from),
         layers.src_port, host_at(t->run, &layers.dst, to), layers.dst_port, numbers);
  printf(lang_text("  %u octets%s", "  %u ออกเตต%s"), layers.payload_wire,
         run_is_lost(t->run, frame) ? lang_text("  ✗ lost on its way", "  ✗ หายระหว่างทาง") : "");
  show_record(octets->data + layers.payload_offset, layers.payload_octets);
  printf("\n");
}

static void
show_line(const struct talk *t, const struct by_hand_line *line)
{
  char mine = t->is_server ? 'S' : 'C', theirs = t->is_server ? 'C' : 'S';
  switch (line->kind) {
  case BY_HAND_SAID:
    printf("%c: %s%s\n", mine, line->text, line->end);
    break;
  case BY_HAND_HEARD:
    printf("%c: %s%s\n", theirs, line->text, line->end);
    break;
  case BY_HAND_TLS:
    if (*line->text)
      printf("-- TLS: %s\n", line->text);
    break;
  case BY_HAND_STATE: {
    g_autofree char *time = ladder_seconds(line->time_ns);
    printf("-- %s (%s)\n", line->text, time);
    break;
  }
  }
}

/* Frames that left before a time and were not shown yet. */
static void
show_frames(struct talk *t, int64_t until_ns)
{
  const struct trace *trace = run_trace(t->run);
  for (; t->n_frames < trace_n_frames(trace); t->n_frames++) {
    const struct trace_frame f = trace_frame(trace, t->n_frames);
    if (f.time_ns - TRACE_SIM_EPOCH_NS >= until_ns)
      return;
    if (t->shows_frames && f.flow != TRACE_NONE && f.flow == by_hand_flow(t->hand))
      show_frame(t, t->n_frames);
  }
}

/* Everything that happened up to now and was not shown yet, in the order of time: a line that was
 * typed stands above the frames it became, one that came below. */
static void
show_news(struct talk *t)
{
  for (; t->n_shown < by_hand_n_lines(t->hand); t->n_shown++) {
    struct by_hand_line line = by_hand_line(t->hand, t->n_shown);
    if (line.time_ns > t->now_ns)
      break;
    show_frames(t, line.time_ns);
    show_line(t, &line);
  }
  show_frames(t, t->now_ns + 1);
  g_autofree char *hint = by_hand_hint(t->hand, t->now_ns);
  if (hint)
    printf("-- %s\n", hint);
  fflush(stdout);
}

/* ---- doing ---- */

/* The run with one input more, simulated for a while behind it, and what it brought until it is the
 * hand's turn. False after a complaint. */
static bool
act(struct talk *t, const struct input *inputs, size_t n)
{
  g_autoptr(GError) error = NULL;
  const struct input *input = &inputs[n - 1];
  int64_t until_ns = MAX(t->until_ns, input->time_ns + RUN_HAND_NS);
  struct run *next = run_branch_until(t->run, input->time_ns, inputs, n, until_ns, &error);
  if (!next) {
    cmd_complain("%s", error->message);
    return false;
  }
  by_hand_free(t->hand);
  run_free(t->run);
  t->run = next;
  t->until_ns = until_ns;
  t->hand = by_hand_read(next, HAND);
  int64_t turn_ns = by_hand_turn_ns(t->hand, input->time_ns);
  t->now_ns = turn_ns == BY_HAND_NEVER ? input->time_ns + BY_HAND_PATIENCE_NS : turn_ns;
  t->is_over = by_hand_is_over(t->hand, t->now_ns);
  show_news(t);
  if (turn_ns == BY_HAND_NEVER && input->verb != INPUT_LISTEN && input->verb != INPUT_CLOSE)
    printf("%s\n", lang_text("-- no complete answer within 5 s; .wait 60 waits longer",
                             "-- ไม่ได้คำตอบครบภายใน 5 วินาที ใช้ .wait 60 เพื่อรอต่อ"));
  return true;
}

static struct input
input_now(const struct talk *t, enum input_verb verb)
{
  return (struct input){
      .time_ns = t->now_ns + BY_HAND_THINK_NS, .verb = verb, .hand = (char *)(uintptr_t)HAND};
}

static bool
type_line(struct talk *t, const char *text, const char *end)
{
  g_autofree char *all = g_strconcat(t->held->str, text, NULL);
  struct input input = input_now(t, INPUT_TYPE);
  input.line = all;
  input.end = (char *)(uintptr_t)end;
  g_string_truncate(t->held, 0);
  return act(t, &input, 1);
}

static bool
wait_seconds(struct talk *t, const char *text)
{
  double seconds = 0;
  if (!cmd_read_seconds(".wait", text, WAIT_S_MAX, &seconds))
    return true;
  g_autoptr(GError) error = NULL;
  int64_t now_ns = t->now_ns + (int64_t)(seconds * 1e9);
  int64_t until_ns = MAX(t->until_ns, now_ns);
  struct run *next = run_branch_until(t->run, INT64_MAX, NULL, 0, until_ns, &error);
  if (!next) {
    cmd_complain("%s", error->message);
    return false;
  }
  by_hand_free(t->hand);
  run_free(t->run);
  t->run = next;
  t->until_ns = until_ns;
  t->hand = by_hand_read(next, HAND);
  t->now_ns = now_ns;
  t->is_over = by_hand_is_over(t->hand, now_ns);
  show_news(t);
  return true;
}

static bool
do_verb(struct talk *t, enum input_verb verb)
{
  struct input input = input_now(t, verb);
  return act(t, &input, 1);
}

/* A command of the dialogue, or a line to send. False when the run cannot go on. */
static bool
obey(struct talk *t, const char *line)
{
  if (strcmp(line, ".tls") == 0)
    return do_verb(t, INPUT_TLS);
  if (strcmp(line, ".close") == 0)
    return do_verb(t, INPUT_CLOSE);
  if (strcmp(line, ".frames") == 0) {
    t->shows_frames = !t->shows_frames;
    return true;
  }
  if (strcmp(line, ".help") == 0) {
    fputs(strstr(lang_text(help_en, help_th), "  .tls"), stdout);
    return true;
  }
  if (g_str_has_prefix(line, ".wait "))
    return wait_seconds(t, line + strlen(".wait "));
  if (g_str_has_prefix(line, ".part "))
    return type_line(t, line + strlen(".part "), "");
  if (g_str_has_prefix(line, ".and ")) {
    g_string_append_printf(t->held, "%s\r\n", line + strlen(".and "));
    return true;
  }
  return type_line(t, g_str_has_prefix(line, "\\.") ? line + 1 : line, NULL);
}

/* ---- lines ---- */

/* The next line, without its end; NULL at the end. The caller frees it with free(). */
static char *
next_line(const struct talk *t)
{
  if (t->is_terminal) {
    char *line = readline(t->is_server ? "S> " : "C> ");
    if (line && *line)
      add_history(line);
    if (line)
      printf("\033[1A\033[2K"); /* the line comes again with its end */
    else
      printf("\n");
    return line;
  }
  char *line = NULL;
  size_t room = 0;
  ssize_t n = getline(&line, &room, stdin);
  if (n < 0) {
    free(line);
    return NULL;
  }
  while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
    line[--n] = '\0';
  return line;
}

static int
converse(struct talk *t)
{
  while (!t->is_over) {
    char *line = next_line(t);
    if (!line)
      break;
    bool is_text = g_utf8_validate(line, -1, NULL);
    bool good = is_text ? obey(t, line) : true;
    if (!is_text)
      cmd_complain(
          lang_text("that line is not UTF-8 and was not sent", "บรรทัดนี้ไม่ใช่ UTF-8 จึงไม่ได้ส่ง"));
    free(line);
    if (!good)
      return CMD_UNREADABLE;
  }
  if (t->is_over)
    printf("%s\n", lang_text("-- the connection is over", "-- การเชื่อมต่อจบแล้ว"));
  else
    do_verb(t, INPUT_CLOSE);
  return CMD_DONE;
}

/* ---- where ---- */

static void
complain_host(const struct run *r, const char *flag, const char *name)
{
  g_autoptr(GString) names = g_string_new(NULL);
  for (uint32_t i = 0; i < run_n_hosts(r); i++)
    if (run_host(r, i).kind != HOST_SWITCH)
      g_string_append_printf(names, " %s", run_host(r, i).name);
  cmd_complain(lang_text("%s: there is no host “%s” in this scenario; there are:%s",
                         "%s: ไม่มีโฮสต์ “%s” ในสถานการณ์นี้ ที่มีคือ%s"),
               flag, name, names->str);
}

static uint32_t
find_host(const struct run *r, const char *name)
{
  struct ip_addr addr;
  bool is_address = ip_addr_parse(name, &addr);
  for (uint32_t i = 0; i < run_n_hosts(r); i++) {
    struct host_info info = run_host(r, i);
    if (strcmp(info.name, name) == 0 ||
        (is_address && info.addr.version && ip_addr_equal(&info.addr, &addr)))
      return i;
  }
  return UINT32_MAX;
}

/* Where a person sits when nobody says: the first computer, else the first telephone, else whatever
 * has an address and is not the server itself. */
static uint32_t
default_seat(const struct run *r, uint32_t server)
{
  static const enum host_kind kinds[] = {HOST_PC, HOST_PHONE, HOST_OUTSIDE, HOST_SERVER};
  for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++)
    for (uint32_t i = 0; i < run_n_hosts(r); i++)
      if (run_host(r, i).kind == kinds[k] && i != server)
        return i;
  return UINT32_MAX;
}

/* "mail:25" into its host's name and port. NULL after a complaint. */
static char *
read_target(const char *to, uint16_t *port)
{
  const char *colon = strrchr(to, ':');
  guint64 number = 0;
  if (!colon || colon == to ||
      !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &number, NULL)) {
    cmd_complain(lang_text("--to %s: write HOST:PORT, such as mail:25",
                           "--to %s: ให้เขียน HOST:PORT เช่น mail:25"),
                 to);
    return NULL;
  }
  *port = (uint16_t)number;
  size_t n = (size_t)(colon - to);
  if (to[0] == '[' && to[n - 1] == ']')
    return g_strndup(to + 1, n - 2);
  return g_strndup(to, n);
}

/* The first input: open a connection, or sit down at a port. */
static int
begin(struct talk *t, bool has_tls)
{
  uint16_t port;
  g_autofree char *name = read_target(t->to, &port);
  if (!name)
    return CMD_USAGE;
  uint32_t server = find_host(t->run, name);
  char address[ADDR_TEXT_MAX];
  struct input input = {.verb = t->is_server ? INPUT_LISTEN : INPUT_OPEN,
                        .hand = (char *)(uintptr_t)HAND,
                        .to_port = port};
  uint32_t seat = t->is_server ? server
                  : t->from    ? find_host(t->run, t->from)
                               : default_seat(t->run, server);
  if (seat == UINT32_MAX) {
    complain_host(t->run, t->is_server ? "--to" : "--from", t->is_server ? name : t->from);
    return CMD_USAGE;
  }
  struct ip_addr literal;
  if (server == UINT32_MAX && !ip_addr_parse(name, &literal) && !strchr(name, '.')) {
    complain_host(t->run, "--to", name);
    return CMD_USAGE;
  }
  struct host_info info = server == UINT32_MAX ? (struct host_info){0} : run_host(t->run, server);
  input.host = (char *)(uintptr_t)run_host(t->run, seat).name;
  input.server =
      server == UINT32_MAX ? name : (char *)(uintptr_t)ip_addr_format(&info.addr, address);
  const struct input inputs[] = {input, {.verb = INPUT_TLS, .hand = input.hand}};
  if (!act(t, inputs, has_tls ? 2 : 1))
    return CMD_UNREADABLE;
  if (t->is_server && g_strcmp0(by_hand_state(t->hand, t->now_ns), "open") != 0) {
    cmd_complain(lang_text("no client of this scenario connects to %s; look with enveloscope-sim "
                           "run which ports it uses",
                           "ไม่มีไคลเอนต์ในสถานการณ์นี้ต่อมาที่ %s ใช้ enveloscope-sim run "
                           "เพื่อดูว่าใช้พอร์ตใดบ้าง"),
                 t->to);
    return CMD_UNREADABLE;
  }
  return CMD_DONE;
}

/* ---- life ---- */

static int
talk(struct talk *t, const char *what, const struct run_options *options, bool has_tls)
{
  g_autoptr(GError) error = NULL;
  t->run = run_new(what, options, &error);
  if (!t->run) {
    cmd_complain("%s", error->message);
    return g_error_matches(error, LIBRARY_ERROR, LIBRARY_ERROR_SETTING) ? CMD_USAGE
                                                                        : CMD_UNREADABLE;
  }
  t->held = g_string_new(NULL);
  t->hand = by_hand_read(t->run, HAND);
  int code = begin(t, has_tls);
  if (code == CMD_DONE)
    code = converse(t);
  int saved = code == CMD_DONE ? cmd_save(t->run, t->pcapng, t->events) : CMD_DONE;
  if (code == CMD_DONE && t->save && !run_save(t->run, t->save, &error))
    saved = cmd_complain_file(t->save, error);
  by_hand_free(t->hand);
  g_string_free(t->held, true);
  run_free(t->run);
  return code == CMD_DONE ? saved : code;
}

int
cmd_talk(char **argv)
{
  g_autoptr(GPtrArray) set = g_ptr_array_new();
  struct talk t = {.is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)};
  struct run_options options = {0};
  bool help = false, no_frames = false, has_tls = false;
  const struct cmd_flag flags[] = {
      {.name = "--to", .value = &t.to},
      {.name = "--from", .value = &t.from},
      {.name = "--be-server", .on = &t.is_server},
      {.name = "--tls", .on = &has_tls},
      {.name = "--no-frames", .on = &no_frames},
      {.name = "--save", .value = &t.save},
      {.name = "--seed", .value = &t.seed},
      {.name = "--tap", .value = &options.tap},
      {.name = "--set", .list = set},
      {.name = "-w", .value = &t.pcapng},
      {.name = "--events", .value = &t.events},
      {.name = "--help", .on = &help},
  };
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  if (!cmd_parse("talk", argv, flags, G_N_ELEMENTS(flags), words))
    return CMD_USAGE;
  if (help) {
    fputs(lang_text(help_en, help_th), stdout);
    return CMD_DONE;
  }
  if (words->len != 1 || !t.to) {
    cmd_complain(lang_text("talk takes a scenario and a port to talk to, for example: "
                           "enveloscope-sim talk office --to mail:25",
                           "talk ต้องการสถานการณ์และพอร์ตที่จะคุยด้วย เช่น "
                           "enveloscope-sim talk office --to mail:25"));
    return CMD_USAGE;
  }
  if (t.seed && !cmd_read_seed(t.seed, &options.seed))
    return CMD_USAGE;
  if (!cmd_share_stdout(t.pcapng, t.events))
    return CMD_USAGE;
  t.shows_frames = !no_frames;
  g_ptr_array_add(set, NULL);
  options.set = (char **)set->pdata;
  return talk(&t, words->pdata[0], &options, has_tls);
}
