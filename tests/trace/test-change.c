/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-change.c -- what another program does to a capture file while it is open: octets that cannot
 * be had again are told as such, and never others shown in their place. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/decode/decode.h"
#include "capture/filter/filter.h"
#include "capture/source/reader.h"
#include "tests/trace/packets.h"

enum { N_LINES = 400 };

struct place {
  char *folder, *path, *other;
};

static void
write_capture(const char *path, const char *word)
{
  struct packets_feed f = packets_begin(LINK_RAW);
  uint32_t seq[2] = {1000, 5000};
  packets_segment(&f, (struct packets_segment){.from = 0, .seq = 999, .flags = TCP_SYN});
  packets_segment(&f, (struct packets_segment){
                          .from = 1, .seq = 4999, .ack = 1000, .flags = TCP_SYN | TCP_ACK});
  for (unsigned i = 0; i < N_LINES; i++) {
    unsigned from = i % 2 == 0;
    g_autofree char *text =
        from ? g_strdup_printf("+OK %s %u\r\n", word, i) : g_strdup_printf("LIST %u\r\n", i);
    packets_segment(&f, (struct packets_segment){.from = from,
                                                 .seq = seq[from],
                                                 .ack = seq[!from],
                                                 .flags = TCP_ACK | TCP_PSH,
                                                 .text = text});
    seq[from] += (uint32_t)strlen(text);
  }
  trace_finish(f.trace);
  packets_write(path, f.trace);
  trace_free(f.trace);
}

static struct place
begin(void)
{
  struct place p = {.folder = g_dir_make_tmp("enveloscope-change-XXXXXX", NULL)};
  p.path = g_build_filename(p.folder, "a.pcapng", NULL);
  p.other = g_build_filename(p.folder, "b.pcapng", NULL);
  write_capture(p.path, "first");
  return p;
}

static void
end(struct place *p)
{
  g_unlink(p->path);
  g_unlink(p->other);
  g_assert_cmpint(g_rmdir(p->folder), ==, 0);
  g_free(p->path);
  g_free(p->other);
  g_free(p->folder);
}

/* ---- what happens to a file ---- */

static gint64
size_of(const char *path)
{
  struct stat st;
  g_assert_cmpint(stat(path, &st), ==, 0);
  return st.st_size;
}

/* Writes into the file itself, from its start, and sets its time a second on: the clock of a file
 * system may stand still between two tests. */
static void
write_into(const char *path, const char *from)
{
  g_autofree char *text = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(from, &text, &n, NULL));
  int fd = open(path, O_WRONLY);
  g_assert_cmpint(fd, >=, 0);
  g_assert_cmpint(write(fd, text, n), ==, (gssize)n);
  struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 1}};
  g_assert_cmpint(futimens(fd, times), ==, 0);
  close(fd);
}

static void
halve(struct place *p)
{
  g_assert_cmpint(truncate(p->path, size_of(p->path) / 2), ==, 0);
}

static void
empty(struct place *p)
{
  g_assert_cmpint(truncate(p->path, 0), ==, 0);
}

static void
overwrite_with_as_many(struct place *p)
{
  write_capture(p->other, "other");
  g_assert_cmpint(size_of(p->other), ==, size_of(p->path));
  write_into(p->path, p->other);
}

static void
overwrite_with_more(struct place *p)
{
  write_capture(p->other, "a longer word");
  g_assert_cmpint(size_of(p->other), >, size_of(p->path));
  write_into(p->path, p->other);
}

/* Another section behind the first one, as pcapng allows. */
static void
append_to(struct place *p)
{
  write_capture(p->other, "first");
  g_autofree char *text = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(p->other, &text, &n, NULL));
  int fd = open(p->path, O_WRONLY | O_APPEND);
  g_assert_cmpint(write(fd, text, n), ==, (gssize)n);
  close(fd);
}

static void
remove_it(struct place *p)
{
  g_assert_cmpint(g_unlink(p->path), ==, 0);
}

static void
put_another_in_its_place(struct place *p)
{
  write_capture(p->other, "other");
  g_assert_cmpint(g_rename(p->other, p->path), ==, 0);
}

