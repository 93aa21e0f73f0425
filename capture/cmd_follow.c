/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_follow.c -- "enveloscope-capture follow": what was said on one TCP stream, in order.
 *
 *     dialogue   "C: EHLO client"  "S: 250 mx.bob.test"      raw   the octets of both sides as they
 * came hex        offset, octets, letters, per run            json  one object per line or run
 *
 * A recognised stream is told by its elements; any other by its segments, put into order. Secrets
 * are masked; in raw and hex each of their octets becomes "*", so that lengths stay. */
#include <getopt.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "capture/cmd.h"
#include "capture/decode/decode.h"
#include "capture/wire/tls.h"

enum format { FORMAT_DIALOGUE, FORMAT_RAW, FORMAT_HEX, FORMAT_JSON };

/* One thing said: an element, or new octets of a stream without elements. */
struct run {
  enum side side;
  uint64_t offset;
  uint32_t n_octets;
  uint32_t first_frame, last_frame;
  const struct element *element; /* NULL for plain octets */
  bool gap;
  unsigned number;  /* of what was said, from 1 on; 0 without elements */
  unsigned answers; /* the number of the command that this answers or belongs to; 0 when none */
};

struct follow {
  const char *path, *keylog;
  uint64_t stream;
  bool has_stream;
  enum format format;
  bool reveal;
  struct trace *trace;
  uint32_t flow;
  GByteArray *octets;
  GArray *pieces;
  bool is_incomplete;    /* something could not be read again */
  GHashTable *numbers;   /* index of an element + 1 -> its number */
  unsigned n_said;       /* the last number */
  unsigned last_command; /* the number of the last command */
};

enum {
  RUN_OCTETS_MAX = 1024 * 1024, /* one run is read in parts of this size */
  COMMAND_NAME_MAX = 64,        /* tag and verb */
};

static void
print_help(void)
{
  fputs(
      lang_text(
          "usage: enveloscope-capture follow -r FILE -s STREAM [--format dialogue|raw|hex|json] "
          "[--reveal]\n\n"
          "  -r FILE     pcap or pcapng; - is stdin\n"
          "  -s STREAM   number of the TCP stream, from 0; “enveloscope-capture flows” lists them\n"
          "  -o keylog:FILE   opens TLS with the secrets in FILE; those inside a pcapng are used "
          "by\n"
          "              themselves. raw and hex show the octets on the wire all the same;\n"
          "              of what IMAP compressed its contents, unless secrets are revealed\n"
          "  --reveal    show secrets (on a terminal, or into a file with the mode 0600)\n"
          "  --lang th|en\n\n"
          "In a dialogue “[answers …]” stands behind an answer to another command than the last "
          "one.\n"
          "json has one object per thing said: side, kind, number, answers (the number of the "
          "command\n"
          "that it answers or belongs to, or 0), encrypted, compressed, first_frame, last_frame, "
          "offset,\n"
          "n_bytes, text.\n\n"
          "example: enveloscope-capture follow -r mail.pcapng -s 0\n",
          "วิธีใช้: enveloscope-capture follow -r ไฟล์ -s สาย [--format dialogue|raw|hex|json] "
          "[--reveal]\n\n"
          "  -r ไฟล์      pcap หรือ pcapng ส่วน - คือ stdin\n"
          "  -s สาย       หมายเลขกระแส TCP เริ่มจาก 0 “enveloscope-capture flows” แสดงรายการ\n"
          "  -o keylog:ไฟล์   เปิด TLS ด้วยความลับในไฟล์ ความลับที่อยู่ใน pcapng ถูกใช้โดยอัตโนมัติ\n"
          "              ส่วน raw และ hex ยังคงแสดงออกเตตตามที่อยู่บนสาย ยกเว้นสิ่งที่ IMAP บีบอัด\n"
          "              ซึ่งแสดงเนื้อหาข้างใน เว้นแต่จะเปิดเผยความลับ\n"
          "  --reveal     แสดงความลับ (บนเทอร์มินัล หรือลงไฟล์ที่มีสิทธิ์ 0600)\n"
          "  --lang th|en\n\n"
          "ในบทสนทนา “[ตอบ …]” อยู่หลังคำตอบของคำสั่งที่ไม่ใช่คำสั่งล่าสุด\n"
          "json มีหนึ่งออบเจ็กต์ต่อสิ่งที่พูดหนึ่งอย่าง: side, kind, number, answers (หมายเลขของคำสั่ง\n"
          "ที่ตอบหรือที่สังกัด หรือ 0), encrypted, compressed, first_frame, last_frame, offset,\n"
          "n_bytes, text\n\n"
          "ตัวอย่าง: enveloscope-capture follow -r mail.pcapng -s 0\n"),
      stdout);
}

