// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest helper: a kernel jump into purgatory without kexec's planning, to see what
 * a kernel really does at the boundary.
 *
 *	jump-call PURGATORY FUNCTION BASE SEGMENTS CALLS [ARG...]
 *
 * Loads the image PURGATORY at BASE with PURG_ENTRY_CALL for FUNCTION, which lies
 * behind it, and empty segments so that there are SEGMENTS in all; then CALLS
 * times reboot(KEXEC).  Prints what purgatory recorded, which it gets through a
 * page of this process: pinned by a pipe, named by /proc/self/pagemap.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "../../include/purgatory/abi.h"
#include "../../include/purgatory/context-note.h"

#define POOL_LEN	0x40000
#define CODE_OFF	(PURG_IMAGE_MAX + POOL_LEN)
#define CODE_LEN	0x10000
#define STACK_LEN	0x10000
#define COOKIE		0x6a756d7063616c6cULL
#define STATE_OFF	512		/* of the shared page: struct context_state */

static void die(const char *what)
{
	printf("jump-call: %s: %s\n", what, strerror(errno));
	exit(1);
}

static size_t read_into(const char *path, void *to, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, room);

	if (n <= 0)
		die(path);
	close(fd);
	return (size_t)n;
}

static uint64_t physical(const void *at)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &entry, 8, (off_t)((uintptr_t)at / 4096 * 8)) != 8)
		die("pagemap");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * 4096;
}

/* A page that stays where it is: migration fails while a pipe refers to it. */
static uint64_t *pinned_page(void)
{
	uint64_t *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	struct iovec v = { page, 4096 };
	int p[2];

	if (page == MAP_FAILED || pipe2(p, O_CLOEXEC))
		die("page");
	page[0] = COOKIE;
	if (vmsplice(p[1], &v, 1, 0) != 4096)
		die("vmsplice");
	return page;
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void show(const uint64_t *page)
{
	const struct context_state *s = (const void *)((const uint8_t *)page + STATE_OFF);

	printf("jump-call: calls=%llu value=%#llx return=%#llx rsp=%#llx slot=%#llx cr0=%#llx"
	       " cr3=%#llx cr4=%#llx efer=%#llx list=%#llx\n",
	       (unsigned long long)page[PURG_RESULT_CALLS],
	       (unsigned long long)page[PURG_RESULT_VALUE], (unsigned long long)s->return_address,
	       (unsigned long long)s->sp, (unsigned long long)s->slot, (unsigned long long)s->cr0,
	       (unsigned long long)s->cr3, (unsigned long long)s->cr4,
	       (unsigned long long)s->efer, (unsigned long long)s->list_head);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static uint8_t image[CODE_OFF + CODE_LEN + STACK_LEN];
	struct purg_param *p = (void *)(image + PURG_PARAM_OFF);
	struct kexec_segment seg[16] = { 0 };
	uint64_t base, shared, *page;
	int count, calls;

	if (argc < 6)
		return 2;
	base = strtoull(argv[3], NULL, 0);
	count = atoi(argv[4]);
	calls = atoi(argv[5]);
	read_into(argv[1], image, PURG_IMAGE_MAX);
	read_into(argv[2], image + CODE_OFF, CODE_LEN);
	page = pinned_page();
	shared = physical(page);

	memset(p, 0, sizeof(*p));
	p->magic = PURG_MAGIC;
	p->version = PURG_VERSION;
	p->size = sizeof(*p);
	p->flags = PURG_F_PRESERVE | (getenv("STOP_CPUS") ? PURG_F_STOP_CPUS : 0);
	p->base = base;
	p->pool_len = POOL_LEN;
	p->page_shift = 12;
	p->entry_kind = PURG_ENTRY_CALL;
	p->pc = base + CODE_OFF;
	for (int i = 0; i < 3 && i + 6 < argc; i++)
		p->reg[i] = strtoull(argv[6 + i], NULL, 0);
	p->reg[3] = base + sizeof(image);
	p->console_count = 1;
	p->console[0].kind = PURG_CONSOLE_8250_PORT;
	p->console[0].addr = 0x3f8;
	p->state_pa = shared + STATE_OFF;
	p->result_pa = shared;
	p->result_cookie = COOKIE;
	p->region_count = 3;
	p->region[0] = (struct purg_region){ .pa = base + CODE_OFF, .mem_len = CODE_LEN + STACK_LEN,
					     .flags = PURG_REGION_WRITE, .name = "function" };
	p->region[1] = (struct purg_region){ .pa = shared, .mem_len = 4096,
					     .flags = PURG_REGION_WRITE, .name = "result" };
	p->region[2] = (struct purg_region){ .pa = p->reg[0] & ~0xfffULL,
					     .mem_len = p->reg[1] + 0x1000, .name = "range" };

	for (int i = 0; i < count; i++) {
		seg[i].mem = (void *)(base + (uint64_t)i * 0x400000);
		seg[i].memsz = i ? 0x3000 * (size_t)i : sizeof(image);
		seg[i].buf = i ? NULL : image;
		seg[i].bufsz = i ? 0 : sizeof(image);
		p->segment[i] = (struct purg_segment){ (uintptr_t)seg[i].mem, seg[i].memsz };
	}
	p->segment_count = (uint32_t)count;

	if (syscall(SYS_kexec_load, 0, 0, NULL, KEXEC_PRESERVE_CONTEXT))
		die("kexec_load(0, 0, NULL, KEXEC_PRESERVE_CONTEXT)");
	printf("jump-call: the probe is answered with 0; shared page at %#llx\n",
	       (unsigned long long)shared);
	if (syscall(SYS_kexec_load, base, count, seg, KEXEC_PRESERVE_CONTEXT))
		die("kexec_load");
	for (int i = 0; i < calls; i++) {
		double t = now(CLOCK_MONOTONIC), r = now(CLOCK_REALTIME);
		long ret;

		fflush(stdout);
		ret = syscall(SYS_reboot, 0xfee1dead, 672274793, 0x45584543, NULL);
		printf("jump-call: reboot=%ld errno=%d cpus=%ld monotonic %.3f s real %.3f s\n", ret,
		       ret ? errno : 0, sysconf(_SC_NPROCESSORS_ONLN), now(CLOCK_MONOTONIC) - t,
		       now(CLOCK_REALTIME) - r);
		show(page);
	}
	return 0;
}
