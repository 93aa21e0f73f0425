/* SPDX-License-Identifier: GPL-3.0-or-later */
/* findings_lookalike.c -- addresses that look like others (EAI-001); UTF-8 unannounced (EAI-002).
 *
 *     address ─> local part, domain's labels (A-labels decoded) ─┬─ invisible, direction ─> told
 *                                                                ├─ scripts mixed ───────> told
 *                                                                └─ skeleton ─ known under ─> told
 *                                                                   another spelling
 *
 * Skeletons are those of Unicode Technical Standard 39 section 4, by ICU; for ASCII, which most
 * addresses are, its few mappings stand here, so that ICU's tables are opened only when something
 * else is met. Scripts are judged label by label: a Thai domain behind an ASCII local part is
 * normal (RFC 6531), Latin and Cyrillic in one label are not. The octets stay as they were; they
 * are normalised only to be compared. */
#include <string.h>
#include <unicode/uspoof.h>

#include "capture/findings/findings_mail.h"
#include "capture/findings/mix.h"
#include "capture/tls/memory.h"
#include "capture/wire/mail.h"

/* Behind GLib's headers, whose macros it would define first. */
#include <idn2.h>

enum {
  SEEN_SLOTS = 256,  /* domains that come again and again */
  NAMES_MAX = 16384, /* different names that are remembered; later ones are not compared */
  ADDRESS_MAX = 320, /* RFC 5321 section 4.5.3.1 */
  SKELETON_MAX = 4 * ADDRESS_MAX,
};

struct lookalike {
  struct findings *findings;
  GHashTable *known;            /* name as compared (lower case) -> itself */
  GHashTable *skeletons;        /* skeleton -> name */
  const char *seen[SEEN_SLOTS]; /* some of `known`, each at the place of its hash, or NULL */
  USpoofChecker *spoof;         /* opened for the first name that is not ASCII */
};

static void *
start(struct findings *f)
{
  struct lookalike *l = g_new0(struct lookalike, 1);
  l->findings = f;
  l->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  l->skeletons = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  return l;
}

static void
stop(void *state)
{
  struct lookalike *l = state;
  g_hash_table_unref(l->known);
  g_hash_table_unref(l->skeletons);
  uspoof_close(l->spoof);
  g_free(l);
}

/* ---- what a name looks like ---- */

/* The mappings of UTS 39's table for what may stand in an address, case folded afterwards. */
static char *
ascii_skeleton(const char *name)
{
  GString *s = g_string_new(NULL);
  for (; *name; name++) {
    if (*name == '1' || *name == '|')
      g_string_append_c(s, 'l');
    else if (*name == '0')
      g_string_append_c(s, 'o');
    else if (*name == 'm')
      g_string_append(s, "rn");
    else
      g_string_append_c(s, *name);
  }
  return g_string_free(s, FALSE);
}

static bool
is_ascii(const char *name)
{
  for (; *name; name++)
    if ((uint8_t)*name >= 0x80)
      return false;
  return true;
}

/* NULL when there is none. Free it. */
static char *
skeleton(struct lookalike *l, const char *name)
{
  if (is_ascii(name))
    return ascii_skeleton(name);
  UErrorCode status = U_ZERO_ERROR;
  if (!l->spoof)
    l->spoof = uspoof_open(&status);
  char out[SKELETON_MAX];
  int32_t n = 0;
  if (U_SUCCESS(status))
    n = uspoof_getSkeletonUTF8(l->spoof, 0, name, -1, out, sizeof out - 1, &status);
  if (U_FAILURE(status) || n < 0 || n >= (int32_t)sizeof out)
    return NULL;
  out[n] = 0;
  g_autofree char *folded = g_utf8_strdown(out, n);
  return ascii_skeleton(folded);
}

/* ---- what a name is made of ---- */

