/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fields.c -- all keys there are, and what a field looks like: as a value, as a line of the tree,
 * as a sentence for a student. Every way out of a decode leads through value_append(), so a secret
 * is masked in one place. */
#include "capture/decode/build.h"

#include <string.h>

#include "capture/wire/addr.h"
#include "capture/wire/mail.h"

static const struct field_table *const tables[] = {&frame_fields,      &link_fields,
                                                   &arp_fields,        &ip_fields,
                                                   &icmp_fields,       &ip_option_fields,
                                                   &nd_fields,         &udp_fields,
                                                   &tcp_fields,        &tcp_analysis_fields,
                                                   &dhcp_fields,       &dns_fields,
                                                   &tls_fields,        &smtp_fields,
                                                   &pop_fields,        &imap_fields,
                                                   &message_fields,    &app_fields,
                                                   &build_fields,      &tunnel_fields,
                                                   &ppp_fields,        &x509_fields,
                                                   &tcp_rtt_fields,    &smtp_command_fields,
                                                   &smtp_reply_fields, &auth_challenge_fields,
                                                   &imap_part_fields,  &imap_fetch_fields,
                                                   &pop_part_fields,   &tcp_option_fields,
                                                   &tcp_mptcp_fields,  &dns_dnssec_fields,
                                                   &ppp_option_fields, &host_name_fields};

static int
compare_defs(const void *a, const void *b)
{
  const struct field_def *const *x = a, *const *y = b;
  return strcmp((*x)->key, (*y)->key);
}

const struct field_def *const *
field_defs(size_t *n)
{
  static const struct field_def **sorted;
  static size_t n_sorted;
  if (g_once_init_enter(&sorted)) {
    size_t total = 0;
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++)
      total += tables[t]->n;
    const struct field_def **all = g_new(const struct field_def *, total);
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++)
      for (size_t i = 0; i < tables[t]->n; i++)
        all[n_sorted++] = &tables[t]->defs[i];
    qsort(all, total, sizeof *all, compare_defs);
    g_once_init_leave(&sorted, all);
  }
  if (n)
    *n = n_sorted;
  return sorted;
}

const struct field_def *
field_def_find(const char *key)
{
  size_t n;
  const struct field_def *const *all = field_defs(&n);
  struct field_def wanted = {.key = key};
  const struct field_def *p = &wanted;
  const struct field_def *const *found = bsearch(&p, all, n, sizeof *all, compare_defs);
  return found ? *found : NULL;
}

const struct field *
decode_find(const struct decode *d, const char *key, unsigned from)
{
  for (unsigned i = from; i < d->fields->len; i++) {
    const struct field *f = decode_field(d, i);
    if (strcmp(f->def->key, key) == 0)
      return f;
  }
  return NULL;
}

/* ---- values ---- */

/* Seconds with nine digits, as tshark prints relative times. */
static void
append_span(GString *out, int64_t ns)
{
  uint64_t v = ns < 0 ? (uint64_t)0 - (uint64_t)ns : (uint64_t)ns;
  g_string_append_printf(out, "%s%" G_GUINT64_FORMAT ".%09u", ns < 0 ? "-" : "", v / 1000000000,
                         (unsigned)(v % 1000000000));
}

/* "Oct  5, 2009 06:06:08.565386000 UTC": the words are tshark's, in every language. */
static void
append_time(GString *out, int64_t ns)
{
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int64_t s = ns / 1000000000, rest = ns % 1000000000;
  if (rest < 0) {
    rest += 1000000000;
    s--;
  }
  g_autoptr(GDateTime) t = g_date_time_new_from_unix_utc(s);
  if (!t) {
    append_span(out, ns);
    return;
  }
  g_string_append_printf(out, "%s %2d, %d %02d:%02d:%02d.%09d UTC",
                         months[g_date_time_get_month(t) - 1], g_date_time_get_day_of_month(t),
                         g_date_time_get_year(t), g_date_time_get_hour(t),
                         g_date_time_get_minute(t), g_date_time_get_second(t), (int)rest);
}

static void
append_octets(struct decode *d, GString *out, const struct field *f, uint32_t n_max)
{
  const uint8_t *p = d->sources[f->source].octets->data + f->first;
  uint32_t n = f->n_octets < n_max ? f->n_octets : n_max;
  for (uint32_t i = 0; i < n; i++) {
    if (d->secrets->len && decode_octet_is_secret(d, f->source, f->first + i))
      g_string_append(out, "**");
    else
      g_string_append_printf(out, "%02x", p[i]);
  }
  if (n < f->n_octets)
    g_string_append(out, "…");
}

static void
append_address(struct decode *d, GString *out, const struct field *f)
{
  const uint8_t *p = d->sources[f->source].octets->data + f->first;
  char text[ADDR_TEXT_MAX];
  if (f->def->type == FIELD_ETHER && f->n_octets >= 6) {
    g_string_append(out, ether_format(p, text));
  } else if (f->def->type == FIELD_IPV4 && f->n_octets >= 4) {
    struct ip_addr a = ip_addr_v4(p);
    g_string_append(out, ip_addr_format(&a, text));
  } else if (f->def->type == FIELD_IPV6 && f->n_octets >= 16) {
    struct ip_addr a = ip_addr_v6(p);
    g_string_append(out, ip_addr_format(&a, text));
  }
}

