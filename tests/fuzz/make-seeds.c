/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes the inputs that fuzzing starts from and "make check" replays:
 *
 *	make-seeds OUT [KERNELS]
 *
 * makes OUT/TARGET/NAME, small well-formed files of every kind, each once
 * whole and twice cut off.  If KERNELS is the test bed's kernel cache
 * (tests/qemu/fetch-kernels: ARCH/RELEASE/vmlinuz), the heads of the kernels in
 * it are added.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "../unit/core-forge.h"
#include "../unit/kdump-forge.h"
#include "../unit/kept-forge.h"
#include "../unit/kallsyms-forge.h"
#include "../unit/pages-forge.h"
#include "../unit/snapshot-forge.h"
#include "../unit/forge.h"
#include "../unit/printk-forge.h"
#include "../unit/saved-seal-forge.h"
#include "../unit/tree.h"
#include "kx/timing.h"
#include "sources.h"

#define PATH_LEN	4096
#define KERNEL_HEAD	((size_t)8 << 10)

static const char *out_dir;

static void die(const char *what, const char *path)
{
	fprintf(stderr, "make-seeds: %s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		die("cannot make", path);
}

static void write_seed(const char *target, const char *name, struct kx_bytes b)
{
	char path[PATH_LEN];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", out_dir, target);
	make_directory(path);
	snprintf(path, sizeof(path), "%s/%s/%s", out_dir, target, name);
	f = fopen(path, "we");
	if (!f || fwrite(b.data, 1, b.len, f) != b.len || fclose(f) != 0)
		die("cannot write", path);
}

/* Whole, and cut off in the middle and just before the end; @f is freed. */
static void seed(const char *target, const char *name, struct forge *f)
{
	char cut[256];

	write_seed(target, name, forge_bytes(f));
	snprintf(cut, sizeof(cut), "%s-half", name);
	write_seed(target, cut, (struct kx_bytes){ f->p, f->len / 2 });
	snprintf(cut, sizeof(cut), "%s-short", name);
	write_seed(target, cut, (struct kx_bytes){ f->p, f->len - (f->len > 0) });
	forge_free(f);
}

static void seed_text(const char *target, const char *name, const char *text)
{
	write_seed(target, name, (struct kx_bytes){ (const uint8_t *)text, strlen(text) });
}

/* ---- codecs ------------------------------------------------------------ */

static const struct packer {
	const char *target, *name;
	void (*pack)(struct forge *f, struct kx_bytes in);
	const char *zboot;	/* as zboot calls it */
	int uimage;		/* as uImage calls it; -1 not at all */
} packers[] = {
	{ "gzip", "gzip", forge_gzip, "gzip", 1 },
	{ "xz", "xz", forge_xz, "xzkern", -1 },
	{ "lzma", "lzma", forge_lzma, "lzma", 3 },
	{ "zstd", "zstd", forge_zstd_complete, "zstd22", 6 },
	{ "zstd", "zstd-streamed", forge_zstd_bare, "zstd", 6 },
	{ "lz4", "lz4-sized", forge_lz4_sized, "lz4", 5 },
	{ "lz4", "lz4", forge_lz4_bare, "lz4", 5 },
	{ "lz4", "lz4-legacy", forge_lz4_legacy, "lz4", 5 },
};

#define PACKERS	(sizeof(packers) / sizeof(packers[0]))

static void seed_codecs(struct kx_bytes kernel)
{
	const struct kx_bytes tiny = { kernel.data, 5 };

	for (const struct packer *p = packers; p < packers + PACKERS; p++) {
		struct forge f = FORGE_NONE, in = FORGE_NONE;
		char name[64];

		p->pack(&f, kernel);
		seed(p->target, p->name, &f);
		/* Two streams and the kernel's size word. */
		p->pack(&f, tiny);
		p->pack(&f, tiny);
		forge_le32(&f, 2 * (uint32_t)tiny.len);
		snprintf(name, sizeof(name), "%s-twice", p->name);
		seed(p->target, name, &f);

		p->pack(&in, tiny);
		forge_zboot(&f, p->zboot, forge_bytes(&in), KX_BYTES_NONE);
		seed("zboot", p->name, &f);
		if (p->uimage >= 0) {
			forge_uimage(&f, (uint8_t)p->uimage, forge_bytes(&in));
			seed("uimage", p->name, &f);
			forge_uimage(&f, (uint8_t)p->uimage, forge_bytes(&in));
			seed("peel", p->name, &f);
		}
		forge_free(&in);
	}
}

/* A block behind the head that tests/fuzz/purgatory.c describes. */
static void forge_purgatory_lz4(struct forge *f, struct kx_bytes in)
{
	int room = LZ4_compressBound((int)in.len);
	uint8_t *p = forge_room(f, 3 + (size_t)room);

	p[2] = 0x40;		/* the length is that of the block */
	f->len = 3 + (size_t)LZ4_compress_default((const char *)in.data, (char *)p + 3,
						  (int)in.len, room);
}

static void seed_purgatory(struct kx_bytes kernel)
{
	/* 4 literals, a match of 19 + 255 + 1 at offset 4, no literals (the NUL). */
	static const char regions[] = "\0\0\0\2\0" "\0\2\0\2\4" "\0\4\0\2\0" "\0\6\0\2\4";
	static const char records[] = "\x10\0\x20\0\0\x10\0\0\1\0\0" "\0\0\0\0\0\x30\x40\0\0\1\0"
				      "\0\0\x10\0\0\x11\x20\0\0\2\0";
	static const struct purg_param param = {
		.magic = PURG_MAGIC, .version = PURG_VERSION, .size = sizeof(param),
		.base = 0x40000000, .pool_len = PURG_POOL_MIN, .page_shift = 12, .pc = 0x41000000,
		.unpack_pa = 0x41000000, .unpack_count = 2, .timing_pa = 0x42000010,
		.entry_kind = PURG_ENTRY_ARM64, .region_count = 2, .console_count = 1,
		.console = { { .kind = PURG_CONSOLE_PL011, .addr = 0x9000000 } },
		.region = {
			{ .pa = 0x41000000, .len = 4000, .mem_len = 4096, .flags = PURG_REGION_VERIFY },
			{ .pa = 0x42000000, .mem_len = 8192, .flags = PURG_REGION_WRITE },
		},
	};
	struct purg_param jump = param;
	static const char long_match[] = "\0\0\x40\x4fKEXC\4\0\xff\1";
	struct forge f = FORGE_NONE;

	forge_purgatory_lz4(&f, kernel);
	seed("purgatory-lz4", "image", &f);
	forge_put(&f, long_match, sizeof(long_match));
	seed("purgatory-lz4", "long-match", &f);
	/* Read, write, read, write; one record of each codec. */
	forge_put(&f, regions, sizeof(regions) - 1);
	forge_put(&f, records, sizeof(records) - 1);
	seed("purgatory-unpack", "three", &f);
	forge_put(&f, &param, sizeof(param));
	seed("purgatory-param", "good", &f);
	jump.flags = PURG_F_PRESERVE | PURG_F_STOP_CPUS;
	jump.entry_kind = PURG_ENTRY_CALL;
	jump.context_pa = 0x42000100;
	jump.state_pa = 0x42000240;
	jump.map_pa = 0x42000400;
	jump.map_len = 0x400;
	jump.result_pa = 0x42000200;
	jump.segment_count = 2;
	jump.segment[0] = (struct purg_segment){ 0x40000000, 0x20000 };
	jump.segment[1] = (struct purg_segment){ 0x42000000, 0x2000 };
	forge_put(&f, &jump, sizeof(jump));
	seed("purgatory-param", "jump", &f);
}

/* ---- containers -------------------------------------------------------- */

static struct kx_bytes text(const char *s)
{
	return (struct kx_bytes){ (const uint8_t *)s, strlen(s) };
}

static void forge_uki(struct forge *f, struct kx_bytes kernel)
{
	const struct forge_section sections[] = {
		{ ".osrel", text("ID=debian\n") },
		{ ".linux", kernel },
		{ ".ucode", text("070701ucode") },
		{ ".initrd", text("070701initrd") },
		{ ".initrd", text("070701second") },
		{ ".cmdline", text("root=/dev/vda1\nquiet\n") },
		{ ".dtb", text("\xd0\x0d\xfe\xed") },
		{ ".profile", text("ID=other") },
		{ ".cmdline", text("debug") },
	};

	forge_pe(f, 0xaa64, sections, sizeof(sections) / sizeof(sections[0]));
}

/* gzip -> UKI -> zboot -> Image */
static void forge_nested(struct forge *f, struct kx_bytes kernel)
{
	struct forge packed = FORGE_NONE, zboot = FORGE_NONE, uki = FORGE_NONE;

	forge_zstd(&packed, kernel, 1);
	forge_zboot(&zboot, "zstd22", forge_bytes(&packed), KX_BYTES_NONE);
	forge_uki(&uki, forge_bytes(&zboot));
	forge_gzip(f, forge_bytes(&uki));
	forge_free(&packed);
	forge_free(&zboot);
	forge_free(&uki);
}

static void seed_containers(struct kx_bytes kernel)
{
	const struct forge_section alone[] = { { ".linux", kernel } };
	struct forge f = FORGE_NONE;

	forge_uki(&f, kernel);
	seed("uki", "uki", &f);
	forge_pe(&f, 0x8664, alone, 1);
	seed("uki", "stubble", &f);
	forge_uimage(&f, 0, kernel);
	seed("uimage", "plain", &f);
	forge_nested(&f, kernel);
	seed("peel", "nested", &f);
	forge_uki(&f, kernel);
	seed("peel", "uki", &f);
	forge_uki(&f, kernel);
	seed("plan-arm64", "uki", &f);
}

/* ---- formats ----------------------------------------------------------- */

static void seed_format(const char *target, const char *plan, const char *name, struct forge *f)
{
	write_seed("image", name, forge_bytes(f));
	write_seed(plan, name, forge_bytes(f));
	seed(target, name, f);
}

static void seed_formats(void)
{
	struct forge f = FORGE_NONE;

	forge_arm64_image(&f, 1024);
	seed_format("arm64-image", "plan-arm64", "arm64-image", &f);
	forge_bzimage(&f, 1024);
	seed_format("bzimage", "plan-x86", "bzimage", &f);
	forge_elf(&f, 62, 0x1000000, 512);
	seed_format("elf", "plan-x86", "elf-x86", &f);
	forge_elf(&f, 183, 0x80000, 512);
	seed_format("elf", "plan-arm64", "elf-arm64", &f);
	/* A result above 1 MiB, and 40 pieces of memory, each in a GiB of its own. */
	forge_put(&f, "\x01\x10\0\0", 4);
	for (uint32_t i = 0; i < 40; i++) {
		uint8_t word[4];

		kx_put_le32(word, i << 26 | 0x5000 << 8 | (i + 4));
		forge_put(&f, word, 4);
	}
	seed("plan-call", "pieces", &f);
	forge_put(&f, "\x31\xc0\xc3", 3);
	seed("plan-call", "return", &f);
}

/* The heads of real kernels; a cache that is not there is no error. */
static void seed_kernels(const char *cache)
{
	static const char *const names[][2] = {
		{ "arm64", "arm64-image" }, { "x86_64", "bzimage" },
	};

	for (size_t i = 0; i < 2; i++) {
		char path[PATH_LEN], name[256];
		struct dirent *e;
		DIR *d;

		snprintf(path, sizeof(path), "%s/%s", cache, names[i][0]);
		d = opendir(path);
		while (d && (e = readdir(d))) {
			struct forge f = FORGE_NONE, packed = FORGE_NONE;
			FILE *in;

			if (e->d_name[0] == '.' ||
			    snprintf(path, sizeof(path), "%s/%s/%s/vmlinuz", cache, names[i][0],
				     e->d_name) >= PATH_LEN)
				continue;
			in = fopen(path, "re");
			if (!in)
				continue;
			f.len = fread(forge_room(&f, KERNEL_HEAD), 1, KERNEL_HEAD, in);
			fclose(in);
			snprintf(name, sizeof(name), "debian-%.200s", e->d_name);
			write_seed(names[i][1], name, forge_bytes(&f));
			write_seed("image", name, forge_bytes(&f));
			forge_purgatory_lz4(&packed, forge_bytes(&f));
			write_seed("purgatory-lz4", name, forge_bytes(&packed));
			forge_free(&packed);
			forge_free(&f);
		}
		if (d)
			closedir(d);
	}
}

/* ---- firmware ---------------------------------------------------------- */

/* ACPI table: signature, length, revision, then zeros up to @len. */
static uint8_t *forge_acpi(struct forge *f, const char *signature, uint32_t len, uint8_t revision)
{
	uint8_t *p = forge_room(f, len);

	memcpy(p, signature, 4);
	kx_put_le32(p + 4, len);
	p[8] = revision;
	return p;
}

/* A millisecond of 1 GHz between stamps, and one more until now. */
static void seed_timing(void)
{
	static const uint64_t words[PURG_TIMING_WORDS + 2] = {
		[PURG_TIMING_HEAD] = PURG_TIMING_MAGIC,
		[PURG_TIMING_HZ] = 1000000000,
		[PURG_TIMING_BYTES] = 4096,
		[PURG_TIMING_ENTRY] = 1000000,
		[PURG_TIMING_MAP] = 2000000,
		[PURG_TIMING_VERIFIED] = 3000000,
		[PURG_TIMING_UNPACKED] = 4000000,
		[PURG_TIMING_CHECKED] = 4000000,
		[PURG_TIMING_EXIT] = 5000000,
		[PURG_TIMING_WORDS] = 6000000,		/* the counter */
		[PURG_TIMING_WORDS + 1] = 500000,	/* the kernel's clock */
	};
	struct forge f = FORGE_NONE;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		forge_be32(&f, (uint32_t)(words[i] >> 32));
		forge_be32(&f, (uint32_t)words[i]);
	}
	forge_be32(&f, 1000);		/* the error of the rate */
	seed("timing", "written", &f);
	forge_put(&f, "KXTM\0\0\0\1", 8);
	forge_room(&f, KX_TIMING_LEN - 8);
	seed("timing", "blank", &f);
}

