/* SPDX-License-Identifier: GPL-3.0-or-later */
/* coverage.c -- what an audit rests on: what it saw of mail and TLS, and what it could not judge.
 *
 * An empty list of findings says nothing by itself. Here stands whether all was encrypted, began
 * too early or lacks a direction, so that nobody takes "not seen" for "not there". */
#include <inttypes.h>
#include <string.h>

#include "capture/report/report.h"
#include "capture/wire/tls.h"

static const char *const versions[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1",
                                       "TLS 1.2", "TLS 1.3", "TLS ?"};
_Static_assert(G_N_ELEMENTS(versions) ==
                   sizeof((struct finding_tls_counts *)0)->by_version / sizeof(uint64_t),
               "a name for each count");

const char *
report_tls_version(unsigned i)
{
  return i < G_N_ELEMENTS(versions) ? versions[i] : NULL;
}

char *
report_seen(const struct findings *f)
{
  const struct finding_mail_counts *mail = findings_mail_counts(f);
  const struct finding_tls_counts *tls = findings_tls_counts(f);
  GString *s = g_string_new(NULL);
  g_string_append_printf(
      s, lang_text("Mail conversations: %" PRIu64 ".", "บทสนทนาอีเมล: %" PRIu64 " รายการ"),
      mail->n_conversations);
  if (!tls->n_connections)
    return g_string_free(s, FALSE);
  g_string_append_printf(
      s,
      lang_text(" Connections with TLS: %" PRIu64 " (", " การเชื่อมต่อที่ใช้ TLS: %" PRIu64 " รายการ ("),
      tls->n_connections);
  const char *comma = "";
  for (unsigned i = 0; i < G_N_ELEMENTS(versions); i++)
    if (tls->by_version[i]) {
      g_string_append_printf(s, "%s%s: %" PRIu64, comma, versions[i], tls->by_version[i]);
      comma = ", ";
    }
  g_string_append_printf(
      s, lang_text("); certificates read: %" PRIu64 ".", ") อ่านใบรับรองได้ %" PRIu64 " รายการ"),
      tls->n_judged);
  return g_string_free(s, FALSE);
}

/* ---- what could not be judged ---- */

static const struct report_limit limits[] = {
    {.reason = "encrypted",
     .label = {"Encrypted conversations", "บทสนทนาที่เข้ารหัสลับ"},
     .meaning = {"Nothing here opens them, so logins and messages inside were not seen. With a key "
                 "log (--keylog) they can be.",
                 "ไม่มีกุญแจสำหรับเปิด จึงไม่เห็นการเข้าระบบและจดหมายภายใน หากมีบันทึกกุญแจให้ใช้ --keylog"}},
    {.reason = "certificates",
     .label = {"TLS connections whose certificates were not seen", "การเชื่อมต่อ TLS ที่ไม่เห็นใบรับรอง"},
     .meaning = {"TLS 1.3 encrypts certificates, and a resumed session sends none. TLS-003 to "
                 "TLS-007 say nothing about these connections.",
                 "TLS 1.3 เข้ารหัสลับใบรับรอง ส่วนเซสชันที่กลับมาใช้ต่อไม่ส่งใบรับรอง กฎ TLS-003 ถึง TLS-007 "
                 "จึงไม่ครอบคลุมการเชื่อมต่อเหล่านี้"}},
    {.reason = "mid-stream",
     .label = {"Conversations that had begun before the capture", "บทสนทนาที่เริ่มก่อนการดักจับ"},
     .meaning = {"Greetings, offers and perhaps logins at their start were not seen.",
                 "ไม่เห็นคำทักทายและข้อเสนอในช่วงต้น และอาจไม่เห็นการเข้าระบบด้วย"}},
    {.reason = "one-sided",
     .label = {"Conversations of which one direction is missing", "บทสนทนาที่ขาดไปหนึ่งทิศทาง"},
     .meaning = {"Only commands or only answers were seen, so outcomes are not known.",
                 "เห็นเพียงคำสั่งหรือเพียงคำตอบ จึงไม่ทราบผลลัพธ์"}},
    {.reason = "holes",
     .label = {"Holes in conversations", "ช่วงที่ขาดหายในบทสนทนา"},
     .meaning = {"What was said in them was not seen.", "ไม่เห็นสิ่งที่พูดกันในช่วงนั้น"}},
    {.reason = "no-policies",
     .label = {"Answers of DNS about MTA-STS or DANE", "คำตอบ DNS เรื่อง MTA-STS หรือ DANE"},
     .meaning = {"POL-001 needs one, so it could not be judged.",
                 "กฎ POL-001 ต้องอาศัยคำตอบนี้ จึงตัดสินไม่ได้"}},
    {.reason = "no-issuers",
     .label = {"Trusted issuers of certificates", "ผู้ออกใบรับรองที่เชื่อถือ"},
     .meaning = {"Without a list of them (--trust) TLS-004 tells only self-signed certificates.",
                 "เมื่อไม่มีรายชื่อ (--trust) กฎ TLS-004 จึงบอกได้เฉพาะใบรับรองที่ลงนามด้วยตนเอง"}},
};

unsigned
report_limits(const struct findings *f, struct report_limit out[REPORT_LIMITS_MAX])
{
  const struct finding_mail_counts *mail = findings_mail_counts(f);
  const struct finding_tls_counts *tls = findings_tls_counts(f);
  const struct finding_losses *lost = findings_losses(f);
  bool no_policies = mail->n_conversations && !mail->n_policies;
  bool no_issuers = tls->n_judged && !findings_trust(f);
  const struct {
    bool holds;
    uint64_t n;
  } counts[] = {
      {mail->n_sealed > 0, mail->n_sealed},
      {tls->n_connections > tls->n_judged,
       tls->n_connections - MIN(tls->n_judged, tls->n_connections)},
      {mail->n_mid_stream > 0, mail->n_mid_stream},
      {lost->n_one_sided > 0, lost->n_one_sided},
      {lost->n_gaps > 0, lost->n_gaps},
      {no_policies, 0},
      {no_issuers, 0},
  };
  _Static_assert(G_N_ELEMENTS(counts) == G_N_ELEMENTS(limits), "a row for each");
  _Static_assert(G_N_ELEMENTS(limits) == REPORT_LIMITS_MAX, "room for all");
  unsigned n = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS(limits); i++)
    if (counts[i].holds) {
      out[n] = limits[i];
      out[n++].n = counts[i].n;
    }
  return n;
}

char *
report_limit_text(const struct report_limit *l)
{
  if (!l->n)
    return g_strdup_printf(lang_text("%s: none. %s", "%s: ไม่มี %s"), lang_pick(l->label),
                           lang_pick(l->meaning));
  return g_strdup_printf("%s: %" PRIu64 ". %s", lang_pick(l->label), l->n, lang_pick(l->meaning));
}

char *
report_times_text(const struct finding *f)
{
  if (!f->n_times)
    return NULL;
  if (f->n_times == 1)
    return g_strdup(lang_text("once", "1 ครั้ง"));
  return f->span_s ? g_strdup_printf(lang_text("%u times in %u s", "%u ครั้งใน %u วินาที"), f->n_times,
                                     f->span_s)
                   : g_strdup_printf(lang_text("%u times", "%u ครั้ง"), f->n_times);
}
