/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_flows.c -- "enveloscope-capture flows": a capture in tables: conversations, endpoints,
 * protocols, what an expert notes, and one connection as a series of segments. */
#include <getopt.h>
#include <inttypes.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/cmd.h"
#include "capture/statistics/statistics.h"
#include "capture/trace/trace.h"
#include "capture/wire/lang.h"
#include "capture/wire/mail.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };
enum table { TABLE_CONVERSATIONS, TABLE_ENDPOINTS, TABLE_PROTOCOLS, TABLE_EXPERT, TABLE_SERIES };

/* A row as it is built: cells with names, which each format writes in its way. */
struct row {
  enum format format;
  GString *line;
  GString *names; /* CSV: the header, while the first row is built */
  bool first;
};

static void
print_help(void)
{
  fputs(
      lang_text(
          "usage: enveloscope-capture flows -r FILE [OPTION]...\n"
          "A capture in numbers.\n\n"
          "  --table conversations   one row for each: ends, frames and octets each way,\n"
          "                          retransmissions, protocol, state, handshake (default)\n"
          "  --table endpoints       each address: frames and octets sent and received\n"
          "  --table protocols       the hierarchy of protocols\n"
          "  --table expert          remarks on TCP by severity; the key finds their frames\n"
          "  --series STREAM         each segment of that TCP stream: numbers, window, octets "
          "under\n"
          "                          way, round trip; for sequence, throughput and window graphs\n"
          "  --format text|json|csv  json: one object a line\n"
          "  --lang th|en\n\n"
          "Octets of conversations are payload; frame octets are those on the wire.\n\n"
          "example: enveloscope-capture flows -r mail.pcapng --format csv > flows.csv\n",
          "วิธีใช้: enveloscope-capture flows -r ไฟล์ [ตัวเลือก]...\n"
          "แคปเจอร์ในรูปตัวเลข\n\n"
          "  --table conversations   หนึ่งแถวต่อการสนทนา: ปลายทางทั้งสอง เฟรมและออกเตตแต่ละทิศ การส่งซ้ำ\n"
          "                          โปรโตคอล สถานะ เวลาจับมือ (ค่าปกติ)\n"
          "  --table endpoints       แต่ละที่อยู่: เฟรมและออกเตตที่ส่งและรับ\n"
          "  --table protocols       ลำดับชั้นของโปรโตคอล\n"
          "  --table expert          ข้อสังเกตเกี่ยวกับ TCP ตามความรุนแรง ใช้คีย์เพื่อหาเฟรมได้\n"
          "  --series STREAM         ทุกเซกเมนต์ของกระแส TCP นั้น: หมายเลข หน้าต่าง ออกเตตที่กำลังเดินทาง\n"
          "                          เวลาไปกลับ สำหรับทำกราฟลำดับ ปริมาณงาน และหน้าต่าง\n"
          "  --format text|json|csv  json: หนึ่งออบเจกต์ต่อบรรทัด\n"
          "  --lang th|en\n\n"
          "ออกเตตของการสนทนานับเฉพาะเพย์โหลด ส่วนออกเตตของเฟรมนับทั้งหมดบนสาย\n\n"
          "ตัวอย่าง: enveloscope-capture flows -r mail.pcapng --format csv > flows.csv\n"),
      stdout);
}

/* ---- rows ---- */

static void
begin_row(struct row *r)
{
  g_string_truncate(r->line, 0);
  g_string_truncate(r->names, 0);
}

static void
begin_cell(struct row *r, const char *name)
{
  switch (r->format) {
  case FORMAT_JSON:
    g_string_append_printf(r->line, "%s\"%s\":", r->line->len ? "," : "{", name);
    break;
  case FORMAT_CSV:
    g_string_append_printf(r->names, "%s%s", r->names->len ? "," : "", name);
    if (r->names->len > strlen(name))
      g_string_append_c(r->line, ',');
    break;
  case FORMAT_TEXT:
    if (r->line->len)
      g_string_append(r->line, "  ");
    break;
  }
}

/* Our own words, addresses and keys: no text of the wire comes here. */
static void
put_text(struct row *r, const char *name, const char *text)
{
  begin_cell(r, name);
  if (r->format == FORMAT_TEXT) {
    g_string_append(r->line, text[0] ? text : "-");
    return;
  }
  bool quoted = r->format == FORMAT_JSON || strpbrk(text, ",\"");
  if (quoted)
    g_string_append_c(r->line, '"');
  g_string_append(r->line, text);
  if (quoted)
    g_string_append_c(r->line, '"');
}

