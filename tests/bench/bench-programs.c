/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench-programs.c -- what a whole program costs on a capture, start and report included, and how
 * the cost of a pass grows.
 *
 * Programs are started by this small process, because the peak of memory that the system tells
 * begins with what the parent had. What they print goes to /dev/null. No two do the same work, so
 * each row says what its program does. Each has TIME_LIMIT_S: without -n dsniff asks a name server
 * about every address and does not end where there is none. */
#include "tests/bench/bench-programs.h"

#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/trace/growth.h"

enum {
  TIME_LIMIT_S = 300,
  RUNS_MAX = 99,
  ARGUMENTS_MAX = 8,
  TURNS_OF_SLOW = 3, /* tshark takes a hundred times as long as the others */
};

static const struct program {
  const char *name;
  const char *does;
  const char *package;                  /* of Debian; NULL: built with this one */
  const char *arguments[ARGUMENTS_MAX]; /* "@": the capture; the first is the program */
  bool is_slow;
} programs[] = {
    {"tcpdump -r FILE -w /dev/null",
     "the floor: reads every packet and copies it",
     "tcpdump",
     {"tcpdump", "-r", "@", "-w", "/dev/null"},
     false},
    {"audit FILE",
     "ours: connections, mail sessions, logins, every rule; a report as text",
     NULL,
     {"audit", "@"},
     false},
    {"audit FILE --format json",
     "the same with evidence, and the SHA-256 of the file",
     NULL,
     {"audit", "@", "--format", "json"},
     false},
    {"audit FILE ... --no-sha256",
     "the same without the SHA-256",
     NULL,
     {"audit", "@", "--format", "json", "--no-sha256"},
     false},
    {"dsniff -n -m -p FILE",
     "logins of the protocols that it knows by their octets",
     "dsniff",
     {"dsniff", "-n", "-m", "-p", "@"},
     false},
    {"ndpiReader -q -i FILE",
     "protocols of connections, risks by header; no logins",
     "libndpi-bin",
     {"ndpiReader", "-q", "-i", "@"},
     false},
    {"tshark -r FILE -q -z credentials",
     "dissects every packet; logins",
     "tshark",
     {"tshark", "-r", "@", "-q", "-z", "credentials"},
     true},
};
enum { N_PROGRAMS = sizeof programs / sizeof programs[0], FLOOR = 0 };

struct cost {
  double cpu_s, peak_mib;
  bool timed_out;
  int status; /* of wait4() */
};

/* Where the program is, or NULL. Free it. */
static char *
find_program(const struct program *p, const char *self)
{
  if (p->package)
    return g_find_program_in_path(p->arguments[0]);
  g_autofree char *here = g_path_get_dirname(self);
  char *path = g_build_filename(here, "..", "..", "capture", "enveloscope-capture", NULL);
  if (!g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
    g_clear_pointer(&path, g_free);
  return path;
}

static void
become(const struct program *p, const char *program, const char *path)
{
  const char *argv[ARGUMENTS_MAX + 2] = {program};
  unsigned n = 1;
  for (unsigned i = p->package ? 1 : 0; i < ARGUMENTS_MAX && p->arguments[i]; i++)
    argv[n++] = p->arguments[i][0] == '@' ? path : p->arguments[i];
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++)
    dup2(null, fd);
  execv(program, (char *const *)(uintptr_t)argv);
  _exit(127);
}

/* Waits for the child; ends it at the time limit. */
static void
wait_for(pid_t child, struct cost *out)
{
  struct rusage u = {0};
  gint64 until = g_get_monotonic_time() + (gint64)TIME_LIMIT_S * G_USEC_PER_SEC;
  while (wait4(child, &out->status, WNOHANG, &u) == 0) {
    if (g_get_monotonic_time() > until) {
      out->timed_out = true;
      kill(child, SIGKILL);
      wait4(child, &out->status, 0, &u);
      break;
    }
    g_usleep(2000);
  }
  out->cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
  out->peak_mib = (double)u.ru_maxrss / 1024;
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
print_program(const struct program *p, double cpu_s, double floor_s, const struct cost *last)
{
  printf("  %-34s %8.3f", p->name, cpu_s);
  if (floor_s > 0)
    printf(" %10.2f", cpu_s / floor_s);
  else
    printf(" %10s", "");
  printf(" %9.1f  %s", last->peak_mib, p->does);
  if (last->timed_out)
    printf("; ENDED at the time limit of %d s", TIME_LIMIT_S);
  else if (WIFSIGNALED(last->status))
    printf("; DIED of signal %d", WTERMSIG(last->status));
  printf("\n");
}

void
bench_programs(const char *self, const char *path, int n_runs)
{
  static double cpu_s[N_PROGRAMS][RUNS_MAX];
  char *found[N_PROGRAMS];
  struct cost last[N_PROGRAMS] = {0};
  int n_done[N_PROGRAMS] = {0};
  for (int i = 0; i < N_PROGRAMS; i++)
    found[i] = find_program(&programs[i], self);
  for (int run = 0; run < n_runs && run < RUNS_MAX; run++)
    for (int i = 0; i < N_PROGRAMS; i++) {
      if (!found[i] || (programs[i].is_slow && run >= TURNS_OF_SLOW) || last[i].timed_out)
        continue;
      fflush(stdout);
      pid_t child = fork();
      if (child == 0)
        become(&programs[i], found[i], path);
      wait_for(child, &last[i]);
      cpu_s[i][n_done[i]++] = last[i].cpu_s;
    }
  double floor_s = found[FLOOR] ? median(cpu_s[FLOOR], n_done[FLOOR]) : 0;
  printf("whole programs on the same file, from start to end; medians of %d turns (tshark: %d)\n",
         n_runs, MIN(n_runs, TURNS_OF_SLOW));
  printf("  %-34s %8s %10s %9s  %s\n", "", "CPU-s", "x tcpdump", "peak MiB", "what it does");
  for (int i = 0; i < N_PROGRAMS; i++) {
    const struct program *p = &programs[i];
    if (found[i])
      print_program(p, median(cpu_s[i], n_done[i]), floor_s, &last[i]);
    else
      printf("  %-34s not installed: %s\n", p->name, p->package ? p->package : "build it first");
    g_free(found[i]);
  }
}

static double
cpu_seconds(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

void
bench_growth(void)
{
  static const uint32_t sizes[GROWTH_N] = {[GROWTH_LINE] = 5000000,
                                           [GROWTH_COMMANDS] = 50000,
                                           [GROWTH_LATE] = 50000,
                                           [GROWTH_FLOWS] = 50000};
  enum { TURNS = 3 };
  printf("growth: CPU time for twice as much, the least of %d turns\n", TURNS);
  for (int kind = 0; kind < GROWTH_N; kind++) {
    double best[2] = {1e9, 1e9};
    for (int turn = 0; turn < TURNS; turn++)
      for (uint32_t twice = 0; twice < 2; twice++) {
        double before = cpu_seconds();
        growth_read((enum growth)kind, sizes[kind] << twice);
        best[twice] = MIN(best[twice], cpu_seconds() - before);
      }
    printf("  %-30s %9u %8.3f s %9u %8.3f s %8.2f x\n", growth_names[kind], sizes[kind], best[0],
           sizes[kind] * 2, best[1], best[1] / best[0]);
  }
}
