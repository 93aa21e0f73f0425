/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_record.c -- `record`: frames of an interface into a pcapng file, through the helper.
 *
 *     options ─> consent ─> live_new ─> poll: helper's events | signals | limits ─> what was lost
 *
 * -a ends the whole capture, -b goes on in the next file; both look at whole blocks as the helper
 * commits them, so that a file is larger than its limit by what came in one breath. */
#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/cmd.h"
#include "capture/cmd_record_files.h"
#include "capture/source/live.h"
#include "capture/source/live_filter.h"
#include "capture/source/rights.h"
#include "capture/wire/lang.h"

enum {
  RING_FILE_KB = 100000, /* "-b files:N" alone: of each file */
  PROGRESS_MS = 500,
  END_WAIT_MS = 5000, /* for the helper's last words; a full pipe holds it up */
};

struct limit {
  double duration_s; /* 0: none */
  uint64_t n_octets;
};

struct record {
  struct live_options options;
  char *filter;
  struct record_files files;
  struct limit stop, next; /* -a, -b */
  bool is_mail, is_quiet;
  struct live *live;
  int64_t began_us, file_began_us, said_us, stopped_us; /* monotonic; 0: not yet */
  bool is_rotating;
  int code;
};

static volatile sig_atomic_t was_interrupted;

static void
on_signal(int number)
{
  was_interrupted = number;
}

static void
print_help(void)
{
  fputs(
      lang_text(
          "usage: enveloscope-capture record -i INTERFACE [-f FILTER | --mail] -w FILE.pcapng "
          "[OPTION…]\n\n"
          "  -i INTERFACE        “enveloscope-capture interfaces” lists them; any: all at once\n"
          "  -w FILE             pcapng, readable by you only; “-” is standard output\n"
          "  -f FILTER           capture filter in libpcap's language, for example “tcp port 25”\n"
          "  --mail              the filter for SMTP, POP3 and IMAP, fragments and VLAN frames "
          "included;\n"
          "                      with -f: mail among what FILTER lets through\n"
          "  -a duration:S       stop after S seconds            (-a may be repeated)\n"
          "  -a filesize:KB      stop when KB kilobytes (1000) are written\n"
          "  -b filesize:KB      go on in a new file after KB kilobytes   (-b may be repeated)\n"
          "  -b duration:S       go on in a new file after S seconds\n"
          "  -b files:N          keep the last N files only; 100 MB each unless told otherwise\n"
          "  -p                  do not ask the card for frames of others (promiscuous mode)\n"
          "  -s OCTETS           keep at most so much of each frame\n"
          "  -B MIB              size of the kernel's buffer, default 16\n"
          "  --leave MIB         stop when less room is free on the disk, default 64; 0: never\n"
          "  -q, --quiet         no progress, no statistics\n"
          "  --consent           you know the law: do not ask, now and later\n\n"
          "Ctrl-C ends the capture; the file is complete. Exit code 4 when frames were lost, 5 "
          "without "
          "the right\nto capture: “./run capture-rights” gives it.\n\n"
          "example: enveloscope-capture record -i eth0 --mail -a duration:60 -w mail.pcapng\n",
          "วิธีใช้: enveloscope-capture record -i อินเทอร์เฟซ [-f ตัวกรอง | --mail] -w ไฟล์.pcapng "
          "[ตัวเลือก…]\n\n"
          "  -i อินเทอร์เฟซ        ดูรายชื่อด้วย “enveloscope-capture interfaces” หากใช้ any "
          "คือทุกตัวพร้อมกัน\n"
          "  -w ไฟล์             ไฟล์ pcapng ที่อ่านได้เฉพาะคุณ “-” คือเอาต์พุตมาตรฐาน\n"
          "  -f ตัวกรอง           ตัวกรองการดักจับในภาษาของ libpcap เช่น “tcp port 25”\n"
          "  --mail              ตัวกรองสำหรับ SMTP, POP3 และ IMAP รวมแฟรกเมนต์และเฟรม VLAN\n"
          "                      เมื่อใช้กับ -f จะเก็บเฉพาะจดหมายจากเฟรมที่ผ่านตัวกรองนั้น\n"
          "  -a duration:S       หยุดเมื่อครบ S วินาที            (ใช้ -a ซ้ำได้)\n"
          "  -a filesize:KB      หยุดเมื่อเขียนครบ KB กิโลไบต์ (1000)\n"
          "  -b filesize:KB      ขึ้นไฟล์ใหม่ทุก KB กิโลไบต์   (ใช้ -b ซ้ำได้)\n"
          "  -b duration:S       ขึ้นไฟล์ใหม่ทุก S วินาที\n"
          "  -b files:N          เก็บเฉพาะ N ไฟล์ล่าสุด ไฟล์ละ 100 MB หากไม่กำหนดเป็นอย่างอื่น\n"
          "  -p                  ไม่ขอเฟรมของผู้อื่นจากการ์ด (ไม่ใช้โหมด promiscuous)\n"
          "  -s ไบต์             เก็บแต่ละเฟรมไม่เกินจำนวนนี้\n"
          "  -B MiB              ขนาดบัฟเฟอร์ของเคอร์เนล ค่าปกติ 16\n"
          "  --leave MiB         หยุดเมื่อดิสก์เหลือที่ว่างน้อยกว่านี้ ค่าปกติ 64 หากเป็น 0 ไม่ตรวจ\n"
          "  -q, --quiet         ไม่แสดงความคืบหน้าและสถิติ\n"
          "  --consent           คุณทราบข้อกฎหมายแล้ว ไม่ต้องถามอีก\n\n"
          "Ctrl-C จบการดักจับโดยได้ไฟล์ที่สมบูรณ์ รหัสออก 4 เมื่อมีเฟรมหาย และ 5 เมื่อไม่มีสิทธิ์ดักจับ\n"
          "ซึ่งให้ได้ด้วย “./run capture-rights”\n\n"
          "ตัวอย่าง: enveloscope-capture record -i eth0 --mail -a duration:60 -w mail.pcapng\n"),
      stdout);
}