/* ---- printing ---- */

static const char *
side_letter(enum side side)
{
  return side == SIDE_CLIENT ? "C" : "S";
}

/* Masks the secret inside the octets that were read for this run. */
static void
mask_octets(const struct follow *f, const struct run *r)
{
  const struct element *e = r->element;
  if (f->reveal || !e || !(e->flags & ELEMENT_FLAG_SECRET))
    return;
  for (uint32_t i = e->secret_first; i < element_secret_end(e) && i < f->octets->len; i++)
    f->octets->data[i] = '*';
}

static void
print_escaped(const uint8_t *p, size_t n)
{
  g_autofree char *valid = g_utf8_make_valid((const char *)p, (gssize)n);
  for (const char *c = valid; *c; c = g_utf8_next_char(c)) {
    gunichar u = g_utf8_get_char(c);
    if (u < 0x20 || (u >= 0x7f && u < 0xa0))
      printf("\\x%02x", u);
    else if (u == 0x200e || u == 0x200f || (u >= 0x202a && u <= 0x202e) ||
             (u >= 0x2066 && u <= 0x2069))
      printf("\\u%04x", u);
    else
      fwrite(c, 1, (size_t)(g_utf8_next_char(c) - c), stdout);
  }
}

/* The command's name, without its arguments, which may hold a secret: its verb, for IMAP its tag
 * too. g_free(). */
static char *
command_name(const struct follow *f, const struct run *r)
{
  const struct element *e = r->element;
  if (!e || e->command == ELEMENT_NONE || e->command >= trace_n_elements(f->trace))
    return NULL;
  const struct element command = trace_element(f->trace, e->command);
  if (command.kind != ELEMENT_COMMAND ||
      (command.flags & ELEMENT_FLAG_SECRET && command.secret_first == 0))
    return NULL;
  g_autoptr(GByteArray) line = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  uint32_t n = MIN(command.n_octets, COMMAND_NAME_MAX);
  if (command.flags & ELEMENT_FLAG_SECRET)
    n = MIN(n, command.secret_first);
  if (!trace_element_stream(f->trace, &command, command.first_frame, command.offset, n, line,
                            pieces))
    return NULL;
  unsigned words = command.app == APP_IMAP ? 2 : 1;
  guint end = 0;
  while (end < line->len && (line->data[end] > ' ' || (line->data[end] == ' ' && --words > 0)))
    end++;
  return end ? g_utf8_make_valid((const char *)line->data, end) : NULL;
}

/* Behind an answer to another command than the last one said: which one it answers. */
static void
print_answered(const struct follow *f, const struct run *r)
{
  if (r->side != SIDE_SERVER || r->answers == 0 || r->answers == f->last_command)
    return;
  g_autofree char *name = command_name(f, r);
  if (!name)
    return;
  fputs(lang_text("   [answers ", "   [ตอบ "), stdout);
  print_escaped((const uint8_t *)name, strlen(name));
  putchar(']');
}

