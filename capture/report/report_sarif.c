/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report_sarif.c -- the findings as SARIF 2.1.0, which code hosts and CI show beside their own.
 *
 * The artifact is the capture; a frame is a logical location, since SARIF's regions count octets of
 * the artifact and a finding speaks of frames. Logins without a finding are no results. The same
 * finding has the same partial fingerprint in every capture; with a baseline it is "unchanged". */
#include <inttypes.h>
#include <string.h>

#include "capture/report/report.h"

static void
put_string(GString *s, const char *text)
{
  g_string_append_c(s, '"');
  report_escape(s, (const uint8_t *)text, strlen(text), true);
  g_string_append_c(s, '"');
}

static void
put_member(GString *s, const char *key, const char *text)
{
  g_string_append_printf(s, "\"%s\":", key);
  put_string(s, text);
}

static void
put_message(GString *s, const char *key, const char *text)
{
  g_string_append_printf(s, "\"%s\":{", key);
  put_member(s, "text", text);
  g_string_append_c(s, '}');
}

static const char *
level_of(enum severity severity)
{
  static const char *const levels[] = {[SEVERITY_INFO] = "note",
                                       [SEVERITY_LOW] = "note",
                                       [SEVERITY_MEDIUM] = "warning",
                                       [SEVERITY_HIGH] = "error",
                                       [SEVERITY_CRITICAL] = "error"};
  return levels[severity];
}

/* The number by which code hosts sort: the middle of the CVSS range of that word. */
static const char *
score_of(enum severity severity)
{
  static const char *const scores[] = {[SEVERITY_INFO] = "0.0",
                                       [SEVERITY_LOW] = "2.0",
                                       [SEVERITY_MEDIUM] = "5.5",
                                       [SEVERITY_HIGH] = "8.0",
                                       [SEVERITY_CRITICAL] = "9.5"};
  return scores[severity];
}

static void
put_tags(GString *s, const char *const *items, bool *any)
{
  for (; *items; items++) {
    if (*any)
      g_string_append_c(s, ',');
    put_string(s, *items);
    *any = true;
  }
}

static void
put_rule(GString *s, const struct finding_rule *r)
{
  bool any = false;
  g_string_append_c(s, '{');
  put_member(s, "id", r->id);
  g_string_append_c(s, ',');
  put_message(s, "shortDescription", lang_pick(r->title));
  g_string_append_c(s, ',');
  put_message(s, "fullDescription", lang_pick(r->explanation));
  g_string_append_c(s, ',');
  put_message(s, "help", lang_pick(r->remediation));
  g_string_append_printf(s, ",\"defaultConfiguration\":{\"level\":\"%s\"},\"properties\":{",
                         level_of(r->severity));
  put_member(s, "security-severity", score_of(r->severity));
  g_string_append(s, ",\"tags\":[\"security\"");
  any = true;
  put_tags(s, r->rfc, &any);
  put_tags(s, r->cwe, &any);
  put_tags(s, r->attack, &any);
  g_string_append(s, "]}}");
}

static unsigned
rule_index(const struct finding_rule *rule)
{
  unsigned i = 0;
  while (finding_rule_get(i) != rule)
    i++;
  return i;
}

static void
put_locations(GString *s, const struct report_file *file, unsigned n_file, const struct finding *f)
{
  g_autofree char *uri = g_uri_escape_string(file->name, "/", FALSE);
  g_string_append(s, "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{");
  put_member(s, "uri", uri);
  g_string_append_printf(s, ",\"index\":%u}},\"logicalLocations\":[", n_file);
  for (unsigned i = 0; i < f->n_evidence; i++) {
    const struct evidence *e = &f->evidence[i];
    g_string_append_printf(s, "%s{\"name\":\"frame %" PRIu32 "\",\"kind\":\"frame\"", i ? "," : "",
                           e->frame + 1);
    if (e->n_octets)
      g_string_append_printf(
          s, ",\"fullyQualifiedName\":\"frame %" PRIu32 ", octets %" PRIu32 "+%" PRIu32 "\"",
          e->frame + 1, e->first_octet, e->n_octets);
    g_string_append_c(s, '}');
  }
  g_string_append(s, "]}]");
}

