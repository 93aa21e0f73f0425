/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sanitise.c -- copies a capture and overwrites the secrets of its logins in the copy.
 *
 *     in ─copy─> out.part ─pass 1─> elements with secrets ─> places in streams
 *                    │                                            │ every frame that carries them,
 *                    │                                            v repetitions and fragments too
 *                    └──────────────────<── octets and checksums ─┘ ─> rename to out
 *
 * The file keeps its form: nothing but secrets, TCP checksums and key logs (pcapng Decryption
 * Secrets Blocks, which would open the passwords inside TLS) changes. Checksums are corrected by
 * what changed (RFC 1624), so one that was wrong stays as wrong as it was. What a secret is says
 * the reader of the protocols (appsession*.c); the same octets in other places, as in a message
 * that tells a password, are counted and left: they are content, not a login. */
#include "capture/sanitise/sanitise.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/sanitise/mask.h"
#include "capture/source/input.h"
#include "capture/source/reader.h"
#include "capture/trace/trace.h"
#include "capture/wire/bytes.h"
#include "capture/wire/frame.h"
#include "capture/wire/lang.h"
#include "capture/wire/mail.h"
#include "capture/wire/tcp.h"

enum {
  SEARCHED_OCTETS_MIN = 8, /* shorter ones stand everywhere by chance */
  SEARCHED_MAX = 65536,
  COPY_OCTETS = 1 << 18,
  TCP_OFFSET_AT = 12, /* RFC 9293 section 3.1 */
  TCP_CHECKSUM_AT = 16,
};

/* A secret in one direction of a flow. */
struct secret {
  uint64_t offset; /* in the stream */
  uint32_t n;
  uint32_t flow;
  uint8_t direction;
  uint8_t *masked;
};

/* New octets of the file. */
struct patch {
  uint64_t position;
  uint8_t octet;
};

struct work {
  struct trace *trace;
  GArray *secrets;   /* struct secret, by flow, direction, offset */
  GHashTable *wires; /* GBytes: what secrets looked like */
  GArray *patches;   /* struct patch */
  struct sanitised *done;
};

static void
secret_clear(gpointer data)
{
  g_free(((struct secret *)data)->masked);
}

static bool
fail(GError **error, const char *path, const char *what)
{
  g_autofree char *name = g_filename_display_name(path);
  g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno), "%s: %s: %s", name, what,
              g_strerror(errno));
  return false;
}

/* ---- the copy ---- */

static bool
copy_octets(const char *in, int fd, const char *out, GError **error)
{
  struct input *from = input_new(in, error);
  if (!from)
    return false;
  bool ok = true;
  while (ok && (input_need(from, 1) || from->n > from->at)) {
    size_t n = from->n - from->at;
    const uint8_t *p = input_here(from);
    for (size_t at = 0; ok && at < n;) {
      ssize_t written = write(fd, p + at, MIN(n - at, (size_t)COPY_OCTETS));
      ok = written > 0;
      at += ok ? (size_t)written : 0;
    }
    from->at = from->n;
  }
  input_free(from);
  return ok || fail(error, out, lang_text("the copy could not be written", "เขียนสำเนาไม่ได้"));
}

/* ---- where secrets lie ---- */

/* Is this the base64 of a login's message? */
static bool
is_base64(const struct element *e)
{
  if (e->kind == ELEMENT_AUTH || e->app == APP_HTTP)
    return true;
  if (e->kind != ELEMENT_COMMAND)
    return false;
  return (e->app == APP_SMTP && e->code == SMTP_AUTH) ||
         (e->app == APP_POP3 && e->code == POP_AUTH) ||
         (e->app == APP_IMAP && e->code == IMAP_AUTHENTICATE);
}

static void
collect(struct work *w)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i = 0; i < trace_n_elements(w->trace); i++) {
    const struct element e = trace_element(w->trace, i);
    if (!(e.flags & ELEMENT_FLAG_SECRET) || (e.flags & ELEMENT_FLAGS_INSIDE) || !e.secret_octets)
      continue;
    const struct trace_flow *flow = trace_flow(w->trace, e.flow);
    struct secret s = {.offset = e.offset + e.secret_first,
                       .n = e.secret_octets,
                       .flow = e.flow,
                       .direction = (uint8_t)trace_side_direction(flow, (enum side)e.side)};
    if (!trace_stream(w->trace, e.flow, s.direction, e.first_frame, s.offset, s.n, octets, pieces))
      continue;
    g_hash_table_add(w->wires, g_bytes_new(octets->data, octets->len));
    s.masked = g_memdup2(octets->data, octets->len);
    mask_secret(s.masked, s.n, is_base64(&e));
    g_array_append_val(w->secrets, s);
    w->done->n_secrets++;
  }
}

