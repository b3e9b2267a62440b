/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kexec/arch/x86_64-{boot-params,e820,efi,windows}.c: the bytes the next
 * kernel reads, at the offsets of zero-page.rst and boot.rst.
 */
#include "kx/timing.h"
#include "x86-bed.h"

static void test_header(void)
{
	const uint8_t *bp;
	struct bed b;
	uint64_t pa;

	bed_init(&b);
	bed_initrd(&b, 12345);
	CHECK_EQ_U64(bed_layout(&b), 0);
	bp = bed_params(&b);
	/* The header as far as it goes, and nothing around it. */
	CHECK_MEM(bp + 0x1fe, b.setup + 0x1fe, 0x210 - 0x1fe);
	CHECK_EQ_U64(le(bp + 0x230, 4), 0x200000);
	CHECK_EQ_U64(bp[0x1ef], 0);
	CHECK_EQ_U64(bp[0x1f0], 0);
	CHECK_EQ_U64(bp[HEADER_END], 0);
	CHECK_EQ_U64(bp[0x210], 0xd0);
	CHECK_EQ_U64(bp[0x211], 0x01);
	CHECK_EQ_U64(le(bp + 0x214, 4), 0x1000000);
	pa = bed_segment(&b, "initrd").range.start;
	CHECK_EQ_U64(le(bp + 0x218, 4), pa);
	CHECK_EQ_U64(le(bp + 0x21c, 4), 12345);
	CHECK_EQ_U64(le(bp + 0x0c0, 4), 0);
	CHECK_EQ_U64(le(bp + 0x228, 4), 0x101000);
	CHECK_STR((const char *)bp + 0x1000, "console=ttyS0 quiet");
	bed_deinit(&b);

	/* A header that claims to go on is cut where the next field begins. */
	bed_init(&b);
	b.setup[0x201] = 0xff;
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(bed_params(&b)[0x28f], 0xee);
	CHECK_EQ_U64(bed_params(&b)[0x290], 0);
	bed_deinit(&b);

	bed_init(&b);
	b.image.bzimage.setup.len = 0x220;
	CHECK_EQ_U64(bed_layout(&b), (uint64_t)-ENOEXEC);
	CHECK_STR(b.err.text, "bzImage: setup: the header ends at 0x26c, the setup code at 0x220");
	bed_deinit(&b);
}

static uint32_t entry_type(const uint8_t *table, size_t i)
{
	return (uint32_t)le(table + 20 * i + 16, 4);
}

static void test_e820(void)
{
	static const struct {
		enum kx_mem_type type;
		uint32_t e820;
	} types[] = {
		{ KX_MEM_ACPI, 3 }, { KX_MEM_NVS, 4 }, { KX_MEM_UNUSABLE, 5 }, { KX_MEM_PMEM, 7 },
		{ KX_MEM_PRAM, 12 }, { KX_MEM_SOFT_RESERVED, 0xefffffff }, { KX_MEM_OTHER, 2 },
	};
	const uint8_t *bp;
	uint32_t len = 0;
	struct bed b;

	bed_init(&b);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		bed_mem(&b, GIB(5 + i), GIB(6 + i), types[i].type);
	CHECK_EQ_U64(bed_layout(&b), 0);
	bp = bed_params(&b);
	CHECK_EQ_U64(bp[0x1e8], 6 + 7);
	CHECK_EQ_U64(le(bp + 0x2d0, 8), 0);
	CHECK_EQ_U64(le(bp + 0x2d8, 8), 0x9fc00);
	CHECK_EQ_U64(entry_type(bp + 0x2d0, 0), 1);
	CHECK_EQ_U64(entry_type(bp + 0x2d0, 1), 2);
	CHECK_EQ_U64(le(bp + 0x2d0 + 6 * 20, 8), GIB(5));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		CHECK_EQ_U64(entry_type(bp + 0x2d0, 6 + i), types[i].e820);
	/* (512 MiB - 128 KiB - 1 MiB) in KiB; the 16-bit field stops at 63 MiB. */
	CHECK_EQ_U64(le(bp + 0x1e0, 4), 523136);
	CHECK_EQ_U64(le(bp + 0x002, 2), 0xfc00);
	CHECK(!bed_node(&b, 1, &len));
	bed_deinit(&b);
}

