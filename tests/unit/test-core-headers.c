// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec/arch/core-headers.c and kexec/sys/sources-core.c: facts from files as the
 * kernel writes them, headers from facts, and the headers read back as the next
 * kernel would.
 */
#include <errno.h>

#include "core-forge.h"
#include "kx/core-headers.h"
#include "kx/sys.h"
#include "sysroot.h"
#include "test.h"

#define HEADERS_PA	0x3f000000

struct bed {
	struct sysroot root;
	struct kx_arena arena;
	struct kx_sources src;
	struct kx_err err;
	struct kx_context context;
	struct kx_core_headers h;
};

static const char iomem[] =
	"00001000-0009fbff : System RAM\n"
	"000a0000-000bffff : PCI Bus 0000:00\n"
	"00100000-7ffdbfff : System RAM\n"
	"  2a000000-2abfffff : Kernel code\n"
	"  60000000-61ffffff : Crash kernel\n"
	"100000000-1bfffffff : System RAM\n";

static void put_kcore(const struct bed *b)
{
	struct forge f = FORGE_NONE;

	core_ehdr(&f, 62, 5);
	core_phdr(&f, 4, 0x1000, 0, 0, 0, 0);
	core_phdr(&f, 1, 0x1000, 0xffffea0000000000, 0, 0x2000, 0x2000);	/* no RAM */
	core_phdr(&f, 1, 0x7fffff602000, 0xffffc90000000000, UINT64_MAX, 0x1fffffffffff,
		  0x1fffffffffff);
	core_phdr(&f, 1, 0x7fffaa002000, 0xffffffffaa000000, 0x2a000000, 0x1e00000, 0x1e00000);
	core_phdr(&f, 1, 0x8880001000, 0xffff888000001000, 0x1000, 0x9e000, 0x9e000);
	sysroot_put(&b->root, "proc/kcore", f.p, f.len);
	forge_free(&f);
}

static void bed_init(struct bed *b, int with_facts)
{
	memset(b, 0, sizeof(*b));
	sysroot_make(&b->root);
	kx_arena_init(&b->arena);
	sysroot_text(&b->root, "kx/uname", "Linux 6.12.1 x86_64 4096\n");
	sysroot_text(&b->root, "proc/iomem", iomem);
	if (with_facts) {
		sysroot_text(&b->root, "sys/kernel/vmcoreinfo", "0x000000007ea88000 1024\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu0/crash_notes", "1bfc03cc0\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu0/crash_notes_size", "364\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu10/crash_notes", "1bfc83cc0\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu10/crash_notes_size", "364\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu2/crash_notes", "1bfc43cc0\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu2/crash_notes_size", "364\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpu3/crash_notes", "rubbish\n");
		sysroot_text(&b->root, "sys/devices/system/cpu/cpufreq/boost", "1\n");
		sysroot_text(&b->root, "proc/sys/kernel/random/boot_id",
			     "6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c01\n");
		put_kcore(b);
	}
	CHECK(kx_sources_read(b->root.dir, NULL, &b->arena, &b->src, NULL) == 0);
	CHECK(kx_core_facts_read(&b->src, &b->arena, NULL) == 0);
	kx_context_init(&b->context, &b->src);
	b->context.source = CONTEXT_SOURCE_JUMP;
	b->context.entry_kind = CONTEXT_ENTRY_JUMP_X86_64;
}

static void bed_deinit(struct bed *b)
{
	kx_arena_deinit(&b->arena);
	sysroot_remove(&b->root);
}

