/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a system does that is saved and resumed: built for the guests of `resume`
 * and `powercut`.  Processes that each hold one thing of the kernel's, and look
 * whether it is still theirs.
 *
 *	life start FOLDER MIB WRITERS	start them, return when they run
 *	life arm SECONDS		the clocks of "timerfd" and "sleep" begin
 *	life resumed			... and must not have ended before this
 *	life check			a line "ok NAME ..." or "bad NAME ..." of each
 *	life stop			they close their files and end
 *	life verify FILE...		what writers left
 *	life junk MIB			memory full of a text, given back at once
 *	life zeros MIB			fresh memory is zeros
 *
 * FOLDER is on a disk; MIB of memory are filled with what does not pack; WRITERS
 * write blocks there, each with its checksum and flushed.  They meet in /tmp/life.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/ip_icmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include "jump-pattern.h"

#define MIB		((size_t)1 << 20)
#define PAGE		4096
#define WORDS		(PAGE / sizeof(uint64_t))
#define MEET		"/tmp/life"
#define GATEWAY		"10.0.2.2"	/* of QEMU's user network: it answers itself */
#define WRITERS_MAX	8
#define RING		256		/* blocks of a writer's file */
#define RECORD		32		/* bytes of a line of the log */
#define JUNK		"KX-JUNK-THAT-C-LEFT-IN-A-PAGE--\n"
#define LATE_S		5

enum { FILES, DELETED, TIMERFD, SLEEP, MEMORY, TCP, PING, WRITE, COUNT = WRITE + WRITERS_MAX };
static const char *const names[] = {
	"file", "deleted", "timerfd", "sleep", "memory", "tcp", "ping", "write",
};

struct meet {
	size_t mib, writers;
	char folder[64];
	volatile uint32_t armed, resumed, wanted, stop;		/* counted up */
	volatile uint32_t seconds;
	struct verdict {
		volatile uint32_t round;	/* the last one wanted that it answered */
		volatile uint32_t ready, gone;
		bool bad;
		char text[160];
	} v[COUNT];
};

struct self {
	struct meet *m;
	struct verdict *v;
	size_t which;
	const char *bad;		/* what it found on the way, or NULL */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_ms(unsigned int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	nanosleep(&t, NULL);
}

static struct meet *meet(bool create)
{
	int fd = open(MEET, O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0), 0600);
	struct meet *m;

	if (fd < 0 || (create && ftruncate(fd, sizeof(*m)) < 0))
		fail("life", "%s: %s", MEET, strerror(errno));
	m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (m == MAP_FAILED)
		fail("life", "%s: %s", MEET, strerror(errno));
	close(fd);
	return m;
}

/* ---- what they have in common ------------------------------------------------------ */

__attribute__((format(printf, 3, 4)))
static void answer(struct self *s, bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (s->bad)
		snprintf(s->v->text, sizeof(s->v->text), "%s", s->bad);
	else
		vsnprintf(s->v->text, sizeof(s->v->text), fmt, ap);
	va_end(ap);
	s->v->bad = s->bad || !good;
	s->v->round = s->m->wanted;
}

static bool wanted(const struct self *s)
{
	return s->v->round != s->m->wanted;
}

static void end_if_told(struct self *s)
{
	if (!s->m->stop)
		return;
	for (int fd = 3; fd < 32; fd++)
		close(fd);
	s->v->gone = 1;
	_exit(0);
}

/* One turn; the first one says that it runs. */
static void turn(struct self *s, unsigned int ms)
{
	s->v->ready = 1;
	end_if_told(s);
	pause_ms(ms);
}

static int open_in(const struct self *s, const char *name, int flags)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", s->m->folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
	if (fd < 0)
		fail("life", "%s: %s", path, strerror(errno));
	return fd;
}

/* ---- a log that is appended to, and read behind --------------------------------------- */

static void line_of(uint64_t n, char *to)
{
	snprintf(to, RECORD + 1, "%-31" PRIu64 "\n", n);
}