static void test_e820_ext(void)
{
	const uint8_t *bp, *ext;
	uint32_t len = 0;
	struct bed b;

	bed_init(&b);
	for (size_t i = b.src.firmware.n; i < 131; i++)
		bed_mem(&b, GIB(8 + i), GIB(8 + i) + 0x1000 * (i + 1), KX_MEM_RESERVED);
	CHECK_EQ_U64(bed_layout(&b), 0);
	bp = bed_params(&b);
	CHECK_EQ_U64(bp[0x1e8], 128);
	CHECK_EQ_U64(le(bp + 0x2d0 + 127 * 20, 8), GIB(8 + 127));
	/* The table ends where eddbuf's padding begins. */
	CHECK_EQ_U64(le(bp + 0xcd0, 8), 0);
	ext = bed_node(&b, 1, &len);
	if (!CHECK(ext))
		return;
	CHECK_EQ_U64(len, 3 * 20);
	CHECK_EQ_U64(le(ext, 8), GIB(8 + 128));
	CHECK_EQ_U64(le(ext + 48, 8), 0x1000 * 131);
	CHECK_EQ_U64(entry_type(ext, 2), 2);
	CHECK(bed_note(&b, "e820: 3 entries"));
	bed_deinit(&b);
}

static void test_setup_data(void)
{
	const uint8_t *data;
	uint32_t len = 0;
	struct bed b;

	bed_init(&b);
	b.req.dtb.bytes = (struct kx_bytes){ b.content, 33 };
	CHECK_EQ_U64(bed_layout(&b), 0);
	data = bed_node(&b, 9, &len);
	CHECK_EQ_U64(len, 32);
	CHECK(data && !memcmp(data, b.random, 32));
	data = bed_node(&b, 2, &len);
	CHECK_EQ_U64(len, 33);
	CHECK(data && !memcmp(data, b.content, 33));
	bed_deinit(&b);

	bed_init(&b);
	b.req.random = KX_BYTES_NONE;
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK(!bed_node(&b, 9, &len));
	CHECK(!bed_node(&b, 2, &len));
	bed_deinit(&b);
}

/* The record is empty, behind all other nodes, and where purgatory is told to write. */
static void test_timing(void)
{
	const uint8_t *data, *params;
	uint8_t blank[KX_TIMING_LEN];
	bool writable = false;
	uint32_t len = 0;
	struct bed b;

	bed_init(&b);
	b.req.dtb.bytes = (struct kx_bytes){ b.content, 33 };
	CHECK_EQ_U64(bed_layout(&b), 0);
	data = bed_node(&b, 0x4b58544d, &len);
	kx_timing_blank(blank);
	if (!CHECK(data && len == sizeof(blank)))
		return;
	CHECK_MEM(data, blank, sizeof(blank));
	CHECK_EQ_U64(le(data - 16, 8), 0);
	params = bed_params(&b);
	CHECK_EQ_U64(b.plan.param.timing_pa, bed_segment(&b, "boot_params").range.start +
		     (uint64_t)(data - params));
	for (uint32_t i = 0; i < b.plan.param.region_count; i++) {
		const struct purg_region *r = &b.plan.param.region[i];

		if (!strcmp(r->name, "boot_params"))
			writable = r->flags & PURG_REGION_WRITE;
		else
			CHECK(!(r->flags & PURG_REGION_WRITE));
	}
	CHECK(writable);
	bed_deinit(&b);
}

/* ---- firmware ----------------------------------------------------------------- */

static struct kx_efi_region regions[] = {
	{ 5, 0x7e000000, 0xfffffffeef800000, 0x100, 0x800000000000000f },
	{ 6, 0x7f000000, 0xfffffffeef600000, 0x20, 0x800000000000000f },
};

static void bed_efi(struct bed *b)
{
	struct kx_x86_facts *f = &b->src.x86;

	f->efi = f->efi64 = true;
	f->runtime = regions;
	f->runtime_count = 2;
	f->fw_vendor = (struct kx_opt_u64){ true, 0x7f6ec018 };
	f->config_table = (struct kx_opt_u64){ true, 0x7f5ecf98 };
	f->efi_systab = (struct kx_opt_u64){ true, 0x17f5ec018 };
	f->smbios = (struct kx_opt_u64){ true, 0x7f520000 };
	f->rsdp = (struct kx_opt_u64){ true, 0x7f77d014 };
}