static bool
is_invisible_or_turning(gunichar c)
{
  return c == 0xad || c == 0x61c || c == 0x180e || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

/* Sets of scripts that one label may hold: any one of them, Latin beside one that is not mistaken
 * for it, and the scripts that East Asian writing mixes (UTS 39 section 5.2, "moderately
 * restrictive"). */
static bool
mixes_scripts(const char *label)
{
  GUnicodeScript found[4];
  unsigned n = 0;
  for (const char *p = label; *p; p = g_utf8_next_char(p)) {
    GUnicodeScript s = g_unichar_get_script(g_utf8_get_char(p));
    if (s == G_UNICODE_SCRIPT_COMMON || s == G_UNICODE_SCRIPT_INHERITED)
      continue;
    unsigned i = 0;
    while (i < n && found[i] != s)
      i++;
    if (i == G_N_ELEMENTS(found))
      return true;
    if (i == n)
      found[n++] = s;
  }
  unsigned n_east = 0, n_latin = 0, n_alike = 0;
  for (unsigned i = 0; i < n; i++) {
    n_latin += found[i] == G_UNICODE_SCRIPT_LATIN;
    n_east += found[i] == G_UNICODE_SCRIPT_HAN || found[i] == G_UNICODE_SCRIPT_HIRAGANA ||
              found[i] == G_UNICODE_SCRIPT_KATAKANA || found[i] == G_UNICODE_SCRIPT_HANGUL ||
              found[i] == G_UNICODE_SCRIPT_BOPOMOFO;
    n_alike += found[i] == G_UNICODE_SCRIPT_CYRILLIC || found[i] == G_UNICODE_SCRIPT_GREEK ||
               found[i] == G_UNICODE_SCRIPT_ARMENIAN || found[i] == G_UNICODE_SCRIPT_CHEROKEE ||
               found[i] == G_UNICODE_SCRIPT_COPTIC;
  }
  if (n <= 1 || n_latin + n_east == n)
    return false;
  return n_alike > 0 || n > 2 || !n_latin;
}

/* ---- judging ---- */

static void
tell(struct lookalike *l, const struct finding_place *place, const char *subject,
     enum confidence confidence)
{
  struct finding *found = findings_add_once(l->findings, &eai_001, place, subject);
  if (found)
    found->confidence = confidence;
}

/* A domain, or a whole address whose local part is not ASCII. */
static void
compare_with_known(struct lookalike *l, const char *name, const struct finding_place *place)
{
  if (g_hash_table_contains(l->known, name) || g_hash_table_size(l->known) >= NAMES_MAX)
    return;
  char *own = g_strdup(name);
  g_hash_table_add(l->known, own);
  char *key = skeleton(l, name);
  if (!key)
    return;
  const char *other = g_hash_table_lookup(l->skeletons, key);
  if (!other) {
    g_hash_table_insert(l->skeletons, key, own);
    return;
  }
  g_free(key);
  g_autofree char *subject = g_strdup_printf("%s ~ %s", name, other);
  /* Two names in ASCII may both be honest: "m1" and "ml". */
  bool plain = is_ascii(name) && is_ascii(other);
  tell(l, place, subject, plain ? CONFIDENCE_LOW : CONFIDENCE_MEDIUM);
}

static bool
is_odd_part(const char *part)
{
  for (const char *p = part; *p; p = g_utf8_next_char(p))
    if (is_invisible_or_turning(g_utf8_get_char(p)))
      return true;
  return mixes_scripts(part);
}

static bool
is_ascii_run(const uint8_t *p, size_t n)
{
  uint64_t all = 0;
  for (; n >= 8; p += 8, n -= 8)
    all |= get_le64(p);
  for (; n; p++, n--)
    all |= *p;
  return !(all & UINT64_C(0x8080808080808080));
}

/* Most addresses: ASCII, no A-label, and a domain that is known. Nothing is to be said of them. */
static bool
is_plain_and_known(struct lookalike *l, const uint8_t *p, size_t n)
{
  char domain[ADDRESS_MAX + 1];
  const uint8_t *sign = n ? memrchr(p, '@', n) : NULL;
  size_t at = sign ? (size_t)(sign + 1 - p) : 0;
  if (at == 0 || n - at > ADDRESS_MAX || !is_ascii_run(p, n))
    return false;
  n -= at;
  ascii_fold((uint8_t *)domain, p + at, n);
  domain[n] = 0;
  const char **seen = &l->seen[mix_octets(MIX_KEY, domain, n) % SEEN_SLOTS];
  if (*seen && strcmp(*seen, domain) == 0)
    return true;
  char *known = g_hash_table_lookup(l->known, domain);
  if (known)
    *seen = known;
  return known != NULL;
}

static void
judge_address(struct lookalike *l, const uint8_t *p, size_t n, const struct finding_place *place)
{
  char text[ADDRESS_MAX + 1];
  if (is_plain_and_known(l, p, n))
    return;
  if (n == 0 || n > ADDRESS_MAX || memchr(p, 0, n))
    return;
  memcpy(text, p, n);
  text[n] = 0;
  char *at = strrchr(text, '@');
  if (!at || at[1] == '[' || !at[1] || !g_utf8_validate(text, -1, NULL))
    return;
  g_autofree char *lower = g_utf8_strdown(at + 1, -1);
  char *decoded = NULL;
  if (strstr(lower, "xn--") && !memory_idn2(idn2_to_unicode_8z8z(lower, &decoded, 0)))
    decoded = NULL;
  const char *domain = decoded ? decoded : lower;
  *at = 0;
  bool odd = is_odd_part(text);
  g_auto(GStrv) labels = g_strsplit(domain, ".", -1);
  for (guint i = 0; labels[i] && !odd; i++)
    odd = is_odd_part(labels[i]);
  g_autofree char *address = g_strdup_printf("%s@%s", text, domain);
  if (odd)
    tell(l, place, address, CONFIDENCE_HIGH);
  compare_with_known(l, domain, place);
  if (!is_ascii(text))
    compare_with_known(l, address, place);
  if (decoded)
    idn2_free(decoded);
}

static void
on_notice(void *state, const struct notice *n, const struct finding_place *place)
{
  if (n->kind == NOTICE_FROM) {
    judge_address(state, n->text, n->n_text, place);
  } else if (n->kind == NOTICE_MESSAGE) {
    const uint8_t *end = n->text + n->n_text;
    for (const uint8_t *p = n->text; p < end;) {
      size_t n_address = strlen((const char *)p);
      judge_address(state, p, n_address, place);
      p += n_address + 1;
    }
  } else if (n->kind == NOTICE_UTF8_UNDECLARED) {
    struct lookalike *l = state;
    g_autofree char *what = g_strndup((const char *)n->text, n->n_text);
    findings_add_once(l->findings, &eai_002, place, what);
  }
}

static const struct finding_rule *const rules[] = {&eai_001, &eai_002, NULL};

const struct finding_module finding_module_lookalike = {
    .rules = rules,
    .start = start,
    .notice = on_notice,
    .notices =
        NOTICE_BIT(NOTICE_FROM) | NOTICE_BIT(NOTICE_UTF8_UNDECLARED) | NOTICE_BIT(NOTICE_MESSAGE),
    .stop = stop};
