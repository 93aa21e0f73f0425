/* SPDX-License-Identifier: GPL-3.0-or-later */
/* value.c -- what stands behind an operator: numbers, addresses, octets, text, read for the class
 * of what they are compared with.
 *
 *     tcp.port == 25          number: decimal, 0x hexadecimal, 0b binary, 0 octal, or 'c'
 *     ip.addr == 10.0.0.0/8   address with a prefix
 *     eth.src[0:3] == 02:00:00, tcp.payload contains "STLS"     octets or text as octets
 *     frame.time_delta > 0.5  seconds
 *     frame.time > "2026-01-01T00:00:00Z"   a date; without a zone it is this machine's time */
#include "capture/filter/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
value_set_octets(struct filter_value *out, const void *octets, size_t n)
{
  out->made = g_malloc(n + 1); /* never empty, so that NULL means borrowed */
  if (n)
    memcpy(out->made, octets, n);
  out->made[n] = 0;
  out->octets = out->made;
  out->n_octets = n;
}

/* ---- numbers ---- */

static bool
digits_read(const char *text, uint64_t *out)
{
  int base = 0;
  if (g_ascii_strncasecmp(text, "0b", 2) == 0) {
    text += 2;
    base = 2;
  }
  char *end;
  errno = 0;
  *out = strtoull(text, &end, base);
  return g_ascii_isdigit(*text) && *end == '\0' && errno == 0;
}

static const char *
number_hint(const struct field_def *def, unsigned bits)
{
  if (def && def->is_signed)
    return lang_text("a number such as -2 or 128", "ตัวเลข เช่น -2 หรือ 128");
  if (bits == 8)
    return lang_text("a number from 0 to 255", "ตัวเลขตั้งแต่ 0 ถึง 255");
  if (bits == 16)
    return lang_text("a number from 0 to 65535, such as 25 or 0x19",
                     "ตัวเลขตั้งแต่ 0 ถึง 65535 เช่น 25 หรือ 0x19");
  if (bits == 24)
    return lang_text("a number from 0 to 16777215", "ตัวเลขตั้งแต่ 0 ถึง 16777215");
  if (bits == 32)
    return lang_text("a number from 0 to 4294967295, such as 25 or 0x19",
                     "ตัวเลขตั้งแต่ 0 ถึง 4294967295 เช่น 25 หรือ 0x19");
  return lang_text("a number such as 25 or 0x19", "ตัวเลข เช่น 25 หรือ 0x19");
}

static bool
number_read(struct filter_expr *e, const struct field_def *def, const char **hint)
{
  unsigned bits = def ? filter_key_bits(def) : 64;
  uint64_t number = 0;
  *hint = number_hint(def, bits);
  if (e->literal == LITERAL_CHAR) {
    number = (uint8_t)e->text->str[0];
  } else if (e->literal != LITERAL_WORD || !digits_read(e->text->str, &number)) {
    bool has_words = false;
    if (!def || !filter_key_word(def, e->text->str, &number, &has_words)) {
      if (has_words)
        *hint = lang_text("a number, or one of its words in quotes, such as the tree shows them",
                          "ตัวเลข หรือคำของมันในเครื่องหมายคำพูดตามที่แสดงในต้นไม้");
      return false;
    }
  }
  uint64_t max = bits == 64 ? UINT64_MAX : (UINT64_C(1) << (bits - (def && def->is_signed))) - 1;
  e->value.number = (filter_number)number;
  return number <= max;
}

static bool
bool_read(struct filter_expr *e, const char **hint)
{
  static const struct {
    const char *word;
    bool is_true;
  } words[] = {{"true", true}, {"false", false}, {"set", true}, {"not set", false}};
  *hint = lang_text("1 or 0, true or false", "1 หรือ 0, true หรือ false");
  uint64_t number = 0;
  if (e->literal == LITERAL_CHAR) {
    e->value.number = e->text->str[0] != 0;
    return true;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(e->text->str, words[i].word) == 0) {
      e->value.number = words[i].is_true;
      return true;
    }
  if (e->literal != LITERAL_WORD || !digits_read(e->text->str, &number))
    return false;
  e->value.number = number != 0;
  return true;
}

/* ---- times ---- */

/* ".25" as ns; at most nine digits. *p moves behind it. */
static bool
fraction_read(const char **p, int64_t *ns)
{
  *ns = 0;
  if (**p != '.')
    return true;
  int64_t unit = 100000000;
  const char *at = *p + 1;
  for (; g_ascii_isdigit(*at); at++, unit /= 10) {
    if (unit == 0)
      return false;
    *ns += (*at - '0') * unit;
  }
  *p = at;
  return true;
}

