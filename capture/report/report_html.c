/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_html.c -- the audit as one page that needs nothing else: no script, no picture, no font.
 *
 * It reads on a screen, light or dark, and prints: rows do not break, links show nothing but
 * themselves. Text from the wire is escaped and isolated in its direction (<bdi>); only this
 * program's own words are markup. */
#include <inttypes.h>
#include <string.h>

#include "capture/report/report.h"

static const char style[] =
    ":root{--ink:#1d2330;--paper:#fff;--line:#c9cfd9;--soft:#f3f5f8;--bad:#b3261e;--warn:#8a5300;"
    "--calm:#2a5d9f}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e7eaf0;--paper:#171a21;--line:#3b4250;"
    "--soft:#20242d;--bad:#ff8a80;--warn:#ffc46b;--calm:#8ab8ff}}\n"
    "@media print{:root{--ink:#000;--paper:#fff;--line:#999;--soft:#fff;--bad:#900;--warn:#640;"
    "--calm:#036}body{max-width:none}section{break-inside:auto}tr,h2,h3{break-inside:avoid}"
    "thead{display:table-header-group}}\n"
    "body{font:16px/1.6 'Noto Sans','Noto Sans Thai',sans-serif;color:var(--ink);"
    "background:var(--paper);max-width:76rem;margin:2rem auto;padding:0 1.5rem}\n"
    "h1{font-size:1.7rem;margin:0 0 .3rem}h2{font-size:1.25rem;margin:2rem 0 .4rem}"
    "h3{font-size:1.05rem;margin:1.6rem 0 .2rem}\n"
    "table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{border-bottom:1px solid "
    "var(--line);padding:.35rem .6rem .35rem 0;text-align:left;vertical-align:top}"
    "th{font-weight:600}td,code{overflow-wrap:anywhere}\n"
    "code{font-family:'Noto Sans Mono',monospace;font-size:.9em}\n"
    ".sev{font-weight:600;border:1px solid;border-radius:.3rem;padding:0 .4rem;white-space:nowrap}"
    ".critical,.high{color:var(--bad)}.medium{color:var(--warn)}.low,.info{color:var(--calm)}\n"
    ".note{border-left:4px solid var(--warn);background:var(--soft);padding:.5rem .9rem}"
    ".refs{color:var(--calm);font-size:.85rem}p{margin:.3rem 0 .6rem}\n";

static void
put_own(GString *s, const char *text)
{
  g_autofree char *safe = g_markup_escape_text(text, -1);
  g_string_append(s, safe);
}

static void
put_hostile(GString *s, const void *p, size_t n)
{
  g_autoptr(GString) visible = g_string_new(NULL);
  if (p)
    report_escape(visible, p, n, false);
  g_autofree char *safe = g_markup_escape_text(visible->str, (gssize)visible->len);
  g_string_append_printf(s, "<bdi>%s</bdi>", safe);
}

static void
put_cell(GString *s, const char *own)
{
  g_string_append(s, "<td>");
  put_own(s, own);
  g_string_append(s, "</td>");
}

static void
put_head(GString *s, const struct lang_pair *columns, size_t n)
{
  g_string_append(s, "<table><thead><tr>");
  for (size_t i = 0; i < n; i++) {
    g_string_append(s, "<th scope=\"col\">");
    put_own(s, lang_pick(columns[i]));
    g_string_append(s, "</th>");
  }
  g_string_append(s, "</tr></thead><tbody>\n");
}

static void
put_frames(GString *s, const uint32_t *frames, unsigned n, uint32_t base)
{
  g_string_append(s, "<td>");
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf(s, "%s%" PRIu32, i ? ", " : "", frames[i] + base);
  g_string_append(s, "</td>");
}

static void
put_ends(GString *s, const struct finding_flow *w)
{
  char client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
  g_autofree char *text =
      w->server.version
          ? g_strdup_printf("%s → %s", endpoint_format(&w->client, w->client_port, client),
                            endpoint_format(&w->server, w->server_port, server))
          : g_strdup("");
  put_cell(s, text);
}

/* ---- logins ---- */

static void
put_login(GString *s, const struct login_record *l, bool reveal)
{
  char stamp[REPORT_TIME_MAX];
  gsize n_user;
  const void *user = g_bytes_get_data(l->user, &n_user);
  g_autoptr(GString) secret = g_string_new(NULL);
  report_secret(secret, l, reveal, false);
  g_string_append(s, "<tr>");
  put_cell(s, report_time(l->time_ns, stamp));
  put_ends(s, &l->where);
  put_cell(s, l->mechanism);
  g_string_append(s, "<td>");
  put_hostile(s, user, n_user);
  g_string_append(s, "</td><td><code>");
  put_own(s, secret->str);
  g_string_append(s, "</code></td>");
  put_cell(s, report_outcome_text(l->outcome));
  put_cell(s, l->encrypted ? lang_text("yes", "ใช่") : lang_text("no", "ไม่"));
  put_frames(s, l->frames, l->n_frames, 1);
  g_string_append(s, "</tr>\n");
}

