/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of this process that others find by its physical address: purgatory
 * leaves a function's result there.  Called by verb-call.c.
 *
 * Locked, a page is still moved: compaction and khugepaged do that.  Both leave
 * one alone that has more references than they know of, and each page that a pipe
 * was given by vmsplice(2) has such a one for as long as the pipe holds it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kx/sys.h"
#include "open.h"

#define PAGEMAP		"/proc/self/pagemap"
/* Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PFN	((1ULL << 55) - 1)
#define PAGEMAP_PRESENT	(1ULL << 63)

int kx_pagemap_parse(uint64_t entry, uint64_t page_size, uint64_t *ret_pa, struct kx_err *err)
{
	uint64_t pfn = entry & PAGEMAP_PFN, pa;

	if (!(entry & PAGEMAP_PRESENT))
		return kx_err_set(err, EFAULT, PAGEMAP ": expected a page in memory, have 0x%" PRIx64,
				  entry);
	if (!pfn)
		return kx_err_set(err, EPERM,
				  PAGEMAP ": shows no addresses: the capability CAP_SYS_ADMIN is missing");
	if (__builtin_mul_overflow(pfn, page_size, &pa))
		return kx_err_set(err, ERANGE, PAGEMAP ": no page has the number 0x%" PRIx64, pfn);
	*ret_pa = pa;
	return 0;
}

static int where(const struct kx_pinned *p, uint64_t *ret_pa, struct kx_err *err)
{
	_cleanup_fd_ int fd = kx_open(PAGEMAP, O_RDONLY);
	uint64_t entry;
	ssize_t n;

	if (fd < 0)
		return kx_err_set(err, -fd, PAGEMAP ": %s", strerror(-fd));
	n = pread(fd, &entry, sizeof(entry),
		  (off_t)((uintptr_t)p->page / p->len * sizeof(entry)));
	if (n != (ssize_t)sizeof(entry))
		return kx_err_set(err, n < 0 ? errno : EIO, PAGEMAP ": %s",
				  n < 0 ? strerror(errno) : "ends before this process");
	return kx_pagemap_parse(entry, p->len, ret_pa, err);
}

/* The page into the pipe, as itself and not as a copy. */
static int hold(struct kx_pinned *p, struct kx_err *err)
{
	struct iovec v = { p->page, p->len };
	ssize_t n;

	if (pipe2(p->pipe, O_CLOEXEC) < 0)
		return kx_err_set(err, errno, "pipe: %s", strerror(errno));
	n = vmsplice(p->pipe[1], &v, 1, 0);
	if (n < 0)
		return kx_err_set(err, errno, "vmsplice: %s", strerror(errno));
	return (uint64_t)n == p->len ? 0 : kx_err_set(err, EIO, "vmsplice: a page, but in part");
}

static int pin(struct kx_pinned *p, uint64_t len, struct kx_err *err)
{
	int r;

	p->page = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (p->page == MAP_FAILED) {
		p->page = NULL;
		return kx_err_set(err, errno, "no memory for a page to be found: %s",
				  strerror(errno));
	}
	p->len = len;
	/* Before it is written to, it is everybody's page of zeros. */
	memset(p->page, 0, len);
	r = hold(p, err);
	return r < 0 ? r : where(p, &p->pa, err);
}

int kx_pinned_init(uint64_t page_size, struct kx_pinned *ret, struct kx_err *err)
{
	struct kx_pinned p = { .pipe = { -1, -1 } };
	int r = pin(&p, page_size, err);

	if (r < 0) {
		kx_pinned_deinit(&p);
		return r;
	}
	*ret = p;
	return 0;
}

int kx_pinned_check(const struct kx_pinned *p, struct kx_err *err)
{
	uint64_t pa;
	int r = where(p, &pa, err);

	if (r < 0)
		return r;
	if (pa != p->pa)
		return kx_err_set(err, ESTALE, "the page for the result was moved: it was at 0x%"
				  PRIx64 " and is at 0x%" PRIx64, p->pa, pa);
	return 0;
}

void kx_pinned_deinit(struct kx_pinned *p)
{
	if (p->page)
		munmap(p->page, p->len);
	kx_close(&p->pipe[0]);
	kx_close(&p->pipe[1]);
	*p = (struct kx_pinned){ .pipe = { -1, -1 } };
}
