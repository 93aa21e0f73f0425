/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_json.c -- the audit as JSON Lines: one object per login, per finding, then a summary.
 *
 * The keys and their order are a promise to scripts. Written by hand, since every string has to
 * pass the escaping of report.c, which guards more than JSON asks for. Frames count from 1, streams
 * from 0, as in Wireshark. Over several captures each object says which one it belongs to (`file`).
 */
#include <inttypes.h>
#include <string.h>

#include "capture/report/report.h"

static void
put_text(GString *s, const char *key, const char *text)
{
  g_string_append_printf(s, "\"%s\":\"", key);
  report_escape(s, (const uint8_t *)text, strlen(text), true);
  g_string_append(s, "\",");
}

static void
put_list(GString *s, const char *key, const char *const *items)
{
  g_string_append_printf(s, "\"%s\":[", key);
  for (size_t i = 0; items[i]; i++)
    g_string_append_printf(s, "%s\"%s\"", i ? "," : "", items[i]);
  g_string_append(s, "],");
}

static void
put_frames(GString *s, const uint32_t *frames, unsigned n, uint32_t base)
{
  g_string_append(s, "\"frames\":[");
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf(s, "%s%" PRIu32, i ? "," : "", frames[i] + base);
  g_string_append(s, "],");
}

/* Ends the object in place of its last comma and writes the line. */
static void
finish(FILE *out, GString *s)
{
  g_string_truncate(s, s->len - 1);
  g_string_append(s, "}\n");
  fwrite(s->str, 1, s->len, out);
}

static void
put_login(FILE *out, GString *s, const struct report_file *file, bool several,
          const struct login_record *l, bool reveal)
{
  char text[ENDPOINT_TEXT_MAX], stamp[REPORT_TIME_MAX];
  g_string_assign(s, "{\"type\":\"login\",");
  put_text(s, "protocol", report_protocol(l->app));
  put_text(s, "mechanism", l->mechanism);
  gsize n_user;
  const uint8_t *user = g_bytes_get_data(l->user, &n_user);
  g_string_append(s, "\"user\":\"");
  report_escape(s, user, n_user, true);
  g_string_append(s, "\",\"secret\":\"");
  report_secret(s, l, reveal, true);
  g_string_append(s, "\",");
  put_text(s, "secret_kind", report_secret_kind(l->secret_kind));
  g_string_append_printf(s, "\"encrypted\":%s,", l->encrypted ? "true" : "false");
  put_text(s, "outcome", report_outcome(l->outcome));
  put_frames(s, l->frames, l->n_frames, 1);
  g_string_append_printf(s, "\"stream\":%" PRIu32 ",", l->where.stream);
  put_text(s, "client", endpoint_format(&l->where.client, l->where.client_port, text));
  put_text(s, "server", endpoint_format(&l->where.server, l->where.server_port, text));
  put_text(s, "time", report_time(l->time_ns, stamp));
  put_text(s, "confidence", report_confidence(l->confidence));
  if (several)
    put_text(s, "file", file->name);
  finish(out, s);
}

static void
put_finding(FILE *out, GString *s, const struct report_file *file, bool several,
            const struct finding *f, const struct report_options *options)
{
  uint32_t frames[2 * LOGIN_FRAMES_MAX];
  char print[FINGERPRINT_TEXT], text[ENDPOINT_TEXT_MAX], stamp[REPORT_TIME_MAX];
  g_autofree char *explanation = report_explanation(file->findings, f);
  g_string_assign(s, "{\"type\":\"finding\",");
  put_text(s, "rule", f->rule->id);
  put_text(s, "severity", severity_name(f->severity));
  put_text(s, "title", lang_pick(f->rule->title));
  put_text(s, "explanation", explanation);
  put_text(s, "remediation", lang_pick(f->rule->remediation));
  put_frames(s, frames, report_finding_frames(file->findings, f, frames), 0);
  g_string_append_printf(s, "\"stream\":%" PRIu32 ",\"evidence\":[", f->where.stream);
  for (unsigned i = 0; i < f->n_evidence; i++)
    g_string_append_printf(
        s, "%s{\"frame\":%" PRIu32 ",\"first_byte\":%" PRIu32 ",\"n_bytes\":%" PRIu32 "}",
        i ? "," : "", f->evidence[i].frame + 1, f->evidence[i].first_octet,
        f->evidence[i].n_octets);
  g_string_append(s, "],");
  put_text(s, "outcome", report_outcome(f->outcome));
  put_text(s, "confidence", report_confidence(f->confidence));
  put_list(s, "rfc", f->rule->rfc);
  put_list(s, "cwe", f->rule->cwe);
  put_list(s, "attack", f->rule->attack);
  if (f->subject)
    put_text(s, "subject", f->subject);
  g_string_append_printf(s, "\"streams\":%" PRIu32 ",", f->n_streams);
  if (f->n_times)
    g_string_append_printf(s, "\"times\":%" PRIu32 ",\"seconds\":%" PRIu32 ",", f->n_times,
                           f->span_s);
  put_text(s, "client", endpoint_format(&f->where.client, f->where.client_port, text));
  put_text(s, "server", endpoint_format(&f->where.server, f->where.server_port, text));
  put_text(s, "time", report_time(f->time_ns, stamp));
  finding_fingerprint(file->findings, f, print);
  put_text(s, "fingerprint", print);
  if (options->baseline)
    g_string_append_printf(s, "\"known\":%s,",
                           baseline_knows(options->baseline, file->findings, f) ? "true" : "false");
  if (several)
    put_text(s, "file", file->name);
  finish(out, s);
}