static void seed_firmware(void)
{
	static const char *const tree_targets[] = { "fdt", "dtb", "dtb-given" };
	struct forge f = FORGE_NONE;
	struct tree tree;
	uint8_t *p;

	for (size_t i = 0; i < sizeof(tree_targets) / sizeof(tree_targets[0]); i++) {
		struct kx_bytes virt = tree_machine(&tree);

		forge_put(&f, virt.data, virt.len);
		seed(tree_targets[i], "virt", &f);
	}
	forge_room(&f, 4096);
	seed("boot-params", "zeros", &f);

	seed_text("gic-tables", "log", "0-1\n"
		  "6,61,0,-;GICv3: CPU0: found redistributor 0 region 0:0x80a0000\n"
		  "6,63,0,-;GICv3: using LPI property table @0x43290000\n"
		  "6,64,0,-;GICv3: CPU0: using allocated LPI pending table @0x432a0000\n"
		  "6,88,3,-;GICv3: CPU1: found redistributor 1 region 0:0x80c0000\n"
		  "6,89,3,-;GICv3: CPU1: using allocated LPI pending table @0x432b0000\n");
	seed_text("gic-tables", "lines", "lpi_property=0x42000000\n"
		  "lpi_pending=0x80a0000 0x42010000\nlpi_pending=0x80c0000 0x42020000\n");

	p = forge_acpi(&f, "SPCR", 80, 2);
	p[36] = 3;			/* PL011 */
	p[40 + 1] = 32;
	p[40 + 3] = 3;
	kx_put_le64(p + 44, 0x9000000);
	seed("spcr", "pl011", &f);
	p = forge_acpi(&f, "SPCR", 80, 2);
	p[40] = 1;			/* I/O port */
	p[40 + 1] = 8;
	kx_put_le64(p + 44, 0x3f8);
	seed("spcr", "port", &f);

	p = forge_acpi(&f, "FACP", 276, 6);
	p[129] = 3;			/* PSCI by HVC */
	p[131] = 3;
	seed("fadt", "psci", &f);
	p = forge_acpi(&f, "APIC", 44 + 24 + 20, 5);
	p[44] = 0xc;			/* GICD */
	p[45] = 24;
	p[44 + 24] = 0xf;		/* ITS */
	p[44 + 25] = 20;
	kx_put_le64(p + 44 + 24 + 8, 0x8080000);
	seed("madt", "its", &f);
	p = forge_acpi(&f, "APIC", 44 + 80, 5);
	p[44] = 0xb;			/* GICC */
	p[45] = 80;
	p[44 + 8] = 1;
	p[44 + 68] = 3;
	seed("madt", "cpu", &f);
	seed_timing();
}

