/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-capture.c -- what reading a capture costs, as a ratio to libpcap's read of the same file.
 *
 *     bench-capture [FILE [RUNS]]
 *
 * Without a file, gen-capture writes one of GENERATED_FRAMES packets into a temporary folder first.
 * The floor is pcap_loop() with pcap_dump() to /dev/null, which is what `tcpdump -r FILE -w
 * /dev/null` does. Each measurement runs in a child process of its own, so that its peak memory is
 * its own and the allocator starts fresh; all take turns, RUNS times (default 5), and medians are
 * printed. No time is asserted anywhere. */
#include <glib/gstdio.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/source/reader.h"
#include "capture/trace/pass1.h"
#include "capture/trace/trace.h"
#include "tests/bench/bench-open.h"
#include "tests/bench/bench-programs.h"

enum { RUNS_DEFAULT = 5, RUNS_MAX = 99 };
#define GENERATED_FRAMES "1000000"

struct result {
  double cpu_s;
  double peak_mib;
  uint64_t n_frames, n_flows, n_elements, n_logins, index_octets;
  struct open_result open;
};

static double
cpu_seconds(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
         ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
}

static void
run_floor(const char *path, struct result *out)
{
  char why[PCAP_ERRBUF_SIZE];
  pcap_t *p = pcap_open_offline(path, why);
  if (!p) {
    fprintf(stderr, "bench-capture: libpcap cannot read it: %s\n", why);
    exit(3);
  }
  pcap_dumper_t *d = pcap_dump_open(p, "/dev/null");
  pcap_loop(p, 0, pcap_dump, (u_char *)d);
  pcap_dump_close(d);
  pcap_close(p);
}

static void
run_read(const char *path, struct result *out)
{
  struct reader *r = reader_new(path, NULL);
  struct reader_frame f;
  while (reader_next(r, &f, NULL) == READER_FRAME)
    out->n_frames++;
  reader_free(r);
}

static uint32_t
count_element(void *data, const struct element *element, const uint8_t *octets, size_t n)
{
  struct result *r = data;
  return (uint32_t)r->n_elements++;
}

static void
count_login(void *data, const struct login *login, const struct finding_place *place)
{
  struct result *r = data;
  r->n_logins++;
}

static void
run_stream(const char *path, struct result *out)
{
  static const struct pass1_sink sink = {.element = count_element, .login = count_login};
  struct pass1 *pass = pass1_new(&(struct pass1_options){.forgets = true}, &sink, out);
  struct reader *r = reader_new(path, NULL);
  struct reader_frame f;
  while (reader_next(r, &f, NULL) == READER_FRAME) {
    struct pass1_input in = {.octets = f.octets,
                             .time_ns = f.time_ns,
                             .position = f.position,
                             .index = (uint32_t)out->n_frames++,
                             .captured_octets = f.captured_octets,
                             .wire_octets = f.wire_octets,
                             .link = (enum link_type)f.link,
                             .interface = f.interface};
    pass1_frame(pass, &in, NULL);
  }
  pass1_finish(pass);
  out->n_flows = flow_table_n_streams(pass1_flows(pass), IP_PROTO_TCP) +
                 flow_table_n_streams(pass1_flows(pass), IP_PROTO_UDP);
  pass1_free(pass);
  reader_free(r);
}

/* What run_index() opened in this child. */
static struct trace *opened;

static void
run_index(const char *path, struct result *out)
{
  struct trace *t = trace_new();
  if (!trace_load_file(t, path, NULL, NULL))
    exit(3);
  out->n_frames = trace_n_frames(t);
  out->n_flows = trace_n_flows(t);
  out->n_elements = trace_n_elements(t);
  out->n_logins = findings_n_logins(trace_findings(t));
  out->index_octets = trace_index_octets(t);
  opened = t; /* not freed: a program that shows the capture keeps it */
}

static const struct measure {
  const char *name, *does;
  void (*run)(const char *path, struct result *out);
} measures[] = {{"libpcap (floor)", "pcap_loop() and pcap_dump() to /dev/null", run_floor},
                {"our reader", "every packet, nothing done with it", run_read},
                {"pass 1, streaming", "sessions and logins, nothing kept, no rules", run_stream},
                {"opening", "what the window does: sessions, every rule, an index", run_index}};
enum { N_MEASURES = sizeof measures / sizeof measures[0] };