static void
put_coverage(GString *s, const struct findings *f)
{
  const struct finding_mail_counts *mail = findings_mail_counts(f);
  const struct finding_tls_counts *tls = findings_tls_counts(f);
  struct report_limit limits[REPORT_LIMITS_MAX];
  unsigned n = report_limits(f, limits);
  g_string_append_printf(s,
                         "\"mail\":{\"conversations\":%" PRIu64 ",\"encrypted\":%" PRIu64
                         "},\"tls\":{\"connections\":%" PRIu64 ",\"certificates_read\":%" PRIu64
                         ",\"versions\":{",
                         mail->n_conversations, mail->n_sealed, tls->n_connections, tls->n_judged);
  const char *comma = "";
  for (unsigned i = 0; report_tls_version(i); i++)
    if (tls->by_version[i]) {
      g_string_append_printf(s, "%s\"%s\":%" PRIu64, comma, report_tls_version(i),
                             tls->by_version[i]);
      comma = ",";
    }
  g_string_append(s, "}},\"not_judged\":[");
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = report_limit_text(&limits[i]);
    g_string_append(s, i ? ",{" : "{");
    put_text(s, "reason", limits[i].reason);
    put_text(s, "text", text);
    g_string_append_printf(s, "\"count\":%" PRIu64 "}", limits[i].n);
  }
  g_string_append(s, "],");
}

static void
put_summary(FILE *out, GString *s, const struct report_file *files, unsigned n_files,
            const struct report_options *options)
{
  uint64_t n_streams = 0, n_logins = 0;
  bool complete = true;
  g_string_assign(s, "{\"type\":\"summary\",\"files\":[");
  for (unsigned i = 0; i < n_files; i++) {
    const struct report_file *f = &files[i];
    g_string_append(s, i ? ",{" : "{");
    put_text(s, "name", f->name);
    put_text(s, "sha256", f->sha256);
    g_string_append_printf(s, "\"frames\":%" PRIu64 ",", f->n_frames);
    put_text(s, "link", f->link);
    put_coverage(s, f->findings);
    g_string_truncate(s, s->len - 1);
    g_string_append_c(s, '}');
    n_streams += f->n_streams;
    n_logins += findings_n_logins(f->findings);
    complete = complete && f->complete;
  }
  unsigned counts[SEVERITY_CRITICAL + 1];
  report_count(files, n_files, options, counts);
  g_string_append_printf(s, "],\"streams\":%" PRIu64 ",\"logins\":%" PRIu64 ",\"findings\":{",
                         n_streams, n_logins);
  for (int i = SEVERITY_CRITICAL; i >= SEVERITY_INFO; i--)
    g_string_append_printf(s, "\"%s\":%u%s", severity_name((enum severity)i), counts[i],
                           i ? "," : "},");
  g_string_append_printf(s, "\"complete\":%s,", complete ? "true" : "false");
  finish(out, s);
}

void
report_json(FILE *out, const struct report_file *files, unsigned n_files,
            const struct report_options *options)
{
  g_autoptr(GString) s = g_string_new(NULL);
  bool several = n_files > 1;
  for (unsigned i = 0; i < n_files; i++) {
    g_autofree unsigned *order = report_login_order(files[i].findings);
    for (unsigned k = 0; k < findings_n_logins(files[i].findings); k++)
      put_login(out, s, &files[i], several, findings_get_login(files[i].findings, order[k]),
                options->reveal);
  }
  for (unsigned i = 0; i < n_files; i++) {
    g_autofree unsigned *order = report_finding_order(files[i].findings);
    for (unsigned k = 0; k < findings_n(files[i].findings); k++)
      put_finding(out, s, &files[i], several, findings_get(files[i].findings, order[k]), options);
  }
  put_summary(out, s, files, n_files, options);
}
