/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hosts.c -- hosts, lines and lanes of what is shown.
 *
 * A run knows its hosts, their places and every hop of every packet. A capture knows addresses: the
 * busiest become hosts, clients on the left and servers on the right, the others share one place.
 */
#include "gui/hosts.h"

#include <string.h>

struct hosts {
  Session *session;
  unsigned generation;
  uint32_t n_frames, n_flows; /* when it was made */
  GArray *rows;               /* struct host_row */
  GArray *lines;              /* struct host_line */
  GArray *lanes;              /* uint32_t */
  uint32_t n_hidden;
  /* Run: flights of frame f are by_frame[first_of[f] .. first_of[f + 1]). */
  GArray *first_of, *by_frame; /* uint32_t */
  /* Capture: the hosts of flow f are flow_ends[2f], flow_ends[2f + 1]. */
  GArray *flow_ends;     /* uint32_t */
  GHashTable *addresses; /* text -> host + 1 */
};

static void
clear_row(gpointer data)
{
  struct host_row *row = data;
  g_free(row->name_en);
  g_free(row->name_th);
}

static void
hosts_free(gpointer data)
{
  struct hosts *h = data;
  g_array_unref(h->rows);
  g_array_unref(h->lines);
  g_array_unref(h->lanes);
  g_array_unref(h->first_of);
  g_array_unref(h->by_frame);
  g_array_unref(h->flow_ends);
  g_hash_table_unref(h->addresses);
  g_free(h);
}

static struct host_row *
row_at(const struct hosts *h, uint32_t i)
{
  return &g_array_index(h->rows, struct host_row, i);
}

/* ---- a run ---- */

static void
index_flights(struct hosts *h, struct run *run, uint32_t n_frames)
{
  size_t n = 0;
  const struct run_flight *flights = run_flights(run, &n);
  g_array_set_size(h->first_of, n_frames + 1);
  memset(h->first_of->data, 0, (n_frames + 1) * sizeof(uint32_t));
  uint32_t *first = (uint32_t *)(void *)h->first_of->data;
  for (size_t i = 0; i < n; i++)
    if (flights[i].frame < n_frames)
      first[flights[i].frame + 1]++;
  for (uint32_t f = 0; f < n_frames; f++)
    first[f + 1] += first[f];
  g_array_set_size(h->by_frame, first[n_frames]);
  g_autofree uint32_t *at = g_memdup2(first, n_frames * sizeof *first);
  for (size_t i = 0; i < n; i++)
    if (flights[i].frame < n_frames)
      g_array_index(h->by_frame, uint32_t, at[flights[i].frame]++) = (uint32_t)i;
}

static int
compare_lanes(gconstpointer a, gconstpointer b, gpointer data)
{
  const struct host_row *x = row_at(data, *(const uint32_t *)a);
  const struct host_row *y = row_at(data, *(const uint32_t *)b);
  if (x->x != y->x)
    return x->x < y->x ? -1 : 1;
  return x->y < y->y ? -1 : x->y > y->y;
}

/* Lanes: whoever sends or receives frames of its own; switches only pass them on. */
static void
make_lanes(struct hosts *h)
{
  for (uint32_t i = 0; i < h->rows->len; i++) {
    row_at(h, i)->lane = SESSION_NONE;
    if (row_at(h, i)->n_frames > 0 && row_at(h, i)->kind != HOST_SWITCH)
      g_array_append_val(h->lanes, i);
  }
  g_array_sort_with_data(h->lanes, compare_lanes, h);
  for (uint32_t i = 0; i < h->lanes->len; i++)
    row_at(h, g_array_index(h->lanes, uint32_t, i))->lane = i;
}

static void
mark_roles(struct hosts *h, struct trace *t)
{
  for (uint32_t f = 0; f < trace_n_flows(t); f++) {
    const struct trace_flow *flow = trace_flow(t, f);
    if (flow->proto != IP_PROTO_TCP)
      continue;
    struct host_way way = hosts_way(h, flow->first_frame);
    if (way.from == SESSION_NONE || way.to == SESSION_NONE)
      continue;
    uint32_t client = flow->client == 0 ? way.from : way.to;
    uint32_t server = flow->client == 0 ? way.to : way.from;
    row_at(h, client)->is_client = TRUE;
    row_at(h, server)->is_server = TRUE;
  }
}

