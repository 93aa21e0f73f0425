/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test-time.c -- the time machine: branches share their past, comparing finds what was done, steps
 * land where a person expects them. */
#include <string.h>

#include "lessons/compare.h"
#include "lessons/pace.h"
#include "sim/core/world.h"

static struct run *
run_id_of(const char *id, const char *const *inputs)
{
  g_autoptr(GError) error = NULL;
  struct input_log *log = input_log_new();
  for (; inputs && *inputs; inputs++)
    if (!input_log_parse(log, *inputs, "input", &error))
      g_error("%s", error->message);
  const struct run_options options = {.inputs = log};
  struct run *r = run_new(id, &options, &error);
  if (!r)
    g_error("%s", error->message);
  input_log_free(log);
  return r;
}

static int64_t
time_of(const struct run *r, uint32_t frame)
{
  return trace_frame(run_trace(r), frame).time_ns - TRACE_SIM_EPOCH_NS;
}

/* How many frames two runs share from the start: octets, time and interface. */
static uint32_t
n_shared(const struct run *a, const struct run *b)
{
  g_autoptr(GByteArray) x = g_byte_array_new(), y = g_byte_array_new();
  uint32_t n = MIN(trace_n_frames(run_trace(a)), trace_n_frames(run_trace(b)));
  for (uint32_t i = 0; i < n; i++) {
    trace_octets(run_trace(a), i, x);
    trace_octets(run_trace(b), i, y);
    if (time_of(a, i) != time_of(b, i) || x->len != y->len || memcmp(x->data, y->data, x->len) != 0)
      return i;
  }
  return n;
}

/* ---- branches ---- */

/* Anything a person may do at a time, by lot. */
static struct input
random_input(struct random_stream *lot, const struct run *r, int64_t time_ns)
{
  static const char *const values[][2] = {
      {"loss", "50%"}, {"delay", "70ms"}, {"rate", "100kbit/s"}, {"mtu", "600"}, {"queue", "1"}};
  static uint8_t octets[4] = {0xde, 0xad, 0xbe, 0xef};
  struct input i = {.time_ns = time_ns, .verb = (enum input_verb)random_below(lot, INPUT_OPEN)};
  i.link = (char *)run_link(r, (uint32_t)random_below(lot, run_n_links(r))).name;
  size_t n;
  const struct run_flight *flights = run_flights(r, &n);
  if (random_below(lot, 2))
    i.packet = flights[random_below(lot, n)].packet;
  i.by_ns = (int64_t)random_below(lot, 2000000000) + 1;
  i.offset = (uint32_t)random_below(lot, 200);
  i.octets = octets;
  i.n_octets = sizeof octets;
  const char *const *value = values[random_below(lot, G_N_ELEMENTS(values))];
  i.key = (char *)value[0];
  i.value = (char *)value[1];
  const struct trace *t = run_trace(r);
  const struct trace_flow *f = trace_flow(t, (uint32_t)random_below(lot, trace_n_flows(t)));
  i.from = f->ends[0].addr;
  i.to = f->ends[1].addr;
  i.from_port = f->ends[0].port;
  i.to_port = f->ends[1].port;
  return i;
}

/* The past does not know what comes: every frame before the branch is the same, octet for octet. */
static void
branch_often(const char *id, unsigned n_branches, uint64_t seed)
{
  struct world *dice = world_new(seed, NULL, NULL);
  struct random_stream lot = world_random(dice, 0, "branches");
  struct run *r = run_id_of(id, NULL);
  unsigned n_other = 0;
  for (unsigned k = 0; k < n_branches; k++) {
    int64_t time_ns = (int64_t)random_below(&lot, (uint64_t)run_end_ns(r));
    if (random_below(&lot, 3) == 0) /* the very instant in which a frame leaves */
      time_ns = time_of(r, (uint32_t)random_below(&lot, trace_n_frames(run_trace(r))));
    struct input i = random_input(&lot, r, time_ns);
    g_autoptr(GError) error = NULL;
    struct run *b = run_branch(r, time_ns, &i, 1, &error);
    g_autofree char *text = input_format(&i);
    if (!b)
      g_error("branch %u of %s, seed %" G_GUINT64_FORMAT ": %s: %s", k, id, seed, text,
              error->message);
    uint32_t shared = n_shared(r, b), past = 0;
    while (past < trace_n_frames(run_trace(r)) && time_of(r, past) < time_ns)
      past++;
    if (shared < past)
      g_error("branch %u of %s, seed %" G_GUINT64_FORMAT
              ": %s: frame %u differs and %u lie before it",
              k, id, seed, text, shared + 1, past);
    n_other += shared < trace_n_frames(run_trace(b)) || shared < trace_n_frames(run_trace(r));
    run_free(b);
  }
  g_assert_cmpuint(n_other, >, n_branches / 5); /* they do change what comes */
  run_free(r);
  world_free(dice);
}