static void test_efi(void)
{
	const uint8_t *bp, *map, *data;
	uint32_t len = 0;
	struct bed b;

	bed_init(&b);
	bed_efi(&b);
	CHECK_EQ_U64(bed_layout(&b), 0);
	bp = bed_params(&b);
	CHECK_MEM(bp + 0x1c0, "EL64", 4);
	CHECK_EQ_U64(le(bp + 0x1c4, 4), 0x7f5ec018);
	CHECK_EQ_U64(le(bp + 0x1d8, 4), 1);
	CHECK_EQ_U64(le(bp + 0x1c8, 4), 48);
	CHECK_EQ_U64(le(bp + 0x1cc, 4), 1);
	CHECK_EQ_U64(le(bp + 0x1d4, 4), 96);
	CHECK_EQ_U64(le(bp + 0x1dc, 4), 0);
	map = bed_at(&b, le(bp + 0x1d0, 4), 96);
	if (!CHECK(map))
		return;
	CHECK_EQ_U64(le(map, 4), 5);
	CHECK_EQ_U64(le(map + 8, 8), 0x7e000000);
	CHECK_EQ_U64(le(map + 16, 8), 0xfffffffeef800000);
	CHECK_EQ_U64(le(map + 24, 8), 0x100);
	CHECK_EQ_U64(le(map + 32, 8), 0x800000000000000f);
	CHECK_EQ_U64(le(map + 48, 4), 6);
	data = bed_node(&b, 4, &len);
	CHECK_EQ_U64(len, 96);
	if (!CHECK(data))
		return;
	CHECK_EQ_U64(le(data, 8), 0x7f6ec018);
	CHECK_EQ_U64(le(data + 8, 8), 0);
	CHECK_EQ_U64(le(data + 16, 8), 0x7f5ecf98);
	CHECK_EQ_U64(le(data + 24, 8), 0x7f520000);
	CHECK_EQ_U64(le(bp + 0x070, 8), 0x7f77d014);
	bed_deinit(&b);
}

/* The next kernel reads these before it can take a page fault. */
static void test_windows(void)
{
	struct bed b;

	bed_init(&b);
	bed_efi(&b);
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(b.plan.window_count, 3);
	CHECK_STR(b.plan.window[0].name, "EFI systab");
	CHECK_EQ_U64(b.plan.window[0].r.start, 0x17f5ec000);
	CHECK_EQ_U64(b.plan.window[1].r.start, 0x7f5ec000);
	CHECK_EQ_U64(b.plan.window[1].r.end, 0x7f5ee000);
	CHECK_STR(b.plan.window[2].name, "ACPI tables");
	CHECK_EQ_U64(b.plan.window[2].r.end, MIB(512));
	bed_deinit(&b);
}

static void no_efi(struct bed *b, const char *why)
{
	uint32_t len = 0;

	CHECK_EQ_U64(bed_layout(b), 0);
	CHECK_EQ_U64(le(bed_params(b) + 0x1c0, 8), 0);
	CHECK(!bed_node(b, 4, &len));
	CHECK(bed_note(b, why));
	/* Without EFI, the RSDP is all the next kernel has. */
	CHECK_EQ_U64(le(bed_params(b) + 0x070, 8), 0x7f77d014);
	bed_deinit(b);
}

static void test_efi_refused(void)
{
	struct bed b;

	bed_init(&b);
	bed_efi(&b);
	b.req.x86.noefi = true;
	no_efi(&b, "--noefi");
	bed_init(&b);
	bed_efi(&b);
	b.image.bzimage.xloadflags = 0x6f;
	no_efi(&b, "XLF_EFI_KEXEC");
	bed_init(&b);
	bed_efi(&b);
	b.src.x86.runtime_count = 0;
	no_efi(&b, "runtime-map");
	bed_init(&b);
	bed_efi(&b);
	b.src.x86.efi64 = false;
	no_efi(&b, "not 64-bit");
	bed_init(&b);
	bed_efi(&b);
	b.src.x86.fw_vendor.known = false;
	no_efi(&b, "fw_vendor");
	bed_init(&b);
	bed_efi(&b);
	b.src.x86.efi_systab.known = false;
	no_efi(&b, "the system table");
	bed_init(&b);
	bed_efi(&b);
	b.src.x86.boot_params = (struct kx_bytes){ b.old_params, sizeof(b.old_params) };
	b.old_params[0x1cc] = 2;
	no_efi(&b, "version 1");
}

