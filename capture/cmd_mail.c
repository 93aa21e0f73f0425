/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_mail.c -- "enveloscope-capture mail": every message that a capture holds, as a file.
 *
 *     letter_scan ──> [filter] ──> DIR/STREAM-NUMBER.eml   octets as the writer's program made them
 *                             └──> DIR/index.jsonl, DIR/index.tsv   one row per message
 *
 * Names are made of numbers only, so nothing from the wire reaches the file system. Nothing that
 * exists is written over; what is written can be read by its owner only. A file has “.part” behind
 * its name until it is whole, the indexes until the end. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/cmd.h"
#include "capture/decode/mime.h"
#include "capture/filter/filter.h"
#include "capture/report/digest.h"
#include "capture/report/outfile.h"
#include "capture/report/report.h"
#include "capture/trace/letter.h"
#include "capture/wire/mail.h"

enum {
  HEAD_KEPT_MAX = 256 * 1024, /* of each message, to read its header */
  LMTP_LOOK_FRAMES = 256,     /* of a connection, until its first command */
};

struct mail {
  const char *path, *directory, *filter_text, *keylog;
  struct trace *trace;
  struct filter *filter;
  struct decode *decode; /* with a filter only */
  int fd;                /* of the directory */
  FILE *json, *tsv;
  GHashTable *numbers; /* flow -> how many messages so far */
  GHashTable *digests; /* sha256 -> the first file that has it */
  unsigned n_written, n_incomplete, n_parts, n_same;
};

/* One message being written. */
struct output {
  int fd;
  bool failed;
  struct digest *digest;
  GByteArray *head;
  uint64_t n_octets;
};

static void
print_help(void)
{
  fputs(
      lang_text(
          "usage: enveloscope-capture mail -r FILE -o DIR [-Y FILTER] [-o keylog:FILE]\n\n"
          "  -r FILE     pcap or pcapng, plain or gzipped; - is stdin\n"
          "  -o DIR      where the messages go; made with the mode 0700 when it is not there\n"
          "  -Y FILTER   only messages whose last frame fits; see “enveloscope-capture filters”\n"
          "  -o keylog:FILE   opens TLS with the secrets in FILE; those inside a pcapng are used "
          "by\n"
          "              themselves\n"
          "  --lang th|en\n\n"
          "Every message sent with DATA or BDAT (SMTP, LMTP), brought by RETR or TOP (POP3), "
          "stored "
          "by\n"
          "APPEND or fetched as BODY[], BINARY[] or RFC822 (IMAP) becomes STREAM-NUMBER.eml with "
          "the\n"
          "octets that its writer's program made: doubled dots undone, chunks joined. The mode is "
          "0600;\n"
          "nothing that exists is written over.\n\n"
          "index.jsonl has one object per message: file, protocol, how (DATA, BDAT, RETR, TOP, "
          "APPEND,\n"
          "FETCH), stream, frames [first, last], time, client, server, encrypted (inside TLS),\n"
          "envelope_from, envelope_to (a list; refused recipients are left out), reply (SMTP's "
          "answer\n"
          "to the message, 0 when none was seen), message_id, subject, from, to, date, n_bytes,\n"
          "n_missing, complete, reason (whole, missing-octets, no-end, part), sha256, same_as (the "
          "file\n"
          "with equal octets before it, or null), first_octet (where in the message a part begins:\n"
          "BODY[]<100.50> begins at 100). index.tsv has the same columns.\n\n"
          "example: enveloscope-capture mail -r mail.pcapng -o letters\n",
          "วิธีใช้: enveloscope-capture mail -r ไฟล์ -o โฟลเดอร์ [-Y ตัวกรอง] [-o keylog:ไฟล์]\n\n"
          "  -r ไฟล์      pcap หรือ pcapng จะบีบอัดด้วย gzip ก็ได้ ส่วน - คือ stdin\n"
          "  -o โฟลเดอร์  ที่เก็บจดหมาย ถ้ายังไม่มีจะสร้างด้วยสิทธิ์ 0700\n"
          "  -Y ตัวกรอง   เฉพาะจดหมายที่เฟรมสุดท้ายตรงเงื่อนไข ดู “enveloscope-capture filters”\n"
          "  -o keylog:ไฟล์   เปิด TLS ด้วยความลับในไฟล์ ความลับที่อยู่ใน pcapng ถูกใช้โดยอัตโนมัติ\n"
          "  --lang th|en\n\n"
          "จดหมายทุกฉบับที่ส่งด้วย DATA หรือ BDAT (SMTP, LMTP) ที่ได้จาก RETR หรือ TOP (POP3)\n"
          "ที่เก็บด้วย APPEND หรือดึงเป็น BODY[], BINARY[] หรือ RFC822 (IMAP) กลายเป็นไฟล์\n"
          "สาย-ลำดับ.eml ซึ่งมีออกเตตตรงตามที่โปรแกรมของผู้เขียนสร้าง คือถอดจุดที่เติมซ้ำออก\n"
          "และต่อชิ้นเข้าด้วยกันแล้ว ไฟล์มีสิทธิ์ 0600 และไม่เขียนทับไฟล์ที่มีอยู่\n\n"
          "index.jsonl มีหนึ่งออบเจ็กต์ต่อจดหมายหนึ่งฉบับ: file, protocol, how (DATA, BDAT, RETR,\n"
          "TOP, APPEND, FETCH), stream, frames [แรก, สุดท้าย], time, client, server, encrypted\n"
          "(อยู่ใน TLS), envelope_from, envelope_to (รายการ ไม่รวมผู้รับที่ถูกปฏิเสธ), reply (คำตอบของ\n"
          "SMTP ต่อจดหมาย หรือ 0 ถ้าไม่พบ), message_id, subject, from, to, date, n_bytes, n_missing,\n"
          "complete, reason (whole, missing-octets, no-end, part), sha256, same_as (ไฟล์ก่อนหน้าที่มี\n"
          "ออกเตตเหมือนกัน หรือ null), first_octet (ตำแหน่งในจดหมายที่ส่วนนี้เริ่ม เช่น BODY[]<100.50>\n"
          "เริ่มที่ 100) ส่วน index.tsv มีคอลัมน์เดียวกัน\n\n"
          "ตัวอย่าง: enveloscope-capture mail -r mail.pcapng -o letters\n"),
      stdout);
}