/* ---- options ---- */

/* The value behind "KEY:" of -a and -b; false when the text is another key or no number > 0. */
static bool
limit_value(const char *text, const char *key, double *value)
{
  size_t n = strlen(key);
  char *end = NULL;
  if (strncmp(text, key, n) != 0 || text[n] != ':' || !g_ascii_isdigit(text[n + 1]))
    return false;
  *value = g_ascii_strtod(text + n + 1, &end);
  return *end == '\0' && *value > 0 && *value <= 1e12;
}

static bool
set_limit(struct limit *l, const char *text)
{
  double v;
  if (limit_value(text, "duration", &v))
    l->duration_s = v;
  else if (limit_value(text, "filesize", &v))
    l->n_octets = (uint64_t)(v * 1000);
  else
    return false;
  return true;
}

static bool
set_ring(struct record *r, const char *text)
{
  double v;
  r->files.is_ring = true;
  if (!limit_value(text, "files", &v))
    return set_limit(&r->next, text);
  r->files.n_keep = v < 100000 ? (unsigned)v : 0;
  return r->files.n_keep > 0;
}

static bool
set_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
  guint64 v;
  if (!g_ascii_string_to_unsigned(text, 10, least, most, &v, NULL))
    return false;
  *value = v;
  return true;
}

enum { OPTION_LANG = 256, OPTION_MAIL, OPTION_LEAVE, OPTION_CONSENT };

