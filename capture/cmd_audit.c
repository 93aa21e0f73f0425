/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_audit.c -- "enveloscope-capture audit": logins and findings of captures, as text or JSON
 * Lines.
 *
 * Runs pass 1 alone and keeps no frames, so a capture of any size takes the same memory:
 *
 *     reader ─frame─> pass1 ─login, notice─> findings ─> report
 *
 * A capture that cannot be read does not stop the others. Revealed secrets go only to a terminal or
 * to a file that nobody else may read. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/cmd.h"
#include "capture/report/digest.h"
#include "capture/report/outfile.h"
#include "capture/report/report.h"
#include "capture/source/reader.h"
#include "capture/tls/certificate.h"
#include "capture/tls/keylog.h"
#include "capture/trace/pass1.h"

struct audit {
  const struct report_format *format;
  const char *baseline_path; /* NULL: none */
  struct baseline *baseline;
  const char *out_path; /* NULL: standard output */
  const char *trust;    /* certificates of trusted issuers; NULL: the system's */
  int fail_on;          /* enum severity, or -1 */
  bool reveal;
  bool digests; /* names each capture by its SHA-256 */
  const char *keylog_path;
  char **paths;
  unsigned n_paths;
};

struct audited {
  struct report_file report;
  struct findings *findings;
  char *warning;
};

/* ---- reading a capture ---- */

static void
on_login(void *data, const struct login *login, const struct finding_place *place)
{
  findings_login(data, login, place);
}

static void
on_notice(void *data, const struct notice *notice, const struct finding_place *place)
{
  findings_notice(data, notice, place);
}

/* What TLS held is looked at by the sessions while it is there; nothing of it is kept. */
static bool
on_plain(void *data, uint32_t flow, const struct app_plain *plain)
{
  return true;
}

static size_t
take_secrets(void *data, const char *text, size_t n)
{
  return keylog_add(data, text, n);
}

/* The secrets inside a pcapng, as far as it was read. Without any, TLS is passed over, which is
 * faster. */
static void
add_secrets(struct pass1 *pass1, struct keylog *keys, const GByteArray *secrets, size_t *n_read)
{
  keylog_add(keys, (const char *)secrets->data + *n_read, secrets->len - *n_read);
  *n_read = secrets->len;
  pass1_set_keys(pass1, keys);
}

static const char *
link_name(uint16_t link)
{
  switch (link) {
  case LINK_NULL:
    return "NULL";
  case LINK_ETHERNET:
    return "EN10MB";
  case LINK_RAW_BSD12:
  case LINK_RAW_BSD14:
  case LINK_RAW:
    return "RAW";
  case LINK_PPP:
    return "PPP";
  case LINK_PPP_HDLC:
    return "PPP_HDLC";
  case LINK_LOOP:
    return "LOOP";
  case LINK_LINUX_SLL:
    return "LINUX_SLL";
  case LINK_IPV4:
    return "IPV4";
  case LINK_IPV6:
    return "IPV6";
  case LINK_LINUX_SLL2:
    return "LINUX_SLL2";
  default:
    return NULL;
  }
}

/* Each kind of link once, in the order of the interfaces. */
static void
name_links(const struct reader *r, char out[64])
{
  out[0] = 0;
  for (uint32_t i = 0; i < reader_n_interfaces(r); i++) {
    uint16_t link = reader_interface(r, i)->link;
    bool known = false;
    for (uint32_t k = 0; k < i; k++)
      known = known || reader_interface(r, k)->link == link;
    char number[16];
    g_snprintf(number, sizeof number, "%u", link);
    const char *name = link_name(link) ? link_name(link) : number;
    if (known || strlen(out) + strlen(name) + 2 > 64)
      continue;
    if (out[0])
      g_strlcat(out, ",", 64);
    g_strlcat(out, name, 64);
  }
}

