/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_decode.c -- "enveloscope-capture decode": frames as summary lines, fields, JSON Lines or
 * trees.
 *
 *     text    number  seconds  source → destination  protocol  length  info
 *     fields  values of -e keys between tabs, several values joined by ",", as tshark does
 *     json    one object per frame
 *     tree    "depth key first+len value" per field; "first+len@N" counts in the derived source N
 */
#include <getopt.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/cmd.h"
#include "capture/decode/decode.h"
#include "capture/filter/scan.h"

enum format { FORMAT_TEXT, FORMAT_FIELDS, FORMAT_JSON, FORMAT_TREE };

struct options {
  const char *path;
  const char *filter;
  const char *keylog;
  uint64_t n_frames_max;
  enum format format;
  GPtrArray *keys; /* const struct field_def * */
  bool reveal;
};

static void
print_help(void)
{
  fputs(lang_text(
            "usage: enveloscope-capture decode -r FILE [-Y FILTER] [-c N] [-T "
            "text|fields|json|tree] [-e KEY]… [-V]\n\n"
            "  -r FILE     pcap or pcapng, plain or gzipped; - is stdin\n"
            "  -Y FILTER   only frames that fit; see “enveloscope-capture filters”\n"
            "  -c N        read the first N frames only\n"
            "  -T FORMAT   text (default), fields, json (one object per line), tree\n"
            "  -e KEY      with -T fields or json: this field; repeatable; see "
            "“enveloscope-capture fields”\n"
            "  -V          the same as -T tree\n"
            "  -o keylog:FILE   opens TLS with the secrets in FILE (what programs write when\n"
            "              SSLKEYLOGFILE is set); those inside a pcapng are used by themselves\n"
            "  --reveal    show secrets (on a terminal, or into a file with the mode 0600)\n"
            "  --lang th|en\n\n"
            "example: enveloscope-capture decode -r mail.pcapng -T fields -e frame.number -e "
            "tcp.stream\n",
            "วิธีใช้: enveloscope-capture decode -r ไฟล์ [-Y ตัวกรอง] [-c N] [-T "
            "text|fields|json|tree] [-e คีย์]… [-V]\n\n"
            "  -r ไฟล์      pcap หรือ pcapng จะบีบอัดด้วย gzip ก็ได้ ส่วน - คือ stdin\n"
            "  -Y ตัวกรอง   เฉพาะเฟรมที่ตรงเงื่อนไข ดู “enveloscope-capture filters”\n"
            "  -c N         อ่านเฉพาะ N เฟรมแรก\n"
            "  -T รูปแบบ    text (ค่าปริยาย), fields, json (หนึ่งออบเจ็กต์ต่อบรรทัด), tree\n"
            "  -e คีย์      ใช้กับ -T fields หรือ json ระบุซ้ำได้ ดู “enveloscope-capture fields”\n"
            "  -V           เหมือนกับ -T tree\n"
            "  -o keylog:ไฟล์   เปิด TLS ด้วยความลับในไฟล์ (ซึ่งโปรแกรมเขียนเมื่อกำหนด\n"
            "               SSLKEYLOGFILE) ความลับที่อยู่ใน pcapng ถูกใช้โดยอัตโนมัติ\n"
            "  --reveal     แสดงความลับ (บนเทอร์มินัล หรือลงไฟล์ที่มีสิทธิ์ 0600)\n"
            "  --lang th|en\n\n"
            "ตัวอย่าง: enveloscope-capture decode -r mail.pcapng -T fields -e frame.number -e "
            "tcp.stream\n"),
        stdout);
}

/* ---- formats ---- */

static void
print_text(struct decode *d)
{
  const struct trace_frame f = trace_frame(d->trace, d->frame);
  int64_t ns = f.time_ns - trace_frame(d->trace, 0).time_ns;
  uint64_t us = (uint64_t)(ns < 0 ? -ns : ns) / 1000;
  printf("%5u %s%" G_GUINT64_FORMAT ".%06u %s → %s %s %u %s\n", d->frame + 1, ns < 0 ? "-" : "",
         us / 1000000, (unsigned)(us % 1000000), d->summary.source, d->summary.destination,
         d->summary.protocol, f.wire_octets, d->summary.info);
}

static void
print_fields(struct decode *d, const GPtrArray *keys)
{
  for (unsigned k = 0; k < keys->len; k++) {
    const struct field_def *def = keys->pdata[k];
    bool first = true;
    if (k)
      putchar('\t');
    for (unsigned i = 0; i < decode_n_fields(d); i++) {
      const struct field *f = decode_field(d, i);
      if (f->def != def)
        continue;
      if (!first)
        putchar(',');
      first = false;
      fputs(decode_value(d, f), stdout);
    }
  }
  putchar('\n');
}