/* EXIT_DONE, or what to exit with. */
static int
set_option(struct record *r, int c, const char *value, const char *written)
{
  uint64_t v = 0;
  switch (c) {
  case 'i':
    r->options.interface = value;
    return EXIT_DONE;
  case 'f':
    g_free(r->filter);
    r->filter = g_strdup(value);
    return EXIT_DONE;
  case 'w':
    g_free(r->files.name);
    r->files.name = g_strdup(value);
    return EXIT_DONE;
  case 'p':
    r->options.is_promiscuous = false;
    return EXIT_DONE;
  case 'q':
    r->is_quiet = true;
    return EXIT_DONE;
  case OPTION_MAIL:
    r->is_mail = true;
    return EXIT_DONE;
  case OPTION_CONSENT:
    rights_remember_consent(NULL); /* who cannot keep a note is asked again another time */
    return EXIT_DONE;
  case OPTION_LANG:
    return cmd_set_language("record", value) ? EXIT_DONE : EXIT_USAGE;
  case 'a':
    return set_limit(&r->stop, value)
               ? EXIT_DONE
               : cmd_usage("record",
                           lang_text("-a takes duration:SECONDS or filesize:KILOBYTES, not",
                                     "-a รับ duration:วินาที หรือ filesize:กิโลไบต์ ไม่รับ"),
                           value);
  case 'b':
    return set_ring(r, value)
               ? EXIT_DONE
               : cmd_usage(
                     "record",
                     lang_text("-b takes files:N, duration:SECONDS or filesize:KILOBYTES, not",
                               "-b รับ files:N, duration:วินาที หรือ filesize:กิโลไบต์ ไม่รับ"),
                     value);
  case 's':
    if (!set_number(value, 64, LIVE_SNAP_OCTETS, &v))
      return cmd_usage("record",
                       lang_text("-s takes 64 to 262144, not", "-s รับค่า 64 ถึง 262144 ไม่รับ"), value);
    r->options.snap_octets = (uint32_t)v;
    return EXIT_DONE;
  case 'B':
    if (!set_number(value, 1, 1024, &v))
      return cmd_usage("record", lang_text("-B takes 1 to 1024, not", "-B รับค่า 1 ถึง 1024 ไม่รับ"),
                       value);
    r->options.ring_octets = (uint32_t)v << 20;
    return EXIT_DONE;
  case OPTION_LEAVE:
    if (!set_number(value, 0, 1 << 30, &v))
      return cmd_usage(
          "record", lang_text("--leave takes mebibytes, not", "--leave รับจำนวน MiB ไม่รับ"), value);
    r->options.floor_octets = v << 20;
    return EXIT_DONE;
  default:
    return cmd_option_error("record", c, written);
  }
}

static int
check_options(struct record *r)
{
  if (!r->options.interface || !r->files.name)
    return cmd_usage("record",
                     lang_text("write -i INTERFACE and -w FILE", "ให้เขียน -i อินเทอร์เฟซ และ -w ไฟล์"),
                     NULL);
  bool is_stdout = strcmp(r->files.name, "-") == 0;
  if (is_stdout && r->files.is_ring)
    return cmd_usage("record", lang_text("-b needs a file", "-b ต้องใช้กับไฟล์"), "-w -");
  if (is_stdout && isatty(STDOUT_FILENO))
    return cmd_usage("record",
                     lang_text("frames are no text for a terminal; send them into a pipe or a file",
                               "เฟรมไม่ใช่ข้อความสำหรับเทอร์มินัล โปรดส่งเข้าไปป์หรือไฟล์"),
                     "-w -");
  if (r->files.is_ring && !r->next.n_octets && r->next.duration_s <= 0)
    r->next.n_octets = (uint64_t)RING_FILE_KB * 1000;
  if (r->is_mail) {
    g_autofree char *mail = live_filter_mail(r->options.interface);
    char *both = r->filter ? g_strdup_printf("(%s) and (%s)", r->filter, mail) : g_strdup(mail);
    g_free(r->filter);
    r->filter = both;
  }
  r->options.filter = r->filter;
  return EXIT_DONE;
}