static void test_facts(void)
{
	struct bed b;

	bed_init(&b, 1);
	CHECK_EQ_U64(b.src.core.vmcoreinfo.start, 0x7ea88000);
	CHECK_EQ_U64(b.src.core.vmcoreinfo.end, 0x7ea88000 + 0x1024);
	if (CHECK_EQ_U64(b.src.core.crash_notes.n, 3)) {
		CHECK_EQ_U64(b.src.core.crash_notes.v[1].start, 0x1bfc43cc0);
		CHECK_EQ_U64(kx_range_len(b.src.core.crash_notes.v[2]), 364);
	}
	CHECK_EQ_U64(b.src.core.possible_cpus, 0);
	CHECK(b.src.core.direct_va.known);
	CHECK_EQ_U64(b.src.core.direct_va.value, 0xffff888000000000);
	CHECK_EQ_U64(b.src.core.text.start, 0x2a000000);
	CHECK_EQ_U64(b.src.core.text.end, 0x2be00000);
	CHECK_EQ_U64(b.src.core.text_va, 0xffffffffaa000000);
	CHECK_EQ_U64(b.src.core.boot_id[0], 0x6a);
	CHECK_EQ_U64(b.src.core.boot_id[15], 0x01);
	bed_deinit(&b);
}

/* By number, and one that may come is missed. */
static void test_possible(void)
{
	struct bed b;

	bed_init(&b, 1);
	sysroot_text(&b.root, "sys/devices/system/cpu/possible", "0-2,10-11\n");
	b.src.core = (struct kx_core_facts){ .possible_cpus = 0 };
	CHECK(kx_core_facts_read(&b.src, &b.arena, &b.err) == 0);
	CHECK_EQ_U64(b.src.core.possible_cpus, 5);
	if (CHECK_EQ_U64(b.src.core.crash_notes.n, 3)) {
		CHECK_EQ_U64(b.src.core.crash_notes.v[0].start, 0x1bfc03cc0);
		CHECK_EQ_U64(b.src.core.crash_notes.v[1].start, 0x1bfc43cc0);
		CHECK_EQ_U64(b.src.core.crash_notes.v[2].start, 0x1bfc83cc0);
	}
	/* What is no list is none. */
	sysroot_text(&b.root, "sys/devices/system/cpu/possible", "3-1\n");
	b.src.core = (struct kx_core_facts){ .possible_cpus = 0 };
	CHECK(kx_core_facts_read(&b.src, &b.arena, &b.err) == 0);
	CHECK_EQ_U64(b.src.core.possible_cpus, 0);
	CHECK_EQ_U64(b.src.core.crash_notes.n, 3);
	bed_deinit(&b);
}

/* Files that are missing or say nothing leave the facts empty. */
static void test_no_facts(void)
{
	static const char *const rubbish[][2] = {
		{ "sys/kernel/vmcoreinfo", "0x1000\n" },
		{ "sys/kernel/vmcoreinfo", "0x1000 x\n" },
		{ "sys/kernel/vmcoreinfo", "0xfffffffffffffff0 100\n" },
		{ "proc/kcore", "\177ELF" },
		{ "proc/sys/kernel/random/boot_id", "6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c0\n" },
		{ "proc/sys/kernel/random/boot_id", "6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c012\n" },
		{ "proc/sys/kernel/random/boot_id", "xyz\n" },
	};
	static const struct kx_core_facts none;
	struct bed b;

	bed_init(&b, 0);
	for (size_t i = 0; i < sizeof(rubbish) / sizeof(rubbish[0]); i++) {
		sysroot_text(&b.root, rubbish[i][0], rubbish[i][1]);
		CHECK(kx_core_facts_read(&b.src, &b.arena, &b.err) == 0);
		CHECK(!b.err.code);
		CHECK(kx_range_empty(b.src.core.vmcoreinfo));
		CHECK_EQ_U64(b.src.core.crash_notes.n, 0);
		CHECK(!b.src.core.direct_va.known);
		CHECK_MEM(b.src.core.boot_id, none.boot_id, sizeof(none.boot_id));
	}
	bed_deinit(&b);
}

/* ---- headers ----------------------------------------------------------------------- */

static int build(struct bed *b, uint64_t runs_max)
{
	static const struct kx_range window[] = {
		{ 0, 0xa0000 }, { 0x40000000, 0x50000000 },
	};
	const struct kx_core_headers_wish w = {
		.exclude = window, .exclude_count = 2, .context = &b->context,
		.runs_max = runs_max,
	};

	b->err = (struct kx_err){ 0 };
	return kx_core_headers_build(&b->src, &w, &b->arena, &b->h, &b->err);
}