static void
test_branches_share_their_past(void)
{
  branch_often("mail-journey", 200, 1);
  branch_often("lost-segment", 100, 2);
}

static void
test_branch_of_a_branch(void)
{
  static const char *const inputs[] = {"{at: 0.5106s, do: drop, link: alice-lan, from: alice-pc}",
                                       "{at: 5s, do: down, link: bob-lan}", NULL};
  struct run *r = run_id_of("mail-journey", inputs);
  struct input up = {.time_ns = 5000000000, .verb = INPUT_UP, .link = (char *)"bob-lan"};
  struct run *cut = run_branch(r, 5000000000, &up, 1, NULL);
  g_assert_cmpuint(input_log_n(run_inputs(cut)), ==, 2); /* the one at 5 s went */
  g_assert_cmpint(input_log_at(run_inputs(cut), 1)->verb, ==, INPUT_UP);
  struct run *none = run_branch(r, 0, NULL, 0, NULL), *plain = run_id_of("mail-journey", NULL);
  g_assert_cmpuint(run_hash(none), ==, run_hash(plain));
  struct run *without = run_without(r, 1, NULL);
  g_assert_cmpuint(input_log_n(run_inputs(without)), ==, 1);
  static const char *const first[] = {"{at: 0.5106s, do: drop, link: alice-lan, from: alice-pc}",
                                      NULL};
  struct run *with_first = run_id_of("mail-journey", first);
  g_assert_cmpuint(run_hash(without), ==, run_hash(with_first));
  g_autoptr(GError) error = NULL;
  struct input early = {.time_ns = 1, .verb = INPUT_UP, .link = (char *)"bob-lan"};
  g_assert_null(run_branch(r, 6000000000, &early, 1, &error)); /* behind its cut lies the past */
  g_assert_nonnull(error);
  run_free(r);
  run_free(cut);
  run_free(none);
  run_free(plain);
  run_free(without);
  run_free(with_first);
}

static void
test_again_at_another_tap(void)
{
  struct run *r = run_id_of("mail-journey", NULL), *all = run_again(r, "all", NULL);
  g_assert_cmpuint(run_hash(r), ==, run_hash(all)); /* the same world, seen from elsewhere */
  g_assert_cmpuint(trace_n_frames(run_trace(all)), >, trace_n_frames(run_trace(r)));
  run_free(r);
  run_free(all);
}

/* A packet that was on the wire: its frame stays, its flight ends otherwise. */
static void
test_flights_know_of_inputs(void)
{
  struct run *r = run_id_of("mail-journey", NULL);
  size_t n;
  const struct run_flight *flights = run_flights(r, &n);
  size_t at = 0;
  while (flights[at].arrive_ns - flights[at].leave_ns < 8000000)
    at++;
  struct input drop = {.time_ns = flights[at].leave_ns + 4000000,
                       .verb = INPUT_DROP,
                       .link = (char *)run_link(r, flights[at].link).name,
                       .packet = flights[at].packet};
  struct run *b = run_branch(r, drop.time_ns, &drop, 1, NULL);
  const struct run_flight *after = run_flights(b, &n);
  g_assert_false(flights[at].is_lost);
  g_assert_true(after[at].is_lost);
  g_assert_true(run_is_lost(b, after[at].frame));
  g_assert_cmpint(after[at].arrive_ns, ==, flights[at].arrive_ns);
  struct input delay = drop;
  delay.verb = INPUT_DELAY;
  delay.by_ns = 3000000;
  struct run *late = run_branch(r, drop.time_ns, &delay, 1, NULL);
  after = run_flights(late, &n);
  g_assert_cmpint(after[at].arrive_ns, ==, flights[at].arrive_ns + 3000000);
  run_free(r);
  run_free(b);
  run_free(late);
}