/* ---- cores ------------------------------------------------------------- */

static void seed_context(const char *name, uint8_t type, void (*desc)(struct forge *f))
{
	struct forge f = FORGE_NONE, d = FORGE_NONE;

	desc(&d);
	forge_put(&f, &type, 1);
	forge_put(&f, d.p, d.len);
	forge_free(&d);
	seed("context", name, &f);
}

/* What tests/fuzz/core.c describes: two areas; pages at home, and from elsewhere. */
static void seed_kept_runs(void)
{
	static const uint16_t runs[][3] = {
		{ 16, 16, 7 }, { 1000, 24, 7 }, { 64, 64, 15 }, { 1008, 80, 3 }, { 2000, 84, 11 },
	};
	struct forge f = FORGE_NONE;

	forge_put(&f, "\2\1\0\2\1", 5);
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		for (size_t k = 0; k < 3; k++)
			forge_le16(&f, runs[i][k]);
	seed("kept", "two-areas", &f);
}

static void seed_kept_cores(void)
{
	static const uint16_t machines[] = { 62, 183 };

	for (size_t i = 0; i < 2; i++) {
		struct kept_forge k = { .machine = machines[i], .machine_text = "la57=0\n" };

		kept_build(&k);
		seed("core", i ? "kept-arm64" : "kept-x86", &k.f);
	}
}