static gint
compare_secrets(gconstpointer a, gconstpointer b)
{
  const struct secret *x = a, *y = b;
  if (x->flow != y->flow)
    return x->flow < y->flow ? -1 : 1;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* ---- what changes in frames ---- */

/* One TCP segment with its place in the file, which fragments scatter. */
struct segment {
  const uint8_t *octets; /* from the TCP header on */
  uint32_t n;
  uint64_t position;    /* of octets[0], when the segment lies in one frame */
  const GArray *pieces; /* or where its octets lie */
  const struct trace *trace;
};

/* The position in the file of octet `at` of the segment; false when it is in no frame. */
static bool
locate(const struct segment *s, uint32_t at, uint64_t *out)
{
  if (!s->pieces) {
    *out = s->position + at;
    return true;
  }
  for (guint i = 0; i < s->pieces->len; i++) {
    const struct trace_piece *p = &g_array_index(s->pieces, struct trace_piece, i);
    if (at < p->first || at >= p->first + p->n_octets)
      continue;
    *out = trace_frame(s->trace, p->frame).position + p->frame_offset + (at - p->first);
    return true;
  }
  return false;
}

static void
put(struct work *w, const struct segment *s, uint32_t at, uint8_t octet)
{
  struct patch p = {.octet = octet};
  if (locate(s, at, &p.position))
    g_array_append_val(w->patches, p);
}

/* Overwrites octets [first, end) of the segment by `masked`; the checksum's sum follows. */
static uint32_t
overwrite(struct work *w, const struct segment *s, uint32_t first, uint32_t end,
          const uint8_t *masked, uint32_t sum)
{
  for (uint32_t at = first; at < end; at++) {
    uint8_t old = s->octets[at], new = masked[at - first];
    if (old == new)
      continue;
    /* RFC 1624 equation 3: add the complement of what was and what is. */
    uint32_t was = at % 2 ? old : (uint32_t)old << 8, is = at % 2 ? new : (uint32_t) new << 8;
    sum += (~was & 0xffff) + is;
    sum = (sum & 0xffff) + (sum >> 16);
    put(w, s, at, new);
  }
  return sum;
}

static void
change_segment(struct work *w, const struct segment *s, uint32_t payload_at, uint32_t stream_offset,
               const struct secret *secrets, guint n)
{
  uint32_t sum = ~(uint32_t)get_be16(s->octets + TCP_CHECKSUM_AT) & 0xffff, before = sum;
  guint n_patches = w->patches->len;
  uint32_t n_payload = s->n - payload_at;
  for (guint i = 0; i < n; i++) {
    /* Where the secret begins, counted from the payload; streams longer than 2 GiB wrap. */
    int32_t at = (int32_t)((uint32_t)secrets[i].offset - stream_offset);
    int64_t first = MAX(at, 0), end = MIN((int64_t)at + secrets[i].n, (int64_t)n_payload);
    if (first < end)
      sum = overwrite(w, s, payload_at + (uint32_t)first, payload_at + (uint32_t)end,
                      secrets[i].masked + (first - at), sum);
  }
  if (w->patches->len == n_patches)
    return;
  w->done->n_changed++;
  if (sum == before)
    return;
  sum = ~sum & 0xffff;
  put(w, s, TCP_CHECKSUM_AT, (uint8_t)(sum >> 8));
  put(w, s, TCP_CHECKSUM_AT + 1, (uint8_t)sum);
}

static void
change_frame(struct work *w, uint32_t index, const struct secret *secrets, guint n,
             GByteArray *octets, GArray *pieces)
{
  const struct trace_frame f = trace_frame(w->trace, index);
  struct segment s = {.trace = w->trace};
  if (f.flags & TRACE_FRAME_REASSEMBLED) {
    if (!trace_datagram(w->trace, index, octets, pieces))
      return;
    s = (struct segment){octets->data, octets->len, 0, pieces, w->trace};
  } else {
    struct frame_layers layers;
    if (!trace_octets(w->trace, index, octets))
      return;
    frame_walk(trace_link(w->trace, index), octets->data, octets->len, &layers);
    if (!layers.transport_offset || !layers.payload_offset)
      return;
    s = (struct segment){octets->data + layers.transport_offset,
                         layers.payload_offset + layers.payload_octets - layers.transport_offset,
                         f.position + layers.transport_offset, NULL, w->trace};
  }
  if (s.n < TCP_OCTETS)
    return;
  uint32_t header_octets = (s.octets[TCP_OFFSET_AT] >> 4) * 4u;
  if (header_octets < TCP_OCTETS || header_octets > s.n)
    return;
  change_segment(w, &s, header_octets, f.stream_offset, secrets, n);
}

/* Every frame of a flow that carries octets of its secrets. */
static void
change_flow(struct work *w, const struct secret *secrets, guint n)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  g_autoptr(GArray) of_first = g_array_new(FALSE, FALSE, sizeof *secrets);
  g_autoptr(GArray) of_second = g_array_new(FALSE, FALSE, sizeof *secrets);
  GArray *const side[2] = {of_first, of_second};
  for (guint i = 0; i < n; i++)
    g_array_append_val(side[secrets[i].direction], secrets[i]);
  for (uint32_t i = trace_flow(w->trace, secrets->flow)->first_frame; i != TRACE_NONE;) {
    const struct trace_frame f = trace_frame(w->trace, i);
    const GArray *here = side[f.direction & 1];
    if (here->len && f.payload_octets)
      change_frame(w, i, (const struct secret *)(const void *)here->data, here->len, octets,
                   pieces);
    i = f.next_in_flow;
  }
}