static void
print_tree(struct decode *d)
{
  for (unsigned i = 0; i < decode_n_fields(d); i++) {
    const struct field *f = decode_field(d, i);
    if (f->flags & FIELD_FLAG_HIDDEN)
      continue;
    printf("%u %s %u+%u", f->depth, f->def->key, f->first, f->n_octets);
    if (f->source)
      printf("@%u", f->source);
    printf(" %s\n", f->def->type == FIELD_NONE ? "" : decode_value(d, f));
  }
  putchar('\n');
}

/* One value of the JSON object: keys of -e as lists of values, or all fields with their places. */
static void
json_fields(struct decode *d, JsonBuilder *b, const GPtrArray *keys)
{
  json_builder_set_member_name(b, "fields");
  if (keys->len == 0) {
    json_builder_begin_array(b);
    for (unsigned i = 0; i < decode_n_fields(d); i++) {
      const struct field *f = decode_field(d, i);
      if (f->flags & FIELD_FLAG_HIDDEN)
        continue;
      json_builder_begin_object(b);
      json_builder_set_member_name(b, "key");
      json_builder_add_string_value(b, f->def->key);
      json_builder_set_member_name(b, "value");
      json_builder_add_string_value(b, decode_value(d, f));
      json_builder_set_member_name(b, "depth");
      json_builder_add_int_value(b, f->depth);
      json_builder_set_member_name(b, "source");
      json_builder_add_int_value(b, f->source);
      json_builder_set_member_name(b, "first_byte");
      json_builder_add_int_value(b, f->first);
      json_builder_set_member_name(b, "n_bytes");
      json_builder_add_int_value(b, f->n_octets);
      json_builder_end_object(b);
    }
    json_builder_end_array(b);
    return;
  }
  json_builder_begin_object(b);
  for (unsigned k = 0; k < keys->len; k++) {
    const struct field_def *def = keys->pdata[k];
    json_builder_set_member_name(b, def->key);
    json_builder_begin_array(b);
    for (unsigned i = 0; i < decode_n_fields(d); i++)
      if (decode_field(d, i)->def == def)
        json_builder_add_string_value(b, decode_value(d, decode_field(d, i)));
    json_builder_end_array(b);
  }
  json_builder_end_object(b);
}

static void
print_json(struct decode *d, const GPtrArray *keys)
{
  g_autoptr(JsonBuilder) b = json_builder_new();
  json_builder_begin_object(b);
  json_builder_set_member_name(b, "frame");
  json_builder_add_int_value(b, d->frame + 1);
  json_builder_set_member_name(b, "source");
  json_builder_add_string_value(b, d->summary.source);
  json_builder_set_member_name(b, "destination");
  json_builder_add_string_value(b, d->summary.destination);
  json_builder_set_member_name(b, "protocol");
  json_builder_add_string_value(b, d->summary.protocol);
  json_builder_set_member_name(b, "info");
  json_builder_add_string_value(b, d->summary.info);
  json_fields(d, b, keys);
  json_builder_end_object(b);
  g_autoptr(JsonNode) root = json_builder_get_root(b);
  g_autofree char *text = json_to_string(root, FALSE);
  puts(text);
}

static void
print_frame(struct decode *d, const struct options *o)
{
  switch (o->format) {
  case FORMAT_TEXT:
    print_text(d);
    break;
  case FORMAT_FIELDS:
    print_fields(d, o->keys);
    break;
  case FORMAT_JSON:
    print_json(d, o->keys);
    break;
  case FORMAT_TREE:
    print_tree(d);
    break;
  }
}

/* ---- options ---- */

static struct filter *
compile(const char *text)
{
  struct filter_error error;
  struct filter *filter = filter_compile(text, &error);
  if (!filter) {
    g_autofree char *shown = filter_error_show(text, &error);
    fprintf(stderr,
            lang_text("decode: the filter is wrong at column %1$u: %2$s\n%3$s",
                      "decode: ตัวกรองผิดที่คอลัมน์ %1$u: %2$s\n%3$s"),
            error.column, error.message, shown);
    filter_error_clear(&error);
  }
  return filter;
}

static int
set_format(struct options *o, const char *name)
{
  static const char *const names[] = {"text", "fields", "json", "tree"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) {
      o->format = (enum format)i;
      return EXIT_DONE;
    }
  return cmd_usage("decode",
                   lang_text("-T takes text, fields, json or tree, not",
                             "-T รับค่า text, fields, json หรือ tree เท่านั้น ไม่รับ"),
                   name);
}

static int
add_key(struct options *o, const char *key)
{
  const struct field_def *def = field_def_find(key);
  if (!def)
    return cmd_usage("decode",
                     lang_text("there is no field; “enveloscope-capture fields” lists them",
                               "ไม่มีฟิลด์นี้ “enveloscope-capture fields” แสดงรายการฟิลด์"),
                     key);
  g_ptr_array_add(o->keys, (gpointer)(uintptr_t)def);
  return EXIT_DONE;
}