static bool
span_read(struct filter_expr *e, const char **hint)
{
  *hint = lang_text("seconds such as 0.25", "วินาที เช่น 0.25");
  const char *p = e->text->str;
  if (e->literal != LITERAL_WORD || !g_ascii_isdigit(*p))
    return false;
  char *end;
  errno = 0;
  uint64_t seconds = strtoull(p, &end, 10);
  int64_t rest;
  p = end;
  if (errno || seconds > INT64_MAX / 1000000000 - 1 || !fraction_read(&p, &rest) || *p)
    return false;
  e->value.number = (int64_t)seconds * 1000000000 + rest;
  return true;
}

/* `n_min` to `n_max` digits; moves *p. */
static bool
digits_take(const char **p, unsigned n_min, unsigned n_max, int *out)
{
  unsigned n = 0;
  *out = 0;
  for (; n < n_max && g_ascii_isdigit(**p); n++)
    *out = *out * 10 + (*(*p)++ - '0');
  return n >= n_min;
}

struct date {
  int year, month, day, hour, minute, second;
  int64_t ns;
};

/* "2026-01-31", then at most "T12:34:56.789"; a blank may stand for the T. */
static bool
iso_take(const char **p, struct date *t)
{
  if (!digits_take(p, 4, 4, &t->year) || *(*p)++ != '-' || !digits_take(p, 2, 2, &t->month) ||
      *(*p)++ != '-' || !digits_take(p, 2, 2, &t->day))
    return false;
  if ((**p != 'T' && **p != ' ') || !g_ascii_isdigit((*p)[1]))
    return true;
  (*p)++;
  if (!digits_take(p, 2, 2, &t->hour))
    return false;
  if (**p != ':')
    return true;
  (*p)++;
  if (!digits_take(p, 2, 2, &t->minute))
    return false;
  if (**p != ':')
    return true;
  (*p)++;
  return digits_take(p, 2, 2, &t->second) && fraction_read(p, &t->ns);
}

/* "Jan 31, 2026 12:34:56.789" */
static bool
month_first_take(const char **p, struct date *t)
{
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (int i = 0; i < 12; i++)
    if (g_ascii_strncasecmp(*p, months + (size_t)i * 3, 3) == 0)
      t->month = i + 1;
  if (t->month == 0)
    return false;
  *p += 3;
  while (**p == ' ')
    (*p)++;
  if (!digits_take(p, 1, 2, &t->day) || *(*p)++ != ',')
    return false;
  while (**p == ' ')
    (*p)++;
  return digits_take(p, 4, 4, &t->year) && *(*p)++ == ' ' && digits_take(p, 2, 2, &t->hour) &&
         *(*p)++ == ':' && digits_take(p, 2, 2, &t->minute) && *(*p)++ == ':' &&
         digits_take(p, 2, 2, &t->second) && fraction_read(p, &t->ns);
}

static bool
time_read(struct filter_expr *e, const char **hint)
{
  *hint = lang_text("a time such as \"2026-01-01T00:00:00Z\"", "เวลา เช่น \"2026-01-01T00:00:00Z\"");
  const char *p = e->text->str;
  struct date t = {0};
  bool iso = g_ascii_isdigit(*p);
  if (e->literal == LITERAL_CHAR || !(iso ? iso_take(&p, &t) : month_first_take(&p, &t)))
    return false;
  g_autoptr(GTimeZone) zone = NULL;
  if (strcmp(p, "Z") == 0 || strcmp(p, " UTC") == 0)
    zone = g_time_zone_new_utc();
  else if (*p == '\0')
    zone = g_time_zone_new_local();
  else if (iso && (*p == '+' || *p == '-'))
    zone = g_time_zone_new_identifier(p);
  if (!zone)
    return false;
  g_autoptr(GDateTime) date =
      g_date_time_new(zone, t.year, t.month, t.day, t.hour, t.minute, t.second);
  if (!date)
    return false;
  e->value.number = (filter_number)g_date_time_to_unix(date) * 1000000000 + t.ns;
  return true;
}

/* ---- addresses and octets ---- */