static const char *
field_text(const struct decode *d, const struct field *f)
{
  return f->text == UINT32_MAX ? NULL : (const char *)d->text->data + f->text;
}

static void
append_number(GString *out, const struct field *f)
{
  switch (f->def->type) {
  case FIELD_HEX:
    g_string_append_printf(out, "0x%0*" G_GINT64_MODIFIER "x",
                           f->def->n_digits ? f->def->n_digits : 4, f->number);
    break;
  case FIELD_TIME:
    append_time(out, (int64_t)f->number);
    break;
  case FIELD_SPAN:
    append_span(out, (int64_t)f->number);
    break;
  default:
    if (f->def->is_signed)
      g_string_append_printf(out, "%" G_GINT64_FORMAT, (int64_t)f->number);
    else
      g_string_append_printf(out, "%" G_GUINT64_FORMAT, f->number);
  }
}

/* A text in which secrets lie, taken from its octets: each secret becomes one mask of fixed width.
 */
static void
append_masked(struct decode *d, GString *out, const struct field *f, bool tree)
{
  const uint8_t *p = d->sources[f->source].octets->data + f->first;
  const char *text = field_text(d, f);
  uint32_t n = MIN(f->n_octets, tree ? BUILD_TREE_TEXT_MAX : BUILD_TEXT_MAX);
  if (text &&
      !g_str_has_suffix(text, "\n")) /* the line's end lies in the range, not in the value */
    n = (uint32_t)line_trim(p, n);
  for (uint32_t i = 0, end; i < n; i = end) {
    bool secret = decode_octet_is_secret(d, f->source, f->first + i);
    for (end = i + 1; end < n && decode_octet_is_secret(d, f->source, f->first + end) == secret;)
      end++;
    if (secret) {
      g_string_append(out, SECRET_MASK);
    } else {
      g_autofree char *valid = g_utf8_make_valid((const char *)p + i, end - i);
      text_escape(out, valid, strlen(valid));
    }
  }
}

/* The value; `tree`: with its word ("TCP (6)") and cut to the width of a line. */
static void
value_append(struct decode *d, GString *out, const struct field *f, bool tree)
{
  const char *text = field_text(d, f);
  bool masked = (f->flags & FIELD_FLAG_SECRET) && !d->reveal;
  if (masked && f->n_octets == 0) {
    g_string_append(out, SECRET_MASK);
    return;
  }
  switch (f->def->type) {
  case FIELD_PROTOCOL:
    g_string_append(out, text ? text : tree ? lang_pick(f->def->name) : f->def->name.en);
    break;
  case FIELD_TEXT:
    if (masked) {
      append_masked(d, out, f, tree);
    } else if (text) {
      size_t n = strlen(text);
      bool cut = tree && g_utf8_strlen(text, -1) > BUILD_TREE_TEXT_MAX;
      if (cut)
        n = (size_t)(g_utf8_offset_to_pointer(text, BUILD_TREE_TEXT_MAX) - text);
      text_escape(out, text, n);
      if (cut)
        g_string_append(out, "…");
    }
    break;
  case FIELD_OCTETS:
    append_octets(d, out, f, tree ? BUILD_TREE_TEXT_MAX / 2 : UINT32_MAX);
    break;
  case FIELD_ETHER:
  case FIELD_IPV4:
  case FIELD_IPV6:
    append_address(d, out, f);
    break;
  case FIELD_NONE:
    if (!tree)
      g_string_append_c(out, '1');
    else if (text)
      text_escape(out, text, strlen(text));
    break;
  default:
    if (tree && text) {
      g_string_append_printf(out, "%s (", text);
      append_number(out, f);
      g_string_append_c(out, ')');
    } else {
      append_number(out, f);
    }
  }
}

const char *
decode_value(struct decode *d, const struct field *f)
{
  g_string_truncate(d->work->line, 0);
  value_append(d, d->work->line, f, false);
  return d->work->line->str;
}

char *
decode_line(struct decode *d, const struct field *f)
{
  GString *line = g_string_new(NULL);
  if (f->def->type == FIELD_PROTOCOL) {
    value_append(d, line, f, true);
    return g_string_free(line, FALSE);
  }
  g_string_append(line, lang_pick(f->def->name));
  if (f->def->type == FIELD_BOOL) {
    g_string_append_printf(line, ": %s",
                           f->number ? lang_text("Set", "ตั้งไว้") : lang_text("Not set", "ไม่ได้ตั้ง"));
  } else {
    size_t before = line->len;
    g_string_append(line, ": ");
    value_append(d, line, f, true);
    if (line->len == before + 2)
      g_string_truncate(line, before);
  }
  if (f->flags & FIELD_FLAG_GENERATED) {
    g_string_prepend_c(line, '[');
    g_string_append_c(line, ']');
  }
  return g_string_free(line, FALSE);
}

char *
decode_explain(struct decode *d, const struct field *f)
{
  const char *sentence = lang_pick(f->def->explain);
  const char *mark = strstr(sentence, "%s");
  if (!mark)
    return g_strdup(sentence);
  GString *out = g_string_new_len(sentence, mark - sentence);
  if (f->def->type == FIELD_BOOL)
    g_string_append(out, f->number ? lang_text("set", "ตั้งไว้") : lang_text("not set", "ไม่ได้ตั้ง"));
  else
    value_append(d, out, f, true);
  g_string_append(out, mark + 2);
  return g_string_free(out, FALSE);
}