static void
make_run(struct hosts *h, struct run *run)
{
  struct trace *t = run_trace(run);
  index_flights(h, run, trace_n_frames(t));
  for (uint32_t i = 0; i < run_n_hosts(run); i++) {
    struct host_info info = run_host(run, i);
    struct host_row row = {.kind = info.kind, .x = info.x / 100.0, .y = info.y / 100.0};
    row.name_en = g_strdup(info.title_en && *info.title_en ? info.title_en : info.name);
    row.name_th = g_strdup(info.title_th && *info.title_th ? info.title_th : row.name_en);
    ip_addr_format(&info.addr, row.address);
    g_array_append_val(h->rows, row);
  }
  for (uint32_t i = 0; i < run_n_links(run); i++) {
    struct link_info info = run_link(run, i);
    struct host_line line = {{info.ends[0], info.ends[1]}, 0};
    g_array_append_val(h->lines, line);
  }
  for (uint32_t f = 0; f < trace_n_frames(t); f++) {
    struct host_way way = hosts_way(h, f);
    if (way.from != SESSION_NONE)
      row_at(h, way.from)->n_frames++;
    if (way.to != SESSION_NONE)
      row_at(h, way.to)->n_frames++;
  }
  mark_roles(h, t);
  make_lanes(h);
}

/* ---- a capture ---- */

struct talker {
  struct ip_addr addr;
  uint64_t n_frames;
  uint64_t n_client, n_server; /* frames in either role */
  uint32_t first;
  uint32_t shown; /* index in rows */
};

static guint
addr_hash(gconstpointer p)
{
  const struct ip_addr *a = p;
  guint hash = 5381 + a->version;
  for (int i = 0; i < 16; i++)
    hash = hash * 33 + a->octets[i];
  return hash;
}

static gboolean
addr_equal(gconstpointer a, gconstpointer b)
{
  return ip_addr_equal(a, b);
}

static struct talker *
talker_of(GHashTable *table, GPtrArray *order, const struct ip_addr *addr)
{
  struct talker *t = g_hash_table_lookup(table, addr);
  if (!t && order->len < HOSTS_TRACKED_MAX) {
    t = g_new0(struct talker, 1);
    t->addr = *addr;
    t->first = order->len;
    t->shown = SESSION_NONE;
    g_hash_table_insert(table, &t->addr, t);
    g_ptr_array_add(order, t);
  }
  return t;
}

static int
busiest_first(gconstpointer a, gconstpointer b)
{
  const struct talker *x = *(struct talker *const *)a, *y = *(struct talker *const *)b;
  if (x->n_frames != y->n_frames)
    return x->n_frames > y->n_frames ? -1 : 1;
  return x->first < y->first ? -1 : 1;
}

/* Clients in a column on the left, servers on the right, everybody else between. */
static void
place(struct hosts *h)
{
  enum { COLUMN_FULL = 4 };
  static const double columns[3] = {0.14, 0.5, 0.86};
  unsigned count[3] = {0}, at[3] = {0};
  for (int pass = 0; pass < 2; pass++)
    for (uint32_t i = 0; i < h->rows->len; i++) {
      struct host_row *r = row_at(h, i);
      int column = r->is_rest ? 1 : r->is_server ? 2 : r->is_client ? 0 : 1;
      if (pass == 0) {
        count[column]++;
      } else {
        /* A full column zigzags, so that icons and names have twice the height. */
        double aside = count[column] > COLUMN_FULL && at[column] % 2 ? 0.15 : 0;
        r->x = columns[column] + (columns[column] > 0.5 ? -aside : aside);
        r->y = (at[column]++ + 0.5) / count[column];
      }
    }
}

static void
add_line(struct hosts *h, uint32_t a, uint32_t b, uint64_t n_frames)
{
  for (guint i = 0; i < h->lines->len; i++) {
    struct host_line *l = &g_array_index(h->lines, struct host_line, i);
    if ((l->ends[0] == a && l->ends[1] == b) || (l->ends[0] == b && l->ends[1] == a)) {
      l->n_frames += n_frames;
      return;
    }
  }
  struct host_line line = {{a, b}, n_frames};
  if (a != b && h->lines->len < HOSTS_LINKS_MAX)
    g_array_append_val(h->lines, line);
}