static void
put_number(struct row *r, const char *name, uint64_t number)
{
  begin_cell(r, name);
  if (r->format == FORMAT_TEXT)
    g_string_append_printf(r->line, "%s %" PRIu64, name, number);
  else
    g_string_append_printf(r->line, "%" PRIu64, number);
}

/* Seconds with nine digits; negative: not known. */
static void
put_seconds(struct row *r, const char *name, int64_t ns)
{
  char text[40] = "";
  if (ns >= 0)
    g_snprintf(text, sizeof text, "%" PRId64 ".%09" PRId64, ns / 1000000000, ns % 1000000000);
  begin_cell(r, name);
  if (r->format == FORMAT_TEXT)
    g_string_append_printf(r->line, "%s %s", name, text[0] ? text : "-");
  else
    g_string_append(r->line, r->format == FORMAT_JSON && !text[0] ? "null" : text);
}

static void
end_row(struct row *r)
{
  if (r->format == FORMAT_CSV && r->first)
    puts(r->names->str);
  r->first = false;
  if (r->format == FORMAT_JSON)
    g_string_append_c(r->line, '}');
  puts(r->line->str);
}

/* ---- tables ---- */

static const char *
state_name(const struct trace_flow *f)
{
  if (f->app == APP_SMTP && f->state < SMTP_N_STATES)
    return smtp_states[f->state].name;
  if (f->app == APP_POP3 && f->state < POP_N_STATES)
    return pop_states[f->state].name;
  if (f->app == APP_IMAP && f->state < IMAP_N_STATES)
    return imap_states[f->state].name;
  return "";
}

/* The first thirteen columns are a promise. */
static void
put_conversation(struct row *r, const struct trace *t, const struct statistics_conversation *c)
{
  static const char *const apps[APP_N] = {"",    "SMTP", "POP3",  "IMAP",
                                          "TLS", "DNS",  "SOCKS", "HTTP"};
  const struct trace_flow *f = trace_flow(t, c->flow);
  unsigned client = f->client & 1, server = !client;
  char text[ENDPOINT_TEXT_MAX];
  begin_row(r);
  put_text(r, "transport",
           f->proto == IP_PROTO_TCP   ? "TCP"
           : f->proto == IP_PROTO_UDP ? "UDP"
                                      : "");
  put_number(r, "stream", f->stream);
  put_text(r, "client", endpoint_format(&f->ends[client].addr, f->ends[client].port, text));
  put_text(r, "server", endpoint_format(&f->ends[server].addr, f->ends[server].port, text));
  put_text(r, "protocol", f->app < APP_N ? apps[f->app] : "");
  put_text(r, "state", state_name(f));
  put_number(r, "first_frame", f->first_frame + 1);
  put_number(r, "client_frames", c->n_frames[client]);
  put_number(r, "client_bytes", f->ends[client].n_octets);
  put_number(r, "client_retransmissions", c->n_retransmissions[client]);
  put_number(r, "server_frames", c->n_frames[server]);
  put_number(r, "server_bytes", f->ends[server].n_octets);
  put_number(r, "server_retransmissions", c->n_retransmissions[server]);
  put_number(r, "client_frame_bytes", c->n_octets[client]);
  put_number(r, "server_frame_bytes", c->n_octets[server]);
  put_seconds(r, "start", c->first_ns - trace_frame(t, 0).time_ns);
  put_seconds(r, "duration", c->last_ns - c->first_ns);
  put_seconds(r, "handshake", c->handshake_ns);
  end_row(r);
}

/* Two lines that a person reads with ease. */
static void
print_conversation(const struct trace *t, const struct statistics_conversation *c)
{
  static const char *const apps[APP_N] = {"",    "SMTP", "POP3",  "IMAP",
                                          "TLS", "DNS",  "SOCKS", "HTTP"};
  const struct trace_flow *f = trace_flow(t, c->flow);
  unsigned client = f->client & 1, server = !client;
  char from[ENDPOINT_TEXT_MAX], to[ENDPOINT_TEXT_MAX];
  printf("%s %u  %s → %s  %s %s\n",
         f->proto == IP_PROTO_TCP   ? "TCP"
         : f->proto == IP_PROTO_UDP ? "UDP"
                                    : "",
         f->stream, endpoint_format(&f->ends[client].addr, f->ends[client].port, from),
         endpoint_format(&f->ends[server].addr, f->ends[server].port, to),
         f->app < APP_N && apps[f->app][0] ? apps[f->app] : "-", state_name(f));
  printf(lang_text("    → %u frames, %" G_GUINT64_FORMAT
                   " octets, %u retransmissions   ← %u frames, %" G_GUINT64_FORMAT
                   " octets, %u retransmissions\n",
                   "    → %u เฟรม %" G_GUINT64_FORMAT
                   " ออกเตต ส่งซ้ำ %u ครั้ง   ← %u เฟรม %" G_GUINT64_FORMAT " ออกเตต ส่งซ้ำ %u ครั้ง\n"),
         c->n_frames[client], f->ends[client].n_octets, c->n_retransmissions[client],
         c->n_frames[server], f->ends[server].n_octets, c->n_retransmissions[server]);
  printf(lang_text("    %.6f s", "    %.6f วินาที"), (double)(c->last_ns - c->first_ns) / 1e9);
  if (c->handshake_ns >= 0)
    printf(lang_text(", handshake %.6f s", ", จับมือ %.6f วินาที"), (double)c->handshake_ns / 1e9);
  putchar('\n');
}