static void
put_logins(FILE *out, GString *s, const struct report_file *file, bool reveal)
{
  static const struct lang_pair columns[] = {
      {"Time", "เวลา"},           {"Client → server", "ไคลเอนต์ → เซิร์ฟเวอร์"},
      {"Mechanism", "กลไก"},      {"User", "ผู้ใช้"},
      {"Secret", "ความลับ"},       {"Outcome", "ผลลัพธ์"},
      {"Inside TLS", "อยู่ใน TLS"}, {"Frames", "เฟรม"}};
  unsigned n = findings_n_logins(file->findings);
  g_string_append_printf(s, "<h2>%s: %u</h2>\n", lang_text("Logins", "การเข้าระบบ"), n);
  if (!n)
    return;
  put_head(s, columns, G_N_ELEMENTS(columns));
  g_autofree unsigned *order = report_login_order(file->findings);
  for (unsigned i = 0; i < n; i++) {
    put_login(s, findings_get_login(file->findings, order[i]), reveal);
    fputs(s->str, out);
    g_string_truncate(s, 0);
  }
  g_string_append(s, "</tbody></table>\n");
}

/* ---- findings ---- */

static void
put_references(GString *s, const struct finding_rule *r)
{
  const char *const *const lists[] = {r->rfc, r->cwe, r->attack};
  bool any = false;
  g_string_append(s, "<p class=\"refs\">");
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
    for (const char *const *item = lists[i]; *item; item++) {
      g_string_append(s, any ? " · " : "");
      put_own(s, *item);
      any = true;
    }
  g_string_append(s, "</p>\n");
}

static void
put_place(GString *s, const struct findings *all, const struct finding *f,
          const struct report_options *options)
{
  uint32_t frames[2 * LOGIN_FRAMES_MAX];
  char streams[32];
  gsize n_user = 0;
  const void *user = f->login != UINT32_MAX
                         ? g_bytes_get_data(findings_get_login(all, f->login)->user, &n_user)
                         : NULL;
  g_string_append(s, "<tr>");
  put_ends(s, &f->where);
  g_string_append(s, "<td>");
  if (f->subject)
    put_hostile(s, f->subject, strlen(f->subject));
  if (f->subject && user)
    g_string_append(s, ", ");
  if (user)
    put_hostile(s, user, n_user);
  g_autofree char *times = report_times_text(f);
  if (times) {
    g_string_append(s, f->subject || user ? ", " : "");
    put_own(s, times);
  }
  if (baseline_knows(options->baseline, all, f))
    g_string_append_printf(s, " <em>(%s)</em>", lang_text("known", "ทราบแล้ว"));
  g_string_append(s, "</td>");
  put_cell(s, f->outcome == LOGIN_UNKNOWN ? "" : report_outcome_text(f->outcome));
  put_cell(s, report_confidence_text(f->confidence));
  g_snprintf(streams, sizeof streams, "%" PRIu32, f->n_streams);
  put_cell(s, streams);
  put_frames(s, frames, report_finding_frames(all, f, frames), 0);
  g_string_append(s, "</tr>\n");
}

/* The findings of one rule at one severity, when there are some. */
static void
put_group(FILE *out, GString *s, const struct report_file *file, const unsigned *order,
          const struct finding_rule *rule, enum severity severity,
          const struct report_options *options)
{
  static const struct lang_pair columns[] = {{"Client → server", "ไคลเอนต์ → เซิร์ฟเวอร์"},
                                             {"What was seen", "สิ่งที่พบ"},
                                             {"Outcome", "ผลลัพธ์"},
                                             {"Confidence", "ความเชื่อมั่น"},
                                             {"Conversations", "จำนวนบทสนทนา"},
                                             {"Frames", "เฟรม"}};
  bool any = false;
  for (unsigned k = 0; k < findings_n(file->findings); k++) {
    const struct finding *f = findings_get(file->findings, order[k]);
    if (f->rule != rule || f->severity != severity)
      continue;
    if (!any) {
      g_autofree char *explanation = report_explanation(file->findings, f);
      g_string_append_printf(s, "<section><h3><span class=\"sev %s\">", severity_name(severity));
      put_own(s, report_severity_text(severity));
      g_string_append_printf(s, "</span> %s · ", rule->id);
      put_own(s, lang_pick(rule->title));
      g_string_append(s, "</h3>\n<p>");
      put_own(s, explanation);
      g_string_append_printf(s, "</p>\n<p><strong>%s</strong> ",
                             lang_text("What to do:", "ควรทำ:"));
      put_own(s, lang_pick(rule->remediation));
      g_string_append(s, "</p>\n");
      put_references(s, rule);
      put_head(s, columns, G_N_ELEMENTS(columns));
      any = true;
    }
    put_place(s, file->findings, f, options);
    fputs(s->str, out);
    g_string_truncate(s, 0);
  }
  if (any)
    g_string_append(s, "</tbody></table></section>\n");
}