static void
judge_completeness(struct audited *a, GError *early, uint64_t n_cut, uint64_t n_bad,
                   uint64_t n_put_down)
{
  g_autoptr(GString) s = g_string_new(NULL);
  if (early)
    g_string_append_printf(s, "%s ", early->message);
  if (n_cut)
    g_string_append_printf(
        s,
        lang_text("%" PRIu64 " frames were cut by the snap length when they were captured. ",
                  "มี %" PRIu64 " เฟรมที่ถูกตัดให้สั้นลงตอนดักจับ (snap length) "),
        n_cut);
  if (n_put_down)
    g_string_append_printf(
        s,
        lang_text("%" PRIu64 " idle conversations were put down, because the open ones held too much. ",
                  "เลิกติดตามการสนทนาที่เงียบอยู่ %" PRIu64 " รายการ เพราะการสนทนาที่เปิดอยู่ใช้หน่วยความจำรวมกันมากเกินไป "),
        n_put_down);
  if (n_bad)
    g_string_append_printf(s,
                           lang_text("%" PRIu64 " damaged records were passed over. ",
                                     "ข้ามระเบียนที่เสียหาย %" PRIu64 " ระเบียน "),
                           n_bad);
  const struct finding_losses *lost = findings_losses(a->findings);
  if (lost->n_dropped)
    g_string_append_printf(
        s,
        lang_text("%" PRIu64 " frames were lost while they were captured, as the file says. ",
                  "ไฟล์ระบุว่ามี %" PRIu64 " เฟรมหายไประหว่างการดักจับ "),
        lost->n_dropped);
  if (lost->n_gaps)
    g_string_append_printf(s,
                           lang_text("%1$" PRIu64 " holes in mail conversations, %2$" PRIu64
                                     " octets, are not in the capture. ",
                                     "บทสนทนาเมลขาดหาย %1$" PRIu64 " ช่วง รวม %2$" PRIu64
                                     " ไบต์ที่ไม่อยู่ในแคปเจอร์ "),
                           lost->n_gaps, lost->n_gap_octets);
  if (lost->n_one_sided)
    g_string_append_printf(s,
                           lang_text("%" PRIu64 " mail conversations show one direction only. ",
                                     "บทสนทนาเมล %" PRIu64 " รายการมีเพียงทิศทางเดียว "),
                           lost->n_one_sided);
  uint64_t n_dropped = findings_n_dropped(a->findings);
  if (n_dropped)
    g_string_append_printf(s,
                           lang_text("%" PRIu64 " logins or findings were too many to keep. ",
                                     "มีการเข้าระบบหรือสิ่งที่พบเกินจำนวนที่เก็บได้ %" PRIu64 " รายการ "),
                           n_dropped);
  a->report.complete = s->len == 0;
  if (s->len) {
    g_string_truncate(s, s->len - 1);
    a->warning = g_string_free(g_steal_pointer(&s), FALSE);
    a->report.warning = a->warning;
  }
}

static void
on_octets(void *data, const uint8_t *octets, size_t n)
{
  digest_feed(data, octets, n);
}

/* The digest is made of the chunks in which the capture is read, so that it is read once. */
static struct digest *
begin_digest(struct reader *r)
{
  struct digest *d = digest_new();
  if (reader_tap(r, on_octets, d))
    return d;
  digest_free(d);
  return NULL;
}

/* Standard input has no name that a digest could vouch for; a gzipped file is read again, since its
 * octets are others than those that were read. */
static void
end_digest(struct reader *r, struct digest *d, const char *path, char out[65])
{
  if (d && reader_drain(r))
    digest_end(d, out);
  else if (!d && strcmp(path, "-") != 0)
    digest_file(path, out);
  digest_free(d);
}