/* One process appends lines, and reads with another position of its own, 10 lines back. */
static void files(struct self *s)
{
	int out = open_in(s, "log", O_TRUNC | O_APPEND), in = open_in(s, "log", 0);
	char line[RECORD + 1], have[RECORD + 1];

	for (uint64_t n = 0;; n++) {
		line_of(n, line);
		if (write(out, line, RECORD) != RECORD)
			s->bad = "cannot append";
		if (n >= 10) {
			memset(have, 0, sizeof(have));
			line_of(n - 10, line);
			if (lseek(in, 0, SEEK_CUR) != (off_t)((n - 10) * RECORD))
				s->bad = "its position moved";
			else if (read(in, have, RECORD) != RECORD || strcmp(have, line))
				s->bad = "read another line than was written";
			if (lseek(out, 0, SEEK_END) != (off_t)((n + 1) * RECORD))
				s->bad = "the file has another length";
		}
		if (wanted(s))
			answer(s, true, "%" PRIu64 " lines", n);
		turn(s, 20);
	}
}

/* A file on the disk that has no name any more. */
static void deleted(struct self *s)
{
	int fd = open_in(s, "deleted", O_TRUNC);
	uint64_t block[WORDS];
	char path[96];

	snprintf(path, sizeof(path), "%s/deleted", s->m->folder);
	unlink(path);
	for (uint64_t n = 0;; n++) {
		pattern_fill(block, WORDS, n, 0);
		if (n < 2000 && pwrite(fd, block, PAGE, (off_t)n * PAGE) != PAGE)
			s->bad = "cannot write";
		if (wanted(s)) {
			uint64_t i = 0, end = n < 2000 ? n + 1 : 2000;

			fsync(fd);
			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			while (i < end && pread(fd, block, PAGE, (off_t)i * PAGE) == PAGE &&
			       pattern_check(block, WORDS, i, 0) == WORDS)
				i++;
			answer(s, i == end, "%" PRIu64 " of %" PRIu64 " blocks", i, end);
		}
		turn(s, 20);
	}
}

/* ---- clocks --------------------------------------------------------------------------- */

/* What is judged of both: it ended after the resume, not early, not late. */
static void judge_clock(struct self *s, double from, double to, bool early, uint64_t times)
{
	double want = s->m->seconds;

	answer(s, !early && times == 1 && to - from >= want && to - from < want + LATE_S,
	       "%" PRIu64 " times, after %.2f of %.0f s%s", times, to - from, want,
	       early ? ", before the resume" : "");
}

static void timerfd(struct self *s)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	uint32_t armed = 0, resumed = 0;
	double from = 0, to = 0;
	bool early = false;
	uint64_t times = 0, n;

	for (;;) {
		if (armed != s->m->armed) {
			const struct itimerspec t = { .it_value.tv_sec = s->m->seconds };

			armed = s->m->armed;
			resumed = s->m->resumed;
			times = 0;
			early = false;
			from = to = now();
			timerfd_settime(fd, 0, &t, NULL);
		}
		if (read(fd, &n, sizeof(n)) == sizeof(n)) {
			times += n;
			to = now();
			early = early || resumed == s->m->resumed;
		}
		/* half a second more, for one that comes twice */
		if (wanted(s) && (now() > from + s->m->seconds + LATE_S || (times && now() > to + 0.5)))
			judge_clock(s, from, to, early, times);
		turn(s, 10);
	}
}

static void sleeper(struct self *s)
{
	uint32_t armed = 0;

	for (;;) {
		uint32_t resumed = s->m->resumed;
		struct timespec t = { .tv_sec = s->m->seconds };
		double from = now();

		if (armed == s->m->armed) {
			turn(s, 10);
			continue;
		}
		armed = s->m->armed;
		while (nanosleep(&t, &t) < 0 && errno == EINTR)
			;
		{
			double to = now();
			bool early = resumed == s->m->resumed;

			while (!wanted(s))
				turn(s, 10);
			judge_clock(s, from, to, early, 1);
		}
	}
}

/* ---- memory ------------------------------------------------------------------------------ */

static void *memory_map(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("life", "no memory for %zu bytes", len);
	return p;
}

static void memory(struct self *s)
{
	size_t words = s->m->mib * MIB / sizeof(uint64_t);
	uint64_t *p = memory_map(words * sizeof(*p) + PAGE);

	pattern_fill(p, words, s->m->mib, 0);
	for (;;) {
		if (wanted(s)) {
			size_t bad = pattern_check(p, words, s->m->mib, 0);

			answer(s, bad == words, "%zu of %zu words", bad, words);
		}
		turn(s, 20);
	}
}

/* ---- networks ----------------------------------------------------------------------------- */