/* Asks once for each account, and only who can answer. A script's -i is its own decision. */
static bool
has_consent(void)
{
  char answer[16] = "";
  if (rights_has_consent() || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
    return true;
  fprintf(stderr, "%s\n\n%s ", rights_consent_text(),
          lang_text("Go on? Type yes:", "ดำเนินการต่อหรือไม่ หากตกลงให้พิมพ์ yes:"));
  if (!fgets(answer, sizeof answer, stdin) || strcmp(g_strstrip(answer), "yes") != 0) {
    fputs(lang_text("Nothing was captured.\n", "ไม่ได้ดักจับข้อมูลใด\n"), stderr);
    return false;
  }
  rights_remember_consent(NULL);
  return true;
}

/* ---- while it goes on ---- */

static int
exit_code(const GError *error)
{
  static const int codes[] = {
      [LIVE_ERROR_HELPER] = EXIT_INPUT,        [LIVE_ERROR_PERMISSION] = EXIT_PERMISSION,
      [LIVE_ERROR_INTERFACE] = EXIT_INPUT,     [LIVE_ERROR_FILTER] = EXIT_USAGE,
      [LIVE_ERROR_VANISHED] = EXIT_INCOMPLETE, [LIVE_ERROR_DISK] = EXIT_INCOMPLETE,
      [LIVE_ERROR_OUTPUT] = EXIT_INCOMPLETE,   [LIVE_ERROR_CAPTURE] = EXIT_INCOMPLETE};
  return error->domain == LIVE_ERROR ? codes[error->code] : EXIT_INPUT;
}

static void
clear_progress(const struct record *r)
{
  if (r->said_us)
    fputs("\r\033[K", stderr);
}

static void
show_progress(struct record *r, int64_t now_us)
{
  if (r->is_quiet || !isatty(STDERR_FILENO) || now_us - r->said_us < PROGRESS_MS * 1000)
    return;
  const struct live_state *s = live_state(r->live);
  g_autofree char *size = g_format_size(s->n_octets);
  clear_progress(r);
  fprintf(stderr,
          lang_text("%" G_GUINT64_FORMAT " frames, %s, %" G_GUINT64_FORMAT " lost, %d s",
                    "%" G_GUINT64_FORMAT " เฟรม %s หาย %" G_GUINT64_FORMAT " เฟรม %d วินาที"),
          MAX(s->n_written, s->n_frames), size, s->n_dropped_kernel + s->n_dropped_interface,
          (int)((now_us - r->began_us) / G_USEC_PER_SEC));
  fflush(stderr);
  r->said_us = now_us;
}

static void
complain(struct record *r, const GError *error)
{
  clear_progress(r);
  fprintf(stderr, "record: %s\n", error->message);
  if (r->code == EXIT_DONE)
    r->code = r->live && live_state(r->live)->is_ready ? EXIT_INCOMPLETE : exit_code(error);
}

static void
stop(struct record *r)
{
  if (r->stopped_us)
    return;
  r->stopped_us = g_get_monotonic_time();
  live_stop(r->live);
}

static void
next_file(struct record *r)
{
  g_autoptr(GError) error = NULL;
  int fd = record_files_open(&r->files, &error);
  if (fd < 0) {
    complain(r, error);
    stop(r);
    return;
  }
  r->is_rotating = live_rotate(r->live, fd);
  close(fd);
}

static bool
is_reached(const struct limit *l, uint64_t n_octets, int64_t passed_us)
{
  return (l->n_octets && n_octets >= l->n_octets) ||
         (l->duration_s > 0 && (double)passed_us >= l->duration_s * G_USEC_PER_SEC);
}

static void
look_at_limits(struct record *r, int64_t now_us)
{
  const struct live_state *s = live_state(r->live);
  if (was_interrupted)
    stop(r);
  if (!s->is_ready || r->stopped_us || r->is_rotating)
    return;
  if (is_reached(&r->stop, s->n_octets, now_us - r->began_us))
    stop(r);
  else if (r->files.is_ring && is_reached(&r->next, s->n_octets, now_us - r->file_began_us))
    next_file(r);
}

/* Everything that the helper said; false when it said its last. */
static bool
take_events(struct record *r)
{
  for (;;) {
    g_autoptr(GError) error = NULL;
    enum live_event event = live_next(r->live, &error);
    if (event == LIVE_NOTHING)
      return true;
    if (event == LIVE_ENDED)
      return false;
    if (event == LIVE_TROUBLE) {
      if (!live_state(r->live)->is_ready)
        record_files_abandon(&r->files);
      complain(r, error);
    } else if (event == LIVE_READY) {
      r->began_us = r->file_began_us = g_get_monotonic_time();
      if (!r->is_quiet)
        fprintf(stderr,
                lang_text("capturing on %s; Ctrl-C ends it\n", "กำลังดักจับบน %s กด Ctrl-C เพื่อหยุด\n"),
                r->options.interface);
    } else if (event == LIVE_ROTATED) {
      r->file_began_us = g_get_monotonic_time();
      r->is_rotating = false;
      record_files_prune(&r->files);
    }
    look_at_limits(r, g_get_monotonic_time());
  }
}

/* Milliseconds until a limit by time can be reached. */
static int
wait_ms(const struct record *r, int64_t now_us)
{
  double left = PROGRESS_MS;
  if (r->began_us && !r->stopped_us) {
    if (r->stop.duration_s > 0)
      left = MIN(left, r->stop.duration_s * 1e3 - (double)(now_us - r->began_us) / 1e3);
    if (r->next.duration_s > 0)
      left = MIN(left, r->next.duration_s * 1e3 - (double)(now_us - r->file_began_us) / 1e3);
  }
  return left < 1 ? 1 : (int)left;
}

static void
watch(struct record *r)
{
  struct pollfd helper = {.fd = live_fd(r->live), .events = POLLIN};
  while (take_events(r)) {
    int64_t now_us = g_get_monotonic_time();
    look_at_limits(r, now_us);
    show_progress(r, now_us);
    if (r->stopped_us && now_us - r->stopped_us > END_WAIT_MS * 1000)
      return; /* a pipe that nobody reads; live_free() ends the helper */
    poll(&helper, 1, wait_ms(r, now_us));
  }
}

static void
sum_up(struct record *r)
{
  const struct live_state *s = live_state(r->live);
  uint64_t n_lost = s->n_dropped_kernel + s->n_dropped_interface;
  if (!s->is_ready)
    return;
  if (n_lost && r->code == EXIT_DONE)
    r->code = EXIT_INCOMPLETE;
  if (r->is_quiet)
    return;
  clear_progress(r);
  g_autofree char *shown = g_filename_display_name(record_files_current(&r->files));
  fprintf(stderr,
          lang_text("%" G_GUINT64_FORMAT " frames received, %" G_GUINT64_FORMAT
                    " written to %s; lost: %" G_GUINT64_FORMAT " by the kernel, %" G_GUINT64_FORMAT
                    " by the interface\n",
                    "รับ %" G_GUINT64_FORMAT " เฟรม เขียน %" G_GUINT64_FORMAT
                    " เฟรมลงใน %s หายที่เคอร์เนล %" G_GUINT64_FORMAT
                    " เฟรม ที่อินเทอร์เฟซ %" G_GUINT64_FORMAT " เฟรม\n"),
          s->n_received, s->n_written, shown, s->n_dropped_kernel, s->n_dropped_interface);
  if (n_lost)
    fputs(lang_text(
              "The capture is not complete. A larger buffer (-B) or a narrower filter (-f, --mail) "
              "helps.\n",
              "แคปเจอร์ไม่ครบถ้วน ลองเพิ่มบัฟเฟอร์ (-B) หรือใช้ตัวกรองที่แคบลง (-f, --mail)\n"),
          stderr);
}

static int
run(struct record *r)
{
  g_autoptr(GError) error = NULL;
  if (r->filter && !live_filter_check(r->options.interface, r->filter, &error)) {
    complain(r, error);
    return r->code;
  }
  if (!has_consent())
    return EXIT_PERMISSION;
  int fd = record_files_open(&r->files, &error);
  r->live = fd < 0 ? NULL : live_new(&r->options, fd, &error);
  if (fd >= 0)
    close(fd);
  if (!r->live) {
    if (fd >= 0)
      record_files_abandon(&r->files);
    complain(r, error);
    return r->code;
  }
  struct sigaction end = {.sa_handler = on_signal};
  sigaction(SIGINT, &end, NULL);
  sigaction(SIGTERM, &end, NULL);
  watch(r);
  sum_up(r);
  live_free(r->live);
  return r->code;
}

int
cmd_record(int argc, char **argv)
{
  static const struct option long_options[] = {{"lang", required_argument, NULL, OPTION_LANG},
                                               {"mail", no_argument, NULL, OPTION_MAIL},
                                               {"leave", required_argument, NULL, OPTION_LEAVE},
                                               {"consent", no_argument, NULL, OPTION_CONSENT},
                                               {"quiet", no_argument, NULL, 'q'},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};
  struct record r = {.options = {.is_promiscuous = true, .floor_octets = LIVE_FLOOR_OCTETS},
                     .code = EXIT_DONE};
  int c, code = EXIT_DONE;
  optind = 0;
  opterr = 0;
  while (code == EXIT_DONE &&
         (c = getopt_long(argc, argv, ":i:f:w:a:b:s:B:pqh", long_options, NULL)) != -1) {
    if (c == 'h') {
      print_help();
      record_files_clear(&r.files);
      g_free(r.filter);
      return EXIT_DONE;
    }
    code = set_option(&r, c, optarg, argv[optind - 1]);
  }
  if (code == EXIT_DONE && optind < argc)
    code = cmd_usage("record", lang_text("this is no option", "นี่ไม่ใช่ตัวเลือก"), argv[optind]);
  if (code == EXIT_DONE)
    code = check_options(&r);
  if (code == EXIT_DONE)
    code = run(&r);
  record_files_clear(&r.files);
  g_free(r.filter);
  return code;
}
