/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A process that shows that it goes on where it was: built for the guests of
 * `jump`, where several of them run on each side while the kernels take turns.
 *
 *	jump-steady STATE CPU SEED MIB		count on CPU (-1: any) for ever
 *	jump-steady cpus			make each CPU do something, once
 *	jump-steady clock			print CLOCK_REALTIME, in milliseconds
 *
 * It counts in memory and into the file STATE ("count passes"), and keeps MIB of
 * memory that it filled from SEED.  Every turn it looks that the file says what
 * it wrote there, that no clock went back, that it is on its CPU, and at a part
 * of the memory; a pass is once through all of it.  What is wrong ends the cell.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "jump-pattern.h"

#define MIB		((size_t)1 << 20)
#define CHUNK		(512 * 1024 / sizeof(uint64_t))
#define STATE_LEN	40

struct steady {
	const char *path;
	int fd, cpu;
	uint64_t seed, count, passes;
	uint64_t *mem;
	size_t words, next;
	struct timespec last[2];
};

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
	{ CLOCK_MONOTONIC, "CLOCK_MONOTONIC" },
	{ CLOCK_BOOTTIME, "CLOCK_BOOTTIME" },
};

static int run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void check_clocks(struct steady *s)
{
	for (size_t i = 0; i < 2; i++) {
		struct timespec t, *l = &s->last[i];

		clock_gettime(clocks[i].id, &t);
		if (t.tv_sec < l->tv_sec || (t.tv_sec == l->tv_sec && t.tv_nsec < l->tv_nsec))
			fail("steady", "%s: %s went back from %lld.%09ld to %lld.%09ld", s->path,
			     clocks[i].name, (long long)l->tv_sec, l->tv_nsec,
			     (long long)t.tv_sec, t.tv_nsec);
		*l = t;
	}
}

static void check_file(const struct steady *s, const char *want)
{
	char have[STATE_LEN + 1] = "";

	if (pread(s->fd, have, STATE_LEN, 0) != STATE_LEN || strcmp(have, want))
		fail("steady", "%s: expected '%.39s', have '%.39s'", s->path, want, have);
}

static void check_memory(struct steady *s)
{
	size_t n = s->words - s->next < CHUNK ? s->words - s->next : CHUNK;
	size_t bad = pattern_check(s->mem + s->next, n, s->seed, s->next);

	if (bad < n)
		fail("steady", "%s: word %zu of memory: expected %#" PRIx64 ", have %#" PRIx64,
		     s->path, s->next + bad, pattern(s->seed, s->next + bad),
		     s->mem[s->next + bad]);
	s->next += n;
	if (s->next == s->words) {
		s->next = 0;
		s->passes++;
	}
}

static void turn(struct steady *s, char *state)
{
	if (s->count)
		check_file(s, state);
	s->count++;
	check_clocks(s);
	check_memory(s);
	if (s->cpu >= 0 && sched_getcpu() != s->cpu)
		fail("steady", "%s: expected to run on CPU %d, am on %d", s->path, s->cpu,
		     sched_getcpu());
	snprintf(state, STATE_LEN + 1, "%-19" PRIu64 " %-19" PRIu64 "\n", s->count, s->passes);
	if (pwrite(s->fd, state, STATE_LEN, 0) != STATE_LEN)
		fail("steady", "%s: %s", s->path, strerror(errno));
}

static int all_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);
	volatile uint64_t sum = 0;

	for (int cpu = 0; cpu < n; cpu++) {
		if (run_on(cpu) < 0 || sched_getcpu() != cpu)
			fail("steady", "cannot run on CPU %d of %ld: %s", cpu, n, strerror(errno));
		for (uint64_t i = 0; i < 100000; i++)
			sum += pattern(1, i);
		printf("%s%d", cpu ? "," : "", cpu);
	}
	printf("\n");
	return 0;
}

static int wall_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	printf("%lld\n", (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
	return 0;
}

int main(int argc, char **argv)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	struct steady s = { .fd = -1 };
	char state[STATE_LEN + 1] = "";

	if (argc == 2 && !strcmp(argv[1], "cpus"))
		return all_cpus();
	if (argc == 2 && !strcmp(argv[1], "clock"))
		return wall_clock();
	if (argc != 5) {
		fprintf(stderr, "usage: jump-steady STATE CPU SEED MIB | cpus | clock\n");
		return 2;
	}
	s.path = argv[1];
	s.cpu = atoi(argv[2]);
	s.seed = strtoull(argv[3], NULL, 0);
	s.words = strtoull(argv[4], NULL, 0) * MIB / sizeof(uint64_t);
	s.fd = open(s.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	s.mem = mmap(NULL, s.words * sizeof(uint64_t), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s.fd < 0 || s.mem == MAP_FAILED || (s.cpu >= 0 && run_on(s.cpu) < 0))
		fail("steady", "%s: %s", s.path, strerror(errno));
	pattern_fill(s.mem, s.words, s.seed, 0);
	for (;;) {
		turn(&s, state);
		nanosleep(&pause, NULL);
	}
}