static void
put_endpoint(struct row *r, const struct statistics_endpoint *e)
{
  char text[ADDR_TEXT_MAX];
  begin_row(r);
  put_text(r, "address", ip_addr_format(&e->addr, text));
  put_number(r, "frames", e->n_frames_sent + e->n_frames_received);
  put_number(r, "frame_bytes", e->n_octets_sent + e->n_octets_received);
  put_number(r, "sent_frames", e->n_frames_sent);
  put_number(r, "sent_frame_bytes", e->n_octets_sent);
  put_number(r, "received_frames", e->n_frames_received);
  put_number(r, "received_frame_bytes", e->n_octets_received);
  end_row(r);
}

static void
put_protocol(struct row *r, const struct statistics_protocol *p)
{
  if (r->format == FORMAT_TEXT) {
    printf("%*s%-*s %10" PRIu64 " %12" PRIu64 "\n", (int)(2 * p->depth), "",
           (int)(32 - MIN(2 * p->depth, 30)), p->name, p->n_frames, p->n_octets);
    return;
  }
  begin_row(r);
  put_text(r, "path", p->path);
  put_text(r, "protocol", p->name);
  put_number(r, "depth", p->depth);
  put_number(r, "frames", p->n_frames);
  put_number(r, "frame_bytes", p->n_octets);
  end_row(r);
}

static void
put_remark(struct row *r, const struct statistics_remark *m)
{
  if (!m->n)
    return;
  begin_row(r);
  put_text(r, "severity", statistics_severity_name(m->severity));
  put_number(r, "count", m->n);
  put_text(r, "remark", lang_pick(m->name));
  put_text(r, "filter", m->key);
  put_number(r, "first_frame", m->first_frame + 1);
  end_row(r);
}

static void
put_point(struct row *r, const struct trace_flow *f, const struct statistics_point *p,
          int64_t start_ns)
{
  begin_row(r);
  put_number(r, "frame", p->frame + 1);
  put_seconds(r, "time", p->time_ns - start_ns);
  put_text(r, "from", p->direction == (f->client & 1) ? "client" : "server");
  put_number(r, "seq", p->seq);
  put_number(r, "ack", p->ack);
  put_number(r, "len", p->n_octets);
  put_number(r, "window", p->window);
  put_number(r, "in_flight", p->in_flight);
  put_seconds(r, "rtt", p->rtt_ns);
  put_number(r, "retransmission", (p->analysis & ANALYSIS_RETRANSMISSION) != 0);
  end_row(r);
}

static int
print_series(struct row *r, const struct trace *t, uint32_t stream)
{
  uint32_t flow = trace_find_stream(t, IP_PROTO_TCP, stream);
  if (flow == TRACE_NONE) {
    fprintf(
        stderr,
        lang_text("flows: there is no TCP stream %u in this capture; “flows -r FILE” lists them.\n",
                  "flows: ไม่มีกระแส TCP หมายเลข %u ในแคปเจอร์นี้ ใช้ “flows -r ไฟล์” เพื่อดูรายการ\n"),
        stream);
    return EXIT_USAGE;
  }
  g_autoptr(GArray) points = statistics_series(t, flow);
  for (guint i = 0; i < points->len && !ferror(stdout); i++) {
    const struct statistics_point *p = &g_array_index(points, struct statistics_point, i);
    put_point(r, trace_flow(t, flow), p, g_array_index(points, struct statistics_point, 0).time_ns);
  }
  return EXIT_DONE;
}