/* The program header @i as the next kernel reads it. */
static void check_phdr(const struct bed *b, unsigned int i, uint32_t type, uint64_t pa,
		       uint64_t va, uint64_t len)
{
	struct kx_bytes blob = { b->h.blob, b->h.len };
	struct kx_rd rd = kx_rd_make(blob, KX_LE);

	kx_rd_seek(&rd, CORE_PHDR(i));
	CHECK_EQ_U64(kx_rd_u32(&rd), type);
	kx_rd_u32(&rd);
	CHECK_EQ_U64(kx_rd_u64(&rd), pa);
	CHECK_EQ_U64(kx_rd_u64(&rd), va);
	CHECK_EQ_U64(kx_rd_u64(&rd), pa);
	CHECK_EQ_U64(kx_rd_u64(&rd), len);
	CHECK_EQ_U64(kx_rd_u64(&rd), len);
	CHECK_EQ_U64(kx_rd_u64(&rd), type == 4 ? 4 : 0);
	CHECK(!rd.bad);
}

static void test_headers(void)
{
	struct bed b;

	bed_init(&b, 1);
	if (CHECK(build(&b, 100) == 0)) {
		uint64_t notes = b.h.context_off - CONTEXT_NOTE_DESC;

		kx_core_headers_place(&b.h, HEADERS_PA);
		CHECK_EQ_U64(b.h.len, 0x1000);
		CHECK_EQ_U64(notes, 448);	/* behind 6 headers, aligned to 64 */
		CHECK_EQ_U64(b.h.load_count, 4);
		check_phdr(&b, 0, 4, 0x7ea88000, 0, 0x1024);
		check_phdr(&b, 1, 4, HEADERS_PA + notes, 0, 0xb68);
		check_phdr(&b, 2, 1, 0x2a000000, 0xffffffffaa000000, 0x1e00000);
		check_phdr(&b, 3, 1, 0x100000, 0xffff888000100000, 0x3ff00000);
		check_phdr(&b, 4, 1, 0x50000000, 0xffff888050000000, 0x2ffdc000);
		check_phdr(&b, 5, 1, 0x100000000, 0xffff888100000000, 0xc0000000);
		CHECK_EQ_U64(b.h.state_off % 8, 0);
		CHECK_EQ_U64(b.h.map_off % 8, 0);
		CHECK_EQ_U64(b.h.map_len, 48 + 100 * 24);
	}
	bed_deinit(&b);
}

/* The MACHINE note is the last, whatever its length; and the reader finds them all. */
static void test_machine(void)
{
	static const char text[] = "arch=x86_64\nla57=1\n";

	for (size_t len = 1; len < sizeof(text); len++) {
		struct kx_core_headers_wish w = { .runs_max = 3 };
		struct kx_core core = { .machine = KX_ELF_X86_64 };
		struct kx_contexts notes;
		struct bed b;

		bed_init(&b, 1);
		w.context = &b.context;
		w.machine = (struct kx_bytes){ (const uint8_t *)text, len };
		if (CHECK(kx_core_headers_build(&b.src, &w, &b.arena, &b.h, &b.err) == 0)) {
			struct kx_bytes all = { b.h.blob, b.h.len }, part = KX_BYTES_NONE;
			uint64_t at = b.h.context_off - CONTEXT_NOTE_DESC;
			const struct kx_core_note *n;

			CHECK(kx_bytes_sub(all, at, b.h.len - at, &part));
			CHECK(kx_core_notes_parse(part, at, &b.arena, &core, &b.err) == 0);
			CHECK(kx_contexts_read(&core, &b.arena, &notes, &b.err) == 0);
			CHECK(notes.has_context && notes.has_state && notes.has_map);
			n = kx_core_note_find(&core, CONTEXT_NOTE_NAME, CONTEXT_NOTE_MACHINE);
			if (CHECK(n) && CHECK_EQ_U64(n->desc.len, len))
				CHECK_MEM(n->desc.data, text, len);
		}
		bed_deinit(&b);
	}
}