static void seed_cores(void)
{
	struct forge f = FORGE_NONE;

	core_build(&f);
	seed("core", "x86", &f);
	/* More program headers than e_phnum says, and no notes. */
	core_ehdr(&f, 183, 0xffff);
	kx_put_le64(f.p + 40, 64);
	core_phdr(&f, 1, 0, 0, 0x40000000, 64, 64);
	kx_put_le32(f.p + 64 + 44, 65535);
	seed("core", "extended", &f);
	seed_context("context", 1, core_context);
	seed_context("state", 2, core_state);
	seed_context("map", 3, core_map);
	seed_context("integrity", 4, core_integrity);
	seed_kept_cores();
	seed_kept_runs();
}

static void seed_saved(const char *name, struct saved_forge s)
{
	saved_build(&s);
	write_seed("saved", name, forge_bytes(&s.f));
	saved_forge_free(&s);
}

/* With the key of the tests; none without nettle. */
static void seed_encrypted(const char *name, struct saved_forge s)
{
	struct kx_saved_cipher c;
	struct kx_saved_key key;

	saved_test_key(&key);
	if (kx_saved_cipher_init(&c, &key, NULL) < 0)
		return;
	saved_build(&s);
	saved_encrypt(&s, &c);
	write_seed("saved", name, forge_bytes(&s.f));
	saved_forge_free(&s);
	kx_saved_cipher_deinit(&c);
}