static void test_no_rsdp(void)
{
	struct bed b;

	bed_init(&b);
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK_EQ_U64(le(bed_params(&b) + 0x070, 8), 0);
	CHECK(!bed_note(&b, "acpi"));
	bed_deinit(&b);

	bed_init(&b);
	bed_efi(&b);
	b.src.x86.rsdp.known = false;
	CHECK_EQ_U64(bed_layout(&b), 0);
	CHECK(bed_note(&b, "the RSDP is not known"));
	bed_deinit(&b);
}

/* ---- what the old boot_params hand on -------------------------------------------- */

static void test_inherited(void)
{
	uint8_t edd[6 * 82], mbr[16 * 4];
	const uint8_t *bp;
	struct bed b;

	bed_init(&b);
	memset(edd, 0xed, sizeof(edd));
	memset(mbr, 0xb1, sizeof(mbr));
	memset(b.old_params, 0x99, sizeof(b.old_params));
	b.old_params[0x00f] = 0x23;
	b.old_params[0x1ec] = 3;
	kx_put_le32(b.old_params + 0x23c, 3);
	b.src.x86.boot_params = (struct kx_bytes){ b.old_params, sizeof(b.old_params) };
	b.src.x86.screen_info = (struct kx_bytes){ b.old_params, 0x40 };
	b.src.x86.edd = (struct kx_bytes){ edd, sizeof(edd) };
	b.src.x86.edd_count = 2;
	b.src.x86.mbr_signatures = (struct kx_bytes){ mbr, sizeof(mbr) };
	b.src.x86.mbr_count = 5;
	CHECK_EQ_U64(bed_layout(&b), 0);
	bp = bed_params(&b);
	CHECK_EQ_U64(bp[0x00f], 0x23);
	CHECK_EQ_U64(bp[0x03f], 0x99);
	CHECK_EQ_U64(bp[0x040], 0);		/* apm_bios_info */
	CHECK_EQ_U64(bp[0x0a0], 0);		/* sys_desc_table */
	CHECK_EQ_U64(bp[0x1ec], 3);
	CHECK_EQ_U64(le(bp + 0x23c, 4), 3);
	CHECK_EQ_U64(bp[0x1e9], 2);
	CHECK_EQ_U64(bp[0x1ea], 5);
	CHECK_EQ_U64(bp[0x290], 0xb1);
	CHECK_EQ_U64(bp[0x2cf], 0xb1);
	CHECK_EQ_U64(bp[0xd00], 0xed);
	CHECK_EQ_U64(bp[0xeeb], 0xed);
	CHECK_EQ_U64(bp[0xeec], 0);
	bed_deinit(&b);
}

static void test_screen(void)
{
	static const struct {
		uint8_t type;
		bool reuse, copied;
	} rows[] = {
		{ 0x00, false, false }, { 0x01, false, true }, { 0x10, false, false },
		{ 0x22, false, true }, { 0x23, false, true }, { 0x24, false, false },
		{ 0x70, false, true }, { 0x71, false, false }, { 0x71, true, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bed b;

		bed_init(&b);
		b.old_params[0x007] = 80;
		b.old_params[0x00f] = rows[i].type;
		b.src.x86.screen_info = (struct kx_bytes){ b.old_params, 0x40 };
		b.req.x86.reuse_video_type = rows[i].reuse;
		CHECK_EQ_U64(bed_layout(&b), 0);
		CHECK_EQ_U64(bed_params(&b)[0x007], rows[i].copied ? 80 : 0);
		bed_deinit(&b);
	}
}

TEST_MAIN({ "setup header", test_header },
	  { "e820 types and sizes", test_e820 },
	  { "e820 beyond 128 entries", test_e820_ext },
	  { "setup_data chain", test_setup_data },
	  { "the timing record", test_timing },
	  { "EFI", test_efi },
	  { "EFI and ACPI tables are mapped for the entry", test_windows },
	  { "EFI is left out, with the reason", test_efi_refused },
	  { "no RSDP", test_no_rsdp },
	  { "inherited fields", test_inherited },
	  { "screen_info by type", test_screen })