static int
set_count(struct options *o, const char *text)
{
  if (!g_ascii_string_to_unsigned(text, 10, 1, UINT32_MAX, &o->n_frames_max, NULL))
    return cmd_usage(
        "decode",
        lang_text("-c takes a number of frames from 1 on, not", "-c รับจำนวนเฟรมตั้งแต่ 1 ขึ้นไป ไม่รับ"),
        text);
  return EXIT_DONE;
}

enum { OPTION_REVEAL = 256, OPTION_LANG };

/* USAGE after an error; DONE to go on; -1 when help was printed. */
static int
parse(struct options *o, int argc, char **argv)
{
  static const struct option long_options[] = {{"reveal", no_argument, NULL, OPTION_REVEAL},
                                               {"lang", required_argument, NULL, OPTION_LANG},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};
  int c, code = EXIT_DONE;
  optind = 0;
  opterr = 0;
  while (code == EXIT_DONE &&
         (c = getopt_long(argc, argv, ":r:Y:c:T:e:o:Vh", long_options, NULL)) != -1) {
    switch (c) {
    case 'r':
      o->path = optarg;
      break;
    case 'Y':
      o->filter = optarg;
      break;
    case 'c':
      code = set_count(o, optarg);
      break;
    case 'T':
      code = set_format(o, optarg);
      break;
    case 'e':
      code = add_key(o, optarg);
      break;
    case 'o':
      o->keylog = cmd_keylog_option("decode", optarg);
      code = o->keylog ? EXIT_DONE : EXIT_USAGE;
      break;
    case 'V':
      o->format = FORMAT_TREE;
      break;
    case OPTION_REVEAL:
      o->reveal = true;
      break;
    case OPTION_LANG:
      code = cmd_set_language("decode", optarg) ? EXIT_DONE : EXIT_USAGE;
      break;
    case 'h':
      print_help();
      return -1;
    default:
      return cmd_option_error("decode", c, argv[optind - 1]);
    }
  }
  if (code != EXIT_DONE)
    return code;
  if (optind < argc)
    return cmd_usage(
        "decode",
        lang_text("files are named with -r; this word stands alone", "ระบุไฟล์ด้วย -r คำนี้อยู่ลอย ๆ"),
        argv[optind]);
  if (!o->path)
    return cmd_usage(
        "decode",
        lang_text("no capture was named; write -r FILE", "ยังไม่ได้ระบุไฟล์ดักจับ ให้เขียน -r ไฟล์"), NULL);
  if (o->format == FORMAT_FIELDS && o->keys->len == 0)
    return cmd_usage(
        "decode",
        lang_text("-T fields needs at least one -e KEY", "-T fields ต้องมี -e คีย์ อย่างน้อยหนึ่งตัว"),
        NULL);
  if (o->reveal && !cmd_may_reveal("decode"))
    return EXIT_USAGE;
  return EXIT_DONE;
}

/* What was found is printed after so long, also when the filter is slow. */
enum { SCAN_US = 100000 };

static int
decode_all(const struct options *o, const struct filter *filter)
{
  int code;
  trace_owned *t = cmd_load("decode", o->path, o->keylog, &code);
  if (!t)
    return code;
  struct decode *d = decode_new(t);
  decode_set_reveal(d, o->reveal);
  uint32_t n = MIN(trace_n_frames(t), o->n_frames_max);
  struct filter_scan *scan = filter ? filter_scan_new(filter, t) : NULL;
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  for (uint32_t at = 0; at < n && !ferror(stdout);) {
    g_array_set_size(rows, 0);
    if (scan)
      at = filter_scan_run(scan, d, at, n, g_get_monotonic_time() + SCAN_US, rows);
    else
      g_array_append_val(rows, at);
    at += !scan;
    for (guint i = 0; i < rows->len && !ferror(stdout); i++) {
      uint32_t frame = g_array_index(rows, uint32_t, i);
      bool summary = o->format == FORMAT_TEXT;
      if (!(summary ? decode_summary_only(d, frame) : decode_frame(d, frame)))
        code = EXIT_INCOMPLETE;
      print_frame(d, o);
    }
  }
  filter_scan_free(scan);
  decode_free(d);
  return cmd_unload("decode", o->path, t, code);
}

int
cmd_decode(int argc, char **argv)
{
  struct options o = {.n_frames_max = UINT32_MAX};
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  o.keys = keys;
  int code = parse(&o, argc, argv);
  if (code != EXIT_DONE)
    return code < 0 ? EXIT_DONE : code;
  struct filter *filter = NULL;
  if (o.filter && !(filter = compile(o.filter)))
    return EXIT_USAGE;
  code = decode_all(&o, filter);
  filter_free(filter);
  return code;
}
