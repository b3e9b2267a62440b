// SPDX-License-Identifier: GPL-2.0-only
/*
 * The snapshot's stream up to its first data page, and what it says of where the
 * kernel is entered again.  Called by vmcore-dump/snapshot-stream.c and verb-keep.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "kx/snapshot.h"

void *kx_snapshot_reserve(uint64_t count, size_t size, struct kx_err *err)
{
	void *p;
	size_t len;

	if (__builtin_mul_overflow(count ? count : 1, size, &len)) {
		kx_err_set(err, ENOMEM, "no memory for 0x%" PRIx64 " entries", count);
		return NULL;
	}
	p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (p == MAP_FAILED) {
		kx_err_set(err, errno, "no memory for 0x%zx bytes: %s", len, strerror(errno));
		return NULL;
	}
	return p;
}

static int read_head(struct kx_snapshot *s, uint16_t machine, uint64_t page,
		     struct kx_snapshot_index *x, struct kx_err *err)
{
	uint8_t *first = kx_snapshot_reserve(1, (size_t)page, err);
	int r;

	if (!first)
		return -ENOMEM;
	x->first = (struct kx_bytes){ first, (size_t)page };
	r = kx_snapshot_read(s, first, (size_t)page, page, err);
	return r == 0 ? kx_snapshot_head_parse(x->first, machine, &x->head, err) : r;
}

static int read_frames(struct kx_snapshot *s, struct kx_snapshot_index *x, struct kx_err *err)
{
	size_t page = (size_t)x->head.page_size;
	struct kx_snapshot_run *run;
	uint8_t *buf;
	int r = 0;

	x->cap = x->head.frame_pages * (page / sizeof(uint64_t));
	run = kx_snapshot_reserve(x->cap, sizeof(*run), err);
	buf = run ? kx_snapshot_reserve(1, page, err) : NULL;
	if (!buf)
		return -ENOMEM;
	kx_snapshot_frames_init(&x->frames, &x->head, run, (size_t)x->cap);
	for (uint64_t i = 0; r == 0 && i < x->head.frame_pages; i++) {
		r = kx_snapshot_read(s, buf, page, page, err);
		if (r == 0)
			r = kx_snapshot_frames_add(&x->frames, (struct kx_bytes){ buf, page }, err);
	}
	munmap(buf, page);
	return r == 0 ? kx_snapshot_frames_end(&x->frames, err) : r;
}

int kx_snapshot_index_read(struct kx_snapshot *s, uint16_t machine, uint64_t page_size,
			   struct kx_snapshot_index *ret, struct kx_err *err)
{
	int r;

	*ret = (struct kx_snapshot_index){ .cap = 0 };
	r = read_head(s, machine, page_size, ret, err);
	return r == 0 ? read_frames(s, ret, err) : r;
}

void kx_snapshot_entry(const struct kx_snapshot_head *head, const struct kx_snapshot_facts *f,
		       struct kx_context *c)
{
	c->source = CONTEXT_SOURCE_SNAPSHOT;
	c->filled = true;
	if (c->machine == KX_ELF_ARM64) {
		c->entry_kind = CONTEXT_ENTRY_RESUME_ARM64;
		c->entry = f->cpu_resume;
		c->boot_cpu = head->mpidr;
		return;
	}
	c->entry_kind = CONTEXT_ENTRY_RESTORE_X86_64;
	c->entry = head->jump_pa;
	c->value[0] = head->cr3;
	c->value[1] = head->jump_va;
	c->value[2] = head->jump_pa;
	c->boot_cpu = f->boot_cpu;
}