static const struct change {
  const char *name;
  void (*act)(struct place *p);
  bool is_harmless;
} changes[] = {{"cut in half", halve, false},
               {"emptied", empty, false},
               {"overwritten with as many octets", overwrite_with_as_many, false},
               {"overwritten with more octets", overwrite_with_more, false},
               {"appended to", append_to, true},
               {"removed", remove_it, true},
               {"replaced by another file", put_another_in_its_place, true}};

/* ---- views ---- */

static bool
has_field(const struct decode *d, const char *key)
{
  for (unsigned i = 0; i < decode_n_fields(d); i++)
    if (strcmp(decode_field(d, i)->def->key, key) == 0)
      return true;
  return false;
}

static void
check_frame(const struct trace *t, struct decode *d, uint32_t frame, bool is_readable)
{
  g_autoptr(GByteArray) octets = g_byte_array_new();
  struct filter_error error;
  struct filter *filter = filter_compile("tcp.port == 25", &error);
  g_assert_nonnull(filter);
  g_assert_true(trace_octets(t, frame, octets) == is_readable);
  g_assert_cmpuint(octets->len, ==, is_readable ? trace_frame(t, frame).captured_octets : 0);
  g_assert_true(decode_frame(d, frame) == is_readable);
  g_assert_true(has_field(d, "enveloscope.frame.unreadable") == !is_readable);
  g_assert_true(has_field(d, "tcp") == is_readable);
  g_assert_true(filter_match(filter, d) == is_readable);
  g_assert_true((strstr(d->summary.info, "can no longer be read") == NULL) == is_readable);
  filter_free(filter);
}

static void
check_views(const struct trace *t, bool is_readable)
{
  struct decode *d = decode_new(t);
  for (uint32_t i = 0; i < trace_n_frames(t); i += 57)
    check_frame(t, d, i, is_readable);
  decode_free(d);
  g_autoptr(GByteArray) octets = g_byte_array_new();
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(struct trace_piece));
  for (uint32_t i = 0; i < trace_n_elements(t); i += 31) {
    g_assert_true(trace_element_octets(t, i, octets, pieces) == is_readable);
    g_assert_cmpuint(octets->len, ==, is_readable ? trace_element(t, i).n_octets : 0);
    if (is_readable && trace_element(t, i).side == SIDE_SERVER)
      g_assert_true(memcmp(octets->data, "+OK first", 9) == 0);
  }
}

static void
test_change_while_open(gconstpointer data)
{
  const struct change *c = data;
  struct place p = begin();
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) error = NULL;
  g_assert_true(trace_load_file(t, p.path, &error, NULL));
  g_assert_no_error(error);
  g_assert_cmpuint(trace_n_frames(t), ==, N_LINES + 2);
  g_assert_true(trace_is_readable(t));
  check_views(t, true);
  c->act(&p);
  g_assert_true(trace_is_readable(t) == c->is_harmless);
  check_views(t, c->is_harmless);
  end(&p);
}

static void
test_change_while_it_is_read(gconstpointer data)
{
  const struct change *c = data;
  struct place p = begin();
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) error = NULL;
  struct trace_loader *l = trace_loader_new(t, p.path, &error);
  g_assert_nonnull(l);
  g_assert_cmpint(trace_loader_step(l, 5, NULL, &error), ==, TRACE_LOAD_MORE);
  c->act(&p);
  enum trace_load state;
  while ((state = trace_loader_step(l, 50, NULL, &error)) == TRACE_LOAD_MORE)
    continue;
  trace_loader_free(l);
  if (c->is_harmless) {
    g_assert_cmpint(state, ==, TRACE_LOAD_DONE);
    g_assert_no_error(error);
    check_views(t, true);
  } else if (c->act != overwrite_with_more) { /* while it grows nobody can tell */
    g_assert_cmpint(state, ==, TRACE_LOAD_FAILED);
    g_assert_error(error, SOURCE_ERROR, SOURCE_ERROR_CHANGED);
    g_assert_true(trace_damage(t).ended_early);
    check_views(t, false);
  }
  end(&p);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
    g_autofree char *slug = g_strdelimit(g_strdup(changes[i].name), " ", '-');
    g_autofree char *open = g_strconcat("/change/while-open/", slug, NULL);
    g_autofree char *read = g_strconcat("/change/while-read/", slug, NULL);
    g_test_add_data_func(open, &changes[i], test_change_while_open);
    g_test_add_data_func(read, &changes[i], test_change_while_it_is_read);
  }
  return g_test_run();
}