static void
put_result(FILE *out, GString *s, const struct report_file *file, unsigned n_file,
           const struct finding *f, const struct report_options *options)
{
  char print[FINGERPRINT_TEXT], client[ENDPOINT_TEXT_MAX], server[ENDPOINT_TEXT_MAX];
  g_autoptr(GString) text = g_string_new(lang_pick(f->rule->title));
  g_autofree char *explanation = report_explanation(file->findings, f);
  endpoint_format(&f->where.client, f->where.client_port, client);
  endpoint_format(&f->where.server, f->where.server_port, server);
  g_autofree char *times = report_times_text(f);
  if (f->subject)
    g_string_append_printf(text, " (%s%s%s)", f->subject, times ? ", " : "", times ? times : "");
  if (server[0])
    g_string_append_printf(text, ": %s > %s", client, server);
  g_string_append_printf(text, ". %s", explanation);
  g_string_append_c(s, '{');
  put_member(s, "ruleId", f->rule->id);
  g_string_append_printf(s, ",\"ruleIndex\":%u,", rule_index(f->rule));
  put_member(s, "level", level_of(f->severity));
  g_string_append_c(s, ',');
  put_message(s, "message", text->str);
  g_string_append_c(s, ',');
  put_locations(s, file, n_file, f);
  finding_fingerprint(file->findings, f, print);
  g_string_append_printf(s, ",\"partialFingerprints\":{\"enveloscope/v1\":\"%s\"},", print);
  if (options->baseline)
    g_string_append_printf(s, "\"baselineState\":\"%s\",",
                           baseline_knows(options->baseline, file->findings, f) ? "unchanged"
                                                                                : "new");
  g_string_append_printf(s, "\"properties\":{\"severity\":\"%s\",", severity_name(f->severity));
  put_member(s, "outcome", report_outcome(f->outcome));
  g_string_append_c(s, ',');
  put_member(s, "confidence", report_confidence(f->confidence));
  g_string_append_printf(s, ",\"stream\":%" PRIu32 ",\"streams\":%" PRIu32 "}}", f->where.stream,
                         f->n_streams);
  fputs(s->str, out);
  g_string_truncate(s, 0);
}

static void
put_artifacts(GString *s, const struct report_file *files, unsigned n_files)
{
  g_string_append(s, "\"artifacts\":[");
  for (unsigned i = 0; i < n_files; i++) {
    g_autofree char *uri = g_uri_escape_string(files[i].name, "/", FALSE);
    g_string_append(s, i ? ",{\"location\":{" : "{\"location\":{");
    put_member(s, "uri", uri);
    g_string_append_c(s, '}');
    if (files[i].sha256[0]) {
      g_string_append(s, ",\"hashes\":{");
      put_member(s, "sha-256", files[i].sha256);
      g_string_append_c(s, '}');
    }
    g_string_append_c(s, '}');
  }
  g_string_append(s, "],");
}

/* What could not be judged is nobody's fault: a note. */
static void
put_limits(GString *s, const struct findings *f, bool *any)
{
  struct report_limit limits[REPORT_LIMITS_MAX];
  unsigned n = report_limits(f, limits);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *text = report_limit_text(&limits[i]);
    g_string_append(s, *any ? ",{\"level\":\"note\"," : "{\"level\":\"note\",");
    put_message(s, "message", text);
    g_string_append_c(s, '}');
    *any = true;
  }
}

/* What kept the audit from seeing all is a notification of the tool. */
static void
put_invocation(GString *s, const struct report_file *files, unsigned n_files)
{
  bool any = false;
  g_string_append(s, "\"invocations\":[{\"executionSuccessful\":true,"
                     "\"toolExecutionNotifications\":[");
  for (unsigned i = 0; i < n_files; i++) {
    put_limits(s, files[i].findings, &any);
    if (!files[i].warning)
      continue;
    g_string_append(s, any ? ",{\"level\":\"warning\"," : "{\"level\":\"warning\",");
    put_message(s, "message", files[i].warning);
    g_string_append_c(s, '}');
    any = true;
  }
  g_string_append(s, "]}],");
}

void
report_sarif(FILE *out, const struct report_file *files, unsigned n_files,
             const struct report_options *options)
{
  g_autoptr(GString) s = g_string_new(
      "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\","
      "\"runs\":[{\"tool\":{\"driver\":{\"name\":\"Enveloscope\",\"version\":\"" ENVELOSCOPE_VERSION
      "\",\"rules\":[");
  for (unsigned i = 0; i < finding_rules_n(); i++) {
    if (i)
      g_string_append_c(s, ',');
    put_rule(s, finding_rule_get(i));
  }
  g_string_append(s, "]}},");
  put_artifacts(s, files, n_files);
  put_invocation(s, files, n_files);
  g_string_append(s, "\"columnKind\":\"unicodeCodePoints\",\"results\":[");
  bool any = false;
  for (unsigned i = 0; i < n_files; i++) {
    g_autofree unsigned *order = report_finding_order(files[i].findings);
    for (unsigned k = 0; k < findings_n(files[i].findings); k++) {
      g_string_append(s, any ? ",\n" : "\n");
      put_result(out, s, &files[i], i, findings_get(files[i].findings, order[k]), options);
      any = true;
    }
  }
  g_string_append(s, "\n]}]}\n");
  fputs(s->str, out);
}
