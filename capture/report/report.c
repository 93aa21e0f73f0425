/* SPDX-License-Identifier: GPL-3.0-or-later */
/* report.c -- what every report format shares: order, words, time, masking and escaping.
 *
 * Text from the wire may hold anything: control characters that a terminal obeys, characters that
 * turn the direction of the text around, octets that are no UTF-8. They leave here as visible
 * escapes. Secrets leave here only as REPORT_MASK, unless the reader asked to see them. */
#include "capture/report/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const struct report_format report_formats[] = {
    {"text", report_text, false}, {"json", report_json, true},   {"csv", report_csv, false},
    {"html", report_html, true},  {"sarif", report_sarif, true}, {"zeek", report_zeek, false},
    {NULL, NULL, false},
};

/* Where a row stands: by its first frame, then its stream, then as it was found. */
struct row {
  uint64_t place;
  unsigned index;
};

static int
compare_rows(const void *a, const void *b)
{
  const struct row *x = a, *y = b;
  if (x->place != y->place)
    return x->place < y->place ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts rows, which are freed, into an order of indexes. */
static unsigned *
take_order(struct row *rows, unsigned n)
{
  bool is_sorted = true;
  for (unsigned i = 1; i < n && is_sorted; i++)
    is_sorted = rows[i - 1].place <= rows[i].place;
  if (!is_sorted)
    qsort(rows, n, sizeof *rows, compare_rows);
  unsigned *out = g_new(unsigned, n + 1);
  for (unsigned i = 0; i < n; i++)
    out[i] = rows[i].index;
  g_free(rows);
  return out;
}

unsigned *
report_login_order(const struct findings *f)
{
  unsigned n = findings_n_logins(f);
  struct row *rows = g_new(struct row, n + 1);
  for (unsigned i = 0; i < n; i++)
    rows[i] = (struct row){.place = findings_login_place(f, i), .index = i};
  return take_order(rows, n);
}

unsigned *
report_finding_order(const struct findings *f)
{
  unsigned n = findings_n(f);
  struct row *rows = g_new(struct row, n + 1);
  for (unsigned i = 0; i < n; i++)
    rows[i] = (struct row){.place = findings_place(f, i), .index = i};
  return take_order(rows, n);
}

static unsigned
add_frame(uint32_t *frames, unsigned n, uint32_t frame)
{
  unsigned i = n;
  while (i > 0 && frames[i - 1] > frame)
    i--;
  if ((i > 0 && frames[i - 1] == frame) || n == 2 * LOGIN_FRAMES_MAX)
    return n;
  memmove(frames + i + 1, frames + i, (n - i) * sizeof *frames);
  frames[i] = frame;
  return n + 1;
}

unsigned
report_finding_frames(const struct findings *f, const struct finding *finding,
                      uint32_t out[2 * LOGIN_FRAMES_MAX])
{
  unsigned n = 0;
  if (finding->login != UINT32_MAX) {
    const struct login_record *l = findings_get_login(f, finding->login);
    for (unsigned i = 0; i < l->n_frames; i++)
      n = add_frame(out, n, l->frames[i] + 1);
  }
  for (unsigned i = 0; i < finding->n_evidence; i++)
    n = add_frame(out, n, finding->evidence[i].frame + 1);
  return n;
}

void
report_number(GString *to, uint64_t number)
{
  char digits[20];
  size_t at = sizeof digits;
  do
    digits[--at] = (char)('0' + number % 10);
  while (number /= 10);
  g_string_append_len(to, digits + at, (gssize)(sizeof digits - at));
}

const char *
report_protocol(enum app app)
{
  switch (app) {
  case APP_SMTP:
    return "smtp";
  case APP_POP3:
    return "pop3";
  case APP_IMAP:
    return "imap";
  default:
    return "";
  }
}

const char *
report_outcome(enum login_outcome o)
{
  static const char *const names[] = {[LOGIN_UNKNOWN] = "unknown",
                                      [LOGIN_ACCEPTED] = "accepted",
                                      [LOGIN_REJECTED] = "rejected",
                                      [LOGIN_REFUSED] = "refused"};
  return names[o];
}

const char *
report_secret_kind(enum secret_kind k)
{
  static const char *const names[] = {[SECRET_PASSWORD] = "password",
                                      [SECRET_DIGEST] = "digest",
                                      [SECRET_TOKEN] = "token",
                                      [SECRET_NONE] = "none"};
  return names[k];
}

const char *
report_confidence(enum confidence c)
{
  static const char *const names[] = {
      [CONFIDENCE_LOW] = "low", [CONFIDENCE_MEDIUM] = "medium", [CONFIDENCE_HIGH] = "high"};
  return names[c];
}

/* Exactly n digits and what follows them; strftime() took more time than all else of a login. */
static char *
put_digits(char *out, int number, int n, char behind)
{
  for (int i = n; i-- > 0; number /= 10)
    out[i] = (char)('0' + number % 10);
  out[n] = behind;
  return out + n + 1;
}

const char *
report_outcome_text(enum login_outcome o)
{
  switch (o) {
  case LOGIN_ACCEPTED:
    return lang_text("accepted", "สำเร็จ");
  case LOGIN_REJECTED:
    return lang_text("rejected", "ถูกปฏิเสธ");
  case LOGIN_REFUSED:
    return lang_text("refused: TLS required", "เซิร์ฟเวอร์ไม่ยอมให้ลองหากไม่มี TLS");
  default:
    return lang_text("outcome not seen", "ไม่เห็นผลลัพธ์");
  }
}

const char *
report_severity_text(enum severity s)
{
  static const struct lang_pair names[] = {[SEVERITY_INFO] = {"info", "ข้อมูล"},
                                           [SEVERITY_LOW] = {"low", "ต่ำ"},
                                           [SEVERITY_MEDIUM] = {"medium", "ปานกลาง"},
                                           [SEVERITY_HIGH] = {"high", "สูง"},
                                           [SEVERITY_CRITICAL] = {"critical", "วิกฤต"}};
  return lang_pick(names[s]);
}

const char *
report_confidence_text(enum confidence c)
{
  static const struct lang_pair names[] = {[CONFIDENCE_LOW] = {"low", "ต่ำ"},
                                           [CONFIDENCE_MEDIUM] = {"medium", "ปานกลาง"},
                                           [CONFIDENCE_HIGH] = {"high", "สูง"}};
  return lang_pick(names[c]);
}

const char *
report_time(int64_t time_ns, char out[REPORT_TIME_MAX])
{
  int64_t seconds = time_ns / 1000000000, ns = time_ns % 1000000000;
  if (ns < 0) {
    ns += 1000000000;
    seconds--;
  }
  time_t t = (time_t)seconds;
  struct tm tm = {0};
  gmtime_r(&t, &tm);
  if (tm.tm_year < -900 || tm.tm_year >= 8100) { /* not four digits */
    size_t n = strftime(out, REPORT_TIME_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
    g_snprintf(out + n, (gulong)(REPORT_TIME_MAX - n), ".%09dZ", (int)ns);
    return out;
  }
  char *at = put_digits(out, tm.tm_year + 1900, 4, '-');
  at = put_digits(at, tm.tm_mon + 1, 2, '-');
  at = put_digits(at, tm.tm_mday, 2, 'T');
  at = put_digits(at, tm.tm_hour, 2, ':');
  at = put_digits(at, tm.tm_min, 2, ':');
  at = put_digits(at, tm.tm_sec, 2, '.');
  *put_digits(at, (int)ns, 9, 'Z') = 0;
  return out;
}

char *
report_explanation(const struct findings *all, const struct finding *f)
{
  const char *text = lang_pick(f->rule->explanation);
  const char *why = NULL;
  if (findings_are_simulated(all))
    why = lang_text("This is a simulation: nobody is at risk, so the severity is two steps lower "
                    "than on a network.",
                    "นี่คือการจำลอง ไม่มีใครเสี่ยงจริง ความรุนแรงจึงต่ำกว่าบนเครือข่ายจริงสองขั้น");
  else if (finding_is_local(&f->where))
    why = lang_text("Client and server are the same machine (loopback), so the severity is two "
                    "steps lower than on a network.",
                    "ไคลเอนต์และเซิร์ฟเวอร์อยู่ในเครื่องเดียวกัน (loopback) "
                    "ความรุนแรงจึงต่ำกว่าบนเครือข่ายจริงสองขั้น");
  return why ? g_strconcat(text, " ", why, NULL) : g_strdup(text);
}

/* Characters that a terminal or a text layout obeys instead of showing: C0, DEL, C1, line and
 * paragraph separators, direction marks and embeddings, and invisible joiners. */
static bool
is_obeyed(gunichar c)
{
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c ||
         (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe007f);
}

static void
append_obeyed(GString *to, gunichar c, bool json)
{
  if (!json)
    g_string_append_printf(to, "\\u{%04x}", c);
  else if (c < 0x10000)
    g_string_append_printf(to, "\\u%04x", c);
  else
    g_string_append_printf(to, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                           0xdc00 + ((c - 0x10000) & 0x3ff));
}

void
report_escape(GString *to, const uint8_t *p, size_t n, bool json)
{
  for (size_t i = 0; i < n;) {
    size_t plain = i; /* most text needs no escape: it is taken in one piece */
    while (plain < n && p[plain] >= 0x20 && p[plain] < 0x7f && p[plain] != '\\' && p[plain] != '"')
      plain++;
    if (plain > i) {
      g_string_append_len(to, (const char *)p + i, (gssize)(plain - i));
      i = plain;
      continue;
    }
    gunichar c = g_utf8_get_char_validated((const char *)p + i, (gssize)(n - i));
    if (c == (gunichar)-1 || c == (gunichar)-2 || p[i] == 0) {
      if (p[i] == 0)
        append_obeyed(to, 0, json);
      else
        g_string_append_printf(to, json ? "\\\\x%02x" : "\\x%02x", p[i]);
      i++;
      continue;
    }
    size_t n_char = (size_t)(g_utf8_next_char((const char *)p + i) - (const char *)p) - i;
    if (is_obeyed(c))
      append_obeyed(to, c, json);
    else if (c == '\\' || (json && c == '"'))
      g_string_append_printf(to, "\\%c", (char)c);
    else
      g_string_append_len(to, (const char *)p + i, (gssize)n_char);
    i += n_char;
  }
}

void
report_secret(GString *to, const struct login_record *l, bool reveal, bool json)
{
  if (l->secret_kind == SECRET_NONE)
    return;
  if (!reveal) {
    g_string_append(to, REPORT_MASK);
    return;
  }
  gsize n;
  const uint8_t *p = g_bytes_get_data(l->secret, &n);
  bool printable = true;
  for (gsize i = 0; i < n; i++)
    printable = printable && p[i] >= 0x20 && p[i] < 0x7f;
  if (l->secret_kind == SECRET_PASSWORD || printable) {
    report_escape(to, p, n, json);
    return;
  }
  for (gsize i = 0; i < n; i++)
    g_string_append_printf(to, "%02x", p[i]);
}

void
report_count(const struct report_file *files, unsigned n_files,
             const struct report_options *options, unsigned counts[SEVERITY_CRITICAL + 1])
{
  memset(counts, 0, (SEVERITY_CRITICAL + 1) * sizeof *counts);
  for (unsigned i = 0; i < n_files; i++)
    for (unsigned k = 0; k < findings_n(files[i].findings); k++) {
      const struct findings *all = files[i].findings;
      enum severity severity;
      findings_rule(all, k, &severity);
      if (!options->baseline || !baseline_knows(options->baseline, all, findings_get(all, k)))
        counts[severity]++;
    }
}