static void
change_frames(struct work *w)
{
  g_array_sort(w->secrets, compare_secrets);
  for (guint i = 0; i < w->secrets->len;) {
    const struct secret *first = &g_array_index(w->secrets, struct secret, i);
    guint n = 1;
    while (i + n < w->secrets->len && first[n].flow == first->flow)
      n++;
    change_flow(w, first, n);
    i += n;
  }
}

/* ---- key logs in pcapng ---- */

/* Blanks the data of Decryption Secrets Blocks; the blocks stay, so nothing moves. */
static bool
blank_key_logs(int fd, struct sanitised *done)
{
  enum { SECTION = 0x0a0d0d0a, SECRETS = 0x0000000a, HEAD = 16, MAGIC = 0x1a2b3c4d };
  uint8_t head[HEAD];
  bool big = false;
  for (uint64_t at = 0; pread(fd, head, HEAD, (off_t)at) == HEAD;) {
    if (get_le32(head) == SECTION)
      big = get_be32(head + 8) == MAGIC;
    else if (at == 0)
      return true; /* no pcapng */
    uint32_t type = big ? get_be32(head) : get_le32(head);
    uint32_t n_block = big ? get_be32(head + 4) : get_le32(head + 4);
    if (n_block < 12 || n_block % 4)
      return true; /* the reader has said so */
    if (type == SECRETS && n_block >= HEAD + 8) {
      /* type, length, secrets type, secrets length | data ... | length */
      static const uint8_t blank[256] = {0};
      uint8_t spaces[sizeof blank];
      memset(spaces, ' ', sizeof spaces);
      uint64_t end = at + n_block - 4;
      for (uint64_t p = at + 4 + 4 + 8; p < end; p += sizeof spaces) {
        size_t n = (size_t)MIN(end - p, sizeof spaces);
        if (pwrite(fd, spaces, n, (off_t)p) != (ssize_t)n)
          return false;
      }
      done->n_key_logs++;
    }
    at += n_block;
  }
  return true;
}

/* ---- the same octets elsewhere ---- */

struct search {
  uint8_t seen[1 << 15]; /* a bit for each hash of the first octets of a secret */
  GHashTable *by_start;  /* hash of the first octets -> GPtrArray of GBytes */
};

static uint32_t
hash_start(const uint8_t *p)
{
  return (uint32_t)((get_le64(p) * UINT64_C(0x9e3779b97f4a7c15)) >> 46);
}

static void
count_in(struct search *s, const uint8_t *p, size_t n, GHashTable *found)
{
  for (size_t i = 0; i + SEARCHED_OCTETS_MIN <= n; i++) {
    uint32_t h = hash_start(p + i);
    if (!(s->seen[h / 8] & 1u << h % 8))
      continue;
    const GPtrArray *all = g_hash_table_lookup(s->by_start, GUINT_TO_POINTER(h + 1));
    for (guint k = 0; all && k < all->len; k++) {
      GBytes *b = all->pdata[k];
      gsize n_secret;
      const void *octets = g_bytes_get_data(b, &n_secret);
      if (n_secret <= n - i && memcmp(p + i, octets, n_secret) == 0)
        g_hash_table_add(found, b);
    }
  }
}