static void
show_talkers(struct hosts *h, GPtrArray *order)
{
  g_ptr_array_sort(order, busiest_first);
  for (guint i = 0; i < order->len && i < HOSTS_SHOWN_MAX; i++) {
    struct talker *t = order->pdata[i];
    struct host_row row = {.n_frames = t->n_frames};
    row.is_server = t->n_server > t->n_client;
    row.is_client = !row.is_server && t->n_client > 0;
    row.kind = row.is_server ? HOST_SERVER : HOST_PC;
    ip_addr_format(&t->addr, row.address);
    row.name_en = g_strdup(row.address);
    row.name_th = g_strdup(row.address);
    t->shown = h->rows->len;
    g_array_append_val(h->rows, row);
    g_hash_table_insert(h->addresses, g_strdup(row.address), GUINT_TO_POINTER(t->shown + 1));
  }
  if (order->len <= HOSTS_SHOWN_MAX)
    return;
  h->n_hidden = order->len - HOSTS_SHOWN_MAX;
  struct host_row rest = {.is_rest = TRUE, .kind = HOST_ROUTER, .n_frames = 1};
  rest.name_en = g_strdup_printf("and %u more", h->n_hidden);
  rest.name_th = g_strdup_printf("และอีก %u เครื่อง", h->n_hidden);
  for (guint i = HOSTS_SHOWN_MAX; i < order->len; i++)
    ((struct talker *)order->pdata[i])->shown = h->rows->len;
  g_array_append_val(h->rows, rest);
}

static void
make_capture(struct hosts *h, struct trace *t)
{
  g_autoptr(GHashTable) table = g_hash_table_new(addr_hash, addr_equal);
  g_autoptr(GPtrArray) order = g_ptr_array_new_with_free_func(g_free);
  for (uint32_t f = 0; f < trace_n_flows(t); f++) {
    const struct trace_flow *flow = trace_flow(t, f);
    for (int e = 0; e < 2; e++) {
      struct talker *k = talker_of(table, order, &flow->ends[e].addr);
      if (!k)
        continue;
      uint32_t n = flow->ends[0].n_frames + flow->ends[1].n_frames;
      k->n_frames += n;
      *(flow->client == e ? &k->n_client : &k->n_server) += n;
    }
  }
  show_talkers(h, order);
  uint32_t rest = h->n_hidden ? h->rows->len - 1 : SESSION_NONE;
  for (uint32_t f = 0; f < trace_n_flows(t); f++) {
    const struct trace_flow *flow = trace_flow(t, f);
    uint32_t ends[2];
    for (int e = 0; e < 2; e++) {
      struct talker *k = g_hash_table_lookup(table, &flow->ends[e].addr);
      ends[e] = k ? k->shown : rest;
      g_array_append_val(h->flow_ends, ends[e]);
    }
    if (ends[0] != SESSION_NONE && ends[1] != SESSION_NONE)
      add_line(h, ends[0], ends[1], flow->ends[0].n_frames + flow->ends[1].n_frames);
  }
  place(h);
  make_lanes(h);
}

/* ---- the table ---- */

static void
make(struct hosts *h)
{
  Session *s = h->session;
  g_array_set_size(h->rows, 0);
  g_array_set_size(h->lines, 0);
  g_array_set_size(h->lanes, 0);
  g_array_set_size(h->first_of, 0);
  g_array_set_size(h->by_frame, 0);
  g_array_set_size(h->flow_ends, 0);
  g_hash_table_remove_all(h->addresses);
  h->n_hidden = 0;
  h->generation = session_generation(s);
  h->n_frames = trace_n_frames(session_trace(s));
  h->n_flows = trace_n_flows(session_trace(s));
  if (session_run(s))
    make_run(h, session_run(s));
  else
    make_capture(h, session_trace(s));
}

/* While a capture grows the table is made anew when it has doubled, and at the end. */
static gboolean
is_stale(const struct hosts *h)
{
  uint32_t n = trace_n_frames(session_trace(h->session));
  if (h->generation != session_generation(h->session))
    return TRUE;
  if (session_is_loading(h->session, NULL))
    return n >= 2 * h->n_frames;
  return n != h->n_frames;
}

struct hosts *
hosts_of(Session *session)
{
  struct hosts *h = g_object_get_data(G_OBJECT(session), "hosts");
  if (!h) {
    h = g_new0(struct hosts, 1);
    h->session = session;
    h->rows = g_array_new(FALSE, TRUE, sizeof(struct host_row));
    g_array_set_clear_func(h->rows, clear_row);
    h->lines = g_array_new(FALSE, FALSE, sizeof(struct host_line));
    h->lanes = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    h->first_of = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    h->by_frame = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    h->flow_ends = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    h->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_object_set_data_full(G_OBJECT(session), "hosts", h, hosts_free);
    make(h);
  } else if (is_stale(h)) {
    make(h);
  }
  return h;
}

uint32_t
hosts_n(const struct hosts *h)
{
  return h->rows->len;
}

const struct host_row *
hosts_get(const struct hosts *h, uint32_t host)
{
  return row_at(h, host);
}

