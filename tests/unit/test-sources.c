/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facts common to every architecture, read from machines made here:
 * sources.c, removable.c, config.c.  What an architecture adds has tests of
 * its own.
 */
#include <zlib.h>

#include "../../kexec/sys/mark.h"
#include "../../kexec/sys/returning.h"
#include "../../kexec/sys/staged.h"
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"

static struct kx_arena arena;
static struct sysroot root;
static struct kx_sources src;
static struct kx_err err;

static void begin(const char *uname)
{
	memset(&err, 0, sizeof(err));
	memset(&src, 0, sizeof(src));
	kx_arena_init(&arena);
	sysroot_make(&root);
	if (uname)
		sysroot_text(&root, "kx/uname", uname);
}

static int read_root(void)
{
	memset(&err, 0, sizeof(err));
	return kx_sources_read(root.dir, NULL, &arena, &src, &err);
}

static void end(void)
{
	sysroot_remove(&root);
	kx_arena_deinit(&arena);
}

#define UNAME_X86	"Linux 6.1.0-37-amd64 x86_64 4096\n"
#define UNAME_ARM	"Linux 6.12.9 aarch64 65536\n"

static void test_empty(void)
{
	begin(UNAME_X86);
	CHECK(read_root() == 0);
	CHECK_EQ_U64(err.code, 0);
	CHECK_STR(src.root, root.dir);
	CHECK_EQ_U64(src.machine, KX_MACHINE_X86_64);
	CHECK_STR(src.release, "6.1.0-37-amd64");
	CHECK_EQ_U64(src.page_size, 0x1000);
	CHECK_EQ_U64(src.total_ram, 0);
	CHECK_EQ_U64(src.free_ram, 0);
	CHECK_STR(src.cmdline, "");
	CHECK_EQ_U64(src.iomem.n, 0);
	CHECK(!src.iomem_hidden);
	CHECK_EQ_U64(src.removable.n, 0);
	CHECK_EQ_U64(src.crash_count, 0);
	CHECK(!src.kexec_loaded.known && !src.crash_loaded.known && !src.load_disabled.known);
	CHECK(!src.limit_reboot.known && !src.limit_panic.known);
	CHECK_EQ_U64(src.lockdown, KX_LOCKDOWN_NONE);
	CHECK(!src.has_cap_boot);
	CHECK(src.config_kexec == -1 && src.config_kexec_file == -1);
	CHECK(src.config_kexec_sig_force == -1);
	end();
}