/* Each line behind its side's letter; the secret as one mask of fixed width. */
static void
print_dialogue(const struct follow *f, const struct run *r)
{
  const uint8_t *p = f->octets->data;
  size_t n = f->octets->len, at = 0;
  const struct element *e = r->element;
  if (r->gap) {
    printf(lang_text("%s: [%u octets are missing in the capture]\n",
                     "%s: [ขาดไป %u ออกเตตในไฟล์ดักจับ]\n"),
           side_letter(r->side), r->n_octets);
    return;
  }
  bool masked = !f->reveal && e && (e->flags & ELEMENT_FLAG_SECRET);
  if (e && e->kind == ELEMENT_TLS) {
    printf(lang_text("%s: [TLS record, %u octets]\n", "%s: [เรกคอร์ด TLS ขนาด %u ออกเตต]\n"),
           side_letter(r->side), r->n_octets);
    return;
  }
  while (at < n) {
    const uint8_t *lf = memchr(p + at, '\n', n - at);
    size_t end = lf ? (size_t)(lf - p) + 1 : n, text = end;
    while (text > at && (p[text - 1] == '\n' || p[text - 1] == '\r'))
      text--;
    printf("%s: ", side_letter(r->side));
    size_t secret = masked ? e->secret_first : n, secret_end = masked ? element_secret_end(e) : n;
    if (secret < text && secret_end > at) {
      if (secret > at)
        print_escaped(p + at, secret - at);
      fputs(SECRET_MASK, stdout);
      if (secret_end < text)
        print_escaped(p + secret_end, text - secret_end);
    } else {
      print_escaped(p + at, text - at);
    }
    if (e && e->kind == ELEMENT_REPLY)
      print_answered(f, r);
    putchar('\n');
    at = end;
  }
}

static void
print_hex(const struct follow *f, const struct run *r, uint64_t offset)
{
  const uint8_t *p = f->octets->data;
  for (size_t at = 0; at < f->octets->len; at += 16) {
    size_t n = MIN(16, f->octets->len - at);
    printf("%s %08" G_GINT64_MODIFIER "x ", side_letter(r->side), offset + at);
    for (size_t i = 0; i < 16; i++)
      i < n ? printf(" %02x", p[at + i]) : printf("   ");
    fputs("  ", stdout);
    for (size_t i = 0; i < n; i++)
      putchar(p[at + i] >= 0x20 && p[at + i] < 0x7f ? p[at + i] : '.');
    putchar('\n');
  }
}

static const char *
kind_word(const struct run *r)
{
  static const char *const words[ELEMENT_N_KINDS] = {
      [ELEMENT_COMMAND] = "command", [ELEMENT_REST] = "command_rest", [ELEMENT_AUTH] = "auth",
      [ELEMENT_REPLY] = "reply",     [ELEMENT_TEXT] = "text",         [ELEMENT_MESSAGE] = "message",
      [ELEMENT_END] = "end",         [ELEMENT_LITERAL] = "literal",   [ELEMENT_TLS] = "tls",
      [ELEMENT_DEFLATE] = "deflate", [ELEMENT_TUNNEL] = "tunnel",     [ELEMENT_GAP] = "gap",
      [ELEMENT_OTHER] = "other"};
  return r->gap ? "gap" : r->element ? words[r->element->kind] : "octets";
}

static void
print_json(const struct follow *f, const struct run *r)
{
  g_autoptr(JsonBuilder) b = json_builder_new();
  const struct element *e = r->element;
  json_builder_begin_object(b);
  json_builder_set_member_name(b, "side");
  json_builder_add_string_value(b, r->side == SIDE_CLIENT ? "client" : "server");
  json_builder_set_member_name(b, "kind");
  json_builder_add_string_value(b, kind_word(r));
  json_builder_set_member_name(b, "number");
  json_builder_add_int_value(b, r->number);
  json_builder_set_member_name(b, "answers");
  json_builder_add_int_value(b, r->answers);
  json_builder_set_member_name(b, "encrypted");
  json_builder_add_boolean_value(b, e && (e->flags & ELEMENT_FLAG_INNER));
  json_builder_set_member_name(b, "compressed");
  json_builder_add_boolean_value(b, e && (e->flags & ELEMENT_FLAG_INFLATED));
  json_builder_set_member_name(b, "first_frame");
  json_builder_add_int_value(b, r->first_frame + 1);
  json_builder_set_member_name(b, "last_frame");
  json_builder_add_int_value(b, r->last_frame + 1);
  json_builder_set_member_name(b, "offset");
  json_builder_add_int_value(b, (gint64)r->offset);
  json_builder_set_member_name(b, "n_bytes");
  json_builder_add_int_value(b, r->n_octets);
  g_autoptr(GString) text = g_string_new_len((const char *)f->octets->data, f->octets->len);
  if (!f->reveal && e && (e->flags & ELEMENT_FLAG_SECRET) && e->secret_first <= text->len) {
    g_string_erase(text, e->secret_first,
                   (gssize)(MIN(element_secret_end(e), text->len) - e->secret_first));
    g_string_insert(text, e->secret_first, SECRET_MASK);
  }
  g_autofree char *valid = g_utf8_make_valid(text->str, (gssize)text->len);
  json_builder_set_member_name(b, "text");
  json_builder_add_string_value(b, valid);
  json_builder_end_object(b);
  g_autoptr(JsonNode) root = json_builder_get_root(b);
  g_autofree char *line = json_to_string(root, FALSE);
  puts(line);
}