const char *
host_name(const struct host_row *row)
{
  return lang_get() == LANG_TH ? row->name_th : row->name_en;
}

uint32_t
hosts_n_lines(const struct hosts *h)
{
  return h->lines->len;
}

const struct host_line *
hosts_line(const struct hosts *h, uint32_t line)
{
  return &g_array_index(h->lines, struct host_line, line);
}

uint32_t
hosts_n_lanes(const struct hosts *h)
{
  return h->lanes->len;
}

uint32_t
hosts_lane(const struct hosts *h, uint32_t lane)
{
  return g_array_index(h->lanes, uint32_t, lane);
}

uint32_t
hosts_n_hidden(const struct hosts *h)
{
  return h->n_hidden;
}

uint32_t
hosts_flights(const struct hosts *h, uint32_t frame, const uint32_t **flights)
{
  if (frame + 1 >= h->first_of->len)
    return 0;
  uint32_t first = g_array_index(h->first_of, uint32_t, frame);
  *flights = &g_array_index(h->by_frame, uint32_t, first);
  return g_array_index(h->first_of, uint32_t, frame + 1) - first;
}

/* The host to which a frame of a flow is addressed, when its packet never arrived. */
static uint32_t
addressee(struct hosts *h, uint32_t frame)
{
  struct trace *t = session_trace(h->session);
  const struct trace_frame f = trace_frame(t, frame);
  char text[ADDR_TEXT_MAX];
  if (f.flow == TRACE_NONE)
    return SESSION_NONE;
  ip_addr_format(&trace_flow(t, f.flow)->ends[f.direction ? 0 : 1].addr, text);
  for (uint32_t i = 0; i < h->rows->len; i++)
    if (strcmp(row_at(h, i)->address, text) == 0)
      return i;
  return SESSION_NONE;
}

/* The receiver is where the way ends: a host that does not pass the packet on, and is no switch. */
static struct host_way
way_in_run(struct hosts *h, uint32_t frame)
{
  struct host_way way = {SESSION_NONE, SESSION_NONE, FALSE, FALSE};
  size_t n_all;
  const struct run_flight *all = run_flights(session_run(h->session), &n_all);
  const uint32_t *f = NULL;
  uint32_t n = hosts_flights(h, frame, &f);
  if (n == 0)
    return way;
  way.from = all[f[0]].from_host;
  unsigned receivers = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t to = all[f[i]].to_host;
    gboolean passes = FALSE;
    for (uint32_t j = 0; j < n && !passes; j++)
      passes = j != i && all[f[j]].from_host == to;
    way.is_lost |= all[f[i]].is_lost;
    if (passes || (row_at(h, to)->kind == HOST_SWITCH && !all[f[i]].is_lost))
      continue;
    receivers++;
    way.to = to;
  }
  if (way.is_lost) {
    uint32_t meant = addressee(h, frame);
    way.to = meant == SESSION_NONE ? way.to : meant;
  } else if (receivers > 1) {
    way.is_broadcast = TRUE;
    way.to = SESSION_NONE;
  }
  return way;
}

/* A frame without a flow (ARP, ICMP): its addresses as text. */
static struct host_way
way_by_text(struct hosts *h, uint32_t frame)
{
  struct decode *d = session_row_decode(h->session);
  decode_summary_only(d, frame);
  uint32_t from = GPOINTER_TO_UINT(
      g_hash_table_lookup(h->addresses, d->summary.source ? d->summary.source : ""));
  uint32_t to = GPOINTER_TO_UINT(
      g_hash_table_lookup(h->addresses, d->summary.destination ? d->summary.destination : ""));
  return (struct host_way){from - 1, to - 1, from && !to, FALSE}; /* 0 - 1 is SESSION_NONE */
}

struct host_way
hosts_way(struct hosts *h, uint32_t frame)
{
  if (session_run(h->session))
    return way_in_run(h, frame);
  const struct trace_frame f = trace_frame(session_trace(h->session), frame);
  if (f.flow == TRACE_NONE)
    return way_by_text(h, frame);
  if (2 * (guint64)f.flow + 1 >= h->flow_ends->len)
    return (struct host_way){SESSION_NONE, SESSION_NONE, FALSE, FALSE};
  uint32_t a = g_array_index(h->flow_ends, uint32_t, 2 * f.flow);
  uint32_t b = g_array_index(h->flow_ends, uint32_t, 2 * f.flow + 1);
  return f.direction == 0 ? (struct host_way){a, b, FALSE, FALSE}
                          : (struct host_way){b, a, FALSE, FALSE};
}