/* ---- the directory ---- */

static int
say_failure(const char *what, const char *name)
{
  int error = errno;
  if (error == EEXIST)
    fprintf(
        stderr,
        lang_text("mail: %s exists already, and nothing is written over. Name another directory "
                  "with -o.\n",
                  "mail: มี %s อยู่แล้ว และโปรแกรมไม่เขียนทับ ให้ระบุโฟลเดอร์อื่นด้วย -o\n"),
        name);
  else
    fprintf(stderr,
            lang_text("mail: cannot %s %s: %s. Name a directory with -o in which you may write and "
                      "that has room.\n",
                      "mail: %s %s ไม่ได้: %s ให้ระบุด้วย -o เป็นโฟลเดอร์ที่มีสิทธิ์เขียนและมีที่ว่าง\n"),
            what, name, g_strerror(error));
  return error == EACCES || error == EPERM || error == EROFS ? EXIT_PERMISSION
         : error == EEXIST || error == ENOTDIR               ? EXIT_USAGE
                                                             : EXIT_INCOMPLETE;
}

static int
open_new(const struct mail *m, const char *name)
{
  g_autofree char *part = g_strconcat(name, ".part", NULL);
  if (faccessat(m->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
    errno = EEXIST;
    return -1;
  }
  return openat(m->fd, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Gives a whole file its name. */
static bool
end_new(const struct mail *m, const char *name)
{
  g_autofree char *part = g_strconcat(name, ".part", NULL);
  return outfile_name(m->fd, part, name);
}

static int
open_index(const struct mail *m, const char *name, FILE **out)
{
  int fd = open_new(m, name);
  if (fd < 0 || !(*out = fdopen(fd, "w")))
    return say_failure(lang_text("create", "สร้าง"), name);
  return EXIT_DONE;
}

/* The row of every message is in it, unless `code` tells of trouble: then it stays a part. */
static int
end_index(const struct mail *m, const char *name, FILE *out, int code)
{
  bool ok = fflush(out) == 0 && !ferror(out);
  ok = fclose(out) == 0 && ok;
  if (code != EXIT_DONE)
    return code;
  return ok && end_new(m, name) ? EXIT_DONE : say_failure(lang_text("write", "เขียน"), name);
}

static const char *const columns[] = {
    "file",    "protocol", "how",       "stream",        "first_frame", "last_frame", "time",
    "client",  "server",   "encrypted", "envelope_from", "envelope_to", "reply",      "message_id",
    "subject", "from",     "to",        "date",          "n_bytes",     "n_missing",  "complete",
    "reason",  "sha256",   "same_as",   "first_octet"};

static int
open_directory(struct mail *m)
{
  if (mkdir(m->directory, 0700) != 0 && errno != EEXIST)
    return say_failure(lang_text("create", "สร้าง"), m->directory);
  m->fd = open(m->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (m->fd < 0)
    return say_failure(lang_text("open", "เปิด"), m->directory);
  int code = open_index(m, "index.jsonl", &m->json);
  if (code == EXIT_DONE)
    code = open_index(m, "index.tsv", &m->tsv);
  if (code == EXIT_DONE)
    for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++)
      fprintf(m->tsv, "%s%c", columns[i], i + 1 < G_N_ELEMENTS(columns) ? '\t' : '\n');
  return code;
}

/* ---- one message ---- */

static void
take_octets(void *data, const uint8_t *p, uint32_t n, const struct trace_piece *piece)
{
  struct output *o = data;
  (void)piece;
  digest_feed(o->digest, p, n);
  if (o->head->len < HEAD_KEPT_MAX)
    g_byte_array_append(o->head, p, MIN(n, HEAD_KEPT_MAX - o->head->len));
  o->n_octets += n;
  while (n && !o->failed) {
    ssize_t written = write(o->fd, p, n);
    if (written < 0 && errno == EINTR)
      continue;
    o->failed = written <= 0;
    if (written > 0) {
      p += written;
      n -= (uint32_t)written;
    }
  }
}

/* LMTP says LHLO where SMTP says EHLO: RFC 2033 section 4.1. */
static bool
is_lmtp(const struct trace *t, uint32_t flow)
{
  uint32_t frame = trace_flow(t, flow)->first_frame;
  for (unsigned i = 0; i < LMTP_LOOK_FRAMES && frame != TRACE_NONE; i++) {
    const struct trace_frame f = trace_frame(t, frame);
    for (uint32_t k = f.element; k < trace_elements_end(t, frame); k++) {
      const struct element e = trace_element(t, k);
      if (e.flow == flow && e.kind == ELEMENT_COMMAND && e.app == APP_SMTP &&
          e.code != SMTP_STARTTLS && e.code != SMTP_UNKNOWN)
        return e.code == SMTP_LHLO;
    }
    frame = f.next_in_flow;
  }
  return false;
}

static const char *
protocol_word(const struct trace *t, const struct letter *l)
{
  return l->app == APP_SMTP && is_lmtp(t, l->flow) ? "lmtp" : report_protocol((enum app)l->app);
}

static const char *
kind_word(enum letter_kind kind)
{
  static const char *const words[LETTER_N_KINDS] = {
      [LETTER_DATA] = "DATA", [LETTER_BDAT] = "BDAT",     [LETTER_RETR] = "RETR",
      [LETTER_TOP] = "TOP",   [LETTER_APPEND] = "APPEND", [LETTER_FETCH] = "FETCH"};
  return words[kind];
}

static const char *
reason_word(enum letter_lack lack)
{
  static const char *const words[] = {[LETTER_WHOLE] = "whole",
                                      [LETTER_HOLE] = "missing-octets",
                                      [LETTER_NO_END] = "no-end",
                                      [LETTER_PART] = "part"};
  return words[lack];
}

static char *
end_text(const struct trace_flow_end *end)
{
  char addr[ADDR_TEXT_MAX];
  ip_addr_format(&end->addr, addr);
  return g_strdup_printf(strchr(addr, ':') ? "[%s]:%u" : "%s:%u", addr, end->port);
}

/* A cell of the table: no tabs or line ends, and no formula for a spreadsheet. */
static void
put_cell(FILE *out, const char *text, bool is_last)
{
  g_autoptr(GString) cell = g_string_new(text[0] && strchr("=+-@", text[0]) ? "'" : NULL);
  report_escape(cell, (const uint8_t *)text, strlen(text), false);
  fputs(cell->str, out);
  putc(is_last ? '\n' : '\t', out);
}

static void
json_text(JsonBuilder *b, const char *name, const char *text)
{
  json_builder_set_member_name(b, name);
  json_builder_add_string_value(b, text);
}

static void
json_number(JsonBuilder *b, const char *name, uint64_t number)
{
  json_builder_set_member_name(b, name);
  json_builder_add_int_value(b, (gint64)number);
}

static void
json_bool(JsonBuilder *b, const char *name, bool value)
{
  json_builder_set_member_name(b, name);
  json_builder_add_boolean_value(b, value);
}

/* What both indexes say of a message. */
struct row {
  const struct letter *l;
  const struct mime_head *head;
  const char *file, *same_as, *protocol;
  char time[REPORT_TIME_MAX];
  char sha256[65];
  char *client, *server, *from;
  GPtrArray *to; /* char * */
  unsigned reply;
  uint64_t n_octets;
  bool is_encrypted;
};

static void
row_json(const struct mail *m, const struct row *r)
{
  g_autoptr(JsonBuilder) b = json_builder_new();
  json_builder_begin_object(b);
  json_text(b, "file", r->file);
  json_text(b, "protocol", r->protocol);
  json_text(b, "how", kind_word(r->l->kind));
  json_number(b, "stream", trace_flow(m->trace, r->l->flow)->stream);
  json_builder_set_member_name(b, "frames");
  json_builder_begin_array(b);
  json_builder_add_int_value(b, r->l->first_frame + 1);
  json_builder_add_int_value(b, r->l->last_frame + 1);
  json_builder_end_array(b);
  json_text(b, "time", r->time);
  json_text(b, "client", r->client);
  json_text(b, "server", r->server);
  json_bool(b, "encrypted", r->is_encrypted);
  json_text(b, "envelope_from", r->from);
  json_builder_set_member_name(b, "envelope_to");
  json_builder_begin_array(b);
  for (unsigned i = 0; i < r->to->len; i++)
    json_builder_add_string_value(b, r->to->pdata[i]);
  json_builder_end_array(b);
  json_number(b, "reply", r->reply);
  json_text(b, "message_id", r->head->message_id);
  json_text(b, "subject", r->head->subject);
  json_text(b, "from", r->head->from);
  json_text(b, "to", r->head->to);
  json_text(b, "date", r->head->date);
  json_number(b, "n_bytes", r->n_octets);
  json_number(b, "n_missing", r->l->n_missing);
  json_bool(b, "complete", r->l->lack == LETTER_WHOLE);
  json_text(b, "reason", reason_word(r->l->lack));
  json_text(b, "sha256", r->sha256);
  json_builder_set_member_name(b, "same_as");
  if (r->same_as)
    json_builder_add_string_value(b, r->same_as);
  else
    json_builder_add_null_value(b);
  json_number(b, "first_octet", r->l->first_octet);
  json_builder_end_object(b);
  g_autoptr(JsonNode) root = json_builder_get_root(b);
  g_autofree char *line = json_to_string(root, FALSE);
  fprintf(m->json, "%s\n", line);
}

static void
row_tsv(const struct mail *m, const struct row *r)
{
  const struct letter *l = r->l;
  g_ptr_array_add(r->to, NULL);
  g_autofree char *to = g_strjoinv(",", (char **)r->to->pdata);
  g_ptr_array_remove_index(r->to, r->to->len - 1);
  fprintf(m->tsv, "%s\t%s\t%s\t%u\t%u\t%u\t%s\t%s\t%s\t%s\t", r->file, r->protocol,
          kind_word(l->kind), trace_flow(m->trace, l->flow)->stream, l->first_frame + 1,
          l->last_frame + 1, r->time, r->client, r->server, r->is_encrypted ? "true" : "false");
  put_cell(m->tsv, r->from, false);
  put_cell(m->tsv, to, false);
  fprintf(m->tsv, "%u\t", r->reply);
  put_cell(m->tsv, r->head->message_id, false);
  put_cell(m->tsv, r->head->subject, false);
  put_cell(m->tsv, r->head->from, false);
  put_cell(m->tsv, r->head->to, false);
  put_cell(m->tsv, r->head->date, false);
  fprintf(m->tsv, "%" G_GUINT64_FORMAT "\t%" G_GUINT64_FORMAT "\t%s\t%s\t%s\t%s\t%" G_GUINT64_FORMAT "\n", r->n_octets,
          l->n_missing, l->lack == LETTER_WHOLE ? "true" : "false", reason_word(l->lack), r->sha256,
          r->same_as ? r->same_as : "", l->first_octet);
}

static void
write_row(struct mail *m, const struct letter *l, const char *file, const struct output *o)
{
  struct mime_head head;
  mime_head_read(&head, o->head->data, o->head->len);
  struct row r = {.l = l,
                  .head = &head,
                  .file = file,
                  .protocol = protocol_word(m->trace, l),
                  .to = g_ptr_array_new_with_free_func(g_free),
                  .reply = letter_reply(m->trace, l),
                  .n_octets = o->n_octets};
  const struct trace_flow *flow = trace_flow(m->trace, l->flow);
  r.client = end_text(&flow->ends[flow->client]);
  r.server = end_text(&flow->ends[!flow->client]);
  report_time(trace_frame(m->trace, l->last_frame).time_ns, r.time);
  if (l->runs->len)
    r.is_encrypted = g_array_index(l->runs, struct element, 0).flags & ELEMENT_FLAG_INNER;
  g_autoptr(GArray) recipients = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  r.from = letter_path(m->trace, letter_envelope(m->trace, l, recipients));
  for (unsigned i = 0; i < recipients->len; i++)
    g_ptr_array_add(r.to, letter_path(m->trace, g_array_index(recipients, uint32_t, i)));
  digest_end(o->digest, r.sha256);
  r.same_as = g_hash_table_lookup(m->digests, r.sha256);
  if (r.same_as)
    m->n_same++;
  else
    g_hash_table_insert(m->digests, g_strdup(r.sha256), g_strdup(file));
  row_json(m, &r);
  row_tsv(m, &r);
  g_free(r.client);
  g_free(r.server);
  g_free(r.from);
  g_ptr_array_unref(r.to);
  mime_head_clear(&head);
}

static int
write_letter(struct mail *m, const struct letter *l)
{
  unsigned number = GPOINTER_TO_UINT(g_hash_table_lookup(m->numbers, GUINT_TO_POINTER(l->flow)));
  g_hash_table_insert(m->numbers, GUINT_TO_POINTER(l->flow), GUINT_TO_POINTER(++number));
  g_autofree char *file =
      g_strdup_printf("%06u-%04u.eml", trace_flow(m->trace, l->flow)->stream, number);
  struct output o = {.fd = open_new(m, file)};
  if (o.fd < 0)
    return say_failure(lang_text("create", "สร้าง"), file);
  o.digest = digest_new();
  o.head = g_byte_array_new();
  letter_each(m->trace, l, UINT64_MAX, take_octets, &o);
  int code = EXIT_DONE;
  if (close(o.fd) != 0 || o.failed || !end_new(m, file))
    code = say_failure(lang_text("write", "เขียน"), file);
  else
    write_row(m, l, file, &o);
  m->n_written++;
  m->n_parts += l->lack == LETTER_PART;
  m->n_incomplete += l->lack == LETTER_HOLE || l->lack == LETTER_NO_END;
  digest_free(o.digest);
  g_byte_array_unref(o.head);
  return code;
}

static int
write_all(struct mail *m)
{
  struct letter_scan *scan = letter_scan_new(m->trace);
  struct letter l = {0};
  int code = EXIT_DONE;
  while (code == EXIT_DONE && letter_scan_next(scan, &l))
    if (!m->filter || filter_match_frame(m->filter, m->decode, l.last_frame))
      code = write_letter(m, &l);
  letter_clear(&l);
  letter_scan_free(scan);
  return code;
}

/* ---- options ---- */

enum { OPTION_LANG = 256 };

/* "-o keylog:FILE" as in the other commands; any other word is the directory. */
static int
take_output(struct mail *m, const char *text)
{
  if (!g_str_has_prefix(text, "keylog:")) {
    m->directory = text;
    return EXIT_DONE;
  }
  m->keylog = cmd_keylog_option("mail", text);
  return m->keylog ? EXIT_DONE : EXIT_USAGE;
}

static int
parse(struct mail *m, int argc, char **argv)
{
  static const struct option long_options[] = {
      {"lang", required_argument, NULL, OPTION_LANG}, {"help", no_argument, NULL, 'h'}, {0}};
  int c, code = EXIT_DONE;
  optind = 0;
  opterr = 0;
  while (code == EXIT_DONE && (c = getopt_long(argc, argv, ":r:o:Y:h", long_options, NULL)) != -1) {
    switch (c) {
    case 'r':
      m->path = optarg;
      break;
    case 'o':
      code = take_output(m, optarg);
      break;
    case 'Y':
      m->filter_text = optarg;
      break;
    case OPTION_LANG:
      code = cmd_set_language("mail", optarg) ? EXIT_DONE : EXIT_USAGE;
      break;
    case 'h':
      print_help();
      return -1;
    default:
      return cmd_option_error("mail", c, argv[optind - 1]);
    }
  }
  if (code != EXIT_DONE)
    return code;
  if (optind < argc)
    return cmd_usage(
        "mail",
        lang_text("files are named with -r; this word stands alone", "ระบุไฟล์ด้วย -r คำนี้อยู่ลอย ๆ"),
        argv[optind]);
  if (!m->path || !m->directory)
    return cmd_usage("mail", lang_text("write -r FILE and -o DIR", "ให้เขียน -r ไฟล์ และ -o โฟลเดอร์"),
                     NULL);
  return EXIT_DONE;
}

static int
compile(struct mail *m)
{
  struct filter_error error = {0};
  if (!m->filter_text)
    return EXIT_DONE;
  m->filter = filter_compile(m->filter_text, &error);
  if (m->filter)
    return EXIT_DONE;
  g_autofree char *shown = filter_error_show(m->filter_text, &error);
  fprintf(stderr,
          lang_text("mail: the filter is wrong at column %1$u: %2$s\n%3$s",
                    "mail: ตัวกรองผิดที่คอลัมน์ %1$u: %2$s\n%3$s"),
          error.column, error.message, shown);
  filter_error_clear(&error);
  return EXIT_USAGE;
}

static int
run(struct mail *m, int loaded)
{
  m->decode = decode_new(m->trace);
  m->numbers = g_hash_table_new(NULL, NULL);
  m->digests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  int code = write_all(m);
  code = end_index(m, "index.tsv", m->tsv, code);
  code = end_index(m, "index.jsonl", m->json, code);
  printf(lang_text("%u messages in %s: %u not complete, %u of which only a part was asked for, %u "
                   "with the octets of another\n",
                   "จดหมาย %u ฉบับใน %s: ไม่ครบ %u ฉบับ, ขอมาเพียงบางส่วน %u ฉบับ, "
                   "ออกเตตเหมือนฉบับอื่น %u ฉบับ\n"),
         m->n_written, m->directory, m->n_incomplete, m->n_parts, m->n_same);
  decode_free(m->decode);
  g_hash_table_unref(m->numbers);
  g_hash_table_unref(m->digests);
  return code != EXIT_DONE ? code : m->n_incomplete ? EXIT_INCOMPLETE : loaded;
}

int
cmd_mail(int argc, char **argv)
{
  struct mail m = {.fd = -1};
  int code = parse(&m, argc, argv);
  if (code != EXIT_DONE)
    return code < 0 ? EXIT_DONE : code;
  if ((code = compile(&m)) != EXIT_DONE)
    return code;
  int loaded = EXIT_DONE;
  m.trace = cmd_load("mail", m.path, m.keylog, &loaded);
  code = m.trace ? open_directory(&m) : loaded;
  if (code == EXIT_DONE)
    code = run(&m, loaded);
  else if (m.json)
    fclose(m.json);
  if (m.fd >= 0)
    close(m.fd);
  if (m.trace)
    trace_free(m.trace);
  filter_free(m.filter);
  return code;
}