/* struct kx_saved_cipher of the fuzzer's: nothing is encrypted. */
static int no_begin(void *ctx, const uint8_t *salt, const uint8_t *id, uint8_t *ret_check,
		    struct kx_err *err)
{
	(void)ctx, (void)salt, (void)id, (void)err;
	memset(ret_check, 0, KX_SAVED_CHECK_LEN);
	return 0;
}

static int no_seal(void *ctx, const struct kx_saved_nonce *n, uint8_t *data, size_t len,
		   uint8_t *ret_tag, struct kx_err *err)
{
	(void)ctx, (void)n, (void)data, (void)len, (void)err;
	memset(ret_tag, 0x5a, KX_SAVED_TAG_LEN);
	return 0;
}

static void seed_sealed(const char *name, struct saved_forge s)
{
	const struct kx_saved_cipher none = { .begin = no_begin, .seal = no_seal };

	saved_build(&s);
	saved_encrypt(&s, &none);
	write_seed("saved", name, forge_bytes(&s.f));
	saved_forge_free(&s);
}

/* The large ones are for tests/cli/vmcore-dump, the small ones are not cut off by a fuzzer. */
static void seed_saved_cores(void)
{
	static const struct saved_pages few[] = {
		{ 0x100000, 1, SAVED_TEXT, 1 }, { 0x101000, 2, SAVED_ZERO, 0 },
		{ 0x200000, 1, SAVED_ZERO, 1 },
	};
	const struct saved_forge large = { .machine = 62, .direct_va = 0xffff888000000000 };
	struct saved_forge s;

	for (uint32_t codec = 0; codec <= 2; codec++) {
		static const char *const names[] = { "raw", "lz4", "zstd" };
		static const char *const small_names[] = { "small-raw", "small-lz4", "small-zstd" };

		s = large;
		s.codec = codec;
		seed_saved(names[codec], s);
		s.no_snapshot = 1;
		s.pages = few;
		s.page_rows = 3;
		seed_saved(small_names[codec], s);
		if (codec == 1)
			seed_sealed("small-sealed", s);
	}
	s = large;
	s.codec = 1;
	s.stream = 1;
	seed_saved("stream", s);
	s.no_snapshot = 1;
	s.pages = &few[1];
	s.page_rows = 1;
	seed_saved("small-stream", s);
	s = large;
	s.codec = 1;
	seed_encrypted("encrypted", s);
	s.state = 3;
	seed_saved("consumed", s);
}

/* A log of each format in a core; once without page tables, once in backup pages. */
static void seed_logs(void)
{
	static const struct {
		const char *name, *info;
		void (*make)(struct log_forge *f);
		enum log_core kind;
	} logs[] = {
		{ "ring", LOG_RING_INFO, log_ring_example, LOG_CORE_TABLES },
		{ "ring-va", LOG_RING_INFO, log_ring_example, LOG_CORE_VA },
		{ "ring-backup", LOG_RING_INFO, log_ring_example, LOG_CORE_BACKUP },
		{ "records", LOG_RECORDS_INFO, log_records_example, LOG_CORE_TABLES },
		{ "plain", LOG_PLAIN_INFO, log_plain_example, LOG_CORE_TABLES },
	};

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct forge f = FORGE_NONE;
		struct log_forge log;

		logs[i].make(&log);
		log_core(&f, logs[i].info, &log, logs[i].kind);
		seed("dmesg", logs[i].name, &f);
	}
}

static void seed_pages(const char *name, const char *info, uint32_t type)
{
	struct forge f = FORGE_NONE;

	pages_core(&f, info);
	pages_free(&f, 4, type, 2);
	pages_free(&f, 8, type, 3);
	pages_free(&f, 300, type, 12);
	kx_put_le64(pages_section(&f, 2), 0x3);
	seed("pages", name, &f);
}

