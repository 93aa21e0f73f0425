/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_text.c -- the audit for people: the logins as a list, then each finding once with the
 * places where it holds, then what the report rests on.
 *
 * A finding's sentences are said once, not once per login: a capture of a day repeats them ten
 * thousand times otherwise. */
#include <inttypes.h>
#include <string.h>

#include "capture/report/report.h"

enum {
  PLACES_MAX = 20,    /* a reader's patience; JSON holds them all */
  HEAD_REST_MAX = 32, /* a protocol's name, and what stands between the parts of a login's head */
};

static void
put_frames(GString *s, const uint32_t *frames, unsigned n, uint32_t base)
{
  for (unsigned i = 0; i < n; i++) {
    if (i)
      g_string_append_c(s, ',');
    report_number(s, (uint64_t)frames[i] + base);
  }
}

static void
put_login(FILE *out, GString *s, const struct login_record *l, bool reveal)
{
  char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX], stamp[REPORT_TIME_MAX];
  gsize n_user;
  const uint8_t *user = g_bytes_get_data(l->user, &n_user);
  const char *const head[] = {report_time(l->time_ns, stamp),
                              "  ",
                              report_protocol(l->app),
                              "  ",
                              endpoint_format(&l->where.client, l->where.client_port, client),
                              " > ",
                              endpoint_format(&l->where.server, l->where.server_port, server),
                              "\n    "};
  g_string_truncate(s, 0);
  char text[REPORT_TIME_MAX + 2 * ENDPOINT_TEXT_MAX + HEAD_REST_MAX], *at = text;
  for (size_t i = 0; i < G_N_ELEMENTS(head); i++)
    at = stpcpy(at, head[i]);
  g_string_append_len(s, text, at - text);
  g_string_append(s, l->mechanism);
  g_string_append(s, "  ");
  g_string_append(s, lang_text("user ", "ผู้ใช้ "));
  g_string_append_c(s, '"');
  report_escape(s, user, n_user, false);
  g_string_append(s, "\"  ");
  if (l->secret_kind != SECRET_NONE) {
    g_string_append(s, l->secret_kind == SECRET_PASSWORD ? lang_text("password ", "รหัสผ่าน ")
                       : l->secret_kind == SECRET_TOKEN ? lang_text("token ", "โทเคน ")
                                                        : lang_text("digest ", "ค่าแฮช "));
    report_secret(s, l, reveal, false);
    g_string_append(s, "  ");
  }
  g_string_append(s, report_outcome_text(l->outcome));
  if (l->encrypted)
    g_string_append(s, lang_text("  inside TLS", "  อยู่ใน TLS"));
  g_string_append(s, lang_text("  frames ", "  เฟรม "));
  put_frames(s, l->frames, l->n_frames, 1);
  g_string_append(s, lang_text("  stream ", "  สตรีม "));
  report_number(s, l->where.stream);
  if (l->confidence != CONFIDENCE_HIGH)
    g_string_append_printf(s, lang_text("  (confidence %s)", "  (ความเชื่อมั่น: %s)"),
                           report_confidence_text(l->confidence));
  g_string_append_c(s, '\n');
  fputs(s->str, out);
}

static void
put_place(GString *s, const struct findings *all, const struct finding *f,
          const struct report_options *options)
{
  char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
  uint32_t frames[2 * LOGIN_FRAMES_MAX];
  unsigned n = report_finding_frames(all, f, frames);
  g_string_append_printf(s, "      %s > %s",
                         endpoint_format(&f->where.client, f->where.client_port, client),
                         endpoint_format(&f->where.server, f->where.server_port, server));
  g_string_append_printf(s, lang_text("  stream %u  frames ", "  สตรีม %u  เฟรม "), f->where.stream);
  put_frames(s, frames, n, 0);
  if (f->login != UINT32_MAX) {
    gsize n_user;
    const uint8_t *user = g_bytes_get_data(findings_get_login(all, f->login)->user, &n_user);
    g_string_append(s, lang_text("  user \"", "  ผู้ใช้ \""));
    report_escape(s, user, n_user, false);
    g_string_append_printf(s, "\"  %s", report_outcome_text(f->outcome));
  }
  if (f->subject) {
    g_string_append(s, "  ");
    report_escape(s, (const uint8_t *)f->subject, strlen(f->subject), false);
  }
  g_autofree char *times = report_times_text(f);
  if (times)
    g_string_append_printf(s, "  %s", times);
  if (f->n_streams > 1)
    g_string_append_printf(s, lang_text("  (%u conversations)", "  (%u บทสนทนา)"), f->n_streams);
  if (baseline_knows(options->baseline, all, f))
    g_string_append(s, lang_text("  (known)", "  (ทราบแล้ว)"));
  g_string_append_c(s, '\n');
}

static void
put_rule_list(GString *s, const char *label, const char *const *items)
{
  if (!items[0])
    return;
  g_autofree char *joined = g_strjoinv(", ", (char **)(uintptr_t)items);
  g_string_append_printf(s, "      %s: %s\n", label, joined);
}

/* The findings of one rule at one severity: how many, and the first PLACES_MAX in the report's
 * order.
 */
struct group {
  unsigned n;
  unsigned places[PLACES_MAX];
};