static void
test_series(void)
{
  struct run *r = run_id_of("lost-segment", NULL);
  size_t n_events, n = 0;
  const struct run_event *events = run_events(r, &n_events);
  uint32_t host = 0;
  const char *subject = NULL;
  for (size_t i = 0; i < n_events && !subject; i++)
    if (g_str_has_prefix(events[i].subject, "tcp ") && strcmp(events[i].key, "cwnd") == 0) {
      host = events[i].host;
      subject = events[i].subject;
    }
  const uint32_t *series = run_series(r, host, subject, "cwnd", &n);
  g_assert_cmpuint(n, >, 2);
  for (size_t i = 0; i < n; i++) {
    const struct run_event *e = &events[series[i]];
    g_assert_cmpstr(e->key, ==, "cwnd");
    g_assert_true(i == 0 || events[series[i - 1]].time_ns <= e->time_ns);
    if (i + 1 == n || events[series[i + 1]].time_ns > e->time_ns)
      g_assert_cmpstr(run_value_at(r, e->time_ns, host, subject, "cwnd"), ==, e->value);
  }
  g_assert_null(run_series(r, host, "tcp nothing", "cwnd", &n));
  g_assert_cmpuint(n, ==, 0);
  run_free(r);
}

/* ---- comparing ---- */

static const struct compare_row *
row_of(const struct compare *c, guint i)
{
  g_assert_cmpuint(i, <, c->rows->len);
  return &g_array_index(c->rows, struct compare_row, i);
}

/* Both columns are complete and ascend, and a row has what its kind says. */
static void
check_rows(const struct compare *c)
{
  uint32_t a = 0, b = 0;
  for (guint i = 0; i < c->rows->len; i++) {
    const struct compare_row *r = row_of(c, i);
    g_assert_cmpint(r->a != TRACE_NONE, ==, r->kind != COMPARE_ONLY_B);
    g_assert_cmpint(r->b != TRACE_NONE, ==, r->kind != COMPARE_ONLY_A);
    if (r->a != TRACE_NONE)
      g_assert_cmpuint(r->a, ==, a++);
    if (r->b != TRACE_NONE)
      g_assert_cmpuint(r->b, ==, b++);
    g_autofree char *why = compare_explain(c, i);
    g_assert_cmpint(*why == '\0', ==, r->kind == COMPARE_SAME);
  }
  g_assert_cmpuint(a, ==, trace_n_frames(run_trace(c->a)));
  g_assert_cmpuint(b, ==, trace_n_frames(run_trace(c->b)));
}

static guint
count(const struct compare *c, enum compare_kind kind)
{
  guint n = 0;
  for (guint i = 0; i < c->rows->len; i++)
    n += row_of(c, i)->kind == kind;
  return n;
}

static void
test_compare_with_itself(void)
{
  struct run *a = run_id_of("mail-journey", NULL), *b = run_id_of("mail-journey", NULL);
  struct compare *c = compare_new(a, b);
  check_rows(c);
  g_assert_cmpuint(c->first, ==, c->rows->len);
  g_assert_cmpuint(c->first_event, ==, SIZE_MAX);
  compare_free(c);
  run_free(a);
  run_free(b);
}

/* One frame is lost: it is paired with itself and marked, what repeats it is only in the second
 * run, and all that comes later is paired. */
static void
test_compare_with_a_loss(void)
{
  static const char *const inputs[] = {"{at: 0.5106s, do: drop, link: alice-lan, from: alice-pc}",
                                       NULL};
  struct run *a = run_id_of("mail-journey", NULL), *b = run_id_of("mail-journey", inputs);
  struct compare *c = compare_new(a, b);
  check_rows(c);
  const struct compare_row *first = row_of(c, c->first);
  g_assert_cmpint(first->kind, ==, COMPARE_CHANGED);
  g_assert_true(run_is_lost(b, first->b) && !run_is_lost(a, first->a));
  g_autofree char *why = compare_explain(c, c->first);
  g_assert_nonnull(strstr(why, "second run"));
  g_assert_cmpuint(count(c, COMPARE_ONLY_A), ==, 0);
  uint32_t more = trace_n_frames(run_trace(b)) - trace_n_frames(run_trace(a));
  g_assert_cmpuint(more, >, 0);
  g_assert_cmpuint(count(c, COMPARE_ONLY_B), ==, more);
  compare_free(c);
  run_free(a);
  run_free(b);
}

