/* SPDX-License-Identifier: GPL-3.0-or-later */
/* imap_set.c -- sets of messages: "1,3:5,7:*", and "$", the saved result of a search.
 *
 *     parsed ranges ─ "*" put in, ends ordered, sorted, joined ─> places in the view, each once
 *
 * A set of thousands of ranges over a mailbox of thousands of messages costs their sum, not their
 * product. RFC 3501 9 (sequence-set), RFC 5182 ("$"). */
#include "sim/mail/imap_session.h"

static bool
parse_set_number(struct imap_text *t, uint32_t *number)
{
  if (imap_parse_octet(t, '*')) {
    *number = IMAP_STAR;
    return true;
  }
  return imap_parse_number(t, number) && *number > 0;
}

GArray *
imap_parse_set(struct imap_text *t)
{
  GArray *set = g_array_new(FALSE, FALSE, sizeof(struct imap_range));
  if (imap_parse_octet(t, '$')) { /* stands alone (RFC 5182 4) */
    struct imap_range saved = {IMAP_SAVED, IMAP_SAVED};
    g_array_append_val(set, saved);
    return set;
  }
  do {
    struct imap_range range;
    if (!parse_set_number(t, &range.low))
      goto bad;
    range.high = range.low;
    if (imap_parse_octet(t, ':') && !parse_set_number(t, &range.high))
      goto bad;
    g_array_append_val(set, range);
  } while (imap_parse_octet(t, ','));
  return set;
bad:
  g_array_unref(set);
  return NULL;
}

bool
imap_set_has(const GArray *set, uint32_t number, uint32_t star)
{
  for (guint i = 0; i < set->len; i++) {
    struct imap_range r = g_array_index(set, struct imap_range, i);
    uint32_t a = r.low == IMAP_STAR ? star : r.low, b = r.high == IMAP_STAR ? star : r.high;
    if (number >= MIN(a, b) && number <= MAX(a, b))
      return true;
  }
  return false;
}

bool
imap_set_is_saved(const GArray *set)
{
  return set->len == 1 && g_array_index(set, struct imap_range, 0).low == IMAP_SAVED;
}

static gint
by_low(gconstpointer a, gconstpointer b)
{
  const struct imap_range *x = a, *y = b;
  return x->low < y->low ? -1 : x->low > y->low;
}

GArray *
imap_set_plain(const GArray *set, uint32_t star)
{
  g_autoptr(GArray) sorted = g_array_sized_new(FALSE, FALSE, sizeof(struct imap_range), set->len);
  for (guint i = 0; i < set->len; i++) {
    struct imap_range r = g_array_index(set, struct imap_range, i);
    uint32_t a = r.low == IMAP_STAR ? star : r.low, b = r.high == IMAP_STAR ? star : r.high;
    r = (struct imap_range){MIN(a, b), MAX(a, b)};
    g_array_append_val(sorted, r);
  }
  g_array_sort(sorted, by_low);
  GArray *joined = g_array_new(FALSE, FALSE, sizeof(struct imap_range));
  for (guint i = 0; i < sorted->len; i++) {
    struct imap_range r = g_array_index(sorted, struct imap_range, i);
    struct imap_range *last =
        joined->len > 0 ? &g_array_index(joined, struct imap_range, joined->len - 1) : NULL;
    if (last && r.low <= last->high)
      last->high = MAX(last->high, r.high);
    else
      g_array_append_val(joined, r);
  }
  return joined;
}

guint
imap_view_place(const struct imap_server *s, uint32_t uid)
{
  guint low = 0, high = s->view->len;
  while (low < high) {
    guint middle = low + (high - low) / 2;
    if (imap_view_at(s, middle)->m->uid < uid)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static GArray *
select_saved(const struct imap_server *s)
{
  GArray *chosen = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; s->saved && i < s->saved->len; i++) {
    uint32_t uid = g_array_index(s->saved, uint32_t, i);
    guint place = imap_view_place(s, uid);
    if (place < s->view->len && imap_view_at(s, place)->m->uid == uid)
      g_array_append_val(chosen, place);
  }
  return chosen;
}

/* A sequence number beyond the view (RFC 3501 9, seq-number). */
static bool
is_beyond(const struct imap_server *s, const GArray *ranges)
{
  for (guint i = 0; i < ranges->len; i++) {
    if (g_array_index(ranges, struct imap_range, i).high > s->view->len)
      return true;
  }
  return s->view->len == 0;
}

static GArray *
select_ranges(const struct imap_server *s, const GArray *ranges, bool is_uid)
{
  GArray *chosen = g_array_new(FALSE, FALSE, sizeof(guint));
  guint n = s->view->len;
  for (guint i = 0; i < ranges->len; i++) {
    struct imap_range r = g_array_index(ranges, struct imap_range, i);
    guint at = is_uid ? imap_view_place(s, r.low) : r.low - 1;
    for (; at < n && (is_uid ? imap_view_at(s, at)->m->uid : at + 1) <= r.high; at++)
      g_array_append_val(chosen, at);
  }
  return chosen;
}

static GArray *
resolve(const struct imap_server *s, const GArray *set, bool is_uid)
{
  guint n = s->view->len;
  return imap_set_plain(set, n == 0 ? 0 : is_uid ? imap_view_at(s, n - 1)->m->uid : n);
}

GArray *
imap_view_select(const struct imap_server *s, const GArray *set)
{
  if (imap_set_is_saved(set))
    return select_saved(s);
  g_autoptr(GArray) ranges = resolve(s, set, s->is_uid);
  return !s->is_uid && is_beyond(s, ranges) ? NULL : select_ranges(s, ranges, s->is_uid);
}

GArray *
imap_view_match(const struct imap_server *s, const GArray *set, bool is_uid)
{
  if (imap_set_is_saved(set))
    return select_saved(s);
  g_autoptr(GArray) ranges = resolve(s, set, is_uid);
  return s->view->len > 0 ? select_ranges(s, ranges, is_uid)
                          : g_array_new(FALSE, FALSE, sizeof(guint));
}

/* ---- writing ---- */

void
imap_set_begin(struct imap_set_writer *w, GString *out)
{
  *w = (struct imap_set_writer){.out = out, .at = out->len};
}

static void
write_range(struct imap_set_writer *w)
{
  if (w->high == 0)
    return;
  if (w->out->len > w->at)
    g_string_append_c(w->out, ',');
  if (w->high > w->low)
    g_string_append_printf(w->out, "%u:%u", w->low, w->high);
  else
    g_string_append_printf(w->out, "%u", w->low);
}

void
imap_set_add(struct imap_set_writer *w, uint32_t number)
{
  if (w->high != 0 && number == w->high + 1) {
    w->high = number;
    return;
  }
  write_range(w);
  w->low = w->high = number;
}

bool
imap_set_end(struct imap_set_writer *w)
{
  write_range(w);
  w->high = 0;
  return w->out->len > w->at;
}