/* What the report rests on. */
static void
put_coverage(GString *s, const struct findings *f)
{
  struct report_limit limits[REPORT_LIMITS_MAX];
  unsigned n = report_limits(f, limits);
  g_autofree char *seen = report_seen(f);
  g_string_append_printf(s, "<h2>%s</h2>\n<p>", lang_text("What was seen", "สิ่งที่เห็น"));
  put_own(s, seen);
  g_string_append(s, "</p>\n");
  if (!n)
    return;
  g_string_append_printf(s, "<h2>%s</h2>\n<ul>\n",
                         lang_text("What could not be judged", "สิ่งที่ตัดสินไม่ได้"));
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = report_limit_text(&limits[i]);
    g_string_append(s, "<li>");
    put_own(s, text);
    g_string_append(s, "</li>\n");
  }
  g_string_append(s, "</ul>\n");
}

static void
put_file(FILE *out, GString *s, const struct report_file *file,
         const struct report_options *options)
{
  g_string_append(s, "<h2>");
  put_hostile(s, file->name, strlen(file->name));
  g_string_append(s, "</h2>\n<p>");
  g_string_append_printf(s,
                         lang_text("%" PRIu64 " frames, %u TCP streams, link %s",
                                   "%" PRIu64 " เฟรม, สตรีม TCP %u สตรีม, ลิงก์ %s"),
                         file->n_frames, file->n_streams, file->link);
  if (file->sha256[0])
    g_string_append_printf(s, "<br>SHA-256 <code>%s</code>", file->sha256);
  g_string_append(s, "</p>\n");
  if (!file->complete) {
    g_string_append_printf(s, "<p class=\"note\"><strong>%s</strong> ",
                           lang_text("Incomplete.", "ไม่ครบถ้วน"));
    put_own(s, file->warning ? file->warning : "");
    g_string_append_printf(s, " %s</p>\n",
                           lang_text("What is not reported may still have happened.",
                                     "สิ่งที่ไม่ได้รายงานไว้จึงอาจเกิดขึ้นแล้วก็ได้"));
  }
  put_logins(out, s, file, options->reveal);
  g_string_append_printf(s, "<h2>%s: %u</h2>\n", lang_text("Findings", "ข้อค้นพบ"),
                         findings_n(file->findings));
  g_autofree unsigned *order = report_finding_order(file->findings);
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_INFO; severity--)
    for (unsigned r = 0; r < finding_rules_n(); r++)
      put_group(out, s, file, order, finding_rule_get(r), (enum severity)severity, options);
  put_coverage(s, file->findings);
  fputs(s->str, out);
  g_string_truncate(s, 0);
}

void
report_html(FILE *out, const struct report_file *files, unsigned n_files,
            const struct report_options *options)
{
  g_autoptr(GString) s = g_string_new(NULL);
  unsigned counts[SEVERITY_CRITICAL + 1];
  const char *title = lang_text("Audit of mail traffic", "ผลตรวจสอบการรับส่งอีเมล");
  g_string_printf(s,
                  "<!DOCTYPE html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src 'unsafe-inline'\">\n<title>%s</title>\n<style>\n%s</style></head>\n"
                  "<body>\n<h1>%s</h1>\n<p>Enveloscope " ENVELOSCOPE_VERSION "</p>\n<p>",
                  lang_get() == LANG_TH ? "th" : "en", title, style, title);
  report_count(files, n_files, options, counts);
  for (int i = SEVERITY_CRITICAL; i >= SEVERITY_INFO; i--) {
    g_string_append_printf(s, "<span class=\"sev %s\">", severity_name((enum severity)i));
    put_own(s, report_severity_text((enum severity)i));
    g_string_append_printf(s, " %u</span> ", counts[i]);
  }
  g_string_append(s, "</p>\n");
  for (unsigned i = 0; i < n_files; i++)
    put_file(out, s, &files[i], options);
  fputs("</body></html>\n", out);
}
