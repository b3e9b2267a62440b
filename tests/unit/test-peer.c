/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/sys/sources-peer.c: the kernel that sleeps, from /proc/vmcore and from
 * the command line; whatever is not there is no error, whatever is malformed is.
 */
#include <errno.h>

#include "kept-forge.h"
#include "kx/saved.h"
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"

struct bed {
	struct sysroot root;
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_err err;
	struct forge core;
};

static void begin(struct bed *b, const char *cmdline)
{
	*b = (struct bed){ .core = FORGE_NONE };
	sysroot_make(&b->root);
	kx_arena_init(&b->arena);
	b->src.root = b->root.dir;
	b->src.machine = KX_MACHINE_X86_64;
	b->src.cmdline = cmdline;
	core_build(&b->core);
}

static void end(struct bed *b)
{
	forge_free(&b->core);
	kx_arena_deinit(&b->arena);
	sysroot_remove(&b->root);
}

/* The descriptor of our note number @n: CONTEXT, STATE, MAP, INTEGRITY. */
static uint8_t *desc(struct bed *b, int n)
{
	for (size_t i = CORE_NOTES; i + 16 < CORE_MEMORY; i++)
		if (!memcmp(b->core.p + i, "KEXECJUMP", 10) && !n--)
			return b->core.p + i + 12;
	abort();
}

static int bed_read(struct bed *b)
{
	if (b->core.len)
		sysroot_put(&b->root, "proc/vmcore", b->core.p, b->core.len);
	return kx_peer_read(&b->src, &b->arena, &b->err);
}

static void test_vmcore(void)
{
	struct bed b;
	const struct kx_peer *p = &b.src.peer;

	begin(&b, "quiet kexec_jump_back_entry=0x777");
	/* A captured machine has no memory, only headers and notes. */
	b.core.len = CORE_MEMORY;
	CHECK(bed_read(&b) == 0);
	CHECK(p->present);
	CHECK_STR(p->source, "/proc/vmcore");
	CHECK_EQ_U64(p->entry, 0x1234060);
	CHECK(p->la57.known && !p->la57.value);
	CHECK_STR(p->release, "6.1.0-test");
	CHECK_EQ_U64(p->window.start, 0x5000);
	CHECK_EQ_U64(p->window.end, 0x7000);
	CHECK(!p->no_entry);
	end(&b);

	begin(&b, "quiet");
	kx_put_le64(desc(&b, 1) + 80, 0x1020);		/* CR4 */
	CHECK(bed_read(&b) == 0);
	CHECK(p->la57.known && p->la57.value);
	end(&b);

	begin(&b, "quiet");
	kx_put_le32(desc(&b, 1) + 4, 0);		/* STATE is blank */
	CHECK(bed_read(&b) == 0);
	CHECK(p->present && !p->la57.known);
	end(&b);
}

/* Purgatory was not there: who sleeps is known, and not where. */
static void test_blank(void)
{
	struct bed b;
	const struct kx_peer *p = &b.src.peer;

	begin(&b, "quiet");
	kx_put_le32(desc(&b, 0) + 16, 0);
	CHECK(bed_read(&b) == 0);
	CHECK(p->present);
	CHECK_STR(p->source, "/proc/vmcore");
	CHECK_EQ_U64(p->entry, 0);
	CHECK_STR(p->release, "6.1.0-test");
	CHECK_STR(p->no_entry,
		  "the note of a kernel that sleeps was not completed by purgatory");
	end(&b);

	begin(&b, "kexec-jump-back-entry=0x1 kexec_jump_back_entry=0x5678060 quiet");
	kx_put_le32(desc(&b, 0) + 16, 0);
	CHECK(bed_read(&b) == 0);
	CHECK_STR(p->source, "/proc/cmdline");
	CHECK_EQ_U64(p->entry, 0x5678060);
	CHECK_STR(p->release, "6.1.0-test");
	CHECK_EQ_U64(p->window.end, 0x7000);
	end(&b);
}

static void test_cmdline(void)
{
	struct bed b;
	const struct kx_peer *p = &b.src.peer;

	begin(&b, "kexec_jump_back_entry=0x5678060");
	b.core.len = 0;
	CHECK(bed_read(&b) == 0);
	CHECK(p->present);
	CHECK_STR(p->source, "/proc/cmdline");
	CHECK_EQ_U64(p->entry, 0x5678060);
	CHECK_STR(p->release, "");
	CHECK(!p->la57.known && p->window.start == p->window.end);
	CHECK_STR(p->no_entry, "cannot open: No such file or directory");
	end(&b);
}

static void absent(const char *cmdline, void (*prepare)(struct bed *b), const char *why)
{
	struct bed b;

	begin(&b, cmdline);
	prepare(&b);
	CHECK(bed_read(&b) == 0);
	CHECK(!b.src.peer.present);
	CHECK_STR(b.src.peer.no_entry, why);
	end(&b);
}

static void no_core(struct bed *b)
{
	b->core.len = 0;
}