/* Of a crash kernel: the registers that the CPUs leave when they panic, no notes of ours. */
static void test_crash_headers(void)
{
	struct kx_core_headers_wish w = { .exclude_count = 0 };
	struct bed b;

	bed_init(&b, 1);
	if (CHECK(kx_core_headers_build(&b.src, &w, &b.arena, &b.h, &b.err) == 0)) {
		check_phdr(&b, 0, 4, 0x1bfc03cc0, 0, 364);
		check_phdr(&b, 2, 4, 0x1bfc83cc0, 0, 364);
		check_phdr(&b, 3, 4, 0x7ea88000, 0, 0x1024);
		check_phdr(&b, 4, 1, 0x2a000000, 0xffffffffaa000000, 0x1e00000);
		CHECK_EQ_U64(b.h.context_off, 0);
	}
	bed_deinit(&b);
}

/* What binutils say of @f: it has to be content with it, and see our three notes. */
static void check_readelf(const struct bed *b, const struct forge *f)
{
	char command[PATH_MAX], line[512];
	int notes = 0, complaints = 0;
	FILE *p;

	if (system("readelf --version >/dev/null 2>&1"))
		return;
	sysroot_put(&b->root, "core", f->p, f->len);
	snprintf(command, sizeof(command), "LC_ALL=C readelf -hln '%s/core' 2>&1", b->root.dir);
	p = popen(command, "re");
	while (p && fgets(line, sizeof(line), p)) {
		notes += strstr(line, "KEXECJUMP") && strstr(line, "Unknown note type: (0x4b4a000");
		complaints += strstr(line, "readelf:") != NULL;
	}
	CHECK(p && pclose(p) == 0);
	CHECK_EQ_U64((uint64_t)notes, 3);
	CHECK_EQ_U64((uint64_t)complaints, 0);
}

/*
 * What fs/proc/vmcore.c makes of them: the notes of all PT_NOTEs one behind the
 * other in a file, read with our own reader.
 */
static void test_round_trip(void)
{
	struct forge f = FORGE_NONE;
	struct kx_core_file file;
	struct kx_contexts n;
	struct kx_core core;
	struct kx_bytes bytes;
	struct bed b;
	uint64_t off, len;

	bed_init(&b, 1);
	if (!CHECK(build(&b, 100) == 0))
		return;
	off = b.h.context_off - CONTEXT_NOTE_DESC;
	/* Up to the terminator, which the kernel leaves out. */
	len = b.h.map_off + b.h.map_len - off;
	/* Purgatory was here. */
	kx_put_le32(b.h.blob + b.h.context_off + offsetof(struct context_note, status), 1);
	kx_put_le64(b.h.blob + b.h.context_off + offsetof(struct context_note, entry), 0x1234000);
	kx_put_le32(b.h.blob + b.h.map_off + offsetof(struct context_map, status), CONTEXT_UNKNOWN);

	core_ehdr(&f, 62, 1);
	core_phdr(&f, 4, 0x1000, 0, 0, len, len);
	forge_to(&f, 0x1000);
	forge_put(&f, b.h.blob + off, len);
	check_readelf(&b, &f);
	bytes = forge_bytes(&f);
	file = core_file(&bytes);
	if (CHECK(kx_core_open(&file, &b.arena, &core, NULL) == 0) &&
	    CHECK(kx_contexts_read(&core, &b.arena, &n, NULL) == 0)) {
		CHECK_EQ_U64(core.note_count, 3);
		CHECK(n.has_context && n.has_state && n.has_map && !n.has_integrity);
		CHECK_STR(n.context.release, "6.12.1");
		CHECK(n.context.filled);
		CHECK_EQ_U64(n.context.entry, 0x1234000);
		CHECK_EQ_U64(n.context.page_size, 0x1000);
		CHECK_EQ_U64(n.context.boot_id[0], 0x6a);
		CHECK_EQ_U64(n.state.status, CONTEXT_BLANK);
		CHECK_EQ_U64(n.map.status, CONTEXT_UNKNOWN);
		CHECK_EQ_U64(n.map.capacity, 100);
	}
	forge_free(&f);
	bed_deinit(&b);
}