/* Reads n octets of a run into f->octets; false when they cannot be had. */
static bool
read_part(struct follow *f, const struct run *r, int direction, uint64_t at, uint32_t n)
{
  if (r->gap)
    return true;
  if (r->element)
    return trace_element_stream(f->trace, r->element, r->first_frame, r->offset + at, n, f->octets,
                                f->pieces);
  return trace_stream(f->trace, f->flow, direction, r->first_frame, r->offset + at, n, f->octets,
                      f->pieces);
}

static void
print_run(struct follow *f, const struct run *r)
{
  int direction = trace_side_direction(trace_flow(f->trace, f->flow), r->side);
  g_byte_array_set_size(f->octets, 0);
  for (uint64_t at = 0; at < r->n_octets || at == 0; at += RUN_OCTETS_MAX) {
    uint32_t n = (uint32_t)MIN(r->n_octets - at, RUN_OCTETS_MAX);
    if (!read_part(f, r, direction, at, n)) {
      f->is_incomplete = true;
      if (f->format == FORMAT_DIALOGUE)
        printf(lang_text("%s: [%u octets can no longer be read from the file]\n",
                         "%s: [อ่าน %u ออกเตตจากไฟล์ไม่ได้แล้ว]\n"),
               side_letter(r->side), r->n_octets);
      return;
    }
    if (at == 0 && (f->format == FORMAT_RAW || f->format == FORMAT_HEX))
      mask_octets(f, r);
    switch (f->format) {
    case FORMAT_DIALOGUE:
      print_dialogue(f, r);
      break;
    case FORMAT_RAW:
      fwrite(f->octets->data, 1, f->octets->len, stdout);
      break;
    case FORMAT_HEX:
      print_hex(f, r, r->offset + at);
      break;
    case FORMAT_JSON:
      print_json(f, r);
      break;
    }
  }
}

/* ---- what was said ---- */

/* Octets as they were on the wire, or what they said: then the records that were opened are left
 * out, since their contents follow. Of compressed octets the contents stand for them, because a
 * password can be masked in these alone. */
static bool
is_wanted(const struct follow *f, const struct element *e)
{
  struct trace_plain plain;
  if (f->format == FORMAT_RAW || f->format == FORMAT_HEX) {
    if (e->kind == ELEMENT_DEFLATE)
      return f->reveal;
    if ((e->flags & ELEMENT_FLAGS_INSIDE) == ELEMENT_FLAG_INFLATED)
      return !f->reveal;
    return !(e->flags & ELEMENT_FLAGS_INSIDE);
  }
  if (e->kind == ELEMENT_DEFLATE)
    return false;
  return e->kind != ELEMENT_TLS || !trace_plain(f->trace, e, &plain) ||
         plain.type != TLS_APPLICATION_DATA;
}