static void
print_table(struct row *r, const struct trace *t, enum table table)
{
  struct statistics *s = statistics_new(t);
  if (table == TABLE_CONVERSATIONS || table == TABLE_EXPERT)
    statistics_set_quick(s);
  statistics_step(s, UINT32_MAX);
  if (table == TABLE_CONVERSATIONS)
    for (uint32_t i = 0; i < statistics_n_conversations(s) && !ferror(stdout); i++) {
      if (r->format == FORMAT_TEXT)
        print_conversation(t, statistics_conversation(s, i));
      else
        put_conversation(r, t, statistics_conversation(s, i));
    }
  if (table == TABLE_ENDPOINTS)
    for (uint32_t i = 0; i < statistics_n_endpoints(s) && !ferror(stdout); i++)
      put_endpoint(r, statistics_endpoint(s, i));
  if (table == TABLE_PROTOCOLS)
    for (uint32_t i = 0; i < statistics_n_protocols(s) && !ferror(stdout); i++)
      put_protocol(r, statistics_protocol(s, i));
  if (table == TABLE_EXPERT)
    for (uint32_t i = 0; i < statistics_n_remarks(s) && !ferror(stdout); i++)
      put_remark(r, statistics_remark(s, i));
  statistics_free(s);
}

/* ---- the command line ---- */

enum { OPTION_LANG = 256, OPTION_FORMAT, OPTION_TABLE, OPTION_SERIES };

struct options {
  const char *path;
  enum format format;
  enum table table;
  uint32_t stream;
};

static int
find_name(const char *name, const char *const *names)
{
  for (int i = 0; names[i]; i++)
    if (strcmp(name, names[i]) == 0)
      return i;
  return -1;
}

static int
set_option(struct options *o, int c, const char *value)
{
  static const char *const formats[] = {"text", "json", "csv", NULL};
  static const char *const tables[] = {"conversations", "endpoints", "protocols", "expert", NULL};
  int i;
  char *end;
  switch (c) {
  case 'r':
    o->path = value;
    return EXIT_DONE;
  case OPTION_FORMAT:
    if ((i = find_name(value, formats)) < 0)
      return cmd_usage("flows",
                       lang_text("--format takes text, json or csv, not",
                                 "--format รับค่า text, json หรือ csv เท่านั้น ไม่รับ"),
                       value);
    o->format = (enum format)i;
    return EXIT_DONE;
  case OPTION_TABLE:
    if ((i = find_name(value, tables)) < 0)
      return cmd_usage(
          "flows",
          lang_text("--table takes conversations, endpoints, protocols or expert, not",
                    "--table รับค่า conversations, endpoints, protocols หรือ expert เท่านั้น ไม่รับ"),
          value);
    o->table = (enum table)i;
    return EXIT_DONE;
  case OPTION_SERIES:
    o->table = TABLE_SERIES;
    o->stream = (uint32_t)strtoul(value, &end, 10);
    if (!g_ascii_isdigit(value[0]) || *end)
      return cmd_usage("flows",
                       lang_text("--series takes the number of a TCP stream, not",
                                 "--series รับหมายเลขของกระแส TCP ไม่รับ"),
                       value);
    return EXIT_DONE;
  default:
    return cmd_set_language("flows", value) ? EXIT_DONE : EXIT_USAGE;
  }
}

int
cmd_flows(int argc, char **argv)
{
  static const struct option long_options[] = {{"lang", required_argument, NULL, OPTION_LANG},
                                               {"format", required_argument, NULL, OPTION_FORMAT},
                                               {"table", required_argument, NULL, OPTION_TABLE},
                                               {"series", required_argument, NULL, OPTION_SERIES},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};
  struct options o = {0};
  int c, code = EXIT_DONE;
  optind = 0;
  opterr = 0;
  while (code == EXIT_DONE && (c = getopt_long(argc, argv, ":r:h", long_options, NULL)) != -1) {
    if (c == 'h') {
      print_help();
      return EXIT_DONE;
    }
    if (c == ':' || c == '?')
      return cmd_option_error("flows", c, argv[optind - 1]);
    code = set_option(&o, c, optarg);
  }
  if (code != EXIT_DONE)
    return code;
  if (!o.path || optind < argc)
    return cmd_usage("flows", lang_text("write -r FILE", "ให้เขียน -r ไฟล์"),
                     optind < argc ? argv[optind] : NULL);
  struct trace *t = cmd_load("flows", o.path, NULL, &code);
  if (!t)
    return code;
  struct row r = {
      .format = o.format, .line = g_string_new(NULL), .names = g_string_new(NULL), .first = true};
  if (o.table != TABLE_SERIES)
    print_table(&r, t, o.table);
  else if (print_series(&r, t, o.stream) != EXIT_DONE)
    code = EXIT_USAGE;
  g_string_free(r.line, TRUE);
  g_string_free(r.names, TRUE);
  return cmd_unload("flows", o.path, t, code);
}
