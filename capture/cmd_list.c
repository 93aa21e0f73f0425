/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmd_list.c -- "fields", "filters", "findings": what can be named, straight from the tables. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "capture/cmd.h"
#include "capture/decode/decode.h"
#include "capture/filter/filter.h"
#include "capture/findings/findings.h"

/* --help and --lang, which is all that these commands take. -1 to go on, else the exit code. */
static int
parse(int argc, char **argv, const char *help)
{
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
      printf("%s\n", help);
      return EXIT_DONE;
    }
    if (strcmp(argv[i], "--lang") == 0 && i + 1 < argc) {
      if (!cmd_set_language(argv[0], argv[++i]))
        return EXIT_USAGE;
    } else {
      return cmd_usage(
          argv[0],
          lang_text("this command takes only --lang and --help", "คำสั่งนี้รับเฉพาะ --lang และ --help"),
          argv[i]);
    }
  }
  return -1;
}

static const char *
type_word(enum field_type type)
{
  static const char *const words[] = {
      [FIELD_PROTOCOL] = "protocol", [FIELD_UINT] = "number",   [FIELD_HEX] = "hex",
      [FIELD_BOOL] = "boolean",      [FIELD_ETHER] = "ether",   [FIELD_IPV4] = "ipv4",
      [FIELD_IPV6] = "ipv6",         [FIELD_OCTETS] = "octets", [FIELD_TEXT] = "text",
      [FIELD_TIME] = "time",         [FIELD_SPAN] = "seconds",  [FIELD_FRAME] = "frame",
      [FIELD_NONE] = "mark"};
  return words[type];
}

int
cmd_fields(int argc, char **argv)
{
  int code = parse(
      argc, argv,
      lang_text(
          "usage: enveloscope-capture fields\nkey, type, name, sentence and specification of every "
          "field, between tabs.\nexample: enveloscope-capture fields | grep '^tcp.options'",
          "วิธีใช้: enveloscope-capture fields\nแสดงคีย์ ชนิด ชื่อ คำอธิบาย และข้อกำหนดของทุกฟิลด์ "
          "คั่นด้วยแท็บ\nตัวอย่าง: enveloscope-capture fields | grep '^tcp.options'"));
  if (code >= 0)
    return code;
  size_t n;
  const struct field_def *const *all = field_defs(&n);
  for (size_t i = 0; i < n; i++) {
    g_auto(GStrv) parts = g_strsplit(lang_pick(all[i]->explain), "%s", 2);
    g_autofree char *sentence = g_strjoinv("…", parts);
    printf("%s\t%s\t%s\t%s\t%s\n", all[i]->key, type_word(all[i]->type), lang_pick(all[i]->name),
           sentence, all[i]->spec);
  }
  return EXIT_DONE;
}

int
cmd_filters(int argc, char **argv)
{
  int code =
      parse(argc, argv,
            lang_text("usage: enveloscope-capture filters\nthe grammar of filters, with examples.",
                      "วิธีใช้: enveloscope-capture filters\nไวยากรณ์ของตัวกรองพร้อมตัวอย่าง"));
  if (code >= 0)
    return code;
  fputs(lang_text("A filter is Wireshark's display filter over the keys that “fields” lists.\n\n",
                  "ตัวกรองใช้ภาษาตัวกรองการแสดงผลของ Wireshark กับคีย์ที่คำสั่ง “fields” แสดง\n\n"),
        stdout);
  for (const struct filter_example *e = filter_examples; e->filter; e++)
    printf("  %-50s  %s\n", e->filter, lang_pick(e->asks));
  fputs(lang_text("\nexample: enveloscope-capture decode -r mail.pcapng -Y "
                  "'pop.response.indicator == \"-ERR\"'\n",
                  "\nตัวอย่าง: enveloscope-capture decode -r mail.pcapng -Y "
                  "'pop.response.indicator == \"-ERR\"'\n"),
        stdout);
  return EXIT_DONE;
}

int
cmd_findings(int argc, char **argv)
{
  int code = parse(argc, argv,
                   lang_text("usage: enveloscope-capture findings\nthe catalogue of findings: id, "
                             "severity, title, remedy.\nexample: enveloscope-capture findings",
                             "วิธีใช้: enveloscope-capture findings\nรายการข้อค้นพบ: รหัส ความรุนแรง ชื่อ "
                             "วิธีแก้\nตัวอย่าง: enveloscope-capture findings"));
  if (code >= 0)
    return code;
  for (unsigned i = 0; i < finding_rules_n(); i++) {
    const struct finding_rule *r = finding_rule_get(i);
    g_autofree char *rfc = g_strjoinv(", ", (char **)(uintptr_t)r->rfc);
    g_autofree char *cwe = g_strjoinv(", ", (char **)(uintptr_t)r->cwe);
    g_autofree char *attack = g_strjoinv(", ", (char **)(uintptr_t)r->attack);
    printf("%s\t%s\t%s\n\t%s\n\t%s\n\t%s; CWE: %s; ATT&CK " FINDING_ATTACK_VERSION ": %s\n", r->id,
           severity_name(r->severity), lang_pick(r->title), lang_pick(r->explanation),
           lang_pick(r->remediation), rfc[0] ? rfc : "-", cwe[0] ? cwe : "-",
           attack[0] ? attack : "-");
  }
  return EXIT_DONE;
}
