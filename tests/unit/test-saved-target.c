/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sys/saved-target.c: targets of saved cores, the mark that one is loaded, and the
 * state that its jump leaves on the disk.
 */
#include <fcntl.h>
#include <limits.h>
#include <lz4.h>
#include <unistd.h>
#include <zstd.h>

#include "../../kexec/sys/saved-target.h"
#include "kx/sys.h"
#include "saved-forge.h"
#include "sysroot.h"
#include "test.h"

#define MARK	"run/kexec-tools/resuming"

struct bed {
	struct sysroot root;
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_request req;
	struct kx_saved saved;
	struct kx_plan plan;
	struct kx_err err;
	char path[PATH_MAX];
};

static void write_core(struct bed *b, int stream)
{
	struct saved_forge s = { .machine = 183, .codec = 1, .stream = stream };

	saved_build(&s);
	sysroot_put(&b->root, "a disk", s.f.p, s.f.len);
	saved_forge_free(&s);
}

/* The state that the target has; the file is read anew. */
static enum kx_saved_state state(struct bed *b)
{
	enum kx_saved_state st = KX_SAVED_NONE;
	struct kx_target t;

	if (!CHECK(kx_target_open(b->path, false, &t, &b->err) == 0))
		return st;
	CHECK(kx_saved_probe(&t.file, &st, NULL, &b->err) == 0);
	kx_target_close(&t);
	return st;
}

/* As after kexec -l. */
static void bed_init(struct bed *b, int stream)
{
	struct kx_target t;

	memset(b, 0, sizeof(*b));
	sysroot_make(&b->root);
	kx_arena_init(&b->arena);
	sysroot_text(&b->root, "proc/sys/kernel/random/boot_id", "11111111-2222\n");
	sysroot_text(&b->root, "run/keep", "");
	write_core(b, stream);
	snprintf(b->path, sizeof(b->path), "%s/a disk", b->root.dir);
	b->src.root = b->root.dir;
	b->req.kernel.path = b->path;
	b->plan.request = &b->req;
	b->plan.sources = &b->src;
	b->plan.saved = &b->saved;
	if (!CHECK(kx_target_open(b->path, false, &t, &b->err) == 0))
		return;
	CHECK(!t.is_block);
	CHECK(kx_saved_open(&t.file, sha256_blocks_portable, &b->arena, &b->saved, &b->err) == 0);
	CHECK(kx_target_map(&t, b->saved.head.length, &b->err) == 0);
	CHECK_EQ_U64(t.map.len, b->saved.head.length);
	CHECK(!memcmp(t.map.data + (stream ? t.map.len - 4096 : 0) + 64, KX_SAVED_MAGIC, 8));
	kx_target_close(&t);
	kx_target_close(&t);
	CHECK(kx_resuming_note(&b->plan, &b->err) == 0);
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
	sysroot_remove(&b->root);
}

static void test_once(void)
{
	for (int stream = 0; stream < 2; stream++) {
		bool consumed;
		struct bed b;

		bed_init(&b, stream);
		CHECK(state(&b) == KX_SAVED_COMPLETE);
		CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
		CHECK(consumed);
		CHECK(state(&b) == KX_SAVED_CONSUMED);
		/* The jump was refused. */
		CHECK(kx_resuming_restore(b.root.dir, &b.err) == 0);
		CHECK(state(&b) == KX_SAVED_COMPLETE);
		/* Nobody touched anything else. */
		CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
		CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == -ESTALE);
		CHECK(!consumed);
		CHECK(strstr(b.err.text, "not resumed, because then it could be resumed once more: "));
		CHECK(strstr(b.err.text, "the image that is loaded was complete, and is consumed by now"));
		bed_deinit(&b);
	}
}

/* --resume-anyway of one that was resumed before. */
static void test_again(void)
{
	bool consumed;
	struct bed b;

	bed_init(&b, 0);
	CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
	b.saved.head.state = KX_SAVED_CONSUMED;
	CHECK(kx_resuming_note(&b.plan, &b.err) == 0);
	CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
	CHECK(kx_resuming_restore(b.root.dir, &b.err) == 0);
	CHECK(state(&b) == KX_SAVED_CONSUMED);
	bed_deinit(&b);
}

static void test_forgotten(void)
{
	bool consumed;
	struct bed b;

	/* kexec -u, or another kernel is loaded. */
	bed_init(&b, 0);
	CHECK(kx_resuming_forget(b.root.dir, &b.err) == 0);
	CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
	CHECK(!consumed && state(&b) == KX_SAVED_COMPLETE);
	CHECK(kx_resuming_note(&b.plan, &b.err) == 0);
	b.plan.saved = NULL;
	CHECK(kx_resuming_note(&b.plan, &b.err) == 0);
	CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
	CHECK(!consumed && state(&b) == KX_SAVED_COMPLETE);
	bed_deinit(&b);

	/* The mark is another boot's. */
	bed_init(&b, 0);
	sysroot_text(&b.root, "proc/sys/kernel/random/boot_id", "33333333-4444\n");
	CHECK(kx_resuming_consume(b.root.dir, &consumed, &b.err) == 0);
	CHECK(!consumed && state(&b) == KX_SAVED_COMPLETE);
	bed_deinit(&b);
}

static void consume_fails(struct bed *b, int code, const char *text)
{
	bool consumed = true;

	CHECK_EQ_U64((uint64_t)-kx_resuming_consume(b->root.dir, &consumed, &b->err),
		     (uint64_t)code);
	CHECK(!consumed);
	if (!CHECK(strstr(b->err.text, text)))
		printf("# %s\n", b->err.text);
}

static void test_refused(void)
{
	struct kx_target t;
	struct bed b;

	/* Another image took its place; then none. */
	bed_init(&b, 0);
	b.saved.head.id[0] ^= 1;
	CHECK(kx_resuming_note(&b.plan, &b.err) == 0);
	consume_fails(&b, ESTALE, "has another image than the one that is loaded");
	CHECK(state(&b) == KX_SAVED_COMPLETE);
	sysroot_text(&b.root, "a disk", "something else");
	consume_fails(&b, ENOENT, "expected a saved core");
	CHECK(unlink(b.path) == 0);
	consume_fails(&b, ENOENT, "cannot open for writing: No such file");
	sysroot_text(&b.root, MARK, "11111111-2222\nabc complete\n");
	consume_fails(&b, EINVAL, "expected an id, a state and a path, have 'abc complete'");
	sysroot_text(&b.root, MARK, "11111111-2222\nabc new /x\n");
	consume_fails(&b, EINVAL, "expected an id, a state and a path, have 'abc new /x'");
	CHECK(kx_resuming_note(&b.plan, &b.err) == -ENOENT);
	/* Not a file. */
	CHECK(kx_target_open(b.root.dir, false, &t, &b.err) == -EINVAL);
	CHECK(strstr(b.err.text, "expected a regular file or a block device"));
	CHECK_EQ_U64((uint64_t)(t.fd + 1), 0);
	bed_deinit(&b);
}

TEST_MAIN({ "an image is consumed once", test_once },
	  { "and once more, if that is wanted", test_again },
	  { "what is not loaded any more", test_forgotten },
	  { "targets that changed", test_refused })