/* One group for each severity and rule, the rules of one severity side by side. */
static struct group *
group_findings(const struct findings *f)
{
  unsigned n_rules = finding_rules_n(), n = findings_n(f);
  struct group *groups = g_new0(struct group, (gsize)n_rules * (SEVERITY_CRITICAL + 1));
  g_autoptr(GHashTable) numbers = g_hash_table_new(NULL, NULL);
  for (unsigned r = 0; r < n_rules; r++)
    g_hash_table_insert(numbers, (gpointer)finding_rule_get(r), GUINT_TO_POINTER(r));
  g_autofree unsigned *order = report_finding_order(f);
  for (unsigned k = 0; k < n; k++) {
    enum severity severity;
    const struct finding_rule *rule = findings_rule(f, order[k], &severity);
    unsigned r = GPOINTER_TO_UINT(g_hash_table_lookup(numbers, rule));
    struct group *g = &groups[(unsigned)severity * n_rules + r];
    if (g->n++ < PLACES_MAX)
      g->places[g->n - 1] = order[k];
  }
  return groups;
}

/* A rule's sentences, then its places. */
static void
put_group(FILE *out, GString *s, const struct findings *all, const struct finding_rule *rule,
          enum severity severity, const struct group *group, const struct report_options *options)
{
  if (!group->n)
    return;
  g_autofree char *explanation = report_explanation(all, findings_get(all, group->places[0]));
  g_string_printf(s, "%s  %s  %s\n      %s\n      %s %s\n", report_severity_text(severity),
                  rule->id, lang_pick(rule->title), explanation, lang_text("What to do:", "ควรทำ:"),
                  lang_pick(rule->remediation));
  put_rule_list(s, "RFC", rule->rfc);
  put_rule_list(s, "CWE", rule->cwe);
  put_rule_list(s, "ATT&CK " FINDING_ATTACK_VERSION, rule->attack);
  for (unsigned i = 0; i < MIN(group->n, PLACES_MAX); i++)
    put_place(s, all, findings_get(all, group->places[i]), options);
  if (group->n > PLACES_MAX)
    g_string_append_printf(s,
                           lang_text("      ... and %u more (all are in --format json)\n",
                                     "      ... และอีก %u แห่ง (ดูทั้งหมดได้ด้วย --format json)\n"),
                           group->n - PLACES_MAX);
  fputs(s->str, out);
}

/* What the report rests on, so that nobody takes "not seen" for "not there". */
static void
put_coverage(FILE *out, const struct findings *f)
{
  struct report_limit limits[REPORT_LIMITS_MAX];
  unsigned n = report_limits(f, limits);
  g_autofree char *seen = report_seen(f);
  fprintf(out, lang_text("\nWhat was seen: %s\n", "\nสิ่งที่เห็น: %s\n"), seen);
  if (n)
    fputs(lang_text("What could not be judged:\n", "สิ่งที่ตัดสินไม่ได้:\n"), out);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = report_limit_text(&limits[i]);
    fprintf(out, "  %s\n", text);
  }
}

static void
put_file(FILE *out, GString *s, const struct report_file *file,
         const struct report_options *options)
{
  g_string_assign(s, "");
  report_escape(s, (const uint8_t *)file->name, strlen(file->name), false);
  fprintf(out,
          lang_text("Capture %s: %" PRIu64 " frames, %u TCP streams, link %s\n",
                    "ไฟล์ดักจับ %s: %" PRIu64 " เฟรม, สตรีม TCP %u สตรีม, ลิงก์ %s\n"),
          s->str, file->n_frames, file->n_streams, file->link);
  if (file->sha256[0])
    fprintf(out, "SHA-256 %s\n", file->sha256);
  if (!file->complete)
    fprintf(out,
            lang_text("Incomplete: %s What follows holds for the part that could be read.\n",
                      "ไม่ครบถ้วน: %s ผลต่อไปนี้เป็นจริงเฉพาะส่วนที่อ่านได้\n"),
            file->warning ? file->warning : "");
  unsigned n_logins = findings_n_logins(file->findings);
  fprintf(out, lang_text("\nLogins: %u\n", "\nการเข้าระบบ: %u ครั้ง\n"), n_logins);
  g_autofree unsigned *logins = report_login_order(file->findings);
  for (unsigned i = 0; i < n_logins; i++)
    put_login(out, s, findings_get_login(file->findings, logins[i]), options->reveal);
  fprintf(out, lang_text("\nFindings: %u\n", "\nสิ่งที่พบ: %u รายการ\n"), findings_n(file->findings));
  g_autofree struct group *groups = group_findings(file->findings);
  unsigned n_rules = finding_rules_n();
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--)
    for (unsigned r = 0; r < n_rules; r++)
      put_group(out, s, file->findings, finding_rule_get(r), (enum severity)severity,
                &groups[(unsigned)severity * n_rules + r], options);
  put_coverage(out, file->findings);
  fputc('\n', out);
}

void
report_text(FILE *out, const struct report_file *files, unsigned n_files,
            const struct report_options *options)
{
  g_autoptr(GString) s = g_string_new(NULL);
  for (unsigned i = 0; i < n_files; i++)
    put_file(out, s, &files[i], options);
  unsigned counts[SEVERITY_CRITICAL + 1];
  report_count(files, n_files, options, counts);
  fputs(lang_text("Findings by severity:", "สิ่งที่พบตามความรุนแรง:"), out);
  for (int i = SEVERITY_CRITICAL; i >= SEVERITY_INFO; i--)
    fprintf(out, " %s %u%s", report_severity_text((enum severity)i), counts[i], i ? "," : "\n");
}