static void directory(struct bed *b)
{
	sysroot_text(&b->root, "proc/vmcore/file", "");
	no_core(b);
}

/* The core of a crash. */
static void no_notes(struct bed *b)
{
	for (int i = 0; i < 4; i++)
		memcpy(desc(b, 0) - 12, "KEXECJUMPS", 10);
}

/* To be looked at only. */
static void snapshot(struct bed *b)
{
	kx_put_le32(desc(b, 0) + 8, 2);
	kx_put_le32(desc(b, 0) + 12, 0);
}

/* A snapshot, and a map of single pages that the next kernel took the place of. */
static void no_areas(struct bed *b)
{
	snapshot(b);
	kx_put_le32(desc(b, 0) + 12, 2);
}

static void no_way_in(struct bed *b)
{
	kx_put_le32(desc(b, 0) + 12, 0);
}

static void kept(struct bed *b)
{
	struct kept_forge k = { .machine = 183 };

	kept_build(&k);
	forge_free(&b->core);
	b->core = k.f;
}

/* One that did not jump here. */
static void test_kept(void)
{
	struct bed b;
	const struct kx_peer *p = &b.src.peer;

	begin(&b, "quiet kexec_jump_back_entry=0x777");
	kept(&b);
	CHECK(bed_read(&b) == 0);
	CHECK(p->present);
	CHECK_STR(p->source, "/proc/vmcore");
	CHECK_EQ_U64(p->entry, 0x800040);
	CHECK_STR(p->release, "6.1.0-kept");
	CHECK_EQ_U64(p->window.start, p->window.end);
	if (CHECK(p->kept)) {
		CHECK_EQ_U64(p->kept->head.record_count, 3);
		CHECK(p->kept->kept_pa && p->kept->kept_sha256);
	}
	end(&b);
}

static void test_absent(void)
{
	absent("quiet", no_core, "cannot open: No such file or directory");
	absent(NULL, no_core, "cannot open: No such file or directory");
	absent("kexec_jump_back_entry=0", no_core, "cannot open: No such file or directory");
	absent("quiet", directory, "expected a regular file");
	absent("quiet", no_notes, "no note of a kernel that sleeps");
	absent("quiet", snapshot, "no note of a kernel that sleeps");
	absent("quiet", no_way_in, "no note of a kernel that sleeps");
}

static void fails(const char *cmdline, void (*prepare)(struct bed *b), int code, const char *what)
{
	struct bed b;

	begin(&b, cmdline);
	prepare(&b);
	CHECK(bed_read(&b) == -code);
	CHECK_EQ_U64((uint64_t)b.err.code, (uint64_t)code);
	if (!CHECK(strstr(b.err.text, what)) || !CHECK(strstr(b.err.text, b.root.dir)))
		printf("# have: %s\n", b.err.text);
	CHECK(!b.src.peer.present);
	end(&b);
}

static void no_elf(struct bed *b)
{
	b->core.p[0] = 'x';
}

static void cut_off(struct bed *b)
{
	b->core.len = CORE_NOTES + 100;
}

static void later(struct bed *b)
{
	kx_put_le32(desc(b, 0), 2);
}

static void no_entry(struct bed *b)
{
	kx_put_le64(desc(b, 0) + 24, 0);
}

static void bad_state(struct bed *b)
{
	kx_put_le32(desc(b, 1) + 4, 2);
}

static void bad_window(struct bed *b)
{
	kx_put_le64(desc(b, 0) + 96, 0x8000);
}

static void test_malformed(void)
{
	char word[200] = "kexec_jump_back_entry=0x";

	fails("quiet", no_elf, ENOEXEC, "/proc/vmcore: ");
	fails("quiet", cut_off, ENOEXEC, "/proc/vmcore: ");
	fails("quiet", later, EOPNOTSUPP, "note KEXECJUMP CONTEXT: version: expected 1, have 2");
	fails("quiet", no_entry, ENOEXEC, "CONTEXT: entry: expected an address, have 0");
	fails("quiet", no_areas, ENOEXEC, "INTEGRITY: chunk 0: expected a whole area of 0x10000 bytes");
	fails("quiet", bad_state, ENOEXEC, "note KEXECJUMP STATE: status: expected 0 to 1, have 2");
	fails("quiet", bad_window, ENOEXEC, "note KEXECJUMP CONTEXT: window: ");
	fails("kexec_jump_back_entry=0x12g", no_core, ENOEXEC,
	      "/proc/cmdline: kexec_jump_back_entry: expected an address, have '0x12g'");
	fails("kexec_jump_back_entry", no_core, ENOEXEC, "expected an address, have ''");
	memset(word + strlen(word), '0', 150);
	fails(word, no_core, ENOEXEC, "expected an address, have '0x0000");
}

TEST_MAIN(
	{ "the notes in /proc/vmcore", test_vmcore },
	{ "notes that were not completed", test_blank },
	{ "kexec_jump_back_entry=", test_cmdline },
	{ "a kernel that is kept in memory", test_kept },
	{ "nobody sleeps", test_absent },
	{ "malformed", test_malformed },
)