static void test_full(void)
{
	begin(UNAME_ARM);
	sysroot_text(&root, "proc/meminfo",
		     "MemTotal:        2035196 kB\nMemFree:           10000 kB\n"
		     "MemAvailable:    1500000 kB\n");
	sysroot_text(&root, "proc/cmdline", "root=/dev/vda console=ttyAMA0  quiet \n");
	sysroot_text(&root, "proc/iomem",
		     "40000000-bfffffff : System RAM\n"
		     "  40210000-416fffff : Kernel code\n"
		     "  7fe00000-7fffffff : Crash kernel\n"
		     "  90000000-9fffffff : Crash kernel\n");
	sysroot_text(&root, "sys/kernel/kexec_loaded", "1\n");
	sysroot_text(&root, "sys/kernel/kexec/crash_loaded", "0\n");
	sysroot_text(&root, "proc/sys/kernel/kexec_load_disabled", "0\n");
	sysroot_text(&root, "proc/sys/kernel/kexec_load_limit_reboot", "-1\n");
	sysroot_text(&root, "proc/sys/kernel/kexec_load_limit_panic", "3\n");
	sysroot_text(&root, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	sysroot_text(&root, "proc/self/status", "Name:\tcat\nCapEff:\t000001ffffffffff\nX:\t1\n");
	CHECK(read_root() == 0);
	CHECK_EQ_U64(src.machine, KX_MACHINE_ARM64);
	CHECK_STR(src.release, "6.12.9");
	CHECK_EQ_U64(src.page_size, 0x10000);
	CHECK_EQ_U64(src.total_ram, 2035196ULL * 1024);
	CHECK_EQ_U64(src.free_ram, 1500000ULL * 1024);
	CHECK_STR(src.cmdline, "root=/dev/vda console=ttyAMA0  quiet");
	CHECK_EQ_U64(src.iomem.n, 4);
	if (CHECK_EQ_U64(src.crash_count, 2)) {
		CHECK_EQ_U64(src.crash[0].start, 0x7fe00000);
		CHECK_EQ_U64(src.crash[0].end, 0x80000000);
		CHECK_EQ_U64(src.crash[1].start, 0x90000000);
		CHECK_EQ_U64(src.crash[1].end, 0xa0000000);
	}
	CHECK(src.kexec_loaded.known && src.kexec_loaded.value == 1);
	CHECK(src.crash_loaded.known && src.crash_loaded.value == 0);
	CHECK(src.load_disabled.known && src.load_disabled.value == 0);
	CHECK(src.limit_reboot.known && src.limit_reboot.value == UINT64_MAX);
	CHECK(src.limit_panic.known && src.limit_panic.value == 3);
	CHECK_EQ_U64(src.lockdown, KX_LOCKDOWN_INTEGRITY);
	CHECK(src.has_cap_boot);
	end();
}

static void test_permissions(void)
{
	begin(UNAME_X86);
	sysroot_text(&root, "sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	sysroot_text(&root, "proc/self/status", "CapEff:\t000001ffffbfffff\n");
	sysroot_text(&root, "sys/kernel/kexec_loaded", "what\n");
	CHECK(read_root() == 0);
	CHECK_EQ_U64(src.lockdown, KX_LOCKDOWN_CONFIDENTIALITY);
	CHECK(!src.has_cap_boot);
	CHECK(!src.kexec_loaded.known);
	sysroot_text(&root, "sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	sysroot_text(&root, "proc/self/status", "CapEff:\t0000000000400000\n");
	CHECK(read_root() == 0);
	CHECK_EQ_U64(src.lockdown, KX_LOCKDOWN_NONE);
	CHECK(src.has_cap_boot);
	end();
}

#define BOOT_ID		"6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c01"
#define OTHER_BOOT	"6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c02"

/* A staged payload: what kexec_crash_loaded calls a crash image, our mark, this boot. */
static void test_staged(void)
{
	static const struct {
		const char *crash_loaded, *boot_id, *mark;
		bool staged;
	} rows[] = {
		{ "1\n", BOOT_ID "\n", BOOT_ID "\n", true },
		{ "0\n", BOOT_ID "\n", BOOT_ID "\n", false },
		{ NULL, BOOT_ID "\n", BOOT_ID "\n", false },
		{ "1\n", BOOT_ID "\n", OTHER_BOOT "\n", false },
		{ "1\n", BOOT_ID "\n", BOOT_ID "\n" BOOT_ID "\n", false },
		{ "1\n", BOOT_ID "\n", "", false },
		{ "1\n", BOOT_ID "\n", NULL, false },
		{ "1\n", NULL, BOOT_ID "\n", false },
		{ "1\n", "\n", "\n", false },
		{ "1\n", NULL, NULL, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(UNAME_X86);
		if (rows[i].crash_loaded)
			sysroot_text(&root, "sys/kernel/kexec_crash_loaded", rows[i].crash_loaded);
		if (rows[i].boot_id)
			sysroot_text(&root, "proc/sys/kernel/random/boot_id", rows[i].boot_id);
		if (rows[i].mark)
			sysroot_text(&root, "run/kexec-tools/staged", rows[i].mark);
		CHECK(read_root() == 0);
		if (!CHECK(src.crash_is_staged == rows[i].staged))
			printf("# row %zu\n", i);
		end();
	}
}

/* The mark of what returns: one line of ours, of this boot, and something loaded. */
static void test_returning(void)
{
	static const struct {
		const char *loaded, *mark;
		enum kx_returning_kind kind;
	} rows[] = {
		{ "1\n", BOOT_ID "\nkernel 6.12.1 0x100 0x200 0x300 0x2\n", KX_RETURNING_KERNEL },
		{ "1\n", BOOT_ID "\nresume - 0x100 0x0 0x0 0x0\n", KX_RETURNING_RESUME },
		{ "0\n", BOOT_ID "\nkernel 6.12.1 0x100 0x200 0x300 0x2\n", KX_RETURNING_NONE },
		{ NULL, BOOT_ID "\nkernel 6.12.1 0x100 0x200 0x300 0x2\n", KX_RETURNING_NONE },
		{ "1\n", OTHER_BOOT "\nkernel 6.12.1 0x100 0x200 0x300 0x2\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\nkernel 6.12.1 0x100 0x300 0x200 0x2\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\nkernel 6.12.1 0x100 0x200 0x300\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\nkernel 6.12.1 0x100 0x200 0x300 0x2 0x1\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\nkernel 6.12.1 0x100 0x200 three 0x2\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\nfunction - 0x100 0x200 0x300 0x2\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\nkernel\n", KX_RETURNING_NONE },
		{ "1\n", BOOT_ID "\n", KX_RETURNING_NONE },
		{ "1\n", NULL, KX_RETURNING_NONE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(UNAME_X86);
		sysroot_text(&root, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
		if (rows[i].loaded)
			sysroot_text(&root, "sys/kernel/kexec_loaded", rows[i].loaded);
		if (rows[i].mark)
			sysroot_text(&root, "run/kexec-tools/returning", rows[i].mark);
		CHECK(read_root() == 0);
		if (!CHECK(src.returning.kind == rows[i].kind))
			printf("# row %zu\n", i);
		if (src.returning.kind) {
			CHECK_EQ_U64(src.returning.entry, 0x100);
			CHECK_STR(src.returning.release, i ? "" : "6.12.1");
			CHECK_EQ_U64(src.returning.window.end, i ? 0 : 0x300);
			CHECK_EQ_U64(src.returning.times, i ? 0 : 2);
		}
		end();
	}
}

/* The mark of a snapshot to be taken counts while nothing is loaded. */
static void test_returning_snapshot(void)
{
	static const struct {
		const char *loaded, *mark, *release;
	} rows[] = {
		{ "0\n", BOOT_ID "\nrelease 6.12.1\ntimes 0x3\nin /\narg x\nend\n", "6.12.1" },
		{ "0\n", BOOT_ID "\nrelease -\ntimes 0x3\nin /\nend\n", "" },
		{ "1\n", BOOT_ID "\nrelease -\ntimes 0x3\nin /\nend\n", NULL },
		{ NULL, BOOT_ID "\nrelease -\ntimes 0x3\nin /\nend\n", NULL },
		{ "0\n", OTHER_BOOT "\nrelease -\ntimes 0x3\nin /\nend\n", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(UNAME_X86);
		sysroot_text(&root, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
		if (rows[i].loaded)
			sysroot_text(&root, "sys/kernel/kexec_loaded", rows[i].loaded);
		sysroot_text(&root, "run/kexec-tools/keeping", rows[i].mark);
		CHECK(read_root() == 0);
		if (!CHECK((src.returning.kind == KX_RETURNING_SNAPSHOT) == !!rows[i].release))
			printf("# row %zu\n", i);
		else if (rows[i].release) {
			CHECK_STR(src.returning.release, rows[i].release);
			CHECK_EQ_U64(src.returning.times, 3);
		}
		end();
	}
}

/* Is the mark @name of @root set, and is what follows its first line @want? */
static bool mark_is(const char *name, const char *want)
{
	const char *text = "";
	bool set = false;

	CHECK(kx_mark_read(root.dir, name, &arena, &set, &text, &err) == 0);
	return set && !strcmp(text, want);
}

/* Without a boot id a mark counts where no other boot finds it. */
static void test_mark_in_memory(void)
{
	static const struct {
		const char *mounts;
		bool memory;
	} rows[] = {
		{ "/dev/sda1 / ext4 rw 0 0\ntmpfs /run tmpfs rw,nosuid 0 0\n", true },
		{ "tmpfs /run tmpfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\n", true },
		{ "rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n", true },
		{ "none / ramfs rw 0 0", true },
		{ "a /run/kexec-tools ramfs rw 0 0\nb /run ext4 rw 0 0\n", true },
		{ "rootfs / rootfs rw 0 0\n/dev/sda1 / ext4 rw 0 0\n", false },
		{ "tmpfs /run tmpfs rw 0 0\n/dev/sda2 /run ext4 rw 0 0\n", false },
		{ "tmpfs / tmpfs rw 0 0\n/dev/sda2 /run ext4 rw 0 0\n", false },
		{ "tmpfs /running tmpfs rw 0 0\n", false },
		{ "tmpfs /run tmpfsx rw 0 0\n", false },
		{ "/run tmpfs\n\n/ \n/run", false },
		{ NULL, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(UNAME_X86);
		sysroot_text(&root, "run/other", "");
		if (rows[i].mounts)
			sysroot_text(&root, "proc/mounts", rows[i].mounts);
		if (!CHECK((kx_mark_write(root.dir, "m", "text", &err) == 0) == rows[i].memory) ||
		    !CHECK(mark_is("m", "text") == rows[i].memory))
			printf("# row %zu\n", i);
		CHECK(rows[i].memory || err.code == ENOENT);
		/* One of another boot, that had an id, and ours where this has one. */
		sysroot_text(&root, "run/kexec-tools/m", OTHER_BOOT "\n");
		CHECK(!mark_is("m", ""));
		sysroot_text(&root, "run/kexec-tools/m", "-\n");
		CHECK(mark_is("m", "") == rows[i].memory);
		sysroot_text(&root, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
		CHECK(!mark_is("m", ""));
		end();
	}
}

/* A load sets the mark, another takes it away, and one of a crash kernel does neither. */
static void test_returning_note(void)
{
	struct kx_request req = { .preserve = true };
	struct kx_plan plan = { .request = &req, .sources = &src, .entry = 0x100 };

	begin(UNAME_X86);
	sysroot_text(&root, "run/other", "");
	sysroot_text(&root, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
	CHECK(read_root() == 0);
	plan.release = "6.12.1 x";
	plan.own.window = (struct kx_range){ 0x2000, 0x3000 };
	CHECK(kx_returning_note(&plan, &err) == 0);
	CHECK(mark_is("returning", "kernel - 0x100 0x2000 0x3000 0x0"));
	req = (struct kx_request){ .crash = true };
	CHECK(kx_returning_note(&plan, &err) == 0);
	CHECK(mark_is("returning", "kernel - 0x100 0x2000 0x3000 0x0"));
	req = (struct kx_request){ .crash = false };
	CHECK(kx_returning_note(&plan, &err) == 0);
	CHECK(!mark_is("returning", "kernel - 0x100 0x2000 0x3000 0x0"));
	end();
}

/* The flag @bit of the page at @pa, in a /proc/kpageflags of @len bytes. */
static void put_flag(uint8_t *flags, uint64_t pa, unsigned int bit)
{
	flags[pa / 4096 * 8 + bit / 8] |= (uint8_t)(1u << bit % 8);
}

static void check_special(size_t i, uint64_t start, uint64_t end, const char *name)
{
	if (!CHECK(i < src.special.n))
		return;
	CHECK_EQ_U64(src.special.v[i].r.start, start);
	CHECK_EQ_U64(src.special.v[i].r.end, end);
	CHECK_STR(src.special.v[i].name, name);
}

/* A block is what its first such page is; below 1 MiB a page is one. */
static void test_pages(void)
{
	uint8_t flags[0x1000000 / 4096 * 8] = { 0 };

	begin(UNAME_X86);
	sysroot_text(&root, "sys/firmware/memmap/0/start", "0x0\n");
	sysroot_text(&root, "sys/firmware/memmap/0/end", "0xffffff\n");
	sysroot_text(&root, "sys/firmware/memmap/0/type", "System RAM\n");
	CHECK(read_root() == 0);
	CHECK(kx_pages_read(&src, &arena, &err) == 0);
	CHECK_EQ_U64(src.special.n, 0);

	put_flag(flags, 0x5000, 19);
	put_flag(flags, 0x400000, 17);
	put_flag(flags, 0x600000, 17);
	put_flag(flags, 0xb00000, 23);
	put_flag(flags, 0xd00000, 22);		/* KPF_THP is none */
	sysroot_put(&root, "proc/kpageflags", flags, sizeof(flags));
	sysroot_text(&root, "sys/kernel/debug/cma/reserved/base_pfn", "3072\n");
	sysroot_text(&root, "sys/kernel/debug/cma/reserved/count", "16\n");
	sysroot_text(&root, "sys/kernel/debug/cma/bad/base_pfn", "18446744073709551615\n");
	sysroot_text(&root, "sys/kernel/debug/cma/bad/count", "16\n");
	CHECK(kx_pages_read(&src, &arena, &err) == 0);
	CHECK_EQ_U64(src.special.n, 4);
	check_special(0, 0x5000, 0x6000, "pages with memory errors");
	check_special(1, 0x400000, 0x800000, "hugetlb pages");
	check_special(2, 0xa00000, 0xc00000, "pages that are offline");
	check_special(3, 0xc00000, 0xc10000, "a CMA area");
	end();
}

/* "@root/@path" has these permission bits. */
static bool mode_is(const char *path, mode_t mode)
{
	char full[PATH_MAX];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", root.dir, path);
	return stat(full, &st) == 0 && (st.st_mode & 07777) == mode;
}

static void test_mark(void)
{
	mode_t mask = umask(077);
	char **names;

	begin(UNAME_X86);
	sysroot_text(&root, "sys/kernel/kexec_crash_loaded", "1\n");
	CHECK(kx_staged_any_image(root.dir));
	CHECK(kx_staged_write(root.dir, &err) == -ENOENT);
	CHECK(strstr(err.text, "/proc/sys/kernel/random/boot_id: expected the id of this boot"));
	sysroot_text(&root, "proc/sys/kernel/random/boot_id", BOOT_ID "\n");
	CHECK(kx_staged_write(root.dir, &err) == -ENOENT);
	CHECK(strstr(err.text, "/run/kexec-tools/staged: cannot write: No such file or directory"));
	CHECK(kx_staged_remove(root.dir, &err) == 0);
	sysroot_text(&root, "run/other", "");
	for (int i = 0; i < 2; i++) {
		CHECK(kx_staged_write(root.dir, &err) == 0);
		CHECK(read_root() == 0 && src.crash_is_staged);
		CHECK(mode_is("run/kexec-tools", 0755));
		CHECK(mode_is("run/kexec-tools/staged", 0644));
	}
	/* Nothing is left of how it got there. */
	if (CHECK(kx_root_list(root.dir, &arena, "run/kexec-tools", &names, &err) == 0))
		CHECK(names[0] && !strcmp(names[0], "staged") && !names[1]);
	CHECK(kx_staged_remove(root.dir, &err) == 0);
	CHECK(read_root() == 0 && !src.crash_is_staged);
	CHECK(kx_staged_remove(root.dir, &err) == 0);
	/* A directory in its place: neither written nor removed. */
	sysroot_text(&root, "run/kexec-tools/staged/in-the-way", "");
	CHECK(kx_staged_write(root.dir, &err) < 0);
	CHECK(strstr(err.text, "/run/kexec-tools/staged: cannot write: "));
	CHECK(kx_staged_remove(root.dir, &err) < 0);
	CHECK(strstr(err.text, "/run/kexec-tools/staged: cannot remove: "));
	if (CHECK(kx_root_list(root.dir, &arena, "run/kexec-tools", &names, &err) == 0))
		CHECK(names[0] && !names[1]);
	sysroot_text(&root, "sys/kernel/kexec_crash_loaded", "0\n");
	CHECK(!kx_staged_any_image(root.dir));
	end();
	umask(mask);
}

static void test_iomem_hidden(void)
{
	begin(UNAME_X86);
	sysroot_text(&root, "proc/iomem",
		     "00000000-00000000 : System RAM\n  00000000-00000000 : Crash kernel\n");
	CHECK(read_root() == 0);
	CHECK_EQ_U64(src.iomem.n, 0);
	CHECK(src.iomem_hidden);
	CHECK_EQ_U64(src.crash_count, 0);
	end();
}

static void put_block(int number, const char *state, const char *zones)
{
	char path[80], index[16];

	snprintf(path, sizeof(path), "sys/devices/system/memory/memory%d/state", number);
	sysroot_text(&root, path, state);
	snprintf(path, sizeof(path), "sys/devices/system/memory/memory%d/valid_zones", number);
	sysroot_text(&root, path, zones);
	snprintf(path, sizeof(path), "sys/devices/system/memory/memory%d/phys_index", number);
	snprintf(index, sizeof(index), "%08x\n", number);
	sysroot_text(&root, path, index);
}

static void check_range(size_t i, uint64_t start, uint64_t end_)
{
	CHECK_EQ_U64(src.removable.v[i].start, start);
	CHECK_EQ_U64(src.removable.v[i].end, end_);
}

static void test_removable(void)
{
	begin(UNAME_X86);
	sysroot_text(&root, "sys/devices/system/memory/block_size_bytes", "8000000\n");
	sysroot_text(&root, "sys/devices/system/memory/probe", "");
	put_block(0, "online\n", "DMA32\n");
	put_block(1, "online\n", "Normal\n");
	put_block(10, "online\n", "Movable\n");
	put_block(9, "online\n", "Movable\n");
	put_block(11, "online\n", "none\n");
	put_block(12, "offline\n", "Normal Movable\n");
	put_block(13, "online\n", "Normal Movable\n");
	put_block(14, "going-offline\n", "Movable\n");
	/* Without the files: nothing is known, nothing is claimed. */
	sysroot_text(&root, "sys/devices/system/memory/memory15/phys_index", "0000000f\n");
	sysroot_text(&root, "sys/devices/system/memory/memory_failure/state", "offline\n");
	sysroot_text(&root, "proc/iomem",
		     "00000000-7fffffff : System RAM\n"
		     "100000000-13fffffff : Persistent Memory\n"
		     "  110000000-11fffffff : System RAM (kmem)\n"
		     "140000000-14fffffff : System RAM (virtio_mem)\n");
	CHECK(read_root() == 0);
	if (CHECK_EQ_U64(src.removable.n, 5)) {
		check_range(0, 0x48000000, 0x58000000);
		check_range(1, 0x60000000, 0x68000000);
		check_range(2, 0x70000000, 0x78000000);
		check_range(3, 0x110000000, 0x120000000);
		check_range(4, 0x140000000, 0x150000000);
	}
	end();
}

static void test_config(void)
{
	begin(UNAME_X86);
	sysroot_text(&root, "boot/config-6.1.0-37-amd64",
		     "#\n# Linux\n#\nCONFIG_64BIT=y\nCONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\n"
		     "CONFIG_KEXEC_SIG=y\n# CONFIG_KEXEC_SIG_FORCE is not set\n");
	CHECK(read_root() == 0);
	CHECK(src.config_kexec == 1 && src.config_kexec_file == 1);
	CHECK(src.config_kexec_sig_force == 0 && src.config_kexec_jump == 0);
	/* As Debian's arm64: kexec_load only. */
	sysroot_text(&root, "boot/config-6.1.0-37-amd64",
		     "CONFIG_64BIT=y\nCONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set");
	CHECK(read_root() == 0);
	CHECK(src.config_kexec == 1 && src.config_kexec_file == 0);
	/* Something else of that name. */
	sysroot_text(&root, "boot/config-6.1.0-37-amd64", "CONFIG_KEXEC=y\n");
	CHECK(read_root() == 0);
	CHECK(src.config_kexec == -1 && src.config_kexec_jump == -1);
	end();
}

static void test_config_other(void)
{
	begin(UNAME_X86);
	sysroot_text(&root, "lib/modules/6.1.0-37-amd64/config",
		     "CONFIG_64BIT=y\nCONFIG_KEXEC_FILE=y\nCONFIG_KEXEC_VERIFY_SIG=y\n"
		     "CONFIG_KEXEC_JUMP=y\n");
	CHECK(read_root() == 0);
	CHECK(src.config_kexec == 0 && src.config_kexec_file == 1);
	CHECK(src.config_kexec_sig_force == 1 && src.config_kexec_jump == 1);
	end();
}

/* /proc/config.gz comes first; a damaged one is as good as none. */
static void test_config_gz(void)
{
	static const char text[] = "CONFIG_64BIT=y\nCONFIG_KEXEC=y\nCONFIG_KEXEC_SIG_FORCE=y\n";
	char path[PATH_MAX];
	uint8_t packed[256];
	struct kx_bytes b;
	gzFile gz;

	begin(UNAME_X86);
	sysroot_text(&root, "boot/config-6.1.0-37-amd64", "CONFIG_64BIT=y\nCONFIG_KEXEC_FILE=y\n");
	sysroot_text(&root, "proc/config.gz", "");
	snprintf(path, sizeof(path), "%s/proc/config.gz", root.dir);
	gz = gzopen(path, "wb");
	CHECK(gz && gzputs(gz, text) > 0 && gzclose(gz) == Z_OK);
	CHECK(read_root() == 0);
	CHECK(src.config_kexec == 1 && src.config_kexec_file == 0);
	CHECK(src.config_kexec_sig_force == 1);

	CHECK(kx_root_read(root.dir, &arena, &b, &err, "proc/config.gz") == 0);
	if (!CHECK(b.len < sizeof(packed)))
		return;
	memcpy(packed, b.data, b.len);
	sysroot_put(&root, "proc/config.gz", packed, b.len - 9);
	CHECK(read_root() == 0);
	CHECK(src.config_kexec == 0 && src.config_kexec_file == 1);
	end();
}

/* What the rules about failing say: with the exact sentence. */
static void test_bad(void)
{
	static const struct {
		const char *uname;
		int code;
		const char *error;
	} rows[] = {
		{ NULL, EOPNOTSUPP, "/kx/uname: expected 'Linux RELEASE MACHINE PAGESIZE', have ''"
				    " (tests/plan/capture.sh captures a machine)" },
		{ "FreeBSD 14 arm64 4096\n", EOPNOTSUPP,
		  "/kx/uname: expected 'Linux RELEASE MACHINE PAGESIZE', have"
		  " 'FreeBSD 14 arm64 4096' (tests/plan/capture.sh captures a machine)" },
		{ "Linux 6.1 riscv64 4096\n", EOPNOTSUPP,
		  "/kx/uname: uname: machine: expected aarch64 or x86_64, have 'riscv64'" },
		{ "Linux 6.1 i686 4096\n", EOPNOTSUPP,
		  "/kx/uname: uname: machine: expected aarch64 or x86_64, have 'i686'" },
		{ "Linux 6.1 x86_64\n", EINVAL, "/kx/uname: expected a number, have ''" },
		{ "Linux 6.1 x86_64 many\n", EINVAL, "/kx/uname: expected a number, have 'many'" },
		{ "Linux 6.1 x86_64 8192\n", EINVAL,
		  "/kx/uname: page size: expected 0x1000, 0x4000 or 0x10000, have 0x2000" },
		{ "Linux 123456789012345678901234567890123456789012345678901234567890123456 x86_64 4096",
		  EINVAL, "/kx/uname: uname: release: expected at most 64 bytes, have 66" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(rows[i].uname);
		CHECK(read_root() == -rows[i].code);
		CHECK_STR(err.text, kx_arena_printf(&arena, "%s%s", root.dir, rows[i].error));
		end();
	}
	begin(UNAME_X86);
	sysroot_text(&root, "proc/iomem", "00001000-00001fff : System RAM\nrubbish\n");
	CHECK(read_root() == -ENOEXEC);
	CHECK_STR(err.text, kx_arena_printf(&arena,
		  "%s/proc/iomem: line 2: expected 'START-END : NAME', have 'rubbish'", root.dir));
	end();
}

/* Numbers that are none leave the field unknown. */
static void test_rubbish(void)
{
	begin(UNAME_X86);
	sysroot_text(&root, "proc/meminfo", "MemTotal: 99999999999999999999999 kB\nMemAvailable: x\n");
	sysroot_text(&root, "proc/sys/kernel/kexec_load_limit_reboot", "-2\n");
	sysroot_text(&root, "proc/self/status", "CapEff:\tzz\n");
	sysroot_put(&root, "proc/cmdline", "a\0b", 3);
	sysroot_text(&root, "sys/devices/system/memory/block_size_bytes", "8000000000000000\n");
	put_block(4, "online\n", "Movable\n");
	CHECK(read_root() == 0);
	CHECK_EQ_U64(src.total_ram, 0);
	CHECK_EQ_U64(src.free_ram, 0);
	CHECK(!src.limit_reboot.known);
	CHECK(!src.has_cap_boot);
	CHECK_STR(src.cmdline, "");
	CHECK_EQ_U64(src.removable.n, 0);
	end();
}

/* The machine the test runs on, as far as any user can see it. */
static void test_running(void)
{
	begin(NULL);
	if (kx_sources_read("/", NULL, &arena, &src, &err) < 0) {
		CHECK_STR(err.text, "");
	} else {
		CHECK_STR(src.root, "");
		CHECK_EQ_U64(src.page_size, (uint64_t)sysconf(_SC_PAGESIZE));
		CHECK(src.total_ram > 0);
		CHECK(src.release[0]);
	}
	end();
}

TEST_MAIN(
	{ "a machine without files", test_empty },
	{ "a machine with all of them", test_full },
	{ "lockdown and capability", test_permissions },
	{ "a staged payload", test_staged },
	{ "the mark of one", test_mark },
	{ "what returns", test_returning },
	{ "what returns, by a snapshot", test_returning_snapshot },
	{ "a mark in memory", test_mark_in_memory },
	{ "what is noted of a load", test_returning_note },
	{ "special pages", test_pages },
	{ "hidden addresses", test_iomem_hidden },
	{ "removable memory", test_removable },
	{ "configuration in /boot", test_config },
	{ "configuration in /lib/modules", test_config_other },
	{ "configuration in /proc/config.gz", test_config_gz },
	{ "what fails", test_bad },
	{ "what is ignored", test_rubbish },
	{ "the running machine", test_running },
)
