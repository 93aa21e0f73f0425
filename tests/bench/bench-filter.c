/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-filter.c -- what a display filter over a whole capture costs, as a ratio to libpcap's read
 * of the file.
 *
 *     bench-filter [FILE [RUNS [FILTER...]]]
 *
 * Without a file, gen-capture writes one of GENERATED_FRAMES packets into a temporary folder first.
 * The trace is loaded once; then the floor (pcap_loop() with pcap_dump() to /dev/null) and each
 * filter take turns, RUNS times, and medians of CPU time are printed with how many frames had to be
 * decoded. Every scan is new, so that nothing is remembered from the turn before. No time is
 * asserted. */
#include <glib/gstdio.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "capture/filter/scan.h"

enum { RUNS_DEFAULT = 5, RUNS_MAX = 99, FILTERS_MAX = 32 };
#define GENERATED_FRAMES "1000000"

static const char *const usual_filters[] = {
    "frame.len > 1000",
    "tcp.port == 143",
    "ip.addr == 10.0.0.0/8 and not tcp.port in {25, 110}",
    "tcp.flags.syn == 1 and tcp.flags.ack == 0",
    "tcp.port == 25 and tcp.len > 0 and not tcp.analysis.flags",
    "tcp.stream == 7 or frame.number in {5..9, 100}",
    "frame contains \"STARTTLS\"",
    "tcp.payload contains \"AUTH\"",
    "frame matches \"auth plain\"",
    "tcp.stream < 20 and imap.request",
    NULL,
};

static double
cpu_seconds(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)u.ru_utime.tv_sec + (double)u.ru_stime.tv_sec +
         ((double)u.ru_utime.tv_usec + (double)u.ru_stime.tv_usec) / 1e6;
}

static double
run_floor(const char *path)
{
  char why[PCAP_ERRBUF_SIZE];
  double start = cpu_seconds();
  pcap_t *p = pcap_open_offline(path, why);
  if (!p) {
    fprintf(stderr, "bench-filter: libpcap cannot read it: %s\n", why);
    exit(3);
  }
  pcap_dumper_t *d = pcap_dump_open(p, "/dev/null");
  pcap_loop(p, 0, pcap_dump, (u_char *)d);
  pcap_dump_close(d);
  pcap_close(p);
  return cpu_seconds() - start;
}

static double
run_filter(const struct trace *t, struct decode *d, const char *text, guint *n_found,
           struct filter_scan_cost *cost)
{
  g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  double start = cpu_seconds();
  struct filter_error error;
  struct filter *f = filter_compile(text, &error);
  if (!f) {
    fprintf(stderr, "bench-filter: %s: %s\n", text, error.message);
    exit(2);
  }
  struct filter_scan *scan = filter_scan_new(f, t);
  filter_scan_run(scan, d, 0, trace_n_frames(t), 0, rows);
  double spent = cpu_seconds() - start;
  *n_found = rows->len;
  *cost = filter_scan_cost(scan);
  filter_scan_free(scan);
  filter_free(f);
  return spent;
}

static int
compare_doubles(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double
median(double *values, int n)
{
  qsort(values, (size_t)n, sizeof *values, compare_doubles);
  return values[n / 2];
}

static int
bench(const char *path, int n_runs, const char *const *filters)
{
  static double times[FILTERS_MAX + 1][RUNS_MAX]; /* the floor stands last */
  guint found[FILTERS_MAX];
  struct filter_scan_cost costs[FILTERS_MAX];
  g_autoptr(trace_owned) t = trace_new();
  g_autoptr(GError) error = NULL;
  if (!trace_load_file(t, path, NULL, &error)) {
    fprintf(stderr, "bench-filter: %s\n", error->message);
    return 3;
  }
  struct decode *d = decode_new(t);
  unsigned n = MIN(g_strv_length((char **)filters), (unsigned)FILTERS_MAX);
  for (int run = 0; run < n_runs; run++) {
    times[n][run] = run_floor(path);
    for (unsigned i = 0; i < n; i++)
      times[i][run] = run_filter(t, d, filters[i], &found[i], &costs[i]);
  }
  double floor_s = median(times[n], n_runs);
  printf("display filters over all %u packets of an open capture; medians of %d turns\n",
         trace_n_frames(t), n_runs);
  printf("  %-58s %9s %7s %9s %9s\n", "", "CPU ms", "x floor", "packets", "decoded");
  printf("  %-58s %9.1f %7.2f %9u\n", "libpcap reads the file (floor)", floor_s * 1e3, 1.0,
         trace_n_frames(t));
  for (unsigned i = 0; i < n; i++) {
    double s = median(times[i], n_runs);
    printf("  %-58s %9.1f %7.2f %9u %9" G_GUINT64_FORMAT "\n", filters[i], s * 1e3, s / floor_s,
           found[i], costs[i].n_decoded);
  }
  decode_free(d);
  return 0;
}

int
main(int argc, char **argv)
{
  int n_runs = argc > 2 ? CLAMP(atoi(argv[2]), 1, RUNS_MAX) : RUNS_DEFAULT;
  if (argc > 1)
    return bench(argv[1], n_runs, argc > 3 ? (const char *const *)argv + 3 : usual_filters);
  g_autofree char *folder = g_dir_make_tmp("bench-filter-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "mail.pcap", NULL);
  g_autofree char *here = g_path_get_dirname(argv[0]);
  g_autofree char *generator = g_build_filename(here, "gen-capture", NULL);
  char *const generate[] = {generator, path, (char *)GENERATED_FRAMES, NULL};
  if (!g_spawn_sync(NULL, (char **)generate, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL)) {
    fprintf(stderr, "bench-filter: %s does not run; give a file\n", generator);
    return 3;
  }
  int code = bench(path, n_runs, usual_filters);
  g_unlink(path);
  g_rmdir(folder);
  return code;
}