/* All kinds; 16 frames are a huge page. */
static void seed_kinds(const char *name, const char *info, uint32_t type, uint32_t huge)
{
	struct forge f = FORGE_NONE;

	pages_core(&f, info);
	pages_free(&f, 4, type, 2);
	pages_use(&f, 8, PAGES_LRU, 0);
	pages_use(&f, 9, PAGES_LRU | PAGES_PRIVATE | PAGES_POISON, 0);
	pages_use(&f, 16, PAGES_LRU | PAGES_HEAD, 1);
	pages_tails(&f, 16, 24);
	pages_use(&f, 32, PAGES_HEAD, 0);
	kx_put_le32(pages_page(&f, 32) + 48, huge);
	pages_tails(&f, 32, 48);
	kx_put_le64(pages_page(&f, 33), 0x104);
	kx_put_le16(pages_page(&f, 33) + 16, 0x402);
	pages_free(&f, 60, type & 0xffffff ? 0xfffffeff : 0xf1000000, 0);
	pages_free(&f, 61, 0xf7000000, 0);
	seed("pages", name, &f);
}

static void seed_symbols(void)
{
	struct forge base = FORGE_NONE, percpu = FORGE_NONE, place = FORGE_NONE, nodes = FORGE_NONE;

	syms_core(&base, SYMS_TABLE SYMS_BASE SYMS_STAT, SYMS_PLAIN);
	seed("kallsyms", "base", &base);
	syms_core(&percpu, SYMS_TABLE SYMS_BASE SYMS_STAT SYMS_NODES, SYMS_PERCPU);
	seed("kallsyms", "percpu", &percpu);
	syms_core(&place, SYMS_TABLE SYMS_STAT, SYMS_PLACE);
	seed("kallsyms", "place", &place);
	syms_core(&nodes, SYMS_STAT SYMS_NODES, SYMS_PLAIN);
	seed("kallsyms", "nodes", &nodes);
}

/* For tests/cli/vmcore-dump. */
static void seed_sleeping(void)
{
	static const char info[] = PAGES_INFO("-129");
	struct forge f = FORGE_NONE, clean = FORGE_NONE, odd = FORGE_NONE;

	pages_jump(&f, info, PAGES_OLD, 0);
	seed("pages", "jump", &f);
	pages_jump(&clean, info, PAGES_OLD, 1);
	seed("pages", "jump-clean", &clean);
	/* The page that it is entered in is free. */
	pages_jump(&odd, info, PAGES_OLD, 0);
	pages_free(&odd, 1, PAGES_OLD, 0);
	seed("pages", "jump-odd", &odd);
}

/* The whole one is for tests/cli/vmcore-dump, the others are not cut off by a fuzzer. */
static void seed_dumps(void)
{
	static const uint64_t cuts[] = { 0, 8, 100, KDUMP_MAX_PAGE };
	static const char *const names[] = { "split-1", "split-2", "split-3" };
	struct kdump_forge k = kdump_default();
	struct forge f = FORGE_NONE, flat = FORGE_NONE;

	kdump_build(&f, &k);
	flat_build(&flat, forge_bytes(&f), 5000);
	seed("kdump-file", "whole", &f);
	seed("flat-file", "whole", &flat);
	for (size_t i = 0; i < 3; i++) {
		k.split = true;
		k.start = cuts[i];
		k.end = cuts[i + 1];
		kdump_build(&f, &k);
		seed("kdump-file", names[i], &f);
	}
	k = kdump_default();
	k.max_page = 600;
	k.count = 11;
	kdump_build(&f, &k);
	flat_build(&flat, forge_bytes(&f), 3000);
	seed("kdump-file", "small", &f);
	seed("flat-file", "small", &flat);
	k.version = 3;
	kdump_build(&f, &k);
	seed("kdump-file", "version-3", &f);
	flat_head(&flat);
	flat_record(&flat, 0, "0123456789", 10);
	flat_record(&flat, 4, "abcd", 4);
	flat_record(&flat, 20, "x", 1);
	seed("flat-file", "tiny", &flat);
}

static void seed_snapshot(const char *name, uint16_t machine)
{
	static const uint64_t frames[] = { 0x40000, 0x40001, 0x40002 | SNAPSHOT_ZERO, 0x50000 };
	struct forge f = FORGE_NONE, stream = FORGE_NONE;
	uint8_t arm64 = machine == KX_ELF_ARM64;

	/* Offsets in a forge count from its start. */
	snapshot_head(&stream, machine, 1, 3);
	snapshot_frames(&stream, frames, 4);
	forge_put(&f, &arm64, 1);
	forge_put(&f, stream.p, stream.len);
	forge_free(&stream);
	seed("snapshot", name, &f);
}

