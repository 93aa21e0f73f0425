/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_zeek.c -- the audit as a Zeek log: tab-separated, with Zeek's header lines, so that
 * zeek-cut and its kin read it.
 *
 * Times are those of the capture, #open and #close too: the same capture gives the same log. Octets
 * that are no printable ASCII stand as \xNN, as Zeek writes them; "(empty)" is an empty text and
 * "-" none. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "capture/report/report.h"

static const char fields[] =
    "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tkind\tnote\tseverity\tservice\t"
    "mechanism\tuser\tsecret\toutcome\tconfidence\tencrypted\tsub\tframes\tmsg\ttimes\tspan\n"
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tenum\tenum\tstring\tstring\tstring\tstring"
    "\t"
    "enum\tenum\tbool\tstring\tvector[count]\tstring\tcount\tinterval\n";

static void
put_text(GString *s, const void *octets, size_t n)
{
  const uint8_t *p = octets;
  g_string_append_c(s, '\t');
  if (!p)
    g_string_append_c(s, '-');
  else if (n == 0)
    g_string_append(s, "(empty)");
  else if (n == 1 && p[0] == '-') /* would read as none */
    g_string_append(s, "\\x2d");
  else
    for (size_t i = 0; i < n; i++) {
      if (p[i] >= 0x20 && p[i] < 0x7f && p[i] != '\\')
        g_string_append_c(s, (char)p[i]);
      else
        g_string_append_printf(s, "\\x%02x", p[i]);
    }
}

static void
put_word(GString *s, const char *word)
{
  g_string_append_printf(s, "\t%s", word && word[0] ? word : "-");
}

static void
put_head(GString *s, int64_t time_ns, const struct finding_flow *w, unsigned file, bool several)
{
  char client[ADDR_TEXT_MAX], server[ADDR_TEXT_MAX];
  int64_t seconds = time_ns / 1000000000, rest = time_ns % 1000000000;
  if (rest < 0) {
    seconds--;
    rest += 1000000000;
  }
  g_string_printf(s, "%" PRId64 ".%06" PRId64 "\t", seconds, rest / 1000);
  if (several)
    g_string_append_printf(s, "F%u", file + 1);
  g_string_append_printf(s, "S%" PRIu32, w->stream);
  ip_addr_format(&w->client, client);
  ip_addr_format(&w->server, server);
  put_word(s, client);
  g_string_append_printf(s, "\t%u", w->client_port);
  put_word(s, server);
  g_string_append_printf(s, "\t%u", w->server_port);
}

static void
put_frames(GString *s, const uint32_t *frames, unsigned n, uint32_t base)
{
  g_string_append_c(s, '\t');
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf(s, "%s%" PRIu32, i ? "," : "", frames[i] + base);
  if (n == 0)
    g_string_append(s, "(empty)");
}

static void
put_user(GString *s, const struct login_record *l)
{
  gsize n = 0;
  const void *user = l ? g_bytes_get_data(l->user, &n) : NULL;
  put_text(s, user ? user : l ? "" : NULL, n);
}

static void
put_login(FILE *out, GString *s, const struct login_record *l, unsigned file, bool several,
          bool reveal)
{
  g_autoptr(GString) secret = g_string_new(NULL);
  put_head(s, l->time_ns, &l->where, file, several);
  put_word(s, "login");
  put_word(s, NULL);
  put_word(s, NULL);
  put_word(s, report_protocol(l->app));
  put_text(s, l->mechanism, strlen(l->mechanism));
  put_user(s, l);
  report_secret(secret, l, reveal, false);
  put_text(s, l->secret_kind == SECRET_NONE ? NULL : secret->str, secret->len);
  put_word(s, report_outcome(l->outcome));
  put_word(s, report_confidence(l->confidence));
  put_word(s, l->encrypted ? "T" : "F");
  put_word(s, NULL);
  put_frames(s, l->frames, l->n_frames, 1);
  g_string_append(s, "\t-\t-\t-\n");
  fputs(s->str, out);
}

/* "AUTH-001" is no name in Zeek's language: "Enveloscope::AUTH_001". */
static void
put_note(GString *s, const char *id)
{
  g_autofree char *note = g_strdelimit(g_strdup(id), "-", '_');
  g_string_append_printf(s, "\tEnveloscope::%s", note);
}

static void
put_finding(FILE *out, GString *s, const struct findings *all, const struct finding *f,
            unsigned file, bool several)
{
  uint32_t frames[2 * LOGIN_FRAMES_MAX];
  const struct login_record *l = f->login != UINT32_MAX ? findings_get_login(all, f->login) : NULL;
  const char *title = f->rule->title.en; /* logs are read by programs: one language */
  put_head(s, f->time_ns, &f->where, file, several);
  put_word(s, "finding");
  put_note(s, f->rule->id);
  put_word(s, severity_name(f->severity));
  put_word(s, l ? report_protocol(l->app) : NULL);
  put_text(s, l ? l->mechanism : NULL, l ? strlen(l->mechanism) : 0);
  put_user(s, l);
  put_word(s, NULL);
  put_word(s, report_outcome(f->outcome));
  put_word(s, report_confidence(f->confidence));
  put_word(s, NULL);
  put_text(s, f->subject, f->subject ? strlen(f->subject) : 0);
  put_frames(s, frames, report_finding_frames(all, f, frames), 0);
  put_text(s, title, strlen(title));
  if (f->n_times)
    g_string_append_printf(s, "\t%" PRIu32 "\t%" PRIu32 ".0\n", f->n_times, f->span_s);
  else
    g_string_append(s, "\t-\t-\n");
  fputs(s->str, out);
}

static void
put_stamp(FILE *out, const char *what, int64_t time_ns)
{
  time_t t = (time_t)(time_ns / 1000000000);
  struct tm tm = {0};
  char text[32];
  gmtime_r(&t, &tm);
  strftime(text, sizeof text, "%Y-%m-%d-%H-%M-%S", &tm);
  fprintf(out, "#%s\t%s\n", what, text);
}

static void
count_time(int64_t time_ns, int64_t *first, int64_t *last)
{
  *first = MIN(*first, time_ns);
  *last = MAX(*last, time_ns);
}

void
report_zeek(FILE *out, const struct report_file *files, unsigned n_files,
            const struct report_options *options)
{
  g_autoptr(GString) s = g_string_new(NULL);
  int64_t first = INT64_MAX, last = INT64_MIN;
  for (unsigned i = 0; i < n_files; i++) {
    for (unsigned k = 0; k < findings_n_logins(files[i].findings); k++)
      count_time(findings_get_login(files[i].findings, k)->time_ns, &first, &last);
    for (unsigned k = 0; k < findings_n(files[i].findings); k++)
      count_time(findings_get(files[i].findings, k)->time_ns, &first, &last);
  }
  fputs("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
        "#path\tenveloscope\n",
        out);
  put_stamp(out, "open", first <= last ? first : 0);
  fputs(fields, out);
  for (unsigned i = 0; i < n_files; i++) {
    const struct findings *all = files[i].findings;
    g_autofree unsigned *logins = report_login_order(all), *found = report_finding_order(all);
    for (unsigned k = 0; k < findings_n_logins(all); k++)
      put_login(out, s, findings_get_login(all, logins[k]), i, n_files > 1, options->reveal);
    for (unsigned k = 0; k < findings_n(all); k++)
      put_finding(out, s, all, findings_get(all, found[k]), i, n_files > 1);
  }
  put_stamp(out, "close", first <= last ? last : 0);
}
