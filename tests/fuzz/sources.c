/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz target of everything that kexec reads below /proc and /sys: a captured
 * machine (--sysroot) whose files are the input's, and the plan for it.
 *
 * Input: a byte that chooses the architecture, then records of an index into
 * fuzz_source_paths[], a length (16 bits, little-endian) and that many bytes;
 * the last record may be shorter.  make-seeds.c writes them.
 */
#include <string.h>

#include "../unit/forge.h"
#include "../unit/sysroot.h"
#include "kx/core-headers.h"
#include "kx/plan.h"
#include "kx/sys.h"
#include "sources.h"
#include "targets.h"

/* Small, because every one is a file that is made and removed. */
#define RECORDS_MAX	32

/* Write the files; *ret_serial is --serial's argument or NULL. */
static void make_root(const struct sysroot *root, struct kx_bytes in, struct kx_arena *a,
		      const char **ret_serial)
{
	struct kx_rd rd = kx_rd_make(in, KX_LE);

	sysroot_text(root, "kx/uname", kx_rd_u8(&rd) & 1 ? "Linux 6.1.0 aarch64 4096\n" :
							   "Linux 6.1.0 x86_64 4096\n");
	for (int i = 0; i < RECORDS_MAX && rd.off < in.len; i++) {
		const char *path = fuzz_source_paths[kx_rd_u8(&rd) % FUZZ_SOURCE_PATHS];
		size_t len = kx_rd_u16(&rd);
		struct kx_bytes b;

		if (rd.bad)
			break;
		b = kx_rd_bytes(&rd, len > in.len - rd.off ? in.len - rd.off : len);
		if (path)
			sysroot_put(root, path, b.data, b.len);
		else
			*ret_serial = fuzz_text(a, b);
	}
}

/* The facts are sound enough to plan with, or that says why not. */
static void plan(const struct kx_sources *src, struct kx_arena *a)
{
	struct kx_err err = { .code = 0 };
	struct forge kernel = FORGE_NONE;
	struct kx_request req;
	struct kx_plan p;

	memset(&req, 0, sizeof(req));
	if (src->machine == KX_MACHINE_ARM64)
		forge_arm64_image(&kernel, 1024);
	else
		forge_bzimage(&kernel, 1024);
	req.kernel = (struct kx_input){
		.path = "kernel", .bytes = fuzz_copy(a, forge_bytes(&kernel)), .fd = -1,
	};
	forge_free(&kernel);
	req.reuse_cmdline = true;
	req.call = KX_CALL_LOAD;
	req.mem_max = UINT64_MAX;
	fuzz_check(kx_plan_build(&req, src, a, &p, &err), &err);
}

/* Who sleeps, and the way back there. */
static void resume(struct kx_sources *src, struct kx_arena *a)
{
	struct kx_request req = { .resume = true, .preserve = true, .mem_max = UINT64_MAX };
	struct kx_err err = { .code = 0 };
	struct kx_text t;
	struct kx_plan p;
	int rc;

	rc = kx_peer_read(src, a, &err);
	fuzz_check(rc, &err);
	FUZZ_ASSERT(rc == 0 || !src->peer.present);
	FUZZ_ASSERT(!src->peer.present == !src->peer.source);
	FUZZ_ASSERT(memchr(src->peer.release, '\0', sizeof(src->peer.release)));
	err.code = 0;
	rc = kx_plan_build(&req, src, a, &p, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		FUZZ_ASSERT(p.param.pc == src->peer.entry && p.segment_count == 1);
		kx_text_init(&t, a);
		kx_plan_print_json(&p, &t);
		FUZZ_ASSERT(kx_text_str(&t));
	}
}

/* The same for core headers. */
static void core_headers(struct kx_sources *src, struct kx_arena *a)
{
	struct kx_core_headers_wish w = { .runs_max = 8 };
	struct kx_err err = { .code = 0 };
	struct kx_core_headers h;
	struct kx_context c;
	int rc;

	rc = kx_core_facts_read(src, a, &err);
	fuzz_check(rc, &err);
	kx_context_init(&c, src);
	w.context = &c;
	rc = kx_core_headers_build(src, &w, a, &h, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		FUZZ_ASSERT(h.map_off + h.map_len <= h.len);
		kx_core_headers_place(&h, 0x100000);
		fuzz_touch((struct kx_bytes){ h.blob, h.len });
	}
}

void fuzz_sources(struct kx_bytes in)
{
	struct kx_console_wish wish = { .serial = NULL };
	struct kx_err err = { .code = 0 };
	struct kx_sources src;
	struct sysroot root;
	struct kx_arena a;
	int rc;

	kx_arena_init(&a);
	sysroot_make(&root);
	make_root(&root, in, &a, &wish.serial);
	rc = kx_sources_read(root.dir, &wish, &a, &src, &err);
	fuzz_check(rc, &err);
	if (rc == 0) {
		plan(&src, &a);
		resume(&src, &a);
		core_headers(&src, &a);
	}
	sysroot_remove(&root);
	kx_arena_deinit(&a);
}