/* Runs pass 1 over a capture. False when it cannot be opened. */
static bool
audit_file(const struct audit *o, const char *path, struct keylog *keys, struct audited *a,
           GError **error)
{
  struct reader *r = reader_new(path, error);
  if (!r)
    return false;
  bool is_file = strcmp(path, "-") != 0;
  struct digest *digest = o->digests && is_file ? begin_digest(r) : NULL;
  struct pass1_options options = {.forgets = true, .keys = o->keylog_path ? keys : NULL};
  static const struct pass1_sink sink = {.login = on_login, .notice = on_notice, .plain = on_plain};
  a->findings = findings_new_for_audit(o->reveal);
  if (o->trust)
    findings_set_trust(a->findings, o->trust);
  a->report.name = path;
  a->report.findings = a->findings;
  struct pass1 *pass1 = pass1_new(&options, &sink, a->findings);
  size_t n_secrets = 0;
  const GByteArray *secrets;
  uint64_t n_cut = 0;
  uint32_t first_cut = 0;
  uint32_t index = 0;
  struct reader_frame frame;
  g_autoptr(GError) early = NULL;
  enum reader_status status;
  while ((status = reader_next(r, &frame, &early)) == READER_FRAME && index < TRACE_NONE) {
    struct pass1_input in = {.octets = frame.octets,
                             .time_ns = frame.time_ns,
                             .position = frame.position,
                             .index = index++,
                             .captured_octets = frame.captured_octets,
                             .wire_octets = frame.wire_octets,
                             .link = (enum link_type)frame.link,
                             .interface = frame.interface};
    if (frame.captured_octets < frame.wire_octets && n_cut++ == 0)
      first_cut = in.index;
    if ((secrets = reader_secrets(r)) && secrets->len > n_secrets)
      add_secrets(pass1, keys, secrets, &n_secrets);
    pass1_frame(pass1, &in, NULL);
  }
  pass1_finish(pass1);
  struct reader_drops drops = reader_drops(r);
  findings_set_losses(a->findings, drops.n_interface + drops.n_kernel, n_cut, first_cut);
  findings_finish(a->findings);
  a->report.n_frames = index;
  a->report.n_streams = flow_table_n_streams(pass1_flows(pass1), IP_PROTO_TCP);
  name_links(r, a->report.link);
  judge_completeness(a, early, n_cut, reader_n_bad_records(r), pass1_n_put_down(pass1));
  pass1_free(pass1);
  if (o->digests)
    end_digest(r, digest, path, a->report.sha256);
  reader_free(r);
  return true;
}

/* ---- writing the report ---- */

static void
complain_out(const struct audit *o)
{
  fprintf(stderr,
          lang_text("audit: cannot write %s: %s. Choose another place with -o.\n",
                    "audit: เขียนไฟล์ %s ไม่ได้: %s กรุณาเลือกที่อื่นด้วย -o\n"),
          o->out_path, g_strerror(errno));
}

/* Begins the file of -o. With revealed secrets it must be one that only its owner may read. */
static struct outfile *
open_out(const struct audit *o, int *exit_code)
{
  struct outfile *out = outfile_new(o->out_path, o->reveal ? 0600 : 0666);
  struct stat st;
  if (!out || fstat(outfile_fd(out), &st) != 0) {
    *exit_code = errno == EACCES || errno == EPERM ? EXIT_PERMISSION : EXIT_USAGE;
    complain_out(o);
    outfile_end(out, false);
    return NULL;
  }
  bool terminal = isatty(outfile_fd(out));
  if (o->reveal && !terminal && (!S_ISREG(st.st_mode) || (st.st_mode & 077))) {
    fprintf(stderr,
            lang_text("audit: %s may be read by others, so secrets are not written there. "
                      "Give it the mode 0600 (chmod 600) or leave --reveal out.\n",
                      "audit: ผู้อื่นอ่าน %s ได้ จึงไม่เขียนความลับลงไป "
                      "กรุณาตั้งสิทธิ์เป็น 0600 (chmod 600) หรือไม่ใช้ --reveal\n"),
            o->out_path);
    outfile_end(out, false);
    *exit_code = EXIT_USAGE;
    return NULL;
  }
  return out;
}

static bool
write_report(const struct audit *o, FILE *out, const struct report_file *files, unsigned n_files)
{
  struct report_options options = {.reveal = o->reveal, .baseline = o->baseline};
  o->format->write(out, files, n_files, &options);
  bool ok = fflush(out) == 0 && !ferror(out);
  if (!ok)
    fprintf(stderr,
            lang_text("audit: writing the report failed: %s.\n", "audit: เขียนรายงานไม่สำเร็จ: %s\n"),
            g_strerror(errno));
  return ok;
}