/* ---- text -------------------------------------------------------------- */

static void seed_texts(void)
{
	seed_text("cmdline", "plain", "quiet root=/dev/vda1 quiet ro");
	seed_text("cmdline", "quotes", "a-b a_b=\"x y\" \"a-b=1 2\" --- a\"b c");
	seed_text("number", "hex", "\1" "0x1f");
	seed_text("number", "size", "\2" "512M");
	seed_text("number", "large", "\3" "18446744073709551616");
	seed_text("iomem", "virt",
		  "09000000-09000fff : pl011@9000000\n"
		  "40000000-5fffffff : System RAM\n"
		  "  40210000-4251ffff : Kernel code\n"
		  "  42520000-42d6ffff : reserved\n"
		  "    42d70000-42d7ffff : deep\n");
	seed_text("iomem", "hidden",
		  "00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n");
}

/* ---- machines ---------------------------------------------------------- */

static void record(struct forge *f, const char *path, struct kx_bytes content)
{
	for (size_t i = 0; i < FUZZ_SOURCE_PATHS; i++)
		if (path == fuzz_source_paths[i] ||
		    (path && fuzz_source_paths[i] && !strcmp(path, fuzz_source_paths[i]))) {
			forge_put(f, &(uint8_t){ (uint8_t)i }, 1);
			forge_le16(f, (uint16_t)content.len);
			forge_put(f, content.data, content.len);
			return;
		}
	fprintf(stderr, "make-seeds: %s: not in sources.h\n", path ? path : "(null)");
	exit(1);
}

static void record_common(struct forge *f)
{
	struct forge config = FORGE_NONE;

	record(f, "proc/meminfo", text("MemTotal: 500000 kB\nMemAvailable: 400000 kB\n"));
	record(f, "proc/cmdline", text("BOOT_IMAGE=/vmlinuz quiet console=ttyS0,115200\n"));
	record(f, "proc/self/status", text("CapEff:\t000001ffffffffff\n"));
	record(f, "sys/kernel/kexec_loaded", text("0\n"));
	record(f, "sys/kernel/security/lockdown", text("[none] integrity confidentiality\n"));
	record(f, "sys/devices/system/memory/block_size_bytes", text("8000000\n"));
	record(f, "sys/devices/system/memory/memory5/phys_index", text("00000005\n"));
	record(f, "sys/devices/system/memory/memory5/state", text("online\n"));
	record(f, "sys/devices/system/memory/memory5/valid_zones", text("Movable\n"));
	record(f, "sys/kernel/vmcoreinfo", text("0x000000004ea88000 1024\n"));
	record(f, "sys/devices/system/cpu/cpu0/crash_notes", text("1bfc03cc0\n"));
	record(f, "sys/devices/system/cpu/cpu0/crash_notes_size", text("364\n"));
	record(f, "proc/sys/kernel/random/boot_id",
	       text("6aab5b11-9a6b-4f0c-9f25-4a6d4d0f5c01\n"));
	forge_gzip(&config, text("CONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\n"));
	record(f, "proc/config.gz", forge_bytes(&config));
	forge_free(&config);
}