static bool
address_read(struct filter_expr *e, bool v4, const char **hint)
{
  *hint = v4 ? lang_text("an IPv4 address such as 10.0.0.1 or 10.0.0.0/8",
                         "ที่อยู่ IPv4 เช่น 10.0.0.1 หรือ 10.0.0.0/8")
             : lang_text("an IPv6 address such as 2001:db8::1 or 2001:db8::/32",
                         "ที่อยู่ IPv6 เช่น 2001:db8::1 หรือ 2001:db8::/32");
  if (e->literal != LITERAL_WORD)
    return false;
  g_autofree char *copy = g_strdup(e->text->str);
  struct ip_addr addr;
  int bits = v4 ? 32 : 128;
  char *slash = strchr(copy, '/');
  if (slash) {
    *slash = '\0';
    int given;
    const char *p = slash + 1;
    if (!digits_take(&p, 1, 3, &given) || *p || given > bits)
      return false;
    bits = given;
  }
  if (!ip_addr_parse(copy, &addr) || addr.version != (v4 ? 4 : 6))
    return false;
  value_set_octets(&e->value, addr.octets, v4 ? 4 : 16);
  e->value.prefix_bits = (uint8_t)bits;
  return true;
}

/* One or two digits between separators, two or four where they are points. */
static bool
group_read(GByteArray *out, const char *p, size_t n, char separator)
{
  bool fine = n == 2 || (n == 1 && separator != ':') || (n == 4 && separator == '.');
  for (size_t i = 0; i < n; i++)
    fine = fine && g_ascii_isxdigit(p[i]);
  for (size_t i = 0; fine && i < n; i += 2) {
    unsigned octet = (unsigned)g_ascii_xdigit_value(p[i]);
    if (i + 1 < n)
      octet = octet * 16 + (unsigned)g_ascii_xdigit_value(p[i + 1]);
    g_byte_array_append(out, &(uint8_t){(uint8_t)octet}, 1);
  }
  return fine;
}

/* "02:00:0a", "02-00-0a", "0200.0a00" or "02000a"; 0x0a is one octet. */
static bool
octets_read(struct filter_value *out, const char *text)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  if (*text == ':')
    text++;
  size_t n = strlen(text), width = strcspn(text, ":-.");
  char separator = text[width];
  bool fine = n > 0;
  if (g_ascii_strncasecmp(text, "0x", 2) == 0) {
    fine = n == 4 && group_read(octets, text + 2, 2, ':');
  } else if (!separator) {
    for (size_t i = 0; fine && i < n; i += 2)
      fine = group_read(octets, text + i, MIN(n - i, 2u), i + 1 == n ? '.' : ':');
  } else {
    g_auto(GStrv) groups = g_strsplit(text, (char[]){separator, 0}, -1);
    for (char **g = groups; fine && *g; g++)
      fine = group_read(octets, *g, strlen(*g), separator);
  }
  if (fine)
    value_set_octets(out, octets->data, octets->len);
  return fine;
}

/* Octets of a class: words are hexadecimal, quoted text stands for itself where it may. */
static bool
run_read(struct filter_expr *e, bool text_fits, const char **hint)
{
  *hint = text_fits ? lang_text("octets such as 02:00:0a, or text in quotes",
                                "ออกเตต เช่น 02:00:0a หรือข้อความในเครื่องหมายคำพูด")
                    : lang_text("octets such as 02:00:0a", "ออกเตต เช่น 02:00:0a");
  if (e->literal == LITERAL_WORD)
    return octets_read(&e->value, e->text->str);
  if (!text_fits)
    return false;
  value_set_octets(&e->value, e->text->str, e->text->len);
  return true;
}

static bool
ether_read(struct filter_expr *e, const char **hint)
{
  const char *ignored;
  *hint = lang_text("an Ethernet address such as 02:00:00:00:00:01",
                    "ที่อยู่อีเทอร์เน็ต เช่น 02:00:00:00:00:01");
  return run_read(e, false, &ignored) && e->value.n_octets == 6;
}

bool
filter_literal_read(struct filter_expr *e, enum filter_class class, const struct field_def *def,
                    bool for_search, const char **hint)
{
  filter_value_clear(&e->value);
  switch (class) {
  case CLASS_NUMBER:
    return number_read(e, def, hint);
  case CLASS_BOOL:
    return bool_read(e, hint);
  case CLASS_SPAN:
    return span_read(e, hint);
  case CLASS_TIME:
    return time_read(e, hint);
  case CLASS_IPV4:
  case CLASS_IPV6:
    return address_read(e, class == CLASS_IPV4, hint);
  case CLASS_ETHER:
    return for_search ? run_read(e, false, hint) : ether_read(e, hint);
  case CLASS_OCTETS:
  case CLASS_PROTOCOL:
    return run_read(e, true, hint);
  case CLASS_TEXT:
    value_set_octets(&e->value, e->text->str, e->text->len);
    return true;
  default:
    *hint = lang_text("nothing: this key has no value, ask for it by its name alone",
                      "ไม่มีค่า: คีย์นี้ไม่มีค่าให้เปรียบเทียบ ให้ใช้ชื่อคีย์อย่างเดียว");
    return false;
  }
}