/* A connection over lo: an echo with numbers that must come in their order. */
static void tcp(struct self *s)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), d;
	uint64_t back;

	if (bind(l, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(l, 1) < 0 ||
	    getsockname(l, (struct sockaddr *)&a, &len) < 0 ||
	    connect(c, (struct sockaddr *)&a, sizeof(a)) < 0)
		fail("life", "tcp: %s", strerror(errno));
	d = accept(l, NULL, NULL);
	for (uint64_t n = 0;; n++) {
		if (send(c, &n, sizeof(n), MSG_NOSIGNAL) != sizeof(n) ||
		    recv(d, &back, sizeof(back), MSG_WAITALL) != sizeof(back) || back != n)
			s->bad = "the connection over lo broke";
		if (wanted(s))
			answer(s, true, "%" PRIu64 " numbers over one connection", n);
		turn(s, 20);
	}
}

static uint16_t icmp_sum(const void *data, size_t len)
{
	const uint16_t *p = data;
	uint32_t sum = 0;

	for (; len > 1; len -= 2)
		sum += *p++;
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)~(sum + (sum >> 16));
}

/* One echo over the card; the socket is the one that was there before. */
static bool ping_once(int fd, uint16_t n)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct icmphdr h = { .type = ICMP_ECHO };
	uint8_t in[128];
	ssize_t len;

	inet_pton(AF_INET, GATEWAY, &a.sin_addr);
	h.un.echo.id = htons(0x4b58);
	h.un.echo.sequence = htons(n);
	h.checksum = icmp_sum(&h, sizeof(h));
	if (sendto(fd, &h, sizeof(h), 0, (struct sockaddr *)&a, sizeof(a)) < 0)
		return false;
	/* behind an IP header without options */
	while ((len = recv(fd, in, sizeof(in), 0)) >= (ssize_t)(20 + sizeof(h))) {
		memcpy(&h, in + 20, sizeof(h));
		if (h.type == ICMP_ECHOREPLY && h.un.echo.sequence == htons(n))
			return true;
	}
	return false;
}

static void ping(struct self *s)
{
	const struct timeval wait = { .tv_usec = 500000 };
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	uint64_t answers = 0;
	uint16_t n = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		fail("life", "ping: %s", strerror(errno));
	for (int i = 0; i < 20 && !answers; i++)
		answers += ping_once(fd, n++);
	if (!answers)
		s->bad = "no answer from " GATEWAY " before the save";
	for (;;) {
		if (wanted(s)) {
			int come = 0;

			for (int i = 0; i < 20 && come < 3; i++)
				come += ping_once(fd, n++);
			answer(s, come == 3, "%d of 3 answers from " GATEWAY, come);
		} else {
			answers += ping_once(fd, n++);
		}
		turn(s, 200);
	}
}

/* ---- writers ---------------------------------------------------------------------------------- */

/* Number @n of the file with @seed: number, seed, checksum, and a page of what follows. */
static void block_make(uint64_t seed, uint64_t n, uint64_t *block)
{
	uint64_t sum = 0;

	block[0] = n;
	block[1] = seed;
	pattern_fill(block + 3, WORDS - 3, seed ^ n << 8, 0);
	for (size_t i = 3; i < WORDS; i++)
		sum = sum * 31 + block[i];
	block[2] = sum;
}

/* Is all in @fd as a writer left it, whose last one was @last? UINT64_MAX: not known. */
static bool blocks_right(int fd, uint64_t last, uint64_t *ret_last)
{
	uint64_t have[WORDS], want[WORDS], newest = 0;
	off_t blocks = lseek(fd, 0, SEEK_END) / PAGE;

	for (off_t i = 0; i < blocks; i++) {
		if (pread(fd, have, PAGE, i * PAGE) != PAGE)
			return false;
		block_make(have[1], have[0], want);
		if (have[0] % RING != (uint64_t)i || memcmp(have, want, PAGE))
			return false;
		newest = have[0] > newest ? have[0] : newest;
	}
	/* The ring has the last ones, and no older ones. */
	for (off_t i = 0; i < blocks; i++) {
		if (pread(fd, have, PAGE, i * PAGE) != PAGE || have[0] + RING <= newest)
			return false;
	}
	*ret_last = newest;
	return last == UINT64_MAX || newest == last;
}