static void seed_machines(void)
{
	struct forge f = FORGE_NONE, core = FORGE_NONE;
	struct tree tree;

	forge_put(&f, "\1", 1);
	record_common(&f);
	record(&f, "proc/iomem", text("40000000-5fffffff : System RAM\n"
				      "  40210000-4251ffff : Kernel code\n"));
	record(&f, "sys/firmware/fdt", tree_machine(&tree));
	seed("sources", "arm64", &f);

	forge_put(&f, "\0", 1);
	record_common(&f);
	record(&f, NULL, text("ttyS0,9600"));
	record(&f, "proc/iomem", text("00100000-1fffffff : System RAM\n"
				      "  01000000-02ffffff : Kernel code\n"));
	record(&f, "sys/firmware/memmap/0/start", text("0x100000\n"));
	record(&f, "sys/firmware/memmap/0/end", text("0x1fffffff\n"));
	record(&f, "sys/firmware/memmap/0/type", text("System RAM\n"));
	record(&f, "proc/cpuinfo", text("flags\t\t: fpu la57\n"));
	record(&f, "sys/firmware/efi/systab", text("ACPI20=0x7fe014\nSMBIOS=0xf0000\n"));
	record(&f, "sys/firmware/efi/fw_platform_size", text("64\n"));
	record(&f, "sys/firmware/efi/fw_vendor", text("0x7f000000\n"));
	record(&f, "sys/firmware/efi/runtime", text("0x7f001000\n"));
	record(&f, "sys/firmware/efi/config_table", text("0x7f002000\n"));
	record(&f, "sys/firmware/efi/runtime-map/0/type", text("0x5\n"));
	record(&f, "sys/firmware/efi/runtime-map/0/phys_addr", text("0x7f000000\n"));
	record(&f, "sys/firmware/efi/runtime-map/0/virt_addr", text("0xfffffffeff000000\n"));
	record(&f, "sys/firmware/efi/runtime-map/0/num_pages", text("0x10\n"));
	record(&f, "sys/firmware/efi/runtime-map/0/attribute", text("0x800000000000000f\n"));
	record(&f, "sys/firmware/edd/int13_dev80/version", text("0x30\n"));
	record(&f, "sys/firmware/edd/int13_dev80/mbr_signature", text("0x12345678\n"));
	record(&f, "sys/class/tty/ttyS0/port", text("0x3f8\n"));
	seed("sources", "x86", &f);

	forge_put(&f, "\0", 1);
	record(&f, "proc/iomem", text("20000000-3fffffff : System RAM\n"
				      "  21000000-22ffffff : Kernel code\n"));
	record(&f, "sys/firmware/memmap/0/start", text("0x20000000\n"));
	record(&f, "sys/firmware/memmap/0/end", text("0x3fffffff\n"));
	record(&f, "sys/firmware/memmap/0/type", text("System RAM\n"));
	core_build(&core);
	record(&f, "proc/vmcore", forge_bytes(&core));
	forge_free(&core);
	seed("sources", "x86-jumped", &f);

	forge_put(&f, "\0", 1);
	record(&f, "proc/iomem", text("20000000-3fffffff : System RAM\n"));
	record(&f, "sys/firmware/memmap/0/start", text("0x20000000\n"));
	record(&f, "sys/firmware/memmap/0/end", text("0x3fffffff\n"));
	record(&f, "sys/firmware/memmap/0/type", text("System RAM\n"));
	record(&f, "proc/cmdline", text("kexec_jump_back_entry=0x1234060\n"));
	seed("sources", "x86-cmdline", &f);
}

/* Saved cores, as tests/fuzz/plan.c reads them: few runs, and pages everywhere. */
static void seed_saved_plans(void)
{
	static const char machine[] = "la57=1\nfilesystem=254:1 - ext4 rw /\n";
	struct forge f = FORGE_NONE;

	for (unsigned int how = 0; how < 4; how++) {
		forge_put(&f, &(uint8_t){ (uint8_t)how }, 1);
		for (unsigned int i = 0; i < 40; i++)
			forge_put(&f, (uint8_t[]){ 200, (uint8_t)(i % 3), 63, (uint8_t)(i * 5) }, 4);
		seed("plan-saved", how & 1 ? "runs-arm64" : "runs", &f);
		forge_put(&f, &(uint8_t){ (uint8_t)how }, 1);
		for (unsigned int i = 0; i < 400; i++)
			forge_put(&f, (uint8_t[]){ 1, 0, 0, (uint8_t)(1 + i % 2) }, 4);
		forge_put(&f, machine, strlen(machine));
		seed("plan-saved", how & 2 ? "everywhere-64k" : "everywhere", &f);
	}
}

int main(int argc, char **argv)
{
	struct forge kernel = FORGE_NONE;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: make-seeds OUT [KERNELS]\n");
		return 2;
	}
	out_dir = argv[1];
	make_directory(out_dir);
	forge_arm64_image(&kernel, 1024);
	seed_codecs(forge_bytes(&kernel));
	seed_containers(forge_bytes(&kernel));
	seed_purgatory(forge_bytes(&kernel));
	forge_free(&kernel);
	seed_formats();
	seed_firmware();
	seed_cores();
	seed_saved_cores();
	seed_pages("old", PAGES_INFO("-129"), PAGES_OLD);
	seed_sleeping();
	seed_pages("new", PAGES_INFO("-268435456"), 0xf0000000);
	seed_kinds("kinds-old", PAGES_OLD_USES PAGES_DTOR, PAGES_OLD, 0xffffffff);
	seed_kinds("kinds-folio", PAGES_OLD_USES PAGES_FOLIO, PAGES_OLD, 0xffffffff);
	seed_kinds("kinds-flag", PAGES_OLD_USES "NUMBER(PG_hugetlb)=8\n", PAGES_OLD, 0xffffffff);
	seed_kinds("kinds-new", PAGES_NEW_USES, 0xf0000000, 0xf4000000);
	seed_symbols();
	seed_logs();
	seed_dumps();
	seed_snapshot("x86", KX_ELF_X86_64);
	seed_snapshot("arm64", KX_ELF_ARM64);
	seed_texts();
	seed_machines();
	seed_saved_plans();
	if (argc == 3)
		seed_kernels(argv[2]);
	return 0;
}
