/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_flows.c -- "enveloscope-capture flows": one row per conversation, from what pass 1 counted.
 */
#include <getopt.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "capture/cmd.h"
#include "capture/trace/trace.h"
#include "capture/wire/lang.h"
#include "capture/wire/mail.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct row {
  const char *transport;
  const char *protocol;
  const char *state;
  uint32_t stream;
  char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
  const struct trace_flow_end *from, *to;
  uint32_t first_frame;
};

static void
print_help(void)
{
  fputs(lang_text(
            "usage: enveloscope-capture flows -r FILE [--format text|json|csv] [--lang th|en]\n\n"
            "One row per conversation: stream, ends, frames and octets each way, retransmissions, "
            "protocol, state.\n\n"
            "example: enveloscope-capture flows -r mail.pcapng --format csv > flows.csv\n",
            "วิธีใช้: enveloscope-capture flows -r ไฟล์ [--format text|json|csv] [--lang th|en]\n\n"
            "แสดงหนึ่งแถวต่อการสนทนา: กระแส ปลายทางทั้งสอง จำนวนเฟรมและออกเตตแต่ละทิศ การส่งซ้ำ โปรโตคอล "
            "สถานะ\n\n"
            "ตัวอย่าง: enveloscope-capture flows -r mail.pcapng --format csv > flows.csv\n"),
        stdout);
}

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

static void
fill(struct row *r, const struct trace_flow *f)
{
  static const char *const apps[APP_N] = {"", "SMTP", "POP3", "IMAP", "TLS", "DNS",
                                            "SOCKS", "HTTP"};
  unsigned client = f->client & 1;
  *r = (struct row){.transport = f->proto == IP_PROTO_TCP   ? "TCP"
                                 : f->proto == IP_PROTO_UDP ? "UDP"
                                                            : "",
                    .protocol = f->app < APP_N ? apps[f->app] : "",
                    .state = state_name(f),
                    .stream = f->stream,
                    .from = &f->ends[client],
                    .to = &f->ends[!client],
                    .first_frame = f->first_frame};
  endpoint_format(&r->from->addr, r->from->port, r->client);
  endpoint_format(&r->to->addr, r->to->port, r->server);
}

static void
print_text(const struct row *r)
{
  printf("%s %u  %s → %s  %s %s\n", r->transport, r->stream, r->client, r->server,
         r->protocol[0] ? r->protocol : "-", r->state);
  printf(lang_text("    → %u frames, %" G_GUINT64_FORMAT
                   " octets, %u retransmissions   ← %u frames, %" G_GUINT64_FORMAT
                   " octets, %u retransmissions\n",
                   "    → %u เฟรม %" G_GUINT64_FORMAT
                   " ออกเตต ส่งซ้ำ %u ครั้ง   ← %u เฟรม %" G_GUINT64_FORMAT " ออกเตต ส่งซ้ำ %u ครั้ง\n"),
         r->from->n_frames, r->from->n_octets, r->from->n_retransmits, r->to->n_frames,
         r->to->n_octets, r->to->n_retransmits);
}

static void
print_json(const struct row *r)
{
  g_autoptr(JsonBuilder) b = json_builder_new();
  json_builder_begin_object(b);
#define ADD_STRING(name, value)                                                                    \
  (json_builder_set_member_name(b, name), json_builder_add_string_value(b, value))
#define ADD_NUMBER(name, value)                                                                    \
  (json_builder_set_member_name(b, name), json_builder_add_int_value(b, (gint64)(value)))
  ADD_STRING("transport", r->transport);
  ADD_NUMBER("stream", r->stream);
  ADD_STRING("client", r->client);
  ADD_STRING("server", r->server);
  ADD_STRING("protocol", r->protocol);
  ADD_STRING("state", r->state);
  ADD_NUMBER("first_frame", r->first_frame + 1);
  ADD_NUMBER("client_frames", r->from->n_frames);
  ADD_NUMBER("client_bytes", r->from->n_octets);
  ADD_NUMBER("client_retransmissions", r->from->n_retransmits);
  ADD_NUMBER("server_frames", r->to->n_frames);
  ADD_NUMBER("server_bytes", r->to->n_octets);
  ADD_NUMBER("server_retransmissions", r->to->n_retransmits);
#undef ADD_STRING
#undef ADD_NUMBER
  json_builder_end_object(b);
  g_autoptr(JsonNode) root = json_builder_get_root(b);
  g_autofree char *line = json_to_string(root, FALSE);
  puts(line);
}

