/* SPDX-License-Identifier: GPL-3.0-or-later */
/* value.c -- what stands behind an operator: numbers, addresses, octets, text, read for their key's
 * type.
 *
 *     tcp.port == 25          number, decimal, 0x hexadecimal, 0 octal, or true and false
 *     ip.addr == 10.0.0.0/8   address with a prefix
 *     eth.src[0:3] == 02:00:00, tcp.payload contains "STLS"     octets or text as octets
 *     frame.time_delta > 0.5  seconds */
#include "capture/filter/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum filter_class
filter_operand_class(const struct filter_operand *operand)
{
  if (operand->function == FUNCTION_LEN || operand->function == FUNCTION_COUNT)
    return CLASS_NUMBER;
  enum field_type type = operand->def->type;
  if (operand->n_slices)
    return CLASS_OCTETS;
  switch (type) {
  case FIELD_UINT:
    return operand->def->is_signed ? CLASS_SIGNED : CLASS_NUMBER;
  case FIELD_HEX:
  case FIELD_BOOL:
  case FIELD_FRAME:
    return CLASS_NUMBER;
  case FIELD_TIME:
  case FIELD_SPAN:
    return CLASS_SIGNED;
  case FIELD_ETHER:
  case FIELD_OCTETS:
  case FIELD_PROTOCOL:
    return CLASS_OCTETS;
  case FIELD_IPV4:
  case FIELD_IPV6:
    return CLASS_ADDRESS;
  case FIELD_TEXT:
    return CLASS_TEXT;
  case FIELD_NONE:
  default:
    return CLASS_NOTHING;
  }
}

void
filter_value_clear(struct filter_value *value)
{
  g_free(value->octets);
  g_free(value->word);
  *value = (struct filter_value){.class = CLASS_NOTHING};
}

static bool
is_word(const char *text, size_t n, const char *word)
{
  return strlen(word) == n && g_ascii_strncasecmp(text, word, n) == 0;
}

static bool
number_parse(struct filter_value *out, const struct filter_operand *operand, const char *text,
             size_t n, bool quoted, const char **hint)
{
  *hint = lang_text("a number such as 25 or 0x19", "ตัวเลข เช่น 25 หรือ 0x19");
  out->class = CLASS_NUMBER;
  if (operand->function == FUNCTION_NONE && operand->def->type == FIELD_BOOL) {
    *hint = lang_text("1 or 0, true or false", "1 หรือ 0, true หรือ false");
    if (is_word(text, n, "true") || is_word(text, n, "false")) {
      out->number = is_word(text, n, "true");
      return true;
    }
  }
  if (n == 0)
    return false;
  g_autofree char *copy = g_strndup(text, n);
  if (quoted) { /* the word of a number: ip.proto == "TCP" */
    out->word = g_steal_pointer(&copy);
    return true;
  }
  char *end;
  errno = 0;
  out->number = strtoull(copy, &end, 0);
  return *end == '\0' && g_ascii_isdigit(copy[0]) && errno == 0;
}

static bool
seconds_parse(int64_t *ns, const char *text)
{
  bool negative = *text == '-';
  if (negative)
    text++;
  if (!g_ascii_isdigit(*text) && *text != '.')
    return false;
  char *end;
  errno = 0;
  uint64_t seconds = strtoull(text, &end, 10);
  if (errno || seconds > INT64_MAX / 1000000000 - 1)
    return false;
  int64_t rest = 0, unit = 100000000;
  if (*end == '.')
    for (end++; g_ascii_isdigit(*end); end++, unit /= 10)
      rest += (*end - '0') * unit;
  if (*end)
    return false;
  *ns = (int64_t)seconds * 1000000000 + rest;
  if (negative)
    *ns = -*ns;
  return true;
}

static bool
signed_parse(struct filter_value *out, const struct filter_operand *operand, const char *text,
             size_t n, const char **hint)
{
  g_autofree char *copy = g_strndup(text, n);
  int64_t value = 0;
  char *end;
  out->class = CLASS_SIGNED;
  if (operand->def->type == FIELD_UINT) {
    *hint = lang_text("a number such as -2 or 128", "ตัวเลข เช่น -2 หรือ 128");
    errno = 0;
    value = strtoll(copy, &end, 0);
    out->number = (uint64_t)value;
    return n > 0 && *end == '\0' && errno == 0;
  }
  if (operand->def->type == FIELD_TIME) {
    *hint =
        lang_text("a time such as \"2026-01-01T00:00:00Z\"", "เวลา เช่น \"2026-01-01T00:00:00Z\"");
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) t = g_date_time_new_from_iso8601(g_strdelimit(copy, " ", 'T'), utc);
    if (t) {
      value = g_date_time_to_unix(t) * 1000000000 + (int64_t)g_date_time_get_microsecond(t) * 1000;
      out->number = (uint64_t)value;
    }
    return t != NULL;
  }
  *hint = lang_text("seconds such as 0.25", "วินาที เช่น 0.25");
  bool fine = seconds_parse(&value, copy);
  out->number = (uint64_t)value;
  return fine;
}