static void
count_elsewhere(struct work *w, int fd)
{
  g_autofree struct search *s = g_new0(struct search, 1);
  g_autoptr(GHashTable) by_start =
      g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
  g_autoptr(GHashTable) found = g_hash_table_new(NULL, NULL);
  s->by_start = by_start;
  GHashTableIter iter;
  gpointer key;
  size_t longest = 0;
  g_hash_table_iter_init(&iter, w->wires);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    gsize n;
    const uint8_t *p = g_bytes_get_data(key, &n);
    if (n < SEARCHED_OCTETS_MIN || n > SEARCHED_MAX)
      continue;
    uint32_t h = hash_start(p);
    GPtrArray *all = g_hash_table_lookup(by_start, GUINT_TO_POINTER(h + 1));
    if (!all) {
      all = g_ptr_array_new();
      g_hash_table_insert(by_start, GUINT_TO_POINTER(h + 1), all);
    }
    g_ptr_array_add(all, key);
    s->seen[h / 8] |= (uint8_t)(1u << h % 8);
    longest = MAX(longest, n);
  }
  if (!longest)
    return;
  g_autofree uint8_t *buffer = g_malloc(COPY_OCTETS + SEARCHED_MAX);
  for (uint64_t at = 0;; at += COPY_OCTETS) {
    ssize_t n = pread(fd, buffer, COPY_OCTETS + longest, (off_t)at);
    if (n <= 0)
      break;
    count_in(s, buffer, (size_t)n, found);
  }
  w->done->n_elsewhere = g_hash_table_size(found);
}

/* ---- all together ---- */

static bool
apply(struct work *w, int fd, const char *out, GError **error)
{
  for (guint i = 0; i < w->patches->len; i++) {
    const struct patch *p = &g_array_index(w->patches, struct patch, i);
    if (pwrite(fd, &p->octet, 1, (off_t)p->position) != 1)
      return fail(error, out, lang_text("a secret could not be overwritten", "เขียนทับความลับไม่ได้"));
  }
  if (!blank_key_logs(fd, w->done))
    return fail(error, out, lang_text("a key log could not be blanked", "ลบบันทึกกุญแจไม่ได้"));
  return true;
}

static bool
sanitise_part(const char *part, int fd, struct sanitised *done, GError **error)
{
  g_autoptr(GError) warning = NULL;
  struct work w = {.trace = trace_new(), .done = done};
  if (!trace_load_file(w.trace, part, &warning, error)) {
    trace_free(w.trace);
    return false;
  }
  done->n_frames = trace_n_frames(w.trace);
  done->incomplete = warning ? g_strdup(warning->message) : NULL;
  w.secrets = g_array_new(FALSE, FALSE, sizeof(struct secret));
  g_array_set_clear_func(w.secrets, secret_clear);
  w.patches = g_array_new(FALSE, FALSE, sizeof(struct patch));
  w.wires = g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
  collect(&w);
  change_frames(&w);
  trace_free(w.trace);
  bool ok = apply(&w, fd, part, error);
  if (ok)
    count_elsewhere(&w, fd);
  g_array_unref(w.secrets);
  g_array_unref(w.patches);
  g_hash_table_unref(w.wires);
  return ok;
}

/* The mode that creating a file without a say gives. */
static mode_t
usual_mode(void)
{
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

bool
sanitise_file(const char *in, const char *out, struct sanitised *done, GError **error)
{
  *done = (struct sanitised){0};
  g_autofree char *part = g_strconcat(out, ".part", NULL);
  int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return fail(error, part, lang_text("the copy cannot be begun", "เริ่มทำสำเนาไม่ได้"));
  bool ok = copy_octets(in, fd, out, error) && sanitise_part(part, fd, done, error);
  if (ok && (fchmod(fd, usual_mode()) != 0 || fsync(fd) != 0 || g_rename(part, out) != 0))
    ok = fail(error, out, lang_text("the copy could not be put in place", "วางสำเนาเข้าที่ไม่ได้"));
  close(fd);
  if (!ok)
    g_unlink(part);
  return ok;
}
