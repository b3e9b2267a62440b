/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function that is called while the running kernel sleeps, in place of a kernel
 * to boot: where it lies, what memory it sees, how purgatory calls it.
 * doc/jump-protocol.md, section 8.  Called through arch/table.c by plan/build.c.
 *
 *	| file | zeros ... | stack |
 *	pc                         reg[3], which it grows down from
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "kx/uapi.h"
#include "x86_64.h"

/* Behind the file, for data that it expects to be zero, and then for its stack. */
#define ZEROS_LEN	0x10000u
#define STACK_LEN	0x10000u

/* purgatory/idmap-x86_64.c: what it maps memory with. */
#define LARGE_PAGE	0x200000u

/* Of the windows one is the result's. */
#define PIECES_MAX	(KX_WINDOWS_MAX - 1)

/*
 * Its first byte is its first instruction.  What a linker wrote would fault there,
 * and the machine with it.
 */
static int check_file(const struct kx_input *in, struct kx_err *err)
{
	if (in->bytes.len >= 4 && memcmp(in->bytes.data, "\177ELF", 4) == 0)
		return kx_err_set(err, ENOEXEC,
				  "%s: expected a flat binary that begins with the function, found an ELF file (objcopy -O binary makes one)",
				  in->path);
	return 0;
}

static int place(struct kx_plan *p, uint64_t *ret_pa, struct kx_err *err)
{
	const struct kx_bytes file = p->request->function.bytes;
	struct kx_want want = { .name = "function" };
	struct kx_segment *s;
	int rc;

	/* Far from wrapping: input_read() bounds it. */
	want.size = file.len + ZEROS_LEN + STACK_LEN;
	rc = kx_plan_place(p, want, file, "lowest room above 1 MiB: code, zeros and its stack",
			   ret_pa, err);
	if (rc < 0)
		return rc;
	s = kx_plan_segment(p, "function");
	s->handover = true;
	p->param.reg[3] = s->range.end;
	return 0;
}

/*
 * A word that is left in a page of ours, which no segment may take.  The page was
 * found before the plan was made, unless that is only to be looked at.
 */
static int add_result(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	struct kx_range page;

	if (!req->result_pa) {
		kx_plan_note(p, "result: the page it is left in is found at the call");
		return 0;
	}
	page.start = kx_align_down(req->result_pa, p->sources->page_size);
	page.end = page.start + p->sources->page_size;
	p->param.result_pa = req->result_pa;
	p->param.result_cookie = req->result_cookie;
	p->window[p->window_count++] = (struct kx_window){ "result", page };
	return kx_space_remove(&p->space, page, err);
}

static int add_ram(struct kx_space *s, const struct kx_memmap *m, uint64_t page,
		   struct kx_err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->n && rc == 0; i++)
		if (m->v[i].type == KX_MEM_RAM)
			rc = kx_space_add(s, kx_range_grow(m->v[i].r, page), err);
	return rc;
}

/* Pieces on neighbouring large pages are mapped by the same ones, gap included. */
static void join(struct kx_space *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct kx_range r = s->v[i].r, *last = n ? &s->v[n - 1].r : NULL;

		if (last && kx_align_up(last->end, LARGE_PAGE) >= kx_align_down(r.start, LARGE_PAGE))
			last->end = r.end;
		else
			s->v[n++].r = r;
	}
	s->n = n;
}

/* Takes the smallest piece out; returns how much that was. */
static uint64_t drop_smallest(struct kx_space *s)
{
	size_t small = 0;
	uint64_t len;

	for (size_t i = 1; i < s->n; i++)
		if (kx_range_len(s->v[i].r) < kx_range_len(s->v[small].r))
			small = i;
	len = kx_range_len(s->v[small].r);
	memmove(&s->v[small], &s->v[small + 1], (s->n - small - 1) * sizeof(s->v[0]));
	s->n--;
	return len;
}

/* All memory, hot-added memory too, as far as there are regions for its pieces. */
static int add_memory(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_sources *src = p->sources;
	struct kx_space ram;
	uint64_t left = 0;
	int rc;

	kx_space_init(&ram, p->arena);
	rc = add_ram(&ram, &src->firmware, src->page_size, err);
	if (rc == 0)
		rc = add_ram(&ram, &src->iomem, src->page_size, err);
	if (rc < 0)
		return rc;
	join(&ram);
	while (ram.n > PIECES_MAX)
		left += drop_smallest(&ram);
	for (size_t i = 0; i < ram.n; i++)
		p->window[p->window_count++] = (struct kx_window){ "memory", ram.v[i].r };
	if (left)
		kx_plan_note(p, "memory: 0x%" PRIx64 " bytes in small pieces are not mapped for the function, as purgatory knows at most %d regions",
			     left, PURG_REGIONS_MAX);
	return 0;
}

static void set_param(struct kx_plan *p, uint64_t pc)
{
	const struct kx_request *req = p->request;

	p->flags |= KX_LOAD_PRESERVE_CONTEXT;
	/* The other CPUs wait in pages that the segments may take. */
	p->param.flags |= PURG_F_PRESERVE | PURG_F_STOP_CPUS;
	p->param.entry_kind = PURG_ENTRY_CALL;
	p->param.paging = PURG_PAGING_KEEP;
	p->param.pc = pc;
	for (size_t i = 0; i < req->call_arg_count; i++)
		p->param.reg[i] = req->call_arg[i];
}

int kx_x86_64_layout_call(struct kx_plan *p, struct kx_err *err)
{
	const struct kx_request *req = p->request;
	uint64_t pc;
	int rc;

	rc = check_file(&req->function, err);
	if (rc < 0)
		return rc;
	if (req->result_pa && p->sources->iomem.n == 0)
		return kx_err_set(err, ENOSPC,
				  "--call: /proc/iomem does not say where the running kernel is");
	rc = add_result(p, err);
	if (rc == 0)
		rc = add_memory(p, err);
	if (rc == 0)
		rc = kx_space_remove(&p->space, (struct kx_range){ 0, X86_PLACE_MIN }, err);
	if (rc == 0)
		rc = place(p, &pc, err);
	if (rc < 0)
		return rc;
	set_param(p, pc);
	return 0;
}