static void writer(struct self *s)
{
	uint64_t block[WORDS], newest = 0;
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "w%zu", s->which - WRITE);
	fd = open_in(s, name, O_TRUNC);
	for (uint64_t n = 0;; n++) {
		block_make(s->which, n, block);
		if (pwrite(fd, block, PAGE, (off_t)(n % RING) * PAGE) != PAGE || fsync(fd) < 0)
			s->bad = "cannot write";
		if (wanted(s)) {
			bool right;

			posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
			right = blocks_right(fd, n, &newest);
			answer(s, right, "block %" PRIu64 " of %" PRIu64, newest, n);
		}
		s->v->ready = 1;
		end_if_told(s);
	}
}

/* ---- the commands --------------------------------------------------------------------------- */

static void (*const lives[])(struct self *s) = {
	files, deleted, timerfd, sleeper, memory, tcp, ping, writer,
};

static bool is_there(const struct meet *m, size_t i)
{
	return i < WRITE + m->writers;
}

static int start(const char *folder, const char *mib, const char *writers)
{
	struct meet *m = meet(true);

	snprintf(m->folder, sizeof(m->folder), "%s", folder);
	m->mib = strtoul(mib, NULL, 0);
	m->writers = strtoul(writers, NULL, 0);
	if (m->writers > WRITERS_MAX)
		fail("life", "expected at most %d writers", WRITERS_MAX);
	for (size_t i = 0; is_there(m, i); i++) {
		struct self s = { .m = m, .v = &m->v[i], .which = i };

		if (fork() == 0) {
			lives[i < WRITE ? i : WRITE](&s);
			_exit(1);
		}
	}
	for (size_t i = 0; is_there(m, i); i++)
		while (!m->v[i].ready)
			pause_ms(10);
	return 0;
}

static int check(void)
{
	struct meet *m = meet(false);
	double until = now() + 60;
	int bad = 0;

	m->wanted++;
	for (size_t i = 0; is_there(m, i); i++) {
		const struct verdict *v = &m->v[i];
		const char *name = names[i < WRITE ? i : WRITE];

		while (v->round != m->wanted && now() < until)
			pause_ms(10);
		if (v->round != m->wanted)
			printf("bad %s no answer\n", name);
		else
			printf("%s %s %s\n", v->bad ? "bad" : "ok", name, v->text);
		bad |= v->round != m->wanted || v->bad;
	}
	return bad;
}

static int stop(void)
{
	struct meet *m = meet(false);

	m->stop = 1;
	for (size_t i = 0; is_there(m, i); i++)
		while (!m->v[i].gone)
			pause_ms(10);
	return 0;
}

static int verify(char **files)
{
	uint64_t last;

	for (; *files; files++) {
		int fd = open(*files, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || !blocks_right(fd, UINT64_MAX, &last)) {
			printf("bad %s\n", *files);
			return 1;
		}
		close(fd);
	}
	return 0;
}

static int junk(const char *mib)
{
	size_t len = strtoul(mib, NULL, 0) * MIB;
	char *p = memory_map(len);

	for (size_t i = 0; i < len; i += sizeof(JUNK) - 1)
		memcpy(p + i, JUNK, sizeof(JUNK) - 1);
	return 0;
}

static int zeros(const char *mib)
{
	size_t words = strtoul(mib, NULL, 0) * MIB / sizeof(uint64_t), bad = 0;
	uint64_t *p = memory_map(words * sizeof(*p));

	/* Each line of the cache; and each a page of its own, not the one of zeros. */
	for (size_t i = 0; i < words; i += 8) {
		if (i % WORDS == 0)
			*(volatile uint64_t *)&p[i + 1] = 0;
		bad += p[i] != 0;
	}
	printf("%zu of %zu words are not zeros\n", bad, words / 8);
	return bad != 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (!strcmp(verb, "start") && argc == 5)
		return start(argv[2], argv[3], argv[4]);
	if (!strcmp(verb, "check") && argc == 2)
		return check();
	if (!strcmp(verb, "stop") && argc == 2)
		return stop();
	if (!strcmp(verb, "verify") && argc > 2)
		return verify(argv + 2);
	if (!strcmp(verb, "junk") && argc == 3)
		return junk(argv[2]);
	if (!strcmp(verb, "zeros") && argc == 3)
		return zeros(argv[2]);
	if (!strcmp(verb, "arm") && argc == 3) {
		meet(false)->seconds = (uint32_t)strtoul(argv[2], NULL, 0);
		meet(false)->armed++;
		return 0;
	}
	if (!strcmp(verb, "resumed") && argc == 2) {
		meet(false)->resumed++;
		return 0;
	}
	fprintf(stderr, "life: expected a verb, see life.c\n");
	return 2;
}
