/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wrappers around kernels (kexec/container/table.c): none, one in another, too many.
 * The wrappers themselves: test-{zboot,uki,uimage,container-codec}.c.
 */
#include "container-test.h"

/* ---- nothing to peel --------------------------------------------------- */

static void test_plain(void)
{
	struct forge f = FORGE_NONE, same = FORGE_NONE;

	check_kernel(&f, KX_BYTES_NONE, "");
	forge_arm64_image(&f, 4096);
	forge_arm64_image(&same, 4096);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
	forge_bzimage(&f, 4096);
	forge_bzimage(&same, 4096);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
	forge_elf(&f, 62, 0x1000000, 4096);
	forge_elf(&same, 62, 0x1000000, 4096);
	check_kernel(&f, forge_bytes(&same), "");
	forge_free(&same);
}

/* ---- several layers ---------------------------------------------------- */

/* gzip around a UKI around a zboot kernel: as deep as anybody has seen. */
static void forge_nested(struct forge *f, struct kx_bytes kernel)
{
	struct forge packed = FORGE_NONE, zboot = FORGE_NONE, uki = FORGE_NONE;

	forge_zstd(&packed, kernel, 1);
	forge_zboot(&zboot, "zstd22", forge_bytes(&packed), KX_BYTES_NONE);
	forge_pe(&uki, 0xaa64, (const struct forge_section[]){
		 { ".linux", forge_bytes(&zboot) }, { ".initrd", text_bytes("initrd") } }, 2);
	forge_gzip(f, forge_bytes(&uki));
	forge_free(&packed);
	forge_free(&zboot);
	forge_free(&uki);
}

static void test_nested(void)
{
	struct forge f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	forge_nested(&f, text_bytes("the kernel"));
	check_kernel(&f, text_bytes("the kernel"), "gzip uki vmlinuz");

	/* What the UKI brings along outlives what it was unpacked from. */
	kx_arena_init(&a);
	forge_nested(&f, text_bytes("the kernel"));
	p = peel(&a, &f);
	CHECK(bytes_equal(p.initrd, text_bytes("initrd")));
	kx_arena_deinit(&a);
}

/* An inner UKI's parts replace those of the outer; others stay. */
static void test_nested_uki(void)
{
	struct forge inner = FORGE_NONE, packed = FORGE_NONE, f = FORGE_NONE;
	struct kx_payload p;
	struct kx_arena a;

	forge_pe(&inner, 0xaa64, (const struct forge_section[]){
		 { ".linux", text_bytes("the kernel") }, { ".cmdline", text_bytes("inner") } }, 2);
	forge_gzip(&packed, forge_bytes(&inner));
	forge_pe(&f, 0xaa64, (const struct forge_section[]){
		 { ".linux", forge_bytes(&packed) }, { ".cmdline", text_bytes("outer") },
		 { ".dtb", text_bytes("tree") } }, 3);
	kx_arena_init(&a);
	p = peel(&a, &f);
	CHECK(bytes_equal(p.kernel, text_bytes("the kernel")));
	CHECK(bytes_equal(p.cmdline, text_bytes("inner")));
	CHECK(bytes_equal(p.dtb, text_bytes("tree")));
	CHECK_EQ_U64(p.layer_count, 3);
	kx_arena_deinit(&a);
	forge_free(&inner);
	forge_free(&packed);
}

static size_t block_count(const struct kx_arena *a)
{
	struct kx_arena copy = *a;
	size_t n = 0;

	/* A block starts with the pointer to the next; only its count matters. */
	while (copy.blocks) {
		memcpy(&copy.blocks, (const void *)copy.blocks, sizeof(copy.blocks));
		n++;
	}
	return n;
}

/* Files and everything between that lie in the arena are given back early. */
static void test_release(void)
{
	struct forge packed = FORGE_NONE, f = FORGE_NONE;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_gzip(&packed, text_bytes("the kernel"));
	forge_xz(&f, forge_bytes(&packed));
	forge_free(&packed);
	peel(&a, &f);
	CHECK_EQ_U64(block_count(&a), 1);
	kx_arena_deinit(&a);

	/* A uImage is a view: its file goes when the view is unpacked. */
	forge_gzip(&packed, text_bytes("the kernel"));
	forge_uimage(&f, 1, forge_bytes(&packed));
	forge_free(&packed);
	peel(&a, &f);
	CHECK_EQ_U64(block_count(&a), 1);
	kx_arena_deinit(&a);

	/* The UKI holds the initrd; the gzip file around it goes. */
	forge_nested(&f, text_bytes("the kernel"));
	peel(&a, &f);
	CHECK_EQ_U64(block_count(&a), 2);
	kx_arena_deinit(&a);
}

/* Memory that is not the arena's is not its to release. */
static void test_foreign_memory(void)
{
	struct kx_payload p = { .layer_count = 0 };
	struct forge f = FORGE_NONE;
	struct kx_arena a;

	kx_arena_init(&a);
	forge_gzip(&f, text_bytes("the kernel"));
	CHECK(kx_container_peel(forge_bytes(&f), &a, &p, NULL) == 0);
	CHECK(bytes_equal(p.kernel, text_bytes("the kernel")));
	f.p[0] = 0;
	kx_arena_deinit(&a);
	forge_free(&f);
}

static void test_too_deep(void)
{
	struct forge f[6] = { FORGE_NONE };

	forge_gzip(&f[0], text_bytes("the kernel"));
	for (size_t i = 1; i < 5; i++) {
		(i == 4 ? forge_xz : forge_gzip)(&f[i], forge_bytes(&f[i - 1]));
		forge_free(&f[i - 1]);
	}
	forge_gzip(&f[0], text_bytes("the kernel"));
	for (size_t i = 1; i < 4; i++) {
		forge_gzip(&f[5], forge_bytes(&f[0]));
		forge_free(&f[0]);
		f[0] = f[5];
		f[5] = FORGE_NONE;
	}
	check_kernel(&f[0], text_bytes("the kernel"), "gzip gzip gzip gzip");
	check_refused(&f[4], ENOEXEC,
		      "xz: gzip: gzip: gzip: too deep: expected at most 4 wrappers, have gzip inside of them");
}

static void test_error_of_inner_layer(void)
{
	struct forge packed = FORGE_NONE, uki = FORGE_NONE, f = FORGE_NONE;

	forge_zstd(&packed, text_bytes("the kernel"), 1);
	packed.p[packed.len - 1] ^= 1;
	forge_pe(&uki, 0xaa64, (const struct forge_section[]){
		 { ".linux", forge_bytes(&packed) } }, 1);
	forge_gzip(&f, forge_bytes(&uki));
	forge_free(&packed);
	forge_free(&uki);
	check_refused(&f, ENOEXEC,
		      "gzip: uki .linux: zstd: frame 1 at 0x0: Restored data doesn't match checksum");
}

TEST_MAIN(
	{ "kernels without a wrapper", test_plain },
	{ "layers: gzip, UKI, zboot", test_nested },
	{ "layers: UKI in UKI", test_nested_uki },
	{ "layers: memory is given back", test_release },
	{ "layers: memory of others", test_foreign_memory },
	{ "layers: too many", test_too_deep },
	{ "layers: in front of an error", test_error_of_inner_layer })