static int
judge_exit(const struct audit *o, const struct report_file *files, unsigned n_files)
{
  unsigned counts[SEVERITY_CRITICAL + 1];
  struct report_options options = {.baseline = o->baseline};
  report_count(files, n_files, &options, counts);
  bool complete = true;
  for (unsigned i = 0; i < n_files; i++)
    complete = complete && files[i].complete;
  if (n_files < o->n_paths)
    return EXIT_INPUT;
  for (int s = o->fail_on; s >= 0 && s <= SEVERITY_CRITICAL; s++)
    if (counts[s])
      return EXIT_FOUND;
  return complete ? EXIT_DONE : EXIT_INCOMPLETE;
}

static int
run(const struct audit *o)
{
  int exit_code = EXIT_DONE;
  struct keylog *keys = keylog_new();
  struct outfile *out = NULL;
  if (o->keylog_path && !cmd_read_keylog("audit", o->keylog_path, take_secrets, keys))
    exit_code = EXIT_INPUT;
  else if (o->out_path)
    out = open_out(o, &exit_code);
  if (exit_code != EXIT_DONE) {
    keylog_free(keys);
    return exit_code;
  }
  struct audited *audited = g_new0(struct audited, o->n_paths);
  struct report_file *files = g_new0(struct report_file, o->n_paths);
  unsigned n = 0;
  for (unsigned i = 0; i < o->n_paths; i++) {
    g_autoptr(GError) error = NULL;
    if (!audit_file(o, o->paths[i], keys, &audited[n], &error)) {
      fprintf(stderr, "audit: %s\n", error->message);
      continue;
    }
    files[n] = audited[n].report;
    if (files[n].warning)
      fprintf(stderr, "audit: %s: %s\n", files[n].name, files[n].warning);
    n++;
  }
  bool is_written = n > 0 && write_report(o, out ? outfile_stream(out) : stdout, files, n);
  exit_code = n > 0 && !is_written ? EXIT_INCOMPLETE : judge_exit(o, files, n);
  if (!outfile_end(out, is_written)) {
    complain_out(o);
    exit_code = EXIT_INCOMPLETE;
  }
  for (unsigned i = 0; i < n; i++) {
    findings_free(audited[i].findings);
    g_free(audited[i].warning);
  }
  g_free(audited);
  g_free(files);
  keylog_free(keys);
  return exit_code;
}

/* ---- the command line ---- */