/* Gives what was said a number, and finds that of the command it belongs to. */
static void
number_run(struct follow *f, struct run *r, uint32_t index)
{
  const struct element *e = r->element;
  r->number = ++f->n_said;
  g_hash_table_insert(f->numbers, GUINT_TO_POINTER(index + 1), GUINT_TO_POINTER(r->number));
  if (e->command != ELEMENT_NONE && e->command != index)
    r->answers =
        GPOINTER_TO_UINT(g_hash_table_lookup(f->numbers, GUINT_TO_POINTER(e->command + 1)));
  if (e->kind == ELEMENT_COMMAND)
    f->last_command = r->number;
}

static bool
follow_elements(struct follow *f)
{
  bool any = false;
  for (uint32_t i = 0, n = trace_n_elements(f->trace); i < n; i++) {
    if (trace_element_flow(f->trace, i) != f->flow)
      continue;
    const struct element e = trace_element(f->trace, i);
    if (!is_wanted(f, &e))
      continue;
    struct run r = {.side = (enum side)e.side,
                    .offset = e.offset,
                    .n_octets = e.n_octets,
                    .first_frame = e.first_frame,
                    .last_frame = e.last_frame,
                    .element = &e,
                    .gap = e.kind == ELEMENT_GAP};
    number_run(f, &r, i);
    print_run(f, &r);
    any = true;
  }
  return any;
}

/* Segments of one direction that wait behind a hole, and where the stream stands. */
struct order {
  uint64_t next;
  GArray *waiting; /* struct run */
};

/* Prints what of the waiting segments joins on; `all`: with the holes between them. */
static void
release(struct follow *f, struct order *o, bool all)
{
  for (bool found = true; found;) {
    found = false;
    unsigned best = UINT_MAX;
    for (unsigned i = 0; i < o->waiting->len; i++) {
      const struct run *r = &g_array_index(o->waiting, struct run, i);
      if (best == UINT_MAX || r->offset < g_array_index(o->waiting, struct run, best).offset)
        best = i;
    }
    if (best == UINT_MAX)
      return;
    struct run r = g_array_index(o->waiting, struct run, best);
    if (r.offset > o->next && !all)
      return;
    g_array_remove_index(o->waiting, best);
    found = true;
    if (r.offset > o->next) {
      struct run gap = r;
      gap.gap = true;
      gap.n_octets = (uint32_t)(r.offset - o->next);
      gap.offset = o->next;
      print_run(f, &gap);
      o->next = r.offset;
    }
    uint64_t end = r.offset + r.n_octets;
    if (end <= o->next)
      continue;
    r.n_octets = (uint32_t)(end - o->next);
    r.offset = o->next;
    o->next = end;
    print_run(f, &r);
  }
}

static void
follow_segments(struct follow *f)
{
  const struct trace_flow *flow = trace_flow(f->trace, f->flow);
  struct order orders[2] = {{0, g_array_new(FALSE, FALSE, sizeof(struct run))},
                            {0, g_array_new(FALSE, FALSE, sizeof(struct run))}};
  for (uint32_t i = flow->first_frame; i != TRACE_NONE; i = trace_frame(f->trace, i).next_in_flow) {
    const struct trace_frame frame = trace_frame(f->trace, i);
    struct order *o = &orders[frame.direction];
    if (frame.payload_octets == 0)
      continue;
    /* 32 bits of the offset stand in the frame: the rest follows from where the stream is */
    int64_t offset = (int64_t)o->next + (int32_t)(frame.stream_offset - (uint32_t)o->next);
    if (offset < 0)
      continue;
    int client = trace_side_direction(flow, SIDE_CLIENT);
    struct run r = {.side = client == frame.direction ? SIDE_CLIENT : SIDE_SERVER,
                    .offset = (uint64_t)offset,
                    .n_octets = frame.payload_octets,
                    .first_frame = i,
                    .last_frame = i};
    g_array_append_val(o->waiting, r);
    release(f, o, false);
  }
  for (unsigned k = 0; k < 2; k++) {
    release(f, &orders[k], true);
    g_array_unref(orders[k].waiting);
  }
}

/* ---- options ---- */

enum { OPTION_REVEAL = 256, OPTION_LANG, OPTION_FORMAT };