/* Ports, sequence numbers and identifiers differ, and still every frame finds its twin. */
static void
test_compare_with_another_seed(void)
{
  const struct run_options options = {.seed = 99};
  struct run *a = run_id_of("mail-journey", NULL), *b = run_new("mail-journey", &options, NULL);
  struct compare *c = compare_new(a, b);
  check_rows(c);
  g_assert_cmpuint(count(c, COMPARE_CHANGED), >, 50);
  g_assert_cmpuint(count(c, COMPARE_ONLY_A) + count(c, COMPARE_ONLY_B), <, 4);
  compare_free(c);
  run_free(a);
  run_free(b);
}

/* A segment that is delayed before the router is overtaken behind it: it stands where it was in
 * both runs and names its other place. */
static void
test_compare_with_an_overtaking(void)
{
  static const char *const inputs[] = {
      "{at: 0.586s, do: delay, link: alice-lan, from: mx-alice, by: 5ms}", NULL};
  struct run *plain = run_id_of("lost-segment", NULL), *late = run_id_of("lost-segment", inputs);
  struct run *a = run_again(plain, "wan", NULL), *b = run_again(late, "wan", NULL);
  struct compare *c = compare_new(a, b);
  check_rows(c);
  unsigned n_overtaken = 0;
  for (guint i = 0; i < c->rows->len; i++) {
    const struct compare_row *r = row_of(c, i);
    if (r->kind != COMPARE_ONLY_A || r->elsewhere == TRACE_NONE)
      continue;
    n_overtaken++;
    g_assert_cmpuint(r->elsewhere, >, r->a); /* later than it was */
    g_autofree char *why = compare_explain(c, i);
    g_autofree char *place = g_strdup_printf("frame %u,", r->elsewhere + 1);
    g_assert_nonnull(strstr(why, place));
  }
  g_assert_cmpuint(n_overtaken, >, 0);
  compare_free(c);
  run_free(plain);
  run_free(late);
  run_free(a);
  run_free(b);
}

/* ---- steps ---- */

static uint32_t
find(const struct trace *t, const char *text, uint32_t from)
{
  struct filter_error error;
  struct filter *f = filter_compile(text, &error);
  g_assert_nonnull(f);
  uint32_t frame = pace_filter(t, f, from, +1);
  filter_free(f);
  return frame;
}

static void
test_step_out(void)
{
  static const struct {
    const char *at, *out; /* from the first frame that fits to the first that fits behind it */
  } cases[] = {
      {"tcp.dstport == 587 && tcp.flags.syn == 1", "smtp.response.code == 220"},
      {"smtp.req.command == \"EHLO\"", "smtp.response.code == 250"},
      {"smtp.req.command == \"RCPT\"", "smtp.response.code == 250"},
      {"smtp.req.command == \"AUTH\"", "smtp.response.code == 235"},
      /* 354 only asks for the message: the exchange ends with the 250 behind it */
      {"smtp.req.command == \"DATA\"", "smtp.response.code == 250"},
      {"smtp.response.code == 354", "smtp.response.code == 250"},
      {"imap.request.command == \"LOGIN\"",
       "imap.response.status == \"OK\" && imap.response_tag == \"a001\""},
      {"pop.request.command == \"QUIT\"", "pop.response.indicator == \"+OK\""},
  };
  struct run *r = run_id_of("mail-journey", NULL);
  const struct trace *t = run_trace(r);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    uint32_t at = find(t, cases[i].at, TRACE_NONE), out = find(t, cases[i].out, at);
    g_assert_cmpuint(at, !=, TRACE_NONE);
    if (pace_out(t, at) != out)
      g_error("%s: frame %u leads to %u and not to %u", cases[i].at, at + 1, pace_out(t, at) + 1,
              out + 1);
  }
  /* RETR's exchange ends with the dot, not with +OK */
  uint32_t retr = find(t, "pop.request.command == \"RETR\"", TRACE_NONE);
  uint32_t next = find(t, "pop.request.command == \"DELE\"", retr);
  uint32_t end = pace_out(t, retr);
  g_assert_cmpuint(end, >, find(t, "pop.response.indicator == \"+OK\"", retr));
  g_assert_cmpuint(end, <, next);
  /* nothing is completed behind the end of a conversation, and ARP is none */
  g_assert_cmpuint(pace_out(t, find(t, "pop.request.command == \"QUIT\"", TRACE_NONE) + 2), ==,
                   TRACE_NONE);
  g_assert_cmpuint(pace_out(t, find(t, "arp", TRACE_NONE)), ==, TRACE_NONE);
  g_assert_cmpuint(pace_out(t, TRACE_NONE), ==, TRACE_NONE);
  run_free(r);
}