/* Runs one measurement in a child; false when it failed. */
static bool
measure(const struct measure *m, const char *path, struct result *out)
{
  int ends[2];
  if (pipe(ends) != 0)
    return false;
  pid_t child = fork();
  if (child == 0) {
    struct result r = {0};
    double before = cpu_seconds();
    m->run(path, &r);
    r.cpu_s = cpu_seconds() - before;
    if (opened && trace_n_frames(opened))
      r.open = bench_open(opened);
    _exit(write(ends[1], &r, sizeof r) == sizeof r ? 0 : 3);
  }
  close(ends[1]);
  bool is_read = read(ends[0], out, sizeof *out) == sizeof *out;
  close(ends[0]);
  struct rusage u;
  int status;
  if (child < 0 || wait4(child, &status, 0, &u) != child || status != 0)
    return false;
  out->peak_mib = (double)u.ru_maxrss / 1024;
  return is_read;
}

static int
compare(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double
median(double *values, int n)
{
  qsort(values, (size_t)n, sizeof *values, compare);
  return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void
print_table(double cpu_s[][RUNS_MAX], const struct result *results, int n_runs)
{
  const struct result *index = &results[3];
  double n = (double)(index->n_frames ? index->n_frames : 1);
  double floor_s = median(cpu_s[0], n_runs);
  printf("parts of it, on a capture of %.0f packets; medians of %d turns\n", n, n_runs);
  printf("  %-24s %8s %10s %12s  %s\n", "", "CPU-s", "x floor", "peak MiB", "what it does");
  for (int i = 0; i < N_MEASURES; i++) {
    double s = median(cpu_s[i], n_runs);
    printf("  %-24s %8.3f %10.2f %12.1f  %s\n", measures[i].name, s, s / floor_s,
           results[i].peak_mib, measures[i].does);
  }
  printf("  index: %.1f octets per packet, %.2f elements per packet\n",
         (double)index->index_octets / n, (double)index->n_elements / n);
  printf(
      "  when it is open, CPU ms: every field of 50 frames %.2f (in a row) and %.2f (scattered); "
      "50 rows of the packet list %.2f; a walk over 1,000,000 records %.1f\n",
      index->open.page_ms, index->open.scattered_ms, index->open.rows_ms, index->open.walk_ms);
  printf("  found: %" G_GUINT64_FORMAT " connections, %" G_GUINT64_FORMAT " logins\n",
         index->n_flows, index->n_logins);
}

static int
bench(const char *self, const char *path, int n_runs)
{
  static double cpu_s[N_MEASURES][RUNS_MAX];
  struct result results[N_MEASURES];
  for (int run = 0; run < n_runs; run++)
    for (int i = 0; i < N_MEASURES; i++) {
      results[i] = (struct result){0};
      if (!measure(&measures[i], path, &results[i])) {
        fprintf(stderr, "bench-capture: “%s” failed on “%s”\n", measures[i].name, path);
        return 3;
      }
      cpu_s[i][run] = results[i].cpu_s;
    }
  print_table(cpu_s, results, n_runs);
  bench_programs(self, path, n_runs);
  bench_growth();
  return 0;
}

/* Lets gen-capture, which lies beside this program, write a capture and measures that. */
static int
bench_generated(const char *self)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *here = g_path_get_dirname(self);
  g_autofree char *generator = g_build_filename(here, "gen-capture", NULL);
  g_autofree char *folder = g_dir_make_tmp("enveloscope-bench-XXXXXX", &error);
  g_autofree char *path = folder ? g_build_filename(folder, "mail.pcap", NULL) : NULL;
  char *command[] = {generator, path, (char *)GENERATED_FRAMES, NULL};
  int status = 0;
  bool made = folder &&
              g_spawn_sync(NULL, command, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                           &status, &error) &&
              g_spawn_check_wait_status(status, &error);
  if (!made)
    fprintf(stderr, "bench-capture: no capture could be generated: %s. Name a file instead.\n",
            error->message);
  int result = made ? bench(self, path, RUNS_DEFAULT) : 3;
  if (path)
    g_unlink(path);
  if (folder)
    g_rmdir(folder);
  return result;
}

int
main(int argc, char **argv)
{
  if (argc < 2)
    return bench_generated(argv[0]);
  int n_runs = argc > 2 ? atoi(argv[2]) : RUNS_DEFAULT;
  if (n_runs < 1 || n_runs > RUNS_MAX) {
    fprintf(stderr,
            "usage: bench-capture [FILE [RUNS]]\nexample: bench-capture mail-1000000.pcap 5\n");
    return 2;
  }
  return bench(argv[0], argv[1], n_runs);
}