static int
set_format(struct follow *f, const char *name)
{
  static const char *const names[] = {"dialogue", "raw", "hex", "json"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) {
      f->format = (enum format)i;
      return EXIT_DONE;
    }
  return cmd_usage("follow",
                   lang_text("--format takes dialogue, raw, hex or json, not",
                             "--format รับค่า dialogue, raw, hex หรือ json เท่านั้น ไม่รับ"),
                   name);
}

static int
parse(struct follow *f, int argc, char **argv)
{
  static const struct option long_options[] = {{"reveal", no_argument, NULL, OPTION_REVEAL},
                                               {"lang", required_argument, NULL, OPTION_LANG},
                                               {"format", required_argument, NULL, OPTION_FORMAT},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};
  int c, code = EXIT_DONE;
  optind = 0;
  opterr = 0;
  while (code == EXIT_DONE && (c = getopt_long(argc, argv, ":r:s:o:h", long_options, NULL)) != -1) {
    switch (c) {
    case 'r':
      f->path = optarg;
      break;
    case 's':
      f->has_stream = g_ascii_string_to_unsigned(optarg, 10, 0, UINT32_MAX - 1, &f->stream, NULL);
      if (!f->has_stream)
        return cmd_usage("follow",
                         lang_text("-s takes the number of a stream, from 0 on, not",
                                   "-s รับหมายเลขกระแสตั้งแต่ 0 ขึ้นไป ไม่รับ"),
                         optarg);
      break;
    case 'o':
      f->keylog = cmd_keylog_option("follow", optarg);
      code = f->keylog ? EXIT_DONE : EXIT_USAGE;
      break;
    case OPTION_FORMAT:
      code = set_format(f, optarg);
      break;
    case OPTION_REVEAL:
      f->reveal = true;
      break;
    case OPTION_LANG:
      code = cmd_set_language("follow", optarg) ? EXIT_DONE : EXIT_USAGE;
      break;
    case 'h':
      print_help();
      return -1;
    default:
      return cmd_option_error("follow", c, argv[optind - 1]);
    }
  }
  if (code != EXIT_DONE)
    return code;
  if (optind < argc)
    return cmd_usage(
        "follow",
        lang_text("files are named with -r; this word stands alone", "ระบุไฟล์ด้วย -r คำนี้อยู่ลอย ๆ"),
        argv[optind]);
  if (!f->path || !f->has_stream)
    return cmd_usage("follow",
                     lang_text("write -r FILE and -s STREAM", "ให้เขียน -r ไฟล์ และ -s หมายเลขกระแส"),
                     NULL);
  if (f->reveal && !cmd_may_reveal("follow"))
    return EXIT_USAGE;
  return EXIT_DONE;
}

int
cmd_follow(int argc, char **argv)
{
  struct follow f = {0};
  int code = parse(&f, argc, argv);
  if (code != EXIT_DONE)
    return code < 0 ? EXIT_DONE : code;
  f.trace = cmd_load("follow", f.path, f.keylog, &code);
  if (!f.trace)
    return code;
  f.flow = trace_find_stream(f.trace, IP_PROTO_TCP, (uint32_t)f.stream);
  if (f.flow == TRACE_NONE) {
    fprintf(stderr,
            lang_text("follow: %s has no TCP stream %" G_GUINT64_FORMAT
                      "; “enveloscope-capture flows -r %s” lists them.\n",
                      "follow: %s ไม่มีกระแส TCP หมายเลข %" G_GUINT64_FORMAT
                      " ใช้ “enveloscope-capture flows -r %s” เพื่อดูรายการ\n"),
            f.path, f.stream, f.path);
    trace_free(f.trace);
    return EXIT_USAGE;
  }
  f.octets = g_byte_array_new();
  f.pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  f.numbers = g_hash_table_new(NULL, NULL);
  if (!follow_elements(&f))
    follow_segments(&f);
  g_byte_array_unref(f.octets);
  g_array_unref(f.pieces);
  g_hash_table_unref(f.numbers);
  return cmd_unload("follow", f.path, f.trace, f.is_incomplete ? EXIT_INCOMPLETE : code);
}
