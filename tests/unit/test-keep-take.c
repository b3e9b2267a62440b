/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What -l leaves for -e (sys/keeping.c), which CPUs go offline (sys/cpus.c), and a
 * snapshot's pages on their way to the areas (sys/keep.c, sys/snapshot-index.c): a
 * file has what /dev/snapshot would give.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kx/keep-take.h"
#include "sysroot.h"
#include "test.h"

#define BOOT_ID	"5d0b3f55-7b6c-4f9a-8a53-0d6b8f3a9c11"
#define PAGE	0x1000u

static struct kx_arena arena;
static struct kx_err err;

/* ---- the mark ---------------------------------------------------------------------- */

static void begin(struct sysroot *root)
{
	kx_arena_init(&arena);
	memset(&err, 0, sizeof(err));
	sysroot_make(root);
	sysroot_text(root, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
	sysroot_text(root, "run/other", "");
}

static void end(struct sysroot *root)
{
	sysroot_remove(root);
	kx_arena_deinit(&arena);
}

static void test_mark(void)
{
	char kexec[] = "kexec", first[] = "--append= two  words ", second[] = "vmlinuz";
	char *argv[] = { kexec, first, second, NULL };
	struct kx_keeping_file file[] = {
		{ "a b", 1, 2, 3, 4, 5 }, { "/x", UINT64_MAX, 0, 7, 8, 999999999 },
	};
	struct kx_keeping v = {
		.release = "6.12.1", .times = 0x12, .dir = "/some where", .file = file,
		.file_count = 2, .argv = argv, .argc = 3,
	};
	struct kx_keeping got;
	struct sysroot root;
	bool set = true;

	begin(&root);
	CHECK(kx_keeping_read(root.dir, &arena, &set, &got, &err) == 0 && !set);
	CHECK(kx_keeping_write(root.dir, &v, &err) == 0);
	CHECK(kx_keeping_read(root.dir, &arena, &set, &got, &err) == 0 && set);
	CHECK_STR(got.release, "6.12.1");
	CHECK_EQ_U64(got.times, 0x12);
	CHECK_STR(got.dir, "/some where");
	CHECK_EQ_U64(got.file_count, 2);
	CHECK_STR(got.file[0].path, "a b");
	CHECK_EQ_U64(got.file[0].mtime_ns, 5);
	CHECK_STR(got.file[1].path, "/x");
	CHECK_EQ_U64(got.file[1].dev, UINT64_MAX);
	CHECK_EQ_U64(got.file[1].mtime_ns, 999999999);
	CHECK(got.argc == 3);
	CHECK_STR(got.argv[1], first);
	CHECK_STR(got.argv[2], "vmlinuz");
	CHECK(!got.argv[3]);
	/* A release is one word, or none. */
	v.release = "6.12 x";
	CHECK(kx_keeping_write(root.dir, &v, &err) == 0);
	CHECK(kx_keeping_read(root.dir, &arena, &set, &got, &err) == 0 && set);
	CHECK_STR(got.release, "");
	first[3] = '\n';
	CHECK(kx_keeping_write(root.dir, &v, &err) == -EINVAL);
	CHECK(strstr(err.text, "argument '--a?pend= two  words ': has a line end in it"));
	CHECK(kx_keeping_forget(root.dir, &err) == 0);
	CHECK(kx_keeping_read(root.dir, &arena, &set, &got, &err) == 0 && !set);
	end(&root);
}

static void test_mark_bad(void)
{
	static const struct { const char *text, *why; } rows[] = {
		{ "", "expected 'release', have ''" },
		{ "release", "expected 'release', have 'release'" },
		{ "release -", "expected 'times' and a number, have ''" },
		{ "release -\ntimes 0xg\nin /\nend", "expected 'times' and a number, have 'times 0xg'" },
		{ "release -\ntimes 0x0\nin x\nend", "expected 'in' and a directory, have 'in x'" },
		{ "release -\ntimes 0x0\nin /", "expected 'end', have ''" },
		{ "release -\ntimes 0x0\nin /\nfile 0x1 0x2 0x3 0x4 0x5\nend",
		  "expected five numbers and a path, have '0x1'" },
		{ "release -\ntimes 0x0\nin /\nfile 0x1 0x2 0x3 0x4 0x5 \nend",
		  "expected five numbers and a path, have '0x1'" },
		{ "release -\ntimes 0x0\nin /\nfile 0x1 0x2 z 0x4 0x5 p\nend",
		  "expected five numbers and a path, have '0x1'" },
		{ "release -\ntimes 0x0\nin /\narg x\nfile 0x1 0x2 0x3 0x4 0x5 p\nend",
		  "expected 'end', have 'file 0x1 0x2 0x3 0x4 0x5 p'" },
		{ "release -\ntimes 0x0\nin /\narg x\nend\narg y", "expected 'end', have 'end'" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_keeping got = { .argc = 77 };
		struct sysroot root;
		char text[400];
		bool set = true;

		begin(&root);
		snprintf(text, sizeof(text), BOOT_ID "\n%s\n", rows[i].text);
		sysroot_text(&root, "run/kexec-tools/keeping", text);
		CHECK(kx_keeping_read(root.dir, &arena, &set, &got, &err) == -EINVAL);
		CHECK(!set && got.argc == 77);
		if (!CHECK(strstr(err.text, rows[i].why)))
			printf("# row %zu: %s\n", i, err.text);
		end(&root);
	}
}

static void test_files(void)
{
	struct kx_keeping_file file;
	struct kx_keeping v = { .file = &file, .file_count = 1 };
	struct sysroot root;
	const char *path;

	begin(&root);
	sysroot_text(&root, "k", "one");
	path = kx_arena_printf(&arena, "%s/k", root.dir);
	CHECK(kx_keeping_stat(path, &file, &err) == 0);
	CHECK_EQ_U64(file.size, 3);
	CHECK(kx_keeping_check(&v, &err) == 0);
	file.size = 4;
	CHECK(kx_keeping_check(&v, &err) == -ESTALE);
	CHECK(strstr(err.text, "/k': has another size since it was loaded"));
	file.size = 3;
	file.mtime_ns ^= 1;
	CHECK(kx_keeping_check(&v, &err) == -ESTALE);
	CHECK(strstr(err.text, "/k': was written to since"));
	file.ino++;
	CHECK(kx_keeping_check(&v, &err) == -ESTALE);
	CHECK(strstr(err.text, "/k': is another file since"));
	CHECK(unlink(path) == 0);
	CHECK(kx_keeping_check(&v, &err) == -ENOENT);
	end(&root);
}

/* ---- CPUs ---------------------------------------------------------------------------- */

static void test_cpus(void)
{
	static const char *const bad[] = {
		"", "x", "0-", "-1", "3-1", "1,1", "2,1", "0-3,2", "65536", "0-99999999999999999999",
		"0,", "0 1",
	};
	struct kx_cpus v;

	kx_arena_init(&arena);
	CHECK(kx_cpus_parse("0-2,8,10-11", &arena, &v, &err) == 0);
	CHECK_EQ_U64(v.n, 6);
	CHECK_EQ_U64(v.cpu[2], 2);
	CHECK_EQ_U64(v.cpu[3], 8);
	CHECK_EQ_U64(v.cpu[5], 11);
	CHECK(kx_cpus_parse("0", &arena, &v, &err) == 0);
	CHECK_EQ_U64(v.n, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(kx_cpus_parse(bad[i], &arena, &v, &err) == -EINVAL))
			printf("# '%s'\n", bad[i]);
	kx_arena_deinit(&arena);
}

/* ---- the snapshot ---------------------------------------------------------------------- */

/* Pages of the stream: head, frames, data; and where they are homes. */
#define DATA		4u

static void put_page(int fd, const void *page)
{
	if (write(fd, page, PAGE) != PAGE)
		sysroot_die("memfd");
}

/* Frames 0x40, 0x41, 0x42 (zeros), 0x43, 0x50; data pages are filled with their number. */
static int make_stream(void)
{
	static const uint64_t frame[] = {
		0x40, 0x41, 0x42 | 1ull << 63, 0x43, 0x50, UINT64_MAX,
	};
	uint8_t page[PAGE] = { 0 };
	int fd = memfd_create("stream", MFD_CLOEXEC);

	/* struct swsusp_info: image_pages at 416, pages at 424, size at 432; x86's head in front */
	kx_put_le64(page, 0xffffffff81000000);
	kx_put_le64(page + 8, 0x1000000);
	kx_put_le64(page + 16, 0x2000000);
	kx_put_le64(page + 24, 0x23456789abcdef02);
	kx_put_le64(page + 400, 0x100000);
	kx_put_le32(page + 408, 1);
	kx_put_le64(page + 416, DATA);
	kx_put_le64(page + 424, DATA + 2);
	kx_put_le64(page + 432, (DATA + 2) * PAGE);
	put_page(fd, page);
	memset(page, 0, sizeof(page));
	for (size_t i = 0; i < sizeof(frame) / sizeof(frame[0]); i++)
		kx_put_le64(page + 8 * i, frame[i]);
	put_page(fd, page);
	for (uint8_t i = 1; i <= DATA; i++) {
		memset(page, i, sizeof(page));
		put_page(fd, page);
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Two areas; 0x40 and 0x41 are kept apart, 0x43 beside the zeros, 0x50 at home. */
static struct context_run runs[] = {
	{ 0x40000, 0x81000, 1 }, { 0x41000, 0x50000 + 0x1000, 3 }, { 0x50000, 0x50000, 1 },
};

static struct kx_keep make_keep(void)
{
	return (struct kx_keep){
		.area = { { 0x50000, 0x60000 }, { 0x80000, 0x90000 } }, .area_count = 2,
		.page_size = PAGE, .page_count = 5, .run = runs, .run_count = 3,
	};
}

static void test_fill(void)
{
	struct kx_snapshot s = { .fd = make_stream(), .kmsg = -1 };
	struct kx_keep keep = make_keep();
	struct kx_snapshot_index x;

	if (!CHECK(kx_snapshot_index_read(&s, KX_ELF_X86_64, PAGE, &x, &err) == 0))
		printf("# %s\n", err.text);
	CHECK_EQ_U64(x.head.jump_pa, 0x1000000);
	CHECK_EQ_U64(x.frames.frames, 5);
	CHECK_EQ_U64(x.first.len, PAGE);
	CHECK(kx_keep_fill(&s, &x, &keep, &err) == 0);
	CHECK_EQ_U64(keep.bytes[0].len, 0x10000);
	CHECK_EQ_U64(keep.bytes[1].data[0xfff], 0);
	CHECK_EQ_U64(keep.bytes[1].data[0x1000], 1);	/* 0x40 */
	CHECK_EQ_U64(keep.bytes[0].data[0x1000], 2);	/* 0x41 */
	CHECK_EQ_U64(keep.bytes[0].data[0x2000], 0);	/* 0x42 */
	CHECK_EQ_U64(keep.bytes[0].data[0x3fff], 3);	/* 0x43 */
	CHECK_EQ_U64(keep.bytes[0].data[0], 4);		/* 0x50 */
	CHECK_EQ_U64(keep.bytes[0].data[0x4000], 0);
	close(s.fd);
}

static void test_fill_bad(void)
{
	struct kx_snapshot s = { .fd = make_stream(), .kmsg = -1 };
	struct kx_keep keep = make_keep();
	struct kx_snapshot_index x;

	/* A page without a place: in a gap of the list, or behind it. */
	if (!CHECK(kx_snapshot_index_read(&s, KX_ELF_X86_64, PAGE, &x, &err) == 0))
		printf("# %s\n", err.text);
	keep.run_count = 2;
	CHECK(kx_keep_fill(&s, &x, &keep, &err) == -EIO);
	CHECK_STR(err.text, "no place was chosen for the page at 0x50000");
	CHECK(lseek(s.fd, 2 * PAGE, SEEK_SET) == 2 * PAGE);
	keep = make_keep();
	keep.run = &runs[1];
	keep.run_count = 2;
	CHECK(kx_keep_fill(&s, &x, &keep, &err) == -EIO);
	CHECK_STR(err.text, "no place was chosen for the page at 0x40000");
	/* The stream ends before. */
	CHECK(ftruncate(s.fd, 4 * PAGE) == 0 && lseek(s.fd, 2 * PAGE, SEEK_SET) == 2 * PAGE);
	keep = make_keep();
	CHECK(kx_keep_fill(&s, &x, &keep, &err) == -ENODATA);
	close(s.fd);
}

static void test_describe(void)
{
	const struct kx_keep_facts f = {
		.f = { .cpu_resume = 0x1234, .boot_cpu = 7 }, .context.machine = KX_ELF_ARM64,
	};
	const struct kx_keep_facts g = { .f.boot_cpu = 7, .context.machine = KX_ELF_X86_64 };
	const struct kx_snapshot_head head = {
		.mpidr = 3, .cr3 = 0x5000, .jump_va = 0xffff, .jump_pa = 0x6000,
	};
	struct kx_keep keep = make_keep();

	kx_keep_describe(&f, &head, KX_BYTES_NONE, &keep);
	CHECK(keep.context.filled && keep.context.source == CONTEXT_SOURCE_SNAPSHOT);
	CHECK(keep.context.entry_kind == CONTEXT_ENTRY_RESUME_ARM64);
	CHECK_EQ_U64(keep.context.entry, 0x1234);
	CHECK_EQ_U64(keep.context.boot_cpu, 3);
	kx_keep_describe(&g, &head, KX_BYTES_NONE, &keep);
	CHECK(keep.context.entry_kind == CONTEXT_ENTRY_RESTORE_X86_64);
	CHECK_EQ_U64(keep.context.entry, 0x6000);
	CHECK_EQ_U64(keep.context.value[0], 0x5000);
	CHECK_EQ_U64(keep.context.value[1], 0xffff);
	CHECK_EQ_U64(keep.context.boot_cpu, 7);
	kx_keep_describe(&f, NULL, KX_BYTES_NONE, &keep);
	CHECK_EQ_U64(keep.context.entry, 0x1234);
}

/* ---- the device ---------------------------------------------------------------------- */

/* The kernel's test mode looks like a resume. */
static void test_pm_test(void)
{
	struct kx_sources s = { .release = "" };
	struct kx_snapshot snapshot;
	struct sysroot root;

	begin(&root);
	s.root = root.dir;
	sysroot_text(&root, "sys/power/pm_test", "none [core] processors platform devices freezer\n");
	CHECK(kx_snapshot_open(&snapshot, &s, &err) == -EINVAL);
	CHECK_STR(err.text, "/dev/snapshot: expected 'none' in /sys/power/pm_test, have 'core': there"
		  " would be no snapshot");
	CHECK(snapshot.fd == -1 && snapshot.kmsg == -1);
	kx_snapshot_close(&snapshot);
	end(&root);
}

TEST_MAIN(
	{ "the mark", test_mark },
	{ "a malformed mark", test_mark_bad },
	{ "files that changed", test_files },
	{ "lists of CPUs", test_cpus },
	{ "pages to their places", test_fill },
	{ "pages without a place", test_fill_bad },
	{ "the notes", test_describe },
	{ "the mode of a test", test_pm_test },
)