/* As for a crash kernel: nothing of ours, everything in it. */
static void test_plain(void)
{
	const struct kx_core_headers_wish w = { .exclude = NULL };
	struct bed b;

	bed_init(&b, 1);
	b.src.core.direct_va.known = false;
	b.src.core.text = (struct kx_range){ 0 };
	if (CHECK(kx_core_headers_build(&b.src, &w, &b.arena, &b.h, NULL) == 0)) {
		kx_core_headers_place(&b.h, HEADERS_PA);
		CHECK_EQ_U64(b.h.context_off | b.h.state_off | b.h.map_off, 0);
		check_phdr(&b, 3, 4, 0x7ea88000, 0, 0x1024);
		check_phdr(&b, 4, 1, 0x1000, 0, 0x9ec00);
		CHECK_EQ_U64(b.h.load_count, 3);
	}
	bed_deinit(&b);
}

static void test_refused(void)
{
	struct bed b;

	bed_init(&b, 1);
	CHECK(build(&b, 200000) == -E2BIG);
	CHECK_STR(b.err.text,
		  "core headers: backup map: expected at most 174762 runs, have 200000");
	CHECK(build(&b, 174762) == -E2BIG);
	CHECK_STR(b.err.text,
		  "core headers: notes: expected at most 0x400000 bytes, have 0x4001f8");
	b.src.iomem.n = 0;
	b.src.iomem_hidden = true;
	CHECK(build(&b, 1) == -ENODATA);
	CHECK_STR(b.err.text, "core headers: expected System RAM in /proc/iomem, have none"
		  " (addresses are hidden)");
	b.src.core.vmcoreinfo.end = 0;
	CHECK(build(&b, 1) == -ENODATA);
	CHECK_STR(b.err.text, "core headers: expected the address of VMCOREINFO in"
		  " /sys/kernel/vmcoreinfo, have none");
	bed_deinit(&b);
}

/* Touching ranges are one, and what is no RAM does not count. */
static void test_ram_map(void)
{
	struct kx_mem one[] = {
		{ { 0x1000, 0x9000 }, KX_MEM_RAM, 0, "" },
		{ { 0x100000, 0x300000 }, KX_MEM_RAM, 0, "" },
	};
	struct kx_mem two[] = {
		{ { 0x1000, 0x5000 }, KX_MEM_RAM, 0, "" },
		{ { 0x5000, 0x9000 }, KX_MEM_RAM, 0, "" },
		{ { 0x9000, 0x100000 }, KX_MEM_RESERVED, 0, "" },
		{ { 0x100000, 0x200000 }, KX_MEM_RAM, 0, "" },
		{ { 0x180000, 0x300000 }, KX_MEM_RAM, 0, "" },
	};
	/* sha256sum of 1000, 9000, 100000, 300000 as 64-bit words */
	static const uint8_t want[4] = { 0x60, 0xfc, 0x92, 0x59 };
	static const uint8_t none[32];
	struct kx_sources s = { .page_size = 0x1000, .machine = KX_MACHINE_X86_64 };
	struct kx_context a, b;

	kx_context_init(&a, &s);
	CHECK_MEM(a.ram_map, none, 32);
	s.firmware = (struct kx_memmap){ one, 2, 2 };
	kx_context_init(&a, &s);
	s.firmware = (struct kx_memmap){ two, 5, 5 };
	kx_context_init(&b, &s);
	CHECK_MEM(a.ram_map, b.ram_map, 32);
	CHECK_MEM(a.ram_map, want, 4);
	two[4].r.end++;
	kx_context_init(&b, &s);
	CHECK(memcmp(a.ram_map, b.ram_map, 32));
}

TEST_MAIN(
	{ "facts", test_facts },
	{ "each CPU that is possible", test_possible },
	{ "no facts", test_no_facts },
	{ "headers for a kernel jump", test_headers },
	{ "the MACHINE note", test_machine },
	{ "headers for a crash kernel", test_crash_headers },
	{ "the next kernel's core is read back", test_round_trip },
	{ "headers without notes of ours", test_plain },
	{ "what is refused", test_refused },
	{ "identity of the RAM map", test_ram_map },
)
