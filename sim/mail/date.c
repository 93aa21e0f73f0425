/* SPDX-License-Identifier: GPL-3.0-or-later */
/* date.c -- dates of mail from virtual time, without the C library's locale or time zone. */
#include "sim/mail/date.h"

#include <glib.h>
#include <string.h>

static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const day_names[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};

#define NS_PER_S INT64_C(1000000000)
#define S_PER_DAY INT64_C(86400)
#define FARTHEST_S INT64_C(8000000000) /* differences and zones must fit too */

struct civil {
  int64_t year;
  unsigned month, day; /* 1-based */
};

static int64_t
floor_div(int64_t a, int64_t b)
{
  return a / b - (a % b < 0);
}

/* Days since 1970-01-01 of a proleptic Gregorian date, years counted from March so that the leap
 * day is the last of its year. */
static int64_t
days_from_civil(int64_t year, unsigned month, unsigned day)
{
  if (month <= 2)
    year--;
  int64_t era = floor_div(year, 400);
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

static struct civil
civil_from_days(int64_t days)
{
  days += 719468;
  int64_t era = floor_div(days, 146097);
  int64_t day_of_era = days - era * 146097;
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  unsigned shifted = (unsigned)((5 * day_of_year + 2) / 153);
  unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
  return (struct civil){.year = year_of_era + era * 400 + (month <= 2),
                        .month = month,
                        .day = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

static int64_t
unix_seconds(int64_t time_ns)
{
  return DATE_EPOCH_S + floor_div(time_ns, NS_PER_S);
}

int64_t
date_day(int64_t time_ns)
{
  return floor_div(unix_seconds(time_ns), S_PER_DAY);
}

int64_t
date_day_of_unix(int64_t seconds)
{
  return floor_div(seconds, S_PER_DAY);
}

int64_t
date_from_unix(int64_t seconds)
{
  return (CLAMP(seconds, DATE_EPOCH_S - FARTHEST_S, DATE_EPOCH_S + FARTHEST_S) - DATE_EPOCH_S) *
         NS_PER_S;
}

const char *
date_format(int64_t time_ns, char out[DATE_TEXT_MAX])
{
  int64_t day = date_day(time_ns);
  int s = (int)(unix_seconds(time_ns) - day * S_PER_DAY);
  struct civil c = civil_from_days(day);
  g_snprintf(out, DATE_TEXT_MAX, "%s, %02u %s %04d %02d:%02d:%02d +0000",
             day_names[day - floor_div(day, 7) * 7], c.day, month_names[c.month - 1], (int)c.year,
             s / 3600, s / 60 % 60, s % 60);
  return out;
}

const char *
date_format_imap(int64_t time_ns, int zone_minutes, char out[DATE_TEXT_MAX])
{
  time_ns += (int64_t)zone_minutes * 60 * NS_PER_S;
  int64_t day = date_day(time_ns);
  int s = (int)(unix_seconds(time_ns) - day * S_PER_DAY);
  struct civil c = civil_from_days(day);
  int zone = ABS(zone_minutes);
  g_snprintf(out, DATE_TEXT_MAX, "%2u-%s-%04d %02d:%02d:%02d %c%02d%02d", c.day,
             month_names[c.month - 1], (int)c.year, s / 3600, s / 60 % 60, s % 60,
             zone_minutes < 0 ? '-' : '+', zone / 60 % 100, zone % 60);
  return out;
}

/* Digits at *text, between `min` and `max` of them; -1 when they are not there. */
static int
digits(const char **text, unsigned min, unsigned max)
{
  int value = 0;
  unsigned n = 0;
  for (; n < max && g_ascii_isdigit((*text)[0]); n++)
    value = value * 10 + *(*text)++ - '0';
  return n >= min ? value : -1;
}

/* "1-Feb-1994", leaving *text behind it. */
static bool
parse_day(const char **text, int64_t *day)
{
  static const unsigned char month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int day_of_month = digits(text, 1, 2);
  if (day_of_month < 1 || **text != '-')
    return false;
  unsigned month = 0;
  while (month < 12 && g_ascii_strncasecmp(*text + 1, month_names[month], 3) != 0)
    month++;
  if (month == 12 || day_of_month > month_days[month] || (*text)[4] != '-')
    return false;
  *text += 5;
  int year = digits(text, 4, 4);
  if (year < 0)
    return false;
  *day = days_from_civil(year, month + 1, (unsigned)day_of_month);
  return true;
}

bool
date_parse_day(const char *text, int64_t *day)
{
  return parse_day(&text, day) && *text == '\0';
}

bool
date_parse_imap(const char *text, int64_t *time_ns, int *zone_minutes)
{
  int64_t day;
  if (*text == ' ')
    text++;
  if (!parse_day(&text, &day) || *text++ != ' ')
    return false;
  int part[3];
  for (int i = 0; i < 3; i++) {
    part[i] = digits(&text, 2, 2);
    if (part[i] < 0 || part[i] > (i == 0 ? 23 : 60) || *text++ != (i < 2 ? ':' : ' '))
      return false;
  }
  int sign = *text == '-' ? -1 : 1;
  if (*text != '-' && *text != '+')
    return false;
  text++;
  int zone = digits(&text, 4, 4);
  if (zone < 0 || *text != '\0')
    return false;
  int minutes = sign * (zone / 100 * 60 + zone % 100);
  int64_t s = day * S_PER_DAY + part[0] * 3600 + part[1] * 60 + part[2] - (int64_t)minutes * 60;
  if (zone_minutes)
    *zone_minutes = minutes;
  *time_ns = date_from_unix(s);
  return true;
}