/* Every cell is a number or text of our own making: nothing needs quotes or a guard. */
static void
print_csv(const struct row *r)
{
  printf("%s,%u,%s,%s,%s,%s,%u,%u,%" G_GUINT64_FORMAT ",%u,%u,%" G_GUINT64_FORMAT ",%u\n",
         r->transport, r->stream, r->client, r->server, r->protocol, r->state, r->first_frame + 1,
         r->from->n_frames, r->from->n_octets, r->from->n_retransmits, r->to->n_frames,
         r->to->n_octets, r->to->n_retransmits);
}

static void
print_flows(const struct trace *t, enum format format)
{
  if (format == FORMAT_CSV)
    puts("transport,stream,client,server,protocol,state,first_frame,client_frames,client_bytes,"
         "client_retransmissions,server_frames,server_bytes,server_retransmissions");
  for (uint32_t i = 0; i < trace_n_flows(t) && !ferror(stdout); i++) {
    struct row r;
    fill(&r, trace_flow(t, i));
    if (format == FORMAT_TEXT)
      print_text(&r);
    else if (format == FORMAT_JSON)
      print_json(&r);
    else
      print_csv(&r);
  }
}

enum { OPTION_LANG = 256, OPTION_FORMAT };

static int
set_format(enum format *format, const char *name)
{
  static const char *const names[] = {"text", "json", "csv"};
  for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
    if (strcmp(name, names[i]) == 0) {
      *format = (enum format)i;
      return EXIT_DONE;
    }
  return cmd_usage("flows",
                   lang_text("--format takes text, json or csv, not",
                             "--format รับค่า text, json หรือ csv เท่านั้น ไม่รับ"),
                   name);
}

int
cmd_flows(int argc, char **argv)
{
  static const struct option long_options[] = {{"lang", required_argument, NULL, OPTION_LANG},
                                               {"format", required_argument, NULL, OPTION_FORMAT},
                                               {"help", no_argument, NULL, 'h'},
                                               {0}};
  const char *path = NULL;
  enum format format = FORMAT_TEXT;
  int c, code = EXIT_DONE;
  optind = 0;
  opterr = 0;
  while (code == EXIT_DONE && (c = getopt_long(argc, argv, ":r:h", long_options, NULL)) != -1) {
    switch (c) {
    case 'r':
      path = optarg;
      break;
    case OPTION_FORMAT:
      code = set_format(&format, optarg);
      break;
    case OPTION_LANG:
      code = cmd_set_language("flows", optarg) ? EXIT_DONE : EXIT_USAGE;
      break;
    case 'h':
      print_help();
      return EXIT_DONE;
    case ':':
      return cmd_usage("flows", lang_text("this option needs a value", "ตัวเลือกนี้ต้องมีค่า"),
                       argv[optind - 1]);
    default:
      return cmd_usage("flows", lang_text("there is no such option", "ไม่มีตัวเลือกนี้"),
                       argv[optind - 1]);
    }
  }
  if (code != EXIT_DONE)
    return code;
  if (!path || optind < argc)
    return cmd_usage("flows", lang_text("write -r FILE", "ให้เขียน -r ไฟล์"),
                     optind < argc ? argv[optind] : NULL);
  struct trace *t = cmd_load("flows", path, NULL, &code);
  if (!t)
    return code;
  print_flows(t, format);
  trace_free(t);
  return code;
}