static bool
address_parse(struct filter_value *out, const struct filter_operand *operand, const char *text,
              size_t n, const char **hint)
{
  bool v4 = operand->def->type == FIELD_IPV4;
  *hint = v4 ? lang_text("an IPv4 address such as 10.0.0.1 or 10.0.0.0/8",
                         "ที่อยู่ IPv4 เช่น 10.0.0.1 หรือ 10.0.0.0/8")
             : lang_text("an IPv6 address such as 2001:db8::1 or 2001:db8::/32",
                         "ที่อยู่ IPv6 เช่น 2001:db8::1 หรือ 2001:db8::/32");
  g_autofree char *copy = g_strndup(text, n);
  struct ip_addr addr;
  unsigned bits = v4 ? 32 : 128;
  char *slash = strchr(copy, '/');
  if (slash) {
    *slash = '\0';
    char *end;
    unsigned long given = strtoul(slash + 1, &end, 10);
    if (!g_ascii_isdigit(slash[1]) || *end || given > bits)
      return false;
    bits = (unsigned)given;
  }
  if (!ip_addr_parse(copy, &addr) || addr.version != (v4 ? 4 : 6))
    return false;
  out->class = CLASS_ADDRESS;
  out->n_octets = v4 ? 4 : 16;
  out->octets = g_memdup2(addr.octets, out->n_octets);
  out->prefix_bits = bits;
  return true;
}

/* "02:00:0a", "02-00-0a", "02.00.0a" or "02000a". */
static bool
octets_parse(struct filter_value *out, const char *text, size_t n)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (size_t i = 0; i < n;) {
    if (i + 1 >= n || !g_ascii_isxdigit(text[i]) || !g_ascii_isxdigit(text[i + 1]))
      return false;
    uint8_t octet =
        (uint8_t)(g_ascii_xdigit_value(text[i]) * 16 + g_ascii_xdigit_value(text[i + 1]));
    g_byte_array_append(bytes, &octet, 1);
    i += 2;
    if (i < n && (text[i] == ':' || text[i] == '-' || text[i] == '.') && ++i == n)
      return false;
  }
  if (bytes->len == 0)
    return false;
  out->class = CLASS_OCTETS;
  out->n_octets = bytes->len;
  out->octets = g_memdup2(bytes->data, bytes->len);
  return true;
}

bool
filter_value_parse(struct filter_value *out, const struct filter_operand *operand,
                   enum filter_op op, const char *text, size_t n, bool quoted, const char **hint)
{
  *out = (struct filter_value){.class = CLASS_NOTHING};
  *hint = "";
  enum filter_class class = filter_operand_class(operand);
  bool plain = quoted || op == OP_CONTAINS; /* text where octets are wanted */
  switch (class) {
  case CLASS_NUMBER:
    return number_parse(out, operand, text, n, quoted, hint);
  case CLASS_SIGNED:
    return signed_parse(out, operand, text, n, hint);
  case CLASS_ADDRESS:
    return address_parse(out, operand, text, n, hint);
  case CLASS_OCTETS:
    *hint = operand->def->type == FIELD_ETHER && !operand->n_slices
                ? lang_text("an Ethernet address such as 02:00:00:00:00:01",
                            "ที่อยู่อีเทอร์เน็ต เช่น 02:00:00:00:00:01")
                : lang_text("octets such as 02:00:0a, or text in quotes",
                            "ออกเตต เช่น 02:00:0a หรือข้อความในเครื่องหมายคำพูด");
    if (!quoted && octets_parse(out, text, n))
      return operand->def->type != FIELD_ETHER || operand->n_slices || op == OP_CONTAINS ||
             out->n_octets == 6;
    if (!plain)
      return false;
    break;
  case CLASS_TEXT:
    break;
  case CLASS_NOTHING:
  default:
    *hint = lang_text("nothing: this key has no value, ask for it by its name alone",
                      "ไม่มีค่า: คีย์นี้ไม่มีค่าให้เปรียบเทียบ ให้ใช้ชื่อคีย์อย่างเดียว");
    return false;
  }
  out->class = class;
  out->octets = g_malloc(n + 1);
  memcpy(out->octets, text, n);
  out->octets[n] = 0;
  out->n_octets = n;
  return true;
}
