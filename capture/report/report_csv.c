/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_csv.c -- the audit as a table: one row for each login, then one for each finding.
 *
 * RFC 4180: CRLF line ends, every cell quoted, quotes doubled. A cell that a spreadsheet would take
 * for a formula (it begins with = + - @, a tab or a CR) gets an apostrophe in front. The columns
 * are a promise to scripts; new ones come at the end. */
#include <inttypes.h>
#include <string.h>

#include "capture/report/report.h"

static const char header[] =
    "type,file,rule,severity,protocol,mechanism,user,secret,secret_kind,outcome,confidence,"
    "encrypted,client,server,stream,streams,frames,time,title,subject,remediation,rfc,cwe,attack,"
    "fingerprint,known,times,seconds\r\n";

static void
put_cell(GString *s, const char *text)
{
  if (s->len)
    g_string_append_c(s, ',');
  g_string_append_c(s, '"');
  if (text[0] && strchr("=+-@\t\r", text[0]))
    g_string_append_c(s, '\'');
  for (; *text; text++) {
    if (*text == '"')
      g_string_append_c(s, '"');
    g_string_append_c(s, *text);
  }
  g_string_append_c(s, '"');
}

static void
put_hostile(GString *s, const void *p, size_t n)
{
  g_autoptr(GString) text = g_string_new(NULL);
  report_escape(text, p, n, false);
  put_cell(s, text->str);
}

static void
put_number(GString *s, uint64_t number)
{
  char text[24];
  g_snprintf(text, sizeof text, "%" PRIu64, number);
  put_cell(s, text);
}

static void
put_frames(GString *s, const uint32_t *frames, unsigned n, uint32_t base)
{
  g_autoptr(GString) text = g_string_new(NULL);
  for (unsigned i = 0; i < n; i++) {
    if (i)
      g_string_append_c(text, ' ');
    report_number(text, (uint64_t)frames[i] + base);
  }
  put_cell(s, text->str);
}

static void
put_list(GString *s, const char *const *items)
{
  g_autofree char *joined = g_strjoinv("; ", (char **)(uintptr_t)items);
  put_cell(s, joined);
}

static void
put_where(GString *s, const struct finding_flow *w)
{
  char text[ENDPOINT_TEXT_MAX];
  put_cell(s, endpoint_format(&w->client, w->client_port, text));
  put_cell(s, endpoint_format(&w->server, w->server_port, text));
  put_number(s, w->stream);
}

static void
put_login(FILE *out, const struct report_file *file, const struct login_record *l, bool reveal)
{
  char stamp[REPORT_TIME_MAX];
  g_autoptr(GString) s = g_string_new(NULL);
  g_autoptr(GString) secret = g_string_new(NULL);
  gsize n_user;
  const void *user = g_bytes_get_data(l->user, &n_user);
  put_cell(s, "login");
  put_hostile(s, file->name, strlen(file->name));
  put_cell(s, "");
  put_cell(s, "");
  put_cell(s, report_protocol(l->app));
  put_cell(s, l->mechanism);
  put_hostile(s, user, n_user);
  report_secret(secret, l, reveal, false);
  put_cell(s, secret->str);
  put_cell(s, report_secret_kind(l->secret_kind));
  put_cell(s, report_outcome(l->outcome));
  put_cell(s, report_confidence(l->confidence));
  put_cell(s, l->encrypted ? "true" : "false");
  put_where(s, &l->where);
  put_number(s, 1);
  put_frames(s, l->frames, l->n_frames, 1);
  put_cell(s, report_time(l->time_ns, stamp));
  for (int i = 0; i < 10; i++)
    put_cell(s, "");
  g_string_append(s, "\r\n");
  fputs(s->str, out);
}

static void
put_finding(FILE *out, const struct report_file *file, const struct finding *f,
            const struct report_options *options)
{
  char stamp[REPORT_TIME_MAX], print[FINGERPRINT_TEXT];
  uint32_t frames[2 * LOGIN_FRAMES_MAX];
  const struct login_record *l =
      f->login != UINT32_MAX ? findings_get_login(file->findings, f->login) : NULL;
  gsize n_user = 0;
  const void *user = l ? g_bytes_get_data(l->user, &n_user) : NULL;
  g_autoptr(GString) s = g_string_new(NULL);
  put_cell(s, "finding");
  put_hostile(s, file->name, strlen(file->name));
  put_cell(s, f->rule->id);
  put_cell(s, severity_name(f->severity));
  put_cell(s, l ? report_protocol(l->app) : "");
  put_cell(s, l ? l->mechanism : "");
  put_hostile(s, user, n_user);
  put_cell(s, "");
  put_cell(s, "");
  put_cell(s, report_outcome(f->outcome));
  put_cell(s, report_confidence(f->confidence));
  put_cell(s, "");
  put_where(s, &f->where);
  put_number(s, f->n_streams);
  put_frames(s, frames, report_finding_frames(file->findings, f, frames), 0);
  put_cell(s, report_time(f->time_ns, stamp));
  put_cell(s, lang_pick(f->rule->title));
  put_hostile(s, f->subject, f->subject ? strlen(f->subject) : 0);
  put_cell(s, lang_pick(f->rule->remediation));
  put_list(s, f->rule->rfc);
  put_list(s, f->rule->cwe);
  put_list(s, f->rule->attack);
  finding_fingerprint(file->findings, f, print);
  put_cell(s, print);
  put_cell(s, baseline_knows(options->baseline, file->findings, f) ? "true" : "false");
  if (f->n_times) {
    put_number(s, f->n_times);
    put_number(s, f->span_s);
  } else {
    put_cell(s, "");
    put_cell(s, "");
  }
  g_string_append(s, "\r\n");
  fputs(s->str, out);
}

void
report_csv(FILE *out, const struct report_file *files, unsigned n_files,
           const struct report_options *options)
{
  fputs(header, out);
  for (unsigned i = 0; i < n_files; i++) {
    g_autofree unsigned *order = report_login_order(files[i].findings);
    for (unsigned k = 0; k < findings_n_logins(files[i].findings); k++)
      put_login(out, &files[i], findings_get_login(files[i].findings, order[k]), options->reveal);
  }
  for (unsigned i = 0; i < n_files; i++) {
    g_autofree unsigned *order = report_finding_order(files[i].findings);
    for (unsigned k = 0; k < findings_n(files[i].findings); k++)
      put_finding(out, &files[i], findings_get(files[i].findings, order[k]), options);
  }
}