static void
print_help(void)
{
  fputs(
      lang_text(
          "Usage: enveloscope-capture audit FILE... [OPTION]...\n"
          "Finds logins that others could read, and risks of 40 kinds (see: findings).\n\n"
          "  --format FORMAT      text or html for people, json (JSON Lines), csv, sarif or zeek "
          "for\n"
          "                       programs (default: text)\n"
          "  -o OUT               write the report to this file\n"
          "  --fail-on LEVEL      exit 1 when a finding is at least info, low, medium, high or\n"
          "                       critical\n"
          "  --baseline FILE      an earlier report in json: its findings are marked as known and "
          "do\n"
          "                       not count for --fail-on\n"
          "  --reveal             show secrets; only on a terminal or in a file of mode 0600\n"
          "  --keylog FILE        open TLS with the secrets in FILE; those inside a pcapng are "
          "used\n"
          "                       anyway. Logins in there are listed, as encrypted\n"
          "  --sha256             name each file by its SHA-256: json, html and sarif do, others "
          "with this,\n"
          "  --no-sha256          leave it out: reading a large capture then takes half the time\n"
          "  --trust FILE|DIR     certificates of trusted issuers: PEM, or a folder of openssl "
          "rehash\n"
          "                       (default: the system's, /etc/ssl/certs)\n"
          "  --lang th|en         language of the sentences\n\n"
          "Exit: 0 done, 1 finding at or above --fail-on, 2 usage, 3 input unreadable,\n"
          "4 done but the capture is incomplete, 5 no permission.\n\n"
          "Example: enveloscope-capture audit mail.pcapng --format json --fail-on high\n",
          "วิธีใช้: enveloscope-capture audit FILE... [ตัวเลือก]...\n"
          "ค้นหาการเข้าระบบที่ผู้อื่นอ่านได้ และความเสี่ยง 40 ชนิด (ดู: findings)\n\n"
          "  --format FORMAT      text หรือ html สำหรับคนอ่าน, json (JSON Lines), csv, sarif หรือ "
          "zeek\n"
          "                       สำหรับโปรแกรม (ปกติ: text)\n"
          "  -o OUT               เขียนรายงานลงไฟล์นี้\n"
          "  --fail-on LEVEL      จบด้วยรหัส 1 หากพบสิ่งที่รุนแรงตั้งแต่ info, low, medium, high หรือ\n"
          "                       critical ขึ้นไป\n"
          "  --baseline FILE      รายงาน json ครั้งก่อน สิ่งที่พบในนั้นจะถูกทำเครื่องหมายว่าทราบแล้วและ\n"
          "                       ไม่นับใน --fail-on\n"
          "  --reveal             แสดงความลับ เฉพาะบนเทอร์มินัลหรือในไฟล์ที่มีสิทธิ์ 0600\n"
          "  --keylog FILE        เปิด TLS ด้วยความลับในไฟล์นี้ ส่วนความลับที่อยู่ใน pcapng ถูกใช้โดยอัตโนมัติ\n"
          "                       การเข้าระบบภายในจะแสดงโดยระบุว่าเข้ารหัสลับแล้ว\n"
          "  --sha256             ระบุค่า SHA-256 ของแต่ละไฟล์ (json, html และ sarif "
          "ระบุเสมอ รูปแบบอื่นเมื่อใช้ตัวเลือกนี้)\n"
          "  --no-sha256          ไม่คำนวณค่า SHA-256 ทำให้อ่านไฟล์ใหญ่ได้เร็วขึ้นราวสองเท่า\n"
          "  --trust FILE|DIR     ใบรับรองของผู้ออกที่เชื่อถือ เป็น PEM หรือโฟลเดอร์จาก openssl rehash\n"
          "                       (ปกติ: ของระบบ /etc/ssl/certs)\n"
          "  --lang th|en         ภาษาของข้อความ\n\n"
          "รหัสจบ: 0 เสร็จสิ้น, 1 พบสิ่งที่รุนแรงถึง --fail-on, 2 ใช้คำสั่งไม่ถูกต้อง, 3 อ่านข้อมูลเข้าไม่ได้,\n"
          "4 เสร็จสิ้นแต่ไฟล์ดักจับไม่ครบ, 5 ไม่มีสิทธิ์\n\n"
          "ตัวอย่าง: enveloscope-capture audit mail.pcapng --format json --fail-on high\n"),
      stdout);
}

/* Reads one of the names; -1 when it is none. */
static int
find_name(const char *text, const char *const *names)
{
  for (int i = 0; names[i]; i++)
    if (strcmp(text, names[i]) == 0)
      return i;
  return -1;
}

static int
usage_error(const char *option, const char *value, const char *expected)
{
  fprintf(stderr,
          lang_text("audit: %s does not know \"%s\"; it takes %s. See audit --help.\n",
                    "audit: %s ไม่รู้จัก \"%s\" ค่าที่ใช้ได้คือ %s ดู audit --help\n"),
          option, value, expected);
  return EXIT_USAGE;
}

static int
set_format(struct audit *o, const char *value)
{
  for (const struct report_format *f = report_formats; f->name; f++)
    if (strcmp(f->name, value) == 0) {
      o->format = f;
      return EXIT_DONE;
    }
  return usage_error("--format", value, "text, json, csv, html, sarif, zeek");
}

static int
set_fail_on(struct audit *o, const char *value)
{
  static const char *const names[] = {"info", "low", "medium", "high", "critical", NULL};
  o->fail_on = find_name(value, names);
  return o->fail_on < 0 ? usage_error("--fail-on", value, "info, low, medium, high, critical")
                        : EXIT_DONE;
}

/* Issuers that cannot be read would make every certificate look untrusted. */
static int
set_trust(struct audit *o, const char *path)
{
  g_autoptr(GError) error = NULL;
  struct trust_store *t = trust_store_new(path, &error);
  if (!t) {
    fprintf(stderr, "audit: --trust: %s\n", error->message);
    return EXIT_INPUT;
  }
  trust_store_free(t);
  o->trust = path;
  return EXIT_DONE;
}