static void
test_step_over_and_in(void)
{
  struct run *r = run_id_of("mail-journey", NULL);
  const struct trace *t = run_trace(r);
  uint32_t greeting = find(t, "smtp.response.code == 220", TRACE_NONE),
           ehlo = find(t, "smtp.req.command == \"EHLO\"", TRACE_NONE);
  uint32_t question = find(t, "dns", TRACE_NONE), answer = find(t, "dns", question);
  g_assert_cmpuint(pace_line(t, TRACE_NONE, +1), ==, question); /* a DNS message is one, too */
  g_assert_cmpuint(pace_line(t, question, +1), ==, answer);
  g_assert_cmpuint(pace_line(t, answer, +1), ==, greeting);
  g_assert_cmpuint(pace_line(t, greeting, +1), ==, ehlo);
  g_assert_cmpuint(pace_line(t, ehlo, -1), ==, greeting);
  g_assert_cmpuint(pace_line(t, greeting, -1), ==, answer);
  g_assert_cmpuint(pace_line(t, question, -1), ==, TRACE_NONE);
  g_assert_cmpuint(pace_line(t, trace_n_frames(t) - 1, +1), ==, TRACE_NONE);
  g_assert_cmpuint(pace_frame(t, TRACE_NONE, +1), ==, 0);
  g_assert_cmpuint(pace_frame(t, 0, -1), ==, TRACE_NONE);
  g_assert_cmpuint(pace_frame(t, trace_n_frames(t) - 1, +1), ==, TRACE_NONE);
  g_assert_cmpuint(pace_frame_at(t, -1), ==, TRACE_NONE);
  g_assert_cmpuint(pace_frame_at(t, time_of(r, 5)), ==, 5);
  g_assert_cmpuint(pace_frame_at(t, time_of(r, 5) - 1), ==, 4);
  g_assert_cmpuint(pace_frame_at(t, INT64_MAX), ==, trace_n_frames(t) - 1);
  run_free(r);
}

static void
test_run_until_an_event(void)
{
  struct run *r = run_id_of("mail-journey", NULL);
  size_t n;
  const struct run_event *events = run_events(r, &n);
  size_t i = pace_event(r, "mx-alice tcp * state = CLOSE-WAIT", -1);
  g_assert_cmpuint(i, <, n);
  g_assert_cmpstr(events[i].value, ==, "CLOSE-WAIT");
  g_assert_cmpuint(pace_event(r, "mx-alice tcp * state = CLOSE-WAIT", events[i].time_ns), !=, i);
  g_assert_cmpuint(pace_event_of(r, -1, events[i].host, "tcp ", "state", "CLOSE-WAIT"), ==, i);
  g_assert_cmpuint(pace_event(r, "nobody *", -1), ==, SIZE_MAX);
  run_free(r);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/time/branches-share-their-past", test_branches_share_their_past);
  g_test_add_func("/time/branch-of-a-branch", test_branch_of_a_branch);
  g_test_add_func("/time/again-at-another-tap", test_again_at_another_tap);
  g_test_add_func("/time/flights-know-of-inputs", test_flights_know_of_inputs);
  g_test_add_func("/time/series", test_series);
  g_test_add_func("/compare/itself", test_compare_with_itself);
  g_test_add_func("/compare/a-loss", test_compare_with_a_loss);
  g_test_add_func("/compare/another-seed", test_compare_with_another_seed);
  g_test_add_func("/compare/an-overtaking", test_compare_with_an_overtaking);
  g_test_add_func("/pace/step-out", test_step_out);
  g_test_add_func("/pace/step-over-and-in", test_step_over_and_in);
  g_test_add_func("/pace/run-until-an-event", test_run_until_an_event);
  return g_test_run();
}