static int
check(const struct audit *o)
{
  if (o->n_paths == 0) {
    fputs(lang_text("audit: no capture was named. Example: enveloscope-capture audit mail.pcapng\n",
                    "audit: ยังไม่ได้ระบุไฟล์ดักจับ ตัวอย่าง: enveloscope-capture audit mail.pcapng\n"),
          stderr);
    return EXIT_USAGE;
  }
  if (o->reveal && !o->out_path && !isatty(STDOUT_FILENO)) {
    fputs(lang_text("audit: --reveal shows secrets only on a terminal, or in a file that -o names "
                    "and that has the mode 0600.\n",
                    "audit: --reveal แสดงความลับเฉพาะบนเทอร์มินัล หรือในไฟล์ที่ระบุด้วย -o "
                    "ซึ่งมีสิทธิ์ 0600 เท่านั้น\n"),
          stderr);
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}

static int
read_baseline(struct audit *o)
{
  g_autoptr(GError) error = NULL;
  if (!o->baseline_path)
    return EXIT_DONE;
  o->baseline = baseline_new(o->baseline_path, &error);
  if (o->baseline)
    return EXIT_DONE;
  fprintf(stderr, "audit: --baseline: %s\n", error->message);
  return EXIT_INPUT;
}

enum {
  OPTION_FORMAT = 256,
  OPTION_FAIL_ON,
  OPTION_REVEAL,
  OPTION_BASELINE,
  OPTION_KEYLOG,
  OPTION_SHA256,
  OPTION_NO_SHA256,
  OPTION_LANG,
  OPTION_TRUST,
  OPTION_HELP
};

int
cmd_audit(int argc, char **argv)
{
  static const struct option options[] = {{"format", required_argument, NULL, OPTION_FORMAT},
                                          {"fail-on", required_argument, NULL, OPTION_FAIL_ON},
                                          {"reveal", no_argument, NULL, OPTION_REVEAL},
                                          {"sha256", no_argument, NULL, OPTION_SHA256},
                                          {"no-sha256", no_argument, NULL, OPTION_NO_SHA256},
                                          {"baseline", required_argument, NULL, OPTION_BASELINE},
                                          {"keylog", required_argument, NULL, OPTION_KEYLOG},
                                          {"lang", required_argument, NULL, OPTION_LANG},
                                          {"trust", required_argument, NULL, OPTION_TRUST},
                                          {"help", no_argument, NULL, OPTION_HELP},
                                          {0}};
  struct audit o = {.fail_on = -1, .format = &report_formats[0]};
  optind = 0;
  opterr = 0;
  int c, result = EXIT_DONE, digests = -1;
  while (result == EXIT_DONE && (c = getopt_long(argc, argv, ":o:h", options, NULL)) != -1) {
    switch (c) {
    case OPTION_FORMAT:
      result = set_format(&o, optarg);
      break;
    case OPTION_FAIL_ON:
      result = set_fail_on(&o, optarg);
      break;
    case OPTION_LANG:
      result = cmd_set_language("audit", optarg) ? EXIT_DONE : EXIT_USAGE;
      break;
    case OPTION_TRUST:
      result = set_trust(&o, optarg);
      break;
    case OPTION_BASELINE:
      o.baseline_path = optarg;
      break;
    case OPTION_SHA256:
    case OPTION_NO_SHA256:
      digests = c == OPTION_SHA256;
      break;
    case OPTION_KEYLOG:
      o.keylog_path = optarg;
      break;
    case OPTION_REVEAL:
      o.reveal = true;
      break;
    case 'o':
      o.out_path = strcmp(optarg, "-") == 0 ? NULL : optarg;
      break;
    case 'h':
    case OPTION_HELP:
      print_help();
      return EXIT_DONE;
    default:
      return cmd_option_error("audit", c, argv[optind - 1]);
    }
  }
  o.digests = digests < 0 ? o.format->says_digest : digests;
  o.paths = argv + optind;
  o.n_paths = (unsigned)(argc - optind);
  if (result == EXIT_DONE)
    result = check(&o);
  if (result == EXIT_DONE)
    result = read_baseline(&o);
  if (result == EXIT_DONE)
    result = run(&o);
  baseline_free(o.baseline);
  return result;
}
